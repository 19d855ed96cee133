//! Writes the weapons that a text names into the attribute `weapons_named`.

use std::collections::BTreeSet;

use annals_plugin::{ArticleStage, Batch, ConfigError, Context, Stage, StageError, export_stage};

/// The keys of its `[[stage]]` table.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Words to look for, in lower case.
    words: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        let words = ["artillery", "barrel bomb", "drone", "landmine", "mortar", "rocket", "sniper"];
        Self { words: words.map(str::to_owned).into() }
    }
}

/// The stage, with its words.
pub struct Weapons(Vec<String>);

impl Stage for Weapons {
    const NAME: &'static str = "weapons";
    const VERSION: u32 = 1;
    const READS: &'static [&'static str] = &["text"];
    const WRITES: &'static [&'static str] = &["weapons_named"];
    type Config = Config;

    fn open(config: Config, _: &Context) -> Result<Self, ConfigError> {
        match config.words.iter().find(|word| word.is_empty() || word.to_lowercase() != **word) {
            Some(word) => Err(ConfigError::at("words", format!("`{word}` is not a word in lower case"))),
            None => Ok(Self(config.words)),
        }
    }
}

impl ArticleStage for Weapons {
    fn process(&self, mut batch: Batch) -> Result<Batch, StageError> {
        for article in &mut batch.articles {
            let text = article.text.to_lowercase();
            let found: BTreeSet<_> = self.0.iter().filter(|word| text.contains(*word)).cloned().collect();
            if !found.is_empty() {
                article.attributes.insert("weapons_named".to_owned(), found.into_iter().collect());
            }
        }
        Ok(batch)
    }
}

export_stage!(Weapons);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_rules_of_a_stage() {
        annals_plugin::testing::check_article::<Weapons>();
    }
}
