//! `POST /v1/plugins/{name}/{function}`

use axum::Json;
use axum::http::StatusCode;
use serde_json::Value;

use crate::http::access::Acting;
use crate::http::body::{Body, InPath};
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::services::call::answered;
use crate::services::record;

/// Calls one function of one plugin and records its answer. The request mirrors the contract.
#[utoipa::path(
    post,
    path = "/v1/plugins/{name}/{function}",
    tag = "plugins",
    params(
        ("name" = String, Path, description = "The plugin's name, such as `teclistamab`"),
        ("function" = String, Path, description = "A product has `monograph`, `plan`, `next-dose`, `manage`, `requirements`; a payer has `profile`, `assess`, `prefer`, `billing`"),
    ),
    request_body(content = inline(Value), description = "The function's request: see the schemas `AsOf`, `PlanRequest`, `AssessRequest` and so on", content_type = "application/json"),
    responses(
        (status = CREATED, description = "Answered and recorded", body = inline(openapi::CallDoc)),
        (status = "4XX", description = "The request cannot be used, or the plugin has no answer", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
        (status = "5XX", description = "The plugin failed", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn handler(
    Acting(host): Acting,
    InPath((name, function)): InPath<(String, String)>,
    Body(request): Body<Value>,
) -> Result<(StatusCode, Json<record::Determined>), Problem> {
    let (mut determined, answer) = host.call(&name, &function, request).await?;
    determined.answer = answered(&name, determined.id, &answer)?;
    Ok((StatusCode::CREATED, Json(determined)))
}
