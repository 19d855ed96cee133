/// What kind of thing a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A city, town or village.
    Settlement = 0,
    /// A quarter of a city, a camp, a crossing or another spot with a name.
    Spot = 1,
    /// Second-order division: district, county.
    Adm2 = 2,
    /// First-order division: governorate, state, province, oblast.
    Adm1 = 3,
    /// A part of a country, or of several, without fixed bounds.
    Region = 4,
    /// A country or territory with an ISO code of its own.
    Country = 5,
    /// Sea, gulf or strait.
    Water = 6,
}

impl Kind {
    pub(crate) const ALL: [Kind; 7] =
        [Kind::Settlement, Kind::Spot, Kind::Adm2, Kind::Adm1, Kind::Region, Kind::Country, Kind::Water];

    /// The word for it in the tables of places.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Settlement => "settlement",
            Kind::Spot => "spot",
            Kind::Adm2 => "adm2",
            Kind::Adm1 => "adm1",
            Kind::Region => "region",
            Kind::Country => "country",
            Kind::Water => "water",
        }
    }

    pub(crate) fn named(word: &str) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A place of a gazetteer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place<'a> {
    /// Its name in the gazetteer.
    pub name: &'a str,
    /// What it is.
    pub kind: Kind,
    /// GeoNames identifier.
    pub geonames_id: Option<u32>,
    /// Name of the first-order division it lies in, or is.
    pub adm_1: Option<&'a str>,
    /// ISO 3166-1 alpha-3 code; `None` for a sea or a region of several countries.
    pub country: Option<&'a str>,
    /// WGS 84 degrees, latitude and longitude.
    pub coordinates: Option<(f64, f64)>,
    /// Inhabitants; 0 if not known.
    pub population: u32,
}
