//! Which article repeats which.
//!
//! Articles are taken in the order in which they have a claim to stay: the earliest published, then the longest, then
//! by id. Each is compared with the articles before it that stay so far, found through an index of their fingerprints.
//! One that repeats such an article is a duplicate of it; one that repeats none stays and enters the index. So an
//! article that was re-posted a million times costs a million comparisons and not their square.
//!
//! One case goes against the order. Where a later article holds an earlier one and is mostly something else (a round-up,
//! a long read grown from a first report), the later stays and takes the earlier one in, for nothing is lost that way.

use std::cmp::Reverse;
use std::rc::Rc;

use annals_plugin::{CopyKind, Partials, StageError};
use rustc_hash::{FxBuildHasher, FxHashMap};
use serde::{Deserialize, Serialize};

use crate::corpus::{Corpus, Doc};
use crate::index::Index;
use crate::overlap::{Overlap, Part, Text};
use crate::sketch::{BODY, key};

/// When two articles count as copies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thresholds {
    /// Words a shingle.
    pub(crate) shingle: u32,
    /// Least Jaccard similarity.
    pub(crate) jaccard: f64,
    /// Least share of the shorter article's shingles.
    pub(crate) containment: f64,
    /// Least number of shingles of an article that can be part of another.
    pub(crate) part: usize,
}

/// Least share of a duplicate that the article holds which stays for it: what goes must not be mostly something else.
/// Likewise the least containment that ties an article to the one that stays for it through a third.
const HELD: f64 = 0.5;
/// Articles at least as long as the one at hand that it is compared with, those that share the most first.
const LONGER: usize = 8;
/// One in so many of the fingerprints that winnowing selects has to be shared to make a comparison worth its cost. Copies
/// share about half in the worst case.
const WORTH: u32 = 4;
/// Bytes of bodies that are kept at hand.
const BODIES: usize = 4 << 20;

const NONE: u32 = u32::MAX;

/// A duplicate and what it repeats.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) of: u32,
    pub(crate) kind: CopyKind,
    pub(crate) similarity: f32,
    pub(crate) parts: Vec<Part>,
}

/// What was counted on the way.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) compared: u64,
    pub(crate) furniture: u64,
    pub(crate) chained: u64,
}

impl Corpus {
    /// Finds the duplicates, in the order of the articles' claims to stay. `memory` is that whose sketches the
    /// signatures were read with; it is replaced by what helps the next run.
    ///
    /// Where an article is placed depends on those before it alone. So as far as the articles are the same as in the earlier
    /// run, in the same order, they stand where they stood, and only those from the first new one on are compared.
    pub(crate) fn duplicates(
        &self,
        partials: &dyn Partials,
        thresholds: Thresholds,
        memory: &mut Memory,
        found: &mut dyn FnMut(u32, Copy),
    ) -> Result<Counts, StageError> {
        let mut search = Search {
            corpus: self,
            bodies: Bodies { partials, shingle: thresholds.shingle, texts: FxHashMap::default(), size: 0 },
            thresholds,
            index: Index::new(self.room),
            same: FxHashMap::with_capacity_and_hasher(self.docs.len(), FxBuildHasher),
            links: vec![NONE; self.docs.len()],
            kinds: FxHashMap::default(),
            counts: Counts::default(),
        };
        let (order, known) = (&self.order, self.known);
        let none = |doc: &Doc| Hit { shared: 0, selected: doc.selected };
        let mut hits = Hits { of: self.docs.iter().map(none).collect(), touched: Vec::new() };
        let before = std::mem::take(&mut memory.docs);
        let mut rank_of = vec![0_u32; self.docs.len()];
        (0_u32..).zip(order).for_each(|(rank, &doc)| rank_of[doc as usize] = rank);
        for (rank, &doc) in order.iter().enumerate() {
            let placed = match before.get(rank).filter(|_| rank < known) {
                Some(before) => before.placed.clone(),
                None => search.place(doc, &mut hits)?.ranked(&rank_of),
            };
            search.take(doc, &placed, order);
            let sketch = self.docs[doc as usize].sketch;
            memory.docs.push(Remembered { sketch, placed, settled: None });
        }
        for (rank, &doc) in order.iter().enumerate() {
            let earlier =
                before.get(rank).filter(|_| rank < known).and_then(|before| before.settled.as_ref());
            let earlier = earlier.filter(|earlier| (earlier.linked.max(earlier.root) as usize) < known);
            let (copy, settled) = search.settle(doc, earlier, order, &rank_of)?;
            memory.docs[rank].settled = settled;
            if let Some(copy) = copy {
                found(doc, copy);
            }
        }
        Ok(search.counts)
    }
}

/// What is kept of the articles from run to run, in the order of their claims to stay.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    docs: Vec<Remembered>,
}

