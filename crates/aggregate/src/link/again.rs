//! What the last run found of pairs, so that only those are weighed again which news can have changed.
//!
//! An incident meets others as their neighbours in blocks, and what a pair says is told by the two incidents and the period of
//! the earlier one. So an incident has the pairs that it had, unless it is new, its period is another, its blocks are, or somebody
//! came to its neighbourhood in one of them or left it. If all that happened is that one new incident came who is compared with it
//! in place of the last one, then that pair alone is weighed.

use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::block::{Blocks, Key, Pair, Partner, better, telling_of_word};
use super::period::Rare;
use super::score::{Found, Scored};
use super::words::terms;
use super::{Graph, Linked, Node, NodeId, Pairs, own, part, range};

/// In place of the number of an incident that was not there before, or is no more.
pub(super) const NOBODY: NodeId = NodeId::MAX;

/// The incidents of the last run, in their order then, and what was found of them.
#[derive(Default)]
pub(crate) struct Before {
    /// How many there were.
    count: u32,
    /// Those that are gone, by their number then.
    gone: Vec<(NodeId, Node)>,
    /// The rarest terms of each in turn, and where they end.
    rarest: Vec<Rare>,
    rarest_ends: Vec<u32>,
    /// The pairs of each with later ones in turn, by their numbers then, and where they end.
    pairs: Vec<Paired>,
    pairs_ends: Vec<u32>,
    /// The last one that each was compared with, by its number then: see [`Last`].
    least: Vec<Partner>,
    /// Digests of the periods.
    periods: FxHashSet<u64>,
}

/// The later incident of a pair, the points of the pair, and what [`Scored`] tells of it as `mean`.
pub(super) type Paired = (NodeId, f32, Option<f32>);

/// The last one of those that an incident was compared with.
enum Last {
    /// There was room for more.
    Room,
    /// Its number then, and how telling the blocks are that it shares.
    Known(NodeId, f32),
    /// All that is known is that whoever shares less telling blocks comes after it. Kept as if it were the incident itself.
    NoLessThan(f32),
}

/// How a pair ended, as it is kept.
mod end {
    pub(super) const APART: u8 = 0;
    /// It joined two incidents.
    pub(super) const JOINED: u8 = 1;
    /// It joined groups, of which the mean is kept.
    pub(super) const JOINED_GROUPS: u8 = 2;
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
    /// How each pair [ended](end), and the means of those that joined groups.
    ends: &'a [u8],
    means: Vec<f32>,
}

/// What is kept of the last ones that incidents were compared with. That may be less than could be known, so it is kept apart.
#[derive(Debug, Serialize, Deserialize)]
struct KeptLast {
    /// How much later that of each stands, and how telling what they share is: see [`Last`].
    last: Vec<u32>,
    telling: Vec<f32>,
}

/// What is kept of incidents, one after the other.
pub(crate) struct Told<'a> {
    kept: Kept<'a>,
    last: KeptLast,
    at: usize,
    rarest: usize,
    pairs: usize,
    means: usize,
}

