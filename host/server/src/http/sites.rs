//! `/v1/sites`.

pub(super) mod approvals;
pub(super) mod break_glass;
pub(super) mod get;
pub(super) mod list;
pub(super) mod put;

use paratope_domain::Site;
use schemars::JsonSchema;
use serde::Serialize;

/// The sites, by id.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SiteList {
    sites: Vec<Site>,
}
