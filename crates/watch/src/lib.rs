//! Runs a pipeline again and again, and tells of it.
//!
//! [`watch`] waits in short steps and asks the clock anew at each, so a machine that slept or a clock that was set makes it
//! neither stall nor storm. Runs go one after the other; times that pass meanwhile are skipped and counted. A run that fails
//! is reported and the next one comes at its time. A pipeline file that was changed takes effect once it is valid.
//!
//! Files are looked for rather than listened to: the watches of the kernel are bounded in number and silent on network
//! mounts and many shared folders, so looking is needed anyway, and it costs at most a twentieth of a processor.
//!
//! [`notify()`] tells a program or an address how a run ended.

mod files;
mod notify;
mod reload;
mod timer;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use annals_runner::config::{Pipeline, PipelineError};
use annals_runner::{Registry, RunError, RunOptions, STATE_DIR, Summary};
use annals_store::{Lock, LockError};
use jiff::Timestamp;

use files::Files;
pub use notify::notify;
pub use reload::no_schedule;
use reload::{Reload, Reloaded};
use timer::Timer;

/// How soon a stop is noticed.
const STEP: Duration = Duration::from_millis(100);

/// Where the words of a watch go.
pub trait Console {
    /// Something that went as it should.
    fn say(&self, text: &str);
    /// Something that went wrong.
    fn warn(&self, text: &str);
    /// A pipeline file that is refused.
    fn refuse(&self, error: PipelineError);
}

/// Why the waiting ended.
enum Wake {
    Stop,
    Due { missed: usize },
    Files,
    Config(Box<Pipeline>),
}

/// Runs the pipeline of `file` on its schedule until `cancel` is set.
///
/// # Errors
/// When the file is refused at the start, has no `[schedule]`, or another process watches it already.
pub fn watch(
    file: &Path,
    registry: &Registry,
    cancel: &Arc<AtomicBool>,
    console: &dyn Console,
) -> Result<(), RunError> {
    let pipeline = Pipeline::read(file)?;
    reload::check(&pipeline, registry)?;
    let lock = lock(&pipeline)?;
    let mut watch = Watch { file: Reload::new(file), pipeline, registry, cancel, console, _lock: lock };
    watch.announce();
    let mut files = Files::default();
    watch.run("at the start", &mut files);
    let mut timer = Timer::new(watch.schedule().as_ref(), Timestamp::now());
    watch.tell_next(&timer);
    loop {
        match watch.wait(&mut timer, &mut files) {
            Wake::Stop => {
                console.say("stopped");
                return Ok(());
            }
            Wake::Due { missed } => {
                if missed > 0 {
                    console.warn(&format!("missed {missed} earlier {}, which are skipped", times(missed)));
                }
                watch.run("on schedule", &mut files);
            }
            Wake::Files => watch.run("for changed inputs", &mut files),
            Wake::Config(pipeline) => {
                if !watch.adopt(*pipeline) {
                    continue;
                }
                watch.run("with the new pipeline file", &mut files);
                timer = Timer::new(watch.schedule().as_ref(), Timestamp::now());
            }
        }
        let skipped = timer.skip(watch.schedule().as_ref(), Timestamp::now());
        if skipped > 0 && !watch.stopping() {
            console.warn(&format!("{skipped} {} passed during the run and are skipped", times(skipped)));
        }
        watch.tell_next(&timer);
    }
}

struct Watch<'a> {
    file: Reload,
    pipeline: Pipeline,
    registry: &'a Registry,
    cancel: &'a Arc<AtomicBool>,
    console: &'a dyn Console,
    _lock: Lock,
}

/// The lock of a watch, beside that of a run: two watches of one pipeline would only be in each other's way.
fn lock(pipeline: &Pipeline) -> Result<Lock, RunError> {
    Ok(Lock::take(&pipeline.output_dir().join(STATE_DIR).join("watch"))?)
}

