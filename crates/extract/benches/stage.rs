//! Articles a second on one core: `cargo bench -p annals-extract`.
//!
//! Articles of 2 kB are drawn from the sentences of the snapshot tests, every third a sentence with no figure, as news has them; the
//! parts are timed alone and the stage as a whole, and beside them the cost of one hostile line.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use annals_extract::language::Language;
use annals_extract::text::Document;
use annals_extract::toll::tolls;
use annals_plugin::{Article, Batch, Context, Pass};

const ARTICLES: usize = 2_000;
const BYTES: usize = 2_000;
const PLAIN: [&str; 6] = [
    "Residents said the road to the coast had been closed since the morning, and buses were turned back at the bridge.",
    "The ministry did not answer questions, and the spokesman of the governor asked for patience.",
    "In the old town shops stayed shut, and the smoke could be seen from the hills to the west.",
    "Talks are to go on in the capital next week, with envoys of both sides at the table.",
    "A teacher who lives nearby told reporters that the sound had woken the whole street.",
    "Aid groups have called for safe ways out of the town, where water and bread are scarce.",
];

fn article(seed: usize, sentences: &[&str]) -> String {
    let mut text = String::with_capacity(BYTES + 200);
    let mut state = seed as u64 + 1;
    let mut next = |below: usize| {
        // A linear congruential generator: the bench needs variety, not randomness.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    while text.len() < BYTES {
        text.push_str(PLAIN[next(PLAIN.len())]);
        text.push(' ');
        text.push_str(PLAIN[next(PLAIN.len())]);
        text.push(' ');
        text.push_str(sentences[next(sentences.len())]);
        text.push_str(if next(2) == 0 { "\n\n" } else { " " });
    }
    text
}

/// Time that this thread has computed, where the system tells it, so that a busy machine counts little; else time that has passed.
struct Clock {
    started: Instant,
    computed: Option<Duration>,
}

impl Clock {
    fn start() -> Self {
        Self { started: Instant::now(), computed: computed() }
    }

    fn seconds(&self) -> f64 {
        let spent = computed().zip(self.computed).map(|(now, then)| now - then);
        spent.unwrap_or_else(|| self.started.elapsed()).as_secs_f64()
    }
}

/// Linux gives the nanoseconds that a thread ran as the first number of this file.
fn computed() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn main() -> io::Result<()> {
    let sentences: Vec<&str> = include_str!("../tests/sentences.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && line.ends_with('.'))
        .collect();
    let texts: Vec<String> = (0..ARTICLES).map(|seed| article(seed, &sentences)).collect();
    let language = Language::english();
    let mut out = io::stdout().lock();
    let mut report = |name: &str, seconds: f64| {
        writeln!(out, "{name:<24} {:>9.0} articles a second", ARTICLES as f64 / seconds)
    };

    let start = Clock::start();
    for text in &texts {
        black_box(Document::new(text, language));
    }
    report("sentences and tokens", start.seconds())?;

    let documents: Vec<Document<'_>> = texts.iter().map(|text| Document::new(text, language)).collect();
    let start = Clock::start();
    for document in &documents {
        black_box(tolls(document));
    }
    report("figures", start.seconds())?;

    let passes = annals_extract::definition()
        .open(serde_json::json!({}), &Context::default())
        .expect("the stage opens with its defaults");
    let Some(Pass::Article(stage)) = passes.first() else { return Ok(()) };
    let articles = |texts: &[String]| {
        let articles = texts.iter().enumerate().map(|(index, text)| {
            let mut article = Article::new(format!("a{index}"), format!("a{index}"), "bench");
            article.published = Some("2024-05-14".to_owned());
            article.text.clone_from(text);
            article
        });
        Batch::new(articles.collect())
    };
    let warm = stage.process(articles(&texts[..100])).expect("the stage takes any text");
    black_box(warm);
    let batch = articles(&texts);
    let start = Clock::start();
    black_box(stage.process(batch).expect("the stage takes any text"));
    report("the whole stage", start.seconds())?;

    let hostile = ["killed 1 ".repeat(10_000_000 / 9)];
    let batch = articles(&hostile);
    let start = Clock::start();
    black_box(stage.process(batch).expect("the stage takes any text"));
    writeln!(out, "a line of 10 MB          {:>9.2} seconds", start.seconds())
}
