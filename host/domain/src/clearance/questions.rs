//! The questions a clearance asks of the plugins, and what its answers hold for.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rust_decimal::prelude::ToPrimitive as _;

use super::{Answers, CheckpointId};
use crate::claim;
use crate::payer::{AssessRequest, BillingRequest, PreferRequest, RequestLine, Stage};
use crate::product::{
    Amount, BillingCode, CodeRole, Container, GivenDose, NextDoseRequest, PlannedDose, ProductMonograph, RemsProgram,
    RemsStatus, RequirementsRequest,
};
use crate::request::{ClearanceRequest, OrderedDose};
use crate::{Fact, FactValue, PhaseKind, Site};

/// What comes next on the day of the ordered dose at `at`, when everything before it has been given?
#[must_use]
pub fn next_dose_request(request: &ClearanceRequest, at: usize) -> Option<NextDoseRequest> {
    let dose = request.order.doses.get(at)?;
    let before = request.order.doses.iter().take(at).map(|ordered| GivenDose {
        phase: ordered.phase.clone(),
        day: ordered.day,
        amount: ordered.amount.clone(),
        cycle: None,
        cycle_day: None,
    });
    Some(NextDoseRequest {
        indication: request.order.indication.clone(),
        regimen: request.order.regimen.clone(),
        as_of: dose.day,
        history: request.history.iter().cloned().chain(before).collect(),
        facts: request.facts.clone(),
    })
}

/// What must be true before the first ordered dose? Whether the site is certified is told by its profile.
#[must_use]
pub fn requirements_request(
    request: &ClearanceRequest,
    site: &Site,
    monograph: Option<&ProductMonograph>,
) -> Option<RequirementsRequest> {
    let dose = request.order.doses.first()?;
    let mut facts = request.facts.clone();
    let programs = monograph.map(|monograph| monograph.rems.iter().filter(|program| binds_site(program)));
    if let Some(mut programs) = programs.filter(|programs| programs.clone().next().is_some())
        && !facts.iter().any(|fact| fact.code == "rems-site-certified")
    {
        let certified = programs.all(|program| site.certified(&program.name, dose.day));
        let source = Some("site profile".to_owned());
        let value = FactValue::Flag(certified);
        facts.push(Fact { code: "rems-site-certified".to_owned(), value, observed_on: None, source });
    }
    Some(RequirementsRequest {
        indication: request.order.indication.clone(),
        regimen: request.order.regimen.clone(),
        phase: dose.phase.clone(),
        as_of: dose.day,
        facts,
    })
}

/// Whether a risk programme asks for a certified pharmacy or setting.
pub(super) fn binds_site(program: &RemsProgram) -> bool {
    !matches!(program.status, RemsStatus::Ended | RemsStatus::None)
        && program.parties.iter().any(|party| party == "site" || party == "pharmacy")
}

/// What does the payer say of the ordered doses, as the label plans them?
#[must_use]
pub fn assess_request(
    request: &ClearanceRequest,
    planned: &[Option<&PlannedDose>],
    monograph: Option<&ProductMonograph>,
) -> Option<AssessRequest> {
    let first = request.order.doses.first()?;
    let lines = request
        .order
        .doses
        .iter()
        .enumerate()
        .map(|(at, ordered)| line(ordered, planned.get(at).copied().flatten(), monograph));
    Some(AssessRequest {
        coverage: request.coverage.plan.clone(),
        service_day: first.day,
        product: request.order.product.clone(),
        indication: Some(request.order.indication.clone()),
        regimen: Some(request.order.regimen.clone()),
        stage: request.coverage.stage,
        diagnosis: request.order.diagnosis.clone(),
        lines: lines.collect(),
        given: is_whole(request, monograph)
            .then(|| request.history.iter().map(|dose| given_line(dose, monograph)).collect()),
        facts: facts_told(request, monograph),
    })
}

/// The facts of the request, and those that the order and the label tell elsewhere: how the drug is bought, how it is given,
/// and how much of it was given before. What a person told stands.
fn facts_told(request: &ClearanceRequest, monograph: Option<&ProductMonograph>) -> Vec<Fact> {
    let mut facts = request.facts.clone();
    let mut tell = |code: &str, value: Option<&String>, source: &str| {
        if let Some(value) = value.filter(|_| !facts.iter().any(|fact| fact.code == code)) {
            let value = FactValue::Code(value.clone());
            facts.push(Fact { code: code.to_owned(), value, observed_on: None, source: Some(source.to_owned()) });
        }
    };
    tell("supply-channel", request.order.channel.as_ref(), "order");
    let route = monograph.map(|monograph| &monograph.route);
    tell("route", route.filter(|route| matches!(route.as_str(), "subcutaneous" | "intravenous")), "label");
    let mut count = |code: &str, number: usize| {
        if !facts.iter().any(|fact| fact.code == code) {
            let value = FactValue::Count(u32::try_from(number).unwrap_or(u32::MAX));
            facts.push(Fact { code: code.to_owned(), value, observed_on: None, source: Some("history".to_owned()) });
        }
    };
    if is_whole(request, monograph) {
        count("doses-received", request.history.len());
    }
    if is_new(request) {
        count("cycles-received", 0);
    }
    facts
}

