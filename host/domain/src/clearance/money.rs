//! Money, codes, and the signature under the whole.

use super::points::Points;
use super::{Context, DoseAnswer};
use crate::product::CodeRole;

/// The patient's share is known, and no copay card is used where it may not be.
pub(super) fn patient_share(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    let Some(finance) = &context.request.finance else {
        points.unknown("finance", "the patient's share was not estimated");
        return points;
    };
    points.answer(
        finance.share_estimated,
        "finance",
        "the patient knows the estimate",
        "the patient has no estimate yet",
        "whether the patient has an estimate is not known",
    );
    let commercial = context.request.coverage.plan.line_of_business == "commercial";
    match finance.copay_card {
        Some(true) if !commercial => points.failed("a manufacturer's copay card is for commercial cover only"),
        Some(true) => points.passed("a copay card is used"),
        Some(false) => {}
        None => points.unknown("finance", "whether a copay card is used is not known"),
    }
    points
}

/// Payment covers cost.
pub(super) fn expected_payment(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    if context.request.order.channel.as_deref().is_some_and(|channel| channel != "buy-and-bill") {
        return Points::not_applicable("the site does not buy the drug");
    }
    let finance = context.request.finance.as_ref();
    match finance.and_then(|finance| finance.expected_payment.zip(finance.acquisition_cost)) {
        None => points.unknown("finance", "expected payment or cost of the drug is not known"),
        Some((payment, cost)) if payment >= cost => points.passed("expected payment covers the cost of the drug"),
        Some(_) => points.failed("expected payment does not cover the cost of the drug"),
    }
    let packaged = context.request.order.doses.iter().any(|dose| dose.setting == "observation");
    if packaged {
        points.condition(
            "an observation stay may package the drug into one payment: price it before choosing the setting",
        );
    }
    points
}

/// The codes of every dose are payable on its day, and the claim passes the payer's edits.
pub(super) fn code_active(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    let monograph = context.answers.monograph.get().ok();
    for (ordered, answer) in context.request.order.doses.iter().zip(&context.answers.doses) {
        let what = format!("{} on {}", ordered.phase, ordered.day);
        let Some(planned) = answer.planned() else {
            points.unknown("ask-pharmacist", format!("{what}: how it is billed is not known"));
            continue;
        };
        drug_code(&mut points, monograph, ordered, planned, &what);
        bill(&mut points, answer, &what);
    }
    points
}

fn drug_code(
    points: &mut Points,
    monograph: Option<&crate::product::ProductMonograph>,
    ordered: &crate::request::OrderedDose,
    planned: &crate::product::PlannedDose,
    what: &str,
) {
    let Some(billing) = &planned.billing else {
        return points.unknown("ask-pharmacist", format!("{what}: no billing code is known for the day"));
    };
    let known = monograph
        .into_iter()
        .flat_map(|monograph| &monograph.codes)
        .find(|code| code.role == CodeRole::Drug && code.code == billing.code && code.payable_on(ordered.day));
    match known {
        None => points.failed(format!("{what}: {} is not payable on that day", billing.code)),
        Some(code) if code.setting.as_ref().is_some_and(|setting| *setting != ordered.setting) => {
            points.failed(format!("{what}: {} is not for {}", billing.code, ordered.setting));
        }
        Some(code) => {
            let units = format!("{} units, {} discarded", billing.units, billing.discarded_units);
            points.passed(format!("{what}: {} payable; {units}", billing.code));
            points.cite(&code.citations);
        }
    }
    points.cite(&billing.citations);
}

fn bill(points: &mut Points, answer: &DoseAnswer, what: &str) {
    match &answer.bill {
        super::Answer::Refused(crate::PayerError::NoPolicy(why)) => {
            points.condition(format!("{what}: no billing rule of this payer is known: {why}"));
        }
        other => match other.get() {
            Err(why) => points.no_answer(&format!("{what}: {why}")),
            Ok(bill) => {
                for line in &bill.lines {
                    let modifiers: String = line.modifiers.iter().map(|modifier| format!("-{modifier}")).collect();
                    points.passed(format!("{what}: {}{modifiers} x {}", line.code, line.units));
                    points.cite(&line.citations);
                }
                for edit in bill.edits.iter().filter(|edit| edit.within.is_none()) {
                    points.finding(edit);
                }
                super::label::asks(points, &bill.asks);
            }
        },
    }
}

/// A named person signed for this request, not for another.
pub(super) fn sign_off(context: &Context<'_>, fingerprint: &str) -> Points {
    let mut points = Points::new();
    match &context.request.sign_off {
        None => points.unknown("sign-off", "nobody has signed"),
        Some(signed) if signed.by.trim().is_empty() => points.unknown("sign-off", "the signature has no name"),
        Some(signed) if signed.on > context.request.as_of => {
            points.failed(format!("signed on {}, after the day of clearance", signed.on))
        }
        Some(signed) if signed.fingerprint.as_deref().is_some_and(|of| of != fingerprint) => {
            points.failed("signed for another order: product, doses, place or payer changed since; sign again");
        }
        Some(signed) => points.passed(format!("signed by {} ({}) on {}", signed.by, signed.role, signed.on)),
    }
    points
}
