//! Pages a second on one core, beside dom_smoothie's on the same pages in the same run, and the slowest page.
//!
//! `cargo bench -p annals-clean -- FILE.jsonl…` reads pages from JSON-lines records with an `html` field; without files
//! it makes pages of its own.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use annals_plugin::Article;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let mut pages = Vec::new();
    for file in &files {
        for line in BufReader::new(File::open(file)?).lines() {
            let record: serde_json::Value = serde_json::from_str(&line?)?;
            pages.push(record["html"].as_str().unwrap_or_default().to_owned());
        }
    }
    if pages.is_empty() {
        pages = (0..200).map(made_up).collect();
    }
    let bytes: usize = pages.iter().map(String::len).sum();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} pages, {:.1} KB each on average",
        pages.len(),
        bytes as f64 / pages.len() as f64 / 1e3
    )?;
    // The first call reads the rules.
    clean(&pages[0]);
    let (ours, slowest) = time(&pages, |page| {
        clean(page);
    });
    let (theirs, their_slowest) = time(&pages, |page| {
        if let Ok(mut readability) = dom_smoothie::Readability::new(page, None, None) {
            let _ = std::hint::black_box(readability.parse());
        }
    });
    let rate = |total: Duration| pages.len() as f64 / total.as_secs_f64();
    writeln!(out, "annals-clean  {:7.1} pages/s  slowest page {:?}", rate(ours), slowest)?;
    writeln!(out, "dom_smoothie  {:7.1} pages/s  slowest page {:?}", rate(theirs), their_slowest)?;
    Ok(())
}

fn clean(page: &str) {
    let mut article = Article::new("a", "a", "a.html");
    article.html = Some(page.as_bytes().to_vec());
    let _ = std::hint::black_box(annals_clean::clean(&mut article));
}

/// Time for all pages and for the slowest, as this thread's processor saw them.
fn time(pages: &[String], mut each: impl FnMut(&str)) -> (Duration, Duration) {
    let mut total = Duration::ZERO;
    let mut slowest = Duration::ZERO;
    for page in pages {
        let start = processor_time();
        each(page);
        let took = processor_time().saturating_sub(start);
        total += took;
        slowest = slowest.max(took);
    }
    (total, slowest)
}

/// Processor time of this thread where the system tells it (Linux), else the time of day: other programs on the machine
/// do not count.
fn processor_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    match schedule.as_deref().and_then(|text| text.split(' ').next()).and_then(|n| n.parse().ok()) {
        Some(nanos) => Duration::from_nanos(nanos),
        None => START.get_or_init(Instant::now).elapsed(),
    }
}

/// A page as news sites make them: a menu, a story with a picture, links to other stories, a footer.
fn made_up(number: usize) -> String {
    let mut page = format!(
        "<!doctype html><html lang=en><head><title>Report {number} from the valley | The Ledger</title>\
         <meta property=\"og:title\" content=\"Report {number} from the valley\"></head><body><nav><ul>"
    );
    for item in 0..40 {
        let _ = write!(page, "<li class=\"menu-item\"><a href=\"/section/{item}\">Section {item}</a></li>");
    }
    page.push_str("</ul></nav><main><article class=\"story\"><h1>Report ");
    let _ = write!(page, "{number} from the valley</h1><div class=\"story-body\">");
    for paragraph in 0..30 {
        let _ = write!(
            page,
            "<p>On day {paragraph} of the truce, monitors in the valley counted {} violations, said the mission's \
             spokesman, who asked both sides to <a href=\"/x\">keep</a> to the line agreed in spring.</p>",
            paragraph * number % 17
        );
    }
    page.push_str("</div></article></main><aside class=\"related\">");
    for item in 0..60 {
        let _ = write!(
            page,
            "<div class=\"card\"><a href=\"/s/{item}\"><h3>Another story, number {item}</h3></a></div>"
        );
    }
    page.push_str("</aside><footer><p>© The Ledger. All rights reserved.</p></footer></body></html>");
    page
}
