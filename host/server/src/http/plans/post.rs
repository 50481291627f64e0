//! `POST /v1/plans`

use axum::Json;
use axum::http::StatusCode;

use crate::http::access::Acting;
use crate::http::body::Body;
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::services::plan::ProductPlanRequest;
use crate::services::record;

/// Plans a course dose by dose.
#[utoipa::path(
    post,
    path = "/v1/plans",
    tag = "plans",
    request_body = inline(openapi::PlanRequestDoc),
    responses(
        (status = CREATED, description = "Planned and recorded", body = inline(openapi::PlanDoc)),
        (status = "4XX", description = "The request cannot be used", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
        (status = "5XX", description = "The plugin failed", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn handler(
    Acting(host): Acting,
    Body(request): Body<ProductPlanRequest>,
) -> Result<(StatusCode, Json<record::Determined>), Problem> {
    let (determined, _) = host.plan(request).await?;
    Ok((StatusCode::CREATED, Json(determined)))
}
