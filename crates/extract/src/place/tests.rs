use super::*;
use crate::language::Language;
use proptest::prelude::*;

fn read(text: &str) -> String {
    let language = Language::english();
    let gazetteer = Gazetteer::builtin();
    let document = Document::new(text, language);
    let title = Document::new("", language);
    let places = Places::find(&document, &title, &Hints::default(), gazetteer);
    let show = |index: usize| {
        let mention = &places.mentions()[index];
        let place = places.place(index, gazetteer);
        let area = [place.adm_1, place.country].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let point = place.latitude.map_or("no point".to_owned(), |latitude| format!("{latitude:.1}"));
        let precision = place.precision.map_or("open".to_owned(), |precision| precision.to_string());
        let more = if place.candidates.is_empty() {
            String::new()
        } else {
            format!(", or one of {}", place.candidates.len())
        };
        format!("    {} [{area}] where_prec {precision}, {point}{more} {:?}\n", place.name, mention.standing)
    };
    (0..places.mentions().len()).map(show).collect()
}

fn table(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n{}", read(line))).collect()
}

#[test]
fn names_and_their_areas() {
    insta::assert_snapshot!(table(&[
        "Two men died in Saraqib, in Idlib province, when jets hit the bakery.",
        "A shell hit a house in the village of Kafr Nabel in Syria.",
        "The bomb went off in the Salaheddin district of Aleppo, Syria.",
        "Guards in Khan Yunis and Deir al-Balah buried nine people, Gaza's hospitals said.",
        "A man was shot in Cheraw, South Carolina.",
        "Three were hurt near Bremerton, Wash., on the ferry road.",
        "Rockets fell on Kharkiv and on Izium.",
        "Two officers died in Mosul, Iraq, and one in Ta'iz, Yemen.",
    ]));
}

#[test]
fn city_or_governorate() {
    insta::assert_snapshot!(table(&[
        "Nine died in Hama, Syria.",
        "Nine died in the city of Hama, Syria.",
        "Nine died in Hama province, Syria.",
        "Nine died in Taftanaz in Idlib, Syria.",
    ]));
}

#[test]
fn near_a_place_and_parts_of_one() {
    insta::assert_snapshot!(table(&[
        "The patrol was hit on the outskirts of Saraqib, Syria.",
        "The convoy was struck north of Manbij, Syria.",
        "Shells fell on the western countryside of Aleppo, Syria.",
        "Raids went on in northern Syria.",
        "Raids went on in eastern Ukraine.",
        "A boat sank in the Red Sea.",
    ]));
}

#[test]
fn no_places() {
    insta::assert_snapshot!(table(&[
        "Mr Jackson said that Houston Rodriguez was not there.",
        "Marcus Jackson, 24, was shot. Jackson died at once.",
        "The Aleppo Media Center posted a film.",
        "The Syrian army denied it, and Damascus said nothing.",
        "Sheriff Lincoln spoke on Monday in March.",
        "The Chicago Tribune wrote of it.",
    ]));
}

#[test]
fn wires_in_capitals() {
    insta::assert_snapshot!(table(&[
        "TWO SOLDIERS WERE KILLED IN SAN MIGUEL DEPARTMENT, EL SALVADOR.",
        "THE POLICE OF MEDELLIN SAID THAT A BOMB WENT OFF IN BOGOTA, COLOMBIA.",
        "GENERAL VARGAS SPOKE OF PEACE IN AYACUCHO, PERU.",
    ]));
}

#[test]
fn namesakes_stay_open_until_the_text_settles_them() {
    insta::assert_snapshot!(table(&[
        "A man was shot in Springfield.",
        "A man was shot in Springfield, Illinois.",
        "Police in Missouri said a man was shot in Springfield.",
    ]));
}

