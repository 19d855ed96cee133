//! What the last run found of pairs, so that only those are weighed again which news can have changed.
//!
//! An incident meets others as their neighbours in blocks, and what a pair says is told by the two incidents and the period of
//! the earlier one. So an incident has the pairs that it had, unless it is new, its period is another, its blocks are, or somebody
//! came to its neighbourhood in one of them or left it.

use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::block::{Blocks, Key, Partner, better, telling_of_word};
use super::score::{Found, Scored};
use super::{Graph, Linked, Node, NodeId, Pairs, Term, own};

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
    /// The last one that each was compared with, by its number then; nothing if there was room for more.
    least: Vec<Partner>,
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
    /// Of each how much later the last one stands that it was compared with, and how telling what they share is.
    last: Vec<u32>,
    least: Vec<f32>,
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
            && kept.rare.len() == kept.last.len()
            && kept.rare.len() == kept.least.len()
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
        self.least.push((self.count.checked_add(told.kept.last[told.at])?, told.kept.least[told.at]));
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

/// The bytes of what is to be kept of incidents with these pairs.
pub(crate) fn told(
    graph: &Graph,
    ids: Range<NodeId>,
    linked: &Linked,
    pairs: &Pairs,
) -> Result<Vec<u8>, postcard::Error> {
    let (mut last, mut least) = (Vec::new(), Vec::new());
    let (mut rare, mut rarest) = (Vec::with_capacity(ids.len()), Vec::new());
    let (mut paired, mut distances, mut points) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        let (node, period) = graph.told(id);
        let own = period.rarest_of(node);
        rare.push(own.len() as u8);
        rarest.extend(own.iter().map(|rare| rare.place));
        let (later, telling) = linked.least[id as usize];
        last.push(later.saturating_sub(id));
        least.push(telling);
        let own = pairs.of(id);
        paired.push(own.len() as u16);
        distances.extend(own.iter().map(|(other, _)| other - id));
        points.extend(own.iter().map(|(_, points)| points));
    }
    postcard::to_allocvec(&Kept { rare: &rare, rarest, paired, last, least, distances, points })
}

/// Pairs that are as they were, and the incidents whose pairs have to be looked for.
pub(super) fn known(graph: &Graph, blocks: &Blocks<'_>, before: &Before) -> (Found, Vec<NodeId>) {
    let mut now = vec![NOBODY; before.count as usize];
    for (id, node) in (0..).zip(&graph.nodes) {
        if node.before != NOBODY {
            now[node.before as usize] = id;
        }
    }
    let touched = Touched::of(graph, blocks, before, &now);
    let (mut known, mut looked_for) = (Found::default(), Vec::new());
    for (id, node) in (0..).zip(&graph.nodes) {
        let first = known.scored.len();
        if !touched[id as usize] {
            for &(other, points) in before.pairs_of(node.before) {
                let pair = (id, now.get(other as usize).copied().unwrap_or(NOBODY));
                known.scored.push(Scored { pair, points });
            }
        }
        if touched[id as usize] || known.scored[first..].iter().any(|scored| scored.pair.1 == NOBODY) {
            known.scored.truncate(first);
            looked_for.push(id);
        } else {
            let (last, telling) = before.least[node.before as usize];
            known.least.push((id, (now.get(last as usize).copied().unwrap_or(NOBODY), telling)));
        }
    }
    (known, looked_for)
}

/// Finds the incidents that may have other pairs than before.
struct Touched<'a> {
    graph: &'a Graph,
    blocks: &'a Blocks<'a>,
    before: &'a Before,
    /// The number that each incident of the last run has now.
    now: &'a [NodeId],
    touched: Vec<bool>,
    /// Whether the incident of each entry was not in its block before.
    came: Vec<bool>,
    met: Vec<Met>,
}

/// An incident, one that it meets in a block where it did not before, or no more, and in the latter case how telling that was.
type Met = (NodeId, NodeId, Option<f32>);

/// An incident that has left a block.
struct Left {
    block: u32,
    /// The entry before which it would stand.
    at: usize,
    /// Nothing if it is gone altogether.
    id: Option<NodeId>,
}

impl<'a> Touched<'a> {
    /// Of each incident, whether it is one of these.
    fn of(graph: &'a Graph, blocks: &'a Blocks<'a>, before: &'a Before, now: &'a [NodeId]) -> Vec<bool> {
        let touched = vec![false; graph.nodes.len()];
        let mut this =
            Self { graph, blocks, before, now, touched, came: vec![false; blocks.len()], met: Vec::new() };
        let mut left = this.compare();
        left.extend(this.gone());
        left.sort_unstable_by_key(|left| (left.block, left.at));
        this.look_beside_those_who_came();
        left.chunk_by(|a, b| a.block == b.block).for_each(|left| this.look_beside_those_who_left(left));
        this.look_at_those_met();
        this.touched
    }

