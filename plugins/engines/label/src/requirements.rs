//! What must be true before a dose.

use paratope_sdk::criteria::Asked;
use paratope_sdk::facts::Facts;
use paratope_sdk::number::Day;
use paratope_sdk::product::{DoseRequirements, Error, RemsStatus, Requirement, RequirementsRequest};
use paratope_sdk::words::{Ask, Edition, Finding, FindingStatus};

use crate::document::{Function, GapEffect};
use crate::dose;
use crate::label::{Label, Rems};

/// Judges what must be true before a dose of `phase`: who may be treated first, then the rows of the phase in the
/// order of the document.
pub(crate) fn requirements(
    label: &Label,
    edition: &Edition,
    as_of: Day,
    request: &RequirementsRequest,
) -> Result<DoseRequirements, Error> {
    let (indication, _, regimen) = label.find(&request.indication, &request.regimen)?;
    let phase = regimen.phase(&request.phase).and_then(|at| regimen.phases.get(at)).ok_or_else(|| {
        Error::OutsideLabel(format!(
            "phase: `{}` is not a phase of `{}`; accepted: {}",
            request.phase,
            regimen.id(),
            regimen.accepted_phases()
        ))
    })?;
    let facts = Facts::check(&request.facts, as_of).map_err(Error::BadRequest)?;
    let asked = Asked::new()
        .code("request.product", &label.product)
        .code("request.indication", &request.indication)
        .code("request.regimen", regimen.id())
        .code("request.phase", phase.id())
        .day("request.service-day", as_of);
    let mut requirements = Vec::new();
    let mut asks = Vec::new();
    for rule in &indication.criteria {
        let findings = rule.judge(&facts, &asked);
        requirements.extend(findings.into_iter().map(|finding| owned(finding, "prescriber")));
    }
    for row in phase.requirements.iter().filter_map(|at| label.requirements.get(*at)) {
        let mut findings = row.rule.judge(&facts, &asked);
        if let Some(rems) = row.rems.and_then(|at| label.rems.get(at)) {
            bound(rems, as_of, &mut findings, &mut asks);
        }
        requirements.extend(findings.into_iter().map(|finding| owned(finding, &row.owner)));
    }
    for gap in phase.gaps.iter().filter_map(|at| label.gaps.get(*at)) {
        if gap.functions.contains(&Function::Requirements) || gap.effect == Some(GapEffect::Amount) {
            dose::add(&mut asks, [gap.ask.clone()]);
        }
    }
    Ok(DoseRequirements { edition: edition.clone(), requirements, asks })
}

fn owned(finding: Finding, owner: &str) -> Requirement {
    Requirement { finding, owner: owner.to_owned() }
}

/// What a programme asks applies while the programme binds. Where its status is not known, it is asked all the same.
fn bound(rems: &Rems, as_of: Day, findings: &mut [Finding], asks: &mut Vec<Ask>) {
    match rems.status(as_of) {
        RemsStatus::InForce => {}
        RemsStatus::Unknown => {
            let until = rems.confirmed_until.map(|day| day.to_string()).unwrap_or_default();
            let reason = format!(
                "{}: no source later than {until} says whether it still binds; it is treated as binding",
                rems.shown.name
            );
            dose::add(asks, [Ask { topic: "rems".to_owned(), reason, needs: Vec::new() }]);
        }
        RemsStatus::Ended | RemsStatus::None => {
            for finding in findings {
                finding.status = FindingStatus::NotApplicable;
                finding.reason = format!("{} does not bind on {as_of}", rems.shown.name);
                finding.needs = Vec::new();
            }
        }
    }
}
