//! Joins claims of many articles to events, and reconciles their figures.
//!
//! The stage reads the incidents and claims that extraction found, and gives
//!
//! * the `events` table, one row for one thing that happened;
//! * the `links` table, which tells for each event which pairs of reports brought it together and why;
//! * `event_id` of incidents and claims, and `main_event_id` of articles.
//!
//! `map` reduces each article to a `Report`; a report belongs to its article alone, so nothing is left to
//! merge. `finish` sees all reports in the order of publication, which makes every result a function of the set of
//! articles, whatever the order or the runs in which they came:
//!
//! 1. `link` joins incidents of different articles to events;
//! 2. `source` tells who independently vouches for a figure;
//! 3. `statement` reads what each source of an article says, `toll` reconciles the figures of all;
//! 4. `event` puts the rest of the row together, `table` writes it.
//!
//! An event is known by its anchor, the incident of its earliest published report (the smallest id among equals). When
//! later reports join, the id stays; when an earlier one turns up, or two events prove to be one, `previous_ids`
//! lists every id under which a part of the event may have been known.

mod config;
mod event;
mod link;
mod report;
mod source;
mod statement;
mod table;
mod tables;
mod terms;
mod toll;

use annals_plugin::{
    Article, ConfigError, Context, CorpusStage, Definition, Emit, Findings, Partials, Scope, Stage,
    StageError,
};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

pub use config::{Best, Config};
pub use table::events_schema;

use event::{Copies, Event};
use link::{Graph, Group};
use report::{Figure, Report};
use table::LinkRow;

/// Rows of a table handed over at once.
const TABLE_ROWS: usize = 8192;

/// The stage, for the registry of the runner.
pub fn definition() -> Definition {
    Definition::corpus::<Aggregate>()
}

/// The aggregate stage.
#[derive(Debug)]
pub struct Aggregate {
    config: Config,
}

impl Stage for Aggregate {
    const NAME: &'static str = "aggregate";
    const VERSION: u32 = 3;
    const READS: &'static [&'static str] = &[
        "article_id",
        "url",
        "publisher",
        "title",
        "published",
        "wires",
        "text",
        "status",
        "duplicate_of",
        "incidents",
        "claims",
    ];
    const WRITES: &'static [&'static str] = &["incidents", "claims", "main_event_id"];

    type Config = Config;

    fn open(config: Config, _context: &Context) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self { config })
    }
}

/// What `finish` tells an article: the event of each of its incidents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Verdict {
    events: Vec<String>,
    main: Option<String>,
}

impl CorpusStage for Aggregate {
    fn map(&self, articles: &[Article], out: &mut dyn Emit) -> Result<(), StageError> {
        for (index, article) in articles.iter().enumerate() {
            let report = Report::of(article);
            if report.duplicate_of.is_some() || !report.incidents.is_empty() {
                out.emit(index, article.article_id.as_bytes(), &report.to_bytes()?);
            }
        }
        Ok(())
    }

