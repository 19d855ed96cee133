//! How telling words and places are, period by period.
//!
//! What is rare is a question of the time: a town is in the news for a month, a minister for years. So words and places are
//! counted within periods, runs of whole weeks of publication with a few thousand incidents each. That also bounds what a
//! new report can change: what two reports say for one another is told by the period of the earlier one, and so it stays as it is
//! once that period is over, however much news comes later. What was counted of a period is kept under the digest of its incidents.

use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use super::counts::{Class, Counts};
use super::words::Terms;
use super::{NOBODY, Node};

/// Reports of one event that are taken for one occasion on which a word is in the news.
const REPORTS_OF_ONE: u32 = 3;

/// Weight below which a word tells nothing: common words are most of what reports share.
const LEAST_WEIGHT: f32 = 0.01;

/// Rare words by which one incident is looked up.
pub(super) const RARE_TERMS: usize = 10;

/// Occasions on which a word may have been in the news to be looked up by: more common ones say too little alone.
const MOST_OCCASIONS: u32 = 40;

/// The rarity of a word that came on one occasion. Rarities are whole numbers, so that a sum of them does not depend on the order
/// in which words are numbered.
const RAREST: f32 = (1 << 20) as f32;

/// In place of a number.
pub(super) const NONE: u32 = u32::MAX;

/// Summed rarity of the terms that two incidents share as names, and otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shared {
    names: u32,
    words: u32,
}

impl Shared {
    pub(super) fn add(&mut self, rarity: u32, as_name: bool) {
        *if as_name { &mut self.names } else { &mut self.words } += rarity;
    }
}

/// A period: what was counted of its incidents.
pub(super) struct Period {
    /// What a word of the greatest rarity weighs, as a name and not as one: in a small corpus few occasions do not make a word
    /// rare, and of names fewer are enough to tell.
    name: f32,
    word: f32,
    /// How seldom each place (by GeoNames id) is in the news, from 0 (nearly every day) to 1.
    calm: FxHashMap<u32, f32>,
    words: Counts,
    /// Digest of the incidents, on which all this depends.
    pub(super) digest: u64,
    /// Whether it was kept.
    pub(super) is_kept: bool,
}

/// What is kept of a period.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    incidents: u32,
    calm: Vec<(u32, f32)>,
    #[serde(borrow)]
    words: &'a [u8],
}

/// One of the rarest terms of an incident.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rare {
    /// The number of the word.
    pub(super) word: u32,
    /// Its place among all terms of the incident.
    pub(super) place: u16,
}

impl Period {
    /// The weight of a word of some rarity that both reports write as a name, or not.
    pub(super) fn weight(&self, rarity: u32, as_name: bool) -> f32 {
        rarity as f32 / RAREST * if as_name { self.name } else { self.word }
    }

    /// The weights of the names and of the other words that two incidents share.
    pub(super) fn weights(&self, shared: Shared) -> (f32, f32) {
        (self.weight(shared.names, true), self.weight(shared.words, false))
    }

    /// How rare a word is; 0 if it tells nothing.
    pub(super) fn rarity(&self, word: u32) -> u32 {
        self.words.of_word(word).map_or(0, |class| class.rarity)
    }

    /// How seldom a place is in the news.
    pub(super) fn calm(&self, place: Option<u32>) -> f32 {
        place.and_then(|place| self.calm.get(&place)).copied().unwrap_or(1.0)
    }

    /// Of so many incidents.
    fn of(digest: u64, incidents: usize, calm: FxHashMap<u32, f32>, words: Counts) -> Self {
        let (name, word) = weights(incidents);
        Self { name, word, calm, words, digest, is_kept: false }
    }

    /// Reads what [`Period::to_bytes`] wrote of a period with this digest, and of words of a vocabulary of so many; nothing if that is
    /// damaged.
    pub(super) fn from_bytes(digest: u64, bytes: &[u8], vocabulary: usize) -> Option<Self> {
        let Kept { incidents, calm, words } = postcard::from_bytes(bytes).ok()?;
        let words = Counts::from_bytes(words, vocabulary)?;
        Some(Self {
            is_kept: true,
            ..Self::of(digest, incidents as usize, calm.into_iter().collect(), words)
        })
    }

    /// What is to be kept of a period of so many incidents.
    pub(super) fn to_bytes(&self, incidents: usize) -> Result<Vec<u8>, postcard::Error> {
        let mut calm: Vec<(u32, f32)> = self.calm.iter().map(|(&place, &calm)| (place, calm)).collect();
        calm.sort_unstable_by_key(|(place, _)| *place);
        postcard::to_allocvec(&Kept { incidents: incidents as u32, calm, words: &self.words.to_bytes() })
    }

