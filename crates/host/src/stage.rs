//! A stage behind the door as the runner sees it: like any other.

use std::sync::Arc;

use annals_plugin::{
    AnyArticleStage, AnyCorpusStage, Article, Batch, Emit, Findings, Partials, Pass, Rejected, StageError,
    abi, arrow,
};
use arrow_array::{ArrayRef, BinaryArray, RecordBatch};
use arrow_schema::{DataType, Field, Schema};

use crate::backend::{Answer, Backend, Entry, Mapped};
use crate::file::LibraryFile;
use crate::library::{Kind, Manifest};
use crate::options::OnError;

/// Makes the one pass of an opened plugin.
pub(crate) fn pass(
    manifest: &Manifest,
    file: &LibraryFile,
    on_error: OnError,
    backend: Box<dyn Backend>,
) -> Pass {
    // Another build of the library may give other results, even if its author forgot to raise the version.
    let fingerprint = [&file.sha256, backend.fingerprint()].concat();
    let stage = PluginStage {
        name: manifest.name.clone(),
        reads: manifest.reads.clone(),
        writes: manifest.writes.clone(),
        on_error,
        backend,
        fingerprint,
    };
    match manifest.kind {
        Kind::Article => Pass::Article(Box::new(stage)),
        Kind::Corpus => Pass::Corpus(Box::new(stage)),
    }
}

/// A fixed code, and what a person needs to know.
type Reason = (String, String);

struct PluginStage {
    name: String,
    reads: Vec<String>,
    writes: Vec<String>,
    on_error: OnError,
    backend: Box<dyn Backend>,
    fingerprint: Vec<u8>,
}

fn invalid(error: &impl ToString) -> StageError {
    StageError::new("plugin_batch_invalid", error.to_string())
}

impl PluginStage {
    /// Gives, row by row, the article as the stage would have it and, if it rejects it, why.
    fn attempt(&self, articles: &[Article]) -> Result<Vec<(Article, Option<Reason>)>, StageError> {
        let batch = arrow::to_batch(articles, &self.reads).map_err(|error| invalid(&error))?;
        let Answer { columns, rejected } = self.backend.process(Entry::Process, &batch)?;
        let mut reasons = vec![None; articles.len()];
        for reject in rejected {
            let row = usize::try_from(reject.row).ok().and_then(|row| reasons.get_mut(row));
            let row = row.ok_or_else(|| {
                invalid(&format!("row {} was rejected, there are {}", reject.row, articles.len()))
            })?;
            row.get_or_insert((reject.reason, reject.detail));
        }
        Ok(self.written(&columns, articles.len())?.into_iter().zip(reasons).collect())
    }

    /// Reads what the stage wrote, which must be what it said it would.
    fn written(&self, columns: &RecordBatch, rows: usize) -> Result<Vec<Article>, StageError> {
        let schema = columns.schema();
        if let Some(field) = schema.fields().iter().find(|field| !self.writes.contains(field.name())) {
            return Err(invalid(&format!(
                "column `{}` is not among those that the stage writes",
                field.name()
            )));
        }
        if let Some(missing) = self.writes.iter().find(|name| schema.index_of(name).is_err()) {
            return Err(invalid(&format!("column `{missing}` is missing from what the stage gave back")));
        }
        if schema.fields().len() != self.writes.len() {
            return Err(invalid(&"a column came back twice"));
        }
        let mut written = vec![Article::new("", "", ""); rows];
        arrow::read_into(columns, &mut written).map_err(|error| invalid(&error))?;
        Ok(written)
    }

