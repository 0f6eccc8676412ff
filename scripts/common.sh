# What the other scripts share. Source it; it enters the project's folder.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

readonly node_packages_stamp=node_modules/.installed-from
readonly test_venv=.venvs/test

say() { printf '\n==> %s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# The version that package.json asks for.
require_node() {
  command -v node > /dev/null || fail 'Node is not installed. Kirin needs Node 20.19 or newer: https://nodejs.org/'
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "Kirin needs Node 20.19 or newer, and $(command -v node) is $(node --version): https://nodejs.org/"
  command -v npm > /dev/null || fail 'npm is not installed; it comes with Node: https://nodejs.org/'
}

require_python() {
  command -v python3 > /dev/null || fail 'Python is not installed. Kirin needs Python 3.9 or newer: https://www.python.org/'
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' ||
    fail "Kirin needs Python 3.9 or newer, and $(command -v python3) is $(python3 --version)."
}

# Installs what package-lock.json says, unless that has been done.
install_node_packages() {
  local wanted
  wanted=$(cksum < package-lock.json)
  if [ "$(cat "$node_packages_stamp" 2> /dev/null)" != "$wanted" ]; then
    say 'Installing the Node packages'
    npm ci --no-audit --no-fund < /dev/null || fail 'npm could not install the packages that package-lock.json names.'
    printf '%s' "$wanted" > "$node_packages_stamp"
  fi
}
