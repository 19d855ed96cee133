//! What tells a block of the article from the rest of its page, as numbers.
//!
//! The features join what the peers of the field look at: shape of the text (Boilerpipe), its neighbours (Web2Text),
//! the elements around it and their names (Readability), the repetition of a design, and what the page's metadata
//! says.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::blocks::{Block, Container, Page, flag, is_prose};
use super::hints;
use super::meta::Meta;

/// Levels of elements above a block that are looked at.
const LEVELS: usize = 5;
/// Levels up to which names of elements count.
const NAMED_LEVELS: usize = 12;
/// Flags that are features.
const FLAGS: [u32; 22] = [
    flag::NAV,
    flag::HEADER,
    flag::FOOTER,
    flag::ASIDE,
    flag::ARTICLE,
    flag::MAIN,
    flag::SECTION,
    flag::FORM,
    flag::LIST,
    flag::TABLE,
    flag::FIGURE,
    flag::CAPTION,
    flag::QUOTE,
    flag::PRE,
    flag::HIDDEN,
    flag::HEADING,
    flag::PARAGRAPH,
    flag::ITEM,
    flag::ARTICLE_BODY,
    flag::DEFINITION,
    flag::DETAILS,
    flag::H1,
];

/// The features of a page's blocks, one row a block.
#[derive(Debug)]
pub(crate) struct Features {
    /// Numbers in a row.
    pub(crate) width: usize,
    /// All rows, one after the other.
    pub(crate) values: Vec<f32>,
}

