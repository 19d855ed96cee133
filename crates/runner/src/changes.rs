//! What a run did to the events, told against the last run.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use annals_store::{Read, ReadSpace, Space, Write};
use arrow_array::cast::AsArray as _;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use crate::error::RunError;
use crate::rows::{RowPacker, RowReader};
use crate::state::digest;
use crate::tables::{Digest, Given, Portion, Portions};

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
    portions: Option<Portions>,
}

type Events = BTreeMap<String, Map<String, Value>>;

/// A row that speaks of an event.
#[derive(Clone, Copy)]
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
    /// Its key in the store.
    fn key(&self) -> Vec<u8> {
        let mut key = rows_prefix(self.table, self.event_id);
        if self.table != EVENTS {
            key.extend_from_slice(&self.number.to_be_bytes());
        }
        key
    }
}

/// Bytes of the digest before each stored row, by which a row that has not changed is known without reading it.
const DIGEST: usize = size_of::<Digest>();

/// Digests of the rows of each batch of each table; those of parts are left out.
pub(crate) type Digests<'t> = BTreeMap<&'t str, Vec<Vec<Digest>>>;

impl<'t> Changes<'t> {
    /// Compares the rows that speak of events with those that [`Kept::remember`] kept.
    pub(crate) fn since_last_run(
        read: &Read,
        tables: &'t BTreeMap<String, Vec<Given>>,
        digests: &Digests<'t>,
    ) -> Result<Self, RunError> {
        let Portions(mut known) = match Portions::read(read)? {
            Some(known) => known,
            None => all_kept(read)?,
        };
        let mut comparing = Comparing::new(read)?;
        let mut portions = Portions::default();
        let mut is_new = false;
        for (table, given) in tables {
            let last = known.remove(table).unwrap_or_default();
            let NewRows { portions: own, rows, gone, differ } =
                NewRows::of(table, given, digests.get(table.as_str()).map_or(&[], Vec::as_slice), last)?;
            is_new |= differ;
            comparing.table(table, rows, gone)?;
            portions.0.insert(table.clone(), own);
        }
        for (table, last) in known {
            is_new = true;
            let gone = last.into_iter().flat_map(|portion| portion.events).collect();
            comparing.table(&table, Vec::new(), gone)?;
        }
        let Comparing { before, now, put, gone, .. } = comparing;
        let list = compare(&before, &now);
        Ok(Self { list, put, gone, portions: is_new.then_some(portions) })
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
        let mut kept = Kept { gone: self.gone, portions: self.portions, ..Kept::default() };
        for row in &self.put {
            let from = kept.values.len();
            kept.values.extend_from_slice(&row.digest);
            let told = annals_output::row(row.batch, row.at)?;
            kept.packer.append(read, row.table, &told, &mut kept.values)?;
            kept.put.push((row.key(), from..kept.values.len()));
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
    portions: Option<Portions>,
    packer: RowPacker,
}

impl Kept {
    /// Puts the rows to the store.
    pub(crate) fn remember(&self, write: &mut Write) -> Result<(), RunError> {
        let Some(portions) = &self.portions else { return Ok(()) };
        portions.remember(write)?;
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

/// Rows of a table that are not in a portion of the last run.
struct NewRows<'t> {
    /// All portions, those of the last run among them.
    portions: Vec<Portion>,
    /// By event; those of one event in their order.
    rows: Vec<Row<'t>>,
    /// Events of portions that are no more.
    gone: BTreeSet<String>,
    /// Whether the portions are others than those of the last run; they may be without any row that speaks of an event.
    differ: bool,
}

/// Rows that come without parts make a portion behind an event one of whose rows has a digest that is one of so many, or
/// after so many rows.
const ONE_OF_ROWS: u64 = 16;
const MOST_ROWS: usize = 64;

impl<'t> NewRows<'t> {
    fn of(
        table: &'t str,
        given: &'t [Given],
        digests: &[Vec<Digest>],
        last: Vec<Portion>,
    ) -> Result<Self, RunError> {
        let mut known: FxHashMap<Digest, Vec<String>> =
            last.into_iter().map(|portion| (portion.digest, portion.events)).collect();
        let mut new = Self { portions: Vec::new(), rows: Vec::new(), gone: BTreeSet::new(), differ: false };
        let (mut loose, mut digests) = (Vec::new(), digests.iter());
        for given in given {
            let (digest, batch) = match given {
                Given::Rows(batch) => {
                    loose.extend(rows(table, batch, digests.next().map_or(&[], Vec::as_slice)));
                    continue;
                }
                Given::Part(digest, batch) => (*digest, batch),
            };
            let events = match (known.remove(&digest), batch) {
                (Some(events), _) => events,
                (None, Some(batch)) => {
                    new.differ = true;
                    let first = new.rows.len();
                    new.rows.extend(rows(table, batch, &annals_output::digests(batch)?));
                    let events: BTreeSet<&str> = new.rows[first..].iter().map(|row| row.event_id).collect();
                    events.into_iter().map(str::to_owned).collect()
                }
                (None, None) => {
                    return Err(RunError::Other(format!(
                        "a part of the table {table} came without its rows"
                    )));
                }
            };
            new.portions.push(Portion { digest, events });
        }
        // Stable, so that the rows of one event stay in their order.
        loose.sort_by_key(|row: &Row<'_>| row.event_id);
        for rows in cut(loose) {
            let portion = portion(&rows);
            if known.remove(&portion.digest).is_none() {
                new.differ = true;
                new.rows.extend(rows);
            }
            new.portions.push(portion);
        }
        new.rows.sort_by_key(|row| row.event_id);
        new.differ |= !known.is_empty();
        new.gone = known.into_values().flatten().collect();
        Ok(new)
    }
}

/// The rows of a batch that speak of events.
fn rows<'t>(table: &'t str, batch: &'t RecordBatch, digests: &[Digest]) -> Vec<Row<'t>> {
    let Some(ids) = batch.column_by_name("event_id").and_then(|ids| ids.as_string_opt::<i32>()) else {
        return Vec::new();
    };
    let row = |(at, (event_id, &digest)): (usize, (Option<&'t str>, &Digest))| {
        Some(Row { table, event_id: event_id?, number: 0, digest, batch, at })
    };
    ids.iter().zip(digests).enumerate().filter_map(row).collect()
}

/// Cuts rows that are ordered by event, always between two events.
fn cut(mut rows: Vec<Row<'_>>) -> Vec<Vec<Row<'_>>> {
    let (mut ends, mut start, mut told) = (Vec::new(), 0, false);
    for (at, row) in rows.iter().enumerate() {
        told |= digest_number(&row.digest).is_multiple_of(ONE_OF_ROWS);
        let is_last = rows.get(at + 1).is_none_or(|next| next.event_id != row.event_id);
        if is_last && (told || at + 1 - start >= MOST_ROWS || at + 1 == rows.len()) {
            ends.push(at + 1);
            (start, told) = (at + 1, false);
        }
    }
    ends.pop();
    let mut parts: Vec<Vec<Row<'_>>> = ends.into_iter().rev().map(|end| rows.split_off(end)).collect();
    parts.push(rows);
    parts.reverse();
    parts.retain(|rows| !rows.is_empty());
    parts
}

fn digest_number(digest: &Digest) -> u64 {
    u64::from_le_bytes([8, 9, 10, 11, 12, 13, 14, 15].map(|at| digest[at]))
}

/// Digests of rows tell all that the rows hold, their events too.
fn portion(rows: &[Row<'_>]) -> Portion {
    let digests: Vec<&[u8]> = rows.iter().map(|row| &row.digest[..]).collect();
    let mut events: Vec<String> = rows.iter().map(|row| row.event_id.to_owned()).collect();
    events.dedup();
    Portion { digest: digest(&digests), events }
}

/// The events of all rows that are kept, where no portions are known.
fn all_kept(read: &Read) -> Result<Portions, RunError> {
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    read.space(Space::Tables)?.scan::<RunError>(b"", |key, _| {
        let mut parts = key.split(|&byte| byte == 0).map(|part| String::from_utf8_lossy(part).into_owned());
        if let (Some(table), Some(event)) = (parts.next(), parts.next()) {
            tables.entry(table).or_default().insert(event);
        }
        Ok(true)
    })?;
    let portions = |events: BTreeSet<String>| {
        // The digest of no rows.
        vec![Portion { digest: Digest::default(), events: events.into_iter().collect() }]
    };
    Ok(Portions(tables.into_iter().map(|(table, events)| (table, portions(events))).collect()))
}

/// Compares rows with those that are kept.
struct Comparing<'t> {
    kept: ReadSpace,
    reader: RowReader,
    before: Events,
    now: Events,
    put: Vec<Row<'t>>,
    gone: Vec<Vec<u8>>,
}

impl<'t> Comparing<'t> {
    fn new(read: &Read) -> Result<Self, RunError> {
        let (kept, reader) = (read.space(Space::Tables)?, RowReader::new(read)?);
        let (before, now) = (Events::new(), Events::new());
        Ok(Self { kept, reader, before, now, put: Vec::new(), gone: Vec::new() })
    }

    /// Compares the rows of some events of a table, ordered by event, with those that are kept of the events of portions that are
    /// gone.
    fn table(&mut self, table: &str, rows: Vec<Row<'t>>, mut gone: BTreeSet<String>) -> Result<(), RunError> {
        for mut rows in rows.chunk_by(|a, b| a.event_id == b.event_id) {
            let mut kept = BTreeMap::new();
            if gone.remove(rows[0].event_id) {
                kept = self.kept(table, rows[0].event_id)?;
            }
            if table == EVENTS {
                rows = &rows[..1];
            }
            for (number, row) in (0..).zip(rows) {
                let row = Row { number, ..*row };
                match kept.remove(&row.key()) {
                    Some(value) if value.get(..DIGEST) == Some(&row.digest) => {}
                    Some(value) => {
                        self.was(&row.key(), &value);
                        self.put(row, false)?;
                    }
                    None => self.put(row, true)?,
                }
            }
            kept.into_iter().for_each(|(key, value)| self.is_gone(key, &value));
        }
        for event in gone {
            let kept = self.kept(table, &event)?;
            kept.into_iter().for_each(|(key, value)| self.is_gone(key, &value));
        }
        Ok(())
    }

    fn kept(&self, table: &str, event_id: &str) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, RunError> {
        let mut kept = BTreeMap::new();
        self.kept.scan::<RunError>(&rows_prefix(table, event_id), |key, value| {
            kept.insert(key.to_vec(), value.to_vec());
            Ok(true)
        })?;
        Ok(kept)
    }

    /// Of an event that is only new, its earlier ids are all that is compared.
    fn put(&mut self, row: Row<'t>, is_new: bool) -> Result<(), RunError> {
        if row.table == EVENTS {
            let told = if is_new { ids_alone(row.batch) } else { row.batch.clone() };
            self.now.insert(row.event_id.to_owned(), annals_output::row(&told, row.at)?);
        }
        self.put.push(row);
        Ok(())
    }

    fn is_gone(&mut self, key: Vec<u8>, value: &[u8]) {
        self.was(&key, value);
        self.gone.push(key);
    }

    /// Notes what a row of the last run told of an event.
    fn was(&mut self, key: &[u8], value: &[u8]) {
        let events = table_prefix(EVENTS);
        if key.starts_with(&events) {
            self.before.insert(id_of(key, &events), stored_row(&mut self.reader, EVENTS, value));
        }
    }
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

    /// Tables of events, each with some links, as its number of changes makes them; none for those without. Some come in parts,
    /// which are left out where `known` has them.
    fn tables(
        events: &BTreeMap<u16, u8>,
        in_parts: bool,
        known: &mut BTreeSet<Digest>,
    ) -> BTreeMap<String, Vec<Given>> {
        let batch = |columns: [(&str, Vec<String>); 2]| {
            let columns = columns.map(|(name, cells)| (name, Arc::new(StringArray::from(cells)) as ArrayRef));
            RecordBatch::try_from_iter(columns).unwrap()
        };
        let id = |event: &u16| format!("e{:03}", u32::from(*event) * 7 % 1000);
        let mut tables = BTreeMap::new();
        let (mut size, mut parts) = (events.len().max(1), BTreeSet::new());
        if in_parts {
            size = 40;
        }
        let events: Vec<(&u16, &u8)> = events.iter().collect();
        for part in events.chunks(size) {
            let rows = part.iter().map(|(event, state)| (id(event), format!("state {state}")));
            let links = part.iter().flat_map(|(event, state)| {
                (0..*event % 4).map(move |link| (id(event), format!("{link} {}", *state / 2)))
            });
            for (name, second, (first, cells)) in
                [(EVENTS, "state", rows.unzip::<_, _, Vec<_>, Vec<_>>()), ("links", "reasons", links.unzip())]
            {
                let told = format!("{name} {first:?} {cells:?}");
                let rows = batch([("event_id", first), (second, cells)]);
                let given = if in_parts {
                    let digest = digest(&[told.as_bytes()]);
                    parts.insert(digest);
                    Given::Part(digest, (!known.contains(&digest)).then_some(rows))
                } else {
                    Given::Rows(rows)
                };
                tables.entry(name.to_owned()).or_insert_with(Vec::new).push(given);
            }
        }
        *known = parts;
        tables
    }

    /// Tells the changes since the last call, and keeps the rows.
    fn turn(store: &annals_store::Store, tables: &BTreeMap<String, Vec<Given>>) -> (Vec<Change>, usize) {
        let loose = |given: &Given| match given {
            Given::Rows(rows) => Some(annals_output::digests(rows).unwrap()),
            Given::Part(..) => None,
        };
        let digests = tables
            .iter()
            .map(|(name, given)| (name.as_str(), given.iter().filter_map(loose).collect()))
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

    /// Follows a history whose tables come in parts at each turn or not; also against stores that know less.
    fn follow(in_parts: impl Fn(usize) -> bool) {
        let new_store = |dir: &std::path::Path| annals_store::Store::open(dir, 1 << 20).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let store = new_store(dir.path());
        let mut events: BTreeMap<u16, u8> = (0..900).map(|event| (event, 0)).collect();
        let mut random = 1_u64;
        let mut draw = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % below
        };
        let whole = |events: &BTreeMap<u16, u8>| tables(events, false, &mut BTreeSet::new());
        let mut known = BTreeSet::new();
        turn(&store, &tables(&events, in_parts(0), &mut known));
        let all_edits = [0, 1, 1, 3, 0, 12, 200, 2, 900, 5, 5, 5, 30, 1, 0, 2, 2];
        for (at, edits) in (1..).zip(all_edits) {
            let before = events.clone();
            for _ in 0..edits {
                let event = draw(1000) as u16;
                match draw(4) {
                    0 => events.remove(&event),
                    _ => events.insert(event, draw(5) as u8),
                };
            }
            let told = turn(&store, &tables(&events, in_parts(at), &mut known));
            // Against a store whose portions are not known, and one that has never seen anything else.
            let (dir, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let (blind, fresh) = (new_store(dir.path()), new_store(fresh.path()));
            turn(&blind, &whole(&before));
            let mut write = blind.write().unwrap();
            write.space::<_, RunError>(Space::Meta, |meta| Ok(meta.remove(b"portions")?)).unwrap();
            write.commit().unwrap();
            assert_eq!(told, turn(&blind, &whole(&events)), "turn {at}");
            turn(&fresh, &whole(&events));
            assert_eq!(rows_of(&store), rows_of(&fresh), "turn {at}");
        }
    }

    #[test]
    fn runs_of_rows_hide_no_change() {
        follow(|_| false);
    }

    #[test]
    fn parts_hide_no_change() {
        follow(|_| true);
    }

    #[test]
    fn a_table_may_come_in_parts_or_not() {
        follow(|turn| turn % 3 > 0);
    }

    #[test]
    fn what_a_table_that_is_no_more_told_of_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let store = annals_store::Store::open(dir.path(), 1 << 20).unwrap();
        let events: BTreeMap<u16, u8> = (0..90).map(|event| (event, 0)).collect();
        turn(&store, &tables(&events, true, &mut BTreeSet::new()));
        let (told, rows) = turn(&store, &BTreeMap::new());
        assert_eq!((told.len(), rows), (90, 90 + rows_of_links(&events)));
        assert!(told.iter().all(|change| change.change == "withdrawn") && rows_of(&store).is_empty());
    }

    fn rows_of_links(events: &BTreeMap<u16, u8>) -> usize {
        events.keys().map(|event| usize::from(event % 4)).sum()
    }

    #[test]
    fn a_part_without_rows_that_nobody_knows_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = annals_store::Store::open(dir.path(), 1 << 20).unwrap();
        let tables = BTreeMap::from([(EVENTS.to_owned(), vec![Given::Part([1; 16], None)])]);
        let told = Changes::since_last_run(&store.read().unwrap(), &tables, &BTreeMap::new());
        assert!(told.is_err());
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
