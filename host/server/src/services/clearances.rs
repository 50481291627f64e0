//! Clearances: finds the site, has the order judged, records it.

use paratope_domain::clearance::Clearance;
use paratope_domain::request::ClearanceRequest;
use paratope_runtime::Kind;

use super::ServiceError;
use super::clear::{self, Input};
use super::record::Determined;
use crate::host::Host;
use crate::session::Session;
use crate::store::{About, Determination, DeterminationKind, StoreError};

/// Judges. Live and from the record alike.
pub fn ask(session: &mut Session, input: &Input) -> Result<Clearance, ServiceError> {
    Ok(clear::judge(session, input))
}

impl Host {
    /// Clears an order and records how.
    pub async fn clear(&self, mut request: ClearanceRequest) -> Result<(Determined, Clearance), ServiceError> {
        request.check().map_err(|impossible| ServiceError::bad(impossible.pointer, impossible.reason))?;
        if !self.caller().is_at(&request.site) {
            return Err(ServiceError::Forbidden("your role is for other sites"));
        }
        let Some(stored) = self.store().site(&request.site).await? else {
            let known: Vec<String> = self.store().sites().await?.into_iter().map(|stored| stored.site.id).collect();
            return Err(ServiceError::unknown("site", &request.site, &known, "/site"));
        };
        if self.agreed().rules.break_glass && !request.overrides.is_empty() {
            let reason = "here two people set a checkpoint aside: `paratope break-glass ask`; an order alone does not";
            return Err(ServiceError::bad("/overrides", reason));
        }
        let overrides = self.tell_overrides(&mut request);
        self.known_plugin(Kind::Product, "product", &request.order.product, "/order/product")?;
        self.known_plugin(Kind::Payer, "payer", &request.coverage.payer, "/coverage/payer")?;
        let (product, payer) = (request.order.product.clone(), request.coverage.payer.clone());
        let about = About {
            site: request.site.clone(),
            case: request.case.clone(),
            product: product.clone(),
            payer: payer.clone(),
            overrides,
            last_day: request.order.doses.last().map_or(request.as_of, |dose| dose.day).to_string(),
        };
        let input = Input { request, site: stored.site };
        let shadowed = (!self.agreed().shadows.is_empty()).then(|| input.clone());
        let (determined, clearance) =
            self.determine(DeterminationKind::Clearance, &[&product, &payer], Some(about), input, ask).await?;
        if let Some(input) = shadowed {
            self.shadow(determined.id, input, clearance.clone());
        }
        Ok((determined, clearance))
    }
}

/// What was asked and answered, as a clearance. What it cannot read it does not repeat: it is about a patient.
pub(super) fn told(recorded: &Determination) -> Result<(Input, Clearance), ServiceError> {
    let unreadable = |_| StoreError::Damaged { what: "clearance" };
    let input = serde_json::from_str(recorded.request.get()).map_err(unreadable)?;
    Ok((input, serde_json::from_str(recorded.answer.get()).map_err(unreadable)?))
}
