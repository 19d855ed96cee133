//! Counts the articles of each publisher and day in a table `outlets`, and tells each article how many its own has.

use std::sync::Arc;

use annals_plugin::{
    Article, ConfigError, Context, CorpusStage, Emit, Findings, Partials, Stage, StageError, export_stage,
};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};

/// It has no keys.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {}

/// The stage.
pub struct Outlets;

impl Stage for Outlets {
    const NAME: &'static str = "outlets";
    const VERSION: u32 = 1;
    const READS: &'static [&'static str] = &["publisher", "published"];
    const WRITES: &'static [&'static str] = &["outlet_articles"];
    type Config = Config;

    fn open(_: Config, _: &Context) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

/// Day and publisher, parted by a byte that is in neither; then the articles.
fn key(article: &Article) -> Vec<u8> {
    let day = article.published_date().map(|day| day.to_string()).unwrap_or_default();
    format!("{day}\0{}", article.publisher.as_deref().unwrap_or_default().replace('\0', "")).into_bytes()
}

/// The ids of the articles of one key, each followed by a line feed, sorted.
fn ids(value: &[u8]) -> Result<Vec<&str>, StageError> {
    let text =
        std::str::from_utf8(value).map_err(|error| StageError::new("bad_partial", error.to_string()))?;
    Ok(text.lines().collect())
}

impl CorpusStage for Outlets {
    fn map(&self, articles: &[Article], out: &mut dyn Emit) -> Result<(), StageError> {
        for (index, article) in articles.iter().enumerate() {
            out.emit(index, &key(article), format!("{}\n", article.article_id).as_bytes());
        }
        Ok(())
    }

    fn merge(&self, _key: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError> {
        let mut all = [ids(left)?, ids(right)?].concat();
        all.sort_unstable();
        Ok(all.into_iter().flat_map(|id| [id, "\n"]).collect::<String>().into_bytes())
    }

    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError> {
        let (mut days, mut publishers, mut counts) = (vec![], vec![], vec![]);
        partials.scan(b"", &mut |key, value| {
            let ids = ids(value)?;
            for id in &ids {
                out.verdict(id, ids.len().to_string().as_bytes());
            }
            let key = String::from_utf8_lossy(key).into_owned();
            let (day, publisher) = key.split_once('\0').unwrap_or((&key, ""));
            let named = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            days.push(named(day));
            publishers.push(named(publisher));
            counts.push(ids.len() as i64);
            Ok(())
        })?;
        out.count("outlets", publishers.len() as u64);
        let columns: [(&str, ArrayRef); 3] = [
            ("day", Arc::new(StringArray::from(days))),
            ("publisher", Arc::new(StringArray::from(publishers))),
            ("articles", Arc::new(Int64Array::from(counts))),
        ];
        let rows =
            RecordBatch::try_from_iter(columns).map_err(|e| StageError::new("bad_table", e.to_string()))?;
        out.table("outlets", rows);
        Ok(())
    }

    fn apply(&self, verdict: &[u8], article: &mut Article) -> Result<(), StageError> {
        let count: u64 = String::from_utf8_lossy(verdict)
            .parse()
            .map_err(|error| StageError::new("bad_verdict", format!("{error}")))?;
        article.attributes.insert("outlet_articles".to_owned(), count.into());
        Ok(())
    }
}

export_stage!(Outlets, corpus);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_rules_of_a_stage() {
        annals_plugin::testing::check_corpus::<Outlets>();
    }
}
