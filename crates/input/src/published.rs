//! Dates of publication, from the forms that feeds, pages and databases use to ISO 8601.

use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822;
use jiff::fmt::temporal::{DateTimeParser, Pieces, PiecesNumericOffset, PiecesOffset};
use jiff::tz::Offset;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

/// Years in which a date of publication is believed. Databases fill gaps with the first day of their calendar.
const YEARS: std::ops::RangeInclusive<i16> = 1800..=2200;

/// The ISO 8601 date or date-time that a value states, in the day and offset of its publisher; `None` if it states none
/// or more than one (`03/04/2021`).
pub(crate) fn normalise(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => parse(text.trim()),
        Value::Number(number) => number.as_i64().and_then(|n| epoch(n).or_else(|| parse(&n.to_string()))),
        _ => None,
    }
}

/// Whole seconds or milliseconds since 1970, told apart by their size; smaller numbers are no time.
fn epoch(number: i64) -> Option<String> {
    let seconds = match number {
        100_000_000..=9_999_999_999 => number,
        100_000_000_000..=9_999_999_999_999 => number / 1000,
        _ => return None,
    };
    Timestamp::from_second(seconds).ok().map(|t| t.to_string())
}

fn parse(text: &str) -> Option<String> {
    // Longer strings hold more than a date; the limit also bounds the work.
    if text.is_empty() || text.len() > 80 {
        return None;
    }
    iso(text).or_else(|| mail(text)).or_else(|| compact(text)).or_else(|| written(text))
}

fn believed(date: Date) -> bool {
    YEARS.contains(&date.year())
}

fn date_text(date: Date) -> Option<String> {
    believed(date).then(|| date.to_string())
}

fn date_time_text(at: DateTime, offset: Option<Offset>) -> Option<String> {
    if !believed(at.date()) {
        return None;
    }
    let at = at.round(jiff::Unit::Second).ok()?;
    Some(match offset {
        None => at.to_string(),
        Some(offset) if offset == Offset::UTC => format!("{at}Z"),
        Some(offset) => {
            let minutes = offset.seconds() / 60;
            let sign = if minutes < 0 { '-' } else { '+' };
            format!("{at}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
        }
    })
}

/// RFC 3339 and ISO 8601, also with a space for the `T` and with an IANA zone.
fn iso(text: &str) -> Option<String> {
    let pieces = Pieces::parse(text).ok()?;
    let date = pieces.date();
    let Some(time) = pieces.time() else { return date_text(date) };
    let offset = match pieces.offset() {
        None => None,
        Some(PiecesOffset::Zulu) => Some(Offset::UTC),
        Some(PiecesOffset::Numeric(numeric)) => Some(PiecesNumericOffset::offset(&numeric)),
        Some(_) => None,
    };
    date_time_text(date.to_datetime(time), offset)
}

/// RFC 2822, as in RSS; a weekday that does not fit is ignored.
fn mail(text: &str) -> Option<String> {
    static PARSER: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    let zoned: Zoned = PARSER.parse_zoned(text).ok()?;
    date_time_text(zoned.datetime(), Some(zoned.offset()))
}

/// `20240305` and `20240305103000`.
fn compact(text: &str) -> Option<String> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    static PARSER: DateTimeParser = DateTimeParser::new();
    match text.len() {
        8 => date_text(PARSER.parse_date(text).ok()?),
        14 => {
            let iso = format!("{}T{}", &text[..8], &text[8..]);
            date_time_text(PARSER.parse_datetime(&iso).ok()?, None)
        }
        10 | 13 => text.parse().ok().and_then(epoch),
        _ => None,
    }
}

/// `5 March 2024`, `March 5, 2024`, `Tue, 5 Mar 2024 10:30`, `2024/03/05`, `05.03.2024`, `13/03/2024`; a time of day is
/// read if it is plain `hh:mm` or `hh:mm:ss`, with am or pm.
fn written(text: &str) -> Option<String> {
    let mut numbers: Vec<(i16, usize)> = Vec::new();
    let mut month = None;
    let mut time = None;
    let mut afternoon = None;
    let mut offset = None;
    for word in text.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()) {
        let lower = word.trim_end_matches('.').to_ascii_lowercase();
        if word.contains(':') {
            let (clock, half) = match lower.strip_suffix("am").or_else(|| lower.strip_suffix("pm")) {
                Some(clock) => (clock.to_owned(), Some(lower.ends_with("pm"))),
                None => (lower, None),
            };
            time = Some(time_of_day(&clock)?);
            afternoon = half.or(afternoon);
        } else if let Some(named) = month_of(&lower) {
            if month.replace(named).is_some() {
                return None;
            }
        } else if matches!(lower.as_str(), "am" | "a.m" | "pm" | "p.m") {
            afternoon = Some(lower.starts_with('p'));
        } else if matches!(lower.as_str(), "utc" | "gmt" | "z") {
            offset = Some(Offset::UTC);
        } else if is_weekday(&lower) || matches!(lower.as_str(), "at" | "on" | "-" | "|" | "–") {
        } else if word.contains(['/', '.', '-']) && numbers.is_empty() && month.is_none() {
            let date = numeric_date(word)?;
            numbers.extend([(date.year(), 4), (i16::from(date.day()), 2)]);
            month = Some(date.month());
        } else {
            let digits =
                ["st", "nd", "rd", "th"].iter().find_map(|end| lower.strip_suffix(end)).unwrap_or(&lower);
            if !digits.bytes().all(|b| b.is_ascii_digit()) || digits.len() > 4 {
                return None;
            }
            numbers.push((digits.parse().ok()?, digits.len()));
        }
    }
    let [first, second] = numbers[..] else { return None };
    let (year, day) = match (first.1, second.1) {
        (4, 1 | 2) => (first.0, second.0),
        (1 | 2, 4) => (second.0, first.0),
        _ => return None,
    };
    let date = Date::new(year, month?, i8::try_from(day).ok()?).ok()?;
    let Some((hour, minute, second)) = time else { return date_text(date) };
    let hour = match afternoon {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(pm) => hour % 12 + if pm { 12 } else { 0 },
    };
    date_time_text(date.to_datetime(jiff::civil::Time::new(hour, minute, second, 0).ok()?), offset)
}

