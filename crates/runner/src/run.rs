//! One run of a pipeline, from new files to tables.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use annals_store::{Lock, Read, Space, Store};
use arrow_array::RecordBatch;
use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::carry::carry;
use crate::conclude::{conclude, recall};
use crate::config::Pipeline;
use crate::error::RunError;
use crate::guard::message;
use crate::ingest::{Intake, ingest};
use crate::pack::Packers;
use crate::plan::Plan;
use crate::progress::{Progress, Verbosity};
use crate::publish::{Published, held, publish};
use crate::registry::Registry;
use crate::state::number;
use crate::tables::Tables;
use crate::work::{OUTDATED, SETTLED, dirty_key, is_settled, mark, settle};

/// Folder of the state within the output folder.
pub const STATE_DIR: &str = ".annals";

/// How a run is asked for; by default quietly, with the feeds, and from where the last one ended.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Set to stop at the next record.
    pub cancel: Arc<AtomicBool>,
    /// How much to tell.
    pub verbosity: Verbosity,
    /// Forget all state first.
    pub rebuild: bool,
    /// Fetch nothing: use what feeds have landed before.
    pub offline: bool,
    /// Give all rows of `events` in the summary, which takes a look at all of them.
    pub events: bool,
}

/// What a run did.
#[derive(Debug)]
pub struct Summary {
    /// Whether the tables were written anew; not when nothing has changed.
    pub written: bool,
    /// The output folder.
    pub dir: PathBuf,
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// Rows of the `events` table, if they were asked for and a stage gave some.
    pub events: Vec<RecordBatch>,
    /// What came of each feed.
    pub feeds: Vec<annals_fetch::Report>,
    /// Digest of the input files that were found; see [`inputs`].
    pub inputs: [u8; 16],
    /// Wall-clock time.
    pub elapsed: Duration,
}

impl Summary {
    /// Rows of the `rejected` table.
    pub fn rejected(&self) -> u64 {
        self.rows.get("rejected").copied().unwrap_or(0)
    }
}

#[derive(Default)]
struct Tally {
    articles_in: AtomicU64,
    articles_out: AtomicU64,
    rejected: AtomicU64,
    nanoseconds: AtomicU64,
}

/// What all parts of a run share.
pub(crate) struct Session<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) plan: Plan,
    pub(crate) store: Store,
    pub(crate) packers: Packers,
    pub(crate) pool: rayon::ThreadPool,
    pub(crate) progress: Progress,
    pub(crate) cancel: Arc<AtomicBool>,
    /// Whether the rows of all events are asked for.
    pub(crate) give_events: bool,
    state_dir: PathBuf,
    tallies: Vec<Tally>,
    feeds: Vec<annals_fetch::Report>,
}

impl Session<'_> {
    pub(crate) fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// Keys of records whose id another record holds.
    pub(crate) fn shadowed(&self, read: &Read) -> Result<FxHashSet<Vec<u8>>, RunError> {
        let mut keys = FxHashSet::default();
        read.space(Space::Shadowed)?.scan::<RunError>(b"", |key, _| {
            keys.insert(key.to_vec());
            Ok(true)
        })?;
        Ok(keys)
    }

    pub(crate) fn tally(
        &self,
        stage: usize,
        articles_in: usize,
        out: usize,
        rejected: usize,
        busy: Duration,
    ) {
        let tally = &self.tallies[stage];
        tally.articles_in.fetch_add(articles_in as u64, Ordering::Relaxed);
        tally.articles_out.fetch_add(out as u64, Ordering::Relaxed);
        let rejected = tally.rejected.fetch_add(rejected as u64, Ordering::Relaxed) + rejected as u64;
        self.add_time(stage, busy);
        self.progress.stage_advanced(stage, articles_in, rejected);
    }

    pub(crate) fn tally_finish(&self, stage: usize, busy: Duration) {
        self.add_time(stage, busy);
    }

    fn add_time(&self, stage: usize, busy: Duration) {
        let nanoseconds = u64::try_from(busy.as_nanos()).unwrap_or(u64::MAX);
        self.tallies[stage].nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

/// What run.json says of a stage.
#[derive(Debug, Serialize)]
struct StageReport<'a> {
    name: &'a str,
    version: u32,
    plugin: Option<&'a str>,
    articles_in: u64,
    articles_out: u64,
    rejected: u64,
    busy_seconds: f64,
}

/// run.json: what ran.
#[derive(Debug, Serialize)]
struct Report<'a> {
    annals_version: &'static str,
    pipeline: String,
    config: serde_json::Value,
    config_hash: String,
    stages: Vec<StageReport<'a>>,
    files: u64,
    files_read: u64,
    files_withdrawn: u64,
    bytes_read: u64,
    rows: &'a BTreeMap<String, u64>,
    bytes_written: &'a BTreeMap<String, u64>,
    counts: &'a BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    feeds: &'a [annals_fetch::Report],
    seconds: f64,
}

