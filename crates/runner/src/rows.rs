//! Rows of tables as the store keeps them: JSON, compressed with a sample of the table's rows as the dictionary, since rows of
//! a table have their names and much else in common, and are too short to tell it by themselves.

use std::collections::BTreeMap;

use annals_store::{Read, Space, Write};
use serde_json::{Map, Value};

use crate::error::RunError;

/// Start of the Meta keys of the samples.
const SAMPLE: &str = "sample/";
/// Level of compression.
const LEVEL: i32 = 3;
/// Bytes of a row at the most.
const MOST_BYTES: usize = 1 << 28;

/// Puts rows together for the store.
#[derive(Default)]
pub(crate) struct RowPacker {
    packers: BTreeMap<String, zstd::bulk::Compressor<'static>>,
    /// Samples that the store does not have yet.
    new: Vec<(Vec<u8>, Vec<u8>)>,
}

impl RowPacker {
    /// Appends a row to `out`. The first row that a table ever has becomes its sample.
    pub(crate) fn append(
        &mut self,
        read: &Read,
        table: &str,
        row: &Map<String, Value>,
        out: &mut Vec<u8>,
    ) -> Result<(), RunError> {
        let json = serde_json::to_vec(row).expect("a row holds nothing that JSON cannot");
        if !self.packers.contains_key(table) {
            let key = format!("{SAMPLE}{table}").into_bytes();
            let known = read.get(Space::Meta, &key)?;
            let sample = known.as_ref().unwrap_or(&json);
            let packer = zstd::bulk::Compressor::with_dictionary(LEVEL, sample).map_err(failed)?;
            self.packers.insert(table.to_owned(), packer);
            if known.is_none() {
                self.new.push((key, json.clone()));
            }
        }
        let packer = self.packers.get_mut(table).expect("it was made above");
        out.extend(packer.compress(&json).map_err(failed)?);
        Ok(())
    }

    /// Keeps the samples, without which the rows cannot be read.
    pub(crate) fn remember(&self, write: &mut Write) -> Result<(), RunError> {
        self.new.iter().try_for_each(|(key, sample)| Ok(write.put(Space::Meta, key, sample)?))
    }
}

fn failed(error: std::io::Error) -> RunError {
    RunError::Other(format!("failed to compress a row for the state: {error}"))
}

/// Takes rows of the store apart again.
pub(crate) struct RowReader {
    samples: BTreeMap<String, Vec<u8>>,
    unpackers: BTreeMap<String, zstd::bulk::Decompressor<'static>>,
}

impl RowReader {
    pub(crate) fn new(read: &Read) -> Result<Self, RunError> {
        let mut samples = BTreeMap::new();
        read.space(Space::Meta)?.scan::<RunError>(SAMPLE.as_bytes(), |key, sample| {
            let table = String::from_utf8_lossy(&key[SAMPLE.len()..]).into_owned();
            samples.insert(table, sample.to_vec());
            Ok(true)
        })?;
        Ok(Self { samples, unpackers: BTreeMap::new() })
    }

    /// A row; an empty one if it cannot be read. In states of format 2 and before rows are plain JSON.
    pub(crate) fn row(&mut self, table: &str, value: &[u8]) -> Map<String, Value> {
        let row = if value.starts_with(b"{") { Some(value.to_vec()) } else { self.unpack(table, value) };
        row.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }

    fn unpack(&mut self, table: &str, value: &[u8]) -> Option<Vec<u8>> {
        if !self.unpackers.contains_key(table) {
            let unpacker = zstd::bulk::Decompressor::with_dictionary(self.samples.get(table)?).ok()?;
            self.unpackers.insert(table.to_owned(), unpacker);
        }
        let length = zstd::zstd_safe::get_frame_content_size(value).ok()??;
        let length = usize::try_from(length).ok().filter(|&length| length <= MOST_BYTES)?;
        self.unpackers.get_mut(table)?.decompress(value, length).ok()
    }
}

#[cfg(test)]
mod tests {
    use annals_store::Store;
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_survive_their_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), 1 << 20).unwrap();
        let row = |number: u32| {
            let row = json!({"event_id": format!("e{number}"), "reasons": "same day; same place", "points": number});
            row.as_object().unwrap().clone()
        };
        let mut values = Vec::new();
        // Two runs: the sample of the first serves the second.
        for numbers in [0..3, 3..6] {
            let mut packer = RowPacker::default();
            let read = store.read().unwrap();
            for number in numbers {
                let mut value = Vec::new();
                packer.append(&read, "links", &row(number), &mut value).unwrap();
                values.push(value);
            }
            let mut write = store.write().unwrap();
            packer.remember(&mut write).unwrap();
            write.commit().unwrap();
        }
        let mut reader = RowReader::new(&store.read().unwrap()).unwrap();
        for (number, value) in (0..).zip(&values) {
            assert_eq!(reader.row("links", value), row(number));
            assert!(value.len() < 40, "{} bytes", value.len());
        }
        assert_eq!(reader.row("links", &serde_json::to_vec(&row(7)).unwrap()), row(7), "as format 2 has it");
        assert!(reader.row("events", &values[0]).is_empty());
        assert!(reader.row("links", b"no row").is_empty());
    }
}
