//! Which incidents of which articles are one event.
//!
//! Candidate pairs come from blocks ([`block`]), each is weighed ([`score`]), and pairs above the threshold are merged
//! best first, as long as the two groups as wholes agree ([`cluster`]).

mod block;
mod cluster;
mod score;

use std::ops::Range;

use annals_plugin::{Date, EventType, Outcome, Scope, Victims};
use rustc_hash::FxHashMap;
use twox_hash::XxHash3_64;

use crate::config::Config;
use crate::outline::{ActorOutline, FigureOutline, Outline, ToldOutline};
pub(crate) use cluster::{Group, Link};
pub(crate) use score::reasons;

/// Reports of one event that are taken for one occasion on which a word is in the news.
const REPORTS_OF_ONE: u32 = 3;

/// Rarity below which a term is left out: common words are most of what reports share, and tell next to nothing.
const LEAST_WEIGHT: f32 = 0.01;

/// Index of an incident among all incidents of the corpus, earliest published first.
pub(crate) type NodeId = u32;

/// One incident of one article, prepared for comparing.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Index of the report.
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
    in_register: bool,
    event_type: EventType,
    geonames: Option<u32>,
    place: Option<u32>,
    adm_1: Option<u32>,
    country: Option<u32>,
    point: Option<Point>,
    /// GED precision of the place.
    where_prec: u8,
    /// Where its terms stand among those of the graph.
    terms: (u32, u32),
    /// Interned ids or names, sorted.
    perpetrators: Vec<u32>,
    killed: Option<u64>,
    injured: Option<u64>,
    victims: Groups,
}

/// All incidents of the corpus with the words that they share.
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    /// Terms of each incident in turn, sorted by number; only those that more than one incident holds.
    terms: Vec<Term>,
    vocabulary: Vocabulary,
    /// The number in the vocabulary of each term.
    words: Vec<u32>,
    /// How telling each term is.
    weights: Vec<Weight>,
    /// Separate occasions on which each term is in the news.
    occasions: Vec<u32>,
    /// How seldom each place (by GeoNames id) is in the news, from 0 (nearly every day) to 1.
    calm: FxHashMap<u32, f32>,
}

/// What linking found.
pub(crate) struct Linked {
    /// Groups of incidents, each in canonical order; groups by their first member.
    pub(crate) groups: Vec<Group>,
    /// Pairs of incidents that blocks brought together.
    pub(crate) pairs: u64,
    /// Further comparisons between members of groups about to merge.
    pub(crate) member_pairs: u64,
}

/// Takes reports in canonical order and prepares their incidents.
#[derive(Default)]
pub(crate) struct GraphBuilder {
    nodes: Vec<Node>,
    names: Names,
    vocabulary: Vocabulary,
    terms: Vec<Term>,
    registers: Registers,
}

impl GraphBuilder {
    /// Adds the incidents of report number `report_id`, and tells their numbers.
    pub(crate) fn add(&mut self, report_id: u32, report: &Outline<'_>) -> Range<NodeId> {
        let number = |count: usize| NodeId::try_from(count).expect("node ids are 32 bits");
        let first = number(self.nodes.len());
        let tolls = tolls(report);
        let victims = victims(report);
        let published = report.opening.published_date().map(days);
        let names = &mut self.names;
        let outlet = report.opening.outlet.map(|name| names.normal(name));
        if let Some(outlet) = outlet.filter(|_| !report.incidents.is_empty()) {
            self.registers.count(outlet, published.is_some());
        }
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
            self.nodes.push(Node {
                report: report_id,
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
                terms: own_terms(told, &mut self.vocabulary, &mut self.terms),
                perpetrators,
                killed,
                injured,
                victims,
            });
        }
        first..number(self.nodes.len())
    }

    /// Weighs what the incidents share.
    pub(crate) fn finish(self) -> Graph {
        let Self { mut nodes, terms, vocabulary, registers, .. } = self;
        for node in &mut nodes {
            node.in_register = node.outlet.is_some_and(|outlet| registers.holds(outlet));
        }
        let (counts, mut occasions, mut weights) = weigh_terms(&nodes, &terms, vocabulary.len());
        let mut terms = telling_terms(&mut nodes, &terms, &counts, &weights);
        let words = number_anew(&mut terms, vocabulary.len());
        weights = words.iter().map(|&word| weights[word as usize]).collect();
        occasions = words.iter().map(|&word| occasions[word as usize]).collect();
        let calm = calm(&nodes);
        Graph { nodes, terms, vocabulary, words, weights, occasions, calm }
    }
}

impl Graph {
    fn word(&self, term: Term) -> &str {
        self.vocabulary.word(self.words[term.number()])
    }

    fn terms_of(&self, incident: NodeId) -> &[Term] {
        let (start, end) = self.nodes[incident as usize].terms;
        &self.terms[start as usize..end as usize]
    }

    /// Joins the incidents to events.
    pub(crate) fn link(&self, config: &Config) -> Linked {
        let (scored, pairs) = score::all(self, config);
        let (groups, member_pairs) = cluster::merge(self, config, scored);
        Linked { groups, pairs, member_pairs }
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
    fn count(&mut self, outlet: u32, dated: bool) {
        let (entries, undated) = self.counts.entry(outlet).or_default();
        *entries += 1;
        *undated += usize::from(!dated);
    }

    fn holds(&self, outlet: u32) -> bool {
        self.counts.get(&outlet).is_some_and(|(entries, undated)| *undated * 4 >= *entries * 3)
    }
}

/// Words numbered in the order in which they came, each known by its digest.
#[derive(Default)]
struct Vocabulary {
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

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn word(&self, number: u32) -> &str {
        let at = number as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[at]]
    }
}

