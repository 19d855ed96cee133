//! How telling words and places are, period by period.
//!
//! What is rare is a question of the time: a town is in the news for a month, a minister for years. So words and places are
//! counted within periods, runs of whole weeks of publication with a few thousand incidents each. That also bounds what a
//! new report can change: what two reports say for one another is told by the period of the earlier one, and so it stays as it is
//! once that period is over, however much news comes later.

use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use twox_hash::XxHash3_64;

use super::{Node, Term, append, part};

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

/// A period, with the words of its incidents.
pub(super) struct Period {
    /// What a word of the greatest rarity weighs, as a name and not as one: in a small corpus few occasions do not make a word
    /// rare, and of names fewer are enough to tell.
    name: f32,
    word: f32,
    /// How seldom each place (by GeoNames id) is in the news, from 0 (nearly every day) to 1.
    calm: FxHashMap<u32, f32>,
    /// Terms of each incident in turn, sorted by number; only those that another incident holds too, and that tell something.
    terms: Vec<Term>,
    /// The rarity of each of these.
    rarities: Vec<u32>,
    /// The rarest of each incident in turn.
    rarest: Vec<Rare>,
    /// Digest of the incidents, on which all this depends.
    pub(super) digest: u64,
}

/// One of the rarest terms of an incident.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rare {
    pub(super) number: u32,
    pub(super) rarity: u32,
    /// Its place among all terms of the incident.
    pub(super) place: u16,
}

impl Period {
    /// The terms of one of its incidents.
    pub(super) fn terms_of(&self, node: &Node) -> &[Term] {
        part(&self.terms, node.terms)
    }

    /// The rarities of these.
    pub(super) fn rarities_of(&self, node: &Node) -> &[u32] {
        part(&self.rarities, node.terms)
    }

    /// The terms by which one of its incidents is looked up.
    pub(super) fn rarest_of(&self, node: &Node) -> &[Rare] {
        part(&self.rarest, node.rarest)
    }

    /// The weight of a word of some rarity that both reports write as a name, or not.
    pub(super) fn weight(&self, rarity: u32, as_name: bool) -> f32 {
        rarity as f32 / RAREST * if as_name { self.name } else { self.word }
    }

    /// The weights of the names and of the other words that two incidents share.
    pub(super) fn weights(&self, shared: Shared) -> (f32, f32) {
        (self.weight(shared.names, true), self.weight(shared.words, false))
    }

    /// How seldom a place is in the news.
    pub(super) fn calm(&self, place: Option<u32>) -> f32 {
        place.and_then(|place| self.calm.get(&place)).copied().unwrap_or(1.0)
    }
}

/// The words of all incidents.
pub(super) struct Weighed {
    pub(super) periods: Vec<Period>,
    /// The number in the vocabulary of each term.
    pub(super) words: Vec<u32>,
    /// The other way round, with [`NONE`].
    pub(super) numbers: Vec<u32>,
}

