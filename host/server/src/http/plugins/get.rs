//! `GET /v1/plugins/{name}`

use axum::Json;

use crate::http::access::Acting;
use crate::http::body::InPath;
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::services::plugins::PluginDetail;

/// One plugin: its manifest and sources, its functions, and what answered before it.
#[utoipa::path(
    get,
    path = "/v1/plugins/{name}",
    tag = "plugins",
    params(("name" = String, Path, description = "The plugin's name")),
    responses(
        (status = OK, description = "The plugin", body = inline(openapi::PluginDoc)),
        (status = "4XX", description = "There is none", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn handler(
    Acting(host): Acting,
    InPath(name): InPath<String>,
) -> Result<Json<PluginDetail>, Problem> {
    Ok(Json(host.plugin(&name).await?))
}
