//! The list of bodies that are cited, and the words for those on no list.

use std::collections::BTreeMap;

use annals_plugin::SourceKind;
use serde::Deserialize;

use crate::actor::Sections;
use crate::phrases::{Hit, Phrases, Units, Words, expand, is_short_acronym};

/// A body of the list.
#[derive(Debug, Clone)]
pub struct Body {
    /// Identifier.
    pub id: Box<str>,
    /// Name in the output, where the article gives none.
    pub name: Box<str>,
    /// What kind of body it is.
    pub kind: SourceKind,
}

/// How a name tells of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// By its own name.
    Name,
    /// By a person who speaks for it.
    Person,
    /// By a shorter name, once it has been named.
    Local,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    source: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    id: String,
    name: String,
    kind: SourceKind,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    people: Vec<String>,
    #[serde(default)]
    local: Vec<String>,
}

/// The list with its names.
#[derive(Debug)]
pub struct Bodies {
    bodies: Vec<Body>,
    entries: Vec<(u16, Naming)>,
    phrases: Phrases,
}

impl Bodies {
    /// Reads the list.
    ///
    /// # Errors
    /// When the file has another form, or two bodies share an identifier.
    pub fn read(file: &str, words: &mut Words) -> Result<Bodies, String> {
        let file: File = toml::from_str(file).map_err(|error| error.to_string())?;
        let mut names: BTreeMap<(Vec<String>, bool), (u16, Naming)> = BTreeMap::new();
        let mut bodies: Vec<Body> = Vec::new();
        for listed in file.source {
            if bodies.iter().any(|body| *body.id == *listed.id) {
                return Err(format!("two bodies have the id `{}`", listed.id));
            }
            let body = bodies.len() as u16;
            let mut enter = |patterns: &[String], naming| {
                for pattern in patterns {
                    for phrase in expand(pattern) {
                        names.entry((phrase, is_short_acronym(pattern))).or_insert((body, naming));
                    }
                }
            };
            enter(std::slice::from_ref(&listed.name), Naming::Name);
            enter(&listed.aliases, Naming::Name);
            enter(&listed.people, Naming::Person);
            enter(&listed.local, Naming::Local);
            bodies.push(Body { id: listed.id.into(), name: listed.name.into(), kind: listed.kind });
        }
        let mut phrases = Phrases::default();
        let mut entries = Vec::with_capacity(names.len());
        for ((phrase, capitals), entry) in names {
            phrases.add_phrase(&phrase, capitals, entries.len() as u32, words);
            entries.push(entry);
        }
        Ok(Bodies { bodies, entries, phrases })
    }

    /// A body by its number.
    pub fn body(&self, body: u16) -> &Body {
        &self.bodies[body as usize]
    }

    /// The bodies that a text names, in order.
    pub fn find(&self, units: &Units) -> Vec<(Hit, u16, Naming)> {
        let hits = self.phrases.find(units).into_iter();
        hits.map(|hit| {
            let (body, naming) = self.entries[hit.entry as usize];
            (hit, body, naming)
        })
        .collect()
    }
}

/// Words for those who are cited, by kind.
pub type Speakers = Sections<SourceKind>;

/// Reads the words for those who are cited.
///
/// # Errors
/// As [`Sections::read`].
pub fn read_speakers(file: &str, words: &mut Words) -> Result<Speakers, String> {
    Sections::read(file, |header| header.parse().ok(), words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_bodies_of_one_id_are_refused() {
        let body = "[[source]]\nid = \"x\"\nname = \"X\"\nkind = \"ngo\"\n";
        let error = Bodies::read(&format!("{body}{body}"), &mut Words::default()).unwrap_err();
        assert_eq!(error, "two bodies have the id `x`");
    }

    #[test]
    fn a_kind_that_is_no_label_is_refused() {
        assert!(
            Bodies::read("[[source]]\nid = \"x\"\nname = \"X\"\nkind = \"press\"\n", &mut Words::default())
                .is_err()
        );
    }
}
