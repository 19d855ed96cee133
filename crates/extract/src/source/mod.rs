//! Finds who is cited.
