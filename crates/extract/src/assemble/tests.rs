//! Snapshots of what sentences tell of sources, doers and types, grouped by phenomenon.

use super::*;
use crate::language::Language;
use proptest::prelude::*;

/// What each sentence of a text tells, one line a finding.
fn told(text: &str, headline: bool) -> String {
    let language = Language::english();
    let knowledge = &language.knowledge;
    let document = Document::new(text, language);
    let units = crate::phrases::Units::new(&document, &knowledge.words);
    let focus = crate::actor::Focus::new(&knowledge.actors, [(&units, 1)]);
    let scene = Scene::new(knowledge, &document, &units, &focus, headline);
    let mut lines = String::new();
    for (index, sentence) in document.sentences().iter().enumerate() {
        lines += &format!("{}\n", document.sentence(index));
        // Sources are asked for where a figure stands.
        let figure =
            sentence.tokens.clone().find(|&token| document.tokens()[token].kind == crate::text::Kind::Number);
        if let Some(source) = scene.citations.at(index, figure.unwrap_or(sentence.tokens.start)) {
            let id = source.id.as_deref().unwrap_or("-");
            lines += &format!("    source: {} ({}, {id})\n", source.name, source.kind);
        }
        for agent in
            scene.agents.iter().filter(|agent| sentence.tokens.contains(&scene.mentions[agent.mention].start))
        {
            let actor =
                crate::actor::as_written(&knowledge.actors, &document, &scene.mentions[agent.mention]);
            let deed = agent.event.map_or("-", |event| document.span(&scene.events[event].hit.tokens()));
            let id = actor.id.as_deref().unwrap_or("-");
            lines += &format!("    doer: {} ({id}), {:?} of \"{deed}\"\n", actor.name, agent.evidence);
        }
        let mut labels = Vec::new();
        scene.weapons_of(&sentence.tokens, &mut labels);
        labels.dedup();
        let weapons = if labels.is_empty() { String::new() } else { format!(" with {}", labels.join(", ")) };
        if let Some(event_type) = scene.ballot(sentence.tokens.clone()).choose() {
            lines += &format!("    type: {event_type}{weapons}\n");
        }
    }
    lines
}

fn all(texts: &[&str]) -> String {
    texts.iter().map(|text| told(text, false)).collect::<Vec<_>>().join("\n")
}

#[test]
fn sources_by_a_verb_of_speech() {
    insta::assert_snapshot!(all(&[
        "The Syrian Observatory for Human Rights said seven villagers were killed near Saraqib.",
        "Seven villagers were killed near Saraqib, the Syrian Observatory for Human Rights said on Monday.",
        "Seven villagers were killed near Saraqib, said a doctor at the field hospital.",
        "\"We pulled nine bodies from the cellar,\" said Samer Haddad, a rescue worker.",
        "Samer Haddad, who heads the town's hospital, told Reuters that nine bodies had arrived.",
        "Nine bodies had arrived at the morgue, hospital director Samer Haddad told AFP.",
        "Police in Dayton said two men were shot outside a bar.",
        "Two men were shot outside a bar, police said.",
        "Sgt. Dana Whitlock said the two men are expected to live.",
        "Opposition activists and residents reported that 14 people died in the raid.",
        "Syrian state television reported four dead in rocket fire on the capital.",
        "The White Helmets tweeted that eight people had been wounded.",
        "The network documented 31 deaths in the first week of May.",
        "The Russian Defence Ministry announced that its jets had destroyed three depots.",
        "Eleven died, the commander of the southern front admitted.",
    ]));
}

#[test]
fn sources_by_a_phrase() {
    insta::assert_snapshot!(all(&[
        "According to the Syrian Network for Human Rights, 18 civilians died.",
        "Eighteen civilians died, according to the Syrian Network for Human Rights.",
        "According to hospital officials, 18 civilians died.",
        "Eighteen civilians died, according to Khalil Barakat, a teacher who lives nearby.",
        "The governor was quoted as saying that 18 civilians died.",
        "The agency quoted the governor as saying that 18 civilians died.",
        "An Observatory report put the toll at 18, citing medics in the town.",
        "As reported by SANA, two shells hit the bakery.",
        "Eighteen people were killed, a toll confirmed by UNICEF.",
        "THE ARMY HIGH COMMAND REPORTED THAT 12 GUERRILLAS WERE KILLED.",
        "Four people died, said Sgt. Omar Haddad.",
        "Four people died, according to the Marlow County medical examiner.",
        "Tamra Agency reported four dead.",
    ]));
}

