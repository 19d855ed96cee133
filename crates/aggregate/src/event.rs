//! One event from the reports that were joined to it.

use std::collections::BTreeMap;

use annals_plugin::{Actor, EventType, Grading, Place, When};
use arrow_array::cast::AsArray as _;
use arrow_array::types::Date32Type;
use arrow_array::{Array as _, RecordBatch};
use rustc_hash::FxHashMap;

use crate::config::Config;
use crate::corpus::Corpus;
use crate::link::{Group, Node, normal};
use crate::report::{Report, Told};
use crate::source::Voice;
use crate::statement;
use crate::tables;
use crate::toll::{self, Member, Tolls};

/// A row of the `events` table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) event_id: String,
    pub(crate) previous_ids: Vec<String>,
    pub(crate) event_type: EventType,
    pub(crate) labels: tables::Acled,
    pub(crate) when: Option<When>,
    pub(crate) place: Option<Place>,
    pub(crate) perpetrators: Vec<String>,
    pub(crate) tolls: Tolls,
    pub(crate) number_of_sources: u64,
    pub(crate) sources: Vec<String>,
    pub(crate) outlets: Vec<String>,
    pub(crate) grading: Grading,
    pub(crate) article_ids: Vec<String>,
    pub(crate) claim_ids: Vec<String>,
}

/// Identifier of the event whose anchor is this incident.
pub(crate) fn event_id(incident_id: &str) -> String {
    format!("e{incident_id}")
}

impl Event {
    /// Puts together what the reports of a group say.
    pub(crate) fn of(
        group: &Group,
        nodes: &[Node],
        reports: &FxHashMap<u32, Report>,
        corpus: &Corpus,
        config: &Config,
    ) -> Self {
        let members: Vec<Member<'_>> = group
            .members
            .iter()
            .map(|&id| {
                let node = &nodes[id as usize];
                (&reports[&node.report], node.incident)
            })
            .collect();
        let told: Vec<&Told> = members.iter().map(|(report, at)| &report.incidents[*at as usize]).collect();
        let event_type = event_type(&told);
        let mut weapons: Vec<String> = told.iter().flat_map(|told| told.weapons.iter().cloned()).collect();
        weapons.sort_unstable();
        let voices = voices(&members);
        let mut article_ids = Vec::new();
        let mut outlets = Vec::new();
        for ((report, at), &id) in members.iter().zip(&group.members) {
            article_ids.push(report.article_id.clone());
            outlets.extend(report.outlet.clone());
            if report.incidents[*at as usize].main {
                for copy in corpus.copies_of(nodes[id as usize].report) {
                    article_ids.push(copy.article_id.clone());
                    outlets.extend(copy.outlet.clone());
                }
            }
        }
        outlets.sort_unstable();
        outlets.dedup();
        let mut sources: Vec<String> =
            voices.iter().filter(|voice| !voice.is_nameless()).map(|voice| voice.name.clone()).collect();
        sources.sort_unstable();
        sources.dedup();
        Self {
            event_id: event_id(&told[0].incident_id),
            previous_ids: told[1..].iter().map(|told| event_id(&told.incident_id)).collect(),
            event_type,
            labels: tables::acled_labels(event_type, &weapons),
            when: when(&told),
            place: place(&told),
            perpetrators: perpetrators(&told),
            tolls: toll::reconcile(&members, config.best),
            number_of_sources: voices.len() as u64,
            sources,
            outlets,
            grading: grading(&members, &voices),
            article_ids,
            claim_ids: claim_ids(&members),
        }
    }
}

