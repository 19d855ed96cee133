//! Verbs and what they take as their object.

use std::ops::Range;

use annals_plugin::{Modality, Outcome, Victims};

use super::{Binder, Predicate, REACH};
use crate::lexicon::{Class, Form, Frame, Set, Trigger};
use crate::toll::chunk::{Determiner, Noun, Part, Verb};

impl<'a> Binder<'a> {
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
            let modal = |set: Set| {
                let mut words = self.chunks[at].span.clone().map(|token| self.document.lower(token));
                words.any(|word| self.document.language().sets.has(word, set))
            };
            if modal(Set::MayBe) && (verb.perfect || verb.passive) {
                modality = Modality::Feared;
            } else if !(verb.perfect && modal(Set::WouldBe)) {
                return None;
            }
        }
        // "caused dozens to be wounded"
        let caused = verb.passive
            && at > 1
            && self.verb(at - 2).is_some_and(|cause| {
                !cause.negated && !cause.modal && self.document.is(cause.main, Set::Causes)
            });
        if verb.infinitive && !verb.perfect && !caused {
            return None;
        }
        // "Had it not been for the rain, it would have killed five": what did not happen.
        let sentence = self.document.sentences()[self.sentence].tokens.start;
        if verb.modal && verb.perfect && self.has(sentence, Class::Have) {
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
                Some(Part::Subordinator) if self.opens_with(left, Set::Condition) => {
                    return None;
                }
                Some(Part::Subordinator) => break,
                Some(Part::Verb(other)) => {
                    let word = self.document.lower(other.main);
                    if self.has(other.main, Class::Deny) {
                        modality = Modality::Denied;
                    }
                    if self.has(other.main, Class::Fear) {
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

    pub(super) fn verb_predicate(&mut self, at: usize, verb: &'a Verb, trigger: Trigger) {
        let Some(modality) = self.modality(at, verb) else { return };
        let mut predicate =
            Predicate { modality, frame: Some(trigger.frame), ..self.bare_predicate(trigger.outcome, at) };
        match trigger.frame {
            // "someone shot at them": nobody need be hit.
            Frame::Verb(_) if !verb.passive && self.aims(at) => {}
            Frame::Verb(form) => {
                let passive = verb.passive && form != Form::Ing;
                // "one that murdered the clergymen": the one is no victim.
                let doer = form == Form::Past
                    && !passive
                    && matches!(at.checked_sub(1).and_then(|at| self.part(at)), Some(Part::Relative))
                    && self.opens_with(at - 1, Set::Doer);
                let active = !passive
                    && match form {
                        Form::Base | Form::Third | Form::Ing => true,
                        Form::Participle => verb.perfect,
                        Form::Past => verb.perfect || doer || self.takes_object(at),
                    };
                if form == Form::Past && !passive && self.shares_object(at) {
                    return;
                }
                if active {
                    predicate.passive = false;
                    predicate.agent = self.agent_before(at);
                    if !self.objects(&predicate, at + 1)
                        && matches!(form, Form::Past)
                        && !verb.perfect
                        && !doer
                        && !self.has(verb.main, Class::Strike)
                        && !self.harms_uncounted(at + 1)
                    {
                        self.subjects(&Predicate { passive: true, agent: None, ..predicate }, at, false);
                    }
                } else if form == Form::Past
                    && !passive
                    && self.has(verb.main, Class::Strike)
                    && self.noun(at + 1).is_some()
                {
                    // "He hit the nail on the head": what was struck is no person.
                } else {
                    predicate.agent = self.agent_after(at);
                    self.subjects(&predicate, at, verb.passive || verb.perfect);
                    self.companions(&predicate, at);
                }
            }
            Frame::Undergo(_) => {
                self.subjects(&predicate, at, true);
            }
            Frame::Own(_) => self.own(&predicate, at),
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

    /// "sent four people to hospital", "two were airlifted to a hospital": whoever is brought there alive is injured.
    pub(super) fn carried(&mut self, at: usize, verb: &Verb) {
        let Some(modality) = self.modality(at, verb) else { return };
        let hospital = |chunk: usize| {
            matches!(self.part(chunk), Some(Part::Noun(_)))
                && self.chunks[chunk]
                    .span
                    .clone()
                    .any(|token| self.document.tokens()[token].classes.has(Class::Hospital))
        };
        let near = at + 1..(at + 7).min(self.chunks.len());
        let Some(there) = near.clone().find(|&chunk| hospital(chunk)) else { return };
        let on_the_way = (at + 1..there).all(|chunk| {
            matches!(
                self.part(chunk),
                Some(Part::Noun(_) | Part::Preposition | Part::Conjunction | Part::Comma)
            )
        });
        // "was taken to hospital, where he died"
        let dies = (at + 1..(at + REACH).min(self.chunks.len())).any(|chunk| match self.part(chunk) {
            Some(Part::Verb(verb)) => verb.trigger.is_some_and(|trigger| trigger.outcome == Outcome::Killed),
            Some(Part::State(outcome)) => *outcome == Outcome::Killed,
            _ => false,
        });
        if !on_the_way || dies {
            return;
        }
        let predicate = Predicate { modality, ..self.bare_predicate(Outcome::Injured, at) };
        let told =
            |noun: &Noun| noun.counted() && !noun.partitive || noun.person() && !noun.single && !noun.pronoun;
        if verb.passive {
            self.subjects(&predicate, at, true);
        } else if self.noun(at + 1).is_some_and(told) {
            self.objects(&predicate, at + 1);
        }
    }

    /// "The rebels lost six fighters": fighters are lost by their death.
    pub(super) fn lost(&mut self, at: usize, verb: &Verb) {
        let Some(modality) = self.modality(at, verb).filter(|_| !verb.passive) else { return };
        let told = |noun: &Noun| noun.counted() || noun.determiner == Determiner::Indefinite;
        let own = self
            .noun(at + 1)
            .is_some_and(|noun| told(noun) && noun.group == Some(Victims::Combatants) && !noun.partitive);
        if own {
            let predicate = Predicate { modality, ..self.bare_predicate(Outcome::Killed, at) };
            self.objects(&predicate, at + 1);
        }
    }

    /// Whether a verb of shooting only tells of the aim: "shot at them", "shooting at officers".
    fn aims(&self, at: usize) -> bool {
        self.has(self.chunks[at].span.end - 1, Class::Shot)
            && matches!(self.part(at + 1), Some(Part::Preposition))
            && self.opens_with(at + 1, Set::At)
            && self.noun(at + 2).is_some_and(|noun| noun.pronoun || noun.person() && !noun.name)
    }

    /// "turned the gun on himself": the doer.
    fn own(&mut self, predicate: &Predicate, at: usize) {
        let span = self.chunks[at].span.clone();
        if self.told_as_victim(at) {
            return;
        }
        let one = Noun::single(span.end - 1..span.end);
        self.toll(predicate, at, &one);
    }

    /// "killed a woman and a man who shot her, then turned the gun on himself": whether the doer is the one whom the clause goes on
    /// about, and has been counted among those killed.
    fn told_as_victim(&self, at: usize) -> bool {
        let relative = (at.saturating_sub(REACH)..at)
            .rev()
            .take_while(|&left| !matches!(self.part(left), Some(Part::Subordinator)))
            .find(|&left| matches!(self.part(left), Some(Part::Relative)));
        let Some(told) = relative.and_then(|relative| relative.checked_sub(1)) else { return false };
        self.bound[told].is_some_and(|toll| self.tolls[toll].outcome == Outcome::Killed)
    }

    /// "was killed along with two guards": those whom the same befell.
    fn companions(&mut self, predicate: &Predicate, at: usize) {
        let end = (at + 16).min(self.chunks.len());
        let clause = (at + 1..end).take_while(|&next| {
            !matches!(self.part(next), Some(Part::Verb(_) | Part::Subordinator | Part::Relative))
        });
        for next in clause {
            let joined =
                matches!(self.part(next), Some(Part::Conjunction)) && self.chunks[next].span.len() > 1;
            let Some(noun) = self.noun(next + 1).filter(|_| joined) else { continue };
            if noun.person() && (noun.counted() || noun.determiner != Determiner::None) {
                self.toll(predicate, next + 1, noun);
                self.list_right(predicate, next + 1);
            }
            return;
        }
    }

    /// "shot and badly injured his brother": the object follows the second verb.
    fn shares_object(&self, at: usize) -> bool {
        let second = at + 2;
        let past = |verb: &Verb| {
            !verb.passive && verb.trigger.is_some_and(|trigger| trigger.frame == Frame::Verb(Form::Past))
        };
        let object = |noun: &Noun| !noun.thing && (noun.person() || noun.counted() || noun.name);
        matches!(self.part(at + 1), Some(Part::Conjunction))
            && self.verb(second).is_some_and(past)
            && self.noun(second + 1).is_some_and(object)
            && self.verb(second + 2).is_none_or(|verb| verb.trigger.is_none())
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
        let further = self.past_aside(at + 1 + further) - at - 1;
        let Some(object) = self.noun(at + 1 + further) else { return false };
        if object.thing && object.figure.is_none() {
            return false;
        }
        // "killing three, then killed himself"
        if self.has(self.chunks[at + 1 + further].span.start, Class::Reflexive) {
            return true;
        }
        // "3 killed 38 injured": the number belongs to the participle after it.
        let left_counted = at > 0
            && self.noun(at - 1).is_some_and(|noun| {
                // "Child killed, 9 civilians injured" without its comma
                let headed = noun.person() && !noun.plural && noun.determiner == Determiner::None && at == 1;
                noun.counted() && (noun.bare || noun.person()) || headed && object.counted()
            });
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
        // "A blast on Monday, May 3, killed a guard": a participle after a comma would take no object.
        let comma = at > 1 && matches!(self.part(at - 1), Some(Part::Comma));
        let described = || self.noun(at - 2).is_some_and(|noun| noun.counted() || noun.person());
        // "left 4 dead, wounded 3 others", "killed a guard, wounded 3 others"
        let others = || {
            let told = self.bound[at - 2].is_some() || self.noun(at - 2).is_some_and(|n| n.state.is_some());
            object.counted() && object.others && told
        };
        let resumes = comma
            && (others()
                || !described() && (object.person() || object.name && self.personal(at + 1 + further)))
            || self.goes_on(at);
        let subject = at == 0 || resumes || !matches!(self.part(at - 1), Some(Part::Comma | Part::Open));
        subject
            && (object.figure.is_some()
                || object.single
                || object.pronoun
                || object.group.is_some()
                || object.name
                || object.determiner != Determiner::None)
    }

    /// "kidnapped a driver, killed a guard and wounded a child": a verb after a comma goes on with what its doer did.
    fn goes_on(&self, at: usize) -> bool {
        at > 1
            && matches!(self.part(at - 1), Some(Part::Comma))
            && self.bound[at - 2].is_some_and(|toll| !self.tolls[toll].passive)
    }

    /// "murdered, at gunpoint, a guard", "killed, in two days, the mayor of Binnish": where the object stands that commas part
    /// from its verb.
    fn past_aside(&self, at: usize) -> usize {
        let phrase = |at: usize| {
            matches!(self.part(at), Some(Part::Preposition))
                && self.noun(at + 1).is_some_and(|noun| !noun.person() && !noun.counted())
        };
        let opened = usize::from(matches!(self.part(at), Some(Part::Comma)));
        let mut end = at + opened;
        while phrase(end) {
            end += 2;
        }
        if end > at + opened
            && matches!(self.part(end), Some(Part::Comma))
            && self.noun(end + 1).is_some_and(|noun| noun.name || noun.person())
        {
            end + 1
        } else {
            at
        }
    }

    /// "murdered the clergymen", "shot them": those harmed follow the verb, though nothing counts them.
    fn harms_uncounted(&self, object: usize) -> bool {
        let finite = |chunk: usize| self.verb(chunk).is_some_and(|verb| verb.trigger.is_some());
        self.noun(object).is_some_and(|noun| {
            (noun.pronoun
                || noun.person() && noun.determiner == Determiner::Definite && !noun.counted()
                // "shot his family"
                || noun.determiner == Determiner::Possessive && !noun.counted() && !noun.thing)
                && !finite(object + 1)
        })
    }

    /// Binds what follows an active verb. Whether anything was bound.
    fn objects(&mut self, predicate: &Predicate, start: usize) -> bool {
        let mut at = start;
        if matches!(self.part(at), Some(Part::Preposition)) && self.opens_with(at, Set::Roughly) {
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
        at = self.past_aside(at);
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
        if found
            && noun.bare
            && let (Some(toll), Some(group)) = (self.bound[at], self.group_after(at))
        {
            self.tolls[toll].victims = group;
        }
        self.list_right(predicate, at);
        self.added_up(before);
        found
    }

    /// "killed 28 and wounded 30 militants": the noun of both numbers stands after the second.
    fn group_after(&self, at: usize) -> Option<Victims> {
        let harm = matches!(self.part(at + 1), Some(Part::Conjunction))
            && self.verb(at + 2).is_some_and(|verb| verb.trigger.is_some() && !verb.passive);
        let noun = self.noun(at + 3).filter(|noun| harm && noun.counted() && noun.person())?;
        noun.group
    }

    /// Binds further nouns of a list that begins at a bound noun: "two women, a child and three soldiers".
    pub(super) fn list_right(&mut self, predicate: &Predicate, first: usize) {
        let mut at = first + 1;
        while at < self.chunks.len() && at - first < REACH {
            let joined = match self.part(at) {
                Some(Part::Conjunction) if !self.opens_with(at, Set::But) => at + 1,
                Some(Part::Comma) if matches!(self.part(at + 1), Some(Part::Conjunction)) => at + 2,
                Some(Part::Comma) => at + 1,
                // "kills his wife, then himself"
                Some(Part::Noun(_))
                    if self.document.tokens()[self.chunks[at].span.start].classes.has(Class::Reflexive) =>
                {
                    at
                }
                // "killed a nurse a baker and two soldiers": a list that lacks its comma.
                Some(Part::Noun(_)) if self.lacks_comma(at) => at,
                // "two soldiers in the north and a child", "the mayor of the town of Binnish, as well as two farmers"
                Some(Part::Preposition) => match self.past_phrases(at) {
                    Some(end) => {
                        at = end;
                        continue;
                    }
                    None => break,
                },
                _ => break,
            };
            let Some(noun) = self.noun(joined) else { break };
            // "one that murdered the teachers and another that fled"
            if noun.bare && noun.others && matches!(self.part(joined + 1), Some(Part::Relative)) {
                break;
            }
            if self.describes_name(at, joined) {
                at = joined + 1;
                continue;
            }
            // "his daughter, Lena Moss; and his wife": the name is the daughter's.
            let described = |noun: &Noun| noun.person() && !noun.plural && !noun.name && !noun.counted();
            if noun.name
                && !noun.counted()
                && matches!(self.part(at), Some(Part::Comma))
                && joined == at + 1
                && self.noun(at.wrapping_sub(1)).is_some_and(described)
            {
                at = joined + 1;
                continue;
            }
            let names =
                noun.name && self.noun(first).is_some_and(|first| first.name) && self.personal(joined);
            let himself =
                self.document.tokens()[self.chunks[joined].span.start].classes.has(Class::Reflexive);
            // "his wife, son and daughter", "kills wife, neighbor": one determiner, or none, for all.
            let kin = |noun: &Noun| {
                noun.person()
                    && !noun.plural
                    && !noun.counted()
                    && matches!(noun.determiner, Determiner::None | Determiner::Possessive)
            };
            let alike = noun.determiner == Determiner::None
                && kin(noun)
                && self.noun(first).is_some_and(|first| {
                    kin(first)
                        || first.person() && first.determiner == Determiner::Indefinite && !first.plural
                });
            if !(names
                || alike
                || himself
                || noun.person() && (noun.counted() || noun.determiner != Determiner::None || noun.name)
                || noun.counted() && noun.bare && noun.others)
            {
                break;
            }
            if self.own_predicate(joined) && !self.resumes_main_clause(predicate, joined) {
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

    /// "The men who killed six priests and two maids fled": the verb after a list in a relative clause is that of the main one.
    fn resumes_main_clause(&self, predicate: &Predicate, last: usize) -> bool {
        let relative = predicate.at.checked_sub(1).and_then(|at| self.part(at));
        let mut next = last + 1;
        if matches!(self.part(next), Some(Part::Preposition)) && self.noun(next + 1).is_some() {
            next += 2;
        }
        let verb = self.verb(next);
        // "the death of six priests and their two maids shocked the town"
        let of_deed = self.noun(predicate.at).is_some_and(|deed| deed.trigger.is_some())
            && matches!(self.part(last - 1), Some(Part::Conjunction))
            && !matches!(self.part(last - 2), Some(Part::Comma))
            && self.noun(last).is_some_and(|noun| noun.determiner == Determiner::Possessive);
        (matches!(relative, Some(Part::Relative)) && !predicate.passive || of_deed)
            && verb.is_some_and(|verb| verb.trigger.is_none() && !verb.passive && !verb.copula)
    }

    /// Whether a noun goes on a list without a comma before it, which a conjunction closes.
    fn lacks_comma(&self, at: usize) -> bool {
        let member = |at: usize| {
            self.noun(at).is_some_and(|noun| {
                noun.person()
                    && !noun.name
                    && !noun.partitive
                    && !noun.others
                    && (noun.counted() || noun.determiner == Determiner::Indefinite)
            })
        };
        let before = at.checked_sub(1).is_some_and(|before| {
            member(before) && self.noun(before).is_some_and(|noun| !noun.plural || noun.counted())
        });
        before
            && member(at)
            && matches!(self.part(at + 1), Some(Part::Conjunction))
            && member(at + 2)
            && !self.own_predicate(at + 2)
    }

    /// Where the phrases end that describe a member of a list, if the list goes on after them.
    fn past_phrases(&self, start: usize) -> Option<usize> {
        let mut at = start;
        while matches!(self.part(at), Some(Part::Preposition))
            && self.noun(at + 1).is_some_and(|noun| !noun.counted() || noun.thing)
        {
            at += 2;
        }
        let comma = usize::from(matches!(self.part(at), Some(Part::Comma)));
        (at > start && matches!(self.part(at + comma), Some(Part::Conjunction))).then_some(at)
    }

    /// "Omar Haddad, a teacher, and his wife", "Omar Haddad, the mayor of Binnish": a role set off by a comma is of the name before it.
    pub(super) fn describes_name(&self, comma: usize, role: usize) -> bool {
        let set_off = matches!(self.part(comma), Some(Part::Comma)) && role == comma + 1;
        let (Some(noun), Some(named)) = (self.noun(role), comma.checked_sub(1).and_then(|at| self.noun(at)))
        else {
            return false;
        };
        let a_role = noun.person()
            && !noun.plural
            && !noun.counted()
            && !noun.name
            && !noun.others
            && (matches!(noun.determiner, Determiner::Indefinite | Determiner::Definite)
                || noun.determiner == Determiner::None && self.opens_with(role + 1, Set::Of));
        // "Omar Haddad, a guard and two farmers" are four.
        let lists = matches!(self.part(role + 1), Some(Part::Conjunction))
            && self.noun(role + 2).is_some_and(|next| next.counted() || next.determiner != Determiner::None);
        set_off && a_role && named.name && !lists
    }

    /// Whether a noun is the subject of a verb or state of its own: "and 12 others were wounded".
    pub(super) fn own_predicate(&self, at: usize) -> bool {
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
                    && self
                        .document
                        .language()
                        .sets
                        .ending(self.document.lower(verb.main), Set::EndsIng)
                        .is_some();
                let describes = verb.trigger.is_some() && matches!(verb.form, Form::Ing) && !verb.passive;
                !(participle || describes || self.attributes(next, verb))
            }
            Some(Part::State(_)) => true,
            _ => false,
        }
    }

    /// "The dead were two men and a woman said police chief Omar Haddad": who says so stands after a verb that nothing follows on.
    fn attributes(&self, at: usize, verb: &Verb) -> bool {
        let speaker = |noun: &Noun| !noun.counted() && (noun.name || noun.person() && !noun.plural);
        let goes_on = |part: Option<&Part>| match part {
            Some(Part::Verb(_) | Part::State(_)) => true,
            Some(Part::Noun(noun)) => noun.counted() || noun.trigger.is_some(),
            _ => false,
        };
        verb.say
            && !verb.passive
            && self.noun(at + 1).is_some_and(speaker)
            && !(at + 2..self.chunks.len()).take(REACH).any(|next| goes_on(self.part(next)))
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
        let by = (at + 1..(at + 8).min(self.chunks.len())).find(|&next| {
            matches!(self.part(next), Some(Part::Preposition)) && self.opens_with(next, Set::By)
        })?;
        self.noun(by + 1).map(|_| self.chunks[by + 1].span.clone())
    }
}
