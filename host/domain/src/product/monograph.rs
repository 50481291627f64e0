//! What a label says that does not depend on a patient.

use serde::{Deserialize, Serialize};

use crate::{Ask, Citation, Day, Decimal, Edition, Period, PhaseKind, Quantity, Statement};

/// A use the label names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Indication {
    /// Its id in the monograph.
    pub id: String,
    /// As the label words it.
    pub text: String,
    /// Regimens the label gives for it.
    #[serde(default)]
    pub regimens: Vec<String>,
    /// Such as `accelerated` or `regular`.
    pub approval: String,
    /// The day it was approved, when known.
    pub approved: Option<Day>,
    /// ICD-10-CM codes or prefixes ending in `-`.
    #[serde(default)]
    pub diagnosis_codes: Vec<String>,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// Whether what is left in a vial may be used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Container {
    /// What is left is discarded.
    SingleDose,
    /// What is left may be used again.
    MultiDose,
}

/// A vial on the market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Presentation {
    /// Its id in the monograph.
    pub id: String,
    /// As the label words it, such as `30 mg/3 mL`.
    pub strength: String,
    /// The drug in one vial.
    pub content: Quantity,
    /// Strength of the solution, when it is one.
    pub concentration: Option<Quantity>,
    /// Whether what is left may be used.
    pub container: Container,
    /// 11-digit NDC, 5-4-2 without hyphens.
    pub ndc: Option<String>,
    /// The drug in it, where that is not the product.
    pub drug: Option<String>,
    /// Phases the label allows it for. Empty: every phase.
    #[serde(default)]
    pub phases: Vec<String>,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// A named part of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Phase {
    /// Its id within the regimen.
    pub id: String,
    /// Which part of the schedule it belongs to.
    pub kind: PhaseKind,
    /// Its name in words.
    pub text: String,
    /// The dose in words, such as `0.06 mg/kg`.
    pub amount: String,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// How many cycles may be given, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CycleLimit {
    /// The most cycles.
    pub cycles: u32,
    /// The condition, such as a response. Absent: always.
    pub condition: Option<Statement>,
}

/// A schedule of doses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Regimen {
    /// Its id in the monograph.
    pub id: String,
    /// The schedule in words.
    pub text: String,
    /// Length of a cycle in days. Absent: the schedule counts days from its start.
    pub cycle_days: Option<u32>,
    /// How many cycles may be given.
    #[serde(default)]
    pub cycle_limits: Vec<CycleLimit>,
    /// When the schedule ends, in words.
    pub until: String,
    /// Drugs given with it.
    #[serde(default)]
    pub partners: Vec<String>,
    /// Its parts, in order.
    #[serde(default)]
    pub phases: Vec<Phase>,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// What a code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum CodeRole {
    /// The drug itself.
    Drug,
    /// Giving it.
    Administration,
}

/// A billing code and the dates of service it is payable on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BillingCode {
    /// What it stands for.
    pub role: CodeRole,
    /// `hcpcs` or `cpt`.
    pub system: String,
    /// The code.
    pub code: String,
    /// The drug it stands for, where that is not the product.
    pub drug: Option<String>,
    /// What one unit is. Drug codes only.
    pub unit: Option<Quantity>,
    /// Such as `hospital-outpatient`. Absent: every setting.
    pub setting: Option<String>,
    /// Dates of service it is payable on. Absent: they were not found, and it is never billed.
    pub payable: Option<Period>,
    /// What the code list calls it.
    pub text: String,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

impl BillingCode {
    /// Whether it is known to be payable on a date of service.
    #[must_use]
    pub fn payable_on(&self, day: Day) -> bool {
        self.payable.as_ref().is_some_and(|period| period.contains(day))
    }
}

/// Whether a REMS programme binds on the as-of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RemsStatus {
    /// It binds.
    InForce,
    /// It did bind, and no longer does.
    Ended,
    /// There is none.
    None,
    /// It cannot be told.
    Unknown,
}

/// A risk programme, as dated data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RemsProgram {
    /// Name of the programme.
    pub name: String,
    /// Whether it binds.
    pub status: RemsStatus,
    /// The days it binds.
    pub effective: Period,
    /// Who certifies or enrols: `prescriber`, `pharmacy`, `site`, `patient`.
    #[serde(default)]
    pub parties: Vec<String>,
    /// What it asks.
    #[serde(default)]
    pub elements: Vec<Statement>,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// How often a toxicity was seen, for capacity planning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToxicityRate {
    /// The toxicity, such as `crs`.
    pub toxicity: String,
    /// Such as `any`, `1` or `>=2`.
    pub grade: String,
    /// Patients who had it, of a hundred.
    pub percent: Decimal,
    /// Who was counted.
    pub population: String,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// Everything the label says that does not depend on a patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProductMonograph {
    /// The product's id.
    pub product: String,
    /// The brand name.
    pub brand: String,
    /// The nonproprietary name with its suffix.
    pub generic_name: String,
    /// Who makes it.
    pub manufacturer: String,
    /// What it binds.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Its class, such as `bispecific`.
    pub class: String,
    /// How it is given.
    pub route: String,
    /// The edition in force on the as-of day.
    pub edition: Edition,
    /// Every edition the plugin holds.
    #[serde(default)]
    pub editions: Vec<Edition>,
    /// The uses the label names.
    #[serde(default)]
    pub indications: Vec<Indication>,
    /// The vials on the market.
    #[serde(default)]
    pub presentations: Vec<Presentation>,
    /// The schedules of the label.
    #[serde(default)]
    pub regimens: Vec<Regimen>,
    /// The codes it is billed under.
    #[serde(default)]
    pub codes: Vec<BillingCode>,
    /// Its risk programmes.
    #[serde(default)]
    pub rems: Vec<RemsProgram>,
    /// The boxed warnings.
    #[serde(default)]
    pub boxed_warnings: Vec<Statement>,
    /// Laboratory, prophylaxis and counselling items.
    #[serde(default)]
    pub statements: Vec<Statement>,
    /// How often toxicities were seen.
    #[serde(default)]
    pub rates: Vec<ToxicityRate>,
    /// What the sources leave open.
    #[serde(default)]
    pub gaps: Vec<Ask>,
}
