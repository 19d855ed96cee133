use std::sync::Arc;

use arrow_array::{Int64Array, ListArray, StringArray, UInt8Array};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::label::*;
use crate::record::{Actor, Place, Source, When};

fn day() -> impl Strategy<Value = crate::Date> {
    (-9999_i16..=9999, 1_i8..=12, 1_i8..=28).prop_map(|(y, m, d)| crate::Date::constant(y, m, d))
}

fn when() -> impl Strategy<Value = When> {
    (day(), day(), any::<u8>()).prop_map(|(start, end, precision)| When { start, end, precision })
}

fn place() -> impl Strategy<Value = Place> {
    let text = || option::of(any::<String>());
    let degrees = || option::of(-180.0..180.0);
    (
        ".*",
        any::<Option<u32>>(),
        text(),
        text(),
        degrees(),
        degrees(),
        any::<Option<u8>>(),
        vec(any::<u32>(), 0..3),
    )
        .prop_map(|(name, geonames_id, adm_1, country, latitude, longitude, precision, candidates)| {
            Place { name, geonames_id, adm_1, country, latitude, longitude, precision, candidates }
        })
}

fn actor() -> impl Strategy<Value = Actor> {
    any::<(String, Option<String>)>().prop_map(|(name, id)| Actor { name, id })
}

fn incident() -> impl Strategy<Value = Incident> {
    (
        any::<(String, bool, Vec<String>, u32, u32, Option<String>)>(),
        select(EventType::ALL),
        option::of(when()),
        option::of(place()),
        vec(actor(), 0..3),
        option::of(0..=u64::try_from(i64::MAX).unwrap()),
    )
        .prop_map(
            |(
                (incident_id, main, weapons, start, end, event_id),
                event_type,
                when,
                place,
                perpetrators,
                told,
            )| {
                Incident {
                    incident_id,
                    main,
                    event_type,
                    weapons,
                    when,
                    place,
                    perpetrators,
                    killed: told,
                    injured: told.map(|told| told / 2),
                    start,
                    end,
                    event_id,
                }
            },
        )
}

fn claim() -> impl Strategy<Value = Claim> {
    let bound = || option::of(0..=u64::try_from(i64::MAX).unwrap());
    (
        any::<(String, Option<u32>, Option<String>, Option<String>, String, u32, u32)>(),
        (select(EventType::ALL), select(Outcome::ALL), select(Victims::ALL), select(Qualifier::ALL)),
        (select(Scope::ALL), select(Modality::ALL), bound(), bound()),
        (option::of(when()), option::of(place()), option::of(actor())),
        option::of((any::<String>(), select(SourceKind::ALL), any::<Option<String>>())),
    )
        .prop_map(|(plain, labels, (scope, modality, low, high), (when, place, perpetrator), source)| {
            let (claim_id, incident, event_id, part_of, quote, start, end) = plain;
            let (event_type, outcome, victims, qualifier) = labels;
            let source = source.map(|(name, kind, id)| Source { name, kind, id });
            Claim {
                claim_id,
                incident,
                event_id,
                event_type,
                outcome,
                victims,
                low,
                high,
                qualifier,
                scope,
                modality,
                when,
                place,
                perpetrator,
                source,
                part_of,
                quote,
                start,
                end,
            }
        })
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..3).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn article() -> impl Strategy<Value = Article> {
    let text = || any::<Option<String>>();
    (
        any::<(String, String, String, String, Option<Vec<u8>>, Option<f32>)>(),
        (text(), text(), text(), text(), text(), text(), text(), text()),
        (vec(any::<String>(), 0..3), vec(any::<String>(), 0..3)),
        (option::of(select(PublishedBasis::ALL)), select(Status::ALL), option::of(select(CopyKind::ALL))),
        vec(any::<(u32, String, String)>(), 0..3),
        (vec(incident(), 0..3), vec(claim(), 0..3)),
        btree_map("[a-z_]{1,9}", json(), 0..3),
    )
        .prop_map(|(own, texts, (authors, wires), labels, removed, (incidents, claims), attributes)| {
            let (article_id, source_id, path, text, html, similarity) = own;
            let (url, publisher, title, published, language, dateline, duplicate_of, main_event_id) = texts;
            let (published_basis, status, copy_kind) = labels;
            let removed =
                removed.into_iter().map(|(at, reason, text)| Removed { at, reason, text }).collect();
            Article {
                article_id,
                source_id,
                path,
                url,
                publisher,
                title,
                authors,
                published,
                published_basis,
                language,
                dateline,
                wires,
                text,
                html,
                removed,
                status,
                duplicate_of,
                similarity,
                copy_kind,
                incidents,
                claims,
                main_event_id,
                attributes,
            }
        })
}

