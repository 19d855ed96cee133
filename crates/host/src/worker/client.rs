//! The host's side.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use annals_plugin::{ConfigError, Findings, Partials, StageError};
use arrow_array::RecordBatch;

use super::{Answer, Ask, CHUNK, frame};
use crate::backend::{self, Backend, Entries, Entry, Mapped, Reject};
use crate::error::LoadError;
use crate::file::LibraryFile;
use crate::library::Manifest;
use crate::options::Options;

/// How much of what a worker says last is kept for the error message.
const LAST_WORDS: usize = 2000;

/// How long a worker whose pipe has ended may take to be gone.
const GRACE: Duration = Duration::from_secs(2);

/// A finish looks at the whole corpus: it may be silent for as many times the limit of a batch.
const FINISH_FACTOR: u32 = 10;

/// Asks a library, in a process of its own, what it is.
pub(crate) fn manifest(file: &LibraryFile, options: &Options) -> Result<Manifest, LoadError> {
    Worker::start(file, options).map(|(_, manifest)| manifest)
}

/// Worker processes of one open stage: as many as there are threads that call it.
pub(crate) struct Pool {
    file: LibraryFile,
    options: Options,
    config: String,
    base: PathBuf,
    fingerprint: Vec<u8>,
    idle: Mutex<Vec<Worker>>,
}

/// Why an exchange with a worker came to nothing.
enum Broken {
    /// The stage failed, the worker is well.
    Stage(StageError),
    /// The worker is gone, or says what makes no sense.
    Pipe(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Pipe(error)
    }
}

impl Pool {
    pub(crate) fn open(
        file: &LibraryFile,
        options: &Options,
        config: &serde_json::Value,
        base: &Path,
    ) -> Result<Self, ConfigError> {
        let mut pool = Self {
            file: file.clone(),
            options: options.clone(),
            config: config.to_string(),
            base: base.to_owned(),
            fingerprint: Vec::new(),
            idle: Mutex::default(),
        };
        let (worker, fingerprint) = pool.start()?;
        pool.idle.get_mut().unwrap_or_else(PoisonError::into_inner).push(worker);
        pool.fingerprint = fingerprint;
        Ok(pool)
    }

    fn start(&self) -> Result<(Worker, Vec<u8>), ConfigError> {
        let (mut worker, _) =
            Worker::start(&self.file, &self.options).map_err(|e| crate::refused(e.to_string()))?;
        worker.alarm.set(self.options.time_limit());
        let open = Ask::Open { config: self.config.clone(), base: self.base.clone() };
        match worker.send(&open, &[]).and_then(|()| worker.receive()) {
            Ok((Answer::Opened { fingerprint }, _)) => {
                worker.alarm.clear();
                Ok((worker, fingerprint))
            }
            Ok((Answer::Refused { key, message }, _)) => Err(ConfigError::at(key, message)),
            Ok(_) => Err(crate::refused("the worker answered something else")),
            Err(error) => Err(crate::refused(worker.bury(&error).message)),
        }
    }

    fn fresh(&self) -> Result<Worker, StageError> {
        let started = self.start().map_err(|error| StageError::new("plugin_not_started", error.message))?;
        Ok(started.0)
    }

    /// Has a worker do something. One that dies on a `single` record after it has seen others may have died of them,
    /// so the record gets a fresh worker before it is blamed.
    fn with<T>(
        &self,
        single: bool,
        mut exchange: impl FnMut(&mut Worker) -> Result<T, Broken>,
    ) -> Result<T, StageError> {
        let idle = self.idle().pop();
        let mut worker = idle.map_or_else(|| self.fresh(), Ok)?;
        loop {
            let used = std::mem::replace(&mut worker.used, true);
            worker.alarm.set(self.options.time_limit());
            let error = match exchange(&mut worker) {
                Ok(done) => {
                    self.put_back(worker);
                    return Ok(done);
                }
                Err(Broken::Stage(error)) => {
                    self.put_back(worker);
                    return Err(error);
                }
                Err(Broken::Pipe(error)) => worker.bury(&error),
            };
            if !single || !used || error.reason == TIMEOUT {
                return Err(error);
            }
            worker = self.fresh()?;
        }
    }

