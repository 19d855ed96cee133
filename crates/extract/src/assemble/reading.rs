//! What an article as a whole tells of the dead and injured of an incident, where no single figure of its text does.
//!
//! A headline may give a figure that the text spreads over its sentences; a text may tell of those harmed one by one; and whoever
//! kills others and then himself is not among those whom he killed.

use std::borrow::Cow;
use std::ops::Range;

use annals_plugin::{Modality, Outcome, Qualifier, Scope, Victims};

use super::column;
use super::persons::Persons;
use crate::lexicon::{Class, Frame, Grammar, Lexicon, NumberWord, Set};
use crate::number;
use crate::text::{Document, Kind};
use crate::toll::Toll;

/// What a headline tells: "2 boys, 2 girls shot" of four, "6 shot, one badly hurt" of six.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Headline {
    /// The number of dead and of injured.
    pub(super) told: [Option<u64>; 2],
    /// The number of those shot, any of whom may have died.
    shot: Option<u64>,
    /// One of a row of those harmed: "a second man was hurt".
    last_hurt: u64,
    /// The name of the deed counts: "triple shooting".
    by_name: bool,
    /// The dead, and the injured, are named or described, not counted, so that there may be more: "man kills wife, neighbor",
    /// "Girl, 4, hurt".
    pub(super) described: [bool; 2],
}

impl Headline {
    /// The number of those shot, dead or not.
    pub(super) fn shot(&self) -> Option<u64> {
        self.shot
    }

    pub(super) fn read(document: &Document<'_>, titled: &[Toll]) -> Self {
        let mut headline = Self::default();
        let mut sums: [(Range<usize>, u64); 3] = Default::default();
        let mut undergone = false;
        for toll in titled {
            let whole = toll.part_of.is_none()
                && toll.modality == Modality::Asserted
                && toll.scope != Some(Scope::Total)
                && toll.qualifier != Qualifier::Vague
                && !(toll.own && undergone);
            undergone |= toll.passive;
            let Some(low) = toll.low.filter(|_| whole) else { continue };
            if toll.outcome == Outcome::Injured {
                headline.last_hurt = headline.last_hurt.max(nth(document, toll).unwrap_or(0));
            }
            let low = low.max(nth_dead(document, toll)) + beside(document, titled, toll);
            let is = |class| toll.trigger.clone().any(|at| document.tokens()[at].classes.has(class));
            // "Five shot, two dead" and "five shot" may count the dead; "one dead, one shot" has told of them.
            // A "triple shooting" counts all three.
            let fold = || toll.number.clone().any(|at| document.tokens()[at].classes.has(Class::Fold));
            headline.by_name |= fold();
            let open = toll.outcome == Outcome::Casualties
                || toll.outcome == Outcome::Injured && fold()
                || toll.outcome == Outcome::Injured
                    && is(Class::Shot)
                    && !toll.others
                    && headline.told[0].is_none();
            let Some(column) = column(toll.outcome).filter(|_| !open).or(open.then_some(2)) else { continue };
            let numeral = |at: usize| {
                let token = &document.tokens()[at];
                token.kind == Kind::Number || token.classes.any(&[Class::Number, Class::Fold])
            };
            let (told, described) = match column {
                2 => (headline.shot, &mut headline.described[1]),
                _ => (headline.told[column], &mut headline.described[column]),
            };
            *described = (*described || told.is_none()) && !toll.number.clone().any(numeral);
            let (trigger, sum) = &mut sums[column];
            // "Gunman kills two, then himself", "three shot dead; suspect killed"
            let besides = toll.own || column == 0 && *sum > 0 && names_doer(document, toll);
            *sum = if *trigger == toll.trigger || besides { *sum + low } else { low };
            *trigger = toll.trigger.clone();
            let slot = if column == 2 { &mut headline.shot } else { &mut headline.told[column] };
            *slot = (*slot).max(Some(*sum));
        }
        if headline.told[1] < headline.shot {
            headline.told[1] = None;
        }
        headline
    }
}

