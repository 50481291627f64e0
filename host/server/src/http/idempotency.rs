//! `Idempotency-Key`: a write that is sent again, because nobody heard the answer, is answered as the first time and done
//! once. Keys belong to whoever asks, and are kept for a day.
//!
//! A write with a key goes on when whoever asked is gone. When what became of it is not known, for the host broke down or the
//! store did, it is not done again: whoever asks is told to look.

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::body::whole;
use super::problem::Problem;
use crate::access::Caller;
use crate::hex;
use crate::host::Host;
use crate::services::ServiceError;
use crate::store::{Claimed, KeptAnswer};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The route whose answer holds a secret.
const SECRET: &str = "/v1/tokens";

/// Routes that do nothing but record a determination.
const RECORDING: [&str; 3] = ["/v1/clearances", "/v1/plans", "/v1/plugins/{name}/{function}"];

/// Bytes of a request with a key.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// Headers of an answer that are kept with it.
const KEPT_HEADERS: [HeaderName; 2] = [header::CONTENT_TYPE, header::LOCATION];

pub(super) async fn once(State(host): State<Host>, request: Request, next: Next) -> Response {
    let writes = matches!(*request.method(), Method::POST | Method::PUT);
    // Nobody is at an address without a route, and nobody looked who asks.
    let is_known = request.extensions().get::<Caller>().is_some();
    let Some(key) = request.headers().get(&KEY).cloned().filter(|_| writes && is_known) else {
        return next.run(request).await;
    };
    match answered(&host, &key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn answered(host: &Host, key: &HeaderValue, request: Request, next: Next) -> Result<Response, Problem> {
    let bad = |detail| Problem::new(StatusCode::BAD_REQUEST, "bad-parameter", "A parameter cannot be read", detail);
    let key = key.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    let key = key.ok_or_else(|| bad("a key has 1 to 255 characters"))?.to_owned();
    let (parts, body) = request.into_parts();
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    if route == SECRET {
        return Err(bad("an answer with a secret is kept nowhere, so this is not asked with a key"));
    }
    let caller = parts.extensions.get::<Caller>().map(|caller| caller.name.clone()).unwrap_or_default();
    let body = whole(body, MAX_BODY).await?;
    let asked = Sha256::new()
        .chain_update(parts.method.as_str())
        .chain_update([0])
        .chain_update(parts.uri.to_string())
        .chain_update([0])
        .chain_update(&body);
    let asked = hex::encode(&asked.finalize());
    let store = host.store();
    match store.claim(&caller, &key, &asked, host.now()).await.map_err(ServiceError::from)? {
        Claimed::New => {}
        Claimed::Answered(kept) => return Ok(told_again(kept)),
        Claimed::Unanswered => {
            let detail = "the request with this key is under way, or what became of it is not known: look before you ask \
                          again, with another key";
            return Err(Problem::new(StatusCode::CONFLICT, "under-way", "It is under way", detail));
        }
        Claimed::Other => {
            let detail = "something else was asked with this key";
            let title = "The key is taken";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "key-taken", title, detail));
        }
    }
    let store = store.clone();
    // On a task of its own: it goes on to its end though nobody waits.
    let done = tokio::spawn(async move {
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        let told = if parts.status.is_server_error() {
            // What only adds to the record is tried again, not told again. Of everything else it is not known what was done.
            RECORDING.contains(&route.as_str()).then_some(None)
        } else {
            let (status, headers) = (parts.status.as_u16(), headers(&parts.headers));
            Some(Some(KeptAnswer { status, headers, body: body.clone() }))
        };
        if let Some(kept) = told
            && let Err(error) = store.keep_answer(&caller, &key, kept.as_ref()).await
        {
            tracing::warn!(error = crate::authoring::workshop::chain(&error), "an answer was not kept");
        }
        Response::from_parts(parts, Body::from(body))
    });
    done.await.map_err(|error| ServiceError::Internal(error.into()).into())
}

fn headers(all: &HeaderMap) -> String {
    let kept = KEPT_HEADERS.iter().filter_map(|name| {
        let value = all.get(name)?.to_str().ok()?;
        Some((name.to_string(), Value::from(value)))
    });
    Value::Object(kept.collect::<Map<_, _>>()).to_string()
}

fn told_again(kept: KeptAnswer) -> Response {
    let mut response = Response::new(Body::from(kept.body));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let headers: Map<String, Value> = serde_json::from_str(&kept.headers).unwrap_or_default();
    for name in KEPT_HEADERS {
        let value = headers.get(name.as_str()).and_then(Value::as_str).and_then(|value| value.parse().ok());
        if let Some(value) = value {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
