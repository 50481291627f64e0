//! What the payer's rules say: coverage, channel, policy, criteria, documents, limits.

use super::Context;
use super::points::{PointState, Points};
use crate::payer::{Assessment, ExpectedOutcome, Operator};

/// For how many days an eligibility answer is believed.
const ELIGIBILITY_FRESH_DAYS: i64 = 30;

/// The member is covered on every day of the order.
pub(super) fn coverage(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    let membership = &context.request.coverage;
    match &membership.active {
        None => points.unknown("eligibility", "the member's days of coverage are not known"),
        Some(active) => {
            for dose in &context.request.order.doses {
                if active.contains(dose.day) {
                    points.passed(format!("covered on {}", dose.day));
                } else {
                    points.failed(format!("not covered on {}", dose.day));
                }
            }
        }
    }
    match membership.checked_on {
        None => points.unknown("eligibility", "the day eligibility was checked is not known"),
        Some(on) if on > context.request.as_of => {
            points.failed(format!("eligibility was checked on {on}, after the day of clearance"))
        }
        Some(on) if context.request.as_of.days_since(on) > ELIGIBILITY_FRESH_DAYS => {
            points.unknown(
                "eligibility",
                format!("eligibility was last checked on {on}, more than {ELIGIBILITY_FRESH_DAYS} days ago"),
            );
        }
        Some(on) => points.passed(format!("eligibility checked on {on}")),
    }
    points.answer(
        membership.other_payer_first.map(|other| !other),
        "coordination-of-benefits",
        "this payer comes first",
        "another payer comes first: ask that payer",
        "whether another payer comes first is not known",
    );
    points
}

/// The drug is bought as the payer allows.
pub(super) fn benefit_channel(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    let channel = match &context.request.order.channel {
        None => {
            points.unknown("order", "how the drug is bought is not known");
            return points;
        }
        Some(channel) => channel,
    };
    match assessment(context, &mut points) {
        None => return points,
        Some(assessment) => {
            let rules = &assessment.terms.channels;
            let required: Vec<&str> =
                rules.iter().filter(|rule| rule.rule == "required").map(|rule| rule.id.as_str()).collect();
            for rule in rules {
                points.cite(&rule.citations);
            }
            if rules.iter().any(|rule| rule.rule == "forbidden" && rule.id == *channel) {
                points.failed(format!("the payer forbids {channel}"));
            } else if required == ["pharmacy-benefit"] && matches!(channel.as_str(), "white-bag" | "clear-bag") {
                let why =
                    format!("the payer asks for the pharmacy benefit; which benefit pays for {channel} is not known");
                points.unknown("ask-payer", why);
            } else if !required.is_empty() && !required.contains(&channel.as_str()) {
                points.failed(format!("the payer asks for {}; the order says {channel}", required.join(" or ")));
            } else if rules.is_empty() {
                points.condition(format!(
                    "the policy read does not say how the drug may be bought; the order says {channel}"
                ));
            } else {
                points.passed(format!("{channel} is allowed"));
            }
        }
    }
    let certified =
        context.request.authorizations.iter().find_map(|given| {
            (given.subject == crate::request::Subject::Drug).then_some(given.channel.as_ref()).flatten()
        });
    match certified {
        Some(certified) if certified != channel => {
            points.failed(format!("the payer certified {certified}; the order says {channel}"))
        }
        Some(_) => points.passed(format!("{channel} is certified")),
        None => {}
    }
    points
}

/// The assessment, or the reason there is none as a point.
fn assessment<'a>(context: &Context<'a>, points: &mut Points) -> Option<&'a Assessment> {
    match context.answers.assessment.get() {
        Ok(assessment) => Some(assessment),
        Err(why) => {
            points.no_answer(&why);
            None
        }
    }
}

/// A policy governs the first day of service.
pub(super) fn policy_in_force(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    let Some(assessment) = assessment(context, &mut points) else { return points };
    let policy = &assessment.policy;
    let first = context.request.order.doses.first().map_or(context.request.as_of, |dose| dose.day);
    if policy.edition.effective.contains(first) {
        points.passed(format!("{} ({}), edition {}", policy.title, policy.id, policy.edition.id));
    } else {
        points.failed(format!("the plugin answered from edition {}, which does not govern {first}", policy.edition.id));
    }
    points.cite(&policy.citations);
    if assessment.operator == Operator::PolicyLibrary {
        points.condition("written from public policy by a library, not by the payer");
    }
    if let Ok(monograph) = context.answers.monograph.get()
        && let (Some(label), Some(rule)) = (monograph.edition.effective.first, policy.edition.effective.first)
        && label > rule
    {
        points.condition(format!("the label of {label} is newer than the policy of {rule}"));
    }
    points
}

/// The payer's criteria.
pub(super) fn criteria(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    let Some(assessment) = assessment(context, &mut points) else { return points };
    // Where another decides, what does not apply here is no failure.
    let decides = assessment.outcome != ExpectedOutcome::ContactPayer;
    for finding in assessment.findings.iter().filter(|finding| finding.within.is_none() && decides) {
        points.finding(finding);
    }
    for redirect in &assessment.redirects {
        points.cite(&redirect.citations);
    }
    let redirects =
        || assessment.redirects.iter().map(|redirect| redirect.text.as_str()).collect::<Vec<_>>().join("; ");
    match assessment.outcome {
        ExpectedOutcome::Meets => points.passed("the rules expect an approval"),
        ExpectedOutcome::NotRequired => points.passed("this payer asks for no authorization"),
        ExpectedOutcome::DoesNotMeet => points.failed("the rules expect no approval"),
        ExpectedOutcome::Redirect => points.failed(format!("the payer wants something else first: {}", redirects())),
        ExpectedOutcome::ContactPayer => {
            points.unknown("ask-payer", format!("the policy sends the question elsewhere: {}", redirects()))
        }
        ExpectedOutcome::Undetermined => points.unknown_for("the rules cannot tell yet", assessment.needs.clone()),
    }
    super::label::asks(&mut points, &assessment.asks);
    points
}

/// The payer's documents.
pub(super) fn documents(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    let Some(assessment) = assessment(context, &mut points) else { return points };
    if assessment.terms.documents.is_empty() {
        return Points::not_applicable("the policy names no documents");
    }
    for document in &assessment.terms.documents {
        points.finding(&document.status);
    }
    points
}

/// The payer's quantity limits.
pub(super) fn limits(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    let Some(assessment) = assessment(context, &mut points) else { return points };
    if assessment.terms.limits.is_empty() {
        points.push(PointState::NotApplicable, "the policy read names no quantity limit");
    }
    for limit in &assessment.terms.limits {
        points.finding(&limit.finding);
    }
    points
}
