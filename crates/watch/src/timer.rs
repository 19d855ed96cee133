//! Waits for due moments on a clock that may be set, and on a machine that may sleep.

use annals_schedule::Schedule;
use jiff::Timestamp;

/// Missed moments are counted up to here.
const MOST_COUNTED: usize = 10_000;

/// The next due moment.
#[derive(Debug)]
pub(crate) struct Timer {
    next: Option<Timestamp>,
    last_now: Timestamp,
}

impl Timer {
    pub(crate) fn new(schedule: Option<&Schedule>, now: Timestamp) -> Self {
        Self { next: schedule.and_then(|schedule| schedule.next_after(now)), last_now: now }
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.next
    }

    /// Looks at the clock. If a run is due, tells how many further moments have passed before this one was noticed.
    pub(crate) fn tick(&mut self, schedule: Option<&Schedule>, now: Timestamp) -> Option<usize> {
        let schedule = schedule?;
        let went_back = now < self.last_now;
        self.last_now = now;
        if let Some(next) = self.next
            && next <= now
        {
            let missed = schedule.count(next, now, MOST_COUNTED);
            self.next = schedule.next_after(now);
            return Some(missed);
        }
        if went_back {
            // What was next on a clock that ran ahead may be years away on this one.
            self.next = schedule.next_after(now);
        }
        None
    }

    /// Passes over moments that have gone by, and counts them.
    pub(crate) fn skip(&mut self, schedule: Option<&Schedule>, now: Timestamp) -> usize {
        self.tick(schedule, now).map_or(0, |missed| missed + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn quarters() -> Schedule {
        Schedule::every("15m").unwrap()
    }

    #[test]
    fn a_run_is_due_once_at_its_time() {
        let schedule = quarters();
        let mut timer = Timer::new(Some(&schedule), at("2025-01-01T10:01:00Z"));
        assert_eq!(timer.tick(Some(&schedule), at("2025-01-01T10:14:59Z")), None);
        assert_eq!(timer.tick(Some(&schedule), at("2025-01-01T10:15:00Z")), Some(0));
        assert_eq!(timer.tick(Some(&schedule), at("2025-01-01T10:15:00.1Z")), None);
        assert_eq!(timer.next(), Some(at("2025-01-01T10:30:00Z")));
    }

    #[test]
    fn a_clock_that_jumps_ahead_gives_one_run() {
        let schedule = quarters();
        let mut timer = Timer::new(Some(&schedule), at("2025-01-01T10:01:00Z"));
        assert_eq!(timer.tick(Some(&schedule), at("2025-01-01T13:05:00Z")), Some(11));
        assert_eq!(timer.tick(Some(&schedule), at("2025-01-01T13:05:01Z")), None);
        assert_eq!(timer.tick(Some(&schedule), at("2055-01-01T00:00:01Z")), Some(MOST_COUNTED));
        assert_eq!(timer.next(), Some(at("2055-01-01T00:15:00Z")));
    }

    #[test]
    fn a_clock_that_is_put_back_does_not_stall() {
        let schedule = quarters();
        let mut timer = Timer::new(Some(&schedule), at("2035-01-01T10:01:00Z"));
        assert_eq!(timer.tick(Some(&schedule), at("2025-01-01T10:03:00Z")), None);
        assert_eq!(timer.next(), Some(at("2025-01-01T10:15:00Z")));
        // To and fro over a due moment: one run each time that it is reached, none in between.
        assert_eq!(timer.tick(Some(&schedule), at("2025-01-01T10:15:00Z")), Some(0));
        assert_eq!(timer.tick(Some(&schedule), at("2025-01-01T10:14:58Z")), None);
        assert_eq!(timer.tick(Some(&schedule), at("2025-01-01T10:14:59Z")), None);
        assert_eq!(timer.tick(Some(&schedule), at("2025-01-01T10:15:01Z")), Some(0));
    }

    #[test]
    fn what_passed_during_a_run_is_counted() {
        let schedule = quarters();
        let mut timer = Timer::new(Some(&schedule), at("2025-01-01T10:01:00Z"));
        assert_eq!(timer.skip(Some(&schedule), at("2025-01-01T10:14:00Z")), 0);
        assert_eq!(timer.skip(Some(&schedule), at("2025-01-01T10:31:00Z")), 2);
        assert_eq!(timer.next(), Some(at("2025-01-01T10:45:00Z")));
    }

    #[test]
    fn without_times_nothing_is_ever_due() {
        let mut timer = Timer::new(None, at("2025-01-01T10:01:00Z"));
        assert_eq!(timer.tick(None, at("2095-01-01T10:01:00Z")), None);
        assert_eq!(timer.next(), None);
    }
}
