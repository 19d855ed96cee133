//! What each format gives, and what each kind of bad input ends in.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::path::Path;

use annals_input::{InputFile, Limits, Reason, article_id, find, read};
use annals_plugin::{Article, PublishedBasis, Rejected};
use flate2::Compression;
use flate2::write::GzEncoder;

fn file(folder: &Path, name: &str, bytes: &[u8]) -> InputFile {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    InputFile { path: name.to_owned(), file: path, len: bytes.len() as u64, modified: None }
}

fn read_with(name: &str, bytes: &[u8], limits: &Limits) -> (Vec<Article>, Vec<Rejected>) {
    let folder = tempfile::tempdir().unwrap();
    let mut articles = Vec::new();
    let mut rejected = Vec::new();
    for item in read(&file(folder.path(), name, bytes), limits) {
        match item {
            Ok(article) => articles.push(article),
            Err(row) => rejected.push(row),
        }
    }
    (articles, rejected)
}

fn read_all(name: &str, bytes: &[u8]) -> (Vec<Article>, Vec<Rejected>) {
    read_with(name, bytes, &Limits::default())
}

/// `record reason` of each row.
fn reasons(rejected: &[Rejected]) -> Vec<String> {
    rejected.iter().map(|r| format!("{} {}", r.record.as_deref().unwrap_or("-"), r.reason)).collect()
}

