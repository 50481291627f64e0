//! Write a Paratope plugin in Rust.
//!
//! A plugin is a pure function: it imports nothing, and the same request gets the same answer for ever. Implement
//! [`product::Product`] or [`payer::Payer`], then name the type once with [`register_product!`] or
//! [`register_payer!`]. What is known about a case arrives as facts: read them with [`facts`], and judge declared
//! rules with [`criteria`], which keep unknown apart from unmet.
//!
//! Most plugins need no code: see `plugins/README.md` for documents.

#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub use wit_bindgen;

// The generated code names this crate as a plugin would.
extern crate self as paratope_sdk;

pub mod criteria;
pub mod document;
pub mod facts;
pub mod memory;
pub mod number;

/// The words both contracts share.
pub mod words {
    pub use crate::bindings::types::paratope::types::types::{
        Ask, Basis, Citation, Confidence, Day as IsoDay, Decimal, Edition, Fact, FactValue, Finding, FindingStatus,
        Need, Period, PhaseKind, Quantity, Statement, VialUse,
    };
}

/// The product contract: implement [`product::Product`].
pub mod product {
    pub use crate::bindings::product::exports::paratope::product::product::{
        Amount, Anchor, BillingCode, CodeRole, Container, CycleLimit, DoseBilling, DoseRequirements, DoseWindow, Error,
        GivenDose, Guest as Product, Indication, ManageAction, ManageRequest, Management, Medication, Monitoring,
        NextAction, NextDoseChange, NextDoseRequest, NextStep, Phase, PlanRequest, PlannedDose, Presentation,
        ProductMonograph, Regimen, RemsProgram, RemsStatus, Requirement, RequirementsRequest, ToxicityEvent,
        ToxicityRate, TreatmentPlan,
    };
}

/// The payer contract: implement [`payer::Payer`].
pub mod payer {
    pub use crate::bindings::payer::exports::paratope::payer::payer::{
        AssessRequest, Assessment, Bill, BillLine, BillingRequest, Channel, Clock, Coverage, Document, Duration, Error,
        ExpectedOutcome, Exposure, ExposureResult, Guest as Payer, Limit, LinkedDrug, Measure, MissingEffect, Operator,
        PayerProfile, Policy, PreferRequest, Preference, Preferred, RequestLine, Span, Stage, SubjectKind, Terms, Tier,
        TierProduct, Window,
    };
}

/// How the host hands documents to an engine. Only engines implement it.
pub mod configure {
    pub use crate::bindings::configure::exports::paratope::engine::configure::{
        Diagnostic, Document, Guest as Configure, Severity, Summary,
    };
}

/// Makes `$plugin`, which implements [`product::Product`], the plugin of this crate.
#[macro_export]
macro_rules! register_product {
    ($plugin:ident) => {
        #[cfg(target_family = "wasm")]
        $crate::bindings::product::export_product!($plugin with_types_in $crate::bindings::product);
    };
}

/// Makes `$plugin`, which implements [`payer::Payer`], the plugin of this crate.
#[macro_export]
macro_rules! register_payer {
    ($plugin:ident) => {
        #[cfg(target_family = "wasm")]
        $crate::bindings::payer::export_payer!($plugin with_types_in $crate::bindings::payer);
    };
}

/// Makes `$engine`, which implements [`configure::Configure`], what the host configures.
#[doc(hidden)]
#[macro_export]
macro_rules! register_configure {
    ($engine:ident) => {
        #[cfg(target_family = "wasm")]
        $crate::bindings::configure::export_configure!($engine with_types_in $crate::bindings::configure);
    };
}
