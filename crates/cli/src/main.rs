//! The annals command line.

mod args;
mod console;
mod gazetteer;
mod provenance;
mod registry;

use std::panic;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use annals_runner::config::{Pipeline, PipelineError};
use annals_runner::{Plan, RunError, RunOptions, Verbosity};
use annals_schedule::units::{self, Job};
use clap::{CommandFactory as _, Parser as _};

use args::{Args, Command, PluginCommand, RunArgs, Scheduler};

/// Done, but records were rejected, and `--deny-rejects` asked for none.
const EXIT_REJECTS: u8 = 3;

fn main() -> ExitCode {
    // An isolated plugin runs in this program, started again; nobody else calls it so.
    if std::env::args_os().nth(1).is_some_and(|first| first == annals_host::WORKER_ARGUMENT) {
        return annals_host::worker_main();
    }
    let args = Args::parse();
    // Whoever catches a panic tells of it in words of its own; the trace is for those who ask for one.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        panic::set_hook(Box::new(|_| {}));
    }
    match panic::catch_unwind(|| dispatch(args)) {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(Failure::Pipeline(error))) => {
            console::report(error);
            ExitCode::from(2)
        }
        Ok(Err(Failure::Run(error))) => {
            let code = error.exit_code();
            console::error(&error.to_string());
            ExitCode::from(code)
        }
        Err(payload) => {
            let message = annals_runner::panic_message(payload.as_ref());
            console::error(&format!("internal error: {message}; RUST_BACKTRACE=1 shows where"));
            ExitCode::FAILURE
        }
    }
}

enum Failure {
    Pipeline(PipelineError),
    Run(RunError),
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        Self::Pipeline(error)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Pipeline(error) => Self::Pipeline(error),
            other => Self::Run(other),
        }
    }
}

fn dispatch(args: Args) -> Result<u8, Failure> {
    match args.command {
        Some(Command::Check { file }) => check(&file).map(|()| 0),
        Some(Command::Watch { file, quiet }) => {
            let console = console::Watching { quiet };
            annals_watch::watch(&file, &registry::registry(), &stop_signals(), &console)?;
            Ok(0)
        }
        Some(Command::Schedule { file, scheduler }) => schedule(&file, scheduler),
        Some(Command::Show { id, pipeline }) => show(&pipeline, &id),
        Some(Command::Schema) => {
            console::line(&registry::schema());
            Ok(0)
        }
        Some(Command::Plugin(command)) => Ok(plugin(&command)),
        Some(Command::Gazetteer(args)) => Ok(gazetteer::compile(&args)),
        Some(Command::Completions { shell }) => {
            let mut command = Args::command();
            clap_complete::generate(shell, &mut command, "annals", &mut std::io::stdout());
            Ok(0)
        }
        None => match args.file {
            Some(file) => run(&file, &args.run),
            None => {
                let help = Args::command().render_help();
                console::error(&help.to_string());
                Ok(2)
            }
        },
    }
}

/// A flag that SIGINT and SIGTERM set. A second signal ends the process at once; the state and the tables stay whole even
/// then.
fn stop_signals() -> Arc<AtomicBool> {
    let cancel = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let armed = Arc::clone(&cancel);
        let registered = signal_hook::flag::register_conditional_shutdown(signal, 1, armed)
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&cancel)));
        if let Err(error) = registered {
            console::error(&format!("cannot watch for signals: {error}"));
        }
    }
    cancel
}

fn run(file: &Path, args: &RunArgs) -> Result<u8, Failure> {
    let pipeline = Pipeline::read(file)?;
    let start = Instant::now();
    let options = RunOptions {
        cancel: stop_signals(),
        verbosity: Verbosity::detect(args.quiet),
        rebuild: args.rebuild,
        offline: args.offline,
        events: !args.quiet,
    };
    let result = annals_runner::run(&pipeline, &registry::registry(), &options);
    if let Err(error) = annals_watch::notify(&pipeline, &result, start.elapsed()) {
        console::error(&error);
    }
    let summary = result?;
    console::feeds(&summary, args.quiet);
    if !args.quiet {
        console::summary(&summary);
    }
    Ok(if args.deny_rejects && summary.rejected() > 0 { EXIT_REJECTS } else { 0 })
}

fn schedule(file: &Path, scheduler: Scheduler) -> Result<u8, Failure> {
    let pipeline = Pipeline::read(file)?;
    let absolute = |path: &Path| std::path::absolute(path).map_err(|error| error.to_string());
    let Some(table) = &pipeline.settings.schedule else {
        return Err(annals_watch::no_schedule(&pipeline).into());
    };
    let schedule = pipeline.schedule()?;
    let text = absolute(file).and_then(|file| {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let job = Job {
            name: &pipeline.name(),
            program: &program,
            pipeline: &file,
            network: !pipeline.settings.feed.is_empty(),
            on_change: table.on_change,
        };
        if scheduler.systemd {
            units::systemd(schedule.as_ref(), &job)
        } else {
            units::crontab(schedule.as_ref(), &job)
        }
    });
    match text {
        Ok(text) => {
            console::line(text.trim_end());
            Ok(0)
        }
        Err(text) => {
            console::error(&text);
            Ok(1)
        }
    }
}

fn show(file: &std::path::Path, id: &str) -> Result<u8, Failure> {
    let pipeline = Pipeline::read(file)?;
    let plan = Plan::open(&pipeline, &registry::registry())?;
    match annals_runner::show::show(&pipeline, &plan, id)? {
        Some(found) => {
            provenance::print(&found);
            Ok(0)
        }
        None => {
            console::error(&format!("no article, claim, incident or event of the last run has the id {id}"));
            Ok(1)
        }
    }
}

fn plugin(command: &PluginCommand) -> u8 {
    let told = match command {
        PluginCommand::New { name } => {
            annals_host::scaffold(Path::new("."), name).map_err(|error| error.to_string())
        }
        PluginCommand::Inspect { file } => annals_host::inspect(file, &annals_host::WorkerCommand::default())
            .map(|inspection| inspection.to_string())
            .map_err(|error| error.to_string()),
    };
    match told {
        Ok(text) => {
            console::line(&text);
            0
        }
        Err(text) => {
            console::error(&text);
            2
        }
    }
}

fn check(file: &std::path::Path) -> Result<(), Failure> {
    let pipeline = Pipeline::read(file)?;
    let plan = Plan::open(&pipeline, &registry::registry())?;
    let found = annals_input::find(&pipeline.base, &pipeline.input_patterns()).map_err(RunError::from)?;
    console::plan(&pipeline, &plan, &found);
    console::schedule(&pipeline, pipeline.schedule()?.as_ref());
    Ok(())
}
