//! What was given, as a request tells it: checked before anything is answered.

use paratope_sdk::number::{self, Day, Exact};
use paratope_sdk::product::GivenDose;

use crate::course::Given;
use crate::label::{AmountRule, Regimen};

/// The doses of a request, checked against the regimen.
///
/// # Errors
/// Which dose cannot be, and why.
pub(crate) fn check(regimen: &Regimen, doses: &[GivenDose], as_of: Day) -> Result<Vec<Given>, String> {
    let mut given: Vec<Given> = Vec::new();
    for (at, dose) in doses.iter().enumerate() {
        let day = number::day(&dose.day).map_err(|why| format!("history[{at}].day: {why}"))?;
        if day > as_of {
            return Err(format!("history[{at}].day: {day} is after as-of {as_of}"));
        }
        if let Some(before) = given.last()
            && day <= before.day
        {
            return Err(format!(
                "history[{at}].day: {day} is not after {}; doses are told oldest first, one a day",
                before.day
            ));
        }
        let Some(phase) = regimen.phase(&dose.phase) else {
            return Err(format!(
                "history[{at}].phase: `{}` is not a phase of `{}`; accepted: {}",
                dose.phase,
                regimen.id(),
                regimen.accepted_phases()
            ));
        };
        cycle(regimen, phase, dose).map_err(|why| format!("history[{at}].{why}"))?;
        amount(regimen, phase, dose).map_err(|why| format!("history[{at}].amount: {why}"))?;
        given.push(Given { phase, day, cycle: dose.cycle, cycle_day: dose.cycle_day });
    }
    Ok(given)
}

fn cycle(regimen: &Regimen, phase: usize, dose: &GivenDose) -> Result<(), String> {
    let length = regimen.shown.cycle_days;
    if let Some(day) = dose.cycle_day
        && (day == 0 || length.is_some_and(|length| dose.cycle.is_some() && day > length))
    {
        return Err(format!("cycle-day: {day} is not a day of the cycle"));
    }
    let Some(cycle) = dose.cycle else { return Ok(()) };
    if length.is_none() {
        return Err(format!("cycle: `{}` has no cycles", regimen.id()));
    }
    if !(1..=500).contains(&cycle) {
        return Err(format!("cycle: {cycle} is outside 1 to 500"));
    }
    // A phase of one dose may be given again in a later cycle, after a delay.
    let single = regimen.schedule.count(phase) == Some(1);
    if !single && regimen.schedule.in_cycle(phase, cycle, None).is_none() {
        return Err(format!("cycle: `{}` is not given in cycle {cycle}", dose.phase));
    }
    Ok(())
}

/// Refuses what nobody was given.
fn amount(regimen: &Regimen, phase: usize, dose: &GivenDose) -> Result<(), String> {
    let Some(told) = &dose.amount else { return Ok(()) };
    let value = number::exact(told.value)?;
    if value <= Exact::ZERO {
        return Err(format!("{value} {} is not an amount that can be given", told.unit));
    }
    let Some(phase) = regimen.phases.get(phase) else { return Ok(()) };
    let Some(unit) = phase.amounts.first().map(|amount| &amount.unit) else { return Ok(()) };
    if told.unit != *unit {
        return Err(format!("unit `{}`; it is told in `{unit}`", told.unit));
    }
    let heaviest = Exact::from(500);
    let most = phase.amounts.iter().map(|amount| match &amount.rule {
        AmountRule::Fixed(fixed) => *fixed,
        AmountRule::PerKg(per_kg) => *per_kg * heaviest,
        AmountRule::PerM2(per_m2) => *per_m2 * Exact::from(4),
        AmountRule::Banded { bands, .. } => bands.iter().map(|band| band.give).max().unwrap_or(Exact::MAX),
    });
    let most = most.max().and_then(|most| most.checked_mul(Exact::TEN)).unwrap_or(Exact::MAX);
    if value > most {
        return Err(format!("{value} {unit} is more than ten times any `{}`", phase.id()));
    }
    Ok(())
}