/// Runs a pipeline on everything that is new since its last run.
///
/// # Errors
/// When it cannot; the last good output stays whole, and what has been read is kept for the next run.
pub fn run(pipeline: &Pipeline, registry: &Registry, options: &RunOptions) -> Result<Summary, RunError> {
    let start = Instant::now();
    let plan = Plan::open(pipeline, registry)?;
    let dir = pipeline.output_dir();
    let state_dir = dir.join(STATE_DIR);
    std::fs::create_dir_all(&state_dir)
        .map_err(|error| RunError::io("make the folder", &state_dir, error))?;
    let _lock = Lock::take(&state_dir)?;
    let sources = if options.offline { Vec::new() } else { pipeline.sources() };
    let feeds = annals_fetch::fetch(&sources, &options.cancel);
    if options.cancel.load(Ordering::Relaxed) {
        return Err(RunError::Interrupted);
    }
    let found = find(pipeline)?;
    if found.files.is_empty() {
        return Err(RunError::Other(nothing_found(pipeline, &feeds)));
    }
    if options.rebuild {
        let state = state_dir.join("state.redb");
        match std::fs::remove_file(&state) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(RunError::io("remove", &state, error));
            }
            _ => {}
        }
    }
    let store = Store::open(&state_dir, pipeline.settings.run.cache_mb << 20)?;
    let packers = Packers::open(&store.read()?, plan.steps.len())?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(pipeline.settings.run.threads)
        .build()
        .map_err(|error| RunError::Other(format!("failed to start threads: {error}")))?;
    let names: Vec<&str> = plan.stages.iter().map(|stage| stage.name.as_str()).collect();
    let progress = Progress::new(options.verbosity, &names);
    let tallies = plan.stages.iter().map(|_| Tally::default()).collect();
    let session = Session {
        pipeline,
        plan,
        store,
        packers,
        pool,
        progress,
        cancel: Arc::clone(&options.cancel),
        give_events: options.events,
        state_dir,
        tallies,
        feeds,
    };
    let result = catch_unwind(AssertUnwindSafe(|| steps(&session, &found, &dir, start)));
    session.progress.end();
    result.unwrap_or_else(|panic| {
        Err(RunError::Other(format!(
            "the run broke off: {}; the tables stand as they were. If it happens again, the state may be damaged, and \
             --rebuild makes it anew",
            message(panic.as_ref())
        )))
    })
}

/// All input files of a pipeline, those of feeds among them.
fn find(pipeline: &Pipeline) -> Result<annals_input::Found, RunError> {
    Ok(annals_input::find(&pipeline.base, &pipeline.input_patterns())?)
}

/// A digest of the names, lengths and times of the input files, as they are now.
///
/// # Errors
/// When the inputs cannot be looked for.
pub fn inputs(pipeline: &Pipeline) -> Result<[u8; 16], RunError> {
    find(pipeline).map(|found| digest_of(&found))
}

fn digest_of(found: &annals_input::Found) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for file in &found.files {
        let modified = file.modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        hasher.update(&(file.path.len() as u64).to_le_bytes());
        hasher.update(file.path.as_bytes());
        hasher.update(&file.len.to_le_bytes());
        hasher.update(&modified.map_or(0, |time| time.as_nanos()).to_le_bytes());
    }
    crate::state::digest(&[hasher.finalize().as_bytes(), &crate::state::encode(&found.rejected)])
}

fn nothing_found(pipeline: &Pipeline, feeds: &[annals_fetch::Report]) -> String {
    let patterns = pipeline.input_patterns().join("`, `");
    let mut message =
        format!("no input file matches `{patterns}` below {}; nothing was changed", pipeline.base.display());
    for feed in feeds {
        for problem in &feed.problems {
            message.push_str(&format!("\nfeed {}: {problem}", feed.name));
        }
    }
    message
}

