//! The tables of `data/aggregate`, read once.

use std::sync::LazyLock;

use annals_plugin::{EventType, SourceKind};
use rustc_hash::{FxHashMap, FxHashSet};

const TYPES: usize = EventType::ALL.len();

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::read);

impl Tables {
    fn read() -> Self {
        let points = evidence(include_str!("../../../data/aggregate/evidence.tsv"));
        let features: Vec<String> = Feature::ALL.iter().map(|(_, name)| name.replace('_', " ")).collect();
        let worth =
            features.iter().zip(&points).map(|(name, points)| format!("{name} {points:+.1}")).collect();
        Self {
            acled: acled(include_str!("../../../data/aggregate/acled.tsv")),
            kinds: kinds(include_str!("../../../data/aggregate/source_kinds.tsv")),
            likeness: likeness(include_str!("../../../data/aggregate/event_types.tsv")),
            speaks_for: speaks_for_table(include_str!("../../../data/aggregate/perpetrators.tsv")),
            points,
            features,
            worth,
            calendar: words(include_str!("../../../data/aggregate/calendar.txt")),
            function_words: words(include_str!("../../../data/aggregate/function_words.txt")),
        }
    }
}

struct Tables {
    acled: Vec<Acled>,
    kinds: FxHashMap<SourceKind, Kind>,
    likeness: [[f32; TYPES]; TYPES],
    speaks_for: FxHashMap<&'static str, Vec<&'static str>>,
    points: Vec<f32>,
    /// Names of the features, in words.
    features: Vec<String>,
    /// The same with what each is worth.
    worth: Vec<String>,
    calendar: FxHashSet<&'static str>,
    function_words: FxHashSet<&'static str>,
}

/// ACLED's labels for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Acled {
    of: EventType,
    weapon: &'static str,
    pub(crate) event_type: &'static str,
    pub(crate) sub_event_type: &'static str,
}

/// What is assumed of a kind of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    credible: bool,
    shared: bool,
    everywhere: bool,
}

/// ACLED's labels for an event type and the weapons named.
pub(crate) fn acled_labels(event_type: EventType, weapons: &[String]) -> Acled {
    let fits =
        |row: &&Acled| row.of == event_type && (row.weapon == "*" || weapons.iter().any(|w| w == row.weapon));
    *TABLES.acled.iter().find(fits).expect("a test holds that every event type has a row for any weapon")
}

/// Whether a kind of source counts towards a grading of `fair`.
pub(crate) fn is_credible(kind: SourceKind) -> bool {
    TABLES.kinds.get(&kind).is_some_and(|kind| kind.credible)
}

/// Whether outlets that cite such a body by the same words mean the same body.
pub(crate) fn is_shared(kind: SourceKind) -> bool {
    TABLES.kinds.get(&kind).is_some_and(|kind| kind.shared)
}

/// Whether such a body speaks of events in many places, so that its name says nothing of where.
pub(crate) fn is_everywhere(kind: SourceKind) -> bool {
    TABLES.kinds.get(&kind).is_some_and(|kind| kind.everywhere)
}

/// How well two event types go together, from -1 to 1.
pub(crate) fn type_likeness(left: EventType, right: EventType) -> f32 {
    TABLES.likeness[left as usize][right as usize]
}

/// Whether a body speaks for a party: it is the party, or is listed as its voice.
pub(crate) fn speaks_for(body: &str, actor: &str) -> bool {
    body == actor || TABLES.speaks_for.get(body).is_some_and(|actors| actors.contains(&actor))
}

/// Whether a word in lower case names a day, a month or a year.
pub(crate) fn is_of_calendar(word: &str) -> bool {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let number: Option<u32> = digits.parse().ok();
    match number {
        Some(1900..=2099) => word.len() == 4,
        Some(1..=31) => matches!(&word[digits.len()..], "st" | "nd" | "rd" | "th"),
        _ => TABLES.calendar.contains(word),
    }
}

/// Whether a word in lower case stands in any text, whatever that tells of.
pub(crate) fn is_function_word(word: &str) -> bool {
    TABLES.function_words.contains(word)
}

