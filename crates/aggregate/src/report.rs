//! What the stage keeps of one article: the partial result that [`map`](crate::Aggregate) emits.
//!
//! It holds no text but a few telling words of each incident, so a corpus of a million articles fits in memory.

use annals_plugin::{
    Actor, Article, Claim, EventType, Modality, Outcome, Place, Qualifier, Scope, Source, StageError, Status,
    Victims, When,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::terms::{self, Terms};

/// One article, reduced to what linking and reconciling need. [`Outline`](crate::outline::Outline) reads the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) article_id: String,
    /// Who published it: the publisher's name, else the host of its address.
    pub(crate) outlet: Option<String>,
    /// ISO 8601, as in the article: compared as text, so a time of day orders reports of one day.
    pub(crate) published: Option<String>,
    /// Short names of the wire services that wrote the text.
    pub(crate) wires: Vec<String>,
    /// The article that it repeats; such a report has no incidents of its own.
    pub(crate) duplicate_of: Option<String>,
    pub(crate) incidents: Vec<Told>,
    pub(crate) figures: Vec<Figure>,
}

/// One incident as one article tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) incident_id: String,
    pub(crate) main: bool,
    pub(crate) event_type: EventType,
    pub(crate) weapons: Vec<String>,
    pub(crate) when: Option<When>,
    pub(crate) place: Option<Place>,
    pub(crate) perpetrators: Vec<Actor>,
    /// How many were killed as the article as a whole tells, where no figure does.
    pub(crate) killed: Option<u64>,
    /// How many were injured, likewise.
    pub(crate) injured: Option<u64>,
    pub(crate) terms: Terms,
}

/// One figure of the article, without its quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) claim_id: String,
    /// Index into the report's `incidents`.
    pub(crate) incident: Option<u32>,
    pub(crate) outcome: Outcome,
    pub(crate) victims: Victims,
    pub(crate) low: Option<u64>,
    pub(crate) high: Option<u64>,
    pub(crate) qualifier: Qualifier,
    pub(crate) scope: Scope,
    pub(crate) modality: Modality,
    pub(crate) source: Option<Source>,
    pub(crate) perpetrator: Option<Actor>,
    /// Index into the report's `figures`.
    pub(crate) part_of: Option<u32>,
    /// Start of the sentence: figures of one sentence belong together.
    pub(crate) start: u32,
}

impl Report {
    /// Reduces an article.
    pub(crate) fn of(article: &Article) -> Self {
        let duplicate_of = match article.status {
            Status::Duplicate => article.duplicate_of.clone(),
            Status::Kept => None,
        };
        let index: FxHashMap<&str, u32> =
            (0..).zip(&article.claims).map(|(index, claim)| (claim.claim_id.as_str(), index)).collect();
        let figures = article.claims.iter().map(|claim| Figure::of(claim, article, &index)).collect();
        let terms = terms::of_incidents(article);
        let incidents = article
            .incidents
            .iter()
            .zip(terms)
            .map(|(incident, terms)| Told {
                incident_id: incident.incident_id.clone(),
                main: incident.main,
                event_type: incident.event_type,
                weapons: incident.weapons.clone(),
                when: incident.when,
                place: incident.place.clone(),
                perpetrators: incident.perpetrators.clone(),
                killed: incident.killed,
                injured: incident.injured,
                terms,
            })
            .collect();
        Self {
            article_id: article.article_id.clone(),
            outlet: outlet(article),
            published: article.published.clone(),
            wires: article.wires.clone(),
            duplicate_of,
            incidents,
            figures,
        }
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, StageError> {
        postcard::to_allocvec(self).map_err(|error| StageError::new("report_not_encoded", error.to_string()))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StageError> {
        postcard::from_bytes(bytes).map_err(unreadable)
    }
}

pub(crate) fn unreadable(error: postcard::Error) -> StageError {
    StageError::new("report_not_decoded", format!("failed to read a report of the aggregate stage: {error}"))
}

impl Figure {
    fn of(claim: &Claim, article: &Article, index: &FxHashMap<&str, u32>) -> Self {
        let part_of = claim.part_of.as_deref().and_then(|whole| index.get(whole).copied());
        // A plugin may have given an index that no incident has.
        let incident = claim.incident.filter(|&index| (index as usize) < article.incidents.len());
        Self {
            claim_id: claim.claim_id.clone(),
            incident,
            outcome: claim.outcome,
            victims: claim.victims,
            low: claim.low,
            high: claim.high,
            qualifier: claim.qualifier,
            scope: claim.scope,
            modality: claim.modality,
            source: claim.source.clone(),
            perpetrator: claim.perpetrator.clone(),
            part_of,
            start: claim.start,
        }
    }
}

/// Name under which an article's publisher counts: its name in lower case, else the host of its address.
fn outlet(article: &Article) -> Option<String> {
    let name = article.publisher.as_deref().map(str::trim).filter(|name| !name.is_empty());
    name.map(str::to_owned).or_else(|| article.url.as_deref().and_then(host))
}

/// Host of an address without `www.`; of an archived page, the host of the page that was archived.
fn host(url: &str) -> Option<String> {
    let page = url.rfind("http://").max(url.rfind("https://")).map_or(url, |at| &url[at..]);
    let rest = page.split_once("://").map_or(page, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next()?.to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    (host.contains('.')).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_of_an_archived_page_is_the_publishers() {
        let url = "http://web.archive.org/web/20160101000000/http://www.example.org:8080/a?b=http";
        assert_eq!(host(url).as_deref(), Some("example.org"));
        assert_eq!(host("no address"), None);
    }
}
