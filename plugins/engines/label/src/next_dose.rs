//! The next dose: from what was given, what may be given on the as-of day.

use std::fmt;

use paratope_sdk::criteria::Asked;
use paratope_sdk::facts::{Facts, Known};
use paratope_sdk::number::{self, Day};
use paratope_sdk::product::{
    Amount, Error, GivenDose, ManageAction, NextAction, NextDoseRequest, NextStep, ToxicityEvent,
};
use paratope_sdk::words::{Ask, Citation, Edition, FactValue, FindingStatus, Need};

use crate::course::{Ahead, Course, Given, Next};
use crate::document::{Action, Function, GapEffect, Rejoin};
use crate::dose::{self, Seat, Window};
use crate::label::{Instead, Label, Phase, Regimen, Restart, Then};
use crate::{amount, history, manage};

/// Facts about the severity of what followed the last dose, and the kind of toxicity each is about.
const SEVERITIES: &[(&str, &str)] = &[
    ("last-crs-grade", "crs"),
    ("last-icans-grade", "icans"),
    ("last-neurologic-grade", "neurologic"),
    ("last-infusion-reaction-grade", "infusion-reaction"),
];

/// Whether they have resolved.
const RESOLVED: &str = "adverse-reactions-resolved";

/// What followed the last dose.
struct Event {
    kind: &'static str,
    grade: u8,
    /// What the rows that fit or may fit do.
    rows: Vec<ManageAction>,
}

impl Event {
    /// Whether every row does this, and one does. Never so for an event of which no row speaks.
    fn all(&self, action: ManageAction) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|own| *own == action)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of grade {}", self.kind, self.grade)
    }
}

/// Tells the next dose on `as_of`.
pub(crate) fn next_dose(
    label: &Label,
    edition: &Edition,
    as_of: Day,
    request: &NextDoseRequest,
) -> Result<NextStep, Error> {
    let (_, _, regimen) = label.find(&request.indication, &request.regimen)?;
    let facts = Facts::check(&request.facts, as_of).map_err(Error::BadRequest)?;
    let given = history::check(regimen, &request.history, as_of).map_err(Error::BadRequest)?;
    let first_day = given.first().map_or(as_of, |dose| dose.day);
    let weight_day = if regimen.baseline_weight { first_day } else { as_of };
    let weight = Facts::check(&request.facts, weight_day).map_err(Error::BadRequest)?;
    let teller = Teller { label, regimen, edition, as_of, facts, weight, history: &request.history };
    if let Some(held) = teller.unresolved(&given) {
        return Ok(held);
    }
    match Course::walk(label, regimen, &given) {
        None => teller.begin(),
        Some(mut course) => {
            course.asks.extend(teller.perhaps_stops(course.last().phase));
            course.asks.extend(course.rejoining());
            teller.go_on(&course)
        }
    }
}

/// Tells one next dose.
struct Teller<'a> {
    label: &'a Label,
    regimen: &'a Regimen,
    edition: &'a Edition,
    as_of: Day,
    facts: Facts<'a>,
    weight: Facts<'a>,
    /// Doses given so far.
    history: &'a [GivenDose],
}

impl<'a> Teller<'a> {
    // ---- the three beginnings

    /// Adverse reactions that have not resolved, or are not known to have, come before any schedule.
    fn unresolved(&self, given: &[Given]) -> Option<NextStep> {
        let last = given.last()?;
        let days = Some(number::days_between(last.day, self.as_of));
        let resolved = self.flag(RESOLVED);
        if resolved == Some(false) {
            let reason = "adverse reactions of the last dose have not resolved: see what the label says of them";
            return Some(self.held("adverse-reaction", format!("{reason} (manage)"), days));
        }
        let events: Vec<Event> =
            SEVERITIES.iter().filter_map(|(fact, kind)| self.event(last.phase, fact, kind)).collect();
        if let Some(event) = events.iter().find(|event| event.all(ManageAction::Discontinue)) {
            let reason = format!("{event} after the last dose: the rows for it stop treatment for good (manage)");
            return Some(self.held("adverse-reaction", reason, days));
        }
        let event = events.iter().find(|event| resolved.is_none() && !event.all(ManageAction::ContinueTreatment))?;
        let reason = format!("{event} after the last dose: whether it has resolved is not known (manage)");
        let need = Need { fact: RESOLVED.to_owned(), reason: "treatment is withheld until it has".to_owned() };
        let step = self.held("adverse-reaction", reason, days);
        let asks = step.asks.into_iter().map(|ask| Ask { needs: vec![need.clone()], ..ask }).collect();
        Some(NextStep { asks, ..step })
    }

