//! `[[feed]]`: sources in the network.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pipeline, PipelineError};

/// An RSS or Atom feed. Each run first lands its new items as files in `dir`, which are inputs like those of `[input]`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedTable {
    /// Address of the feed, with `http` or `https`.
    pub url: String,
    /// A name for reports and the default folder. Default: host and path of the address.
    #[serde(default)]
    pub name: Option<String>,
    /// Where items land, relative to the pipeline file. Default: `feeds/` and the name.
    #[serde(default)]
    pub dir: Option<PathBuf>,
    /// Fetches the page of each new item, where robots.txt of its site allows it.
    #[serde(default)]
    pub pages: bool,
    /// Most pages to fetch in one run; the others follow in the next ones.
    #[serde(default = "default_max_pages")]
    pub max_pages: usize,
    /// Least time between two requests to one host, in seconds. A longer `Crawl-delay` of robots.txt is heeded.
    #[serde(default = "default_delay")]
    pub delay_secs: u64,
    /// Longest time for one request, in seconds.
    #[serde(default = "default_timeout")]
    pub timeout_secs: u64,
    /// Largest answer, in bytes, packed and unpacked.
    #[serde(default = "default_max_bytes")]
    pub max_bytes: u64,
    /// How often a request that failed for a passing reason is tried again.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// Allows addresses of this machine and of private networks.
    #[serde(default)]
    pub allow_private: bool,
}

fn default_max_pages() -> usize {
    100
}

fn default_delay() -> u64 {
    1
}

fn default_timeout() -> u64 {
    30
}

fn default_max_bytes() -> u64 {
    16 << 20
}

fn default_retries() -> u32 {
    2
}

impl FeedTable {
    /// What the feed goes by.
    pub fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
            let rest = rest.split(['?', '#']).next().unwrap_or(rest);
            let words: Vec<&str> = rest
                .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_')))
                .filter(|word| !word.is_empty())
                .collect();
            words.join("-").trim_start_matches('.').to_owned()
        })
    }

    /// Where its items land, relative to the pipeline file.
    pub fn dir(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| PathBuf::from("feeds").join(self.name()))
    }
}

impl Pipeline {
    /// The globs of all inputs, those of feeds among them.
    pub fn input_patterns(&self) -> Vec<String> {
        let mut patterns = self.settings.input.paths.clone();
        for feed in &self.settings.feed {
            let dir = feed.dir();
            let literal: String = dir.to_string_lossy().chars().map(literal).collect();
            patterns.push(format!("{}/*/*.json", literal.trim_end_matches('/')));
        }
        patterns
    }

    /// The feeds as they are fetched.
    pub fn sources(&self) -> Vec<annals_fetch::Source> {
        let source = |feed: &FeedTable| annals_fetch::Source {
            name: feed.name(),
            url: feed.url.clone(),
            dir: self.base.join(feed.dir()),
            pages: feed.pages,
            max_pages: feed.max_pages,
            delay: Duration::from_secs(feed.delay_secs),
            timeout: Duration::from_secs(feed.timeout_secs),
            max_bytes: feed.max_bytes,
            retries: feed.retries,
            allow_private: feed.allow_private,
        };
        self.settings.feed.iter().map(source).collect()
    }

    pub(super) fn validate_feeds(&self) -> Result<(), PipelineError> {
        let help = |text: &str| Some(text.to_owned());
        for (index, feed) in self.settings.feed.iter().enumerate() {
            let at = |key: &str| format!("feed[{index}].{key}");
            annals_fetch::check_address(&feed.url)
                .map_err(|message| self.error_at(&at("url"), message, None))?;
            let name = feed.name();
            if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\']) {
                return Err(self.error_at(
                    &at("name"),
                    format!("`{name}` cannot be the name of a folder"),
                    help("take letters, digits, `-` and `_`"),
                ));
            }
            for (key, value) in [("timeout_secs", feed.timeout_secs), ("max_bytes", feed.max_bytes)] {
                if value == 0 {
                    return Err(self.error_at(&at(key), format!("`{key}` must be at least 1"), None));
                }
            }
            // The output folder holds nothing but what the output writes, and is replaced as a whole.
            if self.base.join(feed.dir()).starts_with(self.output_dir()) {
                return Err(self.error_at(
                    &at(if feed.dir.is_some() { "dir" } else { "url" }),
                    format!("`{}` lies in the output folder", feed.dir().display()),
                    help("give the feed a `dir` elsewhere"),
                ));
            }
            let before = &self.settings.feed[..index];
            if before.iter().any(|other| other.dir() == feed.dir()) {
                return Err(self.error_at(
                    &at(if feed.dir.is_some() { "dir" } else { "url" }),
                    format!("another feed lands in `{}` already", feed.dir().display()),
                    help("give each feed a `name` or a `dir` of its own"),
                ));
            }
        }
        Ok(())
    }
}

/// A character of a path, so that a glob takes it for itself.
fn literal(c: char) -> String {
    match c {
        '*' | '?' | '[' | ']' | '{' | '}' | '!' => format!("[{c}]"),
        '\\' => "/".to_owned(),
        c => c.to_string(),
    }
}
