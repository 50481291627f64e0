//! From bytes to a plugin: looked at, compiled, started for a trial.

use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use wasmtime::component::Linker;

use crate::{
    DocumentEngine, Inspection, Kind, Limits, LoadError, Payer, Product, SetupError, SnapshotError, Track,
    compile::{CompileWorker, Compiler},
    contract::{self, Speaker},
    engine::Host,
    guest::Guest,
    inspect,
    limits::Meter,
};

/// What the sandbox allows, and where it works.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// What one call of a plugin may use up.
    pub calls: Limits,
    /// What an engine may use up while it reads documents.
    pub publishing: Limits,
    /// How many calls may run at once. Each has a slot of memory set aside, so one more is refused as busy.
    pub concurrent_calls: u32,
    /// A folder for compiled code, for this host alone: code in it is run. Without it every start compiles anew.
    pub cache: Option<PathBuf>,
    /// How foreign components are compiled. Without it they are refused.
    pub worker: Option<CompileWorker>,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self { calls: Limits::CALL, publishing: Limits::PUBLISH, concurrent_calls: 128, cache: None, worker: None }
    }
}

/// Where a component comes from, which decides how it may be compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Made from documents by this host's own engines. Compiled in this process.
    Snapshot,
    /// Made by anyone else. Compiling is the one thing a component can do to a host before any limit of a call
    /// holds, so it is compiled by a process that may be killed.
    Foreign,
}

/// Loads components and runs their calls. Clones are cheap and share everything.
#[derive(Clone)]
pub struct Sandbox {
    host: Arc<Host>,
    limits: Arc<Limits>,
    publishing: Limits,
    compiler: Arc<Compiler>,
}

impl Sandbox {
    /// Sets aside what calls will need.
    pub fn new(settings: SandboxSettings) -> Result<Self, SetupError> {
        let SandboxSettings { calls, publishing, concurrent_calls, cache, worker } = settings;
        Ok(Self {
            host: Arc::new(Host::for_calls(&calls, concurrent_calls)?),
            limits: Arc::new(calls),
            publishing,
            compiler: Arc::new(Compiler::new(cache, worker)?),
        })
    }

    /// Makes a plugin of `component`, to be installed as `name`.
    ///
    /// A component that passes has every function of its contract, with the right types, and has been started
    /// once. None of its functions has been called.
    pub fn load(&self, name: &str, component: &[u8], origin: Origin) -> Result<Plugin, LoadError> {
        inspect::check_size(component)?;
        let engine = self.host.engine();
        let digest = inspect::digest(component);
        // What was inspected once and is kept need not be inspected again: starts with many plugins stay short.
        let (compiled, inspection) = match self.compiler.find(engine, &digest) {
            Some((compiled, Some(inspection))) => (compiled, inspection),
            _ => {
                let inspection = inspect::inspect(component)?;
                let compiled = self
                    .compiler
                    .compile(engine, component, &digest, origin, Some(&inspection))
                    .map_err(LoadError::Compile)?;
                (compiled, inspection)
            }
        };
        let track = inspection.track;
        let linker = Linker::<Meter>::new(engine);
        let pre = linker.instantiate_pre(&compiled).map_err(|error| LoadError::WrongTypes {
            function: inspection.interface.clone(),
            track: track.to_string(),
            reason: inspect::printable(&format!("{error:#}")),
        })?;
        let fuel = Arc::new(AtomicU64::new(0));
        let (host, limits) = (Arc::clone(&self.host), Arc::clone(&self.limits));
        let guest = Guest::new(pre, host, limits, track, &inspection.interface, Arc::clone(&fuel))?;
        let speaker = contract::bind(track, guest)?;
        Ok(Plugin { name: name.to_owned(), inspection, speaker, fuel })
    }

    /// Prepares an engine that makes plugins from documents. Engines are part of the host and are trusted.
    pub fn document_engine(&self, component: &[u8]) -> Result<DocumentEngine, SnapshotError> {
        DocumentEngine::new(component, self.publishing.clone(), &self.compiler)
    }
}

/// A component that can be called.
pub struct Plugin {
    name: String,
    inspection: Inspection,
    speaker: Speaker,
    fuel: Arc<AtomicU64>,
}

impl Plugin {
    /// The name it is installed under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The digest of its bytes, `sha256:` and 64 hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.inspection.digest
    }

    /// What it is for.
    pub fn kind(&self) -> Kind {
        self.track().kind()
    }

    /// The contract it speaks.
    pub fn track(&self) -> Track {
        self.inspection.track
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        self.inspection.size
    }

    /// What was seen of it before it was compiled.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// Units of fuel that its calls used up since it was loaded, about one for each instruction.
    pub fn fuel_used(&self) -> u64 {
        self.fuel.load(Ordering::Relaxed)
    }

    /// The plugin as a product. `None` for a payer.
    pub fn product(&self) -> Option<&dyn Product> {
        match &self.speaker {
            Speaker::Product(product) => Some(product.as_ref()),
            Speaker::Payer(_) => None,
        }
    }

    /// The plugin as a payer. `None` for a product.
    pub fn payer(&self) -> Option<&dyn Payer> {
        match &self.speaker {
            Speaker::Payer(payer) => Some(payer.as_ref()),
            Speaker::Product(_) => None,
        }
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("name", &self.name).field("inspection", &self.inspection).finish_non_exhaustive()
    }
}
