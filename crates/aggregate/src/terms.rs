//! The words of an incident by which reports of it know each other again: names of victims, streets and villages,
//! ages, and the rarer words of headline and lead.
//!
//! Which of them are rare is a question to the corpus and answered when reports are linked; here only the telling
//! parts of the text are chosen, so that a report stays small.

use std::ops::Range;

use annals_plugin::Article;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::tables;

/// Names kept of an incident that headline and lead are about.
const MAIN_NAMES: usize = 40;
/// Other words kept of it.
const MAIN_WORDS: usize = 40;
/// Names, and again words, kept of any other incident.
const OTHER_TERMS: usize = 16;
/// Length of the lead, in characters: all its words count, not only names.
const LEAD_CHARS: usize = 700;
/// Shortest word that is kept, in characters; shorter ones with a digit (ages) are kept too.
const WORD_CHARS: usize = 3;

/// What tells one incident from others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    /// Words with a capital within a sentence, and numbers; parted by blanks.
    names: String,
    /// Other words of headline and lead; parted by blanks.
    words: String,
}

impl Terms {
    /// Each word, and whether the article writes it as a name.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, bool)> {
        each(&self.names, &self.words)
    }
}

/// Each word, and whether it is one of the names.
pub(crate) fn each<'a>(names: &'a str, words: &'a str) -> impl Iterator<Item = (&'a str, bool)> + use<'a> {
    let of =
        |text: &'a str, named| text.split(' ').filter(|word| !word.is_empty()).map(move |word| (word, named));
    of(names, true).chain(of(words, false))
}

/// The terms of each incident, in the order of `article.incidents`.
pub(crate) fn of_incidents(article: &Article) -> Vec<Terms> {
    let chief = chief(article);
    let spans = Spans::of(&article.text);
    let common = everywhere(article);
    article
        .incidents
        .iter()
        .enumerate()
        .map(|(index, incident)| {
            if Some(index) == chief {
                of_article(article, &others(article, index, &spans), &common)
            } else {
                let sentence = spans.get(incident.start, incident.end);
                let mut names = Choice::new(OTHER_TERMS);
                names.add_all(tokens(sentence).filter(|token| token.named && !token.is_one_of(&common)));
                let mut words = Choice::new(OTHER_TERMS);
                words.add_all(tokens(sentence).filter(|token| !names.holds(token)));
                Terms { names: names.kept.join(" "), words: words.kept.join(" ") }
            }
        })
        .collect()
}

/// The incident that the article's headline and lead describe.
fn chief(article: &Article) -> Option<usize> {
    let marked = article.incidents.iter().position(|incident| incident.main);
    marked.or_else(|| (article.incidents.len() == 1).then_some(0))
}

/// Words of those who speak of events everywhere, and of parties: that both cite the same monitor, or hold the same
/// army responsible, says little of two reports, and is weighed elsewhere.
fn everywhere(article: &Article) -> FxHashSet<String> {
    let sources = article.claims.iter().filter_map(|claim| claim.source.as_ref());
    let sources = sources.filter(|source| tables::is_everywhere(source.kind)).map(|source| &source.name);
    let parties = article.incidents.iter().flat_map(|incident| &incident.perpetrators);
    let parties = parties.filter(|actor| actor.id.is_some()).map(|actor| &actor.name);
    sources.chain(parties).flat_map(|name| tokens(name)).map(|token| token.word.to_lowercase()).collect()
}

/// Sentences that tell of another incident than this one, as byte spans in order: background, or the rest of a round-up.
fn others(article: &Article, index: usize, spans: &Spans<'_>) -> Vec<Range<usize>> {
    let own = |start: u32, end: u32| {
        let incident = &article.incidents[index];
        let claims = article.claims.iter().filter(|claim| claim.incident == u32::try_from(index).ok());
        let told = claims.map(|claim| (claim.start, claim.end)).chain([(incident.start, incident.end)]);
        told.into_iter().any(|(from, to)| from < end && start < to)
    };
    let incidents = article.incidents.iter().map(|incident| (incident.start, incident.end));
    let claims = article.claims.iter().map(|claim| (claim.start, claim.end));
    let mut others: Vec<(u32, u32)> =
        incidents.chain(claims).filter(|&(start, end)| !own(start, end)).collect();
    others.sort_unstable();
    others.dedup();
    others.into_iter().map(|(start, end)| spans.byte(start)..spans.byte(end)).collect()
}