#[test]
fn what_stands_at_a_word_is_where_its_sentence_says() {
    let text = "Nine people died in Saraqib, Syria. Two more died in Manbij. The wounded were many.";
    let language = Language::english();
    let gazetteer = Gazetteer::builtin();
    let document = Document::new(text, language);
    let places =
        Places::find(&document, &Document::new("Raids on Saraqib", language), &Hints::default(), gazetteer);
    let at = |sentence: usize| {
        let token = document.sentences()[sentence].tokens.start + 1;
        places.of_incident(&document, gazetteer, sentence, token).map(|place| place.name)
    };
    assert_eq!([at(0), at(1), at(2)], ["Saraqib", "Manbij", "Manbij"].map(|name| Some(name.to_owned())));
    assert_eq!(places.main(gazetteer).map(|place| place.name).as_deref(), Some("Saraqib"));
}

/// The place that a local outlet's article is chiefly about.
fn main_of(url: &str, dateline: Option<&str>, title: &str, text: &str) -> Option<String> {
    let language = Language::english();
    let gazetteer = Gazetteer::builtin();
    let (document, title) = (Document::new(text, language), Document::new(title, language));
    let places = Places::find(&document, &title, &Hints { url: Some(url), dateline }, gazetteer);
    places.main(gazetteer).map(|place| place.name)
}

#[test]
fn local_reports_tell_where_it_happened_by_more_than_names() {
    let at = |url, dateline, title, text| main_of(url, dateline, title, text).unwrap_or_default();
    // The dateline stands for what the text leaves out; the hospital's town is only where the victim is treated.
    assert_eq!(
        at(
            "http://www.kwtx.com/1",
            Some("HEWITT, Texas"),
            "Boy hurt by stray bullet",
            "A boy of nine was hurt when a bullet came through a wall late on Monday. He was taken to a hospital in Temple, police said."
        ),
        "Hewitt"
    );
    // A headline ends with the outlet's own name.
    assert_eq!(
        at(
            "http://www.ksla.com/2",
            None,
            "Two shot at car wash - KSLA News 12 Shreveport, Louisiana News Weather",
            "Two men were shot at a car wash in Minden on Friday. Minden police are looking for a grey van."
        ),
        "Minden"
    );
    // A quarter of the outlet's town, though a town of that name lies elsewhere.
    assert_eq!(
        at(
            "http://wgntv.com/3",
            None,
            "One dead in shooting",
            "A man was shot dead in the Chatham neighborhood early on Sunday, and his brother was hurt."
        ),
        "Chicago"
    );
    // The outlet's town by its own name, not by that of a town elsewhere that is called so too.
    assert_eq!(
        at(
            "http://www.ksat.com/5",
            None,
            "Teen shot in parking lot",
            "A teen was shot in a parking lot on Saturday night, police said."
        ),
        "San Antonio"
    );
    // A word that is another name too is a place after "in".
    assert_eq!(
        at(
            "http://www.chron.com/4",
            None,
            "Teen shot in parking lot",
            "A teen was shot in a parking lot in Spring on Saturday night, deputies said."
        ),
        "Spring"
    );
}

#[test]
fn governments_and_persons_are_no_places_of_harm() {
    insta::assert_snapshot!(table(&[
        "Washington blames Syria for the strike on Douma, in which 40 people died.",
        "A boy named Hayden was shot in Tucson, Arizona, in his yard.",
        "He was airlifted to the university hospital in Tucson, Arizona.",
        "Police in Washington, D.C. said two men were shot in D.C. on Friday.",
    ]));
}

proptest! {
    #[test]
    fn any_text_is_read(text in "(?s)([a-zé .,'-]|Homs|in |Hama|Mr |Syria|, |IDLIB |\u{5d0}|province |New York |St. |Louis|S.C.|the |city of ){0,60}") {
        let language = Language::english();
        let gazetteer = Gazetteer::builtin();
        let document = Document::new(&text, language);
        let places = Places::find(&document, &document, &Hints { url: Some(&text), dateline: Some(&text) }, gazetteer);
        for mention in places.mentions() {
            prop_assert!(mention.tokens.end <= document.tokens().len() && (mention.line || !mention.tokens.is_empty()));
        }
        for sentence in 0..document.sentences().len() {
            let token = document.sentences()[sentence].tokens.start;
            let _ = places.of_incident(&document, gazetteer, sentence, token);
        }
    }
}
