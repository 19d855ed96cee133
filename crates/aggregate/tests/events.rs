//! The stage as a whole: what becomes of a small corpus, and what its results may not depend on.

use annals_plugin::testing::{CorpusRun, Schedule, run_corpus};
use annals_plugin::{
    Actor, AnyCorpusStage, Article, Claim, Context, EventType, Incident, Modality, Outcome, Pass, Place,
    Qualifier, Scope, Source, SourceKind, Status, Victims, When,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use proptest::prelude::*;

fn stage(config: serde_json::Value) -> Box<dyn AnyCorpusStage> {
    let mut passes =
        annals_aggregate::definition().open(config, &Context::default()).expect("a valid config");
    match passes.remove(0) {
        Pass::Corpus(stage) => stage,
        Pass::Article(_) => panic!("the stage needs the whole corpus"),
    }
}

fn run(articles: Vec<Article>) -> CorpusRun {
    run_corpus(&*stage(serde_json::json!({})), articles, 7).expect("a run")
}

/// An article of an outlet, published on a day of May 2020.
fn article(id: &str, outlet: &str, day: u32, title: &str, text: &str) -> Article {
    let mut article = Article::new(id, id, format!("{id}.txt"));
    article.publisher = Some(outlet.to_owned());
    article.published = Some(format!("2020-05-{day:02}"));
    article.title = Some(title.to_owned());
    article.text = text.to_owned();
    article
}

/// Adds an incident that happened on a day of May 2020.
fn tells(mut article: Article, event_type: EventType, day: Option<u32>, place: Option<Place>) -> Article {
    let ordinal = article.incidents.len();
    let day = day.map(|day| format!("2020-05-{day:02}").parse().expect("a date"));
    article.incidents.push(Incident {
        incident_id: format!("{}-{ordinal}", article.article_id),
        main: ordinal == 0,
        event_type,
        weapons: Vec::new(),
        when: day.map(|day| When { start: day, end: day, precision: 1 }),
        place,
        perpetrators: Vec::new(),
        killed: None,
        injured: None,
        start: 0,
        end: 40,
        event_id: None,
    });
    article
}

/// Adds a figure for the last incident.
fn claims(
    mut article: Article,
    outcome: Outcome,
    victims: Victims,
    number: u64,
    source: Option<&str>,
) -> Article {
    let incident = article.incidents.last().expect("an incident before its figures");
    article.claims.push(Claim {
        claim_id: format!("{}-c{}", article.article_id, article.claims.len()),
        incident: Some(article.incidents.len() as u32 - 1),
        event_id: None,
        event_type: incident.event_type,
        outcome,
        victims,
        low: Some(number),
        high: Some(number),
        qualifier: Qualifier::Exact,
        scope: Scope::Incident,
        modality: Modality::Asserted,
        when: incident.when,
        place: incident.place.clone(),
        perpetrator: None,
        source: source.map(|name| Source { name: name.to_owned(), kind: SourceKind::Monitor, id: None }),
        part_of: None,
        quote: String::new(),
        start: 0,
        end: 0,
    });
    article
}

fn town(name: &str, id: u32, adm_1: &str, (latitude, longitude): (f64, f64)) -> Option<Place> {
    Some(Place {
        name: name.to_owned(),
        geonames_id: Some(id),
        adm_1: Some(adm_1.to_owned()),
        country: Some("SYR".to_owned()),
        latitude: Some(latitude),
        longitude: Some(longitude),
        precision: Some(1),
        candidates: Vec::new(),
    })
}

fn saraqib() -> Option<Place> {
    town("Saraqib", 1, "Idlib", (35.86, 36.81))
}

fn atarib() -> Option<Place> {
    town("Atarib", 2, "Aleppo", (36.14, 36.83))
}

/// Raids on two towns, told by several outlets on several days, a copy and a round-up among them.
fn corpus() -> Vec<Article> {
    use EventType::{AirStrike, Other, Shelling};
    use Outcome::{Injured, Killed};
    use Victims::{Children, Civilians, People};
    let market = article(
        "a1",
        "North Wire",
        3,
        "Five killed as jets bomb Saraqib market",
        "Jets bombed the vegetable \
        market of Saraqib on Sunday, the Orient Monitor said. Among the dead was the grocer Hamdan Qattaf.",
    );
    let market =
        claims(tells(market, AirStrike, Some(3), saraqib()), Killed, People, 5, Some("Orient Monitor"));

    let rises = article(
        "a2",
        "Levant Post",
        4,
        "Toll of Saraqib market raid rises to eight",
        "Three of the wounded \
        died overnight, the Orient Monitor said, among them a sister of Hamdan Qattaf.",
    );
    let rises = tells(rises, AirStrike, Some(3), saraqib());
    let rises = claims(claims(rises, Killed, People, 8, Some("Orient Monitor")), Killed, Children, 2, None);

    let rescuers = article(
        "a3",
        "Daily Courier",
        4,
        "Rescuers: six dead in Saraqib",
        "Rescue teams counted six bodies \
        in the market of Saraqib and took eleven people to hospital.",
    );
    let rescuers = tells(rescuers, AirStrike, Some(3), saraqib());
    let rescuers = claims(rescuers, Killed, Civilians, 6, Some("Rescue Teams"));
    let rescuers = claims(rescuers, Injured, People, 11, Some("Rescue Teams"));

    let mut copy =
        article("a4", "Copy Site", 5, "Five killed as jets bomb Saraqib market", "Jets bombed the market.");
    copy.status = Status::Duplicate;
    copy.duplicate_of = Some("a1".to_owned());

    let round_up = article(
        "a5",
        "Weekly Review",
        9,
        "A week of raids",
        "Jets hit Saraqib on Sunday. Shells fell on \
        Atarib on Thursday.",
    );
    let round_up = claims(tells(round_up, AirStrike, Some(3), saraqib()), Killed, People, 8, None);
    let round_up = claims(tells(round_up, Shelling, Some(7), atarib()), Killed, People, 2, None);

    let atarib_shelled = article(
        "a6",
        "North Wire",
        7,
        "Two die as shells fall on Atarib",
        "Shells fell on homes in \
        Atarib on Thursday.",
    );
    let atarib_shelled = claims(tells(atarib_shelled, Shelling, Some(7), atarib()), Killed, People, 2, None);

    let funeral = article(
        "a7",
        "Levant Post",
        12,
        "Saraqib buries grocer Hamdan Qattaf",
        "Hundreds followed the bier \
        of Hamdan Qattaf, the grocer killed in the market of Saraqib.",
    );
    let funeral = tells(funeral, AirStrike, None, saraqib());

    let next_raid = article(
        "a8",
        "North Wire",
        14,
        "Jets return to Saraqib",
        "Jets bombed the bakery in Saraqib on \
        Thursday and killed four people.",
    );
    let next_raid = claims(tells(next_raid, AirStrike, Some(14), saraqib()), Killed, People, 4, None);

    let no_event = article("a9", "Levant Post", 6, "Ministers meet", "Ministers met.");
    let undated = tells(article("b1", "Levant Post", 6, "Something stirs", "It stirs."), Other, None, None);
    vec![market, rises, rescuers, copy, round_up, atarib_shelled, funeral, next_raid, no_event, undated]
}

/// Reports of other towns and days, so that a word that two reports share means something.
fn background() -> Vec<Article> {
    (0u32..40)
        .map(|at| {
            let text = format!(
                "Shells fell on the market of Town{at}, and killed a grocer, residents said on Sunday."
            );
            let other = article(&format!("z{at:02}"), "Other", at % 28 + 1, "Shells fall on town", &text);
            let place = town(
                &format!("Town{at}"),
                100 + at,
                &format!("Division {}", at % 9),
                (30.0 + f64::from(at) * 2.0, 40.0),
            );
            claims(
                tells(other, EventType::Shelling, Some(at % 28 + 1), place),
                Outcome::Killed,
                Victims::People,
                1,
                None,
            )
        })
        .collect()
}

/// The columns of the events that a reader looks at first.
fn shown(run: &CorpusRun) -> String {
    let mut lines = Vec::new();
    for batch in &run.tables["events"] {
        for row in 0..batch.num_rows() {
            let text = |name: &str| {
                optional(batch, name, row, |array, row| array.as_string::<i32>().value(row).to_owned())
            };
            let number = |name: &str| {
                optional(batch, name, row, |array, row| {
                    array.as_primitive::<Int64Type>().value(row).to_string()
                })
            };
            let list = |name: &str| {
                optional(batch, name, row, |array, row| {
                    let items = array.as_list::<i32>().value(row);
                    items.as_string::<i32>().iter().flatten().collect::<Vec<_>>().join(" + ")
                })
            };
            let range = |name: &str| {
                format!(
                    "{}/{}/{}",
                    number(&format!("{name}_low")),
                    number(&format!("{name}_best")),
                    number(&format!("{name}_high"))
                )
            };
            let day = optional(batch, "date_start", row, |array, row| {
                array.as_primitive::<Date32Type>().value_as_date(row).expect("a date").to_string()
            });
            lines.push(format!(
                "{} {day} {} {} ({})\n  killed {} civilians {} children {} injured {}\n  {} sources: {}; {}\n  articles {}; before {}",
                text("event_id"), text("place"), text("event_type"), text("sub_event_type"),
                range("killed"), range("civilians_killed"), range("children_killed"), range("injured"),
                number("number_of_sources"), list("sources"), text("grading"),
                list("article_ids"), list("previous_ids"),
            ));
        }
    }
    lines.join("\n\n")
}

fn optional(
    batch: &RecordBatch,
    name: &str,
    row: usize,
    get: impl Fn(&dyn Array, usize) -> String,
) -> String {
    let array = batch.column_by_name(name).expect("a column of the table");
    if array.is_null(row) { "-".to_owned() } else { get(array, row) }
}

fn event_of<'a>(run: &'a CorpusRun, article: &str) -> Option<&'a str> {
    let article =
        run.articles.iter().find(|found| found.article_id == article).expect("an article of the corpus");
    article.main_event_id.as_deref()
}

