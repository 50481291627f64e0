//! `GET /v1/payers/{id}`

use axum::Json;
use paratope_domain::payer::PayerProfile;

use crate::http::access::Acting;
use crate::http::body::{InPath, InQuery};
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::http::products::OnDay;

/// Who a payer is, and the policies that its plugin holds on a day.
#[utoipa::path(
    get,
    path = "/v1/payers/{id}",
    tag = "payers",
    params(
        ("id" = String, Path, description = "The payer's id"),
        ("as-of" = Option<String>, Query, description = "The day rules are read for; today when left out"),
    ),
    responses(
        (status = OK, description = "The profile", body = inline(openapi::ProfileDoc)),
        (status = "4XX", description = "There is none on that day", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
        (status = "5XX", description = "The plugin failed", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn handler(
    Acting(host): Acting,
    InPath(id): InPath<String>,
    InQuery(asked): InQuery<OnDay>,
) -> Result<Json<PayerProfile>, Problem> {
    Ok(Json(host.profile(&id, asked.as_of).await?))
}