#[test]
fn sources_carried_over_sentences() {
    insta::assert_snapshot!(all(&[
        "The Syrian Observatory for Human Rights said seven people died in Binnish. The group also said 12 others were hurt. It added that two of the dead were children.",
        "Fadi Barakat, a doctor in Binnish, said seven people died. He said 12 others were being treated.",
        "The Syrian Network for Human Rights (SNHR) counts the dead of the war. SNHR said on Sunday that 40 people had died in April.",
        "Nabil al-Khatib, mayor of the town, said two shells fell. Al-Khatib said nine people were wounded.",
        "\u{201c}The shells fell on the market,\u{201d} said Rana Aziz, a nurse. \u{201c}We lost nine people. Four of them were children.\u{201d}",
        "\"The shells fell on the market. We lost nine people,\" the mayor said.",
        "SANA said four soldiers died, while the rebels said they had killed nine.",
        "The Observatory of Birds opened a museum. Seven people were killed.",
        "Four people were killed. The mayor said the town would rebuild.",
    ]));
}

#[test]
fn a_role_with_an_article_is_a_source_though_none_is_named() {
    insta::assert_snapshot!(all(&[
        "The ministry said 12 people were killed in the strike.",
        "The health ministry of Gaza said 12 people were killed. The ministry said 30 others were wounded.",
        "An attack on an army post left 50 soldiers dead, security sources said.",
        "Airwars assessed that 4 civilians were killed.",
        "The man, identified as 27-year-old Marcus Belton, was shot dead on Monday.",
    ]));
}

#[test]
fn a_text_that_speaks_for_itself_cites_nobody() {
    insta::assert_snapshot!(all(&[
        "Seven people were killed when a shell hit a bakery in Binnish.",
        "The ministry was told to close the road, where four people had died.",
        "Seven people were reported killed.",
        "The added cost of repairs is not known.",
        "Seven reported wounded in a raid on Binnish.",
        "Overall said to be calm, the town lost four people.",
        "POSTPONEMENT OF THE TALKS WAS REPORTED AND FOUR PEOPLE DIED.",
        "It was found that 56 rebels said to be missing had died.",
    ]));
}

#[test]
fn doers_as_subjects() {
    insta::assert_snapshot!(all(&[
        "Russian warplanes struck a poultry farm near Binnish, killing four people.",
        "On Monday, Israeli forces shot dead two men in Jenin.",
        "The Syrian army shelled the town with mortars.",
        "Turkey bombed positions near Afrin.",
        "Islamic State militants executed 12 men in a square of the town.",
        "A suicide bomber from the Nusra Front blew himself up at a gate.",
        "Boko Haram fighters have attacked the village again, residents said.",
        "Houthi rebels, who hold the port, fired rockets at the city.",
        "Syrian government forces on Tuesday reportedly launched a fierce attack on the suburb.",
        "Shining Path guerrillas dynamited a bridge and murdered its guard.",
    ]));
}

#[test]
fn doers_after_by() {
    insta::assert_snapshot!(all(&[
        "Four people were killed by Russian air strikes on the market.",
        "Four people were killed in air strikes by Russian warplanes.",
        "The raids were carried out by the US-led coalition.",
        "Twelve men were beheaded by the Islamic State group.",
        "Shelling by forces loyal to President Bashar al-Assad killed four people in Homs.",
        "The town was hit by shells fired by either Syrian or Russian forces.",
        "THE MAYOR WAS MURDERED BY MEMBERS OF THE FMLN IN EL SALVADOR.",
    ]));
}

#[test]
fn doers_as_modifiers() {
    insta::assert_snapshot!(all(&[
        "Nine people were killed in Russian and Syrian strikes on Binnish.",
        "Russian airstrikes killed four people.",
        "Russian and Syrian air raids killed four people.",
        "US-led coalition raids hit the town of Manbij in Syria.",
        "Four people died in regime shelling of Douma.",
        "Rebel rocket fire killed four people in Syria's second city.",
        "A Daesh car bomb killed four people.",
        "Assad's bombing of the suburb went on.",
        "Saudi-led strikes hit a funeral in Yemen.",
    ]));
}

#[test]
fn doers_by_claim_blame_and_fight() {
    insta::assert_snapshot!(all(&[
        "The Islamic State group claimed responsibility for the bombing.",
        "The attack was claimed by the Taliban.",
        "Officials blamed the attack on Boko Haram.",
        "The mayor accused Al-Shabaab of planting the bomb.",
        "At least 12 rebels were killed in clashes with Syrian government troops.",
        "Thirty soldiers died in fighting against the Islamic State.",
        "No group has claimed the attack, but the Islamic State has claimed previous bombings.",
    ]));
}

#[test]
fn parties_that_are_no_doers() {
    insta::assert_snapshot!(all(&[
        "A bomb exploded in a rebel-held district of Syria's Aleppo.",
        "An air strike hit the Islamic State stronghold of Raqqa.",
        "Four US-backed fighters were killed by a mine.",
        "An attack on Syrian army positions killed nine.",
        "Twelve Islamic State fighters were killed in an air strike.",
        "Syrian air defences are weak, and the explosion was not explained.",
        "Russia said the explosion killed four people.",
        "The Syrian Observatory for Human Rights said the explosion killed four people.",
        "The United States is weighing possible U.S. strikes.",
        "A Syrian car bombing killed nine people.",
        "Gunmen killed four people at a checkpoint.",
        "A bomb tore through a bus carrying opposition fighters, killing 15.",
        "A bomber struck at the wedding of a member of the Islamic State killing 22 people.",
    ]));
}

