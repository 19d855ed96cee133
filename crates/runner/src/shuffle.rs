//! Brings the partial results of all articles together by key.
//!
//! Memory holds keys and short values. Most values of middle length go to a temporary file and are read back when asked for;
//! the longest stay where they are, in the store.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;

use annals_plugin::stage::Visit;
use annals_plugin::{AnyCorpusStage, StageError};
use annals_store::ReadSpace;

use crate::error::RunError;
use crate::pack::Packer;
use crate::state::bulk_key;

/// Values up to this length, in bytes, stay in memory.
const INLINE: u32 = 48;
/// Longer ones do too as long as the arena has no more than this: a small corpus needs no file, a large one not much memory.
const ARENA: usize = 48 << 20;

/// A key in the arena, and where its value is.
#[derive(Clone, Copy)]
struct Entry {
    /// The first bytes of the key, so that most comparisons need not look into the arena.
    start: u64,
    key_at: u64,
    value_at: u64,
    key_len: u32,
    value_len: u32,
}

/// Marks, in `value_at`, a value that lies in the temporary file.
const SPILLED: u64 = 1 << 63;
/// Marks, in `value_at`, a value that lies in the store, under the key in the arena from there on: its length in two bytes, then
/// itself.
const APART: u64 = 1 << 62;

/// Values that are not in memory.
struct Away<'a> {
    file: File,
    bulk: ReadSpace,
    packer: &'a Packer,
}

/// Collects pairs in any order.
pub(crate) struct Collector<'a> {
    arena: Vec<u8>,
    entries: Vec<Entry>,
    spill: BufWriter<File>,
    spilled: u64,
    bulk: ReadSpace,
    packer: &'a Packer,
}

impl<'a> Collector<'a> {
    /// `folder` is where the temporary file lies, `bulk` the space of the long values, which `packer` packed.
    pub(crate) fn new(
        folder: &std::path::Path,
        bulk: ReadSpace,
        packer: &'a Packer,
    ) -> Result<Self, RunError> {
        let file = tempfile::tempfile_in(folder)
            .map_err(|error| RunError::io("make a temporary file in", folder, error))?;
        Ok(Self {
            arena: Vec::new(),
            entries: Vec::new(),
            spill: BufWriter::new(file),
            spilled: 0,
            bulk,
            packer,
        })
    }

    pub(crate) fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), RunError> {
        let length = |bytes: &[u8]| {
            u32::try_from(bytes.len())
                .map_err(|_| RunError::Other("a partial result is longer than 4 GiB".to_owned()))
        };
        let (key_len, value_len) = (length(key)?, length(value)?);
        let key_at = self.arena.len() as u64;
        self.arena.extend_from_slice(key);
        let value_at = if value_len <= INLINE || self.arena.len() + value.len() <= ARENA {
            self.arena.extend_from_slice(value);
            key_at + u64::from(key_len)
        } else {
            annals_fault::point().and_then(|()| self.spill.write_all(value)).map_err(spill_error)?;
            self.spilled += u64::from(value_len);
            (self.spilled - u64::from(value_len)) | SPILLED
        };
        self.entries.push(Entry { start: start_of(key), key_at, value_at, key_len, value_len });
        Ok(())
    }

    /// Adds the long values of a record, which stay in the store.
    pub(crate) fn add_apart(&mut self, record: &[u8], long: &[(&[u8], u32)]) -> Result<(), RunError> {
        for (number, &(key, value_len)) in long.iter().enumerate() {
            let key_at = self.arena.len() as u64;
            self.arena.extend_from_slice(key);
            let at = self.arena.len() as u64;
            let stored = bulk_key(record, number);
            let length = u16::try_from(stored.len())
                .map_err(|_| RunError::Other("the path of a file is longer than 64 KiB".to_owned()))?;
            self.arena.extend_from_slice(&length.to_le_bytes());
            self.arena.extend_from_slice(&stored);
            let key_len = u32::try_from(key.len()).unwrap_or(u32::MAX);
            let value_at = at | APART;
            self.entries.push(Entry { start: start_of(key), key_at, value_at, key_len, value_len });
        }
        Ok(())
    }

    /// Sorts by key and merges the values of each.
    pub(crate) fn merge(self, stage: &dyn AnyCorpusStage) -> Result<Merged<'a>, RunError> {
        let Self { arena, mut entries, mut spill, mut spilled, bulk, packer } = self;
        spill.flush().map_err(spill_error)?;
        let file = spill.into_inner().map_err(|error| spill_error(error.into_error()))?;
        let mut away = Away { file, bulk, packer };
        let key = |entry: &Entry| key_of(&arena, entry);
        // Values of one key are merged in an order of their own bytes, never of arrival.
        entries.sort_unstable_by(|a, b| a.start.cmp(&b.start).then_with(|| key(a).cmp(key(b))));
        let mut merged: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut start = 0;
        while start < entries.len() {
            let mut end = start + 1;
            while end < entries.len()
                && entries[end].start == entries[start].start
                && key(&entries[end]) == key(&entries[start])
            {
                end += 1;
            }
            let mut entry = entries[start];
            if end > start + 1 {
                let mut values = entries[start..end]
                    .iter()
                    .map(|entry| value_of(&arena, &away, entry))
                    .collect::<Result<Vec<_>, RunError>>()?;
                values.sort_unstable();
                let value = merge_all(stage, key(&entry), values)?;
                entry.value_len = u32::try_from(value.len()).map_err(|_| {
                    RunError::Other("a merged partial result is longer than 4 GiB".to_owned())
                })?;
                // Merged values all go to the file: the arena must not grow while its keys are borrowed.
                entry.value_at = spilled | SPILLED;
                annals_fault::point().and_then(|()| away.file.write_all(&value)).map_err(spill_error)?;
                spilled += value.len() as u64;
            }
            merged.push(entry);
            start = end;
        }
        Ok(Merged { arena, entries: merged, away })
    }
}

