//! Characters: mojibake, ligatures, odd spaces and mangled apostrophes mended, Unicode brought to NFC.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Mends the characters of a text. Words, quotes and numbers stay as they are; line breaks become `\n`.
pub(crate) fn mend(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    // Each step can bring out work for another: an entity may hide mojibake, which may hide a ligature. Every change
    // but the composition of accents makes the text shorter, so this ends; four rounds are more than real texts need.
    for _ in 0..4 {
        match once(&text) {
            Some(next) => text = Cow::Owned(next),
            None => break,
        }
    }
    text
}

/// One round; `None` if nothing changes.
fn once(text: &str) -> Option<String> {
    if is_sound(text) {
        return match apostrophes(text) {
            Cow::Owned(mended) => (mended != text).then_some(mended),
            Cow::Borrowed(_) => None,
        };
    }
    let mended = entities(text);
    let mended = mojibake(&mended);
    let mended = garbled(&mended);
    let mended = characters(&mended);
    let mended = apostrophes(&mended);
    let mended = if is_nfc(&mended) { mended.into_owned() } else { mended.nfc().collect() };
    (mended != text).then_some(mended)
}

/// Whether a text holds only characters that need no mending: the printable ones of ASCII but those that may begin an
/// entity, the signs of typesetting, and letters with accents that stand alone, as none does in text that was decoded
/// wrongly. Most texts are such, and one look at each byte tells so.
fn is_sound(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b'&' => return false,
            b' '..=b'~' | b'\n' => 1,
            0xe2 if bytes.get(at + 1) == Some(&0x80)
                && matches!(bytes.get(at + 2), Some(0x93 | 0x94 | 0x98 | 0x99 | 0x9c | 0x9d | 0xa6)) =>
            {
                3
            }
            0xc3 if bytes.get(at + 2).is_none_or(u8::is_ascii) => 2,
            _ => return false,
        }
    }
    true
}

static ENTITY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"&(?:amp;)*(?:amp|quot|apos|lt|gt|nbsp|[rl]squo|[rl]dquo|[nm]dash|hellip|bull|middot|shy|#[0-9]{1,6}|#[xX][0-9a-fA-F]{1,5});")
        .expect("the pattern is fixed")
});

/// Character references that a scraper left in plain text.
fn entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    ENTITY.replace_all(text, |found: &Captures<'_>| {
        // What was escaped many times over is brought back at once.
        let name = found[0][1..found[0].len() - 1].rsplit(';').next().unwrap_or_default();
        let code = match name.strip_prefix('#') {
            Some(number) => match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => number.parse().ok(),
            },
            None => None,
        };
        if let Some(code) = code {
            let code = match code {
                0x80..=0x9f => u32::from(windows_1252(code as u8)),
                other => other,
            };
            return char::from_u32(code)
                .filter(|c| *c != '\0')
                .map_or_else(|| found[0].to_owned(), String::from);
        }
        match name {
            "amp" => "&",
            "quot" => "\"",
            "apos" => "'",
            "lt" => "<",
            "gt" => ">",
            "nbsp" => " ",
            "rsquo" => "’",
            "lsquo" => "‘",
            "rdquo" => "”",
            "ldquo" => "“",
            "ndash" => "–",
            "mdash" => "—",
            "hellip" => "…",
            "bull" => "•",
            "middot" => "·",
            _ => "",
        }
        .to_owned()
    })
}

/// The character that a byte stands for in Windows-1252, undefined ones as themselves.
fn windows_1252(byte: u8) -> char {
    encoding_rs::mem::decode_latin1(&[byte])
        .chars()
        .next()
        .filter(|_| !(0x80..0xa0).contains(&byte))
        .unwrap_or_else(|| {
            encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(&[byte])
                .0
                .chars()
                .next()
                .unwrap_or('\u{fffd}')
        })
}

