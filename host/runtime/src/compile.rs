//! Compiling, the one thing a component can do to a host before any limit of a call holds.
//!
//! Components of strangers are compiled by a worker process that is stopped when it takes too long or too much
//! memory. The result is kept on disk and verified before it is used; the host only maps it. Mapped code is shared
//! with the page cache, so an idle plugin costs little memory.

mod functions;

use std::{
    fs,
    hash::{Hash, Hasher},
    io::{self, Read, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use wasmtime::{Engine, component::Component};

pub(crate) use self::functions::Functions;
use crate::{CompileError, Inspection, Limits, Origin, SetupError, digest, engine::Host, inspect::printable};

/// Bytes of compiled code. It is a few times larger than the component.
const MAX_CODE_BYTES: u64 = 256 * 1024 * 1024;

/// How often a working compile worker is looked at.
const POLL: Duration = Duration::from_millis(2);

/// Bytes of what a failing worker says that are kept.
const MAX_COMPLAINT_BYTES: u64 = 2_000;

/// Compiles components and keeps what it compiled.
pub(crate) struct Compiler {
    cache: Option<PathBuf>,
    worker: Option<CompileWorker>,
}

impl Compiler {
    pub(crate) fn new(cache: Option<PathBuf>, worker: Option<CompileWorker>) -> Result<Self, SetupError> {
        if let Some(path) = &cache {
            // Code in this folder is run, so nobody else may write there.
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(|source| SetupError::Cache { path: path.clone(), source })?;
        }
        Ok(Self { cache, worker })
    }

    /// The code of a component that was compiled before, and what was seen of the component then.
    pub(crate) fn find(&self, engine: &Engine, component_digest: &str) -> Option<(Component, Option<Inspection>)> {
        Entry::new(self.cache.as_deref()?, engine, component_digest).find(engine)
    }

    /// Compiles `component` and keeps its code.
    pub(crate) fn compile(
        &self,
        engine: &Engine,
        component: &[u8],
        component_digest: &str,
        origin: Origin,
        inspection: Option<&Inspection>,
    ) -> Result<Component, CompileError> {
        let code = match origin {
            Origin::Snapshot => engine.precompile_component(component).map_err(refused)?,
            Origin::Foreign => self.worker.as_ref().ok_or(CompileError::NoWorker)?.compile(component)?,
        };
        match &self.cache {
            Some(folder) => Entry::new(folder, engine, component_digest).keep(engine, &code, inspection),
            None => map_bytes(engine, &code),
        }
        .map_err(refused)
    }
}

fn refused(error: wasmtime::Error) -> CompileError {
    CompileError::Refused { reason: printable(&format!("{error:#}")) }
}

/// Where one component's code is kept for one engine: a file with the code, and beside it a note.
struct Entry {
    code: PathBuf,
    note: PathBuf,
}

/// What is noted of kept code.
#[derive(serde::Serialize, serde::Deserialize)]
struct Note {
    /// The digest of the code.
    code: String,
    /// What was seen of the component. Engines are not inspected.
    inspection: Option<Inspection>,
}

impl Entry {
    fn new(folder: &Path, engine: &Engine, component_digest: &str) -> Self {
        let mut hasher = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        // Another version of this host may look at components differently.
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        let component = component_digest.rsplit(':').next().unwrap_or_default();
        let name = format!("{component}-{:016x}", hasher.finish());
        Self { code: folder.join(format!("{name}.code")), note: folder.join(format!("{name}.json")) }
    }

    /// The code, if it is there and is what was kept. Anything else is compiled again.
    fn find(&self, engine: &Engine) -> Option<(Component, Option<Inspection>)> {
        let note = fs::read(&self.note).ok()?;
        match self.verify(&note).and_then(|note| Ok((map_file(engine, &self.code).map_err(text)?, note.inspection))) {
            Ok(found) => Some(found),
            Err(reason) => {
                tracing::warn!(file = %self.code.display(), reason, "compiled code is not usable; compiling again");
                None
            }
        }
    }

    fn verify(&self, note: &[u8]) -> Result<Note, String> {
        let note: Note = serde_json::from_slice(note).map_err(text)?;
        let code = fs::read(&self.code).map_err(text)?;
        if digest(&code) == note.code { Ok(note) } else { Err("it is not what was kept".to_owned()) }
    }

    /// Keeps `code` and maps it. When it cannot be kept it is used all the same, and the log says so.
    fn keep(&self, engine: &Engine, code: &[u8], inspection: Option<&Inspection>) -> wasmtime::Result<Component> {
        let note = Note { code: digest(code), inspection: inspection.cloned() };
        // The note goes last: code without one is never used.
        let kept = serde_json::to_vec(&note)
            .map_err(io::Error::from)
            .and_then(|note| replace(&self.code, code).and_then(|()| replace(&self.note, &note)));
        match kept {
            Ok(()) => map_file(engine, &self.code),
            Err(error) => {
                tracing::warn!(file = %self.code.display(), %error, "compiled code cannot be kept");
                map_bytes(engine, code)
            }
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Writes a file whole or not at all.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let draft = path.with_extension(format!("{}-{serial}.draft", std::process::id()));
    let written = fs::write(&draft, content).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // What is left behind is never read, so failing to clean up is no second error.
        let _ = fs::remove_file(&draft);
    }
    written
}

#[expect(unsafe_code, reason = "mapping compiled code cannot be checked by the compiler; see SAFETY")]
fn map_file(engine: &Engine, code: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file holds what wasmtime made of a component, in this process or in our worker, and its digest was
    // verified since. It lies in a folder only this host writes, which never changes a file in place. Wasmtime itself
    // checks that it was made by the same version with the same settings.
    unsafe { Component::deserialize_file(engine, code) }
}

#[expect(unsafe_code, reason = "mapping compiled code cannot be checked by the compiler; see SAFETY")]
fn map_bytes(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `code` is what wasmtime made of a component a moment ago, in this process or in our worker. Wasmtime
    // itself checks that it was made by the same version with the same settings.
    unsafe { Component::deserialize(engine, code) }
}

/// Names an engine's settings in a file name.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.clone().finalize().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }
}

/// A program that compiles one component and ends: its body is [`compile_worker_main`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileWorker {
    /// The program, normally the host's own.
    pub program: PathBuf,
    /// What makes the program a compile worker.
    pub args: Vec<String>,
    /// How long it may take.
    pub time: Duration,
    /// How much memory it may use.
    pub memory_bytes: u64,
}

impl CompileWorker {
    /// A worker with room for any engine we know, and not for much more.
    pub fn new(program: impl Into<PathBuf>, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            time: Duration::from_secs(20),
            memory_bytes: 512 * 1024 * 1024,
        }
    }

    fn compile(&self, component: &[u8]) -> Result<Vec<u8>, CompileError> {
        let unusable = |source| CompileError::Worker { program: self.program.clone(), source };
        let mut child = Command::new(&self.program)
            .args(&self.args)
            .env_clear()
            // A compiler with a thread for each of many cores would need more address space than it may have.
            .envs([("RAYON_NUM_THREADS", "2"), ("MALLOC_ARENA_MAX", "2")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(unusable)?;
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(unusable(io::Error::other("its pipes are missing")));
        };
        let order = Order { time: self.time, memory_bytes: self.memory_bytes };

        let (status, code, complaint) = thread::scope(|scope| {
            // Each pipe has a thread, so that neither side ever waits for the other with a full pipe.
            scope.spawn(move || {
                // A worker that dies early closes the pipe; its status says why.
                let _ = stdin.write_all(&order.to_bytes()).and_then(|()| stdin.write_all(component));
            });
            let code = scope.spawn(move || read_at_most(stdout, MAX_CODE_BYTES + 1));
            let complaint = scope.spawn(move || read_at_most(stderr, MAX_COMPLAINT_BYTES));
            let status = wait(&mut child, self.time);
            (status, code.join(), complaint.join())
        });

        let status = status.map_err(unusable)?.ok_or(CompileError::Time { limit: self.time })?;
        let (Ok(code), Ok(complaint)) = (code, complaint) else {
            return Err(unusable(io::Error::other("its answer could not be read")));
        };
        match status.code() {
            Some(0) if code.len() as u64 > MAX_CODE_BYTES => Err(CompileError::TooLarge { limit: MAX_CODE_BYTES }),
            Some(0) => Ok(code),
            Some(code) if code == i32::from(REFUSED) => {
                Err(CompileError::Refused { reason: printable(String::from_utf8_lossy(&complaint).trim()) })
            }
            Some(code) if code == i32::from(UNABLE) => {
                Err(unusable(io::Error::other(printable(String::from_utf8_lossy(&complaint).trim()))))
            }
            _ => Err(CompileError::Died { status: status.to_string(), memory_bytes: self.memory_bytes }),
        }
    }
}

/// Waits for `child` to end. `None` when it took longer than `time` and was stopped.
fn wait(child: &mut Child, time: Duration) -> io::Result<Option<std::process::ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > time {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

fn read_at_most(mut pipe: impl Read, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What was read before a failure is enough: the worker's status says whether it counts.
    let _ = pipe.by_ref().take(limit).read_to_end(&mut bytes);
    // The rest is drained, so that a worker with too much to say ends instead of waiting.
    let _ = io::copy(&mut pipe, &mut io::sink());
    bytes
}

/// How the worker says that the component, and not the worker, is at fault.
const REFUSED: u8 = 65;

/// How the worker says that it, and not the component, is at fault.
const UNABLE: u8 = 70;

/// What a worker is told before it gets a component: what it may use up.
struct Order {
    time: Duration,
    memory_bytes: u64,
}

impl Order {
    const BYTES: usize = 16;

    fn to_bytes(&self) -> [u8; Self::BYTES] {
        let seconds = self.time.as_secs().saturating_add(1);
        let mut bytes = [0; Self::BYTES];
        let (first, second) = bytes.split_at_mut(Self::BYTES / 2);
        first.copy_from_slice(&seconds.to_le_bytes());
        second.copy_from_slice(&self.memory_bytes.to_le_bytes());
        bytes
    }

    /// Reads an order and binds this process to it.
    fn obey(mut input: impl Read) -> io::Result<()> {
        let mut number = || {
            let mut bytes = [0; Self::BYTES / 2];
            input.read_exact(&mut bytes).map(|()| u64::from_le_bytes(bytes))
        };
        let (seconds, memory_bytes) = (number()?, number()?);
        // Processor time of both threads, should the host die and no longer watch the clock.
        let processor_seconds = seconds.saturating_mul(2);
        for (resource, limit) in [
            (rlimit::Resource::AS, memory_bytes),
            (rlimit::Resource::CPU, processor_seconds),
            (rlimit::Resource::CORE, 0),
        ] {
            resource.set(limit, limit)?;
        }
        Ok(())
    }
}

/// The body of a [`CompileWorker`]: reads a component from standard input, writes its code to standard output.
///
/// Before it looks at the component it limits its own memory and time, for good.
pub fn compile_worker_main() -> ExitCode {
    let mut stdin = io::stdin().lock();
    let compiled = (|| {
        Order::obey(&mut stdin).map_err(|error| (UNABLE, error.to_string()))?;
        let mut component = Vec::new();
        stdin.read_to_end(&mut component).map_err(|error| (UNABLE, error.to_string()))?;
        let host = Host::on_demand(&Limits::PUBLISH).map_err(|error| (UNABLE, error.to_string()))?;
        let code = host.engine().precompile_component(&component).map_err(|error| (REFUSED, format!("{error:#}")))?;
        io::stdout().lock().write_all(&code).map_err(|error| (UNABLE, error.to_string()))
    })();
    match compiled {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, reason)) => {
            // Nobody is left to tell when even this fails; the status still does.
            let _ = writeln!(io::stderr(), "{reason}");
            ExitCode::from(code)
        }
    }
}
