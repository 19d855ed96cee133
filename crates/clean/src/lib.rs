//! Finds the article in a page or a scrape, and nothing but the article.
//!
//! A record comes with `html` or with `text`. A page is decoded, parsed once and split into blocks; what it says of
//! itself gives title, authors, date, language, publisher and address, and its blocks that are the article become the
//! text. Then both kinds are read as a scrape is: characters are mended, lines joined to paragraphs, and what is not the
//! story (datelines, credits, share bars, sign-up forms, lists of other stories, copies of sentences) is read for what
//! it tells and taken off. At last a pass over the corpus learns what else stands in many articles of one publisher and in
//! no other's. Every piece taken off is kept in `removed` with the name of its rule.
//!
//! The words and patterns are data: `data/clean`, one file a language.

mod address;
mod corpus;
mod dates;
mod language;
mod page;
mod pattern;
mod refuse;
mod rules;
mod scrape;
mod sieve;
mod wires;

use std::collections::BTreeSet;

use annals_plugin::{
    Article, ArticleStage, Batch, ConfigError, Context, Definition, Pass, PublishedBasis, Stage, StageError,
};
pub use refuse::Refusal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The keys of `[[stage]] use = "clean"`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// The stage.
#[derive(Debug)]
pub struct Clean {}

impl Stage for Clean {
    const NAME: &'static str = "clean";
    const VERSION: u32 = 2;
    const READS: &'static [&'static str] = &[
        "html",
        "text",
        "title",
        "authors",
        "published",
        "published_basis",
        "publisher",
        "language",
        "url",
        "dateline",
        "wires",
        "removed",
    ];
    const WRITES: &'static [&'static str] = &[
        "html",
        "text",
        "title",
        "authors",
        "published",
        "published_basis",
        "publisher",
        "language",
        "url",
        "dateline",
        "wires",
        "removed",
    ];
    type Config = Config;

    fn open(_config: Config, _context: &Context) -> Result<Self, ConfigError> {
        Ok(Self {})
    }

    fn fingerprint(&self) -> Vec<u8> {
        rules::sources().chain(page::sources()).chain([wires::SOURCE]).flat_map(str::bytes).collect()
    }
}

impl ArticleStage for Clean {
    fn process(&self, mut batch: Batch) -> Result<Batch, StageError> {
        batch.retain(Self::NAME, clean);
        Ok(batch)
    }
}

/// Cleans one article in place.
///
/// # Errors
/// When the record holds no article: `error_page`, `blocked_page` (cookies, scripts or a proof of being human asked for),
/// `paywall_stub`, `live_ticker`, `gallery`, `no_article` (a page without main text),
/// `no_story` (the furniture of a site alone) or `no_text`, with what tells so.
pub fn clean(article: &mut Article) -> Result<(), Refusal> {
    let page = article.html.take().map(|bytes| page::read(&bytes, article.url.as_deref()));
    let from_page = page.is_some();
    let mut between = Vec::new();
    if let Some(page) = page {
        take_facts(article, page.facts);
        article.text = page.text;
        between = page.between;
        if let Some(refusal) = refuse::page(&page.kind, &article.text, article.language.as_deref()) {
            return Err(refusal);
        }
    } else if let Some(refusal) = refuse::text(&article.text, article.language.as_deref()) {
        return Err(refusal);
    }
    if article.language.is_none() {
        article.language = language::of(&article.text).map(str::to_owned);
    }
    let cleaned = to_the_end(article, from_page, between);
    article.text = cleaned.text;
    article.removed.extend(cleaned.removed);
    if article.language.is_none() {
        // What was taken off may have hidden it.
        article.language = language::of(&article.text).map(str::to_owned);
    }
    if article.title.is_none() {
        article.title = cleaned.title;
    } else if let Some(title) = &article.title {
        let mended = scrape::paragraphs::collapse(&scrape::mend::mend(title));
        article.title = (!mended.is_empty()).then_some(mended);
    }
    if article.authors.is_empty() {
        article.authors = cleaned.authors;
    }
    if article.dateline.is_none() {
        article.dateline = cleaned.place;
    }
    if article.url.is_none() {
        article.url = cleaned.url;
    }
    if article.published.is_none()
        && let Some(date) = cleaned.date
    {
        article.published = Some(date.to_string());
        article.published_basis = Some(PublishedBasis::Dateline);
    }
    if article.published.is_none()
        && let Some(date) = article.url.as_deref().and_then(address::date)
        // A month alone is no date; whoever needs it finds it in the address.
        && date.len() == "YYYY-MM-DD".len()
    {
        article.published = Some(date);
        article.published_basis = Some(PublishedBasis::Url);
    }
    if article.published.is_some() && article.published_basis.is_none() {
        article.published_basis = Some(PublishedBasis::Metadata);
    }
    if article.publisher.is_none() {
        article.publisher = article.url.as_deref().and_then(address::site);
    }
    let mut wires = cleaned.wires;
    wires.extend(std::mem::take(&mut article.wires));
    article.wires = wires.into_iter().collect();
    withhold(article, cleaned.withheld);
    if article.text.is_empty() {
        return Err(("no_text", "nothing to read is left of the record".to_owned()));
    }
    // Of a page, the main text was chosen among its blocks; of a scrape, nobody has looked yet.
    if from_page {
        return Ok(());
    }
    let language = article.language.as_deref();
    // A stub may have hidden among furniture.
    let refusal = refuse::text(&article.text, language)
        .or_else(|| refuse::furniture(article.title.as_deref(), &article.text, language));
    refusal.map_or(Ok(()), Err)
}

