//! Boilerplate that no list knows: lines that stand in many articles of one publisher and in no other's.
//!
//! A publisher's background on a war stands in many of its articles too, and is part of the story. So a line must look
//! like furniture before it is counted: it speaks to the reader or of the site (the words for that are data), or it is a
//! short line that is no sentence; and it has no word of harm and nothing quoted. Such a line is taken off where it
//!
//! * stands in [`FEWEST_STORIES`] different stories of its publisher, copies and updates of one story counting once,
//! * stands in one of [`SHARE`] of the publisher's articles or more, and
//! * stands in no other publisher's, of whom the corpus holds [`FEWEST_OTHERS`] with [`FEWEST_OTHER_ARTICLES`] articles.
//!
//! `map` emits for each such line a count under the line's digest, of a size that does not grow with the corpus, and for
//! each article the list of its lines; `finish` adds them up, on two threads, and looks at the lists only if something is
//! learnt.

use std::collections::BTreeSet;
use std::collections::hash_map::Entry;

use annals_plugin::{
    Article, ConfigError, Context, CorpusStage, Emit, Findings, Partials, Removed, Stage, StageError,
};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::rules::{self, Rules};
use crate::scrape::Cleaned;
use crate::scrape::paragraphs::ends_sentence;
use crate::scrape::repeats::sentences;
use crate::{Clean, Config, withhold};

/// Different stories of one publisher in which a line must stand.
const FEWEST_STORIES: usize = 5;
/// One of how many of the publisher's articles must hold it.
const SHARE: u64 = 50;
/// Other publishers that the corpus must know, and articles of theirs: in a corpus of one publisher alone, nothing tells
/// its furniture from its subject.
const FEWEST_OTHERS: usize = 2;
const FEWEST_OTHER_ARTICLES: u64 = 20;
/// Words of the longest line that is looked at, and of the longest that is no sentence.
const LONGEST: usize = 60;
const LONGEST_TITLE: usize = 12;
/// Name of the rule.
const RULE: &str = "publisher_boilerplate";

/// Prefixes of the keys of partials: lines, publishers, articles.
const LINE: u8 = b'l';
const PUBLISHER: u8 = b'p';
const ARTICLE: u8 = b'a';

/// The pass over the corpus.
#[derive(Debug)]
pub(crate) struct Learn;

impl Stage for Learn {
    const NAME: &'static str = Clean::NAME;
    const VERSION: u32 = Clean::VERSION;
    const READS: &'static [&'static str] = &["text", "publisher", "language"];
    const WRITES: &'static [&'static str] = &["text", "removed"];
    type Config = Config;

    fn open(_config: Config, _context: &Context) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn fingerprint(&self) -> Vec<u8> {
        rules::sources().flat_map(str::bytes).collect()
    }
}

/// Where a line was met.
#[derive(Debug, Serialize, Deserialize)]
enum Seen {
    /// In articles of one publisher: how many, and digests of different stories, the smallest of them, ascending.
    Publisher { publisher: u64, articles: u64, stories: Vec<u64> },
    /// In those of several.
    Several,
}

impl Seen {
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (
                Self::Publisher { publisher, articles, mut stories },
                Self::Publisher { publisher: same, articles: more, stories: others },
            ) if publisher == same => {
                stories.extend(others);
                stories.sort_unstable();
                stories.dedup();
                stories.truncate(FEWEST_STORIES);
                Self::Publisher { publisher, articles: articles + more, stories }
            }
            _ => Self::Several,
        }
    }
}

/// The lines of an article that may be furniture.
#[derive(Debug, Serialize, Deserialize)]
struct Lines(BTreeSet<u64>);

fn key(prefix: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + rest.len());
    key.push(prefix);
    key.extend_from_slice(rest);
    key
}

fn write(value: &impl Serialize) -> Result<Vec<u8>, StageError> {
    postcard::to_allocvec(value).map_err(|error| StageError::new("partial_unwritable", error.to_string()))
}

fn read<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, StageError> {
    postcard::from_bytes(bytes).map_err(|error| StageError::new("partial_unreadable", error.to_string()))
}

