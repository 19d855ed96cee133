//! Corpora made to take all the time or all the memory there is.

use std::time::{Duration, Instant};

use annals_plugin::testing::{CorpusRun, run_corpus};
use annals_plugin::{Article, Context, Pass, Status};

/// Runs the stage and tells what it cost beside reading the same number of articles that have nothing in common.
fn run(articles: Vec<Article>) -> (CorpusRun, Duration) {
    let passes = annals_dedupe::definition()
        .open(serde_json::json!({}), &Context::default())
        .expect("defaults are valid");
    let [Pass::Corpus(stage)] = passes.as_slice() else { panic!("dedupe has one pass over the corpus") };
    let from = Instant::now();
    let run = run_corpus(stage.as_ref(), articles, 1000).expect("the stage runs");
    (run, from.elapsed())
}

fn article(n: usize, text: String) -> Article {
    let mut article = Article::new(format!("{n:08}"), n.to_string(), "corpus");
    article.text = text;
    article
}

fn prose(seed: usize, length: usize) -> String {
    let words = (0..length).map(|i| {
        let mut mixed = (seed as u64) << 32 | i as u64;
        for _ in 0..3 {
            mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        }
        format!("w{}", mixed >> 44)
    });
    words.collect::<Vec<_>>().join(" ")
}

fn duplicates(run: &CorpusRun) -> usize {
    run.articles.iter().filter(|article| article.status == Status::Duplicate).count()
}

/// Comparisons are what costs: their number must stay in proportion to the articles.
#[track_caller]
fn assert_linear(run: &CorpusRun, took: Duration, comparisons_an_article: u64) {
    let articles = run.articles.len() as u64;
    let compared = run.counts["compared"];
    assert!(compared <= articles * comparisons_an_article, "{compared} comparisons of {articles} articles");
    // So wide that only a square of the articles breaks it.
    assert!(took < Duration::from_secs(60), "{articles} articles took {took:?}");
}

const MANY: usize = 30_000;

#[test]
fn the_same_article_over_and_over() {
    let (run, took) = run((0..MANY).map(|n| article(n, prose(1, 40))).collect());
    assert_linear(&run, took, 1);
    assert_eq!(duplicates(&run), MANY - 1);
}

#[test]
fn the_same_article_with_one_word_changed_each_time() {
    let text = |n: usize| format!("{} changed{n} {}", prose(1, 60), prose(2, 60));
    let (run, took) = run((0..MANY).map(|n| article(n, text(n))).collect());
    assert_linear(&run, took, 2);
    assert_eq!(duplicates(&run), MANY - 1);
}

#[test]
fn the_same_text_under_a_different_title_each_time() {
    let titled = |n: usize| {
        let mut article = article(n, prose(1, 40));
        article.title = Some(format!("nothing{n} told{n} here{n} thing{n}"));
        article
    };
    let (run, took) = run((0..MANY).map(titled).collect());
    assert_linear(&run, took, 10);
    assert_eq!(duplicates(&run), MANY - 1, "the same words are copies, whatever stands above them");
}

#[test]
fn articles_of_one_word() {
    let (run, took) = run((0..MANY).map(|n| article(n, format!("word{}", n % 1000))).collect());
    assert_linear(&run, took, 1);
    assert_eq!(duplicates(&run), MANY - 1000);
}

#[test]
fn articles_of_one_word_repeated() {
    let (run, took) = run((0..2_000).map(|n| article(n, "word ".repeat(20 + n))).collect());
    assert_linear(&run, took, 2);
    assert_eq!(duplicates(&run), 1_999, "they hold the same one shingle");
}

#[test]
fn one_article_that_contains_all_others() {
    for (place, published) in [("first", "2020-01-01"), ("last", "2022-01-01")] {
        let mut articles: Vec<Article> = (0..MANY / 10).map(|n| article(n, prose(n, 60))).collect();
        articles.iter_mut().for_each(|article| article.published = Some("2021-01-01".to_owned()));
        let mut all =
            article(99_999_999, articles.iter().map(|a| a.text.as_str()).collect::<Vec<_>>().join("\n\n"));
        all.published = Some(published.to_owned());
        articles.push(all);
        let (run, took) = run(articles);
        assert_linear(&run, took, 2);
        assert_eq!(
            run.articles[MANY / 10].status,
            Status::Kept,
            "{place}: it is mostly something else than each"
        );
        assert_eq!(duplicates(&run), MANY / 10, "{place}");
    }
}

#[test]
fn unlike_articles_with_one_long_footer() {
    let footer = prose(7, 600);
    let text = |n: usize| format!("{}\n\n{footer}", prose(n + 100, 100));
    for titled in [false, true] {
        let with_footer = |n: usize| {
            let mut article = article(n, text(n));
            article.title = titled.then(|| prose(n + 100, 8));
            article
        };
        let (run, took) = run((0..MANY / 3).map(with_footer).collect());
        assert_linear(&run, took, 10);
        assert_eq!(duplicates(&run), 0, "they share six words of seven and no story, titled: {titled}");
    }
}

#[test]
fn a_chain_of_articles_each_a_little_further_on() {
    let words: Vec<String> = prose(3, 3_000).split(' ').map(str::to_owned).collect();
    let text = |n: usize| words[n * 10..n * 10 + 100].join(" ");
    let (run, took) = run((0..290).map(|n| article(n, text(n))).collect());
    assert_linear(&run, took, 10);
    for duplicate in run.articles.iter().filter(|article| article.status == Status::Duplicate) {
        let of: usize =
            duplicate.duplicate_of.as_deref().and_then(|id| id.parse().ok()).expect("an id of the corpus");
        let distance = of.abs_diff(duplicate.source_id.parse().expect("a number"));
        assert!(distance <= 5, "article {} is {distance} steps from {of}", duplicate.source_id);
    }
    assert!(duplicates(&run) > 100, "neighbours are copies: {}", duplicates(&run));
}

#[test]
fn one_line_without_end() {
    let (run, took) = run(vec![
        article(0, "a".repeat(20_000_000)),
        article(1, "a ".repeat(5_000_000)),
        article(2, "…".repeat(1_000_000)),
    ]);
    assert_linear(&run, took, 2);
    assert_eq!(duplicates(&run), 0);
}
