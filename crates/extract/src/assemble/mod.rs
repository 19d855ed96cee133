//! Gathers figures into incidents and claims.

use annals_plugin::{Article, Claim, EventType, Incident, Scope};

use crate::text::Document;
use crate::toll::Toll;

/// Fills the incidents and claims of an article.
pub fn assemble(article: &mut Article, document: &Document<'_>, tolls: &[Toll]) {
    let Some(first) = tolls.first() else { return };
    let offsets = |sentence: usize| {
        let sentence = &document.sentences()[sentence];
        (document.char_offset(sentence.start as usize), document.char_offset(sentence.end as usize))
    };
    let (start, end) = offsets(first.sentence);
    article.incidents = vec![Incident {
        incident_id: format!("{}-i0", article.article_id),
        main: true,
        event_type: EventType::Attack,
        weapons: Vec::new(),
        when: None,
        place: None,
        perpetrators: Vec::new(),
        start,
        end,
        event_id: None,
    }];
    let ids: Vec<String> = (0..tolls.len()).map(|index| format!("{}-{index}", article.article_id)).collect();
    article.claims = tolls
        .iter()
        .enumerate()
        .map(|(index, toll)| {
            let (start, end) = offsets(toll.sentence);
            let scope = toll.scope.unwrap_or(Scope::Incident);
            Claim {
                claim_id: ids[index].clone(),
                incident: (scope == Scope::Incident).then_some(0),
                event_id: None,
                event_type: EventType::Attack,
                outcome: toll.outcome,
                victims: toll.victims,
                low: toll.low,
                high: toll.high,
                qualifier: toll.qualifier,
                scope,
                modality: toll.modality,
                when: None,
                place: None,
                perpetrator: None,
                source: None,
                part_of: toll.part_of.map(|whole| ids[whole].clone()),
                quote: document.sentence(toll.sentence).to_owned(),
                start,
                end,
            }
        })
        .collect();
}
