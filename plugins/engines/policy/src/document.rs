//! What people write: `payer.toml` and the dated policies beside it.
//!
//! Types here mirror the documents and check nothing but shape; `compile` checks meaning. A misspelt key, an unknown
//! word or a wrong type is refused where it stands.

use paratope_sdk::criteria::{Criterion, Test};
use paratope_sdk::document::{Cite, Date, Number, Sources, Spanned};
use serde::Deserialize;

mod billing;
mod preference;

pub use billing::{Administration, Billing, CodeRow, Discarded, ModifierRow, RevenueRow, Topic};
pub use preference::{Continuing, Emergency, Failure, Member, Preference, PreferredRow, Step, TierRow, Transition};

/// `payer.toml`: who the payer is, and what holds for all its policies.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PayerDocument {
    /// The payer's id, such as `aetna`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub payer: Spanned<String>,
    /// The payer's name.
    pub name: String,
    /// Who wrote the policies down.
    pub operator: Operator,
    /// Lines of business with a policy here.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub lines_of_business: Spanned<Vec<String>>,
    /// The sources this document cites.
    #[serde(default)]
    pub sources: Sources,
    /// What is not known about the payer.
    #[serde(default)]
    pub gap: Vec<Gap>,
    /// Decision clocks of all policies.
    #[serde(default)]
    pub clock: Vec<ClockRow>,
    /// Supply channels of all policies.
    #[serde(default)]
    pub channel: Vec<ChannelRow>,
    /// How to submit, for all policies.
    #[serde(default)]
    pub submission: Vec<StatementRow>,
}

/// Who runs the plugin.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Operator {
    /// The payer itself.
    Payer,
    /// People who wrote down the payer's public policy.
    PolicyLibrary,
}

/// Something that is not known, for people.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Gap {
    /// What is open, such as `duration`.
    pub topic: String,
    /// In a sentence.
    pub text: String,
}

/// `policy/<subject>/<edition>.toml`: one edition of one policy. The file's name is the edition's id.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PolicyDocument {
    /// The policy's id, as the payer numbers it.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// The policy's title.
    pub title: String,
    /// A product id, a class such as `tocilizumab`, or `*` for all.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub subject: Spanned<String>,
    /// What the subject is.
    #[serde(default)]
    pub subject_kind: SubjectKind,
    /// Lines of business it holds for. Two policies about one subject share all of them or none.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub lines_of_business: Spanned<Vec<String>>,
    /// The dates of service it governs.
    pub effective: Effective,
    /// The sources it was read in, by key.
    pub sources: Sources,
    /// Where the policy as a whole was read.
    pub cite: Cite,
    /// Whether the payer asks for an authorization.
    #[serde(default)]
    pub authorization: Authorization,
    /// The class's products. Class policies only.
    #[serde(default)]
    pub member: Vec<Member>,
    /// Who falls under the policy at all: group, state, delegate, funding.
    #[serde(default)]
    pub applicability: Vec<Criterion>,
    /// Whom to ask where `applicability` does not hold.
    pub contact: Option<StatementRow>,
    /// Which evidence supports a use.
    pub evidence: Option<Evidence>,
    /// Criteria of every request.
    #[serde(default)]
    pub criterion: Vec<Criterion>,
    /// Criteria of a first request only.
    #[serde(default)]
    pub initial: Vec<Criterion>,
    /// Criteria of a renewal only.
    #[serde(default)]
    pub renewal: Vec<Criterion>,
    /// Where an unmet criterion sends the request elsewhere.
    #[serde(default)]
    pub redirect: Vec<Redirect>,
    /// Quantity limits.
    #[serde(default)]
    pub limit: Vec<LimitRow>,
    /// How long an approval lasts.
    #[serde(default)]
    pub duration: Vec<DurationRow>,
    /// What to send with the request.
    #[serde(default)]
    pub document: Vec<DocumentRow>,
    /// How the drug may be bought.
    #[serde(default)]
    pub channel: Vec<ChannelRow>,
    /// How to submit.
    #[serde(default)]
    pub submission: Vec<StatementRow>,
    /// Decision clocks.
    #[serde(default)]
    pub clock: Vec<ClockRow>,
    /// Drugs that go in the same request.
    #[serde(default)]
    pub linked: Vec<LinkedRow>,
    /// What the text that was read does not say. Never filled in with what is usual.
    #[serde(default)]
    pub not_stated: Vec<NotStated>,
    /// Preferred products of the class.
    pub preference: Option<Preference>,
    /// How a dose is billed.
    pub billing: Option<Billing>,
}

/// What a policy is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// One product, or every product with `*`.
    #[default]
    Product,
    /// A class of products.
    Class,
}

/// The dates of service an edition governs. The next edition ends it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Effective {
    /// First day it is used for.
    #[cfg_attr(feature = "schema", schemars(with = "Date"))]
    pub first: Spanned<Date>,
    /// Last day, when it ends by itself.
    pub last: Option<Date>,
    /// What `first` is.
    pub dated_by: DatedBy,
}

