#!/bin/sh
# Builds the example plugins: two in Rust, one in C. All end up in plugins/target/release.
set -eu
cd "$(dirname "$0")"
cargo build --release
case "$(uname)" in Darwin) suffix=dylib ;; *) suffix=so ;; esac
${CC:-cc} -std=c11 -O2 -Wall -Wextra -shared -fPIC -I ../include \
    -o "target/release/libshouting.$suffix" shouting/shouting.c
