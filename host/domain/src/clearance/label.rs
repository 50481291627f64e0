//! What the product's label asks: eligibility, dose and schedule, brand, diagnosis, risk programme.

use super::points::Points;
use super::questions::{binds_site, computed_units};
use super::{Context, DoseAnswer};
use crate::product::{Amount, NextAction, PlannedDose, RemsStatus};
use crate::request::OrderedDose;
use crate::{Ask, Decimal, Fact, FactValue};

/// Eligibility, laboratory work, premedication and holds, for the first dose.
pub(super) fn requirements(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    match context.answers.requirements.get() {
        Err(why) => points.no_answer(&why),
        Ok(answer) => {
            for requirement in answer.requirements.iter().filter(|requirement| requirement.finding.within.is_none()) {
                // The risk programme has a checkpoint of its own.
                if requirement.finding.kind != "rems" {
                    points.finding(&requirement.finding);
                }
            }
            asks(&mut points, &answer.asks);
            if answer.requirements.is_empty() {
                points.unknown("ask-pharmacist", "the label's requirements are not written down");
            }
        }
    }
    points
}

/// What the rules leave open is minded, not decided.
pub(super) fn asks(points: &mut Points, asks: &[Ask]) {
    for ask in asks {
        points.condition(format!("ask a pharmacist about {}: {}", ask.topic, ask.reason));
    }
}

/// Phase, amount and day of every ordered dose.
pub(super) fn dose_schedule(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    for (at, ordered) in context.request.order.doses.iter().enumerate() {
        match context.answers.doses.get(at) {
            Some(answer) => dose(&mut points, context, ordered, answer),
            None => {
                points.no_answer(&format!("{} on {}: the product plugin was not asked", ordered.phase, ordered.day))
            }
        }
    }
    points
}

fn dose(points: &mut Points, context: &Context<'_>, ordered: &OrderedDose, answer: &DoseAnswer) {
    let what = format!("{} on {}", ordered.phase, ordered.day);
    let next = match answer.next.get() {
        Ok(next) => next,
        Err(why) => return points.no_answer(&format!("{what}: {why}")),
    };
    points.cite(&next.citations);
    match next.action {
        NextAction::AskPharmacist => {
            let needs = next.asks.iter().flat_map(|ask| ask.needs.clone()).collect();
            return points.unknown_for(format!("{what}: ask a pharmacist: {}", next.reason), needs);
        }
        NextAction::Wait => {
            let due = next.due.map(|day| format!("; due {day}")).unwrap_or_default();
            return points.failed(format!("{what}: too early: {}{due}", next.reason));
        }
        NextAction::Finished => {
            return points.failed(format!("{what}: the regimen has no further dose: {}", next.reason));
        }
        NextAction::Proceed | NextAction::Repeat | NextAction::Restart => {}
    }
    let Some(planned) = &next.dose else {
        return points.no_answer(&format!("{what}: the plugin says {:?} and names no dose", next.action));
    };
    if planned.phase != ordered.phase {
        return points.failed(format!("{what}: the label's next dose is {}: {}", planned.phase, next.reason));
    }
    points.passed(format!("{what}: {}", next.reason));
    if next.benefit_risk {
        points.condition(format!("{what}: the label asks to weigh benefit and risk first"));
    }
    asks(points, &next.asks);
    points.cite(&planned.citations);
    amount(points, context, ordered, planned, &what);
}

fn amount(points: &mut Points, context: &Context<'_>, ordered: &OrderedDose, planned: &PlannedDose, what: &str) {
    let label = match &planned.amount {
        Amount::Unknown(needs) => {
            return points
                .unknown_for(format!("{what}: the amount cannot be told ({})", planned.amount_basis), needs.clone());
        }
        Amount::Exact(amount) => amount,
    };
    match ordered.amount.as_ref().map(|amount| (amount, amount.compare(label))) {
        None => points.unknown("order", format!("{what}: the order gives no amount; the label's is {label}")),
        Some((_, Ok(std::cmp::Ordering::Equal))) => {
            points.passed(format!("{what}: {label} ({})", planned.amount_basis))
        }
        Some((amount, _)) => {
            points.failed(format!("{what}: ordered {amount}; the label's amount is {label} ({})", planned.amount_basis))
        }
    }
    if planned.amount_basis.contains("kg") {
        weight_is_dated(points, &context.request.facts, what);
    }
    billing_agrees(points, context, planned, what);
}

