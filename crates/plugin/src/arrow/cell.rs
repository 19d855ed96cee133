//! Rust values as Arrow arrays, from the leaves up.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array, Int32Array,
    Int64Array, LargeBinaryArray, LargeStringArray, ListArray, StringArray, StructArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields};
use jiff::civil::Date;
use serde_json::Value;

use super::{ColumnError, Result};
use crate::label::{
    CopyKind, EventType, Modality, Outcome, PublishedBasis, Qualifier, Scope, SourceKind, Status, Victims,
};
use crate::record::{Actor, Claim, Incident, Place, Removed, Source, When};

/// A type that fills an Arrow array, each value of which may be null.
pub(super) trait Column: Sized {
    fn data_type() -> DataType;
    fn encode(values: &[Option<&Self>]) -> Result<ArrayRef>;
    fn decode(array: &dyn Array) -> Result<Vec<Option<Self>>>;
}

/// A field of a record: a [`Column`] that may be null or, without `Option`, may not.
pub(super) trait Cell: Sized {
    type Inner: Column;
    const NULLABLE: bool;
    fn peek(&self) -> Option<&Self::Inner>;
    fn take(value: Option<Self::Inner>) -> Option<Self>;
}

impl<T: Column> Cell for T {
    type Inner = T;
    const NULLABLE: bool = false;
    fn peek(&self) -> Option<&T> {
        Some(self)
    }
    fn take(value: Option<T>) -> Option<Self> {
        value
    }
}

impl<T: Column> Cell for Option<T> {
    type Inner = T;
    const NULLABLE: bool = true;
    fn peek(&self) -> Option<&T> {
        self.as_ref()
    }
    fn take(value: Option<T>) -> Option<Self> {
        Some(value)
    }
}

pub(super) fn field<C: Cell>(name: &str) -> Field {
    Field::new(name, C::Inner::data_type(), C::NULLABLE)
}

fn downcast<'a, A: 'static>(array: &'a dyn Array, wanted: &DataType) -> Result<&'a A> {
    array.as_any().downcast_ref().ok_or_else(|| ColumnError::Type {
        column: String::new(),
        found: array.data_type().to_string(),
        wanted: wanted.to_string(),
    })
}

/// Builds what 32-bit offsets can reach, or says that they cannot.
fn fits(lengths: impl Iterator<Item = usize>) -> Result<usize> {
    let total = lengths.fold(0_usize, usize::saturating_add);
    if i32::try_from(total).is_ok() {
        Ok(total)
    } else {
        Err(ColumnError::TooLarge { column: String::new() })
    }
}

impl Column for String {
    fn data_type() -> DataType {
        DataType::Utf8
    }
    fn encode(values: &[Option<&Self>]) -> Result<ArrayRef> {
        encode_text(values.iter().map(|value| value.map(String::as_str)))
    }
    fn decode(array: &dyn Array) -> Result<Vec<Option<Self>>> {
        if let Some(array) = array.as_any().downcast_ref::<LargeStringArray>() {
            return Ok(array.iter().map(|value| value.map(str::to_owned)).collect());
        }
        let array: &StringArray = downcast(array, &DataType::Utf8)?;
        Ok(array.iter().map(|value| value.map(str::to_owned)).collect())
    }
}

pub(super) fn encode_text<'a>(
    values: impl ExactSizeIterator<Item = Option<&'a str>> + Clone,
) -> Result<ArrayRef> {
    let bytes = fits(values.clone().map(|value| value.map_or(0, str::len)))?;
    let mut builder = StringBuilder::with_capacity(values.len(), bytes);
    values.for_each(|value| builder.append_option(value));
    Ok(Arc::new(builder.finish()))
}

impl Column for Vec<u8> {
    fn data_type() -> DataType {
        DataType::Binary
    }
    fn encode(values: &[Option<&Self>]) -> Result<ArrayRef> {
        let bytes = fits(values.iter().map(|value| value.map_or(0, Vec::len)))?;
        let mut builder = BinaryBuilder::with_capacity(values.len(), bytes);
        values.iter().copied().for_each(|value| builder.append_option(value));
        Ok(Arc::new(builder.finish()))
    }
    fn decode(array: &dyn Array) -> Result<Vec<Option<Self>>> {
        if let Some(array) = array.as_any().downcast_ref::<LargeBinaryArray>() {
            return Ok(array.iter().map(|value| value.map(<[u8]>::to_vec)).collect());
        }
        let array: &BinaryArray = downcast(array, &DataType::Binary)?;
        Ok(array.iter().map(|value| value.map(<[u8]>::to_vec)).collect())
    }
}

