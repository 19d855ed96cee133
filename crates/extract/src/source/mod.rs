//! Finds who is cited for what a sentence says.
//!
//! Three ways of citing are read: a verb of speech with its subject before it ("the ministry said") or after it ("…, said the ministry"),
//! a phrase before the source ("according to the ministry"), and a quotation that goes on over sentences. Words that stand for a source
//! ("he", "the group") are resolved to one named before; acronyms and short names to the longest name that the article gives.

mod list;
mod phrase;
mod quote;
mod resolve;

pub use list::{Bodies, Body, Naming, Speakers, read_speakers};

use std::ops::Range;

use annals_plugin::{Source, SourceKind};
use rustc_hash::FxHashSet;

use crate::actor::{Function, Mention, Party, sections};
use crate::lexicon::{Class, Set, Sets};
use crate::phrases::Hit;
use crate::text::{Case, Document, Kind};

sections! {
    /// Words by which a text cites.
    Speech {
        /// The subject is the source.
        Says = "says",
        /// The subject is the source, if a figure or "that" follows.
        That = "that",
        /// The subject is the source, the object hears.
        Told = "told",
        /// The source follows.
        According = "according",
        /// The source goes before.
        Quoted = "quoted",
        /// The source is the object.
        Quotes = "quotes",
        /// A count that belongs to the source before.
        Toll = "toll",
        /// Stands for a person named before.
        Person = "person",
        /// Stands for a body named before.
        Body = "body",
    }
}

/// Which part of its sentence a citation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// What follows it.
    After,
    /// What goes before it.
    Before,
}

/// A citation.
#[derive(Debug, Clone)]
struct Citation {
    sentence: usize,
    token: usize,
    reach: Reach,
    source: Source,
}

/// All that a text cites.
#[derive(Debug, Default)]
pub struct Citations {
    citations: Vec<Citation>,
    /// Sentences wholly within a quotation, with the citation that it belongs to.
    quoted: Vec<(usize, usize)>,
}

impl Citations {
    /// Who is cited for what stands at a token, `None` if the article says it itself.
    pub fn at(&self, sentence: usize, token: usize) -> Option<&Source> {
        let from = self.citations.partition_point(|citation| citation.sentence < sentence);
        let here = &self.citations[from..];
        let here = &here[..here.partition_point(|citation| citation.sentence == sentence)];
        let before = here.iter().rev().find(|each| each.reach == Reach::After && each.token <= token);
        let after = here.iter().find(|each| each.reach == Reach::Before && each.token > token);
        let near = match (before, after) {
            (Some(left), Some(right)) if right.token - token < token - left.token => Some(right),
            (left, right) => left.or(right),
        };
        // A sentence that cites once cites for all of it, but for what "while" or "but" sets against it.
        let near = near.or(if here.len() == 1 { here.first() } else { None });
        if near.is_some() {
            return near.map(|citation| &citation.source);
        }
        let quoted = self.quoted.iter().find(|(quoted, _)| *quoted == sentence)?;
        Some(&self.citations[quoted.1].source)
    }
}

/// The lists that citing is read with, and what they found in one text.
pub struct Reading<'a, 'd> {
    /// The text.
    pub document: &'a Document<'d>,
    /// The list of bodies.
    pub bodies: &'a Bodies,
    /// The list of parties.
    pub parties: &'a [Party],
    /// Bodies named.
    pub named: &'a [(Hit, u16, Naming)],
    /// Words for those who are cited.
    pub speakers: &'a [(Hit, SourceKind)],
    /// Parties named.
    pub mentions: &'a [Mention],
    /// Words of citing.
    pub speech: &'a [(Hit, Speech)],
    /// Words that hold sentences together, by token.
    pub functions: &'a [Option<Function>],
}