impl Memory {
    /// The sketches of the articles, in that order, and whether each stayed.
    pub(crate) fn sketches(&self) -> impl ExactSizeIterator<Item = (u64, bool)> + Clone {
        self.docs.iter().map(|doc| (doc.sketch, matches!(doc.placed, Placed::Stays(_))))
    }
}

/// What was found of an article, with other articles as their ranks in the order.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    sketch: u64,
    placed: Placed,
    settled: Option<Settled>,
}

/// Where an article was placed.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Placed {
    /// It repeats this one.
    Repeats(u32),
    /// It stays, and takes these in.
    Stays(Vec<u32>),
}

impl Placed {
    /// With ranks in place of numbers.
    fn ranked(self, rank_of: &[u32]) -> Self {
        match self {
            Self::Repeats(doc) => Self::Repeats(rank_of[doc as usize]),
            Self::Stays(docs) => Self::Stays(docs.into_iter().map(|doc| rank_of[doc as usize]).collect()),
        }
    }
}

/// What came of the comparison of a duplicate with the article that stays for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Settled {
    linked: u32,
    root: u32,
    /// Nothing if it proved to be too unlike.
    copy: Option<(CopyKind, f32, Vec<Part>)>,
}

/// What articles share with the one at hand.
struct Hits {
    of: Vec<Hit>,
    /// The articles that share something.
    touched: Vec<u32>,
}

/// What one article shares; its length stands beside it since the two are read together, from far places.
struct Hit {
    shared: u32,
    selected: u32,
}

/// Bodies, with the last ones kept at hand.
struct Bodies<'a> {
    partials: &'a dyn Partials,
    shingle: u32,
    texts: FxHashMap<u32, Rc<Text>>,
    size: usize,
}

impl Bodies<'_> {
    fn get(&mut self, corpus: &Corpus, doc: u32) -> Result<Rc<Text>, StageError> {
        if let Some(text) = self.texts.get(&doc) {
            return Ok(Rc::clone(text));
        }
        let id = corpus.id(doc);
        let bytes = self
            .partials
            .get(&key(BODY, id))?
            .ok_or_else(|| StageError::new("sketch_missing", format!("no body of article {id}")))?;
        let text = Rc::new(Text::decode(&bytes, self.shingle)?);
        if self.size > BODIES {
            self.texts.clear();
            self.size = 0;
        }
        self.size += text.size();
        self.texts.insert(doc, Rc::clone(&text));
        Ok(text)
    }
}

struct Search<'a> {
    corpus: &'a Corpus,
    bodies: Bodies<'a>,
    thresholds: Thresholds,
    index: Index,
    /// The first article of each text, and of each text under each title that it did not fit.
    same: FxHashMap<u128, u32>,
    /// The article that each repeats.
    links: Vec<u32>,
    /// What `settle` found of articles that others have the very text of.
    kinds: FxHashMap<u32, (u32, CopyKind, f32)>,
    counts: Counts,
}

