//! What the stage remembers saves work and changes nothing.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use annals_plugin::stage::Visit;
use annals_plugin::{
    AnyCorpusStage, Article, Context, Emit, EventType, Findings, Incident, Partials, Pass, Place, StageError,
    Status, When,
};
use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

fn stage(config: serde_json::Value) -> Box<dyn AnyCorpusStage> {
    let mut passes =
        annals_aggregate::definition().open(config, &Context::default()).expect("a valid config");
    match passes.remove(0) {
        Pass::Corpus(stage) => stage,
        Pass::Article(_) => panic!("the stage needs the whole corpus"),
    }
}

/// Three outlets tell of each incident.
fn article(number: usize, edition: usize) -> Article {
    article_on(number / 3, number, edition)
}

/// Several outlets tell of each incident, some with an hour of publication; some articles repeat others.
fn article_on(event: usize, number: usize, edition: usize) -> Article {
    const STREETS: [&str; 7] = ["Mirna", "Olvath", "Teskar", "Brunhal", "Quorin", "Sabbet", "Lindow"];
    let id = format!("a{number:04}");
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

/// A small generator of random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        random.below(1);
        random
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }
}

type Parts = BTreeMap<Vec<u8>, Vec<u8>>;
type Verdicts = BTreeMap<String, Vec<u8>>;
type TableParts = BTreeMap<(String, Vec<u8>), RecordBatch>;

/// What the host has of an earlier run.
#[derive(Debug, Clone, Default)]
struct Last {
    verdicts: Verdicts,
    tables: TableParts,
}

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
    verdicts: Verdicts,
    /// What is there of the last run, if that may stand.
    last: Option<Last>,
    stand: bool,
    taken_back: BTreeSet<String>,
    newly_told: usize,
    tables: BTreeMap<String, Vec<RecordBatch>>,
    table_parts: TableParts,
    /// Parts of `events`.
    newly_made: usize,
    counts: BTreeMap<String, u64>,
    memory: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Findings for Told {
    fn verdict(&mut self, article_id: &str, verdict: &[u8]) {
        self.verdicts.insert(article_id.to_owned(), verdict.to_vec());
    }

    fn verdicts_stand(&mut self) -> bool {
        self.stand = self.last.is_some();
        self.stand
    }

    fn no_verdict(&mut self, article_id: &str) {
        self.taken_back.insert(article_id.to_owned());
    }

    fn table(&mut self, name: &str, rows: RecordBatch) {
        self.tables.entry(name.to_owned()).or_default().push(rows);
    }

    fn holds_parts(&mut self, name: &str, parts: &[Vec<u8>]) -> Vec<bool> {
        let held = |part: &Vec<u8>| {
            self.last.as_ref().is_some_and(|last| last.tables.contains_key(&(name.to_owned(), part.clone())))
        };
        parts.iter().map(held).collect()
    }

    fn table_part(&mut self, name: &str, part: &[u8], rows: Option<RecordBatch>) {
        let key = (name.to_owned(), part.to_vec());
        let known = self.last.as_ref().and_then(|last| last.tables.get(&key)).cloned();
        assert!(rows.is_none() || known.is_none(), "rows that are here already are made again");
        self.newly_made += usize::from(rows.is_some() && name == "events");
        let rows = rows.or(known).expect("a part without rows is here already");
        self.table_parts.insert(key, rows.clone());
        self.table(name, rows);
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

    fn last(self) -> Last {
        Last { verdicts: self.verdicts, tables: self.table_parts }
    }

    fn rows(&self) -> BTreeMap<&str, RecordBatch> {
        let whole = |batches: &Vec<RecordBatch>| concat_batches(&batches[0].schema(), batches).expect("rows");
        self.tables.iter().map(|(name, batches)| (name.as_str(), whole(batches))).collect()
    }
}

/// Runs over articles, told by number and edition.
fn run(
    articles: &BTreeMap<usize, usize>,
    memory: Parts,
    changed: Option<Vec<String>>,
    last: Option<Last>,
) -> (Told, usize) {
    let articles = articles.iter().map(|(&number, &edition)| article(number, edition)).collect();
    run_with(serde_json::json!({}), articles, memory, changed, last)
}

fn run_with(
    config: serde_json::Value,
    articles: Vec<Article>,
    memory: Parts,
    changed: Option<Vec<String>>,
    last: Option<Last>,
) -> (Told, usize) {
    let stage = stage(config);
    let mut corpus = Corpus { memory, changed, ..Corpus::default() };
    stage.map(&articles, &mut corpus).expect("articles can be mapped");
    let mut told = Told { last, ..Told::default() };
    stage.finish(&corpus, &mut told).expect("the stage runs");
    told.newly_told = told.verdicts.len();
    if let Some(last) = told.last.take().filter(|_| told.stand) {
        let stands = |(id, _): &(String, Vec<u8>)| !told.taken_back.contains(id);
        let new = std::mem::take(&mut told.verdicts);
        told.verdicts = last.verdicts.into_iter().filter(stands).chain(new).collect();
    }
    (told, corpus.scans.get())
}

#[test]
fn what_is_remembered_saves_work_and_changes_nothing() {
    let mut articles: BTreeMap<usize, usize> = (0..900).map(|number| (number, 0)).collect();
    let (first, scans) = run(&articles, Parts::new(), None, None);
    assert_eq!(scans, 1);
    let rows = |name: &str| first.rows()[name].num_rows();
    assert!(rows("events") > 25 && rows("links") > 25, "{} {}", rows("events"), rows("links"));
    let mut memory = first.memory(&Parts::new());
    let mut last = first.last();
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
        let (again, scans) = run(&articles, memory.clone(), Some(changed), Some(last));
        let (whole, _) = run(&articles, Parts::new(), None, None);
        assert_eq!(scans, 0, "the partial results of all articles are not asked for");
        assert_eq!(again.rows(), whole.rows());
        assert_eq!(again.verdicts, whole.verdicts);
        assert!(again.newly_told * 4 < whole.newly_told, "{} verdicts were told", again.newly_told);
        for name in ["incidents", "events"] {
            assert_eq!(again.counts[name], whole.counts[name]);
        }
        let kept = again.memory.values().filter(|part| part.is_none()).count();
        // The list of the parts and the last words are written in any case.
        assert!(!changes.is_empty() || kept + 2 >= again.memory.len(), "{kept} of {}", again.memory.len());
        memory = again.memory(&memory);
        last = again.last();
    }
    // What cannot be read is made anew.
    for name in memory.keys().cloned().collect::<Vec<_>>() {
        let mut damaged = memory.clone();
        damaged.insert(name, b"no such thing".to_vec());
        let (again, _) = run(&articles, damaged, Some(Vec::new()), Some(last.clone()));
        assert_eq!(again.verdicts, run(&articles, Parts::new(), None, None).0.verdicts);
    }
}

