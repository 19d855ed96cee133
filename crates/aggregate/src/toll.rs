//! From the figures of many sources to low, best and high.
//!
//! 1. Each source of each article makes a statement ([`statement`](crate::statement)).
//! 2. Of each independent source ([`Voice`](crate::source::Voice)) the latest statement counts; a vague one ("dozens")
//!    never replaces a number, and counts only where no source gives a number. A number of civilians is a toll in its
//!    own right; one of children, fighters or medics, or of those whom one source knows, means at least as many people,
//!    and stands for the whole only where no source gives the whole, or where it is the larger.
//! 3. `low` is the lowest and `high` the highest figure of these; an open bound counts as the figure itself. `best`
//!    follows [`Best`]. Last, the whole is no smaller than the best figure of any group.

use std::collections::BTreeMap;

use annals_plugin::{Outcome, Victims};

use crate::config::Best;
use crate::report::Report;
use crate::statement::{Bounds, Slot, Standing, statements};

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
pub(crate) type Tolls = BTreeMap<Slot, Range>;

/// One incident of one report.
pub(crate) type Member<'a> = (&'a Report, u32);

/// Reconciles the figures of the reports of one event.
pub(crate) fn reconcile(members: &[Member<'_>], best: Best) -> Tolls {
    // Latest last: by publication, then by size, since tolls rise, then by article.
    let mut latest: BTreeMap<Slot, BTreeMap<String, Dated>> = BTreeMap::new();
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
    let hit = latest.get(&(Outcome::Casualties, Victims::People)).cloned().unwrap_or_default();
    let hurt = latest.get(&(Outcome::Injured, Victims::People)).cloned().unwrap_or_default();
    let mut tolls: Tolls = latest
        .into_iter()
        .map(|(slot, by_source)| (slot, range(by_source.into_values().collect(), best, slot.0)))
        .collect();
    leave_out_dead(&mut tolls, &hit, &hurt);
    for outcome in [Outcome::Killed, Outcome::Injured] {
        cover_parts(&mut tolls, outcome);
    }
    tolls
}

/// "Five were shot, one fatally": who tells of five injured has counted the dead, if others tell of four.
fn leave_out_dead(tolls: &mut Tolls, hit: &BTreeMap<String, Dated>, hurt: &BTreeMap<String, Dated>) {
    let killed = tolls.get(&(Outcome::Killed, Victims::People)).and_then(|range| range.best);
    let Some(injured) = tolls.get_mut(&(Outcome::Injured, Victims::People)) else { return };
    let (Some(killed), Some(with)) = (killed.filter(|&killed| killed > 0), injured.best) else { return };
    let Some(without) = with.checked_sub(killed).filter(|&without| without > 1) else { return };
    let votes = |number: u64| {
        let stated = hurt.values().filter(|figure| figure.bounds.standing == Standing::Stated);
        stated.filter(|figure| figure.bounds.point() == number).count()
    };
    let shot = hit.values().any(|figure| figure.bounds.point() == with);
    if shot && votes(without) > 0 && votes(with) <= votes(without) {
        injured.best = Some(without);
    }
}

/// A figure with the day on which it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Dated {
    published: Option<String>,
    bounds: Bounds,
    article: String,
}

impl Dated {
    /// The day on which it was given.
    fn day(&self) -> Option<&str> {
        self.published.as_deref().map(|iso| iso.get(..10).unwrap_or(iso))
    }

    fn replace(&mut self, other: &Self) {
        let rank = |d: &Self| {
            (d.bounds.standing, d.published.clone(), d.bounds.point(), d.bounds.most(), d.article.clone())
        };
        if rank(other) > rank(self) {
            *self = other.clone();
        }
    }
}

fn range(mut figures: Vec<Dated>, best: Best, outcome: Outcome) -> Range {
    let Some(standing) = figures.iter().map(|figure| figure.bounds.standing).max() else {
        return Range::default();
    };
    let implied = figures.iter().filter(|figure| figure.bounds.standing >= Standing::Implied);
    let implied = implied.map(|figure| figure.bounds.most()).max();
    figures.retain(|figure| figure.bounds.standing == standing);
    let high = figures.iter().map(|figure| figure.bounds.most()).max().max(implied);
    let low = figures.iter().filter_map(|figure| figure.bounds.low).min();
    // A report on one of the injured ("the cook who was shot on Friday is recovering") counts nobody where others count several. Of the
    // dead each report tells all.
    if outcome == Outcome::Injured && figures.iter().any(|figure| figure.bounds.point() > 1) {
        figures.retain(|figure| figure.bounds.most() != 1);
    }
    figures.sort_by_key(|figure| (figure.bounds.point(), figure.bounds.most()));
    let chosen = match best {
        Best::Agreed => agreed(&figures),
        Best::Median => middle(&figures),
        Best::Conservative => figures.first(),
        Best::Highest => figures.last(),
        Best::Latest => figures.iter().max_by_key(|figure| (&figure.published, figure.bounds.point())),
    };
    let chosen = chosen.map(|figure| figure.bounds.point());
    Range { low, best: chosen, high }
}