/// Digest of the words of a piece, whatever their case and what stands between them.
fn digest(piece: &str) -> u64 {
    let mut words = String::with_capacity(piece.len());
    for word in piece.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        words.extend(word.chars().flat_map(char::to_lowercase));
        words.push(' ');
    }
    XxHash3_64::oneshot(words.as_bytes())
}

/// Whether a sentence looks like furniture; `alone` if it is a paragraph.
fn is_suspect(line: &str, alone: bool, rules: &Rules) -> bool {
    let words = line.split_whitespace().take(LONGEST + 1).count();
    if !(2..=LONGEST).contains(&words)
        || line.contains(['“', '”', '"', '«', '»'])
        || rules.harm.is_match(line)
    {
        return false;
    }
    rules.addresses.is_match(line) || alone && words <= LONGEST_TITLE && !ends_sentence(line)
}

/// The parts of a paragraph that look like furniture: all of it, if most of its sentences do and the others tell of no
/// harm, and each such sentence.
fn suspects<'t>(paragraph: &'t str, rules: &Rules) -> Vec<&'t str> {
    let all: Vec<&str> = sentences(paragraph).collect();
    let mut found: Vec<&str> =
        all.iter().copied().filter(|sentence| is_suspect(sentence, all.len() == 1, rules)).collect();
    if all.len() > 1 && found.len() * 2 > all.len() && is_suspect(paragraph, false, rules) {
        found.insert(0, paragraph);
    }
    found
}

impl CorpusStage for Learn {
    fn map(&self, articles: &[Article], out: &mut dyn Emit) -> Result<(), StageError> {
        for (index, article) in articles.iter().enumerate() {
            let Some(publisher) = article.publisher.as_deref().map(digest) else { continue };
            out.emit(index, &key(PUBLISHER, &publisher.to_be_bytes()), &write(&1_u64)?);
            let rules = rules::of(article.language.as_deref());
            let paragraphs = || article.text.split("\n\n");
            let mut lines = BTreeSet::new();
            for paragraph in paragraphs() {
                lines.extend(suspects(paragraph, rules).into_iter().map(digest));
            }
            if lines.is_empty() {
                continue;
            }
            // What stands in all copies and updates of a story is the longest of its paragraphs.
            let story = paragraphs().max_by_key(|paragraph| paragraph.len()).map_or(0, digest);
            let seen = write(&Seen::Publisher { publisher, articles: 1, stories: vec![story] })?;
            for line in &lines {
                out.emit(index, &key(LINE, &line.to_be_bytes()), &seen);
            }
            out.emit(index, &key(ARTICLE, article.article_id.as_bytes()), &write(&Lines(lines))?);
        }
        Ok(())
    }

    fn merge(&self, key: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError> {
        match key.first() {
            Some(&PUBLISHER) => write(&(read::<u64>(left)? + read::<u64>(right)?)),
            Some(&LINE) => write(&read::<Seen>(left)?.with(read(right)?)),
            // An article's partials are always the same.
            _ => Ok(left.min(right).to_vec()),
        }
    }

    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError> {
        let (mut counts, mut others) = (Counts::default(), Counts::default());
        partials.visit_all(
            &[],
            &mut [&mut |key, value| counts.add(key, value), &mut |key, value| others.add(key, value)],
        )?;
        counts.add_all(others);
        let learnt = counts.learnt();
        out.count("lines_learnt", learnt.len() as u64);
        let mut cleared = Vec::new();
        if !learnt.is_empty() {
            partials.visit_all(
                &[ARTICLE],
                &mut [&mut |key, value| {
                    let Lines(mut lines) = read(value)?;
                    lines.retain(|line| learnt.contains(line));
                    if !lines.is_empty() {
                        let id = std::str::from_utf8(&key[1..])
                            .map_err(|error| StageError::new("partial_unreadable", error.to_string()))?;
                        cleared.push((id.to_owned(), write(&Lines(lines))?));
                    }
                    Ok(())
                }],
            )?;
        }
        cleared.iter().for_each(|(id, verdict)| out.verdict(id, verdict));
        out.count("articles_with_learnt_lines", cleared.len() as u64);
        Ok(())
    }

    fn apply(&self, verdict: &[u8], article: &mut Article) -> Result<(), StageError> {
        let Lines(learnt) = read(verdict)?;
        take_off(article, &learnt);
        Ok(())
    }
}

/// Articles of the publishers, and where lines were met.
#[derive(Debug, Default)]
struct Counts {
    articles: FxHashMap<u64, u64>,
    lines: FxHashMap<u64, Seen>,
}

impl Counts {
    /// Adds a partial.
    fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), StageError> {
        match key.first() {
            Some(&PUBLISHER) => *self.articles.entry(number(key)?).or_default() += read::<u64>(value)?,
            Some(&LINE) => self.add_line(number(key)?, read(value)?),
            _ => {}
        }
        Ok(())
    }

