//! The rules of `data/clean`: what scrapers leave around news text, one file a language.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use crate::dates::Dates;
use crate::pattern::Pattern;
use crate::sieve::{self, BULLETS, Sieve};

/// How dates are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DateWords {
    pub(crate) months: Vec<Vec<String>>,
    pub(crate) weekdays: Vec<String>,
    #[serde(default)]
    pub(crate) ordinals: Vec<String>,
    pub(crate) published: Vec<String>,
    pub(crate) updated: Vec<String>,
    pub(crate) dash: String,
    pub(crate) dot: String,
    pub(crate) slash: String,
    #[serde(default)]
    pub(crate) month_first: Vec<String>,
}

/// Words that guard what is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    numbers: BTreeMap<String, String>,
    harm: Vec<String>,
    and: Vec<String>,
    by: Vec<String>,
    author_labels: Vec<String>,
    no_author: Vec<String>,
    #[serde(default)]
    addresses: Vec<String>,
}

/// What part of a text a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// A whole paragraph.
    Paragraph,
    /// A paragraph that opens a list of other stories: it goes with all that follows.
    From,
    /// The end of a paragraph.
    End,
    /// A piece anywhere in a paragraph.
    Inside,
    /// The beginning of the text.
    Head,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    name: String,
    scope: Scope,
    #[serde(default)]
    max_words: Option<usize>,
    patterns: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    language: String,
    dates: DateWords,
    words: Words,
    #[serde(default, rename = "rule")]
    rules: Vec<RuleText>,
    #[serde(default)]
    refuse: Vec<RefusalText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusalText {
    reason: String,
    max_words: usize,
    patterns: Vec<String>,
}

/// How a text that is no article is told.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The code for the `rejected` table.
    pub(crate) reason: &'static str,
    /// Longer texts are articles.
    pub(crate) max_words: usize,
    pub(crate) pattern: Pattern,
}

/// Reasons that a rule may give: the codes of the `rejected` table are fixed.
const REASONS: [&str; 3] = ["error_page", "blocked_page", "paywall_stub"];

/// One rule, ready to use.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) scope: Scope,
    /// Paragraphs of more words are not looked at.
    pub(crate) max_words: usize,
}

/// One pattern of a rule, or all of them as one where the first place that any matches counts.
#[derive(Debug)]
struct Matcher {
    rule: usize,
    pattern: Pattern,
}

/// All rules of one language.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) language: String,
    pub(crate) dates: Dates,
    pub(crate) rules: Vec<Rule>,
    pub(crate) refusals: Vec<Refusal>,
    /// A number, in digits or words.
    pub(crate) number: Pattern,
    numbers: BTreeMap<String, String>,
    /// A word of harm to people.
    pub(crate) harm: Pattern,
    /// What a site says when it speaks to its readers or of itself.
    pub(crate) addresses: Pattern,
    /// A paragraph that names who wrote the text.
    byline: Pattern,
    /// What stands between two names.
    pub(crate) between_names: Pattern,
    /// What stands before a name.
    pub(crate) by: Pattern,
    /// What stands before a name in an element that shows the author.
    pub(crate) author_label: Pattern,
    /// What such an element says when it names no author.
    pub(crate) no_author: Pattern,
    /// Words of the longest paragraph that a rule for whole paragraphs looks at.
    pub(crate) longest_paragraph: usize,
    matchers: Vec<Matcher>,
    /// Which matchers can match a text at all.
    sieve: Sieve,
    /// The first of the words before a name, in lower case.
    first_words_of_by: Vec<String>,
}

impl Rules {
    /// The patterns of one scope that may match a text, with the numbers of their rules, in the order of the file.
    pub(crate) fn candidates(
        &self,
        scope: Scope,
        text: &str,
    ) -> impl Iterator<Item = (usize, &Rule, &Regex)> {
        self.sieve
            .candidates(text)
            .into_iter()
            .map(|index| &self.matchers[usize::from(index)])
            .filter(move |matcher| self.rules[matcher.rule].scope == scope)
            .map(|matcher| (matcher.rule, &self.rules[matcher.rule], &*matcher.pattern))
    }