/// The lower middle one of figures in order of size.
fn middle<T>(figures: &[T]) -> Option<&T> {
    figures.get(figures.len().saturating_sub(1) / 2)
}

/// The figure that most sources give; of several that as many give, the middle one of those given on the last day, and of two in the
/// middle the larger, since first reports miss some. Where one article gives all of these, the largest: others that it cites tell of some
/// of the people.
fn agreed(figures: &[Dated]) -> Option<&Dated> {
    let equal: Vec<&[Dated]> = figures.chunk_by(|a, b| a.bounds.point() == b.bounds.point()).collect();
    let most = equal.iter().map(|group| group.len()).max()?;
    let leading = || equal.iter().filter(|group| group.len() == most).copied().flatten();
    let last = leading().map(Dated::day).max()?;
    let latest: Vec<&Dated> = leading().filter(|figure| figure.day() == last).collect();
    let article = &latest.first()?.article;
    if latest.iter().all(|figure| figure.article == *article) {
        return latest.last().copied();
    }
    latest.get(latest.len() / 2).copied()
}

/// No fewer people were harmed than civilians, say, even if those who give the whole give it lower.
fn cover_parts(tolls: &mut Tolls, outcome: Outcome) {
    let best = GROUPS.iter().filter_map(|&group| tolls.get(&(outcome, group))?.best).max();
    if let Some(whole) = tolls.get_mut(&(outcome, Victims::People)) {
        whole.best = whole.best.max(best);
        whole.high = whole.high.max(whole.best);
    }
}

#[cfg(test)]
mod tests {
    use annals_plugin::{EventType, Modality, Qualifier, Scope, Source, SourceKind};

    use super::*;
    use crate::report::{Figure, Told};
    use crate::terms::Terms;