#[test]
fn types_of_events() {
    insta::assert_snapshot!(all(&[
        "Warplanes bombed a market.",
        "A drone strike hit a car.",
        "Mortar shells landed on a school.",
        "A ballistic missile hit a hotel.",
        "Dozens choked after a chlorine attack.",
        "A car bomb went off near a mosque.",
        "A suicide bomber drove a car bomb into a checkpoint.",
        "A land mine left from the war blew up under a tractor.",
        "A man was shot dead outside his home.",
        "A 14-year-old accidentally shot his cousin with a handgun.",
        "Heavy fighting broke out between the two sides.",
        "Militants beheaded a shepherd.",
        "Gunmen kidnapped three engineers.",
        "Soldiers detained 40 people in night raids.",
        "Some 4,000 families fled the town.",
        "The village was attacked at dawn.",
        "Rebels lobbed rockets into the city while helicopters dropped barrel bombs.",
    ]));
}

#[test]
fn headlines_share_their_subject() {
    let headlines = [
        "Syrian Army Retakes Hill Town, Kills over 40 Militants in Hama",
        "Russian Jets Pound Depot, Leave 12 Dead",
        "Syria Air Raids Kill 12 in Idlib",
        "US-Led Coalition Airstrike Kills Nine in Raqqa",
        "Bomb Kills Four in Damascus",
    ];
    insta::assert_snapshot!(headlines.map(|headline| told(headline, true)).join("\n"));
}

/// What a whole article tells: its incidents, then its figures.
fn gathered(title: &str, published: &str, text: &str) -> (Article, String) {
    let mut article = Article::new("a", "a", "a.txt");
    article.title = (!title.is_empty()).then(|| title.to_owned());
    article.published = Some(published.to_owned());
    text.clone_into(&mut article.text);
    let language = Language::english();
    let document = Document::new(text, language);
    let tolls = crate::toll::tolls(&document);
    assemble(&mut article, &document, &tolls, annals_gazetteer::Gazetteer::builtin());
    let day =
        |when: &Option<When>| when.map_or("-".to_owned(), |when| format!("{}/{}", when.start, when.end));
    let mut lines = String::new();
    for (index, incident) in article.incidents.iter().enumerate() {
        let parties: Vec<&str> = incident.perpetrators.iter().map(|actor| &*actor.name).collect();
        let place = incident.place.as_ref().map_or("-", |place| &*place.name);
        lines += &format!(
            "{}{index}: {} at {place} on {} by [{}]\n",
            if incident.main { "main " } else { "" },
            incident.event_type,
            day(&incident.when),
            parties.join(", "),
        );
    }
    for claim in &article.claims {
        let bound = |bound: Option<u64>| bound.map_or("?".to_owned(), |bound| bound.to_string());
        let incident = claim.incident.map_or("total".to_owned(), |incident| incident.to_string());
        lines += &format!(
            "  [{incident}] {} {} {}-{} on {} says {}{}\n",
            claim.outcome,
            claim.victims,
            bound(claim.low),
            bound(claim.high),
            day(&claim.when),
            claim.source.as_ref().map_or("the article", |source| &*source.name),
            if claim.part_of.is_some() { ", part of another" } else { "" },
        );
    }
    (article, lines)
}

#[test]
fn background_is_an_incident_of_its_own_and_a_war_is_none() {
    insta::assert_snapshot!(gathered(
        "Air strike kills nine in Saraqib",
        "2019-05-14",
        "Russian warplanes struck a bakery in Saraqib on Monday, killing nine civilians, including two children, the Syrian \
         Observatory for Human Rights said.\n\nThe group said 14 others were wounded.\n\nIn 2013, a sarin attack in Ghouta killed \
         1,400 people.\n\nThe war has killed more than 400,000 people since 2011."
    ).1);
}

#[test]
fn a_roundup_parts_its_incidents_by_place_and_day() {
    insta::assert_snapshot!(gathered(
        "",
        "2019-05-14",
        "A car bomb killed four people in Azaz on Monday, a local official said.\n\nMeanwhile, Turkish forces shelled the town of Tal \
         Rifaat, where two farmers were killed.\n\nOn Saturday, seven soldiers were killed in an ambush by Islamic State militants near \
         Palmyra, state media reported."
    ).1);
}

#[test]
fn a_headline_without_a_figure_is_about_the_first_figures_of_its_days() {
    insta::assert_snapshot!(gathered(
        "Council condemns shelling of Idlib",
        "2019-05-14",
        "The city council condemned the shelling of Idlib by government forces.\n\nIt called on the world to act.\n\nThe mayor spoke \
         to reporters.\n\nHe gave no details.\n\nActivists said 12 civilians were killed on Sunday."
    ).1);
}

