//! A report as linking reads it: the bytes of a [`Report`](crate::report::Report), whose texts stay where they are.
//!
//! The fields are those of the report, in their order; what linking does not ask for is read over.

use annals_plugin::{
    Date, EventType, Modality, Outcome, Qualifier, Scope, SourceKind, StageError, Victims, When,
};
use serde::Deserialize;

use crate::report::unreadable;

/// What stands first in a report: enough to put reports in order.
#[derive(Debug, Deserialize)]
pub(crate) struct Opening<'a> {
    pub(crate) article_id: &'a str,
    pub(crate) outlet: Option<&'a str>,
    pub(crate) published: Option<&'a str>,
    #[serde(rename = "wires", borrow)]
    _wires: Vec<&'a str>,
    pub(crate) duplicate_of: Option<&'a str>,
}

/// A whole report.
#[derive(Debug, Deserialize)]
pub(crate) struct Outline<'a> {
    #[serde(borrow)]
    pub(crate) opening: Opening<'a>,
    #[serde(borrow)]
    pub(crate) incidents: Vec<ToldOutline<'a>>,
    #[serde(borrow)]
    pub(crate) figures: Vec<FigureOutline<'a>>,
}

/// One incident.
#[derive(Debug, Deserialize)]
pub(crate) struct ToldOutline<'a> {
    pub(crate) incident_id: &'a str,
    pub(crate) main: bool,
    pub(crate) event_type: EventType,
    #[serde(rename = "weapons", borrow)]
    _weapons: Vec<&'a str>,
    pub(crate) when: Option<When>,
    #[serde(borrow)]
    pub(crate) place: Option<PlaceOutline<'a>>,
    #[serde(borrow)]
    pub(crate) perpetrators: Vec<ActorOutline<'a>>,
    #[serde(rename = "killed")]
    _killed: Option<u64>,
    #[serde(rename = "injured")]
    _injured: Option<u64>,
    /// See [`Terms`](crate::terms::Terms).
    names: &'a str,
    words: &'a str,
}

impl<'a> ToldOutline<'a> {
    /// Each word, and whether the article writes it as a name.
    pub(crate) fn terms(&self) -> impl Iterator<Item = (&'a str, bool)> + use<'a> {
        crate::terms::each(self.names, self.words)
    }
}

/// A place.
#[derive(Debug, Deserialize)]
pub(crate) struct PlaceOutline<'a> {
    pub(crate) name: &'a str,
    pub(crate) geonames_id: Option<u32>,
    pub(crate) adm_1: Option<&'a str>,
    pub(crate) country: Option<&'a str>,
    pub(crate) latitude: Option<f64>,
    pub(crate) longitude: Option<f64>,
    pub(crate) precision: Option<u8>,
    #[serde(rename = "candidates")]
    _candidates: Vec<u32>,
}

/// A party.
#[derive(Debug, Deserialize)]
pub(crate) struct ActorOutline<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: Option<&'a str>,
}

/// One figure.
#[derive(Debug, Deserialize)]
pub(crate) struct FigureOutline<'a> {
    #[serde(rename = "claim_id")]
    _claim_id: &'a str,
    pub(crate) incident: Option<u32>,
    pub(crate) outcome: Outcome,
    pub(crate) victims: Victims,
    pub(crate) low: Option<u64>,
    pub(crate) high: Option<u64>,
    #[serde(rename = "qualifier")]
    _qualifier: Qualifier,
    pub(crate) scope: Scope,
    #[serde(rename = "modality")]
    _modality: Modality,
    #[serde(rename = "source", borrow)]
    _source: Option<(&'a str, SourceKind, Option<&'a str>)>,
    #[serde(rename = "perpetrator", borrow)]
    _perpetrator: Option<ActorOutline<'a>>,
    #[serde(rename = "part_of")]
    _part_of: Option<u32>,
    #[serde(rename = "start")]
    _start: u32,
}

impl<'a> Opening<'a> {
    /// Reads the start of the bytes.
    pub(crate) fn from_bytes(bytes: &'a [u8]) -> Result<Self, StageError> {
        postcard::take_from_bytes(bytes).map(|(opening, _)| opening).map_err(unreadable)
    }

    /// The calendar day of publication.
    pub(crate) fn published_date(&self) -> Option<Date> {
        self.published.and_then(|iso| iso.get(..10)).and_then(|day| day.parse().ok())
    }
}

