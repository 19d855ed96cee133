//! Turns the fields of a record into an article.

use annals_plugin::{Article, PublishedBasis};
use serde_json::{Map, Value};

use crate::published;
use crate::reason::{Flaw, Reason};

/// The fields of one record, by name, before they are given their places in an [`Article`].
#[derive(Debug, Default)]
pub(crate) struct Raw {
    pub(crate) fields: Map<String, Value>,
    /// A page as bytes; takes precedence over the field `html`.
    pub(crate) html: Option<Vec<u8>>,
    /// Whether the record came in a feed.
    pub(crate) feed: bool,
}

impl Raw {
    pub(crate) fn text(text: String) -> Self {
        Self { fields: Map::from_iter([("text".to_owned(), Value::String(text))]), ..Self::default() }
    }

    pub(crate) fn html(html: Vec<u8>) -> Self {
        Self { html: Some(html), ..Self::default() }
    }
}

/// The first 16 hexadecimal digits of the BLAKE3 digest of `source_id`.
pub fn article_id(source_id: &str) -> String {
    let mut digits = blake3::hash(source_id.as_bytes()).to_hex().to_string();
    digits.truncate(16);
    digits
}

/// `path#n`, or the path alone for the only record of a file.
pub(crate) fn place(path: &str, number: Option<u64>) -> String {
    number.map_or_else(|| path.to_owned(), |n| format!("{path}#{n}"))
}

/// Gives each field its place; those without one become attributes.
pub(crate) fn article(path: &str, number: Option<u64>, raw: Raw) -> Result<Article, Flaw> {
    let Raw { mut fields, html, feed } = raw;
    let source_id = match fields.remove("id") {
        Some(Value::String(id)) if !id.trim().is_empty() => id,
        Some(Value::Number(id)) if id.is_i64() || id.is_u64() => id.to_string(),
        None | Some(Value::Null) => place(path, number),
        // Blank, or a number that has lost digits: it may name two records at once.
        Some(other) => {
            fields.insert("id".to_owned(), other);
            place(path, number)
        }
    };
    let mut article = Article::new(article_id(&source_id), source_id, path);
    article.url = words(&mut fields, "url");
    article.publisher = words(&mut fields, "publisher");
    article.title = words(&mut fields, "title");
    article.authors = authors(&mut fields);
    article.language = language(&mut fields);
    if let Some(raw) = fields.remove("published") {
        match published::normalise(&raw) {
            Some(iso) => {
                article.published = Some(iso);
                let otherwise = if feed { PublishedBasis::Feed } else { PublishedBasis::Metadata };
                article.published_basis = Some(stated_basis(&mut fields).unwrap_or(otherwise));
            }
            None => keep(&mut fields, "published", raw),
        }
    }
    article.text = match fields.remove("text") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text,
        Some(Value::Array(paragraphs)) if paragraphs.iter().all(Value::is_string) => {
            let paragraphs: Vec<&str> = paragraphs.iter().filter_map(Value::as_str).collect();
            paragraphs.join("\n\n")
        }
        Some(other) => return Err(wrong_type("text", &other)),
    };
    article.html = match (html, fields.remove("html")) {
        (Some(bytes), _) => Some(bytes),
        (None, None | Some(Value::Null)) => None,
        (None, Some(Value::String(page))) => (!page.trim().is_empty()).then(|| unicode_page(page)),
        (None, Some(other)) => return Err(wrong_type("html", &other)),
    };
    if article.text.trim().is_empty() {
        article.text = String::new();
        if article.html.is_none() {
            return Err(Flaw::new(Reason::NoText, "neither `text` nor `html` holds anything"));
        }
    }
    article.attributes = fields.into_iter().filter(|(_, value)| !is_missing(value)).collect();
    Ok(article)
}

/// The byte order mark, by which a page is known to be Unicode whatever its `meta` elements say.
pub(crate) const MARK: &str = "\u{feff}";

/// A page that came as Unicode text, marked so.
pub(crate) fn unicode_page(page: String) -> Vec<u8> {
    if page.starts_with(MARK) { page.into_bytes() } else { [MARK.as_bytes(), page.as_bytes()].concat() }
}

/// The text of such a page.
pub(crate) fn page_text(page: Vec<u8>) -> String {
    let text = String::from_utf8(page)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    text.strip_prefix(MARK).map(str::to_owned).unwrap_or(text)
}

fn wrong_type(field: &str, value: &Value) -> Flaw {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Flaw::new(Reason::BadField, format!("`{field}` is {kind}, not a string"))
}

fn is_missing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn keep(fields: &mut Map<String, Value>, name: &str, value: Value) {
    if !is_missing(&value) {
        fields.insert(name.to_owned(), value);
    }
}

/// A field of one line, trimmed; a value of another type stays among the attributes.
fn words(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name)? {
        Value::String(text) => {
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        }
        Value::Number(number) => Some(number.to_string()),
        other => {
            keep(fields, name, other);
            None
        }
    }
}

/// A list of names, or one string with `;` between them.
fn authors(fields: &mut Map<String, Value>) -> Vec<String> {
    let tidy = |name: &str| {
        let name = name.trim();
        (!name.is_empty()).then(|| name.to_owned())
    };
    match fields.remove("authors") {
        None => Vec::new(),
        Some(Value::String(names)) => names.split(';').filter_map(tidy).collect(),
        Some(Value::Array(names)) if names.iter().all(|n| n.is_string() || n.is_null()) => {
            names.iter().filter_map(Value::as_str).filter_map(tidy).collect()
        }
        Some(other) => {
            keep(fields, "authors", other);
            Vec::new()
        }
    }
}

/// Where the date was found, if the record says it in the word of the tables.
fn stated_basis(fields: &mut Map<String, Value>) -> Option<PublishedBasis> {
    let basis = fields.get("published_basis")?.as_str()?.parse().ok()?;
    fields.remove("published_basis");
    Some(basis)
}

/// The primary subtag of a BCP 47 tag, if it is an ISO 639-1 code by its form; else the raw value is kept.
fn language(fields: &mut Map<String, Value>) -> Option<String> {
    let raw = fields.remove("language")?;
    let code = raw.as_str().and_then(|tag| tag.trim().split(['-', '_']).next()).unwrap_or_default();
    if code.len() == 2 && code.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Some(code.to_ascii_lowercase());
    }
    keep(fields, "language", raw);
    None
}
