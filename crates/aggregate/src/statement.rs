//! What each source says in one article of one of its incidents.
//!
//! 1. Only asserted figures of the incident count: no totals, nothing denied or feared.
//! 2. Of one source the largest figure of each group stands (a text that says "three" and then "at least five" knows
//!    of five), and a whole is never smaller than its disjoint parts told in one sentence: six civilians and three
//!    fighters make nine people, whether or not the text adds them up. Parts of different sentences may be the same
//!    people told twice, and are not added. Several men are the toll where the article gives no other number; women and
//!    children are told of as some of those harmed.
//! 3. Of those killed or injured, not told apart, whoever was not killed is injured: "five were shot, one died" makes
//!    four injured.
//! 4. What the article as a whole tells, by its headline or by telling of persons one by one, is a figure of its own.
//! 5. One person, where the article speaks of "dozens", is one of them.
//! 6. Whoever knows only some of those harmed sets no lower bound. So a single person, where the article knows of more, is
//!    one of them; a relative or witness tells of those they know, where the article itself gives more; and an
//!    article that gives a range in its own name has weighed what its sources say.

use std::collections::BTreeMap;

use annals_plugin::{Modality, Outcome, Qualifier, Scope, Victims};

use crate::report::{Figure, Report};
use crate::source::Voice;

/// Bounds of a figure as stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) low: Option<u64>,
    pub(crate) high: Option<u64>,
    pub(crate) standing: Standing,
}

