//! A Rust stage as a dynamic library: what [`export_stage!`](crate::export_stage) puts behind the C entry points.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Once, OnceLock};

use arrow_array::{Array, BinaryArray, RecordBatch, StringArray};

use crate::abi::{self, ArrowArray, ArrowSchema, Bytes, Call, Plugin, VERDICT_COLUMN};
use crate::error::{ConfigError, StageError};
use crate::record::Article;
use crate::stage::{ArticleStage, Batch, Context, CorpusStage, Emit, Findings, Partials, Stage, Visit};
use crate::{arrow, door};

/// Exports a stage from a `cdylib` crate, so that `plugin = …` in a pipeline can load it.
///
/// `export_stage!(MyStage)` is for an [`ArticleStage`], `export_stage!(MyStage, corpus)` for a [`CorpusStage`]. A
/// library exports one stage.
#[macro_export]
macro_rules! export_stage {
    ($stage:ty) => {
        $crate::export_stage!(@symbols $crate::export::Table::article::<$stage>);
    };
    ($stage:ty, corpus) => {
        $crate::export_stage!(@symbols $crate::export::Table::corpus::<$stage>);
    };
    (@symbols $table:expr) => {
        /// Version of the plugin door that this library was built for.
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals, reason = "the name is the symbol's")]
        pub static annals_abi_version: u32 = $crate::abi::ABI_VERSION;

        /// What the stage is, and its entry points.
        #[unsafe(no_mangle)]
        pub extern "C" fn annals_plugin_describe() -> *const $crate::abi::Plugin {
            static TABLE: ::std::sync::OnceLock<$crate::export::Table> = ::std::sync::OnceLock::new();
            $crate::export::describe(&TABLE, $table)
        }
    };
}

/// A [`Plugin`] and the text it points to.
pub struct Table {
    plugin: Plugin,
    _texts: Vec<CString>,
    _lists: Vec<Box<[*const c_char]>>,
}

// SAFETY: the pointers lead to text that the table owns and nobody changes.
unsafe impl Send for Table {}
// SAFETY: as above.
unsafe impl Sync for Table {}

impl Table {
    /// The table of a stage that looks at each article by itself.
    pub fn article<S: ArticleStage>() -> Self {
        let table = Self::of::<S>(abi::KIND_ARTICLE);
        Self { plugin: Plugin { process: Some(process::<S>), ..table.plugin }, ..table }
    }

    /// The table of a stage that needs the whole corpus.
    pub fn corpus<S: CorpusStage>() -> Self {
        let table = Self::of::<S>(abi::KIND_CORPUS);
        let plugin = Plugin {
            map: Some(map::<S>),
            merge: Some(merge::<S>),
            finish: Some(finish::<S>),
            apply: Some(apply::<S>),
            ..table.plugin
        };
        Self { plugin, ..table }
    }

    fn of<S: Stage>(kind: u32) -> Self {
        let mut texts = Vec::new();
        let mut lists = Vec::new();
        let mut text = |value: &str| {
            let owned = CString::new(value).expect("names and JSON hold no NUL");
            let pointer = owned.as_ptr();
            texts.push(owned);
            pointer
        };
        let mut list = |values: &[&str]| {
            let pointers: Box<[_]> =
                values.iter().map(|value| text(value)).chain([std::ptr::null()]).collect();
            let pointer = pointers.as_ptr();
            lists.push(pointers);
            pointer
        };
        let (reads, writes) = (list(S::READS), list(S::WRITES));
        let schema = schemars::schema_for!(S::Config).to_value().to_string();
        let plugin = Plugin {
            size: size_of::<Plugin>(),
            kind,
            version: S::VERSION,
            name: text(S::NAME),
            built_with: text(concat!("annals-plugin ", env!("CARGO_PKG_VERSION"))),
            reads,
            writes,
            config_schema: text(&schema),
            open: Some(open::<S>),
            fingerprint: Some(fingerprint::<S>),
            process: None,
            map: None,
            merge: None,
            finish: None,
            apply: None,
            close: Some(close::<S>),
        };
        Self { plugin, _texts: texts, _lists: lists }
    }
}

/// Fills the table at the first call; null if that panics.
pub fn describe(table: &'static OnceLock<Table>, make: fn() -> Table) -> *const Plugin {
    install_hook();
    catch_unwind(|| &raw const table.get_or_init(make).plugin).unwrap_or(std::ptr::null())
}

