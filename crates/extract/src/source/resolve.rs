//! Who the words for a source stand for: a listed body, a party, or one named before.

use annals_plugin::{Source, SourceKind};
use rustc_hash::FxHashMap;

use super::{Finder, Identity, Naming, Phrase};
use crate::actor::Naming as ActorNaming;

impl Finder<'_, '_> {
    /// Turns words into a source, and remembers it for the words that stand for it later.
    pub(super) fn resolve(&mut self, phrase: &Phrase, sentence: usize) -> Option<Source> {
        let document = self.reading.document;
        let written = || {
            let name = document.span(&phrase.tokens).split_whitespace().collect::<Vec<_>>().join(" ");
            name.trim_matches(|character: char| !character.is_alphanumeric() && character != ')').to_owned()
        };
        let source = match phrase.identity {
            Identity::Person => return self.last_person.clone().or_else(|| self.last_body.clone()),
            Identity::Anaphor => return self.last_body.clone().or_else(|| self.last_person.clone()),
            Identity::Definite(kind) => {
                let named = self.last_body.clone().or_else(|| self.last_person.clone());
                return named.or_else(|| Some(Source { name: written(), kind, id: None }));
            }
            Identity::Body(body) => {
                let spoken = self.reading.named.iter().any(|(hit, _, naming)| {
                    *naming == Naming::Person && phrase.tokens.contains(&(hit.start as usize))
                });
                let body = self.reading.bodies.body(body);
                let source = Source {
                    name: if spoken { written() } else { self.longest_name(&body.id, &body.name) },
                    kind: body.kind,
                    id: Some(body.id.to_string()),
                };
                self.last_person = Some(source.clone());
                self.last_body = Some(source.clone());
                return Some(source);
            }
            Identity::Party(index) => {
                let mention = &self.reading.mentions[index];
                let party = mention.party.map(|party| &self.reading.parties[party as usize]);
                let kind = match (mention.naming, party) {
                    (ActorNaming::Country, _) => SourceKind::Government,
                    (_, Some(party)) if party.state || &*party.side == "coalition" => SourceKind::Military,
                    (_, Some(_)) => SourceKind::ArmedGroup,
                    (_, None) => SourceKind::Government,
                };
                Source { name: written(), kind, id: party.map(|party| party.id.to_string()) }
            }
            Identity::Kind(kind) => Source { name: written(), kind, id: None },
            Identity::Name => {
                let name = written();
                let before = self.known.longer(&name);
                match before {
                    Some(source) => source.clone(),
                    None => {
                        let kind = self.kind_nearby(phrase, sentence);
                        Source { name, kind, id: None }
                    }
                }
            }
        };
        if source.name.is_empty() {
            return None;
        }
        if matches!(phrase.identity, Identity::Party(_))
            || matches!(
                source.kind,
                SourceKind::Monitor
                    | SourceKind::Media
                    | SourceKind::StateMedia
                    | SourceKind::Ngo
                    | SourceKind::Un
            )
        {
            self.last_body = Some(source.clone());
        }
        if matches!(phrase.identity, Identity::Name | Identity::Kind(_)) {
            self.last_person = Some(source.clone());
            self.known.add(&source);
            if self.last_body.is_none() || !matches!(phrase.identity, Identity::Name) {
                self.last_body = Some(source.clone());
            }
        }
        Some(source)
    }

    /// What kind of source a name is, by the words around it: "Naji, a commander of the rebels,".
    fn kind_nearby(&self, phrase: &Phrase, sentence: usize) -> SourceKind {
        let tokens = &self.reading.document.sentences()[sentence].tokens;
        let from = phrase.tokens.start.saturating_sub(8).max(tokens.start);
        let to = (phrase.tokens.end + 8).min(tokens.end);
        let near =
            (from..to).filter(|&at| self.speaker_at[at] > 0).min_by_key(|&at| at.abs_diff(phrase.tokens.end));
        near.map_or(SourceKind::Other, |at| self.reading.speakers[self.speaker_at[at] as usize - 1].1)
    }

    /// The longest name of a body that the article writes.
    fn longest_name(&self, id: &str, listed: &str) -> String {
        let same = self.reading.named.iter().filter(|(_, body, naming)| {
            *naming == Naming::Name && &*self.reading.bodies.body(*body).id == id
        });
        let names = same.map(|(hit, ..)| {
            self.reading.document.span(&hit.tokens()).split_whitespace().collect::<Vec<_>>().join(" ")
        });
        let longest = names.max_by_key(|name| (name.chars().count(), std::cmp::Reverse(name.clone())));
        longest.unwrap_or_else(|| listed.to_owned())
    }
}

/// Sources that a text has cited by name, found again by the last word of the name.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Of each last word the sources whose name ends with it, latest last; of those, each is longer than any after it, since
    /// a shorter one before a longer one is never asked for.
    by_last: FxHashMap<String, Vec<Source>>,
}

impl Known {
    /// Shortest last word by which a name is known again, in bytes.
    const SHORTEST: usize = 3;

    fn last(name: &str) -> String {
        name.split([' ', '-']).next_back().unwrap_or("").to_lowercase()
    }

    /// The latest source whose name goes on before the same last word: "Nabil al-Khatib" for "Khatib".
    fn longer(&self, name: &str) -> Option<&Source> {
        let last = Self::last(name);
        let sources = self.by_last.get(&last).filter(|_| last.len() >= Self::SHORTEST)?;
        let longer = sources.partition_point(|source| source.name.len() > name.len());
        sources[..longer].last()
    }

    fn add(&mut self, source: &Source) {
        let sources = self.by_last.entry(Self::last(&source.name)).or_default();
        while sources.pop_if(|before| before.name.len() <= source.name.len()).is_some() {}
        sources.push(source.clone());
    }
}
