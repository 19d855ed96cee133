//! The rules that every stage keeps, built in or plugged in, as one test.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{CorpusRun, Schedule};
use crate::label::{EventType, Modality, Outcome, Qualifier, Scope, Victims};
use crate::record::{Article, Claim, Incident, Place, Rejected, When};
use crate::stage::{
    AnyArticleStage, AnyCorpusStage, ArticleStage, Batch, Context, CorpusStage, Definition, Pass,
};
use crate::{Date, arrow};

/// What [`check`] tries a stage with.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The config: every key has a default, so the empty table must do.
    pub config: Value,
    /// What paths in the config are relative to.
    pub base: PathBuf,
    /// The corpus; [`samples`] if nothing else.
    pub articles: Vec<Article>,
}

impl Default for Trial {
    fn default() -> Self {
        Self { config: json!({}), base: PathBuf::from("."), articles: samples() }
    }
}

/// [`check`]s a stage that looks at each article by itself.
///
/// # Panics
/// When a rule is broken.
pub fn check_article<S: ArticleStage>() {
    check(&Definition::article::<S>(), &Trial::default());
}

/// [`check`]s a stage that needs the whole corpus.
///
/// # Panics
/// When a rule is broken.
pub fn check_corpus<S: CorpusStage>() {
    check(&Definition::corpus::<S>(), &Trial::default());
}

/// Holds a stage to the rules:
///
/// * Its name is of `a-z`, `0-9` and `_`, its version is above 0, and it does not write what names an article.
/// * Each key of its config is documented, has a default, and an unknown one is refused.
/// * No article is lost: each comes back, once and in order, or is rejected with a fixed code and a detail.
/// * It writes the columns that it says it writes, and needs no others than those that it says it reads.
/// * The same articles give the same results: twice over, one by one, in another order, with partials merged in another
///   order.
/// * What it writes crosses the plugin door.
///
/// # Panics
/// When a rule is broken, with the name of the stage and the rule.
pub fn check(definition: &Definition, trial: &Trial) {
    let name = definition.name.as_str();
    check_description(definition);
    let context = Context { base: trial.base.clone() };
    let open = |config: Value| definition.open(config, &context);
    if definition.config_schema.is_object() {
        let unknown = match trial.config.clone() {
            Value::Object(mut config) => {
                config.insert("no_such_key".to_owned(), json!(1));
                Value::Object(config)
            }
            other => panic!("{name}: the config of a trial is a table, not {other}"),
        };
        assert!(
            open(unknown).is_err(),
            "{name}: an unknown key of the config must be refused (`deny_unknown_fields`)"
        );
    }
    let passes = match open(trial.config.clone()) {
        Ok(passes) => passes,
        Err(error) => panic!("{name}: the config {} is refused at `{}`: {error}", trial.config, error.key),
    };
    assert!(!passes.is_empty(), "{name}: a stage has at least one pass");
    let mut articles = trial.articles.clone();
    for pass in &passes {
        let rules = Rules { definition };
        articles = match pass {
            Pass::Article(stage) => rules.article(stage.as_ref(), articles),
            Pass::Corpus(stage) => rules.corpus(stage.as_ref(), articles),
        };
    }
}

fn check_description(definition: &Definition) {
    let Definition { name, version, writes, config_schema, .. } = definition;
    assert!(is_code(name), "`{name}`: a name is of a-z, 0-9 and _");
    assert!(*version > 0, "{name}: versions begin at 1");
    for column in writes {
        let identity = arrow::IDENTITY.contains(&column.as_str());
        assert!(!identity, "{name}: `{column}` names the article and is not for a stage to write");
    }
    let properties = config_schema.get("properties").and_then(Value::as_object);
    for (key, property) in properties.into_iter().flatten() {
        let documented = property.get("description").is_some() || property.get("$ref").is_some();
        assert!(documented, "{name}: the key `{key}` of the config has no doc comment");
    }
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

struct Rules<'a> {
    definition: &'a Definition,
}

