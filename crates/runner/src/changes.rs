//! What a run did to the events, told against the last run.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, Range};
use std::sync::Arc;

use annals_store::{Read, Space, Write};
use arrow_array::cast::AsArray as _;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use serde_json::{Map, Value};

use crate::error::RunError;
use crate::rows::{RowPacker, RowReader};
use crate::runs::{Runs, Stretch};

/// One row of the `changes` table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    event_id: String,
    change: &'static str,
    field: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

/// How the events differ from those of the last run, and what has to be written for the next run to know them.
pub(crate) struct Changes<'t> {
    list: Vec<Change>,
    /// Rows that are new or other than before.
    put: Vec<Row<'t>>,
    /// Keys of rows that are no more.
    gone: Vec<Vec<u8>>,
    /// All rows, if they are not known to be as before.
    runs: Option<Runs>,
}

type Events = BTreeMap<String, Map<String, Value>>;

/// A row that speaks of an event.
struct Row<'a> {
    table: &'a str,
    event_id: &'a str,
    /// Its number among the rows of its table on this event.
    number: u64,
    digest: Digest,
    batch: &'a RecordBatch,
    at: usize,
}

impl Row<'_> {
    /// Puts its key in the store to `key`.
    fn key(&self, key: &mut Vec<u8>) {
        key.clear();
        for part in [self.table, self.event_id] {
            key.extend_from_slice(part.as_bytes());
            key.push(0);
        }
        if self.table != EVENTS {
            key.extend_from_slice(&self.number.to_be_bytes());
        }
    }
}

/// Rows in the order of their keys, the first of which is known.
struct Rows<'t> {
    first: Option<Row<'t>>,
    key: Vec<u8>,
    rest: std::vec::IntoIter<Row<'t>>,
}

impl<'t> Rows<'t> {
    fn new(rows: Vec<Row<'t>>) -> Self {
        let mut rows = Self { first: None, key: Vec::new(), rest: rows.into_iter() };
        rows.advance();
        rows
    }

    /// The row that was first.
    fn advance(&mut self) -> Option<Row<'t>> {
        let next = self.rest.next();
        next.as_ref().inspect(|row| row.key(&mut self.key));
        std::mem::replace(&mut self.first, next)
    }

    /// The first row, if its key stands in this order to `key`.
    fn next_if(&mut self, order: Ordering, key: &[u8]) -> Option<Row<'t>> {
        if self.first.is_some() && self.key.as_slice().cmp(key) == order { self.advance() } else { None }
    }
}

/// Bytes of the digest before each stored row, by which a row that has not changed is known without reading it.
const DIGEST: usize = 16;

/// As [`annals_output::digests`] gives them.
pub(crate) type Digest = [u8; DIGEST];

impl<'t> Changes<'t> {
    /// Compares the rows that speak of events with those that [`Kept::remember`] kept.
    pub(crate) fn since_last_run(
        read: &Read,
        tables: &'t BTreeMap<String, Vec<RecordBatch>>,
        digests: &BTreeMap<&str, Vec<Vec<Digest>>>,
    ) -> Result<Self, RunError> {
        let rows = rows(tables, digests);
        let runs = runs(&rows);
        let stretches = match Runs::read(read)? {
            Some(known) => runs.stretches(&known),
            // Nothing is known of the rows that are kept.
            None => vec![Stretch { rows: 0..rows.len(), kept: Some((Bound::Unbounded, Bound::Unbounded)) }],
        };
        let mut changes = Self { list: Vec::new(), put: Vec::new(), gone: Vec::new(), runs: None };
        changes.runs = (!stretches.is_empty()).then_some(runs);
        let (mut before, mut now) = (Events::new(), Events::new());
        // Of an event that is only new, its earlier ids are all that is compared.
        let mut put = |row: Row<'t>, is_new: bool| -> Result<(), RunError> {
            if row.table == EVENTS {
                let told = if is_new { ids_alone(row.batch) } else { row.batch.clone() };
                now.insert(row.event_id.to_owned(), annals_output::row(&told, row.at)?);
            }
            changes.put.push(row);
            Ok(())
        };
        let events = table_prefix(EVENTS);
        let mut reader = RowReader::new(read)?;
        let kept = read.space(Space::Tables)?;
        let (mut at, mut all) = (0, rows.into_iter());
        for stretch in stretches {
            all.by_ref().take(stretch.rows.start - at).for_each(drop);
            at = stretch.rows.end;
            let mut rows = Rows::new(all.by_ref().take(stretch.rows.len()).collect());
            if let Some((from, to)) = stretch.kept {
                kept.scan_from::<RunError>(from.as_ref().map(Vec::as_slice), |key, value| {
                    if matches!(&to, Bound::Included(last) if key > last.as_slice()) {
                        return Ok(false);
                    }
                    while let Some(row) = rows.next_if(Ordering::Less, key) {
                        put(row, true)?;
                    }
                    let stays = rows.next_if(Ordering::Equal, key);
                    if let Some(row) = stays {
                        if value.get(..DIGEST) == Some(&row.digest) {
                            return Ok(true);
                        }
                        put(row, false)?;
                    } else {
                        changes.gone.push(key.to_vec());
                    }
                    if key.starts_with(&events) {
                        before.insert(id_of(key, &events), stored_row(&mut reader, EVENTS, value));
                    }
                    Ok(true)
                })?;
            }
            while let Some(row) = rows.advance() {
                put(row, true)?;
            }
        }
        changes.list = compare(&before, &now);
        Ok(changes)
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

