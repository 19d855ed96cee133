//! Which incidents of which articles are one event.
//!
//! Candidate pairs come from blocks ([`block`]), each is weighed ([`score`]), and pairs above the threshold are merged
//! best first, as long as the two groups as wholes agree ([`cluster`]).

pub(crate) mod again;
mod block;
mod cluster;
mod counts;
mod period;
mod score;
mod words;

use std::ops::Range;

use annals_plugin::{Date, EventType, Outcome, Scope, Victims};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::outline::{ActorOutline, FigureOutline, Outline};
use again::{Before, Known, NOBODY, Paired, Told};
use block::{Blocks, Partner};
use cluster::Merged;
pub(crate) use cluster::{Group, Link};
use period::{Period, Rare};
use score::Scored;
pub(crate) use score::reasons;
pub(crate) use words::{Names, Vocabulary};
use words::{Term, Terms, TermsAt};

/// Index of an incident among all incidents of the corpus, earliest published first.
pub(crate) type NodeId = u32;

/// One incident of one article, prepared for comparing.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Node {
    /// Index of the report.
    #[serde(skip)]
    pub(crate) report: u32,
    /// Index of the incident in it.
    pub(crate) incident: u32,
    /// First and last day on which it may have happened, in days since 1970, and the GED precision.
    when: Option<(i32, i32, u8)>,
    /// Day of publication.
    published: Option<i32>,
    /// Interned name of the publisher.
    outlet: Option<u32>,
    /// Whether the publisher keeps a register rather than publishing news.
    #[serde(skip)]
    in_register: bool,
    event_type: EventType,
    geonames: Option<u32>,
    place: Option<u32>,
    adm_1: Option<u32>,
    country: Option<u32>,
    point: Option<Point>,
    /// GED precision of the place.
    where_prec: u8,
    /// Its number in the last run.
    #[serde(skip)]
    before: NodeId,
    /// The period in which its report was published.
    #[serde(skip)]
    period: u32,
    /// Where its terms stand.
    #[serde(skip)]
    terms: TermsAt,
    /// Where its rarest terms stand among those of the graph.
    #[serde(skip)]
    rarest: (u32, u32),
    /// Where its perpetrators stand among those of the graph.
    #[serde(skip)]
    perpetrators: (u32, u32),
    killed: Option<u64>,
    injured: Option<u64>,
    victims: Groups,
}

/// All incidents of the corpus with the words that they share.
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    /// Perpetrators of the incidents: interned ids or names, sorted.
    perpetrators: Vec<u32>,
    /// Terms of the incidents as their articles have them.
    terms: Terms,
    periods: Vec<Period>,
    vocabulary: Vocabulary,
    /// The terms by which incidents are looked up.
    rarest: Vec<Rare>,
    before: Option<Before>,
}

/// Digest of a period, and what is to be kept of it; nothing if it is kept already.
pub(crate) type CountedPeriod = (u64, Option<Vec<u8>>);

/// What linking found.
pub(crate) struct Linked {
    /// Groups of incidents, each in canonical order; groups by their first member.
    pub(crate) groups: Vec<Group>,
    /// Pairs that speak for one event, those of an incident with later ones best first.
    scored: Vec<Scored>,
    /// See [`score::Found`].
    least: Vec<Partner>,
    /// Pairs of incidents that blocks brought together, and that were weighed.
    pub(crate) pairs: u64,
    /// Further comparisons between members of groups about to merge.
    pub(crate) member_pairs: u64,
}

/// Takes reports and prepares their incidents.
#[derive(Default)]
pub(crate) struct GraphBuilder {
    nodes: Vec<Node>,
    perpetrators: Vec<u32>,
    /// Names of places, outlets and parties.
    pub(crate) names: Names,
    /// The words of the incidents.
    pub(crate) vocabulary: Vocabulary,
    /// Terms of the incidents as their articles have them.
    terms: Terms,
    /// What was counted of the periods of the last run, as far as that is known.
    periods: Vec<Period>,
    /// What the last run found, if that is known of all its incidents.
    pub(crate) before: Option<Before>,
}

