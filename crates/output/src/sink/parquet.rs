//! Parquet with Zstandard: the same rows give the same bytes.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::csv::plain;
use super::{NewFile, Sink};
use crate::OutputError;
use crate::schema::is_json;

/// Encoded bytes after which a row group ends; what has been encoded of it waits in memory.
const ROW_GROUP_BYTES: usize = 16 << 20;

pub(crate) struct Parquet {
    table: String,
    schema: SchemaRef,
    writer: ArrowWriter<NewFile>,
}

impl Parquet {
    pub(crate) fn new(table: &str, file: NewFile, schema: &Schema) -> Result<Self, OutputError> {
        // The marks of JSON columns are for the text formats; here they are text, of which plain strings read as such.
        let fields = schema.fields().iter().map(|f| Field::new(f.name(), f.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let level = ZstdLevel::try_new(3).map_err(|error| OutputError::encode(table, error))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            // No version of this program or of a library: an update that changes nothing else leaves the file as it was.
            .set_created_by("annals version 1.0.0 (build annals)".to_owned())
            .build();
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(file, schema.clone(), options)
            .map_err(|error| OutputError::encode(table, error))?;
        Ok(Self { table: table.to_owned(), schema, writer })
    }

    fn try_write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        let columns = batch.schema_ref().fields().iter().zip(batch.columns());
        let columns =
            columns.map(|(field, array)| if is_json(field) { plain_strings(array) } else { array.clone() });
        self.writer.write(&RecordBatch::try_new(self.schema.clone(), columns.collect())?)?;
        if self.writer.in_progress_size() >= ROW_GROUP_BYTES {
            self.writer.flush()?;
        }
        Ok(())
    }
}

/// JSON text with strings taken out of their quotes.
fn plain_strings(array: &ArrayRef) -> ArrayRef {
    let Some(texts) = array.as_string_opt::<i32>() else { return array.clone() };
    let plain = |text: Option<&str>| text.map(|text| plain(text).unwrap_or_else(|| text.to_owned()));
    Arc::new(texts.iter().map(plain).collect::<StringArray>())
}

impl Sink for Parquet {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), OutputError> {
        self.try_write(batch).map_err(|error| OutputError::encode(&self.table, error))
    }

    fn finish(self: Box<Self>) -> Result<u64, OutputError> {
        let file = self.writer.into_inner().map_err(|error| OutputError::encode(&self.table, error))?;
        file.finish()
    }
}
