//! Records that hold no article, told apart from those that do.

use crate::rules;

/// Why a record is no article: a fixed code, and what a person needs to know.
pub type Refusal = (&'static str, String);

/// Words at the head of a text in which the signs of an error page and the like are looked for.
const HEAD_BYTES: usize = 1500;
/// Fewest words of a live ticker that is told by its metadata alone.
const FEWEST_WORDS: usize = 12;

/// What a page says of its kind.
#[derive(Debug, Default, Clone)]
pub(crate) struct Kind {
    /// A live ticker, by its metadata.
    pub(crate) live: bool,
    /// A gallery of pictures or a video, by its metadata.
    pub(crate) gallery: bool,
    /// The page's title and headings, and the text of its blocks, from the beginning.
    pub(crate) head: String,
    /// Words on the whole page.
    pub(crate) words: usize,
}

/// Why a page is no article, if it is none; `text` is what was found to be its article.
pub(crate) fn page(kind: &Kind, text: &str, language: Option<&str>) -> Option<Refusal> {
    let words = text.split_whitespace().count();
    if kind.live {
        return Some((
            "live_ticker",
            "the page's metadata calls it a live blog: many reports, each with its own time".to_owned(),
        ));
    }
    if let Some(refusal) = by_signs(&kind.head, kind.words.min(words * 3 + 40), language) {
        return Some(refusal);
    }
    if let Some(refusal) = self::text(text, language) {
        return Some(refusal);
    }
    if kind.gallery && words < 60 {
        return Some(("gallery", format!("a page of pictures or a video with {words} words of text")));
    }
    if words < FEWEST_WORDS {
        return Some(("no_article", format!("no main text was found among the page's {} words", kind.words)));
    }
    None
}

/// Why a plain text is no article, if it is none.
pub(crate) fn text(text: &str, language: Option<&str>) -> Option<Refusal> {
    by_signs(text, text.split_whitespace().count(), language)
}

fn by_signs(text: &str, words: usize, language: Option<&str>) -> Option<Refusal> {
    let head = crate::dates::head_of(text, HEAD_BYTES);
    let rules = rules::of(language);
    rules.refusals.iter().filter(|rule| words <= rule.max_words).find_map(|rule| {
        let found = rule.pattern.find(head)?;
        // A figure of victims beside it: a report of a blast at a "page not found" is still a report.
        (!(rules.harm.is_match(text) && rules.number.is_match(text)) || rule.reason == "paywall_stub")
            .then(|| (rule.reason, format!("the text says: {}", found.as_str().trim())))
    })
}
