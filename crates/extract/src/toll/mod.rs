//! Finds figures and binds them to what befell whom.
//!
//! A sentence that holds a trigger is cut into noun groups, verb groups and what joins them; figures are then bound to predicates through
//! voice and order (subject of a passive, object of an active verb, "of" after a noun, what "including" opens), not by nearness.

mod bind;
mod chunk;
mod scope;

pub(crate) use scope::spans;

use std::ops::Range;

use annals_plugin::{Modality, Outcome, Qualifier, Scope, Victims};
use rustc_hash::FxHashSet;

use crate::lexicon::{Class, Frame};
use crate::text::Document;

/// One figure, before it is known where, when and on whose word. Spans are indexes into [`Document::tokens`].
#[derive(Debug, Clone, PartialEq)]
pub struct Toll {
    /// Index of the sentence.
    pub sentence: usize,
    /// The number with its qualifier ("at least 12"), or what stands for it ("a", "her two", a name).
    pub number: Range<usize>,
    /// The words that tell the outcome ("were killed"); of an earlier clause where this one leaves them out.
    pub trigger: Range<usize>,
    /// The clause that number and trigger stand in.
    pub clause: Range<usize>,
    /// What befell those counted.
    pub outcome: Outcome,
    /// The group counted.
    pub victims: Victims,
    /// Lower bound.
    pub low: Option<u64>,
    /// Upper bound.
    pub high: Option<u64>,
    /// How the text bounds the figure.
    pub qualifier: Qualifier,
    /// What the wording says of the scope; `None` if it says nothing.
    pub scope: Option<Scope>,
    /// How firmly it is put.
    pub modality: Modality,
    /// Index of the figure in the same list that this one is a part of.
    pub part_of: Option<usize>,
    /// Counts others than those of the figure before it ("12 others", "two more").
    pub others: bool,
    /// Tells of one person by name or pronoun, not of a number.
    pub named: bool,
    /// Its number stands in no words, but adds up the persons of a list.
    pub listed: bool,
    /// Befalls the doer: "killed himself", "turned the gun on herself".
    pub own: bool,
    /// Tells of dying or being dead, not of a deed: "died", "was pronounced dead".
    pub dying: bool,
    /// Tells of the wounds of one who died of them: read, but not claimed.
    pub implied: bool,
    /// The noun phrase of those counted, without the number.
    pub noun: Range<usize>,
    /// Who did it, if the clause has an agent: subject of "X killed 12", "by X".
    pub agent: Option<Range<usize>>,
    /// The clause is passive or a noun ("were killed", "the death of"), so that its subject is the victim.
    pub passive: bool,
}

/// Finds the figures of a text, in the order of the text.
pub fn tolls(document: &Document<'_>) -> Vec<Toll> {
    let lexicon = &document.language().lexicon;
    let surnames = bind::surnames(document);
    let mut tolls = Vec::new();
    for (index, sentence) in document.sentences().iter().enumerate() {
        let tokens = &document.tokens()[sentence.tokens.clone()];
        let told = &[Class::Trigger, Class::Fallen, Class::Killers];
        let triggered = tokens.iter().any(|token| token.classes.any(told));
        let continued = tolls.last().is_some_and(|toll: &Toll| toll.sentence + 1 == index);
        if triggered || continued {
            let chunks = chunk::chunks(document, lexicon, index);
            bind::bind(document, index, &chunks, &surnames, &mut tolls);
        }
    }
    shot_and_dead(document, &mut tolls);
    one_shot_and_dead(document, &mut tolls);
    some_of_the_injured(document, &mut tolls);
    tolls
}

/// So many sentences at the head of a text give the number of all.
const HEAD: usize = 4;

