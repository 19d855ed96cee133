//! What the corpus pass of a step sees of the partial results.
//!
//! They are brought together by key only when the pass asks for that. One that remembers enough asks for what has changed, and
//! for the partial results of these articles alone, or takes those of all as they lie in the store.

use std::borrow::Cow;
use std::cell::OnceCell;

use annals_plugin::stage::{SharedVisit, Visit};
use annals_plugin::{Partials, StageError};
use annals_store::{End, Read, ReadSpace, Space};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::conclude::slice_key;
use crate::error::RunError;
use crate::pack::{Kind, Packer, unpacked};
use crate::plan::CorpusPass;
use crate::run::Session;
use crate::shuffle::{Collector, Merged};
use crate::state::{Basis, bulk_key, decode_pairs, number, visit_pairs};
use crate::work::is_followed;

/// More changed articles than one in so many are not told one by one: to look at all is cheaper then.
const MOST_CHANGED: u64 = 4;

/// The partial results of a step.
pub(crate) struct AllPartials<'a> {
    session: &'a Session<'a>,
    step: usize,
    pass: &'a CorpusPass,
    read: Read,
    ids: ReadSpace,
    partials: ReadSpace,
    bulk: ReadSpace,
    memory: ReadSpace,
    merged: OnceCell<Merged<'a>>,
    changed: OnceCell<Option<Vec<String>>>,
}

impl<'a> AllPartials<'a> {
    pub(crate) fn new(session: &'a Session<'a>, step: usize, pass: &'a CorpusPass) -> Result<Self, RunError> {
        let read = session.store.read()?;
        let space = |of: fn(u8) -> Space| read.space(of(number(step)));
        let (partials, bulk, memory) = (space(Space::Partial)?, space(Space::Bulk)?, space(Space::Memory)?);
        let ids = read.space(Space::Ids)?;
        let (merged, changed) = (OnceCell::new(), OnceCell::new());
        Ok(Self { session, step, pass, read, ids, partials, bulk, memory, merged, changed })
    }

    /// Whether the verdicts in the store are those that the pass gave when it left its memory, and all articles are told that
    /// have changed since.
    pub(crate) fn follows_verdicts(&self) -> Result<bool, RunError> {
        let memory = self.memory.get(&slice_key(b"", 0))?;
        let same_plan = memory.is_some_and(|memory| memory.starts_with(self.fingerprint()));
        Ok(same_plan && self.known_changed()?.is_some())
    }

