//! One table on its way to all formats, in pieces.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::thread::JoinHandle;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::folder::Staging;
use crate::parts::{Digest, OldTable, Part, Parts};
use crate::sink::csv::{Csv, CsvRows};
use crate::sink::geojson::{Features, Geojson};
use crate::sink::jsonl::{Jsonl, Lines};
use crate::sink::parquet::{Parquet, RowGroups};
use crate::sink::{Encode, NewFile, Piece, Sink, Span};
use crate::{Format, Options, OutputError, cell, schema, short};

/// The files of a table, in the order of formats.
pub(crate) fn files(table: &str, formats: &BTreeSet<Format>) -> Vec<String> {
    formats.iter().filter(|format| format.has(table)).map(|format| file(table, *format)).collect()
}

fn file(table: &str, format: Format) -> String {
    format!("{table}.{}", format.extension())
}

/// The formats of a table, in the order of its files.
pub(crate) type Encoders = Vec<Arc<dyn Encode>>;

/// Rows of one table in every format.
pub(crate) struct Rendered {
    rows: u64,
    pieces: Vec<Vec<u8>>,
}

impl Rendered {
    pub(crate) fn new(batches: &[RecordBatch], encoders: &[Arc<dyn Encode>]) -> Result<Self, OutputError> {
        Ok(Self {
            rows: batches.iter().map(|batch| batch.num_rows() as u64).sum(),
            pieces: encoders.iter().map(|encoder| encoder.encode(batches)).collect::<Result<_, _>>()?,
        })
    }
}

/// One table on its way to all formats.
pub(crate) struct Table {
    name: String,
    schema: SchemaRef,
    encoders: Encoders,
    sinks: Vec<(String, Box<dyn Sink>)>,
    rows: u64,
    /// Rows of [`Table::append`] that do not make a piece yet, and their digests.
    pending: Vec<RecordBatch>,
    digests: blake3::Hasher,
    held: usize,
    /// Pieces that are yet to be written.
    ended: Vec<(Digest, Option<Rendered>)>,
    parts: Vec<Part>,
    last: Option<Arc<OldTable>>,
    ending: Vec<Ending>,
}

/// A file that a thread ends and makes durable.
struct Ending {
    name: String,
    /// Gives its bytes.
    thread: Option<JoinHandle<Result<u64, OutputError>>>,
}

impl Ending {
    fn start(name: String, sink: Box<dyn Sink>) -> Self {
        Self { name, thread: Some(std::thread::spawn(|| sink.finish())) }
    }

