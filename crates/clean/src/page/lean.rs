//! A page without what no reader of it looks at, cut away before it is parsed.
//!
//! Most bytes of a page are scripts, styles, drawings, comments and attributes that say nothing of the text. A scan that
//! steps from `<` to `<` copies the rest; the parser then has a third of the work. It follows the states of the HTML
//! tokenizer, so that what is left makes the same tree. It also bounds the attributes of a tag, which the tokenizer would
//! compare each with all before it.

use memchr::{memchr, memchr2, memmem};

/// What is left of a page.
#[derive(Debug, Default)]
pub(crate) struct Lean<'h> {
    pub(crate) html: String,
    /// Bodies of scripts, other than JSON-LD, that speak of publication.
    pub(crate) scripts: Vec<&'h str>,
}

/// Attributes that are read, with the elements on which they are.
const ATTRIBUTES: [&[u8]; 17] = [
    b"class",
    b"id",
    b"role",
    b"itemprop",
    b"rel",
    b"content",
    b"datetime",
    b"pubdate",
    b"hidden",
    b"style",
    b"aria-hidden",
    b"property",
    b"name",
    b"http-equiv",
    b"lang",
    b"type",
    b"href",
];

/// Elements of HTML that end a drawing in which they stand, as the HTML standard lists them.
const ENDS_DRAWING: [&[u8]; 44] = [
    b"b",
    b"big",
    b"blockquote",
    b"body",
    b"br",
    b"center",
    b"code",
    b"dd",
    b"div",
    b"dl",
    b"dt",
    b"em",
    b"embed",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"head",
    b"hr",
    b"i",
    b"img",
    b"li",
    b"listing",
    b"menu",
    b"meta",
    b"nobr",
    b"ol",
    b"p",
    b"pre",
    b"ruby",
    b"s",
    b"small",
    b"span",
    b"strong",
    b"strike",
    b"sub",
    b"sup",
    b"table",
    b"tt",
    b"u",
    b"ul",
    b"var",
];

/// Leaves away what is not read.
pub(crate) fn lean(html: &str) -> Lean<'_> {
    let mut scan =
        Scan { html, bytes: html.as_bytes(), out: Lean::default(), after_block: true, no_drawing_before: 0 };
    scan.out.html.reserve(html.len() / 2);
    let mut at = 0;
    while at < html.len() {
        let open = memchr(b'<', &scan.bytes[at..]).map_or(html.len(), |found| at + found);
        scan.text(at, open);
        at = scan.markup(open);
    }
    scan.out
}

struct Scan<'h> {
    html: &'h str,
    bytes: &'h [u8],
    out: Lean<'h>,
    /// Whether the tag before parts text from text as a block does.
    after_block: bool,
    /// Up to here it is known that drawings are not closed before other elements begin.
    no_drawing_before: usize,
}

/// A tag that was read.
struct Tag<'h> {
    name: &'h str,
    /// After its `>`.
    end: usize,
    /// Whether its `>` is there; the tokenizer drops a tag that the page's end cuts off.
    whole: bool,
    closes_itself: bool,
}

impl Tag<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl<'h> Scan<'h> {
    /// Copies text, each line break with the white space around it as one space.
    fn text(&mut self, from: usize, to: usize) {
        let blank = self.bytes[from..to].iter().all(u8::is_ascii_whitespace);
        // Blocks part what stands beside them; white space there would be a node for nothing.
        if blank && (self.after_block || self.block_at(to)) {
            return;
        }
        self.after_block &= blank;
        let mut at = from;
        while at < to {
            let end = memchr2(b'\n', b'\r', &self.bytes[at..to]).map_or(to, |found| at + found);
            let line = &self.html[at..end];
            if !line.bytes().all(|byte| byte.is_ascii_whitespace()) {
                self.out.html.push_str(line);
            }
            at = end;
            if end < to || line.ends_with(' ') {
                while at < to && self.bytes[at].is_ascii_whitespace() {
                    at += 1;
                }
                if !self.out.html.ends_with(' ') {
                    self.out.html.push(' ');
                }
            }
        }
    }

    /// Whether the tag at `open` is that of a block.
    fn block_at(&self, open: usize) -> bool {
        let mut name = &self.bytes[(open + 1).min(self.bytes.len())..];
        if let [b'/', rest @ ..] = name {
            name = rest;
        }
        let end = name.iter().take(11).position(|byte| ends_word(*byte)).unwrap_or(0);
        is_block(&name[..end])
    }

