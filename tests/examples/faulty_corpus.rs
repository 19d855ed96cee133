//! A corpus-wide plugin that fails in every way it is told to.

use std::sync::Arc;

use annals_plugin::{
    Article, ConfigError, Context, CorpusStage, Emit, Findings, Partials, Stage, StageError, export_stage,
};
use arrow_array::{Int64Array, RecordBatch};

#[path = "faults/mod.rs"]
mod faults;
use faults::Config;

/// The stage: articles by the first letter of their text.
pub struct FaultyCorpus(Config);

impl Stage for FaultyCorpus {
    const NAME: &'static str = "faulty_corpus";
    const VERSION: u32 = 1;
    const READS: &'static [&'static str] = &["text"];
    const WRITES: &'static [&'static str] = &["alike"];
    type Config = Config;

    fn open(config: Config, _: &Context) -> Result<Self, ConfigError> {
        Ok(Self(config))
    }
}

impl CorpusStage for FaultyCorpus {
    fn map(&self, articles: &[Article], out: &mut dyn Emit) -> Result<(), StageError> {
        for (index, article) in articles.iter().enumerate() {
            if article.text.contains("trigger") {
                faults::strike(&self.0, "map")?;
            }
            let letter = article.text.chars().next().unwrap_or('-').to_string();
            out.emit(index, letter.as_bytes(), &1_u64.to_le_bytes());
            out.emit(index, format!("id {}", article.article_id).as_bytes(), letter.as_bytes());
        }
        Ok(())
    }

    fn merge(&self, _: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError> {
        faults::strike(&self.0, "merge")?;
        Ok((number(left) + number(right)).to_le_bytes().to_vec())
    }

    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError> {
        let mut counts = Vec::new();
        partials.scan(b"id ", &mut |key, letter| {
            faults::strike(&self.0, "finish")?;
            let alike = partials.get(letter)?.unwrap_or_default();
            assert_eq!(partials.get(b"no such key")?, None);
            out.verdict(std::str::from_utf8(&key[3..]).expect("ids are text"), &alike);
            counts.push(number(&alike) as i64);
            Ok(())
        })?;
        let mut first = None;
        let stopped = partials.scan(b"", &mut |key, _| {
            first = Some(key.to_vec());
            Err(StageError::new("enough", "one will do"))
        });
        assert!(first.is_none() || stopped == Err(StageError::new("enough", "one will do")));
        out.count("articles", counts.len() as u64);
        let rows = RecordBatch::try_from_iter([("alike", Arc::new(Int64Array::from(counts)) as _)]);
        out.table("alike", rows.expect("one column is a batch"));
        Ok(())
    }

    fn apply(&self, verdict: &[u8], article: &mut Article) -> Result<(), StageError> {
        faults::strike(&self.0, "apply")?;
        article.attributes.insert("alike".to_owned(), number(verdict).into());
        Ok(())
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

export_stage!(FaultyCorpus, corpus);
