//! One planned dose, complete: amount, vials, billing, watching, drugs around it and tasks.

use paratope_sdk::facts::Facts;
use paratope_sdk::number::{self, Day};
use paratope_sdk::product::{DoseWindow, Medication, Monitoring, PlannedDose};
use paratope_sdk::words::{Ask, FindingStatus, Need, Statement};

use crate::amount;
use crate::course::Next;
use crate::document::{Function, GapEffect};
use crate::label::{Condition, Cycles, Label, Phase, Regimen};

/// Where a dose stands, before anything else is known of it.
pub(crate) struct Seat {
    pub(crate) phase: usize,
    pub(crate) cycle: Option<u32>,
    /// Day of the cycle, or of the plan.
    pub(crate) cycle_day: u32,
    pub(crate) day: Day,
    /// 1 for the first dose.
    pub(crate) number: u32,
    pub(crate) window: Window,
}

/// Days on which a dose may be given.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    pub(crate) earliest: Day,
    pub(crate) latest: Day,
    pub(crate) outer: Option<(Day, Option<String>)>,
}

impl Window {
    /// One day only.
    pub(crate) fn only(day: Day) -> Self {
        Self { earliest: day, latest: day, outer: None }
    }

    /// The days for the next dose of the schedule, counted from the dose before it. Where the label gives no
    /// minimum, the planned day is the first; where it gives no maximum, the last day that still lets one proceed is
    /// the last.
    pub(crate) fn after(label: &Label, regimen: &Regimen, before: usize, next: &Next, from: Day) -> Self {
        let planned = number::plus(from, next.gap);
        let Some(phase) = regimen.phases.get(next.phase) else { return Self::only(planned) };
        if next.own_gap || label.gap(phase, GapEffect::Window).is_some() {
            return Self::only(planned);
        }
        let window = &phase.window;
        let proceeds = regimen.phases.get(before).and_then(|phase| {
            let row = phase.restart.iter().find(|row| row.covers(next.gap))?;
            if row.phase.is_none() { row.to } else { None }
        });
        let latest = window.usual_max.or(window.max).or(proceeds).unwrap_or(next.gap).max(next.gap);
        let outer = window.max.filter(|max| *max > latest);
        Self {
            earliest: number::plus(from, window.min.unwrap_or(next.gap)),
            latest: number::plus(from, latest),
            outer: outer.map(|max| (number::plus(from, max), window.reason.clone())),
        }
    }
}

/// The dose, and what is open about it.
///
/// Rows with a condition are judged when `conditions` are the facts of the day of the dose. In a plan they are not
/// known yet: the plan names them once, among its options.
pub(crate) fn planned(
    label: &Label,
    regimen: &Regimen,
    seat: Seat,
    weight: &Facts<'_>,
    conditions: Option<&Facts<'_>>,
    function: Function,
) -> Option<(PlannedDose, Vec<Ask>)> {
    let phase = regimen.phases.get(seat.phase)?;
    let mut asks = Vec::new();
    let measured = amount::measure(label, phase, weight);
    asks.extend(measured.ask.clone());
    let billed = amount::bill(label, phase, measured.value, seat.day);
    asks.extend(billed.ask);
    let holds = |cycles: Option<Cycles>| match (cycles, seat.cycle) {
        (None, _) => true,
        (Some(cycles), Some(cycle)) => cycles.contains(cycle),
        (Some(_), None) => false,
    };
    for gap in phase.gaps.iter().filter_map(|at| label.gaps.get(*at)).filter(|gap| holds(gap.cycles)) {
        if gap.functions.contains(&function) || gap.effect == Some(GapEffect::Window) {
            asks.push(gap.ask.clone());
        }
    }
    let mut monitoring = Vec::new();
    for row in phase.monitoring.iter().filter_map(|at| label.monitoring.get(*at)).filter(|row| holds(row.cycles)) {
        match judged(row.when.as_ref(), conditions) {
            Judged::Holds => monitoring.push(row.shown.clone()),
            Judged::Not => {}
            Judged::Open(needs) => asks.push(open("monitoring", row.when.as_ref(), &row.shown.text, needs)),
        }
    }
    let mut medications = Vec::new();
    for row in phase.medications.iter().filter_map(|at| label.medications.get(*at)).filter(|row| holds(row.cycles)) {
        match judged(row.when.as_ref(), conditions) {
            Judged::Holds => medications.push(row.shown.clone()),
            Judged::Not => {}
            Judged::Open(needs) => asks.push(open("premedication", row.when.as_ref(), &row.shown.drug, needs)),
        }
    }
    let mut citations = phase.shown.citations.clone();
    citations.extend(measured.citations.iter().cloned());
    let (mut infusion_hours_min, mut infusion_hours_max) = (None, None);
    for row in phase.infusions.iter().filter_map(|at| label.infusions.get(*at)).filter(|row| holds(row.cycles)) {
        match judged(row.when.as_ref(), conditions) {
            Judged::Holds => {
                infusion_hours_min = row.min.and_then(number::decimal);
                infusion_hours_max = row.max.and_then(number::decimal);
                citations.extend(row.citations.iter().cloned());
                break;
            }
            Judged::Not => {}
            Judged::Open(needs) => {
                asks.push(open("infusion", row.when.as_ref(), &row.words(), needs));
            }
        }
    }
    let tasks = phase
        .tasks
        .iter()
        .filter_map(|at| label.tasks.get(*at))
        .filter(|row| holds(row.cycles))
        .map(|row| row.shown.clone())
        .collect();
    let dose = PlannedDose {
        number: seat.number,
        drug: phase.drug.clone().unwrap_or_else(|| label.product.clone()),
        phase: phase.id().to_owned(),
        kind: phase.shown.kind,
        cycle: seat.cycle,
        cycle_day: seat.cycle_day,
        day: seat.day.to_string(),
        window: seat.window.told(),
        amount: measured.told,
        amount_basis: measured.basis,
        route: label.route.clone(),
        infusion_hours_min,
        infusion_hours_max,
        monitoring,
        medications,
        tasks,
        vials: billed.vials,
        billing: billed.billing,
        citations,
    };
    Some((dose, asks))
}

