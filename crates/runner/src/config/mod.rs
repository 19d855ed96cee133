//! pipeline.toml: reading, validation, and its JSON Schema.

pub(crate) mod check;
mod document;
mod feed;
mod schedule;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::{Path, PathBuf};

use miette::{Diagnostic, NamedSource, SourceSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use document::Document;
pub use feed::FeedTable;
pub use schedule::{NotifyTable, Occasion, ScheduleTable};

/// A pipeline file, read and validated as far as it goes without opening the stages.
#[derive(Debug)]
pub struct Pipeline {
    /// The file.
    pub file: PathBuf,
    /// Its folder: what relative paths in it start from.
    pub base: PathBuf,
    /// Everything but the stages.
    pub settings: Settings,
    /// The stages, in order.
    pub stages: Vec<StageTable>,
    text: String,
    document: Document,
}

/// The pipeline file without its `[[stage]]` tables.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the pipeline, shown in reports. Default: the name of the file.
    #[serde(default)]
    pub name: Option<String>,
    /// What to read.
    #[serde(default)]
    pub input: InputTable,
    /// Where to write, and what.
    #[serde(default)]
    pub output: OutputTable,
    /// How to run.
    #[serde(default)]
    pub run: RunTable,
    /// When to run again; read by `annals watch`.
    #[serde(default)]
    pub schedule: Option<ScheduleTable>,
    /// Whom to tell how a run ended. Left out of run.json, since an address may be a secret.
    #[serde(default, skip_serializing)]
    pub notify: Option<NotifyTable>,
    /// Feeds whose new items are fetched before the inputs are read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feed: Vec<FeedTable>,
}

/// What to read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InputTable {
    /// Globs, relative to the pipeline file. `**` crosses folders. Needed unless there is a `[[feed]]`.
    pub paths: Vec<String>,
    /// The longest record (line, file, page) that is read, in bytes; a longer one is rejected.
    pub max_record_bytes: u64,
    /// How many times its size a compressed file may unpack to before it is rejected as a bomb.
    pub max_expansion: u64,
    /// Withdraw the articles of a file that is gone. Otherwise they stay.
    pub withdraw_removed: bool,
}

impl Default for InputTable {
    fn default() -> Self {
        Self { paths: Vec::new(), max_record_bytes: 16 << 20, max_expansion: 200, withdraw_removed: false }
    }
}

/// Where to write, and what.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutputTable {
    /// Folder of the tables, relative to the pipeline file. Holds nothing but what annals writes.
    pub dir: PathBuf,
    /// Formats of the tables.
    pub formats: Vec<Format>,
    /// Adds the row of HXL tags to the events in CSV, as OCHA's tools read it.
    pub hxl: bool,
}

impl Default for OutputTable {
    fn default() -> Self {
        Self { dir: PathBuf::from("out"), formats: vec![Format::Parquet, Format::Csv], hxl: false }
    }
}

/// A format of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Apache Parquet, zstd.
    Parquet,
    /// Comma-separated values, RFC 4180.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// GeoJSON (RFC 7946) of the events.
    Geojson,
    /// One page to read in a browser.
    Html,
}

impl Format {
    /// The word in pipeline.toml.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Geojson => "geojson",
            Self::Html => "html",
        }
    }
}

/// How to run. None of these changes a result.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RunTable {
    /// Threads for the stages; 0 for as many as there are processors.
    pub threads: usize,
    /// Articles in a batch.
    pub batch_size: usize,
    /// Memory for pages of the state, in MiB.
    pub cache_mb: usize,
}

impl Default for RunTable {
    fn default() -> Self {
        Self { threads: 0, batch_size: 64, cache_mb: 64 }
    }
}

/// One `[[stage]]` table.
#[derive(Debug, Clone)]
pub struct StageTable {
    /// What the host reads.
    pub host: HostKeys,
    /// What the stage reads.
    pub config: Map<String, Value>,
    index: usize,
}

