//! Candidate pairs, near linear in the number of incidents.
//!
//! An incident stands in a few blocks: its place, its first-order division, and each of its rarest words that any
//! other incident shares. A block is sorted by date, and an incident is compared with the next few of its
//! block (the sorted neighbourhood method of Hernández and Stolfo, 1995). So the number of pairs is at most the
//! number of incidents times blocks times neighbours, however crowded a block is.

use rayon::prelude::*;

use super::{Graph, Node, NodeId, score};
use crate::config::Config;

/// Rare words by which one incident is looked up.
const RARE_TERMS: usize = 10;

/// Occasions on which a word may have been in the news to be looked up by: more common ones say too little alone.
const MOST_OCCASIONS: u32 = 40;

/// A pair of incidents, the earlier one first.
pub(super) type Pair = (NodeId, NodeId);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Place(u32),
    PlaceName(u32),
    Division(u32),
    Term(u32),
}

/// An incident in one of its blocks. Entries of a block stand together, by date.
type Entry = (Key, i32, NodeId);

/// The blocks of a corpus. Pairs are made for one incident at a time, so that memory never holds all of them.
pub(super) struct Blocks<'a> {
    graph: &'a Graph,
    config: &'a Config,
    entries: Vec<Entry>,
    /// Indices into `entries`, by incident.
    places: Vec<u32>,
    /// Of each incident, the end of its part of `places`.
    ends: Vec<u32>,
}

impl<'a> Blocks<'a> {
    pub(super) fn of(graph: &'a Graph, config: &'a Config) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let mut ends = Vec::with_capacity(graph.nodes.len());
        let number =
            |count: usize| u32::try_from(count).expect("fewer than 2^32 block entries fit in memory");
        for (id, node) in (0..).zip(&graph.nodes) {
            let day = sort_day(node);
            entries.extend(keys(graph, node).map(|key| (key, day, id)));
            ends.push(number(entries.len()));
        }
        entries.par_sort_unstable();
        let mut next: Vec<u32> = std::iter::once(0).chain(ends.iter().copied()).collect();
        let mut places = vec![0; entries.len()];
        for (at, entry) in entries.iter().enumerate() {
            let slot = &mut next[entry.2 as usize];
            places[*slot as usize] = number(at);
            *slot += 1;
        }
        Self { graph, config, entries, places, ends }
    }

    /// The later incidents that share a block with `id` and stand near it there; sorted, each once.
    pub(super) fn partners(&self, id: NodeId, partners: &mut Vec<NodeId>) {
        partners.clear();
        let neighbours = usize::from(self.config.block_neighbours);
        let start = id.checked_sub(1).map_or(0, |before| self.ends[before as usize]);
        for &at in &self.places[start as usize..self.ends[id as usize] as usize] {
            let at = at as usize;
            let key = self.entries[at].0;
            let after = self.entries[at + 1..].iter().take(neighbours).take_while(|entry| entry.0 == key);
            let before = self.entries[..at].iter().rev().take(neighbours).take_while(|entry| entry.0 == key);
            let others = before.chain(after).map(|entry| entry.2).filter(|&other| other > id);
            partners.extend(others.filter(|&other| {
                let (left, right) = (&self.graph.nodes[id as usize], &self.graph.nodes[other as usize]);
                in_reach(key, left, right, self.config)
            }));
        }
        partners.sort_unstable();
        partners.dedup();
    }
}

fn keys<'a>(graph: &'a Graph, node: &'a Node) -> impl Iterator<Item = Key> + 'a {
    let mut rare: Vec<(f32, u32)> = node
        .terms
        .iter()
        .filter(|term| {
            graph.counts[term.number as usize] > 1 && graph.occasions[term.number as usize] <= MOST_OCCASIONS
        })
        .map(|term| {
            let weight = graph.weights[term.number as usize];
            (if term.name { weight.name } else { weight.word / 2.0 }, term.number)
        })
        .collect();
    rare.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    rare.truncate(RARE_TERMS);
    let place = node.geonames.map(Key::Place).or(node.place.map(Key::PlaceName));
    place
        .into_iter()
        .chain(node.adm_1.map(Key::Division))
        .chain(rare.into_iter().map(|(_, term)| Key::Term(term)))
}

/// The day by which a block is sorted; reports without any date stand together at its end.
fn sort_day(node: &Node) -> i32 {
    node.when.map(|(start, _, _)| start).or(node.published).unwrap_or(i32::MAX)
}

/// Whether two incidents of a block may be one as far as time goes. Reports that share a place must be
/// near in time; those that share a rare name may be about a trial long after.
fn in_reach(key: Key, left: &Node, right: &Node, config: &Config) -> bool {
    let both_dated = left.when.is_some() && right.when.is_some();
    let by_place = !matches!(key, Key::Term(_));
    let most = if both_dated && by_place { config.date_window_days } else { config.follow_up_days };
    score::days_apart(left, right).is_none_or(|gap| gap <= i32::from(most))
}
