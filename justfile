# What a contributor repeats. `just` lists it.

default:
    @just --list

# Runs the sample corpus.
run:
    cargo run -- pipeline.toml

# All tests.
test:
    cargo test --workspace

# Format, lints and docs, as CI checks them.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Takes over changed snapshots after a look at each.
snapshots:
    cargo insta review

# Benches of one crate, as in `just bench extract`.
bench crate:
    cargo bench -p annals-{{crate}}

# Everything that CI does.
ci:
    .ci/run
