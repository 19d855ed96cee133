//! The corpus pass at the end of a step: partial results merged by key, verdicts for the articles, tables.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use annals_plugin::Findings;
use annals_store::{Space, Write};
use arrow_array::RecordBatch;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use rustc_hash::FxHashSet;

use crate::error::RunError;
use crate::guard::caught;
use crate::pack::pack;
use crate::partials::AllPartials;
use crate::plan::CorpusPass;
use crate::run::Session;
use crate::state::{decode, digest, encode, number};
use crate::tables::{Digest, Given, Held, Tables};
use crate::verdicts::{Difference, Verdicts};
use crate::work::{dirty_key, mark, touch};

#[derive(Default)]
struct Found {
    verdicts: Verdicts,
    memory: Option<Vec<u8>>,
    /// Parts of the memory by name; those without content stay as they are.
    parts: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    tables: Tables,
}

/// Takes what a pass finds in these partial results.
struct Taker<'a, 's> {
    found: Found,
    partials: &'a AllPartials<'s>,
    held: &'a Held,
    fingerprint: &'a [u8; 16],
}

impl Taker<'_, '_> {
    /// Parts are known by the plan that made them too.
    fn part(&self, table: &str, part: &[u8]) -> Digest {
        digest(&[self.fingerprint, table.as_bytes(), part])
    }
}

impl Findings for Taker<'_, '_> {
    fn verdict(&mut self, article_id: &str, verdict: &[u8]) {
        self.found.verdicts.add(article_id.as_bytes(), verdict);
    }

    fn verdicts_stand(&mut self) -> bool {
        // Where that cannot be told, all verdicts are compared.
        self.found.verdicts.stand = self.partials.follows_verdicts().unwrap_or(false);
        self.found.verdicts.stand
    }

    fn no_verdict(&mut self, article_id: &str) {
        self.found.verdicts.take_back(article_id.as_bytes());
    }

    fn table(&mut self, name: &str, rows: RecordBatch) {
        self.found.tables.give(name, Given::Rows(rows));
    }

    fn holds_parts(&mut self, name: &str, parts: &[Vec<u8>]) -> Vec<bool> {
        parts.iter().map(|part| self.held.has(name, &self.part(name, part))).collect()
    }

    fn table_part(&mut self, name: &str, part: &[u8], rows: Option<RecordBatch>) {
        let digest = self.part(name, part);
        self.found.tables.give(name, Given::Part(digest, rows));
    }

    fn remember(&mut self, memory: Vec<u8>) {
        self.found.memory = Some(memory);
    }

    fn remember_part(&mut self, name: &[u8], part: Option<Vec<u8>>) {
        self.found.parts.push((name.to_vec(), part));
    }

    fn count(&mut self, name: &str, value: u64) {
        self.found.tables.counts.insert(name.to_owned(), value);
    }
}

/// What is kept of a corpus pass beside its verdicts: its counts, and whether it gave tables.
type Kept = (BTreeMap<String, u64>, bool);

fn kept_key(step: usize) -> Vec<u8> {
    format!("found/{step}").into_bytes()
}

/// What the corpus pass of a step found when it last ran, if that can be told without running it again.
pub(crate) fn recall(session: &Session<'_>, step: usize) -> Result<Option<Tables>, RunError> {
    let Some(kept) = session.store.read()?.get(Space::Meta, &kept_key(step))? else { return Ok(None) };
    let (counts, gave_tables): Kept = decode(&kept)?;
    Ok((!gave_tables).then(|| Tables { rows: BTreeMap::new(), counts }))
}

/// Runs the corpus pass of a step over all partial results and keeps its verdicts. Of the parts of tables that are held, it need
/// not give rows.
pub(crate) fn conclude(
    session: &Session<'_>,
    step: usize,
    pass: &CorpusPass,
    held: &Held,
) -> Result<Tables, RunError> {
    let name = &session.plan.stages[pass.stage].name;
    let start = Instant::now();
    session.progress.start_finish(name);
    let partials = AllPartials::new(session, step, pass)?;
    let fingerprint = &session.plan.steps[step].fingerprint;
    let mut taker = Taker { found: Found::default(), partials: &partials, held, fingerprint };
    caught(|| pass.run.finish(&partials, &mut taker))
        .map_err(|error| RunError::Stage { stage: name.clone(), error })?;
    let mut found = taker.found;
    drop(partials);
    let write = keep(session, step, &mut found)?;
    if start.elapsed() < SOON_DONE_AGAIN {
        write.commit_soon()?
    } else {
        write.commit()?
    }
    session.tally_finish(pass.stage, start.elapsed());
    Ok(found.tables)
}

