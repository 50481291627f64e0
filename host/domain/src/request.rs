//! What clearance is asked: one patient's next doses, here, under this coverage, with this authorization.
//!
//! Everything a person knows comes in here. What is left out is unknown: clearance asks for it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    Day, Decimal, Fact, Period, Quantity, SETTINGS,
    payer::{Coverage, Exposure, Stage},
    product::GivenDose,
};

/// A request for clearance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClearanceRequest {
    /// Your own id of the case. Never a name, a record number or a member number.
    pub case: String,
    /// The day on which clearance is judged.
    pub as_of: Day,
    /// Where the doses are to be given: a site's id.
    pub site: String,
    /// What is ordered.
    pub order: Order,
    /// Who pays.
    pub coverage: Membership,
    /// What is known of the patient, in the vocabulary of `wit/facts.toml`.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// Doses of the product given so far, oldest first. Empty for a new start.
    #[serde(default)]
    pub history: Vec<GivenDose>,
    /// What the payer answered, one entry for each number.
    #[serde(default)]
    pub authorizations: Vec<Authorization>,
    /// The plan for cytokine release syndrome.
    pub rescue: Option<Rescue>,
    /// Supportive drugs and whether each is settled with the payer.
    pub supportive: Option<Vec<Supportive>>,
    /// What happens when the patient must be admitted.
    pub admission: Option<Admission>,
    /// Money.
    pub finance: Option<Finance>,
    /// The person who signed for the whole.
    pub sign_off: Option<SignOff>,
    /// Checkpoints a clinician overrides, each with a reason.
    #[serde(default)]
    pub overrides: Vec<Override>,
}

/// What is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Order {
    /// The product's id.
    pub product: String,
    /// The name on the order with its suffix, such as `teclistamab-cqyv`.
    pub ordered_name: Option<String>,
    /// 11-digit NDCs of the vials in stock or on order.
    #[serde(default)]
    pub stock_ndcs: Vec<String>,
    /// An indication of the product's monograph.
    pub indication: String,
    /// A regimen of the product's monograph.
    pub regimen: String,
    /// The doses to clear, in order.
    pub doses: Vec<OrderedDose>,
    /// ICD-10-CM codes on the order.
    #[serde(default)]
    pub diagnosis: Vec<String>,
    /// How the drug is bought: `buy-and-bill`, `white-bag`, `clear-bag`, `pharmacy-benefit`.
    pub channel: Option<String>,
    /// Who orders it: a national provider identifier.
    pub prescriber: Option<String>,
}

/// One dose of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderedDose {
    /// Its phase, as the product's monograph names it.
    pub phase: String,
    /// The day it is planned for.
    pub day: Day,
    /// How much is ordered. Left out when the order gives no amount yet.
    pub amount: Option<Quantity>,
    /// Where on the site: see [`SETTINGS`].
    pub setting: String,
}

/// Who pays, and how far that is verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Membership {
    /// The payer's id: the name of its plugin.
    pub payer: String,
    /// The contract the patient is under.
    pub plan: Coverage,
    /// First request, or continuation.
    pub stage: Stage,
    /// The days on which the member is covered, as the payer's eligibility answer gave them.
    pub active: Option<Period>,
    /// The day eligibility was last checked.
    pub checked_on: Option<Day>,
    /// Another payer comes first.
    pub other_payer_first: Option<bool>,
}

/// What an authorization is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Subject {
    /// The product ordered.
    Drug,
    /// The rescue drug.
    Rescue,
    /// Observation or admission.
    Stay,
}

/// How the payer answered: the codes of X12 278 and the FHIR review action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Answered {
    /// A1.
    Certified,
    /// A2: some lines.
    CertifiedInPart,
    /// A6: something else than was asked.
    Modified,
    /// A4: no decision yet.
    Pended,
    /// A3.
    NotCertified,
    /// CT.
    ContactPayer,
    /// C.
    Cancelled,
    /// NA: none is needed.
    NotRequired,
}

