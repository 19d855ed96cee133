//! What the last run found of pairs, so that only those are weighed again which news can have changed.
//!
//! An incident meets others as their neighbours in blocks, and what a pair says is told by the two incidents and the period of
//! the earlier one. So an incident has the pairs that it had, unless it is new, its period is another, its blocks are, or somebody
//! came to its neighbourhood in one of them or left it.

use std::ops::Range;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::block::{Blocks, Key};
use super::score::Scored;
use super::{Graph, Node, NodeId, Pairs, Term};

/// In place of the number of an incident that was not there before, or is no more.
pub(super) const NOBODY: NodeId = NodeId::MAX;

/// The incidents of the last run, in their order then, and what was found of them.
#[derive(Default)]
pub(crate) struct Before {
    /// How many there were.
    count: u32,
    /// Those that are gone, by their number then.
    gone: Vec<(NodeId, Node)>,
    /// The rarest words of each in turn, as numbers of the vocabulary, and where they end.
    rarest: Vec<u32>,
    rarest_ends: Vec<u32>,
    /// The pairs of each with later ones in turn, by their numbers then, and where they end.
    pairs: Vec<(NodeId, f32)>,
    pairs_ends: Vec<u32>,
    /// Digests of the periods.
    periods: FxHashSet<u64>,
}

/// What is kept of incidents that follow one another.
#[derive(Debug, Serialize, Deserialize)]
struct Kept<'a> {
    /// How many rarest words each has.
    rare: &'a [u8],
    /// Each of these by its place among the words of its incident.
    rarest: Vec<u16>,
    /// How many pairs each has with later ones.
    paired: Vec<u16>,
    /// How much later the other one of each pair stands.
    distances: Vec<u32>,
    points: Vec<f32>,
}

/// What is kept of incidents, one after the other.
pub(crate) struct Told<'a> {
    kept: Kept<'a>,
    at: usize,
    rarest: usize,
    pairs: usize,
}

impl<'a> Told<'a> {
    /// Reads what [`told`] wrote; nothing if that is damaged.
    pub(crate) fn from_bytes(bytes: &'a [u8]) -> Option<Self> {
        let kept: Kept<'_> = postcard::from_bytes(bytes).ok()?;
        let rarest: usize = kept.rare.iter().map(|&count| usize::from(count)).sum();
        let pairs: usize = kept.paired.iter().map(|&count| usize::from(count)).sum();
        let fits = kept.rare.len() == kept.paired.len()
            && kept.rarest.len() == rarest
            && kept.distances.len() == pairs
            && kept.points.len() == pairs;
        fits.then_some(Self { kept, at: 0, rarest: 0, pairs: 0 })
    }

    fn is_read(&self) -> bool {
        self.at == self.kept.rare.len()
    }
}

/// The one of several that the next incident stands in.
pub(crate) fn next<'s, 'a>(told: &'s mut [Told<'a>]) -> Option<&'s mut Told<'a>> {
    let at = told.partition_point(Told::is_read);
    told.get_mut(at)
}

impl Before {
    /// A run with periods of these digests, without its incidents.
    pub(crate) fn of(periods: impl Iterator<Item = u64>) -> Self {
        Self { periods: periods.collect(), ..Self::default() }
    }

    /// Adds the next incident, with all its words; gone if it is not to be among those of this run. Nothing if what is told of it does not
    /// fit.
    pub(super) fn add(&mut self, told: &mut Told<'_>, node: Node, terms: &[Term], gone: bool) -> Option<()> {
        let (rare, paired) = (*told.kept.rare.get(told.at)?, *told.kept.paired.get(told.at)?);
        told.at += 1;
        let places = &told.kept.rarest[told.rarest..][..usize::from(rare)];
        told.rarest += places.len();
        for &place in places {
            self.rarest.push(terms.get(usize::from(place))?.word());
        }
        let own = told.pairs..told.pairs + usize::from(paired);
        told.pairs = own.end;
        for (distance, &points) in told.kept.distances[own.clone()].iter().zip(&told.kept.points[own]) {
            self.pairs.push((self.count.checked_add(*distance)?, points));
        }
        self.rarest_ends.push(self.rarest.len() as u32);
        self.pairs_ends.push(self.pairs.len() as u32);
        if gone {
            self.gone.push((self.count, node));
        }
        self.count += 1;
        Some(())
    }

    /// How many incidents there were.
    pub(super) fn count(&self) -> NodeId {
        self.count
    }

    fn rarest_of(&self, before: NodeId) -> &[u32] {
        own(&self.rarest, &self.rarest_ends, before)
    }

