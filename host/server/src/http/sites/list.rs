//! `GET /v1/sites`

use axum::Json;

use super::SiteList;
use crate::http::access::Acting;
use crate::http::openapi;
use crate::http::problem::Problem;

/// The places that give doses.
#[utoipa::path(get, path = "/v1/sites", tag = "sites", responses(
    (status = OK, description = "Every site", body = inline(openapi::SiteListDoc)),
))]
pub(in crate::http) async fn handler(Acting(host): Acting) -> Result<Json<SiteList>, Problem> {
    Ok(Json(SiteList { sites: host.sites().await? }))
}