fn texts(articles: &[Article]) -> Vec<&str> {
    articles.iter().map(|a| a.text.as_str()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_text_file_is_one_article() {
    let (articles, rejected) = read_all("a.txt", "\u{feff}Shells fell on Maaret.\r\n".as_bytes());
    assert_eq!(rejected, []);
    assert_eq!(articles[0].source_id, "a.txt");
    assert_eq!(articles[0].article_id, article_id("a.txt"));
    assert_eq!(articles[0].article_id.len(), 16);
    assert_eq!(articles[0].text, "Shells fell on Maaret.\r\n");
    assert_eq!(articles[0].title, None);
}

#[test]
fn utf_16_with_a_mark_is_read() {
    let bytes: Vec<u8> = "\u{feff}Обстрел 🎯".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(texts(&read_all("a.txt", &bytes).0), ["Обстрел 🎯"]);
}

#[test]
fn a_page_keeps_its_bytes() {
    let page = b"<!DOCTYPE html><meta charset=windows-1252><p>caf\xe9</p>";
    for name in ["a.html", "a.HTM", "saved.txt", "noname"] {
        let (articles, rejected) = read_all(name, page);
        assert_eq!(rejected, [], "{name}");
        assert_eq!(articles[0].html.as_deref(), Some(&page[..]));
        assert_eq!(articles[0].text, "");
    }
}

#[test]
fn json_lines_give_fields_and_attributes() {
    let lines = r#"{"id":"x1","url":"https://a.test/1","publisher":" Idlib Post ","title":"T","published":"Tue, 05 Mar 2024 23:30:00 +0200","authors":["A","B"],"language":"en-GB","text":"one","desk":{"n":1},"note":""}

{"id":7,"text":"two","authors":"C; D","title":"","published":"some day","language":"unknown"}
{"html":"<p>three</p>"}
"#;
    let (articles, rejected) = read_all("a.jsonl", lines.as_bytes());
    assert_eq!(rejected, []);
    let [one, two, three] = &articles[..] else { panic!("{articles:?}") };
    assert_eq!((one.source_id.as_str(), one.publisher.as_deref()), ("x1", Some("Idlib Post")));
    assert_eq!(one.published.as_deref(), Some("2024-03-05T23:30:00+02:00"));
    assert_eq!(one.published_basis, Some(PublishedBasis::Metadata));
    assert_eq!(one.authors, ["A", "B"]);
    assert_eq!(one.language.as_deref(), Some("en"));
    assert_eq!(serde_json::to_string(&one.attributes).unwrap(), r#"{"desk":{"n":1}}"#);
    assert_eq!((two.source_id.as_str(), two.title.as_deref(), two.published.as_deref()), ("7", None, None));
    assert_eq!(two.authors, ["C", "D"]);
    let kept = r#"{"language":"unknown","published":"some day"}"#;
    assert_eq!(serde_json::to_string(&two.attributes).unwrap(), kept);
    assert_eq!(three.source_id, "a.jsonl#3");
    assert_eq!(three.html.as_deref(), Some("\u{feff}<p>three</p>".as_bytes()));
}

#[test]
fn a_record_may_say_where_its_date_was_found() {
    let lines = r#"{"id":"a","text":"x","published":"2024-03-05","published_basis":"feed"}
{"id":"b","text":"x","published":"2024-03-05","published_basis":"hearsay"}
"#;
    let (articles, _) = read_all("a.jsonl", lines.as_bytes());
    assert_eq!(articles[0].published_basis, Some(PublishedBasis::Feed));
    assert!(articles[0].attributes.is_empty());
    assert_eq!(articles[1].published_basis, Some(PublishedBasis::Metadata));
    assert_eq!(articles[1].attributes["published_basis"], "hearsay");
}

#[test]
fn a_bad_line_costs_itself() {
    let mut bytes = b"{\"text\":\"one\"}\n{\"text\": oops}\n[1]\n{\"text\":\"caf\xe9\"}\n{\"text\":5}\n{\"title\":\"t\"}\n".to_vec();
    bytes.extend_from_slice(b"{\"text\":\"last\"}");
    let (articles, rejected) = read_all("a.jsonl", &bytes);
    assert_eq!(texts(&articles), ["one", "last"]);
    assert_eq!(articles[1].source_id, "a.jsonl#7");
    assert_eq!(
        reasons(&rejected),
        ["2 malformed_json", "3 bad_field", "4 invalid_utf8", "5 bad_field", "6 no_text"]
    );
    assert_eq!(rejected[0].detail, "line 2, column 10: expected value");
}

#[test]
fn json_arrays_are_streamed() {
    let array =
        br#" [ {"text":"a ] } \" ["} , {"text":"b","n":[1,{"x":"}"}]}, 3, {"text":}, {"text":"c"} ] "#;
    let (articles, rejected) = read_all("a.json", array);
    assert_eq!(texts(&articles), ["a ] } \" [", "b", "c"]);
    assert_eq!(articles[2].source_id, "a.json#5");
    assert_eq!(reasons(&rejected), ["3 bad_field", "4 malformed_json"]);

    let (articles, _) = read_all("a.json", b"{\n \"text\": \"alone\"\n}\n");
    assert_eq!(articles[0].source_id, "a.json");

    let (articles, rejected) = read_all("a.json", b"{\"text\":\"a\"}\n{bad\n{\"text\":\"b\"}\n");
    assert_eq!(texts(&articles), ["a", "b"]);
    assert_eq!(reasons(&rejected), ["2 malformed_json"]);

    let (articles, rejected) = read_all("a.json", br#"[{"text":"a"},{"text":"b"#);
    assert_eq!(texts(&articles), ["a"]);
    assert_eq!(reasons(&rejected), ["- truncated"]);

    let (_, rejected) = read_all("a.json", b"only words, many of them, and no end");
    assert_eq!(reasons(&rejected), ["- malformed_json"]);
}

#[test]
fn many_gzip_members_and_zstandard_frames_are_one_stream() {
    let both = [gzip(b"{\"text\":\"a\"}\n"), gzip(b"{\"text\":\"b\"}\n")].concat();
    assert_eq!(texts(&read_all("a.jsonl.gz", &both).0), ["a", "b"]);
    let frame = |text: &[u8]| zstd::encode_all(text, 1).unwrap();
    let both = [frame(b"{\"text\":\"a\"}\n"), frame(b"{\"text\":\"b\"}\n")].concat();
    assert_eq!(texts(&read_all("a.jsonl.zst", &both).0), ["a", "b"]);
    // The content decides, not the name.
    assert_eq!(texts(&read_all("a.jsonl", &both).0), ["a", "b"]);
    assert_eq!(texts(&read_all("a.jsonl.gz", b"{\"text\":\"a\"}\n").0), ["a"]);
}

#[test]
fn records_before_a_cut_are_kept() {
    let lines: String =
        (0..20_000).map(|n| format!("{{\"text\":\"number {n} {}\"}}\n", n * 7919 % 10_007)).collect();
    for whole in [gzip(lines.as_bytes()), zstd::encode_all(lines.as_bytes(), 1).unwrap()] {
        let (articles, rejected) = read_all("a.jsonl.gz", &whole[..whole.len() / 2]);
        assert!(articles.len() > 2_000, "{}", articles.len());
        assert_eq!(rejected.len(), 1);
        assert_eq!(rejected[0].reason, "truncated");
    }
    let mut damaged = gzip(lines.as_bytes());
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    let (articles, rejected) = read_all("a.jsonl.gz", &damaged);
    assert!(articles.len() > 2_000);
    assert_eq!(rejected.last().map(|r| r.reason.as_str()), Some("damaged"));
}

#[test]
fn a_bomb_is_stopped() {
    let bomb = gzip(&vec![b'a'; 64 << 20]);
    let limits = Limits { record_bytes: 1 << 30, ..Limits::default() };
    assert_eq!(reasons(&read_with("a.txt.gz", &bomb, &limits).1), ["- expansion"]);
    let limits = Limits { expansion_ratio: 2_000, file_expanded_bytes: 1 << 20, ..limits };
    assert_eq!(reasons(&read_with("a.txt.gz", &bomb, &limits).1), ["- expansion"]);
    assert_eq!(reasons(&read_all("a.txt.gz", &bomb).1), ["- record_too_long"]);
}

#[test]
fn a_long_line_costs_itself() {
    let limits = Limits { record_bytes: 1_000, ..Limits::default() };
    let long = "x".repeat(200_000);
    let lines = format!("{{\"text\":\"a\"}}\n{{\"text\":\"{long}\"}}\n{{\"text\":\"b\"}}\n");
    let (articles, rejected) = read_with("a.jsonl", lines.as_bytes(), &limits);
    assert_eq!(texts(&articles), ["a", "b"]);
    assert_eq!(reasons(&rejected), ["2 record_too_long"]);
    let array = format!("[{{\"text\":\"a\"}},{{\"text\":\"{long}\"}},{{\"text\":\"b\"}}]");
    let (articles, rejected) = read_with("a.json", array.as_bytes(), &limits);
    assert_eq!(texts(&articles), ["a", "b"]);
    assert_eq!(reasons(&rejected), ["2 record_too_long"]);
    assert_eq!(reasons(&read_with("a.txt", long.as_bytes(), &limits).1), ["- record_too_long"]);
}

#[test]
fn what_is_no_article_has_its_reason() {
    let reason = |name: &str, bytes: &[u8]| reasons(&read_all(name, bytes).1).join(", ");
    assert_eq!(reason("a.txt", b""), "- empty_file");
    assert_eq!(reason("a.jsonl.gz", &gzip(b"")), "- empty_file");
    assert_eq!(reason("a.txt", b" \n\t\n"), "- no_text");
    assert_eq!(reason("a.txt", b"caf\xe9"), "- invalid_utf8");
    assert_eq!(reason("a.txt", b"text\0more"), "- binary");
    assert_eq!(reason("a.csv", b"\x7fELF\x02\x01\x01\0\0\0"), "- binary");
    assert_eq!(reason("a.txt", b"%PDF-1.7"), "- unknown_format");
    assert_eq!(reason("a.css", b"body { color: red }"), "- unknown_format");
    assert_eq!(reason("a.txt.gz", &gzip(b"some text")[..8]), "- truncated");
}

#[test]
fn a_file_that_is_gone_or_closed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let gone = file(folder.path(), "a.txt", b"text");
    fs::remove_file(&gone.file).unwrap();
    let rows: Vec<_> = read(&gone, &Limits::default()).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].as_ref().unwrap_err().reason, "unreadable");
    let folder_itself = InputFile { file: folder.path().to_owned(), ..gone };
    let rows: Vec<_> = read(&folder_itself, &Limits::default()).collect();
    assert_eq!(rows[0].as_ref().unwrap_err().reason, "not_a_file");
}

#[test]
fn patterns_find_files_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    fs::create_dir_all(base.join("in/deep/.git")).unwrap();
    for name in
        ["in/b.txt", "in/a.txt", "in/deep/c.html", "in/.hidden.txt", "in/deep/.git/x.txt", "in/README.md"]
    {
        fs::write(base.join(name), "x").unwrap();
    }
    let paths = |patterns: &[&str]| -> Vec<String> {
        let patterns: Vec<String> = patterns.iter().map(|&p| p.to_owned()).collect();
        find(base, &patterns).unwrap().files.into_iter().map(|f| f.path).collect()
    };
    assert_eq!(paths(&["in/**/*"]), ["in/README.md", "in/a.txt", "in/b.txt", "in/deep/c.html"]);
    assert_eq!(paths(&["in/*.txt", "./in/a.*"]), ["in/a.txt", "in/b.txt"]);
    assert_eq!(paths(&["in", "!**/*.md", "!in/deep"]), ["in/a.txt", "in/b.txt"]);
    assert_eq!(paths(&["**/*.{html,htm}"]), ["in/deep/c.html"]);
    assert_eq!(paths(&["in/.*"]), ["in/.hidden.txt"]);
    assert_eq!(paths(&["in/b.txt"]), ["in/b.txt"]);
    let found = find(base, &["nothing/*.txt".to_owned(), "in/*.csv".to_owned()]).unwrap();
    assert_eq!(found.unmatched, ["nothing/*.txt", "in/*.csv"]);
    let error = find(base, &["in/gone.txt".to_owned()]).unwrap_err().to_string();
    assert!(error.starts_with("no such file: `in/gone.txt`"), "{error}");
    let error = find(base, &["in/[a".to_owned()]).unwrap_err().to_string();
    assert!(error.starts_with("`in/[a` is not a valid glob"), "{error}");
}

