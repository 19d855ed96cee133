//! Numbers with their bounds: digits, words, ranges, qualifiers and vague words.
//!
//! What a wording sets as bounds follows the table of vague numbers in ACLED's coding notes: "dozens" is at least 12, "more than 12" at
//! least 13, "up to 40" has no lower bound.

use std::ops::Range;

use annals_plugin::Qualifier;

use crate::lexicon::{Class, Lexicon, NumberWord, Set, Side, WordId};
use crate::text::{Document, Kind};

/// A number as a text bounds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Qualifiers and number.
    pub tokens: Range<usize>,
    /// The number alone.
    pub value: Range<usize>,
    /// Lower bound, inclusive.
    pub low: Option<u64>,
    /// Upper bound, inclusive.
    pub high: Option<u64>,
    /// How the text bounds it.
    pub qualifier: Qualifier,
}

impl Figure {
    /// An exact number.
    pub fn exact(tokens: Range<usize>, value: u64) -> Self {
        Self {
            value: tokens.clone(),
            tokens,
            low: Some(value),
            high: Some(value),
            qualifier: Qualifier::Exact,
        }
    }

    /// A number of which only a lowest value is known.
    pub fn vague(tokens: Range<usize>, low: u64) -> Self {
        Self { value: tokens.clone(), tokens, low: Some(low), high: None, qualifier: Qualifier::Vague }
    }
}

/// A number before its qualifiers are weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Value {
    low: u64,
    vague: bool,
    end: usize,
}

/// Reads the number that begins at a token, qualifiers before and after it included; looks no further than `end`.
pub fn figure(document: &Document<'_>, lexicon: &Lexicon, start: usize, end: usize) -> Option<Figure> {
    let reader = Reader { document, lexicon, end };
    let mut at = start;
    let mut qualifier = None;
    while let Some((found, length)) = reader.qualifier(Side::Before, at) {
        qualifier = Some(stronger(qualifier, found));
        at += length;
    }
    let between = reader.is(at, Set::Between) && qualifier.is_none();
    if between {
        at += 1;
    }
    let first_start = at;
    let first = reader.value(at)?;
    at = first.end;
    let mut figure = Figure {
        tokens: start..at,
        value: first_start..at,
        low: Some(first.low),
        high: Some(first.low),
        qualifier: Qualifier::Exact,
    };
    if let Some(second) = reader.range_end(at, first, between) {
        figure.tokens.end = second.end;
        figure.value.end = second.end;
        figure.high = (!second.vague).then_some(second.low);
        figure.qualifier = Qualifier::Range;
        return Some(figure);
    }
    if between {
        return None;
    }
    while let Some((found, length)) = reader.qualifier(Side::After, at) {
        qualifier = Some(stronger(qualifier, found));
        at += length;
        figure.tokens.end = at;
    }
    if first.vague {
        figure.high = None;
        figure.qualifier = Qualifier::Vague;
        return Some(figure);
    }
    figure.qualifier = qualifier.unwrap_or(Qualifier::Exact);
    match figure.qualifier {
        Qualifier::AtLeast => figure.high = None,
        Qualifier::MoreThan => {
            figure.low = Some(first.low.saturating_add(1));
            figure.high = None;
        }
        Qualifier::UpTo => figure.low = None,
        Qualifier::FewerThan => {
            figure.low = None;
            figure.high = Some(first.low.saturating_sub(1));
        }
        Qualifier::About | Qualifier::Exact | Qualifier::Range | Qualifier::Vague => {}
    }
    Some(figure)
}

/// Of two qualifiers of one number the one that bounds it: "at least some 12" is at least 12.
fn stronger(known: Option<Qualifier>, found: Qualifier) -> Qualifier {
    match known {
        None | Some(Qualifier::Exact) => found,
        Some(Qualifier::About) if found != Qualifier::Exact => found,
        Some(known) => known,
    }
}

struct Reader<'a> {
    document: &'a Document<'a>,
    lexicon: &'a Lexicon,
    end: usize,
}

