//! Parquet files, a row an article.

use std::fs::File;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use jiff::Timestamp;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use serde_json::{Map, Value};

use crate::bytes::Input;
use crate::reason::{Flaw, Reason};
use crate::record::Raw;
use crate::{Entry, Limits, Reader};

/// Rows decoded at a time.
const BATCH_ROWS: usize = 64;
/// Deeper nesting of a column is not read.
const MAX_DEPTH: usize = 16;

pub(crate) struct Rows {
    reader: ParquetRecordBatchReader,
    batch: Option<RecordBatch>,
    at: usize,
    record: u64,
    record_bytes: u64,
}

impl Rows {
    /// Opens a file; a compressed one is expanded to a temporary file first, since Parquet is read from its end.
    pub(crate) fn new(input: Input, path: &Path, limits: &Limits) -> Result<Self, Flaw> {
        let file = if input.compressed { spool(input) } else { File::open(path) };
        let file = file.map_err(|error| Flaw::of(&error))?;
        let reader = guarded(|| {
            // Without the Arrow schema that some writers embed, every column has a plain type.
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
                .map_err(|error| error.to_string())?;
            let columns = builder.schema().fields();
            if !columns.iter().any(|field| matches!(field.name().to_lowercase().as_str(), "text" | "html")) {
                return Ok(None);
            }
            builder.with_batch_size(BATCH_ROWS).build().map(Some).map_err(|error| error.to_string())
        })?;
        let reader = reader
            .ok_or_else(|| Flaw::new(Reason::MissingColumn, "there is neither a column `text` nor `html`"))?;
        Ok(Self { reader, batch: None, at: 0, record: 0, record_bytes: limits.record_bytes })
    }

    fn row(&self, batch: &RecordBatch) -> Result<Raw, Flaw> {
        let mut fields = Map::new();
        let mut html = None;
        for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            let name = field.name().to_lowercase();
            if let (true, Some(bytes)) = (name == "html", binary(array.as_ref(), self.at)) {
                html = Some(bytes.to_vec());
                continue;
            }
            let value = value(array.as_ref(), self.at, 0);
            if !value.is_null() {
                fields.insert(name, value);
            }
        }
        let too_long = |length: usize| length as u64 > self.record_bytes;
        if fields.values().any(|value| value.as_str().is_some_and(|text| too_long(text.len())))
            || html.as_ref().is_some_and(|page| too_long(page.len()))
        {
            return Err(Flaw::new(Reason::RecordTooLong, format!("longer than {} bytes", self.record_bytes)));
        }
        // The column in which other fields were kept by this program's own tables.
        if let Some(Value::String(json)) = fields.get("attributes")
            && let Ok(Value::Object(rest)) = serde_json::from_str(json)
        {
            fields.remove("attributes");
            for (name, value) in rest {
                fields.entry(name).or_insert(value);
            }
        }
        Ok(Raw { fields, html, feed: false })
    }
}

/// Damaged files make the decoder panic now and then; what it was doing is thrown away with it.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, Flaw> {
    let damaged = |detail: String| Flaw::new(Reason::Damaged, detail);
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err("the decoder gave up on the data".to_owned()))
        .map_err(damaged)
}

fn spool(mut input: Input) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut input, &mut file)?;
    file.flush()?;
    Ok(file)
}

fn binary(array: &dyn Array, row: usize) -> Option<&[u8]> {
    match array.data_type() {
        _ if array.is_null(row) => None,
        DataType::Binary => Some(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Some(array.as_binary::<i64>().value(row)),
        _ => None,
    }
}

/// A cell as JSON; null for types that no field of an article has.
fn value(array: &dyn Array, row: usize, depth: usize) -> Value {
    if array.is_null(row) || depth > MAX_DEPTH {
        return Value::Null;
    }
    let list = |items: &dyn Array| (0..items.len()).map(|item| value(items, item, depth + 1)).collect();
    match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Int8 => array.as_primitive::<Int8Type>().value(row).into(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::UInt8 => array.as_primitive::<UInt8Type>().value(row).into(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().value(row).into(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(row).into(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).into(),
        DataType::Float32 => array.as_primitive::<Float32Type>().value(row).into(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).into(),
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).into(),
        DataType::Utf8View => array.as_string_view().value(row).into(),
        DataType::Binary | DataType::LargeBinary => binary(array, row)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .map_or(Value::Null, Value::from),
        DataType::Date32 => {
            let seconds = i64::from(array.as_primitive::<Date32Type>().value(row)) * 86_400;
            instant(Timestamp::from_second(seconds), true, 10)
        }
        DataType::Date64 => {
            instant(Timestamp::from_millisecond(array.as_primitive::<Date64Type>().value(row)), true, 10)
        }
        DataType::Timestamp(unit, zone) => {
            let local = zone.is_none();
            match unit {
                TimeUnit::Second => instant(
                    Timestamp::from_second(array.as_primitive::<TimestampSecondType>().value(row)),
                    local,
                    19,
                ),
                TimeUnit::Millisecond => {
                    let value = array.as_primitive::<TimestampMillisecondType>().value(row);
                    instant(Timestamp::from_millisecond(value), local, 19)
                }
                TimeUnit::Microsecond => {
                    let value = array.as_primitive::<TimestampMicrosecondType>().value(row);
                    instant(Timestamp::from_microsecond(value), local, 19)
                }
                TimeUnit::Nanosecond => {
                    let value = array.as_primitive::<TimestampNanosecondType>().value(row);
                    instant(Timestamp::from_nanosecond(value.into()), local, 19)
                }
            }
        }
        DataType::List(_) => list(&array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row)),
        DataType::Struct(fields) => {
            let members = fields.iter().zip(array.as_struct().columns());
            let members =
                members.map(|(field, column)| (field.name().clone(), value(column, row, depth + 1)));
            Value::Object(members.filter(|(_, value)| !value.is_null()).collect())
        }
        _ => Value::Null,
    }
}

/// The ISO 8601 form of an instant, cut to `digits` characters where its zone is not known.
fn instant(at: Result<Timestamp, jiff::Error>, local: bool, digits: usize) -> Value {
    let Ok(at) = at else { return Value::Null };
    let text = at.to_string();
    if local { text.get(..digits).map_or(Value::Null, Value::from) } else { text.into() }
}

impl Reader for Rows {
    fn entry(&mut self) -> io::Result<Option<Entry>> {
        loop {
            if let Some(batch) = &self.batch
                && self.at < batch.num_rows()
            {
                let raw = self.row(batch);
                self.at += 1;
                self.record += 1;
                return Ok(Some((Some(self.record), raw)));
            }
            let reader = &mut self.reader;
            match guarded(|| reader.next().transpose().map_err(|error| error.to_string()))? {
                Some(batch) => {
                    self.batch = Some(batch);
                    self.at = 0;
                }
                None => return Ok(None),
            }
        }
    }
}
