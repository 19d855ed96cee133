//! The tables as files: their columns, that the formats agree, and that a set is replaced as a whole.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use annals_output::{Format, LastSet, Options, Writer, recover, schema, unguard};
use annals_plugin::{
    Actor, Article, Claim, Date, EventType, Modality, Outcome, Place, Qualifier, Rejected, Scope, Source,
    SourceKind, Victims, When,
};
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch, new_null_array};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;
use serde_json::{Value, json};

const ALL: [Format; 5] = [Format::Parquet, Format::Csv, Format::Jsonl, Format::Geojson, Format::Html];

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn claim(quote: &str) -> Claim {
    Claim {
        claim_id: "c1".into(),
        incident: Some(0),
        event_id: Some("e1".into()),
        event_type: EventType::AirStrike,
        outcome: Outcome::Killed,
        victims: Victims::Children,
        low: Some(5),
        high: None,
        qualifier: Qualifier::AtLeast,
        scope: Scope::Incident,
        modality: Modality::Asserted,
        when: Some(When { start: day("2019-07-22"), end: day("2019-07-23"), precision: 2 }),
        place: Some(Place {
            name: "Maarat".into(),
            geonames_id: Some(169_389),
            adm_1: Some("Idlib".into()),
            country: Some("SYR".into()),
            latitude: Some(35.64),
            longitude: Some(36.67),
            precision: Some(1),
            candidates: vec![],
        }),
        perpetrator: Some(Actor { name: "jets".into(), id: None }),
        source: Some(Source { name: "a monitor".into(), kind: SourceKind::Monitor, id: None }),
        part_of: None,
        quote: quote.into(),
        start: 0,
        end: u32::try_from(quote.chars().count()).unwrap(),
    }
}

fn article(id: &str, text: &str) -> Article {
    let mut article = Article::new(id, format!("in/{id}.txt"), format!("in/{id}.txt"));
    article.text = text.to_owned();
    article
}

fn events(rows: usize) -> RecordBatch {
    let schema = schema::events();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            "event_id" => {
                Arc::new((0..rows).map(|n| Some(format!("e{n}"))).collect::<arrow_array::StringArray>())
            }
            "latitude" | "longitude" => Arc::new(
                (0..rows).map(|n| (n % 2 == 0).then_some(36.5)).collect::<arrow_array::Float64Array>(),
            ),
            _ => new_null_array(field.data_type(), rows),
        }
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
}

fn options() -> Options {
    Options { attributes: vec!["weapons".into()], title: "test".into(), ..Options::default() }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect()
}

fn json_lines(bytes: &[u8]) -> Vec<Value> {
    bytes
        .split(|&b| b == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn csv_rows(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_reader(bytes).deserialize().map(Result::unwrap).collect()
}

#[test]
fn claims_have_the_columns_of_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), &ALL, options()).unwrap();
    let mut one = article("a1", "At least five children died.");
    one.claims = vec![claim("At least five children died.")];
    one.attributes.insert("weapons".into(), json!(["bomb", "rocket"]));
    one.attributes.insert("desk".into(), json!("north"));
    writer.articles(&[one, article("a2", "")]).unwrap();
    writer.table("events", &events(3)).unwrap();
    let written = writer.close().unwrap();
    writer.file("run.json", b"{}").unwrap();
    writer.commit().unwrap();
    let rows: BTreeMap<_, _> = written.iter().map(|table| (table.name.as_str(), table.rows)).collect();
    assert_eq!((rows["claims"], rows["articles"], rows["events"], rows["rejected"]), (1, 2, 3, 0));

    let files = files(folder.path());
    for table in &written {
        let own = files.iter().filter(|(name, _)| name.split('.').next() == Some(&table.name));
        assert_eq!(own.map(|(_, bytes)| bytes.len() as u64).sum::<u64>(), table.bytes, "{}", table.name);
    }
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    assert_eq!(
        text("claims.csv"),
        "claim_id,article_id,event_id,event_type,outcome,victims,low,high,qualifier,scope,modality,date_start,date_end,\
         date_prec,place,geonames_id,adm_1,country,latitude,longitude,where_prec,perpetrator,perpetrator_id,source,\
         source_kind,part_of,quote,start,end\n\
         c1,a1,e1,air_strike,killed,children,5,,at_least,incident,asserted,2019-07-22,2019-07-23,2,Maarat,169389,Idlib,\
         SYR,35.64,36.67,1,jets,,a monitor,monitor,,At least five children died.,0,28\n"
    );
    assert_eq!(
        text("claims.jsonl"),
        "{\"claim_id\":\"c1\",\"article_id\":\"a1\",\"event_id\":\"e1\",\"event_type\":\"air_strike\",\"outcome\":\
         \"killed\",\"victims\":\"children\",\"low\":5,\"high\":null,\"qualifier\":\"at_least\",\"scope\":\"incident\",\
         \"modality\":\"asserted\",\"date_start\":\"2019-07-22\",\"date_end\":\"2019-07-23\",\"date_prec\":2,\"place\":\
         \"Maarat\",\"geonames_id\":169389,\"adm_1\":\"Idlib\",\"country\":\"SYR\",\"latitude\":35.64,\"longitude\":36.67,\
         \"where_prec\":1,\"perpetrator\":\"jets\",\"perpetrator_id\":null,\"source\":\"a monitor\",\"source_kind\":\
         \"monitor\",\"part_of\":null,\"quote\":\"At least five children died.\",\"start\":0,\"end\":28}\n"
    );
    let articles = json_lines(&files["articles.jsonl"]);
    assert_eq!(articles[0]["weapons"], json!(["bomb", "rocket"]));
    assert_eq!(articles[0]["attributes"], json!({"desk": "north"}));
    assert_eq!(
        (&articles[1]["attributes"], &articles[1]["authors"], &articles[1]["text"]),
        (&json!(null), &json!(null), &json!(null))
    );
    assert_eq!(csv_rows(&files["articles.csv"])[0]["weapons"], r#"["bomb","rocket"]"#);
    assert_eq!(text("rejected.csv"), "path,record,stage,reason,detail\n");
    assert_eq!(text("changes.csv"), "event_id,change,field,before,after\n");

    let map: Value = serde_json::from_slice(&files["events.geojson"]).unwrap();
    assert_eq!(map["features"][0]["geometry"], json!({"type": "Point", "coordinates": [36.5, 36.5]}));
    assert_eq!(map["features"][1]["geometry"], json!(null));
    assert_eq!(map["features"][2]["properties"]["event_id"], json!("e2"));
    assert_eq!(text("run.json"), "{}");
}

