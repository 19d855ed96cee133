//! What happens to a batch within one step, and how its outcome comes to the store.

use std::time::Instant;

use annals_plugin::{Article, Rejected};
use annals_store::{Read, Space, Store, Write, WriteSpace};
use rustc_hash::FxHashMap;

use crate::error::RunError;
use crate::guard;
use crate::pack::{Kind, Packers};
use crate::run::Session;
use crate::state::{
    Basis, FileEntry, Layers, bulk_key, encode, encode_pairs, file_prefix, number, record_key,
};

/// Outcomes in one transaction: enough that its fixed cost does not matter, few enough that little is lost.
const COMMIT_EVERY: usize = 4096;

/// An article on its way into a step.
pub(crate) struct Item {
    pub(crate) key: Vec<u8>,
    pub(crate) basis: [u8; 16],
    /// Whether the store has an older record of this step under the key.
    pub(crate) known: bool,
    pub(crate) material: Material,
}

pub(crate) enum Material {
    /// As read.
    Fresh(Box<Article>),
    /// As kept by earlier steps.
    Stored(Layers),
}

/// An article on its way out of a step.
pub(crate) struct Outcome {
    key: Vec<u8>,
    basis: Basis,
    known: bool,
    /// The encoded record; none if the step has no pass over articles, or refused it.
    record: Option<Vec<u8>>,
    partial: Option<Vec<u8>>,
    bulk: Vec<Vec<u8>>,
    refused: Vec<Rejected>,
}

/// Takes a batch through the passes of a step.
pub(crate) fn work(
    session: &Session<'_>,
    step_number: usize,
    items: Vec<Item>,
) -> Result<Vec<Outcome>, RunError> {
    let step = &session.plan.steps[step_number];
    let mut slots: Vec<Outcome> = Vec::with_capacity(items.len());
    let mut places: FxHashMap<String, usize> = FxHashMap::default();
    let mut articles: Vec<Article> = Vec::with_capacity(items.len());
    for item in items {
        let article = match item.material {
            Material::Fresh(article) => *article,
            Material::Stored(layers) => layers.article(&session.plan.steps)?,
        };
        places.insert(article.article_id.clone(), slots.len());
        let basis = Basis { digest: item.basis, refused: true, article_id: article.article_id.clone() };
        slots.push(Outcome {
            key: item.key,
            basis,
            known: item.known,
            record: None,
            partial: None,
            bulk: Vec::new(),
            refused: Vec::new(),
        });
        articles.push(article);
    }
    let origins: Vec<(String, String)> =
        articles.iter().map(|a| (a.path.clone(), a.source_id.clone())).collect();
    for pass in &step.articles {
        let name = &session.plan.stages[pass.stage].name;
        let (count_in, start) = (articles.len(), Instant::now());
        let done = guard::process(pass, name, articles)
            .map_err(|error| RunError::Stage { stage: name.clone(), error })?;
        session.tally(pass.stage, count_in, done.articles.len(), done.rejected.len(), start.elapsed());
        articles = done.articles;
        for row in done.rejected {
            let slot =
                origins.iter().position(|(path, id)| *path == row.path && Some(id) == row.record.as_ref());
            slots[slot.unwrap_or(0)].refused.push(row);
        }
    }
    // A stage that hands back an article it was not given would write under a key that does not exist.
    articles.retain(|article| places.contains_key(&article.article_id));
    let pairs = match &step.corpus {
        Some(pass) => {
            let name = &session.plan.stages[pass.stage].name;
            let (count_in, start) = (articles.len(), Instant::now());
            let pairs = guard::map(pass.run.as_ref(), name, pass.on_error, &articles)
                .map_err(|error| RunError::Stage { stage: name.clone(), error })?;
            let refused = pairs.iter().filter(|result| result.is_err()).count();
            session.tally(pass.stage, count_in, count_in - refused, refused, start.elapsed());
            pairs.into_iter().map(Some).collect()
        }
        None => articles.iter().map(|_| None).collect::<Vec<_>>(),
    };
    let packer = |kind| session.packers.of(step_number, kind);
    for (article, pairs) in articles.into_iter().zip(pairs) {
        let slot = &mut slots[places[&article.article_id]];
        match pairs {
            Some(Err(row)) => {
                slot.refused.push(row);
                continue;
            }
            Some(Ok(pairs)) => {
                let (partial, bulk) = encode_pairs(pairs);
                slot.partial = Some(packer(Kind::Partial).pack(partial));
                slot.bulk = bulk.into_iter().map(|value| packer(Kind::Bulk).pack(value)).collect();
            }
            None => {}
        }
        slot.basis.refused = false;
        slot.record = if step_number == 0 {
            Some(packer(Kind::Record).pack(encode(&article)))
        } else if step.articles.is_empty() {
            None
        } else {
            let mut layer = Article::new("", "", "");
            layer.overlay(article, &step.writes);
            Some(packer(Kind::Record).pack(encode(&layer)))
        };
    }
    Ok(slots)
}

