//! Finds articles that repeat one another, whole or in part.
//!
//! Wires are re-posted whole, cut to a few paragraphs, or padded with local colour. Each of these repeats a report and
//! adds none, so each is marked as a duplicate of the article it repeats and not read for claims.

mod cluster;
mod overlap;
mod sketch;
mod words;

use annals_plugin::{
    Article, ConfigError, Context, CopyKind, CorpusStage, Definition, Emit, Findings, Partials, Stage,
    StageError, Status,
};
use cluster::{Corpus, Thresholds};
use overlap::Part;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sketch::{Sketcher, key};

/// The attribute in which a duplicate tells which of its parts stand where in the article it repeats.
pub const REPEATS: &str = "repeats";

/// When articles count as copies of one another.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Least Jaccard similarity of two articles' sets of shingles, above 0 and at most 1.
    #[schemars(range(min = 0.3, max = 1.0))]
    pub threshold: f64,
    /// Least share of the shorter article's shingles that the longer holds, from 0.5 to 1.
    #[schemars(range(min = 0.5, max = 1.0))]
    pub containment: f64,
    /// Words a shingle, from 2 to 12.
    #[schemars(range(min = 2, max = 12))]
    pub shingle: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { threshold: 0.7, containment: 0.8, shingle: 5 }
    }
}

/// The stage.
pub struct Dedupe {
    thresholds: Thresholds,
    window: usize,
}

/// The stage as the registry lists it.
pub fn definition() -> Definition {
    Definition::corpus::<Dedupe>()
}

impl Stage for Dedupe {
    const NAME: &'static str = "dedupe";
    const VERSION: u32 = 1;
    const READS: &'static [&'static str] = &["published", "title", "text"];
    const WRITES: &'static [&'static str] = &["status", "duplicate_of", "similarity", "copy_kind", REPEATS];
    type Config = Config;

    fn open(config: Config, _: &Context) -> Result<Self, ConfigError> {
        let Config { threshold, containment, shingle } = config;
        if !(0.3..=1.0).contains(&threshold) {
            return Err(ConfigError::at("threshold", format!("{threshold} is not between 0.3 and 1")));
        }
        if !(0.5..=1.0).contains(&containment) {
            return Err(ConfigError::at("containment", format!("{containment} is not between 0.5 and 1")));
        }
        if !(2..=12).contains(&shingle) {
            return Err(ConfigError::at("shingle", format!("{shingle} is not between 2 and 12 words")));
        }
        let kept = containment.min(2.0 * threshold / (1.0 + threshold));
        let window = window(shingle, kept);
        let part = (window as f64 / kept).ceil() as usize;
        Ok(Self { thresholds: Thresholds { shingle, jaccard: threshold, containment, part }, window })
    }
}

/// The length of the windows of which each yields a fingerprint, for copies that keep the share `kept` of the shorter.
///
/// Where a copy departs from its original, by a word or by the seam of two paragraphs, it spoils `shingle` − 1 shingles
/// at least. Of n shingles it may spoil (1 − kept)·n. If that allows m places, the longest of the m + 1 runs between them
/// has (n − m·(shingle − 1)) / (m + 1) shingles or more, which for any m from 1 on is no less than half of
/// (shingle − 1)·kept / (1 − kept). A window of that length lies within the run, and both texts select the same shingle
/// of it. With no such place the run is kept·n, so texts of window / kept shingles or more are sure to be found.
fn window(shingle: u32, kept: f64) -> usize {
    let half_run =
        if kept < 1.0 { f64::from(shingle - 1) * kept / (1.0 - kept) / 2.0 } else { f64::INFINITY };
    (half_run + 1e-9).clamp(1.0, 10.0) as usize
}

/// What `finish` says of a duplicate.
#[derive(Debug, Serialize, Deserialize)]
struct Verdict<'a> {
    duplicate_of: &'a str,
    kind: CopyKind,
    similarity: f32,
    parts: Vec<Part>,
}

impl CorpusStage for Dedupe {
    fn map(&self, articles: &[Article], out: &mut dyn Emit) -> Result<(), StageError> {
        let mut sketcher = Sketcher::new(self.thresholds.shingle as usize, self.window);
        for (index, article) in articles.iter().enumerate() {
            sketcher
                .sketch(article, |prefix, bytes| out.emit(index, &key(prefix, &article.article_id), bytes))?;
        }
        Ok(())
    }

    fn merge(&self, _: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError> {
        // A key is of one article, and an article's partials are always the same; of two, any fixed one will do.
        Ok(left.min(right).to_vec())
    }

    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError> {
        let corpus = Corpus::read(partials)?;
        let (mut exact, mut near, mut contained) = (0, 0, 0);
        let mut unwritable = None;
        let counts = corpus.duplicates(partials, self.thresholds, &mut |doc, copy| {
            match copy.kind {
                CopyKind::Exact => exact += 1,
                CopyKind::Near => near += 1,
                CopyKind::Contained => contained += 1,
            }
            let verdict = Verdict {
                duplicate_of: corpus.id(copy.of),
                kind: copy.kind,
                similarity: copy.similarity,
                parts: copy.parts,
            };
            match postcard::to_allocvec(&verdict) {
                Ok(bytes) => out.verdict(corpus.id(doc), &bytes),
                Err(error) => unwritable = Some(error),
            }
        })?;
        if let Some(error) = unwritable {
            return Err(StageError::new("verdict_unwritable", error.to_string()));
        }
        for (name, value) in [
            ("exact", exact),
            ("near", near),
            ("contained", contained),
            ("compared", counts.compared),
            ("shared_furniture", counts.furniture),
            ("linked_through_another", counts.chained),
        ] {
            out.count(name, value);
        }
        Ok(())
    }

    fn apply(&self, verdict: &[u8], article: &mut Article) -> Result<(), StageError> {
        let verdict: Verdict<'_> = postcard::from_bytes(verdict)
            .map_err(|error| StageError::new("verdict_unreadable", error.to_string()))?;
        article.status = Status::Duplicate;
        article.duplicate_of = Some(verdict.duplicate_of.to_owned());
        article.similarity = Some(verdict.similarity);
        article.copy_kind = Some(verdict.kind);
        if !verdict.parts.is_empty() {
            let parts = serde_json::to_value(&verdict.parts)
                .map_err(|error| StageError::new("verdict_unreadable", error.to_string()))?;
            article.attributes.insert(REPEATS.to_owned(), parts);
        }
        Ok(())
    }
}
