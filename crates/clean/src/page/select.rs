//! Which blocks of a page are the article.

use super::blocks::{Page, flag, is_prose};
use super::hints::bit;

/// Tells for each block whether it belongs to the article.
pub(crate) fn select(page: &Page) -> Vec<bool> {
    let outside = bit("navigation")
        | bit("footer")
        | bit("related")
        | bit("comment")
        | bit("share")
        | bit("advert")
        | bit("subscribe")
        | bit("consent")
        | bit("search");
    let excluded = flag::NAV | flag::FOOTER | flag::ASIDE | flag::FORM | flag::CAPTION | flag::HIDDEN;
    let mut score = vec![0.0_f64; page.containers.len()];
    for block in &page.blocks {
        let container = &page.containers[block.container as usize];
        if !is_prose(block)
            || block.flags & excluded != 0
            || container.hints_above & outside & !bit("related") != 0
        {
            continue;
        }
        let mut weight = f64::from(block.words.min(100));
        let mut at = block.container;
        for _ in 0..4 {
            score[at as usize] += weight;
            weight *= 0.6;
            at = page.containers[at as usize].parent;
        }
    }
    let best = (0..score.len()).max_by(|&a, &b| score[a].total_cmp(&score[b]).then(b.cmp(&a))).unwrap_or(0);
    let range = page.containers.get(best).map_or(0..0, |c| c.first..c.end);
    let depth = page.containers.get(best).map_or(0, |c| c.depth);
    page.blocks
        .iter()
        .enumerate()
        .map(|(index, block)| {
            if !range.contains(&(index as u32)) || block.flags & (excluded & !flag::ASIDE) != 0 {
                return false;
            }
            let mut hints = block.hints;
            let mut at = block.container;
            while page.containers[at as usize].depth > depth {
                hints |= page.containers[at as usize].hints;
                at = page.containers[at as usize].parent;
            }
            if hints & (outside | bit("caption")) != 0 && !is_prose(block) {
                return false;
            }
            block.link_words * 2 < block.words || is_prose(block)
        })
        .collect()
}