#[cfg(unix)]
#[test]
fn loops_and_dead_links_are_rejected() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    fs::create_dir_all(base.join("in/deep")).unwrap();
    fs::write(base.join("in/deep/a.txt"), "x").unwrap();
    symlink(base.join("in"), base.join("in/deep/up")).unwrap();
    symlink(base.join("in/gone"), base.join("in/dead.txt")).unwrap();
    symlink(base.join("in/self.txt"), base.join("in/self.txt")).unwrap();
    symlink(base.join("in/deep/a.txt"), base.join("in/linked.txt")).unwrap();
    let found = find(base, &["in/**/*.txt".to_owned(), "in/**/*".to_owned()]).unwrap();
    let paths: Vec<_> = found.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["in/deep/a.txt", "in/linked.txt"]);
    let rows: Vec<_> = found.rejected.iter().map(|r| format!("{} {}", r.path, r.reason)).collect();
    assert_eq!(rows, ["in/dead.txt broken_link", "in/deep/up symlink_loop", "in/self.txt symlink_loop"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_read_is_rejected() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    fs::create_dir_all(base.join("in/closed")).unwrap();
    fs::write(base.join("in/a.txt"), "x").unwrap();
    fs::write(base.join("in/b.txt"), "x").unwrap();
    fs::set_permissions(base.join("in/closed"), fs::Permissions::from_mode(0o0)).unwrap();
    fs::set_permissions(base.join("in/b.txt"), fs::Permissions::from_mode(0o0)).unwrap();
    if fs::read_dir(base.join("in/closed")).is_ok() {
        return; // The superuser may read everything.
    }
    let found = find(base, &["in/**/*".to_owned()]).unwrap();
    assert_eq!(found.rejected.len(), 1);
    assert_eq!(found.rejected[0].reason, "unreadable");
    let rows: Vec<_> = read(&found.files[1], &Limits::default()).collect();
    assert_eq!(rows[0].as_ref().unwrap_err().reason, "unreadable");
    fs::set_permissions(base.join("in/closed"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_pipe_does_not_block() {
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("p.txt")).status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    let found = find(folder.path(), &["*.txt".to_owned()]).unwrap();
    assert_eq!(reasons(&found.rejected), ["- not_a_file"]);
}

#[test]
fn rows_under_a_header_are_articles() {
    let csv =
        "\u{feff}ID,Title,Text,authors,desk\n1,\"a, b\",\"line one\nline \"\"two\"\"\",A;B,x\n,,plain,,\n";
    let (articles, rejected) = read_all("a.csv", csv.as_bytes());
    assert_eq!(rejected, []);
    assert_eq!(texts(&articles), ["line one\nline \"two\"", "plain"]);
    assert_eq!((articles[0].source_id.as_str(), articles[1].source_id.as_str()), ("1", "a.csv#2"));
    assert_eq!((articles[0].title.as_deref(), articles[1].title.as_deref()), (Some("a, b"), None));
    assert_eq!(articles[0].authors, ["A", "B"]);
    assert_eq!(serde_json::to_string(&articles[0].attributes).unwrap(), r#"{"desk":"x"}"#);
    assert_eq!(texts(&read_all("a.tsv", b"id\ttext\r\n1\tone, two\r\n").0), ["one, two"]);
    assert_eq!(texts(&read_all("a.csv", b"id;text\n1;one, two\n").0), ["one, two"]);
    assert_eq!(texts(&read_all("a.csv", b"text\n\n\none\n\ntwo").0), ["one", "two"]);
}

#[test]
fn a_bad_row_costs_itself() {
    let csv = b"id,text\n1,one\n2\n3,three,more\nid,text\n4,caf\xe9\n5,five\n";
    let (articles, rejected) = read_all("a.csv", csv);
    assert_eq!(texts(&articles), ["one", "five"]);
    assert_eq!(reasons(&rejected), ["2 field_count", "3 field_count", "4 repeated_header", "5 invalid_utf8"]);
    assert_eq!(rejected[1].detail, "line 4: 3 fields under 2 columns");
    assert_eq!(reasons(&read_all("a.csv", b"id,title\n1,x\n").1), ["- missing_column"]);
    assert_eq!(reasons(&read_all("a.csv", b"text,id,Text\nx,1,y\n").1), ["- duplicated_column"]);
}

#[test]
fn a_quote_that_is_not_closed_costs_its_row() {
    let never = b"id,text\n1,one\n2,\"two\n3,three\n4,four\n";
    let (articles, rejected) = read_all("a.csv", never);
    assert_eq!(texts(&articles), ["one", "three", "four"]);
    assert_eq!(reasons(&rejected), ["2 unclosed_quote"]);
    assert!(rejected[0].detail.starts_with("line 3:"), "{}", rejected[0].detail);
    let late = b"id,text\n1,one\n2,\"two\n3,\"three, more\"\n4,\"four\nlines\"\n5,five\n";
    let (articles, rejected) = read_all("a.csv", late);
    assert_eq!(texts(&articles), ["one", "three, more", "four\nlines", "five"]);
    assert_eq!(reasons(&rejected), ["2 unclosed_quote"]);
    let limits = Limits { record_bytes: 1_000, ..Limits::default() };
    let long = format!("id,text\n1,one\n2,{}\n3,three\n", "x".repeat(100_000));
    let (articles, rejected) = read_with("a.csv", long.as_bytes(), &limits);
    assert_eq!(texts(&articles), ["one", "three"]);
    assert_eq!(reasons(&rejected), ["2 record_too_long"]);
}

#[test]
fn hostile_quotes_take_linear_time() {
    let time = |pattern: &[u8], head: &[u8]| {
        let rows = [b"id,text\n", head, &pattern.repeat(1_000_000 / pattern.len())].concat();
        let start = std::time::Instant::now();
        let (articles, rejected) = read_all("a.csv", &rows);
        assert!(articles.len() + rejected.len() > 0);
        start.elapsed()
    };
    let plain = time(b"1,one of many words\n", b"");
    for (pattern, head) in [
        (&b"1,\"a\"\"b\n\"\"\n"[..], &b""[..]),
        (b"1,\"a\n\"b\n", b"1,\""),
        (b"1,\"a\nb\"c\n", b""),
        (b"\"\n", b""),
        (b"\"\"\n", b"\""),
    ] {
        let hostile = time(pattern, head);
        println!("{:?}: {hostile:?} beside {plain:?}", String::from_utf8_lossy(pattern));
        assert!(hostile < plain * 10 + std::time::Duration::from_secs(2), "{hostile:?} beside {plain:?}");
    }
}

#[test]
fn feeds_are_read_item_by_item() {
    let rss = r#"<?xml version="1.0" encoding="windows-1252"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="m">
<channel><title>Caf_ News</title><language>en-us</language><image><title>logo</title></image>
<item><title>Shelling &amp; fire</title><link>https://a.test/1</link><guid isPermaLink="false">g1</guid>
<pubDate>Mon, 22 Jul 2019 10:15:00 GMT</pubDate><dc:creator>A. Writer</dc:creator><category>war</category>
<media:title>not this</media:title><description>Short &amp;nbsp; note.</description>
<content:encoded><![CDATA[<p>Five people died.</p><p>More text follows here.</p>]]></content:encoded></item>
<item><title>Plain</title><description>Only words &#8212; here</description></item>
<item><title>Nothing else</title></item>
</channel></rss>"#;
    let bytes: Vec<u8> = rss.bytes().map(|b| if b == b'_' { 0xe9 } else { b }).collect();
    let (articles, rejected) = read_all("feed.xml", &bytes);
    assert_eq!(reasons(&rejected), ["3 no_text"]);
    let first = &articles[0];
    assert_eq!((first.source_id.as_str(), first.url.as_deref()), ("g1", Some("https://a.test/1")));
    assert_eq!(first.title.as_deref(), Some("Shelling & fire"));
    assert_eq!(first.publisher.as_deref(), Some("Café News"));
    assert_eq!(first.published.as_deref(), Some("2019-07-22T10:15:00Z"));
    assert_eq!(first.published_basis, Some(PublishedBasis::Feed));
    assert_eq!((first.language.as_deref(), &first.authors[..]), (Some("en"), &["A. Writer".to_owned()][..]));
    let page = String::from_utf8(first.html.clone().unwrap()).unwrap();
    assert!(page.contains("<p>Five people died.</p>"), "{page}");
    assert_eq!(articles[1].source_id, "feed.xml#2");
    assert_eq!(articles[1].text, "Only words \u{2014} here");

    let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ar"><title>Post</title><link rel="self" href="/x"/>
<entry><id>urn:1</id><title>T</title><link rel="alternate" href="https://a.test/?a=1&amp;b=2"/><link rel="edit" href="no"/>
<updated>2019-07-23T00:00:00+03:00</updated><author><uri>http://x</uri><name>N. Ame</name><email>e@x</email></author>
<category term="syria"/><content type="xhtml"><div xmlns="h"><p>One &lt; two</p><br/></div></content></entry></feed>"#;
    let (articles, rejected) = read_all("feed.atom", atom.as_bytes());
    assert_eq!(rejected, []);
    let entry = &articles[0];
    assert_eq!((entry.source_id.as_str(), entry.url.as_deref()), ("urn:1", Some("https://a.test/?a=1&b=2")));
    assert_eq!(
        (entry.language.as_deref(), entry.published.as_deref()),
        (Some("ar"), Some("2019-07-23T00:00:00+03:00"))
    );
    assert_eq!(entry.authors, ["N. Ame"]);
    let page = String::from_utf8(entry.html.clone().unwrap()).unwrap();
    assert!(page.contains("<p>One &lt; two</p>"), "{page}");

    let (articles, rejected) = read_all("feed.xml", &atom.as_bytes()[..atom.len() - 7]);
    assert_eq!((articles.len(), reasons(&rejected)), (1, vec!["- truncated".to_owned()]));
    let broken =
        b"<rss><channel><item><description>a</description></item><item><b></c></item></channel></rss>";
    let (articles, rejected) = read_all("feed.xml", broken);
    assert_eq!((texts(&articles), reasons(&rejected)), (vec!["a"], vec!["- malformed_xml".to_owned()]));
    let limits = Limits { record_bytes: 1_000, ..Limits::default() };
    let long = format!("<rss><channel><item><description>{}", "x".repeat(1 << 20));
    assert_eq!(reasons(&read_with("feed.xml", long.as_bytes(), &limits).1), ["- record_too_long"]);
    let laughs = b"<!DOCTYPE r [<!ENTITY a \"&b;&b;\"><!ENTITY b \"ha\">]><rss><channel><item><description>&a; x</description></item></channel></rss>";
    let (articles, _) = read_all("feed.xml", laughs);
    assert!(String::from_utf8(articles[0].html.clone().unwrap()).unwrap().contains("&a; x"));
}

fn warc_record(kind: &str, media: &str, block: &[u8]) -> Vec<u8> {
    let head = format!(
        "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{}>\r\nWARC-Target-URI: https://a.test/{}\r\n\
         WARC-Date: 2020-01-02T03:04:05Z\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n",
        block.len(),
        block.len(),
        block.len()
    );
    [head.as_bytes(), block, b"\r\n\r\n"].concat()
}

#[test]
fn web_archives_give_their_pages() {
    let http = "application/http; msgtype=response";
    let respond = |head: &str, body: &[u8]| [head.as_bytes(), b"\r\n\r\n", body].concat();
    let page = "<p>\u{43c}\u{438}\u{43d}\u{430}</p>";
    let cp1251 = [b"<p>".as_slice(), &[0xec, 0xe8, 0xed, 0xe0], b"</p>"].concat();
    let records = [
        warc_record("warcinfo", "application/warc-fields", b"software: x\r\n"),
        warc_record("request", http, b"GET / HTTP/1.1\r\n\r\n"),
        warc_record(
            "response",
            http,
            &respond("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=UTF-8", page.as_bytes()),
        ),
        warc_record(
            "response",
            http,
            &respond("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=windows-1251", &cp1251),
        ),
        warc_record("response", http, &respond("HTTP/1.1 200 OK\r\nContent-Type: image/png", b"\x89PNG")),
        warc_record(
            "response",
            http,
            &respond("HTTP/1.1 404 Not Found\r\nContent-Type: text/html", b"<p>no</p>"),
        ),
        warc_record(
            "response",
            http,
            &respond(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked",
                &{
                    let body = gzip(b"<p>packed</p>");
                    let (a, b) = body.split_at(9);
                    [b"9\r\n", a, b"\r\n", format!("{:x}\r\n", b.len()).as_bytes(), b, b"\r\n0\r\n\r\n"]
                        .concat()
                },
            ),
        ),
        warc_record("conversion", "text/plain", "text from a page \u{2014} long".as_bytes()),
    ];
    let whole = records.concat();
    let members = records.iter().flat_map(|record| gzip(record)).collect::<Vec<u8>>();
    for (name, bytes) in [("a.warc", &whole), ("a.warc.gz", &members)] {
        let (articles, rejected) = read_all(name, bytes);
        assert_eq!(reasons(&rejected), ["6 http_status"]);
        let pages: Vec<_> = articles.iter().map(|a| a.html.as_deref().map(String::from_utf8_lossy)).collect();
        let marked = format!("\u{feff}{page}");
        assert_eq!(pages[0].as_deref(), Some(marked.as_str()));
        assert_eq!(pages[1].as_deref(), Some(marked.as_str()));
        assert_eq!(pages[2].as_deref(), Some("<p>packed</p>"));
        assert_eq!(articles[3].text, "text from a page \u{2014} long");
        assert!(articles[0].source_id.starts_with("urn:uuid:"));
        assert!(articles[0].url.as_deref().unwrap().starts_with("https://a.test/"));
        assert_eq!(articles[0].attributes["fetched"], "2020-01-02T03:04:05Z");
    }
    let (articles, rejected) = read_all("a.warc", &whole[..whole.len() - 10]);
    assert_eq!((articles.len(), rejected.last().unwrap().reason.as_str()), (3, "truncated"));
    let (_, rejected) =
        read_all("a.warc", b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: many\r\n\r\n");
    assert_eq!(reasons(&rejected), ["- malformed_warc"]);
    let huge = b"WARC/1.0\r\nWARC-Type: metadata\r\nContent-Length: 18446744073709551615\r\n\r\nx";
    assert_eq!(reasons(&read_all("a.warc", huge).1), ["- truncated"]);
}

fn parquet_bytes() -> Vec<u8> {
    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
    use std::sync::Arc;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(vec![Some(1), None]))),
        ("text", Arc::new(StringArray::from(vec!["one", "two"]))),
        ("published", Arc::new(TimestampMillisecondArray::from(vec![Some(1_563_790_500_000), None]))),
        ("attributes", Arc::new(StringArray::from(vec![Some(r#"{"desk":[1]}"#), None]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn parquet_rows_are_articles() {
    let bytes = parquet_bytes();
    for (name, bytes) in
        [("a.parquet", bytes.clone()), ("a.parquet.gz", gzip(&bytes)), ("noname", bytes.clone())]
    {
        let (articles, rejected) = read_all(name, &bytes);
        assert_eq!(rejected, []);
        assert_eq!(texts(&articles), ["one", "two"]);
        assert_eq!(articles[0].source_id, "1");
        assert_eq!(articles[1].source_id, format!("{name}#2"));
        assert_eq!(articles[0].published.as_deref(), Some("2019-07-22T10:15:00"));
        assert_eq!(articles[0].attributes["desk"].to_string(), "[1]");
    }
    assert_eq!(reasons(&read_all("a.parquet", b"not parquet").1), ["- damaged"]);
}

#[test]
fn damaged_parquet_never_panics() {
    let bytes = parquet_bytes();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        let (articles, rejected) = read_all("a.parquet", &damaged);
        assert!(articles.len() + rejected.len() > 0, "byte {at}");
        if at % 8 == 0 {
            let (articles, rejected) = read_all("a.parquet", &bytes[..at]);
            assert!(articles.is_empty() && rejected.len() == 1);
        }
    }
}

proptest::proptest! {
    /// Whatever a file holds, reading it ends, tells what it could not use, and does not panic.
    #[test]
    fn any_bytes_end_in_records_or_reasons(
        name in proptest::sample::select(vec![
            "a.txt", "a.html", "a.json", "a.jsonl", "a.csv", "a.tsv", "a.parquet", "a.warc", "a.xml", "a.bin", "a",
        ]),
        head in proptest::sample::select(vec![
            "", "{\"text\":", "[{\"text\":\"x\"},", "id,text\n1,\"", "WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 9\r\n\r\n",
            "<rss><channel><item><title>a", "<feed><entry><content type='xhtml'>", "PAR1", "\u{feff}id,html\n", "<!doctype html>",
        ]),
        tail in proptest::collection::vec(
            proptest::prop_oneof![
                proptest::prelude::any::<u8>(),
                proptest::sample::select(b"\"\"\n\n,{}[]<>/&;: \\\r".to_vec()),
            ],
            0..200,
        ),
        packed in proptest::prelude::any::<bool>(),
    ) {
        let bytes = [head.as_bytes(), &tail].concat();
        let bytes = if packed { gzip(&bytes) } else { bytes };
        let limits = Limits { record_bytes: 150, ..Limits::default() };
        let (articles, rejected) = read_with(name, &bytes, &limits);
        for article in &articles {
            proptest::prop_assert!(!article.text.is_empty() || article.html.is_some());
            proptest::prop_assert_eq!(&article.article_id, &article_id(&article.source_id));
        }
        for row in &rejected {
            proptest::prop_assert!(Reason::ALL.iter().any(|reason| reason.code() == row.reason));
            proptest::prop_assert!(!row.detail.is_empty());
        }
        proptest::prop_assert!(articles.len() + rejected.len() <= bytes.len() + 60);
    }
}
