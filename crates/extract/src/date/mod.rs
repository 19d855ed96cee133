//! Finds when things happened.
//!
//! [`Dates::find`] reads every expression of time in a text once, in order, and resolves it: absolute dates ("Feb. 26, 2016", "3 JAN 90"),
//! days told from the day of publication ("on Tuesday", "last night", "two days ago"), days told from a date named before ("the same
//! day", "a day earlier"), months, years and spans ("Saturday and Sunday", "from the start of this year to November 8"). Precision is
//! UCDP GED's `date_prec`. What the text leaves open stays `None`: a weekday without a day of publication, say.

mod calendar;
mod expression;
mod words;

use std::ops::Range;

use annals_plugin::{Date, When};

use crate::lexicon::{Set, Sets};
use crate::text::{Case, Document, Kind};
use calendar::{days, plus, span};
pub(crate) use words::Words;
use words::{Cue, Role as Word};

/// Expressions on each side of a token that may date it.
const WINDOW: usize = 20;
/// Tokens beyond which distance no longer matters.
const FAR: usize = 120;
/// What an article is about is told by its first dates; so many at most are weighed, which keeps long texts cheap.
const MOST_FOR_MAIN: usize = 200;
/// Words of the lead that are searched for harm.
const LEAD_WORDS: usize = 200;

/// What a date tells the day of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Something that happened.
    Event,
    /// Of someone's saying so: "police said on Tuesday".
    Report,
    /// Something yet to come.
    Future,
}

/// One expression of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Its tokens in the document.
    pub tokens: Range<usize>,
    /// Its sentence.
    pub sentence: usize,
    /// The time it stands for, `None` if the text does not settle it.
    pub when: Option<When>,
    /// What it tells the day of.
    pub role: Role,
    /// The start of an open span: "since Monday".
    pub since: bool,
    /// What lies back, told from the day of the sentence: "a day after".
    pub back: bool,
    /// Words of harm stand beside it.
    pub harm: bool,
    /// Words of what follows on harm stand beside it: courts, arrests, burials.
    pub process: bool,
}

/// For how many sentences a year that was named still stands for months without one.
const YEAR_CARRIES: usize = 2;

/// The expressions of time of one text.
#[derive(Debug, Clone, Default)]
pub struct Dates {
    mentions: Vec<Mention>,
    published: Option<Date>,
}

impl Dates {
    /// Finds all expressions of time. `published` is the day of publication; without it, a full date at the head of the text serves.
    pub fn find(document: &Document<'_>, published: Option<Date>) -> Dates {
        Self::find_in(document, published, None)
    }

    /// As [`Dates::find`]; where no day of publication is known, `month` is a day of the month of publication, which tells
    /// the year of dates without one, and nothing of "today" or "on Tuesday".
    pub fn find_in(document: &Document<'_>, published: Option<Date>, month: Option<Date>) -> Dates {
        let words = &document.language().dates;
        let month_end = month.map(Date::last_of_month);
        let (mentions, cues) = (Vec::new(), Vec::new());
        let mut reader = Reader {
            document,
            words,
            sets: &document.language().sets,
            published,
            month_end,
            last: None,
            named_in: 0,
            reading: 0,
            mentions,
            cues,
        };
        for sentence in 0..document.sentences().len() {
            reader.sentence(sentence);
        }
        Dates { mentions: reader.mentions, published: reader.published }
    }

    /// All expressions, in order of the text.
    pub fn mentions(&self) -> &[Mention] {
        &self.mentions
    }

    /// The day that relative expressions are told from: of publication, or the first full date of the text.
    pub fn published(&self) -> Option<Date> {
        self.published
    }

    /// Expressions in a sentence.
    pub fn in_sentence(&self, sentence: usize) -> &[Mention] {
        let start = self.mentions.partition_point(|mention| mention.sentence < sentence);
        let end = self.mentions.partition_point(|mention| mention.sentence <= sentence);
        &self.mentions[start..end]
    }

