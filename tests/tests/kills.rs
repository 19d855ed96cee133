//! A run that is killed at any moment loses nothing, doubles nothing, and leaves the tables of one whole run.
//!
//! `ANNALS_KILLS=200 cargo test --workspace --test kills` kills so many processes; without it there are a few.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use annals_tests::corpus::{Corpus, Random};
use annals_tests::{Scratch, annals};

type Tables = Vec<(String, Vec<u8>)>;

/// Runs that nothing disturbs.
const PLAIN_RUNS: usize = 3;

const TURNS: u64 = 3;
/// Articles that come in a turn.
const ARTICLES: u64 = 120;

/// Lays the corpus of a turn: articles come, some are edited, a file goes.
fn lay(scratch: &Scratch, turn: u64) {
    let corpus = Corpus::new(5, 40, 900);
    let other = Corpus::new(6, 40, 900);
    let write = |name: &str, corpus: &Corpus, numbers: std::ops::Range<u64>| {
        let mut bytes = Vec::new();
        corpus.write(numbers, &mut bytes).unwrap();
        scratch.write(&format!("in/{name}.jsonl"), bytes);
    };
    let first = turn * ARTICLES;
    write(&format!("{turn}-a"), &corpus, first..first + ARTICLES / 2);
    write(&format!("{turn}-b"), &corpus, first + ARTICLES / 2..first + ARTICLES);
    if turn > 0 {
        write(&format!("{}-b", turn - 1), &other, first - ARTICLES / 3..first);
    }
    if turn > 1 {
        std::fs::remove_file(scratch.path().join(format!("in/{}-a.jsonl", turn - 2))).unwrap();
    }
}

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.pipeline("");
    let file = scratch.path().join("pipeline.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, text.replace("[input]\n", "[input]\nwithdraw_removed = true\n")).unwrap();
    scratch
}

fn start(scratch: &Scratch) -> Child {
    annals()
        .current_dir(scratch.path())
        .args(["pipeline.toml", "--quiet"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_run_is_made_good_by_the_next() {
    let kills: u64 = std::env::var("ANNALS_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let seed = std::env::var("ANNALS_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut whole: Vec<Tables> = Vec::new();
    let mut takes = vec![Duration::MAX; usize::try_from(TURNS).unwrap()];
    // What else the machine does may make a run long; the least of several is what a run takes.
    for _ in 0..PLAIN_RUNS {
        let plain = scratch();
        whole = vec![Vec::new()];
        for (turn, least) in (0..TURNS).zip(&mut takes) {
            lay(&plain, turn);
            let begun = Instant::now();
            plain.run_pipeline();
            *least = begun.elapsed().min(*least);
            whole.push(plain.tables());
        }
    }

    let mut random = Random::new(seed);
    let mut left: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut killed, mut round) = (0, 0);
    while killed < kills {
        round += 1;
        let shaken = scratch();
        for turn in 0..TURNS {
            lay(&shaken, turn);
            let at = usize::try_from(turn).unwrap();
            for _ in 0..1 + random.below(3) {
                let mut child = start(&shaken);
                let most = u64::try_from(takes[at].as_micros()).unwrap() * 5 / 4;
                std::thread::sleep(Duration::from_micros(random.below(most)));
                let ended = child.try_wait().unwrap().is_some();
                child.kill().unwrap();
                child.wait().unwrap();
                killed += u64::from(!ended);
                let told = state(&shaken, &whole[at], &whole[at + 1]);
                *left
                    .entry(told.unwrap_or_else(|| {
                        panic!("seed {seed}, round {round}, turn {turn}: tables of no run")
                    }))
                    .or_default() += u64::from(!ended);
            }
            shaken.run_pipeline();
            assert_eq!(
                names(&shaken.tables()),
                names(&whole[at + 1]),
                "seed {seed}, round {round}, turn {turn}"
            );
            assert!(
                shaken.tables() == whole[at + 1],
                "seed {seed}, round {round}, turn {turn}: other tables"
            );
        }
    }
    write_out(&format!("{killed} processes killed; their tables were {left:?}"));
}

fn names(tables: &Tables) -> Vec<&str> {
    tables.iter().map(|(name, _)| name.as_str()).collect()
}

/// Which run the tables are of.
fn state(scratch: &Scratch, before: &Tables, after: &Tables) -> Option<&'static str> {
    if !scratch.path().join("out").exists() {
        return before.is_empty().then_some("none yet");
    }
    let now = scratch.tables();
    match &now {
        now if now == before => Some("those before"),
        now if now == after => Some("those after"),
        // The new set is decided and moves into place, file by file: whoever opens the folder next ends it.
        _ if scratch.path().join("out/.annals/decided").exists() => Some("on the way in"),
        _ => None,
    }
}

/// Shown with `--nocapture`.
fn write_out(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}
