//! Gathers figures and events into incidents and claims.
//!
//! What headline and lead tell of is the main incident. Each figure goes to it unless its sentence sets it apart: by a day or a place
//! that the main incident cannot have, or by words such as "elsewhere" and "last year". Figures set apart alike make an incident of their
//! own. A sum over a period or a war belongs to none. An incident's type and parties are those that the headline and its sentences tell.

mod apart;
mod identity;
mod knowledge;
mod persons;
mod reading;
mod roundup;
mod scene;
mod scope;
mod setting;

#[cfg(test)]
mod tests;

pub use knowledge::Knowledge;

use annals_gazetteer::Gazetteer;
use annals_plugin::{Actor, Article, Claim, EventType, Incident, Outcome, Place, Scope, When};

use crate::actor::sections;
use crate::event::Ballot;
use crate::lexicon::Set;
use crate::text::Document;
use crate::toll::Toll;
use apart::{Anchor, anchors};
use identity::Namer;
use reading::Headline;
use scene::Scene;
use setting::{Setting, apart_in_space, apart_in_time};

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
        /// The sentence goes on to an event that lies back.
        Turn = "turn",
        /// A toll that has changed.
        Rise = "rise",
        /// More than one event, summed up.
        Several = "several",
        /// Somebody killed others and himself.
        Suicide = "suicide",
        /// Shootings of one city or weekend, summed up.
        Roundup = "roundup",
        /// A span over which a figure is summed.
        Span = "span",
    }
}

/// How many sentences at the head of a text tell what it is about.
const LEAD: usize = 4;
/// How much more than other sentences headline and lead tell of what the article is about.
const TITLE_WEIGHT: u32 = 5;
const LEAD_WEIGHT: u32 = 2;
/// No more sentences than these are read for the type and parties of one incident.
const MOST_SENTENCES: usize = 64;

/// Fills the incidents and claims of an article.
pub fn assemble(article: &mut Article, document: &Document<'_>, tolls: &[Toll], gazetteer: &Gazetteer) {
    let language = document.language();
    let knowledge = &language.knowledge;
    let title = article.title.clone().unwrap_or_default();
    let title = Document::new(&title, language);
    let title_units = crate::phrases::Units::new(&title, &knowledge.words);
    let units = crate::phrases::Units::new(document, &knowledge.words);
    let setting = Setting::new(article, document, &title, gazetteer);
    let main_place = setting.main_place();
    let country = main_place.as_ref().and_then(|place| place.country.as_deref());
    let focus = crate::actor::Focus::new(&knowledge.actors, [(&title_units, 3), (&units, 1)])
        .or_country(&knowledge.actors, country);
    let titled = crate::toll::tolls(&title);
    let head = Scene::new(knowledge, &title, &title_units, &focus, true);
    let body = Scene::new(knowledge, document, &units, &focus, false);
    let headline = Headline::read(&title, &titled);
    let most = anchors(&titled, tolls);
    let tolls = &reading::dead_among_hurt(document, tolls, &headline);
    let mut gathering = Gathering {
        document,
        tolls,
        head,
        body,
        setting,
        most,
        headline,
        groups: Vec::new(),
        of: Vec::new(),
        sums_towns: false,
        roundup: false,
    };
    gathering.gather();
    let (incidents, claims) = gathering.records(&article.article_id);
    article.incidents = incidents;
    article.claims = claims;
}

fn column(outcome: Outcome) -> Option<usize> {
    match outcome {
        Outcome::Killed => Some(0),
        Outcome::Injured => Some(1),
        _ => None,
    }
}

/// Figures and sentences that tell of one thing.
#[derive(Debug, Default)]
struct Group {
    main: bool,
    when: Option<When>,
    place: Option<Place>,
    /// Indexes of its sentences, in order.
    sentences: Vec<usize>,
}

