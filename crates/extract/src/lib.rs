//! Reads claims of casualties and incidents from the text of an article.
//!
//! A cascade in the manner of FASTUS (Hobbs et al., 1997) and NEXUS (Tanev et al., 2008): [`text`] cuts sentences and tokens, [`number`]
//! and [`toll`] find figures and bind them to what befell whom, [`place`], [`date`], [`source`], [`actor`] and [`event`] find the rest
//! of what a claim tells, and [`assemble`] gathers it all into incidents and claims.

pub mod actor;
pub mod assemble;
pub mod date;
pub mod event;
pub mod language;
pub mod lexicon;
pub mod number;
pub mod phrases;
pub mod place;
pub mod source;
pub mod text;
pub mod toll;

use std::collections::BTreeMap;
use std::path::PathBuf;

use annals_gazetteer::Gazetteer;
use annals_plugin::{
    Article, ArticleStage, Batch, ConfigError, Context, Definition, Stage, StageError, Status,
};

use language::Language;

/// The stage `extract`.
#[derive(Debug)]
pub struct Extract {
    /// Languages read from folders, by their codes.
    languages: BTreeMap<String, Language>,
    /// With what the config names laid over the built-in one; none if that is nothing.
    gazetteer: Option<Gazetteer>,
    fingerprint: Vec<u8>,
}

/// Keys of the stage's table in pipeline.toml.
#[derive(Debug, Clone, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Gazetteers beside the built-in one, relative to the pipeline file: what `annals gazetteer` compiled, dumps as GeoNames
    /// publishes them (`XX.txt`), or tables of places. Those that are not compiled are compiled at each start.
    pub gazetteers: Vec<PathBuf>,
    /// Folders of words, relative to the pipeline file, each named by its language (ISO 639-1) and laid out like
    /// `data/lang/en`, `actors.toml` and `sources.toml` with it. Articles in that language are read with it, and with `en`
    /// also those in languages that no folder is for; files that a folder `en` lacks are the built-in ones.
    pub languages: Vec<PathBuf>,
}

impl Stage for Extract {
    const NAME: &'static str = "extract";
    const VERSION: u32 = 4;
    const READS: &'static [&'static str] =
        &["text", "title", "published", "url", "language", "dateline", "wires", "publisher", "status"];
    const WRITES: &'static [&'static str] = &["incidents", "claims"];
    type Config = Config;

    fn open(config: Config, context: &Context) -> Result<Self, ConfigError> {
        let files: Vec<PathBuf> = config.gazetteers.iter().map(|path| context.base.join(path)).collect();
        let mut gazetteer = None;
        if files.is_empty() {
            // Articles are read and cleaned first; meanwhile it is unpacked.
            let _ = std::thread::Builder::new().spawn(Gazetteer::builtin);
        } else {
            let laid = gazetteer.insert(Gazetteer::builtin().clone());
            laid.add_files(&files).map_err(|error| {
                let at = error.path().and_then(|path| files.iter().position(|file| file == path));
                let key = at.map_or("gazetteers".to_owned(), |at| format!("gazetteers[{at}]"));
                ConfigError::at(key, format!("failed to read a gazetteer: {error}"))
            })?;
        }
        let mut fingerprint = digest(&files)
            .map_err(|error| ConfigError::at("gazetteers", format!("failed to read a gazetteer: {error}")))?;
        let mut languages = BTreeMap::new();
        for (at, path) in config.languages.iter().enumerate() {
            let key = || format!("languages[{at}]");
            let folder = context.base.join(path);
            let (code, language) = Language::open(&folder)
                .map_err(|error| ConfigError::at(key(), format!("failed to read a language: {error}")))?;
            let files = digest(&Language::files(&folder))
                .map_err(|error| ConfigError::at(key(), format!("failed to read a language: {error}")))?;
            fingerprint.extend(code.bytes().chain(files));
            if languages.insert(code.clone(), language).is_some() {
                return Err(ConfigError::at(key(), format!("the language `{code}` is given twice")));
            }
        }
        Ok(Self { languages, gazetteer, fingerprint })
    }

    fn fingerprint(&self) -> Vec<u8> {
        self.fingerprint.clone()
    }
}

impl Extract {
    /// The language that an article is read in.
    fn language(&self, article: &Article) -> &Language {
        let own = article.language.as_deref().and_then(|code| self.languages.get(code));
        own.or_else(|| self.languages.get("en")).unwrap_or_else(|| Language::english())
    }

    fn gazetteer(&self) -> &Gazetteer {
        self.gazetteer.as_ref().unwrap_or_else(|| Gazetteer::builtin())
    }
}

impl ArticleStage for Extract {
    fn process(&self, mut batch: Batch) -> Result<Batch, StageError> {
        for article in &mut batch.articles {
            if article.status == Status::Duplicate {
                continue;
            }
            let text = std::mem::take(&mut article.text);
            let language = self.language(article);
            let document = text::Document::new(&text, language);
            let tolls = toll::tolls(&document);
            assemble::assemble(article, &document, &tolls, self.gazetteer());
            article.text = text;
        }
        Ok(batch)
    }
}

/// Digest of the content of some files; empty if there are none.
fn digest(files: &[PathBuf]) -> std::io::Result<Vec<u8>> {
    let mut digest = Vec::new();
    for path in files {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(std::fs::File::open(path)?)?;
        digest.extend(hasher.finalize().as_bytes());
    }
    Ok(digest)
}

/// What the registry of stages lists.
pub fn definition() -> Definition {
    Definition::article::<Extract>()
}
