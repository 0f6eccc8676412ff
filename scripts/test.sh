#!/usr/bin/env bash
# Installs what the tests need, builds, checks, and runs all tests. Each stage runs, also when one before it has failed.
set -u
. "$(dirname "$0")/common.sh"
. scripts/test-tools.sh

# Nothing else runs beside these: they measure, or build.
readonly alone='(slow-clients|idle-connections|large-bodies|start-script|chaos)\.test\.js$'
# What shows that the whole works; run on the newest Node, too.
readonly smoke='(wsgi-environ|wsgi-input|wsgi-responses|http-connections|frameworks-flask)\.test\.js$'
# No test takes this long; it ends a file that hangs.
readonly file_timeout_ms=300000

passed=0
failed=0
skipped=0
broken_stages=()

stage() {
  say "$1"
  local title=$1
  shift
  "$@" || broken_stages+=("$title")
}

# node_tests NODE CONCURRENCY FILE... : runs test files, and adds up what they report.
node_tests() {
  local node=$1 concurrency=$2 status report
  shift 2
  report=$(mktemp)
  "$node" --test --test-concurrency="$concurrency" --test-timeout=$file_timeout_ms \
    --test-reporter=spec --test-reporter-destination=stdout --test-reporter=tap --test-reporter-destination="$report" \
    "$@" < /dev/null
  status=$?
  passed=$((passed + $(count pass "$report")))
  failed=$((failed + $(count fail "$report") + $(count cancelled "$report")))
  skipped=$((skipped + $(count skipped "$report")))
  rm -f "$report"
  return $status
}

# The number that a TAP report of Node's ends with.
count() { awk -v name="$1" '$1 == "#" && $2 == name { number = $3 } END { print number + 0 }' "$2"; }

python_tests() {
  local report status
  report=$(mktemp)
  "$test_venv/bin/python" -m pytest --quiet --junit-xml="$report" < /dev/null
  status=$?
  local total errors
  total=$(grep -o ' tests="[0-9]*"' "$report" | head -1 | tr -dc 0-9)
  errors=$(grep -oE ' (errors|failures)="[0-9]+"' "$report" | head -2 | tr -dc '0-9\n' | awk '{ sum += $1 } END { print sum + 0 }')
  passed=$((passed + ${total:-0} - errors))
  failed=$((failed + errors))
  rm -f "$report"
  return $status
}

files() { find ".build/tests/$1" -name '*.test.js' | sort; }

require_node
require_python
install_node_packages
make_test_venv
install_servers
install_go_tools
newest_node=$(install_newest_node)

say 'Building'
# Files of modules that are gone must not be tested.
rm -rf dist .build
npm run --silent build && npm run --silent build:tests || fail 'the build failed.'

# A server inherits the limit, and holds thousands of connections in some tests.
ulimit -n "$(ulimit -Hn)"
# Nothing that Node warns of is used.
export NODE_OPTIONS='--throw-deprecation'

stage 'Types, format, lint, dead code' bash scripts/check.sh
stage 'Python tests' python_tests
stage "Unit tests on Node $(node --version)" node_tests node 2 $(files unit)
stage "Integration tests on Node $(node --version)" node_tests node 2 $(files integration | grep -vE "$alone")
stage 'Integration tests that run alone' node_tests node 1 $(files integration | grep -E "$alone")
if [ -n "$newest_node" ]; then
  stage "Unit tests on Node $("$newest_node" --version)" node_tests "$newest_node" 2 $(files unit)
  stage "Some integration tests on Node $("$newest_node" --version)" node_tests "$newest_node" 2 $(files integration | grep -E "$smoke")
else
  say "Node $newest_node_version could not be installed: skipped"
fi

say 'Summary'
for title in ${broken_stages[@]+"${broken_stages[@]}"}; do printf 'Failed: %s\n' "$title"; done
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ ${#broken_stages[@]} -eq 0 ]
