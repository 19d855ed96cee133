//! Binds numbers and nouns to what befell them, by the grammar of the clause.

mod noun;
mod part;
mod subject;
mod verb;

use std::ops::Range;

use annals_plugin::{Modality, Outcome, Qualifier, Victims};
use rustc_hash::FxHashSet;

use super::Toll;
use super::chunk::{Chunk, Determiner, Noun, Part, Verb};
use crate::lexicon::{Class, Frame, Set, WordId};
use crate::number::Figure;
use crate::text::{Document, Kind, Token};

/// A predicate and its subject or object lie within so many chunks.
const REACH: usize = 28;

/// Last words of the names in a text without small letters, where capitals tell no name from other words.
pub(super) type Surnames<'a> = FxHashSet<&'a str>;

/// The words that follow another unknown word in sentences of capitals.
pub(super) fn surnames<'a>(document: &'a Document<'_>) -> Surnames<'a> {
    let mut surnames = Surnames::default();
    for sentence in document.sentences().iter().filter(|sentence| sentence.capitals) {
        let tokens = &document.tokens()[sentence.tokens.clone()];
        let unknown = |token: &Token| token.kind == Kind::Word && token.word == WordId::UNKNOWN;
        for (at, pair) in (sentence.tokens.start..).zip(tokens.windows(2)) {
            if unknown(&pair[0]) && unknown(&pair[1]) {
                surnames.insert(document.lower(at + 1));
            }
        }
    }
    surnames
}

/// Finds the figures of one sentence and appends them.
pub(super) fn bind<'a>(
    document: &'a Document<'a>,
    sentence: usize,
    chunks: &'a [Chunk],
    surnames: &'a Surnames<'a>,
    tolls: &'a mut Vec<Toll>,
) {
    let mut binder = Binder {
        document,
        sentence,
        chunks,
        surnames,
        first: tolls.len(),
        tolls,
        bound: vec![None; chunks.len()],
    };
    binder.predicates();
    binder.subsets();
    binder.elliptic();
    binder.apposed();
    let first = binder.first;
    // The order of the text, whatever pattern found them.
    let mut order: Vec<usize> = (first..tolls.len()).collect();
    order.sort_by_key(|&index| (tolls[index].number.start, tolls[index].trigger.start));
    let mut place = vec![0; order.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old - first] = first + new;
    }
    let mut sorted: Vec<Toll> = order.iter().map(|&old| tolls[old].clone()).collect();
    for toll in &mut sorted {
        toll.part_of = toll.part_of.map(|whole| if whole >= first { place[whole - first] } else { whole });
    }
    companions(document, &mut sorted);
    tolls.truncate(first);
    tolls.append(&mut sorted);
}

/// "An emir and nine of his comrades were killed": they are what he is.
fn companions(document: &Document<'_>, tolls: &mut [Toll]) {
    let mut before = None;
    for toll in tolls {
        let named = |token| document.is(token, Set::Companions);
        if before == Some(Victims::Combatants)
            && toll.victims == Victims::People
            && toll.noun.clone().any(named)
        {
            toll.victims = Victims::Combatants;
        }
        before = Some(toll.victims);
    }
}

/// What a predicate says of those it befalls.
#[derive(Debug, Clone)]
struct Predicate {
    outcome: Outcome,
    tokens: Range<usize>,
    modality: Modality,
    passive: bool,
    agent: Option<Range<usize>>,
    /// How the predicate binds; `None` where it is left out or no word of the lexicon.
    frame: Option<Frame>,
    /// The predicate's chunk.
    at: usize,
}

struct Binder<'a> {
    document: &'a Document<'a>,
    sentence: usize,
    chunks: &'a [Chunk],
    surnames: &'a Surnames<'a>,
    first: usize,
    tolls: &'a mut Vec<Toll>,
    /// The figure that a noun chunk was bound as.
    bound: Vec<Option<usize>>,
}

