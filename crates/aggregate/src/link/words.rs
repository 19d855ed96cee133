//! The words of the incidents and the names of places, outlets and parties, each as a number.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use twox_hash::XxHash3_64;

use super::normal;

/// Words numbered in the order in which they came, each known by its digest. Numbers tell words apart and no more, since the
/// order may be that of several runs.
#[derive(Default)]
pub(crate) struct Vocabulary {
    numbers: FxHashMap<u64, u32>,
    /// The words in turn, each part but the last with [`PART`] of them.
    parts: Vec<Part>,
}

/// Words of a part.
const PART: usize = 1 << 14;

/// Words that follow one another.
#[derive(Default)]
struct Part {
    /// The words, parted by blanks.
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Part {
    /// Nothing if these are no words of a part.
    fn of(text: Vec<u8>) -> Option<Self> {
        let text = String::from_utf8(text).ok().filter(|text| u32::try_from(text.len()).is_ok())?;
        let blanks = (0..).zip(text.bytes()).filter(|(_, byte)| *byte == b' ').map(|(at, _)| at);
        let ends = blanks.chain([text.len() as u32]).collect();
        Some(Self { text, ends })
    }

    fn word(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize + 1);
        &self.text[start..self.ends[at] as usize]
    }

    fn push(&mut self, word: &str) {
        if !self.ends.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(word);
        self.ends.push(u32::try_from(self.text.len()).expect("a part has less than 4 GiB of words"));
    }
}

impl Vocabulary {
    pub(super) fn intern(&mut self, word: &str) -> u32 {
        let next = u32::try_from(self.len()).expect("fewer than 2^31 words fit in memory");
        let number = *self.numbers.entry(XxHash3_64::oneshot(word.as_bytes())).or_insert(next);
        if number == next {
            match self.parts.last_mut() {
                Some(part) if part.ends.len() < PART => part.push(word),
                _ => {
                    let mut part = Part::default();
                    part.push(word);
                    self.parts.push(part);
                }
            }
        }
        number
    }

    pub(crate) fn len(&self) -> usize {
        self.parts.last().map_or(0, |last| (self.parts.len() - 1) * PART + last.ends.len())
    }

    /// How many parts so many words have, and how many of them are full.
    pub(crate) fn parts_of(words: u64) -> (u64, u64) {
        (words.div_ceil(PART as u64), words / PART as u64)
    }

    /// The words of each part.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|part| part.text.as_str())
    }

    /// Brings back words in the order of their numbers, in parts as [`Vocabulary::parts`] gave them; nothing if these are not all
    /// of so many words. Only words that [`Vocabulary::look_for`] finds are known afterwards.
    pub(crate) fn bring_back(parts: Vec<Vec<u8>>, words: u64) -> Option<Self> {
        let parts: Vec<Part> = parts.into_par_iter().map(Part::of).collect::<Option<_>>()?;
        let full = parts.iter().rev().skip(1).all(|part| part.ends.len() == PART);
        let brought = Self { parts, ..Self::default() };
        (full && brought.len() as u64 == words).then_some(brought)
    }

    /// Finds the numbers of words that are about to come.
    pub(crate) fn look_for<'w>(&mut self, words: impl Iterator<Item = &'w str>) {
        const BITS: u32 = 20;
        // One look into a small table tells most words of no interest.
        let mut table = vec![0_u64; 1 << (BITS - 6)];
        let place = |digest: u64| ((digest >> (64 - BITS + 6)) as usize, 1 << (digest & 63));
        let mut sought = FxHashSet::default();
        for word in words {
            let digest = XxHash3_64::oneshot(word.as_bytes());
            let (at, bit) = place(digest);
            table[at] |= bit;
            sought.insert(digest);
        }
        let (table, sought) = (&table, &sought);
        let found = |(first, part): (usize, &Part)| -> Vec<(u64, u32)> {
            let digests = (0..part.ends.len()).map(|at| XxHash3_64::oneshot(part.word(at).as_bytes()));
            let is_sought = |digest: &u64| {
                let (at, bit) = place(*digest);
                table[at] & bit != 0 && sought.contains(digest)
            };
            let numbered = digests.zip((first * PART) as u32..);
            numbered.filter(|(digest, _)| is_sought(digest)).collect()
        };
        let found: Vec<Vec<(u64, u32)>> =
            self.parts.par_iter().enumerate().map(|(n, p)| found((n, p))).collect();
        self.numbers.extend(found.into_iter().flatten());
    }

    pub(crate) fn word(&self, number: u32) -> &str {
        let at = number as usize;
        self.parts[at / PART].word(at % PART)
    }
}

