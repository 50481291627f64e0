//! Clearance: whether the doses of an order may be given, here, now, and be paid.
//!
//! [`clear`] is pure: what the plugins answered and what people know go in, checkpoints come out. A checkpoint passes
//! only on evidence. What is unknown waits, and says what it waits for and who sees to it; only a failed checkpoint
//! blocks. A named person may override one, with a reason, and the clearance says so.

use serde::{Deserialize, Serialize};

use crate::request::ClearanceRequest;
use crate::{Citation, Confidence, Day, Need, Site};

mod answers;
mod authorization;
mod label;
mod money;
mod payer;
mod place;
mod points;
mod questions;
mod rescue;

pub use answers::{Answer, Answers, DoseAnswer};
pub use points::{Point, PointState};
pub use questions::{
    assess_request, billing_request, fingerprint, next_dose_request, prefer_request, requirements_request, touched,
};

use points::Points;

/// A gate before a dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum CheckpointId {
    /// Eligibility, laboratory work and holds of the label.
    LabelRequirements,
    /// Phase, amount and day of every dose, against the label.
    DoseSchedule,
    /// The ordered name and the vials in stock are the product.
    Product,
    /// The order's diagnosis belongs to the indication, and to the authorization.
    Diagnosis,
    /// The member is covered on every day of the order.
    Coverage,
    /// The drug is bought the way the payer allows.
    BenefitChannel,
    /// A policy governs the first day of service.
    PolicyInForce,
    /// The payer's criteria.
    PayerCriteria,
    /// The payer's documents.
    Documents,
    /// The payer's quantity limits.
    QuantityLimits,
    /// The payer's answer.
    Authorization,
    /// Product, code and phases certified are those ordered.
    AuthorizedTreatment,
    /// Units certified cover what is given and thrown away.
    Units,
    /// Every day of the order lies within the dates certified.
    Dates,
    /// Site and settings certified are those ordered.
    AuthorizedSite,
    /// The provider certified is the one ordering.
    Providers,
    /// The site can give the dose and watch the patient after it.
    SiteCapability,
    /// Prescriber, site and patient meet the risk programme of the day.
    Rems,
    /// The rescue drug is the one the payer prefers.
    RescuePreferred,
    /// The rescue drug is settled with the payer beforehand.
    RescueAuthorized,
    /// The rescue drug is in the building.
    RescueOnHand,
    /// Supportive drugs are settled with the payer.
    Supportive,
    /// Where the patient goes when something happens, and who is called.
    AdmissionPlan,
    /// The patient's share is known.
    PatientShare,
    /// Payment covers cost.
    ExpectedPayment,
    /// The claim's codes are payable on the day.
    CodeActive,
    /// The next request to the payer is scheduled.
    Renewal,
    /// A person signed.
    SignOff,
}

/// A line of work that meets others at one dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Lane {
    /// Is this the right patient, drug and dose?
    PatientSelection,
    /// Will it be paid?
    Authorization,
    /// Can the place watch and rescue?
    Monitoring,
    /// Will the claim be right?
    Billing,
    /// Who answers for it?
    SignOff,
}

/// Where a checkpoint stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum State {
    /// There is evidence that it holds.
    Passed,
    /// There is evidence that it does not.
    Failed,
    /// Something is missing: see `needs`.
    Unknown,
    /// It does not concern this order.
    NotApplicable,
    /// A person set it aside.
    Overridden {
        /// Who.
        by: String,
        /// Why.
        because: String,
    },
}

/// When a checkpoint must be settled, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Deadline {
    /// A day, or a moment with its offset. That day or moment is still in time.
    pub at: String,
    /// The clock it comes from.
    pub rule: String,
}

/// One gate, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Checkpoint {
    /// Which gate.
    pub id: CheckpointId,
    /// What it asks.
    pub title: String,
    /// The line of work it belongs to.
    pub lane: Lane,
    /// The role that sees to it.
    pub owner: String,
    /// Where it stands.
    pub state: State,
    /// The decisive point, in a sentence.
    pub reason: String,
    /// Everything that was weighed.
    pub points: Vec<Point>,
    /// What would decide it.
    pub needs: Vec<Need>,
    /// When it must be settled.
    pub deadline: Option<Deadline>,
    /// The rules it rests on.
    pub citations: Vec<Citation>,
    /// Some of those rules were not read at their source: a pharmacist confirms them.
    pub unverified: bool,
}