fn weight_is_dated(points: &mut Points, facts: &[Fact], what: &str) {
    let weight = facts.iter().rfind(|fact| fact.code == "body-weight" && matches!(fact.value, FactValue::Quantity(_)));
    match weight.map(|fact| fact.observed_on) {
        Some(None) => points.unknown("body-weight", format!("{what}: the day the weight was taken is not known")),
        Some(Some(_)) => {}
        None => points.unknown("body-weight", format!("{what}: no weight")),
    }
}

/// The plugin's units must be those computed here: a plugin that bills otherwise is wrong.
fn billing_agrees(points: &mut Points, context: &Context<'_>, planned: &PlannedDose, what: &str) {
    let Ok(monograph) = context.answers.monograph.get() else { return };
    let Some(billing) = &planned.billing else { return };
    match computed_units(planned, monograph) {
        Some(Ok(units)) if units.administered == billing.units && units.discarded == billing.discarded_units => {}
        Some(Ok(units)) => points.failed(format!(
            "{what}: the plugin bills {} + {} units; amount and vials make {} + {}",
            billing.units, billing.discarded_units, units.administered, units.discarded
        )),
        Some(Err(why)) => points.failed(format!("{what}: the plugin's vials cannot be billed: {why}")),
        None => points.unknown("ask-pharmacist", format!("{what}: the units cannot be computed from amount and vials")),
    }
}

/// The ordered name with its suffix, and the vials in stock.
pub(super) fn product(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    let order = &context.request.order;
    let monograph = match context.answers.monograph.get() {
        Ok(monograph) => monograph,
        Err(why) => {
            points.no_answer(&why);
            return points;
        }
    };
    match &order.ordered_name {
        None => points.unknown(
            "order",
            format!("the order does not give the name with its suffix, such as {}", monograph.generic_name),
        ),
        Some(name)
            if name.eq_ignore_ascii_case(&monograph.generic_name) || name.eq_ignore_ascii_case(&monograph.brand) =>
        {
            points.passed(format!("ordered as {name}"));
        }
        Some(_) => points
            .failed(format!("the order names another product than {} ({})", monograph.generic_name, monograph.brand)),
    }
    let white_bag = order.channel.as_deref() == Some("white-bag");
    if order.stock_ndcs.is_empty() {
        points.unknown(
            "stock",
            if white_bag { "the NDCs to be delivered are not known" } else { "the NDCs in stock are not known" },
        );
    }
    for ndc in &order.stock_ndcs {
        match monograph.presentations.iter().find(|presentation| presentation.ndc.as_deref() == Some(ndc.as_str())) {
            Some(presentation) => {
                points.passed(format!("NDC {ndc} is {}", presentation.strength));
                points.cite(&presentation.citations);
            }
            None if monograph.presentations.iter().any(|presentation| presentation.ndc.is_none()) => {
                points
                    .unknown("ask-pharmacist", format!("NDC {ndc} is not among those known; not every vial's NDC is"));
            }
            None => points.failed(format!("NDC {ndc} is not a vial of {}", monograph.brand)),
        }
    }
    if !order.stock_ndcs.is_empty() {
        vials_in_stock(&mut points, context);
    }
    points
}

fn vials_in_stock(points: &mut Points, context: &Context<'_>) {
    let planned = context.answers.doses.iter().filter_map(DoseAnswer::planned);
    let mut missing: Vec<&str> = planned
        .flat_map(|planned| &planned.vials)
        .filter_map(|vial| vial.ndc.as_deref())
        .filter(|ndc| !context.request.order.stock_ndcs.iter().any(|stock| stock == ndc))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    for ndc in missing {
        points.failed(format!("the doses need vials of NDC {ndc}, which are not in stock or on order"));
    }
}