    fn pairs_of(&self, before: NodeId) -> &[(NodeId, f32)] {
        own(&self.pairs, &self.pairs_ends, before)
    }
}

fn own<'a, T>(all: &'a [T], ends: &[u32], at: u32) -> &'a [T] {
    let start = at.checked_sub(1).map_or(0, |before| ends[before as usize]);
    &all[start as usize..ends[at as usize] as usize]
}

/// The bytes of what is to be kept of incidents with these pairs.
pub(crate) fn told(graph: &Graph, ids: Range<NodeId>, pairs: &Pairs) -> Result<Vec<u8>, postcard::Error> {
    let (mut rare, mut rarest) = (Vec::with_capacity(ids.len()), Vec::new());
    let (mut paired, mut distances, mut points) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        let (node, period) = graph.told(id);
        let own = period.rarest_of(node);
        rare.push(own.len() as u8);
        rarest.extend(own.iter().map(|rare| rare.place));
        let own = pairs.of(id);
        paired.push(own.len() as u16);
        distances.extend(own.iter().map(|(other, _)| other - id));
        points.extend(own.iter().map(|(_, points)| points));
    }
    postcard::to_allocvec(&Kept { rare: &rare, rarest, paired, distances, points })
}

/// Pairs that are as they were, and the incidents whose pairs have to be looked for.
pub(super) fn split(graph: &Graph, blocks: &Blocks<'_>, before: &Before) -> (Vec<Scored>, Vec<NodeId>) {
    let mut now = vec![NOBODY; before.count as usize];
    for (id, node) in (0..).zip(&graph.nodes) {
        if node.before != NOBODY {
            now[node.before as usize] = id;
        }
    }
    let touched = touched(graph, blocks, before, &now);
    let (mut pairs, mut looked_for) = (Vec::new(), Vec::new());
    for (id, node) in (0..).zip(&graph.nodes) {
        if touched[id as usize] {
            looked_for.push(id);
            continue;
        }
        let first = pairs.len();
        for &(other, points) in before.pairs_of(node.before) {
            let pair = (id, now.get(other as usize).copied().unwrap_or(NOBODY));
            pairs.push(Scored { pair, points });
        }
        if pairs[first..].iter().any(|scored| scored.pair.1 == NOBODY) {
            pairs.truncate(first);
            looked_for.push(id);
        }
    }
    (pairs, looked_for)
}

/// Whether each incident may have other pairs than before.
fn touched(graph: &Graph, blocks: &Blocks<'_>, before: &Before, now: &[NodeId]) -> Vec<bool> {
    let same: Vec<bool> =
        graph.periods.iter().map(|period| before.periods.contains(&period.digest)).collect();
    let mut touched = vec![false; graph.nodes.len()];
    // Where incidents came to a block, and where they left one.
    let mut came = vec![false; blocks.len()];
    let mut left: Vec<(usize, usize)> = Vec::new();
    let (mut words, mut words_before) = (Vec::new(), Vec::new());
    for (id, node) in (0..).zip(&graph.nodes) {
        let is_touched = &mut touched[id as usize];
        *is_touched = node.before == NOBODY || !same[node.period as usize];
        if node.before == NOBODY {
            blocks.places_of(id).for_each(|(at, _)| came[at] = true);
            continue;
        }
        words.clear();
        words.extend(graph.told(id).1.rarest_of(node).iter().map(|rare| graph.words[rare.number as usize]));
        words_before.clear();
        words_before.extend(before.rarest_of(node.before));
        if words == words_before {
            continue;
        }
        *is_touched = true;
        for (at, key) in blocks.places_of(id) {
            let is_new = |number| !words_before.contains(&graph.words[number as usize]);
            came[at] = matches!(key, Key::Term(number) if is_new(number));
        }
        let gone = words_before.iter().filter(|word| !words.contains(word));
        left.extend(gone.filter_map(|&word| blocks.gap(graph.key_of(word)?, node, id)));
    }
    let mut next = graph.nodes.len() as NodeId;
    let mut known = before.count;
    for (number, node) in before.gone.iter().rev() {
        // Whoever was gone stood before the next one that is still there.
        while known > *number {
            known -= 1;
            if now[known as usize] != NOBODY {
                next = now[known as usize];
            }
        }
        let terms = before.rarest_of(*number).iter().filter_map(|&word| graph.key_of(word));
        left.extend(Key::of_place(node).chain(terms).filter_map(|key| blocks.gap(key, node, next)));
    }
    left.sort_unstable();
    blocks.mark_neighbours(&came, &left, &mut touched);
    touched
}