/// Plain values: the Rust type, the array that holds it, and the two conversions, each of which may refuse.
macro_rules! plain {
    ($($rust:ty => $array:ty, $data_type:ident, $to:expr, $from:expr;)+) => {$(
        impl Column for $rust {
            fn data_type() -> DataType {
                DataType::$data_type
            }
            fn encode(values: &[Option<&Self>]) -> Result<ArrayRef> {
                let convert = |(row, value): (usize, &Option<&$rust>)| match value {
                    Some(value) => $to(**value).map(Some).ok_or_else(|| ColumnError::value(row, format!("{value} is out of range"))),
                    None => Ok(None),
                };
                Ok(Arc::new(values.iter().enumerate().map(convert).collect::<Result<$array>>()?))
            }
            fn decode(array: &dyn Array) -> Result<Vec<Option<Self>>> {
                let array: &$array = downcast(array, &DataType::$data_type)?;
                let convert = |(row, value)| match value {
                    Some(value) => $from(value).map(Some).ok_or_else(|| ColumnError::value(row, format!("{value} is out of range"))),
                    None => Ok(None),
                };
                array.iter().enumerate().map(convert).collect()
            }
        }
    )+};
}

plain! {
    bool => BooleanArray, Boolean, Some, Some;
    u8 => Int32Array, Int32, |value| Some(i32::from(value)), |value: i32| u8::try_from(value).ok();
    u32 => Int64Array, Int64, |value| Some(i64::from(value)), |value: i64| u32::try_from(value).ok();
    u64 => Int64Array, Int64, |value: u64| i64::try_from(value).ok(), |value: i64| u64::try_from(value).ok();
    f32 => Float32Array, Float32, Some, Some;
    f64 => Float64Array, Float64, Some, Some;
    Date => Date32Array, Date32, days_since_1970, day;
}

const EPOCH: Date = Date::constant(1970, 1, 1);

fn days_since_1970(date: Date) -> Option<i32> {
    i32::try_from(date.duration_since(EPOCH).as_hours() / 24).ok()
}

/// The day that a `Date32` stands for, if it lies in the years that a date may have.
pub(super) fn day(days: i32) -> Option<Date> {
    EPOCH.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

macro_rules! labels {
    ($($name:ty),+ $(,)?) => {$(
        impl Column for $name {
            fn data_type() -> DataType {
                DataType::Utf8
            }
            fn encode(values: &[Option<&Self>]) -> Result<ArrayRef> {
                encode_text(values.iter().map(|value| value.map(|label| label.as_str())))
            }
            fn decode(array: &dyn Array) -> Result<Vec<Option<Self>>> {
                let labels = String::decode(array)?.into_iter().enumerate();
                labels
                    .map(|(row, label)| label.map(|l| l.parse().map_err(|e| ColumnError::value(row, e))).transpose())
                    .collect()
            }
        }
    )+};
}

labels!(
    CopyKind,
    EventType,
    Modality,
    Outcome,
    PublishedBasis,
    Qualifier,
    Scope,
    SourceKind,
    Status,
    Victims,
);

impl Column for BTreeMap<String, Value> {
    fn data_type() -> DataType {
        DataType::Utf8
    }
    fn encode(values: &[Option<&Self>]) -> Result<ArrayRef> {
        let texts: Vec<Option<String>> = values
            .iter()
            .map(|value| {
                value.map(|map| serde_json::to_string(map).expect("keys are text, so it is a JSON object"))
            })
            .collect();
        encode_text(texts.iter().map(Option::as_deref))
    }
    fn decode(array: &dyn Array) -> Result<Vec<Option<Self>>> {
        let texts = String::decode(array)?.into_iter().enumerate();
        texts
            .map(|(row, text)| {
                text.map(|text| serde_json::from_str(&text).map_err(|e| ColumnError::value(row, e)))
                    .transpose()
            })
            .collect()
    }
}

/// What a list may hold.
trait Item: Column {}

impl Item for String {}
impl Item for u32 {}

impl<T: Item> Column for Vec<T> {
    fn data_type() -> DataType {
        DataType::List(Arc::new(Field::new("item", T::data_type(), false)))
    }
    fn encode(values: &[Option<&Self>]) -> Result<ArrayRef> {
        let lengths = values.iter().map(|list| list.map_or(0, Vec::len));
        fits(lengths.clone())?;
        let items: Vec<Option<&T>> = values.iter().copied().flatten().flatten().map(Some).collect();
        let nulls: NullBuffer = values.iter().map(Option::is_some).collect();
        let nulls = Some(nulls).filter(|nulls| nulls.null_count() > 0);
        let field = Arc::new(Field::new("item", T::data_type(), false));
        let list = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), T::encode(&items)?, nulls);
        Ok(Arc::new(list.map_err(|error| ColumnError::Batch(error.to_string()))?))
    }
    fn decode(array: &dyn Array) -> Result<Vec<Option<Self>>> {
        let list: &ListArray = downcast(array, &Self::data_type())?;
        let offsets: Vec<usize> =
            list.value_offsets().iter().map(|&o| usize::try_from(o).unwrap_or(0)).collect();
        let (first, last) = (offsets[0], offsets[list.len()]);
        let mut items = T::decode(&list.values().slice(first, last - first))?.into_iter().enumerate();
        let mut rows = Vec::with_capacity(list.len());
        for row in 0..list.len() {
            let of_row = items.by_ref().take(offsets[row + 1] - offsets[row]);
            if list.is_null(row) {
                of_row.for_each(drop);
                rows.push(None);
                continue;
            }
            let values =
                of_row.map(|(at, item)| item.ok_or_else(|| ColumnError::value(at, "null in a list")));
            rows.push(Some(values.collect::<Result<Vec<T>>>()?));
        }
        Ok(rows)
    }
}

