//! The formats, each a sink that takes record batches and ends as a file.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::OutputError;
use crate::table::given;

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
    /// Appends pieces; says where each now is.
    fn append(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<Span>, OutputError>;

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

impl Piece<'_> {
    /// Whether another piece comes next in the same file of an earlier run, so that both can be taken over as one.
    pub(crate) fn leads_to(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Old(old, span), Self::Old(file, next)) => {
                std::ptr::eq(*old, *file) && span.start.checked_add(span.length) == Some(next.start)
            }
            _ => false,
        }
    }

    /// Length of a piece that is plain bytes.
    fn bytes(&self) -> u64 {
        match self {
            Self::New(bytes) => bytes.len() as u64,
            Self::Old(_, span) => span.length,
        }
    }
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

/// Appends pieces that are plain bytes, those that follow one another in an old file at once.
pub(crate) fn append_bytes(file: &mut NewFile, pieces: &[Piece<'_>]) -> Result<Vec<Span>, OutputError> {
    let mut spans = Vec::with_capacity(pieces.len());
    for run in pieces.chunk_by(Piece::leads_to) {
        append_run(file, run, 0, &mut spans)?;
    }
    Ok(spans)
}

/// Appends pieces of which each [leads to](Piece::leads_to) the next, without the first bytes, in whose place others are already.
fn append_run(
    file: &mut NewFile,
    run: &[Piece<'_>],
    but: usize,
    spans: &mut Vec<Span>,
) -> Result<(), OutputError> {
    let but_bytes = but as u64;
    let mut start = file.bytes - but_bytes;
    match run {
        [Piece::Old(old, first), ..] => {
            let length = run.iter().map(Piece::bytes).sum::<u64>().saturating_sub(but_bytes);
            file.copy(old, Span { start: first.start + but_bytes, length })?;
        }
        new => new.iter().try_for_each(|piece| match piece {
            Piece::New(bytes) => file.put(bytes.get(but..).unwrap_or_default()),
            Piece::Old(..) => Ok(()),
        })?,
    }
    for piece in run {
        spans.push(Span { start, length: piece.bytes() });
        start += piece.bytes();
    }
    Ok(())
}

/// A new file that counts its bytes.
pub(crate) struct NewFile {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
    early: Early,
}

impl NewFile {
    pub(crate) fn create(path: PathBuf) -> Result<Self, OutputError> {
        let file = annals_fault::point()
            .and_then(|()| File::create_new(&path))
            .map_err(OutputError::file("create", &path))?;
        Ok(Self { path, file: BufWriter::with_capacity(1 << 16, file), bytes: 0, early: Early::default() })
    }

    /// Writes bytes, with an error that names the file.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.write_all(bytes).map_err(OutputError::file("write", &self.path))
    }

    /// Appends bytes of another file, which the system copies by itself where it can.
    fn copy(&mut self, old: &OldFile, span: Span) -> Result<(), OutputError> {
        self.try_copy(&old.file, span).map_err(OutputError::file("copy", &old.path))
    }

    fn try_copy(&mut self, mut from: &File, span: Span) -> io::Result<()> {
        annals_fault::point()?;
        let end = span
            .start
            .checked_add(span.length)
            .filter(|&end| from.metadata().is_ok_and(|of| end <= of.len()));
        end.ok_or(io::ErrorKind::UnexpectedEof)?;
        from.seek(SeekFrom::Start(span.start))?;
        self.make_room(span.length);
        let mut left = span.length;
        while left > 0 {
            let copied = io::copy(&mut from.take(left.min(Early::STRIDE)), &mut self.file)?;
            if copied == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.grown(copied);
            left -= copied;
        }
        Ok(())
    }

    /// Takes room on the disk for what comes next, if it is long: all at once that is less work than bit by bit.
    fn make_room(&self, length: u64) {
        #[cfg(target_os = "linux")]
        if length >= Early::STRIDE {
            use rustix::fs::{FallocateFlags, fallocate};
            // Where a file system cannot do so, or has no room, writing goes on or tells why it does not.
            let _ = fallocate(self.file.get_ref(), FallocateFlags::KEEP_SIZE, self.bytes, length);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = length;
    }

    fn grown(&mut self, by: u64) {
        self.bytes += by;
        self.early.grown(self.file.get_ref(), by);
    }

    /// Flushes to the disk.
    pub(crate) fn finish(mut self) -> Result<u64, OutputError> {
        annals_fault::point()
            .and_then(|()| self.file.flush())
            .and_then(|()| self.early.end())
            .and_then(|()| self.file.get_ref().sync_all())
            .map_err(OutputError::file("write", &self.path))?;
        Ok(self.bytes)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        annals_fault::point()?;
        let count = self.file.write(bytes)?;
        self.grown(count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Brings a long file to the disk while it is still written, so that little is left to wait for at its end.
#[derive(Default)]
struct Early {
    /// Bytes since the last time.
    fresh: u64,
    thread: Option<(SyncSender<()>, JoinHandle<io::Result<()>>)>,
}

impl Early {
    /// Bytes that are worth a start.
    const STRIDE: u64 = 16 << 20;

    fn grown(&mut self, file: &File, by: u64) {
        self.fresh += by;
        if self.fresh < Self::STRIDE {
            return;
        }
        self.fresh = 0;
        if self.thread.is_none() {
            // Without a thread all is left for the end.
            self.thread = file.try_clone().ok().and_then(|file| Self::start(file).ok());
        }
        if let Some((wake, _)) = &self.thread {
            // If it is still at it, it will come to these bytes the next time.
            let _ = wake.try_send(());
        }
    }

    fn start(file: File) -> io::Result<(SyncSender<()>, JoinHandle<io::Result<()>>)> {
        let (wake, woken) = sync_channel(1);
        let bring =
            move || woken.iter().try_for_each(|()| annals_fault::point().and_then(|()| file.sync_data()));
        Ok((wake, std::thread::Builder::new().spawn(bring)?))
    }

    /// Waits for what was started. An error that it met is told to nobody else by the system.
    fn end(&mut self) -> io::Result<()> {
        let Some((wake, thread)) = self.thread.take() else { return Ok(()) };
        drop(wake);
        given(thread.join())
    }
}

impl Drop for Early {
    fn drop(&mut self) {
        // Whoever gives the file up may remove it next.
        let _ = self.end();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_long_file_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (dir.path().join("old"), dir.path().join("new"));
        let bytes: Vec<u8> = (0..20_u32 << 20).map(|at| (at % 251) as u8).collect();
        fs::write(&old, &bytes).unwrap();
        let mut file = NewFile::create(new.clone()).unwrap();
        file.put(&bytes).unwrap();
        let old = OldFile::open(old).unwrap();
        for _ in 0..2 {
            file.copy(&old, Span { start: 5, length: 19 << 20 }).unwrap();
        }
        assert!(file.early.thread.is_some());
        let part = &bytes[5..5 + (19 << 20)];
        assert_eq!(file.finish().unwrap(), (bytes.len() + 2 * part.len()) as u64);
        assert!(fs::read(new).unwrap() == [&bytes[..], part, part].concat());
    }

    #[test]
    fn pieces_that_follow_one_another_are_copied_as_one() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("old"), b"head aabbbccccd").unwrap();
        let old = OldFile::open(dir.path().join("old")).unwrap();
        let same = OldFile::open(dir.path().join("old")).unwrap();
        let [aa, bbb, none, cccc, d] =
            [(5, 2), (7, 3), (10, 0), (10, 4), (14, 1)].map(|(start, length)| Span { start, length });
        assert!(Piece::Old(&old, aa).leads_to(&Piece::Old(&old, bbb)));
        assert!(!Piece::Old(&old, aa).leads_to(&Piece::Old(&same, bbb)), "another file");
        assert!(!Piece::Old(&old, aa).leads_to(&Piece::Old(&old, cccc)), "others between them");
        assert!(!Piece::New(b"aa").leads_to(&Piece::New(b"bbb")));
        let mut file = NewFile::create(dir.path().join("new")).unwrap();
        let spans = append_bytes(
            &mut file,
            &[
                Piece::Old(&old, bbb),
                Piece::Old(&old, none),
                Piece::Old(&old, cccc),
                Piece::New(b"xx"),
                Piece::Old(&old, d),
                Piece::Old(&old, aa),
            ],
        )
        .unwrap();
        let spans: Vec<_> = spans.iter().map(|span| (span.start, span.length)).collect();
        assert_eq!(spans, [(0, 3), (3, 0), (3, 4), (7, 2), (9, 1), (10, 2)]);
        let beyond = Span { start: 14, length: 2 };
        assert!(file.copy(&old, beyond).is_err(), "bytes that the file does not have");
        file.finish().unwrap();
        assert_eq!(fs::read(dir.path().join("new")).unwrap(), b"bbbccccxxdaa");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_error_on_the_way_to_the_disk_is_told_at_the_end() {
        let file = File::open("/dev/null").unwrap();
        let mut early = Early::default();
        early.grown(&file, Early::STRIDE);
        assert!(early.end().is_err(), "a device that cannot be synced");
        assert!(early.end().is_ok());
    }
}
