//! What a run did to the events, told against the last run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use annals_store::{Space, Store};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use serde_json::{Map, Value};

use crate::error::RunError;

/// One row of the `changes` table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    event_id: String,
    change: &'static str,
    field: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

/// The events as they are now, and how they differ from those of the last run.
pub(crate) struct Changes {
    list: Vec<Change>,
    now: BTreeMap<String, Map<String, Value>>,
    /// Rows of the other tables that speak of an event, by their key in the store.
    beside: BTreeMap<Vec<u8>, Map<String, Value>>,
}

type Events = BTreeMap<String, Map<String, Value>>;

impl Changes {
    /// Compares the rows of the `events` table with those that [`Changes::remember`] kept.
    pub(crate) fn since_last_run(
        store: &Store,
        tables: &BTreeMap<String, Vec<RecordBatch>>,
    ) -> Result<Self, RunError> {
        let mut now = Events::new();
        let mut beside = BTreeMap::new();
        for (name, batches) in tables {
            for batch in batches.iter().filter(|batch| batch.schema().column_with_name("event_id").is_some())
            {
                for (index, row) in annals_output::rows(batch)?.into_iter().enumerate() {
                    let Some(Value::String(id)) = row.get("event_id") else { continue };
                    if name == EVENTS {
                        now.insert(id.clone(), row);
                    } else {
                        let mut key = rows_prefix(name, id);
                        key.extend_from_slice(&(index as u64).to_be_bytes());
                        beside.insert(key, row);
                    }
                }
            }
        }
        let mut before = Events::new();
        store.read()?.space(Space::Tables)?.scan::<RunError>(&table_prefix(EVENTS), |_, row| {
            let row: Map<String, Value> = serde_json::from_slice(row).unwrap_or_default();
            if let Some(Value::String(id)) = row.get("event_id") {
                before.insert(id.clone(), row);
            }
            Ok(true)
        })?;
        Ok(Self { list: compare(&before, &now), now, beside })
    }

    /// The `changes` table.
    pub(crate) fn rows(&self) -> Result<RecordBatch, RunError> {
        let text = |get: &dyn Fn(&Change) -> Option<&str>| -> ArrayRef {
            Arc::new(self.list.iter().map(get).collect::<StringArray>())
        };
        let columns = vec![
            text(&|c| Some(&c.event_id)),
            text(&|c| Some(c.change)),
            text(&|c| c.field.as_deref()),
            text(&|c| c.before.as_deref()),
            text(&|c| c.after.as_deref()),
        ];
        let fields: Vec<Field> = ["event_id", "change", "field", "before", "after"]
            .iter()
            .zip(&columns)
            .map(|(name, column)| {
                Field::new(*name, DataType::Utf8, column.null_count() > 0 || *name > "change")
            })
            .collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map_err(|error| RunError::Other(format!("failed to build the changes table: {error}")))
    }

    /// Keeps the rows that speak of events, for the next run to compare with and for people to ask about.
    pub(crate) fn remember(self, store: &Store) -> Result<(), RunError> {
        let mut rows = self.beside;
        rows.extend(self.now.into_iter().map(|(id, row)| (rows_prefix(EVENTS, &id), row)));
        let mut write = store.write()?;
        write.space::<_, RunError>(Space::Tables, |entries| {
            for key in entries.keys(b"")? {
                if !rows.contains_key(&key) {
                    entries.remove(&key)?;
                }
            }
            for (key, row) in &rows {
                let json = serde_json::to_vec(row).expect("a row holds nothing that JSON cannot");
                if entries.get(key)?.as_ref() != Some(&json) {
                    entries.put(key, &json)?;
                }
            }
            Ok(())
        })?;
        write.commit()?;
        Ok(())
    }
}

/// Name of the table whose rows are followed from run to run.
pub(crate) const EVENTS: &str = "events";

fn table_prefix(table: &str) -> Vec<u8> {
    let mut key = table.as_bytes().to_vec();
    key.push(0);
    key
}

/// What the keys of a table's rows on one event start with.
pub(crate) fn rows_prefix(table: &str, event_id: &str) -> Vec<u8> {
    let mut key = table_prefix(table);
    key.extend_from_slice(event_id.as_bytes());
    key.push(0);
    key
}

fn compare(before: &Events, now: &Events) -> Vec<Change> {
    let mut list = Vec::new();
    let previous = |row: &Map<String, Value>| -> BTreeSet<String> {
        let ids = row.get("previous_ids").and_then(Value::as_array);
        ids.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut heirs: BTreeMap<String, &String> = BTreeMap::new();
    for (id, row) in now {
        for old in previous(row) {
            heirs.entry(old).or_insert(id);
        }
    }
    let mut forebears: BTreeMap<String, &String> = BTreeMap::new();
    for (id, row) in before {
        for old in previous(row) {
            forebears.entry(old).or_insert(id);
        }
    }
    let plain = |event_id: &str, change, before: Option<&String>, after: Option<&String>| Change {
        event_id: event_id.to_owned(),
        change,
        field: before.or(after).map(|_| "event_id".to_owned()),
        before: before.cloned(),
        after: after.cloned(),
    };
    for (id, row) in now {
        match before.get(id) {
            None => match forebears.get(id) {
                Some(whole) => list.push(plain(id, "split", Some(whole), Some(id))),
                None => list.push(plain(id, "created", None, None)),
            },
            Some(old) => {
                for (field, value) in row {
                    let was = old.get(field).unwrap_or(&Value::Null);
                    if was != value && field != "event_id" {
                        list.push(Change {
                            event_id: id.clone(),
                            change: "revised",
                            field: Some(field.clone()),
                            before: shown(was),
                            after: shown(value),
                        });
                    }
                }
            }
        }
    }
    for id in before.keys().filter(|id| !now.contains_key(*id)) {
        match heirs.get(id) {
            Some(heir) => list.push(plain(id, "merged", Some(id), Some(heir))),
            None => list.push(plain(id, "withdrawn", None, None)),
        }
    }
    list.sort_unstable();
    list
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn events(rows: &[&Value]) -> Events {
        rows.iter()
            .map(|row| (row["event_id"].as_str().unwrap().to_owned(), row.as_object().unwrap().clone()))
            .collect()
    }

    fn told(before: &[&Value], now: &[&Value]) -> Vec<String> {
        compare(&events(before), &events(now))
            .into_iter()
            .map(|c| format!("{} {} {}", c.event_id, c.change, c.field.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn every_kind_of_change_is_told() {
        let a = json!({"event_id": "a", "previous_ids": [], "killed_best": 3});
        let b = json!({"event_id": "b", "previous_ids": [], "killed_best": 1});
        let more = json!({"event_id": "a", "previous_ids": [], "killed_best": 5});
        let both = json!({"event_id": "a", "previous_ids": ["b"], "killed_best": 3});
        assert_eq!(told(&[], &[&a]), ["a created "]);
        assert_eq!(told(&[&a], &[]), ["a withdrawn "]);
        assert_eq!(told(&[&a], &[&more]), ["a revised killed_best"]);
        assert_eq!(told(&[&a, &b], &[&both]), ["a revised previous_ids", "b merged event_id"]);
        assert_eq!(told(&[&both], &[&a, &b]), ["a revised previous_ids", "b split event_id"]);
    }
}
