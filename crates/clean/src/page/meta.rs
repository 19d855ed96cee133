//! What a page says of itself: JSON-LD, Open Graph and other `<meta>`, microdata, `<time>`, headings.

use std::sync::LazyLock;

use html5ever::{LocalName, local_name};
use regex::Regex;
use rustc_hash::FxHashMap;
use serde_json::Value;

use super::dom::{Data, Dom, NodeId, ROOT, Step};
use crate::scrape::paragraphs::collapse;

/// Claims of a page about itself, by trust.
#[derive(Debug, Default)]
pub(crate) struct Meta<'h> {
    /// Headlines of JSON-LD articles.
    pub(crate) ld_headline: Option<String>,
    pub(crate) ld_authors: Vec<String>,
    pub(crate) ld_published: Option<String>,
    pub(crate) ld_modified: Option<String>,
    pub(crate) ld_publisher: Option<String>,
    pub(crate) ld_body: Option<String>,
    pub(crate) ld_language: Option<String>,
    /// Types that JSON-LD names.
    pub(crate) ld_types: Vec<String>,
    pub(crate) og_title: Option<String>,
    pub(crate) og_type: Option<String>,
    pub(crate) site_name: Option<String>,
    pub(crate) canonical: Option<String>,
    pub(crate) meta_title: Option<String>,
    pub(crate) meta_authors: Vec<String>,
    pub(crate) meta_published: Option<String>,
    pub(crate) meta_modified: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) language: Option<String>,
    /// `og:locale`.
    pub(crate) locale: Option<String>,
    /// The `<title>` element.
    pub(crate) document_title: Option<String>,
    /// Text of each `<h1>`, with whether it is named as a title.
    pub(crate) headings: Vec<String>,
    /// `itemprop=headline` and the like.
    pub(crate) item_headline: Option<String>,
    pub(crate) item_published: Option<String>,
    pub(crate) item_authors: Vec<String>,
    /// Whether the next field of a card is the author's name.
    card_names_author: bool,
    /// Text of links to pages of authors.
    pub(crate) author_links: Vec<String>,
    /// Bodies of scripts that speak of publication.
    scripts: &'h [&'h str],
    /// `rel=author` links and elements named as bylines, as printed.
    pub(crate) bylines: Vec<String>,
    pub(crate) times: Vec<Time>,
    /// Text of elements named as dates.
    pub(crate) date_lines: Vec<String>,
}

/// A `<time>` element that is not marked as that of an update.
#[derive(Debug, Default)]
pub(crate) struct Time {
    /// The date for machines.
    pub(crate) machine: Option<String>,
    pub(crate) text: String,
    /// Whether it is marked as that of publication.
    pub(crate) marked: bool,
}

/// Characters of the longest name or title that is believed.
const LONGEST: usize = 400;

/// Reads all that a page says of itself; `scripts` are the bodies of its scripts.
pub(crate) fn read<'h>(dom: &Dom, scripts: &'h [&'h str]) -> Meta<'h> {
    let mut meta = Meta { scripts, ..Meta::default() };
    let mut named = FxHashMap::default();
    dom.walk(ROOT, |step| {
        if let Step::Enter(id) = step
            && let Data::Element { name, .. } = &dom.node(id).data
        {
            return element(dom, id, &name.local, &mut meta, &mut named);
        }
        true
    });
    meta
}

fn short(text: &str) -> Option<String> {
    let text = collapse(text);
    (!text.is_empty() && text.chars().count() <= LONGEST).then_some(text)
}

/// Hints of the names met so far: pages give the same names to many elements.
type Named<'d> = FxHashMap<&'d str, u32>;

fn element<'d>(
    dom: &'d Dom,
    id: NodeId,
    name: &LocalName,
    meta: &mut Meta<'_>,
    named: &mut Named<'d>,
) -> bool {
    match *name {
        local_name!("html") => {
            meta.language = dom.attribute(id, &local_name!("lang")).and_then(short);
        }
        local_name!("meta") => {
            meta_element(dom, id, meta);
            return false;
        }
        local_name!("link") => {
            if dom.attribute(id, &local_name!("rel")).is_some_and(|rel| rel.eq_ignore_ascii_case("canonical"))
            {
                set(&mut meta.canonical, dom.attribute(id, &local_name!("href")));
            }
            return false;
        }
        local_name!("title") => {
            if meta.document_title.is_none() {
                meta.document_title = short(&dom.text(id));
            }
            return false;
        }
        local_name!("script") => {
            if dom
                .attribute(id, &local_name!("type"))
                .is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("application/ld+json"))
            {
                json_ld(&dom.text(id), meta);
            }
            return false;
        }
        local_name!("style") | local_name!("svg") | local_name!("template") => return false,
        local_name!("h1") => {
            if meta.headings.len() < 8
                && let Some(text) = short(&dom.text(id))
            {
                meta.headings.push(text);
            }
        }
        _ => {}
    }
    described(dom, id, name, meta, named);
    true
}