thread_local! {
    /// Whether this thread is inside an entry point, where a panic is caught and told to the host.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps message and place of a panic for the host instead of printing them.
fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                return before(info);
            }
            let place = info.location().map(|place| format!(" at {place}")).unwrap_or_default();
            PANIC.set(Some(format!("{}{place}", payload(info.payload()))));
        }));
    });
}

fn payload(payload: &(dyn Any + Send)) -> &str {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "no message",
    }
}

/// Drops what was thrown, which may throw again.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}

/// Why an entry point fails, as [`Call::fail`] takes it.
struct Failure {
    code: String,
    message: String,
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        Self { code: error.reason, message: error.message }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { code: error.key, message: error.message }
    }
}

impl From<arrow::ColumnError> for Failure {
    fn from(error: arrow::ColumnError) -> Self {
        Self { code: "invalid_batch".to_owned(), message: error.to_string() }
    }
}

impl From<door::DoorError> for Failure {
    fn from(error: door::DoorError) -> Self {
        Self { code: "invalid_batch".to_owned(), message: error.to_string() }
    }
}

/// Runs an entry point so that neither panic nor error leaves it but as a failed call.
///
/// # Safety
/// `call` is what the host passed.
unsafe fn guard(call: *const Call, entry: &str, body: impl FnOnce(&Call) -> Result<(), Failure>) -> i32 {
    // SAFETY: by the caller's promise.
    let Some(host) = (unsafe { call.as_ref() }) else { return 3 };
    GUARDED.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| body(host)));
    GUARDED.set(false);
    let (code, failure) = match outcome {
        Ok(Ok(())) => return 0,
        Ok(Err(failure)) => (1, failure),
        Err(panic) => {
            let message = PANIC.take().unwrap_or_else(|| payload(&*panic).to_owned());
            discard(panic);
            (2, Failure { code: "panicked".to_owned(), message: format!("panicked in `{entry}`: {message}") })
        }
    };
    // SAFETY: the host's function, with text that outlives the call.
    unsafe { (host.fail)(call, failure.code.as_str().into(), failure.message.as_str().into()) };
    code
}

/// # Safety
/// `instance` is what [`open`] of the same stage gave.
unsafe fn stage<'a, S: Stage>(instance: *mut c_void) -> &'a S {
    // SAFETY: by the caller's promise.
    unsafe { &*instance.cast::<S>() }
}

unsafe extern "C" fn open<S: Stage>(
    call: *const Call,
    config: Bytes,
    base: Bytes,
    instance: *mut *mut c_void,
) -> i32 {
    // SAFETY: the host passes what the header asks for.
    unsafe {
        guard(call, "open", |_| {
            let refuse = |message: String| ConfigError::at("", message);
            let base = std::str::from_utf8(base.as_slice()).map_err(|error| refuse(error.to_string()))?;
            let config =
                serde_json::from_slice(config.as_slice()).map_err(|error| refuse(error.to_string()))?;
            let config: S::Config = serde_path_to_error::deserialize::<serde_json::Value, _>(config)
                .map_err(ConfigError::from_path)?;
            let opened = S::open(config, &Context { base: base.into() })?;
            instance.write(Box::into_raw(Box::new(opened)).cast());
            Ok(())
        })
    }
}

unsafe extern "C" fn close<S: Stage>(instance: *mut c_void) {
    if instance.is_null() {
        return;
    }
    GUARDED.set(true);
    // SAFETY: made by `open` of the same stage; the host closes it once. There is nobody to tell of a panic.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(unsafe { Box::from_raw(instance.cast::<S>()) })));
    GUARDED.set(false);
}

unsafe extern "C" fn fingerprint<S: Stage>(call: *const Call, instance: *mut c_void) -> i32 {
    // SAFETY: the host passes what the header asks for.
    unsafe {
        guard(call, "fingerprint", |host| {
            (host.put)(call, stage::<S>(instance).fingerprint().as_slice().into());
            Ok(())
        })
    }
}

unsafe extern "C" fn process<S: ArticleStage>(
    call: *const Call,
    instance: *mut c_void,
    array: *const ArrowArray,
    schema: *const ArrowSchema,
    out: *mut ArrowArray,
    out_schema: *mut ArrowSchema,
) -> i32 {
    // SAFETY: the host passes what the header asks for.
    unsafe {
        guard(call, "process", |host| {
            let batch = door::borrow(array, schema)?;
            let done = stage::<S>(instance).process(Batch::new(arrow::from_batch(&batch)?))?;
            let articles = align(&batch, done, &mut |row, code, message| {
                (host.reject)(call, row as u64, code.into(), message.into());
            })?;
            let (array, schema) = door::export(arrow::encode(&articles, S::WRITES.iter().copied())?)?;
            out.write(array);
            out_schema.write(schema);
            Ok(())
        })
    }
}

