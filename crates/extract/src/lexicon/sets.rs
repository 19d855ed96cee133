//! Small words and endings that rules ask for by what they do, read from the language's folder.

use rustc_hash::FxHashMap;

use super::LexiconError;

macro_rules! sets {
    ($($(#[$meta:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// A set of small words or endings, named by its section in `small.txt`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Set { $($(#[$meta])* $variant),+ }

        impl Set {
            const ALL: &'static [(&'static str, Set)] = &[$(($name, Set::$variant)),+];
        }
    };
}

sets! {
    /// "and"
    And = "and",
    /// Joins the names of a list: "and", "&", "or".
    Joins = "joins",
    /// Joins two parties that act together: "its allied".
    Allies = "allies",
    /// Those who keep the law, among whom a gunman is not: "officers".
    Lawmen = "lawmen",
    /// A parent or a spouse, and so no child: "the girl's father".
    Grown = "grown",
    /// Before a deed that did not succeed: "attempted".
    Attempted = "attempted",
    /// "of"
    Of = "of",
    /// "of" and "to", between "by" and who did it: "by forces loyal to".
    OfOrTo = "of_or_to",
    /// "not"
    Not = "not",
    /// Makes a claim of responsibility none.
    Unclaimed = "unclaimed",
    /// A claim of responsibility for other deeds.
    OtherDeeds = "other_deeds",
    /// "life": lost only where a verb takes it.
    Life = "life",
    /// Takes a life: "claimed".
    TakesLife = "takes_life",
    /// Makes a participle a passive that is no clause: "being".
    BeingDone = "being_done",
    /// Stands before a clause rather than before a noun: "after".
    Opens = "opens",
    /// A participle that describes what it follows: "held".
    Described = "described",
    /// A modal of what may be so: "may".
    MayBe = "may_be",
    /// "would", of what a perfect tells of.
    WouldBe = "would_be",
    /// Opens a condition: what it tells of did not happen.
    Condition = "condition",
    /// Stands between a verb and its number: "about".
    Roughly = "roughly",
    /// Has harm as its object: "caused".
    Causes = "causes",
    /// Has harm after "in" or "to": "resulted".
    Results = "results",
    /// Between such a verb and the harm.
    InOrTo = "in_or_to",
    /// Ends a plural.
    EndsPlural = "ends_plural",
    /// Brings a toll to a new number: "bringing".
    Raises = "raises",
    /// Puts another number in the place of the first: "updated".
    Revised = "revised",
    /// Those who are what the one is whose they are: "comrades".
    Companions = "companions",
    /// Leads a body: "its founder".
    Heads = "heads",
    /// Names a deed where it stands for those who do it: "Russian strikes".
    NamesDeed = "names_deed",
    /// Stands for what the sentence before told: "this".
    GoesBack = "goes_back",
    /// Before the whole that a part is of.
    Among = "among",
    /// Places a figure that leaves its verb out: "and two in Binnish".
    Placed = "placed",
    /// Between a noun of harm and those it befell: "the death of".
    OfVictims = "of_victims",
    /// Tells whose, of one person.
    HisOrHer = "his_or_her",
    /// Between those harmed and their wounds: "men with wounds".
    WithWounds = "with_wounds",
    /// Between a toll and its number: "rose to".
    ToNumber = "to_number",
    /// "to"
    To = "to",
    /// After "has" it leaves a war no doer: "the war has seen".
    WasOrSeen = "been_or_seen",
    /// Before a war that figures are summed over.
    Throughout = "throughout",
    /// "this"
    This = "this",
    /// "date", of a sum to date.
    Date = "date",
    /// "days"
    Days = "days",
    /// After "shot and": the wounding kills.
    Kills = "kills",
    /// Makes a wounding deadly: "fatally".
    Deadly = "deadly",
    /// "dead" after a verb of wounding.
    Dead = "dead",
    /// "death", in "to death".
    Death = "death",
    /// Between "and" and "died": "shot and later died".
    Later = "later",
    /// "died" after a verb of wounding.
    Died = "died",
    /// Ends how far a verb reaches: "who", "when".
    BreaksOff = "breaks_off",
    /// Those of whom somebody is the parent: "a mother of three children".
    Offspring = "offspring",
    /// A head that counts those after "of", and gives no number: "a number of".
    Headcount = "headcount",
    /// Ends an unknown word for persons.
    EndsPersons = "ends_persons",
    /// Ends an unknown word for one person.
    EndsPerson = "ends_person",
    /// "since", of a span up to now.
    Since = "since",
    /// Soon after "since": a moment of these days, from which no sum is told.
    Lately = "lately",
    /// Before a span of time: "over the past year".
    Spans = "spans",
    /// Of a span, that it lies back: "past", "last".
    Bygone = "bygone",
    /// Units of which several are a span.
    Units = "units",
    /// "year", "month": named with "this" or "last".
    LongUnit = "long_unit",
    /// Every one of a row of units of time.
    Each = "each",
    /// "this", "last": before a unit of time.
    ThisOrLast = "this_or_last",
    /// "old": what goes before it is an age.
    Old = "old",
    /// The first of two words of a sum up to now: "so far", "to date".
    SoFar = "so_far",
    /// The second of them.
    SoFarRest = "so_far_rest",
    /// A war as a whole.
    WholeWar = "whole_war",
    /// After a war's name it makes another thing of it: "a war monitor".
    OfWar = "of_war",
    /// "from", of a span.
    From = "from",
    /// "to", "until", of a span.
    Until = "until",
    /// "between", of two years.
    Between = "between",
    /// A sum by its word: "total".
    Total = "total",
    /// "campaign": before a doer that is a whole campaign.
    Campaign = "campaign",
    /// Joins what is denied: "nor".
    Nor = "nor",
    /// A verb of one subject: "was".
    OneIs = "one_is",
    /// A verb of several subjects: "were".
    SeveralAre = "several_are",
    /// Begins a number written as one word: "thirtythree".
    BeginsTens = "begins_tens",
    /// Marks the owner: "'s".
    Owner = "owner",
    /// "in", "near": what follows it is a place even where its name is a person's too.
    Inside = "inside",
    /// Ends the name of a page on the web: ".com".
    EndsHost = "ends_host",
    /// Parts a headline from the name of its outlet.
    TitleBreak = "title_break",
    /// Part of the name of an outlet.
    Outlet = "outlet",
    /// "the", "a", "its": may stand before a place's name.
    Article = "article",
    /// "the", "that", "this": goes back to what was named.
    Definite = "definite",
    /// "a", "one": counts one thing.
    One = "one",
    /// "these", "this": the sentence sums what the one before tells.
    TheseOrThis = "these_or_this",
    /// "these", "this": at the head of a sentence it goes on with the one before.
    GoesOn = "goes_on",
    /// "that" before what is told.
    That = "that",
    /// "which", "that": what it goes back to is cited already.
    BackReference = "back_reference",
    /// "who", "which": its clause describes a subject.
    Describes = "describes",
    /// "who": goes back to a person.
    OfPerson = "of_person",
    /// "that", "which": what it goes back to is the subject of the verb after it.
    Doer = "doer",
    /// "but", which begins what is set against something.
    But = "but",
    /// "as": "identified as journalists".
    As = "as",
    /// "with"
    With = "with",
    /// "at", of an aim.
    At = "at",
    /// "by", before the doer.
    By = "by",
    /// Joins as "and" does; phrases too.
    JoinsAll = "joins_all",
    /// Opens the parts of a figure; phrases too.
    Subset = "subset",
    /// A determiner that a verb may follow: "that killed".
    NotDetermining = "not_determining",
    /// A modal that is a month too.
    May = "may",
    /// Before such a month.
    BeforeMonth = "before_month",
    /// Makes a verb tell of what was not: "not".
    Negates = "negates",
    /// What is so told may be: "feared".
    FearedSo = "feared_so",
    /// Ends an adverb: "-ly".
    EndsLy = "ends_ly",
    /// "a", "an"
    Indefinite = "indefinite",
    /// Between the ends of a range: "five to eight".
    ToOr = "to_or",
    /// "half", of a large number.
    Half = "half",
    /// "quarter", of a large number.
    Quarter = "quarter",
    /// Two: "a couple of".
    Couple = "couple",
    /// Counts no one, without a noun; phrases too.
    Nobody = "nobody",
    /// Of these, those that go back to others: "none of them".
    NoneOf = "none_of",
    /// Before a noun: "no casualties".
    Zero = "zero",
    /// "another"
    Another = "another",
    /// After a number or a determiner: "two more".
    Others = "others",
    /// Of these, the one that may open a noun group: "other people".
    Other = "other",
    /// "others", without a noun.
    OthersAlone = "others_alone",
    /// Of none in particular: "every person".
    Generic = "generic",
    /// "both"
    Both = "both",
    /// Of several of one age: "6-year-olds".
    Olds = "olds",
    /// Units in which the age of grown persons is told.
    Years = "years",
    /// Units in which only the age of a child is told.
    ChildUnits = "child_units",
    /// After "of": "of age".
    AgeWord = "age_word",
    /// Before a list of ages.
    Ages = "ages",
    /// A head that counts vaguely: "a number of civilians".
    NumberOf = "number_of",
    /// Before a time of day in four digits.
    BeforeClock = "before_clock",
    /// "or"
    Or = "or",
    /// Ends a name: "Jr".
    NameEnds = "name_ends",
    /// With fighters as its object it tells of their death: "lost six soldiers".
    Loses = "loses",
    /// Before an age: "the eldest 14".
    Eldest = "eldest",
    /// Counted, these are at least so many persons.
    Families = "families",
    /// Ends how long a war went on: "a month-long battle".
    EndsLong = "ends_long",
    /// Stands for whom a verb befalls, never for the subject: "him".
    ObjectPronoun = "object_pronoun",
    /// Stands for one person as a subject.
    Person = "person",
    /// Stands for one person after a verb of citing.
    CitedPerson = "cited_person",
    /// Stands for a body.
    Body = "body",
    /// Ties a speaker to a place or a party: "police in Dayton".
    Seat = "seat",
    /// May stand between a speaker and the verb: "in a statement on Twitter".
    Medium = "medium",
    /// Written with a capital and yet no name of a speaker.
    NoName = "no_name",
    /// Does not belong to a speaker's title.
    NoTitle = "no_title",
    /// Tells that figures of harm are reported.
    Counted = "counted",
    /// May stand before the source that follows a word of citing.
    BeforeSource = "before_source",
    /// May stand between a source and its description.
    AfterSource = "after_source",
    /// Verbs after which "by" names who told, not who did it.
    Told = "told",
    /// "claimed", before "by".
    Claimed = "claimed",
    /// "would", "may": what follows was not done.
    Unreal = "unreal",
    /// Before a verb in -ing whose subject the sentence opens with: "after killing".
    SameSubject = "same_subject",
    /// Verbs of harm in the plural of headlines: "kill".
    HeadlineVerb = "headline_verb",
    /// "responsible", "behind": the subject is held responsible.
    Responsible = "responsible",
    /// "against": between those who fight.
    Against = "against",
    /// Ends a participle: "-ing".
    EndsIng = "ends_ing",
    /// Ends a past form: "-ed".
    EndsEd = "ends_ed",
    /// Ends a verb of headlines: "-s".
    EndsPresent = "ends_present",
    /// Ends an ordinal: "22nd".
    EndsOrdinal = "ends_ordinal",
    /// Ends the second half of a word that describes: "Turkey-backed".
    EndsHalf = "ends_half",
    /// Begins a word of harm: "bomb".
    BeginsHarm = "begins_harm",
    /// A word of harm.
    Harm = "harm",
    /// Between a name and the area behind it: "Saraqib in northern Idlib".
    WithinArea = "within_area",
    /// Sets the place of something apart from what was said before: "where", "after".
    NewClause = "new_clause",
    /// Written with a full stop within a name: "St. Louis".
    Stopped = "stopped",
    /// Between two days of a month: "3 to 5 January".
    ToDay = "to_day",
    /// After a word of the future it tells of no future.
    Likely = "likely",
    /// The night before the day told of.
    Overnight = "overnight",
    /// "day", in one.
    Day = "day",
    /// "after", which tells no day later.
    After = "after",
    /// "before", which tells a day earlier.
    Before = "before",
    /// "recent", before days.
    Recent = "recent",
    /// "the"
    The = "the",
    /// Before a number that looks like a year and is one: "in 2011 killed".
    BeforeYear = "before_year",
    /// After a number that looks like a year and is none.
    NoYear = "no_year",
    /// Between "to" and a date: "to early May".
    PartOf = "part_of",
    /// The first of two words between the ends of a span: "up to".
    UpTo = "up_to",
    /// "to", "the": the second of two words between the ends of a span.
    UpToRest = "up_to_rest",
}

