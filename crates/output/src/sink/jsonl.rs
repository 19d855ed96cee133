//! JSON lines: one object a row, every column a key in the order of the table, `null` where nothing is known.

use arrow_array::RecordBatch;

use super::{Encode, NewFile, Piece, Sink, Span, append_bytes};
use crate::OutputError;
use crate::cell::write_members;

pub(crate) struct Lines;

impl Encode for Lines {
    fn encode(&self, batches: &[RecordBatch]) -> Result<Vec<u8>, OutputError> {
        let mut out = Vec::new();
        for batch in batches {
            for row in 0..batch.num_rows() {
                out.push(b'{');
                write_members(batch, row, &mut out);
                out.extend_from_slice(b"}\n");
            }
        }
        Ok(out)
    }
}

pub(crate) struct Jsonl {
    file: NewFile,
}

impl Jsonl {
    pub(crate) fn new(file: NewFile) -> Self {
        Self { file }
    }
}

impl Sink for Jsonl {
    fn append(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<Span>, OutputError> {
        append_bytes(&mut self.file, pieces)
    }

    fn finish(self: Box<Self>) -> Result<u64, OutputError> {
        self.file.finish()
    }
}
