//! The first step: from new and changed files to records in the store.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use annals_input::{Found, InputFile, Limits};
use annals_plugin::{Article, Rejected};
use annals_store::{Space, Store};

use crate::error::RunError;
use crate::pump::pump;
use crate::run::Session;
use crate::state::{Basis, FileEntry, digest, encode, file_prefix, record_key};
use crate::work::{FileEnd, Item, Material, Outcome, StoreChanges, work};

/// A batch is closed when its texts and pages reach this many bytes.
const BATCH_BYTES: usize = 4 << 20;

enum Job {
    Batch(Vec<Item>),
    /// A file has been read to its end.
    File(FileEnd),
}

enum Done {
    Batch(Vec<Outcome>),
    File(FileEnd),
}

/// What the first step met.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    pub(crate) files: u64,
    pub(crate) files_read: u64,
    pub(crate) files_withdrawn: u64,
    pub(crate) bytes_read: u64,
}

/// Reads what is new.
pub(crate) fn ingest(session: &Session<'_>, found: &Found) -> Result<Intake, RunError> {
    let store = &session.store;
    let mut intake = Intake { files: found.files.len() as u64, ..Intake::default() };
    let mut changed = Vec::new();
    let mut touched = Vec::new();
    let read = store.read()?;
    let files = read.space(Space::Files)?;
    for file in &found.files {
        let old: Option<FileEntry> = match files.get(file.path.as_bytes())? {
            Some(bytes) => Some(crate::state::decode(&bytes)?),
            None => None,
        };
        let fingerprint = session.plan.steps[0].fingerprint;
        let modified = nanoseconds(file);
        match old {
            Some(old)
                if old.fingerprint == fingerprint
                    && old.len == file.len
                    && old.modified == modified
                    && modified.is_some() => {}
            Some(old)
                if old.fingerprint == fingerprint
                    && old.len == file.len
                    && content_digest(file).is_some_and(|d| d == old.digest) =>
            {
                if old.modified != modified {
                    touched.push((file.path.clone(), FileEntry { modified, ..old }));
                }
            }
            old => changed.push((file, old.is_some())),
        }
    }
    let gone = if session.pipeline.settings.input.withdraw_removed {
        gone_files(&files, found)?
    } else {
        Vec::new()
    };
    if !gone.is_empty()
        && let Some(missing) = missing_folder(session, found, &gone)
    {
        return Err(RunError::Other(format!(
            "the folder {} is missing, and {} files that were read before are gone; nothing was changed. Bring the folder \
             back, or take its pattern out of `input.paths` to withdraw its articles",
            missing.display(),
            gone.len()
        )));
    }
    drop((files, read));
    if !touched.is_empty() {
        let mut write = store.write()?;
        write.space(Space::Files, |files| {
            touched.iter().try_for_each(|(path, entry)| files.put(path.as_bytes(), &encode(entry)))
        })?;
        write.commit_soon()?;
    }
    withdraw(session, &gone)?;
    intake.files_withdrawn = gone.len() as u64;
    intake.files_read = changed.len() as u64;
    intake.bytes_read = changed.iter().map(|(file, _)| file.len).sum();
    if changed.is_empty() {
        return Ok(intake);
    }
    session.progress.start_reading(intake.bytes_read);
    let mut changes = StoreChanges::new(session, 0);
    let result = pump(
        &session.pool,
        |send| produce(session, store, &changed, send),
        |job| match job {
            Job::Batch(items) => work(session, 0, items).map(Done::Batch),
            Job::File(end) => Ok(Done::File(end)),
        },
        |done| match done {
            Done::Batch(outcomes) => changes.add(outcomes),
            Done::File(end) => {
                session.progress.file_done(end.entry.len);
                changes.end_file(end)
            }
        },
    );
    // What was done so far stays, also when the run is interrupted. The first failure tells the reason.
    let committed = changes.finish();
    result.and(committed)?;
    Ok(intake)
}

