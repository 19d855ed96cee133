//! Names figures and incidents by what they say, so that an edit elsewhere in the article leaves their ids as they are.

use rustc_hash::FxHashMap;

/// Gives the ids of one article.
pub(super) struct Namer<'a> {
    article_id: &'a str,
    /// How often each digest was met.
    met: FxHashMap<[u8; 8], u32>,
    /// The sentence named last, by its number, and its digest: many figures may stand in one.
    sentence: Option<(usize, blake3::Hash)>,
}

impl<'a> Namer<'a> {
    pub(super) fn new(article_id: &'a str) -> Self {
        Self { article_id, met: FxHashMap::default(), sentence: None }
    }

    /// The incident that headline and lead are about stays the same one, however its wording is revised.
    pub(super) fn main(&self) -> String {
        format!("{}-main", self.article_id)
    }

    /// The id of what some parts of a sentence say, headed by a letter for its kind. What is said again in the same words is told apart
    /// by its turn.
    pub(super) fn name(&mut self, kind: char, number: usize, sentence: &str, parts: &[&str]) -> String {
        let sentence = match self.sentence {
            Some((last, digest)) if last == number => digest,
            _ => self.sentence.insert((number, blake3::hash(sentence.as_bytes()))).1,
        };
        let mut hasher = blake3::Hasher::new();
        let mut add = |part: &[u8]| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        };
        add(&[kind as u8]);
        add(sentence.as_bytes());
        parts.iter().for_each(|part| add(part.as_bytes()));
        let mut digest = short(&hasher);
        let turn = self.met.entry(digest).or_default();
        *turn += 1;
        if *turn > 1 {
            hasher.update(&turn.to_le_bytes());
            digest = short(&hasher);
        }
        format!("{}-{kind}{:016x}", self.article_id, u64::from_be_bytes(digest))
    }
}

fn short(hasher: &blake3::Hasher) -> [u8; 8] {
    let mut digest = [0; 8];
    digest.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_have_the_same_id_and_their_repetition_another() {
        let first_of = |namer: &mut Namer<'_>| namer.name('c', 0, "Nine died.", &["0", "killed"]);
        let mut namer = Namer::new("a");
        let first = first_of(&mut namer);
        let again = namer.name('c', 3, "Nine died.", &["0", "killed"]);
        let other = namer.name('i', 3, "Nine died.", &["0", "killed"]);
        assert_eq!(first, first_of(&mut Namer::new("a")));
        assert!(first != again && first != other && first.len() == "a-c".len() + 16);
    }

    #[test]
    fn sentences_and_parts_are_kept_apart() {
        let mut namer = Namer::new("a");
        let ids = [
            namer.name('c', 0, "Nine died.", &["ab", "c"]),
            namer.name('c', 0, "Nine died.", &["a", "bc"]),
            namer.name('c', 1, "Ten died.", &["a", "bc"]),
        ];
        assert!(ids[0] != ids[1] && ids[1] != ids[2]);
    }
}
