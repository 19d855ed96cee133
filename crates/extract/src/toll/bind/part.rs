//! Figures that are parts of others, or that leave their predicate out.

use annals_plugin::{Modality, Outcome, Victims};

use super::{Binder, Predicate, REACH};
use crate::lexicon::{Class, Set};
use crate::toll::chunk::{Determiner, Noun, Part};

/// "Among the dead" goes back so many sentences at most.
const FAR: usize = 3;

impl<'a> Binder<'a> {
    /// "named the victims as Lena Moss and two guards"
    pub(super) fn names(&mut self, at: usize) {
        if self.harmed(at + 1).is_some() && self.opens_with(at + 2, Set::As) {
            self.equated(at + 1, at + 3);
        }
    }

    /// "Two of the slain civilians were identified as journalists."
    pub(super) fn identified(&mut self, at: usize) {
        let (Some(subject), Some(role)) = (at.checked_sub(1), self.noun(at + 2)) else { return };
        if self.opens_with(at + 1, Set::As) && self.harmed(subject).is_some() && (role.name || role.counted())
        {
            self.equated(subject, at + 2);
            return;
        }
        if self.opens_with(at + 1, Set::As)
            && let (Some(toll), Some(group)) = (self.bound[subject], role.group)
            && role.plural
        {
            self.tolls[toll].victims = group;
            self.tolls[toll].noun = role.words.clone();
        }
    }

    /// Figures that are parts of another: "including five children", "(6 civilians and 3 soldiers)".
    pub(super) fn subsets(&mut self) {
        for at in 0..self.chunks.len() {
            match self.part(at) {
                Some(Part::Subset) if self.counts_some_of_whom(at) => {}
                Some(Part::Subset) => match at.checked_sub(1).and_then(|before| self.harmed(before)) {
                    // "The wounded include a child and a woman."
                    Some(outcome) if self.parent(at).is_none() => {
                        let predicate = self.bare_predicate(outcome, at - 1);
                        if let Some(noun) = self.noun(at + 1).filter(|noun| noun.person()) {
                            self.toll(&predicate, at + 1, noun);
                            self.list_right(&predicate, at + 1);
                        }
                    }
                    _ => self.subset(at + 1, at),
                },
                Some(Part::Open) => {
                    let closes = (at + 1..(at + 12).min(self.chunks.len()))
                        .find(|&end| matches!(self.part(end), Some(Part::Close)));
                    if let Some(end) = closes
                        && (at + 1..end).all(|inner| !matches!(self.part(inner), Some(Part::Verb(_))))
                        && self.noun(at + 1).is_some_and(|noun| noun.counted() && noun.person())
                    {
                        self.subset(at + 1, at);
                    }
                }
                Some(Part::Preposition) if self.opens_with(at, Set::Among) => {
                    self.of_those_among(at);
                    if at > 0 && self.noun(at - 1).is_some_and(Noun::counted) {
                        // "6 children among 19 dead"
                        self.among(at);
                    } else if let Some(trigger) = self.verb(at + 2).and_then(|verb| verb.trigger)
                        && self.noun(at + 1).is_some_and(Noun::person)
                        && self.verb(at + 3).is_some_and(|verb| verb.copula)
                        && self.noun(at + 4).is_some_and(|noun| noun.name || noun.person())
                    {
                        // "Among the priests murdered was Omar Haddad."
                        let predicate = self.bare_predicate(trigger.outcome, at + 2);
                        if let Some(noun) = self.noun(at + 4) {
                            self.toll(&predicate, at + 4, noun);
                            self.list_right(&predicate, at + 4);
                        }
                    } else if let Some(list) = self.listed_among(at) {
                        // "Among the dead were five children.", "Among the dead was Lena Moss."
                        if self.noun(list).is_some_and(|noun| noun.name && !noun.counted()) {
                            self.equated(at + 1, list);
                            continue;
                        }
                        match (self.parent_within(at, FAR), self.harmed(at + 1), self.noun(list)) {
                            (None, Some(outcome), Some(noun)) if noun.person() => {
                                let predicate = self.bare_predicate(outcome, at + 1);
                                self.toll(&predicate, list, noun);
                                self.list_right(&predicate, list);
                            }
                            (whole, ..) => self.subset_of(whole, list),
                        }
                    }
                }
                Some(Part::Verb(verb)) if verb.copula && at > 0 => {
                    if self.opens_with(at + 1, Set::Among) {
                        self.were_among(at);
                    } else if self.noun(at - 1).is_some_and(|those| {
                        those.plural && !those.counted() && those.determiner == Determiner::Definite
                    }) && self.harmed(at - 1).is_some()
                        && !verb.negated
                    {
                        self.equated(at - 1, at + 1);
                    } else {
                        self.role(at);
                    }
                }
                Some(Part::Noun(noun)) if noun.partitive && noun.counted() && self.bound[at].is_none() => {
                    // "three of them children"
                    if let Some(role) = self.noun(at + 1)
                        && role.group.is_some()
                        && !role.counted()
                    {
                        self.part_with_role(at, at + 1);
                    }
                }
                _ => {}
            }
        }
    }