impl Window {
    fn told(self) -> DoseWindow {
        let (outer_latest, outer_reason) = match self.outer {
            Some((day, reason)) => (Some(day.to_string()), reason),
            None => (None, None),
        };
        DoseWindow { earliest: self.earliest.to_string(), latest: self.latest.to_string(), outer_latest, outer_reason }
    }
}

/// What a phase's conditional rows may change later, for a plan's options.
pub(crate) fn conditional(label: &Label, phase: &Phase) -> Vec<Statement> {
    let sentence = |code: &str, when: &Condition, what: &str, citations: &[paratope_sdk::words::Citation]| Statement {
        code: code.to_owned(),
        text: format!("if {}: {what}", when.text),
        citations: citations.to_vec(),
    };
    let monitoring = phase.monitoring.iter().filter_map(|at| label.monitoring.get(*at)).filter_map(|row| {
        let Monitoring { text, citations, .. } = &row.shown;
        Some(sentence("monitoring", row.when.as_ref()?, text, citations))
    });
    let medications = phase.medications.iter().filter_map(|at| label.medications.get(*at)).filter_map(|row| {
        let Medication { drug, text, citations, .. } = &row.shown;
        Some(sentence("premedication", row.when.as_ref()?, &format!("{drug}, {text}"), citations))
    });
    let infusions = phase
        .infusions
        .iter()
        .filter_map(|at| label.infusions.get(*at))
        .filter_map(|row| Some(sentence("infusion", row.when.as_ref()?, &row.words(), &row.citations)));
    monitoring.chain(medications).chain(infusions).collect()
}

/// Whether a row holds.
enum Judged {
    Holds,
    Not,
    Open(Vec<Need>),
}

fn judged(when: Option<&Condition>, conditions: Option<&Facts<'_>>) -> Judged {
    match (when, conditions) {
        (None, _) => Judged::Holds,
        (Some(_), None) => Judged::Not,
        (Some(when), Some(facts)) => match when.judge(facts) {
            (FindingStatus::Met, _) => Judged::Holds,
            (FindingStatus::Unknown, needs) => Judged::Open(needs),
            _ => Judged::Not,
        },
    }
}

fn open(topic: &str, when: Option<&Condition>, what: &str, needs: Vec<Need>) -> Ask {
    let when = when.map_or("", |when| when.text.as_str());
    Ask { topic: topic.to_owned(), reason: format!("{what}, if {when}: that is not known"), needs }
}

/// Adds questions that are not asked yet.
pub(crate) fn add(asks: &mut Vec<Ask>, new: impl IntoIterator<Item = Ask>) {
    for ask in new {
        if !asks.contains(&ask) {
            asks.push(ask);
        }
    }
}
