//! What a payer wants before it pays: the words of `wit/payer`.
//!
//! An [`Assessment`] is what the rules say. It is never a determination: only the payer issues those.

mod assess;
mod billing;
mod prefer;

use serde::{Deserialize, Serialize};

pub use self::{assess::*, billing::*, prefer::*};
use crate::{Ask, Citation, Edition};

/// Why a payer plugin has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PayerError {
    /// No policy here covers it. This is not a denial: look elsewhere, or call the payer.
    #[error("no policy covers it: {0}")]
    NoPolicy(String),
    /// The request cannot be read: what, and where.
    #[error("the request cannot be read: {0}")]
    BadRequest(String),
    /// Anything else.
    #[error("the payer plugin has no answer: {0}")]
    Other(String),
}

/// Who runs the plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Operator {
    /// The payer itself.
    Payer,
    /// People who wrote down the payer's public policy. Its assessments bind nobody.
    PolicyLibrary,
}

/// What a policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SubjectKind {
    /// One product.
    Product,
    /// A class of products.
    Class,
}

/// One policy, one edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Policy {
    /// The policy's id.
    pub id: String,
    /// The policy's title.
    pub title: String,
    /// Whether it is about a product or a class.
    pub subject_kind: SubjectKind,
    /// A product id, a class such as `tocilizumab`, or `*` for every product.
    pub subject: String,
    /// Lines of business it holds for.
    #[serde(default)]
    pub lines_of_business: Vec<String>,
    /// The edition that governs.
    pub edition: Edition,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// Who the payer is and which policies the plugin holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PayerProfile {
    /// The payer's id.
    pub payer: String,
    /// The payer's name.
    pub name: String,
    /// Who runs the plugin.
    pub operator: Operator,
    /// Lines of business it writes.
    #[serde(default)]
    pub lines_of_business: Vec<String>,
    /// The policies the plugin holds.
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// What the sources leave open.
    #[serde(default)]
    pub gaps: Vec<Ask>,
}

/// The contract the patient is under, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Coverage {
    /// Such as `commercial`, `medicare-advantage`, `medicare-ffs`, `medicaid`, `medicaid-expansion`.
    pub line_of_business: String,
    /// Employer group, such as `peehip`.
    pub group: Option<String>,
    /// Two-letter state.
    pub state: Option<String>,
    /// Who decides for the payer, such as `evolent`.
    pub delegate: Option<String>,
    /// `fully-insured` or `self-insured`.
    pub funding: Option<String>,
}
