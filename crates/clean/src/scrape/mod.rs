//! Plain text as scrapers leave it: what is not the story is read for what it tells and taken off.

pub(crate) mod head;
pub(crate) mod mend;
mod opening;
pub(crate) mod paragraphs;
mod parts;
pub(crate) mod repeats;
mod whole;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use annals_plugin::Removed;
use jiff::civil::Date;
use regex::Regex;

use crate::rules::Rules;
use crate::wires;
use paragraphs::collapse;

/// What is known of an article before its text is read.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) title: Option<&'a str>,
    /// Whether the place of the dateline is known already: then none is taken off.
    pub(crate) place: bool,
    /// Whether the text comes from a page, whose title is told by its markup.
    pub(crate) page: bool,
}

/// A text and what was read from the pieces taken off it.
#[derive(Debug, Default)]
pub(crate) struct Cleaned {
    pub(crate) text: String,
    pub(crate) removed: Vec<Removed>,
    pub(crate) title: Option<String>,
    /// Date printed at the head.
    pub(crate) date: Option<Date>,
    pub(crate) place: Option<String>,
    pub(crate) wires: BTreeSet<String>,
    pub(crate) authors: Vec<String>,
    /// Address of the original, from a "Read more" line.
    pub(crate) url: Option<String>,
    /// Rules that would have taken off more than half of the text and did not.
    pub(crate) withheld: BTreeSet<String>,
}

impl Cleaned {
    /// Takes over what a further pass over its text gave.
    pub(crate) fn follow(&mut self, next: Cleaned) {
        // What was taken off now stood before some of what was taken off earlier; both lists are in the text's order.
        let mut later = next.removed.iter().peekable();
        let mut shift = 0;
        for earlier in &mut self.removed {
            while let Some(removed) = later.next_if(|removed| removed.at < earlier.at) {
                shift += removed.text.chars().count() as u32;
            }
            earlier.at = earlier.at.saturating_sub(shift);
        }
        let length = next.text.chars().count() as u32;
        self.removed.extend(next.removed);
        for removed in &mut self.removed {
            removed.at = removed.at.min(length);
        }
        self.removed.sort_by_key(|removed| removed.at);
        self.text = next.text;
        self.title = self.title.take().or(next.title);
        self.date = self.date.or(next.date);
        self.place = self.place.take().or(next.place);
        self.wires.extend(next.wires);
        if self.authors.is_empty() {
            self.authors = next.authors;
        }
        self.url = self.url.take().or(next.url);
        self.withheld.extend(next.withheld);
    }
}

/// Where in its paragraph a removed piece stood.
#[derive(Clone, Copy)]
enum At {
    Start,
    End,
    Byte(usize),
}

struct Gone {
    paragraph: usize,
    at: At,
    reason: String,
    text: String,
}

struct Text<'r> {
    rules: &'r Rules,
    paragraphs: Vec<String>,
    gone: Vec<Gone>,
    out: Cleaned,
}

static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"https?://[^\s<>"')\]]+"#).expect("the pattern is fixed"));

/// Paragraphs at the head of a text in which bylines, dates and titles are looked for.
const HEAD_PARAGRAPHS: usize = 6;

/// Cleans a text.
///
/// `between` are pieces that a page shows between the paragraphs, each with the number of paragraphs before it.
pub(crate) fn clean(text: &str, known: Known<'_>, between: Vec<(usize, String)>, rules: &Rules) -> Cleaned {
    let text = mend::mend(text);
    let mut text =
        Text { rules, paragraphs: paragraphs::split(&text), gone: Vec::new(), out: Cleaned::default() };
    let last = text.paragraphs.len().saturating_sub(1);
    text.gone.extend(between.into_iter().map(|(paragraph, text)| Gone {
        paragraph: paragraph.min(last),
        at: At::Start,
        reason: "beside_article".to_owned(),
        text,
    }));
    text.head(known);
    text.whole_paragraphs();
    text.captions_after_credits();
    text.lists_of_other_stories();
    text.ends();
    text.pieces();
    text.repeated();
    text.finish()
}

impl Text<'_> {
    fn size(&self) -> usize {
        self.paragraphs.iter().map(String::len).sum()
    }

    /// Whether a piece tells of victims and how many.
    fn carries_toll(&self, piece: &str) -> bool {
        // The words of an address tell of no one.
        let piece = if piece.contains("://") { ADDRESS.replace_all(piece, "") } else { Cow::Borrowed(piece) };
        self.rules.harm.is_match(&piece) && self.rules.number.is_match(&piece)
    }

    fn drop_paragraph(&mut self, index: usize, reason: &str) {
        let text = std::mem::take(&mut self.paragraphs[index]);
        if !text.is_empty() {
            self.gone.push(Gone { paragraph: index, at: At::Start, reason: reason.to_owned(), text });
        }
    }

    /// Reads what a piece of boilerplate tells: the wire it names, the address of the original.
    fn learn_from(&mut self, rule: &str, piece: &str, found: Option<&regex::Captures<'_>>) {
        if matches!(rule, "agency_line" | "source_line" | "reporters" | "rights" | "byline") {
            self.out.wires.extend(wires::named_in(piece));
        }
        if self.out.url.is_none() {
            let named = found.and_then(|f| f.name("url").or_else(|| f.name("url2"))).map(|m| m.as_str());
            self.out.url = named
                .and_then(|address| ADDRESS.find(address))
                .map(|address| address.as_str().split('#').next().unwrap_or_default().to_owned());
        }
    }

    /// Joins the paragraphs and places what was removed.
    fn finish(mut self) -> Cleaned {
        let mut text = String::with_capacity(self.size() + 2 * self.paragraphs.len());
        let mut characters: u32 = 0;
        // Where each paragraph starts, and how long it is, in characters.
        let mut places = Vec::with_capacity(self.paragraphs.len());
        for paragraph in &self.paragraphs {
            let paragraph = collapse(paragraph);
            if paragraph.is_empty() {
                places.push((None, 0));
                continue;
            }
            if !text.is_empty() {
                text.push_str("\n\n");
                characters += 2;
            }
            let length = paragraph.chars().count() as u32;
            places.push((Some(characters), length));
            text.push_str(&paragraph);
            characters += length;
        }
        let mut next = characters;
        let mut starts = vec![0; places.len()];
        for (index, (start, _)) in places.iter().enumerate().rev() {
            next = start.unwrap_or(next);
            starts[index] = next;
        }
        let mut removed: Vec<(u32, usize, Removed)> = Vec::with_capacity(self.gone.len());
        for (order, gone) in self.gone.drain(..).enumerate() {
            let length = places.get(gone.paragraph).map_or(0, |place| place.1);
            let within = match gone.at {
                At::Start => 0,
                At::End => length,
                At::Byte(byte) => (byte as u32).min(length),
            };
            let at = starts.get(gone.paragraph).map_or(characters, |start| start + within);
            removed.push((at, order, Removed { at, reason: gone.reason, text: gone.text }));
        }
        removed.sort_by_key(|(at, order, _)| (*at, *order));
        self.out.removed = removed.into_iter().map(|(_, _, removed)| removed).collect();
        self.out.text = text;
        self.out
    }
}

/// Whether a text has more than `most` words, parted by spaces; looks no further than it must.
fn longer_than(text: &str, most: usize) -> bool {
    // A word and the space after it take two bytes at least.
    if text.len() <= most.saturating_mul(2) {
        return false;
    }
    let mut words = 0;
    let mut inside = false;
    for byte in text.bytes() {
        let space = byte == b' ';
        words += usize::from(!space && !inside);
        inside = !space;
        if words > most {
            return true;
        }
    }
    false
}
