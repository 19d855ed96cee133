//! Groups the tokens of a sentence into noun groups, verb groups and what joins them.

use std::ops::Range;

use annals_plugin::{Outcome, Victims};

use crate::lexicon::{Class, Form, Frame, Grammar, Lexicon, NumberWord, Trigger};
use crate::number::{self, Figure};
use crate::text::{Case, Document, Kind, Token};

/// A group of tokens that stands as one in a sentence.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) span: Range<usize>,
    pub(super) part: Part,
}

#[derive(Debug, Clone)]
pub(super) enum Part {
    Noun(Box<Noun>),
    Verb(Box<Verb>),
    /// "dead", "missing" away from verb and noun.
    State(Outcome),
    Preposition,
    Conjunction,
    Comma,
    Relative,
    Subordinator,
    /// "including", "among them".
    Subset,
    Open,
    Close,
    /// A dash or a colon.
    Dash,
    /// Any other mark or word.
    Other,
}

/// What opens a noun group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Determiner {
    None,
    Indefinite,
    Definite,
    Possessive,
}

/// A noun group: "at least 12 Syrian soldiers", "a boy", "8 wounded", "25 civilian deaths", "Omar Haddad".
#[derive(Debug, Clone)]
pub(super) struct Noun {
    pub(super) figure: Option<Figure>,
    pub(super) determiner: Determiner,
    /// The group without number and determiner.
    pub(super) words: Range<usize>,
    /// Those it names, if they are persons.
    pub(super) group: Option<Victims>,
    pub(super) plural: bool,
    /// A proper name.
    pub(super) name: bool,
    pub(super) pronoun: bool,
    /// One person by "he" or "she".
    pub(super) single: bool,
    /// Units, buildings, weapons and the like.
    pub(super) thing: bool,
    /// A number with no noun.
    pub(super) bare: bool,
    /// "others", "12 more", "another".
    pub(super) others: bool,
    /// "of them", "of the dead": a part of a group told before.
    pub(super) partitive: bool,
    /// "wounded soldiers", "the dead".
    pub(super) state: Option<Outcome>,
    /// The head counts or names harm: "deaths", "the killing", "death toll".
    pub(super) trigger: Option<Trigger>,
    pub(super) accident: bool,
    /// "every person", "any soldier": none in particular.
    pub(super) generic: bool,
}

impl Noun {
    /// Whether it can be those who were harmed.
    pub(super) fn person(&self) -> bool {
        !self.thing && self.trigger.is_none() && (self.group.is_some() || self.single)
    }

    /// Whether its number is told.
    pub(super) fn counted(&self) -> bool {
        self.figure.is_some() && !self.thing && self.trigger.is_none()
    }
}

/// A verb group: "may have been killed", "were found dead", "said".
#[derive(Debug, Clone)]
pub(super) struct Verb {
    pub(super) trigger: Option<Trigger>,
    /// Also an adjective or participle that may stand after a noun.
    pub(super) passive: bool,
    pub(super) perfect: bool,
    pub(super) modal: bool,
    pub(super) negated: bool,
    /// "to kill"
    pub(super) infinitive: bool,
    pub(super) feared: bool,
    pub(super) say: bool,
    pub(super) unfulfilled: bool,
    /// A form of "be" and no other verb.
    pub(super) copula: bool,
    /// "left", "leaving", which take "12 dead".
    pub(super) form: Form,
    /// The main verb.
    pub(super) main: usize,
}

pub(super) fn chunks(document: &Document<'_>, lexicon: &Lexicon, sentence: usize) -> Vec<Chunk> {
    let range = document.sentences()[sentence].tokens.clone();
    let capitals = document.sentences()[sentence].capitals || title_case(document, &range);
    let chunker = Chunker { document, lexicon, end: range.end, start: range.start, capitals };
    let mut chunks = Vec::with_capacity(range.len() / 2 + 1);
    let mut at = range.start;
    while at < range.end {
        let chunk = chunker.chunk(at, chunks.last());
        at = chunk.span.end.max(at + 1);
        chunks.push(chunk);
    }
    let mut kept: Vec<Chunk> = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        if !matches!(chunk.part, Part::Other) {
            kept.push(chunk);
            continue;
        }
        // "to June", "on Friday": the day takes its preposition with it, lest that govern the noun after it.
        let token = &document.tokens()[chunk.span.start];
        let dated = token.classes.any(&[Class::Month, Class::Weekday]) || token.kind == Kind::Number;
        if dated
            && kept.last().is_some_and(|last| {
                matches!(last.part, Part::Preposition) && last.span.end == chunk.span.start
            })
        {
            kept.pop();
        }
    }
    kept
}

