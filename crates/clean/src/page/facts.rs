//! Title, authors and publisher of a page, chosen from all that it says of itself and checked against what it
//! shows.

use super::blocks::Page;
use super::meta::Meta;
use super::when;
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
    let (published, published_from_address) = when::published(meta, page, title.as_deref(), address);
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

pub(super) fn squash(text: &str) -> String {
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
