//! What the payer certified, against what is ordered, field by field.
//!
//! "Authorized" is a shape, not a flag: product, code, units with waste, phases, dates, site, settings, diagnosis and
//! provider may each differ from the order.

use super::label::matches_code;
use super::points::{PointState, Points};
use super::questions::computed_units;
use super::{Context, Deadline, DoseAnswer};
use crate::payer::{Clock, ExpectedOutcome, Stage};
use crate::request::{Answered, Authorization, OrderedDose, Subject};
use crate::{Day, payer::Assessment};

/// How long before the last certified day the renewal begins: practice is 30 to 45 days.
const RENEWAL_LEAD_DAYS: i32 = 45;

/// The drug's authorizations that certify something.
fn certified<'a>(context: &Context<'a>) -> Vec<&'a Authorization> {
    let certifies = |given: &&Authorization| {
        given.subject == Subject::Drug
            && matches!(given.answered, Answered::Certified | Answered::CertifiedInPart | Answered::Modified)
    };
    context.request.authorizations.iter().filter(certifies).collect()
}

/// The authorization that a dose falls under: one that names its phase and its day, else the first.
fn governing<'a>(certified: &[&'a Authorization], dose: &OrderedDose) -> Option<&'a Authorization> {
    let fits = |given: &&&Authorization| {
        given.phases.as_ref().is_none_or(|phases| phases.contains(&dose.phase))
            && given.dates.is_none_or(|dates| dates.contains(dose.day))
    };
    certified.iter().find(fits).or_else(|| certified.first()).copied()
}

