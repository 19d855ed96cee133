//! All articles' signatures, with the fingerprints that can find anything.

use std::cmp::Reverse;
use std::ops::Range;

use annals_plugin::{Partials, StageError};
use rustc_hash::FxHashMap;
use twox_hash::XxHash3_64;

use crate::index::{COMMON, Slot, room};
use crate::sketch::{SIGNATURE, Signature, decode, key, numbers};

/// Fingerprints are told apart in so many parts, by their hash, so that the tables for one part are small enough to be at
/// hand.
const PARTS: usize = 64;
/// Bits of a table of seen fingerprints for each.
const BITS: usize = 8;
/// Few articles are new if they are less than one in so many.
const FEW_ARE_NEW: usize = 8;
/// Entries of a block. Blocks keep a growing list from being moved.
const BLOCK: usize = 1 << 14;

/// What is known of an article but for its fingerprints.
pub(crate) struct Doc {
    /// Digest of all that is known of it.
    pub(crate) sketch: u64,
    published: i64,
    id: Range<usize>,
    slots: Range<usize>,
    pub(crate) digest: u128,
    pub(crate) words: u32,
    /// Fingerprints that winnowing selects.
    pub(crate) selected: u32,
    /// Fingerprints, with those that no other article has.
    pub(crate) all: u32,
}

/// All articles' signatures, numbered from 0 in the order of their ids.
pub(crate) struct Corpus {
    pub(crate) docs: Vec<Doc>,
    ids: String,
    slots: Vec<Slot>,
    /// Room that the lists of all articles that hold a fingerprint take.
    pub(crate) room: u32,
    /// The articles in the order of their claims to stay: the earliest published first, then the longest, then by id.
    pub(crate) order: Vec<u32>,
    /// How many of these are as an earlier run found them.
    pub(crate) known: usize,
}

/// Digest of all that is known of an article but its fingerprints, which follow from its words.
fn sketch(key: &[u8], signature: &Signature<'_>) -> u64 {
    let Signature { published, words, digest, body, selected, .. } = signature;
    let mut told = [0; 48];
    told[..8].copy_from_slice(&XxHash3_64::oneshot(key).to_le_bytes());
    told[8..16].copy_from_slice(&published.unwrap_or(i64::MAX).to_le_bytes());
    told[16..32].copy_from_slice(digest);
    told[32..40].copy_from_slice(&body.to_le_bytes());
    told[40..44].copy_from_slice(&words.to_le_bytes());
    told[44..].copy_from_slice(&selected.to_le_bytes());
    XxHash3_64::oneshot(&told)
}

impl Corpus {
    /// Reads the signatures. `earlier` are the sketches of an earlier run, in the order of the articles' claims to stay, and
    /// whether the article stayed: where few articles are new, only fingerprints of these are read, since no others are looked
    /// up.
    pub(crate) fn read(
        partials: &dyn Partials,
        earlier: impl ExactSizeIterator<Item = (u64, bool)> + Clone,
    ) -> Result<Self, StageError> {
        let (mut docs, mut ids, mut fingerprints) = (Vec::new(), String::new(), Fingerprints::new());
        let first_run = earlier.len() == 0;
        partials.scan(&[SIGNATURE], &mut |key, bytes| {
            let signature: Signature<'_> = decode(bytes)?;
            let id = std::str::from_utf8(&key[1..])
                .map_err(|error| StageError::new("sketch_unreadable", error.to_string()))?;
            let id_from = ids.len();
            ids.push_str(id);
            let numbers = numbers(signature.fingerprints);
            docs.push(Doc {
                sketch: sketch(key, &signature),
                published: signature.published.unwrap_or(i64::MAX),
                id: id_from..ids.len(),
                slots: 0..0,
                digest: u128::from_le_bytes(signature.digest),
                words: signature.words,
                selected: signature.selected,
                all: numbers.len() as u32,
            });
            if first_run {
                fingerprints.push(numbers);
            }
            Ok(())
        })?;
        let mut corpus = Self { docs, ids, slots: Vec::new(), room: 0, order: Vec::new(), known: 0 };
        corpus.order = corpus.by_claim_to_stay();
        let sketch_of = |doc: &u32| corpus.docs[*doc as usize].sketch;
        let same = corpus.order.iter().map(sketch_of).zip(earlier.clone());
        corpus.known = same.take_while(|(now, (then, _))| now == then).count();
        let new = corpus.order.len() - corpus.known;
        if !first_run && new * FEW_ARE_NEW < corpus.order.len() {
            corpus.read_of_new(partials, earlier.map(|(_, stayed)| stayed))?;
            return Ok(corpus);
        }
        if !first_run {
            partials.scan(&[SIGNATURE], &mut |_, bytes| {
                let signature: Signature<'_> = decode(bytes)?;
                fingerprints.push(numbers(signature.fingerprints));
                Ok(())
            })?;
        }
        corpus.room = fingerprints.group();
        corpus.slots.reserve_exact(fingerprints.left());
        let mut give = fingerprints.into_articles();
        for doc in &mut corpus.docs {
            let from = corpus.slots.len();
            give(&mut corpus.slots);
            doc.slots = from..corpus.slots.len();
        }
        Ok(corpus)
    }