    /// What befell a group that is named by it: "the dead", "those wounded", "the victims".
    fn harmed(&self, at: usize) -> Option<Outcome> {
        let noun = self.noun(at)?;
        let victims = self.chunks[at].span.clone().any(|token| self.has(token, Class::Fallen));
        noun.state.or(victims.then_some(Outcome::Killed)).or(noun.trigger.map(|trigger| trigger.outcome))
    }

    /// "Among those killed in the raid on the town were five children": where the list begins.
    fn listed_among(&self, among: usize) -> Option<usize> {
        const PHRASES: usize = 4;
        self.harmed(among + 1)?;
        let mut at = among + 2;
        for _ in 0..PHRASES {
            if matches!(self.part(at), Some(Part::Preposition)) && self.noun(at + 1).is_some() {
                at += 2;
            }
        }
        self.verb(at).is_some_and(|verb| verb.copula).then_some(at + 1)
    }

    /// "The victims were Lena Moss, 23, and two guards": those listed are those harmed, of whom a figure may have been told.
    fn equated(&mut self, those: usize, start: usize) {
        let deed = |noun: &Noun| noun.state.or(noun.trigger.map(|trigger| trigger.outcome));
        let state = self.noun(those).and_then(deed);
        let fits = |outcome: Outcome| state.is_none_or(|state| state == outcome);
        let whole = self.parent_within(those, FAR).filter(|&whole| fits(self.tolls[whole].outcome));
        let predicate = match (whole, state) {
            (Some(whole), _) => self.predicate_of(whole, start),
            (None, Some(outcome)) => self.bare_predicate(outcome, those),
            (None, None) => return,
        };
        let Some(noun) = self.noun(start) else { return };
        let named = noun.name && self.chunks[start].span.len() > 1;
        let counted = noun.person() && (noun.counted() || noun.determiner == Determiner::Indefinite);
        if self.bound[start].is_some() || !(named || counted) {
            return;
        }
        let before = self.tolls.len();
        self.toll(&predicate, start, noun);
        self.list_right(&predicate, start);
        match whole {
            Some(whole) => {
                for toll in &mut self.tolls[before..] {
                    toll.part_of = Some(whole);
                }
            }
            None => self.added_up(before),
        }
    }

    /// "nine men from the north among the fighters killed": they are fighters.
    fn of_those_among(&mut self, at: usize) {
        let Some(group) = self.noun(at + 1).filter(|noun| noun.plural).and_then(|_| self.group_of(at + 1))
        else {
            return;
        };
        let near = (at.saturating_sub(3)..at).rev();
        let Some(toll) = near.filter_map(|left| self.bound[left]).next() else { return };
        if matches!(group, Victims::Combatants | Victims::Civilians)
            && matches!(self.tolls[toll].victims, Victims::People)
            && toll >= self.first
        {
            self.tolls[toll].victims = group;
        }
    }

