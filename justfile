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

# The long tests: random splits, kills, and a disk that fails at every write.
long:
    ANNALS_SPLITS=2000 cargo test --workspace --test splits
    ANNALS_HISTORIES=1000 cargo test -p annals-aggregate --test memory
    ANNALS_KILLS=200 cargo test --workspace --test kills -- --nocapture
    ANNALS_FAULTS=all cargo test --workspace --features annals-runner/failpoints --test faults

# What a re-run costs on so many articles.
reruns articles:
    cargo bench -p annals-tests --bench reruns --profile dev -- {{articles}}

# Everything that CI does.
ci:
    .ci/run
