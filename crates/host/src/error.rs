//! Why a plugin cannot be loaded.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Why a plugin cannot be loaded: what is wrong, with which file, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum LoadError {
    /// No file where one was looked for.
    #[error("plugin `{spec}` not found; tried {}", list(.tried))]
    NotFound {
        /// What the pipeline says.
        spec: String,
        /// Where it was looked for.
        tried: Vec<PathBuf>,
    },
    /// The file cannot be read.
    #[error("failed to read plugin {}: {message}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
    /// The file is not the one that was pinned.
    #[error("plugin {} has changed: its sha256 is {found}, pipeline.toml pins {wanted}", .path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// Its checksum.
        found: String,
        /// The one that is pinned.
        wanted: String,
    },
    /// The file is something else.
    #[error("{} is not a plugin: {message}", .path.display())]
    NotAPlugin {
        /// The file.
        path: PathBuf,
        /// What it is, or lacks.
        message: String,
    },
    /// A library for another machine.
    #[error("plugin {} is built for {found}, this is {wanted}: rebuild it here", .path.display())]
    Architecture {
        /// The file.
        path: PathBuf,
        /// What it is built for.
        found: String,
        /// What this is.
        wanted: String,
    },
    /// A plugin for another version of the door.
    #[error(
        "plugin {} is built for plugin ABI {found}, this is {wanted}: rebuild it with annals-plugin {}",
        .path.display(),
        env!("CARGO_PKG_VERSION")
    )]
    Abi {
        /// The file.
        path: PathBuf,
        /// The version it is built for.
        found: u32,
        /// The version that this host speaks.
        wanted: u32,
    },
    /// The system's loader refuses it.
    #[error("failed to load plugin {}: {message}", .path.display())]
    Link {
        /// The file.
        path: PathBuf,
        /// What the loader says, such as a symbol that nothing defines.
        message: String,
    },
    /// What it tells of itself does not hold together.
    #[error("plugin {} describes itself wrongly: {message}", .path.display())]
    Handshake {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// It exports another stage.
    #[error("plugin {} exports the stage `{found}`, not `{wanted}`", .path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// The stage that it exports.
        found: String,
        /// The one that `use` names.
        wanted: String,
    },
    /// The process that was to load it failed.
    #[error("plugin {} failed while it was loaded: {message}", .path.display())]
    Worker {
        /// The file.
        path: PathBuf,
        /// How it ended.
        message: String,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
