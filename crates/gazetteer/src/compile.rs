//! Makes a gazetteer of its sources.

use std::collections::{BTreeMap, BTreeSet};

use crate::Error;
use crate::dump::{self, Entry};
use crate::key::{key, skeleton};
use crate::pack;
use crate::place::Kind;
use crate::sources::Sources;

/// Words that say what a division is, before or after its name.
const DIVISION_WORDS: &[&str] = &[
    "governorate",
    "province",
    "department",
    "oblast",
    "state",
    "region",
    "district",
    "republic",
    "krai",
    "kray",
    "county",
    "prefecture",
    "autonomous",
    "muhafazat",
    "departamento",
    "city",
    "of",
];

/// Compiles a gazetteer to bytes, which [`crate::Gazetteer::add`] reads. The same sources give the same bytes.
///
/// # Errors
/// When a file cannot be read, or a line is not of its format.
pub fn compile(sources: &Sources) -> Result<Vec<u8>, Error> {
    let mut entries = Vec::new();
    for path in &sources.dumps {
        dump::geonames(path, sources.min_population, &mut entries)?;
    }
    add_alternate_names(sources, &mut entries)?;
    let mut table = Vec::new();
    for path in &sources.tables {
        dump::table(path, &mut table)?;
    }
    name_divisions(sources, &mut entries, &mut table)?;
    if sources.countries {
        add_countries(&mut entries);
    }
    amend(&mut entries, table);
    place_divisions(&mut entries);
    entries.sort_by(|a, b| {
        (&a.country, &a.adm_1, a.kind, &a.name, a.geonames_id).cmp(&(
            &b.country,
            &b.adm_1,
            b.kind,
            &b.name,
            b.geonames_id,
        ))
    });
    entries.dedup_by(|a, b| a.geonames_id != 0 && a.geonames_id == b.geonames_id);
    write(&entries)
}

fn add_alternate_names(sources: &Sources, entries: &mut [Entry]) -> Result<(), Error> {
    let ids: BTreeSet<u32> = entries.iter().map(|entry| entry.geonames_id).collect();
    let mut names = BTreeMap::new();
    for path in &sources.alternate_names {
        dump::alternate_names(path, |id| ids.contains(&id), &mut names)?;
    }
    for entry in entries {
        if let Some(more) = names.remove(&entry.geonames_id) {
            entry.alternates.extend(more);
        }
    }
    Ok(())
}

/// A division's name without the words that say what it is: "Idlib Governorate", "Departamento de Lima".
fn bare(name: &str) -> String {
    let key = key(name);
    let kept: Vec<&str> = key.split(' ').filter(|word| !DIVISION_WORDS.contains(word)).collect();
    if kept.is_empty() { key } else { kept.join(" ") }
}