    /// Puts together what the next run needs to compare with, and people to ask about.
    pub(crate) fn keep(self, read: &Read) -> Result<Kept, RunError> {
        let mut kept = Kept { gone: self.gone, runs: self.runs, ..Kept::default() };
        for row in &self.put {
            let (mut key, from) = (Vec::new(), kept.values.len());
            row.key(&mut key);
            kept.values.extend_from_slice(&row.digest);
            let told = annals_output::row(row.batch, row.at)?;
            kept.packer.append(read, row.table, &told, &mut kept.values)?;
            kept.put.push((key, from..kept.values.len()));
        }
        Ok(kept)
    }
}

/// The rows that speak of events, as far as they are other than those that the store has.
#[derive(Default)]
pub(crate) struct Kept {
    /// Keys, and where their values are in `values`.
    put: Vec<(Vec<u8>, Range<usize>)>,
    values: Vec<u8>,
    gone: Vec<Vec<u8>>,
    runs: Option<Runs>,
    packer: RowPacker,
}

impl Kept {
    /// Puts the rows to the store.
    pub(crate) fn remember(&self, write: &mut Write) -> Result<(), RunError> {
        let Some(runs) = &self.runs else { return Ok(()) };
        runs.remember(write)?;
        self.packer.remember(write)?;
        write.space::<_, RunError>(Space::Tables, |entries| {
            self.gone.iter().try_for_each(|key| entries.remove(key))?;
            Ok(self.put.iter().try_for_each(|(key, at)| entries.put(key, &self.values[at.clone()]))?)
        })
    }
}

/// The columns of `events` that tell which event a row is, and which ones it took in.
fn ids_alone(batch: &RecordBatch) -> RecordBatch {
    let schema = batch.schema();
    let columns: Vec<usize> =
        ["event_id", "previous_ids"].iter().filter_map(|name| schema.index_of(name).ok()).collect();
    batch.project(&columns).expect("the columns were found in the batch itself")
}

/// All rows that speak of events, in the order of their keys.
fn rows<'t>(
    tables: &'t BTreeMap<String, Vec<RecordBatch>>,
    digests: &BTreeMap<&str, Vec<Vec<Digest>>>,
) -> Vec<Row<'t>> {
    let mut rows: Vec<Row> = Vec::new();
    for (table, batches) in tables {
        let first = rows.len();
        let digests = digests.get(table.as_str()).map_or(&[][..], Vec::as_slice);
        for (batch, digests) in batches.iter().zip(digests) {
            let Some(ids) = batch.column_by_name("event_id").and_then(|ids| ids.as_string_opt::<i32>())
            else {
                continue;
            };
            rows.extend(ids.iter().zip(digests).enumerate().filter_map(|(at, (event_id, &digest))| {
                Some(Row { table, event_id: event_id?, number: 0, digest, batch, at })
            }));
        }
        let own = &mut rows[first..];
        // Stable, so that the rows of one event stay in their order, and get their numbers from it.
        own.sort_by_key(|row| row.event_id);
        for at in 1..own.len() {
            if own[at - 1].event_id == own[at].event_id {
                own[at].number = own[at - 1].number + 1;
            }
        }
    }
    rows.retain(|row| row.table != EVENTS || row.number == 0);
    rows
}

/// The runs that rows make.
fn runs(rows: &[Row<'_>]) -> Runs {
    let key = |row: &Row<'_>| {
        let mut key = Vec::new();
        row.key(&mut key);
        key
    };
    let mut runs = Runs::collect();
    for (at, row) in rows.iter().enumerate() {
        let is_last = rows.get(at + 1).is_none_or(|next| next.number == 0);
        runs.push(&row.digest, is_last, || key(row));
    }
    runs.finish(rows.last().map(key))
}

