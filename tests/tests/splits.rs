//! However a corpus comes, cut into runs, edited, withdrawn, brought back, in files of any order, its tables are those of one
//! run over what it is in the end.
//!
//! `ANNALS_SPLITS=2000 cargo test --workspace --test splits` tries that many ways; without it there are a few.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use annals_runner::config::Pipeline;
use annals_runner::{Registry, RunOptions, run};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};

/// An article of a small world: few towns and days, so that copies, conflicts, follow-ups and merged events arise.
#[derive(Debug, Clone)]
struct Report {
    /// The record's own id; of two records with one id the first in the order of paths stays.
    id: u8,
    town: usize,
    day: u8,
    killed: u8,
    body: usize,
    tail: usize,
    dated: bool,
}

/// Days of March, in three weeks.
const DAYS: [u8; 6] = [1, 2, 3, 9, 10, 18];
const TOWNS: [&str; 4] = ["Saraqib", "Ariha", "Douma", "Azaz"];
const BODIES: [&str; 3] = ["the White Helmets", "a hospital official", "the state news agency SANA"];
const TAILS: [&str; 4] = [
    "",
    " Rescue workers searched the rubble of a market hall until the morning, and families gathered in front of the hospital.",
    " The governor came to the place in the evening and spoke to traders whose stalls had burnt. Power was cut in the east.",
    " In other news the road to the coast was opened again, and teachers went back to work after a strike of three weeks.",
];

impl Report {
    fn json(&self) -> String {
        let Self { id, town, day, killed, body, tail, dated } = *self;
        let (town, body, day) = (TOWNS[town], BODIES[body], DAYS[usize::from(day)]);
        let text = format!(
            "At least {killed} people were killed in an air strike on {town} on March {day}, {body} said. The planes came at \
             dusk and flew off to the south.{}",
            TAILS[tail]
        );
        let published = dated.then(|| format!("2019-03-{day:02}"));
        serde_json::json!({
            "id": format!("r{id}"), "published": published, "title": format!("Strike on {town}"),
            "publisher": format!("paper {}", id % 3), "text": text,
        })
        .to_string()
    }
}

/// What a file holds in each turn; nothing, then it is not there.
type File = Vec<Option<Vec<Report>>>;

const TURNS: usize = 3;

fn report() -> impl Strategy<Value = Report> {
    (0..24_u8, 0..4_usize, 0..6_u8, 1..9_u8, 0..3_usize, 0..4_usize, prop::bool::weighted(0.8)).prop_map(
        |(id, town, day, killed, body, tail, dated)| Report { id, town, day, killed, body, tail, dated },
    )
}

/// A file that mostly stays as it is from turn to turn.
fn file() -> impl Strategy<Value = File> {
    let content = || prop::option::weighted(0.75, prop::collection::vec(report(), 1..4));
    let turns = prop::collection::vec((content(), prop::bool::weighted(0.35)), TURNS);
    turns.prop_map(|turns| {
        let mut file: File = Vec::new();
        for (new, changes) in turns {
            let before = file.last().cloned();
            file.push(before.filter(|_| !changes).unwrap_or(new));
        }
        file
    })
}

fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let stages = [
            annals_clean::definition(),
            annals_dedupe::definition(),
            annals_extract::definition(),
            annals_aggregate::definition(),
        ];
        Registry::new(stages, Box::new(|_, _| Err("no plugins here".to_owned())))
    })
}

/// With `few`, reports are compared with few others, and periods are short.
fn pipeline(dir: &Path, threads: usize, batch: usize, few: bool) {
    let stages: String = ["clean", "dedupe", "extract", "aggregate"]
        .map(|stage| format!("[[stage]]\nuse = \"{stage}\"\n"))
        .concat();
    let few = if few { "period_incidents = 3\ncandidates = 2\n" } else { "" };
    let text = format!(
        "[input]\npaths = [\"in/*\"]\nwithdraw_removed = true\n[output]\nformats = [\"jsonl\", \"csv\", \"parquet\", \
         \"geojson\", \"html\"]\n[run]\nthreads = {threads}\nbatch_size = {batch}\n{stages}{few}"
    );
    fs::write(dir.join("pipeline.toml"), text).unwrap();
    fs::create_dir_all(dir.join("in")).unwrap();
}

