//! What the stage remembers saves work and changes nothing.

use std::cell::Cell;
use std::collections::BTreeMap;

use annals_plugin::stage::Visit;
use annals_plugin::{
    AnyCorpusStage, Article, Context, Emit, EventType, Findings, Incident, Partials, Pass, Place, StageError,
    Status, When,
};
use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

fn stage() -> Box<dyn AnyCorpusStage> {
    let config = serde_json::json!({});
    let mut passes =
        annals_aggregate::definition().open(config, &Context::default()).expect("a valid config");
    match passes.remove(0) {
        Pass::Corpus(stage) => stage,
        Pass::Article(_) => panic!("the stage needs the whole corpus"),
    }
}

/// Several outlets tell of each incident, some with an hour of publication; some articles repeat others.
fn article(number: usize, edition: usize) -> Article {
    const STREETS: [&str; 7] = ["Mirna", "Olvath", "Teskar", "Brunhal", "Quorin", "Sabbet", "Lindow"];
    let id = format!("a{number:04}");
    let event = number / 3;
    let mut article = Article::new(id.clone(), id.clone(), format!("{id}.txt"));
    article.publisher = Some(format!("Outlet {}", number % 5));
    article.published = (!number.is_multiple_of(11)).then(|| format!("2020-05-{:02}", 1 + event % 28));
    article.title = Some(format!("Shells hit {} quarter again", STREETS[event % 7]));
    article.text = format!(
        "Shells hit the house of Karim{event} Dalvi{event} in {} street. Edition {edition} of the desk of Post{number} says so.",
        STREETS[event % 5]
    );
    if number % 9 == 4 {
        article.status = Status::Duplicate;
        article.duplicate_of = Some(format!("a{:04}", number - 1));
        return article;
    }
    let day = format!("2020-05-{:02}", 1 + event % 28).parse().expect("a date");
    article.incidents.push(Incident {
        incident_id: format!("{id}-0"),
        main: true,
        event_type: EventType::Shelling,
        weapons: Vec::new(),
        when: Some(When { start: day, end: day, precision: 1 }),
        place: Some(Place {
            name: STREETS[event % 4].to_owned(),
            geonames_id: Some(event as u32 % 4 + 1),
            adm_1: Some("North".to_owned()),
            country: Some("SYR".to_owned()),
            latitude: Some(35.0 + (event % 4) as f64),
            longitude: Some(36.0),
            precision: Some(1),
            candidates: Vec::new(),
        }),
        perpetrators: Vec::new(),
        killed: Some(1 + (event % 6) as u64),
        injured: None,
        start: 0,
        end: 40,
        event_id: None,
    });
    article
}

type Parts = BTreeMap<Vec<u8>, Vec<u8>>;

/// Partial results with what the last run left, and the articles that are not what they were then.
#[derive(Default)]
struct Corpus {
    pairs: BTreeMap<Vec<u8>, Vec<u8>>,
    memory: Parts,
    changed: Option<Vec<String>>,
    scans: Cell<usize>,
}

impl Emit for Corpus {
    fn emit(&mut self, _: usize, key: &[u8], value: &[u8]) {
        self.pairs.insert(key.to_vec(), value.to_vec());
    }
}

impl Partials for Corpus {
    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StageError> {
        self.scans.set(self.scans.get() + 1);
        let mut from = self.pairs.range(prefix.to_vec()..).take_while(|(key, _)| key.starts_with(prefix));
        from.try_for_each(|(key, value)| visit(key, value))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        Ok(self.pairs.get(key).cloned())
    }

    fn recall(&self) -> Result<Option<Vec<u8>>, StageError> {
        self.recall_part(b"")
    }

    fn recall_part(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        Ok(self.memory.get(name).cloned())
    }

    fn changed(&self) -> Result<Option<Vec<String>>, StageError> {
        Ok(self.changed.clone())
    }
}