    fn put_back(&self, worker: Worker) {
        worker.alarm.clear();
        self.idle().push(worker);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn invalid(error: String) -> StageError {
    StageError::new("plugin_batch_invalid", error)
}

impl Backend for Pool {
    fn process(&self, entry: Entry, batch: &RecordBatch) -> Result<backend::Answer, StageError> {
        let body = frame::encode(batch).map_err(invalid)?;
        self.with(batch.num_rows() == 1, |worker| {
            let (rejected, body) = worker.exchange(&Ask::Process(entry), &body)?;
            let columns = frame::decode(body).map_err(|error| Broken::Stage(invalid(error)))?;
            Ok(backend::Answer { columns, rejected })
        })
    }

    fn map(&self, batch: &RecordBatch) -> Result<Mapped, StageError> {
        let body = frame::encode(batch).map_err(invalid)?;
        self.with(batch.num_rows() == 1, |worker| {
            let (rejected, body) = worker.exchange(&Ask::Map, &body)?;
            Ok(Mapped { partials: Entries::from_bytes(body), rejected })
        })
    }

    fn merge(&self, key: &[u8], left: &[u8], right: &[u8]) -> Result<Vec<u8>, StageError> {
        let mut body = Entries::default();
        body.push(0, key, left);
        body.push(0, right, &[]);
        self.with(true, |worker| Ok(worker.exchange(&Ask::Merge, body.as_bytes())?.1))
    }

    fn finish(&self, partials: &dyn Partials, out: &mut dyn Findings) -> Result<(), StageError> {
        // It cannot be tried again, since what it found has been handed on: it begins with a clean slate.
        self.idle().clear();
        let mut unreadable = None;
        let done = self.with(false, |worker| {
            worker.alarm.set(self.options.time_limit() * FINISH_FACTOR);
            worker.send(&Ask::Finish, &[])?;
            let mut finish = Finishing { worker, partials, out, unreadable: &mut unreadable };
            finish.until_done()
        });
        match unreadable {
            Some(error) => Err(error),
            None => done,
        }
    }

    fn fingerprint(&self) -> &[u8] {
        &self.fingerprint
    }
}

/// Serves a worker while it finishes a corpus.
struct Finishing<'a> {
    worker: &'a mut Worker,
    partials: &'a dyn Partials,
    out: &'a mut dyn Findings,
    unreadable: &'a mut Option<StageError>,
}

impl Finishing<'_> {
    fn until_done(&mut self) -> Result<(), Broken> {
        match self.next()? {
            Answer::Done { .. } => Ok(()),
            Answer::Failed { reason, message } => Err(Broken::Stage(StageError::new(reason, message))),
            _ => Err(nonsense()),
        }
    }

    /// Serves what the worker asks for, and gives the first thing that is not a request.
    fn next(&mut self) -> Result<Answer, Broken> {
        loop {
            let (answer, body) = self.worker.receive()?;
            self.worker.alarm.renew();
            match answer {
                Answer::Scan => self.scan(&body)?,
                Answer::Get => {
                    let mut found = Entries::default();
                    match self.partials.get(&body) {
                        Ok(value) => {
                            if let Some(value) = value {
                                found.push(0, &body, &value);
                            }
                            self.worker.send(&Ask::Partials { last: true }, found.as_bytes())?;
                        }
                        Err(error) => self.give_up(error)?,
                    }
                }
                Answer::Verdicts => {
                    for (_, id, verdict) in Entries::from_bytes(body).iter() {
                        let id = std::str::from_utf8(id).map_err(|_| nonsense())?;
                        self.out.verdict(id, verdict);
                    }
                }
                Answer::Table { name } => {
                    let rows = frame::decode(body).map_err(|error| Broken::Stage(invalid(error)))?;
                    self.out.table(&name, rows);
                }
                Answer::Count { name, value } => self.out.count(&name, value),
                other => return Ok(other),
            }
        }
    }