#[test]
fn hashtags_stand_below_the_header() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { hxl: true, ..options() };
    Writer::create(folder.path(), &[Format::Csv], options).unwrap().commit().unwrap();
    let files = files(folder.path());
    for table in ["events", "claims"] {
        let text = String::from_utf8(files[&format!("{table}.csv")].clone()).unwrap();
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(rows[0].len(), rows[1].len());
        for (name, tag) in rows[0].iter().zip(&rows[1]) {
            assert!(tag.starts_with('#'), "{table}.{name} has no hashtag");
        }
    }
}

#[test]
fn events_must_have_their_columns() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), &ALL, options()).unwrap();
    let cut = events(1).project(&[0, 1, 2]).unwrap();
    let error = writer.table("events", &cut).unwrap_err().to_string();
    assert_eq!(error, "table `events` needs a column `sub_event_type` of type Utf8");
}

fn write_set(folder: &Path, text: &str, formats: &[Format]) -> Writer {
    let mut writer = Writer::create(folder, formats, options()).unwrap();
    writer.articles(&[article("a", text)]).unwrap();
    writer
}

#[test]
fn a_set_is_replaced_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("deep/out");
    write_set(&out, "first", &ALL).commit().unwrap();
    fs::write(out.join("notes.txt"), "mine").unwrap();
    let first = files(&out);

    drop(write_set(&out, "second", &ALL));
    assert_eq!(files(&out), first, "a writer that is dropped leaves no trace");
    let mut closed = write_set(&out, "second", &ALL);
    closed.close().unwrap();
    drop(closed);
    assert_eq!(files(&out), first, "nor does one that was closed");

    // As a killed process leaves it: files on their way.
    std::mem::forget(write_set(&out, "second", &ALL));
    assert!(out.join(".annals/next/articles.csv").exists());
    assert_eq!(files(&out), first);
    write_set(&out, "third", &[Format::Csv]).commit().unwrap();
    let third = files(&out);
    let names: Vec<&str> = third.keys().map(String::as_str).collect();
    let expected = ["articles.csv", "changes.csv", "claims.csv", "events.csv", "notes.txt", "rejected.csv"];
    assert_eq!(names, expected, "formats that are no longer asked for are gone, other files are not");
    assert!(String::from_utf8_lossy(&third["articles.csv"]).contains("third"));
}

