//! Delimited rows under a header: CSV and TSV.
//!
//! Records are split by `csv-core`, with a limit on what one may hold. A quote that is not closed takes in the rows behind it,
//! up to the next quote or the end of the file; so a record of many lines whose quotes do not stand as they should is given up at its
//! first line, and the lines behind are read anew.

use std::io::{self, BufRead, BufReader};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde_json::{Map, Value};

use crate::bytes::Input;
use crate::reason::{Flaw, Reason};
use crate::record::Raw;
use crate::{Entry, Limits};

/// How much of a file may be read a second time, as a share of what has been read: keeps hostile quotes from costing more
/// than a few times the file.
const SECOND_READINGS: u64 = 4;

pub(crate) struct Rows {
    input: BufReader<Input>,
    delimiter: u8,
    /// Bytes to read again before `input`, from `replayed` on.
    replay: Vec<u8>,
    replayed: usize,
    /// Whether the record at hand came from `replay` alone.
    is_replayed: bool,
    header: Vec<String>,
    splitter: Reader,
    /// The record as it stands in the file.
    raw: Vec<u8>,
    /// Room for the unquoted fields, one after the other.
    fields: Vec<u8>,
    /// Room for the ends of the fields.
    ends: Vec<usize>,
    line: u64,
    record: u64,
    read: u64,
    read_again: u64,
    record_bytes: u64,
}

/// What was split off.
enum Split {
    /// A record of so many fields.
    Record(usize),
    TooLong,
    End,
}

#[derive(PartialEq, Eq)]
enum Quoting {
    Sound,
    /// A quoted field goes on after its closing quote, as when the quote was meant to open another field.
    Loose,
    /// The record ends within quotes.
    Open,
}

impl Rows {
    /// Reads the header, which tells the delimiter if it is not the one that the file name suggests.
    pub(crate) fn new(input: Input, delimiter: u8, limits: &Limits) -> Result<Self, Flaw> {
        let delimiter = sniff(input.head(), delimiter);
        let mut rows = Self {
            input: input.buffered(),
            delimiter,
            replay: Vec::new(),
            replayed: 0,
            is_replayed: false,
            header: Vec::new(),
            splitter: ReaderBuilder::new().delimiter(delimiter).build(),
            raw: Vec::new(),
            fields: vec![0; 4096],
            ends: vec![0; 64],
            line: 1,
            record: 0,
            read: 0,
            read_again: 0,
            record_bytes: limits.record_bytes,
        };
        match rows.split().map_err(|error| Flaw::of(&error))? {
            Split::Record(_) if rows.quoting() == Quoting::Open => {
                return Err(Flaw::new(Reason::UnclosedQuote, "a quote in the header is never closed"));
            }
            Split::Record(count) => {
                let header = rows
                    .texts(count)
                    .map_err(|_| Flaw::new(Reason::InvalidUtf8, "the header is not UTF-8"))?;
                rows.header = header.into_iter().map(|name| name.trim().to_lowercase()).collect();
            }
            Split::TooLong => return Err(Flaw::new(Reason::RecordTooLong, "the header is too long")),
            Split::End => return Err(Flaw::new(Reason::MissingColumn, "there is no header")),
        }
        rows.line += memchr::memchr_iter(b'\n', &rows.raw).count() as u64;
        if !rows.header.iter().any(|name| name == "text" || name == "html") {
            return Err(Flaw::new(Reason::MissingColumn, "the header names neither `text` nor `html`"));
        }
        let mut names: Vec<&str> =
            rows.header.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let detail = format!("the header names `{}` twice", pair[0]);
            return Err(Flaw::new(Reason::DuplicatedColumn, detail));
        }
        Ok(rows)
    }

    /// Splits the next record into `fields` and `ends`.
    fn split(&mut self) -> io::Result<Split> {
        // Nothing may be left of a record that was given up.
        self.splitter.reset();
        self.raw.clear();
        let (mut written, mut count) = (0, 0);
        let mut too_long = false;
        self.is_replayed = true;
        loop {
            let again = self.replay.get(self.replayed..).filter(|rest| !rest.is_empty());
            let from_replay = again.is_some();
            let input = match again {
                Some(rest) => rest,
                None => self.input.fill_buf()?,
            };
            let (result, used, out, ended) =
                self.splitter.read_record(input, &mut self.fields[written..], &mut self.ends[count..]);
            written += out;
            count += ended;
            if (self.raw.len() + used) as u64 > self.record_bytes {
                too_long = true;
                self.raw = Vec::new();
            }
            if too_long {
                (written, count) = (0, 0);
            } else {
                self.raw.extend_from_slice(&input[..used]);
            }
            if from_replay {
                self.replayed += used;
            } else {
                self.is_replayed &= used == 0;
                self.read += used as u64;
                self.input.consume(used);
            }
            match result {
                // A splitter that is still within quotes at the end of the file ends the record there.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record | ReadRecordResult::End if too_long => return Ok(Split::TooLong),
                ReadRecordResult::Record => return Ok(Split::Record(count)),
                ReadRecordResult::End => return Ok(Split::End),
            }
        }
    }

    /// How the quotes of the record stand.
    fn quoting(&self) -> Quoting {
        let (mut quoted, mut at_start, mut just_closed, mut loose) = (false, true, false, false);
        for &byte in &self.raw {
            let parts = byte == self.delimiter || byte == b'\n' || byte == b'\r';
            if quoted {
                quoted = byte != b'"';
                just_closed = !quoted;
                continue;
            }
            // A doubled quote within quotes closes and opens again.
            quoted = byte == b'"' && (at_start || just_closed);
            loose |= just_closed && !quoted && !parts;
            at_start = parts;
            just_closed = false;
        }
        match (quoted, loose) {
            (true, _) => Quoting::Open,
            (false, true) => Quoting::Loose,
            (false, false) => Quoting::Sound,
        }
    }

    fn texts(&self, count: usize) -> Result<Vec<String>, usize> {
        let mut start = 0;
        self.ends[..count]
            .iter()
            .map(|&end| {
                let text = std::str::from_utf8(&self.fields[start..end])
                    .map_err(|error| start + error.valid_up_to())?;
                start = end;
                Ok(text.to_owned())
            })
            .collect()
    }

    /// Gives a record up at its first line and puts the rest back; false if there is no rest, or it has been tried too often.
    fn give_up(&mut self) -> bool {
        let body = self.raw.iter().position(|&b| b != b'\n' && b != b'\r').unwrap_or(0);
        let Some(end) = memchr::memchr(b'\n', &self.raw[body..]) else { return false };
        let rest = &self.raw[body + end + 1..];
        if rest.trim_ascii().is_empty() || self.read_again > self.read.saturating_mul(SECOND_READINGS) {
            return false;
        }
        self.read_again += rest.len() as u64;
        if self.is_replayed {
            self.replayed -= rest.len();
        } else {
            // The record went past what was held for a second reading, so none of that is left.
            self.replay = rest.to_vec();
            self.replayed = 0;
        }
        self.line += memchr::memchr_iter(b'\n', &self.raw[..body + end + 1]).count() as u64;
        true
    }

    fn row(&self, count: usize, line: u64) -> Result<Raw, Flaw> {
        let texts = self.texts(count).map_err(|at| {
            Flaw::new(Reason::InvalidUtf8, format!("line {line}: not UTF-8 at byte {} of the fields", at + 1))
        })?;
        if texts.iter().map(|text| text.trim().to_lowercase()).eq(self.header.iter().cloned()) {
            return Err(Flaw::new(Reason::RepeatedHeader, format!("line {line} repeats the header")));
        }
        let named = self.header.iter().zip(texts).filter(|(name, text)| !name.is_empty() && !text.is_empty());
        let fields: Map<String, Value> =
            named.map(|(name, text)| (name.clone(), Value::String(text))).collect();
        Ok(Raw { fields, ..Raw::default() })
    }
}

