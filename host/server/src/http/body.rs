//! What comes in: JSON bodies, components, and parameters of the address.

use axum::body::Body as Incoming;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::input;
use crate::release::{self, Release};

/// Bytes of a JSON request.
const MAX_JSON: usize = 2 * 1024 * 1024;

/// Bytes of a component: a little more than a sandbox takes, so that it is the sandbox that says so.
const MAX_COMPONENT: usize = 20 * 1024 * 1024;

/// Bytes of an archive of releases.
const MAX_ARCHIVE: usize = 64 * 1024 * 1024;

/// Bytes read and dropped after a limit. A client that is cut off while it still sends sees a broken connection and not
/// the refusal.
const PATIENCE: usize = 64 * 1024 * 1024;

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

/// A component's bytes.
pub(super) struct Component(pub(super) Vec<u8>);

/// Components with what signs them: an archive, or one component alone.
pub(super) struct Releases(pub(super) Vec<Release>);

/// Parameters in the path.
pub(super) struct InPath<T>(pub(super) T);

/// Parameters in the query.
pub(super) struct InQuery<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        // A page of another origin can send anything but this without asking first.
        expect_type(request.headers(), "application/json")?;
        Ok(Self(input::from_json(&whole(request.into_body(), MAX_JSON).await?)?))
    }
}

impl<S: Send + Sync> FromRequest<S> for Component {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        expect_type(request.headers(), "application/wasm")?;
        Ok(Self(whole(request.into_body(), MAX_COMPONENT).await?))
    }
}

impl<S: Send + Sync> FromRequest<S> for Releases {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if is_of_type(request.headers(), "application/wasm") {
            let Component(component) = Component::from_request(request, state).await?;
            return Ok(Self(vec![Release { component, envelopes: Vec::new() }]));
        }
        expect_type(request.headers(), "application/x-tar")?;
        let archive = whole(request.into_body(), MAX_ARCHIVE).await?;
        let releases = release::unpack(&archive).map_err(|error| {
            let title = "The archive cannot be read";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-archive", title, format!("{error:#}"))
        })?;
        Ok(Self(releases))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(read) = Path::from_request_parts(parts, state)
            .await
            .map_err(|_| parameter("a part of the address cannot be read: ids are letters, digits and hyphens"))?;
        Ok(Self(read))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for InQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(read) = Query::from_request_parts(parts, state)
            .await
            .map_err(|_| parameter("the query cannot be read; /openapi.json says what it may hold"))?;
        Ok(Self(read))
    }
}

fn is_of_type(headers: &HeaderMap, wanted: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(wanted)
}

fn expect_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    if is_of_type(headers, wanted) {
        return Ok(());
    }
    let detail = format!("the body must be {wanted}");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "The body has another media type", detail))
}

/// Reads a whole body of at most `limit` bytes.
pub(super) async fn whole(mut body: Incoming, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut kept = Vec::new();
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            let title = "The body cannot be read";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "cut-short", title, "the body did not arrive whole"));
        };
        let Some(part) = frame.data_ref() else { continue };
        seen += part.len();
        if seen <= limit {
            kept.extend_from_slice(part);
        } else if seen > limit + PATIENCE {
            break;
        }
    }
    if seen <= limit {
        return Ok(kept);
    }
    let detail = format!("the body has more than {limit} bytes");
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", detail))
}

fn parameter(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-parameter", "A parameter cannot be read", detail)
}
