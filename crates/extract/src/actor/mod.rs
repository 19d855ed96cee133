//! Finds who is held responsible.
//!
//! A party is held responsible only where the sentence makes it the doer of a deed ("Russian warplanes struck", "shelling by rebels",
//! "Daesh car bomb"), where the deed is claimed by it or laid to it, or where those killed fell in a fight with it. That a party is
//! named beside a deed says nothing: it may be hit, hold the town, or be cited.

mod list;
mod role;

pub use list::{Actors, ActorsError, Party};
pub use role::{Agent, Evidence, agents};

use annals_plugin::Actor;

use crate::event::EventHit;
use crate::lexicon::Set;
use crate::phrases::{Hit, Phrases, Units, Words, read_list};
use crate::text::Document;

/// Declares the sections of a word list whose hits are looked up by token.
macro_rules! sections {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $header:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            pub(crate) fn named(header: &str) -> Option<$name> {
                match header { $($header => Some($name::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use sections;

sections! {
    /// Words that tell how a party stands in a sentence.
    Stance {
        /// Forces of a country.
        Force = "force",
        /// Forces of the country that the article is about.
        Nation = "nation",
        /// Police.
        Police = "police",
        /// Armed persons of no known party.
        Unnamed = "unnamed",
        /// The party before holds or backs.
        Holder = "holder",
        /// The party's seat, or persons of it.
        Home = "home",
        /// A deed is laid to what follows.
        Blame = "blame",
        /// The party before owns up.
        Claim = "claim",
        /// What follows is planned, feared or called for.
        Unreal = "unreal",
        /// The party before does so now and then, not this time.
        Habit = "habit",
        /// The deed before is only studied.
        Expert = "expert",
        /// May stand between a party and its deed.
        Carrier = "carrier",
    }
}

sections! {
    /// Words that hold a sentence together.
    Function {
        /// "the", "its", "several".
        Determiner = "determiner",
        /// "of", "near".
        Preposition = "preposition",
        /// "with".
        With = "with",
        /// "by".
        By = "by",
        /// "from".
        From = "from",
        /// "has", "would".
        Auxiliary = "auxiliary",
        /// "were", "been".
        Be = "be",
        /// "while", "because".
        Conjunction = "conjunction",
        /// "and", "or".
        And = "and",
        /// "also", "reportedly".
        Adverb = "adverb",
        /// "who", "which".
        Relative = "relative",
        /// Small words within names: "al", "bin".
        Particle = "particle",
        /// Days, months, times of day.
        Day = "day",
    }
}

/// A list of words in sections, looked up by token.
#[derive(Debug)]
pub struct Sections<S> {
    sections: Vec<S>,
    phrases: Phrases,
}

impl<S: Copy> Sections<S> {
    /// Reads the list; `named` tells which section a header heads.
    ///
    /// # Errors
    /// A header that is not known, or the number of a line that stands before the first.
    pub fn read(file: &str, named: impl Fn(&str) -> Option<S>, words: &mut Words) -> Result<Self, String> {
        let mut list = Self { sections: Vec::new(), phrases: Phrases::default() };
        let mut last = "";
        let mut unknown = None;
        read_list(file, |header, pattern| {
            if header != last {
                last = header;
                match named(header) {
                    Some(section) => list.sections.push(section),
                    None => unknown = Some(format!("no section is named [{header}]")),
                }
            }
            if unknown.is_none() {
                list.phrases.add(pattern, list.sections.len() as u32 - 1, words);
            }
        })
        .map_err(|line| format!("line {line} stands before the first header"))?;
        unknown.map_or(Ok(list), Err)
    }

    /// The hits of a text.
    pub fn find(&self, units: &Units) -> Vec<(Hit, S)> {
        self.phrases.find(units).into_iter().map(|hit| (hit, self.sections[hit.entry as usize])).collect()
    }

    /// For each token the section of the hit that covers it; what is a part of a word with hyphens covers nothing.
    pub fn by_token(&self, units: &Units, document: &Document<'_>) -> Vec<Option<S>> {
        let mut sections = vec![None; document.tokens().len()];
        for (hit, section) in self.find(units) {
            for token in hit.tokens().filter(|&token| !document.lower(token).contains('-')) {
                sections[token] = Some(section);
            }
        }
        sections
    }
}

/// How a mention tells of its party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// By a name or alias.
    Name,
    /// By a country's adjective before a word for forces.
    Forces,
    /// By a country's adjective alone: counts only before a word for a deed.
    Adjective,
    /// By a country's name: counts only as the doer of a deed.
    Country,
    /// As the forces of the country that the article is about, or as police.
    Common,
    /// Not at all: "gunmen".
    Unnamed,
}

/// A party named in a text.
#[derive(Debug, Clone, Copy)]
pub struct Mention {
    /// First token.
    pub start: usize,
    /// Token after the last.
    pub end: usize,
    /// The party in the list; `None` for police and for persons of no known party.
    pub party: Option<u16>,
    /// How it is named.
    pub naming: Naming,
}

/// The parties named in a text, in order, and the countries that it is about.
pub fn mentions(
    actors: &Actors,
    document: &Document<'_>,
    units: &Units,
    stances: &[(Hit, Stance)],
    focus: &Focus,
) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    let listed = actors.find(units);
    let mut stances = stances.iter().filter(|(_, stance)| {
        matches!(stance, Stance::Nation | Stance::Police | Stance::Unnamed | Stance::Force)
    });
    let mut next = stances.next();
    for (hit, entry) in listed
        .iter()
        .map(|(hit, entry)| (hit, Some(*entry)))
        .chain([(&Hit { start: u32::MAX, end: u32::MAX, entry: 0 }, None)])
    {
        // Words for forces that stand before this name.
        while let Some((common, stance)) = next
            && common.start < hit.start
        {
            next = stances.next();
            if mentions.last().is_some_and(|last| last.end > common.start as usize) {
                continue;
            }
            let (party, naming) = match stance {
                Stance::Nation => (focus.state, Naming::Common),
                Stance::Police => (None, Naming::Common),
                Stance::Unnamed => (None, Naming::Unnamed),
                _ => continue,
            };
            // A name that begins within goes before.
            if common.end <= hit.start {
                mentions.push(Mention {
                    start: common.start as usize,
                    end: common.end as usize,
                    party,
                    naming,
                });
            }
        }
        let Some(entry) = entry else { break };
        let (start, end) = (hit.start as usize, hit.end as usize);
        let mention = |party: u16, naming, end| Mention { start, end, party: Some(party), naming };
        if let Some(party) = entry.alias {
            // "Syrian government" goes on to "Syrian government troops".
            let forces = next.filter(|(common, stance)| {
                common.start as usize == end && matches!(stance, Stance::Force | Stance::Nation)
            });
            let end = forces.map_or(end, |(common, _)| common.end as usize);
            mentions.push(mention(party, Naming::Name, end));
        } else if let Some(party) = entry.local.iter().copied().find(|&party| focus.holds(actors, party)) {
            mentions.push(mention(party, Naming::Name, end));
        } else if let Some(party) = entry.country() {
            // "Russia's warplanes" and, in headlines, "Russia warplanes" are "Russian warplanes".
            let owner =
                document.tokens().get(end).is_some() && matches!(document.lower(end), "'s" | "\u{2019}s");
            let after = end + usize::from(owner);
            let force = next.filter(|(common, stance)| {
                common.start as usize == after && matches!(stance, Stance::Force | Stance::Nation)
            });
            mentions.push(match force {
                Some((common, _)) => mention(party, Naming::Forces, common.end as usize),
                None if entry.demonym.is_some() => mention(party, Naming::Adjective, after),
                None if owner || entry.place.is_none() => continue,
                None => mention(party, Naming::Country, end),
            });
        } else if !entry.local.is_empty() {
            // "rebels" of a country that no list tells of.
            mentions.push(Mention { start, end, party: None, naming: Naming::Unnamed });
        }
    }
    mentions
}

/// The countries that an article is about.
#[derive(Debug, Default)]
pub struct Focus {
    /// ISO codes, most named first.
    countries: Vec<Box<str>>,
    /// The state of the country most named.
    state: Option<u16>,
}

impl Focus {
    /// Counts the countries that headline and text name.
    pub fn new<'a>(actors: &Actors, parts: impl IntoIterator<Item = (&'a Units, u32)>) -> Focus {
        let mut counts = vec![0u32; actors.parties().len()];
        for (units, times) in parts {
            for (_, entry) in actors.find(units) {
                if let Some(state) =
                    entry.country().or(entry.alias.filter(|&party| actors.parties()[party as usize].state))
                {
                    counts[state as usize] += times;
                }
            }
        }
        let mut ranked: Vec<(u32, u16)> = counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(state, &count)| (count, state as u16))
            .collect();
        ranked.sort_by_key(|&(count, state)| (std::cmp::Reverse(count), state));
        let most = ranked.first().map_or(0, |first| first.0);
        let countries = ranked
            .iter()
            .filter(|(count, _)| 3 * count >= most)
            .filter_map(|&(_, state)| actors.parties()[state as usize].countries.first().cloned())
            .collect();
        Focus { countries, state: ranked.first().map(|first| first.1) }
    }

    /// The country where the article's place lies, for one that names none.
    pub fn or_country(mut self, actors: &Actors, country: Option<&str>) -> Focus {
        if self.state.is_none()
            && let Some(country) = country
        {
            let is_own = |party: &Party| party.state && party.countries.iter().any(|own| **own == *country);
            self.state = actors.parties().iter().position(is_own).map(|state| state as u16);
            self.countries.push(country.into());
        }
        self
    }

    fn holds(&self, actors: &Actors, party: u16) -> bool {
        let party = &actors.parties()[party as usize];
        party.countries.iter().any(|country| self.countries.contains(country))
    }
}

/// The party of a mention as a record, as the text writes it; an adjective, "Russian", by the name of its country.
pub fn as_written(actors: &Actors, document: &Document<'_>, mention: &Mention) -> Actor {
    let mut tokens = mention.start..mention.end;
    if tokens.len() > 1 && matches!(document.lower(tokens.end - 1), "'s" | "\u{2019}s") {
        tokens.end -= 1;
    }
    // "Russian strikes" are Russia's.
    let deed = tokens.len() == 2 && document.is(tokens.end - 1, Set::NamesDeed);
    let party = mention.party.map(|party| &actors.parties()[party as usize]);
    let adjective = mention.naming == Naming::Adjective || deed;
    let noun = party.filter(|_| adjective).and_then(|party| party.noun.as_deref());
    let written = || document.span(&tokens).split_whitespace().collect::<Vec<_>>().join(" ");
    Actor { name: noun.map_or_else(written, str::to_owned), id: party.map(|party| party.id.to_string()) }
}

/// Whether an event is a fight between parties, in which either may be the doer.
pub fn is_fight(event: &EventHit) -> bool {
    event.trigger.event_type == Some(annals_plugin::EventType::Clash)
}