    fn scan(&mut self, prefix: &[u8]) -> Result<(), Broken> {
        let partials = self.partials;
        let mut chunk = Entries::default();
        let mut broken = None;
        let mut stopped = false;
        let scanned = partials.scan(prefix, &mut |key, value| {
            chunk.push(0, key, value);
            if chunk.as_bytes().len() < CHUNK {
                return Ok(());
            }
            let sent =
                self.worker.send(&Ask::Partials { last: false }, chunk.as_bytes()).map_err(Broken::from);
            chunk.clear();
            let ended = match sent.and_then(|()| self.next()) {
                Ok(Answer::Next) => return Ok(()),
                Ok(Answer::Stop) => None,
                Ok(_) => Some(nonsense()),
                Err(error) => Some(error),
            };
            stopped = true;
            broken = ended;
            Err(StageError::new("scan_stopped", "the worker wants no more"))
        });
        match (scanned, broken) {
            (_, Some(error)) => Err(error),
            (_, None) if stopped => Ok(()),
            (Ok(()), None) => Ok(self.worker.send(&Ask::Partials { last: true }, chunk.as_bytes())?),
            (Err(error), None) => self.give_up(error),
        }
    }

    fn give_up(&mut self, error: StageError) -> Result<(), Broken> {
        self.unreadable.get_or_insert(error);
        Ok(self.worker.send(&Ask::Unreadable, &[])?)
    }
}

fn nonsense() -> Broken {
    Broken::Pipe(io::Error::other("the worker said what makes no sense"))
}

/// A worker process.
struct Worker {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    alarm: Alarm,
    last_words: LastWords,
    /// Whether it has been given anything but its library and config.
    used: bool,
}

/// The reason of a fault by a worker that took too long.
const TIMEOUT: &str = "plugin_timeout";

impl Worker {
    fn start(file: &LibraryFile, options: &Options) -> Result<(Self, Manifest), LoadError> {
        let failed = |message: String| LoadError::Worker { path: file.path.clone(), message };
        let mut command = Command::new(&options.worker.program);
        command.args(&options.worker.args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // What a plugin says last goes into an error message, which no backtrace should crowd out.
        command.env("RUST_BACKTRACE", "0");
        // An interrupt at the terminal is for the host, which then ends its workers in its own time.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| failed(format!("no worker process: {error}")))?;
        let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed("no pipe to the worker process".to_owned()));
        };
        #[cfg(target_os = "linux")]
        for _widened in [
            rustix::pipe::fcntl_setpipe_size(&input, PIPE_BYTES),
            rustix::pipe::fcntl_setpipe_size(&output, PIPE_BYTES),
        ] {
            // The usual size serves too.
        }
        let mut worker = Self {
            input,
            output: BufReader::with_capacity(1 << 16, output),
            alarm: Alarm::new(child, options.time_limit()),
            last_words: LastWords::listen(errors),
            used: false,
        };
        worker.alarm.set(options.time_limit());
        let path = std::path::absolute(&file.path).map_err(|error| failed(error.to_string()))?;
        let load = Ask::Load { path, memory_limit: options.memory_limit() };
        match worker.send(&load, &[]).and_then(|()| worker.receive()) {
            Ok((Answer::Loaded(manifest), _)) => {
                worker.alarm.clear();
                Ok((worker, manifest))
            }
            Ok((Answer::NotLoaded(error), _)) => Err(error),
            Ok(_) => Err(failed("the worker answered something else".to_owned())),
            Err(error) => Err(failed(worker.bury(&error).message)),
        }
    }

    fn send(&mut self, ask: &Ask, body: &[u8]) -> io::Result<()> {
        frame::write(&mut self.input, ask, body)
    }

    fn receive(&mut self) -> io::Result<(Answer, Vec<u8>)> {
        frame::read(&mut self.output)
    }

    fn exchange(&mut self, ask: &Ask, body: &[u8]) -> Result<(Vec<Reject>, Vec<u8>), Broken> {
        self.send(ask, body)?;
        match self.receive()? {
            (Answer::Done { rejected }, body) => Ok((rejected, body)),
            (Answer::Failed { reason, message }, _) => Err(Broken::Stage(StageError::new(reason, message))),
            _ => Err(nonsense()),
        }
    }

    /// Ends the worker and tells what it died of.
    fn bury(self, error: &io::Error) -> StageError {
        let Self { input, output, alarm, last_words, .. } = self;
        // A worker that is well but talks nonsense ends when its pipe does.
        drop((input, output));
        let (rang, status) = alarm.bury();
        let (reason, what) = match (rang, status) {
            (Some(limit), _) => (TIMEOUT, format!("the plugin took longer than {} s", limit.as_secs())),
            (None, Some(status)) => ("plugin_crashed", format!("the plugin {}", ending(status))),
            (None, None) => ("plugin_crashed", format!("the plugin's process broke off: {error}")),
        };
        let words = last_words.last();
        StageError::new(reason, if words.is_empty() { what } else { format!("{what}; it said: {words}") })
    }
}

