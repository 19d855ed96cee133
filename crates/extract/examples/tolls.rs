//! Prints the figures of each line of standard input: `cargo run --example tolls < sentences.txt`.

use std::io::{self, BufRead, Write};

use annals_extract::language::Language;
use annals_extract::text::Document;
use annals_extract::toll::tolls;

fn main() -> io::Result<()> {
    let language = Language::english();
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let document = Document::new(&line, language);
        writeln!(out, "{line}")?;
        for toll in tolls(&document) {
            let bound = |bound: Option<u64>| bound.map_or("..".to_owned(), |bound| bound.to_string());
            writeln!(
                out,
                "    {} {} {}-{} {} {} | {} | {} | part of {:?} {}{} agent {:?}",
                toll.outcome,
                toll.victims,
                bound(toll.low),
                bound(toll.high),
                toll.qualifier,
                toll.modality,
                document.span(&toll.number),
                document.span(&toll.trigger),
                toll.part_of,
                toll.scope.map_or("", |scope| scope.as_str()),
                if toll.others { " others" } else { "" },
                toll.agent.map(|agent| document.span(&agent)),
            )?;
        }
    }
    Ok(())
}
