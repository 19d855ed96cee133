//! Patterns that are made when they are first needed: to make one takes milliseconds, and few articles need them all.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

/// A pattern of `data/clean`, or one that is made of words there.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: String,
    ignores_case: bool,
    regex: OnceLock<Regex>,
}

impl Pattern {
    pub(crate) fn new(text: String) -> Self {
        Self { text, ignores_case: false, regex: OnceLock::new() }
    }

    /// One that is read without regard to letter case.
    pub(crate) fn of_any_case(text: String) -> Self {
        Self { ignores_case: true, ..Self::new(text) }
    }

    /// Makes it, for a test of whether it can be made.
    pub(crate) fn build(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&ascii_boundaries(&self.text))
            .case_insensitive(self.ignores_case)
            .size_limit(32 << 20)
            .build()
    }
}

impl Deref for Pattern {
    type Target = Regex;

    fn deref(&self) -> &Regex {
        self.regex.get_or_init(|| {
            // A test makes all of them.
            self.build().unwrap_or_else(|error| panic!("data/clean: `{}`: {error}", self.text))
        })
    }
}

/// A pattern with its word boundaries made those of ASCII, if all of it is ASCII: with those of Unicode the regex crate
/// leaves its fast automaton at the first typographic quote.
fn ascii_boundaries(pattern: &str) -> Cow<'_, str> {
    if pattern.is_ascii() && pattern.contains(r"\b") {
        Cow::Owned(pattern.replace(r"\b", r"(?-u:\b)"))
    } else {
        Cow::Borrowed(pattern)
    }
}
