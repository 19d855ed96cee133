//! The same input gives the same bytes, however it is cut into threads, batches, orders and runs.

#![allow(clippy::unwrap_used)]

use annals_tests::Scratch;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};

/// An article of a small corpus: a few towns and bodies, so that copies, conflicts and follow-ups arise.
#[derive(Debug, Clone)]
struct Report {
    town: usize,
    day: u8,
    killed: u8,
    injured: u8,
    body: usize,
    copy: bool,
}

const TOWNS: [&str; 4] = ["Saraqib", "Maarat al-Numan", "Douma", "Azaz"];
const BODIES: [&str; 3] =
    ["the Syrian Observatory for Human Rights", "the White Helmets", "the state news agency SANA"];

impl Report {
    fn json(&self, number: usize) -> String {
        let Self { town, day, killed, injured, body, copy } = *self;
        let (town, body) = (TOWNS[town], BODIES[body]);
        let lead = if copy { "" } else { "Residents spoke of a long night. " };
        let text = format!(
            "{lead}At least {killed} people were killed and {injured} others wounded in an air strike on {town} on \
             March {day}, {body} said. Rescue workers searched the rubble of a market hall until the morning, and \
             families gathered in front of the hospital."
        );
        serde_json::json!({
            "id": format!("r{number}"), "published": format!("2019-03-{day:02}"), "title": format!("Strike on {town}"),
            "publisher": format!("paper {}", number % 3), "text": text,
        })
        .to_string()
    }
}

fn report() -> impl Strategy<Value = Report> {
    (0..4_usize, 1..8_u8, 1..30_u8, 1..60_u8, 0..3_usize, any::<bool>()).prop_map(
        |(town, day, killed, injured, body, copy)| Report { town, day, killed, injured, body, copy },
    )
}

/// How the corpus is handed over.
#[derive(Debug, Clone)]
struct Way {
    threads: usize,
    batch_size: usize,
    /// The run in which each file comes.
    turns: Vec<usize>,
}

/// Writes each report to a file of its own and runs as often as there are turns.
fn tables(reports: &[Report], way: &Way) -> Vec<(String, Vec<u8>)> {
    let scratch = Scratch::new();
    scratch.pipeline(&format!("[run]\nthreads = {}\nbatch_size = {}\n", way.threads, way.batch_size));
    for turn in 0..3 {
        let mut any = false;
        for (number, report) in reports.iter().enumerate() {
            if way.turns[number % way.turns.len()] == turn {
                scratch.write(&format!("in/{number:03}.jsonl"), report.json(number));
                any = true;
            }
        }
        if any {
            scratch.run_pipeline();
        }
    }
    scratch.tables()
}

proptest! {
    #![proptest_config(Config {
        cases: 12,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::default()
    })]

    #[test]
    fn threads_batches_and_runs_do_not_show(
        reports in prop::collection::vec(report(), 2..14),
        threads in 1..4_usize,
        batch_size in 1..9_usize,
        mut turns in prop::collection::vec(0..3_usize, 1..6),
    ) {
        turns[0] = 0;
        let plain = tables(&reports, &Way { threads: 1, batch_size: 64, turns: vec![0] });
        let other = tables(&reports, &Way { threads, batch_size, turns });
        for ((name, a), (_, b)) in plain.iter().zip(&other) {
            prop_assert_eq!(String::from_utf8_lossy(a), String::from_utf8_lossy(b), "{} differs", name);
        }
        prop_assert_eq!(plain.len(), other.len());
    }
}

#[test]
fn a_second_run_changes_nothing() {
    let scratch = Scratch::new();
    scratch.pipeline("");
    let report = Report { town: 0, day: 3, killed: 5, injured: 9, body: 0, copy: true };
    scratch.write("in/a.jsonl", report.json(1));
    scratch.run_pipeline();
    let before = scratch.tables();
    let written = std::fs::metadata(scratch.path().join("out/articles.jsonl")).unwrap().modified().unwrap();
    scratch.run_pipeline();
    assert_eq!(before, scratch.tables());
    let again = std::fs::metadata(scratch.path().join("out/articles.jsonl")).unwrap().modified().unwrap();
    assert_eq!(written, again, "a run with nothing new rewrote the tables");
}

#[test]
fn edited_and_withdrawn_articles_leave_no_trace() {
    let report = |killed| Report { town: 1, day: 4, killed, injured: 3, body: 1, copy: true };
    let edited = Scratch::new();
    edited.pipeline("").write("in/a.jsonl", report(7).json(1));
    edited.write("in/b.jsonl", report(9).json(2));
    edited.run_pipeline();
    edited.write("in/a.jsonl", report(8).json(1));
    std::fs::remove_file(edited.path().join("in/b.jsonl")).unwrap();
    let text = std::fs::read_to_string(edited.path().join("pipeline.toml")).unwrap();
    edited.write("pipeline.toml", text.replace("[input]\n", "[input]\nwithdraw_removed = true\n"));
    edited.run_pipeline();
    let fresh = Scratch::new();
    fresh.pipeline("").write("in/a.jsonl", report(8).json(1));
    fresh.run_pipeline();
    assert_eq!(edited.tables(), fresh.tables());
}
