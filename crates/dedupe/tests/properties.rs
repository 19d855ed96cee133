//! What holds for any corpus: the same result whatever the schedule, and the result that its definition gives.

use std::collections::BTreeSet;

use annals_plugin::testing::{CorpusRun, Schedule, run_corpus};
use annals_plugin::{AnyCorpusStage, Article, Context, CopyKind, Pass, Status};
use proptest::prelude::*;
use proptest::sample::Index;

fn stage() -> Box<dyn AnyCorpusStage> {
    let passes = annals_dedupe::definition()
        .open(serde_json::json!({}), &Context::default())
        .expect("defaults are valid");
    match passes.into_iter().next() {
        Some(Pass::Corpus(stage)) => stage,
        _ => panic!("dedupe has one pass over the corpus"),
    }
}

fn run(articles: &[Article]) -> CorpusRun {
    run_corpus(stage().as_ref(), articles.to_vec(), 7).expect("the stage runs")
}

/// How an article is made out of an earlier one, or of nothing.
#[derive(Debug, Clone)]
enum Make {
    New,
    Same,
    Cut { from: usize, keep: usize },
    Padded { words: usize, front: bool },
    Edited { step: usize },
    Joined,
}

#[derive(Debug, Clone)]
struct Recipe {
    make: Make,
    of: Index,
    and: Index,
    length: usize,
    day: Option<u8>,
    title: u8,
    seed: u32,
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let make = prop_oneof![
        2 => Just(Make::New),
        1 => Just(Make::Same),
        2 => (0..60_usize, 10..100_usize).prop_map(|(from, keep)| Make::Cut { from, keep }),
        2 => (0..150_usize, any::<bool>()).prop_map(|(words, front)| Make::Padded { words, front }),
        2 => (2..60_usize).prop_map(|step| Make::Edited { step }),
        1 => Just(Make::Joined),
    ];
    let length = prop_oneof![4 => 20..200_usize, 1 => 0..20_usize];
    (make, any::<Index>(), any::<Index>(), length, proptest::option::of(1..28_u8), 0..6_u8, any::<u32>())
        .prop_map(|(make, of, and, length, day, title, seed)| Recipe {
            make,
            of,
            and,
            length,
            day,
            title,
            seed,
        })
}

fn prose(seed: u32, length: usize) -> Vec<String> {
    let mut state = u64::from(seed) + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 40
    };
    (0..length).map(|_| format!("w{}", next() % 900)).collect()
}

fn corpus() -> impl Strategy<Value = Vec<Article>> {
    proptest::collection::vec(recipe(), 1..24).prop_map(|recipes| {
        let mut texts: Vec<Vec<String>> = Vec::new();
        let mut articles = Vec::new();
        for (n, recipe) in recipes.into_iter().enumerate() {
            let mut words = match (&recipe.make, texts.is_empty()) {
                (Make::New, _) | (_, true) => prose(recipe.seed, recipe.length),
                _ => recipe.of.get(&texts).clone(),
            };
            match recipe.make {
                Make::New | Make::Same => {}
                Make::Cut { from, keep } => {
                    words = words.into_iter().skip(from).collect();
                    words.truncate(words.len() * keep / 100);
                }
                Make::Padded { words: more, front } => {
                    let at = if front { 0 } else { words.len() };
                    words.splice(at..at, prose(recipe.seed, more));
                }
                Make::Edited { step } => {
                    let other = prose(recipe.seed, words.len());
                    words
                        .iter_mut()
                        .zip(other)
                        .skip(step / 2)
                        .step_by(step)
                        .for_each(|(word, other)| *word = other);
                }
                Make::Joined => {
                    if !texts.is_empty() {
                        words.extend(recipe.and.get(&texts).iter().cloned());
                    }
                }
            }
            let mut article = Article::new(format!("a{:02}", (n * 7) % 100), n.to_string(), "corpus");
            article.text = words.join(" ");
            article.published = recipe.day.map(|day| format!("2021-03-{day:02}"));
            article.title = (recipe.title == 0).then(|| prose(recipe.seed, 6).join(" "));
            texts.push(words);
            articles.push(article);
        }
        articles
    })
}

fn shingles(article: &Article) -> BTreeSet<Vec<&str>> {
    let words: Vec<&str> = article.text.split_whitespace().collect();
    words.windows(5).map(<[&str]>::to_vec).collect()
}

/// Jaccard similarity and containment by their definitions.
fn likeness(a: &Article, b: &Article) -> (f64, f64) {
    let (a, b) = (shingles(a), shingles(b));
    let shared = a.intersection(&b).count() as f64;
    let ratio = |whole: usize| if whole == 0 { 0.0 } else { shared / whole as f64 };
    (ratio(a.union(&b).count()), ratio(a.len().min(b.len())))
}

fn article<'a>(run: &'a CorpusRun, id: &str) -> &'a Article {
    run.articles.iter().find(|article| article.article_id == id).expect("it is of the corpus")
}

