//! The later steps: from the records of one step to those of the next.

use std::sync::atomic::Ordering;

use annals_store::{Read, Space};
use rustc_hash::FxHashSet;

use crate::error::RunError;
use crate::pump::pump;
use crate::run::Session;
use crate::state::{Basis, LayerReader, digest, number};
use crate::work::{Item, Material, StoreChanges, is_settled, remove_keys, settle, unsettle, work};

/// Takes every record that is new, or whose verdict is, through a step.
pub(crate) fn carry(session: &Session<'_>, step: usize) -> Result<(), RunError> {
    let store = &session.store;
    let fingerprint = &session.plan.steps[step].fingerprint;
    let read = store.read()?;
    let keys = if is_settled(&read, number(step), fingerprint)? {
        touched(&read, step)?
    } else {
        let mut write = store.write()?;
        unsettle(&mut write, number(step))?;
        write.commit_soon()?;
        all_keys(&read, step)?
    };
    drop(read);
    if !keys.is_empty() {
        prune(session, step, &keys)?;
        let stages = session.plan.steps[step].articles.iter().map(|pass| pass.stage);
        session.progress.start_step(stages, keys.len() as u64);
        let mut changes = StoreChanges::new(session, step);
        let result = pump(
            &session.pool,
            |send| produce(session, step, &keys, send),
            |items| work(session, step, items),
            |outcomes| changes.add(outcomes),
        );
        // What was done so far stays, also when the run is interrupted. The first failure tells the reason.
        let committed = changes.finish();
        result.and(committed)?;
    }
    let mut write = store.write()?;
    settle(&mut write, number(step), fingerprint)?;
    write.commit_soon()?;
    Ok(())
}

/// Keys that were touched since the step was last done.
fn touched(read: &Read, step: usize) -> Result<Keys, RunError> {
    let mut keys = Keys::default();
    read.space(Space::Touched(number(step)))?.scan::<RunError>(b"", |key, _| {
        keys.push(key);
        Ok(true)
    })?;
    Ok(keys)
}

/// Keys of all records that the step has or should have.
fn all_keys(read: &Read, step: usize) -> Result<Keys, RunError> {
    let mut keys = Keys::default();
    let before = read.space(Space::Basis(number(step - 1)))?;
    before.scan::<RunError>(b"", |key, _| {
        keys.push(key);
        Ok(true)
    })?;
    read.space(Space::Basis(number(step)))?.scan::<RunError>(b"", |key, _| {
        if before.get(key)?.is_none() {
            keys.push(key);
        }
        Ok(true)
    })?;
    Ok(keys)
}

/// Keys, end to end.
#[derive(Default)]
struct Keys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Keys {
    fn push(&mut self, key: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end])
    }
}

fn produce(
    session: &Session<'_>,
    step: usize,
    keys: &Keys,
    send: &mut dyn FnMut(Vec<Item>) -> bool,
) -> Result<(), RunError> {
    let read = session.store.read()?;
    let before = read.space(Space::Basis(number(step - 1)))?;
    let old = read.space(Space::Basis(number(step)))?;
    let reader = LayerReader::new(&read, &session.packers, step)?;
    let shadowed = session.shadowed(&read)?;
    let fingerprint = session.plan.steps[step].fingerprint;
    let mut batch = Vec::new();
    for key in keys.iter() {
        if session.cancel.load(Ordering::Relaxed) {
            return Err(RunError::Interrupted);
        }
        let Some(value) = before.get(key)? else { continue };
        let before = Basis::from_bytes(&value)?;
        if before.refused || shadowed.contains(key) {
            continue;
        }
        let verdict = reader.last_verdict(&before.article_id)?;
        let basis = digest(&[&fingerprint, &before.digest, verdict.as_deref().unwrap_or_default()]);
        let known = old.get(key)?;
        if let Some(known) = &known
            && Basis::from_bytes(known)?.digest == basis
        {
            continue;
        }
        let layers = reader.layers(key, &before.article_id)?;
        batch.push(Item {
            key: key.to_vec(),
            basis,
            known: known.is_some(),
            material: Material::Stored(layers),
        });
        if batch.len() >= session.pipeline.settings.run.batch_size && !send(std::mem::take(&mut batch)) {
            return Ok(());
        }
    }
    if !batch.is_empty() {
        send(batch);
    }
    Ok(())
}

/// Removes those records of a step whose record in the step before is gone, refused or shadowed.
fn prune(session: &Session<'_>, step: usize, keys: &Keys) -> Result<(), RunError> {
    let read = session.store.read()?;
    let shadowed: FxHashSet<Vec<u8>> = session.shadowed(&read)?;
    let before = read.space(Space::Basis(number(step - 1)))?;
    let now = read.space(Space::Basis(number(step)))?;
    if now.is_empty()? {
        return Ok(());
    }
    let mut gone = Vec::new();
    for key in keys.iter() {
        let stays = match before.get(key)? {
            Some(bytes) => !Basis::from_bytes(&bytes)?.refused && !shadowed.contains(key),
            None => false,
        };
        if !stays && now.get(key)?.is_some() {
            gone.push(key.to_vec());
        }
    }
    if gone.is_empty() {
        return Ok(());
    }
    let mut write = session.store.write()?;
    remove_keys(&mut write, &gone, number(step), number(session.plan.steps.len()))?;
    write.commit_soon()?;
    Ok(())
}