/// Names of places, outlets and parties. Few are new, so what became of each is kept.
#[derive(Default)]
pub(crate) struct Names {
    vocabulary: Vocabulary,
    normal: FxHashMap<String, u32>,
}

impl Names {
    /// Of names in the order of their numbers.
    pub(crate) fn bring_back(names: &[&str]) -> Self {
        let mut brought = Self::default();
        for name in names {
            brought.vocabulary.intern(name);
        }
        brought
    }

    /// All names in the order of their numbers.
    pub(crate) fn all(&self) -> Vec<&str> {
        (0..self.vocabulary.len() as u32).map(|number| self.vocabulary.word(number)).collect()
    }

    /// The number of a name as it stands.
    pub(super) fn exact(&mut self, name: &str) -> u32 {
        self.vocabulary.intern(name)
    }

    /// The number of a name in its [`normal`] form.
    pub(super) fn normal(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.normal.get(name) {
            return number;
        }
        let number = self.vocabulary.intern(&normal(name));
        self.normal.insert(name.to_owned(), number);
        number
    }
}

/// A term of an incident: the number of a word, and whether the article writes it as a name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Term(u32);

impl Term {
    pub(super) fn new(number: u32, name: bool) -> Self {
        Self(number << 1 | u32::from(name))
    }

    pub(super) fn word(self) -> u32 {
        self.0 >> 1
    }

    pub(super) fn is_name(self) -> bool {
        self.0 & 1 == 1
    }
}

/// The terms of incidents, as bytes in the parts in which they came.
pub(super) struct Terms {
    /// The first one takes those that are new.
    parts: Vec<Vec<u8>>,
}

impl Default for Terms {
    fn default() -> Self {
        Self { parts: vec![Vec::new()] }
    }
}

/// Where the terms of an incident stand: the part, and their bytes in it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TermsAt {
    part: u32,
    start: u32,
    end: u32,
}

impl TermsAt {
    /// In a part yet to come, by their place in its bytes.
    pub(super) fn of(start: usize, end: usize) -> Option<Self> {
        Some(Self { part: 0, start: start.try_into().ok()?, end: end.try_into().ok()? })
    }
}

impl Terms {
    pub(super) fn add(&mut self, terms: impl Iterator<Item = Term>) -> TermsAt {
        let part = &mut self.parts[0];
        let start = part.len();
        terms.for_each(|term| part.extend(term.0.to_le_bytes()));
        TermsAt::of(start, part.len()).expect("new articles have less than 4 GiB of words")
    }

    /// Takes a part; gives what tells where its terms stand now.
    pub(super) fn add_part(&mut self, bytes: Vec<u8>) -> impl Fn(TermsAt) -> TermsAt + use<> {
        let part = self.parts.len() as u32;
        self.parts.push(bytes);
        move |at| TermsAt { part, ..at }
    }

    pub(super) fn bytes(&self, at: TermsAt) -> &[u8] {
        &self.parts[at.part as usize][at.start as usize..at.end as usize]
    }

    /// The terms of an incident in the order in which its article has them.
    pub(super) fn of(&self, at: TermsAt) -> impl ExactSizeIterator<Item = Term> + use<'_> {
        terms(self.bytes(at))
    }
}

/// The terms that such bytes hold.
pub(super) fn terms(bytes: &[u8]) -> impl ExactSizeIterator<Item = Term> + use<'_> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| Term(u32::from_le_bytes(*bytes)))
}
