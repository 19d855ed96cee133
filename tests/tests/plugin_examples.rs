//! The examples under `plugins/` give the same whether built in, behind the door, or in a process of their own.

#![allow(clippy::unwrap_used)]

mod plugin;
#[allow(unreachable_pub, reason = "it is a crate elsewhere")]
#[path = "../../plugins/weapons/src/lib.rs"]
mod weapons;

use annals_plugin::testing::{Trial, check, run_corpus, samples};
use annals_plugin::{AnyArticleStage, Article, Batch, Context, Definition, Pass};
use plugin::{article_stage, c_plugin, corpus_stage, options, rust_plugin};
use serde_json::json;

/// The sample articles, and enough others to fill many batches.
fn corpus() -> Vec<Article> {
    let mut articles = samples();
    for n in 0..300 {
        let mut article = Article::new(format!("more{n:03}"), format!("more.jsonl#{n}"), "more.jsonl");
        article.text = format!("Mortar rounds and a drone, report {n}. {}", "Sniper fire. ".repeat(n));
        article.publisher = Some(format!("Outlet {}", n % 7));
        article.published = Some(format!("2016-05-{:02}T12:00:00Z", n % 9 + 1));
        articles.push(article);
    }
    articles
}

fn process(stage: &dyn AnyArticleStage) -> Vec<Batch> {
    corpus().chunks(64).map(|batch| stage.process(Batch::new(batch.to_vec())).unwrap()).collect()
}

#[test]
fn the_annotator_gives_the_same_everywhere() {
    let library = rust_plugin("weapons");
    let config = json!({"words": ["drone", "mortar", "شقة", "сна"]});
    let mut built_in =
        Definition::article::<weapons::Weapons>().open(config.clone(), &Context::default()).unwrap();
    let Pass::Article(built_in) = built_in.remove(0) else { panic!("a stage of each article") };
    let due = process(built_in.as_ref());
    assert!(
        due.iter()
            .flat_map(|b| &b.articles)
            .any(|a| a.attributes.get("weapons_named") == Some(&json!(["drone", "mortar"])))
    );
    for isolate in [false, true] {
        assert_eq!(
            process(article_stage(&options(&library, isolate), config.clone()).as_ref()),
            due,
            "isolate {isolate}"
        );
    }
}

#[test]
fn a_corpus_wide_stage_gives_the_same_in_process_and_isolated() {
    let library = rust_plugin("outlets");
    let [direct, isolated] = [false, true].map(|isolate| {
        let stage = corpus_stage(&options(&library, isolate), json!({}));
        run_corpus(stage.as_ref(), corpus(), 50).unwrap()
    });
    assert_eq!(direct, isolated);
    assert!(direct.articles.iter().all(|a| a.attributes.contains_key("outlet_articles")));
    assert_eq!(direct.counts["outlets"], direct.tables["outlets"][0].num_rows() as u64);
}

#[test]
fn the_corpus_wide_example_keeps_the_rules_through_either_door() {
    for isolate in [false, true] {
        let definition = annals_host::load(&options(&rust_plugin("outlets"), isolate), ".".as_ref(), None);
        check(&definition.unwrap(), &Trial::default());
    }
}

#[test]
fn the_c_example_keeps_the_rules_through_either_door() {
    let dir = tempfile::tempdir().unwrap();
    let library = c_plugin("plugins/shouting/shouting.c".as_ref(), dir.path(), "shouting", &[]);
    for isolate in [false, true] {
        let options = options(&library, isolate);
        check(&annals_host::load(&options, ".".as_ref(), Some("shouting")).unwrap(), &Trial::default());
        let mut article = Article::new("a", "a", "a");
        article.title = Some("ABC d".to_owned());
        let done = article_stage(&options, json!({})).process(Batch::new(vec![article])).unwrap();
        assert_eq!(done.articles[0].attributes["shouting"], json!(0.75));
    }
}