fn steps(
    session: &Session<'_>,
    found: &annals_input::Found,
    dir: &Path,
    start: Instant,
) -> Result<Summary, RunError> {
    let steps = &session.plan.steps;
    forget_other_plans(session)?;
    let intake = ingest(session, found)?;
    let mut tables = Tables::default();
    let mut parts = None;
    let outdated = |step: u8| -> Result<(bool, bool), RunError> {
        let read = session.store.read()?;
        let dirty = read.get(Space::Meta, &dirty_key(step))?.is_some();
        Ok((dirty, read.get(Space::Meta, OUTDATED)?.is_some()))
    };
    let publication = publication_digest(session, found);
    let output = number(steps.len());
    let mut must_publish = !is_settled(&session.store.read()?, output, &publication)?
        || outdated(0)?.1
        || !dir.join("run.json").exists();
    for (index, step) in steps.iter().enumerate() {
        if index > 0 && must_publish {
            carry(session, index)?;
        }
        if session.cancel.load(Ordering::Relaxed) {
            return Err(RunError::Interrupted);
        }
        let (dirty, any) = outdated(number(index))?;
        must_publish |= any;
        if let Some(pass) = &step.corpus
            && (dirty || must_publish)
        {
            let recalled = if dirty { None } else { recall(session, index)? };
            let found = match recalled {
                Some(found) => found,
                None => {
                    let parts = match &mut parts {
                        Some(parts) => parts,
                        none => none.insert(held(session, dir)?),
                    };
                    conclude(session, index, pass, parts)?
                }
            };
            for (name, rows) in found.rows {
                tables.rows.entry(name).or_default().extend(rows);
            }
            tables.counts.extend(found.counts);
            must_publish |= outdated(number(index))?.1;
        }
    }
    for (index, tally) in session.tallies.iter().enumerate() {
        session.progress.stage_done(
            index,
            tally.articles_in.load(Ordering::Relaxed),
            tally.articles_out.load(Ordering::Relaxed),
            Duration::from_nanos(tally.nanoseconds.load(Ordering::Relaxed)),
        );
    }
    if !must_publish {
        return Ok(Summary {
            written: false,
            dir: dir.to_owned(),
            rows: last_rows(dir),
            events: Vec::new(),
            feeds: session.feeds.clone(),
            inputs: digest_of(found),
            elapsed: start.elapsed(),
        });
    }
    let report = |published: &Published| report(session, &intake, &tables, published, start);
    let published = publish(session, found, dir, &tables, &publication, &report)?;
    let mut write = session.store.write()?;
    published.remember(&mut write)?;
    settle(&mut write, output, &publication)?;
    write.space::<_, RunError>(Space::Meta, |meta| Ok(meta.remove(OUTDATED)?))?;
    write.commit()?;
    Ok(Summary {
        written: true,
        dir: dir.to_owned(),
        rows: published.rows,
        events: if session.give_events { tables.rows_of("events") } else { Vec::new() },
        feeds: session.feeds.clone(),
        inputs: digest_of(found),
        elapsed: start.elapsed(),
    })
}

/// Drops what steps left that this plan does not have.
fn forget_other_plans(session: &Session<'_>) -> Result<(), RunError> {
    let count = number(session.plan.steps.len());
    let before = session.store.read()?.get(Space::Meta, b"steps")?;
    if before.as_deref() == Some(&[count]) {
        return Ok(());
    }
    let mut write = session.store.write()?;
    write.clear_steps_from(count)?;
    write.space::<_, RunError>(Space::Meta, |meta| {
        for key in meta.keys(SETTLED.as_bytes())? {
            meta.remove(&key)?;
        }
        Ok(())
    })?;
    write.put(Space::Meta, b"steps", &[count])?;
    mark(&mut write, 0)?;
    write.commit()?;
    Ok(())
}

/// Digest of what the tables depend on beside the records: formats, fingerprints, files that could not be read.
fn publication_digest(session: &Session<'_>, found: &annals_input::Found) -> [u8; 16] {
    let output = serde_json::to_vec(&session.pipeline.settings.output).unwrap_or_default();
    let rejected = crate::state::encode(&found.rejected);
    let mut parts: Vec<&[u8]> = vec![env!("CARGO_PKG_VERSION").as_bytes(), &output, &rejected];
    parts.extend(session.plan.steps.iter().map(|step| &step.fingerprint[..]));
    crate::state::digest(&parts)
}

fn last_rows(dir: &Path) -> BTreeMap<String, u64> {
    let report: Option<serde_json::Value> =
        std::fs::read(dir.join("run.json")).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    report.and_then(|report| serde_json::from_value(report["rows"].clone()).ok()).unwrap_or_default()
}

fn report(
    session: &Session<'_>,
    intake: &Intake,
    tables: &Tables,
    published: &Published,
    start: Instant,
) -> serde_json::Value {
    let pipeline = session.pipeline;
    let stages: Vec<serde_json::Value> = pipeline
        .stages
        .iter()
        .map(|stage| serde_json::json!({ "host": stage.host, "config": stage.config }))
        .collect();
    let config = serde_json::json!({ "settings": pipeline.settings, "stages": stages });
    let config_hash = blake3::hash(config.to_string().as_bytes()).to_hex().to_string();
    let reports = session.plan.stages.iter().zip(&session.tallies).map(|(stage, tally)| StageReport {
        name: &stage.name,
        version: stage.version,
        plugin: stage.plugin.as_deref(),
        articles_in: tally.articles_in.load(Ordering::Relaxed),
        articles_out: tally.articles_out.load(Ordering::Relaxed),
        rejected: tally.rejected.load(Ordering::Relaxed),
        busy_seconds: Duration::from_nanos(tally.nanoseconds.load(Ordering::Relaxed)).as_secs_f64(),
    });
    let report = Report {
        annals_version: env!("CARGO_PKG_VERSION"),
        pipeline: pipeline.name(),
        config,
        config_hash,
        stages: reports.collect(),
        files: intake.files,
        files_read: intake.files_read,
        files_withdrawn: intake.files_withdrawn,
        bytes_read: intake.bytes_read,
        rows: &published.rows,
        bytes_written: &published.bytes,
        counts: &tables.counts,
        feeds: &session.feeds,
        seconds: start.elapsed().as_secs_f64(),
    };
    serde_json::to_value(report).expect("a report holds nothing that JSON cannot")
}
