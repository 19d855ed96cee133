//! A loaded library and what it tells of itself.

use std::collections::BTreeSet;
use std::error::Error;
use std::ffi::{CStr, c_char};
use std::fmt;
use std::mem::ManuallyDrop;
use std::path::Path;

use annals_plugin::{abi, arrow};
use serde::{Deserialize, Serialize};

use crate::error::LoadError;

/// What a plugin tells of itself before anything of it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the stage.
    pub name: String,
    /// Version of the stage.
    pub version: u32,
    /// How much of the corpus it sees at once.
    pub kind: Kind,
    /// What it was built with.
    pub built_with: String,
    /// Columns read.
    pub reads: Vec<String>,
    /// Columns written.
    pub writes: Vec<String>,
    /// JSON Schema of the config; `null` if it gives none.
    #[serde(with = "json_text")]
    pub config_schema: serde_json::Value,
}

/// JSON within compact formats, which cannot hold it as it is.
mod json_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(
        value: &serde_json::Value,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.to_string().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<serde_json::Value, D::Error> {
        serde_json::from_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// How much of the corpus a stage sees at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Each article by itself.
    Article,
    /// The whole corpus.
    Corpus,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Article => "each article by itself",
            Self::Corpus => "the whole corpus",
        })
    }
}

/// A library that has been loaded, and is never unloaded: threads and handlers that it left behind would run into
/// nothing.
pub(crate) struct Library {
    manifest: Manifest,
    pub(crate) entries: Entries,
}

/// The entry points of a stage; which of them there are depends on its kind.
pub(crate) struct Entries {
    pub(crate) open: abi::Open,
    pub(crate) close: abi::Close,
    pub(crate) fingerprint: Option<abi::Fingerprint>,
    pub(crate) stage: Stage,
}

/// The entry points that do the work.
#[derive(Clone, Copy)]
pub(crate) enum Stage {
    Article { process: abi::Process },
    Corpus { map: abi::Map, merge: abi::Merge, finish: abi::Finish, apply: abi::Process },
}

