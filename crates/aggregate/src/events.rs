//! The events that linking found, before they are rows.

use annals_plugin::{Partials, StageError};
use arrow_array::RecordBatch;
use rayon::prelude::*;

use crate::config::Config;
use crate::corpus::Corpus;
use crate::event::{self, Event};
use crate::link::{self, Graph, Group, Link};
use crate::table::{self, LinkRow};

/// All events with what their rows are made of. An event has the number of its group.
pub(crate) struct Events<'a> {
    corpus: &'a Corpus,
    graph: &'a Graph,
    groups: &'a [Group],
    config: &'a Config,
    ids: Vec<String>,
}

impl<'a> Events<'a> {
    pub(crate) fn new(corpus: &'a Corpus, graph: &'a Graph, groups: &'a [Group], config: &'a Config) -> Self {
        let id_of = |group: &Group| event::event_id(corpus.incident_id(group.members[0]));
        Self { corpus, graph, groups, config, ids: groups.iter().map(id_of).collect() }
    }

    pub(crate) fn ids(&self) -> &[String] {
        &self.ids
    }

    pub(crate) fn id(&self, event: usize) -> &str {
        &self.ids[event]
    }

    /// Puts the rows of some events together.
    pub(crate) fn rows_of(
        &self,
        events: &[usize],
        partials: &dyn Partials,
    ) -> Result<RecordBatch, StageError> {
        let groups: Vec<&Group> = events.iter().map(|&event| &self.groups[event]).collect();
        let nodes = &self.graph.nodes;
        let reports = self.corpus.reports_of(partials, &groups, nodes)?;
        let rows: Vec<Event> = groups
            .par_iter()
            .map(|group| Event::of(group, nodes, &reports, self.corpus, self.config))
            .collect();
        Ok(table::events(&rows))
    }

    /// Why the reports of some events were joined.
    pub(crate) fn links_of(&self, events: &[usize]) -> RecordBatch {
        let rows: Vec<Vec<LinkRow<'_>>> = events.par_iter().map(|&event| self.links(event)).collect();
        table::links(&rows.into_iter().flatten().collect::<Vec<_>>())
    }

    fn links(&self, event: usize) -> Vec<LinkRow<'_>> {
        let told = |id: u32| {
            let report = self.graph.nodes[id as usize].report;
            (self.corpus.heads[report as usize].article_id.as_str(), self.corpus.incident_id(id))
        };
        let row = |link: &Link| {
            let ((article_a, incident_a), (article_b, incident_b)) = (told(link.pair.0), told(link.pair.1));
            LinkRow {
                event_id: &self.ids[event],
                article_a,
                article_b,
                incident_a,
                incident_b,
                points: one_decimal(link.points),
                mean_points: one_decimal(link.mean),
                reasons: link::reasons(self.graph, self.config, link.pair),
            }
        };
        self.groups[event].links.iter().map(row).collect()
    }

    /// Appends all that the links of an event depend on beside its row.
    pub(crate) fn tell_links(&self, event: usize, told: &mut Vec<u64>) {
        let Group { members, links } = &self.groups[event];
        let member = |id: u32| members.partition_point(|&member| member < id) as u64;
        for Link { pair, points, mean } in links {
            told.push(member(pair.0) << 32 | member(pair.1));
            told.push(u64::from(points.to_bits()) << 32 | u64::from(mean.to_bits()));
            // What the two say for one another is told by the period of the earlier one.
            told.push(self.graph.period_of(pair.0));
        }
    }
}

/// Evidence as the table shows it: no finer than it is known, so that not every new report changes every row.
fn one_decimal(points: f32) -> f32 {
    (points * 10.0).round() / 10.0
}