impl<'a> Told<'a> {
    /// Reads what [`told`] wrote; nothing if that is damaged.
    pub(crate) fn from_bytes(pairs: &'a [u8], last: &[u8]) -> Option<Self> {
        let kept: Kept<'_> = postcard::from_bytes(pairs).ok()?;
        let last: KeptLast = postcard::from_bytes(last).ok()?;
        let rarest: usize = kept.rare.iter().map(|&count| usize::from(count)).sum();
        let pairs: usize = kept.paired.iter().map(|&count| usize::from(count)).sum();
        let fits = kept.rare.len() == kept.paired.len()
            && kept.rare.len() == last.last.len()
            && kept.rare.len() == last.telling.len()
            && kept.rarest.len() == rarest
            && kept.distances.len() == pairs
            && kept.points.len() == pairs
            && kept.ends.len() == pairs
            && kept.means.len() == kept.ends.iter().filter(|&&end| end == end::JOINED_GROUPS).count();
        fits.then_some(Self { kept, last, at: 0, rarest: 0, pairs: 0, means: 0 })
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

    /// Adds the next incident, with the bytes of its terms; gone if it is not to be among those of this run. Nothing if what is told of it does not
    /// fit.
    pub(super) fn add(&mut self, told: &mut Told<'_>, node: Node, own: &[u8], gone: bool) -> Option<()> {
        let (rare, paired) = (*told.kept.rare.get(told.at)?, *told.kept.paired.get(told.at)?);
        self.least.push((self.count.checked_add(told.last.last[told.at])?, told.last.telling[told.at]));
        told.at += 1;
        let places = &told.kept.rarest[told.rarest..][..usize::from(rare)];
        told.rarest += places.len();
        for &place in places {
            self.rarest.push(Rare { word: terms(own).nth(usize::from(place))?.word(), place });
        }
        let own = told.pairs..told.pairs + usize::from(paired);
        told.pairs = own.end;
        for at in own {
            let points = told.kept.points[at];
            let mean = match told.kept.ends[at] {
                end::APART => None,
                end::JOINED => Some(points),
                _ => {
                    told.means += 1;
                    Some(told.kept.means[told.means - 1])
                }
            };
            self.pairs.push((self.count.checked_add(told.kept.distances[at])?, points, mean));
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

    /// How many periods there were.
    pub(super) fn periods(&self) -> usize {
        self.periods.len()
    }

    /// Hands over the rarest terms, which are the first of the graph from then on.
    pub(super) fn take_rarest(&mut self) -> Vec<Rare> {
        std::mem::take(&mut self.rarest)
    }

    /// Where those of each end.
    pub(super) fn rarest_ends(&self) -> &[u32] {
        &self.rarest_ends
    }

    fn rarest_of<'g>(&self, graph: &'g Graph, before: NodeId) -> &'g [Rare] {
        part(&graph.rarest, range(&self.rarest_ends, before))
    }

    fn pairs_of(&self, before: NodeId) -> &[Paired] {
        own(&self.pairs, &self.pairs_ends, before)
    }

    fn last_of(&self, before: NodeId) -> Last {
        match self.least[before as usize] {
            (_, 0.0) => Last::Room,
            (last, telling) if last == before => Last::NoLessThan(telling),
            (last, telling) => Last::Known(last, telling),
        }
    }
}

/// The bytes of what is to be kept of incidents with these pairs, and of the last ones that they were compared with.
pub(crate) fn told(
    graph: &Graph,
    ids: Range<NodeId>,
    linked: &Linked,
    pairs: &Pairs,
) -> Result<[Vec<u8>; 2], postcard::Error> {
    let mut kept_last = KeptLast { last: Vec::new(), telling: Vec::new() };
    let (mut rare, mut rarest) = (Vec::with_capacity(ids.len()), Vec::new());
    let (mut paired, mut distances, mut points) = (Vec::new(), Vec::new(), Vec::new());
    let (mut ends, mut means) = (Vec::new(), Vec::new());
    for id in ids {
        let own = graph.rarest_of(&graph.nodes[id as usize]);
        rare.push(own.len() as u8);
        rarest.extend(own.iter().map(|rare| rare.place));
        let (later, telling) = linked.least[id as usize];
        kept_last.last.push(later.saturating_sub(id));
        kept_last.telling.push(telling);
        let own = pairs.of(id);
        paired.push(own.len() as u16);
        for &(other, own_points, mean) in own {
            distances.push(other - id);
            points.push(own_points);
            ends.push(match mean {
                None => end::APART,
                Some(mean) if mean == own_points => end::JOINED,
                Some(_) => end::JOINED_GROUPS,
            });
            means.extend(mean.filter(|mean| *mean != own_points));
        }
    }
    let (rare, ends) = (&rare, &ends);
    let kept = Kept { rare, rarest, paired, distances, points, ends, means };
    Ok([postcard::to_allocvec(&kept)?, postcard::to_allocvec(&kept_last)?])
}

/// What is known of pairs before any is weighed.
pub(super) struct Known {
    /// Pairs that are as they were.
    pub(super) found: Found,
    /// The incidents whose pairs have to be looked for.
    pub(super) looked_for: Vec<NodeId>,
    /// Single pairs that have to be weighed besides.
    pub(super) gained: Vec<Pair>,
    /// Of each incident, whether any of its pairs, with earlier and later ones, or what its words say may be other than before.
    pub(super) changed: Vec<bool>,
    /// The number that each incident of the last run has now.
    now: Vec<NodeId>,
    /// Whose neighbourhood is as it was but for known others, and these, in order.
    is_partly_known: Vec<bool>,
    met: Vec<Pair>,
}

impl Known {
    /// Of so many incidents, of which nothing is known.
    pub(super) fn nothing(count: usize) -> Self {
        let (looked_for, gained) = ((0..count as NodeId).collect(), Vec::new());
        let (found, changed) = (Found::default(), vec![true; count]);
        let (now, is_partly_known, met) = (Vec::new(), vec![false; count], Vec::new());
        Self { found, looked_for, gained, changed, now, is_partly_known, met }
    }

