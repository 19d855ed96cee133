//! The records that flow through a pipeline: an article with all that the stages find in it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::label::{
    CopyKind, EventType, Modality, Outcome, PublishedBasis, Qualifier, Scope, SourceKind, Status, Victims,
};

/// One article, from raw input to the claims found in it.
///
/// A reader fills the identity, the metadata that the input states, and either `text` or `html`; each stage fills
/// or mends what it is responsible for. A value that is not known is `None`, never an empty string.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Article {
    /// Stable key: a digest of `source_id`.
    pub article_id: String,
    /// The record's own `id`, else its path relative to the pipeline file, `#n` for the n-th record of many.
    pub source_id: String,
    /// The file it came from, relative to the pipeline file, with `/` between folders.
    pub path: String,
    /// Address of the page.
    pub url: Option<String>,
    /// Name of the outlet.
    pub publisher: Option<String>,
    /// Headline.
    pub title: Option<String>,
    /// Names of the authors, as printed.
    pub authors: Vec<String>,
    /// ISO 8601 date or date-time of publication.
    pub published: Option<String>,
    /// Where `published` was found.
    pub published_basis: Option<PublishedBasis>,
    /// ISO 639-1 code.
    pub language: Option<String>,
    /// Place printed in the dateline ("ALEPPO —"), as written.
    pub dateline: Option<String>,
    /// Wire services named as the origin of the text, as short names ("AFP", "Reuters"); sorted.
    pub wires: Vec<String>,
    /// The text; once cleaned, paragraphs parted by one blank line.
    pub text: String,
    /// The page as it came, in its own encoding, until the page is read into `text`.
    pub html: Option<Vec<u8>>,
    /// What was taken off the text, with the reason.
    pub removed: Vec<Removed>,
    /// Whether it repeats another article.
    pub status: Status,
    /// The article that it repeats.
    pub duplicate_of: Option<String>,
    /// Likeness to `duplicate_of`, 0 to 1.
    pub similarity: Option<f32>,
    /// How it repeats `duplicate_of`.
    pub copy_kind: Option<CopyKind>,
    /// Incidents that the article tells of.
    pub incidents: Vec<Incident>,
    /// Figures that the article gives.
    pub claims: Vec<Claim>,
    /// The event that the article is chiefly about.
    pub main_event_id: Option<String>,
    /// Fields of the input that have no column of their own, and what stages add.
    #[serde(with = "attributes")]
    pub attributes: BTreeMap<String, serde_json::Value>,
}

/// Attributes are JSON whatever the format around them, so that compact binary formats can hold them too.
mod attributes {
    use super::BTreeMap;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};

    type Attributes = BTreeMap<String, serde_json::Value>;

    pub(super) fn serialize<S: Serializer>(
        attributes: &Attributes,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return attributes.serialize(serializer);
        }
        let json = if attributes.is_empty() {
            String::new()
        } else {
            serde_json::to_string(attributes).map_err(S::Error::custom)?
        };
        json.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
        if deserializer.is_human_readable() {
            return Attributes::deserialize(deserializer);
        }
        let json = String::deserialize(deserializer)?;
        if json.is_empty() {
            Ok(Attributes::new())
        } else {
            serde_json::from_str(&json).map_err(D::Error::custom)
        }
    }
}

impl Article {
    /// An article with an identity and nothing else.
    pub fn new(article_id: impl Into<String>, source_id: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            article_id: article_id.into(),
            source_id: source_id.into(),
            path: path.into(),
            url: None,
            publisher: None,
            title: None,
            authors: Vec::new(),
            published: None,
            published_basis: None,
            language: None,
            dateline: None,
            wires: Vec::new(),
            text: String::new(),
            html: None,
            removed: Vec::new(),
            status: Status::Kept,
            duplicate_of: None,
            similarity: None,
            copy_kind: None,
            incidents: Vec::new(),
            claims: Vec::new(),
            main_event_id: None,
            attributes: BTreeMap::new(),
        }
    }

    /// Takes over the values that `newer` has for the named columns; a name that no column has is an attribute.
    pub fn overlay(&mut self, newer: Self, columns: &[String]) {
        let mut newer = newer;
        for column in columns {
            match column.as_str() {
                "article_id" | "source_id" | "path" => {}
                "url" => self.url = newer.url.take(),
                "publisher" => self.publisher = newer.publisher.take(),
                "title" => self.title = newer.title.take(),
                "authors" => self.authors = std::mem::take(&mut newer.authors),
                "published" => self.published = newer.published.take(),
                "published_basis" => self.published_basis = newer.published_basis.take(),
                "language" => self.language = newer.language.take(),
                "dateline" => self.dateline = newer.dateline.take(),
                "wires" => self.wires = std::mem::take(&mut newer.wires),
                "text" => self.text = std::mem::take(&mut newer.text),
                "html" => self.html = newer.html.take(),
                "removed" => self.removed = std::mem::take(&mut newer.removed),
                "status" => self.status = newer.status,
                "duplicate_of" => self.duplicate_of = newer.duplicate_of.take(),
                "similarity" => self.similarity = newer.similarity.take(),
                "copy_kind" => self.copy_kind = newer.copy_kind.take(),
                "incidents" => self.incidents = std::mem::take(&mut newer.incidents),
                "claims" => self.claims = std::mem::take(&mut newer.claims),
                "main_event_id" => self.main_event_id = newer.main_event_id.take(),
                "attributes" => self.attributes = std::mem::take(&mut newer.attributes),
                name => match newer.attributes.remove(name) {
                    Some(value) => drop(self.attributes.insert(name.to_owned(), value)),
                    None => drop(self.attributes.remove(name)),
                },
            }
        }
    }

    /// The calendar day of publication, if `published` states one.
    pub fn published_date(&self) -> Option<Date> {
        self.published.as_deref().and_then(|iso| iso.get(..10)).and_then(|day| day.parse().ok())
    }
}

