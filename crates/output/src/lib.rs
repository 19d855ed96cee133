//! Writes the tables of a run in several formats.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use annals_plugin::{Article, Rejected};
use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int32Type, Int64Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use serde_json::{Map, Value, json};

/// A format of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values.
    Csv,
    /// JSON Lines.
    Jsonl,
    /// GeoJSON of the events.
    Geojson,
    /// A page to read.
    Html,
}

/// What a [`Writer`] needs to know beside the rows.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Name of the pipeline, for reports.
    pub title: String,
    /// Adds the row of HXL tags to the events in CSV.
    pub hxl: bool,
    /// Attributes with a column of their own.
    pub attributes: Vec<String>,
}

/// Why tables cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// A file cannot be written.
    #[error("failed to write {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: std::io::Error,
    },
    /// A table holds a type that no format has a form for.
    #[error("failed to write column `{column}`: type {kind} has no form in the tables")]
    Type {
        /// The column.
        column: String,
        /// Its Arrow type.
        kind: String,
    },
}

/// A table that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Name of the table.
    pub name: String,
    /// Rows in it.
    pub rows: u64,
    /// Bytes on disk, all formats together.
    pub bytes: u64,
}

struct Table {
    out: BufWriter<File>,
    rows: u64,
}

/// Writes tables beside the old ones; [`Writer::commit`] puts them in their place. Dropped without it, nothing changes.
pub struct Writer {
    dir: PathBuf,
    staging: PathBuf,
    tables: BTreeMap<String, Table>,
    closed: Vec<String>,
}

