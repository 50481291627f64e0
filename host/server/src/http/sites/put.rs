//! `PUT /v1/sites/{id}`

use axum::Json;
use axum::http::StatusCode;
use paratope_domain::Site;

use crate::http::access::Acting;
use crate::http::body::{Body, InPath};
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::services::ServiceError;

/// Keeps a site's profile in place of the one before.
#[utoipa::path(
    put,
    path = "/v1/sites/{id}",
    tag = "sites",
    params(("id" = String, Path, description = "The site's id")),
    request_body = inline(openapi::SiteDoc),
    responses(
        (status = OK, description = "Replaced", body = inline(openapi::SiteDoc)),
        (status = CREATED, description = "Added", body = inline(openapi::SiteDoc)),
        (status = "4XX", description = "The profile cannot be used", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn handler(
    acting: Acting,
    InPath(id): InPath<String>,
    Body(site): Body<Site>,
) -> Result<(StatusCode, Json<Site>), Problem> {
    let host = acting.at(&id)?;
    if site.id != id {
        return Err(ServiceError::bad("/id", "the profile's id is not the one in the address").into());
    }
    let is_new = host.put_site(&site).await?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(site)))
}
