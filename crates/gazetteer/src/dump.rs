//! Tables of places as published: GeoNames dumps, and plain tables of our own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::Error;
use crate::place::Kind;

/// A place on its way into a gazetteer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) alternates: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) geonames_id: u32,
    /// GeoNames code of the first-order division until it is named.
    pub(crate) adm_1_code: String,
    pub(crate) adm_1: Option<String>,
    /// ISO 3166-1 alpha-3.
    pub(crate) country: Option<String>,
    pub(crate) coordinates: Option<(f64, f64)>,
    pub(crate) population: u32,
}

/// What GeoNames calls a country, and ISO.
pub(crate) struct Country {
    pub(crate) iso3: &'static str,
    pub(crate) geonames_id: u32,
    pub(crate) name: &'static str,
    /// Names are written in another script at home, so that Latin spellings vary.
    pub(crate) transliterated: bool,
}

/// Countries by ISO 3166-1 alpha-2 code.
pub(crate) fn countries() -> BTreeMap<&'static str, Country> {
    include_str!("../../../data/gazetteer/countries.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut fields = line.split('\t');
            let iso2 = fields.next()?;
            let iso3 = fields.next()?;
            let geonames_id = fields.next()?.parse().ok()?;
            let name = fields.next()?;
            let transliterated = fields.next() == Some("yes");
            Some((iso2, Country { iso3, geonames_id, name, transliterated }))
        })
        .collect()
}

/// Reads the lines of a file, with their numbers from 1; bytes that are not UTF-8 become replacement signs.
pub(crate) fn lines(
    path: &Path,
    mut each: impl FnMut(usize, &str) -> Result<(), Error>,
) -> Result<(), Error> {
    let wrap = |source| Error::Read { path: path.to_owned(), source };
    let mut reader = BufReader::new(File::open(path).map_err(wrap)?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(wrap)? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        each(number, text.trim_end_matches(['\n', '\r']))?;
    }
    Ok(())
}

/// Reads a GeoNames dump (XX.txt, citiesN.txt, allCountries.txt): 19 fields parted by tabs. Keeps settlements, divisions of the first
/// and second order, countries, and seas; of the settlements those of `least` inhabitants or more.
pub(crate) fn geonames(path: &Path, least: u32, entries: &mut Vec<Entry>) -> Result<(), Error> {
    let countries = countries();
    lines(path, |line, text| {
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        let fields: Vec<&str> = text.split('\t').collect();
        let wrong = |message: &str| Error::Line { path: path.to_owned(), line, message: message.to_owned() };
        let [id, name, ascii, alternates, latitude, longitude, class, code, country, _, adm_1, ..] =
            fields[..]
        else {
            return Err(wrong("expected the 19 fields of a GeoNames dump, parted by tabs"));
        };
        let kind = match (class, code) {
            ("P", "PPLX") => Kind::Spot,
            ("P", _) => Kind::Settlement,
            ("A", "ADM1") => Kind::Adm1,
            ("A", "ADM2") => Kind::Adm2,
            ("A", _) if code.starts_with("PCL") => Kind::Country,
            ("H", "SEA" | "GULF" | "STRT" | "OCN") => Kind::Water,
            _ => return Ok(()),
        };
        let population = fields.get(14).and_then(|field| field.parse().ok()).unwrap_or(0);
        if matches!(kind, Kind::Settlement | Kind::Spot) && population < least {
            return Ok(());
        }
        let number = |field: &str| field.parse::<f64>().ok().filter(|value| value.abs() <= 180.0);
        let (Some(latitude), Some(longitude)) = (number(latitude), number(longitude)) else {
            return Err(wrong("fields 5 and 6 must be degrees"));
        };
        let geonames_id = id.parse().map_err(|_| wrong("field 1 must be a number"))?;
        let mut names: Vec<String> = vec![ascii.to_owned()];
        names.extend(alternates.split(',').filter(|name| is_latin_name(name)).map(str::to_owned));
        names.retain(|alternate| !alternate.is_empty() && alternate != name);
        entries.push(Entry {
            name: name.to_owned(),
            alternates: names,
            kind,
            geonames_id,
            adm_1_code: adm_1.to_owned(),
            adm_1: None,
            country: countries.get(country).map(|country| country.iso3.to_owned()),
            coordinates: Some((latitude, longitude)),
            population,
        });
        Ok(())
    })
}