#[test]
fn a_fortnight_becomes_events() {
    let all = shown(&run([corpus(), background()].concat()));
    let chief: Vec<&str> = all.split("\n\n").filter(|event| !event.contains("articles z")).collect();
    insta::assert_snapshot!(chief.join("\n\n"));
}

#[test]
fn follow_ups_join_and_later_raids_do_not() {
    let run = run([corpus(), background()].concat());
    let alone = event_of(&run, "z00");
    assert!((1..40).all(|at| event_of(&run, &format!("z{at:02}")) != alone), "other towns are other events");
    let market = event_of(&run, "a1");
    assert!(market.is_some());
    for follow_up in ["a2", "a3", "a4", "a5", "a7"] {
        assert_eq!(event_of(&run, follow_up), market, "{follow_up}");
    }
    assert_ne!(event_of(&run, "a8"), market, "a raid of another day");
    assert_eq!(event_of(&run, "a9"), None, "no conflict event");
    let round_up = run.articles.iter().find(|article| article.article_id == "a5").expect("the round-up");
    assert_eq!(
        round_up.incidents[1].event_id.as_deref(),
        event_of(&run, "a6"),
        "the second item of the round-up"
    );
    assert_eq!(round_up.claims[1].event_id, round_up.incidents[1].event_id);
}

