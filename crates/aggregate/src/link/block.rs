//! Candidate pairs, linear in the number of incidents.
//!
//! An incident stands in a few blocks: its place, its first-order division, and each of its rarest words that any
//! other incident shares. A block is sorted by date, and an incident looks at its neighbours there (the sorted
//! neighbourhood method of Hernández and Stolfo, 1995). Of all whom it meets so, it is compared with those that share
//! the most telling blocks with it. So the number of pairs is at most a fixed number of each incident's, however
//! crowded a block is.

use std::cmp::Ordering;
use std::ops::Range;

use rayon::prelude::*;

use super::period::{Period, RARE_TERMS, Rare};
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// An incident in one of its blocks, as one number that sorts by block, then by day, then by incident.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u128);

impl Entry {
    fn new(key: Key, day: i32, id: NodeId) -> Self {
        let (kind, number) = match key {
            Key::Place(number) => (0, number),
            Key::PlaceName(number) => (1, number),
            Key::Division(number) => (2, number),
            Key::Term(number) => (3, number),
        };
        // Days before 1970 come first.
        let day = day.cast_unsigned() ^ 1 << 31;
        Self(kind << 96 | u128::from(number) << 64 | u128::from(day) << 32 | u128::from(id))
    }

    fn key(self) -> Key {
        let number = (self.0 >> 64) as u32;
        match self.0 >> 96 {
            0 => Key::Place(number),
            1 => Key::PlaceName(number),
            2 => Key::Division(number),
            _ => Key::Term(number),
        }
    }

    fn day(self) -> i32 {
        ((self.0 >> 32) as u32 ^ 1 << 31).cast_signed()
    }

    fn id(self) -> NodeId {
        self.0 as u32
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
    /// What is asked of each entry, by place: of those near one another all is looked at.
    stamps: Vec<Stamp>,
    /// The entries of each incident in turn, each as its place and its block.
    places: Vec<(u32, u32)>,
    /// Of each incident, the end of its part of `places`.
    ends: Vec<u32>,
}

/// An incident as its neighbours in a block see it.
#[derive(Clone, Copy)]
struct Stamp {
    id: NodeId,
    report: u32,
    /// The day by which the block is sorted.
    day: i32,
    /// As [`score::span`] tells them.
    span: Option<(i32, i32)>,
    /// Whether the article tells when it happened.
    dated: bool,
}

impl Stamp {
    fn of(graph: &Graph, entry: Entry) -> Self {
        let (id, day) = (entry.id(), entry.day());
        let node = &graph.nodes[id as usize];
        Self { id, report: node.report, day, span: score::span(node), dated: node.when.is_some() }
    }
}

impl<'a> Blocks<'a> {
    pub(super) fn of(graph: &'a Graph, config: &'a Config) -> Self {
        let mut entries: Vec<Entry> = Vec::with_capacity(graph.nodes.len() * MOST_KEYS);
        let mut ends = Vec::with_capacity(graph.nodes.len());
        let number =
            |count: usize| u32::try_from(count).expect("fewer than 2^32 block entries fit in memory");
        for (id, node) in (0..).zip(&graph.nodes) {
            let day = sort_day(node);
            entries.extend(keys(graph, id).map(|key| Entry::new(key, day, id)));
            ends.push(number(entries.len()));
        }
        entries.par_sort_unstable();
        let mut next: Vec<u32> = std::iter::once(0).chain(ends.iter().copied()).collect();
        let mut places = vec![(0, 0); entries.len()];
        let mut blocks: Vec<Block> = Vec::new();
        for (at, entry) in (0..).zip(&entries) {
            let (key, id) = (entry.key(), entry.id());
            match blocks.last_mut() {
                Some(block) if block.key == key => block.end = at + 1,
                _ => blocks.push(Block { key, start: at, end: at + 1 }),
            }
            let slot = &mut next[id as usize];
            places[*slot as usize] = (at, number(blocks.len() - 1));
            *slot += 1;
        }
        let stamps = entries.par_iter().map(|entry| Stamp::of(graph, *entry)).collect();
        Self { graph, config, blocks, stamps, places, ends }
    }

    /// Where an incident stands: its entries, and the block of each.
    pub(super) fn own(&self, id: NodeId) -> &[(u32, u32)] {
        own(&self.places, &self.ends, id)
    }

    /// How many neighbours on either side an incident looks at in a block.
    pub(super) fn most(&self) -> usize {
        self.config.candidates.into()
    }

    /// How many blocks there are.
    pub(super) fn count(&self) -> u32 {
        self.blocks.len() as u32
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.stamps.len()
    }

