//! The corpus pass at the end of a step: partial results merged by key, verdicts for the articles, tables.

use std::collections::BTreeMap;
use std::time::Instant;

use annals_plugin::Findings;
use annals_store::Space;
use arrow_array::RecordBatch;

use crate::error::RunError;
use crate::guard::{Pairs, caught};
use crate::plan::CorpusPass;
use crate::run::Session;
use crate::shuffle::Collector;
use crate::state::{decode, number};
use crate::work::{dirty_key, mark};

/// What corpus passes found besides verdicts.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) rows: BTreeMap<String, Vec<RecordBatch>>,
    pub(crate) counts: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Found {
    verdicts: BTreeMap<String, Vec<u8>>,
    tables: Tables,
}

impl Findings for Found {
    fn verdict(&mut self, article_id: &str, verdict: &[u8]) {
        self.verdicts.insert(article_id.to_owned(), verdict.to_vec());
    }

    fn table(&mut self, name: &str, rows: RecordBatch) {
        self.tables.rows.entry(name.to_owned()).or_default().push(rows);
    }

    fn count(&mut self, name: &str, value: u64) {
        self.tables.counts.insert(name.to_owned(), value);
    }
}

/// Runs the corpus pass of a step over all partial results and keeps its verdicts.
pub(crate) fn conclude(session: &Session<'_>, step: usize, pass: &CorpusPass) -> Result<Tables, RunError> {
    let name = &session.plan.stages[pass.stage].name;
    let start = Instant::now();
    session.progress.start_finish(name);
    let read = session.store.read()?;
    let shadowed = session.shadowed(&read)?;
    let mut collector = Collector::new(session.state_dir())?;
    read.space(Space::Partial(number(step)))?.scan::<RunError>(b"", |key, value| {
        if shadowed.contains(key) {
            return Ok(true);
        }
        let pairs: Pairs = decode(value)?;
        pairs.iter().try_for_each(|(key, value)| collector.add(key, value))?;
        Ok(true)
    })?;
    let partials = collector.merge(pass.run.as_ref())?;
    let mut found = Found::default();
    caught(|| pass.run.finish(&partials, &mut found))
        .map_err(|error| RunError::Stage { stage: name.clone(), error })?;
    drop(partials);
    keep_verdicts(session, step, &found.verdicts)?;
    session.tally_finish(pass.stage, start.elapsed());
    Ok(found.tables)
}

/// Writes the verdicts that differ from those of the last run.
fn keep_verdicts(
    session: &Session<'_>,
    step: usize,
    verdicts: &BTreeMap<String, Vec<u8>>,
) -> Result<(), RunError> {
    let space = Space::Verdict(number(step));
    let read = session.store.read()?;
    let old = read.space(space)?;
    let mut gone = Vec::new();
    let mut same = 0;
    old.scan::<RunError>(b"", |id, verdict| {
        let id = String::from_utf8_lossy(id).into_owned();
        match verdicts.get(&id) {
            Some(new) if new == verdict => same += 1,
            Some(_) => {}
            None => gone.push(id),
        }
        Ok(true)
    })?;
    let changed = !gone.is_empty() || same != verdicts.len();
    let mut write = session.store.write()?;
    if changed {
        write.space::<_, RunError>(space, |entries| {
            for id in &gone {
                entries.remove(id.as_bytes())?;
            }
            for (id, verdict) in verdicts {
                if old.get(id.as_bytes())?.as_ref() != Some(verdict) {
                    entries.put(id.as_bytes(), verdict)?;
                }
            }
            Ok(())
        })?;
        // The tables show verdicts too.
        mark(&mut write, number(step))?;
    }
    write.space::<_, RunError>(Space::Meta, |meta| Ok(meta.remove(&dirty_key(number(step)))?))?;
    write.commit()?;
    Ok(())
}