fn all() -> Vec<String> {
    article_schema().fields().iter().map(|field| field.name().clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_article_comes_back_as_it_was(articles in vec(article(), 0..5)) {
        let batch = to_batch(&articles, &all()).unwrap();
        prop_assert_eq!(batch.schema(), Arc::new(article_schema()));
        prop_assert_eq!(&from_batch(&batch).unwrap(), &articles);
    }

    #[test]
    fn a_slice_is_its_rows(articles in vec(article(), 1..6), at in any::<prop::sample::Index>()) {
        let batch = to_batch(&articles, &all()).unwrap();
        let at = at.index(articles.len());
        prop_assert_eq!(&from_batch(&batch.slice(at, articles.len() - at)).unwrap(), &articles[at..]);
    }

    #[test]
    fn attributes_cross_as_columns_of_their_own(mut articles in vec(article(), 1..4), value in json()) {
        articles[0].attributes.insert("mood".into(), value.clone());
        let batch = to_batch(&articles, &["mood"]).unwrap();
        let back = from_batch(&batch).unwrap();
        prop_assert_eq!(back[0].attributes.get("mood"), Some(&value));
        prop_assert!(back[0].text.is_empty());
    }
}

fn one() -> Article {
    let mut article = Article::new("a1", "one", "one.txt");
    article.text = "Shells fell on the village.".into();
    article
}

#[test]
fn a_projection_holds_identity_and_what_was_asked_once() {
    let schema = schema_of(&["text", "article_id", "text", "weapons"]);
    let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["article_id", "source_id", "path", "text", "weapons"]);
    let batch = to_batch(&[one()], &["text"]).unwrap();
    assert_eq!(from_batch(&batch).unwrap(), [one()]);
}

#[test]
fn plain_columns_become_attributes() {
    let items =
        ListArray::from_iter_primitive::<arrow_array::types::Int32Type, _, _>([Some(vec![Some(1), None])]);
    let batch = RecordBatch::try_from_iter([
        ("words", Arc::new(UInt8Array::from(vec![7])) as ArrayRef),
        ("house", Arc::new(StringArray::from(vec!["{}"]))),
        ("pages", Arc::new(items)),
        ("none", Arc::new(Int64Array::from(vec![None]))),
    ])
    .unwrap();
    let mut articles = [one()];
    articles[0].attributes.insert("none".into(), Value::from(3));
    read_into(&batch, &mut articles).unwrap();
    assert_eq!(
        serde_json::to_string(&articles[0].attributes).unwrap(),
        r#"{"house":"{}","pages":[1,null],"words":7}"#
    );
}

fn replaced(name: &str, array: ArrayRef) -> ColumnError {
    let batch = to_batch(&[one()], &["text", "status", "claims"]).unwrap();
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| {
        let with = if field.name() == name { &array } else { column };
        (field.name().clone(), with.clone())
    });
    from_batch(&RecordBatch::try_from_iter(columns.collect::<Vec<_>>()).unwrap()).unwrap_err()
}

#[test]
fn malformed_columns_are_named() {
    let texts = |text: Option<&str>| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    assert_eq!(replaced("text", texts(None)).to_string(), "column `text`, row 0: null");
    assert_eq!(
        replaced("status", texts(Some("lost"))).to_string(),
        "column `status`, row 0: `lost` is not a label of Status"
    );
    assert_eq!(
        replaced("text", Arc::new(Int64Array::from(vec![1]))).to_string(),
        "column `text` is Int64, not Utf8"
    );
    let strings =
        ListArray::from_iter_primitive::<arrow_array::types::Int32Type, _, _>([Some(vec![Some(1)])]);
    assert!(
        replaced("claims", Arc::new(strings)).to_string().starts_with("column `claims` is Int32, not Struct")
    );
    let empty = RecordBatch::try_from_iter([("path", texts(Some("x")))]).unwrap();
    assert_eq!(from_batch(&empty).unwrap_err().to_string(), "column `article_id` is missing");
    let mut articles = [one(), one()];
    assert_eq!(read_into(&empty, &mut articles).unwrap_err().to_string(), "1 rows for 2 articles");
}

#[test]
fn a_number_beyond_signed_range_is_refused() {
    let json = r#"{"claim_id":"c","event_type":"attack","outcome":"killed","victims":"people","low":18446744073709551615,
        "qualifier":"exact","scope":"incident","modality":"asserted","quote":"","start":0,"end":0}"#;
    let mut article = one();
    article.claims.push(serde_json::from_str(json).unwrap());
    assert_eq!(
        to_batch(&[article], &["claims"]).unwrap_err().to_string(),
        "column `claims.low`, row 0: 18446744073709551615 is out of range"
    );
}
