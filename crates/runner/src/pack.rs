//! Values of the store, compressed with Zstandard.
//!
//! Most values are short: an article, what a stage adds to it, what it is reduced to. What such values have in common tells more of one
//! than it does itself; so the first of each kind that a state ever gets are its dictionary. The store keeps it, and
//! values that came before are as good as ever.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use annals_store::{Read, Space, Write};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::{CCtx, DCtx, compress_bound, get_frame_content_size};

use crate::error::RunError;
use crate::state::{damaged, number};

/// Level of compression.
const LEVEL: i32 = 3;
/// Bytes of a value at the most: what the store takes.
const MOST_BYTES: usize = 3 << 30;
/// The first bytes of a Zstandard frame (RFC 8878).
const FRAME: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
/// What stands in their place if the frame needs the dictionary of its kind.
const FRAME_OF_KIND: [u8; 4] = 0xFD2F_B529_u32.to_le_bytes();
/// Bytes of a dictionary, and those that one value gives it at the most.
const DICTIONARY: usize = 32 << 10;
const MOST_OF_ONE: usize = 4 << 10;
/// Start of the Meta keys of the dictionaries.
const KEY: &str = "dictionary/";

thread_local! {
    static COMPRESSOR: RefCell<CCtx<'static>> = RefCell::new(CCtx::create());
    static DECOMPRESSOR: RefCell<DCtx<'static>> = RefCell::new(DCtx::create());
}

/// What a value is of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The article, or what a step adds to it.
    Record,
    /// Its partial results.
    Partial,
    /// Those that lie apart.
    Bulk,
}

/// How the values of each step and kind are compressed.
pub(crate) struct Packers(Vec<[Packer; 3]>);

/// How the values of one kind are compressed.
#[derive(Default)]
pub(crate) struct Packer {
    dictionary: OnceLock<Dictionary>,
    /// The first values, until they make a dictionary.
    first: Mutex<Vec<u8>>,
    /// Whether the store has the dictionary.
    is_kept: AtomicBool,
    /// Whether values are read so often that little is gained by making them a little shorter.
    is_scanned: bool,
}

struct Dictionary {
    bytes: Vec<u8>,
    encoder: OnceLock<EncoderDictionary<'static>>,
    decoder: OnceLock<DecoderDictionary<'static>>,
}

impl Dictionary {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, encoder: OnceLock::new(), decoder: OnceLock::new() }
    }

    fn encoder(&self) -> &EncoderDictionary<'static> {
        self.encoder.get_or_init(|| EncoderDictionary::copy(&self.bytes, LEVEL))
    }

    fn decoder(&self) -> &DecoderDictionary<'static> {
        self.decoder.get_or_init(|| DecoderDictionary::copy(&self.bytes))
    }
}

impl Packers {
    /// For the values of so many steps, with the dictionaries that the store has.
    pub(crate) fn open(read: &Read, steps: usize) -> Result<Self, RunError> {
        let mut packers = Self(Vec::new());
        let meta = read.space(Space::Meta)?;
        for step in 0..steps {
            let mut of_step = [Kind::Record, Kind::Partial, Kind::Bulk]
                .map(|kind| Packer { is_scanned: kind == Kind::Partial, ..Packer::default() });
            for (kind, packer) in (0..).zip(&mut of_step) {
                if let Some(bytes) = meta.get(&key(step, kind))? {
                    packer.dictionary = Dictionary::new(bytes).into();
                    packer.is_kept = true.into();
                }
            }
            packers.0.push(of_step);
        }
        Ok(packers)
    }

    pub(crate) fn of(&self, step: usize, kind: Kind) -> &Packer {
        &self.0[step][kind as usize]
    }

    /// Keeps the dictionaries that are new; in the transaction that keeps the first values that need them, or before.
    pub(crate) fn remember(&self, write: &mut Write) -> Result<(), RunError> {
        for (step, of_step) in self.0.iter().enumerate() {
            for (kind, packer) in (0..).zip(of_step) {
                if let Some(dictionary) = packer.dictionary.get()
                    && !packer.is_kept.swap(true, Ordering::Relaxed)
                {
                    write.put(Space::Meta, &key(step, kind), &dictionary.bytes)?;
                }
            }
        }
        Ok(())
    }
}

