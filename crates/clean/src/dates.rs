//! Dates as news prints them, in the languages of `data/clean`.

use crate::pattern::Pattern;
use jiff::civil::Date;

use crate::rules::DateWords;

/// A date that stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it ends, in bytes; a time of day after it is part of it.
    pub(crate) end: usize,
    /// The day.
    pub(crate) date: Date,
    /// Whether a label before it says that it is not the day of publication.
    pub(crate) update: bool,
}

/// Recognises dates of one language.
#[derive(Debug)]
pub(crate) struct Dates {
    signs: Pattern,
    head: Pattern,
    anywhere: Pattern,
    months: Vec<(String, i8)>,
    dash: Order,
    dot: Order,
    slash: Order,
    month_first: Vec<String>,
    updated: Pattern,
    ends_in_update: Pattern,
    day_of_month: Pattern,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    DayMonth,
    MonthDay,
    Unknown,
}

impl Order {
    fn read(text: &str) -> Self {
        match text {
            "dmy" => Self::DayMonth,
            "mdy" => Self::MonthDay,
            _ => Self::Unknown,
        }
    }
}

/// Signs and spaces that may stand before a date at the head of a text.
const SIGNS_BEFORE: usize = 12;

/// Joins words to an alternation, longest first so that none hides another.
pub(crate) fn any_of<'a>(words: impl Iterator<Item = &'a String>) -> String {
    let mut words: Vec<&String> = words.collect();
    words.sort_by_key(|word| (std::cmp::Reverse(word.len()), *word));
    words.iter().map(|word| regex::escape(word).replace(' ', r"\s+")).collect::<Vec<_>>().join("|")
}

impl Dates {
    /// Makes the recogniser.
    pub(crate) fn new(words: &DateWords) -> Self {
        let months = any_of(words.months.iter().flatten());
        let weekdays = any_of(words.weekdays.iter());
        let ordinals = any_of(words.ordinals.iter());
        let published = any_of(words.published.iter());
        let updated = any_of(words.updated.iter());
        let date = format!(
            r"(?:(?:{weekdays})\b\.?,?\s+)?(?:(?P<d1>\d{{1,2}})(?:{ordinals})?\.?[\s.,-]+(?:of\s+|de\s+)?(?P<m1>{months})\.?,?[\s-]+(?:de\s+)?(?P<y1>\d{{4}}|\d{{2}}\b)|(?P<m2>{months})\b\.?\s*(?P<d2>\d{{1,2}})(?:{ordinals})?,?\s*(?P<y2>(?:19|20)\d\d)|(?P<y5>(?:19|20)\d\d)\s+(?P<m5>{months})\b\.?\s+(?P<d5>\d{{1,2}})|(?P<y3>(?:19|20)\d\d)[-/.](?P<m3>\d{{1,2}})[-/.](?P<d3>\d{{1,2}})(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?|(?P<a4>\d{{1,2}})(?P<s4>[-/.])(?P<b4>\d{{1,2}})[-/.](?P<y4>(?:19|20)\d\d))(?:\b|T|)"
        );
        let time = r"(?:,?\s*(?:at\s+|-\s*|\|\s*|/\s*)?\d{1,2}[:.h]?\d{2}(?::\d{2})?\b(?:\s*(?:am|pm|a\.m\.|p\.m\.)(?:\b|\s|$))?(?:\s*(?:GMT|UTC|[A-Z]{2,4})\b(?:[+-]\d{1,2})?)?)?";
        Self {
            signs: Pattern::new(r"(?i)^[\s\W_]+".to_owned()),
            head: Pattern::new(format!(
                r"(?i)^(?:(?P<label>{published}|{updated})\b\s*:?\s*(?:on\s+)?)?\(?{date}\)?{time}"
            )),
            anywhere: Pattern::new(format!(r"(?i)(?:^|[\s(,;:>|]){date}")),
            months: words
                .months
                .iter()
                .enumerate()
                .flat_map(|(index, names)| names.iter().map(move |name| (name.clone(), index as i8 + 1)))
                .collect(),
            dash: Order::read(&words.dash),
            dot: Order::read(&words.dot),
            slash: Order::read(&words.slash),
            month_first: words.month_first.clone(),
            updated: Pattern::new(format!("(?i)^(?:{updated})$")),
            ends_in_update: Pattern::new(format!(r"(?i)\b(?:{updated})\b[^.]{{0,30}}$")),
            day_of_month: Pattern::new(format!(
                r"(?i)^[\s,(]*(?:(?:{weekdays})\b\.?,?\s*)?(?:\d{{1,2}}(?:{ordinals})?\.?\s+(?:{months})|(?:{months})\.?\s+\d{{1,2}}(?:{ordinals})?)\.?[\s)]*$"
            )),
        }
    }

