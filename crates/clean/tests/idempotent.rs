//! What is clean stays as it is: cleaning a cleaned article changes nothing and takes nothing off.

use annals_clean::clean;
use annals_plugin::Article;
use proptest::prelude::*;

/// Pieces that scrapes are made of, the story's and others.
const PIECES: &[&str] = &[
    "Shells fell on the market of the town for the third day running, residents said.",
    "Nine people were killed and 14 wounded, according to the council.",
    "“We ran,” said one of them. The army has not commented on the report so far.",
    "Ten dead as shells hit market",
    "BEIRUT (Reuters) -",
    "ALEPPO —",
    "Idlib, Syria –",
    "BOGOTA, 5 FEB 90 (EFE) -- [TEXT]",
    "Sun 10 Jul 2016",
    "Date of publication 4 October 2016 -",
    "Last updated at Jul 26 2016 -",
    "AFP  Tuesday 19 Jul 2016  ",
    "By Lina Qadri and Omar Sale",
    "Photo by: Reuters",
    "A man stands in the ruins. (credit: STRINGER/ REUTERS)",
    "Read more: https://valleypost.example/2022/07/shells#abc",
    "Leave a Reply",
    "Your email address will not be published. Required fields are marked *",
    "Source link",
    "Source :",
    "Related stories",
    "Mayor quits over water",
    "Tags: war, truce",
    "Share on Facebook",
    "(Reporting by Lina Qadri; Editing by Omar Sale)",
    "TRTWorld and agencies",
    "--AFP",
    "Copyright 2016 The Valley Post. All rights reserved.",
    "Advertisement",
    "Syriaâ€™s army",
    "Al-Qaeda_\u{90}_â\u{90}\u{90}_s men",
    "Syria ' s army &amp;amp; others",
    "e\u{301}",
    "...",
    "- ",
    "A",
    "— — —",
    "1,200",
    "",
    "   ",
    "over the edge of the line and on to the next one until it",
    "THE ARMY SAID ON MONDAY THAT IT HAD TAKEN THE PASS AFTER A NIGHT OF",
];

fn article(text: String, title: Option<&str>) -> Article {
    let mut article = Article::new("a", "a", "a.txt");
    article.text = text;
    article.title = title.map(str::to_owned);
    article
}

fn check(text: String, title: Option<&str>) -> Result<(), TestCaseError> {
    let mut once = article(text, title);
    if clean(&mut once).is_err() {
        return Ok(());
    }
    let mut twice = once.clone();
    twice.removed.clear();
    let again = clean(&mut twice);
    prop_assert!(again.is_ok(), "refused the second time: {again:?}\n{once:#?}");
    prop_assert_eq!(&twice.removed, &Vec::new(), "taken off the second time from {:?}", once.text);
    twice.removed.clone_from(&once.removed);
    prop_assert_eq!(twice, once);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn of_pieces(
        pieces in prop::collection::vec((prop::sample::select(PIECES), prop::sample::select(&[" ", "\n", "\n\n", "   "][..])), 1..14),
        title in prop::sample::select(&[None, Some("Ten dead as shells hit market"), Some("Shells hit a market in Marrun")][..]),
    ) {
        let text: String = pieces.iter().flat_map(|(piece, gap)| [*piece, *gap]).collect();
        check(text, title)?;
    }

    #[test]
    fn of_any_text(text in "\\PC{0,300}") {
        check(text, None)?;
    }

    #[test]
    fn figures_and_sentences_survive(
        before in prop::collection::vec(prop::sample::select(PIECES), 0..5),
        after in prop::collection::vec(prop::sample::select(PIECES), 0..5),
    ) {
        let toll = "Nine people were killed and 14 wounded, according to the council.";
        let story = "Shells fell on the market of the town for the third day running, residents said.";
        let text = format!("{}\n\n{story} {toll}\n\n{}", before.join("\n\n"), after.join("\n\n"));
        let mut article = article(text.clone(), None);
        if clean(&mut article).is_ok() {
            prop_assert!(article.text.contains(toll), "lost from {text:?}:\n{}", article.text);
            prop_assert!(article.text.contains(story), "lost from {text:?}:\n{}", article.text);
        }
    }
}
