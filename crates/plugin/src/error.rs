//! Errors that stages raise.

/// A value of a stage's config that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// The key that holds it, dots between levels; empty when the table as a whole is at fault.
    pub key: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

impl ConfigError {
    /// An error at a key.
    pub fn at(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }

    pub(crate) fn from_path(error: serde_path_to_error::Error<serde_json::Error>) -> Self {
        let key = error.path().to_string();
        Self { key: if key == "." { String::new() } else { key }, message: error.into_inner().to_string() }
    }
}

/// A batch that a stage could not handle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StageError {
    /// A fixed code, `snake_case`, for the `rejected` table.
    pub reason: String,
    /// What happened, and where if known.
    pub message: String,
}

impl StageError {
    /// An error with its code.
    pub fn new(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { reason: reason.into(), message: message.into() }
    }
}