#[test]
fn a_total_belongs_to_no_event() {
    let mut articles = corpus();
    articles[0].claims[0].scope = Scope::Total;
    let run = run(articles);
    assert_eq!(run.articles[0].claims[0].event_id, None);
}

#[test]
fn two_incidents_of_one_article_stay_apart() {
    let twice = article("a", "X", 3, "Two raids on Saraqib", "Jets hit Saraqib. Jets hit Saraqib again.");
    let twice = tells(
        tells(twice, EventType::AirStrike, Some(3), saraqib()),
        EventType::AirStrike,
        Some(3),
        saraqib(),
    );
    let run = run(vec![twice]);
    assert_ne!(run.articles[0].incidents[0].event_id, run.articles[0].incidents[1].event_id);
}

#[test]
fn grading_follows_who_is_held_responsible() {
    let actor = |name: &str| Actor { name: name.to_owned(), id: Some(name.to_owned()) };
    let graded = |parties: [&str; 2], voice: Option<&str>| {
        let mut articles: Vec<Article> = (0..2)
            .map(|at| {
                let told = article(
                    &format!("a{at}"),
                    &format!("Outlet {at}"),
                    3,
                    "Raid on Saraqib",
                    "Jets hit Saraqib.",
                );
                claims(
                    tells(told, EventType::AirStrike, Some(3), saraqib()),
                    Outcome::Killed,
                    Victims::People,
                    5,
                    None,
                )
            })
            .collect();
        for (article, party) in articles.iter_mut().zip(parties) {
            article.incidents[0].perpetrators = vec![actor(party)];
            article.claims[0].source = voice.map(|id| Source {
                name: id.to_owned(),
                kind: SourceKind::Military,
                id: Some(id.to_owned()),
            });
        }
        let run = run(articles);
        let batch = &run.tables["events"][0];
        assert_eq!(batch.num_rows(), 1, "both tell of one event");
        optional(batch, "grading", 0, |array, row| array.as_string::<i32>().value(row).to_owned())
    };
    assert_eq!(graded(["army", "army"], None), "fair");
    assert_eq!(graded(["army", "army"], Some("army")), "confirmed");
    assert_eq!(graded(["army", "army"], Some("rebels")), "weak");
    assert_eq!(graded(["army", "rebels"], None), "contested");
}

