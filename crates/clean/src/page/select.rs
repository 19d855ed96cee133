//! Which blocks of a page are the article.

use std::borrow::Cow;

use super::blocks::Page;
use super::features;
use super::hints::bit;
use super::meta::Meta;
use super::model;

/// Probability from which a block is taken for part of the article.
const THRESHOLD: f32 = 0.42;

/// Tells for each block whether it belongs to the article.
pub(crate) fn select(page: &Page, meta: &Meta<'_>, title: Option<&str>) -> Vec<bool> {
    if page.blocks.is_empty() {
        return Vec::new();
    }
    let features = features::of(page, meta, title);
    let model = model::main_content();
    debug_assert_eq!(features.width, model.features(), "the model was trained on other features");
    keep(page, &model.probabilities(&features))
}

fn keep(page: &Page, likely: &[f32]) -> Vec<bool> {
    let consent = in_consent(page);
    page.blocks
        .iter()
        .zip(likely)
        .map(|(block, &likely)| likely >= THRESHOLD && !consent[block.container as usize])
        .collect()
}

/// For each container whether it is inside an element that asks for consent. An element that holds nearly all of the
/// page's text asks for nothing, whatever its name: names are also given to the body.
fn in_consent(page: &Page) -> Vec<bool> {
    let words = page.containers[0].words;
    let mut inside = vec![false; page.containers.len()];
    for (index, container) in page.containers.iter().enumerate().skip(1) {
        let asks = container.hints & bit("consent") != 0 && container.words * 5 < words * 4;
        // Parents come before their children.
        inside[index] = asks || inside[container.parent as usize];
    }
    inside
}

/// Whether a text is one that the rules for scrapes take off as a whole, whatever its length.
pub(crate) fn is_boilerplate(text: &str, words: u32) -> bool {
    if words > 40 {
        return false;
    }
    let line = if text.contains('\n') { Cow::Owned(text.replace('\n', " ")) } else { Cow::Borrowed(text) };
    crate::rules::of(Some("en")).is_furniture(&line)
}
