//! Tells how a run goes: bars on a terminal, plain lines elsewhere, nothing when asked to be quiet.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How much a run tells while it goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// Nothing.
    #[default]
    Quiet,
    /// A line when a stage ends.
    Lines,
    /// Bars.
    Bars,
}

impl Verbosity {
    /// Bars where someone watches, lines where not.
    pub fn detect(quiet: bool) -> Self {
        match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Bars,
            (false, false) => Self::Lines,
        }
    }
}

/// One bar a stage, and one for the reader.
pub(crate) struct Progress {
    verbosity: Verbosity,
    bars: MultiProgress,
    reader: ProgressBar,
    stages: Vec<ProgressBar>,
    names: Vec<String>,
    unreadable: AtomicU64,
}

impl Progress {
    pub(crate) fn new(verbosity: Verbosity, stages: &[&str]) -> Self {
        let bars = MultiProgress::new();
        if verbosity != Verbosity::Bars {
            bars.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        let width = stages.iter().map(|name| name.len()).max().unwrap_or(0).max(4);
        let add = |name: &str| {
            let bar = bars.add(ProgressBar::new(0));
            bar.set_style(counting());
            bar.set_prefix(format!("{name:<width$}"));
            bar
        };
        let reader = add("read");
        let stages_bars = stages.iter().map(|name| add(name)).collect();
        let names = stages.iter().map(|&name| name.to_owned()).collect();
        Self { verbosity, bars, reader, stages: stages_bars, names, unreadable: AtomicU64::new(0) }
    }

    /// The reader starts on this many bytes.
    pub(crate) fn start_reading(&self, bytes: u64) {
        self.reader.set_style(bytes_style());
        self.reader.set_length(bytes);
        self.reader.enable_steady_tick(Duration::from_millis(200));
    }

    pub(crate) fn file_done(&self, bytes: u64) {
        self.reader.inc(bytes);
    }

    pub(crate) fn read(&self, records: u64) {
        if let Some(bar) = self.stages.first() {
            bar.inc_length(records);
        }
    }

    /// A record could not be read.
    pub(crate) fn unreadable(&self) {
        let count = self.unreadable.fetch_add(1, Ordering::Relaxed) + 1;
        self.reader.set_message(format!("{count} rejected"));
    }

    /// These stages start on so many articles: from then on the time that is left can be told.
    pub(crate) fn start_step(&self, stages: impl Iterator<Item = usize>, articles: u64) {
        for stage in stages {
            let bar = &self.stages[stage];
            bar.set_length(bar.position() + articles);
            bar.set_style(counting_down());
        }
    }

    pub(crate) fn start_finish(&self, stage: &str) {
        self.line(&format!("{stage}: joining partial results"));
    }

    pub(crate) fn stage_advanced(&self, stage: usize, articles: usize, rejected_so_far: u64) {
        let bar = &self.stages[stage];
        bar.inc(articles as u64);
        if rejected_so_far > 0 {
            bar.set_message(format!("{rejected_so_far} rejected"));
        }
    }

    /// Says that a stage is done.
    pub(crate) fn stage_done(&self, stage: usize, articles_in: u64, articles_out: u64, busy: Duration) {
        self.stages[stage].finish();
        self.line(&format!(
            "{}: {articles_in} in, {articles_out} out, {:.2} s of processor time",
            self.names[stage],
            busy.as_secs_f64()
        ));
    }

    /// A line where there are no bars.
    pub(crate) fn line(&self, text: &str) {
        if self.verbosity == Verbosity::Lines {
            // Nobody may be listening; that is no reason to fail.
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    pub(crate) fn end(&self) {
        self.reader.finish();
        let _ = self.bars.clear();
    }
}

fn bytes_style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} left {msg}")
        .expect("the template is fixed and valid")
}

fn counting() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {bar:30} {human_pos} articles {per_sec} {msg}")
        .expect("the template is fixed and valid")
}

fn counting_down() -> ProgressStyle {
    ProgressStyle::with_template(
        "{prefix} {bar:30} {human_pos} of {human_len} articles {per_sec} {eta} left {msg}",
    )
    .expect("the template is fixed and valid")
}
