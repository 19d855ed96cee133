//! What is kept from run to run: the prepared incidents of all reports, the pairs of incidents that speak for one event, and the
//! [rows](crate::rows) of the events.
//!
//! All are kept in parts. Where one of reports or rows ends is told by its last report or row, hence by content alone, and it is
//! known by a digest of what it was made of, so that parts which are as they were are neither made nor written again.

use std::ops::Range;

use annals_plugin::{Findings, Partials, StageError};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::corpus::{Corpus, Head};
use crate::link::again::{self, Before, Told};
use crate::link::{Brought, Graph, GraphBuilder, Linked, Names, Node, NodeId, Vocabulary, are_within};

/// Reports of a part.
const REPORTS_OF_PART: Cut = Cut { least: 1, one_of: 256, most: 1024 };
/// Parts that are read at a time.
const PARTS_AT_A_TIME: usize = 128;
/// First bytes of the names of parts.
const REPORTS: u8 = b'r';
const WORDS_OF: u8 = b'w';
const PAIRS: u8 = b'p';
/// The last ones that incidents were compared with.
const LAST: u8 = b'l';
/// What was counted of periods.
const PERIODS: u8 = b'c';
/// Incidents of a part of the pairs.
const INCIDENTS: usize = 4096;

/// The form of all these. A memory of another form is not used.
const FORM: u64 = 0x616e_6e61_6c73_000a;

/// The list of the parts.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Index<'a> {
    /// [`FORM`], which no length of a list that stood first in an earlier form can be.
    form: u64,
    /// Digests of the parts, in order.
    reports: Vec<u64>,
    events: Vec<u64>,
    /// Words of the vocabulary.
    words: u64,
    #[serde(borrow)]
    names: Vec<&'a str>,
    /// Reports that have gone since the vocabulary was begun: their words are in it still.
    gone: u64,
    incidents: u64,
    /// Digests of the periods of the incidents.
    periods: Vec<u64>,
}

/// Reports.
#[derive(Debug, Serialize, Deserialize)]
struct KeptReports<'a> {
    #[serde(borrow)]
    reports: Vec<KeptReport<'a>>,
    /// Terms and perpetrators of their incidents, end to end.
    terms: &'a [u8],
    perpetrators: &'a [u8],
}

/// A report in a part.
#[derive(Debug, Serialize, Deserialize)]
struct KeptReport<'a> {
    article_id: &'a str,
    outlet: Option<&'a str>,
    published: Option<&'a str>,
    duplicate_of: Option<&'a str>,
    digest: u64,
    main: Option<u32>,
    #[serde(borrow)]
    incidents: Vec<KeptIncident<'a>>,
}

/// An incident: its id, and how many bytes of terms and perpetrators are its own.
#[derive(Debug, Serialize, Deserialize)]
struct KeptIncident<'a> {
    id: &'a str,
    node: Node,
    terms: u32,
    perpetrators: u32,
}

pub(crate) fn name(kind: u8, number: u64) -> Vec<u8> {
    let mut name = vec![kind];
    name.extend(number.to_be_bytes());
    name
}

/// Parts of the memory by their numbers or digests.
pub(crate) fn parts(
    partials: &dyn Partials,
    kind: u8,
    numbers: impl Iterator<Item = u64>,
) -> Result<Vec<Option<Vec<u8>>>, StageError> {
    partials.recall_parts(&numbers.map(|number| name(kind, number)).collect::<Vec<_>>())
}

/// How many items a part has: between the least and the most it ends with an item whose digest is one of so many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) least: usize,
    pub(crate) one_of: u64,
    pub(crate) most: usize,
}

/// Cuts a list into parts. Gives the ends.
pub(crate) fn ends(digests: impl Iterator<Item = u64>, cut: Cut) -> Vec<usize> {
    let (mut ends, mut start, mut at) = (Vec::new(), 0, 0);
    for digest in digests {
        at += 1;
        let told = at - start >= cut.least && digest % cut.one_of == 0;
        if told || at - start == cut.most {
            ends.push(at);
            start = at;
        }
    }
    if start < at {
        ends.push(at);
    }
    ends
}

/// Digest of the digests of what a part is made of.
pub(crate) fn digest_of(digests: impl Iterator<Item = u64>) -> u64 {
    XxHash3_64::oneshot(&digests.flat_map(u64::to_le_bytes).collect::<Vec<u8>>())
}

