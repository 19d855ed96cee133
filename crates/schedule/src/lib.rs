//! Knows when a pipeline is due.
//!
//! A [`Schedule`] is a pure function from a moment to the next moment: it holds no clock, so whoever waits for it may wake
//! late, twice, or to a clock that has been put back, and ask again. [`units`] says the same to the schedulers of the
//! system.
//!
//! Where clocks change, times of the expression mean what Vixie cron takes them for. A fixed time (one minute, one hour)
//! that falls into the gap comes at the end of the gap, and one that comes twice is taken once, the first time. An interval
//! (`*`, `*/n`, a list or a range among minutes or hours) follows the hands of the clock: what lies in the gap is left
//! out, what comes twice is taken twice.

mod every;
pub mod units;

use std::ops::Range;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use every::Every;

/// The fields of an expression, in order.
const FIELDS: [&str; 5] = ["minute", "hour", "day of month", "month", "day of week"];

/// When a pipeline is due.
#[derive(Debug, Clone)]
pub struct Schedule {
    rule: Rule,
    zone: TimeZone,
    zone_name: String,
}

#[derive(Debug, Clone)]
enum Rule {
    Cron { text: String, cron: Box<Cron> },
    Every(Every),
}

/// What is wrong with an expression, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Bytes of the expression.
    pub at: Range<usize>,
    /// What is wrong.
    pub message: String,
}

/// A time zone of the IANA database, by the name that it has there (`Europe/Berlin`, `UTC`).
///
/// # Errors
/// When there is none of that name.
pub fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("`{name}` is not a time zone of the IANA database"))
}

impl Schedule {
    /// A schedule by five fields of cron, read as the time of a zone of the IANA database.
    ///
    /// Beside numbers, `*`, ranges, lists and steps a field may hold names (`MON`, `JAN`), and, as in other crons, `L` (the
    /// last day), `W` (the nearest working day) and `#` (the n-th such weekday of a month).
    ///
    /// # Errors
    /// When the expression has other than five fields, a field cannot be read, or its time never comes.
    ///
    /// # Panics
    /// Never.
    pub fn cron(expression: &str, zone: TimeZone, zone_name: &str) -> Result<Self, Problem> {
        let whole = 0..expression.len();
        let fields = fields(expression);
        if fields.len() != FIELDS.len() {
            let message = format!(
                "an expression has five fields ({}), this one has {}",
                FIELDS.join(", "),
                fields.len()
            );
            return Err(Problem { at: whole, message });
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        for (index, (field, name)) in fields.iter().zip(FIELDS).enumerate() {
            let mut alone = ["*"; 5];
            alone[index] = &expression[field.clone()];
            if let Err(error) = parser.parse(&alone.join(" ")) {
                let said = error.to_string();
                let said = said.split_once("error: ").map_or(said.as_str(), |(_, rest)| rest);
                let said = said.trim_end_matches('.').to_lowercase();
                let message = format!("`{}` cannot stand for the {name}: {said}", alone[index]);
                return Err(Problem { at: field.clone(), message });
            }
        }
        let cron = parser
            .parse(expression)
            .map_err(|error| Problem { at: whole.clone(), message: error.to_string() })?;
        let rule = Rule::Cron { text: expression.trim().to_owned(), cron: Box::new(cron) };
        let schedule = Self { rule, zone, zone_name: zone_name.to_owned() };
        if schedule.next_after(Timestamp::UNIX_EPOCH).is_none() {
            return Err(Problem { at: whole, message: "such a time never comes".to_owned() });
        }
        Ok(schedule)
    }

    /// A schedule by a period: a number and a unit, `90s`, `15m`, `6h`, `1d`.
    ///
    /// Its times are the whole multiples of the period since 1970 in UTC, so `15m` is due at every full quarter of an hour,
    /// whenever the waiting began.
    ///
    /// # Errors
    /// When the text is no such period.
    pub fn every(text: &str) -> Result<Self, Problem> {
        let every = Every::parse(text).map_err(|message| Problem { at: 0..text.len(), message })?;
        Ok(Self { rule: Rule::Every(every), zone: TimeZone::UTC, zone_name: "UTC".to_owned() })
    }

    /// The first due moment after `moment`.
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        match &self.rule {
            Rule::Cron { cron, .. } => {
                let from = moment.to_zoned(self.zone.clone());
                let next = cron.find_next_occurrence(&from, false).ok()?.timestamp();
                (next > moment).then_some(next)
            }
            Rule::Every(every) => every.next_after(moment),
        }
    }

    /// How many due moments lie after `after` and not after `until`, counted up to `most`.
    pub fn count(&self, after: Timestamp, until: Timestamp, most: usize) -> usize {
        let mut at = after;
        let mut count = 0;
        while count < most {
            match self.next_after(at) {
                Some(next) if next <= until => at = next,
                _ => break,
            }
            count += 1;
        }
        count
    }

    /// The next `count` due moments.
    pub fn upcoming(&self, from: Timestamp, count: usize) -> Vec<Timestamp> {
        std::iter::successors(self.next_after(from), |at| self.next_after(*at)).take(count).collect()
    }

    /// A moment as a clock in the schedule's zone shows it.
    pub fn clock(&self, moment: Timestamp) -> String {
        moment.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
    }
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.rule {
            Rule::Cron { text, .. } => write!(f, "{text} ({})", self.zone_name),
            Rule::Every(every) => write!(f, "every {every}"),
        }
    }
}

