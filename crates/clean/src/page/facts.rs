//! Title, authors, dates and publisher of a page, chosen from all that it says of itself and checked against what it
//! shows.

use super::blocks::Page;
use super::meta::Meta;
use crate::address;
use crate::rules;
use crate::scrape::paragraphs::collapse;

/// What is known of a page's article besides its text.
#[derive(Debug, Default, Clone)]
pub(crate) struct Facts {
    pub(crate) title: Option<String>,
    pub(crate) authors: Vec<String>,
    /// ISO 8601.
    pub(crate) published: Option<String>,
    /// Whether `published` was read from the address of the page.
    pub(crate) published_from_address: bool,
    pub(crate) publisher: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) language: Option<String>,
}

/// Chooses the facts of a page.
pub(crate) fn choose(meta: &Meta, page: &Page, keep: &[bool], address: Option<&str>) -> Facts {
    let _ = (page, keep);
    let (published, published_from_address) = published(meta, address);
    Facts {
        title: title(meta),
        authors: authors(meta),
        published,
        published_from_address,
        publisher: meta.site_name.clone().or_else(|| meta.ld_publisher.clone()),
        url: meta.canonical.clone().filter(|url| url.starts_with("http")),
        language: meta.language.as_deref().or(meta.ld_language.as_deref()).and_then(language_code),
    }
}

/// The two letters of a language tag.
pub(crate) fn language_code(tag: &str) -> Option<String> {
    let code = tag.split(['-', '_']).next()?.trim().to_ascii_lowercase();
    (code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase())).then_some(code)
}

fn squash(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The headline: the heading that the page shows, if its metadata says the same; else the likeliest of them.
fn title(meta: &Meta) -> Option<String> {
    let document = meta.document_title.as_deref().map(squash).unwrap_or_default();
    let stated: Vec<&String> = [&meta.ld_headline, &meta.og_title, &meta.meta_title, &meta.item_headline]
        .into_iter()
        .flatten()
        .collect();
    for heading in &meta.headings {
        let squashed = squash(heading);
        if squashed.len() >= 6
            && (stated.iter().any(|s| squash(s).contains(&squashed)) || document.contains(&squashed))
        {
            return Some(heading.clone());
        }
    }
    if let Some(stated) = stated.first() {
        return Some(without_site(stated, meta));
    }
    if meta.headings.len() == 1 {
        return Some(meta.headings[0].clone());
    }
    meta.document_title.as_deref().map(|title| without_site(title, meta))
}

/// A title without the name of the site after (or before) it.
fn without_site(title: &str, meta: &Meta) -> String {
    let site = meta.site_name.as_deref().map(squash).unwrap_or_default();
    for sign in [" | ", " - ", " – ", " — ", " :: ", " » ", " · "] {
        if let Some((head, tail)) = title.rsplit_once(sign) {
            let tail_words = tail.split(' ').count();
            let head_words = head.split(' ').count();
            if (!site.is_empty() && squash(tail) == site) || (tail_words <= 4 && head_words > tail_words) {
                return without_site(head, meta);
            }
            if !site.is_empty() && squash(head) == site {
                return tail.to_owned();
            }
        }
    }
    title.trim().to_owned()
}

fn authors(meta: &Meta) -> Vec<String> {
    for source in [&meta.ld_authors, &meta.meta_authors, &meta.item_authors, &meta.bylines] {
        let mut names: Vec<String> = Vec::new();
        for raw in source {
            for name in split_names(raw) {
                if !names.iter().any(|known| squash(known) == squash(&name)) {
                    names.push(name);
                }
            }
        }
        if !names.is_empty() {
            return names;
        }
    }
    Vec::new()
}

/// The names in a byline.
fn split_names(raw: &str) -> Vec<String> {
    let rules = rules::of(None);
    let mut text = collapse(raw);
    if text.contains("://") || text.contains('@') {
        return Vec::new();
    }
    for label in ["written by ", "posted by ", "story by ", "by: ", "by ", "author: ", "from "] {
        if text.get(..label.len()).is_some_and(|head| head.eq_ignore_ascii_case(label)) {
            text = text[label.len()..].to_owned();
            break;
        }
    }
    rules
        .between_names
        .split(&text)
        .map(|name| name.trim_matches(|c: char| !c.is_alphanumeric() && c != '.' && c != ')').to_owned())
        .filter(|name| (2..=60).contains(&name.chars().count()) && !name.bytes().any(|b| b.is_ascii_digit()))
        .collect()
}

/// The date of publication and whether it comes from the address.
fn published(meta: &Meta, address: Option<&str>) -> (Option<String>, bool) {
    let stated = [&meta.ld_published, &meta.meta_published, &meta.item_published];
    for raw in stated.into_iter().flatten() {
        if let Some(date) = iso(raw) {
            return (Some(date), false);
        }
    }
    for (raw, marked) in &meta.times {
        if *marked && let Some(date) = iso(raw) {
            return (Some(date), false);
        }
    }
    for raw in &meta.date_lines {
        if let Some(date) = iso(raw) {
            return (Some(date), false);
        }
    }
    if let Some((raw, _)) = meta.times.first()
        && let Some(date) = iso(raw)
    {
        return (Some(date), false);
    }
    match address.or(meta.canonical.as_deref()).and_then(address::date) {
        Some(date) => (Some(date), true),
        None => (None, false),
    }
}

/// A date or date-time as ISO 8601, from however the page writes it.
pub(crate) fn iso(raw: &str) -> Option<String> {
    let raw = raw.trim();
    if let Some(day) = raw.get(..10)
        && let Ok(date) = day.parse::<jiff::civil::Date>()
        && (1900..=2100).contains(&date.year())
    {
        let rest = &raw[10..];
        if let Some(time) = rest.strip_prefix(['T', ' '])
            && let Some(full) = date_time(day, time)
        {
            return Some(full);
        }
        return Some(day.to_owned());
    }
    if raw.len() == 8
        && raw.bytes().all(|b| b.is_ascii_digit())
        && let Ok(date) = format!("{}-{}-{}", &raw[..4], &raw[4..6], &raw[6..]).parse::<jiff::civil::Date>()
    {
        return Some(date.to_string());
    }
    rules::all().iter().find_map(|rules| {
        let found = rules.dates.at_head(raw).filter(|found| !found.update).or_else(|| {
            // "Update" anywhere before the date makes it that of an update.
            rules.dates.first(raw)
        })?;
        Some(found.date.to_string())
    })
}

/// `day` with its time, if that is well formed: seconds and offset as RFC 3339 has them.
fn date_time(day: &str, time: &str) -> Option<String> {
    let time = time.trim();
    let split = time.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(time.len());
    let (clock, zone) = time.split_at(split);
    let clock: jiff::civil::Time = clock.parse().ok()?;
    let zone = match zone.trim() {
        "" => String::new(),
        "Z" | "z" | "UTC" | "GMT" => "Z".to_owned(),
        offset if offset.starts_with(['+', '-']) => {
            let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
            if digits.len() != 4 {
                return None;
            }
            format!("{}{}:{}", &offset[..1], &digits[..2], &digits[2..])
        }
        _ => return None,
    };
    Some(format!("{day}T{:02}:{:02}:{:02}{zone}", clock.hour(), clock.minute(), clock.second()))
}