impl Features {
    /// How many blocks.
    pub(crate) fn rows(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// One block's numbers.
    pub(crate) fn row(&self, block: usize) -> &[f32] {
        &self.values[block * self.width..(block + 1) * self.width]
    }
}

/// What is alike for all blocks of a page.
struct Overview {
    words: f32,
    prose: f32,
    links: f32,
    blocks: f32,
    best: usize,
    /// Prose in the best container as a share of the page's.
    best_share: f32,
    first_prose: usize,
    last_prose: usize,
    /// The block that shows the title, if one does.
    title: Option<usize>,
}

struct Design {
    words: u32,
    prose: u32,
    links: u32,
    blocks: u32,
}

/// Computes the features of all blocks.
pub(crate) fn of(page: &Page, meta: &Meta<'_>, title: Option<&str>) -> Features {
    let blocks = &page.blocks;
    let overview = overview(page, title);
    let mut designs: FxHashMap<u64, Design> = FxHashMap::default();
    let mut copies: FxHashMap<u64, u32> = FxHashMap::default();
    let mut digests = Vec::with_capacity(blocks.len());
    for block in blocks {
        let design = designs.entry(page.containers[block.container as usize].design).or_insert(Design {
            words: 0,
            prose: 0,
            links: 0,
            blocks: 0,
        });
        design.words += block.words;
        design.links += block.link_words;
        design.blocks += 1;
        if is_prose(block) {
            design.prose += block.words;
        }
        let mut hasher = FxHasher::default();
        page.text_of(block).hash(&mut hasher);
        let digest = hasher.finish();
        *copies.entry(digest).or_default() += 1;
        digests.push(digest);
    }
    let body = meta.ld_body.as_deref().map(shingles).filter(|set| set.len() >= 20);
    let description = meta.description.as_deref().map(shingles).filter(|set| set.len() >= 3);
    let distance_before = prose_distance(blocks.iter());
    let mut distance_after = prose_distance(blocks.iter().rev());
    distance_after.reverse();

    let mut out = Features { width: 0, values: Vec::with_capacity(blocks.len() * 180) };
    let mut words_before = 0;
    for (index, block) in blocks.iter().enumerate() {
        let start = out.values.len();
        let row = &mut out.values;
        let text = page.text_of(block);
        shape(block, text, row);
        row.push(index as f32 / overview.blocks);
        row.push(words_before as f32 / overview.words);
        row.push(index as f32);
        row.push(overview.blocks - index as f32);
        words_before += block.words;
        for wanted in FLAGS {
            row.push(f32::from(u8::from(block.flags & wanted != 0)));
        }
        names(page, block, row);
        surroundings(page, block, &overview, row);
        let design = &designs[&page.containers[block.container as usize].design];
        row.push(ln(design.words));
        row.push(design.prose as f32 / design.words.max(1) as f32);
        row.push(design.links as f32 / design.words.max(1) as f32);
        row.push(design.blocks as f32);
        row.push(design.words as f32 / overview.words);
        row.push(copies[&digests[index]] as f32);
        row.push(distance_before[index]);
        row.push(distance_after[index]);
        row.push((index as f32 - overview.first_prose as f32).clamp(-30.0, 400.0));
        row.push((overview.last_prose as f32 - index as f32).clamp(-30.0, 400.0));
        match overview.title {
            Some(title) => {
                row.push((index as f32 - title as f32).clamp(-60.0, 400.0));
                row.push(f32::from(u8::from(index == title)));
            }
            None => row.extend([-1000.0, 0.0]),
        }
        for step in [-3_isize, -2, -1, 1, 2, 3] {
            neighbour(page, index, step, row);
        }
        let words = if body.is_some() || description.is_some() { word_digests(text) } else { Vec::new() };
        row.push(body.as_ref().map_or(-1.0, |set| overlap(&words, set)));
        row.push(description.as_ref().map_or(-1.0, |set| overlap(&words, set)));
        row.extend([
            ln(overview.words as u32),
            ln(overview.prose as u32),
            overview.links / overview.words,
            overview.prose / overview.words,
            overview.best_share,
        ]);
        out.width = out.values.len() - start;
    }
    out
}

fn ln(count: u32) -> f32 {
    (count as f32 + 1.0).ln()
}

/// Shape of the text itself.
fn shape(block: &Block, text: &str, row: &mut Vec<f32>) {
    let words = block.words as f32;
    let first = text.chars().find(|c| c.is_alphanumeric());
    let last = text.trim_end_matches(['"', '”', '’', ')', '\'', '»']).chars().next_back();
    row.extend([
        words,
        block.letters as f32 / words,
        block.link_words as f32 / words,
        block.stops as f32 / words,
        block.commas as f32 / words,
        block.capitals as f32 / (block.letters as f32 + 1.0),
        block.digits as f32 / text.len() as f32,
        f32::from(u8::from(matches!(last, Some('.' | '!' | '?' | '…')))),
        f32::from(u8::from(matches!(last, Some(':')))),
        block.strong_words as f32 / words,
        block.links as f32,
        block.images as f32,
        match first {
            Some(c) if c.is_uppercase() => 2.0,
            Some(c) if c.is_lowercase() => 1.0,
            Some(_) => 3.0,
            None => 0.0,
        },
        f32::from(u8::from(text.contains('|'))),
        f32::from(u8::from(text.contains('©'))),
        f32::from(u8::from(text.contains('@'))),
        f32::from(u8::from(text.contains('“') || text.contains('"'))),
        f32::from(u8::from(text.starts_with("By ") || text.starts_with("by "))),
        text.bytes().filter(|&b| b == b'\n').count() as f32,
        f32::from(u8::from(super::select::is_boilerplate(text, block.words))),
    ]);
}

/// How many levels above the block the nearest element of each kind of name stands.
fn names(page: &Page, block: &Block, row: &mut Vec<f32>) {
    let start = row.len();
    row.resize(start + 2 * hints::GROUPS.len(), NAMED_LEVELS as f32 + 1.0);
    let mut seen = 0;
    let mut at = block.container as usize;
    for level in 0..NAMED_LEVELS {
        let container = &page.containers[at];
        let mut new = container.hints & !seen;
        seen |= new;
        while new != 0 {
            row[start + new.trailing_zeros() as usize] = level as f32;
            new &= new - 1;
        }
        if at == 0 {
            break;
        }
        at = container.parent as usize;
    }
    for group in 0..hints::GROUPS.len() {
        row[start + hints::GROUPS.len() + group] = f32::from(u8::from(block.hints & (1 << group) != 0));
    }
}

/// How much text and how many links the elements around the block hold.
fn surroundings(page: &Page, block: &Block, overview: &Overview, row: &mut Vec<f32>) {
    let mut at = block.container as usize;
    for _ in 0..LEVELS {
        let container = &page.containers[at];
        let words = container.words.max(1) as f32;
        row.extend([
            ln(container.words),
            container.link_words as f32 / words,
            container.prose as f32 / words,
            container.prose as f32 / overview.prose.max(1.0),
            (container.end - container.first) as f32,
        ]);
        at = container.parent as usize;
    }
    // How far up the best container is met.
    let best = &page.containers[overview.best];
    let mut at = block.container as usize;
    let mut steps = 0_u32;
    let inside = |c: &Container| c.first <= best.first && c.end >= best.end && c.depth <= best.depth;
    while at != 0 && !inside(&page.containers[at]) {
        at = page.containers[at].parent as usize;
        steps += 1;
    }
    let common = &page.containers[at];
    row.push(steps as f32);
    row.push(f32::from(best.depth) - f32::from(common.depth));
    row.push(f32::from(page.containers[block.container as usize].depth));
    row.push(best.words as f32 / overview.words);
    // The side of the page's body on which the block parts from the best container.
    let lower = steps > 0 && common.first < best.first;
    row.push(f32::from(u8::from(lower)));
}

/// A block beside this one.
fn neighbour(page: &Page, index: usize, step: isize, row: &mut Vec<f32>) {
    let other = index.checked_add_signed(step).and_then(|i| page.blocks.get(i));
    let here = &page.blocks[index];
    match other {
        Some(other) => {
            let words = other.words as f32;
            row.extend([
                words,
                other.link_words as f32 / words,
                other.stops as f32 / words,
                f32::from(u8::from(other.container == here.container)),
                f32::from(u8::from(
                    page.containers[other.container as usize].design
                        == page.containers[here.container as usize].design,
                )),
                f32::from(u8::from(other.flags & flag::HEADING != 0)),
            ]);
        }
        None => row.extend([-1.0; 6]),
    }
}

/// For each block, how many blocks before it the last prose is.
fn prose_distance<'a>(blocks: impl Iterator<Item = &'a Block>) -> Vec<f32> {
    let mut since = 40.0_f32;
    blocks
        .map(|block| {
            let distance = since;
            since = if is_prose(block) { 0.0 } else { (since + 1.0).min(40.0) };
            distance
        })
        .collect()
}

