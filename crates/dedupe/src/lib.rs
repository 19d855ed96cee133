//! Finds articles that repeat one another, whole or in part.
//!
//! Wires are re-posted whole, cut to a few paragraphs, or padded with local colour. Each of these repeats a report and
//! adds none, so each is marked as a duplicate of the article it repeats and not read for claims.
//!
//! # What is a copy
//!
//! Texts are compared as sets of shingles, runs of five words in lower case. Two articles are copies if
//!
//! * their words are the same (`exact`),
//! * the Jaccard similarity of their sets is at least `threshold` (`near`), or
//! * the longer one's set holds at least the share `containment` of the shorter one's (`contained`),
//!
//! For the last two, what they share must be a story: their titles are alike, or words of a title stand in the shared part.
//! A sign-in form or a list of videos that stands on many pages of a site makes no copies, whatever its share of the page.
//! Where the title is missing, the beginning of the text stands for it.
//!
//! # How they are found
//!
//! `map` makes two partials of an article: a *signature* (date, length, digest, and as fingerprints the shingles that
//! winnowing selects, some 0.2 of them) and a *body* (a short hash of every word, in text order). `finish` reads all
//! signatures, and the bodies only of the articles it compares. A candidate shares fingerprints; whether it is a copy is
//! counted on the sets, so that no result rests on an estimate.
//!
//! One index serves near and contained copies alike. Articles of Jaccard similarity J share at least 2J / (1 + J) of the
//! shorter one, 0.82 for 0.7, so whoever finds what shares 0.8 of the shorter finds them too. The window of winnowing is
//! chosen such that a copy within the thresholds is sure to share a fingerprint with its original. MinHash with banding,
//! the usual way, finds a near copy with a high chance only, a contained one hardly, and takes a hundred hashes a shingle
//! where this takes one.
//!
//! # Which one stays
//!
//! The earliest published that is known, then the longest, then the first by id. Every duplicate points to an article
//! that stays and has been compared with it. No chain leads from one article to an unlike one: an article that only a
//! third one ties to the one that stays remains a duplicate if it shares half with it, and stays by itself if not. A long
//! article that holds an earlier one and is mostly something else is no duplicate of it; it takes the earlier one's
//! place, and that one becomes its duplicate.
//!
//! # Cost
//!
//! An article is compared with articles that stay and not with their copies, and a fingerprint that many unlike articles
//! hold finds none. So time and memory are in proportion to the articles, also where all are one article or share one
//! footer. Signatures are kept from run to run, so that a new article is checked against all old ones at the cost of
//! reading theirs.

mod articles;
mod cluster;
mod corpus;
mod fingerprints;
mod index;
mod kept;
mod overlap;
mod sketch;
mod sought;
mod words;

use std::borrow::Cow;

use annals_plugin::{
    Article, ConfigError, Context, CopyKind, CorpusStage, Definition, Emit, Findings, Partials, Stage,
    StageError, Status,
};
use cluster::Thresholds;
use corpus::Corpus;
use kept::Memory;
use overlap::Part;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sketch::{BODY, Sketcher, key};

/// The attribute in which a duplicate tells which of its parts stand where in the article it repeats: a list of the
/// longest, in text order, each with `start` and `end` in its own text and `of_start` and `of_end` in the other's, in Unicode
/// characters. Small changes within a part are passed over. Exact copies have none.
pub const REPEATS: &str = "repeats";

/// When articles count as copies of one another.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Least Jaccard similarity of two articles' sets of shingles that makes them copies, from 0.3 to 1.
    #[schemars(range(min = 0.3, max = 1.0))]
    pub threshold: f64,
    /// Least share of the shorter article's shingles in the longer one that makes them copies, from 0.5 to 1.
    #[schemars(range(min = 0.5, max = 1.0))]
    pub containment: f64,
    /// Words in a shingle, from 2 to 12. More words make chance likeness rarer and changed words weigh more.
    #[schemars(range(min = 2, max = 12))]
    pub shingle: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { threshold: 0.7, containment: 0.8, shingle: 5 }
    }
}