/// Whether those counted are called by what they did: "the suspect".
fn names_doer(document: &Document<'_>, toll: &Toll) -> bool {
    toll.low == Some(1) && toll.noun.clone().any(|at| document.tokens()[at].classes.has(Class::Doer))
}

/// "Man, two children found dead", "two children, man shot": so many more stand before those counted, by commas alone.
fn beside(document: &Document<'_>, titled: &[Toll], toll: &Toll) -> u64 {
    let lexicon = &document.language().lexicon;
    let tokens = document.tokens();
    let (mut start, mut more) = (toll.number.start.min(toll.noun.start), 0);
    while let Some(before) = start.checked_sub(2).filter(|_| document.lower(start - 1) == ",") {
        let noun = lexicon.victim(tokens[before].word).and_then(|word| word.noun);
        let told = titled.iter().any(|other| other.noun.contains(&before) || other.number.contains(&before));
        // "Dunmore police officer, man wounded": what describes the one goes with it.
        match noun.filter(|_| !told) {
            Some((_, Grammar::Singular)) => (start, more) = (before, more + 1),
            Some((_, Grammar::Plural)) => {
                let number = before.checked_sub(1).and_then(|at| {
                    let number = number::figure(document, lexicon, at, before)?;
                    number.low.filter(|_| number.low == number.high)
                });
                return more + number.unwrap_or(0);
            }
            _ => break,
        }
    }
    more
}

/// "A third victim has died", "a second man was hurt": which of a row one person is, unless it is a row over days or months.
fn nth(document: &Document<'_>, toll: &Toll) -> Option<u64> {
    let tokens = document.tokens();
    let one = toll.low == Some(1) && toll.high == Some(1) && toll.part_of.is_none();
    let span = document.sentences().get(toll.sentence)?.tokens.clone();
    // "the third to die in five weeks", but "dies after several days in hospital"
    let sets = &document.language().sets;
    let spans = |at: usize| (at.saturating_sub(3)..at).any(|before| document.is(before, Set::Spans));
    let over = || {
        span.clone().any(|at| {
            tokens[at].classes.has(Class::Period) || tokens[at].classes.has(Class::Measure) && spans(at)
        })
    };
    let from = toll.number.start.min(toll.noun.start);
    let numbers = Lexicon::english();
    // "The fifth man was pronounced dead": the fifth of those shot.
    if is_definite(document, toll) {
        return None;
    }
    let digits = |word: &str| {
        let ending = sets.ending(word, Set::EndsOrdinal)?;
        word.strip_suffix(ending)?.parse::<u64>().ok().filter(|nth| (2..100).contains(nth))
    };
    let word = (from..toll.noun.end.min(from + 4)).find_map(|at| match numbers.number(tokens[at].word) {
        Some(NumberWord::Nth(nth)) => Some(nth),
        _ => digits(document.lower(at)),
    })?;
    (one && !over()).then_some(word)
}

/// "the fifth man", "the other two"
fn is_definite(document: &Document<'_>, toll: &Toll) -> bool {
    let start = toll.number.start.min(toll.noun.start);
    (start.saturating_sub(2)..=start).any(|at| document.is(at, Set::The))
}

/// "The toll rose to nine as three more bodies were found": nine are all.
fn is_sum(document: &Document<'_>, toll: &Toll) -> bool {
    let lexicon = &document.language().lexicon;
    let tokens = document.tokens();
    toll.trigger.clone().any(|at| {
        let readings = lexicon.trigger(tokens[at..].iter().map(|token| token.word));
        readings.is_some_and(|(readings, _)| readings.iter().any(|each| each.frame == Frame::Toll))
    })
}

/// Which of a row of dead one is.
fn nth_dead(document: &Document<'_>, toll: &Toll) -> u64 {
    let dies = toll.outcome == Outcome::Killed && toll.dying;
    if dies { nth(document, toll).unwrap_or(0) } else { 0 }
}

