//! Finds the phrases of word lists in a text: all lists in one walk over its words.
//!
//! A [`Words`] numbers the words that any list holds. A [`Phrases`] is a tree of such numbers whose leaves are entries; it finds the
//! longest phrase at each place, left to right. A text is turned once into its [`Units`], the words between blanks, hyphens and
//! marks, without capitals, accents, stops and apostrophes, so that "U.S.-led", "US-led" and "us led" are one.

mod pattern;

pub(crate) use pattern::{expand, is_short_acronym};

use std::ops::Range;

use rustc_hash::FxHashMap;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::text::{Case, Document, Kind};

/// The words of all lists, numbered from 1; 0 stands for any other word.
#[derive(Debug, Default)]
pub struct Words {
    numbers: FxHashMap<Box<str>, u32>,
}

impl Words {
    fn intern(&mut self, word: &str) -> u32 {
        let next = self.numbers.len() as u32 + 1;
        *self.numbers.entry(word.into()).or_insert(next)
    }

    fn number(&self, word: &str) -> u32 {
        self.numbers.get(word).copied().unwrap_or(0)
    }
}

/// One word of a text, as the lists write words.
#[derive(Debug, Clone, Copy)]
struct Unit {
    token: u32,
    word: u32,
    /// The token is written in capitals, in a sentence that is not.
    capitals: bool,
}

/// A text's words.
#[derive(Debug, Default)]
pub struct Units(Vec<Unit>);

impl Units {
    /// Turns a text into its units. Cost is linear.
    pub fn new(document: &Document<'_>, words: &Words) -> Units {
        let tokens = document.tokens();
        let mut units = Vec::with_capacity(tokens.len() + tokens.len() / 8);
        let mut buffer = String::new();
        for sentence in document.sentences() {
            for index in sentence.tokens.clone() {
                let token = &tokens[index];
                let lower = document.lower(index);
                if token.kind == Kind::Mark {
                    // Hyphens and apostrophes stand within phrases.
                    if !matches!(lower, "-" | "\u{2010}" | "\u{2011}" | "'" | "\u{2019}") {
                        units.push(Unit { token: index as u32, word: 0, capitals: false });
                    }
                    continue;
                }
                // Where all is in capitals, two letters may be any word; "U.S." reads as a word with a capital.
                let upper = token.case == Case::Upper || (token.case == Case::Title && lower.contains('.'));
                let capitals = upper && (!sentence.capitals || lower.len() > 2);
                let mut push = |word: &str| {
                    units.push(Unit { token: index as u32, word: words.number(word), capitals });
                };
                if lower.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                    push(lower);
                } else {
                    for part in lower.split(['-', '\u{2010}', '\u{2011}']).filter(|part| !part.is_empty()) {
                        buffer.clear();
                        plain(part, &mut buffer);
                        push(&buffer);
                    }
                }
            }
        }
        Units(units)
    }
}

/// A word as the lists have it: no accents, apostrophes or stops, but for "'s".
fn plain(word: &str, out: &mut String) {
    if matches!(word, "'s" | "\u{2019}s") {
        out.push_str("'s");
        return;
    }
    let kept = |character: &char| character.is_alphanumeric() || *character == '&';
    if word.is_ascii() {
        out.extend(word.chars().filter(kept));
    } else {
        out.extend(word.nfd().filter(|character| !is_combining_mark(*character)).filter(kept));
    }
}

/// A phrase found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hit {
    /// First token.
    pub start: u32,
    /// Token after the last.
    pub end: u32,
    /// The entry of the list.
    pub entry: u32,
}

