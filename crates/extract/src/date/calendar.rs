//! Days, spans of days and their precision.

use annals_plugin::{Date, When};
use jiff::ToSpan;

/// A single day.
pub(super) fn day(date: Date) -> When {
    When { start: date, end: date, precision: 1 }
}

/// Days from one date to another, negative if the other is earlier.
pub(super) fn days(from: Date, to: Date) -> i64 {
    from.until(to).map_or(i64::MAX, |span| i64::from(span.get_days()))
}

/// A span of days with UCDP GED's precision for its length: 1 one day, 2 two to six days, 3 a week, 4 a month, 5 longer.
pub(super) fn span(start: Date, end: Date) -> When {
    let (start, end) = if start <= end { (start, end) } else { (end, start) };
    let precision = match days(start, end) + 1 {
        ..=1 => 1,
        2..=6 => 2,
        7..=10 => 3,
        11..=31 => 4,
        _ => 5,
    };
    When { start, end, precision }
}

/// A date some days later; stays put at the edges of the calendar.
pub(super) fn plus(date: Date, by: i64) -> Date {
    i32::try_from(by).ok().and_then(|by| date.checked_add(by.days()).ok()).unwrap_or(date)
}

/// The latest such weekday (1 Monday to 7) that is not after a date.
pub(super) fn weekday_before(date: Date, weekday: u8) -> Date {
    let today = date.weekday().to_monday_one_offset();
    plus(date, -((i64::from(today) - i64::from(weekday)).rem_euclid(7)))
}

/// A date of the calendar, `None` if there is no such day.
pub(super) fn from_day_month(year: i16, month: u8, day: u8) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// A month.
pub(super) fn month_span(year: i16, month: u8) -> Option<When> {
    let first = from_day_month(year, month, 1)?;
    Some(When { start: first, end: first.last_of_month(), precision: 4 })
}

/// A year.
pub(super) fn year_span(year: i16) -> Option<When> {
    Some(When { start: from_day_month(year, 1, 1)?, end: from_day_month(year, 12, 31)?, precision: 5 })
}
