//! Problems (RFC 9457): what went wrong, in a form programs can read. Only this file knows status codes of errors.
//!
//! | status | when |
//! |---|---|
//! | 400 | the body is not JSON, or a parameter cannot be read |
//! | 401 | no token was shown, or it opens nothing |
//! | 403 | the role may not do this, the site did not approve the plugin, or another person is needed |
//! | 404 | what the address names does not exist |
//! | 409 | the rules of a plugin's life forbid it, or it is so already |
//! | 413 | the body, or the request of a plugin, is too large |
//! | 415 | the body has another media type |
//! | 421 | the request is for another host, or from a page of another origin |
//! | 422 | the body is JSON and cannot be used (`pointer` says where); or a plugin answered that it has no answer (`code` says why, `determination` where it is recorded) |
//! | 429 | one person asks for too much at once |
//! | 500 | the host failed |
//! | 502 | a plugin failed: it trapped, wanted more than it may have, or its answer breaks the contract |
//! | 503 | too many calls of one plugin, or the store does not answer; try again |
//! | 504 | a plugin used up its fuel or its time |

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use paratope_runtime::CallError;
use schemars::JsonSchema;
use serde::Serialize;

use crate::host::InstallError;
use crate::input::BadInput;
use crate::services::{Refusal, ServiceError};
use crate::session::AskError;

/// What went wrong.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Problem {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem, in words.
    title: &'static str,
    /// The status code.
    status: u16,
    /// This problem, in words.
    detail: String,
    /// Where in the body: a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// Where in the body: the line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// Where in the body: the column, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    /// The plugin it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<String>,
    /// Which of the plugin's errors or limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The determination that records it.
    #[serde(skip_serializing_if = "Option::is_none")]
    determination: Option<String>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:paratope:problem:{kind}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            pointer: None,
            line: None,
            column: None,
            plugin: None,
            code: None,
            determination: None,
        }
    }

    fn about(mut self, plugin: &str, code: &str) -> Self {
        self.plugin = Some(plugin.to_owned());
        self.code = Some(code.to_owned());
        self
    }

    fn failed(error: &anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "the host failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "host", "The host failed", "see the host's log")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<BadInput> for Problem {
    fn from(bad: BadInput) -> Self {
        // Without a pointer it was not even JSON.
        let is_json = !bad.pointer.is_empty() || bad.place.is_none() || bad.reason.contains("field `");
        let mut problem = if is_json {
            let title = "The request cannot be used";
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-request", title, bad.reason)
        } else {
            Self::new(StatusCode::BAD_REQUEST, "not-json", "The body cannot be read as JSON", bad.reason)
        };
        problem.pointer = is_json.then_some(bad.pointer);
        (problem.line, problem.column) = bad.place.unzip();
        problem
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let detail = error.to_string();
        match error {
            ServiceError::BadRequest(bad) => bad.into(),
            ServiceError::Unknown { what, pointer, .. } => {
                let status = if pointer.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::UNPROCESSABLE_ENTITY };
                let mut problem =
                    Self::new(status, &format!("unknown-{what}"), "Something named does not exist", detail);
                problem.pointer = (!pointer.is_empty()).then(|| pointer.to_owned());
                problem
            }
            ServiceError::Ask(ask) => ask.into(),
            ServiceError::NoAnswer { plugin, code, message, id } => {
                let title = "The plugin has no answer";
                let mut problem =
                    Self::new(StatusCode::UNPROCESSABLE_ENTITY, "no-answer", title, message).about(&plugin, &code);
                problem.determination = Some(id.to_string());
                problem
            }
            ServiceError::Nothing { plugin, .. } => {
                let title = "The plugin has no answer";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "no-answer", title, detail).about(&plugin, "nothing")
            }
            ServiceError::Install(InstallError::Store(error)) => ServiceError::Store(error).into(),
            ServiceError::Install(InstallError::BrokenOff) => unavailable(detail),
            ServiceError::Install(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "plugin-refused", "The plugin was not loaded", detail)
            }
            ServiceError::Refused(refusal) => {
                let (status, title) = match &refusal {
                    Refusal::FourEyes | Refusal::SamePerson { .. } | Refusal::NotAnother { .. } => {
                        (StatusCode::FORBIDDEN, "Another person is needed")
                    }
                    Refusal::Verification { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "The plugin was not published"),
                    _ => (StatusCode::CONFLICT, "The rules of a plugin's life forbid it"),
                };
                let mut problem = Self::new(status, refusal.code(), title, detail);
                if let Refusal::Verification { name, step, .. } = &refusal {
                    problem = problem.about(name, &step.step);
                }
                problem
            }
            ServiceError::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, "forbidden", "You may not do this", detail),
            ServiceError::Store(error) => {
                tracing::error!(error = crate::authoring::workshop::chain(&error), "the store failed");
                unavailable("the store does not answer; nothing was recorded".to_owned())
            }
            ServiceError::Internal(error) => Self::failed(&error),
        }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        let detail = error.to_string();
        match error {
            AskError::Unknown { .. } => {
                Self::new(StatusCode::NOT_FOUND, "unknown-plugin", "Something named does not exist", detail)
            }
            AskError::Withheld { name, .. } => unavailable(detail).about(&name, "withheld"),
            AskError::NotApproved { name, .. } => {
                let title = "The site did not approve the plugin";
                Self::new(StatusCode::FORBIDDEN, "plugin-not-approved", title, detail).about(&name, "not-approved")
            }
            AskError::Busy { name, .. } => unavailable(detail).about(&name, "busy"),
            AskError::WrongKind { name, .. } => {
                let title = "The plugin has no such function";
                Self::new(StatusCode::NOT_FOUND, "unknown-function", title, detail).about(&name, "wrong-kind")
            }
            AskError::Failed { name, error } => {
                let title = "The plugin did not come to an answer";
                Self::new(of_call(&error), "plugin-failed", title, detail).about(&name, error.code())
            }
            AskError::NotRecorded { .. } | AskError::FailedThen { .. } => Self::failed(&anyhow::anyhow!("{detail}")),
        }
    }
}

/// Which status a failed call has.
fn of_call(error: &CallError) -> StatusCode {
    match error {
        CallError::Fuel { .. } | CallError::Deadline { .. } => StatusCode::GATEWAY_TIMEOUT,
        CallError::Memory { .. }
        | CallError::Table { .. }
        | CallError::Stack { .. }
        | CallError::Output { .. }
        | CallError::Malformed { .. }
        | CallError::Trapped { .. } => StatusCode::BAD_GATEWAY,
        CallError::Input { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        CallError::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
        CallError::Sandbox { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

pub(super) fn unavailable(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Try again", detail)
}

/// No route has this address.
pub(super) async fn no_route(uri: Uri) -> Problem {
    // What was asked for may hold anything, so only its length is told.
    let detail = format!("no route has this address of {} characters; /openapi.json lists them", uri.path().len());
    Problem::new(StatusCode::NOT_FOUND, "no-route", "There is nothing here", detail)
}

/// The route has no such method.
pub(super) fn no_method(method: &Method) -> Problem {
    // A method that nobody knows may be anything.
    let shown = if super::watch::known(method) == "other" { "this method" } else { method.as_str() };
    let detail = format!("the address is not for {shown}; /openapi.json lists what it is for");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "no-method", "The address has another method", detail)
}

/// It took too long.
pub(super) fn too_slow() -> Problem {
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "too-slow", "It took too long", "the request was given up")
}
