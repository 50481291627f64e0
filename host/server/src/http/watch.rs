//! Watches every request: gives up on what takes too long, and logs route, status and time. Never an address, a body
//! or a header: they may be about a patient.

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tracing::Instrument as _;

use super::{TIMEOUT, problem};
use crate::clock::Stopwatch;
use crate::host::Host;
use crate::telemetry;

pub(super) async fn watch(State(host): State<Host>, request: Request, next: Next) -> Response {
    let watch = Stopwatch::start();
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{method} {}", route.as_ref().map_or("none", MatchedPath::as_str)),
        otel.kind = "server",
        http.request.method = method,
        http.route = route.as_ref().map(MatchedPath::as_str),
        http.response.status_code = tracing::field::Empty,
    );
    telemetry::continue_trace(&span, request.headers());
    let answered = tokio::time::timeout(TIMEOUT, next.run(request)).instrument(span.clone()).await;
    let response = answered.unwrap_or_else(|_| problem::too_slow().into_response());
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    span.record("http.response.status_code", response.status().as_u16());
    let took = watch.elapsed();
    host.metrics().requested(method, route, response.status().as_u16(), took);
    let milliseconds = took.as_millis();
    tracing::info!(method, route, status = response.status().as_u16(), milliseconds, "answered");
    response
}

/// A method's name, unless it is one that nobody knows: that may be anything.
pub(super) fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"];
    KNOWN.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}
