//! GeoJSON (RFC 7946): one feature an event, a point in WGS 84 degrees or no geometry, all columns as properties.

use arrow_array::RecordBatch;

use super::{NewFile, Sink};
use crate::OutputError;
use crate::cell::{Cell, cell, json, write_members};

pub(crate) struct Geojson {
    file: NewFile,
    feature: Vec<u8>,
    any: bool,
}

impl Geojson {
    pub(crate) fn new(mut file: NewFile) -> Result<Self, OutputError> {
        file.put(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
        Ok(Self { file, feature: Vec::new(), any: false })
    }
}

impl Sink for Geojson {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), OutputError> {
        for row in 0..batch.num_rows() {
            let value = |name: &str| {
                let at = batch.schema_ref().index_of(name).ok()?;
                Some(cell(batch.column(at), batch.schema_ref().field(at), row))
            };
            let degrees = |name: &str, most: f64| match value(name) {
                Some(Cell::Float(degrees)) if degrees.abs() <= most => Some(degrees),
                _ => None,
            };
            let out = &mut self.feature;
            out.clear();
            out.extend_from_slice(if self.any { b",\n" } else { b"\n" });
            out.extend_from_slice(b"{\"type\":\"Feature\",");
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
            self.any = true;
            self.file.put(&self.feature)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<u64, OutputError> {
        self.file.put(b"\n]}\n")?;
        self.file.finish()
    }
}
