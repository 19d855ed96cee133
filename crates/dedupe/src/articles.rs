//! What is known of all articles but for their fingerprints.

use std::cmp::{Ordering, Reverse};
use std::ops::Range;

use annals_plugin::StageError;
use rustc_hash::{FxBuildHasher, FxHashMap};
use twox_hash::XxHash3_64;

use crate::sketch::{SIGNATURE, Signature, key, numbers};

/// What is known of an article but for its fingerprints.
#[derive(Debug, Clone)]
pub(crate) struct Doc {
    /// Digest of all that is known of it.
    pub(crate) sketch: u64,
    pub(crate) published: i64,
    id: usize,
    id_length: u32,
    pub(crate) words: u32,
    /// Fingerprints that winnowing selects.
    pub(crate) selected: u32,
    /// Fingerprints, with those that no other article has.
    pub(crate) all: u32,
    /// Digest of its words; of an article that was placed before only if a new one may have the same.
    pub(crate) digest: Option<[u8; 16]>,
    pub(crate) slots: Range<usize>,
}

/// Articles by number.
#[derive(Debug, Default)]
pub(crate) struct Articles {
    pub(crate) docs: Vec<Doc>,
    ids: String,
}

/// Digest of all that is known of an article but its fingerprints, which follow from its words.
fn sketch(id: &str, signature: &Signature<'_>) -> u64 {
    let Signature { published, words, digest, body, selected, .. } = signature;
    let mut told = [0; 48];
    told[..8].copy_from_slice(&XxHash3_64::oneshot(&key(SIGNATURE, id)).to_le_bytes());
    told[8..16].copy_from_slice(&published.unwrap_or(i64::MAX).to_le_bytes());
    told[16..32].copy_from_slice(digest);
    told[32..40].copy_from_slice(&body.to_le_bytes());
    told[40..44].copy_from_slice(&words.to_le_bytes());
    told[44..].copy_from_slice(&selected.to_le_bytes());
    XxHash3_64::oneshot(&told)
}

/// The id of the article that a signature's key names.
pub(crate) fn id_of(key: &[u8]) -> Result<&str, StageError> {
    std::str::from_utf8(key.get(1..).unwrap_or_default())
        .map_err(|error| StageError::new("sketch_unreadable", error.to_string()))
}

impl Articles {
    /// Adds an article.
    pub(crate) fn add(&mut self, id: &str, signature: &Signature<'_>) {
        let doc = Doc {
            sketch: sketch(id, signature),
            published: signature.published.unwrap_or(i64::MAX),
            id: 0,
            id_length: 0,
            words: signature.words,
            selected: signature.selected,
            all: numbers(signature.fingerprints).len() as u32,
            digest: Some(signature.digest),
            slots: 0..0,
        };
        self.push(id, doc);
    }

    /// Adds an article that was known before.
    pub(crate) fn bring_back(&mut self, id: &str, sketch: u64, published: i64, counts: [u32; 3]) {
        let [words, selected, all] = counts;
        let (digest, slots) = (None, 0..0);
        self.push(id, Doc { sketch, published, id: 0, id_length: 0, words, selected, all, digest, slots });
    }

    fn push(&mut self, id: &str, doc: Doc) {
        let id_length = u32::try_from(id.len()).expect("an id is shorter than 4 GiB");
        self.docs.push(Doc { id: self.ids.len(), id_length, ..doc });
        self.ids.push_str(id);
    }

    /// Makes room for so many articles, and bytes of their ids.
    pub(crate) fn reserve(&mut self, docs: usize, ids: usize) {
        self.docs.reserve_exact(docs);
        self.ids.reserve_exact(ids);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u32 {
        self.docs.len() as u32
    }

    /// The id of an article.
    pub(crate) fn id(&self, doc: u32) -> &str {
        self.id_of(&self.docs[doc as usize])
    }

    fn id_of(&self, doc: &Doc) -> &str {
        &self.ids[doc.id..doc.id + doc.id_length as usize]
    }

    /// Some of the articles by their ids.
    pub(crate) fn by_id(&self, docs: Range<usize>) -> FxHashMap<&str, u32> {
        let mut by_id = FxHashMap::with_capacity_and_hasher(docs.len(), FxBuildHasher);
        let first = docs.start as u32;
        by_id.extend(self.docs[docs].iter().map(|doc| self.id_of(doc)).zip(first..));
        by_id
    }

    /// Numbers the articles anew, in the order of their claims to stay: the earliest published first, then the longest, then by
    /// id. Gives the new number of each.
    pub(crate) fn arrange(&mut self) -> Vec<u32> {
        // The keys stand beside one another, since looking each up where it lies costs more than sorting.
        let mut order: Vec<_> = (0..)
            .zip(&self.docs)
            .map(|(at, doc): (u32, _)| {
                (doc.published, Reverse(doc.words), start_of(self.id_of(doc).as_bytes()), at)
            })
            .collect();
        order.sort_unstable_by(|a, b| {
            (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then_with(|| self.id(a.3).cmp(self.id(b.3)))
        });
        self.docs = order.iter().map(|&(.., at)| self.docs[at as usize].clone()).collect();
        let mut rank_of = vec![0; order.len()];
        (0..).zip(order).for_each(|(rank, (.., at))| rank_of[at as usize] = rank);
        rank_of
    }

    /// Orders an article of these by its claim to stay against one of others.
    pub(crate) fn compare(&self, doc: &Doc, others: &Self, other: &Doc) -> Ordering {
        let claim = |doc: &Doc| (doc.published, Reverse(doc.words));
        claim(doc).cmp(&claim(other)).then_with(|| self.id_of(doc).cmp(others.id_of(other)))
    }

    /// Puts `others` among these articles from number `first` on, of which those in `gone` are left out. All are in the order
    /// of their claims to stay, and so are `others`.
    pub(crate) fn update(&mut self, first: u32, gone: &[u32], others: &Self) {
        let tail = self.docs.split_off(first as usize);
        let stays = |(doc, _): &(u32, Doc)| gone.binary_search(doc).is_err();
        let mut tail = (first..).zip(tail).filter(stays).map(|(_, doc)| doc).peekable();
        for other in &others.docs {
            while let Some(doc) = tail.next_if(|doc| self.compare(doc, others, other) == Ordering::Less) {
                self.docs.push(doc);
            }
            self.push(others.id_of(other), other.clone());
        }
        self.docs.extend(tail);
    }
}

/// The first eight bytes of an id, which sort as it does.
fn start_of(id: &[u8]) -> u64 {
    let mut start = [0; 8];
    let length = id.len().min(8);
    start[..length].copy_from_slice(&id[..length]);
    u64::from_be_bytes(start)
}
