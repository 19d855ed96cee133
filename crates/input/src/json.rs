//! JSON: objects one a line, alone in a file, in an array, or one after the other.

use std::io::{self, BufRead, BufReader};

use serde_json::Value;

use crate::bytes::{Input, Line, read_line};
use crate::reason::{Flaw, Reason};
use crate::record::Raw;
use crate::{Entry, Limits, Reader};

/// One object a line. A bad line costs that line alone.
pub(crate) struct Lines {
    input: BufReader<Input>,
    line: Vec<u8>,
    line_number: u64,
    record: u64,
    record_bytes: u64,
}

impl Lines {
    pub(crate) fn new(input: Input, limits: &Limits) -> Self {
        Self {
            input: input.buffered(),
            line: Vec::new(),
            line_number: 0,
            record: 0,
            record_bytes: limits.record_bytes,
        }
    }
}

impl Reader for Lines {
    fn entry(&mut self) -> io::Result<Option<Entry>> {
        loop {
            let read = read_line(&mut self.input, self.record_bytes, &mut self.line);
            self.line_number += 1;
            let result = match read {
                Ok(Line::End) => return Ok(None),
                Ok(Line::Whole) if self.line.trim_ascii().is_empty() => continue,
                Ok(Line::Whole) => object(&self.line, self.line_number),
                Ok(Line::TooLong) => Err(Flaw::new(
                    Reason::RecordTooLong,
                    format!("line {} is longer than {} bytes", self.line_number, self.record_bytes),
                )),
                Err(error) => return Err(error),
            };
            self.record += 1;
            return Ok(Some((Some(self.record), result)));
        }
    }
}

/// Parses one object that starts on line `line` of its file.
fn object(bytes: &[u8], line: u64) -> Result<Raw, Flaw> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let detail = format!("line {line}: not UTF-8 at byte {} of the record", error.valid_up_to() + 1);
        Flaw::new(Reason::InvalidUtf8, detail)
    })?;
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(Raw { fields, ..Raw::default() }),
        Ok(_) => Err(Flaw::new(Reason::BadField, format!("line {line}: the record is not an object"))),
        Err(error) => {
            let at = line + (error.line() as u64).saturating_sub(1);
            let message = error.to_string();
            let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
            let detail = format!("line {at}, column {}: {message}", error.column());
            Err(Flaw::new(Reason::MalformedJson, detail))
        }
    }
}

/// JSON values, split without building the whole, so that an array may be larger than memory.
pub(crate) struct Values {
    input: BufReader<Input>,
    value: Vec<u8>,
    line: u64,
    in_array: bool,
    record: u64,
    record_bytes: u64,
}

impl Values {
    pub(crate) fn new(input: Input, limits: &Limits) -> Self {
        Self {
            input: input.buffered(),
            value: Vec::new(),
            line: 1,
            in_array: false,
            record: 0,
            record_bytes: limits.record_bytes,
        }
    }

    /// The next byte that is neither space nor, in an array, a comma; it stays in the input.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let is_gap = |b: &u8| b.is_ascii_whitespace() || (*b == b',' && self.in_array);
            let gap = buffer.iter().position(|b| !is_gap(b)).unwrap_or(buffer.len());
            let lines = memchr::memchr_iter(b'\n', &buffer[..gap]).count();
            let found = buffer.get(gap).copied();
            self.input.consume(gap);
            self.line += lines as u64;
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Moves the next value into `self.value`; false if it was too long and has been skipped.
    fn scan(&mut self) -> io::Result<bool> {
        self.value.clear();
        let mut depth = 0_u64;
        let mut in_string = false;
        let mut escaped = false;
        let mut fits = true;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                // A bare word may end with the file; anything open may not.
                return if depth == 0 && !in_string {
                    Ok(fits)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
            let mut used = buffer.len();
            let mut ended = false;
            for (at, &byte) in buffer.iter().enumerate() {
                if in_string {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => {
                            in_string = false;
                            ended = depth == 0;
                        }
                        _ => {}
                    }
                } else {
                    match byte {
                        b'"' => in_string = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' if depth > 0 => {
                            depth -= 1;
                            ended = depth == 0;
                        }
                        b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => {
                            // The end of a bare word: the delimiter is left for the caller, but for a stray brace,
                            // which nobody else would ever take.
                            used = at + usize::from(byte == b'}' || (byte == b',' && !self.in_array));
                            break;
                        }
                        _ => {}
                    }
                }
                if ended {
                    used = at + 1;
                    break;
                }
            }
            let stopped = ended || used < buffer.len();
            let part = &buffer[..used];
            if fits && (self.value.len() + part.len()) as u64 > self.record_bytes {
                fits = false;
                self.value = Vec::new();
            }
            if fits {
                self.value.extend_from_slice(part);
            }
            self.line += memchr::memchr_iter(b'\n', part).count() as u64;
            self.input.consume(used);
            if stopped {
                return Ok(fits);
            }
        }
    }
}

impl Reader for Values {
    fn entry(&mut self) -> io::Result<Option<Entry>> {
        let first = loop {
            match self.peek()? {
                None if self.in_array => {
                    return Err(Flaw::new(Reason::Truncated, "the array is never closed").into());
                }
                None => return Ok(None),
                Some(b'[') if !self.in_array => {
                    self.in_array = true;
                    self.input.consume(1);
                }
                Some(b']') if self.in_array => {
                    self.in_array = false;
                    self.input.consume(1);
                }
                Some(byte) => break byte,
            }
        };
        let line = self.line;
        if first != b'{' && !self.in_array {
            let detail = format!("line {line}: neither an object nor an array starts here");
            return Err(Flaw::new(Reason::MalformedJson, detail).into());
        }
        self.record += 1;
        let result = if self.scan()? {
            object(&self.value, line)
        } else {
            let detail = format!("the record on line {line} is longer than {} bytes", self.record_bytes);
            Err(Flaw::new(Reason::RecordTooLong, detail))
        };
        // The only object of a file needs no number.
        let alone = self.record == 1 && !self.in_array && matches!(self.peek(), Ok(None));
        Ok(Some(((!alone).then_some(self.record), result)))
    }
}