/// The whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Verdict {
    /// Every checkpoint passed.
    Cleared,
    /// Every checkpoint passed or was overridden, and something is still to be minded.
    ClearedWithConditions,
    /// Nothing failed, and something is unknown.
    Waiting,
    /// A checkpoint failed.
    Blocked,
}

/// The answer to a request for clearance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Clearance {
    /// The case, as the request names it.
    pub case: String,
    /// The day it was judged for.
    pub as_of: Day,
    /// The whole.
    pub verdict: Verdict,
    /// One sentence for the person who asked.
    pub summary: String,
    /// What must be minded although it is cleared.
    pub conditions: Vec<String>,
    /// What an override or signature holds for: product, doses, place and payer. Any change gives another.
    pub fingerprint: String,
    /// Every gate.
    pub checkpoints: Vec<Checkpoint>,
    /// The doses as the label plans them, with vials and units.
    pub doses: Vec<crate::product::PlannedDose>,
    /// It advises; people decide.
    pub notice: String,
}

/// Judges every checkpoint of `request` at `site` from what the plugins answered.
#[must_use]
pub fn clear(request: &ClearanceRequest, site: &Site, answers: &Answers) -> Clearance {
    let context = Context { request, site, answers };
    let fingerprint = fingerprint(request, answers);
    let checkpoints: Vec<Checkpoint> = CheckpointId::ALL.iter().map(|id| settle(&context, *id, &fingerprint)).collect();
    let verdict = verdict(&checkpoints);
    let doses = answers.doses.iter().filter_map(|dose| dose.planned()).cloned().collect();
    Clearance {
        case: request.case.clone(),
        as_of: request.as_of,
        verdict,
        summary: summary(request, site, verdict, &checkpoints),
        conditions: conditions(verdict, answers, &checkpoints),
        fingerprint,
        checkpoints,
        doses,
        notice: NOTICE.to_owned(),
    }
}

const NOTICE: &str = "Paratope advises; people decide. Rules marked unverified were not read at their source.";

/// What every checkpoint may look at.
struct Context<'a> {
    request: &'a ClearanceRequest,
    site: &'a Site,
    answers: &'a Answers,
}

fn settle(context: &Context<'_>, id: CheckpointId, fingerprint: &str) -> Checkpoint {
    let points = id.judge(context, fingerprint);
    let mut state = points.state();
    let mut reason = points.reason();
    if matches!(state, State::Failed | State::Unknown)
        && id != CheckpointId::SignOff
        && let Some(overridden) = context.request.overrides.iter().find(|entry| entry.checkpoint == id.code())
    {
        if overridden.fingerprint.as_deref().is_none_or(|of| of == fingerprint) {
            state = State::Overridden { by: overridden.by.clone(), because: overridden.because.clone() };
        } else {
            reason = format!("{reason}; an override was given for another order and does not hold");
        }
    }
    let open = matches!(state, State::Failed | State::Unknown);
    let unverified = points.citations.iter().any(|citation| {
        matches!(citation.confidence, Confidence::Recalled | Confidence::Inferred | Confidence::Unknown)
    });
    let first_dose = context.request.order.doses.first().map(|dose| dose.day);
    let deadline = points.deadline.clone().or_else(|| {
        let day = first_dose.filter(|_| open)?;
        Some(Deadline { at: day.to_string(), rule: "before the first dose ordered".to_owned() })
    });
    Checkpoint {
        id,
        title: id.title().to_owned(),
        lane: id.lane(),
        owner: points.owner.clone().unwrap_or_else(|| id.owner().to_owned()),
        needs: if open { points.needs() } else { Vec::new() },
        state,
        reason,
        deadline: deadline.filter(|_| open),
        points: points.list,
        citations: points.citations,
        unverified,
    }
}

fn verdict(checkpoints: &[Checkpoint]) -> Verdict {
    let any = |wanted: &State| checkpoints.iter().any(|checkpoint| checkpoint.state == *wanted);
    if any(&State::Failed) {
        Verdict::Blocked
    } else if any(&State::Unknown) {
        Verdict::Waiting
    } else if checkpoints.iter().any(|checkpoint| {
        checkpoint.unverified
            || matches!(checkpoint.state, State::Overridden { .. })
            || checkpoint.id.has_conditions(checkpoint)
    }) {
        Verdict::ClearedWithConditions
    } else {
        Verdict::Cleared
    }
}

