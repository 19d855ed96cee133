//! What a stage is, wherever it runs: on threads of the runner, behind the plugin door, or on another engine.
//!
//! A [`Stage`] has a name, a version, a config and the columns it reads and writes. What it does is one of two forms:
//!
//! * [`ArticleStage`]: a pure function from a batch of articles to a batch of articles.
//! * [`CorpusStage`]: `map` from a batch to keyed partial results, an associative and commutative `merge` of the
//!   partials of one key, a `finish` that sees all merged partials and gives verdicts and tables, and `apply`, which
//!   writes an article's verdict into it.
//!
//! Neither may depend on the size of a batch, the order of articles, or anything outside its config and its input.

use std::path::PathBuf;

use arrow_array::RecordBatch;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::error::{ConfigError, StageError};
use crate::record::{Article, Rejected};

/// What every stage tells of itself.
pub trait Stage: Sized + Send + Sync + 'static {
    /// The name that `use` gives in pipeline.toml.
    const NAME: &'static str;
    /// Raised whenever the results for some input may change.
    const VERSION: u32;
    /// Columns of the articles that it reads.
    const READS: &'static [&'static str];
    /// Columns that it writes. A name that no article column has is an attribute, shown as a column of its own.
    const WRITES: &'static [&'static str];

    /// The keys of its `[[stage]]` table, each with a default; `deny_unknown_fields`. Doc comments become the reference.
    type Config: DeserializeOwned + JsonSchema;

    /// Makes the stage ready to run.
    ///
    /// # Errors
    /// When a value is refused, with the key that holds it.
    fn open(config: Self::Config, context: &Context) -> Result<Self, ConfigError>;

    /// Digest of whatever else the results depend on: word lists, files named in the config.
    fn fingerprint(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// Where a stage is opened.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Folder of the pipeline file: what paths in the config are relative to.
    pub base: PathBuf,
}

/// A stage that looks at each article by itself.
pub trait ArticleStage: Stage {
    /// Maps, filters or annotates a batch.
    ///
    /// # Errors
    /// When the batch as a whole cannot be handled; one bad article is refused with [`Batch::retain`].
    fn process(&self, batch: Batch) -> Result<Batch, StageError>;
}

/// A stage that needs the whole corpus.
pub trait CorpusStage: Stage {
    /// Emits the partial results of a batch. Every emitted value belongs to one article, so that a changed or
    /// withdrawn article takes its own partials with it.
    ///
    /// # Errors
    /// When the batch as a whole cannot be handled.
    fn map(&self, articles: &[Article], out: &mut dyn Emit) -> Result<(), StageError>;

    /// Merges two partial results of one key; associative and commutative.
    ///
    /// # Errors
    /// When a value is not one that `map` or `merge` made.
    fn merge(&self, key: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError>;

    /// Sees all merged partials and gives verdicts on articles, and tables.
    ///
    /// # Errors
    /// When a value is not one that `merge` made, or the partials cannot be read.
    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError>;

    /// Writes its verdict into an article. Called only for articles that have one.
    ///
    /// # Errors
    /// When the verdict is not one that `finish` gave.
    fn apply(&self, verdict: &[u8], article: &mut Article) -> Result<(), StageError>;
}

/// Articles on their way through a stage, and those that fell out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The articles, in input order.
    pub articles: Vec<Article>,
    /// What was refused, with reasons.
    pub rejected: Vec<Rejected>,
}

impl Batch {
    /// A batch in which nothing has been refused.
    pub fn new(articles: Vec<Article>) -> Self {
        Self { articles, rejected: Vec::new() }
    }

    /// Runs `judge` on each article and moves those it refuses, with `(reason, detail)`, to `rejected`.
    pub fn retain(
        &mut self,
        stage: &str,
        mut judge: impl FnMut(&mut Article) -> Result<(), (&'static str, String)>,
    ) {
        let rejected = &mut self.rejected;
        self.articles.retain_mut(|article| match judge(article) {
            Ok(()) => true,
            Err((reason, detail)) => {
                rejected.push(Rejected {
                    path: article.path.clone(),
                    record: Some(article.source_id.clone()),
                    stage: stage.to_owned(),
                    reason: reason.to_owned(),
                    detail,
                });
                false
            }
        });
    }
}

/// Takes the partial results of [`CorpusStage::map`].
pub trait Emit {
    /// Adds a partial result of the article at `index` of the batch.
    fn emit(&mut self, index: usize, key: &[u8], value: &[u8]);

    /// Adds a partial result that `finish` asks for by its key, if at all. It may be kept where a scan does not pass.
    fn emit_apart(&mut self, index: usize, key: &[u8], value: &[u8]) {
        self.emit(index, key, value);
    }

