//! Reads claims of casualties and incidents from the text of an article.
//!
//! A cascade in the manner of FASTUS (Hobbs et al., 1997) and NEXUS (Tanev et al., 2008): [`text`] cuts sentences and tokens, [`number`]
//! and [`toll`] find figures and bind them to what befell whom, [`place`], [`date`], [`source`], [`actor`] and [`event`] find the rest
//! of what a claim tells, and [`assemble`] gathers it all into incidents and claims.

pub mod actor;
pub mod assemble;
pub mod date;
pub mod event;
pub mod lexicon;
pub mod number;
pub mod phrases;
pub mod place;
pub mod source;
pub mod text;
pub mod toll;

use annals_plugin::{ArticleStage, Batch, ConfigError, Context, Definition, Stage, StageError, Status};

use lexicon::Lexicon;

/// The stage `extract`.
#[derive(Debug)]
pub struct Extract {
    lexicon: &'static Lexicon,
}

/// Keys of the stage's table in pipeline.toml.
#[derive(Debug, Clone, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {}

impl Stage for Extract {
    const NAME: &'static str = "extract";
    const VERSION: u32 = 1;
    const READS: &'static [&'static str] =
        &["text", "title", "published", "url", "language", "dateline", "wires", "publisher", "status"];
    const WRITES: &'static [&'static str] = &["incidents", "claims"];
    type Config = Config;

    fn open(_: Config, _: &Context) -> Result<Self, ConfigError> {
        Ok(Self { lexicon: Lexicon::english() })
    }
}

impl ArticleStage for Extract {
    fn process(&self, mut batch: Batch) -> Result<Batch, StageError> {
        for article in &mut batch.articles {
            if article.status == Status::Duplicate {
                continue;
            }
            let text = std::mem::take(&mut article.text);
            let document = text::Document::new(&text, self.lexicon);
            let tolls = toll::tolls(&document, self.lexicon);
            assemble::assemble(article, &document, &tolls, self.lexicon);
            article.text = text;
        }
        Ok(batch)
    }
}

/// What the registry of stages lists.
pub fn definition() -> Definition {
    Definition::article::<Extract>()
}