/// Keys of a `[[stage]]` table that are the host's; all others are the stage's own.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HostKeys {
    /// Name of the stage.
    #[serde(rename = "use")]
    pub name: String,
    /// The dynamic library that exports it: a path without prefix and suffix, or a full file name.
    #[serde(default)]
    pub plugin: Option<String>,
    /// SHA-256 of the library, in hexadecimal; another one is refused.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Runs the plugin in a process of its own.
    #[serde(default)]
    pub isolate: bool,
    /// What happens to a batch that the stage fails on.
    #[serde(default)]
    pub on_error: OnError,
    /// Longest time for one batch of an isolated plugin, in seconds.
    #[serde(default = "default_time_limit")]
    pub time_limit_secs: u64,
    /// Most memory for an isolated plugin, in MiB.
    #[serde(default = "default_memory_limit")]
    pub memory_limit_mb: u64,
}

fn default_time_limit() -> u64 {
    60
}

fn default_memory_limit() -> u64 {
    1024
}

/// What happens to a batch that a stage fails on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// The records that it fails on go to `rejected`, the run goes on.
    #[default]
    Reject,
    /// The run fails.
    Fail,
}

/// Why a pipeline file is refused, with the place in it.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error(transparent)]
#[diagnostic(transparent)]
pub struct PipelineError(Box<Problem>);

#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
struct Problem {
    message: String,
    #[source_code]
    source_code: Option<NamedSource<String>>,
    #[label("{label}")]
    span: Option<SourceSpan>,
    label: String,
    #[help]
    help: Option<String>,
}

impl PipelineError {
    /// An error that no place in the file stands for.
    pub fn general(message: impl Into<String>, help: Option<String>) -> Self {
        let problem =
            Problem { message: message.into(), source_code: None, span: None, label: String::new(), help };
        Self(Box::new(problem))
    }

    /// The same error, shown at these bytes of the file.
    fn moved_to(mut self, at: Range<usize>) -> Self {
        self.0.span = Some(at.into());
        self
    }
}

