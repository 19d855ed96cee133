//! Reads names of places and the words beside them.

mod judge;

use std::ops::Range;

use annals_gazetteer::{Gazetteer, Kind, PlaceId, push_key};
use rustc_hash::FxHashSet;

use super::words::{Home, Roles, Words};
use crate::language::Language;
use crate::lexicon::{Set, Sets, WordId};
use crate::text::{Case, Document, Kind as TokenKind, Sentence};

/// Names hold no more words than this.
const MOST_WORDS: usize = 6;
/// Words between one of carrying and the place: "airlifted in a critical condition to the university hospital in".
const MOST_CARRIED: usize = 14;
/// Words between a preposition and the name that it governs: "in the besieged northern city of".
const MOST_BETWEEN: usize = 7;

/// How a name stands in its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Something is said to be there: "in Homs".
    Located,
    /// A place, with nothing said of it.
    Bare,
    /// Part of the name of a body or a speaker: it tells of the place, but not where something happened.
    Hint,
}

/// Which of a city and its division a name means, as far as the words beside it tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Nothing is said.
    Open,
    /// The city or one of its quarters.
    Settlement,
    /// The division.
    Adm1,
    /// Both are meant by the name and the text does not tell which.
    Either,
}

/// A name of a place in a text.
#[derive(Debug, Clone)]
pub struct Mention {
    /// As written.
    pub name: String,
    /// Its tokens in its document.
    pub tokens: Range<usize>,
    /// Its sentence.
    pub sentence: usize,
    /// In the headline.
    pub title: bool,
    /// How it stands.
    pub standing: Standing,
    /// City or division.
    pub level: Level,
    /// The thing was near the place, not in it.
    pub near: bool,
    /// The thing was in some part of it: "northern Syria".
    pub part: bool,
    /// A body that serves the place: "Houston police".
    pub force: bool,
    /// Stands before the text proper: "HOMS, Syria —".
    pub dateline: bool,
    /// Read from the dateline that stands beside the text, with no tokens of its own.
    pub(super) line: bool,
    /// Part of the name of a hospital, school or the like.
    pub facility: bool,
    /// Victims or suspects were only brought there.
    pub aside: bool,
    /// Those harmed are from there: "villagers from Binnish".
    pub origin: bool,
    /// A quarter of a town: "the Fineview neighborhood".
    pub quarter: bool,
    /// Words of harm stand in its sentence.
    pub harm: bool,
    /// All places of that name; once resolved, the likeliest first.
    pub candidates: Vec<PlaceId>,
    /// The place that is meant, `None` if that stays open.
    pub choice: Option<PlaceId>,
    /// The mention that names the area it lies in.
    pub container: Option<usize>,
    /// Names the area that another mention lies in.
    pub contains: bool,
    /// Division and country that an abbreviation beside it states.
    pub stated: Option<(&'static str, &'static str)>,
    /// The key of the name.
    pub(super) key: String,
    /// Division that all candidates share.
    pub(super) common_adm_1: Option<String>,
    /// Country that all candidates share.
    pub(super) common_country: Option<String>,
}

