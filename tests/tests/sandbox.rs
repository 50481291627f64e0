//! Hostile plugins: each is refused when it is loaded, or ends in a typed error of its own call, and its neighbours
//! notice nothing.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that finds something else than it says has failed"
)]

#[path = "sandbox/calls.rs"]
mod calls;
#[path = "sandbox/compiling.rs"]
mod compiling;
#[path = "../guests/mod.rs"]
mod guests;
#[path = "sandbox/loading.rs"]
mod loading;
#[path = "sandbox/publishing.rs"]
mod publishing;

use std::sync::OnceLock;

use paratope_domain::{Day, PayerError, payer::PayerProfile};
use paratope_runtime::{CallError, CompileWorker, LoadError, Origin, Plugin, Reply, Sandbox, SandboxSettings};

use guests::{Guest, answers};

/// The sandbox of every test that needs nothing special.
fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::new(settings()).unwrap())
}

fn settings() -> SandboxSettings {
    SandboxSettings { worker: Some(worker()), ..SandboxSettings::default() }
}

fn worker() -> CompileWorker {
    CompileWorker::new(env!("CARGO_BIN_EXE_compile-worker"), [] as [&str; 0])
}

fn load(guest: Guest) -> Plugin {
    try_load(&guest.build()).unwrap_or_else(|error| panic!("{}", sentence(&error)))
}

fn try_load(component: &[u8]) -> Result<Plugin, LoadError> {
    sandbox().load("guest", component, Origin::Foreign)
}

/// A plugin that honours the contract and knows nothing.
fn good() -> Guest {
    guests::payer().answers("profile", answers::profile(b"A good neighbour").build())
}

fn profile(plugin: &Plugin) -> Result<Reply<PayerProfile, PayerError>, CallError> {
    plugin.payer().unwrap().profile(day())
}

fn day() -> Day {
    "2026-03-05".parse().unwrap()
}

/// An error with its causes, as people see it.
fn sentence(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        sentence.push_str(&format!(": {error}"));
        cause = error.source();
    }
    sentence
}
