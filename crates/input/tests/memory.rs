//! A record longer than memory costs no memory. In a test binary of its own, since the peak is that of the whole process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;

use annals_input::{InputFile, Limits, read};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Peak resident memory of this process, in MiB.
fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn half_a_gigabyte_in_one_line_is_passed_over() {
    const LINE_BYTES: usize = 500 << 20;
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { expansion_ratio: u64::MAX, ..Limits::default() };
    let files = [
        ("a.jsonl", "{\"text\":\"one\"}\n{\"text\":\"", "\"}\n{\"text\":\"two\"}\n", 2),
        ("a.json", "[{\"text\":\"one\"},{\"text\":\"", "\"},{\"text\":\"two\"}]", 2),
        ("a.csv", "text\none\n", "\ntwo\n", 2),
        ("a.csv", "text\none\n\"", "\ntwo\n", 1),
        ("a.txt", "", "", 0),
        ("a.html", "<html>", "", 0),
        ("a.xml", "<rss><channel><item><description>one</description></item><item><description>", "", 1),
    ];
    for (name, before, after, articles) in files {
        let path = folder.path().join("file.gz");
        let mut file = GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast());
        file.write_all(before.as_bytes()).unwrap();
        for _ in 0..LINE_BYTES >> 20 {
            file.write_all(&[b'x'; 1 << 20]).unwrap();
        }
        file.write_all(after.as_bytes()).unwrap();
        file.finish().unwrap();
        let file = InputFile { path: name.to_owned(), file: path, len: 0, modified: None };
        let (read, rejected): (Vec<_>, Vec<_>) = read(&file, &limits).partition(Result::is_ok);
        let reasons: Vec<String> = rejected.into_iter().map(|row| row.unwrap_err().reason).collect();
        println!("{name}: {} articles, {reasons:?}, peak {} MiB", read.len(), peak_mib());
        assert_eq!((read.len(), reasons), (articles, vec!["record_too_long".to_owned()]), "{name}");
        assert!(peak_mib() < 150, "{name} took {} MiB", peak_mib());
    }
}
