//! A new plugin that builds and runs.

use std::path::{Path, PathBuf};

/// Why no plugin was laid out.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {}

/// Lays out a plugin crate.
///
/// # Errors
/// When it cannot.
pub fn scaffold(_dir: &Path, _name: &str) -> Result<PathBuf, ScaffoldError> {
    unreachable!()
}
