//! Runs a stage in memory, for the tests of whoever writes one.
//!
//! [`run_corpus`] takes a corpus-wide stage through map, merge, finish and apply as the runner does, and
//! [`Schedule`] varies what no result may depend on: the size of the batches, the order of the articles, and the
//! order and shape in which the partials of one key are merged.
//!
//! ```
//! use annals_plugin::testing::{Schedule, run_corpus};
//! # use annals_plugin::*;
//! # struct Longest;
//! # #[derive(serde::Deserialize, schemars::JsonSchema)] struct NoConfig {}
//! # impl Stage for Longest {
//! #     const NAME: &'static str = "longest"; const VERSION: u32 = 1;
//! #     const READS: &'static [&'static str] = &["text"]; const WRITES: &'static [&'static str] = &[];
//! #     type Config = NoConfig;
//! #     fn open(_: NoConfig, _: &Context) -> Result<Self, ConfigError> { Ok(Self) }
//! # }
//! # impl CorpusStage for Longest {
//! #     fn map(&self, articles: &[Article], out: &mut dyn Emit) -> Result<(), StageError> {
//! #         for (i, a) in articles.iter().enumerate() { out.emit(i, b"length", &(a.text.len() as u32).to_be_bytes()); }
//! #         Ok(())
//! #     }
//! #     fn merge(&self, _: &[u8], l: &[u8], r: &[u8]) -> Result<Vec<u8>, StageError> { Ok(l.max(r).to_vec()) }
//! #     fn finish(&self, p: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError> {
//! #         if let Some(v) = p.get(b"length")? { out.count("longest", u64::from(v[3])); }
//! #         Ok(())
//! #     }
//! #     fn apply(&self, _: &[u8], _: &mut Article) -> Result<(), StageError> { Ok(()) }
//! # }
//! # let stage = Longest;
//! let mut article = Article::new("a1", "a1", "a1.txt");
//! article.text = "Shelling hit the market.".to_owned();
//! let plain = run_corpus(&stage, vec![article.clone()], 100)?;
//! let mixed = Schedule { batch_size: 1, shuffle: Some(7) }.run(&stage, vec![article])?;
//! assert_eq!(plain, mixed);
//! assert_eq!(plain.counts["longest"], 24);
//! # Ok::<(), StageError>(())
//! ```

mod compliance;

pub use compliance::{Trial, check, check_article, check_corpus, samples};

use std::collections::BTreeMap;
use std::ops::Bound;

use arrow_array::RecordBatch;

use crate::error::StageError;
use crate::record::Article;
use crate::stage::{AnyCorpusStage, Emit, Findings, Partials, Visit};

/// What a corpus-wide stage made of a corpus.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CorpusRun {
    /// The articles in the order they were given, with their verdicts applied.
    pub articles: Vec<Article>,
    /// The tables, by name, each in the parts that the stage wrote.
    pub tables: BTreeMap<String, Vec<RecordBatch>>,
    /// The numbers, by name; those of one name added up.
    pub counts: BTreeMap<String, u64>,
}

/// Runs a stage over articles in their order, in batches of `batch_size`.
///
/// # Errors
/// Whatever the stage raises.
///
/// # Panics
/// When the stage breaks the trait's contract: see [`Schedule::run`].
pub fn run_corpus(
    stage: &dyn AnyCorpusStage,
    articles: Vec<Article>,
    batch_size: usize,
) -> Result<CorpusRun, StageError> {
    Schedule { batch_size, shuffle: None }.run(stage, articles)
}

/// How a corpus is cut up and put together again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Articles a batch; 0 is taken for 1.
    pub batch_size: usize,
    /// Seed of another order of articles, and of another order and shape of merging; `None` for the given order,
    /// merged from left to right.
    pub shuffle: Option<u64>,
}

