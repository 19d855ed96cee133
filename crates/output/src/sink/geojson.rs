//! GeoJSON (RFC 7946): one feature an event, a point in WGS 84 degrees or no geometry, all columns as properties.

use arrow_array::RecordBatch;

use super::{Encode, NewFile, Piece, Sink, Span, append_bytes};
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
    fn append(&mut self, piece: Piece<'_>) -> Result<Span, OutputError> {
        let piece = match piece {
            // No comma before the first feature. Its span keeps the byte before the piece, which stands for the comma.
            Piece::New([b',', rest @ ..]) if !self.any => {
                self.any = true;
                let Span { start, length } = append_bytes(&mut self.file, &Piece::New(rest))?;
                return Ok(Span { start: start - 1, length: length + 1 });
            }
            Piece::Old(old, Span { start, length }) if length > 0 => {
                let first = !std::mem::replace(&mut self.any, true);
                if !first {
                    self.file.put(b",")?;
                }
                let rest = Span { start: start + 1, length: length - 1 };
                let Span { start, length } = append_bytes(&mut self.file, &Piece::Old(old, rest))?;
                return Ok(Span { start: start - 1, length: length + 1 });
            }
            piece => piece,
        };
        append_bytes(&mut self.file, &piece)
    }

    fn finish(mut self: Box<Self>) -> Result<u64, OutputError> {
        self.file.put(b"\n]}\n")?;
        self.file.finish()
    }
}
