//! Tells what kind of thing happened, and with which weapons.

use annals_plugin::EventType;

use crate::phrases::{Hit, Phrases, Units, Words, read_list};

/// How a trigger stands in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The event itself: "air strikes".
    Noun,
    /// What was done: "bombed".
    Verb,
    /// A sign of the type that is neither.
    Sign,
}

/// What the words of a section of the list tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    /// The type, `None` for what is no conflict.
    pub event_type: Option<EventType>,
    /// How the words stand in a sentence.
    pub role: Role,
    /// Weight against the triggers of other types.
    pub weight: u32,
}

/// A trigger in a text.
#[derive(Debug, Clone, Copy)]
pub struct EventHit {
    /// Its tokens.
    pub hit: Hit,
    /// What it tells.
    pub trigger: Trigger,
}

/// The lists of triggers and weapons of a language.
#[derive(Debug)]
pub struct Events {
    triggers: Vec<Trigger>,
    phrases: Phrases,
    weapon_labels: Vec<Box<str>>,
    weapons: Phrases,
}

impl Events {
    /// Reads both lists.
    ///
    /// # Errors
    /// A header that is not understood, or the number of a line that stands before the first.
    pub fn read(events: &str, weapons: &str, words: &mut Words) -> Result<Events, String> {
        let mut all = Events {
            triggers: Vec::new(),
            phrases: Phrases::default(),
            weapon_labels: Vec::new(),
            weapons: Phrases::default(),
        };
        let mut last = ("", Ok(0));
        let mut failure = None;
        read_list(events, |header, pattern| {
            if header != last.0 {
                last = (
                    header,
                    trigger(header).map(|trigger| {
                        all.triggers.push(trigger);
                        all.triggers.len() - 1
                    }),
                );
            }
            match &last.1 {
                Ok(entry) => all.phrases.add(pattern, *entry as u32, words),
                Err(message) => failure = Some(message.clone()),
            }
        })
        .map_err(|line| format!("line {line} of the events stands before the first header"))?;
        read_list(weapons, |label, pattern| {
            if all.weapon_labels.last().is_none_or(|last| **last != *label) {
                all.weapon_labels.push(label.into());
            }
            all.weapons.add(pattern, all.weapon_labels.len() as u32 - 1, words);
        })
        .map_err(|line| format!("line {line} of the weapons stands before the first header"))?;
        match failure {
            Some(message) => Err(message),
            None => Ok(all),
        }
    }

    /// The triggers of a text, in order.
    pub fn find(&self, units: &Units) -> Vec<EventHit> {
        let hits = self.phrases.find(units).into_iter();
        hits.map(|hit| EventHit { hit, trigger: self.triggers[hit.entry as usize] }).collect()
    }

    /// The weapons of a text, in order, each with its label.
    pub fn weapons(&self, units: &Units) -> Vec<(Hit, &str)> {
        let hits = self.weapons.find(units).into_iter();
        hits.map(|hit| (hit, &*self.weapon_labels[hit.entry as usize])).collect()
    }
}

/// Reads a header such as "air_strike noun 4".
fn trigger(header: &str) -> Result<Trigger, String> {
    let mut parts = header.split_whitespace();
    let (label, role, weight) = (parts.next().unwrap_or(""), parts.next(), parts.next());
    let event_type = match label {
        "none" => None,
        label => Some(label.parse().map_err(|error| format!("[{header}]: {error}"))?),
    };
    let role = match role {
        Some("noun") => Role::Noun,
        Some("verb") => Role::Verb,
        Some("sign") => Role::Sign,
        _ => return Err(format!("[{header}]: the second word is none of noun, verb, sign")),
    };
    let weight = weight.map_or(Ok(3), str::parse).map_err(|error| format!("[{header}]: {error}"))?;
    Ok(Trigger { event_type, role, weight })
}

/// Weighs the types that triggers tell, and chooses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ballot {
    weights: [u32; EventType::ALL.len()],
    none: u32,
}

impl Ballot {
    /// Counts a trigger, `times` over.
    pub fn add(&mut self, event_type: Option<EventType>, weight: u32, times: u32) {
        match event_type {
            Some(event_type) => self.weights[event_type as usize] += weight * times,
            None => self.none += weight * times,
        }
    }

    /// Adds another ballot, `times` over.
    pub fn join(&mut self, other: &Ballot, times: u32) {
        for (weight, more) in self.weights.iter_mut().zip(other.weights) {
            *weight += more * times;
        }
        self.none += other.none * times;
    }

    /// The weight of a type.
    pub fn of(&self, event_type: EventType) -> u32 {
        self.weights[event_type as usize]
    }

    /// Whether nothing tells of violence.
    pub fn is_peaceful(&self) -> bool {
        self.weights.iter().all(|&weight| weight == 0)
    }

    fn violence(&self) -> u32 {
        self.weights.iter().copied().max().unwrap_or(0)
    }

    /// Whether what is told is an accident or a disaster rather than violence.
    pub fn is_accident(&self) -> bool {
        self.none > self.violence()
    }

    /// Whether an accident or a disaster is told, and violence by no more than what befell its victims.
    pub fn is_mishap(&self) -> bool {
        self.none > 0 && self.violence() <= 1
    }

    /// Whether no more than what befell victims is told.
    pub fn is_harmless(&self) -> bool {
        self.violence() <= 1
    }

    /// The type that the triggers tell together, `None` if there are none.
    ///
    /// What tells how it was done goes before what tells only that it was violent; a bomb that its carrier sets off and a gas are
    /// told by a few words among many others, so they count for more than these.
    pub fn choose(&self) -> Option<EventType> {
        use EventType::{
            Abduction, AirStrike, Attack, ChemicalAttack, Clash, Detention, Displacement, DroneStrike,
            Execution, Explosion, Landmine, MissileStrike, Shelling, Shooting, SuicideBombing,
        };
        let mut weights = self.weights;
        let of = |event_type: EventType| self.weights[event_type as usize];
        let mut raise = |event_type: EventType, others: &[EventType]| {
            if of(event_type) > 0 {
                weights[event_type as usize] += others.iter().map(|&other| of(other)).sum::<u32>();
            }
        };
        if 4 * of(SuicideBombing) >= of(Explosion) {
            raise(SuicideBombing, &[Explosion, Shooting]);
        }
        raise(ChemicalAttack, &[Attack]);
        if 2 * of(DroneStrike) >= of(AirStrike) {
            raise(DroneStrike, &[AirStrike]);
        }
        raise(Landmine, &[Explosion]);
        let best = |types: &[EventType]| {
            let best = types.iter().copied().rev().max_by_key(|&each| weights[each as usize])?;
            (weights[best as usize] > 0).then_some(best)
        };
        let told = [
            ChemicalAttack,
            SuicideBombing,
            AirStrike,
            DroneStrike,
            MissileStrike,
            Shelling,
            Landmine,
            Explosion,
            Execution,
            Shooting,
            Clash,
            Abduction,
        ];
        best(&told).or_else(|| best(&[Attack, Detention, Displacement])).or(best(&[EventType::Other]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_is_wrong_says_why() {
        assert_eq!(
            trigger("air_raid noun").unwrap_err(),
            "[air_raid noun]: `air_raid` is not a label of EventType"
        );
        assert!(trigger("shelling thing").unwrap_err().contains("noun, verb, sign"));
        assert!(trigger("shelling noun many").is_err());
    }
}
