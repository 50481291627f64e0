//! How documents become a plugin: an engine reads them in the sandbox, and what it then holds in memory is written
//! into a new component. No parser runs when the plugin is called, and nobody needed a compiler.
//!
//! The same engine and documents make the same bytes.

mod finish;

use std::{future::Future, pin::pin, sync::Arc, task};

use wasmtime::{
    Store,
    component::{Component, Instance, Lift, Linker, WasmList},
};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

use crate::{
    Limits, Origin, SnapshotError,
    compile::Compiler,
    digest,
    engine::{FEATURES, Host},
    guest,
    limits::Meter,
};

mod generated {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/product", "../../wit/payer", "../../wit/engine"],
        inline: "package paratope:runtime; world configurable { export paratope:engine/configure@0.1.0; }",
        world: "paratope:runtime/configurable",
    });
}

use generated::exports::paratope::engine::configure as wit;

/// The interface by which an engine takes documents. Finished plugins do not export it.
const CONFIGURE: &str = "paratope:engine/configure@0.1.0";

/// A document of a plugin's folder.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Document {
    /// Path within the folder, such as `label/2026-03-05.toml`.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The documents do not become a plugin.
    Error,
    /// They do, and someone should look.
    Warning,
}

/// Something to put right, and where.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Diagnostic {
    /// The document.
    pub path: String,
    /// 1 for the first line.
    pub line: u32,
    /// 1 for the first column, counted in characters.
    pub column: u32,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What would be accepted, when that can be said.
    pub help: Option<String>,
}

/// What was made of the documents.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// Product or payer id.
    pub subject: String,
    /// The editions it holds.
    pub editions: Vec<String>,
    /// How many rules it holds.
    pub rules: u32,
    /// What someone should look at.
    pub warnings: Vec<Diagnostic>,
}

/// A plugin made from documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The plugin's bytes.
    pub component: Vec<u8>,
    /// What it holds.
    pub summary: Summary,
}

/// An engine that makes plugins from documents, compiled once and used for every publish.
pub struct DocumentEngine {
    component: Vec<u8>,
    compiled: Component,
    host: Arc<Host>,
    limits: Limits,
}

impl DocumentEngine {
    pub(crate) fn new(component: &[u8], limits: Limits, compiler: &Compiler) -> Result<Self, SnapshotError> {
        let host = Host::on_demand(&limits).map_err(unusable)?;
        let (_, instrumented) = wizer().instrument_component(component).map_err(unusable)?;
        let digest = digest(&instrumented);
        let compiled = match compiler.find(host.engine(), &digest) {
            Some((compiled, _)) => compiled,
            None => compiler
                .compile(host.engine(), &instrumented, &digest, Origin::Snapshot, None)
                .map_err(SnapshotError::Compile)?,
        };
        Ok(Self { component: component.to_vec(), compiled, host: Arc::new(host), limits })
    }

    /// Makes a plugin of `documents`, or says what is wrong with them.
    pub fn snapshot(&self, documents: &[Document]) -> Result<Snapshot, SnapshotError> {
        let size = documents.iter().map(|document| document.path.len() + document.text.len()).sum();
        self.limits.check_input(size).map_err(SnapshotError::Configure)?;

        let mut store = guest::open(&self.host, &self.limits);
        let failed = |store: &Store<Meter>, error: &wasmtime::Error| {
            SnapshotError::Configure(guest::explain(&self.limits, store, error))
        };
        let started = Linker::new(self.host.engine())
            .instantiate_pre(&self.compiled)
            .and_then(|pre| Ok((generated::ConfigurableIndices::new(&pre)?, pre)))
            .map_err(unusable)?;
        let instance = started
            .1
            .instantiate(&mut store)
            .map_err(|error| SnapshotError::Configure(guest::explain_start(&self.limits, &store, &error)))?;
        let engine = started.0.load(&mut store, &instance).map_err(unusable)?;

        let documents: Vec<_> = documents.iter().map(wit::Document::from).collect();
        let outcome = engine
            .paratope_engine_configure()
            .call_configure(&mut store, &documents)
            .map_err(|error| failed(&store, &error))?;
        let summary = match outcome {
            Ok(summary) => Summary::from(summary),
            Err(diagnostics) => {
                return Err(SnapshotError::Documents(diagnostics.into_iter().map(Diagnostic::from).collect()));
            }
        };

        let component = self.freeze(store, instance)?;
        Ok(Snapshot { component, summary })
    }

