//! The exact comparison of two articles.

use annals_plugin::StageError;
use serde::{Deserialize, Serialize};

use crate::sketch::{Body, decode, span, spans};

/// A body, ready to be compared.
pub(crate) struct Text {
    /// Shingles in text order.
    shingles: Vec<u32>,
    /// Each shingle once, with its first place, ascending.
    unique: Vec<(u32, u32)>,
    /// Telling words of the title with their places among the text's words.
    title: Vec<(u32, Vec<u32>)>,
    layout: Vec<u8>,
    /// Words a shingle.
    shingle: u32,
}

impl Text {
    /// Reads a body that was made with shingles of `shingle` words.
    pub(crate) fn decode(bytes: &[u8], shingle: u32) -> Result<Self, StageError> {
        let body: Body<'_> = decode(bytes)?;
        let shingles = body.shingles(shingle as usize);
        let mut unique: Vec<(u32, u32)> = shingles.iter().copied().zip(0..).collect();
        unique.sort_unstable();
        unique.dedup_by_key(|&mut (shingle, _)| shingle);
        Ok(Self { shingles, unique, title: body.title, layout: body.layout.to_vec(), shingle })
    }

    /// Bytes of memory that it takes, about.
    pub(crate) fn size(&self) -> usize {
        self.shingles.len() * 12 + self.layout.len() + 200
    }

    /// Where a shingle stands first.
    fn find(&self, shingle: u32) -> Option<u32> {
        self.unique.binary_search_by_key(&shingle, |&(other, _)| other).ok().map(|i| self.unique[i].1)
    }

    /// Counts the shingles that two texts share. The cost is that of the shorter, but for a logarithm.
    pub(crate) fn overlap(&self, other: &Self) -> Overlap {
        let (short, long) =
            if self.unique.len() <= other.unique.len() { (self, other) } else { (other, self) };
        let shared = if long.unique.len() / 8 > short.unique.len() {
            short.unique.iter().filter(|&&(shingle, _)| long.find(shingle).is_some()).count()
        } else {
            let mut rest = long.unique.iter().peekable();
            let held = |&&(shingle, _): &&(u32, u32)| {
                while rest.next_if(|&&(other, _)| other < shingle).is_some() {}
                rest.peek().is_some_and(|&&(other, _)| other == shingle)
            };
            short.unique.iter().filter(held).count()
        };
        Overlap { shared, short: short.unique.len(), long: long.unique.len() }
    }

    /// Share of this text's shingles that the other holds.
    pub(crate) fn held(&self, overlap: Overlap) -> f64 {
        share(overlap.shared, self.unique.len())
    }

    /// Whether what two texts share is a story, and not the furniture of a site.
    ///
    /// A story speaks of what its title says. Of two articles of one story the titles are alike, or the part that they
    /// share holds words of one of the titles. A sign-in form or a list of videos does not. The beginning of a text stands
    /// for the title that it does not have.
    pub(crate) fn shares_story(&self, other: &Self) -> bool {
        self.title.is_empty()
            || other.title.is_empty()
            || self.titles_alike(other)
            || self.title_is_told_in(other)
            || other.title_is_told_in(self)
    }

    fn titles_alike(&self, other: &Self) -> bool {
        let same = self.title.iter().filter(|(word, _)| other.title.iter().any(|(o, _)| o == word)).count();
        share(same, self.title.len() + other.title.len() - same) >= 0.7
    }

    /// Whether words of this text's title stand in the part of it that the other repeats.
    fn title_is_told_in(&self, other: &Self) -> bool {
        let in_shared_part = |&at: &u32| {
            let covering = at.saturating_sub(self.shingle - 1)..=at;
            let shared =
                |i: u32| self.shingles.get(i as usize).is_some_and(|&hash| other.find(hash).is_some());
            self.shingles.is_empty() || covering.into_iter().any(shared)
        };
        let told = self.title.iter().filter(|(_, places)| places.iter().any(in_shared_part)).count();
        told >= 3 || share(told, self.title.len()) >= 0.3
    }

    /// The longest parts of this text that the other repeats, in text order.
    pub(crate) fn parts(&self, other: &Self) -> Vec<Part> {
        let (mine, theirs) = (spans(&self.layout), spans(&other.layout));
        let mut runs: Vec<Run> = Vec::new();
        for (at, &hash) in (0_u32..).zip(&self.shingles) {
            let Some(of) = other.find(hash) else { continue };
            match runs.last_mut() {
                Some(run) if run.follows(at, of, 2 * self.shingle) => {
                    (run.end, run.of_end) = (at + 1, of + 1)
                }
                _ => runs.push(Run { start: at, end: at + 1, of_start: of, of_end: of + 1 }),
            }
        }
        runs.sort_by_key(|run| (std::cmp::Reverse(run.end - run.start), run.start));
        runs.truncate(PARTS);
        runs.sort_by_key(|run| run.start);
        let reach = self.shingle - 1;
        let part = |run: &Run| {
            let (start, end) = span(&mine, run.start, run.end + reach)?;
            let (of_start, of_end) = span(&theirs, run.of_start, run.of_end + reach)?;
            Some(Part { start, end, of_start, of_end })
        };
        runs.iter().filter_map(part).collect()
    }
}

/// Parts that are told of a duplicate.
const PARTS: usize = 4;

/// Shingles in a row that stand in both texts in the same order, but for small changes.
struct Run {
    start: u32,
    end: u32,
    of_start: u32,
    of_end: u32,
}

impl Run {
    fn follows(&self, at: u32, of: u32, gap: u32) -> bool {
        at - self.end <= gap && of >= self.of_end && of - self.of_end <= gap
    }
}

/// A part of one text that stands in another, in Unicode characters of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// Start in the duplicate.
    pub(crate) start: u32,
    /// End in the duplicate.
    pub(crate) end: u32,
    /// Start in the article that stays.
    pub(crate) of_start: u32,
    /// End in the article that stays.
    pub(crate) of_end: u32,
}

/// How many distinct shingles two texts have, and share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overlap {
    pub(crate) shared: usize,
    pub(crate) short: usize,
    pub(crate) long: usize,
}

impl Overlap {
    /// Share of the shorter text's shingles that the longer holds.
    pub(crate) fn containment(self) -> f64 {
        share(self.shared, self.short)
    }

    /// Shared shingles among all of both.
    pub(crate) fn jaccard(self) -> f64 {
        share(self.shared, self.short + self.long - self.shared)
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