    /// A word is the rarer the fewer separate occasions it occurs on, not the fewer articles: the name of a victim is
    /// in every report of one event and in no other, while a site's own boilerplate comes back week after week. An
    /// occasion is a run of reports of the same week and division among the reports that hold the word.
    ///
    /// `known` has a place for each word of the vocabulary.
    fn counted(digest: u64, nodes: &[Node], terms: &Terms, known: &mut [u32]) -> Self {
        let mut words: Vec<Word> = Vec::new();
        for (holder, node) in (0..).zip(nodes) {
            let week = node.published.or(node.when.map(|(start, _, _)| start)).map(|day| day.div_euclid(7));
            for term in terms.of(node.terms) {
                let known = &mut known[term.word() as usize];
                if *known == NONE {
                    *known = words.len() as u32;
                    let number = term.word();
                    words.push(Word { number, count: 0, occasions: 0, holder, week: None, division: None });
                }
                let word = &mut words[*known as usize];
                let same_division = match (word.division, node.adm_1) {
                    (Some(before), Some(now)) => before == now,
                    _ => true,
                };
                if week.is_none() || word.week != week || !same_division {
                    word.occasions += 1;
                }
                word.count += 1;
                word.division = node.adm_1.or(word.division.filter(|_| word.week == week));
                word.week = week;
            }
        }
        words.iter().for_each(|word| known[word.number as usize] = NONE);
        words.sort_unstable_by_key(|word| word.number);
        let all = nodes.len().max(1) as f32;
        let (name, _) = weights(nodes.len());
        // Most words come on few occasions.
        let rarity_of = |occasions: u32| (occasions as f32).powf(-0.75);
        let few: Vec<f32> = (0..64).map(rarity_of).collect();
        let class = |word: &Word| {
            // Where news is dense, one week and division hold many events: few words are in more than a few reports of one.
            let occasions = word.occasions.max(word.count / REPORTS_OF_ONE);
            // What a good part of all reports hold is furniture, or the theme of the corpus.
            let novelty = (1.0 - 3.0 * word.count as f32 / all).max(0.0);
            let rarity = few.get(occasions as usize).copied().unwrap_or_else(|| rarity_of(occasions));
            let rarity = rarity * novelty;
            let rarity = if rarity * name < LEAST_WEIGHT { 0 } else { (rarity * RAREST).round() as u32 };
            let is_key = rarity > 0 && occasions <= MOST_OCCASIONS;
            (word.number, Class { rarity, is_key, is_single: word.count == 1 }, word.holder)
        };
        Self::of(digest, nodes.len(), calm(nodes), Counts::of(words.iter().map(class)))
    }

    /// The rarest terms of an incident that `is_shared` with others.
    fn rarest(&self, node: &Node, terms: &Terms, is_shared: impl Fn(u32) -> bool) -> Vec<Rare> {
        let mut rarest: Vec<(f32, Rare)> = Vec::new();
        for (place, term) in (0..).zip(terms.of(node.terms)).filter(|(_, term)| is_shared(term.word())) {
            let class = self.words.of_word(term.word()).filter(|class| class.is_key);
            let Some(Class { rarity, .. }) = class else { continue };
            let weight = self.weight(rarity, term.is_name());
            let rare = Rare { word: term.word(), place };
            rarest.push((if term.is_name() { weight } else { weight / 2.0 }, rare));
        }
        // Of words as rare as one another those that the article has first stay first.
        rarest.sort_by(|a, b| b.0.total_cmp(&a.0));
        rarest.truncate(RARE_TERMS);
        rarest.into_iter().map(|(_, rare)| rare).collect()
    }
}

/// What a word of the greatest rarity weighs among so many incidents, as a name and not as one.
fn weights(incidents: usize) -> (f32, f32) {
    let all = incidents.max(1) as f32;
    let weight = |enough: f32| (enough / all).max(1.0).powf(-0.75);
    (weight(30.0), weight(300.0))
}

/// A word of a period while it is counted.
struct Word {
    /// Its number in the vocabulary.
    number: u32,
    /// Incidents that hold it, and the first of them.
    count: u32,
    holder: u32,
    occasions: u32,
    /// The week and division where it came last.
    week: Option<i32>,
    division: Option<u32>,
}

/// Counts the words of incidents, which stand in the order of their reports, of which `reports` are digests, and tells each its
/// period. A period has `incidents` at the least, and words numbers below `vocabulary`. What is `kept` of a period is taken as it is;
/// what is not taken is left.
pub(super) fn count(
    nodes: &mut [Node],
    terms: &Terms,
    reports: &[u64],
    vocabulary: usize,
    incidents: usize,
    kept: &mut Vec<Period>,
) -> Vec<Period> {
    let ranges = periods(nodes, incidents);
    let digest = |range: &Range<usize>| digest(&nodes[range.clone()], reports);
    let digests: Vec<u64> = ranges.par_iter().map(digest).collect();
    let mut take = |digest: &u64| {
        let at = kept.iter().position(|period| period.digest == *digest)?;
        Some(kept.swap_remove(at))
    };
    let known: Vec<Option<Period>> = digests.iter().map(&mut take).collect();
    // A table that each thread makes once, and leaves as it was.
    let table = || vec![NONE; vocabulary];
    let periods = known
        .into_par_iter()
        .zip(&ranges)
        .zip(digests)
        .map_init(table, |table, ((known, range), digest)| {
            known.unwrap_or_else(|| Period::counted(digest, &nodes[range.clone()], terms, table))
        })
        .collect();
    for (number, range) in (0..).zip(ranges) {
        nodes[range].iter_mut().for_each(|node| node.period = number);
    }
    periods
}

