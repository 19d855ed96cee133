//! The plugin door in plain C: what `include/annals_plugin.h` declares, as Rust sees it.
//!
//! A plugin is a dynamic library with two symbols: the number `annals_abi_version`, read before any code of the plugin
//! is called, and the function `annals_plugin_describe`, which gives a [`Plugin`]: what the stage is, and its entry
//! points. Batches cross in the [Arrow C data interface](https://arrow.apache.org/docs/format/CDataInterface.html).
//! Rules of the door, which the header spells out:
//!
//! * Whatever the host passes in is the host's and ends with the call. What the plugin gives back in `out` is the
//!   plugin's until the host calls its `release`, once.
//! * An entry point returns 0, or calls [`Call::fail`] and returns something else. Nothing may unwind through it.
//! * Entry points of one instance may be called from several threads at once, unless the stage runs isolated.

use std::ffi::{c_char, c_void};

/// Version of the door. Raised when a plugin built for the one before could not be called any more.
pub const ABI_VERSION: u32 = 1;

/// Name of the symbol that holds the [`ABI_VERSION`] that a plugin was built for: a `uint32_t`.
pub const VERSION_SYMBOL: &str = "annals_abi_version";

/// Name of the function that gives the [`Plugin`].
pub const DESCRIBE_SYMBOL: &str = "annals_plugin_describe";

/// Type of the function that [`DESCRIBE_SYMBOL`] names.
pub type Describe = unsafe extern "C" fn() -> *const Plugin;

/// [`Plugin::kind`] of a stage that looks at each article by itself.
pub const KIND_ARTICLE: u32 = 1;

/// [`Plugin::kind`] of a stage that needs the whole corpus.
pub const KIND_CORPUS: u32 = 2;

/// The column that `apply` finds after those that the stage reads: one `Binary` verdict a row.
pub const VERDICT_COLUMN: &str = "verdict";

/// What a plugin tells of itself, and its entry points. It stays where it is until the process ends.
#[repr(C)]
pub struct Plugin {
    /// `sizeof(struct annals_plugin)` where the plugin was built.
    pub size: usize,
    /// [`KIND_ARTICLE`] or [`KIND_CORPUS`].
    pub kind: u32,
    /// Version of the stage, raised whenever its results may change.
    pub version: u32,
    /// Name that `use` gives.
    pub name: *const c_char,
    /// What it was built with, for error messages; may be null.
    pub built_with: *const c_char,
    /// Columns read; ends with a null pointer.
    pub reads: *const *const c_char,
    /// Columns written; ends with a null pointer.
    pub writes: *const *const c_char,
    /// JSON Schema of the config; null for a stage without one.
    pub config_schema: *const c_char,
    /// Checks the config, a JSON object, and makes an instance.
    pub open: Option<Open>,
    /// Puts a digest of whatever else the results depend on; may be null.
    pub fingerprint: Option<Fingerprint>,
    /// Gives the columns that the stage writes for a batch. Article stages only.
    pub process: Option<Process>,
    /// Emits the partial results of a batch. Corpus stages only.
    pub map: Option<Map>,
    /// Puts the merged value of two of one key. Corpus stages only.
    pub merge: Option<Merge>,
    /// Scans the merged partials; gives verdicts, tables and counts. Corpus stages only.
    pub finish: Option<Finish>,
    /// Gives the columns that the stage writes for articles with a verdict each. Corpus stages only.
    pub apply: Option<Process>,
    /// Frees an instance.
    pub close: Option<Close>,
}

/// See [`Plugin::open`]: config, folder of the pipeline file, and where the instance goes.
pub type Open = unsafe extern "C" fn(*const Call, Bytes, Bytes, *mut *mut c_void) -> i32;
/// See [`Plugin::fingerprint`].
pub type Fingerprint = unsafe extern "C" fn(*const Call, *mut c_void) -> i32;
/// See [`Plugin::process`] and [`Plugin::apply`]: instance, batch, its schema, and where the answer goes.
pub type Process = unsafe extern "C" fn(
    *const Call,
    *mut c_void,
    *const ArrowArray,
    *const ArrowSchema,
    *mut ArrowArray,
    *mut ArrowSchema,
) -> i32;
/// See [`Plugin::map`].
pub type Map = unsafe extern "C" fn(*const Call, *mut c_void, *const ArrowArray, *const ArrowSchema) -> i32;
/// See [`Plugin::merge`]: instance, key, left, right.
pub type Merge = unsafe extern "C" fn(*const Call, *mut c_void, Bytes, Bytes, Bytes) -> i32;
/// See [`Plugin::finish`].
pub type Finish = unsafe extern "C" fn(*const Call, *mut c_void) -> i32;
/// See [`Plugin::close`].
pub type Close = unsafe extern "C" fn(*mut c_void);
/// Sees one key and its value during [`Call::scan`]; anything but 0 ends the scan.
pub type Visit = unsafe extern "C" fn(*mut c_void, Bytes, Bytes) -> i32;

