//! From the figures of many sources to low, best and high.
//!
//! 1. Only asserted figures of the incident count: no totals, nothing denied or feared.
//! 2. Within one article and one source, the largest figure of each group stands (a text that says "three" and then
//!    "at least five" knows of five), and a whole is never smaller than its disjoint parts: six civilians and three
//!    fighters make nine people, whether or not the text adds them up.
//!    A number of civilians is a toll in its own right; one of children, fighters or medics means at least as many
//!    people, and stands for the whole only where no source gives the whole, or where it is the larger.
//! 3. Of each independent source ([`Voice`]) the latest figure counts; a vague one ("dozens") never
//!    replaces a number, and counts only where no source gives a number.
//! 4. `low` is the lowest and `high` the highest of these; an open bound counts as the figure itself. `best` follows
//!    [`Best`]. Last, the best figure of no group may exceed that of the whole.

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
    standing: Standing,
}

/// How much a figure says of the number that it is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// "Dozens": no number at all.
    Vague,
    /// Follows from the number of some of those harmed: there may be more.
    Implied,
    /// A number.
    Stated,
}

impl Bounds {
    fn of(figure: &Figure) -> Option<Self> {
        (figure.low.is_some() || figure.high.is_some()).then_some(Self {
            low: figure.low,
            high: figure.high,
            standing: if figure.qualifier == Qualifier::Vague { Standing::Vague } else { Standing::Stated },
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

    /// The one that says more, of equals the larger.
    fn larger(self, other: Self) -> Self {
        let rank = |bounds: &Self| (bounds.standing, bounds.point(), bounds.most());
        if rank(&other) > rank(&self) { other } else { self }
    }

    fn plus(self, other: Self) -> Self {
        let add = |a: u64, b: u64| a.saturating_add(b);
        Self {
            low: Some(add(self.low.unwrap_or(0), other.low.unwrap_or(0))),
            high: match (self.high, other.high) {
                (None, None) => None,
                _ => Some(add(self.most(), other.most())),
            },
            standing: self.standing.min(other.standing),
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
            (d.bounds.standing, d.published.clone(), d.bounds.point(), d.bounds.most(), d.article.clone())
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
                let whole = statement.entry((outcome, Victims::People)).or_insert(parts);
                if parts.point() > whole.point() {
                    *whole = parts;
                }
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
    let civilians = sum(&[Victims::Civilians]);
    let unarmed = [
        civilians,
        sum(&[Victims::Children, Victims::Women, Victims::Men, Victims::Elderly]),
        sum(&[Victims::Journalists, Victims::HealthWorkers, Victims::AidWorkers]),
    ];
    let unarmed = unarmed.into_iter().flatten().max_by_key(|bounds| (bounds.point(), bounds.most()));
    let armed = sum(&[Victims::Combatants]);
    let whole = match (unarmed, armed) {
        (Some(unarmed), Some(armed)) => unarmed.plus(armed),
        (one, other) => one.or(other)?,
    };
    // "Six civilians" is a toll; "two children" are some of the dead.
    let most = if civilians.is_some() { Standing::Stated } else { Standing::Implied };
    Some(Bounds { standing: whole.standing.min(most), ..whole })
}

fn range(mut figures: Vec<Dated>, best: Best) -> Range {
    let Some(standing) = figures.iter().map(|figure| figure.bounds.standing).max() else {
        return Range::default();
    };
    let implied = figures.iter().filter(|figure| figure.bounds.standing >= Standing::Implied);
    let implied = implied.map(|figure| figure.bounds.most()).max();
    figures.retain(|figure| figure.bounds.standing == standing);
    let high = figures.iter().map(|figure| figure.bounds.most()).max().max(implied);
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
    Range { low, best: chosen, high }
}

/// The best figure of a group may not exceed that of the whole, which another source may give lower. The bounds
/// stay those that sources state.
fn cover_parts(tolls: &mut Tolls, outcome: Outcome) {
    let best = GROUPS.iter().filter_map(|&group| tolls.get(&(outcome, group))?.best).max();
    if let Some(whole) = tolls.get_mut(&(outcome, Victims::People)) {
        whole.best = whole.best.max(best);
    }
}

#[cfg(test)]
mod tests {
    use annals_plugin::{EventType, Source, SourceKind};

    use super::*;
    use crate::report::Told;
    use crate::terms::Terms;

    /// A report of outlet `outlet` on day `day` with figures in a small notation: `killed people 9 =SOHR` is nine people
    /// killed, says SOHR; `5+` is at least five, `5-8` a range, `~12+` vague, `<40` up to forty; `<1` after the group
    /// makes it a part of figure 1.
    fn report(outlet: &str, day: u32, figures: &[&str]) -> Report {
        let told = Told {
            incident_id: format!("{outlet}{day}"),
            main: true,
            event_type: EventType::Attack,
            weapons: Vec::new(),
            when: None,
            place: None,
            perpetrators: Vec::new(),
            terms: Terms::default(),
        };
        Report {
            article_id: format!("{outlet}-{day}"),
            outlet: Some(outlet.to_owned()),
            published: Some(format!("2020-05-{day:02}")),
            wires: Vec::new(),
            duplicate_of: None,
            incidents: vec![told],
            figures: figures.iter().map(|text| figure(text)).collect(),
        }
    }

    fn figure(text: &str) -> Figure {
        let (text, source) = match text.split_once(" =") {
            Some((text, name)) => (text, Some(name)),
            None => (text, None),
        };
        let words: Vec<&str> = text.split(' ').collect();
        let (number, qualifier) = match words[2] {
            n if n.starts_with('~') => (&n[1..], Qualifier::Vague),
            n if n.starts_with('<') => (n, Qualifier::UpTo),
            n if n.ends_with('+') => (n, Qualifier::AtLeast),
            n if n.contains('-') => (n, Qualifier::Range),
            n => (n, Qualifier::Exact),
        };
        let parse = |n: &str| Some(n.parse::<u64>().unwrap());
        let (low, high) = match number {
            n if n.starts_with('<') => (None, parse(&n[1..])),
            n if n.ends_with('+') => (parse(&n[..n.len() - 1]), None),
            n => match n.split_once('-') {
                Some((low, high)) => (parse(low), parse(high)),
                None => (parse(n), parse(n)),
            },
        };
        Figure {
            claim_id: text.to_owned(),
            incident: Some(0),
            outcome: words[0].parse().unwrap(),
            victims: words[1].parse().unwrap(),
            low,
            high,
            qualifier,
            scope: if words.contains(&"total") { Scope::Total } else { Scope::Incident },
            modality: if words.contains(&"feared") { Modality::Feared } else { Modality::Asserted },
            source: source.map(|name| Source { name: name.to_owned(), kind: SourceKind::Monitor, id: None }),
            perpetrator: None,
            part_of: words.contains(&"part").then_some(0),
            start: 0,
        }
    }

    fn killed(reports: &[Report], group: Victims, best: Best) -> [Option<u64>; 3] {
        let members: Vec<Member<'_>> = reports.iter().map(|report| (report, 0)).collect();
        let range = reconcile(&members, best).get(&(Outcome::Killed, group)).copied().unwrap_or_default();
        [range.low, range.best, range.high]
    }

    /// Each case: what the reports say, and low, best, high of the people killed.
    #[test]
    fn figures_are_reconciled_by_the_table() {
        let cases: [(&str, Vec<Report>, [u64; 3]); 19] = [
            ("one figure", vec![report("a", 1, &["killed people 5"])], [5, 5, 5]),
            (
                "one source, later figure replaces",
                vec![report("a", 1, &["killed people 5 =SOHR"]), report("b", 2, &["killed people 7 =SOHR"])],
                [7, 7, 7],
            ),
            (
                "later and lower replaces too",
                vec![report("a", 1, &["killed people 9 =SOHR"]), report("b", 2, &["killed people 7 =SOHR"])],
                [7, 7, 7],
            ),
            (
                "two sources differ: lower median",
                vec![
                    report("a", 1, &["killed people 5 =SOHR"]),
                    report("b", 1, &["killed people 8 =Civil Defence"]),
                ],
                [5, 5, 8],
            ),
            (
                "copies of one body do not outvote",
                vec![
                    report("a", 1, &["killed people 58 =SOHR"]),
                    report("b", 1, &["killed people 58 =SOHR"]),
                    report("c", 1, &["killed people 72 =Civil Defence"]),
                    report("d", 1, &["killed people 100 =Ministry"]),
                ],
                [58, 72, 100],
            ),
            (
                "headline repeats what the text attributes",
                vec![
                    report("a", 1, &["killed people 5", "killed people 5 =SOHR"]),
                    report("b", 2, &["killed people 6 =SOHR"]),
                ],
                [6, 6, 6],
            ),
            (
                "one article: the larger of two",
                vec![report("a", 1, &["killed people 3", "killed people 5+"])],
                [5, 5, 5],
            ),
            ("range", vec![report("a", 1, &["killed people 5-8"])], [5, 5, 8]),
            ("open bound counts as the figure", vec![report("a", 1, &["killed people 12+"])], [12, 12, 12]),
            (
                "vague yields to a number",
                vec![
                    report("a", 2, &["killed people ~12+ =SOHR"]),
                    report("b", 1, &["killed people 30 =Ministry"]),
                ],
                [30, 30, 30],
            ),
            ("vague alone", vec![report("a", 1, &["killed people ~12+"])], [12, 12, 12]),
            (
                "parts make a whole",
                vec![report("a", 1, &["killed civilians 6", "killed combatants 3"])],
                [9, 9, 9],
            ),
            (
                "parts and the stated whole agree",
                vec![report(
                    "a",
                    1,
                    &["killed people 9", "killed civilians 6 part", "killed combatants 3 part"],
                )],
                [9, 9, 9],
            ),
            ("civilians alone are people", vec![report("a", 1, &["killed civilians 4"])], [4, 4, 4]),
            (
                "some of the dead say nothing against the whole",
                vec![
                    report("a", 1, &["killed people 8 =SOHR", "killed children 2"]),
                    report("b", 2, &["killed women 6"]),
                ],
                [8, 8, 8],
            ),
            (
                "but there cannot be fewer dead than dead children",
                vec![
                    report("a", 1, &["killed people 8 =SOHR"]),
                    report("b", 2, &["killed children 10 =Ministry"]),
                ],
                [8, 10, 10],
            ),
            (
                "civilians alone are a toll",
                vec![report("a", 1, &["killed people 8 =SOHR"]), report("b", 2, &["killed civilians 6"])],
                [6, 6, 8],
            ),
            (
                "a part is not added to its whole",
                vec![report("a", 1, &["killed civilians 7", "killed children 5 part"])],
                [7, 7, 7],
            ),
            (
                "totals and fears stay out",
                vec![report(
                    "a",
                    1,
                    &["killed people 3", "killed people 400 total", "killed people 20 feared"],
                )],
                [3, 3, 3],
            ),
        ];
        for (name, reports, expected) in cases {
            assert_eq!(killed(&reports, Victims::People, Best::Median), expected.map(Some), "{name}");
        }
    }

    #[test]
    fn the_rule_for_best_can_be_chosen() {
        let reports = [
            report("a", 1, &["killed people 58"]),
            report("b", 1, &["killed people 100"]),
            report("c", 3, &["killed people 86"]),
            report("d", 2, &["killed people 72"]),
        ];
        let best = |rule| killed(&reports, Victims::People, rule)[1];
        assert_eq!(best(Best::Median), Some(72));
        assert_eq!(best(Best::Latest), Some(86));
        assert_eq!(best(Best::Conservative), Some(58));
        assert_eq!(best(Best::Highest), Some(100));
    }

    #[test]
    fn an_upper_bound_alone_gives_no_low() {
        let reports = [report("a", 1, &["killed people <40"])];
        assert_eq!(killed(&reports, Victims::People, Best::Median), [None, Some(40), Some(40)]);
    }

    #[test]
    fn groups_have_ranges_of_their_own_and_never_exceed_the_whole() {
        let reports = [
            report("a", 1, &["killed people 9 =X", "killed children 2 part =X"]),
            report("b", 1, &["killed civilians 12 =Y", "killed children 4 part =Y"]),
        ];
        assert_eq!(killed(&reports, Victims::Children, Best::Median), [Some(2), Some(2), Some(4)]);
        assert_eq!(killed(&reports, Victims::Civilians, Best::Median), [Some(12), Some(12), Some(12)]);
        // Nine by one source, twelve civilians by the other: no event has fewer dead than civilian dead.
        assert_eq!(killed(&reports, Victims::People, Best::Median), [Some(9), Some(12), Some(12)]);
    }
}