    /// Whether a line is one that a rule for paragraphs takes off, or that heads a list of other stories, whatever its
    /// length.
    pub(crate) fn is_furniture(&self, line: &str) -> bool {
        self.sieve.candidates(line).into_iter().map(|index| &self.matchers[usize::from(index)]).any(
            |matcher| {
                matches!(self.rules[matcher.rule].scope, Scope::Paragraph | Scope::From)
                    && matcher.pattern.is_match(line)
            },
        )
    }

    /// The names in a line that says who wrote the text and nothing else.
    pub(crate) fn names_in_byline<'t>(&self, line: &'t str) -> Option<&'t str> {
        let first = line.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty())?;
        let first = first.to_lowercase();
        if !self.first_words_of_by.contains(&first) {
            return None;
        }
        self.byline.captures(line)?.name("names").map(|names| names.as_str())
    }

    /// The figures in a text, words as digits.
    pub(crate) fn figures<'t>(&self, text: &'t str) -> impl Iterator<Item = Cow<'t, str>> {
        self.number.find_iter(text).map(|found| {
            let figure = found.as_str();
            match self.numbers.get(&figure.to_lowercase()) {
                Some(digits) => Cow::Owned(digits.clone()),
                None => Cow::Borrowed(figure),
            }
        })
    }
}

const LANGUAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/languages.rs"));

static RULES: LazyLock<Vec<Rules>> = LazyLock::new(|| {
    LANGUAGES
        .iter()
        .map(|(file, text)| read(text).unwrap_or_else(|error| panic!("data/clean/{file}.toml: {error}")))
        .collect()
});

/// The rules of a language, those of English if it has none of its own.
pub(crate) fn of(language: Option<&str>) -> &'static Rules {
    let find = |code: &str| RULES.iter().find(|rules| rules.language == code);
    language.and_then(find).or_else(|| find("en")).expect("a test checks that English is there")
}

/// All languages that have rules.
pub(crate) fn all() -> &'static [Rules] {
    &RULES
}

/// Text of all rule files, for the fingerprint of the stage.
pub(crate) fn sources() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|(_, text)| *text)
}

