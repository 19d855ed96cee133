//! A pipeline opened and cut into steps.
//!
//! A step is a row of passes over each article that ends with a pass over the corpus, or with the output. What lies
//! between two steps is kept in the store, so that a later run does again only what has changed.

use annals_plugin::{AnyArticleStage, AnyCorpusStage, Context, Pass};

use crate::config::{OnError, Pipeline, PipelineError};
use crate::registry::Registry;

/// A pass over each article.
pub(crate) struct ArticlePass {
    pub(crate) stage: usize,
    pub(crate) on_error: OnError,
    pub(crate) run: Box<dyn AnyArticleStage>,
}

/// A pass over the corpus.
pub(crate) struct CorpusPass {
    pub(crate) stage: usize,
    pub(crate) on_error: OnError,
    pub(crate) run: Box<dyn AnyCorpusStage>,
}

/// Passes over each article, and the corpus pass that they end with.
#[derive(Default)]
pub(crate) struct Step {
    pub(crate) articles: Vec<ArticlePass>,
    pub(crate) corpus: Option<CorpusPass>,
    /// Columns that the passes over each article write.
    pub(crate) writes: Vec<String>,
    /// Digest of all that the results up to here depend on but the articles.
    pub(crate) fingerprint: [u8; 16],
}

/// What is known of a stage once it is open.
#[derive(Debug, Clone)]
pub struct StageInfo {
    /// The name in pipeline.toml.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The library that it was loaded from.
    pub plugin: Option<String>,
    /// Columns read.
    pub reads: Vec<String>,
    /// Columns written.
    pub writes: Vec<String>,
    /// `article`, `corpus`, or both with `+` between.
    pub kind: String,
}

/// An opened pipeline.
pub struct Plan {
    /// The stages in order.
    pub stages: Vec<StageInfo>,
    pub(crate) steps: Vec<Step>,
    /// Attributes that stages declare: columns of their own in the tables.
    pub(crate) attributes: Vec<String>,
}

/// Columns that every article has; another name in a stage's `WRITES` is an attribute.
const ARTICLE_COLUMNS: &[&str] = &[
    "article_id",
    "source_id",
    "path",
    "url",
    "publisher",
    "title",
    "authors",
    "published",
    "published_basis",
    "language",
    "dateline",
    "wires",
    "text",
    "html",
    "removed",
    "status",
    "duplicate_of",
    "similarity",
    "copy_kind",
    "incidents",
    "claims",
    "main_event_id",
    "attributes",
];

impl Plan {
    /// Opens every stage of a pipeline.
    ///
    /// # Errors
    /// When a stage is not known, its plugin cannot be loaded, or its config is refused.
    pub fn open(pipeline: &Pipeline, registry: &Registry) -> Result<Self, PipelineError> {
        let context = Context { base: pipeline.base.clone() };
        let mut stages = Vec::new();
        let mut steps = vec![Step::default()];
        let mut hasher = blake3::Hasher::new();
        for (index, table) in pipeline.stages.iter().enumerate() {
            let (info, passes) = registry.with(pipeline, table, |definition| {
                pipeline.check_stage(table, &definition.config_schema)?;
                let config = serde_json::Value::Object(table.config.clone());
                let passes = definition
                    .open(config, &context)
                    .map_err(|error| pipeline.stage_error(table, &error.key, error.message, None))?;
                let info = StageInfo {
                    name: definition.name.clone(),
                    version: definition.version,
                    plugin: table.host.plugin.clone(),
                    reads: definition.reads.clone(),
                    writes: definition.writes.clone(),
                    kind: kind_of(&passes),
                };
                Ok((info, passes))
            })?;
            for pass in passes {
                let last = steps.last_mut().expect("there is always a step");
                let fingerprint = match &pass {
                    Pass::Article(stage) => stage.fingerprint(),
                    Pass::Corpus(stage) => stage.fingerprint(),
                };
                hash_parts(
                    &mut hasher,
                    &[
                        info.name.as_bytes(),
                        &info.version.to_le_bytes(),
                        serde_json::Value::Object(table.config.clone()).to_string().as_bytes(),
                        &fingerprint,
                    ],
                );
                last.fingerprint = short(&hasher);
                let on_error = table.host.on_error;
                match pass {
                    Pass::Article(run) => {
                        last.articles.push(ArticlePass { stage: index, on_error, run });
                        last.writes.extend(info.writes.iter().cloned());
                    }
                    Pass::Corpus(run) => {
                        last.corpus = Some(CorpusPass { stage: index, on_error, run });
                        steps.push(Step { fingerprint: short(&hasher), ..Step::default() });
                    }
                }
            }
            stages.push(info);
        }
        if steps.len() > 1 && steps.last().is_some_and(|step| step.articles.is_empty()) {
            steps.pop();
        }
        let mut attributes: Vec<String> = stages
            .iter()
            .flat_map(|stage| stage.writes.iter())
            .filter(|name| !ARTICLE_COLUMNS.contains(&name.as_str()))
            .cloned()
            .collect();
        attributes.sort_unstable();
        attributes.dedup();
        Ok(Self { stages, steps, attributes })
    }
}

fn kind_of(passes: &[Pass]) -> String {
    let mut kinds: Vec<&str> = passes
        .iter()
        .map(|pass| if matches!(pass, Pass::Article(_)) { "article" } else { "corpus" })
        .collect();
    kinds.dedup();
    kinds.join("+")
}

/// Hashes parts so that no two different lists give the same bytes.
fn hash_parts(hasher: &mut blake3::Hasher, parts: &[&[u8]]) {
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
}

fn short(hasher: &blake3::Hasher) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    out
}
