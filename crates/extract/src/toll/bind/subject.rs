//! What stands before a passive, an intransitive or a state, and lists of those harmed.

use annals_plugin::{Modality, Outcome};

use super::{Binder, Predicate, REACH};
use crate::lexicon::{Class, Frame, Set};
use crate::toll::Toll;
use crate::toll::chunk::{Determiner, Part};

impl Binder<'_> {
    /// Binds what stands before a passive, an intransitive or a state.
    pub(super) fn subjects(&mut self, predicate: &Predicate, at: usize, finite: bool) -> bool {
        let mut left = at;
        let mut candidate = None;
        let mut relative = false;
        let mut commas = 0;
        let mut left_out = false;
        while left > 0 && at - left < REACH {
            left -= 1;
            match &self.chunks[left].part {
                Part::Close => {
                    // "eight others (three soldiers and five farmers) were hurt"
                    if let Some(open) = self.opened_before(left) {
                        left = open;
                    }
                }
                Part::Noun(noun) => {
                    let before = left.checked_sub(1).map(|before| &self.chunks[before].part);
                    // "20 guards who watched the gate were killed": an object within the relative clause.
                    if finite
                        && left >= 2
                        && self.verb(left - 1).is_some_and(|verb| !verb.say)
                        && matches!(self.part(left - 2), Some(Part::Relative))
                    {
                        left -= 2;
                        continue;
                    }
                    // Between the verbs of one subject stand objects and places, not those harmed by the second.
                    if !left_out && finite && self.shared_from(left, at) {
                        continue;
                    }
                    // "five soldiers, not four, were killed"
                    if left > 0
                        && self.verb(left - 1).is_some_and(|verb| verb.negated && !verb.copula)
                        && self.chunks[left - 1].span.len() == 1
                        && noun.counted()
                    {
                        left -= 1;
                        continue;
                    }
                    // "five people, four of them from one family, were killed"
                    if self.is_aside(left) {
                        continue;
                    }
                    // "five people, all civilians, were killed"
                    let all = noun.person()
                        && noun.plural
                        && !noun.counted()
                        && left + 1 != at
                        && matches!(before, Some(Part::Comma))
                        && matches!(self.part(left + 1), Some(Part::Comma))
                        && left
                            .checked_sub(2)
                            .and_then(|whole| self.noun(whole))
                            .is_some_and(|whole| whole.counted() && (whole.person() || whole.partitive));
                    if all {
                        continue;
                    }
                    // "three people, two of them children, died"
                    if noun.partitive
                        && noun.counted()
                        && self.noun(left + 1).is_some_and(|role| role.group.is_some() && !role.counted())
                    {
                        continue;
                    }
                    // "six priests, five of them of Spanish birth, died"
                    let aside = noun.partitive
                        && noun.counted()
                        && left + 1 != at
                        && matches!(before, Some(Part::Comma))
                        && left
                            .checked_sub(2)
                            .and_then(|whole| self.noun(whole))
                            .is_some_and(|whole| whole.counted() && whole.person());
                    if aside {
                        continue;
                    }
                    // "12 students, of whom five were found murdered"
                    let of_whom = finite
                        && left + 1 == at
                        && matches!(before, Some(Part::Subset))
                        && self.opens_with(left - 1, Set::Of);
                    if !of_whom && (matches!(before, Some(Part::Subset)) || self.in_subset(left)) {
                        continue;
                    }
                    // "with 19 civilians killed": the number stands at the participle, whatever governs it.
                    let participle = !finite || self.opens_with(at, Set::BeingDone);
                    let adjacent = participle && left + 1 == at && noun.counted() && noun.person();
                    // "a report of a youth who had been shot"
                    let antecedent = relative && self.goes_back_to(left, at);
                    if matches!(before, Some(Part::Preposition)) && !adjacent && !antecedent {
                        // "Two of the soldiers" is one noun; "the death of 12" was bound by its noun.
                        let by_person = self.opens_with(left - 1, Set::Opens) || left == 1;
                        if !(by_person && self.victim(noun, predicate, left)) {
                            left -= 1;
                            continue;
                        }
                    }
                    // "50 fighters from one front and another were killed"
                    if matches!(before, Some(Part::Conjunction))
                        && !noun.counted()
                        && left >= 3
                        && self.noun(left - 2).is_some_and(|other| !other.counted() && !other.person())
                        && matches!(self.part(left - 3), Some(Part::Preposition))
                        && (noun.thing || noun.name)
                    {
                        left -= 3;
                        continue;
                    }
                    // "73 civilians mostly women and children were killed": a plural without number passes.
                    let passes = noun.person()
                        && noun.plural
                        && !noun.counted()
                        && !noun.others
                        && !noun.pronoun
                        && noun.determiner == Determiner::None
                        && candidate.is_none();
                    if passes && left > 0 && self.leads_on(left - 1) {
                        continue;
                    }
                    // "who tried to hide him, were killed", but "pronounced him dead"
                    let object = finite || left + 1 != at;
                    if object && noun.pronoun && self.opens_with(left, Set::ObjectPronoun) {
                        continue;
                    }
                    if self.victim(noun, predicate, left) || noun.pronoun {
                        candidate = Some(left);
                        break;
                    }
                    if !finite && left + 1 != at {
                        break;
                    }
                    if noun.trigger.is_some() || noun.thing {
                        if relative {
                            break;
                        }
                        // "a strike on a house, 12 people died" has been passed; a thing as subject ends it.
                        if left + 1 == at {
                            break;
                        }
                    }
                }
                Part::Verb(verb) => {
                    // "said 12 were", "hit a house where": another clause begins, unless it is a participle that describes.
                    let (word, sets) = (self.document.lower(verb.main), &self.document.language().sets);
                    let participle = verb.trigger.is_none()
                        && !verb.copula
                        && !verb.passive
                        && !verb.perfect
                        && !verb.say
                        && (sets.ending(word, Set::EndsIng).is_some()
                            || sets.ending(word, Set::EndsEd).is_some()
                            || sets.has(word, Set::Described));
                    let in_relative = (left.saturating_sub(2)..left)
                        .any(|before| matches!(self.part(before), Some(Part::Relative)));
                    // "was shot during a raid on the camp and died of his wounds"
                    let dies =
                        matches!(predicate.frame, Some(Frame::Undergo(_))) && self.shares_subject(left, at);
                    if verb.trigger.is_some() && (dies || self.coordinated(left, at)) {
                        // "were killed and buried": the same subject.
                        if let Some(shared) = self.shared_subject(left) {
                            self.release(shared, predicate.outcome);
                            candidate = Some(shared);
                        }
                        break;
                    }
                    if participle || in_relative {
                        continue;
                    }
                    if finite && let Some(hurt) = self.reduced(left) {
                        // "The man shot on Friday near a school has died": a participle that describes the subject.
                        candidate = Some(hurt);
                        break;
                    }
                    if matches!(self.part(left + 1), Some(Part::Conjunction))
                        && left + 2 == at
                        && verb.trigger.is_none()
                    {
                        // "was shot at and killed", "fled and died": the subject stands before the first verb.
                        continue;
                    }
                    if finite && verb.trigger.is_none() && !verb.say && self.shares_subject(left, at) {
                        // "was taken to a hospital but died", "ran into the street and was shot"
                        left_out = true;
                        continue;
                    }
                    break;
                }
                Part::Relative => relative = true,
                Part::Comma => {
                    // "left 25 fighters, including two of its founders, dead"
                    let aside =
                        self.aside_before(left).filter(|&at| matches!(self.part(at), Some(Part::Subset)));
                    if let Some(open) = aside.filter(|_| !finite) {
                        left = open;
                        continue;
                    }
                    commas += 1;
                    if commas > 4 || !finite && commas > 1 {
                        break;
                    }
                }
                Part::Subordinator => break,
                Part::State(_) | Part::Conjunction if !finite && left + 1 == at => {}
                _ => {}
            }
        }
        let Some(at) = candidate else { return false };
        let Some(noun) = self.noun(at) else { return false };
        // "Neither the mayor nor his wife was hurt."
        let denied = Set::Nor;
        if at > 0 && self.document.language().sets.has(self.word(at - 1), denied) {
            return true;
        }
        if !self.victim(noun, predicate, at) {
            return false;
        }
        if self.bound[at].is_some_and(|toll| self.tolls[toll].outcome == predicate.outcome) {
            return true;
        }
        if self.worsens(predicate, at) {
            return true;
        }
        // "one of the injured, a girl of six, died"
        if at >= 2
            && noun.determiner == Determiner::Indefinite
            && matches!(self.part(at - 1), Some(Part::Comma))
            && self.noun(at - 2).is_some_and(|whole| whole.partitive && whole.counted())
            && self.worsens(predicate, at - 2)
        {
            if let (Some(toll), Some(group)) = (self.bound[at - 2], noun.group) {
                self.tolls[toll].victims = group;
            }
            return true;
        }
        let before = self.tolls.len();
        let found = self.toll(predicate, at, noun);
        let head = self.list_left(predicate, at);
        self.named_one_by_one(predicate, head, before);
        self.added_up(before);
        found
    }

    /// Whether the relative pronoun before a verb goes back to a noun: "a youth who had been shot", "Judge Lena Moss, who was shot",
    /// "six priests, five of them from one house, who were killed".
    fn goes_back_to(&self, noun: usize, verb: usize) -> bool {
        let Some(pronoun) = (noun + 1..verb).find(|&at| matches!(self.part(at), Some(Part::Relative))) else {
            return false;
        };
        let Some(whom) = self.noun(noun) else { return false };
        let aside = |at: usize| match self.part(at) {
            Some(Part::Comma) => true,
            Some(Part::Noun(noun)) => {
                noun.partitive && noun.counted() || noun.group.is_some() && !noun.counted()
            }
            _ => false,
        };
        pronoun + 1 == verb
            && (pronoun == noun + 1 && whom.person()
                || self.opens_with(pronoun, Set::OfPerson)
                    && (whom.person() && whom.counted() || whom.name && self.personal(noun))
                    && (noun + 1..pronoun).all(aside))
    }

    /// Whether a noun is a part that an aside tells of the subject: "five people, four of them from one family, were killed".
    fn is_aside(&self, at: usize) -> bool {
        let Some(whole) = at.checked_sub(2) else { return false };
        self.noun(at).is_some_and(|noun| noun.partitive && noun.counted())
            && matches!(self.part(at - 1), Some(Part::Comma))
            && self.noun(whole).is_some_and(|whole| whole.counted() && whole.person() && !whole.partitive)
            && matches!(self.part(at + 1), Some(Part::Preposition))
            && (at + 2..(at + 6).min(self.chunks.len()))
                .any(|end| matches!(self.part(end), Some(Part::Comma)))
    }

    /// "The boy who was shot has died", "four of the wounded died": whoever was bound as injured is dead, and those whom the
    /// same words tell of with them.
    pub(super) fn worsens(&mut self, predicate: &Predicate, at: usize) -> bool {
        let Some(hurt) = self.bound[at].map(|toll| self.tolls[toll].clone()) else { return false };
        let dies = predicate.outcome == Outcome::Killed && predicate.modality == Modality::Asserted;
        if !dies || hurt.outcome != Outcome::Injured || hurt.modality != Modality::Asserted {
            return false;
        }
        for toll in &mut self.tolls[self.first..] {
            if toll.trigger == hurt.trigger && toll.outcome == Outcome::Injured {
                toll.outcome = Outcome::Killed;
                toll.trigger = predicate.tokens.clone();
                toll.dying = true;
            }
        }
        true
    }

    /// "Daniel Reyes and Marta Reyes were found dead" tells of two: members of a list that are of one group are
    /// parts of their sum.
    pub(super) fn added_up(&mut self, before: usize) {
        let members = before..self.tolls.len();
        let single = |toll: &Toll| {
            toll.part_of.is_none() && toll.low == Some(1) && toll.high == Some(1) && !toll.others
        };
        let Some(first) = self.tolls.get(before).cloned() else { return };
        let alike = self.tolls[members.clone()]
            .iter()
            .all(|toll| single(toll) && toll.victims == first.victims && toll.outcome == first.outcome);
        if members.len() < 2 || !alike {
            return;
        }
        let whole = self.tolls.len();
        let start = self.tolls[members.clone()]
            .iter()
            .map(|toll| toll.number.start)
            .min()
            .unwrap_or(first.number.start);
        let end =
            self.tolls[members.clone()].iter().map(|toll| toll.number.end).max().unwrap_or(first.number.end);
        let count = members.len() as u64;
        for member in &mut self.tolls[members] {
            member.part_of = Some(whole);
        }
        self.tolls.push(Toll {
            number: start..end,
            noun: start..end,
            low: Some(count),
            high: Some(count),
            named: false,
            listed: true,
            ..first
        });
    }

    /// "Two men, Omar Haddad and Sami Nasser, died": the names of a list are those that a number before it counts.
    fn named_one_by_one(&mut self, predicate: &Predicate, head: usize, before: usize) {
        let names = self.tolls.len() - before;
        let all = self.tolls[before..].iter().all(|toll| toll.named && toll.low == Some(1));
        let comma =
            head.checked_sub(1).is_some_and(|at| matches!(self.part(at), Some(Part::Comma | Part::Dash)));
        let Some(whole) = head.checked_sub(2).filter(|_| all && comma && names > 0) else { return };
        let Some(noun) = self.noun(whole) else { return };
        let counts = noun.figure.as_ref().is_some_and(|figure| figure.low == Some(names as u64));
        if counts && noun.person() && self.bound[whole].is_none() {
            let toll = self.tolls.len();
            self.toll(predicate, whole, noun);
            for name in &mut self.tolls[before..toll] {
                name.part_of = Some(toll);
            }
        }
    }

    /// Whether what stands before a noun may be the rest of a longer noun phrase.
    fn leads_on(&self, at: usize) -> bool {
        match &self.chunks[at].part {
            Part::Noun(noun) => noun.person() || noun.partitive,
            Part::Conjunction | Part::Comma => true,
            _ => false,
        }
    }

    /// Whether the verb group at `right` goes on from the one at `left`: "was shot and killed", "were killed or wounded".
    fn coordinated(&self, left: usize, right: usize) -> bool {
        right - left <= 4
            && (left + 1..right).all(|at| {
                matches!(self.part(at), Some(Part::Conjunction | Part::Comma | Part::Preposition))
                    || self.noun(at).is_some_and(|noun| noun.thing || (!noun.counted() && !noun.person()))
            })
            && (left + 1..right).any(|at| matches!(self.part(at), Some(Part::Conjunction | Part::Comma)))
    }

    /// The noun that a participle of harm describes: "a man shot on Friday".
    fn reduced(&self, verb: usize) -> Option<usize> {
        let noun = verb.checked_sub(1)?;
        let toll = &self.tolls[self.bound[noun]?];
        let bare = self.verb(verb).is_some_and(|verb| !verb.passive && !verb.perfect && !verb.modal);
        (bare && toll.passive && toll.trigger == self.chunks[verb].span).then_some(noun)
    }

    /// Whether the verb group at `right` leaves out its subject, which stands before the one at `left`: a conjunction is right
    /// before it, and no clause begins between the two.
    fn shares_subject(&self, left: usize, right: usize) -> bool {
        right >= left + 2
            && matches!(self.part(right - 1), Some(Part::Conjunction))
            && (left + 1..right).all(|at| {
                matches!(
                    self.part(at),
                    Some(Part::Preposition | Part::Noun(_) | Part::State(_) | Part::Other)
                ) || at + 1 == right
                    || at + 2 == right && matches!(self.part(at), Some(Part::Comma))
            })
    }

    /// Whether a noun at `left` stands between two verbs that share their subject, the second of them at `right`.
    fn shared_from(&self, left: usize, right: usize) -> bool {
        let first = (left.saturating_sub(8)..left).rev().find(|&at| self.verb(at).is_some());
        first.is_some_and(|first| {
            self.verb(first).is_some_and(|verb| verb.trigger.is_none() && !verb.say && !verb.copula)
                && self.shares_subject(first, right)
        })
    }

    /// "were kidnapped and murdered": those taken may be harmed too.
    fn release(&mut self, subject: usize, outcome: Outcome) {
        let taken = |outcome| matches!(outcome, Outcome::Abducted | Outcome::Detained);
        let Some(toll) = self.bound[subject].map(|toll| &self.tolls[toll]) else { return };
        if !taken(toll.outcome) || taken(outcome) {
            return;
        }
        let trigger = toll.trigger.clone();
        for bound in &mut self.bound {
            bound.take_if(|toll| self.tolls[*toll].trigger == trigger);
        }
    }

    fn shared_subject(&self, verb: usize) -> Option<usize> {
        (verb.saturating_sub(REACH)..verb).rev().find(|&at| self.bound[at].is_some())
    }

    /// Whether a noun stands in a list that "including" opened, as "13 women" of "including 23 children and 13 women".
    fn in_subset(&self, at: usize) -> bool {
        let mut left = at;
        // "including two women, and 20 others"
        if self.noun(at).is_some_and(|noun| noun.others && noun.counted()) {
            return false;
        }
        while left > 0 && at - left < 8 {
            left -= 1;
            match &self.chunks[left].part {
                Part::Subset => return true,
                Part::Noun(noun) if noun.person() => {}
                Part::Conjunction => {}
                _ => return false,
            }
        }
        false
    }

    /// The start of an aside that ends before a chunk: "23 civilians -- including nine children -- and 16 soldiers",
    /// "six priests (five of them foreigners) and two women".
    fn aside_before(&self, end: usize) -> Option<usize> {
        if end > 0 && matches!(self.part(end - 1), Some(Part::Close)) {
            return self.opened_before(end - 1);
        }
        let dashed = matches!(self.part(end), Some(Part::Dash));
        let mut at = end;
        while at > 0 && end - at < 8 {
            at -= 1;
            match self.part(at) {
                Some(Part::Subset) => return Some(at),
                Some(Part::Dash) if dashed => return Some(at),
                Some(Part::Noun(_) | Part::Conjunction | Part::Comma | Part::Preposition) => {}
                _ => return None,
            }
        }
        None
    }

    /// "two guards who stood at the gate and a driver": the noun that a relative clause before a conjunction describes, if
    /// the clause ends at a given noun.
    fn described_before(&self, end: usize) -> Option<usize> {
        const LONGEST: usize = 8;
        let inner = |at: usize| {
            matches!(self.part(at), Some(Part::Verb(verb)) if !verb.say && verb.trigger.is_none())
                || matches!(self.part(at), Some(Part::Noun(_) | Part::Preposition))
        };
        let pronoun = (end.saturating_sub(LONGEST)..end).rev().find(|&at| !inner(at))?;
        let verb = self.verb(pronoun + 1).is_some();
        let described = matches!(self.part(pronoun), Some(Part::Relative)) && verb;
        let head = pronoun.checked_sub(1).filter(|_| described)?;
        self.noun(head).filter(|noun| noun.counted() && noun.person()).map(|_| head)
    }

    /// The bracket that opens what a given one closes, if it is near.
    fn opened_before(&self, close: usize) -> Option<usize> {
        (close.saturating_sub(10)..close).rev().find(|&at| matches!(self.part(at), Some(Part::Open)))
    }

    /// "Omar Haddad, a teacher and leader of the union, was killed": the roles of one person, of whom the verb speaks in the singular, or
    /// whose roles commas set off.
    fn roles_of_one(&self, predicate: &Predicate, last: usize) -> bool {
        let role = |at: usize| {
            self.noun(at).is_some_and(|noun| {
                !noun.plural && !noun.counted() && !noun.pronoun && !noun.others && noun.trigger.is_none()
            })
        };
        let verb = self.chunks[predicate.at].span.start;
        if self.verb(predicate.at).is_none() || !role(last) || !role(last.saturating_sub(2)) {
            return false;
        }
        let sets = &self.document.language().sets;
        let auxiliary = self.document.lower(verb);
        if sets.has(auxiliary, Set::OneIs) {
            return true;
        }
        let closed = matches!(self.part(predicate.at - 1), Some(Part::Comma));
        let mut first = last - 2;
        while first >= 2 && matches!(self.part(first - 1), Some(Part::Preposition)) {
            first -= 2;
        }
        let opened = matches!(first.checked_sub(1).and_then(|at| self.part(at)), Some(Part::Comma))
            && first.checked_sub(2).and_then(|at| self.noun(at)).is_some_and(|noun| noun.name);
        closed && opened && !sets.has(auxiliary, Set::SeveralAre)
    }

    /// Binds the nouns of a list that ends at a bound noun: "two women, a child and three soldiers were killed".
    fn list_left(&mut self, predicate: &Predicate, last: usize) -> usize {
        if !matches!(last.checked_sub(1).and_then(|before| self.part(before)), Some(Part::Conjunction))
            || self.opens_with(last - 1, Set::But)
        {
            return last;
        }
        if self.roles_of_one(predicate, last) {
            return last;
        }
        let mut at = last - 1;
        let mut members = Vec::new();
        let mut described = false;
        loop {
            while at > 0 && matches!(self.part(at - 1), Some(Part::Comma | Part::Dash)) {
                at -= 1;
            }
            if let Some(aside) = self.aside_before(at) {
                at = aside;
                while at > 0 && matches!(self.part(at - 1), Some(Part::Comma | Part::Dash)) {
                    at -= 1;
                }
            }
            let Some(mut left) = at.checked_sub(1) else { break };
            // "19 fighters of the group and four civilians"
            while left >= 3
                && self.noun(left).is_some_and(|noun| noun.name)
                && matches!(self.part(left - 1), Some(Part::Preposition))
                && matches!(self.part(left - 2), Some(Part::Comma))
                && self.noun(left - 3).is_some()
            {
                // "Lena Moss, of Tamra, and Omar Haddad"
                left -= 3;
            }
            while left >= 2
                && self.noun(left).is_some_and(|noun| !noun.counted() && !noun.name)
                && matches!(self.part(left - 1), Some(Part::Preposition))
                && self.noun(left - 2).is_some()
            {
                left -= 2;
            }
            if let Some(head) = self.described_before(left) {
                left = head;
            }
            let Some(noun) = self.noun(left) else { break };
            // "Lena Moss, rector of the college, and two guards"
            let role = noun.person()
                && !noun.plural
                && !noun.counted()
                && !noun.name
                && noun.determiner == Determiner::None
                && left >= 2
                && matches!(self.part(left - 1), Some(Part::Comma))
                && self.noun(left - 2).is_some_and(|named| named.name);
            if role {
                described = true;
                at = left - 1;
                continue;
            }
            let fits = described && noun.name
                || noun.person()
                    && (noun.counted()
                        || noun.determiner != Determiner::None
                        || noun.name
                        || noun.single
                        || noun.group.is_some())
                || noun.name && self.noun(last).is_some_and(|last| last.name)
                // "two wardens and the gunman are dead"
                || noun.counted() && (noun.bare || !noun.partitive && self.victim(noun, predicate, left));
            let governed = matches!(
                left.checked_sub(1).and_then(|before| self.part(before)),
                Some(Part::Preposition | Part::Subset)
            ) && !self.opens_with(left - 1, Set::With)
                && !self.opens_with(left - 1, Set::Opens);
            let object = left.checked_sub(1).and_then(|before| self.verb(before)).is_some_and(|verb| {
                // "left three men and two women dead"
                let leaves = self.document.tokens()[verb.main].classes.has(Class::Leave);
                // "came home to find his wife, son and daughter dead"
                let state = matches!(self.part(predicate.at), Some(Part::State(_)));
                let found = state && verb.trigger.is_none();
                !verb.say && !leaves && !found && (verb.trigger.is_some() || !verb.copula)
            });
            if !fits || governed || object || self.bound[left].is_some() || members.len() > 30 {
                break;
            }
            described = false;
            members.push(left);
            if left > 0 && matches!(self.part(left - 1), Some(Part::Comma | Part::Conjunction)) {
                at = left - 1;
            } else {
                break;
            }
        }
        let head = members.last().copied().unwrap_or(last);
        for member in members {
            if let Some(noun) = self.noun(member) {
                self.toll(predicate, member, noun);
            }
        }
        head
    }
}
