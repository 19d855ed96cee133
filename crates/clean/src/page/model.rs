//! A forest of regression trees, grown by gradient boosting, that tells how likely a block is part of the article.

use std::sync::LazyLock;

use serde::Deserialize;

/// One tree. A child at or above zero is a node, one below zero the leaf `-child - 1`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tree {
    feature: Vec<u16>,
    threshold: Vec<f32>,
    left: Vec<i16>,
    right: Vec<i16>,
    leaf: Vec<f32>,
}

/// The forest of `data/clean/page_model.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// Numbers that describe a block.
    features: usize,
    trees: Vec<Tree>,
}

/// The model's text, for the fingerprint of the stage.
pub(crate) const SOURCE: &str = include_str!("../../../../data/clean/page_model.json");

static MODEL: LazyLock<Model> =
    LazyLock::new(|| read(SOURCE).expect("a test checks that the model is sound"));

/// The model of main content.
pub(crate) fn main_content() -> &'static Model {
    &MODEL
}

fn read(text: &str) -> Result<Model, String> {
    let model: Model = serde_json::from_str(text).map_err(|error| error.to_string())?;
    for tree in &model.trees {
        let nodes = tree.feature.len();
        let sound = [tree.threshold.len(), tree.left.len(), tree.right.len()] == [nodes; 3]
            && !tree.leaf.is_empty()
            && tree.feature.iter().all(|&f| usize::from(f) < model.features)
            // Children come after their parents, so that a walk ends.
            && tree.left.iter().chain(&tree.right).zip((0..nodes).chain(0..nodes)).all(|(&child, parent)| {
                match usize::try_from(child) {
                    Ok(child) => child > parent && child < nodes,
                    Err(_) => leaf_of(child) < tree.leaf.len(),
                }
            });
        if !sound {
            return Err("a tree does not hang together".to_owned());
        }
    }
    Ok(model)
}

fn leaf_of(child: i16) -> usize {
    (-(i32::from(child)) - 1) as usize
}

impl Model {
    /// How many numbers a block is described by.
    pub(crate) fn features(&self) -> usize {
        self.features
    }

    /// The probability that a block with these features is part of the article.
    pub(crate) fn probability(&self, row: &[f32]) -> f32 {
        let sum: f32 = self
            .trees
            .iter()
            .map(|tree| {
                let mut at: i16 = if tree.feature.is_empty() { -1 } else { 0 };
                while at >= 0 {
                    let node = at as usize;
                    at = if row[usize::from(tree.feature[node])] <= tree.threshold[node] {
                        tree.left[node]
                    } else {
                        tree.right[node]
                    };
                }
                tree.leaf[leaf_of(at)]
            })
            .sum();
        1.0 / (1.0 + (-sum).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_sound() {
        let model = read(SOURCE).expect("the model is sound");
        assert!(!model.trees.is_empty());
        let p = model.probability(&vec![0.0; model.features()]);
        assert!((0.0..=1.0).contains(&p));
    }

    #[test]
    fn refuses_trees_that_do_not_hang_together() {
        let looped = r#"{"features":1,"trees":[{"feature":[0],"threshold":[0.5],"left":[0],"right":[-1],"leaf":[0.1]}]}"#;
        assert!(read(looped).is_err());
    }
}