/// What the first day of an edition is known from. All but `effective` become a gap of the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DatedBy {
    /// The source gives the day it takes effect.
    Effective,
    /// The source gives a version or review day only.
    Version,
    /// The source gives no day: this is the first day for which one of its rules is known.
    Rule,
    /// The source gives no day: this is the day it was read.
    Read,
}

/// Whether the payer asks for an authorization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Authorization {
    /// It does.
    #[default]
    Required,
    /// It does not; coverage still depends on the criteria.
    NotRequired,
}

/// Which evidence supports a use. Absence from a compendium is neutral.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Evidence {
    /// What the rule asks, in words.
    pub text: String,
    /// A labelled use is enough.
    pub labelled: bool,
    /// NCCN categories that are accepted.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub accepted: Spanned<Vec<String>>,
    /// NCCN categories on which sources disagree: they stay unknown.
    #[serde(default)]
    pub disputed: Vec<String>,
    /// NCCN categories that are not accepted.
    #[serde(default)]
    pub refused: Vec<String>,
    /// Another compendium may support the use.
    #[serde(default)]
    pub other_compendia: bool,
    /// A "not indicated" entry defeats coverage.
    #[serde(default)]
    pub not_indicated_veto: bool,
    /// Where it was read.
    pub cite: Cite,
}

/// An unmet criterion that sends the request elsewhere instead of ending it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Redirect {
    /// The id of the criterion.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub criterion: Spanned<String>,
    /// Where to: `product`, `site`, `benefit`, `channel`.
    pub code: String,
    /// In a sentence.
    pub text: String,
    /// Where it was read.
    pub cite: Cite,
}

/// A quantity limit.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LimitRow {
    /// Unique in the document.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// The limit in words.
    pub text: String,
    /// What it counts.
    pub measure: Measure,
    /// HCPCS code or presentation it counts. Absent: all.
    pub counts: Option<String>,
    /// The most that is allowed.
    #[cfg_attr(feature = "schema", schemars(with = "Number"))]
    pub amount: Spanned<Number>,
    /// The span it counts over.
    #[cfg_attr(feature = "schema", schemars(with = "Window"))]
    pub window: Spanned<Window>,
    /// Whether discarded units count. Absent: the policy does not say, and both readings are judged.
    pub includes_waste: Option<bool>,
    /// It counts doses of these phases only.
    #[serde(default)]
    pub phases: Vec<String>,
    /// It counts doses from this cycle on.
    pub from_cycle: Option<u32>,
    /// It counts doses up to this cycle.
    pub to_cycle: Option<u32>,
    /// What more than the limit leads to.
    #[serde(default)]
    pub excess: Excess,
    /// It applies only where this holds.
    pub when: Option<Test>,
    /// Where it was read.
    pub cite: Cite,
}

/// What more than a limit leads to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Excess {
    /// It is not covered.
    #[default]
    Refuse,
    /// The payer looks at it, or only recommends the limit: it is asked.
    Ask,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Billing units.
    HcpcsUnits,
    /// Vials opened.
    Vials,
    /// Milligrams given.
    Milligrams,
    /// Milligrams given for each kilogram of body weight.
    MilligramsPerKilogram,
    /// Doses.
    Doses,
    /// Cycles.
    Cycles,
    /// Hours of hospital care.
    Hours,
}

/// The span a limit counts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Window {
    /// Each dose by itself.
    PerDose,
    /// One day of one cycle.
    CycleDay {
        /// The cycle, from 1.
        cycle: u32,
        /// The day of the cycle, from 1.
        day: u32,
    },
    /// Any so many days in a row.
    RollingDays(u32),
    /// Any so many calendar months in a row.
    RollingMonths(u32),
    /// All doses of the request.
    PerAuthorization,
    /// All doses ever.
    Lifetime,
}

/// How long an approval lasts.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DurationRow {
    /// First approval or renewal.
    pub stage: Stage,
    /// How long.
    pub span: Span,
    /// What the count starts from, such as `decision` or `after-inpatient-step-up`.
    pub anchor: String,
    /// Whether it may be renewed. Absent: the policy does not say.
    pub renewable: Option<bool>,
    /// It applies only where this holds.
    pub when: Option<Test>,
    /// Where it was read.
    pub cite: Cite,
}

/// First request or continuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// A first request.
    Initial,
    /// A continuation.
    Renewal,
}

/// How long something is approved for: `{ months = 6 }`, `"plan-year"`, `{ until = "2026-12-31" }`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    /// Calendar days.
    Days(u32),
    /// Calendar months.
    Months(u32),
    /// Cycles of the regimen.
    Cycles(u32),
    /// Doses.
    Doses(u32),
    /// To the end of the plan year.
    PlanYear,
    /// To this day, included.
    Until(Date),
}

/// Something to send with the request.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DocumentRow {
    /// A value of the fact `documents-attached`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// What is asked, in words.
    pub text: String,
    /// What happens when it is missing.
    pub missing: Missing,
    /// It applies only where this holds.
    pub when: Option<Test>,
    /// Where it was read.
    pub cite: Cite,
}

