//! Opens a file as a guarded stream of bytes: decompressed, transcoded to UTF-8, limited in what it may expand to.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::bufread::MultiGzDecoder;

use crate::Limits;
use crate::reason::{Flaw, Reason};

/// How many bytes of a file are looked at to tell its format.
const HEAD_BYTES: usize = 16 << 10;
const BUFFER_BYTES: usize = 64 << 10;
/// Below this size an expanded stream does no harm, whatever its ratio.
const HARMLESS_BYTES: u64 = 32 << 20;

/// A readable stream with its first bytes at hand.
pub(crate) struct Input {
    head: Vec<u8>,
    at: usize,
    /// An error met while the head was read; due once the head is used up.
    error: Option<io::Error>,
    rest: Box<dyn Read + Send>,
    pub(crate) compressed: bool,
}

impl Input {
    /// Opens a file and undoes its compression, which the first bytes tell.
    pub(crate) fn open(path: &Path, limits: &Limits) -> io::Result<Self> {
        let kind = std::fs::metadata(path)?.file_type();
        if !kind.is_file() {
            // Opening a pipe would wait for a writer for ever.
            return Err(Flaw::new(Reason::NotAFile, "not a regular file").into());
        }
        let taken = Arc::new(AtomicU64::new(0));
        let raw = Counted { inner: File::open(path)?, taken: Arc::clone(&taken) };
        let mut raw = BufReader::with_capacity(BUFFER_BYTES, raw);
        let magic = raw.fill_buf()?;
        let guard = |inner: Box<dyn Read + Send>| Guarded {
            inner,
            taken,
            given: 0,
            ratio: limits.expansion_ratio,
            most: limits.file_expanded_bytes,
        };
        let (rest, compressed): (Box<dyn Read + Send>, bool) = match magic {
            [0x1f, 0x8b, ..] => (Box::new(guard(Box::new(MultiGzDecoder::new(raw)))), true),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                let decoder = zstd::stream::read::Decoder::with_buffer(raw)?;
                (Box::new(guard(Box::new(decoder))), true)
            }
            _ => (Box::new(raw), false),
        };
        Ok(Self::new(rest, compressed))
    }

    /// Reads bytes that are in memory already.
    pub(crate) fn of_bytes(bytes: Vec<u8>) -> Self {
        Self::new(Box::new(io::Cursor::new(bytes)), false)
    }

    fn new(mut rest: Box<dyn Read + Send>, compressed: bool) -> Self {
        let mut head = Vec::new();
        let error = rest.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).err();
        Self { head, at: 0, error, rest, compressed }
    }

    /// The first bytes of the content, all of it if it is short.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The error that cut the head short, if one did.
    pub(crate) fn head_error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    /// Whether it starts with a byte order mark.
    pub(crate) fn has_mark(&self) -> bool {
        Encoding::for_bom(&self.head).is_some()
    }

    /// Drops a UTF-8 byte order mark, and turns UTF-16 that has a mark into UTF-8.
    pub(crate) fn into_utf8(self) -> Self {
        match Encoding::for_bom(&self.head) {
            Some((encoding, length)) if encoding == UTF_8 => Self { at: length, ..self },
            Some((encoding, length)) if encoding == UTF_16LE || encoding == UTF_16BE => {
                Self { at: length, ..self }.transcoded(encoding)
            }
            _ => self,
        }
    }

    /// Turns a stream of another encoding into UTF-8; what the encoding does not know becomes U+FFFD.
    pub(crate) fn transcoded(self, encoding: &'static Encoding) -> Self {
        let compressed = self.compressed;
        let transcoder = Transcoder {
            inner: self.buffered(),
            decoder: encoding.new_decoder_without_bom_handling(),
            decoded: Vec::new(),
            at: 0,
            ended: false,
        };
        Self::new(Box::new(transcoder), compressed)
    }

    /// The stream, with a buffer.
    pub(crate) fn buffered(self) -> BufReader<Self> {
        BufReader::with_capacity(BUFFER_BYTES, self)
    }

    /// Everything, if it is no longer than `most` bytes.
    pub(crate) fn whole(mut self, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.by_ref().take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(Flaw::new(Reason::RecordTooLong, format!("longer than {most} bytes")).into());
        }
        Ok(bytes)
    }
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.head.get(self.at..).unwrap_or_default();
        if !left.is_empty() {
            let count = left.len().min(out.len());
            out[..count].copy_from_slice(&left[..count]);
            self.at += count;
            return Ok(count);
        }
        match self.error.take() {
            Some(error) => Err(error),
            None => self.rest.read(out),
        }
    }
}

/// Counts the bytes that a decoder takes from a file.
struct Counted {
    inner: File,
    taken: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Stops a stream that expands beyond measure.
struct Guarded {
    inner: Box<dyn Read + Send>,
    taken: Arc<AtomicU64>,
    given: u64,
    ratio: u64,
    most: u64,
}

impl Read for Guarded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        self.given += count as u64;
        if self.given > self.most {
            let detail = format!("expands to more than {} bytes", self.most);
            return Err(Flaw::new(Reason::Expansion, detail).into());
        }
        let taken = self.taken.load(Ordering::Relaxed).max(1);
        if self.given > HARMLESS_BYTES && self.given / taken > self.ratio {
            let detail = format!("expands to more than {} times its size", self.ratio);
            return Err(Flaw::new(Reason::Expansion, detail).into());
        }
        Ok(count)
    }
}

/// Decodes a stream to UTF-8.
struct Transcoder<R> {
    inner: BufReader<R>,
    decoder: Decoder,
    decoded: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.decoded.len() && !self.ended {
            let input = self.inner.fill_buf()?;
            let last = input.is_empty();
            self.decoded.resize(BUFFER_BYTES, 0);
            let (result, read, written, _) = self.decoder.decode_to_utf8(input, &mut self.decoded, last);
            self.inner.consume(read);
            self.decoded.truncate(written);
            self.at = 0;
            self.ended = last && result == CoderResult::InputEmpty;
        }
        let left = &self.decoded[self.at..];
        let count = left.len().min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        self.at += count;
        Ok(count)
    }
}

/// One line, read with bounded memory.
pub(crate) enum Line {
    /// It is in the buffer, without its end.
    Whole,
    /// It was longer than allowed and has been skipped.
    TooLong,
    /// Nothing is left.
    End,
}

/// Reads up to the next line feed into `line`.
pub(crate) fn read_line(reader: &mut impl BufRead, most: u64, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let mut too_long = false;
    let mut any = false;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            break;
        }
        any = true;
        let end = memchr::memchr(b'\n', buffer);
        let part = &buffer[..end.unwrap_or(buffer.len())];
        if !too_long && (line.len() + part.len()) as u64 > most {
            too_long = true;
            // The room is given back: a file of many such lines would otherwise hold it for good.
            *line = Vec::new();
        }
        if !too_long {
            line.extend_from_slice(part);
        }
        let used = end.map_or(buffer.len(), |at| at + 1);
        reader.consume(used);
        if end.is_some() {
            break;
        }
    }
    if too_long {
        return Ok(Line::TooLong);
    }
    if !any {
        return Ok(Line::End);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Line::Whole)
}
