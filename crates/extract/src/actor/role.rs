//! Tells which of the parties that a sentence names it holds responsible for a deed.

use std::ops::Range;

use annals_plugin::EventType;

use crate::event::{EventHit, Role};
use crate::lexicon::{Class, Set, Sets};
use crate::text::{Document, Kind};

use super::{Function, Mention, Naming, Stance, is_fight};

/// How the text makes a party the doer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// It fought those who fell: "killed in clashes with X".
    Opponent,
    /// Others lay the deed to it.
    Blamed,
    /// "X air strikes", "X's shelling".
    Modifier,
    /// "bombed by X".
    By,
    /// "X bombed".
    Subject,
    /// It owned up.
    Claimed,
}

/// A party held responsible for a deed.
#[derive(Debug, Clone, Copy)]
pub struct Agent {
    /// Index of the mention.
    pub mention: usize,
    /// Index of the deed among the triggers, `None` if the sentence tells of none.
    pub event: Option<usize>,
    /// On what ground.
    pub evidence: Evidence,
}

/// Hits of one kind, looked up by token.
fn spread(tokens: usize, hits: impl Iterator<Item = Range<usize>>) -> Vec<u32> {
    let mut index = vec![0; tokens];
    for (number, span) in hits.enumerate() {
        index[span].fill(number as u32 + 1);
    }
    index
}

/// The doers that a text's sentences tell.
pub fn agents(
    document: &Document<'_>,
    mentions: &[Mention],
    events: &[EventHit],
    stances: &[(crate::phrases::Hit, Stance)],
    functions: &[Option<Function>],
    headline: bool,
) -> Vec<Agent> {
    let tokens = document.tokens().len();
    let reader = Reader {
        document,
        mentions,
        events,
        functions,
        event_at: spread(tokens, events.iter().map(|event| event.hit.tokens())),
        stance_at: spread(tokens, stances.iter().map(|(hit, _)| hit.tokens())),
        mention_at: spread(tokens, mentions.iter().map(|mention| mention.start..mention.end)),
        stances,
        headline,
        sets: &document.language().sets,
    };
    let mut agents = Vec::new();
    let mut next = 0;
    for sentence in document.sentences() {
        let first = next;
        while next < mentions.len() && mentions[next].start < sentence.tokens.end {
            next += 1;
        }
        if first == next {
            continue;
        }
        let from = agents.len();
        for (mention, named) in mentions.iter().enumerate().take(next).skip(first) {
            if named.naming == Naming::Unnamed {
                continue;
            }
            if let Some((event, evidence)) = reader.role(mention, &sentence.tokens) {
                agents.push(Agent { mention, event, evidence });
            }
        }
        reader.coordinate(&mut agents, from, first);
    }
    agents.sort_by_key(|agent| agent.mention);
    agents
}

struct Reader<'a, 'd> {
    document: &'a Document<'d>,
    mentions: &'a [Mention],
    events: &'a [EventHit],
    functions: &'a [Option<Function>],
    stances: &'a [(crate::phrases::Hit, Stance)],
    event_at: Vec<u32>,
    stance_at: Vec<u32>,
    mention_at: Vec<u32>,
    /// The text is a headline, whose verbs stand in the present and share a subject.
    headline: bool,
    sets: &'a Sets,
}

/// How many words may stand between a party and its deed, or "by" and the deed.
const REACH: usize = 14;

impl Reader<'_, '_> {
    fn event(&self, token: usize) -> Option<usize> {
        (self.event_at[token] as usize).checked_sub(1)
    }

    fn stance(&self, token: usize) -> Option<Stance> {
        (self.stance_at[token] as usize).checked_sub(1).map(|index| self.stances[index].1)
    }

    fn is_mark(&self, token: usize) -> bool {
        self.document.tokens()[token].kind == Kind::Mark
    }

    /// Hyphens and apostrophes part no words.
    fn is_joint(&self, token: usize) -> bool {
        matches!(
            self.document.lower(token),
            "-" | "\u{2010}"
                | "\u{2011}"
                | "'"
                | "\u{2019}"
                | "'s"
                | "\u{2019}s"
                | "\""
                | "\u{201c}"
                | "\u{201d}"
                | "("
                | ")"
        )
    }

