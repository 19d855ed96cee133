//! How the cost of linking and reconciling grows: `cargo bench -p annals-aggregate --bench scale`, with `-- dense` or
//! `-- long` for one of both.
//!
//! Two ways to have ten times the claims: ten times as long a war, or ten times as much news of the same days and towns.
//! The second is the harder one, since blocks grow fuller.

#![allow(clippy::print_stdout, reason = "a bench tells its result")]

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Instant;

use annals_plugin::testing::MemoryPartials;
use annals_plugin::{
    AnyCorpusStage, Article, Claim, Context, Date, Emit, EventType, Findings, Incident, Modality, Outcome,
    Pass, Place, Qualifier, Scope, Victims, When,
};
use arrow_array::RecordBatch;

/// Articles of the smaller corpus.
const ARTICLES: u64 = 10_000;
/// Towns that the news is of.
const TOWNS: u64 = 400;
/// Days of the smaller corpus.
const DAYS: u64 = 200;

fn main() {
    let mut passes = annals_aggregate::definition()
        .open(serde_json::json!({}), &Context::default())
        .expect("the defaults are valid");
    let Pass::Corpus(stage) = passes.remove(0) else { unreachable!("the stage needs the whole corpus") };
    println!(
        "{:<22}{:>10}{:>12}{:>12}{:>10}{:>8}{:>10}",
        "corpus", "articles", "pairs", "members", "events", "map s", "finish s"
    );
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    for (name, longer) in [("ten times as long", 10), ("ten times as dense", 1)] {
        if !asked.is_empty() && !asked.iter().any(|word| name.ends_with(word)) {
            continue;
        }
        let small = measure(&*stage, "smaller", ARTICLES, DAYS);
        let large = measure(&*stage, name, ARTICLES * 10, DAYS * longer);
        println!(
            "{name}: {:.1} times the pairs, {:.1} times the time to finish\n",
            large.0 / small.0,
            large.1 / small.1
        );
    }
}

/// Seconds of processor time that this process has used, where the system tells it in `/proc`, which unlike those of the
/// clock do not depend on what else the machine does; else seconds of the clock.
fn seconds() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in brackets, may hold blanks; user and system time are fields 14 and 15, in hundredths.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    if ticks.len() == 2 { ticks.iter().sum::<f64>() / 100.0 } else { START.elapsed().as_secs_f64() }
}

/// Pairs compared and seconds of `finish`, the best of three.
fn measure(stage: &dyn AnyCorpusStage, name: &str, count: u64, days: u64) -> (f64, f64) {
    let articles: Vec<Article> = (0..count).map(|number| article(number, days)).collect();
    let mut kept = Kept::default();
    let started = seconds();
    stage.map(&articles, &mut kept).expect("articles that can be mapped");
    let mapped = seconds() - started;
    let partials = MemoryPartials(kept.0);
    let mut least = f64::INFINITY;
    let mut found = Found::default();
    for _ in 0..3 {
        found = Found::default();
        let started = seconds();
        stage.finish(&partials, &mut found).expect("partials that can be read");
        least = least.min(seconds() - started);
    }
    let [pairs, members, events] =
        ["pairs_compared", "member_pairs_compared", "events"].map(|name| found.0[name]);
    println!("{name:<22}{count:>10}{pairs:>12}{members:>12}{events:>10}{mapped:>8.2}{least:>10.2}");
    (pairs as f64, least)
}

#[derive(Default)]
struct Kept(BTreeMap<Vec<u8>, Vec<u8>>);

impl Emit for Kept {
    fn emit(&mut self, _: usize, key: &[u8], value: &[u8]) {
        self.0.insert(key.to_vec(), value.to_vec());
    }
}

#[derive(Default)]
struct Found(BTreeMap<String, u64>);

impl Findings for Found {
    fn verdict(&mut self, _: &str, _: &[u8]) {}
    fn table(&mut self, _: &str, _: RecordBatch) {}
    fn count(&mut self, name: &str, value: u64) {
        self.0.insert(name.to_owned(), value);
    }
}

/// One of about three reports of an event; events are spread over towns and days, their words over a vocabulary in which
/// a few words are common and most are rare.
fn article(number: u64, days: u64) -> Article {
    let event = number / 3;
    let mut random = Random(event.wrapping_mul(0x9e37_79b9) + 1);
    let (town, day) = (random.below(TOWNS), random.below(days));
    let name = |random: &mut Random| format!("Name{}", random.below(20_000));
    let names: Vec<String> = (0..4).map(|_| name(&mut random)).collect();
    let mut own = Random(number.wrapping_mul(0x85eb_ca6b) + 7);
    let mut text = format!("Shells fell on Town{town} and killed");
    for name in &names {
        if own.below(3) > 0 {
            text += &format!(" {name},");
        }
    }
    for _ in 0..60 {
        // Squaring makes low numbers common, as words are.
        let word = own.below(3000) * own.below(3000) / 3000;
        text += &format!(" word{word}");
    }
    let published: Date = date(day + own.below(3));
    let start = date(day);
    let mut article = Article::new(format!("{number:012}"), format!("{number}"), "bench.jsonl");
    article.publisher = Some(format!("Outlet {}", own.below(50)));
    article.published = Some(published.to_string());
    article.title = Some(format!("{} die in Town{town}", names.len()));
    article.text = text;
    let when = (own.below(4) > 0).then_some(When { start, end: start, precision: 1 });
    let place = Some(Place {
        name: format!("Town{town}"),
        geonames_id: u32::try_from(town).ok(),
        adm_1: Some(format!("Division {}", town % 14)),
        country: Some("SYR".to_owned()),
        latitude: Some(33.0 + (town / 20) as f64 / 5.0),
        longitude: Some(36.0 + (town % 20) as f64 / 5.0),
        precision: Some(1),
        candidates: Vec::new(),
    });
    article.incidents.push(Incident {
        incident_id: format!("{number:012}-0"),
        main: true,
        event_type: EventType::Shelling,
        weapons: Vec::new(),
        when,
        place: place.clone(),
        perpetrators: Vec::new(),
        killed: None,
        injured: None,
        start: 0,
        end: 40,
        event_id: None,
    });
    article.claims.push(Claim {
        claim_id: format!("{number:012}-c"),
        incident: Some(0),
        event_id: None,
        event_type: EventType::Shelling,
        outcome: Outcome::Killed,
        victims: Victims::People,
        low: Some(names.len() as u64),
        high: Some(names.len() as u64),
        qualifier: Qualifier::Exact,
        scope: Scope::Incident,
        modality: Modality::Asserted,
        when,
        place,
        perpetrator: None,
        source: None,
        part_of: None,
        quote: String::new(),
        start: 0,
        end: 0,
    });
    article
}

fn date(day: u64) -> Date {
    let days = i64::try_from(day).expect("a few thousand days");
    Date::constant(2012, 1, 1).checked_add(jiff::Span::new().days(days)).expect("a day of this century")
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}