/// Whether those counted are called by what they are, so that who harmed them is not among them: "two girls", "three officers",
/// not "two people".
fn are_others_than_doer(document: &Document<'_>, toll: &Toll) -> bool {
    let lawmen = || toll.noun.clone().any(|at| document.is(at, Set::Lawmen));
    !toll.own
        && !toll.named
        && !names_doer(document, toll)
        && (matches!(toll.victims, Victims::Children | Victims::Women) || lawmen())
}

/// "One dead, three injured": four who are hit, or brought to a hospital, are those, and not all of them stay injured.
pub(super) fn dead_among_hurt<'t>(
    document: &Document<'_>,
    tolls: &'t [Toll],
    headline: &Headline,
) -> Cow<'t, [Toll]> {
    let mut sums = Vec::new();
    if let [Some(killed), Some(injured)] = headline.told
        && killed > 0
        && injured > 0
    {
        sums.push((None, killed + injured));
    }
    for pair in tolls.windows(2) {
        let [killed, injured] = pair else { continue };
        let beside = killed.outcome == Outcome::Killed
            && injured.outcome == Outcome::Injured
            && killed.sentence == injured.sentence
            && pair.iter().all(|toll| toll.modality == Modality::Asserted && toll.part_of.is_none());
        if let (true, Some(killed), Some(more)) = (beside, killed.low, injured.low)
            && killed > 0
            && more > 0
        {
            sums.push((Some(injured.sentence), killed + more));
        }
    }
    const OPEN: &[Class] = &[Class::Carry, Class::Shot, Class::Strike];
    let all = |toll: &Toll| {
        let open = || toll.trigger.clone().any(|at| document.tokens()[at].classes.any(OPEN));
        toll.outcome == Outcome::Injured
            && !toll.others
            && toll.part_of.is_none()
            && sums.iter().any(|&(sentence, sum)| {
                toll.low == Some(sum) && sentence != Some(toll.sentence) && (sentence.is_none() || open())
            })
    };
    if !tolls.iter().any(all) {
        return Cow::Borrowed(tolls);
    }
    let mut read = tolls.to_vec();
    for toll in &mut read {
        if all(toll) {
            toll.outcome = Outcome::Casualties;
        }
    }
    Cow::Owned(read)
}

/// So many at most are told of one by one before others are counted.
const FEW: u64 = 4;
/// Others come on top of a number so many sentences before them.
const NEAR: usize = 1;

/// What the figures of an incident tell, while they are read one by one.
#[derive(Default)]
struct Sums {
    /// The largest number of dead and of injured people.
    stated: [u64; 2],
    /// Likewise, but not of others than those told of before.
    alone: [u64; 2],
    /// Likewise, but of any group.
    counted: [u64; 2],
    /// The largest number of those told of one by one together with the others whom a number counts: "a boy was hurt … three others
    /// were hurt".
    joined: [u64; 2],
    /// The last number of dead and of injured that counts no others, and its sentence.
    lately: [(usize, u64); 2],
    /// Such a number, and its sum with that of the others told of next: "three were brought to a hospital … two others came by car".
    added: [(u64, u64); 2],
    casualties: u64,
    /// The largest number of persons that one verb tells of: "a girl of four and two men were hurt".
    together: [u64; 2],
    /// The verb read last, and how many it has told of.
    verb: (Range<usize>, u64),
    /// The largest number of dead and of injured that a list adds up to: "Lena Moss and her son Omar" are two.
    listed: [u64; 2],
    /// The largest number of dead that an active verb takes as its object.
    slain: u64,
    /// The last of a row of dead: "a third victim has died".
    last: u64,
    /// One of a row of those harmed: "a second man was hurt".
    last_hurt: u64,
    /// The largest number of dead who are called by what they are, and the doer is not among them.
    others_dead: u64,
    /// The doer, so called, was killed.
    doer_killed: bool,
    /// The doer is dead too.
    doer_dead: bool,
    /// The largest number of those whom one sentence tells of as killed, the doer among them.
    with_doer: u64,
    /// The sentence read, the number of those killed or shot in it by somebody, and whether he killed himself in it.
    sentence: (usize, u64, bool),
}