/// What the last run left.
pub(crate) struct Memory {
    bytes: Vec<u8>,
    reports: FxHashSet<u64>,
    gone: u64,
    words: u64,
    /// The parts of the pairs, each with that of the last ones compared, if all of them are there.
    pairs: Vec<[Vec<u8>; 2]>,
}

impl Memory {
    /// Reads what the last run left; nothing, if that cannot be used.
    pub(crate) fn recall(partials: &dyn Partials) -> Result<Option<Self>, StageError> {
        let Some(bytes) = partials.recall()? else { return Ok(None) };
        let Ok(index) = postcard::from_bytes::<Index<'_>>(&bytes) else { return Ok(None) };
        if index.form != FORM {
            return Ok(None);
        }
        let reports = index.reports.iter().copied().collect();
        let (gone, words) = (index.gone, index.words);
        Ok(Some(Self { bytes, reports, gone, words, pairs: Vec::new() }))
    }

    fn index(&self) -> Index<'_> {
        // It was read once already.
        postcard::from_bytes(&self.bytes).unwrap_or_default()
    }

    /// Digests of the parts of the rows.
    pub(crate) fn events(&self) -> Vec<u64> {
        self.index().events
    }

    /// The reports as they are now, most of them as they were prepared before; nothing, if it is not told which have changed.
    pub(crate) fn corpus(
        &mut self,
        partials: &dyn Partials,
    ) -> Result<Option<(Corpus, GraphBuilder)>, StageError> {
        let Some(mut changed) = partials.changed()? else { return Ok(None) };
        changed.sort_unstable();
        changed.dedup();
        let Some((mut corpus, mut graph)) = self.known(partials, &changed)? else { return Ok(None) };
        if self.gone > corpus.heads.len() as u64 / 2 {
            return Ok(None);
        }
        corpus.update(partials, &changed, &mut graph)?;
        Ok(Some((corpus, graph)))
    }

    /// The reports of the last run but those of some articles.
    fn known(
        &mut self,
        partials: &dyn Partials,
        without: &[String],
    ) -> Result<Option<(Corpus, GraphBuilder)>, StageError> {
        let without: FxHashSet<&str> = without.iter().map(String::as_str).collect();
        let (mut corpus, mut graph) = (Corpus::default(), GraphBuilder::default());
        let index = self.index();
        graph.names = Names::bring_back(&index.names);
        let (words, _) = Vocabulary::parts_of(index.words);
        let words: Option<Vec<Vec<u8>>> = parts(partials, WORDS_OF, 0..words)?.into_iter().collect();
        let words = words.and_then(|words| Vocabulary::bring_back(words, index.words));
        let Some(words) = words else { return Ok(None) };
        graph.vocabulary = words;
        // Periods that cannot be read only have to be counted again.
        let counted = parts(partials, PERIODS, index.periods.iter().copied())?;
        graph.bring_back_periods(&index.periods, &counted);
        let of_all = |kind| parts(partials, kind, 0..index.incidents.div_ceil(INCIDENTS as u64));
        let pairs = of_all(PAIRS)?.into_iter().zip(of_all(LAST)?).map(|(pairs, last)| Some([pairs?, last?]));
        let pairs: Vec<[Vec<u8>; 2]> = pairs.collect::<Option<_>>().unwrap_or_default();
        // Pairs that cannot be read only have to be weighed again.
        let told = pairs.par_iter().map(|[pairs, last]| Told::from_bytes(pairs, last));
        let mut told: Vec<Told<'_>> = told.collect::<Option<_>>().unwrap_or_default();
        graph.before = Some(Before::of(index.periods.iter().copied()));
        graph.reserve(index.incidents);
        let mut gone = 0;
        for digests in index.reports.chunks(PARTS_AT_A_TIME) {
            let parts = parts(partials, REPORTS, digests.iter().copied())?;
            let Some(parts) = parts.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
            let brought =
                parts.par_iter().map(|part| BroughtReports::from_bytes(part, &without, index.words));
            let brought: Option<Vec<BroughtReports>> = brought.collect();
            let Some(brought) = brought else { return Ok(None) };
            for (part, bytes) in brought.into_iter().zip(parts) {
                gone += part.gone;
                corpus.bring_back(part.heads, &part.ids, &part.id_ends);
                graph.bring_back(part.incidents, bytes, &mut told);
            }
        }
        self.gone += gone;
        self.pairs = pairs;
        Ok(Some((corpus, graph)))
    }
}

