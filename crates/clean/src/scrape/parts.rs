//! Parts of paragraphs that are taken off: ends, pieces, copies of sentences.

use super::{At, Gone, Text, repeats};
use crate::rules::Scope;

impl Text<'_> {
    /// Rules that look at the end of the text.
    pub(super) fn ends(&mut self) {
        let rules = self.rules;
        let size = self.size();
        // Each round takes something off, so this ends; a text has few such layers.
        for _ in 0..16 {
            let Some(last) = self.paragraphs.iter().rposition(|p| !p.trim().is_empty()) else { return };
            let mut changed = false;
            // Patterns are of bounded length: only the end of a long paragraph can match.
            let paragraph = &self.paragraphs[last];
            let from = floor_boundary(paragraph, paragraph.len().saturating_sub(2000));
            let end = paragraph[from..].to_owned();
            for (_, rule, pattern) in rules.candidates(Scope::End, &end) {
                let Some(found) = pattern.captures(&end) else { continue };
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
    pub(super) fn pieces(&mut self) {
        let rules = self.rules;
        for index in 0..self.paragraphs.len() {
            let candidates: Vec<_> = rules.candidates(Scope::Inside, &self.paragraphs[index]).collect();
            for (_, rule, pattern) in candidates {
                let paragraph = &self.paragraphs[index];
                let mut spans = Vec::new();
                for found in pattern.find_iter(paragraph) {
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
    pub(super) fn repeated(&mut self) {
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
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
