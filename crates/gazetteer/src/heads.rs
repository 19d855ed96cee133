//! Which words begin a name: a Bloom filter (Bloom, 1970), so that most words of a text are passed over without a search.

use fst::raw::{CompiledAddr, Fst};

/// The first words of all names of a gazetteer.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    /// Bits, a power of two of them.
    bits: Vec<u64>,
}

/// Longer words are told apart by their first letters only.
const MOST_LETTERS: usize = 32;
/// Bits a word: with the two that each word sets, one in seventy others is taken for a first word.
const BITS_A_WORD: usize = 16;

impl Heads {
    /// Collects the first words of the keys of a map.
    pub(crate) fn of(names: &Fst<Vec<u8>>) -> Heads {
        let mut hashes = Vec::new();
        each_word(names, names.root().addr(), &mut Vec::new(), &mut |word| hashes.push(hash(word)));
        let size = (hashes.len() * BITS_A_WORD).next_power_of_two().max(64);
        let mut heads = Heads { bits: vec![0; size / 64] };
        for hash in hashes {
            for bit in heads.places(hash) {
                heads.bits[bit / 64] |= 1 << (bit % 64);
            }
        }
        heads
    }

    /// Whether a name may begin with a word; a word that none begins with is taken for one now and then.
    pub(crate) fn may_hold(&self, word: &str) -> bool {
        !self.bits.is_empty()
            && self
                .places(hash(&word.as_bytes()[..word.len().min(MOST_LETTERS)]))
                .into_iter()
                .all(|bit| self.bits[bit / 64] >> (bit % 64) & 1 == 1)
    }

    fn places(&self, hash: u64) -> [usize; 2] {
        let last = self.bits.len() * 64 - 1;
        [(hash >> 32) as usize & last, hash as usize & last]
    }
}

/// After Fowler, Noll and Vo, with a last mix, since words of one ending differ in few bits.
fn hash(word: &[u8]) -> u64 {
    let hash = word.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Calls `visit` with each first word below a node, `word` holding the letters that lead to it.
fn each_word(names: &Fst<Vec<u8>>, node: CompiledAddr, word: &mut Vec<u8>, visit: &mut dyn FnMut(&[u8])) {
    let node = names.node(node);
    if word.len() == MOST_LETTERS {
        visit(word);
        return;
    }
    let mut ends = node.is_final();
    for transition in node.transitions() {
        if transition.inp == b' ' {
            ends = true;
            continue;
        }
        word.push(transition.inp);
        each_word(names, transition.addr, word, visit);
        word.pop();
    }
    if ends && !word.is_empty() {
        visit(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn heads(mut names: Vec<String>) -> Heads {
        names.sort();
        names.dedup();
        let mut builder = fst::raw::Builder::memory();
        for (number, name) in names.iter().enumerate() {
            builder.insert(name, number as u64).unwrap();
        }
        Heads::of(&Fst::new(builder.into_inner().unwrap()).unwrap())
    }

    #[test]
    fn an_empty_map_holds_no_word() {
        assert!(!heads(Vec::new()).may_hold("alpha") && !Heads::default().may_hold("alpha"));
    }

    #[test]
    fn few_other_words_are_taken_for_first_words() {
        let heads = heads((0..10_000).map(|number| format!("name{number} of a place")).collect());
        let wrong = (0..10_000).filter(|number| heads.may_hold(&format!("other{number}"))).count();
        assert!(wrong < 500, "{wrong}");
    }

    proptest! {
        #[test]
        fn every_first_word_is_held(names in proptest::collection::vec("[a-z]{1,6}( [a-z]{1,4}){0,2}", 1..20)) {
            let heads = heads(names.clone());
            for name in names {
                prop_assert!(heads.may_hold(name.split(' ').next().unwrap()));
            }
        }
    }
}
