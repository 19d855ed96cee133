//! What the lists find in one text, by sentence.

use std::ops::Range;

use annals_plugin::{Actor, EventType};
use rustc_hash::FxHashSet;

use super::{Cue, Knowledge};
use crate::actor::{self, Agent, Evidence, Focus, Mention};
use crate::event::{Ballot, EventHit, Role};
use crate::lexicon::{Class, Set};
use crate::phrases::{Hit, Units};
use crate::source::{self, Citations};
use crate::text::Document;

pub(super) struct Scene<'a, 'd> {
    pub(super) knowledge: &'a Knowledge,
    pub(super) document: &'a Document<'d>,
    pub(super) events: Vec<EventHit>,
    pub(super) weapons: Vec<(Hit, &'a str)>,
    pub(super) mentions: Vec<Mention>,
    pub(super) agents: Vec<Agent>,
    pub(super) citations: Citations,
    pub(super) cues: Vec<(Hit, Cue)>,
    /// Deeds whose doer has aircraft: a state or a coalition.
    flown: FxHashSet<Hit>,
}

/// The items whose tokens lie in a span, of a list in order.
fn within<'t, T>(items: &'t [T], start: impl Fn(&T) -> usize, span: &Range<usize>) -> &'t [T] {
    let from = items.partition_point(|item| start(item) < span.start);
    let to = items.partition_point(|item| start(item) < span.end);
    &items[from..to.max(from)]
}

impl<'a, 'd> Scene<'a, 'd> {
    pub(super) fn new(
        knowledge: &'a Knowledge,
        document: &'a Document<'d>,
        units: &Units,
        focus: &Focus,
        headline: bool,
    ) -> Scene<'a, 'd> {
        let stances = knowledge.stances.find(units);
        let functions = knowledge.functions.by_token(units, document);
        let mentions = actor::mentions(&knowledge.actors, document, units, &stances, focus);
        let events = knowledge.events.find(units);
        let agents = actor::agents(document, &mentions, &events, &stances, &functions, headline);
        let citations = source::citations(&source::Reading {
            document,
            bodies: &knowledge.bodies,
            parties: knowledge.actors.parties(),
            named: &knowledge.bodies.find(units),
            speakers: &knowledge.speakers.find(units),
            mentions: &mentions,
            speech: &knowledge.speech.find(units),
            functions: &functions,
        });
        let has_aircraft = |agent: &&Agent| {
            let party = mentions[agent.mention].party;
            let party = party.map(|party| &knowledge.actors.parties()[party as usize]);
            party.is_some_and(|party| party.state || &*party.side == "coalition")
        };
        let flown = agents
            .iter()
            .filter(has_aircraft)
            .filter_map(|agent| agent.event.map(|index| events[index].hit))
            .collect();
        Scene {
            flown,
            knowledge,
            document,
            events,
            weapons: knowledge.events.weapons(units),
            mentions,
            agents,
            citations,
            cues: knowledge.cues.find(units),
        }
    }

    /// What the triggers of a span tell: each type by its strongest trigger.
    pub(super) fn ballot(&self, span: Range<usize>) -> Ballot {
        let mut ballot = Ballot::default();
        let hits = within(&self.events, |event| event.hit.start as usize, &span);
        let mut seen: Vec<(Option<EventType>, u32)> = Vec::new();
        // "No shelling": nothing happened.
        let denied = |event: &EventHit| {
            let start = event.hit.start as usize;
            start > span.start && self.document.tokens()[start - 1].classes.has(Class::Negation)
        };
        for event in hits.iter().filter(|event| !denied(event)) {
            let event_type = self.type_of(event);
            let weight = event.trigger.weight;
            match seen.iter_mut().find(|(other, _)| *other == event_type) {
                Some((_, most)) => *most = (*most).max(weight),
                None => seen.push((event_type, weight)),
            }
        }
        for (event_type, weight) in seen {
            ballot.add(event_type, weight, 1);
        }
        ballot
    }

    /// A state's or a coalition's "bombing" comes from the air, others' bombs are planted.
    fn type_of(&self, event: &EventHit) -> Option<EventType> {
        let trigger = event.trigger;
        if trigger.event_type != Some(EventType::Explosion)
            || trigger.role != Role::Noun
            || trigger.weight > 2
        {
            return trigger.event_type;
        }
        if self.flown.contains(&event.hit) { Some(EventType::AirStrike) } else { trigger.event_type }
    }

    /// Adds the doers of a span, each by its strongest ground, but those of deeds that are no words for a given one.
    pub(super) fn parties(
        &self,
        span: Range<usize>,
        deed: Option<EventType>,
        times: u32,
        out: &mut Vec<(Actor, u32)>,
    ) {
        for agent in within(&self.agents, |agent| self.mentions[agent.mention].start, &span) {
            let own = agent.event.and_then(|event| self.events[event].trigger.event_type);
            if matches!((own, deed), (Some(own), Some(deed)) if !super::apart::akin(own, deed)) {
                continue;
            }
            let weight = match agent.evidence {
                Evidence::Opponent => 1,
                Evidence::Blamed => 2,
                _ => 3,
            };
            let actor = self.actor(agent);
            let same = |other: &Actor| match (&other.id, &actor.id) {
                (None, None) => other.name.eq_ignore_ascii_case(&actor.name),
                (left, right) => left == right,
            };
            match out.iter_mut().find(|(other, _)| same(other)) {
                Some((_, sum)) => *sum += weight * times,
                None => out.push((actor, weight * times)),
            }
        }
    }

