//! What a pipeline keeps between runs: a transactional key-value store in spaces, and the lock of a run.
//!
//! The store knows nothing of articles or stages; the runner decides what lies in which [`Space`]. It is one
//! [redb](https://docs.rs/redb) file, a copy-on-write B-tree: a transaction is on disk as a whole or not at all, so a
//! run that is killed goes on from its last commit.

#[cfg(feature = "failpoints")]
mod faulty;
mod lock;

use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use redb::{
    Database, DatabaseError, Durability, ReadableDatabase, ReadableTable, StorageError, TableDefinition,
    TableHandle,
};

pub use lock::{Lock, LockError};

/// Raised when what is stored changes its form; a store of another format is refused.
pub const FORMAT: u32 = 5;

const FORMAT_KEY: &[u8] = b"format";

/// One kind of entry. Spaces that belong to a step of the pipeline carry the step's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// Format version, fingerprints of the last run.
    Meta,
    /// Input files: path → what was read from it.
    Files,
    /// Article id → key of the record that holds it.
    Ids,
    /// Records whose id another record holds.
    Shadowed,
    /// What the record of a step was made from.
    Basis(u8),
    /// The record after a step.
    Record(u8),
    /// What a step refused.
    Refused(u8),
    /// Partial results that a record gave to the corpus pass after a step.
    Partial(u8),
    /// Long values of the partial results, by the record's key and their number.
    Bulk(u8),
    /// Verdicts of the corpus pass after a step, by article id.
    Verdict(u8),
    /// Keys of the records that a step, or the output after the last one, has to look at again.
    Touched(u8),
    /// What the stage of the corpus pass after a step left for its next run.
    Memory(u8),
    /// Tables that corpus passes gave, in chunks.
    Tables,
}

impl Space {
    fn table_name(self) -> String {
        match self {
            Self::Meta => "meta".to_owned(),
            Self::Files => "files".to_owned(),
            Self::Ids => "ids".to_owned(),
            Self::Shadowed => "shadowed".to_owned(),
            Self::Basis(step) => format!("basis/{step}"),
            Self::Record(step) => format!("record/{step}"),
            Self::Refused(step) => format!("refused/{step}"),
            Self::Partial(step) => format!("partial/{step}"),
            Self::Bulk(step) => format!("bulk/{step}"),
            Self::Verdict(step) => format!("verdict/{step}"),
            Self::Touched(step) => format!("touched/{step}"),
            Self::Memory(step) => format!("memory/{step}"),
            Self::Tables => "tables".to_owned(),
        }
    }
}

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or file cannot be made or opened.
    #[error("failed to open the state at {path}: {message}")]
    Open {
        /// The file.
        path: PathBuf,
        /// The reason.
        message: String,
    },
    /// Written by another version.
    #[error(
        "the state at {path} has format {found}, this version reads {FORMAT}: run with --rebuild to make it anew"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// The format that it names.
        found: u32,
    },
    /// Reading or writing failed.
    #[error("failed to use the state: {0}")]
    Access(String),
}

impl StoreError {
    fn access(error: impl std::fmt::Display) -> Self {
        Self::Access(error.to_string())
    }
}

/// An open store.
pub struct Store {
    db: Database,
    path: PathBuf,
}

impl Store {
    /// Opens the store in `dir`, or makes a new one. `cache_bytes` bounds the memory that it keeps pages in.
    ///
    /// # Errors
    /// When the file cannot be made or opened, is damaged, or has another format.
    pub fn open(dir: &Path, cache_bytes: usize) -> Result<Self, StoreError> {
        let path = dir.join("state.redb");
        let open_error = |message: String| StoreError::Open { path: path.clone(), message };
        std::fs::create_dir_all(dir).map_err(|e| open_error(e.to_string()))?;
        if !path.exists() {
            make(dir, &path, cache_bytes)?;
        }
        // The library trusts what a clean end left, and may panic where that has been damaged since.
        let open = || -> Result<(Self, Option<Vec<u8>>), StoreError> {
            let db = create(&path, cache_bytes).map_err(|error| refusal(&path, &error))?;
            let store = Self { db, path: path.clone() };
            let found = store.read()?.get(Space::Meta, FORMAT_KEY)?;
            Ok((store, found))
        };
        let (store, found) =
            catch_unwind(AssertUnwindSafe(open)).map_err(|_| damaged(&path, "it cannot be read"))??;
        match found.map(|bytes| bytes.try_into().map_or(0, u32::from_le_bytes)) {
            None => {
                let mut write = store.write()?;
                write.put(Space::Meta, FORMAT_KEY, &FORMAT.to_le_bytes())?;
                write.commit()?;
            }
            Some(FORMAT) => {}
            Some(from @ 1..FORMAT) => store.upgrade(from)?,
            Some(found) => return Err(StoreError::Format { path, found }),
        }
        Ok(store)
    }

