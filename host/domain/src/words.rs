//! The words every contract shares: facts, findings, citations and what is asked of people.
//!
//! They mirror `wit/types`. A JSON request has the WIT's names, in kebab-case.

use serde::{Deserialize, Serialize};

use crate::{Day, Period, Quantity};

/// How well a rule is known. Anything but `sourced` is shown to people as unverified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Confidence {
    /// The source's text was read.
    Sourced,
    /// Follows from a sourced row; the row itself was not seen.
    Inferred,
    /// Arithmetic on sourced facts.
    Derived,
    /// Background knowledge, not read: verify before use.
    Recalled,
    /// Not found, or sources contradict each other: ask a person.
    Unknown,
}

/// What kind of text a rule rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Basis {
    /// The product's prescribing information, or a copy or summary of it.
    Label,
    /// A clinical guideline. Shown beside a label row, never in place of one.
    Guideline,
    /// A published study or review.
    Literature,
    /// A payer's published policy.
    Policy,
    /// Law, regulation or a programme manual.
    Regulation,
    /// A published code list.
    CodeTable,
    /// Computed from other cited rules.
    Arithmetic,
}

/// Where a rule is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Citation {
    /// Title of the source.
    pub document: String,
    /// The edition of our document that carries the rule.
    pub edition: String,
    /// Section, table or page, as the source names it.
    pub section: String,
    /// Where to read it, when it can be read.
    pub url: Option<String>,
    /// What kind of text it is.
    pub basis: Basis,
    /// How well the rule is known.
    pub confidence: Confidence,
}

/// The value of a fact. `wit/facts.toml` says which case each code uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FactValue {
    /// Yes or no. "No" is knowledge: it differs from the fact being absent.
    Flag(bool),
    /// A whole number, such as prior lines of therapy.
    Count(u32),
    /// A measured amount.
    Quantity(Quantity),
    /// One code of the fact's list.
    Code(String),
    /// A complete list of codes: what is not in it is known to be absent.
    Codes(Vec<String>),
    /// A calendar day.
    Day(Day),
    /// Words, for evidence only: no rule reads them.
    Text(String),
}

/// One thing known about a case. A fact that is absent is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fact {
    /// A code of `wit/facts.toml`.
    pub code: String,
    /// What is known.
    pub value: FactValue,
    /// The day it was true or measured. Needed where the rule or the vocabulary sets a freshness.
    pub observed_on: Option<Day>,
    /// Where it was read, such as `chart` or `claim`. Never a name or a number of a patient.
    pub source: Option<String>,
}

/// A fact that would decide what is undecided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Need {
    /// A code of `wit/facts.toml`, or of `asks` when only a person can answer.
    pub fact: String,
    /// Why it is needed, in a sentence.
    pub reason: String,
}

/// Whether a criterion holds. `unknown` asks for more: it never approves and never denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FindingStatus {
    /// It holds.
    Met,
    /// It does not hold.
    Unmet,
    /// It cannot be told; the finding says what is needed.
    Unknown,
    /// It does not concern this case.
    NotApplicable,
}

/// One criterion or requirement, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// Stable across editions, unique within one answer.
    pub id: String,
    /// The id of the group this finding belongs to, when it is a part of one.
    pub within: Option<String>,
    /// A code of the published list of kinds: `diagnosis`, `prior-lines`, `rems` and so on; groups are `all`,
    /// `any`, `none`, `at-least`.
    pub kind: String,
    /// Whether it holds.
    pub status: FindingStatus,
    /// What the rule asks, in words.
    pub statement: String,
    /// Why it stands as it does, a sentence a nurse can read aloud.
    pub reason: String,
    /// What would decide it. Empty unless `status` is `unknown`.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// Codes of the facts that were weighed.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// A cited sentence with a code that programs can use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Statement {
    /// Says which statement it is, for programs.
    pub code: String,
    /// The statement, for people.
    pub text: String,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// Something the rules do not settle. It goes to a pharmacist, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ask {
    /// What is open, such as `amount` or `restart`.
    pub topic: String,
    /// Why a person is needed.
    pub reason: String,
    /// What would settle it.
    #[serde(default)]
    pub needs: Vec<Need>,
}

/// One dated edition of a label or policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Edition {
    /// The day it takes effect, or the publisher's own id.
    pub id: String,
    /// The document it is an edition of.
    pub document: String,
    /// The dates of service it governs.
    pub effective: Period,
}

/// Vials opened for one dose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VialUse {
    /// The presentation's id in the product's monograph.
    pub presentation: String,
    /// 11-digit NDC, when known.
    pub ndc: Option<String>,
    /// How many vials.
    pub count: u32,
    /// What one vial holds, when known.
    pub content: Option<Quantity>,
}

/// Where a dose stands in its schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PhaseKind {
    /// Another drug that must come first, such as obinutuzumab before glofitamab.
    Pretreatment,
    /// A small early dose.
    StepUp,
    /// The first dose at full strength.
    FirstFull,
    /// Every later dose.
    Maintenance,
}