    fn add_line(&mut self, line: u64, seen: Seen) {
        match self.lines.entry(line) {
            Entry::Vacant(entry) => drop(entry.insert(seen)),
            Entry::Occupied(mut entry) => {
                let earlier = std::mem::replace(entry.get_mut(), Seen::Several);
                entry.insert(earlier.with(seen));
            }
        }
    }

    fn add_all(&mut self, others: Self) {
        let more = others.articles.into_iter();
        more.for_each(|(publisher, count)| *self.articles.entry(publisher).or_default() += count);
        others.lines.into_iter().for_each(|(line, seen)| self.add_line(line, seen));
    }

    /// The lines that stand in many stories of one publisher and in no other's.
    fn learnt(&self) -> FxHashSet<u64> {
        let all: u64 = self.articles.values().sum();
        let is_furniture = |seen: &Seen| match seen {
            Seen::Publisher { publisher, articles, stories } => {
                let own = self.articles.get(publisher).unwrap_or(articles);
                stories.len() >= FEWEST_STORIES
                    && articles * SHARE >= *own
                    && self.articles.len() > FEWEST_OTHERS
                    && all - own >= FEWEST_OTHER_ARTICLES
            }
            Seen::Several => false,
        };
        self.lines.iter().filter(|(_, seen)| is_furniture(seen)).map(|(line, _)| *line).collect()
    }
}

/// The digest in the key of a partial.
fn number(key: &[u8]) -> Result<u64, StageError> {
    let bytes =
        key[1..].try_into().map_err(|_| StageError::new("partial_unreadable", "a key of another length"))?;
    Ok(u64::from_be_bytes(bytes))
}

/// Takes lines off an article, unless more than half of its text would go.
fn take_off(article: &mut Article, learnt: &BTreeSet<u64>) {
    let rules = rules::of(article.language.as_deref());
    let mut text = String::with_capacity(article.text.len());
    let mut length: u32 = 0;
    let mut removed = Vec::new();
    let mut bytes = 0;
    for paragraph in article.text.split("\n\n") {
        let mut going = suspects(paragraph, rules);
        going.retain(|line| learnt.contains(&digest(line)));
        let mut kept = String::new();
        let mut gone = Vec::new();
        if going.first() == Some(&paragraph) {
            gone.push((0, paragraph));
        } else {
            for sentence in sentences(paragraph) {
                if going.contains(&sentence) {
                    gone.push((kept.chars().count() as u32, sentence));
                } else {
                    kept.push_str(sentence);
                }
            }
        }
        let kept = kept.trim();
        let start = if text.is_empty() || kept.is_empty() { length } else { length + 2 };
        for (within, piece) in gone {
            bytes += piece.len();
            let at = start + within.min(kept.chars().count() as u32);
            removed.push(Removed { at, reason: RULE.to_owned(), text: piece.trim().to_owned() });
        }
        if !kept.is_empty() {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(kept);
            length = start + kept.chars().count() as u32;
        }
    }
    if bytes * 2 > article.text.len() {
        withhold(article, [RULE.to_owned()]);
        return;
    }
    let mut cleaned = Cleaned {
        text: std::mem::take(&mut article.text),
        removed: std::mem::take(&mut article.removed),
        ..Cleaned::default()
    };
    cleaned.follow(Cleaned { text, removed, ..Cleaned::default() });
    article.text = cleaned.text;
    article.removed = cleaned.removed;
}

#[cfg(test)]
mod tests {
    use annals_plugin::testing::{CorpusRun, Schedule, run_corpus};

    use super::*;
    use crate::WITHHELD;

