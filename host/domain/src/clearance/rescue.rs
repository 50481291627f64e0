//! The rescue drug and the supportive drugs: which brand, and settled with the payer beforehand.

use super::Context;
use super::place::ordered_rescue;
use super::points::Points;
use super::questions::RESCUE_CLASS;
use crate::payer::Preference;
use crate::request::{Answered, Subject};

/// The brand ordered is the one the payer prefers, or an exception allows it.
pub(super) fn preferred(context: &Context<'_>) -> Points {
    let (rescue, mut points) = match ordered_rescue(context) {
        Ok(rescue) => (rescue, Points::new()),
        Err(points) => return points,
    };
    let answer = match &context.answers.preferred {
        super::Answer::Refused(crate::PayerError::NoPolicy(why)) => {
            points.condition(format!("no rule of this payer on the rescue drug is known: {why}"));
            return points;
        }
        other => other.get(),
    };
    match answer {
        Err(why) => points.no_answer(&why),
        Ok(answer) => {
            points.cite(&answer.citations);
            match answer.requested {
                Some(Preference::Preferred) => {
                    points.passed(format!("{} is preferred: {}", rescue.product, answer.reason))
                }
                Some(Preference::NoPreference) => {
                    points.passed(format!("the payer has no preference: {}", answer.reason))
                }
                Some(Preference::Exception) => {
                    points.condition(format!("{} is allowed by exception: {}", rescue.product, answer.reason))
                }
                Some(Preference::StepRequired) => {
                    points.failed(format!("{} is not preferred: {}", rescue.product, answer.reason))
                }
                Some(Preference::EmergencyBypass) => {
                    points.condition(format!("only in an emergency: {}", answer.reason))
                }
                Some(Preference::Unknown) | None => points.unknown_for(answer.reason.clone(), answer.needs.clone()),
            }
            for duty in &answer.duties {
                points.condition(duty.text.clone());
            }
            super::label::asks(&mut points, &answer.asks);
        }
    }
    points
}

/// The rescue drug is certified as needed, or needs no authorization.
pub(super) fn authorized(context: &Context<'_>) -> Points {
    let (rescue, mut points) = match ordered_rescue(context) {
        Ok(rescue) => (rescue, Points::new()),
        Err(points) => return points,
    };
    if let Ok(assessment) = context.answers.assessment.get() {
        let of_rescue = |drug: &str| drug == RESCUE_CLASS || drug == rescue.product;
        for linked in assessment.terms.linked.iter().filter(|linked| of_rescue(&linked.drug)) {
            points.condition(linked.text.clone());
            points.cite(&linked.citations);
        }
    }
    let Some(given) = context.request.authorizations.iter().find(|given| given.subject == Subject::Rescue) else {
        points.unknown("authorization", "whether the payer covers the rescue drug as needed is not settled");
        return points;
    };
    match given.answered {
        Answered::NotRequired => points.passed("the payer answered that none is needed"),
        Answered::Certified | Answered::Modified | Answered::CertifiedInPart => {
            match &given.product {
                Some(product) if *product == rescue.product => {
                    points.passed(format!("{product} is certified as needed"))
                }
                Some(product) => {
                    points.failed(format!("{product} is certified; {} is ordered and in stock", rescue.product))
                }
                None => points.unknown("authorization", "the answer does not name the rescue drug"),
            }
            for dose in &context.request.order.doses {
                match given.dates {
                    None => points.unknown("authorization", "the answer on the rescue drug does not give its dates"),
                    Some(dates) if dates.contains(dose.day) => {}
                    Some(_) => points.failed(format!("the rescue drug is not certified on {}", dose.day)),
                }
            }
        }
        Answered::Pended => points.unknown(
            "authorization",
            "the payer has not decided on the rescue drug; in an emergency it is given first",
        ),
        Answered::ContactPayer => points.unknown("ask-payer", "the payer asks to be contacted about the rescue drug"),
        Answered::NotCertified | Answered::Cancelled => {
            points.failed("the payer does not cover the rescue drug as needed; in an emergency it is given first");
        }
    }
    points
}

/// Supportive drugs are settled with the payer.
pub(super) fn supportive(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    match &context.request.supportive {
        None => points.unknown("supportive", "which supportive drugs are ordered is not known"),
        Some(drugs) if drugs.is_empty() => return Points::not_applicable("none is ordered"),
        Some(drugs) => {
            for drug in drugs {
                let name = &drug.drug;
                points.answer(
                    drug.settled,
                    "authorization",
                    &format!("{name}: settled with the payer"),
                    &format!("{name}: the payer does not cover it"),
                    &format!("{name}: not asked yet"),
                );
            }
        }
    }
    points
}
