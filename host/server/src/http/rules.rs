//! `/v1/rules`: what the people of this store agreed on.

use axum::Json;
use axum::http::StatusCode;

use super::access::Acting;
use super::body::Body;
use super::openapi;
use super::problem::Problem;
use crate::lifecycle::Rules;

/// What is asked of a plugin before it may answer.
#[utoipa::path(
    get,
    path = "/v1/rules",
    tag = "lifecycle",
    responses(
        (status = OK, description = "The rules", body = inline(openapi::RulesDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn get(Acting(host): Acting) -> Result<Json<Rules>, Problem> {
    Ok(Json(host.rules().await?))
}

/// Sets what is asked of a plugin before it may answer. Where two people decide, the second sets the same.
#[utoipa::path(
    put,
    path = "/v1/rules",
    tag = "lifecycle",
    request_body = inline(openapi::RulesDoc),
    responses(
        (status = OK, description = "Set", body = inline(openapi::RulesDoc)),
        (status = ACCEPTED, description = "They wait for another person who sets the same", body = inline(openapi::RulesDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(Acting(host): Acting, Body(rules): Body<Rules>) -> Result<(StatusCode, Json<Rules>), Problem> {
    let status = if host.set_rules(&rules).await? { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(rules)))
}