impl GraphBuilder {
    /// Adds the incidents of a report, and tells their numbers.
    pub(crate) fn add(&mut self, report: &Outline<'_>) -> Range<NodeId> {
        let first = self.count();
        let tolls = tolls(report);
        let victims = victims(report);
        let published = report.opening.published_date().map(days);
        let names = &mut self.names;
        let outlet = report.opening.outlet.map(|name| names.normal(name));
        let incidents = (0u32..).zip(&report.incidents).zip(tolls).zip(victims);
        for (((incident_id, told), (killed, injured)), victims) in incidents {
            let place = told.place.as_ref();
            let party = |actor: &ActorOutline<'_>| match actor.id {
                Some(id) => names.exact(id),
                None => names.normal(actor.name),
            };
            let mut perpetrators: Vec<u32> = told.perpetrators.iter().map(party).collect();
            perpetrators.sort_unstable();
            perpetrators.dedup();
            let vocabulary = &mut self.vocabulary;
            let terms = told.terms().map(|(word, name)| Term::new(vocabulary.intern(word), name));
            self.nodes.push(Node {
                report: 0,
                incident: incident_id,
                when: told.when.map(|when| (days(when.start), days(when.end), when.precision)),
                published,
                outlet,
                in_register: false,
                event_type: told.event_type,
                geonames: place.and_then(|p| p.geonames_id),
                place: place.map(|p| names.normal(p.name)),
                adm_1: place.and_then(|p| p.adm_1).map(|name| names.normal(name)),
                country: place.and_then(|p| p.country).map(|name| names.exact(name)),
                point: place.and_then(|p| p.latitude.zip(p.longitude)).map(Point::of),
                where_prec: place.and_then(|p| p.precision).unwrap_or(7),
                before: NOBODY,
                period: 0,
                terms: self.terms.add(terms),
                rarest: (0, 0),
                perpetrators: append(&mut self.perpetrators, perpetrators),
                killed,
                injured,
                victims,
            });
        }
        first..self.count()
    }

    /// Makes room for so many incidents.
    pub(crate) fn reserve(&mut self, incidents: u64) {
        // The number was read, and may be damaged.
        self.nodes.reserve(usize::try_from(incidents).unwrap_or(0).min(1 << 24));
    }

    /// How many incidents there are.
    pub(crate) fn count(&self) -> NodeId {
        NodeId::try_from(self.nodes.len()).expect("node ids are 32 bits")
    }

    /// An incident, and the bytes of its terms and its perpetrators.
    pub(crate) fn prepared(&self, id: NodeId) -> (Node, &[u8], Vec<u8>) {
        let node = self.nodes[id as usize];
        let perpetrators = part(&self.perpetrators, node.perpetrators).iter().flat_map(|at| at.to_le_bytes());
        (node, self.terms.bytes(node.terms), perpetrators.collect())
    }

    /// Adds incidents of the same names and words, whose terms stand in `bytes`, and what the last run found of them. Those that are
    /// gone leave their words alone behind.
    pub(crate) fn bring_back(&mut self, brought: Brought, bytes: Vec<u8>, told: &mut [Told<'_>]) {
        let perpetrators = self.perpetrators.len() as u32;
        let in_part = self.terms.add_part(bytes);
        self.nodes.reserve(brought.incidents.len());
        for (mut node, is_gone) in brought.incidents {
            node.terms = in_part(node.terms);
            let own = self.terms.bytes(node.terms);
            let found = again::next(told).zip(self.before.as_mut()).and_then(|(told, before)| {
                let number = before.count();
                before.add(told, node, own, is_gone)?;
                Some(number)
            });
            if found.is_none() {
                self.before = None;
            }
            if !is_gone {
                node.before = found.unwrap_or(NOBODY);
                node.perpetrators = (perpetrators + node.perpetrators.0, perpetrators + node.perpetrators.1);
                self.nodes.push(node);
            }
        }
        self.perpetrators.extend_from_slice(&brought.perpetrators);
    }

    /// Takes what was counted of the periods of the last run with these digests, but for what is damaged or missing.
    pub(crate) fn bring_back_periods(&mut self, digests: &[u64], counted: &[Option<Vec<u8>>]) {
        let words = self.vocabulary.len();
        let period =
            |(&digest, bytes): (&u64, &Option<Vec<u8>>)| Period::from_bytes(digest, bytes.as_deref()?, words);
        self.periods = digests.par_iter().zip(counted).filter_map(period).collect();
    }

    /// Puts the incidents into the order of their reports, each of which names its own.
    pub(crate) fn arrange<'r>(&mut self, reports: impl Iterator<Item = &'r mut Range<NodeId>>) {
        // Most stand where they are to be, from the first one on.
        let (mut in_place, mut moved) = (0, Vec::new());
        for (report, own) in (0..).zip(reports) {
            let nodes = own.start as usize..own.end as usize;
            if moved.is_empty() && nodes.start == in_place {
                self.nodes[nodes].iter_mut().for_each(|node| node.report = report);
                in_place = own.end as usize;
            } else {
                let first = (in_place + moved.len()) as NodeId;
                moved.extend(self.nodes[nodes].iter().map(|node| Node { report, ..*node }));
                *own = first..(in_place + moved.len()) as NodeId;
            }
        }
        self.nodes.truncate(in_place);
        self.nodes.append(&mut moved);
    }

    /// Weighs what the incidents share; `reports` are digests of their reports.
    pub(crate) fn finish(self, reports: &[u64], config: &Config) -> Graph {
        let Self { mut nodes, perpetrators, terms, vocabulary, mut before, periods: mut kept, .. } = self;
        let registers = Registers::of(&nodes);
        for node in &mut nodes {
            node.in_register = node.outlet.is_some_and(|outlet| registers.holds(outlet));
        }
        let (words, least) = (vocabulary.len(), config.period_incidents as usize);
        let are_all_known = before.as_ref().is_some_and(|before| kept.len() == before.periods());
        let periods = period::count(&mut nodes, &terms, reports, words, least, &mut kept);
        let mut rarest = before.as_mut().map(Before::take_rarest).unwrap_or_default();
        let last = before.as_ref().map(|before| period::Told {
            ends: before.rarest_ends(),
            gone: are_all_known.then_some(kept.as_slice()),
        });
        period::tell(&mut nodes, &terms, &periods, words, last, &mut rarest);
        Graph { nodes, perpetrators, terms, periods, vocabulary, rarest, before }
    }
}