fn set(slot: &mut Option<String>, value: Option<&str>) {
    if slot.is_none() {
        *slot = value.and_then(short);
    }
}

fn meta_element(dom: &Dom, id: NodeId, meta: &mut Meta<'_>) {
    let key = dom
        .attribute(id, &local_name!("property"))
        .or_else(|| dom.attribute(id, &local_name!("name")))
        .or_else(|| dom.attribute(id, &local_name!("itemprop")))
        .or_else(|| dom.attribute(id, &local_name!("http-equiv")));
    let (Some(key), Some(content)) = (key, dom.attribute(id, &local_name!("content"))) else { return };
    let content = Some(content);
    match key.trim().to_ascii_lowercase().as_str() {
        "og:title" => set(&mut meta.og_title, content),
        "og:type" => set(&mut meta.og_type, content),
        "og:site_name" => set(&mut meta.site_name, content),
        "og:url" => set(&mut meta.canonical, content),
        "og:description" | "description" => set(&mut meta.description, content),
        "twitter:title" | "dc.title" | "dcterms.title" | "sailthru.title" | "parsely-title" | "title"
        | "headline" => {
            set(&mut meta.meta_title, content);
        }
        "author"
        | "article:author"
        | "dc.creator"
        | "dcterms.creator"
        | "parsely-author"
        | "sailthru.author"
        | "byl"
        | "article:author_name"
        | "cxenseparse:author"
        | "dc.contributor" => {
            if let Some(name) = content.and_then(short)
                && meta.meta_authors.len() < 20
            {
                meta.meta_authors.push(name);
            }
        }
        // "Written by" and the author's name, as WordPress writes it for cards.
        "twitter:label1" | "twitter:label2" => {
            meta.card_names_author = content.is_some_and(|label| label.eq_ignore_ascii_case("written by"));
        }
        "twitter:data1" | "twitter:data2" => {
            if std::mem::take(&mut meta.card_names_author)
                && let Some(name) = content.and_then(short)
                && meta.meta_authors.is_empty()
            {
                meta.meta_authors.push(name);
            }
        }
        "article:published_time"
        | "og:published_time"
        | "datepublished"
        | "dc.date.issued"
        | "dcterms.created"
        | "dcterms.issued"
        | "dc.date"
        | "dcterms.date"
        | "date"
        | "pubdate"
        | "publishdate"
        | "publish-date"
        | "publish_date"
        | "parsely-pub-date"
        | "sailthru.date"
        | "article.published"
        | "published_at"
        | "rnews:datepublished"
        | "cxenseparse:recs:publishtime"
        | "article_date_original"
        | "originalpublicationdate"
        | "og:pubdate"
        | "dc.date.created"
        | "pdate"
        | "ptime"
        | "displaydate"
        | "citation_publication_date"
        | "datecreated"
        | "article:published"
        | "published-date"
        | "published_date"
        | "citation_date"
        | "citation_online_date"
        | "dateposted"
        | "release_date" => {
            set(&mut meta.meta_published, content);
        }
        "article:modified_time"
        | "og:updated_time"
        | "datemodified"
        | "last-modified"
        | "dcterms.modified"
        | "lastmod" => {
            set(&mut meta.meta_modified, content);
        }
        "og:locale" => {
            set(&mut meta.locale, content);
            set(&mut meta.language, content);
        }
        "language" | "content-language" | "dc.language" => set(&mut meta.language, content),
        "application-name" | "publisher" | "dc.publisher" => set(&mut meta.site_name, content),
        _ => {}
    }
}

impl Meta<'_> {
    /// The day of publication in the data that the page's scripts carry: believed if they all agree, for they may be of
    /// other stories.
    pub(crate) fn script_published(&self) -> Option<String> {
        static PUBLISHED: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"(?i)\\?"(?:datePublished|publishedDate|publishDate|published_?(?:at|on|date|time)|publication_?date|first_?published(?:_?at)?|date)\\?"\s*:\s*\\?"((?:19|20)\d\d-\d\d-\d\d)"#)
                .expect("the pattern is fixed")
        });
        let mut days = self.scripts.iter().flat_map(|script| {
            PUBLISHED.captures_iter(script).take(50).filter_map(|found| Some(found.get(1)?.as_str()))
        });
        let day = days.next()?;
        days.all(|other| other == day).then(|| day.to_owned())
    }
}

