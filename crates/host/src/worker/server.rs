//! The worker's side.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufReader};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use annals_plugin::{Findings, Partials, StageError, Visit};
use arrow_array::RecordBatch;

use super::{Answer, Ask, CHUNK, frame};
use crate::backend::{self, Backend, Entries, Reject};
use crate::direct::Instance;
use crate::library::Library;

/// Serves one plugin to the process that started this one, until that closes the pipe.
pub fn worker_main() -> ExitCode {
    let Ok((input, output)) = take_pipes() else { return ExitCode::FAILURE };
    let (sender, asks) = sync_channel(1);
    // A plugin that hangs must not outlive the host, so someone else has to notice that the pipe has ended.
    let reader = std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let mut input = BufReader::with_capacity(1 << 16, input);
        while let Ok(ask) = frame::read(&mut input) {
            if sender.send(ask).is_err() {
                break;
            }
        }
        end()
    });
    if reader.is_err() {
        return ExitCode::FAILURE;
    }
    let pipe = Pipe { asks, output: RefCell::new(output) };
    match serve(&pipe) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Keeps the pipes for the host and gives the plugin others, so that what it prints or reads does no harm.
#[cfg(unix)]
fn take_pipes() -> io::Result<(File, File)> {
    use rustix::io::fcntl_dupfd_cloexec;
    use rustix::stdio::{dup2_stdin, dup2_stdout, stderr, stdin, stdout};
    let input = fcntl_dupfd_cloexec(stdin(), 3)?;
    let output = fcntl_dupfd_cloexec(stdout(), 3)?;
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(stderr())?;
    Ok((input.into(), output.into()))
}

#[cfg(windows)]
fn take_pipes() -> io::Result<(File, File)> {
    use std::os::windows::io::AsHandle;
    let input = io::stdin().as_handle().try_clone_to_owned()?;
    let output = io::stdout().as_handle().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}

/// Ends the process at once, whatever the plugin's threads and exit handlers think of it.
fn end() -> ! {
    #[cfg(unix)]
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::abort()
}

/// Bounds what the plugin may take: address space, and no core files, which would be as large.
#[cfg(unix)]
fn limit_memory(bytes: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = |resource, bytes: u64| {
        let most = getrlimit(resource).maximum;
        let bytes = Some(most.map_or(bytes, |most| bytes.min(most)));
        setrlimit(resource, Rlimit { current: bytes, maximum: bytes })
    };
    limit(Resource::Core, 0)?;
    Ok(limit(Resource::As, bytes)?)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on systems that have limits")]
fn limit_memory(_bytes: u64) -> io::Result<()> {
    Ok(())
}

struct Pipe {
    asks: Receiver<(Ask, Vec<u8>)>,
    output: RefCell<File>,
}

impl Pipe {
    fn receive(&self) -> io::Result<(Ask, Vec<u8>)> {
        self.asks.recv().map_err(io::Error::other)
    }

    fn send(&self, answer: &Answer, body: &[u8]) -> io::Result<()> {
        frame::write(&mut *self.output.borrow_mut(), answer, body)
    }
}

fn serve(pipe: &Pipe) -> io::Result<()> {
    let mut library = None;
    let mut instance = None;
    loop {
        let (ask, body) = pipe.receive()?;
        match ask {
            Ask::Load { path, memory_limit } => {
                limit_memory(memory_limit)?;
                match Library::load(&path) {
                    Ok(loaded) => {
                        pipe.send(&Answer::Loaded(loaded.manifest().clone()), &[])?;
                        library = Some(Arc::new(loaded));
                    }
                    Err(error) => pipe.send(&Answer::NotLoaded(error), &[])?,
                }
            }
            Ask::Open { config, base } => {
                let library = library.clone().ok_or_else(|| io::Error::other("open before load"))?;
                let config = serde_json::from_str(&config)?;
                match Instance::open(library, &config, &base) {
                    Ok(opened) => {
                        pipe.send(&Answer::Opened { fingerprint: opened.fingerprint().to_vec() }, &[])?;
                        instance = Some(opened);
                    }
                    Err(error) => {
                        pipe.send(&Answer::Refused { key: error.key, message: error.message }, &[])?;
                    }
                }
            }
            ask => {
                let instance = instance.as_ref().ok_or_else(|| io::Error::other("a call before open"))?;
                match call(pipe, instance, ask, body) {
                    Ok((rejected, body)) => pipe.send(&Answer::Done { rejected }, &body)?,
                    Err(StageError { reason, message }) => {
                        pipe.send(&Answer::Failed { reason, message }, &[])?
                    }
                }
            }
        }
    }
}

fn call(
    pipe: &Pipe,
    instance: &Instance,
    ask: Ask,
    body: Vec<u8>,
) -> Result<(Vec<Reject>, Vec<u8>), StageError> {
    let batch = |body| frame::decode(body).map_err(|error| StageError::new("pipe_broken", error));
    match ask {
        Ask::Process(entry) => {
            let backend::Answer { columns, rejected } = instance.process(entry, &batch(body)?)?;
            let body =
                frame::encode(&columns).map_err(|error| StageError::new("plugin_batch_invalid", error))?;
            Ok((rejected, body))
        }
        Ask::Map => {
            let mapped = instance.map(&batch(body)?)?;
            Ok((mapped.rejected, mapped.partials.into_bytes()))
        }
        Ask::Merge => {
            let entries = Entries::from_bytes(body);
            let mut entries = entries.iter();
            let (Some((_, key, left)), Some((_, right, _))) = (entries.next(), entries.next()) else {
                return Err(StageError::new("pipe_broken", "a merge without two values"));
            };
            Ok((Vec::new(), instance.merge(key, left, right)?))
        }
        Ask::Finish => {
            let mut findings = RemoteFindings { pipe, verdicts: Entries::default(), failed: None };
            instance.finish(&RemotePartials { pipe }, &mut findings)?;
            findings.flush();
            match findings.failed {
                Some(error) => Err(error),
                None => Ok((Vec::new(), Vec::new())),
            }
        }
        _ => Err(StageError::new("pipe_broken", "an answer that was not asked for")),
    }
}

fn broken(error: impl ToString) -> StageError {
    StageError::new("pipe_broken", error.to_string())
}

/// The merged partials, which the host has.
struct RemotePartials<'a> {
    pipe: &'a Pipe,
}

