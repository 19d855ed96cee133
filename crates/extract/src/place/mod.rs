//! Finds where things happened.
//!
//! [`Places::find`] reads headline and text once: names of the gazetteer and the words beside them (`scan`) become mentions, the whole of
//! them tells which of several namesakes is meant (`resolve`). A name that stays open between places keeps its candidates and has no
//! coordinates; a name that is city and governorate alike is read as the governorate unless the text says otherwise. Precision is UCDP
//! GED's `where_prec`.

mod resolve;
mod scan;
mod words;

pub(crate) use words::Words;

use annals_gazetteer::{Gazetteer, Kind, PlaceId};
use annals_plugin::Place;

use crate::lexicon::Set;
use crate::text::{Document, Kind as TokenKind};
use scan::{Level, Standing};

pub use scan::Mention;

/// Mentions on each side of a token that may locate it.
const WINDOW: usize = 40;
/// Tokens beyond which distance no longer matters.
const FAR: usize = 120;

/// A place that a sentence opens with begins within so many tokens.
const OPENING: usize = 6;

/// What is known of an article beside its text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    /// Address of the page.
    pub url: Option<&'a str>,
    /// Place printed in the dateline.
    pub dateline: Option<&'a str>,
}

/// The places that one article names.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Mentions of the headline, then of the text, each in order.
    mentions: Vec<Mention>,
    /// Number of mentions in the headline.
    title: usize,
    /// Index of the mention that the article is chiefly about.
    main: Option<usize>,
    /// Where the outlet is at home, if no mention tells more.
    home: Option<Place>,
}

impl Places {
    /// Finds all places of an article.
    pub fn find(
        document: &Document<'_>,
        title: &Document<'_>,
        hints: &Hints<'_>,
        gazetteer: &Gazetteer,
    ) -> Places {
        let language = document.language();
        let words = &language.places;
        let mut mentions = Vec::new();
        let mut demonyms = Vec::new();
        let home = hints.url.and_then(|url| words.home(url));
        let mut scanner = scan::Scanner::new(language, gazetteer, home);
        scanner.read(title, &mut mentions, &mut demonyms);
        let brand = brand(title);
        mentions.retain(|mention| mention.tokens.start < brand);
        mentions.extend(hints.dateline.and_then(|line| scanner.dateline(line)));
        for mention in &mut mentions {
            mention.title = true;
        }
        scanner.read(document, &mut mentions, &mut demonyms);
        let main = resolve::resolve(&mut mentions, &demonyms, home, gazetteer, document, title);
        // Some were left out.
        let headed = mentions.partition_point(|mention| mention.title);
        let home = home.map(|home| Place {
            name: home.town.to_owned(),
            adm_1: Some(home.adm_1.to_owned()),
            country: Some(home.country.to_owned()),
            precision: Some(4),
            ..Place::default()
        });
        Places { mentions, title: headed, main, home }
    }

    /// Whether it is known where the outlet is at home.
    pub fn is_local(&self) -> bool {
        self.home.is_some()
    }

    /// All mentions, those of the headline first.
    pub fn mentions(&self) -> &[Mention] {
        &self.mentions
    }

    /// The place that the sentence itself gives for what stands at a token.
    pub fn at(
        &self,
        document: &Document<'_>,
        gazetteer: &Gazetteer,
        sentence: usize,
        token: usize,
    ) -> Option<Place> {
        self.nearest(document, gazetteer, sentence, token).map(|index| self.place(index, gazetteer))
    }

    /// The place that a sentence opens with: "In the north, in Raqqa, two men blew themselves up".
    pub fn opening(&self, document: &Document<'_>, gazetteer: &Gazetteer, sentence: usize) -> Option<Place> {
        let span = &document.sentences()[sentence].tokens;
        let sets = &document.language().sets;
        if !sets.has(document.lower(span.start), Set::Inside) {
            return None;
        }
        let body = &self.mentions[self.title..];
        let start = self.title + body.partition_point(|mention| mention.sentence < sentence);
        let first = self.mentions.get(start).filter(|mention| mention.sentence == sentence)?;
        let opens = first.tokens.start <= span.start + OPENING && first.standing == Standing::Located;
        opens.then(|| self.place(start, gazetteer))
    }

