//! Partials in memory for what is scanned, on disk for what is fetched, as a runner keeps them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;

use annals_plugin::stage::Visit;
use annals_plugin::{Emit, Partials, StageError};

/// Takes the partials of articles that come in the order of their ids.
pub struct Writer {
    file: BufWriter<File>,
    at: u64,
    index: Vec<(Box<[u8]>, u64, u32)>,
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
        Ok(Self { file: BufWriter::with_capacity(1 << 20, file), at: 0, index: Vec::new() })
    }

    /// Puts the partials in the order of their keys.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn shuffle(mut self) -> std::io::Result<Disk> {
        self.index.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        self.file.flush()?;
        Ok(Disk { file: self.file.into_inner()?, index: self.index })
    }
}

impl Emit for Writer {
    fn emit(&mut self, _: usize, key: &[u8], value: &[u8]) {
        self.file.write_all(value).expect("the temporary folder has room");
        self.index.push((key.into(), self.at, value.len() as u32));
        self.at += value.len() as u64;
    }
}

/// Partials that can be read.
pub struct Disk {
    file: File,
    index: Vec<(Box<[u8]>, u64, u32)>,
}

impl Disk {
    fn read(&self, at: u64, length: u32, into: &mut Vec<u8>) -> Result<(), StageError> {
        into.resize(length as usize, 0);
        self.file.read_exact_at(into, at).map_err(|error| StageError::new("unreadable", error.to_string()))
    }
}

impl Partials for Disk {
    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StageError> {
        let from = self.index.partition_point(|(key, ..)| key.as_ref() < prefix);
        let mut value = Vec::new();
        for (key, at, length) in self.index[from..].iter().take_while(|(key, ..)| key.starts_with(prefix)) {
            self.read(*at, *length, &mut value)?;
            visit(key, &value)?;
        }
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        let Ok(found) = self.index.binary_search_by(|(other, ..)| other.as_ref().cmp(key)) else {
            return Ok(None);
        };
        let (_, at, length) = self.index[found];
        let mut value = Vec::new();
        self.read(at, length, &mut value)?;
        Ok(Some(value))
    }
}