    /// All that it looks for.
    #[cfg(test)]
    pub(crate) fn patterns(&self) -> [&Pattern; 6] {
        [&self.signs, &self.head, &self.anywhere, &self.updated, &self.ends_in_update, &self.day_of_month]
    }

    /// Whether a date ends where it was found to: scrapes lose the space before a capital letter, but before nothing else.
    fn ends_whole(text: &str, end: usize) -> bool {
        !text[end..].starts_with(|c: char| c.is_ascii_digit() || c.is_lowercase())
            || text[..end].ends_with(|c: char| !c.is_ascii_digit())
    }

    /// The date, with its label and time of day, that a text begins with.
    pub(crate) fn at_head(&self, text: &str) -> Option<Found> {
        let window = head_of(text, 160);
        if !has_digit(window) {
            return None;
        }
        // Not part of the pattern, which would hold their many signs as many times.
        let signs = self.signs.find(window).map_or("", |signs| signs.as_str());
        let start: usize = signs.chars().take(SIGNS_BEFORE).map(char::len_utf8).sum();
        let found = self.head.captures(&window[start..])?;
        let end = start + found.get(0)?.end();
        if !Self::ends_whole(window, end) {
            return None;
        }
        let date = self.read(&found)?;
        let update = found.name("label").is_some_and(|label| self.updated.is_match(label.as_str()));
        Some(Found { end, date, update })
    }

    /// The first date in a text.
    pub(crate) fn first(&self, text: &str) -> Option<Found> {
        let found = has_digit(text).then(|| self.anywhere.captures(text)).flatten()?;
        if !Self::ends_whole(text, found.get(0)?.end()) {
            return None;
        }
        let date = self.read(&found)?;
        Some(Found { end: found.get(0)?.end(), date, update: false })
    }

    /// The first date in a text, with where it starts.
    pub(crate) fn first_within(&self, text: &str) -> Option<(Found, usize)> {
        self.first_in_region(text, None)
    }

    /// As [`Self::first_within`], with dates of bare numbers read as they are written in a region (ISO 3166 alpha-2).
    pub(crate) fn first_in_region(&self, text: &str, region: Option<&str>) -> Option<(Found, usize)> {
        let found = has_digit(text).then(|| self.anywhere.captures(text)).flatten()?;
        if !Self::ends_whole(text, found.get(0)?.end()) {
            return None;
        }
        let slash = match region {
            Some(region) if self.month_first.iter().any(|known| known == region) => Order::MonthDay,
            Some(_) if !self.month_first.is_empty() => Order::DayMonth,
            _ => self.slash,
        };
        let date = self.read_as(&found, slash)?;
        let whole = found.get(0)?;
        let lead =
            whole.as_str().len() - whole.as_str().trim_start_matches(|c: char| !c.is_alphanumeric()).len();
        Some((Found { end: whole.end(), date, update: false }, whole.start() + lead))
    }

    /// Whether what stands before a date makes it that of an update.
    pub(crate) fn is_update(&self, before: &str) -> bool {
        self.ends_in_update.is_match(before)
    }

    /// Whether a text is a day and a month and nothing else.
    pub(crate) fn is_day_of_month(&self, text: &str) -> bool {
        self.day_of_month.is_match(text)
    }

    fn read(&self, found: &regex::Captures<'_>) -> Option<Date> {
        self.read_as(found, self.slash)
    }

