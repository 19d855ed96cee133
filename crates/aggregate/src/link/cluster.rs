//! Merging pairs to groups without chaining.
//!
//! Pairs are taken best first. Two groups merge only if the mean evidence over the better half of all pairs of their
//! members (of large groups, over some members of each) reaches the threshold too: one report that resembles both of
//! two unlike groups joins the nearer one and does not tie them together. Two incidents of one article never merge, since
//! the article tells them apart. The order is fixed by the evidence and then by the incidents themselves, so the
//! groups are a function of the set of reports.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::score::{self, Lens, Scored};
use super::{Graph, NodeId};
use crate::config::Config;

/// Members of a group that stand for it when two groups are compared.
const SPEAKERS: usize = 8;

/// Incidents that are one event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    /// In canonical order; the first is the anchor.
    pub(crate) members: Vec<NodeId>,
    /// The pairs that brought the members together.
    pub(crate) links: Vec<Link>,
}

/// A pair that made two groups one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Link {
    /// The earlier incident first.
    pub(crate) pair: (NodeId, NodeId),
    /// Evidence of the pair.
    pub(crate) points: f32,
    /// Mean evidence between the groups that it joined.
    pub(crate) mean: f32,
}

/// What merging gives.
pub(super) struct Merged {
    /// All groups, single incidents among them.
    pub(super) groups: Vec<Group>,
    /// The pairs, with what became of them; those of an incident with later ones best first.
    pub(super) scored: Vec<Scored>,
    /// How many comparisons were made.
    pub(super) compared: u64,
}

/// Merges all pairs. `changed` tells of each incident whether any of its pairs, or what its words say, may be other than before; of
/// all others it is known which pairs joined.
///
/// Incidents that no chain of pairs ties never meet, so each set of those that are tied is merged by itself.
pub(super) fn merge(graph: &Graph, config: &Config, mut scored: Vec<Scored>, changed: &[bool]) -> Merged {
    let mut sets = tied(graph.nodes.len(), &mut scored);
    let (mut groups, compared) = sets
        .par_iter_mut()
        .fold(
            || (Vec::new(), 0),
            |(mut groups, compared), pairs| {
                let more = merge_tied(graph, config, pairs, changed, &mut groups);
                (groups, compared + more)
            },
        )
        .reduce(
            || (Vec::new(), 0),
            |(mut groups, compared), (more, also)| {
                groups.extend(more);
                (groups, compared + also)
            },
        );
    let mut alone = vec![true; graph.nodes.len()];
    groups.iter().flat_map(|group| &group.members).for_each(|&member| alone[member as usize] = false);
    let single = |(id, alone): (NodeId, bool)| alone.then(|| Group { members: vec![id], links: Vec::new() });
    groups.extend((0..).zip(alone).filter_map(single));
    groups.par_sort_unstable_by_key(|group| group.members[0]);
    Merged { groups, scored, compared }
}

/// Puts pairs in order, those of each set of incidents that they tie together, within it the best first; gives these sets.
fn tied(count: usize, scored: &mut Vec<Scored>) -> Vec<&mut [Scored]> {
    let mut first: Vec<NodeId> = (0..count as NodeId).collect();
    fn find(first: &mut [NodeId], mut id: NodeId) -> NodeId {
        while first[id as usize] != id {
            first[id as usize] = first[first[id as usize] as usize];
            id = first[id as usize];
        }
        id
    }
    for Scored { pair, .. } in scored.iter() {
        let (a, b) = (find(&mut first, pair.0), find(&mut first, pair.1));
        first[a.max(b) as usize] = a.min(b);
    }
    // Where the pairs of each set end, by the first of its incidents.
    let mut ends = vec![0_u32; count];
    for Scored { pair, .. } in scored.iter() {
        ends[find(&mut first, pair.0) as usize] += 1;
    }
    let sizes: Vec<usize> = ends.iter().map(|&size| size as usize).filter(|size| *size > 0).collect();
    let mut sum = 0;
    for end in &mut ends {
        // The start for now, which moves on as the pairs come.
        sum += std::mem::replace(end, sum);
    }
    let mut sorted = scored.clone();
    for pair in scored.iter() {
        let end = &mut ends[find(&mut first, pair.pair.0) as usize];
        sorted[*end as usize] = *pair;
        *end += 1;
    }
    *scored = sorted;
    let mut rest = scored.as_mut_slice();
    let mut sets = Vec::with_capacity(sizes.len());
    for size in sizes {
        let set;
        (set, rest) = rest.split_at_mut(size);
        sets.push(set);
    }
    let best_first = |a: &Scored, b: &Scored| b.points.total_cmp(&a.points).then(a.pair.cmp(&b.pair));
    sets.par_iter_mut().for_each(|set| set.sort_unstable_by(best_first));
    sets
}

