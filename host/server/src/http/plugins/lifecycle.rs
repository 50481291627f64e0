//! `/v1/plugins/{name}/rollback` and `/floor`.

use axum::Json;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::http::access::Acting;
use crate::http::body::{Body, InPath};
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::services::activation::Because;
use crate::services::plugins::PluginSummary;

/// A floor to be set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::http) struct NewFloor {
    /// The least version that may answer.
    version: String,
    /// Why.
    reason: String,
}

/// Lets the version that answered before answer again.
#[utoipa::path(
    post,
    path = "/v1/plugins/{name}/rollback",
    tag = "lifecycle",
    params(("name" = String, Path, description = "The plugin's name")),
    request_body = inline(openapi::BecauseDoc),
    responses(
        (status = OK, description = "It answers again", body = inline(openapi::LoadedDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn rollback(
    Acting(host): Acting,
    InPath(name): InPath<String>,
    Body(because): Body<Because>,
) -> Result<Json<PluginSummary>, Problem> {
    Ok(Json(host.roll_back(&name, because.reason).await?))
}

/// Sets the least version that may answer, even after a roll back.
#[utoipa::path(
    put,
    path = "/v1/plugins/{name}/floor",
    tag = "lifecycle",
    params(("name" = String, Path, description = "The plugin's name")),
    request_body = inline(openapi::NewFloorDoc),
    responses(
        (status = NO_CONTENT, description = "Set"),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn floor(
    Acting(host): Acting,
    InPath(name): InPath<String>,
    Body(asked): Body<NewFloor>,
) -> Result<StatusCode, Problem> {
    host.set_floor(&name, &asked.version, asked.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
