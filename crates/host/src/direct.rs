//! A stage behind the door, in this process.

use std::cell::RefCell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use annals_plugin::abi::{self, ArrowArray, ArrowSchema, Bytes, Call};
use annals_plugin::{ConfigError, Findings, Partials, StageError, door};
use arrow_array::RecordBatch;

use crate::backend::{Answer, Backend, Entries, Entry, Mapped, Reject};
use crate::library::{Library, Stage};

/// An open stage.
pub(crate) struct Instance {
    library: Arc<Library>,
    pointer: *mut c_void,
    fingerprint: Vec<u8>,
}

// SAFETY: the header asks that an instance may be called from any thread, and from several at once.
unsafe impl Send for Instance {}
// SAFETY: as above.
unsafe impl Sync for Instance {}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: `open` gave the pointer, and it is closed here only.
        unsafe { (self.library.entries.close)(self.pointer) };
    }
}

impl Instance {
    pub(crate) fn open(
        library: Arc<Library>,
        config: &serde_json::Value,
        base: &Path,
    ) -> Result<Self, ConfigError> {
        let config = config.to_string();
        let base = base
            .to_str()
            .ok_or_else(|| crate::refused("the folder of the pipeline is not named in UTF-8"))?;
        let mut pointer = std::ptr::null_mut();
        let state = State::default();
        let (code, failure) = state.call(|call| {
            // SAFETY: what the header asks for; all of it outlives the call.
            unsafe { (library.entries.open)(call, config.as_str().into(), base.into(), &raw mut pointer) }
        });
        if code != 0 {
            let failure = failure.unwrap_or_else(|| untold("open", code));
            // A panic is at no key.
            return Err(match failure.reason.as_str() {
                "panicked" | UNTOLD => crate::refused(failure.message),
                key => ConfigError::at(key, failure.message),
            });
        }
        let mut instance = Self { library, pointer, fingerprint: Vec::new() };
        if let Some(fingerprint) = instance.library.entries.fingerprint {
            let state = State::default();
            state
                // SAFETY: what the header asks for; the instance is open.
                .outcome("fingerprint", |call| unsafe { fingerprint(call, instance.pointer) })
                .map_err(|error| crate::refused(error.message))?;
            instance.fingerprint = state.put.take().unwrap_or_default();
        }
        Ok(instance)
    }

    fn corpus(&self) -> Result<(abi::Map, abi::Merge, abi::Finish, abi::Process), StageError> {
        match self.library.entries.stage {
            Stage::Corpus { map, merge, finish, apply } => Ok((map, merge, finish, apply)),
            Stage::Article { .. } => Err(StageError::new("wrong_kind", "not a stage of the whole corpus")),
        }
    }
}

/// The code of a failure that the plugin did not explain.
const UNTOLD: &str = "plugin_failed";

fn untold(entry: &str, code: i32) -> StageError {
    StageError::new(UNTOLD, format!("`{entry}` returned {code} without telling why"))
}

fn invalid(error: &impl ToString) -> StageError {
    StageError::new("plugin_batch_invalid", error.to_string())
}

impl Backend for Instance {
    fn process(&self, entry: Entry, batch: &RecordBatch) -> Result<Answer, StageError> {
        let (name, function) = match (entry, self.library.entries.stage) {
            (Entry::Process, Stage::Article { process }) => ("process", process),
            (Entry::Apply, Stage::Corpus { apply, .. }) => ("apply", apply),
            _ => return Err(StageError::new("wrong_kind", "the stage has no such entry point")),
        };
        let (array, schema) = door::export(batch.clone()).map_err(|error| invalid(&error))?;
        let (mut out, mut out_schema) = (ArrowArray::empty(), ArrowSchema::empty());
        let state = State::default();
        state.outcome(name, |call| {
            // SAFETY: what the header asks for; array and schema stay ours and outlive the call.
            unsafe { function(call, self.pointer, &array, &schema, &raw mut out, &raw mut out_schema) }
        })?;
        // SAFETY: the plugin filled them; what of it can be checked is.
        let columns = unsafe { door::import(out, out_schema) }.map_err(|error| invalid(&error))?;
        Ok(Answer { columns, rejected: state.rejected.take() })
    }