/// What the payer certified. What a field leaves out, the answer did not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Authorization {
    /// What it is for.
    pub subject: Subject,
    /// The payer's number for it.
    pub number: Option<String>,
    /// How the payer answered.
    pub answered: Answered,
    /// When the payer received the request, RFC 3339 with offset.
    pub received: Option<Instant>,
    /// `standard` or `expedited`.
    pub priority: Option<String>,
    /// The product certified.
    pub product: Option<String>,
    /// The billing code certified.
    pub code: Option<String>,
    /// Units certified.
    pub units: Option<u32>,
    /// Whether those units hold discarded ones too.
    pub units_include_waste: Option<bool>,
    /// The phases certified.
    pub phases: Option<Vec<String>>,
    /// The dates of service certified, both ends included.
    pub dates: Option<Period>,
    /// The site certified: a site's id or NPI.
    pub site: Option<String>,
    /// The settings certified.
    pub settings: Option<Vec<String>>,
    /// ICD-10-CM codes certified.
    pub diagnosis: Option<Vec<String>>,
    /// The provider certified: an NPI.
    pub provider: Option<String>,
    /// The channel certified.
    pub channel: Option<String>,
}

/// The plan for cytokine release syndrome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rescue {
    /// The product ordered as needed, such as `tyenne`.
    pub product: String,
    /// Its presentation, such as `iv-vial`.
    pub presentation: Option<String>,
    /// Former treatment with drugs of the class.
    #[serde(default)]
    pub history: Vec<Exposure>,
}

/// A supportive drug and where it stands with the payer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Supportive {
    /// The drug.
    pub drug: String,
    /// It is authorized, or needs no authorization. Left out when nobody asked yet.
    pub settled: Option<bool>,
}

/// What happens when the patient must be admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Admission {
    /// The hospital.
    pub hospital: String,
    /// It agreed to take the patient.
    pub accepted: Option<bool>,
    /// Who is called out of hours: a role or team, not a patient's contact.
    pub after_hours_contact: Option<String>,
    /// The payer's duty to be told of an admission is known and assigned.
    pub notification_assigned: Option<bool>,
}

/// Money, in United States dollars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finance {
    /// The patient's share was estimated and told to the patient.
    pub share_estimated: Option<bool>,
    /// A manufacturer's copay card is to be used.
    pub copay_card: Option<bool>,
    /// What the payer is expected to pay for the drug of the doses ordered.
    pub expected_payment: Option<Decimal>,
    /// What that drug costs the site.
    pub acquisition_cost: Option<Decimal>,
}

/// A person's signature under the clearance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignOff {
    /// Who signed: a member of staff.
    pub by: String,
    /// In which role.
    pub role: String,
    /// On which day.
    pub on: Day,
    /// The fingerprint of what was signed, as an earlier clearance printed it. Left out, it signs for the request as
    /// it stands.
    pub fingerprint: Option<String>,
}

/// A checkpoint set aside by a clinician.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Override {
    /// The checkpoint's id.
    pub checkpoint: String,
    /// Who overrides it: a member of staff.
    pub by: String,
    /// In which role.
    pub role: String,
    /// Why.
    pub because: String,
    /// The fingerprint it was given for. Left out, it holds for the request as it stands.
    pub fingerprint: Option<String>,
}

/// A moment with its offset from UTC, RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Instant {
    at: jiff::Timestamp,
    offset: jiff::tz::Offset,
}

/// A text that is not an [`Instant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a moment with an offset, such as 2026-11-20T09:30:00-06:00")]
pub struct BadInstant;

impl Instant {
    /// So many hours later, in the same offset.
    #[must_use]
    pub fn plus_hours(&self, hours: u32) -> Option<Self> {
        let at = self.at.checked_add(jiff::SignedDuration::from_hours(i64::from(hours))).ok()?;
        Some(Self { at, offset: self.offset })
    }

    /// The calendar day at its offset.
    #[must_use]
    pub fn day(&self) -> Option<Day> {
        Day::try_from(self.offset.to_datetime(self.at).date()).ok()
    }
}

impl FromStr for Instant {
    type Err = BadInstant;