/// Incidents as [`GraphBuilder::prepared`] gave them, on their way back.
#[derive(Default)]
pub(crate) struct Brought {
    /// Whether each is gone.
    incidents: Vec<(Node, bool)>,
    perpetrators: Vec<u32>,
}

impl Brought {
    /// Adds the next incident, with the place of its terms in the bytes of the part and with the bytes of its perpetrators. Nothing
    /// if the part is too large.
    pub(crate) fn add(
        &mut self,
        node: Node,
        terms: Range<usize>,
        perpetrators: &[u8],
        is_gone: bool,
    ) -> Option<()> {
        let terms = TermsAt::of(terms.start, terms.end)?;
        let numbers = perpetrators.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        let perpetrators = append(&mut self.perpetrators, numbers);
        self.incidents.push((Node { terms, perpetrators, ..node }, is_gone));
        Some(())
    }
}

/// Whether the terms that such bytes hold are of a vocabulary of so many words.
pub(crate) fn are_within(terms: &[u8], words: u64) -> bool {
    words::terms(terms).map(words::Term::word).max().is_none_or(|most| u64::from(most) < words)
}

/// Appends to a list that many share, and tells where.
fn append<T>(all: &mut Vec<T>, own: impl IntoIterator<Item = T>) -> (u32, u32) {
    let number = |count: usize| u32::try_from(count).expect("fewer than 2^32 words fit in memory");
    let start = number(all.len());
    all.extend(own);
    (start, number(all.len()))
}

/// What [`append`] appended.
fn part<T>(all: &[T], (start, end): (u32, u32)) -> &[T] {
    &all[start as usize..end as usize]
}

/// The part of an incident in a list of the parts of all in turn, of which it is known where they end.
fn own<'a, T>(all: &'a [T], ends: &[u32], id: NodeId) -> &'a [T] {
    part(all, range(ends, id))
}

