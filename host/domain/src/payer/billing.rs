//! How a dose is billed and paid.

use serde::{Deserialize, Serialize};

use super::{Coverage, Policy};
use crate::{Ask, Citation, Day, Fact, Finding, Quantity, Statement, VialUse};

/// How will the dose be billed?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BillingRequest {
    /// The contract the patient is under.
    pub coverage: Coverage,
    /// First day of service. It selects the edition of the policy.
    pub service_day: Day,
    /// The product given.
    pub product: String,
    /// Where it is given.
    pub setting: String,
    /// ICD-10-CM codes on the order.
    #[serde(default)]
    pub diagnosis: Vec<String>,
    /// The product's own code on the day, from its monograph.
    pub code: Option<String>,
    /// The amount administered, when known.
    pub amount: Option<Quantity>,
    /// Units administered, in units of `code`.
    pub units: Option<u32>,
    /// Units discarded.
    pub discarded_units: Option<u32>,
    /// The vials opened, when known.
    #[serde(default)]
    pub vials: Vec<VialUse>,
    /// Whether the vials are for a single dose, when known.
    pub container_single_dose: Option<bool>,
    /// The 11-digit NDC of all that was opened. Absent: unknown, or more than one: see `vials`.
    pub ndc: Option<String>,
    /// How it is bought: see `channel`. Absent: unknown.
    pub channel: Option<String>,
    /// What is known about the case.
    #[serde(default)]
    pub facts: Vec<Fact>,
}

/// A line to bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BillLine {
    /// The code to bill.
    pub code: String,
    /// How many units.
    pub units: u32,
    /// Modifiers, in order.
    #[serde(default)]
    pub modifiers: Vec<String>,
    /// The NDC to print on the line, where the payer wants one.
    pub ndc: Option<String>,
    /// The unit in which its quantity is told: `UN`, `ML`, `GR`, `F2`. Absent: not said.
    pub ndc_unit: Option<String>,
    /// The revenue code, on institutional claims.
    pub revenue_code: Option<String>,
    /// What to write beside a code that does not name the drug.
    pub narrative: Option<String>,
    /// In words.
    pub text: String,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// How a dose is billed and paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bill {
    /// The policy that applied.
    pub policy: Policy,
    /// The lines to bill.
    #[serde(default)]
    pub lines: Vec<BillLine>,
    /// Edits the claim must pass, judged.
    #[serde(default)]
    pub edits: Vec<Finding>,
    /// How payment is set, in words.
    #[serde(default)]
    pub payment_basis: Vec<Statement>,
    /// What goes to a person.
    #[serde(default)]
    pub asks: Vec<Ask>,
}
