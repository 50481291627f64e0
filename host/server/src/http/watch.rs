//! Watches every request: gives up on what takes too long, and logs route, status and time. Never an address, a body
//! or a header: they may be about a patient.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::{TIMEOUT, problem};
use crate::clock::since;
use crate::host::Host;

pub(super) async fn watch(State(host): State<Host>, request: Request, next: Next) -> Response {
    let start = host.clock().now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let answered = tokio::time::timeout(TIMEOUT, next.run(request)).await;
    let response = answered.unwrap_or_else(|_| problem::too_slow().into_response());
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let milliseconds = since(host.clock(), start).as_millis();
    tracing::info!(%method, route, status = response.status().as_u16(), milliseconds, "answered");
    response
}
