//! Counts the persons whom a text tells of one by one: "a man, 34, died at the scene … a second victim died in hospital".
//!
//! Each mention of one person harmed is either of somebody told of before or of somebody new. Names, ages and words of sex and
//! age settle which; a pronoun or "the victim" is somebody told of before, "another man" is not.

use annals_plugin::{Modality, Outcome, Victims};

use crate::lexicon::{Class, Set, WordId};
use crate::text::{Case, Document, Kind};
use crate::toll::Toll;

/// A text that tells of more persons than these is a list, not a report.
const MOST: usize = 40;

/// Somebody harmed.
#[derive(Debug, Default)]
struct Person<'d> {
    names: Vec<&'d str>,
    age: Option<u32>,
    group: Option<Victims>,
    /// The first sentence that told of this person.
    first: usize,
    /// The last sentence that told of this person, by a figure of its own.
    sentence: usize,
    /// That figure's words were passive, so that they may also name the doer.
    undergoes: bool,
    dead: bool,
    hurt: bool,
    /// Harmed by his or her own hand.
    doer: bool,
    /// A parent or a spouse.
    grown: bool,
}

/// How words point to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pointer {
    /// "he", "the victim": somebody told of before.
    Back,
    /// "a man", "Omar Haddad": somebody told of before or not.
    Open,
    /// "another man", "a second victim": somebody not told of before.
    New,
    /// "himself": the doer, who may be the one told of in the same sentence.
    Doer,
}

/// Some of one group, told by their number: "two children".
#[derive(Debug)]
struct Bundle {
    group: Victims,
    count: u64,
    sentence: usize,
    outcome: Outcome,
}

/// The persons of one incident.
#[derive(Debug, Default)]
pub(super) struct Persons<'d> {
    list: Vec<Person<'d>>,
    bundles: Vec<Bundle>,
    /// The person told of last.
    last: Option<usize>,
}

impl<'d> Persons<'d> {
    /// Takes in one figure, in the order of the text.
    pub(super) fn read(&mut self, document: &'d Document<'_>, toll: &Toll) {
        if !matches!(toll.outcome, Outcome::Killed | Outcome::Injured)
            || toll.modality != Modality::Asserted
            // The persons of a list are read one by one.
            || toll.listed
            || self.list.len() >= MOST
        {
            return;
        }
        match (toll.low, toll.high) {
            (Some(1), Some(1)) => self.person(document, toll),
            (Some(count), high) if high.is_none_or(|high| high == count) && toll.part_of.is_none() => {
                self.bundle(toll, count);
            }
            _ => {}
        }
    }

    fn bundle(&mut self, toll: &Toll, count: u64) {
        let few = (2..=20).contains(&count);
        let grouped =
            matches!(toll.victims, Victims::Children | Victims::Women | Victims::Men | Victims::Elderly);
        if !few || !grouped {
            return;
        }
        let same = |bundle: &&mut Bundle| bundle.group == toll.victims && bundle.outcome == toll.outcome;
        match self.bundles.iter_mut().find(same) {
            Some(bundle) => bundle.count = bundle.count.max(count),
            None => self.bundles.push(Bundle {
                group: toll.victims,
                count,
                sentence: toll.sentence,
                outcome: toll.outcome,
            }),
        }
    }

    fn person(&mut self, document: &'d Document<'_>, toll: &Toll) {
        let Some((pointer, mention)) = mention(document, toll) else { return };
        let found = match pointer {
            Pointer::New => None,
            Pointer::Back => self
                .last
                .filter(|&last| compatible(&self.list[last], &mention))
                .or_else(|| self.list.iter().rposition(|person| compatible(person, &mention))),
            Pointer::Open => self.same_as(&mention, toll.sentence),
            // "A boy was hurt after shooting himself", but "a man killed his wife, then himself".
            Pointer::Doer => self
                .last
                .filter(|&last| self.list[last].sentence == toll.sentence && self.list[last].undergoes)
                .or_else(|| self.list.iter().position(|person| person.doer))
                .or_else(|| {
                    let others =
                        toll.outcome == Outcome::Killed && self.list.iter().any(|person| !person.undergoes);
                    self.same_as(&mention, toll.sentence).filter(|_| !others)
                }),
        };
        let at = found.unwrap_or_else(|| {
            self.list.push(Person { first: toll.sentence, ..Person::default() });
            self.list.len() - 1
        });
        let person = &mut self.list[at];
        if person.names.len() < mention.names.len() {
            person.names = mention.names;
        }
        person.age = person.age.or(mention.age);
        person.group = match (person.group, mention.group) {
            (None | Some(Victims::People), group) => group.or(person.group),
            (group, _) => group,
        };
        if pointer != Pointer::Back {
            person.sentence = toll.sentence;
        }
        person.undergoes = toll.passive;
        person.grown |= mention.grown;
        person.doer |= toll.own;
        match toll.outcome {
            Outcome::Killed => person.dead = true,
            _ => person.hurt = true,
        }
        self.last = Some(at);
    }

    /// The person that a mention may be of: by name, else by age, else the last one that nothing speaks against.
    fn same_as(&self, mention: &Person<'d>, sentence: usize) -> Option<usize> {
        let fits = |person: &Person<'d>| compatible(person, mention);
        let named = |person: &Person<'d>| !person.names.is_empty() && !mention.names.is_empty();
        self.list
            .iter()
            .rposition(|person| named(person) && fits(person))
            .or_else(|| {
                self.list
                    .iter()
                    .rposition(|person| mention.age.is_some() && person.age == mention.age && fits(person))
            })
            .or_else(|| {
                // Those whom one sentence tells of one after the other are not the same.
                self.list.iter().rposition(|person| fits(person) && person.sentence != sentence)
            })
    }