#[test]
fn unknown_keys_and_senseless_values_are_refused() {
    let open = |config| annals_aggregate::definition().open(config, &Context::default()).map(|_| ());
    assert!(open(serde_json::json!({"treshold": 1})).is_err());
    assert_eq!(open(serde_json::json!({"distance_km": 0})).expect_err("no distance").key, "distance_km");
    assert_eq!(open(serde_json::json!({"candidates": 0})).expect_err("no neighbours").key, "candidates");
    assert!(open(serde_json::json!({"best": "latest"})).is_ok());
}

#[test]
fn what_a_report_tells_of_another_event_does_not_join_the_two() {
    let past = "Jets hit the vegetable market of Saraqib on Sunday, where Qattaf the grocer died.";
    let lead = "Shells fell on a street of Atarib on Monday, the Orient Monitor said. ";
    let mut atarib_next_day =
        article("c1", "Levant Post", 4, "Shells fall on Atarib", &format!("{lead}{past}"));
    atarib_next_day = tells(atarib_next_day, EventType::Shelling, Some(4), atarib());
    atarib_next_day = claims(atarib_next_day, Outcome::Killed, Victims::People, 3, Some("Orient Monitor"));
    let mut twice = tells(atarib_next_day, EventType::AirStrike, Some(3), saraqib());
    let (start, end) = (lead.len() as u32, (lead.len() + past.len()) as u32);
    (twice.incidents[1].start, twice.incidents[1].end) = (start, end);
    let run = run([corpus(), background(), vec![twice]].concat());
    let found = run.articles.iter().find(|article| article.article_id == "c1").expect("the report");
    assert_ne!(event_of(&run, "c1"), event_of(&run, "a1"));
    assert_eq!(found.incidents[1].event_id.as_deref(), event_of(&run, "a1"), "its background does join");
}

#[test]
fn reports_of_other_victims_are_of_other_events() {
    let reports = |groups: [Victims; 2]| {
        let report = |id: &str, group| {
            let told = article(id, id, 3, "Raids near Saraqib", "Jets hit a road near Saraqib.");
            claims(tells(told, EventType::AirStrike, Some(3), saraqib()), Outcome::Killed, group, 4, None)
        };
        let run = run(vec![report("b1", groups[0]), report("b2", groups[1])]);
        let links = &run.tables["links"];
        let reasons: Vec<String> = links
            .iter()
            .flat_map(|batch| batch.column_by_name("reasons").expect("a column").as_string::<i32>().iter())
            .flatten()
            .map(str::to_owned)
            .collect();
        reasons.join(" ")
    };
    assert!(!reports([Victims::Civilians, Victims::Children]).contains("other victims"));
    assert!(!reports([Victims::People, Victims::Combatants]).contains("other victims"));
    let apart = reports([Victims::Civilians, Victims::Combatants]);
    assert!(apart.is_empty() || apart.contains("other victims -"), "{apart}");
}

#[test]
fn entries_of_a_register_are_incidents_of_their_own() {
    let entries = |dated: bool| {
        let entry = |id: &str, victim: &str| {
            let text = format!("Jets hit a house in Saraqib and killed {victim}, neighbours wrote online.");
            let mut entry = article(id, "Archive of Harm", 3, "Raid on Saraqib", &text);
            entry.published = entry.published.filter(|_| dated);
            let entry = tells(entry, EventType::AirStrike, Some(3), saraqib());
            claims(entry, Outcome::Killed, Victims::People, 1, None)
        };
        let run =
            run(vec![entry("a1", "Samer Nahhas"), entry("a2", "Rima Haddad"), entry("a3", "Omar Sabbagh")]);
        run.tables["events"].iter().map(RecordBatch::num_rows).sum::<usize>()
    };
    assert_eq!(entries(false), 3);
    assert_eq!(entries(true), 1, "an outlet that dates its reports comes back to an event");
}

#[test]
fn the_best_figure_follows_the_rule_of_the_config() {
    let best = |rule: &str| {
        let stage = stage(serde_json::json!({ "best": rule }));
        let reports = [("a1", 3, 5), ("a2", 4, 9), ("a3", 5, 7), ("a4", 6, 6), ("a5", 6, 9)];
        let articles = reports.map(|(id, day, killed)| {
            let told = article(id, id, day, "Raid on Saraqib market", "Jets hit the market of Saraqib.");
            let told = tells(told, EventType::AirStrike, Some(3), saraqib());
            claims(told, Outcome::Killed, Victims::People, killed, None)
        });
        let run = run_corpus(&*stage, articles.to_vec(), 2).expect("a run");
        let batch = &run.tables["events"][0];
        assert_eq!(batch.num_rows(), 1);
        ["low", "best", "high"].map(|bound| {
            let column = batch.column_by_name(&format!("killed_{bound}")).expect("a bound");
            column.as_primitive::<Int64Type>().value(0)
        })
    };
    assert_eq!(best("agreed"), [5, 9, 9]);
    assert_eq!(best("median"), [5, 7, 9]);
    assert_eq!(best("latest"), [5, 9, 9]);
    assert_eq!(best("conservative"), [5, 5, 9]);
    assert_eq!(best("highest"), [5, 9, 9]);
}

