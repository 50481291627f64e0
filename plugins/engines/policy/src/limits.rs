//! Quantity limits: the most that any window of the request holds, against what the policy allows.
//!
//! Where part of a count is missing, the rest still counts: it may already be too much, but never little enough.

use std::collections::BTreeSet;

use paratope_sdk::facts::{Facts, Known};
use paratope_sdk::number::{self, Exact};
use paratope_sdk::payer::{Limit, Measure, Window};
use paratope_sdk::words::{FactValue, Finding, FindingStatus, Need, PhaseKind};

use crate::document::Excess;
use crate::policy::{LimitRule, applies};
use crate::request::{Case, Doses, Line};

impl LimitRule {
    /// Judges the doses of a request.
    pub fn judge(&self, case: &Case<'_>, doses: &Doses<'_>) -> Limit {
        let judged = match applies(self.when.as_ref(), &case.facts, &case.asked) {
            (FindingStatus::Unmet, _) => Judged::plain(FindingStatus::NotApplicable, "the limit does not apply"),
            (FindingStatus::Unknown, needs) => {
                Judged { needs, ..Judged::plain(FindingStatus::Unknown, "whether the limit applies is not known") }
            }
            _ => self.count(case, doses),
        };
        Limit {
            finding: Finding {
                id: self.id.clone(),
                within: None,
                kind: "quantity".to_owned(),
                status: judged.status,
                statement: self.text.clone(),
                reason: judged.reason,
                needs: judged.needs,
                evidence: vec!["request.lines".to_owned()],
                citations: self.citations.clone(),
            },
            measure: self.measure,
            counts: self.counts.clone(),
            amount: number::quantity(self.amount, "").value,
            window: self.window,
            phases: self.phases.clone(),
            first_cycle: self.from_cycle,
            last_cycle: self.to_cycle,
            includes_waste: self.includes_waste,
            requested: judged.requested.and_then(number::decimal),
        }
    }

    fn count(&self, case: &Case<'_>, doses: &Doses<'_>) -> Judged {
        let lines = &doses.lines;
        if lines.is_empty() {
            let need = need("request.lines", "the request lists no doses to count");
            return Judged { needs: vec![need], ..Judged::plain(FindingStatus::Unknown, "no doses are listed") };
        }
        if !lines.iter().any(|line| self.holds(line) != Some(false)) {
            return Judged::plain(FindingStatus::NotApplicable, "no dose of the request falls under it");
        }
        // The policy may not say whether discarded units count: then both readings must agree.
        let readings: &[bool] = match (self.measure, self.includes_waste) {
            (Measure::HcpcsUnits, None) => &[false, true],
            (_, Some(true)) => &[true],
            _ => &[false],
        };
        let counts: Vec<Count> = readings.iter().map(|waste| self.highest(&case.facts, doses, *waste)).collect();
        let statuses: Vec<FindingStatus> = counts.iter().map(|count| count.against(self.amount)).collect();
        let Some(fullest) = counts.iter().max_by_key(|count| count.known) else {
            return Judged::plain(FindingStatus::Unknown, "nothing was counted");
        };
        let status = match statuses.first() {
            Some(first) if statuses.iter().all(|status| status == first) => *first,
            _ => FindingStatus::Unknown,
        };
        let told = self.tell(fullest);
        let most = format!("at most {} {}", self.amount.normalize(), self.unit());
        match status {
            FindingStatus::Met => {
                Judged { requested: Some(fullest.known), ..Judged::plain(status, format!("{told}; {most}")) }
            }
            FindingStatus::Unmet if self.excess == Excess::Ask => {
                let reason = format!("{told}, which is more than the limit, and the payer looks at more; {most}");
                Judged {
                    requested: Some(fullest.known),
                    needs: vec![need("ask-payer", &reason)],
                    ..Judged::plain(FindingStatus::Unknown, reason)
                }
            }
            FindingStatus::Unmet => Judged {
                requested: Some(fullest.known),
                ..Judged::plain(status, format!("{told}, which is too many; {most}"))
            },
            _ if counts.iter().all(|count| count.missing.is_empty()) => Judged {
                requested: Some(fullest.known),
                needs: vec![need("ask-payer", "the policy does not say whether discarded units count")],
                ..Judged::plain(
                    status,
                    format!("{told} with what is discarded; {most}, and whether the discarded count is not said"),
                )
            },
            _ => {
                let mut needs: Vec<Need> = Vec::new();
                for missing in counts.into_iter().flat_map(|count| count.missing) {
                    if !needs.contains(&missing) {
                        needs.push(missing);
                    }
                }
                let first = needs.first().map(|need| need.reason.clone()).unwrap_or_default();
                Judged { needs, ..Judged::plain(status, format!("it cannot be counted: {first}; {most}")) }
            }
        }
    }