    fn wait(mut self) -> Result<(String, u64), OutputError> {
        let bytes = self.thread.take().map_or(Ok(0), |thread| given(thread.join()))?;
        Ok((std::mem::take(&mut self.name), bytes))
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        // Whoever gives the table up may remove its files next.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// A table that is whole and on the disk.
pub(crate) struct Whole {
    pub(crate) name: String,
    pub(crate) rows: u64,
    pub(crate) parts: Vec<Part>,
    /// Names of the files, and their bytes.
    pub(crate) files: Vec<(String, u64)>,
}

/// Rows of a piece at the least, and at the most. Between the two it ends after a row whose digest is one of so many. So pieces
/// are of much the same length, and few rows are written again where one has changed.
const PIECE_ROWS: RangeInclusive<usize> = 512..=2048;
const ONE_OF_ROWS: u64 = 512;
/// Pieces that are written at a time.
const PIECES_AT_A_TIME: usize = 8;

impl Table {
    pub(crate) fn create(
        name: &str,
        schema: SchemaRef,
        formats: &BTreeSet<Format>,
        options: &Options,
        staging: &Staging,
        last: Option<&Parts>,
    ) -> Result<Self, OutputError> {
        if let Some(required) = schema::required(name) {
            let held = |field: &arrow_schema::FieldRef| {
                schema
                    .field_with_name(field.name())
                    .is_ok_and(|f| f.data_type().equals_datatype(field.data_type()))
            };
            if let Some(field) = required.fields().iter().find(|field| !held(field)) {
                let message = format!("needs a column `{}` of type {}", field.name(), field.data_type());
                return Err(OutputError::Schema { table: name.to_owned(), message });
            }
        }
        cell::check(name, &schema)?;
        let mut encoders: Encoders = Vec::new();
        let mut sinks: Vec<(String, Box<dyn Sink>)> = Vec::new();
        for format in formats.iter().filter(|format| format.has(name)) {
            let file = file(name, *format);
            let create = || NewFile::create(staging.path(&file));
            let (encoder, sink): (Arc<dyn Encode>, Box<dyn Sink>) = match format {
                Format::Parquet => (
                    Arc::new(RowGroups::new(name, &schema)),
                    Box::new(Parquet::new(name, create()?, &schema)?),
                ),
                Format::Csv => {
                    (Arc::new(CsvRows::new(name)), Box::new(Csv::new(name, create()?, &schema, options.hxl)?))
                }
                Format::Jsonl => (Arc::new(Lines), Box::new(Jsonl::new(create()?))),
                Format::Geojson => (Arc::new(Features), Box::new(Geojson::new(create()?)?)),
                Format::Html => continue,
            };
            encoders.push(encoder);
            sinks.push((file, sink));
        }
        let last = last.and_then(|last| last.table(name, staging.out(), &files(name, formats))).map(Arc::new);
        let digests = Self::start(&schema);
        Ok(Self {
            name: name.to_owned(),
            schema,
            encoders,
            sinks,
            rows: 0,
            pending: Vec::new(),
            digests,
            held: 0,
            ended: Vec::new(),
            parts: Vec::new(),
            last,
            ending: Vec::new(),
        })
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn encoders(&self) -> &Encoders {
        &self.encoders
    }

    /// The table as the last run left it.
    pub(crate) fn last(&self) -> Option<&Arc<OldTable>> {
        self.last.as_ref()
    }

    /// The digest of a piece covers the types of the columns too.
    fn start(schema: &SchemaRef) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new();
        for field in schema.fields() {
            let told = format!("{} {} {:?};", field.name(), field.data_type(), field.metadata().len());
            hasher.update(told.as_bytes());
        }
        hasher
    }

    fn holds(&self, digest: &Digest) -> bool {
        self.last.as_ref().is_some_and(|last| last.find(digest).is_some())
    }

    fn checked(&self, rows: &RecordBatch) -> Result<RecordBatch, OutputError> {
        RecordBatch::try_new(self.schema.clone(), rows.columns().to_vec())
            .ok()
            .filter(|_| schema::nullable(rows.schema_ref()) == self.schema)
            .ok_or_else(|| OutputError::Schema {
                table: self.name.clone(),
                message: "came with other columns than before".to_owned(),
            })
    }

    /// Appends rows that are a piece; without rows it is taken from the last set.
    pub(crate) fn part(&mut self, digest: &Digest, rows: Option<&RecordBatch>) -> Result<(), OutputError> {
        self.end_pending()?;
        let rows = rows.map(|rows| self.checked(rows)).transpose()?;
        let encoded = match rows {
            Some(rows) if !self.holds(digest) => Some(Rendered::new(&[rows], &self.encoders)?),
            _ => None,
        };
        self.push(*digest, encoded)
    }

    /// Appends rows, which are cut into pieces first.
    pub(crate) fn append(&mut self, rows: &RecordBatch, digests: &[Digest]) -> Result<(), OutputError> {
        let rows = self.checked(rows)?;
        let mut from = 0;
        for (at, digest) in digests.iter().enumerate() {
            self.digests.update(digest);
            self.held += 1;
            let telling = u64::from_le_bytes(digest[..8].try_into().expect("a digest has 16 bytes"));
            let told = self.held >= *PIECE_ROWS.start() && telling % ONE_OF_ROWS == 0;
            if told || self.held == *PIECE_ROWS.end() {
                self.pending.push(rows.slice(from, at + 1 - from));
                from = at + 1;
                self.end_pending()?;
            }
        }
        if from < rows.num_rows() {
            self.pending.push(rows.slice(from, rows.num_rows() - from));
        }
        Ok(())
    }

    fn end_pending(&mut self) -> Result<(), OutputError> {
        if self.held == 0 {
            return Ok(());
        }
        let digest = short(&std::mem::replace(&mut self.digests, Self::start(&self.schema)).finalize());
        let batches = std::mem::take(&mut self.pending);
        self.held = 0;
        let encoded = match self.holds(&digest) {
            true => None,
            false => {
                // One batch, so that the piece does not show how its rows came.
                let whole = arrow_select::concat::concat_batches(&self.schema, &batches)
                    .map_err(|error| OutputError::encode(&self.name, error))?;
                Some(Rendered::new(&[whole], &self.encoders)?)
            }
        };
        self.push(digest, encoded)
    }

    fn push(&mut self, digest: Digest, encoded: Option<Rendered>) -> Result<(), OutputError> {
        self.ended.push((digest, encoded));
        if self.ended.len() >= PIECES_AT_A_TIME { self.write_ended() } else { Ok(()) }
    }

    /// Writes the pieces that have been made.
    fn write_ended(&mut self) -> Result<(), OutputError> {
        let ended = std::mem::take(&mut self.ended);
        self.pieces(&ended)
    }

    /// Appends pieces, from the last set those that do not come along, to all files side by side.
    pub(crate) fn pieces(&mut self, pieces: &[(Digest, Option<Rendered>)]) -> Result<(), OutputError> {
        let missing = || OutputError::encode(&self.name, "a piece of the last run is missing");
        let last = self.last.as_deref();
        let held = |(digest, rendered): &(Digest, Option<Rendered>)| match rendered {
            Some(_) => Ok(None),
            None => last.and_then(|last| Some((last, last.find(digest)?))).map(Some).ok_or_else(missing),
        };
        let held: Vec<Option<(&OldTable, &Part)>> = pieces.iter().map(held).collect::<Result<_, _>>()?;
        let append = |format: usize, sink: &mut Box<dyn Sink>| -> Result<Vec<Span>, OutputError> {
            let piece = |at: usize| match (&pieces[at].1, &held[at]) {
                (Some(rendered), _) => rendered.pieces.get(format).map(|bytes| Piece::New(bytes)),
                (None, Some((last, part))) => last.piece(part, format),
                (None, None) => None,
            };
            let all: Option<Vec<Piece<'_>>> = (0..pieces.len()).map(piece).collect();
            sink.append(&all.ok_or_else(missing)?)
        };
        // Copies are what takes long; what is in memory is written soon enough without threads, which take memory.
        let spans: Vec<Vec<Span>> = if held.iter().all(Option::is_none) {
            let sinks = self.sinks.iter_mut().enumerate();
            sinks.map(|(format, (_, sink))| append(format, sink)).collect::<Result<_, _>>()?
        } else {
            std::thread::scope(|scope| {
                let append = &append;
                let threads: Vec<_> = (0..)
                    .zip(&mut self.sinks)
                    .map(|(format, (_, sink))| scope.spawn(move || append(format, sink)))
                    .collect();
                threads.into_iter().map(|thread| given(thread.join())).collect::<Result<_, _>>()
            })?
        };
        for (at, ((digest, rendered), held)) in pieces.iter().zip(&held).enumerate() {
            let own =
                rendered.as_ref().map_or(held.map_or(0, |(_, part)| part.rows), |rendered| rendered.rows);
            let spans = spans.iter().map(|spans| spans[at]).collect();
            self.parts.push(Part { digest: *digest, rows: own, spans });
            self.rows += own;
        }
        Ok(())
    }
    /// Writes what is left, and starts to make the files durable; nothing is appended any more.
    pub(crate) fn end(&mut self) -> Result<(), OutputError> {
        self.end_pending()?;
        self.write_ended()?;
        // To make a file durable is to wait; so all of them are waited for together.
        self.ending.extend(
            std::mem::take(&mut self.sinks).into_iter().map(|(name, sink)| Ending::start(name, sink)),
        );
        Ok(())
    }

    /// Waits until the files are durable.
    pub(crate) fn close(mut self) -> Result<Whole, OutputError> {
        self.end()?;
        let files =
            std::mem::take(&mut self.ending).into_iter().map(Ending::wait).collect::<Result<_, _>>()?;
        Ok(Whole { name: self.name, rows: self.rows, parts: self.parts, files })
    }
}

/// What a thread gave. One that panics takes its caller down with it, as if it had been none.
pub(crate) fn given<T>(result: std::thread::Result<T>) -> T {
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