    fn is(&self, token: usize, set: Set) -> bool {
        self.document.is(token, set)
    }

    fn ends_ing(&self, token: usize) -> bool {
        self.sets.ending(self.document.lower(token), Set::EndsIng).is_some()
    }

    fn function(&self, token: usize) -> Option<Function> {
        self.functions[token]
    }

    /// The party is only the holder or backer of what follows, or its seat is meant.
    fn is_beside(&self, mention: &Mention, sentence: &Range<usize>) -> bool {
        let mut at = mention.end;
        while at < sentence.end && self.is_joint(at) {
            at += 1;
        }
        if at >= sentence.end {
            return false;
        }
        match self.stance(at) {
            Some(Stance::Holder) => true,
            Some(Stance::Home) => self.event(at).is_none() || at + 1 >= sentence.end,
            _ => false,
        }
    }

    /// "X has often targeted the city", "X has carried out bombings in the past": what X does, not what it did this time.
    fn is_habit(&self, mention: &Mention, sentence: &Range<usize>) -> bool {
        let auxiliary = (mention.end..sentence.end.min(mention.end + 3))
            .any(|at| self.function(at) == Some(Function::Auxiliary));
        // "in the past 24 hours" is of this time.
        let ends = |at: usize| {
            let after = self.stances[self.stance_at[at] as usize - 1].0.tokens();
            after.len() == 1
                || after.end >= sentence.end
                || self.is_mark(after.end)
                || self.function(after.end).is_some()
        };
        auxiliary
            && (mention.end..sentence.end.min(mention.end + 2 * REACH))
                .any(|at| self.stance(at) == Some(Stance::Habit) && ends(at))
    }

    fn role(&self, index: usize, sentence: &Range<usize>) -> Option<(Option<usize>, Evidence)> {
        let mention = &self.mentions[index];
        if self.is_beside(mention, sentence) || self.is_habit(mention, sentence) {
            return None;
        }
        let common = mention.naming == Naming::Common;
        let adjective = mention.naming == Naming::Adjective;
        if !adjective {
            if let Some(found) = self.claims(mention, sentence) {
                return Some(found);
            }
            if let Some(found) = self.after_by(mention, sentence) {
                return Some(found);
            }
        }
        if let Some(found) = self.before_noun(mention, sentence).or_else(|| self.own_deed(mention, sentence))
        {
            return Some(found);
        }
        if adjective {
            return None;
        }
        if let Some(found) = self.subject(mention, sentence).or_else(|| self.opening(mention, sentence)) {
            return Some(found);
        }
        if common {
            return None;
        }
        self.blamed(mention, sentence).or_else(|| self.fought(mention, sentence))
    }

    /// "X claimed responsibility".
    fn claims(&self, mention: &Mention, sentence: &Range<usize>) -> Option<(Option<usize>, Evidence)> {
        let end = sentence.end.min(mention.end + 8);
        let claim = (mention.end..end).find(|&at| self.stance(at) == Some(Stance::Claim))?;
        // Another party in between is the one that claims.
        let nearer = (mention.end..claim).any(|at| self.mention_at[at] > 0);
        let past = (claim..sentence.end.min(claim + 6)).any(|at| self.is(at, Set::OtherDeeds));
        let denied = (mention.end..claim).any(|at| self.is(at, Set::Unclaimed));
        if nearer || past || denied {
            return None;
        }
        let event = sentence.clone().find_map(|at| self.event(at))?;
        Some((Some(event), Evidence::Claimed))
    }

