//! Tells from its words whether a figure sums a period.

use std::ops::Range;

use annals_plugin::{Outcome, Scope};

use crate::lexicon::Class;
use crate::number::Figure;
use crate::text::{Document, Kind};

/// So many are not killed or injured by one incident of any war that news tells of.
const BEYOND_ONE_INCIDENT: u64 = 10_000;

/// [`Scope::Total`] where the clause names a span of time or a war that its figure sums; `None` where it says nothing.
pub(super) fn scope(
    document: &Document<'_>,
    clause: &Range<usize>,
    outcome: Outcome,
    figure: &Figure,
) -> Option<Scope> {
    let deadly = matches!(outcome, Outcome::Killed | Outcome::Injured | Outcome::Casualties);
    if deadly && figure.low.is_some_and(|low| low >= BEYOND_ONE_INCIDENT) {
        return Some(Scope::Total);
    }
    // One person is no sum.
    if deadly && figure.low == Some(1) && figure.high == Some(1) {
        return None;
    }
    let word = |at: usize| if at < clause.end { document.lower(at) } else { "" };
    let tokens = document.tokens();
    let has = |at: usize, class: Class| at < clause.end && tokens[at].classes.has(class);
    let number = |at: usize| {
        at < clause.end && (tokens[at].kind == Kind::Number || tokens[at].classes.has(Class::Number))
    };
    let year = |at: usize| is_year(word(at));
    let period = |at: usize| has(at, Class::Period);
    let total = clause.clone().any(|at| match word(at) {
        // "since 2011", "since March", "since the start of the war", "since its intervention"
        "since" => {
            let today = matches!(
                word(at + 1),
                "dawn" | "morning" | "midnight" | "early" | "yesterday" | "last" | "the"
            ) && matches!(
                word(at + 2),
                "morning"
                    | "night"
                    | "evening"
                    | "dawn"
                    | "early"
                    | "strike"
                    | "attack"
                    | "bombing"
                    | "blast"
                    | "explosion"
                    | "hours"
            );
            let weekday = (at + 1..at + 3).any(|near| has(near, Class::Weekday));
            !(today
                || weekday
                || word(at + 1) == "dawn"
                || word(at + 1) == "midnight"
                || word(at + 1) == "yesterday"
                || word(at + 1) == "morning")
        }
        "so" => {
            word(at + 1) == "far" && matches!(word(at + 2), "this" | "in") && (period(at + 3) || year(at + 3))
        }
        "this" => matches!(word(at + 1), "year" | "month") && has_total_shape(document, clause),
        "to" => word(at + 1) == "date",
        "during" | "over" | "in" | "for" | "within" | "throughout" => {
            let next = if matches!(word(at + 1), "the" | "its" | "their") { at + 2 } else { at + 1 };
            // "over the past three months", "in the last year"
            let past = matches!(word(next), "past" | "last" | "previous" | "recent")
                && (period(next + 1) || number(next + 1) && (period(next + 2)));
            let span = number(next)
                && matches!(word(next + 1), "months" | "years" | "weeks" | "decades" | "year" | "month")
                && !matches!(word(next + 2), "old");
            let war = has(next, Class::War) && next > at + 1 && matches!(word(at), "during" | "throughout");
            past || span || war
        }
        "every" | "each" => matches!(word(at + 1), "year" | "month" | "day" | "week"),
        "last" => matches!(word(at + 1), "year" | "month") && has_total_shape(document, clause),
        "war" | "conflict" | "uprising" | "revolution" | "civil-war" | "insurgency" => {
            // "the war has killed", "the conflict in Syria has claimed": the war itself as subject.
            (at + 1..at + 7).any(|next| {
                matches!(word(next), "has" | "have") && !matches!(word(next + 1), "been" | "seen")
            }) && !(at + 1..at + 7)
                .any(|next| matches!(word(next), "monitor" | "observatory" | "group" | "says" | "said"))
        }
        _ => false,
    });
    let from_to = spans(document, clause);
    // "the war in Syria", but not "a war monitor" or "war crimes"
    let war = |at: usize| {
        matches!(word(at), "war" | "conflict" | "uprising" | "revolution" | "insurgency" | "crackdown")
            && !matches!(
                word(at + 1),
                "monitor"
                    | "monitors"
                    | "monitoring"
                    | "crime"
                    | "crimes"
                    | "criminal"
                    | "criminals"
                    | "planes"
                    | "zone"
                    | "monitor's"
            )
    };
    let perfect = clause.clone().any(|at| {
        matches!(word(at), "have" | "has") && (at + 1..at + 4).any(|next| has(next, Class::Trigger))
    });
    // "this escalation resulted in the deaths of 66": the doer is a campaign.
    let campaign = clause.clone().any(|at| {
        has(at, Class::War)
            && matches!(word(at.wrapping_sub(1)), "this" | "the" | "its" | "their" | "latest" | "recent")
            && at < clause.start + 6
            && !(clause.start..at).any(|before| has(before, Class::Preposition))
            && word(at + 1) != "of"
            && deadly
    });
    // "have been killed in the country's conflict", "has killed thousands of children"
    let whole_war = perfect
        && (clause.clone().any(war)
            || figure.qualifier == annals_plugin::Qualifier::Vague
                && figure.low.is_some_and(|low| low >= 1000));
    (total || from_to || campaign || deadly && whole_war).then_some(Scope::Total)
}

/// Whether a span names the time from one month or year to another.
pub(crate) fn spans(document: &Document<'_>, clause: &Range<usize>) -> bool {
    let word = |at: usize| if at < clause.end { document.lower(at) } else { "" };
    let has = |at: usize, class: Class| at < clause.end && document.tokens()[at].classes.has(class);
    let year = |at: usize| is_year(word(at));
    clause.clone().any(|at| {
        word(at) == "from"
            && (at + 1..at + 6).any(|next| year(next) || has(next, Class::Month) || has(next, Class::Period))
            && (at + 2..at + 12).any(|next| {
                matches!(word(next), "to" | "until" | "through")
                    && (next + 1..next + 4).any(|end| has(end, Class::Month) || year(end))
            })
            || word(at) == "between" && (year(at + 1) && year(at + 3))
    })
}

fn is_year(word: &str) -> bool {
    word.len() == 4
        && (word.starts_with("19") || word.starts_with("20"))
        && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a clause is put as a tally: "have been killed", "a total of".
fn has_total_shape(document: &Document<'_>, clause: &Range<usize>) -> bool {
    let word = |at: usize| if at < clause.end { document.lower(at) } else { "" };
    clause
        .clone()
        .any(|at| matches!(word(at), "have" | "has") && word(at + 1) == "been" || word(at) == "total")
}