    /// Whether the limit counts this dose. `None` where the cycle or its day, which decide it, are not told.
    fn holds(&self, line: &Line<'_>) -> Option<bool> {
        let named = self.phases.contains(&line.of.phase);
        if !self.phases.is_empty() && !named {
            return Some(false);
        }
        // Another drug that comes first counts only where the limit is about it.
        let about = named || (self.counts.is_some() && self.counts == line.of.code);
        if line.of.kind == Some(PhaseKind::Pretreatment) && !about {
            return Some(false);
        }
        let (mut first, mut last) = (self.from_cycle, self.to_cycle);
        if let Window::CycleDay((cycle, day)) = self.window {
            if line.of.cycle_day? != day {
                return Some(false);
            }
            (first, last) = (Some(cycle), Some(cycle));
        }
        if first.is_none() && last.is_none() {
            return Some(true);
        }
        let cycle = line.of.cycle?;
        Some(first.is_none_or(|first| first <= cycle) && last.is_none_or(|last| cycle <= last))
    }

    /// The highest count of any window that holds a dose of the request.
    fn highest(&self, facts: &Facts<'_>, doses: &Doses<'_>, waste: bool) -> Count {
        let lines = &doses.lines;
        if self.measure == Measure::Cycles {
            return self.cycles(facts, lines);
        }
        let mut count = Count::default();
        let mut parts = self.parts(facts, "lines", lines, waste, &mut count.missing);
        if let (Some(first), Some(end)) = (lines.first(), self.end_from(lines.first())) {
            // A window that begins with a dose given before may reach into the request.
            let reaches = |line: &&Line<'_>| self.end_from(Some(line)).is_some_and(|end| first.day < end);
            match &doses.before {
                Some(before) => {
                    let from = before.iter().position(|line| reaches(&line)).unwrap_or(before.len());
                    let before = before.get(from..).unwrap_or_default();
                    let mut earlier = self.parts(facts, "given", before, waste, &mut count.missing);
                    earlier.append(&mut parts);
                    parts = earlier;
                }
                None if prior(facts, "doses-received") == Ok(0) => {}
                None => {
                    let reason =
                        format!("doses given before {}, which fall in one window with it up to {end}", first.day);
                    count.missing.push(need("request.given", &reason));
                }
            }
        }
        let sum = |parts: &[(&Line<'_>, Exact)]| parts.iter().map(|(_, part)| *part).sum::<Exact>();
        match self.window {
            Window::PerDose => {
                for (line, part) in &parts {
                    count.raise(*part, line);
                }
            }
            Window::RollingDays(_) | Window::RollingMonths(_) => {
                for at in 0..parts.len() {
                    let from = parts.get(at..).unwrap_or_default();
                    let Some((first, _)) = from.first() else { continue };
                    let Some(end) = self.end_from(Some(first)) else { continue };
                    let within = from.partition_point(|(line, _)| line.day < end);
                    count.raise(sum(from.get(..within).unwrap_or_default()), first);
                }
            }
            Window::CycleDay(_) | Window::PerAuthorization | Window::Lifetime => {
                count.known = sum(&parts);
            }
        }
        if self.window == Window::Lifetime {
            match prior(facts, "doses-received") {
                Ok(0) => {}
                Ok(doses) if self.measure == Measure::Doses => count.known += Exact::from(doses),
                Ok(_) => count.missing.push(need("ask-payer", "how much was used before the request is not told")),
                Err(missing) => count.missing.push(missing),
            }
        }
        count
    }

    /// The day after a rolling window that begins with a dose.
    fn end_from(&self, line: Option<&Line<'_>>) -> Option<number::Day> {
        match self.window {
            Window::RollingMonths(months) => Some(number::plus_months(line?.day, months)),
            Window::RollingDays(days) => Some(number::plus(line?.day, i64::from(days))),
            _ => None,
        }
    }

    /// What each dose that the limit counts adds; what cannot be told goes to `missing`.
    fn parts<'l, 'a>(
        &self,
        facts: &Facts<'_>,
        place: &str,
        lines: &'l [Line<'a>],
        waste: bool,
        missing: &mut Vec<Need>,
    ) -> Vec<(&'l Line<'a>, Exact)> {
        let mut parts = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let here = format!("{place}[{at}]");
            match self.holds(line) {
                Some(false) => {}
                Some(true) => match self.part(facts, line, waste) {
                    Ok(part) => parts.push((line, part)),
                    Err(Lack::Dose(what)) => missing.push(need(&format!("request.{place}"), &format!("{here} {what}"))),
                    Err(Lack::Fact(fact)) => missing.push(fact),
                },
                None => {
                    let what = format!("{here} does not tell its cycle and the day of it");
                    missing.push(need(&format!("request.{place}"), &what));
                }
            }
        }
        parts
    }

