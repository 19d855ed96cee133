//! The words of a language, read from its folder of data, with the classes that the grammar asks of them.

mod sets;

pub use sets::{Set, Sets, SmallId};

use crate::language::Language;
use annals_plugin::{Outcome, Qualifier, Victims};
use rustc_hash::FxHashMap;

/// A word of the lexicon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct WordId(pub u32);

impl WordId {
    /// A word that the lexicon does not hold.
    pub const UNKNOWN: WordId = WordId(0);
}

/// Declares the classes with the names of their sections in the word files.
macro_rules! classes {
    ($($(#[$meta:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// A class of words, named by its section in the word files.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Class { $($(#[$meta])* $variant),+ }

        impl Class {
            fn named(name: &str) -> Option<Class> {
                match name { $($name => Some(Class::$variant),)+ _ => None }
            }
        }
    };
}

classes! {
    /// Begins a sentence more often than it continues a name: "The", "Police".
    Opener = "opener",
    /// Always goes before a name: "Sgt", "Mr".
    TitleAbbreviation = "title_abbreviation",
    /// Written with a full stop that need not end a sentence: "Jan", "Inc".
    Abbreviation = "abbreviation",
    /// Opens a noun phrase: "the", "a", "his".
    Determiner = "determiner",
    /// A determiner that tells whose: "his".
    Possessive = "possessive",
    /// A form of "be", or of "get" where it makes a passive.
    Be = "be",
    /// A form of "have".
    Have = "have",
    /// "will", "could" and the like.
    Modal = "modal",
    /// A form of "do".
    Do = "do",
    /// "not", "no", "none".
    Negation = "negation",
    /// "in", "of", "by".
    Preposition = "preposition",
    /// "and", "or".
    Conjunction = "conjunction",
    /// "who", "which".
    Relative = "relative",
    /// Opens a clause: "after", "while".
    Subordinator = "subordinator",
    /// An adverb that does not end in -ly, or stands inside verb groups.
    Adverb = "adverb",
    /// A verb of saying.
    Say = "say",
    /// A form of any other verb.
    Verb = "verb",
    /// Ends in -ed or -ing and yet describes a noun.
    Adjective = "adjective",
    /// Ends in -ed or -ing and yet is a noun.
    Noun = "noun",
    /// "he", "they".
    Pronoun = "pronoun",
    /// A pronoun that stands for one person: "she".
    MaleOrFemale = "male_or_female",
    /// A pronoun for the doer as the one it befalls: "himself".
    Reflexive = "reflexive",
    /// Brings somebody to a place: "airlifted".
    Carry = "carry",
    /// Tells how one of the injured fares: "in critical condition".
    Condition = "condition",
    /// Where the injured are brought.
    Hospital = "hospital",
    /// Leaves somebody harmed: "left 12 dead".
    Leave = "leave",
    /// Before "of" and those whom they killed: "the murderers".
    Killers = "killers",
    /// A unit of age: "year".
    Age = "age",
    /// Makes a number an age: "16 or younger".
    Younger = "younger",
    /// What a toll does before its number: "rose".
    Rise = "rise",
    /// Takes a wound as its object: "suffered".
    Suffer = "suffer",
    /// "denied"
    Deny = "deny",
    /// "feared"
    Fear = "fear",
    /// Held to be so, unconfirmed: "presumed".
    Presumed = "presumed",
    /// Between "be" and a participle or state: "were found dead".
    Link = "link",
    /// Harms persons and hits things too: "struck".
    Strike = "strike",
    /// "shot", of which one may die or not.
    Shot = "shot",
    /// Names one person's death by its owner: "his body".
    Demise = "demise",
    /// Those whom an event befell: "victims".
    Fallen = "fallen",
    /// Who did it, by that: "suspect".
    Doer = "doer",
    /// Tells who somebody is: "identified".
    Identify = "identify",
    /// Opens "of" and those it holds: "members of".
    Collective = "collective",
    /// Numbers what it names: "highway 12".
    Numbered = "numbered",
    /// Follows a number that counts no persons: "percent".
    Measure = "measure",
    /// A span of time that figures are summed over: "months".
    Period = "period",
    /// Tells of one more of a row: "a second victim".
    Ordinal = "ordinal",
    /// A month's name.
    Month = "month",
    /// A day's name.
    Weekday = "weekday",
    /// Units, buildings, weapons: what a number may count, but not victims.
    NotVictims = "not_victims",
    /// A misfortune that is not conflict.
    Accident = "accident",
    /// A war or a campaign as a whole.
    War = "war",
    /// What follows was not done: "threatened to".
    Unfulfilled = "unfulfilled",
    /// A number word.
    Number = "number",
    /// Counts persons by itself: "trio".
    NumberNoun = "number_noun",
    /// Multiplies a deed that has one victim: "a triple murder".
    Fold = "fold",
    /// How badly somebody was hurt: "none was seriously hurt" does not say that none was.
    Grave = "grave",
    /// A word for victims.
    Victim = "victim",
    /// Begins a trigger.
    Trigger = "trigger",
    /// Begins a qualifier of numbers.
    Qualifier = "qualifier",
}

/// A set of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Classes(u64);

impl Classes {
    /// Whether a class is in the set.
    pub const fn has(self, class: Class) -> bool {
        self.0 >> class as u32 & 1 == 1
    }

    /// Whether any of some classes is in the set.
    pub fn any(self, classes: &[Class]) -> bool {
        classes.iter().any(|&class| self.has(class))
    }

    /// Whether no class but some given ones is in the set.
    pub fn only(self, classes: &[Class]) -> bool {
        classes.iter().fold(self.0, |rest, &class| rest & !(1 << class as u32)) == 0
    }

    fn add(&mut self, class: Class) {
        self.0 |= 1 << class as u32;
    }
}

/// How a number word counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberWord {
    /// Adds: "seven", "twenty".
    Unit(u64),
    /// Multiplies: "dozen", "thousand".
    Scale(u64),
    /// Says no number, but a lowest one: "dozens".
    Vague(u64),
    /// A noun that stands for so many persons: "trio".
    Group(u64),
    /// Multiplies a deed that has one victim: "triple".
    Fold(u64),
    /// Tells which of a row: "third".
    Nth(u64),
}

/// Whether a word for victims means one, many, or only colours another noun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// One person.
    Singular,
    /// Several persons.
    Plural,
    /// Sets the group of a noun that says none.
    Modifier,
}

