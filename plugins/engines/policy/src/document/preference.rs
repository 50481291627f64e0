//! The part of a class policy that says which product comes first.

use paratope_sdk::criteria::{Criterion, Test};
use paratope_sdk::document::{Cite, Spanned};
use serde::Deserialize;

use super::StatementRow;

/// A product of a class.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Member {
    /// Its id, such as `tyenne`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub product: Spanned<String>,
    /// Its brand.
    pub brand: String,
    /// Its billing code, when known.
    pub code: Option<String>,
}

/// Which product of the class comes first, and what makes an exception.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Preference {
    /// The order in words.
    pub text: String,
    /// The order holds only where all of these do; elsewhere there is no preference.
    #[serde(default)]
    pub applies: Vec<Criterion>,
    /// Tiers, the preferred first. Empty: the text that was read does not name the preferred products.
    #[serde(default)]
    pub tier: Vec<TierRow>,
    /// Rules that allow a product that is not preferred.
    #[serde(default)]
    pub exception: Vec<Criterion>,
    /// Failure of preferred products: one such rule is enough.
    #[serde(default)]
    pub step: Vec<Step>,
    /// Treatment that may go on.
    pub continuing: Option<Continuing>,
    /// Approvals that carry over.
    #[serde(default)]
    pub transition: Vec<Transition>,
    /// Cases the policy leaves open for a product that is not preferred.
    #[serde(default)]
    pub open: Vec<super::Topic>,
    /// What happens in an emergency.
    pub emergency: Emergency,
    /// What the site must do.
    #[serde(default)]
    pub duty: Vec<StatementRow>,
    /// Where the order was read.
    pub cite: Cite,
}

/// Products of equal preference.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TierRow {
    /// 1 for preferred products.
    #[cfg_attr(feature = "schema", schemars(with = "u32"))]
    pub rank: Spanned<u32>,
    /// The products.
    pub product: Vec<PreferredRow>,
}

/// A product on a tier.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PreferredRow {
    /// Its id: a member of the class.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// Presentations the tier holds for. Empty: all.
    #[serde(default)]
    pub presentations: Vec<String>,
}

/// How many preferred products must have failed, and what counts as failure.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Step {
    /// Unique in the document.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// The rule in words.
    pub text: String,
    /// How many of the preferred products. Absent: all of them.
    #[cfg_attr(feature = "schema", schemars(with = "Option<u32>"))]
    pub count: Option<Spanned<u32>>,
    /// The source does not say how many: all are enough, none is too few, and between them it is unknown.
    #[serde(default)]
    pub count_not_stated: bool,
    /// What counts as failure.
    pub accepts: Vec<Failure>,
    /// The failure may be at most so many days old. Absent: no limit.
    pub lookback_days: Option<u32>,
    /// It applies only where this holds.
    pub when: Option<Test>,
    /// Where it was read.
    pub cite: Cite,
}

/// What counts as failure of a treatment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// It did not work.
    Ineffective,
    /// It was not tolerated.
    Intolerant,
    /// It cannot be given.
    Contraindicated,
}

/// Treatment with the product that may go on. Samples never count.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Continuing {
    /// Unique in the document.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// The rule in words.
    pub text: String,
    /// The last treatment may be at most so many days back.
    pub lookback_days: u32,
    /// Proofs that are accepted, such as `paid-claim` or `chart`.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub proofs: Spanned<Vec<String>>,
    /// Where it was read.
    pub cite: Cite,
}

/// A running approval for one product that carries others.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Transition {
    /// Unique in the document.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// The rule in words.
    pub text: String,
    /// The product the approval was given for.
    pub approval: String,
    /// Products it carries until its last day, without a new request.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub carries: Spanned<Vec<String>>,
    /// Where it was read.
    pub cite: Cite,
}

/// What happens when a product is needed now.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Emergency {
    /// The duty to notify, in words.
    pub notify: String,
    /// Where it was read.
    pub cite: Cite,
}
