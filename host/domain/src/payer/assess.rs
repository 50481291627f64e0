//! What a payer's policy says of a request, and on which terms.

use serde::{Deserialize, Serialize};

use super::{Coverage, Operator, Policy};
use crate::{Ask, Citation, Day, Decimal, Fact, Finding, Need, PhaseKind, Quantity, Statement, VialUse};

/// One dose the payer is asked to cover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestLine {
    /// A phase of the regimen, or what the dose is called where it belongs to none, such as `rescue`.
    pub phase: String,
    /// Which part of the schedule it belongs to. Absent: unknown, or none.
    pub kind: Option<PhaseKind>,
    /// The day planned.
    pub day: Day,
    /// The cycle, where the schedule has cycles.
    pub cycle: Option<u32>,
    /// Day of the cycle, or of the plan where there are no cycles; day 1 is the first.
    pub cycle_day: Option<u32>,
    /// How much, when known.
    pub amount: Option<Quantity>,
    /// The code it will be billed under, when known.
    pub code: Option<String>,
    /// Units administered.
    pub units: Option<u32>,
    /// Units discarded.
    pub discarded_units: Option<u32>,
    /// The vials planned.
    #[serde(default)]
    pub vials: Vec<VialUse>,
    /// Setting of the dose: `office`, `infusion-center`, `hospital-outpatient`, `observation`, `inpatient`, `home`.
    pub setting: Option<String>,
    /// Hours of hospital care or observation planned after the dose, when known. 0 for none.
    pub hours: Option<u32>,
}

/// Whether this is a first request or a continuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Stage {
    /// A first request.
    Initial,
    /// A continuation.
    Renewal,
}

/// What the payer is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AssessRequest {
    /// The contract the patient is under.
    pub coverage: Coverage,
    /// First day of service. It selects the edition of the policy.
    pub service_day: Day,
    /// The product's id.
    pub product: String,
    /// An indication of the monograph. Absent: unknown, or a use that the label does not name.
    pub indication: Option<String>,
    /// A regimen of the monograph, when known.
    pub regimen: Option<String>,
    /// A first request, or a continuation.
    pub stage: Stage,
    /// ICD-10-CM codes on the order.
    #[serde(default)]
    pub diagnosis: Vec<String>,
    /// The doses of the request, oldest first.
    #[serde(default)]
    pub lines: Vec<RequestLine>,
    /// Every dose of the course given before them, oldest first. Absent: none before a first request; before a
    /// continuation they are not known.
    pub given: Option<Vec<RequestLine>>,
    /// What is known about the case.
    #[serde(default)]
    pub facts: Vec<Fact>,
}

/// What to expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ExpectedOutcome {
    /// Every criterion is met.
    Meets,
    /// A criterion is not met.
    DoesNotMeet,
    /// Something is unknown: see `needs`.
    Undetermined,
    /// This payer asks for no authorization.
    NotRequired,
    /// The policy sends the question to a person or a delegate.
    ContactPayer,
    /// Another product, site, benefit or channel comes first: see `redirects`.
    Redirect,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Measure {
    /// Units billed.
    HcpcsUnits,
    /// Vials opened.
    Vials,
    /// Milligrams given.
    Milligrams,
    /// Milligrams given for each kilogram of body weight.
    MilligramsPerKilogram,
    /// Doses given.
    Doses,
    /// Cycles given.
    Cycles,
    /// Hours of hospital care or observation after doses.
    Hours,
}

/// The span a limit counts over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Window {
    /// Each dose.
    PerDose,
    /// On one day of one cycle, such as day 1 of cycle 1.
    CycleDay(u32, u32),
    /// Any so many days in a row.
    RollingDays(u32),
    /// Any so many calendar months in a row.
    RollingMonths(u32),
    /// The whole authorization.
    PerAuthorization,
    /// For ever.
    Lifetime,
}

/// A quantity limit and how the request stands against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limit {
    /// How the request stands against it.
    pub finding: Finding,
    /// What it counts.
    pub measure: Measure,
    /// HCPCS code or presentation it counts. Absent: all.
    pub counts: Option<String>,
    /// The most that is allowed.
    pub amount: Decimal,
    /// The span it counts over.
    pub window: Window,
    /// Phases whose doses it counts. Empty: all.
    #[serde(default)]
    pub phases: Vec<String>,
    /// The first cycle whose doses it counts. Absent: no bound.
    pub first_cycle: Option<u32>,
    /// The last cycle whose doses it counts. Absent: no bound.
    pub last_cycle: Option<u32>,
    /// Whether discarded units count. Absent: the policy does not say.
    pub includes_waste: Option<bool>,
    /// The highest count found in any window of the request.
    pub requested: Option<Decimal>,
}

/// How long something is approved for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    Until(Day),
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Days(count) => write!(f, "{count} days"),
            Self::Months(count) => write!(f, "{count} months"),
            Self::Cycles(count) => write!(f, "{count} cycles"),
            Self::Doses(count) => write!(f, "{count} doses"),
            Self::PlanYear => f.write_str("to the end of the plan year"),
            Self::Until(day) => write!(f, "until {day}"),
        }
    }
}

/// How long an approval of a stage lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Duration {
    /// Which request it is for.
    pub stage: Stage,
    /// How long.
    pub span: Span,
    /// What the count starts from, such as `decision`, `first-dose`, `after-inpatient-step-up`.
    pub anchor: String,
    /// Whether it may be renewed, when the policy says.
    pub renewable: Option<bool>,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// What happens when a document is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum MissingEffect {
    /// The request waits.
    Pend,
    /// The request is denied.
    Deny,
    /// The policy does not say.
    Unknown,
}

