//! Each way in which a plugin cannot be loaded has an error of its own that says what to do.

#![allow(clippy::unwrap_used)]

mod plugin;

use std::fs;
use std::path::Path;

use annals_host::{LoadError, Options, inspect, load};
use annals_plugin::{Batch, Context};
use plugin::{article_stage, articles, c_plugin, options, rust_plugin};
use serde_json::json;

const SOURCE: &str = "tests/fixtures/faulty.c";

fn error(options: &Options) -> LoadError {
    load(options, Path::new("."), Some("faulty")).map(|definition| definition.name).expect_err("refused")
}

#[test]
fn a_plugin_that_is_not_there_tells_where_it_was_looked_for() {
    let options = Options { plugin: "plugins/my-tagger".to_owned(), ..Options::default() };
    let error = load(&options, Path::new("/pipelines"), None).map(|d| d.name).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "plugin `plugins/my-tagger` not found; tried /pipelines/plugins/my-tagger, /pipelines/plugins/{0}my-tagger{1}, \
             /pipelines/plugins/{0}my_tagger{1}",
            std::env::consts::DLL_PREFIX,
            std::env::consts::DLL_SUFFIX
        )
    );
}

#[test]
fn a_plugin_is_found_by_name_or_file_and_described() {
    let dir = tempfile::tempdir().unwrap();
    let library = c_plugin(SOURCE.as_ref(), dir.path(), "tagger", &[]);
    for spec in [library.file_name().unwrap().to_str().unwrap(), "tagger"] {
        let options = Options { plugin: spec.to_owned(), ..Options::default() };
        let definition = load(&options, dir.path(), Some("faulty")).unwrap();
        assert_eq!((definition.name.as_str(), definition.version), ("faulty", 1));
        assert_eq!((definition.reads, definition.writes), (vec!["text".to_owned()], vec!["seen".to_owned()]));
    }
    let told = inspect(&rust_plugin("faulty_corpus"), &options(&library, true).worker).unwrap().to_string();
    println!("{told}");
    for due in [
        "stage        faulty_corpus version 1",
        "the whole corpus",
        "annals-plugin 0",
        "plugin ABI   1",
        "Kind of fault.",
    ] {
        assert!(told.contains(due), "{due} is not in\n{told}");
    }
}

#[test]
fn what_is_no_plugin_for_this_machine_is_refused_unloaded() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        options(&path, false)
    };
    let sound = fs::read(c_plugin(SOURCE.as_ref(), dir.path(), "sound", &[])).unwrap();

    let text = error(&put("text.so", b"I am a shopping list.\n"));
    assert!(text.to_string().ends_with("text.so is not a plugin: it is a text file"), "{text}");
    assert!(matches!(error(&put("empty.so", b"")), LoadError::NotAPlugin { .. }));
    assert!(matches!(error(&put("torn.so", &sound[..sound.len() / 3])), LoadError::NotAPlugin { .. }));
    let program = fs::read(std::env::current_exe().unwrap()).unwrap();
    let program = error(&put("program.so", &program));
    assert!(matches!(program, LoadError::NotAPlugin { .. }), "{program}");

    // The machine stands in bytes 18 and 19 of an ELF file; 183 is AArch64.
    let mut foreign = sound;
    if foreign.starts_with(b"\x7fELF") && cfg!(target_arch = "x86_64") {
        foreign[18] = 183;
        let foreign = error(&put("foreign.so", &foreign));
        let due = "foreign.so is built for aarch64 (elf), this is x86_64 (elf): rebuild it here";
        assert!(foreign.to_string().ends_with(due), "{foreign}");
    }
}

#[test]
fn a_pinned_plugin_must_be_that_very_file() {
    let dir = tempfile::tempdir().unwrap();
    let library = c_plugin(SOURCE.as_ref(), dir.path(), "pinned", &[]);
    let sha256 = inspect(&library, &options(&library, true).worker).unwrap().sha256;
    let pinned = |sha256: &str| Options { sha256: Some(sha256.to_owned()), ..options(&library, false) };
    assert!(load(&pinned(&sha256.to_uppercase()), Path::new("."), None).is_ok());
    let wanted = "0".repeat(64);
    let error = error(&pinned(&wanted));
    assert!(matches!(&error, LoadError::Checksum { found, .. } if *found == sha256), "{error}");
    assert!(error.to_string().contains(&format!("pinned.so has changed: its sha256 is {sha256}")), "{error}");
}

