//! What the host needs to know of a plugin besides its own config.

use std::path::PathBuf;
use std::time::Duration;

/// The argument that makes this executable a worker: see [`worker_main`](crate::worker_main).
pub const WORKER_ARGUMENT: &str = "plugin-worker";

/// How a plugin is loaded and held in check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The library, relative to the pipeline file: the file itself, or its name without `lib` and extension.
    pub plugin: String,
    /// SHA-256 of the file in hexadecimal; another file is refused.
    pub sha256: Option<String>,
    /// Runs the stage in processes of its own.
    pub isolate: bool,
    /// What becomes of a record that the stage fails on.
    pub on_error: OnError,
    /// Isolated: seconds that a batch may take.
    pub time_limit_secs: u64,
    /// Isolated: address space of a worker, in MiB.
    pub memory_limit_mb: u64,
    /// How a worker is started.
    pub worker: WorkerCommand,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            plugin: String::new(),
            sha256: None,
            isolate: false,
            on_error: OnError::Reject,
            time_limit_secs: 60,
            memory_limit_mb: 1024,
            worker: WorkerCommand::default(),
        }
    }
}

impl Options {
    pub(crate) fn time_limit(&self) -> Duration {
        Duration::from_secs(self.time_limit_secs.max(1))
    }

    pub(crate) fn memory_limit(&self) -> u64 {
        self.memory_limit_mb.saturating_mul(1 << 20)
    }
}

/// What becomes of a record that a stage fails on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnError {
    /// It goes to the `rejected` table and the run goes on.
    #[default]
    Reject,
    /// The run fails.
    Fail,
}

/// How a worker process is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
}

impl Default for WorkerCommand {
    /// This executable, with [`WORKER_ARGUMENT`].
    fn default() -> Self {
        // The link leads to the file that runs, even when another has been put in its place since.
        let itself = PathBuf::from("/proc/self/exe");
        let program = if itself.exists() {
            itself
        } else {
            std::env::current_exe().unwrap_or_else(|_| "annals".into())
        };
        Self { program, args: vec![WORKER_ARGUMENT.to_owned()] }
    }
}
