//! From the store to the tables in the output folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use annals_input::Found;
use annals_output::{Options, Writer};
use annals_plugin::{Article, Rejected};
use annals_store::Space;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::changes::Changes;
use crate::conclude::Tables;
use crate::config::Format;
use crate::error::RunError;
use crate::run::Session;
use crate::state::{Basis, FileEntry, LayerReader, Layers, decode, number};

/// Articles that are put together at a time.
const CHUNK: usize = 1024;

/// What was written.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub(crate) rows: BTreeMap<String, u64>,
    pub(crate) bytes: BTreeMap<String, u64>,
}

/// Writes all tables beside the old ones and puts them in their place.
pub(crate) fn publish(
    session: &Session<'_>,
    found: &Found,
    dir: &Path,
    tables: &Tables,
    report: &dyn Fn(&Published) -> serde_json::Value,
) -> Result<Published, RunError> {
    let settings = &session.pipeline.settings.output;
    let formats: Vec<annals_output::Format> =
        settings.formats.iter().map(|&format| output_format(format)).collect();
    let options = Options {
        title: session.pipeline.name(),
        hxl: settings.hxl,
        attributes: session.plan.attributes.clone(),
    };
    let mut writer = Writer::create(dir, &formats, options)?;
    write_articles(session, &mut writer)?;
    for (name, batches) in &tables.rows {
        for batch in batches {
            writer.table(name, batch)?;
        }
    }
    let changes = Changes::since_last_run(&session.store, &tables.rows)?;
    writer.table("changes", &changes.rows()?)?;
    writer.rejected(&rejected(session, found)?)?;
    if session.cancel.load(Ordering::Relaxed) {
        return Err(RunError::Interrupted);
    }
    let mut published = Published::default();
    for table in writer.close()? {
        published.rows.insert(table.name.clone(), table.rows);
        *published.bytes.entry(table.name).or_default() += table.bytes;
    }
    let mut json =
        serde_json::to_vec_pretty(&report(&published)).expect("a report holds nothing that JSON cannot");
    json.push(b'\n');
    writer.file("run.json", &json)?;
    writer.commit()?;
    changes.remember(&session.store)?;
    Ok(published)
}

fn output_format(format: Format) -> annals_output::Format {
    match format {
        Format::Parquet => annals_output::Format::Parquet,
        Format::Csv => annals_output::Format::Csv,
        Format::Jsonl => annals_output::Format::Jsonl,
        Format::Geojson => annals_output::Format::Geojson,
        Format::Html => annals_output::Format::Html,
    }
}

fn write_articles(session: &Session<'_>, writer: &mut Writer) -> Result<(), RunError> {
    let read = session.store.read()?;
    let steps = session.plan.steps.len();
    let reader = LayerReader::new(&read, steps)?;
    let shadowed = session.shadowed(&read)?;
    let mut chunk: Vec<Layers> = Vec::with_capacity(CHUNK);
    let mut flush = |chunk: &mut Vec<Layers>| -> Result<(), RunError> {
        if session.cancel.load(Ordering::Relaxed) {
            return Err(RunError::Interrupted);
        }
        let articles: Vec<Article> = session.pool.install(|| {
            chunk.par_iter().map(|layers| layers.article(&session.plan.steps)).collect::<Result<_, _>>()
        })?;
        chunk.clear();
        Ok(writer.articles(&articles)?)
    };
    read.space(Space::Basis(number(steps - 1)))?.scan::<RunError>(b"", |key, value| {
        let basis = Basis::from_bytes(value)?;
        if basis.refused || shadowed.contains(key) {
            return Ok(true);
        }
        chunk.push(reader.layers(key, &basis.article_id)?);
        if chunk.len() >= CHUNK {
            flush(&mut chunk)?;
        }
        Ok(true)
    })?;
    flush(&mut chunk)
}

/// All that could not be used, in a fixed order.
fn rejected(session: &Session<'_>, found: &Found) -> Result<Vec<Rejected>, RunError> {
    let read = session.store.read()?;
    let mut rows = found.rejected.clone();
    read.space(Space::Files)?.scan::<RunError>(b"", |_, entry| {
        rows.extend(decode::<FileEntry>(entry)?.rejected);
        Ok(true)
    })?;
    for step in 0..session.plan.steps.len() {
        read.space(Space::Refused(number(step)))?.scan::<RunError>(b"", |_, refused| {
            rows.extend(decode::<Vec<Rejected>>(refused)?);
            Ok(true)
        })?;
    }
    let ids = read.space(Space::Ids)?;
    let records = read.space(Space::Record(0))?;
    read.space(Space::Shadowed)?.scan::<RunError>(b"", |key, id| {
        // A record that a stage refused has its row already.
        let Some(record) = records.get(key)? else { return Ok(true) };
        let article: Article = decode(&record)?;
        let holder = ids.get(id)?.unwrap_or_default();
        let holder_path = String::from_utf8_lossy(&holder[..holder.len().saturating_sub(5)]).into_owned();
        rows.push(Rejected {
            path: article.path,
            record: Some(article.source_id),
            stage: "read".to_owned(),
            reason: "duplicate_id".to_owned(),
            detail: format!("a record with this id stands in {holder_path}"),
        });
        Ok(true)
    })?;
    rows.sort_unstable();
    Ok(rows)
}