    const APP: &str = "Get the Ledger app for the latest from the valley.";
    const SECTION: &str = "Ledger Valley Desk";
    const BACKGROUND: &str =
        "The valley has been split since the spring, when the army left the hills to the militias.";

    fn article(number: usize, publisher: &str, lines: &[&str]) -> Article {
        let id = format!("{publisher}-{number}");
        let mut article = Article::new(id.clone(), id, "corpus");
        article.publisher = Some(publisher.to_owned());
        article.language = Some("en".to_owned());
        let story = format!(
            "On day {number} of the siege, the council of the lower town counted {} shells that fell on its two bridges, \
             and said that boats had brought bread for {number} more days to the people on the far bank.",
            number * 7
        );
        article.text = [&[story.as_str()][..], lines].concat().join("\n\n");
        article
    }

    /// Articles of three publishers, of which one ends its articles with furniture.
    fn corpus() -> Vec<Article> {
        let glued = format!("{BACKGROUND} {APP}");
        let mut articles: Vec<Article> =
            (0..8).map(|n| article(n, "The Ledger", &[SECTION, &glued])).collect();
        for number in 0..12 {
            articles.push(article(100 + number, "Valley Post", &["Share what you know with us."]));
            articles.push(article(200 + number, "Hill Radio", &["Share what you know with us."]));
        }
        articles
    }

    fn run(articles: Vec<Article>) -> CorpusRun {
        run_corpus(&Learn, articles, 3).expect("the pass runs")
    }

    #[test]
    fn furniture_of_one_publisher_is_learnt() {
        let run = run(corpus());
        let first = &run.articles[0];
        assert!(first.text.starts_with("On day 0") && first.text.ends_with(BACKGROUND), "{}", first.text);
        let gone: Vec<(&str, &str)> =
            first.removed.iter().map(|removed| (removed.reason.as_str(), removed.text.as_str())).collect();
        assert_eq!(gone, [(RULE, SECTION), (RULE, APP)]);
        assert!(
            run.articles[8].text.contains("Share what you know"),
            "it stands in two publishers' articles"
        );
        assert_eq!(run.counts["lines_learnt"], 2);
        assert_eq!(run.counts["articles_with_learnt_lines"], 8);
    }

    #[test]
    fn places_of_what_was_removed_earlier_move_along() {
        let mut articles = corpus();
        let length = articles[0].text.chars().count() as u32;
        articles[0].removed.push(Removed {
            at: length,
            reason: "share".to_owned(),
            text: "Share".to_owned(),
        });
        let run = run(articles);
        let first = &run.articles[0];
        let length = first.text.chars().count() as u32;
        assert_eq!(first.removed.len(), 3);
        assert!(first.removed.iter().all(|removed| removed.at <= length), "{:?}", first.removed);
        assert!(first.removed.is_sorted_by_key(|removed| removed.at));
    }

    #[test]
    fn copies_of_one_story_teach_nothing() {
        let mut articles = corpus();
        for copy in &mut articles[..8] {
            copy.text = format!(
                "{}\n\n{APP}",
                "The bridge was shut again and nobody was told why it was. ".repeat(8).trim()
            );
        }
        assert!(run(articles).articles[0].text.contains(APP));
    }

    #[test]
    fn one_publisher_alone_teaches_nothing() {
        let articles = corpus().into_iter().take(8).collect();
        assert_eq!(run(articles).counts["lines_learnt"], 0);
    }

    #[test]
    fn what_would_take_more_than_half_is_withheld() {
        let mut articles = corpus();
        articles[0].text = format!("Quiet on the river.\n\n{APP}\n\n{SECTION}");
        let run = run(articles);
        assert!(run.articles[0].text.contains(APP));
        assert_eq!(run.articles[0].attributes[WITHHELD], serde_json::json!([RULE]));
    }

    #[test]
    fn order_and_batches_change_nothing() {
        let plain = run(corpus());
        for (batch_size, seed) in [(1, 3), (7, 11), (100, 29)] {
            let mixed =
                Schedule { batch_size, shuffle: Some(seed) }.run(&Learn, corpus()).expect("the pass runs");
            assert_eq!(plain, mixed);
        }
    }
}