/// The stage.
pub struct Dedupe {
    thresholds: Thresholds,
    window: usize,
}

/// The stage as the registry lists it.
pub fn definition() -> Definition {
    Definition::corpus::<Dedupe>()
}

impl Stage for Dedupe {
    const NAME: &'static str = "dedupe";
    const VERSION: u32 = 2;
    const READS: &'static [&'static str] = &["published", "title", "text"];
    const WRITES: &'static [&'static str] = &["status", "duplicate_of", "similarity", "copy_kind", REPEATS];
    type Config = Config;

    fn open(config: Config, _: &Context) -> Result<Self, ConfigError> {
        let Config { threshold, containment, shingle } = config;
        if !(0.3..=1.0).contains(&threshold) {
            return Err(ConfigError::at("threshold", format!("{threshold} is not between 0.3 and 1")));
        }
        if !(0.5..=1.0).contains(&containment) {
            return Err(ConfigError::at("containment", format!("{containment} is not between 0.5 and 1")));
        }
        if !(2..=12).contains(&shingle) {
            return Err(ConfigError::at("shingle", format!("{shingle} is not between 2 and 12 words")));
        }
        let kept = containment.min(2.0 * threshold / (1.0 + threshold));
        let window = window(shingle, kept);
        let part = (window as f64 / kept).ceil() as usize;
        Ok(Self { thresholds: Thresholds { shingle, jaccard: threshold, containment, part }, window })
    }
}

/// The length of the windows of which each yields a fingerprint, for copies that keep the share `kept` of the shorter.
///
/// Where a copy departs from its original, by a word or by the seam of two paragraphs, it spoils `shingle` − 1 shingles
/// at least. Of n shingles it may spoil (1 − kept)·n. If that allows m places, the longest of the m + 1 runs between them
/// has (n − m·(shingle − 1)) / (m + 1) shingles or more, which for any m from 1 on is no less than half of
/// (shingle − 1)·kept / (1 − kept). A window of that length lies within the run, and both texts select the same shingle
/// of it. With no such place the run is kept·n, so texts of window / kept shingles or more are sure to be found.
fn window(shingle: u32, kept: f64) -> usize {
    let half_run =
        if kept < 1.0 { f64::from(shingle - 1) * kept / (1.0 - kept) / 2.0 } else { f64::INFINITY };
    (half_run + 1e-9).clamp(1.0, 10.0) as usize
}

/// What `finish` says of a duplicate.
#[derive(Debug, Serialize, Deserialize)]
struct Verdict<'a> {
    duplicate_of: &'a str,
    kind: CopyKind,
    similarity: f32,
    parts: Cow<'a, [Part]>,
}

impl CorpusStage for Dedupe {
    fn map(&self, articles: &[Article], out: &mut dyn Emit) -> Result<(), StageError> {
        let mut sketcher = Sketcher::new(self.thresholds.shingle as usize, self.window);
        for (index, article) in articles.iter().enumerate() {
            sketcher.sketch(article, |prefix, bytes| {
                let key = key(prefix, &article.article_id);
                // Bodies are fetched only of those that are compared.
                if prefix == BODY { out.emit_apart(index, &key, bytes) } else { out.emit(index, &key, bytes) }
            })?;
        }
        Ok(())
    }

