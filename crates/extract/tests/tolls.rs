//! What is read in sentences of every kind: `sentences.txt`, one snapshot a group.

use std::fmt::Write;

use annals_extract::language::Language;
use annals_extract::text::Document;
use annals_extract::toll::{Toll, tolls};
use proptest::prelude::*;

fn render(sentence: &str) -> String {
    let document = Document::new(sentence, Language::english());
    let mut out = format!("{sentence}\n");
    for toll in tolls(&document) {
        writeln!(out, "    {}", line(&document, &toll)).expect("a string takes any text");
    }
    out
}

fn line(document: &Document<'_>, toll: &Toll) -> String {
    let bounds = match (toll.low, toll.high) {
        (Some(low), Some(high)) if low == high => low.to_string(),
        (low, high) => {
            let bound = |bound: Option<u64>| bound.map_or(String::new(), |bound| bound.to_string());
            format!("{}..{}", bound(low), bound(high))
        }
    };
    let mut line = format!(
        "{bounds} {} {} ({}): {:?} by {:?}",
        toll.victims,
        toll.outcome,
        toll.qualifier,
        document.span(&toll.number),
        document.span(&toll.trigger)
    );
    if toll.modality != annals_plugin::Modality::Asserted {
        write!(line, ", {}", toll.modality).expect("a string takes any text");
    }
    if let Some(scope) = toll.scope {
        write!(line, ", {scope}").expect("a string takes any text");
    }
    if toll.implied {
        line.push_str(", implied");
    }
    if let Some(whole) = toll.part_of {
        write!(line, ", part of figure {}", whole + 1).expect("a string takes any text");
    }
    line
}

#[test]
fn figures_of_sentences_by_phenomenon() {
    let mut count = 0;
    let mut groups: Vec<(&str, String)> = Vec::new();
    for line in include_str!("sentences.txt").lines() {
        if let Some(name) = line.strip_prefix("## ") {
            groups.push((name, String::new()));
        } else if let Some((_, out)) = groups.last_mut().filter(|_| !line.is_empty()) {
            out.push_str(&render(line));
            count += 1;
        }
    }
    assert!(count >= 300, "{count} sentences");
    for (name, out) in groups {
        insta::assert_snapshot!(name.replace([' ', ','], "_"), out);
    }
}

proptest! {
    #[test]
    fn spans_and_parts_stay_within_the_text(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "killed", "were", "12", "two", "people", "and", ",", "wounded", "including", "children", "at least", "dead", "(", ")",
                "toll", "rose", "to", "of", "the", "a", "soldier", "among", "them", "\u{201c}", "\u{201d}", ".", "Omar", "Haddad", "é\u{301}", "بلدة", "\u{1f525}",
                "no", "none", "were shot", "who", "that", "by", "between", "\n\n", "million", "dozens", "of them", "others", "another", "family of",
            ]),
            0..60,
        )
    ) {
        let text = words.join(" ");
        let document = Document::new(&text, Language::english());
        let found = tolls(&document);
        for (index, toll) in found.iter().enumerate() {
            let sentence = &document.sentences()[toll.sentence];
            let inside = |span: &std::ops::Range<usize>| span.start >= sentence.tokens.start && span.end <= sentence.tokens.end;
            prop_assert!(inside(&toll.number) && inside(&toll.clause) && inside(&toll.noun), "{toll:?}");
            prop_assert!(toll.trigger.end <= sentence.tokens.end);
            prop_assert!(toll.part_of.is_none_or(|whole| whole != index && whole < found.len()));
            prop_assert!(toll.low.zip(toll.high).is_none_or(|(low, high)| low <= high));
            let (start, end) = (document.char_offset(sentence.start as usize), document.char_offset(sentence.end as usize));
            let quote: String = text.chars().skip(start as usize).take((end - start) as usize).collect();
            prop_assert_eq!(quote, document.sentence(toll.sentence));
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in "(?s).{0,600}") {
        let document = Document::new(&text, Language::english());
        tolls(&document);
    }
}

/// A hostile line costs no more a byte than a short one: eight times the text takes some eight times as long, where a
/// quadratic cost would take 64 times. The best of several tries counts, for other work may go on beside the test.
#[test]
fn cost_is_linear_on_hostile_lines() {
    for unit in [
        "killed 1 ",
        "1 killed , and ",
        "( 2 dead ",
        "including a child and ",
        "a.b.",
        "the death toll of ",
        "12-",
        "\"'",
        "who were killed by ",
    ] {
        assert_linear(unit, 100_000, 4, 0.002, &|text| {
            tolls(&Document::new(&text, Language::english()));
        });
    }
}

/// Times a text of repeated units, and one of eight times the length; no time counts for less than `least` seconds.
fn assert_linear(unit: &str, bytes: usize, tries: usize, least: f64, read: &dyn Fn(String)) {
    let time = |bytes: usize| {
        let one = || {
            let text = unit.repeat(bytes / unit.len());
            let start = std::time::Instant::now();
            read(text);
            start.elapsed().as_secs_f64()
        };
        (0..tries).map(|_| one()).fold(f64::INFINITY, f64::min)
    };
    time(bytes / 2);
    let (small, large) = (time(bytes), time(8 * bytes));
    assert!(large < 40.0 * small.max(least), "{unit:?}: {small} s, then {large} s for eight times the text");
}

/// The same of the whole stage: sources, places, doers and days of one hostile line.
#[test]
fn the_stage_is_linear_on_hostile_lines() {
    let passes = annals_extract::definition()
        .open(serde_json::json!({}), &annals_plugin::Context::default())
        .expect("the stage opens with its defaults");
    let Some(annals_plugin::Pass::Article(stage)) = passes.first() else { panic!("a stage per article") };
    for unit in [
        "a woman said X a man said ",
        "the army said it had killed 3 , ",
        "near Homs , north of Aleppo , killing 2 ",
        "on Monday , 3 May , two died . ",
        "A bombing by the army killed Omar Haddad and ",
    ] {
        assert_linear(unit, 40_000, 3, 0.004, &|text| {
            let mut article = annals_plugin::Article::new("a", "a", "in/a.txt");
            article.text = text;
            stage.process(annals_plugin::Batch::new(vec![article])).expect("the stage takes any text");
        });
    }
}
