//! What the integration tests share: the built command, and a folder to run it in.

pub mod corpus;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace")
}

/// The built command. The first call builds it, should it not be there or not be current.
pub fn annals() -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let path = BUILT.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .current_dir(root())
            .args(["build", "--quiet", "--package", "annals", "--bin", "annals"])
            .status()
            .expect("cargo runs, as it runs this test");
        assert!(status.success(), "failed to build the command");
        let test = std::env::current_exe().expect("a test knows its own file");
        let target = test.ancestors().nth(3).expect("a test lies in target/PROFILE/deps");
        target.join("debug").join(format!("annals{}", std::env::consts::EXE_SUFFIX))
    });
    let mut command = Command::new(path);
    // What a user sees who asks for no trace.
    command.env_remove("RUST_BACKTRACE");
    command
}

/// A folder with a pipeline, removed at the end.
pub struct Scratch {
    dir: TempDir,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Scratch {
    /// An empty folder.
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file, with the folders that it needs.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
        fs::write(&path, content).expect("files can be written");
        path
    }

    /// Writes `pipeline.toml` with all four stages and these extra lines.
    pub fn pipeline(&self, extra: &str) -> &Self {
        let stages: String = ["clean", "dedupe", "extract", "aggregate"]
            .map(|stage| format!("[[stage]]\nuse = \"{stage}\"\n"))
            .concat();
        self.write(
            "pipeline.toml",
            format!("[input]\npaths = [\"in/**/*\"]\n[output]\nformats = [\"jsonl\"]\n{stages}{extra}"),
        );
        self
    }

    /// Runs the command here with these arguments.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Output {
        let output = annals().current_dir(self.path()).args(args).output().expect("the command starts");
        eprintln_on_failure(&output);
        output
    }

    /// Runs the pipeline and asserts that it went well.
    pub fn run_pipeline(&self) -> &Self {
        let output = self.run(&["pipeline.toml", "--quiet"]);
        assert!(output.status.success(), "the run failed: {}", String::from_utf8_lossy(&output.stderr));
        self
    }

    /// The rows of a table.
    pub fn rows(&self, table: &str) -> Vec<Value> {
        let path = self.path().join("out").join(format!("{table}.jsonl"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }

    /// The bytes of every table but `changes`, by file name.
    pub fn tables(&self) -> Vec<(String, Vec<u8>)> {
        let mut tables: Vec<(String, Vec<u8>)> = fs::read_dir(self.path().join("out"))
            .expect("there is an output folder")
            .map(|entry| entry.expect("the folder can be read"))
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
            .filter(|(name, _)| {
                !name.starts_with("changes.") && name != "run.json" && !name.ends_with(".html")
            })
            .map(|(name, path)| (name, fs::read(path).expect("tables can be read")))
            .collect();
        tables.sort();
        tables
    }

    /// `reason` of each row of `rejected`, with its path.
    pub fn rejections(&self) -> Vec<(String, String)> {
        let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        self.rows("rejected").iter().map(|row| (text(row, "path"), text(row, "reason"))).collect()
    }
}

/// Shows what a failed command said, where the test harness captures it.
fn eprintln_on_failure(output: &Output) {
    if !output.status.success() {
        use std::io::Write as _;
        let _ = std::io::stderr().write_all(&output.stderr);
    }
}
