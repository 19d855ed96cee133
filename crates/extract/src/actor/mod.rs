//! Finds who is held responsible.