    fn map(&self, batch: &RecordBatch) -> Result<Mapped, StageError> {
        let (map, ..) = self.corpus()?;
        let (array, schema) = door::export(batch.clone()).map_err(|error| invalid(&error))?;
        let state = State::default();
        // SAFETY: what the header asks for; array and schema stay ours and outlive the call.
        state.outcome("map", |call| unsafe { map(call, self.pointer, &array, &schema) })?;
        Ok(Mapped { partials: state.emitted.take(), rejected: state.rejected.take() })
    }

    fn merge(&self, key: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError> {
        let (_, merge, ..) = self.corpus()?;
        let state = State::default();
        state.outcome("merge", |call| {
            // SAFETY: what the header asks for; the bytes outlive the call.
            unsafe { merge(call, self.pointer, key.into(), left.into(), right.into()) }
        })?;
        state.put.take().ok_or_else(|| StageError::new(UNTOLD, "`merge` put no value"))
    }

    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError> {
        let (_, _, finish, _) = self.corpus()?;
        let state = State { partials: Some(partials), findings: RefCell::new(Some(out)), ..State::default() };
        // SAFETY: what the header asks for.
        let done = state.outcome("finish", |call| unsafe { finish(call, self.pointer) });
        match state.unreadable.take() {
            Some(error) => Err(error),
            None => done,
        }
    }

    fn fingerprint(&self) -> &[u8] {
        &self.fingerprint
    }
}

/// What the plugin told the host during one call.
#[derive(Default)]
struct State<'a> {
    failure: RefCell<Option<StageError>>,
    rejected: RefCell<Vec<Reject>>,
    put: RefCell<Option<Vec<u8>>>,
    emitted: RefCell<Entries>,
    partials: Option<&'a dyn Partials>,
    findings: RefCell<Option<&'a mut dyn Findings>>,
    unreadable: RefCell<Option<StageError>>,
}

impl State<'_> {
    fn call(&self, entry: impl FnOnce(*const Call) -> i32) -> (i32, Option<StageError>) {
        let call = Call {
            host: std::ptr::from_ref(self).cast_mut().cast(),
            fail,
            reject,
            put,
            emit,
            scan,
            get,
            verdict,
            table,
            count,
        };
        let code = entry(&raw const call);
        (code, self.failure.take())
    }

    fn outcome(&self, name: &str, entry: impl FnOnce(*const Call) -> i32) -> Result<(), StageError> {
        match self.call(entry) {
            (0, None) => Ok(()),
            // A failure that was told is one, whatever was returned.
            (_, Some(failure)) => Err(failure),
            (code, None) => Err(untold(name, code)),
        }
    }

    fn fail(&self, error: StageError) {
        self.failure.borrow_mut().get_or_insert(error);
    }
}