/// Reports of a part, without those of some articles.
#[derive(Default)]
struct BroughtReports {
    /// Each with its incidents among those of the part that stay.
    heads: Vec<Head>,
    incidents: Brought,
    /// The ids of the incidents that stay, end to end, and where they end.
    ids: String,
    id_ends: Vec<usize>,
    /// How many reports were left out.
    gone: u64,
}

impl BroughtReports {
    /// Nothing if the part is damaged, or has terms that are not of a vocabulary of so many words.
    fn from_bytes(bytes: &[u8], without: &FxHashSet<&str>, words: u64) -> Option<Self> {
        let KeptReports { reports, terms, mut perpetrators } = postcard::from_bytes(bytes).ok()?;
        if !are_within(terms, words) {
            return None;
        }
        // Terms stay where they are.
        let mut next = terms.as_ptr().addr() - bytes.as_ptr().addr();
        let end = next + terms.len();
        let mut brought = Self::default();
        for report in reports {
            let is_gone = without.contains(report.article_id);
            let first = brought.id_ends.len() as NodeId;
            for incident in report.incidents {
                let own_terms = next..next.checked_add(incident.terms as usize).filter(|own| *own <= end)?;
                next = own_terms.end;
                let own_perpetrators;
                (own_perpetrators, perpetrators) =
                    perpetrators.split_at_checked(incident.perpetrators as usize)?;
                brought.incidents.add(incident.node, own_terms, own_perpetrators, is_gone)?;
                if !is_gone {
                    brought.ids.push_str(incident.id);
                    brought.id_ends.push(brought.ids.len());
                }
            }
            if is_gone {
                brought.gone += 1;
                continue;
            }
            let text = |text: Option<&str>| text.map(str::to_owned);
            brought.heads.push(Head {
                article_id: report.article_id.to_owned(),
                outlet: text(report.outlet),
                nodes: first..brought.id_ends.len() as NodeId,
                main: report.main.map(|main| main as usize),
                published: text(report.published),
                duplicate_of: text(report.duplicate_of),
                digest: report.digest,
            });
        }
        Some(brought)
    }
}

/// Takes down what is to be kept.
pub(crate) struct Keeper {
    /// What of the last run can be kept as it is.
    last: Option<Memory>,
    reports: Vec<u64>,
    words: u64,
    names: Vec<String>,
    incidents: u64,
    periods: Vec<u64>,
}

impl Keeper {
    /// Takes down the reports. `last` is what they were read with; nothing, if all of them were read anew.
    pub(crate) fn reports(
        last: Option<Memory>,
        corpus: &Corpus,
        graph: &GraphBuilder,
        out: &mut dyn Findings,
    ) -> Result<Self, StageError> {
        let heads = &corpus.heads;
        let reports = remember_parts(
            REPORTS,
            last.as_ref().map(|last| &last.reports),
            &ends(heads.iter().map(|head| XxHash3_64::oneshot(head.article_id.as_bytes())), REPORTS_OF_PART),
            |part| digest_of(heads[part].iter().map(|head| head.digest)),
            |part| part_of(&heads[part], corpus, graph),
            out,
        )?;
        let (_, known) = Vocabulary::parts_of(last.as_ref().map_or(0, |last| last.words));
        let words = graph.vocabulary.len();
        for (number, part) in (0..).zip(graph.vocabulary.parts()) {
            let part = (number >= known).then(|| part.as_bytes().to_vec());
            out.remember_part(&name(WORDS_OF, number), part);
        }
        let names = graph.names.all().into_iter().map(str::to_owned).collect();
        let incidents = u64::from(graph.count());
        Ok(Self { last, reports, words: words as u64, names, incidents, periods: Vec::new() })
    }

