//! Which incidents of which articles are one event.
//!
//! Candidate pairs come from blocks ([`block`]), each is weighed ([`score`]), and pairs above the threshold are merged
//! best first, as long as the two groups as wholes agree ([`cluster`]).

pub(crate) mod again;
mod block;
mod cluster;
mod period;
mod score;

use std::ops::Range;

use annals_plugin::{Date, EventType, Outcome, Scope, Victims};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::config::Config;
use crate::outline::{ActorOutline, FigureOutline, Outline};
use again::{Before, Known, NOBODY, Paired, Told};
use block::{Blocks, Key, Partner};
use cluster::Merged;
pub(crate) use cluster::{Group, Link};
use period::{Period, Weighed};
use score::Scored;
pub(crate) use score::reasons;

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
    /// Where its terms stand, before they are weighed among those of all incidents, then among those of the period.
    #[serde(skip)]
    terms: (u32, u32),
    /// Where its rarest terms stand.
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
    /// With the terms of their incidents.
    periods: Vec<Period>,
    vocabulary: Vocabulary,
    /// The number in the vocabulary of each term.
    words: Vec<u32>,
    /// The term of each number in the vocabulary.
    numbers: Vec<u32>,
    before: Option<Before>,
}

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
    terms: Vec<Term>,
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
                terms: append(&mut self.terms, terms),
                rarest: (0, 0),
                perpetrators: append(&mut self.perpetrators, perpetrators),
                killed,
                injured,
                victims,
            });
        }
        first..self.count()
    }

    /// How many incidents there are.
    pub(crate) fn count(&self) -> NodeId {
        NodeId::try_from(self.nodes.len()).expect("node ids are 32 bits")
    }

    /// An incident, and the bytes of its terms and its perpetrators.
    pub(crate) fn prepared(&self, id: NodeId) -> (Node, Vec<u8>, Vec<u8>) {
        let node = self.nodes[id as usize];
        let terms = part(&self.terms, node.terms).iter().flat_map(|term| term.0.to_le_bytes());
        let perpetrators = part(&self.perpetrators, node.perpetrators).iter().flat_map(|at| at.to_le_bytes());
        (node, terms.collect(), perpetrators.collect())
    }

    /// Adds incidents of the same names and words, and what the last run found of them. Those that are gone leave their words alone
    /// behind. Nothing if a term is of no word.
    pub(crate) fn bring_back(&mut self, brought: Brought, told: &mut [Told<'_>]) -> Option<()> {
        if brought.terms.iter().any(|term| term.number() >= self.vocabulary.len()) {
            return None;
        }
        let (terms, perpetrators) = (self.terms.len() as u32, self.perpetrators.len() as u32);
        self.nodes.reserve(brought.incidents.len());
        for (mut node, is_gone) in brought.incidents {
            let own = part(&brought.terms, node.terms);
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
                node.terms = (terms + node.terms.0, terms + node.terms.1);
                node.perpetrators = (perpetrators + node.perpetrators.0, perpetrators + node.perpetrators.1);
                self.nodes.push(node);
            }
        }
        self.terms.extend_from_slice(&brought.terms);
        self.perpetrators.extend_from_slice(&brought.perpetrators);
        u32::try_from(self.terms.len()).ok().map(drop)
    }

    /// Puts the incidents into the order of their reports, each of which names its own.
    pub(crate) fn arrange<'r>(&mut self, reports: impl Iterator<Item = &'r mut Range<NodeId>>) {
        let mut arranged = Vec::with_capacity(self.nodes.len());
        for (report, own) in (0..).zip(reports) {
            let first = arranged.len() as NodeId;
            let nodes = &self.nodes[own.start as usize..own.end as usize];
            arranged.extend(nodes.iter().map(|node| Node { report, ..*node }));
            *own = first..arranged.len() as NodeId;
        }
        self.nodes = arranged;
    }

    /// Weighs what the incidents share; `reports` are digests of their reports.
    pub(crate) fn finish(self, reports: &[u64], config: &Config) -> Graph {
        let Self { mut nodes, perpetrators, terms, vocabulary, before, .. } = self;
        let registers = Registers::of(&nodes);
        for node in &mut nodes {
            node.in_register = node.outlet.is_some_and(|outlet| registers.holds(outlet));
        }
        let Weighed { periods, words, numbers } =
            period::weigh(&mut nodes, &terms, reports, vocabulary.len(), config.period_incidents as usize);
        Graph { nodes, perpetrators, periods, vocabulary, words, numbers, before }
    }
}

/// Incidents as [`GraphBuilder::prepared`] gave them, on their way back.
#[derive(Default)]
pub(crate) struct Brought {
    /// Whether each is gone.
    incidents: Vec<(Node, bool)>,
    terms: Vec<Term>,
    perpetrators: Vec<u32>,
}

impl Brought {
    /// Room for so many terms.
    pub(crate) fn with_room(terms: usize) -> Self {
        Self { terms: Vec::with_capacity(terms), ..Self::default() }
    }

    /// Adds the next incident with the bytes of its terms and its perpetrators.
    pub(crate) fn add(&mut self, node: Node, terms: &[u8], perpetrators: &[u8], is_gone: bool) {
        let terms = append(&mut self.terms, numbers(terms).map(Term));
        let perpetrators = append(&mut self.perpetrators, numbers(perpetrators));
        self.incidents.push((Node { terms, perpetrators, ..node }, is_gone));
    }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes))
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
    let start = id.checked_sub(1).map_or(0, |before| ends[before as usize]);
    part(all, (start, ends[id as usize]))
}

