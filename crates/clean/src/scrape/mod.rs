//! Plain text as scrapers leave it: what is not the story is read for what it tells and taken off.

pub(crate) mod head;
pub(crate) mod mend;
pub(crate) mod paragraphs;
mod repeats;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use annals_plugin::Removed;
use jiff::civil::Date;
use regex::Regex;

use crate::rules::{Rules, Scope};
use crate::wires;
use paragraphs::{collapse, ends_sentence};

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

    /// Reads and takes off what stands before the story.
    fn head(&mut self, known: Known<'_>) {
        let title = known.title.map(mend::mend);
        let mut title = title.as_deref().map(collapse);
        for index in 0..self.paragraphs.len().min(HEAD_PARAGRAPHS) {
            let first = self.paragraphs[..index].iter().all(String::is_empty);
            if title.is_none() && first && !known.page {
                title = self.headline(index);
                self.out.title.clone_from(&title);
            }
            // Datelines and dates open the story: what comes after its first paragraph is none.
            if !self.paragraphs[..index].iter().any(|paragraph| longer_than(paragraph, 24)) {
                self.head_of_paragraph(index, title.as_deref(), known.place);
            }
            let paragraph = &self.paragraphs[index];
            if let Some(names) = self.rules.byline.captures(paragraph).and_then(|found| found.name("names")) {
                let names = names.as_str().to_owned();
                self.out.wires.extend(wires::named_in(&names));
                if self.out.authors.is_empty() {
                    self.out.authors = self
                        .rules
                        .between_names
                        .split(&names)
                        .map(str::to_owned)
                        .filter(|name| !name.is_empty() && wires::named_in(name).is_empty())
                        .collect();
                }
                self.drop_paragraph(index, "byline");
            }
        }
        self.date_after_headline();
    }

    /// A wire and a date between the headline and the story, in one paragraph with both: "HEADLINE   AFP  Monday
    /// 17 Mar 2014   Six people …".
    fn date_after_headline(&mut self) {
        let Some(index) = self.paragraphs.iter().position(|p| !p.is_empty()) else { return };
        if self.out.date.is_some() {
            return;
        }
        let paragraph = &self.paragraphs[index];
        let window = crate::dates::head_of(paragraph, 260);
        let Some((found, start)) = self.rules.dates.first_within(window) else { return };
        let before = &paragraph[..start];
        let weekday = before.trim_end().rsplit("  ").next().unwrap_or_default().len();
        let gap = before.trim_end().len() - weekday;
        let Some(found) =
            self.rules.dates.at_head(&paragraph[gap..]).filter(|f| f.date == found.date && !f.update)
        else {
            return;
        };
        let end = gap + found.end;
        let set_apart = paragraph[..gap].ends_with("  ") && paragraph[end..].starts_with("  ")
            || paragraph[end..].trim_start().starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
                && paragraph[..gap].ends_with("  ");
        if !set_apart || gap == 0 {
            return;
        }
        let headline = paragraph[..gap].trim_end();
        let last = headline.rsplit("  ").next().unwrap_or_default();
        let wire = wires::only(last);
        let cut = if wire.is_some() { headline.len() - last.len() } else { headline.len() };
        let piece = paragraph[cut..end].trim().to_owned();
        let story = paragraph[end..].trim_start().to_owned();
        let headline = headline[..cut].trim_end().to_owned();
        if headline.is_empty() || story.is_empty() {
            return;
        }
        self.paragraphs[index] = headline;
        self.paragraphs.insert(index + 1, story);
        for gone in &mut self.gone {
            gone.paragraph += usize::from(gone.paragraph > index);
        }
        self.gone.push(Gone { paragraph: index + 1, at: At::Start, reason: "date".to_owned(), text: piece });
        self.out.wires.extend(wire);
        self.out.date = Some(found.date);
    }

    fn head_of_paragraph(&mut self, index: usize, title: Option<&str>, place_known: bool) {
        let mut paragraph = std::mem::take(&mut self.paragraphs[index]);
        let mut pieces = Vec::new();
        let rules = self.rules;
        let others = &self.paragraphs;
        let may_drop = |title: &str, rest: &str| {
            // A figure that stands nowhere else stays.
            rules.figures(title).all(|figure| {
                std::iter::once(rest)
                    .chain(others.iter().map(String::as_str))
                    .any(|text| rules.figures(text).any(|other| other == figure))
            })
        };
        let place_known = place_known || self.out.place.is_some();
        let head = head::take(&mut paragraph, title, place_known, rules, may_drop, &mut pieces);
        if let Some((title, story)) = paragraph.split_once('\n')
            && !story.is_empty()
        {
            self.paragraphs.insert(index + 1, story.to_owned());
            for gone in &mut self.gone {
                gone.paragraph += usize::from(gone.paragraph > index);
            }
            paragraph = title.to_owned();
        }
        self.paragraphs[index] = paragraph;
        for piece in pieces {
            self.gone.push(Gone {
                paragraph: index,
                at: At::Start,
                reason: piece.reason.to_owned(),
                text: piece.text,
            });
        }
        if let Some(found) = head.date
            && !found.update
            && self.out.date.is_none()
        {
            self.out.date = Some(found.date);
        }
        if head.place.is_some() && self.out.place.is_none() {
            self.out.place = head.place;
        }
        self.out.wires.extend(head.wires);
    }

    /// The headline, if the text surely begins with one: a short line that does not end as a sentence does, before
    /// paragraphs that do.
    fn headline(&self, index: usize) -> Option<String> {
        let line = collapse(&self.paragraphs[index]);
        let words = line.split(' ').count();
        if !(4..=20).contains(&words) || ends_sentence(&line) || line.ends_with([',', ';', '-', '–', '—'])
        {
            return None;
        }
        let boilerplate = self.rules.rules.iter().any(|rule| {
            matches!(rule.scope, Scope::Paragraph | Scope::From)
                && words <= rule.max_words
                && rule.pattern.is_match(&line)
        });
        if boilerplate || self.rules.byline.is_match(&line) || self.rules.dates.first(&line).is_some() {
            return None;
        }
        let prose = self.paragraphs[index + 1..]
            .iter()
            .filter(|p| p.split_whitespace().count() >= 20 && ends_sentence(p))
            .count();
        (prose >= 2).then_some(line)
    }

    /// Rules that look at whole paragraphs.
    fn whole_paragraphs(&mut self) {
        let rules = self.rules;
        let size = self.size();
        for rule in rules.rules.iter().filter(|rule| rule.scope == Scope::Paragraph) {
            let mut matched = Vec::new();
            let mut bytes = 0;
            for (index, paragraph) in self.paragraphs.iter().enumerate() {
                if paragraph.is_empty() || longer_than(paragraph, rule.max_words) {
                    continue;
                }
                let line = collapse(paragraph);
                if rule.pattern.is_match(&line) && !self.carries_toll(&line) {
                    matched.push((index, line));
                    bytes += paragraph.len();
                }
            }
            if bytes * 2 > size {
                self.out.withheld.insert(rule.name.clone());
                continue;
            }
            for (index, line) in matched {
                self.learn_from(&rule.name, &line, rule.pattern.captures(&line).as_ref());
                self.drop_paragraph(index, &rule.name);
            }
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

    /// A line without a sentence's end right after a photo's credit is what the photo shows.
    fn captions_after_credits(&mut self) {
        let credits: Vec<usize> = self
            .gone
            .iter()
            .filter(|gone| gone.reason == "photo_credit" && gone.paragraph < HEAD_PARAGRAPHS)
            .map(|gone| gone.paragraph)
            .collect();
        for credit in credits {
            let Some(next) = (credit + 1..self.paragraphs.len()).find(|&i| !self.paragraphs[i].is_empty())
            else {
                continue;
            };
            let line = &self.paragraphs[next];
            let follows = self.paragraphs[next + 1..].iter().filter(|p| !p.is_empty()).count();
            if follows >= 3
                && !self.gone.iter().any(|gone| gone.paragraph == next && gone.reason == "caption")
                && !longer_than(line, 20)
                && !ends_sentence(line)
                && !self.carries_toll(line)
                && !self
                    .gone
                    .iter()
                    .any(|g| g.reason == "caption" && g.paragraph > credit && g.paragraph < next)
            {
                self.drop_paragraph(next, "caption");
            }
        }
    }

    /// A heading over links to other stories, with the links after it, if nothing but links comes after.
    fn lists_of_other_stories(&mut self) {
        let rules = self.rules;
        let size = self.size();
        let mut before = 0;
        for index in 0..self.paragraphs.len() {
            let length = self.paragraphs[index].len();
            before += length;
            if length == 0 || longer_than(&self.paragraphs[index], 9) {
                continue;
            }
            let line = collapse(&self.paragraphs[index]);
            let Some(rule) = rules.rules.iter().find(|rule| {
                rule.scope == Scope::From
                    && !longer_than(&line, rule.max_words)
                    && rule.pattern.is_match(&line)
            }) else {
                continue;
            };
            let after = size - before;
            let story = self.paragraphs[index + 1..]
                .iter()
                .filter(|p| {
                    longer_than(p, 45)
                        || (longer_than(p, 20) && quoted_or_two_sentences(p))
                        // A headline does not end as a sentence does.
                        || (ends_sentence(p) && (longer_than(p, 11) || self.carries_toll(p)))
                })
                .count();
            if (after + length) * 2 <= size && story == 0 {
                for later in index..self.paragraphs.len() {
                    self.drop_paragraph(later, &rule.name);
                }
                return;
            }
            if after + length > 0 && (after + length) * 2 > size && story == 0 {
                self.out.withheld.insert(rule.name.clone());
            }
            // The heading alone is no part of a story, unless it is a heading of the story.
            if index > 0
                && line.ends_with(':')
                && line.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase)
            {
                self.drop_paragraph(index, &rule.name);
            }
        }
    }

    /// Rules that look at the end of the text.
    fn ends(&mut self) {
        let rules = self.rules;
        let size = self.size();
        // Each round takes something off, so this ends; a text has few such layers.
        for _ in 0..16 {
            let Some(last) = self.paragraphs.iter().rposition(|p| !p.trim().is_empty()) else { return };
            let mut changed = false;
            for rule in rules.rules.iter().filter(|rule| rule.scope == Scope::End) {
                let paragraph = &self.paragraphs[last];
                // Patterns are of bounded length: only the end of a long paragraph can match.
                let from = floor_boundary(paragraph, paragraph.len().saturating_sub(2000));
                let end = paragraph[from..].to_owned();
                let Some(found) = rule.pattern.captures(&end) else { continue };
                let span = found.get(0).expect("the whole match is always there");
                let piece = span.as_str().to_owned();
                if piece.trim().is_empty() || self.carries_toll(&piece) {
                    continue;
                }
                if piece.len() * 2 > size {
                    self.out.withheld.insert(rule.name.clone());
                    continue;
                }
                // A sentence's own end stays.
                let keep = piece.len() - piece.trim_start_matches(['.', '!', '?', '”', '"', ')']).len();
                let keep = if piece.trim_start().starts_with('(') { 0 } else { keep };
                self.learn_from(&rule.name, &piece, Some(&found));
                let start = from + span.start() + keep;
                let text = self.paragraphs[last].split_off(start);
                let trimmed = self.paragraphs[last].trim_end().len();
                self.paragraphs[last].truncate(trimmed);
                self.gone.push(Gone {
                    paragraph: last,
                    at: At::End,
                    reason: rule.name.clone(),
                    text: text.trim().to_owned(),
                });
                changed = true;
                break;
            }
            if !changed {
                return;
            }
        }
    }

    /// Pieces inside paragraphs.
    fn pieces(&mut self) {
        let rules = self.rules;
        for rule in rules.rules.iter().filter(|rule| rule.scope == Scope::Inside) {
            for index in 0..self.paragraphs.len() {
                let paragraph = &self.paragraphs[index];
                let mut spans = Vec::new();
                for found in rule.pattern.find_iter(paragraph) {
                    if !found.as_str().trim().is_empty() && !self.carries_toll(found.as_str()) {
                        spans.push(found.range());
                    }
                }
                if spans.is_empty() {
                    continue;
                }
                let mut kept = String::with_capacity(paragraph.len());
                let mut from = 0;
                for span in spans {
                    kept.push_str(&paragraph[from..span.start]);
                    self.gone.push(Gone {
                        paragraph: index,
                        at: At::Byte(kept.len()),
                        reason: rule.name.clone(),
                        text: paragraph[span.clone()].trim().to_owned(),
                    });
                    from = span.end;
                }
                kept.push_str(&paragraph[from..]);
                self.paragraphs[index] = kept;
            }
        }
    }

    /// Paragraphs and sentences that stand there twice.
    fn repeated(&mut self) {
        for repeat in repeats::find(&self.paragraphs) {
            match repeat {
                repeats::Repeat::Paragraph(index) => self.drop_paragraph(index, "repeated_paragraph"),
                repeats::Repeat::Sentences(index, kept, gone) => {
                    self.paragraphs[index] = kept;
                    for (at, text) in gone {
                        self.gone.push(Gone {
                            paragraph: index,
                            at: At::Byte(at),
                            reason: "repeated_sentence".to_owned(),
                            text,
                        });
                    }
                }
            }
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

/// Whether a text has more than `most` words; looks no further than it must.
fn longer_than(text: &str, most: usize) -> bool {
    most != usize::MAX && text.split_whitespace().nth(most).is_some()
}

fn quoted_or_two_sentences(text: &str) -> bool {
    text.contains(['“', '"', '”']) || text.contains(". ")
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
