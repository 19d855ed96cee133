//! The notation of the word lists: "{car|truck} bomb(s|ed)".

/// Whether a pattern is one word of two to four capitals, which is no acronym in small letters ("IS", "US").
pub(crate) fn is_short_acronym(pattern: &str) -> bool {
    let letters: Vec<char> = pattern.chars().filter(|&character| character != '.').collect();
    (2..=4).contains(&letters.len()) && letters.iter().all(char::is_ascii_uppercase)
}

/// Every phrase that a pattern stands for, cut into words.
pub(crate) fn expand(pattern: &str) -> Vec<Vec<String>> {
    let mut texts = vec![String::new()];
    let mut rest = pattern;
    while let Some(open) = rest.find(['(', '{']) {
        let (head, tail) = rest.split_at(open);
        let (close, optional) = if tail.starts_with('(') { (')', true) } else { ('}', false) };
        let Some(end) = tail.find(close) else { break };
        let mut choices: Vec<&str> = tail[1..end].split('|').collect();
        if optional {
            choices.push("");
        }
        texts = texts
            .iter()
            .flat_map(|text| choices.iter().map(move |choice| format!("{text}{head}{choice}")))
            .collect();
        rest = &tail[end + 1..];
    }
    texts.iter().map(|text| words(&format!("{text}{rest}"))).filter(|phrase| !phrase.is_empty()).collect()
}

/// Cuts a phrase as [`super::Units`] cuts a text.
fn words(phrase: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in phrase.to_lowercase().split([' ', '-']).filter(|part| !part.is_empty()) {
        let (stem, owner) = match part.strip_suffix("'s") {
            Some(stem) => (stem, true),
            None => (part, false),
        };
        let mut word = String::new();
        super::plain(stem, &mut word);
        if !word.is_empty() {
            words.push(word);
        }
        if owner {
            words.push("'s".to_owned());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(pattern: &str) -> Vec<String> {
        expand(pattern).iter().map(|words| words.join(" ")).collect()
    }

    #[test]
    fn choices_and_endings_multiply() {
        assert_eq!(phrases("{car|truck} bomb(s)"), ["car bombs", "car bomb", "truck bombs", "truck bomb"]);
        assert_eq!(phrases("Assad's forces"), ["assad 's forces"]);
        assert_eq!(phrases("U.S.-led"), ["us led"]);
    }

    #[test]
    fn a_bracket_that_is_not_closed_is_read_as_it_stands() {
        assert_eq!(phrases("bomb(s"), ["bombs"]);
    }
}