impl Hit {
    /// Its tokens.
    pub fn tokens(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The phrases of one or more lists, each with the number of its entry.
#[derive(Debug, Default)]
pub struct Phrases {
    /// From a node and the word that follows to the next node.
    steps: FxHashMap<(u32, u32), u32>,
    nodes: Vec<Node>,
    /// For each word the node of the phrases that begin with it, 0 if none does.
    heads: Vec<u32>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Node {
    entry: Option<u32>,
    /// The phrase counts only if it is written in capitals.
    capitals: bool,
    /// Longer phrases begin with this one.
    goes_on: bool,
}

impl Phrases {
    /// Adds every phrase that a pattern stands for. A phrase that is there already keeps its entry.
    pub fn add(&mut self, pattern: &str, entry: u32, words: &mut Words) {
        let capitals = is_short_acronym(pattern);
        for phrase in expand(pattern) {
            self.add_phrase(&phrase, capitals, entry, words);
        }
    }

    /// Adds one phrase, cut into words; one that counts in capitals only gives way to one that counts always.
    pub(crate) fn add_phrase(&mut self, phrase: &[String], capitals: bool, entry: u32, words: &mut Words) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut at = 0;
        for (index, word) in phrase.iter().enumerate() {
            let number = words.intern(word);
            let next = self.nodes.len() as u32;
            let known = if index == 0 {
                if self.heads.len() <= number as usize {
                    self.heads.resize(number as usize + 1, 0);
                }
                let head = &mut self.heads[number as usize];
                if *head == 0 {
                    *head = next;
                }
                *head
            } else {
                self.nodes[at as usize].goes_on = true;
                *self.steps.entry((at, number)).or_insert(next)
            };
            at = known;
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        let node = &mut self.nodes[at as usize];
        if at > 0 && (node.entry.is_none() || (node.capitals && !capitals)) {
            *node = Node { entry: Some(entry), capitals, ..*node };
        }
    }

    /// Finds the longest phrases, left to right, none overlapping another.
    pub fn find(&self, units: &Units) -> Vec<Hit> {
        let units = &units.0;
        let mut hits = Vec::new();
        let mut at = 0;
        while at < units.len() {
            let head = self.heads.get(units[at].word as usize).copied().unwrap_or(0);
            if head == 0 {
                at += 1;
                continue;
            }
            let mut node = head;
            let mut length = 1;
            let mut found = None;
            let mut all_capitals = units[at].capitals;
            loop {
                let Node { entry, capitals, goes_on } = self.nodes[node as usize];
                if let Some(entry) = entry
                    && (!capitals || all_capitals)
                {
                    found = Some((length, entry));
                }
                let Some(unit) = units.get(at + length).filter(|_| goes_on) else { break };
                let Some(&next) = self.steps.get(&(node, unit.word)) else { break };
                node = next;
                all_capitals &= unit.capitals;
                length += 1;
            }
            match found {
                Some((length, entry)) => {
                    let (start, end) = (units[at].token, units[at + length - 1].token + 1);
                    hits.push(Hit { start, end, entry });
                    at += length;
                }
                None => at += 1,
            }
        }
        hits
    }
}

/// Reads a list file: `visit` is called with each header (the words between brackets) and pattern.
///
/// # Errors
/// The number of a line, from 1, that stands before the first header.
pub fn read_list<'a>(file: &'a str, mut visit: impl FnMut(&'a str, &'a str)) -> Result<(), usize> {
    let mut header = None;
    for (number, line) in file.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            header = Some(name.trim());
            continue;
        }
        match header {
            Some(header) => visit(header, line),
            None => return Err(number + 1),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use proptest::prelude::*;

    fn found(patterns: &[&str], text: &str) -> Vec<String> {
        let mut words = Words::default();
        let mut phrases = Phrases::default();
        for (entry, pattern) in patterns.iter().enumerate() {
            phrases.add(pattern, entry as u32, &mut words);
        }
        let document = Document::new(text, Language::english());
        let units = Units::new(&document, &words);
        phrases.find(&units).iter().map(|hit| document.span(&hit.tokens()).to_owned()).collect()
    }

    #[test]
    fn hyphens_stops_case_and_accents_do_not_matter() {
        let patterns = &["US-led coalition", "air strike(s)", "Medellín cartel"];
        for text in ["the US-led coalition", "the U.S.-led coalition", "The U.S. led Coalition"] {
            assert_eq!(found(patterns, text).len(), 1, "{text}");
        }
        assert_eq!(found(patterns, "Air-strikes and air strikes"), ["Air-strikes", "air strikes"]);
        assert_eq!(found(patterns, "THE MEDELLIN CARTEL"), ["MEDELLIN CARTEL"]);
    }

    #[test]
    fn the_longest_phrase_wins_and_a_mark_parts_phrases() {
        let patterns = &["state", "state television", "television"];
        assert_eq!(found(patterns, "said state television"), ["state television"]);
        assert_eq!(found(patterns, "the state, television"), ["state", "television"]);
    }

    #[test]
    fn short_acronyms_count_in_capitals_only() {
        let patterns = &["IS", "US", "FMLN"];
        assert_eq!(found(patterns, "It is us whom IS and the US fear"), ["IS", "US"]);
        assert_eq!(found(patterns, "THE FMLN IS WITH US, THE ARMY OF THE REPUBLIC SAID"), ["FMLN"]);
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "\\PC{0,200}") {
            found(&["air strike(s)", "{a|b} c"], &text);
        }
    }
}
