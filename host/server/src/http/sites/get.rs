//! `GET /v1/sites/{id}`

use axum::Json;
use paratope_domain::Site;

use crate::http::access::Acting;
use crate::http::body::InPath;
use crate::http::openapi;
use crate::http::problem::Problem;

/// One site's profile.
#[utoipa::path(
    get,
    path = "/v1/sites/{id}",
    tag = "sites",
    params(("id" = String, Path, description = "The site's id")),
    responses(
        (status = OK, description = "The profile", body = inline(openapi::SiteDoc)),
        (status = "4XX", description = "There is none", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn handler(Acting(host): Acting, InPath(id): InPath<String>) -> Result<Json<Site>, Problem> {
    Ok(Json(host.site(&id).await?))
}
