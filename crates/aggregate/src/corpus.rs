//! The reports of the whole corpus, of which memory holds a few bytes each.
//!
//! Linking needs all incidents at once, but as small [nodes](crate::link::Node); an event needs the reports of its own
//! group alone. So reports stay among the partial results, and are read from there a chunk at a time. What was prepared of them
//! in an earlier run comes back from the [memory](crate::kept), but for those that have changed.

use std::cmp::Ordering;
use std::ops::Range;

use annals_plugin::{Partials, StageError};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use twox_hash::XxHash3_64;

use crate::link::{GraphBuilder, Group, Node, NodeId};
use crate::outline::{Opening, Outline, ToldOutline};
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
    pub(crate) published: Option<String>,
    pub(crate) duplicate_of: Option<String>,
    /// Digest of the report.
    pub(crate) digest: u64,
}

impl Head {
    fn new(report: &Opening<'_>, bytes: &[u8]) -> Self {
        Self {
            article_id: report.article_id.to_owned(),
            outlet: report.outlet.filter(|_| report.duplicate_of.is_some()).map(str::to_owned),
            nodes: 0..0,
            main: None,
            published: report.published.map(str::to_owned),
            duplicate_of: report.duplicate_of.map(str::to_owned),
            digest: XxHash3_64::oneshot(bytes),
        }
    }
}

/// All reports, in canonical order: by publication, undated ones last, then by id.
#[derive(Default)]
pub(crate) struct Corpus {
    pub(crate) heads: Vec<Head>,
    /// Copies of each report, by the report that they repeat in the end, and in canonical order.
    copies: Vec<(u32, u32)>,
    /// Ids of the incidents, end to end.
    incident_ids: String,
    /// Where that of each node of the graph stands.
    incidents: Vec<Range<usize>>,
}

impl Corpus {
    /// Reads all reports once, and prepares their incidents.
    pub(crate) fn read(partials: &dyn Partials) -> Result<(Self, GraphBuilder), StageError> {
        let mut corpus = Self { heads: heads(partials)?, ..Self::default() };
        let mut graph = GraphBuilder::default();
        for from in (0..corpus.heads.len()).step_by(CHUNK) {
            let chunk = from..(from + CHUNK).min(corpus.heads.len());
            let bytes: Vec<Vec<u8>> = corpus.heads[chunk.clone()]
                .iter()
                .map(|head| {
                    let id = &head.article_id;
                    partials.get(id.as_bytes())?.ok_or_else(|| gone(id))
                })
                .collect::<Result<_, _>>()?;
            let reports: Vec<Outline<'_>> =
                bytes.par_iter().map(|bytes| Outline::from_bytes(bytes)).collect::<Result<_, _>>()?;
            for (at, report) in chunk.zip(&reports) {
                corpus.take(at, report, &mut graph);
            }
        }
        corpus.arrange(&mut graph);
        Ok((corpus, graph))
    }

    /// Adds the reports of articles that are new or no longer what they were. Those that were known before are to be left out
    /// by then.
    pub(crate) fn update(
        &mut self,
        partials: &dyn Partials,
        changed: &[String],
        graph: &mut GraphBuilder,
    ) -> Result<(), StageError> {
        let bytes = changed.iter().map(|id| partials.get_of(id, id.as_bytes()));
        let bytes: Vec<Vec<u8>> = bytes.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        let reports: Vec<Outline<'_>> =
            bytes.par_iter().map(|bytes| Outline::from_bytes(bytes)).collect::<Result<_, _>>()?;
        let words = reports.iter().flat_map(|report| &report.incidents).flat_map(ToldOutline::terms);
        graph.vocabulary.look_for(words.map(|(word, _)| word));
        for (report, bytes) in reports.iter().zip(&bytes) {
            self.heads.push(Head::new(&report.opening, bytes));
            self.take(self.heads.len() - 1, report, graph);
        }
        // Nearly all are in order already, which a stable sort makes use of.
        self.heads.sort_by(canonical);
        self.arrange(graph);
        Ok(())
    }

    /// Adds what is remembered of reports, with the ids of their incidents, end to end.
    pub(crate) fn bring_back(&mut self, heads: Vec<Head>, ids: &str, ends: &[usize]) {
        let (first, from) = (self.incidents.len() as NodeId, self.incident_ids.len());
        self.incident_ids.push_str(ids);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        self.incidents.extend(starts.zip(ends).map(|(start, end)| from + start..from + end));
        let moved = |Range { start, end }: Range<NodeId>| first + start..first + end;
        self.heads.extend(heads.into_iter().map(|head| Head { nodes: moved(head.nodes.clone()), ..head }));
    }

