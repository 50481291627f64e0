//! The label engine: label documents to a product's answers.
//!
//! A label document is one edition of one product's prescribing information, written as data by people who cite what
//! they read. [`Labels::compile`] checks the editions of a product; its methods answer the product contract. Nothing
//! is guessed: what a document marks as unknown, or does not say, is answered with a question for a pharmacist.
//!
//! As a component the engine is configured once by the host, which then keeps the configured instance. A code plugin
//! may use it as a library instead: switch the feature `component` off and implement the contract on [`Labels`].

use std::sync::OnceLock;

use paratope_sdk::configure::{Configure, Diagnostic, Document, Summary};
use paratope_sdk::product::{
    DoseRequirements, Error, ManageRequest, Management, NextDoseRequest, NextStep, PlanRequest, Product,
    ProductMonograph, RequirementsRequest, TreatmentPlan,
};

pub mod document;

mod amount;
mod compile;
mod course;
mod dose;
mod history;
mod judge;
mod label;
mod labels;
mod manage;
mod monograph;
mod next_dose;
mod plan;
mod requirements;
mod schedule;

pub use label::Label;
pub use labels::Labels;

/// The labels this instance answers from. Set once, by `configure`.
static LABELS: OnceLock<Labels> = OnceLock::new();

/// The engine as a component.
#[derive(Debug)]
pub struct LabelEngine;

impl Configure for LabelEngine {
    fn configure(documents: Vec<Document>) -> Result<Summary, Vec<Diagnostic>> {
        let labels = Labels::compile(&documents)?;
        let summary = labels.summary();
        match LABELS.set(labels) {
            Ok(()) => {
                paratope_sdk::memory::seal();
                Ok(summary)
            }
            Err(_) => {
                let message = "this instance is configured already".to_owned();
                Err(vec![compile::problem("label", message, Some("configure a new instance".to_owned()))])
            }
        }
    }
}

impl Product for LabelEngine {
    fn monograph(as_of: String) -> Result<ProductMonograph, Error> {
        configured()?.monograph(&as_of)
    }

    fn plan(request: PlanRequest) -> Result<TreatmentPlan, Error> {
        configured()?.plan(&request)
    }

    fn next_dose(request: NextDoseRequest) -> Result<NextStep, Error> {
        configured()?.next_dose(&request)
    }

    fn manage(request: ManageRequest) -> Result<Management, Error> {
        configured()?.manage(&request)
    }

    fn requirements(request: RequirementsRequest) -> Result<DoseRequirements, Error> {
        configured()?.requirements(&request)
    }
}

fn configured() -> Result<&'static Labels, Error> {
    LABELS.get().ok_or_else(|| Error::Other("not configured".to_owned()))
}

/// The JSON Schema of a label document, for editors and forms.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(document::LabelDocument)
}

#[cfg(feature = "component")]
paratope_sdk::register_product!(LabelEngine);
#[cfg(feature = "component")]
paratope_sdk::register_configure!(LabelEngine);
