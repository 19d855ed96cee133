//! How strongly two reports speak for one and the same event.
//!
//! The evidence is a sum of points on the scale of natural log-odds, as in Fellegi and Sunter's theory of record
//! linkage (1969): each feature adds what its agreement or disagreement is worth, and a feature that either report
//! leaves open adds nothing. The points stand in `data/aggregate/evidence.tsv`.

use std::fmt::Write as _;

use rayon::prelude::*;

use super::block::{Blocks, Pair, Partner};
use super::period::{NONE, Shared};
use super::{Graph, Node, NodeId, Term};
use crate::config::Config;
use crate::tables::{self, Feature};

/// Bound of the log of summed rarity.
const MOST_LOG_SUM: f32 = 1.5;

/// A pair with its evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scored {
    pub(super) pair: Pair,
    pub(super) points: f32,
    /// The mean evidence between the groups that the pair joined, if it did.
    pub(super) mean: Option<f32>,
}

/// Weighs some pairs, those with one later incident together; gives those at or above the threshold.
pub(super) fn each(graph: &Graph, config: &Config, pairs: &mut [Pair]) -> Vec<Scored> {
    pairs.sort_unstable_by_key(|&(earlier, later)| (later, earlier));
    let weigh = |lens: &mut Lens, &pair: &Pair| weigh(graph, config, pair, lens, pair.1);
    pairs.par_iter().map_init(Lens::default, weigh).flatten_iter().collect()
}

/// Weighs the pairs of some incidents with later ones in the blocks. `known` are the points of a pair if these are known, or nothing
/// if it is known to be below the threshold.
pub(super) fn all(
    graph: &Graph,
    config: &Config,
    blocks: &Blocks<'_>,
    ids: &[NodeId],
    known: impl Fn(NodeId, &Partner) -> Option<Option<f32>> + Sync,
) -> Found {
    let look_for = |mut work: Work, &id: &NodeId| {
        blocks.partners(id, &mut work.met, &mut work.partners);
        work.found.count += work.partners.len() as u64;
        let least = work.partners.get(usize::from(config.candidates) - 1);
        work.found.least.push((id, least.copied().unwrap_or_default()));
        for partner in &work.partners {
            let pair = (id, partner.0);
            work.found.scored.extend(match known(id, partner) {
                Some(points) => points.map(|points| Scored { pair, points, mean: None }),
                None => weigh(graph, config, pair, &mut work.lens, id),
            });
        }
        work
    };
    ids.par_iter().fold(Work::default, look_for).map(|work| work.found).reduce(
        Found::default,
        |mut found, more| {
            found.scored.extend(more.scored);
            found.least.extend(more.least);
            found.count += more.count;
            found
        },
    )
}

/// Weighs a pair, one of which a lens is to be set on; nothing if it is below the threshold.
fn weigh(graph: &Graph, config: &Config, pair: Pair, lens: &mut Lens, own: NodeId) -> Option<Scored> {
    let rest = without_terms(graph, config, pair);
    // Words are what costs time, and most pairs are too unlike for any words to help.
    if with_terms(rest, MOST_LOG_SUM, MOST_LOG_SUM) < config.link_threshold {
        return None;
    }
    lens.set(graph, own);
    let other = if own == pair.0 { pair.1 } else { pair.0 };
    let points = with_shared(graph, pair, rest, lens.shared(graph, other));
    (points >= config.link_threshold).then_some(Scored { pair, points, mean: None })
}

/// What was found of pairs.
#[derive(Default)]
pub(super) struct Found {
    /// Those at or above the threshold.
    pub(super) scored: Vec<Scored>,
    /// Of each incident the last one that it was compared with, and how telling the blocks are that it shares with that; nothing
    /// if there was room for more.
    pub(super) least: Vec<(NodeId, Partner)>,
    /// How many were weighed.
    pub(super) count: u64,
}

