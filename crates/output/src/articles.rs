//! The tables of articles and claims, which come in pieces.

use std::sync::Arc;

use annals_plugin::Article;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::parts::OldTable;
use crate::rows::Rows;
use crate::table::{Encoders, Rendered, Table, given};
use crate::{OutputError, Place, digests, schema};

/// The tables `articles` and `claims` of a [`Writer`](crate::Writer).
pub struct ArticleTables {
    attributes: Vec<String>,
    articles: Rows,
    claims: Rows,
    /// Of articles, then of claims; none once they are closed.
    tables: Vec<Table>,
}

impl ArticleTables {
    pub(crate) fn open(place: &Place) -> Result<Self, OutputError> {
        let attributes = place.options.attributes.clone();
        let schemas = [("articles", schema::articles(&attributes)), ("claims", schema::claims())];
        Ok(Self {
            articles: Rows::new(schemas[0].1.clone()),
            claims: Rows::new(schemas[1].1.clone()),
            tables: schemas
                .into_iter()
                .map(|(name, schema)| place.open(name, schema))
                .collect::<Result<_, _>>()?,
            attributes,
        })
    }

    /// Appends rows that come without a digest of what they were made from.
    pub(crate) fn article(&mut self, article: &Article) -> Result<(), OutputError> {
        let batch = self.articles.article(article, &self.attributes);
        append(self.tables.first_mut(), batch)?;
        article.claims.iter().try_for_each(|claim| {
            let batch = self.claims.claim(&article.article_id, claim);
            append(self.tables.get_mut(1), batch)
        })
    }

    /// Makes pieces of articles, and knows those of the last set.
    pub fn encoder(&self) -> Encoder {
        let tables = self.tables.iter().map(|table| EncoderTable {
            schema: table.schema().clone(),
            encoders: table.encoders().clone(),
            last: table.last().cloned(),
        });
        Encoder { attributes: self.attributes.clone(), tables: tables.collect() }
    }

    /// Appends pieces to all files side by side. Each comes with a digest of all that its rows are made of; without rows it is
    /// taken from the last set, which holds it. The page gets its claims from [`OtherTables::shown`](crate::OtherTables::shown).
    ///
    /// # Errors
    /// When a file cannot be written, or the last set does not hold a piece.
    pub fn pieces(&mut self, pieces: Vec<([u8; 16], Option<Encoded>)>) -> Result<(), OutputError> {
        let copies = pieces.iter().any(|(_, rows)| rows.is_none());
        let mut pieces: Vec<_> = pieces
            .into_iter()
            .map(|(digest, rows)| (digest, rows.map(|rows| rows.tables.into_iter())))
            .collect();
        let mut own = || -> Vec<_> {
            pieces
                .iter_mut()
                .map(|(digest, rows)| (*digest, rows.as_mut().and_then(Iterator::next)))
                .collect()
        };
        let mut tables = self.tables.iter_mut().map(|table| (table, own()));
        if !copies {
            return tables.try_for_each(|(table, own)| table.pieces(&own));
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                tables.map(|(table, own)| scope.spawn(move || table.pieces(&own))).collect();
            threads.into_iter().try_for_each(|thread| given(thread.join()))
        })
    }

    /// Writes what is left and starts to make the files durable; nothing is appended any more.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn end(&mut self) -> Result<(), OutputError> {
        append(self.tables.first_mut(), self.articles.take())?;
        append(self.tables.get_mut(1), self.claims.take())?;
        self.tables.iter_mut().try_for_each(Table::end)
    }

    /// The tables, to be closed.
    pub(crate) fn take(&mut self) -> Vec<Table> {
        std::mem::take(&mut self.tables)
    }
}

pub(crate) fn append(table: Option<&mut Table>, batch: Option<RecordBatch>) -> Result<(), OutputError> {
    match (batch, table) {
        (Some(batch), Some(table)) => table.append(&batch, &digests(&batch)?),
        _ => Ok(()),
    }
}

/// Makes pieces of articles and claims, on as many threads as one likes.
pub struct Encoder {
    attributes: Vec<String>,
    tables: Vec<EncoderTable>,
}

struct EncoderTable {
    schema: SchemaRef,
    encoders: Encoders,
    last: Option<Arc<OldTable>>,
}

/// Rows of articles and claims in every format.
pub struct Encoded {
    tables: Vec<Rendered>,
}

impl Encoder {
    /// Whether the last set has a piece of `articles` and `claims` with this digest.
    pub fn holds(&self, digest: &[u8; 16]) -> bool {
        self.tables.iter().all(|table| table.last.as_ref().is_some_and(|last| last.find(digest).is_some()))
    }

    /// Encodes the articles of a piece and their claims.
    ///
    /// # Errors
    /// When a value cannot be encoded.
    pub fn encode(&self, articles: &[Article]) -> Result<Encoded, OutputError> {
        let mut batches = [Vec::new(), Vec::new()];
        let mut rows: Vec<Rows> = self.tables.iter().map(|table| Rows::new(table.schema.clone())).collect();
        if let [of_articles, of_claims] = &mut rows[..] {
            for article in articles {
                batches[0].extend(of_articles.article(article, &self.attributes));
                for claim in &article.claims {
                    batches[1].extend(of_claims.claim(&article.article_id, claim));
                }
            }
        }
        let tables = self.tables.iter().zip(&mut rows).zip(batches).map(|((table, rows), mut batches)| {
            batches.extend(rows.take());
            Rendered::new(&batches, &table.encoders)
        });
        Ok(Encoded { tables: tables.collect::<Result<_, _>>()? })
    }
}