#[test]
fn links_tell_why() {
    let run = run([corpus(), background()].concat());
    let links = &run.tables["links"][0];
    let reasons = links.column_by_name("reasons").expect("a column").as_string::<i32>();
    assert!(
        reasons.iter().flatten().any(|reason| reason.contains("same place") && reason.contains("qattaf")),
        "{reasons:?}"
    );
}

/// A corpus of articles whose places, days, figures and words are drawn from few, so that many resemble each other.
fn articles() -> impl Strategy<Value = Vec<Article>> {
    let words =
        prop::sample::select(vec!["market", "Qattaf", "bakery", "Hamdan", "school", "Nahar", "convoy", "23"]);
    let one = (
        0u32..5,
        1u32..28,
        prop::option::of(1u32..28),
        0u64..9,
        0u32..4,
        prop::collection::vec(words, 0..8),
        0u8..8,
    );
    prop::collection::vec(one, 0..24).prop_map(|rows| {
        let told = |(number, (outlet, published, day, killed, place, words, kind)): (usize, _)| {
            let (outlet, published, day): (u32, u32, Option<u32>) = (outlet, published, day);
            let words: Vec<&str> = words;
            let id = format!("{number:02}");
            let mut told =
                article(&id, &format!("Outlet {outlet}"), published, &words.join(" "), &words.join(" near "));
            if kind == 0 && number > 0 {
                told.status = Status::Duplicate;
                told.duplicate_of = Some(format!("{:02}", number / 2));
                return told;
            }
            let place = match place {
                0 => saraqib(),
                1 => atarib(),
                2 => town("Maarat", 3, "Idlib", (35.64, 36.67)),
                _ => None,
            };
            if kind == 1 {
                told.published = None;
            }
            let told = tells(told, EventType::ALL[kind as usize % 4], day, place.clone());
            let told =
                claims(told, Outcome::Killed, Victims::People, killed, (kind == 2).then_some("Monitor"));
            if kind == 3 { tells(told, EventType::Clash, Some(published), place) } else { told }
        };
        rows.into_iter().enumerate().map(told).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn order_and_batches_change_nothing(articles in articles(), batch_size in 1usize..9, seed: u64) {
        let stage = stage(serde_json::json!({}));
        let at_once = run_corpus(&*stage, articles.clone(), articles.len().max(1)).expect("a run");
        let one_by_one = run_corpus(&*stage, articles.clone(), 1).expect("a run");
        let mixed = Schedule { batch_size, shuffle: Some(seed) }.run(&*stage, articles).expect("a run");
        prop_assert_eq!(&at_once, &one_by_one);
        prop_assert_eq!(&at_once, &mixed);
    }

    #[test]
    fn every_incident_has_one_event_and_every_range_is_ordered(articles in articles()) {
        let run = run_corpus(&*stage(serde_json::json!({})), articles, 5).expect("a run");
        let mut told: Vec<&str> = Vec::new();
        for article in run.articles.iter().filter(|article| article.status == Status::Kept) {
            let mut own: Vec<&str> = article.incidents.iter().filter_map(|i| i.event_id.as_deref()).collect();
            prop_assert_eq!(own.len(), article.incidents.len());
            told.extend(&own);
            own.sort_unstable();
            own.dedup();
            prop_assert_eq!(own.len(), article.incidents.len(), "two incidents of one article are two events");
        }
        told.sort_unstable();
        told.dedup();
        let mut listed = Vec::new();
        for batch in &run.tables["events"] {
            listed.extend(batch.column_by_name("event_id").expect("ids").as_string::<i32>().iter().flatten());
            let bound = |name: &str| batch.column_by_name(name).expect("a bound").as_primitive::<Int64Type>().clone();
            let (low, best, high) = (bound("killed_low"), bound("killed_best"), bound("killed_high"));
            for row in 0..batch.num_rows() {
                if best.is_valid(row) {
                    prop_assert!(low.value(row) <= best.value(row) && best.value(row) <= high.value(row));
                }
            }
        }
        listed.sort_unstable();
        prop_assert_eq!(told, listed);
    }
}