    /// From an older format. In format 1 rows of tables had no digest before them: one that fits no row lets them be compared
    /// as before. In format 2 they were plain JSON, which is still read; an older program could not read what is now
    /// written beside it. In format 3 no list told of runs of rows, and in format 4 none of portions in place of them; an older program would
    /// change rows and leave the list.
    fn upgrade(&self, from: u32) -> Result<(), StoreError> {
        let mut write = self.write()?;
        if from == 1 {
            write.space::<_, StoreError>(Space::Tables, |rows| {
                for key in rows.keys(b"")? {
                    let row = rows.get(&key)?.unwrap_or_default();
                    rows.put(&key, &[&[0; 16], row.as_slice()].concat())?;
                }
                Ok(())
            })?;
        }
        write.space::<_, StoreError>(Space::Meta, |meta| {
            meta.remove(b"runs")?;
            meta.put(FORMAT_KEY, &FORMAT.to_le_bytes())
        })?;
        write.commit()
    }

    /// The file that holds the store.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A view of the last commit.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self) -> Result<Read, StoreError> {
        Ok(Read { txn: self.db.begin_read().map_err(StoreError::access)? })
    }

    /// Makes durable what [`Write::commit_soon`] left for later.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn settle(&self) -> Result<(), StoreError> {
        self.write()?.commit()
    }

    /// Starts a transaction; dropped without [`Write::commit`], it changes nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self) -> Result<Write, StoreError> {
        let mut txn = self.db.begin_write().map_err(StoreError::access)?;
        // A process that is killed leaves a state that opens at once, however large it is.
        txn.set_quick_repair(true);
        Ok(Write { txn })
    }
}

#[cfg(not(feature = "failpoints"))]
fn create(path: &Path, cache_bytes: usize) -> Result<Database, DatabaseError> {
    Database::builder().set_cache_size(cache_bytes).create(path)
}

#[cfg(feature = "failpoints")]
fn create(path: &Path, cache_bytes: usize) -> Result<Database, DatabaseError> {
    let backend = faulty::Backend::open(path).map_err(|error| DatabaseError::Storage(error.into()))?;
    Database::builder().set_cache_size(cache_bytes).create_with_backend(backend)
}

/// Makes an empty store under another name and renames it, so that one under its own name is always whole.
fn make(dir: &Path, path: &Path, cache_bytes: usize) -> Result<(), StoreError> {
    let new = dir.join("state.redb.new");
    let io = |error: std::io::Error| StoreError::Open { path: new.clone(), message: error.to_string() };
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let store =
        Store { db: create(&new, cache_bytes).map_err(|error| refusal(&new, &error))?, path: new.clone() };
    let mut write = store.write()?;
    write.put(Space::Meta, FORMAT_KEY, &FORMAT.to_le_bytes())?;
    write.commit()?;
    store.db.close().map_err(|error| refusal(&new, &error))?;
    annals_fault::point().and_then(|()| std::fs::rename(&new, path)).map_err(io)?;
    if cfg!(unix) {
        std::fs::File::open(dir).and_then(|folder| folder.sync_all()).map_err(io)?;
    }
    Ok(())
}

/// What an error at opening means for the one who reads it.
fn refusal(path: &Path, error: &DatabaseError) -> StoreError {
    match error {
        // The disk or the rights to it are at fault, and not what the file holds.
        DatabaseError::Storage(StorageError::Io(error)) if error.raw_os_error().is_some() => {
            StoreError::Open { path: path.to_owned(), message: error.to_string() }
        }
        error => damaged(path, &error.to_string()),
    }
}