#[derive(Default)]
struct Told {
    verdicts: BTreeMap<String, Vec<u8>>,
    tables: BTreeMap<String, Vec<RecordBatch>>,
    counts: BTreeMap<String, u64>,
    memory: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Findings for Told {
    fn verdict(&mut self, article_id: &str, verdict: &[u8]) {
        self.verdicts.insert(article_id.to_owned(), verdict.to_vec());
    }

    fn table(&mut self, name: &str, rows: RecordBatch) {
        self.tables.entry(name.to_owned()).or_default().push(rows);
    }

    fn count(&mut self, name: &str, value: u64) {
        self.counts.insert(name.to_owned(), value);
    }

    fn remember(&mut self, memory: Vec<u8>) {
        self.remember_part(b"", Some(memory));
    }

    fn remember_part(&mut self, name: &[u8], part: Option<Vec<u8>>) {
        self.memory.insert(name.to_vec(), part);
    }
}

impl Told {
    /// The memory for the next run, with what stays of the last one.
    fn memory(&self, last: &Parts) -> Parts {
        let part = |(name, part): (&Vec<u8>, &Option<Vec<u8>>)| {
            (name.clone(), part.clone().unwrap_or_else(|| last[name].clone()))
        };
        self.memory.iter().map(part).collect()
    }

    fn rows(&self) -> BTreeMap<&str, RecordBatch> {
        let whole = |batches: &Vec<RecordBatch>| concat_batches(&batches[0].schema(), batches).expect("rows");
        self.tables.iter().map(|(name, batches)| (name.as_str(), whole(batches))).collect()
    }
}

/// Runs over articles, told by number and edition.
fn run(articles: &BTreeMap<usize, usize>, memory: Parts, changed: Option<Vec<String>>) -> (Told, usize) {
    let articles: Vec<Article> =
        articles.iter().map(|(&number, &edition)| article(number, edition)).collect();
    let stage = stage();
    let mut corpus = Corpus { memory, changed, ..Corpus::default() };
    stage.map(&articles, &mut corpus).expect("articles can be mapped");
    let mut told = Told::default();
    stage.finish(&corpus, &mut told).expect("the stage runs");
    (told, corpus.scans.get())
}

#[test]
fn what_is_remembered_saves_work_and_changes_nothing() {
    let mut articles: BTreeMap<usize, usize> = (0..900).map(|number| (number, 0)).collect();
    let (first, scans) = run(&articles, Parts::new(), None);
    assert_eq!(scans, 1);
    let rows = |name: &str| first.rows()[name].num_rows();
    assert!(rows("events") > 25 && rows("links") > 25, "{} {}", rows("events"), rows("links"));
    let mut memory = first.memory(&Parts::new());
    let id = |number: &usize| format!("a{number:04}");
    // Nothing; some that are new, at the end and in between; edits; withdrawals; an article that repeats another now no more.
    let histories: [&[(usize, Option<usize>)]; 5] = [
        &[],
        &[(950, Some(0)), (951, Some(0)), (952, Some(0))],
        &[(13, Some(1)), (14, Some(2)), (500, Some(3))],
        &[(33, None), (34, None), (951, None)],
        &[(33, Some(1)), (1200, Some(0)), (4, None)],
    ];
    for changes in histories {
        for &(number, edition) in changes {
            match edition {
                Some(edition) => articles.insert(number, edition),
                None => articles.remove(&number),
            };
        }
        let changed = changes.iter().map(|(number, _)| id(number)).collect();
        let (again, scans) = run(&articles, memory.clone(), Some(changed));
        let (whole, _) = run(&articles, Parts::new(), None);
        assert_eq!(scans, 0, "the partial results of all articles are not asked for");
        assert_eq!(again.rows(), whole.rows());
        assert_eq!((&again.verdicts, &again.counts), (&whole.verdicts, &whole.counts));
        let kept = again.memory.values().filter(|part| part.is_none()).count();
        // The list of the parts and the last words are written in any case.
        assert!(!changes.is_empty() || kept + 2 >= again.memory.len(), "{kept} of {}", again.memory.len());
        memory = again.memory(&memory);
    }
    // What cannot be read is made anew.
    for name in memory.keys().cloned().collect::<Vec<_>>() {
        let mut damaged = memory.clone();
        damaged.insert(name, b"no such thing".to_vec());
        let (again, _) = run(&articles, damaged, Some(Vec::new()));
        assert_eq!(again.verdicts, run(&articles, Parts::new(), None).0.verdicts);
    }
}
