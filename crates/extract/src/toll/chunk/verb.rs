//! Verb groups: "may have been killed", "were found dead", "said".

use super::{Chunk, Chunker, NO_NOUN, Part, Verb};
use crate::lexicon::{Class, Form, Frame, Set, Trigger};
use crate::number;
use crate::text::{Case, Kind};
use annals_plugin::Outcome;

impl Chunker<'_> {
    /// Whether a determiner stands before a word, so that it is no verb.
    fn determined(&self, at: usize) -> bool {
        // "Sunday's shooting"
        let owned = at > self.start + 1
            && self.is(at - 1, Set::Owner)
            && self.document.tokens()[at - 2].classes.has(Class::Weekday);
        owned
            || at > self.start
                && self.document.tokens()[at - 1].classes.any(&[Class::Determiner, Class::Possessive])
                && !self.is(at - 1, Set::NotDetermining)
    }

    pub(super) fn opens_clause(&self, at: usize) -> bool {
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

    /// A verb group at a token.
    pub(super) fn verb(&self, start: usize) -> Option<Chunk> {
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
            let may = self.is(at, Set::May);
            if classes.has(Class::Modal) && !may || may && !self.month_may(at) {
                verb.modal = true;
            } else if classes.has(Class::Have) {
                verb.perfect = true;
            } else if classes.has(Class::Be) {
                be = true;
            } else if classes.has(Class::Do) {
            } else if self.is(at, Set::Negates) {
                verb.negated = true;
            } else if self.is(at, Set::To) && self.verb_base(at + 1) {
                // "had to be killed" tells of no death yet.
                verb.perfect &= at > start && !self.has(at - 1, Class::Have);
                verb.infinitive = true;
            } else if auxiliary
                && (classes.has(Class::Adverb) || self.ends(at, Set::EndsLy))
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
            let links = token.classes.has(Class::Say) || token.classes.has(Class::Link);
            if links {
                let mut next = at + 1;
                if self.is(next, Set::To) {
                    next += 1;
                }
                let (mut have, mut been) = (false, false);
                while self.has(next, Class::Have)
                    || self.has(next, Class::Be)
                    || self.has(next, Class::Adverb)
                {
                    have |= self.has(next, Class::Have);
                    been |= self.has(next, Class::Be);
                    next += 1;
                }
                let frame = self.trigger_frame(next);
                if frame.is_some() && !self.is(at, Set::Among) {
                    verb.feared |= token.classes.has(Class::Presumed);
                    at = next;
                    // "is reported to have killed 12" is active, "are reported to have been killed" is not.
                    be = been || !have;
                    verb.perfect |= have;
                } else if self.is(at, Set::FearedSo) {
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
            if let Frame::Verb(form) | Frame::Undergo(form) | Frame::Own(form) = trigger.frame {
                verb.form = form;
            }
            verb.trigger = Some(trigger);
            return done(verb, at + length);
        }
        let token = self.token(at)?;
        if auxiliary || self.verbal(at) {
            if self.verbal(at) {
                verb.say = token.classes.has(Class::Say);
                verb.unfulfilled = token.classes.has(Class::Unfulfilled);
                verb.passive = be;
                verb.main = at;
                verb.form = if self.ends(at, Set::EndsIng) {
                    Form::Ing
                } else if self.ends(at, Set::EndsEd) {
                    Form::Past
                } else {
                    Form::Base
                };
                verb.feared |= self.is(at, Set::FearedSo);
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
            || at > self.start && self.is(at - 1, Set::BeforeMonth)
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

    pub(super) fn trigger_frame(&self, at: usize) -> Option<Trigger> {
        self.triggers(at).and_then(|(readings, _)| {
            readings
                .iter()
                .copied()
                .find(|reading| !matches!(reading.frame, Frame::Noun | Frame::Harm | Frame::Toll))
        })
    }

    /// The trigger of a verb group at a token, if it is a verb there and not a noun.
    pub(super) fn verb_trigger(
        &self,
        at: usize,
        auxiliary: bool,
        be: bool,
        start: usize,
    ) -> Option<(Trigger, usize)> {
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
        let mut verbs = readings.iter().copied().filter(|reading| {
            matches!(reading.frame, Frame::Verb(_) | Frame::Undergo(_) | Frame::Own(_) | Frame::Passive)
        });
        // "hurt" is base, past and participle: alone it is one of the latter.
        let verb = verbs
            .clone()
            .find(|reading| !auxiliary && reading.frame == Frame::Verb(Form::Past))
            .or(verbs.next())?;
        let determined = at > self.start && start == at && self.determined(at);
        if noun && !auxiliary {
            // "injuring only two"
            let next = at + length + usize::from(self.has(at + length, Class::Adverb));
            let unknown = |at: usize| self.token(at).is_some_and(|token| token.word.0 == 0);
            let object = self.token(next).is_some_and(|token| {
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
                    || matches!(verb.frame, Frame::Verb(Form::Ing)) && self.titled_name(next)
                    // "SUSPECTED OF KILLING LENA MOSS"
                    || (self.capitals
                        && at > self.start
                        && self.has(at - 1, Class::Preposition)
                        && unknown(next)
                        && unknown(next + 1)
                        && matches!(verb.frame, Frame::Verb(Form::Ing)))
            }) || number::figure(self.document, self.lexicon, next, self.end).is_some();
            let object = object && !self.is(at + length, Set::Of);
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

    /// "former army chief Omar Haddad": a title in small words and a name of two.
    fn titled_name(&self, start: usize) -> bool {
        const TITLE: usize = 6;
        let name = |at: usize| {
            self.token(at).is_some_and(|token| {
                token.word.0 == 0 && (self.capitals || matches!(token.case, Case::Title | Case::Upper))
            })
        };
        let title = |at: usize| {
            self.token(at).is_some_and(|token| {
                token.kind == Kind::Word
                    && !token.classes.any(NO_NOUN)
                    && !token.classes.has(Class::Subordinator)
            })
        };
        let named = (start..start + TITLE).take_while(|&at| title(at)).find(|&at| name(at) && name(at + 1));
        named.is_some()
    }

    /// "shot ... dead", "shot him to death", "shot and later died": a wounding that kills.
    fn deadly(&self, trigger: Trigger, after: usize) -> Trigger {
        if trigger.outcome != Outcome::Injured || !matches!(trigger.frame, Frame::Verb(_)) {
            return trigger;
        }
        for at in after..(after + 7).min(self.end) {
            let word = self.lower(at);
            let is = |at: usize, set: Set| self.is(at, set);
            let deadly = is(at, Set::To) && is(at + 1, Set::Death)
                || is(at, Set::Dead) && at <= after + 3
                || is(at, Set::Deadly) && at <= after + 2
                || is(at, Set::And)
                    && (is(at + 1, Set::Kills)
                        && !(at > after && self.acts(at + 1) && self.takes_object(at + 2))
                        || is(at + 1, Set::Later) && is(at + 2, Set::Died)
                        || is(at + 1, Set::Deadly));
            if deadly {
                return Trigger { outcome: Outcome::Killed, ..trigger };
            }
            if matches!(word, "," | "." | ";" | "-" | "\u{2013}" | "\u{2014}")
                || is(at, Set::BreaksOff)
                || is(at, Set::And) && at > after
                || self.token(at).is_some_and(|token| token.kind == Kind::Number)
            {
                break;
            }
        }
        trigger
    }

    /// Whether a word is a verb of harm that takes those harmed as its object.
    fn acts(&self, at: usize) -> bool {
        self.trigger_frame(at).is_some_and(|trigger| matches!(trigger.frame, Frame::Verb(_)))
    }

    /// "injuring the mayor and killing his son": the second verb has an object of its own.
    fn takes_object(&self, at: usize) -> bool {
        self.token(at).is_some_and(|token| {
            const OPENS: &[Class] = &[
                Class::Determiner,
                Class::Possessive,
                Class::Number,
                Class::Victim,
                Class::Qualifier,
                Class::Reflexive,
            ];
            token.kind == Kind::Number || token.classes.any(OPENS)
        })
    }

    /// Whether a word is a verb that is no trigger.
    pub(super) fn verbal(&self, at: usize) -> bool {
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
        // Classes that leave open whether the word is a verb.
        const OPEN: &[Class] = &[
            Class::Trigger,
            Class::Unfulfilled,
            Class::Opener,
            Class::Qualifier,
            Class::Carry,
            Class::Condition,
            Class::Rise,
            Class::Suffer,
            Class::Deny,
            Class::Fear,
            Class::Presumed,
            Class::Link,
            Class::Strike,
            Class::Shot,
            Class::Identify,
        ];
        if !classes.only(OPEN) {
            return false;
        }
        let word = self.lower(at);
        let name = matches!(token.case, Case::Title | Case::Upper) && !self.capitals && at > self.start;
        let length = word.len();
        !name
            && !word.contains('-')
            && length > 4
            && (self.ends(at, Set::EndsEd) || self.ends(at, Set::EndsIng))
            && !self.determined(at)
    }
}
