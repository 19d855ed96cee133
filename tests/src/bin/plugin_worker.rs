//! The worker process of isolated plugins, for tests that do not run the command line.

fn main() -> std::process::ExitCode {
    annals_host::worker_main()
}
