//! `POST /v1/plugins`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::host::Host;
use crate::http::body::Component;
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::services::plugins::PluginSummary;

/// Adds or replaces a plugin in the running host. Calls in flight finish on the one before it.
#[utoipa::path(
    post,
    path = "/v1/plugins",
    tag = "plugins",
    request_body(content = inline(Vec<u8>), description = "The component, as `paratope plugin build` wrote it", content_type = "application/wasm"),
    responses(
        (status = CREATED, description = "Verified, kept and answering", body = inline(openapi::LoadedDoc)),
        (status = "4XX", description = "It was refused", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn handler(
    State(host): State<Host>,
    Component(bytes): Component,
) -> Result<(StatusCode, Json<PluginSummary>), Problem> {
    Ok((StatusCode::CREATED, Json(host.load_plugin(bytes).await?)))
}
