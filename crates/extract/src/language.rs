//! The lists of one language, from the program or from a folder.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::assemble::Knowledge;
use crate::lexicon::{Files, Lexicon, Sets};
use crate::{date, place};

/// All that a language's folder says, with the lists of parties and bodies.
#[derive(Debug)]
pub struct Language {
    /// Words, numbers, victims and outcomes.
    pub lexicon: Lexicon,
    /// Small words and endings.
    pub sets: Sets,
    /// The lists that attribution reads with.
    pub knowledge: Knowledge,
    pub(crate) places: place::Words,
    pub(crate) dates: date::Words,
}

/// Why a folder cannot be read as a language.
#[derive(Debug, thiserror::Error)]
pub enum LanguageError {
    /// A file cannot be read, or is not UTF-8.
    #[error("failed to read {}: {error}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The folder's name tells no language.
    #[error("{} is not named by the two letters of a language (ISO 639-1)", path.display())]
    Unnamed {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds none of the files of a language.
    #[error("{} holds none of the files of a language", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A line is not of its file's format.
    #[error("{}: {message}", path.display())]
    Wrong {
        /// The folder.
        path: PathBuf,
        /// The file, its line, and what is wrong with it.
        message: String,
    },
}

macro_rules! carried {
    ($($file:literal $path:literal),+ $(,)?) => {
        /// The files of a language, with the English ones that the program carries.
        const FILES: &[(&str, &str)] = &[$(($file, include_str!(concat!("../../../data/", $path)))),+];
    };
}

carried! {
    "words.txt" "lang/en/words.txt",
    "numbers.txt" "lang/en/numbers.txt",
    "qualifiers.txt" "lang/en/qualifiers.txt",
    "victims.txt" "lang/en/victims.txt",
    "outcomes.txt" "lang/en/outcomes.txt",
    "small.txt" "lang/en/small.txt",
    "places.txt" "lang/en/places.txt",
    "demonyms.txt" "lang/en/demonyms.txt",
    "states.txt" "lang/en/states.txt",
    "outlets.txt" "lang/en/outlets.txt",
    "dates.txt" "lang/en/dates.txt",
    "events.txt" "lang/en/events.txt",
    "weapons.txt" "lang/en/weapons.txt",
    "parties.txt" "lang/en/parties.txt",
    "grammar.txt" "lang/en/grammar.txt",
    "speakers.txt" "lang/en/speakers.txt",
    "speech.txt" "lang/en/speech.txt",
    "cues.txt" "lang/en/cues.txt",
    "actors.toml" "actors.toml",
    "sources.toml" "sources.toml",
}

/// The language that the program carries.
const CARRIED: &str = "en";

impl Language {
    /// English, as carried by the program.
    pub fn english() -> &'static Language {
        static ENGLISH: OnceLock<Language> = OnceLock::new();
        ENGLISH.get_or_init(|| Language::read(carried).expect("the lists are checked by a test"))
    }

    /// Reads a folder named by its language (ISO 639-1), as `data/lang/README.md` describes it; `actors.toml` and `sources.toml`
    /// may lie in it too. What the folder lacks is taken from what the program carries: all files if the language is
    /// English, and those of parties and bodies if it is another. The texts are kept as long as the process runs.
    ///
    /// # Errors
    /// When the folder or a file cannot be read, or a line is not of its file's format.
    pub fn open(folder: &Path) -> Result<(String, Language), LanguageError> {
        let path = || folder.to_path_buf();
        let code = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Err(LanguageError::Unnamed { path: path() });
        }
        let mut files: Vec<(&str, &'static str)> = Vec::new();
        for (name, english) in FILES {
            let file = folder.join(name);
            match std::fs::read_to_string(&file) {
                Ok(text) => files.push((name, text.leak())),
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(LanguageError::Unreadable { path: file, error });
                }
                Err(_) if code == CARRIED || name.ends_with(".toml") => files.push((name, english)),
                Err(_) => files.push((name, "")),
            }
        }
        if FILES.iter().all(|(name, _)| !folder.join(name).exists()) {
            return Err(LanguageError::Empty { path: path() });
        }
        let file =
            |wanted: &str| files.iter().find(|(name, _)| *name == wanted).map_or("", |(_, text)| *text);
        let language =
            Language::read(file).map_err(|message| LanguageError::Wrong { path: path(), message })?;
        Ok((code.to_owned(), language))
    }

    /// The files of a folder that make a language, where they exist.
    pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
        FILES.iter().map(|(name, _)| folder.join(name)).filter(|file| file.exists()).collect()
    }

    fn read(file: impl Fn(&str) -> &'static str) -> Result<Language, String> {
        let mut lexicon = Lexicon::read(&Files {
            words: file("words.txt"),
            numbers: file("numbers.txt"),
            qualifiers: file("qualifiers.txt"),
            victims: file("victims.txt"),
            outcomes: file("outcomes.txt"),
        })
        .map_err(|error| error.to_string())?;
        let sets = Sets::read(file("small.txt")).map_err(|error| error.to_string())?;
        lexicon.add_small(&sets);
        let places = place::Words::read(
            file("places.txt"),
            file("demonyms.txt"),
            file("states.txt"),
            file("outlets.txt"),
        );
        Ok(Language {
            lexicon,
            sets,
            knowledge: Knowledge::read(&file)?,
            places: places.map_err(|error| error.to_string())?,
            dates: date::Words::read(file("dates.txt")).map_err(|error| error.to_string())?,
        })
    }
}

fn carried(wanted: &str) -> &'static str {
    FILES.iter().find(|(name, _)| *name == wanted).map_or("", |(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carried_lists_can_be_read() {
        if let Err(message) = Language::read(carried) {
            panic!("{message}");
        }
    }

    #[test]
    fn an_empty_language_is_one() {
        if let Err(message) = Language::read(|_| "") {
            panic!("{message}");
        }
    }
}
