//! How the runner's entries look in the store.

use std::borrow::Cow;
use std::cell::RefCell;

use annals_plugin::{Article, Rejected};
use annals_store::{Read, ReadSpace, Space, StoreError};
use serde::{Deserialize, Serialize};

use crate::error::RunError;
use crate::guard::{Given, caught};
use crate::plan::Step;

/// Key of the records of a step: they sort by path, then by their number in the file.
pub(crate) fn record_key(path: &str, number: u32) -> Vec<u8> {
    let mut key = file_prefix(path);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// What the keys of all records of a file start with.
pub(crate) fn file_prefix(path: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(path.len() + 5);
    key.extend_from_slice(path.as_bytes());
    key.push(0);
    key
}

/// What is known of an input file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    pub(crate) len: u64,
    /// Time of the last change, in nanoseconds since 1970, if the file system tells it.
    pub(crate) modified: Option<u64>,
    /// BLAKE3 of the content.
    pub(crate) digest: [u8; 32],
    /// Fingerprint of the first step when it was read.
    pub(crate) fingerprint: [u8; 16],
    pub(crate) records: u32,
    pub(crate) rejected: Vec<Rejected>,
}

/// What a record of a step was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Basis {
    pub(crate) digest: [u8; 16],
    pub(crate) refused: bool,
    pub(crate) article_id: String,
}

impl Basis {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.digest.to_vec();
        bytes.push(u8::from(self.refused));
        bytes.extend_from_slice(self.article_id.as_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, RunError> {
        let damaged =
            || RunError::Other("the state is damaged: run with --rebuild to make it anew".to_owned());
        let (digest, rest) = bytes.split_first_chunk::<16>().ok_or_else(damaged)?;
        let (flag, id) = rest.split_first().ok_or_else(damaged)?;
        let article_id = String::from_utf8(id.to_vec()).map_err(|_| damaged())?;
        Ok(Self { digest: *digest, refused: *flag != 0, article_id })
    }
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).expect("records hold nothing that cannot be encoded")
}

pub(crate) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, RunError> {
    postcard::from_bytes(bytes).map_err(|error| damaged(&error))
}

/// Partial results of a record as stored: those that are scanned, with the keys and lengths of those that are not, and the
/// latter's values, which lie apart.
pub(crate) fn encode_pairs(given: Given) -> (Vec<u8>, Vec<Vec<u8>>) {
    let Given { pairs, apart } = given;
    let told: Vec<(&[u8], u32)> =
        apart.iter().map(|(key, value)| (&key[..], u32::try_from(value.len()).unwrap_or(u32::MAX))).collect();
    let mut bytes = encode(&pairs);
    if !told.is_empty() {
        bytes.extend(encode(&told));
    }
    (pack(bytes), apart.into_iter().map(|(_, value)| pack(value)).collect())
}

/// Keys and values of the partial results that are scanned, keys and lengths of those apart, of which a state of format 1 has
/// none.
pub(crate) type StoredPairs<'a> = (Vec<(&'a [u8], &'a [u8])>, Vec<(&'a [u8], u32)>);

pub(crate) fn decode_pairs(bytes: &[u8]) -> Result<StoredPairs<'_>, RunError> {
    let (mut short, mut long) = (Vec::new(), Vec::new());
    visit_pairs::<RunError>(
        bytes,
        |key, value| {
            short.push((key, value));
            Ok(())
        },
        |_, key, length| {
            long.push((key, length));
            Ok(())
        },
    )?;
    Ok((short, long))
}