#[test]
fn what_is_no_conflict_is_no_incident() {
    for text in [
        "A strong earthquake killed 1,200 people in the province, the government said.",
        "A bus crash killed nine people on a highway near the coast on Tuesday.",
        "The parliament voted on the budget on Tuesday after a long debate.",
        "",
    ] {
        let (article, told) = gathered("", "2019-05-14", text);
        assert!(article.incidents.is_empty() && article.claims.is_empty(), "{text}: {told}");
    }
}

#[test]
fn a_shooting_without_a_war_is_an_incident() {
    let (article, told) = gathered(
        "Man dies after shooting outside bar",
        "2016-08-02",
        "A man was shot and killed outside a bar on Elm Street on Monday night, police said.",
    );
    assert_eq!(
        article.incidents.first().map(|incident| incident.event_type),
        Some(EventType::Shooting),
        "{told}"
    );
}

proptest! {
    #[test]
    fn quotes_stand_at_their_offsets(parts in proptest::collection::vec(proptest::sample::select(vec![
        "Russian warplanes killed nine people in Idlib. ", "Über 12 people died\u{301} in Šabac, police said.\n\n",
        "\u{201c}Twelve of ours were killed,\u{201d} he said. ", "In 2013 an attack killed 1,400 people. ", "\u{1f4a5} 3 injured ",
        "killed 1 killed 1 ", "The war has killed 400,000. ", "Elsewhere, a mine killed two. ",
    ]), 0..12)) {
        let text = parts.concat();
        let (article, _) = gathered("Nine killed", "2019-05-14", &text);
        for claim in &article.claims {
            let quote: String = text.chars().skip(claim.start as usize).take((claim.end - claim.start) as usize).collect();
            prop_assert_eq!(&quote, &claim.quote);
            prop_assert!(claim.incident.is_none_or(|incident| (incident as usize) < article.incidents.len()));
        }
        prop_assert!(article.incidents.iter().filter(|incident| incident.main).count() <= 1);
    }

    #[test]
    fn any_text_is_read(text in "\\PC{0,300}") {
        told(&text, false);
    }

    #[test]
    fn any_order_of_words_is_read(words in proptest::collection::vec(
        proptest::sample::select(vec![
            "the", "Syrian", "army", "said", "according", "to", "he", "it", "\u{201c}", "\u{201d}", "\"", ",", ".", "killed", "12",
            "by", "Russian", "air", "strikes", "rebels", "and", "SOHR", "group", "claimed", "responsibility", "with", "clashes",
            "blamed", "on", "'s", "-", "held", "were", "told", "AFP", "was", "quoted", "as", "saying", "\n\n", "Monday",
        ]), 0..60)) {
        told(&words.join(" "), false);
    }
}

#[test]
fn an_edit_elsewhere_leaves_the_ids_of_figures_and_incidents() {
    let last = "Elsewhere, a mine killed two shepherds near Palmyra on Sunday. Nine people were hurt.";
    let ids = |head: &str| {
        let (article, told) =
            gathered("Shells hit Saraqib", "2019-05-14", &format!("{head} Four people died.\n\n{last}"));
        let incidents: Vec<String> =
            article.incidents.iter().map(|incident| incident.incident_id.clone()).collect();
        assert!(incidents.len() > 1, "{told}");
        let claims: Vec<String> = article
            .claims
            .iter()
            .filter(|claim| last.contains(&claim.quote))
            .map(|claim| claim.claim_id.clone())
            .collect();
        assert!(!claims.is_empty(), "{told}");
        (incidents, claims)
    };
    let before = ids("Shells hit the market of Saraqib on Monday.");
    let after = ids("Shells hit the market of Saraqib on Monday. A guard and his two sons were killed.");
    assert_eq!(before, after);
}

/// The number of killed and injured that the article as a whole tells, of its main incident.
fn reading(title: &str, text: &str) -> (Option<u64>, Option<u64>) {
    let (article, told) = gathered(title, "2016-03-08", text);
    let main = article.incidents.iter().find(|incident| incident.main).unwrap_or_else(|| panic!("{told}"));
    (main.killed, main.injured)
}

#[test]
fn persons_told_one_by_one_are_counted() {
    let text = "A man, 34, was shot dead at a bar in Tulsa on Monday. A second victim, a woman, died in hospital. \
                The man was named as Omar Haddad.";
    assert_eq!(reading("Gunfire at a bar", text), (Some(2), None));
    let text = "A 34-year-old man was shot dead at a bar in Tulsa on Monday. Omar Haddad died at the scene. He was killed by a stranger.";
    assert_eq!(reading("Gunfire at a bar", text), (None, None));
}

