//! Articles as Arrow record batches: the form in which they cross a door to a plugin, another process or another
//! engine.
//!
//! [`article_schema`] is the whole schema; [`to_batch`] writes the columns that are asked for and [`from_batch`] reads
//! those that are there. Types follow what engines share (Spark has no unsigned integers), so:
//!
//! | field | Arrow type |
//! | --- | --- |
//! | text, labels | `Utf8` |
//! | whole numbers | `Int64`; `precision` is `Int32` |
//! | `similarity` / degrees | `Float32` / `Float64` |
//! | days | `Date32` |
//! | `html` | `Binary` |
//! | lists | `List<item: …>`, items never null |
//! | `removed`, `incidents`, `claims` | `List<Struct>` with the fields of [`Removed`], [`Incident`], [`Claim`] |
//! | `when`, `place`, `source`, actors | `Struct` |
//! | `attributes` | `Utf8` that holds a JSON object |
//!
//! A name that is no column of an article is an attribute and crosses as a `Utf8` column of JSON text, marked with the
//! extension name `arrow.json`. On the way back an attribute may have any plain type: see [`from_batch`].

mod cell;
mod json;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema};
use serde_json::Value;

use self::cell::{Cell, Column};
use crate::record::{Article, Claim, Incident, Removed};

/// Columns that cross with every batch, so that a record can be named wherever it is.
pub const IDENTITY: [&str; 3] = ["article_id", "source_id", "path"];

/// A column that cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// A column that must be there is not.
    #[error("column `{column}` is missing")]
    Missing {
        /// Its name, dots between levels.
        column: String,
    },
    /// A column of another type.
    #[error("column `{column}` is {found}, not {wanted}")]
    Type {
        /// Its name, dots between levels.
        column: String,
        /// The Arrow type that came.
        found: String,
        /// The Arrow type that is due.
        wanted: String,
    },
    /// A row without a value where one is due, or with one that is not allowed.
    #[error("column `{column}`, row {row}: {message}")]
    Value {
        /// Its name, dots between levels.
        column: String,
        /// The row, counted from 0, of the innermost list.
        row: usize,
        /// What is wrong with it.
        message: String,
    },
    /// More bytes than 32-bit offsets reach; a smaller batch may do.
    #[error("column `{column}` holds more than 2 GiB")]
    TooLarge {
        /// Its name, dots between levels.
        column: String,
    },
    /// Columns that do not make a batch.
    #[error("{0}")]
    Batch(String),
}

impl ColumnError {
    fn value(row: usize, message: impl ToString) -> Self {
        Self::Value { column: String::new(), row, message: message.to_string() }
    }

    fn inside(mut self, parent: &str) -> Self {
        if let Self::Missing { column }
        | Self::Type { column, .. }
        | Self::Value { column, .. }
        | Self::TooLarge { column } = &mut self
        {
            *column = match column.as_str() {
                "" => parent.to_owned(),
                child => format!("{parent}.{child}"),
            };
        }
        self
    }
}

type Result<T, E = ColumnError> = std::result::Result<T, E>;

/// One column of [`Article`].
struct ArticleColumn {
    field: Arc<Field>,
    encode: fn(&[Article]) -> Result<ArrayRef>,
    decode: fn(&dyn Array, &mut [Article]) -> Result<()>,
}

macro_rules! article_columns {
    ($($name:ident: $type:ty),+ $(,)?) => {
        static COLUMNS: LazyLock<Vec<ArticleColumn>> = LazyLock::new(|| vec![$(ArticleColumn {
            field: Arc::new(cell::field::<$type>(stringify!($name))),
            encode: |articles| {
                let cells: Vec<_> = articles.iter().map(|a| <$type as Cell>::peek(&a.$name)).collect();
                <$type as Cell>::Inner::encode(&cells)
            },
            decode: |array, articles| {
                let values = <$type as Cell>::Inner::decode(array)?;
                for (row, (value, article)) in values.into_iter().zip(articles).enumerate() {
                    let value = <$type as Cell>::take(value).ok_or_else(|| ColumnError::value(row, "null"))?;
                    article.$name = value;
                }
                Ok(())
            },
        }),+]);
    };
}