impl Rules<'_> {
    fn article(&self, stage: &dyn AnyArticleStage, articles: Vec<Article>) -> Vec<Article> {
        let name = self.definition.name.as_str();
        let process = |articles: Vec<Article>| match stage.process(Batch::new(articles)) {
            Ok(batch) => batch,
            Err(error) => panic!("{name}: a batch of fair articles fails ({}): {error}", error.reason),
        };
        let whole = process(articles.clone());
        self.nothing_lost(&articles, &whole);
        assert_eq!(
            process(articles.clone()),
            whole,
            "{name}: the same batch gives another result the second time"
        );

        let one_by_one = articles.iter().map(|article| process(vec![article.clone()]));
        assert_eq!(
            one_by_one.fold(Batch::default(), join),
            whole,
            "{name}: the result depends on the size of a batch"
        );

        let backwards = articles
            .iter()
            .rev()
            .cloned()
            .collect::<Vec<_>>()
            .chunks(3)
            .map(|b| process(b.to_vec()))
            .fold(Batch::default(), join);
        let mut turned = whole.clone();
        turned.articles.reverse();
        assert_eq!(
            backwards.articles, turned.articles,
            "{name}: the result depends on the order of the articles"
        );
        assert_eq!(
            sorted(backwards.rejected),
            sorted(whole.rejected.clone()),
            "{name}: what is rejected depends on the order of the articles"
        );

        let narrow = process(self.narrowed(&articles));
        assert_eq!(
            narrow.rejected, whole.rejected,
            "{name}: what is rejected depends on columns that it does not say it reads"
        );
        let kept =
            articles.iter().filter(|a| whole.articles.iter().any(|kept| kept.article_id == a.article_id));
        self.written(kept.cloned().collect(), &whole.articles, narrow.articles);
        whole.articles
    }

    fn nothing_lost(&self, before: &[Article], after: &Batch) {
        let name = self.definition.name.as_str();
        let mut kept = after.articles.iter().peekable();
        let mut rejected: Vec<&Rejected> = after.rejected.iter().collect();
        for article in before {
            if kept.next_if(|kept| kept.article_id == article.article_id).is_some() {
                continue;
            }
            let id = &article.source_id;
            let named = rejected.iter().position(|r| r.path == article.path && r.record.as_ref() == Some(id));
            let Some(at) = named else {
                panic!(
                    "{name}: article `{id}` is lost, neither kept in its place nor rejected under its path and source_id"
                )
            };
            let Rejected { stage, reason, detail, .. } = rejected.swap_remove(at);
            assert_eq!(stage, name, "{name}: rejects `{id}` in the name of another stage");
            assert!(
                is_code(reason),
                "{name}: rejects `{id}` with `{reason}`, which is not a fixed code in snake_case"
            );
            assert!(!detail.is_empty(), "{name}: rejects `{id}` without a detail");
        }
        assert!(kept.next().is_none(), "{name}: gives back articles that were not in the batch");
        assert!(rejected.is_empty(), "{name}: rejects what was not in the batch, or twice: {rejected:?}");
    }

    /// The articles with the columns that the stage reads and no others, as a plugin sees them.
    fn narrowed(&self, articles: &[Article]) -> Vec<Article> {
        let name = self.definition.name.as_str();
        let batch = arrow::to_batch(articles, &self.definition.reads);
        let batch = batch
            .unwrap_or_else(|error| panic!("{name}: what it reads cannot cross the plugin door: {error}"));
        arrow::from_batch(&batch).expect("what was written as a batch is one")
    }

    /// Checks that nothing but the columns that the stage writes has changed, and that they come out the same when it
    /// sees no more than it says it reads.
    fn written(&self, before: Vec<Article>, after: &[Article], narrow: Vec<Article>) {
        let Definition { name, writes, .. } = self.definition;
        let batch = arrow::to_batch(after, writes);
        let batch = batch
            .unwrap_or_else(|error| panic!("{name}: what it writes cannot cross the plugin door: {error}"));
        let crossed = arrow::from_batch(&batch).expect("what was written as a batch is one");
        for (((before, after), narrow), crossed) in before.into_iter().zip(after).zip(narrow).zip(crossed) {
            let id = after.source_id.clone();
            let overlaid = |newer: Article| {
                let mut article = before.clone();
                article.overlay(newer, writes);
                article
            };
            assert_eq!(
                &overlaid(after.clone()),
                after,
                "{name}: `{id}` has changed in columns that it does not say it writes"
            );
            assert_eq!(
                &overlaid(narrow),
                after,
                "{name}: `{id}` depends on columns that it does not say it reads"
            );
            assert_eq!(
                &overlaid(crossed),
                after,
                "{name}: what it writes into `{id}` is not the same behind the plugin door"
            );
        }
    }

    fn corpus(&self, stage: &dyn AnyCorpusStage, articles: Vec<Article>) -> Vec<Article> {
        let name = self.definition.name.as_str();
        let run = |schedule: Schedule, articles: Vec<Article>| match schedule.run(stage, articles) {
            Ok(run) => run,
            Err(error) => panic!("{name}: a corpus of fair articles fails ({}): {error}", error.reason),
        };
        let plain = Schedule { batch_size: 1000, shuffle: None };
        let whole = run(plain, articles.clone());
        for (batch_size, shuffle) in [(1000, None), (1, None), (3, Some(1)), (1, Some(7)), (2, Some(20))] {
            let other = run(Schedule { batch_size, shuffle }, articles.clone());
            assert_eq!(
                other, whole,
                "{name}: the result depends on batches or order (batch_size {batch_size}, shuffle {shuffle:?})"
            );
        }
        let _ = run(plain, Vec::new());
        let CorpusRun { articles: narrow, tables, counts } = run(plain, self.narrowed(&articles));
        assert_eq!(
            (&tables, &counts),
            (&whole.tables, &whole.counts),
            "{name}: tables or counts depend on columns that it does not say it reads"
        );
        self.written(articles, &whole.articles, narrow);
        whole.articles
    }
}

