//! One compiled gazetteer in memory, and the bytes it is read from.

use fst::raw::{Fst, Output};

use crate::Error;
use crate::heads::Heads;
use crate::place::{Kind, Place};

pub(crate) const MAGIC: &[u8; 8] = b"ANNGAZ\x00\x01";
/// What a compiled gazetteer may unpack to; more is no gazetteer.
const MOST_BYTES: usize = 1 << 30;
/// Places a layer may hold: the rest of a [`crate::PlaceId`] numbers the layers.
pub(crate) const MOST_PLACES: usize = 1 << 24;
/// Stands for no division and for no country.
pub(crate) const NONE_16: u16 = u16::MAX;
/// Stands for no coordinates.
pub(crate) const NONE_LATITUDE: i32 = i32::MIN;

/// A place as it is kept.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) geonames_id: u32,
    pub(crate) latitude: i32,
    pub(crate) longitude: i32,
    pub(crate) population: u32,
    pub(crate) name: (u32, u32),
    pub(crate) adm_1: u16,
    pub(crate) country: u16,
    pub(crate) kind: Kind,
}

/// One compiled gazetteer, unpacked.
pub(crate) struct Layer {
    pub(crate) records: Vec<Record>,
    pub(crate) names: String,
    pub(crate) divisions: Vec<String>,
    pub(crate) countries: Vec<String>,
    pub(crate) exact: Fst<Vec<u8>>,
    pub(crate) heads: Heads,
    pub(crate) exact_lists: Vec<u32>,
    pub(crate) skeleton: Fst<Vec<u8>>,
    pub(crate) skeleton_lists: Vec<u32>,
}

impl std::fmt::Debug for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Layer({} places, {} names)", self.records.len(), self.exact.len())
    }
}

/// The numbers of the places that a map's output stands for.
pub(crate) fn places(output: Output, lists: &[u32]) -> impl Iterator<Item = u32> {
    let value = output.value();
    let at = (value >> 1) as usize;
    let (one, many) = if value & 1 == 0 {
        (Some((value >> 1) as u32), &[][..])
    } else {
        let count = lists.get(at).copied().unwrap_or(0) as usize;
        let rest = lists.get(at + 1..).unwrap_or_default();
        (None, &rest[..count.min(rest.len())])
    };
    one.into_iter().chain(many.iter().copied())
}

