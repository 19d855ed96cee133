//! dev only
use annals_extract::lexicon::Lexicon;
use annals_extract::text::Document;
use annals_extract::toll::tolls;
use std::io::{self, BufRead, Write};
fn main() -> io::Result<()> {
    let lexicon = Lexicon::english();
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let v: serde_json::Value = serde_json::from_str(&line?).unwrap();
        let text = v["text"].as_str().unwrap_or("");
        let d = Document::new(text, lexicon);
        let ts = tolls(&d, lexicon);
        let claims: Vec<_> = ts.iter().map(|t| {
            serde_json::json!({"s":t.sentence,"outcome":t.outcome,"victims":t.victims,"low":t.low,"high":t.high,"qualifier":t.qualifier,
            "scope":t.scope.map_or("incident",|s|s.as_str()),"modality":t.modality,"part_of":t.part_of,"others":t.others,"named":t.named,
            "noun":d.span(&t.noun),"trigger":d.span(&t.trigger),"number":d.span(&t.number),"quote":d.sentence(t.sentence)})
        }).collect();
        writeln!(out, "{}", serde_json::json!({"id":v["id"],"claims":claims}))?;
    }
    Ok(())
}
