#!/usr/bin/env bash
# Everything that can be said about the code without running it: types, style, dead code.
set -u
. "$(dirname "$0")/common.sh"
. scripts/test-tools.sh

require_node
require_python
install_node_packages
make_test_venv

status=0
check() {
  say "$1"
  shift
  "$@" || status=1
}

check 'TypeScript: types' node_modules/.bin/tsc -p tsconfig.json --noEmit
check 'TypeScript: format and lint' node_modules/.bin/biome check --error-on-warnings
check 'TypeScript: dead code' node_modules/.bin/knip
check 'Python: lint' "$test_venv/bin/ruff" check --quiet python tests examples
check 'Python: format' "$test_venv/bin/ruff" format --check --quiet python tests examples
check 'Python: types' "$test_venv/bin/mypy"
exit $status
