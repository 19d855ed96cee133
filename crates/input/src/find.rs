//! Finds the input files that glob patterns name, in a fixed order.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use annals_plugin::Rejected;
use globset::{GlobBuilder, GlobMatcher};

use crate::reason::Reason;
use crate::rejected;

/// One input file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// Relative to the pipeline file, with `/` between folders.
    pub path: String,
    /// Where it lies.
    pub file: PathBuf,
    /// Bytes.
    pub len: u64,
    /// Last modification, if the file system tells.
    pub modified: Option<SystemTime>,
}

/// What the patterns matched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The files, each once, in bytewise order of `path`.
    pub files: Vec<InputFile>,
    /// What could not be looked into, in order.
    pub rejected: Vec<Rejected>,
    /// Patterns that matched no file.
    pub unmatched: Vec<String>,
}

/// Inputs that cannot be looked for.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A pattern that is not a glob.
    #[error("`{pattern}` is not a valid glob: {message}")]
    BadPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
    /// A pattern without wildcards names a file that is not there.
    #[error("no such file: `{pattern}` (looked for {})", .file.display())]
    Missing {
        /// The pattern.
        pattern: String,
        /// The full path.
        file: PathBuf,
    },
}

/// Finds the files that `patterns` match, relative to `base`.
///
/// A pattern is a path with `/` between folders, in which `*` and `?` stand for characters within a name, `**` for any
/// number of folders, `[…]` for a set of characters and `{a,b}` for alternatives. A pattern that starts with `!` takes out
/// what it matches, wherever it stands in the list. A pattern that names a folder stands for all files under it. As in a
/// shell, names that start with a dot are passed over unless the pattern spells the dot. Symbolic links are followed; one
/// that leads back to a folder above itself is rejected.
///
/// # Errors
/// When a pattern is not a glob, or names one file that is not there.
pub fn find(base: &Path, patterns: &[String]) -> Result<Found, InputError> {
    let mut found = Found::default();
    let mut files: BTreeMap<String, InputFile> = BTreeMap::new();
    let mut excluded = Vec::new();
    for pattern in patterns {
        if let Some(pattern) = pattern.strip_prefix('!') {
            excluded.push(matcher(pattern)?);
        }
    }
    for pattern in patterns.iter().filter(|p| !p.starts_with('!')) {
        let parts = Pattern::parse(base, pattern)?;
        let mut walk = Walk { parts: &parts, excluded: &excluded, files: Vec::new(), rejected: Vec::new() };
        let mut above = Vec::new();
        match fs::metadata(&parts.root) {
            Ok(meta) if meta.is_dir() => walk.folder(&parts.root, &parts.prefix, 1, &mut above),
            _ if parts.matcher.is_none() => walk.entry(&parts.root, &parts.prefix, 0, &mut above),
            _ => {}
        }
        if walk.files.is_empty() && walk.rejected.is_empty() {
            if parts.matcher.is_none() && fs::symlink_metadata(&parts.root).is_err() {
                return Err(InputError::Missing { pattern: pattern.clone(), file: parts.root });
            }
            found.unmatched.push(pattern.clone());
        }
        files.extend(walk.files.into_iter().map(|file| (file.path.clone(), file)));
        found.rejected.append(&mut walk.rejected);
    }
    found.files = files.into_values().collect();
    found.rejected.sort();
    found.rejected.dedup();
    Ok(found)
}

fn matcher(pattern: &str) -> Result<GlobMatcher, InputError> {
    let bad = |error: globset::Error| InputError::BadPattern {
        pattern: pattern.to_owned(),
        message: error.kind().to_string(),
    };
    let plain = pattern.strip_prefix("./").unwrap_or(pattern);
    Ok(GlobBuilder::new(plain).literal_separator(true).build().map_err(bad)?.compile_matcher())
}

/// A pattern split into the folder where the search starts and what a path must match.
struct Pattern {
    root: PathBuf,
    /// `root` as it stands in the pattern; empty for the base folder.
    prefix: String,
    /// Matched against the whole path; `None` if the pattern has no wildcards.
    matcher: Option<GlobMatcher>,
    /// How many levels of names lie below `root`; `None` for any number.
    depth: Option<usize>,
    /// Whether the wildcard part spells a leading dot.
    hidden: bool,
}

