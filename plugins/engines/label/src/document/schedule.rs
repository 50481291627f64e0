//! Schedules: regimens, phases, amounts, and what a delay leads to.

use paratope_sdk::criteria::Test;
use paratope_sdk::document::{Cite, Number, Spanned};
use serde::Deserialize;

use super::Condition;

/// A table of amounts by body weight. Outside and between its bands the amount is unknown.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Bands {
    /// A readable slug.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// Unit of the amounts: `mg` or `ug`.
    pub unit: String,
    /// Names of the columns, in the order of each row's `give`.
    pub columns: Vec<String>,
    /// The bands, lightest first.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<BandRow>"))]
    pub rows: Vec<Spanned<BandRow>>,
    /// Where this was read.
    pub cite: Cite,
}

/// One band.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BandRow {
    /// This many kilograms or more.
    pub from: Option<Number>,
    /// This many kilograms or less.
    pub to: Option<Number>,
    /// Less than this many kilograms.
    pub below: Option<Number>,
    /// Amounts, one for each column.
    pub give: Vec<Number>,
}

/// A range of body weight in kilograms.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Weight {
    /// This many or more.
    pub from: Option<Number>,
    /// This many or less.
    pub to: Option<Number>,
    /// Less than this many.
    pub below: Option<Number>,
}

/// Which weight decides the amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WeightOf {
    /// The weight on the day of the dose.
    #[default]
    Dose,
    /// The weight on the day of the first dose, for the whole course.
    Baseline,
}

/// A schedule of doses.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Regimen {
    /// A readable slug, stable across editions.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// What it is, in words.
    pub text: String,
    /// Length of a cycle in days. Absent: days count from the start of the plan.
    pub cycle_days: Option<u32>,
    /// How many cycles may be given.
    #[serde(default)]
    pub cycle_limit: Vec<CycleLimit>,
    /// When treatment ends, in words.
    pub until: String,
    /// Drugs given with it.
    #[serde(default)]
    pub partners: Vec<String>,
    /// Phases change by the day of the plan, whatever was given or missed. Absent: by the doses given.
    #[serde(default)]
    pub by_calendar: bool,
    /// Which weight decides the amount.
    #[serde(default)]
    pub weight: WeightOf,
    /// Its parts, in order.
    pub phase: Vec<Phase>,
    /// Where this was read.
    pub cite: Cite,
}

/// How many cycles may be given.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CycleLimit {
    /// How many.
    pub cycles: u32,
    /// Only if this holds. Absent: always.
    pub when: Option<Condition>,
}

/// Where a dose stands in its schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PhaseKind {
    /// Another drug that must come first.
    Pretreatment,
    /// A small early dose.
    StepUp,
    /// The first dose at full strength.
    FirstFull,
    /// Every later dose.
    Maintenance,
}

/// A named part of a schedule: one dose, or doses that repeat. It has either `at` or `instead`.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Phase {
    /// A readable slug, unique in the regimen.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// Where it stands in the schedule.
    pub kind: PhaseKind,
    /// What it is, in words.
    pub text: String,
    /// The drug, where that is not the product.
    pub drug: Option<String>,
    /// When its doses are planned.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Timing>"))]
    pub at: Option<Spanned<Timing>>,
    /// It takes the place of another phase.
    pub instead: Option<Instead>,
    /// How much is given.
    pub amount: Option<Amount>,
    /// How much is given, where the way to tell depends on weight.
    #[serde(default)]
    pub by_weight: Vec<ByWeight>,
    /// Days that may pass since the dose before.
    pub window: Option<Window>,
    /// Where this was read. Absent: as the regimen.
    pub cite: Option<Cite>,
}

/// When the doses of a phase are planned: on days of the plan, on days of cycles, or every so many days.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Timing {
    /// Days of the cycle, or of the plan where there are no cycles. Day 1 is the first.
    #[serde(default)]
    pub days: Vec<u32>,
    /// Cycles: `1`, `2-3` or `10+`. With `days` only.
    pub cycles: Option<String>,
    /// Every so many days of the plan.
    pub every: Option<u32>,
    /// First day of the plan, with `every`.
    pub from_day: Option<u32>,
    /// Last day of the plan, with `every`. Absent: no end.
    pub to_day: Option<u32>,
}