/// A file that has been read to its end.
pub(crate) struct FileEnd {
    pub(crate) path: String,
    pub(crate) entry: FileEntry,
    /// Numbers of the records that could not be read.
    pub(crate) unreadable: Vec<u32>,
    /// Whether an earlier version of the file was read before.
    pub(crate) known: bool,
}

/// Gathers outcomes of one step into transactions.
pub(crate) struct StoreChanges<'a> {
    store: &'a Store,
    packers: &'a Packers,
    step: u8,
    steps: u8,
    pending: Vec<Outcome>,
    ended: Vec<FileEnd>,
    removed: Vec<Vec<u8>>,
    forgotten: Vec<String>,
    /// Whether anything was changed at all.
    pub(crate) changed: bool,
}

impl<'a> StoreChanges<'a> {
    pub(crate) fn new(session: &'a Session<'_>, step: usize) -> Self {
        Self {
            store: &session.store,
            packers: &session.packers,
            step: number(step),
            steps: number(session.plan.steps.len()),
            pending: Vec::new(),
            ended: Vec::new(),
            removed: Vec::new(),
            forgotten: Vec::new(),
            changed: false,
        }
    }

    pub(crate) fn add(&mut self, outcomes: Vec<Outcome>) -> Result<(), RunError> {
        self.pending.extend(outcomes);
        if self.pending.len() >= COMMIT_EVERY { self.commit() } else { Ok(()) }
    }

    /// Notes that all records of a file are in, and removes those that it no longer has.
    pub(crate) fn end_file(&mut self, end: FileEnd) -> Result<(), RunError> {
        self.ended.push(end);
        if self.ended.len() >= COMMIT_EVERY { self.commit() } else { Ok(()) }
    }

    /// Removes all records whose key starts with a prefix.
    pub(crate) fn remove_prefix(&mut self, prefix: &[u8]) -> Result<(), RunError> {
        self.removed.push(prefix.to_vec());
        Ok(())
    }

    pub(crate) fn forget_file(&mut self, path: &str) -> Result<(), RunError> {
        self.forgotten.push(path.to_owned());
        Ok(())
    }

    /// Puts what has gathered on the disk, so that a process which is killed has not worked for nothing.
    fn commit(&mut self) -> Result<(), RunError> {
        self.change()?.map_or(Ok(()), |write| Ok(write.commit()?))
    }

    /// Writes what has gathered last.
    pub(crate) fn finish(&mut self) -> Result<(), RunError> {
        self.change()?.map_or(Ok(()), |write| Ok(write.commit_soon()?))
    }

