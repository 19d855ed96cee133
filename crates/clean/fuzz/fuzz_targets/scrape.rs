//! Any text as a scrape, cleaned twice: `cargo +nightly fuzz run scrape` in `crates/clean`.
#![no_main]

use annals_plugin::Article;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: String| {
    let mut article = Article::new("a", "a", "a.txt");
    article.text = text;
    if annals_clean::clean(&mut article).is_ok() {
        let once = article.clone();
        article.removed.clear();
        annals_clean::clean(&mut article).expect("what was accepted once is accepted again");
        assert_eq!(article.text, once.text);
    }
});
