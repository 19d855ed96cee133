//! The later steps: from the records of one step to those of the next.

use std::sync::atomic::Ordering;

use annals_store::Space;
use rustc_hash::FxHashSet;

use crate::error::RunError;
use crate::pump::pump;
use crate::run::Session;
use crate::state::{Basis, LayerReader, digest, number};
use crate::work::{Item, Material, StoreChanges, remove_keys, work};

/// Takes every record that is new, or whose verdict is, through a step.
pub(crate) fn carry(session: &Session<'_>, step: usize) -> Result<(), RunError> {
    let store = &session.store;
    prune(session, step)?;
    let total = store.read()?.space(Space::Basis(number(step - 1)))?.len()?;
    session.progress.start_step(step, total);
    let mut changes = StoreChanges::new(store, step, session.plan.steps.len());
    let result = pump(
        &session.pool,
        |send| produce(session, step, send),
        |items| work(session, step, items),
        |outcomes| changes.add(outcomes),
    );
    changes.commit()?;
    result
}

fn produce(
    session: &Session<'_>,
    step: usize,
    send: &mut dyn FnMut(Vec<Item>) -> bool,
) -> Result<(), RunError> {
    let read = session.store.read()?;
    let old = read.space(Space::Basis(number(step)))?;
    let reader = LayerReader::new(&read, step)?;
    let shadowed = session.shadowed(&read)?;
    let fingerprint = session.plan.steps[step].fingerprint;
    let mut batch = Vec::new();
    let mut going = true;
    read.space(Space::Basis(number(step - 1)))?.scan::<RunError>(b"", |key, value| {
        if session.cancel.load(Ordering::Relaxed) {
            return Err(RunError::Interrupted);
        }
        let before = Basis::from_bytes(value)?;
        if before.refused || shadowed.contains(key) {
            return Ok(true);
        }
        let verdict = reader.last_verdict(&before.article_id)?;
        let basis = digest(&[&fingerprint, &before.digest, verdict.as_deref().unwrap_or_default()]);
        let known = old.get(key)?;
        if let Some(known) = &known
            && Basis::from_bytes(known)?.digest == basis
        {
            return Ok(true);
        }
        let layers = reader.layers(key, &before.article_id)?;
        batch.push(Item {
            key: key.to_vec(),
            basis,
            known: known.is_some(),
            material: Material::Stored(layers),
        });
        if batch.len() >= session.pipeline.settings.run.batch_size {
            going = send(std::mem::take(&mut batch));
        }
        Ok(going)
    })?;
    if going && !batch.is_empty() {
        send(batch);
    }
    Ok(())
}

/// Removes records of a step whose record in the step before is gone, refused or shadowed.
fn prune(session: &Session<'_>, step: usize) -> Result<(), RunError> {
    let read = session.store.read()?;
    let shadowed: FxHashSet<Vec<u8>> = session.shadowed(&read)?;
    let before = read.space(Space::Basis(number(step - 1)))?;
    let mut gone = Vec::new();
    read.space(Space::Basis(number(step)))?.scan::<RunError>(b"", |key, _| {
        let stays = match before.get(key)? {
            Some(bytes) => !Basis::from_bytes(&bytes)?.refused && !shadowed.contains(key),
            None => false,
        };
        if !stays {
            gone.push(key.to_vec());
        }
        Ok(true)
    })?;
    if gone.is_empty() {
        return Ok(());
    }
    let mut write = session.store.write()?;
    remove_keys(&mut write, &gone, number(step), number(session.plan.steps.len()))?;
    write.commit()?;
    Ok(())
}