/// Puts the articles that a stage gave back into the rows they came from, and tells of those that it did not.
fn align(
    batch: &RecordBatch,
    done: Batch,
    reject: &mut dyn FnMut(usize, &str, &str),
) -> Result<Vec<Article>, Failure> {
    let ids = text_column(batch, "article_id")?;
    let rows = batch.num_rows();
    let in_place = done.articles.len() == rows
        && done.rejected.is_empty()
        && done.articles.iter().enumerate().all(|(row, article)| article.article_id == ids.value(row));
    if in_place {
        return Ok(done.articles);
    }
    let (sources, paths) = (text_column(batch, "source_id")?, text_column(batch, "path")?);
    let unknown = |what: &str| Failure { code: "unknown_article".to_owned(), message: what.to_owned() };
    let mut by_id: HashMap<&str, Vec<usize>> = HashMap::with_capacity(rows);
    for row in (0..rows).rev() {
        by_id.entry(ids.value(row)).or_default().push(row);
    }
    let mut placed: Vec<Option<Article>> = (0..rows).map(|_| None).collect();
    for article in done.articles {
        let row = by_id.get_mut(article.article_id.as_str()).and_then(Vec::pop);
        let row = row.ok_or_else(|| {
            unknown(&format!("article `{}` was not in the batch, or came back twice", article.article_id))
        })?;
        placed[row] = Some(article);
    }
    let mut missing: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for row in (0..rows).rev().filter(|&row| placed[row].is_none()) {
        missing.entry((paths.value(row), sources.value(row))).or_default().push(row);
    }
    let mut told = vec![false; rows];
    for rejected in &done.rejected {
        let source = rejected.record.as_deref().unwrap_or_default();
        let row = missing.get_mut(&(rejected.path.as_str(), source)).and_then(Vec::pop);
        let row = row.ok_or_else(|| {
            unknown(&format!(
                "record `{source}` of `{}` was rejected, but is kept or was not in the batch",
                rejected.path
            ))
        })?;
        told[row] = true;
        reject(row, &rejected.reason, &rejected.detail);
    }
    for row in (0..rows).filter(|&row| placed[row].is_none() && !told[row]) {
        reject(row, "dropped", "the stage let it go without a reason");
    }
    Ok(placed.into_iter().map(|article| article.unwrap_or_else(|| Article::new("", "", ""))).collect())
}

fn text_column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringArray, Failure> {
    let column = batch.column_by_name(name).and_then(|column| column.as_any().downcast_ref());
    column.ok_or_else(|| Failure { code: "invalid_batch".to_owned(), message: format!("no column `{name}`") })
}

/// The host, as `map` and `finish` see it.
struct Host<'a>(&'a Call);

impl Emit for Host<'_> {
    fn emit(&mut self, index: usize, key: &[u8], value: &[u8]) {
        // SAFETY: the host's function, with bytes that outlive the call.
        unsafe { (self.0.emit)(self.0, index as u64, key.into(), value.into()) };
    }

    fn reject(&mut self, index: usize, reason: &str, detail: &str) -> Result<(), StageError> {
        // SAFETY: the host's function, with text that outlives the call.
        unsafe { (self.0.reject)(self.0, index as u64, reason.into(), detail.into()) };
        Ok(())
    }
}

/// What a scan calls back, and the error that ended it.
struct Visiting<'a> {
    visit: &'a mut Visit<'a>,
    error: Option<StageError>,
}

