//! What an article as a whole tells of the dead and injured of an incident, where no single figure of its text does.
//!
//! A headline may give a figure that the text spreads over its sentences; a text may tell of those harmed one by one.

use std::ops::Range;

use annals_plugin::{Modality, Outcome, Qualifier, Scope, Victims};

use super::column;
use super::persons::Persons;
use crate::lexicon::Class;
use crate::text::Document;
use crate::toll::Toll;

/// The number of dead and of injured that a headline gives: "2 boys, 2 girls shot" tells of four, "6 shot, one badly hurt"
/// of six.
pub(super) fn headline(document: &Document<'_>, titled: &[Toll]) -> [Option<u64>; 2] {
    let mut told = [None; 2];
    let mut sums: [(Range<usize>, u64); 2] = Default::default();
    let mut undergone = false;
    for toll in titled {
        let himself = document.tokens()[toll.number.start].classes.has(Class::Reflexive);
        let whole = toll.part_of.is_none()
            && toll.modality == Modality::Asserted
            && toll.scope != Some(Scope::Total)
            && toll.qualifier != Qualifier::Vague
            && !(himself && undergone);
        undergone |= toll.passive;
        if let (Some(column), Some(low), true) = (column(toll.outcome), toll.low, whole) {
            let (trigger, sum) = &mut sums[column];
            *sum = if *trigger == toll.trigger || himself { *sum + low } else { low };
            *trigger = toll.trigger.clone();
            told[column] = told[column].max(Some(*sum));
        }
    }
    told
}

/// The number of dead and of injured that the figures of an incident tell together, if it is more than any of them gives.
pub(super) fn of_incident<'t>(
    document: &Document<'_>,
    tolls: impl Iterator<Item = &'t Toll>,
    headline: [Option<u64>; 2],
) -> [Option<u64>; 2] {
    let mut persons = Persons::default();
    let mut stated = [0; 2];
    let mut counted = [0; 2];
    let mut casualties = 0;
    for toll in tolls {
        persons.read(document, toll);
        if toll.modality != Modality::Asserted {
            continue;
        }
        let most = toll.low.max(toll.high).unwrap_or(0);
        // Only a number of people, not of women or guards among them, is a number of all.
        let all = matches!(toll.victims, Victims::People | Victims::Civilians);
        if let Some(column) = column(toll.outcome) {
            counted[column] = counted[column].max(most);
            if all {
                stated[column] = stated[column].max(most);
            }
        }
        if toll.outcome == Outcome::Casualties {
            casualties = casualties.max(most);
        }
    }
    let told = [persons.killed(), persons.injured()];
    // Whoever was shot and not killed was injured.
    let killed = counted[0].max(told[0]).max(headline[0].unwrap_or(0));
    let rest = if killed > 0 { casualties.saturating_sub(killed) } else { 0 };
    let mut reading = [None; 2];
    for column in 0..2 {
        let whole = match headline[column] {
            // A headline that counts has counted all.
            Some(count) => count,
            _ if casualties > 0 && told[0] + told[1] > casualties => 0,
            // Where the text gives a number, persons told one by one are some of them.
            _ if stated[column] > 1 => 0,
            _ => told[column],
        };
        let whole = if column == 1 { whole.max(rest) } else { whole };
        let known = whole > stated[column] && whole >= counted[column] && whole > 1;
        reading[column] = known.then_some(whole);
    }
    reading
}
