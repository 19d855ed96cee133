//! How strongly two reports speak for one and the same event.
//!
//! The evidence is a sum of points on the scale of natural log-odds, as in Fellegi and Sunter's theory of record
//! linkage (1969): each feature adds what its agreement or disagreement is worth, and a feature that either report
//! leaves open adds nothing.

use rayon::prelude::*;

use super::block::{Pair, near};
use super::{Graph, Node};
use crate::config::Config;
use crate::tables;

/// A pair with its evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scored {
    pub(super) pair: Pair,
    pub(super) points: f32,
}

/// Points of two incidents, feature by feature.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Evidence {
    pub(crate) base: f32,
    pub(crate) date: f32,
    pub(crate) place: f32,
    pub(crate) event_type: f32,
    pub(crate) perpetrator: f32,
    pub(crate) toll: f32,
    pub(crate) words: f32,
}

impl Evidence {
    pub(crate) fn points(&self) -> f32 {
        self.base + self.date + self.place + self.event_type + self.perpetrator + self.toll + self.words
    }
}

/// Weighs all pairs; those at or above the threshold, best first.
pub(super) fn all(graph: &Graph, config: &Config, pairs: &[Pair]) -> Vec<Scored> {
    let mut scored: Vec<Scored> = pairs
        .par_iter()
        .map(|&pair| Scored { pair, points: points(graph, config, pair) })
        .filter(|scored| scored.points >= config.link_threshold)
        .collect();
    scored.par_sort_unstable_by(|a, b| b.points.total_cmp(&a.points).then(a.pair.cmp(&b.pair)));
    scored
}

pub(super) fn points(graph: &Graph, config: &Config, pair: Pair) -> f32 {
    evidence(graph, config, pair).points()
}

/// The evidence for a pair.
pub(crate) fn evidence(graph: &Graph, config: &Config, (left, right): Pair) -> Evidence {
    let (a, b) = (&graph.nodes[left as usize], &graph.nodes[right as usize]);
    Evidence {
        base: -6.0,
        date: date(a, b, config),
        place: place(graph, a, b, config),
        event_type: 1.0 * tables::type_likeness(a.event_type, b.event_type),
        perpetrator: perpetrator(a, b),
        toll: toll(a.killed, b.killed) + toll(a.injured, b.injured),
        words: words(graph, a, b),
    }
}

/// Days between the spans in which two incidents may have happened; a report that gives no date stands for a span
/// that ends with its publication. `None` if either has neither.
pub(super) fn days_apart(a: &Node, b: &Node) -> Option<i32> {
    let (a_start, a_end) = span(a)?;
    let (b_start, b_end) = span(b)?;
    Some((b_start - a_end).max(a_start - b_end).max(0))
}

fn span(node: &Node) -> Option<(i32, i32)> {
    match (node.when, node.published) {
        (Some((start, end, _)), _) => Some((start, end)),
        (None, Some(day)) => Some((day, day)),
        (None, None) => None,
    }
}

fn date(a: &Node, b: &Node, config: &Config) -> f32 {
    if !near(a, b, config) {
        return -8.0;
    }
    let Some(gap) = days_apart(a, b) else { return 0.0 };
    match (a.when, b.when) {
        (Some((_, _, a_prec)), Some((_, _, b_prec))) => match (gap, a_prec.max(b_prec)) {
            (0, 1) => 2.0,
            (0, 2) => 1.0,
            (0, _) => 0.3,
            (1, _) => 0.3,
            (gap, _) => -1.5 * (gap - 1) as f32,
        },
        _ => match gap {
            0..=1 => 1.0,
            2..=4 => 0.3,
            5..=14 => -0.5,
            _ => -1.5,
        },
    }
}