fn join(mut all: Batch, batch: Batch) -> Batch {
    all.articles.extend(batch.articles);
    all.rejected.extend(batch.rejected);
    all
}

fn sorted(mut rejected: Vec<Rejected>) -> Vec<Rejected> {
    rejected.sort();
    rejected
}

/// A small corpus of fair and of odd articles: reports, a re-post, a page, texts without letters or without end.
pub fn samples() -> Vec<Article> {
    let report = "ZARDANA — Shells hit the vegetable market of Zardana on Tuesday morning, killing at least seven \
                  people, including two children, the town's rescue service said.\n\nA second round fell near the \
                  bakery an hour later and wounded twelve. Residents blamed government forces, who did not comment.";
    let texts = [
        report,
        report,
        "Two mortar rounds landed on the road to Hawija; nobody was hurt, police said.",
        "",
        " \n\n\t ",
        "قتل خمسة أشخاص في قصف على السوق\n\nقالت مصادر طبية إن بينهم طفلين.",
        "\u{feff}e\u{301}\u{200d}👩\u{200d}🚒\0\u{1}\u{202e}dab\u{2028}“‘—’”",
        "!!! ... ??? 1,000,000,000,000,000,000,000 -0 1e999 99/99/9999",
    ];
    let mut articles: Vec<Article> = texts.iter().enumerate().map(|(n, text)| sample(n, text)).collect();
    articles
        .push(sample(articles.len(), &"Rockets fell on the town again and again and again. ".repeat(2000)));
    articles.push(sample(articles.len(), &"ل".repeat(20_000)));
    articles.push(sample(articles.len(), &"((([[[\"".repeat(2000)));

    let page = "<html><head><title>Market hit</title></head><body><p>Shells hit the market, killing 3.</p></body></html>";
    let mut from_page = sample(articles.len(), "");
    from_page.html = Some(page.into());
    articles.push(from_page);
    let mut torn_page = sample(articles.len(), "");
    torn_page.html = Some([b"<p><b>\xff\xfe<script>".as_slice(), &b"<div>".repeat(500)].concat());
    articles.push(torn_page);

    articles.push(Article::new("bare", "bare", "bare.txt"));
    articles.push(extracted());
    articles
}

fn sample(number: usize, text: &str) -> Article {
    let mut article =
        Article::new(format!("sample{number:02}"), format!("s/{number}.txt"), format!("s/{number}.txt"));
    article.text = text.to_owned();
    article.title = Some(format!("Market shelled, report {number}"));
    article.publisher = Some(["Orontes Herald", "Zardana Post", "Plain News"][number % 3].to_owned());
    article.url = Some(format!("https://news.example/2016/07/{:02}/{number}", number % 28 + 1));
    article.published = Some(format!("2016-07-{:02}", number % 28 + 1));
    article.authors = vec!["A. Writer".to_owned()];
    article.language = Some("en".to_owned());
    article.attributes.insert("section".to_owned(), json!(["world", number]));
    article
}

