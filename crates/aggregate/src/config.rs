//! Keys of the stage's table in pipeline.toml.

use annals_plugin::ConfigError;
use schemars::JsonSchema;
use serde::Deserialize;

/// How reports are joined to events, and their figures to a best one.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Rule for the `best` figures.
    pub best: Best,
    /// Evidence that two reports must reach to be joined, in points (natural log-odds). Higher joins less.
    pub link_threshold: f32,
    /// Most days between the stated dates of two reports of one event.
    pub date_window_days: u16,
    /// Most days after an event in which a report that does not say when it happened can still be joined to it.
    pub follow_up_days: u16,
    /// Distance in kilometres beyond which two exactly known places are not the same.
    pub distance_km: f32,
    /// Later reports that one is compared with at most, those that share the most telling words, place and day with it.
    /// Bounds the cost, however many reports there are.
    pub candidates: u16,
    /// Incidents, at the least, of a period: how telling a word or a place is depends on how often it is in the news within so
    /// many weeks that they hold these. What was found of an earlier period costs nothing when news comes.
    pub period_incidents: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            best: Best::Agreed,
            link_threshold: 0.0,
            date_window_days: 3,
            follow_up_days: 400,
            distance_km: 60.0,
            candidates: 16,
            period_incidents: 4096,
        }
    }
}

/// Which of several independent sources' latest figures is taken for the best one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Best {
    /// The figure that most sources give: agreement of independent sources is the best sign of a true figure. Where as
    /// many give another, the middle one of those given on the last day: a later figure knows of more.
    Agreed,
    /// The middle figure, of an even number the lower middle one: no single source decides, and a lone outlier in
    /// either direction does not count.
    Median,
    /// The figure published last: tolls rise while bodies are found and the injured die.
    Latest,
    /// The lowest figure, as ACLED's coders take where sources differ.
    Conservative,
    /// The highest figure.
    Highest,
}

impl Config {
    /// Refuses values that would make no sense.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        if !self.link_threshold.is_finite() {
            return Err(ConfigError::at("link_threshold", "expected a number of points such as 0.0"));
        }
        if !self.distance_km.is_finite() || self.distance_km <= 0.0 {
            return Err(ConfigError::at("distance_km", "expected a distance above 0 kilometres"));
        }
        if self.candidates == 0 {
            return Err(ConfigError::at("candidates", "expected at least 1, or nothing is ever compared"));
        }
        Ok(())
    }
}
