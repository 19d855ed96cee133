//! Groups the tokens of a sentence into noun groups, verb groups and what joins them.

mod noun;
mod number;
mod verb;

use std::ops::Range;

use annals_plugin::{Outcome, Victims};

use crate::lexicon::{Class, Form, Frame, Lexicon, NumberWord, Set, Trigger};
use crate::number::Figure;
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
    /// One person whom a token stands for.
    pub(super) fn single(span: Range<usize>) -> Noun {
        Noun {
            figure: Some(Figure::exact(span.clone(), 1)),
            determiner: Determiner::None,
            words: span,
            group: Some(Victims::People),
            plural: false,
            name: false,
            pronoun: true,
            single: true,
            thing: false,
            bare: false,
            others: false,
            partitive: false,
            state: None,
            trigger: None,
            accident: false,
            generic: false,
        }
    }

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
        // "Lena Moss, 23, and": an age between commas leaves one comma.
        let repeated = matches!(chunk.part, Part::Comma)
            && kept.last().is_some_and(|last| matches!(last.part, Part::Comma));
        if !matches!(chunk.part, Part::Other) {
            if !repeated {
                kept.push(chunk);
            }
            continue;
        }
        // "to June", "on Friday": the day takes its preposition with it, lest that govern the noun after it.
        let token = &document.tokens()[chunk.span.start];
        // "of Sunday's shooting": here the preposition governs what is the day's.
        let owns = chunk.span.end < range.end && document.is(chunk.span.end, Set::Owner);
        // "Lena Moss, 23 was": an age that only one comma sets off takes it along.
        let aged = token.kind == Kind::Number
            && chunk.span.len() == 1
            && matches!(kept.as_slice(), [.., Chunk { part: Part::Noun(noun), .. }, Chunk { part: Part::Comma, .. }]
                if noun.name && !noun.counted())
            && matches!(chunker.verb(chunk.span.end), Some(Chunk { part: Part::Verb(_), .. }));
        if aged {
            kept.pop();
            continue;
        }
        let dated =
            !owns && (token.classes.any(&[Class::Month, Class::Weekday]) || token.kind == Kind::Number);
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

    fn has_any(&self, at: usize, classes: &[Class]) -> bool {
        self.token(at).is_some_and(|token| token.classes.any(classes))
    }

    fn lower(&self, at: usize) -> &str {
        if at < self.end { self.document.lower(at) } else { "" }
    }

    fn has(&self, at: usize, class: Class) -> bool {
        self.token(at).is_some_and(|token| token.classes.has(class))
    }

    fn is(&self, at: usize, set: Set) -> bool {
        at < self.end && self.document.is(at, set)
    }

    fn ends(&self, at: usize, set: Set) -> bool {
        self.document.language().sets.ending(self.lower(at), set).is_some()
    }

    fn before(&self, at: usize) -> &str {
        if at > self.start { self.document.lower(at - 1) } else { "" }
    }

    fn triggers(&self, at: usize) -> Option<(&[Trigger], usize)> {
        if !self.has(at, Class::Trigger) {
            return None;
        }
        let words = |end: usize| self.document.tokens()[at..end].iter().map(|token| token.word);
        let (readings, length) = self.lexicon.trigger(words(self.end))?;
        // "left 4 dead and wounded 3 others": the second word has a number of its own.
        let both = readings
            .iter()
            .all(|reading| reading.outcome == Outcome::Casualties && reading.frame == Frame::State);
        let counts = self
            .token(at + length)
            .is_some_and(|token| token.kind == Kind::Number || token.classes.has(Class::Number));
        if both && counts { self.lexicon.trigger(words(at + 1)) } else { Some((readings, length)) }
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
        if let Some(end) = self.ages(at).or_else(|| self.not_a_count(at, last)) {
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
        if let Some(noun) = self.one_of(at, last).or_else(|| self.noun(at, true)) {
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

    /// "was one of five people shot": the number of all of them.
    fn one_of(&self, at: usize, last: Option<&Chunk>) -> Option<Chunk> {
        // A headline leaves "is" out: "Teen one of two people shot".
        let copula = last.is_some_and(|last| match &last.part {
            Part::Verb(verb) => verb.copula && !verb.negated,
            Part::Noun(noun) => noun.person() && last.span.end == at,
            _ => false,
        });
        let one = self.lexicon.number(self.document.tokens()[at].word) == Some(NumberWord::Unit(1));
        if !copula || !one || !self.document.language().sets.has(self.lower(at + 1), Set::Of) {
            return None;
        }
        let inner = self.noun(at + 2, false)?;
        let Part::Noun(noun) = &inner.part else { return None };
        let several = noun.counted() && noun.person() && !noun.others;
        let harmed =
            self.trigger_frame(inner.span.end).is_some() || self.has(inner.span.end, Class::Relative);
        (several && harmed).then_some(Chunk { span: at..inner.span.end, part: inner.part })
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
        self.phrase(at, Set::JoinsAll)
    }

    /// "including", "among them", "of whom"; the end of the phrase.
    fn subset(&self, at: usize) -> Option<usize> {
        self.phrase(at, Set::Subset).map(|words| at + words)
    }

    fn phrase(&self, at: usize, set: Set) -> Option<usize> {
        if !self.is(at, set) {
            return None;
        }
        self.document.language().sets.phrase(set, |further, word| self.lower(at + further) == word)
    }
}
