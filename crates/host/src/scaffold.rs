//! A new plugin that builds and runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why no plugin was laid out.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// A name that no stage may have.
    #[error("`{name}` cannot be the name of a stage: it takes a-z, 0-9 and _, and begins with a letter")]
    Name {
        /// The name.
        name: String,
    },
    /// There is something there already.
    #[error("{} is there already", .path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// A file that cannot be written.
    #[error("failed to write {}: {error}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

const FILES: [(&str, &str); 6] = [
    ("Cargo.toml", include_str!("../template/Cargo.toml.txt")),
    ("src/lib.rs", include_str!("../template/lib.rs.txt")),
    ("pipeline.toml", include_str!("../template/pipeline.toml.txt")),
    ("articles/market.txt", include_str!("../template/article.txt")),
    ("README.md", include_str!("../template/README.md.txt")),
    (".gitignore", include_str!("../template/gitignore.txt")),
];

/// Words that Rust keeps for itself, so that no crate can be called so.
const RESERVED: [&str; 14] = [
    "as", "async", "core", "crate", "enum", "fn", "impl", "mod", "self", "std", "struct", "test", "trait",
    "type",
];

/// Lays out a plugin in `dir/name`: crate, tests, and a pipeline with an article to run it on. Gives what to do next.
///
/// # Errors
/// When the name cannot be a stage's, the folder is there, or a file cannot be written.
pub fn scaffold(dir: &Path, name: &str) -> Result<String, ScaffoldError> {
    let begins = name.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !begins || !plain || RESERVED.contains(&name) {
        return Err(ScaffoldError::Name { name: name.to_owned() });
    }
    let root = dir.join(name);
    if root.exists() {
        return Err(ScaffoldError::Exists { path: root });
    }
    for (file, template) in FILES {
        let path = root.join(file);
        let text = template
            .replace("{name}", name)
            .replace("{library}", name)
            .replace("{type}", &type_name(name))
            .replace("{dependency}", &dependency());
        let folder = path.parent().expect("each file lies in the new folder");
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
        written.map_err(|error| ScaffoldError::Write { path, error })?;
    }
    let root = root.display();
    Ok(format!(
        "wrote {root}; next:\n\n    cd {root}\n    cargo test\n    cargo build --release\n    annals pipeline.toml"
    ))
}

/// `house_filter` as `HouseFilter`.
fn type_name(name: &str) -> String {
    name.split('_')
        .filter_map(|word| word.split_at_checked(1))
        .map(|(first, rest)| first.to_ascii_uppercase() + rest)
        .collect()
}

/// The crate of this very build: the sources it was built from if they are still there, else the published version.
fn dependency() -> String {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin");
    match sources.canonicalize() {
        Ok(path) => format!("{{ path = {:?} }}", path.display().to_string()),
        Err(_) => format!("{:?}", env!("CARGO_PKG_VERSION")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_after_stages() {
        assert_eq!(type_name("house_filter2"), "HouseFilter2");
        assert_eq!(type_name("x__y_"), "XY");
    }

    #[test]
    fn names_that_cannot_be_are_refused() {
        for name in ["", "2fast", "Weapons", "a-b", "../x", "fn", "é"] {
            assert!(
                matches!(scaffold(Path::new("nowhere"), name), Err(ScaffoldError::Name { .. })),
                "{name}"
            );
        }
    }
}
