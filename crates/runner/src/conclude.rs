//! The corpus pass at the end of a step: partial results merged by key, verdicts for the articles, tables.

use std::collections::BTreeMap;
use std::time::Instant;

use annals_plugin::Findings;
use annals_store::Space;
use arrow_array::RecordBatch;

use crate::error::RunError;
use crate::guard::caught;
use crate::plan::CorpusPass;
use crate::run::Session;
use crate::shuffle::Collector;
use crate::state::{decode, decode_pairs, encode, number, pack, unpack};
use crate::work::{dirty_key, mark, touch};

/// What corpus passes found besides verdicts.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) rows: BTreeMap<String, Vec<RecordBatch>>,
    pub(crate) counts: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Found {
    verdicts: Vec<(Vec<u8>, Vec<u8>)>,
    memory: Option<Vec<u8>>,
    tables: Tables,
}

impl Findings for Found {
    fn verdict(&mut self, article_id: &str, verdict: &[u8]) {
        self.verdicts.push((article_id.as_bytes().to_vec(), verdict.to_vec()));
    }

    fn table(&mut self, name: &str, rows: RecordBatch) {
        self.tables.rows.entry(name.to_owned()).or_default().push(rows);
    }

    fn remember(&mut self, memory: Vec<u8>) {
        self.memory = Some(memory);
    }

    fn count(&mut self, name: &str, value: u64) {
        self.tables.counts.insert(name.to_owned(), value);
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

/// Runs the corpus pass of a step over all partial results and keeps its verdicts.
pub(crate) fn conclude(session: &Session<'_>, step: usize, pass: &CorpusPass) -> Result<Tables, RunError> {
    let name = &session.plan.stages[pass.stage].name;
    let start = Instant::now();
    session.progress.start_finish(name);
    let read = session.store.read()?;
    let shadowed = session.shadowed(&read)?;
    let mut collector = Collector::new(session.state_dir(), read.space(Space::Bulk(number(step)))?)?;
    read.space(Space::Partial(number(step)))?.scan::<RunError>(b"", |key, value| {
        if shadowed.contains(key) {
            return Ok(true);
        }
        let value = unpack(value.to_vec())?;
        let (short, long) = decode_pairs(&value)?;
        short.iter().try_for_each(|(key, value)| collector.add(key, value))?;
        collector.add_apart(key, &long)?;
        Ok(true)
    })?;
    let fingerprint = &session.plan.steps[step].fingerprint;
    let memory = read.get(Space::Memory(number(step)), b"")?;
    let memory = memory.and_then(|memory| Some(memory.strip_prefix(fingerprint)?.to_vec())).map(unpack);
    let partials = collector.merge(pass.run.as_ref())?.with_memory(memory.transpose()?);
    let mut found = Found::default();
    caught(|| pass.run.finish(&partials, &mut found))
        .map_err(|error| RunError::Stage { stage: name.clone(), error })?;
    drop(partials);
    keep(session, step, &mut found)?;
    session.tally_finish(pass.stage, start.elapsed());
    Ok(found.tables)
}

/// Writes the verdicts that differ from those of the last run.
fn keep(session: &Session<'_>, step: usize, found: &mut Found) -> Result<(), RunError> {
    let space = Space::Verdict(number(step));
    let verdicts = &mut found.verdicts;
    verdicts.sort();
    verdicts.dedup_by(|a, b| a.0 == b.0);
    let read = session.store.read()?;
    let mut gone = Vec::new();
    let mut new = Vec::new();
    let mut rest = verdicts.iter().peekable();
    read.space(space)?.scan::<RunError>(b"", |id, verdict| {
        while let Some(before) = rest.next_if(|(other, _)| other.as_slice() < id) {
            new.push(before);
        }
        match rest.next_if(|(other, _)| other == id) {
            Some((_, same)) if same == verdict => {}
            Some(other) => new.push(other),
            None => gone.push(id.to_vec()),
        }
        Ok(true)
    })?;
    new.extend(rest);
    let mut touched = Vec::new();
    let ids = read.space(Space::Ids)?;
    for id in gone.iter().chain(new.iter().map(|(id, _)| id)) {
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
    if let Some(memory) = found.memory.take() {
        let memory = [&session.plan.steps[step].fingerprint[..], &pack(memory)].concat();
        write.put(Space::Memory(number(step)), b"", &memory)?;
    }
    let kept: Kept = (found.tables.counts.clone(), !found.tables.rows.is_empty());
    write.put(Space::Meta, &kept_key(step), &encode(&kept))?;
    write.space::<_, RunError>(Space::Meta, |meta| Ok(meta.remove(&dirty_key(number(step)))?))?;
    write.commit()?;
    Ok(())
}