/// Where a figure belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Belonging {
    /// To an incident.
    Incident(usize),
    /// To no single incident: a sum.
    Total,
    /// Nowhere: victims of an accident or a disaster.
    Accident,
}

struct Gathering<'a, 'd> {
    document: &'a Document<'d>,
    tolls: &'a [Toll],
    head: Scene<'a, 'd>,
    body: Scene<'a, 'd>,
    setting: Setting<'a, 'd>,
    /// The largest number of dead and of injured that headline or lead give.
    most: [Option<Anchor>; 2],
    /// What the headline tells of the dead and injured.
    headline: Headline,
    groups: Vec<Group>,
    /// For each figure, where it belongs.
    of: Vec<Belonging>,
    /// The main figure sums what befell several towns.
    sums_towns: bool,
    /// Headline and lead sum up the shootings that the text tells of.
    roundup: bool,
}

impl Gathering<'_, '_> {
    /// Groups the figures; the first group is what headline and lead tell of.
    fn gather(&mut self) {
        self.roundup = self.part_roundup();
        if self.roundup {
            return;
        }
        let lead = self.document.sentences().len().min(LEAD);
        let mut told = Ballot::default();
        told.join(&self.head.ballot(0..usize::MAX), TITLE_WEIGHT);
        for sentence in 0..lead {
            told.join(&self.body.ballot(self.document.sentences()[sentence].tokens.clone()), LEAD_WEIGHT);
        }
        let lead_end = self.document.sentences().get(lead).map_or(usize::MAX, |next| next.tokens.start);
        let armed = self.head.names_party(0..usize::MAX) || self.body.names_party(0..lead_end);
        let accident = told.is_accident() && !armed;
        let violent = !told.is_peaceful() && !accident;
        if violent {
            self.groups.push(Group {
                main: true,
                when: self.setting.main_time(),
                place: self.setting.main_place(),
                sentences: (0..lead).collect(),
            });
        }
        self.sums_towns = violent && self.widen_main();
        let mut current = 0;
        for (index, toll) in self.tolls.iter().enumerate() {
            let belonging = if self.is_accident(toll) || (accident && !self.is_violent(toll)) {
                Belonging::Accident
            } else if toll.part_of.and_then(|whole| self.of.get(whole)) == Some(&Belonging::Total)
                || toll.scope.unwrap_or_else(|| scope::of(toll, &self.body, &self.setting)) == Scope::Total
            {
                Belonging::Total
            } else if !violent && self.groups.is_empty() && toll.low == Some(0) && toll.high == Some(0) {
                // That nobody was harmed is no incident.
                Belonging::Accident
            } else {
                let group = self.place_in_group(index, current);
                // What a sentence turns to is left again with it.
                let sentence = self.document.sentences()[toll.sentence].tokens.clone();
                let besides = toll.sentence == 1 && group > 0 && self.is_by_another(toll);
                if !besides && !self.body.turned_before(&sentence, toll.number.start) {
                    current = group;
                }
                Belonging::Incident(group)
            };
            self.of.push(belonging);
        }
        self.fill_main();
        self.move_main();
        self.trim_main();
        let empty = violent && self.drop_main();
        // Where headline and lead tell of nothing, the first thing told of is what the article is about.
        if (!violent || empty)
            && let Some(first) = self.groups.first_mut()
        {
            first.main = true;
        }
        self.follow();
    }

    fn is_accident(&self, toll: &Toll) -> bool {
        self.body.ballot(toll.clause.clone()).is_mishap()
    }

    fn is_violent(&self, toll: &Toll) -> bool {
        let sentence = self.document.sentences()[toll.sentence].tokens.clone();
        !self.body.ballot(sentence).is_harmless()
    }

