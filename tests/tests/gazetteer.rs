//! Gazetteers of one's own: compiled by the command, named in the pipeline file.

#![allow(clippy::unwrap_used)]

use annals_tests::Scratch;

/// A row of a GeoNames dump.
fn dumped(id: u32, name: &str, others: &str, class: &str, code: &str, population: u32) -> String {
    format!(
        "{id}\t{name}\t{name}\t{others}\t35.5\t36.5\t{class}\t{code}\tSY\t\t12\t\t\t\t{population}\t\t300\tAsia/Damascus\t2020-01-01\n"
    )
}

const ARTICLE: &str = r#"{"id": "a", "published": "2019-05-14", "title": "Shells kill nine",
    "text": "Shells hit the village of Zenkoura on Monday, killing nine people, residents of the village said. The village lies in Syria's north-west, and its people had fled before."}"#;

fn scratch(gazetteers: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("in/a.json", ARTICLE);
    scratch.write(
        "pipeline.toml",
        format!(
            "[input]\npaths = [\"in/*\"]\n[output]\nformats = [\"jsonl\"]\n[[stage]]\nuse = \"clean\"\n[[stage]]\nuse = \"extract\"\n\
             {gazetteers}[[stage]]\nuse = \"aggregate\"\n"
        ),
    );
    scratch
}

fn place(scratch: &Scratch) -> (Option<u64>, Option<String>) {
    scratch.run_pipeline();
    let claims = scratch.rows("claims");
    let claim = claims.first().expect("the article holds a figure");
    (claim["geonames_id"].as_u64(), claim["adm_1"].as_str().map(str::to_owned))
}

#[test]
fn a_dump_is_compiled_and_used() {
    let scratch = scratch("gazetteers = [\"own.places\"]\n");
    let rows = [
        dumped(9_000_001, "Idlib Governorate", "Muhafazat Idlib", "A", "ADM1", 0),
        dumped(9_000_002, "Zenkura", "Zankura,Zunkura", "P", "PPL", 300),
        dumped(9_000_003, "Far Hamlet", "", "P", "PPL", 20),
    ];
    scratch.write("SY.txt", rows.concat());
    scratch.write("alternateNames.txt", "1\t9000002\ten\tZenkoura\t\t\t\t\n");
    let output = scratch.run(&[
        "gazetteer",
        "SY.txt",
        "alternateNames.txt",
        "--output",
        "own.places",
        "--min-population",
        "100",
    ]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("2 places, "), "{output:?}");
    assert_eq!(place(&scratch), (Some(9_000_002), Some("Idlib".to_owned())));
}

#[test]
fn a_table_is_read_as_it_is_and_a_change_in_it_is_seen() {
    let scratch = scratch("gazetteers = [\"own.tsv\"]\n");
    let row = |division: &str| format!("Zenkoura\t\tsettlement\t{division}\tSYR\t35.5\t36.5\n");
    scratch.write("own.tsv", row("Hama"));
    assert_eq!(place(&scratch), (None, Some("Hama".to_owned())));
    scratch.write("own.tsv", row("Idlib"));
    assert_eq!(place(&scratch), (None, Some("Idlib".to_owned())));
}

#[test]
fn a_gazetteer_that_is_missing_or_damaged_is_an_error_with_its_line() {
    for (content, said) in [
        (None, "own.places"),
        (Some("Zenkoura\t\tsettlement\tIdlib\tSyria\t35.5\t36.5\n"), "line 1: `Syria` is no ISO"),
        (Some("name,latitude,longitude\n"), "neither a compiled gazetteer"),
        (Some("ANNGAZ\0\u{1}what is this"), "cannot be unpacked"),
    ] {
        let scratch = scratch("gazetteers = [\"own.places\"]\n");
        if let Some(content) = content {
            scratch.write("own.places", content);
        }
        let output = scratch.run(&["pipeline.toml", "--quiet"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        // The report breaks lines where it likes.
        let plain: String = told.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(plain.contains(said) && plain.contains("pipeline.toml:9"), "{said}: {told}");
    }
    let scratch = Scratch::new();
    assert_eq!(scratch.run(&["gazetteer", "none.txt", "--output", "own.places"]).status.code(), Some(2));
}
