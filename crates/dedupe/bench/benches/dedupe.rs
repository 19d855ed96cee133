//! Articles a CPU second beside the gaoya crate, growth from 30,000 to 1,000,000 articles, memory, and corpora made to
//! explode.
//!
//! Words after `--` choose: `compare [FILE.jsonl]`, `grow [ARTICLES]…`, `hostile [ARTICLES]`; without words, all three.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use annals_dedupe_bench::disk::Writer;
use annals_dedupe_bench::press::{Press, with_changed_words};
use annals_plugin::{AnyCorpusStage, Article, Context, Findings, Pass};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[global_allocator]
static MEMORY: Counting = Counting { now: AtomicUsize::new(0), peak: AtomicUsize::new(0) };

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    match words.first().map(String::as_str) {
        Some("compare") => compare(words.get(1).map(String::as_str)),
        Some("grow") => {
            grow(&words[1..].iter().map(|word| word.parse()).collect::<std::result::Result<Vec<u64>, _>>()?)
        }
        Some("hostile") => hostile(words.get(1).map_or(Ok(MILLION), |word| word.parse())?),
        Some(other) => Err(format!("`{other}` is none of compare, grow and hostile").into()),
        None => {
            compare(None)?;
            grow(&[30_000, 100_000, 300_000, MILLION])?;
            hostile(MILLION)
        }
    }
}

/// Ours and gaoya's over the same JSON lines, in turns, so that a busy machine is as busy for both.
fn compare(file: Option<&str>) -> Result<()> {
    let lines = match file {
        Some(file) => std::fs::read_to_string(file)?,
        None => {
            let press = Press { seed: 1, reposts_percent: 15 };
            let mut lines = String::new();
            for n in 0..32_050 {
                let article = press.article(n);
                let record = serde_json::json!({
                    "id": article.article_id, "title": article.title, "published": article.published, "text": article.text,
                });
                lines.push_str(&record.to_string());
                lines.push('\n');
            }
            lines
        }
    };
    let articles = lines.lines().count();
    say(&format!("{articles} articles, {:.1} MB of JSON lines", lines.len() as f64 / 1e6));
    let (mut best_ours, mut best_gaoya) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..3 {
        let from = cpu_seconds();
        let duplicates = ours(&lines)?;
        let between = cpu_seconds();
        let pairs = gaoya(&lines)?;
        let to = cpu_seconds();
        best_ours = best_ours.min(between - from);
        best_gaoya = best_gaoya.min(to - between);
        say(&format!(
            "ours {:>8.0} articles a CPU second, {duplicates} duplicates, verified · gaoya {:>8.0}, {pairs} estimated pairs",
            articles as f64 / (between - from),
            articles as f64 / (to - between),
        ));
    }
    let (ours, gaoya) = (articles as f64 / best_ours, articles as f64 / best_gaoya);
    say(&format!("best: ours {ours:.0}, gaoya {gaoya:.0}, ratio {:.2}", ours / gaoya));
    Ok(())
}

#[derive(serde::Deserialize)]
struct Record {
    id: String,
    title: Option<String>,
    published: Option<String>,
    text: String,
}

fn ours(lines: &str) -> Result<u64> {
    let stage = stage()?;
    let mut writer = Writer::new()?;
    let mut batch = Vec::with_capacity(256);
    for line in lines.lines() {
        let record: Record = serde_json::from_str(line)?;
        let mut article = Article::new(record.id.clone(), record.id, "-");
        (article.title, article.published, article.text) = (record.title, record.published, record.text);
        batch.push(article);
        if batch.len() == 256 {
            stage.map(&batch, &mut writer)?;
            batch.clear();
        }
    }
    stage.map(&batch, &mut writer)?;
    let partials = writer.shuffle()?;
    let mut tally = Tally::default();
    stage.finish(&partials, &mut tally)?;
    Ok(tally.verdicts)
}

/// The crate as its documentation uses it: 28 bands of 4 over 5-word shingles, at a Jaccard similarity of 0.7. Shingles
/// are handed over as slices of words, which spares it the strings.
fn gaoya(lines: &str) -> Result<usize> {
    use gaoya::minhash::{MinHashIndex, MinHasher, MinHasher32};
    let hasher = MinHasher32::new(28 * 4);
    let mut index: MinHashIndex<u32, usize> = MinHashIndex::new(28, 4, 0.7);
    let mut pairs = 0;
    for (n, line) in lines.lines().enumerate() {
        let record: Record = serde_json::from_str(line)?;
        let lower = record.text.to_lowercase();
        let words: Vec<&str> =
            lower.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
        let signature = hasher.create_signature(words.windows(5));
        pairs += index.query(&signature).len();
        index.insert(n, signature);
    }
    Ok(pairs)
}

/// The same work at growing sizes: 30,000 articles replicated with words changed, so that each replica has its copies and
/// shares some phrases with all others.
fn grow(sizes: &[u64]) -> Result<()> {
    say(HEAD);
    let mut first = None;
    for &size in sizes {
        let press = Press { seed: 2, reposts_percent: 15 };
        let made = |n: u64| {
            with_changed_words(&press.article(n % 30_000), n / 30_000, if n < 30_000 { 100 } else { 65 })
        };
        measure(&format!("{size}"), size, made, &mut first)?;
    }
    Ok(())
}

