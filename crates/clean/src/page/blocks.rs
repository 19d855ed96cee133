//! A page as a sequence of text blocks, with what is known of the elements around each.

use html5ever::{LocalName, local_name};
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};

use super::dom::{Data, Dom, NodeId, ROOT, Step};
use super::hints;

/// What kinds of element a block stands in.
pub(crate) mod flag {
    pub(crate) const NAV: u32 = 1;
    pub(crate) const HEADER: u32 = 1 << 1;
    pub(crate) const FOOTER: u32 = 1 << 2;
    pub(crate) const ASIDE: u32 = 1 << 3;
    pub(crate) const ARTICLE: u32 = 1 << 4;
    pub(crate) const MAIN: u32 = 1 << 5;
    pub(crate) const SECTION: u32 = 1 << 6;
    pub(crate) const FORM: u32 = 1 << 7;
    pub(crate) const LIST: u32 = 1 << 8;
    pub(crate) const TABLE: u32 = 1 << 9;
    pub(crate) const FIGURE: u32 = 1 << 10;
    pub(crate) const CAPTION: u32 = 1 << 11;
    pub(crate) const QUOTE: u32 = 1 << 12;
    pub(crate) const PRE: u32 = 1 << 13;
    pub(crate) const HIDDEN: u32 = 1 << 14;
    pub(crate) const HEADING: u32 = 1 << 15;
    pub(crate) const PARAGRAPH: u32 = 1 << 16;
    pub(crate) const ITEM: u32 = 1 << 17;
    pub(crate) const ARTICLE_BODY: u32 = 1 << 18;
    pub(crate) const LINK: u32 = 1 << 19;
    pub(crate) const DEFINITION: u32 = 1 << 20;
    pub(crate) const DETAILS: u32 = 1 << 21;
    pub(crate) const EMPHASIS: u32 = 1 << 22;
    pub(crate) const H1: u32 = 1 << 23;
}

/// An element that parts text from its surroundings.
#[derive(Debug, Clone)]
pub(crate) struct Container {
    pub(crate) parent: u32,
    pub(crate) depth: u16,
    /// Hints of this element alone.
    pub(crate) hints: u32,
    /// Hints of this element and all above it.
    pub(crate) hints_above: u32,
    /// Kinds of this element and all above it.
    pub(crate) flags: u32,
    /// Digest of the element's name and class and those of its parent: alike for elements of one design.
    pub(crate) design: u64,
    /// First block inside.
    pub(crate) first: u32,
    /// One past the last block inside.
    pub(crate) end: u32,
    pub(crate) words: u32,
    pub(crate) link_words: u32,
    /// Words in blocks that read as prose.
    pub(crate) prose: u32,
    /// Words in prose blocks of direct children.
    pub(crate) own_prose: u32,
}

/// A run of text without a break.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Place in [`Page::text`], in bytes.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) container: u32,
    pub(crate) words: u32,
    pub(crate) link_words: u32,
    /// Links that begin in it.
    pub(crate) links: u32,
    /// Words in bold or italics.
    pub(crate) strong_words: u32,
    /// Full stops, question marks and the like at the end of a word.
    pub(crate) stops: u32,
    pub(crate) commas: u32,
    pub(crate) capitals: u32,
    pub(crate) letters: u32,
    pub(crate) digits: u32,
    /// Kinds of inline element inside, with those of the container.
    pub(crate) flags: u32,
    /// Hints of inline elements inside.
    pub(crate) hints: u32,
    /// Images met since the block before.
    pub(crate) images: u32,
}

/// The blocks of a page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) blocks: Vec<Block>,
    pub(crate) containers: Vec<Container>,
}

impl Page {
    /// Text of a block; `\n` for a line break.
    pub(crate) fn text_of(&self, block: &Block) -> &str {
        &self.text[block.start..block.end]
    }
}

/// Whether a block reads as running text.
pub(crate) fn is_prose(block: &Block) -> bool {
    block.words >= 12 && block.stops + block.commas > 0 && block.link_words * 3 < block.words
}

#[derive(Clone, Copy)]
struct Frame {
    container: u32,
    flags: u32,
    /// Whether leaving the element ends a block.
    breaks: bool,
    /// Whether the element made a container of its own.
    own: bool,
}

struct Builder<'a> {
    dom: &'a Dom,
    page: Page,
    frames: Vec<Frame>,
    pending: Pending,
    /// Hints of the names met so far: pages give the same names to many elements.
    named: FxHashMap<&'a str, u32>,
}

