//! What the place can do: give the dose, watch after it, rescue, admit.

use super::label::{flag, hours};
use super::points::Points;
use super::{Context, DoseAnswer};
use crate::product::{Monitoring, PlannedDose};
use crate::request::{OrderedDose, Rescue};
use crate::{PhaseKind, Site};

/// For how many days a count of the rescue stock is believed.
const STOCK_FRESH_DAYS: i64 = 7;

/// The site can give each dose, and watch as long as the label asks.
pub(super) fn capability(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    let site = context.site;
    for (at, ordered) in context.request.order.doses.iter().enumerate() {
        if !site.settings.contains(&ordered.setting) {
            points.failed(format!("{} gives no doses in {}", site.name, ordered.setting));
        }
        match context.answers.doses.get(at).and_then(DoseAnswer::planned) {
            None => points.unknown(
                "ask-pharmacist",
                format!("{} on {}: what the label asks of the site is not known", ordered.phase, ordered.day),
            ),
            Some(planned) => dose(&mut points, site, ordered, planned),
        }
    }
    points.answer(
        site.contact_24h,
        "site",
        "someone who knows the drug answers day and night",
        "nobody who knows the drug answers at night",
        "whether someone answers at night is not known",
    );
    let product = &context.request.order.product;
    let last = context.request.order.doses.last().map_or(context.request.as_of, |dose| dose.day);
    match site.trained.iter().find(|training| training.product == *product) {
        None => points.failed(format!("the staff are not trained for {product}")),
        Some(training) if training.valid.contains(context.request.as_of) && training.valid.contains(last) => {
            points.passed(format!("the staff are trained for {product}"));
        }
        Some(_) => points.failed(format!("the staff's training for {product} does not hold on every day of the order")),
    }
    points
}

fn dose(points: &mut Points, site: &Site, ordered: &OrderedDose, planned: &PlannedDose) {
    let what = format!("{} on {}", ordered.phase, ordered.day);
    let (may, kind) = match planned.kind {
        PhaseKind::StepUp | PhaseKind::FirstFull | PhaseKind::Pretreatment => {
            (site.step_up, "step-up and first full doses")
        }
        PhaseKind::Maintenance => (site.maintenance, "maintenance doses"),
    };
    points.answer(
        may,
        "site",
        &format!("{what}: {} gives {kind}", site.name),
        &format!("{what}: {} does not give {kind}", site.name),
        &format!("{what}: whether {} gives {kind} is not known", site.name),
    );
    for rule in &planned.monitoring {
        points.cite(&rule.citations);
        monitoring(points, site, ordered, rule, &what);
    }
}

fn monitoring(points: &mut Points, site: &Site, ordered: &OrderedDose, rule: &Monitoring, what: &str) {
    let wanted = hours(rule.hours_min);
    let for_hours = wanted.map(|hours| format!(" for {hours} hours")).unwrap_or_default();
    match rule.setting.as_str() {
        "hospital" => match ordered.setting.as_str() {
            "inpatient" if site.overnight == Some(true) => points.passed(format!("{what}: in hospital{for_hours}")),
            "observation" => long_enough(points, site, wanted, what),
            "inpatient" => {
                points.unknown("site", format!("{what}: whether {} keeps patients overnight is not known", site.name))
            }
            setting => {
                points.failed(format!("{what}: the label asks for hospital{for_hours}; the order plans {setting}"))
            }
        },
        "healthcare-setting" | "observation" => match ordered.setting.as_str() {
            "home" => points
                .failed(format!("{what}: the label asks for a healthcare setting{for_hours}; the order plans home")),
            "inpatient" => points.passed(format!("{what}: watched{for_hours} as an inpatient")),
            _ => long_enough(points, site, wanted, what),
        },
        // Who stays with the patient, and how near: the label's requirements and the admission plan ask.
        "proximity" => points.condition(format!("{what}: the patient stays near a healthcare facility{for_hours}")),
        _ => points.condition(format!("{what}: {}", rule.text)),
    }
}

fn long_enough(points: &mut Points, site: &Site, wanted: Option<u32>, what: &str) {
    match (wanted, site.observation_hours, site.overnight) {
        (None, _, _) => points.condition(format!("{what}: watched as the clinician judges")),
        (Some(wanted), Some(able), _) if able >= wanted => {
            points.passed(format!("{what}: {} watches for {wanted} hours", site.name))
        }
        (Some(wanted), _, Some(true)) => {
            points.passed(format!("{what}: {} watches for {wanted} hours overnight", site.name))
        }
        (Some(wanted), Some(able), Some(false)) => {
            points
                .failed(format!("{what}: the label asks for {wanted} hours; {} watches for {able} at most", site.name));
        }
        (Some(wanted), _, _) => {
            points.unknown("site", format!("{what}: whether {} can watch for {wanted} hours is not known", site.name))
        }
    }
}