/// Names of places, outlets and parties. Few are new, so what became of each is kept.
#[derive(Default)]
struct Names {
    vocabulary: Vocabulary,
    normal: FxHashMap<String, u32>,
}

impl Names {
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

/// Adds the terms of an incident to those of all, and tells where they stand.
fn own_terms(told: &ToldOutline<'_>, vocabulary: &mut Vocabulary, all: &mut Vec<Term>) -> (u32, u32) {
    let start = all.len();
    all.extend(told.terms().map(|(word, name)| Term::new(vocabulary.intern(word), name)));
    all[start..].sort_unstable();
    let end = |all: &Vec<Term>| u32::try_from(all.len()).expect("fewer than 2^32 words fit in memory");
    (start as u32, end(all))
}

/// All terms but those that no other incident shares, or that tell next to nothing: they would only cost time.
fn telling_terms(nodes: &mut [Node], terms: &[Term], counts: &[u32], weights: &[Weight]) -> Vec<Term> {
    let mut kept = Vec::new();
    for node in nodes {
        let start = kept.len() as u32;
        let own = &terms[node.terms.0 as usize..node.terms.1 as usize];
        kept.extend(own.iter().copied().filter(|term| {
            let weight = weights[term.number()];
            counts[term.number()] > 1 && weight.name.max(weight.word) >= LEAST_WEIGHT
        }));
        node.terms = (start, kept.len() as u32);
    }
    kept
}

/// Numbers the terms anew, without gaps and in the same order, so that what is known of each stands close together. Tells
/// the earlier number of each.
fn number_anew(terms: &mut [Term], words: usize) -> Vec<u32> {
    let mut numbers = vec![u32::MAX; words];
    for term in &*terms {
        numbers[term.number()] = 0;
    }
    let mut earlier = Vec::new();
    for (word, number) in (0..).zip(&mut numbers).filter(|(_, number)| **number == 0) {
        *number = u32::try_from(earlier.len()).expect("no more words than before");
        earlier.push(word);
    }
    for term in terms {
        *term = Term::new(numbers[term.number()], term.is_name());
    }
    earlier
}

/// A place on the sphere of radius 1, so that distances take no trigonometry.
#[derive(Debug, Clone, Copy, PartialEq)]
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

/// How much a shared term tells, from 0 to 1, where both articles write it as a name, and where not.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Weight {
    name: f32,
    word: f32,
}

impl Weight {
    fn add(&mut self, of_term: Weight, as_name: bool) {
        if as_name {
            self.name += of_term.name;
        } else {
            self.word += of_term.word;
        }
    }
}

/// Of each term: the number of incidents that hold it, of occasions on which they came, and its weight.
///
/// A word is the rarer the fewer separate occasions it occurs on, not the fewer articles: the name of a victim is
/// in every report of one event and in no other, while a site's own boilerplate comes back week after week. An
/// occasion is a run of reports of the same week and division among the reports that hold the word.
fn weigh_terms(nodes: &[Node], terms: &[Term], words: usize) -> (Vec<u32>, Vec<u32>, Vec<Weight>) {
    let mut counts = vec![0u32; words];
    let mut occasions = vec![0u32; words];
    let mut last: Vec<(Option<i32>, Option<u32>)> = vec![(None, None); words];
    for node in nodes {
        let week = node.published.or(node.when.map(|(start, _, _)| start)).map(|day| day.div_euclid(7));
        for term in &terms[node.terms.0 as usize..node.terms.1 as usize] {
            let at = term.number();
            let (last_week, last_division) = last[at];
            let same_division = match (last_division, node.adm_1) {
                (Some(before), Some(now)) => before == now,
                _ => true,
            };
            if week.is_none() || last_week != week || !same_division {
                occasions[at] += 1;
            }
            counts[at] += 1;
            last[at] = (week, node.adm_1.or(last_division.filter(|_| last_week == week)));
        }
    }
    // Where news is dense, one week and division hold many events: few words are in more than a few reports of one.
    for (occasions, &count) in occasions.iter_mut().zip(&counts) {
        *occasions = (*occasions).max(count / REPORTS_OF_ONE);
    }
    // In a small corpus few occasions do not make a word rare; of names fewer are enough to tell.
    let scale = |enough: f32| (enough / nodes.len().max(1) as f32).max(1.0);
    let rarity = |occasions: u32, enough: f32| (occasions.max(1) as f32 * scale(enough)).powf(-0.75);
    // What a good part of all reports hold is furniture, or the theme of the corpus.
    let novelty = |count: u32| (1.0 - 3.0 * count as f32 / nodes.len().max(1) as f32).max(0.0);
    let weights = occasions
        .iter()
        .zip(&counts)
        .map(|(&seen, &count)| Weight {
            name: rarity(seen, 30.0) * novelty(count),
            word: rarity(seen, 300.0) * novelty(count),
        })
        .collect();
    (counts, occasions, weights)
}

/// Of each place, the log of how few of the days that the corpus spans have news of it: two reports of one day mean
/// more of a village than of a besieged city.
fn calm(nodes: &[Node]) -> FxHashMap<u32, f32> {
    let day = |node: &Node| node.when.map(|(start, _, _)| start).or(node.published);
    let first = nodes.iter().filter_map(day).min().unwrap_or(0);
    let last = nodes.iter().filter_map(day).max().unwrap_or(0);
    let span = (last - first + 1).max(14) as f32;
    let mut days: Vec<(u32, i32)> = nodes.iter().filter_map(|node| node.geonames.zip(day(node))).collect();
    days.sort_unstable();
    days.dedup();
    days.chunk_by(|a, b| a.0 == b.0)
        .map(|place| (place[0].0, ((span / place.len() as f32).ln() / 3.0).clamp(0.0, 1.0)))
        .collect()
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