/// A pass that takes less is done again after a crash rather than to wait for the disk now.
const SOON_DONE_AGAIN: Duration = Duration::from_secs(1);

/// Writes the verdicts that differ from those of the last run.
fn keep(session: &Session<'_>, step: usize, found: &mut Found) -> Result<Write, RunError> {
    let space = Space::Verdict(number(step));
    let read = session.store.read()?;
    let Difference { gone, new } = found.verdicts.difference(&read.space(space)?)?;
    let mut touched = Vec::new();
    let ids = read.space(Space::Ids)?;
    for id in gone.iter().map(Vec::as_slice).chain(new.iter().map(|(id, _)| *id)) {
        touched.extend(ids.get(id)?);
    }
    let mut write = session.store.write()?;
    if !gone.is_empty() || !new.is_empty() {
        write.space::<_, RunError>(space, |entries| {
            gone.iter().try_for_each(|id| entries.remove(id))?;
            Ok(new.iter().try_for_each(|(id, verdict)| entries.put(id, verdict))?)
        })?;
        touch(&mut write, number(step) + 1, touched.iter())?;
        // The tables show verdicts too.
        mark(&mut write, number(step))?;
    }
    remember(session, step, &mut write, found)?;
    let kept: Kept = (found.tables.counts.clone(), !found.tables.rows.is_empty());
    write.put(Space::Meta, &kept_key(step), &encode(&kept))?;
    write.space::<_, RunError>(Space::Meta, |meta| Ok(meta.remove(&dirty_key(number(step)))?))?;
    Ok(write)
}

/// Writes the memory of a pass in place of that of its last run. Without one nothing may stay: what has changed since could
/// not be told any more.
fn remember(
    session: &Session<'_>,
    step: usize,
    write: &mut Write,
    found: &mut Found,
) -> Result<(), RunError> {
    let mut new = Vec::new();
    let mut names: FxHashSet<Vec<u8>> = FxHashSet::default();
    if let Some(memory) = found.memory.take() {
        let parts = std::mem::take(&mut found.parts).into_iter().filter(|(name, _)| !name.is_empty());
        for (name, part) in parts {
            new.extend(part.map(|part| (name.clone(), part)));
            names.insert(name);
        }
        names.insert(Vec::new());
        new.push((Vec::new(), memory));
    }
    let fingerprint = &session.plan.steps[step].fingerprint;
    let packed: BTreeMap<Vec<u8>, Vec<u8>> = session.pool.install(|| {
        let pack = |(name, value)| (name, [&fingerprint[..], &pack(value)].concat());
        new.into_par_iter().map(pack).collect()
    });
    let stays = |key: &[u8]| {
        let Some((name, slice)) = key.split_last_chunk() else { return false };
        let slices = packed.get(name).map_or(usize::MAX, |value| value.len().div_ceil(SLICE));
        names.contains(name) && (u32::from_be_bytes(*slice) as usize) < slices
    };
    write.space::<_, RunError>(Space::Memory(number(step)), |memory| {
        for gone in memory.keys(b"")?.iter().filter(|key| !stays(key)) {
            memory.remove(gone)?;
        }
        for (name, value) in &packed {
            for (slice, bytes) in (0..).zip(value.chunks(SLICE)) {
                memory.put(&slice_key(name, slice), bytes)?;
            }
        }
        Ok(())
    })
}

/// The store keeps a value in a room whose size is a power of two: long ones are cut into slices that just fit one, so that
/// little of it stays empty.
const SLICE: usize = (32 << 10) - 256;

/// The key of a slice of a part.
pub(crate) fn slice_key(name: &[u8], slice: u32) -> Vec<u8> {
    [name, &slice.to_be_bytes()].concat()
}
