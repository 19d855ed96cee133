//! Texts as sequences of words, compared by hash.
//!
//! A word is a maximal run of letters, digits and underscores, in lower case. In scripts that put no spaces between
//! words each character counts as one, so that a shingle of five is a phrase there too and not five sentences.

use twox_hash::XxHash3_64;

/// Seed of every word's hash. Another seed or hash is another version of the stage.
const SEED: u64 = 0x616e_6e61_6c73_0001;

/// A text cut into words.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// Hash of each word.
    pub(crate) hashes: Vec<u64>,
    /// For each word whether it says something of a story's content: four characters or more.
    pub(crate) telling: Vec<bool>,
    /// Where the words stand, see [`Layout`].
    pub(crate) layout: Vec<u8>,
    /// The words with a blank after each: what is left of a text when case, spaces and punctuation are not looked at.
    pub(crate) normal: Vec<u8>,
}

impl Words {
    /// Reads a text, in place of whatever was read before.
    pub(crate) fn read(&mut self, text: &str) {
        self.hashes.clear();
        self.telling.clear();
        self.layout.clear();
        self.normal.clear();
        let bytes = text.as_bytes();
        let (mut at, mut chars, mut previous_end) = (0, 0_u32, 0_u32);
        while at < bytes.len() {
            let word_from = self.normal.len();
            let start = chars;
            let mut spaceless = false;
            while at < bytes.len() {
                let byte = bytes[at];
                if byte < 0x80 {
                    let lower = ASCII_WORD[usize::from(byte)];
                    if lower == 0 {
                        break;
                    }
                    self.normal.push(lower);
                    at += 1;
                } else {
                    let letter = text[at..].chars().next().expect("`at` stands before a character");
                    if !letter.is_alphanumeric() {
                        break;
                    }
                    spaceless = is_spaceless(letter);
                    if spaceless && chars > start {
                        break;
                    }
                    for lower in letter.to_lowercase() {
                        self.normal.extend_from_slice(lower.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    at += letter.len_utf8();
                }
                chars += 1;
                if spaceless {
                    break;
                }
            }
            if chars > start {
                self.hashes.push(XxHash3_64::oneshot_with_seed(SEED, &self.normal[word_from..]));
                self.telling.push(spaceless || chars - start >= 4);
                Layout::push(&mut self.layout, start - previous_end, chars - start);
                self.normal.push(b' ');
                previous_end = chars;
            } else {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
                chars += 1;
            }
        }
    }
}

/// The lower case of the ASCII characters that words are made of, 0 for all others.
const ASCII_WORD: [u8; 128] = {
    let mut table = [0; 128];
    let mut byte = 0;
    while byte < 128 {
        let c = byte as u8;
        if c.is_ascii_alphanumeric() || c == b'_' {
            table[byte] = c.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// Whether a letter is of a script that is written without spaces: Thai, Lao, Burmese, Khmer, kana, Han.
fn is_spaceless(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Where the words of a text stand, in Unicode characters, in about a byte a word: the distance from the end of the
/// word before, and the word's length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout<'a>(pub(crate) &'a [u8]);

impl Layout<'_> {
    const LONG: u8 = u8::MAX;

    fn push(layout: &mut Vec<u8>, gap: u32, length: u32) {
        if gap < 4 && length < 63 {
            layout.push((gap as u8) << 6 | length as u8);
        } else {
            layout.push(Self::LONG);
            layout.extend_from_slice(&gap.to_le_bytes());
            layout.extend_from_slice(&length.to_le_bytes());
        }
    }

    /// Start and end of each word; stops early if the bytes are not a layout.
    pub(crate) fn spans(self) -> impl Iterator<Item = (u32, u32)> {
        let mut bytes = self.0;
        let mut end = 0_u32;
        std::iter::from_fn(move || {
            let (&first, rest) = bytes.split_first()?;
            let (gap, length) = if first == Self::LONG {
                let (gap, more) = rest.split_first_chunk()?;
                let (length, more) = more.split_first_chunk()?;
                bytes = more;
                (u32::from_le_bytes(*gap), u32::from_le_bytes(*length))
            } else {
                bytes = rest;
                (u32::from(first >> 6), u32::from(first & 63))
            };
            let start = end.wrapping_add(gap);
            end = start.wrapping_add(length);
            Some((start, end))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Words::default();
        words.read(text);
        let chars: Vec<char> = text.chars().collect();
        let spans: Vec<(u32, u32)> = Layout(&words.layout).spans().collect();
        assert_eq!(spans.len(), words.hashes.len());
        spans.iter().map(|&(s, e)| chars[s as usize..e as usize].iter().collect()).collect()
    }

    #[test]
    fn words_keep_their_places() {
        assert_eq!(words("  Émile's 3,500 men — gone."), ["Émile", "s", "3", "500", "men", "gone"]);
        let far = format!("one{}{}", " ".repeat(900), "x".repeat(500));
        assert_eq!(words(&far), ["one".to_owned(), "x".repeat(500)]);
        assert_eq!(words(""), Vec::<String>::new());
        assert_eq!(words("…—\u{0}"), Vec::<String>::new());
    }

    #[test]
    fn scripts_without_spaces_are_read_character_by_character() {
        assert_eq!(words("三人死亡abc"), ["三", "人", "死", "亡", "abc"]);
        assert_eq!(words("abc三"), ["abc", "三"]);
    }

    #[test]
    fn case_spaces_and_punctuation_do_not_count() {
        let (mut a, mut b) = (Words::default(), Words::default());
        a.read("THREE killed, in Ḥamāh");
        b.read("Three  killed\n\nin ḥamāh!");
        assert_eq!((a.hashes, a.normal), (b.hashes, b.normal));
    }
}
