//! `/v1/products`.

pub(super) mod get;
pub(super) mod list;

use paratope_domain::Day;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::services::plugins::PluginSummary;

/// The products, by id.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ProductList {
    products: Vec<PluginSummary>,
}

/// The day rules are read for. Absent: today, where the host is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct OnDay {
    pub(super) as_of: Option<Day>,
}
