//! What stands before the story: dates, datelines, bylines, the title once more.

use std::sync::LazyLock;

use regex::Regex;

use crate::dates::Found;
use crate::rules::{Rules, Scope};
use crate::wires;

/// What was read from the head of a text.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) date: Option<Found>,
    pub(crate) place: Option<String>,
    pub(crate) wires: Vec<String>,
}

/// A piece that was taken off the head.
pub(crate) struct Piece {
    pub(crate) reason: &'static str,
    pub(crate) text: String,
}

/// "PLACE, Region, Date (WIRE) —", with or without its parts.
static DATELINE: LazyLock<Regex> = LazyLock::new(|| {
    let place = r"(?P<place>\p{Lu}[\p{L}'’.-]*(?: (?:\p{Lu}[\p{L}'’.-]*|al|el|de|la|of|the|and|del|los|las|bin|du|et|am|an|der|le))*)";
    let region = r"(?P<region>(?:, ?\p{Lu}[\p{L}'’.-]*(?: \p{Lu}[\p{L}'’.-]*){0,3}){1,2})?";
    let day = r"(?P<day>,? \(?[^()—–]{3,30}?\d{1,4}\)?)?";
    let origin = r"(?P<origin> ?[(/\[][^()\[\]]{2,60}[)/\]])?";
    let dash = r"(?P<dash> ?(?:—|–|―|-{2,3}|−)-? ?| ?- | ?: )";
    Regex::new(&format!("^{place}{region},?{day}{origin}{dash}")).expect("the pattern is fixed")
});

/// "[TEXT]" and the like: marks of monitoring services.
static BRACKETS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:\s*\[[^\[\]]{2,120}\])+\s*").expect("the pattern is fixed"));

/// How much of a text is looked at for what stands at its head, in bytes.
const HEAD_BYTES: usize = 400;

/// Longest dateline, in bytes.
const LONGEST_DATELINE: usize = 140;

/// Takes the head off the first paragraph of a text, piece by piece, until the story begins.
///
/// `title` is the article's title, mended; the text's repetition of it goes if `may_drop` allows.
pub(crate) fn take(
    paragraph: &mut String,
    title: Option<&Title>,
    place_known: bool,
    rules: &Rules,
    mut may_drop: impl FnMut(&str, &str) -> bool,
    removed: &mut Vec<Piece>,
) -> Head {
    let mut head = Head::default();
    let mut title = title;
    let mut kept = String::new();
    let mut at = 0;
    // Each step takes something or ends the loop; a head has few pieces.
    for _ in 0..MOST_PIECES {
        let rest = &paragraph[at..];
        let skipped = rest.len() - rest.trim_start().len();
        let before = at > 0;
        match step(rest, skipped, before, &mut title, place_known, rules, &mut head, &mut may_drop) {
            Some(Step::Off(reason, length)) => {
                removed.push(Piece { reason, text: rest[..length].trim().to_owned() });
                at += length;
            }
            Some(Step::Keep(length)) => {
                kept.push_str(&rest[..length]);
                at += length;
            }
            None => break,
        }
    }
    if at > 0 {
        let story = paragraph[at..].trim_start();
        *paragraph = if kept.is_empty() {
            story.to_owned()
        } else {
            // The headline stands by itself.
            format!("{}\n{story}", kept.trim())
        };
    }
    head
}

/// Most pieces that a head is taken to have.
const MOST_PIECES: usize = 12;

