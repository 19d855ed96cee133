//! The rows of events and of their links, kept and handed over in parts.
//!
//! Where a part ends is told by the digest of its last event, hence by content alone, and it is known by a digest of all that it was
//! made of. So parts that are as they were are not made again, nor even read where the host has them too: of each event a
//! digest and its place in the order are enough.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use annals_plugin::{Findings, Partials, StageError};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ArrowError;
use arrow_select::interleave::interleave_record_batch;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::event;
use crate::events::Events;
use crate::kept::{self, Cut, Memory, digest_of, ends, not_encoded, parts};
use crate::table::{self, events_schema};

/// Kinds of parts of the memory: rows, and digests and order of the same events.
const ROWS: u8 = b'v';
const ORDERS: u8 = b'o';
/// Events of a part.
const EVENTS: Cut = Cut { least: 96, one_of: 64, most: 320 };
/// Parts that are looked at at a time.
const PARTS_AT_A_TIME: usize = 16;

/// Where the row of an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a part of the memory.
    Kept { part: u32, row: u32 },
    /// In a batch that was made now.
    Made { batch: u32, row: u32 },
}

/// An event in the order of the table.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// Of all that the row is made of.
    digest: u64,
    /// Where its key of the order stands.
    order: (usize, usize),
    place: Place,
}

/// The digests and the keys of the events of a part.
#[derive(Debug, Serialize, Deserialize)]
struct KeptOrders<'a> {
    digests: &'a [u8],
    #[serde(borrow)]
    orders: Vec<&'a [u8]>,
}

/// The rows of all events.
#[derive(Default)]
pub(crate) struct Rows {
    /// Digests of the parts of the last run.
    kept: Vec<u64>,
    /// The events of these by their digests.
    known: FxHashMap<u64, Row>,
    /// Keys of the order, end to end.
    orders: Vec<u8>,
    made: Vec<RecordBatch>,
    rows: Vec<Row>,
}

/// Events that follow each other in the table.
struct Part<'a> {
    /// By number.
    events: &'a [usize],
    digest: u64,
    /// Nothing if they have no links.
    links: Option<u64>,
}