/// Halves until pairs are left, so that a key of many values costs n log n and not n².
fn merge_all(
    stage: &dyn AnyCorpusStage,
    key: &[u8],
    mut values: Vec<Vec<u8>>,
) -> Result<Vec<u8>, StageError> {
    while values.len() > 1 {
        let mut next = Vec::with_capacity(values.len().div_ceil(2));
        let mut pairs = values.into_iter();
        while let Some(left) = pairs.next() {
            next.push(match pairs.next() {
                Some(right) => stage.merge(key, &left, &right)?,
                None => left,
            });
        }
        values = next;
    }
    Ok(values.pop().unwrap_or_default())
}

/// The first eight bytes of a key, which sort as it does.
pub(crate) fn start_of(key: &[u8]) -> u64 {
    let mut start = [0; 8];
    let length = key.len().min(8);
    start[..length].copy_from_slice(&key[..length]);
    u64::from_be_bytes(start)
}

fn key_of<'a>(arena: &'a [u8], entry: &Entry) -> &'a [u8] {
    let at = usize::try_from(entry.key_at).expect("the arena lies in memory");
    &arena[at..at + entry.key_len as usize]
}

fn value_of(arena: &[u8], away: &Away<'_>, entry: &Entry) -> Result<Vec<u8>, RunError> {
    let mut buffer = Vec::new();
    Ok(value(arena, away, entry, &mut buffer)?.to_vec())
}

fn value<'a>(
    arena: &'a [u8],
    away: &Away<'_>,
    entry: &Entry,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], RunError> {
    let length = entry.value_len as usize;
    let at = entry.value_at & !(SPILLED | APART);
    if entry.value_at & SPILLED != 0 {
        buffer.resize(length, 0);
        away.file.read_exact_at(buffer, at).map_err(spill_error)?;
        return Ok(buffer);
    }
    let at = usize::try_from(at).expect("the arena lies in memory");
    if entry.value_at & APART == 0 {
        return Ok(&arena[at..at + length]);
    }
    let key_len = usize::from(u16::from_le_bytes([arena[at], arena[at + 1]]));
    let stored = away.bulk.get(&arena[at + 2..at + 2 + key_len])?;
    *buffer = away.packer.unpack(stored.unwrap_or_default())?;
    if buffer.len() != length {
        return Err(RunError::Other("the state is damaged: run with --rebuild to make it anew".to_owned()));
    }
    Ok(buffer)
}

fn spill_error(error: std::io::Error) -> RunError {
    RunError::Other(format!("failed to use the temporary file of partial results: {error}"))
}

/// One value a key, in key order.
pub(crate) struct Merged<'a> {
    arena: Vec<u8>,
    entries: Vec<Entry>,
    away: Away<'a>,
}

impl Merged<'_> {
    fn value<'a>(&'a self, entry: &Entry, buffer: &'a mut Vec<u8>) -> Result<&'a [u8], StageError> {
        value(&self.arena, &self.away, entry, buffer)
            .map_err(|error| StageError::new("state", error.to_string()))
    }
}

impl Merged<'_> {
    pub(crate) fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StageError> {
        let first = self.entries.partition_point(|entry| key_of(&self.arena, entry) < prefix);
        let mut buffer = Vec::new();
        for entry in &self.entries[first..] {
            let key = key_of(&self.arena, entry);
            if !key.starts_with(prefix) {
                break;
            }
            visit(key, self.value(entry, &mut buffer)?)?;
        }
        Ok(())
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        let start = start_of(key);
        let found = self.entries.binary_search_by(|entry| {
            entry.start.cmp(&start).then_with(|| key_of(&self.arena, entry).cmp(key))
        });
        let Ok(index) = found else { return Ok(None) };
        let mut buffer = Vec::new();
        Ok(Some(self.value(&self.entries[index], &mut buffer)?.to_vec()))
    }
}