    /// The place of what stands at a token: as its sentence gives it, else as the sentences before it of its paragraph do, else the
    /// article's own. A sentence that names a wider area only, in which the article's own place lies, is read as of that place.
    pub fn of_incident(
        &self,
        document: &Document<'_>,
        gazetteer: &Gazetteer,
        sentence: usize,
        token: usize,
    ) -> Option<Place> {
        if let Some(index) = self.nearest(document, gazetteer, sentence, token) {
            return Some(self.place(
                self.main.filter(|&main| self.lies_in(main, index, gazetteer)).unwrap_or(index),
                gazetteer,
            ));
        }
        let paragraph = document.sentences()[sentence].paragraph;
        for before in (0..sentence).rev().take(3) {
            if document.sentences()[before].paragraph + 1 < paragraph {
                break;
            }
            let last = document.sentences()[before].tokens.end;
            if let Some(index) = self.nearest(document, gazetteer, before, last)
                && self.mentions[index].standing == Standing::Located
                && matches!(self.kind(index, gazetteer), Kind::Settlement | Kind::Spot)
            {
                return Some(self.place(index, gazetteer));
            }
        }
        self.main(gazetteer)
    }

    /// The place that the article is chiefly about: where headline and lead put it, else the most named; else where its outlet is at home,
    /// at the precision of its division.
    pub fn main(&self, gazetteer: &Gazetteer) -> Option<Place> {
        match self.main {
            Some(index) => {
                let place = self.place(index, gazetteer);
                // A local outlet that names its country or its state alone writes of its home.
                match &self.home {
                    Some(home)
                        if place.precision >= Some(6) && place.country == home.country
                            || place.precision == Some(4)
                                && place.adm_1 == home.adm_1
                                && place.adm_1.as_deref() == Some(&place.name) =>
                    {
                        Some(home.clone())
                    }
                    _ => Some(place),
                }
            }
            None => self.home.clone(),
        }
    }

    /// Whether one mention lies in the area of another, which is wider.
    fn lies_in(&self, inner: usize, outer: usize, gazetteer: &Gazetteer) -> bool {
        let (Some(one), Some(other)) = (self.mentions[inner].choice, self.mentions[outer].choice) else {
            return false;
        };
        let (one, other) = (gazetteer.place(one), gazetteer.place(other));
        match other.kind {
            Kind::Country | Kind::Region => {
                matches!(one.kind, Kind::Settlement | Kind::Spot | Kind::Adm1 | Kind::Adm2)
                    && one.country == other.country
            }
            Kind::Adm1 => {
                self.mentions[outer].level != Level::Settlement
                    && matches!(one.kind, Kind::Settlement | Kind::Spot)
                    && one.country == other.country
                    && one.adm_1 == other.adm_1
                    && one.name != other.name
            }
            _ => false,
        }
    }

    fn kind(&self, index: usize, gazetteer: &Gazetteer) -> Kind {
        self.mentions[index].choice.map_or(Kind::Settlement, |choice| gazetteer.place(choice).kind)
    }

    /// The mention of a sentence that most likely locates what stands at a token.
    fn nearest(
        &self,
        document: &Document<'_>,
        gazetteer: &Gazetteer,
        sentence: usize,
        token: usize,
    ) -> Option<usize> {
        let body = &self.mentions[self.title..];
        let start = self.title + body.partition_point(|mention| mention.sentence < sentence);
        let end = self.title + body.partition_point(|mention| mention.sentence <= sentence);
        // In a sentence of very many names, those around the token have the say.
        let here = start + self.mentions[start..end].partition_point(|mention| mention.tokens.start < token);
        let (start, end) = (start.max(here.saturating_sub(WINDOW)), end.min(here + WINDOW));
        (start..end)
            .filter(|&index| matches!(self.mentions[index].standing, Standing::Located | Standing::Bare))
            // Where the reporter sits is not where it happened.
            .filter(|&index| {
                let mention = &self.mentions[index];
                !mention.dateline || mention.standing == Standing::Located || self.home.is_some()
            })
            // Where those harmed are from is not where they were harmed.
            .filter(|&index| !self.mentions[index].origin)
            // The town of "in Douma, Syria" stands for both.
            .filter(|&index| !self.mentions[index].contains)
            .max_by_key(|&index| {
                let mention = &self.mentions[index];
                let (from, to) = if mention.tokens.start >= token {
                    (token, mention.tokens.start)
                } else {
                    (mention.tokens.end.min(token), token)
                };
                let far = (to - from).min(FAR);
                let marks = document.tokens()[from..from + far]
                    .iter()
                    .filter(|between| between.kind == TokenKind::Mark)
                    .count();
                let fine = match self.kind(index, gazetteer) {
                    Kind::Settlement | Kind::Spot => 12,
                    Kind::Adm2 | Kind::Adm1 => 9,
                    Kind::Region | Kind::Water => 5,
                    Kind::Country => 0,
                };
                let located = if mention.standing == Standing::Located { 14 } else { 0 };
                let after = i64::from(mention.tokens.start >= token);
                (located + fine - far as i64 - 3 * marks as i64 + after, std::cmp::Reverse(index))
            })
    }

