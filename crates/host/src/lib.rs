//! Loads plugins and makes stages of them that the runner cannot tell from built-in ones.
//!
//! ```no_run
//! use annals_host::{Options, load};
//! # let folder = std::path::Path::new(".");
//! let options = Options { plugin: "plugins/weapons".into(), isolate: true, ..Options::default() };
//! let definition = load(&options, folder, Some("weapons"))?;
//! let passes = definition.open(serde_json::json!({"min_words": 3}), &annals_plugin::Context { base: folder.into() })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With `isolate = true` the library is never loaded here but in worker processes: this executable, started again with
//! [`WORKER_ARGUMENT`]. So `main` has to begin with
//!
//! ```no_run
//! # use std::process::ExitCode;
//! fn main() -> ExitCode {
//!     if std::env::args().nth(1).as_deref() == Some(annals_host::WORKER_ARGUMENT) {
//!         return annals_host::worker_main();
//!     }
//!     // …
//! #   ExitCode::SUCCESS
//! }
//! ```
//!
//! Whatever goes wrong behind the door, and wherever it runs, costs the record that did it and no other: a batch that
//! fails is tried again record by record, and a record that fails alone is rejected with the stage's name, or ends the
//! run, as `on_error` says. See [`LoadError`] for what may go wrong before that.

mod backend;
mod config;
mod direct;
mod error;
mod file;
mod library;
mod options;
mod scaffold;
mod stage;
mod worker;

use std::path::Path;
use std::sync::Arc;

use annals_plugin::{ConfigError, Context, Definition};

pub use self::error::LoadError;
pub use self::file::Inspection;
pub use self::library::{Kind, Manifest};
pub use self::options::{OnError, Options, WORKER_ARGUMENT, WorkerCommand};
pub use self::scaffold::{ScaffoldError, scaffold};
pub use self::worker::worker_main;

use self::backend::Backend;
use self::direct::Instance;
use self::library::Library;
use self::worker::Pool;

/// Finds a plugin, checks it and reads what it tells of itself; nothing of the stage runs before it is opened.
///
/// `base` is the folder of the pipeline file. With `name`, the stage must be called so.
///
/// # Errors
/// See [`LoadError`].
pub fn load(options: &Options, base: &Path, name: Option<&str>) -> Result<Definition, LoadError> {
    let file = file::find(&options.plugin, base)?;
    let file = file::check(file, options.sha256.as_deref())?;
    let loaded = if options.isolate {
        Loaded::Isolated(worker::manifest(&file, options)?)
    } else {
        Loaded::Direct(Arc::new(Library::load(&file.path)?))
    };
    let manifest = loaded.manifest().clone();
    if let Some(name) = name.filter(|&name| name != manifest.name) {
        return Err(LoadError::Name { path: file.path, found: manifest.name, wanted: name.to_owned() });
    }
    let (options, described) = (options.clone(), manifest.clone());
    let open = move |config: serde_json::Value, context: &Context| {
        config::check(&config, &described.config_schema)?;
        let backend: Box<dyn Backend> = match &loaded {
            Loaded::Direct(library) => Box::new(Instance::open(library.clone(), &config, &context.base)?),
            Loaded::Isolated(_) => Box::new(Pool::open(&file, &options, &config, &context.base)?),
        };
        Ok(vec![stage::pass(&described, &file, options.on_error, backend)])
    };
    Ok(Definition::new(
        manifest.name,
        manifest.version,
        manifest.reads,
        manifest.writes,
        manifest.config_schema,
        Box::new(open),
    ))
}

/// Tells what a library is and exports. It is loaded in a process of its own.
///
/// # Errors
/// See [`LoadError`].
pub fn inspect(path: &Path, worker: &WorkerCommand) -> Result<Inspection, LoadError> {
    let file = file::find(&path.to_string_lossy(), Path::new("."))?;
    let file = file::check(file, None)?;
    let options = Options { worker: worker.clone(), ..Options::default() };
    let manifest = worker::manifest(&file, &options)?;
    Ok(file.inspection(manifest))
}

enum Loaded {
    Direct(Arc<Library>),
    Isolated(Manifest),
}

impl Loaded {
    fn manifest(&self) -> &Manifest {
        match self {
            Self::Direct(library) => library.manifest(),
            Self::Isolated(manifest) => manifest,
        }
    }
}

/// A config refused for a reason that no key of it holds.
fn refused(message: impl Into<String>) -> ConfigError {
    ConfigError::at("", message)
}
