//! What is kept from run to run: of each article what ranks it, where it was placed, and what came of that.
//!
//! It is kept in parts of so many articles each, in the order of their claims to stay. Where a run finds the first articles of
//! that order as they were, their parts are not written again.

use annals_plugin::{CopyKind, Findings, Partials, StageError};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::articles::Articles;
use crate::corpus::Corpus;
use crate::overlap::Part;

/// Articles of a part.
const PART: usize = 1024;
/// Parts that are read at a time.
const PARTS_AT_A_TIME: usize = 64;
/// What the list of the parts starts with, so that memories of another form are told apart.
const FORM: [u8; 8] = *b"dedupe 2";

/// Where an article was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placed {
    /// It stays.
    Stays,
    /// It has the very text of this one.
    Same(u32),
    /// It repeats this one.
    Repeats(u32),
}

/// What came of the comparison of a duplicate with the article that stays for it.
#[derive(Debug, Clone)]
pub(crate) struct Settled {
    pub(crate) linked: u32,
    pub(crate) root: u32,
    /// Nothing if it proved to be too unlike.
    pub(crate) copy: Option<(CopyKind, f32, Vec<Part>)>,
}

impl Settled {
    /// What an article with the very text of `doc`, of which this came, repeats.
    pub(crate) fn whole(&self, doc: u32) -> (u32, CopyKind, f32) {
        let copy = self.copy.as_ref();
        copy.map_or((doc, CopyKind::Exact, 1.0), |&(kind, similarity, _)| (self.root, kind, similarity))
    }
}

/// What is known of the articles of an earlier run, and then of this one.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The articles of the earlier run.
    pub(crate) articles: Articles,
    pub(crate) placed: Vec<Placed>,
    /// What those that stay take in, if anything.
    takes_in: FxHashMap<u32, Vec<u32>>,
    /// What came of duplicates, in order.
    pub(crate) settled: Vec<(u32, Settled)>,
    /// Parts that are as the earlier run left them.
    same: FxHashSet<usize>,
}

/// The list of the parts.
#[derive(Debug, Serialize, Deserialize)]
struct List {
    form: [u8; 8],
    articles: u32,
}

/// The articles of a part, fact by fact. Other articles are told by how far back they stand.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Facts<'a> {
    /// Their ids, end to end.
    ids: &'a str,
    id_lengths: Vec<u32>,
    /// Eight bytes each.
    sketches: &'a [u8],
    /// Each from the one before.
    published: Vec<i64>,
    words: Vec<u32>,
    selected: Vec<u32>,
    /// Fingerprints beside those selected.
    others: Vec<u32>,
    /// 0 for one that stays. For a duplicate how far back the other one stands, twice, and one less if it has the very text.
    placed: Vec<u32>,
    takes_in: Vec<(u32, Vec<u32>)>,
    settled: Vec<(u32, Outcome)>,
}

/// What came of the comparison of a duplicate.
#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    linked: i64,
    root: i64,
    copy: Option<(CopyKind, f32, Vec<Part>)>,
}

fn name(part: usize) -> [u8; 4] {
    (part as u32).to_be_bytes()
}

fn write(value: &impl Serialize) -> Result<Vec<u8>, StageError> {
    postcard::to_allocvec(value).map_err(|error| StageError::new("memory_not_encoded", error.to_string()))
}

impl Memory {
    /// Reads what the last run left; nothing, if that cannot be used.
    pub(crate) fn recall(partials: &dyn Partials) -> Result<Self, StageError> {
        let list: Option<List> = partials.recall()?.and_then(|bytes| postcard::from_bytes(&bytes).ok());
        let Some(list) = list.filter(|list| list.form == FORM) else { return Ok(Self::default()) };
        let mut memory = Self::default();
        let names: Vec<Vec<u8>> =
            (0..(list.articles as usize).div_ceil(PART)).map(|part| name(part).to_vec()).collect();
        for names in names.chunks(PARTS_AT_A_TIME) {
            for bytes in partials.recall_parts(names)? {
                let facts = bytes.as_ref().and_then(|bytes| postcard::from_bytes(bytes).ok());
                if facts.and_then(|facts| memory.bring_back(&facts)).is_none() {
                    return Ok(Self::default());
                }
            }
        }
        Ok(if memory.articles.len() == list.articles { memory } else { Self::default() })
    }

