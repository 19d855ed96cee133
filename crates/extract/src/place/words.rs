//! The words that stand beside names of places, read from the language's folder.

use rustc_hash::FxHashMap;

use crate::lexicon::{LexiconError, Set, Sets};

/// What a word beside a name says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Locative,
    WeakLocative,
    Near,
    Countryside,
    Direction,
    Adm1,
    Adm2,
    Settlement,
    Spot,
    Facility,
    Street,
    Force,
    Organisation,
    Speech,
    Title,
    Given,
    Naming,
    Carried,
    Medical,
    Quarter,
    NotPlace,
}

const ROLES: [(&str, Role); 21] = [
    ("locative", Role::Locative),
    ("weak_locative", Role::WeakLocative),
    ("near", Role::Near),
    ("countryside", Role::Countryside),
    ("direction", Role::Direction),
    ("adm1", Role::Adm1),
    ("adm2", Role::Adm2),
    ("settlement", Role::Settlement),
    ("spot", Role::Spot),
    ("facility", Role::Facility),
    ("street", Role::Street),
    ("force", Role::Force),
    ("organisation", Role::Organisation),
    ("speech", Role::Speech),
    ("title", Role::Title),
    ("given", Role::Given),
    ("naming", Role::Naming),
    ("carried", Role::Carried),
    ("medical", Role::Medical),
    ("quarter", Role::Quarter),
    ("not_place", Role::NotPlace),
];

/// The roles of one word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Roles(u32);

impl Roles {
    pub(super) fn has(self, role: Role) -> bool {
        self.0 >> role as u32 & 1 == 1
    }

    pub(super) fn any(self, roles: &[Role]) -> bool {
        roles.iter().any(|&role| self.has(role))
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Where an outlet is at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Home {
    pub(super) town: &'static str,
    pub(super) adm_1: &'static str,
    pub(super) country: &'static str,
}

/// The place words of a language.
#[derive(Debug, Default)]
pub(crate) struct Words {
    roles: FxHashMap<&'static str, Roles>,
    demonyms: FxHashMap<&'static str, &'static str>,
    abbreviations: FxHashMap<&'static str, (&'static str, &'static str)>,
    outlets: FxHashMap<&'static str, Home>,
}

impl Words {
    pub(super) fn roles(&self, lower: &str) -> Roles {
        // No such word is longer.
        if lower.len() > 20 { Roles::default() } else { self.roles.get(lower).copied().unwrap_or_default() }
    }

    /// Whether a word that no list knows may be a place's name: not "Turkey-backed".
    pub(super) fn is_plain_name(&self, lower: &str, sets: &Sets) -> bool {
        let tail = lower.rsplit('-').next().unwrap_or("");
        lower
            .chars()
            .all(|character| character.is_alphabetic() || matches!(character, '-' | '\'' | '\u{2019}'))
            && (tail.len() == lower.len() || sets.ending(tail, Set::EndsHalf).is_none())
    }

    /// The alpha-3 code of the country that a demonym tells of.
    pub(super) fn demonym(&self, lower: &str) -> Option<&'static str> {
        self.demonyms.get(lower).copied()
    }

    /// Division and country that an abbreviation after a town's name stands for.
    pub(super) fn abbreviation(&self, key: &str) -> Option<(&'static str, &'static str)> {
        self.abbreviations.get(key).copied()
    }

    /// Home of the outlet whose page an address is, archives of the web looked through.
    pub(super) fn home(&self, url: &str) -> Option<Home> {
        let inner = url.rfind("://").map_or(url, |at| &url[at + 3..]);
        let host = inner.split(['/', ':', '?', '#']).next()?;
        let host = host.strip_prefix("www.").unwrap_or(host);
        let host = host.strip_prefix("m.").unwrap_or(host);
        let host = host.strip_suffix(".com").unwrap_or(host);
        self.outlets.get(host).copied()
    }

    pub(crate) fn read(
        words: &'static str,
        demonyms: &'static str,
        states: &'static str,
        outlets: &'static str,
    ) -> Result<Words, LexiconError> {
        let mut read = Words::default();
        let lines = |text: &'static str| {
            text.lines()
                .enumerate()
                .map(|(number, line)| (number + 1, line.split('#').next().unwrap_or("").trim()))
                .filter(|(_, line)| !line.is_empty())
        };
        let mut role = None;
        for (line, text) in lines(words) {
            if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                let found = ROLES.iter().find(|(known, _)| *known == name).ok_or_else(|| LexiconError {
                    file: "places.txt",
                    line,
                    message: format!("no role is named `{name}`"),
                })?;
                role = Some(found.1);
                continue;
            }
            let role = role.ok_or_else(|| LexiconError {
                file: "places.txt",
                line,
                message: "a word stands before the first section".to_owned(),
            })?;
            for word in text.split_whitespace() {
                read.roles.entry(word).or_default().0 |= 1 << role as u32;
            }
        }
        for (_, text) in lines(demonyms) {
            let mut fields = text.split_whitespace();
            if let Some(country) = fields.next() {
                read.demonyms.extend(fields.map(|word| (word, country)));
            }
        }
        for (line, text) in lines(states) {
            let [division, country, short] = text.split('\t').collect::<Vec<_>>()[..] else {
                return Err(LexiconError {
                    file: "states.txt",
                    line,
                    message: "expected division, country and abbreviations, parted by tabs".to_owned(),
                });
            };
            read.abbreviations.extend(short.split_whitespace().map(|short| (short, (division, country))));
        }
        for (line, text) in lines(outlets) {
            let [town, adm_1, country, hosts] = text.split('\t').collect::<Vec<_>>()[..] else {
                return Err(LexiconError {
                    file: "outlets.txt",
                    line,
                    message: "expected town, division, country and hosts, parted by tabs".to_owned(),
                });
            };
            read.outlets.extend(hosts.split_whitespace().map(|host| (host, Home { town, adm_1, country })));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn words_tell_their_roles() {
        let words = &Language::english().places;
        assert!(words.roles("outskirts").has(Role::Near));
        assert_eq!(words.demonym("syrian"), Some("SYR"));
        assert_eq!(words.abbreviation("sc"), Some(("South Carolina", "USA")));
        assert!(words.roles("ladle").is_empty());
    }

    #[test]
    fn an_outlet_is_known_through_an_archive() {
        let home = &Language::english()
            .places
            .home("http://web.archive.org/web/2016/http://www.fresnobee.com/news/1.html");
        assert_eq!(home.map(|home| home.adm_1), Some("California"));
    }

    #[test]
    fn an_unknown_role_names_its_line() {
        assert_eq!(
            Words::read("[taste]\nsour", "", "", "").unwrap_err().to_string(),
            "places.txt, line 1: no role is named `taste`"
        );
    }
}