/// What two reports can have in common or apart; the rows of `evidence.tsv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feature {
    Base,
    SameDay,
    DatesOverlap,
    OneDayApart,
    FewDaysApart,
    DaysApart,
    WeeksApart,
    PublishedTogether,
    PublishedSameWeek,
    PublishedSameMonth,
    PublishedLater,
    DateUnknown,
    SamePlace,
    SamePlaceName,
    SamePlaceAndDay,
    Nearby,
    FarApart,
    SameDivision,
    OtherDivision,
    OtherCountry,
    PlaceUnknown,
    SameOutlet,
    SameRegister,
    EventType,
    SamePerpetrator,
    OtherPerpetrator,
    KilledEqual,
    KilledNear,
    KilledUnlike,
    KilledFarApart,
    OtherVictims,
    InjuredEqual,
    InjuredNear,
    InjuredUnlike,
    InjuredFarApart,
    Names,
    Words,
}

impl Feature {
    const ALL: &'static [(Feature, &'static str)] = &[
        (Feature::Base, "base"),
        (Feature::SameDay, "same_day"),
        (Feature::DatesOverlap, "dates_overlap"),
        (Feature::OneDayApart, "one_day_apart"),
        (Feature::FewDaysApart, "few_days_apart"),
        (Feature::DaysApart, "days_apart"),
        (Feature::WeeksApart, "weeks_apart"),
        (Feature::PublishedTogether, "published_together"),
        (Feature::PublishedSameWeek, "published_same_week"),
        (Feature::PublishedSameMonth, "published_same_month"),
        (Feature::PublishedLater, "published_later"),
        (Feature::DateUnknown, "date_unknown"),
        (Feature::SamePlace, "same_place"),
        (Feature::SamePlaceName, "same_place_name"),
        (Feature::SamePlaceAndDay, "same_place_and_day"),
        (Feature::Nearby, "nearby"),
        (Feature::FarApart, "far_apart"),
        (Feature::SameDivision, "same_division"),
        (Feature::OtherDivision, "other_division"),
        (Feature::OtherCountry, "other_country"),
        (Feature::PlaceUnknown, "place_unknown"),
        (Feature::SameOutlet, "same_outlet"),
        (Feature::SameRegister, "same_register"),
        (Feature::EventType, "event_type"),
        (Feature::SamePerpetrator, "same_perpetrator"),
        (Feature::OtherPerpetrator, "other_perpetrator"),
        (Feature::KilledEqual, "killed_equal"),
        (Feature::KilledNear, "killed_near"),
        (Feature::KilledUnlike, "killed_unlike"),
        (Feature::KilledFarApart, "killed_far_apart"),
        (Feature::OtherVictims, "other_victims"),
        (Feature::InjuredEqual, "injured_equal"),
        (Feature::InjuredNear, "injured_near"),
        (Feature::InjuredUnlike, "injured_unlike"),
        (Feature::InjuredFarApart, "injured_far_apart"),
        (Feature::Names, "names"),
        (Feature::Words, "words"),
    ];

    /// Its name in the table, in words.
    pub(crate) fn words(self) -> &'static str {
        &TABLES.features[self as usize]
    }

    /// Its name with what it is worth for a value of 1.
    pub(crate) fn worth(self) -> &'static str {
        &TABLES.worth[self as usize]
    }
}

/// What a feature is worth, in points of natural log-odds for a value of 1.
pub(crate) fn points(feature: Feature) -> f32 {
    TABLES.points[feature as usize]
}

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
}

