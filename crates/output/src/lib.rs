//! Writes the tables of a run in several formats.
