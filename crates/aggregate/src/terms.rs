//! The words of an incident by which reports of it know each other again: names of victims, streets and villages,
//! ages, and the rarer words of headline and lead.
//!
//! Which of them are rare is a question to the corpus and answered when reports are linked; here only the telling
//! parts of the text are chosen, so that a report stays small.

use annals_plugin::Article;

/// Words kept of an incident that headline and lead are about.
const MAIN_TERMS: usize = 72;
/// Words kept of any other incident.
const OTHER_TERMS: usize = 24;
/// Length of the lead, in characters: all its words count, not only names.
const LEAD_CHARS: usize = 700;
/// Shortest word that is kept, in characters; shorter ones with a digit (ages) are kept too.
const WORD_CHARS: usize = 3;

/// The terms of each incident, in the order of `article.incidents`.
pub(crate) fn of_incidents(article: &Article) -> Vec<Vec<String>> {
    let chief = chief(article);
    let spans = Spans::of(&article.text);
    article
        .incidents
        .iter()
        .enumerate()
        .map(|(index, incident)| {
            if Some(index) == chief {
                of_article(article)
            } else {
                let mut terms = Terms::new(OTHER_TERMS);
                terms.all(spans.get(incident.start, incident.end));
                terms.kept
            }
        })
        .collect()
}

/// The incident that the article's headline and lead describe.
fn chief(article: &Article) -> Option<usize> {
    let marked = article.incidents.iter().position(|incident| incident.main);
    marked.or_else(|| (article.incidents.len() == 1).then_some(0))
}

fn of_article(article: &Article) -> Vec<String> {
    let mut terms = Terms::new(MAIN_TERMS);
    terms.all(article.title.as_deref().unwrap_or_default());
    let lead_end = article.text.char_indices().nth(LEAD_CHARS).map_or(article.text.len(), |(at, _)| at);
    let (lead, rest) = article.text.split_at(lead_end);
    terms.names(lead);
    terms.all(lead);
    terms.names(rest);
    terms.kept
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
struct Terms {
    kept: Vec<String>,
    most: usize,
}

impl Terms {
    fn new(most: usize) -> Self {
        Self { kept: Vec::new(), most }
    }

    fn all(&mut self, text: &str) {
        for word in words(text) {
            if !self.add(word) {
                return;
            }
        }
    }

    /// Words that start with a capital or hold a digit.
    fn names(&mut self, text: &str) {
        for word in words(text) {
            let named =
                word.chars().next().is_some_and(char::is_uppercase) || word.chars().any(char::is_numeric);
            if named && !self.add(word) {
                return;
            }
        }
    }

    /// False once no more are taken.
    fn add(&mut self, word: &str) -> bool {
        if self.kept.len() >= self.most {
            return false;
        }
        let long = word.chars().take(WORD_CHARS).count() == WORD_CHARS;
        let has_digit = word.len() > 1 && word.chars().any(char::is_numeric);
        // A run of letters without a break is no word: it would only make the report large.
        if (long || has_digit) && word.len() <= 40 {
            let lower = word.to_lowercase();
            if !self.kept.contains(&lower) {
                self.kept.push(lower);
            }
        }
        true
    }
}

/// Runs of letters and digits, without a possessive ending.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’'))
        .map(|word| word.trim_matches(['\'', '’']))
        .map(|word| word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_bare() {
        let found: Vec<&str> = words("Tahir's brother, 23-year-old 'Omar', of Al-Mina’s").collect();
        assert_eq!(found, ["Tahir", "brother", "23", "year", "old", "Omar", "of", "Al", "Mina"]);
    }

    #[test]
    fn spans_are_counted_in_characters_and_clipped() {
        assert_eq!(Spans::of("älter é wird").get(6, 7), "é");
        assert_eq!(Spans::of("kurz").get(2, 90), "rz");
        assert_eq!(Spans::of("kurz").get(90, 99), "");
        assert_eq!(Spans::of("kurz").get(3, 1), "");
    }
}
