//! Nouns and states that tell harm: "12 dead", "the death of", "the toll rose to".

use annals_plugin::{Modality, Outcome, Qualifier, Victims};

use super::{Binder, Predicate, REACH};
use crate::lexicon::{Class, Frame, Set, Trigger};
use crate::number::Figure;
use crate::toll::Toll;
use crate::toll::chunk::{Determiner, Noun, Part, Verb};

/// A plural that no number goes with tells of so many at least.
const SEVERAL: u64 = 2;

impl<'a> Binder<'a> {
    /// "12 dead", "leaving 12 people dead", "12 found dead".
    pub(super) fn state_predicate(&mut self, at: usize, outcome: Outcome) {
        let predicate = Predicate {
            modality: self.feared(at),
            frame: Some(Frame::State),
            ..self.bare_predicate(outcome, at)
        };
        // "were pulled dead from the rubble": the verb before has the subject.
        let pulled = at.checked_sub(1).filter(|&before| {
            self.verb(before)
                .is_some_and(|verb| verb.passive && verb.trigger.is_none() && !verb.negated && !verb.say)
        });
        match pulled {
            Some(verb) => self.subjects(&predicate, verb, true),
            None => self.subjects(&predicate, at, false),
        };
        self.shot_dead(&predicate, at);
    }

    /// "shot his wife and his daughter dead": what the last of a list is told to be, all are.
    fn shot_dead(&mut self, predicate: &Predicate, at: usize) {
        let Some(last) = at.checked_sub(1).filter(|&last| self.bound[last].is_some()) else { return };
        if !self.opens_with(at, Set::Dead) || self.noun(last).is_none_or(|noun| noun.partitive || noun.others)
        {
            return;
        }
        let before = match (self.part(last.wrapping_sub(1)), self.part(last.wrapping_sub(2))) {
            (Some(Part::Conjunction), Some(Part::Comma)) => last.checked_sub(3),
            (Some(Part::Conjunction | Part::Comma), _) => last.checked_sub(2),
            _ => None,
        };
        let shot = |toll: usize| {
            let toll = &self.tolls[toll];
            !toll.passive && toll.trigger.clone().any(|token| self.has(token, Class::Shot))
        };
        if let Some(before) = before.filter(|&before| self.bound[before].is_some_and(shot)) {
            self.worsens(predicate, before);
        }
    }

    fn feared(&self, at: usize) -> Modality {
        let near = (at.saturating_sub(3)..at).chain(at + 1..(at + 2).min(self.chunks.len()));
        let fear = near.into_iter().any(|near| self.verb(near).is_some_and(|verb| verb.feared));
        if fear { Modality::Feared } else { Modality::Asserted }
    }