/// What one thread has found, and needs for it.
#[derive(Default)]
struct Work {
    found: Found,
    partners: Vec<Partner>,
    met: Vec<u64>,
    lens: Lens,
}

/// The terms of one incident, to look those of many others up in.
#[derive(Default)]
pub(super) struct Lens {
    incident: Option<NodeId>,
    seen: Vec<Seen>,
    /// By the last bits of their words, one more than the place of the last such term; 0 if there is none.
    last: Vec<u16>,
    /// Terms of the other incident that have their last bits in common with one of these.
    near: Vec<Term>,
}

/// A term.
struct Seen {
    term: Term,
    /// How rare it is in the period of its incident, or [`NONE`] while nobody has asked.
    rarity: u32,
    /// As in `last`, of the one before it with these bits.
    next: u16,
}

/// Last bits by which words are looked up.
const BITS: u32 = 12;

fn bits(term: Term) -> usize {
    (term.word() & ((1 << BITS) - 1)) as usize
}

impl Lens {
    pub(super) fn set(&mut self, graph: &Graph, incident: NodeId) {
        if self.incident == Some(incident) {
            return;
        }
        self.incident = Some(incident);
        self.last.resize(1 << BITS, 0);
        for seen in self.seen.drain(..) {
            self.last[bits(seen.term)] = 0;
        }
        for (place, term) in (1..=u16::MAX).zip(graph.terms_of(incident)) {
            let next = std::mem::replace(&mut self.last[bits(term)], place);
            self.seen.push(Seen { term, rarity: NONE, next });
        }
    }

    /// Calls `each` for every term that tells something of the incident and another one that holds it too, with its rarity when the
    /// earlier one was in the news, and whether it is a name in both.
    fn common(&mut self, graph: &Graph, other: NodeId, mut each: impl FnMut(Term, u32, bool)) {
        let Some(incident) = self.incident else { return };
        let (own, others) = (graph.told(incident), graph.told(other));
        let is_of_other = other < incident && others.0.period != own.0.period;
        // Few terms are shared, and a branch for each of the others would cost more than to take it for a moment.
        let terms = graph.terms_of(other);
        self.near.resize(self.near.len().max(terms.len()), Term::default());
        let mut count = 0;
        for term in terms {
            self.near[count] = term;
            count += usize::from(self.last[bits(term)] != 0);
        }
        for &term in &self.near[..count] {
            let mut place = self.last[bits(term)];
            while let Some(at) = place.checked_sub(1) {
                let seen = &mut self.seen[usize::from(at)];
                if seen.term.word() != term.word() {
                    place = seen.next;
                    continue;
                }
                if seen.rarity == NONE {
                    seen.rarity = own.1.rarity(term.word());
                }
                let rarity = if is_of_other { others.1.rarity(term.word()) } else { seen.rarity };
                if rarity > 0 {
                    each(term, rarity, seen.term.is_name() && term.is_name());
                }
                break;
            }
        }
    }

    /// What the incident shares with another.
    fn shared(&mut self, graph: &Graph, other: NodeId) -> Shared {
        let mut shared = Shared::default();
        self.common(graph, other, |_, rarity, named| shared.add(rarity, named));
        shared
    }
}

/// The evidence for a pair of the incident of a lens and another one.
pub(super) fn points(graph: &Graph, config: &Config, lens: &mut Lens, other: NodeId) -> f32 {
    let own = lens.incident.unwrap_or(other);
    let pair = (own.min(other), own.max(other));
    with_shared(graph, pair, without_terms(graph, config, pair), lens.shared(graph, other))
}

/// The evidence of all but shared words.
fn without_terms(graph: &Graph, config: &Config, pair: Pair) -> f32 {
    let mut sum = 0.0;
    features(graph, config, pair, &mut |feature, value| sum += tables::points(feature) * value);
    sum
}

/// Adds that of shared words: more of them never give less, so the bound of both gives a bound of the sum.
fn with_terms(sum: f32, names: f32, words: f32) -> f32 {
    sum + tables::points(Feature::Names) * names + tables::points(Feature::Words) * words
}