/// The places of the words of an expression.
fn fields(expression: &str) -> Vec<Range<usize>> {
    let mut fields = Vec::new();
    let mut start = None;
    for (at, c) in expression.char_indices().chain([(expression.len(), ' ')]) {
        match (c.is_whitespace(), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                fields.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin(expression: &str) -> Schedule {
        Schedule::cron(expression, zone("Europe/Berlin").unwrap(), "Europe/Berlin").unwrap()
    }

    fn times(schedule: &Schedule, from: &str, count: usize) -> Vec<String> {
        let from: Timestamp = from.parse().unwrap();
        schedule.upcoming(from, count).into_iter().map(|at| at.to_string()).collect()
    }

    fn problem(expression: &str) -> (String, String) {
        let problem = Schedule::cron(expression, TimeZone::UTC, "UTC").unwrap_err();
        (expression[problem.at].to_owned(), problem.message)
    }

    #[test]
    fn times_are_those_of_the_zone() {
        let schedule = berlin("30 6 * * MON-FRI");
        let expected = ["2025-01-06T05:30:00Z", "2025-01-07T05:30:00Z"];
        assert_eq!(times(&schedule, "2025-01-03T12:00:00Z", 2), expected);
        assert_eq!(times(&schedule, "2025-07-04T12:00:00Z", 1), ["2025-07-07T04:30:00Z"]);
        assert_eq!(schedule.clock("2025-07-07T04:30:00Z".parse().unwrap()), "2025-07-07 06:30:00 CEST");
    }

    #[test]
    fn a_fixed_time_in_the_gap_comes_at_its_end() {
        // On 30 March 2025 two o'clock in Berlin is three o'clock (01:00 UTC).
        let schedule = berlin("30 2 * * *");
        let expected = ["2025-03-29T01:30:00Z", "2025-03-30T01:00:00Z", "2025-03-31T00:30:00Z"];
        assert_eq!(times(&schedule, "2025-03-28T12:00:00Z", 3), expected);
    }

    #[test]
    fn a_fixed_time_that_comes_twice_is_taken_once() {
        // On 26 October 2025 three o'clock in Berlin is two o'clock again (01:00 UTC).
        let schedule = berlin("30 2 * * *");
        let expected = ["2025-10-25T00:30:00Z", "2025-10-26T00:30:00Z", "2025-10-27T01:30:00Z"];
        assert_eq!(times(&schedule, "2025-10-24T12:00:00Z", 3), expected);
    }

    #[test]
    fn an_interval_follows_the_clock_through_both_changes() {
        let schedule = berlin("*/30 * * * *");
        let spring = ["2025-03-30T00:30:00Z", "2025-03-30T01:00:00Z", "2025-03-30T01:30:00Z"];
        assert_eq!(times(&schedule, "2025-03-30T00:00:00Z", 3), spring);
        let autumn = times(&schedule, "2025-10-25T23:45:00Z", 5);
        let expected = [
            "2025-10-26T00:00:00Z",
            "2025-10-26T00:30:00Z",
            "2025-10-26T01:00:00Z",
            "2025-10-26T01:30:00Z",
            "2025-10-26T02:00:00Z",
        ];
        assert_eq!(autumn, expected);
    }

    #[test]
    fn a_wrong_field_is_pointed_at() {
        let (at, message) = problem("*/15 25 * * *");
        assert_eq!(at, "25");
        assert!(message.contains("cannot stand for the hour"), "{message}");
        assert_eq!(problem("0 0 * FOO *").0, "FOO");
        assert_eq!(problem("0  0 32 * *").0, "32");
        assert_eq!(problem("*/0 0 * * *").0, "*/0");
    }

    #[test]
    fn other_than_five_fields_are_refused() {
        for expression in ["", "   ", "@hourly", "* * * *", "0 * * * * *", "0 0 1 1 * * 2030"] {
            let (at, message) = problem(expression);
            assert_eq!(at, expression);
            assert!(message.contains("five fields"), "{message}");
        }
    }

    #[test]
    fn a_time_that_never_comes_is_refused() {
        assert_eq!(problem("0 0 30 2 *").1, "such a time never comes");
        assert!(Schedule::cron("0 0 29 2 *", TimeZone::UTC, "UTC").is_ok());
    }

    #[test]
    fn zones_go_by_their_names() {
        assert!(zone("Asia/Damascus").is_ok());
        assert!(zone("UTC").is_ok());
        assert!(zone("Mars/Olympus").unwrap_err().contains("`Mars/Olympus`"));
    }

    #[test]
    fn due_moments_are_counted_up_to_a_bound() {
        let schedule = Schedule::every("15m").unwrap();
        let [from, until] = ["2025-01-01T00:00:00Z", "2025-01-01T02:00:00Z"].map(|at| at.parse().unwrap());
        assert_eq!(schedule.count(from, until, 100), 8);
        assert_eq!(schedule.count(from, until, 3), 3);
        assert_eq!(schedule.count(until, from, 3), 0);
    }

    proptest::proptest! {
        #[test]
        fn the_next_moment_is_always_later(
            seconds in -2_000_000_000i64..4_000_000_000,
            expression in proptest::sample::select(vec![
                "* * * * *", "*/7 2 * * *", "30 2 * * *", "0 0,12 L * *", "59 23 31 12 *", "15 3 13 * FRI", "0 */5 * 3,10 SUN",
            ]),
            place in proptest::sample::select(vec!["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"]),
        ) {
            let schedule = Schedule::cron(expression, zone(place).unwrap(), place).unwrap();
            let from = Timestamp::from_second(seconds).unwrap();
            let upcoming = schedule.upcoming(from, 5);
            proptest::prop_assert_eq!(upcoming.len(), 5);
            let mut last = from;
            for at in upcoming {
                proptest::prop_assert!(at > last);
                last = at;
            }
        }

        #[test]
        fn no_expression_panics(expression in "[0-9*/,#LWA-Z? -]{0,24}") {
            let _ = Schedule::cron(&expression, TimeZone::UTC, "UTC");
        }
    }
}
