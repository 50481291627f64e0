//! `/v1/publishers`: whose signatures count.

use axum::Json;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::Acting;
use super::body::{Body, InPath};
use super::openapi;
use super::problem::Problem;
use crate::lifecycle::{PublisherKey, SigningRole};
use crate::services::activation::Because;
use crate::store::Revoked;

/// Keys, by publisher.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KeyList {
    /// The keys.
    keys: Vec<PublisherKey>,
}

/// A key to be enrolled.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct NewKey {
    /// Whose it is, as manifests name the publisher.
    publisher: String,
    /// Ed25519, 64 hexadecimal digits.
    key: String,
    /// What its owner vouches for.
    role: SigningRole,
}

/// What was revoked with a key.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RevokedList {
    /// Versions that are no longer signed as the rules ask.
    revoked: Vec<Revoked>,
}

/// The keys whose signatures count, or did.
#[utoipa::path(
    get,
    path = "/v1/publishers/keys",
    tag = "publishers",
    responses(
        (status = OK, description = "The keys", body = inline(openapi::KeyListDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(Acting(host): Acting) -> Result<Json<KeyList>, Problem> {
    Ok(Json(KeyList { keys: host.publisher_keys().await? }))
}

/// Enrols a key of a publisher.
#[utoipa::path(
    post,
    path = "/v1/publishers/keys",
    tag = "publishers",
    request_body = inline(openapi::NewKeyDoc),
    responses(
        (status = CREATED, description = "Enrolled"),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn enrol(Acting(host): Acting, Body(asked): Body<NewKey>) -> Result<StatusCode, Problem> {
    host.enrol(&asked.publisher, &asked.key, asked.role).await?;
    Ok(StatusCode::CREATED)
}

/// Lets a key sign nothing new. What it signed stands.
#[utoipa::path(
    post,
    path = "/v1/publishers/keys/{key}/retirement",
    tag = "publishers",
    params(("key" = String, Path, description = "The key")),
    request_body = inline(openapi::BecauseDoc),
    responses(
        (status = NO_CONTENT, description = "Retired"),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn retire(
    Acting(host): Acting,
    InPath(key): InPath<String>,
    Body(because): Body<Because>,
) -> Result<StatusCode, Problem> {
    host.retire_key(&key, because.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets nothing count that a key ever signed.
#[utoipa::path(
    post,
    path = "/v1/publishers/keys/{key}/revocation",
    tag = "publishers",
    params(("key" = String, Path, description = "The key")),
    request_body = inline(openapi::BecauseDoc),
    responses(
        (status = OK, description = "What was revoked with it", body = inline(openapi::RevokedListDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn revoke(
    Acting(host): Acting,
    InPath(key): InPath<String>,
    Body(because): Body<Because>,
) -> Result<Json<RevokedList>, Problem> {
    Ok(Json(RevokedList { revoked: host.revoke_key(&key, because.reason).await? }))
}
