//! Finds who is cited for what a sentence says.
//!
//! Three ways of citing are read: a verb of speech with its subject before it ("the ministry said") or after it ("…, said the ministry"),
//! a phrase before the source ("according to the ministry"), and a quotation that goes on over sentences. Words that stand for a source
//! ("he", "the group") are resolved to one named before; acronyms and short names to the longest name that the article gives.

mod list;

pub use list::{Bodies, Body, Naming, Speakers, read_speakers};

use std::ops::Range;

use annals_plugin::{Source, SourceKind};
use rustc_hash::FxHashSet;

use crate::actor::{Function, Mention, Naming as ActorNaming, Party, sections};
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
        known: Vec::new(),
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
    found.quoted = quoted(reading.document, &found.citations);
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
    known: Vec<Source>,
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

    /// The source that is the subject of a verb at `verb`.
    fn phrase_before(&self, verb: usize, sentence: usize) -> Option<Phrase> {
        if verb > sentence && self.lower(verb - 1) == "," {
            // "Rana Aziz, a nurse in the town, said": the name stands before the description, unless this names a body.
            let open =
                (sentence..verb - 1).rev().take(20).find(|&at| self.lower(at) == "," || self.is_quote(at));
            if let Some(open) = open.filter(|&open| open > sentence && self.lower(open) == ",") {
                let body = (open..verb).find(|&at| self.named_at[at] > 0).and_then(|at| {
                    self.phrase_ending_at(
                        self.reading.named[self.named_at[at] as usize - 1].0.end as usize - 1,
                        sentence,
                    )
                });
                let name =
                    self.phrase_ending_at(open - 1, sentence).map(|phrase| self.widen(phrase, sentence));
                match (name, body) {
                    (Some(name), Some(body))
                        if matches!(name.identity, Identity::Name | Identity::Kind(_)) =>
                    {
                        return Some(Phrase { tokens: name.tokens, identity: body.identity });
                    }
                    (Some(name), _) => return Some(name),
                    _ => {}
                }
            }
        }
        let mut at = verb;
        let mut steps = 0;
        let mut commas = 0;
        let mut passed = false;
        while at > sentence && steps < 30 {
            at -= 1;
            steps += 1;
            if let Some(phrase) = self.phrase_ending_at(at, sentence) {
                // A description set off by commas goes with the name before it, unless it names a body itself.
                if commas == 0
                    || !matches!(
                        phrase.identity,
                        Identity::Person | Identity::Anaphor | Identity::Definite(_)
                    )
                {
                    let phrase = self.widen(phrase, sentence);
                    if let Some(head) = self.before_relative(&phrase, sentence) {
                        return Some(head);
                    }
                    return Some(self.seated(&phrase, sentence).unwrap_or(phrase));
                }
            }
            let word = self.lower(at);
            if self.is_quote(at) || matches!(word, ";" | ":") {
                return None;
            }
            if word == "," {
                commas += 1;
                if commas > 2 {
                    return None;
                }
                continue;
            }
            if commas == 0 && !passed {
                let skip = matches!(
                    self.function(at),
                    Some(
                        Function::Adverb
                            | Function::Auxiliary
                            | Function::Day
                            | Function::Preposition
                            | Function::Determiner
                            | Function::By
                    )
                ) || matches!(self.speech(at), Some(Speech::Toll | Speech::Body))
                    || self.reading.document.tokens()[at].kind == Kind::Number
                    || self.is(at, Set::Medium)
                    || self.is_mark(at);
                if !skip {
                    passed = true;
                    if matches!(self.function(at), Some(Function::Conjunction | Function::Relative))
                        && !self.is(at, Set::Describes)
                    {
                        return None;
                    }
                }
            } else if commas == 0 && steps > 9 {
                return None;
            }
        }
        None
    }

    /// "The channel, which backs the mayor, said": the subject stands before the relative clause that a phrase is found in.
    fn before_relative(&self, phrase: &Phrase, sentence: usize) -> Option<Phrase> {
        let relative = (sentence + 2..phrase.tokens.start)
            .rev()
            .take(10)
            .find(|&at| self.function(at) == Some(Function::Relative) && self.lower(at - 1) == ",")?;
        if (relative..phrase.tokens.start).any(|at| self.lower(at) == "," || self.speech(at).is_some()) {
            return None;
        }
        let mut last = relative - 2;
        while last > sentence
            && matches!(self.speech(last), Some(Speech::Body))
            && self.phrase_ending_at(last, sentence).is_none()
        {
            last -= 1;
        }
        self.phrase_ending_at(last, sentence).map(|head| self.widen(head, sentence))
    }

    /// "police in Dayton", "commander of the southern front": the speaker goes before a place or party that is named with it.
    fn seated(&self, phrase: &Phrase, sentence: usize) -> Option<Phrase> {
        if !matches!(phrase.identity, Identity::Name | Identity::Party(_)) {
            return None;
        }
        let mut at = phrase.tokens.start.checked_sub(1)?;
        while at > sentence && self.function(at) == Some(Function::Determiner) {
            at -= 1;
        }
        if at <= sentence || !self.is(at, Set::Seat) {
            return None;
        }
        let speaker = self.phrase_ending_at(at - 1, sentence)?;
        if !matches!(speaker.identity, Identity::Kind(_) | Identity::Body(_)) {
            return None;
        }
        let speaker = self.widen(speaker, sentence);
        let identity =
            if matches!(phrase.identity, Identity::Party(_)) { phrase.identity } else { speaker.identity };
        Some(Phrase { tokens: speaker.tokens.start..phrase.tokens.end, identity })
    }

    /// A source whose last token is `last`.
    fn phrase_ending_at(&self, last: usize, sentence: usize) -> Option<Phrase> {
        let ends = |hit: &Hit| hit.end as usize == last + 1 && hit.start as usize >= sentence;
        if let Some(index) = (self.named_at[last] as usize).checked_sub(1) {
            let (hit, body, naming) = &self.reading.named[index];
            if ends(hit) && (*naming != Naming::Local || self.is_known(*body, hit.start as usize)) {
                return Some(Phrase { tokens: hit.tokens(), identity: Identity::Body(*body) });
            }
        }
        if self.is(last, Set::Person) {
            return Some(Phrase { tokens: last..last + 1, identity: Identity::Person });
        }
        if self.is(last, Set::Body) {
            return Some(Phrase { tokens: last..last + 1, identity: Identity::Anaphor });
        }
        if let Some(index) = (self.speaker_at[last] as usize).checked_sub(1) {
            let (hit, kind) = &self.reading.speakers[index];
            if ends(hit) {
                let start = hit.start as usize;
                let definite = start > sentence && self.is(start - 1, Set::Definite);
                // "56 rebels" are told of, not cited.
                if *kind == SourceKind::ArmedGroup && start > sentence && self.is_number(start - 1) {
                    return None;
                }
                let alone = hit.end - hit.start == 1 || matches!(self.speech(start), Some(Speech::Body));
                if definite && alone && matches!(self.speech(last), Some(Speech::Body)) {
                    return Some(Phrase { tokens: start..last + 1, identity: Identity::Definite(*kind) });
                }
                return Some(Phrase { tokens: hit.tokens(), identity: Identity::Kind(*kind) });
            }
        }
        if let Some(Speech::Body) = self.speech(last)
            && last > sentence
            && self.is(last - 1, Set::Definite)
        {
            return Some(Phrase { tokens: last..last + 1, identity: Identity::Anaphor });
        }
        if let Some(index) = (self.mention_at[last] as usize).checked_sub(1) {
            let mention = &self.reading.mentions[index];
            // "22 rebels" are told of, not cited.
            let counted = mention.start > sentence && self.is_number(mention.start - 1);
            if mention.end == last + 1
                && !counted
                && mention.naming != ActorNaming::Unnamed
                && mention.naming != ActorNaming::Adjective
            {
                return Some(Phrase { tokens: mention.start..mention.end, identity: Identity::Party(index) });
            }
        }
        self.name_ending_at(last, sentence)
    }

    /// A person's or body's name: words with capitals, small words within.
    fn name_ending_at(&self, last: usize, sentence: usize) -> Option<Phrase> {
        let tokens = self.reading.document.tokens();
        let capital = |token: usize| {
            tokens[token].kind == Kind::Word
                && matches!(tokens[token].case, Case::Title | Case::Upper)
                && !matches!(self.function(token), Some(function) if function != Function::Particle)
        };
        let capitals = self.reading.document.sentences()[self.reading.document.sentence_of(last)].capitals;
        // "Shehab Agency" is a name, "the agency" is none.
        let body = self.speech(last) == Some(Speech::Body) && last > sentence && capital(last - 1);
        let cites = self.speech(last).is_some() && !body;
        if !capital(last) || capitals || cites || self.function(last).is_some() || self.event_like(last) {
            return None;
        }
        // What opens a sentence has its capital in any case: it is a name if it has one elsewhere too.
        let opens = last == sentence && !self.names.contains(self.lower(last));
        let abbreviated = [Class::TitleAbbreviation, Class::Abbreviation];
        let alone = tokens[last].classes.any(NO_NAME) || tokens[last].classes.any(&abbreviated);
        if opens || alone && !self.follows_name(last, sentence) {
            return None;
        }
        let mut start = last;
        while start > sentence {
            let before = start - 1;
            let particle =
                self.function(before) == Some(Function::Particle) && before > sentence && capital(before - 1);
            let dotted = self.lower(before) == "."
                && before > sentence
                && capital(before - 1)
                && tokens[before - 1].end == tokens[before].start
                && tokens[before - 1].end - tokens[before - 1].start < 5;
            // "the Sudanese Journalists' Syndicate"
            let owner = matches!(self.lower(before), "'" | "\u{2019}")
                && before > sentence
                && capital(before - 1)
                && tokens[before - 1].end == tokens[before].start;
            if (capital(before) || particle || dotted || owner) && self.named_at[before] == 0 {
                start = before;
            } else {
                break;
            }
        }
        // The first word of a sentence has its capital in any case.
        if start == sentence
            && start < last
            && self.reading.document.tokens()[start].case == Case::Title
            && self.function(start).is_some()
        {
            start += 1;
        }
        Some(Phrase { tokens: start..last + 1, identity: Identity::Name })
    }

    /// Headline nouns and days are no names.
    fn event_like(&self, token: usize) -> bool {
        self.function(token).is_some() || self.is(token, Set::NoName)
    }

    /// Whether a word with a capital goes on a name: "Trooper Will Street".
    fn follows_name(&self, token: usize, sentence: usize) -> bool {
        token > sentence + 1
            && self.reading.document.tokens()[token - 1].case == Case::Title
            && self.function(token - 1).is_none()
    }

    fn in_capitals(&self, token: usize) -> bool {
        let document = self.reading.document;
        document.sentences()[document.sentence_of(token)].capitals
    }

    fn is_number(&self, token: usize) -> bool {
        let token = &self.reading.document.tokens()[token];
        token.kind == Kind::Number || token.classes.has(Class::Number)
    }

    fn is_known(&self, body: u16, before: usize) -> bool {
        self.reading
            .named
            .iter()
            .take_while(|(hit, ..)| (hit.start as usize) < before)
            .any(|(_, other, naming)| *other == body && *naming != Naming::Local)
    }

    /// Takes in the words that describe the source: "opposition leader Khaled", "activists and residents".
    fn widen(&self, phrase: Phrase, sentence: usize) -> Phrase {
        let mut start = phrase.tokens.start;
        let mut identity = phrase.identity;
        if matches!(identity, Identity::Person | Identity::Anaphor | Identity::Definite(_)) {
            return phrase;
        }
        let tokens = self.reading.document.tokens();
        let mut steps = 0;
        while start > sentence && steps < 8 {
            let before = start - 1;
            steps += 1;
            let word = self.lower(before);
            let clitic = word == "-" || self.is(before, Set::Owner);
            let listed = self.named_at[before] > 0;
            let speaker = self.speaker_at[before] > 0;
            if listed && matches!(identity, Identity::Kind(_) | Identity::Name) {
                let (hit, body, naming) = &self.reading.named[self.named_at[before] as usize - 1];
                if *naming != Naming::Local || self.is_known(*body, hit.start as usize) {
                    // "SANA correspondent", "UNICEF representative Adele": the body is who is cited.
                    return Phrase {
                        tokens: hit.start as usize..phrase.tokens.end,
                        identity: Identity::Body(*body),
                    };
                }
            }
            if speaker && let Identity::Name = identity {
                identity = Identity::Kind(self.reading.speakers[self.speaker_at[before] as usize - 1].1);
                start = self.reading.speakers[self.speaker_at[before] as usize - 1].0.start as usize;
                continue;
            }
            let joins = self.is(before, Set::And)
                && before > sentence
                && self.speaker_at[before - 1] > 0
                && matches!(identity, Identity::Kind(_));
            let of = self.is(before, Set::Of)
                && before > sentence
                && (self.speaker_at[before - 1] > 0)
                && !matches!(identity, Identity::Body(_));
            let title = tokens[before].kind == Kind::Word
                && self.function(before).is_none()
                && !self.is_number(before)
                && !tokens[before].classes.has(Class::Pronoun)
                && self.speech(before).is_none()
                && (tokens[before].case != Case::Lower || !matches!(identity, Identity::Name));
            if joins
                || of
                || clitic
                || speaker
                || (title && tokens[before].kind == Kind::Word && !self.is_verb_like(before))
            {
                start = before;
            } else {
                break;
            }
        }
        while start < phrase.tokens.start
            && (self.is_mark(start)
                || [Set::Owner, Set::And, Set::Of].into_iter().any(|set| self.is(start, set)))
        {
            start += 1;
        }
        Phrase { tokens: start..phrase.tokens.end, identity }
    }

    /// Small words that end like a verb end what describes a source.
    fn is_verb_like(&self, token: usize) -> bool {
        let word = self.lower(token);
        (self.reading.document.tokens()[token].case == Case::Lower || self.in_capitals(token))
            && (self.sets.ending(word, Set::EndsEd).is_some()
                || self.sets.ending(word, Set::EndsIng).is_some()
                || self.is(token, Set::NoTitle)
                || self.reading.document.tokens()[token].classes.any(&[Class::Verb, Class::Trigger]))
    }

    /// The source that begins soon after `from`.
    fn phrase_after(&self, from: usize, to: usize) -> Option<Phrase> {
        let mut at = from;
        let mut steps = 0;
        let mut kind: Option<Phrase> = None;
        while at < to && steps < 12 {
            steps += 1;
            if let Some(index) = (self.named_at[at] as usize).checked_sub(1) {
                let (hit, body, naming) = &self.reading.named[index];
                if *naming != Naming::Local || self.is_known(*body, hit.start as usize) {
                    return Some(Phrase { tokens: hit.tokens(), identity: Identity::Body(*body) });
                }
            }
            let word = self.lower(at);
            if kind.is_none() && self.is(at, Set::CitedPerson) && at == from {
                return Some(Phrase { tokens: at..at + 1, identity: Identity::Person });
            }
            if let Some(index) = (self.speaker_at[at] as usize).checked_sub(1) {
                let (hit, of) = &self.reading.speakers[index];
                let definite = self.is(at.saturating_sub(1), Set::Definite);
                let anaphor = definite
                    && matches!(self.speech(at), Some(Speech::Body | Speech::Toll))
                    && hit.end - hit.start == 1;
                match &mut kind {
                    None if anaphor => {
                        kind = Some(Phrase { tokens: hit.tokens(), identity: Identity::Anaphor });
                    }
                    None => {
                        kind = Some(Phrase {
                            tokens: self.left_edge(hit.start as usize, from)..hit.end as usize,
                            identity: Identity::Kind(*of),
                        })
                    }
                    // "the Dayton police", "the Cook County medical examiner"
                    Some(phrase) if matches!(phrase.identity, Identity::Name) => {
                        if phrase.tokens.end == hit.start as usize {
                            *phrase = Phrase {
                                tokens: phrase.tokens.start..hit.end as usize,
                                identity: Identity::Kind(*of),
                            };
                        }
                    }
                    Some(phrase) => {
                        phrase.tokens.end = hit.end as usize;
                        // A description that a better one follows: "a report by the police".
                        if matches!(phrase.identity, Identity::Kind(SourceKind::Other) | Identity::Anaphor) {
                            phrase.identity = Identity::Kind(*of);
                        }
                    }
                }
                at = hit.end as usize;
                continue;
            }
            if kind.is_none()
                && let Some(index) = (self.mention_at[at] as usize).checked_sub(1)
            {
                let mention = &self.reading.mentions[index];
                if mention.naming != ActorNaming::Unnamed && mention.naming != ActorNaming::Adjective {
                    kind =
                        Some(Phrase { tokens: mention.start..mention.end, identity: Identity::Party(index) });
                    at = mention.end;
                    continue;
                }
            }
            let small = matches!(
                self.function(at),
                Some(Function::Determiner | Function::Particle | Function::And | Function::Day)
            ) || self.is(at, Set::BeforeSource);
            let token = &self.reading.document.tokens()[at];
            let named = token.case == Case::Title || token.case == Case::Upper;
            let named = named
                && token.kind == Kind::Word
                && self.function(at).is_none()
                && !self.event_like(at)
                && !self.in_capitals(at);
            // "Sgt. Omar Haddad": the name of the speaker goes on the title.
            let titled = kind.as_ref().is_some_and(|phrase| {
                matches!(phrase.identity, Identity::Kind(_))
                    && (phrase.tokens.end == at
                        || phrase.tokens.end + 1 == at && self.lower(phrase.tokens.end) == ".")
            });
            if named && (titled || kind.is_none() && !token.classes.any(NO_NAME)) {
                let mut end = at + 1;
                while end < to
                    && (matches!(self.reading.document.tokens()[end].case, Case::Title | Case::Upper)
                        || self.function(end) == Some(Function::Particle))
                    && self.named_at[end] == 0
                    && self.function(end).is_none_or(|function| function == Function::Particle)
                    && self.speaker_at[end] == 0
                {
                    end += 1;
                }
                match &mut kind {
                    Some(phrase) => phrase.tokens.end = end,
                    None => kind = Some(Phrase { tokens: at..end, identity: Identity::Name }),
                }
                at = end;
                continue;
            }
            if let Some(phrase) = &kind {
                // After the source only its description may go on to a body: "Rami X, head of the Y".
                let goes_on = self.is(at, Set::AfterSource)
                    || token.case == Case::Title
                    || self.speech(at) == Some(Speech::Body);
                // "said Lt. Omar Haddad"
                let abbreviates = word == "."
                    && at == phrase.tokens.end
                    && at > from
                    && self.reading.document.tokens()[at - 1].end == token.start
                    && self.reading.document.tokens()[at - 1].classes.has(Class::TitleAbbreviation);
                if !(goes_on || abbreviates) || (word == "," && !matches!(phrase.identity, Identity::Name)) {
                    break;
                }
            } else if self.is_mark(at) && !small {
                break;
            }
            at += 1;
        }
        kind
    }

    /// The words before a speaker that describe it, back to `from`.
    fn left_edge(&self, speaker: usize, from: usize) -> usize {
        let mut start = speaker;
        while start > from && self.function(start - 1).is_none() && !self.is_mark(start - 1) {
            start -= 1;
        }
        start
    }

    /// Turns words into a source, and remembers it for the words that stand for it later.
    fn resolve(&mut self, phrase: &Phrase, sentence: usize) -> Option<Source> {
        let document = self.reading.document;
        let written = || {
            let name = document.span(&phrase.tokens).split_whitespace().collect::<Vec<_>>().join(" ");
            name.trim_matches(|character: char| !character.is_alphanumeric() && character != ')').to_owned()
        };
        let source = match phrase.identity {
            Identity::Person => return self.last_person.clone().or_else(|| self.last_body.clone()),
            Identity::Anaphor => return self.last_body.clone().or_else(|| self.last_person.clone()),
            Identity::Definite(kind) => {
                let named = self.last_body.clone().or_else(|| self.last_person.clone());
                return named.or_else(|| Some(Source { name: written(), kind, id: None }));
            }
            Identity::Body(body) => {
                let spoken = self.reading.named.iter().any(|(hit, _, naming)| {
                    *naming == Naming::Person && phrase.tokens.contains(&(hit.start as usize))
                });
                let body = self.reading.bodies.body(body);
                let source = Source {
                    name: if spoken { written() } else { self.longest_name(&body.id, &body.name) },
                    kind: body.kind,
                    id: Some(body.id.to_string()),
                };
                self.last_person = Some(source.clone());
                self.last_body = Some(source.clone());
                return Some(source);
            }
            Identity::Party(index) => {
                let mention = &self.reading.mentions[index];
                let party = mention.party.map(|party| &self.reading.parties[party as usize]);
                let kind = match (mention.naming, party) {
                    (ActorNaming::Country, _) => SourceKind::Government,
                    (_, Some(party)) if party.state || &*party.side == "coalition" => SourceKind::Military,
                    (_, Some(_)) => SourceKind::ArmedGroup,
                    (_, None) => SourceKind::Government,
                };
                Source { name: written(), kind, id: party.map(|party| party.id.to_string()) }
            }
            Identity::Kind(kind) => Source { name: written(), kind, id: None },
            Identity::Name => {
                let name = written();
                let last = name.split([' ', '-']).next_back().unwrap_or("").to_lowercase();
                let before = self.known.iter().rev().find(|source| {
                    source.name.len() > name.len()
                        && source.name.to_lowercase().ends_with(&last)
                        && last.len() > 2
                });
                match before {
                    Some(source) => source.clone(),
                    None => {
                        let kind = self.kind_nearby(phrase, sentence);
                        Source { name, kind, id: None }
                    }
                }
            }
        };
        if source.name.is_empty() {
            return None;
        }
        if matches!(phrase.identity, Identity::Party(_))
            || matches!(
                source.kind,
                SourceKind::Monitor
                    | SourceKind::Media
                    | SourceKind::StateMedia
                    | SourceKind::Ngo
                    | SourceKind::Un
            )
        {
            self.last_body = Some(source.clone());
        }
        if matches!(phrase.identity, Identity::Name | Identity::Kind(_)) {
            self.last_person = Some(source.clone());
            self.known.push(source.clone());
            if self.last_body.is_none() || !matches!(phrase.identity, Identity::Name) {
                self.last_body = Some(source.clone());
            }
        }
        Some(source)
    }

    /// What kind of source a name is, by the words around it: "Naji, a commander of the rebels,".
    fn kind_nearby(&self, phrase: &Phrase, sentence: usize) -> SourceKind {
        let tokens = &self.reading.document.sentences()[sentence].tokens;
        let from = phrase.tokens.start.saturating_sub(8).max(tokens.start);
        let to = (phrase.tokens.end + 8).min(tokens.end);
        let near =
            (from..to).filter(|&at| self.speaker_at[at] > 0).min_by_key(|&at| at.abs_diff(phrase.tokens.end));
        near.map_or(SourceKind::Other, |at| self.reading.speakers[self.speaker_at[at] as usize - 1].1)
    }

    /// The longest name of a body that the article writes.
    fn longest_name(&self, id: &str, listed: &str) -> String {
        let same = self.reading.named.iter().filter(|(_, body, naming)| {
            *naming == Naming::Name && &*self.reading.bodies.body(*body).id == id
        });
        let names = same.map(|(hit, ..)| {
            self.reading.document.span(&hit.tokens()).split_whitespace().collect::<Vec<_>>().join(" ")
        });
        let longest = names.max_by_key(|name| (name.chars().count(), std::cmp::Reverse(name.clone())));
        longest.unwrap_or_else(|| listed.to_owned())
    }
}