#[test]
fn a_decided_set_is_finished_from_any_point() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new");
    write_set(&new, "new", &[Format::Csv, Format::Jsonl]).commit().unwrap();
    let wanted = files(&new);
    let names: Vec<String> = wanted.keys().cloned().collect();
    for moved in 0..=names.len() {
        let out = folder.path().join(format!("out{moved}"));
        write_set(&out, "old", &[Format::Csv, Format::Parquet]).commit().unwrap();
        fs::create_dir(out.join(".annals/decided")).unwrap();
        for (at, name) in names.iter().enumerate() {
            let place = if at < moved { out.join(name) } else { out.join(".annals/decided").join(name) };
            fs::copy(new.join(name), place).unwrap();
        }
        fs::copy(new.join(".annals/tables.json"), out.join(".annals/decided/tables.json")).unwrap();
        recover(&out).unwrap();
        assert_eq!(files(&out), wanted, "{moved} files had been moved");
        recover(&out).unwrap();
    }
}

fn bytes_of(articles: &[Article], events: &RecordBatch, size: usize) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), &ALL, options()).unwrap();
    for part in articles.chunks(size) {
        writer.articles(part).unwrap();
    }
    let mut at = 0;
    while at < events.num_rows() {
        let count = size.min(events.num_rows() - at);
        writer.table("events", &events.slice(at, count)).unwrap();
        at += count;
    }
    writer.commit().unwrap();
    files(folder.path())
}

#[test]
fn grouping_does_not_change_a_byte() {
    let articles: Vec<Article> = (0..3_000)
        .map(|n| {
            let mut article = article(&format!("a{n}"), &format!("{n} ").repeat(n % 900));
            article.claims = vec![claim(&format!("quote {n}")); n % 4];
            article
        })
        .collect();
    let events = events(2_500);
    let whole = bytes_of(&articles, &events, usize::MAX);
    for size in [1, 7, 1_024, 1_500] {
        let parts = bytes_of(&articles, &events, size);
        for (name, bytes) in &whole {
            assert!(parts[name] == *bytes, "{name} differs with {size} at a time");
        }
    }
}

#[test]
fn the_folder_must_be_writable() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, "in the way").unwrap();
    let error = Writer::create(&blocked, &ALL, options()).err().unwrap().to_string();
    assert!(error.starts_with("failed to create "), "{error}");
    assert_eq!(fs::read(&blocked).unwrap(), b"in the way");
}

#[test]
fn the_page_shows_events_with_their_claims() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer =
        Writer::create(folder.path(), &[Format::Html], Options { title: "<Idlib>".into(), ..options() })
            .unwrap();
    let mut one = article("a1", "x");
    one.title = Some("</a><script>alert(1)</script>".into());
    one.url = Some("https://a.test/?q=\"'<>".into());
    one.claims = vec![claim("Five \"children\" died. <img src=x onerror=alert(2)>"); 50];
    one.claims[0].event_id = None;
    let mut two = article("a2", "x");
    two.url = Some("javascript:alert(3)".into());
    two.claims = vec![claim("\u{202e}\u{0}Another")];
    two.claims[0].event_id = Some("e0".into());
    writer.articles(&[one, two]).unwrap();
    writer.table("events", &events(3)).unwrap();
    writer.commit().unwrap();
    let files = files(folder.path());
    assert_eq!(files.keys().collect::<Vec<_>>(), ["events.html"]);
    let page = String::from_utf8(files["events.html"].clone()).unwrap();
    assert!(page.contains("<title>&lt;Idlib&gt;</title>"));
    assert_eq!(page.matches("<article class=\"event\"").count(), 3);
    assert_eq!(page.matches("<blockquote").count(), 41, "40 of one event and one of another");
    assert!(page.contains("49 claims") && page.contains("and 9 more in the table of claims"));
    assert!(
        page.contains("<b>5 or more children killed</b> <span class=\"dim\">according to a monitor</span>")
    );
    assert_eq!(page.matches("<script").count(), 1, "the page's own");
    assert!(!page.contains("<img") && !page.contains("javascript:") && !page.contains('\0'));
    assert!(page.contains("href=\"https://a.test/?q=&quot;&#39;&lt;&gt;\""));
    // Nothing is fetched from anywhere.
    assert!(
        !page.contains("<iframe")
            && !page.contains("url(")
            && !page.contains("@import")
            && !page.contains("<link")
    );
}

fn some_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[=+@'\"\\-;,\\\\\t\r\n a-zé🎯]{0,12}".prop_map(String::from),]
}

