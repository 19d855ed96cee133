//! Finds where things happened.
