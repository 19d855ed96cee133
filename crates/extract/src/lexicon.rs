//! The words of a language, read from its folder of data, with the classes that the grammar asks of them.

use std::sync::OnceLock;

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

    fn add(&mut self, class: Class) {
        self.0 |= 1 << class as u32;
    }
}

/// What a language's folder says.
#[derive(Debug, Default)]
pub struct Lexicon {
    words: FxHashMap<Box<str>, WordId>,
    classes: Vec<Classes>,
}

impl Lexicon {
    /// English, as carried by the program.
    pub fn english() -> &'static Lexicon {
        static ENGLISH: OnceLock<Lexicon> = OnceLock::new();
        ENGLISH.get_or_init(|| {
            Lexicon::read(include_str!("../../../data/lang/en/words.txt"))
                .expect("the English data is checked by a test")
        })
    }

    /// Reads the word file of a language.
    ///
    /// # Errors
    /// When a line is not of the format, with its number.
    pub fn read(words: &str) -> Result<Lexicon, LexiconError> {
        let mut lexicon = Lexicon { words: FxHashMap::default(), classes: vec![Classes::default()] };
        let mut class = None;
        for (number, line) in words.lines().enumerate() {
            let line = line.split('#').next().unwrap_or("").trim();
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                class = Some(Class::named(name).ok_or_else(|| LexiconError {
                    line: number + 1,
                    message: format!("no class is named `{name}`"),
                })?);
                continue;
            }
            for word in line.split_whitespace() {
                let class = class.ok_or_else(|| LexiconError {
                    line: number + 1,
                    message: "a word stands before the first section".to_owned(),
                })?;
                let id = lexicon.intern(word);
                lexicon.classes[id.0 as usize].add(class);
            }
        }
        Ok(lexicon)
    }

    fn intern(&mut self, word: &str) -> WordId {
        if let Some(&id) = self.words.get(word) {
            return id;
        }
        let id = WordId(self.classes.len() as u32);
        self.words.insert(word.into(), id);
        self.classes.push(Classes::default());
        id
    }

    /// A word in small letters, with its classes.
    pub fn look_up(&self, word: &str) -> (WordId, Classes) {
        match self.words.get(word) {
            Some(&id) => (id, self.classes[id.0 as usize]),
            None => (WordId::UNKNOWN, Classes::default()),
        }
    }
}

/// A line of a language's data that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct LexiconError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_section_names_its_line() {
        let error = Lexicon::read("[opener]\nthe\n[colour]\nred").unwrap_err();
        assert_eq!(error.to_string(), "line 3: no class is named `colour`");
    }
}
