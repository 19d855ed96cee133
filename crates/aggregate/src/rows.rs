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

    /// Takes rows of an earlier run, before all others.
    pub(crate) fn keep(&mut self, batches: Vec<RecordBatch>) {
        debug_assert!(self.batches.is_empty(), "kept rows come first");
        self.batches = batches;
    }

    /// What `of` tells of a row of a batch that is here already.
    pub(crate) fn row<T>(&self, (batch, row): (usize, usize), of: impl Fn(&RecordBatch, usize) -> T) -> T {
        of(&self.batches[batch], row)
    }

    /// Says that a row of a batch that is here already stands at `key`.
    pub(crate) fn place(&mut self, key: K, (batch, row): (usize, usize)) {
        self.runs.push((key, batch, row, 1));
    }

    /// Takes the rows that were announced.
    pub(crate) fn add(&mut self, batch: RecordBatch) {
        debug_assert_eq!(batch.num_rows(), self.expected, "every row has a key");
        self.batches.push(batch);
        self.expected = 0;
    }

    /// Gives all rows in order of their keys; of a table without any, `empty`. Returns the keys and the rows.
    pub(crate) fn hand_over(
        mut self,
        name: &str,
        empty: RecordBatch,
        out: &mut dyn Findings,
    ) -> Result<(Vec<K>, Vec<RecordBatch>), StageError> {
        self.runs.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let places: Vec<(usize, usize)> = self
            .runs
            .iter()
            .flat_map(|&(_, batch, first, count)| (first..first + count).map(move |row| (batch, row)))
            .collect();
        if places.is_empty() {
            out.table(name, empty);
            return Ok((Vec::new(), Vec::new()));
        }
        let mut all = Vec::new();
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        for part in places.chunks(TABLE_ROWS) {
            let rows = interleave_record_batch(&batches, part)
                .map_err(|error: ArrowError| StageError::new("rows_not_sorted", error.to_string()))?;
            out.table(name, rows.clone());
            all.push(rows);
        }
        Ok((self.runs.into_iter().map(|(key, ..)| key).collect(), all))
    }
}
