//! Integration tests live in `tests/`, this crate only holds them together.