/// Runs a service for the plugin so that nothing unwinds into its code.
///
/// # Safety
/// `call` is what [`State::call`] passed, within that call.
unsafe fn serve<T>(call: *const Call, otherwise: T, service: impl FnOnce(&State<'_>) -> T) -> T {
    // SAFETY: by the caller's promise.
    let state = unsafe { &*(*call).host.cast_const().cast::<State<'_>>() };
    catch_unwind(AssertUnwindSafe(|| service(state))).unwrap_or_else(|_| {
        if state.failure.try_borrow_mut().is_ok() {
            state.fail(StageError::new("host_panicked", "the host panicked while it served the plugin"));
        }
        otherwise
    })
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

unsafe extern "C" fn fail(call: *const Call, code: Bytes, message: Bytes) {
    // SAFETY: the plugin passes what the header asks for.
    unsafe {
        serve(call, (), |state| {
            state.fail(StageError::new(lossy(code.as_slice()), lossy(message.as_slice())));
        });
    }
}

unsafe extern "C" fn reject(call: *const Call, row: u64, code: Bytes, message: Bytes) {
    // SAFETY: the plugin passes what the header asks for.
    unsafe {
        serve(call, (), |state| {
            let (reason, detail) = (lossy(code.as_slice()), lossy(message.as_slice()));
            state.rejected.borrow_mut().push(Reject { row, reason, detail });
        });
    }
}

unsafe extern "C" fn put(call: *const Call, value: Bytes) {
    // SAFETY: the plugin passes what the header asks for.
    unsafe { serve(call, (), |state| *state.put.borrow_mut() = Some(value.as_slice().to_vec())) };
}

unsafe extern "C" fn emit(call: *const Call, row: u64, key: Bytes, value: Bytes) {
    // SAFETY: the plugin passes what the header asks for.
    unsafe {
        serve(call, (), |state| state.emitted.borrow_mut().push(row, key.as_slice(), value.as_slice()));
    }
}

/// What a visit that ended a scan returned travels as the message of this error.
const STOPPED: &str = "stopped by the visit";

unsafe extern "C" fn scan(
    call: *const Call,
    prefix: Bytes,
    visit: Option<abi::Visit>,
    context: *mut c_void,
) -> i32 {
    // SAFETY: the plugin passes what the header asks for.
    unsafe {
        serve(call, -1, |state| {
            let (Some(partials), Some(visit)) = (state.partials, visit) else { return -1 };
            let mut code = 0;
            let done = partials.scan(prefix.as_slice(), &mut |key, value| {
                code = visit(context, key.into(), value.into());
                if code == 0 { Ok(()) } else { Err(StageError::new(STOPPED, "")) }
            });
            state.settle(done, code)
        })
    }
}

unsafe extern "C" fn get(
    call: *const Call,
    key: Bytes,
    visit: Option<abi::Visit>,
    context: *mut c_void,
) -> i32 {
    // SAFETY: the plugin passes what the header asks for.
    unsafe {
        serve(call, -1, |state| {
            let (Some(partials), Some(visit)) = (state.partials, visit) else { return -1 };
            match partials.get(key.as_slice()) {
                Ok(Some(value)) => visit(context, key, value.as_slice().into()),
                Ok(None) => 0,
                Err(error) => state.settle(Err(error), 0),
            }
        })
    }
}

impl State<'_> {
    fn settle(&self, done: Result<(), StageError>, code: i32) -> i32 {
        match done {
            Err(error) if code == 0 => {
                self.unreadable.borrow_mut().get_or_insert(error);
                -1
            }
            _ => code,
        }
    }

    fn find(&self, found: impl FnOnce(&mut dyn Findings)) {
        if let Some(findings) = self.findings.borrow_mut().as_deref_mut() {
            found(findings);
        }
    }
}

unsafe extern "C" fn verdict(call: *const Call, article_id: Bytes, verdict: Bytes) {
    // SAFETY: the plugin passes what the header asks for.
    unsafe {
        serve(call, (), |state| match std::str::from_utf8(article_id.as_slice()) {
            Ok(id) => state.find(|findings| findings.verdict(id, verdict.as_slice())),
            Err(_) => {
                state.fail(StageError::new("plugin_batch_invalid", "a verdict on an id that is not UTF-8"))
            }
        });
    }
}

unsafe extern "C" fn table(call: *const Call, name: Bytes, array: *mut ArrowArray, schema: *mut ArrowSchema) {
    // SAFETY: the plugin passes what the header asks for, and what is taken over is left empty.
    unsafe {
        serve(call, (), |state| {
            if array.is_null() || schema.is_null() {
                return state.fail(StageError::new("plugin_batch_invalid", "a table is a null pointer"));
            }
            let (array, schema) = (array.replace(ArrowArray::empty()), schema.replace(ArrowSchema::empty()));
            let name = lossy(name.as_slice());
            match door::import(array, schema) {
                Ok(rows) => state.find(|findings| findings.table(&name, rows)),
                Err(error) => {
                    let message = format!("table `{name}`: {error}");
                    state.fail(StageError::new("plugin_batch_invalid", message));
                }
            }
        });
    }
}

unsafe extern "C" fn count(call: *const Call, name: Bytes, value: u64) {
    // SAFETY: the plugin passes what the header asks for.
    unsafe { serve(call, (), |state| state.find(|findings| findings.count(&lossy(name.as_slice()), value))) };
}
