//! Tells a figure of another incident from one of what the article is about.

use std::cmp::Reverse;

use annals_plugin::{EventType, Outcome, Place, Qualifier, Scope, When};

use super::{Cue, Gathering, Group, LEAD, column};
use crate::lexicon::{Class, Set};
use crate::text::Kind;
use crate::toll::Toll;

/// The parts of a sum are looked for among so many figures.
const MOST_PARTS: usize = 32;

/// The largest number of dead or of injured that a report puts first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Anchor {
    pub(super) most: u64,
    /// The headline gives it.
    pub(super) titled: bool,
}

/// What headline, or else lead, give as the number of dead and of injured.
pub(super) fn anchors(titled: &[Toll], tolls: &[Toll]) -> [Option<Anchor>; 2] {
    let mut anchors = [None; 2];
    let mut note = |toll: &Toll, titled: bool| {
        let told = toll.scope != Some(Scope::Total) && !(titled && toll.qualifier == Qualifier::Vague);
        if let (Some(column), Some(number), true) = (column(toll.outcome), toll.low.or(toll.high), told) {
            let known: &mut Option<Anchor> = &mut anchors[column];
            if known.is_none_or(|known| known.titled == titled && number > known.most) {
                *known = Some(Anchor { most: number, titled });
            }
        }
    };
    titled.iter().for_each(|toll| note(toll, true));
    tolls.iter().take_while(|toll| toll.sentence < LEAD).for_each(|toll| note(toll, false));
    anchors
}

/// Whether two types may be words for one event: a strike is shelling to some, a bomb is a blast to others.
pub(super) fn akin(left: EventType, right: EventType) -> bool {
    use EventType::{
        AirStrike, Attack, ChemicalAttack, DroneStrike, Explosion, Landmine, MissileStrike, Other, Shelling,
        SuicideBombing,
    };
    let kind = |event_type: EventType| match event_type {
        AirStrike | DroneStrike | MissileStrike | Shelling | ChemicalAttack => 0,
        Explosion | SuicideBombing | Landmine => 1,
        _ => 2,
    };
    let open = |event_type: EventType| matches!(event_type, Attack | Other);
    open(left) || open(right) || kind(left) == kind(right)
}

impl Gathering<'_, '_> {
    /// Headline and lead of a report give its highest toll: a figure far beyond it, further down, counts something else,
    /// unless it is told as the toll's rise.
    pub(super) fn outgrows(&self, toll: &Toll) -> bool {
        let figure = toll.low.or(toll.high).unwrap_or(0);
        let Some(anchor) = column(toll.outcome).and_then(|column| self.most[column]) else { return false };
        let tokens = self.document.tokens();
        // "The strikes have claimed hundreds of lives": a vague word in the perfect sums what went on.
        let from = toll.number.start.min(toll.trigger.start).saturating_sub(3);
        let from = from.max(self.document.sentences()[toll.sentence].tokens.start);
        let sums = toll.qualifier == Qualifier::Vague
            && (from..toll.trigger.end).any(|token| tokens[token].classes.has(Class::Have));
        // "Rebel leader killed": besides the one whom the headline names others may be dead.
        let besides =
            toll.others && anchor.titled && self.headline.described[0] && toll.outcome == Outcome::Killed;
        let beyond = if besides {
            false
        } else if sums && toll.sentence >= 2 {
            figure > anchor.most
        } else if anchor.titled {
            2 * figure > 3 * anchor.most && figure > anchor.most + 2 && toll.sentence >= 1
        } else {
            figure > 2 * anchor.most && figure > 3 && toll.sentence >= LEAD
        };
        let sentence = &self.document.sentences()[toll.sentence].tokens;
        // "The group claimed the attack and said ten soldiers had died": another figure for what was told of.
        let same = !sums
            && self.body.cued(sentence, Cue::Same)
            && !self.body.cued(sentence, Cue::Before)
            && !self.body.cued(sentence, Cue::Apart);
        beyond && !same && !self.body.cued(&toll.clause, Cue::Rise)
    }

    /// "Two were injured on Wednesday. They had been to see Tuesday's raid, which killed 23": an earlier day than the main incident's.
    pub(super) fn lies_back(&self, toll: &Toll, when: Option<&When>) -> bool {
        let main = self.groups.first().filter(|group| group.main).and_then(|group| group.when.as_ref());
        toll.sentence >= 1
            && main.zip(when).is_some_and(|(main, when)| {
                main.precision == 1 && when.precision == 1 && when.end < main.start
            })
    }