fn key(step: usize, kind: u8) -> Vec<u8> {
    let mut key = KEY.as_bytes().to_vec();
    key.extend([number(step), kind]);
    key
}

impl Packer {
    /// Compresses a value, if that is worth it. Whoever stores it calls [`Packers::remember`] afterwards and before the commit.
    pub(crate) fn pack(&self, value: Vec<u8>) -> Vec<u8> {
        let packed = match self.dictionary.get() {
            Some(dictionary) => compress(&value, Some(dictionary)),
            None => {
                self.gather(&value);
                compress(&value, None)
            }
        };
        let most = if self.is_scanned { value.len() / 3 * 2 } else { value.len() };
        chosen(packed, value, most)
    }

    /// Undoes [`Packer::pack`].
    pub(crate) fn unpack(&self, value: Vec<u8>) -> Result<Vec<u8>, RunError> {
        Ok(match self.unpacked(&value)? {
            Cow::Owned(value) => value,
            Cow::Borrowed(_) => value,
        })
    }

    /// Undoes [`Packer::pack`] of a value that need not be copied if it was left as it is.
    pub(crate) fn unpacked<'v>(&self, value: &'v [u8]) -> Result<Cow<'v, [u8]>, RunError> {
        match value.strip_prefix(&FRAME_OF_KIND) {
            None => unpacked(value),
            Some(rest) => {
                let missing = || damaged(&"the dictionary of a value is missing");
                let dictionary = self.dictionary.get().ok_or_else(missing)?;
                decompress(&[&FRAME, rest].concat(), Some(dictionary)).map(Cow::Owned)
            }
        }
    }

    fn gather(&self, value: &[u8]) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if self.dictionary.get().is_some() {
            return;
        }
        if first.is_empty() {
            // No values can then be taken for a dictionary with tables of its own.
            first.extend_from_slice(b"values ");
        }
        let room = DICTIONARY.saturating_sub(first.len());
        first.extend_from_slice(&value[..value.len().min(MOST_OF_ONE).min(room)]);
        if first.len() >= DICTIONARY {
            let _ = self.dictionary.set(Dictionary::new(std::mem::take(&mut first)));
        }
    }
}

/// Compresses a value by itself, if that makes it shorter.
pub(crate) fn pack(value: Vec<u8>) -> Vec<u8> {
    let length = value.len();
    chosen(compress(&value, None), value, length)
}

/// The shorter one, if it has fewer bytes than `most`.
fn chosen(packed: Option<Vec<u8>>, value: Vec<u8>, most: usize) -> Vec<u8> {
    // What looks like compressed is compressed once more, so that it comes back as it was.
    let seems_packed = value.starts_with(&FRAME) || value.starts_with(&FRAME_OF_KIND);
    packed.filter(|packed| packed.len() < most || seems_packed).unwrap_or(value)
}

fn compress(value: &[u8], dictionary: Option<&Dictionary>) -> Option<Vec<u8>> {
    let mut packed = Vec::with_capacity(compress_bound(value.len()));
    COMPRESSOR.with_borrow_mut(|compressor| match dictionary {
        Some(dictionary) => {
            compressor.compress_using_cdict(&mut packed, value, dictionary.encoder().as_cdict()).ok()
        }
        None => compressor.compress(&mut packed, value, LEVEL).ok(),
    })?;
    if dictionary.is_some() {
        packed.get_mut(..FRAME.len())?.copy_from_slice(&FRAME_OF_KIND);
    }
    packed.shrink_to_fit();
    Some(packed)
}

/// Undoes [`pack`] of a value that need not be copied if it was left as it is. The records of a state of format 1, which are not
/// compressed, start with the length of a text and the text, which no Zstandard frame does.
pub(crate) fn unpacked(value: &[u8]) -> Result<Cow<'_, [u8]>, RunError> {
    if value.starts_with(&FRAME) { decompress(value, None).map(Cow::Owned) } else { Ok(Cow::Borrowed(value)) }
}

