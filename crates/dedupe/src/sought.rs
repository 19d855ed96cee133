//! The fingerprints and texts that new articles have, which are met in those of all others.
//!
//! Where few articles are new, nothing is looked up but for these. So of the others only the fingerprints that a new one has
//! are taken down, and only as many of each as tell anything.

use std::hash::BuildHasher as _;

use annals_plugin::StageError;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use crate::articles::id_of;
use crate::fingerprints::spread;
use crate::index::COMMON;
use crate::sketch::{Signature, decode, numbers};

/// What is sought.
pub(crate) struct Sought {
    fingerprints: Bits,
    /// Bits of which several fingerprints have one in common.
    shared: Bits,
    /// The place of each fingerprint among all.
    places: FxHashMap<u32, u32>,
    texts: FxHashSet<[u8; 16]>,
    starts: Bits,
}

impl Sought {
    pub(crate) fn new() -> Self {
        Self {
            fingerprints: Bits::new(22),
            shared: Bits::new(22),
            places: FxHashMap::default(),
            texts: FxHashSet::default(),
            starts: Bits::new(16),
        }
    }

    /// Adds a fingerprint, and tells its place.
    pub(crate) fn add(&mut self, number: u32) -> u32 {
        let next = self.places.len() as u32;
        let place = *self.places.entry(number).or_insert(next);
        if place == next && self.fingerprints.put(spread(number)) {
            self.shared.put(spread(number));
        }
        place
    }

    /// Adds the digest of a text.
    pub(crate) fn add_text(&mut self, digest: [u8; 16]) {
        self.starts.put(start_of(digest));
        self.texts.insert(digest);
    }

    /// How many fingerprints there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    fn has_text(&self, digest: [u8; 16]) -> bool {
        self.starts.has(start_of(digest)) && self.texts.contains(&digest)
    }
}

fn start_of(digest: [u8; 16]) -> u32 {
    u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// Sets of numbers of which most others are told apart at one look into a small table.
#[derive(Clone)]
struct Bits {
    table: Vec<u64>,
    shift: u32,
}

impl Bits {
    /// With a table of 2 to the power of `bits`, by the leading bits of a number.
    fn new(bits: u32) -> Self {
        Self { table: vec![0; 1 << (bits - 6)], shift: 32 - bits }
    }

    fn place(&self, number: u32) -> (usize, u64) {
        let bit = number >> self.shift;
        ((bit / 64) as usize, 1 << (bit % 64))
    }

    fn has(&self, number: u32) -> bool {
        let (word, bit) = self.place(number);
        self.table[word] & bit != 0
    }

    /// Adds a number, and tells whether its bit was set already.
    fn put(&mut self, number: u32) -> bool {
        let (word, bit) = self.place(number);
        let was_set = self.table[word] & bit != 0;
        self.table[word] |= bit;
        was_set
    }

    fn remove(&mut self, number: u32) {
        let (word, bit) = self.place(number);
        self.table[word] &= !bit;
    }
}

/// Articles that are listed under no fingerprint, or are themselves among those that seek.
pub(crate) struct Unlisted<'a> {
    ids: FxHashSet<&'a str>,
    hashes: Bits,
}

impl<'a> Unlisted<'a> {
    pub(crate) fn new(ids: impl Iterator<Item = &'a str>) -> Self {
        let mut unlisted = Self { ids: FxHashSet::default(), hashes: Bits::new(18) };
        for id in ids {
            unlisted.hashes.put(hash_of(id));
            unlisted.ids.insert(id);
        }
        unlisted
    }

    fn has(&self, id: &str) -> bool {
        self.hashes.has(hash_of(id)) && self.ids.contains(id)
    }
}

fn hash_of(id: &str) -> u32 {
    (FxBuildHasher.hash_one(id) >> 32) as u32
}

/// Meets the signatures of some articles.
pub(crate) struct Meeting<'s> {
    sought: &'s Sought,
    unlisted: &'s Unlisted<'s>,
    /// Those that it is still worth to look for.
    fingerprints: Bits,
    /// How many of each have been met.
    counts: Vec<u8>,
    pub(crate) met: Met,
}

/// What was met. Articles go by their ids, since to look each up as it is met costs more than to do so for all at the end.
#[derive(Default)]
pub(crate) struct Met {
    /// The ids of all that follows, end to end.
    ids: String,
    /// Articles that have fingerprints which are sought: the lengths of their ids, and how many of each are told.
    holders: Vec<(u32, u32)>,
    /// The places of these fingerprints, article by article.
    pub(crate) places: Vec<u32>,
    /// Articles whose very text is sought.
    pub(crate) texts: Vec<(String, [u8; 16])>,
}

impl Met {
    /// Articles that have fingerprints which are sought, and how many of each are told.
    pub(crate) fn holders(&self) -> impl Iterator<Item = (&str, u32)> {
        let mut rest = self.ids.as_str();
        self.holders.iter().map(move |&(length, count)| {
            let id;
            (id, rest) = rest.split_at(length as usize);
            (id, count)
        })
    }
}

impl<'s> Meeting<'s> {
    pub(crate) fn new(sought: &'s Sought, unlisted: &'s Unlisted<'s>) -> Self {
        let (fingerprints, counts) = (sought.fingerprints.clone(), vec![0; sought.len()]);
        Self { sought, unlisted, fingerprints, counts, met: Met::default() }
    }

    /// Meets a signature.
    pub(crate) fn visit(&mut self, key: &[u8], bytes: &[u8]) -> Result<(), StageError> {
        let signature: Signature<'_> = decode(bytes)?;
        let mut known = None;
        if self.sought.has_text(signature.digest) {
            self.met.texts.push((id_of(key)?.to_owned(), signature.digest));
        }
        let from = self.met.places.len();
        for number in numbers(signature.fingerprints) {
            let spread = spread(number);
            if !self.fingerprints.has(spread) {
                continue;
            }
            let Some(&place) = self.sought.places.get(&number) else { continue };
            if known.is_none() {
                let id = id_of(key)?;
                if self.unlisted.has(id) {
                    return Ok(());
                }
                known = Some(id);
            }
            let count = &mut self.counts[place as usize];
            if u32::from(*count) == COMMON {
                continue;
            }
            *count += 1;
            self.met.places.push(place);
            // So many are listed then that more say nothing.
            if u32::from(*count) == COMMON && !self.sought.shared.has(spread) {
                self.fingerprints.remove(spread);
            }
        }
        if let Some(id) = known.filter(|_| from < self.met.places.len()) {
            self.met.ids.push_str(id);
            self.met.holders.push((id.len() as u32, (self.met.places.len() - from) as u32));
        }
        Ok(())
    }
}