/// Visits the keys and values of the partial results that are scanned, then number, key and length of those apart.
pub(crate) fn visit_pairs<'b, E: From<RunError>>(
    bytes: &'b [u8],
    mut short: impl FnMut(&'b [u8], &'b [u8]) -> Result<(), E>,
    mut long: impl FnMut(usize, &'b [u8], u32) -> Result<(), E>,
) -> Result<(), E> {
    fn take<'b, T: Deserialize<'b>>(bytes: &mut &'b [u8]) -> Result<T, RunError> {
        let (value, rest) = postcard::take_from_bytes(bytes).map_err(|error| damaged(&error))?;
        *bytes = rest;
        Ok(value)
    }
    let mut bytes = bytes;
    for _ in 0..take::<usize>(&mut bytes)? {
        let (key, value) = take(&mut bytes)?;
        short(key, value)?;
    }
    if !bytes.is_empty() {
        for number in 0..take::<usize>(&mut bytes)? {
            let (key, length) = take(&mut bytes)?;
            long(number, key, length)?;
        }
    }
    Ok(())
}

/// The key of a long value: that of its record, and its number among the long ones.
pub(crate) fn bulk_key(record: &[u8], number: usize) -> Vec<u8> {
    let number = u16::try_from(number).unwrap_or(u16::MAX);
    [record, &number.to_be_bytes()].concat()
}

/// Compresses a value of the store, if that makes it shorter.
pub(crate) fn pack(value: Vec<u8>) -> Vec<u8> {
    thread_local! {
        static PACKER: RefCell<Option<zstd::bulk::Compressor<'static>>> =
            RefCell::new(zstd::bulk::Compressor::new(LEVEL).ok());
    }
    let packed = PACKER.with_borrow_mut(|packer| packer.as_mut()?.compress(&value).ok());
    // What looks like compressed is compressed once more, so that it comes back as it was.
    packed.filter(|packed| packed.len() < value.len() || value.starts_with(&FRAME)).unwrap_or(value)
}

/// Undoes [`pack`]. The records of a state of format 1, which are not compressed, start with the length of a text and the text,
/// which no Zstandard frame does.
pub(crate) fn unpack(value: Vec<u8>) -> Result<Vec<u8>, RunError> {
    if value.starts_with(&FRAME) { decompress(&value) } else { Ok(value) }
}

/// Undoes [`pack`] of a value that need not be copied if it was left as it is.
pub(crate) fn unpacked(value: &[u8]) -> Result<Cow<'_, [u8]>, RunError> {
    if value.starts_with(&FRAME) { decompress(value).map(Cow::Owned) } else { Ok(Cow::Borrowed(value)) }
}

fn decompress(value: &[u8]) -> Result<Vec<u8>, RunError> {
    thread_local! {
        static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> =
            RefCell::new(zstd::bulk::Decompressor::new().ok());
    }
    let length = zstd::zstd_safe::get_frame_content_size(value).ok().flatten();
    let length =
        length.and_then(|length| usize::try_from(length).ok()).filter(|&length| length <= MOST_BYTES);
    let length = length.ok_or_else(|| damaged(&"a value of impossible length"))?;
    UNPACKER.with_borrow_mut(|unpacker| match unpacker {
        Some(unpacker) => unpacker.decompress(value, length).map_err(|error| damaged(&error)),
        None => zstd::stream::decode_all(value).map_err(|error| damaged(&error)),
    })
}

/// Bytes of a value at the most: what the store takes.
const MOST_BYTES: usize = 3 << 30;
/// The first bytes of a Zstandard frame (RFC 8878).
const FRAME: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
/// Level of compression.
const LEVEL: i32 = 3;

fn damaged(error: &dyn std::fmt::Display) -> RunError {
    RunError::Other(format!("the state is damaged ({error}): run with --rebuild to make it anew"))
}

/// The layers that an article is made of: its record after each step, and the verdict of each corpus pass.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers {
    records: Vec<Option<Vec<u8>>>,
    verdicts: Vec<Option<Vec<u8>>>,
}

