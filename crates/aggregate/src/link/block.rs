//! Candidate pairs, linear in the number of incidents.
//!
//! An incident stands in a few blocks: its place, its first-order division, and each of its rarest words that any
//! other incident shares. A block is sorted by date, and an incident looks at its neighbours there (the sorted
//! neighbourhood method of Hernández and Stolfo, 1995). Of all whom it meets so, it is compared with those that share
//! the most telling blocks with it. So the number of pairs is at most a fixed number of each incident's, however
//! crowded a block is.

use rayon::prelude::*;

use super::{Graph, Node, NodeId, score};
use crate::config::Config;

/// Rare words by which one incident is looked up.
const RARE_TERMS: usize = 10;

/// Occasions on which a word may have been in the news to be looked up by: more common ones say too little alone.
const MOST_OCCASIONS: u32 = 40;

/// How telling a shared place is on one day and on others, and a shared division, beside a rare word, which counts at
/// most 1.
const PLACE_ON_ONE_DAY: f32 = 1.0;
const PLACE: f32 = 0.2;
const DIVISION: f32 = 0.1;

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
            entries.extend(keys(graph, id).map(|key| (key, day, id)));
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

    /// Those of the later incidents that stand near `id` in the most telling blocks, most telling first, each with how
    /// telling all its blocks are.
    pub(super) fn partners(&self, id: NodeId, partners: &mut Vec<(NodeId, f32)>) {
        partners.clear();
        let most = usize::from(self.config.candidates);
        let node = &self.graph.nodes[id as usize];
        let start = id.checked_sub(1).map_or(0, |before| self.ends[before as usize]);
        for &at in &self.places[start as usize..self.ends[id as usize] as usize] {
            let at = at as usize;
            let (key, day, _) = self.entries[at];
            let in_block = |entry: &&Entry| entry.0 == key;
            let after = self.entries[at + 1..].iter().take(most).take_while(in_block);
            let before = self.entries[..at].iter().rev().take(most).take_while(in_block);
            for &(_, other_day, other) in before.chain(after).filter(|entry| entry.2 > id) {
                let other_node = &self.graph.nodes[other as usize];
                if node.report != other_node.report && in_reach(key, node, other_node, self.config) {
                    let telling = match key {
                        Key::Term(word) => self.graph.weights[word as usize].name,
                        Key::Division(_) => DIVISION,
                        _ if day == other_day => PLACE_ON_ONE_DAY,
                        _ => PLACE,
                    };
                    partners.push((other, telling));
                }
            }
        }
        partners.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        partners.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        partners.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        partners.truncate(most);
    }
}

fn keys(graph: &Graph, id: NodeId) -> impl Iterator<Item = Key> + '_ {
    let node = &graph.nodes[id as usize];
    let mut rare: Vec<(f32, u32)> = graph
        .terms_of(id)
        .iter()
        .filter(|term| graph.occasions[term.number()] <= MOST_OCCASIONS)
        .map(|term| {
            let weight = graph.weights[term.number()];
            (if term.is_name() { weight.name } else { weight.word / 2.0 }, term.word())
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