    /// The time that the sentence itself gives for what stands at a token.
    ///
    /// `Some(None)` if it names a time that cannot be resolved, `None` if it names none.
    pub fn at(&self, document: &Document<'_>, sentence: usize, token: usize) -> Option<Option<When>> {
        let within = self.in_sentence(sentence);
        // In a sentence of very many dates, those around the token have the say.
        let here = within.partition_point(|mention| mention.tokens.start < token);
        let within = &within[here.saturating_sub(WINDOW)..within.len().min(here + WINDOW)];
        let nearest = |role: Role| {
            within.iter().filter(|mention| mention.role == role).min_by_key(|mention| {
                let (from, to) = if mention.tokens.start >= token {
                    (token, mention.tokens.start)
                } else {
                    (mention.tokens.end, token)
                };
                // A clause's end lies further than words do.
                let from = from.min(to);
                let far = (to - from).min(FAR);
                let marks = document.tokens()[from..from + far]
                    .iter()
                    .filter(|between| between.kind == Kind::Mark)
                    .count();
                far + 6 * marks
            })
        };
        nearest(Role::Event).or_else(|| nearest(Role::Report)).map(|mention| mention.when)
    }

    /// The time of what stands at a token: as its sentence gives it, else as the sentences before it of the same paragraph or the lead do,
    /// else the article's own.
    pub fn of_incident(&self, document: &Document<'_>, sentence: usize, token: usize) -> Option<When> {
        if let Some(found) = self.at(document, sentence, token) {
            return found;
        }
        let paragraph = document.sentences()[sentence].paragraph;
        for before in (0..sentence).rev().take(3) {
            if document.sentences()[before].paragraph + 1 < paragraph {
                break;
            }
            let close = self.in_sentence(before).iter().rev().find(|mention| {
                mention.role == Role::Event && mention.when.is_some_and(|when| when.precision <= 2)
            });
            if let Some(mention) = close {
                return mention.when;
            }
        }
        self.main(document)
    }

    /// The time of what the article is chiefly about: the day that headline and lead, and words of harm, speak for most.
    ///
    /// A report of harm that names no day at all is read as of the day of publication or the day before.
    pub fn main(&self, document: &Document<'_>) -> Option<When> {
        let court =
            self.mentions.iter().take(MOST_FOR_MAIN).any(|mention| mention.process && mention.sentence < 6);
        let mut days_named: Vec<(When, f64)> = Vec::new();
        for mention in self
            .mentions
            .iter()
            .take(MOST_FOR_MAIN)
            .filter(|mention| !mention.since && mention.role != Role::Future)
        {
            let Some(when) = mention.when.filter(|when| when.precision <= 2) else { continue };
            let early = match mention.sentence {
                0 => 3.0,
                1 => 2.8,
                2 => 2.5,
                3..=5 => 2.0,
                6..=12 => 1.2,
                _ => 0.6,
            };
            let age = self.published.map_or(0, |published| days(when.start, published));
            // An old day is background, but for a story from a court.
            let old = if age > 45 && !court { 0.3 } else { 1.0 };
            let role = if mention.role == Role::Report { 0.45 } else { 1.0 };
            let harm = if mention.harm { 1.7 } else { 1.0 };
            let process = if mention.process { 0.35 } else { 1.0 };
            let back = if mention.back { 0.2 } else { 1.0 };
            let weight = early * old * role * harm * process * back;
            match days_named.iter_mut().find(|(other, _)| other.start == when.start) {
                Some((other, sum)) => {
                    *sum += 0.5 * weight;
                    *other = (*other).min(when);
                }
                None => days_named.push((when, weight)),
            }
        }
        let best =
            days_named.iter().rev().max_by(|one, other| one.1.total_cmp(&other.1)).map(|(when, _)| *when);
        let wider = || {
            let event = |mention: &&Mention| {
                mention.role == Role::Event
                    && !mention.since
                    && mention.when.is_some_and(|when| when.precision <= 4)
            };
            self.mentions.iter().take(MOST_FOR_MAIN).find(event).and_then(|mention| mention.when)
        };
        best.or_else(wider).or_else(|| {
            let words = &document.language().dates;
            let harm = document
                .sentences()
                .iter()
                .take(3)
                .flat_map(|sentence| sentence.tokens.clone())
                .take(LEAD_WORDS)
                .any(|token| words.cue(document.lower(token)).is(Word::Harm));
            let open = self.mentions.iter().take(MOST_FOR_MAIN).any(|mention| mention.when.is_none());
            self.published.filter(|_| harm && !open).map(|published| span(plus(published, -1), published))
        })
    }
}