fn words(table: &'static str) -> FxHashSet<&'static str> {
    rows(table).flatten().flat_map(str::split_whitespace).collect()
}

fn acled(table: &'static str) -> Vec<Acled> {
    rows(table)
        .map(|row| match row[..] {
            [of, weapon, event_type, sub_event_type] => Acled {
                of: of.parse().expect("a label of the vocabulary"),
                weapon,
                event_type,
                sub_event_type,
            },
            _ => panic!("acled.tsv: four columns expected in {row:?}"),
        })
        .collect()
}

fn kinds(table: &'static str) -> FxHashMap<SourceKind, Kind> {
    rows(table)
        .map(|row| match row[..] {
            [kind, credible, shared, everywhere] => (
                kind.parse().expect("a label of the vocabulary"),
                Kind {
                    credible: credible == "yes",
                    shared: shared == "yes",
                    everywhere: everywhere == "yes",
                },
            ),
            _ => panic!("source_kinds.tsv: four columns expected in {row:?}"),
        })
        .collect()
}

fn likeness(table: &'static str) -> [[f32; TYPES]; TYPES] {
    let mut all = [[0.0; TYPES]; TYPES];
    for (at, row) in all.iter_mut().enumerate() {
        row[at] = 1.0;
    }
    for row in rows(table) {
        let [left, right, value] = row[..] else {
            panic!("event_types.tsv: three columns expected in {row:?}")
        };
        let left: EventType = left.parse().expect("a label of the vocabulary");
        let right: EventType = right.parse().expect("a label of the vocabulary");
        let value = value.parse().expect("a number");
        all[left as usize][right as usize] = value;
        all[right as usize][left as usize] = value;
    }
    all
}

fn speaks_for_table(table: &'static str) -> FxHashMap<&'static str, Vec<&'static str>> {
    let mut voices: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    for row in rows(table) {
        let [body, actor] = row[..] else { panic!("perpetrators.tsv: two columns expected in {row:?}") };
        voices.entry(body).or_default().push(actor);
    }
    voices
}

fn evidence(table: &'static str) -> Vec<f32> {
    let listed: FxHashMap<&str, f32> = rows(table)
        .map(|row| match row[..] {
            [feature, points, _] => (feature, points.parse().expect("a number")),
            _ => panic!("evidence.tsv: three columns expected in {row:?}"),
        })
        .collect();
    let points = |(_, name): &(Feature, &str)| {
        listed.get(name).copied().unwrap_or_else(|| panic!("evidence.tsv: no {name}"))
    };
    Feature::ALL.iter().map(points).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_is_listed() {
        for &event_type in EventType::ALL {
            assert_eq!(acled_labels(event_type, &[]).of, event_type);
        }
        for kind in SourceKind::ALL {
            assert!(TABLES.kinds.contains_key(kind), "{kind} is missing in source_kinds.tsv");
        }
    }

    #[test]
    fn features_are_in_order() {
        for (at, (feature, name)) in Feature::ALL.iter().enumerate() {
            assert_eq!(*feature as usize, at, "{name}");
        }
        assert_eq!(TABLES.points.len(), Feature::ALL.len());
    }

    #[test]
    fn shared_words_never_speak_against_a_pair() {
        // Linking leaves pairs out by the most that words could give.
        assert!(points(Feature::Names) >= 0.0 && points(Feature::Words) >= 0.0);
    }

    #[test]
    fn a_weapon_can_change_the_label() {
        assert_eq!(acled_labels(EventType::Explosion, &["grenade".to_owned()]).sub_event_type, "Grenade");
        assert_eq!(acled_labels(EventType::Explosion, &[]).sub_event_type, "Remote explosive/landmine/IED");
    }

    #[test]
    fn function_words_are_known() {
        assert!(["the", "said", "whose"].into_iter().all(is_function_word));
        assert!(!["killed", "market"].into_iter().any(is_function_word));
    }

    #[test]
    fn days_months_and_years_are_of_the_calendar() {
        for word in ["monday", "october", "11th", "1st", "2023"] {
            assert!(is_of_calendar(word), "{word}");
        }
        for word in ["11", "59th", "20123", "marches", "m16", "2023rd", "th"] {
            assert!(!is_of_calendar(word), "{word}");
        }
    }

    #[test]
    fn likeness_is_symmetric_and_bounded() {
        for &left in EventType::ALL {
            for &right in EventType::ALL {
                let likeness = type_likeness(left, right);
                assert!((-1.0..=1.0).contains(&likeness), "{left} {right}: {likeness}");
                assert_eq!(likeness, type_likeness(right, left));
            }
        }
    }
}
