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

/// Longest text, in bytes, that is taken for furniture alone when it tells nothing of its title.
const FURNITURE_BYTES: usize = 1200;

/// Why a text is the furniture of a site and no story, if it is: a list of videos, or a short text in which nothing of
/// its title stands, such as a form or the weather. A text that gives a figure of victims is always a story.
pub(crate) fn furniture(title: Option<&str>, text: &str, language: Option<&str>) -> Option<Refusal> {
    let rules = rules::of(language);
    let paragraphs = || text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty());
    let (timed, all) = paragraphs()
        .fold((0, 0), |(timed, all), paragraph| (timed + u32::from(is_timed(paragraph)), all + 1));
    if all >= 3 && timed * 10 >= all * 7 {
        return Some((
            "no_story",
            format!("{timed} of {all} paragraphs are titles of videos with their lengths"),
        ));
    }
    if text.len() >= FURNITURE_BYTES
        || paragraphs().any(|p| rules.harm.is_match(p) && rules.number.is_match(p))
    {
        return None;
    }
    let stems = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.chars().count() >= 4)
            .map(|word| word.chars().take(6).flat_map(char::to_lowercase).collect())
            .collect()
    };
    let titled = stems(title?);
    let told: std::collections::BTreeSet<String> = stems(text).into_iter().collect();
    let shared = titled.iter().filter(|stem| told.contains(*stem)).count();
    // Real stories repeat a quarter of their title's words and more; those of harm may have lost some to a list.
    let least_share = if rules.harm.is_match(text) { 8 } else { 5 };
    (titled.len() >= 3 && shared * least_share < titled.len())
        .then(|| ("no_story", format!("{shared} of {} words of the title stand in the text", titled.len())))
}

/// Most words of a title with the length of a video before it. What is longer begins with a time of day.
const TIMED_WORDS: usize = 14;

/// Whether a paragraph is a title with the length of a video before it, as in "1:08 Ferry leaves port".
fn is_timed(paragraph: &str) -> bool {
    if paragraph.split_whitespace().nth(TIMED_WORDS).is_some() {
        return false;
    }
    let head = paragraph.split_whitespace().next().unwrap_or_default();
    head.split_once(':').is_some_and(|(minutes, seconds)| {
        (1..=2).contains(&minutes.len())
            && seconds.len() == 2
            && minutes.bytes().chain(seconds.bytes()).all(|byte| byte.is_ascii_digit())
    })
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

#[cfg(test)]
mod tests {
    use super::furniture;

    fn code(title: &str, text: &str) -> Option<&'static str> {
        furniture(Some(title), text, Some("en")).map(|(code, _)| code)
    }

    #[test]
    fn furniture_is_told_from_stories() {
        let title = "Market hall bombed in harbour town";
        assert_eq!(
            code(title, "Sign in below. Forgotten your password? We will send you a new one."),
            Some("no_story")
        );
        assert_eq!(
            code(title, "0:31 Cup final\n\n1:08 Ferry leaves port\n\n12:40 Talk of the day"),
            Some("no_story")
        );
        assert_eq!(code(title, "The market of the town was hit at noon, and nobody knows by whom."), None);
        assert_eq!(
            code(title, "Six people were killed, officials said."),
            None,
            "a figure of victims is a story"
        );
        assert_eq!(
            code("Calm", "Nothing to tell from here today, our reader writes."),
            None,
            "a short title tells little"
        );
        let long = "Harbour council opens second market hall beside ferry";
        assert_eq!(
            code(long, "Agree with the move. Disagree. The present market is too small."),
            Some("no_story")
        );
        assert_eq!(code(long, "A man was wounded at the market, and nobody knows by whom."), None);
        let log = "9:30 a.m. A caller at the market hall reported a boat adrift with nobody in it but a dog.";
        assert_eq!(code(title, &[log; 4].join("\n\n")), None, "a log of the police tells stories");
        assert_eq!(
            code(long, "A boy left the market with a gunshot in the arm, and nobody knows by whom."),
            None
        );
        assert_eq!(code(title, "9:30 was when it began.\n\nThe market burned.\n\nNobody slept."), None);
    }
}
