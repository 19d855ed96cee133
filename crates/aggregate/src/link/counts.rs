//! What was counted of the words of a period: how rare each is, in a form that is small to keep and quick to look up.

/// What is to be known of a word of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Class {
    /// 0 if it tells nothing.
    pub(super) rarity: u32,
    /// Whether incidents may be looked up by it.
    pub(super) is_key: bool,
    /// Whether one incident alone holds it.
    pub(super) is_single: bool,
}

/// The words of a period. Few classes serve all of them.
#[derive(Debug, PartialEq)]
pub(super) struct Counts {
    /// The class of each word, in the order of their numbers.
    classes: Vec<u16>,
    all: Vec<Class>,
    runs: Vec<Run>,
    /// The incidents that hold the words of one incident alone, in the order of these words: [numbers](put) of how far each is from
    /// the one before.
    holders: Vec<u8>,
}

/// 64 numbers of words that follow one another.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Run {
    /// Which of them are of words of the period.
    words: u64,
    /// How many words have smaller numbers.
    start: u32,
}

impl Counts {
    /// Of words in the order of their numbers, each with its class and the first incident that holds it.
    pub(super) fn of(words: impl Iterator<Item = (u32, Class, u32)>) -> Self {
        let mut numbers = rustc_hash::FxHashMap::default();
        let (mut all, mut holders, mut last) = (Vec::new(), Vec::new(), 0);
        let (words, classes): (Vec<u32>, Vec<u16>) = words
            .map(|(word, class, holder)| {
                let number = *numbers.entry(class).or_insert_with(|| {
                    all.push(class);
                    u16::try_from(all.len() - 1).expect("a period has far fewer than 2^16 classes of words")
                });
                if class.is_single {
                    put(&mut holders, zigzag(holder.wrapping_sub(last).cast_signed()));
                    last = holder;
                }
                (word, number)
            })
            .unzip();
        Self::with(&words, classes, all, holders)
    }

    fn with(words: &[u32], classes: Vec<u16>, all: Vec<Class>, holders: Vec<u8>) -> Self {
        let mut runs = vec![Run::default(); words.last().map_or(0, |last| last / u64::BITS + 1) as usize];
        words.iter().for_each(|word| runs[(word / u64::BITS) as usize].words |= 1 << (word % u64::BITS));
        let mut start = 0;
        for run in &mut runs {
            run.start = start;
            start += run.words.count_ones();
        }
        Self { classes, all, runs, holders }
    }

    /// The class of a word, if the period has it.
    pub(super) fn of_word(&self, word: u32) -> Option<Class> {
        let run = self.runs.get((word / u64::BITS) as usize)?;
        let bit = 1_u64 << (word % u64::BITS);
        let at = (run.words & bit != 0).then(|| run.start + (run.words & (bit - 1)).count_ones())?;
        Some(self.all[usize::from(self.classes[at as usize])])
    }

