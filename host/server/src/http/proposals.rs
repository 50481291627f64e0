//! `/v1/proposals`: which version is to answer.

use axum::Json;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::access::Acting;
use super::body::{Body, InPath};
use super::openapi;
use super::problem::Problem;
use crate::services::activation::{Because, NewProposal};
use crate::store::Proposal;

/// Proposals, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ProposalList {
    /// The proposals.
    proposals: Vec<Proposal>,
}

/// What was proposed, with what it changes and where it stands.
#[utoipa::path(
    get,
    path = "/v1/proposals",
    tag = "lifecycle",
    responses(
        (status = OK, description = "The proposals", body = inline(openapi::ProposalListDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(Acting(host): Acting) -> Result<Json<ProposalList>, Problem> {
    Ok(Json(ProposalList { proposals: host.proposals(None).await? }))
}

/// Proposes that a version answers. Another person confirms it.
#[utoipa::path(
    post,
    path = "/v1/proposals",
    tag = "lifecycle",
    request_body = inline(openapi::NewProposalDoc),
    responses(
        (status = CREATED, description = "Proposed", body = inline(openapi::ProposalDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn propose(
    Acting(host): Acting,
    Body(asked): Body<NewProposal>,
) -> Result<(StatusCode, Json<Proposal>), Problem> {
    Ok((StatusCode::CREATED, Json(host.propose(asked).await?)))
}

/// One proposal.
#[utoipa::path(
    get,
    path = "/v1/proposals/{id}",
    tag = "lifecycle",
    params(("id" = String, Path, description = "The proposal's id")),
    responses(
        (status = OK, description = "The proposal", body = inline(openapi::ProposalDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn get(Acting(host): Acting, InPath(id): InPath<String>) -> Result<Json<Proposal>, Problem> {
    Ok(Json(host.proposal(&id).await?))
}

/// Confirms a proposal. The version answers at once, unless it is for later.
#[utoipa::path(
    post,
    path = "/v1/proposals/{id}/confirmation",
    tag = "lifecycle",
    params(("id" = String, Path, description = "The proposal's id")),
    responses(
        (status = OK, description = "Confirmed", body = inline(openapi::ProposalDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn confirm(Acting(host): Acting, InPath(id): InPath<String>) -> Result<Json<Proposal>, Problem> {
    Ok(Json(host.confirm(&id).await?))
}

/// Rejects a proposal that waits for a person or for its time.
#[utoipa::path(
    post,
    path = "/v1/proposals/{id}/rejection",
    tag = "lifecycle",
    params(("id" = String, Path, description = "The proposal's id")),
    request_body = inline(openapi::BecauseDoc),
    responses(
        (status = OK, description = "Rejected", body = inline(openapi::ProposalDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(super) async fn reject(
    Acting(host): Acting,
    InPath(id): InPath<String>,
    Body(because): Body<Because>,
) -> Result<Json<Proposal>, Problem> {
    Ok(Json(host.reject(&id, because.reason).await?))
}