    /// The group that a figure goes to; a new one if it fits none.
    fn place_in_group(&mut self, index: usize, current: usize) -> usize {
        let toll = &self.tolls[index];
        let span = &self.document.sentences()[toll.sentence].tokens;
        let at = toll.number.start;
        // What is part of a figure, or stands in one clause with it, is of the same incident.
        let beside = toll.part_of.or_else(|| {
            index.checked_sub(1).filter(|&before| {
                let other = &self.tolls[before];
                other.sentence == toll.sentence
                    && !(other.outcome == Outcome::Strikes
                        && self.is_one_of_several(toll, &self.setting.place_at(toll.sentence, at)))
                    && (other.clause == toll.clause || toll.others)
                    && !self.body.turned_before(&(other.number.end..span.end), at)
                    && !(toll.agent.is_some() && toll.low < other.low && self.goes_before(index))
            })
        });
        if let Some(&Belonging::Incident(group)) = beside.and_then(|beside| self.of.get(beside)) {
            return group;
        }
        let mut when = self.setting.time_at(toll.sentence, at);
        let mut place = self.setting.place_at(toll.sentence, at);
        // That nobody was harmed is no incident of its own.
        let open = place.is_none() && when.is_none() && toll.low != Some(0);
        let scene = if open { self.scene_before(index) } else { None };
        let elsewhere = scene.is_some();
        place = place.or(scene);
        if self.is_aftermath(toll, when.as_ref()) || self.is_revised(toll) {
            (when, place) = (None, None);
        }
        // What sets apart stands in the figure's own clause or opens the sentence.
        let opening = span.start..(span.start + 4).min(span.end);
        let cued = |cue| self.body.cued(&toll.clause, cue) || self.body.cued(&opening, cue);
        let unlike = self.outgrows(toll)
            || toll.sentence >= 2 && self.is_unlike(toll)
            || toll.sentence == 1 && self.is_by_another(toll);
        let apart =
            cued(Cue::Apart) || unlike || self.is_one_more(index) || self.is_one_of_several(toll, &place);
        // "A shooting that left three dead last month": the day that the article is about may lie back.
        let main_day = self.groups.first().and_then(|main| main.when).filter(|main| main.precision == 1);
        let dated_so = main_day.zip(when).is_some_and(|(main, when)| {
            when.precision > 1 && when.start <= main.start && main.end <= when.end
        });
        let back =
            cued(Cue::Before) && !dated_so || self.body.turned_before(span, at) || self.goes_before(index);
        let fits = |group: &Group| {
            !matches!((&group.when, &when), (Some(one), Some(other)) if apart_in_time(one, other))
                && !matches!((&group.place, &place), (Some(one), Some(other)) if apart_in_space(one, other))
        };
        // "The attack killed 32 as they crossed the border": of what was told before, whatever place is named.
        let same = self.body.cued(&opening, Cue::Same);
        let told = (when.is_some() || place.is_some()) && (!same || elsewhere);
        // The sentence after the first may tell of a second event at another place.
        let second = toll.sentence == 1
            && self.tolls[..index]
                .iter()
                .any(|other| other.sentence == 0 && other.outcome == toll.outcome && other.low > Some(1))
            && matches!((self.groups.first().and_then(|main| main.place.as_ref()), &place),
                (Some(main), Some(own)) if own.precision <= Some(2) && apart_in_space(main, own));
        let lead = toll.sentence < 2 && !second;
        let main = self.groups.first().is_some_and(&fits);
        if self.groups.is_empty() {
            // The first thing told of.
        } else if lead && !back && !apart && !self.lies_back(toll, when.as_ref()) {
            return 0;
        } else if !(apart || back) {
            let same_paragraph = self.groups[current].sentences.last().is_some_and(|&last| {
                self.document.sentences()[last].paragraph
                    == self.document.sentences()[toll.sentence].paragraph
            });
            if !told && (current == 0 || same_paragraph) {
                self.note(current, toll.sentence);
                return current;
            }
            if fits(&self.groups[current]) && same_paragraph {
                self.note(current, toll.sentence);
                return current;
            }
            if main {
                self.note(0, toll.sentence);
                return 0;
            }
        }
        if told
            && let Some(other) = (1..self.groups.len()).rev().find(|&other| {
                let group = &self.groups[other];
                (group.when.is_some() || group.place.is_some()) && fits(group)
            })
        {
            self.note(other, toll.sentence);
            return other;
        }
        let group = Group {
            main: false,
            when: when.or_else(|| self.setting.time_of(toll.sentence, at)),
            place: place.or_else(|| self.setting.place_of(toll.sentence, at)),
            sentences: vec![toll.sentence],
        };
        self.groups.push(group);
        self.groups.len() - 1
    }