impl Watch<'_> {
    fn stopping(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    fn schedule(&self) -> Option<annals_schedule::Schedule> {
        // It was valid when the file was taken over.
        self.pipeline.schedule().ok().flatten()
    }

    fn on_change(&self) -> bool {
        self.pipeline.settings.schedule.as_ref().is_some_and(|table| table.on_change)
    }

    fn announce(&self) {
        let mut when: Vec<String> = self.schedule().iter().map(ToString::to_string).collect();
        if self.on_change() {
            when.push("when inputs change".to_owned());
        }
        self.console.say(&format!("watching {}: {}", self.pipeline.name(), when.join(", and ")));
    }

    fn tell_next(&self, timer: &Timer) {
        if let (Some(schedule), Some(next), false) = (self.schedule(), timer.next(), self.stopping()) {
            self.console.say(&format!("next run at {}", schedule.clock(next)));
        }
    }

    fn wait(&mut self, timer: &mut Timer, files: &mut Files) -> Wake {
        let schedule = self.schedule();
        let on_change = self.on_change();
        loop {
            if self.stopping() {
                return Wake::Stop;
            }
            match self.file.look(self.registry) {
                Reloaded::Unchanged => {}
                Reloaded::Valid(pipeline) => return Wake::Config(pipeline),
                Reloaded::Refused(error) => {
                    self.console.refuse(error);
                    self.console.warn("the changed pipeline file is not used; the one before goes on");
                }
            }
            if let Some(missed) = timer.tick(schedule.as_ref(), Timestamp::now()) {
                return Wake::Due { missed };
            }
            if on_change && files.have_changed(&self.pipeline) {
                return Wake::Files;
            }
            std::thread::sleep(STEP);
        }
    }

    /// Takes over a changed pipeline file. Whether it could.
    fn adopt(&mut self, pipeline: Pipeline) -> bool {
        if pipeline.output_dir() != self.pipeline.output_dir() {
            match lock(&pipeline) {
                Ok(lock) => self._lock = lock,
                Err(error) => {
                    self.console.warn(&format!("the changed pipeline file is not used: {error}"));
                    return false;
                }
            }
        }
        self.pipeline = pipeline;
        self.console.say("the pipeline file has changed");
        self.announce();
        true
    }

    fn run(&self, why: &str, files: &mut Files) {
        if self.stopping() {
            return;
        }
        let start = Instant::now();
        // Should the run fail, the same files are no reason to run again at once.
        let before = if self.on_change() { annals_runner::inputs(&self.pipeline).ok() } else { None };
        let options = RunOptions { cancel: Arc::clone(self.cancel), ..RunOptions::default() };
        let result =
            catch_unwind(AssertUnwindSafe(|| annals_runner::run(&self.pipeline, self.registry, &options)))
                .unwrap_or_else(|_| Err(RunError::Other("the run panicked".to_owned())));
        files.seen(result.as_ref().map_or(before, |summary| Some(summary.inputs)));
        self.tell(why, &result, start.elapsed());
        if let Err(error) = notify(&self.pipeline, &result, start.elapsed()) {
            self.console.warn(&error);
        }
    }

    fn tell(&self, why: &str, result: &Result<Summary, RunError>, elapsed: Duration) {
        let console = self.console;
        match result {
            Ok(summary) => {
                for feed in &summary.feeds {
                    for problem in &feed.problems {
                        console.warn(&format!("feed {}: {problem}", feed.name));
                    }
                }
                let count = |name: &str| summary.rows.get(name).copied().unwrap_or(0);
                let seconds = elapsed.as_secs_f64();
                console.say(&if summary.written {
                    format!(
                        "run {why}: {} articles, {} events, {} changes, {} rejected ({seconds:.1} s)",
                        count("articles"),
                        count("events"),
                        count("changes"),
                        count("rejected")
                    )
                } else {
                    format!("run {why}: nothing new ({seconds:.1} s)")
                });
            }
            Err(RunError::Interrupted) => console.say(&RunError::Interrupted.to_string()),
            Err(RunError::Locked(error @ LockError::Held { .. })) => {
                console.warn(&format!("run {why} is left out: {error}"));
            }
            Err(error) => {
                console.warn(&format!(
                    "run {why} failed: {error}; the last good tables stay, and the watch goes on"
                ));
            }
        }
    }
}

fn times(count: usize) -> &'static str {
    if count == 1 { "time" } else { "times" }
}
