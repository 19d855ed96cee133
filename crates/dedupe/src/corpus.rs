//! All articles' signatures, with the fingerprints that can find anything.

use std::cmp::Ordering;

use annals_plugin::{Partials, StageError};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::articles::{Articles, Doc, id_of};
use crate::fingerprints::Fingerprints;
use crate::index::{Holders, Slot};
use crate::kept::{Memory, Placed};
use crate::sketch::{SIGNATURE, Signature, decode, key, numbers};
use crate::sought::{Meeting, Sought, Unlisted};

/// Few articles are new if they are less than one in so many.
const FEW_ARE_NEW: usize = 8;

/// All articles' signatures, numbered from 0 in the order of their claims to stay.
pub(crate) struct Corpus {
    pub(crate) articles: Articles,
    slots: Vec<Slot>,
    /// Room that the lists of all articles that hold a fingerprint take.
    pub(crate) room: u32,
    /// How many of the articles, from the first on, are as an earlier run found them.
    pub(crate) known: usize,
    /// Ids of the articles that there are no more; nothing if it is not known whether there are any.
    pub(crate) gone: Option<Vec<String>>,
}

/// What an earlier run knew of its articles, and what has changed since.
struct Update {
    /// The articles that are new, or others than they were.
    new: Articles,
    /// The articles of the earlier run that are no more, or others than they were.
    gone: Vec<u32>,
    /// Ids of the articles that are no more.
    gone_ids: Vec<String>,
    known: usize,
}

impl Update {
    /// Reads of the articles that have changed what there is to know.
    fn read(
        partials: &dyn Partials,
        earlier: &Articles,
        mut changed: Vec<String>,
    ) -> Result<Self, StageError> {
        changed.sort_unstable();
        changed.dedup();
        let (mut new, mut gone, mut gone_ids) = (Articles::default(), Vec::new(), Vec::new());
        let sought: FxHashSet<&str> = changed.iter().map(String::as_str).collect();
        let places: FxHashMap<&str, u32> = (0..earlier.len())
            .map(|doc| (earlier.id(doc), doc))
            .filter(|(id, _)| sought.contains(id))
            .collect();
        for id in &changed {
            let bytes = partials.get_of(id, &key(SIGNATURE, id))?;
            let place = places.get(id.as_str()).copied();
            match bytes {
                Some(bytes) => {
                    new.add(id, &decode(&bytes)?);
                    let sketch = |doc: u32| earlier.docs[doc as usize].sketch;
                    if place.map(sketch) == new.docs.last().map(|doc| doc.sketch) {
                        new.docs.pop();
                        continue;
                    }
                }
                None => gone_ids.push(id.clone()),
            }
            gone.extend(place);
        }
        gone.sort_unstable();
        new.arrange();
        let mut known = gone.first().map_or(earlier.docs.len(), |&doc| doc as usize);
        if let Some(first) = new.docs.first() {
            let before = |doc: &Doc| earlier.compare(doc, &new, first) == Ordering::Less;
            known = earlier.docs[..known].partition_point(before);
        }
        Ok(Self { new, gone, gone_ids, known })
    }
}

impl Corpus {
    /// Reads the signatures. `memory` is what an earlier run left. Where few articles are new, only fingerprints of these are
    /// read, since no others are looked up; and where it is told which have changed, nothing else of the others.
    pub(crate) fn read(partials: &dyn Partials, memory: &mut Memory) -> Result<Self, StageError> {
        if !memory.articles.docs.is_empty()
            && let Some(changed) = partials.changed()?
        {
            let update = Update::read(partials, &memory.articles, changed)?;
            let Update { new, gone, gone_ids, known } = update;
            let all = memory.articles.docs.len() + new.docs.len() - gone.len();
            if (all - known) * FEW_ARE_NEW < all {
                let mut articles = std::mem::take(&mut memory.articles);
                articles.update(known as u32, &gone, &new);
                if let Some(corpus) = Self::of_few(partials, articles, known, memory, Some(gone_ids))? {
                    return Ok(corpus);
                }
                *memory = Memory::default();
            }
        }
        let first_run = memory.articles.docs.is_empty();
        let (mut articles, mut fingerprints) = (Articles::default(), Fingerprints::new());
        partials.visit_all(
            &[SIGNATURE],
            &mut [&mut |key, bytes| {
                let signature: Signature<'_> = decode(bytes)?;
                articles.add(id_of(key)?, &signature);
                if first_run {
                    fingerprints.push(numbers(signature.fingerprints));
                }
                Ok(())
            }],
        )?;
        let mut rank_of = articles.arrange();
        let same = articles.docs.iter().zip(&memory.articles.docs);
        let known = same.take_while(|(now, then)| now.sketch == then.sketch).count();
        memory.articles = Articles::default();
        if !first_run {
            if (articles.docs.len() - known) * FEW_ARE_NEW < articles.docs.len() {
                let corpus = Self::of_few(partials, articles, known, memory, None)?;
                return corpus.ok_or_else(|| {
                    StageError::new("sketch_missing", "there are more signatures than a moment ago")
                });
            }
            let by_id = articles.by_id(0..articles.docs.len());
            rank_of.clear();
            partials.visit_all(
                &[SIGNATURE],
                &mut [&mut |key, bytes| {
                    let signature: Signature<'_> = decode(bytes)?;
                    if let Some(&doc) = by_id.get(id_of(key)?) {
                        rank_of.push(doc);
                        fingerprints.push(numbers(signature.fingerprints));
                    }
                    Ok(())
                }],
            )?;
        }
        let mut corpus = Self { articles, slots: Vec::new(), room: fingerprints.group(), known, gone: None };
        corpus.slots.reserve_exact(fingerprints.left());
        let mut give = fingerprints.into_articles();
        for doc in rank_of {
            let from = corpus.slots.len();
            give(&mut corpus.slots);
            corpus.articles.docs[doc as usize].slots = from..corpus.slots.len();
        }
        Ok(corpus)
    }