    /// Takes the article at `index` out of the run, with a fixed code and what a person needs to know: what a door
    /// does with the one article that a stage behind it cannot map. Whoever cannot do so makes it the batch's error.
    ///
    /// # Errors
    /// When the article cannot be taken out.
    fn reject(&mut self, index: usize, reason: &str, detail: &str) -> Result<(), StageError> {
        Err(StageError::new(reason, format!("article {index} of the batch: {detail}")))
    }
}

/// What [`Partials::scan`] calls with each key and its value.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), StageError> + 'a;

/// What [`Partials::visit_all`] calls so, on a thread of its own.
pub type SharedVisit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), StageError> + Send + 'a;

/// Merged partial results, one value a key.
pub trait Partials {
    /// Visits every key that starts with `prefix`, in byte order.
    ///
    /// # Errors
    /// When the partials cannot be read, or `visit` fails.
    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StageError>;

    /// Visits every value that was emitted under a key which starts with `prefix`, in no order, each by one of `visits`, which
    /// may run at the same time. Of a key that several articles emit the values may come unmerged. Whoever asks so, and for no
    /// scan, spares that the partials of all are brought together.
    ///
    /// # Errors
    /// When the partials cannot be read, or one of `visits` fails.
    fn visit_all(&self, prefix: &[u8], visits: &mut [&mut SharedVisit<'_>]) -> Result<(), StageError> {
        match visits {
            [] => Ok(()),
            [visit, ..] => self.scan(prefix, &mut |key, value| visit(key, value)),
        }
    }

    /// The value of one key.
    ///
    /// # Errors
    /// When the partials cannot be read.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StageError>;

    /// What the stage, of the same version and config, left with [`Findings::remember`] the last time. It may be gone at any
    /// time, and no result may depend on it: it saves work and nothing else.
    ///
    /// # Errors
    /// When it cannot be read.
    fn recall(&self) -> Result<Option<Vec<u8>>, StageError> {
        Ok(None)
    }

    /// A part of that memory, by the name that [`Findings::remember_part`] gave it.
    ///
    /// # Errors
    /// When it cannot be read.
    fn recall_part(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        let _ = name;
        Ok(None)
    }

    /// Some parts of that memory, which may be brought at the same time.
    ///
    /// # Errors
    /// When they cannot be read.
    fn recall_parts(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StageError> {
        names.iter().map(|name| self.recall_part(name)).collect()
    }

    /// Ids of articles, among them all whose partial results are not what they were when the stage left its memory. `None`
    /// if that cannot be told; the stage looks at all of them then.
    ///
    /// # Errors
    /// When it cannot be read.
    fn changed(&self) -> Result<Option<Vec<String>>, StageError> {
        Ok(None)
    }

    /// The value that an article emitted under a key which no other article emits. Whoever asks for a few articles so, and
    /// for no scan, spares that the partials of all are brought together.
    ///
    /// # Errors
    /// When the partials cannot be read.
    fn get_of(&self, article_id: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        let _ = article_id;
        self.get(key)
    }
}

/// Takes what [`CorpusStage::finish`] finds.
pub trait Findings {
    /// What `apply` shall write into an article; at most one an article.
    fn verdict(&mut self, article_id: &str, verdict: &[u8]);

    /// Asks that the verdicts of the last time stand on all articles of which nothing is told, so that only those need be told
    /// which may be others, or are gone: see [`Findings::no_verdict`]. They can where [`Partials::recall`] and
    /// [`Partials::changed`] give something. If this is false, all have to be told.
    fn verdicts_stand(&mut self) -> bool {
        false
    }

    /// Takes back the verdict on an article, if it had one, where those of the last time stand.
    fn no_verdict(&mut self, article_id: &str) {
        let _ = article_id;
    }

    /// Rows for a table of the output, in final order; later calls with the same name append.
    fn table(&mut self, name: &str, rows: RecordBatch);

    /// Of each of these parts of a table, whether it is here already from an earlier run, so that
    /// [`Findings::table_part`] needs no rows.
    fn holds_parts(&mut self, name: &str, parts: &[Vec<u8>]) -> Vec<bool> {
        let _ = name;
        vec![false; parts.len()]
    }

    /// A part of a table, in its place in the final order. `part` is a digest of all that its rows depend on beside the version
    /// and the configuration of the stage: parts of one digest have the same rows. All rows on one event stand in one part.
    /// A part that is here already may come without rows; if the first one does, an empty batch given to [`Findings::table`] tells
    /// the columns before it.
    fn table_part(&mut self, name: &str, part: &[u8], rows: Option<RecordBatch>) {
        let _ = part;
        if let Some(rows) = rows {
            self.table(name, rows);
        }
    }

    /// A number for run.json, such as pairs compared.
    fn count(&mut self, name: &str, value: u64);

    /// Leaves what saves work the next time; see [`Partials::recall`].
    fn remember(&mut self, memory: Vec<u8>) {
        drop(memory);
    }

    /// Leaves a part of the memory under a name of at least one byte; `None` leaves the part as it was recalled. Parts that
    /// are not named again are forgotten, and so are all of them without a call of [`Findings::remember`].
    fn remember_part(&mut self, name: &[u8], part: Option<Vec<u8>>) {
        let _ = (name, part);
    }
}

/// One part of an opened stage. Most stages have one pass; one that also learns from the corpus has two.
pub enum Pass {
    /// Looks at each article by itself.
    Article(Box<dyn AnyArticleStage>),
    /// Needs the whole corpus.
    Corpus(Box<dyn AnyCorpusStage>),
}

/// [`ArticleStage`] without its types, for a list of stages of all kinds.
pub trait AnyArticleStage: Send + Sync {
    /// See [`ArticleStage::process`].
    ///
    /// # Errors
    /// As there.
    fn process(&self, batch: Batch) -> Result<Batch, StageError>;
    /// See [`Stage::fingerprint`].
    fn fingerprint(&self) -> Vec<u8>;
}

/// [`CorpusStage`] without its types, for a list of stages of all kinds.
pub trait AnyCorpusStage: Send + Sync {
    /// See [`CorpusStage::map`].
    ///
    /// # Errors
    /// As there.
    fn map(&self, articles: &[Article], out: &mut dyn Emit) -> Result<(), StageError>;
    /// See [`CorpusStage::merge`].
    ///
    /// # Errors
    /// As there.
    fn merge(&self, key: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError>;
    /// See [`CorpusStage::finish`].
    ///
    /// # Errors
    /// As there.
    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError>;
    /// See [`CorpusStage::apply`].
    ///
    /// # Errors
    /// As there.
    fn apply(&self, verdict: &[u8], article: &mut Article) -> Result<(), StageError>;
    /// See [`Stage::fingerprint`].
    fn fingerprint(&self) -> Vec<u8>;
}

impl<S: ArticleStage> AnyArticleStage for S {
    fn process(&self, batch: Batch) -> Result<Batch, StageError> {
        ArticleStage::process(self, batch)
    }
    fn fingerprint(&self) -> Vec<u8> {
        Stage::fingerprint(self)
    }
}

impl<S: CorpusStage> AnyCorpusStage for S {
    fn map(&self, articles: &[Article], out: &mut dyn Emit) -> Result<(), StageError> {
        CorpusStage::map(self, articles, out)
    }
    fn merge(&self, key: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError> {
        CorpusStage::merge(self, key, left, right)
    }
    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError> {
        CorpusStage::finish(self, partials, out)
    }
    fn apply(&self, verdict: &[u8], article: &mut Article) -> Result<(), StageError> {
        CorpusStage::apply(self, verdict, article)
    }
    fn fingerprint(&self) -> Vec<u8> {
        Stage::fingerprint(self)
    }
}

type Open = Box<dyn Fn(serde_json::Value, &Context) -> Result<Vec<Pass>, ConfigError> + Send + Sync>;

/// A stage that can be opened: what the registry lists, built in or loaded.
pub struct Definition {
    /// The name that `use` gives.
    pub name: String,
    /// Raised whenever results may change.
    pub version: u32,
    /// Columns read.
    pub reads: Vec<String>,
    /// Columns written.
    pub writes: Vec<String>,
    /// JSON Schema of the config.
    pub config_schema: serde_json::Value,
    open: Open,
}

impl Definition {
    /// A stage of one pass over each article.
    pub fn article<S: ArticleStage>() -> Self {
        Self::of::<S>(|stage| vec![Pass::Article(Box::new(stage))])
    }

    /// A stage of one pass over the corpus.
    pub fn corpus<S: CorpusStage>() -> Self {
        Self::of::<S>(|stage| vec![Pass::Corpus(Box::new(stage))])
    }

    /// A stage whose passes `passes` makes from the opened stage.
    pub fn of<S: Stage>(passes: impl Fn(S) -> Vec<Pass> + Send + Sync + 'static) -> Self {
        let owned = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect();
        Self::new(
            S::NAME.to_owned(),
            S::VERSION,
            owned(S::READS),
            owned(S::WRITES),
            schemars::schema_for!(S::Config).to_value(),
            Box::new(move |config, context| {
                let config: S::Config =
                    serde_path_to_error::deserialize(config).map_err(ConfigError::from_path)?;
                S::open(config, context).map(&passes)
            }),
        )
    }

    /// A stage described at run time, as a plugin host does.
    pub fn new(
        name: String,
        version: u32,
        reads: Vec<String>,
        writes: Vec<String>,
        config_schema: serde_json::Value,
        open: Open,
    ) -> Self {
        Self { name, version, reads, writes, config_schema, open }
    }

    /// Checks the config (a JSON object) and makes the stage ready to run.
    ///
    /// # Errors
    /// When the config is refused.
    pub fn open(&self, config: serde_json::Value, context: &Context) -> Result<Vec<Pass>, ConfigError> {
        (self.open)(config, context)
    }
}
