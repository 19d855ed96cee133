//! `[[feed]]` from a server of this machine to the tables.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use annals_tests::Scratch;

/// Serves a text that a test may change, until the process ends.
fn serve(content: &Arc<Mutex<Option<String>>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let content = Arc::clone(content);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(&stream).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            drop(lines);
            let answer = match &*content.lock().unwrap() {
                Some(text) => format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                    text.len()
                ),
                None => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
            };
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

fn rss(items: &[(u32, &str)]) -> String {
    let items: String = items
        .iter()
        .map(|(n, text)| {
            format!(
                "<item><guid>https://north.example/{n}</guid><link>https://north.example/{n}</link><title>Report {n}</title>\
                 <pubDate>Tue, 04 Mar 2025 10:00:00 GMT</pubDate><description>{text}</description></item>"
            )
        })
        .collect();
    format!("<rss version=\"2.0\"><channel><title>North Post</title>{items}</channel></rss>")
}

const FIRST: &str = "At least 11 people were killed on Monday when warplanes struck a market in the town of Saraqib in \
    Syria's Idlib province, rescue workers said.";
const SECOND: &str = "Shelling killed four civilians in the city of Taiz in Yemen on Sunday, a medical source said. Nine \
    others were wounded.";

fn pipeline(scratch: &Scratch, port: u16, extra: &str) {
    let stages: String = ["clean", "dedupe", "extract", "aggregate"]
        .map(|stage| format!("[[stage]]\nuse = \"{stage}\"\n"))
        .concat();
    let feed = format!("[[feed]]\nurl = \"http://127.0.0.1:{port}/world.rss\"\nname = \"north\"\n{extra}");
    scratch.write("pipeline.toml", format!("[output]\nformats = [\"jsonl\"]\n{feed}{stages}"));
}

#[test]
fn a_feed_is_an_input_whose_items_stay() {
    let content = Arc::new(Mutex::new(Some(rss(&[(1, FIRST)]))));
    let scratch = Scratch::new();
    pipeline(&scratch, serve(&content), "allow_private = true\n");
    scratch.run_pipeline();
    let articles = scratch.rows("articles");
    assert_eq!(articles[0]["source_id"], "https://north.example/1");
    assert_eq!(articles[0]["published_basis"], "feed");
    assert_eq!(articles[0]["publisher"], "North Post");
    assert!(articles[0]["path"].as_str().unwrap().starts_with("feeds/north/"));
    assert_eq!(scratch.rows("events")[0]["killed_best"], 11);
    // A new item comes as the first drops out of the feed: both are known.
    *content.lock().unwrap() = Some(rss(&[(2, SECOND)]));
    scratch.run_pipeline();
    assert_eq!(scratch.rows("articles").len(), 2);
    // A feed that fails is told of and fails nothing.
    *content.lock().unwrap() = None;
    let before = scratch.tables();
    let output = scratch.run(&["pipeline.toml", "--quiet"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("feed north: it answered 404"));
    assert_eq!(scratch.tables(), before);
    // The same tables come from what has landed, without the network.
    *content.lock().unwrap() = Some(rss(&[(3, FIRST)]));
    let output = scratch.run(&["pipeline.toml", "--quiet", "--offline", "--rebuild"]);
    assert!(output.status.success() && output.stderr.is_empty());
    assert_eq!(scratch.tables(), before);
}

#[test]
fn this_machine_is_no_source_unless_it_may() {
    let content = Arc::new(Mutex::new(Some(rss(&[(1, FIRST)]))));
    let scratch = Scratch::new();
    pipeline(&scratch, serve(&content), "");
    let output = scratch.run(&["pipeline.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("feed north") && said.contains("not an address of the public network"), "{said}");
    assert!(!scratch.path().join("feeds").exists());
}

#[test]
fn a_feed_that_brought_nothing_yet_keeps_nothing_from_being_withdrawn() {
    let scratch = Scratch::new();
    let port = serve(&Arc::new(Mutex::new(None)));
    let input = "[input]\npaths = [\"in/*\"]\nwithdraw_removed = true\n";
    pipeline(&scratch, port, &format!("allow_private = true\n{input}"));
    scratch.write("in/a.txt", FIRST);
    scratch.write("in/b.txt", SECOND);
    scratch.run_pipeline();
    assert_eq!(scratch.rows("articles").len(), 2);
    std::fs::remove_file(scratch.path().join("in/b.txt")).unwrap();
    scratch.run_pipeline();
    assert_eq!(scratch.rows("articles").len(), 1);
}