/// What a word says of victims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VictimWord {
    /// As a noun: its group, and whether it means one.
    pub noun: Option<(Victims, Grammar)>,
    /// As a modifier: the group that it lends.
    pub modifier: Option<Victims>,
    /// A family, household or the like.
    pub family: bool,
}

/// How a trigger binds those whom it befalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// A verb whose object is the victim.
    Verb(Form),
    /// A verb whose subject is the victim.
    Undergo(Form),
    /// A verb whose doer is the victim, whatever its object: "turned the gun on himself".
    Own(Form),
    /// A participle whose subject is the victim.
    Passive,
    /// An adjective or the like.
    State,
    /// A noun that counts or names the harm.
    Noun,
    /// A noun that names the harm but does not count persons: "a gunshot wound".
    Harm,
    /// A sum that a number follows.
    Toll,
}

/// Form of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// "kill"
    Base,
    /// "kills"
    Third,
    /// "killed", past or participle
    Past,
    /// "slain", participle only
    Participle,
    /// "killing"
    Ing,
}

/// One reading of a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    /// What befell those counted.
    pub outcome: Outcome,
    /// How it binds them.
    pub frame: Frame,
}

/// Where a qualifier stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// "at least 12"
    Before,
    /// "12 or more"
    After,
}

/// A phrase by the words after its first one.
#[derive(Debug, Clone)]
struct Phrase<T> {
    rest: Box<[WordId]>,
    means: T,
}

type Phrases<T> = FxHashMap<WordId, Vec<Phrase<T>>>;

/// What a language's folder says.
#[derive(Debug, Default)]
pub struct Lexicon {
    /// Each word with its number among the small words.
    words: FxHashMap<Box<str>, (WordId, SmallId)>,
    classes: Vec<Classes>,
    numbers: FxHashMap<WordId, NumberWord>,
    victims: FxHashMap<WordId, VictimWord>,
    triggers: Phrases<Vec<Trigger>>,
    qualifiers: Phrases<(Qualifier, Side)>,
}

/// The files of a language's folder.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// `words.txt`: words by class.
    pub words: &'a str,
    /// `numbers.txt`: number words.
    pub numbers: &'a str,
    /// `qualifiers.txt`: what bounds a number.
    pub qualifiers: &'a str,
    /// `victims.txt`: words for those counted.
    pub victims: &'a str,
    /// `outcomes.txt`: what befalls them.
    pub outcomes: &'a str,
}