/// What happens when a document is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// The payer waits for it.
    Pend,
    /// The payer may deny.
    Deny,
    /// The policy does not say.
    Unknown,
}

/// How the drug may be bought.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ChannelRow {
    /// `buy-and-bill`, `white-bag`, `clear-bag`, `pharmacy-benefit`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// What holds for it.
    pub rule: ChannelRule,
    /// It applies only where this holds, such as for one group.
    pub when: Option<Test>,
    /// Where it was read.
    pub cite: Cite,
}

/// What holds for a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChannelRule {
    /// No other channel is accepted.
    Required,
    /// It is accepted.
    Allowed,
    /// It is not accepted.
    Forbidden,
}

/// A decision clock.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClockRow {
    /// The rule it comes from.
    pub id: String,
    /// The clock in words.
    pub text: String,
    /// What must be done in time.
    #[serde(default)]
    pub act: Act,
    /// What it is about.
    #[serde(default)]
    pub subject: ClockSubject,
    /// What it runs from.
    #[serde(default)]
    pub anchor: ClockAnchor,
    /// How urgent.
    pub priority: Priority,
    /// Hours, when it counts hours.
    pub hours: Option<u32>,
    /// Calendar days, when it counts days.
    pub calendar_days: Option<u32>,
    /// First day of service it holds for.
    pub first: Option<Date>,
    /// Lines of business it holds for. Empty: those of the policy.
    #[serde(default)]
    pub lines_of_business: Vec<String>,
    /// It applies only where this holds.
    pub when: Option<Test>,
    /// Where it was read.
    pub cite: Cite,
}

/// What must be done in time.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// The payer decides.
    #[default]
    Decision,
    /// The payer asks for what is missing.
    AskForInformation,
    /// What was asked for is sent.
    SupplyInformation,
    /// A denial is appealed.
    Appeal,
    /// The payer decides an appeal.
    AppealDecision,
    /// The payer is told.
    Notify,
}

impl Act {
    pub(crate) fn word(self) -> String {
        match self {
            Self::Decision => "decision",
            Self::AskForInformation => "ask-for-information",
            Self::SupplyInformation => "supply-information",
            Self::Appeal => "appeal",
            Self::AppealDecision => "appeal-decision",
            Self::Notify => "notify",
        }
        .to_owned()
    }
}

/// What a clock is about.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ClockSubject {
    /// Whatever is asked for.
    #[default]
    Any,
    /// A drug.
    Drug,
    /// Items and services other than drugs, such as observation or admission.
    Service,
}

impl ClockSubject {
    pub(crate) fn word(self) -> String {
        match self {
            Self::Any => "any",
            Self::Drug => "drug",
            Self::Service => "service",
        }
        .to_owned()
    }
}

/// What a clock runs from.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ClockAnchor {
    /// The payer received the request.
    #[default]
    Receipt,
    /// The payer asked for information.
    RequestForInformation,
    /// The information came.
    Information,
    /// The payer denied.
    Denial,
    /// The patient was admitted.
    Admission,
    /// The dose was given.
    Administration,
}

impl ClockAnchor {
    pub(crate) fn word(self) -> String {
        match self {
            Self::Receipt => "receipt",
            Self::RequestForInformation => "request-for-information",
            Self::Information => "information",
            Self::Denial => "denial",
            Self::Admission => "admission",
            Self::Administration => "administration",
        }
        .to_owned()
    }
}

/// How urgent a request is.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// The usual clock.
    Standard,
    /// Waiting may harm the patient.
    Expedited,
}

/// A drug that goes in the same request, such as rescue tocilizumab.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LinkedRow {
    /// A product or class id, such as `tocilizumab`.
    pub drug: String,
    /// The rule in words.
    pub text: String,
    /// The most doses that the approval carries, when it says.
    pub doses: Option<u32>,
    /// The most milligrams that one dose may hold, when it says.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Number>"))]
    pub milligrams_per_dose: Option<Spanned<Number>>,
    /// It applies only where this holds.
    pub when: Option<Test>,
    /// Where it was read.
    pub cite: Cite,
}

/// A cited sentence with a code.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StatementRow {
    /// For programs.
    pub code: String,
    /// For people.
    pub text: String,
    /// It applies only where this holds.
    pub when: Option<Test>,
    /// Where it was read.
    pub cite: Cite,
}

/// Something the text that was read does not say.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NotStated {
    /// What is open, such as `duration`. Unique in the document.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub topic: Spanned<String>,
    /// In a sentence.
    pub text: String,
    /// What it does to an answer.
    #[serde(default)]
    pub effect: OpenEffect,
    /// The kind of criterion it may hide.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub kind: Option<Spanned<String>>,
    /// It is open for requests of this stage only.
    pub stage: Option<Stage>,
    /// It is open only where this holds.
    pub when: Option<Test>,
    /// It no longer matters where this holds.
    pub settled_by: Option<Test>,
}

/// What an open point does to an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OpenEffect {
    /// It is told.
    #[default]
    Ask,
    /// It is told, and the answer stays undetermined.
    Undetermined,
}