fn damaged(path: &Path, message: &str) -> StoreError {
    let message = format!("{message}; if it is damaged, --rebuild makes it anew");
    StoreError::Open { path: path.to_owned(), message }
}

type Definition<'a> = TableDefinition<'a, &'static [u8], &'static [u8]>;

/// A consistent view of the store.
pub struct Read {
    txn: redb::ReadTransaction,
}

/// One space of a [`Read`], for many look-ups.
pub struct ReadSpace {
    table: Option<redb::ReadOnlyTable<&'static [u8], &'static [u8]>>,
}

impl Read {
    /// Opens a space; one that was never written is empty.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn space(&self, space: Space) -> Result<ReadSpace, StoreError> {
        match self.txn.open_table(Definition::new(&space.table_name())) {
            Ok(table) => Ok(ReadSpace { table: Some(table) }),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(ReadSpace { table: None }),
            Err(error) => Err(StoreError::access(error)),
        }
    }

    /// One value.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.space(space)?.get(key)
    }
}

impl ReadSpace {
    /// One value.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(table) = &self.table else { return Ok(None) };
        Ok(table.get(key).map_err(StoreError::access)?.map(|guard| guard.value().to_vec()))
    }

    /// The number of entries.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn len(&self) -> Result<u64, StoreError> {
        use redb::ReadableTableMetadata;
        self.table.as_ref().map_or(Ok(0), |table| table.len().map_err(StoreError::access))
    }

    /// Whether nothing is in it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.len()? == 0)
    }

    /// All entries, for two scans that share them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn shared(&self) -> Result<Shared, StoreError> {
        self.len().map(|length| Shared(AtomicU64::new(length)))
    }

    /// Visits entries from one end on, until there are none left that another scan, from the other end, has not taken.
    ///
    /// # Errors
    /// When the file cannot be read, or `visit` fails.
    pub fn scan_shared<E: From<StoreError>>(
        &self,
        shared: &Shared,
        end: End,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(table) = &self.table else { return Ok(()) };
        let mut entries = table.range::<&[u8]>(..).map_err(StoreError::access)?;
        loop {
            let taken = shared.take();
            if taken == 0 {
                return Ok(());
            }
            for _ in 0..taken {
                let next = if end == End::First { entries.next() } else { entries.next_back() };
                let Some(entry) = next else { return Ok(()) };
                let (key, value) = entry.map_err(StoreError::access)?;
                visit(key.value(), value.value())?;
            }
        }
    }

    /// Visits all entries whose key starts with `prefix`, in key order, until `visit` returns false.
    ///
    /// # Errors
    /// When the file cannot be read, or `visit` fails.
    pub fn scan<E: From<StoreError>>(
        &self,
        prefix: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, E>,
    ) -> Result<(), E> {
        self.scan_from(
            Bound::Included(prefix),
            |key, value| Ok(key.starts_with(prefix) && visit(key, value)?),
        )
    }

    /// Visits all entries from a key on, in key order, until `visit` returns false.
    ///
    /// # Errors
    /// When the file cannot be read, or `visit` fails.
    pub fn scan_from<E: From<StoreError>>(
        &self,
        from: Bound<&[u8]>,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, E>,
    ) -> Result<(), E> {
        let Some(table) = &self.table else { return Ok(()) };
        let bounds = (from, Bound::<&[u8]>::Unbounded);
        for entry in table.range::<&[u8]>(bounds).map_err(StoreError::access)? {
            let (key, value) = entry.map_err(StoreError::access)?;
            if !visit(key.value(), value.value())? {
                break;
            }
        }
        Ok(())
    }
}

/// An end of a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Where the smallest key is.
    First,
    /// Where the largest key is.
    Last,
}

/// Entries that two scans share, one from either end.
pub struct Shared(AtomicU64);

impl Shared {
    /// Entries that a scan takes at a time, so that two seldom meet.
    const AT_A_TIME: u64 = 256;

