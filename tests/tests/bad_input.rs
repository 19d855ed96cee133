//! Whatever comes in, the run ends, the good records come out, and the bad ones are named.

#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use annals_tests::Scratch;
use flate2::{Compression, write::GzEncoder};

const GOOD: &str = "SARAQIB - At least 11 people were killed on Monday when warplanes struck a market in the town of \
    Saraqib in Syria's Idlib province, rescue workers said. Another 20 were wounded.";

fn good_line(id: &str) -> String {
    serde_json::json!({ "id": id, "published": "2019-03-04", "text": GOOD }).to_string()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Runs with one good file beside what `prepare` writes; gives the rejections after a look that the good one is there.
fn rejections(prepare: impl FnOnce(&Scratch)) -> Vec<(String, String)> {
    let scratch = Scratch::new();
    scratch.pipeline("").write("in/good.jsonl", good_line("good"));
    prepare(&scratch);
    scratch.run_pipeline();
    let good =
        scratch.rows("articles").into_iter().find(|row| row["source_id"] == "good").expect("the good record");
    assert!(good["text"].as_str().unwrap().contains("At least 11 people were killed"));
    scratch.rejections()
}

fn assert_reason(rejections: &[(String, String)], path: &str, reason: &str) {
    assert!(
        rejections.iter().any(|(at, why)| at == path && why == reason),
        "no row {path} {reason} among {rejections:?}"
    );
}

#[test]
fn a_malformed_line_costs_only_itself() {
    let scratch = Scratch::new();
    let lines = format!("{}\n{{\"id\": \"b\", \"text\n{}\n", good_line("a"), good_line("c"));
    scratch.pipeline("").write("in/mixed.jsonl", lines);
    scratch.run_pipeline();
    assert_eq!(scratch.rows("articles").len(), 2);
    assert_eq!(scratch.rejections().len(), 1);
    assert_eq!(scratch.rows("rejected")[0]["record"], "2");
}

#[test]
fn invalid_utf8_is_named() {
    let found = rejections(|s| {
        drop(s.write("in/bad.txt", b"Ten people were killed in \xff\xfe\x80 on Monday, they said."))
    });
    assert_reason(&found, "in/bad.txt", "invalid_utf8");
}

#[test]
fn a_truncated_gzip_keeps_what_came_before_the_cut() {
    let lines: String = (0..400).map(|n| good_line(&format!("z{n}")) + "\n").collect();
    let mut packed = gz(lines.as_bytes());
    packed.truncate(packed.len() - 20);
    let scratch = Scratch::new();
    scratch.pipeline("").write("in/cut.jsonl.gz", packed);
    scratch.run_pipeline();
    assert_reason(&scratch.rejections(), "in/cut.jsonl.gz", "truncated");
    assert!(scratch.rows("articles").len() > 100, "records before the cut were lost");
}

#[test]
fn a_zip_bomb_is_not_unpacked() {
    let found = rejections(|s| drop(s.write("in/bomb.jsonl.gz", gz(&vec![b'a'; 300 << 20]))));
    assert!(found.iter().any(|(path, _)| path == "in/bomb.jsonl.gz"), "{found:?}");
}

#[test]
fn a_huge_line_is_skipped_in_bounded_memory() {
    let scratch = Scratch::new();
    scratch.pipeline("");
    let path = scratch.write("in/huge.jsonl", good_line("before") + "\n");
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    let block = vec![b'x'; 1 << 20];
    file.write_all(b"{\"id\": \"huge\", \"text\": \"").unwrap();
    for _ in 0..500 {
        file.write_all(&block).unwrap();
    }
    file.write_all(b"\"}\n").unwrap();
    file.write_all((good_line("after") + "\n").as_bytes()).unwrap();
    drop(file);
    scratch.run_pipeline();
    assert_reason(&scratch.rejections(), "in/huge.jsonl", "record_too_long");
    let ids: Vec<String> =
        scratch.rows("articles").iter().map(|r| r["source_id"].as_str().unwrap().into()).collect();
    assert_eq!(ids, ["before", "after"]);
}

#[test]
fn empty_and_binary_files_are_named() {
    let found = rejections(|s| {
        s.write("in/empty.txt", "");
        s.write("in/picture.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0");
    });
    assert_reason(&found, "in/empty.txt", "empty_file");
    assert!(found.iter().any(|(path, _)| path == "in/picture.txt"), "{found:?}");
}

#[test]
fn a_hundred_thousand_nested_tags_do_no_harm() {
    let mut page = String::from("<html><body>");
    page.push_str(&"<div>".repeat(100_000));
    page.push_str(GOOD);
    let found = rejections(|s| drop(s.write("in/deep.html", page)));
    println!("{found:?}");
}

#[test]
fn of_two_records_with_one_id_the_first_by_path_stays() {
    let scratch = Scratch::new();
    scratch.pipeline("").write("in/b.jsonl", good_line("same"));
    scratch.run_pipeline();
    scratch.write("in/a.jsonl", good_line("same"));
    scratch.run_pipeline();
    assert_reason(&scratch.rejections(), "in/b.jsonl", "duplicate_id");
    let articles = scratch.rows("articles");
    assert_eq!(articles.len(), 1);
    assert_eq!(articles[0]["path"], "in/a.jsonl");
}

#[test]
fn an_unreadable_file_is_named() {
    let scratch = Scratch::new();
    scratch.pipeline("").write("in/good.jsonl", good_line("good"));
    let path = scratch.write("in/secret.txt", GOOD);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        println!("this user may read everything: nothing to see");
        return;
    }
    scratch.run_pipeline();
    assert_reason(&scratch.rejections(), "in/secret.txt", "unreadable");
}

