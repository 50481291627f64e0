//! The part of a policy that says how a dose is billed.

use paratope_sdk::criteria::{Criterion, Test};
use paratope_sdk::document::{Cite, Date, Spanned};
use serde::Deserialize;

use super::StatementRow;

/// How a dose is billed. Units come with the request and are checked, never looked up.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Billing {
    /// Codes by product, setting and day.
    #[serde(default)]
    pub code: Vec<CodeRow>,
    /// How discarded units are told.
    pub discarded: Option<Discarded>,
    /// Codes for giving the dose.
    #[serde(default)]
    pub administration: Vec<Administration>,
    /// Other modifiers.
    #[serde(default)]
    pub modifier: Vec<ModifierRow>,
    /// Revenue codes of the drug lines.
    #[serde(default)]
    pub revenue: Vec<RevenueRow>,
    /// Edits the claim must pass.
    #[serde(default)]
    pub edit: Vec<Criterion>,
    /// Where it was read that the line carries the NDC, eleven digits without hyphens. Absent: neither checked nor told.
    pub ndc: Option<Cite>,
    /// The unit in which the quantity of an NDC is told: `UN`, `ML`, `GR`, `F2`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub ndc_unit: Option<Spanned<String>>,
    /// Where it was read that a drug supplied by a pharmacy is not on the provider's claim.
    pub white_bag: Option<Cite>,
    /// How payment is set.
    #[serde(default)]
    pub payment: Vec<StatementRow>,
    /// What a person must be asked.
    #[serde(default)]
    pub open: Vec<Topic>,
}

/// The code of a product.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CodeRow {
    /// The product's id.
    pub product: String,
    /// The code.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub code: Spanned<String>,
    /// Settings it is for. Empty: all.
    #[serde(default)]
    pub settings: Vec<String>,
    /// First day of service, when known.
    pub first: Option<Date>,
    /// Last day of service, when it has ended.
    pub last: Option<Date>,
    /// A day on which it was seen in force; before it, a code without `first` is unknown.
    pub seen: Option<Date>,
    /// What to write beside it, for a code that does not name the drug.
    pub narrative: Option<String>,
    /// What must be asked about it on any day.
    pub ask: Option<String>,
    /// Where it was read.
    pub cite: Cite,
}

/// The discarded-amount modifiers.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Discarded {
    /// First day on which discarded units take their own JW line.
    pub jw_from: Date,
    /// First day on which nothing discarded is attested with JZ.
    #[cfg_attr(feature = "schema", schemars(with = "Date"))]
    pub jz_from: Spanned<Date>,
    /// Settings without either.
    #[serde(default)]
    pub not_in: Vec<String>,
    /// Where it was read.
    pub cite: Cite,
}

/// The code for giving a dose.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Administration {
    /// A value of the fact `route`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub route: Spanned<String>,
    /// Products it is for. Empty: all.
    #[serde(default)]
    pub products: Vec<String>,
    /// The code.
    pub code: String,
    /// The code of each further hour.
    pub further_hour: Option<String>,
    /// What it is for, in our words.
    pub text: String,
    /// What must be asked about it.
    pub ask: Option<String>,
    /// Where it was read.
    pub cite: Cite,
}

/// A modifier of the drug lines.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ModifierRow {
    /// The modifier. Absent: it is not known which, and `ask` says so.
    pub modifier: Option<String>,
    /// When it is used.
    pub when: Test,
    /// Settings it is for. Empty: all.
    #[serde(default)]
    pub settings: Vec<String>,
    /// First day of service.
    pub first: Option<Date>,
    /// Last day of service.
    pub last: Option<Date>,
    /// What must be asked about it.
    pub ask: Option<String>,
    /// Where it was read.
    pub cite: Cite,
}

/// The revenue code of the drug lines of an institutional claim.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RevenueRow {
    /// The code: four digits.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub code: Spanned<String>,
    /// Settings it is for. Empty: all.
    #[serde(default)]
    pub settings: Vec<String>,
    /// Where it was read.
    pub cite: Cite,
}

/// A question for a person, where it arises.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Topic {
    /// What is open.
    pub topic: String,
    /// In a sentence.
    pub text: String,
    /// It is open only where this holds.
    pub when: Option<Test>,
}