impl Layers {
    /// Puts the article together.
    pub(crate) fn article(&self, steps: &[Step]) -> Result<Article, RunError> {
        let mut article: Option<Article> = None;
        for (index, (record, verdict)) in self.records.iter().zip(&self.verdicts).enumerate() {
            if let Some(record) = record {
                let newer: Article = decode(record)?;
                match &mut article {
                    None => article = Some(newer),
                    Some(base) => base.overlay(newer, &steps[index].writes),
                }
            }
            if let (Some(article), Some(verdict), Some(corpus)) =
                (&mut article, verdict, &steps[index].corpus)
            {
                caught(|| corpus.run.apply(verdict, article))?;
            }
        }
        article.ok_or_else(|| {
            RunError::Other("the state is damaged: run with --rebuild to make it anew".to_owned())
        })
    }
}

/// Reads the layers of the steps before a given one.
pub(crate) struct LayerReader {
    records: Vec<ReadSpace>,
    verdicts: Vec<ReadSpace>,
}

impl LayerReader {
    /// For articles as they are after the first `steps` steps.
    pub(crate) fn new(read: &Read, steps: usize) -> Result<Self, StoreError> {
        let open = |space: fn(u8) -> Space| {
            (0..steps).map(|step| read.space(space(number(step)))).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { records: open(Space::Record)?, verdicts: open(Space::Verdict)? })
    }

    pub(crate) fn layers(&self, key: &[u8], article_id: &str) -> Result<Layers, RunError> {
        let record = |space: &ReadSpace| space.get(key)?.map(unpack).transpose();
        Ok(Layers {
            records: self.records.iter().map(record).collect::<Result<_, _>>()?,
            verdicts: self
                .verdicts
                .iter()
                .map(|space| space.get(article_id.as_bytes()))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The verdict of the last of the steps.
    pub(crate) fn last_verdict(&self, article_id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.verdicts.last().map_or(Ok(None), |space| space.get(article_id.as_bytes()))
    }
}

/// The number of a step as it stands in a [`Space`].
pub(crate) fn number(step: usize) -> u8 {
    u8::try_from(step).expect("a pipeline has at most 100 stages of at most two passes")
}

/// Digest of parts, each with its length, so that no two lists give the same bytes.
pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut out = [0; 16];
    out.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_path_and_number() {
        let mut keys = [record_key("b", 1), record_key("a", 256), record_key("a/x", 1), record_key("a", 2)];
        keys.sort();
        assert_eq!(
            keys,
            [record_key("a", 2), record_key("a", 256), record_key("a/x", 1), record_key("b", 1)]
        );
        assert!(!record_key("ab", 1).starts_with(&file_prefix("a")));
    }

    #[test]
    fn partial_results_survive_their_bytes() {
        let long = b"long ".repeat(400);
        let pairs = vec![(b"a".to_vec(), b"short".to_vec()), (b"c".to_vec(), vec![])];
        let apart = vec![(b"b".to_vec(), long.clone())];
        let (bytes, bulk) = encode_pairs(Given { pairs: pairs.clone(), apart });
        let bytes = unpack(bytes).unwrap();
        let (scanned, told) = decode_pairs(&bytes).unwrap();
        assert_eq!(scanned, [(&b"a"[..], &b"short"[..]), (b"c", b"")]);
        assert_eq!(told, [(&b"b"[..], 2000)]);
        assert!(bulk[0].len() < 100);
        assert_eq!(unpack(bulk[0].clone()).unwrap(), long);
        // As format 1 has them.
        assert_eq!(decode_pairs(&encode(&pairs)).unwrap().0.len(), 2);
    }

    #[test]
    fn what_does_not_shrink_stays_as_it_is() {
        let noise: Vec<u8> = (0..64_u8).map(|n| n.wrapping_mul(167) ^ 90).collect();
        assert_eq!(pack(noise.clone()), noise);
        assert_eq!(unpack(noise.clone()).unwrap(), noise);
    }

    #[test]
    fn a_basis_survives_its_bytes() {
        let basis = Basis { digest: [7; 16], refused: true, article_id: "0123".to_owned() };
        assert_eq!(Basis::from_bytes(&basis.to_bytes()).unwrap(), basis);
        assert!(Basis::from_bytes(&[1, 2]).is_err());
    }
}