article_columns! {
    article_id: String,
    source_id: String,
    path: String,
    url: Option<String>,
    publisher: Option<String>,
    title: Option<String>,
    authors: Vec<String>,
    published: Option<String>,
    published_basis: Option<crate::label::PublishedBasis>,
    language: Option<String>,
    dateline: Option<String>,
    wires: Vec<String>,
    text: String,
    html: Option<Vec<u8>>,
    removed: Vec<Removed>,
    status: crate::label::Status,
    duplicate_of: Option<String>,
    similarity: Option<f32>,
    copy_kind: Option<crate::label::CopyKind>,
    incidents: Vec<Incident>,
    claims: Vec<Claim>,
    main_event_id: Option<String>,
    attributes: BTreeMap<String, Value>,
}

fn column(name: &str) -> Option<&'static ArticleColumn> {
    COLUMNS.iter().find(|column| column.field.name() == name)
}

/// Every column of an article, in the order of the record.
pub fn article_schema() -> Schema {
    Schema::new(COLUMNS.iter().map(|column| column.field.clone()).collect::<Vec<_>>())
}

/// Whether `name` is a column of every article; any other name is an attribute.
pub fn is_column(name: &str) -> bool {
    column(name).is_some()
}

/// The schema of a batch with [`IDENTITY`] and the named columns or attributes, each once, in that order.
pub fn schema_of(columns: &[impl AsRef<str>]) -> Schema {
    Schema::new(named(columns).map(field).collect::<Vec<_>>())
}

fn field(name: &str) -> Arc<Field> {
    column(name).map_or_else(|| Arc::new(json::field(name)), |column| column.field.clone())
}

fn named(columns: &[impl AsRef<str>]) -> impl Iterator<Item = &str> {
    let rest = columns.iter().map(AsRef::as_ref).enumerate().filter(|&(index, name)| {
        !IDENTITY.contains(&name) && columns[..index].iter().all(|earlier| earlier.as_ref() != name)
    });
    IDENTITY.into_iter().chain(rest.map(|(_, name)| name))
}

/// Writes [`IDENTITY`] and the named columns or attributes of some articles, one row an article.
///
/// # Errors
/// When a column would pass 2 GiB, or a number of an article is beyond 64-bit signed integers.
pub fn to_batch(articles: &[Article], columns: &[impl AsRef<str>]) -> Result<RecordBatch> {
    encode(articles, named(columns))
}

/// Writes the named columns and no others.
pub(crate) fn encode<'a>(
    articles: &[Article],
    columns: impl Iterator<Item = &'a str>,
) -> Result<RecordBatch> {
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for name in columns {
        let array = match column(name) {
            Some(column) => (column.encode)(articles),
            None => json::encode(&articles.iter().map(|a| a.attributes.get(name)).collect::<Vec<_>>()),
        };
        arrays.push(array.map_err(|error| error.inside(name))?);
        fields.push(field(name));
    }
    let options = RecordBatchOptions::new().with_row_count(Some(articles.len()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|error| ColumnError::Batch(error.to_string()))
}

/// Reads the articles of a batch.
///
/// [`IDENTITY`] must be there; any other column of an article that is not takes its empty value. A column that no
/// article has becomes an attribute: JSON text if it is marked `arrow.json`, else its value as JSON (text, numbers,
/// booleans, days as ISO 8601, lists and structs of these); null means that the article does not have the attribute.
///
/// # Errors
/// When a column is missing, has another type, or a row holds what no record may.
pub fn from_batch(batch: &RecordBatch) -> Result<Vec<Article>> {
    for name in IDENTITY {
        if batch.column_by_name(name).is_none() {
            return Err(ColumnError::Missing { column: name.to_owned() });
        }
    }
    let mut articles: Vec<Article> = (0..batch.num_rows()).map(|_| Article::new("", "", "")).collect();
    read_into(batch, &mut articles)?;
    Ok(articles)
}

/// Overwrites, row by row, what the columns of a batch hold, and leaves the rest of the articles as it is.
///
/// # Errors
/// As [`from_batch`], or when the batch has not as many rows as there are articles. The articles may then hold some of
/// the columns and not others.
pub fn read_into(batch: &RecordBatch, articles: &mut [Article]) -> Result<()> {
    if batch.num_rows() != articles.len() {
        let message = format!("{} rows for {} articles", batch.num_rows(), articles.len());
        return Err(ColumnError::Batch(message));
    }
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let name = field.name();
        match column(name) {
            Some(column) => (column.decode)(array, articles).map_err(|error| error.inside(name))?,
            None => {
                let values = json::decode(array, field).map_err(|error| error.inside(name))?;
                for (value, article) in values.into_iter().zip(articles.iter_mut()) {
                    match value {
                        Some(value) => drop(article.attributes.insert(name.clone(), value)),
                        None => drop(article.attributes.remove(name)),
                    }
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