    fn merge(&self, _key: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError> {
        // A key is an article's own; should the same article come twice, either order gives the same one.
        Ok(left.min(right).to_vec())
    }

    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError> {
        let mut reports = Vec::new();
        partials.scan(&[], &mut |_, value| {
            reports.push(Report::from_bytes(value)?);
            Ok(())
        })?;
        // Undated reports last: the anchor of an event shall be a dated one.
        reports.par_sort_unstable_by(|a, b| {
            let rank = |r: &'_ Report| (r.published.is_none(), r.published.clone(), r.article_id.clone());
            rank(a).cmp(&rank(b))
        });
        let graph = Graph::of(&mut reports);
        let linked = graph.link(&self.config);
        let copies = Copies::among(&reports);

        let mut rows: Vec<(Event, &Group)> = linked
            .groups
            .par_iter()
            .map(|group| (Event::of(group, &graph, &reports, &copies, &self.config), group))
            .collect();
        rows.par_sort_unstable_by(|(a, _), (b, _)| a.order().cmp(&b.order()));

        let mut links = Vec::new();
        for (event, group) in &rows {
            links.extend(group.links.iter().map(|link| {
                let told = |id: u32| {
                    let node = &graph.nodes[id as usize];
                    let report = &reports[node.report as usize];
                    (report.article_id.clone(), report.incidents[node.incident as usize].incident_id.clone())
                };
                let ((article_a, incident_a), (article_b, incident_b)) =
                    (told(link.pair.0), told(link.pair.1));
                LinkRow {
                    event_id: event.event_id.clone(),
                    article_a,
                    article_b,
                    incident_a,
                    incident_b,
                    points: link.points,
                    mean_points: link.mean,
                    reasons: link::reasons(&graph, &self.config, link.pair),
                }
            }));
        }

        for (article_id, verdict) in verdicts(&reports, &graph, &linked.groups, &copies) {
            let bytes = postcard::to_allocvec(&verdict)
                .map_err(|error| StageError::new("verdict_not_encoded", error.to_string()))?;
            out.verdict(article_id, &bytes);
        }
        let events: Vec<Event> = rows.into_iter().map(|(event, _)| event).collect();
        for part in events.chunks(TABLE_ROWS) {
            out.table("events", table::events(part));
        }
        if events.is_empty() {
            out.table("events", table::events(&[]));
        }
        for part in links.chunks(TABLE_ROWS) {
            out.table("links", table::links(part));
        }
        if links.is_empty() {
            out.table("links", table::links(&[]));
        }
        out.count("incidents", graph.nodes.len() as u64);
        out.count("pairs_compared", linked.pairs);
        out.count("member_pairs_compared", linked.member_pairs);
        out.count("events", events.len() as u64);
        Ok(())
    }

    fn apply(&self, verdict: &[u8], article: &mut Article) -> Result<(), StageError> {
        let verdict: Verdict = postcard::from_bytes(verdict).map_err(|error| {
            StageError::new("verdict_not_decoded", format!("failed to read a verdict: {error}"))
        })?;
        for (index, incident) in article.incidents.iter_mut().enumerate() {
            incident.event_id = verdict.events.get(index).cloned();
        }
        for claim in &mut article.claims {
            let index = claim.incident.filter(|_| claim.scope == Scope::Incident);
            claim.event_id = index.and_then(|index| verdict.events.get(index as usize).cloned());
        }
        article.main_event_id = verdict.main;
        Ok(())
    }
}

/// Whether a figure is one of an incident, and not a total.
fn of_incident(figure: &Figure, incident: u32) -> bool {
    figure.incident == Some(incident) && figure.scope == Scope::Incident
}

/// What each article is told, copies included.
fn verdicts<'a>(
    reports: &'a [Report],
    graph: &Graph,
    groups: &[Group],
    copies: &Copies<'a>,
) -> Vec<(&'a str, Verdict)> {
    let mut event_of: FxHashMap<u32, u32> = FxHashMap::default();
    for group in groups {
        event_of.extend(group.members.iter().map(|&member| (member, group.members[0])));
    }
    let mut verdicts: Vec<(&str, Verdict)> = Vec::new();
    let mut node_id = 0;
    for report in reports {
        if report.incidents.is_empty() {
            continue;
        }
        let events: Vec<String> = (node_id..)
            .take(report.incidents.len())
            .map(|id| {
                let anchor = &graph.nodes[event_of[&id] as usize];
                event::event_id(&reports[anchor.report as usize].incidents[anchor.incident as usize])
            })
            .collect();
        node_id += u32::try_from(report.incidents.len()).expect("node ids are 32 bits");
        let main = report.incidents.iter().position(|told| told.main).map(|at| events[at].clone());
        for copy in copies.of(&report.article_id) {
            verdicts.push((&copy.article_id, Verdict { events: Vec::new(), main: main.clone() }));
        }
        verdicts.push((&report.article_id, Verdict { events, main }));
    }
    verdicts
}