/// What the host does for a plugin during one call. All bytes are copied before a function returns.
#[repr(C)]
pub struct Call {
    /// For the host.
    pub host: *mut c_void,
    /// Tells why the call fails: a fixed code in `snake_case` (for `open` the key at fault), and the message.
    pub fail: unsafe extern "C" fn(*const Call, Bytes, Bytes),
    /// Takes the article in a row out of the run: row, code, message. In `process`.
    pub reject: unsafe extern "C" fn(*const Call, u64, Bytes, Bytes),
    /// Gives the one value of `merge` or `fingerprint`.
    pub put: unsafe extern "C" fn(*const Call, Bytes),
    /// Adds a partial result of the article in a row: row, key, value. In `map`.
    pub emit: unsafe extern "C" fn(*const Call, u64, Bytes, Bytes),
    /// Visits every key with a prefix, in byte order; 0, or what `visit` returned, or -1 when partials cannot be read.
    /// In `finish`.
    pub scan: unsafe extern "C" fn(*const Call, Bytes, Option<Visit>, *mut c_void) -> i32,
    /// Visits one key, if it has a value; returns as `scan` does. In `finish`.
    pub get: unsafe extern "C" fn(*const Call, Bytes, Option<Visit>, *mut c_void) -> i32,
    /// Gives an article its verdict: `article_id`, verdict. In `finish`.
    pub verdict: unsafe extern "C" fn(*const Call, Bytes, Bytes),
    /// Adds rows to a table, and takes them over. In `finish`.
    pub table: unsafe extern "C" fn(*const Call, Bytes, *mut ArrowArray, *mut ArrowSchema),
    /// Gives a number for run.json. In `finish`.
    pub count: unsafe extern "C" fn(*const Call, Bytes, u64),
}

/// Bytes of someone else, text as UTF-8; `data` may be null when `len` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    /// The first of them.
    pub data: *const u8,
    /// How many.
    pub len: usize,
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), len: bytes.len() }
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl Bytes {
    /// The bytes, or none if the pointer is null or the length is impossible.
    ///
    /// # Safety
    /// `data` is null or points to `len` bytes that outlive `'a` and do not change.
    pub unsafe fn as_slice<'a>(self) -> &'a [u8] {
        if self.data.is_null() || self.len == 0 || isize::try_from(self.len).is_err() {
            return &[];
        }
        // SAFETY: by the caller's promise; null and overlong are handled above.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

/// `struct ArrowSchema` of the Arrow C data interface.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowSchema {
    /// Type of the column, in the interface's notation.
    pub format: *const c_char,
    /// Its name.
    pub name: *const c_char,
    /// Its metadata, in the interface's encoding.
    pub metadata: *const c_char,
    /// Bits: 2 for nullable.
    pub flags: i64,
    /// How many children.
    pub n_children: i64,
    /// The children.
    pub children: *mut *mut ArrowSchema,
    /// The type of a dictionary; annals has none.
    pub dictionary: *mut ArrowSchema,
    /// Frees it; null once that is done.
    pub release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    /// For the producer.
    pub private_data: *mut c_void,
}

/// `struct ArrowArray` of the Arrow C data interface.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowArray {
    /// Rows.
    pub length: i64,
    /// Rows that are null, -1 if not counted.
    pub null_count: i64,
    /// Rows to skip at the start of the buffers.
    pub offset: i64,
    /// How many buffers.
    pub n_buffers: i64,
    /// How many children.
    pub n_children: i64,
    /// The buffers.
    pub buffers: *mut *const c_void,
    /// The children.
    pub children: *mut *mut ArrowArray,
    /// The values of a dictionary; annals has none.
    pub dictionary: *mut ArrowArray,
    /// Frees it; null once that is done.
    pub release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    /// For the producer.
    pub private_data: *mut c_void,
}

impl ArrowSchema {
    /// One that holds nothing, to be filled by the other side.
    pub const fn empty() -> Self {
        Self {
            format: std::ptr::null(),
            name: std::ptr::null(),
            metadata: std::ptr::null(),
            flags: 0,
            n_children: 0,
            children: std::ptr::null_mut(),
            dictionary: std::ptr::null_mut(),
            release: None,
            private_data: std::ptr::null_mut(),
        }
    }
}

impl ArrowArray {
    /// One that holds nothing, to be filled by the other side.
    pub const fn empty() -> Self {
        Self {
            length: 0,
            null_count: 0,
            offset: 0,
            n_buffers: 0,
            n_children: 0,
            buffers: std::ptr::null_mut(),
            children: std::ptr::null_mut(),
            dictionary: std::ptr::null_mut(),
            release: None,
            private_data: std::ptr::null_mut(),
        }
    }
}

impl Drop for ArrowSchema {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: whoever filled it set `release` to free it; it is freed once, since `release` becomes null.
            unsafe { release(self) };
        }
    }
}

impl Drop for ArrowArray {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: whoever filled it set `release` to free it; it is freed once, since `release` becomes null.
            unsafe { release(self) };
        }
    }
}
