//! Rows of the tables that are made of articles, as record batches of bounded size.
//!
//! Where a batch ends depends on the rows alone and not on how many articles came at a time, so that files that are cut by batches
//! have the same bytes however the articles were grouped.

use std::sync::Arc;

use annals_plugin::{Article, Claim, Date, Place, Rejected};
use arrow_array::builder::{
    Date32Builder, Float32Builder, Float64Builder, Int32Builder, Int64Builder, ListBuilder, StringBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;
use serde_json::Value;

use crate::schema;

/// Rows of a batch.
pub(crate) const BATCH_ROWS: usize = 1024;
/// Bytes of text after which a batch ends early.
const BATCH_BYTES: usize = 8 << 20;

/// Columns that are filled row by row.
pub(crate) struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
    at: usize,
}

enum Column {
    Text(StringBuilder),
    Long(Int64Builder),
    Int(Int32Builder),
    Degrees(Float64Builder),
    Ratio(Float32Builder),
    Day(Date32Builder),
    List(ListBuilder<StringBuilder>),
}

impl Rows {
    pub(crate) fn new(schema: SchemaRef) -> Self {
        use arrow_schema::DataType::{Date32, Float32, Float64, Int32, Int64, List};
        let columns = schema
            .fields()
            .iter()
            .map(|field| match field.data_type() {
                Int64 => Column::Long(Int64Builder::new()),
                Int32 => Column::Int(Int32Builder::new()),
                Float64 => Column::Degrees(Float64Builder::new()),
                Float32 => Column::Ratio(Float32Builder::new()),
                Date32 => Column::Day(Date32Builder::new()),
                List(_) => {
                    Column::List(ListBuilder::new(StringBuilder::new()).with_field(schema::list_item()))
                }
                _ => Column::Text(StringBuilder::new()),
            })
            .collect();
        Self { schema, columns, rows: 0, bytes: 0, at: 0 }
    }

    fn column(&mut self) -> &mut Column {
        let column =
            self.columns.get_mut(self.at).expect("a row has no more cells than the schema has columns");
        self.at += 1;
        column
    }

    fn text(&mut self, value: Option<&str>) -> &mut Self {
        self.bytes += value.map_or(0, str::len);
        if let Column::Text(builder) = self.column() {
            builder.append_option(value);
        }
        self
    }

    fn long(&mut self, value: Option<u64>) -> &mut Self {
        if let Column::Long(builder) = self.column() {
            // Engines share no unsigned type; a figure beyond the largest signed one is no count of people.
            builder.append_option(value.map(|v| i64::try_from(v).unwrap_or(i64::MAX)));
        }
        self
    }

    fn int(&mut self, value: Option<u8>) -> &mut Self {
        if let Column::Int(builder) = self.column() {
            builder.append_option(value.map(i32::from));
        }
        self
    }

    fn degrees(&mut self, value: Option<f64>) -> &mut Self {
        if let Column::Degrees(builder) = self.column() {
            builder.append_option(value);
        }
        self
    }

    fn ratio(&mut self, value: Option<f32>) -> &mut Self {
        if let Column::Ratio(builder) = self.column() {
            builder.append_option(value);
        }
        self
    }

    fn day(&mut self, value: Option<Date>) -> &mut Self {
        if let Column::Day(builder) = self.column() {
            builder.append_option(value.map(days));
        }
        self
    }

    /// A list that holds nothing says that nothing is known.
    fn list(&mut self, values: &[String]) -> &mut Self {
        self.bytes += values.iter().map(String::len).sum::<usize>();
        if let Column::List(builder) = self.column() {
            for value in values {
                builder.values().append_value(value);
            }
            builder.append(!values.is_empty());
        }
        self
    }

    /// Ends a row; gives the batch if it is full.
    fn end(&mut self) -> Option<RecordBatch> {
        debug_assert_eq!(self.at, self.columns.len(), "a row has as many cells as the schema has columns");
        self.at = 0;
        self.rows += 1;
        if self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES { self.take() } else { None }
    }