    /// Of incidents some of which were there before.
    pub(super) fn of(graph: &Graph, blocks: &Blocks<'_>, before: &Before) -> Self {
        let mut now = vec![NOBODY; before.count as usize];
        for (id, node) in (0..).zip(&graph.nodes) {
            if node.before != NOBODY {
                now[node.before as usize] = id;
            }
        }
        let Touched { touched, gained, is_partly_known, met, .. } = Touched::of(graph, blocks, before, &now);
        let mut known = Self {
            found: Found::default(),
            looked_for: Vec::new(),
            gained: Vec::new(),
            changed: vec![false; graph.nodes.len()],
            now: Vec::new(),
            met: met.into_iter().map(|(id, other, _)| (id, other)).collect(),
            is_partly_known,
        };
        for (id, node) in (0..).zip(&graph.nodes) {
            let partner = gained[id as usize];
            if touched[id as usize] || !known.keep(id, before, node.before, partner, &now) {
                known.looked_for.push(id);
            }
        }
        known.now = now;
        before.gone.iter().for_each(|&(number, _)| known.lose(before.pairs_of(number)));
        known
    }

    /// Notes that somebody no longer has the pairs that it had, or not all of them.
    fn lose(&mut self, pairs: &[Paired]) {
        for &(other, ..) in pairs {
            if let Some(&other) = self.now.get(other as usize).filter(|other| **other != NOBODY) {
                self.changed[other as usize] = true;
            }
        }
    }

    /// What an incident that is looked for said of one that it is compared with now, if it was compared with that before: the points,
    /// or nothing if they were below the threshold.
    pub(super) fn points(
        &self,
        graph: &Graph,
        before: &Before,
        id: NodeId,
        partner: &Partner,
    ) -> Option<Option<f32>> {
        let (number, other) = (graph.nodes[id as usize].before, partner.0);
        let may_be_known = self.is_partly_known[id as usize]
            && graph.nodes[other as usize].before != NOBODY
            && self.met.binary_search(&(id, other)).is_err();
        let was_compared = may_be_known
            && match before.last_of(number) {
                Last::Room => true,
                // Whoever shares as much with it as before, and no less than the last one.
                Last::Known(last, telling) => {
                    let last = self.now.get(last as usize).copied().unwrap_or(NOBODY);
                    better(partner, &(last, telling)).is_le()
                }
                Last::NoLessThan(_) => false,
            };
        let is_other = |(of_pair, ..): &&Paired| self.now.get(*of_pair as usize) == Some(&other);
        was_compared.then(|| before.pairs_of(number).iter().find(is_other).map(|pair| pair.1))
    }