    /// A transaction with what has gathered, if that is anything.
    fn change(&mut self) -> Result<Option<Write>, RunError> {
        if self.pending.is_empty()
            && self.ended.is_empty()
            && self.removed.is_empty()
            && self.forgotten.is_empty()
        {
            return Ok(None);
        }
        let mut write = self.store.write()?;
        for prefix in std::mem::take(&mut self.removed) {
            self.remove_where(&mut write, &prefix, |_| true)?;
        }
        let outcomes = std::mem::take(&mut self.pending);
        if !outcomes.is_empty() {
            self.put_outcomes(&mut write, &outcomes)?;
        }
        for FileEnd { path, entry, unreadable, known } in std::mem::take(&mut self.ended) {
            if known {
                let first_gone = record_key(&path, entry.records.saturating_add(1));
                let unreadable: Vec<Vec<u8>> =
                    unreadable.iter().map(|&number| record_key(&path, number)).collect();
                self.remove_where(&mut write, &file_prefix(&path), |key| {
                    key >= first_gone.as_slice() || unreadable.iter().any(|gone| gone == key)
                })?;
            }
            write.put(Space::Files, path.as_bytes(), &encode(&entry))?;
        }
        for path in std::mem::take(&mut self.forgotten) {
            write.space::<_, RunError>(Space::Files, |files| Ok(files.remove(path.as_bytes())?))?;
        }
        mark(&mut write, self.step)?;
        self.changed = true;
        Ok(Some(write))
    }

    fn put_outcomes(&self, write: &mut Write, outcomes: &[Outcome]) -> Result<(), RunError> {
        let step = self.step;
        if step == 0 {
            release_changed_ids(write, outcomes)?;
            claim_ids(write, outcomes)?;
        }
        let renamed = write.space::<_, RunError>(Space::Basis(step), |space| {
            let renamed = !renamed(space, outcomes)?.is_empty();
            outcomes.iter().try_for_each(|o| space.put(&o.key, &o.basis.to_bytes()))?;
            Ok(renamed)
        })?;
        if renamed {
            lose(write, step + 1)?;
        }
        put_or_remove(write, Space::Record(step), outcomes, |o| o.record.clone())?;
        put_or_remove(write, Space::Partial(step), outcomes, |o| o.partial.clone())?;
        put_bulk(write, step, outcomes)?;
        self.packers.remember(write)?;
        put_or_remove(write, Space::Refused(step), outcomes, |o| {
            if o.refused.is_empty() { None } else { Some(encode(&o.refused)) }
        })?;
        touch(write, step + 1, outcomes.iter().map(|o| &o.key))
    }

    /// Removes the records of this step and all later ones under the keys with a prefix that `which` picks.
    fn remove_where(
        &self,
        write: &mut Write,
        prefix: &[u8],
        which: impl Fn(&[u8]) -> bool,
    ) -> Result<(), RunError> {
        let keys: Vec<Vec<u8>> = write
            .space::<_, RunError>(Space::Basis(self.step), |space| Ok(space.keys(prefix)?))?
            .into_iter()
            .filter(|key| which(key))
            .collect();
        remove_keys(write, &keys, self.step, self.steps)
    }
}

/// Removes records of the steps from `first` on.
pub(crate) fn remove_keys(write: &mut Write, keys: &[Vec<u8>], first: u8, steps: u8) -> Result<(), RunError> {
    if keys.is_empty() {
        return Ok(());
    }
    if first == 0 {
        release_ids(write, keys)?;
    }
    for step in first..steps {
        write.space::<_, RunError>(Space::Bulk(step), |space| {
            keys.iter().try_for_each(|key| remove_bulk(space, key))
        })?;
        for space in [Space::Basis(step), Space::Record(step), Space::Partial(step), Space::Refused(step)] {
            write.space::<_, RunError>(space, |space| {
                keys.iter().try_for_each(|key| Ok(space.remove(key)?))
            })?;
        }
        mark(write, step)?;
        touch(write, step + 1, keys.iter())?;
        lose(write, step + 1)?;
    }
    Ok(())
}

/// Notes that some of the records touched for a step are gone or bear another id, so that not all articles are known any more
/// that they were of.
fn lose(write: &mut Write, step: u8) -> Result<(), RunError> {
    Ok(write.put(Space::Meta, &lost_key(step), b"1")?)
}

fn lost_key(step: u8) -> Vec<u8> {
    format!("lost/{step}").into_bytes()
}

