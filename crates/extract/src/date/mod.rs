//! Finds when things happened.
//!
//! [`Dates::find`] reads every expression of time in a text once, in order, and resolves it: absolute dates ("Feb. 26, 2016", "3 JAN 90"),
//! days told from the day of publication ("on Tuesday", "last night", "two days ago"), days told from a date named before ("the same
//! day", "a day earlier"), months, years and spans ("Saturday and Sunday", "from the start of this year to November 8"). Precision is
//! UCDP GED's `date_prec`. What the text leaves open stays `None`: a weekday without a day of publication, say.

mod calendar;
mod words;

use std::ops::Range;

use annals_plugin::{Date, When};

use crate::lexicon::{Set, Sets};
use crate::text::{Case, Document, Kind};
use calendar::{day, days, from_day_month, month_span, plus, span, weekday_before, year_span};
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

    /// Reads the expression that has its first telling word at `at`. Gives its range of tokens within the sentence.
    fn expression(&mut self, tokens: &Range<usize>, at: usize) -> Option<(Range<usize>, Option<When>, bool)> {
        let cue = self.cue(at);
        let found = if cue.month != 0 {
            self.month(tokens, at)
        } else if cue.weekday != 0 {
            self.weekday(tokens, at)
        } else if let Some(offset) = cue.day {
            self.day_word(tokens, at, offset)
        } else if cue.is(Word::Weekend) {
            self.weekend(at)
        } else if cue.unit.is_some() || cue.is(Word::Part) {
            self.unit(tokens, at)
        } else {
            self.numeric(tokens, at)
        };
        let (range, when) = found?;
        let start = range.start;
        let opens = self.before(start, 1).is(Word::Since)
            || self.before(start, 2).is(Word::Since) && self.before(start, 1).tells_time();
        if opens && let (Some(from), Some(published)) = (when, self.published) {
            return Some((range, Some(span(from.start, published.max(from.end))), true));
        }
        Some((range, when, opens))
    }

    /// Dates that name a month.
    fn month(&mut self, tokens: &Range<usize>, at: usize) -> Option<(Range<usize>, Option<When>)> {
        if !self.capital(tokens, at) {
            return None;
        }
        let cue = self.cue(at);
        let mut written = Written { month: Some(cue.month), ..Written::default() };
        let mut start = at;
        let mut end = at + 1;
        // "3 January", "3rd of January", "3-5 January".
        let of = usize::from(at >= 2 && self.is(tokens, at - 1, Set::Of));
        if at > of
            && let Some(number) = self.day_of_month(tokens, at - 1 - of)
        {
            written.day = Some(number);
            start = at - 1 - of;
            if start >= 2
                && self.is(tokens, start - 1, Set::ToDay)
                && let Some(first) = self.day_of_month(tokens, start - 2)
                && first < number
            {
                written.day = Some(first);
                written.last_day = Some(number);
                start -= 2;
            }
        }
        if self.lower(tokens, end) == "." {
            end += 1;
        }
        // "January 3", "January 3-5".
        if written.day.is_none()
            && let Some(number) = self.day_of_month(tokens, end)
        {
            written.day = Some(number);
            end += 1;
            if self.is(tokens, end, Set::ToDay)
                && let Some(last) = self.day_of_month(tokens, end + 1)
                && last > number
                && self.cue(end + 2).month == 0
            {
                written.last_day = Some(last);
                end += 2;
            }
        }
        // A year, after a comma or not; two digits only in "3 JAN 90".
        let comma = usize::from(self.lower(tokens, end) == ",");
        if let Some(year) = self.year(tokens, end + comma) {
            written.year = Some(year);
            end += comma + 1;
        } else if written.day.is_some()
            && start < at
            && self.lower(tokens, end).len() == 2
            && let Some(year) = self.number(tokens, end)
            && self.document.sentences().first().is_some_and(|sentence| sentence.tokens.start <= tokens.start)
            && year >= 50
        {
            written.year = Some(1900 + year);
            end += 1;
        }
        if written.day.is_none() && written.year.is_none() {
            let alone =
                !cue.short && (self.before(at, 1).is(Word::BeforeMonth) || self.before(at, 1).is(Word::Last));
            if !alone {
                return None;
            }
        }
        if end > at + 1 && self.lower(tokens, end - 1) == "." {
            end -= 1;
        }
        let future = self.future(tokens, at);
        let when = self.resolve(written, future);
        if self.published.is_none() && written.year.is_some() && written.day.is_some() && tokens.start < 60 {
            self.published = when.map(|when| when.start);
        }
        Some((start..end, when))
    }

    fn resolve(&self, written: Written, future: bool) -> Option<When> {
        let month = written.month?;
        let near = |year: i16, published: Date| -> bool {
            from_day_month(year, month, written.day.unwrap_or(1)).is_some_and(|date| {
                let ahead = days(published, date);
                if future { ahead >= 0 } else { ahead <= 6 }
            })
        };
        let year = match (written.year, self.published.or(self.month_end)) {
            (Some(year), _) => year,
            (None, Some(published)) => {
                let year = published.year();
                match (future, near(year, published)) {
                    (false, false) => year - 1,
                    (true, false) => year + 1,
                    _ => year,
                }
            }
            // Months without a year follow a date named just before.
            (None, None) => {
                let near = self.reading <= self.named_in + YEAR_CARRIES;
                self.last.filter(|when| near && when.precision <= 4)?.start.year()
            }
        };
        match written.day {
            Some(number) => {
                let from = from_day_month(year, month, number)?;
                let to = written.last_day.and_then(|last| from_day_month(year, month, last)).unwrap_or(from);
                Some(span(from, to))
            }
            None => month_span(year, month),
        }
    }

    /// Whether the sentence speaks of what is to come at this token.
    fn future(&self, tokens: &Range<usize>, at: usize) -> bool {
        let from = at.saturating_sub(8);
        (from..at)
            .any(|before| self.cue(before).is(Word::Future) && !self.is(tokens, before + 1, Set::Likely))
    }

    fn weekday(&mut self, tokens: &Range<usize>, at: usize) -> Option<(Range<usize>, Option<When>)> {
        if !self.capital(tokens, at) {
            return None;
        }
        let cue = self.cue(at);
        let mut end = at + 1;
        // "Friday, July 22", "Sun 10 Jul 2016": the date says it all.
        let mut next = end;
        while next < self.cues.len() && next < end + 2 && matches!(self.lower(tokens, next), "," | "." | "(")
        {
            next += 1;
        }
        let skip_part = usize::from(self.cue(next).is(Word::Part));
        let month_at = if self.cue(next + skip_part).month != 0 {
            Some(next + skip_part)
        } else if self.cue(next + skip_part + 1).month != 0
            && self.day_of_month(tokens, next + skip_part).is_some()
        {
            Some(next + skip_part + 1)
        } else {
            None
        };
        if let Some(month_at) = month_at
            && let Some((range, when)) = self.month(tokens, month_at)
        {
            return Some((at..range.end, when));
        }
        if cue.short {
            return None;
        }
        if self.cue(end).is(Word::Part) {
            end += 1;
        }
        let published = self.published;
        let mut start = at;
        let before = self.before(at, 1);
        let when = published.map(|published| {
            let recent = weekday_before(published, cue.weekday);
            let date = if before.is(Word::Last) && recent == published {
                plus(recent, -7)
            } else if before.is(Word::Next) || self.future(tokens, at) && recent != published {
                plus(recent, 7)
            } else {
                recent
            };
            // "Monday last week", "Friday two weeks ago"
            let week_back = self.cue(end).is(Word::Last) && self.cue(end + 1).unit == Some(7);
            day(if week_back && days(date, published) < 7 { plus(date, -7) } else { date })
        });
        if self.cue(end).is(Word::Last) && self.cue(end + 1).unit == Some(7) {
            end += 2;
        }
        if before.is(Word::Last) || before.is(Word::Next) || before.is(Word::This) {
            start -= 1;
        }
        Some((start..end, when))
    }

    fn day_word(&self, tokens: &Range<usize>, at: usize, offset: i8) -> Option<(Range<usize>, Option<When>)> {
        // "today's Syria" and "USA Today" tell no time.
        if self.lower(tokens, at + 1).ends_with('s')
            && self.lower(tokens, at + 1).starts_with(['\'', '\u{2019}'])
            && offset == 0
        {
            return None;
        }
        let capitals = self.document.sentences()[self.document.sentence_of(tokens.start)].capitals;
        if at > 0 && !capitals && self.document.tokens()[tokens.start + at].case == Case::Title {
            return None;
        }
        let end = if self.cue(at + 1).is(Word::Part) { at + 2 } else { at + 1 };
        Some((at..end, self.published.map(|published| day(plus(published, i64::from(offset))))))
    }

    fn weekend(&self, at: usize) -> Option<(Range<usize>, Option<When>)> {
        let back = if self.before(at, 1).is(Word::Last) { 7 } else { 0 };
        let when = self.published.map(|published| {
            let sunday = weekday_before(published, 7);
            let saturday = weekday_before(published, 6);
            // On a Saturday, the weekend is the one that has begun.
            if saturday > sunday {
                day(plus(saturday, -back))
            } else {
                span(plus(sunday, -1 - back), plus(sunday, -back))
            }
        });
        Some((at..at + 1, when))
    }

    /// Expressions that count units of time, and those of parts of a day: "two days ago", "last night", "this year", "the same day".
    fn unit(&mut self, tokens: &Range<usize>, at: usize) -> Option<(Range<usize>, Option<When>)> {
        let cue = self.cue(at);
        let unit = cue.unit;
        let before = self.before(at, 1);
        let published = self.published;
        let after = self.cue(at + 1);
        // "last night", "this morning", "overnight".
        if cue.is(Word::Part) {
            if before.is(Word::Last) {
                return Some((at - 1..at + 1, published.map(|published| day(plus(published, -1)))));
            }
            if before.is(Word::This) {
                return Some((at - 1..at + 1, published.map(day)));
            }
            if self.is(tokens, at, Set::Overnight) {
                return Some((at..at + 1, published.map(|published| span(plus(published, -1), published))));
            }
        }
        let unit = unit?;
        if before.is(Word::Same) || unit == 1 && self.is(tokens, at.wrapping_sub(1), Set::That) {
            if unit == 1 {
                return Some((at - 1..at + 1, self.last.filter(|when| when.precision <= 2)));
            }
            return None;
        }
        // "the previous day", "the next day", "the day before", "a day earlier", "two days later".
        if unit == 1
            && before.is(Word::Last)
            && self.before(at, 2).count == 1
            && cue.count == 0
            && self.is(tokens, at, Set::Day)
        {
            return Some((at - 1..at + 1, self.shift(-1)));
        }
        if unit == 1 && before.is(Word::Next) && self.is(tokens, at, Set::Day) {
            return Some((at - 1..at + 1, self.shift(1)));
        }
        let number = self.number(tokens, at.wrapping_sub(1)).filter(|_| at > 0).map(i64::from);
        let counted = number.or((before.count > 0).then_some(i64::from(before.count)));
        let vague = before.is(Word::VagueCount);
        if after.is(Word::Ago) || after.is(Word::Earlier) && (counted.is_some() || vague) {
            let ago = after.is(Word::Ago);
            let start = if counted.is_some() || vague { at - 1 } else { at };
            let base = if ago { published } else { self.last.map(|when| when.start).or(published) };
            let when = base.and_then(|base| match (counted, unit) {
                (_, 0) => Some(day(base)),
                (Some(number), 1) if number <= 366 => Some(day(plus(base, -number))),
                (Some(number), 7) if number <= 520 => {
                    Some(span(plus(base, -7 * number - 3), plus(base, -7 * number + 3)))
                }
                (Some(number), 30) if number <= 240 => {
                    let date = plus(base, -(number * 3044) / 100);
                    month_span(date.year(), date.month() as u8)
                }
                (Some(number), 365) if number <= 120 => year_span(base.year() - number as i16),
                (None, 1) => Some(span(plus(base, -6), plus(base, -1))),
                _ => None,
            });
            return Some((start..at + 2, when));
        }
        if after.is(Word::Later)
            && !self.is(tokens, at + 1, Set::After)
            && unit == 1
            && counted.is_some()
            && self.last.is_some()
        {
            return Some((at - 1..at + 2, self.shift(counted.unwrap_or(1).min(3660))));
        }
        // "on Saturday, eleven days after shelling that killed four": what lies back is told from the day of the sentence.
        if self.is(tokens, at + 1, Set::After) && unit != 0 && unit <= 7 {
            let base = self.last.filter(|when| self.named_in == self.reading && when.precision == 1);
            let base = base.map(|when| when.start).or(published);
            let when = base.zip(counted).and_then(|(base, number)| match (number, unit) {
                (0..=366, 1) => Some(day(plus(base, -number))),
                (0..=52, _) => Some(span(plus(base, -7 * number - 3), plus(base, -7 * number + 3))),
                _ => None,
            });
            return when.map(|when| (at - 1..at + 2, Some(when)));
        }
        // "the past 24 hours", "the last three days": a span that ends with the report.
        let lead = self.before(at, 2);
        if (counted.is_some() || vague) && (lead.is(Word::Last)) {
            let when = published.and_then(|published| match (counted, unit) {
                (Some(hours), 0) => Some(span(plus(published, -((hours + 23) / 24).min(3660)), published)),
                (Some(number), length) => {
                    Some(span(plus(published, -(number.min(3660) * i64::from(length)).min(36600)), published))
                }
                (None, 1) => Some(span(plus(published, -6), published)),
                _ => None,
            });
            return Some((at - 2..at + 1, when));
        }
        if vague && unit == 1 && self.is(tokens, at - 1, Set::Recent) {
            return Some((at - 1..at + 1, published.map(|published| span(plus(published, -6), published))));
        }
        let edge = |reader: &Self, start: usize| {
            // "the start of this year": its first day.
            reader.is(tokens, start.wrapping_sub(1), Set::Of) && reader.before(start, 2).is(Word::EdgeStart)
        };
        if before.is(Word::This)
            || before.count == 1 && self.is(tokens, at - 1, Set::The) && edge(self, at - 1)
        {
            let start = at - 1;
            let when = published.and_then(|published| {
                let first = match unit {
                    7 => weekday_before(published, 1),
                    30 => from_day_month(published.year(), published.month() as u8, 1)?,
                    365 => from_day_month(published.year(), 1, 1)?,
                    _ => return None,
                };
                Some(if edge(self, start) {
                    day(first)
                } else if unit == 7 {
                    When { precision: 3, ..span(first, published) }
                } else {
                    When { precision: if unit == 30 { 4 } else { 5 }, ..span(first, published) }
                })
            });
            return (unit >= 7)
                .then(|| (if edge(self, start) { start - 2..at + 1 } else { start..at + 1 }, when));
        }
        if before.is(Word::Last) && unit >= 7 {
            let when = published.and_then(|published| match unit {
                7 => {
                    let monday = plus(weekday_before(published, 1), -7);
                    Some(When { precision: 3, ..span(monday, plus(monday, 6)) })
                }
                30 => {
                    let date = plus(from_day_month(published.year(), published.month() as u8, 1)?, -1);
                    month_span(date.year(), date.month() as u8)
                }
                _ => year_span(published.year() - 1),
            });
            return Some((at - 1..at + 1, when));
        }
        // "the day before": told from the last date.
        if unit == 1 && before.count == 1 && after.is(Word::Earlier) && self.is(tokens, at + 1, Set::Before) {
            let ends = !self.cue(at + 2).tells_time();
            return ends.then(|| (at - 1..at + 2, self.shift(-1)));
        }
        None
    }

    /// The last day named, or the day of publication, moved.
    fn shift(&self, by: i64) -> Option<When> {
        let base = self.last.filter(|when| when.precision == 1).map(|when| when.start).or(self.published)?;
        Some(day(plus(base, by)))
    }

    /// "2016-02-26", "02/26/2016", and years alone.
    fn numeric(&mut self, tokens: &Range<usize>, at: usize) -> Option<(Range<usize>, Option<When>)> {
        if self.document.tokens()[tokens.start + at].kind != Kind::Number {
            return None;
        }
        if let Some(year) = self.year(tokens, at) {
            if self.lower(tokens, at + 1) == "-"
                && self.lower(tokens, at + 3) == "-"
                && let (Some(month), Some(number)) =
                    (self.number(tokens, at + 2), self.day_of_month(tokens, at + 4))
            {
                return Some((at..at + 5, from_day_month(year, u8::try_from(month).ok()?, number).map(day)));
            }
            let alone = self.before(at, 1).is(Word::BeforeYear) && !self.is(tokens, at + 1, Set::NoYear);
            let possible = self.published.is_none_or(|published| year <= published.year() + 1);
            return (alone && possible && year >= 1945).then(|| (at..at + 1, year_span(year)));
        }
        if self.lower(tokens, at + 1) == "/"
            && self.lower(tokens, at + 3) == "/"
            && let (Some(first), Some(second), Some(year)) =
                (self.number(tokens, at), self.number(tokens, at + 2), self.number(tokens, at + 4))
        {
            let year = if year < 100 { 2000 + year } else { year };
            // Only one order can be right if a number is no month.
            let (month, number) = if first > 12 { (second, first) } else { (first, second) };
            let when =
                from_day_month(year, u8::try_from(month).ok()?, u8::try_from(number).ok()?).map(day)?;
            return Some((at..at + 5, Some(when)));
        }
        None
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