    /// Compares the pairs that were found of the incidents that were looked for with those that they had before.
    pub(super) fn compare(&mut self, graph: &Graph, before: &Before, found: &mut [Scored]) {
        let last = |id: NodeId| {
            let node = &graph.nodes[id as usize];
            let is_known = node.before != NOBODY && graph.periods[node.period as usize].is_kept;
            is_known.then(|| before.pairs_of(node.before))
        };
        let mut same = vec![0; graph.nodes.len()];
        for Scored { pair, points, mean } in found {
            let is_same = |(other, before, _): &&Paired| {
                self.now.get(*other as usize) == Some(&pair.1) && before.to_bits() == points.to_bits()
            };
            match last(pair.0).and_then(|last| last.iter().find(is_same)) {
                Some((.., mean_before)) => {
                    *mean = *mean_before;
                    same[pair.0 as usize] += 1;
                }
                None => [pair.0, pair.1].into_iter().for_each(|id| self.changed[id as usize] = true),
            }
        }
        for id in self.looked_for.clone() {
            if last(id).is_none_or(|last| last.len() != same[id as usize]) {
                self.changed[id as usize] = true;
                let number = graph.nodes[id as usize].before;
                if number != NOBODY {
                    self.lose(before.pairs_of(number));
                }
            }
        }
    }

    /// Keeps the pairs that an incident had, but takes the one with its new partner, if it has got one, for the last one that it
    /// was compared with. Not if one of them is gone.
    fn keep(&mut self, id: NodeId, before: &Before, number: NodeId, partner: NodeId, now: &[NodeId]) -> bool {
        let now = |other: NodeId| now.get(other as usize).copied().unwrap_or(NOBODY);
        let pairs = before.pairs_of(number);
        if pairs.iter().any(|(other, ..)| now(*other) == NOBODY) {
            return false;
        }
        let mut kept = |&(other, points, mean): &Paired| {
            self.found.scored.push(Scored { pair: (id, now(other)), points, mean });
        };
        let (last, telling) = before.least[number as usize];
        if partner == NOBODY {
            pairs.iter().for_each(kept);
            self.found.least.push((id, (now(last), telling)));
            return true;
        }
        pairs.iter().filter(|(other, ..)| *other != last).for_each(&mut kept);
        if pairs.iter().any(|(other, ..)| *other == last) {
            self.changed[id as usize] = true;
            self.changed[now(last) as usize] = true;
        }
        self.gained.push((id, partner));
        // Where there was room, it is not known how much.
        self.found.least.push((id, (id, telling.max(f32::MIN_POSITIVE))));
        true
    }
}

/// Finds the incidents that may have other pairs than before.
struct Touched<'a> {
    graph: &'a Graph,
    blocks: &'a Blocks<'a>,
    before: &'a Before,
    /// The number that each incident of the last run has now.
    now: &'a [NodeId],
    touched: Vec<bool>,
    /// The new incident that each is compared with now in place of the last one, or [`NOBODY`].
    gained: Vec<NodeId>,
    /// Of those that are touched, whether that is because of some others alone that they met.
    is_partly_known: Vec<bool>,
    /// Whether the incident of each entry was not in its block before.
    came: Vec<bool>,
    /// These, each with its block.
    all_came: Vec<(u32, u32)>,
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
    fn of(graph: &'a Graph, blocks: &'a Blocks<'a>, before: &'a Before, now: &'a [NodeId]) -> Self {
        let is_partly_known = vec![false; graph.nodes.len()];
        let (touched, gained) = (vec![false; graph.nodes.len()], vec![NOBODY; graph.nodes.len()]);
        let came = vec![false; blocks.len()];
        let (all_came, met) = (Vec::new(), Vec::new());
        let mut this =
            Self { graph, blocks, before, now, touched, gained, is_partly_known, came, all_came, met };
        let mut left = this.compare();
        left.extend(this.gone());
        left.sort_unstable_by_key(|left| (left.block, left.at));
        this.look_beside_those_who_came();
        left.chunk_by(|a, b| a.block == b.block).for_each(|left| this.look_beside_those_who_left(left));
        this.look_at_those_met();
        this
    }

