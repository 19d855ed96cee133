//! What the tests of plugins share.
#![allow(dead_code, reason = "each test uses some of it")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use annals_host::{Options, WorkerCommand, load};
use annals_plugin::{AnyArticleStage, AnyCorpusStage, Article, Context, Pass};
use serde_json::{Value, json};

/// The folder of the profile that the tests were built with.
fn profile_dir() -> PathBuf {
    let this = std::env::current_exe().expect("a test knows its file");
    this.ancestors().nth(2).expect("tests lie in deps, in the folder of the profile").to_owned()
}

/// The library of an example plugin of this package, built if it is not.
pub(crate) fn rust_plugin(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    let dir = profile_dir();
    BUILT.get_or_init(|| {
        let profile = match dir.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(profile) => profile,
        };
        let target = dir.parent().expect("the folder of a profile lies in the target folder");
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--examples", "--package", "annals-tests", "--profile", profile])
            .arg("--target-dir")
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(status.expect("cargo runs").success(), "the example plugins build");
    });
    dir.join("examples").join(file_name_of(name))
}

fn file_name_of(name: &str) -> String {
    format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}

/// Compiles a plugin in C.
pub(crate) fn c_plugin(source: &Path, dir: &Path, name: &str, defines: &[&str]) -> PathBuf {
    let library = dir.join(file_name_of(name));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace");
    let output = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-O1", "-shared", "-fPIC", "-I"])
        .arg(root.join("include"))
        .args(defines.iter().map(|define| format!("-D{define}")))
        .arg("-o")
        .args([&library, &root.join(source)])
        .output()
        .expect("a C compiler is installed as `cc`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

pub(crate) fn options(library: &Path, isolate: bool) -> Options {
    Options {
        plugin: library.to_str().expect("the path is text").to_owned(),
        isolate,
        time_limit_secs: 2,
        memory_limit_mb: 1024,
        worker: WorkerCommand { program: env!("CARGO_BIN_EXE_plugin_worker").into(), args: Vec::new() },
        ..Options::default()
    }
}

pub(crate) fn open(options: &Options, config: Value) -> Pass {
    let definition = load(options, Path::new("."), None).expect("the plugin loads");
    let mut passes = definition.open(config, &Context { base: ".".into() }).expect("the stage opens");
    assert_eq!(passes.len(), 1);
    passes.remove(0)
}

pub(crate) fn article_stage(options: &Options, config: Value) -> Box<dyn AnyArticleStage> {
    match open(options, config) {
        Pass::Article(stage) => stage,
        Pass::Corpus(_) => panic!("a stage of the whole corpus"),
    }
}

pub(crate) fn corpus_stage(options: &Options, config: Value) -> Box<dyn AnyCorpusStage> {
    match open(options, config) {
        Pass::Corpus(stage) => stage,
        Pass::Article(_) => panic!("a stage of each article"),
    }
}

/// Articles `a0`, `a1`, … with these texts.
pub(crate) fn articles(texts: &[&str]) -> Vec<Article> {
    let article = |(n, text): (usize, &&str)| {
        let mut article = Article::new(format!("a{n}"), format!("{n}"), format!("in/{n}.txt"));
        article.text = (*text).to_owned();
        article.attributes.insert("kept".to_owned(), json!([n]));
        article
    };
    texts.iter().enumerate().map(article).collect()
}
