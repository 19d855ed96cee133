//! Merging pairs to groups without chaining.
//!
//! Pairs are taken best first. Two groups merge only if the mean evidence over the better half of all pairs of their
//! members (of large groups, over some members of each) reaches the threshold too: one report that resembles both of
//! two unlike groups joins the nearer one and does not tie them together. Two incidents of one article never merge, since
//! the article tells them apart. The order is fixed by the evidence and then by the incidents themselves, so the
//! groups are a function of the set of reports.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::score::{self, Scored};
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

/// Merges and returns all groups, single incidents among them, and the number of comparisons made.
///
/// Incidents that no chain of pairs ties never meet, so each set of those that are tied is merged by itself.
pub(super) fn merge(graph: &Graph, config: &Config, scored: &[Scored]) -> (Vec<Group>, u64) {
    let tied = tied(graph.nodes.len(), scored);
    let (mut groups, compared) = tied
        .par_chunk_by(|a, b| a.0 == b.0)
        .fold(
            || (Vec::new(), 0),
            |(mut groups, compared), pairs| {
                let more = merge_tied(graph, config, pairs, &mut groups);
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
    (groups, compared)
}

/// The pairs, each with the first of all incidents that are tied to it, those of one such set together. Within it they stay in
/// their order.
fn tied(count: usize, scored: &[Scored]) -> Vec<(NodeId, Scored)> {
    let mut first: Vec<NodeId> = (0..count as NodeId).collect();
    fn find(first: &mut [NodeId], mut id: NodeId) -> NodeId {
        while first[id as usize] != id {
            first[id as usize] = first[first[id as usize] as usize];
            id = first[id as usize];
        }
        id
    }
    for Scored { pair, .. } in scored {
        let (a, b) = (find(&mut first, pair.0), find(&mut first, pair.1));
        first[a.max(b) as usize] = a.min(b);
    }
    let mut tied: Vec<(NodeId, Scored)> =
        scored.iter().map(|scored| (find(&mut first, scored.pair.0), *scored)).collect();
    tied.par_sort_by_key(|(first, _)| *first);
    tied
}

/// Merges the incidents of a set that pairs tie, best pair first. Adds their groups to `all`, and gives the number of comparisons
/// made.
fn merge_tied(graph: &Graph, config: &Config, pairs: &[(NodeId, Scored)], all: &mut Vec<Group>) -> u64 {
    let mut members: Vec<NodeId> =
        pairs.iter().flat_map(|(_, scored)| [scored.pair.0, scored.pair.1]).collect();
    members.sort_unstable();
    members.dedup();
    let place = |id: NodeId| members.binary_search(&id).expect("both incidents of every pair are members");
    let mut group_of: Vec<usize> = (0..members.len()).collect();
    let single = |&id: &NodeId| Some(Group { members: vec![id], links: Vec::new() });
    let mut groups: Vec<Option<Group>> = members.iter().map(single).collect();
    let mut compared = 0;
    // Groups that did not agree, with their sizes then: while neither grows, they still do not.
    let mut apart: FxHashMap<(usize, usize), (usize, usize)> = FxHashMap::default();
    for &(_, Scored { pair, points }) in pairs {
        let (left, right) = (group_of[place(pair.0)], group_of[place(pair.1)]);
        if left == right {
            continue;
        }
        let (first, second) = (left.min(right), left.max(right));
        let (Some(a), Some(b)) = (&groups[first], &groups[second]) else { continue };
        let sizes = (a.members.len(), b.members.len());
        if apart.get(&(first, second)) == Some(&sizes) || share_article(graph, a, b) {
            continue;
        }
        let mean = if sizes == (1, 1) { points } else { mean_evidence(graph, config, a, b, &mut compared) };
        if mean < config.link_threshold {
            apart.insert((first, second), sizes);
            continue;
        }
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
    for &x in speakers(&a.members) {
        for &y in speakers(&b.members) {
            points.push(score::points(graph, config, (x.min(y), x.max(y))));
        }
    }
    *compared += points.len() as u64;
    points.sort_unstable_by(|x, y| y.total_cmp(x));
    points.truncate(points.len().div_ceil(2));
    points.iter().sum::<f32>() / points.len() as f32
}

fn speakers(members: &[NodeId]) -> &[NodeId] {
    &members[..members.len().min(SPEAKERS)]
}
