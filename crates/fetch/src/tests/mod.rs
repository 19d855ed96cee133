//! Feeds of a server on this machine.

mod server;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::address::Guard;
use crate::client::{Client, Condition, Trouble};
use crate::pace::Pace;
use crate::{Report, Source, fetch_with, url};
use server::{Reply, Server};

const XML: &str = "application/rss+xml";

fn source(url: String, dir: &Path) -> Source {
    Source {
        name: "north".to_owned(),
        url,
        dir: dir.to_owned(),
        pages: false,
        max_pages: 100,
        delay: Duration::ZERO,
        timeout: Duration::from_secs(20),
        max_bytes: 1 << 20,
        retries: 2,
        allow_private: true,
    }
}

fn fetch(source: &Source) -> Report {
    let cancel = AtomicBool::new(false);
    fetch_with(std::slice::from_ref(source), &cancel, Duration::from_millis(1)).remove(0)
}

fn item(id: &str, link: &str, text: &str) -> String {
    format!(
        "<item><guid>tag:n,2025:{id}</guid><link>{link}</link><title>Title {id}</title>\
         <pubDate>Tue, 04 Mar 2025 10:00:00 GMT</pubDate><description>{text}</description></item>"
    )
}

fn rss(items: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>North Post</title>{}</channel></rss>",
        items.concat()
    )
}