/// A headline in which most words have capitals says nothing of names by them.
fn title_case(document: &Document<'_>, range: &Range<usize>) -> bool {
    let (mut title, mut lower) = (0, 0);
    for token in &document.tokens()[range.clone()] {
        if token.kind == Kind::Word && token.end - token.start > 3 {
            match token.case {
                Case::Title | Case::Upper => title += 1,
                Case::Lower => lower += 1,
                Case::None => {}
            }
        }
    }
    title > 2 * lower && title >= 4
}

struct Chunker<'a> {
    document: &'a Document<'a>,
    lexicon: &'a Lexicon,
    start: usize,
    end: usize,
    capitals: bool,
}

const NO_NOUN: &[Class] = &[
    Class::Preposition,
    Class::Conjunction,
    Class::Relative,
    Class::Be,
    Class::Have,
    Class::Modal,
    Class::Do,
    Class::Pronoun,
    Class::Negation,
    Class::Say,
    Class::Month,
    Class::Weekday,
    Class::Determiner,
    Class::Possessive,
];

impl Chunker<'_> {
    fn token(&self, at: usize) -> Option<&Token> {
        (at < self.end).then(|| &self.document.tokens()[at])
    }

    fn lower(&self, at: usize) -> &str {
        if at < self.end { self.document.lower(at) } else { "" }
    }

    fn has(&self, at: usize, class: Class) -> bool {
        self.token(at).is_some_and(|token| token.classes.has(class))
    }

    fn before(&self, at: usize) -> &str {
        if at > self.start { self.document.lower(at - 1) } else { "" }
    }

    fn triggers(&self, at: usize) -> Option<(&[Trigger], usize)> {
        if !self.has(at, Class::Trigger) {
            return None;
        }
        self.lexicon.trigger(self.document.tokens()[at..self.end].iter().map(|token| token.word))
    }

    fn chunk(&self, at: usize, last: Option<&Chunk>) -> Chunk {
        let token = self.document.tokens()[at];
        let one = |part| Chunk { span: at..at + 1, part };
        if token.kind == Kind::Mark {
            return one(match self.lower(at) {
                "," | ";" => Part::Comma,
                "(" | "[" => Part::Open,
                ")" | "]" => Part::Close,
                "-" | "\u{2013}" | "\u{2014}" | ":" => Part::Dash,
                "&" => Part::Conjunction,
                "$" | "\u{a3}" | "\u{20ac}"
                    if self.token(at + 1).is_some_and(|token| token.kind == Kind::Number) =>
                {
                    return Chunk { span: at..at + 2, part: Part::Other };
                }
                _ => Part::Other,
            });
        }
        if let Some(length) = self.joins(at) {
            return Chunk { span: at..at + length, part: Part::Conjunction };
        }
        if let Some(end) = self.subset(at) {
            return Chunk { span: at..end, part: Part::Subset };
        }
        if let Some(end) = self.not_a_count(at, last) {
            return Chunk { span: at..end, part: Part::Other };
        }
        if let Some(verb) = self.verb(at) {
            return verb;
        }
        if let Some((readings, length)) = self.triggers(at) {
            let state = readings.iter().find(|reading| reading.frame == Frame::State);
            if let Some(state) = state
                && !self.noun_follows(at + length)
            {
                return Chunk { span: at..at + length, part: Part::State(state.outcome) };
            }
        }
        if let Some(noun) = self.noun(at, true) {
            return noun;
        }
        let part = if token.classes.has(Class::Relative) {
            Part::Relative
        } else if token.classes.has(Class::Subordinator) {
            // "after the attack" is a preposition's work; a clause boundary only where a clause follows.
            if token.classes.has(Class::Preposition) { Part::Preposition } else { Part::Subordinator }
        } else if token.classes.has(Class::Preposition) {
            Part::Preposition
        } else if token.classes.has(Class::Conjunction) {
            Part::Conjunction
        } else {
            Part::Other
        };
        one(part)
    }

    fn noun_follows(&self, at: usize) -> bool {
        self.token(at).is_some_and(|token| {
            token.classes.has(Class::Victim)
                && self.lexicon.victim(token.word).is_some_and(|word| word.noun.is_some())
                && !token.classes.has(Class::Trigger)
        })
    }

    /// "as well as", "along with": words that join as "and" does; their number.
    fn joins(&self, at: usize) -> Option<usize> {
        match (self.lower(at), self.lower(at + 1), self.lower(at + 2)) {
            ("as", "well", "as") => Some(3),
            ("along" | "together", "with", _) => Some(2),
            _ => None,
        }
    }

    /// "including", "among them", "of whom"; the end of the phrase.
    fn subset(&self, at: usize) -> Option<usize> {
        let next = self.lower(at + 1);
        match self.lower(at) {
            "including" | "inclduing" | "comprising" => Some(at + 1),
            "include" | "includes" | "included" => Some(at + 1),
            "among" | "amongst" if matches!(next, "them" | "whom" | "which") => Some(at + 2),
            "of" if matches!(next, "whom" | "which") => Some(at + 2),
            "most" | "many" | "some" | "all"
                if next == "of" && matches!(self.lower(at + 2), "them" | "whom") =>
            {
                Some(at + 3)
            }
            _ => None,
        }
    }

    /// Digits that are a date, a year, an age, an amount of money, a share or an address.
    fn not_a_count(&self, at: usize, last: Option<&Chunk>) -> Option<usize> {
        let token = self.token(at)?;
        let digits = token.kind == Kind::Number;
        if !digits && !token.classes.has(Class::Number) {
            return None;
        }
        let before = at.checked_sub(1).filter(|&before| before >= self.start);
        if let Some(before) = before {
            let word = self.document.lower(before);
            if matches!(
                word,
                "age"
                    | "aged"
                    | "ages"
                    | "no"
                    | "number"
                    | "article"
                    | "resolution"
                    | "page"
                    | "chapter"
                    | "highway"
                    | "route"
                    | "flight"
            ) && digits
            {
                return Some(at + 1);
            }
            let year = digits && token.end - token.start == 4;
            // "ages 4 and 6", "aged 4, 6 and 9"
            if digits && self.in_ages(at) {
                return Some(at + 1);
            }
            if digits && self.has(before, Class::Month) && (year || !self.person_follows(at + 1)) {
                return Some(at + 1);
            }
        }
        let next = self.lower(at + 1);
        if digits {
            let word = self.document.lower(at);
            let year = word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
            let clock = word.len() == 4
                && matches!(self.before(at), "at" | "by" | "around" | "until" | "from" | "about" | "since");
            let dated = year
                && at >= self.start + 3
                && self.before(at) == ","
                && (self.has(at - 3, Class::Month) || self.has(at - 2, Class::Month));
            let participle = self.trigger_frame(at + 1).is_some();
            if dated || (year || clock) && !self.person_follows(at + 1) && !participle {
                return Some(at + 1);
            }
            if self.has(at + 1, Class::Month) && !next.eq("may") {
                return Some(at + 2);
            }
            if matches!(
                next,
                "%" | "percent" | "pct" | "gmt" | "hrs" | "am" | "pm" | "a.m." | "p.m." | "a.m" | "p.m"
            ) {
                return Some(at + 2);
            }
            if next == "/" || self.before(at) == "/" || self.before(at) == "#" {
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
            let closes = matches!(next, "," | ")" | "." | ";" | "" | "and")
                || self.has(at + 1, Class::Be)
                || self.has(at + 1, Class::Preposition);
            if age && after_person && closes && matches!(self.before(at), "," | "(") {
                return Some(at + 1);
            }
        }
        let years = self.has(at + 1, Class::NotVictims) && matches!(next, "year" | "years");
        (years && matches!(self.lower(at + 2), "old" | "of")).then_some(at + 3)
    }

    /// Whether digits stand in a list that "ages" or "aged" opened.
    fn in_ages(&self, at: usize) -> bool {
        (self.start.max(at.saturating_sub(8))..at)
            .rev()
            .find(|&left| {
                let token = &self.document.tokens()[left];
                !(token.kind == Kind::Number || matches!(self.document.lower(left), "," | "and"))
            })
            .is_some_and(|left| matches!(self.document.lower(left), "ages" | "aged" | "age"))
    }

    /// Whether a determiner stands before a word, so that it is no verb.
    fn determined(&self, at: usize) -> bool {
        at > self.start
            && self.document.tokens()[at - 1].classes.any(&[Class::Determiner, Class::Possessive])
            && !matches!(
                self.before(at),
                "that" | "all" | "both" | "some" | "any" | "each" | "her" | "this" | "several" | "another"
            )
    }

    fn opens_clause(&self, at: usize) -> bool {
        self.verbal(at)
            || self.trigger_frame(at).is_some()
            || self.token(at).is_some_and(|token| {
                token.kind != Kind::Word
                    || token.classes.any(&[
                        Class::Be,
                        Class::Have,
                        Class::Modal,
                        Class::Do,
                        Class::Determiner,
                        Class::Possessive,
                        Class::Pronoun,
                        Class::Number,
                        Class::Qualifier,
                        Class::Preposition,
                        Class::Subordinator,
                        Class::Adverb,
                    ])
            })
    }

    /// Whether the word before a comma can be the end of one person's name or noun.
    fn ends_in_person(&self, comma: usize) -> bool {
        let Some(word) = comma.checked_sub(1).filter(|&word| word >= self.start) else { return false };
        let token = &self.document.tokens()[word];
        let noun = self.lexicon.victim(token.word).and_then(|word| word.noun);
        matches!(noun, Some((_, Grammar::Singular)))
            || (token.kind == Kind::Word
                && token.word.0 == 0
                && (self.capitals || matches!(token.case, Case::Title | Case::Upper)))
            || matches!(self.document.lower(word), "jr" | "sr" | ".")
    }

    fn person_follows(&self, at: usize) -> bool {
        (at..at + 3).any(|at| {
            self.token(at)
                .is_some_and(|token| token.classes.has(Class::Victim) && !token.classes.any(NO_NOUN))
        }) && self.token(at).is_some_and(|token| token.kind == Kind::Word && !token.classes.any(NO_NOUN))
            && !self.has(at, Class::Subordinator)
    }

    /// A verb group at a token.
    fn verb(&self, start: usize) -> Option<Chunk> {
        let mut verb = Verb {
            trigger: None,
            passive: false,
            perfect: false,
            modal: false,
            negated: false,
            infinitive: false,
            feared: false,
            say: false,
            unfulfilled: false,
            copula: false,
            form: Form::Base,
            main: start,
        };
        let mut at = start;
        let mut auxiliary = false;
        let mut be = false;
        loop {
            let token = self.token(at)?;
            let classes = token.classes;
            if classes.has(Class::Modal) && self.lower(at) != "may"
                || self.lower(at) == "may" && !self.month_may(at)
            {
                verb.modal = true;
            } else if classes.has(Class::Have) {
                verb.perfect = true;
            } else if classes.has(Class::Be) {
                be = true;
            } else if classes.has(Class::Do) {
            } else if matches!(self.lower(at), "not" | "n't" | "never" | "cannot") {
                verb.negated = true;
            } else if self.lower(at) == "to" && self.verb_base(at + 1) {
                verb.infinitive = true;
            } else if auxiliary
                && (classes.has(Class::Adverb) || self.lower(at).ends_with("ly"))
                && self.trigger_frame(at).is_none()
            {
                at += 1;
                continue;
            } else {
                break;
            }
            auxiliary = true;
            at += 1;
            if at >= self.end {
                break;
            }
        }
        // "were reported killed", "are feared to have been killed", "were confirmed dead".
        if be && let Some(token) = self.token(at) {
            let word = self.lower(at);
            let links = token.classes.has(Class::Say)
                || matches!(
                    word,
                    "feared"
                        | "presumed"
                        | "thought"
                        | "known"
                        | "found"
                        | "left"
                        | "pronounced"
                        | "declared"
                        | "listed"
                        | "believed"
                        | "among"
                        | "discovered"
                        | "either"
                        | "both"
                        | "to"
                );
            if links {
                let mut next = at + 1;
                if self.lower(next) == "to" {
                    next += 1;
                }
                while self.has(next, Class::Have)
                    || self.has(next, Class::Be)
                    || self.has(next, Class::Adverb)
                {
                    next += 1;
                }
                let frame = self.trigger_frame(next);
                if frame.is_some() && !(matches!(word, "among")) {
                    verb.feared |= matches!(word, "feared" | "presumed" | "thought");
                    at = next;
                } else if matches!(word, "feared" | "presumed") {
                    verb.feared = true;
                }
            }
        }
        let done =
            |verb: Verb, end: usize| Some(Chunk { span: start..end, part: Part::Verb(Box::new(verb)) });
        if at >= self.end {
            if auxiliary {
                verb.copula = be;
                return done(verb, at);
            }
            return None;
        }
        if let Some((trigger, length)) = self.verb_trigger(at, auxiliary, be, start) {
            verb.main = at;
            verb.passive = be;
            if let Frame::Verb(form) | Frame::Undergo(form) = trigger.frame {
                verb.form = form;
            }
            verb.trigger = Some(trigger);
            return done(verb, at + length);
        }
        let token = self.token(at)?;
        let word = self.lower(at);
        if auxiliary || self.verbal(at) {
            if self.verbal(at) {
                verb.say = token.classes.has(Class::Say);
                verb.unfulfilled = token.classes.has(Class::Unfulfilled);
                verb.passive = be;
                verb.main = at;
                verb.form = if word.ends_with("ing") {
                    Form::Ing
                } else if word.ends_with("ed") {
                    Form::Past
                } else {
                    Form::Base
                };
                verb.feared |= word == "feared";
                return done(verb, at + 1);
            }
            if auxiliary && at > start {
                verb.copula = be;
                return done(verb, at);
            }
        }
        None
    }

    fn month_may(&self, at: usize) -> bool {
        self.token(at + 1).is_some_and(|token| token.kind == Kind::Number)
            || at > self.start && self.document.tokens()[at - 1].kind == Kind::Number
            || (matches!(self.before(at), "in" | "of" | "on" | "since" | "last" | "until"))
    }

    fn verb_base(&self, at: usize) -> bool {
        let Some(token) = self.token(at) else { return false };
        token.classes.any(&[Class::Be, Class::Have, Class::Verb, Class::Say])
            || token.classes.has(Class::Trigger)
                && self.triggers(at).is_some_and(|(readings, _)| {
                    readings.iter().any(|reading| {
                        matches!(reading.frame, Frame::Verb(Form::Base) | Frame::Undergo(Form::Base))
                    })
                })
    }

    fn trigger_frame(&self, at: usize) -> Option<Trigger> {
        self.triggers(at).and_then(|(readings, _)| {
            readings
                .iter()
                .copied()
                .find(|reading| !matches!(reading.frame, Frame::Noun | Frame::Harm | Frame::Toll))
        })
    }

    /// The trigger of a verb group at a token, if it is a verb there and not a noun.
    fn verb_trigger(&self, at: usize, auxiliary: bool, be: bool, start: usize) -> Option<(Trigger, usize)> {
        let (readings, length) = self.triggers(at)?;
        let noun = readings.iter().any(|reading| matches!(reading.frame, Frame::Noun | Frame::Harm))
            || self.has(at, Class::Noun);
        if be {
            let fits = readings.iter().copied().find(|reading| {
                matches!(
                    reading.frame,
                    Frame::Verb(Form::Past | Form::Participle) | Frame::Passive | Frame::State
                ) || matches!(reading.frame, Frame::Verb(Form::Ing) | Frame::Undergo(Form::Ing | Form::Past))
            });
            let fits =
                fits.filter(|reading| reading.frame != Frame::State || !self.noun_follows(at + length))?;
            return Some((self.deadly(fits, at + length), length));
        }
        let mut verbs = readings
            .iter()
            .copied()
            .filter(|reading| matches!(reading.frame, Frame::Verb(_) | Frame::Undergo(_) | Frame::Passive));
        // "hurt" is base, past and participle: alone it is one of the latter.
        let verb = verbs
            .clone()
            .find(|reading| !auxiliary && reading.frame == Frame::Verb(Form::Past))
            .or(verbs.next())?;
        let determined = at > self.start && start == at && self.determined(at);
        if noun && !auxiliary {
            let object = self.token(at + length).is_some_and(|token| {
                token.kind == Kind::Number
                    || token.classes.any(&[
                        Class::Determiner,
                        Class::Number,
                        Class::Qualifier,
                        Class::Possessive,
                        Class::Victim,
                    ])
                    || token.classes.any(&[Class::Pronoun])
                    || (token.word.0 == 0
                        && matches!(token.case, Case::Title)
                        && !self.capitals
                        && matches!(verb.frame, Frame::Verb(Form::Ing)))
            }) && self.lower(at + length) != "of";
            let after = at == self.start
                || determined
                || self.has(at - 1, Class::Preposition) && !matches!(verb.frame, Frame::Verb(Form::Ing))
                || self.token(at - 1).is_some_and(|token| token.classes.has(Class::Trigger))
                    && matches!(verb.frame, Frame::Verb(Form::Base | Form::Third));
            if !object || (after && at != self.start) {
                return None;
            }
        }
        if determined && !matches!(verb.frame, Frame::Verb(Form::Third)) {
            return None;
        }
        Some((self.deadly(verb, at + length), length))
    }

    /// "shot ... dead", "shot him to death", "shot and later died": a wounding that kills.
    fn deadly(&self, trigger: Trigger, after: usize) -> Trigger {
        if trigger.outcome != Outcome::Injured || !matches!(trigger.frame, Frame::Verb(_)) {
            return trigger;
        }
        for at in after..(after + 7).min(self.end) {
            let word = self.lower(at);
            let deadly = word == "to" && self.lower(at + 1) == "death"
                || word == "dead" && at <= after + 3
                || word == "fatally"
                || word == "and"
                    && matches!(
                        self.lower(at + 1),
                        "killed" | "died" | "dead" | "murdered" | "kills" | "kill" | "killing"
                    )
                || word == "and" && self.lower(at + 1) == "later" && self.lower(at + 2) == "died"
                || word == "and" && self.lower(at + 1) == "fatally";
            if deadly {
                return Trigger { outcome: Outcome::Killed, ..trigger };
            }
            if matches!(word, "," | "." | ";" | "who" | "when" | "while")
                || (word == "and" && at > after)
                || self.token(at).is_some_and(|token| token.kind == Kind::Number)
            {
                break;
            }
        }
        trigger
    }

    /// Whether a word is a verb that is no trigger.
    fn verbal(&self, at: usize) -> bool {
        let Some(token) = self.token(at) else { return false };
        if token.kind != Kind::Word {
            return false;
        }
        let classes = token.classes;
        let capital = token.case == Case::Title && !self.capitals && at > self.start;
        if capital
            && classes.any(&[Class::Say, Class::Verb])
            && self.document.tokens()[at - 1].kind == Kind::Word
        {
            return false;
        }
        if classes.has(Class::Say) {
            // "reports of casualties", "claims": nouns after determiners and adjectives.
            return !self.determined(at);
        }
        if classes.has(Class::Verb) {
            let noun = classes.any(&[Class::NotVictims, Class::Noun]);
            return !(noun || self.determined(at));
        }
        if classes.any(&[Class::Adjective, Class::Noun, Class::NotVictims, Class::Victim, Class::Number])
            || classes.any(NO_NOUN)
            || self.triggers(at).is_some()
        {
            return false;
        }
        if !classes.only(&[Class::Trigger, Class::Unfulfilled, Class::Opener, Class::Qualifier]) {
            return false;
        }
        let word = self.lower(at);
        let name = matches!(token.case, Case::Title | Case::Upper) && !self.capitals && at > self.start;
        let length = word.len();
        !name
            && !word.contains('-')
            && length > 4
            && (word.ends_with("ed") || word.ends_with("ing"))
            && !self.determined(at)
    }

    /// A noun group at a token. `partitive` allows "of them" after it.
    fn noun(&self, start: usize, partitive: bool) -> Option<Chunk> {
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
        if first.classes.has(Class::Pronoun) && !first.classes.has(Class::Possessive)
            || first.classes.has(Class::Pronoun) && self.lower(start) != "her"
        {
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
        if matches!(self.lower(at), "nobody" | "none")
            || self.lower(at) == "no" && self.lower(at + 1) == "one"
        {
            let end = at + 1 + usize::from(self.lower(at) == "no");
            noun.figure = Some(Figure::exact(at..end, 0));
            noun.bare = true;
            noun.plural = true;
            noun.group = Some(Victims::People);
            if self.lower(at) == "none" {
                noun.group = None;
            }
            at = end;
            noun.words = at..at;
            return self.finish(noun, start, at, partitive);
        }
        loop {
            let word = self.lower(at);
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
            match word {
                "no" | "neither" => {
                    noun.figure = Some(Figure::exact(at..at + 1, 0));
                }
                "a" | "an" if noun.determiner == Determiner::None => noun.determiner = Determiner::Indefinite,
                "another" => {
                    noun.determiner = Determiner::Indefinite;
                    noun.others = true;
                }
                "other" | "more" | "additional" | "further" | "extra"
                    if noun.determiner != Determiner::None
                        || noun.figure.is_some()
                        || at == start && word == "other" =>
                {
                    noun.others = true;
                }
                "every" | "each" | "any" => {
                    noun.generic = true;
                    noun.determiner = Determiner::Definite;
                }
                "both" if at == start => {
                    noun.determiner = Determiner::Definite;
                }
                // "that killed 12", "that a soldier": a clause begins, not a noun group.
                "that" if at == start && self.opens_clause(at + 1) => return None,
                _ if self.has(at, Class::Possessive) && noun.determiner != Determiner::Indefinite => {
                    noun.determiner = Determiner::Possessive;
                }
                _ if self.has(at, Class::Determiner) && !self.has(at, Class::Number) => {
                    if noun.determiner == Determiner::None {
                        noun.determiner = Determiner::Definite;
                    }
                }
                _ => break,
            }
            at += 1;
            if at >= self.end || at - start > 8 {
                break;
            }
        }
        noun.words = at..at;
        let end = self.head(&mut noun, at);
        if end == start {
            return None;
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
            let the_other = noun.determiner == Determiner::Definite && self.lower(at - 1) == "other";
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

    /// Reads modifiers and head from `at`; gives the end of the group.
    fn head(&self, noun: &mut Noun, start: usize) -> usize {
        let mut at = start;
        let mut modifier = None;
        let mut victim: Option<(usize, Victims, Grammar)> = None;
        let mut family = false;
        let mut names = 0;
        let mut last_thing = false;
        let mut aged: Option<(usize, Victims, Grammar)> = None;
        let mut seen = 0;
        while at < self.end && at - start < 14 {
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
                at += 1;
                continue;
            }
            if let Some((readings, length)) = self.triggers(at) {
                if let Some(&trigger) = readings
                    .iter()
                    .find(|reading| matches!(reading.frame, Frame::Noun | Frame::Harm | Frame::Toll))
                {
                    let opens = start == at && (noun.figure.is_some() || noun.determiner != Determiner::None);
                    let verb = !opens && self.verb_trigger(at, false, false, at).is_some();
                    if !verb {
                        noun.trigger = Some(trigger);
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
                    if !self.noun_follows(at) {
                        break;
                    }
                    continue;
                }
                if !classes.has(Class::Noun) {
                    break;
                }
            }
            if classes.any(NO_NOUN) || classes.has(Class::Subordinator) || self.subset(at).is_some() {
                break;
            }
            if classes.has(Class::Adverb) || (word.ends_with("ly") && token.word.0 == 0 && word != "family") {
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
                    && (word.ends_with("ed") || word.ends_with("ing"))
                    && (self.person_follows(at + 1) || thing_follows)
                    && (noun.figure.is_some() || noun.determiner != Determiner::None);
                if !describes {
                    break;
                }
                at += 1;
                continue;
            }
            let age = age_group(word);
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
        noun.others |= at > start && self.lower(at - 1) == "others";
        // "the 6-year-old", "a 23-year-old"
        if victim.is_none()
            && noun.trigger.is_none()
            && (noun.determiner != Determiner::None || noun.figure.is_some())
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
                noun.group = Some(if lends { modifier.unwrap_or(group) } else { group });
                noun.plural = grammar == Grammar::Plural;
                noun.name = names > 0 && !noun.plural;
            }
            None if seen > 0 => {
                noun.group = aged
                    .filter(|&(_, group, _)| names == seen && group == Victims::Children)
                    .map(|(_, group, _)| group);
                noun.thing = last_thing || noun.accident;
                noun.name = names > 0 && names == seen && !noun.thing && noun.determiner == Determiner::None;
                let word = self.lower(at - 1);
                if !noun.thing {
                    noun.plural = word.ends_with('s');
                    if is_person(word, noun.figure.is_some() || noun.determiner == Determiner::Indefinite) {
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

    fn group_before(&self, words: Range<usize>) -> Option<Victims> {
        words.into_iter().find_map(|at| {
            let entry = self.lexicon.victim(self.token(at)?.word)?;
            entry.modifier.or(entry.noun.map(|(group, _)| group)).filter(|&group| group != Victims::People)
        })
    }

    fn closes_soon(&self, at: usize) -> bool {
        let quote = |at: usize| {
            matches!(self.lower(at), "\"" | "\u{201c}" | "\u{201d}" | "'" | "\u{2018}" | "\u{2019}")
        };
        (at + 1..at + 5).any(quote) || (self.start.max(at.saturating_sub(4))..at).any(quote)
    }

    /// Takes in what follows a head: "of them", "of five", a name.
    fn finish(&self, mut noun: Noun, start: usize, end: usize, partitive: bool) -> Option<Chunk> {
        let mut end = end;
        if self.lower(end) == "of" && partitive {
            let family = noun.words.clone().any(|at| {
                self.token(at)
                    .and_then(|token| self.lexicon.victim(token.word))
                    .is_some_and(|word| word.family)
            });
            let number = number::figure(self.document, self.lexicon, end + 1, self.end);
            let head = self.lower(end.saturating_sub(1)).to_owned();
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
                    end = number.tokens.end
                        + usize::from(matches!(
                            self.lower(number.tokens.end),
                            "children" | "sons" | "daughters"
                        ));
                    return Some(Chunk { span: start..end, part: Part::Noun(Box::new(noun)) });
                }
            }
            let collective = matches!(
                head.as_str(),
                "members"
                    | "member"
                    | "group"
                    | "groups"
                    | "elements"
                    | "residents"
                    | "relatives"
                    | "employees"
                    | "employee"
                    | "number"
                    | "majority"
                    | "people"
                    | "fighters"
                    | "victims"
                    | "supporters"
                    | "dozens"
            );
            if (noun.bare || collective)
                && noun.trigger.is_none()
                && !matches!(self.lower(end + 1), "age")
                && let Some(inner) = self.noun(end + 1, false)
            {
                {
                    let Part::Noun(other) = inner.part else { return None };
                    if other.trigger.is_some_and(|trigger| !(noun.bare && trigger.frame == Frame::Noun)) {
                        return Some(Chunk { span: start..end, part: Part::Noun(Box::new(noun)) });
                    }
                    if matches!(head.as_str(), "group" | "number" | "majority") {
                        // "a number of civilians", "a group of children": no figure but those named.
                        let vague = head == "number" && noun.determiner == Determiner::Indefinite;
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
                    if noun.bare {
                        noun.partitive = other.determiner != Determiner::None || other.pronoun;
                        noun.group = noun.group.or(other.group);
                        let strikes =
                            other.trigger.is_some_and(|trigger| trigger.outcome == Outcome::Strikes);
                        noun.thing = other.thing && !other.pronoun || strikes;
                        noun.state = other.state;
                        noun.words = inner.span.clone();
                        noun.bare = false;
                        noun.plural = true;
                        noun.trigger = None;
                    } else if noun.group.is_none_or(|group| group == Victims::People) {
                        let lent = self.group_before(inner.span.clone());
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

/// The group of "6-year-old" and its like, and whether it means one.
fn age_group(word: &str) -> Option<(Victims, Grammar)> {
    let (age, rest) = word.split_once('-')?;
    let (unit, old) = rest.split_once('-')?;
    let grammar = match old {
        "old" => Grammar::Singular,
        "olds" => Grammar::Plural,
        _ => return None,
    };
    let child = match unit {
        "year" => age.parse::<u32>().is_ok_and(|age| age < 18),
        "month" | "week" | "day" => true,
        _ => return None,
    };
    Some((if child { Victims::Children } else { Victims::People }, grammar))
}

/// Whether a word that the lexicon does not hold means persons by its ending.
fn is_person(word: &str, counted: bool) -> bool {
    const PLURAL: &[&str] =
        &["ers", "ors", "ists", "men", "women", "ians", "ees", "eers", "ants", "ents", "ites", "ans", "ese"];
    const SINGULAR: &[&str] = &["er", "or", "ist", "man", "woman", "ian", "ee", "eer"];
    counted
        && word.len() > 4
        && (PLURAL.iter().any(|ending| word.ends_with(ending))
            || SINGULAR.iter().any(|ending| word.ends_with(ending)))
}
