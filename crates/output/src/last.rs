//! What the last set of files holds, for whoever wants to spare what need not be made again.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::folder::{parts_of, recover};
use crate::parts::{Digest, Parts};
use crate::table::files;
use crate::{Format, Options, OutputError, layout};

/// The last set of files in a folder.
pub struct LastSet {
    dir: PathBuf,
    formats: BTreeSet<Format>,
    /// Nothing if there is no set in this layout.
    parts: Option<Parts>,
    tables: OnceCell<BTreeMap<String, BTreeSet<Digest>>>,
}

impl LastSet {
    /// Looks at a folder, and finishes what a killed process left in it.
    ///
    /// # Errors
    /// When a file of a set that was decided for cannot be brought into place.
    pub fn open(dir: &Path, formats: &[Format], options: &Options) -> Result<Self, OutputError> {
        recover(dir)?;
        let parts = Parts::read(&parts_of(dir), layout(formats, &options.settled()));
        Ok(Self {
            dir: dir.to_owned(),
            formats: formats.iter().copied().collect(),
            parts,
            tables: OnceCell::new(),
        })
    }

    /// Whether a piece of a table is there in every format, in files that nobody has touched.
    pub fn holds(&self, table: &str, digest: &[u8; 16]) -> bool {
        let tables = self.tables.get_or_init(|| {
            let parts = self.parts.iter();
            parts.flat_map(|parts| parts.held(|name| files(name, &self.formats), &self.dir)).collect()
        });
        tables.get(table).is_some_and(|pieces| pieces.contains(digest))
    }
}
