//! Reads articles from files of many formats as a stream.
//!
//! [`find`] lists the files that glob patterns match, in a fixed order; [`read`] streams the records of one of them, each an
//! [`Article`] or a [`Rejected`] with a fixed code ([`Reason`]). A bad record costs itself and not its neighbours, a bad file
//! costs what lies behind the damage, and neither can take more memory than [`Limits`] allow.
//!
//! Formats are told by content, and by name where the content leaves a choice. Compression by gzip (of one or many members) and
//! Zstandard is undone wherever it is found.
//!
//! | format | names | records |
//! | --- | --- | --- |
//! | plain text | `.txt` `.text` `.md` | the file |
//! | HTML | `.html` `.htm` `.xhtml` | the file, in the encoding it came in |
//! | JSON | `.json` | one object, an array of objects, or objects one after the other |
//! | JSON lines | `.jsonl` `.ndjson` | lines |
//! | delimited | `.csv` `.tsv` | rows under a header; `;` and tab are recognised |
//! | Parquet | `.parquet` `.pq` | rows |
//! | web archive (ISO 28500) | `.warc` | responses and resources that are pages, conversions that are plain text |
//! | RSS, Atom | `.xml` `.rss` `.atom` `.rdf` | items |
//!
//! A record may carry `id, url, publisher, title, published, authors, language, text, html`; what else it carries becomes
//! an attribute.

mod bytes;
mod feed;
mod find;
mod format;
mod json;
mod parquet;
mod published;
mod reason;
mod record;
mod table;
mod warc;

use std::io;

use annals_plugin::{Article, Rejected};

use bytes::Input;
pub use find::{Found, InputError, InputFile, find};
use format::Format;
use reason::Flaw;
pub use reason::Reason;
use record::Raw;
pub use record::article_id;

/// What a file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest record (a line, an item, a page, a file of one article), in bytes; a longer one is rejected.
    pub record_bytes: u64,
    /// How many times its size a compressed file may expand to, once past a size that does no harm.
    pub expansion_ratio: u64,
    /// How many bytes a compressed file may expand to.
    pub file_expanded_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { record_bytes: 16 << 20, expansion_ratio: 200, file_expanded_bytes: 256 << 30 }
    }
}

/// A record with its number, counted from 1; without one it is the file as a whole.
type Entry = (Option<u64>, Result<Raw, Flaw>);

/// What takes a format apart.
trait Reader {
    /// The next record; none at the end. After an error nothing more can be read.
    fn entry(&mut self) -> io::Result<Option<Entry>>;
}

/// The entries of a reader. The error that ends them is one of them.
struct Entries<R>(Option<R>);

impl<R: Reader> Iterator for Entries<R> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let entry = self.0.as_mut()?.entry();
        if !matches!(entry, Ok(Some(_))) {
            self.0 = None;
        }
        entry.unwrap_or_else(|error| Some((None, Err(Flaw::of(&error)))))
    }
}

/// The records of one file, in its order.
pub struct Records {
    path: String,
    entries: Box<dyn Iterator<Item = Entry> + Send>,
}

impl Iterator for Records {
    type Item = Result<Article, Rejected>;

    fn next(&mut self) -> Option<Self::Item> {
        let (number, raw) = self.entries.next()?;
        let article = raw.and_then(|raw| record::article(&self.path, number, raw));
        Some(
            article.map_err(|flaw| {
                rejected(&self.path, number.map(|n| n.to_string()), flaw.reason, flaw.detail)
            }),
        )
    }
}

/// Streams the records of one file. Whatever is wrong with it comes as [`Rejected`] items, with the records around them.
pub fn read(file: &InputFile, limits: &Limits) -> Records {
    let entries = open(file, limits).unwrap_or_else(|flaw| one((None, Err(flaw))));
    Records { path: file.path.clone(), entries }
}

/// An item of a feed as it stands there, before it becomes an [`Article`].
#[derive(Debug, Clone, PartialEq)]
pub struct FeedItem {
    /// Its fields, named as those of a record.
    pub fields: serde_json::Map<String, serde_json::Value>,
    /// Its content, if that is markup.
    pub html: Option<String>,
}

/// The items of a feed, or why one cannot be read.
///
/// # Errors
/// When the bytes are no RSS or Atom.
pub fn feed_items(
    bytes: Vec<u8>,
    limits: &Limits,
) -> Result<impl Iterator<Item = Result<FeedItem, String>> + use<>, String> {
    let input = Input::of_bytes(bytes).into_utf8();
    match format::detect("", input.head()) {
        Ok(Format::Feed) => {}
        Ok(_) => return Err("it is neither RSS nor Atom".to_owned()),
        Err(flaw) => return Err(flaw.detail),
    }
    Ok(Entries(Some(feed::Items::new(input, limits))).map(|(_, item)| match item {
        Ok(raw) => Ok(FeedItem { fields: raw.fields, html: raw.html.map(record::page_text) }),
        Err(flaw) => Err(flaw.detail),
    }))
}

fn one(entry: Entry) -> Box<dyn Iterator<Item = Entry> + Send> {
    Box::new(std::iter::once(entry))
}

fn all(reader: impl Reader + Send + 'static) -> Box<dyn Iterator<Item = Entry> + Send> {
    Box::new(Entries(Some(reader)))
}

fn open(file: &InputFile, limits: &Limits) -> Result<Box<dyn Iterator<Item = Entry> + Send>, Flaw> {
    let input = Input::open(&file.file, limits).map_err(|error| Flaw::of(&error))?;
    if input.head().is_empty() {
        return Err(input
            .head_error()
            .map_or_else(|| Flaw::new(Reason::EmptyFile, "the file holds no bytes"), Flaw::of));
    }
    let is_unicode = input.has_mark();
    let input = input.into_utf8();
    let format = format::detect(&file.path, input.head())?;
    Ok(match format {
        Format::Text => one((None, whole_text(input, limits))),
        Format::Html => one((None, whole(input, limits).map(|page| html(page, is_unicode)))),
        Format::Json => all(json::Values::new(input, limits)),
        Format::JsonLines => all(json::Lines::new(input, limits)),
        Format::Table(delimiter) => all(table::Rows::new(input, delimiter, limits)?),
        Format::Parquet => all(parquet::Rows::new(input, &file.file, limits)?),
        Format::Warc => all(warc::Pages::new(input, limits)),
        Format::Feed => all(feed::Items::new(input, limits)),
    })
}

/// A page in its own encoding; the mark that said it to be Unicode is put back, since it outranks a `meta` element.
fn html(page: Vec<u8>, is_unicode: bool) -> Raw {
    Raw::html(if is_unicode { [record::MARK.as_bytes(), &page].concat() } else { page })
}

fn whole(input: Input, limits: &Limits) -> Result<Vec<u8>, Flaw> {
    input.whole(limits.record_bytes).map_err(|error| Flaw::of(&error))
}

fn whole_text(input: Input, limits: &Limits) -> Result<Raw, Flaw> {
    let bytes = whole(input, limits)?;
    if bytes.contains(&0) {
        return Err(Flaw::new(Reason::Binary, "it holds zero bytes, which no text does"));
    }
    String::from_utf8(bytes).map(Raw::text).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        Flaw::new(Reason::InvalidUtf8, format!("not UTF-8 at byte {at}"))
    })
}

fn rejected(path: &str, record: Option<String>, reason: Reason, detail: impl Into<String>) -> Rejected {
    Rejected {
        path: path.to_owned(),
        record,
        stage: "read".to_owned(),
        reason: reason.code().to_owned(),
        detail: detail.into(),
    }
}
