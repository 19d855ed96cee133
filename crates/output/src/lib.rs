//! Writes the tables of a run in several formats.
//!
//! A [`Writer`] takes articles, record batches and rejected rows as they come and streams each table to one file a format,
//! with memory that does not grow with the tables. Nothing of it is seen until [`Writer::commit`]: then the whole set of files
//! replaces the last one. A writer that is dropped, or a process that is killed, leaves the last set whole.
//!
//! How the set is replaced: new files are written to `.annals/next` in the output folder and flushed to the disk, then one rename
//! of that folder to `.annals/decided` decides, then the files are renamed into place one by one. A process killed after the decision
//! leaves the rest behind, which the next writer, or [`recover`], brings into place. Files that are in no set are never touched.
//!
//! The same rows in the same order give the same bytes, however they were grouped into calls.
//!
//! A table is written in pieces. Where a piece ends depends on its rows alone, and a piece that the last set has too is copied
//! from there ([`Writer::holds`], [`Writer::pieces`]), so that a run with little that is new encodes little.

mod cell;
mod error;
mod folder;
mod parts;
mod rows;
pub mod schema;
mod sink;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use annals_plugin::{Article, Rejected};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use cell::{digests, row, rows};
pub use error::OutputError;
use folder::Staging;
pub use folder::recover;
use parts::{Digest, OldTable, Part, Parts};
use rows::Rows;
pub use sink::csv::unguard;
use sink::csv::{Csv, CsvRows};
use sink::geojson::{Features, Geojson};
use sink::html::Page;
use sink::jsonl::{Jsonl, Lines};
use sink::parquet::{Parquet, RowGroups};
use sink::{Encode, NewFile, Piece, Sink, Span};

/// A format of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Apache Parquet, one file a table.
    Parquet,
    /// Comma-separated values, one file a table.
    Csv,
    /// JSON lines, one file a table.
    Jsonl,
    /// GeoJSON of the events.
    Geojson,
    /// One page that shows the events with the claims behind them.
    Html,
}

impl Format {
    /// Extension of the files.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Geojson => "geojson",
            Self::Html => "html",
        }
    }
}

/// What the tables look like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether CSV tables have a row of HXL hashtags (hxlstandard.org) below the header.
    pub hxl: bool,
    /// Attributes with a column of their own in `articles`, in that order; the rest go to the column `attributes`.
    pub attributes: Vec<String>,
    /// Name of the pipeline, for the title of the page.
    pub title: String,
}

/// A table that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Name of the table, such as `events`.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Bytes of its files, all formats together.
    pub bytes: u64,
}

/// Name of the page for people.
const PAGE: &str = "events.html";

/// Writes the tables of one run.
pub struct Writer {
    // Dropped after the tables, whose files lie in it.
    tables: BTreeMap<String, Table>,
    page: Option<Page>,
    articles: Rows,
    claims: Rows,
    rejected: Rows,
    formats: BTreeSet<Format>,
    options: Options,
    /// Names of the files that are whole.
    files: BTreeSet<String>,
    /// What the last set was made of, and what this one is.
    last: Option<Parts>,
    parts: Parts,
    closed: bool,
    staging: Staging,
}