/// Earliest published, then longest, then by id.
fn claim(article: &Article) -> (bool, Option<&str>, std::cmp::Reverse<usize>, &str) {
    let words = article.text.split_whitespace().count();
    (article.published.is_none(), article.published.as_deref(), std::cmp::Reverse(words), &article.article_id)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_schedule_changes_the_result(articles in corpus(), batch_size in 1..30_usize, shuffle in any::<u64>()) {
        let mixed = Schedule { batch_size, shuffle: Some(shuffle) }.run(stage().as_ref(), articles.clone());
        prop_assert_eq!(run(&articles), mixed.expect("the stage runs"));
    }

    #[test]
    fn a_duplicate_repeats_an_article_that_stays(articles in corpus()) {
        let run = run(&articles);
        for duplicate in run.articles.iter().filter(|article| article.status == Status::Duplicate) {
            let original = article(&run, duplicate.duplicate_of.as_deref().expect("a duplicate repeats something"));
            prop_assert_eq!(original.status, Status::Kept);
            let (jaccard, containment) = likeness(duplicate, original);
            let similarity = f64::from(duplicate.similarity.expect("a duplicate has its likeness"));
            match duplicate.copy_kind.expect("a duplicate has its kind") {
                CopyKind::Exact => prop_assert_eq!((similarity, &duplicate.text), (1.0, &original.text)),
                CopyKind::Near => {
                    prop_assert!(jaccard >= 0.7);
                    prop_assert!((similarity - jaccard).abs() < 1e-6, "{} for {}", similarity, jaccard);
                }
                CopyKind::Contained => {
                    prop_assert!(jaccard < 0.7 && containment >= 0.5);
                    prop_assert!((similarity - containment).abs() < 1e-6, "{} for {}", similarity, containment);
                }
            }
            // Nothing goes that is mostly something else than what stays.
            let own = shingles(duplicate);
            let held = own.intersection(&shingles(original)).count();
            prop_assert!(duplicate.text == original.text || 2 * held >= own.len());
        }
    }

    #[test]
    fn of_equal_texts_one_stays_at_most(articles in corpus()) {
        let run = run(&articles);
        for (i, a) in run.articles.iter().enumerate() {
            for b in run.articles[..i].iter().filter(|b| b.text == a.text && !a.text.is_empty()) {
                let root = |article: &Article| article.duplicate_of.clone().unwrap_or_else(|| article.article_id.clone());
                if a.title.is_none() || b.title.is_none() || a.title == b.title {
                    prop_assert!(root(a) == root(b) || a.title != b.title, "{:?} {:?}", a, b);
                }
            }
        }
    }

    #[test]
    fn two_copies_are_found_whichever_comes_first(articles in corpus()) {
        for pair in articles.windows(2) {
            let (jaccard, containment) = likeness(&pair[0], &pair[1]);
            // A text of a line or two is no part of another, but may be all of it.
            let shorter = shingles(&pair[0]).len().min(shingles(&pair[1]).len());
            let equal = pair[0].text == pair[1].text && !pair[0].text.is_empty();
            let mut pair = pair.to_vec();
            pair.iter_mut().for_each(|article| article.title = Some("One story".to_owned()));
            let there = run(&pair);
            pair.reverse();
            let back = run(&pair);
            let found = there.articles.iter().filter(|article| article.status == Status::Duplicate).count();
            prop_assert_eq!(found, usize::from(equal || jaccard >= 0.7 || (containment >= 0.8 && shorter >= 10)), "{} {}", jaccard, containment);
            prop_assert_eq!(&there.articles[0], &back.articles[1]);
            prop_assert_eq!(&there.articles[1], &back.articles[0]);
            if let Some(duplicate) = there.articles.iter().find(|article| article.status == Status::Duplicate) {
                let original = article(&there, duplicate.duplicate_of.as_deref().expect("it repeats the other"));
                let (goes, stays) = (shingles(duplicate), shingles(original));
                let taken_in = 2 * goes.intersection(&stays).count() < stays.len();
                prop_assert!(claim(original) < claim(duplicate) || taken_in);
            }
        }
    }

    #[test]
    fn no_two_that_stay_are_copies(mut articles in corpus()) {
        articles.iter_mut().for_each(|article| article.title = Some("One story".to_owned()));
        let run = run(&articles);
        let kept: Vec<&Article> = run.articles.iter().filter(|article| article.status == Status::Kept).collect();
        // An article that only a third one tied to a cluster may be let go again.
        let untied = run.counts["linked_through_another"] > 0;
        for (i, a) in kept.iter().enumerate() {
            for b in &kept[..i] {
                let (jaccard, containment) = likeness(a, b);
                let part = shingles(a).len().min(shingles(b).len()) >= 10;
                prop_assert!(untied || jaccard < 0.7 && (containment < 0.8 || !part), "{} {}", jaccard, containment);
            }
        }
    }

    #[test]
    fn parts_stand_in_both_texts(articles in corpus()) {
        let run = run(&articles);
        for duplicate in &run.articles {
            let Some(parts) = duplicate.attributes.get(annals_dedupe::REPEATS) else { continue };
            let original = article(&run, duplicate.duplicate_of.as_deref().expect("it repeats something"));
            let slice = |text: &str, part: &serde_json::Value, from: &str, to: &str| {
                let at = |key: &str| part[key].as_u64().expect("a place") as usize;
                text.chars().skip(at(from)).take(at(to) - at(from)).collect::<String>()
            };
            for part in parts.as_array().expect("a list") {
                let (mine, theirs) = (slice(&duplicate.text, part, "start", "end"), slice(&original.text, part, "of_start", "of_end"));
                let first = |text: &str| text.split_whitespace().take(5).map(str::to_owned).collect::<Vec<_>>();
                let last = |text: &str| text.split_whitespace().rev().take(5).map(str::to_owned).collect::<Vec<_>>();
                prop_assert_eq!((first(&mine), last(&mine)), (first(&theirs), last(&theirs)));
            }
        }
    }

    #[test]
    fn any_text_is_taken(texts in proptest::collection::vec(any::<String>(), 0..12), dates in proptest::collection::vec(any::<String>(), 12)) {
        let articles: Vec<Article> = texts.into_iter().zip(dates).enumerate().map(|(n, (text, date))| {
            let mut article = Article::new(format!("é{n}"), n.to_string(), "corpus");
            (article.title, article.published, article.text) = (Some(date.clone()), Some(date), text);
            article
        }).collect();
        prop_assert_eq!(run(&articles).articles.len(), articles.len());
    }
}
