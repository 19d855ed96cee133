//! Reads figures in any text: it never panics, and every figure lies within its sentence.

#![no_main]

use annals_extract::lexicon::Lexicon;
use annals_extract::text::Document;
use annals_extract::toll::tolls;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lexicon = Lexicon::english();
    let document = Document::new(text, lexicon);
    for toll in tolls(&document, lexicon) {
        let sentence = &document.sentences()[toll.sentence];
        assert!(toll.number.start >= sentence.tokens.start && toll.number.end <= sentence.tokens.end);
        assert!(toll.clause.start >= sentence.tokens.start && toll.clause.end <= sentence.tokens.end);
    }
});