/// An article of a world in which names come up again by chance, in all seasons, and so many outlets tell of an incident.
fn random_article(number: usize, edition: usize, outlets: usize) -> Article {
    let mut random = Random::new((number * 1000 + edition) as u64);
    let mut article = article_on(number / outlets, number, edition);
    let name = |random: &mut Random| format!("Name{}", random.below(120));
    let told: Vec<String> =
        (0..8).map(|_| format!("Then {} met {}.", name(&mut random), name(&mut random))).collect();
    article.text.push(' ');
    article.text.push_str(&told.join(" "));
    let day = |day: usize| format!("2020-{:02}-{:02}", 1 + day / 28 % 12, 1 + day % 28);
    article.published = (random.below(15) > 0).then(|| day(number / outlets / 2 + random.below(3)));
    for incident in &mut article.incidents {
        let day = day(number / outlets / 2).parse().expect("a date");
        incident.when = (random.below(4) > 0).then_some(When { start: day, end: day, precision: 1 });
    }
    article
}

#[test]
fn pairs_are_weighed_again_only_where_news_can_have_changed_them() {
    let mut saved = 0;
    let seeds = std::env::var("ANNALS_HISTORIES").map_or(12, |seeds| seeds.parse().expect("a number"));
    for seed in 0..seeds {
        let mut random = Random::new(seed);
        let period = [30, 60, 200][random.below(3)];
        let threshold = [-2.0, 1.5, 4.0][random.below(3)];
        let outlets = [3, 3, 8][random.below(3)];
        let config = serde_json::json!({
            "period_incidents": period, "candidates": 1 + random.below(6), "link_threshold": threshold,
        });
        let run = |articles: &BTreeMap<usize, usize>, memory, changed, last| {
            let articles =
                articles.iter().map(|(&number, &edition)| random_article(number, edition, outlets)).collect();
            run_with(config.clone(), articles, memory, changed, last).0
        };
        let mut articles: BTreeMap<usize, usize> = (0..400).map(|number| (number, 0)).collect();
        let first = run(&articles, Parts::new(), None, None);
        let (mut memory, mut last) = (first.memory(&Parts::new()), first.last());
        for turn in 0..6 {
            let mut changed = Vec::new();
            for _ in 0..random.below(12) {
                // Mostly news of the last days, at times something of long ago.
                let number =
                    if random.below(3) > 0 { 400 + 10 * turn + random.below(20) } else { random.below(460) };
                match random.below(4) {
                    0 => articles.remove(&number),
                    _ => articles.insert(number, random.below(5)),
                };
                changed.push(format!("a{number:04}"));
            }
            let again = run(&articles, memory.clone(), Some(changed), Some(last));
            let whole = run(&articles, Parts::new(), None, None);
            assert_eq!(again.rows(), whole.rows(), "seed {seed}, turn {turn}");
            assert_eq!(again.verdicts, whole.verdicts, "seed {seed}, turn {turn}");
            let (some, all) = (again.counts["pairs_compared"], whole.counts["pairs_compared"]);
            assert!(some <= all);
            saved += usize::from(some * 2 < all);
            // The next run finds what a run over everything would have left.
            let same = |kind: u8| {
                let of = |parts: &Parts| -> Parts {
                    parts
                        .iter()
                        .filter(|(name, _)| name.first() == Some(&kind))
                        .map(|(n, p)| (n.clone(), p.clone()))
                        .collect()
                };
                of(&again.memory(&memory)) == of(&whole.memory(&Parts::new()))
            };
            assert!(same(b'p'), "seed {seed}, turn {turn}");
            memory = again.memory(&memory);
            last = again.last();
        }
    }
    assert!(saved > 20, "half of the pairs or more were spared in {saved} runs of {}", 6 * seeds);
}