impl Graph {
    fn word(&self, term: Term) -> &str {
        self.vocabulary.word(self.words[term.number()])
    }

    /// An incident, and its period.
    fn told(&self, incident: NodeId) -> (&Node, &Period) {
        let node = &self.nodes[incident as usize];
        (node, &self.periods[node.period as usize])
    }

    fn terms_of(&self, incident: NodeId) -> &[Term] {
        let (node, period) = self.told(incident);
        period.terms_of(node)
    }

    fn perpetrators_of(&self, node: &Node) -> &[u32] {
        part(&self.perpetrators, node.perpetrators)
    }

    /// The key of the block of a word, by its number in the vocabulary.
    fn key_of(&self, word: u32) -> Option<Key> {
        let number = self.numbers[word as usize];
        (number != period::NONE).then_some(Key::Term(number))
    }

    /// Digest of the period of an incident.
    pub(crate) fn period_of(&self, incident: NodeId) -> u64 {
        self.told(incident).1.digest
    }

    /// Digests of the periods.
    pub(crate) fn periods(&self) -> Vec<u64> {
        self.periods.iter().map(|period| period.digest).collect()
    }

    /// Joins the incidents to events.
    pub(crate) fn link(&self, config: &Config) -> Linked {
        let blocks = Blocks::of(self, config);
        let Known { found: known, looked_for, gained, mut changed } = match &self.before {
            Some(before) => Known::of(self, &blocks, before),
            None => Known::nothing(self.nodes.len()),
        };
        let mut found = score::all(self, config, &blocks, &looked_for);
        found.scored.extend(score::each(self, config, &gained));
        for Scored { pair, .. } in &found.scored {
            changed[pair.0 as usize] = true;
            changed[pair.1 as usize] = true;
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

/// Words numbered in the order in which they came, each known by its digest. Numbers tell words apart and no more, since the
/// order may be that of several runs.
#[derive(Default)]
pub(crate) struct Vocabulary {
    numbers: FxHashMap<u64, u32>,
    text: String,
    /// Ends of the words in the text.
    ends: Vec<usize>,
}

impl Vocabulary {
    fn intern(&mut self, word: &str) -> u32 {
        let next = u32::try_from(self.ends.len()).expect("fewer than 2^31 words fit in memory");
        let number = *self.numbers.entry(XxHash3_64::oneshot(word.as_bytes())).or_insert(next);
        if number == next {
            self.text.push_str(word);
            self.ends.push(self.text.len());
        }
        number
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Brings back words in the order of their numbers. Only those that [`Vocabulary::look_for`] finds are known afterwards.
    pub(crate) fn bring_back<'w>(&mut self, words: impl Iterator<Item = &'w str>) {
        for word in words {
            self.text.push_str(word);
            self.ends.push(self.text.len());
        }
    }

    /// Finds the numbers of words that are about to come.
    pub(crate) fn look_for<'w>(&mut self, words: impl Iterator<Item = &'w str>) {
        const BITS: u32 = 20;
        // One look into a small table tells most words of no interest.
        let mut table = vec![0_u64; 1 << (BITS - 6)];
        let place = |digest: u64| ((digest >> (64 - BITS + 6)) as usize, 1 << (digest & 63));
        let mut sought = FxHashSet::default();
        for word in words {
            let digest = XxHash3_64::oneshot(word.as_bytes());
            let (at, bit) = place(digest);
            table[at] |= bit;
            sought.insert(digest);
        }
        for number in (0..).take(self.len()) {
            let digest = XxHash3_64::oneshot(self.word(number).as_bytes());
            let (at, bit) = place(digest);
            if table[at] & bit != 0 && sought.contains(&digest) {
                self.numbers.insert(digest, number);
            }
        }
    }

    pub(crate) fn word(&self, number: u32) -> &str {
        let at = number as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[at]]
    }
}

/// Names of places, outlets and parties. Few are new, so what became of each is kept.
#[derive(Default)]
pub(crate) struct Names {
    vocabulary: Vocabulary,
    normal: FxHashMap<String, u32>,
}

impl Names {
    /// Of names in the order of their numbers.
    pub(crate) fn bring_back(names: &[&str]) -> Self {
        let mut brought = Self::default();
        for name in names {
            brought.vocabulary.intern(name);
        }
        brought
    }

    /// All names in the order of their numbers.
    pub(crate) fn all(&self) -> Vec<&str> {
        (0..).take(self.vocabulary.len()).map(|number| self.vocabulary.word(number)).collect()
    }

    /// The number of a name as it stands.
    fn exact(&mut self, name: &str) -> u32 {
        self.vocabulary.intern(name)
    }

    /// The number of a name in its [`normal`] form.
    fn normal(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.normal.get(name) {
            return number;
        }
        let number = self.vocabulary.intern(&normal(name));
        self.normal.insert(name.to_owned(), number);
        number
    }
}

/// A term of an incident: its number, and whether the article writes it as a name, in the order of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Term(u32);

impl Term {
    fn new(number: u32, name: bool) -> Self {
        Self(number << 1 | u32::from(name))
    }

    fn word(self) -> u32 {
        self.0 >> 1
    }

    fn number(self) -> usize {
        self.word() as usize
    }

    fn is_name(self) -> bool {
        self.0 & 1 == 1
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