    /// What one dose adds.
    fn part(&self, facts: &Facts<'_>, line: &Line<'_>, waste: bool) -> Result<Exact, Lack> {
        let missing = |what: &str| Lack::Dose(what.to_owned());
        match self.measure {
            Measure::Doses => Ok(Exact::ONE),
            Measure::HcpcsUnits => {
                match (&self.counts, &line.of.code) {
                    (Some(_), None) => return Err(missing("does not tell its code")),
                    (Some(counted), Some(code)) if counted != code => {
                        return Err(Lack::Dose(format!("is coded {code}, and the limit counts {counted}")));
                    }
                    _ => {}
                }
                let units = line.of.units.ok_or_else(|| missing("does not tell its units"))?;
                let discarded = match (waste, line.of.discarded_units) {
                    (false, _) => 0,
                    (true, Some(discarded)) => discarded,
                    (true, None) => return Err(missing("does not tell its discarded units")),
                };
                Ok(Exact::from(units) + Exact::from(discarded))
            }
            Measure::Vials => {
                if line.of.vials.is_empty() {
                    return Err(missing("does not tell its vials"));
                }
                let counted = line.of.vials.iter().filter(|vial| {
                    let named = |name: &String| *name == vial.presentation || Some(name) == vial.ndc.as_ref();
                    self.counts.as_ref().is_none_or(named)
                });
                Ok(counted.map(|vial| Exact::from(vial.count)).sum())
            }
            Measure::Milligrams if waste => line.opened.ok_or_else(|| missing("does not tell what its vials hold")),
            Measure::Milligrams => line.milligrams.ok_or_else(|| missing("does not tell its amount in milligrams")),
            Measure::MilligramsPerKilogram => {
                let given = line.milligrams.ok_or_else(|| missing("does not tell its amount in milligrams"))?;
                Ok(given / kilograms(facts).map_err(Lack::Fact)?)
            }
            Measure::Hours => line.of.hours.map(Exact::from).ok_or_else(|| missing("does not tell its hours")),
            Measure::Cycles => Err(missing("is not counted in cycles")),
        }
    }

