//! An invented press of any size: reports, their re-posts whole, trimmed and padded, and the furniture of their sites.
//!
//! Article n of a seed is the same however many are made, and words come with the skew of a real language, so that
//! common words repeat, phrases hardly ever do, and a site's footer always does.

use annals_plugin::Article;

/// Words of the invented language.
const VOCABULARY: u64 = 40_000;
/// Sites, each with a footer of its own.
const SITES: u64 = 300;

/// The press of one seed.
#[derive(Debug, Clone, Copy)]
pub struct Press {
    /// Seed of all that it writes.
    pub seed: u64,
    /// Of each hundred articles, how many are re-posts of an earlier one.
    pub reposts_percent: u64,
}

/// How an article came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A report of its own.
    Report,
    /// All of another one.
    Whole(u64),
    /// The first part of another one.
    Trimmed(u64),
    /// Another one with paragraphs added.
    Padded(u64),
    /// Another one with every fortieth word changed.
    Edited(u64),
}

impl Press {
    /// How article `n` comes to be: one in ten re-posts is whole, the others are of the other kinds in equal parts.
    pub fn origin(self, n: u64) -> Origin {
        let mut dice = Dice::new(self.seed, n, 1);
        if n < 100 || dice.below(100) >= self.reposts_percent {
            return Origin::Report;
        }
        let mut of = n - 1 - dice.below(n.min(20_000));
        while self.origin(of) != Origin::Report {
            of -= 1;
        }
        match dice.below(10) {
            0 => Origin::Whole(of),
            1..=3 => Origin::Trimmed(of),
            4..=6 => Origin::Padded(of),
            _ => Origin::Edited(of),
        }
    }

    /// Article `n`: some 330 words, a footer of some 30 with them.
    pub fn article(self, n: u64) -> Article {
        let site = Dice::new(self.seed, n, 2).below(SITES);
        let words = match self.origin(n) {
            Origin::Report => self.report(n),
            Origin::Whole(of) => self.report(of),
            Origin::Trimmed(of) => {
                let mut words = self.report(of);
                words.truncate(words.len() * 2 / 5);
                words
            }
            Origin::Padded(of) => {
                let mut words = self.prose(n, 4, 120);
                words.extend(self.report(of));
                words
            }
            Origin::Edited(of) => {
                let mut words = self.report(of);
                let mut dice = Dice::new(self.seed, n, 5);
                words.iter_mut().skip(17).step_by(40).for_each(|word| *word = dice.below(VOCABULARY));
                words
            }
        };
        let id = format!("{n:016x}");
        let mut article = Article::new(id.clone(), id, "press.jsonl");
        article.title = Some(written(&words[..9], 9));
        let (year, month, day) = (2015 + n / 7 % 8, n / 3 % 12 + 1, n % 28 + 1);
        article.published = Some(format!("{year}-{month:02}-{day:02}"));
        article.publisher = Some(format!("Site {site}"));
        article.text = written(&words, 55);
        article.text.push_str("\n\n");
        article.text.push_str(&written(&self.prose(site, 3, 30), 30));
        article
    }

    fn report(self, n: u64) -> Vec<u64> {
        let length = 180 + Dice::new(self.seed, n, 6).below(240);
        self.prose(n, 7, length)
    }

    fn prose(self, n: u64, purpose: u64, length: u64) -> Vec<u64> {
        let mut dice = Dice::new(self.seed, n, purpose);
        (0..length).map(|_| dice.word()).collect()
    }
}

/// An article of the same length in which words are others of the same language, the same one wherever a word stands,
/// but for `kept_percent` of a hundred that stay. What was a copy is one still, among the articles of one replica.
pub fn with_changed_words(article: &Article, replica: u64, kept_percent: u64) -> Article {
    let mut changed = article.clone();
    changed.article_id = format!("{}-{replica:04}", article.article_id);
    changed.source_id.clone_from(&changed.article_id);
    changed.text = changed_text(&article.text, replica, kept_percent);
    changed.title = article.title.as_deref().map(|title| changed_text(title, replica, kept_percent));
    changed
}

fn changed_text(text: &str, replica: u64, kept_percent: u64) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
        let name =
            word.bytes().fold(7, |name: u64, byte| (name ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        let mut dice = Dice::new(replica, name, 8);
        if dice.below(100) < kept_percent {
            out.push_str(word);
        } else {
            push_word(&mut out, dice.below(VOCABULARY));
        }
        out.push_str(&piece[word.len()..]);
    }
    out
}

fn written(words: &[u64], paragraph: usize) -> String {
    let mut text = String::with_capacity(words.len() * 7);
    for (i, &word) in words.iter().enumerate() {
        text.push_str(if i == 0 {
            ""
        } else if i % paragraph == 0 {
            ".\n\n"
        } else {
            " "
        });
        push_word(&mut text, word);
    }
    text
}

fn push_word(text: &mut String, mut word: u64) {
    const SYLLABLES: [&str; 32] = [
        "ba", "do", "fe", "gi", "ka", "lo", "mu", "ne", "pi", "ra", "so", "ta", "vu", "ze", "han", "sel",
        "tor", "win", "yal", "ash", "ber", "cor", "dun", "el", "far", "gor", "hol", "im", "jor", "kel",
        "lan", "mir",
    ];
    loop {
        text.push_str(SYLLABLES[(word % 32) as usize]);
        word /= 32;
        if word == 0 {
            break;
        }
    }
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn new(seed: u64, n: u64, purpose: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ n.rotate_left(20) ^ purpose << 56);
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A word, the n-th about as often as 1/n.
    fn word(&mut self) -> u64 {
        let uniform = self.next() as f64 / u64::MAX as f64;
        ((VOCABULARY as f64).powf(uniform) as u64 - 1).min(VOCABULARY - 1)
    }
}
