//! What can go wrong while tables are written.

use std::io;
use std::path::{Path, PathBuf};

/// A table or file that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The folder or a file in it could not be created, written or renamed.
    #[error("failed to {action} {}: {source}", .path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A table could not be encoded.
    #[error("failed to encode table `{table}`: {message}")]
    Encode {
        /// Name of the table.
        table: String,
        /// What is wrong with it.
        message: String,
    },
    /// Batches of one table that have different columns, or lack one that the table must have.
    #[error("table `{table}` {message}")]
    Schema {
        /// Name of the table.
        table: String,
        /// Which column, and how.
        message: String,
    },
}

impl OutputError {
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { action, path: path.to_owned(), source }
    }

    pub(crate) fn encode(table: &str, error: impl std::fmt::Display) -> Self {
        Self::Encode { table: table.to_owned(), message: error.to_string() }
    }
}
