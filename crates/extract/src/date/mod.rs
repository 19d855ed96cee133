//! Finds when things happened.
