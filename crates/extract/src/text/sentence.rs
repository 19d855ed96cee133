//! Cuts a row of tokens into sentences.

use super::{Case, Kind, Sentence, Token};
use crate::lexicon::{Class, Lexicon};

/// Longer lines than this are paragraphs, not lines that a wire wrapped.
const WRAP_WIDTH: usize = 100;

/// A sentence of more tokens is cut, so that no quote grows with a hostile text.
const LONGEST: usize = 250;

pub(super) fn sentences(text: &str, lower: &str, tokens: &mut [Token], lexicon: &Lexicon) -> Vec<Sentence> {
    let lines = Lines::new(text);
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut paragraph = 0;
    for next in 1..=tokens.len() {
        let gap = match tokens.get(next) {
            None => Gap::Paragraph,
            Some(after) => gap(text, &tokens[next - 1], after, &lines),
        };
        let ends = match gap {
            Gap::Paragraph | Gap::Line => true,
            Gap::Space | Gap::None => next - start >= LONGEST || stops(text, tokens, start, next, gap),
        };
        if ends {
            let sentence = sentence(tokens, start..next, paragraph);
            if sentence.capitals {
                // Where all is in capitals, no word is an acronym for its capitals.
                for token in &mut tokens[start..next] {
                    if token.case == Case::Upper {
                        (token.word, token.classes, token.small) =
                            lexicon.look_up(&lower[token.start as usize..token.end as usize]);
                    }
                }
            }
            sentences.push(sentence);
            start = next;
            paragraph += u32::from(gap == Gap::Paragraph);
        }
    }
    sentences
}

fn sentence(tokens: &[Token], range: std::ops::Range<usize>, paragraph: u32) -> Sentence {
    let (mut upper, mut other) = (0, 0);
    for token in &tokens[range.clone()] {
        match token.case {
            Case::Upper => upper += 1,
            Case::Lower | Case::Title if token.end - token.start > 1 => other += 1,
            _ => {}
        }
    }
    Sentence {
        start: tokens[range.start].start,
        end: tokens[range.end - 1].end,
        capitals: upper > other && upper + other >= 3,
        tokens: range,
        paragraph,
    }
}

/// What parts two tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Space,
    /// A line that was ended on purpose.
    Line,
    Paragraph,
}

fn gap(text: &str, before: &Token, after: &Token, lines: &Lines) -> Gap {
    let between = &text[before.end as usize..after.start as usize];
    match between.bytes().filter(|&byte| byte == b'\n').count() {
        0 if between.is_empty() => Gap::None,
        0 => Gap::Space,
        1 if lines.wrapped(text, before.end as usize, after) => Gap::Space,
        1 => Gap::Line,
        _ => Gap::Paragraph,
    }
}

/// Whether single line ends of a text are the work of a wire that wraps lines, or ends of headlines and paragraphs.
struct Lines {
    /// Width of the wrapped lines, in bytes; `None` if lines are not wrapped.
    width: Option<usize>,
}

impl Lines {
    fn new(text: &str) -> Self {
        let (mut longest, mut long, mut count) = (0, 0, 0);
        for line in text.lines() {
            let length = line.trim().len();
            longest = longest.max(length);
            count += usize::from(length > 0);
            long += usize::from(length >= 50);
        }
        let wrapped = count >= 2 && longest <= WRAP_WIDTH && long * 2 >= count;
        Self { width: wrapped.then_some(longest) }
    }

    /// A wrapped line ends because the next word had no room in it.
    fn wrapped(&self, text: &str, line_end: usize, after: &Token) -> bool {
        let Some(width) = self.width else { return false };
        let line_start = text[..line_end].rfind('\n').map_or(0, |at| at + 1);
        let word = text[after.start as usize..].find(char::is_whitespace).unwrap_or(0);
        // Wires leave some room at the end of a line.
        text[line_start..line_end].trim_start().len() + 1 + word + 12 > width
    }
}

/// Whether a sentence that began at `start` ends between the tokens `next - 1` and `next`.
fn stops(text: &str, tokens: &[Token], start: usize, next: usize, gap: Gap) -> bool {
    // Closing quotes and brackets belong to the sentence that they close.
    let mut stop = next - 1;
    while stop > start && is_closing(text, &tokens[stop]) && tokens[stop].start == tokens[stop - 1].end {
        stop -= 1;
    }
    let mark = first_char(text, &tokens[stop]);
    let closed = stop + 1 < next;
    let acronym = tokens[stop].kind == Kind::Word && text[..tokens[stop].end as usize].ends_with('.');
    let ends = matches!(mark, '.' | '!' | '?' | '\u{2026}') && tokens[stop].kind == Kind::Mark;
    if !ends && !acronym {
        return false;
    }
    let after = &tokens[next];
    if !closed && is_closing(text, after) && gap == Gap::None {
        return false;
    }
    let head = first_char(text, after);
    let opens = after.case == Case::Title
        || after.case == Case::Upper
        || after.kind == Kind::Number
        || matches!(
            head,
            '"' | '\''
                | '\u{201c}'
                | '\u{2018}'
                | '\u{ab}'
                | '['
                | '('
                | '-'
                | '\u{2013}'
                | '\u{2014}'
                | '\u{2022}'
                | '*'
        )
        || head.is_ascii_digit()
        || (head.is_alphabetic() && !head.is_lowercase());
    if !opens {
        return false;
    }
    if gap == Gap::None && !closed {
        // "said.The" lacks a space; "example.Org", "3.The", "U.S." do not end anything.
        let before = stop.checked_sub(1).map(|index| &tokens[index]);
        return mark == '.'
            && after.case == Case::Title
            && after.kind == Kind::Word
            && after.end - after.start > 1
            && before.is_some_and(|token| {
                token.case == Case::Lower && token.end - token.start > 2 && token.end == tokens[stop].start
            })
            || matches!(head, '-' | '\u{2014}');
    }
    if acronym {
        return after.case == Case::Title && after.classes.has(Class::Opener);
    }
    if mark != '.' || stop == start {
        return true;
    }
    let before = &tokens[stop - 1];
    if before.end != tokens[stop].start {
        return true;
    }
    if before.classes.has(Class::TitleAbbreviation) {
        return false;
    }
    if before.classes.has(Class::Abbreviation) {
        return after.classes.has(Class::Opener) && after.kind == Kind::Word;
    }
    // An initial: "J. Harlan".
    let letters = &text[before.start as usize..before.end as usize];
    !(letters.chars().count() == 1 && before.case != Case::None && before.case != Case::Lower)
}

fn is_closing(text: &str, token: &Token) -> bool {
    token.kind == Kind::Mark
        && matches!(first_char(text, token), '"' | '\'' | '\u{201d}' | '\u{2019}' | '\u{bb}' | ')' | ']')
}

fn first_char(text: &str, token: &Token) -> char {
    text[token.start as usize..].chars().next().unwrap_or(' ')
}
