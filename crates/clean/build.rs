//! Lists the rule files of `data/clean`, so that a new language is a new file and nothing else.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../data/clean");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the rules are part of the source tree")
        .filter_map(|entry| Some(entry.ok()?.path()))
        // A language is named by its ISO 639-1 code; other files are not lists of rules.
        .filter(|path| {
            path.extension().is_some_and(|e| e == "toml") && path.file_stem().is_some_and(|s| s.len() == 2)
        })
        .collect();
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let file = file.canonicalize().expect("the file was just listed");
        println!("cargo::rerun-if-changed={}", file.display());
        let stem = file.file_stem().expect("checked above").to_string_lossy();
        writeln!(list, "    ({stem:?}, include_str!({:?})),", file.display().to_string())
            .expect("writing to a string cannot fail");
    }
    list.push(']');
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("languages.rs");
    fs::write(out, list).expect("cargo made the folder");
}