impl Rows {
    /// What the last run left; nothing of what cannot be used.
    pub(crate) fn recall(memory: Option<&Memory>, partials: &dyn Partials) -> Result<Self, StageError> {
        let mut rows = Self::default();
        let Some(memory) = memory else { return Ok(rows) };
        let digests = memory.events();
        let kept = parts(partials, ORDERS, digests.iter().copied())?;
        for (digest, bytes) in digests.into_iter().zip(kept) {
            // What cannot be read only has to be made again, so the reason does not matter.
            let kept = bytes.as_deref().and_then(|bytes| postcard::from_bytes::<KeptOrders<'_>>(bytes).ok());
            let Some(KeptOrders { digests, orders }) = kept else { continue };
            let digests = digests.as_chunks::<8>().0;
            if digests.len() != orders.len() {
                continue;
            }
            let part = number(rows.kept.len());
            rows.kept.push(digest);
            for ((row, digest), order) in (0..).zip(digests).zip(orders) {
                let digest = u64::from_le_bytes(*digest);
                let order = rows.key(order);
                rows.known.insert(digest, Row { digest, order, place: Place::Kept { part, row } });
            }
        }
        Ok(rows)
    }

    fn key(&mut self, order: &[u8]) -> (usize, usize) {
        let start = self.orders.len();
        self.orders.extend_from_slice(order);
        (start, self.orders.len())
    }

    /// Whether the row with a digest was made in the last run.
    pub(crate) fn knows(&self, digest: u64) -> bool {
        self.known.contains_key(&digest)
    }

    /// Takes the next events by their digests, with the rows of those that are not known.
    pub(crate) fn add(&mut self, digests: &[u64], made: RecordBatch) {
        let batch = number(self.made.len());
        let mut keys = event::orders(&made).into_iter();
        let mut next = 0;
        for &digest in digests {
            let row = self.known.get(&digest).copied().unwrap_or_else(|| {
                let order = keys.next().expect("every new event has a row");
                let row = Row { digest, order: self.key(&order), place: Place::Made { batch, row: next } };
                next += 1;
                row
            });
            self.rows.push(row);
        }
        self.made.push(made);
    }

    /// Hands all rows over, with the links of the events, and takes down what is to be kept of them. Gives the digests of the
    /// parts.
    pub(crate) fn hand_over(
        mut self,
        events: &Events<'_>,
        partials: &dyn Partials,
        out: &mut dyn Findings,
    ) -> Result<Vec<u64>, StageError> {
        let order = self.in_order(events);
        let digests: Vec<u64> = order.iter().map(|&event| self.rows[event].digest).collect();
        let ends = ends(digests.iter().copied(), EVENTS);
        let starts: Vec<usize> = std::iter::once(0).chain(ends.iter().copied()).collect();
        let all: Vec<Part<'_>> = starts
            .par_iter()
            .zip(&ends)
            .map(|(&start, &end)| Part::new(&order[start..end], &digests[start..end], events))
            .collect();
        let names = |digests: &mut dyn Iterator<Item = u64>| -> Vec<Vec<u8>> {
            digests.map(|digest| digest.to_le_bytes().to_vec()).collect()
        };
        let held = out.holds_parts("events", &names(&mut all.iter().map(|part| part.digest)));
        let held_links = out.holds_parts("links", &names(&mut all.iter().filter_map(|part| part.links)));
        // Parts without rows do not tell the columns.
        if held.first() != Some(&false) {
            out.table("events", table::events(&[]));
        }
        if held_links.first() != Some(&false) {
            out.table("links", table::links(&[]));
        }
        let mut held_links = held_links.into_iter();
        let kept: FxHashSet<u64> = self.kept.iter().copied().collect();
        for (parts, held) in all.chunks(PARTS_AT_A_TIME).zip(held.chunks(PARTS_AT_A_TIME)) {
            let asked = |(part, held): &(&Part<'_>, &bool)| !**held || !kept.contains(&part.digest);
            let asked: Vec<&Part<'_>> = parts.iter().zip(held).filter(asked).map(|(part, _)| part).collect();
            let mut rows = self.rows_of(&asked, events, partials)?.into_iter();
            for (part, &held) in parts.iter().zip(held) {
                let is_kept = kept.contains(&part.digest);
                let rows = (!held || !is_kept).then(|| rows.next().expect("every part has what was asked"));
                let (own, orders) = match &rows {
                    Some(rows) if !is_kept => (Some(to_bytes(rows)?), Some(self.told_orders(part)?)),
                    _ => (None, None),
                };
                out.remember_part(&kept::name(ROWS, part.digest), own);
                out.remember_part(&kept::name(ORDERS, part.digest), orders);
                out.table_part("events", &part.digest.to_le_bytes(), rows.filter(|_| !held));
                if let Some(digest) = part.links {
                    let held = held_links.next().unwrap_or(false);
                    let rows = (!held).then(|| events.links_of(part.events));
                    out.table_part("links", &digest.to_le_bytes(), rows);
                }
            }
        }
        Ok(all.iter().map(|part| part.digest).collect())
    }

    /// The numbers of all events in the order of the table.
    fn in_order(&self, events: &Events<'_>) -> Vec<usize> {
        let key = |event: usize| {
            let (start, end) = self.rows[event].order;
            (&self.orders[start..end], events.id(event))
        };
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.par_sort_unstable_by(|&a, &b| key(a).cmp(&key(b)));
        order
    }

    /// The rows of each of these parts.
    fn rows_of(
        &mut self,
        asked: &[&Part<'_>],
        events: &Events<'_>,
        partials: &dyn Partials,
    ) -> Result<Vec<RecordBatch>, StageError> {
        let of_asked = || asked.iter().flat_map(|part| part.events).copied();
        let kept = of_asked().filter_map(|event| match self.rows[event].place {
            Place::Kept { part, .. } => Some(part),
            Place::Made { .. } => None,
        });
        let mut kept: Vec<u32> = kept.collect();
        kept.sort_unstable();
        kept.dedup();
        let bytes = parts(partials, ROWS, kept.iter().map(|&part| self.kept[part as usize]))?;
        let read = |bytes: Vec<u8>| catch_unwind(AssertUnwindSafe(|| from_bytes(&bytes))).ok().flatten();
        let read: Vec<Option<RecordBatch>> =
            bytes.into_par_iter().map(|bytes| bytes.and_then(read)).collect();
        let read: BTreeMap<u32, RecordBatch> =
            kept.into_iter().zip(read).filter_map(|(part, rows)| Some((part, rows?))).collect();
        // Those that cannot be read are made again.
        let is_lost = |event: &usize| match self.rows[*event].place {
            Place::Kept { part, row } => read.get(&part).is_none_or(|rows| row as usize >= rows.num_rows()),
            Place::Made { .. } => false,
        };
        let lost: Vec<usize> = of_asked().filter(is_lost).collect();
        if !lost.is_empty() {
            let batch = number(self.made.len());
            self.made.push(events.rows_of(&lost, partials)?);
            for (row, event) in (0..).zip(lost) {
                self.rows[event].place = Place::Made { batch, row };
            }
        }
        let mut batches: Vec<&RecordBatch> = self.made.iter().collect();
        let mut places: FxHashMap<u32, usize> = FxHashMap::default();
        for (part, rows) in &read {
            places.insert(*part, batches.len());
            batches.push(rows);
        }
        let place = |&event: &usize| match self.rows[event].place {
            Place::Kept { part, row } => (places[&part], row as usize),
            Place::Made { batch, row } => (batch as usize, row as usize),
        };
        asked
            .par_iter()
            .map(|part| {
                let places: Vec<(usize, usize)> = part.events.iter().map(place).collect();
                interleave_record_batch(&batches, &places)
                    .map_err(|error: ArrowError| StageError::new("rows_not_sorted", error.to_string()))
            })
            .collect()
    }

    fn told_orders(&self, part: &Part<'_>) -> Result<Vec<u8>, StageError> {
        let rows = || part.events.iter().map(|&event| self.rows[event]);
        let digests: Vec<u8> = rows().flat_map(|row| row.digest.to_le_bytes()).collect();
        let orders = rows().map(|row| &self.orders[row.order.0..row.order.1]).collect();
        postcard::to_allocvec(&KeptOrders { digests: &digests, orders }).map_err(not_encoded)
    }
}

impl<'a> Part<'a> {
    fn new(events: &'a [usize], digests: &[u64], all: &Events<'_>) -> Self {
        let digest = digest_of(digests.iter().copied());
        let mut told = vec![digest];
        events.iter().for_each(|&event| all.tell_links(event, &mut told));
        let links = (told.len() > 1).then(|| digest_of(told.into_iter()));
        Self { events, digest, links }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("fewer than 2^32 batches fit in memory")
}

fn to_bytes(rows: &RecordBatch) -> Result<Vec<u8>, StageError> {
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::try_new(&mut bytes, &events_schema()).map_err(not_encoded)?;
    writer.write(rows).and_then(|()| writer.finish()).map_err(not_encoded)?;
    drop(writer);
    Ok(bytes)
}

fn from_bytes(bytes: &[u8]) -> Option<RecordBatch> {
    let mut buffer = Buffer::from(bytes);
    let batch = StreamDecoder::new().decode(&mut buffer).ok()??;
    (batch.schema() == events_schema()).then_some(batch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_from_their_bytes() {
        let empty = table::events(&[]);
        let bytes = to_bytes(&empty).expect("rows have bytes");
        assert_eq!(from_bytes(&bytes), Some(empty));
        assert_eq!(from_bytes(b"no rows at all"), None);
        assert_eq!(from_bytes(&bytes[..bytes.len() / 2]), None);
    }
}
