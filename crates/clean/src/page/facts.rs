//! Title, authors, dates and publisher of a page, chosen from all that it says of itself and checked against what it
//! shows.

use super::blocks::{Page, flag};
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
pub(crate) fn choose(meta: &Meta<'_>, page: &Page, address: Option<&str>) -> Facts {
    let title = title(meta);
    let (published, published_from_address) = published(meta, page, title.as_deref(), address);
    Facts {
        title,
        authors: authors(meta, page),
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

/// The headline: the heading that says most of what the metadata states, else what the metadata states.
pub(super) fn title(meta: &Meta<'_>) -> Option<String> {
    let stated: Vec<String> =
        [&meta.ld_headline, &meta.og_title, &meta.meta_title, &meta.item_headline, &meta.document_title]
            .into_iter()
            .flatten()
            .map(|title| without_site(title, meta))
            .collect();
    let site = meta.site_name.as_deref().map(squash).unwrap_or_default();
    let mut best: Option<(f32, &String)> = None;
    for heading in &meta.headings {
        let shown = squash(heading);
        if shown.len() < 6 || shown == site {
            continue;
        }
        let share = stated
            .iter()
            .map(|title| squash(title))
            .filter(|title| {
                title.contains(&shown) || (shown.contains(title.as_str()) && title.len() * 3 > shown.len())
            })
            .map(|title| shown.len().min(title.len()) as f32 / shown.len().max(title.len()) as f32)
            .fold(0.0, f32::max);
        if share >= 0.4 && best.is_none_or(|(known, _)| share > known) {
            best = Some((share, heading));
        }
    }
    if let Some((_, heading)) = best {
        return Some(heading.clone());
    }
    if let Some(stated) = stated.into_iter().find(|title| squash(title) != site && !title.is_empty()) {
        return Some(stated);
    }
    meta.headings.first().cloned()
}

/// A title without the name of the site after (or before) it.
fn without_site(title: &str, meta: &Meta<'_>) -> String {
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

fn authors(meta: &Meta<'_>, page: &Page) -> Vec<String> {
    let site = meta.site_name.as_deref().or(meta.ld_publisher.as_deref()).map(squash).unwrap_or_default();
    let mut fallback = Vec::new();
    // A list of authors as metadata give it is whole; of bylines, which stand wherever a name is shown, the first is
    // the story's.
    for (source, whole) in [
        (&meta.ld_authors, true),
        (&meta.meta_authors, true),
        (&meta.item_authors, false),
        (&meta.author_links, false),
        (&meta.bylines, false),
    ] {
        let mut names: Vec<String> = Vec::new();
        for raw in source {
            for name in split_names(raw) {
                if !names.iter().any(|known| squash(known) == squash(&name)) {
                    names.push(name);
                }
            }
            if !whole && !names.is_empty() {
                break;
            }
        }
        if names.is_empty() {
            continue;
        }
        // The site itself, unless nobody else is named.
        if names.len() == 1 && squash(&names[0]) == site {
            if fallback.is_empty() {
                fallback = names;
            }
            continue;
        }
        return names;
    }
    let shown = shown_byline(page);
    if shown.is_empty() { fallback } else { shown }
}

/// Names in a line such as "By Some One" near the head of the page.
fn shown_byline(page: &Page) -> Vec<String> {
    let rules = rules::of(None);
    let blocks = page.blocks.iter().filter(|block| block.words <= 14).take(120);
    for block in blocks {
        // Rules of scrapes know a byline that is nothing but one; a date may follow it here.
        let line = page.text_of(block).split(['|', '•', '·', '–', '—']).next().unwrap_or_default().trim();
        if let Some(names) = rules.names_in_byline(line) {
            let names = split_names(names);
            if !names.is_empty() {
                return names;
            }
        }
    }
    Vec::new()
}

/// The names in a byline.
fn split_names(raw: &str) -> Vec<String> {
    let rules = rules::of(None);
    let text = collapse(raw);
    if text.contains("://") || text.contains('@') {
        return Vec::new();
    }
    let text = rules.author_label.replace(&text, "");
    if rules.no_author.is_match(&text) {
        return Vec::new();
    }
    let mut names = Vec::new();
    for name in rules.between_names.split(&text) {
        let name = name.trim_matches(|c: char| !c.is_alphanumeric() && c != '.' && c != ')');
        let words = name.split(' ').count();
        if !(2..=60).contains(&name.chars().count()) || words > 7 || name.bytes().any(|b| b.is_ascii_digit())
        {
            continue;
        }
        // A title or a post follows its bearer after a comma: "A B, senior editor".
        if name.starts_with(char::is_lowercase) && !names.is_empty() {
            continue;
        }
        // "Some OneSome One", from a picture's text beside the name.
        let half = name.len() / 2;
        let name =
            if name.is_char_boundary(half) && name[..half] == name[half..] { &name[..half] } else { name };
        names.push(name.to_owned());
    }
    names
}

/// The date of publication and whether it comes from the address.
fn published(
    meta: &Meta<'_>,
    page: &Page,
    title: Option<&str>,
    address: Option<&str>,
) -> (Option<String>, bool) {
    let address = address.or(meta.canonical.as_deref()).and_then(address::date);
    let changed = [&meta.ld_modified, &meta.meta_modified].into_iter().flatten().find_map(|raw| iso(raw));
    // A date long after that of the last change or that of the address is one that the page announces.
    let credible = |date: &String| match changed.as_ref().or(address.as_ref()) {
        Some(known) => months_apart(known, date).is_none_or(|months| months <= 1),
        None => true,
    };
    let stated = [&meta.ld_published, &meta.meta_published, &meta.item_published].into_iter().flatten();
    let marked = meta.times.iter().filter(|(_, marked)| *marked).map(|(raw, _)| raw);
    let named = meta.date_lines.iter();
    for raw in stated.chain(marked).chain(named) {
        if let Some(date) = iso(raw).filter(credible) {
            return (Some(date), false);
        }
    }
    if let Some(date) = shown_date(page, title).filter(credible) {
        return (Some(date), false);
    }
    if let Some(date) = meta.times.first().and_then(|(raw, _)| iso(raw)).filter(credible) {
        return (Some(date), false);
    }
    if let Some(date) = meta.script_published().as_deref().and_then(iso).filter(credible) {
        return (Some(date), false);
    }
    let from_address = address.is_some();
    (address, from_address)
}

/// How many months the second date is after the first.
fn months_apart(first: &str, second: &str) -> Option<i32> {
    let months =
        |date: &str| Some(date.get(..4)?.parse::<i32>().ok()? * 12 + date.get(5..7)?.parse::<i32>().ok()?);
    Some(months(second)? - months(first)?)
}

/// A date in a short line near the title.
fn shown_date(page: &Page, title: Option<&str>) -> Option<String> {
    let wanted = title.map(squash).unwrap_or_default();
    let at = page
        .blocks
        .iter()
        .position(|block| block.words <= 60 && !wanted.is_empty() && squash(page.text_of(block)) == wanted)
        .or_else(|| page.blocks.iter().position(|block| block.flags & flag::H1 != 0))?;
    let rules = rules::of(None);
    let lines = page.blocks[at.saturating_sub(4)..].iter().take(14);
    for block in lines.filter(|block| block.words <= 16) {
        let text = page.text_of(block);
        let Some((found, start)) = rules.dates.first_within(text) else { continue };
        if !rules.dates.is_update(&text[..start]) {
            return Some(found.date.to_string());
        }
    }
    None
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
        let (found, start) = rules.dates.first_within(raw)?;
        (!rules.dates.is_update(&raw[..start])).then(|| found.date.to_string())
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
