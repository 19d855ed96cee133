//! What becomes of a state that is old, newer, damaged or in use, and of a corpus that changes under a run.

#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use annals_plugin::{ArticleStage, Batch, ConfigError, Context, Definition, Stage, StageError};
use annals_runner::config::Pipeline;
use annals_runner::{Registry, RunOptions, run};
use annals_store::{FORMAT, Lock, Space, Store};
use annals_tests::Scratch;

const STRIKE: &str = "At least 7 people were killed in an air strike on Saraqib on March 3, the White Helmets said. Traders \
                      swept the street in the evening and put up new boards.";

fn record(id: &str, text: &str) -> String {
    serde_json::json!({"id": id, "published": "2019-03-03", "title": "Strike on Saraqib", "text": text})
        .to_string()
        + "\n"
}

fn state_dir(scratch: &Scratch) -> std::path::PathBuf {
    scratch.path().join("out/.annals")
}

/// Runs the pipeline, which fails with this exit code, and tells what it said.
fn refusal(scratch: &Scratch, code: i32) -> String {
    let output = scratch.run(&["pipeline.toml", "--quiet"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

#[test]
fn each_older_format_is_read() {
    for format in 1..FORMAT {
        let fixture = annals_tests::root().join(format!("tests/fixtures/state-{format}"));
        let old = Scratch::new();
        old.pipeline("").write("in/a.jsonl", fs::read(fixture.join("a.jsonl")).unwrap());
        let mut state = Vec::new();
        flate2::read::GzDecoder::new(File::open(fixture.join("state.redb.gz")).unwrap())
            .read_to_end(&mut state)
            .unwrap();
        old.write("out/.annals/state.redb", state);
        old.run_pipeline();
        let new = Scratch::new();
        new.pipeline("").write("in/a.jsonl", fs::read(fixture.join("a.jsonl")).unwrap());
        new.run_pipeline();
        assert_eq!(old.tables(), new.tables(), "format {format}");
        // The events of the run that wrote the sample are known: they are told about even where rules have changed since.
        let told = |scratch: &Scratch, change: &str| {
            scratch.rows("changes").iter().filter(|row| row["change"] == change).count()
        };
        let (events, created) = (new.rows("events").len(), told(&old, "created"));
        assert_eq!(told(&new, "created"), events);
        assert!(
            created < events || told(&old, "withdrawn") + told(&old, "merged") > 0,
            "nothing of format {format} was known"
        );
    }
}

#[test]
fn a_newer_or_damaged_state_is_refused_with_the_way_out() {
    let scratch = Scratch::new();
    scratch.pipeline("").write("in/a.jsonl", record("a", STRIKE));
    scratch.run_pipeline();
    let tables = scratch.tables();

    let store = Store::open(&state_dir(&scratch), 1 << 20).unwrap();
    let mut write = store.write().unwrap();
    write.put(Space::Meta, b"format", &99_u32.to_le_bytes()).unwrap();
    write.commit().unwrap();
    drop(store);
    let said = refusal(&scratch, 1);
    assert!(said.contains("format 99") && said.contains("--rebuild"), "{said}");
    assert_eq!(scratch.tables(), tables);
    assert!(scratch.run(&["pipeline.toml", "--quiet", "--rebuild"]).status.success());
    assert_eq!(scratch.tables(), tables);

    let file = state_dir(&scratch).join("state.redb");
    let whole = fs::read(&file).unwrap();
    let garbled = |from: usize, to: usize| {
        let mut bytes = whole.clone();
        bytes[from..to].iter_mut().for_each(|byte| *byte = byte.wrapping_mul(31).wrapping_add(7));
        bytes
    };
    let damages = [
        ("no redb file", b"these bytes are no state at all".to_vec()),
        ("cut", whole[..whole.len() / 3].to_vec()),
        ("header", garbled(0, 400)),
        ("all but the header", garbled(4096, whole.len())),
    ];
    let quiet = |name: &str, said: &str| assert!(!said.contains("panicked"), "{name}: {said}");
    for (name, bytes) in damages {
        fs::write(&file, bytes).unwrap();
        // Something new to read, so that the run needs the state.
        scratch.write("in/b.jsonl", record("b", "Nothing of note."));
        let said = refusal(&scratch, 1);
        assert!(said.contains("--rebuild"), "{name}: {said}");
        quiet(name, &said);
        assert_eq!(scratch.tables(), tables, "{name}");
        fs::remove_file(scratch.path().join("in/b.jsonl")).unwrap();
    }
    // A page that was lost may be one that nobody reads, and may break the store anywhere.
    for page in (1..whole.len() / 4096).step_by(8) {
        let mut bytes = whole.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0);
        fs::write(&file, bytes).unwrap();
        scratch.write("in/b.jsonl", record("b", "Nothing of note."));
        let output = scratch.run(&["pipeline.toml", "--quiet"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || said.contains("--rebuild"), "page {page}: {said}");
        quiet("a lost page", &said);
        fs::remove_file(scratch.path().join("in/b.jsonl")).unwrap();
    }
    assert!(scratch.run(&["pipeline.toml", "--quiet", "--rebuild"]).status.success());
    assert_eq!(scratch.tables(), tables);
}

#[test]
fn a_second_run_learns_who_holds_the_lock() {
    let scratch = Scratch::new();
    scratch.pipeline("").write("in/a.jsonl", record("a", STRIKE));
    let lock = Lock::take(&state_dir(&scratch)).unwrap();
    let said = refusal(&scratch, 4);
    assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
    drop(lock);
    scratch.run_pipeline();
}

#[test]
fn what_cannot_be_written_is_named() {
    let scratch = Scratch::new();
    scratch.pipeline("").write("in/a.jsonl", record("a", STRIKE));
    // A file where the folder should be: whoever runs the tests, root too, can write no state there.
    scratch.write("out", "in the way");
    let said = refusal(&scratch, 1);
    assert!(said.contains("out/.annals"), "{said}");
}

#[test]
fn a_clock_that_jumps_hides_no_edit() {
    let scratch = Scratch::new();
    scratch.pipeline("");
    let killed = |text: &str| text.contains("8 people");
    let path = scratch.write("in/a.jsonl", record("a", STRIKE));
    let set = |time: SystemTime| File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    let hour = Duration::from_secs(3600);
    for (name, first, second) in [
        ("set back", SystemTime::now(), SystemTime::now() - 10 * hour),
        ("set back twice", SystemTime::now() + 10 * hour, SystemTime::now() + 10 * hour),
    ] {
        fs::write(&path, record("a", STRIKE)).unwrap();
        set(first);
        scratch.run_pipeline();
        assert!(!killed(&scratch.rows("claims")[0]["quote"].to_string()), "{name}");
        // As long as before, so that its length does not tell.
        fs::write(&path, record("a", &STRIKE.replace("7 people", "8 people"))).unwrap();
        set(second);
        scratch.run_pipeline();
        assert!(killed(&scratch.rows("claims")[0]["quote"].to_string()), "{name}");
    }
}

#[test]
fn a_folder_that_is_gone_withdraws_nothing() {
    let scratch = Scratch::new();
    scratch.pipeline("").write("in/a.jsonl", record("a", STRIKE));
    scratch.write(
        "disk/b.jsonl",
        record("b", "Seven traders were detained in Douma on Monday, residents said."),
    );
    let file = scratch.path().join("pipeline.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"in/**/*\"]", "\"in/**/*\", \"disk/*\"]\nwithdraw_removed = true"))
        .unwrap();
    scratch.run_pipeline();
    let tables = scratch.tables();
    fs::rename(scratch.path().join("disk"), scratch.path().join("away")).unwrap();
    let said = refusal(&scratch, 1);
    assert!(said.contains("disk") && said.contains("missing"), "{said}");
    assert_eq!(scratch.tables(), tables);
    fs::rename(scratch.path().join("away"), scratch.path().join("disk")).unwrap();
    scratch.run_pipeline();
    assert_eq!(scratch.tables(), tables);
    // An empty folder is no missing one.
    fs::remove_file(scratch.path().join("disk/b.jsonl")).unwrap();
    scratch.run_pipeline();
    assert_eq!(scratch.rows("articles").len(), 1);
}

/// Takes the corpus away once it has seen an article that says so.
struct Vandal;

impl Stage for Vandal {
    const NAME: &'static str = "vandal";
    const VERSION: u32 = 1;
    const READS: &'static [&'static str] = &["text"];
    const WRITES: &'static [&'static str] = &["text"];
    type Config = std::collections::BTreeMap<String, String>;

    fn open(_: Self::Config, _: &Context) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl ArticleStage for Vandal {
    fn process(&self, batch: Batch) -> Result<Batch, StageError> {
        for article in &batch.articles {
            if let Some(folder) = article.text.strip_prefix("take away ") {
                let folder = Path::new(folder.trim());
                let _ = fs::rename(folder, folder.with_extension("away"));
            }
        }
        Ok(batch)
    }
}

#[test]
fn a_folder_that_vanishes_halfway_loses_nothing() {
    let scratch = Scratch::new();
    scratch.write(
        "pipeline.toml",
        "[input]\npaths = [\"in/*\"]\nwithdraw_removed = true\n[output]\nformats = [\"jsonl\"]\n[run]\nthreads = 1\n\
         batch_size = 1\n[[stage]]\nuse = \"vandal\"\n",
    );
    let registry =
        Registry::new([Definition::article::<Vandal>()], Box::new(|_, _| Err("no plugins here".to_owned())));
    let once = || {
        let pipeline = Pipeline::read(&scratch.path().join("pipeline.toml")).unwrap();
        let options = RunOptions { offline: true, ..RunOptions::default() };
        run(&pipeline, &registry, &options)
    };
    let lay = |turn: usize| {
        for n in 0..40 {
            scratch.write(&format!("in/{n:02}.txt"), format!("Article {n} as it was in turn {turn}."));
        }
    };
    lay(0);
    once().unwrap();
    let tables = scratch.tables();
    lay(1);
    let folder = scratch.path().join("in");
    scratch.write("in/00.txt", format!("take away {}", folder.display()));
    let said = once().unwrap_err().to_string();
    assert!(said.contains("vanished") && said.contains(".txt"), "{said}");
    assert_eq!(scratch.tables(), tables, "a run that broke off changed the tables");
    fs::rename(folder.with_extension("away"), &folder).unwrap();
    scratch.write("in/00.txt", "Article 0 as it was in turn 1.");
    once().unwrap();
    assert_eq!(scratch.rows("articles").len(), 40);
    assert!(scratch.rows("articles").iter().all(|row| row["text"].as_str().unwrap().contains("turn 1")));
}