    fn copy(&mut self, from: usize, to: usize) {
        self.out.html.push_str(&self.html[from..to]);
    }

    /// Handles what begins with the `<` at `open`; gives the place after it.
    fn markup(&mut self, open: usize) -> usize {
        let rest = &self.bytes[(open + 1).min(self.bytes.len())..];
        match rest.first() {
            Some(letter) if letter.is_ascii_alphabetic() => self.start_tag(open),
            Some(b'/') => match rest.get(1) {
                Some(letter) if letter.is_ascii_alphabetic() => {
                    let tag = self.tag(open + 2, false);
                    let name = tag.name;
                    self.after_block = is_block(name.as_bytes());
                    if tag.whole {
                        self.out.html.push_str("</");
                        self.out.html.push_str(name);
                        self.out.html.push('>');
                    }
                    tag.end
                }
                Some(_) => self.after(b'>', open),
                None => self.bytes.len(),
            },
            Some(b'!') if rest.starts_with(b"!--") => self.comment(open),
            Some(b'!') => {
                let end = self.after(b'>', open);
                if rest.get(1..8).is_some_and(|word| word.eq_ignore_ascii_case(b"doctype")) {
                    self.copy(open, end);
                }
                end
            }
            Some(b'?') => self.after(b'>', open),
            Some(_) => {
                self.copy(open, open + 1);
                open + 1
            }
            None => self.bytes.len(),
        }
    }

    /// The place after the next `sign`.
    fn after(&self, sign: u8, from: usize) -> usize {
        memchr(sign, &self.bytes[from..]).map_or(self.bytes.len(), |found| from + found + 1)
    }

    /// The end of the comment at `open`.
    fn comment(&self, open: usize) -> usize {
        // "<!-->" and "<!--->" are whole comments.
        let mut at = open + 2;
        while let Some(found) = memmem::find(&self.bytes[at..], b"--") {
            at += found + 2;
            match &self.bytes[at..] {
                [b'>', ..] => return at + 1,
                [b'!', b'>', ..] if at > open + 4 => return at + 2,
                [b'-', ..] => at -= 1,
                _ => {}
            }
        }
        self.bytes.len()
    }

    fn start_tag(&mut self, open: usize) -> usize {
        let before = self.out.html.len();
        let tag = self.tag(open + 1, true);
        if !tag.whole {
            self.out.html.truncate(before);
            return tag.end;
        }
        if tag.is("script") {
            return self.script(before, tag.end);
        }
        self.after_block = is_block(tag.name.as_bytes());
        if tag.is("svg") {
            let end = if tag.closes_itself { Some(tag.end) } else { self.end_of_drawing(tag.end) };
            if let Some(end) = end {
                self.out.html.truncate(before);
                return end;
            }
        }
        for raw in ["style", "textarea", "iframe", "title", "xmp", "noembed", "noframes"] {
            if !tag.is(raw) {
                continue;
            }
            let end = self.end_of_raw(tag.end, raw.as_bytes());
            match raw {
                "style" | "textarea" if end < self.bytes.len() => {
                    self.out.html.truncate(before);
                    return self.after(b'>', end);
                }
                "style" | "textarea" => self.out.html.truncate(before),
                "iframe" | "noembed" => {}
                _ => self.copy(tag.end, end),
            }
            return end;
        }
        if tag.is("plaintext") {
            self.copy(tag.end, self.bytes.len());
            return self.bytes.len();
        }
        tag.end
    }

