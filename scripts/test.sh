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

# So many files with failures get a second chance, alone: the machine may have been too busy for what they time. More than
# these are no accident.
readonly most_second_chances=3

passed=0
failed=0
skipped=0
broken_stages=()
failures=$(mktemp)

stage() {
  say "$1"
  local title=$1
  shift
  "$@" || broken_stages+=("$title")
}

# node_tests NODE CONCURRENCY FILE... : runs test files, and those with failures once more, alone.
node_tests() {
  local node=$1 concurrency=$2 report status unlucky
  shift 2
  report=$(mktemp)
  run_node_tests "$report" "$node" "$concurrency" "$@"
  status=$?
  mapfile -t unlucky < <(sed -n 's/^failed \([^\t]*\)\t.*/\1/p' "$report" | sort -u)
  if [ ${#unlucky[@]} -gt 0 ] && [ ${#unlucky[@]} -le $most_second_chances ]; then
    say "Once more, alone: ${unlucky[*]##*/}"
    sed -n 's/^failed /At first /p' "$report" >> "$failures"
    failed=$((failed - $(count fail "$report") - $(count cancelled "$report")))
    run_node_tests "$report" "$node" 1 "${unlucky[@]}"
    status=$?
  fi
  sed -n 's/^failed //p' "$report" >> "$failures"
  rm -f "$report"
  return $status
}

# run_node_tests REPORT NODE CONCURRENCY FILE... : runs them, and adds up what they report.
run_node_tests() {
  local report=$1 node=$2 concurrency=$3 status
  shift 3
  "$node" --test --test-concurrency="$concurrency" --test-timeout=$file_timeout_ms \
    --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=./scripts/tally-reporter.js --test-reporter-destination="$report" \
    "$@" < /dev/null
  status=$?
  passed=$((passed + $(count pass "$report")))
  failed=$((failed + $(count fail "$report") + $(count cancelled "$report")))
  skipped=$((skipped + $(count skipped "$report")))
  return $status
}

# A total that the reporter has written.
count() { awk -v name="$1" '$1 == name { number = $2 } END { print number + 0 }' "$2"; }

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
sed "s|$PWD/||; s|\t|: |g" "$failures"
rm -f "$failures"
for title in ${broken_stages[@]+"${broken_stages[@]}"}; do printf 'Failed: %s\n' "$title"; done
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ ${#broken_stages[@]} -eq 0 ]
