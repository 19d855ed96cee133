//! The reports of the whole corpus, of which memory holds a few bytes each.
//!
//! Linking needs all incidents at once, but as small [nodes](crate::link::Node); an event needs the reports of its own
//! group alone. So reports stay among the partial results, and are read from there a chunk at a time.

use std::collections::BTreeMap;
use std::ops::Range;

use annals_plugin::{Partials, StageError};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::link::{Graph, GraphBuilder, Group, Node, NodeId};
use crate::report::Report;

/// Reports that are decoded at a time.
const CHUNK: usize = 2048;

/// What stays in memory of a report.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) article_id: String,
    /// Name of the publisher, of copies alone: originals tell it when their event is put together.
    pub(crate) outlet: Option<String>,
    /// Its incidents among the nodes of the graph.
    pub(crate) nodes: Range<NodeId>,
    /// Index of the main one among these.
    pub(crate) main: Option<usize>,
    published: Option<String>,
    duplicate_of: Option<String>,
}

/// All reports, in canonical order: by publication, undated ones last, then by id.
pub(crate) struct Corpus {
    pub(crate) heads: Vec<Head>,
    /// Copies of each article, by the article that they repeat in the end.
    copies: BTreeMap<String, Vec<usize>>,
}

impl Corpus {
    /// Reads all reports once, and gives the graph of their incidents.
    pub(crate) fn read(partials: &dyn Partials) -> Result<(Self, Graph), StageError> {
        let mut corpus = Self { heads: heads(partials)?, copies: BTreeMap::new() };
        let mut graph = GraphBuilder::default();
        let all: Vec<u32> = (0..).take(corpus.heads.len()).collect();
        for chunk in all.chunks(CHUNK) {
            for (&id, report) in chunk.iter().zip(corpus.reports(partials, chunk)?) {
                let head = &mut corpus.heads[id as usize];
                head.main = report.incidents.iter().position(|told| told.main);
                head.outlet = report.outlet.clone().filter(|_| report.duplicate_of.is_some());
                head.nodes = graph.add(id, report);
            }
        }
        corpus.copies = copies(&corpus.heads);
        Ok((corpus, graph.finish()))
    }

    /// Copies of an article, in canonical order.
    pub(crate) fn copies_of(&self, article_id: &str) -> impl Iterator<Item = &Head> {
        self.copies.get(article_id).into_iter().flatten().map(|&id| &self.heads[id])
    }

    /// The reports that tell of `groups`, by number.
    pub(crate) fn reports_of(
        &self,
        partials: &dyn Partials,
        groups: &[Group],
        nodes: &[Node],
    ) -> Result<FxHashMap<u32, Report>, StageError> {
        let members = groups.iter().flat_map(|group| &group.members);
        let mut ids: Vec<u32> = members.map(|&id| nodes[id as usize].report).collect();
        ids.sort_unstable();
        ids.dedup();
        let reports = self.reports(partials, &ids)?;
        Ok(ids.into_iter().zip(reports).collect())
    }

    fn reports(&self, partials: &dyn Partials, ids: &[u32]) -> Result<Vec<Report>, StageError> {
        let bytes = ids
            .iter()
            .map(|&id| {
                let key = self.heads[id as usize].article_id.as_bytes();
                partials.get(key)?.ok_or_else(|| {
                    let id = String::from_utf8_lossy(key);
                    StageError::new("report_gone", format!("the report of article {id} is gone"))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        bytes.par_iter().map(|bytes| Report::from_bytes(bytes)).collect()
    }
}

/// One head for each report, in canonical order.
fn heads(partials: &dyn Partials) -> Result<Vec<Head>, StageError> {
    let mut heads = Vec::new();
    partials.scan(&[], &mut |key, value| {
        let report = Report::from_bytes(value)?;
        if report.article_id.as_bytes() != key {
            let detail = format!("the report of article {} stands under another id", report.article_id);
            return Err(StageError::new("report_misplaced", detail));
        }
        heads.push(Head {
            article_id: report.article_id,
            outlet: None,
            nodes: 0..0,
            main: None,
            published: report.published,
            duplicate_of: report.duplicate_of,
        });
        Ok(())
    })?;
    // Undated reports last: the anchor of an event shall be a dated one.
    heads.par_sort_unstable_by(|a, b| {
        let rank = |head: &Head| (head.published.is_none(), head.published.clone(), head.article_id.clone());
        rank(a).cmp(&rank(b))
    });
    Ok(heads)
}

fn copies(heads: &[Head]) -> BTreeMap<String, Vec<usize>> {
    let parent: FxHashMap<&str, &str> = heads
        .iter()
        .filter_map(|head| Some((head.article_id.as_str(), head.duplicate_of.as_deref()?)))
        .collect();
    let mut copies: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, head) in heads.iter().enumerate().filter(|(_, head)| head.duplicate_of.is_some()) {
        let mut original = head.article_id.as_str();
        // A ring of duplicates has no original; the bound ends the walk.
        for _ in 0..64 {
            match parent.get(original) {
                Some(next) => original = next,
                None => break,
            }
        }
        copies.entry(original.to_owned()).or_default().push(index);
    }
    copies
}
