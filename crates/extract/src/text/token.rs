//! Cuts a text into words, numbers and marks.

use super::{Case, Kind, Token};
use crate::lexicon::{Lexicon, WordId};

/// Endings that are cut off a word, so that "Syria's" meets the lexicon as "Syria".
const CLITICS: &[&str] = &[
    "'s",
    "\u{2019}s",
    "n't",
    "n\u{2019}t",
    "'re",
    "'ve",
    "'ll",
    "'d",
    "\u{2019}re",
    "\u{2019}ve",
    "\u{2019}ll",
    "\u{2019}d",
];

pub(super) fn tokens(text: &str, lower: &str, lexicon: &Lexicon) -> Vec<Token> {
    let mut cutter = Cutter { text, lower, lexicon, tokens: Vec::with_capacity(text.len() / 5 + 4) };
    let mut at = 0;
    while let Some(first) = cutter.peek(at) {
        if first.is_whitespace() || is_invisible(first) {
            at += first.len_utf8();
        } else if first.is_ascii_digit() {
            at = cutter.number_or_compound(at);
        } else if first.is_alphanumeric() {
            at = cutter.word(at, at);
        } else if let Some(end) = cutter.clitic_alone(at) {
            cutter.push(at, end, Kind::Word);
            at = end;
        } else {
            cutter.push(at, at + first.len_utf8(), Kind::Mark);
            at += first.len_utf8();
        }
    }
    cutter.tokens
}

/// Signs of no width that some pages sprinkle between letters.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '\u{2019}' | '\u{2018}' | '\u{2bc}' | '\u{2bb}' | '\u{2bf}' | '`')
}

fn is_hyphen(character: char) -> bool {
    matches!(character, '-' | '\u{2010}' | '\u{2011}')
}

/// Combining marks belong to the letter before.
fn is_letter(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '\u{300}'..='\u{36f}' | '_')
}

struct Cutter<'a> {
    text: &'a str,
    lower: &'a str,
    lexicon: &'a Lexicon,
    tokens: Vec<Token>,
}

impl Cutter<'_> {
    fn peek(&self, at: usize) -> Option<char> {
        self.text[at..].chars().next()
    }

    /// "1,400", "3.5", or the head of "12-year-old", "12th", "9mm", "9:30".
    fn number_or_compound(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        let mut at = digits(start);
        while matches!(bytes.get(at), Some(b',' | b'.')) && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
        {
            at = digits(at + 1);
        }
        match self.peek(at) {
            Some(':') if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {
                let end = digits(at + 1);
                self.push(start, end, Kind::Word);
                end
            }
            Some(next) if is_letter(next) => self.word(start, at),
            Some(next)
                if is_hyphen(next) && self.peek(at + next.len_utf8()).is_some_and(char::is_alphabetic) =>
            {
                self.word(start, at)
            }
            _ => {
                self.push(start, at, Kind::Number);
                at
            }
        }
    }

    /// A word whose head, from `start` to `at`, is already known to belong to it.
    fn word(&mut self, start: usize, at: usize) -> usize {
        let mut at = at;
        while let Some(next) = self.peek(at) {
            let after = at + next.len_utf8();
            let joins = (is_hyphen(next) || is_apostrophe(next)) && self.peek(after).is_some_and(is_letter);
            if is_letter(next) || is_invisible(next) || joins || next == '.' && self.is_acronym(start, at) {
                at = after;
            } else {
                break;
            }
        }
        // Trailing marks without width are no part of the word.
        let word = &self.lower[start..at];
        for clitic in CLITICS {
            if word.len() > clitic.len() && word.ends_with(clitic) {
                let cut = at - clitic.len();
                self.push(start, cut, Kind::Word);
                self.push(cut, at, Kind::Word);
                return at;
            }
        }
        self.push(start, at, Kind::Word);
        at
    }

    /// Whether a full stop at `at` goes on or ends an acronym: single letters, each with its stop ("U.S.", "a.m.").
    fn is_acronym(&self, start: usize, at: usize) -> bool {
        if at - start > 32 {
            return false;
        }
        let head = &self.text[start..at];
        let alternates = head.chars().enumerate().all(|(index, character)| {
            if index % 2 == 0 { character.is_alphabetic() } else { character == '.' }
        });
        let odd = head.chars().take(16).count() % 2 == 1;
        let goes_on = self.text[at + 1..].chars().next().is_some_and(char::is_alphabetic);
        let second_stop = {
            let mut rest = self.text[at + 1..].chars();
            rest.next();
            rest.next() == Some('.')
        };
        alternates && odd && (head.contains('.') || (goes_on && second_stop))
    }

    /// "'s" after a mark or a space.
    fn clitic_alone(&self, at: usize) -> Option<usize> {
        let rest = &self.lower[at..];
        let clitic = ["'s", "\u{2019}s"].into_iter().find(|clitic| rest.starts_with(clitic))?;
        let ends = !rest[clitic.len()..].chars().next().is_some_and(is_letter);
        let follows = at > 0 && !self.text[..at].chars().next_back().is_some_and(char::is_whitespace);
        (ends && follows).then_some(at + clitic.len())
    }

    fn push(&mut self, start: usize, end: usize, kind: Kind) {
        let (word, classes, small) = match kind {
            Kind::Number => Default::default(),
            Kind::Word | Kind::Mark => self.lexicon.look_up(&self.lower[start..end]),
        };
        let case = if kind == Kind::Word { case_of(&self.text[start..end]) } else { Case::None };
        // "IS", "US": acronyms that are other words in small letters have an entry of their own.
        let (word, classes) = if case == Case::Upper && end - start <= 4 {
            match self.lexicon.look_up(&self.text[start..end]) {
                (WordId::UNKNOWN, ..) => (word, classes),
                (acronym, classes, _) => (acronym, classes),
            }
        } else {
            (word, classes)
        };
        self.tokens.push(Token { start: start as u32, end: end as u32, kind, case, word, classes, small });
    }
}

fn case_of(word: &str) -> Case {
    let mut letters = word.chars().filter(|character| character.is_alphabetic());
    match letters.next() {
        None => Case::None,
        Some(first) if !first.is_uppercase() => {
            // "al-Bab" is a name although its article is small.
            let name = word.split(is_hyphen).any(|part| part.starts_with(char::is_uppercase));
            if name { Case::Title } else { Case::Lower }
        }
        Some(_) => {
            let (mut count, mut small) = (1, 0);
            for letter in letters {
                count += 1;
                small += usize::from(letter.is_lowercase());
            }
            if small == 0 && count > 1 { Case::Upper } else { Case::Title }
        }
    }
}
