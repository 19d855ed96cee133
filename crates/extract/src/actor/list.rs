//! The list of parties.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::phrases::{Hit, Phrases, Units, Words, expand, is_short_acronym};

/// A party of the list.
#[derive(Debug, Clone)]
pub struct Party {
    /// Identifier.
    pub id: Box<str>,
    /// Name in the output.
    pub name: Box<str>,
    /// ISO codes of the countries it fights for or in.
    pub countries: Vec<Box<str>>,
    /// The armed forces of a state.
    pub state: bool,
    /// "government", "opposition" and so on, as listed.
    pub side: Box<str>,
    /// The name of the country whose forces they are, which stands for its adjective.
    pub noun: Option<Box<str>>,
}

/// What a name may mean.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub(super) alias: Option<u16>,
    pub(super) demonym: Option<u16>,
    pub(super) place: Option<u16>,
    /// The country's name without its apostrophe, as headlines lose it: "Syrias army".
    pub(super) owner: Option<u16>,
    pub(super) local: Vec<u16>,
}

impl Entry {
    /// The state whose country the name tells of.
    pub(super) fn country(&self) -> Option<u16> {
        self.demonym.or(self.place).or(self.owner)
    }
}

/// The list of parties with their names.
#[derive(Debug)]
pub struct Actors {
    parties: Vec<Party>,
    entries: Vec<Entry>,
    phrases: Phrases,
}

/// A list of parties that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActorsError {
    /// The file is no TOML of the right form.
    #[error("{0}")]
    Format(String),
    /// Two parties have one identifier.
    #[error("two parties have the id `{0}`")]
    Id(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    state: Vec<State>,
    #[serde(default)]
    actor: Vec<Other>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    id: String,
    name: String,
    country: String,
    demonym: Vec<String>,
    place: Vec<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    local: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    id: String,
    name: String,
    country: OneOrMany,
    side: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    local: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Actors {
    /// Reads the list.
    ///
    /// # Errors
    /// When the file has another form, or two parties share an identifier.
    pub fn read(file: &str, words: &mut Words) -> Result<Actors, ActorsError> {
        let file: File = toml::from_str(file).map_err(|error| ActorsError::Format(error.to_string()))?;
        let mut parties: Vec<Party> = Vec::new();
        let mut names: BTreeMap<(Vec<String>, bool), Entry> = BTreeMap::new();
        let mut enter = |pattern: &str, set: &dyn Fn(&mut Entry)| {
            for phrase in expand(pattern) {
                set(names.entry((phrase, is_short_acronym(pattern))).or_default());
            }
        };
        for state in file.state {
            let party = parties.len() as u16;
            let aliases = state.aliases.iter().chain([&state.name]);
            aliases.for_each(|name| enter(name, &|entry| entry.alias = entry.alias.or(Some(party))));
            for name in &state.local {
                enter(name, &|entry| entry.local.push(party));
            }
            for name in &state.demonym {
                enter(name, &|entry| entry.demonym = entry.demonym.or(Some(party)));
            }
            for (index, name) in state.place.iter().enumerate() {
                if index > 0 {
                    // A capital tells what the article is about, and no more.
                    enter(name, &|entry| entry.owner = entry.owner.or(Some(party)));
                    continue;
                }
                enter(name, &|entry| entry.place = entry.place.or(Some(party)));
                enter(&format!("{name}s"), &|entry| entry.owner = entry.owner.or(Some(party)));
            }
            parties.push(Party {
                id: state.id.into(),
                name: state.name.into(),
                countries: vec![state.country.into()],
                state: true,
                side: "government".into(),
                noun: state.place.first().map(|name| name.as_str().into()),
            });
        }
        for other in file.actor {
            let party = parties.len() as u16;
            let aliases = other.aliases.iter().chain([&other.name]);
            aliases.for_each(|name| enter(name, &|entry| entry.alias = entry.alias.or(Some(party))));
            for name in &other.local {
                enter(name, &|entry| entry.local.push(party));
            }
            let countries = match other.country {
                OneOrMany::One(country) => vec![country],
                OneOrMany::Many(countries) => countries,
            };
            parties.push(Party {
                id: other.id.into(),
                name: other.name.into(),
                countries: countries.into_iter().map(Into::into).collect(),
                state: false,
                side: other.side.into(),
                noun: None,
            });
        }
        let mut ids: Vec<&str> = parties.iter().map(|party| &*party.id).collect();
        ids.sort_unstable();
        if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ActorsError::Id(pair[0].to_owned()));
        }
        let mut phrases = Phrases::default();
        let mut entries = Vec::with_capacity(names.len());
        for ((phrase, capitals), entry) in names {
            phrases.add_phrase(&phrase, capitals, entries.len() as u32, words);
            entries.push(entry);
        }
        Ok(Actors { parties, entries, phrases })
    }

    /// All parties; mentions point here.
    pub fn parties(&self) -> &[Party] {
        &self.parties
    }

    pub(super) fn find(&self, units: &Units) -> Vec<(Hit, &Entry)> {
        self.phrases.find(units).into_iter().map(|hit| (hit, &self.entries[hit.entry as usize])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_parties_of_one_id_are_refused() {
        let party = "[[actor]]\nid = \"x\"\nname = \"X\"\ncountry = \"SYR\"\nside = \"other\"\n";
        let error = Actors::read(&format!("{party}{party}"), &mut Words::default()).unwrap_err();
        assert_eq!(error, ActorsError::Id("x".to_owned()));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let error =
            Actors::read("[[actor]]\nid = \"x\"\ncolour = \"red\"", &mut Words::default()).unwrap_err();
        assert!(error.to_string().contains("colour"), "{error}");
    }
}
