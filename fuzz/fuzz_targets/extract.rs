//! Reads any text as an article: the stage never panics, every quote stands at its offsets, and every id is given once.

#![no_main]

use std::collections::BTreeSet;
use std::sync::OnceLock;

use annals_plugin::{AnyArticleStage, Article, Batch, Context, Pass};
use libfuzzer_sys::fuzz_target;

fn stage() -> &'static dyn AnyArticleStage {
    static STAGE: OnceLock<Box<dyn AnyArticleStage>> = OnceLock::new();
    STAGE
        .get_or_init(|| {
            let passes = annals_extract::definition()
                .open(serde_json::json!({}), &Context::default())
                .expect("the stage opens with its defaults");
            match passes.into_iter().next() {
                Some(Pass::Article(stage)) => stage,
                _ => unreachable!("the stage looks at each article by itself"),
            }
        })
        .as_ref()
}

fuzz_target!(|text: &str| {
    let mut article = Article::new("a", "a", "a.txt");
    // The first line is the headline, so that both are reached.
    let (title, body) = text.split_once('\n').unwrap_or(("", text));
    article.title = (!title.is_empty()).then(|| title.to_owned());
    article.published = Some("2019-05-14".to_owned());
    article.text = body.to_owned();
    let batch = stage().process(Batch::new(vec![article])).expect("any text is taken");
    for article in &batch.articles {
        let mut ids = BTreeSet::new();
        for claim in &article.claims {
            let length = (claim.end - claim.start) as usize;
            let quote: String = article.text.chars().skip(claim.start as usize).take(length).collect();
            assert_eq!(quote, claim.quote);
            assert!(ids.insert(&claim.claim_id));
            assert!(claim.incident.is_none_or(|incident| (incident as usize) < article.incidents.len()));
        }
        for incident in &article.incidents {
            assert!(ids.insert(&incident.incident_id));
        }
    }
});
