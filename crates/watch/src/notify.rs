//! Tells a program or an address how a run ended.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use annals_runner::config::{NotifyTable, Occasion, Pipeline};
use annals_runner::{RunError, Summary};
use annals_store::LockError;
use serde::Serialize;

/// How often it is looked whether a program has ended.
const TICK: Duration = Duration::from_millis(20);

/// What is told. Fields are only ever added.
#[derive(Debug, Serialize)]
struct Report<'a> {
    annals_version: &'static str,
    pipeline: String,
    file: String,
    /// `changes` or `failure`.
    occasion: Occasion,
    /// Why the run failed.
    error: Option<String>,
    /// The exit code that the run would have had by itself.
    exit_code: u8,
    ended: String,
    seconds: f64,
    output: String,
    /// Rows of each table.
    rows: BTreeMap<&'a str, u64>,
    feeds: &'a [annals_fetch::Report],
}

/// Tells how a run ended, if its pipeline wishes that: when it changed events, or when it failed. A run that was stopped,
/// or was not begun since another one was going on, has not failed.
///
/// # Errors
/// When someone could not be told. That is no failure of the run.
pub fn notify(
    pipeline: &Pipeline,
    result: &Result<Summary, RunError>,
    elapsed: Duration,
) -> Result<(), String> {
    let Some(table) = &pipeline.settings.notify else { return Ok(()) };
    let Some(report) = report(pipeline, result, elapsed).filter(|report| table.on.contains(&report.occasion))
    else {
        return Ok(());
    };
    let json = serde_json::to_vec(&report).map_err(|error| format!("failed to notify: {error}"))?;
    let timeout = Duration::from_secs(table.timeout_secs);
    let problems: Vec<String> = [call(table, &pipeline.base, &json, timeout), post(table, &json, timeout)]
        .into_iter()
        .filter_map(Result::err)
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(format!("failed to notify: {}", problems.join("; "))) }
}

fn report<'a>(
    pipeline: &Pipeline,
    result: &'a Result<Summary, RunError>,
    elapsed: Duration,
) -> Option<Report<'a>> {
    let (occasion, error, exit_code) = match result {
        Ok(summary) if summary.written && summary.rows.get("changes").is_some_and(|rows| *rows > 0) => {
            (Occasion::Changes, None, 0)
        }
        Ok(_) | Err(RunError::Interrupted | RunError::Locked(LockError::Held { .. })) => return None,
        Err(error) => (Occasion::Failure, Some(error.to_string()), error.exit_code()),
    };
    let absolute =
        |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
    let summary = result.as_ref().ok();
    Some(Report {
        annals_version: env!("CARGO_PKG_VERSION"),
        pipeline: pipeline.name(),
        file: absolute(&pipeline.file),
        occasion,
        error,
        exit_code,
        ended: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        seconds: elapsed.as_secs_f64(),
        output: absolute(&pipeline.output_dir()),
        rows: summary
            .into_iter()
            .flat_map(|summary| &summary.rows)
            .map(|(name, rows)| (name.as_str(), *rows))
            .collect(),
        feeds: summary.map_or(&[], |summary| &summary.feeds),
    })
}

fn post(table: &NotifyTable, json: &[u8], timeout: Duration) -> Result<(), String> {
    table.url.as_ref().map_or(Ok(()), |url| annals_fetch::post_json(url, json, timeout))
}

fn call(table: &NotifyTable, base: &Path, json: &[u8], timeout: Duration) -> Result<(), String> {
    let Some((program, arguments)) = table.command.as_ref().and_then(|words| words.split_first()) else {
        return Ok(());
    };
    let mut command = Command::new(program);
    // Where a relative program is looked for must not hang on the folder that annals was called in.
    if program.contains('/') && Path::new(program).is_relative() {
        let base = std::path::absolute(base).unwrap_or_else(|_| base.to_owned());
        command = Command::new(base.join(program));
    }
    command.args(arguments).current_dir(base).stdin(Stdio::piped()).stdout(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|error| format!("failed to start {program}: {error}"))?;
    // A program that does not read must not hold up anything, so the report is written beside the waiting. One that has
    // enough of it before its end is at liberty to close its input.
    let writer = child.stdin.take().map(|mut stdin| {
        let json = json.to_vec();
        std::thread::spawn(move || drop(stdin.write_all(&json)))
    });
    let ended =
        wait(&mut child, timeout).map_err(|error| format!("failed to wait for {program}: {error}"))?;
    let Some(status) = ended else {
        stop(&mut child);
        return Err(format!("{program} took longer than {} s and was stopped", timeout.as_secs()));
    };
    if let Some(writer) = writer.filter(std::thread::JoinHandle::is_finished) {
        let _ = writer.join();
    }
    if status.success() { Ok(()) } else { Err(format!("{program} ended with {status}")) }
}

