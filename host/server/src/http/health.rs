//! `/health/live`, `/health/ready` and `/metrics`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde_json::{Value, json};

use super::access::Acting;
use super::openapi;
use super::problem::Problem;
use crate::host::Host;
use crate::services::ServiceError;

/// The process answers.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = OK, description = "It answers")))]
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "live" }))
}

/// The store answers and plugins are loaded. Plugins that could not be loaded are named; they stop nobody else.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses(
    (status = OK, description = "It can clear orders"),
    (status = SERVICE_UNAVAILABLE, description = "It cannot", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
))]
pub(super) async fn ready(State(host): State<Host>) -> Result<Json<Value>, Problem> {
    host.store().ping().await.map_err(ServiceError::Store)?;
    let list = host.plugins();
    if list.plugins.is_empty() {
        let detail = "no plugin is loaded";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Try again", detail));
    }
    // Whoever comes may ask, so it tells which plugins, not what people wrote about them.
    let troubles: Vec<Value> = list.troubles.iter().map(|trouble| json!({ "name": trouble.name })).collect();
    Ok(Json(json!({ "status": "ready", "plugins": list.plugins.len(), "troubles": troubles })))
}

/// What was counted, for Prometheus. No label is about a patient, a case or a person.
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = OK, description = "Metrics as text", body = String, content_type = "application/openmetrics-text"),
    (status = "4XX", description = "You may not see them", body = inline(openapi::ProblemDoc), content_type = "application/problem+json"),
))]
pub(super) async fn metrics(Acting(host): Acting) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    let text = host.metrics().text(&host).map_err(|error| ServiceError::Internal(error.into()))?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}