impl Lexicon {
    /// English, as carried by the program.
    pub fn english() -> &'static Lexicon {
        &Language::english().lexicon
    }

    /// Reads the files of a language.
    ///
    /// # Errors
    /// When a line is not of the format, with its file and number.
    pub fn read(files: &Files<'_>) -> Result<Lexicon, LexiconError> {
        let mut lexicon = Lexicon { classes: vec![Classes::default()], ..Lexicon::default() };
        each_line("words.txt", files.words, |section, line| {
            let class = Class::named(section).ok_or_else(|| format!("no class is named `{section}`"))?;
            for word in line.split_whitespace() {
                lexicon.intern(word, Some(class));
            }
            Ok(())
        })?;
        each_line("numbers.txt", files.numbers, |section, line| {
            let (word, value) =
                line.split_once(char::is_whitespace).ok_or("a word and its value are needed")?;
            let value: u64 = value.trim().parse().map_err(|_| format!("`{value}` is not a whole number"))?;
            let (number, class) = match section {
                "unit" => (NumberWord::Unit(value), Class::Number),
                "scale" => (NumberWord::Scale(value), Class::Number),
                "vague" => (NumberWord::Vague(value), Class::Number),
                "group" => (NumberWord::Group(value), Class::NumberNoun),
                "fold" => (NumberWord::Fold(value), Class::Fold),
                "nth" => (NumberWord::Nth(value), Class::Ordinal),
                _ => return Err(format!("no kind of number is named `{section}`")),
            };
            let id = lexicon.intern(word, Some(class));
            lexicon.numbers.insert(id, number);
            Ok(())
        })?;
        each_line("qualifiers.txt", files.qualifiers, |section, line| {
            let (qualifier, side) = section.split_once(' ').ok_or("a qualifier and its side are needed")?;
            let qualifier = qualifier.parse().map_err(|error| format!("{error}"))?;
            let side = match side {
                "before" => Side::Before,
                "after" => Side::After,
                _ => return Err(format!("`{side}` is neither `before` nor `after`")),
            };
            let (first, rest) = lexicon.phrase(line, Class::Qualifier);
            lexicon.qualifiers.entry(first).or_default().push(Phrase { rest, means: (qualifier, side) });
            Ok(())
        })?;
        each_line("victims.txt", files.victims, |section, line| {
            for word in line.split_whitespace() {
                let id = lexicon.intern(word, Some(Class::Victim));
                let entry = lexicon.victims.entry(id).or_default();
                if section == "family" {
                    entry.family = true;
                    continue;
                }
                let (group, grammar) = section.split_once(' ').ok_or("a group and a number are needed")?;
                let group: Victims = group.parse().map_err(|error| format!("{error}"))?;
                match grammar {
                    "singular" => entry.noun = entry.noun.or(Some((group, Grammar::Singular))),
                    "plural" => entry.noun = entry.noun.or(Some((group, Grammar::Plural))),
                    "modifier" => entry.modifier = Some(group),
                    _ => return Err(format!("`{grammar}` is none of `singular`, `plural`, `modifier`")),
                }
            }
            Ok(())
        })?;
        each_line("outcomes.txt", files.outcomes, |section, line| {
            let (outcome, frame) = section.split_once(' ').ok_or("an outcome and a frame are needed")?;
            let outcome = outcome.parse().map_err(|error| format!("{error}"))?;
            let forms = [Form::Base, Form::Third, Form::Past, Form::Participle, Form::Ing];
            if matches!(frame, "verb" | "undergo" | "own") && line.split_whitespace().count() != forms.len() {
                return Err("a verb has five forms; write `-` for one that does not belong".into());
            }
            for (column, phrase) in line.split_whitespace().enumerate() {
                let form = forms.get(column).copied().unwrap_or(Form::Base);
                let frame = match frame {
                    "verb" => Frame::Verb(form),
                    "undergo" => Frame::Undergo(form),
                    "own" => Frame::Own(form),
                    "passive" => Frame::Passive,
                    "state" => Frame::State,
                    "noun" => Frame::Noun,
                    "harm" => Frame::Harm,
                    "toll" => Frame::Toll,
                    _ => return Err(format!("no frame is named `{frame}`")),
                };
                if phrase != "-" {
                    lexicon.add_trigger(phrase, Trigger { outcome, frame });
                }
            }
            Ok(())
        })?;
        longest_first(&mut lexicon.triggers);
        longest_first(&mut lexicon.qualifiers);
        Ok(lexicon)
    }

    fn add_trigger(&mut self, phrase: &str, trigger: Trigger) {
        let (first, rest) = self.phrase(phrase, Class::Trigger);
        let phrases = self.triggers.entry(first).or_default();
        let Some(known) = phrases.iter_mut().find(|phrase| phrase.rest == rest) else {
            phrases.push(Phrase { rest, means: vec![trigger] });
            return;
        };
        // The past form of most verbs is their participle too, and stands before it in the line.
        let past = Trigger { frame: Frame::Verb(Form::Past), ..trigger };
        if trigger.frame != Frame::Verb(Form::Participle) || !known.means.contains(&past) {
            known.means.push(trigger);
        }
    }

    /// Interns a phrase written with `_` between its words.
    fn phrase(&mut self, phrase: &str, class: Class) -> (WordId, Box<[WordId]>) {
        let mut words = phrase.split('_');
        let first = self.intern(words.next().unwrap_or(""), Some(class));
        let rest = words.map(|word| self.intern(word, None)).collect();
        (first, rest)
    }

    fn intern(&mut self, word: &str, class: Option<Class>) -> WordId {
        let id = match self.words.get(word) {
            Some(&(id, _)) => id,
            None => {
                let id = WordId(self.classes.len() as u32);
                self.words.insert(word.into(), (id, SmallId::default()));
                self.classes.push(Classes::default());
                id
            }
        };
        if let Some(class) = class {
            self.classes[id.0 as usize].add(class);
        }
        id
    }

    /// Tells the small words, so that one look serves for both.
    pub(crate) fn add_small(&mut self, sets: &Sets) {
        for (word, small) in sets.words() {
            self.words.entry(word.into()).or_default().1 = small;
        }
    }

    /// A word in small letters, with its classes, and its number among the small words.
    pub fn look_up(&self, word: &str) -> (WordId, Classes, SmallId) {
        let (id, small) = self.words.get(word).copied().unwrap_or_default();
        (id, self.classes[id.0 as usize], small)
    }

    /// How a word counts, if it is a number word.
    pub fn number(&self, word: WordId) -> Option<NumberWord> {
        self.numbers.get(&word).copied()
    }

    /// What a word says of victims.
    pub fn victim(&self, word: WordId) -> Option<VictimWord> {
        self.victims.get(&word).copied()
    }

    /// The longest trigger at the head of some words, with the number of its words.
    pub fn trigger(&self, words: impl Iterator<Item = WordId> + Clone) -> Option<(&[Trigger], usize)> {
        longest(&self.triggers, words).map(|(means, length)| (means.as_slice(), length))
    }

    /// The longest qualifier of a side at the head of some words, with the number of its words.
    pub fn qualifier(
        &self,
        side: Side,
        words: impl Iterator<Item = WordId> + Clone,
    ) -> Option<(Qualifier, usize)> {
        let mut head = words.clone();
        let phrases = self.qualifiers.get(&head.next()?)?;
        phrases.iter().find_map(|phrase| {
            (phrase.means.1 == side && head.clone().take(phrase.rest.len()).eq(phrase.rest.iter().copied()))
                .then_some((phrase.means.0, phrase.rest.len() + 1))
        })
    }
}