    /// Adds the articles of a part; nothing if it is damaged.
    fn bring_back(&mut self, facts: &Facts<'_>) -> Option<()> {
        let count = facts.id_lengths.len();
        let (sketches, rest) = facts.sketches.as_chunks::<8>();
        let Facts { published, words, selected, others, placed, .. } = facts;
        let lengths =
            [sketches.len(), published.len(), words.len(), selected.len(), others.len(), placed.len()];
        if lengths != [count; 6] || !rest.is_empty() {
            return None;
        }
        let first = self.articles.len();
        self.articles.reserve(count, facts.ids.len());
        let (mut ids, mut seconds) = (facts.ids, 0_i64);
        for (at, sketch) in sketches.iter().enumerate() {
            let id;
            (id, ids) = ids.split_at_checked(facts.id_lengths[at] as usize)?;
            seconds = seconds.wrapping_add(published[at]);
            let counts = [words[at], selected[at], selected[at].checked_add(others[at])?];
            self.articles.bring_back(id, u64::from_le_bytes(*sketch), seconds, counts);
            let doc = first + at as u32;
            let back = placed[at];
            let other = || doc.checked_sub(back.div_ceil(2));
            self.placed.push(match back {
                0 => Placed::Stays,
                back if back % 2 == 1 => Placed::Same(other()?),
                _ => Placed::Repeats(other()?),
            });
        }
        for (at, others) in &facts.takes_in {
            let doc = first + at;
            let others = others.iter().map(|&back| doc.checked_sub(back)).collect::<Option<_>>()?;
            self.takes_in.insert(doc, others);
        }
        for (at, outcome) in &facts.settled {
            let doc = first + at;
            let other =
                |back: i64| i64::from(doc).checked_sub(back).and_then(|other| u32::try_from(other).ok());
            let (linked, root, copy) = (other(outcome.linked)?, other(outcome.root)?, outcome.copy.clone());
            self.settled.push((doc, Settled { linked, root, copy }));
        }
        Some(())
    }

    /// Forgets where articles from number `known` on were placed.
    pub(crate) fn forget_from(&mut self, known: usize) {
        self.placed.truncate(known);
        self.takes_in.retain(|&doc, _| (doc as usize) < known);
    }

    /// Notes where the next article is placed.
    pub(crate) fn place(&mut self, doc: u32, placed: Placed, takes_in: Vec<u32>) {
        self.placed.push(placed);
        if !takes_in.is_empty() {
            self.takes_in.insert(doc, takes_in);
        }
    }

    /// The articles that one which stays takes in.
    pub(crate) fn taken_in_by(&self, doc: u32) -> &[u32] {
        self.takes_in.get(&doc).map_or(&[], Vec::as_slice)
    }

    /// Notes what came of duplicates. Of the first `known` articles all is as it was but for `others`.
    pub(crate) fn settle(&mut self, settled: Vec<(u32, Settled)>, others: &FxHashSet<u32>, known: usize) {
        self.settled = settled;
        let others: FxHashSet<usize> = others.iter().map(|&doc| doc as usize / PART).collect();
        self.same = (0..known / PART).filter(|part| !others.contains(part)).collect();
    }

    /// Leaves all that for the next run.
    pub(crate) fn remember(&self, corpus: &Corpus, out: &mut dyn Findings) -> Result<(), StageError> {
        let articles = &corpus.articles;
        for (part, placed) in self.placed.chunks(PART).enumerate() {
            let same = self.same.contains(&part);
            let bytes = if same { None } else { Some(self.part(articles, part * PART, placed)?) };
            out.remember_part(&name(part), bytes);
        }
        out.remember(write(&List { form: FORM, articles: articles.len() })?);
        Ok(())
    }

    fn part(&self, articles: &Articles, first: usize, placed: &[Placed]) -> Result<Vec<u8>, StageError> {
        let (mut ids, mut sketches) = (String::new(), Vec::new());
        let mut facts = Facts::default();
        let mut last = 0;
        for (doc, placed) in (first as u32..).zip(placed) {
            let known = &articles.docs[doc as usize];
            let id = articles.id(doc);
            ids.push_str(id);
            facts.id_lengths.push(id.len() as u32);
            sketches.extend(known.sketch.to_le_bytes());
            facts.published.push(known.published.wrapping_sub(last));
            last = known.published;
            facts.words.push(known.words);
            facts.selected.push(known.selected);
            facts.others.push(known.all.saturating_sub(known.selected));
            facts.placed.push(match placed {
                Placed::Stays => 0,
                Placed::Same(other) => 2 * (doc - other) - 1,
                Placed::Repeats(other) => 2 * (doc - other),
            });
            let at = doc - first as u32;
            if let Some(others) = self.takes_in.get(&doc) {
                facts.takes_in.push((at, others.iter().map(|other| doc - other).collect()));
            }
        }
        let from = self.settled.partition_point(|&(doc, _)| (doc as usize) < first);
        let of_part =
            self.settled[from..].iter().take_while(|(doc, _)| (*doc as usize) < first + placed.len());
        facts.settled.extend(of_part.map(|(doc, settled)| {
            let back = |other: u32| i64::from(*doc) - i64::from(other);
            let outcome = Outcome {
                linked: back(settled.linked),
                root: back(settled.root),
                copy: settled.copy.clone(),
            };
            (doc - first as u32, outcome)
        }));
        write(&Facts { ids: &ids, sketches: &sketches, ..facts })
    }
}
