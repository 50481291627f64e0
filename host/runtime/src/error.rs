//! What can go wrong, as facts. No message holds anything of a request or of an answer.

use std::{path::PathBuf, time::Duration};

use crate::snapshot::Diagnostic;

/// The sandbox cannot be set up on this machine.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The engine refused its settings.
    #[error("the engine cannot start: {reason}")]
    Engine {
        /// What the engine said.
        reason: String,
    },
    /// The folder for compiled code cannot be made.
    #[error("the folder `{}` for compiled code cannot be made", path.display())]
    Cache {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A call that did not end in an answer of the plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It ran for too many instructions. The same call always ends this way.
    #[error("the call used up its fuel of {limit}")]
    Fuel {
        /// Units of fuel, about one for each instruction.
        limit: u64,
    },
    /// It ran past its deadline. Fuel normally ends a call long before.
    #[error("the call passed its deadline of {} ms", limit.as_millis())]
    Deadline {
        /// How long a call may take.
        limit: Duration,
    },
    /// It asked for more memory than a call may have.
    #[error("the call asked for more than its {limit} bytes of memory")]
    Memory {
        /// Bytes of memory a call may have.
        limit: usize,
    },
    /// It asked for larger tables than a call may have.
    #[error("the call asked for more than its {limit} table elements")]
    Table {
        /// Table elements a call may have.
        limit: usize,
    },
    /// It recursed too deeply.
    #[error("the call used up its stack of {limit} bytes")]
    Stack {
        /// Bytes of stack a call may have.
        limit: usize,
    },
    /// The request is too large. The plugin was not called.
    #[error("the request has about {size} bytes, more than the {limit} a call may carry")]
    Input {
        /// About how many bytes the request has.
        size: usize,
        /// Bytes a request may have.
        limit: usize,
    },
    /// The answer is too large.
    #[error("the answer has more than the {limit} bytes it may have")]
    Output {
        /// Bytes an answer may have.
        limit: usize,
    },
    /// The answer breaks the contract.
    #[error("the answer breaks the contract at `{path}`: {reason}")]
    Malformed {
        /// Where, from the top of the answer. Empty when it could not be read at all.
        path: String,
        /// How.
        reason: String,
    },
    /// The plugin failed.
    #[error("the plugin failed: {reason}")]
    Trapped {
        /// The kind of failure, in the engine's words.
        reason: String,
    },
    /// Every place is taken. The plugin was not called.
    #[error("{limit} calls are under way, which is all there is room for")]
    Busy {
        /// Calls that may run at once.
        limit: u32,
    },
    /// The sandbox itself failed.
    #[error("the sandbox failed: {reason}")]
    Sandbox {
        /// In the engine's words.
        reason: String,
    },
}

impl CallError {
    /// Its name in problems and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fuel { .. } => "fuel",
            Self::Deadline { .. } => "deadline",
            Self::Memory { .. } => "memory",
            Self::Table { .. } => "table",
            Self::Stack { .. } => "stack",
            Self::Input { .. } => "input",
            Self::Output { .. } => "output",
            Self::Malformed { .. } => "malformed",
            Self::Trapped { .. } => "trapped",
            Self::Busy { .. } => "busy",
            Self::Sandbox { .. } => "sandbox",
        }
    }
}

/// A component that was not loaded, and why.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is too large.
    #[error("the component has {size} bytes, more than the {limit} a plugin may have")]
    TooLarge {
        /// Bytes it has.
        size: usize,
        /// Bytes a plugin may have.
        limit: usize,
    },
    /// It is not WebAssembly, or not valid.
    #[error("it is not a valid component: {reason}")]
    Invalid {
        /// What is wrong, and at which byte.
        reason: String,
    },
    /// It is a core module.
    #[error("it is a core module, not a component")]
    CoreModule,
    /// One of its parts is larger than a plugin needs. See [`crate::inspect`] for the figures.
    #[error("it has {found} {what}, more than the {limit} a plugin may have")]
    Excess {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: u64,
        /// How much there may be.
        limit: u64,
    },
    /// It asks something of the host. Plugins get nothing but their requests.
    #[error("it imports `{name}`, and plugins import nothing")]
    Import {
        /// The import.
        name: String,
    },
    /// It was built for WASI, so it could reach for files, clocks or the network.
    #[error("it imports `{name}` of WASI, and plugins import nothing: build it for wasm32-unknown-unknown")]
    Wasi {
        /// The import.
        name: String,
    },
    /// It speaks a version of the contract that this host does not.
    #[error("it exports `{found}`, and this host speaks {supported}")]
    UnknownTrack {
        /// The export.
        found: String,
        /// The tracks this host speaks.
        supported: String,
    },
    /// It speaks several versions of one contract.
    #[error("it exports both `{first}` and `{second}`, and a plugin speaks one version")]
    MixedTracks {
        /// One export.
        first: String,
        /// The other.
        second: String,
    },
    /// It is a product plugin and a payer plugin at once.
    #[error("it exports both `{first}` and `{second}`, and a plugin is for a product or for a payer")]
    BothKinds {
        /// One export.
        first: String,
        /// The other.
        second: String,
    },
    /// It speaks no contract at all.
    #[error("it exports neither a product nor a payer; it exports {exports}")]
    NoContract {
        /// What it does export.
        exports: String,
    },
    /// It is an engine that was not given its documents.
    #[error("it is an engine without documents: it exports `{name}`")]
    Unconfigured {
        /// The export that gives it away.
        name: String,
    },
    /// The names are right, the types behind them are not.
    #[error("its function `{function}` does not have the types of {track}: {reason}")]
    WrongTypes {
        /// The function, or the interface when that is wrong.
        function: String,
        /// The track it claims to speak.
        track: String,
        /// What differs.
        reason: String,
    },
    /// It failed when it was started.
    #[error("it does not start")]
    Start(#[source] CallError),
    /// It could not be compiled.
    #[error("it cannot be compiled")]
    Compile(#[source] CompileError),
}

/// Why a component could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The component is not our own, and there is no process to compile it in.
    #[error("no compile worker is configured, and foreign components are never compiled in the host's own process")]
    NoWorker,
    /// The worker could not be started or spoken to.
    #[error("the compile worker `{}` cannot be used", program.display())]
    Worker {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It took too long and was stopped.
    #[error("compiling took more than {} ms", limit.as_millis())]
    Time {
        /// How long it may take.
        limit: Duration,
    },
    /// The worker died, most likely for want of memory.
    #[error("the compile worker stopped ({status}); it may use {memory_bytes} bytes of memory")]
    Died {
        /// How it ended.
        status: String,
        /// How much memory it may use.
        memory_bytes: u64,
    },
    /// The compiled code is too large.
    #[error("the compiled code has more than the {limit} bytes it may have")]
    TooLarge {
        /// Bytes it may have.
        limit: u64,
    },
    /// The compiler refused it.
    #[error("{reason}")]
    Refused {
        /// In the compiler's words.
        reason: String,
    },
}

/// Documents that did not become a plugin, and why.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The documents have errors.
    #[error("the documents have {} things to put right", .0.len())]
    Documents(Vec<Diagnostic>),
    /// The engine did not come to an end.
    #[error("the engine did not finish reading the documents")]
    Configure(#[source] CallError),
    /// The engine is not one this host can use.
    #[error("the engine cannot be used: {reason}")]
    Engine {
        /// What is wrong with it.
        reason: String,
    },
    /// The engine could not be compiled.
    #[error("the engine cannot be compiled")]
    Compile(#[source] CompileError),
}
