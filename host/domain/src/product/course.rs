//! What a label asks of one course: the plan, the next dose, toxicities and requirements.

use serde::{Deserialize, Serialize};

use crate::{Ask, Citation, Day, Decimal, Edition, Fact, Finding, Need, PhaseKind, Quantity, Statement, VialUse};

/// A course to plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanRequest {
    /// An indication of the monograph.
    pub indication: String,
    /// A regimen of the monograph.
    pub regimen: String,
    /// Day of the first dose. It selects the edition of the label.
    pub start: Day,
    /// How many doses to plan, 1 to 200.
    pub doses: u32,
    /// What is known about the case.
    #[serde(default)]
    pub facts: Vec<Fact>,
}

/// The days on which a dose may be given, counted from the planned day of the dose before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DoseWindow {
    /// The first day.
    pub earliest: Day,
    /// The last day.
    pub latest: Day,
    /// A later day the label allows for a reason only.
    pub outer_latest: Option<Day>,
    /// The reason the later day asks for.
    pub outer_reason: Option<String>,
}

/// How much to give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Amount {
    /// This much.
    Exact(Quantity),
    /// It cannot be told: what is missing, or who must be asked.
    Unknown(Vec<Need>),
}

impl Amount {
    /// The amount, when it is told.
    #[must_use]
    pub fn exact(&self) -> Option<&Quantity> {
        match self {
            Self::Exact(amount) => Some(amount),
            Self::Unknown(_) => None,
        }
    }
}

/// Where a monitoring clock starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Anchor {
    /// When the dose is begun.
    StartOfAdministration,
    /// When the dose is finished.
    EndOfAdministration,
    /// When the event begins.
    Event,
}

/// Watching after a dose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Monitoring {
    /// `hospital`, `healthcare-setting`, `proximity`, `observation`, `ambulatory`, `clinician-judgement`.
    pub setting: String,
    /// The least number of hours.
    pub hours_min: Option<Decimal>,
    /// The greatest number of hours.
    pub hours_max: Option<Decimal>,
    /// Where the clock starts.
    pub anchor: Anchor,
    /// In words.
    pub text: String,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// A drug given around a dose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Medication {
    /// The drug.
    pub drug: String,
    /// In words.
    pub text: String,
    /// `required`, `as-needed` or `consider`.
    pub need: String,
    /// The least number of minutes before the dose.
    pub minutes_before_min: Option<u32>,
    /// The greatest number of minutes before the dose.
    pub minutes_before_max: Option<u32>,
    /// On how many days after the dose it goes on, once a day. Left out where the plugin does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_after: Option<u32>,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// A dose as it is billed. Units are rounded up once; what is left of a single-dose vial is discarded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DoseBilling {
    /// The code to bill.
    pub code: String,
    /// What one unit is.
    pub unit: Quantity,
    /// Units administered.
    pub units: u32,
    /// Whole units discarded.
    pub discarded_units: u32,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// One dose of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlannedDose {
    /// 1 for the first dose of the plan.
    pub number: u32,
    /// The drug to give: the product, or one that must come first.
    pub drug: String,
    /// A phase of the regimen.
    pub phase: String,
    /// Which part of the schedule it belongs to.
    pub kind: PhaseKind,
    /// The cycle, where the schedule has cycles.
    pub cycle: Option<u32>,
    /// Day of the cycle, or of the plan where there are no cycles; day 1 is the first.
    pub cycle_day: u32,
    /// The day planned.
    pub day: Day,
    /// The days on which it may be given.
    pub window: DoseWindow,
    /// How much to give.
    pub amount: Amount,
    /// How the amount was found, such as `weight band 70 to 79 kg`.
    pub amount_basis: String,
    /// How it is given, such as `subcutaneous`.
    pub route: String,
    /// How long it runs at least, when it is infused.
    pub infusion_hours_min: Option<Decimal>,
    /// How long it runs at most, when it is infused. The same where the label gives one length.
    pub infusion_hours_max: Option<Decimal>,
    /// The watching it asks for.
    #[serde(default)]
    pub monitoring: Vec<Monitoring>,
    /// Drugs given around it.
    #[serde(default)]
    pub medications: Vec<Medication>,
    /// Assessments, laboratory work and other order-set items.
    #[serde(default)]
    pub tasks: Vec<Statement>,
    /// The vials to open.
    #[serde(default)]
    pub vials: Vec<VialUse>,
    /// How it is billed, when that can be told.
    pub billing: Option<DoseBilling>,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// A course, dose by dose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TreatmentPlan {
    /// The edition that governs the day asked about.
    pub edition: Edition,
    /// A regimen of the monograph.
    pub regimen: String,
    /// Every dose, oldest first.
    #[serde(default)]
    pub doses: Vec<PlannedDose>,
    /// When the schedule ends, in words.
    pub until: String,
    /// What may change later and on which condition, such as every two weeks in lasting response.
    #[serde(default)]
    pub options: Vec<Statement>,
    /// What goes to a person.
    #[serde(default)]
    pub asks: Vec<Ask>,
}

