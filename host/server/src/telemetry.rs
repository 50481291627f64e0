//! Logs and traces. Neither holds anything about a patient: no address, body or header of a request is among them.
//!
//! Traces go to an OpenTelemetry collector when the usual variables name one: `OTEL_EXPORTER_OTLP_ENDPOINT`, or
//! `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`.

use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::client::client;

/// How long a collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends what is left of the traces when it is dropped.
#[must_use]
#[derive(Debug)]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = &self.0 {
            // A collector that does not answer loses traces, and nothing else.
            let _ = provider.shutdown();
        }
    }
}

/// Logs to standard error: `PARATOPE_LOG` says what, `PARATOPE_LOG_FORMAT=json` how. Begins to trace where a collector is named.
pub fn start(default: &str) -> Telemetry {
    let asked = std::env::var("PARATOPE_LOG").ok().and_then(|filter| filter.parse::<Targets>().ok());
    let filter = asked.or_else(|| default.parse().ok()).unwrap_or_default();
    // What a database says comes with the error that it leads to. Statements are nobody's business.
    let filter = filter.with_target("sqlx", LevelFilter::OFF);
    let logs = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let logs = if std::env::var("PARATOPE_LOG_FORMAT").is_ok_and(|format| format == "json") {
        logs.json().with_span_list(false).with_filter(filter).boxed()
    } else {
        logs.with_ansi(false).with_filter(filter).boxed()
    };
    let (provider, trouble) = match provider() {
        Some(Ok(provider)) => (Some(provider), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let traces = provider.as_ref().map(|provider| {
        let ours = filter_fn(|metadata| metadata.is_span() && metadata.target().starts_with("paratope"));
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("paratope"))
            .with_location(false)
            .with_threads(false)
            .with_filter(ours)
    });
    // The first wins: a command that serves has its own.
    let _ = tracing_subscriber::registry().with(logs).with(traces).try_init();
    if let Some(error) = trouble {
        tracing::warn!(%error, "traces go nowhere");
    }
    Telemetry(provider)
}

fn provider() -> Option<Result<SdkTracerProvider, opentelemetry_otlp::ExporterBuildError>> {
    let names = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
    names.iter().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))?;
    Some(SpanExporter::builder().with_http().with_http_client(Sender::new()).build().map(|exporter| {
        let name = std::env::var("OTEL_SERVICE_NAME").unwrap_or_else(|_| "paratope".to_owned());
        let resource = Resource::builder().with_service_name(name).build();
        SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build()
    }))
}

/// Lets a request's span continue the trace of whoever sent it.
pub fn continue_trace(span: &Span, headers: &HeaderMap) {
    // Only ids go on: what else a caller adds to a trace may be anything.
    let Some(parent) = headers.get("traceparent") else { return };
    let only = HeaderMap::from_iter([(axum::http::HeaderName::from_static("traceparent"), parent.clone())]);
    // Without a collector there is nothing to continue in.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&HeaderExtractor(&only)));
}

/// Sends traces from the thread that gathers them.
#[derive(Debug)]
struct Sender(ureq::Agent);

impl Sender {
    fn new() -> Self {
        Self(client().timeout_global(Some(PATIENCE)).build().into())
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let mut answer = self.0.run(Request::from_parts(parts, body.to_vec()))?;
        let bytes = Bytes::from(answer.body_mut().read_to_vec()?);
        Ok(answer.map(|_| bytes))
    }
}
