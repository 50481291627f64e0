//! `/v1/tokens`: who may ask.

use axum::Json;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::access::Acting;
use super::body::{Body, InPath};
use super::openapi;
use super::problem::Problem;
use crate::access::{NewToken, Token};
use crate::services::tokens::Issued;

/// Tokens, oldest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TokenList {
    /// The tokens, without their secrets.
    tokens: Vec<Token>,
}

/// The tokens that were issued.
#[utoipa::path(
    get,
    path = "/v1/tokens",
    tag = "access",
    responses(
        (status = OK, description = "The tokens", body = inline(openapi::TokenListDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(Acting(host): Acting) -> Result<Json<TokenList>, Problem> {
    Ok(Json(TokenList { tokens: host.tokens().await? }))
}

/// Issues a token. Its secret is told this once.
#[utoipa::path(
    post,
    path = "/v1/tokens",
    tag = "access",
    request_body = inline(openapi::NewTokenDoc),
    responses(
        (status = CREATED, description = "Issued", body = inline(openapi::IssuedDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn issue(
    Acting(host): Acting,
    Body(asked): Body<NewToken>,
) -> Result<(StatusCode, Json<Issued>), Problem> {
    Ok((StatusCode::CREATED, Json(host.issue(asked).await?)))
}

/// Lets a token open nothing any more.
#[utoipa::path(
    post,
    path = "/v1/tokens/{id}/revocation",
    tag = "access",
    params(("id" = String, Path, description = "The token's id")),
    responses(
        (status = NO_CONTENT, description = "Revoked"),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn revoke(Acting(host): Acting, InPath(id): InPath<String>) -> Result<StatusCode, Problem> {
    host.revoke_token(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
