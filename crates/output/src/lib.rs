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
//! from there ([`Encoder::holds`], [`ArticleTables::pieces`]), so that a run with little that is new encodes little.

mod articles;
mod cell;
mod error;
mod folder;
mod last;
mod parts;
mod rows;
pub mod schema;
mod sink;
mod table;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use annals_plugin::{Article, Rejected};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use articles::append;
pub use articles::{ArticleTables, Encoded, Encoder};
pub use cell::{digests, row};
pub use error::OutputError;
use folder::Staging;
pub use folder::recover;
pub use last::LastSet;
use parts::{Digest, Parts};
use rows::Rows;
use sink::NewFile;
pub use sink::csv::unguard;
use sink::html::Page;
use table::{Table, Whole};

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

    /// Whether a table has a file of its own in this format.
    fn has(self, table: &str) -> bool {
        match self {
            Self::Parquet | Self::Csv | Self::Jsonl => true,
            Self::Geojson => table == EVENTS,
            Self::Html => false,
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

impl Options {
    /// Without attributes that cannot have a column of their own.
    fn settled(mut self) -> Self {
        let mut attributes = BTreeSet::new();
        let taken = schema::articles(&[]);
        self.attributes.retain(|name| taken.index_of(name).is_err() && attributes.insert(name.clone()));
        self
    }
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
    // Both are dropped before the place where their files lie.
    articles: ArticleTables,
    tables: OtherTables,
    /// Names of the files that are whole.
    files: BTreeSet<String>,
    /// Those of them that are not durable yet.
    open: Vec<NewFile>,
    /// What this set is made of.
    parts: Parts,
    closed: bool,
    place: Arc<Place>,
}

/// Where the files lie, and how they are written.
struct Place {
    formats: BTreeSet<Format>,
    options: Options,
    /// What the last set was made of.
    last: Option<Parts>,
    staging: Staging,
}

impl Place {
    fn open(&self, name: &str, schema: SchemaRef) -> Result<Table, OutputError> {
        Table::create(name, schema, &self.formats, &self.options, &self.staging, self.last.as_ref())
    }
}

impl Writer {
    /// Opens the output folder, made if need be, and finishes or clears what a killed process left in it.
    ///
    /// The caller sees to it that no other writer has the folder.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn create(dir: &Path, formats: &[Format], options: Options) -> Result<Self, OutputError> {
        let options = options.settled();
        let staging = Staging::open(dir)?;
        let layout = layout(formats, &options);
        let last = Parts::read(&staging.parts(), layout);
        let formats = formats.iter().copied().collect();
        let place = Arc::new(Place { formats, options, last, staging });
        Ok(Self {
            articles: ArticleTables::open(&place)?,
            tables: OtherTables::open(&place)?,
            files: BTreeSet::new(),
            open: Vec::new(),
            parts: Parts::new(layout),
            closed: false,
            place,
        })
    }

    /// The tables of articles and claims, and all others. They can be written side by side.
    pub fn sides(&mut self) -> (&mut ArticleTables, &mut OtherTables) {
        (&mut self.articles, &mut self.tables)
    }

    /// Appends rows of `articles`, and of `claims` in the order of the articles.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn articles(&mut self, articles: &[Article]) -> Result<(), OutputError> {
        articles.iter().try_for_each(|article| {
            self.tables.shown(article)?;
            self.articles.article(article)
        })
    }

    /// See [`OtherTables::table`].
    ///
    /// # Errors
    /// As there.
    pub fn table(&mut self, name: &str, rows: &RecordBatch) -> Result<(), OutputError> {
        self.tables.table(name, rows)
    }

    /// See [`OtherTables::rejected`].
    ///
    /// # Errors
    /// As there.
    pub fn rejected(&mut self, rows: &[Rejected]) -> Result<(), OutputError> {
        self.tables.rejected(rows)
    }

    /// Ends every table and waits until it is durable; what follows is [`Writer::file`] and [`Writer::commit`].
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn close(&mut self) -> Result<Vec<Written>, OutputError> {
        if std::mem::replace(&mut self.closed, true) {
            return Ok(Vec::new());
        }
        self.articles.end()?;
        self.tables.end()?;
        let mut tables = self.articles.take();
        let mut of_page = 0;
        if let Some(mut page) = self.tables.page.take() {
            let [articles, claims] = [0, 1].map(|at| tables.get(at).map_or(0, Table::rows));
            page.count(articles, claims);
            of_page = page.finish()?;
            self.files.insert(PAGE.to_owned());
        }
        tables.extend(std::mem::take(&mut self.tables.tables).into_values());
        let mut written = Vec::new();
        for table in tables {
            let Whole { name, rows, parts, files } = table.close()?;
            let mut bytes = files.iter().map(|(_, bytes)| bytes).sum();
            if name == EVENTS {
                bytes += of_page;
            }
            let names: Vec<String> = files.into_iter().map(|(name, _)| name).collect();
            self.parts.add(&name, parts, self.place.staging.folder(), &names);
            self.files.extend(names);
            written.push(Written { name, rows, bytes });
        }
        Ok(written)
    }

    /// Adds a file of other content to the set, such as `run.json`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn file(&mut self, name: &str, content: &[u8]) -> Result<(), OutputError> {
        let mut file = NewFile::create(self.place.staging.path(name))?;
        file.put(content)?;
        self.open.push(file);
        self.files.insert(name.to_owned());
        Ok(())
    }

    /// Replaces the last set of files by this one.
    ///
    /// # Errors
    /// When a file cannot be written or renamed. Once decided, the next writer or [`recover`] finishes the work.
    pub fn commit(mut self) -> Result<(), OutputError> {
        self.close()?;
        let open = std::mem::take(&mut self.open);
        self.place.staging.seal(&self.files, &self.parts.to_bytes(), open)
    }
}

