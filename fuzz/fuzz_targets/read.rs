//! Reads any bytes as a file of each format: reading ends, never panics, and accounts for what it could not use.
//!
//! The first byte chooses the name, and with it the format that the content is tried as.

#![no_main]

use std::io::Write;

use annals_input::{InputFile, Limits, Reason, article_id, read};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 12] = [
    "a.txt", "a.html", "a.json", "a.jsonl", "a.csv", "a.tsv", "a.parquet", "a.warc", "a.xml", "a.gz", "a.zst", "a",
];

fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    let mut file = tempfile::NamedTempFile::new().expect("the temporary folder can be written to");
    file.write_all(bytes).expect("the temporary folder can be written to");
    let input = InputFile {
        path: NAMES[usize::from(*choice) % NAMES.len()].to_owned(),
        file: file.path().to_owned(),
        len: bytes.len() as u64,
        modified: None,
    };
    let limits = Limits { record_bytes: 4 << 10, file_expanded_bytes: 1 << 20, ..Limits::default() };
    for item in read(&input, &limits) {
        match item {
            Ok(article) => {
                assert!(!article.text.is_empty() || article.html.is_some());
                assert_eq!(article.article_id, article_id(&article.source_id));
            }
            Err(row) => assert!(Reason::ALL.iter().any(|reason| reason.code() == row.reason)),
        }
    }
});
