//! Takes over a pipeline file that has changed, once it is valid.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use annals_runner::config::{Pipeline, PipelineError};
use annals_runner::{Plan, Registry};

/// Time between two looks at the file. A change is taken when two looks have seen the same, so that a file that is still
/// being written is not.
const EVERY: Duration = Duration::from_secs(1);

/// What a look at the file gave.
pub(crate) enum Reloaded {
    /// It is as it was, or not yet at rest.
    Unchanged,
    /// It has changed and is valid.
    Valid(Box<Pipeline>),
    /// It has changed and is not valid; told once.
    Refused(PipelineError),
}

/// Looks at a pipeline file.
pub(crate) struct Reload {
    file: PathBuf,
    /// What it held when it was last judged; nothing if it could not be read.
    judged: Option<String>,
    /// What it held at the last look.
    last: Option<String>,
    next_look: Instant,
}

impl Reload {
    pub(crate) fn new(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).ok();
        Self { file: file.to_owned(), judged: text.clone(), last: text, next_look: Instant::now() + EVERY }
    }

    pub(crate) fn look(&mut self, registry: &Registry) -> Reloaded {
        if Instant::now() < self.next_look {
            return Reloaded::Unchanged;
        }
        self.next_look = Instant::now() + EVERY;
        let now = std::fs::read_to_string(&self.file).ok();
        if now == self.judged || now != self.last {
            self.last = now;
            return Reloaded::Unchanged;
        }
        self.judged.clone_from(&now);
        match Pipeline::read(&self.file).and_then(|pipeline| check(&pipeline, registry).map(|()| pipeline)) {
            Ok(pipeline) => Reloaded::Valid(Box::new(pipeline)),
            Err(error) => Reloaded::Refused(error),
        }
    }
}

/// Checks that a pipeline can be watched: its stages open, and it says when to run.
pub(crate) fn check(pipeline: &Pipeline, registry: &Registry) -> Result<(), PipelineError> {
    if pipeline.settings.schedule.is_none() {
        return Err(no_schedule(pipeline));
    }
    Plan::open(pipeline, registry).map(drop)
}

/// The error of a pipeline file without a schedule, with what to add.
pub fn no_schedule(pipeline: &Pipeline) -> PipelineError {
    let example = "[schedule]\ncron = \"*/15 * * * *\"\ntimezone = \"UTC\"\non_change = true";
    PipelineError::general(
        format!("{} does not say when to run", pipeline.file.display()),
        Some(format!("add, as an example:\n{example}")),
    )
}
