//! Tells the format of a file by its content, and where that leaves a choice, by its name.

use crate::reason::{Flaw, Reason};

/// What a file holds, once decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One article as plain text.
    Text,
    /// One article as a page.
    Html,
    /// JSON values, alone, in an array or one after the other.
    Json,
    /// One JSON object a line.
    JsonLines,
    /// Delimited rows, with the delimiter that the name suggests.
    Table(u8),
    /// Parquet.
    Parquet,
    /// A web archive, ISO 28500.
    Warc,
    /// RSS or Atom.
    Feed,
}

/// Magic numbers of formats that people have lying among articles, for a reason that helps.
const FOREIGN: [(&[u8], &str); 13] = [
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ\0", "compressed with xz"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"ARROW1", "an Arrow file"),
    (b"{\\rtf", "a rich text document"),
];

/// The format of a file with this name and these first bytes.
pub(crate) fn detect(path: &str, head: &[u8]) -> Result<Format, Flaw> {
    if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(Flaw::new(Reason::UnknownFormat, format!("{what} is not read")));
    }
    if head.starts_with(b"PAR1") {
        return Ok(Format::Parquet);
    }
    if head.starts_with(b"WARC/") {
        return Ok(Format::Warc);
    }
    let format = by_text(&extension(path), head);
    let may_hold_any_bytes = matches!(format, Some(Format::Html | Format::Warc | Format::Parquet));
    if !may_hold_any_bytes && head.contains(&0) {
        return Err(Flaw::new(Reason::Binary, "it holds zero bytes, which no text does"));
    }
    match format {
        Some(Format::Parquet) => Err(Flaw::new(Reason::Damaged, "it does not start as a Parquet file does")),
        Some(Format::Warc) => Err(Flaw::new(Reason::MalformedWarc, "it does not start as a WARC file does")),
        Some(format) => Ok(format),
        None => Err(Flaw::new(
            Reason::UnknownFormat,
            "neither its name nor its content is one of txt, html, json, jsonl, csv, tsv, parquet, warc, rss, atom",
        )),
    }
}

/// The extension in lower case, without the one of a compression.
fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    name.rsplit_once('.').map_or_else(String::new, |(_, extension)| extension.to_owned())
}

fn by_text(extension: &str, head: &[u8]) -> Option<Format> {
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let named = match extension {
        "txt" | "text" | "md" => Some(Format::Text),
        "html" | "htm" | "xhtml" => Some(Format::Html),
        "json" => Some(Format::Json),
        "jsonl" | "ndjson" => Some(Format::JsonLines),
        "csv" => Some(Format::Table(b',')),
        "tsv" | "tab" => Some(Format::Table(b'\t')),
        "parquet" | "pq" => return Some(Format::Parquet),
        "warc" => return Some(Format::Warc),
        _ => None,
    };
    let markup = markup(body);
    match named {
        // A saved page or feed under another name is unmistakable; a text may well start with a brace.
        Some(Format::Text | Format::Html) | None if markup.is_some() => markup,
        Some(Format::Json) if is_lines(body) => Some(Format::JsonLines),
        Some(Format::JsonLines) if body.starts_with(b"[") || first_line(body) == b"{" => Some(Format::Json),
        Some(format) => Some(format),
        None if matches!(extension, "xml" | "rss" | "atom" | "rdf") => Some(Format::Feed),
        None if is_lines(body) => Some(Format::JsonLines),
        None if is_json(body) => Some(Format::Json),
        None if extension.is_empty() => Some(Format::Text),
        None => None,
    }
}

fn first_line(body: &[u8]) -> &[u8] {
    body.split(|&b| b == b'\n').next().unwrap_or_default().trim_ascii()
}

/// Whether the first line is a whole JSON object with another one below.
fn is_lines(body: &[u8]) -> bool {
    let mut lines = body.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let whole =
        |line: &[u8]| line.starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
    lines.next().is_some_and(whole) && lines.next().is_some_and(|line| line.starts_with(b"{"))
}

fn is_json(body: &[u8]) -> bool {
    let inner = body.strip_prefix(b"[").unwrap_or(body).trim_ascii_start();
    inner.strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\""))
}

/// A page or a feed by its first tags, past comments, processing instructions and the document type.
fn markup(body: &[u8]) -> Option<Format> {
    let mut rest = body;
    while let Some(after) = rest.strip_prefix(b"<") {
        let skip_to: &[u8] = match after {
            [b'!', b'-', b'-', ..] => b"-->",
            [b'?', ..] => b"?>",
            [b'!', ..] => {
                if after[1..].get(..12).is_some_and(|word| word.eq_ignore_ascii_case(b"doctype html")) {
                    return Some(Format::Html);
                }
                b">"
            }
            _ => {
                let name = after.split(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/')).next()?;
                let local = name.rsplit(|&b| b == b':').next()?.to_ascii_lowercase();
                return match local.as_slice() {
                    b"rss" | b"rdf" | b"feed" => Some(Format::Feed),
                    b"html" | b"head" | b"body" => Some(Format::Html),
                    _ => None,
                };
            }
        };
        let end = memchr::memmem::find(after, skip_to)?;
        rest = after[end + skip_to.len()..].trim_ascii_start();
    }
    None
}
