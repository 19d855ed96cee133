//! RSS 0.9x, 1.0 and 2.0, and Atom (RFC 4287): one article an item.
//!
//! Entities that a document type declares are not expanded, so that no item can grow beyond what the file holds.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{Encoding, UTF_8};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion};
use serde_json::Value;

use crate::bytes::Input;
use crate::reason::{Flaw, Reason};
use crate::record::{Raw, unicode_page};
use crate::{Entry, Limits};

pub(crate) struct Items {
    reader: Reader<BufReader<Budget>>,
    buffer: Vec<u8>,
    spent: Arc<AtomicU64>,
    /// Open elements.
    depth: usize,
    /// Prefix of the feed's own elements, with its colon.
    prefix: String,
    channel: Channel,
    item: Option<Item>,
    capture: Option<Capture>,
    record: u64,
}

/// What the feed says of all its items.
#[derive(Default)]
struct Channel {
    title: Option<String>,
    language: Option<String>,
}

#[derive(Default)]
struct Item {
    depth: usize,
    id: Option<String>,
    link: Option<String>,
    title: Option<String>,
    published: Option<String>,
    updated: Option<String>,
    authors: Vec<String>,
    categories: Vec<String>,
    summary: Option<Body>,
    content: Option<Body>,
}

struct Body {
    text: String,
    is_markup: bool,
}

/// An element whose content is being taken.
struct Capture {
    name: String,
    depth: usize,
    text: String,
    /// Child elements are markup of the content.
    is_xhtml: bool,
    is_plain: bool,
    /// Depth of a child element whose text is left out.
    muted: Option<usize>,
}

impl Items {
    pub(crate) fn new(input: Input, limits: &Limits) -> Self {
        let encoding = declared(input.head());
        let spent = Arc::new(AtomicU64::new(0));
        let budget = Budget {
            inner: input.transcoded(encoding),
            spent: Arc::clone(&spent),
            most: limits.record_bytes,
        };
        let mut reader = Reader::from_reader(BufReader::new(budget));
        reader.config_mut().allow_dangling_amp = true;
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            spent,
            depth: 0,
            prefix: String::new(),
            channel: Channel::default(),
            item: None,
            capture: None,
            record: 0,
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) {
        let name = start.name();
        let name: &str = name.as_ref();
        self.depth += 1;
        if self.depth == 1 {
            self.prefix = match name.split_once(':') {
                // RDF wraps the elements of RSS 1.0, which have no prefix.
                Some((prefix, local)) if local != "RDF" => format!("{prefix}:"),
                _ => String::new(),
            };
            self.channel.language = attribute(start, "xml:lang");
        }
        if let Some(capture) = &mut self.capture {
            if capture.is_xhtml {
                let tag: &str = start;
                capture.text.extend(["<", tag, ">"]);
            } else if capture.muted.is_none() && capture.name == "author" {
                let is_name = name.rsplit(':').next() == Some("name");
                capture.text.clear();
                capture.muted = (!is_name).then_some(self.depth);
            }
            return;
        }
        let own = name.strip_prefix(self.prefix.as_str()).unwrap_or(name);
        match &mut self.item {
            None if own == "item" || own == "entry" => {
                self.item = Some(Item { depth: self.depth, ..Item::default() });
                self.spent.store(0, Ordering::Relaxed);
            }
            // Titles of images and text inputs lie deeper than those of the channel.
            None if matches!(own, "title" | "language" | "dc:language") && self.depth <= 3 => {
                self.capture(own, start);
            }
            Some(item) if self.depth == item.depth + 1 => {
                if own == "link" {
                    let rel = attribute(start, "rel");
                    if let Some(href) =
                        attribute(start, "href").filter(|_| rel.is_none_or(|r| r == "alternate"))
                    {
                        item.link.get_or_insert(href);
                    }
                } else if own == "category"
                    && let Some(term) = attribute(start, "term")
                {
                    item.categories.push(term);
                }
                self.capture(own, start);
            }
            _ => {}
        }
    }

    fn capture(&mut self, name: &str, start: &BytesStart<'_>) {
        let kind = attribute(start, "type").unwrap_or_default();
        self.capture = Some(Capture {
            name: name.to_owned(),
            depth: self.depth,
            text: String::new(),
            is_xhtml: kind == "xhtml",
            is_plain: kind == "text",
            muted: None,
        });
    }

    fn text(&mut self, text: &str) {
        if let Some(capture) = self.capture.as_mut().filter(|capture| capture.muted.is_none()) {
            capture.text.push_str(text);
        }
    }

    /// Ends an element; gives the item if it was one.
    fn close(&mut self, name: &str) -> Option<Entry> {
        let depth = self.depth;
        self.depth = self.depth.saturating_sub(1);
        if let Some(mut capture) = self.capture.take() {
            if capture.depth < depth {
                if capture.is_xhtml {
                    capture.text.extend(["</", name, ">"]);
                } else if capture.name == "author" {
                    // Once the name is known, nothing else of a person is taken.
                    capture.muted = match capture.muted {
                        Some(muted) if muted == depth => None,
                        muted => Some(muted.unwrap_or(0)),
                    };
                }
                self.capture = Some(capture);
            } else {
                self.take(capture);
            }
            return None;
        }
        let item = self.item.take_if(|item| item.depth == depth)?;
        self.record += 1;
        self.spent.store(0, Ordering::Relaxed);
        Some((Some(self.record), Ok(self.raw(item))))
    }