/// The records that have landed, by id.
fn landed(dir: &Path) -> Vec<Value> {
    let mut records: Vec<Value> = files(dir)
        .iter()
        .map(|file| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
        .collect();
    records.sort_by_key(|record| record["id"].to_string());
    records
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(dir).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir())
    {
        files.extend(std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.sort();
    files
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn items_land_once_and_changed_ones_replace_theirs() {
    let body = Arc::new(Mutex::new(rss(&[item("1", "/1", "Three were killed."), item("2", "/2", "Calm.")])));
    let served = Arc::clone(&body);
    let server = Server::start(move |_| Reply::ok(XML, served.lock().unwrap().clone()));
    let dir = TempDir::new().unwrap();
    let source = source(server.url("/feed"), dir.path());
    let first = fetch(&source);
    assert_eq!((first.new, first.changed, first.problems.len()), (2, 0, 0), "{first:?}");
    let records = landed(dir.path());
    assert_eq!(records[0]["id"], "tag:n,2025:1");
    assert_eq!(records[0]["publisher"], "North Post");
    assert_eq!(records[0]["published"], "Tue, 04 Mar 2025 10:00:00 GMT");
    assert_eq!(records[0]["published_basis"], "feed");
    let times = |dir: &Path| -> Vec<_> {
        files(dir).iter().map(|file| std::fs::metadata(file).unwrap().modified().unwrap()).collect()
    };
    let before = times(dir.path());
    let again = fetch(&source);
    assert_eq!((again.new, again.changed), (0, 0));
    assert_eq!(before, times(dir.path()), "an unchanged item is not written again");
    // One item changes, one comes, one drops out of the feed; it stays on the disk.
    *body.lock().unwrap() = rss(&[item("3", "/3", "Rain."), item("1", "/1", "Five were killed.")]);
    let later = fetch(&source);
    assert_eq!((later.new, later.changed), (1, 1));
    let records = landed(dir.path());
    assert_eq!(records.len(), 3);
    assert_eq!(records[0]["text"], "Five were killed.");
    // With the memory of the source lost, everything comes again and is found to be there.
    std::fs::remove_file(dir.path().join(".fetch.json")).unwrap();
    let anew = fetch(&source);
    assert_eq!((anew.new, anew.changed), (0, 0));
}

#[test]
fn what_landed_is_read_as_the_feed_would_be() {
    let feed = rss(&[item("1", "https://n.example/1", "Three were killed on Monday, police said.")]);
    let served = feed.clone();
    let server = Server::start(move |_| Reply::ok(XML, served.clone()));
    let dir = TempDir::new().unwrap();
    fetch(&source(server.url("/feed"), dir.path()));
    let raw = dir.path().join("raw.xml");
    std::fs::write(&raw, feed).unwrap();
    let read = |file: PathBuf| {
        let input = annals_input::InputFile { path: "x".to_owned(), len: 0, modified: None, file };
        annals_input::read(&input, &annals_input::Limits::default()).next().unwrap().unwrap()
    };
    let mut from_landed = read(files(dir.path()).remove(0));
    assert_eq!(from_landed.attributes.remove("feed"), Some(Value::String(server.url("/feed"))));
    assert_eq!(from_landed, read(raw));
}

#[test]
fn a_server_is_told_what_is_known_and_may_say_that_nothing_changed() {
    let server = Server::start(|request| {
        if request.header("if-none-match") == Some("\"v1\"") {
            assert_eq!(request.header("if-modified-since"), Some("Tue, 04 Mar 2025 10:00:00 GMT"));
            return Reply::status(304);
        }
        let headers = vec![
            ("ETag", "\"v1\"".to_owned()),
            ("Last-Modified", "Tue, 04 Mar 2025 10:00:00 GMT".to_owned()),
        ];
        Reply::Whole(200, headers, rss(&[item("1", "/1", "Calm.")]).into_bytes())
    });
    let dir = TempDir::new().unwrap();
    let source = source(server.url("/feed"), dir.path());
    assert_eq!(fetch(&source).new, 1);
    let again = fetch(&source);
    assert_eq!((again.new, again.changed, again.problems.len()), (0, 0, 0), "{again:?}");
    assert!(server.requests()[1].header("if-none-match").is_some());
    assert!(server.requests()[0].header("user-agent").unwrap().starts_with("annals/"));
    // What is known of one address says nothing of another in the same folder.
    fetch(&Source { url: server.url("/other"), ..source });
    assert_eq!(server.requests()[2].header("if-none-match"), None);
}

#[test]
fn passing_errors_are_tried_again_and_lasting_ones_are_not() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server =
        Server::start(move |request| match (request.path.as_str(), counted.fetch_add(1, Ordering::SeqCst)) {
            ("/gone", _) => Reply::status(404),
            ("/busy", _) => Reply::Whole(503, vec![("Retry-After", "600".to_owned())], Vec::new()),
            (_, 0) => Reply::status(503),
            (_, 1) => Reply::Whole(429, vec![("Retry-After", "0".to_owned())], Vec::new()),
            _ => Reply::ok(XML, rss(&[item("1", "/1", "Calm.")])),
        });
    let dir = TempDir::new().unwrap();
    let report = fetch(&source(server.url("/feed"), dir.path()));
    assert_eq!((report.new, count.load(Ordering::SeqCst)), (1, 3));
    let report = fetch(&source(server.url("/gone"), dir.path()));
    assert!(report.problems[0].contains("404"), "{report:?}");
    assert_eq!(count.load(Ordering::SeqCst), 4);
    // A server that asks for a long rest gets it, also from the next run.
    let busy = source(server.url("/busy"), dir.path());
    assert!(fetch(&busy).problems[0].contains("503"));
    assert!(fetch(&busy).problems[0].contains("left alone"));
    assert_eq!(count.load(Ordering::SeqCst), 5);
}

#[test]
fn slow_servers_cost_their_time_and_no_more() {
    let server = Server::start(|request| if request.path == "/drip" { Reply::Drip } else { Reply::Silence });
    let dir = TempDir::new().unwrap();
    for path in ["/silent", "/drip"] {
        let start = Instant::now();
        let source = Source {
            timeout: Duration::from_millis(400),
            retries: 1,
            ..source(server.url(path), dir.path())
        };
        let report = fetch(&source);
        assert_eq!(report.problems.len(), 1, "{path}: {report:?}");
        assert!(start.elapsed() < Duration::from_secs(60), "{path}");
    }
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_stop_breaks_off_what_is_under_way() {
    let server = Server::start(|_| Reply::Silence);
    let dir = TempDir::new().unwrap();
    let source = Source { timeout: Duration::from_secs(3600), ..source(server.url("/feed"), dir.path()) };
    let cancel = AtomicBool::new(false);
    let start = Instant::now();
    let reports = std::thread::scope(|scope| {
        let fetching = scope.spawn(|| fetch_with(&[source], &cancel, Duration::from_secs(3600)));
        while server.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(10));
        }
        cancel.store(true, Ordering::SeqCst);
        fetching.join().unwrap()
    });
    assert_eq!(reports[0].problems, ["interrupted"]);
    assert!(start.elapsed() < Duration::from_secs(600));
}

#[test]
fn answers_are_bounded_packed_and_unpacked() {
    let server = Server::start(|request| {
        let packed = |body: Vec<u8>| Reply::Whole(200, vec![("Content-Encoding", "gzip".to_owned())], body);
        match request.path.as_str() {
            "/large" => Reply::ok(XML, vec![b' '; (1 << 20) + 1]),
            "/bomb" => packed(gz(&vec![b' '; 64 << 20])),
            "/cut" => packed(gz(rss(&[item("1", "/1", "Calm.")]).as_bytes())[..40].to_vec()),
            "/br" => Reply::Whole(200, vec![("Content-Encoding", "br".to_owned())], vec![1, 2, 3]),
            _ => packed(gz(rss(&[item("1", "/1", "Calm.")]).as_bytes())),
        }
    });
    let dir = TempDir::new().unwrap();
    for (path, wrong) in
        [("/large", "larger than"), ("/bomb", "larger than"), ("/cut", "broke off"), ("/br", "`br`")]
    {
        let report = fetch(&source(server.url(path), dir.path()));
        assert!(report.problems[0].contains(wrong), "{path}: {report:?}");
        assert_eq!(landed(dir.path()).len(), 0);
    }
    assert_eq!(fetch(&source(server.url("/fine"), dir.path())).new, 1);
    assert_eq!(server.requests()[0].header("accept-encoding"), Some("gzip"));
}

#[test]
fn redirects_are_followed_within_bounds_and_only_on_the_web() {
    let server = Server::start(|request| match request.path.as_str() {
        "/a" => Reply::redirect("b/c"),
        "/b/c" => Reply::redirect("../feed?x=1"),
        "/loop" => Reply::redirect("/loop"),
        "/file" => Reply::redirect("file:///etc/passwd"),
        "/login" => Reply::redirect("http://user:word@127.0.0.1/"),
        "/nowhere" => Reply::status(302),
        _ => Reply::ok(XML, rss(&[item("1", "/1", "Calm.")])),
    });
    let dir = TempDir::new().unwrap();
    assert_eq!(fetch(&source(server.url("/a"), dir.path())).new, 1);
    assert_eq!(server.paths(), ["/a", "/b/c", "/feed?x=1"]);
    for (path, wrong) in [
        ("/loop", "more than 5"),
        ("/file", "http://"),
        ("/login", "user name"),
        ("/nowhere", "not where to go"),
    ] {
        let report = fetch(&source(server.url(path), dir.path()));
        assert!(report.problems[0].contains(wrong), "{path}: {report:?}");
    }
}

#[test]
fn private_addresses_are_refused_unless_allowed() {
    let server = Server::start(|_| Reply::ok(XML, rss(&[])));
    let dir = TempDir::new().unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1"] {
        let url = format!("http://{host}:{}/feed", server.port);
        let report = fetch(&Source { allow_private: false, ..source(url, dir.path()) });
        assert_eq!(report.problems.len(), 1, "{host}");
    }
    assert!(server.requests().is_empty(), "nothing was connected to");
}