/// Whether an alternate name is one that a text in Latin letters would use. GeoNames also lists machine romanisations (no capital).
fn is_latin_name(name: &str) -> bool {
    let latin = name.chars().all(|c| {
        (c as u32) < 0x250
            || (0x1e00..0x1f00).contains(&(c as u32))
            || ('\u{2b9}'..='\u{2bf}').contains(&c)
            || ('\u{2018}'..='\u{2019}').contains(&c)
    });
    name.chars().count() >= 3
        && latin
        && name.chars().any(char::is_uppercase)
        && !name.chars().all(|c| c.is_uppercase())
}

/// Reads GeoNames' `admin1CodesASCII.txt`: `CC.code`, name, ASCII name, id. Gives names and ids by (alpha-3 country, code).
pub(crate) fn adm_1_codes(
    path: &Path,
    codes: &mut BTreeMap<(String, String), (String, u32)>,
) -> Result<(), Error> {
    let countries = countries();
    lines(path, |_, text| {
        let mut fields = text.split('\t');
        if let (Some((country, code)), Some(name)) =
            (fields.next().and_then(|code| code.split_once('.')), fields.next())
            && let Some(country) = countries.get(country)
        {
            let id = fields.nth(1).and_then(|id| id.parse().ok()).unwrap_or(0);
            codes.insert((country.iso3.to_owned(), code.to_owned()), (name.to_owned(), id));
        }
        Ok(())
    })
}

/// Reads GeoNames' `alternateNames.txt` or `alternateNamesV2.txt`: id, GeoNames id, language, name. Gives the names by GeoNames id, of the
/// languages written in Latin letters and those without a language.
pub(crate) fn alternate_names(
    path: &Path,
    wanted: impl Fn(u32) -> bool,
    names: &mut BTreeMap<u32, Vec<String>>,
) -> Result<(), Error> {
    lines(path, |_, text| {
        let mut fields = text.split('\t').skip(1);
        if let (Some(Ok(id)), Some(language), Some(name)) =
            (fields.next().map(str::parse), fields.next(), fields.next())
            && language.len() <= 3
            && wanted(id)
            && is_latin_name(name)
        {
            names.entry(id).or_default().push(name.to_owned());
        }
        Ok(())
    })
}

/// Reads a plain table of places: name, other names parted by `|`, kind, first-order division, alpha-3 country, latitude, longitude; parted
/// by tabs, a missing value left empty, lines that start with `#` left out.
pub(crate) fn table(path: &Path, entries: &mut Vec<Entry>) -> Result<(), Error> {
    lines(path, |line, text| {
        let row = row(text).map_err(|message| Error::Line { path: path.to_owned(), line, message })?;
        entries.extend(row);
        Ok(())
    })
}

/// The divisions as our tables spell them, for gazetteers that are made without these tables.
pub(crate) fn divisions() -> Vec<Entry> {
    include_str!("../../../data/gazetteer/divisions.tsv")
        .lines()
        .filter_map(|line| row(line).ok().flatten())
        .collect()
}

/// One line of a plain table, `None` if it holds no place.
fn row(text: &str) -> Result<Option<Entry>, String> {
    if text.trim().is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let mut fields = text.split('\t').map(str::trim);
    let mut next = || fields.next().unwrap_or("");
    let (name, others, kind, adm_1, country) = (next(), next(), next(), next(), next());
    let (latitude, longitude) = (next(), next());
    if name.is_empty() {
        return Err("a place needs a name".to_owned());
    }
    let kind = Kind::named(kind).ok_or_else(|| {
        format!("`{kind}` is no kind of place; the kinds are {}", Kind::ALL.map(Kind::as_str).join(", "))
    })?;
    if !(country.is_empty() || country.len() == 3 && country.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return Err(format!("`{country}` is no ISO 3166-1 alpha-3 code"));
    }
    let coordinates = match (latitude, longitude) {
        ("", "") => None,
        _ => match (latitude.parse::<f64>(), longitude.parse::<f64>()) {
            (Ok(latitude), Ok(longitude)) if latitude.abs() <= 90.0 && longitude.abs() <= 180.0 => {
                Some((latitude, longitude))
            }
            _ => return Err("latitude and longitude must both be degrees, or both be left out".to_owned()),
        },
    };
    let some = |field: &str| (!field.is_empty()).then(|| field.to_owned());
    Ok(Some(Entry {
        name: name.to_owned(),
        alternates: others
            .split('|')
            .map(str::trim)
            .filter(|other| !other.is_empty())
            .map(str::to_owned)
            .collect(),
        kind,
        geonames_id: 0,
        adm_1_code: String::new(),
        adm_1: some(adm_1),
        country: some(country),
        coordinates,
        population: 0,
    }))
}