enum Step {
    /// A piece to take off: its kind and its length in bytes.
    Off(&'static str, usize),
    /// The title, which holds a figure that stands nowhere else.
    Keep(usize),
}

/// The next piece at the head: its kind and its length in bytes.
#[expect(clippy::too_many_arguments, reason = "the state of one loop, in one place")]
fn step(
    rest: &str,
    skipped: usize,
    before: bool,
    title: &mut Option<&Title>,
    place_known: bool,
    rules: &Rules,
    head: &mut Head,
    may_drop: &mut impl FnMut(&str, &str) -> bool,
) -> Option<Step> {
    let text = &rest[skipped..];
    if text.is_empty() {
        return None;
    }
    if let Some(found) = rules.dates.at_head(text) {
        let end = found.end + separator(&text[found.end..]);
        // "22 July 2016, troops …" is a sentence.
        let story = &text[end..];
        let furniture =
            || rules.candidates(Scope::Head, story).any(|(_, _, pattern)| pattern.find(story).is_some());
        let apart = text[found.end..].starts_with("  ");
        if (begins_anew(story) || apart || furniture()) && !text[found.end..].trim_start().starts_with(',') {
            if head.date.as_ref().is_none_or(|known| known.update) {
                head.date = Some(found);
            }
            return Some(Step::Off("date", skipped + end));
        }
        // "Posted on July 2, 2016 by Some Paper TITLE": the title tells where the byline ends.
        if rules.by.is_match(text[found.end..].trim_start())
            && let Some(wanted) = *title
            && let Some(at) = title_within(&text[found.end..], wanted, 80)
        {
            head.date.get_or_insert(found.clone());
            return Some(Step::Off("date", skipped + found.end + at));
        }
    }
    // What a dateline opens is the story, whose first sentence may be its title.
    let story = place_known || head.place.is_some();
    if let Some(wanted) = title.filter(|_| !story) {
        if let Some(end) = wanted.repeated_by(text) {
            let end = end + separator(&text[end..]);
            *title = None;
            if may_drop(&text[..end], &text[end..]) {
                return Some(Step::Off("repeated_title", skipped + end));
            }
            return Some(Step::Keep(skipped + end));
        }
        if before
            && let Some(at) = title_within(text, wanted, 60)
            && all_capitalised(&text[..at])
        {
            return Some(Step::Off("section", skipped + at));
        }
    }
    for (_, _, pattern) in rules.candidates(Scope::Head, crate::dates::head_of(text, HEAD_BYTES)) {
        if let Some(found) = pattern.find(text)
            && found.end() > 0
        {
            return Some(Step::Off("head_furniture", skipped + found.end()));
        }
    }
    if let Some((wire, end)) = lone_wire(text, rules) {
        head.wires.push(wire);
        return Some(Step::Off("agency_line", skipped + end));
    }
    if !place_known
        && head.place.is_none()
        && let Some(end) = dateline(text, rules, head)
    {
        return Some(Step::Off("dateline", skipped + end));
    }
    if let Some((found, start)) = section_and_date(text, rules) {
        let end = found.end + separator(&text[found.end..]);
        let name = &text[..start];
        let shouted = name.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase);
        // A headline tells of something; the name of a section does not.
        if !shouted && all_capitalised(name) && !rules.harm.is_match(name) && begins_anew(&text[end..]) {
            head.date.get_or_insert(found);
            return Some(Step::Off("section", skipped + end));
        }
    }
    None
}

/// Where, among the first `window` bytes of a text, its title begins.
fn title_within(text: &str, title: &Title, window: usize) -> Option<usize> {
    text.char_indices()
        .take_while(|(at, _)| *at < window)
        .filter(|(at, c)| {
            c.is_alphanumeric() && !text[..*at].chars().next_back().is_some_and(char::is_alphanumeric)
        })
        .map(|(at, _)| at)
        .find(|at| title.repeated_by(&text[*at..]).is_some())
}

/// Whether a piece has capitalised words, numbers and signs alone, as the names of sections and photographers have.
pub(super) fn all_capitalised(piece: &str) -> bool {
    piece.split_whitespace().all(|word| {
        word.trim_start_matches(|c: char| !c.is_alphanumeric())
            .chars()
            .next()
            .is_none_or(|c| !c.is_lowercase())
    }) && !piece.contains(". ")
}

