use std::path::{Path, PathBuf};

/// Why a gazetteer could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line of a table is not of its format.
    #[error("{}, line {line}: {message}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A file that is none of the kinds a gazetteer is made of.
    #[error("{}: {message}", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// What it is, or what would be right.
        message: &'static str,
    },
    /// Bytes that are no compiled gazetteer of this version.
    #[error("not a compiled gazetteer of this version ({0}); compile it again from its sources")]
    Format(&'static str),
    /// The index could not be built.
    #[error("cannot build the index: {0}")]
    Build(String),
}

impl Error {
    /// The file at fault, where one is.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Read { path, .. } | Self::Line { path, .. } | Self::Kind { path, .. } => Some(path),
            Self::Format(_) | Self::Build(_) => None,
        }
    }
}