/// Reads documents; keeps its buffers between them.
pub(super) struct Scanner<'a> {
    words: &'a Words,
    sets: &'a Sets,
    gazetteer: &'a Gazetteer,
    /// Keys of the sentence's tokens, one after another.
    keys: String,
    /// Where each token's key stands in `keys`; empty if it can be no part of a name.
    spans: Vec<Range<usize>>,
    roles: Vec<Roles>,
    found: Vec<PlaceId>,
    /// Keys of family names, as seen in full names of persons.
    persons: FxHashSet<String>,
    /// Where the outlet is at home, and the key of that town.
    home: Option<(Home, String)>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(language: &'a Language, gazetteer: &'a Gazetteer, home: Option<Home>) -> Self {
        Self {
            words: &language.places,
            sets: &language.sets,
            gazetteer,
            keys: String::new(),
            spans: Vec::new(),
            roles: Vec::new(),
            found: Vec::new(),
            persons: FxHashSet::default(),
            home: home.map(|home| (home, annals_gazetteer::key(home.town))),
        }
    }

    /// Adds the mentions of a document, and the countries that its demonyms tell of.
    pub(super) fn read(
        &mut self,
        document: &Document<'_>,
        mentions: &mut Vec<Mention>,
        demonyms: &mut Vec<&'static str>,
    ) {
        for index in 0..document.sentences().len() {
            self.sentence(document, index, mentions, demonyms);
        }
        let persons = std::mem::take(&mut self.persons);
        mentions.retain(|mention| {
            mention.standing == Standing::Located
                || mention.key.contains(' ')
                || !persons.contains(&mention.key)
        });
        self.persons = persons;
    }

    fn sentence(
        &mut self,
        document: &Document<'_>,
        index: usize,
        mentions: &mut Vec<Mention>,
        demonyms: &mut Vec<&'static str>,
    ) {
        let sentence = document.sentences()[index].clone();
        let tokens = sentence.tokens.clone();
        let mut any = false;
        for token in tokens.clone() {
            let info = &document.tokens()[token];
            if info.kind == TokenKind::Word && matches!(info.case, Case::Title | Case::Upper) {
                let lower = document.lower(token);
                match self.words.demonym(lower) {
                    Some(country) => demonyms.push(country),
                    None => any = any || self.may_begin(lower, info.word, sentence.capitals),
                }
            }
        }
        // Most sentences name no place.
        if !any {
            return;
        }
        self.keys.clear();
        self.spans.clear();
        self.roles.clear();
        for token in tokens.clone() {
            let info = &document.tokens()[token];
            let start = self.keys.len();
            let mut roles = Roles::default();
            if info.kind == TokenKind::Word {
                let lower = document.lower(token);
                roles = self.words.roles(lower);
                let named = matches!(info.case, Case::Title | Case::Upper);
                // Small words within names: "de", "al".
                if named || sentence.capitals || lower.len() <= 3 {
                    push_key(lower, &mut self.keys);
                }
            }
            self.spans.push(start..self.keys.len());
            self.roles.push(roles);
        }
        let titled = is_titled(document, &sentence);
        let first = mentions.len();
        let mut at = 0;
        while at < self.spans.len() {
            let used = self.name(document, index, &sentence, titled, at, first, mentions);
            at += used.max(1);
        }
        if mentions.len() > first {
            let harm = tokens.clone().any(|token| self.is_harm(document.lower(token)));
            for mention in &mut mentions[first..] {
                mention.harm = harm;
            }
        }
    }

    /// Whether a name may begin with a word: one that the gazetteer lists, or one that no list knows.
    fn may_begin(&mut self, lower: &str, word: WordId, capitals: bool) -> bool {
        if word == WordId::UNKNOWN && !capitals && lower.len() >= 4 {
            return true;
        }
        self.keys.clear();
        push_key(lower, &mut self.keys);
        self.is_head(&self.keys)
    }

    fn is_head(&self, key: &str) -> bool {
        let first = key.split(' ').next().unwrap_or("");
        self.gazetteer.may_begin(first)
            || first.strip_suffix('s').is_some_and(|stem| stem.len() >= 4 && self.gazetteer.may_begin(stem))
    }

    /// Whether a word tells of harm.
    fn is_harm(&self, lower: &str) -> bool {
        lower.len() >= 4 && self.sets.begins(lower, Set::BeginsHarm) || self.sets.has(lower, Set::Harm)
    }

    fn role(&self, at: usize) -> Roles {
        self.roles.get(at).copied().unwrap_or_default()
    }

    fn key(&self, at: usize) -> &str {
        self.spans.get(at).map_or("", |span| &self.keys[span.clone()])
    }

    /// The mention that a dateline stands for: "HOMS, Syria".
    pub(super) fn dateline(&self, line: &str) -> Option<Mention> {
        let mut parts = line.split([',', '/', '(', ')']).map(str::trim).filter(|part| !part.is_empty());
        let name = parts.next()?;
        let mut found = Vec::new();
        self.gazetteer.exact(&annals_gazetteer::key(name), &mut found);
        let area = parts.next().map(annals_gazetteer::key).unwrap_or_default();
        let stated = self.words.abbreviation(&area);
        if stated.is_none() {
            let mut areas = Vec::new();
            self.gazetteer.exact(&area, &mut areas);
            let lies = |id: &PlaceId| {
                areas
                    .iter()
                    .any(|&area| super::resolve::lies_in(self.gazetteer, *id, &self.gazetteer.place(area)))
            };
            if found.iter().any(lies) {
                found.retain(lies);
            }
        }
        // Written small where it is some place's own name, not what another place is called too.
        let own = |id: &PlaceId| {
            annals_gazetteer::key(self.gazetteer.place(*id).name) == annals_gazetteer::key(name)
        };
        let first = *found.iter().find(|id| own(id)).or(found.first())?;
        Some(Mention {
            name: self.gazetteer.place(first).name.to_owned(),
            tokens: 0..0,
            sentence: 0,
            title: true,
            standing: Standing::Bare,
            level: Level::Settlement,
            near: false,
            part: false,
            force: false,
            dateline: true,
            line: true,
            facility: false,
            aside: false,
            origin: false,
            quarter: false,
            harm: false,
            candidates: found,
            choice: None,
            container: None,
            contains: false,
            stated,
            key: annals_gazetteer::key(name),
            common_adm_1: None,
            common_country: None,
        })
    }

    /// Tries to read a name that begins at a token of the sentence. Gives the number of tokens it took.
    #[allow(clippy::too_many_arguments)]
    fn name(
        &mut self,
        document: &Document<'_>,
        index: usize,
        sentence: &Sentence,
        titled: bool,
        at: usize,
        first: usize,
        mentions: &mut Vec<Mention>,
    ) -> usize {
        let base = sentence.tokens.start;
        let info = &document.tokens()[base + at];
        if info.kind != TokenKind::Word
            || self.key(at).is_empty()
            || !matches!(info.case, Case::Title | Case::Upper)
        {
            return 1;
        }
        if self.words.demonym(document.lower(base + at)).is_some() {
            return 1;
        }
        let mut found = std::mem::take(&mut self.found);
        let (positions, count) = self.positions(document, base, at);
        found.clear();
        let matched = if self.is_head(self.key(at)) {
            let keys = positions[..count].iter().map(|&position| self.key(position));
            let longest = self.gazetteer.longest(keys, &mut found);
            longest.map(|matched| positions[matched.words - 1] + 1).or_else(|| self.genitive(at, &mut found))
        } else {
            None
        };
        let (end, known) = match matched {
            Some(end) => (end, true),
            // A name that no gazetteer lists, but that the sentence puts somewhere.
            None => (self.run(document, base, at), false),
        };
        // What no gazetteer lists can be a name only in a text whose capitals tell names.
        if !known
            && (sentence.capitals
                || titled
                || !self.role(at).is_empty()
                || self.spans[at].len() < 4
                || info.word != WordId::UNKNOWN)
        {
            self.found = found;
            return 1;
        }
        let used = self.judge(document, index, sentence, titled, at..end, known, &found, first, mentions);
        found.clear();
        self.found = found;
        used
    }

    /// "Syrias Idlib": a country or division whose genitive lost its apostrophe.
    fn genitive(&self, at: usize, found: &mut Vec<PlaceId>) -> Option<usize> {
        let stem = self.key(at).strip_suffix('s').filter(|stem| stem.len() >= 4)?;
        self.gazetteer.exact(stem, found);
        found.retain(|&id| matches!(self.gazetteer.place(id).kind, Kind::Country | Kind::Adm1));
        (!found.is_empty()).then_some(at + 1)
    }

    /// Tokens that a name from `at` on may hold: words that touch, a full stop after "St" passed over.
    fn positions(&self, document: &Document<'_>, base: usize, at: usize) -> ([usize; MOST_WORDS], usize) {
        let mut positions = [0; MOST_WORDS];
        let mut count = 0;
        let mut next = at;
        while count < MOST_WORDS && next < self.spans.len() {
            if self.key(next).is_empty() {
                let short = next == at + 1
                    && self.sets.has(self.key(at), Set::Stopped)
                    && document.lower(base + next) == ".";
                if !short {
                    break;
                }
            } else {
                positions[count] = next;
                count += 1;
            }
            next += 1;
        }
        (positions, count)
    }

    /// Whether a token is the name of a country, a division or a great city by itself.
    fn is_large(&self, at: usize) -> bool {
        let mut found = Vec::new();
        self.gazetteer.exact(self.key(at), &mut found);
        found.iter().any(|&id| {
            let place = self.gazetteer.place(id);
            matches!(place.kind, Kind::Country | Kind::Adm1) || place.population >= 300_000
        })
    }

    /// End of the run of capitalised words from `at` on.
    fn run(&self, document: &Document<'_>, base: usize, at: usize) -> usize {
        let mut end = at + 1;
        while end < self.spans.len() && end < at + 4 {
            let info = &document.tokens()[base + end];
            if info.kind != TokenKind::Word
                || !matches!(info.case, Case::Title | Case::Upper)
                || !self.role(end).is_empty()
            {
                break;
            }
            end += 1;
        }
        end
    }
}

/// Whether most words of a sentence in small letters have a capital: a headline in title case.
fn is_titled(document: &Document<'_>, sentence: &Sentence) -> bool {
    let (mut titled, mut small) = (0, 0);
    for token in &document.tokens()[sentence.tokens.clone()] {
        if token.kind == TokenKind::Word && token.end - token.start >= 4 {
            match token.case {
                Case::Title | Case::Upper => titled += 1,
                Case::Lower => small += 1,
                Case::None => {}
            }
        }
    }
    titled >= 3 && small * 3 <= titled
}
