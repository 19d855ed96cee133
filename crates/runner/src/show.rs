//! Looks up one article, claim, incident or event with all that is known of where it comes from.

use annals_plugin::{Article, Claim, Incident};
use annals_store::{Space, Store};
use serde_json::{Map, Value};

use crate::changes::{EVENTS, rows_prefix, stored_row};
use crate::config::Pipeline;
use crate::error::RunError;
use crate::pack::Packers;
use crate::plan::Plan;
use crate::rows::RowReader;
use crate::run::STATE_DIR;
use crate::state::{Basis, LayerReader, number};

/// What an id stands for.
#[derive(Debug)]
pub enum Found {
    /// An article, as the last run left it.
    Article(Box<Article>),
    /// A claim, with the article that makes it.
    Claim(Box<Claim>, Box<Article>),
    /// An incident as one article tells it.
    Incident(Box<Incident>, Box<Article>),
    /// An event.
    Event(Box<Event>),
}

/// An event with its reports.
#[derive(Debug)]
pub struct Event {
    /// Its row in the `events` table.
    pub row: Map<String, Value>,
    /// The articles that tell of it.
    pub articles: Vec<Article>,
    /// Why reports were joined: rows of the `links` table.
    pub links: Vec<Map<String, Value>>,
}

/// Looks an id up in the state of a pipeline's last run.
///
/// # Errors
/// When there is no state, or it cannot be read.
pub fn show(pipeline: &Pipeline, plan: &Plan, id: &str) -> Result<Option<Found>, RunError> {
    let dir = pipeline.output_dir().join(STATE_DIR);
    if !dir.join("state.redb").exists() {
        return Err(RunError::Other(format!(
            "nothing has been run yet: there is no state in {}; run `annals {}` first",
            dir.display(),
            pipeline.file.display()
        )));
    }
    let store = Store::open(&dir, pipeline.settings.run.cache_mb << 20)?;
    let read = store.read()?;
    let steps = &plan.steps;
    let packers = Packers::open(&read, steps.len())?;
    let reader = LayerReader::new(&read, &packers, steps.len())?;
    let article = |article_id: &str| -> Result<Option<Article>, RunError> {
        let Some(key) = read.get(Space::Ids, article_id.as_bytes())? else { return Ok(None) };
        Ok(Some(reader.layers(&key, article_id)?.article(steps)?))
    };
    if let Some(found) = article(id)? {
        return Ok(Some(Found::Article(Box::new(found))));
    }
    let tables = read.space(Space::Tables)?;
    if let Some(row) = tables.get(&rows_prefix(EVENTS, id))? {
        let mut reader = RowReader::new(&read)?;
        let row: Map<String, Value> = stored_row(&mut reader, EVENTS, &row);
        let mut articles = Vec::new();
        for article_id in row.get("article_ids").and_then(Value::as_array).into_iter().flatten() {
            articles.extend(article(article_id.as_str().unwrap_or_default())?);
        }
        let mut links = Vec::new();
        tables.scan::<RunError>(&rows_prefix("links", id), |_, row| {
            links.push(stored_row(&mut reader, "links", row));
            Ok(true)
        })?;
        return Ok(Some(Found::Event(Box::new(Event { row, articles, links }))));
    }
    let mut found = None;
    read.space(Space::Basis(number(steps.len() - 1)))?.scan::<RunError>(b"", |key, value| {
        let basis = Basis::from_bytes(value)?;
        if basis.refused {
            return Ok(true);
        }
        let article = reader.layers(key, &basis.article_id)?.article(steps)?;
        if let Some(claim) = article.claims.iter().find(|claim| claim.claim_id == id) {
            found = Some(Found::Claim(Box::new(claim.clone()), Box::new(article)));
        } else if let Some(incident) = article.incidents.iter().find(|incident| incident.incident_id == id) {
            found = Some(Found::Incident(Box::new(incident.clone()), Box::new(article)));
        }
        Ok(found.is_none())
    })?;
    Ok(found)
}
