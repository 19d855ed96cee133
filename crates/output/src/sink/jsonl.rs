//! JSON lines: one object a row, every column a key in the order of the table, `null` where nothing is known.

use arrow_array::RecordBatch;

use super::{NewFile, Sink};
use crate::OutputError;
use crate::cell::write_members;

pub(crate) struct Jsonl {
    file: NewFile,
    line: Vec<u8>,
}

impl Jsonl {
    pub(crate) fn new(file: NewFile) -> Self {
        Self { file, line: Vec::new() }
    }
}

impl Sink for Jsonl {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), OutputError> {
        for row in 0..batch.num_rows() {
            self.line.clear();
            self.line.push(b'{');
            write_members(batch, row, &mut self.line);
            self.line.extend_from_slice(b"}\n");
            self.file.put(&self.line)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<u64, OutputError> {
        self.file.finish()
    }
}
