//! What the stage remembers saves work and changes nothing.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use annals_plugin::stage::{SharedVisit, Visit};
use annals_plugin::{AnyCorpusStage, Article, Context, Emit, Findings, Partials, Pass, StageError};
use serde_json::json;

fn stage() -> Box<dyn AnyCorpusStage> {
    let mut passes =
        annals_dedupe::definition().open(json!({}), &Context::default()).expect("defaults are valid");
    match passes.remove(0) {
        Pass::Corpus(stage) => stage,
        Pass::Article(_) => panic!("the stage needs the whole corpus"),
    }
}

type Parts = BTreeMap<Vec<u8>, Vec<u8>>;

/// Partial results with what the last run left, and the articles that are not what they were then.
#[derive(Default)]
struct Kept {
    pairs: BTreeMap<Vec<u8>, Vec<u8>>,
    memory: Parts,
    changed: Option<Vec<String>>,
    /// Whether the verdicts of the last run are at hand.
    may_stand: bool,
    visits: Cell<usize>,
}

impl Emit for Kept {
    fn emit(&mut self, _: usize, key: &[u8], value: &[u8]) {
        self.pairs.insert(key.to_vec(), value.to_vec());
    }
}

impl Partials for Kept {
    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StageError> {
        let mut from = self.pairs.range(prefix.to_vec()..).take_while(|(key, _)| key.starts_with(prefix));
        from.try_for_each(|(key, value)| visit(key, value))
    }