/// Elements whose attributes say what they show.
fn described<'d>(dom: &'d Dom, id: NodeId, name: &LocalName, meta: &mut Meta<'_>, named: &mut Named<'d>) {
    let mut item = "";
    let mut class = "";
    let mut rel = "";
    for attribute in dom.attributes(id) {
        match attribute.name.local {
            local_name!("itemprop") => item = &attribute.value,
            local_name!("class") => class = &attribute.value,
            local_name!("rel") => rel = &attribute.value,
            _ => {}
        }
    }
    if *name == local_name!("time") {
        let machine = dom.attribute(id, &local_name!("datetime")).filter(|value| !value.trim().is_empty());
        let marked = item == "datePublished"
            || class.contains("publish")
            || class.contains("entry-date")
            || dom.attribute(id, &LocalName::from("pubdate")).is_some();
        let updated = item == "dateModified" || class.contains("update") || class.contains("modif");
        if !updated && meta.times.len() < 20 {
            let time = Time {
                machine: machine.and_then(short),
                text: short(&dom.text(id)).unwrap_or_default(),
                marked,
            };
            if time.machine.is_some() || !time.text.is_empty() {
                meta.times.push(time);
            }
        }
        return;
    }
    if !item.is_empty() {
        let value = || {
            dom.attribute(id, &local_name!("content"))
                .or_else(|| dom.attribute(id, &local_name!("datetime")))
                .map_or_else(|| dom.text(id), str::to_owned)
        };
        match item {
            "headline" if meta.item_headline.is_none() => meta.item_headline = short(&value()),
            "datePublished" if meta.item_published.is_none() => meta.item_published = short(&value()),
            "author" | "creator" => {
                if meta.item_authors.len() < 10
                    && let Some(name) = short(&value())
                {
                    meta.item_authors.push(name);
                }
            }
            _ => {}
        }
    }
    if *name == local_name!("a")
        && meta.author_links.len() < 6
        && let Some(href) = dom.attribute(id, &local_name!("href"))
        && (href.contains("/author/") || href.contains("/authors/") || href.contains("/contributor"))
        && let Some(name) = short(&dom.text(id)).filter(|text| text.len() <= 80)
    {
        meta.author_links.push(name);
    }
    if rel.split_ascii_whitespace().any(|word| word == "author") {
        if meta.bylines.len() < 10
            && let Some(name) = short(&dom.text(id))
        {
            meta.bylines.push(name);
        }
        return;
    }
    if class.is_empty() {
        return;
    }
    let hints = *named.entry(class).or_insert_with(|| super::hints::of(class));
    if hints & super::hints::bit("byline") != 0 && meta.bylines.len() < 10 {
        let text = dom.text(id);
        if let Some(text) = short(&text).filter(|t| t.len() <= 160) {
            meta.bylines.push(text);
        }
    }
    if hints & super::hints::bit("date") != 0 && meta.date_lines.len() < 10 {
        let text = dom.text(id);
        if let Some(text) = short(&text).filter(|t| t.len() <= 120 && t.bytes().any(|b| b.is_ascii_digit())) {
            meta.date_lines.push(text);
        }
    }
}

/// Types of JSON-LD objects that are articles.
fn is_article(kind: &str) -> bool {
    kind.ends_with("Article")
        || kind.ends_with("Posting")
        || matches!(kind, "Report" | "Blog" | "CreativeWork" | "Review")
}

