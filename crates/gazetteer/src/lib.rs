//! Finds places by name, robust to transliteration.
//!
//! A [`Gazetteer`] maps names to places with two finite state maps: one over exact [`key`]s (small letters, no accents, hyphens as
//! spaces), one over consonant [`skeleton`]s, in which the many Latin spellings of an Arabic, Hebrew or Cyrillic name fall together.
//! The built-in one ([`Gazetteer::builtin`]) is read from bytes within the program; more are made of GeoNames dumps or of plain
//! tables with [`compile`] and laid over it with [`Gazetteer::add`].

mod compile;
mod dump;
mod error;
mod heads;
mod index;
mod key;
mod layer;
mod pack;
mod place;
mod sources;

pub use compile::compile;
pub use error::Error;
pub use index::{Gazetteer, Match, PlaceId};
pub use key::{is_article, key, push_key, skeleton};
pub use place::{Kind, Place};
pub use sources::{FileKind, Sources};