/// Sentences that a quotation covers, each with the citation that the quotation belongs to.
fn quoted(document: &Document<'_>, citations: &[Citation]) -> Vec<(usize, usize)> {
    let mut quoted = Vec::new();
    let mut opened: Option<usize> = None;
    let mut paragraph = 0;
    for (number, sentence) in document.sentences().iter().enumerate() {
        if sentence.paragraph != paragraph {
            // A quotation that goes on is opened again in each paragraph.
            paragraph = sentence.paragraph;
            if opened.is_some_and(|from| document.sentences()[from].paragraph + 1 < paragraph) {
                opened = None;
            }
        }
        let inside = opened;
        for token in sentence.tokens.clone() {
            match document.lower(token) {
                "\u{201c}" => opened = opened.or(Some(number)),
                "\u{201d}" => opened = None,
                "\"" => opened = if opened.is_some() { None } else { Some(number) },
                _ => {}
            }
        }
        let own = citations.iter().any(|citation| citation.sentence == number);
        if let Some(from) = inside
            && !own
            && number - from < 12
        {
            // The speaker is named where the quotation begins or where it ends.
            let begins = citations.iter().rposition(|citation| citation.sentence == from);
            let ahead = |from: usize| {
                citations
                    .iter()
                    .position(|citation| citation.sentence >= from && citation.sentence <= from + 2)
            };
            let citation = begins
                .or_else(|| {
                    from.checked_sub(1)
                        .and_then(|from| citations.iter().rposition(|citation| citation.sentence == from))
                })
                .or_else(|| ahead(number));
            if let Some(citation) = citation {
                quoted.push((number, citation));
            }
        } else if !own
            && inside.is_none()
            && let Some(before) = number.checked_sub(1)
            && document.sentences()[before].paragraph == sentence.paragraph
            && document.is(sentence.tokens.start, Set::GoesOn)
            && let Some(citation) = citations.iter().rposition(|citation| citation.sentence == before)
        {
            // "These attacks left …" goes on with what the sentence before reported.
            quoted.push((number, citation));
        } else if !own
            && inside.is_none()
            && begins_quote(document, number)
            && let Some(before) = number.checked_sub(1)
            && document.sentences()[before].paragraph == sentence.paragraph
            && let Some(citation) = citations
                .iter()
                .position(|citation| citation.sentence == before && citation.reach == Reach::Before)
        {
            // "…," said X. "…": the quotation goes on.
            quoted.push((number, citation));
        } else if !own
            && inside.is_none()
            && starts_quote(document, number)
            && let Some(citation) = citations
                .iter()
                .position(|citation| citation.sentence == number + 1 && citation.reach == Reach::Before)
        {
            quoted.push((number, citation));
        }
    }
    quoted
}

/// Whether a sentence begins with a quotation.
fn begins_quote(document: &Document<'_>, sentence: usize) -> bool {
    matches!(document.lower(document.sentences()[sentence].tokens.start), "\"" | "\u{201c}")
}

/// Whether a sentence begins within a quotation that does not end in it.
fn starts_quote(document: &Document<'_>, sentence: usize) -> bool {
    let tokens = document.sentences()[sentence].tokens.clone();
    let quotes = tokens
        .clone()
        .filter(|&token| matches!(document.lower(token), "\"" | "\u{201c}" | "\u{201d}"))
        .count();
    quotes % 2 == 1 && matches!(document.lower(tokens.start), "\"" | "\u{201c}")
}