#[expect(clippy::iter_over_hash_type, reason = "each list is sorted by itself")]
fn longest_first<T>(phrases: &mut Phrases<T>) {
    for list in phrases.values_mut() {
        list.sort_by_key(|phrase| std::cmp::Reverse(phrase.rest.len()));
    }
}

fn longest<T>(phrases: &Phrases<T>, mut words: impl Iterator<Item = WordId> + Clone) -> Option<(&T, usize)> {
    let candidates = phrases.get(&words.next()?)?;
    candidates
        .iter()
        .find(|phrase| words.clone().take(phrase.rest.len()).eq(phrase.rest.iter().copied()))
        .map(|phrase| (&phrase.means, phrase.rest.len() + 1))
}

/// Calls `read` with the section and the text of each line that holds data.
fn each_line(
    file: &'static str,
    text: &str,
    mut read: impl FnMut(&str, &str) -> Result<(), String>,
) -> Result<(), LexiconError> {
    let mut section = "";
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if !line.is_empty() {
            read(section, line).map_err(|message| LexiconError { file, line: number + 1, message })?;
        }
    }
    Ok(())
}

/// A line of a language's data that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {message}")]
pub struct LexiconError {
    /// The file.
    pub file: &'static str,
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: Files<'_> = Files { words: "", numbers: "", qualifiers: "", victims: "", outcomes: "" };

    #[test]
    fn an_unknown_section_names_its_file_and_line() {
        let error = Lexicon::read(&Files { words: "[opener]\nthe\n[colour]\nred", ..EMPTY }).unwrap_err();
        assert_eq!(error.to_string(), "words.txt, line 4: no class is named `colour`");
        let error = Lexicon::read(&Files { numbers: "[unit]\nseven sieben", ..EMPTY }).unwrap_err();
        assert_eq!(error.to_string(), "numbers.txt, line 2: `sieben` is not a whole number");
        let error = Lexicon::read(&Files { outcomes: "[hungry verb]\nstarve", ..EMPTY }).unwrap_err();
        assert_eq!(error.to_string(), "outcomes.txt, line 2: `hungry` is not a label of Outcome");
    }

    #[test]
    fn the_longest_phrase_wins() {
        let lexicon = Lexicon::english();
        let words = ["shot", "and", "killed", "by"].map(|word| lexicon.look_up(word).0);
        let (readings, length) = lexicon.trigger(words.into_iter()).unwrap();
        assert_eq!((length, readings[0].outcome), (3, Outcome::Killed));
    }
}