fn place(graph: &Graph, a: &Node, b: &Node, config: &Config) -> f32 {
    if let (Some(x), Some(y)) = (a.country, b.country)
        && x != y
    {
        return -5.0;
    }
    let same_id = a.geonames.is_some() && a.geonames == b.geonames;
    let same_name = a.place.is_some() && a.place == b.place && (a.geonames.is_none() || b.geonames.is_none());
    if same_id && a.where_prec <= 3 && b.where_prec <= 3 {
        let here = a.geonames.and_then(|id| graph.at_place.get(&id)).copied().unwrap_or(1);
        return (graph.nodes.len().max(200) as f32 / here as f32).ln().clamp(0.5, 4.0);
    }
    if same_name {
        return 2.0;
    }
    let coarse = a.where_prec >= 4 || b.where_prec >= 4;
    let divisions = a.adm_1.zip(b.adm_1);
    if let Some((x, y)) = divisions
        && x != y
    {
        return -3.0;
    }
    if !coarse && let (Some(x), Some(y)) = (a.point, b.point) {
        let km = kilometres(x, y);
        if km > config.distance_km {
            return -4.0;
        }
        return 0.8 - 2.0 * km / config.distance_km;
    }
    if divisions.is_some() { 0.5 } else { 0.0 }
}

fn perpetrator(a: &Node, b: &Node) -> f32 {
    if a.perpetrators.is_empty() || b.perpetrators.is_empty() {
        return 0.0;
    }
    if a.perpetrators.iter().any(|actor| b.perpetrators.contains(actor)) { 0.7 } else { -0.7 }
}

fn toll(a: Option<u64>, b: Option<u64>) -> f32 {
    let (Some(a), Some(b)) = (a, b) else { return 0.0 };
    let (less, more) = (a.min(b), a.max(b));
    match (less, more) {
        (0, 0) => 0.0,
        (1, 1) => 0.3,
        (x, y) if x == y => (0.5 + (x as f32).ln() * 0.4).min(2.0),
        (x, y) if y <= x.saturating_add(1) || y * 4 <= x.saturating_mul(5) => 0.2,
        (0, y) if y > 2 => -0.8,
        (x, y) if y > x.saturating_mul(3) => -0.8,
        _ => -0.3,
    }
}

fn words(graph: &Graph, a: &Node, b: &Node) -> f32 {
    let mut shared = 0.0;
    common(&a.terms, &b.terms, |term| shared += graph.weights[term as usize].min(6.0));
    let norm = |node: &Node| -> f32 { node.terms.iter().map(|&t| graph.weights[t as usize].min(6.0)).sum() };
    let smaller = norm(a).min(norm(b));
    if smaller <= 0.0 { 0.0 } else { 14.0 * shared / smaller.max(40.0) }
}

/// Calls `each` for every number that two sorted lists share.
fn common(a: &[u32], b: &[u32], mut each: impl FnMut(u32)) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                each(a[i]);
                i += 1;
                j += 1;
            }
        }
    }
}

/// Great-circle distance by the haversine formula.
fn kilometres((lat_a, lon_a): (f64, f64), (lat_b, lon_b): (f64, f64)) -> f32 {
    let (dlat, dlon) = ((lat_b - lat_a).to_radians(), (lon_b - lon_a).to_radians());
    let h = (dlat / 2.0).sin().powi(2)
        + lat_a.to_radians().cos() * lat_b.to_radians().cos() * (dlon / 2.0).sin().powi(2);
    (2.0 * 6371.0 * h.sqrt().min(1.0).asin()) as f32
}

/// The evidence in words: each feature with its points, and the rarest shared words.
pub(crate) fn reasons(graph: &Graph, config: &Config, pair: Pair) -> String {
    let evidence = evidence(graph, config, pair);
    let (a, b) = (&graph.nodes[pair.0 as usize], &graph.nodes[pair.1 as usize]);
    let mut shared = Vec::new();
    common(&a.terms, &b.terms, |term| shared.push(term));
    shared.sort_unstable_by(|&x, &y| {
        graph.weights[y as usize]
            .total_cmp(&graph.weights[x as usize])
            .then(graph.terms.word(x).cmp(graph.terms.word(y)))
    });
    let words: Vec<&str> = shared.iter().take(8).map(|&term| graph.terms.word(term)).collect();
    let parts = [
        ("date", evidence.date),
        ("place", evidence.place),
        ("event type", evidence.event_type),
        ("perpetrator", evidence.perpetrator),
        ("toll", evidence.toll),
        ("words", evidence.words),
    ];
    let mut told: Vec<String> = parts
        .iter()
        .filter(|(_, points)| points.abs() >= 0.05)
        .map(|(name, points)| format!("{name} {points:+.1}"))
        .collect();
    if !words.is_empty() {
        told.push(format!("shared: {}", words.join(", ")));
    }
    told.join("; ")
}