    /// "He died on Thursday at a hospital in Dayton", "she was flown to Dayton": when and where somebody told of before dies or is
    /// brought to is not when and where it happened.
    pub(super) fn is_aftermath(&self, toll: &Toll, when: Option<&When>) -> bool {
        const DAYS: i32 = 90;
        let tokens = self.document.tokens();
        let first = toll.number.start.min(toll.noun.start);
        let indefinite = matches!(self.document.lower(first), "a" | "an")
            || toll
                .number
                .clone()
                .any(|at| tokens[at].kind == Kind::Number || tokens[at].classes.has(Class::Number));
        let one = toll.low == Some(1) && toll.high == Some(1) && !toll.others && !indefinite;
        let carried = toll.trigger.clone().any(|at| tokens[at].classes.has(Class::Carry));
        let dies = toll.outcome == Outcome::Killed && toll.dying;
        let after = self.groups.first().is_some_and(|main| match (&main.when, when) {
            (Some(main), Some(when)) => (0..=DAYS).contains(&(when.start - main.start).get_days()),
            _ => true,
        });
        one && (dies || carried) && after
    }

    /// "The first toll was 47. This was later updated to 82": the day is that of the count.
    pub(super) fn is_revised(&self, toll: &Toll) -> bool {
        let start = self.document.sentences()[toll.sentence].tokens.start;
        self.document.is(start, Set::GoesBack) && self.body.cued(&toll.clause, Cue::Rise)
    }

    /// "In Raqqa two men blew themselves up. The blasts killed several soldiers": where a sentence puts what follows, if it tells of an event
    /// without a figure and nothing has been counted since.
    pub(super) fn scene_before(&self, index: usize) -> Option<Place> {
        const FAR: usize = 3;
        let sentence = self.tolls[index].sentence;
        let counted = index.checked_sub(1).map_or(0, |before| self.tolls[before].sentence + 1);
        (counted.max(sentence.saturating_sub(FAR))..sentence).rev().find_map(|before| {
            let tells = !self.body.ballot(self.document.sentences()[before].tokens.clone()).is_peaceful();
            self.setting.opening_place(before).filter(|_| tells)
        })
    }

    /// "Another five people died in a raid on the market": others than those told of, by a deed not told of yet.
    pub(super) fn is_one_more(&self, index: usize) -> bool {
        let toll = &self.tolls[index];
        let before = index.checked_sub(1).map(|before| &self.tolls[before]);
        toll.others
            && toll.sentence >= 1
            && before.is_none_or(|before| before.sentence < toll.sentence)
            && self.body.tells_one_deed(&toll.clause)
    }

    /// "Shelling killed 40 after a pilot was killed there": a deed that went before the one told of.
    pub(super) fn goes_before(&self, index: usize) -> bool {
        let toll = &self.tolls[index];
        let whole =
            |other: &&Toll| other.outcome == toll.outcome && other.part_of.is_none() && !other.implied;
        let other =
            self.tolls[..index].iter().rev().take_while(|other| other.sentence == toll.sentence).find(whole);
        let Some(other) = other.filter(|other| other.low.is_some_and(|low| low > 1)) else { return false };
        let between = other.number.end.max(other.trigger.end.min(toll.number.start))
            ..toll.number.start.min(toll.trigger.start);
        !toll.others && between.into_iter().any(|token| self.document.is(token, Set::After))
    }

    /// "Thirteen died in the province of Homs. A raid on Tadef killed five … eight died in Rastan": where the largest figure of the lead
    /// is told of a province, and smaller ones of two towns in it, the main incident is the province's. Whether so.
    pub(super) fn widen_main(&mut self) -> bool {
        const TOWN: u8 = 3;
        const DIVISION: u8 = 4;
        let Some(main) = self.groups.first().and_then(|main| main.place.as_ref()) else { return false };
        let whole = |toll: &&Toll| {
            toll.outcome == Outcome::Killed && toll.part_of.is_none() && toll.scope != Some(Scope::Total)
        };
        let lead = self.tolls.iter().take_while(|toll| toll.sentence < LEAD).filter(whole);
        let largest = lead.max_by_key(|toll| (toll.low, Reverse(toll.number.start)));
        let Some(largest) = largest.filter(|toll| toll.low > Some(1)) else { return false };
        let place_of = |toll: &Toll| self.setting.place_at(toll.sentence, toll.number.start);
        let Some(told) = place_of(largest).filter(|told| {
            told.precision == Some(DIVISION) && told.adm_1.is_some() && told.adm_1 == main.adm_1
        }) else {
            return false;
        };
        let parts = self.tolls.iter().filter(whole).take(MOST_PARTS);
        let mut towns = parts
            .filter(|toll| toll.sentence > largest.sentence && toll.low.is_some() && toll.low < largest.low)
            .filter_map(place_of)
            .filter(|place| place.precision <= Some(TOWN) && place.adm_1 == told.adm_1)
            .map(|place| place.name);
        let several = towns.next().is_some_and(|first| towns.any(|town| town != first));
        if several {
            self.groups[0].place = Some(told);
        }
        several
    }

