//! `/v1/determinations`, and how determinations look in JSON.

pub(super) mod get;
pub(super) mod replay;

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::problem::Problem;
use crate::clock::DeterminationId;
use crate::services::PluginRef;
use crate::store::{Call, DeterminationKind};

/// A determination with its answer, as documents describe [`crate::services::record::Determined`].
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Determined{A}")]
pub(super) struct Determined<A> {
    /// Its id.
    id: String,
    /// What it is.
    kind: DeterminationKind,
    /// When it was recorded.
    recorded_at: String,
    /// The plugins that took part.
    plugins: Vec<PluginRef>,
    /// What was answered.
    answer: A,
}

/// A determination as it was recorded, with every plugin call.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Recorded {
    /// Its id.
    id: String,
    /// What it is.
    kind: DeterminationKind,
    /// When it was recorded.
    recorded_at: String,
    /// The plugins that took part.
    plugins: Vec<PluginRef>,
    /// What was asked.
    #[schemars(with = "Value")]
    request: Box<RawValue>,
    /// The plugin calls, in order: plugin, digest, function, request and answer.
    #[schemars(with = "Vec<Value>")]
    calls: Vec<Call>,
    /// What was answered.
    #[schemars(with = "Value")]
    answer: Box<RawValue>,
    /// The hash of the record before it.
    previous: String,
    /// Its own hash.
    hash: String,
    /// Whether its hash is the hash of what it says.
    intact: bool,
}

/// Reads an id of the address.
pub(super) fn determination_id(text: &str) -> Result<DeterminationId, Problem> {
    text.parse().map_err(|error: crate::clock::BadId| {
        Problem::new(StatusCode::BAD_REQUEST, "bad-parameter", "A parameter cannot be read", error.to_string())
    })
}
