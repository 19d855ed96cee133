//! Prints what a model of main content is trained on: for each page of JSON-lines records on standard input (`html`, and
//! `text` for the true text of its article), one line a block: the record's `id`, the features, the block's text.

use std::io::{BufRead, BufWriter, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let record: serde_json::Value = serde_json::from_str(&line?)?;
        let html = record["html"].as_str().unwrap_or_default();
        for (text, features) in annals_clean::page_blocks(html.as_bytes()) {
            serde_json::to_writer(&mut out, &(&record["id"], features, text))?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(())
}
