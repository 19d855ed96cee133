//! When a page's article was published: what the metadata state, checked against what the page shows, its address and its
//! last change.

use super::blocks::{Block, Page, flag};
use super::facts::squash;
use super::meta::Meta;
use crate::address;
use crate::rules;

/// Blocks after and before a headline in which its date is looked for.
const AFTER: usize = 10;
const BEFORE: usize = 4;
/// Headlines that are looked at: the title also stands in trails of crumbs and in lists of stories.
const MOST_HEADLINES: usize = 6;
/// Words of the longest line that is one of date, byline and the like.
const LONGEST_LINE: u32 = 16;

/// The date of publication, and whether it comes from the address.
///
/// Trusted in this order: JSON-LD, `<meta>`, microdata; a date shown beside the headline; elements marked or named as
/// dates; any `<time>`; scripts, if they agree; the address. What is labelled as an update is none of these.
pub(super) fn published(
    meta: &Meta<'_>,
    page: &Page,
    title: Option<&str>,
    address: Option<&str>,
) -> (Option<String>, bool) {
    let region = region(meta);
    let region = region.as_deref();
    let address = address.or(meta.canonical.as_deref()).and_then(address::date);
    let changed =
        [&meta.ld_modified, &meta.meta_modified].into_iter().flatten().find_map(|raw| iso(raw, region));
    // A date long after that of the last change or that of the address is one that the page announces.
    let credible = |date: &String| match changed.as_ref().or(address.as_ref()) {
        Some(known) => months_apart(known, date).is_none_or(|months| months <= 1),
        None => true,
    };
    let shown = shown(page, title, meta, region).filter(credible);
    let stated = [&meta.ld_published, &meta.meta_published, &meta.item_published].into_iter().flatten();
    for raw in stated {
        let Some(date) = iso(raw, region).filter(credible) else { continue };
        // A page that moved from one system to another states the day of its move; what it shows was there before.
        return match &shown {
            Some(shown) if shown[..10] < date[..10] => (Some(shown.clone()), false),
            _ => (Some(date), false),
        };
    }
    let of_time = |time: &super::meta::Time| {
        let raw = time.machine.as_deref().unwrap_or(&time.text);
        iso(raw, region).filter(|_| !is_labelled_update(page, &time.text))
    };
    let found = shown
        .or_else(|| meta.times.iter().filter(|time| time.marked).filter_map(of_time).find(credible))
        .or_else(|| {
            let lines = meta.date_lines.iter().filter(|line| !is_labelled_update(page, line));
            lines.filter_map(|line| iso(line, region)).find(credible)
        })
        .or_else(|| meta.times.iter().take(1).filter_map(of_time).find(credible))
        .or_else(|| meta.script_published().and_then(|day| iso(&day, region)).filter(credible));
    if found.is_some() {
        return (found, false);
    }
    // A month alone is no date; whoever needs it finds it in the address.
    let day = address.filter(|date| date.len() == "YYYY-MM-DD".len());
    let from_address = day.is_some();
    (day, from_address)
}

/// The region that the page says it is written for (ISO 3166 alpha-2), from "en-US" and the like.
fn region(meta: &Meta<'_>) -> Option<String> {
    [&meta.language, &meta.locale, &meta.ld_language].into_iter().flatten().find_map(|tag| {
        let region = tag.split(['-', '_']).nth(1)?.trim();
        (region.len() == 2).then(|| region.to_ascii_uppercase())
    })
}

/// How many months the second date is after the first.
fn months_apart(first: &str, second: &str) -> Option<i32> {
    let months =
        |date: &str| Some(date.get(..4)?.parse::<i32>().ok()? * 12 + date.get(5..7)?.parse::<i32>().ok()?);
    Some(months(second)? - months(first)?)
}

/// The date in a short line beside the headline.
fn shown(page: &Page, title: Option<&str>, meta: &Meta<'_>, region: Option<&str>) -> Option<String> {
    let headlines = headlines(page, title);
    let after = |at: usize| at + 1..(at + 1 + AFTER).min(page.blocks.len());
    let before = |at: usize| at.saturating_sub(BEFORE)..at + 1;
    headlines
        .iter()
        .map(|&at| after(at))
        .chain(headlines.iter().map(|&at| before(at)))
        .find_map(|mut window| window.find_map(|index| date_of_line(page, index, meta, region)))
}

/// The blocks that show the headline: those that repeat the title, then headings of the first rank, then headings that
/// have most of its words.
fn headlines(page: &Page, title: Option<&str>) -> Vec<usize> {
    let wanted = title.map(squash).unwrap_or_default();
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.len() > 2)
            .map(str::to_lowercase)
            .collect()
    };
    let of_title = title.map(words).unwrap_or_default();
    let repeats =
        |block: &Block| !wanted.is_empty() && block.words <= 60 && squash(page.text_of(block)) == wanted;
    let alike = |block: &Block| {
        block.flags & flag::HEADING != 0 && block.words <= 40 && of_title.len() >= 3 && {
            let shown = words(page.text_of(block));
            of_title.iter().filter(|word| shown.contains(word)).count() * 5 >= of_title.len() * 3
        }
    };
    let places = |is: &dyn Fn(&Block) -> bool| -> Vec<usize> {
        let all = page.blocks.iter().enumerate().filter(|(_, block)| is(block));
        all.map(|(index, _)| index).take(MOST_HEADLINES).collect()
    };
    let mut found = places(&repeats);
    found.extend(places(&|block| block.flags & flag::H1 != 0));
    if found.is_empty() {
        found = places(&alike);
    }
    found
}

/// The date of publication in a block that is a short line.
fn date_of_line(page: &Page, index: usize, meta: &Meta<'_>, region: Option<&str>) -> Option<String> {
    let block = &page.blocks[index];
    if block.words > LONGEST_LINE || block.digits == 0 {
        return None;
    }
    let text = page.text_of(block);
    let dates = &rules::of(None).dates;
    // A label may stand in a line of its own before the date.
    let label = page.blocks[..index].last().filter(|label| label.words <= 4).map(|label| page.text_of(label));
    let is_update = |before: &str| {
        dates.is_update(before)
            || before.trim().is_empty() && label.is_some_and(|label| dates.is_update(label))
    };
    // What an element says to machines is surer than how it is printed.
    let timed = meta.times.iter().find_map(|time| {
        let at = text.find(time.text.as_str()).filter(|_| time.text.len() >= "3/4/25".len())?;
        (!is_update(&text[..at])).then(|| iso(time.machine.as_deref()?, region)).flatten()
    });
    timed.or_else(|| {
        let (found, start) = dates.first_in_region(text, region)?;
        (!is_update(&text[..start])).then(|| found.date.to_string())
    })
}

/// Whether a date stands on the page after a label that says when the page was changed.
fn is_labelled_update(page: &Page, date: &str) -> bool {
    let Some(at) = page.text.find(date).filter(|_| !date.is_empty()) else { return false };
    let index = page.blocks.partition_point(|block| block.end <= at);
    page.blocks.get(index).is_some_and(|block| {
        block.start <= at && rules::of(None).dates.is_update(&page.text[block.start..at])
    })
}

/// A date or date-time as ISO 8601, from however the page writes it.
fn iso(raw: &str, region: Option<&str>) -> Option<String> {
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
        let (found, start) = rules.dates.first_in_region(raw, region)?;
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