    fn note(&mut self, group: usize, sentence: usize) {
        let sentences = &mut self.groups[group].sentences;
        if !sentences.contains(&sentence) && sentences.len() < MOST_SENTENCES {
            sentences.push(sentence);
            sentences.sort_unstable();
        }
    }

    /// A sentence of the lead whose figures all belong elsewhere tells nothing of the main incident, nor does one without figures that goes
    /// on after it about another place.
    fn trim_main(&mut self) {
        let Some(main) = self.groups.first_mut().filter(|group| group.main) else { return };
        let (tolls, of, setting, document) = (self.tolls, &self.of, &self.setting, self.document);
        let place = main.place.clone();
        // Where the figures were told of that the sentences before gave to another place.
        let mut left: Option<Place> = None;
        main.sentences.retain(|&sentence| {
            let mut own = tolls.iter().zip(of).filter(|(toll, _)| toll.sentence == sentence).peekable();
            let first = own.peek().map(|(toll, _)| toll.number.start);
            let told =
                setting.place_at(sentence, first.unwrap_or(document.sentences()[sentence].tokens.start));
            if first.is_some() {
                let stays = sentence == 0 || own.any(|(_, of)| *of == Belonging::Incident(0));
                left = told.filter(|_| !stays);
                return stays;
            }
            let goes_on = match (&place, &left, &told) {
                (Some(main), Some(left), Some(told)) => {
                    apart_in_space(main, told) && told.adm_1.is_some() && told.adm_1 == left.adm_1
                }
                _ => false,
            };
            left = left.take().filter(|_| goes_on);
            sentence == 0 || !goes_on
        });
    }

    /// A headline that tells of violence without a figure is about the first figures given for the days around it.
    fn fill_main(&mut self) {
        const DAYS_AROUND: i32 = 7;
        let deadly = |toll: &Toll| column(toll.outcome).is_some() || toll.outcome == Outcome::Casualties;
        let has_figures = |group: usize| {
            let own = self.tolls.iter().zip(&self.of).filter(|(_, of)| **of == Belonging::Incident(group));
            own.into_iter().any(|(toll, _)| deadly(toll) && toll.low != Some(0))
        };
        if !self.groups.first().is_some_and(|group| group.main) || has_figures(0) {
            return;
        }
        let near = |group: &Group| match (&self.groups[0].when, &group.when) {
            (Some(main), Some(other)) => (main.start - other.start).get_days().abs() <= DAYS_AROUND,
            _ => true,
        };
        let Some(first) =
            (1..self.groups.len()).find(|&group| has_figures(group) && near(&self.groups[group]))
        else {
            return;
        };
        let joined = self.groups.remove(first);
        for sentence in joined.sentences {
            self.note(0, sentence);
        }
        let main = &mut self.groups[0];
        main.when = joined.when.or(main.when);
        main.place = setting::finer(joined.place, main.place.take());
        for of in &mut self.of {
            match of {
                Belonging::Incident(group) if *group == first => *group = 0,
                Belonging::Incident(group) if *group > first => *group -= 1,
                _ => {}
            }
        }
    }