#[derive(Default)]
struct Pending {
    start: usize,
    link_words: u32,
    links: u32,
    strong_words: u32,
    flags: u32,
    hints: u32,
    images: u32,
    /// White space since the last word.
    space: bool,
    /// Line breaks since the last word.
    breaks: u32,
}

/// Splits a page into blocks.
pub(crate) fn split(dom: &Dom) -> Page {
    let mut builder = Builder {
        dom,
        page: Page::default(),
        frames: Vec::new(),
        pending: Pending::default(),
        named: FxHashMap::default(),
    };
    builder.page.text.reserve(16 * 1024);
    builder.page.containers.push(Container {
        parent: 0,
        depth: 0,
        hints: 0,
        hints_above: 0,
        flags: 0,
        design: 0,
        first: 0,
        end: 0,
        words: 0,
        link_words: 0,
        prose: 0,
        own_prose: 0,
    });
    builder.frames.push(Frame { container: 0, flags: 0, breaks: true, own: false });
    dom.walk(ROOT, |step| match step {
        Step::Enter(id) => builder.enter(id),
        Step::Leave(id) => {
            builder.leave(id);
            true
        }
    });
    builder.flush();
    builder.finish()
}

impl<'a> Builder<'a> {
    fn enter(&mut self, id: NodeId) -> bool {
        match &self.dom.node(id).data {
            Data::Document => true,
            Data::Ignored => false,
            Data::Text(text) => {
                self.text(text);
                true
            }
            Data::Element { name, .. } => {
                if name.ns != html5ever::ns!(html) {
                    return false;
                }
                let name = &name.local;
                match element_kind(name) {
                    Kind::Skipped => {
                        if *name == local_name!("iframe") || *name == local_name!("video") {
                            self.pending.images += 1;
                        }
                        false
                    }
                    Kind::Break => {
                        self.pending.breaks += 1;
                        if self.pending.breaks >= 2 {
                            let breaks = self.pending.breaks;
                            self.flush();
                            self.pending.breaks = breaks;
                        }
                        false
                    }
                    Kind::Rule => {
                        self.flush();
                        false
                    }
                    Kind::Image => {
                        self.pending.images += 1;
                        false
                    }
                    Kind::Inline(own) => {
                        self.inline(id, own);
                        true
                    }
                    Kind::Block(own) => {
                        self.block(id, own);
                        true
                    }
                }
            }
        }
    }

    fn hints_of(&mut self, names: &'a str) -> u32 {
        *self.named.entry(names).or_insert_with(|| hints::of(names))
    }

    fn top(&self) -> Frame {
        *self.frames.last().expect("the root frame is never popped")
    }

    fn inline(&mut self, id: NodeId, own: u32) {
        let above = self.top();
        let mut flags = above.flags | own;
        if own & flag::LINK != 0 {
            self.pending.links += 1;
        }
        let dom = self.dom;
        for attribute in dom.attributes(id) {
            if attribute.name.local == local_name!("class") {
                self.pending.hints |= self.hints_of(&attribute.value);
            } else if conceals(&attribute.name.local, &attribute.value) {
                flags |= flag::HIDDEN;
            }
        }
        self.frames.push(Frame { container: above.container, flags, breaks: false, own: false });
    }

    fn block(&mut self, id: NodeId, own: u32) {
        self.flush();
        let above = self.top();
        let mut flags = above.flags | own;
        let mut named = 0;
        let mut hasher = FxHasher::default();
        if let Some(name) = self.dom.name(id) {
            name.hash(&mut hasher);
        }
        let dom = self.dom;
        for attribute in dom.attributes(id) {
            let name = &attribute.name.local;
            let value = &*attribute.value;
            if *name == local_name!("class") {
                named |= self.hints_of(value);
                value.hash(&mut hasher);
            } else if *name == local_name!("id") {
                named |= self.hints_of(value);
            } else if *name == local_name!("role") {
                named |= self.hints_of(value);
                flags |= match value {
                    "navigation" => flag::NAV,
                    "main" => flag::MAIN,
                    "complementary" => flag::ASIDE,
                    "contentinfo" => flag::FOOTER,
                    "banner" => flag::HEADER,
                    "article" => flag::ARTICLE,
                    _ => 0,
                };
            } else if *name == local_name!("itemprop") {
                if value == "articleBody" {
                    flags |= flag::ARTICLE_BODY;
                }
            } else if conceals(name, value) {
                flags |= flag::HIDDEN;
            }
        }
        let parent = &self.page.containers[above.container as usize];
        parent.design.hash(&mut hasher);
        let container = Container {
            parent: above.container,
            depth: parent.depth + 1,
            hints: named,
            hints_above: parent.hints_above | named,
            flags,
            design: hasher.finish(),
            first: self.page.blocks.len() as u32,
            end: 0,
            words: 0,
            link_words: 0,
            prose: 0,
            own_prose: 0,
        };
        self.page.containers.push(container);
        let index = (self.page.containers.len() - 1) as u32;
        self.frames.push(Frame { container: index, flags, breaks: true, own: true });
    }

