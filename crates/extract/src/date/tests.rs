use super::calendar::day;
use super::*;
use crate::language::Language;
use proptest::prelude::*;

/// Published on Thursday, 15 March 2018.
fn read(text: &str) -> String {
    let document = Document::new(text, Language::english());
    let dates = Dates::find(&document, Some(Date::constant(2018, 3, 15)));
    let show = |mention: &Mention| {
        let when = mention.when.map_or("open".to_owned(), |when| {
            if when.start == when.end {
                format!("{} ({})", when.start, when.precision)
            } else {
                format!("{}..{} ({})", when.start, when.end, when.precision)
            }
        });
        let role = match mention.role {
            Role::Event => "",
            Role::Report => " report",
            Role::Future => " future",
        };
        format!("[{}] {when}{role}", document.span(&mention.tokens))
    };
    dates.mentions().iter().map(show).collect::<Vec<_>>().join("; ")
}

fn table(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n    {}\n", read(line))).collect()
}

#[test]
fn days_told_from_the_report() {
    insta::assert_snapshot!(table(&[
        "Four people were killed on Tuesday when a shell hit the bakery.",
        "Two guards died last night.",
        "The bomb went off two days ago.",
        "A mine killed a farmer early Thursday.",
        "Jets struck the town yesterday evening and again this morning.",
        "The clinic was hit overnight.",
        "Six were wounded last Thursday.",
        "The village was shelled over the weekend.",
        "Three boys died a week ago.",
        "Raids killed nine in the past 24 hours.",
        "The two sides will meet on Monday.",
        "The fire was out hours later, on Wednesday night.",
    ]));
}

#[test]
fn dates_written_out() {
    insta::assert_snapshot!(table(&[
        "He was shot on March 3.",
        "The blast of July 22 killed five.",
        "The convoy left on Feb. 26, 2016.",
        "Clashes began on 3 January 2017 and ended on 5th of February.",
        "The market was hit on Friday, March 9.",
        "Gunmen struck on 2018-03-11.",
        "The raid of 03/12/2018 failed.",
        "The siege lasted from March 3-5.",
        "The army entered in October.",
        "The massacre of May 2014 was never solved.",
        "He may march on Sunday.",
    ]));
}

#[test]
fn spans() {
    insta::assert_snapshot!(table(&[
        "Ten died on Saturday and Sunday.",
        "From the start of this year to March 8, rockets killed forty.",
        "Since Monday, thirty people have died.",
        "Between January 2 and February 4 the road was shut.",
        "The strikes of this week follow those of last month.",
        "Earlier this month a bus was bombed.",
        "In 2013 a gas attack killed hundreds.",
        "The war has gone on since 2011.",
        "Last year was the worst.",
    ]));
}

#[test]
fn days_told_from_another_day() {
    insta::assert_snapshot!(table(&[
        "A shell killed two on March 3. Three more died the same day.",
        "A shell killed two on March 3. A day earlier the school was hit.",
        "A shell killed two on March 3. The next day the clinic burned.",
        "A shell killed two on March 3. Two days later a third man died.",
    ]));
}

#[test]
fn days_of_saying_so() {
    insta::assert_snapshot!(table(&[
        "Five people died in the raid, the ministry said on Wednesday.",
        "The mayor told reporters Monday that two men had been shot on Sunday.",
        "Police said a man was killed Tuesday night.",
    ]));
}

#[test]
fn nothing_that_only_looks_like_a_date() {
    insta::assert_snapshot!(table(&[
        "The USA Today reporter counted 2016 people.",
        "March said that he may go.",
        "Sat down, the sun rose.",
        "The 25th Division lost 12 men.",
        "He is 24 years old.",
    ]));
}

#[test]
fn without_a_day_of_publication_a_weekday_stays_open() {
    let document = Document::new("Two died on Tuesday. Three died on 4 May 2012.", Language::english());
    let dates = Dates::find(&document, None);
    assert_eq!(dates.mentions()[0].when, None);
    assert_eq!(dates.mentions()[1].when, Some(day(Date::constant(2012, 5, 4))));
    assert_eq!(dates.at(&document, 0, 1), Some(None));
}

#[test]
fn a_wire_dates_itself() {
    let text = "SAN LUIS, 3 JAN 90 -- [TEXT] TWO FARMERS WERE KILLED YESTERDAY. A BRIDGE WAS BLOWN UP ON 30 DECEMBER.";
    let document = Document::new(text, Language::english());
    let dates = Dates::find(&document, None);
    let found: Vec<Option<When>> = dates.mentions().iter().map(|mention| mention.when).collect();
    let at = |year, month, number| Some(day(Date::constant(year, month, number)));
    assert_eq!(found, [at(1990, 1, 3), at(1990, 1, 2), at(1989, 12, 30)]);
}

proptest! {
    #[test]
    fn any_text_is_read(text in "(?s)([a-zé0-9 .,/-]|Monday|May|last|days|ago|2016|3|since|the|day|before|JAN| days | day before| of this year|. |earlier|night|to|\u{5d0}){0,60}") {
        let document = Document::new(&text, Language::english());
        for published in [None, Some(Date::constant(2016, 2, 29)), Some(Date::MIN), Some(Date::MAX)] {
            let dates = Dates::find(&document, published);
            for mention in dates.mentions() {
                prop_assert!(mention.tokens.end <= document.tokens().len() && !mention.tokens.is_empty());
                prop_assert!(mention.when.is_none_or(|when| when.start <= when.end));
                let _ = dates.of_incident(&document, mention.sentence, mention.tokens.start);
            }
        }
    }
}

#[test]
fn the_month_of_an_address_tells_the_year_and_no_day() {
    let month = super::month_of_address("https://paper.example/news/2022/07/bridge-hit");
    assert_eq!(month, Some(Date::constant(2022, 7, 1)));
    assert_eq!(super::month_of_address("https://paper.example/20220714/12/x"), None);
    let document =
        Document::new("Shells fell on the bridge on July 22. On Tuesday it was closed.", Language::english());
    let dates = Dates::find_in(&document, None, month);
    let starts: Vec<Option<Date>> =
        dates.mentions().iter().map(|mention| mention.when.map(|w| w.start)).collect();
    assert_eq!(starts[0], Some(Date::constant(2022, 7, 22)));
}

#[test]
fn a_year_named_long_before_does_not_date_a_month() {
    let filler = "Nothing of the kind was heard of. ".repeat(9);
    let text = format!("{filler}They agreed on March 5, 2020. {filler}On November 6 shells fell.");
    let document = Document::new(&text, Language::english());
    let dates = Dates::find(&document, None);
    assert_eq!(dates.mentions().last().and_then(|mention| mention.when), None);
}
