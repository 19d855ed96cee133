//! Tells a figure of one incident from a sum over a period or a war.

use annals_plugin::Scope;

use super::Cue;
use super::scene::Scene;
use super::setting::Setting;
use crate::lexicon::Set;
use crate::toll::{Toll, spans};

/// An incident may be dated to a week; what is dated to a month or a year is a sum.
const WEEK: i32 = 7;
/// A count over a span of more days than these is a sum.
const MOST_DAYS: i32 = 5;

/// The scope of a figure whose own wording leaves it open.
pub(super) fn of(toll: &Toll, scene: &Scene<'_, '_>, setting: &Setting<'_, '_>) -> Scope {
    let number = toll.low.or(toll.high).unwrap_or(0);
    if number == 1 && toll.high == Some(1) {
        return Scope::Incident;
    }
    if (scene.cued(&toll.clause, Cue::Several) || scene.cued(&toll.clause, Cue::Span)) && number > 1 {
        return Scope::Total;
    }
    // "the war has killed 400": the doer is no party but the war.
    let agent = toll.agent.as_ref().is_some_and(|agent| scene.cued(agent, Cue::War));
    if agent && number > 20 {
        return Scope::Total;
    }
    let when = setting.time_at(toll.sentence, toll.number.start);
    let days = when.map(|when| (when.end - when.start).get_days());
    // "These attacks left …" sums what the sentence before dates.
    let sentence = scene.document.sentences()[toll.sentence].tokens.clone();
    let goes_on = sentence.clone().any(|token| scene.document.is(token, Set::TheseOrThis));
    let before = toll.sentence.checked_sub(1).filter(|&before| {
        let paragraph = |sentence: usize| scene.document.sentences()[sentence].paragraph;
        goes_on && when.is_none() && paragraph(before) == paragraph(toll.sentence)
    });
    // "… from the start of this year to November. These attacks left …"
    if before.is_some_and(|before| spans(scene.document, &scene.document.sentences()[before].tokens)) {
        return Scope::Total;
    }
    let told = before.and_then(|before| setting.longest_time(before)).or(when);
    if told.is_some_and(|when| (when.end - when.start).get_days() > WEEK)
        && !scene.tells_one_deed(&toll.clause)
    {
        return Scope::Total;
    }
    if scene.cued(&toll.clause, Cue::Period) && days.is_none_or(|days| days > MOST_DAYS) {
        return Scope::Total;
    }
    Scope::Incident
}