/// Whether nothing was given before.
fn is_new(request: &ClearanceRequest) -> bool {
    request.history.is_empty() && request.coverage.stage == Stage::Initial
}

/// Whether the history tells every dose: there is none before a first request, and otherwise it begins with the first
/// of the regimen. A history that is left out of a continuation, or begins later, is not known to be whole.
fn is_whole(request: &ClearanceRequest, monograph: Option<&ProductMonograph>) -> bool {
    let Some(first) = request.history.first() else { return is_new(request) };
    let regimens = monograph.iter().flat_map(|monograph| &monograph.regimens);
    let mut ordered = regimens.filter(|regimen| regimen.id == request.order.regimen);
    ordered.any(|regimen| regimen.phases.first().is_some_and(|phase| phase.id == first.phase))
}

fn line(ordered: &OrderedDose, planned: Option<&PlannedDose>, monograph: Option<&ProductMonograph>) -> RequestLine {
    let same = planned.filter(|planned| planned.phase == ordered.phase);
    let kind = same.map(|planned| planned.kind).or_else(|| kind_of(&ordered.phase, monograph));
    let billing = same.and_then(|planned| planned.billing.as_ref());
    RequestLine {
        phase: ordered.phase.clone(),
        kind,
        day: ordered.day,
        cycle: same.and_then(|planned| planned.cycle),
        cycle_day: same.map(|planned| planned.cycle_day),
        amount: ordered.amount.clone().or_else(|| same.and_then(|planned| planned.amount.exact().cloned())),
        code: billing.map(|billing| billing.code.clone()),
        units: billing.map(|billing| billing.units),
        discarded_units: billing.map(|billing| billing.discarded_units),
        vials: same.map(|planned| planned.vials.clone()).unwrap_or_default(),
        setting: Some(ordered.setting.clone()),
        hours: same.and_then(hours_of_care),
    }
}

/// A dose of the history. Its units follow from its amount; what was discarded and where it was given is not told.
fn given_line(given: &GivenDose, monograph: Option<&ProductMonograph>) -> RequestLine {
    let kind = kind_of(&given.phase, monograph);
    let of_product = |code: &&BillingCode| {
        code.role == CodeRole::Drug && code.drug.is_none() && code.setting.is_none() && code.payable_on(given.day)
    };
    // Another drug that comes first has a code of its own.
    let mut codes = monograph.into_iter().filter(|_| kind != Some(PhaseKind::Pretreatment)).flat_map(|own| &own.codes);
    let code = codes.find(of_product);
    let units = code.zip(given.amount.as_ref()).and_then(|(code, amount)| {
        let unit = code.unit.as_ref()?;
        Some(claim::units(amount, unit, amount).ok()?.administered)
    });
    RequestLine {
        phase: given.phase.clone(),
        kind,
        day: given.day,
        cycle: given.cycle,
        cycle_day: given.cycle_day,
        amount: given.amount.clone(),
        code: code.map(|code| code.code.clone()),
        units,
        discarded_units: None,
        vials: Vec::new(),
        setting: None,
        hours: None,
    }
}

/// Which part of a schedule a phase belongs to.
fn kind_of(phase: &str, monograph: Option<&ProductMonograph>) -> Option<PhaseKind> {
    let mut phases = monograph?.regimens.iter().flat_map(|regimen| &regimen.phases);
    phases.find(|own| own.id == phase).map(|own| own.kind)
}

/// Hours of hospital care or observation that the label plans after a dose. `None` where it does not say how many.
fn hours_of_care(planned: &PlannedDose) -> Option<u32> {
    let stays = planned.monitoring.iter().filter(|row| STAYS.contains(&row.setting.as_str()));
    stays.map(|row| row.hours_min?.get().ceil().to_u32()).try_fold(0, |most, hours| Some(hours?.max(most)))
}

/// Settings of monitoring that are a stay in a place of care.
const STAYS: &[&str] = &["hospital", "healthcare-setting", "observation"];