/// A date, with a time of day, behind the name of a section: "Middle East 0041 06.04.2017". Gives it with its start.
fn section_and_date(text: &str, rules: &Rules) -> Option<(Found, usize)> {
    let window = crate::dates::head_of(text, 90);
    let mut found = rules.dates.first_within(window)?;
    let start = found.1;
    if start == 0 {
        return None;
    }
    let time = rules.dates.at_head(&text[start..])?;
    found.0.end = start + time.end;
    Some((found.0, start))
}

/// A wire's name that stands by itself before a date or after wide spaces: "AFP  Tuesday 19 Jul 2016".
fn lone_wire(text: &str, rules: &Rules) -> Option<(String, usize)> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '(')).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    let wire = wires::only(name)?;
    let gap = after.len() - after.trim_start_matches([' ', ')']).len();
    let next = after[gap..].trim_start();
    (gap >= 2 && next.starts_with(char::is_uppercase) || rules.dates.at_head(next).is_some())
        .then_some((wire, end + gap))
}

/// Reads a dateline; gives its length.
fn dateline(text: &str, rules: &Rules, head: &mut Head) -> Option<usize> {
    let window = crate::dates::head_of(text, LONGEST_DATELINE);
    let parted = ["—", "–", "―", "−", "--", " - ", ": "].iter().any(|dash| window.contains(dash));
    if !parted || !text.starts_with(char::is_uppercase) {
        return None;
    }
    let found = DATELINE.captures(window)?;
    let all = found.get(0)?;
    let place = found.name("place")?.as_str();
    let region = found.name("region").map_or("", |region| region.as_str());
    let day = found.name("day").map_or("", |day| day.as_str());
    let origin = found.name("origin").map_or("", |origin| origin.as_str());
    let dash = found.name("dash")?.as_str().trim();
    let date = (!day.is_empty()).then(|| rules.dates.first(day)).flatten();
    // A day that is not one is part of something else, unless its year is left out.
    let bare_day = !day.is_empty() && date.is_none();
    if bare_day && !rules.dates.is_day_of_month(day) {
        return None;
    }
    let shouted =
        place.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase) && place.chars().count() > 2;
    let wire = wires::named_in(origin);
    let marked = !origin.is_empty() || !day.is_empty();
    let words = place.split(' ').count();
    // A place in ordinary letters needs more to tell it from the start of a sentence.
    let text_shouts = text.chars().filter(|c| c.is_alphabetic()).take(200).all(char::is_uppercase);
    let sure = match dash {
        ":" => shouted && !text_shouts && marked,
        "-" => (shouted && !text_shouts) || marked,
        _ => {
            if text_shouts {
                marked || !region.is_empty()
            } else {
                shouted || marked || (!region.is_empty() && words <= 4) || (words <= 3 && head.date.is_some())
            }
        }
    };
    if !sure || words > 5 || !begins_anew(&text[all.end()..]) || text[all.end()..].trim().is_empty() {
        return None;
    }
    let mut end = all.end();
    if let Some(brackets) = BRACKETS.find(&text[end..]) {
        end += brackets.end();
    }
    head.place = Some(format!("{place}{region}"));
    head.wires.extend(wire);
    if let Some(date) = date
        && head.date.is_none()
    {
        head.date = Some(date);
    }
    Some(end)
}

/// Length of the dashes, dots and spaces that part a piece from what follows.
fn separator(text: &str) -> usize {
    text.len()
        - text
            .trim_start_matches(|c: char| {
                c.is_whitespace() || matches!(c, '-' | '–' | '—' | '|' | ':' | '.' | '·' | '•' | ')')
            })
            .len()
}

/// Whether a text begins as a sentence does.
fn begins_anew(text: &str) -> bool {
    match text.trim_start_matches(|c: char| !c.is_alphanumeric()).chars().next() {
        Some(first) => !first.is_lowercase(),
        None => true,
    }
}

