//! A stage behind the door, in processes of its own.
//!
//! Host and worker talk over the worker's standard input and output: [`frame`]s, each a small head and a body. The
//! host asks, the worker answers; while it finishes a corpus, the worker asks back for partial results. Batches are
//! Arrow IPC streams.

mod client;
mod frame;
mod server;

pub(crate) use self::client::{Pool, manifest};
pub use self::server::worker_main;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::backend::{Entry, Reject};
use crate::error::LoadError;
use crate::library::Manifest;

/// What the host asks, or answers while a corpus is finished.
#[derive(Debug, Serialize, Deserialize)]
enum Ask {
    /// Loads a library, within a limit of address space in bytes.
    Load { path: PathBuf, memory_limit: u64 },
    /// Opens the stage with a config, a JSON object.
    Open { config: String, base: PathBuf },
    /// Body: a batch.
    Process(Entry),
    /// Body: a batch.
    Map,
    /// Body: one entry of key and left value, one of right value.
    Merge,
    /// No body; what follows is the worker's to ask.
    Finish,
    /// Body: partial results.
    Partials { last: bool },
    /// The partial results cannot be read.
    Unreadable,
}

/// What the worker answers, or asks while it finishes a corpus.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Loaded(Manifest),
    NotLoaded(LoadError),
    Opened {
        fingerprint: Vec<u8>,
    },
    Refused {
        key: String,
        message: String,
    },
    /// Body: what was asked for.
    Done {
        rejected: Vec<Reject>,
    },
    Failed {
        reason: String,
        message: String,
    },
    /// Asks for the partials whose keys begin with the body.
    Scan,
    /// Asks for the partial whose key is the body.
    Get,
    /// Asks for the next part of the scan.
    Next,
    /// Wants no more of the scan.
    Stop,
    /// Body: verdicts.
    Verdicts,
    /// Body: a batch.
    Table {
        name: String,
    },
    Count {
        name: String,
        value: u64,
    },
}

/// Bytes of partials or verdicts that cross at once.
const CHUNK: usize = 1 << 18;