impl Sums {
    /// Adds others to the persons told of before them.
    fn join(&mut self, document: &Document<'_>, persons: &Persons<'_>, toll: &Toll) {
        // "the other two": the rest of those counted.
        let rest = is_definite(document, toll);
        let counted =
            toll.others && toll.low == toll.high && toll.part_of.is_none() && !toll.implied && !rest;
        let (Some(column), Some(others)) = (column(toll.outcome), toll.low.filter(|&low| low > 1)) else {
            return;
        };
        let before = [persons.killed(), persons.injured()][column];
        if !counted || toll.modality != Modality::Asserted {
            return;
        }
        if (1..=FEW).contains(&before) {
            self.joined[column] = self.joined[column].max(before + others);
        }
        let (sentence, number) = self.lately[column];
        if number > 1 && number != others && toll.sentence <= sentence + NEAR {
            self.added[column] = self.added[column].max((number, number + others));
        }
    }

    fn read(&mut self, document: &Document<'_>, toll: &Toll) {
        if toll.implied {
            return;
        }
        let most = toll.low.max(toll.high).unwrap_or(0);
        // Only a number of people, not of women or guards among them, is a number of all.
        let all = matches!(toll.victims, Victims::People | Victims::Civilians) && !toll.listed;
        if let Some(column) = column(toll.outcome) {
            let (verb, persons) = &mut self.verb;
            if *verb != toll.trigger {
                (*verb, *persons) = (toll.trigger.clone(), 0);
            }
            let counts = toll.low == toll.high && !toll.own && toll.part_of.is_none();
            *persons += toll.low.filter(|_| counts).unwrap_or(0);
            self.together[column] = self.together[column].max(*persons);
            self.counted[column] = self.counted[column].max(most);
            if toll.listed {
                self.listed[column] = self.listed[column].max(most);
            }
            if all {
                self.stated[column] = self.stated[column].max(most);
                if !toll.others {
                    self.alone[column] = self.alone[column].max(most);
                }
                if !toll.others && toll.low == toll.high && toll.part_of.is_none() && !is_sum(document, toll)
                {
                    self.lately[column] = (toll.sentence, most);
                }
            }
        }
        if toll.outcome == Outcome::Casualties {
            self.casualties = self.casualties.max(most);
        }
        self.last = self.last.max(nth_dead(document, toll));
        if toll.outcome == Outcome::Injured {
            self.last_hurt = self.last_hurt.max(nth(document, toll).unwrap_or(0));
        }
        let active = !toll.passive && toll.part_of.is_none();
        let (sentence, slain, own) = &mut self.sentence;
        if *sentence != toll.sentence {
            (*sentence, *slain, *own) = (toll.sentence, 0, false);
        }
        if toll.outcome == Outcome::Killed && (toll.own || toll.passive && names_doer(document, toll)) {
            *own |= toll.own;
            self.doer_dead = true;
            self.doer_killed |= !toll.own;
        } else if active && toll.outcome == Outcome::Killed {
            *slain += toll.low.unwrap_or(0);
            self.slain = self.slain.max(most).max(*slain);
        }
        if toll.outcome == Outcome::Killed && are_others_than_doer(document, toll) {
            self.others_dead = self.others_dead.max(most);
        }
        if *own && *slain > 0 {
            self.with_doer = self.with_doer.max(*slain + 1);
        }
    }

    /// The number of dead where somebody killed others and himself.
    fn murder_and_suicide(&self) -> u64 {
        let several = self.doer_dead && self.slain > 1 && self.slain >= self.counted[0];
        let least = if self.doer_killed { 1 } else { 2 };
        let besides = self.doer_dead && self.others_dead >= least;
        self.with_doer.max(if several { self.slain + 1 } else { 0 }).max(if besides {
            self.others_dead + 1
        } else {
            0
        })
    }
}