    /// Takes the incidents of the report whose head stands at `at`.
    fn take(&mut self, at: usize, report: &Outline<'_>, graph: &mut GraphBuilder) {
        let head = &mut self.heads[at];
        head.main = report.incidents.iter().position(|told| told.main);
        head.nodes = graph.add(report);
        for told in &report.incidents {
            let start = self.incident_ids.len();
            self.incident_ids.push_str(told.incident_id);
            self.incidents.push(start..self.incident_ids.len());
        }
    }

    /// Puts the incidents into the order of the heads.
    fn arrange(&mut self, graph: &mut GraphBuilder) {
        let mut arranged = Vec::with_capacity(self.incidents.len());
        for Range { start, end } in self.heads.iter().map(|head| head.nodes.clone()) {
            arranged.extend_from_slice(&self.incidents[start as usize..end as usize]);
        }
        self.incidents = arranged;
        graph.arrange(self.heads.iter_mut().map(|head| &mut head.nodes));
        self.copies = copies(&self.heads);
    }

    /// Copies of a report, in canonical order.
    pub(crate) fn copies_of(&self, report: u32) -> impl ExactSizeIterator<Item = &Head> {
        let start = self.copies.partition_point(|&(original, _)| original < report);
        let count = self.copies[start..].iter().take_while(|&&(original, _)| original == report).count();
        self.copies[start..start + count].iter().map(|&(_, copy)| &self.heads[copy as usize])
    }

    /// The id of an incident.
    pub(crate) fn incident_id(&self, node: NodeId) -> &str {
        &self.incident_ids[self.incidents[node as usize].clone()]
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
            let copies = self.copies_of(node.report);
            told.extend((copies.len() as u64).to_le_bytes());
            for copy in copies {
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
        let bytes: Vec<Vec<u8>> = ids
            .iter()
            .map(|&report| {
                let id = &self.heads[report as usize].article_id;
                partials.get_of(id, id.as_bytes())?.ok_or_else(|| gone(id))
            })
            .collect::<Result<_, _>>()?;
        let reports = bytes.par_iter().map(|bytes| Report::from_bytes(bytes));
        Ok(ids.into_iter().zip(reports.collect::<Result<Vec<_>, _>>()?).collect())
    }
}

fn gone(article_id: &str) -> StageError {
    StageError::new("report_gone", format!("the report of article {article_id} is gone"))
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
        heads.push(Head::new(&report, value));
        Ok(())
    })?;
    heads.par_sort_unstable_by(canonical);
    Ok(heads)
}

/// Undated reports last: the anchor of an event shall be a dated one.
fn canonical(a: &Head, b: &Head) -> Ordering {
    let undated = |head: &Head| head.published.is_none();
    undated(a)
        .cmp(&undated(b))
        .then_with(|| a.published.cmp(&b.published).then_with(|| a.article_id.cmp(&b.article_id)))
}

fn copies(heads: &[Head]) -> Vec<(u32, u32)> {
    let asked: FxHashSet<&str> = heads.iter().filter_map(|head| head.duplicate_of.as_deref()).collect();
    let numbered = heads.iter().zip(0..).map(|(head, report)| (head.article_id.as_str(), report));
    let report_of: FxHashMap<&str, u32> = numbered.filter(|(id, _)| asked.contains(id)).collect();
    let repeated = |head: &Head| head.duplicate_of.as_deref().and_then(|id| report_of.get(id)).copied();
    let parent: Vec<Option<u32>> = heads.iter().map(repeated).collect();
    let mut copies = Vec::new();
    for (report, _) in (0..).zip(heads).filter(|(_, head)| head.duplicate_of.is_some()) {
        let mut original: u32 = report;
        // A ring of duplicates has no original; the bound ends the walk.
        for _ in 0..64 {
            match parent[original as usize] {
                Some(next) => original = next,
                None => break,
            }
        }
        // An original without incidents has no report.
        if parent[original as usize].is_some() || heads[original as usize].duplicate_of.is_none() {
            copies.push((original, report));
        }
    }
    copies.sort_unstable();
    copies
}
