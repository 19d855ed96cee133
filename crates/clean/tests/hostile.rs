//! Pages and texts made to break a reader: each must end, in time that grows no faster than the input, and lose nothing
//! that a reader can find.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use annals_clean::clean;
use annals_plugin::Article;

const STORY: &str = "Shells fell on the grain market of the town for the third day running, and residents who had come \
    back in spring packed what they could carry, a councillor said on Monday. She counted nine dead, two of them \
    children, and asked the army to open the road to the south.";

fn page(html: impl Into<Vec<u8>>) -> Article {
    let mut article = Article::new("a", "a", "a.html");
    article.html = Some(html.into());
    article
}

fn text(text: impl Into<String>) -> Article {
    let mut article = Article::new("a", "a", "a.txt");
    article.text = text.into();
    article
}

/// Cleans and gives the time it took.
fn timed(article: &mut Article) -> Duration {
    let start = Instant::now();
    let _ = clean(article);
    start.elapsed()
}

/// Checks that eight times the input takes less than about eight times as long: time must not grow with the square.
#[expect(clippy::print_stderr, reason = "a test shows what it measured")]
fn assert_linear(name: &str, small: usize, make: impl Fn(usize) -> Article) {
    // The rules are read at the first call.
    let _ = clean(&mut text(STORY));
    let first = timed(&mut make(small));
    let second = timed(&mut make(small * 8));
    eprintln!("{name}: {small} in {first:?}, {} in {second:?}", small * 8);
    // Growth with the square would be 64; caches and other programs on the machine take their share.
    assert!(
        second < first * 28 + Duration::from_millis(400),
        "{name}: eight times the input took {second:?}, not about 8 × {first:?}"
    );
}

#[test]
fn a_hundred_thousand_nested_tags() {
    let mut article = page(format!("{}<p>{STORY}</p>", "<div>".repeat(100_000)));
    let took = timed(&mut article);
    assert!(article.text.contains("grain market"), "{:?}", article.text);
    assert!(took < Duration::from_secs(20), "took {took:?}");
    assert_linear("nested div", 12_500, |n| page(format!("{}{STORY}", "<div>".repeat(n))));
    assert_linear("nested span", 12_500, |n| page(format!("{}{STORY}", "<span>".repeat(n))));
    assert_linear("nested tables", 4_000, |n| page(format!("{}{STORY}", "<table><tr><td>".repeat(n))));
    assert_linear("nested lists", 8_000, |n| page(format!("{}{STORY}", "<ul><li>".repeat(n))));
}

#[test]
fn a_million_attributes() {
    let mut html = String::from("<p ");
    for n in 0..1_000_000 {
        let _ = write!(html, "a{n} ");
    }
    let _ = write!(html, ">{STORY}</p>");
    let mut article = page(html);
    let took = timed(&mut article);
    assert!(article.text.contains("grain market"));
    assert!(took < Duration::from_secs(20), "took {took:?}");
    assert_linear("attributes", 40_000, |n| {
        let mut html = String::from("<div");
        for i in 0..n {
            let _ = write!(html, " x{i}='{i}'");
        }
        page(format!("{html}><p>{STORY}</p></div>"))
    });
}

#[test]
fn misnested_formatting_does_not_multiply() {
    assert_linear("misnested formatting", 1_000, |n| {
        let mut html = String::new();
        for i in 0..n {
            let _ = write!(html, "<p><b class=x{i}><i class=y{i}></p>");
        }
        page(format!("{html}<p>{STORY}</p>"))
    });
    assert_linear("unclosed links", 2_000, |n| page(format!("{}<p>{STORY}</p>", "<a href=x><p>".repeat(n))));
}

#[test]
fn one_large_text_node() {
    let mut article = page(format!("<body><div>{}</div></body>", STORY.repeat(50_000_000 / STORY.len())));
    let took = timed(&mut article);
    eprintln!("50 MB in one text node: {took:?}");
    assert!(article.text.contains("grain market"));
    assert_linear("one text node", 250_000, |n| page(format!("<p>{}</p>", STORY.repeat(n / STORY.len()))));
    assert_linear("one line of text", 250_000, |n| text(STORY.repeat(n / STORY.len())));
}

#[test]
fn many_small_pieces() {
    assert_linear("paragraphs", 2_000, |n| page("<p>One short line.".repeat(n)));
    assert_linear("lines", 4_000, |n| text("Share\nRead more: https://x.org/a\nBy Some One\n".repeat(n)));
    assert_linear("mojibake", 20_000, |n| text("ÃƒÂ¢Ã¢â€šÂ¬".repeat(n)));
    assert_linear("garbled", 20_000, |n| text("_\u{90}_â\u{8d}_ ".repeat(n)));
    assert_linear("entities", 20_000, |n| text("&amp;amp;".repeat(n)));
    assert_linear("dashes", 20_000, |n| text("A — ".repeat(n)));
    assert_linear("brackets", 20_000, |n| text("(".repeat(n)));
    assert_linear("comments", 20_000, |n| page("<!--".repeat(n)));
    assert_linear("open tags", 20_000, |n| page("<a href=\"".repeat(n)));
    assert_linear("scripts", 5_000, |n| page("<script></scrip".repeat(n)));
    assert_linear("json", 20_000, |n| {
        page(format!("<script type='application/ld+json'>{}</script><p>{STORY}</p>", "[".repeat(n)))
    });
}

#[test]
fn bytes_that_are_no_text() {
    let noise: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let _ = clean(&mut page(noise));
    let _ = clean(&mut page([0xff, 0xfe, 0x3c]));
    let _ = clean(&mut page(Vec::new()));
    let _ = clean(&mut text("\u{0}\u{1}\u{fffd}\u{202e}\u{feff}"));
    let _ = clean(&mut text(""));
}