    fn packer(&self, kind: Kind) -> &'a Packer {
        self.session.packers.of(self.step, kind)
    }

    fn fingerprint(&self) -> &[u8] {
        &self.session.plan.steps[self.step].fingerprint
    }

    fn merged(&self) -> Result<&Merged<'a>, StageError> {
        if let Some(merged) = self.merged.get() {
            return Ok(merged);
        }
        let merged = self.merge().map_err(unreadable)?;
        Ok(self.merged.get_or_init(|| merged))
    }

    fn merge(&self) -> Result<Merged<'a>, RunError> {
        let shadowed = self.session.shadowed(&self.read)?;
        let bulk = self.read.space(Space::Bulk(number(self.step)))?;
        let mut collector = Collector::new(self.session.state_dir(), bulk, self.packer(Kind::Bulk))?;
        self.partials.scan::<RunError>(b"", |key, value| {
            if shadowed.contains(key) {
                return Ok(true);
            }
            let value = self.packer(Kind::Partial).unpacked(value)?;
            let (short, long) = decode_pairs(&value)?;
            short.iter().try_for_each(|(key, value)| collector.add(key, value))?;
            collector.add_apart(key, &long)?;
            Ok(true)
        })?;
        collector.merge(self.pass.run.as_ref())
    }

    fn known_changed(&self) -> Result<Option<&[String]>, RunError> {
        if let Some(changed) = self.changed.get() {
            return Ok(changed.as_deref());
        }
        let changed = self.changed_ids()?;
        Ok(self.changed.get_or_init(|| changed).as_deref())
    }

    fn changed_ids(&self) -> Result<Option<Vec<String>>, RunError> {
        let next = number(self.step) + 1;
        if !is_followed(&self.read, next)? {
            return Ok(None);
        }
        let touched = self.read.space(Space::Touched(next))?;
        if touched.len()? * MOST_CHANGED > self.partials.len()? {
            return Ok(None);
        }
        let bases = self.read.space(Space::Basis(number(self.step)))?;
        let mut ids = Some(Vec::new());
        touched.scan::<RunError>(b"", |key, _| {
            match (bases.get(key)?, &mut ids) {
                (Some(basis), Some(ids)) => ids.push(Basis::from_bytes(&basis)?.article_id),
                // A record that is gone is noted as lost too; without a basis nothing tells its article.
                _ => ids = None,
            }
            Ok(ids.is_some())
        })?;
        Ok(ids)
    }

    fn of_article(&self, article_id: &str, key: &[u8]) -> Result<Option<Vec<u8>>, RunError> {
        let Some(record) = self.ids.get(article_id.as_bytes())? else { return Ok(None) };
        let Some(value) = self.partials.get(&record)? else { return Ok(None) };
        let value = self.packer(Kind::Partial).unpack(value)?;
        let (short, long) = decode_pairs(&value)?;
        if let Some((_, value)) = short.iter().find(|(other, _)| *other == key) {
            return Ok(Some(value.to_vec()));
        }
        match long.iter().position(|(other, _)| *other == key) {
            Some(at) => {
                let value = self.bulk.get(&bulk_key(&record, at))?;
                value.map(|value| self.packer(Kind::Bulk).unpack(value)).transpose()
            }
            None => Ok(None),
        }
    }

    /// Gives what the records hold under keys with a prefix to visitors, of which two share the work.
    fn visit_records(&self, prefix: &[u8], visits: &mut [&mut SharedVisit<'_>]) -> Result<(), Failure> {
        let shadowed = self.session.shadowed(&self.read)?;
        let (partials, bulk) = (&self.partials, &self.bulk);
        let (packer, bulk_packer) = (self.packer(Kind::Partial), self.packer(Kind::Bulk));
        let visit_record = |record: &[u8],
                            value: &[u8],
                            visit: &mut SharedVisit<'_>|
         -> Result<(), Failure> {
            if shadowed.contains(record) {
                return Ok(());
            }
            let (value, mut apart) = (packer.unpacked(value)?, Vec::new());
            visit_pairs(
                &value,
                |key, value| {
                    if key.starts_with(prefix) { visit(key, value).map_err(Failure::Visit) } else { Ok(()) }
                },
                |number, key, _| {
                    if key.starts_with(prefix) {
                        apart.push((number, key));
                    }
                    Ok(())
                },
            )?;
            for (number, key) in apart {
                let value = bulk.get(&bulk_key(record, number))?;
                visit(key, &bulk_packer.unpack(value.unwrap_or_default())?).map_err(Failure::Visit)?;
            }
            Ok(())
        };
        let shared = partials.shared()?;
        let scan = |end: End, visit: &mut SharedVisit<'_>| {
            partials.scan_shared::<Failure>(&shared, end, |key, value| visit_record(key, value, visit))
        };
        match visits {
            [] => Ok(()),
            [visit] => scan(End::First, visit),
            [first, ..] if self.session.pool.current_num_threads() == 1 => scan(End::First, first),
            [first, second, ..] => {
                // This thread has nothing else to do meanwhile, and memory to spare for the pages.
                let mut last = Ok(());
                let first = self.session.pool.in_place_scope(|scope| {
                    scope.spawn(|_| last = scan(End::Last, second));
                    scan(End::First, first)
                });
                first.and(last)
            }
        }
    }
}

/// Why a visit of the records ended.
enum Failure {
    Read(RunError),
    Visit(StageError),
}

impl<E: Into<RunError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Read(error.into())
    }
}

/// A part of what a pass left in its memory, if it left it under the plan with this fingerprint.
fn remembered(memory: &ReadSpace, fingerprint: &[u8], name: &[u8]) -> Result<Option<Vec<u8>>, RunError> {
    let mut part = Vec::new();
    for slice in 0.. {
        match memory.get(&slice_key(name, slice))? {
            Some(bytes) => part.extend(bytes),
            None => break,
        }
    }
    let part = part.strip_prefix(fingerprint).map(unpacked).transpose()?;
    Ok(part.map(Cow::into_owned))
}

fn unreadable(error: RunError) -> StageError {
    StageError::new("state", error.to_string())
}

impl Partials for AllPartials<'_> {
    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StageError> {
        self.merged()?.scan(prefix, visit)
    }

    fn visit_all(&self, prefix: &[u8], visits: &mut [&mut SharedVisit<'_>]) -> Result<(), StageError> {
        self.visit_records(prefix, visits).map_err(|failure| match failure {
            Failure::Read(error) => unreadable(error),
            Failure::Visit(error) => error,
        })
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        self.merged()?.get(key)
    }

    fn recall(&self) -> Result<Option<Vec<u8>>, StageError> {
        remembered(&self.memory, self.fingerprint(), b"").map_err(unreadable)
    }

    fn recall_part(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        if name.is_empty() {
            return Ok(None);
        }
        remembered(&self.memory, self.fingerprint(), name).map_err(unreadable)
    }

    fn recall_parts(&self, names: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StageError> {
        let (memory, fingerprint) = (&self.memory, self.fingerprint());
        let part = |name: &Vec<u8>| match name.as_slice() {
            [] => Ok(None),
            name => remembered(memory, fingerprint, name),
        };
        let parts = self.session.pool.install(|| names.par_iter().map(part).collect::<Result<_, _>>());
        parts.map_err(unreadable)
    }

    fn changed(&self) -> Result<Option<Vec<String>>, StageError> {
        self.known_changed().map(|ids| ids.map(<[String]>::to_vec)).map_err(unreadable)
    }

    fn get_of(&self, article_id: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        self.of_article(article_id, key).map_err(unreadable)
    }
}
