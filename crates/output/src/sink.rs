//! The formats, each a sink that takes record batches and ends as a file.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::OnceLock;

use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::OutputError;

pub(crate) mod csv;
pub(crate) mod geojson;
pub(crate) mod html;
pub(crate) mod jsonl;
pub(crate) mod parquet;

/// Makes pieces of a file: rows as they stand in it, whatever stands before and after them.
pub(crate) trait Encode: Send + Sync {
    /// Encodes rows; none give an empty piece.
    fn encode(&self, batches: &[RecordBatch]) -> Result<Vec<u8>, OutputError>;
}

/// Puts pieces together to a file.
pub(crate) trait Sink: Send {
    /// Appends a piece; says where it now is.
    fn append(&mut self, piece: Piece<'_>) -> Result<Span, OutputError>;

    /// Writes what ends the file, and makes it durable; gives its bytes.
    fn finish(self: Box<Self>) -> Result<u64, OutputError>;
}

/// Rows of one table in one format.
pub(crate) enum Piece<'a> {
    /// As an [`Encode`] made them.
    New(&'a [u8]),
    /// As they stand in the file of an earlier run.
    Old(&'a OldFile, Span),
}

/// Where a piece is in its file: bytes, or row groups of Parquet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: u64,
    pub(crate) length: u64,
}

/// A file of an earlier run.
pub(crate) struct OldFile {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    /// What stands at the end of a Parquet file, once it has been read.
    pub(crate) footer: OnceLock<::parquet::file::metadata::ParquetMetaData>,
}

impl OldFile {
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        Ok(Self { file: File::open(&path)?, path, footer: OnceLock::new() })
    }
}

/// Appends a piece that is plain bytes.
pub(crate) fn append_bytes(file: &mut NewFile, piece: &Piece<'_>) -> Result<Span, OutputError> {
    let start = file.bytes;
    match piece {
        Piece::New(bytes) => file.put(bytes)?,
        Piece::Old(old, span) => {
            file.copy(&old.file, *span).map_err(OutputError::file("copy", &old.path))?;
        }
    }
    Ok(Span { start, length: file.bytes - start })
}

/// A new file that counts its bytes.
pub(crate) struct NewFile {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
}

impl NewFile {
    pub(crate) fn create(path: PathBuf) -> Result<Self, OutputError> {
        let file = annals_fault::point()
            .and_then(|()| File::create_new(&path))
            .map_err(OutputError::file("create", &path))?;
        Ok(Self { path, file: BufWriter::with_capacity(1 << 16, file), bytes: 0 })
    }

    /// Writes bytes, with an error that names the file.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.write_all(bytes).map_err(OutputError::file("write", &self.path))
    }

    /// Appends bytes of another file, which the system copies by itself where it can.
    fn copy(&mut self, mut from: &File, span: Span) -> io::Result<()> {
        annals_fault::point()?;
        from.seek(SeekFrom::Start(span.start))?;
        let copied = io::copy(&mut from.take(span.length), &mut self.file)?;
        self.bytes += copied;
        if copied < span.length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// Flushes to the disk.
    pub(crate) fn finish(mut self) -> Result<u64, OutputError> {
        annals_fault::point()
            .and_then(|()| self.file.flush())
            .and_then(|()| self.file.get_ref().sync_all())
            .map_err(OutputError::file("write", &self.path))?;
        Ok(self.bytes)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        annals_fault::point()?;
        let count = self.file.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