#[test]
fn others_come_on_top_of_those_told_of_before_them() {
    let text = "A boy of 12 was in critical condition on Monday after a shooting in Akron that also injured three other people.";
    assert_eq!(reading("Gunfire in Akron", text), (None, Some(4)));
    let text = "Five people were injured in Akron on Monday. One man was shot in the leg; three others were cut by glass.";
    assert_eq!(reading("Gunfire in Akron", text), (None, None), "the text gives the number of all");
}

#[test]
fn others_come_on_top_of_a_number_before_them() {
    let text = "Three people were brought to a hospital with wounds after gunfire in Akron on Monday. Two other people came by car with gunshot wounds.";
    assert_eq!(reading("Gunfire in Akron", text), (None, Some(5)));
    let text = "Four people were shot in Akron on Monday, with two in critical condition. The other two were treated for wounds.";
    assert_eq!(reading("Gunfire in Akron", text), (None, None), "the other two are the rest of the four");
}

#[test]
fn a_headline_tells_how_many_by_one_of_them() {
    let text = "A 17-year-old was shot in the shoulder in Akron on Saturday.";
    assert_eq!(reading("Teen one of two people hurt in shooting", text), (None, Some(2)));
    let text = "Shots were fired at a park in Akron on Saturday.";
    assert_eq!(reading("Teen, 4-year-old shot at park", text), (None, Some(2)));
    assert_eq!(reading("Second man hurt in Akron shooting", text), (None, Some(2)));
    let text = "A boy of 12 was wounded on Monday in a shooting in Akron that also hurt three other people.";
    assert_eq!(reading("Triple shooting in Akron", text), (None, Some(4)), "the text counts one more");
    let text = "A boy of 16 was shot dead in Akron on Monday.";
    assert_eq!(reading("Teen killed in Akron triple shooting", text).1, Some(2));
}

#[test]
fn a_second_one_hurt_makes_two() {
    let text = "A second man was wounded in Monday's shooting in Akron. One 26-year-old man suffered a gunshot wound to the leg.";
    assert_eq!(reading("Gunfire in Akron", text), (None, Some(2)));
    let text = "Five men were shot in Akron on Monday. The fifth man was pronounced dead at a hospital.";
    assert_eq!(reading("Gunfire in Akron", text).0, None, "the fifth of those shot");
}

#[test]
fn who_shoots_himself_is_known_by_his_age() {
    let text = "An 18-year-old man was wounded in Akron on Monday, police said. \
                The 18-year-old was shot in the leg, while the 15-year-old also shot himself in the wrist.";
    assert_eq!(reading("Gunfire in Akron", text), (None, Some(2)));
    let text = "A 15-year-old boy was wounded in Akron on Monday, police said. The 15-year-old shot himself in the wrist.";
    assert_eq!(reading("Gunfire in Akron", text), (None, None));
}

#[test]
fn a_figure_of_a_span_or_of_weeks_ago_is_of_no_incident_of_today() {
    let text = "A couple were killed in Akron on Monday. It brought to 20 the number of people shot over a span of 80 hours. \
                Two weeks ago nine people were shot at a bar in Akron.";
    let (article, told) = gathered("Couple killed in Akron", "2016-03-08", text);
    let of =
        |low: u64| article.claims.iter().find(|claim| claim.low == Some(low)).map(|claim| claim.incident);
    assert_eq!(of(20), Some(None), "{told}");
    assert_ne!(of(9), of(2), "{told}");
}

#[test]
fn a_baby_is_not_a_man_of_25() {
    let text = "A baby was shot in the foot in Akron on Monday. A 25-year-old was shot two streets away.";
    assert_eq!(reading("Gunfire in Akron", text), (None, Some(2)));
}

#[test]
fn a_parent_of_a_child_is_another_person() {
    let text = "A little girl was shot in Akron on Sunday. Police said the girl's father arrived at the hospital, also shot.";
    assert_eq!(reading("Gunfire in Akron", text), (None, Some(2)));
}

#[test]
fn a_headline_may_tell_of_one_of_those_hurt() {
    let text = "A four-year-old girl and a 20-year-old man were hurt on Monday in Akron.";
    assert_eq!(reading("Girl, 4, hurt in Akron", text), (None, Some(2)));
    let text = "A 20-year-old man was hurt on Monday in Akron. Omar Haddad was taken to a hospital.";
    assert_eq!(reading("Man hurt in Akron", text), (None, None));
}

#[test]
fn a_headline_counts_those_beside_its_number() {
    let text = "Two children and a man were found dead in Akron on Monday.";
    assert_eq!(reading("Police name man, two children found dead", text), (Some(3), None));
    let text = "Shots were fired at a park in Akron on Monday.";
    assert_eq!(reading("2 children, woman shot at park", text), (None, Some(3)));
    assert_eq!(reading("Man, toddler killed, woman hurt", text), (Some(2), Some(1)));
}