fn conditions(verdict: Verdict, answers: &Answers, checkpoints: &[Checkpoint]) -> Vec<String> {
    let mut conditions = Vec::new();
    if matches!(verdict, Verdict::Blocked | Verdict::Waiting) {
        return conditions;
    }
    for checkpoint in checkpoints {
        if let State::Overridden { by, because } = &checkpoint.state {
            conditions.push(format!("{}: overridden by {by}: {because}", checkpoint.title));
        }
        if checkpoint.unverified && checkpoint.state == State::Passed {
            conditions.push(format!(
                "{}: rests on rules that are not verified; a pharmacist confirms them",
                checkpoint.title
            ));
        }
        let notes = checkpoint.points.iter().filter(|point| point.state == PointState::Condition);
        conditions.extend(notes.map(|point| format!("{}: {}", checkpoint.title, point.text)));
    }
    if answers.doses.len() > 1 {
        conditions.push(
            "Laboratory work, holds and infection are judged for the first dose; clear again before each later one"
                .to_owned(),
        );
    }
    conditions
}

fn summary(request: &ClearanceRequest, site: &Site, verdict: Verdict, checkpoints: &[Checkpoint]) -> String {
    let count = |wanted: &State| checkpoints.iter().filter(|checkpoint| checkpoint.state == *wanted).count();
    let what = match (request.order.doses.first(), request.order.doses.len()) {
        (Some(first), 1) => format!("{} {} on {} at {}", request.order.product, first.phase, first.day, site.name),
        (Some(first), many) => format!("{many} doses of {} from {} at {}", request.order.product, first.day, site.name),
        (None, _) => request.order.product.clone(),
    };
    match verdict {
        Verdict::Cleared => format!("{what}: cleared"),
        Verdict::ClearedWithConditions => format!("{what}: cleared, with conditions"),
        Verdict::Waiting => format!("{what}: not yet; {} unknown", checkpoints_word(count(&State::Unknown))),
        Verdict::Blocked => format!(
            "{what}: no; {} failed, {} unknown",
            checkpoints_word(count(&State::Failed)),
            checkpoints_word(count(&State::Unknown))
        ),
    }
}

fn checkpoints_word(count: usize) -> String {
    if count == 1 { "1 checkpoint".to_owned() } else { format!("{count} checkpoints") }
}

impl CheckpointId {
    /// Every checkpoint, in the order of work.
    pub const ALL: &[Self] = &[
        Self::LabelRequirements,
        Self::DoseSchedule,
        Self::Product,
        Self::Diagnosis,
        Self::Coverage,
        Self::BenefitChannel,
        Self::PolicyInForce,
        Self::PayerCriteria,
        Self::Documents,
        Self::QuantityLimits,
        Self::Authorization,
        Self::AuthorizedTreatment,
        Self::Units,
        Self::Dates,
        Self::AuthorizedSite,
        Self::Providers,
        Self::RescuePreferred,
        Self::RescueAuthorized,
        Self::Supportive,
        Self::PatientShare,
        Self::ExpectedPayment,
        Self::Renewal,
        Self::SiteCapability,
        Self::Rems,
        Self::RescueOnHand,
        Self::AdmissionPlan,
        Self::CodeActive,
        Self::SignOff,
    ];

