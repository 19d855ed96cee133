//! The files that a gazetteer is made of, told apart by their first lines.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::layer::MAGIC;
use crate::place::Kind;

/// The files that a gazetteer is made of.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// GeoNames dumps: `XX.txt`, `citiesN.txt`, `allCountries.txt`.
    pub dumps: Vec<PathBuf>,
    /// GeoNames' `alternateNames.txt`.
    pub alternate_names: Vec<PathBuf>,
    /// GeoNames' `admin1CodesASCII.txt`; without it, first-order divisions are named by the dumps' own ADM1 rows.
    pub adm_1_codes: Vec<PathBuf>,
    /// Plain tables: name, other names parted by `|`, kind, first-order division, country, latitude, longitude, parted by tabs. A row whose
    /// name and country match a place of the dumps adds its names to that place and corrects its division; others are new places.
    pub tables: Vec<PathBuf>,
    /// Adds every country by its English name.
    pub countries: bool,
    /// Leaves out settlements of the dumps with fewer inhabitants, or of unknown number if this is above 0.
    pub min_population: u32,
}

impl Sources {
    /// Adds a file of a known kind.
    ///
    /// # Errors
    /// When it is compiled already.
    pub fn push(&mut self, path: PathBuf, kind: FileKind) -> Result<(), Error> {
        match kind {
            FileKind::Dump => self.dumps.push(path),
            FileKind::AlternateNames => self.alternate_names.push(path),
            FileKind::Adm1Codes => self.adm_1_codes.push(path),
            FileKind::Table => self.tables.push(path),
            FileKind::Compiled => {
                let message = "a compiled gazetteer cannot be compiled again; name its sources";
                return Err(Error::Kind { path, message });
            }
        }
        Ok(())
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        [&self.dumps, &self.alternate_names, &self.adm_1_codes, &self.tables]
            .iter()
            .all(|files| files.is_empty())
    }
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A GeoNames dump.
    Dump,
    /// GeoNames' `alternateNames.txt` or `alternateNamesV2.txt`.
    AlternateNames,
    /// GeoNames' `admin1CodesASCII.txt`.
    Adm1Codes,
    /// A plain table of places.
    Table,
    /// A compiled gazetteer.
    Compiled,
}

/// Bytes at the head of a file that tell its kind; a line of GeoNames with all its alternate names is shorter.
const HEAD_BYTES: u64 = 1 << 16;

impl FileKind {
    /// Tells what a file holds by its first bytes.
    ///
    /// # Errors
    /// When it cannot be read, or is of no kind that a gazetteer is made of.
    pub fn of(path: &Path) -> Result<FileKind, Error> {
        let wrap = |source| Error::Read { path: path.to_owned(), source };
        let wrong = |message| Error::Kind { path: path.to_owned(), message };
        let mut head = Vec::new();
        std::fs::File::open(path).map_err(wrap)?.take(HEAD_BYTES).read_to_end(&mut head).map_err(wrap)?;
        if head.starts_with(&MAGIC[..6]) {
            return Ok(FileKind::Compiled);
        }
        if head.starts_with(b"PK") || head.starts_with(&[0x1f, 0x8b]) {
            return Err(wrong("unpack the file first"));
        }
        let text = String::from_utf8_lossy(&head);
        let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
        first.and_then(of_line).ok_or_else(|| {
            wrong(
                "neither a compiled gazetteer, nor a dump, alternate names or admin1 codes of GeoNames, nor a table of places (name, \
                 other names, kind, division, country, latitude, longitude, parted by tabs)",
            )
        })
    }
}

fn of_line(line: &str) -> Option<FileKind> {
    let fields: Vec<&str> = line.split('\t').collect();
    let number = |at: usize| fields.get(at).is_some_and(|field| field.parse::<u64>().is_ok());
    let degrees = |at: usize| fields.get(at).is_some_and(|field| field.parse::<f64>().is_ok());
    let code = |field: &str| matches!(field.split_once('.'), Some((country, code)) if country.len() == 2 && !code.is_empty());
    match fields.len() {
        15.. if number(0) && degrees(4) && degrees(5) => Some(FileKind::Dump),
        4.. if number(0) && number(1) => Some(FileKind::AlternateNames),
        4 if code(fields[0]) && number(3) => Some(FileKind::Adm1Codes),
        3.. if Kind::named(fields[2].trim()).is_some() => Some(FileKind::Table),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells_the_kind() {
        let dump = "1\tA\tA\t\t10.5\t-3\tP\tPPL\tSY\t\t01\t\t\t\t120\t\t5\tAsia/Damascus\t2020-01-01";
        for (line, kind) in [
            (dump, Some(FileKind::Dump)),
            ("12\t1\ten\tAlpha\t1\t\t\t", Some(FileKind::AlternateNames)),
            ("SY.01\tAl-Hasakah\tAl-Hasakah\t173813", Some(FileKind::Adm1Codes)),
            ("Alpha\tAlfa|Alpa\tspot\tHoms\tSYR\t\t", Some(FileKind::Table)),
            ("name,lat,lon", None),
        ] {
            assert_eq!(of_line(line), kind, "{line}");
        }
    }
}
