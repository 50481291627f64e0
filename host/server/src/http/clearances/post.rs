//! `POST /v1/clearances`

use axum::http::StatusCode;
use axum::{Json, http::header::LOCATION};
use paratope_domain::request::ClearanceRequest;

use crate::http::access::Acting;
use crate::http::body::Body;
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::services::record;

type Created = (StatusCode, [(axum::http::HeaderName, String); 1], Json<record::Determined>);

/// Clears an order: may these doses be given at this site, and will they be paid?
#[utoipa::path(
    post,
    path = "/v1/clearances",
    tag = "clearances",
    request_body = inline(openapi::ClearanceRequestDoc),
    responses(
        (status = CREATED, description = "Judged and recorded", body = inline(openapi::ClearanceDoc)),
        (status = "4XX", description = "The request cannot be used", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn handler(
    Acting(host): Acting,
    Body(request): Body<ClearanceRequest>,
) -> Result<Created, Problem> {
    let (determined, _) = host.clear(request).await?;
    let location = format!("/v1/clearances/{}", determined.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(determined)))
}
