//! Languages that a user brings as folders.

use std::fs;
use std::path::Path;

use annals_extract::definition;
use annals_plugin::{Article, Batch, Context, Outcome, Pass, Victims};
use serde_json::{Value, json};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What a text is found to say: outcome, victims and low bound of each claim.
fn told(
    base: &Path,
    config: Value,
    language: &str,
    text: &str,
) -> Result<Vec<(Outcome, Victims, Option<u64>)>> {
    let context = Context { base: base.to_path_buf() };
    let passes = definition().open(config, &context).map_err(|error| error.to_string())?;
    let [Pass::Article(stage)] = passes.as_slice() else { return Err("one pass over articles".into()) };
    let mut article = Article::new("a", "a", "a.txt");
    article.language = Some(language.to_owned());
    text.clone_into(&mut article.text);
    let batch = stage.process(Batch::new(vec![article]))?;
    Ok(batch.articles[0].claims.iter().map(|claim| (claim.outcome, claim.victims, claim.low)).collect())
}

/// Why a configuration is refused.
fn refused(base: &Path, config: Value) -> Option<(String, String)> {
    let context = Context { base: base.to_path_buf() };
    definition().open(config, &context).err().map(|error| (error.key.clone(), error.to_string()))
}

#[test]
fn a_verb_is_added_without_rust() -> Result {
    let folder = tempfile::tempdir()?;
    let text = "Raiders frazzled 12 villagers near the well on Monday.";
    assert_eq!(told(folder.path(), json!({}), "en", text)?, []);
    let english = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/lang/en/outcomes.txt");
    let outcomes = fs::read_to_string(english)?
        .replace("[killed verb]", "[killed verb]\nfrazzle frazzles frazzled frazzled frazzling");
    fs::create_dir(folder.path().join("en"))?;
    fs::write(folder.path().join("en/outcomes.txt"), outcomes)?;
    let config = json!({"languages": ["en"]});
    assert_eq!(
        told(folder.path(), config.clone(), "en", text)?,
        [(Outcome::Killed, Victims::People, Some(12))]
    );
    // What no folder is for is read as English.
    assert_eq!(told(folder.path(), config, "sv", text)?.len(), 1);
    Ok(())
}

#[test]
fn a_language_is_a_folder() -> Result {
    let folder = tempfile::tempdir()?;
    let german = folder.path().join("de");
    fs::create_dir(&german)?;
    fs::write(
        german.join("words.txt"),
        "[be]\nwurde wurden\n[determiner]\nder die das ein eine\n[preposition]\nin bei\n",
    )?;
    fs::write(german.join("numbers.txt"), "[unit]\nzwei 2\ndrei 3\n")?;
    fs::write(
        german.join("victims.txt"),
        "[civilians plural]\nDorfbewohner\n[children plural]\nKinder\n".to_lowercase(),
    )?;
    fs::write(
        german.join("outcomes.txt"),
        "[killed verb]\ntöten tötet tötete getötet tötend\n[injured verb]\nverletzen verletzt verletzte verletzt verletzend\n",
    )?;
    let config = json!({"languages": ["de"]});
    let text = "Zwölf Schüsse fielen. 14 Dorfbewohner wurden getötet und drei Kinder wurden verletzt.";
    assert_eq!(
        told(folder.path(), config.clone(), "de", text)?,
        [(Outcome::Killed, Victims::Civilians, Some(14)), (Outcome::Injured, Victims::Children, Some(3))]
    );
    assert_eq!(told(folder.path(), config, "en", text)?, []);
    Ok(())
}

#[test]
fn a_folder_that_is_no_language_is_refused() -> Result {
    let folder = tempfile::tempdir()?;
    for name in ["en", "words", "fr", "es"] {
        fs::create_dir(folder.path().join(name))?;
    }
    fs::write(folder.path().join("words/words.txt"), "[be]\nis\n")?;
    fs::write(folder.path().join("fr/words.txt"), "[bee]\nest\n")?;
    fs::write(folder.path().join("es/outcomes.txt"), "[killed verb]\nmatar mata\n")?;
    for (name, says) in [
        ("es", "outcomes.txt, line 2: a verb has five forms"),
        ("en", "holds none of the files"),
        ("words", "two letters of a language"),
        ("fr", "no class is named `bee`"),
        ("nowhere", "two letters of a language"),
        ("it", "holds none of the files"),
    ] {
        let (key, message) = refused(folder.path(), json!({"languages": [name]})).ok_or("it was taken")?;
        assert_eq!(key, "languages[0]");
        assert!(message.contains(says), "{name}: {message}");
    }
    fs::write(folder.path().join("en/cues.txt"), "")?;
    let twice = refused(folder.path(), json!({"languages": ["en", "en"]})).ok_or("it was taken")?;
    assert_eq!(twice.0, "languages[1]");
    Ok(())
}
