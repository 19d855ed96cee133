//! Keeps a distance between requests to one host.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::TICK;

/// When each host may be asked again; shared by all who ask.
pub(crate) struct Pace<'a> {
    hosts: Mutex<HashMap<String, Instant>>,
    cancel: &'a AtomicBool,
}

impl<'a> Pace<'a> {
    pub(crate) fn new(cancel: &'a AtomicBool) -> Self {
        Self { hosts: Mutex::default(), cancel }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// Waits for the turn of a request to `host`, of which the next may come `delay` later. False if asked to stop.
    pub(crate) fn turn(&self, host: &str, delay: Duration) -> bool {
        let turn = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let turn = hosts.get(host).map_or(now, |free| (*free).max(now));
            hosts.insert(host.to_owned(), turn + delay);
            turn
        };
        self.sleep(turn.saturating_duration_since(Instant::now()))
    }

    /// Waits. False if asked to stop.
    pub(crate) fn sleep(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        loop {
            if self.is_cancelled() {
                return false;
            }
            match end.saturating_duration_since(Instant::now()) {
                Duration::ZERO => return true,
                left => std::thread::sleep(left.min(TICK)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_to_one_host_keep_their_distance() {
        let cancel = AtomicBool::new(false);
        let pace = Pace::new(&cancel);
        let start = Instant::now();
        let delay = Duration::from_millis(60);
        for _ in 0..3 {
            assert!(pace.turn("a.example", delay));
        }
        assert!(start.elapsed() >= 2 * delay);
        cancel.store(true, Ordering::Relaxed);
        assert!(!pace.turn("a.example", Duration::from_secs(3600)));
    }
}
