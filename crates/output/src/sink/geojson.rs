//! GeoJSON (RFC 7946): one feature an event, a point in WGS 84 degrees or no geometry, all columns as properties.

use arrow_array::RecordBatch;

use super::{Encode, NewFile, Piece, Sink, Span, append_run};
use crate::OutputError;
use crate::cell::{Cell, cell, json, write_members};

/// Each feature comes with the comma and the line end that part it from the one before.
pub(crate) struct Features;

impl Encode for Features {
    fn encode(&self, batches: &[RecordBatch]) -> Result<Vec<u8>, OutputError> {
        let mut out = Vec::new();
        batches.iter().for_each(|batch| (0..batch.num_rows()).for_each(|row| feature(batch, row, &mut out)));
        Ok(out)
    }
}

fn feature(batch: &RecordBatch, row: usize, out: &mut Vec<u8>) {
    let value = |name: &str| {
        let at = batch.schema_ref().index_of(name).ok()?;
        Some(cell(batch.column(at), batch.schema_ref().field(at), row))
    };
    let degrees = |name: &str, most: f64| match value(name) {
        Some(Cell::Float(degrees)) if degrees.abs() <= most => Some(degrees),
        _ => None,
    };
    out.extend_from_slice(b",\n{\"type\":\"Feature\",");
    if let Some(Cell::Text(id)) = value("event_id") {
        out.extend_from_slice(b"\"id\":");
        json(out, id);
        out.push(b',');
    }
    out.extend_from_slice(b"\"geometry\":");
    match (degrees("longitude", 180.0), degrees("latitude", 90.0)) {
        (Some(longitude), Some(latitude)) => {
            out.extend_from_slice(b"{\"type\":\"Point\",\"coordinates\":");
            json(out, &[longitude, latitude]);
            out.push(b'}');
        }
        _ => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"properties\":{");
    write_members(batch, row, out);
    out.extend_from_slice(b"}}");
}

pub(crate) struct Geojson {
    file: NewFile,
    any: bool,
}

impl Geojson {
    pub(crate) fn new(mut file: NewFile) -> Result<Self, OutputError> {
        file.put(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
        Ok(Self { file, any: false })
    }
}

impl Sink for Geojson {
    fn append(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<Span>, OutputError> {
        let mut spans = Vec::with_capacity(pieces.len());
        for run in pieces.chunk_by(Piece::leads_to) {
            let any = run.iter().any(|piece| piece.bytes() > 0);
            // No comma before the first feature. Its span keeps the byte before the piece, which stands for the comma; so does
            // that of a piece that was the first in the file of an earlier run.
            if any && std::mem::replace(&mut self.any, true) {
                self.file.put(b",")?;
            }
            append_run(&mut self.file, run, usize::from(any), &mut spans)?;
        }
        Ok(spans)
    }

    fn finish(mut self: Box<Self>) -> Result<u64, OutputError> {
        self.file.put(b"\n]}\n")?;
        self.file.finish()
    }
}
