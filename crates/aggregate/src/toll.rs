//! From the figures of many sources to low, best and high.
//!
//! 1. Only asserted figures of the incident count: no totals, nothing denied or feared.
//! 2. Within one article and one source, the largest figure of each group stands (a text that says "three" and then
//!    "at least five" knows of five), and a whole is never smaller than its disjoint parts: six civilians and three
//!    fighters make nine people, whether or not the text adds them up.
//! 3. Of each independent source ([`Voice`]) the latest figure counts; a vague one ("dozens") never
//!    replaces a number, and counts only where no source gives a number.
//! 4. `low` is the lowest and `high` the highest of these; an open bound counts as the figure itself. `best` follows
//!    [`Best`]. Last, no group may exceed the whole.

use std::collections::BTreeMap;

use annals_plugin::{Modality, Outcome, Qualifier, Scope, Victims};

use crate::config::Best;
use crate::report::{Figure, Report};
use crate::source::Voice;

/// Lowest, best and highest figure of one outcome and group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Range {
    pub(crate) low: Option<u64>,
    pub(crate) best: Option<u64>,
    pub(crate) high: Option<u64>,
}

/// Groups that have columns of their own, after the whole.
pub(crate) const GROUPS: [Victims; 4] =
    [Victims::Civilians, Victims::Combatants, Victims::Children, Victims::Women];

/// What came of an event: ranges by outcome and group; [`Victims::People`] is the whole.
pub(crate) type Tolls = BTreeMap<(Outcome, Victims), Range>;

/// Bounds of a figure as stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bounds {
    low: Option<u64>,
    high: Option<u64>,
    vague: bool,
}

impl Bounds {
    fn of(figure: &Figure) -> Option<Self> {
        (figure.low.is_some() || figure.high.is_some()).then_some(Self {
            low: figure.low,
            high: figure.high,
            vague: figure.qualifier == Qualifier::Vague,
        })
    }

    /// The number to compare by.
    fn point(&self) -> u64 {
        self.low.or(self.high).unwrap_or(0)
    }

    fn least(&self) -> Option<u64> {
        self.low
    }

    fn most(&self) -> u64 {
        self.high.or(self.low).unwrap_or(0)
    }

    /// Numbers go before vague words, larger before smaller.
    fn larger(self, other: Self) -> Self {
        if (!other.vague, other.point(), other.most()) > (!self.vague, self.point(), self.most()) {
            other
        } else {
            self
        }
    }

    fn plus(self, other: Self) -> Self {
        let add = |a: u64, b: u64| a.saturating_add(b);
        Self {
            low: Some(add(self.low.unwrap_or(0), other.low.unwrap_or(0))),
            high: match (self.high, other.high) {
                (None, None) => None,
                _ => Some(add(self.most(), other.most())),
            },
            vague: self.vague || other.vague,
        }
    }
}

/// Figures of one source in one article.
type Statement = BTreeMap<(Outcome, Victims), Bounds>;

/// One incident of one report.
pub(crate) type Member<'a> = (&'a Report, u32);

/// Reconciles the figures of the reports of one event.
pub(crate) fn reconcile(members: &[Member<'_>], best: Best) -> Tolls {
    // Latest last: by publication, then by size, since tolls rise, then by article.
    let mut latest: BTreeMap<(Outcome, Victims), BTreeMap<String, Dated>> = BTreeMap::new();
    for (report, incident) in members {
        for (voice, statement) in statements(report, *incident) {
            for (slot, bounds) in statement {
                let dated =
                    Dated { published: report.published.clone(), bounds, article: report.article_id.clone() };
                latest
                    .entry(slot)
                    .or_default()
                    .entry(voice.key.clone())
                    .and_modify(|known| known.replace(&dated))
                    .or_insert(dated);
            }
        }
    }
    let mut tolls: Tolls = latest
        .into_iter()
        .map(|(slot, by_source)| (slot, range(by_source.into_values().collect(), best)))
        .collect();
    for outcome in [Outcome::Killed, Outcome::Injured] {
        cover_parts(&mut tolls, outcome);
    }
    tolls
}

/// A figure with the day on which it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Dated {
    published: Option<String>,
    bounds: Bounds,
    article: String,
}

