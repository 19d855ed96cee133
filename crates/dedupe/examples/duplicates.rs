//! Lists the duplicates among the records of a JSON-lines file (`id`, `title`, `published`, `text`) as JSON lines.
//!
//! usage: duplicates FILE [CONFIG as JSON]

use std::io::{BufRead, BufReader, Write};

use annals_plugin::{Article, Context, Pass, testing::run_corpus};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: duplicates FILE [CONFIG]")?;
    let config = arguments.next().unwrap_or_else(|| "{}".to_owned());
    let mut articles = Vec::new();
    for (number, line) in BufReader::new(std::fs::File::open(&file)?).lines().enumerate() {
        let record: serde_json::Value = serde_json::from_str(&line?)?;
        let field = |name: &str| record[name].as_str().map(str::to_owned);
        let id = field("id").unwrap_or_else(|| format!("{file}#{number}"));
        let mut article = Article::new(id.clone(), id, file.clone());
        (article.title, article.published) = (field("title"), field("published"));
        article.text = field("text").unwrap_or_default();
        articles.push(article);
    }
    let passes = annals_dedupe::definition().open(serde_json::from_str(&config)?, &Context::default())?;
    let [Pass::Corpus(stage)] = passes.as_slice() else {
        return Err("dedupe has one pass over the corpus".into());
    };
    let run = run_corpus(stage.as_ref(), articles, 256)?;
    let mut out = std::io::stdout().lock();
    for article in run.articles.iter().filter(|article| article.duplicate_of.is_some()) {
        let row = serde_json::json!({
            "id": article.source_id, "duplicate_of": article.duplicate_of, "similarity": article.similarity,
            "copy_kind": article.copy_kind, "repeats": article.attributes.get(annals_dedupe::REPEATS),
        });
        writeln!(out, "{row}")?;
    }
    writeln!(std::io::stderr(), "{:?}", run.counts)?;
    Ok(())
}