/// An article as it is after extraction.
fn extracted() -> Article {
    let mut article =
        sample(90, "An air strike on Zardana killed five people on Monday, the rescue service said.");
    let day = Date::constant(2016, 7, 4);
    let when = Some(When { start: day, end: day, precision: 1 });
    let place =
        Some(Place { name: "Zardana".to_owned(), country: Some("SYR".to_owned()), ..Place::default() });
    article.incidents.push(Incident {
        incident_id: "i1".to_owned(),
        main: true,
        event_type: EventType::AirStrike,
        weapons: Vec::new(),
        when,
        place: place.clone(),
        perpetrators: Vec::new(),
        killed: None,
        injured: None,
        start: 0,
        end: 79,
        event_id: None,
    });
    article.claims.push(Claim {
        claim_id: "c1".to_owned(),
        incident: Some(0),
        event_id: None,
        event_type: EventType::AirStrike,
        outcome: Outcome::Killed,
        victims: Victims::People,
        low: Some(5),
        high: Some(5),
        qualifier: Qualifier::Exact,
        scope: Scope::Incident,
        modality: Modality::Asserted,
        when,
        place,
        perpetrator: None,
        source: None,
        part_of: None,
        quote: article.text.clone(),
        start: 0,
        end: 79,
    });
    article
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::{ConfigError, Stage, StageError};

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct NoKeys {}

    /// What a stage with the name of a fault does wrong.
    macro_rules! stage {
        ($name:ident, $process:expr) => {
            struct $name;
            impl Stage for $name {
                const NAME: &'static str = "trial";
                const VERSION: u32 = 1;
                const READS: &'static [&'static str] = &["text"];
                const WRITES: &'static [&'static str] = &["length"];
                type Config = NoKeys;
                fn open(_: NoKeys, _: &Context) -> Result<Self, ConfigError> {
                    Ok(Self)
                }
            }
            impl ArticleStage for $name {
                fn process(&self, mut batch: Batch) -> Result<Batch, StageError> {
                    let rows = batch.articles.len();
                    let change: fn(usize, &mut Batch) = $process;
                    for article in &mut batch.articles {
                        article.attributes.insert("length".into(), article.text.len().into());
                    }
                    change(rows, &mut batch);
                    Ok(batch)
                }
            }
        };
    }

    stage!(Sound, |_, batch| batch.retain("trial", |article| {
        if article.text.is_empty() { Err(("no_text", "the text is empty".into())) } else { Ok(()) }
    }));
    stage!(Loses, |_, batch| drop(batch.articles.pop()));
    stage!(Strays, |_, batch| batch.articles.iter_mut().for_each(|a| a.dateline = Some("HERE".into())));
    stage!(Peeks, |_, batch| batch.articles.iter_mut().for_each(|a| {
        a.attributes.insert("length".into(), a.title.as_ref().map_or(0, String::len).into());
    }));
    stage!(Counts, |rows, batch| batch.articles.iter_mut().for_each(|a| {
        a.attributes.insert("length".into(), rows.into());
    }));
    stage!(Mumbles, |_, batch| batch.retain("trial", |_| Err(("Not Good", "nothing is".into()))));
    stage!(Swaps, |_, batch| batch.articles.reverse());

    #[test]
    fn a_sound_stage_passes_and_each_fault_is_named() {
        check_article::<Sound>();
        let fault = |check: fn()| {
            let panic = catch_unwind(check).expect_err("the fault goes unnoticed");
            panic.downcast_ref::<String>().cloned().unwrap_or_default()
        };
        let faults = [
            (fault(check_article::<Loses>), "is lost"),
            (fault(check_article::<Strays>), "does not say it writes"),
            (fault(check_article::<Peeks>), "does not say it reads"),
            (fault(check_article::<Counts>), "depends on the size of a batch"),
            (fault(check_article::<Mumbles>), "not a fixed code"),
            (fault(check_article::<Swaps>), "is lost, neither kept in its place"),
        ];
        for (message, due) in faults {
            assert!(message.contains(due), "{message:.300} does not say `{due}`");
        }
    }
}