/// A dose that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GivenDose {
    /// The phase it belonged to.
    pub phase: String,
    /// The day it was given.
    pub day: Day,
    /// How much was given, when known.
    pub amount: Option<Quantity>,
    /// The cycle it belonged to, when known.
    pub cycle: Option<u32>,
    /// The day of the cycle, when known.
    pub cycle_day: Option<u32>,
}

/// What comes next, and may it be given on `as-of`?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NextDoseRequest {
    /// An indication of the monograph.
    pub indication: String,
    /// A regimen of the monograph.
    pub regimen: String,
    /// The day the dose is meant for.
    pub as_of: Day,
    /// Every dose given so far, oldest first.
    #[serde(default)]
    pub history: Vec<GivenDose>,
    /// What is known about the case.
    #[serde(default)]
    pub facts: Vec<Fact>,
}

/// What to do on the as-of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum NextAction {
    /// Give the next planned dose.
    Proceed,
    /// Give the last phase again.
    Repeat,
    /// Go back to an earlier phase.
    Restart,
    /// It is too early.
    Wait,
    /// The schedule ends: no dose is due.
    Finished,
    /// The label does not settle it.
    AskPharmacist,
}

/// The next dose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NextStep {
    /// The edition that governs the day asked about.
    pub edition: Edition,
    /// What to do.
    pub action: NextAction,
    /// The dose to give. Absent with `wait` (see `due`), `finished` and `ask-pharmacist`.
    pub dose: Option<PlannedDose>,
    /// First day on which the next dose may be given, when it can be told.
    pub due: Option<Day>,
    /// Phases that follow a repeat or restart, in order.
    #[serde(default)]
    pub then: Vec<String>,
    /// Whole days from the last dose given to the as-of day.
    pub days_since_last: Option<u32>,
    /// The label asks to weigh benefit and risk first.
    pub benefit_risk: bool,
    /// Why, in a sentence.
    pub reason: String,
    /// What goes to a person.
    #[serde(default)]
    pub asks: Vec<Ask>,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// Something that happened to the patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToxicityEvent {
    /// `crs`, `icans`, `neurologic`, `infection`, `neutropenia`, `febrile-neutropenia`, `anemia`,
    /// `thrombocytopenia`, `hepatotoxicity`, `infusion-reaction`, `ild`, `injection-reaction`, `skin`,
    /// `thromboembolism`, `cardiac`, `seizure`, `interruption`, `other`.
    pub kind: String,
    /// How severe it was, when graded.
    pub grade: Option<u8>,
    /// 1 for the first event of this grade.
    pub occurrence: Option<u32>,
    /// How long it has lasted or lasted, in hours.
    pub hours: Option<u32>,
    /// Phase of the last dose before it.
    pub phase: Option<String>,
}

/// What to do about an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ManageRequest {
    /// An indication of the monograph.
    pub indication: String,
    /// A regimen of the monograph.
    pub regimen: String,
    /// The day it is asked about.
    pub as_of: Day,
    /// The event asked about.
    pub event: ToxicityEvent,
    /// What is known about the case.
    #[serde(default)]
    pub facts: Vec<Fact>,
}

/// What the label says of treatment with the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ManageAction {
    /// Go on.
    ContinueTreatment,
    /// Give no dose until it resolves.
    Hold,
    /// Weigh stopping for good.
    ConsiderDiscontinuation,
    /// Stop for good.
    Discontinue,
    /// The label does not settle it.
    AskPharmacist,
}

/// How the next dose differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NextDoseChange {
    /// `premedicate`, `hospital`, `monitor`, `reduce`, `rate`, `schedule`.
    pub code: String,
    /// The least number of hours.
    pub hours_min: Option<Decimal>,
    /// Where the clock starts.
    pub anchor: Option<Anchor>,
    /// In words.
    pub text: String,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// How to manage the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Management {
    /// The edition that governs the day asked about.
    pub edition: Edition,
    /// What to do.
    pub action: ManageAction,
    /// Why, in a sentence.
    pub reason: String,
    /// When treatment may go on.
    #[serde(default)]
    pub resume_when: Vec<Statement>,
    /// How to treat the event.
    #[serde(default)]
    pub treatment: Vec<Statement>,
    /// How the next dose differs.
    #[serde(default)]
    pub next_dose: Vec<NextDoseChange>,
    /// What goes to a person.
    #[serde(default)]
    pub asks: Vec<Ask>,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// What must be true before a dose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequirementsRequest {
    /// An indication of the monograph.
    pub indication: String,
    /// A regimen of the monograph.
    pub regimen: String,
    /// A phase of the regimen.
    pub phase: String,
    /// Day of the dose.
    pub as_of: Day,
    /// What is known about the case.
    #[serde(default)]
    pub facts: Vec<Fact>,
}

/// One requirement, judged, and who sees to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Requirement {
    /// The judgement.
    pub finding: Finding,
    /// A role: `pharmacist`, `prescriber`, `nurse`, `access`, `site`.
    pub owner: String,
}

/// Requirements of one dose, eligibility first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DoseRequirements {
    /// The edition that governs the day asked about.
    pub edition: Edition,
    /// What must be true, eligibility first.
    #[serde(default)]
    pub requirements: Vec<Requirement>,
    /// What goes to a person.
    #[serde(default)]
    pub asks: Vec<Ask>,
}
