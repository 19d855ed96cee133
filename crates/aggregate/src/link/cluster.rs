//! Merging pairs to groups without chaining.
//!
//! Pairs are taken best first. Two groups merge only if the mean evidence over the better half of all pairs of their
//! members (of large groups, over some members of each) reaches the threshold too: one report that resembles both of
//! two unlike groups joins the nearer one and does not tie them together. Two incidents of one article never merge, since
//! the article tells them apart. The order is fixed by the evidence and then by the incidents themselves, so the
//! groups are a function of the set of reports.

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
pub(super) fn merge(graph: &Graph, config: &Config, scored: Vec<Scored>) -> (Vec<Group>, u64) {
    let count = graph.nodes.len();
    let mut group_of: Vec<NodeId> = (0..count as NodeId).collect();
    let mut groups: Vec<Option<Group>> =
        (0..count as NodeId).map(|id| Some(Group { members: vec![id], links: Vec::new() })).collect();
    let mut compared = 0;
    // Groups that did not agree, with their sizes then: while neither grows, they still do not.
    let mut apart: FxHashMap<(NodeId, NodeId), (usize, usize)> = FxHashMap::default();
    for Scored { pair, points } in scored {
        let (left, right) = (group_of[pair.0 as usize], group_of[pair.1 as usize]);
        if left == right {
            continue;
        }
        let (first, second) = (left.min(right), left.max(right));
        let (Some(a), Some(b)) = (&groups[first as usize], &groups[second as usize]) else { continue };
        let sizes = (a.members.len(), b.members.len());
        if apart.get(&(first, second)) == Some(&sizes) || share_article(graph, a, b) {
            continue;
        }
        let mean = if sizes == (1, 1) { points } else { mean_evidence(graph, config, a, b, &mut compared) };
        if mean < config.link_threshold {
            apart.insert((first, second), sizes);
            continue;
        }
        let moved = groups[second as usize].take().expect("groups of live incidents are present");
        for &member in &moved.members {
            group_of[member as usize] = first;
        }
        let kept = groups[first as usize].as_mut().expect("groups of live incidents are present");
        kept.members.extend(moved.members);
        kept.members.sort_unstable();
        kept.links.extend(moved.links);
        kept.links.push(Link { pair, points, mean });
    }
    (groups.into_iter().flatten().collect(), compared)
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
