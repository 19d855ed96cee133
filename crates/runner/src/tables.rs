//! Tables as the stages give them, and what the last run left of them.

use std::collections::BTreeMap;

use annals_output::LastSet;
use annals_store::{Read, Space, Write};
use arrow_array::RecordBatch;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::error::RunError;
use crate::state::{decode, encode};

/// As [`annals_output::digests`] gives them of rows; of a part, a digest of all that its rows depend on.
pub(crate) type Digest = [u8; 16];

/// What corpus passes found besides verdicts.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) rows: BTreeMap<String, Vec<Given>>,
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Tables {
    pub(crate) fn give(&mut self, table: &str, given: Given) {
        self.rows.entry(table.to_owned()).or_default().push(given);
    }

    /// The rows of a table, as far as they were given.
    pub(crate) fn rows_of(&self, table: &str) -> Vec<RecordBatch> {
        self.rows.get(table).into_iter().flatten().filter_map(Given::rows).cloned().collect()
    }
}

/// What a stage gave of a table at a time.
#[derive(Debug)]
pub(crate) enum Given {
    Rows(RecordBatch),
    /// A part; without rows, it is as the last run left it.
    Part(Digest, Option<RecordBatch>),
}

impl Given {
    pub(crate) fn rows(&self) -> Option<&RecordBatch> {
        match self {
            Self::Rows(rows) | Self::Part(_, Some(rows)) => Some(rows),
            Self::Part(_, None) => None,
        }
    }
}

/// A stretch of a table of which all rows on some events are known by one digest: a part as a stage gave it, or a run of rows.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Portion {
    pub(crate) digest: Digest,
    /// The events, in order.
    pub(crate) events: Vec<String>,
}

/// The portions of the rows that speak of events, by table.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Portions(pub(crate) BTreeMap<String, Vec<Portion>>);

/// Meta key of the portions of the rows that the store keeps.
const PORTIONS: &[u8] = b"portions";

impl Portions {
    /// Reads those that were remembered. A list that cannot be read only has to be made again.
    pub(crate) fn read(read: &Read) -> Result<Option<Self>, RunError> {
        Ok(read.get(Space::Meta, PORTIONS)?.and_then(|portions| decode(&portions).ok()))
    }

    /// Keeps them; in the transaction that keeps the rows.
    pub(crate) fn remember(&self, write: &mut Write) -> Result<(), RunError> {
        Ok(write.put(Space::Meta, PORTIONS, &encode(self))?)
    }
}

/// The parts of tables that both the files and the store have of the last run.
#[derive(Default)]
pub(crate) struct Held(BTreeMap<String, FxHashSet<Digest>>);

impl Held {
    pub(crate) fn new(last: &LastSet, read: &Read) -> Result<Self, RunError> {
        let portions = Portions::read(read)?.unwrap_or_default();
        let tables = portions.0.into_iter().map(|(table, portions)| {
            let digests = portions.iter().map(|portion| portion.digest);
            let held = digests.filter(|digest| last.holds(&table, digest)).collect();
            (table, held)
        });
        Ok(Self(tables.collect()))
    }

    pub(crate) fn has(&self, table: &str, part: &Digest) -> bool {
        self.0.get(table).is_some_and(|held| held.contains(part))
    }
}
