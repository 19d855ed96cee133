//! Attributes as columns: JSON text on the way out, any plain type on the way in.

use std::collections::HashMap;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Float32Array, Float64Array, Int8Array, Int16Array,
    Int32Array, Int64Array, ListArray, StructArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field};
use serde_json::Value;

use super::cell::{Column, day, encode_text};
use super::{ColumnError, Result};

const EXTENSION: &str = "arrow.json";

/// Deeper nesting is refused: nothing that a table shows needs it.
const MAX_DEPTH: usize = 16;

pub(super) fn field(name: &str) -> Field {
    let metadata = HashMap::from([(EXTENSION_TYPE_NAME_KEY.to_owned(), EXTENSION.to_owned())]);
    Field::new(name, DataType::Utf8, true).with_metadata(metadata)
}

pub(super) fn encode(values: &[Option<&Value>]) -> Result<ArrayRef> {
    let texts: Vec<Option<String>> = values.iter().map(|value| value.map(Value::to_string)).collect();
    encode_text(texts.iter().map(Option::as_deref))
}

pub(super) fn decode(array: &dyn Array, field: &Field) -> Result<Vec<Option<Value>>> {
    if field.metadata().get(EXTENSION_TYPE_NAME_KEY).is_some_and(|name| name == EXTENSION) {
        let texts = String::decode(array)?.into_iter().enumerate();
        return texts
            .map(|(row, text)| {
                text.map(|t| serde_json::from_str(&t).map_err(|e| ColumnError::value(row, e))).transpose()
            })
            .collect();
    }
    plain(array, 0)
}

fn plain(array: &dyn Array, depth: usize) -> Result<Vec<Option<Value>>> {
    macro_rules! primitive {
        ($type:ty) => {
            array
                .as_any()
                .downcast_ref::<$type>()
                .expect("the data type names the array")
                .iter()
                .map(|value| value.map(Value::from))
                .collect()
        };
    }
    Ok(match array.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => {
            String::decode(array)?.into_iter().map(|text| text.map(Value::String)).collect()
        }
        DataType::Boolean => primitive!(BooleanArray),
        DataType::Int8 => primitive!(Int8Array),
        DataType::Int16 => primitive!(Int16Array),
        DataType::Int32 => primitive!(Int32Array),
        DataType::Int64 => primitive!(Int64Array),
        DataType::UInt8 => primitive!(UInt8Array),
        DataType::UInt16 => primitive!(UInt16Array),
        DataType::UInt32 => primitive!(UInt32Array),
        DataType::UInt64 => primitive!(UInt64Array),
        DataType::Float32 => primitive!(Float32Array),
        DataType::Float64 => primitive!(Float64Array),
        DataType::Date32 => {
            let array = array.as_any().downcast_ref::<Date32Array>().expect("the data type names the array");
            let iso = |(row, days): (usize, Option<i32>)| match days {
                Some(days) => match day(days) {
                    Some(date) => Ok(Some(Value::String(date.to_string()))),
                    None => Err(ColumnError::value(row, format!("{days} is out of range"))),
                },
                None => Ok(None),
            };
            array.iter().enumerate().map(iso).collect::<Result<_>>()?
        }
        DataType::List(_) if depth < MAX_DEPTH => {
            let list = array.as_any().downcast_ref::<ListArray>().expect("the data type names the array");
            let offsets = list.value_offsets();
            let (first, last) = (offsets[0] as usize, offsets[list.len()] as usize);
            let mut items = plain(&list.values().slice(first, last - first), depth + 1)?.into_iter();
            offsets
                .windows(2)
                .enumerate()
                .map(|(row, pair)| {
                    let of_row = items.by_ref().take((pair[1] - pair[0]) as usize);
                    let values = of_row.map(Option::unwrap_or_default).collect();
                    list.is_valid(row).then_some(Value::Array(values))
                })
                .collect()
        }
        DataType::Struct(fields) if depth < MAX_DEPTH => {
            let array = array.as_any().downcast_ref::<StructArray>().expect("the data type names the array");
            let mut rows: Vec<_> = (0..array.len()).map(|_| serde_json::Map::new()).collect();
            for (field, column) in fields.iter().zip(array.columns()) {
                for (row, value) in
                    rows.iter_mut().zip(plain(column, depth + 1).map_err(|e| e.inside(field.name()))?)
                {
                    if let Some(value) = value {
                        row.insert(field.name().clone(), value);
                    }
                }
            }
            let valid = |(row, map)| array.is_valid(row).then_some(Value::Object(map));
            rows.into_iter().enumerate().map(valid).collect()
        }
        DataType::Null => vec![None; array.len()],
        other => {
            return Err(ColumnError::Type {
                column: String::new(),
                found: other.to_string(),
                wanted: "text, a number, a boolean, a day, or a list or struct of these".to_owned(),
            });
        }
    })
}