/// Which rescue drug does the payer want?
#[must_use]
pub fn prefer_request(request: &ClearanceRequest) -> Option<PreferRequest> {
    let rescue = request.rescue.as_ref()?;
    let first = request.order.doses.first()?;
    Some(PreferRequest {
        coverage: request.coverage.plan.clone(),
        service_day: first.day,
        stage: Some(request.coverage.stage),
        class: RESCUE_CLASS.to_owned(),
        requested: Some(rescue.product.clone()),
        presentation: rescue.presentation.clone(),
        use_for: "crs".to_owned(),
        emergency: false,
        history: rescue.history.clone(),
        facts: request.facts.clone(),
    })
}

/// The class of drugs that rescues from cytokine release syndrome.
pub(super) const RESCUE_CLASS: &str = "tocilizumab";

/// How is the ordered dose at `at` billed?
#[must_use]
pub fn billing_request(
    request: &ClearanceRequest,
    at: usize,
    planned: &PlannedDose,
    monograph: Option<&ProductMonograph>,
) -> Option<BillingRequest> {
    let ordered = request.order.doses.get(at)?;
    let billing = planned.billing.as_ref();
    let shelf = monograph.map(|monograph| monograph.presentations.as_slice()).unwrap_or_default();
    let opened = || planned.vials.iter().map(|vial| shelf.iter().find(|own| own.id == vial.presentation));
    // What is not the same for all that was opened is not told of the whole.
    let single_dose: Option<BTreeSet<bool>> =
        opened().map(|own| Some(own?.container == Container::SingleDose)).collect();
    let ndcs: Option<BTreeSet<&String>> = planned.vials.iter().map(|vial| vial.ndc.as_ref()).collect();
    Some(BillingRequest {
        coverage: request.coverage.plan.clone(),
        service_day: ordered.day,
        product: request.order.product.clone(),
        setting: ordered.setting.clone(),
        diagnosis: request.order.diagnosis.clone(),
        code: billing.map(|billing| billing.code.clone()),
        amount: ordered.amount.clone().or_else(|| planned.amount.exact().cloned()),
        units: billing.map(|billing| billing.units),
        discarded_units: billing.map(|billing| billing.discarded_units),
        vials: planned.vials.clone(),
        container_single_dose: only(single_dose),
        ndc: only(ndcs).cloned(),
        channel: request.order.channel.clone(),
        facts: facts_told(request, monograph),
    })
}

/// The only one there is.
fn only<T: Ord>(found: Option<BTreeSet<T>>) -> Option<T> {
    let mut found = found?;
    let first = found.pop_first()?;
    found.is_empty().then_some(first)
}

/// The units of a planned dose, computed here from amount, vials and unit. `None` where one of them is unknown.
pub(super) fn computed_units(
    planned: &PlannedDose,
    monograph: &ProductMonograph,
) -> Option<Result<claim::Units, claim::ClaimError>> {
    let billing = planned.billing.as_ref()?;
    let Amount::Exact(amount) = &planned.amount else { return None };
    let mut opened: Option<crate::Quantity> = None;
    for vial in &planned.vials {
        let presentation = monograph.presentations.iter().find(|presentation| presentation.id == vial.presentation)?;
        let content = presentation.content.to_unit(&amount.unit).ok()?;
        let total = content.value.checked_mul(crate::Decimal::from(vial.count))?;
        let value = match &opened {
            Some(sum) => sum.value.checked_add(total)?,
            None => total,
        };
        opened = Some(crate::Quantity::new(value, amount.unit.clone()));
    }
    Some(claim::units(amount, &billing.unit, &opened?))
}

/// What a signature or an override holds for: product, regimen, doses with amounts and settings, place, payer. A
/// change of any of them, and a change of weight band through the amounts, gives another fingerprint.
#[must_use]
pub fn fingerprint(request: &ClearanceRequest, answers: &Answers) -> String {
    let order = &request.order;
    let mut text = format!(
        "{}|{}|{}|{}|{}|{}|{}",
        order.product,
        order.ordered_name.as_deref().unwrap_or_default(),
        order.indication,
        order.regimen,
        request.site,
        request.coverage.payer,
        request.coverage.plan.line_of_business
    );
    for (at, dose) in order.doses.iter().enumerate() {
        let planned = answers.doses.get(at).and_then(|dose| dose.planned());
        let label = match planned.map(|planned| &planned.amount) {
            Some(Amount::Exact(amount)) => amount.to_string(),
            _ => "unknown".to_owned(),
        };
        let ordered = dose.amount.as_ref().map(ToString::to_string).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(text, "|{}@{}:{ordered}/{label}:{}", dose.phase, dose.day, dose.setting);
    }
    format!("fp1-{:016x}", fnv1a(text.as_bytes()))
}

