//! Paragraphs that are taken off as a whole.

use std::collections::BTreeMap;

use regex::Regex;

use super::paragraphs::{collapse, ends_sentence};
use super::{HEAD_PARAGRAPHS, Text, longer_than};
use crate::rules::Scope;

impl Text<'_> {
    /// Rules that look at whole paragraphs.
    pub(super) fn whole_paragraphs(&mut self) {
        let rules = self.rules;
        let size = self.size();
        // What each rule matches, rules in the order of the file.
        let mut matched: BTreeMap<usize, Vec<(usize, String, &Regex)>> = BTreeMap::new();
        for (index, paragraph) in self.paragraphs.iter().enumerate() {
            if paragraph.is_empty() || longer_than(paragraph, rules.longest_paragraph) {
                continue;
            }
            let line = collapse(paragraph);
            let mut last = None;
            for (number, rule, pattern) in rules.candidates(Scope::Paragraph, &line) {
                if last != Some(number)
                    && !longer_than(&line, rule.max_words)
                    && pattern.is_match(&line)
                    && !self.carries_toll(&line)
                {
                    last = Some(number);
                    matched.entry(number).or_default().push((index, line.clone(), pattern));
                }
            }
        }
        for (number, mut lines) in matched {
            let rule = &rules.rules[number];
            // A rule before this one may have taken some of them.
            lines.retain(|(index, ..)| !self.paragraphs[*index].is_empty());
            let bytes: usize = lines.iter().map(|(index, ..)| self.paragraphs[*index].len()).sum();
            if bytes * 2 > size {
                self.out.withheld.insert(rule.name.clone());
                continue;
            }
            for (index, line, pattern) in lines {
                self.learn_from(&rule.name, &line, pattern.captures(&line).as_ref());
                self.drop_paragraph(index, &rule.name);
            }
        }
    }

    /// A line without a sentence's end right after a photo's credit is what the photo shows.
    pub(super) fn captions_after_credits(&mut self) {
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
    pub(super) fn lists_of_other_stories(&mut self) {
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
            let Some((_, rule, _)) = rules
                .candidates(Scope::From, &line)
                .find(|(_, rule, pattern)| !longer_than(&line, rule.max_words) && pattern.is_match(&line))
            else {
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
}

fn quoted_or_two_sentences(text: &str) -> bool {
    text.contains(['“', '"', '”']) || text.contains(". ")
}
