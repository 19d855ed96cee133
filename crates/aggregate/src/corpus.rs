//! The reports of the whole corpus, of which memory holds a few bytes each.
//!
//! Linking needs all incidents at once, but as small [nodes](crate::link::Node); an event needs the reports of its own
//! group alone. So reports stay among the partial results, and are read from there a chunk at a time.

use std::collections::BTreeMap;
use std::ops::Range;

use annals_plugin::{Partials, StageError};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use twox_hash::XxHash3_64;

use crate::link::{Graph, GraphBuilder, Group, Node, NodeId};
use crate::outline::{Opening, Outline};
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
    /// Digest of the report.
    digest: u64,
}

/// All reports, in canonical order: by publication, undated ones last, then by id.
pub(crate) struct Corpus {
    pub(crate) heads: Vec<Head>,
    /// Copies of each article, by the article that they repeat in the end.
    copies: BTreeMap<String, Vec<usize>>,
    /// Ids of the incidents, end to end, in the order of the nodes of the graph.
    incident_ids: String,
    incident_ends: Vec<usize>,
}

impl Corpus {
    /// Reads all reports once, and gives the graph of their incidents.
    pub(crate) fn read(partials: &dyn Partials) -> Result<(Self, Graph), StageError> {
        let mut corpus = Self {
            heads: heads(partials)?,
            copies: BTreeMap::new(),
            incident_ids: String::new(),
            incident_ends: Vec::new(),
        };
        let mut graph = GraphBuilder::default();
        let all: Vec<u32> = (0..).take(corpus.heads.len()).collect();
        for chunk in all.chunks(CHUNK) {
            let bytes = corpus.bytes(partials, chunk)?;
            let reports: Vec<Outline<'_>> =
                bytes.par_iter().map(|bytes| Outline::from_bytes(bytes)).collect::<Result<_, _>>()?;
            for (&id, report) in chunk.iter().zip(&reports) {
                let head = &mut corpus.heads[id as usize];
                head.main = report.incidents.iter().position(|told| told.main);
                head.nodes = graph.add(id, report);
                for told in &report.incidents {
                    corpus.incident_ids.push_str(told.incident_id);
                    corpus.incident_ends.push(corpus.incident_ids.len());
                }
            }
        }
        corpus.copies = copies(&corpus.heads);
        Ok((corpus, graph.finish()))
    }

    /// Copies of an article, in canonical order.
    pub(crate) fn copies_of(&self, article_id: &str) -> impl Iterator<Item = &Head> {
        self.copies.get(article_id).into_iter().flatten().map(|&id| &self.heads[id])
    }

    /// The id of an incident.
    pub(crate) fn incident_id(&self, node: NodeId) -> &str {
        let at = node as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.incident_ends[before]);
        &self.incident_ids[start..self.incident_ends[at]]
    }

    /// Digest of all that the row of an event depends on: its incidents, their reports, and the copies of these.
    pub(crate) fn digest(&self, group: &Group, nodes: &[Node]) -> u64 {
        let mut told = Vec::new();
        let text = |told: &mut Vec<u8>, text: &str| {
            told.extend((text.len() as u64).to_le_bytes());
            told.extend(text.as_bytes());
        };
        for &member in &group.members {
            let node = &nodes[member as usize];
            let head = &self.heads[node.report as usize];
            told.extend(head.digest.to_le_bytes());
            told.extend(node.incident.to_le_bytes());
            let copies = self.copies.get(&head.article_id).map_or(&[][..], Vec::as_slice);
            told.extend((copies.len() as u64).to_le_bytes());
            for copy in self.copies_of(&head.article_id) {
                text(&mut told, &copy.article_id);
                told.push(u8::from(copy.outlet.is_some()));
                text(&mut told, copy.outlet.as_deref().unwrap_or_default());
            }
        }
        XxHash3_64::oneshot(&told)
    }

    /// The reports that tell of `groups`, by number.
    pub(crate) fn reports_of(
        &self,
        partials: &dyn Partials,
        groups: &[&Group],
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
        self.bytes(partials, ids)?.par_iter().map(|bytes| Report::from_bytes(bytes)).collect()
    }

    fn bytes(&self, partials: &dyn Partials, ids: &[u32]) -> Result<Vec<Vec<u8>>, StageError> {
        ids.iter()
            .map(|&id| {
                let key = self.heads[id as usize].article_id.as_bytes();
                partials.get(key)?.ok_or_else(|| {
                    let id = String::from_utf8_lossy(key);
                    StageError::new("report_gone", format!("the report of article {id} is gone"))
                })
            })
            .collect()
    }
}

/// One head for each report, in canonical order.
fn heads(partials: &dyn Partials) -> Result<Vec<Head>, StageError> {
    let mut heads = Vec::new();
    partials.scan(&[], &mut |key, value| {
        let report = Opening::from_bytes(value)?;
        if report.article_id.as_bytes() != key {
            let detail = format!("the report of article {} stands under another id", report.article_id);
            return Err(StageError::new("report_misplaced", detail));
        }
        heads.push(Head {
            article_id: report.article_id.to_owned(),
            outlet: report.outlet.filter(|_| report.duplicate_of.is_some()).map(str::to_owned),
            nodes: 0..0,
            main: None,
            published: report.published.map(str::to_owned),
            duplicate_of: report.duplicate_of.map(str::to_owned),
            digest: XxHash3_64::oneshot(value),
        });
        Ok(())
    })?;
    // Undated reports last: the anchor of an event shall be a dated one.
    heads.par_sort_unstable_by(|a, b| {
        let undated = |head: &Head| head.published.is_none();
        undated(a)
            .cmp(&undated(b))
            .then_with(|| a.published.cmp(&b.published).then_with(|| a.article_id.cmp(&b.article_id)))
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