/// How much a figure says of the number that it is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// "Dozens": no number at all.
    Vague,
    /// The number of some of those harmed: there may be more.
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
    pub(crate) fn point(&self) -> u64 {
        self.low.or(self.high).unwrap_or(0)
    }

    pub(crate) fn most(&self) -> u64 {
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

/// Outcome and group; [`Victims::People`] is the whole.
pub(crate) type Slot = (Outcome, Victims);

/// Figures of one source in one article.
pub(crate) type Statement = BTreeMap<Slot, Bounds>;

/// What each source says in one article about one of its incidents.
pub(crate) fn statements(report: &Report, incident: u32) -> BTreeMap<Voice, Statement> {
    let mut by_voice: BTreeMap<Voice, Statement> = BTreeMap::new();
    let mut sentences: BTreeMap<(Voice, u32), Statement> = BTreeMap::new();
    for figure in counted(report, incident) {
        let Some(mut bounds) = Bounds::of(figure) else { continue };
        if figure.part_of.is_some() && figure.victims == Victims::People {
            bounds.standing = bounds.standing.min(Standing::Implied);
        }
        let voice = Voice::of(figure, report);
        let slot = (figure.outcome, figure.victims);
        if figure.part_of.is_none() {
            put(sentences.entry((voice.clone(), figure.start)).or_default(), slot, bounds);
        }
        put(by_voice.entry(voice).or_default(), slot, bounds);
    }
    // "Three men were shot dead": the toll, where nobody gives as many people.
    let counted = [Outcome::Killed, Outcome::Injured].map(|outcome| {
        let given = |statement: &Statement| statement.get(&(outcome, Victims::People)).map(Bounds::point);
        by_voice.values().filter_map(given).max().unwrap_or(0)
    });
    for ((voice, _), sentence) in &sentences {
        let Some(statement) = by_voice.get_mut(voice) else { continue };
        for (outcome, counted) in [Outcome::Killed, Outcome::Injured].into_iter().zip(counted) {
            if let Some(mut parts) = sum_of_parts(sentence, outcome) {
                if parts.point() > counted && tells_toll(sentence, outcome) {
                    parts.standing = Standing::Stated;
                }
                let whole = statement.entry((outcome, Victims::People)).or_insert(parts);
                if (parts.point(), parts.standing) > (whole.point(), whole.standing) {
                    *whole = parts;
                }
            }
        }
    }
    let told = &report.incidents[incident as usize];
    let own = Voice::publisher(report);
    for (outcome, told) in [(Outcome::Killed, told.killed), (Outcome::Injured, told.injured)] {
        if let Some(told) = told {
            tell_whole(&mut by_voice, &own, outcome, told);
        }
    }
    tell_injured(&mut by_voice);
    weigh(&mut by_voice, &Voice::publisher(report));
    yield_to_vague(&mut by_voice);
    by_voice
}

/// Figures that enter an event's columns.
pub(crate) fn counted(report: &Report, incident: u32) -> impl Iterator<Item = &Figure> {
    report.figures.iter().filter(move |figure| {
        figure.incident == Some(incident)
            && figure.scope == Scope::Incident
            && figure.modality == Modality::Asserted
    })
}

fn put(statement: &mut Statement, slot: Slot, bounds: Bounds) {
    statement.entry(slot).and_modify(|known| *known = known.larger(bounds)).or_insert(bounds);
}

/// Whether a sentence tells of those harmed as several men: women and children are told of as some of them.
fn tells_toll(own: &Statement, outcome: Outcome) -> bool {
    let men = own.get(&(outcome, Victims::Men));
    men.is_some_and(|bounds| bounds.standing == Standing::Stated && bounds.point() > 1)
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

/// What the article as a whole tells, by its headline or by telling of persons one by one. Where several
/// relatives or witnesses tell of those they knew, the same person may come up again and again, and nothing is added up.
fn tell_whole(by_voice: &mut BTreeMap<Voice, Statement>, own: &Voice, outcome: Outcome, told: u64) {
    let slot = (outcome, Victims::People);
    let knew = by_voice
        .iter()
        .filter(|(voice, statement)| *voice != own && !voice.is_body() && statement.contains_key(&slot));
    if knew.count() >= 2 {
        return;
    }
    for bounds in by_voice.values_mut().filter_map(|statement| statement.get_mut(&slot)) {
        if bounds.most() > 0 && bounds.point() < told {
            bounds.standing = bounds.standing.min(Standing::Implied);
        }
    }
    let bounds = Bounds { low: Some(told), high: Some(told), standing: Standing::Stated };
    put(by_voice.entry(own.clone()).or_default(), slot, bounds);
}

/// The largest number that any source of the article states.
fn largest(by_voice: &BTreeMap<Voice, Statement>, slot: Slot) -> Option<u64> {
    let stated = by_voice.values().filter_map(|statement| statement.get(&slot));
    stated.filter(|bounds| bounds.standing == Standing::Stated).map(Bounds::point).max()
}

/// Takes the killed from the casualties, if more remain than are said to be injured.
fn tell_injured(by_voice: &mut BTreeMap<Voice, Statement>) {
    let [casualties, killed, injured] = [Outcome::Casualties, Outcome::Killed, Outcome::Injured]
        .map(|outcome| largest(by_voice, (outcome, Victims::People)));
    let Some((all, killed)) = casualties.zip(killed) else { return };
    let rest = all.saturating_sub(killed);
    if rest <= injured.unwrap_or(0) {
        return;
    }
    let told = |statement: &&mut Statement| {
        statement.get(&(Outcome::Casualties, Victims::People)).is_some_and(|bounds| bounds.point() == all)
    };
    if let Some(statement) = by_voice.values_mut().find(told) {
        let bounds = Bounds { low: Some(rest), high: Some(rest), standing: Standing::Stated };
        statement.insert((Outcome::Injured, Victims::People), bounds);
    }
}

/// "A woman was hurt. Dozens were hurt": the woman is one of them, and no number against theirs.
fn yield_to_vague(by_voice: &mut BTreeMap<Voice, Statement>) {
    for outcome in [Outcome::Killed, Outcome::Injured] {
        let slot = (outcome, Victims::People);
        let vague = by_voice.values().filter_map(|statement| statement.get(&slot));
        let vague = vague.filter(|bounds| bounds.standing == Standing::Vague).map(Bounds::point).max();
        let Some(vague) = vague else { continue };
        for statement in by_voice.values_mut() {
            let some = statement.get(&slot).is_some_and(|bounds| {
                let lone = bounds.standing == Standing::Implied
                    || bounds.standing == Standing::Stated && bounds.low == Some(1);
                lone && bounds.most() > 0 && bounds.most() < vague
            });
            if some {
                statement.remove(&slot);
            }
        }
    }
}

/// Lowers the standing of figures of those who know only some of the people harmed.
fn weigh(by_voice: &mut BTreeMap<Voice, Statement>, own: &Voice) {
    let most: BTreeMap<Slot, u64> = by_voice
        .values()
        .flat_map(|statement| statement.keys())
        .filter_map(|&slot| Some((slot, largest(by_voice, slot)?)))
        .collect();
    let article = by_voice.get(own).cloned().unwrap_or_default();
    for (voice, statement) in by_voice {
        for (slot, bounds) in statement {
            if bounds.standing != Standing::Stated {
                continue;
            }
            let one_of_them = bounds.most() <= 1 && most.get(slot).is_some_and(|&most| most > bounds.most());
            // "A girl of six died": a child told of is one of the children, however many there were.
            let one_of_group = slot.1 != Victims::People
                && bounds.most() == 1
                && most.get(&(slot.0, Victims::People)).is_some_and(|&all| all > 1);
            let below = voice != own
                && article.get(slot).is_some_and(|own| {
                    let range = own.low.zip(own.high).is_some_and(|(low, high)| low < high);
                    own.standing == Standing::Stated
                        && bounds.most() < own.point()
                        && (range || !voice.is_body())
                });
            // No one harmed is a statement about all if a source makes it; where the article tells of some, it speaks of others.
            let others = bounds.most() == 0 && voice == own && most.get(slot).is_some_and(|&most| most > 0);
            if bounds.most() > 0 && (one_of_them || one_of_group || below) || others {
                bounds.standing = Standing::Implied;
            }
        }
    }
}
