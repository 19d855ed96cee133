//! The fingerprints of all articles, and which of them several articles have.

use rustc_hash::FxHashMap;

use crate::index::{Holders, Slot};

/// Fingerprints are told apart in so many parts, by their hash, so that the tables for one part are small enough to be at
/// hand.
const PARTS: usize = 64;
/// Bits of a table of seen fingerprints for each.
const BITS: usize = 8;
/// Entries of a block. Blocks keep a growing list from being moved.
const BLOCK: usize = 1 << 14;

/// What stands in the place of a fingerprint that is of no use. A fingerprint of this value is none either.
const USELESS: u32 = u32::MAX;

/// The fingerprints of all articles.
pub(crate) struct Fingerprints {
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
    pub(crate) fn new() -> Self {
        Self { parts: (0..PARTS).map(|_| Part::default()).collect(), sorted: vec![Vec::new(); PARTS] }
    }

    /// Adds those of one article.
    pub(crate) fn push(&mut self, numbers: impl Iterator<Item = u32>) {
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
    pub(crate) fn group(&mut self) -> u32 {
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
                *number = holders.get_mut(number).and_then(|held| held.slot(&mut length)).unwrap_or(USELESS);
            }
        }
        length
    }

    /// How many are of use.
    pub(crate) fn left(&mut self) -> usize {
        let numbers = self.parts.iter_mut().flat_map(|part| part.fingerprints.iter_mut());
        numbers.filter(|number| **number != USELESS).count()
    }

    /// Gives what is of use of each article.
    pub(crate) fn into_articles(self) -> impl FnMut(&mut Vec<Slot>) {
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

/// Spreads numbers evenly: the least hash of a window is a small number.
pub(crate) fn spread(number: u32) -> u32 {
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
