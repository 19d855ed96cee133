//! All lists that attribution reads with, over one numbering of words.

use std::sync::OnceLock;

use crate::actor::{Actors, Function, Sections, Stance};
use crate::event::Events;
use crate::phrases::Words;
use crate::source::{Bodies, Speakers, Speech, read_speakers};

/// The lists of a language, and those of parties and bodies.
#[derive(Debug)]
pub struct Knowledge {
    pub(super) words: Words,
    pub(super) actors: Actors,
    pub(super) stances: Sections<Stance>,
    pub(super) functions: Sections<Function>,
    pub(super) events: Events,
    pub(super) bodies: Bodies,
    pub(super) speakers: Speakers,
    pub(super) speech: Sections<Speech>,
    pub(super) cues: Sections<super::Cue>,
}

macro_rules! data {
    ($name:literal) => {
        include_str!(concat!("../../../../data/", $name))
    };
}

impl Knowledge {
    /// English, as carried by the program.
    pub fn english() -> &'static Knowledge {
        static ENGLISH: OnceLock<Knowledge> = OnceLock::new();
        ENGLISH.get_or_init(|| Knowledge::carried().expect("the lists are checked by a test"))
    }

    fn carried() -> Result<Knowledge, String> {
        let mut words = Words::default();
        let within = |file: &str, message: String| format!("{file}: {message}");
        let actors = Actors::read(data!("actors.toml"), &mut words)
            .map_err(|error| within("actors.toml", error.to_string()))?;
        let bodies =
            Bodies::read(data!("sources.toml"), &mut words).map_err(|error| within("sources.toml", error))?;
        let events = Events::read(data!("lang/en/events.txt"), data!("lang/en/weapons.txt"), &mut words)
            .map_err(|error| within("events.txt or weapons.txt", error))?;
        let stances = Sections::read(data!("lang/en/parties.txt"), Stance::named, &mut words)
            .map_err(|error| within("parties.txt", error))?;
        let functions = Sections::read(data!("lang/en/grammar.txt"), Function::named, &mut words)
            .map_err(|error| within("grammar.txt", error))?;
        let speakers = read_speakers(data!("lang/en/speakers.txt"), &mut words)
            .map_err(|error| within("speakers.txt", error))?;
        let speech = Sections::read(data!("lang/en/speech.txt"), Speech::named, &mut words)
            .map_err(|error| within("speech.txt", error))?;
        let cues = Sections::read(data!("lang/en/cues.txt"), super::Cue::named, &mut words)
            .map_err(|error| within("cues.txt", error))?;
        Ok(Knowledge { words, actors, stances, functions, events, bodies, speakers, speech, cues })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carried_lists_can_be_read() {
        if let Err(message) = Knowledge::carried() {
            panic!("{message}");
        }
    }
}
