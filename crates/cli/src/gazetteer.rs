//! `annals gazetteer`.

use annals_gazetteer::{Error, FileKind, Gazetteer, Sources};

use crate::args::GazetteerArgs;
use crate::console;

/// Compiles the named files; gives the exit code.
pub(crate) fn compile(args: &GazetteerArgs) -> u8 {
    let compiled = sources(args).and_then(|sources| annals_gazetteer::compile(&sources));
    let bytes = match compiled {
        Ok(bytes) => bytes,
        Err(error) => {
            console::error(&format!("failed to compile a gazetteer: {error}"));
            return 2;
        }
    };
    let mut gazetteer = Gazetteer::default();
    let written = gazetteer
        .add(&bytes)
        .map_err(|error| error.to_string())
        .and_then(|()| std::fs::write(&args.output, &bytes).map_err(|error| error.to_string()));
    match written {
        Ok(()) => {
            let (places, output) = (gazetteer.len(), args.output.display());
            console::line(&format!("{places} places, {} bytes → {output}", bytes.len()));
            0
        }
        Err(error) => {
            console::error(&format!("failed to write {}: {error}", args.output.display()));
            1
        }
    }
}

fn sources(args: &GazetteerArgs) -> Result<Sources, Error> {
    let mut sources = Sources { min_population: args.min_population, ..Sources::default() };
    for path in &args.files {
        sources.push(path.clone(), FileKind::of(path)?)?;
    }
    Ok(sources)
}
