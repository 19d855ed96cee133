//! Runs a pipeline of stages over a corpus.
//!
//! A [`config::Pipeline`] is opened to a [`Plan`]: stages cut into steps, each a row of passes over single articles
//! that ends with a pass over the corpus. [`run`] finds the inputs, takes what is new through the steps, keeps every
//! result in the store, and writes the tables when anything has changed. The runner knows no stage by name.

mod carry;
mod changes;
mod conclude;
pub mod config;
mod error;
mod guard;
mod ingest;
mod pack;
mod partials;
mod plan;
mod progress;
mod publish;
mod pump;
mod registry;
mod rows;
mod run;
pub mod show;
mod shuffle;
mod state;
mod tables;
mod verdicts;
mod work;

pub use error::RunError;
pub use guard::message as panic_message;
pub use plan::{Plan, StageInfo};
pub use progress::Verbosity;
pub use registry::{Loader, Registry};
pub use run::{RunOptions, STATE_DIR, Summary, inputs, run};