/// The byte that a character stands for in Windows-1252, if it is not ASCII.
fn high_byte(character: char) -> Option<u8> {
    Some(match character {
        '\u{80}'..='\u{ff}' => character as u32 as u8,
        '€' => 0x80,
        '‚' => 0x82,
        'ƒ' => 0x83,
        '„' => 0x84,
        '…' => 0x85,
        '†' => 0x86,
        '‡' => 0x87,
        'ˆ' => 0x88,
        '‰' => 0x89,
        'Š' => 0x8a,
        '‹' => 0x8b,
        'Œ' => 0x8c,
        'Ž' => 0x8e,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        '˜' => 0x98,
        '™' => 0x99,
        'š' => 0x9a,
        '›' => 0x9b,
        'œ' => 0x9c,
        'ž' => 0x9e,
        'Ÿ' => 0x9f,
        _ => return None,
    })
}

/// Characters that no news text holds, so that they are no proof of mojibake: controls and technical symbols.
fn unlikely(character: char) -> bool {
    matches!(character, '\u{80}'..='\u{9f}' | '\u{2300}'..='\u{259f}' | '\u{2800}'..='\u{2bff}')
}

/// UTF-8 that was read as Windows-1252 ("â€™" for an apostrophe), character by character.
fn mojibake(text: &str) -> Cow<'_, str> {
    let lead = |c: char| matches!(c, '\u{c2}'..='\u{f4}');
    if !text.contains(lead) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(lead) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let mut bytes = [0_u8; 4];
        let mut taken = 0;
        let mut wanted = 1;
        let mut length = 0;
        for character in rest.chars().take(4) {
            if length == wanted {
                break;
            }
            let Some(byte) = high_byte(character) else { break };
            if length == 0 {
                wanted = match byte {
                    0xc2..=0xdf => 2,
                    0xe0..=0xef => 3,
                    _ => 4,
                };
            }
            bytes[length] = byte;
            length += 1;
            taken += character.len_utf8();
        }
        match std::str::from_utf8(&bytes[..length]) {
            Ok(mended) if length == wanted && !mended.contains(unlikely) => {
                out.push_str(mended);
                rest = &rest[taken..];
            }
            _ => {
                let first = rest.chars().next().expect("find gave the place of a character");
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Runs of characters left where text was decoded wrongly more than once, told by code points that no encoding uses.
static GARBLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"[_\u{80}-\u{bf}â¾‚„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ\u{fffd}]*",
        r"[\u{81}\u{8d}\u{8f}\u{90}\u{9d}\u{fffd}]",
        r"[_\u{80}-\u{bf}â¾‚„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ\u{fffd}]*",
    ))
    .expect("the pattern is fixed")
});

/// Takes garbled runs out: between letters and a short ending it was an apostrophe, between spaces a dash.
fn garbled(text: &str) -> Cow<'_, str> {
    if !text.contains(['\u{81}', '\u{8d}', '\u{8f}', '\u{90}', '\u{9d}', '\u{fffd}']) {
        return Cow::Borrowed(text);
    }
    GARBLED.replace_all(text, |found: &Captures<'_>| {
        let span = found.get(0).expect("the whole match is always there");
        let before = text[..span.start()].chars().next_back();
        let mut after = text[span.end()..].chars();
        let next = after.next();
        let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        let space = |c: Option<char>| c.is_some_and(char::is_whitespace);
        let ending = text[span.end()..].split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
        if letter(before) && matches!(ending, "s" | "t" | "d" | "m" | "re" | "ve" | "ll") {
            "'"
        } else if before.is_some_and(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric) {
            if letter(before) && letter(next) { "'" } else { " " }
        } else if space(before) && space(next) {
            "—"
        } else {
            ""
        }
    })
}