impl Dated {
    fn replace(&mut self, other: &Self) {
        let rank = |d: &Self| {
            (!d.bounds.vague, d.published.clone(), d.bounds.point(), d.bounds.most(), d.article.clone())
        };
        if rank(other) > rank(self) {
            *self = other.clone();
        }
    }
}

/// What each source says in one article about one of its incidents.
fn statements(report: &Report, incident: u32) -> Vec<(Voice, Statement)> {
    let mut by_voice: BTreeMap<Voice, Statement> = BTreeMap::new();
    let mut top: BTreeMap<Voice, Statement> = BTreeMap::new();
    for figure in counted(report, incident) {
        let Some(bounds) = Bounds::of(figure) else { continue };
        let voice = Voice::of(figure, report);
        let slot = (figure.outcome, figure.victims);
        if figure.part_of.is_none() {
            put(top.entry(voice.clone()).or_default(), slot, bounds);
        }
        put(by_voice.entry(voice).or_default(), slot, bounds);
    }
    for (voice, statement) in &mut by_voice {
        for outcome in [Outcome::Killed, Outcome::Injured] {
            if let Some(parts) = top.get(voice).and_then(|own| sum_of_parts(own, outcome)) {
                put(statement, (outcome, Victims::People), parts);
            }
        }
    }
    by_voice.into_iter().collect()
}

/// Figures that enter an event's columns.
pub(crate) fn counted(report: &Report, incident: u32) -> impl Iterator<Item = &Figure> {
    report.figures.iter().filter(move |figure| {
        figure.incident == Some(incident)
            && figure.scope == Scope::Incident
            && figure.modality == Modality::Asserted
    })
}

fn put(statement: &mut Statement, slot: (Outcome, Victims), bounds: Bounds) {
    statement.entry(slot).and_modify(|known| *known = known.larger(bounds)).or_insert(bounds);
}

/// The whole that follows from disjoint parts. Civilians may be told by age and sex, or by profession, so
/// these are alternatives; combatants come on top.
fn sum_of_parts(own: &Statement, outcome: Outcome) -> Option<Bounds> {
    let sum = |groups: &[Victims]| {
        groups.iter().filter_map(|&group| own.get(&(outcome, group)).copied()).reduce(Bounds::plus)
    };
    let unarmed = [
        sum(&[Victims::Civilians]),
        sum(&[Victims::Children, Victims::Women, Victims::Men, Victims::Elderly]),
        sum(&[Victims::Journalists, Victims::HealthWorkers, Victims::AidWorkers]),
    ];
    let unarmed = unarmed.into_iter().flatten().reduce(Bounds::larger);
    let armed = sum(&[Victims::Combatants]);
    match (unarmed, armed) {
        (Some(unarmed), Some(armed)) => Some(unarmed.plus(armed)),
        (one, other) => one.or(other),
    }
}

fn range(mut figures: Vec<Dated>, best: Best) -> Range {
    if figures.iter().any(|figure| !figure.bounds.vague) {
        figures.retain(|figure| !figure.bounds.vague);
    }
    let Some(high) = figures.iter().map(|figure| figure.bounds.most()).max() else { return Range::default() };
    let low = figures.iter().filter_map(|figure| figure.bounds.least()).min();
    figures.sort_by_key(|figure| (figure.bounds.point(), figure.bounds.most()));
    let point = |figure: &Dated| figure.bounds.point();
    let chosen = match best {
        Best::Median => figures.get((figures.len() - 1) / 2).map(point),
        Best::Conservative => figures.first().map(point),
        Best::Highest => figures.last().map(point),
        Best::Latest => {
            figures.iter().max_by_key(|figure| (&figure.published, figure.bounds.point())).map(point)
        }
    };
    Range { low, best: chosen, high: Some(high) }
}

/// No group may exceed the whole.
fn cover_parts(tolls: &mut Tolls, outcome: Outcome) {
    let parts: Vec<Range> =
        GROUPS.iter().filter_map(|&group| tolls.get(&(outcome, group)).copied()).collect();
    let Some(whole) = tolls.get_mut(&(outcome, Victims::People)) else { return };
    for part in parts {
        whole.low = whole.low.max(part.low);
        whole.best = whole.best.max(part.best);
        whole.high = whole.high.max(part.high);
    }
    whole.best = whole.best.max(whole.low);
    whole.high = whole.high.max(whole.best);
}