    /// "Six children were among 19 civilians killed", "Five women and 13 rebels were among the dead".
    fn were_among(&mut self, at: usize) {
        let whole = (at + 2..(at + 5).min(self.chunks.len())).find_map(|next| self.bound[next]);
        let outcome = match whole {
            Some(whole) => self.tolls[whole].outcome,
            None => match self.harmed(at + 2) {
                Some(outcome) => outcome,
                None => return,
            },
        };
        let predicate = self.bare_predicate(outcome, at);
        let before = self.tolls.len();
        self.subjects(&predicate, at, true);
        let whole = whole.or_else(|| self.whole_before(before, outcome));
        for toll in before..self.tolls.len() {
            self.tolls[toll].part_of = whole;
        }
    }

    /// "three of them were children", "14 of the dead were rebels", "of those killed six were children".
    fn role(&mut self, at: usize) {
        let (Some(part), Some(role)) = (self.noun(at - 1), self.noun(at + 1)) else { return };
        let Some(group) = self.group_of(at + 1).filter(|_| !role.counted() && role.plural) else { return };
        if !part.counted() {
            return;
        }
        match self.bound[at - 1] {
            Some(toll) if part.partitive => {
                self.tolls[toll].victims = group;
                self.tolls[toll].noun = role.words.clone();
            }
            Some(_) => {}
            None => {
                let of_those = part.bare && at > 1 && self.harmed(at - 2).is_some();
                if part.partitive || of_those {
                    self.part_with_role(at - 1, at + 1);
                }
            }
        }
    }

    /// "109 villagers, 13 of whom were women": a number before "of whom", and after it who they were. Whether so.
    fn counts_some_of_whom(&mut self, at: usize) -> bool {
        let Some(part) = at.checked_sub(1) else { return false };
        let number = self.noun(part).is_some_and(|noun| noun.bare && noun.counted() && !noun.others);
        let role = at + 1 + usize::from(self.verb(at + 1).is_some_and(|verb| verb.copula));
        let Some(who) = self.noun(role).filter(|who| number && who.plural && !who.counted()) else {
            return false;
        };
        if self.opens_with(at, Set::Of) && who.group.is_some() && self.bound[part].is_none() {
            self.part_with_role(part, role);
        }
        self.bound[part].is_some()
    }

    /// The group of a role; of "women and children" neither.
    fn group_of(&self, at: usize) -> Option<Victims> {
        let role = self.noun(at)?;
        let joined = matches!(self.part(at + 1), Some(Part::Conjunction | Part::Comma));
        let other = self.noun(at + 2).filter(|_| joined);
        let mixed = other.is_some_and(|other| {
            role.plural && other.plural && other.person() && !other.counted() && other.group != role.group
        });
        if mixed { Some(Victims::People) } else { role.group }
    }

    fn part_with_role(&mut self, at: usize, role_at: usize) {
        let (Some(noun), Some(role)) = (self.noun(at), self.noun(role_at)) else { return };
        let whole = self.parent(at);
        let predicate = match whole {
            Some(whole) => self.predicate_of(whole, at),
            None => match at.checked_sub(1).and_then(|before| self.harmed(before)) {
                Some(outcome) => self.bare_predicate(outcome, at),
                None => return,
            },
        };
        self.toll(&predicate, at, noun);
        if let Some(toll) = self.bound[at] {
            self.tolls[toll].part_of = whole;
            self.tolls[toll].victims = self.group_of(role_at).unwrap_or(Victims::People);
            self.tolls[toll].noun = role.words.clone();
        }
    }