    /// A doer by its listed name, or as written if it is on no list.
    fn actor(&self, agent: &Agent) -> Actor {
        let mention = &self.mentions[agent.mention];
        match mention.party {
            Some(party) => {
                let party = &self.knowledge.actors.parties()[party as usize];
                Actor { name: party.name.to_string(), id: Some(party.id.to_string()) }
            }
            None => actor::as_written(&self.knowledge.actors, self.document, mention),
        }
    }

    /// Whether a span tells of one deed ("an air strike", "a 1982 massacre"), not of many or of a campaign.
    pub(super) fn tells_one_deed(&self, span: &Range<usize>) -> bool {
        within(&self.events, |event| event.hit.start as usize, span).iter().any(|event| {
            let tokens = event.hit.tokens();
            let one = event.trigger.role == Role::Noun
                && event.trigger.event_type != Some(EventType::Clash)
                && !self.document.lower(tokens.end - 1).ends_with('s');
            let from = tokens.start.saturating_sub(4).max(span.start);
            one && (from..tokens.start).any(|token| self.document.is(token, Set::One))
        })
    }

    /// The parties named in a span, by their listed names.
    pub(super) fn named_within(&self, span: &Range<usize>) -> impl Iterator<Item = Actor> {
        let parties = self.knowledge.actors.parties();
        let named = within(&self.mentions, |mention| mention.start, span).iter();
        named.filter_map(|mention| {
            let party = &parties[mention.party? as usize];
            Some(Actor { name: party.name.to_string(), id: Some(party.id.to_string()) })
        })
    }

    /// The party that the words for a doer name, as written.
    pub(super) fn named_in_agent(&self, agent: &Range<usize>) -> Option<Actor> {
        within(&self.mentions, |mention| mention.start, agent)
            .iter()
            .find(|mention| mention.party.is_some() && mention.naming != actor::Naming::Unnamed)
            .map(|mention| actor::as_written(&self.knowledge.actors, self.document, mention))
    }

    /// The doer in a span that the strongest ground makes one, as written.
    pub(super) fn agent_within(&self, span: &Range<usize>) -> Option<Actor> {
        within(&self.agents, |agent| self.mentions[agent.mention].start, span)
            .iter()
            .rev()
            .max_by_key(|agent| agent.evidence)
            .map(|agent| {
                actor::as_written(&self.knowledge.actors, self.document, &self.mentions[agent.mention])
            })
    }

    /// Adds the labels of the weapons that a span names.
    pub(super) fn weapons_of(&self, span: &Range<usize>, labels: &mut Vec<&'a str>) {
        labels.extend(
            within(&self.weapons, |(hit, _)| hit.start as usize, span).iter().map(|(_, label)| *label),
        );
    }

    /// Whether some parties are known, and none of them has aircraft: they are neither states nor coalitions.
    pub(super) fn lack_aircraft(&self, parties: &[Actor]) -> bool {
        let listed = self.knowledge.actors.parties();
        let grounded = |actor: &Actor| {
            let party = actor.id.as_deref().and_then(|id| listed.iter().find(|party| &*party.id == id));
            party.is_some_and(|party| !party.state && &*party.side != "coalition")
        };
        !parties.is_empty() && parties.iter().all(grounded)
    }

    /// Whether a span names a party, or the forces of one.
    pub(super) fn names_party(&self, span: Range<usize>) -> bool {
        within(&self.mentions, |mention| mention.start, &span)
            .iter()
            .any(|mention| matches!(mention.naming, actor::Naming::Name | actor::Naming::Forces))
    }

    /// Whether the sentence turns to another event before a token: "the attack came as the army said it had killed 48".
    pub(super) fn turned_before(&self, sentence: &Range<usize>, token: usize) -> bool {
        let before = sentence.start..token;
        within(&self.cues, |(hit, _)| hit.start as usize, &before).iter().any(|(hit, cue)| {
            *cue == Cue::Turn && !(hit.end as usize..token).any(|between| self.document.lower(between) == ",")
        })
    }

    /// Whether a span calls what happened a murder and a suicide, not an attempted one.
    pub(super) fn tells_of_suicide(&self, span: Range<usize>) -> bool {
        within(&self.cues, |(hit, _)| hit.start as usize, &span).iter().any(|(hit, cue)| {
            let attempted = || {
                let before = (hit.start as usize).checked_sub(1);
                before.is_some_and(|before| self.document.is(before, Set::Attempted))
            };
            *cue == Cue::Suicide && !attempted()
        })
    }

    /// Whether a cue stands in a span.
    pub(super) fn cued(&self, span: &Range<usize>, cue: Cue) -> bool {
        within(&self.cues, |(hit, _)| hit.start as usize, span).iter().any(|(_, each)| *each == cue)
    }
}

/// Of the parties that sentences hold responsible, those that most of them do.
pub(super) fn held_responsible(parties: &[(Actor, u32)]) -> Vec<Actor> {
    let most = parties.iter().map(|(_, weight)| *weight).max().unwrap_or(0);
    let mut held: Vec<&(Actor, u32)> = parties.iter().filter(|(_, weight)| 4 * weight >= 3 * most).collect();
    held.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    held.into_iter().map(|(actor, _)| actor.clone()).collect()
}