/// Spaces, ligatures, controls.
fn characters(text: &str) -> Cow<'_, str> {
    let odd = |c: char| {
        !matches!(c, ' '..='~' | '\n' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{61b}' | '\u{61d}'..='\u{167f}' | '‘'..='”' | '–' | '—' | '…' | '\u{2600}'..='\u{d7ff}')
            || c == '\u{3000}'
    };
    if !text.contains(odd) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut after_return = false;
    for character in text.chars() {
        let returned = std::mem::replace(&mut after_return, character == '\r');
        match character {
            '\n' if returned => {}
            '\r' | '\u{85}' | '\u{2028}' | '\u{b}' => out.push('\n'),
            '\u{2029}' | '\u{c}' => out.push_str("\n\n"),
            '\t' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
                out.push(' ')
            }
            // Soft hyphens, zero-width spaces, byte order marks and marks of direction carry no text. Joiners do.
            '\u{ad}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{61c}' => {}
            '\u{80}'..='\u{9f}' => {
                let mended = windows_1252(character as u32 as u8);
                if !matches!(mended, '\u{80}'..='\u{9f}') {
                    out.push(mended);
                }
            }
            '\u{fb00}'..='\u{fb06}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => {
                out.extend(std::iter::once(character).nfkc());
            }
            '\u{2011}' => out.push('-'),
            _ if character.is_control() && character != '\n' => {}
            _ => out.push(character),
        }
    }
    Cow::Owned(out)
}

/// Apostrophes that were parted from their words, or replaced by an accent.
fn apostrophes(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mangled = memchr::memchr(b'`', bytes).is_some()
        || [" '", " ’", "´"].iter().any(|sign| memchr::memmem::find(bytes, sign.as_bytes()).is_some());
    if !mangled {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (at, sign) in text.match_indices(['\'', '’', '´', '`']) {
        let word = text[..at].strip_suffix(' ').unwrap_or(&text[..at]);
        let after = &text[at + sign.len()..];
        let bare = after.strip_prefix(' ').unwrap_or(after);
        let parted = word.len() < at;
        let accent = matches!(sign, "´" | "`");
        let spaced = parted || bare.len() < after.len();
        // A space after it alone: it opens a quotation or closes one.
        if !(parted || accent && !spaced) || word.len() <= copied {
            continue;
        }
        let Some(letter) = word.chars().next_back().filter(|c| c.is_alphabetic()) else { continue };
        let ending = ["s", "t", "re", "ve", "ll"].into_iter().find(|ending| {
            bare.strip_prefix(ending)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        });
        let Some(ending) = ending else { continue };
        // A quoted word may begin with these letters: only the possessive and "n't" are parted by accident.
        if !(ending == "s" || (ending == "t" && letter == 'n') || !spaced) {
            continue;
        }
        out.push_str(&text[copied..word.len()]);
        out.push_str(if accent { "'" } else { sign });
        out.push_str(ending);
        copied = text.len() - bare.len() + ending.len();
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mends_what_decoding_broke() {
        for (broken, whole) in [
            ("Syriaâ€™s army", "Syria’s army"),
            ("cafÃ© in MÃ¡laga", "café in Málaga"),
            ("Al-Qaeda\u{90}_â\u{90}\u{90}_s branch", "Al-Qaeda's branch"),
            ("BEIRUT _\u{90}_â\u{8d}_ Troops", "BEIRUT — Troops"),
            ("the o\u{fb03}ce\u{a0}was of\u{ad}ten hit", "the office was often hit"),
            ("Syria ' s war did n't end", "Syria's war did n't end"),
            ("fire &amp; smoke, &quot;again&quot;", "fire & smoke, \"again\""),
            ("e\u{301}tat", "état"),
            ("fire &amp;amp;amp;amp;amp;amp;amp;quot;again&amp;amp;quot; &amp;amp;", "fire \"again\" &"),
            ("\u{93}No\u{94}", "“No”"),
        ] {
            assert_eq!(mend(broken), whole);
        }
    }

    #[test]
    fn leaves_sound_text_alone() {
        for text in [
            "Il a dit « jamais »",
            "naïve façade",
            "Çağrı Özgür",
            "‘so-called’ truce",
            "می‌خواهم",
            "5,000 – 6,000",
        ] {
            assert_eq!(mend(text), text);
        }
    }
}