fn overview(page: &Page, title: Option<&str>) -> Overview {
    let words: u32 = page.blocks.iter().map(|b| b.words).sum();
    let links: u32 = page.blocks.iter().map(|b| b.link_words).sum();
    let prose: u32 = page.blocks.iter().filter(|b| is_prose(b)).map(|b| b.words).sum();
    let best = best_container(page);
    let container = &page.containers[best];
    let range = container.first as usize..container.end as usize;
    let first_prose = range.clone().find(|&i| is_prose(&page.blocks[i])).unwrap_or(container.first as usize);
    let last_prose = range.rev().find(|&i| is_prose(&page.blocks[i])).unwrap_or(container.end as usize);
    let squash = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let wanted = title.map(squash).filter(|t| t.len() >= 6);
    // The one nearest before the story: the title also stands in trails of crumbs.
    let shown = wanted.and_then(|wanted| {
        let mut shown = None;
        for (index, block) in page.blocks.iter().enumerate().take(first_prose + 1) {
            let text = page.text_of(block);
            if text.len() <= wanted.len() * 4 + 40 && squash(text) == wanted {
                shown = Some(index);
            }
        }
        shown
    });
    Overview {
        words: words.max(1) as f32,
        prose: prose as f32,
        links: links as f32,
        blocks: page.blocks.len() as f32,
        best,
        best_share: container.prose as f32 / prose.max(1) as f32,
        first_prose,
        last_prose,
        title: shown,
    }
}

/// The container that prose gathers in, as Readability scores it.
fn best_container(page: &Page) -> usize {
    let outside = flag::NAV | flag::FOOTER | flag::ASIDE | flag::FORM | flag::HIDDEN;
    let mut score = vec![0.0_f32; page.containers.len()];
    let unlikely =
        hints::bit("comment") | hints::bit("consent") | hints::bit("footer") | hints::bit("navigation");
    for block in &page.blocks {
        if !is_prose(block) || block.flags & outside != 0 {
            continue;
        }
        let mut weight = 10.0 + block.words.min(120) as f32;
        let mut at = block.container as usize;
        for _ in 0..4 {
            let likely = if page.containers[at].hints & unlikely != 0 { 0.3 } else { 1.0 };
            score[at] += weight * likely;
            weight *= 0.7;
            if at == 0 {
                break;
            }
            at = page.containers[at].parent as usize;
        }
    }
    (0..score.len()).max_by(|&a, &b| score[a].total_cmp(&score[b]).then(b.cmp(&a))).unwrap_or(0)
}

/// Digests of all runs of four words.
fn shingles(text: &str) -> FxHashSet<u64> {
    let words = word_digests(text);
    words.windows(4).map(digest).collect()
}

fn word_digests(text: &str) -> Vec<u64> {
    let mut words = Vec::with_capacity(text.len() / 5);
    let mut hasher = FxHasher::default();
    let mut inside = false;
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            hasher.write_u8(character.to_ascii_lowercase() as u8);
            inside = true;
        } else if !character.is_ascii() && character.is_alphanumeric() {
            character.to_lowercase().for_each(|lower| hasher.write_u32(lower as u32));
            inside = true;
        } else if inside {
            words.push(std::mem::take(&mut hasher).finish());
            inside = false;
        }
    }
    if inside {
        words.push(hasher.finish());
    }
    words
}

fn digest(words: &[u64]) -> u64 {
    let mut hasher = FxHasher::default();
    words.hash(&mut hasher);
    hasher.finish()
}

/// The share of a text's runs of four words that are in a set, from its words; below zero for a text too short to tell.
fn overlap(words: &[u64], set: &FxHashSet<u64>) -> f32 {
    if words.len() < 4 {
        return -0.5;
    }
    let runs = words.len() - 3;
    words.windows(4).filter(|run| set.contains(&digest(run))).count() as f32 / runs as f32
}