/// Independent sources of an event, each once, by key.
fn voices(members: &[Member<'_>]) -> Vec<Voice> {
    let mut voices: BTreeMap<String, Voice> = BTreeMap::new();
    for (report, at) in members {
        let mut cited = false;
        for figure in statement::counted(report, *at) {
            let voice = Voice::of(figure, report);
            voices.entry(voice.key.clone()).or_insert(voice);
            cited = true;
        }
        if !cited {
            let voice = Voice::publisher(report);
            voices.entry(voice.key.clone()).or_insert(voice);
        }
    }
    voices.into_values().collect()
}

/// The type that most reports tell; a general word ("attack") yields to a particular one, a tie to the earlier report.
fn event_type(told: &[&Told]) -> EventType {
    let weight = |event_type| match event_type {
        EventType::Other => 1,
        EventType::Attack => 2,
        _ => 4,
    };
    let mut votes = vec![0; EventType::ALL.len()];
    for told in told {
        votes[told.event_type as usize] += weight(told.event_type);
    }
    let most = votes.iter().max().copied().unwrap_or(0);
    told.iter()
        .map(|told| told.event_type)
        .find(|&event_type| votes[event_type as usize] == most)
        .unwrap_or(EventType::Other)
}

/// The most precise span, among equals the one that most reports give, among these that of the earliest report.
fn when(told: &[&Told]) -> Option<When> {
    let finest = told.iter().filter_map(|told| told.when).map(|when| when.precision).min()?;
    let spans: Vec<When> =
        told.iter().filter_map(|told| told.when).filter(|when| when.precision == finest).collect();
    first_of_most(&spans, |when| *when).copied()
}

/// The most precise place that most reports give, with the name that they use most.
fn place(told: &[&Told]) -> Option<Place> {
    let places: Vec<&Place> = told.iter().filter_map(|told| told.place.as_ref()).collect();
    // Known before unknown; a settlement and its surroundings are as good as each other.
    let rank = |place: &Place| (place.geonames_id.is_none(), place.precision.unwrap_or(8).max(2));
    let finest = places.iter().map(|place| rank(place)).min()?;
    let finest: Vec<&Place> = places.into_iter().filter(|place| rank(place) == finest).collect();
    let key = |place: &Place| match place.geonames_id {
        Some(id) => (Some(id), String::new()),
        None => (None, normal(&place.name)),
    };
    let chosen = key(first_of_most(&finest, |place| key(place))?);
    let named: Vec<&Place> = finest.into_iter().filter(|place| key(place) == chosen).collect();
    first_of_most(&named, |place| place.name.clone()).map(|&place| place.clone())
}

/// Parties held responsible, those that most reports name first.
fn perpetrators(told: &[&Told]) -> Vec<String> {
    let mut votes: BTreeMap<String, (u32, &str)> = BTreeMap::new();
    for actor in told.iter().flat_map(|told| &told.perpetrators) {
        votes.entry(party(actor)).or_insert((0, &actor.name)).0 += 1;
    }
    let mut ranked: Vec<(u32, String)> =
        votes.into_values().map(|(votes, name)| (votes, name.to_owned())).collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked.into_iter().map(|(_, name)| name).collect()
}

/// The first of those items whose key occurs most.
fn first_of_most<T, K: Ord>(items: &[T], key: impl Fn(&T) -> K) -> Option<&T> {
    let mut counts: BTreeMap<K, usize> = BTreeMap::new();
    for item in items {
        *counts.entry(key(item)).or_default() += 1;
    }
    let most = counts.values().max().copied()?;
    items.iter().find(|item| counts.get(&key(item)) == Some(&most))
}

/// Airwars' rule. A report that names parties, but not the one that most reports name, contests it.
fn grading(members: &[Member<'_>], voices: &[Voice]) -> Grading {
    let named: Vec<Vec<String>> = members
        .iter()
        .map(|(report, at)| report.incidents[*at as usize].perpetrators.iter().map(party).collect())
        .filter(|parties: &Vec<String>| !parties.is_empty())
        .collect();
    let all: Vec<&String> = named.iter().flatten().collect();
    let held = first_of_most(&all, |party| (*party).clone());
    let accepted = held.is_some_and(|held| {
        voices.iter().filter_map(|voice| voice.id.as_deref()).any(|body| tables::speaks_for(body, held))
    });
    let contested = held.is_some_and(|held| named.iter().any(|parties| !parties.contains(held)));
    let credible = voices.iter().filter(|voice| tables::is_credible(voice.kind)).count();
    if accepted {
        Grading::Confirmed
    } else if contested {
        Grading::Contested
    } else if credible >= 2 {
        Grading::Fair
    } else {
        Grading::Weak
    }
}

/// Key of a party: its identifier, else its name.
fn party(actor: &Actor) -> String {
    actor.id.clone().unwrap_or_else(|| normal(&actor.name))
}

/// Claims of the event, by article and place in the text.
fn claim_ids(members: &[Member<'_>]) -> Vec<String> {
    members
        .iter()
        .flat_map(|(report, at)| {
            report
                .figures
                .iter()
                .filter(move |figure| crate::of_incident(figure, *at))
                .map(|f| f.claim_id.clone())
        })
        .collect()
}

/// Keys of the order of rows of the `events` table: by date, undated last, then by place. Events of one key are ordered by their
/// ids. Keys are bytes that sort as what they tell does.
pub(crate) fn orders(events: &RecordBatch) -> Vec<Vec<u8>> {
    let column = |name: &str| events.column_by_name(name).expect("the table has this column");
    let days = ["date_start", "date_end"].map(|name| column(name).as_primitive::<Date32Type>());
    let places = ["country", "adm_1", "place"].map(|name| column(name).as_string::<i32>());
    let key = |row: usize| {
        let mut key = Vec::new();
        if days.iter().all(|days| days.is_valid(row)) {
            key.push(0);
            // Days before 1970 come first.
            days.iter().for_each(|days| key.extend((days.value(row) ^ i32::MIN).to_be_bytes()));
        } else {
            key.push(1);
        }
        for names in places {
            if names.is_valid(row) {
                key.push(1);
                key.extend_from_slice(names.value(row).as_bytes());
            }
            key.push(0);
        }
        key
    };
    (0..events.num_rows()).map(key).collect()
}
