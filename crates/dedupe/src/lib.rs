//! Finds articles that repeat one another, whole or in part.