/// Whether the label warns of cytokine release syndrome, so that a rescue drug is needed. `None` when the label is
/// not known.
fn needs_rescue(context: &Context<'_>) -> Option<bool> {
    let monograph = context.answers.monograph.get().ok()?;
    Some(monograph.boxed_warnings.iter().any(|warning| warning.code == "crs"))
}

/// The rescue drug ordered; where none is needed, or none is ordered, the points that say so.
pub(super) fn ordered_rescue<'a>(context: &Context<'a>) -> Result<&'a Rescue, Points> {
    if needs_rescue(context) == Some(false) {
        return Err(Points::not_applicable("the label does not warn of cytokine release syndrome"));
    }
    context.request.rescue.as_ref().ok_or_else(|| {
        let mut points = Points::new();
        points.unknown("rescue", "no rescue drug is ordered");
        points
    })
}

/// The rescue drug is in the building, of the brand ordered, and its lot was checked.
pub(super) fn rescue_on_hand(context: &Context<'_>) -> Points {
    let (rescue, mut points) = match ordered_rescue(context) {
        Ok(rescue) => (rescue, Points::new()),
        Err(points) => return points,
    };
    let Some(stock) = context.site.rescue_stock.iter().find(|stock| stock.product == rescue.product) else {
        points.failed(format!("{} has no {} in stock", context.site.name, rescue.product));
        return points;
    };
    if stock.doses == 0 {
        points.failed(format!("no dose of {} is left", stock.product));
    } else if stock.counted_on > context.request.as_of
        || context.request.as_of.days_since(stock.counted_on) > STOCK_FRESH_DAYS
    {
        points.unknown("site", format!("{} was last counted on {}; count again", stock.product, stock.counted_on));
    } else {
        points.passed(format!("{} doses of {} on {}", stock.doses, stock.product, stock.counted_on));
    }
    match stock.recall_checked_on {
        Some(on) if on >= stock.counted_on => points.passed(format!("the lot was checked against recalls on {on}")),
        _ => points.unknown("site", "the lot on hand was not checked against recalls since it was counted"),
    }
    points
}

/// Where the patient goes, and who is called.
pub(super) fn admission_plan(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    if needs_rescue(context) == Some(false) {
        points.push(super::PointState::NotApplicable, "the label does not warn of cytokine release syndrome");
        return points;
    }
    match &context.request.admission {
        None => points.unknown("admission", "there is no plan for an admission"),
        Some(plan) => {
            points.answer(
                plan.accepted,
                "admission",
                "the hospital agreed to take the patient",
                "the hospital does not take the patient",
                "whether the hospital takes the patient is not known",
            );
            match plan.after_hours_contact.as_deref() {
                Some(contact) if !contact.trim().is_empty() => points.passed("who is called out of hours is named"),
                _ => points.unknown("admission", "who is called out of hours is not named"),
            }
            points.answer(
                plan.notification_assigned,
                "admission",
                "telling the payer of an admission is assigned",
                "nobody is assigned to tell the payer of an admission",
                "who tells the payer of an admission is not known",
            );
        }
    }
    let site = context.site;
    if site.overnight != Some(true) {
        match &site.hospital {
            None => points.unknown("site", format!("{} names no hospital that admits its patients", site.name)),
            Some(hospital) => points.answer(
                hospital.transfer_agreement,
                "site",
                &format!("transfer agreement with {}", hospital.name),
                &format!("no transfer agreement with {}", hospital.name),
                &format!("whether there is a transfer agreement with {} is not known", hospital.name),
            ),
        }
    }
    let outpatient_start = context.request.order.doses.iter().enumerate().any(|(at, ordered)| {
        let planned = context.answers.doses.get(at).and_then(DoseAnswer::planned);
        ordered.setting != "inpatient" && planned.is_none_or(|planned| planned.kind != PhaseKind::Maintenance)
    });
    if outpatient_start {
        points.answer(
            flag(&context.request.facts, "caregiver-available"),
            "caregiver-available",
            "a caregiver stays with the patient",
            "no caregiver stays with the patient: treat as an inpatient",
            "whether a caregiver stays with the patient is not known",
        );
    }
    points
}
