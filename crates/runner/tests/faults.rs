//! A disk that is full, or gone, at each single write of a run: the run says so, the tables stay whole, and the next run ends
//! with what an undisturbed one gives.
//!
//! `cargo test --workspace --features annals-runner/failpoints --test faults`; `ANNALS_FAULTS=all` tries every write, not a sample.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use annals_plugin::{
    Article, ConfigError, Context, CorpusStage, Definition, Emit, Findings, Partials, Stage, StageError,
};
use annals_runner::config::Pipeline;
use annals_runner::{Registry, RunError, RunOptions, run};
use arrow_array::{RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};

/// Tells each article how many share its title; its table has a row a title.
struct Titles;

impl Stage for Titles {
    const NAME: &'static str = "titles";
    const VERSION: u32 = 1;
    const READS: &'static [&'static str] = &["title"];
    const WRITES: &'static [&'static str] = &["language"];
    type Config = BTreeMap<String, String>;

    fn open(_: Self::Config, _: &Context) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl CorpusStage for Titles {
    fn map(&self, articles: &[Article], out: &mut dyn Emit) -> Result<(), StageError> {
        for (index, article) in articles.iter().enumerate() {
            // Longer than what stays in memory, so that the temporary file is used too.
            let value = format!("{};", article.article_id).repeat(3);
            out.emit(index, article.title.as_deref().unwrap_or_default().as_bytes(), value.as_bytes());
        }
        Ok(())
    }

    fn merge(&self, _: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError> {
        let mut ids: Vec<&[u8]> = [left, right]
            .iter()
            .flat_map(|ids| ids.split(|&b| b == b';'))
            .filter(|id| !id.is_empty())
            .collect();
        ids.sort_unstable();
        Ok([ids.join(&b';'), vec![b';']].concat())
    }

    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError> {
        let (mut titles, mut counts) = (Vec::new(), Vec::new());
        partials.scan(b"", &mut |title, ids| {
            let mut ids: Vec<String> =
                String::from_utf8_lossy(ids).split_terminator(';').map(str::to_owned).collect();
            ids.sort_unstable();
            ids.dedup();
            ids.iter().for_each(|id| out.verdict(id, ids.len().to_string().as_bytes()));
            titles.push(String::from_utf8_lossy(title).into_owned());
            counts.push(ids.len().to_string());
            Ok(())
        })?;
        let fields = ["title", "count"].map(|name| Field::new(name, DataType::Utf8, true));
        let columns: [StringArray; 2] = [titles.into(), counts.into()];
        let rows = RecordBatch::try_new(
            Arc::new(Schema::new(fields.to_vec())),
            columns.map(|column| Arc::new(column) as _).to_vec(),
        )
        .map_err(|error| StageError::new("bad_table", error.to_string()))?;
        out.table("titles", rows);
        Ok(())
    }

    fn apply(&self, verdict: &[u8], article: &mut Article) -> Result<(), StageError> {
        article.language = Some(String::from_utf8_lossy(verdict).into_owned());
        Ok(())
    }
}

fn once(dir: &Path) -> Result<annals_runner::Summary, RunError> {
    let registry =
        Registry::new([Definition::corpus::<Titles>()], Box::new(|_, _| Err("no plugins here".to_owned())));
    let pipeline = Pipeline::read(&dir.join("pipeline.toml")).unwrap();
    run(&pipeline, &registry, &RunOptions { offline: true, ..RunOptions::default() })
}

/// Lays the corpus of a turn: articles are added, edited and taken away.
fn lay(dir: &Path, turn: usize) {
    fs::create_dir_all(dir.join("in")).unwrap();
    let pipeline = "[input]\npaths = [\"in/*.jsonl\"]\nwithdraw_removed = true\n[output]\nformats = [\"jsonl\", \"csv\"]\n\
                    [run]\nthreads = 1\n[[stage]]\nuse = \"titles\"\n";
    fs::write(dir.join("pipeline.toml"), pipeline).unwrap();
    let line = |n: usize| {
        let text = format!("Article {n} of turn {turn} tells a story of some length.");
        format!("{{\"id\": \"a{n}\", \"title\": \"title {}\", \"text\": \"{text}\"}}\n", n % 3)
    };
    let file = |name: &str, numbers: std::ops::Range<usize>| {
        fs::write(dir.join("in").join(name), numbers.map(line).collect::<String>()).unwrap();
    };
    match turn {
        0 => {
            file("a.jsonl", 0..5);
            file("b.jsonl", 5..8);
        }
        _ => {
            file("a.jsonl", 0..4);
            file("c.jsonl", 8..12);
            fs::remove_file(dir.join("in/b.jsonl")).unwrap();
        }
    }
}

fn tables(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(out) = fs::read_dir(dir.join("out")) else { return BTreeMap::new() };
    out.map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file() && entry.file_name() != "run.json")
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
        .collect()
}

#[test]
fn any_write_may_fail() {
    const NO_SPACE: i32 = 28;
    const READ_ONLY: i32 = 30;
    let plain = tempfile::tempdir().unwrap();
    let mut whole = vec![BTreeMap::new()];
    let mut writes = Vec::new();
    for turn in 0..2 {
        lay(plain.path(), turn);
        annals_fault::arm(u64::MAX, 0);
        once(plain.path()).unwrap();
        writes.push(annals_fault::disarm());
        whole.push(tables(plain.path()));
    }
    assert_ne!(whole[1], whole[2]);
    let every = std::env::var("ANNALS_FAULTS").is_ok_and(|value| value == "all");
    let (mut failed, mut mixed) = (0, 0);
    for turn in 0..2 {
        assert!(writes[turn] > 50, "the run of turn {turn} passed {} points", writes[turn]);
        let step = if every { 1 } else { (writes[turn] / 40).max(1) };
        for allowed in (0..writes[turn]).step_by(usize::try_from(step).unwrap()) {
            let dir = tempfile::tempdir().unwrap();
            for before in 0..turn {
                lay(dir.path(), before);
                once(dir.path()).unwrap();
            }
            lay(dir.path(), turn);
            let code = if allowed % 2 == 0 { NO_SPACE } else { READ_ONLY };
            annals_fault::arm(allowed, code);
            let result = once(dir.path());
            annals_fault::disarm();
            if let Err(error) = result {
                failed += 1;
                let said = error.to_string();
                let reason = std::io::Error::from_raw_os_error(code).to_string();
                assert!(said.contains(&reason), "write {allowed} of turn {turn}: {said}");
            }
            let found = tables(dir.path());
            let decided = dir.path().join("out/.annals/decided").exists();
            mixed += usize::from(decided);
            assert!(
                decided || found == whole[turn] || found == whole[turn + 1],
                "write {allowed} of turn {turn} left tables of no run: {:?}",
                found.keys()
            );
            once(dir.path()).unwrap();
            let after = without_changes(&tables(dir.path()));
            assert_eq!(after, without_changes(&whole[turn + 1]), "write {allowed} of turn {turn}");
        }
    }
    assert!(failed > 40, "only {failed} runs failed");
    assert!(mixed < failed / 4, "{mixed} of {failed} failed after the decision");
}

/// A run that comes after one that failed once its tables were in place tells no changes again, or tells them twice.
fn without_changes(tables: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    tables
        .iter()
        .filter(|(name, _)| !name.starts_with("changes."))
        .map(|(n, b)| (n.clone(), b.clone()))
        .collect()
}
