//! `GET /v1/audit`

use axum::Json;
use serde::{Deserialize, Serialize};

use super::access::Acting;
use super::body::InQuery;
use super::openapi;
use super::problem::Problem;
use crate::store::Audited;

/// Events in one answer, at most.
const MOST: u32 = 1000;

/// Which events.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those after this place.
    after: Option<i64>,
    /// At most so many: 100 when left out, and never more than 1000.
    limit: Option<u32>,
}

/// Events, oldest first.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct AuditList {
    /// The events. Each carries the hash of the one before it.
    events: Vec<Audited>,
}

/// What was done, by whom, oldest first. No event holds anything about a patient.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(Which), responses(
    (status = OK, description = "The events", body = inline(openapi::AuditListDoc)),
    (status = "4XX", description = "The query cannot be used", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
))]
pub(super) async fn handler(Acting(host): Acting, InQuery(which): InQuery<Which>) -> Result<Json<AuditList>, Problem> {
    let limit = which.limit.unwrap_or(100).min(MOST);
    let events =
        host.store().events(which.after.unwrap_or(0), limit).await.map_err(crate::services::ServiceError::from)?;
    Ok(Json(AuditList { events }))
}