    /// An incident is where those harmed were: if the largest figure of the lead is told of a place that the main one excludes, it is
    /// there.
    fn move_main(&mut self) {
        let main = self.groups.first().filter(|group| group.main && !self.setting.is_local());
        let Some(place) = main.and_then(|group| group.place.as_ref()) else { return };
        let own = self.tolls.iter().zip(&self.of).filter(|(toll, of)| {
            toll.sentence < LEAD
                && **of == Belonging::Incident(0)
                && toll.outcome == Outcome::Killed
                && toll.modality == annals_plugin::Modality::Asserted
                && toll.part_of.is_none()
                && toll.low > Some(1)
        });
        // The figure of the headline, else the largest; of equal ones the first.
        let Some((largest, _)) =
            own.rev().max_by_key(|(toll, _)| (toll.low == self.headline.told[0], toll.low))
        else {
            return;
        };
        let told = self.setting.place_at(largest.sentence, largest.number.start);
        // A place without coordinates may be another of its name.
        let sure = |told: &Place| told.latitude.is_some() || told.precision >= Some(4);
        if let Some(told) =
            told.filter(|told| told.adm_1.is_some() && sure(told) && apart_in_space(place, told))
        {
            self.groups[0].place = Some(told);
        }
    }

    /// "Families returned eleven days after shelling that killed four", "In February 212 were killed": where the headline tells of no
    /// event, and all figures are of what lies back or of more than one, nothing happened that the article is about. Whether so.
    fn drop_main(&mut self) -> bool {
        let titled = !self.head.ballot(0..usize::MAX).is_harmless();
        let own = self.of.contains(&Belonging::Incident(0));
        let others = self.of.iter().any(|of| *of != Belonging::Accident);
        if titled || own || !others || !self.groups.first().is_some_and(|group| group.main) {
            return false;
        }
        self.groups.remove(0);
        for of in &mut self.of {
            if let Belonging::Incident(group) = of {
                *group -= 1;
            }
        }
        true
    }

    /// Adds the sentences without figures that go on about the main incident.
    fn follow(&mut self) {
        if !self.groups.first().is_some_and(|group| group.main) {
            return;
        }
        let elsewhere: Vec<usize> =
            self.groups[1..].iter().flat_map(|group| group.sentences.clone()).collect();
        for sentence in LEAD..self.document.sentences().len().min(MOST_SENTENCES) {
            let span = &self.document.sentences()[sentence].tokens;
            if self.body.cued(span, Cue::Same)
                && !self.body.cued(span, Cue::Before)
                && !elsewhere.contains(&sentence)
            {
                self.note(0, sentence);
            }
        }
    }

    fn ballot(&self, group: &Group) -> Ballot {
        let mut ballot = Ballot::default();
        if group.main {
            ballot.join(&self.head.ballot(0..usize::MAX), TITLE_WEIGHT);
        }
        for &sentence in &group.sentences {
            let times = if group.main && sentence < LEAD { LEAD_WEIGHT } else { 1 };
            ballot.join(&self.body.ballot(self.document.sentences()[sentence].tokens.clone()), times);
        }
        ballot
    }

    fn perpetrators(&self, group: &Group, victims: &[Actor]) -> Vec<Actor> {
        let mut parties = Vec::new();
        let deed = self.ballot(group).choose();
        if group.main {
            self.head.parties(0..usize::MAX, deed, TITLE_WEIGHT, &mut parties);
        }
        for &sentence in &group.sentences {
            let times = if group.main && sentence < LEAD { LEAD_WEIGHT } else { 1 };
            self.body.parties(self.document.sentences()[sentence].tokens.clone(), deed, times, &mut parties);
        }
        // Who lost men in a fight is the other side of it.
        if parties.iter().any(|(actor, _)| !victims.contains(actor)) {
            parties.retain(|(actor, _)| !victims.contains(actor));
        }
        scene::held_responsible(&parties)
    }