/// Answers each look-up with the next of a list of addresses.
#[derive(Debug)]
struct Rebinding(Mutex<Vec<SocketAddr>>);

impl Resolver for Rebinding {
    fn resolve(
        &self,
        _: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(self.0.lock().unwrap().remove(0));
        Ok(addresses)
    }
}

/// For these tests 127.0.0.1 stands for the public network, and 127.0.0.2 for what is private.
fn guarded(addresses: Vec<SocketAddr>) -> Guard<Rebinding> {
    Guard { allowed: |ip| ip.to_string() == "127.0.0.1", resolver: Rebinding(Mutex::new(addresses)) }
}

#[test]
fn a_name_that_turns_private_is_refused_at_every_hop() {
    let server = Server::start(|request| match request.path.as_str() {
        "/inner" => Reply::redirect("http://intranet.example/secret"),
        "/own" => Reply::redirect("/secret"),
        _ => Reply::ok(XML, "secret"),
    });
    let (public, private) =
        (SocketAddr::from(([127, 0, 0, 1], server.port)), SocketAddr::from(([127, 0, 0, 2], server.port)));
    let cancel = AtomicBool::new(false);
    let pace = Pace::new(&cancel);
    let dir = TempDir::new().unwrap();
    let source = source("http://north.example/".to_owned(), dir.path());
    for path in ["/inner", "/own"] {
        let client = Client::with_guard(
            &source,
            &pace,
            Duration::ZERO,
            guarded(vec![public, private, private, private]),
        );
        let start = url::parse(&format!("http://north.example{path}")).unwrap();
        let answer = client.get(&start, "*/*", &Condition::default(), &|_| Ok(Duration::ZERO));
        let trouble = answer.unwrap_err();
        assert!(
            matches!(&trouble, Trouble::Lasting(said) if said.contains("127.0.0.2")),
            "{path}: {trouble:?}"
        );
    }
    assert_eq!(server.paths(), ["/inner", "/own"], "the private address was never asked");
}

