//! What the names that a page gives to its elements say of the text inside.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

/// One group of words of `data/clean/page.toml`, as a bit.
macro_rules! groups {
    ($($name:ident),+ $(,)?) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Lists { $($name: Vec<String>),+ }

        impl Lists {
            fn into_pairs(self) -> Vec<(Vec<String>, u32)> {
                let mut bit = 1;
                let mut pairs = Vec::new();
                $({ pairs.push((self.$name, bit)); bit <<= 1; })+
                let _ = bit;
                pairs
            }
        }

        /// Names of the groups, in the order of their bits.
        pub(crate) const GROUPS: &[&str] = &[$(stringify!($name)),+];
    };
}

groups!(
    article, body, main, lead, title, byline, date, meta, caption, quote, tags, navigation, footer, header,
    side, related, comment, share, advert, subscribe, consent, overlay, search, hidden,
);

/// The bit of a group.
///
/// # Panics
/// At compile time, if no group has that name.
pub(crate) const fn bit(name: &str) -> u32 {
    let mut index = 0;
    while index < GROUPS.len() {
        if same(GROUPS[index].as_bytes(), name.as_bytes()) {
            return 1 << index;
        }
        index += 1;
    }
    panic!("no such group of hints")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hints: Lists,
}

/// The list as it stands in `data/clean`.
pub(crate) const SOURCE: &str = include_str!("../../../../data/clean/page.toml");

struct Hints {
    exact: FxHashMap<String, u32>,
    /// Beginnings of words, by their first letter.
    prefixes: [Vec<(String, u32)>; 26],
}

static HINTS: LazyLock<Hints> = LazyLock::new(|| {
    let file: File = toml::from_str(SOURCE).expect("the list of hints is checked by a test");
    let mut exact: FxHashMap<String, u32> = FxHashMap::default();
    let mut prefixes: [Vec<(String, u32)>; 26] = Default::default();
    for (words, bit) in file.hints.into_pairs() {
        for word in words {
            match word.strip_suffix('*') {
                Some(stem) => {
                    if let Some(letter) = letter(stem.as_bytes()) {
                        prefixes[letter].push((stem.to_owned(), bit));
                    }
                }
                None => *exact.entry(word).or_default() |= bit,
            }
        }
    }
    Hints { exact, prefixes }
});

/// The place of a word's first letter in the alphabet.
fn letter(word: &[u8]) -> Option<usize> {
    word.first().filter(|byte| byte.is_ascii_lowercase()).map(|byte| usize::from(byte - b'a'))
}

/// Adds up the hints in an attribute's value.
pub(crate) fn of(value: &str) -> u32 {
    let mut bits = 0;
    let mut word = [0_u8; 24];
    let mut length = 0;
    let mut before_lower = false;
    // Names of elements are ASCII but for curiosities; very long values are generated.
    for &byte in value.as_bytes().iter().take(400) {
        let hump = byte.is_ascii_uppercase() && before_lower;
        if hump || !byte.is_ascii_alphabetic() {
            bits |= lookup(&word[..length]);
            length = 0;
        }
        before_lower = byte.is_ascii_lowercase();
        if byte.is_ascii_alphabetic() && length < word.len() {
            word[length] = byte.to_ascii_lowercase();
            length += 1;
        }
    }
    bits | lookup(&word[..length])
}

fn lookup(word: &[u8]) -> u32 {
    if word.len() < 2 {
        return 0;
    }
    let Ok(word) = std::str::from_utf8(word) else { return 0 };
    let hints = &*HINTS;
    let mut bits = hints.exact.get(word).copied().unwrap_or(0);
    for (stem, bit) in letter(word.as_bytes()).map_or(&[][..], |letter| &hints.prefixes[letter]) {
        if word.starts_with(stem.as_str()) {
            bits |= bit;
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_names_at_signs_and_humps() {
        assert_eq!(of("article-body__related"), bit("article") | bit("body") | bit("related"));
        assert_eq!(of("relatedStories"), bit("related"));
        assert_eq!(of("Sidebar"), bit("side"));
        assert_eq!(of("x1 y2"), 0);
    }
}
