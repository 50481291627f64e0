//! `/v1/sites/{id}/approvals`, and what an approval would change.

use axum::Json;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::http::access::Acting;
use crate::http::body::{Body, InPath, InQuery};
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::lifecycle::Approval;
use crate::services::activation::Because;
use crate::services::approvals::{CasePreview, NewApproval, SiteApprovals};
use crate::store::OpenCase;

/// Open cases, by id.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct CaseList {
    /// The cases.
    cases: Vec<OpenCase>,
}

/// What would change.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Preview {
    /// The open cases that would stand otherwise.
    changed: Vec<CasePreview>,
}

/// Which version.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Candidate {
    /// The digest of its bytes.
    digest: String,
}

/// What a site lets itself be answered by, and what waits for its approval.
#[utoipa::path(
    get,
    path = "/v1/sites/{id}/approvals",
    tag = "sites",
    params(("id" = String, Path, description = "The site's id")),
    responses(
        (status = OK, description = "The approvals", body = inline(openapi::SiteApprovalsDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn list(acting: Acting, InPath(id): InPath<String>) -> Result<Json<SiteApprovals>, Problem> {
    Ok(Json(acting.at(&id)?.site_approvals(&id).await?))
}

/// Lets a site be answered by a digest, or by a range of versions of a publisher.
#[utoipa::path(
    post,
    path = "/v1/sites/{id}/approvals",
    tag = "sites",
    params(("id" = String, Path, description = "The site's id")),
    request_body = inline(openapi::NewApprovalDoc),
    responses(
        (status = CREATED, description = "Approved", body = inline(openapi::ApprovalDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn approve(
    acting: Acting,
    InPath(id): InPath<String>,
    Body(asked): Body<NewApproval>,
) -> Result<(StatusCode, Json<Approval>), Problem> {
    Ok((StatusCode::CREATED, Json(acting.at(&id)?.approve(&id, asked).await?)))
}

/// Withdraws an approval.
#[utoipa::path(
    post,
    path = "/v1/sites/{id}/approvals/{approval}/withdrawal",
    tag = "sites",
    params(("id" = String, Path, description = "The site's id"), ("approval" = String, Path, description = "The approval's id")),
    request_body = inline(openapi::BecauseDoc),
    responses(
        (status = NO_CONTENT, description = "Withdrawn"),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn withdraw(
    acting: Acting,
    InPath((id, approval)): InPath<(String, String)>,
    Body(because): Body<Because>,
) -> Result<StatusCode, Problem> {
    acting.at(&id)?.withdraw(&id, &approval, because.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The open cases of a site, and why some must be cleared again.
#[utoipa::path(
    get,
    path = "/v1/sites/{id}/cases",
    tag = "sites",
    params(("id" = String, Path, description = "The site's id")),
    responses(
        (status = OK, description = "The cases", body = inline(openapi::CaseListDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn cases(acting: Acting, InPath(id): InPath<String>) -> Result<Json<CaseList>, Problem> {
    Ok(Json(CaseList { cases: acting.at(&id)?.open_cases(&id).await? }))
}

/// What a version would change for the open cases of a site. Nothing is recorded.
#[utoipa::path(
    get,
    path = "/v1/sites/{id}/preview",
    tag = "sites",
    params(("id" = String, Path, description = "The site's id"), Candidate),
    responses(
        (status = OK, description = "The cases that would stand otherwise", body = inline(openapi::PreviewDoc)),
        (status = "4XX", description = "It cannot be done", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn preview(
    acting: Acting,
    InPath(id): InPath<String>,
    InQuery(candidate): InQuery<Candidate>,
) -> Result<Json<Preview>, Problem> {
    Ok(Json(Preview { changed: acting.at(&id)?.preview(&id, &candidate.digest).await? }))
}
