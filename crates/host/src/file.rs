//! The library file: where it is, and what can be told without loading it.

use std::fmt;
use std::path::{Path, PathBuf};

use annals_plugin::abi;
use object::{Architecture, BinaryFormat, NameOrOrdinal, Object, ObjectKind};
use sha2::{Digest, Sha256};

use crate::error::LoadError;
use crate::library::Manifest;

/// A library that is there and is one for this machine.
#[derive(Debug, Clone)]
pub(crate) struct LibraryFile {
    pub(crate) path: PathBuf,
    pub(crate) sha256: [u8; 32],
    format: String,
    architecture: String,
    bytes: usize,
}

/// What a library is and exports, as `annals plugin inspect` shows it.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The file.
    pub path: PathBuf,
    /// Its length.
    pub bytes: usize,
    /// Its checksum, in hexadecimal.
    pub sha256: String,
    /// Its format and the machine it is for.
    pub target: String,
    /// Version of the door.
    pub abi_version: u32,
    /// What it tells of itself.
    pub manifest: Manifest,
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, bytes, sha256, target, abi_version, manifest } = self;
        writeln!(f, "file         {}", path.display())?;
        writeln!(f, "size         {bytes} bytes")?;
        writeln!(f, "sha256       {sha256}")?;
        writeln!(f, "target       {target}")?;
        writeln!(f, "plugin ABI   {abi_version}")?;
        writeln!(f, "built with   {}", manifest.built_with)?;
        writeln!(f, "stage        {} version {}", manifest.name, manifest.version)?;
        writeln!(f, "kind         {}", manifest.kind)?;
        writeln!(f, "reads        {}", manifest.reads.join(", "))?;
        writeln!(f, "writes       {}", manifest.writes.join(", "))?;
        let schema = serde_json::to_string_pretty(&manifest.config_schema).map_err(|_| fmt::Error)?;
        write!(f, "config       {}", schema.replace('\n', "\n             "))
    }
}

impl LibraryFile {
    pub(crate) fn inspection(self, manifest: Manifest) -> Inspection {
        Inspection {
            bytes: self.bytes,
            sha256: hex(&self.sha256),
            target: format!("{} for {}", self.format, self.architecture),
            abi_version: abi::ABI_VERSION,
            path: self.path,
            manifest,
        }
    }
}

/// Finds the file that a pipeline means: that very file, or the name that a library of that name has here.
pub(crate) fn find(spec: &str, base: &Path) -> Result<PathBuf, LoadError> {
    let exact = base.join(spec);
    let mut tried = vec![exact.clone()];
    if let Some(name) = exact.file_name().and_then(|name| name.to_str()) {
        let library = |name: &str| exact.with_file_name(libloading::library_filename(name));
        tried.push(library(name));
        // Cargo writes a crate's hyphens as underscores.
        if name.contains('-') {
            tried.push(library(&name.replace('-', "_")));
        }
    }
    match tried.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(LoadError::NotFound { spec: spec.to_owned(), tried }),
    }
}

/// Reads the file and checks, without loading it, that it is a plugin for this machine.
pub(crate) fn check(path: PathBuf, pinned: Option<&str>) -> Result<LibraryFile, LoadError> {
    let data = match std::fs::read(&path) {
        Ok(data) => data,
        Err(error) => return Err(LoadError::Unreadable { path, message: error.to_string() }),
    };
    let sha256: [u8; 32] = Sha256::digest(&data).into();
    if let Some(wanted) = pinned.filter(|pinned| !pinned.eq_ignore_ascii_case(&hex(&sha256))) {
        return Err(LoadError::Checksum { path, found: hex(&sha256), wanted: wanted.to_owned() });
    }
    let refuse = |message: String| LoadError::NotAPlugin { path: path.clone(), message };
    if data.is_empty() {
        return Err(refuse("it is empty".to_owned()));
    }
    let library = object::File::parse(&*data).map_err(|_| {
        let what =
            if std::str::from_utf8(&data).is_ok() { "a text file" } else { "no library of a known format" };
        refuse(format!("it is {what}"))
    })?;
    let (format, architecture) = (library.format(), library.architecture());
    let (found, wanted) = (target(format, architecture), target(BinaryFormat::native_object(), native()));
    if found != wanted {
        return Err(LoadError::Architecture { path, found, wanted });
    }
    if library.kind() != ObjectKind::Dynamic {
        return Err(refuse("it is a program or object file, not a dynamic library".to_owned()));
    }
    let exports = library.exports().and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let exports = exports.map_err(|error| refuse(format!("its symbols cannot be read: {error}")))?;
    for symbol in [abi::VERSION_SYMBOL, abi::DESCRIBE_SYMBOL] {
        // Mach-O writes an underscore before the names of C.
        let exported = exports.iter().any(|export| {
            let NameOrOrdinal::Name(name) = export.name() else { return false };
            name == symbol.as_bytes() || name.strip_prefix(b"_") == Some(symbol.as_bytes())
        });
        if !exported {
            return Err(refuse(format!("it does not export `{symbol}` (is `export_stage!` missing?)")));
        }
    }
    let (format, architecture) = (format!("{format:?}"), format!("{architecture:?}"));
    Ok(LibraryFile { format, architecture, bytes: data.len(), sha256, path })
}

fn target(format: BinaryFormat, architecture: Architecture) -> String {
    format!("{architecture:?} ({format:?})").to_lowercase()
}

fn native() -> Architecture {
    match std::env::consts::ARCH {
        "x86_64" => Architecture::X86_64,
        "x86" => Architecture::I386,
        "aarch64" => Architecture::Aarch64,
        "arm" => Architecture::Arm,
        "riscv64" => Architecture::Riscv64,
        "powerpc64" => Architecture::PowerPc64,
        "s390x" => Architecture::S390x,
        _ => Architecture::Unknown,
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