#[test]
fn handshakes_that_do_not_hold_are_refused_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    let cases: [(&str, &[&str], &str); 12] = [
        ("abi", &["ABI=2"], "is built for plugin ABI 2, this is 1: rebuild it with annals-plugin 0.1.0"),
        ("no_describe", &["NO_DESCRIBE"], "is not a plugin: it does not export `annals_plugin_describe`"),
        ("null_describe", &["NULL_DESCRIBE"], "describes itself wrongly: it gives a null pointer"),
        ("size", &["SIZE=8"], "it was built with another annals_plugin.h"),
        ("kind", &["KIND=7"], "its kind is 7, neither 1 (article) nor 2 (corpus)"),
        ("corpus", &["KIND=2"], "`map` is a null pointer"),
        ("no_process", &["NO_PROCESS"], "`process` is a null pointer"),
        ("name", &["NAME=\"My Stage\""], "its name is `My Stage`; a name is of a-z, 0-9 and _"),
        ("other", &["NAME=\"other\""], "exports the stage `other`, not `faulty`"),
        ("write", &["WRITE=\"article_id\""], "it writes `article_id`, which no stage may change"),
        ("schema", &["SCHEMA=\"{\""], "its config_schema: EOF"),
        ("undefined", &["UNDEFINED"], "nobody_defines_this"),
    ];
    for (name, defines, due) in cases {
        let library = c_plugin(SOURCE.as_ref(), dir.path(), name, defines);
        for isolate in [false, true] {
            let error = error(&options(&library, isolate)).to_string();
            assert!(error.contains(due) && error.contains(library.to_str().unwrap()), "{name}: {error}");
        }
    }
    let library = c_plugin(SOURCE.as_ref(), dir.path(), "crash", &["CRASH_ON_LOAD"]);
    let error = error(&options(&library, true)).to_string();
    assert!(
        error.ends_with("failed while it was loaded: the plugin was ended by signal 6 SIGABRT"),
        "{error}"
    );
}

#[test]
fn a_config_that_a_plugin_refuses_is_refused_at_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let library = c_plugin(SOURCE.as_ref(), dir.path(), "refuse", &["REFUSE"]);
    for isolate in [false, true] {
        let definition = load(&options(&library, isolate), Path::new("."), None).unwrap();
        let error = definition.open(json!({}), &Context { base: ".".into() }).err().expect("refused");
        assert_eq!((error.key.as_str(), error.message.as_str()), ("colour", "is not a colour"));
    }
}

#[test]
fn a_plugin_removed_between_runs_is_missed_and_one_removed_within_a_run_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let library = c_plugin(SOURCE.as_ref(), dir.path(), "fleeting", &[]);
    let stages = [false, true].map(|isolate| article_stage(&options(&library, isolate), json!({})));
    fs::remove_file(&library).unwrap();
    for stage in stages {
        let done = stage.process(Batch::new(articles(&["one", "two"]))).unwrap();
        assert_eq!((done.articles.len(), done.rejected.len()), (2, 0));
        assert_eq!(done.articles[1].attributes["seen"], "b");
    }
    assert!(matches!(error(&options(&library, false)), LoadError::NotFound { .. }));
    assert!(matches!(error(&options(&library, true)), LoadError::NotFound { .. }));
}

#[test]
fn another_build_of_a_plugin_has_another_fingerprint() {
    let dir = tempfile::tempdir().unwrap();
    let one = c_plugin(SOURCE.as_ref(), dir.path(), "one", &[]);
    let two = c_plugin(SOURCE.as_ref(), dir.path(), "two", &["SCHEMA=\"{} \""]);
    let fingerprint = |library, isolate| article_stage(&options(library, isolate), json!({})).fingerprint();
    assert_eq!(fingerprint(&one, false), fingerprint(&one, true));
    assert_ne!(fingerprint(&one, false), fingerprint(&two, false));
    let told = article_stage(&options(&rust_plugin("faulty"), true), json!({})).fingerprint();
    assert!(told.ends_with(b"words v1"), "what the stage itself depends on is in it");
}