impl Library {
    /// Loads a file that has passed [`crate::file::check`].
    pub(crate) fn load(path: &Path) -> Result<Self, LoadError> {
        let link = |error: &dyn Error| LoadError::Link { path: path.to_owned(), message: innermost(error) };
        // Without a folder the system would look for it elsewhere.
        let absolute = std::path::absolute(path).map_err(|error| link(&error))?;
        // The code of the plugin must stay where it is for as long as the process lives.
        // SAFETY: that the constructors of the library are sound is its author's promise; a user who does not trust
        // it isolates the stage.
        let library = ManuallyDrop::new(unsafe { open(&absolute) }.map_err(|error| link(&error))?);

        // SAFETY: the header declares the symbol as a `uint32_t`.
        let version =
            unsafe { library.get::<*const u32>(abi::VERSION_SYMBOL) }.map_err(|error| link(&error))?;
        // SAFETY: as above; the symbol was found, so it is not null.
        let found = unsafe { version.read_unaligned() };
        if found != abi::ABI_VERSION {
            return Err(LoadError::Abi { path: path.to_owned(), found, wanted: abi::ABI_VERSION });
        }
        // SAFETY: the header declares the symbol as such a function, and the version says that this header was used.
        let describe =
            unsafe { library.get::<abi::Describe>(abi::DESCRIBE_SYMBOL) }.map_err(|error| link(&error))?;
        // SAFETY: as above.
        let plugin = unsafe { describe().as_ref() };
        let described = plugin.ok_or_else(|| "it gives a null pointer".to_owned());
        // SAFETY: the header asks for text and lists that end as they must and stay.
        let described = described.and_then(|plugin| unsafe { read(plugin) });
        let (manifest, entries) =
            described.map_err(|message| LoadError::Handshake { path: path.to_owned(), message })?;
        Ok(Self { manifest, entries })
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

/// What the system's loader says, which stands at the end of the chain.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Loads with every symbol resolved at once, so that a missing one is an error here and no crash later.
///
/// # Safety
/// The constructors of the library must be sound.
#[cfg(unix)]
unsafe fn open(path: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // SAFETY: by the caller's promise.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
}

/// # Safety
/// The constructors of the library must be sound.
#[cfg(not(unix))]
unsafe fn open(path: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: by the caller's promise.
    unsafe { libloading::Library::new(path) }
}

/// # Safety
/// Pointers that are not null lead to text that ends with NUL, and to lists that end with null.
unsafe fn read(plugin: &abi::Plugin) -> Result<(Manifest, Entries), String> {
    if plugin.size != size_of::<abi::Plugin>() {
        let due = size_of::<abi::Plugin>();
        return Err(format!(
            "its size is {}, not {due}: it was built with another annals_plugin.h",
            plugin.size
        ));
    }
    // SAFETY: by the caller's promise.
    let optional = |pointer: *const c_char, what: &str| match unsafe { text(pointer) } {
        Ok(found) => Ok(found),
        Err(problem) => Err(format!("its {what} {problem}")),
    };
    let name = optional(plugin.name, "name")?.unwrap_or_default();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        return Err(format!("its name is `{name}`; a name is of a-z, 0-9 and _"));
    }
    // SAFETY: by the caller's promise.
    let (reads, writes) = unsafe { (list(plugin.reads, "reads")?, list(plugin.writes, "writes")?) };
    if let Some(column) = writes.iter().find(|column| arrow::IDENTITY.contains(&column.as_str())) {
        return Err(format!("it writes `{column}`, which no stage may change"));
    }
    let config_schema = match optional(plugin.config_schema, "config_schema")? {
        Some(json) => serde_json::from_str(&json).map_err(|error| format!("its config_schema: {error}"))?,
        None => serde_json::Value::Null,
    };
    fn entry<T>(pointer: Option<T>, name: &str) -> Result<T, String> {
        pointer.ok_or_else(|| format!("`{name}` is a null pointer"))
    }
    let (kind, stage) = match plugin.kind {
        abi::KIND_ARTICLE => (Kind::Article, Stage::Article { process: entry(plugin.process, "process")? }),
        abi::KIND_CORPUS => (
            Kind::Corpus,
            Stage::Corpus {
                map: entry(plugin.map, "map")?,
                merge: entry(plugin.merge, "merge")?,
                finish: entry(plugin.finish, "finish")?,
                apply: entry(plugin.apply, "apply")?,
            },
        ),
        kind => return Err(format!("its kind is {kind}, neither 1 (article) nor 2 (corpus)")),
    };
    let entries = Entries {
        open: entry(plugin.open, "open")?,
        close: entry(plugin.close, "close")?,
        fingerprint: plugin.fingerprint,
        stage,
    };
    let built_with = optional(plugin.built_with, "built_with")?.unwrap_or_else(|| "not told".to_owned());
    Ok((Manifest { name, version: plugin.version, kind, built_with, reads, writes, config_schema }, entries))
}

/// # Safety
/// `pointer` is null or leads to text that ends with NUL.
unsafe fn text(pointer: *const c_char) -> Result<Option<String>, &'static str> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: by the caller's promise.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(|text| Some(text.to_owned())).map_err(|_| "is not UTF-8")
}

/// # Safety
/// `pointer` is null or leads to a list that ends with null, of text that ends with NUL.
unsafe fn list(pointer: *const *const c_char, what: &str) -> Result<Vec<String>, String> {
    const MOST: usize = 256;
    let mut names = Vec::new();
    let mut seen = BTreeSet::new();
    if pointer.is_null() {
        return Ok(names);
    }
    for index in 0..=MOST {
        // SAFETY: by the caller's promise; the list has not ended yet.
        let name = unsafe { text(*pointer.add(index)) }
            .map_err(|problem| format!("a name in its {what} {problem}"))?;
        match name {
            None => return Ok(names),
            Some(name) if name.is_empty() => return Err(format!("an empty name in its {what}")),
            Some(name) if !seen.insert(name.clone()) => return Err(format!("`{name}` twice in its {what}")),
            Some(name) => names.push(name),
        }
    }
    Err(format!("its {what} have no end"))
}