#[test]
fn a_murder_and_a_suicide_leave_two_dead() {
    let text = "Dale Hart shot himself and Lena Moss in Akron on Monday, police said.";
    assert_eq!(reading("Murder-suicide in Akron", text), (Some(2), None));
    assert_eq!(reading("Attempted murder-suicide in Akron", text), (None, None));
}

#[test]
fn what_is_dated_to_the_month_of_the_day_told_of_does_not_lie_back() {
    let text = "A shooting in Akron that left a man and two children dead last month was planned, police say. \
                On February 5, police found a man and two children dead in a home.";
    let (article, told) = gathered("Shooting in Akron was planned", "2016-03-08", text);
    assert_eq!(article.incidents.len(), 1, "{told}");
}

#[test]
fn who_kills_others_and_himself_is_one_more() {
    let text = "A man killed three people at a farm in Akron before turning the gun on himself, police said.";
    assert_eq!(reading("Shooting at a farm", text), (Some(4), None));
    let text = "Lee Marsh killed his wife and a neighbor in Akron on Sunday. Marsh then took his own life.";
    assert_eq!(reading("Shooting in Akron", text), (Some(3), None));
    let text =
        "Four people were found dead in Akron on Sunday. The father killed three people, then himself.";
    assert_eq!(reading("Murder-suicide in Akron", text), (None, None));
    let text = "A woman died in Akron on Sunday. Police said she killed herself.";
    assert_eq!(reading("Woman dies in Akron shooting", text), (None, None));
}

#[test]
fn who_shot_others_and_was_shot_is_one_more() {
    let text = "A man shot and killed three clerks in Akron on Sunday. The gunman was killed by police.";
    assert_eq!(reading("Shooting in Akron", text), (Some(4), None));
}

#[test]
fn those_called_by_what_they_are_are_not_the_doer() {
    let text =
        "Two bailiffs were killed in a court in Akron on Monday. The gunman was shot and killed by police.";
    assert_eq!(reading("Shooting in a court", text), (Some(3), None));
    let text = "Three people are dead after a shooting in Akron on Monday. The gunman was found dead.";
    assert_eq!(reading("Shooting in Akron", text), (None, None));
}

#[test]
fn what_did_not_happen_is_no_incident() {
    let none = |title: &str, text: &str| gathered(title, "2016-03-08", text).0.incidents.is_empty();
    assert!(none("Saraqib", "Quiet day. No shelling, no casualties."));
    assert!(none(
        "Bus plunges into ravine, 22 dead",
        "A bus plunged into a ravine on Monday, killing 22 people."
    ));
    let text = "The monitor keeps a monthly count. In February it recorded 212 civilian deaths in Syria.";
    assert!(none("The war in numbers", text));
}

#[test]
fn what_lies_back_is_told_from_the_day_of_the_sentence() {
    let text = "Families returned to Saraqib on Saturday, eleven days after shelling that killed a mother and her three children.";
    let (article, told) = gathered("Calm in Saraqib", "2016-03-19", text);
    let when = article.incidents.first().and_then(|incident| incident.when);
    assert_eq!(when.map(|when| when.start.to_string()).as_deref(), Some("2016-03-08"), "{told}");
    assert_eq!(article.incidents.len(), 1, "{told}");
}

#[test]
fn an_earlier_day_in_the_lead_is_another_incident() {
    let text = "Two journalists were injured on Wednesday when a drone hit their car near Saraqib. \
                They had come to see the damage of Tuesday's air raid, which killed at least 23 people.";
    let (article, told) = gathered("Two journalists injured near Saraqib", "2016-03-10", text);
    assert_eq!(article.incidents.len(), 2, "{told}");
}

#[test]
fn another_figure_for_the_same_attack_is_of_the_same_incident() {
    let text = "A suicide bomber killed four soldiers in al-Bab on Monday, the ministry said. \
                The group claimed the attack and said ten soldiers had died.";
    let (article, told) = gathered("Suicide bomber kills four soldiers in al-Bab", "2016-03-08", text);
    assert_eq!(article.incidents.len(), 1, "{told}");
}

#[test]
fn raids_on_houses_that_end_in_arrests_are_no_air_raids() {
    let text = "Security forces detained 14 people in raids on houses in Azaz on Monday night.";
    let (article, told) = gathered("Raids in Azaz: 14 detained", "2016-03-08", text);
    assert_eq!(
        article.incidents.first().map(|incident| incident.event_type),
        Some(EventType::Detention),
        "{told}"
    );
}

#[test]
fn the_last_of_a_row_tells_how_many() {
    let text = "A third person has died after Sunday's shooting in Akron, police said.";
    assert_eq!(reading("Akron shooting victim dies", text), (Some(3), None));
    assert_eq!(
        reading("4th victim of Akron shooting dies", "Ida Cole died in Akron on Sunday."),
        (Some(4), None)
    );
    let title = "4th victim of Akron shooting dies after several days in hospital";
    assert_eq!(reading(title, "Ida Cole died in Akron on Sunday."), (Some(4), None));
    let text = "A man died in Akron on Sunday, the third victim to die in five weeks.";
    assert_eq!(reading("Man dies in Akron shooting", text), (None, None));
}