    fn merge(&self, _: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError> {
        // A key is of one article, and an article's partials are always the same; of two, any fixed one will do.
        Ok(left.min(right).to_vec())
    }

    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError> {
        let mut memory = Memory::recall(partials)?;
        let corpus = Corpus::read(partials, &mut memory)?;
        let stand = corpus.gone.is_some() && out.verdicts_stand();
        for id in corpus.gone.iter().flatten().filter(|_| stand) {
            out.no_verdict(id);
        }
        let (mut exact, mut near, mut contained) = (0, 0, 0);
        let mut unwritable = None;
        let counts = corpus.duplicates(partials, self.thresholds, &mut memory, &mut |doc, found| {
            match found.copy.as_ref().map(|copy| copy.kind) {
                Some(CopyKind::Exact) => exact += 1,
                Some(CopyKind::Near) => near += 1,
                Some(CopyKind::Contained) => contained += 1,
                None => {}
            }
            if stand && found.as_before {
                return;
            }
            let id = corpus.articles.id(doc);
            let Some(copy) = found.copy else {
                return if stand {
                    out.no_verdict(id)
                };
            };
            let verdict = Verdict {
                duplicate_of: corpus.articles.id(copy.of),
                kind: copy.kind,
                similarity: copy.similarity,
                parts: Cow::Borrowed(copy.parts),
            };
            match postcard::to_allocvec(&verdict) {
                Ok(bytes) => out.verdict(id, &bytes),
                Err(error) => unwritable = Some(error),
            }
        })?;
        if let Some(error) = unwritable {
            return Err(StageError::new("verdict_unwritable", error.to_string()));
        }
        memory.remember(&corpus, out)?;
        for (name, value) in [
            ("exact", exact),
            ("near", near),
            ("contained", contained),
            ("compared", counts.compared),
            ("shared_furniture", counts.furniture),
            ("linked_through_another", counts.chained),
        ] {
            out.count(name, value);
        }
        Ok(())
    }

    fn apply(&self, verdict: &[u8], article: &mut Article) -> Result<(), StageError> {
        let verdict: Verdict<'_> = postcard::from_bytes(verdict)
            .map_err(|error| StageError::new("verdict_unreadable", error.to_string()))?;
        article.status = Status::Duplicate;
        article.duplicate_of = Some(verdict.duplicate_of.to_owned());
        article.similarity = Some(verdict.similarity);
        article.copy_kind = Some(verdict.kind);
        if !verdict.parts.is_empty() {
            let parts = serde_json::to_value(&verdict.parts)
                .map_err(|error| StageError::new("verdict_unreadable", error.to_string()))?;
            article.attributes.insert(REPEATS.to_owned(), parts);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use annals_plugin::Pass;
    use annals_plugin::testing::{CorpusRun, run_corpus};
    use serde_json::json;

    use super::*;

    const WIRE: &str = "BEIRUT - Warplanes struck the vegetable market of Tal Rihan on Monday morning, killing nine \
        people, residents said. Three of the dead were children from a single family who had come to sell figs. Rescue \
        workers dug through collapsed stalls until dusk. A spokesman for the municipality said that water and power \
        had been cut off in the eastern quarter. The army made no comment on the raid.";

    fn article(id: &str, published: &str, title: &str, text: impl Into<String>) -> Article {
        let mut article = Article::new(id, id, "corpus");
        article.published = Some(published.to_owned());
        article.title = Some(title.to_owned());
        article.text = text.into();
        article
    }

    fn run(articles: Vec<Article>) -> CorpusRun {
        let passes = definition().open(json!({}), &Context::default()).expect("defaults are valid");
        let [Pass::Corpus(stage)] = passes.as_slice() else { panic!("one pass over the corpus") };
        run_corpus(stage.as_ref(), articles, 2).expect("the stage runs")
    }

    fn verdicts(run: &CorpusRun) -> Vec<String> {
        let told = |article: &Article| match (&article.duplicate_of, article.copy_kind) {
            (Some(of), Some(kind)) => format!("{} {kind} {of}", article.article_id),
            _ => format!("{} stays", article.article_id),
        };
        run.articles.iter().map(told).collect()
    }

    #[test]
    fn re_posts_are_told_from_reports() {
        let trimmed = WIRE.split_inclusive(". ").take(3).collect::<String>();
        let padded = format!(
            "{WIRE} Our town's mayor, whose brother lives there, spoke of a black day at a vigil on the square."
        );
        let edited = WIRE.replace("nine", "9").to_uppercase();
        let own = "Nine civilians died when jets bombed the market in Tal Rihan, a doctor at the field hospital told us by \
            phone. He had treated forty wounded by noon and was running out of blood.";
        let run = run(vec![
            article("trimmed", "2021-05-04", "Air raid kills nine at market", trimmed),
            article("wire", "2021-05-03", "Warplanes hit market in Tal Rihan", WIRE),
            article("padded", "2021-05-05", "Mayor mourns victims of market raid", padded),
            article("edited", "2021-05-04", "Tal Rihan market bombed", edited),
            article("whole", "2021-05-03T18:00:00Z", "Nine dead in market", WIRE.replace(' ', "\n")),
            article("own", "2021-05-03", "Jets bomb market in Tal Rihan", own),
        ]);
        assert_eq!(
            verdicts(&run),
            [
                "trimmed contained wire",
                "wire stays",
                "padded near wire",
                "edited near wire",
                "whole exact wire",
                "own stays"
            ]
        );
    }

    #[test]
    fn a_duplicate_tells_which_part_it_repeats() {
        let local = "Readers asked about relatives.";
        let cut = WIRE.split_inclusive(". ").skip(1).take(3).collect::<String>();
        let text = format!("{local}\n\n{cut}");
        let run = run(vec![
            article("wire", "2021-05-03", "Warplanes hit market", WIRE),
            article("cut", "2021-05-04", "Children from a single family dead in stalls", text.clone()),
        ]);
        let part = &run.articles[1].attributes[REPEATS][0];
        let slice = |text: &str, from: &str, to: &str| {
            let at = |key: &str| part[key].as_u64().expect("a place") as usize;
            text.chars().skip(at(from)).take(at(to) - at(from)).collect::<String>()
        };
        assert_eq!(slice(&text, "start", "end"), cut.trim_end().trim_end_matches('.'));
        assert_eq!(slice(WIRE, "of_start", "of_end"), cut.trim_end().trim_end_matches('.'));
    }

    #[test]
    fn furniture_makes_no_copies() {
        let form = "Log in with the account of your paper. We have written to your address; open the letter and follow \
            the link in it. Nothing there? Look among the unwanted mail. By going on you accept our rules.";
        let run = run(vec![
            article("a", "2021-05-03", "Two shot dead near bridge", form),
            article("b", "2021-05-04", "Shelling empties village school", form),
            article(
                "c",
                "2021-05-05",
                "Shelling empties village school",
                format!("{form} Welcome back, reader!"),
            ),
        ]);
        assert_eq!(verdicts(&run), ["a stays", "b exact a", "c stays"]);
        assert!(run.counts["shared_furniture"] > 0);
    }

    #[test]
    fn a_round_up_takes_in_what_it_holds() {
        let other = "Farther north a mine killed two shepherds on the road to the salt flats, their clan said. Convoys with \
            flour waited at the crossing for a third day while the parties argued over lists of drivers. In the capital \
            the court put off the hearing of four officers accused of beating detainees in the old barracks, and a \
            delegation of the lawyers' union left the hall in protest at what it called a farce played for the donors.";
        let run = run(vec![
            article("wire", "2021-05-03", "Warplanes hit market", WIRE),
            article(
                "round-up",
                "2021-05-05",
                "The week in the war",
                format!("{other} {WIRE} {other} {}", other.to_uppercase().replace("THE", "A")),
            ),
        ]);
        assert_eq!(verdicts(&run), ["wire contained round-up", "round-up stays"]);
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for (config, key) in [
            (json!({"threshold": 0.1}), "threshold"),
            (json!({"threshold": 7}), "threshold"),
            (json!({"containment": 0.49}), "containment"),
            (json!({"shingle": 1}), "shingle"),
            (json!({"shingle": -1}), "shingle"),
            (json!({"treshold": 0.7}), "treshold"),
        ] {
            let Err(error) = definition().open(config.clone(), &Context::default()) else {
                panic!("{config} was taken")
            };
            assert_eq!(error.key, key, "{config}: {error}");
        }
        assert!(
            definition()
                .open(json!({"threshold": 1, "containment": 1, "shingle": 2}), &Context::default())
                .is_ok()
        );
    }
}
