//! `/v1/clearances`.

pub(super) mod get;
pub(super) mod post;
