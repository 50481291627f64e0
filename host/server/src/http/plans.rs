//! `/v1/plans`.

pub(super) mod post;