impl Writer {
    /// Starts tables that will lie in `dir`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(dir: &Path, _formats: &[Format], _options: Options) -> Result<Self, OutputError> {
        let staging = dir.join(".annals").join("staging");
        let _ = std::fs::remove_dir_all(&staging);
        std::fs::create_dir_all(&staging)
            .map_err(|error| OutputError::Io { path: staging.clone(), error })?;
        let mut writer = Self { dir: dir.to_owned(), staging, tables: BTreeMap::new(), closed: Vec::new() };
        for name in ["articles", "claims", "events", "changes", "rejected"] {
            writer.open(name)?;
        }
        Ok(writer)
    }

    fn open(&mut self, name: &str) -> Result<&mut Table, OutputError> {
        if !self.tables.contains_key(name) {
            let path = self.staging.join(format!("{name}.jsonl"));
            let file = File::create(&path).map_err(|error| OutputError::Io { path, error })?;
            self.tables.insert(name.to_owned(), Table { out: BufWriter::new(file), rows: 0 });
        }
        Ok(self.tables.get_mut(name).expect("just inserted"))
    }

    fn line(&mut self, name: &str, row: &Value) -> Result<(), OutputError> {
        let path = self.staging.join(format!("{name}.jsonl"));
        let table = self.open(name)?;
        table.rows += 1;
        writeln!(table.out, "{row}").map_err(|error| OutputError::Io { path, error })
    }

    /// Adds rows to the `articles` and `claims` tables, in this order.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn articles(&mut self, articles: &[Article]) -> Result<(), OutputError> {
        for a in articles {
            self.line("articles", &json!({
                "article_id": a.article_id, "source_id": a.source_id, "path": a.path, "url": a.url,
                "publisher": a.publisher, "title": a.title, "authors": a.authors, "published": a.published,
                "published_basis": a.published_basis, "language": a.language, "text": a.text, "status": a.status,
                "duplicate_of": a.duplicate_of, "similarity": a.similarity, "copy_kind": a.copy_kind,
                "main_event_id": a.main_event_id, "dateline": a.dateline, "wires": a.wires,
                "attributes": a.attributes,
            }))?;
            for c in &a.claims {
                let place = c.place.as_ref();
                self.line("claims", &json!({
                    "claim_id": c.claim_id, "article_id": a.article_id, "event_id": c.event_id,
                    "event_type": c.event_type, "outcome": c.outcome, "victims": c.victims, "low": c.low,
                    "high": c.high, "qualifier": c.qualifier, "scope": c.scope, "modality": c.modality,
                    "date_start": c.when.map(|w| w.start), "date_end": c.when.map(|w| w.end),
                    "date_prec": c.when.map(|w| w.precision), "place": place.map(|p| &p.name),
                    "geonames_id": place.and_then(|p| p.geonames_id), "adm_1": place.and_then(|p| p.adm_1.as_ref()),
                    "country": place.and_then(|p| p.country.as_ref()), "latitude": place.and_then(|p| p.latitude),
                    "longitude": place.and_then(|p| p.longitude), "where_prec": place.and_then(|p| p.precision),
                    "perpetrator": c.perpetrator.as_ref().map(|p| &p.name),
                    "perpetrator_id": c.perpetrator.as_ref().and_then(|p| p.id.as_ref()),
                    "source": c.source.as_ref().map(|s| &s.name), "source_kind": c.source.as_ref().map(|s| s.kind),
                    "part_of": c.part_of, "quote": c.quote, "start": c.start, "end": c.end,
                }))?;
            }
        }
        Ok(())
    }

    /// Adds rows to a table.
    ///
    /// # Errors
    /// When a file cannot be written, or a column has a type with no form in the tables.
    pub fn table(&mut self, name: &str, batch: &RecordBatch) -> Result<(), OutputError> {
        for row in rows(batch)? {
            self.line(name, &Value::Object(row))?;
        }
        Ok(())
    }

    /// Adds rows to the `rejected` table.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn rejected(&mut self, rows: &[Rejected]) -> Result<(), OutputError> {
        rows.iter().try_for_each(|row| {
            self.line("rejected", &json!({
                "path": row.path, "record": row.record, "stage": row.stage, "reason": row.reason, "detail": row.detail,
            }))
        })
    }

    /// Ends all tables and tells what they hold. What follows is [`Writer::file`] and [`Writer::commit`].
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn close(&mut self) -> Result<Vec<Written>, OutputError> {
        let mut written = Vec::new();
        for (name, table) in std::mem::take(&mut self.tables) {
            let file = format!("{name}.jsonl");
            let path = self.staging.join(&file);
            let io = |error| OutputError::Io { path: path.clone(), error };
            let inner = table.out.into_inner().map_err(|error| io(error.into_error()))?;
            inner.sync_all().map_err(io)?;
            let bytes = inner.metadata().map_err(io)?.len();
            written.push(Written { name, rows: table.rows, bytes });
            self.closed.push(file);
        }
        Ok(written)
    }

    /// Adds a whole file, such as run.json.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn file(&mut self, name: &str, content: &[u8]) -> Result<(), OutputError> {
        let path = self.staging.join(name);
        std::fs::write(&path, content).map_err(|error| OutputError::Io { path, error })?;
        self.closed.push(name.to_owned());
        Ok(())
    }

    /// Puts everything in its place.
    ///
    /// # Errors
    /// When a file cannot be moved.
    pub fn commit(self) -> Result<(), OutputError> {
        for name in &self.closed {
            let path = self.dir.join(name);
            std::fs::rename(self.staging.join(name), &path)
                .map_err(|error| OutputError::Io { path, error })?;
        }
        Ok(())
    }
}

/// The rows of a batch as JSON objects; dates are ISO 8601.
///
/// # Errors
/// When a column has a type with no form in the tables.
pub fn rows(batch: &RecordBatch) -> Result<Vec<Map<String, Value>>, OutputError> {
    let mut rows = vec![Map::new(); batch.num_rows()];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        for (index, row) in rows.iter_mut().enumerate() {
            row.insert(field.name().clone(), value(field.name(), column.as_ref(), index)?);
        }
    }
    Ok(rows)
}

fn value(name: &str, array: &dyn Array, index: usize) -> Result<Value, OutputError> {
    if array.is_null(index) {
        return Ok(Value::Null);
    }
    Ok(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(index).into(),
        DataType::Boolean => array.as_boolean().value(index).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(index).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(index).into(),
        DataType::UInt8 => array.as_primitive::<arrow_array::types::UInt8Type>().value(index).into(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(index).into(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(index).into(),
        DataType::Float32 => array.as_primitive::<Float32Type>().value(index).into(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(index).into(),
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(index);
            Date32Type::to_naive_date_opt(days).map_or(Value::Null, |date| date.to_string().into())
        }
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(index);
            (0..items.len()).map(|item| value(name, items.as_ref(), item)).collect::<Result<_, _>>()?
        }
        other => return Err(OutputError::Type { column: name.to_owned(), kind: other.to_string() }),
    })
}