    fn from_str(text: &str) -> Result<Self, BadInstant> {
        let pieces = jiff::fmt::temporal::Pieces::parse(text).map_err(|_| BadInstant)?;
        let offset = match pieces.offset() {
            Some(jiff::fmt::temporal::PiecesOffset::Numeric(numeric)) => numeric.offset(),
            Some(_) => jiff::tz::Offset::UTC,
            None => return Err(BadInstant),
        };
        Ok(Self { at: text.parse().map_err(|_| BadInstant)?, offset })
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at.display_with_offset(self.offset))
    }
}

impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Instant {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// Something in a request that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {reason}")]
pub struct Impossible {
    /// Where: a JSON pointer.
    pub pointer: String,
    /// What, and what would be accepted. It quotes nothing that is said of the patient.
    pub reason: String,
}

/// The most doses that one clearance looks at.
pub const MAX_DOSES: usize = 60;

impl ClearanceRequest {
    /// Finds what cannot be: doses out of order, periods that end before they begin, unknown settings.
    ///
    /// # Errors
    /// The first thing found.
    pub fn check(&self) -> Result<(), Impossible> {
        let impossible = |pointer: String, reason: &str| Err(Impossible { pointer, reason: reason.to_owned() });
        if self.case.is_empty() || self.case.len() > 100 || self.case.chars().any(char::is_control) {
            return impossible("/case".to_owned(), "an id has 1 to 100 characters, none of them a control character");
        }
        if self.order.doses.is_empty() || self.order.doses.len() > MAX_DOSES {
            return impossible("/order/doses".to_owned(), "a clearance looks at 1 to 60 doses");
        }
        for (at, dose) in self.order.doses.iter().enumerate() {
            if !SETTINGS.contains(&dose.setting.as_str()) {
                let accepted = format!("not a setting; accepted: {}", SETTINGS.join(", "));
                return impossible(format!("/order/doses/{at}/setting"), &accepted);
            }
            if dose.amount.as_ref().is_some_and(|amount| amount.value <= Decimal::ZERO) {
                return impossible(format!("/order/doses/{at}/amount"), "an amount is more than nothing");
            }
        }
        let days = self.order.doses.iter().map(|dose| dose.day);
        if let Some(at) = out_of_order(days.clone()) {
            return impossible(
                format!("/order/doses/{at}/day"),
                "doses are listed oldest first, each on a day of its own",
            );
        }
        if let Some(at) = out_of_order(self.history.iter().map(|dose| dose.day)) {
            return impossible(format!("/history/{at}/day"), "doses are listed oldest first, each on a day of its own");
        }
        if let (Some(last), Some(first)) = (self.history.last(), self.order.doses.first())
            && last.day >= first.day
        {
            return impossible(
                "/order/doses/0/day".to_owned(),
                "the first dose ordered is not after the last dose given",
            );
        }
        let periods =
            self.authorizations.iter().enumerate().filter_map(|(at, given)| Some((at, given.dates.as_ref()?)));
        for (at, period) in periods {
            if period.check().is_err() {
                return impossible(format!("/authorizations/{at}/dates"), "the period ends before it begins");
            }
        }
        if self.coverage.active.as_ref().is_some_and(|active| active.check().is_err()) {
            return impossible("/coverage/active".to_owned(), "the period ends before it begins");
        }
        for (at, overridden) in self.overrides.iter().enumerate() {
            if !crate::clearance::CheckpointId::ALL.iter().any(|id| id.code() == overridden.checkpoint) {
                return impossible(format!("/overrides/{at}/checkpoint"), "no such checkpoint");
            }
            if overridden.by.trim().is_empty() || overridden.because.trim().is_empty() {
                return impossible(format!("/overrides/{at}"), "an override names who and why");
            }
        }
        Ok(())
    }
}

fn out_of_order(days: impl Iterator<Item = Day>) -> Option<usize> {
    let days: Vec<Day> = days.collect();
    days.iter().zip(days.iter().skip(1)).position(|(earlier, later)| earlier >= later).map(|at| at + 1)
}
