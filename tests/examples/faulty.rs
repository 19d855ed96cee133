//! A plugin that fails in every way it is told to, on articles that say `trigger`.

use annals_plugin::{ArticleStage, Batch, ConfigError, Context, Stage, StageError, export_stage};

#[path = "faults/mod.rs"]
mod faults;
use faults::Config;

/// The stage.
pub struct Faulty(Config);

impl Stage for Faulty {
    const NAME: &'static str = "faulty";
    const VERSION: u32 = 1;
    const READS: &'static [&'static str] = &["text"];
    const WRITES: &'static [&'static str] = &["seen"];
    type Config = Config;

    fn open(config: Config, _: &Context) -> Result<Self, ConfigError> {
        if config.at == "refuse" {
            return Err(ConfigError::at("fault", "not like this"));
        }
        faults::strike(&config, "open").map_err(|error| ConfigError::at("at", error.message))?;
        Ok(Self(config))
    }

    fn fingerprint(&self) -> Vec<u8> {
        faults::strike(&self.0, "fingerprint").map_or(Vec::new(), |()| b"words v1".to_vec())
    }
}

impl ArticleStage for Faulty {
    fn process(&self, mut batch: Batch) -> Result<Batch, StageError> {
        for article in &mut batch.articles {
            if article.text.contains("trigger") {
                faults::strike(&self.0, "process")?;
            }
            if self.0.fault == "leak" {
                std::mem::forget(vec![1_u8; 8 << 20]);
            }
            article.attributes.insert("seen".to_owned(), article.text.len().into());
        }
        batch.retain("faulty", |article| match article.text.as_str() {
            "unwanted" => Err(("unwanted", "nobody wants it".to_owned())),
            _ => Ok(()),
        });
        Ok(batch)
    }
}

export_stage!(Faulty);