    /// Reads of all articles those fingerprints that one which is not known has, but of the others no more than tell anything.
    /// Nothing, if there are articles that are not among these.
    fn of_few(
        partials: &dyn Partials,
        mut articles: Articles,
        known: usize,
        memory: &Memory,
        gone: Option<Vec<String>>,
    ) -> Result<Option<Self>, StageError> {
        let mut sought = Sought::new();
        let (mut new, mut places) = (Vec::new(), Vec::new());
        for doc in known as u32..articles.len() {
            let id = articles.id(doc);
            let bytes = partials.get_of(id, &key(SIGNATURE, id))?;
            let bytes = bytes
                .ok_or_else(|| StageError::new("sketch_missing", format!("no signature of article {id}")))?;
            let signature: Signature<'_> = decode(&bytes)?;
            let all = numbers(signature.fingerprints);
            new.push((doc, all.len() as u32));
            places.extend(all.map(|number| sought.add(number)));
            sought.add_text(signature.digest);
            articles.docs[doc as usize].digest = Some(signature.digest);
        }
        let met =
            if known == 0 { Some(Vec::new()) } else { meet(partials, &sought, &articles, known, memory)? };
        let Some(met) = met else { return Ok(None) };
        let mut holders = vec![Holders::default(); sought.len()];
        for place in met.iter().flat_map(|met| &met.places).chain(&places) {
            holders[*place as usize].count += 1;
        }
        let mut corpus = Self { articles, slots: Vec::new(), room: 0, known, gone };
        let mut give = |doc: u32, places: &mut dyn Iterator<Item = u32>| {
            let from = corpus.slots.len();
            corpus.slots.extend(places.filter_map(|place| holders[place as usize].slot(&mut corpus.room)));
            corpus.articles.docs[doc as usize].slots = from..corpus.slots.len();
        };
        for Met { holders, places, .. } in &met {
            let mut places = places.iter().copied();
            for &(doc, count) in holders {
                give(doc, &mut places.by_ref().take(count as usize));
            }
        }
        let mut places = places.into_iter();
        for (doc, count) in new {
            give(doc, &mut places.by_ref().take(count as usize));
        }
        for (doc, digest) in met.into_iter().flat_map(|met| met.texts) {
            corpus.articles.docs[doc as usize].digest = Some(digest);
        }
        Ok(Some(corpus))
    }

    /// The slots of the fingerprints that an article shares with others.
    pub(crate) fn slots(&self, doc: u32) -> &[Slot] {
        &self.slots[self.articles.docs[doc as usize].slots.clone()]
    }
}

/// Articles that have something of what is sought.
struct Met {
    /// Those that have fingerprints, and how many of each are told.
    holders: Vec<(u32, u32)>,
    /// The places of these fingerprints, article by article.
    places: Vec<u32>,
    texts: Vec<(u32, [u8; 16])>,
}

/// Meets what is sought in the signatures of the articles that are known; nothing if there are others.
fn meet(
    partials: &dyn Partials,
    sought: &Sought,
    articles: &Articles,
    known: usize,
    memory: &Memory,
) -> Result<Option<Vec<Met>>, StageError> {
    let repeats = memory.placed.iter().take(known).map(|placed| *placed != Placed::Stays);
    let is_unlisted = repeats.chain(std::iter::repeat(true));
    let ids = (0..articles.len()).zip(is_unlisted).filter(|(_, is_unlisted)| *is_unlisted);
    let unlisted = Unlisted::new(ids.map(|(doc, _)| articles.id(doc)));
    let (mut one, mut two) = (Meeting::new(sought, &unlisted), Meeting::new(sought, &unlisted));
    partials.visit_all(
        &[SIGNATURE],
        &mut [&mut |key, bytes| one.visit(key, bytes), &mut |key, bytes| two.visit(key, bytes)],
    )?;
    let by_id = articles.by_id(0..known);
    let number = |id: &str| by_id.get(id).copied();
    let all = [one.met, two.met].into_iter().map(|met| {
        let holders = met.holders().map(|(id, count)| Some((number(id)?, count))).collect::<Option<_>>()?;
        let texts = met.texts.iter().filter_map(|(id, digest)| Some((number(id)?, *digest))).collect();
        Some(Met { holders, texts, places: met.places })
    });
    Ok(all.collect())
}