    /// The incident of an entry.
    pub(super) fn incident(&self, at: usize) -> NodeId {
        self.stamps[at].id
    }

    /// What a block is made by, and its entries.
    pub(super) fn block(&self, number: u32) -> (Key, Range<usize>) {
        let block = &self.blocks[number as usize];
        (block.key, block.start as usize..block.end as usize)
    }

    /// The block made by a key, if there is one, and the entry in it before which an incident would stand that comes just before
    /// `id`.
    pub(super) fn gap(&self, key: Key, node: &Node, id: NodeId) -> Option<(u32, usize)> {
        let number = self.blocks.binary_search_by(|block| block.key.cmp(&key)).ok()?;
        let entries = self.blocks[number].start as usize..self.blocks[number].end as usize;
        let day = sort_day(node);
        let at = self.stamps[entries.clone()].partition_point(|stamp| (stamp.day, stamp.id) < (day, id));
        Some((number as u32, entries.start + at))
    }

    /// How telling it is that the incident of an entry has that of another one beside it in their block; nothing if it is no candidate there.
    fn telling(
        &self,
        period: &Period,
        rarest: &[Rare],
        block: &Block,
        own: usize,
        other: usize,
    ) -> Option<f32> {
        let (own, other) = (self.stamps[own], self.stamps[other]);
        if other.id <= own.id || other.report == own.report || !in_reach(block.key, own, other, self.config) {
            return None;
        }
        Some(match block.key {
            Key::Term(word) => of_term(period, rarest, word),
            Key::Division(_) => DIVISION,
            _ if own.day == other.day => PLACE_ON_ONE_DAY,
            _ => PLACE,
        })
    }

    /// How telling each block is in which a later incident stands near one.
    pub(super) fn tellings(&self, id: NodeId, later: NodeId, tellings: &mut Vec<f32>) {
        let most = self.config.candidates.into();
        let (node, period) = self.graph.told(id);
        for &(own, block) in self.own(id) {
            let near = |(at, other): &&(u32, u32)| *other == block && at.abs_diff(own) <= most;
            for &(at, _) in self.own(later).iter().filter(near) {
                let block = &self.blocks[block as usize];
                let rarest = period.rarest_of(node);
                tellings.extend(self.telling(period, rarest, block, own as usize, at as usize));
            }
        }
    }

    /// Those of the later incidents that stand near `id` in the most telling blocks, most telling first, each with how
    /// telling all its blocks are.
    pub(super) fn partners(&self, id: NodeId, met: &mut Vec<u64>, partners: &mut Vec<Partner>) {
        met.clear();
        partners.clear();
        let most = usize::from(self.config.candidates);
        let (node, period) = self.graph.told(id);
        let rarest = period.rarest_of(node);
        for &(at, block) in self.own(id) {
            let (at, block) = (at as usize, &self.blocks[block as usize]);
            let before = at.saturating_sub(most).max(block.start as usize);
            let after = (at + 1 + most).min(block.end as usize);
            for other in before..after {
                if let Some(telling) = self.telling(period, rarest, block, at, other) {
                    met.push(u64::from(self.stamps[other].id) << 32 | u64::from(telling.to_bits()));
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

/// How telling one of the rarest terms of an incident is.
fn of_term(period: &Period, rarest: &[Rare], number: u32) -> f32 {
    let rare = rarest.iter().find(|rare| rare.number == number);
    rare.map_or(0.0, |rare| period.weight(rare.rarity, true))
}

/// How telling a block is that an incident stands in.
pub(super) fn telling_of_word(graph: &Graph, id: NodeId, number: u32) -> f32 {
    let (node, period) = graph.told(id);
    of_term(period, period.rarest_of(node), number)
}

fn keys(graph: &Graph, id: NodeId) -> impl Iterator<Item = Key> + '_ {
    let (node, period) = graph.told(id);
    Key::of_place(node).chain(period.rarest_of(node).iter().map(|rare| Key::Term(rare.number)))
}

/// The day by which a block is sorted; reports without any date stand together at its end.
fn sort_day(node: &Node) -> i32 {
    node.when.map(|(start, _, _)| start).or(node.published).unwrap_or(i32::MAX)
}

/// Whether two incidents of a block may be one as far as time goes. Reports that share a place must be
/// near in time; those that share a rare name may be about a trial long after.
fn in_reach(key: Key, left: Stamp, right: Stamp, config: &Config) -> bool {
    let by_place = !matches!(key, Key::Term(_));
    let both_dated = left.dated && right.dated;
    let most = if both_dated && by_place { config.date_window_days } else { config.follow_up_days };
    score::days_between(left.span, right.span).is_none_or(|gap| gap <= i32::from(most))
}
