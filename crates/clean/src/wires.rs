//! Wire services that a text names as its origin.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    wires: BTreeMap<String, Vec<String>>,
}

struct Wires {
    /// Every spelling with its short name, longest first.
    names: Vec<(String, String)>,
    any: Regex,
}

/// The list as it stands in `data/clean`.
pub(crate) const SOURCE: &str = include_str!("../../../data/clean/wires.toml");

static WIRES: LazyLock<Wires> = LazyLock::new(|| {
    let file: File = toml::from_str(SOURCE).expect("the list of wires is checked by a test");
    let mut names: Vec<(String, String)> = file
        .wires
        .into_iter()
        .flat_map(|(short, spellings)| spellings.into_iter().map(move |s| (s, short.clone())))
        .collect();
    names.sort_by_key(|(spelling, short)| {
        (std::cmp::Reverse(spelling.len()), spelling.clone(), short.clone())
    });
    let all = names.iter().map(|(spelling, _)| regex::escape(spelling)).collect::<Vec<_>>().join("|");
    let any = Regex::new(&format!(r"\b(?:{all})\b")).expect("escaped names make a pattern");
    Wires { names, any }
});

/// The short names of all wires named in a piece of text that states an origin (a dateline, a credit, an agency line).
pub(crate) fn named_in(piece: &str) -> BTreeSet<String> {
    let wires = &*WIRES;
    wires.any.find_iter(piece).filter_map(|found| short(found.as_str())).collect()
}

/// The wire that a piece names and that alone, but for signs.
pub(crate) fn only(piece: &str) -> Option<String> {
    short(piece.trim_matches(|c: char| !c.is_alphanumeric()))
}

fn short(spelling: &str) -> Option<String> {
    WIRES.names.iter().find(|(known, _)| known == spelling).map(|(_, short)| short.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_wires_by_all_their_names() {
        assert_eq!(named_in("(With AFP and Reuters)").into_iter().collect::<Vec<_>>(), ["AFP", "Reuters"]);
        assert_eq!(only("(Agence France-Presse)").as_deref(), Some("AFP"));
        assert_eq!(only("AFPX"), None);
    }
}