/// Where a source is named: some tokens of a sentence.
#[derive(Debug, Clone)]
struct Phrase {
    tokens: Range<usize>,
    identity: Identity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identity {
    Body(u16),
    Party(usize),
    Kind(SourceKind),
    Name,
    /// "he"
    Person,
    /// "the group"
    Anaphor,
    /// "the ministry": the body named before, or else just that.
    Definite(SourceKind),
}

/// The citations of a text.
pub fn citations(reading: &Reading<'_, '_>) -> Citations {
    let tokens = reading.document.tokens().len();
    let index = |hits: &mut dyn Iterator<Item = Range<usize>>| {
        let mut index = vec![0u32; tokens];
        for (number, span) in hits.enumerate() {
            index[span].fill(number as u32 + 1);
        }
        index
    };
    let mut finder = Finder {
        named_at: index(&mut reading.named.iter().map(|(hit, ..)| hit.tokens())),
        speaker_at: index(&mut reading.speakers.iter().map(|(hit, _)| hit.tokens())),
        mention_at: index(&mut reading.mentions.iter().map(|mention| mention.start..mention.end)),
        speech_at: index(&mut reading.speech.iter().map(|(hit, _)| hit.tokens())),
        reading,
        last_body: None,
        last_person: None,
        known: resolve::Known::default(),
        names: names(reading.document),
        sets: &reading.document.language().sets,
    };
    let mut found = Citations::default();
    let mut speech = reading.speech.iter().peekable();
    for (number, sentence) in reading.document.sentences().iter().enumerate() {
        while let Some((hit, kind)) = speech.next_if(|(hit, _)| (hit.start as usize) < sentence.tokens.end) {
            let Some((phrase, reach)) = finder.cited(hit, *kind, &sentence.tokens) else { continue };
            let Some(source) = finder.resolve(&phrase, number) else { continue };
            found.citations.push(Citation { sentence: number, token: hit.start as usize, reach, source });
        }
    }
    found.quoted = quote::quoted(reading.document, &found.citations);
    found
}

struct Finder<'a, 'd> {
    reading: &'a Reading<'a, 'd>,
    named_at: Vec<u32>,
    speaker_at: Vec<u32>,
    mention_at: Vec<u32>,
    speech_at: Vec<u32>,
    last_body: Option<Source>,
    last_person: Option<Source>,
    /// Persons cited by full name, so that a last name finds them.
    known: resolve::Known,
    /// Words that have a capital within a sentence, by their small letters.
    names: FxHashSet<&'a str>,
    sets: &'a Sets,
}

/// Classes of words that are no name of a speaker, whatever their capital.
const NO_NAME: &[Class] = &[
    Class::Number,
    Class::Determiner,
    Class::Pronoun,
    Class::Preposition,
    Class::Conjunction,
    Class::Subordinator,
    Class::Relative,
    Class::Adverb,
    Class::Adjective,
    Class::Negation,
    Class::Qualifier,
    Class::Month,
    Class::Weekday,
    Class::NotVictims,
    Class::Trigger,
];

/// The words of a text that have their capital not only because a sentence begins.
fn names<'a>(document: &'a Document<'_>) -> FxHashSet<&'a str> {
    let mut names = FxHashSet::default();
    for sentence in document.sentences().iter().filter(|sentence| !sentence.capitals) {
        for token in sentence.tokens.clone().skip(1) {
            if matches!(document.tokens()[token].case, Case::Title | Case::Upper) {
                names.insert(document.lower(token));
            }
        }
    }
    names
}

impl Finder<'_, '_> {
    fn lower(&self, token: usize) -> &str {
        self.reading.document.lower(token)
    }

    fn function(&self, token: usize) -> Option<Function> {
        self.reading.functions[token]
    }

    fn is(&self, token: usize, set: Set) -> bool {
        self.reading.document.is(token, set)
    }

    fn is_mark(&self, token: usize) -> bool {
        self.reading.document.tokens()[token].kind == Kind::Mark
    }