    fn visit_all(&self, prefix: &[u8], visits: &mut [&mut SharedVisit<'_>]) -> Result<(), StageError> {
        self.visits.set(self.visits.get() + 1);
        let mut pairs: Vec<_> = self.pairs.iter().filter(|(key, _)| key.starts_with(prefix)).collect();
        // In no order, and another one each time.
        pairs.sort_by_key(|(key, _)| (key[key.len() - 1], key.len()));
        if self.visits.get().is_multiple_of(2) {
            pairs.reverse();
        }
        for (at, (key, value)) in pairs.into_iter().enumerate() {
            let visit = at / 3 % visits.len();
            visits[visit](key, value)?;
        }
        Ok(())
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
    taken_back: BTreeSet<String>,
    may_stand: bool,
    stand: bool,
    counts: BTreeMap<String, u64>,
    memory: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Findings for Told {
    fn verdict(&mut self, article_id: &str, verdict: &[u8]) {
        self.verdicts.insert(article_id.to_owned(), verdict.to_vec());
    }

    fn verdicts_stand(&mut self) -> bool {
        self.stand = self.may_stand;
        self.stand
    }

    fn no_verdict(&mut self, article_id: &str) {
        self.taken_back.insert(article_id.to_owned());
    }

    fn table(&mut self, _: &str, _: arrow_array::RecordBatch) {}

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

/// A corpus and what the last run over it left.
#[derive(Clone, Default)]
struct World {
    articles: BTreeMap<String, Article>,
    memory: Parts,
    verdicts: BTreeMap<String, Vec<u8>>,
}

/// What a run cost.
#[derive(Debug, Default)]
struct Cost {
    compared: u64,
    visits: usize,
    told: usize,
    parts_written: usize,
}

impl World {
    fn run(&mut self, changed: Option<Vec<String>>) -> (Cost, [u64; 3]) {
        let stage = stage();
        let may_stand = changed.is_some() && !self.memory.is_empty();
        let mut kept = Kept { memory: self.memory.clone(), changed, may_stand, ..Kept::default() };
        let articles: Vec<Article> = self.articles.values().cloned().collect();
        stage.map(&articles, &mut kept).expect("articles can be mapped");
        let mut told = Told { may_stand: kept.may_stand, ..Told::default() };
        stage.finish(&kept, &mut told).expect("the stage runs");
        let cost = Cost {
            compared: told.counts["compared"],
            visits: kept.visits.get(),
            told: told.verdicts.len() + told.taken_back.len(),
            parts_written: told.memory.values().flatten().count(),
        };
        if !told.stand {
            self.verdicts.clear();
        }
        self.verdicts.retain(|id, _| !told.taken_back.contains(id));
        self.verdicts.extend(told.verdicts);
        let last = std::mem::take(&mut self.memory);
        let part = |(name, part): (Vec<u8>, Option<Vec<u8>>)| {
            let part = part.unwrap_or_else(|| last[&name].clone());
            (name, part)
        };
        self.memory = told.memory.into_iter().map(part).collect();
        (cost, ["exact", "near", "contained"].map(|name| told.counts[name]))
    }

    /// Runs, and makes sure that the outcome is that of a run over all at once.
    fn run_and_check(&mut self, changed: Option<Vec<String>>) -> Cost {
        let (cost, counts) = self.run(changed);
        let mut whole = Self { articles: self.articles.clone(), ..Self::default() };
        let (_, all) = whole.run(None);
        let others = self.verdicts.iter().filter(|(id, verdict)| whole.verdicts.get(*id) != Some(verdict));
        assert_eq!(others.collect::<Vec<_>>(), []);
        assert_eq!((self.verdicts.len(), counts), (whole.verdicts.len(), all));
        assert!(self.memory == whole.memory, "memories differ");
        cost
    }

    fn put(&mut self, article: Article) -> String {
        let id = article.article_id.clone();
        self.articles.insert(id.clone(), article);
        id
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

/// A sentence of its own for each number.
fn sentence(number: usize) -> String {
    const WHO: [&str; 7] = ["Gunners", "A patrol", "The militia", "Raiders", "A drone", "Snipers", "Marines"];
    const DID: [&str; 5] = ["shelled", "took", "left", "searched", "burned"];
    format!(
        "{} {} the mill of Orven{number} near kilometre {} while Tarek{} and Lina{number} watched from post {}. ",
        WHO[number % 7],
        DID[number % 5],
        number * 3,
        number * 7,
        number % 11,
    )
}

/// One of the many tellings of a story: whole, cut, grown, put into a longer one, or another story altogether.
fn article(id: &str, story: usize, telling: usize, day: usize) -> Article {
    let line = |at: usize| sentence(story * 10 + at);
    let mut text: String = (0..6).map(line).collect();
    match telling % 6 {
        0 => {}
        1 => text = (0..4).map(line).collect(),
        2 => text.push_str(&sentence(100_000 + telling)),
        3 => text = (0..9).map(|at| sentence(200_000 + story * 10 + at)).collect::<String>() + &text,
        4 => text = text.to_uppercase(),
        _ => text = (0..5).map(|at| sentence(300_000 + telling * 10 + at)).collect(),
    }
    let mut article = Article::new(id, id, "corpus");
    article.published = (day > 0).then(|| format!("2021-05-{day:02}"));
    article.title = Some(format!("The mill of Orven{} near post {}", story * 10, story % 11));
    article.text = text;
    article
}

fn id(number: usize) -> String {
    format!("{:016x}", (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn any_article(random: &mut Random, number: usize, day: usize) -> Article {
    article(&id(number), random.below(400), random.below(30), day)
}

#[test]
fn articles_that_are_new_cost_what_is_new() {
    let mut random = Random(7);
    let mut world = World::default();
    for number in 0..3000 {
        let day = 1 + random.below(20);
        world.put(any_article(&mut random, number, day));
    }
    let whole = world.run_and_check(None);
    assert!(world.verdicts.len() > 500, "{}", world.verdicts.len());
    let again = world.run_and_check(Some(Vec::new()));
    assert_eq!((again.compared, again.told), (0, 0));
    // None of these takes in an older one.
    let tellings = [0, 1, 2, 4, 5];
    let mut new = |number| article(&id(number), random.below(400), tellings[random.below(5)], 21);
    let new = (3000..3040).map(|number| world.put(new(number))).collect();
    let more = world.run_and_check(Some(new));
    // All known ones are met once, for their fingerprints; the last part and the list are written.
    assert_eq!((more.visits, more.parts_written), (1, 2));
    assert!(more.compared * 10 < whole.compared && more.told < 100, "{more:?} {whole:?}");
}

#[test]
fn any_history_ends_where_one_run_does() {
    for seed in 0..6 {
        let mut random = Random(seed);
        let mut world = World::default();
        let mut next = 0;
        for round in 0..8 {
            let mut changed = BTreeSet::new();
            let mut all_told = true;
            // Many at first, then few, most of them of the last days.
            for _ in 0..if round == 0 { 1500 } else { 1 + random.below(40) } {
                let day =
                    if round > 0 && random.below(8) > 0 { 20 + random.below(3) } else { random.below(23) };
                changed.insert(world.put(any_article(&mut random, next, day)));
                next += 1;
            }
            for _ in 0..random.below(6) {
                let number = random.below(next);
                let Some(article) = world.articles.get_mut(&id(number)) else { continue };
                match random.below(6) {
                    0 => article.title = Some("Bread is dear".to_owned()),
                    1 => article.text = sentence(random.below(4000)),
                    2 => article.published = Some(format!("2021-05-{:02}", 1 + random.below(22))),
                    // Without a word there is nothing to compare.
                    3 => article.text.clear(),
                    // Nothing that the stage looks at.
                    _ => article.authors.push("A. Writer".to_owned()),
                }
                changed.insert(id(number));
            }
            if random.below(3) == 0 {
                all_told = random.below(2) == 0;
                changed.insert(id(random.below(next)));
                let gone = id(random.below(next));
                world.articles.remove(&gone);
                changed.insert(gone);
            }
            world.run_and_check(all_told.then(|| changed.into_iter().collect()));
        }
    }
}

#[test]
fn what_cannot_be_used_is_not_missed() {
    let mut random = Random(3);
    let mut world = World::default();
    for number in 0..1400 {
        world.put(any_article(&mut random, number, 1 + number % 9));
    }
    world.run_and_check(None);
    let new = vec![world.put(any_article(&mut random, 1400, 10))];
    let damages: [fn(&mut Parts); 6] = [
        |parts| parts.clear(),
        |parts| drop(parts.insert(Vec::new(), b"no memory at all".to_vec())),
        |parts| drop(parts.insert(Vec::new(), Vec::new())),
        // A part is missing, or cut off.
        |parts| drop(parts.pop_last()),
        |parts| parts.values_mut().last().expect("parts").truncate(40),
        // There are more parts than the list says.
        |parts| {
            let list = parts.get_mut(&Vec::new()).expect("a list");
            list.truncate(8);
            list.push(17);
        },
    ];
    // A memory of fewer articles than there are shows where one that it does not know has what is sought.
    let mut other = world.clone();
    let twin = Article { published: Some("2021-05-02".to_owned()), ..world.articles[&new[0]].clone() };
    other.articles.insert(id(1401), Article { article_id: id(1401), ..twin });
    other.run_and_check(Some(new.clone()));
    for damage in damages {
        let mut damaged = world.clone();
        damage(&mut damaged.memory);
        // With no memory that it can read, the stage has to tell all.
        damaged.run_and_check(Some(new.clone()));
    }
}