/// Where that part stands.
fn range(ends: &[u32], id: NodeId) -> (u32, u32) {
    (id.checked_sub(1).map_or(0, |before| ends[before as usize]), ends[id as usize])
}

impl Graph {
    fn word(&self, term: Term) -> &str {
        self.vocabulary.word(term.word())
    }

    /// An incident, and its period.
    fn told(&self, incident: NodeId) -> (&Node, &Period) {
        let node = &self.nodes[incident as usize];
        (node, &self.periods[node.period as usize])
    }

    /// The terms of an incident in the order in which its article has them.
    fn terms_of(&self, incident: NodeId) -> impl ExactSizeIterator<Item = Term> + use<'_> {
        self.terms.of(self.nodes[incident as usize].terms)
    }

    /// The terms by which an incident is looked up.
    fn rarest_of(&self, node: &Node) -> &[Rare] {
        part(&self.rarest, node.rarest)
    }

    fn perpetrators_of(&self, node: &Node) -> &[u32] {
        part(&self.perpetrators, node.perpetrators)
    }

    /// Digest of the period of an incident.
    pub(crate) fn period_of(&self, incident: NodeId) -> u64 {
        self.told(incident).1.digest
    }

    /// What is to be kept of each period.
    pub(crate) fn counted(&self) -> Result<Vec<CountedPeriod>, postcard::Error> {
        let mut incidents = vec![0; self.periods.len()];
        self.nodes.iter().for_each(|node| incidents[node.period as usize] += 1);
        let counted = |(period, incidents): (&Period, usize)| {
            let bytes = (!period.is_kept).then(|| period.to_bytes(incidents)).transpose()?;
            Ok((period.digest, bytes))
        };
        self.periods.par_iter().zip(incidents).map(counted).collect()
    }

    /// Joins the incidents to events.
    pub(crate) fn link(&self, config: &Config) -> Linked {
        let blocks = Blocks::of(self, config);
        let mut known = match &self.before {
            Some(before) => Known::of(self, &blocks, before),
            None => Known::nothing(self.nodes.len()),
        };
        let points = |id, partner: &Partner| known.points(self, self.before.as_ref()?, id, partner);
        let mut found = score::all(self, config, &blocks, &known.looked_for, points);
        if let Some(before) = &self.before {
            known.compare(self, before, &mut found.scored);
        }
        let Known { found: known, mut gained, mut changed, .. } = known;
        for scored in score::each(self, config, &mut gained) {
            changed[scored.pair.0 as usize] = true;
            changed[scored.pair.1 as usize] = true;
            found.scored.push(scored);
        }
        let mut least = vec![Partner::default(); self.nodes.len()];
        found.least.into_iter().chain(known.least).for_each(|(id, last)| least[id as usize] = last);
        found.scored.extend(known.scored);
        let pairs = found.count + gained.len() as u64;
        let Merged { groups, scored, compared } = cluster::merge(self, config, found.scored, &changed);
        Linked { groups, scored, least, pairs, member_pairs: compared }
    }
}

impl Linked {
    /// The pairs of each incident with later ones.
    pub(crate) fn pairs(&self) -> Pairs {
        let mut ends = vec![0_u32; self.least.len()];
        self.scored.iter().for_each(|scored| ends[scored.pair.0 as usize] += 1);
        let mut sum = 0;
        for end in &mut ends {
            // The start of each for now, which moves on as its pairs come.
            sum += std::mem::replace(end, sum);
        }
        let mut pairs = vec![(0, 0.0, None); self.scored.len()];
        for Scored { pair, points, mean } in &self.scored {
            let end = &mut ends[pair.0 as usize];
            pairs[*end as usize] = (pair.1, *points, *mean);
            *end += 1;
        }
        Pairs { pairs, ends }
    }
}

/// Pairs by their earlier incidents.
pub(crate) struct Pairs {
    pairs: Vec<Paired>,
    ends: Vec<u32>,
}

