//! Which article repeats which.
//!
//! Articles are taken in the order in which they have a claim to stay: the earliest published, then the longest, then
//! by id. Each is compared with the articles before it that stay so far, found through an index of their fingerprints.
//! One that repeats such an article is a duplicate of it; one that repeats none stays and enters the index. So an
//! article that was re-posted a million times costs a million comparisons and not their square.
//!
//! One case goes against the order. Where a later article holds an earlier one and is mostly something else (a round-up,
//! a long read grown from a first report), the later stays and takes the earlier one in, for nothing is lost that way.

use std::iter::Peekable;
use std::rc::Rc;
use std::slice;

use annals_plugin::{CopyKind, Partials, StageError};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::articles::Doc;
use crate::corpus::Corpus;
use crate::index::Index;
use crate::kept::{Memory, Placed, Settled};
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

/// What a duplicate repeats.
#[derive(Debug)]
pub(crate) struct Copy<'a> {
    pub(crate) of: u32,
    pub(crate) kind: CopyKind,
    pub(crate) similarity: f32,
    pub(crate) parts: &'a [Part],
}

/// What was counted on the way.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) compared: u64,
    pub(crate) furniture: u64,
    pub(crate) chained: u64,
}

impl Corpus {
    /// Finds the duplicates, and tells `found` of each article that is one, and of those that may have been one before.
    /// `memory` is that which the signatures were read with; it is replaced by what helps the next run.
    ///
    /// Where an article is placed depends on those before it alone. So as far as the articles are the same as in the earlier
    /// run, in the same order, they stand where they stood, and only those from the first new one on are compared.
    pub(crate) fn duplicates(
        &self,
        partials: &dyn Partials,
        thresholds: Thresholds,
        memory: &mut Memory,
        found: &mut dyn FnMut(u32, Found<'_>),
    ) -> Result<Counts, StageError> {
        let docs = &self.articles.docs;
        let mut search = Search {
            corpus: self,
            bodies: Bodies { partials, shingle: thresholds.shingle, texts: FxHashMap::default(), size: 0 },
            thresholds,
            index: Index::new(self.room),
            same: FxHashMap::default(),
            links: vec![NONE; docs.len()],
            counts: Counts::default(),
        };
        let none = |doc: &Doc| Hit { shared: 0, selected: doc.selected };
        let mut hits = Hits { of: docs.iter().map(none).collect(), touched: Vec::new() };
        memory.forget_from(self.known);
        for doc in 0..self.articles.len() {
            let placed = match memory.placed.get(doc as usize) {
                Some(placed) => *placed,
                None => {
                    let (placed, takes_in) = search.place(doc, &mut hits)?;
                    memory.place(doc, placed, takes_in);
                    placed
                }
            };
            search.take(doc, placed, memory.taken_in_by(doc));
        }
        let mut settling = Settling {
            placed: &memory.placed,
            known: self.known as u32,
            earlier: memory.settled.iter().peekable(),
            made: Vec::new(),
            others: FxHashSet::default(),
        };
        for doc in 0..self.articles.len() {
            if let Some(outcome) = search.settle(doc, &mut settling)? {
                found(doc, outcome);
            }
        }
        let Settling { made, others, .. } = settling;
        memory.settle(made, &others, self.known);
        Ok(search.counts)
    }
}

/// What was found of an article.
pub(crate) struct Found<'a> {
    /// What it repeats, if it is a duplicate.
    pub(crate) copy: Option<Copy<'a>>,
    /// Whether that is what the earlier run found.
    pub(crate) as_before: bool,
}

/// What comes of the duplicates once all links are known.
struct Settling<'m> {
    placed: &'m [Placed],
    known: u32,
    /// What came of them before, of those that are yet to come.
    earlier: Peekable<slice::Iter<'m, (u32, Settled)>>,
    made: Vec<(u32, Settled)>,
    /// The articles of which that is not what came of them before.
    others: FxHashSet<u32>,
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
        let id = corpus.articles.id(doc);
        let bytes = self
            .partials
            .get_of(id, &key(BODY, id))?
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
    /// The first article of each text.
    same: FxHashMap<[u8; 16], u32>,
    /// The article that each repeats.
    links: Vec<u32>,
    counts: Counts,
}