    fn run(&self, articles: Vec<Article>, done: &mut Batch) -> Result<(), StageError> {
        match self.attempt(&articles) {
            Ok(written) => {
                for (mut article, (newer, reason)) in articles.into_iter().zip(written) {
                    if let Some((reason, detail)) = reason {
                        done.rejected.push(self.rejected(&article, reason, detail));
                    } else {
                        article.overlay(newer, &self.writes);
                        done.articles.push(article);
                    }
                }
                Ok(())
            }
            Err(fault) if self.on_error == OnError::Fail => Err(fault),
            Err(fault) => {
                if let [article] = articles.as_slice() {
                    done.rejected.push(self.rejected(article, fault.reason, fault.message));
                    return Ok(());
                }
                // One by one, each article costs one more call; by halves, a hang would cost the time limit anew for
                // every halving.
                articles.into_iter().try_for_each(|article| self.run(vec![article], done))
            }
        }
    }

    fn rejected(&self, article: &Article, reason: String, detail: String) -> Rejected {
        let (path, record) = (article.path.clone(), Some(article.source_id.clone()));
        Rejected { path, record, stage: self.name.clone(), reason, detail }
    }
}

impl AnyArticleStage for PluginStage {
    fn process(&self, batch: Batch) -> Result<Batch, StageError> {
        let mut done = Batch { articles: Vec::with_capacity(batch.articles.len()), rejected: batch.rejected };
        if !batch.articles.is_empty() {
            self.run(batch.articles, &mut done)?;
        }
        Ok(done)
    }

    fn fingerprint(&self) -> Vec<u8> {
        self.fingerprint.clone()
    }
}

impl PluginStage {
    fn map_from(&self, first: usize, articles: &[Article], out: &mut dyn Emit) -> Result<(), StageError> {
        let batch = arrow::to_batch(articles, &self.reads).map_err(|error| invalid(&error));
        let index = |row: u64| match usize::try_from(row) {
            Ok(row) if row < articles.len() => Ok(first + row),
            _ => Err(invalid(&format!("row {row} was named, there are {}", articles.len()))),
        };
        let mapped = batch.and_then(|batch| self.backend.map(&batch)).and_then(|mapped| {
            // All rows are looked at before any partial is handed on: a batch is mapped whole or not at all.
            mapped.partials.iter().try_for_each(|(row, ..)| index(row).map(drop))?;
            mapped.rejected.iter().try_for_each(|reject| index(reject.row).map(drop))?;
            Ok(mapped)
        });
        match mapped {
            Ok(Mapped { partials, rejected }) => {
                for (row, key, value) in partials.iter() {
                    out.emit(index(row)?, key, value);
                }
                rejected.iter().try_for_each(|r| out.reject(index(r.row)?, &r.reason, &r.detail))
            }
            Err(fault) if self.on_error == OnError::Fail => Err(fault),
            Err(fault) if articles.len() == 1 => out.reject(first, &fault.reason, &fault.message),
            Err(_) => {
                (0..articles.len()).try_for_each(|row| self.map_from(first + row, &articles[row..=row], out))
            }
        }
    }
}

impl AnyCorpusStage for PluginStage {
    fn map(&self, articles: &[Article], out: &mut dyn Emit) -> Result<(), StageError> {
        if articles.is_empty() { Ok(()) } else { self.map_from(0, articles, out) }
    }

    fn merge(&self, key: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError> {
        self.backend.merge(key, left, right)
    }

    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError> {
        self.backend.finish(partials, out)
    }

    fn apply(&self, verdict: &[u8], article: &mut Article) -> Result<(), StageError> {
        let one = std::slice::from_ref(article);
        let batch = arrow::to_batch(one, &self.reads).map_err(|error| invalid(&error))?;
        let mut fields = batch.schema().fields().to_vec();
        fields.push(Arc::new(Field::new(abi::VERDICT_COLUMN, DataType::Binary, false)));
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(BinaryArray::from_vec(vec![verdict])) as ArrayRef);
        let batch =
            RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| invalid(&error))?;
        let answer = self.backend.process(Entry::Apply, &batch)?;
        let newer = self.written(&answer.columns, 1)?.pop().expect("one row was asked for");
        article.overlay(newer, &self.writes);
        Ok(())
    }

    fn fingerprint(&self) -> Vec<u8> {
        self.fingerprint.clone()
    }
}