impl Pipeline {
    /// Reads and validates a pipeline file.
    ///
    /// # Errors
    /// When the file cannot be read, is not TOML, or holds a key or value that is not known; the error names the place.
    pub fn read(file: &Path) -> Result<Self, PipelineError> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            PipelineError::general(
                format!("failed to read {}: {error}", file.display()),
                Some("give the path of a pipeline file, as in `annals pipeline.toml`".to_owned()),
            )
        })?;
        Self::parse(file, text)
    }

    /// Validates the text of a pipeline file that lies, or would lie, at `file`.
    ///
    /// # Errors
    /// As [`Pipeline::read`].
    pub fn parse(file: &Path, text: String) -> Result<Self, PipelineError> {
        let base = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let name = file.display().to_string();
        let document = Document::parse(&text).map_err(|error| {
            PipelineError(Box::new(Problem {
                message: format!("failed to parse {name}: {}", error.message()),
                source_code: Some(NamedSource::new(&name, text.clone())),
                span: error.span().map(Into::into),
                label: "here".to_owned(),
                help: None,
            }))
        })?;
        let mut pipeline = Self {
            file: file.to_owned(),
            base,
            settings: Settings {
                name: None,
                input: InputTable::default(),
                output: OutputTable::default(),
                run: RunTable::default(),
                schedule: None,
                notify: None,
                feed: Vec::new(),
            },
            stages: Vec::new(),
            text,
            document,
        };
        let mut root = pipeline.document.root.clone();
        let stages = root.remove("stage");
        let schema = schemars::schema_for!(Settings).to_value();
        pipeline.refuse_unknown(&Value::Object(root.clone()), &schema, "", &["stage"])?;
        pipeline.settings = serde_path_to_error::deserialize(Value::Object(root)).map_err(|error| {
            let path = error.path().to_string();
            pipeline.error_at(if path == "." { "" } else { &path }, error.into_inner().to_string(), None)
        })?;
        pipeline.stages = pipeline.read_stages(stages)?;
        pipeline.validate()?;
        Ok(pipeline)
    }

    fn read_stages(&self, stages: Option<Value>) -> Result<Vec<StageTable>, PipelineError> {
        let Some(stages) = stages else {
            return Err(PipelineError::general(
                format!("{} has no [[stage]]", self.file.display()),
                Some("add one, as in:\n[[stage]]\nuse = \"clean\"".to_owned()),
            ));
        };
        let Value::Array(stages) = stages else {
            return Err(self.error_at(
                "stage",
                "`stage` must be a list of tables".into(),
                Some("write `[[stage]]`".into()),
            ));
        };
        let host_schema = schemars::schema_for!(HostKeys).to_value();
        let host_keys = host_schema["properties"].as_object().cloned().unwrap_or_default();
        stages
            .into_iter()
            .enumerate()
            .map(|(index, table)| {
                let Value::Object(table) = table else {
                    return Err(self.error_at("stage", "a stage must be a table".into(), None));
                };
                let (host, config): (Map<_, _>, Map<_, _>) =
                    table.into_iter().partition(|(key, _)| host_keys.contains_key(key));
                let path = format!("stage[{index}]");
                let host = serde_path_to_error::deserialize(Value::Object(host)).map_err(|error| {
                    let key = error.path().to_string();
                    let path = if key == "." { path.clone() } else { document::join(&path, &key) };
                    self.error_at(&path, error.into_inner().to_string(), None)
                })?;
                Ok(StageTable { host, config, index })
            })
            .collect()
    }

    fn validate(&self) -> Result<(), PipelineError> {
        let help = |text: &str| Some(text.to_owned());
        if self.settings.input.paths.is_empty() && self.settings.feed.is_empty() {
            if !self.document.root.contains_key("input") {
                return Err(PipelineError::general(
                    format!("{} has neither [input] nor [[feed]]", self.file.display()),
                    help("say what to read, as in:\n[input]\npaths = [\"articles/**/*\"]"),
                ));
            }
            return Err(self.error_at(
                "input.paths",
                "`paths` is empty".into(),
                help("name at least one glob"),
            ));
        }
        if self.settings.output.formats.is_empty() {
            return Err(self.error_at(
                "output.formats",
                "`formats` is empty".into(),
                help("name at least one format"),
            ));
        }
        if self.settings.run.batch_size == 0 {
            return Err(self.error_at("run.batch_size", "`batch_size` must be at least 1".into(), None));
        }
        if self.stages.len() > 100 {
            return Err(self.error_at("stage", "more than 100 stages".into(), None));
        }
        for (index, stage) in self.stages.iter().enumerate() {
            let alone = [("sha256", stage.host.sha256.is_some()), ("isolate", stage.host.isolate)];
            for (key, set) in alone {
                if set && stage.host.plugin.is_none() {
                    let path = format!("stage[{index}].{key}");
                    return Err(self.error_at(
                        &path,
                        format!("`{key}` is for plugins"),
                        help("add `plugin = \"…\"`"),
                    ));
                }
            }
        }
        self.schedule()?;
        self.validate_notify()?;
        self.validate_feeds()
    }

    /// Refuses keys of `value` that `schema` does not know.
    fn refuse_unknown(
        &self,
        value: &Value,
        schema: &Value,
        path: &str,
        also: &[&str],
    ) -> Result<(), PipelineError> {
        let Some(unknown) = check::unknown_key(value, schema, path, also) else { return Ok(()) };
        let help = match (&unknown.nearest, unknown.known.is_empty()) {
            (Some(nearest), _) => format!("did you mean `{nearest}`?"),
            (None, true) => "this table takes no keys".to_owned(),
            (None, false) => format!("known keys: {}", unknown.known.join(", ")),
        };
        Err(PipelineError(Box::new(Problem {
            message: format!("unknown key `{}` in {}", unknown.key, self.file.display()),
            source_code: Some(self.source()),
            span: self.document.key(&unknown.path).map(Into::into),
            label: "not a known key".to_owned(),
            help: Some(help),
        })))
    }

    /// Refuses keys of a stage's table that its config does not know.
    ///
    /// # Errors
    /// Names the place and the nearest known key.
    pub fn check_stage(&self, stage: &StageTable, config_schema: &Value) -> Result<(), PipelineError> {
        let host = schemars::schema_for!(HostKeys).to_value();
        let host_keys: Vec<&str> = host["properties"]
            .as_object()
            .map(|keys| keys.keys().map(String::as_str).collect())
            .unwrap_or_default();
        let path = format!("stage[{}]", stage.index);
        self.refuse_unknown(&Value::Object(stage.config.clone()), config_schema, &path, &host_keys)
    }

    /// An error at a key of a stage's table; an empty key stands for the table.
    pub fn stage_error(
        &self,
        stage: &StageTable,
        key: &str,
        message: String,
        help: Option<String>,
    ) -> PipelineError {
        let path = format!("stage[{}]", stage.index);
        let path = if key.is_empty() { path } else { document::join(&path, key) };
        self.error_at(&path, message, help)
    }

    fn source(&self) -> NamedSource<String> {
        NamedSource::new(self.file.display().to_string(), self.text.clone()).with_language("TOML")
    }

    fn error_at(&self, path: &str, message: String, help: Option<String>) -> PipelineError {
        let shown = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
        PipelineError(Box::new(Problem {
            message: format!("wrong value{shown} in {}", self.file.display()),
            source_code: Some(self.source()),
            span: self.document.value(path).map(Into::into),
            label: message.clone(),
            help: match (help, self.document.value(path)) {
                (Some(help), _) => Some(help),
                (None, None) => Some(message),
                (None, Some(_)) => None,
            },
        }))
    }

    /// The folder of the tables.
    pub fn output_dir(&self) -> PathBuf {
        self.base.join(&self.settings.output.dir)
    }

    /// The name of the pipeline.
    pub fn name(&self) -> String {
        self.settings.name.clone().unwrap_or_else(|| {
            self.file
                .file_stem()
                .map_or_else(|| "pipeline".to_owned(), |stem| stem.to_string_lossy().into_owned())
        })
    }
}

