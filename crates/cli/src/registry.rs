//! The one list of stages that are built in.

use annals_plugin::Definition;
use annals_runner::Registry;

fn builtin() -> Vec<Definition> {
    vec![
        annals_clean::definition(),
        annals_dedupe::definition(),
        annals_extract::definition(),
        annals_aggregate::definition(),
    ]
}

/// All stages that a pipeline may use.
pub(crate) fn registry() -> Registry {
    Registry::new(builtin(), Box::new(|_, _| Err("plugins are not supported by this build".to_owned())))
}

/// JSON Schema of pipeline.toml, pretty-printed.
pub(crate) fn schema() -> String {
    let stages = builtin();
    let schema =
        annals_runner::config::schema(stages.iter().map(|stage| (stage.name.as_str(), &stage.config_schema)));
    serde_json::to_string_pretty(&schema).expect("a schema holds nothing that JSON cannot")
}
