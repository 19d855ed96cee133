//! Candidate pairs, linear in the number of incidents.
//!
//! An incident stands in a few blocks: its place, its first-order division, and each of its rarest words that any
//! other incident shares. A block is sorted by date, and an incident looks at its neighbours there (the sorted
//! neighbourhood method of Hernández and Stolfo, 1995). Of all whom it meets so, it is compared with those that share
//! the most telling blocks with it. So the number of pairs is at most a fixed number of each incident's, however
//! crowded a block is.

use std::cmp::Ordering;
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::period::{NONE, RARE_TERMS};
use super::{Graph, Node, NodeId, own, score};
use crate::config::Config;

/// Keys of an incident at the most: its place, its division and its rarest words.
const MOST_KEYS: usize = 2 + RARE_TERMS;

/// How telling a shared place is on one day and on others, and a shared division, beside a rare word, which counts at
/// most 1.
const PLACE_ON_ONE_DAY: f32 = 1.0;
const PLACE: f32 = 0.2;
const DIVISION: f32 = 0.1;

/// A pair of incidents, the earlier one first.
pub(super) type Pair = (NodeId, NodeId);

/// An incident to be compared with another, and how telling the blocks are that they share.
pub(super) type Partner = (NodeId, f32);

/// The more telling one first, then the earlier one.
pub(super) fn better(a: &Partner, b: &Partner) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// What a block is made by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Place(u32),
    PlaceName(u32),
    Division(u32),
    Term(u32),
}

impl Key {
    /// The place of an incident and its division.
    pub(super) fn of_place(node: &Node) -> impl Iterator<Item = Self> + use<> {
        let place = node.geonames.map(Self::Place).or(node.place.map(Self::PlaceName));
        place.into_iter().chain(node.adm_1.map(Self::Division))
    }
}

/// A block: where its entries stand.
struct Block {
    key: Key,
    start: u32,
    end: u32,
}

/// The blocks of a corpus. Pairs are made for one incident at a time, so that memory never holds all of them.
pub(super) struct Blocks<'a> {
    graph: &'a Graph,
    config: &'a Config,
    blocks: Vec<Block>,
    numbers: Numbers,
    /// The incidents of each block in turn, by day, then by number.
    entries: Vec<NodeId>,
    /// What is asked of each incident.
    stamps: Vec<Stamp>,
    /// The entries of each incident in turn, each as its place and its block.
    places: Vec<(u32, u32)>,
    /// Of each incident, the end of its part of `places`.
    ends: Vec<u32>,
}

/// The blocks by what they are made by.
struct Numbers {
    /// Of each word, or [`NONE`].
    terms: Vec<u32>,
    others: FxHashMap<Key, u32>,
}

impl Numbers {
    fn of(&self, key: Key) -> Option<u32> {
        match key {
            Key::Term(term) => Some(self.terms[term as usize]).filter(|number| *number != NONE),
            _ => self.others.get(&key).copied(),
        }
    }

    /// The number of the block, which is `next` if there is none so far.
    fn number(&mut self, key: Key, next: u32) -> u32 {
        let number = match key {
            Key::Term(term) => &mut self.terms[term as usize],
            _ => self.others.entry(key).or_insert(NONE),
        };
        if *number == NONE {
            *number = next;
        }
        *number
    }
}

/// An incident as its neighbours in a block see it.
#[derive(Clone, Copy)]
struct Stamp {
    report: u32,
    /// The day by which a block is sorted.
    day: i32,
    /// As [`score::span`] tells them.
    span: Option<(i32, i32)>,
    /// Whether the article tells when it happened.
    dated: bool,
}

impl Stamp {
    fn of(node: &Node) -> Self {
        Self { report: node.report, day: sort_day(node), span: score::span(node), dated: node.when.is_some() }
    }
}

impl<'a> Blocks<'a> {
    pub(super) fn of(graph: &'a Graph, config: &'a Config) -> Self {
        let count = graph.nodes.len();
        let mut numbers = Numbers { terms: vec![NONE; graph.vocabulary.len()], others: FxHashMap::default() };
        let mut blocks: Vec<Block> = Vec::new();
        // The blocks of each incident in turn, and for each block how many it has.
        let mut own: Vec<u32> = Vec::with_capacity(count * MOST_KEYS);
        let mut ends = Vec::with_capacity(count);
        for id in 0..count as NodeId {
            for key in keys(graph, id) {
                let block = numbers.number(key, blocks.len() as u32);
                if block as usize == blocks.len() {
                    blocks.push(Block { key, start: 0, end: 0 });
                }
                blocks[block as usize].end += 1;
                own.push(block);
            }
            ends.push(u32::try_from(own.len()).expect("fewer than 2^32 block entries fit in memory"));
        }
        let mut start = 0;
        for block in &mut blocks {
            // The end moves on from the start as incidents come.
            (block.start, start) = (start, start + block.end);
            block.end = block.start;
        }
        let stamps: Vec<Stamp> = graph.nodes.iter().map(Stamp::of).collect();
        let mut entries: Vec<NodeId> = vec![0; own.len()];
        let mut first = 0;
        for (id, &end) in (0..).zip(&ends) {
            for &block in &own[first as usize..end as usize] {
                let block = &mut blocks[block as usize];
                entries[block.end as usize] = id;
                block.end += 1;
            }
            first = end;
        }
        let mut next: Vec<u32> = std::iter::once(0).chain(ends.iter().copied()).collect();
        let mut places = vec![(0, 0); entries.len()];
        for (number, block) in (0..).zip(&blocks) {
            let entries = &mut entries[block.start as usize..block.end as usize];
            let order = |id: &NodeId| (stamps[*id as usize].day, *id);
            if !entries.is_sorted_by_key(order) {
                entries.sort_unstable_by_key(order);
            }
            for (at, &mut id) in (block.start..).zip(entries) {
                let slot = &mut next[id as usize];
                places[*slot as usize] = (at, number);
                *slot += 1;
            }
        }
        Self { graph, config, blocks, numbers, entries, stamps, places, ends }
    }

