//! Any bytes as a page: `cargo +nightly fuzz run page` in `crates/clean`.
#![no_main]

use annals_plugin::Article;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut article = Article::new("a", "a", "a.html");
    article.html = Some(bytes.to_vec());
    if annals_clean::clean(&mut article).is_ok() {
        assert!(article.html.is_none());
        assert!(!article.text.contains("\n\n\n"));
        let length = article.text.chars().count();
        assert!(article.removed.iter().all(|removed| removed.at as usize <= length));
    }
});