#[test]
fn pages_are_fetched_where_robots_allow_it() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => Reply::ok("text/plain", "User-agent: *\nDisallow: /closed\n"),
        "/feed" => {
            let host = request.header("host").unwrap();
            let link = |path: &str| format!("http://{host}{path}");
            Reply::ok(
                XML,
                rss(&[
                    item("1", &link("/open/1"), "Short."),
                    item("2", &link("/closed/2"), "Kept back."),
                    item("3", &link("/hop"), "Hops."),
                    item("4", &link("/pdf"), "Not a page."),
                ]),
            )
        }
        "/hop" => Reply::redirect("/closed/3"),
        "/pdf" => Reply::ok("application/pdf", "%PDF-"),
        _ => Reply::ok("text/html; charset=iso-8859-1", &b"<p>The whole story of K\xf6nigsberg."[..]),
    });
    let dir = TempDir::new().unwrap();
    let source = Source { pages: true, ..source(server.url("/feed"), dir.path()) };
    let report = fetch(&source);
    assert_eq!((report.new, report.pages, report.disallowed), (4, 1, 2), "{report:?}");
    let records = landed(dir.path());
    assert_eq!(records[0]["html"], "<p>The whole story of Königsberg.");
    assert_eq!(records[0]["summary"], "Short.");
    assert_eq!((&records[1]["text"], &records[1]["html"]), (&Value::from("Kept back."), &Value::Null));
    let asked = server.paths();
    assert!(!asked.iter().any(|path| path.starts_with("/closed")), "{asked:?}");
    assert_eq!(asked.iter().filter(|path| *path == "/robots.txt").count(), 1);
    // Pages of items that have not changed are not asked for again.
    fetch(&source);
    assert_eq!(server.paths().len(), asked.len() + 1);
}

#[test]
fn a_site_whose_robots_cannot_be_asked_is_left_alone() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => Reply::status(500),
        "/feed" => {
            let link = format!("http://{}/1", request.header("host").unwrap());
            Reply::ok(XML, rss(&[item("1", &link, "Short.")]))
        }
        _ => Reply::ok("text/html", "<p>Never asked for."),
    });
    let dir = TempDir::new().unwrap();
    let report = fetch(&Source { pages: true, ..source(server.url("/feed"), dir.path()) });
    assert_eq!((report.new, report.disallowed), (1, 1));
    assert!(!server.paths().contains(&"/1".to_owned()));
}