    fn take(&mut self, capture: Capture) {
        let text = capture.text.trim();
        if text.is_empty() {
            return;
        }
        let text = text.to_owned();
        let Some(item) = &mut self.item else {
            match capture.name.as_str() {
                "title" => self.channel.title.get_or_insert(text),
                _ => self.channel.language.get_or_insert(text),
            };
            return;
        };
        let body = |text: String| Body { is_markup: !capture.is_plain && text.contains(['<', '&']), text };
        match capture.name.as_str() {
            "guid" | "id" | "dc:identifier" => {
                item.id.get_or_insert(text);
            }
            "link" => {
                item.link.get_or_insert(text);
            }
            "title" | "dc:title" => {
                item.title.get_or_insert(text);
            }
            "pubDate" | "published" | "issued" | "dc:date" => {
                item.published.get_or_insert(text);
            }
            "updated" | "modified" => {
                item.updated.get_or_insert(text);
            }
            "author" | "dc:creator" => item.authors.push(text),
            "category" | "dc:subject" => item.categories.push(text),
            "description" | "summary" => {
                item.summary.get_or_insert(body(text));
            }
            "content:encoded" | "content" => {
                item.content.get_or_insert(body(text));
            }
            _ => {}
        }
    }

    fn raw(&self, item: Item) -> Raw {
        let mut raw = Raw { feed: true, ..Raw::default() };
        let texts = [
            ("id", item.id),
            ("url", item.link),
            ("title", item.title),
            ("published", item.published.or(item.updated)),
            ("publisher", self.channel.title.clone()),
            ("language", self.channel.language.clone()),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                raw.fields.insert(name.to_owned(), Value::String(text));
            }
        }
        for (name, list) in [("authors", item.authors), ("categories", item.categories)] {
            if !list.is_empty() {
                raw.fields.insert(name.to_owned(), list.into());
            }
        }
        let longer = |a: Body, b: Body| if b.text.len() > a.text.len() { b } else { a };
        let body = match (item.content, item.summary) {
            (Some(content), Some(summary)) => Some(longer(content, summary)),
            (content, summary) => content.or(summary),
        };
        match body {
            Some(body) if body.is_markup => {
                raw.html = Some(unicode_page(format!("<!DOCTYPE html><article>{}</article>", body.text)));
            }
            Some(body) => {
                raw.fields.insert("text".to_owned(), Value::String(body.text));
            }
            None => {}
        }
        raw
    }
}

impl crate::Reader for Items {
    fn entry(&mut self) -> io::Result<Option<Entry>> {
        loop {
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            let event = self.reader.read_event_into(&mut buffer).map_err(|error| match error {
                Error::Io(error) => Flaw::of(&error),
                error => {
                    let at = self.reader.buffer_position();
                    Flaw::new(Reason::MalformedXml, format!("byte {at}: {error}"))
                }
            })?;
            let mut entry = None;
            match event {
                Event::Eof if self.depth > 0 => {
                    return Err(Flaw::new(Reason::Truncated, "the feed ends within an element").into());
                }
                Event::Eof => return Ok(None),
                Event::Start(start) => self.open(&start),
                Event::End(end) => {
                    let name = end.name().as_ref().to_owned();
                    entry = self.close(&name);
                }
                Event::Text(text) => self.text(&text.html_content()),
                Event::CData(data) => self.text(&data.html_content()),
                Event::GeneralRef(reference) => {
                    let name: &str = &reference;
                    let resolved = match name {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => reference.resolve_char_ref().ok().flatten(),
                    };
                    let is_xhtml = self.capture.as_ref().is_some_and(|capture| capture.is_xhtml);
                    match resolved {
                        Some(c) if !is_xhtml => self.text(c.encode_utf8(&mut [0; 4])),
                        // An entity of HTML is left to whoever reads the page.
                        _ => self.text(&format!("&{name};")),
                    }
                }
                _ => {}
            }
            self.buffer = buffer;
            if entry.is_some() {
                return Ok(entry);
            }
        }
    }
}

/// The encoding that the XML declaration names.
fn declared(head: &[u8]) -> &'static Encoding {
    let end = memchr::memmem::find(head, b"?>").unwrap_or(0);
    let declaration = String::from_utf8_lossy(&head[..end]);
    let label = declaration.split_once("encoding").and_then(|(_, rest)| rest.split(['"', '\'']).nth(1));
    match label.and_then(|label| Encoding::for_label(label.as_bytes())) {
        // A stream that was UTF-16 is UTF-8 by now, and none else can be read as far as its declaration.
        Some(encoding) if encoding.is_ascii_compatible() => encoding,
        _ => UTF_8,
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = start.attributes().with_checks(false).flatten().find(|a| {
        let key: &str = a.key.as_ref();
        key == name
    })?;
    let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Stops a feed in which one item takes more bytes than a record may.
struct Budget {
    inner: Input,
    spent: Arc<AtomicU64>,
    most: u64,
}

impl Read for Budget {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        let spent = self.spent.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        // What was read ahead may belong to the item before.
        if spent > self.most.saturating_add(1 << 17) {
            return Err(Flaw::new(
                Reason::RecordTooLong,
                format!("an item is longer than {} bytes", self.most),
            )
            .into());
        }
        Ok(count)
    }
}