impl<'a> Outline<'a> {
    /// Reads all of the bytes.
    pub(crate) fn from_bytes(bytes: &'a [u8]) -> Result<Self, StageError> {
        postcard::from_bytes(bytes).map_err(unreadable)
    }
}

#[cfg(test)]
mod tests {
    use annals_plugin::{Actor, Article, Claim, Incident, Place, Source};

    use super::*;
    use crate::report::Report;

    #[test]
    fn it_reads_what_the_report_wrote() {
        let mut article = Article::new("a1", "s1", "in/a.txt");
        article.publisher = Some("The Ledger".to_owned());
        article.published = Some("2020-05-03T10:00:00Z".to_owned());
        article.wires = vec!["AFP".to_owned()];
        article.text = "Shells fell on Ariha and killed seven, the militia of Idlib said.".to_owned();
        let actor = Actor { name: "the army".to_owned(), id: Some("army".to_owned()) };
        let day: Date = "2020-05-02".parse().expect("a date");
        let when = Some(When { start: day, end: day, precision: 1 });
        let place = Some(Place {
            name: "Ariha".to_owned(),
            geonames_id: Some(7),
            adm_1: Some("Idlib".to_owned()),
            country: Some("SYR".to_owned()),
            latitude: Some(35.8),
            longitude: Some(36.6),
            precision: Some(1),
            candidates: vec![7, 9],
        });
        article.incidents.push(Incident {
            incident_id: "a1-main".to_owned(),
            main: true,
            event_type: EventType::Shelling,
            weapons: vec!["shell".to_owned()],
            when,
            place: place.clone(),
            perpetrators: vec![actor.clone()],
            killed: Some(7),
            injured: None,
            start: 0,
            end: 60,
            event_id: None,
        });
        article.claims.push(Claim {
            claim_id: "a1-c0".to_owned(),
            incident: Some(0),
            event_id: None,
            event_type: EventType::Shelling,
            outcome: Outcome::Killed,
            victims: Victims::Civilians,
            low: Some(7),
            high: Some(9),
            qualifier: Qualifier::Range,
            scope: Scope::Incident,
            modality: Modality::Asserted,
            when,
            place,
            perpetrator: Some(actor),
            source: Some(Source {
                name: "the militia".to_owned(),
                kind: SourceKind::ArmedGroup,
                id: Some("militia".to_owned()),
            }),
            part_of: Some("a1-c0".to_owned()),
            quote: article.text.clone(),
            start: 0,
            end: 60,
        });
        let report = Report::of(&article);
        let bytes = report.to_bytes().expect("a report has bytes");
        let read = Outline::from_bytes(&bytes).expect("and they are read");
        let opening = Opening::from_bytes(&bytes).expect("the start alone too");
        assert_eq!((opening.article_id, opening.outlet), ("a1", Some("The Ledger")));
        assert_eq!(read.opening.published, report.published.as_deref());
        assert_eq!(read.opening.published_date(), Some("2020-05-03".parse().expect("a date")));
        assert_eq!(read.opening.duplicate_of, None);
        let (told, known) = (&read.incidents[0], &report.incidents[0]);
        assert_eq!((told.incident_id, told.main, told.event_type), ("a1-main", true, EventType::Shelling));
        assert_eq!(told.when, known.when);
        let place = told.place.as_ref().expect("a place");
        assert_eq!(
            (place.name, place.geonames_id, place.adm_1, place.country, place.precision),
            ("Ariha", Some(7), Some("Idlib"), Some("SYR"), Some(1))
        );
        assert_eq!((place.latitude, place.longitude), (Some(35.8), Some(36.6)));
        assert_eq!((told.perpetrators[0].name, told.perpetrators[0].id), ("the army", Some("army")));
        assert_eq!(told.terms().collect::<Vec<_>>(), known.terms.iter().collect::<Vec<_>>());
        assert!(told.terms().any(|(word, named)| word == "ariha" && named));
        let figure = &read.figures[0];
        assert_eq!(
            (figure.incident, figure.outcome, figure.victims, figure.low, figure.high, figure.scope),
            (Some(0), Outcome::Killed, Victims::Civilians, Some(7), Some(9), Scope::Incident)
        );
    }
}
