//! Web archives (WARC 1.0 and 1.1, ISO 28500): pages that were served, and texts taken from them.
//!
//! Read are `response` and `resource` records of HTML, and `conversion` records of plain text. What a crawler keeps beside them
//! (requests, metadata, images) is no article and is passed over. The record's own identifier is the `id`.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::{Encoding, UTF_8};
use serde_json::Value;

use crate::bytes::{Input, Line, read_line};
use crate::reason::{Flaw, Reason};
use crate::record::{Raw, unicode_page};
use crate::{Entry, Limits, Reader};

/// Longest line of a header; the standard sets none.
const HEADER_LINE_BYTES: u64 = 64 << 10;
const HEADER_LINES: usize = 256;

pub(crate) struct Pages {
    input: BufReader<Input>,
    record: u64,
    limits: Limits,
}

/// The named fields of a WARC or HTTP header, names in lower case.
type Header = Vec<(String, String)>;

impl Pages {
    pub(crate) fn new(input: Input, limits: &Limits) -> Self {
        Self { input: input.buffered(), record: 0, limits: *limits }
    }

    /// The header of the next record, past the empty lines between records.
    fn header(&mut self) -> io::Result<Option<Header>> {
        let mut line = Vec::new();
        loop {
            match read_line(&mut self.input, HEADER_LINE_BYTES, &mut line)? {
                Line::End => return Ok(None),
                Line::Whole if line.is_empty() => {}
                Line::Whole if line.starts_with(b"WARC/") => break,
                _ => {
                    let detail = format!("no header where record {} should start", self.record + 1);
                    return Err(Flaw::new(Reason::MalformedWarc, detail).into());
                }
            }
        }
        let mut header = Header::new();
        loop {
            match read_line(&mut self.input, HEADER_LINE_BYTES, &mut line)? {
                Line::End => return Err(io::ErrorKind::UnexpectedEof.into()),
                Line::Whole if line.is_empty() => return Ok(Some(header)),
                Line::Whole if header.len() < HEADER_LINES => header.extend(split(&line)),
                _ => {
                    let detail = format!("the header of record {} is too long", self.record + 1);
                    return Err(Flaw::new(Reason::MalformedWarc, detail).into());
                }
            }
        }
    }

    fn skip(&mut self, mut length: u64) -> io::Result<()> {
        while length > 0 {
            let held = self.input.fill_buf()?.len();
            if held == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let part = held.min(usize::try_from(length).unwrap_or(usize::MAX));
            self.input.consume(part);
            length -= part as u64;
        }
        Ok(())
    }
}

impl Reader for Pages {
    /// The next record that is a page or a text.
    fn entry(&mut self) -> io::Result<Option<Entry>> {
        loop {
            let Some(header) = self.header()? else { return Ok(None) };
            self.record += 1;
            let length: u64 =
                field(&header, "content-length").and_then(|n| n.parse().ok()).ok_or_else(|| {
                    Flaw::new(
                        Reason::MalformedWarc,
                        format!("record {}: no valid Content-Length", self.record),
                    )
                })?;
            let media = field(&header, "content-type").unwrap_or_default().to_ascii_lowercase();
            let kind = field(&header, "warc-type").unwrap_or_default().to_ascii_lowercase();
            let wanted = match kind.as_str() {
                "response" => media.starts_with("application/http"),
                "resource" => is_html(&media),
                "conversion" => media.starts_with("text/plain"),
                _ => false,
            };
            let too_long = length > self.limits.record_bytes;
            if !wanted || too_long {
                self.skip(length)?;
                if wanted {
                    let detail = format!("longer than {} bytes", self.limits.record_bytes);
                    return Ok(Some((Some(self.record), Err(Flaw::new(Reason::RecordTooLong, detail)))));
                }
                continue;
            }
            let mut block = Vec::new();
            (&mut self.input).take(length).read_to_end(&mut block)?;
            if (block.len() as u64) < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let raw = match kind.as_str() {
                "response" => response(&block, self.limits.record_bytes),
                "resource" => Ok(Some(page(block, &media))),
                _ => String::from_utf8(block).map(|text| Some(Raw::text(text))).map_err(|error| {
                    let at = error.utf8_error().valid_up_to() + 1;
                    Flaw::new(Reason::InvalidUtf8, format!("not UTF-8 at byte {at} of the record"))
                }),
            };
            let raw = match raw.transpose() {
                None => continue,
                Some(raw) => raw.map(|raw| with_origin(raw, &header)),
            };
            return Ok(Some((Some(self.record), raw)));
        }
    }
}

fn split(line: &[u8]) -> Option<(String, String)> {
    let line = String::from_utf8_lossy(line);
    let (name, value) = line.split_once(':')?;
    Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

fn field<'a>(header: &'a Header, name: &str) -> Option<&'a str> {
    header.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

