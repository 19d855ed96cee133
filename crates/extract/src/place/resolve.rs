//! Settles which place each name means, all names of an article taken together.

use annals_gazetteer::{Gazetteer, Kind, PlaceId, skeleton};
use rustc_hash::FxHashMap;

use super::scan::{Level, Mention, Standing};
use super::words::Home;
use crate::lexicon::Set;
use crate::text::{Document, Kind as TokenKind};

/// Least likeness of spelling for a place that was found by its consonants alone.
const LIKENESS: f64 = 0.78;
/// By how much a place must be likelier than its best rival elsewhere.
const MARGIN: f64 = 0.45;
/// A place in no country that the article tells of must be as large as this to be meant.
const FAR_POPULATION: u32 = 150_000;

/// A place far from home that a local outlet says something of must be as large as this: smaller ones are chance likenesses.
const KNOWN_POPULATION: u32 = 1_000;
/// A quarter lies no more degrees from its city.
const CITY_DEGREES: f64 = 0.3;
/// What an article is about is told by its first mentions; so many at most are weighed, which keeps long texts cheap.
const MOST_FOR_MAIN: usize = 400;

/// What counts for the place that an article is about, against a place named in passing.
struct Weights {
    /// A name in the headline.
    title: f64,
    /// A sentence that tells of harm.
    harm: f64,
    /// A first-order division.
    division: f64,
    /// A second-order division.
    district: f64,
    /// A sentence of the body's beginning.
    later: f64,
    /// The share of an area's weight that speaks for a town in it.
    area: f64,
}

/// Local outlets tell of towns; their headlines name the region that they serve.
const LOCAL: Weights =
    Weights { title: 1.5, harm: 1.0, division: 0.9, district: 0.2, later: 1.4, area: 0.85 };
/// Reports from a war name a province and many towns of it.
const FOREIGN: Weights =
    Weights { title: 2.5, harm: 1.8, division: 1.2, district: 0.7, later: 0.9, area: 0.7 };

/// Weights of evidence, by name of area.
#[derive(Default)]
struct Votes<'a> {
    countries: Vec<(&'a str, f64)>,
    divisions: FxHashMap<(&'a str, &'a str), f64>,
}

impl<'a> Votes<'a> {
    fn country(&mut self, country: &'a str, weight: f64) {
        match self.countries.iter_mut().find(|(name, _)| *name == country) {
            Some((_, sum)) => *sum += weight,
            None => self.countries.push((country, weight)),
        }
    }

    fn division(&mut self, country: &'a str, adm_1: &'a str, weight: f64) {
        *self.divisions.entry((country, adm_1)).or_default() += weight;
    }

    fn of_country(&self, country: &str) -> f64 {
        self.countries.iter().find(|(name, _)| *name == country).map_or(0.0, |(_, sum)| *sum)
    }

