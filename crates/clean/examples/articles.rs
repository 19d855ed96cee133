//! Cleans JSON-lines records on standard input and writes the articles table on standard output.

use std::io::{BufRead, BufWriter, Write};

use annals_plugin::Article;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let record: serde_json::Value = serde_json::from_str(&line?)?;
        let field = |name: &str| record[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let id = field("id").unwrap_or_else(|| format!("#{number}"));
        let mut article = Article::new(id.clone(), id, "-");
        article.url = field("url");
        article.publisher = field("publisher");
        article.title = field("title");
        article.published = field("published");
        article.text = field("text").unwrap_or_default();
        article.html = field("html").map(String::into_bytes);
        match annals_clean::clean(&mut article) {
            Ok(()) => {
                serde_json::to_writer(&mut out, &article)?;
                out.write_all(b"\n")?;
            }
            Err((reason, detail)) => {
                writeln!(std::io::stderr(), "{}: {reason}: {detail}", article.source_id)?;
            }
        }
    }
    out.flush()?;
    Ok(())
}
