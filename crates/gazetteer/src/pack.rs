//! Packs places and their names into the bytes of a compiled gazetteer.

use std::collections::{BTreeMap, BTreeSet};

use crate::Error;
use crate::dump::Entry;
use crate::layer::{Columns, MAGIC, MOST_PLACES, NONE_16, NONE_LATITUDE};

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