/// No authorization is needed, by the payer's own answer or by its rules.
fn not_required(context: &Context<'_>) -> Option<&'static str> {
    let answered = context
        .request
        .authorizations
        .iter()
        .any(|given| given.subject == Subject::Drug && given.answered == Answered::NotRequired);
    if answered {
        return Some("the payer answered that no authorization is needed");
    }
    let by_rule =
        context.answers.assessment.get().is_ok_and(|assessment| assessment.outcome == ExpectedOutcome::NotRequired);
    by_rule.then_some("this payer asks for no authorization")
}

/// Runs `compare` over the doses and what is certified for each; the same text for every checkpoint that needs an
/// authorization where there is none.
fn against_certified(context: &Context<'_>, compare: impl Fn(&mut Points, &OrderedDose, &Authorization)) -> Points {
    if let Some(why) = not_required(context) {
        return Points::not_applicable(why);
    }
    let mut points = Points::new();
    let certified = certified(context);
    for dose in &context.request.order.doses {
        match governing(&certified, dose) {
            Some(given) => compare(&mut points, dose, given),
            None => {
                points.unknown("authorization", "nothing is certified yet");
                break;
            }
        }
    }
    dedup(&mut points);
    points
}

/// Doses under one authorization say the same thing of it: say it once.
fn dedup(points: &mut Points) {
    let mut seen = Vec::new();
    points.list.retain(|point| {
        let new = !seen.contains(&point.text);
        seen.push(point.text.clone());
        new
    });
}

/// The payer's answer.
pub(super) fn answer(context: &Context<'_>) -> Points {
    let mut points = Points::new();
    if let Some(why) = not_required(context) {
        points.passed(why);
        return points;
    }
    let drug: Vec<&Authorization> =
        context.request.authorizations.iter().filter(|given| given.subject == Subject::Drug).collect();
    if drug.is_empty() {
        points.unknown("authorization", "no request has been sent, or no answer has come");
    }
    for given in drug {
        let number = given.number.as_deref().map(|number| format!(" (number {number})")).unwrap_or_default();
        match given.answered {
            Answered::Certified => points.passed(format!("certified{number}")),
            Answered::CertifiedInPart => points.condition(format!("certified in part{number}: see what")),
            Answered::Modified => points.condition(format!("certified, but changed{number}: see what")),
            Answered::NotCertified => {
                points.failed(format!("not certified{number}: appeal, or ask for a peer-to-peer talk"))
            }
            Answered::Cancelled => points.failed(format!("the certification was cancelled{number}")),
            Answered::ContactPayer => points.unknown("ask-payer", format!("the payer asks to be contacted{number}")),
            Answered::Pended => {
                points.unknown("authorization", format!("pended: the payer has not decided{number}"));
                let assessment = context.answers.assessment.get().ok();
                points.deadline = assessment.and_then(|assessment| deadline(given, assessment));
            }
            Answered::NotRequired => points.passed("the payer answered that no authorization is needed"),
        }
        if matches!(given.answered, Answered::Certified | Answered::CertifiedInPart | Answered::Modified)
            && given.number.is_none()
        {
            points.unknown("authorization", "the answer has no number");
        }
    }
    points
}

/// When the payer must have answered: the clock for a decision that fits what is asked and the request's priority. One
/// that names what is asked goes before one that is about anything.
fn deadline(given: &Authorization, assessment: &Assessment) -> Option<Deadline> {
    let received = given.received.as_ref()?;
    let priority = given.priority.as_deref().unwrap_or("standard");
    let own = match given.subject {
        Subject::Drug | Subject::Rescue => Clock::DRUG,
        Subject::Stay => Clock::SERVICE,
    };
    let decisions = assessment.terms.clocks.iter().filter(|clock| clock.act == Clock::DECISION);
    let fitting = decisions.filter(|clock| clock.priority == priority && clock.anchor == "receipt");
    let about = |subject: &str| fitting.clone().find(|clock| clock.subject == subject);
    let clock = about(own).or_else(|| about(Clock::ANY))?;
    let at = match (clock.hours, clock.calendar_days) {
        (Some(hours), _) => received.plus_hours(hours)?.to_string(),
        (None, Some(days)) => received.day()?.plus_days(i32::try_from(days).ok()?)?.to_string(),
        (None, None) => return None,
    };
    Some(Deadline { at, rule: clock.id.clone() })
}

/// Product, code and phases certified.
pub(super) fn treatment(context: &Context<'_>) -> Points {
    let order = &context.request.order;
    let planned_codes: Vec<Option<&str>> = context
        .answers
        .doses
        .iter()
        .map(|dose| dose.planned().and_then(|planned| planned.billing.as_ref()).map(|billing| billing.code.as_str()))
        .collect();
    against_certified(context, |points, dose, given| {
        match &given.product {
            None => points.unknown("authorization", "the answer does not name the product"),
            Some(product) if *product == order.product => points.passed(format!("certified for {product}")),
            Some(product) => points.failed(format!("certified for {product}; the order is for {}", order.product)),
        }
        match &given.phases {
            None => points.unknown("authorization", "the answer does not name the phases"),
            Some(phases) if phases.contains(&dose.phase) => points.passed(format!("{} is certified", dose.phase)),
            Some(phases) => points.failed(format!("{} is not certified; certified: {}", dose.phase, phases.join(", "))),
        }
        let at = order.doses.iter().position(|other| other == dose);
        let code = at.and_then(|at| planned_codes.get(at).copied().flatten());
        match (&given.code, code) {
            (None, _) => points.unknown("authorization", "the answer does not name the code"),
            (Some(given), Some(code)) if given == code => points.passed(format!("certified under {given}")),
            (Some(given), Some(code)) => {
                points.failed(format!("certified under {given}; the dose is billed under {code}"))
            }
            (Some(given), None) => {
                points.unknown("ask-pharmacist", format!("certified under {given}; the code of the dose is not known"))
            }
        }
    })
}

/// Units certified against units given and thrown away.
pub(super) fn units(context: &Context<'_>) -> Points {
    if let Some(why) = not_required(context) {
        return Points::not_applicable(why);
    }
    let mut points = Points::new();
    let certified = certified(context);
    if certified.is_empty() {
        points.unknown("authorization", "nothing is certified yet");
        return points;
    }
    for given in certified.iter().copied() {
        let mut administered: u64 = 0;
        let mut discarded: u64 = 0;
        let mut known = true;
        for (dose, answer) in context.request.order.doses.iter().zip(&context.answers.doses) {
            if governing(&certified, dose).is_some_and(|governs| std::ptr::eq(governs, given)) {
                match units_of(context, answer) {
                    Some(units) => {
                        administered += u64::from(units.administered);
                        discarded += u64::from(units.discarded);
                    }
                    None => known = false,
                }
            }
        }
        let total = administered + discarded;
        if !known {
            points.unknown("ask-pharmacist", "the units of a dose cannot be told");
        } else {
            match (given.units.map(u64::from), given.units_include_waste) {
                (None, _) => points.unknown("authorization", "the answer does not say how many units"),
                (Some(units), _) if units >= total => points.passed(format!("{units} units certified, {administered} + {discarded} discarded needed")),
                (Some(units), Some(false)) if units >= administered => {
                    points.passed(format!("{units} units certified without waste, {administered} needed"));
                }
                (Some(units), None) if units >= administered => points.unknown(
                    "authorization",
                    format!("{units} units certified cover {administered} given but not {discarded} discarded, and the answer does not say whether waste counts"),
                ),
                (Some(units), _) => points.failed(format!("{units} units certified; {administered} + {discarded} discarded = {total} needed")),
            }
        }
    }
    points
}

fn units_of(context: &Context<'_>, answer: &DoseAnswer) -> Option<crate::claim::Units> {
    let monograph = context.answers.monograph.get().ok()?;
    computed_units(answer.planned()?, monograph)?.ok()
}

/// Every day of the order within the dates certified, both ends included.
pub(super) fn dates(context: &Context<'_>) -> Points {
    against_certified(context, |points, dose, given| match given.dates {
        None => points.unknown("authorization", "the answer does not give the dates"),
        Some(dates) if dates.last.is_none() || dates.first.is_none() => {
            points.unknown("authorization", "the answer does not give both ends of the dates");
        }
        Some(dates) if dates.contains(dose.day) => {
            points.passed(format!("{} is within the dates certified", dose.day));
            let margin = dates.last.map(|last| last.days_since(dose.day));
            if let Some(margin @ 0..=6) = margin {
                points.condition(format!("only {margin} days of margin after {}", dose.day));
            }
        }
        Some(dates) => points.failed(format!(
            "{} is outside the dates certified, {} to {}",
            dose.day,
            shown(dates.first),
            shown(dates.last)
        )),
    })
}

fn shown(day: Option<Day>) -> String {
    day.map_or_else(|| "open".to_owned(), |day| day.to_string())
}

/// Site and settings certified.
pub(super) fn site(context: &Context<'_>) -> Points {
    let site = context.site;
    against_certified(context, |points, dose, given| {
        match &given.site {
            None => points.unknown("authorization", "the answer does not name the site"),
            Some(certified) if *certified == site.id || Some(certified) == site.npi.as_ref() => {
                points.passed(format!("{} is certified", site.name));
            }
            Some(_) => points.failed(format!("another site than {} is certified", site.name)),
        }
        match &given.settings {
            None => points.unknown("authorization", "the answer does not name the setting"),
            Some(settings) if settings.contains(&dose.setting) => {
                points.passed(format!("{} is certified", dose.setting))
            }
            Some(settings) => {
                points.failed(format!("{} on {}: certified only {}", dose.setting, dose.day, settings.join(", ")))
            }
        }
        match &given.diagnosis {
            None => points.unknown("authorization", "the answer does not name the diagnosis"),
            Some(_) if context.request.order.diagnosis.is_empty() => {
                points.unknown("order", "the order has no diagnosis code to compare with the one certified");
            }
            Some(codes) => {
                let ordered = &context.request.order.diagnosis;
                match ordered.iter().find(|code| codes.iter().any(|wanted| matches_code(code, wanted))) {
                    Some(code) => points.passed(format!("{code} is certified")),
                    None => points.failed("no diagnosis of the order is certified"),
                }
            }
        }
    })
}

/// The provider certified is the one ordering.
pub(super) fn providers(context: &Context<'_>) -> Points {
    let Some(prescriber) = &context.request.order.prescriber else {
        let mut points = Points::new();
        points.unknown("order", "the order does not name the prescriber");
        return points;
    };
    let mut points = against_certified(context, |points, _, given| match &given.provider {
        None => points.unknown("authorization", "the answer does not name the provider"),
        Some(provider) if provider == prescriber => points.passed("the prescriber is certified"),
        Some(_) => points.failed("another provider than the prescriber is certified"),
    });
    let network = context.request.facts.iter().rev().find_map(|fact| match &fact.value {
        crate::FactValue::Code(code) if fact.code == "provider-network" => Some(code.as_str()),
        _ => None,
    });
    match network {
        Some("participating") => points.passed("the provider takes part in the network"),
        Some(_) => points.failed("the provider does not take part in the network"),
        None => points.unknown("provider-network", "whether the provider takes part in the network is not known"),
    }
    points
}

/// When the next request must be begun.
pub(super) fn renewal(context: &Context<'_>) -> Points {
    if let Some(why) = not_required(context) {
        return Points::not_applicable(why);
    }
    let mut points = Points::new();
    let certified = certified(context);
    let Some(last) = certified.iter().filter_map(|given| given.dates.and_then(|dates| dates.last)).max() else {
        points.unknown("authorization", "the end of the authorization is not known");
        return points;
    };
    let Some(begin) = last.plus_days(-RENEWAL_LEAD_DAYS) else {
        points.unknown("authorization", "the end of the authorization cannot be counted back from");
        return points;
    };
    let text = format!("begin the next request on {begin}; the authorization ends on {last}");
    if begin <= context.request.as_of {
        points.condition(format!("{text}: now"))
    } else {
        points.passed(text)
    }
    if let Ok(assessment) = context.answers.assessment.get() {
        for duration in assessment.terms.durations.iter().filter(|duration| duration.stage == Stage::Renewal) {
            points.push(PointState::NotApplicable, format!("a renewal lasts {}", duration.span));
            points.cite(&duration.citations);
        }
    }
    points
}
