//! What is remembered of a source from one time to the next, in a hidden file of its folder.
//!
//! Without the file everything is asked for anew, and lands as it had.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

const FILE: &str = ".fetch.json";

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// The address that the rest is about.
    pub(crate) url: String,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    /// The second before which the server does not want to be asked.
    pub(crate) not_before: Option<i64>,
    /// Digest of each item of the last answer, by its file.
    pub(crate) items: BTreeMap<String, String>,
    /// Pages that are still to be fetched, by the files of their items.
    pub(crate) waiting: BTreeMap<String, Waiting>,
}

/// A page still to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) url: String,
    pub(crate) tries: u32,
}

impl State {
    /// What is remembered of `url`; nothing if the folder belonged to another address.
    pub(crate) fn load(dir: &Path, url: &str) -> Self {
        let found: Option<Self> =
            std::fs::read(dir.join(FILE)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        found
            .filter(|state| state.url == url)
            .unwrap_or_else(|| Self { url: url.to_owned(), ..Self::default() })
    }

    pub(crate) fn save(&self, dir: &Path) -> io::Result<()> {
        let json = serde_json::to_vec(self).map_err(io::Error::other)?;
        write_whole(&dir.join(FILE), &json)
    }
}

/// Writes a file so that it is there as a whole or not at all, even after a loss of power.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(dir)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = dir.join(format!(".{}.part", name.trim_start_matches('.')));
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&beside, path)
}