impl Layer {
    /// A place by its number.
    pub(crate) fn place(&self, index: usize) -> Place<'_> {
        let record = &self.records[index];
        let degrees = |value: i32| f64::from(value) / 1e5;
        Place {
            name: &self.names[record.name.0 as usize..record.name.1 as usize],
            kind: record.kind,
            geonames_id: (record.geonames_id != 0).then_some(record.geonames_id),
            adm_1: self.divisions.get(record.adm_1 as usize).map(String::as_str),
            country: self.countries.get(record.country as usize).map(String::as_str),
            coordinates: (record.latitude != NONE_LATITUDE)
                .then(|| (degrees(record.latitude), degrees(record.longitude))),
            population: record.population,
        }
    }

    /// The longest name that the first of some keys make up: its number of words, and what the map says of it.
    pub(crate) fn longest<'k>(&self, keys: impl Iterator<Item = &'k str>) -> Option<(usize, Output)> {
        let mut node = self.exact.root();
        let mut output = Output::zero();
        let mut best = None;
        for (index, key) in keys.enumerate() {
            let gap: &[u8] = if index > 0 { b" " } else { b"" };
            for &byte in gap.iter().chain(key.as_bytes()) {
                let Some(at) = node.find_input(byte) else { return best };
                let transition = node.transition(at);
                output = output.cat(transition.out);
                node = self.exact.node(transition.addr);
            }
            if node.is_final() && !key.is_empty() {
                best = Some((index + 1, output.cat(node.final_output())));
            }
        }
        best
    }

    /// Unpacks the bytes of a compiled gazetteer. The index of one that is not trusted is walked through first.
    pub(crate) fn read(compiled: &[u8], trusted: bool) -> Result<Layer, Error> {
        let packed = compiled.strip_prefix(MAGIC).ok_or(Error::Format("its first bytes are others"))?;
        let bytes = zstd::bulk::decompress(packed, MOST_BYTES.min(packed.len().saturating_mul(64)))
            .map_err(|_| Error::Format("it cannot be unpacked"))?;
        let mut sections = Sections { rest: &bytes };
        let lines = |bytes: &[u8]| -> Result<Vec<String>, Error> {
            let text = std::str::from_utf8(bytes).map_err(|_| Error::Format("a name is not UTF-8"))?;
            Ok(text.split_terminator('\n').map(str::to_owned).collect())
        };
        let countries = lines(sections.next()?)?;
        let divisions = lines(sections.next()?)?;
        let names = std::str::from_utf8(sections.next()?)
            .map_err(|_| Error::Format("a name is not UTF-8"))?
            .to_owned();
        let columns = Columns::read(sections.next()?)?;
        let mut records = Vec::with_capacity(columns.count);
        let mut from = 0;
        for (index, name) in names.split_terminator('\n').enumerate() {
            records.push(
                columns
                    .record(index, (from, from + name.len() as u32))
                    .ok_or(Error::Format("its columns differ in length"))?,
            );
            from += name.len() as u32 + 1;
        }
        if records.len() != columns.count {
            return Err(Error::Format("its columns differ in length"));
        }
        let fst = |bytes: &[u8]| Fst::new(bytes.to_vec()).map_err(|_| Error::Format("its index is damaged"));
        let list = |bytes: &[u8]| -> Vec<u32> {
            bytes
                .chunks_exact(4)
                .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                .collect()
        };
        let mut layer = Layer {
            heads: Heads::default(),
            exact: fst(sections.next()?)?,
            exact_lists: list(sections.next()?),
            skeleton: fst(sections.next()?)?,
            skeleton_lists: list(sections.next()?),
            records,
            names,
            divisions,
            countries,
        };
        if !trusted {
            layer.check()?;
        }
        layer.heads = Heads::of(&layer.exact);
        Ok(layer)
    }

    /// Every place that an index names must be there, so that a damaged file cannot make a search panic.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let damaged = Error::Format("its index is damaged");
        for (fst, lists) in [(&self.exact, &self.exact_lists), (&self.skeleton, &self.skeleton_lists)] {
            if fst.verify().is_err() || lists.len() > MOST_PLACES * 4 {
                return Err(damaged);
            }
            let mut found = Vec::new();
            let mut stream = fst.stream();
            while let Some((_, output)) = fst::Streamer::next(&mut stream) {
                found.clear();
                if output.value() > u64::from(u32::MAX) {
                    return Err(damaged);
                }
                found.extend(places(output, lists));
                if found.iter().any(|&index: &u32| index as usize >= self.records.len()) {
                    return Err(damaged);
                }
            }
        }
        Ok(())
    }
}

struct Sections<'a> {
    rest: &'a [u8],
}

impl<'a> Sections<'a> {
    fn next(&mut self) -> Result<&'a [u8], Error> {
        let short = Error::Format("it ends too early");
        let Some((length, rest)) = self.rest.split_first_chunk::<4>() else { return Err(short) };
        let Some((section, rest)) = rest.split_at_checked(u32::from_le_bytes(*length) as usize) else {
            return Err(short);
        };
        self.rest = rest;
        Ok(section)
    }
}

/// The records, column by column and within a column byte by byte, which packs better.
pub(crate) struct Columns<'a> {
    count: usize,
    bytes: &'a [u8],
}

/// Bytes of a record: id, latitude, longitude, population, division, country, kind.
const WIDTHS: [usize; 7] = [4, 4, 4, 4, 2, 2, 1];

impl<'a> Columns<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let width: usize = WIDTHS.iter().sum();
        let count = bytes.len() / width;
        if count * width != bytes.len() || count > MOST_PLACES {
            return Err(Error::Format("its columns differ in length"));
        }
        Ok(Self { count, bytes })
    }

    fn record(&self, index: usize, name: (u32, u32)) -> Option<Record> {
        if index >= self.count {
            return None;
        }
        let mut plane = 0;
        let mut value = |width: usize| {
            let mut value = 0u32;
            for byte in 0..width {
                value |= u32::from(self.bytes[(plane + byte) * self.count + index]) << (8 * byte);
            }
            plane += width;
            value
        };
        Some(Record {
            geonames_id: value(4),
            latitude: value(4) as i32,
            longitude: value(4) as i32,
            population: value(4),
            adm_1: value(2) as u16,
            country: value(2) as u16,
            kind: *Kind::ALL.get(value(1) as usize)?,
            name,
        })
    }

    /// Packs records, each as its seven columns.
    pub(crate) fn write(rows: &[[u32; 7]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (column, width) in WIDTHS.into_iter().enumerate() {
            for byte in 0..width {
                bytes.extend(rows.iter().map(|row| (row[column] >> (8 * byte)) as u8));
            }
        }
        bytes
    }
}
