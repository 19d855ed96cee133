//! What runs a stage behind the door, here or in a process of its own.

use annals_plugin::{Findings, Partials, StageError};
use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

/// The entry points of an open stage. A fault is an error here, whatever it was there.
pub(crate) trait Backend: Send + Sync {
    /// Gives the columns that the stage writes, row by row for the batch.
    fn process(&self, entry: Entry, batch: &RecordBatch) -> Result<Answer, StageError>;
    fn map(&self, batch: &RecordBatch) -> Result<Mapped, StageError>;
    fn merge(&self, key: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError>;
    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError>;
    fn fingerprint(&self) -> &[u8];
}

/// The two entry points that take a batch and give one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Entry {
    Process,
    Apply,
}

/// What [`Backend::process`] gives.
pub(crate) struct Answer {
    pub(crate) columns: RecordBatch,
    pub(crate) rejected: Vec<Reject>,
}

/// What [`Backend::map`] gives.
#[derive(Default)]
pub(crate) struct Mapped {
    pub(crate) partials: Entries,
    pub(crate) rejected: Vec<Reject>,
}

/// A row that the stage takes out of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reject {
    pub(crate) row: u64,
    pub(crate) reason: String,
    pub(crate) detail: String,
}

/// Keys and values with a number each, packed one after the other so that they cross a pipe as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entries(Vec<u8>);

const HEAD: usize = 24;

impl Entries {
    pub(crate) fn push(&mut self, number: u64, key: &[u8], value: &[u8]) {
        for word in [number, key.len() as u64, value.len() as u64] {
            self.0.extend_from_slice(&word.to_le_bytes());
        }
        self.0.extend_from_slice(key);
        self.0.extend_from_slice(value);
    }

    /// Takes over what another process packed; what is cut off at the end is no entry.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &[u8], &[u8])> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let (head, body) = rest.split_at_checked(HEAD)?;
            let word = |at: usize| {
                u64::from_le_bytes(head[at * 8..at * 8 + 8].try_into().expect("a slice of eight bytes"))
            };
            let (key, body) = body.split_at_checked(usize::try_from(word(1)).ok()?)?;
            let (value, body) = body.split_at_checked(usize::try_from(word(2)).ok()?)?;
            rest = body;
            Some((word(0), key, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_out_as_they_went_in_and_a_torn_tail_is_left_out() {
        let mut entries = Entries::default();
        entries.push(3, b"key", b"value");
        entries.push(u64::MAX, b"", b"");
        let all: Vec<_> = entries.iter().collect();
        assert_eq!(all, [(3, &b"key"[..], &b"value"[..]), (u64::MAX, &b""[..], &b""[..])]);
        for cut in 0..entries.as_bytes().len() {
            let torn = Entries::from_bytes(entries.as_bytes()[..cut].to_vec());
            assert!(torn.iter().count() < 2, "cut at {cut}");
        }
    }
}
