//! Finds places by name, robust to transliteration.