/// Weighs the words of incidents, which stand in the order of their reports, of which `reports` are digests. Words are numbered
/// anew, without gaps; so far they have numbers of a vocabulary of so many. A period has `incidents` at the least.
pub(super) fn weigh(
    nodes: &mut [Node],
    terms: &[Term],
    reports: &[u64],
    vocabulary: usize,
    incidents: usize,
) -> Weighed {
    // A table that each thread makes once, and leaves as it was.
    let known = || vec![NONE; vocabulary];
    let counted: Vec<Counted> = periods(nodes, incidents)
        .into_par_iter()
        .map_init(known, |known, range| Counted::of(&nodes[range], terms, reports, known))
        .collect();
    let (numbers, words) = shared_words(&counted, vocabulary);
    let mut rest = nodes;
    let mut parts = Vec::with_capacity(counted.len());
    for (number, counted) in (0..).zip(counted) {
        let own;
        (own, rest) = rest.split_at_mut(counted.incidents);
        own.iter_mut().for_each(|node| node.period = number);
        parts.push((own, counted));
    }
    let tell = |(own, counted): (&mut [Node], Counted)| counted.tell(own, terms, &numbers);
    let periods = parts.into_par_iter().map(tell).collect();
    Weighed { periods, words, numbers }
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

/// What was counted in a period.
struct Counted {
    incidents: usize,
    name: f32,
    word: f32,
    calm: FxHashMap<u32, f32>,
    words: Vec<Word>,
    /// The place among these of each term of each incident in turn.
    places: Vec<u32>,
    digest: u64,
}

/// A word of a period.
struct Word {
    /// Its number in the vocabulary.
    number: u32,
    /// Incidents that hold it.
    count: u32,
    occasions: u32,
    /// 0 if it tells nothing.
    rarity: u32,
    /// The week and division where it came last.
    week: Option<i32>,
    division: Option<u32>,
}

impl Counted {
    /// A word is the rarer the fewer separate occasions it occurs on, not the fewer articles: the name of a victim is
    /// in every report of one event and in no other, while a site's own boilerplate comes back week after week. An
    /// occasion is a run of reports of the same week and division among the reports that hold the word.
    ///
    /// `known` has a place for each word of the vocabulary.
    fn of(nodes: &[Node], terms: &[Term], reports: &[u64], known: &mut [u32]) -> Self {
        let mut words: Vec<Word> = Vec::new();
        let count = nodes.iter().map(|node| part(terms, node.terms).len()).sum();
        let mut places = Vec::with_capacity(count);
        for node in nodes {
            let week = node.published.or(node.when.map(|(start, _, _)| start)).map(|day| day.div_euclid(7));
            for term in part(terms, node.terms) {
                let known = &mut known[term.number()];
                if *known == NONE {
                    *known = words.len() as u32;
                    let number = term.word();
                    words.push(Word {
                        number,
                        count: 0,
                        occasions: 0,
                        rarity: 0,
                        week: None,
                        division: None,
                    });
                }
                let place = *known;
                places.push(place);
                let word = &mut words[place as usize];
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
        let all = nodes.len().max(1) as f32;
        let weight = |enough: f32| (enough / all).max(1.0).powf(-0.75);
        let name = weight(30.0);
        // Most words come on few occasions.
        let rarity_of = |occasions: u32| (occasions as f32).powf(-0.75);
        let few: Vec<f32> = (0..64).map(rarity_of).collect();
        for word in &mut words {
            // Where news is dense, one week and division hold many events: few words are in more than a few reports of one.
            word.occasions = word.occasions.max(word.count / REPORTS_OF_ONE);
            // What a good part of all reports hold is furniture, or the theme of the corpus.
            let novelty = (1.0 - 3.0 * word.count as f32 / all).max(0.0);
            let rarity =
                few.get(word.occasions as usize).copied().unwrap_or_else(|| rarity_of(word.occasions));
            let rarity = rarity * novelty;
            word.rarity = if rarity * name < LEAST_WEIGHT { 0 } else { (rarity * RAREST).round() as u32 };
        }
        let digest = digest(nodes, reports);
        Self { incidents: nodes.len(), name, word: weight(300.0), calm: calm(nodes), words, places, digest }
    }

    /// Puts the words that are numbered with the incidents.
    fn tell(self, nodes: &mut [Node], all: &[Term], numbers: &[u32]) -> Period {
        let Self { name, word, calm, mut words, places, digest, .. } = self;
        words.iter_mut().for_each(|word| word.number = numbers[word.number as usize]);
        let mut period =
            Period { name, word, calm, terms: Vec::new(), rarities: Vec::new(), rarest: Vec::new(), digest };
        let mut places = places.into_iter();
        let mut own: Vec<(Term, u32)> = Vec::new();
        let mut rarest: Vec<(f32, Rare)> = Vec::new();
        for node in nodes {
            own.clear();
            rarest.clear();
            for ((own_place, term), place) in (0..).zip(part(all, node.terms)).zip(&mut places) {
                let Word { number, occasions, rarity, .. } = words[place as usize];
                if number == NONE {
                    continue;
                }
                own.push((Term::new(number, term.is_name()), rarity));
                if occasions <= MOST_OCCASIONS && rarity > 0 {
                    let weight = period.weight(rarity, term.is_name());
                    let rare = Rare { number, rarity, place: own_place };
                    rarest.push((if term.is_name() { weight } else { weight / 2.0 }, rare));
                }
            }
            // Of words as rare as one another those that the article has first stay first.
            rarest.sort_by(|a, b| b.0.total_cmp(&a.0));
            rarest.truncate(RARE_TERMS);
            own.sort_unstable_by_key(|(term, _)| *term);
            node.terms = append(&mut period.terms, own.iter().map(|(term, _)| *term));
            period.rarities.extend(own.iter().map(|(_, rarity)| rarity));
            node.rarest = append(&mut period.rarest, rarest.iter().map(|(_, rare)| *rare));
        }
        period
    }
}

/// In place of the number of a word that only one incident holds, or that tells nothing in any period; and of the place of one that
/// a period does not have.
pub(super) const NONE: u32 = u32::MAX;

/// Numbers the words that can tell something of two incidents, in the order of the vocabulary; gives the new number of each word and
/// the word of each new number.
fn shared_words(counted: &[Counted], vocabulary: usize) -> (Vec<u32>, Vec<u32>) {
    const HELD: u32 = 1;
    const SHARED: u32 = 2;
    const TELLING: u32 = 4;
    let mut numbers = vec![0; vocabulary];
    for word in counted.iter().flat_map(|counted| &counted.words) {
        let marks = &mut numbers[word.number as usize];
        *marks |= if word.count > 1 || *marks & HELD != 0 { SHARED } else { HELD };
        *marks |= if word.rarity > 0 { TELLING } else { 0 };
    }
    let mut words = Vec::new();
    for (word, number) in (0..).zip(&mut numbers) {
        if *number & (SHARED | TELLING) == SHARED | TELLING {
            *number = words.len() as u32;
            words.push(word);
        } else {
            *number = NONE;
        }
    }
    (numbers, words)
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