#[test]
fn those_shot_in_a_headline_may_be_dead() {
    let text = "A man in his 20s was killed on Tuesday in Akron. Others were hurt.";
    assert_eq!(reading("Four shot in Akron", text), (None, Some(3)));
    assert_eq!(reading("Four injured, one dead in Akron", text), (None, Some(4)));
    let text = "Officers found four victims in Akron, who were rushed to a hospital. One man died.";
    assert_eq!(reading("One dead, three injured in Akron shooting", text), (None, Some(3)));
}

#[test]
fn a_death_that_only_the_headline_tells_counts() {
    let text = "Police are trying to find out who shot a teenager in Akron on Tuesday.";
    assert_eq!(reading("Teen fatally shot in Akron", text), (Some(1), None));
}

#[test]
fn a_later_death_in_a_hospital_elsewhere_is_no_other_incident() {
    let text =
        "A clerk was shot on Tuesday in Akron. He was flown to a hospital in Cleveland. He died on Thursday.";
    assert_eq!(gathered("Clerk shot in Akron", "2016-03-10", text).0.incidents.len(), 1);
}

#[test]
fn a_headline_counts_those_whom_its_text_does_not() {
    let text = "Gunmen stormed a bar in Tulsa on Monday. Omar Haddad was killed at the door.";
    assert_eq!(reading("Four killed, two wounded at bar", text), (Some(4), Some(2)));
    assert_eq!(reading("Man killed at bar", text), (None, None));
    let text = "Three people were shot in Tulsa on Monday. Omar Haddad was killed.";
    assert_eq!(reading("Six shot in two separate shootings", text), (None, None));
}

#[test]
fn the_toll_of_the_headline_is_not_outgrown_by_an_earlier_raid() {
    let (article, told) = gathered(
        "Raid kills 4 in Saraqib",
        "2016-03-08",
        "An air raid killed four people in Saraqib on Monday. It came a week after troops had executed 48 people in Binnish.",
    );
    let of = |low: u64| {
        let claim = article.claims.iter().find(|claim| claim.low == Some(low));
        claim.unwrap_or_else(|| panic!("{told}")).incident
    };
    assert_ne!(of(4), of(48), "{told}");
}

/// The number of incidents that a text is read as.
fn incidents(title: &str, text: &str) -> (usize, String) {
    let (article, told) = gathered(title, "2016-03-08", text);
    (article.incidents.len(), told)
}

#[test]
fn what_another_party_did_is_not_of_a_raid() {
    let text = "Syrian government shelling killed 31 people in Saraqib on Monday. \
                The army says rebel fighters killed a pilot there.";
    let (count, told) = incidents("31 dead in shelling of Saraqib", text);
    assert_eq!(count, 2, "{told}");
    let text =
        "The Syrian army shelled Saraqib on Monday and killed 31 people after a pilot was killed by rebels.";
    let (count, told) = incidents("31 dead in shelling of Saraqib", text);
    assert_eq!(count, 2, "{told}");
    let text = "Rebels and the Syrian army clashed in Saraqib on Monday. The army killed 12 rebels. \
                The rebels killed three soldiers.";
    let (count, told) = incidents("Clashes in Saraqib", text);
    assert_eq!(count, 1, "{told}");
}

#[test]
fn a_new_count_is_of_the_same_incident_whatever_its_day() {
    let text =
        "Air strikes on Saraqib on Saturday had a first death toll of 47. This was updated to 82 on Sunday.";
    let (count, told) = incidents("Air strikes on Saraqib", text);
    assert_eq!(count, 1, "{told}");
}

#[test]
fn a_sentence_puts_what_follows_elsewhere() {
    let text = "A bomb killed five people in Hama on Monday. In Raqqa two men blew themselves up at a base. \
                The blasts killed nine soldiers.";
    let (count, told) = incidents("Five dead in Hama blast", text);
    assert_eq!(count, 2, "{told}");
}

#[test]
fn where_victims_are_from_is_not_where_they_were_harmed() {
    let text = "A car bomb hit buses near Azaz on Saturday and killed 126 people. \
                The dead included 98 villagers from the town of Saraqib.";
    let (count, told) = incidents("126 dead as bomb hits buses near Azaz", text);
    assert_eq!(count, 1, "{told}");
}

#[test]
fn what_lies_back_does_not_date_the_report() {
    let text = "Rockets hit a school in Azaz a day after nine children were killed in Saraqib. \
                Six children were killed in Azaz on Tuesday.";
    let (article, told) = gathered("Children killed in Azaz school", "2016-03-09", text);
    let main = article.incidents.iter().find(|incident| incident.main).and_then(|incident| incident.when);
    assert_eq!(main.map(|when| when.start.to_string()).as_deref(), Some("2016-03-08"), "{told}");
}