    /// The predicate that a figure was bound by, for its parts.
    fn predicate_of(&self, toll: usize, at: usize) -> Predicate {
        let from = &self.tolls[toll];
        Predicate {
            outcome: from.outcome,
            tokens: from.trigger.clone(),
            modality: from.modality,
            passive: from.passive,
            agent: from.agent.clone(),
            frame: None,
            at,
        }
    }

    /// What a chunk says of those it befalls: put as a fact, with no doer.
    pub(super) fn bare_predicate(&self, outcome: Outcome, at: usize) -> Predicate {
        let tokens = self.chunks[at].span.clone();
        Predicate {
            outcome,
            tokens,
            modality: Modality::Asserted,
            passive: true,
            agent: None,
            frame: None,
            at,
        }
    }

    fn among(&mut self, at: usize) {
        let Some(part) = at.checked_sub(1) else { return };
        let Some(noun) = self.noun(part) else { return };
        if !noun.counted() || !noun.person() || self.bound[part].is_some() {
            return;
        }
        let whole = (at + 1..(at + 5).min(self.chunks.len())).find_map(|next| self.bound[next]);
        let Some(whole) = whole.or_else(|| {
            let victims = (at + 1..(at + 4).min(self.chunks.len())).any(|next| self.harmed(next).is_some());
            victims.then(|| self.parent(part)).flatten()
        }) else {
            return;
        };
        let predicate = self.predicate_of(whole, at);
        self.toll(&predicate, part, noun);
        if let Some(toll) = self.bound[part] {
            self.tolls[toll].part_of = Some(whole);
        }
    }

    /// The figure that a part at a chunk belongs to: the nearest before it in the sentence, else the last of the sentence before.
    fn parent(&self, at: usize) -> Option<usize> {
        self.parent_within(at, 1)
    }

    /// The same, of so many sentences before.
    fn parent_within(&self, at: usize, sentences: usize) -> Option<usize> {
        let here = (at.saturating_sub(REACH)..at)
            .rev()
            .filter_map(|left| self.bound[left])
            .find(|&toll| self.tolls[toll].part_of.is_none() && self.tolls[toll].outcome != Outcome::Strikes);
        here.or_else(|| {
            let before = self.first.checked_sub(1)?;
            (0..=before).rev().take(6).find(|&index| {
                let toll = &self.tolls[index];
                toll.part_of.is_none()
                    && toll.outcome != Outcome::Strikes
                    && self.sentence - toll.sentence <= sentences
                    && toll.low.is_none_or(|low| low > 1)
            })
        })
    }

    fn subset(&mut self, start: usize, marker: usize) {
        let mut at = start;
        while matches!(self.part(at), Some(Part::Dash | Part::Preposition | Part::Verb(_))) && at < start + 2
        {
            if self.verb(at).is_some_and(|verb| !verb.copula) {
                return;
            }
            at += 1;
        }
        self.subset_of(self.parent(marker), at);
    }

