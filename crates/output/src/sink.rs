//! The formats, each a sink that takes record batches and ends as a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use arrow_array::RecordBatch;

use crate::OutputError;

pub(crate) mod csv;
pub(crate) mod geojson;
pub(crate) mod html;
pub(crate) mod jsonl;
pub(crate) mod parquet;

/// Writes one table to one file.
pub(crate) trait Sink: Send {
    /// Appends rows.
    fn write(&mut self, batch: &RecordBatch) -> Result<(), OutputError>;

    /// Writes what ends the file, and makes it durable; gives its bytes.
    fn finish(self: Box<Self>) -> Result<u64, OutputError>;
}

/// A new file that counts its bytes.
pub(crate) struct NewFile {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
}

impl NewFile {
    pub(crate) fn create(path: PathBuf) -> Result<Self, OutputError> {
        let file = File::create_new(&path).map_err(OutputError::file("create", &path))?;
        Ok(Self { path, file: BufWriter::with_capacity(1 << 16, file), bytes: 0 })
    }

    /// Writes bytes, with an error that names the file.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.write_all(bytes).map_err(OutputError::file("write", &self.path))
    }

    /// Flushes to the disk.
    pub(crate) fn finish(mut self) -> Result<u64, OutputError> {
        self.file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all())
            .map_err(OutputError::file("write", &self.path))?;
        Ok(self.bytes)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