fn read(text: &str) -> Result<Rules, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    if file.dates.months.len() != 12 {
        return Err(format!("`dates.months` lists {} months", file.dates.months.len()));
    }
    let mut rules = Vec::with_capacity(file.rules.len());
    let mut matchers = Vec::new();
    let mut sifted = Vec::new();
    for (number, rule) in file.rules.iter().enumerate() {
        rules.push(Rule {
            name: rule.name.clone(),
            scope: rule.scope,
            max_words: rule.max_words.unwrap_or(usize::MAX),
        });
        let joined = rule.patterns.iter().map(|p| format!("(?:{p})")).collect::<Vec<_>>().join("|");
        let (patterns, at_start) = match rule.scope {
            // Any pattern that matches the whole line will do, so each is tried alone: together they make an automaton
            // of many more states.
            Scope::Paragraph | Scope::From => {
                (rule.patterns.iter().map(|p| (p.clone(), format!("^{BULLETS}(?:{p})\\s*$"))).collect(), true)
            }
            Scope::End => (vec![(joined.clone(), format!("(?:{joined})\\s*$"))], false),
            Scope::Inside => (vec![(joined.clone(), format!("\\s*(?:{joined})"))], false),
            Scope::Head => (vec![(joined.clone(), format!("^\\s*(?:{joined})"))], true),
        };
        for (text, whole) in patterns {
            matchers.push(Matcher { rule: number, pattern: Pattern::of_any_case(whole) });
            sifted.push((text, at_start));
        }
    }
    let sifted: Vec<sieve::Pattern<'_>> =
        sifted.iter().map(|(text, at_start)| sieve::Pattern { text, at_start: *at_start }).collect();
    let sieve = Sieve::new(&sifted)?;
    let mut refusals = Vec::with_capacity(file.refuse.len());
    for rule in &file.refuse {
        let joined = rule.patterns.iter().map(|p| format!("(?:{p})")).collect::<Vec<_>>().join("|");
        refusals.push(Refusal {
            reason: REASONS.into_iter().find(|known| *known == rule.reason).ok_or_else(|| {
                format!("`{}` is not a reason to refuse; known are {}", rule.reason, REASONS.join(", "))
            })?,
            max_words: rule.max_words,
            pattern: Pattern::of_any_case(joined),
        });
    }
    let alternation = |words: &[String]| crate::dates::any_of(words.iter());
    let by = alternation(&file.words.by);
    let and = alternation(&file.words.and);
    Ok(Rules {
        dates: Dates::new(&file.dates),
        longest_paragraph: rules
            .iter()
            .filter(|rule| rule.scope == Scope::Paragraph)
            .map(|rule| rule.max_words)
            .max()
            .unwrap_or(0),
        matchers,
        sieve,
        first_words_of_by: file
            .words
            .by
            .iter()
            .filter_map(|words| words.split(|c: char| !c.is_alphanumeric()).next())
            .map(str::to_lowercase)
            .collect(),
        language: file.language,
        rules,
        refusals,
        number: Pattern::of_any_case(format!(
            r"\d+|\b(?:{})\b",
            crate::dates::any_of(file.words.numbers.keys())
        )),
        numbers: file.words.numbers,
        addresses: {
            let words = alternation(&file.words.addresses);
            let words = if words.is_empty() { words } else { format!(r"\b(?:{words})\b|") };
            Pattern::of_any_case(format!(r"{words}https?://|\bwww\.|\.(?:com|org|net)\b|@|©"))
        },
        harm: Pattern::of_any_case(format!(r"\b(?:{})\b", alternation(&file.words.harm))),
        byline: Pattern::new(format!(
            r"^\W{{0,3}}(?i:{by})\s*:?\s+(?P<names>\p{{Lu}}[\w.'’-]*(?:\s+(?:\p{{Lu}}[\w.'’-]*|de|al|el|bin|van|von|der|la|le|du|(?i:{and}))|,\s+\p{{Lu}}[\w.'’-]*){{0,9}})\W{{0,3}}$"
        )),
        author_label: Pattern::of_any_case(format!(
            r"^\W*(?:(?:{})\b\s*:?\s*|(?:{by}):?\s*(?:\s|\b))+",
            alternation(&file.words.author_labels)
        )),
        no_author: Pattern::of_any_case(format!(
            r"^\W*(?:(?:{})\b.*)?$|[?!]",
            alternation(&file.words.no_author)
        )),
        by: Pattern::of_any_case(format!(r"^\W{{0,3}}(?:{by})\s*:?\s+")),
        between_names: Pattern::of_any_case(format!(r"\s*,\s*|\s+(?:{and})\s+")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_sound() {
        assert!(all().iter().any(|rules| rules.language == "en"));
        for ((file, _), rules) in LANGUAGES.iter().zip(all()) {
            assert_eq!(*file, rules.language);
            for matcher in &rules.matchers {
                assert!(matcher.pattern.build().is_ok(), "rule `{}`", rules.rules[matcher.rule].name);
            }
            for refusal in &rules.refusals {
                assert!(refusal.pattern.build().is_ok(), "refusal `{}`", refusal.reason);
            }
            let Rules { number, harm, addresses, byline, between_names, by, author_label, no_author, .. } =
                rules;
            let of_words = [number, harm, addresses, byline, between_names, by, author_label, no_author];
            for pattern in of_words.into_iter().chain(rules.dates.patterns()) {
                pattern.build().unwrap();
            }
        }
    }
}