    /// The list of parts of a figure that begins at a chunk.
    fn subset_of(&mut self, whole: Option<usize>, start: usize) {
        let Some(whole) = whole else { return };
        let mut at = start;
        let from = self.tolls[whole].clone();
        let from_toll = Predicate {
            outcome: from.outcome,
            tokens: from.trigger.clone(),
            modality: from.modality,
            passive: from.passive,
            agent: from.agent.clone(),
            frame: None,
            at,
        };
        let mut members = 0;
        while let Some(noun) = self.noun(at) {
            let named = noun.counted() && (noun.person() || noun.bare)
                || noun.name
                    && !noun.counted()
                    && self.personal(at)
                    && self.chunks[at].span.len() > 1
                    && self.lists_those_of(whole, start)
                    && !self.speaks(at)
                || noun.group.is_some() && noun.determiner != Determiner::None && !noun.plural;
            // The verb after the list is the whole's if the whole waits for one.
            let waits = from.trigger.start > self.chunks[at].span.start;
            if !named || members > 0 && !waits && self.own_predicate(at) && self.verb_after_is_passive(at) {
                break;
            }
            let larger = match (noun.figure.as_ref().and_then(|figure| figure.low), from.low, from.high) {
                (Some(part), Some(whole), Some(_)) => part > whole,
                _ => false,
            };
            if larger {
                break;
            }
            if self.bound[at].is_none() {
                self.toll(&from_toll, at, noun);
            }
            if let Some(toll) = self.bound[at]
                && toll != whole
            {
                self.tolls[toll].part_of = Some(whole);
                // "25 fighters, including one of its leaders": of fighters the parts are fighters.
                if self.tolls[toll].victims == Victims::People {
                    self.tolls[toll].victims = from.victims;
                }
            }
            members += 1;
            at += 1;
            if members > 20 {
                break;
            }
            if matches!(self.part(at), Some(Part::Preposition))
                && self.noun(at + 1).is_some_and(|noun| !noun.counted())
                && matches!(self.part(at + 2), Some(Part::Conjunction | Part::Comma))
                && self.noun(at + 3).is_some_and(|noun| noun.counted())
                && !self.own_predicate(at + 3)
            {
                at += 2;
            }
            let Some(next) = self.past_separator(at) else { break };
            at = next;
        }
    }

    /// Whether a noun is the subject of a verb of saying: "including two children, Omar Haddad of the town council said".
    fn speaks(&self, at: usize) -> bool {
        let phrase = |at: usize| matches!(self.part(at), Some(Part::Preposition | Part::Noun(_)));
        let verb = (at + 1..at + 6).find(|&next| !phrase(next));
        verb.and_then(|next| self.verb(next)).is_some_and(|verb| verb.say)
    }

    /// Whether the list that begins at a chunk names persons of a figure: "nine workers, including Lena Moss", not "nine died, sources
    /// including Lena Moss said".
    fn lists_those_of(&self, whole: usize, start: usize) -> bool {
        let several = whole >= self.first && self.tolls[whole].low.is_none_or(|low| low > 1);
        let marks = |at: usize| matches!(self.part(at), Some(Part::Comma | Part::Dash | Part::Subset));
        let Some(before) = (0..start).rev().take(3).find(|&at| !marks(at)) else { return false };
        several
            && match self.part(before) {
                Some(Part::Noun(_)) => {
                    self.bound[before] == Some(whole)
                        || before > 0 && matches!(self.part(before - 1), Some(Part::Preposition))
                }
                Some(Part::Verb(verb)) => verb.trigger.is_some(),
                Some(Part::State(_)) => true,
                _ => false,
            }
    }

    fn verb_after_is_passive(&self, at: usize) -> bool {
        (at + 1..(at + 4).min(self.chunks.len()))
            .any(|next| self.verb(next).is_some_and(|verb| verb.trigger.is_some() || verb.passive))
    }

    /// A number that leaves its predicate out: "nine were killed in Sarmin and 2 in Binnish".
    pub(super) fn elliptic(&mut self) {
        for at in 1..self.chunks.len() {
            let Some(noun) = self.noun(at) else { continue };
            if !(noun.bare && noun.counted()) || self.bound[at].is_some() {
                continue;
            }
            let joined = matches!(self.part(at - 1), Some(Part::Conjunction | Part::Comma));
            let placed =
                matches!(self.part(at + 1), Some(Part::Preposition)) && self.opens_with(at + 1, Set::Placed);
            if !joined || !placed {
                continue;
            }
            let whole = (at.saturating_sub(REACH)..at)
                .rev()
                .filter_map(|left| self.bound[left])
                .find(|&toll| self.tolls[toll].part_of.is_none());
            let Some(model) = whole else { continue };
            let from = &self.tolls[model];
            if from.part_of.is_some() || from.outcome == Outcome::Strikes {
                continue;
            }
            let predicate = Predicate {
                outcome: from.outcome,
                tokens: from.trigger.clone(),
                modality: from.modality,
                passive: from.passive,
                agent: from.agent.clone(),
                frame: None,
                at,
            };
            let group = from.victims;
            if self.toll(&predicate, at, noun)
                && noun.group.is_none()
                && let Some(toll) = self.bound[at]
            {
                self.tolls[toll].victims = group;
            }
        }
    }

