//! {{name}}: a product plugin in Rust. It imports nothing: no clock, no files, no network. The same request gets the
//! same answer, for ever.
//!
//! Most products need no code: `paratope plugin new product NAME` writes a folder of documents instead.

use paratope_sdk::product::{
    DoseRequirements, Error, ManageRequest, Management, NextDoseRequest, NextStep, PlanRequest, Product,
    ProductMonograph, RequirementsRequest, TreatmentPlan,
};

struct Plugin;

// The one line that makes it a component.
paratope_sdk::register_product!(Plugin);

impl Product for Plugin {
    /// Everything the edition in force on `as_of` says that does not depend on a patient.
    fn monograph(as_of: String) -> Result<ProductMonograph, Error> {
        Err(Error::OutsideLabel(format!("no edition governs {as_of}")))
    }

    /// Plans a course dose by dose.
    fn plan(request: PlanRequest) -> Result<TreatmentPlan, Error> {
        Err(Error::OutsideLabel(format!("the label names no regimen `{}`", request.regimen)))
    }

    /// Tells the next dose from what was given.
    fn next_dose(request: NextDoseRequest) -> Result<NextStep, Error> {
        Err(Error::OutsideLabel(format!("the label names no regimen `{}`", request.regimen)))
    }

    /// Tells what to do about a toxicity.
    fn manage(request: ManageRequest) -> Result<Management, Error> {
        Err(Error::OutsideLabel(format!("the label names no regimen `{}`", request.regimen)))
    }

    /// Judges what must be true before a dose.
    fn requirements(request: RequirementsRequest) -> Result<DoseRequirements, Error> {
        Err(Error::OutsideLabel(format!("the label names no regimen `{}`", request.regimen)))
    }
}