/// "Five people were wounded. Three were taken to hospital; the other two are in stable condition": those are some of the
/// wounded. The whole is told before its parts, or at the head of the text.
fn some_of_the_injured(document: &Document<'_>, tolls: &mut [Toll]) {
    let harmed = |toll: &Toll| {
        matches!(toll.outcome, Outcome::Injured | Outcome::Casualties)
            && toll.modality == Modality::Asserted
            && toll.scope.is_none()
            && toll.part_of.is_none()
    };
    let tokens = document.tokens();
    let partial = |toll: &Toll| {
        let some = |token: usize| tokens[token].classes.any(&[Class::Carry, Class::Condition]);
        let before = toll.number.start.saturating_sub(1);
        toll.trigger.clone().any(some) || toll.others && tokens[before].classes.has(Class::Determiner)
    };
    let larger = |known: Option<(usize, u64)>, index: usize, low: u64| match known {
        Some((_, most)) if most >= low => known,
        _ => Some((index, low)),
    };
    let mut most = None;
    for (index, toll) in tolls.iter().enumerate().take_while(|(_, toll)| toll.sentence < HEAD) {
        if let Some(low) = toll.low.filter(|_| harmed(toll) && !partial(toll)) {
            most = larger(most, index, low);
        }
    }
    let mut parts = Vec::new();
    for (index, toll) in tolls.iter().enumerate() {
        let Some(low) = toll.low.filter(|_| harmed(toll)) else { continue };
        match most {
            Some((whole, more)) if partial(toll) && more > low && low > 1 => parts.push((index, whole)),
            _ if partial(toll) => {}
            _ => most = larger(most, index, low),
        }
    }
    for (part, whole) in parts {
        tolls[part].part_of = Some(whole);
    }
}

/// "Four people were shot. One died at the scene": those shot are then killed or injured, not all injured.
fn shot_and_dead(document: &Document<'_>, tolls: &mut [Toll]) {
    let dead = |toll: &Toll| {
        toll.outcome == Outcome::Killed && toll.modality == Modality::Asserted && toll.scope.is_none()
    };
    let least =
        tolls.iter().filter(|toll| dead(toll)).filter_map(|toll| toll.low).filter(|&low| low > 0).min();
    let Some(least_dead) = least else { return };
    for toll in tolls.iter_mut() {
        let shot = toll
            .trigger
            .clone()
            .any(|token| document.tokens()[token].classes.any(&[Class::Shot, Class::Strike]));
        // "Three men were found with gunshot wounds. Two died."
        let words = || document.tokens()[toll.trigger.clone()].iter().map(|token| token.word);
        let wounds = || {
            let lexicon = &document.language().lexicon;
            let found = lexicon.trigger(words()).map_or(&[][..], |(readings, _)| readings);
            // "killing two and wounding five" tells both.
            !found.is_empty() && found.iter().all(|reading| reading.frame == Frame::Harm)
        };
        let shot = shot || wounds();
        let several = toll.low.is_some_and(|low| low > least_dead && low > 1);
        if toll.outcome == Outcome::Injured && shot && several && !toll.others {
            toll.outcome = Outcome::Casualties;
        }
    }
}

/// "Omar Haddad was shot in his car. He died at the scene": one who died of the shots is not injured beside.
fn one_shot_and_dead(document: &Document<'_>, tolls: &mut [Toll]) {
    const NEAR: usize = 2;
    let tokens = document.tokens();
    let one = |toll: &Toll| toll.low == Some(1) && toll.high == Some(1) && !toll.others;
    let pronoun = |toll: &Toll| {
        let classes = tokens[toll.number.start].classes;
        classes.has(Class::Pronoun) && !classes.has(Class::Reflexive)
    };
    let last_name = |toll: &Toll| document.lower(toll.noun.end.max(1) - 1);
    let killed =
        |toll: &&Toll| toll.outcome == Outcome::Killed && toll.modality == Modality::Asserted && one(toll);
    let dead_names: FxHashSet<&str> =
        tolls.iter().filter(killed).filter(|toll| toll.named && !pronoun(toll)).map(last_name).collect();
    let mut wounds = Vec::new();
    for (index, shot) in tolls.iter().enumerate() {
        let fired =
            shot.trigger.clone().any(|token| tokens[token].classes.any(&[Class::Shot, Class::Strike]));
        if shot.outcome != Outcome::Injured || !fired || !one(shot) {
            continue;
        }
        let single = |toll: &&Toll| matches!(toll.outcome, Outcome::Killed | Outcome::Injured);
        let before = tolls[..index].iter().rev().find(single).filter(killed);
        let after = tolls[index + 1..].iter().find(single).filter(killed);
        let of_one = |near: Option<&Toll>, goes_back: bool| {
            near.is_some_and(|dead| {
                dead.sentence.abs_diff(shot.sentence) <= NEAR && (goes_back || pronoun(dead))
            })
        };
        let named = shot.named && !pronoun(shot) && dead_names.contains(last_name(shot));
        if named || of_one(before, pronoun(shot)) || of_one(after, false) {
            wounds.push(index);
        }
    }
    for index in wounds {
        tolls[index].implied = true;
    }
}