fn is_html(media: &str) -> bool {
    media.starts_with("text/html") || media.starts_with("application/xhtml+xml")
}

/// The page that an HTTP response carries; `None` if it carries something else.
fn response(block: &[u8], most: u64) -> Result<Option<Raw>, Flaw> {
    let end = memchr::memmem::find(block, b"\r\n\r\n").map(|at| (at, at + 4));
    let end = end.or_else(|| memchr::memmem::find(block, b"\n\n").map(|at| (at, at + 2)));
    let (head, body) = end.map_or((block, &[][..]), |(head, body)| (&block[..head], &block[body..]));
    let mut lines = head.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
    let status = lines.next().unwrap_or_default();
    let header: Header = lines.filter_map(split).collect();
    let media = field(&header, "content-type").unwrap_or_default().to_ascii_lowercase();
    if !is_html(&media) {
        return Ok(None);
    }
    let code =
        status.split(|&b| b == b' ').nth(1).and_then(|code| std::str::from_utf8(code).ok()).unwrap_or("?");
    if !code.starts_with('2') {
        return Err(Flaw::new(Reason::HttpStatus, format!("served with status {code}")));
    }
    let has =
        |name: &str, word: &str| field(&header, name).is_some_and(|v| v.to_ascii_lowercase().contains(word));
    let dechunked = if has("transfer-encoding", "chunked") { dechunk(body) } else { None };
    let body = dechunked.as_deref().unwrap_or(body);
    // Many crawlers undo the encoding and leave the header as it was, so the content decides.
    let encoding = field(&header, "content-encoding").unwrap_or("identity").to_ascii_lowercase();
    let body = match (encoding.as_str(), body) {
        (_, [0x1f, 0x8b, ..]) => expand(flate2::bufread::MultiGzDecoder::new(body), most)?,
        ("deflate", [0x78, ..]) => expand(flate2::bufread::ZlibDecoder::new(body), most)?,
        ("zstd", [0x28, 0xb5, 0x2f, 0xfd, ..]) => {
            expand(zstd::stream::read::Decoder::with_buffer(body).map_err(|error| Flaw::of(&error))?, most)?
        }
        (_, body)
            if body.iter().take(1024).any(|&b| b == 0)
                || (encoding == "br" && !body.trim_ascii_start().starts_with(b"<")) =>
        {
            let detail = format!("the page is encoded as `{encoding}`, which is not read");
            return Err(Flaw::new(Reason::UnsupportedEncoding, detail));
        }
        (_, body) => body.to_vec(),
    };
    Ok(Some(page(body, &media)))
}

/// The body of a chunked transfer; `None` if it is not chunked after all.
fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = memchr::memchr(b'\n', rest)?;
        let size = std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = &rest[end + 1..];
        if size == 0 {
            return Some(body);
        }
        // A chunk that the archive cut short is kept as far as it goes.
        let chunk = &rest[..size.min(rest.len())];
        body.extend_from_slice(chunk);
        rest = &rest[chunk.len()..];
        rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).unwrap_or(rest);
        if rest.is_empty() {
            return Some(body);
        }
    }
}

fn expand(reader: impl Read, most: u64) -> Result<Vec<u8>, Flaw> {
    let mut body = Vec::new();
    reader.take(most.saturating_add(1)).read_to_end(&mut body).map_err(|error| Flaw::of(&error))?;
    if body.len() as u64 > most {
        return Err(Flaw::new(Reason::RecordTooLong, format!("the page is longer than {most} bytes")));
    }
    Ok(body)
}

/// A page with the encoding that the server states for it.
fn page(body: Vec<u8>, media: &str) -> Raw {
    let stated = media.split_once("charset=").map(|(_, label)| label.split(';').next().unwrap_or_default());
    let stated =
        stated.and_then(|label| Encoding::for_label(label.trim_matches(['"', '\'', ' ']).as_bytes()));
    Raw::html(match stated {
        None => body,
        Some(encoding) if encoding == UTF_8 => match String::from_utf8(body) {
            Ok(page) => unicode_page(page),
            // The server is wrong; what the page says of itself may be right.
            Err(error) => error.into_bytes(),
        },
        Some(encoding) => unicode_page(encoding.decode(&body).0.into_owned()),
    })
}

fn with_origin(mut raw: Raw, header: &Header) -> Raw {
    let own = [("id", "warc-record-id"), ("url", "warc-target-uri"), ("fetched", "warc-date")];
    for (name, from) in own {
        if let Some(value) = field(header, from) {
            let value = value.trim_start_matches('<').trim_end_matches('>');
            raw.fields.insert(name.to_owned(), Value::String(value.to_owned()));
        }
    }
    raw
}
