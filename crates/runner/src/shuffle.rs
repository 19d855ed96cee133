//! Brings the partial results of all articles together by key.
//!
//! Long values go to a temporary file and are read back when asked for, so that memory holds keys and short values
//! only.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;

use annals_plugin::stage::Visit;
use annals_plugin::{AnyCorpusStage, Partials, StageError};

use crate::error::RunError;

/// Values up to this length, in bytes, stay in memory.
const INLINE: u32 = 48;

/// A value in the arena, or in the spill file.
#[derive(Clone, Copy)]
struct Entry {
    key_at: u64,
    value_at: u64,
    key_len: u32,
    value_len: u32,
}

/// Collects pairs in any order.
pub(crate) struct Collector {
    arena: Vec<u8>,
    entries: Vec<Entry>,
    spill: BufWriter<File>,
    spilled: u64,
}

impl Collector {
    /// `folder` is where the temporary file lies.
    pub(crate) fn new(folder: &std::path::Path) -> Result<Self, RunError> {
        let file = tempfile::tempfile_in(folder)
            .map_err(|error| RunError::io("make a temporary file in", folder, error))?;
        Ok(Self { arena: Vec::new(), entries: Vec::new(), spill: BufWriter::new(file), spilled: 0 })
    }

    pub(crate) fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), RunError> {
        let length = |bytes: &[u8]| {
            u32::try_from(bytes.len())
                .map_err(|_| RunError::Other("a partial result is longer than 4 GiB".to_owned()))
        };
        let (key_len, value_len) = (length(key)?, length(value)?);
        let key_at = self.arena.len() as u64;
        self.arena.extend_from_slice(key);
        let value_at = if value_len <= INLINE {
            self.arena.extend_from_slice(value);
            key_at + u64::from(key_len)
        } else {
            annals_fault::point().and_then(|()| self.spill.write_all(value)).map_err(spill_error)?;
            self.spilled += u64::from(value_len);
            self.spilled - u64::from(value_len)
        };
        self.entries.push(Entry { key_at, value_at, key_len, value_len });
        Ok(())
    }

    /// Sorts by key and merges the values of each.
    pub(crate) fn merge(self, stage: &dyn AnyCorpusStage) -> Result<Merged, RunError> {
        let Self { arena, mut entries, mut spill, mut spilled } = self;
        spill.flush().map_err(spill_error)?;
        let mut file = spill.into_inner().map_err(|error| spill_error(error.into_error()))?;
        let key = |entry: &Entry| key_of(&arena, entry);
        // Values of one key are merged in an order of their own bytes, never of arrival.
        entries.sort_unstable_by(|a, b| key(a).cmp(key(b)));
        let mut merged: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut start = 0;
        while start < entries.len() {
            let mut end = start + 1;
            while end < entries.len() && key(&entries[end]) == key(&entries[start]) {
                end += 1;
            }
            let mut entry = entries[start];
            if end > start + 1 {
                let mut values = entries[start..end]
                    .iter()
                    .map(|entry| value_of(&arena, &file, entry))
                    .collect::<Result<Vec<_>, _>>()?;
                values.sort_unstable();
                let value = merge_all(stage, key(&entry), values)?;
                entry.value_len = u32::try_from(value.len()).map_err(|_| {
                    RunError::Other("a merged partial result is longer than 4 GiB".to_owned())
                })?;
                // Merged values all go to the file: the arena must not grow while its keys are borrowed.
                entry.value_at = spilled;
                file.write_all(&value).map_err(spill_error)?;
                spilled += value.len() as u64;
                merged.push(Entry { value_at: entry.value_at | SPILLED, ..entry });
            } else {
                if entry.value_len > INLINE {
                    entry.value_at |= SPILLED;
                }
                merged.push(entry);
            }
            start = end;
        }
        Ok(Merged { arena, entries: merged, file })
    }
}

/// Marks, in a [`Merged`] entry, a value that lies in the file.
const SPILLED: u64 = 1 << 63;

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

fn key_of<'a>(arena: &'a [u8], entry: &Entry) -> &'a [u8] {
    let at = usize::try_from(entry.key_at).expect("the arena lies in memory");
    &arena[at..at + entry.key_len as usize]
}

fn value_of(arena: &[u8], file: &File, entry: &Entry) -> Result<Vec<u8>, RunError> {
    if entry.value_len <= INLINE {
        let at = usize::try_from(entry.value_at).expect("the arena lies in memory");
        return Ok(arena[at..at + entry.value_len as usize].to_vec());
    }
    let mut value = vec![0; entry.value_len as usize];
    file.read_exact_at(&mut value, entry.value_at).map_err(spill_error)?;
    Ok(value)
}

fn spill_error(error: std::io::Error) -> RunError {
    RunError::Other(format!("failed to use the temporary file of partial results: {error}"))
}

/// One value a key, in key order.
pub(crate) struct Merged {
    arena: Vec<u8>,
    entries: Vec<Entry>,
    file: File,
}

impl Merged {
    fn value<'a>(&'a self, entry: &Entry, buffer: &'a mut Vec<u8>) -> Result<&'a [u8], StageError> {
        let length = entry.value_len as usize;
        if entry.value_at & SPILLED == 0 {
            let at = usize::try_from(entry.value_at).expect("the arena lies in memory");
            return Ok(&self.arena[at..at + length]);
        }
        buffer.resize(length, 0);
        self.file
            .read_exact_at(buffer, entry.value_at & !SPILLED)
            .map_err(|error| StageError::new("state", format!("failed to read partial results: {error}")))?;
        Ok(buffer)
    }
}

impl Partials for Merged {
    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StageError> {
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

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        let found = self.entries.binary_search_by(|entry| key_of(&self.arena, entry).cmp(key));
        let Ok(index) = found else { return Ok(None) };
        let mut buffer = Vec::new();
        Ok(Some(self.value(&self.entries[index], &mut buffer)?.to_vec()))
    }
}
