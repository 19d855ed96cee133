//! What is refused, and where the caret stands.

use super::*;

fn refusal(text: &str) -> (String, String, usize) {
    let error = Pipeline::parse(Path::new("p.toml"), text.to_owned()).unwrap_err().0;
    let line = error.span.map_or(0, |span| text[..span.offset()].matches('\n').count() + 1);
    (error.to_string(), format!("{} {}", error.label, error.help.unwrap_or_default()), line)
}

const GOOD: &str = "[input]\npaths = [\"a/*\"]\n\n[[stage]]\nuse = \"clean\"\n";

#[test]
fn defaults_fill_what_is_not_said() {
    let pipeline = Pipeline::parse(Path::new("dir/p.toml"), GOOD.to_owned()).unwrap();
    assert_eq!(pipeline.name(), "p");
    assert_eq!(pipeline.output_dir(), Path::new("dir/out"));
    assert_eq!(pipeline.stages.len(), 1);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest() {
    let (message, help, line) = refusal("[input]\npath = [\"a/*\"]\n\n[[stage]]\nuse = \"clean\"\n");
    assert!(message.contains("`path`"), "{message}");
    assert!(help.contains("did you mean `paths`?"), "{help}");
    assert_eq!(line, 2);
    let (message, ..) = refusal(&format!("{GOOD}[outptu]\n"));
    assert!(message.contains("`outptu`"), "{message}");
}

#[test]
fn a_wrong_type_is_shown_at_its_value() {
    let (message, help, line) = refusal(&format!("{GOOD}\n[output]\nformats = [\"xlsx\"]\n"));
    assert!(message.contains("output.formats[0]"), "{message}");
    assert!(help.contains("unknown variant `xlsx`"), "{help}");
    assert_eq!(line, 8);
}

#[test]
fn broken_toml_is_shown_where_it_breaks() {
    let (message, _, line) = refusal("[input]\npaths = [\n");
    assert!(message.starts_with("failed to parse p.toml"), "{message}");
    assert!(line >= 1);
}

/// What the caret stands under, and what is said.
fn pointed(text: &str) -> (String, String) {
    let error = Pipeline::parse(Path::new("p.toml"), text.to_owned()).unwrap_err().0;
    let span = error.span.unwrap();
    (text[span.offset()..span.offset() + span.len()].to_owned(), error.label)
}

#[test]
fn a_wrong_field_of_cron_is_pointed_at() {
    let (at, label) = pointed(&format!("{GOOD}[schedule]\ncron = \"*/15 25 * * *\"\n"));
    assert_eq!(at, "25");
    assert!(label.contains("hour"), "{label}");
    assert_eq!(pointed(&format!("{GOOD}[schedule]\ncron = '0 0 * * FUNDAY'\n")).0, "FUNDAY");
    assert_eq!(pointed(&format!("{GOOD}[schedule]\nevery = \"soon\"\n")).0, "soon");
    let zoned = format!("{GOOD}[schedule]\ncron = \"0 6 * * *\"\ntimezone = \"Berlin\"\n");
    assert_eq!(pointed(&zoned).0, "\"Berlin\"");
}

#[test]
fn a_schedule_says_one_thing() {
    for (table, wrong) in [
        ("[schedule]\n", "neither `cron` nor `every`"),
        ("[schedule]\ncron = \"0 6 * * *\"\nevery = \"1d\"\n", "`cron` already"),
        ("[schedule]\nevery = \"1d\"\ntimezone = \"UTC\"\n", "`timezone` is for `cron`"),
    ] {
        let (_, said, _) = refusal(&format!("{GOOD}{table}"));
        assert!(said.contains(wrong), "{said}");
    }
    let only_files = format!("{GOOD}[schedule]\non_change = true\n");
    assert!(Pipeline::parse(Path::new("p.toml"), only_files).unwrap().schedule().unwrap().is_none());
}

#[test]
fn a_notification_needs_a_receiver() {
    for (table, wrong) in [
        ("[notify]\n", "neither `command` nor `url`"),
        ("[notify]\ncommand = []\n", "names no program"),
        ("[notify]\nurl = \"ftp://example.org/\"\n", "http"),
        ("[notify]\ncommand = [\"x\"]\non = []\n", "`on` is empty"),
    ] {
        let (_, said, _) = refusal(&format!("{GOOD}{table}"));
        assert!(said.contains(wrong), "{said}");
    }
}

#[test]
fn feeds_are_inputs_of_their_own() {
    let text = "[[feed]]\nurl = \"https://example.org/news/world.rss?full=1\"\n\
        [[feed]]\nurl = \"https://example.org/b\"\ndir = \"in [b]\"\n[[stage]]\nuse = \"clean\"\n";
    let pipeline = Pipeline::parse(Path::new("p.toml"), text.to_owned()).unwrap();
    let expected = ["feeds/example.org-news-world.rss/*/*.json", "in [[]b[]]/*/*.json"];
    assert_eq!(pipeline.input_patterns(), expected);
    let (message, ..) = refusal("[[stage]]\nuse = \"clean\"\n");
    assert!(message.contains("neither [input] nor [[feed]]"), "{message}");
}

#[test]
fn two_feeds_do_not_share_a_folder() {
    let feed = "[[feed]]\nurl = \"https://example.org/a\"\n";
    let (_, said, line) = refusal(&format!("{GOOD}{feed}{feed}"));
    assert!(said.contains("lands in `feeds/example.org-a` already"), "{said}");
    assert_eq!(line, 9);
    let (_, said, _) = refusal(&format!("{GOOD}[[feed]]\nurl = \"file:///etc/passwd\"\n"));
    assert!(said.contains("http"), "{said}");
    let (_, said, _) = refusal(&format!("{GOOD}{feed}dir = \"out/feed\"\n"));
    assert!(said.contains("in the output folder"), "{said}");
}

#[test]
fn keys_of_plugins_need_a_plugin() {
    let (message, ..) = refusal("[input]\npaths = [\"a\"]\n[[stage]]\nuse = \"x\"\nisolate = true\n");
    assert!(message.contains("stage[0].isolate"), "{message}");
}
