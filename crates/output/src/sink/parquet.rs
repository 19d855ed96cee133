//! Parquet with Zstandard: the same rows give the same bytes.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{Field, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader,
    ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::properties::{DEFAULT_WRITER_VERSION, EnabledStatistics, WriterProperties};
use parquet::file::reader::ChunkReader;
use parquet::schema::types::{ColumnPath, SchemaDescPtr};

use super::csv::plain;
use super::{Encode, NewFile, OldFile, Piece, Sink, Span};
use crate::OutputError;
use crate::schema::{distinct, is_json};

/// Makes of each piece a small file of one row group, whose bytes are then taken into the large one as they are. So a piece has
/// the same bytes whether it is new or comes from the file of an earlier run.
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
            .with_properties(properties(&self.table, &self.schema)?)
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

fn properties(table: &str, schema: &Schema) -> Result<WriterProperties, ParquetError> {
    let mut properties = WriterProperties::builder();
    // A row group has few numbers, and few of these are not the same: more than a dictionary would gain nothing.
    for field in schema.fields().iter().filter(|field| field.data_type().is_primitive()) {
        let path = ColumnPath::from(field.name().as_str());
        properties = properties.set_column_compression(path, Compression::UNCOMPRESSED);
    }
    for column in distinct(table) {
        // A dictionary would hold each value once, and the column nothing but numbers in a row.
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(*column), false);
    }
    Ok(properties
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        // A column of a row group is seldom longer than a page, so that an index of its pages tells what its own bounds tell.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_created_by(CREATED_BY.to_owned())
        .set_max_row_group_row_count(None)
        .build())
}

pub(crate) struct Parquet {
    table: String,
    file: NewFile,
    schema: SchemaDescPtr,
    groups: Vec<RowGroupMetaData>,
}

const MAGIC: &[u8] = b"PAR1";
/// No version of this program or of a library: an update that changes nothing else leaves the file as it was.
const CREATED_BY: &str = "annals version 1.0.0 (build annals)";

impl Parquet {
    pub(crate) fn new(table: &str, mut file: NewFile, schema: &Schema) -> Result<Self, OutputError> {
        let schema = ArrowSchemaConverter::new()
            .convert(&RowGroups::new(table, schema).schema)
            .map_err(|error| OutputError::encode(table, error))?;
        file.put(MAGIC)?;
        Ok(Self { table: table.to_owned(), file, schema: Arc::new(schema), groups: Vec::new() })
    }

    /// Appends a small file of its own.
    fn append_new(&mut self, piece: &[u8]) -> Result<(), OutputError> {
        if piece.is_empty() {
            return Ok(());
        }
        let footer = footer(&Bytes::copy_from_slice(piece)).map_err(|error| self.failed(error))?;
        self.same_columns(&footer)?;
        let groups = footer.row_groups();
        let (start, end) = extent(groups);
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        let bytes = range.and_then(|(start, end)| piece.get(start..end));
        let bytes = bytes.ok_or_else(|| self.failed("rows lie outside of their file"))?;
        let at = self.file.bytes;
        self.file.put(bytes)?;
        self.note(groups, start, at)
    }

    /// Appends row groups of the file of an earlier run.
    fn append_old(&mut self, old: &OldFile, groups: Span) -> Result<(), OutputError> {
        if old.footer.get().is_none() {
            let _ = old.footer.set(footer(&old.file).map_err(|error| self.failed(error))?);
        }
        let footer = old.footer.get().expect("it was set just now");
        self.same_columns(footer)?;
        let range = usize::try_from(groups.start).ok().zip(usize::try_from(groups.length).ok());
        let groups = range.and_then(|(start, length)| footer.row_groups().get(start..)?.get(..length));
        let groups = groups.ok_or_else(|| self.failed("the file of the last run lacks rows"))?;
        // All at once, as they lie there.
        let (start, end) = extent(groups);
        let at = self.file.bytes;
        self.file.copy(old, Span { start, length: end - start })?;
        self.note(groups, start, at)
    }

