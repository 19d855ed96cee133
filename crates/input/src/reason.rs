//! The codes that the reader gives in the `reason` column of the `rejected` table.

use std::fmt;
use std::io;

/// Declares the codes with their words and one line of documentation each, so that the table cannot drift from the code.
macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal),+ $(,)?) => {
        /// Why a file or a record could not be read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[doc = $doc])+ $variant),+ }

        impl Reason {
            /// Every reason, in the order of declaration.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant),+];

            /// The fixed code, `snake_case`.
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$variant => $code),+ }
            }

            /// What it means, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Reason::$variant => concat!($($doc),+).trim_ascii()),+ }
            }
        }
    };
}

reasons! {
    /// The file could not be opened or read: permissions, a device error, or gone since it was listed.
    Unreadable = "unreadable",
    /// A symbolic link that points to nothing.
    BrokenLink = "broken_link",
    /// A folder that leads back to one of its own parents.
    SymlinkLoop = "symlink_loop",
    /// Neither a file nor a folder: a socket, a pipe, a device.
    NotAFile = "not_a_file",
    /// The name of a file or folder is not UTF-8.
    InvalidPath = "invalid_path",
    /// A file of no bytes.
    EmptyFile = "empty_file",
    /// Bytes that are no text, where text was due.
    Binary = "binary",
    /// Neither the name nor the content tells a format that is read.
    UnknownFormat = "unknown_format",
    /// The content is not UTF-8; the detail names the byte.
    InvalidUtf8 = "invalid_utf8",
    /// The file ends in the middle of a compressed stream or of a record; the records before are kept.
    Truncated = "truncated",
    /// The compressed stream or the container is damaged; the records before are kept.
    Damaged = "damaged",
    /// The compressed stream expands beyond the ratio or the size allowed; the records before are kept.
    Expansion = "expansion",
    /// A record is longer than allowed.
    RecordTooLong = "record_too_long",
    /// JSON that does not parse; the detail names line and column.
    MalformedJson = "malformed_json",
    /// A JSON value that is no object, or a field of a type that cannot be read.
    BadField = "bad_field",
    /// A row with more or fewer fields than the header.
    FieldCount = "field_count",
    /// A quoted field that is never closed; the rows after it are read on their own.
    UnclosedQuote = "unclosed_quote",
    /// A table without a column `text` or `html`.
    MissingColumn = "missing_column",
    /// Two columns of one name, so that it is not known which is meant.
    DuplicatedColumn = "duplicated_column",
    /// A row that repeats the header, as files that were joined have.
    RepeatedHeader = "repeated_header",
    /// XML that does not parse; the items before are kept.
    MalformedXml = "malformed_xml",
    /// A WARC record whose header does not parse.
    MalformedWarc = "malformed_warc",
    /// A page of a web archive that was not served with success.
    HttpStatus = "http_status",
    /// A page of a web archive in a content encoding that is not read.
    UnsupportedEncoding = "unsupported_encoding",
    /// A record with neither text nor page.
    NoText = "no_text",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A reason with its detail: travels as itself or inside an [`io::Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Flaw {
    pub(crate) reason: Reason,
    pub(crate) detail: String,
}

impl Flaw {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    /// What an error of a reader means for the file.
    pub(crate) fn of(error: &io::Error) -> Self {
        if let Some(flaw) = error.get_ref().and_then(|inner| inner.downcast_ref::<Flaw>()) {
            return flaw.clone();
        }
        if error.raw_os_error().is_some() {
            return Self::new(Reason::Unreadable, error.to_string());
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                Self::new(Reason::Truncated, "the file ends in the middle of its data")
            }
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                Self::new(Reason::Unreadable, error.to_string())
            }
            _ => Self::new(Reason::Damaged, error.to_string()),
        }
    }
}

impl From<Flaw> for io::Error {
    fn from(flaw: Flaw) -> Self {
        io::Error::other(flaw)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_fixed_words() {
        let codes: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len(), "no code stands for two reasons");
        for reason in Reason::ALL {
            assert!(
                reason.code().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
                "{reason}"
            );
            assert!(
                reason.meaning().ends_with('.') && !reason.meaning().starts_with(' '),
                "{}",
                reason.meaning()
            );
        }
    }
}
