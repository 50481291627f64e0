//! What people write: one label document, which is one edition of one product's label.
//!
//! Every row cites its source and says how well it is known. Rows that hold only for some doses say so in `applies`.
//! What the sources leave open is written down as a `gap`, so that the engine asks instead of guessing.

use paratope_sdk::criteria::{Criterion, Test};
use paratope_sdk::document::{Cite, Date, Number, Sources, Spanned};
use serde::Deserialize;

mod care;
mod schedule;

pub use care::{
    Anchor, Change, Function, Gap, GapEffect, Hours, Infusion, Line, ManageAction, Medication, Monitoring, Need,
    Occurrence, Requirement, Task, Toxicity,
};
pub use schedule::{
    Action, After, Amount, BandRow, Bands, BenefitRisk, ByWeight, CycleLimit, Days, Instead, Phase, PhaseKind, Regimen,
    Rejoin, Restart, Then, Timing, Weight, WeightOf, Window,
};

/// One edition of a product's label.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LabelDocument {
    /// The product's id, such as `teclistamab`. The same in every edition.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub product: Spanned<String>,
    /// First day of service the edition governs. It is the edition's id and the name of the file.
    #[cfg_attr(feature = "schema", schemars(with = "Date"))]
    pub edition: Spanned<Date>,
    /// Last day of service it governs. Absent: until the next edition begins.
    pub ends: Option<Date>,
    /// The document this is an edition of, as answers name it.
    pub title: String,
    /// Names of the product.
    pub identity: Identity,
    /// Where the rows were read, by key.
    pub sources: Sources,
    /// Uses the label names.
    #[serde(default)]
    pub indication: Vec<Indication>,
    /// Vials on the market.
    #[serde(default)]
    pub presentation: Vec<Presentation>,
    /// Tables of amounts by body weight.
    #[serde(default)]
    pub bands: Vec<Bands>,
    /// Schedules of doses.
    #[serde(default)]
    pub regimen: Vec<Regimen>,
    /// What to do by days since the last dose.
    #[serde(default)]
    pub restart: Vec<Restart>,
    /// Drugs given around a dose.
    #[serde(default)]
    pub medication: Vec<Medication>,
    /// Watching after a dose.
    #[serde(default)]
    pub monitoring: Vec<Monitoring>,
    /// Length of infusions.
    #[serde(default)]
    pub infusion: Vec<Infusion>,
    /// Laboratory work, prophylaxis, counselling and other items of the order set.
    #[serde(default)]
    pub task: Vec<Task>,
    /// What must be true before a dose.
    #[serde(default)]
    pub requirement: Vec<Requirement>,
    /// What to do about toxicity.
    #[serde(default)]
    pub toxicity: Vec<Toxicity>,
    /// Risk programmes, as dated data.
    #[serde(default)]
    pub rems: Vec<Rems>,
    /// Billing codes, as dated data.
    #[serde(default)]
    pub code: Vec<Code>,
    /// Topics of the boxed warning.
    #[serde(default)]
    pub boxed_warning: Vec<Line>,
    /// Other sentences worth showing.
    #[serde(default)]
    pub statement: Vec<Line>,
    /// How often toxicity was seen.
    #[serde(default)]
    pub rate: Vec<Rate>,
    /// What the sources leave open.
    #[serde(default)]
    pub gap: Vec<Gap>,
}

/// Names of the product.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Identity {
    /// Brand name.
    pub brand: String,
    /// Nonproprietary name with its suffix.
    pub generic_name: String,
    /// Who makes it.
    pub manufacturer: String,
    /// What it binds.
    pub targets: Vec<String>,
    /// Its class, in words.
    pub class: String,
    /// `subcutaneous` or `intravenous`.
    pub route: String,
    /// Where this was read.
    pub cite: Cite,
}

/// A use the label names.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Indication {
    /// A readable slug, stable across editions.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// The use, in words.
    pub text: String,
    /// Regimens the label gives for it.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub regimens: Vec<Spanned<String>>,
    /// `accelerated` or `regular`.
    pub approval: String,
    /// Day of approval.
    pub approved: Option<Date>,
    /// ICD-10-CM codes, or prefixes ending in `-`.
    #[serde(default)]
    pub diagnosis_codes: Vec<String>,
    /// Who may be treated.
    #[serde(default)]
    pub criterion: Vec<Criterion>,
    /// Where this was read.
    pub cite: Cite,
}

