//! `annals watch` as a process: schedule, arrivals, reloads, failures, stops.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use annals_tests::{Scratch, annals};

/// Machines that build may be slow; what is waited for comes in seconds on an idle one.
const PATIENCE: Duration = Duration::from_secs(300);

/// Stages that start fast.
fn pipeline(scratch: &Scratch, extra: &str) {
    let text = format!(
        "[input]\npaths = [\"in/**/*\"]\n[output]\nformats = [\"jsonl\"]\n[[stage]]\nuse = \"clean\"\n[[stage]]\nuse = \"dedupe\"\n{extra}"
    );
    scratch.write("pipeline.toml", text);
}

fn article(scratch: &Scratch, name: &str) {
    let text = format!(
        "Residents of the village of {name} said on Monday that the road to the market was closed again after the rain, \
         and that nobody had come to repair the bridge in {name} since the spring."
    );
    scratch.write(&format!("in/{name}.txt"), text);
}

struct Watch {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    read: usize,
}

impl Watch {
    fn start(scratch: &Scratch) -> Self {
        let mut child = annals()
            .current_dir(scratch.path())
            .args(["watch", "pipeline.toml"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::<Mutex<Vec<String>>>::default();
        let (heard, stderr) = (Arc::clone(&said), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                heard.lock().unwrap().push(line);
            }
        });
        Self { child, said, read: 0 }
    }