/// The number of dead and of injured that the figures of an incident tell together, if it is more than any of them gives.
pub(super) fn of_incident<'t>(
    document: &Document<'_>,
    tolls: impl Iterator<Item = &'t Toll>,
    headline: Headline,
    [murder_and_suicide, roundup]: [bool; 2],
) -> [Option<u64>; 2] {
    let mut persons = Persons::default();
    let mut sums = Sums::default();
    for toll in tolls {
        sums.join(document, &persons, toll);
        persons.read(document, toll);
        if toll.modality == Modality::Asserted {
            sums.read(document, toll);
        }
    }
    let Sums { stated, counted, .. } = sums;
    let told = [persons.killed().max(sums.listed[0]), persons.injured().max(sums.listed[1])];
    // A murder and a suicide leave two dead at least.
    let least = if murder_and_suicide { (sums.slain + 1).max(2) } else { 0 };
    let suicide = sums.murder_and_suicide().max(least);
    let dead = counted[0].max(told[0]).max(headline.told[0].unwrap_or(0));
    // A headline that tells of the dead tells of all.
    let killed = headline.told[0].filter(|&told| told >= counted[0]).unwrap_or(dead);
    // Whoever was shot and not killed was injured.
    let casualties = sums.casualties.max(headline.shot.unwrap_or(0));
    // In a round-up the dead may be those of other shootings.
    let rest = if killed > 0 || roundup { casualties.saturating_sub(killed) } else { 0 };
    let injured = headline.told[1].or(headline.shot.filter(|_| killed == 0));
    // Persons told one by one are no more than all who were shot.
    let hurt = told[1].max(headline.told[1].unwrap_or(0));
    let beyond = sums.casualties > 0 && told[0] + hurt > sums.casualties;
    let told_of = if beyond { 0 } else { told[0] };
    let mut reading = [None; 2];
    let last = sums.last;
    for (column, headline_told) in [headline.told[0], injured].into_iter().enumerate() {
        let joined = sums.joined[column];
        let text = match (sums.alone[column] > 1, stated[column] > 1) {
            _ if beyond => 0,
            // A number and that of others, where no other number counts them all.
            (true, _) if sums.added[column].0 == sums.alone[column] => sums.added[column].1,
            // Where the text gives a number, persons told one by one are some of them.
            (true, _) => 0,
            (false, true) => joined,
            (false, false) => told[column].max(joined),
        };
        let whole = match headline_told {
            // A headline that counts has counted all, but for a doer who killed himself.
            Some(1) if column == 0 && headline.described[0] && sums.alone[0] <= 1 => {
                suicide.max(if murder_and_suicide { told[0] } else { 1 })
            }
            Some(1) if column == 0 => suicide.max(1),
            Some(count) if column == 0 && headline.described[0] => count.max(told_of).max(text),
            // "Girl, 4, hurt" tells of one of those whom one sentence tells of together.
            Some(1) if headline.described[column] && sums.alone[column] <= 1 && killed == 0 => {
                sums.together[column].max(1)
            }
            // The numbers of the text tell more than the name of the deed.
            Some(count) if headline.by_name => count.max(joined),
            Some(count) => count,
            None => text,
        };
        let row = match headline_told {
            None => sums.last_hurt,
            // "Second man hurt in Monday's shooting"
            Some(1) if headline.described[column] => headline.last_hurt,
            Some(_) => 0,
        };
        let rest = rest.max(row.saturating_sub(killed));
        let whole = if column == 1 { whole.max(rest) } else { whole.max(suicide).max(last) };
        // One told of by a headline is no news where the text tells of any.
        let news = whole > 1 || headline_told.is_some() && counted[column] == 0;
        let known = whole > stated[column] && whole >= counted[column] && news;
        reading[column] = known.then_some(whole);
    }
    reading
}