/// Something to send with the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Document {
    /// Stable across editions.
    pub id: String,
    /// In words.
    pub text: String,
    /// What happens without it.
    pub missing: MissingEffect,
    /// Whether it is needed and there.
    pub status: Finding,
}

/// A clock: by when something must be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Clock {
    /// The rule it comes from.
    pub id: String,
    /// The rule in words.
    pub text: String,
    /// What must be done, such as [`Clock::DECISION`].
    pub act: String,
    /// What it is about: [`Clock::DRUG`], [`Clock::SERVICE`] or [`Clock::ANY`].
    pub subject: String,
    /// What it runs from: `receipt`, `request-for-information`, `information`, `denial`, `admission`, `administration`.
    pub anchor: String,
    /// `standard` or `expedited`.
    pub priority: String,
    /// The hours it runs, when it counts hours.
    pub hours: Option<u32>,
    /// The days it runs, when it counts days.
    pub calendar_days: Option<u32>,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

impl Clock {
    /// The payer decides.
    pub const DECISION: &str = "decision";
    /// A drug.
    pub const DRUG: &str = "drug";
    /// Items and services other than drugs, such as observation or admission.
    pub const SERVICE: &str = "service";
    /// Whatever is asked for.
    pub const ANY: &str = "any";
}

/// How the drug may be bought and billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Channel {
    /// `buy-and-bill`, `white-bag`, `clear-bag`, `pharmacy-benefit`.
    pub id: String,
    /// `required`, `allowed`, `forbidden`.
    pub rule: String,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// A drug that goes in the same request, such as rescue tocilizumab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinkedDrug {
    /// A product or class id, such as `tocilizumab`.
    pub drug: String,
    /// The rule in words.
    pub text: String,
    /// The most doses that the approval carries, when it says.
    pub doses: Option<u32>,
    /// The most that one dose may hold, when it says.
    pub per_dose: Option<Quantity>,
    /// Where it is written down.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// What an approval would look like, and how to ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Terms {
    /// Quantity limits.
    #[serde(default)]
    pub limits: Vec<Limit>,
    /// How long approvals last.
    #[serde(default)]
    pub durations: Vec<Duration>,
    /// What to send.
    #[serde(default)]
    pub documents: Vec<Document>,
    /// How the drug may be bought.
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// How to ask.
    #[serde(default)]
    pub submission: Vec<Statement>,
    /// When an answer is due.
    #[serde(default)]
    pub clocks: Vec<Clock>,
    /// Drugs that go in the same request, such as rescue tocilizumab.
    #[serde(default)]
    pub linked: Vec<LinkedDrug>,
}

/// What the rules say of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Assessment {
    /// The policy that applied.
    pub policy: Policy,
    /// Who runs the plugin.
    pub operator: Operator,
    /// What to expect.
    pub outcome: ExpectedOutcome,
    /// Every criterion, judged.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What an approval would look like.
    pub terms: Terms,
    /// What comes first.
    #[serde(default)]
    pub redirects: Vec<Statement>,
    /// The facts that would decide it.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// What goes to a person.
    #[serde(default)]
    pub asks: Vec<Ask>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FactValue;

    fn request() -> serde_json::Value {
        serde_json::json!({
            "coverage": { "line-of-business": "commercial" },
            "service-day": "2026-03-05", "product": "exemplimab", "indication": "rrmm", "regimen": "weekly",
            "stage": "initial",
            "facts": [
                { "code": "body-weight", "value": { "quantity": { "value": 72.5, "unit": "kg" } } },
                { "code": "pregnant", "value": { "flag": false } },
                { "code": "comorbidities", "value": { "codes": [] }, "observed-on": "2026-03-01" },
            ],
        })
    }

    #[test]
    fn a_request_reads_as_the_contract_writes_it() {
        let read: AssessRequest = serde_json::from_value(request()).unwrap();
        assert_eq!(read.facts[0].value, FactValue::Quantity(Quantity::new("72.5".parse().unwrap(), "kg")));
        assert!(read.lines.is_empty() && read.coverage.group.is_none());
        let written = serde_json::to_string(&read).unwrap();
        assert!(written.contains(r#""value":{"quantity":{"value":"72.5","unit":"kg"}}"#), "{written}");
        assert_eq!(serde_json::from_str::<AssessRequest>(&written).unwrap(), read);
    }

    #[test]
    fn a_missing_or_unknown_field_is_an_error() {
        let mut missing = request();
        missing.as_object_mut().unwrap().remove("stage");
        assert!(serde_json::from_value::<AssessRequest>(missing).unwrap_err().to_string().contains("`stage`"));
        let mut unknown = request();
        unknown["service_day"] = "2026-03-05".into();
        assert!(serde_json::from_value::<AssessRequest>(unknown).unwrap_err().to_string().contains("`service_day`"));
    }

    #[test]
    fn a_case_without_a_payload_is_a_plain_string() {
        assert_eq!(serde_json::to_string(&Window::PerDose).unwrap(), r#""per-dose""#);
        assert_eq!(serde_json::to_string(&Window::CycleDay(1, 8)).unwrap(), r#"{"cycle-day":[1,8]}"#);
    }
}
