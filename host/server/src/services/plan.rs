//! A course of one product, dose by dose.

use paratope_domain::product::{PlanRequest, TreatmentPlan};
use paratope_domain::{Day, Fact};
use paratope_runtime::Kind;
use serde::{Deserialize, Serialize};

use super::ServiceError;
use super::record::Determined;
use crate::function::{Answer, Request};
use crate::host::Host;
use crate::session::Session;
use crate::store::DeterminationKind;

/// A plan that is asked for: a product, and what its label asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProductPlanRequest {
    /// The product's id.
    pub product: String,
    /// An indication of its monograph.
    pub indication: String,
    /// A regimen of its monograph.
    pub regimen: String,
    /// Day of the first dose. It selects the edition of the label.
    pub start: Day,
    /// How many doses to plan, 1 to 200.
    pub doses: u32,
    /// What is known about the case.
    #[serde(default)]
    pub facts: Vec<Fact>,
}

/// Asks. Live and from the record alike.
pub fn ask(session: &mut Session, asked: &ProductPlanRequest) -> Result<Answer, ServiceError> {
    let ProductPlanRequest { product, indication, regimen, start, doses, facts } = asked.clone();
    let request = Request::Plan(PlanRequest { indication, regimen, start, doses, facts });
    Ok(session.call(&product, &request)?)
}

impl Host {
    /// Plans a course and records the plan.
    pub async fn plan(&self, asked: ProductPlanRequest) -> Result<(Determined, TreatmentPlan), ServiceError> {
        let product = asked.product.clone();
        self.known_plugin(Kind::Product, "product", &product, "/product")?;
        if !(1..=200).contains(&asked.doses) {
            return Err(ServiceError::bad("/doses", "a plan has 1 to 200 doses"));
        }
        let (mut determined, answer) = self.determine(DeterminationKind::Plan, &[&product], None, asked, ask).await?;
        determined.answer = super::call::answered(&product, determined.id, &answer)?;
        let plan =
            serde_json::from_str(determined.answer.get()).map_err(|error| ServiceError::Internal(error.into()))?;
        Ok((determined, plan))
    }
}
