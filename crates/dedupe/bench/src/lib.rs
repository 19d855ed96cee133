//! An invented press, and partials on disk, to measure the dedupe stage with.

pub mod disk;
pub mod press;