    /// Takes some of the entries that are left; none if there are no more.
    fn take(&self) -> u64 {
        let less = |left: u64| (left > 0).then(|| left.saturating_sub(Self::AT_A_TIME));
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).unwrap_or(0);
        left.min(Self::AT_A_TIME)
    }
}

/// A transaction.
pub struct Write {
    txn: redb::WriteTransaction,
}

impl Write {
    /// Changes one space with all its look-ups and inserts in `change`.
    ///
    /// # Errors
    /// When the file cannot be written, or `change` fails.
    pub fn space<T, E: From<StoreError>>(
        &mut self,
        space: Space,
        change: impl FnOnce(&mut WriteSpace<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let table = self.txn.open_table(Definition::new(&space.table_name())).map_err(StoreError::access)?;
        change(&mut WriteSpace { table })
    }

    /// Sets one value.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.space(space, |entries| entries.put(key, value))
    }

    /// One value.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&mut self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.space(space, |entries| entries.get(key))
    }

    /// Removes a whole space.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn clear(&mut self, space: Space) -> Result<(), StoreError> {
        self.txn.delete_table(Definition::new(&space.table_name())).map_err(StoreError::access)?;
        Ok(())
    }

    /// Removes all spaces of steps from `first` on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn clear_steps_from(&mut self, first: u8) -> Result<(), StoreError> {
        let names: Vec<String> = self
            .txn
            .list_tables()
            .map_err(StoreError::access)?
            .map(|table| table.name().to_owned())
            .collect();
        for name in names {
            let step = name.split_once('/').and_then(|(_, step)| step.parse::<u8>().ok());
            if step.is_some_and(|step| step >= first) {
                self.txn.delete_table(Definition::new(&name)).map_err(StoreError::access)?;
            }
        }
        Ok(())
    }

    /// Makes the changes last, on disk.
    ///
    /// # Errors
    /// When the file cannot be written; nothing is changed then.
    pub fn commit(self) -> Result<(), StoreError> {
        self.txn.commit().map_err(StoreError::access)
    }

    /// Makes the changes seen at once, and last with the next [`Write::commit`] or when the store is dropped: for what is soon
    /// done again. A process that is killed before loses them, and none that came earlier.
    ///
    /// # Errors
    /// When the file cannot be written; nothing is changed then.
    pub fn commit_soon(mut self) -> Result<(), StoreError> {
        self.txn.set_durability(Durability::None).map_err(StoreError::access)?;
        self.commit()
    }
}

/// One space of a [`Write`].
pub struct WriteSpace<'txn> {
    table: redb::Table<'txn, &'static [u8], &'static [u8]>,
}

