//! Finds the article in a page or a scrape, and nothing but the article.