/// The time of the last change, if a later change is sure to give another. Clocks of file systems are coarse, and the clock
/// of the machine may be set back: a file that was changed just now, or after now, is known by its content alone.
fn nanoseconds(file: &InputFile) -> Option<u64> {
    let modified = file.modified?;
    SystemTime::now().duration_since(modified).ok().filter(|&age| age >= SETTLED)?;
    let since = modified.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

/// Age from which the time of a file's last change tells it from a later one.
const SETTLED: Duration = Duration::from_secs(2);

/// Why a file that was listed cannot be read any more, if it is gone.
fn vanished(file: &InputFile) -> Option<RunError> {
    let error = std::fs::metadata(&file.file).err()?;
    Some(RunError::Other(format!(
        "{} vanished while it was to be read ({error}); the tables stand as they were, and what was read before is kept. \
         Bring the folder back and run again",
        file.path
    )))
}

fn content_digest(file: &InputFile) -> Option<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    let mut open = File::open(&file.file).ok()?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        match open.read(&mut buffer) {
            Ok(0) => return Some(*hasher.finalize().as_bytes()),
            Ok(n) => hasher.update(&buffer[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return None,
        };
    }
}

fn produce(
    session: &Session<'_>,
    store: &Store,
    changed: &[(&InputFile, bool)],
    send: &mut dyn FnMut(Job) -> bool,
) -> Result<(), RunError> {
    let settings = &session.pipeline.settings;
    let limits = Limits {
        record_bytes: settings.input.max_record_bytes,
        expansion_ratio: settings.input.max_expansion,
        ..Limits::default()
    };
    let fingerprint = session.plan.steps[0].fingerprint;
    let read = store.read()?;
    let old = read.space(Space::Basis(0))?;
    let mut batch = Batch::default();
    for &(file, known) in changed {
        let content = content_digest(file).unwrap_or_default();
        let mut rejected: Vec<Rejected> = Vec::new();
        let mut unreadable = Vec::new();
        let mut number: u32 = 0;
        for record in annals_input::read(file, &limits) {
            if session.cancel.load(Ordering::Relaxed) {
                return Err(RunError::Interrupted);
            }
            session.progress.read(1);
            number = number.saturating_add(1);
            let article = match record {
                Ok(article) => article,
                Err(row) => {
                    if row.reason == annals_input::Reason::Unreadable.code()
                        && let Some(gone) = vanished(file)
                    {
                        return Err(gone);
                    }
                    session.progress.unreadable();
                    rejected.push(row);
                    unreadable.push(number);
                    continue;
                }
            };
            let key = record_key(&file.path, number);
            let basis = digest(&[&fingerprint, &encode(&article)]);
            let before = if known { old.get(&key)? } else { None };
            if let Some(before) = &before
                && Basis::from_bytes(before)?.digest == basis
            {
                continue;
            }
            if batch.must_close(&article, settings.run.batch_size) && !send(Job::Batch(batch.take())) {
                return Ok(());
            }
            batch.push(Item {
                key,
                basis,
                known: before.is_some(),
                material: Material::Fresh(Box::new(article)),
            });
        }
        if !batch.items.is_empty() && !send(Job::Batch(batch.take())) {
            return Ok(());
        }
        let entry = FileEntry {
            len: file.len,
            modified: nanoseconds(file),
            digest: content,
            fingerprint,
            records: number,
            rejected,
        };
        if !send(Job::File(FileEnd { path: file.path.clone(), entry, unreadable, known })) {
            return Ok(());
        }
    }
    Ok(())
}

#[derive(Default)]
struct Batch {
    items: Vec<Item>,
    ids: rustc_hash::FxHashSet<String>,
    bytes: usize,
}

impl Batch {
    /// An id may stand only once in a batch: stages hand articles back by id.
    fn must_close(&self, next: &Article, batch_size: usize) -> bool {
        self.items.len() >= batch_size || self.bytes >= BATCH_BYTES || self.ids.contains(&next.article_id)
    }

    fn push(&mut self, item: Item) {
        if let Material::Fresh(article) = &item.material {
            self.bytes += article.text.len() + article.html.as_ref().map_or(0, Vec::len);
            self.ids.insert(article.article_id.clone());
        }
        self.items.push(item);
    }

    fn take(&mut self) -> Vec<Item> {
        self.ids.clear();
        self.bytes = 0;
        std::mem::take(&mut self.items)
    }
}

/// The folder that files are gone with, since it is not there itself: unmounted, most likely. A folder that never gave a
/// file, such as that of a feed that has brought nothing yet, may be missing.
fn missing_folder(session: &Session<'_>, found: &Found, gone: &[String]) -> Option<PathBuf> {
    found.unmatched.iter().find_map(|pattern| {
        let literal = &pattern[..pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len())];
        let literal = &literal[..literal.rfind('/').map_or(0, |at| at + 1)];
        let plain = literal.trim_start_matches("./");
        let folder = session.pipeline.base.join(literal);
        (!folder.exists() && gone.iter().any(|path| path.starts_with(plain))).then_some(folder)
    })
}

fn gone_files(files: &annals_store::ReadSpace, found: &Found) -> Result<Vec<String>, RunError> {
    let present: rustc_hash::FxHashSet<&str> = found.files.iter().map(|file| file.path.as_str()).collect();
    let mut gone = Vec::new();
    files.scan::<RunError>(b"", |path, _| {
        let path = String::from_utf8_lossy(path);
        if !present.contains(path.as_ref()) {
            gone.push(path.into_owned());
        }
        Ok(true)
    })?;
    Ok(gone)
}

fn withdraw(session: &Session<'_>, gone: &[String]) -> Result<(), RunError> {
    if gone.is_empty() {
        return Ok(());
    }
    let mut changes = StoreChanges::new(session, 0);
    for path in gone {
        changes.remove_prefix(&file_prefix(path))?;
        changes.forget_file(path)?;
    }
    changes.finish()
}
