//! Whether a name is a place there, and what its neighbours say of it: in or near, city or division, a quarter or a body that serves it.

use std::ops::Range;

use annals_gazetteer::{Kind, PlaceId};

use super::{Level, MOST_BETWEEN, MOST_CARRIED, Mention, Scanner, Standing};
use crate::lexicon::{Class, Set};
use crate::place::words::{Role, Roles};
use crate::text::{Case, Document, Kind as TokenKind, Sentence};

/// Roles of words that stand before a place and make no name of a person or body with it.
const OPENS_PLACE: [Role; 5] =
    [Role::Direction, Role::Settlement, Role::Adm1, Role::Locative, Role::WeakLocative];

impl Scanner<'_> {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn judge(
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

        let is_division =
            || found.iter().any(|&id| matches!(self.gazetteer.place(id).kind, Kind::Country | Kind::Adm1));
        // "SANA" in a text in small letters is an acronym, but for countries and datelines.
        let acronym = one && info_upper && !capitals && self.key(range.start).len() <= 4 && range.start > 0;
        // "D.C." is a place, "DC" may be a comic.
        let stopped = lower(range.start).contains('.') && large;
        if acronym && !stopped && !is_division() {
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
        if one && !stopped && self.key(range.start).len() < 3 && !is_division() {
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
            && !prior_role.any(&OPENS_PLACE);
        if person && !(capitals && large) {
            if let Some(last) = self.spans.get(range.end - 1) {
                self.persons.insert(self.keys[last.clone()].to_owned());
            }
            return length;
        }
        let in_name = prior_name
            && !capitals
            && !titled
            && !prior_role.any(&OPENS_PLACE)
            && !prior_role.any(&[Role::Spot, Role::Near, Role::Adm2])
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