/// Notes that a step has to look at records again. The number of steps stands for the output.
pub(crate) fn touch<'a>(
    write: &mut Write,
    step: u8,
    keys: impl Iterator<Item = &'a Vec<u8>>,
) -> Result<(), RunError> {
    // A step that was never done looks at every record anyway.
    if write.get(Space::Meta, &settled_key(step))?.is_none() {
        return Ok(());
    }
    write.space(Space::Touched(step), |touched| {
        let mut keys = keys;
        Ok(keys.try_for_each(|key| touched.put(key, b""))?)
    })
}

/// Notes that a step, or the output, has looked at all that was touched, as part of a plan with this fingerprint.
pub(crate) fn settle(write: &mut Write, step: u8, fingerprint: &[u8; 16]) -> Result<(), RunError> {
    write.clear(Space::Touched(step))?;
    write.space::<_, RunError>(Space::Meta, |meta| Ok(meta.remove(&lost_key(step))?))?;
    Ok(write.put(Space::Meta, &settled_key(step), fingerprint)?)
}

/// Whether a step, or the output, has looked at every record but those touched since.
pub(crate) fn is_settled(read: &Read, step: u8, fingerprint: &[u8; 16]) -> Result<bool, RunError> {
    Ok(read.get(Space::Meta, &settled_key(step))?.as_deref() == Some(&fingerprint[..]))
}

/// Whether the records that were touched for a step tell all articles that have changed.
pub(crate) fn is_followed(read: &Read, step: u8) -> Result<bool, RunError> {
    let noted = read.get(Space::Meta, &settled_key(step))?.is_some();
    Ok(noted && read.get(Space::Meta, &lost_key(step))?.is_none())
}

/// Takes back what [`settle`] noted, before a step is done by another plan than the last time.
pub(crate) fn unsettle(write: &mut Write, step: u8) -> Result<(), RunError> {
    write.space(Space::Meta, |meta| Ok(meta.remove(&settled_key(step))?))
}

fn settled_key(step: u8) -> Vec<u8> {
    format!("{SETTLED}{step}").into_bytes()
}

/// Start of the Meta keys of [`settle`].
pub(crate) const SETTLED: &str = "settled/";

/// Notes that the corpus pass after a step, and the tables, are out of date.
pub(crate) fn mark(write: &mut Write, step: u8) -> Result<(), RunError> {
    write.put(Space::Meta, &dirty_key(step), b"1")?;
    write.put(Space::Meta, OUTDATED, b"1")?;
    Ok(())
}

/// Meta key: the tables do not show what the store holds.
pub(crate) const OUTDATED: &[u8] = b"outdated";

/// Meta key: the corpus pass after a step has not seen all partials.
pub(crate) fn dirty_key(step: u8) -> Vec<u8> {
    format!("dirty/{step}").into_bytes()
}

fn put_bulk(write: &mut Write, step: u8, outcomes: &[Outcome]) -> Result<(), RunError> {
    if outcomes.iter().all(|outcome| !outcome.known && outcome.bulk.is_empty()) {
        return Ok(());
    }
    write.space::<_, RunError>(Space::Bulk(step), |space| {
        for outcome in outcomes {
            if outcome.known {
                remove_bulk(space, &outcome.key)?;
            }
            for (number, value) in outcome.bulk.iter().enumerate() {
                space.put(&bulk_key(&outcome.key, number), value)?;
            }
        }
        Ok(())
    })
}

fn remove_bulk(space: &mut WriteSpace<'_>, record: &[u8]) -> Result<(), RunError> {
    Ok(space.keys(record)?.iter().try_for_each(|key| space.remove(key))?)
}

fn put_or_remove(
    write: &mut Write,
    space: Space,
    outcomes: &[Outcome],
    value: impl Fn(&Outcome) -> Option<Vec<u8>>,
) -> Result<(), RunError> {
    write.space::<_, RunError>(space, |entries| {
        for outcome in outcomes {
            match value(outcome) {
                Some(bytes) => entries.put(&outcome.key, &bytes)?,
                None if outcome.known => entries.remove(&outcome.key)?,
                None => {}
            }
        }
        Ok(())
    })
}

