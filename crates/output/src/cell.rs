//! One value of a record batch, whatever its column's type.

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Float32Array, Float64Array, Int8Array, Int16Array,
    Int32Array, Int64Array, LargeListArray, LargeStringArray, ListArray, RecordBatch, StringArray,
    StringViewArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_schema::{DataType, Field};
use jiff::civil::Date;
use serde_json::{Map, Value};

use crate::OutputError;
use crate::{schema, short};

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
    List(Items<'a>),
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

/// The values of a column, whose type is looked at once.
pub(crate) enum Column<'a> {
    Bool(&'a BooleanArray),
    Int8(&'a Int8Array),
    Int16(&'a Int16Array),
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    UInt8(&'a UInt8Array),
    UInt16(&'a UInt16Array),
    UInt32(&'a UInt32Array),
    UInt64(&'a UInt64Array),
    Float32(&'a Float32Array),
    Float64(&'a Float64Array),
    Date(&'a Date32Array),
    Text(&'a StringArray, bool),
    LargeText(&'a LargeStringArray, bool),
    TextView(&'a StringViewArray, bool),
    List(&'a ListArray),
    LargeList(&'a LargeListArray),
    /// Types that are not supported are refused before any row is read, so they read as null.
    Other,
}

impl<'a> Column<'a> {
    pub(crate) fn new(array: &'a dyn Array, field: &Field) -> Self {
        let json = schema::is_json(field);
        Self::plain(array, json)
    }

    fn plain(array: &'a dyn Array, json: bool) -> Self {
        match array.data_type() {
            DataType::Boolean => Self::Bool(array.as_boolean()),
            DataType::Int8 => Self::Int8(array.as_primitive()),
            DataType::Int16 => Self::Int16(array.as_primitive()),
            DataType::Int32 => Self::Int32(array.as_primitive()),
            DataType::Int64 => Self::Int64(array.as_primitive()),
            DataType::UInt8 => Self::UInt8(array.as_primitive()),
            DataType::UInt16 => Self::UInt16(array.as_primitive()),
            DataType::UInt32 => Self::UInt32(array.as_primitive()),
            DataType::UInt64 => Self::UInt64(array.as_primitive()),
            DataType::Float32 => Self::Float32(array.as_primitive()),
            DataType::Float64 => Self::Float64(array.as_primitive()),
            DataType::Date32 => Self::Date(array.as_primitive()),
            DataType::Utf8 => Self::Text(array.as_string(), json),
            DataType::LargeUtf8 => Self::LargeText(array.as_string(), json),
            DataType::Utf8View => Self::TextView(array.as_string_view(), json),
            DataType::List(_) => Self::List(array.as_list()),
            DataType::LargeList(_) => Self::LargeList(array.as_list()),
            _ => Self::Other,
        }
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Bool(array) => array.is_null(row),
            Self::Int8(array) => array.is_null(row),
            Self::Int16(array) => array.is_null(row),
            Self::Int32(array) => array.is_null(row),
            Self::Int64(array) => array.is_null(row),
            Self::UInt8(array) => array.is_null(row),
            Self::UInt16(array) => array.is_null(row),
            Self::UInt32(array) => array.is_null(row),
            Self::UInt64(array) => array.is_null(row),
            Self::Float32(array) => array.is_null(row),
            Self::Float64(array) => array.is_null(row),
            Self::Date(array) => array.is_null(row),
            Self::Text(array, _) => array.is_null(row),
            Self::LargeText(array, _) => array.is_null(row),
            Self::TextView(array, _) => array.is_null(row),
            Self::List(array) => array.is_null(row),
            Self::LargeList(array) => array.is_null(row),
            Self::Other => true,
        }
    }

    /// The value of one row.
    pub(crate) fn cell(&self, row: usize) -> Cell<'a> {
        if self.is_null(row) {
            return Cell::Null;
        }
        let text = |text, json: bool| if json { Cell::Json(text) } else { Cell::Text(text) };
        match *self {
            Self::Bool(array) => Cell::Bool(array.value(row)),
            Self::Int8(array) => Cell::Int(array.value(row).into()),
            Self::Int16(array) => Cell::Int(array.value(row).into()),
            Self::Int32(array) => Cell::Int(array.value(row).into()),
            Self::Int64(array) => Cell::Int(array.value(row)),
            Self::UInt8(array) => Cell::UInt(array.value(row).into()),
            Self::UInt16(array) => Cell::UInt(array.value(row).into()),
            Self::UInt32(array) => Cell::UInt(array.value(row).into()),
            Self::UInt64(array) => Cell::UInt(array.value(row)),
            Self::Float32(array) => Cell::Float32(array.value(row)),
            Self::Float64(array) => Cell::Float(array.value(row)),
            Self::Date(array) => date(array.value(row)).map_or(Cell::Null, Cell::Date),
            Self::Text(array, json) => text(array.value(row), json),
            Self::LargeText(array, json) => text(array.value(row), json),
            Self::TextView(array, json) => text(array.value(row), json),
            Self::List(array) => {
                let ends = array.value_offsets();
                Cell::List(Items { of: array.values(), from: ends[row] as usize, to: ends[row + 1] as usize })
            }
            Self::LargeList(array) => {
                let ends = array.value_offsets();
                Cell::List(Items { of: array.values(), from: ends[row] as usize, to: ends[row + 1] as usize })
            }
            Self::Other => Cell::Null,
        }
    }
}

/// The columns of a batch.
pub(crate) fn columns(batch: &RecordBatch) -> Vec<Column<'_>> {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    columns.map(|(field, array)| Column::new(array, field)).collect()
}

/// The value of one row.
pub(crate) fn cell<'a>(array: &'a dyn Array, field: &Field, row: usize) -> Cell<'a> {
    Column::new(array, field).cell(row)
}

/// Items of a list: some of the values of the column.
#[derive(Clone, Copy)]
pub(crate) struct Items<'a> {
    of: &'a ArrayRef,
    from: usize,
    to: usize,
}

impl Items<'_> {
    fn len(&self) -> usize {
        self.to - self.from
    }
}

/// The items of a list.
pub(crate) fn items(list: Items<'_>) -> impl Iterator<Item = Cell<'_>> {
    let column = Column::plain(list.of, false);
    (list.from..list.to).map(move |row| column.cell(row))
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
            Self::List(list) => items(*list).map(|item| item.to_json()).collect(),
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
                for (at, item) in items(*list).enumerate() {
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
pub(crate) fn rows(batch: &RecordBatch) -> Result<Vec<Map<String, Value>>, OutputError> {
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

/// One row of a batch as a JSON object, without the columns in which it has nothing; dates are ISO 8601.
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
    let mut bytes = Vec::new();
    for field in batch.schema_ref().fields() {
        put(&mut bytes, field.name().as_bytes());
    }
    // The names go in as a key, which costs a row nothing.
    let names = blake3::hash(&bytes);
    let columns = columns(batch);
    Ok((0..batch.num_rows())
        .map(|row| {
            bytes.clear();
            columns.iter().for_each(|column| column.cell(row).put(&mut bytes));
            short(&blake3::keyed_hash(names.as_bytes(), &bytes))
        })
        .collect())
}

/// Appends bytes with their length, so that it shows where they end.
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    length(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Appends a length as base-128 digits, lowest first, all but the last marked.
fn length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
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
            Self::Float32(value) => number(out, 5, value.to_bits().to_le_bytes()),
            Self::Date(value) => {
                let [low, high] = value.year().to_le_bytes();
                number(out, 6, [low, high, value.month() as u8, value.day() as u8]);
            }
            Self::Text(value) | Self::Json(value) => {
                out.push(7);
                put(out, value.as_bytes());
            }
            Self::List(list) => {
                out.push(8);
                length(out, list.len());
                items(*list).for_each(|item| item.put(out));
            }
        }
    }
}

fn number<const N: usize>(out: &mut Vec<u8>, kind: u8, bytes: [u8; N]) {
    out.push(kind);
    out.extend_from_slice(&bytes);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::builder::{ListBuilder, StringBuilder};
    use arrow_array::{ArrayRef, StringArray};

    use super::*;

    fn list(rows: &[&[&str]]) -> ArrayRef {
        let mut builder = ListBuilder::new(StringBuilder::new());
        for row in rows {
            row.iter().for_each(|item| builder.values().append_value(item));
            builder.append(true);
        }
        Arc::new(builder.finish())
    }

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
            .unwrap()
    }

    #[test]
    fn a_row_has_one_digest_in_whatever_batch_it_comes() {
        let rows = batch(vec![
            ("text", Arc::new(StringArray::from(vec![Some("a"), None, Some(""), Some("bcd"), Some("a")]))),
            ("day", Arc::new(Date32Array::from(vec![Some(0), Some(1), None, Some(-1), Some(0)]))),
            ("list", list(&[&["x", "y"], &[], &["xy"], &["x"], &["x", "y"]])),
        ]);
        let whole = digests(&rows).unwrap();
        assert_eq!(whole[0], whole[4]);
        assert_eq!(whole.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
        let parts = [rows.slice(0, 1), rows.slice(1, 3), rows.slice(4, 1)];
        assert_eq!(parts.iter().flat_map(|part| digests(part).unwrap()).collect::<Vec<_>>(), whole);
    }

    #[test]
    fn what_differs_has_another_digest() {
        let text = |name, values: Vec<Option<&str>>| batch(vec![(name, Arc::new(StringArray::from(values)))]);
        let two = |a: &str, b: &str| {
            let cell = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![value])) };
            batch(vec![("a", cell(a)), ("b", cell(b))])
        };
        let long = "x".repeat(200);
        let rows = [
            text("a", vec![Some("x")]),
            text("b", vec![Some("x")]),
            text("a", vec![Some("")]),
            text("a", vec![None]),
            text("a", vec![Some(&long)]),
            text("a", vec![Some(&long[1..])]),
            two("xy", "z"),
            two("x", "yz"),
            batch(vec![("a", list(&[&["x"]]))]),
            batch(vec![("a", list(&[&["x", ""]]))]),
            batch(vec![("a", Arc::new(Int64Array::from(vec![7])))]),
            batch(vec![("a", Arc::new(UInt64Array::from(vec![7])))]),
            batch(vec![("a", Arc::new(Date32Array::from(vec![7])))]),
            batch(vec![("a", Arc::new(Float64Array::from(vec![7.0])))]),
        ];
        let digests: std::collections::BTreeSet<_> =
            rows.iter().flat_map(|row| digests(row).unwrap()).collect();
        assert_eq!(digests.len(), rows.len());
    }
}