    /// The rows that are in no batch yet.
    pub(crate) fn take(&mut self) -> Option<RecordBatch> {
        if self.rows == 0 {
            return None;
        }
        let arrays = self.columns.iter_mut().map(|column| -> ArrayRef {
            match column {
                Column::Text(builder) => Arc::new(builder.finish()),
                Column::Long(builder) => Arc::new(builder.finish()),
                Column::Int(builder) => Arc::new(builder.finish()),
                Column::Degrees(builder) => Arc::new(builder.finish()),
                Column::Ratio(builder) => Arc::new(builder.finish()),
                Column::Day(builder) => Arc::new(builder.finish()),
                Column::List(builder) => Arc::new(builder.finish()),
            }
        });
        let batch = RecordBatch::try_new(self.schema.clone(), arrays.collect())
            .expect("the builders were made for the types of the schema and got one cell a row each");
        self.rows = 0;
        self.bytes = 0;
        Some(batch)
    }

    /// A row of `articles`; `attributes` are those with a column of their own.
    pub(crate) fn article(&mut self, article: &Article, attributes: &[String]) -> Option<RecordBatch> {
        self.text(Some(&article.article_id))
            .text(Some(&article.source_id))
            .text(Some(&article.path))
            .text(article.url.as_deref())
            .text(article.publisher.as_deref())
            .text(article.title.as_deref())
            .list(&article.authors)
            .text(article.published.as_deref())
            .text(article.published_basis.map(|basis| basis.as_str()))
            .text(article.language.as_deref())
            .text(Some(article.text.as_str()).filter(|text| !text.is_empty()))
            .text(Some(article.status.as_str()))
            .text(article.duplicate_of.as_deref())
            .ratio(article.similarity)
            .text(article.main_event_id.as_deref())
            .text(article.dateline.as_deref())
            .list(&article.wires)
            .text(article.copy_kind.map(|kind| kind.as_str()));
        for name in attributes {
            let value = article.attributes.get(name).filter(|value| !value.is_null());
            self.text(value.map(Value::to_string).as_deref());
        }
        let rest: serde_json::Map<_, _> = article
            .attributes
            .iter()
            .filter(|(name, value)| !value.is_null() && !attributes.contains(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.text((!rest.is_empty()).then(|| Value::Object(rest).to_string()).as_deref());
        self.end()
    }

    /// A row of `claims`.
    pub(crate) fn claim(&mut self, article_id: &str, claim: &Claim) -> Option<RecordBatch> {
        let place = claim.place.as_ref();
        self.text(Some(&claim.claim_id))
            .text(Some(article_id))
            .text(claim.event_id.as_deref())
            .text(Some(claim.event_type.as_str()))
            .text(Some(claim.outcome.as_str()))
            .text(Some(claim.victims.as_str()))
            .long(claim.low)
            .long(claim.high)
            .text(Some(claim.qualifier.as_str()))
            .text(Some(claim.scope.as_str()))
            .text(Some(claim.modality.as_str()))
            .day(claim.when.map(|when| when.start))
            .day(claim.when.map(|when| when.end))
            .int(claim.when.map(|when| when.precision))
            .text(place.map(|p| p.name.as_str()))
            .long(place.and_then(|p| p.geonames_id).map(u64::from))
            .text(place.and_then(|p| p.adm_1.as_deref()))
            .text(place.and_then(|p| p.country.as_deref()))
            .degrees(place.and_then(|p| p.latitude))
            .degrees(place.and_then(|p| p.longitude))
            .int(place.and_then(|p: &Place| p.precision))
            .text(claim.perpetrator.as_ref().map(|actor| actor.name.as_str()))
            .text(claim.perpetrator.as_ref().and_then(|actor| actor.id.as_deref()))
            .text(claim.source.as_ref().map(|source| source.name.as_str()))
            .text(claim.source.as_ref().map(|source| source.kind.as_str()))
            .text(claim.part_of.as_deref())
            .text(Some(&claim.quote))
            .long(Some(u64::from(claim.start)))
            .long(Some(u64::from(claim.end)))
            .end()
    }

    /// A row of `rejected`.
    pub(crate) fn rejected(&mut self, row: &Rejected) -> Option<RecordBatch> {
        self.text(Some(&row.path))
            .text(row.record.as_deref())
            .text(Some(&row.stage))
            .text(Some(&row.reason))
            .text(Some(row.detail.as_str()).filter(|detail| !detail.is_empty()))
            .end()
    }
}

/// Days since 1970-01-01, as Arrow counts them.
fn days(date: Date) -> i32 {
    const EPOCH: Date = jiff::civil::date(1970, 1, 1);
    EPOCH.until(date).map_or(0, |span| span.get_days())
}
