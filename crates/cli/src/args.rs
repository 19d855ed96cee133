//! What the command line takes.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

/// Turns raw news articles into claims and events of conflict casualties, each figure with its quote and source.
#[derive(Debug, Parser)]
#[command(name = "annals", version, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Exit codes: 0 all done; 1 the run failed, nothing half-written; 2 bad usage or bad pipeline file; \
3 done, but records were rejected (with --deny-rejects); 4 another run holds the lock."
)]
pub(crate) struct Args {
    /// The pipeline file to run: everything that is new since the last run.
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// How to run.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct RunArgs {
    /// Print nothing but errors.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// End with exit code 3 if any record was rejected.
    #[arg(long)]
    pub(crate) deny_rejects: bool,
    /// Forget what earlier runs have read and found, and do everything again.
    #[arg(long)]
    pub(crate) rebuild: bool,
    /// Fetch no feeds: use what earlier runs have landed.
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Validate a pipeline file, its inputs, stages and plugins, and print the plan; run nothing.
    Check {
        /// The pipeline file.
        file: PathBuf,
    },
    /// Keep running on the `[schedule]` of a pipeline file, one run at a time, until stopped by SIGTERM or SIGINT.
    Watch {
        /// The pipeline file. A changed one takes effect once it is valid.
        file: PathBuf,
        /// Print only what goes wrong.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Print the `[schedule]` of a pipeline file for the scheduler of the system.
    Schedule {
        /// The pipeline file.
        file: PathBuf,
        #[command(flatten)]
        scheduler: Scheduler,
    },
    /// Show one article, claim, incident or event of the last run, with where all of it comes from.
    Show {
        /// The id, as it stands in the tables.
        id: String,
        /// The pipeline file that was run.
        #[arg(long, short, default_value = "pipeline.toml")]
        pipeline: PathBuf,
    },
    /// Print the JSON Schema of pipeline.toml, so that editors complete and check it.
    Schema,
    /// Write a stage of one's own.
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Compile places to one file, for `gazetteers` of the stage `extract`.
    ///
    /// Takes dumps as GeoNames publishes them (XX.txt, citiesN.txt, allCountries.txt), its alternateNames.txt and admin1CodesASCII.txt,
    /// and tables of one's own: name, other names parted by |, kind, division, alpha-3 country, latitude, longitude, parted by tabs.
    Gazetteer(GazetteerArgs),
    /// Print the completions of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// A scheduler of the system.
#[derive(Debug, Clone, Copy, ClapArgs)]
#[group(required = true, multiple = false)]
pub(crate) struct Scheduler {
    /// A service and a timer for systemd.
    #[arg(long)]
    pub(crate) systemd: bool,
    /// A line for a crontab.
    #[arg(long)]
    pub(crate) cron: bool,
}

/// What can be done with plugins.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Lay out a plugin in Rust that builds and runs, in a new folder of that name.
    New {
        /// Name of the stage: a-z, 0-9 and _.
        name: String,
    },
    /// Tell what a library is and which stage it exports.
    Inspect {
        /// The library, or its name without prefix and suffix.
        file: PathBuf,
    },
}

/// What a gazetteer is made of.
#[derive(Debug, ClapArgs)]
pub(crate) struct GazetteerArgs {
    /// The files; the first lines of each tell what it is.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The file to write.
    #[arg(long, short)]
    pub(crate) output: PathBuf,
    /// Leave out settlements of the dumps with fewer inhabitants; GeoNames writes 0 where it knows no number.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) min_population: u32,
}