    /// Takes down the pairs, and what was counted of the periods.
    pub(crate) fn pairs(
        &mut self,
        graph: &Graph,
        linked: &Linked,
        out: &mut dyn Findings,
    ) -> Result<(), StageError> {
        let pairs = linked.pairs();
        let starts: Vec<usize> = (0..graph.nodes.len()).step_by(INCIDENTS).collect();
        let part = |&start: &usize| {
            let end = (start + INCIDENTS).min(graph.nodes.len());
            again::told(graph, start as NodeId..end as NodeId, linked, &pairs)
        };
        let parts: Vec<[Vec<u8>; 2]> =
            starts.par_iter().map(part).collect::<Result<_, _>>().map_err(not_encoded)?;
        let last = self.last.as_ref().map_or(&[][..], |last| &last.pairs);
        for (number, parts) in parts.into_iter().enumerate() {
            for (at, (kind, part)) in [PAIRS, LAST].into_iter().zip(parts).enumerate() {
                let is_held = last.get(number).is_some_and(|last| last[at] == part);
                out.remember_part(&name(kind, number as u64), (!is_held).then_some(part));
            }
        }
        for (digest, part) in graph.counted().map_err(not_encoded)? {
            out.remember_part(&name(PERIODS, digest), part);
            self.periods.push(digest);
        }
        Ok(())
    }

    /// Closes the list of the parts; `events` are those of the rows.
    pub(crate) fn close(self, events: Vec<u64>, out: &mut dyn Findings) -> Result<(), StageError> {
        let index = Index {
            form: FORM,
            reports: self.reports,
            events,
            words: self.words,
            names: self.names.iter().map(String::as_str).collect(),
            gone: self.last.map_or(0, |last| last.gone),
            incidents: self.incidents,
            periods: self.periods,
        };
        out.remember(write(&index)?);
        Ok(())
    }
}

/// Takes down the parts of a list that end at `ends`, and makes only those that are not held already. Gives their digests.
fn remember_parts(
    kind: u8,
    held: Option<&FxHashSet<u64>>,
    ends: &[usize],
    digest_of: impl Fn(Range<usize>) -> u64,
    make: impl Fn(Range<usize>) -> Result<Vec<u8>, StageError>,
    out: &mut dyn Findings,
) -> Result<Vec<u64>, StageError> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts
        .zip(ends)
        .map(|(start, &end)| {
            let digest = digest_of(start..end);
            let is_held = held.is_some_and(|held| held.contains(&digest));
            let part = if is_held { None } else { Some(make(start..end)?) };
            out.remember_part(&name(kind, digest), part);
            Ok(digest)
        })
        .collect()
}

fn part_of(heads: &[Head], corpus: &Corpus, graph: &GraphBuilder) -> Result<Vec<u8>, StageError> {
    let (mut terms, mut perpetrators) = (Vec::new(), Vec::new());
    let mut incident = |id: NodeId| {
        let (node, own_terms, own_perpetrators) = graph.prepared(id);
        terms.extend_from_slice(own_terms);
        perpetrators.extend_from_slice(&own_perpetrators);
        let length =
            |bytes: &[u8]| u32::try_from(bytes.len()).expect("an article has less than 4 GiB of words");
        let (terms, perpetrators) = (length(own_terms), length(&own_perpetrators));
        KeptIncident { id: corpus.incident_id(id), node, terms, perpetrators }
    };
    let reports: Vec<KeptReport<'_>> = heads
        .iter()
        .map(|head| KeptReport {
            article_id: &head.article_id,
            outlet: head.outlet.as_deref(),
            published: head.published.as_deref(),
            duplicate_of: head.duplicate_of.as_deref(),
            digest: head.digest,
            main: head.main.map(|main| main as u32),
            incidents: head.nodes.clone().map(&mut incident).collect(),
        })
        .collect();
    write(&KeptReports { reports, terms: &terms, perpetrators: &perpetrators })
}

fn write(value: &impl Serialize) -> Result<Vec<u8>, StageError> {
    postcard::to_allocvec(value).map_err(not_encoded)
}

pub(crate) fn not_encoded(error: impl std::fmt::Display) -> StageError {
    StageError::new("memory_not_encoded", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_part_ends_does_not_depend_on_what_stands_before() {
        let digests = |from: u64| (from..5000).map(|n| XxHash3_64::oneshot(&n.to_le_bytes()));
        let ends = |from| ends(digests(from), REPORTS_OF_PART);
        let (all, fewer) = (ends(0), ends(70));
        assert_eq!(all.last(), Some(&5000));
        let same = fewer.iter().filter(|end| all.contains(&(*end + 70))).count();
        assert!(same + 2 >= fewer.len() && all.len() > 8, "{all:?} {fewer:?}");
    }
}