/// Most times that a text is gone through: what one rule takes off may lay open what another looks for.
const MOST_PASSES: usize = 6;

/// Cleans the article's text until nothing more comes off.
fn to_the_end(article: &Article, from_page: bool, mut between: Vec<(usize, String)>) -> scrape::Cleaned {
    let mut done = scrape::Cleaned { text: article.text.clone(), ..scrape::Cleaned::default() };
    let language = article.language.as_deref();
    for _ in 0..MOST_PASSES {
        let known = scrape::Known {
            title: article.title.as_deref().or(done.title.as_deref()),
            place: article.dateline.is_some() || done.place.is_some(),
            page: from_page,
        };
        let pass = scrape::clean(&done.text, known, std::mem::take(&mut between), rules::of(language));
        let stable = pass.text == done.text;
        done.follow(pass);
        if stable {
            break;
        }
    }
    done
}

/// Attribute that names the rules that would have taken off more than half of a text, and so did not.
pub const WITHHELD: &str = "clean_withheld";

/// Notes in an article that rules did not fire.
fn withhold(article: &mut Article, rules: impl IntoIterator<Item = String>) {
    let mut names: BTreeSet<String> = rules.into_iter().collect();
    if names.is_empty() {
        return;
    }
    if let Some(serde_json::Value::Array(known)) = article.attributes.get(WITHHELD) {
        names.extend(known.iter().filter_map(serde_json::Value::as_str).map(str::to_owned));
    }
    let names = names.into_iter().map(serde_json::Value::String).collect();
    article.attributes.insert(WITHHELD.to_owned(), serde_json::Value::Array(names));
}

/// What a page tells fills what the record does not.
fn take_facts(article: &mut Article, facts: page::Facts) {
    if article.title.is_none() {
        article.title = facts.title;
    }
    if article.authors.is_empty() {
        article.authors = facts.authors;
    }
    if article.url.is_none() {
        article.url = facts.url;
    }
    if article.publisher.is_none() {
        article.publisher = facts.publisher;
    }
    if article.language.is_none() {
        article.language = facts.language;
    }
    if article.published.is_none()
        && let Some(published) = facts.published
    {
        article.published = Some(published);
        article.published_basis =
            Some(if facts.published_from_address { PublishedBasis::Url } else { PublishedBasis::Metadata });
    }
}

/// The text blocks of a page, each with the numbers that its place in the page and its shape give: what a model of main
/// content is trained on (`examples/page_blocks.rs`). The order of the numbers is that of `data/clean/page_model.json`.
#[doc(hidden)]
pub fn page_blocks(html: &[u8]) -> Vec<(String, Vec<f32>)> {
    page::blocks_with_features(html)
}

/// The stage, as the registry lists it: a pass over each article, then one that learns from the corpus.
pub fn definition() -> Definition {
    Definition::of::<Clean>(|stage| {
        vec![Pass::Article(Box::new(stage)), Pass::Corpus(Box::new(corpus::Learn))]
    })
}