/// One bit for each set.
type Bits = [u64; 4];

/// Number of a small word; the default stands for any other word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SmallId(u16);

/// The small words of a language.
#[derive(Debug)]
pub struct Sets {
    words: FxHashMap<&'static str, SmallId>,
    /// The sets of each small word, as bits; none of other words.
    bits: Vec<Bits>,
    /// The words of each set, which are endings or beginnings for some.
    lists: Vec<Vec<&'static str>>,
}

impl Sets {
    /// Whether a word in small letters is of a set.
    pub fn has(&self, word: &str, set: Set) -> bool {
        self.words.get(word).is_some_and(|&small| self.holds(small, set))
    }

    /// The same of a word that is known by its number.
    pub fn holds(&self, small: SmallId, set: Set) -> bool {
        let set = set as usize;
        self.bits[usize::from(small.0)][set / 64] >> (set % 64) & 1 == 1
    }

    /// Each small word with its number.
    pub(crate) fn words(&self) -> impl Iterator<Item = (&'static str, SmallId)> {
        self.words.iter().map(|(&word, &small)| (word, small))
    }

    /// The number of words of the longest phrase of a set that begins at a place; phrases are written with `_` between their
    /// words. `is_word` tells whether the word so many places on is a given one.
    pub fn phrase(&self, set: Set, is_word: impl Fn(usize, &str) -> bool) -> Option<usize> {
        let told = |phrase: &&str| phrase.split('_').enumerate().all(|(at, word)| is_word(at, word));
        self.affixes(set).filter(told).map(|phrase| phrase.split('_').count()).max()
    }