    /// Waits for a line with these words, after the last that was waited for.
    fn expect(&mut self, words: &str) -> String {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let said = self.said.lock().unwrap().clone();
            if let Some(at) = said.iter().skip(self.read).position(|line| line.contains(words)) {
                self.read += at + 1;
                return said[self.read - 1].clone();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("`{words}` never came after line {}: {:#?}", self.read, self.said.lock().unwrap());
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    fn end(mut self) -> ExitStatus {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it never ended: {:#?}", self.said.lock().unwrap());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn paths(scratch: &Scratch) -> Vec<String> {
    scratch.rows("articles").iter().map(|row| row["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_runs_at_the_start_and_on_schedule_and_stops_at_once() {
    let scratch = Scratch::new();
    pipeline(&scratch, "[schedule]\nevery = \"3s\"\n");
    article(&scratch, "alta");
    let mut watch = Watch::start(&scratch);
    watch.expect("run at the start: 1 articles");
    article(&scratch, "berg");
    watch.expect("run on schedule: 2 articles");
    watch.expect("run on schedule: nothing new");
    assert_eq!(paths(&scratch), ["in/alta.txt", "in/berg.txt"]);
    // In the middle of waiting: with hours to go, it would not end by itself.
    scratch.write(
        "pipeline.toml",
        fs::read_to_string(scratch.path().join("pipeline.toml")).unwrap().replace("3s", "12h"),
    );
    watch.expect("the pipeline file has changed");
    watch.expect("next run at");
    watch.signal("TERM");
    watch.expect("stopped");
    assert!(watch.end().success());
}

#[test]
fn arrivals_are_noticed_and_a_failing_run_is_survived() {
    let scratch = Scratch::new();
    pipeline(
        &scratch,
        "[schedule]\non_change = true\n[notify]\ncommand = [\"sh\", \"-c\", \"cat >> told\"]\n",
    );
    article(&scratch, "alta");
    let mut watch = Watch::start(&scratch);
    watch.expect("when inputs change");
    watch.expect("run at the start: 1 articles");
    article(&scratch, "berg");
    watch.expect("run for changed inputs: 2 articles");
    let tables = fs::read(scratch.path().join("out/articles.jsonl")).unwrap();
    fs::rename(scratch.path().join("in"), scratch.path().join("elsewhere")).unwrap();
    let failure = watch.expect("failed");
    assert!(failure.contains("no input file matches"), "{failure}");
    assert_eq!(
        fs::read(scratch.path().join("out/articles.jsonl")).unwrap(),
        tables,
        "the last good tables stay"
    );
    let told = || fs::read_to_string(scratch.path().join("told")).unwrap_or_default();
    let start = Instant::now();
    while !told().contains("no input file matches") && start.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(told().contains("\"occasion\":\"failure\""), "{}", told());
    fs::rename(scratch.path().join("elsewhere"), scratch.path().join("in")).unwrap();
    article(&scratch, "calm");
    watch.expect("run for changed inputs: 3 articles");
    watch.signal("INT");
    assert!(watch.end().success());
}

#[test]
fn a_changed_pipeline_file_counts_once_it_is_valid() {
    let scratch = Scratch::new();
    pipeline(&scratch, "[schedule]\nevery = \"12h\"\n");
    article(&scratch, "alta");
    let mut watch = Watch::start(&scratch);
    watch.expect("next run at");
    pipeline(&scratch, "[schedule]\ncron = \"* * 45 * *\"\n");
    watch.expect("45");
    watch.expect("the one before goes on");
    pipeline(&scratch, "");
    watch.expect("does not say when to run");
    watch.expect("the one before goes on");
    fs::remove_file(scratch.path().join("pipeline.toml")).unwrap();
    watch.expect("the one before goes on");
    article(&scratch, "berg");
    pipeline(&scratch, "[schedule]\ncron = \"0 6 * * *\"\ntimezone = \"Asia/Damascus\"\n");
    watch.expect("0 6 * * * (Asia/Damascus)");
    watch.expect("run with the new pipeline file: 2 articles");
    watch.expect("06:00:00");
}

#[test]
fn it_leaves_out_a_run_while_another_goes_on_and_is_alone() {
    let scratch = Scratch::new();
    pipeline(&scratch, "[schedule]\nevery = \"2s\"\n");
    article(&scratch, "alta");
    scratch.run_pipeline();
    let other = File::open(scratch.path().join("out/.annals/lock")).unwrap();
    other.lock().unwrap();
    let mut watch = Watch::start(&scratch);
    watch.expect("run at the start is left out: another run holds the lock");
    let second = scratch.run(&["watch", "pipeline.toml"]);
    assert_eq!(second.status.code(), Some(4));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains(&format!("process {}", watch.child.id())), "{said}");
    article(&scratch, "berg");
    drop(other);
    watch.expect("run on schedule: 2 articles");
}

#[test]
fn a_stop_in_the_middle_of_a_run_leaves_whole_tables() {
    let scratch = Scratch::new();
    pipeline(&scratch, "[schedule]\nevery = \"12h\"\n");
    article(&scratch, "alta");
    scratch.run_pipeline();
    let before = fs::read(scratch.path().join("out/articles.jsonl")).unwrap();
    let lines: String = (0..20_000)
        .map(|n| {
            let text = format!("The school of district {n} opened at {n} in the morning, parents of {n} pupils said on Monday.");
            serde_json::json!({ "id": n.to_string(), "text": text }).to_string() + "\n"
        })
        .collect();
    scratch.write("in/many.jsonl", lines);
    let mut watch = Watch::start(&scratch);
    watch.expect("watching");
    std::thread::sleep(Duration::from_millis(700));
    watch.signal("TERM");
    watch.expect("stopped");
    assert!(watch.end().success());
    // On a very fast machine the run may have been done by then.
    if scratch.rows("articles").len() != 20_001 {
        assert_eq!(fs::read(scratch.path().join("out/articles.jsonl")).unwrap(), before);
    }
    scratch.run_pipeline();
    assert_eq!(scratch.rows("articles").len(), 20_001);
}

#[test]
fn without_a_schedule_it_says_what_to_add() {
    let scratch = Scratch::new();
    pipeline(&scratch, "");
    for command in [&["watch", "pipeline.toml"][..], &["schedule", "pipeline.toml", "--cron"]] {
        let output = scratch.run(command);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("[schedule]") && said.contains("cron = \"*/15 * * * *\""), "{said}");
    }
}

#[test]
fn the_systems_schedulers_get_the_same_times() {
    let scratch = Scratch::new();
    pipeline(&scratch, "[schedule]\ncron = \"30 6 * * MON-FRI\"\ntimezone = \"Asia/Damascus\"\n");
    article(&scratch, "alta");
    let print = |words: &[&str]| {
        let output = scratch.run(words);
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let units = print(&["schedule", "pipeline.toml", "--systemd"]);
    assert!(units.contains("OnCalendar=Mon,Tue,Wed,Thu,Fri *-*-* 6:30:00 Asia/Damascus"), "{units}");
    for line in units.lines().filter_map(|line| line.strip_prefix("OnCalendar=")) {
        // systemd's own judgement, where it is at hand.
        if let Ok(judged) = Command::new("systemd-analyze").args(["calendar", line]).output() {
            assert!(judged.status.success(), "{line}");
        }
    }
    let file = fs::canonicalize(scratch.path()).unwrap().join("pipeline.toml");
    let line = print(&["schedule", "pipeline.toml", "--cron"]);
    assert!(line.contains("30 6 * * MON-FRI '") && line.contains(file.to_str().unwrap()), "{line}");
    let plan = print(&["check", "pipeline.toml"]);
    assert_eq!(plan.matches(" 06:30:00 ").count(), 3, "{plan}");
    let neither = scratch.run(&["schedule", "pipeline.toml"]);
    assert_eq!(neither.status.code(), Some(2));
}

#[test]
fn a_failing_notification_does_not_fail_the_run() {
    let scratch = Scratch::new();
    scratch.pipeline("[notify]\ncommand = [\"sh\", \"-c\", \"cat > told; exit 9\"]\n");
    scratch.write(
        "in/a.txt",
        "SARAQIB, March 4, 2025 - At least 11 people were killed on Monday when warplanes struck a market in the town of Saraqib \
         in Syria's Idlib province, rescue workers said.",
    );
    let output = scratch.run(&["pipeline.toml", "--quiet"]);
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("failed to notify") && said.contains("exit status: 9"), "{said}");
    let told: serde_json::Value =
        serde_json::from_slice(&fs::read(scratch.path().join("told")).unwrap()).unwrap();
    assert_eq!(told["occasion"], "changes");
    assert_eq!(told["rows"]["changes"], scratch.rows("changes").len());
    // Nothing new, nothing told.
    fs::remove_file(scratch.path().join("told")).unwrap();
    scratch.run_pipeline();
    assert!(!scratch.path().join("told").exists());
}

#[test]
fn a_corpus_that_is_gone_changes_nothing() {
    let scratch = Scratch::new();
    scratch.pipeline("");
    article(&scratch, "alta");
    scratch.run_pipeline();
    let before = scratch.tables();
    fs::rename(scratch.path().join("in"), scratch.path().join("gone")).unwrap();
    let output = scratch.run(&["pipeline.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("no input file matches `in/**/*`") && said.contains("nothing was changed"),
        "{said}"
    );
    assert_eq!(scratch.tables(), before);
    fs::rename(scratch.path().join("gone"), scratch.path().join("in")).unwrap();
    scratch.run_pipeline();
    assert_eq!(scratch.tables(), before);
}