/// A title as letters and digits alone, in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Title(Vec<char>);

impl Title {
    pub(crate) fn new(title: &str) -> Self {
        Self(title.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect())
    }

    /// Where a text's repetition of the title ends. A title of a few letters is not looked for.
    fn repeated_by(&self, text: &str) -> Option<usize> {
        let wanted = &self.0;
        if wanted.len() < 8 {
            return None;
        }
        let mut next = 0;
        for (at, character) in text.char_indices() {
            if !character.is_alphanumeric() {
                continue;
            }
            for lower in character.to_lowercase() {
                if next == wanted.len() || wanted[next] != lower {
                    return None;
                }
                next += 1;
            }
            if next == wanted.len() {
                let end = at + character.len_utf8();
                // Scrapes lose the space between a title and what follows it.
                let next = text[end..].chars().next();
                let glued = character.is_lowercase() && next.is_some_and(char::is_uppercase);
                let whole = glued || !next.is_some_and(char::is_alphanumeric);
                return whole.then_some(end);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    fn read(text: &str, title: Option<&str>) -> (String, Head) {
        let mut paragraph = text.to_owned();
        let title = title.map(Title::new);
        let head =
            take(&mut paragraph, title.as_ref(), false, rules::of(Some("en")), |_, _| true, &mut Vec::new());
        (paragraph, head)
    }

    #[test]
    fn reads_datelines_of_many_houses() {
        for (text, place, wire, rest) in [
            ("ALEPPO — Shells hit a market.", "ALEPPO", None, "Shells hit a market."),
            ("BEIRUT (Reuters) - Shells hit.", "BEIRUT", Some("Reuters"), "Shells hit."),
            ("Idlib, Syria – Shells hit.", "Idlib, Syria", None, "Shells hit."),
            ("DAMASCUS, Syria (AP) — Shells hit.", "DAMASCUS, Syria", Some("AP"), "Shells hit."),
            (
                "BOGOTA, 5 FEB 90 (EFE) -- [TEXT] SHELLS HIT A TOWN.",
                "BOGOTA",
                Some("EFE"),
                "SHELLS HIT A TOWN.",
            ),
            ("DAYTON, Ohio (WDTN) — A man", "DAYTON, Ohio", None, "A man"),
        ] {
            let (left, head) = read(text, None);
            assert_eq!(left, rest);
            assert_eq!(head.place.as_deref(), Some(place));
            assert_eq!(head.wires.first().map(String::as_str), wire, "{text}");
        }
    }

    #[test]
    fn leaves_sentences_alone() {
        for text in [
            "Syrian rebels – backed by Turkey – advanced.",
            "Russia - which backs the army - denied it.",
            "Opposition remains divided - The brigade said so.",
            "July 22, 2016 was a day of shelling.",
            "Turkey, Russia – and Iran.",
            "FIVE SOLDIERS DIED -- THE ARMY SAID -- ON MONDAY.",
        ] {
            assert_eq!(read(text, None).0, text);
        }
    }

    #[test]
    fn knows_a_title_without_the_space_after_it() {
        let (left, _) = read("Ten dead in blastTen dead in blast — Shells hit.", Some("Ten dead in blast"));
        assert_eq!(left, "Ten dead in blast — Shells hit.");
        let (left, _) = read("Ten dead in blasts across town.", Some("Ten dead in blast"));
        assert_eq!(left, "Ten dead in blasts across town.");
    }

    #[test]
    fn takes_date_title_and_wire_in_any_order() {
        let (left, head) = read(
            "Ten dead in Homs blast NGO     AFP  Tuesday 19 Jul 2016    A blast tore …",
            Some("Ten dead in Homs blast: NGO"),
        );
        assert_eq!(left, "A blast tore …");
        assert_eq!(head.date.expect("a date").date.to_string(), "2016-07-19");
        assert_eq!(head.wires, ["AFP"]);
    }
}
