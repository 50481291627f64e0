//! Care around a dose: drugs, watching, tasks, requirements, toxicity, and what is not known.

use paratope_sdk::criteria::Criterion;
use paratope_sdk::document::{Cite, Number, Spanned};
use serde::Deserialize;

use super::{Applies, Condition};

/// A drug given around a dose.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Medication {
    /// The doses it is given around.
    #[serde(default)]
    pub applies: Applies,
    /// The drug.
    pub drug: String,
    /// Dose, route and alternatives, in words.
    pub text: String,
    /// `required`, `as-needed` or `consider`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub need: Spanned<String>,
    /// At least so many minutes before the dose.
    pub minutes_before_min: Option<u32>,
    /// At most so many minutes before the dose.
    pub minutes_before_max: Option<u32>,
    /// On so many days after the dose it goes on, once a day.
    pub days_after: Option<u32>,
    /// Only if this holds.
    pub when: Option<Condition>,
    /// Where this was read.
    pub cite: Cite,
}

/// Where a clock starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Anchor {
    /// When the dose is begun.
    StartOfAdministration,
    /// When the dose has been given.
    EndOfAdministration,
    /// When the event begins.
    Event,
}

/// Watching after a dose.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Monitoring {
    /// The doses it follows.
    #[serde(default)]
    pub applies: Applies,
    /// `hospital`, `healthcare-setting`, `proximity`, `observation`, `ambulatory` or `clinician-judgement`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub setting: Spanned<String>,
    /// At least so many hours.
    pub hours_min: Option<Number>,
    /// At most so many hours.
    pub hours_max: Option<Number>,
    /// Where the hours start.
    pub anchor: Anchor,
    /// What is done, in words.
    pub text: String,
    /// Only if this holds.
    pub when: Option<Condition>,
    /// Where this was read.
    pub cite: Cite,
}

/// Length of an infusion. The first row that holds is taken.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Infusion {
    /// The doses it holds for.
    #[serde(default)]
    pub applies: Applies,
    /// Hours, where it is one length.
    pub hours: Option<Number>,
    /// At least so many hours.
    pub hours_min: Option<Number>,
    /// At most so many hours.
    pub hours_max: Option<Number>,
    /// Only if this holds.
    pub when: Option<Condition>,
    /// Where this was read.
    pub cite: Cite,
}

/// Laboratory work, prophylaxis, counselling or another item of the order set.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Task {
    /// The doses it belongs to.
    #[serde(default)]
    pub applies: Applies,
    /// Such as `laboratory`, `prophylaxis`, `counselling`, `preparation`, `hydration` or `monitoring`.
    pub code: String,
    /// What is done, in words.
    pub text: String,
    /// Where this was read.
    pub cite: Cite,
}

/// What must be true before a dose.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Requirement {
    /// The doses it comes before.
    #[serde(default)]
    pub applies: Applies,
    /// Who sees to it: `pharmacist`, `prescriber`, `nurse`, `access` or `site`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub owner: Spanned<String>,
    /// The risk programme it belongs to. Once that has ended, it does not apply.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub rems: Option<Spanned<String>>,
    /// While it is not met the dose is withheld.
    #[serde(default)]
    pub withholds: bool,
    /// What must be true.
    pub criterion: Criterion,
}

/// Whether an event is the first of its grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Occurrence {
    /// The first.
    First,
    /// The second or a later one.
    Recurrent,
}

/// How long an event lasted, in hours.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Hours {
    /// So many or more.
    pub from: Option<u32>,
    /// More than so many.
    pub above: Option<u32>,
    /// So many or fewer.
    pub to: Option<u32>,
    /// Fewer than so many.
    pub below: Option<u32>,
}

/// What to do about treatment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ManageAction {
    /// Go on.
    ContinueTreatment,
    /// Withhold.
    Hold,
    /// Consider stopping for good.
    ConsiderDiscontinuation,
    /// Stop for good.
    Discontinue,
}

/// What to do about a toxicity. A row whose sources are all guidelines is shown beside label rows and answers only
/// where there is none.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Toxicity {
    /// Such as `crs`, `icans` or `neutropenia`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub kind: Spanned<String>,
    /// Grades, 1 to 5. Absent: any.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<u8>>"))]
    pub grades: Option<Spanned<Vec<u8>>>,
    /// First or recurrent. Absent: either.
    pub occurrence: Option<Occurrence>,
    /// How long it lasted. Absent: any time.
    pub hours: Option<Hours>,
    /// Phase of the last dose before it, and regimen. Absent: any.
    #[serde(default)]
    pub applies: Applies,
    /// Only if this holds.
    pub when: Option<Condition>,
    /// What to do about treatment.
    pub action: ManageAction,
    /// The row in words.
    pub text: String,
    /// What must be true before treatment goes on.
    #[serde(default)]
    pub resume: Vec<Line>,
    /// How the event is treated.
    #[serde(default)]
    pub treatment: Vec<Line>,
    /// How the next dose differs.
    #[serde(default)]
    pub next_dose: Vec<Change>,
    /// Where this was read.
    pub cite: Cite,
}

/// A cited sentence.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Line {
    /// A code that programs can use.
    pub code: String,
    /// The sentence.
    pub text: String,
    /// Where it was read. Absent: as the row it belongs to.
    pub cite: Option<Cite>,
}

/// How the next dose differs.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Change {
    /// `premedicate`, `hospital`, `monitor`, `reduce`, `rate` or `schedule`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub code: Spanned<String>,
    /// At least so many hours.
    pub hours_min: Option<Number>,
    /// Where the hours start.
    pub anchor: Option<Anchor>,
    /// The change, in words.
    pub text: String,
    /// Where it was read. Absent: as the row it belongs to.
    pub cite: Option<Cite>,
}

/// What a gap does to answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum GapEffect {
    /// The amount of the phases it applies to is unknown.
    Amount,
    /// Nothing but the planned day is known for the phases it applies to.
    Window,
    /// Rows for delays after the phases it applies to are missing; its reason is given where one is needed.
    Restart,
    /// How treatment goes on after a restart is unknown.
    Rejoin,
    /// What to do about the toxicity it names is not settled, whatever rows there are.
    Manage,
}

/// A function of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// Planning a course.
    Plan,
    /// The next dose.
    NextDose,
    /// Toxicity.
    Manage,
    /// What must be true before a dose.
    Requirements,
}

/// Something the sources leave open.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Gap {
    /// A readable slug, unique in the document.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// What is open, such as `amount` or `restart`.
    pub topic: String,
    /// What is not known, and why.
    pub reason: String,
    /// What it does to answers. Absent: nothing.
    pub effect: Option<GapEffect>,
    /// Functions whose answers show it. The monograph always does.
    #[serde(default)]
    pub functions: Vec<Function>,
    /// The doses it concerns.
    #[serde(default)]
    pub applies: Applies,
    /// Kinds of toxicity it concerns, with function `manage`.
    #[serde(default)]
    pub toxicity: Vec<String>,
    /// Grades it concerns, with function `manage`. Empty: any.
    #[serde(default)]
    pub grades: Vec<u8>,
    /// What would settle it.
    #[serde(default)]
    pub needs: Vec<Need>,
}

/// What would settle something open.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Need {
    /// A code of the fact vocabulary, or a slug when only a person can answer.
    pub fact: String,
    /// Why it is needed.
    pub reason: String,
}
