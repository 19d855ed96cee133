//! What is kept of an article: a signature that `finish` reads of every article, and a body that it fetches only of
//! those it compares.

use std::collections::BTreeMap;

use annals_plugin::{Article, StageError};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::words::{Layout, Words};

/// Key prefix of signatures, before the article's id.
pub(crate) const SIGNATURE: u8 = b's';
/// Key prefix of bodies.
pub(crate) const BODY: u8 = b'b';

/// The key under which a partial of an article is stored.
pub(crate) fn key(prefix: u8, article_id: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + article_id.len());
    key.push(prefix);
    key.extend_from_slice(article_id.as_bytes());
    key
}

/// What ranks an article and finds those like it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Signature<'a> {
    /// Seconds since 1970 of the publication, if known.
    pub(crate) published: Option<i64>,
    /// Words of the text.
    pub(crate) words: u32,
    /// Digest of the words: equal for equal texts.
    pub(crate) digest: [u8; 16],
    /// Digest of the body: it tells whether a comparison would come out as before.
    pub(crate) body: u64,
    /// How many shingles winnowing selects; a short text keeps the others as well.
    pub(crate) selected: u32,
    /// The shingles that it is found by, ascending, each once; four bytes each, little endian.
    #[serde(borrow)]
    pub(crate) fingerprints: &'a [u8],
}

/// What a comparison is decided on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Body<'a> {
    /// The first 16 bits of each word's hash, little endian: enough to tell runs of words apart, in half the bytes that their
    /// hashes take, and bytes that can be compressed.
    #[serde(borrow)]
    pub(crate) words: &'a [u8],
    /// Where the words stand.
    #[serde(borrow)]
    pub(crate) layout: &'a [u8],
    /// The telling words of the title, or of the beginning of a text without one, ascending by hash, each with the first
    /// of its places among the text's words.
    pub(crate) title: Vec<(u32, Vec<u32>)>,
}

/// Telling words of a title that are looked at.
const TITLE_WORDS: usize = 24;
/// First words of an untitled text that stand for its title.
const LEAD: usize = 16;
/// Places of a title's word in the text that are kept.
const PLACES: usize = 16;

/// Makes sketches, with buffers that are used again from article to article.
pub(crate) struct Sketcher {
    shingle: usize,
    window: usize,
    words: Words,
    title: Words,
    shingles: Vec<u32>,
    fingerprints: Vec<u32>,
    bytes: Vec<u8>,
}

impl Sketcher {
    /// Sketches with shingles of `shingle` words, of which one in `window` is selected at least, and all of a short text.
    pub(crate) fn new(shingle: usize, window: usize) -> Self {
        Self {
            shingle,
            window,
            words: Words::default(),
            title: Words::default(),
            shingles: Vec::new(),
            fingerprints: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Gives `emit` the prefix and bytes of each partial of an article; none if its text has no word.
    pub(crate) fn sketch(
        &mut self,
        article: &Article,
        mut emit: impl FnMut(u8, &[u8]),
    ) -> Result<(), StageError> {
        self.words.read(&article.text);
        if self.words.hashes.is_empty() {
            return Ok(());
        }
        self.title.read(article.title.as_deref().unwrap_or_default());
        shingles(&self.words.hashes, self.shingle, &mut self.shingles);
        winnow(&self.shingles, self.window, &mut self.fingerprints);
        let selected = self.fingerprints.len() as u32;
        if self.shingles.len() <= 2 * self.window {
            self.fingerprints.clone_from(&self.shingles);
            self.fingerprints.sort_unstable();
            self.fingerprints.dedup();
        }

        let title = title_words(&self.title, &self.words);
        let codes: Vec<u8> = self.words.hashes.iter().flat_map(|hash| code(*hash).to_le_bytes()).collect();
        let body = encode(&Body { words: &codes, layout: &self.words.layout, title })?;
        to_bytes(&self.fingerprints, &mut self.bytes);
        let signature = Signature {
            published: article.published.as_deref().and_then(seconds),
            words: u32::try_from(self.words.hashes.len()).unwrap_or(u32::MAX),
            digest: digest(&self.words.normal),
            body: XxHash3_64::oneshot(&body),
            selected,
            fingerprints: &self.bytes,
        };
        emit(SIGNATURE, &encode(&signature)?);
        emit(BODY, &body);
        Ok(())
    }
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StageError> {
    postcard::to_allocvec(value).map_err(|error| StageError::new("sketch_unwritable", error.to_string()))
}

/// Reads what [`Sketcher::sketch`] wrote.
pub(crate) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, StageError> {
    postcard::from_bytes(bytes).map_err(|error| StageError::new("sketch_unreadable", error.to_string()))
}

fn to_bytes(numbers: &[u32], bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
}

/// The numbers that were written four bytes each.
pub(crate) fn numbers(bytes: &[u8]) -> impl ExactSizeIterator<Item = u32> {
    bytes.chunks_exact(4).map(|four| u32::from_le_bytes(four.try_into().expect("chunks of four bytes")))
}

fn code(word: u64) -> u16 {
    (word >> 48) as u16
}

impl Body<'_> {
    /// Hash of every shingle, in text order. They are comparable among bodies, not with the fingerprints.
    pub(crate) fn shingles(&self, size: usize) -> Vec<u32> {
        let word = |two: &[u8]| mix(u64::from(u16::from_le_bytes([two[0], two[1]])) + 1);
        let words: Vec<u64> = self.words.chunks_exact(2).map(word).collect();
        let mut hashes = Vec::new();
        shingles(&words, size, &mut hashes);
        hashes
    }
}

fn digest(normal: &[u8]) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&blake3::hash(normal).as_bytes()[..16]);
    digest
}

fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}

/// Hash of every run of `size` words, in text order: a polynomial over the words' hashes, rolled on word by word.
fn shingles(words: &[u64], size: usize, out: &mut Vec<u32>) {
    const BASE: u64 = 0xd6e8_feb8_6659_fd93;
    out.clear();
    if words.len() < size {
        return;
    }
    let leaving = (0..size).fold(1_u64, |power, _| power.wrapping_mul(BASE));
    let mut rolled = 0_u64;
    for (i, &word) in words.iter().enumerate() {
        rolled = rolled.wrapping_mul(BASE).wrapping_add(word);
        if i >= size {
            rolled = rolled.wrapping_sub(words[i - size].wrapping_mul(leaving));
        }
        if i + 1 >= size {
            out.push((mix(rolled) >> 32) as u32);
        }
    }
}

/// The least of every `window` consecutive shingles, ascending, each once (winnowing; Schleimer, Wilkerson and Aiken,
/// SIGMOD 2003). Two texts that share `window` shingles in a row share at least one of those selected.
fn winnow(shingles: &[u32], window: usize, out: &mut Vec<u32>) {
    out.clear();
    let Some(first) = shingles.get(..window.min(shingles.len())).filter(|first| !first.is_empty()) else {
        return;
    };
    let least = |from: usize, shingles: &[u32]| {
        let offset =
            (0..shingles.len()).rev().min_by_key(|&i| shingles[i]).expect("a window holds a shingle");
        from + offset
    };
    let mut at = least(0, first);
    out.push(shingles[at]);
    for end in window..shingles.len() {
        let from = end + 1 - window;
        if at < from {
            at = least(from, &shingles[from..=end]);
        } else if shingles[end] <= shingles[at] {
            at = end;
        } else {
            continue;
        }
        out.push(shingles[at]);
    }
    out.sort_unstable();
    out.dedup();
}

/// The telling words of a title, or of the first words of an untitled text, and where they stand in the text.
fn title_words(title: &Words, text: &Words) -> Vec<(u32, Vec<u32>)> {
    let of = if title.telling.contains(&true) { (title, title.hashes.len()) } else { (text, LEAD) };
    let mut places: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for (&word, _) in of.0.hashes.iter().zip(&of.0.telling).take(of.1).filter(|&(_, &telling)| telling) {
        if places.len() < TITLE_WORDS {
            places.entry(word).or_default();
        }
    }
    if places.is_empty() {
        return Vec::new();
    }
    // One bit a word lets nearly every word of the text go by without a look into the map.
    let sieve = places.keys().fold(0_u128, |sieve, word| sieve | 1 << (word & 127));
    for (at, word) in text.hashes.iter().enumerate().filter(|&(_, word)| sieve >> (word & 127) & 1 == 1) {
        if let (Some(places), Ok(at)) = (places.get_mut(word).filter(|p| p.len() < PLACES), u32::try_from(at))
        {
            places.push(at);
        }
    }
    places.into_iter().map(|(word, at)| ((word >> 32) as u32, at)).collect()
}

/// Seconds since 1970 of an ISO 8601 date-time, or of the start of a date; universal time where no offset is given.
fn seconds(iso: &str) -> Option<i64> {
    let utc = |civil: jiff::civil::DateTime| {
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_second())
    };
    iso.parse::<jiff::Timestamp>()
        .map(|timestamp| timestamp.as_second())
        .ok()
        .or_else(|| iso.parse::<jiff::civil::DateTime>().ok().and_then(utc))
        .or_else(|| iso.get(..10)?.parse::<jiff::civil::Date>().ok().and_then(|day| utc(day.at(0, 0, 0, 0))))
}

/// Start and end of the words `from..to` in Unicode characters of the text.
pub(crate) fn span(spans: &[(u32, u32)], from: u32, to: u32) -> Option<(u32, u32)> {
    let start = spans.get(from as usize)?.0;
    let end = spans.get((to as usize).checked_sub(1)?)?.1;
    Some((start, end))
}

/// Start and end of every word of a body.
pub(crate) fn spans(layout: &[u8]) -> Vec<(u32, u32)> {
    Layout(layout).spans().collect()
}