/// Merges the incidents of a set that pairs tie, best pair first. Adds their groups to `all`, and gives the number of comparisons
/// made.
fn merge_tied(
    graph: &Graph,
    config: &Config,
    pairs: &mut [Scored],
    changed: &[bool],
    all: &mut Vec<Group>,
) -> u64 {
    let mut members: Vec<NodeId> = pairs.iter().flat_map(|scored| [scored.pair.0, scored.pair.1]).collect();
    members.sort_unstable();
    members.dedup();
    let as_before = !members.iter().any(|&member| changed[member as usize]);
    let place = |id: NodeId| members.binary_search(&id).expect("both incidents of every pair are members");
    let mut group_of: Vec<usize> = (0..members.len()).collect();
    let single = |&id: &NodeId| Some(Group { members: vec![id], links: Vec::new() });
    let mut groups: Vec<Option<Group>> = members.iter().map(single).collect();
    let mut compared = 0;
    // Groups that did not agree, with their sizes then: while neither grows, they still do not.
    let mut apart: FxHashMap<(usize, usize), (usize, usize)> = FxHashMap::default();
    for Scored { pair, points, mean: joined } in pairs {
        let (pair, points) = (*pair, *points);
        let known = std::mem::take(joined);
        if as_before && known.is_none() {
            continue;
        }
        let (left, right) = (group_of[place(pair.0)], group_of[place(pair.1)]);
        if left == right {
            continue;
        }
        let (first, second) = (left.min(right), left.max(right));
        let (Some(a), Some(b)) = (&groups[first], &groups[second]) else { continue };
        let mean = match known.filter(|_| as_before) {
            Some(mean) => mean,
            None => {
                let sizes = (a.members.len(), b.members.len());
                if apart.get(&(first, second)) == Some(&sizes) || share_article(graph, a, b) {
                    continue;
                }
                let is_first = sizes == (1, 1);
                let mean = if is_first { points } else { mean_evidence(graph, config, a, b, &mut compared) };
                if mean < config.link_threshold {
                    apart.insert((first, second), sizes);
                    continue;
                }
                mean
            }
        };
        *joined = Some(mean);
        let moved = groups[second].take().expect("groups of live incidents are present");
        for &member in &moved.members {
            group_of[place(member)] = first;
        }
        let kept = groups[first].as_mut().expect("groups of live incidents are present");
        kept.members.extend(moved.members);
        kept.members.sort_unstable();
        kept.links.extend(moved.links);
        kept.links.push(Link { pair, points, mean });
    }
    all.extend(groups.into_iter().flatten());
    compared
}

/// Members are in order of report, so one walk over both lists is enough.
fn share_article(graph: &Graph, a: &Group, b: &Group) -> bool {
    let report = |&id: &NodeId| graph.nodes[id as usize].report;
    let (mut left, mut right) =
        (a.members.iter().map(report).peekable(), b.members.iter().map(report).peekable());
    while let (Some(&x), Some(&y)) = (left.peek(), right.peek()) {
        match x.cmp(&y) {
            std::cmp::Ordering::Less => left.next(),
            std::cmp::Ordering::Greater => right.next(),
            std::cmp::Ordering::Equal => return true,
        };
    }
    false
}

/// Mean evidence of the better half of all pairs between two groups: a brief follow-up need not resemble every
/// report of the event that it tells of, but half of them.
fn mean_evidence(graph: &Graph, config: &Config, a: &Group, b: &Group, compared: &mut u64) -> f32 {
    let mut points = Vec::with_capacity(SPEAKERS * SPEAKERS);
    let mut lens = Lens::default();
    for &x in speakers(&a.members) {
        lens.set(graph, x);
        points.extend(speakers(&b.members).iter().map(|&y| score::points(graph, config, &mut lens, y)));
    }
    *compared += points.len() as u64;
    points.sort_unstable_by(|x, y| y.total_cmp(x));
    points.truncate(points.len().div_ceil(2));
    points.iter().sum::<f32>() / points.len() as f32
}

fn speakers(members: &[NodeId]) -> &[NodeId] {
    &members[..members.len().min(SPEAKERS)]
}