    /// A report of outlet `outlet` on day `day` with figures in a small notation: `killed people 9 =SOHR` is nine people
    /// killed, says SOHR; `5+` is at least five, `5-8` a range, `~12+` vague, `<40` up to forty; `part` after it
    /// makes it a part of figure 1, `@7` puts it into another sentence. A source named in lower case is a witness.
    fn report(outlet: &str, day: u32, figures: &[&str]) -> Report {
        let told = Told {
            incident_id: format!("{outlet}{day}"),
            main: true,
            event_type: EventType::Attack,
            weapons: Vec::new(),
            when: None,
            place: None,
            perpetrators: Vec::new(),
            killed: None,
            injured: None,
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
            source: source.map(|name| Source {
                name: name.to_owned(),
                kind: if name.starts_with(char::is_lowercase) {
                    SourceKind::Witness
                } else {
                    SourceKind::Monitor
                },
                id: None,
            }),
            perpetrator: None,
            part_of: words.contains(&"part").then_some(0),
            start: words.iter().find_map(|word| word.strip_prefix('@')).map_or(0, |at| at.parse().unwrap()),
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
        let cases: [(&str, Vec<Report>, [u64; 3]); 30] = [
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
                "two sources differ on one day: the larger, since first reports miss some",
                vec![
                    report("a", 1, &["killed people 5 =SOHR"]),
                    report("b", 1, &["killed people 8 =Civil Defence"]),
                ],
                [5, 8, 8],
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
            (
                "most sources agree",
                vec![
                    report("a", 1, &["killed people 58"]),
                    report("b", 1, &["killed people 58"]),
                    report("c", 2, &["killed people 72"]),
                    report("d", 3, &["killed people 100"]),
                ],
                [58, 58, 100],
            ),
            (
                "none agree: the later",
                vec![report("a", 1, &["killed people 5"]), report("b", 2, &["killed people 8"])],
                [5, 8, 8],
            ),
            (
                "one whom a friend mourns is one of many",
                vec![report("a", 1, &["killed people 8 =SOHR", "killed people 1 @90 =friend"])],
                [8, 8, 8],
            ),
            (
                "a witness knows some",
                vec![report("a", 1, &["killed people 8", "killed people 3 @90 =neighbour"])],
                [8, 8, 8],
            ),
            (
                "a body that counts fewer contradicts, but the article tells of all whom its sources know of",
                vec![report("a", 1, &["killed people 8", "killed people 3 @90 =Ministry"])],
                [3, 8, 8],
            ),
            (
                "an article that gives a range has weighed its sources",
                vec![report("a", 1, &["killed people 8-12", "killed people 3 @90 =Ministry"])],
                [8, 8, 12],
            ),
            (
                "unharmed as the article has it are others than those harmed",
                vec![report("a", 1, &["killed people 3 =Ministry", "killed people 0 @90"])],
                [3, 3, 3],
            ),
            (
                "a body that denies any harm contradicts",
                vec![report("a", 1, &["killed people 3", "killed people 0 @90 =Ministry"])],
                [0, 3, 3],
            ),
            (
                "parts of other sentences may be the same people",
                vec![report("a", 1, &["killed men 1", "killed children 1 @90"])],
                [1, 1, 1],
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
            (
                "several men are the toll where nobody gives another",
                vec![report("a", 1, &["killed people 1 =police @90", "killed men 3"])],
                [3, 3, 3],
            ),
            (
                "but not where somebody does",
                vec![report("a", 1, &["killed people 5 =police @90", "killed men 3"])],
                [5, 5, 5],
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
            assert_eq!(killed(&reports, Victims::People, Best::Agreed), expected.map(Some), "{name}");
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
        assert_eq!(best(Best::Agreed), Some(86));
        assert_eq!(best(Best::Median), Some(72));
        assert_eq!(best(Best::Latest), Some(86));
        assert_eq!(best(Best::Conservative), Some(58));
        assert_eq!(best(Best::Highest), Some(100));
    }

    #[test]
    fn casualties_who_were_not_killed_are_injured() {
        let injured = |figures: &[&str]| {
            let report = report("a", 1, figures);
            let range = reconcile(&[(&report, 0)], Best::Agreed);
            range.get(&(Outcome::Injured, Victims::People)).and_then(|range| range.best)
        };
        assert_eq!(injured(&["casualties people 5", "killed people 1"]), Some(4));
        assert_eq!(injured(&["casualties people 5", "killed people 1", "injured people 1 @90"]), Some(4));
        assert_eq!(injured(&["casualties people 5", "killed people 1", "injured people 6 @90"]), Some(6));
        assert_eq!(injured(&["casualties people 5"]), None);
    }

    #[test]
    fn the_whole_that_an_article_tells_stands_above_its_parts() {
        let mut report = report("a", 1, &["killed people 1", "killed people 1 =police @90"]);
        report.incidents[0].killed = Some(3);
        assert_eq!(killed(&[report], Victims::People, Best::Agreed), [Some(3), Some(3), Some(3)]);
    }

    #[test]
    fn a_report_on_one_of_the_injured_counts_nobody() {
        let reports = [
            report("a", 1, &["injured people 7", "killed people 2"]),
            report("b", 2, &["injured people 1", "killed people 1"]),
            report("c", 2, &["injured people 1", "killed people 1"]),
        ];
        let members: Vec<Member<'_>> = reports.iter().map(|report| (report, 0)).collect();
        let tolls = reconcile(&members, Best::Agreed);
        let best = |outcome| tolls.get(&(outcome, Victims::People)).map(|range| (range.low, range.best));
        assert_eq!(best(Outcome::Injured), Some((Some(1), Some(7))));
        assert_eq!(best(Outcome::Killed), Some((Some(1), Some(1))), "of the dead each report tells all");
    }

    #[test]
    fn the_dead_are_not_counted_among_the_injured() {
        let injured = |reports: &[Report]| {
            let members: Vec<Member<'_>> = reports.iter().map(|report| (report, 0)).collect();
            let tolls = reconcile(&members, Best::Agreed);
            tolls.get(&(Outcome::Injured, Victims::People)).and_then(|range| range.best)
        };
        let one = report("a", 1, &["killed people 1", "injured people 4"]);
        let other = report("b", 1, &["casualties people 4", "killed people 1"]);
        assert_eq!(injured(&[one.clone(), other]), Some(3), "four were shot, one of them fatally");
        let other = report("b", 1, &["injured people 3", "killed people 1"]);
        assert_eq!(injured(&[one, other]), Some(4), "nobody tells of four in all");
    }

    #[test]
    fn one_child_told_of_is_one_of_the_children() {
        let reports = [
            report("a", 1, &["killed people 7", "killed children 2 part"]),
            report("b", 2, &["killed people 8", "killed children 1 @90"]),
        ];
        assert_eq!(killed(&reports, Victims::Children, Best::Agreed), [Some(2), Some(2), Some(2)]);
        assert_eq!(killed(&reports[1..], Victims::Children, Best::Agreed), [Some(1), Some(1), Some(1)]);
    }

    #[test]
    fn one_person_is_no_number_against_dozens() {
        let reports = [report("a", 1, &["killed people ~12+", "killed people 1 =witness @90"])];
        assert_eq!(killed(&reports, Victims::People, Best::Agreed)[..2], [Some(12), Some(12)]);
    }

    #[test]
    fn an_upper_bound_alone_gives_no_low() {
        let reports = [report("a", 1, &["killed people <40"])];
        assert_eq!(killed(&reports, Victims::People, Best::Agreed), [None, Some(40), Some(40)]);
    }

    #[test]
    fn groups_have_ranges_of_their_own_and_never_exceed_the_whole() {
        let reports = [
            report("a", 1, &["killed people 9 =X", "killed children 2 part =X"]),
            report("b", 1, &["killed civilians 12 =Y", "killed children 4 part =Y"]),
        ];
        assert_eq!(killed(&reports, Victims::Children, Best::Agreed), [Some(2), Some(4), Some(4)]);
        assert_eq!(killed(&reports, Victims::Civilians, Best::Agreed), [Some(12), Some(12), Some(12)]);
        // Nine by one source, twelve civilians by the other: no event has fewer dead than civilian dead.
        assert_eq!(killed(&reports, Victims::People, Best::Agreed), [Some(9), Some(12), Some(12)]);
    }
}
