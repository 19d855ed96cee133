//! The rules of `data/clean`: what scrapers leave around news text, one file a language.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::dates::Dates;

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
}

/// Words that guard what is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    numbers: Vec<String>,
    harm: Vec<String>,
    and: Vec<String>,
    by: Vec<String>,
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
}

/// One rule, ready to use.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) scope: Scope,
    /// Paragraphs of more words are not looked at.
    pub(crate) max_words: usize,
    pub(crate) pattern: Regex,
}

/// All rules of one language.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) language: String,
    pub(crate) dates: Dates,
    pub(crate) rules: Vec<Rule>,
    /// A number, in digits or words.
    pub(crate) number: Regex,
    /// A word of harm to people.
    pub(crate) harm: Regex,
    /// A paragraph that names who wrote the text.
    pub(crate) byline: Regex,
    /// What stands between two names.
    pub(crate) between_names: Regex,
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
    let build = |pattern: &str| {
        RegexBuilder::new(pattern)
            .case_insensitive(true)
            .size_limit(32 << 20)
            .build()
            .map_err(|error| error.to_string())
    };
    let mut rules = Vec::with_capacity(file.rules.len());
    for rule in &file.rules {
        let joined = rule.patterns.iter().map(|p| format!("(?:{p})")).collect::<Vec<_>>().join("|");
        let pattern = match rule.scope {
            Scope::Paragraph | Scope::From => format!("^[\\s•*·>»|-]*(?:{joined})\\s*$"),
            Scope::End => format!("(?:{joined})\\s*$"),
            Scope::Inside => format!("\\s*(?:{joined})"),
            Scope::Head => format!("^\\s*(?:{joined})"),
        };
        rules.push(Rule {
            name: rule.name.clone(),
            scope: rule.scope,
            max_words: rule.max_words.unwrap_or(usize::MAX),
            pattern: build(&pattern).map_err(|error| format!("rule `{}`: {error}", rule.name))?,
        });
    }
    let alternation = |words: &[String]| crate::dates::any_of(words.iter());
    let by = alternation(&file.words.by);
    let and = alternation(&file.words.and);
    Ok(Rules {
        dates: Dates::new(&file.dates).map_err(|error| error.to_string())?,
        language: file.language,
        rules,
        number: build(&format!(r"\d+|\b(?:{})\b", alternation(&file.words.numbers)))?,
        harm: build(&format!(r"\b(?:{})\b", alternation(&file.words.harm)))?,
        byline: RegexBuilder::new(&format!(
            r"^\W{{0,3}}(?i:{by})\s*:?\s+(?P<names>\p{{Lu}}[\w.'’-]*(?:\s+(?:\p{{Lu}}[\w.'’-]*|de|al|el|bin|van|von|der|la|le|du|(?i:{and}))|,\s+\p{{Lu}}[\w.'’-]*){{0,9}})\W{{0,3}}$"
        ))
        .build()
        .map_err(|error| error.to_string())?,
        between_names: build(&format!(r"\s*,\s*|\s+(?:{and})\s+"))?,
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
        }
    }
}
