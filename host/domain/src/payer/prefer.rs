//! Which product of a class a payer wants first.

use serde::{Deserialize, Serialize};

use super::{Coverage, Operator, Policy, Stage};
use crate::{Ask, Citation, Day, Fact, Finding, Need, Statement};

/// How a former treatment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ExposureResult {
    /// It goes on.
    Ongoing,
    /// It ended as planned.
    Completed,
    /// It did not work.
    Ineffective,
    /// It was not tolerated.
    Intolerant,
    /// It cannot be given.
    Contraindicated,
}

/// Treatment with a product of the class, or a reason it cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Exposure {
    /// The product's id.
    pub product: String,
    /// How it ended.
    pub result: ExposureResult,
    /// Last day of treatment, or the day it was found.
    pub last_day: Option<Day>,
    /// `paid-claim`, `chart`, `sample`.
    pub proof: Option<String>,
}

/// Which product of a class does the payer want?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PreferRequest {
    /// The contract the patient is under.
    pub coverage: Coverage,
    /// First day of service. It selects the edition of the policy.
    pub service_day: Day,
    /// A first request, or a continuation. Absent: unknown.
    pub stage: Option<Stage>,
    /// Such as `tocilizumab`.
    pub class: String,
    /// The product ordered, such as `tyenne`. Absent: only the order of preference is asked.
    pub requested: Option<String>,
    /// Such as `iv-vial`.
    pub presentation: Option<String>,
    /// What it is for, such as `crs`.
    pub use_for: String,
    /// It is needed now.
    pub emergency: bool,
    /// Former treatment within the class.
    #[serde(default)]
    pub history: Vec<Exposure>,
    /// What is known about the case.
    #[serde(default)]
    pub facts: Vec<Fact>,
}

/// A product on a tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TierProduct {
    /// The product's id.
    pub product: String,
    /// The brand name.
    pub brand: String,
    /// The code it is billed under, when known.
    pub code: Option<String>,
    /// Presentations the tier holds for. Empty: all.
    #[serde(default)]
    pub presentations: Vec<String>,
}

/// Products of equal preference. Tier 1 comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tier {
    /// 1 comes first.
    pub rank: u32,
    /// The products of the tier.
    #[serde(default)]
    pub products: Vec<TierProduct>,
}

/// How the requested product stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Preference {
    /// It is preferred.
    Preferred,
    /// Not preferred, and an exception or transition rule allows it.
    Exception,
    /// Not preferred: a preferred product comes first.
    StepRequired,
    /// An emergency: give it now, tell the payer after.
    EmergencyBypass,
    /// The policy has no preference here.
    NoPreference,
    /// Facts are missing: see `needs`.
    Unknown,
}

/// The order of preference, and how the requested product stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Preferred {
    /// The policy that applied.
    pub policy: Policy,
    /// Who runs the plugin.
    pub operator: Operator,
    /// The order of preference.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// How the requested product stands. Absent when none was named.
    pub requested: Option<Preference>,
    /// Why, in a sentence.
    pub reason: String,
    /// Exceptions and transition rules, judged.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What the site must do, such as notify after an emergency.
    #[serde(default)]
    pub duties: Vec<Statement>,
    /// The facts that would decide it.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// What goes to a person.
    #[serde(default)]
    pub asks: Vec<Ask>,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}
