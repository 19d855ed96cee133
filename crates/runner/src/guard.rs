//! Runs a pass on a batch so that one bad article costs itself and nothing else.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use annals_plugin::{AnyCorpusStage, Article, Batch, Emit, Rejected, StageError};

use crate::config::OnError;
use crate::plan::ArticlePass;

/// Runs a pass over each article; a batch that it fails on is halved until the article at fault stands alone.
pub(crate) fn process(pass: &ArticlePass, name: &str, batch: Vec<Article>) -> Result<Batch, StageError> {
    // Kept for the second try: a stage consumes its batch.
    let spare = batch.clone();
    match caught(|| pass.run.process(Batch::new(batch))) {
        Ok(done) => Ok(done),
        Err(error) if pass.on_error == OnError::Fail => Err(error),
        Err(error) if spare.len() <= 1 => Ok(Batch {
            articles: Vec::new(),
            rejected: spare.iter().map(|article| rejected(article, name, &error)).collect(),
        }),
        Err(_) => {
            let mut first = spare;
            let second = first.split_off(first.len() / 2);
            let mut done = process(pass, name, first)?;
            let rest = process(pass, name, second)?;
            done.articles.extend(rest.articles);
            done.rejected.extend(rest.rejected);
            Ok(done)
        }
    }
}

/// The partial results of one article: pairs of key and value.
pub(crate) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// The partial results of one article as its stage gave them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Given {
    pub(crate) pairs: Pairs,
    /// Those that are asked for by key, if at all.
    pub(crate) apart: Pairs,
}

struct Sink {
    given: Vec<Given>,
    /// Articles that the stage itself takes out, with code and message.
    refused: Vec<Option<StageError>>,
}

impl Emit for Sink {
    fn emit(&mut self, index: usize, key: &[u8], value: &[u8]) {
        if let Some(given) = self.given.get_mut(index) {
            given.pairs.push((key.to_vec(), value.to_vec()));
        }
    }

    fn emit_apart(&mut self, index: usize, key: &[u8], value: &[u8]) {
        if let Some(given) = self.given.get_mut(index) {
            given.apart.push((key.to_vec(), value.to_vec()));
        }
    }

    fn reject(&mut self, index: usize, reason: &str, detail: &str) -> Result<(), StageError> {
        if let Some(refused) = self.refused.get_mut(index) {
            *refused = Some(StageError::new(reason, detail));
        }
        Ok(())
    }
}

/// Maps a batch for a corpus pass. An article that it fails on gives its rejection in place of pairs.
pub(crate) fn map(
    stage: &dyn AnyCorpusStage,
    name: &str,
    on_error: OnError,
    articles: &[Article],
) -> Result<Vec<Result<Given, Rejected>>, StageError> {
    let mut sink =
        Sink { given: vec![Given::default(); articles.len()], refused: vec![None; articles.len()] };
    match caught(|| stage.map(articles, &mut sink)) {
        Ok(()) => {
            let fates = sink.given.into_iter().zip(sink.refused).zip(articles);
            Ok(fates
                .map(|((given, refused), article)| match refused {
                    Some(error) => Err(rejected(article, name, &error)),
                    None => Ok(given),
                })
                .collect())
        }
        Err(error) if on_error == OnError::Fail => Err(error),
        Err(error) if articles.len() <= 1 => {
            Ok(articles.iter().map(|article| Err(rejected(article, name, &error))).collect())
        }
        Err(_) => {
            let (first, second) = articles.split_at(articles.len() / 2);
            let mut done = map(stage, name, on_error, first)?;
            done.extend(map(stage, name, on_error, second)?);
            Ok(done)
        }
    }
}

/// Runs foreign code; a panic becomes an error with its message.
pub(crate) fn caught<T>(run: impl FnOnce() -> Result<T, StageError>) -> Result<T, StageError> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|panic| Err(StageError::new("panic", message(panic.as_ref()))))
}

/// What a panic said.
pub fn message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic without a message".to_owned())
}

fn rejected(article: &Article, stage: &str, error: &StageError) -> Rejected {
    Rejected {
        path: article.path.clone(),
        record: Some(article.source_id.clone()),
        stage: stage.to_owned(),
        reason: error.reason.clone(),
        detail: error.message.clone(),
    }
}
