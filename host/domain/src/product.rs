//! What a product's label asks: the words of `wit/product`.

mod course;
mod monograph;

use serde::{Deserialize, Serialize};

pub use self::{course::*, monograph::*};

/// Why a product plugin has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ProductError {
    /// The request cannot be read: what, and where.
    #[error("the request cannot be read: {0}")]
    BadRequest(String),
    /// The label does not cover what was asked: an indication, regimen or phase it does not name, or a day
    /// before its first edition. This is not a refusal of care.
    #[error("outside the label: {0}")]
    OutsideLabel(String),
    /// Anything else.
    #[error("the product plugin has no answer: {0}")]
    Other(String),
}
