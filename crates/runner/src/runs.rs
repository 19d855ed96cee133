//! Runs of rows: what is the same in a whole run as it was need not be compared row by row.

use std::cmp::Ordering;
use std::ops::{Bound, Range};

use annals_store::{Read, Space, Write};
use serde::{Deserialize, Serialize};

use crate::error::RunError;
use crate::state::{decode, encode};

/// Meta key of the runs of all rows that the store keeps.
const RUNS: &[u8] = b"runs";
/// A run ends behind an event one of whose rows has a digest that is one of so many, or after so many rows.
const ONE_OF_ROWS: u64 = 16;
const MOST_ROWS: usize = 64;

/// Rows that follow each other.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    /// Digest of the digests of its rows.
    digest: [u8; 16],
    /// Key of its last row.
    end: Vec<u8>,
    rows: usize,
}

/// The runs that rows make.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Runs(Vec<Run>);

/// A part in which rows differ from those that are kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// The rows, by their places.
    pub(crate) rows: Range<usize>,
    /// Where the kept rows lie, if there are any.
    pub(crate) kept: Option<Keys>,
}

/// Keys after one and up to another.
pub(crate) type Keys = (Bound<Vec<u8>>, Bound<Vec<u8>>);

impl Runs {
    /// Reads those that were remembered. A list that cannot be read only has to be made again.
    pub(crate) fn read(read: &Read) -> Result<Option<Self>, RunError> {
        Ok(read.get(Space::Meta, RUNS)?.and_then(|runs| decode(&runs).ok()))
    }

    /// Keeps them; in the transaction that keeps the rows.
    pub(crate) fn remember(&self, write: &mut Write) -> Result<(), RunError> {
        Ok(write.put(Space::Meta, RUNS, &encode(self))?)
    }

    /// Starts with no rows.
    pub(crate) fn collect() -> Collector {
        Collector { runs: Self::default(), digests: blake3::Hasher::new(), rows: 0, told: false }
    }

    /// The parts in which these differ from those of before, in the order of the rows. Digests tell rows with all that their
    /// keys are made of; so runs that end at one key and have one digest are the same from end to end.
    pub(crate) fn stretches(&self, before: &Self) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        let (mut now, mut old) = (self.0.iter().peekable(), before.0.iter().peekable());
        // The first row of the stretch, and the row that comes next; the kept rows.
        let (mut from, mut at) = (0, 0);
        let (mut after, mut last): (Bound<&[u8]>, Option<&[u8]>) = (Bound::Unbounded, None);
        loop {
            let order = match (now.peek(), old.peek()) {
                (Some(run), Some(was)) => run.end.cmp(&was.end),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let run = now.next_if(|_| order.is_le());
            let was = old.next_if(|_| order.is_ge());
            match (run, was) {
                (Some(run), Some(was)) if run.digest == was.digest => {
                    stretches.extend(stretch(from..at, after, last.take()));
                    at += run.rows;
                    from = at;
                    after = Bound::Excluded(&run.end);
                }
                (run, was) => {
                    at += run.map_or(0, |run| run.rows);
                    last = was.map(|was| &was.end[..]).or(last);
                }
            }
        }
        stretches.extend(stretch(from..at, after, last));
        stretches
    }
}

fn stretch(rows: Range<usize>, after: Bound<&[u8]>, last: Option<&[u8]>) -> Option<Stretch> {
    let kept = last.map(|last| (after.map(<[u8]>::to_vec), Bound::Included(last.to_vec())));
    (!rows.is_empty() || kept.is_some()).then_some(Stretch { rows, kept })
}

/// Makes runs of rows as they come in the order of their keys.
pub(crate) struct Collector {
    runs: Runs,
    digests: blake3::Hasher,
    rows: usize,
    told: bool,
}

impl Collector {
    /// Takes the next row. Its key is asked for where a run ends, which must be behind the last row of an event: the keys of
    /// its others depend on how many there are.
    pub(crate) fn push(&mut self, digest: &[u8; 16], is_last: bool, key: impl FnOnce() -> Vec<u8>) {
        self.digests.update(digest);
        self.rows += 1;
        let telling = u64::from_le_bytes([8, 9, 10, 11, 12, 13, 14, 15].map(|at| digest[at]));
        self.told |= telling % ONE_OF_ROWS == 0;
        if is_last && (self.told || self.rows >= MOST_ROWS) {
            self.end(key());
        }
    }

    fn end(&mut self, end: Vec<u8>) {
        let mut digest = [0; 16];
        digest.copy_from_slice(&self.digests.finalize().as_bytes()[..16]);
        self.digests.reset();
        self.runs.0.push(Run { digest, end, rows: std::mem::take(&mut self.rows) });
        self.told = false;
    }

    /// The runs, with the key of the last of all rows.
    pub(crate) fn finish(mut self, last: Option<Vec<u8>>) -> Runs {
        if let Some(last) = last.filter(|_| self.rows > 0) {
            self.end(last);
        }
        self.runs
    }
}
