//! What the address of a page tells: its site and, often, its date.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;

static ARCHIVE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^https?://web\.archive\.org/web/\d{4,14}[a-z_]{0,4}/").expect("the pattern is fixed")
});

static DAY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)[/=_-](?P<y>(?:19|20)\d\d)(?:",
        r"[/_.-](?P<m>\d{1,2})[/_.-](?P<d>\d{1,2})",
        r"|[/_.-]?(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}[/_.-]?(?P<e>\d{1,2})",
        r"|(?P<mm>\d\d)(?P<dd>\d\d)",
        r")(?:[^0-9]|$)",
    ))
    .expect("the pattern is fixed")
});

static MONTH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)/(?P<y>(?:19|20)\d\d)[/-](?P<m>\d{2}|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6})/",
    )
    .expect("the pattern is fixed")
});

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// An address as it was before an archive copied the page.
pub(crate) fn original(address: &str) -> &str {
    match ARCHIVE.find(address) {
        Some(prefix) if address[prefix.end()..].starts_with("http") => &address[prefix.end()..],
        _ => address,
    }
}

/// The day that an address names as `YYYY-MM-DD`, else the month as `YYYY-MM` (ISO 8601 of reduced precision).
pub(crate) fn date(address: &str) -> Option<String> {
    let address = original(address);
    let path = address.split(['?', '#']).next()?;
    let number = |text: &str| -> Option<i8> {
        text.parse().ok().or_else(|| {
            let lower = text.to_ascii_lowercase();
            MONTHS.iter().position(|month| lower.starts_with(month)).map(|index| index as i8 + 1)
        })
    };
    for found in DAY.captures_iter(path) {
        let part =
            |names: [&str; 3]| names.into_iter().find_map(|name| found.name(name)).map(|part| part.as_str());
        let (Ok(year), Some(month), Some(day)) = (
            found["y"].parse::<i16>(),
            part(["m", "name", "mm"]).and_then(number),
            part(["d", "e", "dd"]).and_then(number),
        ) else {
            continue;
        };
        if let Ok(date) = Date::new(year, month, day) {
            return Some(date.to_string());
        }
    }
    let found = MONTH.captures(path)?;
    let month = number(&found["m"]).filter(|month| (1..=12).contains(month))?;
    Some(format!("{}-{month:02}", &found["y"]))
}

/// The site of an address, as a stand-in for the publisher's name: the host without `www.`.
pub(crate) fn site(address: &str) -> Option<String> {
    let rest = original(address).split_once("://")?.1;
    let host =
        rest.split(['/', '?', '#']).next()?.rsplit('@').next()?.split(':').next()?.to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    (host.contains('.') && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')))
        .then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_in_addresses() {
        for (address, expected) in [
            ("https://x.org/2016/07/05/blast-kills-16", Some("2016-07-05")),
            ("https://x.org/news/2016-07-05/blast", Some("2016-07-05")),
            ("https://x.org/news/20160705-blast.html", Some("2016-07-05")),
            ("https://x.org/world/2016/jul/05/blast", Some("2016-07-05")),
            ("https://x.org/originals/2022/07/five-dead", Some("2022-07")),
            (
                "http://web.archive.org/web/20160618082332/http://x.com:80/2013/11/30/three",
                Some("2013-11-30"),
            ),
            ("http://web.archive.org/web/20160618082332/http://x.com:80/story", None),
            ("https://x.org/blog/2023/october/03/wine/", Some("2023-10-03")),
            ("https://x.org/blog/2025-12_review", None),
            ("https://x.org/blog/2025-12", None),
            ("https://x.org/article/20167053", None),
            ("https://x.org/a/2016/13/45/", None),
        ] {
            assert_eq!(date(address).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn reads_the_site() {
        assert_eq!(
            site("http://web.archive.org/web/20160618082332/http://www.x.com:80/a").as_deref(),
            Some("x.com")
        );
        assert_eq!(site("not an address"), None);
    }
}
