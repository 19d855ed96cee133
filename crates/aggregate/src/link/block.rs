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

/// Pairs that share a block and are near in time; sorted, each once.
pub(super) fn pairs(graph: &Graph, config: &Config) -> Vec<Pair> {
    let mut entries: Vec<(Key, i32, NodeId)> = Vec::new();
    for (id, node) in (0..).zip(&graph.nodes) {
        let day = sort_day(node);
        entries.extend(keys(graph, node).map(|key| (key, day, id)));
    }
    entries.par_sort_unstable();
    let neighbours = usize::from(config.block_neighbours);
    let mut pairs: Vec<Pair> = (0..entries.len())
        .into_par_iter()
        .flat_map_iter(|at| {
            let (key, _, left) = entries[at];
            let block = entries[at + 1..].iter().take_while(move |entry| entry.0 == key);
            block
                .take(neighbours)
                .filter(move |entry| {
                    in_reach(key, &graph.nodes[left as usize], &graph.nodes[entry.2 as usize], config)
                })
                .map(move |entry| (left.min(entry.2), left.max(entry.2)))
        })
        .collect();
    pairs.par_sort_unstable();
    pairs.dedup();
    pairs
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
