//! A page to its article: title, authors, date, publisher, address, language and main text.

mod blocks;
mod decode;
mod dom;
mod facts;
mod hints;
mod meta;
mod select;

use crate::scrape::paragraphs;
pub(crate) use facts::Facts;

/// What a page tells.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) facts: Facts,
    /// Paragraphs of the article, parted by blank lines.
    pub(crate) text: String,
}

/// Reads a page.
pub(crate) fn read(bytes: &[u8], address: Option<&str>) -> Read {
    let html = decode::decode(bytes);
    let dom = dom::Dom::parse(&html);
    let meta = meta::read(&dom);
    let page = blocks::split(&dom);
    let keep = select::select(&page);
    let facts = facts::choose(&meta, &page, &keep, address);
    let mut text = String::new();
    for (block, _) in page.blocks.iter().zip(&keep).filter(|(_, keep)| **keep) {
        for paragraph in paragraphs::split(page.text_of(block)) {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&paragraph);
        }
    }
    Read { facts, text }
}
