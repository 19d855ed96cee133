//! The output folder: a set of files that is replaced as one.
//!
//! New files are written to `.annals/next` inside the folder, so that they lie on the same file system. [`Staging::seal`] flushes
//! them to the disk and renames that folder to `.annals/decided`: this one rename decides that the new set holds. [`recover`] then
//! renames the files into place one by one, the list of the set (`.annals/tables.json`) last, and takes `.annals/decided` away. A
//! process killed before the deciding rename leaves the old set whole; one killed after it leaves the rest behind, and whoever
//! opens the folder next brings it into place first. Only between the first and the last of these renames, well under a
//! millisecond, can someone who lists the folder see files of two sets.
//!
//! Files of the last set that the new one does not have, as when a format is no longer asked for, are removed. Files that are in no
//! set are never touched.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::OutputError;
use crate::sink::NewFile;
use crate::table::given;

/// Name of the list of files that belong to the set.
pub(crate) const LIST: &str = "tables.json";
/// Folder of the output folder that is not for people.
const STATE: &str = ".annals";
/// List of the pieces that the files are made of.
const PARTS: &str = "parts.json";
const NEXT: &str = "next";
const DECIDED: &str = "decided";

/// The list of the pieces of the set in a folder.
pub(crate) fn parts_of(out: &Path) -> PathBuf {
    out.join(STATE).join(PARTS)
}

/// Files on their way; dropped, they vanish and the folder is as it was.
pub(crate) struct Staging {
    out: PathBuf,
    folder: PathBuf,
}

impl Staging {
    /// Makes the output folder if need be, finishes or clears what a killed process left, and opens a place for new files.
    ///
    /// The caller sees to it that one process at a time writes to the folder.
    pub(crate) fn open(out: &Path) -> Result<Self, OutputError> {
        let state = out.join(STATE);
        attempt(|| fs::create_dir_all(&state)).map_err(OutputError::file("create", &state))?;
        recover(out)?;
        let folder = state.join(NEXT);
        remove(&folder)?;
        attempt(|| fs::create_dir(&folder)).map_err(OutputError::file("create", &folder))?;
        Ok(Self { out: out.to_owned(), folder })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Where new files lie.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the last set lies.
    pub(crate) fn out(&self) -> &Path {
        &self.out
    }

    /// The list of the pieces of the last set.
    pub(crate) fn parts(&self) -> PathBuf {
        parts_of(&self.out)
    }

    /// Makes the new set of these files durable, decides for it and brings it into place. Every file has been synced by
    /// whoever wrote it, but for the ones in `open`.
    pub(crate) fn seal(
        &self,
        names: &BTreeSet<String>,
        parts: &[u8],
        mut open: Vec<NewFile>,
    ) -> Result<(), OutputError> {
        let bytes = serde_json::to_vec_pretty(names).expect("a list of strings serialises");
        for (name, bytes) in [(PARTS, parts), (LIST, &bytes)] {
            let mut file = NewFile::create(self.path(name))?;
            file.put(bytes)?;
            open.push(file);
        }
        // Small files wait for the disk together.
        std::thread::scope(|scope| {
            let threads: Vec<_> = open.into_iter().map(|file| scope.spawn(|| file.finish())).collect();
            threads.into_iter().try_for_each(|thread| given(thread.join()).map(drop))
        })?;
        sync_folder(&self.folder)?;
        let state = self.out.join(STATE);
        attempt(|| fs::rename(&self.folder, state.join(DECIDED)))
            .map_err(OutputError::file("rename", &self.folder))?;
        sync_folder(&state)?;
        let old = last_files(&self.out, names);
        recover(&self.out)?;
        // The room of long files takes the system some time to free, which nobody need wait for.
        old.into_iter().for_each(|file| drop(std::thread::Builder::new().spawn(move || drop(file))));
        Ok(())
    }
}

/// Keeps files of the last set open while others take their names, where the system allows that.
fn last_files(out: &Path, names: &BTreeSet<String>) -> Vec<File> {
    if cfg!(unix) {
        names.iter().filter_map(|name| File::open(out.join(name)).ok()).collect()
    } else {
        Vec::new()
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // After `seal` there is nothing left under this name; on a failure the next run clears it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Brings a decided set into place; does nothing if there is none.
///
/// # Errors
/// When a file cannot be renamed. What is left stays decided, so that the next call goes on from there.
pub fn recover(out: &Path) -> Result<(), OutputError> {
    let state = out.join(STATE);
    let decided = state.join(DECIDED);
    // The list is moved last: without it all else is in place.
    let Some(new) = read_list(&decided)? else { return remove(&decided) };
    for name in &new {
        let from = decided.join(name);
        // What is not there any more, an earlier attempt has moved.
        unless_gone(attempt(|| fs::rename(&from, out.join(name))), "rename", &from)?;
    }
    for name in read_list(&state)?.unwrap_or_default().difference(&new) {
        let path = out.join(name);
        unless_gone(attempt(|| fs::remove_file(&path)), "remove", &path)?;
    }
    let parts = decided.join(PARTS);
    unless_gone(attempt(|| fs::rename(&parts, state.join(PARTS))), "rename", &parts)?;
    // What has been moved must be on the disk before the list that vouches for it.
    sync_folder(out)?;
    let list = decided.join(LIST);
    attempt(|| fs::rename(&list, state.join(LIST))).map_err(OutputError::file("rename", &list))?;
    sync_folder(&state)?;
    remove(&decided)
}

/// Changes the folder, unless a test makes it fail.
fn attempt<T>(change: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    annals_fault::point()?;
    change()
}

fn unless_gone(result: io::Result<()>, action: &'static str, path: &Path) -> Result<(), OutputError> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(OutputError::file(action, path)(error)),
        _ => Ok(()),
    }
}

fn remove(folder: &Path) -> Result<(), OutputError> {
    unless_gone(attempt(|| fs::remove_dir_all(folder)), "remove", folder)
}

/// The file names of a set. Names with a folder in them are not ours and are left out.
fn read_list(folder: &Path) -> Result<Option<BTreeSet<String>>, OutputError> {
    let path = folder.join(LIST);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OutputError::file("read", &path)(error)),
    };
    let names: BTreeSet<String> = serde_json::from_slice(&bytes).unwrap_or_default();
    let plain = |name: &String| !name.contains(['/', '\\']) && !name.starts_with('.') && name != LIST;
    Ok(Some(names.into_iter().filter(plain).collect()))
}

/// Makes the entries of a folder durable.
fn sync_folder(folder: &Path) -> Result<(), OutputError> {
    if cfg!(unix) {
        attempt(|| File::open(folder)?.sync_all()).map_err(OutputError::file("sync", folder))?;
    }
    Ok(())
}
