//! `/v1/plugins`.

pub(super) mod call;
pub(super) mod get;
pub(super) mod lifecycle;
pub(super) mod list;
pub(super) mod load;
