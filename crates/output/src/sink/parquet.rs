//! Parquet with Zstandard: the same rows give the same bytes.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{Field, Schema, SchemaRef};
use bytes::Bytes;
use bytes::buf::{Buf as _, Reader};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::csv::plain;
use super::{Encode, NewFile, Piece, Sink, Span};
use crate::OutputError;
use crate::schema::{distinct, is_json};

/// Makes of each piece a small file of one row group, whose columns are then spliced into the large one. So a piece has the
/// same bytes whether it is new or comes from the file of an earlier run.
pub(crate) struct RowGroups {
    table: String,
    schema: SchemaRef,
}

impl RowGroups {
    pub(crate) fn new(table: &str, schema: &Schema) -> Self {
        // The marks of JSON columns are for the text formats; here they are text, of which plain strings read as such.
        let fields = schema.fields().iter().map(|f| Field::new(f.name(), f.data_type().clone(), true));
        Self { table: table.to_owned(), schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())) }
    }

    fn try_encode(&self, batches: &[RecordBatch]) -> Result<Vec<u8>, ParquetError> {
        if batches.iter().all(|batch| batch.num_rows() == 0) {
            return Ok(Vec::new());
        }
        let options = ArrowWriterOptions::new()
            .with_properties(properties(&self.table)?)
            .with_skip_arrow_metadata(true);
        let mut writer = ArrowWriter::try_new_with_options(Vec::new(), self.schema.clone(), options)?;
        for batch in batches {
            let columns = batch.schema_ref().fields().iter().zip(batch.columns());
            let columns = columns
                .map(|(field, array)| if is_json(field) { plain_strings(array) } else { array.clone() });
            writer.write(&RecordBatch::try_new(self.schema.clone(), columns.collect())?)?;
        }
        writer.into_inner()
    }
}

impl Encode for RowGroups {
    fn encode(&self, batches: &[RecordBatch]) -> Result<Vec<u8>, OutputError> {
        self.try_encode(batches).map_err(|error| OutputError::encode(&self.table, error))
    }
}

fn properties(table: &str) -> Result<WriterProperties, ParquetError> {
    let mut properties = WriterProperties::builder();
    for column in distinct(table) {
        // A dictionary would hold each value once, and the column nothing but numbers in a row.
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(*column), false);
    }
    Ok(properties
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        // A column of a row group is seldom longer than a page, so that an index of its pages tells what its own bounds tell.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        // No version of this program or of a library: an update that changes nothing else leaves the file as it was.
        .set_created_by("annals version 1.0.0 (build annals)".to_owned())
        .set_max_row_group_row_count(None)
        .build())
}

pub(crate) struct Parquet {
    table: String,
    writer: SerializedFileWriter<NewFile>,
    groups: u64,
}

impl Parquet {
    pub(crate) fn new(table: &str, file: NewFile, schema: &Schema) -> Result<Self, OutputError> {
        let open = || {
            let schema = RowGroups::new(table, schema).schema;
            let schema = ArrowSchemaConverter::new().convert(&schema)?;
            SerializedFileWriter::new(file, schema.root_schema_ptr(), Arc::new(properties(table)?))
        };
        let writer = open().map_err(|error| OutputError::encode(table, error))?;
        Ok(Self { table: table.to_owned(), writer, groups: 0 })
    }

    fn try_append(&mut self, piece: &Piece<'_>) -> Result<Span, ParquetError> {
        let start = self.groups;
        match piece {
            Piece::New([]) => {}
            Piece::New(bytes) => {
                let bytes = Bytes::copy_from_slice(bytes);
                let footer = footer(&bytes)?;
                (0..footer.num_row_groups()).try_for_each(|group| self.splice(&bytes, &footer, group))?;
            }
            Piece::Old(old, span) => {
                if old.footer.get().is_none() {
                    let _ = old.footer.set(footer(&old.file)?);
                }
                let footer = old.footer.get().expect("it was set just now");
                for group in span.start..span.start + span.length {
                    let group = usize::try_from(group).unwrap_or(usize::MAX);
                    if group >= footer.num_row_groups() {
                        return Err(ParquetError::General("the file of the last run lacks rows".to_owned()));
                    }
                    // Read at once, since a group has many columns, and few of them are long.
                    let columns = footer.row_group(group).columns().iter().map(|column| column.byte_range());
                    let start = columns.clone().map(|(start, _)| start).min().unwrap_or(0);
                    let end = columns.map(|(start, length)| start + length).max().unwrap_or(start);
                    let length = usize::try_from(end - start)?;
                    let bytes = ChunkReader::get_bytes(&old.file, start, length)?;
                    self.splice(&Stretch { start, bytes }, footer, group)?;
                }
            }
        }
        Ok(Span { start, length: self.groups - start })
    }

    fn splice<R: ChunkReader>(
        &mut self,
        from: &R,
        footer: &ParquetMetaData,
        group: usize,
    ) -> Result<(), ParquetError> {
        let rows = footer.row_group(group);
        let mut to = self.writer.next_row_group()?;
        for column in rows.columns() {
            let close = ColumnCloseResult {
                bytes_written: u64::try_from(column.compressed_size()).unwrap_or(0),
                rows_written: u64::try_from(rows.num_rows()).unwrap_or(0),
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            to.append_column(from, close)?;
        }
        to.close()?;
        self.groups += 1;
        Ok(())
    }
}

/// A part of a file, read under the offsets of the whole.
struct Stretch {
    start: u64,
    bytes: Bytes,
}

impl Stretch {
    fn from(&self, start: u64) -> Result<usize, ParquetError> {
        let at = start.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        at.filter(|&at| at <= self.bytes.len())
            .ok_or_else(|| ParquetError::EOF("a column lies outside of its row group".to_owned()))
    }
}

impl Length for Stretch {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Stretch {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.bytes.slice(self.from(start)?..).reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let from = self.from(start)?;
        let end = from.checked_add(length).filter(|&end| end <= self.bytes.len());
        let end =
            end.ok_or_else(|| ParquetError::EOF("a column ends outside of its row group".to_owned()))?;
        Ok(self.bytes.slice(from..end))
    }
}

fn footer<R: ChunkReader>(of: &R) -> Result<ParquetMetaData, ParquetError> {
    ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip).parse_and_finish(of)
}

/// JSON text with strings taken out of their quotes.
fn plain_strings(array: &ArrayRef) -> ArrayRef {
    let Some(texts) = array.as_string_opt::<i32>() else { return array.clone() };
    let plain = |text: Option<&str>| text.map(|text| plain(text).unwrap_or_else(|| text.to_owned()));
    Arc::new(texts.iter().map(plain).collect::<StringArray>())
}

impl Sink for Parquet {
    fn append(&mut self, piece: Piece<'_>) -> Result<Span, OutputError> {
        self.try_append(&piece).map_err(|error| OutputError::encode(&self.table, error))
    }

    fn finish(self: Box<Self>) -> Result<u64, OutputError> {
        let file = self.writer.into_inner().map_err(|error| OutputError::encode(&self.table, error))?;
        file.finish()
    }
}