impl Schedule {
    /// Runs a stage. Whatever the schedule, the result has to be the same.
    ///
    /// # Errors
    /// Whatever the stage raises.
    ///
    /// # Panics
    /// When the stage breaks the trait's contract: it emits for an index outside the batch, or gives two verdicts on
    /// one article, or one on an article that is not there.
    pub fn run(self, stage: &dyn AnyCorpusStage, articles: Vec<Article>) -> Result<CorpusRun, StageError> {
        let mut order: Vec<usize> = (0..articles.len()).collect();
        let mut random = self.shuffle.map(Random);
        if let Some(random) = &mut random {
            random.shuffle(&mut order);
        }
        let mut emitted = Emitted::default();
        for batch in order.chunks(self.batch_size.max(1)) {
            let batch: Vec<Article> = batch.iter().map(|&i| articles[i].clone()).collect();
            emitted.batch_len = batch.len();
            stage.map(&batch, &mut emitted)?;
        }
        let mut merged = BTreeMap::new();
        for (key, mut values) in emitted.values {
            if let Some(random) = &mut random {
                random.shuffle(&mut values);
                while values.len() > 1 {
                    values = random.merge_neighbours(stage, &key, values)?;
                }
            }
            let mut values = values.into_iter();
            let first = values.next().expect("a key has the value it was emitted with");
            let value = values.try_fold(first, |left, right| stage.merge(&key, &left, &right))?;
            merged.insert(key, value);
        }
        finish(stage, &MemoryPartials(merged), articles)
    }
}

/// Finishes from merged partials and applies the verdicts.
///
/// # Errors
/// Whatever the stage raises.
///
/// # Panics
/// When the stage gives two verdicts on one article, or one on an article that is not there.
pub fn finish(
    stage: &dyn AnyCorpusStage,
    partials: &dyn Partials,
    mut articles: Vec<Article>,
) -> Result<CorpusRun, StageError> {
    let mut found = Found::default();
    stage.finish(partials, &mut found)?;
    for article in &mut articles {
        if let Some(verdict) = found.verdicts.remove(&article.article_id) {
            stage.apply(&verdict, article)?;
        }
    }
    assert!(
        found.verdicts.is_empty(),
        "verdicts on articles that are not there: {:?}",
        found.verdicts.keys()
    );
    Ok(CorpusRun { articles, tables: found.tables, counts: found.counts })
}

/// Merged partials held in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryPartials(pub BTreeMap<Vec<u8>, Vec<u8>>);

impl Partials for MemoryPartials {
    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StageError> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        for (key, value) in self.0.range::<[u8], _>(from).take_while(|(key, _)| key.starts_with(prefix)) {
            visit(key, value)?;
        }
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        Ok(self.0.get(key).cloned())
    }
}

#[derive(Default)]
struct Emitted {
    batch_len: usize,
    values: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
}

impl Emit for Emitted {
    fn emit(&mut self, index: usize, key: &[u8], value: &[u8]) {
        assert!(index < self.batch_len, "emitted for article {index} of a batch of {}", self.batch_len);
        self.values.entry(key.to_vec()).or_default().push(value.to_vec());
    }
}

#[derive(Default)]
struct Found {
    verdicts: BTreeMap<String, Vec<u8>>,
    tables: BTreeMap<String, Vec<RecordBatch>>,
    counts: BTreeMap<String, u64>,
}

impl Findings for Found {
    fn verdict(&mut self, article_id: &str, verdict: &[u8]) {
        let earlier = self.verdicts.insert(article_id.to_owned(), verdict.to_vec());
        assert!(earlier.is_none(), "two verdicts on article {article_id}");
    }

    fn table(&mut self, name: &str, rows: RecordBatch) {
        self.tables.entry(name.to_owned()).or_default().push(rows);
    }

    fn count(&mut self, name: &str, value: u64) {
        *self.counts.entry(name.to_owned()).or_default() += value;
    }
}

/// SplitMix64: the same numbers for a seed on every machine.
struct Random(u64);

impl Random {
    /// A number below `bound`, which is at least 1.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    /// Merges some of the neighbours, at least one pair, of two or more values.
    fn merge_neighbours(
        &mut self,
        stage: &dyn AnyCorpusStage,
        key: &[u8],
        values: Vec<Vec<u8>>,
    ) -> Result<Vec<Vec<u8>>, StageError> {
        let mut merged = Vec::with_capacity(values.len());
        let mut values = values.into_iter();
        while let Some(left) = values.next() {
            let alone = !merged.is_empty() && self.below(3) == 0;
            merged.push(match if alone { None } else { values.next() } {
                Some(right) => stage.merge(key, &left, &right)?,
                None => left,
            });
        }
        Ok(merged)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
