//! Which articles hold a fingerprint.

/// A fingerprint that is of no more use than furniture: so many articles hold it which are no copies of one another.
pub(crate) const COMMON: u32 = 64;

/// Where the holders of a fingerprint are listed.
pub(crate) type Slot = u32;

/// How many articles hold a fingerprint, and where they are to be listed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Holders {
    pub(crate) count: u32,
    slot: Option<Slot>,
}

impl Holders {
    /// Where they are listed, after lists of this `length`; nothing if there is one alone.
    pub(crate) fn slot(&mut self, length: &mut u32) -> Option<Slot> {
        if self.count <= 1 {
            return None;
        }
        Some(*self.slot.get_or_insert_with(|| {
            let slot = *length;
            *length += 1 + self.count.min(COMMON);
            slot
        }))
    }
}

/// Lists of the articles that hold each fingerprint, with room for all from the start, so that one is read in one go:
/// first how many there are, then as many of them as tell anything.
pub(crate) struct Index {
    lists: Vec<u32>,
}

impl Index {
    /// With room for the lists of all fingerprints together.
    pub(crate) fn new(room: u32) -> Self {
        Self { lists: vec![0; room as usize] }
    }

    /// Adds one to those that hold a fingerprint.
    pub(crate) fn insert(&mut self, slot: Slot, doc: u32) {
        let slot = slot as usize;
        let holders = self.lists[slot];
        if holders < COMMON {
            self.lists[slot + 1 + holders as usize] = doc;
        }
        self.lists[slot] = holders + 1;
    }

    /// How many are listed that hold a fingerprint, at the most.
    pub(crate) fn count(&self, slot: Slot) -> u32 {
        self.lists[slot as usize].min(COMMON)
    }

    /// Those that hold a fingerprint; nothing if they are too many to tell anything.
    pub(crate) fn holders(&self, slot: Slot) -> Option<&[u32]> {
        let slot = slot as usize;
        let holders = self.lists[slot];
        (holders < COMMON).then(|| &self.lists[slot + 1..][..holders as usize])
    }
}
