//! Noun groups: "at least 12 Syrian soldiers", "a boy", "25 civilian deaths", "a family of five".

use std::ops::Range;

use annals_plugin::{Outcome, Victims};

use super::{Chunk, Chunker, Determiner, NO_NOUN, Noun, Part};
use crate::lexicon::{Class, Form, Frame, Grammar, NumberWord, Set, Sets, Trigger};
use crate::number::{self, Figure};
use crate::text::{Case, Kind};

impl Chunker<'_> {
    /// A noun group at a token. `partitive` allows "of them" after it.
    pub(super) fn noun(&self, start: usize, partitive: bool) -> Option<Chunk> {
        let first = self.token(start)?;
        let mut noun = Noun {
            figure: None,
            determiner: Determiner::None,
            words: start..start,
            group: None,
            plural: false,
            name: false,
            pronoun: false,
            single: false,
            thing: false,
            bare: false,
            others: false,
            partitive: false,
            state: None,
            trigger: None,
            accident: false,
            generic: false,
        };
        let done =
            |noun: Noun, end: usize| Some(Chunk { span: start..end, part: Part::Noun(Box::new(noun)) });
        // "wounding her in the head"
        let bare_owner = self.document.is(start, Set::HisOrHer) && !self.owns(start + 1);
        if first.classes.has(Class::Pronoun) || bare_owner {
            if first.classes.has(Class::Relative) {
                return None;
            }
            noun.pronoun = true;
            noun.single = first.classes.has(Class::MaleOrFemale);
            noun.plural = !noun.single;
            return done(noun, start + 1);
        }
        let mut at = start;
        // "no one", "nobody", "none".
        if let Some(length) = self.phrase(at, Set::Nobody) {
            let end = at + length;
            noun.figure = Some(Figure::exact(at..end, 0));
            noun.bare = true;
            noun.plural = true;
            noun.group = (!self.is(at, Set::NoneOf)).then_some(Victims::People);
            at = end;
            noun.words = at..at;
            return self.finish(noun, start, at, partitive);
        }
        let mut aged = None;
        loop {
            if let Some((figure, trigger, end)) = self.fold(at).filter(|_| noun.figure.is_none()) {
                noun.words = figure.tokens.end..end;
                noun.figure = Some(figure);
                noun.trigger = Some(trigger);
                noun.plural = true;
                return done(noun, end);
            }
            if let Some((end, group)) = self.age(at) {
                aged = Some((end - 1, group, Grammar::Singular));
                at = end;
                break;
            }
            if let Some(second) = self.two_ages(at).filter(|_| noun.figure.is_none()) {
                noun.figure = Some(Figure::exact(at..second, 2));
                at = second;
                continue;
            }
            // "the 1980 murder of a bishop"
            let deed = self.triggers(at + 1).is_some();
            if noun.determiner == Determiner::Definite
                && self.is_year(at)
                && (deed || !self.person_follows(at + 1))
            {
                at += 1;
                continue;
            }
            if let Some(figure) = number::figure(self.document, self.lexicon, at, self.end)
                && noun.figure.is_none()
            {
                at = figure.tokens.end;
                noun.figure = Some(figure);
                continue;
            }
            if noun.figure.is_none()
                && self.has(at, Class::Qualifier)
                && !self.has(at, Class::Determiner)
                && !self.has(at, Class::Negation)
                && at == start
            {
                // A qualifier with no number: "over the city".
                return None;
            }
            let undetermined = noun.determiner == Determiner::None;
            let after_others =
                !undetermined || noun.figure.is_some() || at == start && self.is(at, Set::Other);
            if self.is(at, Set::Zero) {
                noun.figure = Some(Figure::exact(at..at + 1, 0));
            } else if undetermined && self.is(at, Set::Indefinite) {
                noun.determiner = Determiner::Indefinite;
            } else if self.is(at, Set::Another) {
                noun.determiner = Determiner::Indefinite;
                noun.others = true;
            } else if after_others && self.is(at, Set::Others) {
                noun.others = true;
            } else if self.is(at, Set::Generic) {
                noun.generic = true;
                noun.determiner = Determiner::Definite;
            } else if at == start && self.is(at, Set::Both) {
                noun.determiner = Determiner::Definite;
            } else if self.is(at, Set::That) && self.opens_clause(at + 1) {
                // "that killed 12", "that a soldier": a clause begins, not a noun group.
                if at == start {
                    return None;
                }
                break;
            } else if self.has(at, Class::Possessive) && noun.determiner != Determiner::Indefinite {
                noun.determiner = Determiner::Possessive;
            } else if self.has(at, Class::Determiner) && !self.has(at, Class::Number) {
                if undetermined {
                    noun.determiner = Determiner::Definite;
                }
            } else {
                break;
            }
            at += 1;
            if at >= self.end || at - start > 8 {
                break;
            }
        }
        // "killing four guards and wounding a fifth"
        if noun.figure.is_none() && noun.determiner == Determiner::Indefinite && self.a_further_one(at) {
            noun.figure = Some(Figure::exact(start..at + 1, 1));
            noun.others = true;
            noun.bare = true;
            noun.words = at + 1..at + 1;
            return done(noun, at + 1);
        }
        noun.words = at..at;
        let end = self.head(&mut noun, at, aged);
        if end == start {
            return None;
        }
        if aged.is_some() && noun.determiner == Determiner::None && noun.group.is_some() && !noun.name {
            // "a 25 year old man and 14 year old girl": the article is left out.
            noun.determiner = Determiner::Indefinite;
        }
        if noun.others
            && noun.determiner == Determiner::Indefinite
            && noun.figure.is_none()
            && noun.state.is_some()
            && noun.group.is_none()
        {
            // "and another wounded"
            noun.figure = Some(Figure::exact(start..at, 1));
        }
        if end == at {
            // A number or a determiner with no noun.
            let the_other = noun.determiner == Determiner::Definite && self.is(at - 1, Set::Other);
            if noun.figure.is_none()
                && noun.others
                && (noun.determiner == Determiner::Indefinite || the_other)
            {
                noun.figure = Some(Figure::exact(start..at, 1));
            }
            noun.figure.as_ref()?;
            noun.bare = true;
            noun.plural = true;
        }
        self.finish(noun, start, end, partitive)
    }

    /// "a fifth" of those told of, but no "fifth of" them.
    fn a_further_one(&self, at: usize) -> bool {
        const FEWEST: u64 = 3;
        let nth = self.token(at).filter(|token| token.classes.has(Class::Ordinal));
        let nth = nth.and_then(|token| self.lexicon.number(token.word));
        let stands_alone = self.token(at + 1).is_none_or(|next| {
            const AFTER: &[Class] = &[
                Class::Preposition,
                Class::Conjunction,
                Class::Adverb,
                Class::Be,
                Class::Have,
                Class::Modal,
            ];
            next.kind == Kind::Mark || next.classes.any(AFTER) || self.trigger_frame(at + 1).is_some()
        });
        matches!(nth, Some(NumberWord::Nth(n)) if n >= FEWEST) && stands_alone && !self.is(at + 1, Set::Of)
    }

    /// Whether a word can be what somebody owns: "her brother", not "wounding her in the head".
    fn owns(&self, at: usize) -> bool {
        self.token(at).is_some_and(|token| {
            token.kind == Kind::Number
                || token.kind == Kind::Word
                    && !token.classes.any(&[
                        Class::Preposition,
                        Class::Conjunction,
                        Class::Relative,
                        Class::Determiner,
                        Class::Possessive,
                        Class::Be,
                        Class::Have,
                        Class::Modal,
                        Class::Weekday,
                        Class::Subordinator,
                    ])
        })
    }

    /// Reads modifiers and head from `at`; gives the end of the group.
    fn head(&self, noun: &mut Noun, start: usize, mut aged: Option<(usize, Victims, Grammar)>) -> usize {
        let mut at = start;
        let mut modifier = None;
        let mut victim: Option<(usize, Victims, Grammar)> = None;
        let mut family = false;
        let mut names = 0;
        let mut last_thing = false;
        let mut seen = 0;
        while at < self.end && at - start < 14 {
            // "the Yazoo City quadruple homicide"
            if seen > 0 && self.fold(at).is_some() {
                break;
            }
            let token = &self.document.tokens()[at];
            let classes = token.classes;
            let word = self.lower(at);
            if token.kind == Kind::Mark {
                let quote = matches!(word, "\"" | "\u{201c}" | "\u{201d}" | "'" | "\u{2018}" | "\u{2019}");
                let abbreviated = word == "." && at > start && self.has(at - 1, Class::TitleAbbreviation);
                let hyphen = word == "-"
                    && seen > 0
                    && self.token(at + 1).is_some_and(|next| next.start == token.end)
                    && at > start
                    && self.document.tokens()[at - 1].end == token.start;
                if abbreviated
                    || hyphen
                    || quote
                        && seen <= 2
                        && victim.is_none()
                        && names == 0
                        && at > start - usize::from(start > 0)
                        && self.closes_soon(at)
                {
                    at += 1;
                    continue;
                }
                break;
            }
            if token.kind == Kind::Number || classes.has(Class::Number) && seen > 0 {
                break;
            }
            if matches!(word, "'s" | "\u{2019}s") {
                if seen == 0 {
                    break;
                }
                // What stood before is the owner.
                noun.determiner = Determiner::Possessive;
                noun.state = None;
                noun.trigger = None;
                victim = None;
                modifier = None;
                names = 0;
                last_thing = false;
                family = false;
                // "the stall owner's two sons"
                if noun.figure.is_none()
                    && let Some(figure) = number::figure(self.document, self.lexicon, at + 1, self.end)
                    && !self.has_any(figure.tokens.end, &[Class::Age, Class::Measure])
                {
                    at = figure.tokens.end;
                    noun.figure = Some(figure);
                    continue;
                }
                at += 1;
                continue;
            }
            if let Some((readings, length)) = self.triggers(at) {
                if let Some(&trigger) = readings
                    .iter()
                    .find(|reading| matches!(reading.frame, Frame::Noun | Frame::Harm | Frame::Toll))
                {
                    let opens = start == at && (noun.figure.is_some() || noun.determiner != Determiner::None);
                    // "the recent murder in Saraqib": a singular with a determiner takes no base form.
                    let base = |trigger: Trigger| trigger.frame == Frame::Verb(Form::Base);
                    let verb = !opens
                        && self.verb_trigger(at, false, false, at).is_some_and(|(trigger, _)| {
                            !(base(trigger) && noun.determiner != Determiner::None && victim.is_none())
                        });
                    if verb {
                        // "a field in Syria killing 30"
                        break;
                    }
                    {
                        noun.trigger = Some(trigger);
                        // "a number of deaths" says that there were some, "the number of deaths" how many.
                        if trigger.frame == Frame::Toll
                            && trigger.outcome != Outcome::Casualties
                            && self.is(at, Set::NumberOf)
                            && noun.determiner == Determiner::Indefinite
                            && noun.figure.is_none()
                        {
                            noun.figure = Some(Figure::vague(start..at + length, 2));
                            noun.trigger = Some(Trigger { frame: Frame::Noun, ..trigger });
                        }
                        victim = None;
                        seen += 1;
                        at += length;
                        if trigger.frame == Frame::Toll {
                            break;
                        }
                        continue;
                    }
                }
                let state = readings.iter().find(|reading| {
                    matches!(reading.frame, Frame::State | Frame::Verb(Form::Past | Form::Participle))
                });
                if let Some(state) = state
                    && seen == 0
                    && (noun.figure.is_some() || noun.determiner != Determiner::None || noun.others)
                {
                    // "12 wounded soldiers", "8 wounded", "the dead".
                    noun.state = Some(state.outcome);
                    at += length;
                    // "a deceased young man"
                    if self.has(at, Class::Adjective) && self.noun_follows(at + 1) {
                        at += 1;
                    }
                    if !self.noun_follows(at) {
                        break;
                    }
                    continue;
                }
                // "the attack in Syria killing and wounding dozens"
                let counts = |at: usize| number::figure(self.document, self.lexicon, at, self.end).is_some();
                if !classes.has(Class::Noun) || seen > 0 && counts(at + length) {
                    break;
                }
            }
            if classes.has(Class::Conjunction)
                && noun.figure.is_some()
                && victim.is_none()
                && noun.trigger.is_none()
                && seen > 0
                && self.modifiers_join(at)
            {
                at += 1;
                continue;
            }
            if classes.any(NO_NOUN) || classes.has(Class::Subordinator) || self.subset(at).is_some() {
                break;
            }
            if classes.has(Class::Adverb) || (token.word.0 == 0 && self.ends(at, Set::EndsLy)) {
                if seen == 0 && !classes.has(Class::Adverb) {
                    at += 1;
                    continue;
                }
                break;
            }
            if seen > 0
                && classes.has(Class::Qualifier)
                && !classes.any(&[Class::Victim, Class::NotVictims])
                && number::figure(self.document, self.lexicon, at, self.end).is_some()
            {
                break;
            }
            if self.verbal(at) {
                let thing_follows = noun.figure.is_some() && self.has(at + 1, Class::NotVictims);
                let describes = seen == 0
                    && (self.ends(at, Set::EndsEd) || self.ends(at, Set::EndsIng))
                    && (self.person_follows(at + 1) || thing_follows || self.demise_follows(at + 1))
                    && (noun.figure.is_some() || noun.determiner != Determiner::None);
                if !describes {
                    break;
                }
                at += 1;
                continue;
            }
            let age = self.age_group(word);
            // "62 rebels east of the city", "nine people Sana reported": a plural that is counted ends the group.
            let counted =
                noun.figure.is_some() && matches!(victim, Some((last, _, Grammar::Plural)) if last + 1 == at);
            if counted {
                break;
            }
            // "17-year-old Lena Moss" is a name still.
            seen += usize::from(age.is_none());
            aged = age.map(|(group, plural)| (at, group, plural)).or(aged);
            if let Some(entry) = self.lexicon.victim(token.word) {
                family |= entry.family;
                if entry.modifier.is_some() {
                    modifier = modifier.or(entry.modifier);
                }
                if entry.noun.is_none() && matches!(victim, Some((_, _, Grammar::Singular))) {
                    // "the Free Syrian Army": a body, not one Syrian.
                    victim = None;
                }
                if let Some((group, grammar)) = entry.noun {
                    if let Some((_, before, Grammar::Singular)) = victim
                        && group == Victims::People
                        && before != Victims::People
                    {
                        modifier = modifier.or(Some(before));
                    }
                    if let Some((_, _, Grammar::Plural)) = victim
                        && grammar == Grammar::Plural
                    {
                        // "soldiers guards and staff" lacks its comma.
                        break;
                    }
                    victim = Some((at, group, grammar));
                    names = 0;
                    noun.trigger = None;
                }
                last_thing = classes.has(Class::NotVictims);
            } else if classes.has(Class::NumberNoun) {
                if let Some(NumberWord::Group(value)) = self.lexicon.number(token.word)
                    && noun.figure.is_none()
                    && noun.determiner != Determiner::None
                {
                    noun.figure = Some(Figure::exact(noun.words.start.saturating_sub(1)..at + 1, value));
                    victim = Some((at, Victims::People, Grammar::Plural));
                }
                last_thing = false;
            } else {
                last_thing = classes.has(Class::NotVictims);
                let capital = matches!(token.case, Case::Title | Case::Upper);
                let name = token.word.0 == 0 && (capital || self.capitals) || word.len() == 1 && capital;
                let named_one = name && matches!(victim, Some((_, _, Grammar::Singular)));
                names = if name { names + 1 } else { 0 };
                if !named_one && !(classes.has(Class::Adjective)) {
                    // A noun after the victims makes them its modifier: "civilian homes", "family house".
                    if victim.is_some_and(|(_, group, _)| group != Victims::People) && !last_thing && !name {
                        modifier = modifier.or(victim.map(|(_, group, _)| group));
                    }
                    victim = None;
                    family = false;
                    noun.trigger = noun.trigger.filter(|_| false);
                }
                noun.accident |= classes.has(Class::Accident);
            }
            at += 1;
        }
        noun.words.end = at;
        noun.others |= at > start && self.is(at - 1, Set::OthersAlone);
        // "the 6-year-old", "a 23-year-old"
        if victim.is_none()
            && noun.trigger.is_none()
            && (noun.determiner != Determiner::None || noun.figure.is_some() || at == start + 1)
        {
            victim = aged.filter(|&(last, ..)| last + 1 == at);
        }
        if noun.trigger.is_some() && victim.is_none() {
            noun.plural = true;
            noun.group = modifier;
            // "civilian deaths": the group stands before the head.
            if noun.group.is_none() {
                noun.group = self.group_before(noun.words.clone());
            }
            return at;
        }
        match victim {
            Some((_, group, grammar)) => {
                let lends = group == Victims::People
                    || group == Victims::Men && modifier == Some(Victims::Combatants);
                let child = aged.is_some_and(|(_, group, _)| group == Victims::Children)
                    && matches!(group, Victims::People | Victims::Men | Victims::Women);
                noun.group = Some(match modifier {
                    // "his 6-year-old brother"
                    _ if child => Victims::Children,
                    Some(modifier) if lends => modifier,
                    _ => group,
                });
                noun.plural = grammar == Grammar::Plural;
                noun.name = names > 0 && !noun.plural;
            }
            None if seen > 0 => {
                noun.group = aged
                    .filter(|&(_, group, _)| names == seen && group == Victims::Children)
                    .map(|(_, group, _)| group);
                noun.thing = last_thing || noun.accident;
                // "presidential hopeful Lena Moss": what goes before two names is a title.
                noun.name = names > 0
                    && (names == seen || names >= 2)
                    && !noun.thing
                    && noun.determiner == Determiner::None;
                let word = self.lower(at - 1);
                if !noun.thing {
                    noun.plural = word.ends_with('s');
                    let counted = noun.figure.is_some() || noun.determiner == Determiner::Indefinite;
                    if is_person(word, counted, &self.document.language().sets) {
                        noun.group = Some(modifier.unwrap_or(Victims::People));
                        noun.name = false;
                    }
                }
            }
            None => {
                noun.plural = true;
            }
        }
        if family && victim.is_none() {
            noun.thing = false;
            noun.group = None;
            noun.plural = false;
        }
        at
    }

    /// "107 disfigured bodies"
    fn demise_follows(&self, at: usize) -> bool {
        self.triggers(at).is_some_and(|(readings, _)| {
            readings.iter().any(|reading| reading.frame == Frame::Noun && reading.outcome == Outcome::Killed)
        })
    }

    /// "70 army and rebel fighters": a conjunction that joins two modifiers of one noun.
    fn modifiers_join(&self, at: usize) -> bool {
        let modifier = |at: usize| {
            self.token(at)
                .and_then(|token| self.lexicon.victim(token.word))
                .is_some_and(|word| word.modifier.is_some())
        };
        let plural = |at: usize| {
            self.token(at)
                .and_then(|token| self.lexicon.victim(token.word))
                .is_some_and(|word| matches!(word.noun, Some((_, Grammar::Plural))))
        };
        // "14 Kuki and Meitei volunteers"
        let proper = |at: usize| {
            !self.capitals
                && self.token(at).is_some_and(|token| token.word.0 == 0 && token.case == Case::Title)
        };
        let alike = modifier(at - 1) && modifier(at + 1) || proper(at - 1) && proper(at + 1);
        alike && (at + 2..at + 4).any(plural)
    }

    fn group_before(&self, words: Range<usize>) -> Option<Victims> {
        words.into_iter().find_map(|at| {
            let entry = self.lexicon.victim(self.token(at)?.word)?;
            entry.modifier.or(entry.noun.map(|(group, _)| group)).filter(|&group| group != Victims::People)
        })
    }

    /// The group that an adjective or a name among some words lends: "rebel", "army".
    fn modifier_group(&self, mut words: Range<usize>) -> Option<Victims> {
        words.find_map(|at| self.lexicon.victim(self.token(at)?.word)?.modifier)
    }

    /// The group of a rank before a name among some words: "the General Luna battalion", not "the general assembly".
    fn rank_group(&self, mut words: Range<usize>) -> Option<Victims> {
        words.find_map(|at| {
            let (group, _) = self.lexicon.victim(self.token(at)?.word)?.noun?;
            let next = self.token(at + 1)?;
            let named = next.word.0 == 0 && matches!(next.case, Case::Title | Case::Upper);
            (named && group != Victims::People).then_some(group)
        })
    }

    /// The group of the first plural among some words that says more than "people".
    fn plural_group(&self, mut words: Range<usize>) -> Option<Victims> {
        words.find_map(|at| match self.lexicon.victim(self.token(at)?.word)?.noun? {
            (group, Grammar::Plural) if group != Victims::People => Some(group),
            _ => None,
        })
    }

    fn closes_soon(&self, at: usize) -> bool {
        let quote = |at: usize| {
            matches!(self.lower(at), "\"" | "\u{201c}" | "\u{201d}" | "'" | "\u{2018}" | "\u{2019}")
        };
        (at + 1..at + 5).any(quote) || (self.start.max(at.saturating_sub(4))..at).any(quote)
    }

    /// The group of "6-year-old", "three-year-old" and their like, and whether it means one.
    pub(super) fn age_group(&self, word: &str) -> Option<(Victims, Grammar)> {
        let (age, rest) = word.split_once('-')?;
        let (unit, old) = rest.split_once('-')?;
        let sets = &self.document.language().sets;
        let grammar = if sets.has(old, Set::Old) {
            Grammar::Singular
        } else if sets.has(old, Set::Olds) {
            Grammar::Plural
        } else {
            return None;
        };
        let in_words = || match self.lexicon.number(self.lexicon.look_up(age).0) {
            Some(NumberWord::Unit(years)) => Some(years),
            _ => None,
        };
        let child = if sets.has(unit, Set::Years) {
            age.parse().ok().or_else(in_words).is_some_and(|years: u64| years < 18)
        } else if sets.has(unit, Set::ChildUnits) {
            true
        } else {
            return None;
        };
        Some((if child { Victims::Children } else { Victims::People }, grammar))
    }

    /// Whether a clause goes on to a death: "two of the four who were shot died".
    fn dies_after(&self, start: usize) -> bool {
        const NEAR: usize = 12;
        (start..start + NEAR).any(|at| {
            self.trigger_frame(at).is_some_and(|trigger| {
                matches!(trigger.frame, Frame::Undergo(_)) && trigger.outcome == Outcome::Killed
            })
        })
    }

    /// Takes in what follows a head: "of them", "of five", a name.
    fn finish(&self, mut noun: Noun, start: usize, end: usize, partitive: bool) -> Option<Chunk> {
        let mut end = end;
        if partitive && self.is(end, Set::Of) {
            let family = noun.words.clone().any(|at| {
                self.token(at)
                    .and_then(|token| self.lexicon.victim(token.word))
                    .is_some_and(|word| word.family)
            });
            let number = number::figure(self.document, self.lexicon, end + 1, self.end);
            let head = end.saturating_sub(1);
            if let Some(number) = number {
                if family && noun.figure.is_none() {
                    end = number.tokens.end;
                    noun.figure = Some(number);
                    noun.group = Some(Victims::People);
                    noun.plural = true;
                    noun.thing = false;
                    return Some(Chunk { span: start..end, part: Part::Noun(Box::new(noun)) });
                }
                if noun.group.is_some() && !noun.plural && noun.trigger.is_none() {
                    // "a mother of three"
                    end = number.tokens.end + usize::from(self.is(number.tokens.end, Set::Offspring));
                    return Some(Chunk { span: start..end, part: Part::Noun(Box::new(noun)) });
                }
            }
            let collective = self.has(end.saturating_sub(1), Class::Collective);
            if (noun.bare || collective)
                && noun.trigger.is_none()
                && !self.is(end + 1, Set::AgeWord)
                && let Some(inner) = self.noun(end + 1, false)
            {
                {
                    let Part::Noun(other) = inner.part else { return None };
                    let vague = self.is(head, Set::NumberOf) && noun.determiner == Determiner::Indefinite;
                    let open = noun.bare || vague;
                    if other.trigger.is_some_and(|trigger| !(open && trigger.frame == Frame::Noun)) {
                        return Some(Chunk { span: start..end, part: Part::Noun(Box::new(noun)) });
                    }
                    if self.is(head, Set::Headcount) {
                        // "a number of civilians", "a group of children": no figure but those named.
                        if !vague && noun.figure.is_none() {
                            return Some(Chunk { span: start..end, part: Part::Noun(Box::new(noun)) });
                        }
                        let figure = if vague { Some(Figure::vague(start..end + 1, 2)) } else { noun.figure };
                        let words = inner.span.clone();
                        noun = *other;
                        noun.figure = figure;
                        noun.words = words;
                        return Some(Chunk { span: start..inner.span.end, part: Part::Noun(Box::new(noun)) });
                    }
                    // "one of the two women who were injured": those injured are two.
                    let inner_told = noun.bare
                        && other.figure.is_some()
                        && self.has(inner.span.end, Class::Relative)
                        && self.is(inner.span.end + 1, Set::SeveralAre)
                        && !self.dies_after(inner.span.end + 2);
                    if inner_told {
                        return Some(Chunk { span: start..inner.span.end, part: Part::Noun(other) });
                    }
                    if noun.bare {
                        noun.partitive = other.determiner != Determiner::None || other.pronoun;
                        // "one of its commanders Omar Haddad"
                        let named = || self.plural_group(inner.span.clone()).filter(|_| !other.thing);
                        noun.group = noun.group.or(other.group).or_else(named);
                        let strikes =
                            other.trigger.is_some_and(|trigger| trigger.outcome == Outcome::Strikes);
                        noun.thing = other.thing && !other.pronoun || strikes;
                        noun.state = other.state;
                        noun.words = inner.span.clone();
                        noun.bare = false;
                        noun.plural = true;
                        noun.trigger = None;
                    } else if noun.group.is_none_or(|group| group == Victims::People) {
                        // "members of the security forces", "leader of a rebel group"
                        let lent = self.modifier_group(inner.span.clone());
                        let lent = lent
                            .or_else(|| self.plural_group(inner.span.clone()))
                            .or_else(|| self.rank_group(inner.span.clone()));
                        noun.group = lent.filter(|group| *group == Victims::Combatants).or(noun.group);
                        noun.words.end = inner.span.end;
                    }
                    return Some(Chunk { span: start..inner.span.end, part: Part::Noun(Box::new(noun)) });
                }
            }
        }
        Some(Chunk { span: start..end, part: Part::Noun(Box::new(noun)) })
    }
}

/// Whether a word that the lexicon does not hold means persons by its ending.
fn is_person(word: &str, counted: bool, sets: &Sets) -> bool {
    let ends = |set: Set| sets.ending(word, set).is_some();
    counted && word.len() > 4 && (ends(Set::EndsPersons) || ends(Set::EndsPerson))
}