impl crate::Reader for Rows {
    fn entry(&mut self) -> io::Result<Option<Entry>> {
        let split = self.split()?;
        if matches!(split, Split::End) {
            return Ok(None);
        }
        self.record += 1;
        // The line where the record starts, past empty lines before it.
        let blank =
            self.raw.iter().take_while(|&&b| b == b'\n' || b == b'\r').filter(|&&b| b == b'\n').count();
        let line = self.line + blank as u64;
        let quoting = self.quoting();
        let result = match split {
            Split::TooLong => {
                let detail = format!("line {line}: longer than {} bytes", self.record_bytes);
                Err(Flaw::new(Reason::RecordTooLong, detail))
            }
            _ if quoting != Quoting::Sound && self.give_up() => {
                let detail = format!("line {line}: a quote is not closed where it should be");
                return Ok(Some((Some(self.record), Err(Flaw::new(Reason::UnclosedQuote, detail)))));
            }
            _ if quoting == Quoting::Open => {
                Err(Flaw::new(Reason::UnclosedQuote, format!("line {line}: a quote is never closed")))
            }
            Split::Record(count) if count == self.header.len() => self.row(count, line),
            Split::Record(count) => {
                let detail = format!("line {line}: {count} fields under {} columns", self.header.len());
                Err(Flaw::new(Reason::FieldCount, detail))
            }
            Split::End => return Ok(None),
        };
        self.line += memchr::memchr_iter(b'\n', &self.raw).count() as u64;
        Ok(Some((Some(self.record), result)))
    }
}

/// The delimiter that the first line has most of, unless it has the expected one.
fn sniff(head: &[u8], expected: u8) -> u8 {
    let line = head.split(|&b| b == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|&&b| b == delimiter).count();
    if count(expected) > 0 {
        return expected;
    }
    [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|&d| count(d))
        .filter(|&d| count(d) > 0)
        .unwrap_or(expected)
}
