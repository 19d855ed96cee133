//! Reads figures in any text: it never panics, and every figure lies within its sentence.

#![no_main]

use annals_extract::language::Language;
use annals_extract::text::Document;
use annals_extract::toll::tolls;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let language = Language::english();
    let document = Document::new(text, language);
    for toll in tolls(&document) {
        let sentence = &document.sentences()[toll.sentence];
        assert!(toll.number.start >= sentence.tokens.start && toll.number.end <= sentence.tokens.end);
        assert!(toll.clause.start >= sentence.tokens.start && toll.clause.end <= sentence.tokens.end);
    }
});
