//! `GET /v1/products/{id}`

use axum::Json;
use paratope_domain::product::ProductMonograph;

use super::OnDay;
use crate::http::access::Acting;
use crate::http::body::{InPath, InQuery};
use crate::http::openapi;
use crate::http::problem::Problem;

/// A product's monograph: everything its label says that does not depend on a patient.
#[utoipa::path(
    get,
    path = "/v1/products/{id}",
    tag = "products",
    params(
        ("id" = String, Path, description = "The product's id"),
        ("as-of" = Option<String>, Query, description = "The day rules are read for; today when left out"),
    ),
    responses(
        (status = OK, description = "The monograph", body = inline(openapi::MonographDoc)),
        (status = "4XX", description = "There is none on that day", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
        (status = "5XX", description = "The plugin failed", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn handler(
    Acting(host): Acting,
    InPath(id): InPath<String>,
    InQuery(asked): InQuery<OnDay>,
) -> Result<Json<ProductMonograph>, Problem> {
    Ok(Json(host.monograph(&id, asked.as_of).await?))
}