    /// Reads of all articles those fingerprints that a new one has, but of the others no more than tell anything.
    fn read_of_new(
        &mut self,
        partials: &dyn Partials,
        stayed: impl Iterator<Item = bool>,
    ) -> Result<(), StageError> {
        let mut roles = vec![Role::New; self.docs.len()];
        for (&doc, stayed) in self.order[..self.known].iter().zip(stayed) {
            roles[doc as usize] = if stayed { Role::Listed } else { Role::Unlisted };
        }
        let mut sought = Sought::new();
        for &doc in &self.order[self.known..] {
            let bytes = partials.get(&key(SIGNATURE, self.id(doc)))?.unwrap_or_default();
            let signature: Signature<'_> = decode(&bytes)?;
            numbers(signature.fingerprints).for_each(|number| sought.insert(number));
        }
        let mut docs = self.docs.iter_mut().zip(roles);
        let mut found: Vec<u32> = Vec::new();
        partials.scan(&[SIGNATURE], &mut |_, bytes| {
            let Some((doc, role)) = docs.next() else { return Ok(()) };
            let from = found.len();
            if role != Role::Unlisted {
                let signature: Signature<'_> = decode(bytes)?;
                let all = numbers(signature.fingerprints);
                found.extend(all.filter_map(|number| sought.meet(number, role == Role::New)));
            }
            doc.slots = from..found.len();
            Ok(())
        })?;
        let mut length = 0;
        for doc in &mut self.docs {
            let from = self.slots.len();
            let useful = found[doc.slots.clone()].iter().filter_map(|&at| sought.slot(at, &mut length));
            self.slots.extend(useful);
            doc.slots = from..self.slots.len();
        }
        self.room = length;
        Ok(())
    }

    /// How many articles there are.
    pub(crate) fn len(&self) -> u32 {
        self.docs.len() as u32
    }

    /// The id of an article.
    pub(crate) fn id(&self, doc: u32) -> &str {
        &self.ids[self.docs[doc as usize].id.clone()]
    }

    /// The slots of the fingerprints that an article shares with others.
    pub(crate) fn slots(&self, doc: u32) -> &[Slot] {
        &self.slots[self.docs[doc as usize].slots.clone()]
    }

    fn by_claim_to_stay(&self) -> Vec<u32> {
        // The keys stand beside one another, since looking each up where it lies costs more than sorting.
        let known =
            |doc: u32| (self.docs[doc as usize].published, Reverse(self.docs[doc as usize].words), doc);
        let mut order: Vec<_> = (0..self.len()).map(known).collect();
        order.sort_unstable();
        order.into_iter().map(|(.., doc)| doc).collect()
    }
}

/// What stands in the place of a fingerprint that is of no use. A fingerprint of this value is none either.
const USELESS: u32 = u32::MAX;

/// The fingerprints of all articles.
struct Fingerprints {
    parts: Vec<Part>,
    /// Those of the article at hand, part by part.
    sorted: Vec<Vec<u32>>,
}

/// The fingerprints of one part, article by article.
#[derive(Default)]
struct Part {
    fingerprints: Blocks<u32>,
    /// How many are of each article; 255 means that the next number is to be added.
    counts: Blocks<u8>,
}

impl Fingerprints {
    fn new() -> Self {
        Self { parts: (0..PARTS).map(|_| Part::default()).collect(), sorted: vec![Vec::new(); PARTS] }
    }

    /// Adds those of one article.
    fn push(&mut self, numbers: impl Iterator<Item = u32>) {
        numbers.for_each(|number| self.sorted[(spread(number) as usize * PARTS) >> 32].push(number));
        for (part, sorted) in self.parts.iter_mut().zip(&mut self.sorted) {
            let mut count = sorted.len();
            sorted.drain(..).for_each(|number| part.fingerprints.push(number));
            while let Some(less) = count.checked_sub(255) {
                part.counts.push(255);
                count = less;
            }
            part.counts.push(count as u8);
        }
    }

    /// Puts in the place of each fingerprint the slot in an index where those that hold it are listed, and tells the room of
    /// the index. Fingerprints of one article alone, most of them, become useless.
    fn group(&mut self) -> u32 {
        let mut length = 0;
        let mut seen = Seen::default();
        let mut holders: FxHashMap<u32, Holders> = FxHashMap::default();
        for part in &mut self.parts {
            seen.clear(part.fingerprints.len());
            holders.clear();
            part.fingerprints.iter_mut().for_each(|number| seen.add(*number));
            for number in part.fingerprints.iter_mut() {
                if seen.again(*number) {
                    holders.entry(*number).or_default().count += 1;
                } else {
                    *number = USELESS;
                }
            }
            for number in part.fingerprints.iter_mut().filter(|number| **number != USELESS) {
                *number = match holders.get_mut(number) {
                    Some(held) if held.count > 1 => *held.slot.get_or_insert_with(|| {
                        let slot = length;
                        length += room(held.count);
                        slot
                    }),
                    _ => USELESS,
                };
            }
        }
        length
    }