/// Adds that of the words that a pair shares, as the period of the earlier incident weighs them.
fn with_shared(graph: &Graph, pair: Pair, sum: f32, shared: Shared) -> f32 {
    let (names, words) = graph.told(pair.0).1.weights(shared);
    with_terms(sum, log_sum(names), log_sum(words))
}

/// Calls `found` for every feature that the pair has, with its value (1 for those that are or are not); shared words apart.
fn features(graph: &Graph, config: &Config, (left, right): Pair, found: &mut impl FnMut(Feature, f32)) {
    let (a, b) = (&graph.nodes[left as usize], &graph.nodes[right as usize]);
    found(Feature::Base, 1.0);
    let date = date(a, b);
    found(date.unwrap_or(Feature::DateUnknown), 1.0);
    let place = place(graph, a, b, config);
    let (feature, value) = place.unwrap_or((Feature::PlaceUnknown, 1.0));
    found(feature, value);
    let same_place = matches!(place, Some((Feature::SamePlace | Feature::SamePlaceName, _)));
    if same_place && matches!(date, Some(Feature::SameDay)) {
        found(Feature::SamePlaceAndDay, calm(graph, a));
    }
    if a.outlet.is_some() && a.outlet == b.outlet {
        // An outlet comes back to an event later; a register has one entry an incident.
        found(if a.in_register { Feature::SameRegister } else { Feature::SameOutlet }, 1.0);
    }
    found(Feature::EventType, tables::type_likeness(a.event_type, b.event_type));
    let (mine, theirs) = (graph.perpetrators_of(a), graph.perpetrators_of(b));
    if !mine.is_empty() && !theirs.is_empty() {
        let shared = mine.iter().any(|actor| theirs.contains(actor));
        found(if shared { Feature::SamePerpetrator } else { Feature::OtherPerpetrator }, 1.0);
    }
    let killed = [Feature::KilledEqual, Feature::KilledNear, Feature::KilledUnlike, Feature::KilledFarApart];
    if let Some((feature, value)) = toll(a.killed, b.killed, killed) {
        found(feature, value);
    }
    if a.victims.differ(b.victims) {
        found(Feature::OtherVictims, 1.0);
    }
    let injured =
        [Feature::InjuredEqual, Feature::InjuredNear, Feature::InjuredUnlike, Feature::InjuredFarApart];
    if let Some((feature, value)) = toll(a.injured, b.injured, injured) {
        found(feature, value);
    }
}

/// Shared words come in company (a name has two parts, a street a number), so each further one tells less, and past
/// a point nothing: no likeness of words outweighs another place and another day.
fn log_sum(weights: f32) -> f32 {
    (1.0 + weights).ln().min(MOST_LOG_SUM)
}

/// Days between the spans in which two incidents may have happened; the day of publication stands for the date of
/// a report that gives none. `None` if either has neither.
fn days_apart(a: &Node, b: &Node) -> Option<i32> {
    days_between(span(a), span(b))
}

pub(super) fn days_between(a: Option<(i32, i32)>, b: Option<(i32, i32)>) -> Option<i32> {
    let ((a_start, a_end), (b_start, b_end)) = (a?, b?);
    Some((b_start - a_end).max(a_start - b_end).max(0))
}

/// First and last day on which an incident may have happened, or else the day of publication.
pub(super) fn span(node: &Node) -> Option<(i32, i32)> {
    match (node.when, node.published) {
        (Some((start, end, _)), _) => Some((start, end)),
        (None, Some(day)) => Some((day, day)),
        (None, None) => None,
    }
}

