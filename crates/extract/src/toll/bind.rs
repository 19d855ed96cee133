//! Binds numbers and nouns to what befell them, by the grammar of the clause.

use std::ops::Range;

use annals_plugin::{Modality, Outcome, Qualifier, Victims};

use super::Toll;
use super::chunk::{Chunk, Determiner, Noun, Part, Verb};
use crate::lexicon::{Class, Form, Frame, Trigger};
use crate::number::Figure;
use crate::text::Document;

/// A predicate and its subject or object lie within so many chunks.
const REACH: usize = 28;

/// Finds the figures of one sentence and appends them.
pub(super) fn bind(document: &Document<'_>, sentence: usize, chunks: &[Chunk], tolls: &mut Vec<Toll>) {
    let mut binder =
        Binder { document, sentence, chunks, first: tolls.len(), tolls, bound: vec![None; chunks.len()] };
    binder.predicates();
    binder.subsets();
    binder.elliptic();
    binder.apposed();
    let first = binder.first;
    // The order of the text, whatever pattern found them.
    let mut order: Vec<usize> = (first..tolls.len()).collect();
    order.sort_by_key(|&index| (tolls[index].number.start, tolls[index].trigger.start));
    let mut place = vec![0; order.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old - first] = first + new;
    }
    let mut sorted: Vec<Toll> = order.iter().map(|&old| tolls[old].clone()).collect();
    for toll in &mut sorted {
        toll.part_of = toll.part_of.map(|whole| if whole >= first { place[whole - first] } else { whole });
    }
    tolls.truncate(first);
    tolls.append(&mut sorted);
}

/// What a predicate says of those it befalls.
#[derive(Debug, Clone)]
struct Predicate {
    outcome: Outcome,
    tokens: Range<usize>,
    modality: Modality,
    passive: bool,
    agent: Option<Range<usize>>,
    /// The predicate's chunk.
    at: usize,
}

struct Binder<'a> {
    document: &'a Document<'a>,
    sentence: usize,
    chunks: &'a [Chunk],
    first: usize,
    tolls: &'a mut Vec<Toll>,
    /// The figure that a noun chunk was bound as.
    bound: Vec<Option<usize>>,
}

