//! Joins claims of many articles to events and reconciles their figures.
