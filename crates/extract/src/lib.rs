//! Reads claims of casualties and incidents from the text of an article.
