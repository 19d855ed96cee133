//! Columns of the tables: names, types and order.
//!
//! Types are those that engines share: text, 64-bit and 32-bit signed whole numbers, floats, days, lists of text. Columns that hold
//! JSON text are marked with the extension name `arrow.json`; JSON lines embed them as JSON.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, Schema, SchemaRef};

const JSON: &str = "arrow.json";

/// Names of the tables that every run writes, in the order of the contract.
pub const TABLES: [&str; 5] = ["articles", "claims", "events", "changes", "rejected"];

pub(crate) fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

fn long(name: &str) -> Field {
    Field::new(name, DataType::Int64, true)
}

fn int(name: &str) -> Field {
    Field::new(name, DataType::Int32, true)
}

fn degrees(name: &str) -> Field {
    Field::new(name, DataType::Float64, true)
}

fn day(name: &str) -> Field {
    Field::new(name, DataType::Date32, true)
}

fn list(name: &str) -> Field {
    Field::new(name, DataType::List(Arc::new(list_item())), true)
}

pub(crate) fn list_item() -> Field {
    Field::new("item", DataType::Utf8, false)
}

fn json(name: &str) -> Field {
    text(name).with_metadata(HashMap::from([(EXTENSION_TYPE_NAME_KEY.to_owned(), JSON.to_owned())]))
}

/// Whether a column holds JSON text.
pub(crate) fn is_json(field: &Field) -> bool {
    field.metadata().get(EXTENSION_TYPE_NAME_KEY).is_some_and(|name| name == JSON)
}

fn schema(fields: Vec<Field>) -> SchemaRef {
    Arc::new(Schema::new(fields))
}

/// The `articles` table, with a column for each attribute that a stage declares and one for the rest.
pub fn articles(attributes: &[String]) -> SchemaRef {
    let mut fields = vec![
        text("article_id"),
        text("source_id"),
        text("path"),
        text("url"),
        text("publisher"),
        text("title"),
        list("authors"),
        text("published"),
        text("published_basis"),
        text("language"),
        text("text"),
        text("status"),
        text("duplicate_of"),
        Field::new("similarity", DataType::Float32, true),
        text("main_event_id"),
        text("dateline"),
        list("wires"),
        text("copy_kind"),
    ];
    fields.extend(attributes.iter().map(|name| json(name)));
    fields.push(json("attributes"));
    schema(fields)
}

/// The `claims` table.
pub fn claims() -> SchemaRef {
    schema(vec![
        text("claim_id"),
        text("article_id"),
        text("event_id"),
        text("event_type"),
        text("outcome"),
        text("victims"),
        long("low"),
        long("high"),
        text("qualifier"),
        text("scope"),
        text("modality"),
        day("date_start"),
        day("date_end"),
        int("date_prec"),
        text("place"),
        long("geonames_id"),
        text("adm_1"),
        text("country"),
        degrees("latitude"),
        degrees("longitude"),
        int("where_prec"),
        text("perpetrator"),
        text("perpetrator_id"),
        text("source"),
        text("source_kind"),
        text("part_of"),
        text("quote"),
        long("start"),
        long("end"),
    ])
}

/// The columns that an `events` table must have.
pub fn events() -> SchemaRef {
    let mut fields = vec![
        text("event_id"),
        list("previous_ids"),
        text("event_type"),
        text("sub_event_type"),
        day("date_start"),
        day("date_end"),
        int("date_prec"),
        text("place"),
        text("adm_1"),
        text("country"),
        long("geonames_id"),
        degrees("latitude"),
        degrees("longitude"),
        int("where_prec"),
        list("perpetrators"),
    ];
    let mut counts = vec!["killed".to_owned(), "injured".to_owned()];
    for group in ["civilians", "combatants", "children", "women"] {
        counts.extend([format!("{group}_killed"), format!("{group}_injured")]);
    }
    counts.extend(["displaced".to_owned(), "strikes".to_owned()]);
    for count in counts {
        fields.extend(["low", "best", "high"].map(|bound| long(&format!("{count}_{bound}"))));
    }
    fields.extend([
        long("number_of_sources"),
        long("number_of_articles"),
        list("sources"),
        text("grading"),
        list("article_ids"),
        list("claim_ids"),
    ]);
    schema(fields)
}

/// The `changes` table.
pub fn changes() -> SchemaRef {
    schema(["event_id", "change", "field", "before", "after"].map(text).to_vec())
}

/// The `rejected` table.
pub fn rejected() -> SchemaRef {
    schema(["path", "record", "stage", "reason", "detail"].map(text).to_vec())
}

/// Columns of a table whose values seldom come twice.
pub(crate) fn distinct(table: &str) -> &'static [&'static str] {
    match table {
        "articles" => &["article_id", "source_id", "url", "title", "text"],
        "claims" => &["claim_id", "quote"],
        "events" => &["event_id"],
        _ => &[],
    }
}

/// The same columns, all of which may hold nothing: whether one does in some batch is no property of the table.
pub(crate) fn nullable(of: &Schema) -> SchemaRef {
    schema(of.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect())
}

/// The columns that a table of this name must have, if the contract knows it.
pub(crate) fn required(table: &str) -> Option<SchemaRef> {
    match table {
        "events" => Some(events()),
        "changes" => Some(changes()),
        "claims" => Some(claims()),
        "rejected" => Some(rejected()),
        _ => None,
    }
}