/// A row as it was kept.
pub(crate) fn stored_row(reader: &mut RowReader, table: &str, value: &[u8]) -> Map<String, Value> {
    value.get(DIGEST..).map(|row| reader.row(table, row)).unwrap_or_default()
}

fn id_of(key: &[u8], prefix: &[u8]) -> String {
    let id = &key[prefix.len()..];
    String::from_utf8_lossy(id.strip_suffix(&[0]).unwrap_or(id)).into_owned()
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

/// Compares the events that are not the same in both. No more is needed: an event that another one took in, or let go, makes
/// the list of `previous_ids` of that one another.
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
                let fields: BTreeSet<&String> = row.keys().chain(old.keys()).collect();
                for field in fields {
                    let value = row.get(field).unwrap_or(&Value::Null);
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

    /// Tables of events, each with some links, as its number of changes makes them; none for those without.
    fn tables(events: &BTreeMap<u16, u8>) -> BTreeMap<String, Vec<RecordBatch>> {
        let batch = |columns: [(&str, Vec<String>); 2]| {
            let columns = columns.map(|(name, cells)| (name, Arc::new(StringArray::from(cells)) as ArrayRef));
            RecordBatch::try_from_iter(columns).unwrap()
        };
        let id = |event: &u16| format!("e{:03}", u32::from(*event) * 7 % 1000);
        let rows = events.iter().map(|(event, state)| (id(event), format!("state {state}")));
        let links = events.iter().flat_map(|(event, state)| {
            (0..*event % 4).map(move |link| (id(event), format!("{link} {}", state / 2)))
        });
        let (events, states) = rows.unzip();
        let (ends, reasons) = links.unzip();
        BTreeMap::from([
            (EVENTS.to_owned(), vec![batch([("event_id", events), ("state", states)])]),
            ("links".to_owned(), vec![batch([("event_id", ends), ("reasons", reasons)])]),
        ])
    }

    /// Tells the changes since the last call, and keeps the rows.
    fn turn(
        store: &annals_store::Store,
        tables: &BTreeMap<String, Vec<RecordBatch>>,
    ) -> (Vec<Change>, usize) {
        let digests = tables
            .iter()
            .map(|(name, batches)| {
                let of_table = batches.iter().map(|batch| annals_output::digests(batch).unwrap());
                (name.as_str(), of_table.collect())
            })
            .collect();
        let read = store.read().unwrap();
        let changes = Changes::since_last_run(&read, tables, &digests).unwrap();
        let list = changes.list.clone();
        let kept = changes.keep(&read).unwrap();
        let mut write = store.write().unwrap();
        kept.remember(&mut write).unwrap();
        write.commit().unwrap();
        (list, kept.put.len() + kept.gone.len())
    }

    fn rows_of(store: &annals_store::Store) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut rows = Vec::new();
        let space = store.read().unwrap().space(Space::Tables).unwrap();
        space
            .scan::<RunError>(b"", |key, value| {
                rows.push((key.to_vec(), value[..DIGEST].to_vec()));
                Ok(true)
            })
            .unwrap();
        rows
    }

    #[test]
    fn runs_of_rows_hide_no_change() {
        let new_store = |dir: &std::path::Path| annals_store::Store::open(dir, 1 << 20).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let store = new_store(dir.path());
        let mut events: BTreeMap<u16, u8> = (0..900).map(|event| (event, 0)).collect();
        let mut random = 1_u64;
        let mut draw = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % below
        };
        turn(&store, &tables(&events));
        for edits in [0, 1, 1, 3, 0, 12, 200, 2, 900, 5, 5, 5, 30, 1] {
            let before = events.clone();
            for _ in 0..edits {
                let event = draw(1000) as u16;
                match draw(4) {
                    0 => events.remove(&event),
                    _ => events.insert(event, draw(5) as u8),
                };
            }
            let told = turn(&store, &tables(&events));
            // Against a store whose runs are not known, and one that has never seen anything else.
            let (dir, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let (blind, fresh) = (new_store(dir.path()), new_store(fresh.path()));
            turn(&blind, &tables(&before));
            let mut write = blind.write().unwrap();
            write.space::<_, RunError>(Space::Meta, |meta| Ok(meta.remove(b"runs")?)).unwrap();
            write.commit().unwrap();
            assert_eq!(told, turn(&blind, &tables(&events)), "{edits} edits");
            turn(&fresh, &tables(&events));
            assert_eq!(rows_of(&store), rows_of(&fresh));
        }
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
