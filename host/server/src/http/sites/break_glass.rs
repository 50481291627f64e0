//! `/v1/sites/{id}/break-glass`: checkpoints set aside by two people, for a time.

use axum::Json;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::http::access::Acting;
use crate::http::body::{Body, InPath};
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::services::activation::Because;
use crate::services::break_glass::{NewBreakGlass, NewReview};
use crate::store::BreakGlass;

/// Overrides, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct BreakGlassList {
    /// The overrides.
    overrides: Vec<BreakGlass>,
}

/// The overrides of a site: asked for, in force, ended, reviewed.
#[utoipa::path(
    get,
    path = "/v1/sites/{id}/break-glass",
    tag = "sites",
    params(("id" = String, Path, description = "The site's id")),
    responses(
        (status = OK, description = "The overrides", body = inline(openapi::BreakGlassListDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn list(acting: Acting, InPath(id): InPath<String>) -> Result<Json<BreakGlassList>, Problem> {
    Ok(Json(BreakGlassList { overrides: acting.at(&id)?.overrides(&id).await? }))
}

/// Asks that a checkpoint be set aside. It holds once another person confirms it.
#[utoipa::path(
    post,
    path = "/v1/sites/{id}/break-glass",
    tag = "sites",
    params(("id" = String, Path, description = "The site's id")),
    request_body = inline(openapi::NewBreakGlassDoc),
    responses(
        (status = CREATED, description = "Asked for", body = inline(openapi::BreakGlassDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn ask(
    acting: Acting,
    InPath(id): InPath<String>,
    Body(asked): Body<NewBreakGlass>,
) -> Result<(StatusCode, Json<BreakGlass>), Problem> {
    Ok((StatusCode::CREATED, Json(acting.at(&id)?.ask_override(&id, asked).await?)))
}

/// Confirms an override that another person asked for.
#[utoipa::path(
    post,
    path = "/v1/sites/{id}/break-glass/{override}/confirmation",
    tag = "sites",
    params(("id" = String, Path, description = "The site's id"), ("override" = String, Path, description = "The override's id")),
    responses(
        (status = OK, description = "It holds", body = inline(openapi::BreakGlassDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn confirm(
    acting: Acting,
    InPath((id, one)): InPath<(String, String)>,
) -> Result<Json<BreakGlass>, Problem> {
    Ok(Json(acting.at(&id)?.confirm_override(&id, &one).await?))
}

/// Ends an override, or turns down one that was asked for.
#[utoipa::path(
    post,
    path = "/v1/sites/{id}/break-glass/{override}/end",
    tag = "sites",
    params(("id" = String, Path, description = "The site's id"), ("override" = String, Path, description = "The override's id")),
    request_body = inline(openapi::BecauseDoc),
    responses(
        (status = OK, description = "It holds no more", body = inline(openapi::BreakGlassDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn end(
    acting: Acting,
    InPath((id, one)): InPath<(String, String)>,
    Body(because): Body<Because>,
) -> Result<Json<BreakGlass>, Problem> {
    Ok(Json(acting.at(&id)?.end_override(&id, &one, because.reason).await?))
}

/// Keeps what a person found who neither asked nor confirmed.
#[utoipa::path(
    post,
    path = "/v1/sites/{id}/break-glass/{override}/review",
    tag = "sites",
    params(("id" = String, Path, description = "The site's id"), ("override" = String, Path, description = "The override's id")),
    request_body = inline(openapi::NewReviewDoc),
    responses(
        (status = OK, description = "Reviewed", body = inline(openapi::BreakGlassDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn review(
    acting: Acting,
    InPath((id, one)): InPath<(String, String)>,
    Body(found): Body<NewReview>,
) -> Result<Json<BreakGlass>, Problem> {
    Ok(Json(acting.at(&id)?.review_override(&id, &one, found).await?))
}