impl<'a> Binder<'a> {
    fn part(&self, at: usize) -> Option<&'a Part> {
        self.chunks.get(at).map(|chunk| &chunk.part)
    }

    fn noun(&self, at: usize) -> Option<&'a Noun> {
        match self.part(at) {
            Some(Part::Noun(noun)) => Some(noun),
            _ => None,
        }
    }

    fn verb(&self, at: usize) -> Option<&'a Verb> {
        match self.part(at) {
            Some(Part::Verb(verb)) => Some(verb),
            _ => None,
        }
    }

    fn has(&self, token: usize, class: Class) -> bool {
        self.document.tokens()[token].classes.has(class)
    }

    /// Whether a chunk opens with a word of a set.
    fn opens_with(&self, at: usize, set: Set) -> bool {
        self.chunks.get(at).is_some_and(|chunk| self.document.is(chunk.span.start, set))
    }

    fn word(&self, at: usize) -> &str {
        self.chunks.get(at).map_or("", |chunk| self.document.lower(chunk.span.start))
    }

    fn predicates(&mut self) {
        for at in 0..self.chunks.len() {
            match &self.chunks[at].part {
                Part::Verb(verb) => {
                    if let Some(trigger) = verb.trigger {
                        self.verb_predicate(at, verb, trigger);
                    } else if self.document.tokens()[verb.main].classes.has(Class::Carry) {
                        self.carried(at, verb);
                    } else if self.document.is(verb.main, Set::Loses) {
                        self.lost(at, verb);
                    } else if self.has(verb.main, Class::Identify) && verb.passive {
                        self.identified(at);
                    } else if self.has(verb.main, Class::Identify) {
                        self.names(at);
                    } else {
                        self.revised(at, verb);
                    }
                }
                Part::State(outcome) => self.state_predicate(at, *outcome),
                Part::Noun(noun) => match noun.trigger {
                    Some(trigger) if trigger.frame == Frame::Toll => self.sum(at, noun, trigger),
                    Some(trigger) => self.noun_predicate(at, noun, trigger),
                    None if noun.state.is_some() => self.stated(at, noun),
                    None => self.killers(at, noun),
                },
                _ => {}
            }
        }
    }

    /// Whether a noun can be the victim of a predicate.
    fn victim(&self, noun: &Noun, predicate: &Predicate, at: usize) -> bool {
        if noun.thing || noun.trigger.is_some() || noun.accident || noun.generic {
            return false;
        }
        if noun.person() || noun.bare && noun.figure.is_some() {
            return true;
        }
        let persons_only =
            matches!(predicate.outcome, Outcome::Killed | Outcome::Injured | Outcome::Casualties);
        let one = noun.name && !noun.counted();
        // A name as the victim of a killing is a person; "captured Raqqa" is no arrest, "hit Raqqa" no wounding.
        let struck = self.chunks[predicate.at].span.clone().any(|token| self.has(token, Class::Strike));
        if struck && (one || !noun.name) && !noun.bare {
            return false;
        }
        if one {
            return matches!(predicate.outcome, Outcome::Killed | Outcome::Injured | Outcome::Abducted)
                && self.personal(at);
        }
        persons_only
            && noun.counted()
            && (noun.plural || noun.figure.as_ref().is_some_and(|figure| figure.low == Some(1)))
    }

    /// Whether a name may be a person's: two words or more, or one that is not the head of a place phrase.
    fn personal(&self, at: usize) -> bool {
        let chunk = &self.chunks[at];
        chunk.span.len() >= 2
            || self.surnames.contains(self.document.lower(chunk.span.start))
            || !self.document.sentences()[self.sentence].capitals
                && !matches!(at.checked_sub(1).and_then(|before| self.part(before)), Some(Part::Preposition))
    }

    /// Records a figure. Whether there was one.
    fn toll(&mut self, predicate: &Predicate, at: usize, noun: &Noun) -> bool {
        if self.bound[at].is_some() {
            return false;
        }
        let span = self.chunks[at].span.clone();
        let figure = match &noun.figure {
            Some(figure) => figure.clone(),
            None if noun.partitive => return false,
            None if noun.single => Figure::exact(span.clone(), 1),
            None if noun.name => Figure::exact(span.clone(), 1),
            None if noun.others && noun.plural => Figure::vague(span.clone(), 2),
            // "killing five and injuring civilians": beside a count of the dead, an uncounted plural is at least two.
            None if noun.plural
                && noun.group.is_some()
                && noun.determiner == Determiner::None
                && predicate.outcome == Outcome::Injured
                && self.tolls[self.first..].iter().any(|toll| toll.outcome == Outcome::Killed) =>
            {
                Figure::vague(span.clone(), 2)
            }
            None if noun.group.is_some() && !noun.plural => Figure::exact(span.clone(), 1),
            None => return false,
        };
        // "not a single person was killed"
        let negated = span.start > self.document.sentences()[self.sentence].tokens.start
            && self.document.is(span.start - 1, Set::Not)
            && figure.low == Some(1);
        let figure = if negated { Figure::exact(figure.tokens, 0) } else { figure };
        let strikes = predicate.outcome == Outcome::Strikes;
        // "eight women and children": one number for both.
        let both = matches!(self.part(at + 1), Some(Part::Conjunction))
            && noun.plural
            && self.noun(at + 2).is_some_and(|other| {
                other.person()
                    && other.plural
                    && !other.counted()
                    && other.determiner == Determiner::None
                    && !other.name
            });
        // "seven commanders and members" of an armed group
        let same = self.noun(at + 2).is_some_and(|other| {
            other.group == noun.group
                || noun.group == Some(Victims::Combatants) && other.group == Some(Victims::People)
        });
        let mut group = if both && !same { Some(Victims::People) } else { noun.group };
        if noun.partitive && group.is_none() && noun.state.is_none() {
            group = self.those_before(at);
        }
        if group == Some(Victims::People) && noun.determiner == Determiner::Possessive {
            group = self.head_of_fighters(at, noun).or(group);
        }
        let several = noun.figure.as_ref().is_some_and(|figure| figure.low.is_some_and(|low| low > 1));
        if noun.bare && group.is_none() && several {
            group = self.left_out(noun, predicate);
        }
        let mut figure = figure;
        // "five children were killed and nine injured": the noun, and what bounds it, are left out.
        let reduced = noun.group.is_none()
            && !noun.others
            && (predicate.at == at && noun.state.is_some()
                || predicate.at == at + 1
                    && self.verb(at + 1).is_some_and(|verb| !verb.passive && !verb.perfect))
            && at > 0
            && matches!(self.part(at - 1), Some(Part::Conjunction));
        if reduced
            && let Some(model) = self.tolls[self.first..].iter().rev().find(|toll| toll.part_of.is_none())
            && figure.qualifier == Qualifier::Exact
            && figure.low != Some(0)
        {
            group = Some(model.victims);
            if model.qualifier == Qualifier::AtLeast {
                figure.qualifier = Qualifier::AtLeast;
                figure.high = None;
            }
        }
        // "900 families": so many persons at least.
        let bounded = matches!(figure.qualifier, Qualifier::Exact | Qualifier::About);
        if bounded && figure.low > Some(0) && self.document.is(span.end - 1, Set::Families) {
            figure.qualifier = Qualifier::AtLeast;
            figure.high = None;
        }
        // "none of the 20 miners abducted last week": the participle tells of all.
        let described = noun.partitive
            && figure.low == Some(0)
            && self.verb(predicate.at).is_some_and(|verb| !verb.passive && !verb.perfect);
        if described {
            return false;
        }
        let clause = self.clause(predicate.at, at);
        if self.accident(&clause) {
            return false;
        }
        // An execution of one reads as nothing else; numbers beyond any war are misread.
        if figure.low.is_some_and(|low| low > 20_000_000) {
            return false;
        }
        // "none of the injuries is life-threatening": there are injuries.
        let grave = |token: usize| self.has(token, Class::Grave);
        if figure.low == Some(0) && (predicate.tokens.clone().any(grave) || clause.clone().any(grave)) {
            return false;
        }
        let low_only_zero = figure.low == Some(0) && figure.high == Some(0);
        let qualifier = if low_only_zero { Qualifier::Exact } else { figure.qualifier };
        // "a deceased man with a gunshot wound"
        let dead = predicate.outcome == Outcome::Injured && noun.state == Some(Outcome::Killed);
        let outcome = if dead { Outcome::Killed } else { predicate.outcome };
        self.bound[at] = Some(self.tolls.len());
        let scope = super::scope::scope(&super::scope::Told {
            document: self.document,
            clause: &clause,
            outcome: predicate.outcome,
            figure: &figure,
            end: figure.tokens.end.max(span.end).max(predicate.tokens.end),
        });
        self.tolls.push(Toll {
            sentence: self.sentence,
            number: figure.tokens.clone(),
            trigger: predicate.tokens.clone(),
            clause,
            outcome,
            victims: if strikes { Victims::None } else { group.unwrap_or(Victims::People) },
            low: figure.low,
            high: figure.high,
            qualifier,
            scope,
            modality: predicate.modality,
            part_of: None,
            others: noun.others,
            named: noun.name || noun.single,
            listed: false,
            own: predicate.frame.is_some_and(|frame| matches!(frame, Frame::Own(_)))
                || self.has(figure.tokens.start, Class::Reflexive),
            dying: predicate.frame.is_some_and(|frame| matches!(frame, Frame::Undergo(_) | Frame::State)),
            implied: false,
            noun: noun.words.clone(),
            agent: predicate.agent.clone(),
            passive: predicate.passive,
        });
        true
    }

    /// "struck the base of a rebel group, killing its leader": whose head is killed tells what he is.
    fn head_of_fighters(&self, at: usize, noun: &Noun) -> Option<Victims> {
        if !noun.words.clone().any(|token| self.document.is(token, Set::Heads)) {
            return None;
        }
        let lexicon = &self.document.language().lexicon;
        let body = |left: usize| {
            self.noun(left)?;
            let mut words = self.chunks[left].span.clone();
            words.find_map(|token| lexicon.victim(self.document.tokens()[token].word)?.modifier)
        };
        let group = (at.saturating_sub(8)..at).rev().find_map(body)?;
        (group == Victims::Combatants).then_some(group)
    }

    /// The group of a number that leaves its noun out: "five soldiers were killed. Another three died".
    fn left_out(&self, noun: &Noun, predicate: &Predicate) -> Option<Victims> {
        let last = self.tolls.last().filter(|_| noun.others)?;
        let near = last.sentence == self.sentence
            || last.sentence + 1 == self.sentence && last.outcome == predicate.outcome;
        Some(last.victims).filter(|group| near && matches!(group, Victims::Combatants | Victims::Civilians))
    }

    /// The group of those whom "16 of them" goes back to: "clashed with rebels, killing 16 of them".
    fn those_before(&self, at: usize) -> Option<Victims> {
        let them = self.chunks[at].span.end - 1;
        let group = |left: usize| {
            self.noun(left).filter(|noun| noun.plural && noun.person() && !noun.counted())?.group
        };
        self.has(them, Class::Pronoun).then(|| (at.saturating_sub(8)..at).rev().find_map(group)).flatten()
    }

    /// The clause of a predicate and a noun: what lies between the words that open clauses around both.
    fn clause(&self, predicate: usize, noun: usize) -> Range<usize> {
        let (mut first, mut last) = (predicate.min(noun), predicate.max(noun));
        let opens = |at: usize| match &self.chunks[at].part {
            Part::Subordinator => true,
            Part::Verb(verb) => verb.say,
            _ => false,
        };
        while first > 0 && !opens(first - 1) {
            first -= 1;
        }
        while last + 1 < self.chunks.len() && !opens(last + 1) {
            last += 1;
        }
        // Days and dates are no chunks of their own; they belong to the clause that they end.
        let end = self
            .chunks
            .get(last + 1)
            .map_or(self.document.sentences()[self.sentence].tokens.end, |next| next.span.start);
        self.chunks[first].span.start..end
    }

    fn accident(&self, clause: &Range<usize>) -> bool {
        self.document.tokens()[clause.clone()].iter().any(|token| token.classes.has(Class::Accident))
    }
}