    /// "by X", with a deed before it.
    fn after_by(&self, mention: &Mention, sentence: &Range<usize>) -> Option<(Option<usize>, Evidence)> {
        let mut at = mention.start;
        let mut steps = 0;
        let by = loop {
            if at == sentence.start || steps > 6 {
                return None;
            }
            at -= 1;
            steps += 1;
            match self.function(at) {
                Some(Function::By) => break at,
                Some(Function::Determiner | Function::And | Function::Adverb) => {}
                Some(Function::Preposition) if self.is(at, Set::OfOrTo) => {}
                Some(_) => return None,
                None if self.is_mark(at) && !self.is_joint(at) => return None,
                None => {}
            }
        };
        let deed = (sentence.start..by).rev().take(REACH).find(|&token| {
            self.event(token).is_some_and(|event| self.events[event].trigger.role != Role::Sign)
        });
        let before = by.checked_sub(1).filter(|&before| before >= sentence.start)?;
        if matches!(self.stance(before), Some(Stance::Holder)) {
            return None;
        }
        if self.is(before, Set::Claimed) {
            return Some((deed.and_then(|token| self.event(token)), Evidence::Claimed));
        }
        let deed = deed?;
        // "feared revenge attacks by X"
        if (deed.saturating_sub(4).max(sentence.start)..deed)
            .any(|at| self.stance(at) == Some(Stance::Unreal))
        {
            return None;
        }
        // The deed of another clause is not done by X.
        if (deed..by).any(|at| matches!(self.function(at), Some(Function::Conjunction | Function::Relative)))
        {
            return None;
        }
        if self.is(before, Set::Told) {
            return None;
        }
        Some((self.event(deed), Evidence::By))
    }

    /// "X air strikes": only names and describing words in between.
    fn before_noun(&self, mention: &Mention, sentence: &Range<usize>) -> Option<(Option<usize>, Evidence)> {
        // "Syria air strikes" are strikes in Syria; "possible U.S. strikes" are none.
        let before = mention.start.saturating_sub(4).max(sentence.start)..mention.start;
        let planned = before.clone().any(|at| self.stance(at) == Some(Stance::Unreal));
        if mention.naming == Naming::Country || planned {
            return None;
        }
        let mut words = 0;
        for at in mention.end..sentence.end {
            if self.is_joint(at) {
                continue;
            }
            if let Some(event) = self.event(at) {
                let trigger = self.events[event].trigger;
                let planted = matches!(
                    trigger.event_type,
                    None | Some(EventType::Explosion | EventType::SuicideBombing | EventType::Shooting)
                );
                if mention.naming == Naming::Adjective && planted && trigger.weight != 2 {
                    // A "Syrian car bombing" is one in Syria; armies fire and fly.
                    return None;
                }
                let end = self.events[event].hit.end as usize;
                if end < sentence.end && (self.stance(end) == Some(Stance::Expert) || self.takes_object(end))
                {
                    return None;
                }
                if trigger.role == Role::Noun && trigger.event_type.is_some() {
                    return (!is_fight(&self.events[event]) || trigger.weight < 3)
                        .then_some((Some(event), Evidence::Modifier));
                }
                if trigger.role == Role::Verb {
                    return None;
                }
            }
            words += 1;
            let stops = self.is_mark(at)
                || self.function(at).is_some_and(|function| function != Function::Particle)
                || self.mention_at[at] > 0
                || self.stance(at) == Some(Stance::Holder);
            if words > 3 || stops {
                return None;
            }
        }
        None
    }

    /// "killed in Russian strikes": the words that name the party's forces name their deed.
    fn own_deed(&self, mention: &Mention, sentence: &Range<usize>) -> Option<(Option<usize>, Evidence)> {
        let last = mention.end.checked_sub(1).filter(|&last| last > mention.start)?;
        let event = self.event(last).filter(|&event| {
            let hit = &self.events[event];
            hit.trigger.event_type.is_some()
                && hit.trigger.role != Role::Sign
                && hit.hit.start as usize == last
        })?;
        let before = mention.start.saturating_sub(4).max(sentence.start)..mention.start;
        let planned = before.into_iter().any(|at| self.stance(at) == Some(Stance::Unreal));
        (mention.naming == Naming::Forces && !planned).then_some((Some(event), Evidence::Modifier))
    }

    /// "at the house of X killing 12": with a number after it a word in -ing is no noun.
    fn takes_object(&self, end: usize) -> bool {
        let token = &self.document.tokens()[end];
        self.ends_ing(end - 1)
            && (token.kind == Kind::Number || token.classes.any(&[Class::Number, Class::Qualifier]))
    }