    fn leave(&mut self, id: NodeId) {
        // Elements that are no part of the text were not entered, so they are not left.
        if !matches!(self.dom.node(id).data, Data::Element { .. }) {
            return;
        }
        if self.top().breaks {
            self.flush();
        }
        let frame = self.frames.pop().expect("every element that is entered is left");
        if frame.own {
            self.page.containers[frame.container as usize].end = self.page.blocks.len() as u32;
        }
    }

    fn text(&mut self, text: &str) {
        let flags = self.top().flags;
        let mut words = 0;
        for (index, piece) in text.split(is_space).enumerate() {
            if index > 0 {
                self.pending.space = true;
            }
            if piece.is_empty() {
                continue;
            }
            let page = &mut self.page;
            let started = page.text.len() > self.pending.start;
            if started {
                if self.pending.breaks > 0 {
                    page.text.push('\n');
                } else if self.pending.space {
                    page.text.push(' ');
                }
            }
            if !started || self.pending.space || self.pending.breaks > 0 {
                words += 1;
            }
            self.pending.space = false;
            self.pending.breaks = 0;
            page.text.push_str(piece);
        }
        if words > 0 {
            self.pending.flags |= flags & (flag::HIDDEN | flag::EMPHASIS | flag::LINK);
        }
        if flags & flag::LINK != 0 {
            self.pending.link_words += words;
        }
        if flags & flag::EMPHASIS != 0 {
            self.pending.strong_words += words;
        }
    }

    /// Ends the block that is being read.
    fn flush(&mut self) {
        let end = self.page.text.len();
        if end == self.pending.start {
            let images = self.pending.images;
            self.pending = Pending { start: end, images, ..Pending::default() };
            return;
        }
        let frame = self.top();
        let pending = std::mem::replace(&mut self.pending, Pending { start: end, ..Pending::default() });
        let text = &self.page.text[pending.start..end];
        let mut block = Block {
            start: pending.start,
            end,
            container: frame.container,
            words: 0,
            link_words: pending.link_words,
            links: pending.links,
            strong_words: pending.strong_words,
            stops: 0,
            commas: 0,
            capitals: 0,
            letters: 0,
            digits: 0,
            flags: pending.flags | frame.flags,
            hints: pending.hints,
            images: pending.images,
        };
        for word in text.split([' ', '\n']) {
            block.words += 1;
            block.stops += u32::from(
                word.trim_end_matches(['"', '”', '’', ')', '\'', '»'])
                    .ends_with(['.', '?', '!', '…', '。', '؟', '।']),
            );
        }
        for character in text.chars() {
            if character.is_ascii_digit() {
                block.digits += 1;
            } else if character.is_alphabetic() {
                block.letters += 1;
                block.capitals += u32::from(character.is_uppercase());
            } else if matches!(character, ',' | '،' | '、' | '，' | ';') {
                block.commas += 1;
            }
        }
        let container = &mut self.page.containers[frame.container as usize];
        container.words += block.words;
        container.link_words += block.link_words;
        if is_prose(&block) {
            container.prose += block.words;
            container.own_prose += block.words;
        }
        self.page.blocks.push(block);
    }

    fn finish(mut self) -> Page {
        let containers = &mut self.page.containers;
        containers[0].end = self.page.blocks.len() as u32;
        // Children come after their parents.
        for index in (1..containers.len()).rev() {
            let Container { parent, words, link_words, prose, own_prose, .. } = containers[index];
            let direct = containers[index].flags & flag::PARAGRAPH != 0;
            let above = &mut containers[parent as usize];
            above.words += words;
            above.link_words += link_words;
            above.prose += prose;
            if direct {
                above.own_prose += own_prose;
            }
        }
        self.page
    }
}