#[test]
fn a_loop_of_links_ends() {
    let found = rejections(|s| symlink(s.path().join("in"), s.path().join("in/again")).unwrap());
    println!("{found:?}");
}

#[test]
fn missing_input_is_an_error_with_the_pattern() {
    let scratch = Scratch::new();
    scratch.pipeline("");
    let output = scratch.run(&["pipeline.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("in/**/*"), "{said}");
}

#[test]
fn an_output_folder_that_is_a_file_is_an_error() {
    let scratch = Scratch::new();
    scratch.pipeline("").write("in/good.jsonl", good_line("good"));
    scratch.write("out", "not a folder");
    let output = scratch.run(&["pipeline.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("out"), "{said}");
}

#[test]
fn deny_rejects_has_an_exit_code_of_its_own() {
    let scratch = Scratch::new();
    scratch.pipeline("").write("in/good.jsonl", good_line("good"));
    assert_eq!(scratch.run(&["pipeline.toml", "--deny-rejects"]).status.code(), Some(0));
    scratch.write("in/bad.jsonl", "{");
    assert_eq!(scratch.run(&["pipeline.toml", "--deny-rejects"]).status.code(), Some(3));
}

#[test]
fn a_typing_error_in_the_pipeline_is_shown_with_the_nearest_key() {
    let scratch = Scratch::new();
    scratch.pipeline("treshold = 3\n").write("in/good.jsonl", good_line("good"));
    let output = scratch.run(&["pipeline.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let scratch = Scratch::new();
    let text = "[input]\npaths = [\"in/*\"]\n[[stage]]\nuse = \"dedupe\"\ntreshold = 0.8\n";
    scratch.write("pipeline.toml", text);
    let output = scratch.run(&["pipeline.toml"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("did you mean `threshold`?") && said.contains("5"), "{said}");
}

#[test]
fn a_second_run_at_the_same_time_is_refused() {
    let scratch = Scratch::new();
    scratch.pipeline("").write("in/good.jsonl", good_line("good"));
    scratch.run_pipeline();
    let lock = std::fs::File::open(scratch.path().join("out/.annals/lock")).unwrap();
    lock.lock().unwrap();
    let output = scratch.run(&["pipeline.toml"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("another run holds the lock"));
}