impl RemotePartials<'_> {
    fn visit(&self, ask: &Answer, key: &[u8], visit: &mut Visit<'_>) -> Result<(), StageError> {
        self.pipe.send(ask, key).map_err(broken)?;
        loop {
            let (answer, body) = self.pipe.receive().map_err(broken)?;
            let Ask::Partials { last } = answer else {
                return Err(broken("the partial results cannot be read"));
            };
            for (_, key, value) in Entries::from_bytes(body).iter() {
                if let Err(error) = visit(key, value) {
                    if !last {
                        self.pipe.send(&Answer::Stop, &[]).map_err(broken)?;
                    }
                    return Err(error);
                }
            }
            if last {
                return Ok(());
            }
            self.pipe.send(&Answer::Next, &[]).map_err(broken)?;
        }
    }
}

impl Partials for RemotePartials<'_> {
    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StageError> {
        self.visit(&Answer::Scan, prefix, visit)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StageError> {
        let mut found = None;
        self.visit(&Answer::Get, key, &mut |_, value| {
            found = Some(value.to_vec());
            Ok(())
        })?;
        Ok(found)
    }
}

/// Hands on to the host what is found.
struct RemoteFindings<'a> {
    pipe: &'a Pipe,
    verdicts: Entries,
    failed: Option<StageError>,
}

impl RemoteFindings<'_> {
    fn flush(&mut self) {
        if !self.verdicts.as_bytes().is_empty() {
            let verdicts = std::mem::take(&mut self.verdicts);
            self.send(&Answer::Verdicts, verdicts.as_bytes());
        }
    }

    fn send(&mut self, answer: &Answer, body: &[u8]) {
        if let Err(error) = self.pipe.send(answer, body) {
            self.failed.get_or_insert(broken(error));
        }
    }
}

impl Findings for RemoteFindings<'_> {
    fn verdict(&mut self, article_id: &str, verdict: &[u8]) {
        self.verdicts.push(0, article_id.as_bytes(), verdict);
        if self.verdicts.as_bytes().len() >= CHUNK {
            self.flush();
        }
    }

    fn table(&mut self, name: &str, rows: RecordBatch) {
        match frame::encode(&rows) {
            Ok(body) => self.send(&Answer::Table { name: name.to_owned() }, &body),
            Err(error) => drop(self.failed.get_or_insert(broken(error))),
        }
    }

    fn count(&mut self, name: &str, value: u64) {
        self.send(&Answer::Count { name: name.to_owned(), value }, &[]);
    }
}
