//! `/v1/shadows`: candidates beside the active version.

use axum::Json;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::access::Acting;
use super::body::{Body, InPath};
use super::openapi;
use super::problem::Problem;
use crate::services::shadow::{NewShadow, ShadowReport};
use crate::store::Shadow;

/// Shadows, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ShadowList {
    /// The shadows.
    shadows: Vec<Shadow>,
}

/// The candidates that run beside an active version, or did.
#[utoipa::path(
    get,
    path = "/v1/shadows",
    tag = "lifecycle",
    responses(
        (status = OK, description = "The shadows", body = inline(openapi::ShadowListDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(Acting(host): Acting) -> Result<Json<ShadowList>, Problem> {
    Ok(Json(ShadowList { shadows: host.shadows().await? }))
}

/// Runs a candidate beside the active version on live requests. No answer changes.
#[utoipa::path(
    post,
    path = "/v1/shadows",
    tag = "lifecycle",
    request_body = inline(openapi::NewShadowDoc),
    responses(
        (status = CREATED, description = "It runs", body = inline(openapi::ShadowDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn start(
    Acting(host): Acting,
    Body(asked): Body<NewShadow>,
) -> Result<(StatusCode, Json<Shadow>), Problem> {
    Ok((StatusCode::CREATED, Json(host.start_shadow(asked).await?)))
}

/// What a shadow showed: differences by checkpoint, with examples.
#[utoipa::path(
    get,
    path = "/v1/shadows/{id}",
    tag = "lifecycle",
    params(("id" = String, Path, description = "The shadow's id")),
    responses(
        (status = OK, description = "The report", body = inline(openapi::ShadowReportDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn report(Acting(host): Acting, InPath(id): InPath<String>) -> Result<Json<ShadowReport>, Problem> {
    Ok(Json(host.shadow_report(&id).await?))
}

/// Ends a shadow.
#[utoipa::path(
    post,
    path = "/v1/shadows/{id}/end",
    tag = "lifecycle",
    params(("id" = String, Path, description = "The shadow's id")),
    responses(
        (status = NO_CONTENT, description = "Ended"),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn end(Acting(host): Acting, InPath(id): InPath<String>) -> Result<StatusCode, Problem> {
    host.end_shadow(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