fn of_article(article: &Article, others: &[Range<usize>], common: &FxHashSet<String>) -> Terms {
    let text = article.text.as_str();
    let mut others = others.iter().peekable();
    let own = |token: &Token<'_>| {
        let at = token.word.as_ptr().addr() - text.as_ptr().addr();
        while others.next_if(|span| span.end <= at).is_some() {}
        others.peek().is_none_or(|span| at < span.start)
    };
    let own: Vec<Token<'_>> = tokens(text).filter(own).collect();
    let lead_end = text.char_indices().nth(LEAD_CHARS).map_or(text.len(), |(at, _)| at);
    let in_lead = |token: &&Token<'_>| token.word.as_ptr().addr() - text.as_ptr().addr() < lead_end;
    let mut names = Choice::new(MAIN_NAMES);
    names.add_all(own.iter().copied().filter(|token| token.named && !token.is_one_of(common)));
    let mut words = Choice::new(MAIN_WORDS);
    let headline = tokens(article.title.as_deref().unwrap_or_default());
    let lead = own.iter().take_while(in_lead).copied();
    words.add_all(headline.chain(lead).filter(|token| !names.holds(token) && !token.is_one_of(common)));
    Terms { names: names.kept.join(" "), words: words.kept.join(" ") }
}

/// Finds spans that are counted in characters, in constant time each.
struct Spans<'a> {
    text: &'a str,
    /// Byte offset of every character; empty where the two are the same.
    offsets: Vec<usize>,
}

impl<'a> Spans<'a> {
    fn of(text: &'a str) -> Self {
        let offsets =
            if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        Self { text, offsets }
    }

    /// `text[start..end]` counted in characters, clipped to the text.
    fn get(&self, start: u32, end: u32) -> &'a str {
        let from = self.byte(start);
        &self.text[from..self.byte(end).max(from)]
    }

    fn byte(&self, character: u32) -> usize {
        let at = character as usize;
        let last = self.text.len();
        if self.offsets.is_empty() { at.min(last) } else { self.offsets.get(at).copied().unwrap_or(last) }
    }
}

/// Distinct words in order, up to a number.
struct Choice {
    kept: Vec<String>,
    most: usize,
}

impl Choice {
    fn new(most: usize) -> Self {
        Self { kept: Vec::new(), most }
    }

    fn holds(&self, token: &Token<'_>) -> bool {
        let lower = token.word.to_lowercase();
        self.kept.contains(&lower)
    }

    fn add_all<'a>(&mut self, tokens: impl Iterator<Item = Token<'a>>) {
        for Token { word, named } in tokens {
            if self.kept.len() >= self.most {
                return;
            }
            let long = word.chars().take(WORD_CHARS).count() == WORD_CHARS;
            let has_digit = word.len() > 1 && word.chars().any(char::is_numeric);
            // A run of letters without a break is no word: it would only make the report large.
            if (long || has_digit) && word.len() <= 40 {
                let lower = word.to_lowercase();
                let says_nothing =
                    tables::is_of_calendar(&lower) || !named && tables::is_function_word(&lower);
                if !says_nothing && !self.kept.contains(&lower) {
                    self.kept.push(lower);
                }
            }
        }
    }
}

/// A word as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token<'a> {
    word: &'a str,
    /// Starts with a capital though no sentence starts with it, or holds a digit.
    named: bool,
}

impl Token<'_> {
    fn is_one_of(&self, words: &FxHashSet<String>) -> bool {
        !words.is_empty() && words.contains(&self.word.to_lowercase())
    }
}

/// Runs of letters and digits, without a possessive ending.
fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut starts_sentence = true;
    text.split_inclusive(|c: char| !is_word_part(c)).filter_map(move |piece| {
        let (body, end) = match piece.char_indices().next_back() {
            Some((at, last)) if !is_word_part(last) => (&piece[..at], Some(last)),
            _ => (piece, None),
        };
        let word = body.trim_matches(['\'', '’']);
        let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
        let first = word.chars().next();
        let token = first.map(|first| Token {
            word,
            named: (first.is_uppercase() && !starts_sentence) || word.chars().any(char::is_numeric),
        });
        if token.is_some() {
            starts_sentence = false;
        }
        if end.is_some_and(|end| matches!(end, '.' | '!' | '?' | '\n' | '"' | '“' | ':')) {
            starts_sentence = true;
        }
        token
    })
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '\'' || c == '’'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_bare() {
        let found: Vec<(&str, bool)> = tokens("Tahir's brother, 23-year-old 'Omar', of Al-Mina’s. Then")
            .map(|token| (token.word, token.named))
            .collect();
        let expected = [
            ("Tahir", false),
            ("brother", false),
            ("23", true),
            ("year", false),
            ("old", false),
            ("Omar", true),
            ("of", false),
            ("Al", true),
            ("Mina", true),
            ("Then", false),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn spans_are_counted_in_characters_and_clipped() {
        assert_eq!(Spans::of("älter é wird").get(6, 7), "é");
        assert_eq!(Spans::of("kurz").get(2, 90), "rz");
        assert_eq!(Spans::of("kurz").get(90, 99), "");
        assert_eq!(Spans::of("kurz").get(3, 1), "");
    }
}
