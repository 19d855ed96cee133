//! A forest of regression trees, grown by gradient boosting, that tells how likely a block is part of the article.

use std::sync::LazyLock;

use serde::Deserialize;

use super::features::Features;

/// One tree as the file has it. A child at or above zero is a node, one below zero the leaf `-child - 1`.
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
struct File {
    /// Numbers that describe a block.
    features: usize,
    trees: Vec<Tree>,
    /// After how many trees a block whose sum is below the second or above the third number is settled: no block of the
    /// pages that the forest was grown on has come back from there.
    #[serde(default)]
    settled: Vec<(usize, f32, f32)>,
}

/// Most leaves of a tree: each is a bit.
const MOST_LEAVES: usize = 32;

/// A node as a test that all rows take at once: those that pass it to the right cannot end in any leaf on its left.
#[derive(Debug)]
struct Test {
    feature: u16,
    threshold: f32,
    /// The leaves that are left to who goes right.
    right: u32,
}

/// A forest laid out as in QuickScorer (Lucchese and others, SIGIR 2015): no walk from node to node, but the tests of a
/// tree one after the other over all rows, each of which strikes out leaves; the first leaf that is left is the row's.
#[derive(Debug)]
pub(crate) struct Model {
    /// Numbers that describe a block.
    features: usize,
    trees: Vec<(Vec<Test>, Vec<f32>)>,
    settled: Vec<(usize, f32, f32)>,
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
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut trees = Vec::with_capacity(file.trees.len());
    for tree in &file.trees {
        let nodes = tree.feature.len();
        let mut children: Vec<i16> = tree.left.iter().chain(&tree.right).copied().collect();
        children.sort_unstable();
        let sound = [tree.threshold.len(), tree.left.len(), tree.right.len()] == [nodes; 3]
            && (1..=MOST_LEAVES).contains(&tree.leaf.len())
            && tree.leaf.len() == nodes + 1
            && tree.feature.iter().all(|&f| usize::from(f) < file.features)
            // Nothing hangs from two nodes, and children come after their parents, so that a walk ends.
            && children.windows(2).all(|pair| pair[0] != pair[1])
            && tree.left.iter().chain(&tree.right).zip((0..nodes).chain(0..nodes)).all(|(&child, parent)| {
                match usize::try_from(child) {
                    Ok(child) => child > parent && child < nodes,
                    Err(_) => leaf_of(child) < tree.leaf.len(),
                }
            });
        if !sound {
            return Err("a tree does not hang together".to_owned());
        }
        trees.push(lay_out(tree));
    }
    Ok(Model { features: file.features, trees, settled: file.settled })
}

fn leaf_of(child: i16) -> usize {
    (-(i32::from(child)) - 1) as usize
}

/// The tests of a tree, and its leaves from left to right.
fn lay_out(tree: &Tree) -> (Vec<Test>, Vec<f32>) {
    let mut leaves = Vec::with_capacity(tree.leaf.len());
    let mut tests: Vec<Test> = tree
        .feature
        .iter()
        .zip(&tree.threshold)
        .map(|(&feature, &threshold)| Test { feature, threshold, right: 0 })
        .collect();
    // From left to right: when the right side of a node is reached, all leaves of its left side are known.
    enum Visit {
        Node(i16),
        Right { node: usize, first: usize },
    }
    let mut open = vec![Visit::Node(if tests.is_empty() { -1 } else { 0 })];
    while let Some(visit) = open.pop() {
        match visit {
            Visit::Node(child) => match usize::try_from(child) {
                Ok(node) => {
                    open.push(Visit::Right { node, first: leaves.len() });
                    open.push(Visit::Node(tree.left[node]));
                }
                Err(_) => leaves.push(tree.leaf[leaf_of(child)]),
            },
            Visit::Right { node, first } => {
                let left = (first..leaves.len()).fold(0, |bits, leaf| bits | 1_u32 << leaf);
                tests[node].right = !left;
                open.push(Visit::Node(tree.right[node]));
            }
        }
    }
    (tests, leaves)
}

impl Model {
    /// How many numbers a block is described by.
    pub(crate) fn features(&self) -> usize {
        self.features
    }