/// White space of HTML and of typesetting.
fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{feff}' | '\u{200b}' | '\0')
}

fn conceals(name: &LocalName, value: &str) -> bool {
    if *name == local_name!("style") {
        let mut text =
            value.as_bytes().windows(4).enumerate().filter(|(_, w)| w.eq_ignore_ascii_case(b"none"));
        return text.any(|(at, _)| {
            let before = value.as_bytes()[..at].trim_ascii_end();
            before.len() >= 8
                && before[..before.len() - 1].trim_ascii_end().to_ascii_lowercase().ends_with(b"display")
        });
    }
    &**name == "hidden" || (&**name == "aria-hidden" && value == "true")
}

enum Kind {
    /// Neither it nor what is in it is text to read.
    Skipped,
    Break,
    Rule,
    Image,
    Inline(u32),
    Block(u32),
}

fn element_kind(name: &LocalName) -> Kind {
    match *name {
        local_name!("a") => Kind::Inline(flag::LINK),
        local_name!("span") => Kind::Inline(0),
        local_name!("div") => Kind::Block(0),
        local_name!("p") => Kind::Block(flag::PARAGRAPH),
        local_name!("br") => Kind::Break,
        local_name!("hr") => Kind::Rule,
        local_name!("img") | local_name!("picture") => Kind::Image,
        local_name!("b")
        | local_name!("strong")
        | local_name!("i")
        | local_name!("em")
        | local_name!("u") => Kind::Inline(flag::EMPHASIS),
        local_name!("li") => Kind::Block(flag::ITEM),
        local_name!("ul") | local_name!("ol") | local_name!("menu") | local_name!("dir") => {
            Kind::Block(flag::LIST)
        }
        local_name!("h1") => Kind::Block(flag::HEADING | flag::H1),
        local_name!("h2") | local_name!("h3") | local_name!("h4") | local_name!("h5") | local_name!("h6") => {
            Kind::Block(flag::HEADING)
        }
        local_name!("td")
        | local_name!("th")
        | local_name!("tr")
        | local_name!("tbody")
        | local_name!("thead")
        | local_name!("tfoot") => Kind::Block(0),
        local_name!("table") => Kind::Block(flag::TABLE),
        local_name!("article") => Kind::Block(flag::ARTICLE),
        local_name!("main") => Kind::Block(flag::MAIN),
        local_name!("section") => Kind::Block(flag::SECTION),
        local_name!("nav") => Kind::Block(flag::NAV),
        local_name!("header") | local_name!("hgroup") => Kind::Block(flag::HEADER),
        local_name!("footer") => Kind::Block(flag::FOOTER),
        local_name!("aside") => Kind::Block(flag::ASIDE),
        local_name!("form") | local_name!("fieldset") => Kind::Block(flag::FORM),
        local_name!("figure") => Kind::Block(flag::FIGURE),
        local_name!("figcaption") | local_name!("caption") => Kind::Block(flag::CAPTION),
        local_name!("blockquote") => Kind::Block(flag::QUOTE),
        local_name!("pre") | local_name!("xmp") | local_name!("listing") | local_name!("plaintext") => {
            Kind::Block(flag::PRE)
        }
        local_name!("dl") | local_name!("dd") | local_name!("dt") => Kind::Block(flag::DEFINITION),
        local_name!("details") | local_name!("dialog") => Kind::Block(flag::DETAILS),
        local_name!("html")
        | local_name!("body")
        | local_name!("address")
        | local_name!("center")
        | local_name!("summary")
        | local_name!("legend")
        | local_name!("colgroup")
        | local_name!("frameset")
        | local_name!("noframes") => Kind::Block(0),
        local_name!("head")
        | local_name!("script")
        | local_name!("style")
        | local_name!("noscript")
        | local_name!("template")
        | local_name!("iframe")
        | local_name!("object")
        | local_name!("embed")
        | local_name!("video")
        | local_name!("audio")
        | local_name!("canvas")
        | local_name!("map")
        | local_name!("select")
        | local_name!("option")
        | local_name!("button")
        | local_name!("input")
        | local_name!("textarea")
        | local_name!("datalist")
        | local_name!("title")
        | local_name!("applet")
        | local_name!("progress")
        | local_name!("meter")
        | local_name!("rp")
        | local_name!("noembed") => Kind::Skipped,
        _ => Kind::Inline(0),
    }
}
