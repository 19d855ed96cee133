//! Which of many patterns can match a text at all, told by one look at it.
//!
//! From each pattern the strings are derived of which one must stand in whatever it matches, at its beginning if the
//! pattern is bound to it. One automaton looks for all of them; most texts hold none, and no pattern needs to be tried.

use std::borrow::Cow;

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Hir, HirKind};

/// Most strings that stand for one pattern.
const MOST_NEEDLES: usize = 200;

/// A pattern: a regular expression, read without regard to letter case.
pub(crate) struct Pattern<'p> {
    pub(crate) text: &'p str,
    /// Whether it matches at the beginning of a text only, but for signs before it.
    pub(crate) at_start: bool,
}

/// Finds the patterns that can match.
#[derive(Debug)]
pub(crate) struct Sieve {
    /// What a text must begin with.
    first: Needles,
    /// What must stand somewhere in it.
    anywhere: Needles,
    /// Patterns that no string stands for.
    always: Vec<u16>,
    /// Whether a string has letters that the automata cannot fold.
    folds: bool,
}

/// Strings, and for each the pattern that it stands for.
#[derive(Debug)]
struct Needles {
    automaton: AhoCorasick,
    owners: Vec<u16>,
}

impl Needles {
    fn new(needles: Vec<(String, u16)>, start: StartKind, kind: AhoCorasickKind) -> Result<Self, String> {
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .start_kind(start)
            .kind(Some(kind))
            .build(needles.iter().map(|(needle, _)| needle))
            .map_err(|error| error.to_string())?;
        Ok(Self { automaton, owners: needles.into_iter().map(|(_, owner)| owner).collect() })
    }

    fn find(&self, input: &Input<'_>, found: &mut Vec<u16>) {
        let mut state = OverlappingState::start();
        loop {
            self.automaton.find_overlapping(input.clone(), &mut state);
            let Some(needle) = state.get_match() else { return };
            found.push(self.owners[needle.pattern().as_usize()]);
        }
    }
}

impl Sieve {
    /// Makes a sieve.
    ///
    /// # Errors
    /// When a pattern is none, or there are too many.
    pub(crate) fn new(patterns: &[Pattern<'_>]) -> Result<Self, String> {
        let mut first = Vec::new();
        let mut anywhere = Vec::new();
        let mut always = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            let index =
                u16::try_from(index).map_err(|_| format!("{} patterns are too many", patterns.len()))?;
            let hir = regex_syntax::parse(pattern.text).map_err(|error| error.to_string())?;
            let fit = |needles: &Vec<String>| needles.len() <= MOST_NEEDLES;
            let begins = |needles: &Vec<String>| !needles.iter().any(|needle| needle.starts_with(is_bullet));
            let lower = |needle: String| (needle.to_lowercase(), index);
            if pattern.at_start
                && let Some(needles) = prefixes(&hir).filter(fit).filter(begins)
            {
                first.extend(needles.into_iter().map(lower));
            } else if let Some(needles) = required(&hir).filter(fit) {
                anywhere.extend(needles.into_iter().map(lower));
            } else {
                always.push(index);
            }
        }
        let folds = first
            .iter()
            .chain(&anywhere)
            .any(|(needle, _): &(String, u16)| needle.chars().any(|c| !c.is_ascii() && c.is_alphabetic()));
        Ok(Self {
            folds,
            first: Needles::new(first, StartKind::Anchored, AhoCorasickKind::ContiguousNFA)?,
            anywhere: Needles::new(anywhere, StartKind::Unanchored, AhoCorasickKind::DFA)?,
            always,
        })
    }

    /// The patterns that may match a text, in order.
    pub(crate) fn candidates(&self, text: &str) -> Vec<u16> {
        let text = if self.folds { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) };
        let mut found = self.always.clone();
        let begin = text.trim_start_matches(is_bullet);
        self.first.find(&Input::new(begin).anchored(Anchored::Yes), &mut found);
        self.anywhere.find(&Input::new(&*text), &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// White space and the signs that stand before the lines of a list.
pub(crate) const BULLETS: &str = r"[\s•*·>»|-]*";

fn is_bullet(character: char) -> bool {
    character.is_whitespace() || matches!(character, '•' | '*' | '·' | '>' | '»' | '|' | '-')
}

/// The strings of which one begins every match.
fn prefixes(hir: &Hir) -> Option<Vec<String>> {
    let found = Extractor::new().extract(hir);
    found
        .literals()?
        .iter()
        .map(|literal| {
            std::str::from_utf8(literal.as_bytes()).ok().filter(|text| !text.is_empty()).map(str::to_owned)
        })
        .collect()
}

/// Strings of which one stands in every match: those of the part that is rarest in texts.
fn required(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![std::str::from_utf8(&literal.0).ok()?.to_owned()]),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            let times = repetition.min.min(4) as usize;
            let exact = matches!(repetition.sub.kind(), HirKind::Literal(_));
            let found = required(&repetition.sub)?;
            Some(if exact { found.iter().map(|needle| needle.repeat(times)).collect() } else { found })
        }
        HirKind::Concat(parts) => parts.iter().filter_map(required).max_by_key(|needles| rarity(needles)),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(required(part)?);
            }
            Some(all)
        }
        _ => None,
    }
}

/// How rare the commonest of some strings is: longer ones are rarer, and signs are rarer than letters.
fn rarity(needles: &[String]) -> usize {
    let of = |needle: &String| {
        let of = |c: char| if c.is_alphabetic() || matches!(c, ' ' | '.' | ',') { 1 } else { 3 };
        needle.chars().map(of).sum::<usize>()
    };
    needles.iter().map(of).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_through_what_can_match() {
        let sieve = Sieve::new(
            &[
                ("leave a (?:reply|comment)", true),
                (r".{0,40}(?:accept|reject) (?:all )?cookies", true),
                (r"\d+ of \d+", true),
                (r"\(photo: [^()]*\)", false),
                ("©.*", false),
                (r"-{2,}\s?(?:AFP|dpa)", false),
                (r"\w+", true),
            ]
            .map(|(text, at_start)| Pattern { text, at_start }),
        )
        .expect("the patterns are sound");
        assert_eq!(sieve.candidates("» Leave a Reply"), [0, 6]);
        assert_eq!(sieve.candidates("They may not leave a reply"), [6]);
        assert_eq!(sieve.candidates("Please Reject all cookies"), [1, 6]);
        assert_eq!(sieve.candidates("3 of 8"), [2, 6]);
        assert_eq!(sieve.candidates("Smoke “over” the town (Photo: X) © "), [3, 4, 6]);
        assert_eq!(sieve.candidates("A well-known town --AFP"), [5, 6]);
        assert_eq!(sieve.candidates(""), [6]);
    }
}
