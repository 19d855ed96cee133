//! What a person sees: errors, the plan, and the table at the end of a run.

use std::io::Write as _;

use annals_runner::config::{Pipeline, PipelineError};
use annals_runner::{Plan, Summary};
use annals_schedule::Schedule;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, RecordBatch};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Events shown at the end of a run.
const EVENTS_SHOWN: usize = 25;

/// Prints a line; a closed pipe is no error.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints an error that no place in a file stands for.
pub(crate) fn error(text: &str) {
    let _ = writeln!(std::io::stderr(), "annals: {text}");
}

/// Prints an error with its place in the pipeline file.
pub(crate) fn report(error: PipelineError) {
    let report = miette::Report::new(error);
    let _ = writeln!(std::io::stderr(), "{report:?}");
}

/// Prints what a run would do.
pub(crate) fn plan(pipeline: &Pipeline, plan: &Plan, found: &annals_input::Found) {
    line(&format!("pipeline  {} ({})", pipeline.name(), pipeline.file.display()));
    let bytes: u64 = found.files.iter().map(|file| file.len).sum();
    line(&format!("input     {} files, {} bytes", found.files.len(), grouped(bytes)));
    for pattern in &found.unmatched {
        line(&format!("          no file matches {pattern}"));
    }
    for row in &found.rejected {
        line(&format!("          cannot read {}: {}", row.path, row.detail));
    }
    for (index, stage) in plan.stages.iter().enumerate() {
        let plugin = stage.plugin.as_ref().map(|path| format!(", plugin {path}")).unwrap_or_default();
        line(&format!(
            "stage {:>3} {} (version {}, {}{plugin}): {} → {}",
            index + 1,
            stage.name,
            stage.version,
            stage.kind,
            stage.reads.join(" "),
            stage.writes.join(" ")
        ));
    }
    let formats: Vec<&str> = pipeline.settings.output.formats.iter().map(|format| format.as_str()).collect();
    line(&format!("output    {} as {}", pipeline.output_dir().display(), formats.join(", ")));
}

/// Prints when the pipeline is due, whom it tells, and its feeds.
pub(crate) fn schedule(pipeline: &Pipeline, schedule: Option<&Schedule>) {
    for feed in &pipeline.settings.feed {
        let pages = if feed.pages { ", with pages" } else { "" };
        line(&format!("feed      {} → {}{pages}", feed.url, feed.dir().display()));
    }
    if let Some(schedule) = schedule {
        line(&format!("schedule  {schedule}"));
        for at in schedule.upcoming(Timestamp::now(), 3) {
            line(&format!("          {}", schedule.clock(at)));
        }
    }
    if pipeline.settings.schedule.as_ref().is_some_and(|table| table.on_change) {
        line("schedule  when inputs change");
    }
    if let Some(notify) = &pipeline.settings.notify {
        let on: Vec<&str> = notify.on.iter().map(|occasion| occasion.as_str()).collect();
        let to = [notify.command.as_ref().map(|words| words.join(" ")), notify.url.clone()];
        let to: Vec<String> = to.into_iter().flatten().collect();
        line(&format!("notify    {} on {}", plain(&to.join(" and ")), on.join(", ")));
    }
}

/// Prints what came of feeds; what went wrong also when all else is quiet.
pub(crate) fn feeds(summary: &Summary, quiet: bool) {
    for feed in &summary.feeds {
        for problem in &feed.problems {
            error(&plain(&format!("feed {}: {problem}", feed.name)).replace('\n', " "));
        }
        if !quiet && feed.new + feed.changed + feed.pages > 0 {
            line(&format!(
                "feed {}: {} new, {} changed, {} pages",
                feed.name, feed.new, feed.changed, feed.pages
            ));
        }
    }
}

/// The words of a watch, each with its time, on one stream.
pub(crate) struct Watching {
    /// Only what goes wrong.
    pub(crate) quiet: bool,
}

impl Watching {
    fn stamped(text: &str) {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        let _ = writeln!(std::io::stderr(), "{now} {}", plain(text));
    }
}

impl annals_watch::Console for Watching {
    fn say(&self, text: &str) {
        if !self.quiet {
            Self::stamped(text);
        }
    }

    fn warn(&self, text: &str) {
        Self::stamped(&format!("warning: {text}"));
    }

    fn refuse(&self, error: PipelineError) {
        report(error);
    }
}

/// Prints what came out.
pub(crate) fn summary(summary: &Summary) {
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    for (batch, row) in most_reported(&summary.events) {
        match annals_output::row(batch, row) {
            Ok(row) => rows.push(row),
            Err(problem) => error(&problem.to_string()),
        }
    }
    if !rows.is_empty() {
        line(&events_table(&rows));
        let all: usize = summary.events.iter().map(RecordBatch::num_rows).sum();
        if all > EVENTS_SHOWN {
            line(&format!("… and {} more events", all - EVENTS_SHOWN));
        }
        line("");
    }
    let count = |name: &str| grouped(summary.rows.get(name).copied().unwrap_or(0));
    let unchanged = if summary.written { "" } else { "nothing new; the tables stand as they are\n" };
    line(&format!(
        "{unchanged}{} articles, {} claims, {} events, {} changes, {} rejected → {} ({:.1} s)",
        count("articles"),
        count("claims"),
        count("events"),
        count("changes"),
        count("rejected"),
        summary.dir.display(),
        summary.elapsed.as_secs_f64()
    ));
}

