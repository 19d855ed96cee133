//! The one list of stages that are built in.

use std::path::Path;

use annals_plugin::Definition;
use annals_runner::Registry;
use annals_runner::config::{HostKeys, OnError};

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
    Registry::new(builtin(), Box::new(plugin))
}

/// Loads the stage of a `[[stage]]` table with `plugin`.
fn plugin(keys: &HostKeys, base: &Path) -> Result<Definition, String> {
    let options = annals_host::Options {
        plugin: keys.plugin.clone().unwrap_or_default(),
        sha256: keys.sha256.clone(),
        isolate: keys.isolate,
        on_error: match keys.on_error {
            OnError::Reject => annals_host::OnError::Reject,
            OnError::Fail => annals_host::OnError::Fail,
        },
        time_limit_secs: keys.time_limit_secs,
        memory_limit_mb: keys.memory_limit_mb,
        ..annals_host::Options::default()
    };
    annals_host::load(&options, base, None).map_err(|error| error.to_string())
}

/// JSON Schema of pipeline.toml, pretty-printed.
pub(crate) fn schema() -> String {
    let stages = builtin();
    let schema =
        annals_runner::config::schema(stages.iter().map(|stage| (stage.name.as_str(), &stage.config_schema)));
    serde_json::to_string_pretty(&schema).expect("a schema holds nothing that JSON cannot")
}

#[cfg(test)]
mod tests {
    use annals_plugin::testing::{Trial, check};

    /// One set of rules for every stage, built in or plugged in.
    #[test]
    fn every_built_in_stage_keeps_the_rules() {
        let broken: Vec<String> = super::builtin()
            .into_iter()
            .filter_map(|stage| {
                let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    check(&stage, &Trial::default())
                }));
                let name = stage.name;
                checked.err().map(|panic| {
                    let said = panic.downcast_ref::<String>().map_or("", String::as_str);
                    format!("{name}: {said:.600}")
                })
            })
            .collect();
        assert!(broken.is_empty(), "{}", broken.join("\n\n"));
    }
}