/// The order's codes against the indication's and the authorization's.
pub(super) fn diagnosis(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    let order = &context.request.order;
    if order.diagnosis.is_empty() {
        points.unknown("order", "the order has no diagnosis code");
        return points;
    }
    match context.answers.monograph.get() {
        Err(why) => points.no_answer(&why),
        Ok(monograph) => match monograph.indications.iter().find(|indication| indication.id == order.indication) {
            None => points.failed(format!("the label in force has no indication `{}`", order.indication)),
            Some(indication) if indication.diagnosis_codes.is_empty() => {
                points.unknown("ask-pharmacist", "which codes belong to the indication is not written down");
            }
            Some(indication) => {
                let belongs =
                    |code: &String| indication.diagnosis_codes.iter().any(|wanted| matches_code(code, wanted));
                match order.diagnosis.iter().find(|code| belongs(code)) {
                    Some(code) => points.passed(format!("{code} belongs to {}", indication.text)),
                    None => points.failed(format!("none of the order's codes belongs to {}", indication.text)),
                }
                points.cite(&indication.citations);
            }
        },
    }
    points
}

/// Whether `code` is `wanted`, or begins with it when it ends in `-`.
pub(super) fn matches_code(code: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('-') {
        Some(prefix) => code.starts_with(prefix),
        None => code == wanted,
    }
}

/// Prescriber, site and patient in the risk programme of the day.
pub(super) fn rems(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    let monograph = match context.answers.monograph.get() {
        Ok(monograph) => monograph,
        Err(why) => {
            points.no_answer(&why);
            return points;
        }
    };
    if monograph.rems.is_empty() {
        points.unknown("ask-pharmacist", "whether a risk programme binds is not written down");
    }
    let last_day = context.request.order.doses.last().map_or(context.request.as_of, |dose| dose.day);
    for program in &monograph.rems {
        points.cite(&program.citations);
        match program.status {
            RemsStatus::None => {
                points.push(super::PointState::NotApplicable, format!("{}: no programme", monograph.brand))
            }
            RemsStatus::Ended => points.push(super::PointState::NotApplicable, format!("{}: ended", program.name)),
            RemsStatus::Unknown => {
                points.unknown("ask-pharmacist", format!("{}: whether it is in force is not known", program.name))
            }
            RemsStatus::InForce => {
                if binds_site(program) {
                    let (site, name) = (context.site, &program.name);
                    if site.certified(name, context.request.as_of) && site.certified(name, last_day) {
                        points.passed(format!("{name}: {} is certified", site.name));
                    } else {
                        points.failed(format!("{name}: {} is not certified on every day of the order", site.name));
                    }
                }
                if program.parties.iter().any(|party| party == "prescriber") {
                    points.answer(
                        flag(&context.request.facts, "rems-prescriber-certified"),
                        "rems-prescriber-certified",
                        &format!("{}: the prescriber is certified", program.name),
                        &format!("{}: the prescriber is not certified", program.name),
                        &format!("{}: whether the prescriber is certified is not known", program.name),
                    );
                }
                if program.parties.iter().any(|party| party == "patient") {
                    points.answer(
                        flag(&context.request.facts, "rems-patient-card"),
                        "rems-patient-card",
                        &format!("{}: the patient was counselled and carries the card", program.name),
                        &format!("{}: the patient has no card yet", program.name),
                        &format!("{}: whether the patient has the card is not known", program.name),
                    );
                }
            }
        }
    }
    if let Ok(answer) = context.answers.requirements.get() {
        for requirement in answer.requirements.iter().filter(|requirement| requirement.finding.kind == "rems") {
            points.finding(&requirement.finding);
        }
    }
    points
}

/// A yes-or-no fact; `None` when it is not told.
pub(super) fn flag(facts: &[Fact], code: &str) -> Option<bool> {
    let mut told = facts.iter().filter(|fact| fact.code == code).filter_map(|fact| match fact.value {
        FactValue::Flag(value) => Some(value),
        _ => None,
    });
    let first = told.next()?;
    // Told twice and differently is not known.
    told.all(|other| other == first).then_some(first)
}

/// The hours of a monitoring rule, rounded up for a clock on the wall.
pub(super) fn hours(hours: Option<Decimal>) -> Option<u32> {
    use rust_decimal::prelude::ToPrimitive;
    hours.and_then(|hours| hours.get().ceil().to_u32())
}
