//! Tells a figure of one incident from a sum over a period or a war.

use annals_plugin::Scope;

use super::Cue;
use super::scene::Scene;
use super::setting::Setting;
use crate::toll::Toll;

/// A count over more days than these is a sum.
const MOST_DAYS: i32 = 5;

/// The scope of a figure whose own wording leaves it open.
pub(super) fn of(toll: &Toll, scene: &Scene<'_, '_>, setting: &Setting<'_, '_>) -> Scope {
    let sentence = &scene.document.sentences()[toll.sentence].tokens;
    let number = toll.low.or(toll.high).unwrap_or(0);
    // "the war has killed 400": the doer is no party but the war.
    let agent = toll.agent.as_ref().is_some_and(|agent| scene.cued(agent, Cue::War));
    if agent && number > 20 {
        return Scope::Total;
    }
    if let Some(when) = setting.time_at(toll.sentence, toll.number.start) {
        let days = (when.end - when.start).get_days();
        if when.precision >= 3 && days > MOST_DAYS {
            return Scope::Total;
        }
        if when.precision <= 2 {
            return Scope::Incident;
        }
    }
    if scene.cued(&toll.clause, Cue::Period) || (scene.cued(sentence, Cue::Period) && number > 20) {
        return Scope::Total;
    }
    Scope::Incident
}
