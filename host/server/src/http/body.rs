//! What comes in: JSON bodies, components, and parameters of the address.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::input;

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

/// A component's bytes.
pub(super) struct Component(pub(super) Vec<u8>);

/// Parameters in the path.
pub(super) struct InPath<T>(pub(super) T);

/// Parameters in the query.
pub(super) struct InQuery<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        // A page of another origin can send anything but this without asking first.
        expect_type(request.headers(), "application/json")?;
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        Ok(Self(input::from_json(&bytes)?))
    }
}

impl<S: Send + Sync> FromRequest<S> for Component {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        expect_type(request.headers(), "application/wasm")?;
        Ok(Self(Bytes::from_request(request, state).await.map_err(unread)?.into()))
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
            .map_err(|_| parameter("the query cannot be read: `as-of` is a day of the calendar, such as 2026-11-23"))?;
        Ok(Self(read))
    }
}

fn expect_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let detail = format!("the body must be {wanted}");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "The body has another media type", detail))
}

fn unread(rejection: BytesRejection) -> Problem {
    if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", "the body has too many bytes")
    } else {
        Problem::new(StatusCode::BAD_REQUEST, "cut-short", "The body cannot be read", "the body did not arrive whole")
    }
}

fn parameter(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-parameter", "A parameter cannot be read", detail)
}
