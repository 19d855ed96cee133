//! A period, such as `15m`.

use std::fmt;

use jiff::Timestamp;

/// Longest period: a year.
const MOST_SECONDS: i64 = 366 * 86_400;

/// Units, with their seconds, largest first.
const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A period in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Every {
    pub(crate) seconds: i64,
}

impl Every {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no period: write a number and a unit, as in `90s`, `15m`, `6h` or `1d`");
        let trimmed = text.trim();
        let unit = trimmed.chars().last().ok_or_else(wrong)?;
        let (_, unit_seconds) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let number = trimmed[..trimmed.len() - unit.len_utf8()].trim_end();
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let number: i64 = number.parse().map_err(|_| wrong())?;
        match number.checked_mul(*unit_seconds) {
            Some(seconds) if (1..=MOST_SECONDS).contains(&seconds) => Ok(Self { seconds }),
            _ => Err(format!("`{text}` is out of bounds: a period lies between 1s and 366d")),
        }
    }

    pub(crate) fn next_after(self, moment: Timestamp) -> Option<Timestamp> {
        // A moment before 1970 with a part of a second is rounded towards it by `as_second`.
        let second = moment.as_second() - i64::from(moment.subsec_nanosecond() < 0);
        let next = (second.div_euclid(self.seconds) + 1) * self.seconds;
        Timestamp::from_second(next).ok()
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, seconds) =
            UNITS.iter().find(|(_, unit)| self.seconds % unit == 0).expect("one second divides all");
        write!(f, "{}{unit}", self.seconds / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_a_number_and_a_unit() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("6h", 21_600), ("1d", 86_400), (" 2 h ", 7_200)] {
            assert_eq!(Every::parse(text).unwrap().seconds, seconds, "{text}");
        }
        for text in
            ["", "m", "15", "1.5h", "-3m", "+3m", "3 weeks", "0s", "367d", "99999999999999999999d", "5й"]
        {
            assert!(Every::parse(text).is_err(), "{text}");
        }
        assert_eq!(Every { seconds: 5400 }.to_string(), "90m");
    }

    #[test]
    fn times_are_whole_multiples() {
        let every = Every::parse("15m").unwrap();
        let next = |at: &str| every.next_after(at.parse().unwrap()).unwrap().to_string();
        assert_eq!(next("2025-03-01T10:00:00Z"), "2025-03-01T10:15:00Z");
        assert_eq!(next("2025-03-01T10:14:59.9Z"), "2025-03-01T10:15:00Z");
        assert_eq!(next("1969-12-31T23:59:59.5Z"), "1970-01-01T00:00:00Z");
    }
}
