//! A text cut into sentences and tokens, with offsets in bytes and in characters.

mod sentence;
mod token;

use std::ops::Range;

use crate::language::Language;
use crate::lexicon::{Classes, Set, SmallId, WordId};

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A word, compounds with hyphens and digits among them ("al-Bab", "12-year-old", "U.S.").
    Word,
    /// Digits with their separators ("1,400", "3.5").
    Number,
    /// One mark of punctuation or any other sign.
    Mark,
}

/// How a word is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// No capital at its head.
    Lower,
    /// A capital at its head and small letters after.
    Title,
    /// Capitals throughout, two letters or more.
    Upper,
    /// Not letters.
    None,
}

/// A word, a number or a mark.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// What it is made of.
    pub kind: Kind,
    /// How it is written.
    pub case: Case,
    /// The word in the lexicon, [`WordId::UNKNOWN`] if it is not there.
    pub word: WordId,
    /// What the lexicon says of the word.
    pub classes: Classes,
    /// The word among the small words.
    pub small: SmallId,
}

/// One sentence, headline or fragment.
#[derive(Debug, Clone)]
pub struct Sentence {
    /// First byte of its first token.
    pub start: u32,
    /// Byte after its last token.
    pub end: u32,
    /// Its tokens, as indexes into [`Document::tokens`].
    pub tokens: Range<usize>,
    /// Number of the paragraph, from 0.
    pub paragraph: u32,
    /// Most letters are capitals, so that case says nothing of names.
    pub capitals: bool,
}

/// Characters are counted once a stride, so that an offset costs at most one stride.
const STRIDE: usize = 512;

/// A text with its sentences and tokens.
#[derive(Debug)]
pub struct Document<'a> {
    text: &'a str,
    lower: String,
    tokens: Vec<Token>,
    sentences: Vec<Sentence>,
    /// Characters before each multiple of `STRIDE` bytes; empty for ASCII.
    strides: Vec<u32>,
    language: &'a Language,
}

impl<'a> Document<'a> {
    /// Cuts a text. Cost is linear in its length.
    pub fn new(text: &'a str, language: &'a Language) -> Self {
        let lexicon = &language.lexicon;
        let lower = lower_in_place(text);
        let mut tokens = token::tokens(text, &lower, lexicon);
        let sentences = sentence::sentences(text, &lower, &mut tokens, lexicon);
        let strides = if text.is_ascii() { Vec::new() } else { strides(text) };
        Self { text, lower, tokens, sentences, strides, language }
    }

    /// The language that it is read in.
    pub fn language(&self) -> &'a Language {
        self.language
    }

    /// The text as it came.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The text in small letters, with the same byte offsets as the text.
    pub fn lower_text(&self) -> &str {
        &self.lower
    }

    /// All tokens.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// All sentences, in order; together they hold every token.
    pub fn sentences(&self) -> &[Sentence] {
        &self.sentences
    }

    /// A token as written.
    pub fn word(&self, token: usize) -> &'a str {
        let token = &self.tokens[token];
        &self.text[token.start as usize..token.end as usize]
    }

    /// A token in small letters.
    pub fn lower(&self, token: usize) -> &str {
        let token = &self.tokens[token];
        &self.lower[token.start as usize..token.end as usize]
    }

    /// Whether a token is a small word of a set.
    pub fn is(&self, token: usize, set: Set) -> bool {
        self.language.sets.holds(self.tokens[token].small, set)
    }

    /// The text from the first to the last of some tokens, as written.
    pub fn span(&self, tokens: &Range<usize>) -> &'a str {
        if tokens.is_empty() {
            return "";
        }
        let start = self.tokens[tokens.start].start as usize;
        let end = self.tokens[tokens.end - 1].end as usize;
        &self.text[start..end]
    }

    /// A sentence as written.
    pub fn sentence(&self, index: usize) -> &'a str {
        let sentence = &self.sentences[index];
        &self.text[sentence.start as usize..sentence.end as usize]
    }

    /// The sentence that holds a token.
    pub fn sentence_of(&self, token: usize) -> usize {
        self.sentences.partition_point(|sentence| sentence.tokens.end <= token)
    }

    /// Number of Unicode characters before a byte, which must lie on a character's edge.
    pub fn char_offset(&self, byte: usize) -> u32 {
        match self.strides.get(byte / STRIDE) {
            None => byte as u32,
            Some(&before) => {
                let mut from = byte / STRIDE * STRIDE;
                // A character that began in the stride before was counted there.
                while !self.text.is_char_boundary(from) {
                    from += 1;
                }
                before + self.text[from.min(byte)..byte].chars().count() as u32
            }
        }
    }
}