fn wait(child: &mut Child, timeout: Duration) -> std::io::Result<Option<ExitStatus>> {
    let end = Instant::now() + timeout;
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(Some(status)),
            None if Instant::now() >= end => return Ok(None),
            None => std::thread::sleep(TICK),
        }
    }
}

/// Ends a program with all that it has started.
fn stop(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::net::TcpListener;

    use super::*;

    fn pipeline(dir: &Path, notify: &str) -> Pipeline {
        let text = format!("[input]\npaths = [\"in/*\"]\n[[stage]]\nuse = \"clean\"\n[notify]\n{notify}");
        Pipeline::parse(&dir.join("p.toml"), text).unwrap()
    }

    fn summary(written: bool, changes: u64) -> Result<Summary, RunError> {
        Ok(Summary {
            written,
            dir: "out".into(),
            rows: [("changes".to_owned(), changes)].into(),
            events: Vec::new(),
            feeds: Vec::new(),
            inputs: [0; 16],
            elapsed: Duration::ZERO,
        })
    }

    fn told(dir: &Path) -> Option<serde_json::Value> {
        let bytes = std::fs::read(dir.join("told")).ok()?;
        std::fs::remove_file(dir.join("told")).unwrap();
        serde_json::from_slice(&bytes).ok()
    }

    #[test]
    fn a_program_gets_the_report_of_what_it_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let keep = "command = [\"sh\", \"-c\", \"cat > told\"]\n";
        let all = pipeline(dir.path(), keep);
        notify(&all, &summary(true, 3), Duration::from_secs(2)).unwrap();
        let report = told(dir.path()).unwrap();
        assert_eq!((&report["occasion"], &report["rows"]["changes"]), (&"changes".into(), &3.into()));
        assert_eq!((&report["pipeline"], &report["error"]), (&"p".into(), &serde_json::Value::Null));
        notify(&all, &Err(RunError::Other("the disk is full".to_owned())), Duration::ZERO).unwrap();
        let report = told(dir.path()).unwrap();
        assert_eq!((&report["error"], &report["exit_code"]), (&"the disk is full".into(), &1.into()));
        let failures = pipeline(dir.path(), &format!("{keep}on = [\"failure\"]\n"));
        for (pipeline, result) in [
            (&all, summary(true, 0)),
            (&all, summary(false, 3)),
            (&all, Err(RunError::Interrupted)),
            (&failures, summary(true, 3)),
        ] {
            notify(pipeline, &result, Duration::ZERO).unwrap();
            assert!(told(dir.path()).is_none(), "{result:?}");
        }
    }

    #[test]
    fn an_address_gets_the_report_beside_a_program() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let received = std::thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let header = line.to_ascii_lowercase();
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            stream.write_all(b"HTTP/1.1 500 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            body
        });
        let dir = tempfile::tempdir().unwrap();
        let both =
            format!("url = \"http://127.0.0.1:{port}/hook\"\ncommand = [\"sh\", \"-c\", \"cat > told\"]\n");
        let failure = notify(&pipeline(dir.path(), &both), &summary(true, 1), Duration::ZERO).unwrap_err();
        assert!(failure.contains("500"), "{failure}");
        let body: serde_json::Value = serde_json::from_slice(&received.join().unwrap()).unwrap();
        assert_eq!(body, told(dir.path()).unwrap(), "the failing post keeps nobody else from being told");
    }

    #[test]
    fn a_failing_program_is_told_of() {
        let dir = tempfile::tempdir().unwrap();
        let failure = |notify: &str| {
            super::notify(&pipeline(dir.path(), notify), &summary(true, 1), Duration::ZERO).unwrap_err()
        };
        assert!(failure("command = [\"sh\", \"-c\", \"exit 3\"]\n").contains("exit status: 3"));
        assert!(failure("command = [\"./not-there\"]\n").contains("failed to start ./not-there"));
        let slow = failure("command = [\"sh\", \"-c\", \"sleep 3600 & wait\"]\ntimeout_secs = 1\n");
        assert!(slow.contains("longer than 1 s"), "{slow}");
    }
}
