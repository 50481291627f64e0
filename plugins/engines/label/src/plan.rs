//! Planning a course, dose by dose.

use paratope_sdk::facts::Facts;
use paratope_sdk::number::{self, Day};
use paratope_sdk::product::{Error, PlanRequest, TreatmentPlan};
use paratope_sdk::words::{Edition, Statement};

use crate::course::Next;
use crate::document::Function;
use crate::dose::{self, Seat, Window};
use crate::label::{Label, Phase, Regimen};
use crate::schedule::Slot;

/// Most doses one plan may have.
const MOST: u32 = 200;

/// Plans the course that begins on `start`.
pub(crate) fn plan(
    label: &Label,
    edition: &Edition,
    start: Day,
    request: &PlanRequest,
) -> Result<TreatmentPlan, Error> {
    if !(1..=MOST).contains(&request.doses) {
        return Err(Error::BadRequest(format!("doses: {} is outside 1 to {MOST}", request.doses)));
    }
    let (_, _, regimen) = label.find(&request.indication, &request.regimen)?;
    let facts = Facts::check(&request.facts, start).map_err(Error::BadRequest)?;
    let mut doses = Vec::new();
    let mut asks = Vec::new();
    let mut used = Vec::new();
    let mut before: Option<Slot> = None;
    let wanted = usize::try_from(request.doses).unwrap_or(usize::MAX);
    for (slot, number) in slots(regimen).take(wanted).zip(1..) {
        let day = number::plus(start, slot.offset);
        let window = match before {
            None => Window::only(day),
            Some(before) => {
                let next = Next { phase: slot.phase, at: None, gap: slot.offset - before.offset, own_gap: false };
                Window::after(label, regimen, before.phase, &next, number::plus(start, before.offset))
            }
        };
        let seat = Seat { phase: slot.phase, cycle: slot.cycle, cycle_day: slot.day, day, number, window };
        if let Some((dose, open)) = dose::planned(label, regimen, seat, &facts, None, Function::Plan) {
            doses.push(dose);
            dose::add(&mut asks, open);
        }
        if !used.contains(&slot.phase) {
            used.push(slot.phase);
        }
        before = Some(slot);
    }
    let mut options = changes(regimen);
    for phase in used.iter().filter_map(|at| regimen.phases.get(*at)) {
        for option in dose::conditional(label, phase) {
            if !options.contains(&option) {
                options.push(option);
            }
        }
    }
    Ok(TreatmentPlan {
        edition: edition.clone(),
        regimen: regimen.id().to_owned(),
        doses,
        until: regimen.shown.until.clone(),
        options,
        asks,
    })
}

/// The planned doses, up to the cycles that need no condition.
fn slots(regimen: &Regimen) -> impl Iterator<Item = Slot> {
    let most = regimen.limits.iter().filter(|limit| limit.when.is_none()).map(|limit| limit.cycles).max();
    (0..)
        .map_while(|at| regimen.schedule.slot(at))
        .take_while(move |slot| most.is_none_or(|most| slot.cycle.is_none_or(|cycle| cycle <= most)))
}

/// Changes of the schedule that depend on a condition.
fn changes(regimen: &Regimen) -> Vec<Statement> {
    let stand_ins = regimen.phases.iter().filter_map(|phase: &Phase| {
        let instead = phase.instead.as_ref()?;
        let of = regimen.phases.get(instead.of).map_or("", Phase::id);
        let may = if instead.optional { "may be given" } else { "is given" };
        let text = format!("`{}` {may} instead of `{of}` if {}", phase.id(), instead.when.text);
        Some(Statement { code: phase.id().to_owned(), text, citations: phase.shown.citations.clone() })
    });
    let limits = regimen.limits.iter().filter_map(|limit| {
        let when = limit.when.as_ref()?;
        Some(Statement {
            code: "cycle-limit".to_owned(),
            text: format!("up to {} cycles if {}", limit.cycles, when.text),
            citations: regimen.shown.citations.clone(),
        })
    });
    stand_ins.chain(limits).collect()
}
