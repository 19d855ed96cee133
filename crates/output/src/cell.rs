//! One value of a record batch, whatever its column's type.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field};
use jiff::civil::Date;
use serde_json::{Map, Value};

use crate::OutputError;
use crate::schema;

/// A value as the text formats need it.
pub(crate) enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    /// Kept apart, since its shortest decimal form is shorter than that of its double.
    Float32(f32),
    Date(Date),
    Text(&'a str),
    /// JSON text.
    Json(&'a str),
    List(ArrayRef),
}

/// Whether every format can write columns of this type.
pub(crate) fn is_supported(kind: &DataType) -> bool {
    use DataType::*;
    match kind {
        List(item) | LargeList(item) => {
            is_supported(item.data_type()) && !matches!(item.data_type(), List(_) | LargeList(_))
        }
        Boolean | Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 | Float32 | Float64
        | Date32 | Utf8 | LargeUtf8 | Utf8View => true,
        _ => false,
    }
}

/// The value of one row. Types that are not supported are refused before any row is read, so they read as null here.
pub(crate) fn cell<'a>(array: &'a dyn Array, field: &Field, row: usize) -> Cell<'a> {
    if array.is_null(row) {
        return Cell::Null;
    }
    let text = |text| if schema::is_json(field) { Cell::Json(text) } else { Cell::Text(text) };
    match array.data_type() {
        DataType::Boolean => Cell::Bool(array.as_boolean().value(row)),
        DataType::Int8 => Cell::Int(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Cell::Int(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Cell::Int(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Cell::Int(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => Cell::UInt(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Cell::UInt(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Cell::UInt(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => Cell::UInt(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Float32 => Cell::Float32(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => Cell::Float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Date32 => {
            date(array.as_primitive::<Date32Type>().value(row)).map_or(Cell::Null, Cell::Date)
        }
        DataType::Utf8 => text(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => text(array.as_string::<i64>().value(row)),
        DataType::Utf8View => text(array.as_string_view().value(row)),
        DataType::List(_) => Cell::List(array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => Cell::List(array.as_list::<i64>().value(row)),
        _ => Cell::Null,
    }
}

/// The items of a list.
pub(crate) fn items(list: &dyn Array) -> impl Iterator<Item = Cell<'_>> {
    let field = Field::new("item", list.data_type().clone(), true);
    (0..list.len()).map(move |row| cell(list, &field, row))
}

fn date(days: i32) -> Option<Date> {
    const EPOCH: Date = jiff::civil::date(1970, 1, 1);
    EPOCH.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

impl Cell<'_> {
    fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            Self::UInt(value) => (*value).into(),
            Self::Float(value) => (*value).into(),
            Self::Float32(value) => (*value).into(),
            Self::Date(value) => value.to_string().into(),
            Self::Text(value) => (*value).into(),
            Self::Json(value) => serde_json::from_str(value).unwrap_or_else(|_| (*value).into()),
            Self::List(list) => items(list).map(|item| item.to_json()).collect(),
        }
    }

    /// Appends the value as JSON.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(value) => json(out, value),
            Self::Int(value) => json(out, value),
            Self::UInt(value) => json(out, value),
            // What is not a number, JSON cannot say; serde writes null for it.
            Self::Float(value) => json(out, value),
            Self::Float32(value) => json(out, value),
            Self::Date(value) => json(out, &value.to_string()),
            Self::Text(value) => json(out, value),
            Self::Json(value) if is_one_value(value) => out.extend_from_slice(value.as_bytes()),
            Self::Json(value) => json(out, value),
            Self::List(list) => {
                out.push(b'[');
                for (at, item) in items(list).enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    item.write_json(out);
                }
                out.push(b']');
            }
        }
    }
}

/// Whether a text can stand in a line as JSON.
fn is_one_value(text: &str) -> bool {
    !text.contains('\n') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

pub(crate) fn json<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("plain values serialise, and a vector takes every byte");
}

/// Appends `"name":value` for each column of a row, with commas between.
pub(crate) fn write_members(batch: &RecordBatch, row: usize, out: &mut Vec<u8>) {
    for (at, (field, array)) in batch.schema_ref().fields().iter().zip(batch.columns()).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        json(out, field.name());
        out.push(b':');
        cell(array, field, row).write_json(out);
    }
}

/// The rows of a batch as JSON objects; dates are ISO 8601.
///
/// # Errors
/// When a column has a type that no table holds.
pub fn rows(batch: &RecordBatch) -> Result<Vec<Map<String, Value>>, OutputError> {
    check("rows", batch.schema_ref())?;
    let columns = || batch.schema_ref().fields().iter().zip(batch.columns());
    let row = |row: usize| {
        columns().map(|(field, array)| (field.name().clone(), cell(array, field, row).to_json())).collect()
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// Refuses a table with a column that some format cannot hold.
pub(crate) fn check(table: &str, schema: &arrow_schema::Schema) -> Result<(), OutputError> {
    match schema.fields().iter().find(|field| !is_supported(field.data_type())) {
        None => Ok(()),
        Some(field) => Err(OutputError::Schema {
            table: table.to_owned(),
            message: format!(
                "has a column `{}` of type {}, which no table holds",
                field.name(),
                field.data_type()
            ),
        }),
    }
}

/// One row of a batch as a JSON object, without the columns in which it has nothing.
///
/// # Errors
/// When a column has a type that no table holds.
pub fn row(batch: &RecordBatch, row: usize) -> Result<Map<String, Value>, OutputError> {
    check("rows", batch.schema_ref())?;
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    Ok(columns
        .map(|(field, array)| (field.name().clone(), cell(array, field, row).to_json()))
        .filter(|(_, value)| !value.is_null())
        .collect())
}

/// A digest of each row: of the names of its columns and their values.
///
/// # Errors
/// When a column has a type that no table holds.
pub fn digests(batch: &RecordBatch) -> Result<Vec<[u8; 16]>, OutputError> {
    check("rows", batch.schema_ref())?;
    let mut names = blake3::Hasher::new();
    let mut bytes = Vec::new();
    for field in batch.schema_ref().fields() {
        put(&mut bytes, field.name().as_bytes());
    }
    names.update(&bytes);
    let columns: Vec<_> = batch.schema_ref().fields().iter().zip(batch.columns()).collect();
    Ok((0..batch.num_rows())
        .map(|row| {
            bytes.clear();
            for (field, array) in &columns {
                cell(array, field, row).put(&mut bytes);
            }
            let mut digest = [0; 16];
            let whole = names.clone().update(&bytes).finalize();
            digest.copy_from_slice(&whole.as_bytes()[..16]);
            digest
        })
        .collect())
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

impl Cell<'_> {
    /// Appends the value so that no two lists of values give the same bytes.
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(0),
            Self::Bool(value) => out.extend([1, u8::from(*value)]),
            Self::Int(value) => number(out, 2, value.to_le_bytes()),
            Self::UInt(value) => number(out, 3, value.to_le_bytes()),
            Self::Float(value) => number(out, 4, value.to_bits().to_le_bytes()),
            Self::Float32(value) => number(out, 5, u64::from(value.to_bits()).to_le_bytes()),
            Self::Date(value) => {
                out.push(6);
                put(out, value.to_string().as_bytes());
            }
            Self::Text(value) | Self::Json(value) => {
                out.push(7);
                put(out, value.as_bytes());
            }
            Self::List(list) => {
                number(out, 8, (list.len() as u64).to_le_bytes());
                items(list).for_each(|item| item.put(out));
            }
        }
    }
}

fn number(out: &mut Vec<u8>, kind: u8, bytes: [u8; 8]) {
    out.push(kind);
    out.extend_from_slice(&bytes);
}