    /// "8 wounded", "12 wounded soldiers".
    pub(super) fn stated(&mut self, at: usize, noun: &'a Noun) {
        let Some(outcome) = noun.state else { return };
        // "the assassinated Omar Haddad"
        let named = self.noun(at + 1).filter(|named| named.name && self.chunks[at + 1].span.len() > 1);
        if let Some(named) = named
            && noun.determiner == Determiner::Definite
            && noun.group.is_none()
            && outcome == Outcome::Killed
        {
            let predicate = self.bare_predicate(outcome, at);
            self.toll(&predicate, at + 1, named);
            return;
        }
        if !noun.counted() || noun.thing || self.bound[at].is_some() {
            return;
        }
        // "One of the injured, a girl of six, died": she is one of the dead now.
        let verb = (at + 1..(at + 8).min(self.chunks.len())).find_map(|next| self.verb(next));
        let died =
            verb.and_then(|verb| verb.trigger).is_some_and(|trigger| trigger.outcome == Outcome::Killed);
        if noun.partitive && died && outcome != Outcome::Killed {
            return;
        }
        let predicate = Predicate {
            tokens: noun.words.clone(),
            modality: self.feared(at),
            ..self.bare_predicate(outcome, at)
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
    pub(super) fn whole_before(&self, toll: usize, outcome: Outcome) -> Option<usize> {
        (0..toll).rev().take(12).find(|&index| {
            let other = &self.tolls[index];
            other.outcome == outcome && other.part_of.is_none() && self.sentence - other.sentence <= 2
        })
    }

    /// "25 civilian deaths", "the deaths of 66 civilians", "no casualties", "the death of a boy".
    pub(super) fn noun_predicate(&mut self, at: usize, noun: &'a Noun, trigger: Trigger) {
        let predicate = Predicate {
            tokens: noun.words.clone(),
            modality: self.feared(at),
            ..self.bare_predicate(trigger.outcome, at)
        };
        if !self.takes_life(at) {
            return;
        }
        if trigger.outcome == Outcome::Strikes {
            // "multiple air strikes" tells no number.
            let told = |figure: &&Figure| figure.qualifier != Qualifier::Vague || figure.low > Some(SEVERAL);
            let number = noun.figure.as_ref().filter(told);
            let many = number.is_some_and(|figure| figure.low.is_some_and(|low| low > 1));
            if many {
                self.toll(&predicate, at, noun);
            }
            return;
        }
        if self.those_harmed(&predicate, at, noun) {
            return;
        }
        // "the six priests' murder"
        if let Some(owner) = at.checked_sub(1).filter(|&owner| self.owner_of(owner, at))
            && let Some(victims) = self.noun(owner)
        {
            self.toll(&predicate, owner, victims);
            return;
        }
        // "his body was found", "Moss's death"
        // "in various parts of his body": a wound is told of, not a corpse.
        let wounded = at > 0
            && matches!(self.part(at - 1), Some(Part::Preposition))
            && (self.tolls[self.first..].iter().any(|toll| toll.outcome == Outcome::Injured)
                || at > 1 && self.noun(at - 2).is_some_and(|part| part.thing));
        let owned = noun.determiner == Determiner::Possessive
            && !wounded
            && noun.figure.is_none()
            && trigger.outcome == Outcome::Killed
            && self.has(noun.words.end - 1, Class::Demise)
            && (self.opens_with(at, Set::HisOrHer) || noun.words.len() >= 2);
        if owned {
            let mut one = noun.clone();
            one.figure = Some(Figure::exact(self.chunks[at].span.clone(), 1));
            one.single = true;
            self.toll(&predicate, at, &one);
            return;
        }
        let sets = &self.document.language().sets;
        let one = noun.figure.as_ref().is_some_and(|figure| {
            figure.qualifier == Qualifier::Vague
                && figure.low == Some(SEVERAL)
                && sets.ending(self.document.lower(noun.words.end - 1), Set::EndsPlural).is_none()
        });
        // "the multiple murder"
        if one && trigger.frame == Frame::Noun {
            return;
        }
        if trigger.outcome == Outcome::Injured && self.tells_of_one(at, noun) {
            self.wounds(at, trigger);
            return;
        }
        let harms = trigger.frame == Frame::Noun && trigger.outcome != Outcome::Casualties;
        if let Some(harm) = self.unnumbered(at, noun).filter(|_| harms) {
            self.toll(&predicate, at, &harm);
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

    /// "the deaths of 66 civilians", "the murder in Sarmin of a judge": whether those follow whom the noun befell.
    fn those_harmed(&mut self, predicate: &Predicate, at: usize, noun: &Noun) -> bool {
        let of = self.past_circumstances(at + 1);
        if !matches!(self.part(of), Some(Part::Preposition)) || !self.opens_with(of, Set::OfVictims) {
            return false;
        }
        let next = of + 1;
        let Some(victims) = self.noun(next) else { return false };
        let names = victims.name && self.opens_with(of, Set::Of) && noun.figure.is_none();
        let fits = victims.person() || victims.counted() && !victims.thing || names;
        if !fits || victims.pronoun {
            return false;
        }
        let told = victims.counted()
            || victims.determiner == Determiner::Indefinite
            || names && self.victim(victims, predicate, next)
            || !victims.plural && victims.group.is_some() && victims.determiner != Determiner::None;
        if told {
            if noun.figure.is_some() && !victims.counted() {
                return false;
            }
            let before = self.tolls.len();
            self.toll(predicate, next, victims);
            self.list_right(predicate, next);
            self.added_up(before);
            return true;
        }
        if noun.figure.is_some() {
            return false;
        }
        // "the murder of senator and party leader Lena Moss": one person of two offices.
        let office = !victims.plural && victims.determiner == Determiner::None;
        let named = self.noun(next + 2).filter(|noun| noun.name && !noun.counted());
        if let Some(named) =
            named.filter(|_| office && matches!(self.part(next + 1), Some(Part::Conjunction)))
        {
            self.toll(predicate, next + 2, named);
        } else {
            // "the murders of the priests, their cook and her daughter"
            self.list_right(predicate, next);
        }
        true
    }

    /// Whether the several of a noun are those whose murder the next one is: an apostrophe alone stands between.
    fn owner_of(&self, owner: usize, deed: usize) -> bool {
        let mark = self.chunks[owner].span.end;
        mark + 1 == self.chunks[deed].span.start
            && matches!(self.document.lower(mark), "'" | "\u{2019}")
            && self.noun(owner).is_some_and(|noun| noun.person() && noun.counted() && noun.plural)
    }

    /// Where the phrases end that tell when and where, between a deed and those whom it befell.
    fn past_circumstances(&self, start: usize) -> usize {
        const MOST: usize = 3;
        let mut at = start;
        for _ in 0..MOST {
            let circumstance = matches!(self.part(at), Some(Part::Preposition))
                && !self.opens_with(at, Set::OfVictims)
                && self.noun(at + 1).is_some_and(|noun| !noun.person() && !noun.counted());
            if !circumstance {
                break;
            }
            at += 2;
        }
        let whose = self.noun(at + 1).is_some_and(|noun| noun.person() && !noun.pronoun || noun.name);
        // "deaths in the province of North Darfur"
        let place = self.noun(at.saturating_sub(1)).is_some_and(|noun| noun.thing);
        let named = self.noun(at + 1).is_some_and(|noun| noun.name && noun.group.is_none());
        if self.opens_with(at, Set::Of) && whose && !(place && named) { at } else { start }
    }

    /// "the murderers of six farmers"
    pub(super) fn killers(&mut self, at: usize, noun: &Noun) {
        let last = noun.words.end.saturating_sub(1);
        let of = matches!(self.part(at + 1), Some(Part::Preposition)) && self.opens_with(at + 1, Set::Of);
        if noun.counted() || !of || !self.has(last, Class::Killers) {
            return;
        }
        let predicate = Predicate {
            tokens: noun.words.clone(),
            modality: self.feared(at),
            ..self.bare_predicate(Outcome::Killed, at)
        };
        self.those_harmed(&predicate, at, noun);
    }

    /// "suffered multiple injuries", "with several injuries": vague words for the harm of one person count no persons.
    fn tells_of_one(&self, at: usize, noun: &Noun) -> bool {
        let vague = noun.figure.as_ref().is_some_and(|figure| figure.qualifier == Qualifier::Vague);
        let suffers = |verb: &Verb| {
            self.has(verb.main, Class::Suffer) || self.has(verb.main, Class::Have) && !verb.copula
        };
        let Some(before) = at.checked_sub(1).filter(|_| vague) else { return false };
        match self.part(before) {
            Some(Part::Verb(verb)) => suffers(verb),
            Some(Part::Preposition) => self.opens_with(before, Set::WithWounds),
            _ => false,
        }
    }

    /// "Injuries were reported", "resulting in civilian injuries", "a number of deaths and injuries": harm of more than one, told by
    /// no number; what it is then.
    fn unnumbered(&self, at: usize, noun: &Noun) -> Option<Noun> {
        let sets = &self.document.language().sets;
        let head = noun.words.end.checked_sub(1).filter(|&head| head >= noun.words.start)?;
        let plural = sets.ending(self.document.lower(head), Set::EndsPlural).is_some();
        if !plural || noun.figure.is_some() || noun.determiner != Determiner::None {
            return None;
        }
        let verb_is = |chunk: usize, set: Set| {
            self.verb(chunk).is_some_and(|verb| {
                !verb.negated && !verb.modal && !verb.perfect && self.document.is(verb.main, set)
            })
        };
        let caused = at > 0 && verb_is(at - 1, Set::Causes)
            || at > 1 && self.opens_with(at - 1, Set::InOrTo) && verb_is(at - 2, Set::Results);
        let reported = at == 0
            && self.verb(at + 1).is_some_and(|verb| verb.say && verb.passive && !verb.negated && !verb.modal);
        let joined = at > 1
            && matches!(self.part(at - 1), Some(Part::Conjunction))
            && self.bound[at - 2].is_some_and(|toll| self.tolls[toll].qualifier == Qualifier::Vague)
            && self.noun(at - 2).is_some_and(|other| other.trigger.is_some());
        let of_a_part =
            matches!(self.part(at + 1), Some(Part::Preposition)) && self.opens_with(at + 1, Set::To);
        ((caused || reported || joined) && !of_a_part).then(|| {
            let figure = Figure::vague(self.chunks[at].span.clone(), SEVERAL);
            Noun { figure: Some(figure), ..noun.clone() }
        })
    }

    /// Whether a noun that is a life is one that is taken: "claimed 12 lives", not "an attempt on the life of".
    fn takes_life(&self, at: usize) -> bool {
        const BEFORE: usize = 8;
        const AFTER: usize = 6;
        let span = &self.chunks[at].span;
        if !span.clone().any(|token| self.document.is(token, Set::Life)) {
            return true;
        }
        let sentence = &self.document.sentences()[self.sentence].tokens;
        let near =
            span.start.saturating_sub(BEFORE).max(sentence.start)..(span.end + AFTER).min(sentence.end);
        near.into_iter().any(|token| self.document.is(token, Set::TakesLife))
    }

    /// "two men with gunshot wounds", "suffered a wound": the victims stand before.
    fn wounds(&mut self, at: usize, trigger: Trigger) {
        if trigger.outcome != Outcome::Injured || at == 0 {
            return;
        }
        let predicate = self.bare_predicate(Outcome::Injured, at);
        let suffers = |verb: &Verb| {
            !verb.negated && (self.has(verb.main, Class::Have) || self.has(verb.main, Class::Suffer))
        };
        match self.part(at - 1) {
            Some(Part::Verb(verb)) if suffers(verb) => {
                self.subjects(&predicate, at - 1, true);
            }
            Some(Part::Preposition) if at >= 2 && self.opens_with(at - 1, Set::WithWounds) => {
                match self.part(at - 2) {
                    Some(Part::Verb(verb)) if suffers(verb) => {
                        self.subjects(&predicate, at - 2, true);
                    }
                    // "were found with wounds"
                    Some(Part::Verb(verb))
                        if verb.passive
                            && verb.trigger.is_none()
                            && !verb.negated
                            && self.has(verb.main, Class::Link) =>
                    {
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
    pub(super) fn sum(&mut self, at: usize, noun: &'a Noun, trigger: Trigger) {
        let mut predicate =
            Predicate { modality: self.feared(at), ..self.bare_predicate(trigger.outcome, at) };
        // "bringing to 45 the number killed"
        let brought = at >= 2
            && noun.figure.is_some()
            && self.opens_with(at - 1, Set::To)
            && self.verb(at - 2).is_some_and(|verb| self.document.is(verb.main, Set::Raises));
        if brought {
            let group = self.tolls[self.first..].last().map(|before| before.victims);
            if self.toll(&predicate, at, noun)
                && let (Some(toll), Some(group)) = (self.bound[at], noun.group.or(group))
            {
                self.tolls[toll].victims = group;
            }
            return;
        }
        let mut opened = trigger.frame == Frame::Toll && noun.figure.is_none();
        let end = (at + REACH).min(self.chunks.len());
        for next in at + 1..end {
            match &self.chunks[next].part {
                Part::Verb(verb) => {
                    if verb.trigger.is_some() && verb.passive {
                        return;
                    }
                    // "the toll estimated between 500 and 800"
                    let estimated = opened
                        && verb.say
                        && self.noun(next + 1).is_some_and(|number| number.bare && number.counted());
                    opened = verb.copula || self.has(verb.main, Class::Rise) || estimated;
                    if verb.negated {
                        return;
                    }
                    if verb.modal {
                        predicate.modality = Modality::Feared;
                    }
                }
                Part::Preposition => {
                    if self.opens_with(next, Set::ToNumber) {
                        opened = opened || trigger.frame == Frame::Toll;
                    } else {
                        opened = false;
                        if self.opens_with(next, Set::From)
                            && matches!(self.part(next + 1), Some(Part::Noun(_)))
                            && self.opens_with(next + 2, Set::To)
                        {
                            opened = true;
                        }
                    }
                }
                Part::Noun(number) => {
                    let after_from = next > 0 && self.opens_with(next - 1, Set::From);
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
                    // "The toll of the attack surpasses 130"
                    let surpasses = trigger.frame == Frame::Toll
                        && number.figure.as_ref().is_some_and(|figure| {
                            figure.qualifier == Qualifier::MoreThan
                                && self.has(figure.tokens.start, Class::Verb)
                        });
                    opened |= surpasses;
                    let sums =
                        number.bare || number.person() || number.state.is_some() || number.group.is_some();
                    // "a toll of one person wounded" is no toll of dead.
                    let other = match self.part(next + 1) {
                        Some(Part::Verb(verb)) if !verb.passive => {
                            verb.trigger.map(|trigger| trigger.outcome)
                        }
                        Some(Part::State(outcome)) => Some(*outcome),
                        _ => None,
                    };
                    if other.is_some_and(|outcome| outcome != trigger.outcome) {
                        return;
                    }
                    if number.counted() && opened && !after_from && sums {
                        self.toll(&predicate, next, number);
                        if self.bound[at].is_none() {
                            self.bound[at] = self.bound[next];
                        }
                        // "killed 32 rebels, updating an earlier toll of 15", "killed 12 rebels, bringing the number killed to 45"
                        let raised = at.checked_sub(1).and_then(|before| self.verb(before));
                        let raised = raised.is_some_and(|verb| self.document.is(verb.main, Set::Raises));
                        let known = self.tolls[self.first..]
                            .iter()
                            .find(|toll| {
                                toll.outcome == trigger.outcome
                                    && toll.part_of.is_none()
                                    && toll.low.is_none_or(|low| low > 1)
                            })
                            .filter(|toll| {
                                raised || toll.low > number.figure.as_ref().and_then(|figure| figure.low)
                            })
                            .map(|toll| toll.victims);
                        if let (Some(toll), Some(group)) = (self.bound[next], noun.group.or(known))
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

    /// "The first toll was 47. This was later updated to 82": the number that the sentence before gave is changed.
    pub(super) fn revised(&mut self, at: usize, verb: &Verb) {
        let start = self.document.sentences()[self.sentence].tokens.start;
        let changes = self.has(verb.main, Class::Rise) || self.document.is(verb.main, Set::Revised);
        let changed = at <= 1
            && self.document.is(start, Set::GoesBack)
            && changes
            && !verb.negated
            && !verb.modal
            && self.opens_with(at + 1, Set::To);
        let Some(number) = self.noun(at + 2).filter(|noun| changed && noun.bare && noun.counted()) else {
            return;
        };
        let lexicon = &self.document.language().lexicon;
        let tokens = self.document.tokens();
        let sums = |toll: &Toll| {
            toll.trigger.clone().any(|token| {
                let readings = lexicon.trigger(tokens[token..].iter().map(|token| token.word));
                readings.is_some_and(|(readings, _)| readings.iter().any(|each| each.frame == Frame::Toll))
            })
        };
        let last = self.first.checked_sub(1).map(|last| &self.tolls[last]);
        let Some(before) = last.filter(|last| last.sentence + 1 == self.sentence && sums(last)) else {
            return;
        };
        let (outcome, group) = (before.outcome, before.victims);
        let predicate = self.bare_predicate(outcome, at);
        if self.toll(&predicate, at + 2, number)
            && let Some(toll) = self.bound[at + 2]
        {
            self.tolls[toll].victims = group;
        }
    }
}