    /// "X bombed".
    fn subject(&self, mention: &Mention, sentence: &Range<usize>) -> Option<(Option<usize>, Evidence)> {
        // Whoever stands after such words is where or at whom, not who.
        let mut at = mention.start;
        let mut steps = 0;
        while at > sentence.start && steps < 4 {
            at -= 1;
            steps += 1;
            match self.function(at) {
                Some(Function::Determiner | Function::Adverb | Function::Particle) => {}
                Some(Function::Preposition) if self.is(at, Set::Of) => break,
                Some(Function::Preposition | Function::With) => return None,
                Some(_) => break,
                None if self.is_mark(at) && !self.is_joint(at) => break,
                None => {
                    // "killed 12 IS fighters": a number or a deed before the party makes it the victim.
                    if self.document.tokens()[at].kind == Kind::Number {
                        // A year counts nobody.
                        let year = self.document.lower(at).len() == 4
                            && self.document.lower(at).parse::<u16>().is_ok();
                        if year {
                            break;
                        }
                        return None;
                    }
                    if let Some(event) = self.event(at) {
                        let role = self.events[event].trigger.role;
                        if role == Role::Verb {
                            return None;
                        }
                        break;
                    }
                }
            }
        }
        let mut passive = false;
        let mut unreal = false;
        // A country acts through its verb alone: "Syria, where bombs killed" is a place.
        let mut free = if mention.naming == Naming::Country { 0 } else { 3 };
        let mut at = mention.end;
        while at < sentence.end.min(mention.end + 2 * REACH) {
            if let Some(event) = self.event(at) {
                let hit = &self.events[event];
                match hit.trigger.role {
                    Role::Verb if hit.trigger.event_type.is_some() => {
                        let end = hit.hit.end as usize;
                        let by = (end..sentence.end.min(end + 2))
                            .any(|at| self.function(at) == Some(Function::By));
                        // "…, killing 12" and "and wounding" have their subject further off, unless "were" goes before.
                        let loose = self.ends_ing(end - 1) && !passive;
                        let joined = self.function(at - 1) == Some(Function::And);
                        let done = self.ends_ing(end - 1) || !passive;
                        return (done && !loose && !joined && !by && !unreal)
                            .then_some((Some(event), Evidence::Subject));
                    }
                    Role::Sign => {}
                    // "rebels launched an attack": the verb that leads to the deed stands among the carriers.
                    _ if self.stance(at.saturating_sub(1)) == Some(Stance::Carrier) => {
                        return (!passive).then_some((Some(event), Evidence::Subject));
                    }
                    _ => {}
                }
                at = hit.hit.end as usize;
                free -= 1;
                if free < 0 || mention.naming == Naming::Country {
                    return None;
                }
                continue;
            }
            match self.function(at) {
                // "X is a force battling Y" describes X.
                Some(Function::Be)
                    if at + 1 < sentence.end && self.function(at + 1) == Some(Function::Determiner) =>
                {
                    return None;
                }
                Some(Function::Be) => passive = true,
                Some(Function::Auxiliary) if self.is(at, Set::Unreal) => unreal = true,
                Some(Function::Auxiliary | Function::Adverb | Function::Relative | Function::Day) => {}
                Some(Function::And) => {}
                Some(_) if self.stance(at) == Some(Stance::Carrier) => {}
                Some(_) => return None,
                None if self.is_joint(at) => {}
                // "X, who hold the port, fired": over the clause to its second comma.
                None if self.document.lower(at) == ","
                    && at + 1 < sentence.end
                    && self.function(at + 1) == Some(Function::Relative) =>
                {
                    let close =
                        (at + 1..sentence.end.min(at + REACH)).find(|&at| self.document.lower(at) == ",");
                    at = close.unwrap_or(sentence.end);
                }
                None if self.is_mark(at) => return None,
                None if matches!(self.stance(at), Some(Stance::Carrier)) => {}
                None => {
                    free -= 1;
                    if free < 0 {
                        return None;
                    }
                }
            }
            at += 1;
        }
        None
    }

