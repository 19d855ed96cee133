//! Runs a pipeline of stages over a corpus.

pub mod config;