    /// How many are told of as killed.
    pub(super) fn killed(&self) -> u64 {
        self.count(Outcome::Killed, |person| person.dead)
    }

    /// How many are told of as injured and not as killed.
    pub(super) fn injured(&self) -> u64 {
        self.count(Outcome::Injured, |person| person.hurt && !person.dead)
    }

    fn count(&self, outcome: Outcome, harmed: impl Fn(&Person<'d>) -> bool) -> u64 {
        let bundles = || self.bundles.iter().filter(|bundle| bundle.outcome == outcome);
        let alone = self.list.iter().filter(|person| harmed(person)).filter(|person| {
            // "two children" has counted the girl whom a later sentence names.
            !bundles().any(|bundle| {
                bundle.sentence != person.first
                    && person.group.is_none_or(|group| {
                        // A boy may be one of three males.
                        let grown = matches!(bundle.group, Victims::Men | Victims::Women);
                        group == bundle.group
                            || group == Victims::People
                            || group == Victims::Children && grown
                    })
            })
        });
        bundles().map(|bundle| bundle.count).sum::<u64>() + alone.count() as u64
    }
}

/// What a figure of one says of that person; `None` if it counts without describing ("one person").
fn mention<'d>(document: &'d Document<'_>, toll: &Toll) -> Option<(Pointer, Person<'d>)> {
    let tokens = document.tokens();
    let start = toll.number.start.min(toll.noun.start);
    let end = toll.number.end.max(toll.noun.end);
    let capitals = document.sentences()[toll.sentence].capitals;
    let first = tokens.get(start)?;
    let numeral = toll
        .number
        .clone()
        .any(|at| tokens[at].kind == Kind::Number || tokens[at].classes.has(Class::Number));
    let mut person = Person { group: Some(toll.victims), ..Person::default() };
    // "the girl's father"
    let mut owned = false;
    for (at, token) in tokens.iter().enumerate().take(end).skip(start) {
        let capital = matches!(token.case, Case::Title | Case::Upper);
        if token.classes.has(Class::Victim) {
            // "a Springfield boy": what stands before the noun is no name of his.
            person.names.clear();
        }
        if token.kind == Kind::Word && token.word == WordId::UNKNOWN && (capital || capitals) {
            person.names.push(document.lower(at));
        }
        person.age = person.age.or_else(|| age_in(document.lower(at)));
        person.grown |= document.is(at, Set::Grown);
        owned |= at > start && document.is(at, Set::Owner);
    }
    person.age = person.age.or_else(|| age_after(document, end));
    // "the 15-year-old shot himself"
    let doer = toll.agent.clone().filter(|_| toll.own);
    person.age = person.age.or_else(|| doer?.into_iter().find_map(|at| age_in(document.lower(at))));
    if numeral && toll.victims == Victims::People && person.names.is_empty() && person.age.is_none() {
        return None;
    }
    let lower = document.lower(start);
    let ordinal = (start..end.min(start + 3)).any(|at| tokens[at].classes.has(Class::Ordinal));
    let pointer = if toll.others || ordinal {
        Pointer::New
    } else if !person.names.is_empty() || person.age.is_some() {
        Pointer::Open
    } else if toll.own {
        Pointer::Doer
    } else if owned && person.grown {
        Pointer::Open
    } else if first.classes.has(Class::MaleOrFemale) && (end - start == 1 || toll.named)
        || first.classes.has(Class::Determiner)
            && !first.classes.has(Class::Possessive)
            && !matches!(lower, "a" | "an")
    {
        Pointer::Back
    } else {
        Pointer::Open
    };
    Some((pointer, person))
}

/// The age in "34-year-old".
fn age_in(word: &str) -> Option<u32> {
    let (age, rest) = word.split_once('-')?;
    rest.starts_with("year").then(|| age.parse().ok()).flatten()
}

/// The age that stands in apposition after a name or a noun: "Lena Moss, 23,".
fn age_after(document: &Document<'_>, end: usize) -> Option<u32> {
    let tokens = document.tokens();
    let comma = tokens.get(end).filter(|token| token.kind == Kind::Mark)?;
    let number = tokens.get(end + 1).filter(|token| token.kind == Kind::Number)?;
    let near = comma.end - comma.start == 1 && number.end - number.start <= 2;
    near.then(|| document.lower(end + 1).parse().ok()).flatten()
}

/// Whether nothing speaks against two descriptions being of one person.
fn compatible(known: &Person<'_>, other: &Person<'_>) -> bool {
    let ages = known.age.zip(other.age).is_none_or(|(one, two)| one == two);
    let within = |few: &[&str], many: &[&str]| few.iter().all(|name| many.contains(name));
    let names = known.names.is_empty()
        || other.names.is_empty()
        || within(&known.names, &other.names)
        || within(&other.names, &known.names);
    let child = |person: &Person<'_>| person.group == Some(Victims::Children);
    let adult = |person: &Person<'_>| person.grown || person.age.is_some_and(|age| age >= 18);
    let grown = adult(known) && child(other) || adult(other) && child(known);
    let groups = !grown && known.group.zip(other.group).is_none_or(|(one, two)| akin(one, two));
    ages && names && (groups || !known.names.is_empty() && !other.names.is_empty())
}

/// Whether one person may be of both groups. A son or a sister may be a child.
fn akin(one: Victims, other: Victims) -> bool {
    use Victims::{Children, Civilians, Combatants, Elderly, Men, Women};
    let apart = |one, other| {
        matches!((one, other), (Men, Women) | (Children, Combatants | Elderly) | (Civilians, Combatants))
    };
    !apart(one, other) && !apart(other, one)
}