/// FNV-1a: it tells changes apart, it keeps no secret.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The checkpoints that a change from `before` to `after` reopens.
#[must_use]
pub fn touched(before: &ClearanceRequest, after: &ClearanceRequest) -> BTreeSet<CheckpointId> {
    use CheckpointId as Id;
    let mut open = BTreeSet::new();
    let mut reopen = |changed: bool, ids: &[CheckpointId]| {
        if changed {
            open.extend(ids.iter().copied());
            open.insert(Id::SignOff);
        }
    };
    let (old, new) = (&before.order, &after.order);
    let product = old.product != new.product
        || old.ordered_name != new.ordered_name
        || old.indication != new.indication
        || old.regimen != new.regimen;
    reopen(product, Id::ALL);
    let same_doses = old.doses.len() == new.doses.len();
    let differs = |differ: fn(&OrderedDose, &OrderedDose) -> bool| {
        !same_doses || old.doses.iter().zip(&new.doses).any(|(old, new)| differ(old, new))
    };
    let treatment = [
        Id::LabelRequirements,
        Id::DoseSchedule,
        Id::PayerCriteria,
        Id::QuantityLimits,
        Id::AuthorizedTreatment,
        Id::Units,
        Id::SiteCapability,
        Id::ExpectedPayment,
        Id::PatientShare,
        Id::CodeActive,
    ];
    reopen(differs(|old, new| old.phase != new.phase), &treatment);
    reopen(differs(|old, new| old.amount != new.amount), &treatment);
    reopen(
        differs(|old, new| old.day != new.day) || before.as_of != after.as_of,
        &[
            Id::LabelRequirements,
            Id::DoseSchedule,
            Id::Coverage,
            Id::PolicyInForce,
            Id::PayerCriteria,
            Id::QuantityLimits,
            Id::Dates,
            Id::Rems,
            Id::RescuePreferred,
            Id::RescueOnHand,
            Id::CodeActive,
            Id::Renewal,
            Id::SiteCapability,
        ],
    );
    reopen(
        before.site != after.site || differs(|old, new| old.setting != new.setting),
        &[
            Id::AuthorizedSite,
            Id::SiteCapability,
            Id::Rems,
            Id::RescueOnHand,
            Id::AdmissionPlan,
            Id::PayerCriteria,
            Id::BenefitChannel,
            Id::CodeActive,
            Id::ExpectedPayment,
            Id::Providers,
        ],
    );
    reopen(
        before.coverage != after.coverage,
        &[
            Id::Coverage,
            Id::BenefitChannel,
            Id::PolicyInForce,
            Id::PayerCriteria,
            Id::Documents,
            Id::QuantityLimits,
            Id::Authorization,
            Id::AuthorizedTreatment,
            Id::Units,
            Id::Dates,
            Id::AuthorizedSite,
            Id::Providers,
            Id::RescuePreferred,
            Id::RescueAuthorized,
            Id::Supportive,
            Id::PatientShare,
            Id::ExpectedPayment,
            Id::CodeActive,
            Id::Renewal,
        ],
    );
    reopen(old.diagnosis != new.diagnosis, &[Id::Diagnosis, Id::PayerCriteria, Id::CodeActive]);
    reopen(old.channel != new.channel, &[Id::BenefitChannel, Id::CodeActive, Id::ExpectedPayment]);
    reopen(old.prescriber != new.prescriber, &[Id::Providers, Id::Rems, Id::PayerCriteria]);
    reopen(old.stock_ndcs != new.stock_ndcs, &[Id::Product]);
    reopen(before.history != after.history, &treatment);
    reopen(
        before.facts != after.facts,
        &[
            Id::LabelRequirements,
            Id::DoseSchedule,
            Id::PayerCriteria,
            Id::Documents,
            Id::QuantityLimits,
            Id::Rems,
            Id::RescuePreferred,
            Id::AdmissionPlan,
            Id::Units,
        ],
    );
    reopen(before.rescue != after.rescue, &[Id::RescuePreferred, Id::RescueAuthorized, Id::RescueOnHand]);
    reopen(
        before.authorizations != after.authorizations,
        &[
            Id::Authorization,
            Id::AuthorizedTreatment,
            Id::Units,
            Id::Dates,
            Id::AuthorizedSite,
            Id::Providers,
            Id::Diagnosis,
            Id::RescueAuthorized,
            Id::Renewal,
            Id::BenefitChannel,
        ],
    );
    open
}
