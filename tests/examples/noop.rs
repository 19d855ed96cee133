//! A plugin that reads the text and does nothing, to measure the door.

use annals_plugin::{ArticleStage, Batch, ConfigError, Context, Stage, StageError, export_stage};

/// The stage.
pub struct Noop;

/// It has no keys.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {}

impl Stage for Noop {
    const NAME: &'static str = "noop";
    const VERSION: u32 = 1;
    const READS: &'static [&'static str] = &["text"];
    const WRITES: &'static [&'static str] = &["noop"];
    type Config = Config;

    fn open(_: Config, _: &Context) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl ArticleStage for Noop {
    fn process(&self, batch: Batch) -> Result<Batch, StageError> {
        Ok(batch)
    }
}

export_stage!(Noop);