/// Corpora that a careless index would take the square of.
fn hostile(size: u64) -> Result<()> {
    say(HEAD);
    let press = Press { seed: 3, reposts_percent: 0 };
    let numbered = |n: u64, text: String| {
        let id = format!("{n:016x}");
        let mut article = Article::new(id.clone(), id, "-");
        article.text = text;
        article
    };
    let one = press.article(0).text;
    measure("identical", size, |n| numbered(n, one.clone()), &mut None)?;
    measure("one word each", size, |n| numbered(n, format!("word{}", n % 5_000)), &mut None)?;
    measure("one word changed", size, |n| numbered(n, format!("{one} {n} {one}")), &mut None)?;
    // The last one is as long as all before it together; a tenth of the articles, since it has to fit in memory.
    let all = |n: u64| {
        let texts = (0..n).map(|n| press.article(n).text);
        if n + 1 == size / 10 { texts.collect::<Vec<_>>().join("\n\n") } else { press.article(n).text }
    };
    measure("one contains all", size / 10, |n| numbered(n, all(n)), &mut None)
}

const MILLION: u64 = 1_000_000;
/// Articles over which a cost is measured, at least.
const ENOUGH: u64 = 150_000;
const HEAD: &str =
    "articles           map CPU s  finish CPU s  µs an article  bytes an article at the peak of finish";

/// Maps and finishes `size` articles and prints what it cost; `first` holds the cost of an article of the first size. Few
/// articles are taken several times over, for a busy machine weighs more on what is short.
fn measure(name: &str, size: u64, article: impl Fn(u64) -> Article, first: &mut Option<f64>) -> Result<()> {
    let rounds = (ENOUGH / size).max(1);
    let mut cost = cost(size, &article)?;
    for _ in 1..rounds {
        let again = self::cost(size, &article)?;
        (cost.mapping, cost.finishing) = (cost.mapping + again.mapping, cost.finishing + again.finishing);
    }
    let (mapping, finishing) = (cost.mapping / rounds as f64, cost.finishing / rounds as f64);
    let each = (mapping + finishing) * 1e6 / size as f64;
    let growth = each / *first.get_or_insert(each) - 1.0;
    let counts: Vec<String> =
        cost.tally.counts.iter().map(|(name, value)| format!("{name} {value}")).collect();
    say(&format!(
        "{name:<18} {mapping:>9.2} {finishing:>13.2}  {each:>6.1} ({:>+3.0} %)  {:>6.0} ({:.0} MB) · {} duplicates · {}",
        growth * 100.0,
        cost.held as f64 / size as f64,
        cost.held as f64 / 1e6,
        cost.tally.verdicts,
        counts.join(", "),
    ));
    Ok(())
}

/// What it cost to map and finish some articles: seconds, and bytes at the peak of finish.
struct Cost {
    mapping: f64,
    finishing: f64,
    held: usize,
    tally: Tally,
}

fn cost(size: u64, article: &impl Fn(u64) -> Article) -> Result<Cost> {
    let stage = stage()?;
    let mut writer = Writer::new()?;
    let (mut mapping, mut done) = (0.0, 0);
    while done < size {
        let batch: Vec<Article> = (done..size.min(done + 1000)).map(&article).collect();
        let from = cpu_seconds();
        stage.map(&batch, &mut writer)?;
        mapping += cpu_seconds() - from;
        done += batch.len() as u64;
    }
    let partials = writer.shuffle()?;
    let mut tally = Tally::default();
    let before = MEMORY.now.load(Relaxed);
    MEMORY.peak.store(before, Relaxed);
    let from = cpu_seconds();
    stage.finish(&partials, &mut tally)?;
    let finishing = cpu_seconds() - from;
    let held = MEMORY.peak.load(Relaxed) - before;
    Ok(Cost { mapping, finishing, held, tally })
}

fn stage() -> Result<Box<dyn AnyCorpusStage>> {
    let passes = annals_dedupe::definition().open(serde_json::json!({}), &Context::default())?;
    match passes.into_iter().next() {
        Some(Pass::Corpus(stage)) => Ok(stage),
        _ => Err("dedupe has one pass over the corpus".into()),
    }
}

#[derive(Default)]
struct Tally {
    verdicts: u64,
    counts: Vec<(String, u64)>,
}

impl Findings for Tally {
    fn verdict(&mut self, _: &str, _: &[u8]) {
        self.verdicts += 1;
    }
    fn table(&mut self, _: &str, _: arrow_array::RecordBatch) {}
    fn count(&mut self, name: &str, value: u64) {
        self.counts.push((name.to_owned(), value));
    }
}

/// Seconds that this thread, the only one, has had of a processor.
fn cpu_seconds() -> f64 {
    let nanos = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = nanos.as_deref().and_then(|stat| stat.split(' ').next()?.parse::<f64>().ok());
    nanos.expect("the kernel keeps scheduler statistics") / 1e9
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output is open");
}

/// The system's allocator, with a count of the bytes in use.
struct Counting {
    now: AtomicUsize,
    peak: AtomicUsize,
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = self.now.fetch_add(layout.size(), Relaxed) + layout.size();
        self.peak.fetch_max(now, Relaxed);
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let now = self.now.fetch_add(layout.size(), Relaxed) + layout.size();
        self.peak.fetch_max(now, Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let now = self.now.fetch_add(size, Relaxed) + size;
        self.peak.fetch_max(now, Relaxed);
        self.now.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.now.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}