    /// Compares incidents with what they were; gives those that have left a block.
    fn compare(&mut self) -> Vec<Left> {
        let Self { graph, blocks, before, .. } = *self;
        let same: Vec<bool> =
            graph.periods.iter().map(|period| before.periods.contains(&period.digest)).collect();
        let mut all = Vec::new();
        let mut words = Vec::new();
        for (id, node) in (0..).zip(&graph.nodes) {
            if node.before == NOBODY {
                self.touched[id as usize] = true;
                blocks.own(id).iter().for_each(|&(at, _)| self.came[at as usize] = true);
                continue;
            }
            words.clear();
            words.extend(
                graph.told(id).1.rarest_of(node).iter().map(|rare| graph.words[rare.number as usize]),
            );
            let words_before = before.rarest_of(node.before);
            self.touched[id as usize] = words != words_before || !same[node.period as usize];
            if words == words_before {
                continue;
            }
            for &(at, block) in blocks.own(id) {
                if let (Key::Term(number), _) = blocks.block(block) {
                    self.came[at as usize] = !words_before.contains(&graph.words[number as usize]);
                }
            }
            let gone = words_before.iter().filter(|word| !words.contains(word));
            let keys = gone.filter_map(|&word| graph.key_of(word));
            all.extend(keys.filter_map(|key| self.left(key, node, id, Some(id))));
        }
        all
    }

    /// The blocks of incidents that are gone.
    fn gone(&self) -> Vec<Left> {
        let Self { graph, before, now, .. } = self;
        let mut all = Vec::new();
        // Whoever is gone stood before the next one that is still there.
        let (mut next, mut known) = (graph.nodes.len() as NodeId, before.count);
        for (number, node) in before.gone.iter().rev() {
            while known > *number {
                known -= 1;
                if now[known as usize] != NOBODY {
                    next = now[known as usize];
                }
            }
            let terms = before.rarest_of(*number).iter().filter_map(|&word| graph.key_of(word));
            all.extend(Key::of_place(node).chain(terms).filter_map(|key| self.left(key, node, next, None)));
        }
        all
    }

    fn left(&self, key: Key, node: &Node, before: NodeId, id: Option<NodeId>) -> Option<Left> {
        let (block, at) = self.blocks.gap(key, node, before)?;
        Some(Left { block, at, id })
    }

    fn look_beside_those_who_came(&mut self) {
        let blocks = self.blocks;
        let most = blocks.most();
        for block in 0..blocks.count() {
            let (_, entries) = blocks.block(block);
            for at in entries.clone().filter(|&at| self.came[at]).collect::<Vec<_>>() {
                let near = at.saturating_sub(most).max(entries.start)..(at + 1 + most).min(entries.end);
                for beside in near.filter(|&beside| beside != at) {
                    let others = if beside < at { entries.end - beside - 1 } else { beside - entries.start };
                    self.meet(beside, others, Some(blocks.incident(at)), None);
                }
            }
        }
    }

    /// Of one block, in the order of their places.
    fn look_beside_those_who_left(&mut self, left: &[Left]) {
        let blocks = self.blocks;
        let most = blocks.most();
        for &Left { block, at, id } in left {
            let (key, entries) = blocks.block(block);
            let not_new = |beside: &usize| !self.came[*beside];
            let before: Vec<usize> = (entries.start..at).rev().filter(not_new).take(most).collect();
            let after: Vec<usize> = (at..entries.end).filter(not_new).take(most).collect();
            for beside in before.into_iter().chain(after) {
                let others = if beside < at { entries.end - beside - 1 } else { beside - entries.start };
                let telling = match key {
                    Key::Term(number) => telling_of_word(self.graph, blocks.incident(beside), number),
                    _ => 0.0,
                };
                self.meet(beside, others + left.len(), id, Some(telling));
            }
        }
    }

    /// Notes that an incident came beside an entry, or has left from there; `others` are how many stand on that side of it at the
    /// most, then or now.
    fn meet(&mut self, entry: usize, others: usize, id: Option<NodeId>, left: Option<f32>) {
        let own = self.blocks.incident(entry);
        let touched = &mut self.touched[own as usize];
        if *touched || self.came[entry] {
            return;
        }
        match id {
            // All on that side are near, so nobody else is nearer or farther now.
            Some(id) if others <= self.blocks.most() => {
                if id > own {
                    self.met.push((own, id, left));
                }
            }
            _ => *touched = true,
        }
    }

    /// Whoever shares less with an incident than the last one it was compared with is not compared with it.
    fn look_at_those_met(&mut self) {
        self.met.par_sort_unstable_by_key(|&(id, other, _)| (id, other));
        let is_touched = |met: &[Met]| {
            let own = met.chunk_by(|a, b| a.1 == b.1);
            !self.touched[met[0].0 as usize] && own.into_iter().any(|met| self.may_be_compared(met))
        };
        let touched: Vec<NodeId> = self
            .met
            .par_chunk_by(|a, b| a.0 == b.0)
            .filter(|met| is_touched(met))
            .map(|met| met[0].0)
            .collect();
        touched.into_iter().for_each(|id| self.touched[id as usize] = true);
    }

    /// Whether an incident may be compared with another one that it met or met before, all of which is given.
    fn may_be_compared(&self, met: &[Met]) -> bool {
        let (id, other, _) = met[0];
        let mut tellings = Vec::new();
        self.blocks.tellings(id, other, &mut tellings);
        tellings.extend(met.iter().filter_map(|(.., left)| *left));
        tellings.sort_unstable_by(f32::total_cmp);
        let (last, telling) = self.before.least[self.graph.nodes[id as usize].before as usize];
        let last = self.now.get(last as usize).copied().unwrap_or(NOBODY);
        let sum = (other, tellings.iter().sum());
        !tellings.is_empty() && better(&sum, &(last, telling)).is_le()
    }
}
