//! Bytes of a page to text, in any encoding that browsers read.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use memchr::memmem;

/// How far a `<meta charset>` is looked for, in bytes. The HTML standard asks browsers for the first 1024; real pages
/// put scripts before it.
const PRESCAN_BYTES: usize = 16 * 1024;

/// Decodes a page.
///
/// The order is: byte order mark; valid UTF-8 (other encodings hardly ever give valid UTF-8 by chance, while pages that
/// were transcoded on their way keep an outdated declaration); the declared encoding; the encoding guessed from the
/// bytes. Malformed sequences become U+FFFD.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, bom)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[bom..]).0;
    }
    let escapes = memchr::memchr(0x1b, bytes).is_some();
    let head = &bytes[..bytes.len().min(PRESCAN_BYTES)];
    let declared = declared_encoding(head);
    if let Ok(text) = std::str::from_utf8(bytes)
        && !(escapes && declared.is_some_and(|e| e.name().starts_with("ISO-2022")))
    {
        return Cow::Borrowed(text);
    }
    let encoding = declared.unwrap_or_else(|| guess(bytes));
    encoding.decode_without_bom_handling(bytes).0
}

/// The encoding that the page declares, if it can be read as the page itself is: a page that could be searched for its
/// declaration byte by byte is not in UTF-16.
fn declared_encoding(head: &[u8]) -> Option<&'static Encoding> {
    let lower = head.to_ascii_lowercase();
    let at = memmem::find(&lower, b"charset=").or_else(|| memmem::find(&lower, b"encoding="))?;
    let value = &lower[at..];
    let start = memchr::memchr(b'=', value)? + 1;
    let label: Vec<u8> = value[start..]
        .iter()
        .copied()
        .skip_while(|b| matches!(b, b'"' | b'\'' | b' '))
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.'))
        .take(40)
        .collect();
    let encoding = Encoding::for_label(&label)?;
    Some(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding })
}

/// The likeliest encoding of undeclared bytes.
fn guess(bytes: &[u8]) -> &'static Encoding {
    // UTF-16 without a byte order mark: every other byte of markup is zero.
    let head = &bytes[..bytes.len().min(512)];
    let zeros = |parity: usize| head.iter().skip(parity).step_by(2).filter(|&&b| b == 0).count();
    if head.len() >= 16 {
        if zeros(1) * 5 > head.len() * 2 {
            return UTF_16LE;
        }
        if zeros(0) * 5 > head.len() * 2 {
            return UTF_16BE;
        }
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    detector.feed(&bytes[..bytes.len().min(256 * 1024)], true);
    detector.guess(None, chardetng::Utf8Detection::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_encodings_that_pages_come_in() {
        let utf16: Vec<u8> = "\u{feff}<p>наступ</p>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&utf16), "<p>наступ</p>");
        let (cp1251, _, _) =
            encoding_rs::WINDOWS_1251.encode("<meta charset=windows-1251><p>Обстрел города продолжался</p>");
        assert_eq!(decode(&cp1251), "<meta charset=windows-1251><p>Обстрел города продолжался</p>");
        let (cp1256, _, _) = encoding_rs::WINDOWS_1256
            .encode("<meta http-equiv=content-type content='text/html; charset=windows-1256'><p>قصف</p>");
        assert!(decode(&cp1256).contains("قصف"));
    }

    #[test]
    fn believes_the_bytes_rather_than_an_outdated_declaration() {
        let page = "<meta charset=\"iso-8859-1\"><p>“Dozens” — señor</p>";
        assert_eq!(decode(page.as_bytes()), page);
    }

    #[test]
    fn guesses_where_nothing_is_declared() {
        let text = "<p>Die Straße war nach dem Anschlag für Stunden gesperrt, hieß es aus Köln.</p>";
        let (latin, _, _) = encoding_rs::WINDOWS_1252.encode(text);
        assert_eq!(decode(&latin), text);
    }
}