    /// A report on a whole province sums what befell its towns: a smaller figure of one town is a part of the sum, and an
    /// incident of its own.
    pub(super) fn is_one_of_several(&self, toll: &Toll, place: &Option<Place>) -> bool {
        const TOWN: u8 = 3;
        let wide = |place: &Place| place.precision.is_some_and(|precision| precision > TOWN);
        let town = |place: &Place| place.precision.is_some_and(|precision| precision <= TOWN);
        let Some(main) = self.groups.first().filter(|group| group.main) else { return false };
        let below = column(toll.outcome).and_then(|column| self.most[column]);
        toll.sentence >= 1
            && below.is_some_and(|anchor| toll.low.is_some_and(|low| low < anchor.most))
            && main.place.as_ref().is_some_and(wide)
            && place.as_ref().is_some_and(town)
            && toll.low.is_some_and(|low| low > 1 || self.sums_towns && low > 0)
    }

    /// The clause tells of a deed of another kind, or of another party, than headline and lead do.
    pub(super) fn is_unlike(&self, toll: &Toll) -> bool {
        let Some(main) = self.groups.first().filter(|group| group.main) else { return false };
        let own = self.body.ballot(toll.clause.clone()).choose();
        let told = self.ballot(main).choose();
        if let (Some(own), Some(told)) = (own, told)
            && !akin(own, told)
            && !self.leads_with(own, told, toll.sentence)
        {
            return true;
        }
        let parties = self.perpetrators(main, &[]);
        // Those who have no aircraft drop no bombs.
        if own == Some(EventType::AirStrike)
            && !self.leads_with(EventType::AirStrike, EventType::AirStrike, toll.sentence)
            && self.body.lack_aircraft(&parties)
        {
            return true;
        }
        // In a fight both sides kill.
        if told == Some(EventType::Clash) {
            return false;
        }
        let own = toll.agent.as_ref().and_then(|agent| self.body.named_in_agent(agent));
        let own = own.or_else(|| self.body.agent_within(&toll.clause));
        !parties.is_empty()
            && own.is_some_and(|own| own.id.is_some() && parties.iter().all(|party| party.id != own.id))
    }

    /// Whether headline or lead call it a murder and a suicide.
    pub(super) fn tells_of_suicide(&self) -> bool {
        let lead = self.document.sentences().get(LEAD).map_or(usize::MAX, |next| next.tokens.start);
        self.head.tells_of_suicide(0..usize::MAX) || self.body.tells_of_suicide(0..lead)
    }

    /// Whether headline and lead, before a sentence, tell of one type nearly as much as of another: "The offensive began with a suicide
    /// attack".
    fn leads_with(&self, own: EventType, told: EventType, before: usize) -> bool {
        let mut ballot = self.head.ballot(0..usize::MAX);
        for sentence in self.document.sentences().iter().take(LEAD.min(before)) {
            ballot.join(&self.body.ballot(sentence.tokens.clone()), 1);
        }
        ballot.of(own) > 0 && 2 * ballot.of(own) >= ballot.of(told)
    }

    /// "Shelling killed 31 on Saturday. The army says rebels killed a pilot there": while headline and lead tell of fire from afar, in
    /// which one side alone kills, another side's deed is another one.
    pub(super) fn is_by_another(&self, toll: &Toll) -> bool {
        use EventType::{AirStrike, ChemicalAttack, DroneStrike, MissileStrike, Shelling};
        let Some(main) = self.groups.first().filter(|group| group.main) else { return false };
        let before = Group { main: true, sentences: (0..toll.sentence).collect(), ..Group::default() };
        let from_afar = matches!(
            self.ballot(main).choose(),
            Some(AirStrike | ChemicalAttack | DroneStrike | MissileStrike | Shelling)
        );
        let own = toll.agent.as_ref().and_then(|agent| self.body.named_in_agent(agent));
        let Some(own) = own.filter(|own| from_afar && own.id.is_some()) else { return false };
        let told = self.perpetrators(&before, &[]);
        !told.is_empty() && told.iter().all(|party| party.id != own.id)
    }

    /// Whether headline or lead sum several incidents up: "Six shot in three separate shootings".
    pub(super) fn sums_up(&self) -> bool {
        let lead = self.document.sentences().get(LEAD / 2).map_or(usize::MAX, |next| next.tokens.start);
        self.head.cued(&(0..usize::MAX), Cue::Several) || self.body.cued(&(0..lead), Cue::Several)
    }
}