#[test]
fn others_die_beside_the_one_whom_a_headline_names() {
    let text = "Omar Haddad was killed in a bombing in Saraqib on Monday. Witnesses were shaken. \
                Six other fighters also died.";
    let (count, told) = incidents("Rebel leader killed in Saraqib", text);
    assert_eq!(count, 1, "{told}");
}

#[test]
fn a_vague_sum_of_what_went_on_is_not_of_the_raid() {
    let text = "Air strikes on Saraqib on Monday killed at least 36 people. Most of them died in a market. \
                The strikes have claimed hundreds of lives.";
    let (article, told) = gathered("Air strikes kill 36 in Saraqib", "2016-03-08", text);
    let main = article.claims.iter().filter(|claim| claim.incident == Some(0));
    assert_eq!(main.filter_map(|claim| claim.low).max(), Some(36), "{told}");
}

#[test]
fn in_a_fight_both_sides_kill() {
    let text = "Rebels attacked a base in Saraqib on Monday and clashes broke out with the Syrian army. \
                Troops beat the attack off. Al-Nusra Front killed 25 soldiers.";
    let (count, told) = incidents("Clashes as rebels attack base in Saraqib", text);
    assert_eq!(count, 1, "{told}");
}

#[test]
fn a_sum_over_the_towns_of_a_province_is_the_provinces() {
    let text = "Thirteen civilians were killed in raids on the province of Idlib on Monday. \
                A woman and her two sons were killed in the town of Saraqib. \
                Nine people were killed in the town of Khan Sheikhun.";
    let (article, told) = gathered("13 civilians killed in raids on northern Syria", "2016-03-08", text);
    let main = article.incidents.iter().find(|incident| incident.main).and_then(|main| main.place.clone());
    assert_eq!(main.map(|place| place.name).as_deref(), Some("Idlib"), "{told}");
    let of_main = article.claims.iter().filter(|claim| claim.incident == Some(0)).count();
    assert_eq!((of_main, article.incidents.len()), (1, 3), "{told}");
}

#[test]
fn what_fell_from_the_air_is_not_of_those_without_aircraft() {
    let text = "Seven people died in rebel shelling of Aleppo on Monday, rebels said. The fire went on for hours. \
                Three people died when barrel bombs were dropped from helicopters on Aleppo.";
    let (count, told) = incidents("Syrian rebels kill 7 in shelling of Aleppo", text);
    assert_eq!(count, 2, "{told}");
}

#[test]
fn a_risen_toll_counts_those_found_since() {
    let text = "The death toll of the raid on Saraqib rose to nine as rescuers pulled three more bodies from the rubble.";
    assert_eq!(reading("Raid on Saraqib", text), (None, None));
}

#[test]
fn a_sentence_that_goes_on_about_another_place_names_no_doer_here() {
    let text = "Rockets killed six people in Aleppo on Monday. \
                Meanwhile four people were killed when Islamic State shelled Deir Ezzor. \
                A reporter in Deir Ezzor said that Islamic State fired 20 shells.";
    let (article, told) = gathered("Six killed in rocket fire on Aleppo", "2016-03-08", text);
    let main = article.incidents.iter().find(|incident| incident.main).expect(&told);
    assert!(main.perpetrators.is_empty(), "{told}");
}

#[test]
fn what_a_headline_puts_in_a_country_did_not_happen_in_another() {
    let text = "Fighters killed 17 Turkish soldiers in northern Syria, reports said on Tuesday. \
                The clashes went on into the night. Officials in Ankara gave no details.";
    let (article, told) = gathered("17 Turkish soldiers killed in northern Syria", "2016-03-08", text);
    let main = article.incidents.iter().find(|incident| incident.main).and_then(|main| main.place.clone());
    assert_eq!(main.and_then(|place| place.country).as_deref(), Some("SYR"), "{told}");
}

#[test]
fn a_roundup_is_parted_into_its_shootings() {
    let text = "Nine people were wounded in shootings across Akron over the weekend, police said.\n\n\
                The latest was on Sunday night. A 20-year-old man was shot in the arm on Fifth Street.\n\n\
                He was taken to a hospital.\n\n\
                On Saturday three women were shot outside a bar. A 30-year-old woman was hit in the leg.\n\n\
                At least five others were wounded in other attacks.";
    let (article, told) = gathered("Nine wounded in weekend shootings", "2016-03-07", text);
    let main = article.incidents.iter().position(|incident| incident.main).map(|at| at as u32);
    let of = |low: u64| {
        let claim = article.claims.iter().find(|claim| claim.low == Some(low));
        claim.unwrap_or_else(|| panic!("{told}")).incident
    };
    assert_eq!((of(9), of(5)), (None, None), "{told}");
    assert_eq!((of(3), article.incidents.len()), (main, 2), "{told}");
    assert_ne!(of(1), main, "{told}");
}