/// A phase that takes the place of another when a condition holds.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Instead {
    /// The phase it replaces.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub of: Spanned<String>,
    /// Days between its doses.
    pub every: u32,
    /// The label allows the change and does not ask for it.
    #[serde(default)]
    pub optional: bool,
    /// What must hold.
    pub when: Condition,
    /// Not before this day of the plan.
    pub from_day: Option<u32>,
    /// Not before so many days, or doses, in a phase.
    pub after: Option<After>,
}

/// Time spent in a phase.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct After {
    /// Phases that count.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub phases: Vec<Spanned<String>>,
    /// Days since the first dose of them.
    pub days: Option<u32>,
    /// Doses of them.
    pub doses: Option<u32>,
}

/// How much is given. One of `fixed`, `per-kg` and `per-m2`.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Amount {
    /// The same for everyone.
    pub fixed: Option<Number>,
    /// For each kilogram of body weight.
    pub per_kg: Option<Number>,
    /// For each square metre of body surface.
    pub per_m2: Option<Number>,
    /// Never more than this.
    pub at_most: Option<Number>,
    /// `mg`, `ug`, or a rate such as `ug/d`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub unit: Spanned<String>,
    /// The table that turns weight into what is given.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub bands: Option<Spanned<String>>,
    /// Column of that table.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub column: Option<Spanned<String>>,
}

/// An amount that holds for some weights.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ByWeight {
    /// The weights.
    pub weight: Weight,
    /// How much is given.
    pub amount: Amount,
}

/// Whole days that may pass since the dose before.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Window {
    /// At least so many.
    pub min: Option<u32>,
    /// As a rule at most so many.
    pub usual_max: Option<u32>,
    /// At most so many, for the reason given.
    #[cfg_attr(feature = "schema", schemars(with = "Option<u32>"))]
    pub max: Option<Spanned<u32>>,
    /// Why it may take longer than usual.
    pub reason: Option<String>,
}

/// What a delay leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Give the next planned dose.
    Proceed,
    /// Give the last phase again.
    Repeat,
    /// Go back to an earlier phase.
    Restart,
}

/// Whole days, both ends included.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Days {
    /// So many or more.
    pub from: u32,
    /// So many or fewer. Absent: no end.
    pub to: Option<u32>,
}

/// What to do by whole days since the last dose given.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Restart {
    /// Regimens. Absent: every regimen that has the phases.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub regimens: Option<Vec<Spanned<String>>>,
    /// Phases of the last dose.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub after: Spanned<Vec<String>>,
    /// Days since the last dose given.
    #[cfg_attr(feature = "schema", schemars(with = "Days"))]
    pub days: Spanned<Days>,
    /// What to do.
    #[cfg_attr(feature = "schema", schemars(with = "Action"))]
    pub action: Spanned<Action>,
    /// The phase to go back to, with `restart`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub phase: Option<Spanned<String>>,
    /// Phases that follow. Absent: as the schedule has them after `phase`.
    #[serde(default)]
    pub then: Vec<Then>,
    /// How treatment goes on after that, when a maintenance dose was last.
    pub rejoin: Option<Rejoin>,
    /// Benefit and risk are weighed first.
    #[serde(default)]
    pub benefit_risk: bool,
    /// Benefit and risk are weighed first in some cases.
    pub benefit_risk_when: Option<BenefitRisk>,
    /// What a person must know who follows the row, such as that it was not seen.
    pub note: Option<String>,
    /// Where this was read.
    pub cite: Cite,
}

/// A phase after a restart.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Then {
    /// The phase.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub phase: Spanned<String>,
    /// Days after the dose before it. Absent: as the schedule has them.
    pub days: Option<u32>,
}

/// How treatment goes on once the phases of a restart were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Rejoin {
    /// With what the schedule has next, as the first time.
    Schedule,
    /// With the planned dose after the last one before the delay.
    SamePlace,
    /// With the first day of the cycle after the one that was interrupted.
    NextCycle,
    /// It is not known: a gap with effect `rejoin` says why.
    Unknown,
}

/// When benefit and risk are weighed before a dose.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BenefitRisk {
    /// More than so many days since the last dose.
    pub after_days: u32,
    /// And this holds.
    pub when: Test,
}
