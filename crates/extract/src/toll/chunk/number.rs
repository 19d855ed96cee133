//! Digits and number words that count nobody.

use annals_plugin::{Outcome, Victims};

use super::{Chunk, Chunker, NO_NOUN, Part};
use crate::lexicon::{Class, Form, Frame, Grammar, NumberWord, Set, Trigger};
use crate::number::{self, Figure};
use crate::text::{Case, Kind};

impl Chunker<'_> {
    /// Digits that are a date, a year, an age, an amount of money, a share or an address.
    pub(super) fn not_a_count(&self, at: usize, last: Option<&Chunk>) -> Option<usize> {
        let token = self.token(at)?;
        let digits = token.kind == Kind::Number;
        if !digits && !token.classes.has(Class::Number) {
            return None;
        }
        let before = at.checked_sub(1).filter(|&before| before >= self.start);
        if let Some(before) = before {
            if (self.has(before, Class::Numbered) || self.is(before, Set::Eldest)) && digits {
                return Some(at + 1);
            }
            let year = digits && token.end - token.start == 4;
            if let Some(end) = self.listed_ages(at).filter(|_| digits) {
                return Some(end);
            }
            // "ages 4 and 6", "aged 4, 6 and 9"
            if digits && self.in_ages(at) {
                return Some(at + 1);
            }
            // "on March 3 killed two men"
            let verb = self.trigger_frame(at + 1).is_some();
            if digits && self.has(before, Class::Month) && (year || verb || !self.person_follows(at + 1)) {
                return Some(at + 1);
            }
        }
        let next = self.lower(at + 1);
        // "in the last three days many were killed"
        if self.has(at + 1, Class::Measure) {
            return Some(at + 2);
        }
        // "Channel 7's tower"
        if digits && self.is(at + 1, Set::Owner) {
            return Some(at + 2);
        }
        if digits {
            let word = self.document.lower(at);
            let year = self.is_year(at);
            let clock = word.len() == 4 && at > self.start && self.is(at - 1, Set::BeforeClock);
            let dated = year
                && at >= self.start + 3
                && self.before(at) == ","
                && (self.has(at - 3, Class::Month) || self.has(at - 2, Class::Month));
            let participle = self.trigger_frame(at + 1).is_some()
                && !(year && at > self.start && self.is(at - 1, Set::BeforeYear));
            if dated || (year || clock) && !self.person_follows(at + 1) && !participle {
                return Some(at + 1);
            }
            if self.has(at + 1, Class::Month) && !self.is(at + 1, Set::May) {
                return Some(at + 2);
            }
            if next == "/" || self.before(at) == "/" || self.before(at) == "#" {
                return Some(at + 1);
            }
            // "all 16 or younger"
            if (self.is(at + 1, Set::Or) || self.is(at + 1, Set::And)) && self.has(at + 2, Class::Younger) {
                return Some(at + 3);
            }
            // "another teenager, also 15, was"
            let adverb = before.is_some_and(|before| self.has(before, Class::Adverb))
                && at >= self.start + 2
                && self.lower(at - 2) == ","
                && next == ","
                && word.len() <= 2;
            if adverb {
                return Some(at + 1);
            }
            // "Omar Haddad, 23, was": an age after a name or a single person.
            let age =
                word.len() <= 3 && !word.contains(',') && word.parse::<u32>().is_ok_and(|age| age < 115);
            let after_person = last.is_some_and(|chunk| match &chunk.part {
                Part::Noun(noun) => noun.name || (noun.group.is_some() && !noun.plural && !noun.bare),
                Part::Comma | Part::Open => true,
                _ => false,
            }) && before.is_some_and(|before| {
                let mark = self.document.lower(before);
                !matches!(mark, "," | "(") || self.ends_in_person(before)
            });
            let closes = matches!(next, "," | ")" | "." | ";" | "" | "-" | "\u{2013}" | "\u{2014}")
                || self.is(at + 1, Set::And)
                || self.has(at + 1, Class::Be) && !self.counts_at_place(before, at + 1)
                || self.has(at + 1, Class::Preposition)
                || self.named_in_full(before) && self.goes_on(at + 1);
            if age && after_person && closes && matches!(self.before(at), "," | "(") {
                return Some(at + 1);
            }
        }
        // "Mary Dorr, three, was", "a boy, five, and": an age in words.
        if !digits
            && next == ","
            && self.before(at) == ","
            && before.is_some_and(|before| self.ends_in_person(before))
        {
            return Some(at + 1);
        }
        let years = self.has(at + 1, Class::NotVictims) && self.is(at + 1, Set::Years);
        (years && (self.is(at + 2, Set::Old) || self.is(at + 2, Set::Of))).then_some(at + 3)
    }

    /// Whether a name that a comma closes stands after a preposition.
    fn placed(&self, comma: usize) -> bool {
        const LONGEST_NAME: usize = 4;
        let name = |at: usize| {
            let token = &self.document.tokens()[at];
            token.kind == Kind::Word && matches!(token.case, Case::Title | Case::Upper)
        };
        (self.start..comma)
            .rev()
            .take(LONGEST_NAME + 1)
            .find(|&at| !name(at) || self.has(at, Class::Preposition))
            .is_some_and(|at| self.has(at, Class::Preposition))
    }

    /// "In Homs, 12 were killed": a plural verb counts those at a place.
    fn counts_at_place(&self, comma: Option<usize>, verb: usize) -> bool {
        self.document.language().sets.has(self.lower(verb), Set::SeveralAre)
            && comma.is_some_and(|comma| self.placed(comma))
    }

    /// Whether a comma closes the first and last name of a person, who is no place after a preposition: "Omar Haddad, 23 likely".
    fn named_in_full(&self, comma: Option<usize>) -> bool {
        let name = |at: usize| {
            at >= self.start
                && self.token(at).is_some_and(|token| token.kind == Kind::Word && token.word.0 == 0)
        };
        let Some(last) = comma.and_then(|comma| comma.checked_sub(1)) else { return false };
        let Some(first) = last.checked_sub(1).filter(|&first| name(first) && name(last)) else {
            return false;
        };
        let capital = |at: usize| matches!(self.document.tokens()[at].case, Case::Title | Case::Upper);
        capital(first) && !self.capitals && !comma.is_some_and(|comma| self.placed(comma))
    }

    /// Whether a clause goes on at a token: with an adverb, an auxiliary or a verb that harms nobody.
    fn goes_on(&self, at: usize) -> bool {
        const VERBAL: &[Class] =
            &[Class::Be, Class::Have, Class::Do, Class::Modal, Class::Say, Class::Adverb];
        let likely = self.ends(at, Set::EndsLy);
        (likely || self.has_any(at, VERBAL) || self.verbal(at))
            && self.trigger_frame(at).is_none()
            && !self.person_follows(at)
    }

    pub(super) fn is_year(&self, at: usize) -> bool {
        let word = self.lower(at);
        word.len() == 4
            && (word.starts_with("19") || word.starts_with("20"))
            && word.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// "13 year-old", "28 year old", "57- year- old" before a noun: its end, and the group that the age tells.
    pub(super) fn age(&self, at: usize) -> Option<(usize, Victims)> {
        let token = self.token(at)?;
        if token.kind == Kind::Word && self.has(at + 1, Class::Age) {
            return self.age_in_words(at);
        }
        if token.kind != Kind::Number || token.end - token.start > 3 {
            return None;
        }
        let hyphen = |at: usize| usize::from(matches!(self.lower(at), "-" | "\u{2010}" | "\u{2011}"));
        let unit = at + 1 + hyphen(at + 1);
        let sets = &self.document.language().sets;
        let (child, end) = match self.lower(unit).split_once('-') {
            Some((unit, old)) if sets.has(old, Set::Old) => (!sets.has(unit, Set::Years), at + 1),
            None if self.has(unit, Class::Age) => {
                let old = unit + 1 + hyphen(unit + 1);
                (!self.is(unit, Set::Years), if self.is(old, Set::Old) { old } else { return None })
            }
            _ => return None,
        };
        let years = self.lower(at).parse::<u32>().ok()?;
        let end = end.max(unit) + 1;
        Some((end, if child || years < 18 { Victims::Children } else { Victims::People }))
    }

    /// "twenty-two year old" before a noun.
    fn age_in_words(&self, at: usize) -> Option<(usize, Victims)> {
        let years = number::figure(self.document, self.lexicon, at, self.end)?;
        let unit = years.value.end;
        let old = self.has(unit, Class::Age) && self.is(unit + 1, Set::Old) && years.value.start == at;
        let child = years.low < Some(18) || !self.is(unit, Set::Years);
        old.then_some((unit + 2, if child { Victims::Children } else { Victims::People }))
    }

    /// "triple murder", "double shooting": the number of victims, the deed, and where it ends.
    pub(super) fn fold(&self, at: usize) -> Option<(Figure, Trigger, usize)> {
        let token = self.token(at).filter(|token| token.classes.has(Class::Fold))?;
        let Some(NumberWord::Fold(value)) = self.lexicon.number(token.word) else { return None };
        let (readings, length) = self.triggers(at + 1)?;
        let reading = |wanted: Frame| readings.iter().copied().find(|reading| reading.frame == wanted);
        let deed = reading(Frame::Noun).or_else(|| reading(Frame::Verb(Form::Ing)))?;
        let harms = matches!(deed.outcome, Outcome::Killed | Outcome::Injured | Outcome::Abducted);
        let trigger = Trigger { frame: Frame::Noun, ..deed };
        harms.then(|| (Figure::exact(at..at + 1, value), trigger, at + 1 + length))
    }

    /// "two men, 18 and 19, were": where the ages of several persons end, if they begin here.
    fn listed_ages(&self, at: usize) -> Option<usize> {
        let plural = |at: usize| {
            let entry = self.token(at).and_then(|token| self.lexicon.victim(token.word));
            matches!(entry.and_then(|entry| entry.noun), Some((_, Grammar::Plural)))
        };
        let number = |at: usize| {
            self.token(at).is_some_and(|token| token.kind == Kind::Number && token.end - token.start <= 2)
        };
        if self.before(at) != "," || at < self.start + 2 || !plural(at - 2) {
            return None;
        }
        let mut end = at;
        while number(end) || number(end + 1) && self.lists(end) {
            end += 1;
        }
        let closed = matches!(self.lower(end), "," | ")" | "") || self.has(end, Class::Be);
        (end > at + 2 && closed).then_some(end)
    }

    /// "6- and 10-year-old" before a plural: where the second age stands.
    pub(super) fn two_ages(&self, at: usize) -> Option<usize> {
        let digits = self.token(at).is_some_and(|token| token.kind == Kind::Number);
        let joined = matches!(self.lower(at + 1), "-" | "\u{2010}" | "\u{2011}")
            && self.has(at + 2, Class::Conjunction)
            && self.age_group(self.lower(at + 3)).is_some();
        (digits && joined).then_some(at + 3)
    }

    /// "ages 3 and 5", "aged 4, 6 and 9": the end of the list.
    pub(super) fn ages(&self, at: usize) -> Option<usize> {
        let number = |at: usize| self.token(at).is_some_and(|token| token.kind == Kind::Number);
        // "Lena Moss and Omar Haddad, both 16 and"
        if self.is(at, Set::Both) && number(at + 1) {
            let ends = self.has(at + 2, Class::Conjunction) || matches!(self.lower(at + 2), "," | "." | "");
            return ends.then_some(at + 2);
        }
        if !self.is(at, Set::Ages) {
            return None;
        }
        let mut end = at + 1;
        while number(end) || number(end + 1) && self.lists(end) {
            end += 1;
        }
        number(at + 1).then_some(end)
    }

    /// Whether a token parts the members of a list.
    fn lists(&self, at: usize) -> bool {
        self.lower(at) == "," || self.is(at, Set::And)
    }

    /// Whether digits stand in a list that "ages" or "aged" opened.
    fn in_ages(&self, at: usize) -> bool {
        (self.start.max(at.saturating_sub(8))..at)
            .rev()
            .find(|&left| {
                let token = &self.document.tokens()[left];
                !(token.kind == Kind::Number || self.lists(left))
            })
            .is_some_and(|left| self.is(left, Set::Ages) || self.is(left, Set::AgeWord))
    }

    /// Whether the word before a comma can be the end of one person's name or noun.
    fn ends_in_person(&self, comma: usize) -> bool {
        let Some(word) = comma.checked_sub(1).filter(|&word| word >= self.start) else { return false };
        let token = &self.document.tokens()[word];
        let noun = self.lexicon.victim(token.word).and_then(|word| word.noun);
        let capital = |at: usize| matches!(self.document.tokens()[at].case, Case::Title | Case::Upper);
        // "Shawn Miles, 37,": a last name that is a word too.
        let first_name = || {
            let first = word.checked_sub(1).filter(|&first| first >= self.start);
            let unknown = |at: usize| self.document.tokens()[at].word.0 == 0;
            !self.capitals
                // "Omar haddad, 22 was"
                && (capital(word) || token.kind == Kind::Word && unknown(word))
                && first.is_some_and(|first| capital(first) && self.document.tokens()[first].word.0 == 0)
        };
        matches!(noun, Some((_, Grammar::Singular)))
            || first_name()
            || (token.kind == Kind::Word
                && token.word.0 == 0
                && (self.capitals || matches!(token.case, Case::Title | Case::Upper)))
            || self.document.lower(word) == "."
            || self.is(word, Set::NameEnds)
    }

    pub(super) fn person_follows(&self, at: usize) -> bool {
        (at..at + 3).any(|at| {
            self.token(at)
                .is_some_and(|token| token.classes.has(Class::Victim) && !token.classes.any(NO_NOUN))
        }) && self.token(at).is_some_and(|token| token.kind == Kind::Word && !token.classes.any(NO_NOUN))
            && !self.has(at, Class::Subordinator)
    }
}
