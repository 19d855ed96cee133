//! The `events` and `links` tables as Arrow record batches.

use std::sync::{Arc, LazyLock};

use annals_plugin::{Date, Outcome, Victims};
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, Date32Array, Float32Array, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch,
    StringArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::event::Event;
use crate::link::days;
use crate::toll::{GROUPS, Range};

/// A pair of reports that brought two parts of an event together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LinkRow<'a> {
    pub(crate) event_id: &'a str,
    pub(crate) article_a: &'a str,
    pub(crate) article_b: &'a str,
    pub(crate) incident_a: &'a str,
    pub(crate) incident_b: &'a str,
    pub(crate) points: f32,
    pub(crate) mean_points: f32,
    pub(crate) reasons: String,
}

/// Columns of a table with their arrays, in order.
#[derive(Default)]
struct Columns {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    fn add(&mut self, name: &str, array: impl arrow_array::Array + 'static) {
        self.fields.push(Field::new(name, array.data_type().clone(), true));
        self.arrays.push(Arc::new(array));
    }

    fn finish(self) -> RecordBatch {
        RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)
            .expect("every column has one value a row and the type of its field")
    }
}

/// Schema of the `events` table.
pub fn events_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| events(&[]).schema());
    SCHEMA.clone()
}

/// The ranges of an event that have columns, with the start of their names.
fn ranges() -> Vec<(String, Outcome, Victims)> {
    let harmed = [Outcome::Killed, Outcome::Injured];
    let mut ranges: Vec<_> =
        harmed.iter().map(|&outcome| (outcome.to_string(), outcome, Victims::People)).collect();
    for group in GROUPS {
        ranges.extend(harmed.iter().map(|&outcome| (format!("{group}_{outcome}"), outcome, group)));
    }
    ranges.push((Outcome::Displaced.to_string(), Outcome::Displaced, Victims::People));
    ranges.push((Outcome::Strikes.to_string(), Outcome::Strikes, Victims::None));
    ranges
}

/// The `events` table: the columns of the contract in their order, then those that help to stack it beside UCDP GED.
pub(crate) fn events(events: &[Event]) -> RecordBatch {
    let mut columns = Columns::default();
    let place = |event: &Event| event.place.clone().unwrap_or_default();
    let texts = |of: &dyn Fn(&Event) -> Option<String>| -> StringArray { events.iter().map(of).collect() };
    let date = |of: &dyn Fn(&Event) -> Option<Date>| -> Date32Array {
        events.iter().map(|e| of(e).map(days)).collect()
    };
    let precisions = |of: &dyn Fn(&Event) -> Option<u8>| -> Int32Array {
        events.iter().map(|e| of(e).map(i32::from)).collect()
    };
    // Engines share no unsigned type; a figure beyond the largest signed one is no count of people.
    let numbers = |of: &dyn Fn(&Event) -> Option<u64>| -> Int64Array {
        events.iter().map(|e| of(e).map(|number| i64::try_from(number).unwrap_or(i64::MAX))).collect()
    };
    columns.add("event_id", texts(&|e| Some(e.event_id.clone())));
    columns.add("previous_ids", lists(events, |e| &e.previous_ids));
    columns.add("event_type", texts(&|e| Some(e.event_type.to_string())));
    columns.add("sub_event_type", texts(&|e| Some(e.labels.sub_event_type.to_owned())));
    columns.add("date_start", date(&|e| e.when.map(|when| when.start)));
    columns.add("date_end", date(&|e| e.when.map(|when| when.end)));
    columns.add("date_prec", precisions(&|e| e.when.map(|when| when.precision)));
    columns.add("place", texts(&|e| e.place.as_ref().map(|place| place.name.clone())));
    columns.add("adm_1", texts(&|e| place(e).adm_1));
    columns.add("country", texts(&|e| place(e).country));
    columns.add("geonames_id", numbers(&|e| place(e).geonames_id.map(u64::from)));
    columns.add("latitude", events.iter().map(|e| place(e).latitude).collect::<Float64Array>());
    columns.add("longitude", events.iter().map(|e| place(e).longitude).collect::<Float64Array>());
    columns.add("where_prec", precisions(&|e| place(e).precision));
    columns.add("perpetrators", lists(events, |e| &e.perpetrators));
    for (name, outcome, victims) in ranges() {
        let of = |e: &Event| e.tolls.get(&(outcome, victims)).copied().unwrap_or_default();
        let bound = |of_range: fn(Range) -> Option<u64>| numbers(&|e| of_range(of(e)));
        columns.add(&format!("{name}_low"), bound(|range| range.low));
        columns.add(&format!("{name}_best"), bound(|range| range.best));
        columns.add(&format!("{name}_high"), bound(|range| range.high));
    }
    columns.add("number_of_sources", numbers(&|e| Some(e.number_of_sources)));
    columns.add("number_of_articles", numbers(&|e| Some(e.article_ids.len() as u64)));
    columns.add("sources", lists(events, |e| &e.sources));
    columns.add("grading", texts(&|e| Some(e.grading.to_string())));
    columns.add("article_ids", lists(events, |e| &e.article_ids));
    columns.add("claim_ids", lists(events, |e| &e.claim_ids));
    columns.add("outlets", lists(events, |e| &e.outlets));
    columns.add("acled_event_type", texts(&|e| Some(e.labels.event_type.to_owned())));
    columns.add(
        "year",
        events.iter().map(|e| e.when.map(|when| i32::from(when.start.year()))).collect::<Int32Array>(),
    );
    columns.finish()
}

fn lists<'a>(events: &'a [Event], of: impl Fn(&'a Event) -> &'a [String]) -> ListArray {
    let mut builder = ListBuilder::new(StringBuilder::new()).with_field(Arc::new(Field::new(
        "item",
        DataType::Utf8,
        false,
    )));
    for event in events {
        for item in of(event) {
            builder.values().append_value(item);
        }
        builder.append(true);
    }
    builder.finish()
}

/// The `links` table: why the reports of an event were joined.
pub(crate) fn links(rows: &[LinkRow<'_>]) -> RecordBatch {
    let mut columns = Columns::default();
    let texts = |of: for<'r> fn(&'r LinkRow<'_>) -> &'r str| -> StringArray {
        rows.iter().map(|row| Some(of(row))).collect()
    };
    columns.add("event_id", texts(|row| row.event_id));
    columns.add("article_a", texts(|row| row.article_a));
    columns.add("article_b", texts(|row| row.article_b));
    columns.add("incident_a", texts(|row| row.incident_a));
    columns.add("incident_b", texts(|row| row.incident_b));
    columns.add("points", rows.iter().map(|row| Some(row.points)).collect::<Float32Array>());
    columns.add("mean_points", rows.iter().map(|row| Some(row.mean_points)).collect::<Float32Array>());
    columns.add("reasons", texts(|row| &row.reasons));
    columns.finish()
}