#[test]
fn pages_that_failed_or_were_too_many_come_later() {
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = Arc::clone(&broken);
    let server = Server::start(move |request| match request.path.as_str() {
        "/robots.txt" => Reply::status(404),
        "/feed" if request.header("if-none-match").is_some() => Reply::status(304),
        "/feed" => {
            let host = request.header("host").unwrap();
            let items: Vec<String> =
                (1..=3).map(|n| item(&n.to_string(), &format!("http://{host}/{n}"), "Short.")).collect();
            Reply::Whole(200, vec![("ETag", "\"v\"".to_owned())], rss(&items).into_bytes())
        }
        "/1" if is_broken.load(Ordering::SeqCst) => Reply::status(503),
        path => Reply::ok("text/html", format!("<p>Page {path}")),
    });
    let dir = TempDir::new().unwrap();
    let source = Source { pages: true, max_pages: 2, retries: 0, ..source(server.url("/feed"), dir.path()) };
    let report = fetch(&source);
    assert_eq!((report.new, report.pages, report.problems.len()), (3, 1, 1), "{report:?}");
    broken.store(false, Ordering::SeqCst);
    let report = fetch(&source);
    assert_eq!((report.new, report.changed, report.pages), (0, 2, 2), "{report:?}");
    assert!(landed(dir.path()).iter().all(|record| record["html"].is_string()));
    assert_eq!(fetch(&source).pages, 0);
}

#[test]
fn what_is_no_feed_is_said() {
    let server = Server::start(|request| match request.path.as_str() {
        "/page" => Reply::ok("text/html", "<!DOCTYPE html><html><body>Sign in</body></html>"),
        "/empty" => Reply::ok(XML, ""),
        _ => Reply::ok(XML, &rss(&[item("1", "/1", "Calm."), item("2", "/2", "Calm.")])[..250]),
    });
    let dir = TempDir::new().unwrap();
    for path in ["/page", "/empty"] {
        let report = fetch(&source(server.url(path), dir.path()));
        assert!(report.problems[0].contains("it is no feed"), "{path}: {report:?}");
    }
    let cut = fetch(&source(server.url("/cut"), dir.path()));
    assert_eq!(cut.problems.len(), 1, "{cut:?}");
}

#[test]
fn the_servers_word_on_the_encoding_counts() {
    let body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\"><channel><item>\
        <guid>a:1</guid><description>Двое погибли.</description></item></channel></rss>";
    let (bytes, ..) = encoding_rs::WINDOWS_1251.encode(body);
    let bytes = bytes.into_owned();
    let server = Server::start(move |_| Reply::ok("text/xml; charset=windows-1251", bytes.clone()));
    let dir = TempDir::new().unwrap();
    fetch(&source(server.url("/feed"), dir.path()));
    assert_eq!(landed(dir.path())[0]["text"], "Двое погибли.");
}

#[test]
fn posts_go_out_and_their_failures_come_back() {
    let server = Server::start(|request| match request.path.as_str() {
        "/hook" => Reply::status(204),
        "/away" => Reply::redirect("/hook"),
        _ => Reply::status(500),
    });
    let post = |path: &str| crate::post_json(&server.url(path), b"{}", Duration::from_secs(20));
    post("/hook").unwrap();
    assert_eq!(server.requests()[0].header("content-type"), Some("application/json"));
    assert!(post("/away").unwrap_err().contains("302"));
    assert!(post("/broken").unwrap_err().contains("500"));
    assert_eq!(server.paths(), ["/hook", "/away", "/broken"]);
}

proptest::proptest! {
    #[test]
    fn foreign_words_never_panic(
        robots in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400),
        rules in "(User-agent: \\*\n)?((Dis)?allow: [/*$a%0-9A-F]{0,12}\n){0,6}",
        path in "/[a/%0-9A-F*$é]{0,20}",
        reference in "[a-z:/.?#@%é ]{0,24}",
    ) {
        crate::robots::Robots::parse(&robots).allow(&path);
        crate::robots::Robots::parse(rules.as_bytes()).allow(&path);
        let base = url::parse("https://a.example/b/c?d").unwrap();
        if let Ok(joined) = url::join(&base, &reference) {
            proptest::prop_assert!(matches!(joined.scheme_str(), Some("http" | "https")));
            proptest::prop_assert!(joined.host().is_some_and(|host| !host.is_empty()));
        }
    }
}