impl Search<'_> {
    /// Finds the article that `doc` repeats, or lets it stay and tells which ones it takes in.
    fn place(&mut self, doc: u32, hits: &mut Hits) -> Result<(Placed, Vec<u32>), StageError> {
        let known = &self.corpus.articles.docs[doc as usize];
        // The same words are the same report, whatever stands above them.
        if let Some(&first) = known.digest.and_then(|digest| self.same.get(&digest)) {
            return Ok((Placed::Same(first), Vec::new()));
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
        Ok(match best {
            Some((_, other)) => (Placed::Repeats(other), Vec::new()),
            None => (Placed::Stays, takes_in),
        })
    }

    /// Puts an article where it was placed.
    fn take(&mut self, doc: u32, placed: Placed, takes_in: &[u32]) {
        if let Some(digest) = self.corpus.articles.docs[doc as usize].digest {
            self.same.entry(digest).or_insert(doc);
        }
        match placed {
            Placed::Same(other) | Placed::Repeats(other) => self.links[doc as usize] = other,
            Placed::Stays => {
                for &other in takes_in {
                    let link = &mut self.links[other as usize];
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
        let articles = &self.corpus.articles;
        let known = &articles.docs[doc as usize];
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
        let id = |holder| articles.id(holder);
        found.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| id(a.1).cmp(id(b.1))));
        let mut longer = 0;
        found.retain(|&(_, holder)| {
            longer += usize::from(articles.docs[holder as usize].words >= known.words);
            articles.docs[holder as usize].words < known.words || longer <= LONGER
        });
        found.into_iter().map(|(_, holder)| holder).collect()
    }

    /// Says of what `doc` is a duplicate once all links are known; those before it in the order have been settled. Nothing of
    /// an article that never was one.
    fn settle<'s>(
        &mut self,
        doc: u32,
        settling: &'s mut Settling<'_>,
    ) -> Result<Option<Found<'s>>, StageError> {
        let is_known = doc < settling.known;
        let earlier = settling.earlier.next_if(|(other, _)| *other == doc).filter(|_| is_known);
        let earlier = earlier.map(|(_, earlier)| earlier);
        let linked = self.links[doc as usize];
        if linked == NONE {
            if earlier.is_some() {
                settling.others.insert(doc);
            }
            let was_copy = earlier.is_some_and(|earlier| earlier.copy.is_some());
            return Ok((was_copy || !is_known).then_some(Found { copy: None, as_before: false }));
        }
        if settling.placed[doc as usize] == Placed::Same(linked) {
            let (of, kind, similarity) = match settling.made.binary_search_by_key(&linked, |&(doc, _)| doc) {
                Ok(at) => settling.made[at].1.whole(linked),
                Err(_) => (linked, CopyKind::Exact, 1.0),
            };
            let as_before = is_known && !settling.others.contains(&linked);
            return Ok(Some(Found { copy: Some(Copy { of, kind, similarity, parts: &[] }), as_before }));
        }
        let mut root = linked;
        while self.links[root as usize] != NONE {
            root = self.links[root as usize];
        }
        // It holds only if the articles that it names are as they were.
        let as_before = |earlier: &&Settled| {
            linked.max(root) < settling.known && (earlier.linked, earlier.root) == (linked, root)
        };
        let earlier = earlier.filter(as_before);
        let as_before = earlier.is_some();
        let settled = match earlier {
            Some(earlier) => earlier.clone(),
            None => Settled { linked, root, copy: self.compare(doc, linked, root)? },
        };
        if !as_before {
            settling.others.insert(doc);
        }
        if settled.copy.is_none() {
            self.links[doc as usize] = NONE;
        }
        settling.made.push((doc, settled));
        let copy = settling.made.last().and_then(|(_, settled)| settled.copy.as_ref());
        let copy = copy.map(|(kind, similarity, parts)| Copy {
            of: root,
            kind: *kind,
            similarity: *similarity,
            parts,
        });
        Ok(Some(Found { copy, as_before }))
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