struct Reader<'a, 'd> {
    document: &'a Document<'d>,
    words: &'a Words,
    sets: &'a Sets,
    published: Option<Date>,
    /// Last day of the month of publication, where no day is known.
    month_end: Option<Date>,
    /// The last day named, for "the same day".
    last: Option<When>,
    /// The sentence that names `last`.
    named_in: usize,
    /// The sentence that is being read.
    reading: usize,
    mentions: Vec<Mention>,
    /// Cues of the sentence at hand.
    cues: Vec<Cue>,
}

/// A date as far as it is written.
#[derive(Clone, Copy, Default)]
struct Written {
    year: Option<i16>,
    month: Option<u8>,
    day: Option<u8>,
    last_day: Option<u8>,
}

impl Reader<'_, '_> {
    fn sentence(&mut self, index: usize) {
        let tokens = self.document.sentences()[index].tokens.clone();
        self.cues.clear();
        let mut any = false;
        for token in tokens.clone() {
            let kind = self.document.tokens()[token].kind;
            let cue =
                if kind == Kind::Word { self.words.cue(self.document.lower(token)) } else { Cue::default() };
            any |= cue.tells_time() || kind == Kind::Number && self.document.lower(token).len() == 4;
            self.cues.push(cue);
        }
        if !any && !tokens.clone().any(|token| self.document.lower(token).as_bytes().get(4) == Some(&b'-')) {
            return;
        }
        self.reading = index;
        let first = self.mentions.len();
        let mut at = 0;
        while at < self.cues.len() {
            match self.expression(&tokens, at) {
                Some((range, when, since)) => {
                    // A date that is read twice, once as "Friday" and once as "July 22", is one.
                    let joined = self.mentions[first..].last().and_then(|before| {
                        let goes_on = self.joins(&tokens, before.tokens.end - tokens.start, range.start);
                        goes_on.then(|| join(before.when, when)).flatten()
                    });
                    if let Some(both) = joined
                        && let Some(before) = self.mentions.last_mut()
                    {
                        before.tokens.end = tokens.start + range.end;
                        before.when = Some(both);
                        self.last = Some(both);
                        self.named_in = index;
                    } else {
                        let absolute = tokens.start + range.start..tokens.start + range.end;
                        let role = self.role(&tokens, &range, when);
                        if let (Some(when), Role::Event | Role::Report) = (when, role) {
                            self.last = Some(when);
                            self.named_in = index;
                        }
                        let (harm, process) = self.beside(&range);
                        let back = self.is(&tokens, range.end.wrapping_sub(1), Set::After)
                            && !self.is(&tokens, range.start, Set::The);
                        self.mentions.push(Mention {
                            tokens: absolute,
                            sentence: index,
                            when,
                            role,
                            since,
                            back,
                            harm,
                            process,
                        });
                    }
                    at = range.end.max(at + 1);
                }
                None => at += 1,
            }
        }
    }

    /// Whether a token of the sentence is of a set; `false` beyond its edges.
    fn is(&self, tokens: &Range<usize>, at: usize, set: Set) -> bool {
        at < tokens.len() && self.document.is(tokens.start + at, set)
    }

    fn cue(&self, at: usize) -> Cue {
        self.cues.get(at).copied().unwrap_or_default()
    }

    fn before(&self, at: usize, back: usize) -> Cue {
        at.checked_sub(back).map(|at| self.cue(at)).unwrap_or_default()
    }

    /// A token of the sentence in small letters; empty beyond its edges, so that looking back from the first one is safe.
    fn lower(&self, tokens: &Range<usize>, at: usize) -> &str {
        if at < tokens.len() { self.document.lower(tokens.start + at) } else { "" }
    }