    /// The words in order, each with its class.
    fn words(&self) -> impl Iterator<Item = (u32, Class)> {
        let words = (0..).step_by(u64::BITS as usize).zip(&self.runs).flat_map(|(first, run)| {
            let mut rest = run.words;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(first + bit)
            })
        });
        words.zip(&self.classes).map(|(word, &class)| (word, self.all[usize::from(class)]))
    }

    /// Adds how many incidents hold each word, by its number; more than two are as good as two.
    pub(super) fn add_to(&self, counts: &mut [u8]) {
        for (word, class) in self.words() {
            let more = if class.is_single { 1 } else { 2 };
            let count = &mut counts[word as usize];
            *count = (*count + more).min(2);
        }
    }

    /// The incidents that alone hold one of the words that are `sought`, by their place in the period.
    pub(super) fn holders<'a>(&'a self, sought: &'a [bool]) -> impl Iterator<Item = u32> + 'a {
        let (mut rest, mut holder) = (self.holders.as_slice(), 0_u32);
        self.words().filter(|(_, class)| class.is_single).filter_map(move |(word, _)| {
            holder = holder.wrapping_add(unzigzag(take(&mut rest)?).cast_unsigned());
            sought[word as usize].then_some(holder)
        })
    }

    /// The bytes to be kept: how many classes there are and the classes, how many words, the distance of each from the one before,
    /// their classes, and the holders.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(4 * self.classes.len());
        put(&mut bytes, self.all.len() as u32);
        for class in &self.all {
            put(&mut bytes, class.rarity);
            put(&mut bytes, u32::from(class.is_key) << 1 | u32::from(class.is_single));
        }
        put(&mut bytes, self.classes.len() as u32);
        let mut last = 0;
        for (word, _) in self.words() {
            put(&mut bytes, word - last);
            last = word;
        }
        self.classes.iter().for_each(|&class| put(&mut bytes, class.into()));
        bytes.extend_from_slice(&self.holders);
        bytes
    }

    /// Reads what [`Counts::to_bytes`] wrote of words of a vocabulary of so many; nothing if that is damaged.
    pub(super) fn from_bytes(mut bytes: &[u8], vocabulary: usize) -> Option<Self> {
        let bytes = &mut bytes;
        let classes = take(bytes)?;
        let class = |bytes: &mut &[u8]| {
            let (rarity, flags) = (take(bytes)?, take(bytes)?);
            Some(Class { rarity, is_key: flags & 2 != 0, is_single: flags & 1 != 0 })
        };
        let all: Vec<Class> = (0..classes).map(|_| class(bytes)).collect::<Option<_>>()?;
        let count = take(bytes)?;
        if count as usize > bytes.len() {
            return None;
        }
        let mut word = 0_u32;
        let mut words = Vec::with_capacity(count as usize);
        for at in 0..count {
            let gap = take(bytes)?;
            if at > 0 && gap == 0 {
                return None;
            }
            word = word.checked_add(gap)?;
            words.push(word);
        }
        let mut of_words = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let class = take(bytes)?;
            all.get(class as usize)?;
            of_words.push(class as u16);
        }
        (u64::from(word) < vocabulary as u64).then(|| Self::with(&words, of_words, all, bytes.to_vec()))
    }
}

/// Appends a number: one byte if it is small.
fn put(bytes: &mut Vec<u8>, number: u32) {
    match u8::try_from(number) {
        Ok(byte) if byte != u8::MAX => bytes.push(byte),
        _ => {
            bytes.push(u8::MAX);
            bytes.extend(number.to_le_bytes());
        }
    }
}

/// Takes a number from the front.
fn take(bytes: &mut &[u8]) -> Option<u32> {
    let (&first, rest) = bytes.split_first()?;
    if first != u8::MAX {
        *bytes = rest;
        return Some(first.into());
    }
    let (number, rest) = rest.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*number))
}

/// Small numbers of either sign as small ones.
fn zigzag(number: i32) -> u32 {
    (number << 1 ^ number >> 31).cast_unsigned()
}

fn unzigzag(number: u32) -> i32 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::super::period::NONE;
    use super::*;

    #[test]
    fn words_are_found_and_come_back() {
        let class = |rarity, is_single| Class { rarity, is_key: rarity > 5, is_single };
        let words = [(3, 700_000, true, 9), (4, 1, false, 2), (70, 700_000, true, 4), (90_000, 6, true, 800)];
        let counts =
            Counts::of(words.iter().map(|&(word, rarity, single, at)| (word, class(rarity, single), at)));
        for &(word, rarity, single, _) in &words {
            assert_eq!(counts.of_word(word), Some(class(rarity, single)));
        }
        for word in [0, 5, 69, 71, 63, 64, 89_999, 90_001, 4_000_000, NONE] {
            assert_eq!(counts.of_word(word), None);
        }
        let mut sought = vec![false; 90_001];
        [3, 4, 90_000].into_iter().for_each(|word: usize| sought[word] = true);
        assert_eq!(counts.holders(&sought).collect::<Vec<_>>(), [9, 800]);
        let mut held = vec![0; 90_001];
        counts.add_to(&mut held);
        counts.add_to(&mut held);
        assert_eq!((held[3], held[4], held[5]), (2, 2, 0));
        let bytes = counts.to_bytes();
        assert_eq!(Counts::from_bytes(&bytes, 90_001), Some(counts));
        (0..20).for_each(|end| assert_eq!(Counts::from_bytes(&bytes[..end], 90_001), None));
        assert_eq!(Counts::from_bytes(&bytes, 90_000), None);
        assert!(Counts::of(std::iter::empty()).of_word(0).is_none());
    }
}
