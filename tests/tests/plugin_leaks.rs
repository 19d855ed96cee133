//! Nothing that crosses the door stays behind, over 10,000 batches.

#![allow(clippy::unwrap_used)]

mod plugin;

use annals_plugin::{Batch, testing};
use plugin::{article_stage, articles, corpus_stage, options, rust_plugin};
use serde_json::json;

/// Pages of memory in use by this process.
#[cfg(target_os = "linux")]
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// How many batches: memory checkers, which slow the program fifty times, ask for fewer.
fn batches() -> usize {
    std::env::var("ANNALS_DOOR_BATCHES").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000)
}

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow() {
    let long = "Shells fell on the town. ".repeat(80);
    let corpus = articles(&[&long, "two", "unwanted", "trigger", &long, "six"]);
    let article =
        article_stage(&options(&rust_plugin("faulty"), false), json!({"fault": "panic", "at": "process"}));
    let whole = corpus_stage(&options(&rust_plugin("faulty_corpus"), false), json!({}));
    let round = |n: usize| {
        for _ in 0..n {
            // With a panic, a rejection, and a batch tried again record by record each time.
            let done = article.process(Batch::new(corpus.clone())).unwrap();
            assert_eq!((done.articles.len(), done.rejected.len()), (4, 2));
            drop(finish_corpus(whole.as_ref(), &corpus));
        }
    };
    round(batches() / 20);
    let before = resident_kib();
    round(batches());
    let grown = resident_kib().saturating_sub(before);
    println!("grown by {grown} KiB over {} batches", batches());
    // A single leaked batch of 4 kB each time would be 40 MB. A memory checker sees for itself, and keeps freed memory.
    assert!(grown < 4096 || batches() < 10_000, "grown by {grown} KiB");
}

fn finish_corpus(
    stage: &dyn annals_plugin::AnyCorpusStage,
    corpus: &[annals_plugin::Article],
) -> testing::CorpusRun {
    testing::run_corpus(stage, corpus.to_vec(), 4).unwrap()
}
