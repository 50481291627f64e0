//! The sandbox: it runs plugins, which are WebAssembly components that import nothing, and keeps them from doing
//! harm. No other crate sees wasmtime.
//!
//! A [`Sandbox`] loads bytes as a [`Plugin`]; a [`Registry`] keeps the installed ones; a [`Product`] or [`Payer`]
//! answers calls. Every call gets a fresh instance within [`Limits`] and leaves nothing behind, so the same
//! request gets the same answer. Everything here blocks: call it from a thread that may.

mod compile;
mod contract;
mod engine;
mod error;
mod guest;
mod inspect;
mod limits;
mod load;
mod registry;
mod snapshot;

use paratope_domain::{
    Day, PayerError, ProductError,
    payer::{AssessRequest, Assessment, Bill, BillingRequest, PayerProfile, PreferRequest, Preferred},
    product::{
        DoseRequirements, ManageRequest, Management, NextDoseRequest, NextStep, PlanRequest, ProductMonograph,
        RequirementsRequest, TreatmentPlan,
    },
};

pub use self::{
    compile::{CompileWorker, compile_worker_main},
    contract::{Kind, Track},
    error::{CallError, CompileError, LoadError, SetupError, SnapshotError},
    inspect::{Inspection, digest, inspect},
    limits::Limits,
    load::{Origin, Plugin, Sandbox, SandboxSettings},
    registry::Registry,
    snapshot::{Diagnostic, Document, DocumentEngine, Severity, Snapshot, Summary},
};

/// What a call came back with: the plugin's answer, or its reason for having none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<T, E> {
    /// What the plugin said.
    pub answer: Result<T, E>,
    /// What it took.
    pub stats: CallStats,
}

/// What a call took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallStats {
    /// Units of fuel, about one for each instruction. The same for the same call on every machine.
    pub fuel_used: u64,
}

/// Answers what a product's label asks. Pure: the same request gets the same answer.
pub trait Product: Send + Sync {
    /// Everything the edition in force on `as_of` says that does not depend on a patient.
    fn monograph(&self, as_of: Day) -> Result<Reply<ProductMonograph, ProductError>, CallError>;

    /// Plans a course dose by dose.
    fn plan(&self, request: &PlanRequest) -> Result<Reply<TreatmentPlan, ProductError>, CallError>;

    /// Tells the next dose from what was given.
    fn next_dose(&self, request: &NextDoseRequest) -> Result<Reply<NextStep, ProductError>, CallError>;

    /// Tells what to do about a toxicity.
    fn manage(&self, request: &ManageRequest) -> Result<Reply<Management, ProductError>, CallError>;

    /// Judges what must be true before a dose.
    fn requirements(&self, request: &RequirementsRequest) -> Result<Reply<DoseRequirements, ProductError>, CallError>;
}

/// Answers what a payer wants before it pays. Pure: the same request gets the same answer.
pub trait Payer: Send + Sync {
    /// Who the payer is, and the policies in force on `as_of`.
    fn profile(&self, as_of: Day) -> Result<Reply<PayerProfile, PayerError>, CallError>;

    /// Judges a request against the policy in force on its service day.
    fn assess(&self, request: &AssessRequest) -> Result<Reply<Assessment, PayerError>, CallError>;

    /// Tells the order of preference in a class.
    fn prefer(&self, request: &PreferRequest) -> Result<Reply<Preferred, PayerError>, CallError>;

    /// Tells how a dose is billed.
    fn billing(&self, request: &BillingRequest) -> Result<Reply<Bill, PayerError>, CallError>;
}