impl Reader<'_> {
    fn lower(&self, at: usize) -> &str {
        if at < self.end { self.document.lower(at) } else { "" }
    }

    fn is(&self, at: usize, set: Set) -> bool {
        at < self.end && self.document.is(at, set)
    }

    fn words(&self, at: usize) -> impl Iterator<Item = WordId> + Clone {
        self.document.tokens()[at.min(self.end)..self.end].iter().map(|token| token.word)
    }

    fn qualifier(&self, side: Side, at: usize) -> Option<(Qualifier, usize)> {
        (at < self.end && self.document.tokens()[at].classes.has(Class::Qualifier))
            .then(|| self.lexicon.qualifier(side, self.words(at)))
            .flatten()
    }

    fn number_word(&self, at: usize) -> Option<NumberWord> {
        let token = (at < self.end).then(|| self.document.tokens()[at])?;
        if token.classes.has(Class::Number) {
            return self.lexicon.number(token.word);
        }
        None
    }

    /// The second number of "12-15", "12 to 15", "five or six", "between 12 and 15", "at least 9 and up to 15".
    fn range_end(&self, at: usize, first: Value, between: bool) -> Option<Value> {
        let mut next = at;
        match self.lower(at) {
            "-" | "\u{2013}" | "\u{2014}" | "\u{2010}" => next += 1,
            _ if self.is(at, Set::ToOr) => next += 1,
            _ if between && self.is(at, Set::And) => next += 1,
            mark if mark == "," || self.is(at, Set::And) || self.is(at, Set::But) => {
                next += 1;
                if self.is(next, Set::And) {
                    next += 1;
                }
                let (Qualifier::UpTo, length) = self.qualifier(Side::Before, next)? else { return None };
                next += length;
            }
            _ => return None,
        }
        if let Some((Qualifier::UpTo | Qualifier::About, length)) = self.qualifier(Side::Before, next) {
            next += length;
        }
        let second = self.value(next)?;
        (second.low > first.low || (second.vague && second.low >= first.low)).then_some(second)
    }

    /// Digits or number words.
    fn value(&self, start: usize) -> Option<Value> {
        let token = (start < self.end).then(|| self.document.tokens()[start])?;
        match token.kind {
            Kind::Number => {
                let digits = self.document.lower(start);
                let scale = match self.number_word(start + 1) {
                    Some(NumberWord::Scale(scale)) if scale >= 12 => Some(scale),
                    _ => None,
                };
                if let Some(thousands) = self.parted(start) {
                    return Some(Value { low: thousands, vague: false, end: start + 2 });
                }
                let low = match scale {
                    Some(scale) => scaled(digits, scale)?,
                    None => whole(digits)?,
                };
                Some(Value { low, vague: false, end: start + 1 + usize::from(scale.is_some()) })
            }
            Kind::Word => self.words_value(start),
            Kind::Mark => None,
        }
    }

    /// "1 000": thousands parted by a blank.
    fn parted(&self, start: usize) -> Option<u64> {
        let (head, tail) = (self.lower(start), self.lower(start + 1));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (1..=3).contains(&head.len()) && !head.starts_with('0') && tail.len() == 3;
        let adjacent = |tokens: &[crate::text::Token]| tokens[0].end + 1 == tokens[1].start;
        let numbers = start + 1 < self.end && adjacent(&self.document.tokens()[start..start + 2]);
        (fits && numbers && digits(head) && digits(tail))
            .then(|| format!("{head}{tail}").parse().ok())
            .flatten()
    }

    /// "seven", "twenty-five", "two hundred and ten", "a dozen", "dozens", "tens of thousands", "half a million".
    fn words_value(&self, start: usize) -> Option<Value> {
        let mut at = start;
        let indefinite = self.is(at, Set::Indefinite);
        at += usize::from(indefinite);
        if self.is(at, Set::Half) {
            at += 1 + usize::from(self.is(at + 1, Set::Indefinite));
            let NumberWord::Scale(scale) = self.number_word(at)? else { return None };
            return Some(Value { low: scale / 2, vague: false, end: at + 1 });
        }
        if self.is(at, Set::Quarter) {
            let of_a = self.is(at + 1, Set::Of) && self.is(at + 2, Set::Indefinite);
            let NumberWord::Scale(scale) = self.number_word(at + 3).filter(|_| of_a)? else { return None };
            return Some(Value { low: scale / 4, vague: false, end: at + 4 });
        }
        if indefinite {
            if self.is(at, Set::Couple) {
                let of = self.is(at + 1, Set::Of);
                return of.then_some(Value { low: 2, vague: false, end: at + 2 });
            }
            return match self.number_word(at)? {
                NumberWord::Scale(scale) => Some(self.further(scale, at + 1)),
                NumberWord::Vague(low) => {
                    let of = usize::from(self.is(at + 1, Set::Of));
                    Some(Value { low, vague: true, end: at + 1 + of })
                }
                _ => None,
            };
        }
        if let Some(NumberWord::Vague(low)) = self.number_word(at) {
            let mut value = Value { low, vague: true, end: at + 1 };
            if self.is(at + 1, Set::Of) {
                match self.number_word(at + 2) {
                    // "tens of thousands", "hundreds of thousands"
                    Some(NumberWord::Vague(scale)) if scale >= 100 => {
                        value = Value { low: low.saturating_mul(scale), vague: true, end: at + 3 };
                        if self.is(value.end, Set::Of) {
                            value.end += 1;
                        }
                    }
                    _ => value.end += usize::from(low >= 10),
                }
            }
            return Some(value);
        }
        let first = self.unit(at)?;
        Some(self.further(first, at + 1))
    }

    /// A number word that stands by itself, or two joined by a hyphen.
    fn unit(&self, at: usize) -> Option<u64> {
        if let Some(NumberWord::Unit(value)) = self.number_word(at) {
            return Some(value);
        }
        let word = self.lower(at);
        let (tens, units) = word.split_once('-').or_else(|| {
            let tens = self.document.language().sets.beginning(word, Set::BeginsTens)?;
            Some(word.split_at(tens.len()))
        })?;
        let value = |word: &str| match self.lexicon.number(self.lexicon.look_up(word).0) {
            Some(NumberWord::Unit(value)) => Some(value),
            _ => None,
        };
        let (tens, units) = (value(tens)?, value(units)?);
        (tens >= 20 && tens % 10 == 0 && (1..10).contains(&units)).then_some(tens + units)
    }

    /// Goes on after the first word: "[two] hundred and ten thousand".
    fn further(&self, first: u64, start: usize) -> Value {
        let (mut total, mut current, mut at) = (0u64, first, start);
        loop {
            if let Some(NumberWord::Scale(scale)) = self.number_word(at) {
                if scale >= 1000 {
                    total = total.saturating_add(current.max(1).saturating_mul(scale));
                    current = 0;
                } else {
                    current = current.max(1).saturating_mul(scale);
                }
                at += 1;
                continue;
            }
            let and = usize::from(self.is(at, Set::And) && (current >= 100 || current == 0));
            let rest = if current == 0
                || current % 100 == 0
                || (current >= 20 && current % 10 == 0 && current < 100)
            {
                self.unit(at + and)
            } else {
                None
            };
            match rest {
                // "one hundred and one soldiers", but not "a hundred and two soldiers" of two lists.
                Some(value) if at > start && value < 100 && current % 100 == 0 => {
                    current += value;
                    at += 1 + and;
                }
                Some(value)
                    if and == 0 && (20..100).contains(&current) && current % 10 == 0 && value < 10 =>
                {
                    current += value;
                    at += 1;
                }
                _ => break,
            }
        }
        Value { low: total.saturating_add(current), vague: false, end: at }
    }
}

