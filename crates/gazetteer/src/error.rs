use std::path::PathBuf;

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
    #[error("{file}, line {line}: {message}")]
    Line {
        /// Name of the file.
        file: String,
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong and what would be right.
        message: String,
    },
    /// Bytes that are no compiled gazetteer of this version.
    #[error("not a compiled gazetteer of this version ({0}); compile it again from its sources")]
    Format(&'static str),
    /// The index could not be built.
    #[error("cannot build the index: {0}")]
    Build(String),
}