fn date(a: &Node, b: &Node) -> Option<Feature> {
    let gap = days_apart(a, b)?;
    Some(match (a.when, b.when) {
        (Some((_, _, a_precision)), Some((_, _, b_precision))) => match gap {
            0 if a_precision.max(b_precision) == 1 => Feature::SameDay,
            0 => Feature::DatesOverlap,
            1 => Feature::OneDayApart,
            2..=3 => Feature::FewDaysApart,
            4..=7 => Feature::DaysApart,
            _ => Feature::WeeksApart,
        },
        _ => match gap {
            0..=1 => Feature::PublishedTogether,
            2..=7 => Feature::PublishedSameWeek,
            8..=30 => Feature::PublishedSameMonth,
            _ => Feature::PublishedLater,
        },
    })
}

fn place(graph: &Graph, a: &Node, b: &Node, config: &Config) -> Option<(Feature, f32)> {
    if differ(a.country, b.country) {
        return Some((Feature::OtherCountry, 1.0));
    }
    let rough = a.where_prec >= 4 || b.where_prec >= 4;
    if let (Some(x), Some(y)) = (a.geonames, b.geonames) {
        if x == y && !rough {
            return Some((Feature::SamePlace, 1.0 + calm(graph, a)));
        }
    } else if a.place.is_some() && a.place == b.place {
        return Some((Feature::SamePlaceName, 1.0));
    }
    if !rough && let (Some(x), Some(y)) = (a.point, b.point) {
        let km = x.kilometres(y);
        return Some(if km > config.distance_km {
            (Feature::FarApart, 1.0)
        } else {
            (Feature::Nearby, 1.0 - 2.0 * km / config.distance_km)
        });
    }
    let (x, y) = a.adm_1.zip(b.adm_1)?;
    Some((if x == y { Feature::SameDivision } else { Feature::OtherDivision }, 1.0))
}

fn calm(graph: &Graph, node: &Node) -> f32 {
    graph.periods[node.period as usize].calm(node.geonames)
}

fn differ(a: Option<u32>, b: Option<u32>) -> bool {
    a.zip(b).is_some_and(|(a, b)| a != b)
}

fn toll(
    a: Option<u64>,
    b: Option<u64>,
    [equal, near, unlike, far_apart]: [Feature; 4],
) -> Option<(Feature, f32)> {
    let (a, b) = a.zip(b)?;
    let (less, more) = (a.min(b), a.max(b));
    if (less, more) == (0, 0) {
        return None;
    }
    Some(if less == more {
        (equal, 1.0 + (less as f32).ln().min(4.0))
    } else if more - less <= 1 || more - less <= less / 4 {
        (near, 1.0)
    } else if more - less >= 5 && more / 3 >= less {
        (far_apart, 1.0)
    } else {
        (unlike, 1.0)
    })
}

/// The evidence in words: each feature with its points, and the rarest shared words.
pub(crate) fn reasons(graph: &Graph, config: &Config, pair: Pair) -> String {
    let mut told = String::new();
    let mut tell = |feature: Feature, value: f32| {
        let points = tables::points(feature) * value;
        if feature != Feature::Base && points.abs() >= 0.05 {
            told.push_str(if told.is_empty() { "" } else { "; " });
            if value == 1.0 {
                told.push_str(feature.worth());
            } else {
                let _ = write!(told, "{} {points:+.1}", feature.words());
            }
        }
    };
    features(graph, config, pair, &mut tell);
    let period = graph.told(pair.0).1;
    let mut sums = Shared::default();
    let mut shared: Vec<(f32, &str)> = Vec::new();
    let mut lens = Lens::default();
    lens.set(graph, pair.0);
    lens.common(graph, pair.1, |term, rarity, named| {
        sums.add(rarity, named);
        shared.push((period.weight(rarity, named), graph.word(term)));
    });
    let (names, words) = period.weights(sums);
    tell(Feature::Names, log_sum(names));
    tell(Feature::Words, log_sum(words));
    shared.sort_unstable_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(y.1)));
    for (at, (_, word)) in shared.iter().take(8).enumerate() {
        told.push_str(match at {
            0 if told.is_empty() => "shared: ",
            0 => "; shared: ",
            _ => ", ",
        });
        told.push_str(word);
    }
    told
}