fn decompress(value: &[u8], dictionary: Option<&Dictionary>) -> Result<Vec<u8>, RunError> {
    let length = get_frame_content_size(value).ok().flatten();
    let length =
        length.and_then(|length| usize::try_from(length).ok()).filter(|&length| length <= MOST_BYTES);
    let length = length.ok_or_else(|| damaged(&"a value of impossible length"))?;
    let mut bytes = Vec::with_capacity(length);
    let done = DECOMPRESSOR.with_borrow_mut(|decompressor| match dictionary {
        Some(dictionary) => {
            decompressor.decompress_using_ddict(&mut bytes, value, dictionary.decoder().as_ddict())
        }
        None => decompressor.decompress(&mut bytes, value),
    });
    done.map_err(|code| damaged(&zstd::zstd_safe::get_error_name(code)))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> impl Iterator<Item = Vec<u8>> {
        (0..600_u32).map(|number| {
            let noise = &blake3::hash(&number.to_le_bytes()).to_hex()[..8];
            format!("At least {number} people were killed near {noise}, said the White Helmets.").into_bytes()
        })
    }

    #[test]
    fn what_does_not_shrink_stays_as_it_is() {
        let noise: Vec<u8> = (0..64_u8).map(|n| n.wrapping_mul(167) ^ 90).collect();
        assert_eq!(pack(noise.clone()), noise);
        assert_eq!(*unpacked(&noise).unwrap(), noise);
    }

    #[test]
    fn what_looks_like_compressed_comes_back_as_it_was() {
        for start in [FRAME, FRAME_OF_KIND] {
            let value = [&start[..], b"rest"].concat();
            assert_eq!(*unpacked(&pack(value.clone())).unwrap(), value);
            let packer = Packer::default();
            assert_eq!(packer.unpack(packer.pack(value.clone())).unwrap(), value);
        }
    }

    #[test]
    fn values_come_back_whether_they_came_before_the_dictionary_or_after_it() {
        let packer = Packer::default();
        let packed: Vec<Vec<u8>> = values().map(|value| packer.pack(value)).collect();
        assert!(packer.dictionary.get().is_some());
        let lengths = |values: &[Vec<u8>]| values.iter().map(Vec::len).sum::<usize>();
        let (early, late) = (lengths(&packed[..20]), lengths(&packed[580..]));
        assert!(late * 3 < early * 2, "{early} {late}");
        for (value, packed) in values().zip(packed) {
            assert_eq!(*packer.unpacked(&packed).unwrap(), value);
            assert!(Packer::default().unpack(packed.clone()).is_err() || !packed.starts_with(&FRAME_OF_KIND));
        }
    }

    #[test]
    fn what_is_scanned_is_compressed_only_if_that_gains_much() {
        let packer = Packer { is_scanned: true, ..Packer::default() };
        let noise: Vec<u8> = values().flat_map(|value| *blake3::hash(&value).as_bytes()).collect();
        let value = [&noise[..300], &[0; 100]].concat();
        assert_eq!(packer.pack(value.clone()), value);
        assert!(Packer::default().pack(value.clone()).len() < value.len());
    }

    #[test]
    fn the_store_keeps_dictionaries() {
        let dir = tempfile::tempdir().unwrap();
        let store = annals_store::Store::open(dir.path(), 1 << 20).unwrap();
        let packers = Packers::open(&store.read().unwrap(), 2).unwrap();
        let packed: Vec<Vec<u8>> = values().map(|value| packers.of(1, Kind::Bulk).pack(value)).collect();
        for _ in 0..2 {
            let mut write = store.write().unwrap();
            packers.remember(&mut write).unwrap();
            write.commit().unwrap();
        }
        let again = Packers::open(&store.read().unwrap(), 2).unwrap();
        for (value, packed) in values().zip(packed) {
            assert_eq!(again.of(1, Kind::Bulk).unpack(packed).unwrap(), value);
        }
        assert!(again.of(0, Kind::Bulk).dictionary.get().is_none());
    }

    #[test]
    fn damaged_values_are_told() {
        let packer = Packer::default();
        let packed = values().map(|value| packer.pack(value)).last().unwrap();
        assert!(packer.unpack(packed[..packed.len() / 2].to_vec()).is_err());
        assert!(packer.unpack(FRAME_OF_KIND.to_vec()).is_err());
    }
}
