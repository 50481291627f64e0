//! `GET /v1/plugins`

use axum::Json;

use crate::http::access::Acting;
use crate::http::openapi;
use crate::services::plugins::PluginList;

/// The installed plugins, and those that could not be loaded.
#[utoipa::path(get, path = "/v1/plugins", tag = "plugins", responses(
    (status = OK, description = "Every plugin", body = inline(openapi::PluginListDoc)),
))]
pub(in crate::http) async fn handler(Acting(host): Acting) -> Json<PluginList> {
    Json(host.plugins())
}