    fn read_as(&self, found: &regex::Captures<'_>, slash: Order) -> Option<Date> {
        let number = |name: &str| found.name(name).and_then(|n| n.as_str().parse::<i16>().ok());
        if let (Some(day), Some(month), Some(year)) = (number("d1"), found.name("m1"), number("y1")) {
            return day_of(full_year(year), self.month(month.as_str())?, day);
        }
        if let (Some(day), Some(month), Some(year)) = (number("d2"), found.name("m2"), number("y2")) {
            return day_of(year, self.month(month.as_str())?, day);
        }
        if let (Some(day), Some(month), Some(year)) = (number("d5"), found.name("m5"), number("y5")) {
            return day_of(year, self.month(month.as_str())?, day);
        }
        if let (Some(day), Some(month), Some(year)) = (number("d3"), number("m3"), number("y3")) {
            return day_of(year, month, day);
        }
        let (a, b, year) = (number("a4")?, number("b4")?, number("y4")?);
        let order = match found.name("s4")?.as_str() {
            "-" => self.dash,
            "." => self.dot,
            _ => slash,
        };
        match order {
            // Only one reading gives a month.
            _ if a > 12 && b <= 12 => day_of(year, b, a),
            _ if b > 12 && a <= 12 => day_of(year, a, b),
            Order::DayMonth => day_of(year, b, a),
            Order::MonthDay => day_of(year, a, b),
            Order::Unknown => (a == b).then(|| day_of(year, a, b)).flatten(),
        }
    }

    fn month(&self, name: &str) -> Option<i16> {
        let name = name.to_lowercase();
        self.months.iter().find(|(known, _)| *known == name).map(|(_, month)| i16::from(*month))
    }
}

/// Whether there is a digit, without which there is no date.
fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The year that two digits stand for.
fn full_year(year: i16) -> i16 {
    match year {
        0..50 => 2000 + year,
        50..100 => 1900 + year,
        _ => year,
    }
}

fn day_of(year: i16, month: i16, day: i16) -> Option<Date> {
    if !(1900..=2100).contains(&year) {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The first `bytes` bytes of a text, cut between characters.
pub(crate) fn head_of(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use crate::rules;

    #[test]
    fn reads_what_stands_at_the_head() {
        let rules = rules::of(Some("en"));
        for (text, day) in [
            ("Sun 10 Jul 2016 Rebels", "2016-07-10"),
            ("Date of publication 4 October 2016 - Attack", "2016-10-04"),
            ("date 2023-06-25 Russia", "2023-06-25"),
            ("Published February 23 2015 - Monitor", "2015-02-23"),
            ("5 FEB 90 (X)", "1990-02-05"),
            ("07.07.2015 - At Least", "2015-07-07"),
            ("16-02-2015 Rockets", "2015-02-16"),
            ("July 22nd, 2016 at 10:30 pm GMT | x", "2016-07-22"),
            ("2016-07-22T10:30:00+02:00", "2016-07-22"),
        ] {
            let found = rules.dates.at_head(text).unwrap_or_else(|| panic!("no date in {text}"));
            assert_eq!(found.date.to_string(), day, "{text}");
            assert!(!found.update);
        }
        assert!(rules.dates.at_head("Last updated at Jul 262016 - Syria").expect("a date").update);
        assert_eq!(rules.dates.at_head("04/05/2016 Rebels"), None, "either month");
        assert_eq!(rules.dates.at_head("In July 2016 rebels"), None);
        assert_eq!(rules.dates.at_head("31 February 2016"), None);
    }

    #[test]
    fn few_signs_may_stand_before_a_date() {
        let dates = &rules::of(Some("en")).dates;
        let end = |text: &str| dates.at_head(text).map(|found| found.end);
        assert_eq!(end("* «– 2016-07-22 Rockets"), Some(18));
        assert_eq!(end("............2016-07-22"), Some(22));
        assert_eq!(end("............(2016-07-22)"), Some(24), "a bracket belongs to the date");
        assert_eq!(end(".............2016-07-22"), None);
        assert_eq!(end("___ (Published on 2016-07-22)"), Some(29));
    }
}
