//! What a re-run costs: a full run over N made-up articles, then one with nothing new, with 1 % and with 10 % new, in
//! wall-clock and processor time and as shares of the full run; and what the state takes on disk.
//!
//! `cargo bench -p annals-tests --bench reruns --profile dev -- 100000 [--length 2000] [--formats parquet,csv] [--keep DIR]`
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use annals_tests::corpus::Corpus;

/// Articles of one file.
const PART: u64 = 5000;

struct Options {
    articles: u64,
    length: usize,
    formats: String,
    keep: Option<PathBuf>,
}

fn options() -> Options {
    let mut options =
        Options { articles: 10_000, length: 2000, formats: "parquet,csv".to_owned(), keep: None };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("the option has a value");
        match arg.as_str() {
            "--length" => options.length = value().parse().expect("a number of characters"),
            "--formats" => options.formats = value(),
            "--keep" => options.keep = Some(value().into()),
            // Cargo's own.
            "--bench" => {}
            number => options.articles = number.parse().expect("a number of articles"),
        }
    }
    options
}

/// The command, built for speed whatever the profile of this bench.
fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(annals_tests::root())
        .args(["build", "--quiet", "--profile", "eval", "--package", "annals", "--bin", "annals"])
        .status()
        .expect("cargo runs, as it runs this bench");
    assert!(status.success(), "failed to build the command");
    let bench = std::env::current_exe().expect("a bench knows its own file");
    let target = bench.ancestors().nth(3).expect("a bench lies in target/PROFILE/deps");
    target.join("eval").join(format!("annals{}", std::env::consts::EXE_SUFFIX))
}

/// Processor seconds of all child processes so far, where /proc tells them.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    // cutime and cstime, in hundredths of a second.
    (ticks(13) + ticks(14)) / 100.0
}

/// Bytes that a file takes on disk; the store sets room aside that it does not write to.
fn on_disk(path: &Path) -> u64 {
    #[cfg(unix)]
    let bytes = |meta: fs::Metadata| std::os::unix::fs::MetadataExt::blocks(&meta) * 512;
    #[cfg(not(unix))]
    let bytes = |meta: fs::Metadata| meta.len();
    fs::metadata(path).map_or(0, bytes)
}

fn write_parts(corpus: &Corpus, dir: &Path, from: u64, to: u64) {
    let mut at = from;
    while at < to {
        let end = (at + PART).min(to);
        let path = dir.join(format!("in/{at:09}.jsonl"));
        let mut file = BufWriter::new(File::create(path).expect("a file can be made"));
        corpus.write(at..end, &mut file).and_then(|()| file.flush()).expect("files can be written");
        at = end;
    }
}

fn main() {
    let Options { articles, length, formats, keep } = options();
    let command = build();
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let dir = keep.unwrap_or_else(|| scratch.path().to_owned());
    fs::create_dir_all(dir.join("in")).expect("folders can be made");
    let formats: Vec<String> = formats.split(',').map(|format| format!("\"{format}\"")).collect();
    let stages: String = ["clean", "dedupe", "extract", "aggregate"]
        .map(|stage| format!("[[stage]]\nuse = \"{stage}\"\n"))
        .concat();
    let pipeline =
        format!("[input]\npaths = [\"in/*.jsonl\"]\n[output]\nformats = [{}]\n{stages}", formats.join(", "));
    fs::write(dir.join("pipeline.toml"), pipeline).expect("files can be written");

    let corpus = Corpus::new(1, (articles / 500).max(20), length);
    let run = || {
        // A re-run comes when the last one has long been written: no run shall pay for the writes of another.
        if cfg!(unix) {
            let _ = Command::new("sync").status();
        }
        let (start, before) = (Instant::now(), processor_seconds());
        let status = Command::new(&command)
            .current_dir(&dir)
            .args(["pipeline.toml", "--quiet"])
            .stdout(std::process::Stdio::null())
            .status()
            .expect("the command starts");
        assert!(status.success(), "the run failed");
        (start.elapsed().as_secs_f64(), processor_seconds() - before)
    };
    println!("{articles} articles of about {length} characters");
    println!("{:<8} {:>9} {:>9} {:>9} {:>9}", "new", "seconds", "of full", "cpu s", "of full");
    let (one, ten) = (articles / 100, articles / 10);
    let mut full = None;
    let mut known = 0;
    for (name, new) in [("all", articles), ("none", 0), ("1 %", one), ("10 %", ten)] {
        write_parts(&corpus, &dir, known, known + new);
        known += new;
        let (wall, cpu) = run();
        let (full_wall, full_cpu) = *full.get_or_insert((wall, cpu));
        println!(
            "{name:<8} {wall:>9.2} {:>8.2} % {cpu:>9.2} {:>8.2} %",
            100.0 * wall / full_wall,
            100.0 * cpu / full_cpu
        );
    }
    let texts: u64 = (0..known)
        .map(|number| {
            let record: serde_json::Value =
                serde_json::from_str(&corpus.record(number)).expect("a record is JSON");
            record["text"].as_str().map_or(0, str::len) as u64
        })
        .sum();
    let state = on_disk(&dir.join("out/.annals/state.redb"));
    println!(
        "state: {} bytes an article on disk, of which the text has {}",
        state / known.max(1),
        texts / known.max(1)
    );
}
