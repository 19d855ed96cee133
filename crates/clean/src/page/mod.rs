//! A page to its article: title, authors, date, publisher, address, language and main text.

mod blocks;
mod decode;
mod dom;
mod facts;
mod features;
mod hints;
mod lean;
mod meta;
mod model;
mod select;
mod sink;
mod when;

use crate::refuse::Kind;
use crate::scrape::paragraphs;
pub(crate) use facts::Facts;

/// What a page tells.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) facts: Facts,
    pub(crate) kind: Kind,
    /// Paragraphs of the article, parted by blank lines.
    pub(crate) text: String,
    /// Pieces between the first and the last paragraph of the article that are no part of it, each with the number of
    /// paragraphs of the article before it.
    pub(crate) between: Vec<(usize, String)>,
}

/// What the results depend on besides the code.
pub(crate) fn sources() -> [&'static str; 2] {
    [hints::SOURCE, model::SOURCE]
}

/// Reads a page.
pub(crate) fn read(bytes: &[u8], address: Option<&str>) -> Read {
    let html = decode::decode(bytes);
    let mut lean = lean::lean(&html);
    let mut dom = dom::Dom::parse(&lean.html);
    let mut page = blocks::split(&dom);
    let mended;
    if page.blocks.is_empty()
        && let Some(closed) = with_title_closed(&html)
    {
        mended = closed;
        lean = lean::lean(&mended);
        dom = dom::Dom::parse(&lean.html);
        page = blocks::split(&dom);
    }
    let meta = meta::read(&dom, &lean.scripts);
    let facts = facts::choose(&meta, &page, address);
    let keep = select::select(&page, &meta, facts.title.as_deref());
    let mut read = Read { kind: kind(&meta, &page), facts, ..Read::default() };
    let last = keep.iter().rposition(|keep| *keep).map_or(0, |last| last + 1);
    let mut count = 0;
    for (block, keep) in page.blocks.iter().zip(&keep).take(last) {
        if !keep {
            if count > 0 {
                read.between.push((count, page.text_of(block).to_owned()));
            }
            continue;
        }
        for paragraph in paragraphs::split(page.text_of(block)) {
            if !read.text.is_empty() {
                read.text.push_str("\n\n");
            }
            read.text.push_str(&paragraph);
            count += 1;
        }
    }
    read
}

/// A page whose `<title>` was cut off before its end, so that all of it became the title, with the title closed at the
/// next tag.
fn with_title_closed(html: &str) -> Option<String> {
    let open = memchr::memmem::find(html.as_bytes(), b"<title")
        .or_else(|| memchr::memmem::find(html.as_bytes(), b"<TITLE"))?;
    let text = open + html[open..].find('>')? + 1;
    let next = text + html[text..].find('<')?;
    (!html[next..].get(..7).is_some_and(|tag| tag.eq_ignore_ascii_case("</title")))
        .then(|| format!("{}</title>{}", &html[..next], &html[next..]))
}

/// What kind of page it says it is.
fn kind(meta: &meta::Meta<'_>, page: &blocks::Page) -> Kind {
    let named = |wanted: &str| meta.ld_types.iter().any(|kind| kind == wanted);
    let og = meta.og_type.as_deref().unwrap_or_default();
    let mut head = String::new();
    for line in meta.document_title.iter().chain(&meta.headings) {
        head.push_str(line);
        head.push('\n');
    }
    for block in &page.blocks {
        if head.len() > 4000 {
            break;
        }
        head.push_str(page.text_of(block));
        head.push('\n');
    }
    Kind {
        live: named("LiveBlogPosting"),
        gallery: named("ImageGallery") || og.starts_with("video") || og.ends_with("gallery"),
        head,
        words: page.blocks.iter().map(|block| block.words as usize).sum(),
    }
}

/// The blocks of a page with their features, for training a model.
pub(crate) fn blocks_with_features(bytes: &[u8]) -> Vec<(String, Vec<f32>)> {
    let html = decode::decode(bytes);
    let lean = lean::lean(&html);
    let dom = dom::Dom::parse(&lean.html);
    let meta = meta::read(&dom, &lean.scripts);
    let page = blocks::split(&dom);
    let title = facts::title(&meta);
    let features = features::of(&page, &meta, title.as_deref());
    page.blocks
        .iter()
        .enumerate()
        .map(|(index, block)| (page.text_of(block).to_owned(), features.row(index).to_vec()))
        .collect()
}