    /// Its code in requests and answers.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.words().0
    }

    /// What it asks.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.words().1
    }

    /// The role that sees to it, unless the rule names another.
    #[must_use]
    pub fn owner(self) -> &'static str {
        self.words().2
    }

    /// Its line of work.
    #[must_use]
    pub fn lane(self) -> Lane {
        self.words().3
    }

    fn words(self) -> (&'static str, &'static str, &'static str, Lane) {
        use Lane::{Authorization, Billing, Monitoring, PatientSelection, SignOff};
        match self {
            Self::LabelRequirements => ("label-requirements", "Label requirements", "pharmacist", PatientSelection),
            Self::DoseSchedule => ("dose-schedule", "Dose and schedule", "pharmacist", PatientSelection),
            Self::Product => ("product", "Product, brand and vials", "pharmacist", PatientSelection),
            Self::Diagnosis => ("diagnosis", "Diagnosis", "prescriber", PatientSelection),
            Self::Coverage => ("coverage", "Member and coverage", "registration", Authorization),
            Self::BenefitChannel => ("benefit-channel", "Benefit and channel", "access", Authorization),
            Self::PolicyInForce => ("policy-in-force", "Policy in force", "access", Authorization),
            Self::PayerCriteria => ("payer-criteria", "Payer's criteria", "access", Authorization),
            Self::Documents => ("documents", "Documents for the payer", "access", Authorization),
            Self::QuantityLimits => ("quantity-limits", "Payer's quantity limits", "pharmacist", Authorization),
            Self::Authorization => ("authorization", "Payer's answer", "access", Authorization),
            Self::AuthorizedTreatment => {
                ("authorized-treatment", "Product and phases certified", "access", Authorization)
            }
            Self::Units => ("units", "Units certified, with waste", "access", Authorization),
            Self::Dates => ("dates", "Dates certified", "access", Authorization),
            Self::AuthorizedSite => ("authorized-site", "Site and settings certified", "access", Authorization),
            Self::Providers => ("providers", "Providers", "access", Authorization),
            Self::SiteCapability => ("site-capability", "Site capability", "site", Monitoring),
            Self::Rems => ("rems", "REMS", "pharmacist", Monitoring),
            Self::RescuePreferred => {
                ("rescue-preferred", "Rescue drug: brand the payer prefers", "access", Authorization)
            }
            Self::RescueAuthorized => ("rescue-authorized", "Rescue drug: settled beforehand", "access", Authorization),
            Self::RescueOnHand => ("rescue-on-hand", "Rescue drug: in the building", "pharmacist", Monitoring),
            Self::Supportive => ("supportive", "Supportive drugs", "access", Authorization),
            Self::AdmissionPlan => ("admission-plan", "Admission plan and caregiver", "nurse", Monitoring),
            Self::PatientShare => {
                ("patient-share", "Patient's share and copay help", "financial-counselor", Authorization)
            }
            Self::ExpectedPayment => {
                ("expected-payment", "Expected payment against cost", "financial-counselor", Authorization)
            }
            Self::CodeActive => ("code-active", "Codes and modifiers on the day", "billing", Billing),
            Self::Renewal => ("renewal", "Renewal date", "access", Authorization),
            Self::SignOff => ("sign-off", "Named human sign-off", "pharmacist", SignOff),
        }
    }

    fn judge(self, context: &Context<'_>, fingerprint: &str) -> Points {
        match self {
            Self::LabelRequirements => label::requirements(context),
            Self::DoseSchedule => label::dose_schedule(context),
            Self::Product => label::product(context),
            Self::Diagnosis => label::diagnosis(context),
            Self::Rems => label::rems(context),
            Self::Coverage => payer::coverage(context),
            Self::BenefitChannel => payer::benefit_channel(context),
            Self::PolicyInForce => payer::policy_in_force(context),
            Self::PayerCriteria => payer::criteria(context),
            Self::Documents => payer::documents(context),
            Self::QuantityLimits => payer::limits(context),
            Self::Authorization => authorization::answer(context),
            Self::AuthorizedTreatment => authorization::treatment(context),
            Self::Units => authorization::units(context),
            Self::Dates => authorization::dates(context),
            Self::AuthorizedSite => authorization::site(context),
            Self::Providers => authorization::providers(context),
            Self::Renewal => authorization::renewal(context),
            Self::SiteCapability => place::capability(context),
            Self::RescueOnHand => place::rescue_on_hand(context),
            Self::AdmissionPlan => place::admission_plan(context),
            Self::RescuePreferred => rescue::preferred(context),
            Self::RescueAuthorized => rescue::authorized(context),
            Self::Supportive => rescue::supportive(context),
            Self::PatientShare => money::patient_share(context),
            Self::ExpectedPayment => money::expected_payment(context),
            Self::CodeActive => money::code_active(context),
            Self::SignOff => money::sign_off(context, fingerprint),
        }
    }

    fn has_conditions(self, checkpoint: &Checkpoint) -> bool {
        checkpoint.points.iter().any(|point| point.state == PointState::Condition)
    }
}