    /// What followed the last dose, when its grade was told and is not 0, with the rows that fit or may fit.
    fn event(&self, last: usize, fact: &str, kind: &'static str) -> Option<Event> {
        let Known::Value(FactValue::Count(grade)) = self.facts.get(fact, None) else { return None };
        let grade = u8::try_from(*grade).ok().filter(|grade| (1..=5).contains(grade))?;
        let event = ToxicityEvent {
            kind: kind.to_owned(),
            grade: Some(grade),
            occurrence: None,
            hours: None,
            phase: Some(self.name(last).to_owned()),
        };
        let rows = manage::candidates(self.label, self.regimen, Some(last), &event, &self.facts);
        Some(Event { kind, grade, rows: rows.into_iter().map(|candidate| candidate.row.action).collect() })
    }

    /// Events after the last dose for which some rows stop treatment and others do not.
    fn perhaps_stops(&self, last: usize) -> Vec<Ask> {
        SEVERITIES
            .iter()
            .filter_map(|(fact, kind)| self.event(last, fact, kind))
            .filter(|event| event.rows.contains(&ManageAction::Discontinue))
            .map(|event| Ask {
                topic: "adverse-reaction".to_owned(),
                reason: format!("{event} after the last dose: some rows for it stop treatment for good (manage)"),
                needs: vec![Need {
                    fact: "event".to_owned(),
                    reason: "whether it was the first of its grade, and how long it lasted".to_owned(),
                }],
            })
            .collect()
    }

