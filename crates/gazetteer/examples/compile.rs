//! Compiles the gazetteer that the program carries: `compile DUMPS.txt ADMIN1.txt TABLE.tsv... OUT.gaz`. Called by `scripts/gazetteer.py`.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let usage = "usage: compile DUMP ADMIN1 TABLE... OUT";
    let out = paths.pop().ok_or(usage)?;
    if paths.len() < 2 {
        return Err(usage.into());
    }
    let tables = paths.split_off(2);
    let adm_1_codes = paths.split_off(1);
    let sources = annals_gazetteer::Sources {
        dumps: paths,
        adm_1_codes,
        tables,
        countries: true,
        ..Default::default()
    };
    std::fs::write(out, annals_gazetteer::compile(&sources)?)?;
    Ok(())
}
