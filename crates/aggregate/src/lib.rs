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
mod corpus;
mod event;
mod events;
mod kept;
mod link;
mod outline;
mod report;
mod rows;
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
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

pub use config::{Best, Config};
pub use table::events_schema;

use corpus::Corpus;
use events::Events;
use kept::{Keeper, Memory};
use link::Group;
use report::{Figure, Report};
use rows::Rows;

/// Events that are put together at a time.
const GROUPS_AT_A_TIME: usize = 2048;

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
    const VERSION: u32 = 8;
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
        let mut memory = Memory::recall(partials)?;
        let mut rows = Rows::recall(memory.as_ref(), partials)?;
        let known = memory.as_mut().map_or(Ok(None), |memory| memory.corpus(partials))?;
        let (corpus, graph) = match known {
            Some(known) => known,
            None => {
                memory = None;
                Corpus::read(partials)?
            }
        };
        // Verdicts stand where no event is another than before.
        let changed = if memory.is_some() { partials.changed()? } else { None };
        let changed = changed.filter(|_| out.verdicts_stand());
        let mut keeper = Keeper::reports(memory, &corpus, &graph, out)?;
        let digests: Vec<u64> = corpus.heads.iter().map(|head| head.digest).collect();
        let graph = graph.finish(&digests, &self.config);
        let linked = graph.link(&self.config);
        keeper.pairs(&graph, &linked, out)?;
        let events = Events::new(&corpus, &graph, &linked.groups, &self.config);
        let mut is_new = Vec::with_capacity(linked.groups.len());
        for (first, chunk) in (0..).step_by(GROUPS_AT_A_TIME).zip(linked.groups.chunks(GROUPS_AT_A_TIME)) {
            let digests: Vec<u64> =
                chunk.par_iter().map(|group| corpus.digest(group, &graph.nodes)).collect();
            is_new.extend(digests.iter().map(|&digest| !rows.knows(digest)));
            let new: Vec<usize> = (first..first + chunk.len()).filter(|&event| is_new[event]).collect();
            rows.add(&digests, events.rows_of(&new, partials)?);
        }
        let told = changed.as_deref().map(|changed| OnlyNew { is_new: &is_new, changed });
        tell(&corpus, &linked.groups, events.ids(), told, out)?;
        out.count("incidents", graph.nodes.len() as u64);
        out.count("pairs_compared", linked.pairs);
        out.count("member_pairs_compared", linked.member_pairs);
        out.count("events", linked.groups.len() as u64);
        let parts = rows.hand_over(&events, partials, out)?;
        keeper.close(parts, out)
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

/// What need be told where the verdicts of the last time stand.
#[derive(Clone, Copy)]
struct OnlyNew<'a> {
    /// Which events are others than before.
    is_new: &'a [bool],
    /// Ids of the articles that may have changed.
    changed: &'a [String],
}

/// Tells each article the events of its incidents, and its copies the main one; only what may be new, if that is known.
fn tell(
    corpus: &Corpus,
    groups: &[Group],
    event_ids: &[String],
    only: Option<OnlyNew<'_>>,
    out: &mut dyn Findings,
) -> Result<(), StageError> {
    let mut asked: FxHashSet<&str> = FxHashSet::default();
    if let Some(OnlyNew { changed, .. }) = only {
        asked.extend(changed.iter().map(String::as_str));
        // A copy goes with its original.
        let mut originals = Vec::new();
        for head in &corpus.heads {
            let Some(original) = head.duplicate_of.as_deref() else { continue };
            if asked.contains(original) {
                out.no_verdict(&head.article_id);
            }
            if asked.contains(head.article_id.as_str()) {
                originals.push(original);
            }
        }
        changed.iter().for_each(|id| out.no_verdict(id));
        asked.extend(originals);
    }
    let nodes = corpus.heads.last().map_or(0, |head| head.nodes.end as usize);
    let mut event_of = vec![0usize; nodes];
    for (event, group) in groups.iter().enumerate() {
        for &member in &group.members {
            event_of[member as usize] = event;
        }
    }
    let mut told = |article_id: &str, verdict: &Verdict| {
        let bytes = postcard::to_allocvec(verdict)
            .map_err(|error| StageError::new("verdict_not_encoded", error.to_string()))?;
        out.verdict(article_id, &bytes);
        Ok::<(), StageError>(())
    };
    for (report, head) in (0..).zip(&corpus.heads).filter(|(_, head)| !head.nodes.is_empty()) {
        if let Some(OnlyNew { is_new, .. }) = only
            && !head.nodes.clone().any(|node| is_new[event_of[node as usize]])
            && !asked.contains(head.article_id.as_str())
        {
            continue;
        }
        let id = |node: u32| event_ids[event_of[node as usize]].clone();
        let events: Vec<String> = head.nodes.clone().map(id).collect();
        let main = head.main.map(|at| events[at].clone());
        for copy in corpus.copies_of(report) {
            told(&copy.article_id, &Verdict { events: Vec::new(), main: main.clone() })?;
        }
        told(&head.article_id, &Verdict { events, main })?;
    }
    Ok(())
}
