//! Reads an article that tells of many shootings of one city or weekend, a paragraph or two for each.
//!
//! Its headline and lead sum them up, so that their figures belong to no incident. Each of the others is told of in paragraphs of its own,
//! which open with somebody not told of before: "a man was shot", "three women were hurt". What the article is chiefly about is the one
//! that harmed most.

use annals_plugin::{Outcome, Scope};

use super::{Belonging, Cue, Gathering, Group, scope};
use crate::lexicon::{Class, Set};
use crate::toll::Toll;

/// So many sentences at the head of a text sum up.
const LEAD: usize = 2;

/// What one incident's paragraphs tell.
#[derive(Default)]
struct Part {
    tolls: Vec<usize>,
    /// The paragraph read last.
    paragraph: u32,
    /// Most people whom one figure counts.
    most: u64,
    /// Persons told of for the first time.
    persons: u64,
}

impl Part {
    fn harmed(&self) -> u64 {
        self.most.max(self.persons)
    }
}

impl Gathering<'_, '_> {
    /// Parts the figures of a round-up into its incidents. Whether the article is one.
    pub(super) fn part_roundup(&mut self) -> bool {
        let lead = self.document.sentences().get(super::LEAD).map_or(usize::MAX, |next| next.tokens.start);
        let told = |cue| self.head.cued(&(0..usize::MAX), cue) || self.body.cued(&(0..lead), cue);
        let shot =
            |toll: &Toll| toll.trigger.clone().any(|at| self.document.tokens()[at].classes.has(Class::Shot));
        let shots = || self.headline.shot().is_some() || self.tolls.first().is_some_and(shot);
        let cued = told(Cue::Roundup) || told(Cue::Several) && shots();
        let Some(sum) = self.sum_of_lead().filter(|_| cued) else { return false };
        let (parts, of) = self.parts(sum);
        let most = parts.iter().map(Part::harmed).max().unwrap_or(0);
        let Some(chief) = parts.iter().position(|part| part.harmed() == most) else { return false };
        if parts.len() < 2 || most >= sum {
            return false;
        }
        // The chief one comes first.
        let place_of = |part: usize| {
            if part == chief {
                0
            } else if part < chief {
                part + 1
            } else {
                part
            }
        };
        let mut groups: Vec<(usize, Group)> = parts
            .iter()
            .enumerate()
            .map(|(index, part)| (place_of(index), self.group_of(part, index == chief)))
            .collect();
        groups.sort_by_key(|(place, _)| *place);
        self.groups = groups.into_iter().map(|(_, group)| group).collect();
        self.of = of
            .into_iter()
            .map(|part| part.map_or(Belonging::Total, |part| Belonging::Incident(place_of(part))))
            .collect();
        true
    }

    /// The largest number of people that headline or lead give.
    fn sum_of_lead(&self) -> Option<u64> {
        let told = self.headline.told.into_iter().flatten().chain(self.headline.shot());
        let lead = self.tolls.iter().take_while(|toll| toll.sentence < LEAD);
        let harm =
            |toll: &&Toll| matches!(toll.outcome, Outcome::Killed | Outcome::Injured | Outcome::Casualties);
        told.chain(lead.filter(harm).filter_map(|toll| toll.low)).max().filter(|&sum| sum > 2)
    }

    /// The incidents of the text after its first sentence, and for each figure the one that it belongs to.
    fn parts(&self, sum: u64) -> (Vec<Part>, Vec<Option<usize>>) {
        let mut parts: Vec<Part> = Vec::new();
        let mut of = Vec::with_capacity(self.tolls.len());
        for (index, toll) in self.tolls.iter().enumerate() {
            let number = toll.low.or(toll.high).unwrap_or(0);
            let sums = toll.sentence == 0
                || number >= sum
                // "at least 38 others were wounded"
                || toll.others && 2 * number >= sum
                || self.body.cued(&toll.clause, Cue::Roundup)
                || toll.scope.unwrap_or_else(|| scope::of(toll, &self.body, &self.setting)) == Scope::Total;
            if sums {
                of.push(None);
                continue;
            }
            let paragraph = self.document.sentences()[toll.sentence].paragraph;
            let opens = self.opens(toll);
            let goes_on = parts.last().is_some_and(|part| part.paragraph == paragraph) || !opens;
            if parts.is_empty() || !goes_on {
                parts.push(Part::default());
            }
            let at = parts.len() - 1;
            let part = &mut parts[at];
            part.paragraph = paragraph;
            part.tolls.push(index);
            part.most = part.most.max(number);
            part.persons += u64::from(opens && number == 1);
            of.push(Some(at));
        }
        (parts, of)
    }

    /// Whether a figure tells of somebody not told of before: "a man", "three women", not "he", "the man" or "both".
    fn opens(&self, toll: &Toll) -> bool {
        let start = toll.number.start.min(toll.noun.start);
        let indefinite = self.document.is(start, Set::One);
        let several = toll.low > Some(1) && !self.document.is(start.saturating_sub(1), Set::The);
        toll.part_of.is_none() && !toll.named && (indefinite || several)
    }

    fn group_of(&self, part: &Part, main: bool) -> Group {
        let mut sentences: Vec<usize> = part.tolls.iter().map(|&toll| self.tolls[toll].sentence).collect();
        sentences.dedup();
        let first = &self.tolls[part.tolls[0]];
        let at = first.number.start;
        // The city that the article is about tells more than one of its quarters.
        let city = self.setting.main_place().filter(|place| place.precision <= Some(2));
        let own = || self.setting.place_of(first.sentence, at).or_else(|| self.setting.main_place());
        Group {
            main,
            when: self.setting.time_of(first.sentence, at).or_else(|| self.setting.main_time()),
            place: city.filter(|_| main).or_else(own),
            sentences,
        }
    }
}