/// JSON Schema of pipeline.toml, with the configs of the given stages.
pub fn schema<'a>(stages: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Value {
    let mut root = schemars::schema_for!(Settings).to_value();
    let host = schemars::schema_for!(HostKeys).to_value();
    let mut definitions = root["$defs"].as_object().cloned().unwrap_or_default();
    definitions.extend(host["$defs"].as_object().cloned().unwrap_or_default());
    let mut kinds = Vec::new();
    for (name, config) in stages {
        definitions.extend(config["$defs"].as_object().cloned().unwrap_or_default());
        let mut properties = host["properties"].as_object().cloned().unwrap_or_default();
        properties.extend(config["properties"].as_object().cloned().unwrap_or_default());
        properties.insert("use".to_owned(), json!({ "const": name }));
        kinds.push(json!({
            "title": name,
            "description": config["description"],
            "type": "object",
            "properties": properties,
            "required": ["use"],
            "additionalProperties": false,
        }));
    }
    kinds.push(json!({
        "title": "a stage of a plugin",
        "type": "object",
        "properties": host["properties"],
        "required": ["use", "plugin"],
    }));
    root["title"] = json!("pipeline.toml");
    root["$defs"] = Value::Object(definitions);
    root["properties"]["stage"] = json!({ "description": "The stages, run in this order.", "type": "array", "items": { "anyOf": kinds } });
    root["required"] = json!(["stage"]);
    root["anyOf"] = json!([{ "required": ["input"] }, { "required": ["feed"] }]);
    root
}