/// Events that are reported as often as the last one that is shown, or more often.
fn most_reported(events: &[RecordBatch]) -> Vec<(&RecordBatch, usize)> {
    let articles = |batch: &RecordBatch| -> Vec<i64> {
        let column = batch.column_by_name("number_of_articles");
        let numbers = column.and_then(|column| column.as_primitive_opt::<Int64Type>());
        (0..batch.num_rows())
            .map(|row| {
                numbers.filter(|numbers| numbers.is_valid(row)).map_or(0, |numbers| numbers.value(row))
            })
            .collect()
    };
    let numbers: Vec<Vec<i64>> = events.iter().map(articles).collect();
    let mut all: Vec<i64> = numbers.iter().flatten().copied().collect();
    let least = if all.len() > EVENTS_SHOWN {
        *all.select_nth_unstable_by(EVENTS_SHOWN - 1, |a, b| b.cmp(a)).1
    } else {
        i64::MIN
    };
    let rows = events.iter().zip(&numbers).flat_map(|(batch, numbers)| {
        numbers.iter().enumerate().map(move |(row, &articles)| (batch, row, articles))
    });
    rows.filter(|&(.., articles)| articles >= least).map(|(batch, row, _)| (batch, row)).collect()
}

fn events_table(rows: &[Map<String, Value>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["date", "place", "what", "killed", "injured", "by", "sources", "articles", "grading"]);
    // Most reported first: that is what a reader looks for.
    let mut order: Vec<&Map<String, Value>> = rows.iter().collect();
    order.sort_by_key(|row| {
        let articles = row.get("number_of_articles").and_then(Value::as_u64).unwrap_or(0);
        (std::cmp::Reverse(articles), text(row, "date_start"), text(row, "event_id"))
    });
    order.truncate(EVENTS_SHOWN);
    order.sort_by_key(|row| (text(row, "date_start"), text(row, "event_id")));
    for row in order {
        table.add_row([
            text(row, "date_start"),
            place(row),
            text(row, "event_type").replace('_', " "),
            figures(row, "killed"),
            figures(row, "injured"),
            list(row, "perpetrators"),
            text(row, "number_of_sources"),
            text(row, "number_of_articles"),
            text(row, "grading"),
        ]);
    }
    for index in [6, 7] {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

fn place(row: &Map<String, Value>) -> String {
    let parts: Vec<String> = ["place", "adm_1", "country"]
        .iter()
        .map(|key| text(row, key))
        .filter(|part| !part.is_empty())
        .collect();
    let mut shown: Vec<String> = Vec::new();
    for part in parts {
        if !shown.contains(&part) {
            shown.push(part);
        }
    }
    shown.join(", ")
}

/// `low–best–high`, or the one figure where all agree.
fn figures(row: &Map<String, Value>, outcome: &str) -> String {
    let [low, best, high] = ["low", "best", "high"].map(|bound| text(row, &format!("{outcome}_{bound}")));
    match (low.as_str(), best.as_str(), high.as_str()) {
        ("", "", "") => String::new(),
        _ if low == best && best == high => best,
        _ => {
            let shown = |bound: String| if bound.is_empty() { "?".to_owned() } else { bound };
            format!("{} ({}–{})", shown(best), shown(low), shown(high))
        }
    }
}

fn list(row: &Map<String, Value>, key: &str) -> String {
    let items = row.get(key).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// A cell, with control characters of hostile articles made harmless.
fn text(row: &Map<String, Value>, key: &str) -> String {
    let raw = match row.get(key) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    plain(&raw).replace('\n', " ")
}

/// Text of an article, with control characters made harmless for a terminal; line breaks stay.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array};

    use super::*;

    fn batch(articles: Vec<Option<i64>>) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from(articles));
        RecordBatch::try_from_iter([("number_of_articles", column)]).expect("a batch of one column")
    }

    #[test]
    fn those_that_may_be_shown_are_picked() {
        let few = [batch(vec![Some(1), None, Some(3)]), batch(vec![Some(2)])];
        assert_eq!(most_reported(&few).len(), 4);
        let number = |row: usize| Some(row as i64 % 30);
        let many = [batch((0..300).map(number).collect()), batch(vec![None; 9]), batch(vec![Some(28); 8])];
        let picked: Vec<i64> = most_reported(&many)
            .into_iter()
            .map(|(batch, row)| batch.column(0).as_primitive::<Int64Type>().value(row))
            .collect();
        // Ten of 29, and eighteen of 28, of which not all are shown.
        assert_eq!((picked.len(), picked.iter().min()), (28, Some(&28)));
        assert!(most_reported(&[]).is_empty());
    }
}
