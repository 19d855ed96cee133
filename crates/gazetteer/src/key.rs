//! Forms of a name under which spellings of it meet.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The key of a name: small letters of the Latin alphabet without accents, words parted by one space, no other marks. Letters of
/// other scripts stay.
///
/// ```
/// assert_eq!(annals_gazetteer::key("Ma‘arrat an-Nu‘mān"), "maarrat an numan");
/// ```
pub fn key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    push_key(name, &mut key);
    key
}

/// Appends the [`key`] of a name to a buffer, which saves its allocation.
pub fn push_key(name: &str, out: &mut String) {
    let mut writer = KeyWriter { start: out.len(), gap: false, out };
    if name.is_ascii() {
        for byte in name.bytes() {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' => writer.push(byte as char),
                b'A'..=b'Z' => writer.push(byte.to_ascii_lowercase() as char),
                b'\'' | b'`' | b'.' => {}
                _ => writer.gap = true,
            }
        }
        return;
    }
    for character in name.nfd() {
        match character {
            'ı' => writer.push('i'),
            'ø' | 'Ø' => writer.push('o'),
            'ł' | 'Ł' => writer.push('l'),
            'đ' | 'Đ' => writer.push('d'),
            'ə' | 'Ə' => writer.push('a'),
            'ß' => {
                writer.push('s');
                writer.push('s');
            }
            'æ' | 'Æ' => {
                writer.push('a');
                writer.push('e');
            }
            '\''
            | '`'
            | '.'
            | '\u{2b9}'..='\u{2bf}'
            | '\u{2018}'..='\u{201b}'
            | '\u{b4}'
            | '\u{200b}'..='\u{200f}' => {}
            _ if is_combining_mark(character) => {}
            _ if character.is_alphanumeric() => {
                for small in character.to_lowercase().filter(|small| !is_combining_mark(*small)) {
                    writer.push(small);
                }
            }
            _ => writer.gap = true,
        }
    }
}

struct KeyWriter<'a> {
    start: usize,
    /// A mark was passed over since the last letter.
    gap: bool,
    out: &'a mut String,
}

impl KeyWriter<'_> {
    fn push(&mut self, character: char) {
        if self.gap && self.out.len() > self.start {
            self.out.push(' ');
        }
        self.gap = false;
        self.out.push(character);
    }
}

/// Articles of Arabic as they are spelt before a name, assimilated or not, and the Hebrew and English ones.
const ARTICLES: &[&str] = &[
    "al", "el", "ul", "il", "as", "es", "us", "ash", "esh", "ech", "ach", "ar", "er", "ur", "an", "en", "un",
    "at", "et", "ut", "ad", "ed", "ud", "az", "ez", "uz", "adh", "edh", "ath", "eth", "the",
];

/// Whether a word of a key is an article.
pub fn is_article(word: &str) -> bool {
    ARTICLES.contains(&word)
}

/// The consonant skeleton of a key: what most spellings of one name have in common.
///
/// Articles fall away, vowels too but for a first one, doubled letters and final -a, -ah become one; "kh", "gh", "sh", "dh", "th" and
/// their French and Turkish spellings each become one letter; q and k, v and w meet. Empty if nothing is left.
///
/// ```
/// use annals_gazetteer::{key, skeleton};
/// let of = |name| skeleton(&key(name));
/// assert_eq!(of("Ma'arrat al-Numan"), of("Maaret en-Nouman"));
/// assert_eq!(of("Tall Abyad"), of("Tel Abyad"));
/// ```
pub fn skeleton(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    for word in key.split(' ') {
        if is_article(word) {
            continue;
        }
        // An article may be written in one with its name: "assafira", "ezzor"; the doubled letter gives it away.
        let bytes = word.as_bytes();
        let word = match bytes {
            [b'a' | b'e', second, third, _, ..]
                if second == third && !is_vowel(*second) && !out.is_empty() =>
            {
                &word[1..]
            }
            _ => word,
        };
        push_word(word, &mut out);
    }
    out
}

fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u')
}

