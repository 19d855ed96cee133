//! Reads the words for a day or a span of days: "3 May", "last Tuesday", "two days ago", "2019-05-03".

use std::ops::Range;

use annals_plugin::{Date, When};

use super::calendar::{day, days, from_day_month, month_span, plus, span, weekday_before, year_span};
use super::words::Role as Word;
use super::{Reader, Written, YEAR_CARRIES};
use crate::lexicon::Set;
use crate::text::{Case, Kind};

impl Reader<'_, '_> {
    /// Reads the expression that has its first telling word at `at`. Gives its range of tokens within the sentence.
    pub(super) fn expression(
        &mut self,
        tokens: &Range<usize>,
        at: usize,
    ) -> Option<(Range<usize>, Option<When>, bool)> {
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
}