    /// Reads a tag from the first letter of its name on; `keep` copies it with the attributes that are read.
    fn tag(&mut self, start: usize, keep: bool) -> Tag<'h> {
        let bytes = self.bytes;
        let mut at = start;
        while at < bytes.len() && !ends_word(bytes[at]) {
            at += 1;
        }
        let name = &self.html[start..at];
        let mut tag = Tag { name, end: bytes.len(), whole: false, closes_itself: false };
        if keep {
            self.out.html.push('<');
            self.out.html.push_str(name);
        }
        let mut seen = 0_u32;
        loop {
            let mut slash = false;
            while at < bytes.len() && (bytes[at].is_ascii_whitespace() || bytes[at] == b'/') {
                slash = bytes[at] == b'/';
                at += 1;
            }
            if at >= bytes.len() {
                return tag;
            }
            if bytes[at] == b'>' {
                tag.end = at + 1;
                tag.whole = true;
                tag.closes_itself = slash;
                if keep {
                    self.out.html.push('>');
                }
                return tag;
            }
            let attribute = at;
            at += 1;
            while at < bytes.len() && !ends_word(bytes[at]) && bytes[at] != b'=' {
                at += 1;
            }
            let label = attribute..at;
            let mut next = at;
            while next < bytes.len() && bytes[next].is_ascii_whitespace() {
                next += 1;
            }
            let mut value = at..at;
            if bytes.get(next) == Some(&b'=') {
                next += 1;
                while next < bytes.len() && bytes[next].is_ascii_whitespace() {
                    next += 1;
                }
                match bytes.get(next) {
                    Some(&quote @ (b'"' | b'\'')) => {
                        let Some(length) = memchr(quote, &bytes[next + 1..]) else { return tag };
                        value = next + 1..next + 1 + length;
                        at = value.end + 1;
                    }
                    _ => {
                        at = next;
                        while at < bytes.len() && bytes[at] != b'>' && !bytes[at].is_ascii_whitespace() {
                            at += 1;
                        }
                        value = next..at;
                    }
                }
            }
            if keep
                && let Some(known) = known(&bytes[label])
                && seen & (1 << known) == 0
                && is_read(name.as_bytes(), ATTRIBUTES[known], &bytes[value])
            {
                seen |= 1 << known;
                self.out.html.push(' ');
                self.out.html.push_str(&self.html[attribute..at]);
                // A value without quotes may end in what would close the tag by itself.
                if bytes[at - 1] == b'/' {
                    self.out.html.push(' ');
                }
            }
        }
    }

    /// Keeps of a script what is read of it; its start tag, copied from `tag` on, ends at `from`.
    fn script(&mut self, tag: usize, from: usize) -> usize {
        let mut end = self.end_of_raw(from, b"script");
        // A script that opens a comment and in it a script ends with the end of the outer one.
        while let Some(comment) = memmem::rfind(&self.bytes[from..end], b"<!--")
            && memmem::find(&self.bytes[from + comment..end], b"-->").is_none()
            && opens_script(&self.bytes[from + comment..end])
            && end < self.bytes.len()
        {
            let inner = self.after(b'>', end);
            let next = self.end_of_raw(inner, b"script");
            if next == self.bytes.len() {
                break;
            }
            end = next;
        }
        let body = &self.html[from..end];
        if self.out.html[tag..].to_ascii_lowercase().contains("ld+json") {
            self.out.html.push_str(body);
            return end;
        }
        self.out.html.truncate(tag);
        if memmem::find(body.as_bytes(), b"ublish").is_some() {
            self.out.scripts.push(body);
        }
        if end < self.bytes.len() { self.after(b'>', end) } else { end }
    }

    /// Where the end tag of an element begins whose content is no markup.
    fn end_of_raw(&self, from: usize, name: &[u8]) -> usize {
        let mut at = from;
        while let Some(found) = memmem::find(&self.bytes[at..], b"</") {
            at += found;
            let close = &self.bytes[at + 2..];
            if close.len() >= name.len()
                && close[..name.len()].eq_ignore_ascii_case(name)
                && close.get(name.len()).is_none_or(|byte| ends_word(*byte))
            {
                return at;
            }
            at += 2;
        }
        self.bytes.len()
    }

    /// The end of a drawing, if it is closed before an element begins that ends it.
    fn end_of_drawing(&mut self, from: usize) -> Option<usize> {
        if from < self.no_drawing_before {
            return None;
        }
        let mut depth = 1;
        let mut at = from;
        while let Some(found) = memchr(b'<', &self.bytes[at..]) {
            let open = at + found;
            at = open + 1;
            let rest = &self.bytes[at..];
            let closes = rest.first() == Some(&b'/');
            let name = &rest[usize::from(closes)..];
            let name =
                &name[..name.iter().take(16).position(|byte| ends_word(*byte)).unwrap_or(name.len().min(16))];
            if name.eq_ignore_ascii_case(b"svg") {
                let mut end = at;
                while end < self.bytes.len() && self.bytes[end] != b'>' {
                    end += 1;
                }
                match (closes, self.bytes[end - 1] == b'/') {
                    (true, _) => depth -= 1,
                    (false, false) => depth += 1,
                    (false, true) => {}
                }
                at = (end + 1).min(self.bytes.len());
                if depth == 0 {
                    return Some(at);
                }
            } else if rest.starts_with(b"!--") {
                at = self.comment(open);
            } else if !closes && ENDS_DRAWING.iter().any(|ends| name.eq_ignore_ascii_case(ends)) {
                break;
            }
        }
        self.no_drawing_before = at;
        None
    }
}

