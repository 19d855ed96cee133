//! How the runner's entries look in the store.

use annals_plugin::{Article, Rejected};
use annals_store::{Read, ReadSpace, Space, StoreError};
use serde::{Deserialize, Serialize};

use crate::error::RunError;
use crate::guard::{Given, caught};
use crate::pack::{Kind, Packers};
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
    (bytes, apart.into_iter().map(|(_, value)| value).collect())
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

pub(crate) fn damaged(error: &dyn std::fmt::Display) -> RunError {
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
pub(crate) struct LayerReader<'a> {
    packers: &'a Packers,
    records: Vec<ReadSpace>,
    verdicts: Vec<ReadSpace>,
}

impl<'a> LayerReader<'a> {
    /// For articles as they are after the first `steps` steps.
    pub(crate) fn new(read: &Read, packers: &'a Packers, steps: usize) -> Result<Self, StoreError> {
        let open = |space: fn(u8) -> Space| {
            (0..steps).map(|step| read.space(space(number(step)))).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { packers, records: open(Space::Record)?, verdicts: open(Space::Verdict)? })
    }

    pub(crate) fn layers(&self, key: &[u8], article_id: &str) -> Result<Layers, RunError> {
        let record = |(step, space): (usize, &ReadSpace)| {
            space.get(key)?.map(|record| self.packers.of(step, Kind::Record).unpack(record)).transpose()
        };
        Ok(Layers {
            records: self.records.iter().enumerate().map(record).collect::<Result<_, _>>()?,
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
        let (scanned, told) = decode_pairs(&bytes).unwrap();
        assert_eq!(scanned, [(&b"a"[..], &b"short"[..]), (b"c", b"")]);
        assert_eq!(told, [(&b"b"[..], 2000)]);
        assert_eq!(bulk, [long]);
        // As format 1 has them.
        assert_eq!(decode_pairs(&encode(&pairs)).unwrap().0.len(), 2);
    }

    #[test]
    fn a_basis_survives_its_bytes() {
        let basis = Basis { digest: [7; 16], refused: true, article_id: "0123".to_owned() };
        assert_eq!(Basis::from_bytes(&basis.to_bytes()).unwrap(), basis);
        assert!(Basis::from_bytes(&[1, 2]).is_err());
    }
}