    fn flag(&self, code: &str) -> Option<bool> {
        match self.facts.get(code, None) {
            Known::Value(FactValue::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    fn begin(&self) -> Result<NextStep, Error> {
        let Some(slot) = self.regimen.schedule.slot(0) else {
            return Err(Error::Other("the regimen has no doses".to_owned()));
        };
        let seat = Seat {
            phase: slot.phase,
            cycle: slot.cycle,
            cycle_day: slot.day,
            day: self.as_of,
            number: 1,
            window: Window::only(self.as_of),
        };
        let reason = format!("no dose was given: the regimen begins with `{}`", self.name(slot.phase));
        self.give(NextAction::Proceed, seat, None, reason, Vec::new())
    }

    fn go_on(&self, course: &Course<'_>) -> Result<NextStep, Error> {
        let last = course.last();
        let days = number::days_between(last.day, self.as_of);
        let row = course.row(days);
        let next = match self.limited(course.ahead(self.as_of)) {
            Ahead::Finished => return Ok(self.finished(course, days)),
            Ahead::Dose(next) => Ok(next),
            Ahead::Unknown(ask) => Err(ask),
        };
        match (row.filter(|row| row.action != Action::Proceed), next) {
            (Some(row), _) => self.back(course, row, days),
            (None, Err(ask)) => Ok(self.ask(ask, days, course)),
            (None, Ok(next)) => self.forward(course, next, row, days),
        }
    }

    // ---- forward

    fn forward(&self, course: &Course<'_>, next: Next, row: Option<&Restart>, days: i64) -> Result<NextStep, Error> {
        let last = course.last();
        let (next, option) = match self.stand_in(course, next) {
            Ok(found) => found,
            Err(ask) => return Ok(self.ask(ask, days, course)),
        };
        let window = Window::after(self.label, self.regimen, last.phase, &next, last.day);
        let since = format!("{days} days after `{}`", self.name(last.phase));
        if self.as_of < window.earliest {
            let reason = format!("{since}: `{}` is not due before {}", self.name(next.phase), window.earliest);
            return Ok(NextStep {
                due: Some(window.earliest.to_string()),
                ..self.step(NextAction::Wait, reason, Some(days), self.citations(next.phase))
            });
        }
        let mut asks = course.asks.clone();
        if let Some((_, reason)) = &window.outer
            && self.as_of > window.latest
        {
            asks.extend(self.late(days, reason.as_deref()));
        }
        let outer = window.outer.as_ref().map_or(window.latest, |(day, _)| *day);
        let Some(row) = row else {
            if self.as_of > outer {
                return Ok(self.ask(self.no_row(last.phase, days), days, course));
            }
            let reason = format!("{since}, within the days the label allows: `{}`", self.name(next.phase));
            let seat = self.seat(course, next, window);
            return self.give(NextAction::Proceed, seat, Some(days), reason + &option, asks);
        };
        let reason = format!("{since}: the label proceeds ({}) with `{}`", row.words(), self.name(next.phase));
        let seat = self.seat(course, next, window);
        let step = self.give(NextAction::Proceed, seat, Some(days), reason + &option, asks)?;
        Ok(self.with_row(step, row, days))
    }

    /// The phase that stands in for the next one, when its condition holds; otherwise the next, and what may be
    /// given instead, in words.
    fn stand_in(&self, course: &Course<'_>, next: Next) -> Result<(Next, String), Ask> {
        let mut option = String::new();
        for (at, phase) in self.regimen.phases.iter().enumerate() {
            let Some(instead) = phase.instead.as_ref().filter(|instead| instead.of == next.phase) else { continue };
            if !self.is_time(course, instead) {
                continue;
            }
            match (instead.when.judge(&self.facts), instead.optional) {
                ((FindingStatus::Met, _), false) => {
                    return Ok((Next { phase: at, at: None, ..next }, option));
                }
                ((FindingStatus::Met, _), true) => {
                    option = format!(
                        "; option: `{}`, every {} days, since {}",
                        phase.id(),
                        instead.every,
                        instead.when.text
                    );
                }
                ((FindingStatus::Unknown, needs), false) => {
                    let reason = format!("`{}` is given if {}: that is not known", phase.id(), instead.when.text);
                    return Err(Ask { topic: "schedule".to_owned(), reason, needs });
                }
                _ => {}
            }
        }
        Ok((next, option))
    }

    fn is_time(&self, course: &Course<'_>, instead: &Instead) -> bool {
        let day = course.day_of_plan(self.as_of).map(i64::from);
        let late_enough = instead.from_day.is_none_or(|from| day.is_some_and(|day| day >= from));
        let long_enough = instead.after.as_ref().is_none_or(|after| {
            let (count, first) = course.spent(&after.phases);
            let days = first.map(|first| number::days_between(first, self.as_of));
            after.doses.is_none_or(|doses| count >= doses)
                && after.days.is_none_or(|wanted| days.is_some_and(|days| days >= wanted))
        });
        late_enough && long_enough
    }

    /// The limit of cycles, which may depend on facts.
    fn limited(&self, ahead: Ahead) -> Ahead {
        let Ahead::Dose(next) = &ahead else { return ahead };
        let cycle = next.at.and_then(|at| self.regimen.schedule.slot(at)).and_then(|slot| slot.cycle);
        let Some(cycle) = cycle.filter(|_| !self.regimen.limits.is_empty()) else { return ahead };
        let mut open = Vec::new();
        for limit in self.regimen.limits.iter().filter(|limit| cycle <= limit.cycles) {
            match limit.when.as_ref().map(|when| when.judge(&self.facts)) {
                None | Some((FindingStatus::Met, _)) => return ahead,
                Some((FindingStatus::Unknown, needs)) => open.extend(needs),
                Some(_) => {}
            }
        }
        if open.is_empty() {
            return Ahead::Finished;
        }
        let reason = format!("whether cycle {cycle} is given is not known");
        Ahead::Unknown(Ask { topic: "cycles".to_owned(), reason, needs: open })
    }

    fn finished(&self, course: &Course<'_>, days: i64) -> NextStep {
        let last = course.last();
        let reason = format!("`{}` was the last dose: {}", self.name(last.phase), self.regimen.shown.until);
        let citations = self.regimen.shown.citations.clone();
        NextStep { asks: course.asks.clone(), ..self.step(NextAction::Finished, reason, Some(days), citations) }
    }

    // ---- back

    fn back(&self, course: &Course<'_>, row: &Restart, days: i64) -> Result<NextStep, Error> {
        let Some(phase) = row.phase else { return Err(Error::Other("a restart without a phase".to_owned())) };
        let slot = self.regimen.schedule.first_of(phase).and_then(|at| self.regimen.schedule.slot(at));
        let seat = Seat {
            phase,
            cycle: slot.and_then(|slot| slot.cycle),
            cycle_day: slot.map_or(1, |slot| slot.day),
            day: self.as_of,
            number: self.next_number(),
            window: Window::only(self.as_of),
        };
        let (action, verb) = match row.action {
            Action::Repeat => (NextAction::Repeat, "repeats"),
            _ => (NextAction::Restart, "goes back to"),
        };
        let reason = format!(
            "{days} days after `{}`: the label {verb} `{}` ({})",
            self.name(course.last().phase),
            self.name(phase),
            row.words()
        );
        let step = self.give(action, seat, Some(days), reason, course.asks.clone())?;
        let step = self.with_row(step, row, days);
        let (then, settled) = self.after_restart(course, phase);
        let mut asks = step.asks;
        let phase = self.regimen.phases.get(course.last().phase);
        if (row.rejoin == Rejoin::Unknown || !settled)
            && let Some(gap) = phase.and_then(|phase| self.label.gap(phase, GapEffect::Rejoin))
        {
            dose::add(&mut asks, [gap.ask.clone()]);
        }
        Ok(NextStep { then, asks, ..step })
    }

    /// The phases after a restart at `phase`, the first that the schedule goes on with among them, and whether the
    /// label says how it goes on. Found by walking on.
    fn after_restart(&self, course: &Course<'_>, phase: usize) -> (Vec<String>, bool) {
        let mut given = course.given().to_vec();
        let mut day = self.as_of;
        given.push(Given { phase, day, cycle: None, cycle_day: None });
        let first = given.len();
        let Some(back) = Course::walk(self.label, self.regimen, &given) else { return (Vec::new(), true) };
        let (coming, settled) = back.restarting();
        let coming = coming.to_vec();
        for Then { phase, days } in coming {
            day = number::plus(day, days.unwrap_or(7));
            given.push(Given { phase, day, cycle: None, cycle_day: None });
        }
        let ahead = Course::walk(self.label, self.regimen, &given).map(|course| course.ahead(day));
        let goes_on = match ahead {
            Some(Ahead::Dose(next)) => Some(next.phase),
            _ => None,
        };
        let phases = given.iter().skip(first).map(|dose| dose.phase).chain(goes_on);
        (phases.map(|phase| self.name(phase).to_owned()).collect(), settled)
    }

    // ---- answers

    fn with_row(&self, step: NextStep, row: &Restart, days: i64) -> NextStep {
        if step.action == NextAction::AskPharmacist {
            return step;
        }
        let mut asks = step.asks;
        let mut benefit_risk = row.benefit_risk;
        if let Some((after, when)) = &row.benefit_risk_when
            && days > *after
        {
            let (status, needs) = when.status(&self.facts, &Asked::new());
            benefit_risk |= matches!(status, FindingStatus::Met | FindingStatus::Unknown);
            if status == FindingStatus::Unknown {
                let reason = "benefit and risk are weighed first if an adverse reaction caused the delay".to_owned();
                asks.push(Ask { topic: "benefit-risk".to_owned(), reason, needs });
            }
        }
        if let Some(note) = &row.note {
            asks.push(Ask { topic: "unverified".to_owned(), reason: note.clone(), needs: Vec::new() });
        }
        let mut citations = row.citations.clone();
        citations.extend(step.citations);
        NextStep { benefit_risk, asks, citations, ..step }
    }

    fn give(
        &self,
        action: NextAction,
        seat: Seat,
        days: Option<i64>,
        reason: String,
        mut asks: Vec<Ask>,
    ) -> Result<NextStep, Error> {
        if let Some(held) = self.withheld(seat.phase, days) {
            return Ok(held);
        }
        let due = seat.window.earliest;
        let found = dose::planned(self.label, self.regimen, seat, &self.weight, Some(&self.facts), Function::NextDose);
        let Some((mut dose, open)) = found else { return Err(Error::Other("the phase is not known".to_owned())) };
        dose::add(&mut asks, open);
        if let Some(ask) = self.reduced() {
            dose.amount = Amount::Unknown(ask.needs.clone());
            dose.vials.clear();
            dose.billing = None;
            dose::add(&mut asks, [ask]);
        }
        let citations = dose.citations.clone();
        let step = self.step(action, reason, days, citations);
        Ok(NextStep { dose: Some(dose), due: Some(due.to_string()), asks, ..step })
    }

    /// The last dose was less than the label plans for its phase. Whether that stands is for a person to say.
    fn reduced(&self) -> Option<Ask> {
        let last = self.history.last()?;
        let told = last.amount.as_ref()?;
        let phase = self.regimen.phases.get(self.regimen.phase(&last.phase)?)?;
        let then = Facts::check(self.facts.all(), number::day(&last.day).ok()?).ok()?;
        let (planned, unit) =
            [&then, &self.weight].into_iter().find_map(|facts| amount::measure(self.label, phase, facts).value)?;
        if number::exact(told.value).ok()? >= planned {
            return None;
        }
        let reason = format!(
            "the last `{}` was less than the {planned} {unit} of the label: whether the reduction stands is not known",
            last.phase
        );
        let need = Need { fact: "prescriber".to_owned(), reason: reason.clone() };
        Some(Ask { topic: "amount".to_owned(), reason, needs: vec![need] })
    }

    /// A requirement that withholds the dose and is known not to be met.
    fn withheld(&self, phase: usize, days: Option<i64>) -> Option<NextStep> {
        let of = self.regimen.phases.get(phase)?;
        let asked = Asked::new().code("request.regimen", self.regimen.id()).code("request.phase", of.id());
        let rows = of.requirements.iter().filter_map(|at| self.label.requirements.get(*at));
        for row in rows.filter(|row| row.withholds) {
            let findings = row.rule.judge(&self.facts, &asked);
            let Some(finding) = findings.into_iter().next().filter(|one| one.status == FindingStatus::Unmet) else {
                continue;
            };
            let reason = format!(
                "the label withholds `{}`: {} ({}); see what it says of the event (manage)",
                of.id(),
                finding.statement,
                finding.reason
            );
            let held = self.held(&finding.id, reason, days);
            return Some(NextStep { citations: finding.citations, ..held });
        }
        None
    }

    fn held(&self, topic: &str, reason: String, days: Option<i64>) -> NextStep {
        let ask = Ask { topic: topic.to_owned(), reason: reason.clone(), needs: Vec::new() };
        NextStep { asks: vec![ask], ..self.step(NextAction::AskPharmacist, reason, days, Vec::new()) }
    }

    fn ask(&self, ask: Ask, days: i64, course: &Course<'_>) -> NextStep {
        let citations = self.citations(course.last().phase);
        let step = self.step(NextAction::AskPharmacist, ask.reason.clone(), Some(days), citations);
        let mut asks = vec![ask];
        dose::add(&mut asks, course.asks.clone());
        NextStep { asks, ..step }
    }

    fn no_row(&self, last: usize, days: i64) -> Ask {
        let since = format!("{days} days after `{}`", self.name(last));
        let gap = self.regimen.phases.get(last).and_then(|phase| self.label.gap(phase, GapEffect::Restart));
        match gap {
            Some(gap) => Ask { reason: format!("{since}: {}", gap.ask.reason), ..gap.ask.clone() },
            None => Ask {
                topic: "restart".to_owned(),
                reason: format!("{since}: no row of the label covers this delay"),
                needs: vec![Need { fact: "pharmacist".to_owned(), reason: "read the label's table".to_owned() }],
            },
        }
    }

    /// Later than usual, which the label allows for a reason.
    fn late(&self, days: i64, reason: Option<&str>) -> Option<Ask> {
        let because = self.flag("delay-from-adverse-reaction");
        if because == Some(true) {
            return None;
        }
        let reason = format!("{days} days is later than usual; the label allows it {}", reason.unwrap_or_default());
        let need =
            Need { fact: "delay-from-adverse-reaction".to_owned(), reason: "the reason for the delay".to_owned() };
        let needs = if because.is_none() { vec![need] } else { Vec::new() };
        Some(Ask { topic: "interval".to_owned(), reason, needs })
    }

    fn seat(&self, course: &Course<'_>, next: Next, window: Window) -> Seat {
        let slot = next.at.and_then(|at| self.regimen.schedule.slot(at));
        let cycle = slot.and_then(|slot| slot.cycle);
        let early = self.regimen.phases.get(next.phase).is_some_and(Phase::is_early);
        let nominal = slot.map(|slot| slot.day).filter(|_| cycle.is_some() || early);
        Seat {
            phase: next.phase,
            cycle,
            cycle_day: nominal.or_else(|| course.day_of_plan(self.as_of)).unwrap_or(1),
            day: self.as_of,
            number: self.next_number(),
            window,
        }
    }

    fn next_number(&self) -> u32 {
        u32::try_from(self.history.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn step(&self, action: NextAction, reason: String, days: Option<i64>, citations: Vec<Citation>) -> NextStep {
        NextStep {
            edition: self.edition.clone(),
            action,
            dose: None,
            due: None,
            then: Vec::new(),
            days_since_last: days.and_then(|days| u32::try_from(days).ok()),
            benefit_risk: false,
            reason,
            asks: Vec::new(),
            citations,
        }
    }

    fn citations(&self, phase: usize) -> Vec<Citation> {
        self.regimen.phases.get(phase).map(|phase| phase.shown.citations.clone()).unwrap_or_default()
    }

    fn name(&self, phase: usize) -> &'a str {
        self.regimen.phases.get(phase).map_or("", Phase::id)
    }
}