/// Gives every entry its division's name, as our tables spell it or GeoNames does, and makes the divisions places themselves.
fn name_divisions(sources: &Sources, entries: &mut Vec<Entry>, table: &mut Vec<Entry>) -> Result<(), Error> {
    let mut codes: BTreeMap<(String, String), (String, u32)> = BTreeMap::new();
    for path in &sources.adm_1_codes {
        dump::adm_1_codes(path, &mut codes)?;
    }
    // The rows that the dumps give divisions themselves, with all their spellings.
    let mut rows: BTreeMap<(String, String), &Entry> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.kind == Kind::Adm1) {
        if let Some(country) = &entry.country {
            let at = (country.clone(), entry.adm_1_code.clone());
            codes.entry(at.clone()).or_insert_with(|| (entry.name.clone(), entry.geonames_id));
            rows.entry(at).or_insert(entry);
        }
    }
    let preferred = dump::divisions();
    let mut ours: BTreeMap<(String, String), &Entry> = BTreeMap::new();
    for row in table.iter().chain(&preferred).filter(|row| row.kind == Kind::Adm1) {
        let country = row.country.clone().unwrap_or_default();
        for name in std::iter::once(&row.name).chain(&row.alternates) {
            ours.entry((country.clone(), bare(name))).or_insert(row);
        }
    }
    let mut divisions: BTreeMap<(String, String), Entry> = BTreeMap::new();
    for ((country, code), (name, id)) in &codes {
        let mut names = vec![name.clone()];
        let dumped = rows.get(&(country.clone(), code.clone())).copied();
        names.extend(dumped.into_iter().flat_map(|row| row.alternates.iter().cloned()));
        let row = names.iter().find_map(|name| ours.get(&(country.clone(), bare(name))).copied());
        let preferred = match row {
            Some(row) => {
                names.push(row.name.clone());
                names.extend(row.alternates.iter().cloned());
                row.name.clone()
            }
            None => {
                let words: Vec<&str> = name
                    .split(' ')
                    .filter(|word| !DIVISION_WORDS[..9].contains(&key(word).as_str()))
                    .collect();
                if words.is_empty() { name.clone() } else { words.join(" ") }
            }
        };
        let mut alternates: Vec<String> = names.iter().map(|name| bare(name)).collect();
        alternates.extend(names);
        divisions
            .entry((country.clone(), code.clone()))
            .and_modify(|division| division.alternates.append(&mut alternates))
            .or_insert_with(|| Entry {
                name: preferred.clone(),
                alternates,
                kind: Kind::Adm1,
                geonames_id: *id,
                adm_1_code: code.clone(),
                adm_1: Some(preferred),
                country: Some(country.clone()),
                coordinates: row.or(dumped).and_then(|row| row.coordinates),
                population: 0,
            });
    }
    // Rows of ours that GeoNames has no code for.
    let known: BTreeSet<(String, String)> = divisions
        .values()
        .map(|division| (division.country.clone().unwrap_or_default(), division.name.clone()))
        .collect();
    for row in table.iter().filter(|row| row.kind == Kind::Adm1) {
        let country = row.country.clone().unwrap_or_default();
        if !known.contains(&(country.clone(), row.name.clone())) {
            let mut division = row.clone();
            division.adm_1 = Some(row.name.clone());
            division.alternates.push(bare(&row.name));
            divisions.insert((country, format!("+{}", row.name)), division);
        }
    }
    table.retain(|row| row.kind != Kind::Adm1);
    entries.retain(|entry| entry.kind != Kind::Adm1);
    for entry in entries.iter_mut() {
        let at = (entry.country.clone().unwrap_or_default(), entry.adm_1_code.clone());
        entry.adm_1 = divisions.get(&at).map(|division| division.name.clone());
    }
    let mut merged: BTreeMap<(Option<String>, String), Entry> = BTreeMap::new();
    for division in divisions.into_values() {
        let at = (division.country.clone(), division.name.clone());
        match merged.get_mut(&at) {
            Some(other) => other.alternates.extend(division.alternates),
            None => {
                merged.insert(at, division);
            }
        }
    }
    entries.extend(merged.into_values());
    Ok(())
}

fn add_countries(entries: &mut Vec<Entry>) {
    let known: BTreeSet<String> = entries
        .iter()
        .filter(|entry| entry.kind == Kind::Country)
        .filter_map(|entry| entry.country.clone())
        .collect();
    for country in dump::countries().into_values() {
        if !known.contains(country.iso3) {
            entries.push(Entry {
                name: country.name.to_owned(),
                alternates: Vec::new(),
                kind: Kind::Country,
                geonames_id: country.geonames_id,
                adm_1_code: String::new(),
                adm_1: None,
                country: Some(country.iso3.to_owned()),
                coordinates: None,
                population: 0,
            });
        }
    }
}