/// Whether a byte ends the name of a tag or attribute.
fn ends_word(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')
}

/// Whether an element parts its text from what stands beside it. Few pages write names in capitals; theirs merely keep
/// their white space.
fn is_block(name: &[u8]) -> bool {
    matches!(
        name,
        b"div"
            | b"p"
            | b"li"
            | b"ul"
            | b"ol"
            | b"h1"
            | b"h2"
            | b"h3"
            | b"h4"
            | b"td"
            | b"tr"
            | b"table"
            | b"tbody"
            | b"section"
            | b"article"
            | b"header"
            | b"footer"
            | b"nav"
            | b"aside"
            | b"main"
            | b"figure"
            | b"form"
            | b"figcaption"
            | b"blockquote"
            | b"html"
            | b"head"
            | b"body"
            | b"dl"
            | b"dt"
            | b"dd"
    )
}

/// The index of an attribute among those that are read.
fn known(label: &[u8]) -> Option<usize> {
    ATTRIBUTES.iter().position(|name| name.len() == label.len() && name.eq_ignore_ascii_case(label))
}

/// Whether an attribute is read on that element, with that value.
fn is_read(element: &[u8], attribute: &[u8], value: &[u8]) -> bool {
    let on = |name: &[u8]| element.eq_ignore_ascii_case(name);
    match attribute {
        b"style" => value.windows(4).any(|word| word.eq_ignore_ascii_case(b"none")),
        b"aria-hidden" => value == b"true",
        b"property" | b"name" | b"http-equiv" => on(b"meta"),
        b"lang" => on(b"html"),
        b"type" => on(b"script") || on(b"input"),
        b"href" => {
            on(b"link")
                || on(b"a")
                    && [&b"/author"[..], b"/contributor"]
                        .iter()
                        .any(|part| memmem::find(value, part).is_some())
        }
        _ => true,
    }
}

/// Whether a piece of a script holds the start tag of a script.
fn opens_script(piece: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = memchr(b'<', &piece[at..]) {
        at += found + 1;
        if piece[at..].len() > 6
            && piece[at..at + 6].eq_ignore_ascii_case(b"script")
            && ends_word(piece[at + 6])
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::lean;

    #[test]
    fn leaves_away_what_is_not_read() {
        for (page, left) in [
            ("<p onclick='a>b' class=x>One</p>", "<p class=x>One</p>"),
            ("<!-- a > b --><p>One<!-->two<!--->three", "<p>Onetwothree"),
            ("<style>p { a: '<p>' }</style><p>One", "<p>One"),
            ("<script>if (a < b) '<p>'</script>One", "One"),
            ("<a href=/x/>One</a>", "<a>One</a>"),
            ("<a href=/author/>One</a>", "<a href=/author/ >One</a>"),
            ("<svg viewBox='0'><path d='M 1'/><title>Arrow</title></svg>One", "One"),
            ("<svg><path><p>One</p></svg>", "<svg><path><p>One</p></svg>"),
            ("<div  \n class = \"a b\"\n>One\n   two  </div>", "<div class = \"a b\">One two  </div>"),
            ("<title>A <b> title</title>", "<title>A <b> title</title>"),
            ("<p class=a class=b CLASS=c>One", "<p class=a>One"),
            ("a < b & c <3", "a < b & c <3"),
            ("One <a href=\"x", "One "),
            ("<div> <b>One</b> <i>two</i> </div> <p>", "<div><b>One</b> <i>two</i></div><p>"),
            ("<div>One<!-- --> <b>two</b>", "<div>One <b>two</b>"),
            ("<!doctype html><?xml a?><![CDATA[x]]>One", "<!doctype html>One"),
        ] {
            assert_eq!(lean(page).html, left, "{page}");
        }
    }

    #[test]
    fn keeps_the_scripts_that_speak_of_publication() {
        let page = "<script>var a = 1</script><script>{\"datePublished\":\"2020-01-02\"}</script>\
                    <script type=\"application/ld+json\">{\"a\":\"<p>\"}</script>\
                    <script><!-- document.write('<script>x</script>') //--></script>One";
        let lean = lean(page);
        assert_eq!(lean.scripts, ["{\"datePublished\":\"2020-01-02\"}"]);
        assert_eq!(lean.html, "<script type=\"application/ld+json\">{\"a\":\"<p>\"}</script>One");
    }
}