fn unlist(cell: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut chars = cell.chars();
    while let Some(c) = chars.next() {
        match c {
            ';' => items.push(String::new()),
            '\\' => items.last_mut().unwrap().extend(chars.next()),
            c => items.last_mut().unwrap().push(c),
        }
    }
    items
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever the texts hold, each format gives them back.
    #[test]
    fn texts_come_back(
        texts in prop::collection::vec((some_text(), prop::option::of(some_text()), prop::collection::vec(some_text(), 0..3)), 1..6)
    ) {
        let articles: Vec<Article> = texts.iter().enumerate().map(|(n, (text, title, authors))| {
            let mut article = article(&format!("a{n}"), text);
            article.title = title.clone();
            article.authors = authors.clone();
            article.attributes.insert("weapons".into(), json!(text));
            article.attributes.insert("other".into(), json!({"t": text}));
            article
        }).collect();
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(folder.path(), &ALL, options()).unwrap();
        writer.articles(&articles).unwrap();
        let row = |text: &String| Rejected {
            path: text.clone(), record: None, stage: "read".into(), reason: "binary".into(), detail: text.clone(),
        };
        writer.rejected(&texts.iter().map(|(text, ..)| row(text)).collect::<Vec<_>>()).unwrap();
        writer.commit().unwrap();
        let files = files(folder.path());

        let lines = json_lines(&files["articles.jsonl"]);
        let rows = csv_rows(&files["articles.csv"]);
        let parquet = bytes::Bytes::from(files["articles.parquet"].clone());
        let batch = ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap().build().unwrap().next().unwrap().unwrap();
        prop_assert_eq!(lines.len(), articles.len());
        prop_assert_eq!(rows.len(), articles.len());
        for (n, article) in articles.iter().enumerate() {
            let text = (!article.text.is_empty()).then_some(article.text.as_str());
            prop_assert_eq!(lines[n]["text"].as_str(), text);
            prop_assert_eq!(lines[n]["title"].as_str(), article.title.as_deref());
            prop_assert_eq!(lines[n]["weapons"].as_str(), Some(article.text.as_str()));
            prop_assert_eq!(lines[n]["attributes"]["other"]["t"].as_str(), Some(article.text.as_str()));

            let cell = &rows[n]["text"];
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?} is a formula");
            prop_assert_eq!(unguard(cell), article.text.as_str());
            prop_assert_eq!(unguard(&rows[n]["weapons"]), article.text.as_str());
            if !article.authors.is_empty() {
                prop_assert_eq!(unlist(unguard(&rows[n]["authors"])), article.authors.clone());
            }

            let column = batch.column_by_name("text").unwrap().as_string::<i32>();
            prop_assert_eq!(arrow_array::Array::is_valid(column, n).then(|| column.value(n)), text);
            let column = batch.column_by_name("weapons").unwrap().as_string::<i32>();
            prop_assert_eq!(column.value(n), article.text.as_str());
        }
        for (row, (text, ..)) in json_lines(&files["rejected.jsonl"]).iter().zip(&texts) {
            prop_assert_eq!(row["path"].as_str(), Some(text.as_str()));
        }
    }
}

/// Writes pieces of articles, each with a digest of its number and state, and a table of events; tells how many pieces the last
/// set held.
fn write_pieces(folder: &Path, pieces: &[(u8, u8)], events: &RecordBatch) -> usize {
    let mut writer = Writer::create(folder, &ALL, options()).unwrap();
    let (tables, others) = writer.sides();
    let mut held = 0;
    for &(number, state) in pieces {
        let digest = [[number; 8], [state; 8]].concat().try_into().unwrap();
        let articles = || -> Vec<Article> {
            (0..20)
                .map(|n| {
                    let mut article = article(
                        &format!("{number}-{n}"),
                        &format!("text {n} of state {state}; = and, so on"),
                    );
                    // Some pieces have no claim at all.
                    if number % 3 > 0 {
                        article.claims = vec![claim(&format!("quote {n} {state}")); n % 3];
                    }
                    article
                })
                .collect()
        };
        let encoder = tables.encoder();
        let known = encoder.holds(&digest);
        held += usize::from(known);
        let rows = (!known).then(|| encoder.encode(&articles()).unwrap());
        tables.pieces(vec![(digest, rows)]).unwrap();
    }
    tables.end().unwrap();
    others.table("events", events).unwrap();
    for id in others.wanted() {
        others.shown(&article(&id, "shown")).unwrap();
    }
    writer.commit().unwrap();
    held
}

