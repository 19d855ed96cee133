//! A TOML file as JSON values, with the place in the file of every key and value.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

/// Where a key and its value stand, in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) key: Range<usize>,
    pub(crate) value: Range<usize>,
}

/// A parsed file. Paths are written as `stage[0].threshold`.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) root: Map<String, Value>,
    spans: BTreeMap<String, Span>,
}

impl Document {
    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let table = DeTable::parse(text)?;
        let mut spans = BTreeMap::new();
        let root = table_to_json(table.get_ref(), "", &mut spans);
        Ok(Self { root, spans })
    }

    /// Where the key at `path` stands.
    pub(crate) fn key(&self, path: &str) -> Option<Range<usize>> {
        self.spans.get(path).map(|span| span.key.clone())
    }

    /// Where the value at `path` stands; the nearest level above if it has no place of its own.
    pub(crate) fn value(&self, path: &str) -> Option<Range<usize>> {
        let mut path = path;
        loop {
            if let Some(span) = self.spans.get(path) {
                return Some(span.value.clone());
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn table_to_json(table: &DeTable<'_>, path: &str, spans: &mut BTreeMap<String, Span>) -> Map<String, Value> {
    let mut map = Map::new();
    for (key, value) in table.iter() {
        let path = join(path, key.get_ref());
        spans.insert(path.clone(), Span { key: key.span(), value: value.span() });
        map.insert(key.get_ref().to_string(), value_to_json(value.get_ref(), &path, spans));
    }
    map
}

fn value_to_json(value: &DeValue<'_>, path: &str, spans: &mut BTreeMap<String, Span>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
            .map_or_else(|_| Value::String(digits.as_str().to_owned()), Value::from),
        DeValue::Float(digits) => digits
            .as_str()
            .parse::<f64>()
            .map_or_else(|_| Value::String(digits.as_str().to_owned()), Value::from),
        DeValue::Datetime(moment) => Value::String(moment.to_string()),
        DeValue::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let path = format!("{path}[{index}]");
                spans.insert(path.clone(), Span { key: item.span(), value: item.span() });
                value_to_json(item.get_ref(), &path, spans)
            })
            .collect(),
        DeValue::Table(table) => Value::Object(table_to_json(table, path, spans)),
    }
}