    /// The record of a mention.
    fn place(&self, index: usize, gazetteer: &Gazetteer) -> Place {
        let mention = &self.mentions[index];
        let candidates =
            |ids: &[PlaceId]| ids.iter().filter_map(|&id| gazetteer.place(id).geonames_id).take(8).collect();
        let mut record = Place { name: mention.name.clone(), ..Place::default() };
        let Some(choice) = mention.choice else {
            record.candidates = candidates(&mention.candidates);
            if let Some(container) = mention.container {
                let outer = self.place(container, gazetteer);
                record.adm_1 = outer.adm_1;
                record.country = outer.country;
            } else if let Some((adm_1, country)) = mention.stated {
                record.adm_1 = Some(adm_1.to_owned());
                record.country = Some(country.to_owned());
            }
            record.adm_1 = record.adm_1.or_else(|| mention.common_adm_1.clone());
            record.country = record.country.or_else(|| mention.common_country.clone());
            record.precision = if mention.candidates.is_empty() { Some(1) } else { None };
            return record;
        };
        let place = gazetteer.place(choice);
        if is_abbreviation(&mention.name) && mention.key != annals_gazetteer::key(place.name) {
            place.name.clone_into(&mut record.name);
        }
        record.adm_1 = place.adm_1.map(str::to_owned);
        record.country = place.country.map(str::to_owned);
        let precision = match place.kind {
            Kind::Settlement | Kind::Spot => 1,
            Kind::Adm2 => 3,
            Kind::Adm1 => 4,
            Kind::Region => 5,
            Kind::Country => 6,
            Kind::Water => 7,
        };
        let vague = mention.level == Level::Either;
        record.precision = Some(match precision {
            1 if mention.near => 2,
            6 if mention.part => 5,
            other => other,
        });
        if vague {
            // City or governorate: the governorate is certain, a point is not.
            record.precision = Some(4);
            record.candidates = candidates(&mention.candidates);
        } else {
            record.geonames_id = place.geonames_id;
            if let Some((latitude, longitude)) = place.coordinates {
                record.latitude = Some(latitude);
                record.longitude = Some(longitude);
            }
        }
        record
    }
}

/// Where the outlet's name begins that a headline ends with, "- KWTX.com Waco News": it tells where the outlet is.
fn brand(title: &Document<'_>) -> usize {
    let (sets, end) = (&title.language().sets, title.tokens().len());
    let is_outlet = |token: usize| {
        sets.ending(title.lower(token), Set::EndsHost).is_some() || sets.has(title.lower(token), Set::Outlet)
    };
    let is_break = |token: usize| sets.has(title.lower(token), Set::TitleBreak);
    let own = |from: usize| (from + 1..end).take_while(|&token| !is_break(token));
    (1..end).find(|&from| is_break(from) && own(from).any(is_outlet)).unwrap_or(end)
}

/// "D.C.", "U.S.": capitals alone, which name a place to those only who know it.
fn is_abbreviation(name: &str) -> bool {
    let mut letters = 0;
    name.chars().all(|character| {
        letters += usize::from(character.is_uppercase());
        character.is_uppercase() || character == '.'
    }) && (2..=4).contains(&letters)
}

#[cfg(test)]
mod tests;
