//! Partials in memory for what is scanned, on disk for what is fetched, as a runner keeps them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;

use annals_plugin::stage::Visit;
use annals_plugin::{Emit, Partials, StageError};

/// Takes the partials of articles that come in the order of their ids.
pub struct Writer {
    file: BufWriter<File>,
    at: u64,
    keys: Vec<u8>,
    index: Vec<Entry>,
}

/// Where a partial and its key stand.
struct Entry {
    key: Range<usize>,
    at: u64,
    length: u32,
}

impl Writer {
    /// Writes to a temporary file that is gone when it is closed.
    ///
    /// # Errors
    /// When no file can be made.
    pub fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("annals-dedupe-bench-{}", std::process::id()));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        std::fs::remove_file(path)?;
        Ok(Self { file: BufWriter::with_capacity(1 << 20, file), at: 0, keys: Vec::new(), index: Vec::new() })
    }

    /// Puts the partials in the order of their keys.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn shuffle(mut self) -> std::io::Result<Disk> {
        self.index.sort_unstable_by(|a, b| self.keys[a.key.clone()].cmp(&self.keys[b.key.clone()]));
        self.file.flush()?;
        Ok(Disk { file: self.file.into_inner()?, keys: self.keys, index: self.index })
    }
}

impl Emit for Writer {
    fn emit(&mut self, _: usize, key: &[u8], value: &[u8]) {
        self.file.write_all(value).expect("the temporary folder has room");
        let from = self.keys.len();
        self.keys.extend_from_slice(key);
        self.index.push(Entry { key: from..self.keys.len(), at: self.at, length: value.len() as u32 });
        self.at += value.len() as u64;
    }
}

/// Partials that can be read.
pub struct Disk {
    file: File,
    keys: Vec<u8>,
    index: Vec<Entry>,
}

impl Disk {
    fn read(&self, entry: &Entry, into: &mut Vec<u8>) -> Result<(), StageError> {
        into.resize(entry.length as usize, 0);
        self.file
            .read_exact_at(into, entry.at)
            .map_err(|error| StageError::new("unreadable", error.to_string()))
    }

    fn key(&self, entry: &Entry) -> &[u8] {
        &self.keys[entry.key.clone()]
    }
}

impl Partials for Disk {
    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StageError> {
        let from = self.index.partition_point(|entry| self.key(entry) < prefix);
        let mut value = Vec::new();
        for entry in self.index[from..].iter().take_while(|entry| self.key(entry).starts_with(prefix)) {
            self.read(entry, &mut value)?;
            visit(self.key(entry), &value)?;
        }
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        let Ok(found) = self.index.binary_search_by(|entry| self.key(entry).cmp(key)) else {
            return Ok(None);
        };
        let mut value = Vec::new();
        self.read(&self.index[found], &mut value)?;
        Ok(Some(value))
    }
}
