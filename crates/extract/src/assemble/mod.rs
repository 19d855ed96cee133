//! Gathers figures and events into incidents and claims.

mod knowledge;
mod scene;

pub use knowledge::Knowledge;

use annals_plugin::{Actor, Article, Claim, EventType, Incident, Scope};

use crate::actor::sections;
use crate::event::Ballot;
use crate::lexicon::Lexicon;
use crate::text::Document;
use crate::toll::Toll;
use scene::Scene;

sections! {
    /// How a sentence stands to what the article is about.
    Cue {
        /// Another event.
        Apart = "apart",
        /// An event that lies back.
        Before = "before",
        /// A span of time that figures are summed over.
        Period = "period",
        /// A whole war is the doer.
        War = "war",
        /// The event told of.
        Same = "same",
    }
}

/// How many sentences at the head of a text tell what it is about.
const LEAD: usize = 4;
/// How much more than other sentences headline and lead tell of what the article is about.
const TITLE_WEIGHT: u32 = 5;
const LEAD_WEIGHT: u32 = 2;

/// Fills the incidents and claims of an article.
pub fn assemble(article: &mut Article, document: &Document<'_>, tolls: &[Toll], lexicon: &Lexicon) {
    let knowledge = Knowledge::english();
    let title = article.title.clone().unwrap_or_default();
    let title = Document::new(&title, lexicon);
    let title_units = crate::phrases::Units::new(&title, &knowledge.words);
    let units = crate::phrases::Units::new(document, &knowledge.words);
    let focus = crate::actor::Focus::new(&knowledge.actors, [(&title_units, 3), (&units, 1)]);
    let head = Scene::new(knowledge, &title, &title_units, &focus, true);
    let body = Scene::new(knowledge, document, &units, &focus, false);
    let mut gathering = Gathering { article, document, tolls, head, body, incidents: Vec::new() };
    gathering.run();
}

struct Group {
    ballot: Ballot,
    parties: Vec<(Actor, u32)>,
    sentences: Vec<usize>,
    main: bool,
}

struct Gathering<'a, 'd> {
    article: &'a mut Article,
    document: &'a Document<'d>,
    tolls: &'a [Toll],
    head: Scene<'a, 'd>,
    body: Scene<'a, 'd>,
    incidents: Vec<Group>,
}

impl Gathering<'_, '_> {
    fn run(&mut self) {
        let sentences = self.document.sentences().len();
        let mut main =
            Group { ballot: Ballot::default(), parties: Vec::new(), sentences: Vec::new(), main: true };
        main.ballot.join(&self.head.ballot(0..usize::MAX), TITLE_WEIGHT);
        self.head.parties(0..usize::MAX, TITLE_WEIGHT, &mut main.parties);
        for sentence in 0..sentences.min(LEAD) {
            let span = self.document.sentences()[sentence].tokens.clone();
            main.ballot.join(&self.body.ballot(span.clone()), LEAD_WEIGHT);
            self.body.parties(span, LEAD_WEIGHT, &mut main.parties);
            main.sentences.push(sentence);
        }
        for sentence in LEAD..sentences {
            let span = self.document.sentences()[sentence].tokens.clone();
            if self.body.cued(&span, Cue::Same) {
                main.ballot.join(&self.body.ballot(span.clone()), 1);
                self.body.parties(span, 1, &mut main.parties);
            }
        }
        let armed = self.head.names_party(0..usize::MAX)
            || self.body.names_party(
                0..self.document.sentences().get(LEAD).map_or(usize::MAX, |sentence| sentence.tokens.start),
            );
        if main.ballot.is_peaceful() || (main.ballot.is_accident() && !armed) {
            return;
        }
        self.incidents.push(main);
        self.write();
    }

    /// The weapons that a group's sentences name.
    fn weapons(&self, group: &Group) -> Vec<String> {
        let mut labels = Vec::new();
        for &sentence in &group.sentences {
            self.body.weapons_of(&self.document.sentences()[sentence].tokens, &mut labels);
        }
        if group.main {
            self.head.weapons_of(&(0..usize::MAX), &mut labels);
        }
        labels.sort_unstable();
        labels.dedup();
        labels.into_iter().map(str::to_owned).collect()
    }

    fn write(&mut self) {
        let offsets = |sentence: usize| {
            let sentence = &self.document.sentences()[sentence];
            (
                self.document.char_offset(sentence.start as usize),
                self.document.char_offset(sentence.end as usize),
            )
        };
        let id = &self.article.article_id;
        self.article.incidents = self
            .incidents
            .iter()
            .enumerate()
            .map(|(index, group)| {
                let (start, end) = group.sentences.first().map_or((0, 0), |&sentence| offsets(sentence));
                Incident {
                    incident_id: format!("{id}-i{index}"),
                    main: group.main,
                    event_type: group.ballot.choose().unwrap_or(EventType::Attack),
                    weapons: self.weapons(group),
                    when: None,
                    place: None,
                    perpetrators: scene::held_responsible(&group.parties),
                    start,
                    end,
                    event_id: None,
                }
            })
            .collect();
        let ids: Vec<String> = (0..self.tolls.len()).map(|index| format!("{id}-{index}")).collect();
        self.article.claims = self
            .tolls
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
                    source: self.body.citations.at(toll.sentence, toll.number.start).cloned(),
                    part_of: toll.part_of.map(|whole| ids[whole].clone()),
                    quote: self.document.sentence(toll.sentence).to_owned(),
                    start,
                    end,
                }
            })
            .collect();
    }
}