/// What was known of the rarest terms of incidents when they were told the last time.
pub(super) struct Told<'a> {
    /// Where those of each stood, by its number then.
    pub(super) ends: &'a [u32],
    /// The periods there were then and are no more; nothing if they are not known.
    pub(super) gone: Option<&'a [Period]>,
}

/// Tells each incident its rarest terms, which are added to `rarest` if they are not those of the last time.
pub(super) fn tell(
    nodes: &mut [Node],
    terms: &Terms,
    periods: &[Period],
    vocabulary: usize,
    last: Option<Told<'_>>,
    rarest: &mut Vec<Rare>,
) {
    let mut kept = vec![0_u8; vocabulary];
    periods.iter().filter(|period| period.is_kept).for_each(|period| period.words.add_to(&mut kept));
    let mut now = kept.clone();
    periods.iter().filter(|period| !period.is_kept).for_each(|period| period.words.add_to(&mut now));
    let is_shared = |word: u32| now[word as usize] > 1;
    // Words that two incidents or more hold now, and did not then, or the other way round.
    let last = last.and_then(|Told { ends, gone }| {
        gone?.iter().for_each(|period| period.words.add_to(&mut kept));
        let turned = kept.iter().zip(&now).map(|(then, now)| (*then > 1) != (*now > 1)).collect::<Vec<_>>();
        Some((ends, turned))
    });
    let own = nodes.chunk_by_mut(|a, b| a.period == b.period).collect::<Vec<_>>();
    let told: Vec<Vec<(&mut Node, Vec<Rare>)>> = own
        .into_par_iter()
        .map(|own| {
            let period = &periods[own[0].period as usize];
            let last = last.as_ref().filter(|_| period.is_kept);
            let is_other: FxHashSet<u32> =
                last.map(|(_, turned)| period.words.holders(turned).collect()).unwrap_or_default();
            let mut others = Vec::new();
            for (at, node) in (0..).zip(own) {
                match last.filter(|_| node.before != NOBODY && !is_other.contains(&at)) {
                    Some((ends, _)) => node.rarest = super::range(ends, node.before),
                    None => {
                        let rarest = period.rarest(node, terms, is_shared);
                        others.push((node, rarest));
                    }
                }
            }
            others
        })
        .collect();
    for (node, own) in told.into_iter().flatten() {
        node.rarest = super::append(rarest, own);
    }
}

/// Digest of incidents and their order.
fn digest(nodes: &[Node], reports: &[u64]) -> u64 {
    let told = nodes.iter().flat_map(|node| {
        let own = u64::from(node.incident) << 1 | u64::from(node.in_register);
        [reports[node.report as usize], own]
    });
    XxHash3_64::oneshot(&told.flat_map(u64::to_le_bytes).collect::<Vec<u8>>())
}

/// The periods of incidents, which stand in the order of their reports. The last one takes in what is too little for one of its own.
fn periods(nodes: &[Node], least: usize) -> Vec<Range<usize>> {
    let week = |node: &Node| node.published.map(|day| day.div_euclid(7));
    let mut starts = vec![0];
    for (at, pair) in (1..).zip(nodes.windows(2)) {
        if at - starts[starts.len() - 1] >= least && week(&pair[0]) != week(&pair[1]) {
            starts.push(at);
        }
    }
    if starts.len() > 1 && nodes.len() - starts[starts.len() - 1] < least {
        starts.pop();
    }
    let ends = starts[1..].iter().copied().chain([nodes.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// Of each place, the log of how few of the days that the period spans have news of it: two reports of one day mean
/// more of a village than of a besieged city.
fn calm(nodes: &[Node]) -> FxHashMap<u32, f32> {
    let day = |node: &Node| node.when.map(|(start, _, _)| start).or(node.published);
    let first = nodes.iter().filter_map(day).min().unwrap_or(0);
    let last = nodes.iter().filter_map(day).max().unwrap_or(0);
    let span = (last - first + 1).max(14) as f32;
    let mut days: Vec<(u32, i32)> = nodes.iter().filter_map(|node| node.geonames.zip(day(node))).collect();
    days.sort_unstable();
    days.dedup();
    days.chunk_by(|a, b| a.0 == b.0)
        .map(|place| (place[0].0, ((span / place.len() as f32).ln() / 3.0).clamp(0.0, 1.0)))
        .collect()
}