    /// Writes what `instance` holds into a component.
    fn freeze(&self, mut store: Store<Meter>, instance: Instance) -> Result<Vec<u8>, SnapshotError> {
        // Reading memory out costs fuel and time of its own.
        let _ = store.set_fuel(self.limits.fuel);
        // The memory is read as one list, and it may be as large as a memory may be.
        store.set_hostcall_fuel(self.limits.memory_bytes);
        let wizer = wizer();
        let (context, _) = wizer.instrument_component(&self.component).map_err(unusable)?;
        let mut state = State { store, instance, failure: None };
        let snapshot = at_once(wizer.snapshot_component(&context, &mut state));
        if let Some(failure) = state.failure {
            return Err(unusable(failure));
        }
        let snapshot = snapshot.ok_or_else(|| unusable("the snapshot did not end"))?.map_err(unusable)?;
        let component = finish::without_export(&snapshot, CONFIGURE).map_err(unusable)?;
        wasmparser::Validator::new_with_features(FEATURES).validate_all(&component).map_err(unusable)?;
        Ok(component)
    }
}

fn wizer() -> Wizer {
    let mut wizer = Wizer::new();
    wizer.keep_init_func(true);
    wizer
}

fn unusable(reason: impl std::fmt::Display) -> SnapshotError {
    SnapshotError::Engine { reason: format!("{reason:#}") }
}

/// The result of a future that never waits. `None` if it would.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut task::Context::from_waker(task::Waker::noop())) {
        task::Poll::Ready(output) => Some(output),
        task::Poll::Pending => None,
    }
}

/// What Wizer asks of a running instance: to call the accessors it put there. It takes no failure for an answer, so
/// the first failure is kept and the snapshot thrown away.
struct State {
    store: Store<Meter>,
    instance: Instance,
    failure: Option<wasmtime::Error>,
}

impl State {
    fn call<R: Lift + Send + Sync + 'static>(&mut self, instance: &str, function: &str) -> Option<R> {
        let called = (|| {
            let missing = || wasmtime::format_err!("the accessor `{function}` is not there");
            let instance = self.instance.get_export_index(&mut self.store, None, instance).ok_or_else(missing)?;
            let function =
                self.instance.get_export_index(&mut self.store, Some(&instance), function).ok_or_else(missing)?;
            let function = self.instance.get_typed_func::<(), (R,)>(&mut self.store, function)?;
            function.call(&mut self.store, ())
        })();
        match called {
            Ok((value,)) => Some(value),
            Err(failure) => {
                self.failure.get_or_insert(failure);
                None
            }
        }
    }
}

impl ComponentInstanceState for State {
    async fn call_func_ret_list_u8(&mut self, instance: &str, func: &str, contents: impl FnOnce(&[u8]) + Send) {
        match self.call::<WasmList<u8>>(instance, func) {
            Some(list) => contents(list.as_le_slice(&self.store)),
            None => contents(&[]),
        }
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.call(instance, func).unwrap_or_default()
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.call(instance, func).unwrap_or_default()
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.call::<f32>(instance, func).unwrap_or_default().to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.call::<f64>(instance, func).unwrap_or_default().to_bits()
    }
}

impl From<&Document> for wit::Document {
    fn from(document: &Document) -> Self {
        Self { path: document.path.clone(), text: document.text.clone() }
    }
}

impl From<wit::Diagnostic> for Diagnostic {
    fn from(diagnostic: wit::Diagnostic) -> Self {
        let wit::Diagnostic { path, line, column, severity, message, help } = diagnostic;
        let severity = match severity {
            wit::Severity::Error => Severity::Error,
            wit::Severity::Warning => Severity::Warning,
        };
        Self { path, line, column, severity, message, help }
    }
}

impl From<wit::Summary> for Summary {
    fn from(summary: wit::Summary) -> Self {
        let wit::Summary { subject, editions, rules, warnings } = summary;
        Self { subject, editions, rules, warnings: warnings.into_iter().map(Diagnostic::from).collect() }
    }
}
