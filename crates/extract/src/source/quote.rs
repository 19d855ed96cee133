//! Quotations that go on over sentences.

use super::{Citation, Reach};
use crate::lexicon::Set;
use crate::text::Document;

/// Sentences that a quotation covers, each with the citation that the quotation belongs to.
pub(super) fn quoted(document: &Document<'_>, citations: &[Citation]) -> Vec<(usize, usize)> {
    let mut quoted = Vec::new();
    let mut opened: Option<usize> = None;
    let mut paragraph = 0;
    for (number, sentence) in document.sentences().iter().enumerate() {
        if sentence.paragraph != paragraph {
            // A quotation that goes on is opened again in each paragraph.
            paragraph = sentence.paragraph;
            if opened.is_some_and(|from| document.sentences()[from].paragraph + 1 < paragraph) {
                opened = None;
            }
        }
        let inside = opened;
        for token in sentence.tokens.clone() {
            match document.lower(token) {
                "\u{201c}" => opened = opened.or(Some(number)),
                "\u{201d}" => opened = None,
                "\"" => opened = if opened.is_some() { None } else { Some(number) },
                _ => {}
            }
        }
        let own = citations.iter().any(|citation| citation.sentence == number);
        if let Some(from) = inside
            && !own
            && number - from < 12
        {
            // The speaker is named where the quotation begins or where it ends.
            let begins = citations.iter().rposition(|citation| citation.sentence == from);
            let ahead = |from: usize| {
                citations
                    .iter()
                    .position(|citation| citation.sentence >= from && citation.sentence <= from + 2)
            };
            let citation = begins
                .or_else(|| {
                    from.checked_sub(1)
                        .and_then(|from| citations.iter().rposition(|citation| citation.sentence == from))
                })
                .or_else(|| ahead(number));
            if let Some(citation) = citation {
                quoted.push((number, citation));
            }
        } else if !own
            && inside.is_none()
            && let Some(before) = number.checked_sub(1)
            && document.sentences()[before].paragraph == sentence.paragraph
            && document.is(sentence.tokens.start, Set::GoesOn)
            && let Some(citation) = citations.iter().rposition(|citation| citation.sentence == before)
        {
            // "These attacks left …" goes on with what the sentence before reported.
            quoted.push((number, citation));
        } else if !own
            && inside.is_none()
            && begins_quote(document, number)
            && let Some(before) = number.checked_sub(1)
            && document.sentences()[before].paragraph == sentence.paragraph
            && let Some(citation) = citations
                .iter()
                .position(|citation| citation.sentence == before && citation.reach == Reach::Before)
        {
            // "…," said X. "…": the quotation goes on.
            quoted.push((number, citation));
        } else if !own
            && inside.is_none()
            && starts_quote(document, number)
            && let Some(citation) = citations
                .iter()
                .position(|citation| citation.sentence == number + 1 && citation.reach == Reach::Before)
        {
            quoted.push((number, citation));
        }
    }
    quoted
}

/// Whether a sentence begins with a quotation.
fn begins_quote(document: &Document<'_>, sentence: usize) -> bool {
    matches!(document.lower(document.sentences()[sentence].tokens.start), "\"" | "\u{201c}")
}

/// Whether a sentence begins within a quotation that does not end in it.
fn starts_quote(document: &Document<'_>, sentence: usize) -> bool {
    let tokens = document.sentences()[sentence].tokens.clone();
    let quotes = tokens
        .clone()
        .filter(|&token| matches!(document.lower(token), "\"" | "\u{201c}" | "\u{201d}"))
        .count();
    quotes % 2 == 1 && matches!(document.lower(tokens.start), "\"" | "\u{201c}")
}
