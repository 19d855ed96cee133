//! What the plugin door costs: a stage that does nothing, built in, behind the door, and in a process of its own, over
//! 100,000 articles of 5 kB on one thread.
//!
//! `cargo bench -p annals-tests --bench door`
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::time::{Duration, Instant};

use annals_plugin::{AnyArticleStage, Article, Batch};
use serde_json::json;

#[allow(unreachable_pub, reason = "it is a crate elsewhere")]
#[path = "../examples/noop.rs"]
mod noop;
#[path = "../tests/plugin/mod.rs"]
mod plugin;

const ARTICLES: usize = 100_000;
const BATCH: usize = 250;

fn batch() -> Vec<Article> {
    let article = |n: usize| {
        let mut article =
            Article::new(format!("{n:032x}"), format!("feed/2016.jsonl#{n}"), "feed/2016.jsonl");
        article.text = "Shells fell on the town. ".repeat(200);
        article.title = Some("Shells fall".to_owned());
        article.publisher = Some("The Herald".to_owned());
        article
    };
    (0..BATCH).map(article).collect()
}

/// Time an article in the median batch: other programs on the machine then hardly count.
fn measure(stage: &dyn AnyArticleStage) -> f64 {
    let articles = batch();
    let mut taken: Vec<Duration> = (0..ARTICLES / BATCH)
        .map(|_| {
            let batch = Batch::new(articles.clone());
            let begun = Instant::now();
            let done = stage.process(batch).expect("the stage does nothing");
            assert_eq!(done.articles.len(), BATCH);
            begun.elapsed()
        })
        .collect();
    taken.sort_unstable();
    taken[taken.len() / 2].as_secs_f64() * 1e6 / BATCH as f64
}

fn main() {
    let library = plugin::rust_plugin("noop");
    let built_in = measure(&noop::Noop);
    let direct = measure(plugin::article_stage(&plugin::options(&library, false), json!({})).as_ref());
    let isolated = measure(plugin::article_stage(&plugin::options(&library, true), json!({})).as_ref());
    println!("built in    {built_in:8.3} µs an article");
    println!("in-process  {direct:8.3} µs an article, {:.3} more (goal: under 5)", direct - built_in);
    println!("isolated    {isolated:8.3} µs an article, {:.3} more (goal: under 25)", isolated - built_in);
}
