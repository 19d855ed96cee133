//! Tells from its words whether a figure sums a period.

use std::ops::Range;

use annals_plugin::{Outcome, Qualifier, Scope};

use crate::lexicon::{Class, Set, Sets};
use crate::number::Figure;
use crate::text::{Document, Kind};

/// So many are not killed or injured by one incident of any war that news tells of.
const BEYOND_ONE_INCIDENT: u64 = 10_000;
/// A vague word for so many tells of a whole war.
const VAGUE_OF_A_WAR: u64 = 1_000;
/// A span of more days than these is longer than an incident.
const MOST_DAYS: u64 = 5;

/// A figure with the clause that it stands in.
pub(super) struct Told<'a> {
    pub(super) document: &'a Document<'a>,
    pub(super) clause: &'a Range<usize>,
    pub(super) outcome: Outcome,
    pub(super) figure: &'a Figure,
    /// Where the figure and the words for what befell those counted end.
    pub(super) end: usize,
}

/// [`Scope::Total`] where the clause names a span of time or a war that its figure sums; `None` where it says nothing.
pub(super) fn scope(told: &Told<'_>) -> Option<Scope> {
    let figure = told.figure;
    let deadly = matches!(told.outcome, Outcome::Killed | Outcome::Injured | Outcome::Casualties);
    if deadly && figure.low.is_some_and(|low| low >= BEYOND_ONE_INCIDENT) {
        return Some(Scope::Total);
    }
    // One person is no sum.
    if deadly && figure.low == Some(1) && figure.high == Some(1) {
        return None;
    }
    // "killed two in the city that has been divided since 2012": what describes the rest of the clause sums nothing.
    let tokens = told.document.tokens();
    // "killed 12, bringing the toll since March to 80": nor does what the figure is added to.
    let ends = |at: usize| {
        tokens[at].classes.has(Class::Relative)
            || told.document.is(at, Set::Raises) && told.document.lower(at - 1) == ","
    };
    let end = (told.end.max(1)..told.clause.end).find(|&at| ends(at));
    let clause = Clause::new(told.document, told.clause.start..end.unwrap_or(told.clause.end));
    let sums = clause.span.clone().any(|at| clause.names_span(at))
        || spans(told.document, &clause.span)
        || deadly && (clause.has_campaign() || clause.of_whole_war(figure, told.outcome == Outcome::Killed));
    sums.then_some(Scope::Total)
}

/// The words of a clause.
struct Clause<'a> {
    document: &'a Document<'a>,
    span: Range<usize>,
    sets: &'a Sets,
}

impl<'a> Clause<'a> {
    fn new(document: &'a Document<'a>, span: Range<usize>) -> Self {
        Self { document, span, sets: &document.language().sets }
    }

    fn word(&self, at: usize) -> &str {
        if at < self.span.end { self.document.lower(at) } else { "" }
    }

    fn is(&self, at: usize, set: Set) -> bool {
        at < self.span.end && self.document.is(at, set)
    }

    fn has(&self, at: usize, class: Class) -> bool {
        at < self.span.end && self.document.tokens()[at].classes.has(class)
    }

    fn is_year(&self, at: usize) -> bool {
        let word = self.word(at);
        word.len() == 4
            && (word.starts_with("19") || word.starts_with("20"))
            && word.bytes().all(|byte| byte.is_ascii_digit())
    }

    fn is_number(&self, at: usize) -> bool {
        at < self.span.end && self.document.tokens()[at].kind == Kind::Number || self.has(at, Class::Number)
    }

    /// Whether a span of time that is summed over begins at a word.
    fn names_span(&self, at: usize) -> bool {
        // "since 2011", "since March", "since the start of the war", but not "since Monday" or "since the blast"
        let since = self.is(at, Set::Since)
            && !(at + 1..at + 4).any(|near| self.is(near, Set::Lately) || self.has(near, Class::Weekday));
        let so_far = self.is(at, Set::SoFar) && self.is(at + 1, Set::SoFarRest) && {
            let year = (at + 2..at + 4).any(|near| self.has(near, Class::Period) || self.is_year(near));
            year || self.is(at + 1, Set::Date)
        };
        let this_year = self.is(at, Set::ThisOrLast)
            && self.is(at + 1, Set::LongUnit)
            && has_total_shape(self.document, &self.span);
        let each = self.is(at, Set::Each)
            && self.document.tokens().get(at + 1).is_some_and(|next| next.classes.has(Class::Age));
        since || so_far || this_year || each || self.is(at, Set::Spans) && self.spans(at) || self.war_has(at)
    }