#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 1 << 20;

fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let name = match signal {
            4 => "SIGILL",
            6 => "SIGABRT",
            7 => "SIGBUS",
            8 => "SIGFPE",
            9 => "SIGKILL",
            11 => "SIGSEGV",
            15 => "SIGTERM",
            _ => "",
        };
        return format!("was ended by signal {signal} {name}").trim_end().to_owned();
    }
    match status.code() {
        Some(code) => format!("exited with code {code}"),
        None => "ended".to_owned(),
    }
}

/// Ends the worker when its time is up.
struct Alarm {
    shared: Arc<(Mutex<Timer>, Condvar)>,
}

struct Timer {
    child: Child,
    /// The limit of the last deadline, for the message.
    limit: Duration,
    deadline: Option<Instant>,
    rang: bool,
    over: bool,
}

impl Alarm {
    fn new(child: Child, shortest: Duration) -> Self {
        let timer = Timer { child, limit: shortest, deadline: None, rang: false, over: false };
        let shared = Arc::new((Mutex::new(timer), Condvar::new()));
        let watched = shared.clone();
        let _ = std::thread::Builder::new().name("plugin-alarm".to_owned()).spawn(move || {
            let (timer, changed) = &*watched;
            let mut timer = timer.lock().unwrap_or_else(PoisonError::into_inner);
            while !timer.over {
                let now = Instant::now();
                let left = timer.deadline.map(|deadline| deadline.saturating_duration_since(now));
                if left == Some(Duration::ZERO) {
                    timer.rang = true;
                    let _ = timer.child.kill();
                    return;
                }
                // Whatever is set meanwhile lies at least `shortest` ahead, so nobody need wake this thread for it.
                let wait = left.map_or(shortest, |left| left.min(shortest));
                timer = changed.wait_timeout(timer, wait).unwrap_or_else(PoisonError::into_inner).0;
            }
        });
        Self { shared }
    }

    fn timer(&self) -> MutexGuard<'_, Timer> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rings after `limit`, which is no shorter than the shortest that the alarm was made for.
    fn set(&self, limit: Duration) {
        let mut timer = self.timer();
        timer.limit = limit;
        timer.deadline = Some(Instant::now() + limit);
    }

    fn renew(&self) {
        let limit = self.timer().limit;
        self.set(limit);
    }

    fn clear(&self) {
        self.timer().deadline = None;
    }

    /// Waits for the worker to end, or ends it, and tells how it did; the limit, if the alarm had rung.
    fn bury(self) -> (Option<Duration>, Option<ExitStatus>) {
        let patience = Instant::now() + GRACE;
        loop {
            let mut timer = self.timer();
            let rang = timer.rang.then_some(timer.limit);
            match timer.child.try_wait() {
                Ok(Some(status)) => return (rang, Some(status)),
                Ok(None) if Instant::now() < patience => {}
                _ => return (rang, None),
            }
            drop(timer);
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let mut timer = self.timer();
        timer.over = true;
        let _ = timer.child.kill();
        let _ = timer.child.wait();
        self.shared.1.notify_all();
    }
}

/// The end of what a worker writes to standard error.
struct LastWords {
    kept: Arc<Mutex<VecDeque<u8>>>,
    silent: Receiver<()>,
}

impl LastWords {
    fn listen(mut errors: ChildStderr) -> Self {
        let kept: Arc<Mutex<VecDeque<u8>>> = Arc::default();
        let (sender, silent) = channel();
        let keep = kept.clone();
        let _ = std::thread::Builder::new().name("plugin-stderr".to_owned()).spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = errors.read(&mut bytes) {
                let mut kept = keep.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(&bytes[..read]);
                let surplus = kept.len().saturating_sub(LAST_WORDS);
                kept.drain(..surplus);
            }
            drop(sender);
        });
        Self { kept, silent }
    }

    /// What was said last, on one line, once the pipe has ended.
    fn last(self) -> String {
        // Nothing is ever sent: the pipe's end drops the sender. A child of the plugin may keep it open.
        let _ = self.silent.recv_timeout(Duration::from_millis(200));
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.iter().copied().collect();
        String::from_utf8_lossy(&bytes).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
