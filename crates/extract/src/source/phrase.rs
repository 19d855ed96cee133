//! Finds the words that name a source: before a verb of speech, after "according to", and with what describes them.

use annals_plugin::SourceKind;

use super::{Finder, Identity, NO_NAME, Naming, Phrase, Speech};
use crate::actor::{Function, Naming as ActorNaming};
use crate::lexicon::{Class, Set};
use crate::phrases::Hit;
use crate::text::{Case, Kind};

impl Finder<'_, '_> {
    /// The source that is the subject of a verb at `verb`.
    pub(super) fn phrase_before(&self, verb: usize, sentence: usize) -> Option<Phrase> {
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
    pub(super) fn phrase_after(&self, from: usize, to: usize) -> Option<Phrase> {
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
}
