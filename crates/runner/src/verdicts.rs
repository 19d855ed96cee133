//! The verdicts of a corpus pass, and in what they differ from those of its last run.

use annals_store::ReadSpace;

use crate::error::RunError;
use crate::shuffle::start_of;

/// Verdicts on articles, end to end.
#[derive(Default)]
pub(crate) struct Verdicts {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Whether those of the last run stand beside these, but for those that are gone.
    pub(crate) stand: bool,
    gone: Vec<Vec<u8>>,
}

/// Where an id stands, and the verdict after it.
#[derive(Clone, Copy)]
struct Entry {
    /// The first bytes of the id, so that most comparisons need no look at it.
    start: u64,
    at: usize,
    id: usize,
    verdict: usize,
}

/// Verdicts in which two runs differ.
#[derive(Default)]
pub(crate) struct Difference<'v> {
    /// Ids of articles that have none any more.
    pub(crate) gone: Vec<Vec<u8>>,
    /// Ids of articles, and their verdicts.
    pub(crate) new: Vec<(&'v [u8], &'v [u8])>,
}

impl Verdicts {
    pub(crate) fn add(&mut self, id: &[u8], verdict: &[u8]) {
        let (start, at) = (start_of(id), self.bytes.len());
        self.bytes.extend_from_slice(id);
        self.bytes.extend_from_slice(verdict);
        self.entries.push(Entry { start, at, id: id.len(), verdict: verdict.len() });
    }

    /// Notes that an article has none any more, where others stand.
    pub(crate) fn take_back(&mut self, id: &[u8]) {
        self.gone.push(id.to_vec());
    }

    fn get(&self, entry: &Entry) -> (&[u8], &[u8]) {
        self.bytes[entry.at..entry.at + entry.id + entry.verdict].split_at(entry.id)
    }

    /// Sorts by id, and keeps one verdict of each.
    fn sort(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable_by(|a, b| a.start.cmp(&b.start).then_with(|| self.get(a).cmp(&self.get(b))));
        entries.dedup_by(|a, b| self.get(a).0 == self.get(b).0);
        self.entries = entries;
    }

    /// In what these differ from the verdicts in the store.
    pub(crate) fn difference(&mut self, stored: &ReadSpace) -> Result<Difference<'_>, RunError> {
        self.sort();
        let mut found = Difference::default();
        let mut told = self.entries.iter().map(|entry| self.get(entry)).peekable();
        if self.stand {
            for (id, verdict) in told {
                if stored.get(id)?.as_deref() != Some(verdict) {
                    found.new.push((id, verdict));
                }
            }
            for id in &self.gone {
                let is_told = self.entries.binary_search_by(|entry| self.get(entry).0.cmp(id)).is_ok();
                if !is_told && stored.get(id)?.is_some() {
                    found.gone.push(id.clone());
                }
            }
            return Ok(found);
        }
        stored.scan::<RunError>(b"", |id, verdict| {
            while let Some(before) = told.next_if(|(other, _)| *other < id) {
                found.new.push(before);
            }
            match told.next_if(|(other, _)| *other == id) {
                Some((_, same)) if same == verdict => {}
                Some(other) => found.new.push(other),
                None => found.gone.push(id.to_vec()),
            }
            Ok(true)
        })?;
        found.new.extend(told);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use annals_store::{Space, Store};

    use super::*;

    fn told(verdicts: &[(&str, &str)]) -> Verdicts {
        let mut all = Verdicts::default();
        verdicts.iter().for_each(|(id, verdict)| all.add(id.as_bytes(), verdict.as_bytes()));
        all
    }

    fn as_text(difference: &Difference<'_>) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let new = difference.new.iter().map(|(id, verdict)| format!("{}={}", text(id), text(verdict)));
        let gone = difference.gone.iter().map(|id| format!("no {}", text(id)));
        new.chain(gone).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn verdicts_are_compared_with_the_last_ones() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), 1 << 20).unwrap();
        let space = Space::Verdict(1);
        let mut write = store.write().unwrap();
        for (id, verdict) in [("article-b", "1"), ("article-bc", "1"), ("article-d", "1"), ("article-e", "1")]
        {
            write.put(space, id.as_bytes(), verdict.as_bytes()).unwrap();
        }
        write.commit().unwrap();
        let stored = store.read().unwrap().space(space).unwrap();
        let some = [
            ("article-d", "1"),
            ("article-f", "1"),
            ("article-b", "2"),
            ("article-a", "1"),
            ("article-a", "0"),
        ];
        let mut all = told(&some);
        assert_eq!(
            as_text(&all.difference(&stored).unwrap()),
            "article-a=0, article-b=2, article-f=1, no article-bc, no article-e"
        );
        // Where the last ones stand only those are gone that are taken back, and of which none is told.
        let mut all = told(&some);
        all.stand = true;
        ["article-e", "article-f", "article-b", "article-x"]
            .iter()
            .for_each(|id| all.take_back(id.as_bytes()));
        assert_eq!(
            as_text(&all.difference(&stored).unwrap()),
            "article-a=0, article-b=2, article-f=1, no article-e"
        );
    }
}
