//! The policy engine: policy documents become a payer plugin.
//!
//! As a component it is configured once with the documents of a plugin folder and then answers as that payer. As a
//! library, with the feature `component` off, [`Policies`] is the same engine without a component around it: native
//! tests, measurements and code plugins compile documents and call it. Nothing here knows a product or a payer: what
//! is known stands in documents.

use std::sync::OnceLock;

use paratope_sdk::configure::{Configure, Diagnostic, Document, Summary};
use paratope_sdk::payer::{
    AssessRequest, Assessment, Bill, BillingRequest, Error, Payer, PayerProfile, PreferRequest, Preferred,
};
use paratope_sdk::words::IsoDay;

mod assess;
mod billing;
mod compile;
pub mod document;
mod evidence;
mod limits;
mod policy;
mod prefer;
mod profile;
mod request;
mod terms;

pub use assess::Draft;
pub use policy::{Policies, Policy};

/// What `configure` made. Snapshotted with the instance.
static CONFIGURED: OnceLock<Policies> = OnceLock::new();

/// The engine as a plugin.
#[derive(Debug)]
pub struct PolicyEngine;

#[cfg(feature = "component")]
paratope_sdk::register_payer!(PolicyEngine);
#[cfg(feature = "component")]
paratope_sdk::register_configure!(PolicyEngine);

impl Configure for PolicyEngine {
    fn configure(documents: Vec<Document>) -> Result<Summary, Vec<Diagnostic>> {
        let (policies, warnings) = Policies::compile_noting(&documents)?;
        let summary = Summary {
            subject: policies.payer.clone(),
            editions: policies
                .editions
                .iter()
                .map(|edition| format!("{} {}", edition.content.record.id, edition.edition.id))
                .collect(),
            rules: policies.rules(),
            warnings,
        };
        match CONFIGURED.set(policies) {
            Ok(()) => {
                paratope_sdk::memory::seal();
                Ok(summary)
            }
            Err(_) => Err(vec![compile::misplaced("payer.toml", "the engine is configured already")]),
        }
    }
}

impl Payer for PolicyEngine {
    fn profile(as_of: IsoDay) -> Result<PayerProfile, Error> {
        configured()?.profile(&as_of)
    }

    fn assess(request: AssessRequest) -> Result<Assessment, Error> {
        configured()?.assess(&request)
    }

    fn prefer(request: PreferRequest) -> Result<Preferred, Error> {
        configured()?.prefer(&request)
    }

    fn billing(request: BillingRequest) -> Result<Bill, Error> {
        configured()?.billing(&request)
    }
}

fn configured() -> Result<&'static Policies, Error> {
    CONFIGURED.get().ok_or_else(|| Error::Other("not configured".to_owned()))
}

/// The JSON Schema of a policy document, for editors and forms.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(document::PolicyDocument)
}

/// The JSON Schema of `payer.toml`.
#[cfg(feature = "schema")]
#[must_use]
pub fn payer_schema() -> schemars::Schema {
    schemars::schema_for!(document::PayerDocument)
}