    /// Where an incident stands: its entries, and the block of each.
    pub(super) fn own(&self, id: NodeId) -> &[(u32, u32)] {
        own(&self.places, &self.ends, id)
    }

    /// How many neighbours on either side an incident looks at in a block.
    pub(super) fn most(&self) -> usize {
        self.config.candidates.into()
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The incident of an entry.
    pub(super) fn incident(&self, at: usize) -> NodeId {
        self.entries[at]
    }

    /// What a block is made by, and its entries.
    pub(super) fn block(&self, number: u32) -> (Key, Range<usize>) {
        let block = &self.blocks[number as usize];
        (block.key, block.start as usize..block.end as usize)
    }

    /// The block made by a key, if there is one, and the entry in it before which an incident would stand that comes just before
    /// `id`.
    pub(super) fn gap(&self, key: Key, node: &Node, id: NodeId) -> Option<(u32, usize)> {
        let number = self.numbers.of(key)?;
        let (_, entries) = self.block(number);
        let day = sort_day(node);
        let before = |other: &NodeId| (self.stamps[*other as usize].day, *other) < (day, id);
        let at = self.entries[entries.clone()].partition_point(before);
        Some((number, entries.start + at))
    }

    /// How telling it is that an incident stands in a block of its own.
    fn own_telling(&self, id: NodeId, key: Key) -> f32 {
        match key {
            Key::Term(word) => telling_of_word(self.graph, id, word),
            Key::Division(_) => DIVISION,
            _ => PLACE,
        }
    }

    /// How telling it is that an incident has another one beside it in a block that is `telling` for it; nothing if that is no
    /// candidate there.
    fn telling(&self, key: Key, telling: f32, id: NodeId, other: NodeId) -> Option<f32> {
        if other <= id {
            return None;
        }
        let (own, other) = (&self.stamps[id as usize], &self.stamps[other as usize]);
        if other.report == own.report || !in_reach(key, own, other, self.config) {
            return None;
        }
        let is_place = matches!(key, Key::Place(_) | Key::PlaceName(_));
        Some(if is_place && own.day == other.day { PLACE_ON_ONE_DAY } else { telling })
    }

    /// How telling each block is in which a later incident stands near one.
    pub(super) fn tellings(&self, id: NodeId, later: NodeId, tellings: &mut Vec<f32>) {
        let most = self.config.candidates.into();
        for &(own, block) in self.own(id) {
            let near = |(at, other): &&(u32, u32)| *other == block && at.abs_diff(own) <= most;
            if self.own(later).iter().any(|place| near(&place)) {
                let key = self.blocks[block as usize].key;
                tellings.extend(self.telling(key, self.own_telling(id, key), id, later));
            }
        }
    }

    /// Those of the later incidents that stand near `id` in the most telling blocks, most telling first, each with how
    /// telling all its blocks are.
    pub(super) fn partners(&self, id: NodeId, met: &mut Vec<u64>, partners: &mut Vec<Partner>) {
        met.clear();
        partners.clear();
        let most = usize::from(self.config.candidates);
        for &(at, block) in self.own(id) {
            let (at, block) = (at as usize, &self.blocks[block as usize]);
            let before = at.saturating_sub(most).max(block.start as usize);
            let after = (at + 1 + most).min(block.end as usize);
            let telling = self.own_telling(id, block.key);
            for &other in &self.entries[before..after] {
                if let Some(telling) = self.telling(block.key, telling, id, other) {
                    met.push(u64::from(other) << 32 | u64::from(telling.to_bits()));
                }
            }
        }
        // By incident, then by how telling: weights are not negative, so their bits sort as they do.
        met.sort_unstable();
        for &met in &*met {
            let (other, telling) = ((met >> 32) as NodeId, f32::from_bits(met as u32));
            match partners.last_mut() {
                Some((last, sum)) if *last == other => *sum += telling,
                _ => partners.push((other, telling)),
            }
        }
        if most > 0 && partners.len() > most {
            partners.select_nth_unstable_by(most - 1, better);
        }
        partners.truncate(most);
        partners.sort_unstable_by(better);
    }
}

/// How telling the block of a word is for an incident, if it stands there.
pub(super) fn telling_of_word(graph: &Graph, id: NodeId, word: u32) -> f32 {
    let (node, period) = graph.told(id);
    let is_there = graph.rarest_of(node).iter().any(|rare| rare.word == word);
    if is_there { period.weight(period.rarity(word), true) } else { 0.0 }
}

fn keys(graph: &Graph, id: NodeId) -> impl Iterator<Item = Key> + '_ {
    let node = &graph.nodes[id as usize];
    Key::of_place(node).chain(graph.rarest_of(node).iter().map(|rare| Key::Term(rare.word)))
}

/// The day by which a block is sorted; reports without any date stand together at its end.
fn sort_day(node: &Node) -> i32 {
    node.when.map(|(start, _, _)| start).or(node.published).unwrap_or(i32::MAX)
}

/// Whether two incidents of a block may be one as far as time goes. Reports that share a place must be
/// near in time; those that share a rare name may be about a trial long after.
fn in_reach(key: Key, left: &Stamp, right: &Stamp, config: &Config) -> bool {
    let by_place = !matches!(key, Key::Term(_));
    let both_dated = left.dated && right.dated;
    let most = if both_dated && by_place { config.date_window_days } else { config.follow_up_days };
    score::days_between(left.span, right.span).is_none_or(|gap| gap <= i32::from(most))
}