    /// The division, with its country, that the article names far more than any other.
    fn leading_division(&self) -> Option<(&'a str, &'a str)> {
        let mut ranked: Vec<(f64, (&str, &str))> =
            self.divisions.iter().map(|(&division, &votes)| (votes, division)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let (most, leading) = *ranked.first()?;
        let next = ranked.get(1).map_or(0.0, |(votes, _)| *votes);
        (most >= 2.0 && most >= 2.0 * next).then_some(leading)
    }

    fn of_division(&self, country: &str, adm_1: &str) -> f64 {
        self.divisions.get(&(country, adm_1)).copied().unwrap_or(0.0)
    }
}

/// Chooses a place for each mention and gives the mention that the article is chiefly about.
pub(super) fn resolve(
    mentions: &mut Vec<Mention>,
    demonyms: &[&'static str],
    home: Option<Home>,
    gazetteer: &Gazetteer,
    document: &Document<'_>,
    title: &Document<'_>,
) -> Option<usize> {
    let mut votes = Votes::default();
    for demonym in demonyms {
        votes.country(demonym, 1.0);
    }
    if let Some(home) = home {
        votes.country(home.country, 4.0);
        votes.division(home.country, home.adm_1, 3.0);
    }
    // Wires date their reports where the reporter sits.
    for mention in mentions.iter().filter(|mention| !mention.line || home.is_some()) {
        vote(mention, gazetteer, &mut votes);
    }
    let top = votes.countries.iter().map(|(_, sum)| *sum).fold(0.0, f64::max);
    transliterated(mentions, gazetteer, &votes, top);
    link(mentions, gazetteer, document, title);
    // A name that is written several times means one place.
    let mut decided: FxHashMap<String, (Option<PlaceId>, Vec<PlaceId>)> = FxHashMap::default();
    let mut order: Vec<usize> = (0..mentions.len()).collect();
    // Those that say where they lie come first and settle the others.
    order.sort_by_key(|&index| {
        (mentions[index].container.is_none() && mentions[index].stated.is_none(), index)
    });
    for index in order {
        let mention = &mentions[index];
        if mention.candidates.is_empty() {
            continue;
        }
        let settled = mention.container.is_none() && mention.stated.is_none();
        let (choice, candidates) = match decided.get(&mention.key) {
            Some(known) if settled && mention.level == Level::Open => known.clone(),
            _ => {
                let container = mention.container.map(|container| &mentions[container]);
                let made = choose(mention, container, gazetteer, &votes, top, home);
                decided.entry(mention.key.clone()).or_insert_with(|| made.clone());
                made
            }
        };
        let mention = &mut mentions[index];
        mention.choice = choice;
        mention.candidates = candidates;
    }
    share(mentions, home, votes.leading_division(), gazetteer);
    // Names that mean no place of the article's countries are no places.
    let mut kept: Vec<Option<usize>> = Vec::with_capacity(mentions.len());
    let mut next = 0;
    for mention in mentions.iter() {
        let keep = !mention.candidates.is_empty()
            || mention.choice.is_some()
            || mention.stated.is_some()
            || mention.container.is_some()
            || mention.standing == Standing::Located;
        kept.push(keep.then_some(next));
        next += usize::from(keep);
    }
    for mention in mentions.iter_mut() {
        mention.container = mention.container.and_then(|container| kept[container]);
    }
    let mut number = 0;
    mentions.retain(|_| {
        number += 1;
        kept[number - 1].is_some()
    });
    levels(mentions, gazetteer);
    for index in 0..mentions.len() {
        if let Some(container) = mentions[index].container {
            mentions[container].contains = true;
        }
    }
    main(mentions, home, gazetteer, &votes, top)
}

fn vote<'a>(mention: &Mention, gazetteer: &'a Gazetteer, votes: &mut Votes<'a>) {
    if let Some((adm_1, country)) = mention.stated {
        votes.country(country, 2.0);
        votes.division(country, adm_1, 2.0);
    }
    let lead = if mention.title || mention.sentence < 3 { 1.5 } else { 1.0 };
    let mut country = None;
    let mut wide = Vec::new();
    let mut shared = true;
    let mut strongest: f64 = 0.0;
    for &id in &mention.candidates {
        let place = gazetteer.place(id);
        let Some(code) = place.country else { continue };
        shared &= country.is_none_or(|other| other == code);
        country = Some(code);
        strongest = strongest.max(match place.kind {
            Kind::Country => 3.0,
            Kind::Adm1 | Kind::Region => 2.0,
            _ if place.population > 500_000 => 1.5,
            _ if place.population > 50_000 => 0.8,
            _ => 0.3,
        });
        wide.extend(matches!(place.kind, Kind::Country | Kind::Adm1).then_some(place));
    }
    // "Georgia" is a state and a country, "Santa Ana" a department and a town elsewhere: such names tell little.
    let certain = shared;
    for place in &wide {
        let Some(code) = place.country else { continue };
        let names = match place.kind {
            Kind::Country if certain => 3.0,
            Kind::Country => 1.0,
            _ if certain => 1.0,
            _ => 0.3,
        };
        votes.country(code, names * lead);
        if let (Kind::Adm1, Some(adm_1)) = (place.kind, place.adm_1) {
            votes.division(code, adm_1, if certain || wide.len() == 1 { lead } else { 0.5 });
        }
    }
    if let (true, Some(code)) = (shared, country) {
        votes.country(code, strongest * lead);
        // A chance likeness must not speak for itself.
        let first = mention.candidates.first().map(|&id| gazetteer.place(id));
        if let Some(place) = first
            && mention.candidates.len() == 1
            && (place.population > 50_000 || place.country != Some("USA"))
            && let Some(adm_1) = place.adm_1
        {
            votes.division(code, adm_1, 0.5 * lead);
        }
    } else {
        // The largest of namesakes is the likeliest by far if the others are small.
        let largest =
            mention.candidates.iter().map(|&id| gazetteer.place(id)).max_by_key(|place| place.population);
        if let Some(place) = largest
            && place.population > 1_000_000
            && let Some(code) = place.country
        {
            votes.country(code, 1.0);
        }
    }
}

/// Finds places for names that no spelling of the gazetteer matches, by their consonants, within the countries of the article.
fn transliterated(mentions: &mut [Mention], gazetteer: &Gazetteer, votes: &Votes<'_>, top: f64) {
    let mut found = Vec::new();
    for mention in
        mentions.iter_mut().filter(|mention| mention.candidates.is_empty() && mention.stated.is_none())
    {
        let skeleton = skeleton(&mention.key);
        if skeleton.len() < 3 {
            continue;
        }
        gazetteer.by_skeleton(&skeleton, &mut found);
        let mut alike: Vec<(PlaceId, f64)> = found
            .iter()
            .filter(|&&id| {
                gazetteer
                    .place(id)
                    .country
                    .is_some_and(|country| votes.of_country(country) >= 0.3 * top && top >= 2.0)
            })
            .map(|&id| (id, gazetteer.likeness(&mention.key, id)))
            .filter(|(_, likeness)| *likeness >= LIKENESS)
            .collect();
        alike.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let best = alike.first().map_or(0.0, |(_, likeness)| *likeness);
        mention.candidates =
            alike.into_iter().filter(|(_, likeness)| *likeness >= best - 0.05).map(|(id, _)| id).collect();
    }
}

/// Ties a name to the area named with it: "Douma, Syria", "Saraqib in Idlib", "Idlib's Saraqib".
fn link(mentions: &mut [Mention], gazetteer: &Gazetteer, document: &Document<'_>, title: &Document<'_>) {
    let sets = &document.language().sets;
    for outer in 0..mentions.len() {
        for inner in [outer.checked_sub(1), Some(outer + 1)].into_iter().flatten() {
            if inner >= mentions.len()
                || mentions[inner].title != mentions[outer].title
                || mentions[inner].line
                || mentions[outer].line
                || mentions[inner].sentence != mentions[outer].sentence
            {
                continue;
            }
            let document = if mentions[outer].title { title } else { document };
            let (left, right) = (inner.min(outer), inner.max(outer));
            let (from, to) = (mentions[left].tokens.end, mentions[right].tokens.start);
            if to < from || to - from > 8 {
                continue;
            }
            let mut gap = (from..to).map(|token| document.lower(token));
            let tied = if inner < outer {
                // Behind the name: a comma, "in", "of" and what goes with them.
                let plain = gap.clone().all(|word| sets.has(word, Set::WithinArea));
                plain && to > from
            } else {
                // Before it: the area's genitive, or the area and the kind of place.
                gap.next().is_none_or(|word| sets.has(word, Set::Owner))
                    && to - from <= 5
                    && document.tokens()[from..to]
                        .iter()
                        .filter(|token| token.kind == TokenKind::Mark)
                        .count()
                        == 0
            };
            if !tied || mentions[inner].container.is_some() {
                continue;
            }
            let contains = mentions[outer].candidates.iter().any(|&area| {
                let area = gazetteer.place(area);
                if mentions[inner].candidates.is_empty() {
                    return inner < outer && matches!(area.kind, Kind::Adm1 | Kind::Country);
                }
                mentions[inner].candidates.iter().any(|&id| lies_in(gazetteer, id, &area))
            });
            let stated = mentions[outer].stated.is_some() || mentions[inner].key == mentions[outer].key;
            if contains && !stated && mentions[outer].container != Some(inner) {
                mentions[inner].container = Some(outer);
            }
        }
    }
}

pub(super) fn lies_in(gazetteer: &Gazetteer, id: PlaceId, area: &annals_gazetteer::Place<'_>) -> bool {
    let place = gazetteer.place(id);
    match area.kind {
        Kind::Country => place.country == area.country && place.kind != Kind::Country,
        Kind::Region => place.country == area.country && !matches!(place.kind, Kind::Country | Kind::Region),
        Kind::Adm1 => {
            place.country == area.country
                && place.adm_1 == area.adm_1
                && !matches!(place.kind, Kind::Country | Kind::Adm1 | Kind::Region)
        }
        Kind::Settlement => {
            place.kind == Kind::Spot && place.country == area.country && place.adm_1 == area.adm_1
        }
        _ => false,
    }
}

/// Chooses among the places of one name. Gives the choice, `None` if it stays open, and the candidates that are left, likeliest first.
fn choose(
    mention: &Mention,
    container: Option<&Mention>,
    gazetteer: &Gazetteer,
    votes: &Votes<'_>,
    top: f64,
    home: Option<Home>,
) -> (Option<PlaceId>, Vec<PlaceId>) {
    let areas: Vec<annals_gazetteer::Place<'_>> = container
        .map(|container| container.candidates.iter().map(|&id| gazetteer.place(id)).collect())
        .unwrap_or_default();
    let at_home = home.is_some_and(|home| {
        mention.candidates.iter().any(|&id| {
            let place = gazetteer.place(id);
            place.country == Some(home.country) && place.adm_1 == Some(home.adm_1)
        })
    });
    let mut scored: Vec<(PlaceId, f64)> = mention
        .candidates
        .iter()
        .filter_map(|&id| {
            let place = gazetteer.place(id);
            let country = place.country.map_or(0.0, |country| votes.of_country(country));
            let near_by = if top > 0.0 { country / top } else { 0.0 };
            let division = match (place.country, place.adm_1) {
                (Some(country), Some(adm_1)) => votes.of_division(country, adm_1),
                _ => 0.0,
            };
            let stated = mention
                .stated
                .is_some_and(|(adm_1, country)| place.country == Some(country) && place.adm_1 == Some(adm_1));
            let contained = areas.iter().any(|area| lies_in(gazetteer, id, area));
            if mention.stated.is_some() && !stated {
                return None;
            }
            let wide = matches!(place.kind, Kind::Country | Kind::Adm1 | Kind::Region | Kind::Water);
            // Small places far from all that the article tells of are chance likenesses.
            let far = near_by < 0.12 && !wide && place.population < FAR_POPULATION && !stated && !contained;
            // A local outlet seldom writes of a small place elsewhere without saying so.
            let told = mention.standing == Standing::Located || mention.force || mention.line;
            let elsewhere = !(wide || told && !at_home && place.population >= KNOWN_POPULATION)
                && place.population < FAR_POPULATION
                && home.is_some_and(|home| {
                    place.country != Some(home.country) || place.adm_1 != Some(home.adm_1)
                })
                && (division < 1.0 || place.population == 0)
                && !stated
                && !contained;
            if elsewhere {
                return None;
            }
            // A small place of a country that is not the article's must be said to be where something was.
            let chance = !wide
                && near_by < 0.5
                && place.population < 30_000
                && mention.standing != Standing::Located
                && !stated
                && !contained;
            if chance {
                return None;
            }
            if far && (top >= 2.0 || mention.standing != Standing::Located || place.population < 15_000) {
                return None;
            }
            let people = f64::from(place.population.max(2_000)).log10();
            let kind = match place.kind {
                Kind::Country => 2.5,
                Kind::Adm1 => {
                    if mention.level == Level::Adm1 {
                        1.6
                    } else {
                        0.9
                    }
                }
                Kind::Region => 1.0,
                Kind::Water => 2.5,
                Kind::Settlement => {
                    if mention.level == Level::Settlement {
                        1.2
                    } else {
                        0.6
                    }
                }
                Kind::Spot => 0.5,
                Kind::Adm2 => 0.4,
            };
            let score = 2.5 * near_by
                + 0.9 * division.min(4.0)
                + 0.5 * people
                + kind
                + if contained { 4.0 } else { 0.0 };
            Some((id, score))
        })
        .collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let Some(&(best, score)) = scored.first() else { return (None, Vec::new()) };
    let place = gazetteer.place(best);
    let rival = scored.iter().skip(1).find(|(id, _)| {
        let other = gazetteer.place(*id);
        // City and division of one name are settled later; a division's own city is no rival.
        other.country != place.country
            || other.adm_1 != place.adm_1
            || matches!((place.coordinates, other.coordinates), (Some(one), Some(two))
                if other.kind == place.kind && ((one.0 - two.0).abs() > 0.25 || (one.1 - two.1).abs() > 0.25))
    });
    let open = rival.is_some_and(|(_, other)| score - other < MARGIN);
    let candidates = scored.iter().map(|(id, _)| *id).collect();
    ((!open).then_some(best), candidates)
}

/// Notes the division and the country that all candidates of an open name share.
fn share(mentions: &mut [Mention], home: Option<Home>, leading: Option<(&str, &str)>, gazetteer: &Gazetteer) {
    for mention in mentions.iter_mut().filter(|mention| mention.choice.is_none()) {
        let mut places = mention.candidates.iter().take(3).map(|&id| gazetteer.place(id));
        if let Some(first) = places.next() {
            let (mut adm_1, mut country) = (first.adm_1, first.country);
            for place in places {
                adm_1 = adm_1.filter(|_| place.adm_1 == adm_1 && place.country == country);
                country = country.filter(|_| place.country == country);
            }
            mention.common_adm_1 = adm_1.map(str::to_owned);
            mention.common_country = country.map(str::to_owned);
        } else if let Some(home) = home {
            // A name that only a local outlet knows lies where its readers live.
            mention.common_adm_1 = Some(home.adm_1.to_owned());
            mention.common_country = Some(home.country.to_owned());
        } else if let Some((country, adm_1)) = leading.filter(|_| mention.standing == Standing::Located) {
            // A village that no gazetteer lists lies where the others of the report lie.
            mention.common_adm_1 = Some(adm_1.to_owned());
            mention.common_country = Some(country.to_owned());
        }
    }
}

/// Settles city or division for names that mean both, from the words beside them wherever the article has any.
fn levels(mentions: &mut [Mention], gazetteer: &Gazetteer) {
    let mut said: FxHashMap<String, (bool, bool)> = FxHashMap::default();
    for mention in mentions.iter() {
        let entry = said.entry(mention.key.clone()).or_default();
        entry.0 |= mention.level == Level::Settlement || mention.force;
        entry.1 |= mention.level == Level::Adm1 && !mention.part;
        if let Some(container) = mention.container {
            // What lies in a name of both as a village does makes it the division; as a quarter does, the city.
            let quarter = mention.choice.is_some_and(|choice| gazetteer.place(choice).kind == Kind::Spot);
            let outer = said.entry(mentions[container].key.clone()).or_default();
            outer.0 |= quarter;
            outer.1 |= !quarter && mention.choice.is_some();
        }
    }
    for mention in mentions.iter_mut() {
        let Some(choice) = mention.choice else { continue };
        let chosen = gazetteer.place(choice);
        let twin = |kind: Kind| {
            mention
                .candidates
                .iter()
                .copied()
                .filter(|&id| {
                    let place = gazetteer.place(id);
                    place.kind == kind && place.country == chosen.country && place.adm_1 == chosen.adm_1
                })
                .max_by_key(|&id| gazetteer.place(id).population)
        };
        let (Some(city), Some(division)) = (twin(Kind::Settlement), twin(Kind::Adm1)) else { continue };
        let (as_city, as_division) = said.get(&mention.key).copied().unwrap_or_default();
        let level = match mention.level {
            // "near Homs", "south of Homs": what one is near to is a town.
            Level::Open | Level::Either if mention.near && !as_division => Level::Settlement,
            Level::Open | Level::Either => match (as_city, as_division) {
                (true, false) => Level::Settlement,
                (false, true) => Level::Adm1,
                _ => Level::Either,
            },
            other => other,
        };
        mention.level = level;
        mention.choice = Some(if level == Level::Settlement { city } else { division });
        if level == Level::Either {
            let (first, second) = (city, division);
            mention.candidates.retain(|&id| id != first && id != second);
            mention.candidates.insert(0, first);
            mention.candidates.truncate(1);
        }
    }
}

/// What a place counts in a country that the headline does not name, if it names one.
const ABROAD: f64 = 0.3;

/// The mention that the article is chiefly about.
fn main(
    mentions: &[Mention],
    home: Option<Home>,
    gazetteer: &Gazetteer,
    votes: &Votes<'_>,
    top: f64,
) -> Option<usize> {
    let home_key = home.map(|home| annals_gazetteer::key(home.town));
    let weights = if home.is_some() { LOCAL } else { FOREIGN };
    // "17 soldiers killed in northern Syria": what a headline puts in a country did not happen in another.
    let of_mention = |mention: &Mention| mention.choice.and_then(|choice| gazetteer.place(choice).country);
    let titled: Vec<&str> =
        mentions.iter().take_while(|mention| mention.title).filter_map(of_mention).collect();
    let mut sums: Vec<(usize, f64)> = Vec::new();
    for (index, mention) in mentions.iter().take(MOST_FOR_MAIN).enumerate() {
        let place = mention.choice.map(|choice| gazetteer.place(choice));
        let early = if mention.title {
            weights.title
        } else {
            match mention.sentence {
                0 => 3.0,
                1 => 2.5,
                2..=3 => 1.5,
                4..=7 => weights.later,
                _ => 0.5,
            }
        };
        let standing = match mention.standing {
            Standing::Located => 1.2,
            Standing::Bare => 0.3,
            Standing::Hint if mention.force => 1.0,
            Standing::Hint => 0.3,
        };
        let harm = if mention.harm { weights.harm } else { 1.0 };
        let fine = match place.map(|place| place.kind) {
            Some(Kind::Settlement | Kind::Spot) => 1.0,
            Some(Kind::Adm1) => weights.division,
            Some(Kind::Adm2) => weights.district,
            Some(Kind::Region) => 0.35,
            Some(Kind::Country | Kind::Water) => 0.06,
            // A name that no gazetteer lists may be anything after all.
            None if !mention.candidates.is_empty() => 0.5,
            None if mention.stated.is_some() || mention.container.is_some() => 0.9,
            None if mention.level == Level::Settlement => 0.15,
            None => 0.02,
        };
        // Datelines of local outlets tell where it happened, those of wires where the reporter sits.
        let dated = match (mention.dateline && mention.standing != Standing::Located, home.is_some()) {
            (false, _) => 1.0,
            (true, true) => 1.9,
            (true, false) => 0.4,
        };
        let at_home = if home_key.as_ref() == Some(&mention.key) { 3.0 } else { 1.0 };
        let facility = if mention.facility { 0.5 } else { 1.0 };
        // What happened is sought in the country that the article tells of.
        let country = place
            .and_then(|place| place.country)
            .map_or(1.0, |country| if top > 0.0 { 0.1 + 0.9 * votes.of_country(country) / top } else { 1.0 });
        let aside = if mention.aside { 0.3 } else { 1.0 };
        let abroad = place
            .and_then(|place| place.country)
            .is_some_and(|country| !titled.is_empty() && !titled.contains(&country));
        let abroad = if abroad { ABROAD } else { 1.0 };
        let weight = if mention.line {
            let line = if home.is_some() { 6.0 } else { 0.3 };
            country * line * fine
        } else {
            country * early * standing * harm * fine * dated * at_home * facility * aside * abroad
        };
        let same = sums.iter_mut().find(|(other, _)| {
            let other = &mentions[*other];
            other.key == mention.key || other.choice.is_some() && other.choice == mention.choice
        });
        match same {
            Some((kept, sum)) => {
                *sum += weight;
                // The fullest mention stands for all.
                let fuller = |mention: &Mention| {
                    (
                        mention.choice.is_some(),
                        mention.standing == Standing::Located,
                        mention.level != Level::Either,
                    )
                };
                if fuller(mention) > fuller(&mentions[*kept]) {
                    *kept = index;
                }
            }
            None => sums.push((index, weight)),
        }
    }
    // An area's weight also speaks for what lies in it.
    let areas = sums.clone();
    for (index, sum) in &mut sums {
        let Some(place) = mentions[*index].choice.map(|choice| gazetteer.place(choice)) else { continue };
        if !matches!(place.kind, Kind::Settlement | Kind::Spot) {
            continue;
        }
        for (other, weight) in &areas {
            if let Some(area) = mentions[*other].choice.map(|choice| gazetteer.place(choice))
                && matches!(area.kind, Kind::Adm1)
                && area.country == place.country
                && area.adm_1 == place.adm_1
                && mentions[*other].key != mentions[*index].key
                && *weight > 0.0
            {
                *sum += weights.area * weight;
            }
        }
    }
    let best = sums.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))).map(|(index, _)| *index)?;
    let Some(home) = home else { return Some(best) };
    // A name that no gazetteer lists may be a street or a shop of the town.
    let chosen = &mentions[best];
    if chosen.choice.is_none()
        && chosen.candidates.is_empty()
        && chosen.stated.is_none()
        && chosen.container.is_none()
    {
        return None;
    }
    match served_by_city(mentions, best, gazetteer) {
        Some(city) => Some(city),
        // What is left to the outlet's home is no mention.
        None if is_quarter_of(&mentions[best], home, gazetteer) => None,
        None => Some(best),
    }
}