fn lay(dir: &Path, files: &[File], turn: usize) -> bool {
    let mut any = false;
    for (number, file) in files.iter().enumerate() {
        // The order of paths is not that of the numbers.
        let path = dir.join(format!("in/{}.jsonl", number * 7 % 10));
        match &file[turn] {
            Some(reports) => {
                let text: String = reports.iter().map(|report| report.json() + "\n").collect();
                if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                    fs::write(&path, text).unwrap();
                }
                any = true;
            }
            None => {
                let _ = fs::remove_file(&path);
            }
        }
    }
    any
}

fn once(dir: &Path) {
    let pipeline = Pipeline::read(&dir.join("pipeline.toml")).unwrap();
    let options = RunOptions { offline: true, ..RunOptions::default() };
    run(&pipeline, registry(), &options).unwrap();
}

/// All that lies in the output folder but what tells of the single run.
fn tables(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir.join("out")).unwrap().map(|entry| entry.unwrap());
    entries
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
        .filter(|(name, _)| !name.starts_with("changes.") && name != "run.json")
        .collect()
}

fn cases() -> u32 {
    std::env::var("ANNALS_SPLITS").ok().and_then(|n| n.parse().ok()).unwrap_or(20)
}

proptest! {
    #![proptest_config(Config {
        cases: cases(),
        max_shrink_iters: 400,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::default()
    })]

    #[test]
    fn the_way_to_a_corpus_does_not_show(
        files in prop::collection::vec(file(), 2..9),
        threads in 1..3_usize,
        batch in 1..9_usize,
        few: bool,
    ) {
        let split = tempfile::tempdir().unwrap();
        pipeline(split.path(), threads, batch, few);
        let last = TURNS - 1;
        for turn in 0..TURNS {
            if lay(split.path(), &files, turn) {
                once(split.path());
            }
        }
        let fresh = tempfile::tempdir().unwrap();
        pipeline(fresh.path(), 1, 64, few);
        prop_assume!(lay(fresh.path(), &files, last));
        once(fresh.path());
        let (split, fresh) = (tables(split.path()), tables(fresh.path()));
        prop_assert_eq!(split.keys().collect::<Vec<_>>(), fresh.keys().collect::<Vec<_>>());
        for (name, bytes) in &split {
            let (a, b) = (String::from_utf8_lossy(bytes), String::from_utf8_lossy(&fresh[name]));
            prop_assert_eq!(a, b, "{} differs", name);
        }
    }
}

/// Articles of the long corpus, each with a state that its text tells; one without is withdrawn.
const LONG: usize = 900;

/// A corpus of several pieces of the tables: in each turn some articles are edited, withdrawn or brought back.
fn lay_long(dir: &Path, states: &[Option<u8>]) {
    for (number, file) in states.chunks(LONG / 3).enumerate() {
        let lines: String = (number * LONG / 3..).zip(file).filter_map(|(id, state)| Some((id, (*state)?))).map(
            |(id, state)| {
                let town = TOWNS[id % TOWNS.len()];
                let (day, killed) = (id % 28 + 1, usize::from(state) + id % 9 + 1);
                let text = format!("Shelling of {town} on May {day} killed {killed} people, the mayor said. Report {id}.");
                serde_json::json!({"id": format!("long{id}"), "published": format!("2019-05-{day:02}"), "text": text})
                    .to_string()
                    + "\n"
            },
        ).collect();
        fs::write(dir.join(format!("in/long{number}.jsonl")), lines).unwrap();
    }
}

proptest! {
    #![proptest_config(Config {
        cases: cases().div_ceil(4),
        max_shrink_iters: 40,
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn pieces_that_are_taken_over_do_not_show(
        turns in prop::collection::vec(
            prop::collection::vec((0..LONG, prop::option::weighted(0.7, 1..4_u8)), 1..12), 2..4
        ),
    ) {
        let split = tempfile::tempdir().unwrap();
        pipeline(split.path(), 2, 64, false);
        let mut states = vec![Some(0); LONG];
        for edits in [vec![]].iter().chain(&turns) {
            edits.iter().for_each(|&(at, state)| states[at] = state);
            lay_long(split.path(), &states);
            once(split.path());
        }
        let fresh = tempfile::tempdir().unwrap();
        pipeline(fresh.path(), 1, 16, false);
        lay_long(fresh.path(), &states);
        once(fresh.path());
        let (split, fresh) = (tables(split.path()), tables(fresh.path()));
        prop_assert_eq!(split.keys().collect::<Vec<_>>(), fresh.keys().collect::<Vec<_>>());
        for (name, bytes) in &split {
            prop_assert!(*bytes == fresh[name], "{} differs", name);
        }
    }
}
