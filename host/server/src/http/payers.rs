//! `/v1/payers`.

pub(super) mod get;
pub(super) mod list;

use schemars::JsonSchema;
use serde::Serialize;

use crate::services::plugins::PluginSummary;

/// The payers, by id.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct PayerList {
    payers: Vec<PluginSummary>,
}