    /// How many are of use.
    fn left(&mut self) -> usize {
        let numbers = self.parts.iter_mut().flat_map(|part| part.fingerprints.iter_mut());
        numbers.filter(|number| **number != USELESS).count()
    }

    /// Gives what is of use of each article.
    fn into_articles(self) -> impl FnMut(&mut Vec<Slot>) {
        let mut parts: Vec<_> = self
            .parts
            .into_iter()
            .map(|part| (part.fingerprints.into_iter(), part.counts.into_iter()))
            .collect();
        move |slots| {
            for (numbers, counts) in &mut parts {
                let mut count = 0;
                for more in counts.by_ref() {
                    count += usize::from(more);
                    if more < 255 {
                        break;
                    }
                }
                slots.extend(numbers.by_ref().take(count).filter(|&number| number != USELESS));
            }
        }
    }
}

/// What becomes of an article where few are new.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It is compared with others.
    New,
    /// It stayed, and is listed under its fingerprints before any new one is compared.
    Listed,
    /// It repeats another, and is listed nowhere.
    Unlisted,
}

/// Fingerprints, of which most others are told apart at one look into a small table, with their holders.
struct Sought {
    table: Vec<u64>,
    /// The place of each among the holders.
    places: FxHashMap<u32, u32>,
    holders: Vec<Holders>,
}

impl Sought {
    /// Bits of the table, as a power of two.
    const BITS: u32 = 22;

    fn new() -> Self {
        Self { table: vec![0; 1 << (Self::BITS - 6)], places: FxHashMap::default(), holders: Vec::new() }
    }

    fn bit(number: u32) -> (usize, u64) {
        let bit = spread(number) >> (32 - Self::BITS);
        ((bit / 64) as usize, 1 << (bit % 64))
    }

    fn insert(&mut self, number: u32) {
        let (word, bit) = Self::bit(number);
        self.table[word] |= bit;
        let next = self.holders.len() as u32;
        if *self.places.entry(number).or_insert(next) == next {
            self.holders.push(Holders::default());
        }
    }

    /// Counts a holder of a fingerprint, and tells its place, if it is one of these. Nothing is told once so many are listed that
    /// more say nothing, but of a new article, which has to know that.
    fn meet(&mut self, number: u32, of_new: bool) -> Option<u32> {
        let (word, bit) = Self::bit(number);
        if self.table[word] & bit == 0 {
            return None;
        }
        let place = *self.places.get(&number)?;
        let holders = &mut self.holders[place as usize];
        holders.count += 1;
        holders.listed += u32::from(!of_new);
        (of_new || holders.listed <= COMMON).then_some(place)
    }

    /// Where the holders of the fingerprint at a place are listed, after lists of this `length`; nothing if there is one alone.
    fn slot(&mut self, place: u32, length: &mut u32) -> Option<Slot> {
        let holders = &mut self.holders[place as usize];
        if holders.count <= 1 {
            return None;
        }
        Some(*holders.slot.get_or_insert_with(|| {
            let slot = *length;
            *length += room(holders.count);
            slot
        }))
    }
}

/// Spreads numbers evenly: the least hash of a window is a small number.
fn spread(number: u32) -> u32 {
    number.wrapping_mul(0x9e37_79b1)
}

/// A list that is never moved as it grows, and is freed as it is taken.
struct Blocks<T>(Vec<Vec<T>>);

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Blocks<T> {
    fn push(&mut self, item: T) {
        match self.0.last_mut() {
            Some(block) if block.len() < BLOCK => block.push(item),
            _ => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(item);
                self.0.push(block);
            }
        }
    }

    fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().flatten()
    }

    fn into_iter(self) -> impl Iterator<Item = T> {
        self.0.into_iter().flatten()
    }
}

/// How many articles hold a fingerprint, and where they are to be listed.
#[derive(Default)]
struct Holders {
    count: u32,
    /// Those of them that are listed before new articles are compared, where few are new.
    listed: u32,
    slot: Option<Slot>,
}

/// Tells which numbers come more than once, and of a few others that they do.
#[derive(Default)]
struct Seen {
    /// Pairs of bits: seen once, seen again.
    pairs: Vec<u64>,
}

impl Seen {
    /// Forgets all, and makes room for so many numbers.
    fn clear(&mut self, numbers: usize) {
        self.pairs.clear();
        self.pairs.resize((numbers * BITS).div_ceil(64).max(1), 0);
    }

    /// The word of a number, and how far its pair of bits is shifted in it.
    fn place(&self, number: u32) -> (usize, u32) {
        // Within a part the leading bits of the hash are alike.
        let within = spread(number).wrapping_mul(PARTS as u32);
        let word = (u64::from(within) * self.pairs.len() as u64) >> 32;
        (word as usize, (number & 31) * 2)
    }

    fn add(&mut self, number: u32) {
        let (word, shift) = self.place(number);
        let pair = &mut self.pairs[word];
        *pair |= if *pair >> shift & 1 == 0 { 1 } else { 2 } << shift;
    }

    fn again(&self, number: u32) -> bool {
        let (word, shift) = self.place(number);
        self.pairs[word] >> shift & 2 != 0
    }
}