    /// Parts that a list after a figure names one by one: "two died in Saraqib, a soldier and a civilian".
    pub(super) fn apposed(&mut self) {
        for at in 0..self.chunks.len() {
            let Some(whole) = self.bound[at] else { continue };
            let toll = &self.tolls[whole];
            let count = match (toll.low, toll.high) {
                (Some(low), Some(high))
                    if low == high && (2..=60).contains(&low) && toll.part_of.is_none() =>
                {
                    low
                }
                _ => continue,
            };
            let mut next = at + 1;
            while matches!(self.part(next), Some(Part::Preposition | Part::Noun(_) | Part::Verb(_)))
                && next < at + 9
            {
                next += 1;
            }
            if !matches!(self.part(next), Some(Part::Comma | Part::Dash | Part::Open)) {
                continue;
            }
            let beside = next == at + 1;
            // "six priests -- five Spaniards and a Salvadoran -- died"
            while matches!(self.part(next), Some(Part::Dash))
                && matches!(self.part(next + 1), Some(Part::Dash))
            {
                next += 1;
            }
            let Some((members, sum)) = self.members(next + 1, beside) else { continue };
            if sum != count || members.len() < 2 {
                continue;
            }
            let from = self.tolls[whole].clone();
            for member in members {
                let Some(noun) = self.noun(member) else { continue };
                let predicate = Predicate {
                    outcome: from.outcome,
                    tokens: from.trigger.clone(),
                    modality: from.modality,
                    passive: from.passive,
                    agent: from.agent.clone(),
                    frame: None,
                    at: member,
                };
                self.toll(&predicate, member, noun);
                if let Some(toll) = self.bound[member] {
                    self.tolls[toll].part_of = Some(whole);
                }
            }
        }
    }

    /// A list of counted or single persons, none bound yet, with the sum of them.
    /// Names count only where the list stands beside the figure: after "in Saraqib, North Idlib" they are of places.
    fn members(&self, start: usize, beside: bool) -> Option<(Vec<usize>, u64)> {
        let (mut members, mut sum, mut at) = (Vec::new(), 0u64, start);
        while let Some(noun) = self.noun(at) {
            // "three journalists: Lena Moss, Omar Haddad and Ida Reyes"
            let named = beside && noun.name && !noun.counted() && self.chunks[at].span.len() > 1;
            if !noun.person() && !named {
                break;
            }
            if self.bound[at].is_some() || members.len() > 20 {
                return None;
            }
            sum += match &noun.figure {
                Some(figure) => figure.low?,
                None if named || !noun.plural && noun.determiner != Determiner::None => 1,
                None => return None,
            };
            members.push(at);
            at += 1;
            while matches!(self.part(at), Some(Part::Preposition)) && self.noun(at + 1).is_some() {
                at += 2;
            }
            // "Lena Moss, a photographer, and"
            if self.describes_name(at, at + 1) {
                at += 2;
                while matches!(self.part(at), Some(Part::Preposition)) && self.noun(at + 1).is_some() {
                    at += 2;
                }
            }
            let Some(next) = self.past_separator(at) else { break };
            at = next;
        }
        (!members.is_empty()).then_some((members, sum))
    }

    /// The place behind a conjunction, a comma, or a comma and a conjunction.
    fn past_separator(&self, at: usize) -> Option<usize> {
        match self.part(at)? {
            Part::Conjunction => Some(at + 1),
            Part::Comma => Some(at + 1 + usize::from(matches!(self.part(at + 1), Some(Part::Conjunction)))),
            _ => None,
        }
    }
}