    /// The ending of a set that a word has.
    pub fn ending(&self, word: &str, set: Set) -> Option<&'static str> {
        self.affixes(set).find(|ending| word.ends_with(ending))
    }

    /// Whether a word begins with one of a set.
    pub fn begins(&self, word: &str, set: Set) -> bool {
        self.beginning(word, set).is_some()
    }

    /// The beginning of a set that a word has.
    pub fn beginning(&self, word: &str, set: Set) -> Option<&'static str> {
        self.affixes(set).find(|beginning| word.starts_with(beginning))
    }

    fn affixes(&self, set: Set) -> impl Iterator<Item = &'static str> {
        self.lists[set as usize].iter().copied()
    }

    pub(crate) fn read(text: &'static str) -> Result<Sets, LexiconError> {
        let lists = vec![Vec::new(); Set::ALL.len()];
        let mut sets = Sets { words: FxHashMap::default(), bits: vec![Bits::default()], lists };
        let mut current = None;
        for (number, line) in text.lines().enumerate() {
            let wrong = |message: String| LexiconError { file: "small.txt", line: number + 1, message };
            let line = line.split('#').next().unwrap_or("").trim();
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                let found = Set::ALL.iter().find(|(known, _)| *known == name);
                current = Some(found.ok_or_else(|| wrong(format!("no set is named `{name}`")))?.1);
                continue;
            }
            for word in line.split_whitespace() {
                let set =
                    current.ok_or_else(|| wrong("a word stands before the first section".to_owned()))?;
                let next =
                    u16::try_from(sets.bits.len()).map_err(|_| wrong("too many small words".to_owned()))?;
                // Of a phrase the first word leads to the others.
                let first = word.split('_').next().unwrap_or(word);
                let small = *sets.words.entry(first).or_insert(SmallId(next));
                if small.0 == next {
                    sets.bits.push(Bits::default());
                }
                sets.bits[usize::from(small.0)][set as usize / 64] |= 1 << (set as usize % 64);
                sets.lists[set as usize].push(word);
            }
        }
        Ok(sets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_affixes_are_known_by_their_set() {
        let sets = &crate::language::Language::english().sets;
        assert!(sets.has("which", Set::BackReference) && !sets.has("which", Set::Person));
        assert_eq!(sets.ending("22nd", Set::EndsOrdinal), Some("nd"));
        assert!(sets.begins("bombardment", Set::BeginsHarm) && !sets.begins("tomb", Set::BeginsHarm));
    }

    #[test]
    fn every_set_has_a_word() {
        for (name, set) in Set::ALL {
            assert!(crate::language::Language::english().sets.affixes(*set).next().is_some(), "{name}");
        }
        assert!(Set::ALL.len() <= 64 * Bits::default().len(), "a word's sets are bits of one number");
    }

    #[test]
    fn an_unknown_set_names_its_line() {
        let error = Sets::read("[of]\nof\n[colour]\nred").unwrap_err();
        assert_eq!(error.to_string(), "small.txt, line 3: no set is named `colour`");
    }
}
