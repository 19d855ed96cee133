//! Notices that input files came, changed or went.

use std::time::{Duration, Instant};

use annals_runner::config::Pipeline;

/// Least time between two looks.
const LEAST: Duration = Duration::from_secs(2);

/// A look is followed by a rest of this many times its length, so that a large corpus costs little as well.
const REST: u32 = 20;

/// After a change is seen, the next look comes so soon.
const SETTLE: Duration = Duration::from_secs(1);

/// What the inputs looked like.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// In the last run.
    seen: Option<[u8; 16]>,
    /// At the last look, if they had changed since.
    pending: Option<[u8; 16]>,
    next_look: Option<Instant>,
}

impl Files {
    /// A run has dealt with these inputs.
    pub(crate) fn seen(&mut self, inputs: Option<[u8; 16]>) {
        *self = Self { seen: inputs, ..Self::default() };
    }

    /// Whether the inputs have changed since the last run and stood still for a moment, so that no file is taken that is
    /// still being written.
    pub(crate) fn have_changed(&mut self, pipeline: &Pipeline) -> bool {
        let start = Instant::now();
        match self.next_look {
            Some(next) if start < next => return false,
            Some(_) => {}
            None => {
                self.next_look = Some(start + LEAST);
                return false;
            }
        }
        // What cannot be looked at, the next scheduled run will tell of.
        let Ok(now) = annals_runner::inputs(pipeline) else { return self.look_later(start, LEAST) };
        if self.seen == Some(now) {
            self.pending = None;
            return self.look_later(start, LEAST);
        }
        if self.pending == Some(now) {
            return true;
        }
        self.pending = Some(now);
        self.next_look = Some(Instant::now() + SETTLE.max(start.elapsed()));
        false
    }

    fn look_later(&mut self, start: Instant, least: Duration) -> bool {
        let took = start.elapsed();
        self.next_look = Some(Instant::now() + least.max(took * REST));
        false
    }
}
