//! Reads names of places and the words beside them.

use std::ops::Range;

use annals_gazetteer::{Gazetteer, Kind, PlaceId, push_key};
use rustc_hash::FxHashSet;

use super::words::{Home, Role, Roles, Words};
use crate::language::Language;
use crate::lexicon::{Class, Set, Sets, WordId};
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

    #[allow(clippy::too_many_arguments)]
    fn judge(
        &mut self,
        document: &Document<'_>,
        index: usize,
        sentence: &Sentence,
        titled: bool,
        range: Range<usize>,
        known: bool,
        found: &[PlaceId],
        first: usize,
        mentions: &mut Vec<Mention>,
    ) -> usize {
        let base = sentence.tokens.start;
        let length = range.len();
        let token = |at: usize| (base + at < sentence.tokens.end).then(|| &document.tokens()[base + at]);
        let lower = |at: usize| if base + at < sentence.tokens.end { document.lower(base + at) } else { "" };
        let is_name = |at: usize| {
            token(at).is_some_and(|token| {
                token.kind == TokenKind::Word && matches!(token.case, Case::Title | Case::Upper)
            })
        };
        let large = found.iter().any(|&id| {
            let place = self.gazetteer.place(id);
            matches!(place.kind, Kind::Country | Kind::Adm1 | Kind::Region | Kind::Water)
                || place.population >= 300_000
        });
        let stated = self.stated(&lower, range.end);
        let one = length == 1;
        let info_upper = token(range.start).is_some_and(|token| token.case == Case::Upper);
        let mut next = range.end;
        let after = self.role(next);
        let capitals = sentence.capitals;
        let (preposition, near, countryside, direction, kind_word, before_at) =
            self.before(document, base, range.start, &lower);
        // A list inherits: "in Homs, Hama and Idlib".
        let listed = mentions[first..].last().filter(|last| {
            let gap = last.tokens.end..base + range.start;
            gap.len() <= 2
                && gap.clone().all(|at| {
                    let between = document.lower(at);
                    between == "," || self.sets.has(between, Set::Joins)
                })
                && !gap.is_empty()
        });
        let joined = listed.is_some();
        let inherits = listed.is_some_and(|last| last.standing == Standing::Located);
        let strong = preposition == Some(Role::Locative) || inherits;
        let division_after = after.any(&[Role::Adm1, Role::Settlement, Role::Adm2]);

        // "SANA" in a text in small letters is an acronym, but for countries and datelines.
        let acronym = one && info_upper && !capitals && self.key(range.start).len() <= 4 && range.start > 0;
        // "D.C." is a place, "DC" may be a comic.
        let stopped = lower(range.start).contains('.') && large;
        if acronym
            && !stopped
            && !found.iter().any(|&id| matches!(self.gazetteer.place(id).kind, Kind::Country | Kind::Adm1))
        {
            return 1;
        }
        // A local outlet's "in Spring" and "Enterprise police" are places of its state.
        let inside = before_at == range.start.checked_sub(1)
            && before_at.is_some_and(|at| self.sets.has(lower(at), Set::Inside));
        let here = (inside || after.has(Role::Force)) && !capitals && self.is_here(found);
        // "White House" is another name of Casablanca, and yet not meant.
        let other_name = || !found.iter().any(|&id| self.is_named(id, &range));
        if !one
            && !here
            && range.clone().all(|at| self.role(at).has(Role::NotPlace))
            && (!large || other_name())
        {
            return length;
        }
        let at_home = here || self.home.as_ref().is_some_and(|(_, key)| key == self.key(range.start));
        if one && self.role(range.start).has(Role::NotPlace) && stated.is_none() && !at_home {
            // "Reading, Pennsylvania" and "Mobile county" are places all the same.
            let large_here = large && strong && !capitals;
            if !(large_here || division_after && strong) {
                return 1;
            }
        }
        if one
            && !stopped
            && self.key(range.start).len() < 3
            && !found.iter().any(|&id| matches!(self.gazetteer.place(id).kind, Kind::Country | Kind::Adm1))
        {
            return 1;
        }
        if one
            && (known || !strong)
            && self.role(range.start).any(&[Role::Direction, Role::Title, Role::Locative, Role::WeakLocative])
        {
            return 1;
        }

        // A name before or behind makes it a person or a body.
        let prior = range.start.checked_sub(1);
        let prior_role = prior.map_or(Roles::default(), |prior| self.role(prior));
        let prior_name = prior.is_some_and(|prior| {
            is_name(prior)
                && self.words.demonym(lower(prior)).is_none()
                && (prior > 0 || prior_role.any(&[Role::Title, Role::Given]))
        });
        let person = prior_role.any(&[Role::Title, Role::Given])
            && prior.is_some_and(is_name)
            && !(capitals && strong)
            && !prior_role.any(&[
                Role::Direction,
                Role::Settlement,
                Role::Adm1,
                Role::Locative,
                Role::WeakLocative,
            ]);
        if person && !(capitals && large) {
            if let Some(last) = self.spans.get(range.end - 1) {
                self.persons.insert(self.keys[last.clone()].to_owned());
            }
            return length;
        }
        let in_name = prior_name
            && !capitals
            && !titled
            && !prior_role.any(&[
                Role::Direction,
                Role::Settlement,
                Role::Adm1,
                Role::Locative,
                Role::WeakLocative,
                Role::Spot,
                Role::Near,
                Role::Adm2,
            ])
            && mentions[first..].last().is_none_or(|last| last.tokens.end != base + range.start);
        // "a boy named Hayden", but "a village named Hayden".
        let named = prior_role.has(Role::Naming)
            && !(range.start.saturating_sub(4)..range.start)
                .any(|at| self.role(at).any(&[Role::Settlement, Role::Spot, Role::Adm1, Role::Adm2]));
        if named && one {
            self.persons.insert(self.key(range.start).to_owned());
            return length;
        }
        let clitic = self.sets.has(lower(next), Set::Owner);
        let mut standing = if strong { Standing::Located } else { Standing::Bare };
        let mut force = false;
        let mut facility = false;
        let dateline = index < 4
            && range.start == 0
            && !capitals
            && info_upper
            && (token(range.end).is_some_and(|after| after.kind == TokenKind::Mark));
        let mut level = Level::Open;
        let mut near = near;
        let mut part = direction.is_some();
        let mut end = range.end;
        if after.has(Role::Adm1) || kind_word == Some(Role::Adm1) {
            level = Level::Adm1;
            if standing == Standing::Bare && preposition.is_some() {
                standing = Standing::Located;
            }
        } else if after.any(&[Role::Settlement, Role::Spot]) || kind_word == Some(Role::Settlement) {
            level = Level::Settlement;
            if standing == Standing::Bare && preposition.is_some() {
                standing = Standing::Located;
            }
        } else if after.has(Role::Countryside) || countryside {
            level = Level::Adm1;
            part = true;
        } else if after.has(Role::Near) {
            near = true;
            level = Level::Settlement;
        } else if direction.is_some() && !near {
            level = Level::Adm1;
        }
        let after_name = is_name(next) && !titled && !capitals || is_name(next) && !after.is_empty();
        // "Aleppo University" is a body, "Aleppo University Hospital" a place.
        let house = after.has(Role::Facility) && is_name(next + 1) && self.role(next + 1).has(Role::Facility);
        if after.has(Role::Organisation) && !house && (after_name || capitals) {
            return length;
        }
        if after.has(Role::Street) && (is_name(next) || self.home.is_some()) {
            return length + 1;
        }
        if after.has(Role::Force) {
            force = true;
            standing = Standing::Hint;
        } else if after.has(Role::Facility) && (is_name(next) || !after.has(Role::Direction)) {
            if is_name(next) && !titled && !capitals {
                // "Aleppo University Hospital": the name goes on.
                while is_name(next) && self.role(next).has(Role::Facility) && next < range.end + 4 {
                    next += 1;
                }
                if self.role(next).has(Role::Organisation) && is_name(next) {
                    return next - range.start;
                }
                if !known {
                    return next - range.start;
                }
                end = next;
                facility = true;
                level = Level::Settlement;
                near = true;
            }
        } else if after_name
            && !division_after
            && !after.any(&[Role::Locative, Role::WeakLocative, Role::Direction, Role::Spot, Role::Near])
            && self.words.demonym(lower(next)).is_none()
        {
            // "Houston Rodriguez", "Aleppo Today": a name of something else; "Aleppo Hama Homs" is a list that lost its commas.
            // "the city of Tabqa Syria": its country follows without a comma.
            let container = (kind_word.is_some() || preposition.is_some()) && self.is_large(next);
            if !known || !large && stated.is_none() && !container {
                let governed = strong && before_at == Some(range.start.wrapping_sub(1));
                if one && !(known && governed) {
                    return length;
                }
                if governed {
                    standing = Standing::Bare;
                }
            } else if !self.is_large(next) {
                standing = Standing::Hint;
            }
        }
        if clitic && self.role(next + 1).any(&[Role::Force, Role::Organisation]) {
            standing = Standing::Hint;
        }
        // "98 villagers from the towns of Fuaa and Kafraya": where those harmed are from is not where they were harmed.
        let origin = before_at.is_some_and(|at| {
            at > 0
                && self.sets.has(lower(at), Set::From)
                && document.tokens()[base + at - 1].classes.has(Class::Victim)
        });
        let goes_on = mentions[first..].last().is_some_and(|last| {
            let between = (last.tokens.end - base).min(range.start)..range.start;
            last.origin
                && between.len() <= MOST_BETWEEN
                && between.into_iter().all(|at| {
                    self.sets.has(lower(at), Set::Joins) || self.sets.has(lower(at), Set::WithinArea)
                })
        });
        let origin = origin || goes_on;
        let aside = self.is_aside(&lower, range.start)
            || self.home.is_some() && after.has(Role::Medical) && !is_name(next);
        if aside {
            standing = Standing::Hint;
        }
        let quarter = after.has(Role::Quarter);
        if after.has(Role::Speech) && !strong && preposition.is_none() {
            if !large {
                return length;
            }
            standing = Standing::Hint;
            // "Washington and Paris say": both speak.
            if let Some(last) =
                mentions[first..].last_mut().filter(|last| joined && last.standing == Standing::Bare)
            {
                last.standing = Standing::Hint;
            }
        }
        if in_name && stated.is_none() {
            if !(large && strong) {
                if let Some(last) = self.spans.get(range.end - 1).filter(|_| preposition.is_none()) {
                    self.persons.insert(self.keys[last.clone()].to_owned());
                }
                return length;
            }
            standing = Standing::Hint;
        }
        if capitals
            && !strong
            && preposition.is_none()
            && !division_after
            && stated.is_none()
            && !large
            && base + range.start > sentence.tokens.start
        {
            return length;
        }
        if !known {
            // What no gazetteer lists counts only where the sentence says that it is a place.
            let said = stated.is_some() && preposition.is_some()
                || kind_word.is_some() && preposition.is_some()
                || strong && (near || after.any(&[Role::Spot, Role::Settlement]));
            let plausible = !capitals
                && !titled
                && self.role(range.start).is_empty()
                && self.key(range.start).len() >= 4
                && self.words.is_plain_name(lower(range.start), self.sets);
            if !(plausible && (said || strong && before_at == Some(range.start.wrapping_sub(1)))) {
                return 1;
            }
            if in_name {
                return length;
            }
        }
        let key_end = range.end;
        let mut key = String::new();
        for at in range.start..key_end {
            if !self.key(at).is_empty() {
                if !key.is_empty() {
                    key.push(' ');
                }
                key.push_str(self.key(at));
            }
        }
        mentions.push(Mention {
            name: document.span(&(base + range.start..base + end)).to_owned(),
            tokens: base + range.start..base + end,
            sentence: index,
            title: false,
            standing,
            level,
            near,
            part,
            force,
            dateline,
            line: false,
            facility,
            aside,
            origin,
            quarter,
            harm: false,
            candidates: found.to_vec(),
            choice: None,
            container: None,
            contains: false,
            stated,
            key,
            common_adm_1: None,
            common_country: None,
        });
        end - range.start
    }

    /// Whether some tokens are a place's own name, not another one.
    fn is_named(&self, id: PlaceId, range: &Range<usize>) -> bool {
        let name = annals_gazetteer::key(self.gazetteer.place(id).name);
        let keys = range.clone().map(|at| self.key(at)).filter(|key| !key.is_empty());
        let mut rest = name.as_str();
        for key in keys {
            match rest.strip_prefix(key) {
                Some(after) => rest = after.trim_start(),
                None => return false,
            }
        }
        // "New York City"
        rest.is_empty() || self.words.roles(rest).has(Role::Settlement)
    }

    /// Whether one of some places is a settlement of the division that the outlet is at home in.
    fn is_here(&self, found: &[PlaceId]) -> bool {
        self.home.as_ref().is_some_and(|(home, _)| {
            found.iter().any(|&id| {
                let place = self.gazetteer.place(id);
                place.kind == Kind::Settlement
                    && place.country == Some(home.country)
                    && place.adm_1 == Some(home.adm_1)
            })
        })
    }

    /// Whether victims or suspects are only brought to a name: words of carrying stand nearer before it than words of harm.
    fn is_aside<'t>(&self, lower: &impl Fn(usize) -> &'t str, start: usize) -> bool {
        for at in (start.saturating_sub(MOST_CARRIED)..start).rev() {
            if self.role(at).has(Role::Carried) {
                return true;
            }
            if self.is_harm(lower(at)) || self.sets.has(lower(at), Set::NewClause) {
                return false;
            }
        }
        false
    }

    /// The division that an abbreviation after a comma states: "Cheraw, S.C."
    fn stated<'t>(
        &self,
        lower: &impl Fn(usize) -> &'t str,
        end: usize,
    ) -> Option<(&'static str, &'static str)> {
        if lower(end) != "," {
            return None;
        }
        let word = lower(end + 1);
        if word.len() > 5 || word.is_empty() {
            return None;
        }
        let stopped = word.contains('.') || lower(end + 2) == ".";
        let capital = self.spans.get(end + 1).is_some_and(|span| !span.is_empty());
        let key: String = word.chars().filter(|&character| character != '.').collect();
        self.words
            .abbreviation(&key)
            .filter(|_| capital && (stopped || matches!(lower(end + 2), "," | ")" | "" | "-")))
    }

    /// Looks back from a name for the preposition that governs it and for words that place it: nearness, countryside, a direction, the kind
    /// of place. Gives them, and where the preposition stands.
    #[allow(clippy::type_complexity)]
    fn before<'t>(
        &self,
        document: &Document<'_>,
        base: usize,
        start: usize,
        lower: &impl Fn(usize) -> &'t str,
    ) -> (Option<Role>, bool, bool, Option<()>, Option<Role>, Option<usize>) {
        let (mut near, mut countryside, mut direction, mut kind_word) = (false, false, None, None);
        let mut weak = None;
        let mut others = 0;
        for at in (start.saturating_sub(MOST_BETWEEN)..start).rev() {
            let roles = self.role(at);
            let token = &document.tokens()[base + at];
            if token.kind == TokenKind::Mark {
                if matches!(lower(at), "-" | "\u{2019}" | "'" | "\u{201c}" | "\"" | "`") {
                    continue;
                }
                break;
            }
            if roles.has(Role::Near) {
                near = true;
            }
            if roles.has(Role::Countryside) {
                countryside = true;
            }
            if roles.has(Role::Direction) {
                // "north of Homs" is near it; "northern Homs" is a part of it.
                if self.sets.has(lower(at + 1), Set::Of) {
                    near = true;
                } else {
                    direction = Some(());
                }
            }
            if roles.has(Role::Locative) {
                return (Some(Role::Locative), near, countryside, direction, kind_word, Some(at));
            }
            if roles.has(Role::WeakLocative) {
                weak = Some((Role::WeakLocative, at)).or(weak);
                if !self.sets.has(lower(at), Set::Of) {
                    break;
                }
                continue;
            }
            if kind_word.is_none() {
                kind_word = [Role::Adm1, Role::Settlement, Role::Spot]
                    .into_iter()
                    .find(|&role| roles.has(role))
                    .map(|role| if role == Role::Spot { Role::Settlement } else { role })
                    .filter(|_| weak.is_some() || at + 1 == start);
            }
            if roles.is_empty() && !self.sets.has(lower(at), Set::Article) {
                others += 1;
                if others > 3 {
                    break;
                }
            }
        }
        (weak.map(|(role, _)| role), near, countryside, direction, kind_word, weak.map(|(_, at)| at))
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