unsafe extern "C" fn visit(state: *mut c_void, key: Bytes, value: Bytes) -> i32 {
    // SAFETY: the host hands back the state that `scan` or `get` below gave it, and bytes that outlive the call.
    let (state, key, value) =
        unsafe { (&mut *state.cast::<Visiting<'_>>(), key.as_slice(), value.as_slice()) };
    match catch_unwind(AssertUnwindSafe(|| (state.visit)(key, value))) {
        Ok(Ok(())) => 0,
        Ok(Err(error)) => {
            state.error = Some(error);
            1
        }
        Err(panic) => {
            let message = PANIC.take().unwrap_or_else(|| payload(&*panic).to_owned());
            discard(panic);
            state.error = Some(StageError::new("panicked", format!("panicked in `finish`: {message}")));
            1
        }
    }
}

type Lookup = unsafe extern "C" fn(*const Call, Bytes, Option<abi::Visit>, *mut c_void) -> i32;

impl Host<'_> {
    fn look_up(&self, with: Lookup, key: &[u8], each: &mut Visit<'_>) -> Result<(), StageError> {
        let mut visiting = Visiting { visit: each, error: None };
        // SAFETY: the host's function; key and state outlive the call.
        let code = unsafe { with(self.0, key.into(), Some(visit), (&raw mut visiting).cast()) };
        match visiting.error {
            Some(error) => Err(error),
            None if code != 0 => {
                Err(StageError::new("partials_unreadable", "the partial results cannot be read"))
            }
            None => Ok(()),
        }
    }
}

impl Partials for Host<'_> {
    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StageError> {
        self.look_up(self.0.scan, prefix, visit)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        let mut found = None;
        self.look_up(self.0.get, key, &mut |_, value| {
            found = Some(value.to_vec());
            Ok(())
        })?;
        Ok(found)
    }
}

impl Findings for Host<'_> {
    fn verdict(&mut self, article_id: &str, verdict: &[u8]) {
        // SAFETY: the host's function, with bytes that outlive the call.
        unsafe { (self.0.verdict)(self.0, article_id.into(), verdict.into()) };
    }

    fn table(&mut self, name: &str, rows: RecordBatch) {
        let exported = door::export(rows);
        let (mut array, mut schema) = exported.unwrap_or((ArrowArray::empty(), ArrowSchema::empty()));
        // SAFETY: the host's function; it takes both over and leaves them without `release`.
        unsafe { (self.0.table)(self.0, name.into(), &raw mut array, &raw mut schema) };
    }

    fn count(&mut self, name: &str, value: u64) {
        // SAFETY: the host's function, with text that outlives the call.
        unsafe { (self.0.count)(self.0, name.into(), value) };
    }
}

unsafe extern "C" fn map<S: CorpusStage>(
    call: *const Call,
    instance: *mut c_void,
    array: *const ArrowArray,
    schema: *const ArrowSchema,
) -> i32 {
    // SAFETY: the host passes what the header asks for.
    unsafe {
        guard(call, "map", |host| {
            let articles = arrow::from_batch(&door::borrow(array, schema)?)?;
            Ok(stage::<S>(instance).map(&articles, &mut Host(host))?)
        })
    }
}

unsafe extern "C" fn merge<S: CorpusStage>(
    call: *const Call,
    instance: *mut c_void,
    key: Bytes,
    left: Bytes,
    right: Bytes,
) -> i32 {
    // SAFETY: the host passes what the header asks for.
    unsafe {
        guard(call, "merge", |host| {
            let merged = stage::<S>(instance).merge(key.as_slice(), left.as_slice(), right.as_slice())?;
            (host.put)(call, merged.as_slice().into());
            Ok(())
        })
    }
}

unsafe extern "C" fn finish<S: CorpusStage>(call: *const Call, instance: *mut c_void) -> i32 {
    // SAFETY: the host passes what the header asks for.
    unsafe { guard(call, "finish", |host| Ok(stage::<S>(instance).finish(&Host(host), &mut Host(host))?)) }
}

unsafe extern "C" fn apply<S: CorpusStage>(
    call: *const Call,
    instance: *mut c_void,
    array: *const ArrowArray,
    schema: *const ArrowSchema,
    out: *mut ArrowArray,
    out_schema: *mut ArrowSchema,
) -> i32 {
    // SAFETY: the host passes what the header asks for.
    unsafe {
        guard(call, "apply", |_| {
            let mut batch = door::borrow(array, schema)?;
            let verdicts = batch.schema().index_of(VERDICT_COLUMN).ok().map(|at| batch.remove_column(at));
            let verdicts = verdicts.as_ref().and_then(|column| column.as_any().downcast_ref::<BinaryArray>());
            let verdicts = verdicts.ok_or_else(|| Failure {
                code: "invalid_batch".to_owned(),
                message: format!("no column `{VERDICT_COLUMN}`"),
            })?;
            let mut articles = arrow::from_batch(&batch)?;
            for (row, article) in articles.iter_mut().enumerate() {
                stage::<S>(instance).apply(verdicts.value(row), article)?;
            }
            let (array, schema) = door::export(arrow::encode(&articles, S::WRITES.iter().copied())?)?;
            out.write(array);
            out_schema.write(schema);
            Ok(())
        })
    }
}
