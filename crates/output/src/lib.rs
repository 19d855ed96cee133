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

mod cell;
mod error;
mod folder;
mod rows;
pub mod schema;
mod sink;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use annals_plugin::{Article, Rejected};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use cell::rows;
pub use error::OutputError;
use folder::Staging;
pub use folder::recover;
use rows::{BATCH_ROWS, Rows};
use sink::csv::Csv;
pub use sink::csv::unguard;
use sink::geojson::Geojson;
use sink::html::Page;
use sink::jsonl::Jsonl;
use sink::parquet::Parquet;
use sink::{NewFile, Sink};

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
        let mut writer = Self {
            tables: BTreeMap::new(),
            page: None,
            articles: Rows::new(schema::articles(&options.attributes)),
            claims: Rows::new(schema::claims()),
            rejected: Rows::new(schema::rejected()),
            formats: formats.iter().copied().collect(),
            files: BTreeSet::new(),
            closed: false,
            staging: Staging::open(dir)?,
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
        let table = Table::create(name, schema, &self.formats, &self.options, &self.staging)?;
        Ok(self.tables.entry(name.to_owned()).or_insert(table))
    }

    /// Appends rows of `articles`, and of `claims` in the order of the articles.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn articles(&mut self, articles: &[Article]) -> Result<(), OutputError> {
        for article in articles {
            if let Some(page) = &mut self.page {
                page.article(article)?;
            }
            let batch = self.articles.article(article, &self.options.attributes);
            write(&mut self.tables, "articles", batch)?;
            for claim in &article.claims {
                let batch = self.claims.claim(&article.article_id, claim);
                write(&mut self.tables, "claims", batch)?;
            }
        }
        Ok(())
    }

    /// Appends rows of any other table, which is made at the first call.
    ///
    /// # Errors
    /// When a file cannot be written, the columns differ from those of an earlier call, or one that a table of this name must
    /// have is missing or of another type.
    pub fn table(&mut self, name: &str, rows: &RecordBatch) -> Result<(), OutputError> {
        let table = match self.tables.contains_key(name) {
            true => self.tables.get_mut(name).expect("it was just found"),
            false => self.open(name, schema::nullable(rows.schema_ref()))?,
        };
        table.append(rows)?;
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
            write(&mut self.tables, "rejected", batch)?;
        }
        Ok(())
    }

    /// Ends every table and makes it durable; what follows is [`Writer::file`] and [`Writer::commit`].
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn close(&mut self) -> Result<Vec<Written>, OutputError> {
        write(&mut self.tables, "articles", self.articles.take())?;
        write(&mut self.tables, "claims", self.claims.take())?;
        write(&mut self.tables, "rejected", self.rejected.take())?;
        for (name, schema) in [("events", schema::events()), ("changes", schema::changes())] {
            if !self.closed && !self.tables.contains_key(name) {
                self.open(name, schema)?;
            }
        }
        self.closed = true;
        let mut written = Vec::new();
        for (name, table) in std::mem::take(&mut self.tables) {
            let (rows, files) = table.finish()?;
            let mut bytes = files.iter().map(|(_, bytes)| bytes).sum();
            if let Some(page) = self.page.take_if(|_| name == "events") {
                bytes += page.finish()?;
                self.files.insert(PAGE.to_owned());
            }
            written.push(Written { name, rows, bytes });
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
        self.staging.seal(&self.files)
    }
}

fn write(
    tables: &mut BTreeMap<String, Table>,
    name: &str,
    batch: Option<RecordBatch>,
) -> Result<(), OutputError> {
    match (batch, tables.get_mut(name)) {
        (Some(batch), Some(table)) => table.write(&batch),
        _ => Ok(()),
    }
}

/// One table on its way to all formats.
struct Table {
    name: String,
    schema: SchemaRef,
    sinks: Vec<(String, Box<dyn Sink>)>,
    rows: u64,
    /// Rows of [`Table::append`] that do not fill a batch yet.
    pending: Vec<RecordBatch>,
}

impl Table {
    fn create(
        name: &str,
        schema: SchemaRef,
        formats: &BTreeSet<Format>,
        options: &Options,
        staging: &Staging,
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
        let mut sinks: Vec<(String, Box<dyn Sink>)> = Vec::new();
        for format in formats {
            let file = format!("{name}.{}", format.extension());
            let create = || NewFile::create(staging.path(&file));
            let sink: Box<dyn Sink> = match format {
                Format::Parquet => Box::new(Parquet::new(name, create()?, &schema)?),
                Format::Csv => Box::new(Csv::new(name, create()?, &schema, options.hxl)?),
                Format::Jsonl => Box::new(Jsonl::new(create()?)),
                Format::Geojson if name == "events" => Box::new(Geojson::new(create()?)?),
                Format::Geojson | Format::Html => continue,
            };
            sinks.push((file, sink));
        }
        Ok(Self { name: name.to_owned(), schema, sinks, rows: 0, pending: Vec::new() })
    }

    /// Appends rows that are cut into batches of a fixed size first.
    fn append(&mut self, rows: &RecordBatch) -> Result<(), OutputError> {
        let rows = RecordBatch::try_new(self.schema.clone(), rows.columns().to_vec())
            .ok()
            .filter(|_| schema::nullable(rows.schema_ref()) == self.schema)
            .ok_or_else(|| OutputError::Schema {
                table: self.name.clone(),
                message: "came with other columns than before".to_owned(),
            })?;
        let mut at = 0;
        while at < rows.num_rows() {
            let held: usize = self.pending.iter().map(RecordBatch::num_rows).sum();
            let count = (BATCH_ROWS - held).min(rows.num_rows() - at);
            self.pending.push(rows.slice(at, count));
            at += count;
            if held + count == BATCH_ROWS {
                self.write_pending()?;
            }
        }
        Ok(())
    }

    fn write_pending(&mut self) -> Result<(), OutputError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let batch = arrow_select::concat::concat_batches(&self.schema, &self.pending)
            .map_err(|error| OutputError::encode(&self.name, error))?;
        self.pending.clear();
        self.write(&batch)
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), OutputError> {
        self.rows += batch.num_rows() as u64;
        self.sinks.iter_mut().try_for_each(|(_, sink)| sink.write(batch))
    }

    /// Ends the files; gives the rows, and the names and bytes of the files.
    fn finish(mut self) -> Result<(u64, Vec<(String, u64)>), OutputError> {
        self.write_pending()?;
        let files = self.sinks.into_iter().map(|(name, sink)| Ok((name, sink.finish()?)));
        Ok((self.rows, files.collect::<Result<_, OutputError>>()?))
    }
}