/// A piece that was taken off a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Where it stood: offset in the cleaned text, in Unicode characters.
    pub at: u32,
    /// Name of the rule that took it off.
    pub reason: String,
    /// The piece, verbatim.
    pub text: String,
}

/// A span of time, with the precision of UCDP GED's `date_prec`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct When {
    /// First day.
    pub start: Date,
    /// Last day, inclusive.
    pub end: Date,
    /// 1 exact day, 2 two to six days, 3 week, 4 month, 5 year.
    pub precision: u8,
}

/// A place as the text names it, resolved as far as the text allows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Place {
    /// As written.
    pub name: String,
    /// GeoNames identifier, `None` if ambiguous or not found.
    pub geonames_id: Option<u32>,
    /// First-order division (governorate, state, province).
    pub adm_1: Option<String>,
    /// ISO 3166-1 alpha-3 code.
    pub country: Option<String>,
    /// WGS 84 degrees, north positive.
    pub latitude: Option<f64>,
    /// WGS 84 degrees, east positive.
    pub longitude: Option<f64>,
    /// UCDP GED `where_prec`: 1 exact, 2 near a place, 3 ADM2, 4 ADM1, 5 vague, 6 country, 7 water or air.
    pub precision: Option<u8>,
    /// GeoNames identifiers of the places that an ambiguous name may mean, best first.
    pub candidates: Vec<u32>,
}

/// A party held responsible.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// As written.
    pub name: String,
    /// Identifier in the actor list, `None` if it is not listed.
    pub id: Option<String>,
}

/// Whoever is cited for a figure.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// Name, resolved to the full form that the article gives.
    pub name: String,
    /// What kind of body it is.
    pub kind: SourceKind,
    /// Identifier in the source list, `None` if it is not listed.
    pub id: Option<String>,
}

/// One thing that happened, as one article tells it. It may carry no figure at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Stable key: the article with `-main`, or with a digest of the incident's first figure and its sentence.
    pub incident_id: String,
    /// What headline and lead are about; true for one incident of an article at most.
    pub main: bool,
    /// What happened.
    pub event_type: EventType,
    /// Weapons named, as listed labels; sorted.
    pub weapons: Vec<String>,
    /// When it happened.
    pub when: Option<When>,
    /// Where it happened.
    pub place: Option<Place>,
    /// Who is held responsible.
    pub perpetrators: Vec<Actor>,
    /// How many were killed as the article as a whole tells, where no single figure of its text does: by its headline, or by
    /// telling of them one by one.
    pub killed: Option<u64>,
    /// How many were injured, likewise.
    pub injured: Option<u64>,
    /// Start of the sentence that tells of it first, in Unicode characters of the article's text.
    pub start: u32,
    /// End of that sentence.
    pub end: u32,
    /// The event it was joined to.
    pub event_id: Option<String>,
}

/// One figure that one source gives in one article.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Stable key: the article with a digest of the sentence and of the figure in it.
    pub claim_id: String,
    /// Index into the article's `incidents`, `None` for a figure of no single incident.
    pub incident: Option<u32>,
    /// The event it was joined to.
    pub event_id: Option<String>,
    /// What happened.
    pub event_type: EventType,
    /// What befell those counted.
    pub outcome: Outcome,
    /// The group counted.
    pub victims: Victims,
    /// Lower bound, `None` where the text sets none.
    pub low: Option<u64>,
    /// Upper bound, `None` where the text sets none.
    pub high: Option<u64>,
    /// How the text bounds the figure.
    pub qualifier: Qualifier,
    /// One incident, or a sum.
    pub scope: Scope,
    /// How firmly it is put.
    pub modality: Modality,
    /// When those counted were harmed.
    pub when: Option<When>,
    /// Where.
    pub place: Option<Place>,
    /// By whom, as the text says.
    pub perpetrator: Option<Actor>,
    /// Who is cited for the figure, `None` if the article says it itself.
    pub source: Option<Source>,
    /// `claim_id` of the figure that this one is a part of.
    pub part_of: Option<String>,
    /// The sentence, verbatim.
    pub quote: String,
    /// Start of the sentence in the article's text, in Unicode characters.
    pub start: u32,
    /// End of the sentence.
    pub end: u32,
}

/// Something of the input that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rejected {
    /// The file.
    pub path: String,
    /// The record within the file: its `source_id`, or its number.
    pub record: Option<String>,
    /// The stage that refused it; `read` for the reader.
    pub stage: String,
    /// A fixed code, `snake_case`.
    pub reason: String,
    /// What a person needs to know to mend it.
    pub detail: String,
}