/// Whether what is left in a vial may be used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Container {
    /// What is left is discarded.
    SingleDose,
    /// What is left may be used.
    MultiDose,
}

/// A vial on the market.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Presentation {
    /// A readable slug, such as `vial-30-mg`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// As the label words it, such as `30 mg/3 mL`.
    pub strength: String,
    /// What it contains.
    pub content: Number,
    /// Unit of the content: `mg` or `ug`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub unit: Spanned<String>,
    /// Content of one millilitre, in the same unit.
    pub per_ml: Option<Number>,
    /// Whether what is left may be used again.
    pub container: Container,
    /// 11-digit NDC, 5-4-2 without hyphens.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub ndc: Option<Spanned<String>>,
    /// Phases it is meant for. Absent: every phase.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub phases: Option<Vec<Spanned<String>>>,
    /// The drug in it, where that is not the product.
    pub drug: Option<String>,
    /// Where this was read.
    pub cite: Cite,
}

/// The doses a row holds for. What is absent does not limit.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Applies {
    /// Regimens, by id.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub regimens: Option<Vec<Spanned<String>>>,
    /// Phases, by id.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub phases: Option<Vec<Spanned<String>>>,
    /// Cycles: `1`, `2-3` or `10+`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub cycles: Option<Spanned<String>>,
}

/// A condition on facts: every test of `all` and, where `any` is given, one of `any`.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Condition {
    /// The condition in words, completing "if ...".
    pub text: String,
    /// Every one must hold.
    #[serde(default)]
    pub all: Vec<Test>,
    /// One must hold.
    #[serde(default)]
    pub any: Vec<Test>,
}

/// A risk programme.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rems {
    /// Its name.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub name: Spanned<String>,
    /// There is no programme; the row says so. Dates are then left out.
    #[serde(default)]
    pub none: bool,
    /// First day it binds.
    pub first: Option<Date>,
    /// Last day it binds. Absent: no end is known.
    pub last: Option<Date>,
    /// The last day for which a source says that it binds. Later, its status is unknown and it is treated as binding.
    pub confirmed_until: Option<Date>,
    /// Who certifies or enrols: `prescriber`, `pharmacy`, `site`, `patient`.
    #[serde(default)]
    pub parties: Vec<String>,
    /// What it asks.
    #[serde(default)]
    pub elements: Vec<Line>,
    /// Where this was read.
    pub cite: Cite,
}

/// What a billing code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CodeRole {
    /// The drug.
    Drug,
    /// Giving it.
    Administration,
}

/// A billing code and the dates of service it is payable on.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Code {
    /// What it stands for.
    pub role: CodeRole,
    /// `hcpcs` or `cpt`.
    pub system: String,
    /// The code.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub code: Spanned<String>,
    /// What one unit holds. Drug codes only.
    pub per_unit: Option<Number>,
    /// Unit of that amount: `mg` or `ug`.
    pub unit: Option<String>,
    /// The drug, where that is not the product.
    pub drug: Option<String>,
    /// The only setting it may be billed in, such as `hospital-outpatient`.
    pub setting: Option<String>,
    /// First date of service it is known to be payable on.
    pub first: Option<Date>,
    /// Last date of service it is payable on.
    pub last: Option<Date>,
    /// Its dates were not found: it is shown as open and never billed.
    #[serde(default)]
    pub dates_unknown: bool,
    /// Its descriptor, and what to watch for.
    pub text: String,
    /// Where this was read.
    pub cite: Cite,
}

/// How often a toxicity was seen.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rate {
    /// Such as `crs`.
    pub toxicity: String,
    /// Such as `any`, `1` or `>=2`.
    pub grade: String,
    /// Percent of the population.
    pub percent: Number,
    /// Who was counted, and after which dose.
    pub population: String,
    /// Where this was read.
    pub cite: Cite,
}
