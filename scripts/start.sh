#!/usr/bin/env bash
# Installs what is missing, builds, and serves the example application. Options are passed on: npm start -- -b :9000
set -u
. "$(dirname "$0")/common.sh"

require_node
require_python
install_node_packages
say 'Building'
npm run --silent build || fail 'the build failed.'

say 'Serving examples/hello.py (Ctrl-C ends it)'
exec node bin/kirin.js --chdir examples "$@" hello:app