fn time_of_day(clock: &str) -> Option<(i8, i8, i8)> {
    let mut parts = clock.split(':').map(|part| part.parse::<i8>().ok());
    let time = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    parts.next().is_none().then_some(time)
}

/// Year first, or with dots day first; with slashes only where one reading is possible.
fn numeric_date(word: &str) -> Option<Date> {
    let separator = word.chars().find(|c| matches!(c, '/' | '.' | '-'))?;
    let mut parts = word.split(separator);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let number = |part: &str| part.parse::<i16>().ok().filter(|_| part.len() <= 4);
    let (x, y, z) = (number(a)?, number(b)?, number(c)?);
    let (year, month, day) = match (a.len(), c.len(), separator) {
        (4, 1 | 2, _) => (x, y, z),
        (1 | 2, 4, '.') => (z, y, x),
        (1 | 2, 4, _) if x > 12 || x == y => (z, y, x),
        (1 | 2, 4, _) if y > 12 => (z, x, y),
        _ => return None,
    };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn month_of(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let known =
        |month: &str| word == month || word == &month[..3] || (word == "sept" && month == "september");
    MONTHS.iter().position(|month| known(month)).and_then(|at| i8::try_from(at + 1).ok())
}

fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    DAYS.iter().any(|day| word == *day || word == &day[..3] || matches!(word, "tues" | "thur" | "thurs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_forms_become_iso() {
        let cases = [
            ("2024-03-05", "2024-03-05"),
            ("2024-03-05T23:30:00+02:00", "2024-03-05T23:30:00+02:00"),
            ("2024-03-05T23:30:00.123Z", "2024-03-05T23:30:00Z"),
            ("2024-03-05 23:30:00", "2024-03-05T23:30:00"),
            ("2024-03-05T23:30", "2024-03-05T23:30:00"),
            ("Tue, 05 Mar 2024 10:00:00 GMT", "2024-03-05T10:00:00Z"),
            ("Wed, 05 Mar 2024 10:00:00 -0530", "2024-03-05T10:00:00-05:30"),
            ("20240305", "2024-03-05"),
            ("20240305103000", "2024-03-05T10:30:00"),
            ("1709633400", "2024-03-05T10:10:00Z"),
            ("5 March 2024", "2024-03-05"),
            ("March 5th, 2024", "2024-03-05"),
            ("Tuesday, Mar. 5, 2024 at 10:30 PM", "2024-03-05T22:30:00"),
            ("5 Sept 2024, 12:05 am UTC", "2024-09-05T00:05:00Z"),
            ("2024/03/05 10:30", "2024-03-05T10:30:00"),
            ("05.03.2024", "2024-03-05"),
            ("25/03/2024", "2024-03-25"),
            ("03/25/2024", "2024-03-25"),
        ];
        for (text, iso) in cases {
            assert_eq!(normalise(&Value::from(text)).as_deref(), Some(iso), "{text}");
        }
        assert_eq!(normalise(&Value::from(1_709_633_400_000_i64)).as_deref(), Some("2024-03-05T10:10:00Z"));
        assert_eq!(normalise(&Value::from(20_240_305)).as_deref(), Some("2024-03-05"));
    }

    #[test]
    fn what_is_no_date_or_two_is_none() {
        let cases = [
            "",
            "yesterday",
            "03/04/2024",
            "2024-13-05",
            "30 February 2024",
            "0001-01-01",
            "March 2024",
            "5 March",
            "May May 5 2024",
            "5 March 2024 and more",
            "25:00",
            "99999999",
            "1",
            "é",
            "2024-03-05-06",
            "12 34 56",
        ];
        for text in cases {
            assert_eq!(normalise(&Value::from(text)), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_read_starts_with_a_date(text in "[0-9A-Za-z:/., +-]{0,30}|.{0,40}") {
            if let Some(iso) = normalise(&Value::from(text)) {
                proptest::prop_assert!(iso[..10].parse::<Date>().is_ok(), "{}", iso);
                proptest::prop_assert_eq!(normalise(&Value::from(iso.clone())), Some(iso));
            }
        }
    }
}