/// Small letters wherever they take as many bytes as the capital, so that offsets stay.
fn lower_in_place(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut lower = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !byte.is_ascii()) {
        let start = lower.len();
        lower.push_str(&rest[..at]);
        lower[start..].make_ascii_lowercase();
        let Some(character) = rest[at..].chars().next() else { break };
        let mut small = character.to_lowercase();
        match (small.next(), small.next()) {
            (Some(one), None) if one.len_utf8() == character.len_utf8() => lower.push(one),
            _ => lower.push(character),
        }
        rest = &rest[at + character.len_utf8()..];
    }
    let start = lower.len();
    lower.push_str(rest);
    lower[start..].make_ascii_lowercase();
    lower
}

/// Characters that begin before each multiple of `STRIDE` bytes.
fn strides(text: &str) -> Vec<u32> {
    let mut strides = Vec::with_capacity(text.len() / STRIDE + 1);
    let mut count = 0;
    for chunk in text.as_bytes().chunks(STRIDE) {
        strides.push(count);
        count += chunk.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() as u32;
    }
    if text.len().is_multiple_of(STRIDE) {
        strides.push(count);
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<String> {
        let language = Language::english();
        let document = Document::new(text, language);
        (0..document.sentences().len()).map(|index| document.sentence(index).to_owned()).collect()
    }

    fn words(text: &str) -> Vec<String> {
        let language = Language::english();
        let document = Document::new(text, language);
        (0..document.tokens().len()).map(|index| document.word(index).to_owned()).collect()
    }

    #[test]
    fn titles_initials_and_quotes_do_not_end_a_sentence() {
        for (text, count) in [
            ("Sgt. Marlow said two men died. He gave no names.", 2),
            ("Gov. J. Harlan was in the U.S. on Monday. He left.", 2),
            ("It was 9 a.m. when the shell fell.", 1),
            ("The blast was at 9 a.m. Two people died.", 2),
            ("\u{201c}Two died.\u{201d} The mayor wept.", 2),
            ("\"Did they die?\" he asked.", 1),
            ("Detachment No. 4 lost 3.5 tons of flour.", 1),
            ("They fled.The town is empty.", 2),
            ("See www.example.org for more.", 1),
        ] {
            assert_eq!(cut(text).len(), count, "{:?}", cut(text));
        }
    }

    #[test]
    fn a_headline_stands_apart_and_a_wrapped_line_does_not() {
        assert_eq!(cut("Four die in raid\n\nFour people died in a raid.").len(), 2);
        assert_eq!(
            cut("Four die in raid\nFour people died in a raid, the mayor of the town said late on Friday.")
                .len(),
            2
        );
        let wrapped = "THE MAYOR OF THE TOWN SAID THAT AT LEAST FOUR PEOPLE HAD DIED IN THE RAID ON\nTHE MARKET OF SAN LUIS.  HE GAVE NO NAMES.";
        assert_eq!(cut(wrapped).len(), 2, "{:?}", cut(wrapped));
    }

    #[test]
    fn words_keep_hyphens_and_numbers_their_separators() {
        assert_eq!(
            words("a 12-year-old, 1,400 dead; 12-15 in al-Bab's north"),
            ["a", "12-year-old", ",", "1,400", "dead", ";", "12", "-", "15", "in", "al-Bab", "'s", "north"]
        );
        assert_eq!(
            words("wasn't hit. U.S. aid, $3.5"),
            ["was", "n't", "hit", ".", "U.S.", "aid", ",", "$", "3.5"]
        );
    }

    proptest! {
        #[test]
        fn sentences_hold_every_token_in_order(text in "(?s).{0,400}") {
            let language = Language::english();
            let document = Document::new(&text, language);
            let mut next = 0;
            for sentence in document.sentences() {
                prop_assert_eq!(sentence.tokens.start, next);
                prop_assert!(sentence.tokens.end > sentence.tokens.start);
                next = sentence.tokens.end;
                prop_assert_eq!(sentence.start, document.tokens()[sentence.tokens.start].start);
                prop_assert_eq!(sentence.end, document.tokens()[sentence.tokens.end - 1].end);
            }
            prop_assert_eq!(next, document.tokens().len());
        }

        #[test]
        fn char_offsets_count_characters(text in "(?s)[a-zé\u{5d0}\u{1f525} .\n]{0,3000}") {
            let language = Language::english();
            let document = Document::new(&text, language);
            for (count, (byte, _)) in text.char_indices().enumerate() {
                prop_assert_eq!(document.char_offset(byte) as usize, count);
            }
            prop_assert_eq!(document.char_offset(text.len()) as usize, text.chars().count());
        }
    }
}
