//! Numbers with their bounds: digits, words, ranges, qualifiers and vague words.