impl WriteSpace<'_> {
    /// One value.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.table.get(key).map_err(StoreError::access)?.map(|guard| guard.value().to_vec()))
    }

    /// Sets one value.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.table.insert(key, value).map_err(StoreError::access)?;
        Ok(())
    }

    /// Removes one value; none there is no error.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remove(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.table.remove(key).map_err(StoreError::access)?;
        Ok(())
    }

    /// The keys that start with `prefix`, in order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn keys(&self, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut keys = Vec::new();
        let bounds = (Bound::Included(prefix), Bound::<&[u8]>::Unbounded);
        for entry in self.table.range::<&[u8]>(bounds).map_err(StoreError::access)? {
            let (key, _) = entry.map_err(StoreError::access)?;
            if !key.value().starts_with(prefix) {
                break;
            }
            keys.push(key.value().to_vec());
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_transaction_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), 1 << 20).unwrap();
        let mut write = store.write().unwrap();
        write.put(Space::Ids, b"a", b"1").unwrap();
        drop(write);
        assert_eq!(store.read().unwrap().get(Space::Ids, b"a").unwrap(), None);
        let mut write = store.write().unwrap();
        write.put(Space::Ids, b"a", b"1").unwrap();
        write.commit().unwrap();
        assert_eq!(store.read().unwrap().get(Space::Ids, b"a").unwrap().as_deref(), Some(&b"1"[..]));
    }

    #[test]
    fn what_is_committed_soon_is_seen_at_once_and_stays() {
        kill_amid_commits(false);
    }

    #[test]
    fn what_is_committed_soon_can_be_made_durable() {
        kill_amid_commits(true);
    }

    /// Commits, the last time for later, which is made durable after all or not.
    fn kill_amid_commits(settled: bool) {
        let dir = tempfile::tempdir().unwrap();
        let killed = dir.path().join("killed");
        {
            let store = Store::open(dir.path(), 1 << 20).unwrap();
            let put = |key: &[u8]| {
                let mut write = store.write().unwrap();
                write.put(Space::Ids, key, b"1").unwrap();
                write
            };
            put(b"a").commit_soon().unwrap();
            put(b"b").commit().unwrap();
            put(b"c").commit_soon().unwrap();
            if settled {
                store.settle().unwrap();
            }
            assert!(store.read().unwrap().get(Space::Ids, b"c").unwrap().is_some());
            // What a process that is killed now leaves on the disk.
            std::fs::create_dir(&killed).unwrap();
            std::fs::copy(store.path(), killed.join("state.redb")).unwrap();
        }
        let keys = |dir: &Path| {
            let store = Store::open(dir, 1 << 20).unwrap();
            let read = store.read().unwrap();
            [b"a", b"b", b"c"].map(|key| read.get(Space::Ids, key).unwrap().is_some())
        };
        assert_eq!(keys(&killed), [true, true, settled]);
        assert_eq!(keys(dir.path()), [true, true, true]);
    }

    #[test]
    fn steps_are_cleared_from_a_number_on() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), 1 << 20).unwrap();
        let mut write = store.write().unwrap();
        for step in 0..3 {
            write.put(Space::Record(step), b"k", &[step]).unwrap();
        }
        write.clear_steps_from(1).unwrap();
        write.commit().unwrap();
        let read = store.read().unwrap();
        let left: Vec<bool> = (0..3).map(|s| read.get(Space::Record(s), b"k").unwrap().is_some()).collect();
        assert_eq!(left, [true, false, false]);
    }

    #[test]
    fn a_scan_stays_within_its_prefix() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), 1 << 20).unwrap();
        let mut write = store.write().unwrap();
        for key in ["a", "ab", "b"] {
            write.put(Space::Ids, key.as_bytes(), b"").unwrap();
        }
        write.commit().unwrap();
        let mut seen = Vec::new();
        let space = store.read().unwrap().space(Space::Ids).unwrap();
        space
            .scan::<StoreError>(b"a", |key, _| {
                seen.push(key.to_vec());
                Ok(true)
            })
            .unwrap();
        assert_eq!(seen, [b"a".to_vec(), b"ab".to_vec()]);
    }

    #[test]
    fn two_scans_share_all_entries() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), 1 << 20).unwrap();
        let mut write = store.write().unwrap();
        for number in 0..2000_u32 {
            write.put(Space::Ids, &number.to_be_bytes(), b"").unwrap();
        }
        write.commit().unwrap();
        let space = store.read().unwrap().space(Space::Ids).unwrap();
        let shared = space.shared().unwrap();
        let scan = |end| {
            let mut seen = Vec::new();
            let see = |key: &[u8], _: &[u8]| {
                seen.push(u32::from_be_bytes(key.try_into().unwrap()));
                Ok::<(), StoreError>(())
            };
            space.scan_shared(&shared, end, see).unwrap();
            seen
        };
        let (mut seen, mut rest) = std::thread::scope(|scope| {
            let first = scope.spawn(|| scan(End::First));
            let rest = scan(End::Last);
            (first.join().unwrap(), rest)
        });
        rest.reverse();
        seen.append(&mut rest);
        assert!(seen.into_iter().eq(0..2000));
    }

    #[test]
    fn another_format_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        {
            let store = Store::open(dir.path(), 1 << 20).unwrap();
            let mut write = store.write().unwrap();
            write.put(Space::Meta, FORMAT_KEY, &99_u32.to_le_bytes()).unwrap();
            write.commit().unwrap();
        }
        assert!(matches!(Store::open(dir.path(), 1 << 20), Err(StoreError::Format { found: 99, .. })));
    }
}
