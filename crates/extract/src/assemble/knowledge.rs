//! All lists that attribution reads with, over one numbering of words.

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

impl Knowledge {
    /// Reads the lists; `file` gives the text of the file of a name.
    pub(crate) fn read(file: impl Fn(&str) -> &'static str) -> Result<Knowledge, String> {
        let mut words = Words::default();
        let within = |file: &str, message: String| format!("{file}: {message}");
        let actors = Actors::read(file("actors.toml"), &mut words)
            .map_err(|error| within("actors.toml", error.to_string()))?;
        let bodies =
            Bodies::read(file("sources.toml"), &mut words).map_err(|error| within("sources.toml", error))?;
        let events = Events::read(file("events.txt"), file("weapons.txt"), &mut words)
            .map_err(|error| within("events.txt or weapons.txt", error))?;
        let stances = Sections::read(file("parties.txt"), Stance::named, &mut words)
            .map_err(|error| within("parties.txt", error))?;
        let functions = Sections::read(file("grammar.txt"), Function::named, &mut words)
            .map_err(|error| within("grammar.txt", error))?;
        let speakers =
            read_speakers(file("speakers.txt"), &mut words).map_err(|error| within("speakers.txt", error))?;
        let speech = Sections::read(file("speech.txt"), Speech::named, &mut words)
            .map_err(|error| within("speech.txt", error))?;
        let cues = Sections::read(file("cues.txt"), super::Cue::named, &mut words)
            .map_err(|error| within("cues.txt", error))?;
        Ok(Knowledge { words, actors, stances, functions, events, bodies, speakers, speech, cues })
    }
}