    /// A number of digits alone, or an ordinal ("22nd").
    fn number(&self, tokens: &Range<usize>, at: usize) -> Option<i16> {
        let word = self.lower(tokens, at);
        if word.len() > 4 || word.is_empty() {
            return None;
        }
        let ending = self.sets.ending(word, Set::EndsOrdinal).unwrap_or("");
        let digits = &word[..word.len() - ending.len()];
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
    }

    fn day_of_month(&self, tokens: &Range<usize>, at: usize) -> Option<u8> {
        let number = self.number(tokens, at)?;
        // "3:30", "4 people" are not days; the caller knows what stands beside.
        (1..=31).contains(&number).then_some(number as u8)
    }

    fn year(&self, tokens: &Range<usize>, at: usize) -> Option<i16> {
        let word = self.lower(tokens, at);
        (word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| word.parse().ok())
            .flatten()
            .filter(|year| (1900..=2100).contains(year))
    }

    /// Written with a capital, as names of months and days are.
    fn capital(&self, tokens: &Range<usize>, at: usize) -> bool {
        matches!(self.document.tokens()[tokens.start + at].case, Case::Title | Case::Upper)
    }

    /// Whether an expression at `start` goes on from one that ended at `end`: "Saturday and Sunday", "from May 3 to June 8".
    fn joins(&self, tokens: &Range<usize>, end: usize, start: usize) -> bool {
        if start < end || start > end + 3 {
            return false;
        }
        let gap: Vec<&str> = (end..start).map(|at| self.lower(tokens, at)).collect();
        let has = |word: &str, set| self.sets.has(word, set);
        let to = |word: &str| self.words.cue(word).is(Word::To) || matches!(word, "-" | "\u{2013}");
        match gap[..] {
            [] => false,
            [word] => to(word),
            [word, part] => {
                to(word) && has(part, Set::PartOf) || has(word, Set::UpTo) && has(part, Set::UpToRest)
            }
            [up, rest, _] => has(up, Set::UpTo) && has(rest, Set::UpToRest),
            _ => false,
        }
    }

    /// Whether words of harm, and of what follows on it, stand near an expression.
    fn beside(&self, range: &Range<usize>) -> (bool, bool) {
        let near = |role: Word| {
            let from = range.start.saturating_sub(10);
            let to = (range.end + 8).min(self.cues.len());
            (from..to).filter(|&at| self.cue(at).is(role)).map(|at| at.abs_diff(range.start)).min()
        };
        let (harm, process) = (near(Word::Harm), near(Word::Process));
        // The nearer one has the say: "arrested Tuesday for the shooting".
        (
            harm.is_some() && process.is_none_or(|process| harm < Some(process)),
            process.is_some() && process <= harm.or(Some(usize::MAX)),
        )
    }

    fn role(&self, tokens: &Range<usize>, range: &Range<usize>, when: Option<When>) -> Role {
        if let (Some(when), Some(published)) = (when, self.published)
            && when.start > plus(published, 1)
        {
            return Role::Future;
        }
        for at in (range.start.saturating_sub(8)..range.start).rev() {
            let cue = self.cue(at);
            if cue.is(Word::Harm) {
                return Role::Event;
            }
            if cue.is(Word::Report) {
                return Role::Report;
            }
            let word = self.lower(tokens, at);
            if matches!(word, "," | ";" | "\u{201d}" | "\"") || self.sets.has(word, Set::That) {
                break;
            }
        }
        Role::Event
    }
}

/// One span of two times, if the second ends no earlier than the first.
fn join(first: Option<When>, second: Option<When>) -> Option<When> {
    let (first, second) = (first?, second?);
    (first.end <= second.end && days(first.start, second.end) < 36_600)
        .then(|| if first == second { first } else { span(first.start, second.end) })
}

/// The first day of the month that an address names in its path, as in `/2022/07/`.
pub fn month_of_address(url: &str) -> Option<Date> {
    let segments: Vec<&str> = url.split(['?', '#']).next()?.split('/').collect();
    segments.windows(2).find_map(|pair| {
        let (year, month) = (pair[0], pair[1]);
        let digits =
            |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) || !("1980".."2100").contains(&year) {
            return None;
        }
        Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()
    })
}

#[cfg(test)]
mod tests;
