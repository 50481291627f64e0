//! `/v1/releases`: versions that were published.

use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::Acting;
use super::body::{Body, InPath, InQuery, Releases};
use super::openapi;
use super::problem::Problem;
use crate::release;
use crate::services::ServiceError;
use crate::services::activation::Because;
use crate::store::{Release, Revoked};

/// Releases, by name and age.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReleaseList {
    /// The releases.
    releases: Vec<Release>,
}

/// Which releases.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those of this plugin.
    name: Option<String>,
}

/// Every version that is kept, with what was checked of it.
#[utoipa::path(
    get,
    path = "/v1/releases",
    tag = "releases",
    params(Which),
    responses(
        (status = OK, description = "The releases", body = inline(openapi::ReleaseListDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(Acting(host): Acting, InQuery(which): InQuery<Which>) -> Result<Json<ReleaseList>, Problem> {
    Ok(Json(ReleaseList { releases: host.releases(which.name.as_deref()).await? }))
}

/// Verifies versions and keeps them. Nothing answers because of it.
#[utoipa::path(
    post,
    path = "/v1/releases",
    tag = "releases",
    request_body(content = inline(Vec<u8>), description = "An OCI image layout as a tar archive, as `paratope plugin export` writes one", content_type = "application/x-tar"),
    responses(
        (status = CREATED, description = "Verified and kept", body = inline(openapi::ReleaseListDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn publish(
    Acting(host): Acting,
    Releases(releases): Releases,
) -> Result<(StatusCode, Json<ReleaseList>), Problem> {
    let mut kept = Vec::with_capacity(releases.len());
    for release in releases {
        kept.push(host.publish(release).await?);
    }
    Ok((StatusCode::CREATED, Json(ReleaseList { releases: kept })))
}

/// One version that is kept.
#[utoipa::path(
    get,
    path = "/v1/releases/{digest}",
    tag = "releases",
    params(("digest" = String, Path, description = "The digest of its bytes")),
    responses(
        (status = OK, description = "The release", body = inline(openapi::ReleaseDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn get(Acting(host): Acting, InPath(digest): InPath<String>) -> Result<Json<Release>, Problem> {
    Ok(Json(host.release(&digest).await?))
}

/// A version as it was published, with its signatures: an OCI image layout as a tar archive.
#[utoipa::path(
    get,
    path = "/v1/releases/{digest}/archive",
    tag = "releases",
    params(("digest" = String, Path, description = "The digest of its bytes")),
    responses(
        (status = OK, description = "The archive"),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn archive(
    Acting(host): Acting,
    InPath(digest): InPath<String>,
) -> Result<([(HeaderName, &'static str); 1], Vec<u8>), Problem> {
    let release = host.export(&digest).await?;
    let packed = release::pack(&[release]).map_err(ServiceError::Internal)?;
    Ok(([(header::CONTENT_TYPE, "application/x-tar")], packed))
}

/// Lets a version answer nothing any more, on every host, and reopens the open cases that rest on it.
#[utoipa::path(
    post,
    path = "/v1/releases/{digest}/revocation",
    tag = "releases",
    params(("digest" = String, Path, description = "The digest of its bytes")),
    request_body = inline(openapi::BecauseDoc),
    responses(
        (status = OK, description = "What was revoked", body = inline(openapi::RevokedDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn revoke(
    Acting(host): Acting,
    InPath(digest): InPath<String>,
    Body(because): Body<Because>,
) -> Result<Json<Revoked>, Problem> {
    Ok(Json(host.revoke(&digest, because.reason).await?))
}