#[test]
fn parts_of_tables_that_are_here_are_not_made_again() {
    let run = |articles: &BTreeMap<usize, usize>, memory, changed, last| {
        let articles =
            articles.iter().map(|(&number, &edition)| random_article(number, edition, 3)).collect();
        run_with(serde_json::json!({ "link_threshold": 4.0 }), articles, memory, changed, last)
    };
    let mut articles: BTreeMap<usize, usize> = (0..4500).map(|number| (number, 0)).collect();
    let (first, _) = run(&articles, Parts::new(), None, None);
    let made = first.newly_made;
    assert!(made >= 4, "{made} parts");
    let mut memory = first.memory(&Parts::new());
    let mut last = first.last();
    for (turn, edits) in [&[4501, 4502, 30][..], &[2500], &[], &[2, 4000]].into_iter().enumerate() {
        articles.extend(edits.iter().map(|&number| (number, turn + 1)));
        let changed: Vec<String> = edits.iter().map(|number| format!("a{number:04}")).collect();
        let (whole, _) = run(&articles, Parts::new(), None, None);
        // A host may have lost some of its parts, or all.
        for lost in [0, 3, 1] {
            let mut last = last.clone();
            let tables = std::mem::take(&mut last.tables).into_iter().enumerate();
            last.tables =
                tables.filter(|(at, _)| lost == 0 || at % lost == 1).map(|(_, part)| part).collect();
            let (again, _) = run(&articles, memory.clone(), Some(changed.clone()), Some(last));
            assert_eq!(again.rows(), whole.rows(), "turn {turn}, {lost} lost");
            assert_eq!(again.table_parts, whole.table_parts);
            assert!(lost > 0 || again.newly_made <= 2 * edits.len(), "{} of {made}", again.newly_made);
        }
        // And the memory may have lost the rows that are asked for.
        let without: Parts = memory
            .iter()
            .filter(|(name, _)| name.first() != Some(&b'v'))
            .map(|(n, p)| (n.clone(), p.clone()))
            .collect();
        let (again, _) = run(
            &articles,
            without,
            Some(changed.clone()),
            Some(Last { tables: TableParts::new(), ..last.clone() }),
        );
        assert_eq!(again.rows(), whole.rows());
        let (again, _) = run(&articles, memory.clone(), Some(changed), Some(last));
        memory = again.memory(&memory);
        last = again.last();
    }
}