impl Writer {
    /// Opens the output folder, made if need be, and finishes or clears what a killed process left in it.
    ///
    /// The caller sees to it that no other writer has the folder.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn create(dir: &Path, formats: &[Format], options: Options) -> Result<Self, OutputError> {
        let mut attributes = BTreeSet::new();
        let taken = schema::articles(&[]);
        let mut options = options;
        options.attributes.retain(|name| taken.index_of(name).is_err() && attributes.insert(name.clone()));
        let staging = Staging::open(dir)?;
        let layout = layout(formats, &options);
        let mut writer = Self {
            last: Parts::read(&staging.parts(), layout),
            parts: Parts::new(layout),
            tables: BTreeMap::new(),
            page: None,
            articles: Rows::new(schema::articles(&options.attributes)),
            claims: Rows::new(schema::claims()),
            rejected: Rows::new(schema::rejected()),
            formats: formats.iter().copied().collect(),
            files: BTreeSet::new(),
            closed: false,
            staging,
            options,
        };
        writer.open("articles", schema::articles(&writer.options.attributes))?;
        writer.open("claims", schema::claims())?;
        writer.open("rejected", schema::rejected())?;
        if writer.formats.contains(&Format::Html) {
            let file = NewFile::create(writer.staging.path(PAGE))?;
            writer.page = Some(Page::new(file, &writer.options.title, writer.staging.path(".claims"))?);
        }
        Ok(writer)
    }

    fn open(&mut self, name: &str, schema: SchemaRef) -> Result<&mut Table, OutputError> {
        let table =
            Table::create(name, schema, &self.formats, &self.options, &self.staging, self.last.as_ref())?;
        Ok(self.tables.entry(name.to_owned()).or_insert(table))
    }

    /// Appends rows of `articles`, and of `claims` in the order of the articles.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn articles(&mut self, articles: &[Article]) -> Result<(), OutputError> {
        for article in articles {
            if let Some(page) = &mut self.page {
                page.count(1, article.claims.len() as u64);
                page.article(article)?;
            }
            let batch = self.articles.article(article, &self.options.attributes);
            append(&mut self.tables, ARTICLES, batch)?;
            for claim in &article.claims {
                let batch = self.claims.claim(&article.article_id, claim);
                append(&mut self.tables, CLAIMS, batch)?;
            }
        }
        Ok(())
    }

    /// Whether the last set has a piece of `articles` and `claims` with this digest.
    pub fn holds(&self, digest: &[u8; 16]) -> bool {
        [ARTICLES, CLAIMS].iter().all(|name| self.tables.get(*name).is_some_and(|table| table.holds(digest)))
    }

    /// Makes pieces of articles; on as many threads as one likes.
    pub fn encoder(&self) -> Encoder {
        let of = |name: &str| self.tables.get(name).map_or_else(Vec::new, |table| table.encoders.clone());
        Encoder {
            attributes: self.options.attributes.clone(),
            tables: [
                (schema::articles(&self.options.attributes), of(ARTICLES)),
                (schema::claims(), of(CLAIMS)),
            ],
        }
    }

    /// Appends pieces of `articles` and `claims`, to all files side by side. Each comes with a digest of all that its rows are
    /// made of; without rows it is taken from the last set, which holds it. The page gets its claims from [`Writer::shown`].
    ///
    /// # Errors
    /// When a file cannot be written, or the last set does not hold a piece.
    pub fn pieces(&mut self, pieces: Vec<([u8; 16], Option<Encoded>)>) -> Result<(), OutputError> {
        let (mut articles, mut claims) = (Vec::with_capacity(pieces.len()), Vec::with_capacity(pieces.len()));
        for (digest, rows) in pieces {
            let [of_articles, of_claims] = rows.map_or([None, None], |rows| rows.tables.map(Some));
            articles.push((digest, of_articles));
            claims.push((digest, of_claims));
        }
        let mut counts = [0, 0];
        for ((name, pieces), count) in [(ARTICLES, &articles), (CLAIMS, &claims)].into_iter().zip(&mut counts)
        {
            let table = self.tables.get_mut(name).expect("both were opened with the writer");
            *count = table.pieces(pieces)?;
        }
        if let Some(page) = &mut self.page {
            page.count(counts[0], counts[1]);
        }
        Ok(())
    }

    /// Ids of the articles whose claims the page shows; known once the events are. None if there is no page.
    pub fn wanted(&self) -> BTreeSet<String> {
        self.page.as_ref().map(Page::wanted).unwrap_or_default()
    }

    /// Takes the claims of an article that [`Writer::wanted`] names, in the order of the table.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn shown(&mut self, article: &Article) -> Result<(), OutputError> {
        self.page.as_mut().map_or(Ok(()), |page| page.article(article))
    }

    /// Appends rows of any other table, which is made at the first call.
    ///
    /// # Errors
    /// When a file cannot be written, the columns differ from those of an earlier call, or one that a table of this name must
    /// have is missing or of another type.
    pub fn table(&mut self, name: &str, rows: &RecordBatch) -> Result<(), OutputError> {
        self.table_with_digests(name, rows, &digests(rows)?)
    }

    /// As [`Writer::table`], with the [`digests`] of the rows, for whoever has them.
    ///
    /// # Errors
    /// As there.
    pub fn table_with_digests(
        &mut self,
        name: &str,
        rows: &RecordBatch,
        digests: &[[u8; 16]],
    ) -> Result<(), OutputError> {
        let table = match self.tables.contains_key(name) {
            true => self.tables.get_mut(name).expect("it was just found"),
            false => self.open(name, schema::nullable(rows.schema_ref()))?,
        };
        table.append(rows, digests)?;
        match &mut self.page {
            Some(page) if name == "events" => page.events(rows),
            _ => Ok(()),
        }
    }

    /// Appends rows of `rejected`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn rejected(&mut self, rows: &[Rejected]) -> Result<(), OutputError> {
        for row in rows {
            let batch = self.rejected.rejected(row);
            append(&mut self.tables, REJECTED, batch)?;
        }
        Ok(())
    }

    /// Ends every table and makes it durable; what follows is [`Writer::file`] and [`Writer::commit`].
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn close(&mut self) -> Result<Vec<Written>, OutputError> {
        append(&mut self.tables, ARTICLES, self.articles.take())?;
        append(&mut self.tables, CLAIMS, self.claims.take())?;
        append(&mut self.tables, REJECTED, self.rejected.take())?;
        for (name, schema) in [("events", schema::events()), ("changes", schema::changes())] {
            if !self.closed && !self.tables.contains_key(name) {
                self.open(name, schema)?;
            }
        }
        self.closed = true;
        let mut tables = std::mem::take(&mut self.tables);
        for table in tables.values_mut() {
            table.write_pending()?;
            table.write_ended()?;
        }
        // To make a file durable is to wait; so all of them are waited for together.
        let ended: Vec<Vec<(String, u64)>> = std::thread::scope(|scope| {
            let end = |(name, sink): (String, Box<dyn Sink>)| scope.spawn(|| Ok((name, sink.finish()?)));
            let files = tables.values_mut().map(|table| std::mem::take(&mut table.sinks));
            let threads: Vec<Vec<_>> = files.map(|sinks| sinks.into_iter().map(end).collect()).collect();
            let join = |threads: Vec<_>| threads.into_iter().map(joined).collect();
            threads.into_iter().map(join).collect::<Result<_, OutputError>>()
        })?;
        let mut written = Vec::new();
        for ((name, table), files) in tables.into_iter().zip(ended) {
            let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
            self.parts.add(&name, table.parts, self.staging.folder(), &names);
            let mut bytes = files.iter().map(|(_, bytes)| bytes).sum();
            if let Some(page) = self.page.take_if(|_| name == "events") {
                bytes += page.finish()?;
                self.files.insert(PAGE.to_owned());
            }
            written.push(Written { name, rows: table.rows, bytes });
            self.files.extend(files.into_iter().map(|(name, _)| name));
        }
        Ok(written)
    }

    /// Adds a file of other content to the set, such as `run.json`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn file(&mut self, name: &str, content: &[u8]) -> Result<(), OutputError> {
        let mut file = NewFile::create(self.staging.path(name))?;
        file.put(content)?;
        file.finish()?;
        self.files.insert(name.to_owned());
        Ok(())
    }

    /// Replaces the last set of files by this one.
    ///
    /// # Errors
    /// When a file cannot be written or renamed. Once decided, the next writer or [`recover`] finishes the work.
    pub fn commit(mut self) -> Result<(), OutputError> {
        self.close()?;
        self.staging.seal(&self.files, &self.parts.to_bytes())
    }
}