    /// Notes row groups whose bytes started at `start` in their own file, and now do at `at`.
    fn note(&mut self, groups: &[RowGroupMetaData], start: u64, at: u64) -> Result<(), OutputError> {
        for group in groups {
            let moved = moved(group.clone(), start, at, self.groups.len());
            self.groups.push(moved.map_err(|error| self.failed(error))?);
        }
        Ok(())
    }

    fn same_columns(&self, footer: &ParquetMetaData) -> Result<(), OutputError> {
        let same = footer.file_metadata().schema_descr().columns() == self.schema.columns();
        if same { Ok(()) } else { Err(self.failed("rows have other columns than their table")) }
    }

    fn write_footer(&mut self) -> Result<(), OutputError> {
        let rows = self.groups.iter().map(RowGroupMetaData::num_rows).sum();
        let about = FileMetaData::new(
            DEFAULT_WRITER_VERSION.as_num(),
            rows,
            Some(CREATED_BY.to_owned()),
            None,
            Arc::clone(&self.schema),
            None,
        );
        let footer = ParquetMetaData::new(about, std::mem::take(&mut self.groups));
        let mut bytes = Vec::new();
        ParquetMetaDataWriter::new(&mut bytes, &footer).finish().map_err(|error| self.failed(error))?;
        self.file.put(&bytes)
    }

    fn failed(&self, error: impl std::fmt::Display) -> OutputError {
        OutputError::encode(&self.table, error)
    }
}

/// Where the bytes of row groups start and end.
fn extent(groups: &[RowGroupMetaData]) -> (u64, u64) {
    let ranges = || groups.iter().flat_map(RowGroupMetaData::columns).map(ColumnChunkMetaData::byte_range);
    let start = ranges().map(|(start, _)| start).min().unwrap_or(0);
    (start, ranges().map(|(start, length)| start + length).max().unwrap_or(start))
}

/// A row group with its bytes in another place of a file.
fn moved(
    group: RowGroupMetaData,
    start: u64,
    at: u64,
    ordinal: usize,
) -> Result<RowGroupMetaData, ParquetError> {
    let (start, at, ordinal) = (i64::try_from(start)?, i64::try_from(at)?, i32::try_from(ordinal)?);
    let to = |offset: i64| offset - start + at;
    let first = i64::try_from(extent(std::slice::from_ref(&group)).0)?;
    let mut group = group.into_builder();
    let columns = group.take_columns().into_iter().map(|column| {
        let (data, dictionary) = (column.data_page_offset(), column.dictionary_page_offset());
        let column = column.into_builder().set_data_page_offset(to(data));
        column.set_dictionary_page_offset(dictionary.map(to)).build()
    });
    let columns = columns.collect::<Result<_, _>>()?;
    group.set_column_metadata(columns).set_file_offset(to(first)).set_ordinal(ordinal).build()
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
    fn append(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<Span>, OutputError> {
        let mut spans = Vec::with_capacity(pieces.len());
        for run in pieces.chunk_by(Piece::leads_to) {
            let mut start = self.groups.len() as u64;
            match run {
                [Piece::Old(old, first), ..] => {
                    let lengths = run.iter().map(|piece| match piece {
                        Piece::Old(_, span) => span.length,
                        Piece::New(_) => 0,
                    });
                    self.append_old(old, Span { start: first.start, length: lengths.clone().sum() })?;
                    for length in lengths {
                        spans.push(Span { start, length });
                        start += length;
                    }
                }
                [Piece::New(piece), ..] => {
                    self.append_new(piece)?;
                    spans.push(Span { start, length: self.groups.len() as u64 - start });
                }
                [] => {}
            }
        }
        Ok(spans)
    }

    fn finish(mut self: Box<Self>) -> Result<u64, OutputError> {
        self.write_footer()?;
        self.file.finish()
    }
}
