//! The events of the sample corpus, as a reader sees them: each with what was reported, and by whom. Whoever reviews a
//! change of this snapshot should agree with every event in it.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use annals_tests::{Scratch, root};
use serde_json::Value;

fn copy(from: &Path, to: &Scratch, name: &str) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), to, &name);
        } else {
            to.write(&name, fs::read(entry.path()).unwrap());
        }
    }
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or("-")
}

fn list(row: &Value, key: &str) -> String {
    let items = row[key].as_array().unwrap().iter().map(|item| item.as_str().unwrap());
    items.collect::<Vec<_>>().join(", ")
}

/// "15 (11–16)", or "15" where low and high are the same.
fn range(event: &Value, name: &str) -> Option<String> {
    let bound = |bound: &str| event[format!("{name}_{bound}")].as_u64();
    let best = bound("best")?;
    let shown = |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
    let (low, high) = (bound("low"), bound("high"));
    Some(if low == high { best.to_string() } else { format!("{best} ({}–{})", shown(low), shown(high)) })
}

/// An event with its reports.
fn shown(event: &Value, articles: &[Value]) -> String {
    let place: Vec<&str> = ["place", "adm_1", "country"]
        .map(|key| text(event, key))
        .into_iter()
        .filter(|name| *name != "-")
        .collect();
    let span = match (text(event, "date_start"), text(event, "date_end")) {
        (start, end) if start == end => start.to_owned(),
        (start, end) => format!("{start} to {end}"),
    };
    let mut lines = format!("{span} {}: {}", place.join(", "), text(event, "event_type").replace('_', " "));
    let groups = ["", "civilians_", "combatants_", "children_", "women_"];
    for outcome in ["killed", "injured", "displaced", "strikes"] {
        for group in groups {
            if let Some(range) = range(event, &format!("{group}{outcome}")) {
                write!(lines, "; {outcome} {range} {}", group.trim_end_matches('_')).unwrap();
            }
        }
    }
    for (name, key) in [("by", "perpetrators"), ("according to", "sources")] {
        let names = list(event, key);
        if !names.is_empty() {
            write!(lines, "\n  {name} {names}").unwrap();
        }
    }
    write!(lines, "\n  {}", text(event, "grading")).unwrap();
    for id in event["article_ids"].as_array().unwrap() {
        let article = articles.iter().find(|article| article["article_id"] == *id).unwrap();
        let copy = if text(article, "status") == "duplicate" { " (copy)" } else { "" };
        let name = text(article, "source_id").trim_start_matches("sample/");
        write!(lines, "\n  - {name}: {}{copy}", text(article, "title")).unwrap();
    }
    lines.replace(" \n", "\n").replace(" ;", ";").trim_end().to_owned()
}

#[test]
fn events_of_the_sample() {
    let scratch = Scratch::new();
    copy(&root().join("data/sample"), &scratch, "sample");
    let stages =
        ["clean", "dedupe", "extract", "aggregate"].map(|stage| format!("[[stage]]\nuse = \"{stage}\"\n"));
    let stages = stages.concat();
    let input = "[input]\npaths = [\"sample/**/*\"]\n[output]\nformats = [\"jsonl\"]\n";
    scratch.write("pipeline.toml", format!("{input}{stages}"));
    scratch.run_pipeline();
    let articles = scratch.rows("articles");
    let events: Vec<String> = scratch.rows("events").iter().map(|event| shown(event, &articles)).collect();
    insta::assert_snapshot!(events.join("\n\n"));
}