    /// Cycles of the request; over a lifetime, with those before it. A cycle that begins before those received is of
    /// another course.
    fn cycles(&self, facts: &Facts<'_>, lines: &[Line<'_>]) -> Count {
        let mut count = Count::default();
        let mut numbers = BTreeSet::new();
        for (at, line) in lines.iter().enumerate() {
            match line.of.cycle {
                _ if self.holds(line) == Some(false) => {}
                Some(cycle) => {
                    numbers.insert(cycle);
                }
                None => count.missing.push(need("request.lines", &format!("lines[{at}] does not tell its cycle"))),
            }
        }
        let of_request = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let known = match (self.window, prior(facts, "cycles-received")) {
            (Window::Lifetime, Ok(received)) => {
                let goes_on = numbers.first() == Some(&received);
                received.saturating_add(of_request.saturating_sub(u32::from(goes_on)))
            }
            (Window::Lifetime, Err(missing)) => {
                count.missing.push(missing);
                numbers.last().copied().unwrap_or(0)
            }
            _ => of_request,
        };
        count.known = Exact::from(known);
        count
    }

    /// The count in words.
    fn tell(&self, count: &Count) -> String {
        let (known, unit) = (count.known.normalize(), self.unit());
        let least = if count.missing.is_empty() { "" } else { "at least " };
        let from = count.from.map(|day| format!(" from {day}")).unwrap_or_default();
        match self.window {
            Window::PerDose => format!("{least}{known} {unit} in the largest dose"),
            Window::CycleDay((cycle, day)) => format!("{least}{known} {unit} on day {day} of cycle {cycle}"),
            Window::RollingDays(days) => format!("{least}{known} {unit} in {days} days{from}"),
            Window::RollingMonths(1) => format!("{least}{known} {unit} in a month{from}"),
            Window::RollingMonths(months) => format!("{least}{known} {unit} in {months} months{from}"),
            Window::PerAuthorization => format!("{least}{known} {unit} in the request"),
            Window::Lifetime => format!("{least}{known} {unit} with those before the request"),
        }
    }

    fn unit(&self) -> &'static str {
        match self.measure {
            Measure::HcpcsUnits => "units",
            Measure::Vials => "vials",
            Measure::Milligrams => "mg",
            Measure::MilligramsPerKilogram => "mg/kg",
            Measure::Doses => "doses",
            Measure::Cycles => "cycles",
            Measure::Hours => "hours",
        }
    }
}

fn kilograms(facts: &Facts<'_>) -> Result<Exact, Need> {
    match facts.get("body-weight", None) {
        Known::Value(FactValue::Quantity(weight)) => {
            let kilograms = number::exact(weight.value).map_err(|why| need("body-weight", &why))?;
            if kilograms > Exact::ZERO { Ok(kilograms) } else { Err(need("body-weight", "it is not a weight")) }
        }
        Known::Value(_) => Err(need("body-weight", "it is not told as a quantity")),
        Known::Missing(missing) => Err(missing),
    }
}

/// How much of the drug was had before the request.
fn prior(facts: &Facts<'_>, fact: &str) -> Result<u32, Need> {
    match facts.get(fact, None) {
        Known::Value(FactValue::Count(count)) => Ok(*count),
        Known::Value(_) => Err(need(fact, "it is not told as a count")),
        Known::Missing(missing) => Err(missing),
    }
}

fn need(fact: &str, reason: &str) -> Need {
    Need { fact: fact.to_owned(), reason: reason.to_owned() }
}

/// Why a dose cannot be counted.
enum Lack {
    /// The dose does not tell something: what.
    Dose(String),
    /// A fact is not known.
    Fact(Need),
}

/// What was counted, and what could not be.
#[derive(Debug, Default)]
struct Count {
    /// The count, or its lower bound where something is missing.
    known: Exact,
    /// The day on which the fullest window begins.
    from: Option<number::Day>,
    missing: Vec<Need>,
}

impl Count {
    fn raise(&mut self, to: Exact, line: &Line<'_>) {
        if to > self.known {
            self.known = to;
            self.from = Some(line.day);
        }
    }

    fn against(&self, most: Exact) -> FindingStatus {
        if self.known > most {
            FindingStatus::Unmet
        } else if self.missing.is_empty() {
            FindingStatus::Met
        } else {
            FindingStatus::Unknown
        }
    }
}

/// How a limit stands.
struct Judged {
    status: FindingStatus,
    reason: String,
    needs: Vec<Need>,
    requested: Option<Exact>,
}

impl Judged {
    fn plain(status: FindingStatus, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into(), needs: Vec::new(), requested: None }
    }
}
