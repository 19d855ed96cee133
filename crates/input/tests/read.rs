//! What each format gives, and what each kind of bad input ends in.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::path::Path;

use annals_input::{InputFile, Limits, article_id, find, read};
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