    fn is_quote(&self, token: usize) -> bool {
        matches!(self.lower(token), "\"" | "\u{201c}" | "\u{201d}" | "\u{ab}" | "\u{bb}")
    }

    fn speech(&self, token: usize) -> Option<Speech> {
        (self.speech_at[token] as usize).checked_sub(1).map(|index| self.reading.speech[index].1)
    }

    /// The source of one word of citing.
    fn cited(&self, hit: &Hit, speech: Speech, sentence: &Range<usize>) -> Option<(Phrase, Reach)> {
        let (start, end) = (hit.start as usize, hit.end as usize);
        match speech {
            Speech::According | Speech::Quotes => {
                let phrase = self.phrase_after(end, sentence.end)?;
                let leads = start < sentence.start + 3 || speech == Speech::Quotes;
                // "According to X, …" speaks of what follows; "…, according to X" of what went before.
                Some((phrase, if leads { Reach::After } else { Reach::Before }))
            }
            Speech::Quoted => Some((self.phrase_before(start, sentence.start)?, Reach::After)),
            Speech::Says | Speech::That | Speech::Told => {
                // "was told", "were reported" have the hearer or the victim as their subject.
                let before = start.checked_sub(1).filter(|&before| before >= sentence.start);
                let auxiliary = (sentence.start..start)
                    .rev()
                    .take(3)
                    .find(|&at| self.function(at) != Some(Function::Adverb) && !self.is(at, Set::Not));
                if auxiliary.is_some_and(|at| self.function(at) == Some(Function::Be)) {
                    return None;
                }
                // "this report" is no verb; what "which" or "adding" goes back to is cited already.
                let word = before.map_or("", |before| self.lower(before));
                if before.is_some_and(|before| self.function(before) == Some(Function::Determiner))
                    || self.sets.has(word, Set::BackReference)
                    || (word == "," && self.sets.ending(self.lower(start), Set::EndsIng).is_some())
                {
                    return None;
                }
                // The object of "told" hears and is not cited.
                let after_quote = speech != Speech::Told
                    && before.is_some_and(|before| {
                        self.is_quote(before)
                            || matches!(
                                self.lower(before),
                                "," | "?" | "!" | "\u{2019}" | "'" | "-" | "\u{2014}"
                            )
                    });
                if after_quote
                    && let Some(phrase) = self.phrase_after(end, sentence.end.min(end + 12))
                    && phrase.tokens.start <= end + 3
                {
                    return Some((phrase, Reach::Before));
                }
                if let Some(phrase) = self.phrase_before(start, sentence.start) {
                    let rest = (end..sentence.end).filter(|&token| !self.is_mark(token)).count();
                    let report = speech != Speech::That || self.reports(end, sentence.end);
                    let leads = phrase.tokens.start < sentence.start + 3;
                    let trails = !leads && (rest <= 5 || self.closes(end, sentence.end));
                    return report.then_some((phrase, if trails { Reach::Before } else { Reach::After }));
                }
                if speech == Speech::That {
                    return None;
                }
                let phrase = self.phrase_after(end, sentence.end.min(end + 8))?;
                (phrase.tokens.start <= end + 2).then_some((phrase, Reach::Before))
            }
            Speech::Toll | Speech::Person | Speech::Body => None,
        }
    }

    /// Whether a comma or the sentence's end follows soon: "…, the ministry said on Monday, …".
    fn closes(&self, from: usize, to: usize) -> bool {
        (from..to.min(from + 4)).any(|token| matches!(self.lower(token), "." | ","))
    }

    /// Whether what follows is told, not done: "documented that", "recorded 12 deaths".
    fn reports(&self, from: usize, to: usize) -> bool {
        (from..to.min(from + 6)).any(|token| {
            self.is(token, Set::That)
                || self.is_quote(token)
                || self.reading.document.tokens()[token].kind == Kind::Number
        }) || (from..to.min(from + 8)).any(|token| self.is(token, Set::Counted))
    }
}
