//! CSV (RFC 4180, lines ended by a line feed): UTF-8, a header, nothing where nothing is known.
//!
//! A list is joined with `;`; within an item `\` and `;` are written `\\` and `\;`.
//!
//! A spreadsheet runs a cell that starts with `=`, `+`, `-`, `@`, a tab or a carriage return as a formula, and the texts here
//! come from strangers. So a text cell that starts with one of these gets an apostrophe before it, and so does one that
//! starts with apostrophes followed by one of these. To undo it: if what follows the apostrophes at the start of a cell is one of
//! these characters, take one apostrophe off ([`unguard`]). Numbers and dates stay as they are.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use super::{Encode, NewFile, Piece, Sink, Span, append_bytes};
use crate::OutputError;
use crate::cell::{Cell, columns, items};

pub(crate) struct CsvRows {
    table: String,
}

impl CsvRows {
    pub(crate) fn new(table: &str) -> Self {
        Self { table: table.to_owned() }
    }
}

impl Encode for CsvRows {
    fn encode(&self, batches: &[RecordBatch]) -> Result<Vec<u8>, OutputError> {
        let encode = |error: csv::Error| OutputError::encode(&self.table, error);
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        for batch in batches {
            let columns = columns(batch);
            for row in 0..batch.num_rows() {
                for column in &columns {
                    writer.write_field(written(&column.cell(row)).as_ref()).map_err(encode)?;
                }
                writer.write_record(None::<&[u8]>).map_err(encode)?;
            }
        }
        writer.into_inner().map_err(|error| OutputError::encode(&self.table, error.error()))
    }
}

pub(crate) struct Csv {
    file: NewFile,
}

impl Csv {
    /// Starts with the header, and with the row of HXL hashtags if asked for.
    pub(crate) fn new(
        table: &str,
        mut file: NewFile,
        schema: &Schema,
        hxl: bool,
    ) -> Result<Self, OutputError> {
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        let names = || schema.fields().iter().map(|field| field.name());
        let encode = |error: csv::Error| OutputError::encode(table, error);
        writer.write_record(names()).map_err(encode)?;
        if hxl {
            writer.write_record(names().map(|name| hashtag(table, name))).map_err(encode)?;
        }
        let head = writer.into_inner().map_err(|error| OutputError::encode(table, error.error()))?;
        file.put(&head)?;
        Ok(Self { file })
    }
}

impl Sink for Csv {
    fn append(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<Span>, OutputError> {
        append_bytes(&mut self.file, pieces)
    }

    fn finish(self: Box<Self>) -> Result<u64, OutputError> {
        self.file.finish()
    }
}

fn written<'a>(value: &Cell<'a>) -> Cow<'a, str> {
    match value {
        Cell::Null => "".into(),
        Cell::Text(text) => guard(text),
        Cell::Json(text) => match plain(text) {
            Some(text) => guard(&text).into_owned().into(),
            None => (*text).into(),
        },
        Cell::List(list) => {
            let items: Vec<String> =
                items(*list).map(|item| bare(&item).replace('\\', "\\\\").replace(';', "\\;")).collect();
            guard(&items.join(";")).into_owned().into()
        }
        number_or_date => bare(number_or_date),
    }
}

/// The value without any guard.
fn bare<'a>(value: &Cell<'a>) -> Cow<'a, str> {
    match value {
        Cell::Null | Cell::List(_) => "".into(),
        Cell::Bool(value) => value.to_string().into(),
        Cell::Int(value) => value.to_string().into(),
        Cell::UInt(value) => value.to_string().into(),
        Cell::Float(value) if value.is_finite() => value.to_string().into(),
        Cell::Float32(value) if value.is_finite() => value.to_string().into(),
        Cell::Float(_) | Cell::Float32(_) => "".into(),
        Cell::Date(value) => value.to_string().into(),
        Cell::Text(text) | Cell::Json(text) => (*text).into(),
    }
}

/// The text of a JSON string; other values stand as JSON.
pub(crate) fn plain(json: &str) -> Option<String> {
    if json.starts_with('"') { serde_json::from_str(json).ok() } else { None }
}

fn is_risky(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Keeps a spreadsheet from running a text as a formula.
fn guard(text: &str) -> Cow<'_, str> {
    if is_risky(text) { format!("'{text}").into() } else { text.into() }
}

/// The text that a cell of a CSV table stands for: takes off the apostrophe that keeps spreadsheets from running it.
pub fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_risky(text) => text,
        _ => cell,
    }
}

/// The HXL hashtag of a column, empty if the standard has none that fits.
fn hashtag(table: &str, column: &str) -> &'static str {
    static TAGS: LazyLock<HashMap<(&str, &str), &str>> = LazyLock::new(|| {
        let rows = include_str!("../../data/hxl.tsv").lines().skip(1);
        rows.filter_map(|row| {
            let mut cells = row.split('\t');
            Some(((cells.next()?, cells.next()?), cells.next()?))
        })
        .collect()
    });
    TAGS.get(&(table, column)).or_else(|| TAGS.get(&("*", column))).copied().unwrap_or_default()
}