const ARTICLES: &str = "articles";
const CLAIMS: &str = "claims";
const REJECTED: &str = "rejected";

fn append(
    tables: &mut BTreeMap<String, Table>,
    name: &str,
    batch: Option<RecordBatch>,
) -> Result<(), OutputError> {
    match (batch, tables.get_mut(name)) {
        (Some(batch), Some(table)) => table.append(&batch, &digests(&batch)?),
        _ => Ok(()),
    }
}

/// Digest of all that the bytes of a piece depend on beside its rows.
fn layout(formats: &[Format], options: &Options) -> Digest {
    let formats: BTreeSet<&str> = formats.iter().map(|format| format.extension()).collect();
    let told = format!("{} {formats:?} {:?}", env!("CARGO_PKG_VERSION"), options);
    short(&blake3::hash(told.as_bytes()))
}

fn short(hash: &blake3::Hash) -> Digest {
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash.as_bytes()[..16]);
    digest
}

/// Makes pieces of articles and claims.
pub struct Encoder {
    attributes: Vec<String>,
    tables: [(SchemaRef, Encoders); 2],
}

/// Rows of articles and claims in every format.
pub struct Encoded {
    tables: [Rendered; 2],
}

/// The formats of a table, in the order of its files.
type Encoders = Vec<Arc<dyn Encode>>;

/// Rows of one table in every format.
struct Rendered {
    rows: u64,
    pieces: Vec<Vec<u8>>,
}

impl Rendered {
    fn new(batches: &[RecordBatch], encoders: &[Arc<dyn Encode>]) -> Result<Self, OutputError> {
        Ok(Self {
            rows: batches.iter().map(|batch| batch.num_rows() as u64).sum(),
            pieces: encoders.iter().map(|encoder| encoder.encode(batches)).collect::<Result<_, _>>()?,
        })
    }
}

impl Encoder {
    /// Encodes the articles of a piece and their claims.
    ///
    /// # Errors
    /// When a value cannot be encoded.
    pub fn encode(&self, articles: &[Article]) -> Result<Encoded, OutputError> {
        let [(article_schema, article_encoders), (claim_schema, claim_encoders)] = &self.tables;
        let mut rows = (Rows::new(article_schema.clone()), Rows::new(claim_schema.clone()));
        let mut batches = (Vec::new(), Vec::new());
        for article in articles {
            batches.0.extend(rows.0.article(article, &self.attributes));
            for claim in &article.claims {
                batches.1.extend(rows.1.claim(&article.article_id, claim));
            }
        }
        batches.0.extend(rows.0.take());
        batches.1.extend(rows.1.take());
        Ok(Encoded {
            tables: [
                Rendered::new(&batches.0, article_encoders)?,
                Rendered::new(&batches.1, claim_encoders)?,
            ],
        })
    }
}