    /// The parties whose men a group's figures count.
    fn victims(&self, group: usize) -> Vec<Actor> {
        let mut victims = Vec::new();
        for (toll, of) in self.tolls.iter().zip(&self.of) {
            if *of == Belonging::Incident(group) && toll.outcome == Outcome::Killed {
                victims.extend(self.body.named_within(&toll.noun));
            }
        }
        victims
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

    fn offsets(&self, sentence: usize) -> (u32, u32) {
        let sentence = &self.document.sentences()[sentence];
        (self.document.char_offset(sentence.start as usize), self.document.char_offset(sentence.end as usize))
    }

    /// What makes a figure the one it is, beside its sentence: where it stands in it, and what befell whom.
    fn identity(&self, toll: &Toll) -> [String; 3] {
        let sentence = &self.document.sentences()[toll.sentence];
        let at = self.document.tokens().get(toll.number.start).map_or(0, |token| token.start);
        [at.saturating_sub(sentence.start).to_string(), toll.outcome.to_string(), toll.victims.to_string()]
    }

    fn records(&self, article_id: &str) -> (Vec<Incident>, Vec<Claim>) {
        let mut namer = Namer::new(article_id);
        let mut name = |kind: char, toll: usize| {
            let toll = &self.tolls[toll];
            let parts = self.identity(toll);
            let sentence = self.document.sentence(toll.sentence);
            namer.name(kind, toll.sentence, sentence, &parts.each_ref().map(String::as_str))
        };
        let ids: Vec<Option<String>> = self
            .of
            .iter()
            .enumerate()
            .map(|(toll, of)| {
                let claimed = !self.tolls[toll].implied && !self.tolls[toll].listed;
                (*of != Belonging::Accident && claimed).then(|| name('c', toll))
            })
            .collect();
        // An incident is known by its first figure.
        let mut incident_ids: Vec<Option<String>> = vec![None; self.groups.len()];
        for (toll, of) in self.of.iter().enumerate() {
            if let Belonging::Incident(group) = *of
                && incident_ids[group].is_none()
                && !self.groups[group].main
            {
                incident_ids[group] = Some(name('i', toll));
            }
        }
        let mut figures: Vec<Vec<usize>> = vec![Vec::new(); self.groups.len()];
        for (toll, of) in self.of.iter().enumerate() {
            if let Belonging::Incident(group) = *of {
                figures[group].push(toll);
            }
        }
        let incidents: Vec<Incident> = self
            .groups
            .iter()
            .enumerate()
            .map(|(index, group)| {
                let (start, end) = group.sentences.first().map_or((0, 0), |&sentence| self.offsets(sentence));
                let own = figures[index].iter().map(|&toll| &self.tolls[toll]);
                let headline = if group.main && !self.roundup { self.headline } else { Headline::default() };
                let suicide = group.main && self.tells_of_suicide();
                // A round-up's persons are of many incidents.
                let [killed, injured] = match self.sums_up() && !self.roundup {
                    true => [None; 2],
                    false => reading::of_incident(self.document, own, headline, [suicide, self.roundup]),
                };
                Incident {
                    incident_id: incident_ids[index].clone().unwrap_or_else(|| namer.main()),
                    main: group.main,
                    event_type: self
                        .of_one_kind(&figures[index])
                        .or_else(|| self.ballot(group).choose())
                        .unwrap_or(EventType::Attack),
                    weapons: self.weapons(group),
                    when: group.when,
                    place: group.place.clone(),
                    perpetrators: self.perpetrators(group, &self.victims(index)),
                    killed,
                    injured,
                    start,
                    end,
                    event_id: None,
                }
            })
            .collect();
        let claims = self
            .tolls
            .iter()
            .enumerate()
            .filter_map(|(index, toll)| {
                let incident = match self.of[index] {
                    Belonging::Incident(group) => Some(group),
                    Belonging::Total => None,
                    Belonging::Accident => return None,
                };
                let of = incident.map(|group| (&self.groups[group], &incidents[group]));
                let (start, end) = self.offsets(toll.sentence);
                let at = toll.number.start;
                Some(Claim {
                    claim_id: ids[index].clone()?,
                    incident: incident.map(|group| group as u32),
                    event_id: None,
                    event_type: self.event_type(toll, of.map(|(_, incident)| incident.event_type)),
                    outcome: toll.outcome,
                    victims: toll.victims,
                    low: toll.low,
                    high: toll.high,
                    qualifier: toll.qualifier,
                    scope: if incident.is_some() { Scope::Incident } else { Scope::Total },
                    modality: toll.modality,
                    when: self.setting.time_of(toll.sentence, at).or(of.and_then(|(group, _)| group.when)),
                    place: self
                        .setting
                        .place_at(toll.sentence, at)
                        .or_else(|| self.setting.place_of(toll.sentence, at))
                        .or_else(|| of.and_then(|(group, _)| group.place.clone())),
                    perpetrator: self
                        .perpetrator(toll)
                        .or_else(|| of.and_then(|(_, incident)| incident.perpetrators.first().cloned())),
                    source: self.body.citations.at(toll.sentence, at).cloned(),
                    // In a round-up the whole may be the sum of many.
                    part_of: toll
                        .part_of
                        .filter(|&whole| !self.roundup || self.of.get(whole) == self.of.get(index))
                        .and_then(|whole| ids.get(whole).cloned().flatten()),
                    quote: self.document.sentence(toll.sentence).to_owned(),
                    start,
                    end,
                })
            })
            .collect();
        (incidents, claims)
    }

    /// The type of an incident all of whose figures tell one thing that is an event of its own: "raids on houses: 14 detained".
    fn of_one_kind(&self, figures: &[usize]) -> Option<EventType> {
        let mut kinds = figures.iter().map(|&toll| match self.tolls[toll].outcome {
            Outcome::Detained => Some(EventType::Detention),
            Outcome::Abducted => Some(EventType::Abduction),
            Outcome::Displaced => Some(EventType::Displacement),
            _ => None,
        });
        let first = kinds.next().flatten()?;
        kinds.all(|kind| kind == Some(first)).then_some(first)
    }

    /// What befell those counted tells the type where it is an event of its own.
    fn event_type(&self, toll: &Toll, incident: Option<EventType>) -> EventType {
        match toll.outcome {
            Outcome::Detained => return EventType::Detention,
            Outcome::Abducted => return EventType::Abduction,
            Outcome::Displaced => return EventType::Displacement,
            _ => {}
        }
        let own = |span: &std::ops::Range<usize>| {
            self.body.ballot(span.clone()).choose().filter(|&event_type| event_type != EventType::Attack)
        };
        if toll.outcome == Outcome::Strikes
            && let Some(event_type) =
                own(&toll.trigger).or_else(|| own(&toll.noun)).or_else(|| own(&toll.clause))
        {
            return event_type;
        }
        incident
            .filter(|&event_type| event_type != EventType::Attack)
            .or_else(|| own(&toll.clause))
            .or_else(|| own(&self.document.sentences()[toll.sentence].tokens))
            .or(incident)
            .unwrap_or(EventType::Attack)
    }

    /// Who is held responsible for a figure by its own sentence.
    fn perpetrator(&self, toll: &Toll) -> Option<Actor> {
        let agent = toll.agent.as_ref().and_then(|agent| self.body.named_in_agent(agent));
        agent
            .or_else(|| self.body.agent_within(&toll.clause))
            .or_else(|| self.body.agent_within(&self.document.sentences()[toll.sentence].tokens))
            .or_else(|| {
                // "These attacks left …": the sentence before tells whose.
                let tokens = &self.document.sentences()[toll.sentence].tokens;
                let goes_on = tokens.clone().any(|token| self.document.is(token, Set::TheseOrThis));
                let before = toll.sentence.checked_sub(1).filter(|_| goes_on)?;
                self.body.agent_within(&self.document.sentences()[before].tokens)
            })
    }
}