impl<'a> Binder<'a> {
    fn part(&self, at: usize) -> Option<&'a Part> {
        self.chunks.get(at).map(|chunk| &chunk.part)
    }

    fn noun(&self, at: usize) -> Option<&'a Noun> {
        match self.part(at) {
            Some(Part::Noun(noun)) => Some(noun),
            _ => None,
        }
    }

    fn verb(&self, at: usize) -> Option<&'a Verb> {
        match self.part(at) {
            Some(Part::Verb(verb)) => Some(verb),
            _ => None,
        }
    }

    fn word(&self, at: usize) -> &str {
        self.chunks.get(at).map_or("", |chunk| self.document.lower(chunk.span.start))
    }

    fn predicates(&mut self) {
        for at in 0..self.chunks.len() {
            match &self.chunks[at].part {
                Part::Verb(verb) => {
                    if let Some(trigger) = verb.trigger {
                        self.verb_predicate(at, verb, trigger);
                    } else if matches!(self.document.lower(verb.main), "identified" | "named") && verb.passive
                    {
                        self.identified(at);
                    }
                }
                Part::State(outcome) => self.state_predicate(at, *outcome),
                Part::Noun(noun) => match noun.trigger {
                    Some(trigger) if trigger.frame == Frame::Toll => self.sum(at, noun, trigger),
                    Some(trigger) => self.noun_predicate(at, noun, trigger),
                    None if noun.state.is_some() => self.stated(at, noun),
                    None => {}
                },
                _ => {}
            }
        }
    }

    /// Whether a verb group tells of something that did not happen, and how firmly it tells.
    fn modality(&self, at: usize, verb: &Verb) -> Option<Modality> {
        if verb.negated {
            return None;
        }
        let mut modality = Modality::Asserted;
        if verb.feared {
            modality = Modality::Feared;
        }
        if verb.modal {
            let modals: Vec<&str> =
                self.chunks[at].span.clone().map(|token| self.document.lower(token)).collect();
            if modals.iter().any(|word| matches!(*word, "may" | "might" | "could"))
                && (verb.perfect || verb.passive)
            {
                modality = Modality::Feared;
            } else if !(verb.perfect && modals.contains(&"would")) {
                return None;
            }
        }
        if verb.infinitive && !verb.perfect {
            return None;
        }
        if !verb.infinitive
            && verb.form == Form::Base
            && !verb.passive
            && !verb.perfect
            && !verb.modal
            && !self.plural_subject(at)
        {
            return None;
        }
        let mut left = at;
        while left > 0 && at - left < 8 {
            left -= 1;
            match self.part(left) {
                Some(Part::Subordinator) if matches!(self.word(left), "if" | "unless" | "whether") => {
                    return None;
                }
                Some(Part::Subordinator) => break,
                Some(Part::Verb(other)) => {
                    let word = self.document.lower(other.main);
                    if matches!(word, "denied" | "denies" | "denying" | "deny") {
                        modality = Modality::Denied;
                    }
                    if matches!(word, "fear" | "fears" | "feared") {
                        modality = Modality::Feared;
                    }
                    if other.unfulfilled && verb.form == Form::Ing && left + 1 == at && !word.ends_with('s') {
                        return None;
                    }
                    if other.trigger.is_some() {
                        break;
                    }
                }
                _ => {}
            }
        }
        Some(modality)
    }

    /// "Militants kill 12": a base form needs a plural before it, as headlines have.
    fn plural_subject(&self, at: usize) -> bool {
        (at.saturating_sub(6)..at).any(|left| self.noun(left).is_some())
    }

    fn verb_predicate(&mut self, at: usize, verb: &'a Verb, trigger: Trigger) {
        let Some(modality) = self.modality(at, verb) else { return };
        let mut predicate = Predicate {
            outcome: trigger.outcome,
            tokens: self.chunks[at].span.clone(),
            modality,
            passive: true,
            agent: None,
            at,
        };
        match trigger.frame {
            Frame::Verb(form) => {
                let passive = verb.passive && form != Form::Ing;
                let active = !passive
                    && match form {
                        Form::Base | Form::Third | Form::Ing => true,
                        Form::Participle => verb.perfect,
                        Form::Past => verb.perfect || self.takes_object(at),
                    };
                if active {
                    predicate.passive = false;
                    predicate.agent = self.agent_before(at);
                    if !self.objects(&predicate, at + 1) && matches!(form, Form::Past) && !verb.perfect {
                        self.subjects(&Predicate { passive: true, agent: None, ..predicate }, at, false);
                    }
                } else {
                    predicate.agent = self.agent_after(at);
                    self.subjects(&predicate, at, verb.passive || verb.perfect);
                }
            }
            Frame::Undergo(_) => {
                self.subjects(&predicate, at, true);
            }
            Frame::Passive => {
                predicate.agent = self.agent_after(at);
                self.subjects(&predicate, at, verb.passive);
            }
            Frame::State => {
                self.subjects(&predicate, at, true);
            }
            Frame::Noun | Frame::Harm | Frame::Toll => {}
        }
    }

    /// Whether a form that may be past or participle has an object after it.
    fn takes_object(&self, at: usize) -> bool {
        let further = match (self.part(at + 1), self.verb(at + 2)) {
            (Some(Part::Conjunction), Some(verb))
                if verb.trigger.is_none() && !verb.passive && !verb.copula =>
            {
                2
            }
            _ => 0,
        };
        let Some(object) = self.noun(at + 1 + further) else { return false };
        if object.thing && object.figure.is_none() {
            return false;
        }
        // "3 killed 38 injured": the number belongs to the participle after it.
        let left_counted =
            at > 0 && self.noun(at - 1).is_some_and(|noun| noun.counted() && (noun.bare || noun.person()));
        if left_counted {
            let next = match self.part(at + 2) {
                Some(Part::Verb(verb)) => verb.trigger.is_some() && !verb.passive,
                Some(Part::State(_)) => true,
                _ => false,
            };
            if next || object.state.is_some() {
                return false;
            }
        }
        let subject = at > 0 && !matches!(self.part(at - 1), Some(Part::Comma | Part::Open)) || at == 0;
        subject
            && (object.figure.is_some()
                || object.single
                || object.pronoun
                || object.group.is_some()
                || object.name
                || object.determiner != Determiner::None)
    }

    /// Binds what follows an active verb. Whether anything was bound.
    fn objects(&mut self, predicate: &Predicate, start: usize) -> bool {
        let mut at = start;
        if matches!(self.part(at), Some(Part::Preposition))
            && matches!(self.word(at), "about" | "around" | "over" | "up" | "some")
        {
            at += 1;
        }
        if matches!(self.part(at), Some(Part::Dash)) {
            at += 1;
        }
        // "killed and crucified nine men", "killed and later burned 12": the object follows the last verb.
        let further = usize::from(matches!(self.part(at), Some(Part::Conjunction)));
        if self
            .verb(at + further)
            .is_some_and(|verb| verb.trigger.is_none() && !verb.passive && !verb.say && !verb.copula)
        {
            at += further + 1;
        }
        let Some(noun) = self.noun(at) else { return false };
        if noun.pronoun && !noun.single {
            return false;
        }
        if noun.trigger.is_some() || !self.victim(noun, predicate, at) {
            return false;
        }
        // "killing 12 and wounding 30": the number of the second verb is not the first one's.
        let before = self.tolls.len();
        let found = self.toll(predicate, at, noun);
        self.list_right(predicate, at);
        self.added_up(before);
        found
    }

    /// Binds further nouns of a list that begins at a bound noun: "two women, a child and three soldiers".
    fn list_right(&mut self, predicate: &Predicate, first: usize) {
        let mut at = first + 1;
        while at < self.chunks.len() && at - first < REACH {
            let joined = match self.part(at) {
                Some(Part::Conjunction) if self.word(at) != "but" => at + 1,
                Some(Part::Comma) if matches!(self.part(at + 1), Some(Part::Conjunction)) => at + 2,
                Some(Part::Comma) => at + 1,
                // "two soldiers in the north and a child"
                Some(Part::Preposition)
                    if self.noun(at + 1).is_some_and(|noun| !noun.counted() || noun.thing)
                        && matches!(self.part(at + 2), Some(Part::Conjunction)) =>
                {
                    at += 2;
                    continue;
                }
                _ => break,
            };
            let Some(noun) = self.noun(joined) else { break };
            if !(noun.person() && (noun.counted() || noun.determiner != Determiner::None || noun.name)
                || noun.counted() && noun.bare && noun.others)
            {
                break;
            }
            if self.own_predicate(joined) {
                break;
            }
            if self
                .noun(joined)
                .is_some_and(|noun| noun.state.is_some_and(|state| state != predicate.outcome))
            {
                break;
            }
            self.toll(predicate, joined, noun);
            at = joined + 1;
        }
    }

    /// Whether a noun is the subject of a verb or state of its own: "and 12 others were wounded".
    fn own_predicate(&self, at: usize) -> bool {
        let mut next = at + 1;
        // Its relative clause or phrase is no predicate of its own.
        if matches!(self.part(next), Some(Part::Preposition)) && self.noun(next + 1).is_some() {
            next += 2;
        }
        match self.part(next) {
            Some(Part::Verb(verb)) => {
                let participle = verb.trigger.is_none()
                    && !verb.passive
                    && !verb.perfect
                    && !verb.copula
                    && !verb.say
                    && matches!(verb.form, Form::Ing | Form::Past)
                    && self.document.lower(verb.main).ends_with("ing");
                let describes = verb.trigger.is_some() && matches!(verb.form, Form::Ing) && !verb.passive;
                !(participle || describes)
            }
            Some(Part::State(_)) => true,
            _ => false,
        }
    }

    /// Whether a noun can be the victim of a predicate.
    fn victim(&self, noun: &Noun, predicate: &Predicate, at: usize) -> bool {
        if noun.thing || noun.trigger.is_some() || noun.accident || noun.generic {
            return false;
        }
        if noun.person() || noun.bare && noun.figure.is_some() {
            return true;
        }
        let persons_only =
            matches!(predicate.outcome, Outcome::Killed | Outcome::Injured | Outcome::Casualties);
        let one = noun.name && !noun.counted();
        // A name as the victim of a killing is a person; "captured Raqqa" is no arrest, "hit Raqqa" no wounding.
        if one {
            let struck = self.chunks[predicate.at]
                .span
                .clone()
                .any(|token| matches!(self.document.lower(token), "hit" | "hitting" | "struck" | "striking"));
            if struck {
                return false;
            }
            return matches!(predicate.outcome, Outcome::Killed | Outcome::Injured | Outcome::Abducted)
                && self.personal(at);
        }
        persons_only
            && noun.counted()
            && (noun.plural || noun.figure.as_ref().is_some_and(|figure| figure.low == Some(1)))
    }

    /// Whether a name may be a person's: two words or more, or one that is not the head of a place phrase.
    fn personal(&self, at: usize) -> bool {
        let chunk = &self.chunks[at];
        chunk.span.len() >= 2
            || !self.document.sentences()[self.sentence].capitals
                && !matches!(at.checked_sub(1).and_then(|before| self.part(before)), Some(Part::Preposition))
    }

    /// Binds what stands before a passive, an intransitive or a state.
    fn subjects(&mut self, predicate: &Predicate, at: usize, finite: bool) -> bool {
        let mut left = at;
        let mut candidate = None;
        let mut relative = false;
        let mut commas = 0;
        while left > 0 && at - left < REACH {
            left -= 1;
            match &self.chunks[left].part {
                Part::Noun(noun) => {
                    let before = left.checked_sub(1).map(|before| &self.chunks[before].part);
                    if matches!(before, Some(Part::Subset)) || self.in_subset(left) {
                        continue;
                    }
                    // "with 19 civilians killed": the number stands at the participle, whatever governs it.
                    let participle = !finite || matches!(self.word(at), "being" | "getting");
                    let adjacent = participle && left + 1 == at && noun.counted() && noun.person();
                    // "a report of a youth who had been shot"
                    let antecedent = matches!(self.part(left + 1), Some(Part::Relative)) && noun.person();
                    if matches!(before, Some(Part::Preposition)) && !adjacent && !antecedent {
                        let preposition = self.word(left - 1);
                        // "Two of the soldiers" is one noun; "the death of 12" was bound by its noun.
                        let by_person =
                            matches!(preposition, "after" | "when" | "as" | "while" | "before" | "following")
                                || left == 1;
                        if !(by_person && self.victim(noun, predicate, left)) {
                            left -= 1;
                            continue;
                        }
                    }
                    // "73 civilians mostly women and children were killed": a plural without number passes.
                    let passes = noun.person()
                        && noun.plural
                        && !noun.counted()
                        && !noun.others
                        && !noun.pronoun
                        && noun.determiner == Determiner::None
                        && candidate.is_none();
                    if passes && left > 0 && self.leads_on(left - 1) {
                        continue;
                    }
                    if self.victim(noun, predicate, left) || noun.pronoun {
                        candidate = Some(left);
                        break;
                    }
                    if !finite && left + 1 != at {
                        break;
                    }
                    if noun.trigger.is_some() || noun.thing {
                        if relative {
                            break;
                        }
                        // "a strike on a house, 12 people died" has been passed; a thing as subject ends it.
                        if left + 1 == at {
                            break;
                        }
                    }
                }
                Part::Verb(verb) => {
                    // "said 12 were", "hit a house where": another clause begins, unless it is a participle that describes.
                    let word = self.document.lower(verb.main);
                    let participle = verb.trigger.is_none()
                        && !verb.copula
                        && !verb.passive
                        && !verb.perfect
                        && !verb.say
                        && (word.ends_with("ing")
                            || word.ends_with("ed")
                            || matches!(word, "held" | "caught" | "taken" | "seen" | "found" | "born"));
                    let in_relative = (left.saturating_sub(2)..left)
                        .any(|before| matches!(self.part(before), Some(Part::Relative)));
                    if verb.trigger.is_some() && self.coordinated(left, at) {
                        // "were killed and buried": the same subject.
                        if let Some(shared) = self.shared_subject(left) {
                            candidate = Some(shared);
                        }
                        break;
                    }
                    if participle || in_relative {
                        continue;
                    }
                    if matches!(self.part(left + 1), Some(Part::Conjunction))
                        && left + 2 == at
                        && verb.trigger.is_none()
                    {
                        // "was shot at and killed", "fled and died": the subject stands before the first verb.
                        continue;
                    }
                    break;
                }
                Part::Relative => relative = true,
                Part::Comma => {
                    commas += 1;
                    if commas > 4 || !finite && commas > 1 {
                        break;
                    }
                }
                Part::Subordinator => break,
                Part::State(_) | Part::Conjunction if !finite && left + 1 == at => {}
                _ => {}
            }
        }
        let Some(at) = candidate else { return false };
        let Some(noun) = self.noun(at) else { return false };
        if !self.victim(noun, predicate, at) {
            return false;
        }
        if self.bound[at].is_some_and(|toll| self.tolls[toll].outcome == predicate.outcome) {
            return true;
        }
        let before = self.tolls.len();
        let found = self.toll(predicate, at, noun);
        let head = self.list_left(predicate, at);
        self.named_one_by_one(predicate, head, before);
        self.added_up(before);
        found
    }

    /// "Daniel Reyes and Marta Reyes were found dead" tells of two: members of a list that are of one group are
    /// parts of their sum.
    fn added_up(&mut self, before: usize) {
        let members = before..self.tolls.len();
        let single = |toll: &Toll| {
            toll.part_of.is_none() && toll.low == Some(1) && toll.high == Some(1) && !toll.others
        };
        let Some(first) = self.tolls.get(before).cloned() else { return };
        let alike = self.tolls[members.clone()]
            .iter()
            .all(|toll| single(toll) && toll.victims == first.victims && toll.outcome == first.outcome);
        if members.len() < 2 || !alike {
            return;
        }
        let whole = self.tolls.len();
        let start = self.tolls[members.clone()]
            .iter()
            .map(|toll| toll.number.start)
            .min()
            .unwrap_or(first.number.start);
        let end =
            self.tolls[members.clone()].iter().map(|toll| toll.number.end).max().unwrap_or(first.number.end);
        let count = members.len() as u64;
        for member in &mut self.tolls[members] {
            member.part_of = Some(whole);
        }
        self.tolls.push(Toll {
            number: start..end,
            noun: start..end,
            low: Some(count),
            high: Some(count),
            named: false,
            ..first
        });
    }

    /// "Two men, Omar Haddad and Sami Nasser, died": the names of a list are those that a number before it counts.
    fn named_one_by_one(&mut self, predicate: &Predicate, head: usize, before: usize) {
        let names = self.tolls.len() - before;
        let all = self.tolls[before..].iter().all(|toll| toll.named && toll.low == Some(1));
        let comma =
            head.checked_sub(1).is_some_and(|at| matches!(self.part(at), Some(Part::Comma | Part::Dash)));
        let Some(whole) = head.checked_sub(2).filter(|_| all && comma && names > 0) else { return };
        let Some(noun) = self.noun(whole) else { return };
        let counts = noun.figure.as_ref().is_some_and(|figure| figure.low == Some(names as u64));
        if counts && noun.person() && self.bound[whole].is_none() {
            let toll = self.tolls.len();
            self.toll(predicate, whole, noun);
            for name in &mut self.tolls[before..toll] {
                name.part_of = Some(toll);
            }
        }
    }

    /// Whether what stands before a noun may be the rest of a longer noun phrase.
    fn leads_on(&self, at: usize) -> bool {
        match &self.chunks[at].part {
            Part::Noun(noun) => noun.person(),
            Part::Conjunction | Part::Comma => true,
            _ => false,
        }
    }

    /// Whether the verb group at `right` goes on from the one at `left`: "was shot and killed", "were killed or wounded".
    fn coordinated(&self, left: usize, right: usize) -> bool {
        right - left <= 4
            && (left + 1..right).all(|at| {
                matches!(self.part(at), Some(Part::Conjunction | Part::Comma | Part::Preposition))
                    || self.noun(at).is_some_and(|noun| noun.thing || (!noun.counted() && !noun.person()))
            })
            && (left + 1..right).any(|at| matches!(self.part(at), Some(Part::Conjunction | Part::Comma)))
    }

    fn shared_subject(&self, verb: usize) -> Option<usize> {
        (verb.saturating_sub(REACH)..verb).rev().find(|&at| self.bound[at].is_some())
    }

    /// Whether a noun stands in a list that "including" opened, as "13 women" of "including 23 children and 13 women".
    fn in_subset(&self, at: usize) -> bool {
        let mut left = at;
        while left > 0 && at - left < 8 {
            left -= 1;
            match &self.chunks[left].part {
                Part::Subset => return true,
                Part::Noun(noun) if noun.person() => {}
                Part::Conjunction => {}
                _ => return false,
            }
        }
        false
    }

    /// Binds the nouns of a list that ends at a bound noun: "two women, a child and three soldiers were killed".
    fn list_left(&mut self, predicate: &Predicate, last: usize) -> usize {
        if !matches!(last.checked_sub(1).and_then(|before| self.part(before)), Some(Part::Conjunction))
            || self.word(last - 1) == "but"
        {
            return last;
        }
        let mut at = last - 1;
        let mut members = Vec::new();
        loop {
            while at > 0 && matches!(self.part(at - 1), Some(Part::Comma)) {
                at -= 1;
            }
            let Some(left) = at.checked_sub(1) else { break };
            let Some(noun) = self.noun(left) else { break };
            let fits = noun.person()
                && (noun.counted()
                    || noun.determiner != Determiner::None
                    || noun.name
                    || noun.group.is_some())
                || noun.name && self.noun(last).is_some_and(|last| last.name)
                || noun.counted() && noun.bare;
            let governed = matches!(
                left.checked_sub(1).and_then(|before| self.part(before)),
                Some(Part::Preposition | Part::Subset)
            ) && self.word(left - 1) != "with";
            let object = left
                .checked_sub(1)
                .and_then(|before| self.verb(before))
                .is_some_and(|verb| !verb.say && (verb.trigger.is_some() || !verb.copula));
            if !fits || governed || object || self.bound[left].is_some() || members.len() > 30 {
                break;
            }
            members.push(left);
            if left > 0 && matches!(self.part(left - 1), Some(Part::Comma | Part::Conjunction)) {
                at = left - 1;
            } else {
                break;
            }
        }
        let head = members.last().copied().unwrap_or(last);
        for member in members {
            if let Some(noun) = self.noun(member) {
                self.toll(predicate, member, noun);
            }
        }
        head
    }

    /// "12 dead", "leaving 12 people dead", "12 found dead".
    fn state_predicate(&mut self, at: usize, outcome: Outcome) {
        let predicate = Predicate {
            outcome,
            tokens: self.chunks[at].span.clone(),
            modality: self.feared(at),
            passive: true,
            agent: None,
            at,
        };
        self.subjects(&predicate, at, false);
    }

    fn feared(&self, at: usize) -> Modality {
        let near = (at.saturating_sub(3)..at).chain(at + 1..(at + 2).min(self.chunks.len()));
        let fear = near.into_iter().any(|near| self.verb(near).is_some_and(|verb| verb.feared));
        if fear { Modality::Feared } else { Modality::Asserted }
    }

    /// "8 wounded", "12 wounded soldiers".
    fn stated(&mut self, at: usize, noun: &'a Noun) {
        let Some(outcome) = noun.state else { return };
        if !noun.counted() || noun.thing || self.bound[at].is_some() {
            return;
        }
        let predicate = Predicate {
            outcome,
            tokens: noun.words.clone(),
            modality: self.feared(at),
            passive: true,
            agent: None,
            at,
        };
        // "killed 12 wounded men" was bound as killed; "12 dead and 30 wounded" are two.
        self.toll(&predicate, at, noun);
        if let Some(toll) = self.bound[at]
            && noun.partitive
        {
            self.tolls[toll].part_of = self.whole_before(toll, outcome);
        }
    }

    /// The latest figure of an outcome before a given one that is no part itself.
    fn whole_before(&self, toll: usize, outcome: Outcome) -> Option<usize> {
        (0..toll).rev().take(12).find(|&index| {
            let other = &self.tolls[index];
            other.outcome == outcome && other.part_of.is_none() && self.sentence - other.sentence <= 2
        })
    }

    /// "25 civilian deaths", "the deaths of 66 civilians", "no casualties", "the death of a boy".
    fn noun_predicate(&mut self, at: usize, noun: &'a Noun, trigger: Trigger) {
        let predicate = Predicate {
            outcome: trigger.outcome,
            tokens: noun.words.clone(),
            modality: self.feared(at),
            passive: true,
            agent: None,
            at,
        };
        if trigger.outcome == Outcome::Strikes {
            let many = noun.figure.as_ref().is_some_and(|figure| figure.low.is_some_and(|low| low > 1));
            if many {
                self.toll(&predicate, at, noun);
            }
            return;
        }
        let mut next = at + 1;
        if matches!(self.part(next), Some(Part::Preposition))
            && matches!(self.word(next), "of" | "to" | "among" | "for")
        {
            next += 1;
            let of = self.word(next - 1).to_owned();
            if let Some(victims) = self.noun(next) {
                let names = victims.name && of == "of" && noun.figure.is_none();
                if (victims.person() || victims.counted() && !victims.thing || names) && !victims.pronoun {
                    if victims.counted()
                        || victims.determiner == Determiner::Indefinite
                        || names && self.victim(victims, &predicate, next)
                        || (!victims.plural
                            && victims.group.is_some()
                            && victims.determiner != Determiner::None)
                    {
                        if noun.figure.is_none() || victims.counted() {
                            let before = self.tolls.len();
                            self.toll(&predicate, next, victims);
                            self.list_right(&predicate, next);
                            self.added_up(before);
                            return;
                        }
                    } else if noun.figure.is_none() {
                        return;
                    }
                }
            }
        }
        // "his body was found", "Moss's death"
        let word = self.document.lower(noun.words.end - 1);
        let owned = noun.determiner == Determiner::Possessive
            && noun.figure.is_none()
            && trigger.outcome == Outcome::Killed
            && matches!(word, "body" | "death" | "murder" | "killing" | "slaying" | "assassination")
            && (matches!(self.word(at), "his" | "her") || noun.words.len() >= 2);
        if owned {
            let mut one = noun.clone();
            one.figure = Some(Figure::exact(self.chunks[at].span.clone(), 1));
            one.single = true;
            self.toll(&predicate, at, &one);
            return;
        }
        if noun.figure.is_some() && trigger.frame == Frame::Noun {
            let verb_before = at.checked_sub(1).and_then(|before| self.verb(before));
            if verb_before.is_some_and(|verb| {
                verb.trigger.is_some_and(|trigger| matches!(trigger.frame, Frame::Verb(_)))
            }) {
                return;
            }
            self.toll(&predicate, at, noun);
        } else if noun.plural && trigger.frame == Frame::Noun {
            // "fatalities rose to 56", "casualties have reached 56"
            self.sum(at, noun, trigger);
        }
        self.wounds(at, trigger);
    }

    /// "two men with gunshot wounds", "suffered a wound": the victims stand before.
    fn wounds(&mut self, at: usize, trigger: Trigger) {
        if trigger.outcome != Outcome::Injured || at == 0 {
            return;
        }
        let predicate = Predicate {
            outcome: Outcome::Injured,
            tokens: self.chunks[at].span.clone(),
            modality: Modality::Asserted,
            passive: true,
            agent: None,
            at,
        };
        let suffers = |verb: &Verb| {
            let word = self.document.lower(verb.main);
            !verb.negated
                && ["suffer", "sustain", "receiv", "treat", "recover", "hospital"]
                    .iter()
                    .any(|stem| word.starts_with(stem))
        };
        match self.part(at - 1) {
            Some(Part::Verb(verb)) if suffers(verb) => {
                self.subjects(&predicate, at - 1, true);
            }
            Some(Part::Preposition) if at >= 2 && matches!(self.word(at - 1), "with" | "from" | "for") => {
                match self.part(at - 2) {
                    Some(Part::Verb(verb)) if suffers(verb) => {
                        self.subjects(&predicate, at - 2, true);
                    }
                    Some(Part::Noun(noun))
                        if self.victim(noun, &predicate, at - 2) && !noun.bare && !noun.name =>
                    {
                        self.toll(&predicate, at - 2, noun);
                    }
                    // "was taken to a hospital with a wound", "was found in a car with a wound"
                    Some(Part::Noun(_)) => {
                        let verb =
                            (at.saturating_sub(6)..at - 2).rev().find(|&left| self.verb(left).is_some());
                        if let Some(verb) = verb.filter(|&left| {
                            self.verb(left)
                                .is_some_and(|verb| verb.trigger.is_none() && !verb.negated && !verb.say)
                        }) {
                            self.subjects(&predicate, verb, true);
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// "The death toll rose to 12", "a toll of 12", "the number of dead is at least 70".
    fn sum(&mut self, at: usize, noun: &'a Noun, trigger: Trigger) {
        let mut predicate = Predicate {
            outcome: trigger.outcome,
            tokens: self.chunks[at].span.clone(),
            modality: self.feared(at),
            passive: true,
            agent: None,
            at,
        };
        let mut opened = trigger.frame == Frame::Toll && noun.figure.is_none();
        let end = (at + REACH).min(self.chunks.len());
        for next in at + 1..end {
            match &self.chunks[next].part {
                Part::Verb(verb) => {
                    if verb.trigger.is_some() && verb.passive {
                        return;
                    }
                    let word = self.document.lower(verb.main);
                    opened = verb.copula
                        || [
                            "rise", "rising", "rose", "risen", "climb", "reach", "stand", "stood", "hit",
                            "increas", "surpass", "exceed", "grow", "grew", "jump", "pass", "top", "go",
                            "went", "put", "total", "soar", "mount", "swell", "set",
                        ]
                        .iter()
                        .any(|stem| word.starts_with(stem));
                    if verb.negated {
                        return;
                    }
                    if verb.modal {
                        predicate.modality = Modality::Feared;
                    }
                }
                Part::Preposition => {
                    let word = self.word(next);
                    if matches!(word, "to" | "at" | "of") {
                        opened = opened || trigger.frame == Frame::Toll;
                    } else {
                        opened = false;
                        if matches!(word, "from")
                            && matches!(self.part(next + 1), Some(Part::Noun(_)))
                            && matches!(self.word(next + 2), "to")
                        {
                            opened = true;
                        }
                    }
                }
                Part::Noun(number) => {
                    let after_from = next > 0 && self.word(next - 1) == "from";
                    if after_from
                        && let Some(figure) =
                            number.figure.as_ref().filter(|figure| figure.qualifier == Qualifier::Range)
                        && let Some(high) = figure.high
                    {
                        // "rose from 15 to 22"
                        let mut risen = number.clone();
                        risen.figure = Some(Figure::exact(figure.value.end - 1..figure.value.end, high));
                        self.toll(&predicate, next, &risen);
                        return;
                    }
                    let sums =
                        number.bare || number.person() || number.state.is_some() || number.group.is_some();
                    if number.counted() && opened && !after_from && sums {
                        self.toll(&predicate, next, number);
                        if self.bound[at].is_none() {
                            self.bound[at] = self.bound[next];
                        }
                        if let (Some(toll), Some(group)) = (self.bound[next], noun.group)
                            && self.tolls[toll].victims == Victims::People
                        {
                            self.tolls[toll].victims = group;
                        }
                        return;
                    }
                }
                Part::Relative | Part::Subordinator => return,
                _ => {}
            }
        }
    }

    /// "Two of the slain civilians were identified as journalists."
    fn identified(&mut self, at: usize) {
        let (Some(subject), Some(role)) = (at.checked_sub(1), self.noun(at + 2)) else { return };
        if self.word(at + 1) == "as"
            && let (Some(toll), Some(group)) = (self.bound[subject], role.group)
            && role.plural
        {
            self.tolls[toll].victims = group;
            self.tolls[toll].noun = role.words.clone();
        }
    }

    /// Figures that are parts of another: "including five children", "(6 civilians and 3 soldiers)".
    fn subsets(&mut self) {
        for at in 0..self.chunks.len() {
            match self.part(at) {
                Some(Part::Subset) => self.subset(at + 1, at),
                Some(Part::Open) => {
                    let closes = (at + 1..(at + 12).min(self.chunks.len()))
                        .find(|&end| matches!(self.part(end), Some(Part::Close)));
                    if let Some(end) = closes
                        && (at + 1..end).all(|inner| !matches!(self.part(inner), Some(Part::Verb(_))))
                        && self.noun(at + 1).is_some_and(|noun| noun.counted() && noun.person())
                    {
                        self.subset(at + 1, at);
                    }
                }
                Some(Part::Preposition) if matches!(self.word(at), "among" | "amongst") => {
                    if at > 0 && self.noun(at - 1).is_some_and(Noun::counted) {
                        // "6 children among 19 dead"
                        self.among(at);
                    } else if self.harmed(at + 1).is_some()
                        && self.verb(at + 2).is_some_and(|verb| verb.copula)
                    {
                        // "Among the dead were five children."
                        match (self.parent(at), self.harmed(at + 1), self.noun(at + 3)) {
                            (None, Some(outcome), Some(noun)) if noun.person() => {
                                let predicate = self.bare_predicate(outcome, at + 1);
                                self.toll(&predicate, at + 3, noun);
                                self.list_right(&predicate, at + 3);
                            }
                            _ => self.subset(at + 3, at + 3),
                        }
                    }
                }
                Some(Part::Verb(verb)) if verb.copula && at > 0 => {
                    if self.word(at + 1) == "among" {
                        self.were_among(at);
                    } else {
                        self.role(at);
                    }
                }
                Some(Part::Noun(noun)) if noun.partitive && noun.counted() && self.bound[at].is_none() => {
                    // "three of them children"
                    if let Some(role) = self.noun(at + 1)
                        && role.group.is_some()
                        && !role.counted()
                    {
                        self.part_with_role(at, role);
                    }
                }
                _ => {}
            }
        }
    }

    /// What befell a group that is named by it: "the dead", "those wounded", "the victims".
    fn harmed(&self, at: usize) -> Option<Outcome> {
        let noun = self.noun(at)?;
        let victims = self.chunks[at]
            .span
            .clone()
            .any(|token| matches!(self.document.lower(token), "victims" | "fatalities" | "martyrs"));
        noun.state.or(victims.then_some(Outcome::Killed)).or(noun.trigger.map(|trigger| trigger.outcome))
    }

    /// "Six children were among 19 civilians killed", "Five women and 13 rebels were among the dead".
    fn were_among(&mut self, at: usize) {
        let whole = (at + 2..(at + 5).min(self.chunks.len())).find_map(|next| self.bound[next]);
        let outcome = match whole {
            Some(whole) => self.tolls[whole].outcome,
            None => match self.harmed(at + 2) {
                Some(outcome) => outcome,
                None => return,
            },
        };
        let predicate = Predicate {
            outcome,
            tokens: self.chunks[at].span.clone(),
            modality: Modality::Asserted,
            passive: true,
            agent: None,
            at,
        };
        let before = self.tolls.len();
        self.subjects(&predicate, at, true);
        let whole = whole.or_else(|| self.whole_before(before, outcome));
        for toll in before..self.tolls.len() {
            self.tolls[toll].part_of = whole;
        }
    }

    /// "three of them were children", "14 of the dead were rebels", "of those killed six were children".
    fn role(&mut self, at: usize) {
        let (Some(part), Some(role)) = (self.noun(at - 1), self.noun(at + 1)) else { return };
        let Some(group) = role.group.filter(|_| !role.counted() && role.plural) else { return };
        if !part.counted() {
            return;
        }
        match self.bound[at - 1] {
            Some(toll) if part.partitive => {
                self.tolls[toll].victims = group;
                self.tolls[toll].noun = role.words.clone();
            }
            Some(_) => {}
            None => {
                let of_those = part.bare && at > 1 && self.harmed(at - 2).is_some();
                if part.partitive || of_those {
                    self.part_with_role(at - 1, role);
                }
            }
        }
    }

    fn part_with_role(&mut self, at: usize, role: &'a Noun) {
        let Some(noun) = self.noun(at) else { return };
        let whole = self.parent(at);
        let predicate = match whole {
            Some(whole) => self.predicate_of(whole, at),
            None => match at.checked_sub(1).and_then(|before| self.harmed(before)) {
                Some(outcome) => self.bare_predicate(outcome, at),
                None => return,
            },
        };
        self.toll(&predicate, at, noun);
        if let Some(toll) = self.bound[at] {
            self.tolls[toll].part_of = whole;
            self.tolls[toll].victims = role.group.unwrap_or(Victims::People);
            self.tolls[toll].noun = role.words.clone();
        }
    }

    /// The predicate that a figure was bound by, for its parts.
    fn predicate_of(&self, toll: usize, at: usize) -> Predicate {
        let from = &self.tolls[toll];
        Predicate {
            outcome: from.outcome,
            tokens: from.trigger.clone(),
            modality: from.modality,
            passive: from.passive,
            agent: from.agent.clone(),
            at,
        }
    }

    /// A predicate that a noun such as "the dead" stands for.
    fn bare_predicate(&self, outcome: Outcome, at: usize) -> Predicate {
        let tokens = self.chunks[at].span.clone();
        Predicate { outcome, tokens, modality: Modality::Asserted, passive: true, agent: None, at }
    }

    fn among(&mut self, at: usize) {
        let Some(part) = at.checked_sub(1) else { return };
        let Some(noun) = self.noun(part) else { return };
        if !noun.counted() || !noun.person() || self.bound[part].is_some() {
            return;
        }
        let whole = (at + 1..(at + 5).min(self.chunks.len())).find_map(|next| self.bound[next]);
        let Some(whole) = whole.or_else(|| {
            let victims = (at + 1..(at + 4).min(self.chunks.len())).any(|next| self.harmed(next).is_some());
            victims.then(|| self.parent(part)).flatten()
        }) else {
            return;
        };
        let predicate = self.predicate_of(whole, at);
        self.toll(&predicate, part, noun);
        if let Some(toll) = self.bound[part] {
            self.tolls[toll].part_of = Some(whole);
        }
    }

    /// The figure that a part at a chunk belongs to: the nearest before it in the sentence, else the last of the sentence before.
    fn parent(&self, at: usize) -> Option<usize> {
        let here = (at.saturating_sub(REACH)..at)
            .rev()
            .filter_map(|left| self.bound[left])
            .find(|&toll| self.tolls[toll].part_of.is_none() && self.tolls[toll].outcome != Outcome::Strikes);
        here.or_else(|| {
            let before = self.first.checked_sub(1)?;
            (0..=before).rev().take(6).find(|&index| {
                let toll = &self.tolls[index];
                toll.part_of.is_none()
                    && toll.outcome != Outcome::Strikes
                    && self.sentence - toll.sentence <= 1
                    && toll.low.is_none_or(|low| low > 1)
            })
        })
    }

    fn subset(&mut self, start: usize, marker: usize) {
        let mut at = start;
        while matches!(self.part(at), Some(Part::Dash | Part::Preposition | Part::Verb(_))) && at < start + 2
        {
            if self.verb(at).is_some_and(|verb| !verb.copula) {
                return;
            }
            at += 1;
        }
        let Some(whole) = self.parent(marker) else { return };
        let from = self.tolls[whole].clone();
        let from_toll = Predicate {
            outcome: from.outcome,
            tokens: from.trigger.clone(),
            modality: from.modality,
            passive: from.passive,
            agent: from.agent.clone(),
            at,
        };
        let mut members = 0;
        while let Some(noun) = self.noun(at) {
            let named = noun.counted() && (noun.person() || noun.bare)
                || noun.group.is_some() && noun.determiner == Determiner::Indefinite && !noun.plural;
            if !named || members > 0 && self.own_predicate(at) && self.verb_after_is_passive(at) {
                break;
            }
            let larger = match (noun.figure.as_ref().and_then(|figure| figure.low), from.low, from.high) {
                (Some(part), Some(whole), Some(_)) => part > whole,
                _ => false,
            };
            if larger {
                break;
            }
            if self.bound[at].is_none() {
                self.toll(&from_toll, at, noun);
            }
            if let Some(toll) = self.bound[at]
                && toll != whole
            {
                self.tolls[toll].part_of = Some(whole);
            }
            members += 1;
            at += 1;
            if members > 20 {
                break;
            }
            if matches!(self.part(at), Some(Part::Preposition))
                && self.noun(at + 1).is_some_and(|noun| !noun.counted())
                && matches!(self.part(at + 2), Some(Part::Conjunction | Part::Comma))
                && self.noun(at + 3).is_some_and(|noun| noun.counted())
                && !self.own_predicate(at + 3)
            {
                at += 2;
            }
            match self.part(at) {
                Some(Part::Conjunction) => at += 1,
                Some(Part::Comma) => {
                    at += 1 + usize::from(matches!(self.part(at + 1), Some(Part::Conjunction)))
                }
                _ => break,
            }
        }
    }

    fn verb_after_is_passive(&self, at: usize) -> bool {
        (at + 1..(at + 4).min(self.chunks.len()))
            .any(|next| self.verb(next).is_some_and(|verb| verb.trigger.is_some() || verb.passive))
    }

    /// A number that leaves its predicate out: "nine were killed in Sarmin and 2 in Binnish".
    fn elliptic(&mut self) {
        for at in 1..self.chunks.len() {
            let Some(noun) = self.noun(at) else { continue };
            if !(noun.bare && noun.counted()) || self.bound[at].is_some() {
                continue;
            }
            let joined = matches!(self.part(at - 1), Some(Part::Conjunction | Part::Comma));
            let placed = matches!(self.part(at + 1), Some(Part::Preposition))
                && matches!(self.word(at + 1), "in" | "on" | "near" | "at" | "from" | "outside");
            if !joined || !placed {
                continue;
            }
            let whole = (at.saturating_sub(REACH)..at)
                .rev()
                .filter_map(|left| self.bound[left])
                .find(|&toll| self.tolls[toll].part_of.is_none());
            let Some(model) = whole else { continue };
            let from = &self.tolls[model];
            if from.part_of.is_some() || from.outcome == Outcome::Strikes {
                continue;
            }
            let predicate = Predicate {
                outcome: from.outcome,
                tokens: from.trigger.clone(),
                modality: from.modality,
                passive: from.passive,
                agent: from.agent.clone(),
                at,
            };
            self.toll(&predicate, at, noun);
        }
    }

    /// Parts that a list after a figure names one by one: "two died in Saraqib, a soldier and a civilian".
    fn apposed(&mut self) {
        for at in 0..self.chunks.len() {
            let Some(whole) = self.bound[at] else { continue };
            let toll = &self.tolls[whole];
            let count = match (toll.low, toll.high) {
                (Some(low), Some(high))
                    if low == high && (2..=60).contains(&low) && toll.part_of.is_none() =>
                {
                    low
                }
                _ => continue,
            };
            let mut next = at + 1;
            while matches!(self.part(next), Some(Part::Preposition | Part::Noun(_) | Part::Verb(_)))
                && next < at + 9
            {
                next += 1;
            }
            if !matches!(self.part(next), Some(Part::Comma | Part::Dash | Part::Open)) {
                continue;
            }
            let Some((members, sum)) = self.members(next + 1) else { continue };
            if sum != count || members.len() < 2 {
                continue;
            }
            let from = self.tolls[whole].clone();
            for member in members {
                let Some(noun) = self.noun(member) else { continue };
                let predicate = Predicate {
                    outcome: from.outcome,
                    tokens: from.trigger.clone(),
                    modality: from.modality,
                    passive: from.passive,
                    agent: from.agent.clone(),
                    at: member,
                };
                self.toll(&predicate, member, noun);
                if let Some(toll) = self.bound[member] {
                    self.tolls[toll].part_of = Some(whole);
                }
            }
        }
    }

    /// A list of counted or single persons, none bound yet, with the sum of them.
    fn members(&self, start: usize) -> Option<(Vec<usize>, u64)> {
        let (mut members, mut sum, mut at) = (Vec::new(), 0u64, start);
        while let Some(noun) = self.noun(at) {
            if !noun.person() {
                break;
            }
            if self.bound[at].is_some() || members.len() > 20 {
                return None;
            }
            sum += match &noun.figure {
                Some(figure) => figure.low?,
                None if !noun.plural && noun.determiner != Determiner::None => 1,
                None => return None,
            };
            members.push(at);
            at += 1;
            while matches!(self.part(at), Some(Part::Preposition)) && self.noun(at + 1).is_some() {
                at += 2;
            }
            match self.part(at) {
                Some(Part::Conjunction) => at += 1,
                Some(Part::Comma) => {
                    at += 1 + usize::from(matches!(self.part(at + 1), Some(Part::Conjunction)))
                }
                _ => break,
            }
        }
        (!members.is_empty()).then_some((members, sum))
    }

    fn agent_before(&self, at: usize) -> Option<Range<usize>> {
        let mut left = at;
        while left > 0 && at - left < 8 {
            left -= 1;
            match &self.chunks[left].part {
                Part::Noun(noun) if !noun.bare => {
                    let governed = matches!(
                        left.checked_sub(1).and_then(|before| self.part(before)),
                        Some(Part::Preposition)
                    );
                    if governed {
                        left = left.saturating_sub(1);
                        continue;
                    }
                    return Some(self.chunks[left].span.clone());
                }
                Part::Subordinator => return None,
                _ => {}
            }
        }
        None
    }

    fn agent_after(&self, at: usize) -> Option<Range<usize>> {
        let by = (at + 1..(at + 8).min(self.chunks.len()))
            .find(|&next| matches!(self.part(next), Some(Part::Preposition)) && self.word(next) == "by")?;
        self.noun(by + 1).map(|_| self.chunks[by + 1].span.clone())
    }

    /// Records a figure. Whether there was one.
    fn toll(&mut self, predicate: &Predicate, at: usize, noun: &Noun) -> bool {
        if self.bound[at].is_some() {
            return false;
        }
        let span = self.chunks[at].span.clone();
        let figure = match &noun.figure {
            Some(figure) => figure.clone(),
            None if noun.partitive => return false,
            None if noun.single && !matches!(self.document.lower(span.start), "it") => {
                Figure::exact(span.clone(), 1)
            }
            None if noun.name => Figure::exact(span.clone(), 1),
            None if noun.others && noun.plural => Figure::vague(span.clone(), 2),
            // "killing five and injuring civilians": beside a count of the dead, an uncounted plural is at least two.
            None if noun.plural
                && noun.group.is_some()
                && noun.determiner == Determiner::None
                && predicate.outcome == Outcome::Injured
                && self.tolls[self.first..].iter().any(|toll| toll.outcome == Outcome::Killed) =>
            {
                Figure::vague(span.clone(), 2)
            }
            None if noun.group.is_some() && !noun.plural => Figure::exact(span.clone(), 1),
            None => return false,
        };
        let strikes = predicate.outcome == Outcome::Strikes;
        // "eight women and children": one number for both.
        let both = matches!(self.part(at + 1), Some(Part::Conjunction))
            && noun.plural
            && self.noun(at + 2).is_some_and(|other| {
                other.person()
                    && other.plural
                    && !other.counted()
                    && other.determiner == Determiner::None
                    && !other.name
            });
        let mut group = if both { Some(Victims::People) } else { noun.group };
        let mut figure = figure;
        // "five children were killed and nine injured": the noun, and what bounds it, are left out.
        let reduced = noun.group.is_none()
            && !noun.others
            && (predicate.at == at && noun.state.is_some()
                || predicate.at == at + 1
                    && self.verb(at + 1).is_some_and(|verb| !verb.passive && !verb.perfect))
            && at > 0
            && matches!(self.part(at - 1), Some(Part::Conjunction));
        if reduced
            && let Some(model) = self.tolls[self.first..].iter().rev().find(|toll| toll.part_of.is_none())
            && figure.qualifier == Qualifier::Exact
            && figure.low != Some(0)
        {
            group = Some(model.victims);
            if model.qualifier == Qualifier::AtLeast {
                figure.qualifier = Qualifier::AtLeast;
                figure.high = None;
            }
        }
        let clause = self.clause(predicate.at, at);
        if self.accident(&clause) {
            return false;
        }
        // An execution of one reads as nothing else; numbers beyond any war are misread.
        if figure.low.is_some_and(|low| low > 20_000_000) {
            return false;
        }
        let low_only_zero = figure.low == Some(0) && figure.high == Some(0);
        let qualifier = if low_only_zero { Qualifier::Exact } else { figure.qualifier };
        self.bound[at] = Some(self.tolls.len());
        let scope = super::scope::scope(self.document, &clause, predicate.outcome, &figure);
        self.tolls.push(Toll {
            sentence: self.sentence,
            number: figure.tokens.clone(),
            trigger: predicate.tokens.clone(),
            clause,
            outcome: predicate.outcome,
            victims: if strikes { Victims::None } else { group.unwrap_or(Victims::People) },
            low: figure.low,
            high: figure.high,
            qualifier,
            scope,
            modality: predicate.modality,
            part_of: None,
            others: noun.others,
            named: noun.name || noun.single,
            noun: noun.words.clone(),
            agent: predicate.agent.clone(),
            passive: predicate.passive,
        });
        true
    }

    /// The clause of a predicate and a noun: what lies between the words that open clauses around both.
    fn clause(&self, predicate: usize, noun: usize) -> Range<usize> {
        let (mut first, mut last) = (predicate.min(noun), predicate.max(noun));
        let opens = |at: usize| match &self.chunks[at].part {
            Part::Subordinator => true,
            Part::Verb(verb) => verb.say,
            _ => false,
        };
        while first > 0 && !opens(first - 1) {
            first -= 1;
        }
        while last + 1 < self.chunks.len() && !opens(last + 1) {
            last += 1;
        }
        // Days and dates are no chunks of their own; they belong to the clause that they end.
        let end = self
            .chunks
            .get(last + 1)
            .map_or(self.document.sentences()[self.sentence].tokens.end, |next| next.span.start);
        self.chunks[first].span.start..end
    }

    fn accident(&self, clause: &Range<usize>) -> bool {
        self.document.tokens()[clause.clone()].iter().any(|token| token.classes.has(Class::Accident))
    }
}
