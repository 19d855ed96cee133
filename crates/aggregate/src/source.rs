//! Who independently vouches for a figure.
//!
//! Outlets that cite the same body ("the Observatory said") are one source, and so are outlets that carry the same
//! wire story. A figure that an article states in its own name is its outlet's, unless the same article gives the same
//! figure with a source: headlines repeat what the text attributes.

use annals_plugin::{Source, SourceKind};

use crate::link::normal;
use crate::report::{Figure, Report};
use crate::tables;

/// Prefix of the key of an article that is nobody's but its own.
const ARTICLE: &str = "article";

/// An independent source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Voice {
    /// Equal for the same body, whoever cites it.
    pub(crate) key: String,
    /// Name to show.
    pub(crate) name: String,
    pub(crate) kind: SourceKind,
    /// Identifier in the source list.
    pub(crate) id: Option<String>,
}

impl Voice {
    /// Whoever stands behind a figure.
    pub(crate) fn of(figure: &Figure, report: &Report) -> Self {
        match figure.source.as_ref().or_else(|| echoed(figure, report)) {
            Some(source) => Self::cited(source, report),
            None => Self::publisher(report),
        }
    }

    /// Whoever stands behind what a report says in its own name: the wire service, else the outlet, else the article.
    pub(crate) fn publisher(report: &Report) -> Self {
        let (prefix, name) = match (report.wires.first(), &report.outlet) {
            (Some(wire), _) => ("wire", wire),
            (None, Some(outlet)) => ("outlet", outlet),
            (None, None) => (ARTICLE, &report.article_id),
        };
        Self {
            key: format!("{prefix}:{}", normal(name)),
            name: name.clone(),
            kind: SourceKind::Media,
            id: None,
        }
    }

    /// Whether it is an article whose publisher is not known: a source, but one that has no name to show.
    pub(crate) fn is_nameless(&self) -> bool {
        self.key.starts_with(ARTICLE)
    }

    /// Whether it is known or speaks as a body, which counts; others tell of what they saw and whom they knew.
    pub(crate) fn is_body(&self) -> bool {
        self.id.is_some() || tables::is_shared(self.kind)
    }

    fn cited(source: &Source, report: &Report) -> Self {
        let key = match &source.id {
            Some(id) => format!("body:{id}"),
            None if tables::is_shared(source.kind) => format!("body:{}", normal(&source.name)),
            // "Residents" of two outlets are not the same residents.
            None => format!("{}:{}", Self::publisher(report).key, normal(&source.name)),
        };
        Self { key, name: source.name.clone(), kind: source.kind, id: source.id.clone() }
    }
}

/// The source that the same article gives for the same figure of the same incident elsewhere.
fn echoed<'a>(figure: &Figure, report: &'a Report) -> Option<&'a Source> {
    report
        .figures
        .iter()
        .filter(|other| {
            other.incident == figure.incident
                && other.outcome == figure.outcome
                && other.victims == figure.victims
                && other.low == figure.low
                && other.high == figure.high
        })
        .find_map(|other| other.source.as_ref())
}