const EVENTS: &str = "events";
const REJECTED: &str = "rejected";

/// All tables of a [`Writer`] but those of articles and claims, and the page for people.
pub struct OtherTables {
    tables: BTreeMap<String, Table>,
    rejected: Rows,
    page: Option<Page>,
    place: Arc<Place>,
}

impl OtherTables {
    fn open(place: &Arc<Place>) -> Result<Self, OutputError> {
        let mut page = None;
        if place.formats.contains(&Format::Html) {
            let file = NewFile::create(place.staging.path(PAGE))?;
            page = Some(Page::new(file, &place.options.title, place.staging.path(".claims"))?);
        }
        let rejected = schema::rejected();
        let tables = BTreeMap::from([(REJECTED.to_owned(), place.open(REJECTED, rejected.clone())?)]);
        Ok(Self { tables, rejected: Rows::new(rejected), page, place: Arc::clone(place) })
    }

    /// Ids of the articles whose claims the page shows; known once the events are. None if there is no page.
    pub fn wanted(&self) -> BTreeSet<String> {
        self.page.as_ref().map(Page::wanted).unwrap_or_default()
    }

    /// Takes the claims of an article that [`OtherTables::wanted`] names, in the order of the table.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn shown(&mut self, article: &Article) -> Result<(), OutputError> {
        self.page.as_mut().map_or(Ok(()), |page| page.article(article))
    }

    /// Appends rows of a table, which is made at the first call.
    ///
    /// # Errors
    /// When a file cannot be written, the columns differ from those of an earlier call, or one that a table of this name must
    /// have is missing or of another type.
    pub fn table(&mut self, name: &str, rows: &RecordBatch) -> Result<(), OutputError> {
        self.table_with_digests(name, rows, &digests(rows)?)
    }

    /// As [`OtherTables::table`], with the [`digests`] of the rows, for whoever has them.
    ///
    /// # Errors
    /// As there.
    pub fn table_with_digests(
        &mut self,
        name: &str,
        rows: &RecordBatch,
        digests: &[[u8; 16]],
    ) -> Result<(), OutputError> {
        self.open_table(name, rows)?.append(rows, digests)?;
        self.give_page(name, rows)
    }

    /// Appends rows that make a piece by themselves, known by a digest of all that they are made of.
    ///
    /// # Errors
    /// As [`OtherTables::table`].
    pub fn part(&mut self, name: &str, digest: &[u8; 16], rows: &RecordBatch) -> Result<(), OutputError> {
        self.open_table(name, rows)?.part(digest, Some(rows))?;
        self.give_page(name, rows)
    }

    /// Appends a piece that [`LastSet`] holds, to a table that has been begun. Nothing of it comes to the page.
    ///
    /// # Errors
    /// When a file cannot be written, or the last set does not hold the piece any more.
    pub fn held_part(&mut self, name: &str, digest: &[u8; 16]) -> Result<(), OutputError> {
        match self.tables.get_mut(name) {
            Some(table) => table.part(digest, None),
            None => Err(OutputError::Schema {
                table: name.to_owned(),
                message: "came without its columns".to_owned(),
            }),
        }
    }

    fn open_table(&mut self, name: &str, rows: &RecordBatch) -> Result<&mut Table, OutputError> {
        Ok(match self.tables.entry(name.to_owned()) {
            Entry::Occupied(table) => table.into_mut(),
            Entry::Vacant(place) => place.insert(self.place.open(name, schema::nullable(rows.schema_ref()))?),
        })
    }

    fn give_page(&mut self, name: &str, rows: &RecordBatch) -> Result<(), OutputError> {
        match &mut self.page {
            Some(page) if name == EVENTS => page.events(rows),
            _ => Ok(()),
        }
    }

    /// Appends rows of `rejected`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn rejected(&mut self, rows: &[Rejected]) -> Result<(), OutputError> {
        rows.iter().try_for_each(|row| {
            let batch = self.rejected.rejected(row);
            append(self.tables.get_mut(REJECTED), batch)
        })
    }

    /// Writes what is left and starts to make the files durable; nothing is appended any more.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn end(&mut self) -> Result<(), OutputError> {
        append(self.tables.get_mut(REJECTED), self.rejected.take())?;
        for (name, schema) in [(EVENTS, schema::events()), ("changes", schema::changes())] {
            if !self.tables.contains_key(name) {
                self.tables.insert(name.to_owned(), self.place.open(name, schema)?);
            }
        }
        self.tables.values_mut().try_for_each(Table::end)
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
