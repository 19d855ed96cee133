//! Every fault behind the door, against built plugins: it costs the record that does it and no other.

#![allow(clippy::unwrap_used)]

mod plugin;

use std::time::{Duration, Instant};

use annals_host::{OnError, load};
use annals_plugin::{Batch, Context, Emit, Rejected, StageError, testing};
use plugin::{article_stage, articles, c_plugin, corpus_stage, options, rust_plugin};
use serde_json::json;

const TEXTS: [&str; 7] = ["one", "two", "unwanted", "four", "trigger", "six", "seven"];

/// Runs a batch in which one article sets the fault off, and gives why that one was rejected.
fn process(fault: &str, isolate: bool) -> Rejected {
    let stage =
        article_stage(&options(&rust_plugin("faulty"), isolate), json!({"fault": fault, "at": "process"}));
    let done = stage.process(Batch::new(articles(&TEXTS))).expect("the run goes on");
    let kept: Vec<_> =
        done.articles.iter().map(|a| (a.text.as_str(), a.attributes["seen"].as_u64())).collect();
    let due: Vec<_> =
        ["one", "two", "four", "six", "seven"].map(|text| (text, Some(text.len() as u64))).into();
    assert_eq!(kept, due, "{fault}: the good records are unharmed");
    assert!(done.articles.iter().all(|a| a.attributes.contains_key("kept")), "attributes of others stay");
    let [unwanted, struck] = done.rejected.try_into().expect("two are rejected");
    assert_eq!((unwanted.reason.as_str(), unwanted.detail.as_str()), ("unwanted", "nobody wants it"));
    assert_eq!(
        (struck.path.as_str(), struck.record.as_deref(), struck.stage.as_str()),
        ("in/4.txt", Some("4"), "faulty")
    );
    struck
}

#[test]
fn a_panic_comes_back_with_message_and_place() {
    for isolate in [false, true] {
        let struck = process("panic", isolate);
        assert_eq!(struck.reason, "panicked");
        let place = "panicked in `process`: struck in process at tests/examples/faults/mod.rs:";
        assert!(struck.detail.starts_with(place), "{}", struck.detail);
        assert_eq!(process("panic_value", isolate).reason, "panicked");
        let told = process("error", isolate);
        assert_eq!((told.reason.as_str(), told.detail.as_str()), ("told_error", "told in process"));
    }
}

#[test]
fn a_crash_costs_the_record_that_does_it() {
    let cases = [
        ("segfault", "plugin_crashed", "was ended by signal 11 SIGSEGV"),
        ("abort", "plugin_crashed", "was ended by signal 6 SIGABRT"),
        ("exit", "plugin_crashed", "exited with code 0"),
        ("allocate", "plugin_crashed", "memory allocation of 68719476736 bytes failed"),
    ];
    for (fault, reason, detail) in cases {
        let struck = process(fault, true);
        println!("{fault}: {}: {}", struck.reason, struck.detail);
        assert_eq!(struck.reason, reason);
        assert!(struck.detail.contains(detail), "{fault}: {}", struck.detail);
    }
}

#[test]
fn a_hang_costs_the_time_limit_twice_and_its_record() {
    let begun = Instant::now();
    let struck = process("hang", true);
    let taken = begun.elapsed();
    assert_eq!(
        (struck.reason.as_str(), struck.detail.as_str()),
        ("plugin_timeout", "the plugin took longer than 2 s")
    );
    assert!(taken > Duration::from_secs(4) && taken < Duration::from_secs(60), "{taken:?}");
}

#[test]
fn what_a_plugin_prints_does_no_harm() {
    let stage =
        article_stage(&options(&rust_plugin("faulty"), true), json!({"fault": "print", "at": "process"}));
    let done = stage.process(Batch::new(articles(&["trigger", "trigger"]))).unwrap();
    assert_eq!((done.articles.len(), done.rejected.len()), (2, 0));
}

#[test]
fn a_leak_costs_no_record() {
    // 8 MiB an article within 1 GiB: the worker dies again and again, and nobody is to blame.
    let stage = article_stage(&options(&rust_plugin("faulty"), true), json!({"fault": "leak"}));
    let texts = ["fine"; 40];
    let mut kept = 0;
    for _ in 0..8 {
        let done = stage.process(Batch::new(articles(&texts))).unwrap();
        assert_eq!(done.rejected, []);
        kept += done.articles.len();
    }
    assert_eq!(kept, 320);
}

#[test]
fn on_error_fail_ends_the_run() {
    for isolate in [false, true] {
        let options =
            annals_host::Options { on_error: OnError::Fail, ..options(&rust_plugin("faulty"), isolate) };
        let stage = article_stage(&options, json!({"fault": "panic", "at": "process"}));
        let error = stage.process(Batch::new(articles(&TEXTS))).unwrap_err();
        assert_eq!(error.reason, "panicked");
    }
}

#[test]
fn faults_while_a_stage_is_opened_refuse_it() {
    for isolate in [false, true] {
        let mut options = options(&rust_plugin("faulty"), isolate);
        options.time_limit_secs = 1;
        let definition = load(&options, ".".as_ref(), Some("faulty")).unwrap();
        let refusal = |config| {
            let error = definition.open(config, &Context::default()).err().expect("refused");
            (error.key, error.message)
        };
        assert_eq!(refusal(json!({"at": "refuse"})), ("fault".into(), "not like this".into()));
        assert_eq!(
            refusal(json!({"att": 1})),
            ("att".into(), "unknown key `att` of this stage; it has `at`, `fault`".into())
        );
        assert_eq!(refusal(json!({"at": 1})), ("at".into(), "1 is not of type string".into()));
        for at in ["open", "fingerprint"] {
            let (key, message) = refusal(json!({"fault": "panic", "at": at}));
            assert!(
                key.is_empty() && message.starts_with(&format!("panicked in `{at}`: struck in {at} at ")),
                "{message}"
            );
        }
        if isolate {
            for (fault, due) in
                [("segfault", "SIGSEGV"), ("exit", "exited with code 0"), ("hang", "longer than 1 s")]
            {
                let (_, message) = refusal(json!({"fault": fault, "at": "open"}));
                assert!(message.contains(due), "{fault}: {message}");
            }
        }
    }
}

