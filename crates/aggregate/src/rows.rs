//! Rows of a table that come in the order of the work and leave in their own.

use annals_plugin::{Findings, StageError};
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use arrow_select::interleave::interleave_record_batch;

/// Rows handed over at once.
const TABLE_ROWS: usize = 8192;

/// Rows kept as record batches, which are a fraction of the size of what they were made from.
pub(crate) struct Rows<K> {
    batches: Vec<RecordBatch>,
    /// Of each run of rows with one key: the key, the batch, the first row in it and their number.
    runs: Vec<(K, usize, usize, usize)>,
    /// Rows announced for the batch to come.
    expected: usize,
}

impl<K> Default for Rows<K> {
    fn default() -> Self {
        Self { batches: Vec::new(), runs: Vec::new(), expected: 0 }
    }
}

impl<K: Ord> Rows<K> {
    /// Says that the next `count` rows of the batch to come stand at `key`.
    pub(crate) fn expect(&mut self, key: K, count: usize) {
        if count > 0 {
            self.runs.push((key, self.batches.len(), self.expected, count));
            self.expected += count;
        }
    }

    /// Takes the rows that were announced.
    pub(crate) fn add(&mut self, batch: RecordBatch) {
        debug_assert_eq!(batch.num_rows(), self.expected, "every row has a key");
        self.batches.push(batch);
        self.expected = 0;
    }

    /// Gives all rows in order of their keys; of a table without any, `empty`.
    pub(crate) fn hand_over(
        mut self,
        name: &str,
        empty: RecordBatch,
        out: &mut dyn Findings,
    ) -> Result<(), StageError> {
        self.runs.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let places: Vec<(usize, usize)> = self
            .runs
            .iter()
            .flat_map(|&(_, batch, first, count)| (first..first + count).map(move |row| (batch, row)))
            .collect();
        if places.is_empty() {
            out.table(name, empty);
            return Ok(());
        }
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        for part in places.chunks(TABLE_ROWS) {
            let rows = interleave_record_batch(&batches, part)
                .map_err(|error: ArrowError| StageError::new("rows_not_sorted", error.to_string()))?;
            out.table(name, rows);
        }
        Ok(())
    }
}
