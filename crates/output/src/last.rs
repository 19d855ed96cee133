//! What the last set of files holds, for whoever wants to spare what need not be made again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::folder::{parts_of, recover};
use crate::parts::{Digest, Parts};
use crate::table::files;
use crate::{Format, Options, OutputError, layout};

/// The pieces of the last set of files in a folder.
pub struct LastSet(BTreeMap<String, BTreeSet<Digest>>);

impl LastSet {
    /// Looks at a folder, and finishes what a killed process left in it.
    ///
    /// # Errors
    /// When a file of a set that was decided for cannot be brought into place.
    pub fn open(dir: &Path, formats: &[Format], options: Options) -> Result<Self, OutputError> {
        recover(dir)?;
        let parts = Parts::read(&parts_of(dir), layout(formats, &options.settled()));
        let formats = formats.iter().copied().collect();
        Ok(Self(parts.map(|parts| parts.digests(dir, |table| files(table, &formats))).unwrap_or_default()))
    }

    /// Whether a piece of a table is there in every format, in files that nobody has touched.
    pub fn holds(&self, table: &str, digest: &[u8; 16]) -> bool {
        self.0.get(table).is_some_and(|pieces| pieces.contains(digest))
    }
}