/// Gives each id to the record with the smallest key that bears it; the others are shadowed.
fn claim_ids(write: &mut Write, outcomes: &[Outcome]) -> Result<(), RunError> {
    let mut shadowed: Vec<(Vec<u8>, String)> = Vec::new();
    let mut risen: Vec<Vec<u8>> = Vec::new();
    write.space::<_, RunError>(Space::Ids, |ids| {
        for outcome in outcomes {
            let id = &outcome.basis.article_id;
            match ids.get(id.as_bytes())? {
                Some(holder) if holder == outcome.key => {}
                Some(holder) if holder < outcome.key => shadowed.push((outcome.key.clone(), id.clone())),
                Some(holder) => {
                    shadowed.push((holder, id.clone()));
                    risen.push(outcome.key.clone());
                    ids.put(id.as_bytes(), &outcome.key)?;
                }
                None => ids.put(id.as_bytes(), &outcome.key)?,
            }
        }
        Ok(())
    })?;
    if shadowed.is_empty() && risen.is_empty() {
        return Ok(());
    }
    touch(write, 1, shadowed.iter().map(|(key, _)| key).chain(&risen))?;
    write.space::<_, RunError>(Space::Shadowed, |space| {
        risen.iter().try_for_each(|key| space.remove(key))?;
        Ok(shadowed.iter().try_for_each(|(key, id)| space.put(key, id.as_bytes()))?)
    })
}

/// Takes ids back from records that now bear another one.
fn release_changed_ids(write: &mut Write, outcomes: &[Outcome]) -> Result<(), RunError> {
    let changed = write.space::<_, RunError>(Space::Basis(0), |space| renamed(space, outcomes))?;
    if changed.is_empty() { Ok(()) } else { release_ids(write, &changed) }
}

/// Keys of records that bear another id than before.
fn renamed(bases: &WriteSpace<'_>, outcomes: &[Outcome]) -> Result<Vec<Vec<u8>>, RunError> {
    let mut renamed = Vec::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.known) {
        if let Some(bytes) = bases.get(&outcome.key)?
            && Basis::from_bytes(&bytes)?.article_id != outcome.basis.article_id
        {
            renamed.push(outcome.key.clone());
        }
    }
    Ok(renamed)
}

/// Takes ids back from records that go; a shadowed record with the same id takes its place.
fn release_ids(write: &mut Write, keys: &[Vec<u8>]) -> Result<(), RunError> {
    let mut ids = Vec::new();
    write.space::<_, RunError>(Space::Basis(0), |space| {
        for key in keys {
            if let Some(bytes) = space.get(key)? {
                ids.push((Basis::from_bytes(&bytes)?.article_id, key));
            }
        }
        Ok(())
    })?;
    let mut shadows: Vec<(Vec<u8>, String)> = write.space::<_, RunError>(Space::Shadowed, |space| {
        for key in keys {
            space.remove(key)?;
        }
        let mut left = Vec::new();
        for key in space.keys(b"")? {
            let id = space.get(&key)?.unwrap_or_default();
            left.push((key, String::from_utf8_lossy(&id).into_owned()));
        }
        Ok(left)
    })?;
    shadows.sort_unstable();
    let mut risen = Vec::new();
    write.space::<_, RunError>(Space::Ids, |space| {
        for (id, key) in ids {
            if space.get(id.as_bytes())?.as_ref() != Some(key) {
                continue;
            }
            match shadows.iter().find(|(_, shadow)| *shadow == id) {
                Some((next, _)) => {
                    space.put(id.as_bytes(), next)?;
                    risen.push(next.clone());
                }
                None => space.remove(id.as_bytes())?,
            }
        }
        Ok(())
    })?;
    touch(write, 1, risen.iter())?;
    write.space::<_, RunError>(Space::Shadowed, |space| {
        Ok(risen.iter().try_for_each(|key| space.remove(key))?)
    })
}
