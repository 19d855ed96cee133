//! The stages that a pipeline may use.

use std::collections::BTreeMap;

use annals_plugin::Definition;

use crate::config::{HostKeys, Pipeline, PipelineError, StageTable, check::nearest};

/// Loads the stage that a `[[stage]]` table with `plugin` names.
pub type Loader = Box<dyn Fn(&HostKeys, &std::path::Path) -> Result<Definition, String> + Send + Sync>;

/// All stages built in, and the way to load others.
pub struct Registry {
    builtin: BTreeMap<String, Definition>,
    loader: Loader,
}

impl Registry {
    /// A registry of built-in stages; `loader` gets the host keys of a stage and the folder of the pipeline file.
    pub fn new(builtin: impl IntoIterator<Item = Definition>, loader: Loader) -> Self {
        Self { builtin: builtin.into_iter().map(|stage| (stage.name.clone(), stage)).collect(), loader }
    }

    /// The built-in stages by name.
    pub fn builtin(&self) -> impl Iterator<Item = &Definition> {
        self.builtin.values()
    }

    /// Hands the definition of a stage to `use_it`.
    pub(crate) fn with<T>(
        &self,
        pipeline: &Pipeline,
        stage: &StageTable,
        use_it: impl FnOnce(&Definition) -> Result<T, PipelineError>,
    ) -> Result<T, PipelineError> {
        if stage.host.plugin.is_some() {
            let loaded = (self.loader)(&stage.host, &pipeline.base)
                .map_err(|message| pipeline.stage_error(stage, "plugin", message, None))?;
            if loaded.name != stage.host.name {
                let message = format!("the library exports the stage `{}`", loaded.name);
                return Err(pipeline.stage_error(
                    stage,
                    "use",
                    message,
                    Some(format!("write `use = \"{}\"`", loaded.name)),
                ));
            }
            return use_it(&loaded);
        }
        match self.builtin.get(&stage.host.name) {
            Some(definition) => use_it(definition),
            None => {
                let known: Vec<String> = self.builtin.keys().cloned().collect();
                let help = nearest(&stage.host.name, &known).map_or_else(
                    || {
                        format!(
                            "built-in stages: {}; a stage of a plugin needs `plugin = \"…\"`",
                            known.join(", ")
                        )
                    },
                    |nearest| format!("did you mean `{nearest}`?"),
                );
                let message = format!("no stage is called `{}`", stage.host.name);
                Err(pipeline.stage_error(stage, "use", message, Some(help)))
            }
        }
    }
}
