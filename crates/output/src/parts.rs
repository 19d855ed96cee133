//! Which pieces the files of a set are made of, so that the next set can take over those that are the same.
//!
//! The list lies beside the files and is replaced with them as one set. A file that has been touched since is not used.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::sink::{OldFile, Piece, Span};

/// Digest of the rows of a piece, or of all that they are made of.
pub(crate) type Digest = [u8; 16];

/// Raised when pieces change their form for the same rows; a list of another version is not used.
const VERSION: u32 = 4;

/// The list.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Parts {
    version: u32,
    /// Digest of how the files are written.
    layout: Digest,
    tables: BTreeMap<String, Vec<Part>>,
    files: BTreeMap<String, Stamp>,
}

/// A piece of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) digest: Digest,
    pub(crate) rows: u64,
    /// Where it is in the file of each format.
    pub(crate) spans: Vec<Span>,
}

/// What tells a file from one that was changed since.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    length: u64,
    modified: Option<u64>,
    number: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok()?;
        let since = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok();
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(&meta);
        #[cfg(not(unix))]
        let number = 0;
        let modified = since.and_then(|since| u64::try_from(since.as_nanos()).ok());
        Some(Self { length: meta.len(), modified, number })
    }
}

impl Parts {
    pub(crate) fn new(layout: Digest) -> Self {
        Self { version: VERSION, layout, ..Self::default() }
    }

    /// Reads a list; nothing if there is none that can be used.
    pub(crate) fn read(path: &Path, layout: Digest) -> Option<Self> {
        let parts: Self = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (parts.version == VERSION && parts.layout == layout).then_some(parts)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a list of numbers serialises")
    }

    /// Notes a table and its files, which lie whole in `folder`.
    pub(crate) fn add(&mut self, table: &str, parts: Vec<Part>, folder: &Path, files: &[String]) {
        self.tables.insert(table.to_owned(), parts);
        self.files
            .extend(files.iter().filter_map(|name| Some((name.clone(), Stamp::of(&folder.join(name))?))));
    }

    /// The pieces of a table, if all these files are as they were written.
    fn whole(&self, table: &str, folder: &Path, files: &[String]) -> Option<&[Part]> {
        let parts = self.tables.get(table)?;
        let is_whole = |name: &String| {
            self.files.get(name).is_some_and(|known| Stamp::of(&folder.join(name)).as_ref() == Some(known))
        };
        let fits = parts.iter().all(|part| part.spans.len() == files.len());
        (fits && files.iter().all(is_whole)).then_some(parts)
    }

    /// A table, if all these files are as they were written.
    pub(crate) fn table(&self, table: &str, folder: &Path, files: &[String]) -> Option<OldTable> {
        let parts = self.whole(table, folder, files)?;
        let open = files.iter().map(|name| OldFile::open(folder.join(name)).ok());
        let by_digest = parts.iter().map(|part| (part.digest, part.clone())).collect();
        Some(OldTable { by_digest, files: open.collect::<Option<_>>()? })
    }

    /// The digests of the pieces of each table whose files are as they were written.
    pub(crate) fn digests(
        &self,
        folder: &Path,
        files: impl Fn(&str) -> Vec<String>,
    ) -> BTreeMap<String, BTreeSet<Digest>> {
        let of_table = |name: &String| {
            let parts = self.whole(name, folder, &files(name))?;
            Some((name.clone(), parts.iter().map(|part| part.digest).collect()))
        };
        self.tables.keys().filter_map(of_table).collect()
    }
}

/// A table as the last run left it.
pub(crate) struct OldTable {
    by_digest: BTreeMap<Digest, Part>,
    files: Vec<OldFile>,
}

impl OldTable {
    pub(crate) fn find(&self, digest: &Digest) -> Option<&Part> {
        self.by_digest.get(digest)
    }

    /// A piece as it stands in the file of the format with this number.
    pub(crate) fn piece(&self, part: &Part, format: usize) -> Option<Piece<'_>> {
        Some(Piece::Old(self.files.get(format)?, *part.spans.get(format)?))
    }
}