impl Pairs {
    /// Those of an incident with later ones.
    fn of(&self, id: NodeId) -> &[Paired] {
        own(&self.pairs, &self.ends, id)
    }
}

/// Publishers whose entries, nearly all of them, bear no date of publication: whoever documents incidents for good
/// writes one entry an incident and brings it up to date, while news is dated and comes back to an event.
#[derive(Default)]
struct Registers {
    /// Entries of each publisher, and how many of them bear no date.
    counts: FxHashMap<u32, (usize, usize)>,
}

impl Registers {
    /// Of incidents in the order of their reports.
    fn of(nodes: &[Node]) -> Self {
        let mut registers = Self::default();
        for report in nodes.chunk_by(|a, b| a.report == b.report) {
            let Some(outlet) = report[0].outlet else { continue };
            let (entries, undated) = registers.counts.entry(outlet).or_default();
            *entries += 1;
            *undated += usize::from(report[0].published.is_none());
        }
        registers
    }

    fn holds(&self, outlet: u32) -> bool {
        self.counts.get(&outlet).is_some_and(|(entries, undated)| *undated * 4 >= *entries * 3)
    }
}

/// A place on the sphere of radius 1, so that distances take no trigonometry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Point([f64; 3]);

impl Point {
    /// From degrees of latitude and longitude.
    fn of((latitude, longitude): (f64, f64)) -> Self {
        let (latitude, longitude) = (latitude.to_radians(), longitude.to_radians());
        Self([latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()])
    }

    /// Great-circle distance in kilometres.
    fn kilometres(self, other: Self) -> f32 {
        let squares = |(a, b): (f64, f64)| (a - b) * (a - b);
        let chord = self.0.into_iter().zip(other.0).map(squares).sum::<f64>().sqrt();
        (2.0 * 6371.0 * (chord / 2.0).min(1.0).asin()) as f32
    }
}

/// Largest number killed and injured that a report gives for each of its incidents.
fn tolls(report: &Outline<'_>) -> Vec<(Option<u64>, Option<u64>)> {
    let mut tolls = vec![(None, None); report.incidents.len()];
    let counted = |figure: &&FigureOutline<'_>| figure.scope == Scope::Incident;
    for figure in report.figures.iter().filter(counted) {
        let Some(toll) = figure.incident.and_then(|index| tolls.get_mut(index as usize)) else { continue };
        let slot = match figure.outcome {
            Outcome::Killed => &mut toll.0,
            Outcome::Injured => &mut toll.1,
            _ => continue,
        };
        *slot = (*slot).max(figure.low.or(figure.high));
    }
    tolls
}

/// Which groups of people an incident killed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Groups {
    civilians: bool,
    combatants: bool,
    /// People of whom nothing more is said.
    others: bool,
}

impl Groups {
    /// Whether the one tells of civilians alone, and the other of combatants alone.
    fn differ(self, other: Self) -> bool {
        let only = |groups: Self| match groups {
            Self { civilians, combatants, others: false } if civilians != combatants => Some(civilians),
            _ => None,
        };
        only(self).zip(only(other)).is_some_and(|(a, b)| a != b)
    }
}

/// The groups of people killed that a report names for each of its incidents.
fn victims(report: &Outline<'_>) -> Vec<Groups> {
    let mut all = vec![Groups::default(); report.incidents.len()];
    let killed = |figure: &&FigureOutline<'_>| {
        figure.scope == Scope::Incident && figure.outcome == Outcome::Killed && figure.low != Some(0)
    };
    for figure in report.figures.iter().filter(killed) {
        let Some(groups) = figure.incident.and_then(|index| all.get_mut(index as usize)) else { continue };
        match figure.victims {
            Victims::Combatants => groups.combatants = true,
            Victims::People | Victims::None | Victims::Men => groups.others = true,
            _ => groups.civilians = true,
        }
    }
    all
}

/// Days since 1970-01-01.
pub(crate) fn days(date: Date) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    i32::try_from(date.duration_since(epoch).as_hours() / 24)
        .expect("dates of the calendar span few million days")
}

/// Lower case, letters and digits only, single spaces.
pub(crate) fn normal(name: &str) -> String {
    let lower = name.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}