    /// For each block, the probability that it is part of the article.
    pub(crate) fn probabilities(&self, features: &Features) -> Vec<f32> {
        let mut sums = vec![0.0_f32; features.rows()];
        let mut open: Vec<usize> = (0..features.rows()).collect();
        let mut from = 0;
        for &(to, low, high) in self.settled.iter().chain([&(self.trees.len(), 0.0, 0.0)]) {
            let to = to.min(self.trees.len());
            self.add(from..to, features, &open, &mut sums);
            open.retain(|&row| (low..=high).contains(&sums[row]));
            from = to;
        }
        sums.into_iter().map(|sum| 1.0 / (1.0 + (-sum).exp())).collect()
    }

    /// Adds what some trees say of some rows.
    fn add(&self, trees: std::ops::Range<usize>, features: &Features, rows: &[usize], sums: &mut [f32]) {
        let count = rows.len();
        let mut columns = vec![0.0_f32; count * features.width];
        for (at, &row) in rows.iter().enumerate() {
            for (feature, value) in features.row(row).iter().enumerate() {
                columns[feature * count + at] = *value;
            }
        }
        let mut left = vec![0_u32; count];
        for (tests, leaves) in &self.trees[trees] {
            left.fill(u32::MAX);
            for &Test { feature, threshold, right } in tests {
                let column = &columns[usize::from(feature) * count..][..count];
                for (left, value) in left.iter_mut().zip(column) {
                    // All ones if the test sends it to the left; without a branch, so that rows are taken four at a time.
                    *left &= u32::from(*value <= threshold).wrapping_neg() | right;
                }
            }
            for (&row, left) in rows.iter().zip(&left) {
                sums[row] += leaves[left.trailing_zeros() as usize];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_rows(width: usize, rows: &[&[f32]]) -> Features {
        Features { width, values: rows.concat() }
    }

    #[test]
    fn the_model_is_sound() {
        let model = read(SOURCE).expect("the model is sound");
        assert!(!model.trees.is_empty());
        let zeros = vec![0.0; model.features()];
        let probabilities = model.probabilities(&of_rows(model.features(), &[&zeros, &zeros]));
        assert_eq!(probabilities.len(), 2);
        assert!((0.0..=1.0).contains(&probabilities[0]));
        assert_eq!(probabilities[0], probabilities[1]);
    }

    #[test]
    fn every_row_ends_in_the_leaf_that_a_walk_leads_to() {
        let tree = r#"{"feature":[0,1,0],"threshold":[0.5,2.0,-1.0],"left":[2,-1,-3],"right":[1,-2,-4],"leaf":[1.0,2.0,3.0,4.0]}"#;
        let model = read(&format!(r#"{{"features":2,"trees":[{tree},{tree}]}}"#)).expect("sound");
        let rows: [(&[f32], f32); 5] = [
            (&[1.0, 2.0], 1.0),
            (&[1.0, 2.5], 2.0),
            (&[-1.0, 9.0], 3.0),
            (&[0.5, 9.0], 4.0),
            (&[f32::NAN, 0.0], 1.0),
        ];
        let features = of_rows(2, &rows.map(|(row, _)| row));
        for (probability, (row, leaf)) in model.probabilities(&features).into_iter().zip(rows) {
            assert_eq!(probability, 1.0 / (1.0 + (-2.0 * leaf).exp()), "{row:?}");
        }
    }

    #[test]
    fn what_is_settled_is_looked_at_no_further() {
        let tree = r#"{"feature":[0],"threshold":[0.5],"left":[-1],"right":[-2],"leaf":[1.0,-1.0]}"#;
        let model = read(&format!(r#"{{"features":1,"trees":[{tree},{tree}],"settled":[[1,-2.0,0.5]]}}"#))
            .expect("sound");
        let probabilities = model.probabilities(&of_rows(1, &[&[0.0], &[1.0]]));
        assert_eq!(probabilities, [1.0 / (1.0 + (-1.0_f32).exp()), 1.0 / (1.0 + 2.0_f32.exp())]);
    }

    #[test]
    fn refuses_trees_that_do_not_hang_together() {
        let looped = r#"{"features":1,"trees":[{"feature":[0],"threshold":[0.5],"left":[0],"right":[-1],"leaf":[0.1,0.2]}]}"#;
        assert!(read(looped).is_err());
    }
}
