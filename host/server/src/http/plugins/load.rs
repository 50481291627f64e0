//! `POST /v1/plugins`

use axum::Json;
use axum::http::StatusCode;

use crate::http::access::Acting;
use crate::http::body::Releases;
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::release::Release;
use crate::services::ServiceError;
use crate::services::plugins::PluginSummary;

/// Publishes a component and lets it answer at once, where the rules let one person do so. Calls in flight finish on the one
/// before it.
#[utoipa::path(
    post,
    path = "/v1/plugins",
    tag = "plugins",
    request_body(content = inline(Vec<u8>), description = "The component, as `paratope plugin build` wrote it; or, as application/x-tar, an OCI image layout with its signatures", content_type = "application/wasm"),
    responses(
        (status = CREATED, description = "Verified, kept and answering", body = inline(openapi::LoadedDoc)),
        (status = "4XX", description = "It was refused", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn handler(
    Acting(host): Acting,
    Releases(releases): Releases,
) -> Result<(StatusCode, Json<PluginSummary>), Problem> {
    let [release] = <[Release; 1]>::try_from(releases).map_err(|releases| {
        ServiceError::bad("", format!("one release is loaded at a time, not {}", releases.len()))
    })?;
    Ok((StatusCode::CREATED, Json(host.load_plugin(release).await?)))
}
