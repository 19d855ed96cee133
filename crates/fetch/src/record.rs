//! An item of a feed as the record that lands.

use annals_input::FeedItem;
use serde_json::{Map, Value, json};

/// A record and where it belongs.
pub(crate) struct Record {
    /// The file, relative to the folder of the source.
    pub(crate) file: String,
    pub(crate) fields: Map<String, Value>,
    /// Digest of the fields.
    pub(crate) digest: String,
}

impl Record {
    /// The record of an item of the feed at `feed`.
    ///
    /// Its id is the item's own if that is an address or another URI, and so stands for the same everywhere; else the
    /// item's own within the feed; else its link; else a digest of what it says.
    pub(crate) fn new(feed: &str, item: FeedItem) -> Self {
        let FeedItem { mut fields, html } = item;
        if let Some(html) = html {
            fields.insert("html".to_owned(), Value::String(html));
        }
        let text = |key: &str| fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let id = match (text("id"), text("url")) {
            (Some(id), _) if is_uri(id) => id.to_owned(),
            (Some(id), _) => format!("{feed}#{id}"),
            (None, Some(url)) => url.to_owned(),
            (None, None) => format!("{feed}#{}", digest(&fields)),
        };
        fields.insert("id".to_owned(), Value::String(id.clone()));
        fields.insert("feed".to_owned(), json!(feed));
        if fields.contains_key("published") {
            fields.insert("published_basis".to_owned(), json!("feed"));
        }
        let name = blake3::hash(id.as_bytes()).to_hex();
        let file = format!("{}/{}.json", &name[..2], &name[..32]);
        let digest = digest(&fields);
        Self { file, fields, digest }
    }

    /// The address of its page.
    pub(crate) fn url(&self) -> Option<&str> {
        self.fields.get("url").and_then(Value::as_str)
    }
}

/// Puts a page in the place of what the feed says; that stays as `summary`.
pub(crate) fn add_page(fields: &mut Map<String, Value>, html: String, url: String) {
    let said = fields.remove("html").or_else(|| fields.remove("text"));
    if let Some(said) = said {
        fields.entry("summary").or_insert(said);
    }
    fields.insert("html".to_owned(), Value::String(html));
    fields.insert("page".to_owned(), Value::String(url));
}

/// The bytes of a record's file.
pub(crate) fn to_bytes(fields: &Map<String, Value>) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(fields).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn digest(fields: &Map<String, Value>) -> String {
    let bytes = serde_json::to_vec(fields).unwrap_or_default();
    blake3::hash(&bytes).to_hex()[..32].to_owned()
}

/// Whether an id starts with the scheme of a URI.
fn is_uri(id: &str) -> bool {
    id.split_once(':').is_some_and(|(scheme, rest)| {
        !rest.is_empty()
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fields: &[(&str, &str)]) -> Record {
        let fields = fields.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        Record::new("https://a.b/feed", FeedItem { fields, html: None })
    }

    #[test]
    fn ids_are_stable_and_tell_feeds_apart() {
        let id = |fields: &[(&str, &str)]| record(fields).fields["id"].as_str().unwrap().to_owned();
        assert_eq!(id(&[("id", "tag:a.b,2025:7"), ("url", "https://a.b/7")]), "tag:a.b,2025:7");
        assert_eq!(id(&[("id", "7"), ("url", "https://a.b/7")]), "https://a.b/feed#7");
        assert_eq!(id(&[("url", "https://a.b/7")]), "https://a.b/7");
        let [one, other] = ["one", "other"].map(|text| id(&[("text", text)]));
        assert!(one.starts_with("https://a.b/feed#") && one != other);
    }

    #[test]
    fn the_file_depends_on_the_id_alone() {
        let [before, after] = ["before", "after"].map(|text| record(&[("id", "7"), ("text", text)]));
        assert_eq!(before.file, after.file);
        assert_ne!(before.digest, after.digest);
    }

    #[test]
    fn a_page_leaves_what_the_feed_said() {
        let mut fields = record(&[("id", "7"), ("text", "short")]).fields;
        add_page(&mut fields, "<p>long".to_owned(), "https://a.b/7".to_owned());
        add_page(&mut fields, "<p>longer".to_owned(), "https://a.b/7".to_owned());
        assert_eq!((&fields["summary"], &fields["html"]), (&json!("short"), &json!("<p>longer")));
        assert!(!fields.contains_key("text"));
    }
}