impl Search<'_> {
    /// Finds the article that `doc` repeats, or lets it stay.
    fn place(&mut self, doc: u32, hits: &mut Hits) -> Result<Placed, StageError> {
        let known = &self.corpus.docs[doc as usize];
        // The same words are the same report, whatever stands above them.
        if let Some(&first) = self.same.get(&known.digest) {
            return Ok(Placed::Repeats(first));
        }

        let candidates = self.candidates(doc, hits);
        let mut best: Option<(usize, u32)> = None;
        let mut takes_in = Vec::new();
        for other in candidates {
            let (mine, theirs) = (self.bodies.get(self.corpus, doc)?, self.bodies.get(self.corpus, other)?);
            let overlap = mine.overlap(&theirs);
            self.counts.compared += 1;
            if !self.is_copy(overlap) {
                continue;
            }
            let stays = mine.held(overlap) >= HELD;
            if !mine.shares_story(&theirs) {
                self.counts.furniture += 1;
            } else if !stays {
                takes_in.push(other);
            } else if best.is_none_or(|(shared, _)| overlap.shared > shared) {
                best = Some((overlap.shared, other));
            }
        }
        Ok(best.map_or(Placed::Stays(takes_in), |(_, other)| Placed::Repeats(other)))
    }

    /// Puts an article where it was placed; the articles named are ranks.
    fn take(&mut self, doc: u32, placed: &Placed, order: &[u32]) {
        let known = &self.corpus.docs[doc as usize];
        self.same.entry(known.digest).or_insert(doc);
        match placed {
            Placed::Repeats(other) => self.links[doc as usize] = order[*other as usize],
            Placed::Stays(takes_in) => {
                for &other in takes_in {
                    let link = &mut self.links[order[other as usize] as usize];
                    if *link == NONE {
                        *link = doc;
                    }
                }
                for &slot in self.corpus.slots(doc) {
                    self.index.insert(slot, doc);
                }
            }
        }
    }

    fn is_copy(&self, overlap: Overlap) -> bool {
        let contained =
            overlap.short >= self.thresholds.part && overlap.containment() >= self.thresholds.containment;
        contained || overlap.jaccard() >= self.thresholds.jaccard
    }

    /// Articles that stay so far and share enough fingerprints, those that share the most first.
    fn candidates(&self, doc: u32, hits: &mut Hits) -> Vec<u32> {
        let known = &self.corpus.docs[doc as usize];
        let slots = self.corpus.slots(doc);
        // Lists and articles lie far apart in memory. Loops without branches let the processor wait for many at once.
        let most: u32 = slots.iter().map(|&slot| self.index.count(slot)).sum();
        hits.touched.resize(most as usize + 1, 0);
        let (mut common, mut touched) = (0_u32, 0);
        for &slot in slots {
            let Some(holders) = self.index.holders(slot) else {
                common += 1;
                continue;
            };
            for &holder in holders {
                let shared = &mut hits.of[holder as usize].shared;
                hits.touched[touched] = holder;
                touched += usize::from(*shared == 0);
                *shared += 1;
            }
        }
        hits.touched.truncate(touched);
        let telling = known.all.saturating_sub(common);
        let mine = (u64::from(known.selected) * u64::from(telling) / u64::from(known.all.max(1))) as u32;
        let mut found: Vec<(u32, u32)> = Vec::new();
        for holder in hits.touched.drain(..) {
            let hit = &mut hits.of[holder as usize];
            let shared = std::mem::take(&mut hit.shared);
            let fewer = mine.min(hit.selected);
            if shared.saturating_mul(WORTH) >= fewer {
                found.push((shared, holder));
            }
        }
        found.sort_unstable_by_key(|&(shared, holder)| (Reverse(shared), holder));
        let mut longer = 0;
        found.retain(|&(_, holder)| {
            longer += usize::from(self.corpus.docs[holder as usize].words >= known.words);
            self.corpus.docs[holder as usize].words < known.words || longer <= LONGER
        });
        found.into_iter().map(|(_, holder)| holder).collect()
    }

    /// Says of what `doc` is a duplicate once all links are known; those before it in the order have been settled. `earlier`
    /// is what came of it when the articles that it names were as they are now.
    fn settle(
        &mut self,
        doc: u32,
        earlier: Option<&Settled>,
        order: &[u32],
        rank_of: &[u32],
    ) -> Result<(Option<Copy>, Option<Settled>), StageError> {
        let linked = self.links[doc as usize];
        if linked == NONE {
            return Ok((None, None));
        }
        if self.corpus.docs[linked as usize].digest == self.corpus.docs[doc as usize].digest {
            let (of, kind, similarity) = *self.kinds.get(&linked).unwrap_or(&(linked, CopyKind::Exact, 1.0));
            return Ok((Some(Copy { of, kind, similarity, parts: Vec::new() }), None));
        }
        let mut root = linked;
        while self.links[root as usize] != NONE {
            root = self.links[root as usize];
        }
        let as_before = |earlier: &&Settled| {
            order[earlier.linked as usize] == linked && order[earlier.root as usize] == root
        };
        let settled = match earlier.filter(as_before) {
            Some(earlier) => earlier.clone(),
            None => {
                let copy = self.compare(doc, linked, root)?;
                Settled { linked: rank_of[linked as usize], root: rank_of[root as usize], copy }
            }
        };
        let Some((kind, similarity, parts)) = settled.copy.clone() else {
            self.links[doc as usize] = NONE;
            return Ok((None, Some(settled)));
        };
        self.kinds.insert(doc, (root, kind, similarity));
        Ok((Some(Copy { of: root, kind, similarity, parts }), Some(settled)))
    }

    /// Compares a duplicate with the article that stays for it; nothing if only a third one ties them.
    fn compare(
        &mut self,
        doc: u32,
        linked: u32,
        root: u32,
    ) -> Result<Option<(CopyKind, f32, Vec<Part>)>, StageError> {
        let (mine, theirs) = (self.bodies.get(self.corpus, doc)?, self.bodies.get(self.corpus, root)?);
        let overlap = mine.overlap(&theirs);
        if root != linked {
            self.counts.chained += 1;
            if overlap.containment() < HELD || mine.held(overlap) < HELD || !mine.shares_story(&theirs) {
                return Ok(None);
            }
        }
        let (kind, similarity) = if overlap.jaccard() >= self.thresholds.jaccard {
            (CopyKind::Near, overlap.jaccard() as f32)
        } else {
            (CopyKind::Contained, overlap.containment() as f32)
        };
        Ok(Some((kind, similarity, mine.parts(&theirs))))
    }
}
