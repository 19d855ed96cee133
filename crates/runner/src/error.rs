//! Why a run fails.

use std::path::{Path, PathBuf};

use annals_plugin::StageError;
use annals_store::{LockError, StoreError};

use crate::config::PipelineError;

/// Why a run fails. The last good output stays whole.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The pipeline file is refused.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// Another run holds the lock.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// The inputs cannot be found.
    #[error(transparent)]
    Input(#[from] annals_input::InputError),
    /// The state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tables cannot be written.
    #[error(transparent)]
    Output(#[from] annals_output::OutputError),
    /// A stage failed, and `on_error` says that the run shall.
    #[error("stage `{stage}` failed: {error}")]
    Stage {
        /// Its name.
        stage: String,
        /// What it said.
        error: StageError,
    },
    /// A file cannot be used.
    #[error("failed to {action} {path}: {error}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// The reason.
        error: std::io::Error,
    },
    /// Someone asked to stop.
    #[error("interrupted; what has been read is kept, the next run goes on from there")]
    Interrupted,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl RunError {
    pub(crate) fn io(action: &'static str, path: &Path, error: std::io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), error }
    }

    /// The exit code of the command line.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Pipeline(_) => 2,
            Self::Locked(LockError::Held { .. }) => 4,
            _ => 1,
        }
    }
}

impl From<StageError> for RunError {
    fn from(error: StageError) -> Self {
        Self::Other(error.to_string())
    }
}