    /// The party that a sentence opens with does what later verbs without a subject of their own tell: "X retakes Y, kills 12",
    /// "X took the town after killing 12".
    fn opening(&self, mention: &Mention, sentence: &Range<usize>) -> Option<(Option<usize>, Evidence)> {
        if mention.naming == Naming::Country || mention.start > sentence.start + 2 {
            return None;
        }
        for at in mention.end..sentence.end.min(mention.end + 2 * REACH) {
            if self.function(at) == Some(Function::Be) && at < mention.end + 3 {
                return None;
            }
            let Some(event) = self.event(at).filter(|&event| self.events[event].hit.start as usize == at)
            else {
                continue;
            };
            let trigger = self.events[event].trigger;
            if trigger.role != Role::Verb || trigger.event_type.is_none() {
                continue;
            }
            let verb = self.document.lower(at);
            let after = self.is(at - 1, Set::SameSubject) && self.ends_ing(at);
            let present = self.headline
                && (self.sets.ending(verb, Set::EndsPresent).is_some() || self.is(at, Set::HeadlineVerb));
            let other = (mention.end..at)
                .any(|between| self.mention_at[between] > 0 && self.headline && between + 2 > at);
            if (after || present) && !other {
                return Some((Some(event), Evidence::Subject));
            }
        }
        None
    }

    /// "blamed on X", "accused X of".
    fn blamed(&self, mention: &Mention, sentence: &Range<usize>) -> Option<(Option<usize>, Evidence)> {
        let from = mention.start.saturating_sub(6).max(sentence.start);
        let blame = (from..mention.start).rev().find(|&at| self.stance(at) == Some(Stance::Blame));
        let event = || (sentence.clone()).find_map(|at| self.event(at));
        if let Some(at) = blame {
            let other = (at..mention.start).any(|at| {
                self.mention_at[at] > 0
                    || (self.is_mark(at) && !self.is_joint(at))
                    || self.function(at) == Some(Function::By)
            });
            return (!other).then(|| (event(), Evidence::Blamed));
        }
        // "X was behind", "X is responsible for", "X was blamed".
        let to = sentence.end.min(mention.end + 5);
        let after = (mention.end..to).find(|&at| self.stance(at) == Some(Stance::Blame))?;
        let passive = (mention.end..=after).any(|at| self.function(at) == Some(Function::Be));
        let holds = passive || self.is(after, Set::Responsible);
        let other = (mention.end..after)
            .any(|at| self.mention_at[at] > 0 || (self.is_mark(at) && !self.is_joint(at)));
        (holds && !other).then(|| (event(), Evidence::Blamed))
    }

    /// "clashes with X": those who fell there fell to X.
    fn fought(&self, mention: &Mention, sentence: &Range<usize>) -> Option<(Option<usize>, Evidence)> {
        let mut at = mention.start;
        let mut steps = 0;
        while at > sentence.start && steps < 7 {
            at -= 1;
            steps += 1;
            let with = self.function(at) == Some(Function::With) || self.is(at, Set::Against);
            if with {
                let fight = (sentence.start.max(at.saturating_sub(6))..at).rev().find_map(|token| {
                    self.event(token).filter(|&event| {
                        is_fight(&self.events[event]) && self.events[event].trigger.weight > 2
                    })
                })?;
                return Some((Some(fight), Evidence::Opponent));
            }
            if self.is_mark(at) && !self.is_joint(at) {
                return None;
            }
        }
        None
    }

    /// "Russian and Syrian air strikes": what holds for one holds for the other.
    fn coordinate(&self, agents: &mut Vec<super::Agent>, from: usize, first: usize) {
        let mut at = from;
        while at < agents.len() {
            let agent = agents[at];
            at += 1;
            let Some(before) = agent.mention.checked_sub(1).filter(|&before| before >= first) else {
                continue;
            };
            if agents[from..].iter().any(|other| other.mention == before) {
                continue;
            }
            let (left, right) = (&self.mentions[before], &self.mentions[agent.mention]);
            let between = left.end..right.start;
            let joined = between.len() <= 3
                && between.clone().any(|at| {
                    self.function(at) == Some(Function::And) || matches!(self.document.lower(at), "/" | "&")
                })
                && between.clone().all(|at| {
                    matches!(self.function(at), Some(Function::And | Function::Determiner | Function::Adverb))
                        || self.is(at, Set::Allies)
                        || self.is_joint(at)
                });
            if joined && left.party.is_some() {
                agents.push(Agent { mention: before, ..agent });
            }
        }
    }
}