/// Whether a name is said to be a quarter, and may be one of the town where the outlet is at home.
fn is_quarter_of(mention: &Mention, home: Home, gazetteer: &Gazetteer) -> bool {
    if !mention.quarter || mention.container.is_some() || mention.stated.is_some() {
        return false;
    }
    let Some(quarter) = mention.choice.map(|choice| gazetteer.place(choice)) else { return true };
    let mut towns = Vec::new();
    gazetteer.exact(&annals_gazetteer::key(home.town), &mut towns);
    towns.iter().any(|&id| {
        let town = gazetteer.place(id);
        (town.country, town.adm_1) == (Some(home.country), Some(home.adm_1))
            && matches!((town.coordinates, quarter.coordinates), (Some(one), Some(other))
                if (one.0 - other.0).abs() < CITY_DEGREES && (one.1 - other.1).abs() < CITY_DEGREES)
    })
}

/// A city's police works within the city: a quarter that a local outlet names beside "Miami police" lies in Miami, though the gazetteer
/// lists it as a town of its own.
fn served_by_city(mentions: &[Mention], best: usize, gazetteer: &Gazetteer) -> Option<usize> {
    let quarter = gazetteer.place(mentions[best].choice?);
    let near = |one: Option<(f64, f64)>| matches!((one, quarter.coordinates), (Some(one), Some(two)) if (one.0 - two.0).abs() < CITY_DEGREES && (one.1 - two.1).abs() < CITY_DEGREES);
    let own =
        mentions.iter().take(MOST_FOR_MAIN).any(|mention| mention.force && mention.key == mentions[best].key);
    if own || !matches!(quarter.kind, Kind::Settlement | Kind::Spot) {
        return None;
    }
    (0..mentions.len().min(MOST_FOR_MAIN)).find(|&index| {
        mentions[index].force
            && mentions[index].choice.is_some_and(|choice| {
                let city = gazetteer.place(choice);
                city.kind == Kind::Settlement
                    && city.adm_1 == quarter.adm_1
                    && city.population / 4 > quarter.population
                    && near(city.coordinates)
            })
    })
}