fn json_ld(text: &str, meta: &mut Meta<'_>) {
    let trimmed = text
        .trim()
        .trim_start_matches("<!--")
        .trim_end_matches("-->")
        .trim_start_matches("<![CDATA[")
        .trim_end_matches("]]>")
        .trim()
        .trim_end_matches(';');
    let value: Value = match serde_json::from_str(trimmed) {
        Ok(value) => value,
        Err(_) => {
            // Raw line breaks inside strings are the commonest fault.
            let mended: String = trimmed.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            match serde_json::from_str(&mended) {
                Ok(value) => value,
                Err(_) => return,
            }
        }
    };
    // The parser bounds the depth of a value; the walk goes in order of the page.
    let mut open = vec![&value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items.iter().rev()),
            Value::Object(object) => {
                let kinds: Vec<&str> = match object.get("@type") {
                    Some(Value::String(kind)) => vec![kind.as_str()],
                    Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
                    _ => Vec::new(),
                };
                if meta.ld_types.len() < 40 {
                    meta.ld_types.extend(kinds.iter().map(|kind| (*kind).to_owned()));
                }
                let article = kinds.iter().any(|kind| is_article(kind));
                let page = kinds.iter().any(|kind| kind.ends_with("Page"));
                if article && meta.ld_headline.is_none() {
                    article_object(object, meta);
                } else if page {
                    let text = |key: &str| object.get(key).and_then(Value::as_str);
                    set(&mut meta.ld_published, text("datePublished"));
                    set(&mut meta.ld_modified, text("dateModified"));
                    set(&mut meta.ld_language, text("inLanguage"));
                } else if kinds.contains(&"WebSite") || kinds.contains(&"NewsMediaOrganization") {
                    set(&mut meta.ld_publisher, object.get("name").and_then(Value::as_str));
                }
                for key in ["mainEntityOfPage", "mainEntity", "@graph"] {
                    if let Some(inner @ (Value::Array(_) | Value::Object(_))) = object.get(key) {
                        open.push(inner);
                    }
                }
            }
            _ => {}
        }
    }
    // Authors may stand beside the article, pointed to by their ids.
    if meta.ld_authors.is_empty() {
        resolve_authors(&value, meta);
    }
}

fn article_object(object: &serde_json::Map<String, Value>, meta: &mut Meta<'_>) {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    set(&mut meta.ld_headline, text("headline").or_else(|| text("name")));
    if let Some(date) = text("datePublished") {
        meta.ld_published = short(date);
    }
    set(&mut meta.ld_modified, text("dateModified"));
    set(&mut meta.ld_language, text("inLanguage"));
    if meta.ld_body.is_none() {
        meta.ld_body = text("articleBody").filter(|body| body.len() > 200).map(str::to_owned);
    }
    if let Some(publisher) = object.get("publisher") {
        set(&mut meta.ld_publisher, name_of(publisher));
    }
    if let Some(author) = object.get("author").or_else(|| object.get("creator")) {
        names(author, &mut meta.ld_authors);
    }
}

fn name_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(name) => Some(name),
        Value::Object(object) => object.get("name").and_then(Value::as_str),
        Value::Array(items) => items.first().and_then(|first| match first {
            Value::Object(object) => object.get("name").and_then(Value::as_str),
            Value::String(name) => Some(name),
            _ => None,
        }),
        _ => None,
    }
}

fn names(value: &Value, authors: &mut Vec<String>) {
    let list = match value {
        Value::Array(items) => items.as_slice(),
        other => std::slice::from_ref(other),
    };
    for item in list.iter().take(20) {
        let name = match item {
            Value::String(name) => Some(name.as_str()),
            Value::Object(object) => match object.get("name") {
                Some(Value::String(name)) => Some(name.as_str()),
                Some(Value::Array(inner)) => {
                    authors.extend(inner.iter().filter_map(Value::as_str).filter_map(short));
                    None
                }
                _ => None,
            },
            _ => None,
        };
        if let Some(name) = name.and_then(short) {
            authors.push(name);
        }
    }
}

/// Names of persons that an article's author field points to.
fn resolve_authors(value: &Value, meta: &mut Meta<'_>) {
    let graph = match value {
        Value::Object(object) => object.get("@graph").and_then(Value::as_array),
        Value::Array(items) => Some(items),
        _ => None,
    };
    let Some(graph) = graph else { return };
    let objects = || graph.iter().filter_map(Value::as_object);
    let typed =
        |object: &serde_json::Map<String, Value>, wanted: &dyn Fn(&str) -> bool| match object.get("@type") {
            Some(Value::String(kind)) => wanted(kind),
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).any(wanted),
            _ => false,
        };
    let ids: Vec<&str> = objects()
        .filter(|object| typed(object, &is_article))
        .filter_map(|object| object.get("author"))
        .flat_map(|author| match author {
            Value::Array(items) => items.iter().collect::<Vec<_>>(),
            other => vec![other],
        })
        .filter_map(|author| author.get("@id").and_then(Value::as_str))
        .collect();
    for object in objects().filter(|object| typed(object, &|kind| kind == "Person")) {
        if object.get("@id").and_then(Value::as_str).is_some_and(|id| ids.contains(&id))
            && let Some(name) = object.get("name").and_then(Value::as_str).and_then(short)
        {
            meta.ld_authors.push(name);
        }
    }
}