    /// "over the past three months", "in the last year", "for two years", "during the conflict"
    fn spans(&self, at: usize) -> bool {
        let next = at + 1 + usize::from(self.has(at + 1, Class::Determiner) && !self.is(at + 1, Set::This));
        let bygone = self.is(next, Set::Bygone);
        // "in less than 15 days"
        let number = next + if self.has(next, Class::Qualifier) { 2 } else { 0 };
        let many_days = self.is_number(number) && self.days_beyond(number);
        let period = self.has(next + 1, Class::Period)
            || self.is_number(next + 1) && (self.has(next + 2, Class::Period) || self.days_beyond(next + 1));
        let several = self.is_number(next) && self.is(next + 1, Set::Units) && !self.is(next + 2, Set::Old);
        let during = self.is(at, Set::Throughout);
        bygone && period || many_days || several || during && next > at + 1 && self.has(next, Class::War)
    }

    /// "the past 12 days" is longer than an incident lasts.
    fn days_beyond(&self, number: usize) -> bool {
        self.is(number + 1, Set::Days) && self.word(number).parse::<u64>().is_ok_and(|days| days > MOST_DAYS)
    }

    /// "the war has killed", "the conflict in Syria has claimed": the war itself as subject.
    fn war_has(&self, at: usize) -> bool {
        self.is(at, Set::WholeWar)
            && (at + 1..at + 7).any(|next| self.has(next, Class::Have) && !self.is(next + 1, Set::WasOrSeen))
            && !(at + 1..at + 7).any(|next| self.is(next, Set::OfWar))
    }

    /// "this escalation resulted in the deaths of 66": the doer is a campaign.
    fn has_campaign(&self) -> bool {
        // "According to a monitor, this escalation resulted in": the doer opens the clause, or goes on after a comma.
        const OPENING: usize = 6;
        const FIRST: usize = 20;
        let mut start = self.span.start;
        self.span.clone().take(FIRST).any(|at| {
            if self.word(at) == "," {
                start = at + 1;
            }
            at < start + OPENING
                && self.has(at, Class::War)
                && at > 0
                && self.document.is(at - 1, Set::Campaign)
                && !(start..at).any(|before| self.has(before, Class::Preposition))
                && !self.is(at + 1, Set::Of)
        })
    }

    /// "have been killed in the country's conflict", "has killed thousands of children", but not what a day is told of.
    fn of_whole_war(&self, figure: &Figure, told_dead: bool) -> bool {
        let perfect = self.span.clone().any(|at| {
            self.has(at, Class::Have) && (at + 1..at + 4).any(|next| self.has(next, Class::Trigger))
        });
        let war = |at: usize| self.is(at, Set::WholeWar) && !self.is(at + 1, Set::OfWar);
        let dated = |at: usize| self.has(at, Class::Weekday) || self.is(at, Set::Overnight);
        let vague =
            figure.qualifier == Qualifier::Vague && figure.low.is_some_and(|low| low >= VAGUE_OF_A_WAR);
        let lasting = |at: usize| {
            self.sets.ending(self.word(at), Set::EndsLong).is_some()
                && (at + 1..at + 4)
                    .any(|next| self.has(next, Class::War) || self.has(next, Class::NotVictims))
        };
        let undated = !self.span.clone().any(dated);
        vague && (told_dead || perfect)
            || self.span.clone().any(lasting)
            || perfect && undated && self.span.clone().any(war)
    }
}

/// Whether a span names the time from one month or year to another.
pub(crate) fn spans(document: &Document<'_>, span: &Range<usize>) -> bool {
    let clause = Clause::new(document, span.clone());
    let month = |at: usize| clause.is_year(at) || clause.has(at, Class::Month);
    span.clone().any(|at| {
        clause.is(at, Set::From)
            && (at + 1..at + 6).any(|next| month(next) || clause.has(next, Class::Period))
            && (at + 2..at + 12).any(|next| clause.is(next, Set::Until) && (next + 1..next + 4).any(month))
            || clause.is(at, Set::Between) && clause.is_year(at + 1) && clause.is_year(at + 3)
    })
}

/// Whether a clause is put as a tally: "have been killed", "a total of".
fn has_total_shape(document: &Document<'_>, span: &Range<usize>) -> bool {
    let clause = Clause::new(document, span.clone());
    let been = |at: usize| clause.has(at, Class::Have) && clause.has(at + 1, Class::Be);
    span.clone().any(|at| been(at) || clause.is(at, Set::Total))
}
