//! `/v1/rules`: what the people of this store agreed on.

use axum::Json;

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

/// Sets what is asked of a plugin before it may answer.
#[utoipa::path(
    put,
    path = "/v1/rules",
    tag = "lifecycle",
    request_body = inline(openapi::RulesDoc),
    responses(
        (status = OK, description = "Set", body = inline(openapi::RulesDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(Acting(host): Acting, Body(rules): Body<Rules>) -> Result<Json<Rules>, Problem> {
    host.set_rules(&rules).await?;
    Ok(Json(rules))
}