impl Pattern {
    fn parse(base: &Path, pattern: &str) -> Result<Self, InputError> {
        let bad = |message: &str| InputError::BadPattern {
            pattern: pattern.to_owned(),
            message: message.to_owned(),
        };
        let plain = pattern.trim_end_matches('/');
        if plain.is_empty() {
            return Err(bad(if pattern.is_empty() {
                "it is empty"
            } else {
                "it names the whole file system"
            }));
        }
        let is_wild = |part: &str| part.contains(['*', '?', '[', '{', '\\']);
        let parts: Vec<&str> = plain.split('/').filter(|part| *part != ".").collect();
        let fixed = parts.iter().take_while(|part| !is_wild(part)).count();
        let prefix = parts[..fixed].join("/");
        let wild = &parts[fixed..];
        let root = match prefix.as_str() {
            "" if plain.starts_with('/') => PathBuf::from("/"),
            "" => base.to_owned(),
            prefix => base.join(prefix),
        };
        Ok(Self {
            root,
            matcher: if wild.is_empty() { None } else { Some(matcher(&parts.join("/"))?) },
            depth: (!wild.is_empty() && !wild.iter().any(|part| part.contains("**"))).then_some(wild.len()),
            hidden: wild.iter().any(|part| part.starts_with('.')),
            prefix,
        })
    }
}

struct Walk<'a> {
    parts: &'a Pattern,
    excluded: &'a [GlobMatcher],
    files: Vec<InputFile>,
    rejected: Vec<Rejected>,
}

impl Walk<'_> {
    fn reject(&mut self, path: &str, reason: Reason, detail: impl Into<String>) {
        self.rejected.push(rejected(path, None, reason, detail));
    }

    fn folder(&mut self, folder: &Path, path: &str, level: usize, above: &mut Vec<PathBuf>) {
        if self.parts.depth.is_some_and(|depth| level > depth) {
            return;
        }
        let real = match fs::canonicalize(folder) {
            Ok(real) => real,
            Err(error) => return self.reject(path, Reason::Unreadable, error.to_string()),
        };
        if above.contains(&real) {
            let detail = format!("leads back to {}", real.display());
            return self.reject(path, Reason::SymlinkLoop, detail);
        }
        let entries: io::Result<Vec<_>> = fs::read_dir(folder).and_then(Iterator::collect);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.reject(path, Reason::Unreadable, error.to_string()),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        above.push(real);
        for entry in entries {
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let shown = if path.is_empty() { String::new() } else { format!("{path}/") };
                let shown = format!("{shown}{}", name.to_string_lossy());
                self.reject(&shown, Reason::InvalidPath, "the name is not UTF-8");
                continue;
            };
            if name.starts_with('.') && !self.parts.hidden {
                continue;
            }
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            self.entry(&entry.path(), &path, level, above);
        }
        above.pop();
    }

    fn entry(&mut self, file: &Path, path: &str, level: usize, above: &mut Vec<PathBuf>) {
        if self.excluded.iter().any(|glob| glob.is_match(path)) {
            return;
        }
        let matched = self.parts.matcher.as_ref().is_none_or(|glob| glob.is_match(path));
        let meta = match fs::metadata(file) {
            Ok(meta) => meta,
            Err(_) if !matched => return,
            Err(error) => {
                let is_link = fs::symlink_metadata(file).is_ok_and(|meta| meta.is_symlink());
                return match (is_link, error.kind()) {
                    (true, io::ErrorKind::NotFound) => {
                        self.reject(path, Reason::BrokenLink, "the symbolic link points to nothing");
                    }
                    (true, kind) if kind != io::ErrorKind::PermissionDenied => {
                        self.reject(path, Reason::SymlinkLoop, error.to_string());
                    }
                    // A literal path that is not there is an error of the caller, told by `find`.
                    (false, io::ErrorKind::NotFound) if self.parts.matcher.is_none() => {}
                    _ => self.reject(path, Reason::Unreadable, error.to_string()),
                };
            }
        };
        if meta.is_dir() {
            self.folder(file, path, level + 1, above);
        } else if matched && meta.is_file() {
            self.files.push(InputFile {
                path: path.to_owned(),
                file: file.to_owned(),
                len: meta.len(),
                modified: meta.modified().ok(),
            });
        } else if matched {
            self.reject(path, Reason::NotAFile, "neither a file nor a folder");
        }
    }
}
