//! What is kept from run to run: the rows of the events, each with a digest of all that it was made of.

use std::panic::{AssertUnwindSafe, catch_unwind};

use annals_plugin::{Partials, StageError};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::StreamWriter;
use rustc_hash::FxHashMap;

use crate::table::events_schema;

/// Events as an earlier run left them.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) batches: Vec<RecordBatch>,
    /// Batch and row of each digest.
    places: FxHashMap<u64, (usize, usize)>,
}

impl Kept {
    /// Reads what the last run left; nothing, if that cannot be used.
    pub(crate) fn recall(partials: &dyn Partials) -> Result<Self, StageError> {
        let Some(bytes) = partials.recall()? else { return Ok(Self::default()) };
        // What cannot be read only has to be made again, so the reason does not matter.
        Ok(catch_unwind(AssertUnwindSafe(|| Self::from_bytes(&bytes))).ok().flatten().unwrap_or_default())
    }

    /// Where the row with a digest stands.
    pub(crate) fn find(&self, digest: u64) -> Option<(usize, usize)> {
        self.places.get(&digest).copied()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (count, rest) = bytes.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*count)).ok()?.checked_mul(8)?;
        let (digests, rows) = rest.split_at_checked(length)?;
        let mut digests = digests.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        let mut kept = Self::default();
        let mut buffer = Buffer::from(rows);
        let mut decoder = StreamDecoder::new();
        while let Some(batch) = decoder.decode(&mut buffer).ok()? {
            if batch.schema() != events_schema() {
                return None;
            }
            for row in 0..batch.num_rows() {
                kept.places.insert(digests.next()?, (kept.batches.len(), row));
            }
            kept.batches.push(batch);
        }
        digests.next().is_none().then_some(kept)
    }
}

/// The bytes from which [`Kept::recall`] reads the rows again; `digests` are in the order of the rows.
pub(crate) fn to_bytes(digests: &[u64], batches: &[RecordBatch]) -> Option<Vec<u8>> {
    let mut bytes = (digests.len() as u64).to_le_bytes().to_vec();
    bytes.extend(digests.iter().flat_map(|digest| digest.to_le_bytes()));
    let mut writer = StreamWriter::try_new(&mut bytes, &events_schema()).ok()?;
    batches.iter().try_for_each(|batch| writer.write(batch)).ok()?;
    writer.finish().ok()?;
    drop(writer);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    #[test]
    fn rows_come_back_by_their_digests() {
        let empty = table::events(&[]);
        let bytes = to_bytes(&[], std::slice::from_ref(&empty)).expect("rows have bytes");
        let kept = Kept::from_bytes(&bytes).expect("and come back");
        assert_eq!((kept.batches, kept.places.len()), (vec![empty], 0));
        assert!(Kept::from_bytes(b"no rows at all").is_none());
        let digests_of_no_rows = to_bytes(&[7], &[table::events(&[])]).expect("rows have bytes");
        assert!(Kept::from_bytes(&digests_of_no_rows).is_none());
    }
}