#[test]
fn a_piece_is_the_same_whether_it_is_copied_or_new() {
    let folder = tempfile::tempdir().unwrap();
    let (out, new) = (folder.path().join("out"), |n: usize| folder.path().join(format!("new{n}")));
    let rows = events(9_000);
    let without = |from: usize, to: usize| {
        let parts = [rows.slice(0, from), rows.slice(to, rows.num_rows() - to)];
        arrow_select::concat::concat_batches(rows.schema_ref(), &parts).unwrap()
    };
    // Pieces change, come, go, and lose the place at the start of the file.
    type Set = (Vec<(u8, u8)>, RecordBatch, usize);
    let sets: [Set; 5] = [
        (vec![(1, 0), (2, 0), (3, 0), (4, 0)], rows.clone(), 0),
        (vec![(1, 0), (2, 1), (3, 0), (4, 0), (5, 0)], without(4_000, 4_001), 3),
        (vec![(6, 0), (2, 1), (3, 0), (5, 0)], without(0, 3_000), 3),
        (vec![(6, 0), (2, 1), (3, 0), (5, 0)], without(0, 3_000), 4),
        (vec![], without(0, 9_000), 0),
    ];
    for (turn, (pieces, events, held)) in sets.iter().enumerate() {
        assert_eq!(write_pieces(&out, pieces, events), *held, "turn {turn}");
        assert_eq!(write_pieces(&new(turn), pieces, events), 0);
        let (copied, fresh) = (files(&out), files(&new(turn)));
        assert_eq!(copied.keys().collect::<Vec<_>>(), fresh.keys().collect::<Vec<_>>());
        for (name, bytes) in &copied {
            assert!(*bytes == fresh[name], "turn {turn}: {name} differs");
        }
    }
}

#[test]
fn a_file_that_someone_changed_is_not_copied_from() {
    let folder = tempfile::tempdir().unwrap();
    let rows = events(1);
    let pieces = [(1, 0), (2, 0)];
    write_pieces(folder.path(), &pieces, &rows);
    let whole = files(folder.path());
    let path = folder.path().join("articles.csv");
    let spoilt = fs::read_to_string(&path).unwrap().replace("text", "TEXT");
    fs::write(&path, spoilt).unwrap();
    assert_eq!(write_pieces(folder.path(), &pieces, &rows), 0);
    assert_eq!(files(folder.path()), whole);
}

/// Writes events in parts, each known by its number and state, and loose ones after them; those parts that the last set has come
/// without rows. Tells how many these were.
fn write_parts(folder: &Path, parts: &[(u8, u8)], loose: usize) -> usize {
    let formats = &ALL[..4];
    let all = events(3000);
    let last = LastSet::open(folder, formats, options()).unwrap();
    let mut writer = Writer::create(folder, formats, options()).unwrap();
    let (_, others) = writer.sides();
    others.table("events", &all.slice(0, 0)).unwrap();
    let mut held = 0;
    for &(number, state) in parts {
        let digest = [[number; 8], [state; 8]].concat().try_into().unwrap();
        if last.holds("events", &digest) {
            others.held_part("events", &digest).unwrap();
            held += 1;
        } else {
            let rows = all.slice(usize::from(number) * 100 + usize::from(state), 40);
            others.part("events", &digest, &rows).unwrap();
        }
    }
    others.table("events", &all.slice(0, loose)).unwrap();
    writer.commit().unwrap();
    held
}

#[test]
fn parts_that_the_last_set_has_need_no_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (out, new) = (folder.path().join("out"), |n: usize| folder.path().join(format!("new{n}")));
    type Set<'a> = (&'a [(u8, u8)], usize, usize);
    let sets: [Set<'_>; 5] = [
        (&[(1, 0), (2, 0), (3, 0)], 0, 0),
        (&[(1, 0), (2, 1), (3, 0), (4, 0)], 700, 2),
        (&[(4, 0), (2, 1)], 700, 2),
        (&[], 5, 0),
        (&[(4, 0)], 5, 0),
    ];
    for (turn, (parts, loose, held)) in sets.into_iter().enumerate() {
        assert_eq!(write_parts(&out, parts, loose), held, "turn {turn}");
        assert_eq!(write_parts(&new(turn), parts, loose), 0);
        assert!(files(&out) == files(&new(turn)), "turn {turn}");
    }
    // A file that someone changed holds nothing.
    let path = out.join("events.csv");
    fs::write(&path, fs::read(&path).unwrap()).unwrap();
    let last = LastSet::open(&out, &ALL[..4], options()).unwrap();
    assert!(!last.holds("events", &[[4; 8], [0; 8]].concat().try_into().unwrap()));
}

#[test]
fn a_part_that_is_not_held_is_refused_without_rows() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), &ALL, options()).unwrap();
    let (_, others) = writer.sides();
    assert!(others.held_part("events", &[0; 16]).is_err(), "a table without columns");
    others.table("events", &events(1)).unwrap();
    let refused = others.held_part("events", &[0; 16]).and_then(|()| writer.close().map(drop));
    assert!(refused.is_err());
}