fn push_word(word: &str, out: &mut String) {
    let bytes = word.as_bytes();
    let first_word = out.is_empty();
    let mut at = 0;
    let mut last = 0u8;
    while at < bytes.len() {
        let byte = bytes[at];
        let next = bytes.get(at + 1).copied().unwrap_or(0);
        let after = bytes.get(at + 2).copied().unwrap_or(0);
        let mut used = 1;
        let letter = match (byte, next) {
            (b't', b'c') if after == b'h' => {
                used = 3;
                b'S'
            }
            (b's' | b'c', b'h') => {
                used = 2;
                b'S'
            }
            (b'k', b'h') => {
                used = 2;
                b'x'
            }
            (b'g', b'h') => {
                used = 2;
                b'g'
            }
            (b'd', b'h') => {
                used = 2;
                b'd'
            }
            (b't', b'h') => {
                used = 2;
                b't'
            }
            (b'p', b'h') => {
                used = 2;
                b'f'
            }
            (b'd', b'j') | (b'z', b'h') => {
                used = 2;
                b'j'
            }
            (b'q' | b'c', _) => b'k',
            (b'm', b'b' | b'p') => b'n',
            // A diphthong's second half is a vowel.
            (b'w', _) if at > 0 && !is_vowel(next) => 0,
            (b'v', _) => b'w',
            (b'y', _) if at > 0 => 0,
            (b'h', _) if at > 0 && !is_vowel(next) && next != b'y' => 0,
            (b'a' | b'e' | b'i' | b'o' | b'u', _) if at == 0 && first_word => b'a',
            (b'a' | b'e' | b'i' | b'o' | b'u', _) => 0,
            (b'a'..=b'z' | b'0'..=b'9', _) => byte,
            _ => 0,
        };
        if letter == 0 {
            // Only letters that touch are doubled ones.
            if is_vowel(byte) {
                last = 0;
            }
            // Letters beyond ASCII stand as they are.
            if !byte.is_ascii() {
                let rest = &word[at..];
                let character = rest.chars().next().unwrap_or(' ');
                out.push(character);
                used = character.len_utf8();
            }
        } else if letter != last || letter == b'a' {
            out.push(letter as char);
            last = letter;
        }
        at += used;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_name_share_a_skeleton() {
        for group in [
            &["Jisr al-Shughour", "Jisr ash-Shughur", "Jisr ech Choghour", "Jisr Shughur"][..],
            &["Deir ez-Zor", "Deir al-Zour", "Dayr az Zawr", "Deir Ezzor", "Deir Ezzour"],
            &["Tel Rifaat", "Tall Rif'at", "Tell Refaat"],
            &["Saraqib", "Saraqeb", "Sarakeb", "Sarāqib"],
            &["Al-Hasakah", "Hasaka", "Hassakeh", "al-Hasakeh"],
            &["Khan Sheikhoun", "Khan Shaykhun", "Khān Shaykhūn"],
            &["Kafr Nabl", "Kafar Nabel", "Kafr Nabil"],
            &["Sweida", "As-Suwayda", "Suwaydā'"],
            &["Manbij", "Menbij", "Mambij"],
            &["Douma", "Duma", "Dūmā"],
            &["Beit Lahia", "Bayt Lahya", "Beit Lahiya"],
            &["Talbiseh", "Talbisa", "Tallbīsah"],
        ] {
            let skeletons: Vec<String> = group.iter().map(|name| skeleton(&key(name))).collect();
            assert!(skeletons.iter().all(|one| *one == skeletons[0]), "{group:?} {skeletons:?}");
        }
    }

    #[test]
    fn other_names_have_another_skeleton() {
        for (one, other) in
            [("Hama", "Homs"), ("Idlib", "Aleppo"), ("Douma", "Daraa"), ("Tal Afar", "Tal Abyad")]
        {
            assert_ne!(skeleton(&key(one)), skeleton(&key(other)));
        }
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(name in ".{0,40}") {
            let once = key(&name);
            prop_assert_eq!(&key(&once), &once);
            let _ = skeleton(&once);
        }
    }
}