/// One table on its way to all formats.
struct Table {
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
    last: Option<OldTable>,
}

/// Rows of a piece, most of the time: it ends after a row whose digest is one of so many.
const PIECE_ROWS: u64 = 1024;
/// Pieces that are written at a time.
const PIECES_AT_A_TIME: usize = 8;
/// Rows after which a piece ends at the latest.
const MOST_ROWS: usize = 4096;

impl Table {
    fn create(
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
        for format in formats {
            let file = format!("{name}.{}", format.extension());
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
                Format::Geojson if name == "events" => {
                    (Arc::new(Features), Box::new(Geojson::new(create()?)?))
                }
                Format::Geojson | Format::Html => continue,
            };
            encoders.push(encoder);
            sinks.push((file, sink));
        }
        let files: Vec<String> = sinks.iter().map(|(file, _)| file.clone()).collect();
        let last = last.and_then(|last| last.table(name, staging.out(), &files));
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
        })
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

    /// Appends rows, which are cut into pieces first.
    fn append(&mut self, rows: &RecordBatch, digests: &[Digest]) -> Result<(), OutputError> {
        let rows = RecordBatch::try_new(self.schema.clone(), rows.columns().to_vec())
            .ok()
            .filter(|_| schema::nullable(rows.schema_ref()) == self.schema)
            .ok_or_else(|| OutputError::Schema {
                table: self.name.clone(),
                message: "came with other columns than before".to_owned(),
            })?;
        let mut from = 0;
        for (at, digest) in digests.iter().enumerate() {
            self.digests.update(digest);
            self.held += 1;
            let telling = u64::from_le_bytes(digest[..8].try_into().expect("a digest has 16 bytes"));
            if telling % PIECE_ROWS == 0 || self.held == MOST_ROWS {
                self.pending.push(rows.slice(from, at + 1 - from));
                from = at + 1;
                self.write_pending()?;
            }
        }
        if from < rows.num_rows() {
            self.pending.push(rows.slice(from, rows.num_rows() - from));
        }
        Ok(())
    }

    fn write_pending(&mut self) -> Result<(), OutputError> {
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
        self.ended.push((digest, encoded));
        if self.ended.len() >= PIECES_AT_A_TIME { self.write_ended() } else { Ok(()) }
    }

    /// Writes the pieces that have been made.
    fn write_ended(&mut self) -> Result<(), OutputError> {
        let ended = std::mem::take(&mut self.ended);
        self.pieces(&ended).map(drop)
    }

    /// Appends pieces, from the last set those that do not come along, to all files side by side; gives the rows.
    fn pieces(&mut self, pieces: &[(Digest, Option<Rendered>)]) -> Result<u64, OutputError> {
        let missing = || OutputError::encode(&self.name, "a piece of the last run is missing");
        let last = self.last.as_ref();
        let held = |(digest, rendered): &(Digest, Option<Rendered>)| match rendered {
            Some(_) => Ok(None),
            None => last.and_then(|last| Some((last, last.find(digest)?))).map(Some).ok_or_else(missing),
        };
        let held: Vec<Option<(&OldTable, &Part)>> = pieces.iter().map(held).collect::<Result<_, _>>()?;
        let append = |format: usize, sink: &mut Box<dyn Sink>| -> Result<Vec<Span>, OutputError> {
            let mut spans = Vec::with_capacity(pieces.len());
            for ((_, rendered), held) in pieces.iter().zip(&held) {
                let piece = match (rendered, held) {
                    (Some(rendered), _) => rendered.pieces.get(format).map(|bytes| Piece::New(bytes)),
                    (None, Some((last, part))) => last.piece(part, format),
                    (None, None) => None,
                };
                spans.push(sink.append(piece.ok_or_else(missing)?)?);
            }
            Ok(spans)
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
                threads.into_iter().map(joined).collect::<Result<_, _>>()
            })?
        };
        let mut rows = 0;
        for (at, ((digest, rendered), held)) in pieces.iter().zip(&held).enumerate() {
            let own =
                rendered.as_ref().map_or(held.map_or(0, |(_, part)| part.rows), |rendered| rendered.rows);
            let spans = spans.iter().map(|spans| spans[at]).collect();
            self.parts.push(Part { digest: *digest, rows: own, spans });
            rows += own;
        }
        self.rows += rows;
        Ok(rows)
    }
}

/// What a thread gave. One that panics takes the writer down with it, as if it had been none.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