/// Lets the rows of our tables mend the places they match, and adds the others.
fn amend(entries: &mut Vec<Entry>, table: Vec<Entry>) {
    let mut by_name: BTreeMap<(String, String), BTreeSet<usize>> = BTreeMap::new();
    let mut by_skeleton: BTreeMap<(String, String), BTreeSet<usize>> = BTreeMap::new();
    let mut country_entries: BTreeMap<String, usize> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let country = entry.country.clone().unwrap_or_default();
        match entry.kind {
            Kind::Settlement => {
                for name in std::iter::once(&entry.name).chain(&entry.alternates) {
                    let key = key(name);
                    by_skeleton.entry((country.clone(), skeleton(&key))).or_default().insert(index);
                    by_name.entry((country.clone(), key)).or_default().insert(index);
                }
            }
            Kind::Country => {
                country_entries.insert(country, index);
            }
            _ => {}
        }
    }
    for mut row in table {
        let country = row.country.clone().unwrap_or_default();
        let found = match row.kind {
            Kind::Country => country_entries.get(&country).copied(),
            Kind::Settlement => {
                // The row's division decides among namesakes; where GeoNames' divisions are coarser, the row's is finer.
                let fits = |index: &usize| {
                    let adm_1 = &entries[*index].adm_1;
                    row.adm_1.is_none() || *adm_1 == row.adm_1 || adm_1.as_deref().is_none_or(is_coarse)
                };
                let largest = |names: &BTreeMap<(String, String), BTreeSet<usize>>, name: String| {
                    let places = names.get(&(country.clone(), name))?.iter().copied().filter(fits);
                    places.max_by_key(|&index| (entries[index].population, std::cmp::Reverse(index)))
                };
                let mut names = std::iter::once(&row.name).chain(&row.alternates).map(|name| key(name));
                names.find_map(|name| largest(&by_name, name)).or_else(|| {
                    let skeleton = skeleton(&key(&row.name));
                    if skeleton.len() < 4 { None } else { largest(&by_skeleton, skeleton) }
                })
            }
            _ => None,
        };
        match found {
            Some(index) => {
                let entry = &mut entries[index];
                entry.alternates.append(&mut row.alternates);
                // The supplement gives the spelling that English reports use.
                if row.kind == Kind::Settlement {
                    entry.alternates.push(std::mem::replace(&mut entry.name, row.name));
                } else {
                    entry.alternates.push(row.name);
                }
                if row.adm_1.is_some() {
                    entry.adm_1 = row.adm_1;
                }
            }
            None => entries.push(row),
        }
    }
}

/// Divisions under which GeoNames lumps several that our tables tell apart.
fn is_coarse(division: &str) -> bool {
    matches!(division, "Gaza Strip" | "West Bank")
}

/// A division stands at the mean of its settlements, so that it can be drawn; no row of GeoNames' city files gives its own point.
fn place_divisions(entries: &mut [Entry]) {
    let mut sums: BTreeMap<(String, String), (f64, f64, f64)> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.kind == Kind::Settlement) {
        if let (Some(country), Some(adm_1), Some((latitude, longitude))) =
            (&entry.country, &entry.adm_1, entry.coordinates)
        {
            let sum = sums.entry((country.clone(), adm_1.clone())).or_default();
            *sum = (sum.0 + latitude, sum.1 + longitude, sum.2 + 1.0);
        }
    }
    for entry in entries.iter_mut().filter(|entry| entry.kind == Kind::Adm1 && entry.coordinates.is_none()) {
        let at = (entry.country.clone().unwrap_or_default(), entry.name.clone());
        entry.coordinates = sums.get(&at).map(|sum| (sum.0 / sum.2, sum.1 / sum.2));
    }
}

fn write(entries: &[Entry]) -> Result<Vec<u8>, Error> {
    let transliterated: BTreeSet<&str> = dump::countries()
        .into_values()
        .filter(|country| country.transliterated)
        .map(|country| country.iso3)
        .collect();
    let mut exact: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    let mut skeletons: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let by_skeleton = entry.country.as_deref().is_some_and(|country| transliterated.contains(country));
        for name in std::iter::once(&entry.name).chain(&entry.alternates) {
            let key = key(name);
            if by_skeleton && key.is_ascii() {
                let skeleton = skeleton(&key);
                if skeleton.len() >= 2 {
                    skeletons.entry(skeleton).or_default().insert(index as u32);
                }
            }
            if key.len() >= 2 {
                exact.entry(key).or_default().insert(index as u32);
            }
        }
    }
    pack::write(entries, &exact, &skeletons)
}
