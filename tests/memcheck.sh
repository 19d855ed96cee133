#!/bin/sh
# Runs the plugin door under valgrind: nothing read or freed that must not be, nothing lost.
# usage: tests/memcheck.sh [BATCHES]
set -eu
cd "$(dirname "$0")"
host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
export "CARGO_TARGET_${host}_RUNNER=valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect --error-exitcode=9"
export ANNALS_DOOR_BATCHES="${1:-9999}"
cargo test -p annals-tests --test plugin_leaks