#[derive(Default)]
struct Sink {
    emitted: Vec<(usize, Vec<u8>)>,
    rejected: Vec<(usize, String, String)>,
}

impl Emit for Sink {
    fn emit(&mut self, index: usize, key: &[u8], _: &[u8]) {
        self.emitted.push((index, key.to_vec()));
    }
    fn reject(&mut self, index: usize, reason: &str, detail: &str) -> Result<(), StageError> {
        self.rejected.push((index, reason.to_owned(), detail.to_owned()));
        Ok(())
    }
}

#[test]
fn faults_in_map_cost_the_record_that_does_it() {
    for (fault, isolate, due) in [
        ("panic", false, "panicked in `map`: struck in map at "),
        ("panic", true, "panicked in `map`: struck in map at "),
        ("segfault", true, "SIGSEGV"),
        ("exit", true, "exited with code 0"),
        ("abort", true, "SIGABRT"),
    ] {
        let options = options(&rust_plugin("faulty_corpus"), isolate);
        let stage = corpus_stage(&options, json!({"fault": fault, "at": "map"}));
        let mut sink = Sink::default();
        stage.map(&articles(&TEXTS), &mut sink).expect("the run goes on");
        let rows: Vec<_> = sink.emitted.iter().map(|(row, _)| *row).collect();
        assert_eq!(rows, [0, 0, 1, 1, 2, 2, 3, 3, 5, 5, 6, 6], "{fault}");
        let [(4, _, detail)] = sink.rejected.as_slice() else { panic!("{fault}: {:?}", sink.rejected) };
        assert!(detail.contains(due), "{fault}: {detail}");
    }
}

#[test]
fn faults_in_merge_finish_and_apply_are_errors_that_say_where() {
    for at in ["merge", "finish", "apply"] {
        for (fault, isolate, due) in [
            ("panic", false, "struck in "),
            ("panic", true, "struck in "),
            ("error", true, "told in "),
            ("segfault", true, "SIGSEGV"),
            ("exit", true, "exited with code 0"),
        ] {
            let options = options(&rust_plugin("faulty_corpus"), isolate);
            let stage = corpus_stage(&options, json!({"fault": fault, "at": at}));
            let error = testing::run_corpus(stage.as_ref(), articles(&TEXTS), 3).unwrap_err();
            assert!(error.message.contains(due), "{fault} in {at}: {error}");
            if fault == "panic" {
                assert!(
                    error.message.starts_with(&format!("panicked in `{at}`: struck in {at} at tests/")),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn what_a_plugin_gives_back_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let cases = [
        (1, "column `seen` of the batch: length -1 and offset 0"),
        (2, "column `seen` of the batch: n_buffers is 1000, not 3"),
        (3, "column `seen` of the batch: buffers is a null pointer"),
        (4, "n_children is 1 in the schema, 5 in the array"),
        (5, "child 0 is a null pointer"),
        (6, "child `seen` has 0 rows where 1 are due"),
        (7, "format `zz` is not one that annals reads"),
        (8, "its format is a null pointer"),
        (9, "the name of child 0 is a null pointer"),
        (10, "column `unseen` is not among those that the stage writes"),
        (11, "1 bytes of values are a null pointer"),
        (12, "null"),
        (13, "offset -4 of row 0 follows 0"),
        (14, "nvalid"),
        (15, "null_count is 1 and there is no validity bitmap"),
        (16, "no batch was given back"),
        (17, "0 rows for 1 articles"),
        (18, "dictionaries are not read"),
        (19, "n_children is -1 in the schema"),
        (20, "children is a null pointer"),
        (21, "`process` returned 7 without telling why"),
        (22, "length 1 and offset 9223372036854775807"),
        (23, "metadata has an impossible number of entries"),
        (24, "its offsets are a null pointer"),
        (25, "format is `u`, a batch is a struct"),
        (26, "row 1000 was rejected, there are 1"),
        (27, "came back twice"),
        (28, "and yet returns 0"),
        (29, "the name of child 0 is not UTF-8"),
    ];
    for (fault, due) in cases {
        let name = format!("fault{fault}");
        let library =
            c_plugin("tests/fixtures/faulty.c".as_ref(), dir.path(), &name, &[&format!("FAULT={fault}")]);
        for isolate in [false, true] {
            let stage = article_stage(&options(&library, isolate), json!({}));
            let done = stage.process(Batch::new(articles(&["one", "two"]))).expect("the run goes on");
            if fault == 12 {
                // One offset too far, of two rows: both alone are sound only if the last row's offset is.
                assert_eq!(done.articles.len() + done.rejected.len(), 2);
                continue;
            }
            assert_eq!(
                (done.articles.len(), done.rejected.len()),
                (0, 2),
                "fault {fault}, isolate {isolate}"
            );
            assert!(
                done.rejected[0].detail.contains(due),
                "fault {fault}, isolate {isolate}: {}",
                done.rejected[0].detail
            );
        }
    }
}
