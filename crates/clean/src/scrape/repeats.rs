//! Paragraphs and sentences that a scraper copied twice.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashSet, FxHasher};

/// Something that stood in the text before, word for word.
pub(crate) enum Repeat {
    /// A paragraph, by its index.
    Paragraph(usize),
    /// Sentences of a paragraph: its index, what is left of it, and the sentences with the byte where each stood.
    Sentences(usize, String, Vec<(usize, String)>),
}

/// Words of the shortest paragraph and of the shortest sentence that are seen as copies: shorter ones recur in speech.
const SHORTEST_PARAGRAPH: usize = 4;
const SHORTEST_SENTENCE: usize = 8;

/// Finds every second copy.
pub(crate) fn find(paragraphs: &[String]) -> Vec<Repeat> {
    let mut seen_paragraphs = FxHashSet::default();
    let mut seen_sentences = FxHashSet::default();
    let mut repeats = Vec::new();
    let mut parts = Vec::new();
    for (index, paragraph) in paragraphs.iter().enumerate() {
        parts.clear();
        parts.extend(sentences(paragraph).map(|sentence| (sentence, digest(sentence))));
        let mut hasher = FxHasher::default();
        let mut words = 0;
        for (_, (key, length)) in &parts {
            key.hash(&mut hasher);
            words += length;
        }
        if words >= SHORTEST_PARAGRAPH && !seen_paragraphs.insert(hasher.finish()) {
            repeats.push(Repeat::Paragraph(index));
            continue;
        }
        let mut fresh = Vec::with_capacity(parts.len());
        for (_, (key, words)) in &parts {
            fresh.push(*words < SHORTEST_SENTENCE || seen_sentences.insert(*key));
        }
        if fresh.iter().all(|fresh| *fresh) {
            continue;
        }
        let mut kept = String::with_capacity(paragraph.len());
        let mut gone = Vec::new();
        for ((sentence, _), fresh) in parts.iter().zip(fresh) {
            if fresh {
                kept.push_str(sentence);
            } else {
                gone.push((kept.len(), sentence.trim().to_owned()));
            }
        }
        if kept.trim().is_empty() {
            repeats.push(Repeat::Paragraph(index));
        } else {
            kept.truncate(kept.trim_end().len());
            repeats.push(Repeat::Sentences(index, kept, gone));
        }
    }
    repeats
}

/// Digest of a piece's letters and digits, and its number of words.
fn digest(piece: &str) -> (u64, usize) {
    let mut hasher = FxHasher::default();
    let mut words = 0;
    for word in piece.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        words += 1;
        word.hash(&mut hasher);
    }
    (hasher.finish(), words)
}

/// Splits after full stops that a capital, a quote or a digit follows; white space stays with the sentence before it.
pub(crate) fn sentences(paragraph: &str) -> impl Iterator<Item = &str> {
    let mut rest = paragraph;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut stop = false;
        let mut spaced = false;
        for (at, character) in rest.char_indices() {
            if spaced && !character.is_whitespace() {
                if character.is_uppercase() || matches!(character, '“' | '"' | '‘') {
                    let (sentence, after) = rest.split_at(at);
                    rest = after;
                    return Some(sentence);
                }
                stop = false;
                spaced = false;
            }
            match character {
                '.' | '!' | '?' | '…' => stop = true,
                '"' | '”' | '’' | ')' if stop => {}
                _ if character.is_whitespace() => spaced = stop,
                _ => stop = false,
            }
        }
        Some(std::mem::take(&mut rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_second_copies_of_paragraphs_and_sentences() {
        let text = [
            "The army shelled the town for three hours on Monday. Nobody was hurt.".to_owned(),
            "Residents fled. The army shelled the town for three hours on Monday. They came back later."
                .to_owned(),
            "Nobody was hurt.".to_owned(),
            "Nobody was hurt.".to_owned(),
            "The army shelled the town for three hours on Monday. Nobody was hurt.".to_owned(),
        ];
        let found = find(&text);
        assert_eq!(found.len(), 2);
        assert!(
            matches!(&found[0], Repeat::Sentences(1, kept, _) if kept == "Residents fled. They came back later.")
        );
        assert!(matches!(found[1], Repeat::Paragraph(4)));
    }
}