    /// Compares incidents with what they were; gives those that have left a block.
    fn compare(&mut self) -> Vec<Left> {
        let Self { graph, blocks, before, .. } = *self;
        let same: Vec<bool> =
            graph.periods.iter().map(|period| before.periods.contains(&period.digest)).collect();
        let mut all = Vec::new();
        for (id, node) in (0..).zip(&graph.nodes) {
            if node.before == NOBODY {
                self.touched[id as usize] = true;
                blocks.own(id).iter().for_each(|&place| self.come(place));
                continue;
            }
            self.touched[id as usize] = !same[node.period as usize];
            if node.rarest == range(&before.rarest_ends, node.before) {
                continue;
            }
            let (rarest, rarest_before) = (graph.rarest_of(node), before.rarest_of(graph, node.before));
            let words = || rarest.iter().map(|rare| rare.word);
            let words_before = || rarest_before.iter().map(|rare| rare.word);
            if words().eq(words_before()) {
                continue;
            }
            self.touched[id as usize] = true;
            for &place in blocks.own(id) {
                if let (Key::Term(word), _) = blocks.block(place.1)
                    && words_before().all(|before| before != word)
                {
                    self.come(place);
                }
            }
            let gone = words_before().filter(|before| words().all(|word| word != *before));
            all.extend(gone.filter_map(|word| self.left(Key::Term(word), node, id, Some(id))));
        }
        all
    }

    /// Notes that the incident of an entry is new in a block.
    fn come(&mut self, place: (u32, u32)) {
        self.came[place.0 as usize] = true;
        self.all_came.push(place);
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
            let terms = before.rarest_of(graph, *number).iter().map(|rare| Key::Term(rare.word));
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
        for (at, block) in std::mem::take(&mut self.all_came) {
            let (at, (_, entries)) = (at as usize, blocks.block(block));
            let near = at.saturating_sub(most).max(entries.start)..(at + 1 + most).min(entries.end);
            for beside in near.filter(|&beside| beside != at) {
                let others = if beside < at { entries.end - beside - 1 } else { beside - entries.start };
                self.meet(beside, others, Some(blocks.incident(at)), None);
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
                    Key::Term(word) => telling_of_word(self.graph, blocks.incident(beside), word),
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
        let outcomes: Vec<(NodeId, Outcome)> = self
            .met
            .par_chunk_by(|a, b| a.0 == b.0)
            .filter(|met| !self.touched[met[0].0 as usize])
            .map(|met| (met[0].0, self.outcome(met)))
            .collect();
        for (id, outcome) in outcomes {
            match outcome {
                Outcome::AsBefore => {}
                Outcome::Gains(partner) => self.gained[id as usize] = partner,
                Outcome::Touched => {
                    self.touched[id as usize] = true;
                    self.is_partly_known[id as usize] = true;
                }
            }
        }
    }

    /// What it means for an incident to have met all these.
    fn outcome(&self, met: &[Met]) -> Outcome {
        let mut outcome = Outcome::AsBefore;
        for met in met.chunk_by(|a, b| a.1 == b.1).filter(|met| self.may_be_compared(met)) {
            let (id, other, _) = met[0];
            let last = self.before.last_of(self.graph.nodes[id as usize].before);
            // Of two new ones it is not known who else has to go, nor of one that was near before whether it is new here at all.
            let is_clear = matches!(outcome, Outcome::AsBefore)
                && matches!(last, Last::Known(..) | Last::Room)
                && self.graph.nodes[other as usize].before == NOBODY;
            if !is_clear {
                return Outcome::Touched;
            }
            outcome = Outcome::Gains(other);
        }
        outcome
    }

    /// Whether an incident may be compared with another one that it met or met before, all of which is given.
    fn may_be_compared(&self, met: &[Met]) -> bool {
        let (id, other, _) = met[0];
        let mut tellings = Vec::new();
        self.blocks.tellings(id, other, &mut tellings);
        tellings.extend(met.iter().filter_map(|(.., left)| *left));
        tellings.sort_unstable_by(f32::total_cmp);
        let sum: f32 = tellings.iter().sum();
        !tellings.is_empty()
            && match self.before.last_of(self.graph.nodes[id as usize].before) {
                Last::Room => true,
                Last::NoLessThan(telling) => sum >= telling,
                Last::Known(last, telling) => {
                    let last = self.now.get(last as usize).copied().unwrap_or(NOBODY);
                    better(&(other, sum), &(last, telling)).is_le()
                }
            }
    }
}

/// What it means for an incident to have met others.
enum Outcome {
    AsBefore,
    /// It is compared with a new one in place of the last one.
    Gains(NodeId),
    Touched,
}
