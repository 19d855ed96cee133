//! The opening of a text: headline, byline, date and dateline before the story.

use super::paragraphs::{collapse, ends_sentence};
use super::{At, Gone, HEAD_PARAGRAPHS, Known, Text, head, longer_than, mend};
use crate::rules::Scope;
use crate::wires;

impl Text<'_> {
    /// Reads and takes off what stands before the story.
    pub(super) fn head(&mut self, known: Known<'_>) {
        let mut title = known.title.map(|title| head::Title::new(&mend::mend(title)));
        for index in 0..self.paragraphs.len().min(HEAD_PARAGRAPHS) {
            let first = self.paragraphs[..index].iter().all(String::is_empty);
            if title.is_none() && first && !known.page {
                self.out.title = self.headline(index);
                title = self.out.title.as_deref().map(head::Title::new);
            }
            // Datelines and dates open the story: what comes after its first paragraph is none.
            if !self.paragraphs[..index].iter().any(|paragraph| longer_than(paragraph, 24)) {
                self.head_of_paragraph(index, title.as_ref(), known.place);
            }
            let paragraph = &self.paragraphs[index];
            if let Some(names) = self.rules.names_in_byline(paragraph) {
                let names = names.to_owned();
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

    /// A date between the headline and the story, in one of the first paragraphs with both.
    fn date_after_headline(&mut self) {
        if self.out.date.is_some() {
            return;
        }
        let first: Vec<usize> =
            (0..self.paragraphs.len()).filter(|&index| !self.paragraphs[index].is_empty()).take(3).collect();
        for index in first {
            if self.date_within(index) {
                return;
            }
        }
    }

    /// Cuts a paragraph at a date that wide spaces set apart ("HEADLINE   AFP  Monday 17 Mar 2014   Six people …") or that
    /// a site's furniture follows ("HEADLINE  REUTERS  Middle East 1735 15.04.2017 Get short URL …").
    fn date_within(&mut self, index: usize) -> bool {
        let paragraph = &self.paragraphs[index];
        let Some((found, start)) = self.rules.dates.first_within(crate::dates::head_of(paragraph, 320))
        else {
            return false;
        };
        let column = if paragraph[..start].ends_with("  ") {
            start
        } else {
            paragraph[..start].trim_end().rfind("  ").map_or(0, |at| at + 2)
        };
        let date_at = |at: usize| {
            self.rules.dates.at_head(&paragraph[at..]).filter(|f| f.date == found.date && !f.update)
        };
        let (gap, end) = match date_at(column) {
            Some(dated) => (column, column + dated.end),
            None => (start, date_at(start).map_or(found.end, |dated| start + dated.end)),
        };
        let after = &paragraph[end..];
        let story = after.trim_start();
        let furniture =
            self.rules.candidates(Scope::Head, story).any(|(_, _, pattern)| pattern.find(story).is_some());
        let apart = gap == column
            && paragraph[..gap].ends_with("  ")
            && (after.starts_with("  ")
                || story.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()));
        if !(apart || furniture) || gap == 0 || story.is_empty() {
            return false;
        }
        // Before the date stand the name of a section, the time of day, a wire.
        let section = &paragraph[column..gap];
        let short = !longer_than(section, 8) && head::all_capitalised(section);
        let mut cut = if short { column } else { gap };
        let before = paragraph[..cut].trim_end();
        let last = before.rsplit("  ").next().unwrap_or_default();
        let wire = wires::only(last);
        if wire.is_some() {
            cut = before.len() - last.len();
        }
        let headline = paragraph[..cut].trim_end().to_owned();
        if headline.is_empty() {
            return false;
        }
        let mut pieces = vec![("date", paragraph[cut..end].trim().to_owned())];
        let mut story = story;
        // A column of buttons may stand before the story.
        while let Some(found) = self
            .rules
            .candidates(Scope::Head, story)
            .find_map(|(_, _, pattern)| pattern.find(story).filter(|found| !found.is_empty()))
        {
            pieces.push(("head_furniture", found.as_str().trim().to_owned()));
            story = &story[found.end()..];
        }
        let story = story.to_owned();
        self.paragraphs[index] = headline;
        self.paragraphs.insert(index + 1, story);
        for gone in &mut self.gone {
            gone.paragraph += usize::from(gone.paragraph > index);
        }
        self.gone.extend(pieces.into_iter().map(|(reason, text)| Gone {
            paragraph: index + 1,
            at: At::Start,
            reason: reason.to_owned(),
            text,
        }));
        self.out.wires.extend(wire);
        self.out.date = Some(found.date);
        true
    }

    fn head_of_paragraph(&mut self, index: usize, title: Option<&head::Title>, place_known: bool) {
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
        let boilerplate = [Scope::Paragraph, Scope::From].into_iter().any(|scope| {
            self.rules
                .candidates(scope, &line)
                .any(|(_, rule, pattern)| words <= rule.max_words && pattern.is_match(&line))
        });
        if boilerplate
            || self.rules.names_in_byline(&line).is_some()
            || self.rules.dates.first(&line).is_some()
        {
            return None;
        }
        let prose = self.paragraphs[index + 1..]
            .iter()
            .filter(|p| p.split_whitespace().count() >= 20 && ends_sentence(p))
            .count();
        (prose >= 2).then_some(line)
    }
}