/// Structs: each field of the record is a child of the same name.
macro_rules! records {
    ($($record:ident { $($name:ident: $type:ty),+ $(,)? })+) => {$(
        impl Item for $record {}

        impl Column for $record {
            fn data_type() -> DataType {
                DataType::Struct(Fields::from(vec![$(field::<$type>(stringify!($name))),+]))
            }
            fn encode(values: &[Option<&Self>]) -> Result<ArrayRef> {
                let fields = Fields::from(vec![$(field::<$type>(stringify!($name))),+]);
                let children = vec![$({
                    let cells: Vec<_> =
                        values.iter().map(|value| value.and_then(|v| <$type as Cell>::peek(&v.$name))).collect();
                    <$type as Cell>::Inner::encode(&cells).map_err(|error| error.inside(stringify!($name)))?
                }),+];
                let nulls: NullBuffer = values.iter().map(Option::is_some).collect();
                let nulls = Some(nulls).filter(|nulls| nulls.null_count() > 0);
                let array = StructArray::try_new_with_length(fields, children, nulls, values.len());
                Ok(Arc::new(array.map_err(|error| ColumnError::Batch(error.to_string()))?))
            }
            fn decode(array: &dyn Array) -> Result<Vec<Option<Self>>> {
                let array: &StructArray = downcast(array, &Self::data_type())?;
                $(let mut $name = child::<<$type as Cell>::Inner>(array, stringify!($name), <$type>::NULLABLE)?.into_iter();)+
                (0..array.len())
                    .map(|row| {
                        $(let $name = $name.next().flatten();)+
                        if array.is_null(row) {
                            return Ok(None);
                        }
                        Ok(Some($record {
                            $($name: <$type as Cell>::take($name).ok_or_else(|| {
                                ColumnError::value(row, "null").inside(stringify!($name))
                            })?),+
                        }))
                    })
                    .collect()
            }
        }
    )+};
}

fn child<T: Column>(array: &StructArray, name: &str, optional: bool) -> Result<Vec<Option<T>>> {
    match array.column_by_name(name) {
        Some(column) => T::decode(column).map_err(|error| error.inside(name)),
        None if optional => Ok((0..array.len()).map(|_| None).collect()),
        None => Err(ColumnError::Missing { column: name.to_owned() }),
    }
}

records! {
    Removed { at: u32, reason: String, text: String }
    When { start: Date, end: Date, precision: u8 }
    Place {
        name: String,
        geonames_id: Option<u32>,
        adm_1: Option<String>,
        country: Option<String>,
        latitude: Option<f64>,
        longitude: Option<f64>,
        precision: Option<u8>,
        candidates: Vec<u32>,
    }
    Actor { name: String, id: Option<String> }
    Source { name: String, kind: SourceKind, id: Option<String> }
    Incident {
        incident_id: String,
        main: bool,
        event_type: EventType,
        weapons: Vec<String>,
        when: Option<When>,
        place: Option<Place>,
        perpetrators: Vec<Actor>,
        killed: Option<u64>,
        injured: Option<u64>,
        start: u32,
        end: u32,
        event_id: Option<String>,
    }
    Claim {
        claim_id: String,
        incident: Option<u32>,
        event_id: Option<String>,
        event_type: EventType,
        outcome: Outcome,
        victims: Victims,
        low: Option<u64>,
        high: Option<u64>,
        qualifier: Qualifier,
        scope: Scope,
        modality: Modality,
        when: Option<When>,
        place: Option<Place>,
        perpetrator: Option<Actor>,
        source: Option<Source>,
        part_of: Option<String>,
        quote: String,
        start: u32,
        end: u32,
    }
}