/// "1,400" or "1400"; no fractions, no numbers beyond any toll.
fn whole(digits: &str) -> Option<u64> {
    if digits.contains('.') {
        let groups = digits.split('.').skip(1).all(|group| group.len() == 3);
        // "1.400" is how some outlets part thousands; "3.5" is no number of people.
        return (groups
            && digits.split('.').next().is_some_and(|head| (1..=3).contains(&head.len()) && head != "0"))
        .then(|| digits.replace('.', ""))
        .and_then(|digits| digits.parse().ok());
    }
    if let Some((head, tail)) = digits.split_once(',') {
        let groups = tail.split(',').all(|group| group.len() == 3);
        if !groups || head.is_empty() || head.len() > 3 {
            return None;
        }
        return digits.replace(',', "").parse().ok();
    }
    if digits.len() > 9 || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    digits.parse().ok()
}

/// "3.5" of "3.5 million".
fn scaled(digits: &str, scale: u64) -> Option<u64> {
    match digits.split_once('.') {
        Some((head, fraction)) if fraction.len() <= 6 && !fraction.contains('.') => {
            let head: u64 = head.replace(',', "").parse().ok()?;
            let tenth = 10u64.pow(fraction.len() as u32);
            let fraction: u64 = fraction.parse().ok()?;
            head.checked_mul(scale)?.checked_add(fraction.checked_mul(scale)? / tenth)
        }
        Some(_) => None,
        None => whole(digits)?.checked_mul(scale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn read(text: &str) -> Option<(Option<u64>, Option<u64>, Qualifier, String)> {
        let language = Language::english();
        let document = Document::new(text, language);
        let figure = figure(&document, &language.lexicon, 0, document.tokens().len())?;
        Some((figure.low, figure.high, figure.qualifier, document.span(&figure.tokens).to_owned()))
    }

    #[test]
    fn wordings_set_their_bounds() {
        use Qualifier::*;
        for (text, low, high, qualifier, span) in [
            ("12 people", Some(12), Some(12), Exact, "12"),
            ("1,400 people", Some(1400), Some(1400), Exact, "1,400"),
            ("twenty-five people", Some(25), Some(25), Exact, "twenty-five"),
            ("thirty two people", Some(32), Some(32), Exact, "thirty two"),
            ("two hundred and ten people", Some(210), Some(210), Exact, "two hundred and ten"),
            (
                "one hundred twenty thousand people",
                Some(120_000),
                Some(120_000),
                Exact,
                "one hundred twenty thousand",
            ),
            ("3.5 million people", Some(3_500_000), Some(3_500_000), Exact, "3.5 million"),
            ("a quarter of a million people", Some(250_000), Some(250_000), Exact, "a quarter of a million"),
            ("half a million people", Some(500_000), Some(500_000), Exact, "half a million"),
            ("half a dozen people", Some(6), Some(6), Exact, "half a dozen"),
            ("a dozen people", Some(12), Some(12), Exact, "a dozen"),
            ("two dozen people", Some(24), Some(24), Exact, "two dozen"),
            ("dozens of people", Some(12), None, Vague, "dozens of"),
            ("scores of people", Some(20), None, Vague, "scores of"),
            ("several people", Some(3), None, Vague, "several"),
            ("a few people", Some(3), None, Vague, "a few"),
            ("hundreds of people", Some(100), None, Vague, "hundreds of"),
            ("tens of thousands of people", Some(10_000), None, Vague, "tens of thousands of"),
            ("hundreds of thousands of people", Some(100_000), None, Vague, "hundreds of thousands of"),
            ("at least 12 people", Some(12), None, AtLeast, "at least 12"),
            ("more than 12 people", Some(13), None, MoreThan, "more than 12"),
            ("over a hundred people", Some(101), None, MoreThan, "over a hundred"),
            ("up to 40 people", None, Some(40), UpTo, "up to 40"),
            ("fewer than 10 people", None, Some(9), FewerThan, "fewer than 10"),
            ("about 30 people", Some(30), Some(30), About, "about 30"),
            ("at least some 30 people", Some(30), None, AtLeast, "at least some 30"),
            ("an estimated 90 people", Some(90), Some(90), About, "an estimated 90"),
            ("12 or more people", Some(12), None, AtLeast, "12 or more"),
            ("between 5 and 8 people", Some(5), Some(8), Range, "between 5 and 8"),
            ("12-15 people", Some(12), Some(15), Range, "12-15"),
            ("five to eight people", Some(5), Some(8), Range, "five to eight"),
            ("five or six people", Some(5), Some(6), Range, "five or six"),
            ("at least 9 and up to 15 people", Some(9), Some(15), Range, "at least 9 and up to 15"),
            ("seven people", Some(7), Some(7), Exact, "seven"),
            ("a couple of people", Some(2), Some(2), Exact, "a couple of"),
        ] {
            assert_eq!(read(text), Some((low, high, qualifier, span.to_owned())), "{text}");
        }
    }

    #[test]
    fn other_digits_are_no_number_of_people() {
        for text in [
            "007 people",
            "3.5 people",
            "12,34 people",
            "12345678901 people",
            "between 5",
            "a man",
            "over there",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
