//! `[schedule]` and `[notify]`: when to run again, and whom to tell.

use std::ops::Range;

use annals_schedule::Schedule;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pipeline, PipelineError};

/// When `annals watch` runs the pipeline: by `cron` or by `every`, and with `on_change` also as soon as files change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleTable {
    /// Five fields: minute, hour, day of month, month, day of week, as in `*/15 * * * *`.
    #[serde(default)]
    pub cron: Option<String>,
    /// The zone whose clock `cron` means, by its name in the IANA database, as `Europe/Berlin`. Default: `UTC`.
    #[serde(default)]
    pub timezone: Option<String>,
    /// A number and a unit: `90s`, `15m`, `6h`, `1d`. Due at its whole multiples, so `15m` is every full quarter of an
    /// hour.
    #[serde(default)]
    pub every: Option<String>,
    /// Runs as well when input files come, change or go. They are looked at every few seconds.
    #[serde(default)]
    pub on_change: bool,
}

/// Whom to tell how a run ended. The report is a JSON object.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotifyTable {
    /// A program with its arguments, called without a shell in the folder of the pipeline file; the report comes on its
    /// standard input.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// An address that the report is posted to. Redirects are not followed.
    #[serde(default)]
    pub url: Option<String>,
    /// Which runs to tell of.
    #[serde(default = "all_occasions")]
    pub on: Vec<Occasion>,
    /// Longest time for the program or the request, in seconds.
    #[serde(default = "default_timeout")]
    pub timeout_secs: u64,
}

/// A way for a run to end that is worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// The run changed events: its `changes` table has rows.
    Changes,
    /// The run failed.
    Failure,
}

impl Occasion {
    /// The word in pipeline.toml.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Failure => "failure",
        }
    }
}

fn all_occasions() -> Vec<Occasion> {
    vec![Occasion::Changes, Occasion::Failure]
}

fn default_timeout() -> u64 {
    30
}

impl Pipeline {
    /// When the pipeline is due; nothing without `cron` or `every`.
    ///
    /// # Errors
    /// When `[schedule]` is not what it should be; the error names the place in the expression.
    pub fn schedule(&self) -> Result<Option<Schedule>, PipelineError> {
        let Some(table) = &self.settings.schedule else { return Ok(None) };
        let help = |text: &str| Some(text.to_owned());
        let zone_name = table.timezone.as_deref().unwrap_or("UTC");
        match (&table.cron, &table.every) {
            (Some(_), Some(_)) => Err(self.error_at(
                "schedule.every",
                "there is `cron` already".into(),
                help("take one of the two away"),
            )),
            (None, None) if table.on_change => Ok(None),
            (None, None) => Err(self.error_at(
                "schedule",
                "it says neither `cron` nor `every`".into(),
                help("add `cron = \"*/15 * * * *\"`, `every = \"15m\"` or `on_change = true`"),
            )),
            (None, Some(_)) if table.timezone.is_some() => Err(self.error_at(
                "schedule.timezone",
                "`timezone` is for `cron`".into(),
                help("a period is the same in every zone: take `timezone` away, or write `cron`"),
            )),
            (None, Some(every)) => Schedule::every(every)
                .map(Some)
                .map_err(|problem| self.error_within("schedule.every", problem.at, problem.message, None)),
            (Some(cron), None) => {
                let zone = annals_schedule::zone(zone_name).map_err(|message| {
                    self.error_at(
                        "schedule.timezone",
                        message,
                        help("write it as in `Europe/Berlin`, `Asia/Damascus` or `UTC`"),
                    )
                })?;
                Schedule::cron(cron, zone, zone_name).map(Some).map_err(|problem| {
                    let help = help("minute, hour, day of month, month, day of week: `*/15 * * * *` is every quarter of an hour");
                    self.error_within("schedule.cron", problem.at, problem.message, help)
                })
            }
        }
    }

    pub(super) fn validate_notify(&self) -> Result<(), PipelineError> {
        let Some(table) = &self.settings.notify else { return Ok(()) };
        let help = |text: &str| Some(text.to_owned());
        if table.command.is_none() && table.url.is_none() {
            return Err(self.error_at(
                "notify",
                "it says neither `command` nor `url`".into(),
                help("add `command = [\"./tell\"]` or `url = \"https://…\"`"),
            ));
        }
        if table.command.as_ref().is_some_and(|words| words.first().is_none_or(String::is_empty)) {
            return Err(self.error_at(
                "notify.command",
                "it names no program".into(),
                help("write the program and its arguments, as in `[\"./tell\", \"--now\"]`"),
            ));
        }
        if let Some(url) = &table.url {
            annals_fetch::check_address(url).map_err(|message| self.error_at("notify.url", message, None))?;
        }
        if table.on.is_empty() {
            return Err(self.error_at(
                "notify.on",
                "`on` is empty".into(),
                help("name `changes`, `failure` or both"),
            ));
        }
        if table.timeout_secs == 0 {
            return Err(self.error_at("notify.timeout_secs", "no time at all".into(), help("at least 1")));
        }
        Ok(())
    }

    /// An error at a part of the string at `path`, if it stands in the file as it is, without escapes.
    fn error_within(
        &self,
        path: &str,
        at: Range<usize>,
        message: String,
        help: Option<String>,
    ) -> PipelineError {
        let error = self.error_at(path, message, help);
        let Some(span) = self.document.value(path) else { return error };
        let raw = &self.text[span.clone()];
        let quote = raw.find(|c| !matches!(c, '"' | '\'')).unwrap_or(0);
        if raw.contains(['\\', '\n']) || at.is_empty() || quote + at.end > raw.len() {
            return error;
        }
        let start = span.start + quote;
        error.moved_to(start + at.start..start + at.end)
    }
}
