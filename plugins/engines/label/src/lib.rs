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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_answered_before_the_engine_is_configured_and_it_is_configured_once() {
        let told = LabelEngine::monograph("2026-06-01".to_owned());
        assert!(matches!(told, Err(Error::Other(why)) if why == "not configured"));
        assert!(LabelEngine::configure(Vec::new()).is_err(), "no document, no label");
        let text = include_str!("../../../products/tarlatamab/label/2025-11-19.toml").to_owned();
        let documents = vec![Document { path: "label/2025-11-19.toml".to_owned(), text }];
        let summary = LabelEngine::configure(documents.clone()).unwrap();
        assert_eq!(
            (summary.subject.as_str(), summary.editions.as_slice()),
            ("tarlatamab", ["2025-11-19".to_owned()].as_slice())
        );
        assert!(LabelEngine::configure(documents).is_err(), "an instance has one configuration");
        assert!(LabelEngine::monograph("2026-06-01".to_owned()).is_ok());
    }
}
