//! Regimens: phases, amounts, and the order of planned doses.

use std::ops::Range as Span;

use paratope_sdk::document::{Number, Spanned};
use paratope_sdk::product;
use paratope_sdk::words::{PhaseKind, Statement};

use super::{Compiler, accepted, is_unverified};
use crate::document::{self, Bands, Timing};
use crate::label::{After, Amount, AmountRule, Band, CycleLimit, Instead, Phase, Range, Regimen, Window};
use crate::schedule::{Schedule, Slot};

/// When the doses of a phase are planned, checked.
#[derive(Clone)]
enum When {
    Days(Vec<u32>),
    Cycles { first: u32, last: Option<u32>, days: Vec<u32> },
    Every { days: u32, from: u32, to: Option<u32> },
}

/// More planned doses than any course has.
const LONGEST: u32 = 3_000;

impl Compiler<'_, '_> {
    pub(super) fn regimens(&mut self) -> Vec<Regimen> {
        let read = self.read;
        self.unique(read.bands.iter().map(|row| &row.id), "band table");
        for bands in &read.bands {
            self.bands(bands);
        }
        self.unique(read.regimen.iter().map(|row| &row.id), "regimen");
        read.regimen.iter().map(|row| self.one_regimen(row)).collect()
    }

    fn one_regimen(&mut self, row: &document::Regimen) -> Regimen {
        self.count(1 + row.phase.len());
        self.unique(row.phase.iter().map(|phase| &phase.id), "phase");
        let citations = self.cite(&row.cite);
        let names: Vec<&str> = row.phase.iter().map(|phase| phase.id.get_ref().as_str()).collect();
        let mut planned = Vec::new();
        let mut phases = Vec::new();
        for (at, phase) in row.phase.iter().enumerate() {
            let instead = match (&phase.at, &phase.instead) {
                (Some(timing), None) => {
                    if let Some(when) = self.timing(timing, row.cycle_days) {
                        planned.push((at, when, phase.id.span()));
                    }
                    None
                }
                (None, Some(instead)) => self.instead(instead, &names),
                _ => {
                    let message = format!("`{}` needs either `at` or `instead`", phase.id.get_ref());
                    self.error(phase.id.span(), message, None);
                    None
                }
            };
            let cite = phase.cite.as_ref().map(|cite| self.cite(cite));
            let amounts = self.amounts(phase);
            phases.push(Phase {
                shown: product::Phase {
                    id: phase.id.get_ref().clone(),
                    kind: kind(phase.kind),
                    text: phase.text.clone(),
                    amount: words(&amounts),
                    citations: cite.unwrap_or_else(|| citations.clone()),
                },
                drug: phase.drug.clone(),
                amounts,
                window: self.window(phase.window.as_ref()),
                instead,
                every: planned.last().and_then(|(of, when, _)| match when {
                    When::Every { days, to, .. } if *of == at => Some((i64::from(*days), to.map(i64::from))),
                    _ => None,
                }),
                restart: Vec::new(),
                presentations: Vec::new(),
                medications: Vec::new(),
                monitoring: Vec::new(),
                infusions: Vec::new(),
                tasks: Vec::new(),
                requirements: Vec::new(),
                toxicities: Vec::new(),
                gaps: Vec::new(),
            });
        }
        if row.by_calendar && row.cycle_days.is_some() {
            self.error(row.id.span(), "a schedule of cycles does not run by the calendar", None);
        }
        let schedule = self.schedule(row, &planned);
        let limits = row.cycle_limit.iter().map(|limit| self.limit(limit)).collect::<Vec<_>>();
        if !limits.is_empty() && row.cycle_days.is_none() {
            let help = Some("add cycle-days".to_owned());
            self.error(row.id.span(), "a limit of cycles needs cycles", help);
        }
        Regimen {
            shown: product::Regimen {
                id: row.id.get_ref().clone(),
                text: row.text.clone(),
                cycle_days: row.cycle_days,
                cycle_limits: limits
                    .iter()
                    .map(|limit| product::CycleLimit {
                        cycles: limit.cycles,
                        condition: limit.when.as_ref().map(|when| Statement {
                            code: "cycle-limit".to_owned(),
                            text: when.text.clone(),
                            citations: citations.clone(),
                        }),
                    })
                    .collect(),
                until: row.until.clone(),
                partners: row.partners.clone(),
                phases: phases.iter().map(|phase| phase.shown.clone()).collect(),
                citations,
            },
            by_calendar: row.by_calendar,
            baseline_weight: row.weight == document::WeightOf::Baseline,
            phases,
            schedule,
            limits,
        }
    }

    fn limit(&mut self, limit: &document::CycleLimit) -> CycleLimit {
        CycleLimit { cycles: limit.cycles, when: limit.when.as_ref().map(|when| self.condition(when)) }
    }

    fn timing(&mut self, timing: &Spanned<Timing>, cycle_days: Option<u32>) -> Option<When> {
        let span = timing.span();
        let row = timing.get_ref();
        let days_are_right = !row.days.is_empty()
            && row.days.iter().all(|day| *day >= 1 && cycle_days.is_none_or(|length| *day <= length))
            && row.days.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        match (row.every, cycle_days) {
            (Some(days), None) if row.days.is_empty() && row.cycles.is_none() => {
                let Some(from) = row.from_day.filter(|_| days > 0) else {
                    let help = Some("at = { every = 7, from-day = 14 }".to_owned());
                    self.error(span, "`every` needs `from-day`", help);
                    return None;
                };
                if row.to_day.is_some_and(|to| to < from) {
                    self.error(span, "the phase ends before it begins", None);
                    return None;
                }
                Some(When::Every { days, from, to: row.to_day })
            }
            (None, None) if days_are_right && row.cycles.is_none() => Some(When::Days(row.days.clone())),
            (None, Some(_)) if days_are_right => {
                let Some(text) = &row.cycles else {
                    let help = Some("at = { cycles = \"1\", days = [1] }".to_owned());
                    self.error(span, "a schedule of cycles names them", help);
                    return None;
                };
                let cycles = self.cycles(text, span)?;
                Some(When::Cycles { first: cycles.first, last: cycles.last, days: row.days.clone() })
            }
            _ => {
                let help = if cycle_days.is_some() {
                    "accepted: { cycles = \"2-3\", days = [1, 8] }, days rising and within the cycle"
                } else {
                    "accepted: { days = [1] }, or { every = 7, from-day = 14, to-day = 56 }"
                };
                self.error(span, "the planned days cannot be read", Some(help.to_owned()));
                None
            }
        }
    }

    fn instead(&mut self, row: &document::Instead, names: &[&str]) -> Option<Instead> {
        let mut find = |name: &Spanned<String>| {
            let found = names.iter().position(|known| known == name.get_ref());
            if found.is_none() {
                self.error(name.span(), format!("no such phase: `{}`", name.get_ref()), accepted(names));
            }
            found
        };
        let of = find(&row.of);
        let after = row.after.as_ref().map(|after| After {
            phases: after.phases.iter().filter_map(&mut find).collect(),
            days: after.days.map(i64::from),
            doses: after.doses.and_then(|doses| usize::try_from(doses).ok()),
        });
        if row.every == 0 {
            self.error(row.of.span(), "doses are at least one day apart", None);
        }
        Some(Instead {
            of: of?,
            every: i64::from(row.every),
            optional: row.optional,
            when: self.condition(&row.when),
            from_day: row.from_day.map(i64::from),
            after,
        })
    }

    fn window(&mut self, row: Option<&document::Window>) -> Window {
        let Some(row) = row else { return Window::default() };
        if let Some(max) = &row.max {
            let least = row.usual_max.or(row.min).unwrap_or(0);
            if *max.get_ref() < least {
                self.error(max.span(), format!("at most {} is less than {least}", max.get_ref()), None);
            }
        }
        Window {
            min: row.min.map(i64::from),
            usual_max: row.usual_max.map(i64::from),
            max: row.max.as_ref().map(|max| i64::from(*max.get_ref())),
            reason: row.reason.clone(),
        }
    }

    // ---- amounts

    fn bands(&mut self, bands: &Bands) {
        self.count(bands.rows.len());
        self.cite(&bands.cite);
        let mut before: Option<Range> = None;
        for row in &bands.rows {
            let band = row.get_ref();
            if band.give.len() != bands.columns.len() {
                let message = format!("{} amounts for {} columns", band.give.len(), bands.columns.len());
                self.error(row.span(), message, Some(format!("columns: {}", bands.columns.join(", "))));
            }
            self.plausible(row.span(), band.give.iter().copied().map(Some));
            let range = range(band.from, band.to, band.below);
            let top = |range: &Range| range.to.or(range.below);
            if range.from.zip(top(&range)).is_some_and(|(from, top)| top < from) {
                self.error(row.span(), "the band ends before it begins", None);
            }
            let overlaps = before.is_some_and(|before| match (before.to, before.below, range.from) {
                (Some(to), _, Some(from)) => from <= to,
                (None, Some(below), Some(from)) => from < below,
                _ => true,
            });
            if overlaps {
                let help = Some("bands are written lightest first and share no weight".to_owned());
                self.error(row.span(), "the band overlaps the one before it", help);
            }
            before = Some(range);
        }
    }

    fn amounts(&mut self, phase: &document::Phase) -> Vec<Amount> {
        match (&phase.amount, phase.by_weight.as_slice()) {
            (Some(amount), []) => self.amount(amount, None).into_iter().collect(),
            (None, rows) if !rows.is_empty() => rows
                .iter()
                .filter_map(|row| {
                    let weight = range(row.weight.from, row.weight.to, row.weight.below);
                    self.amount(&row.amount, Some(weight))
                })
                .collect(),
            _ => {
                let message = format!("`{}` needs either `amount` or `by-weight`", phase.id.get_ref());
                self.error(phase.id.span(), message, None);
                Vec::new()
            }
        }
    }

    fn amount(&mut self, row: &document::Amount, weight: Option<Range>) -> Option<Amount> {
        let unit = row.unit.get_ref();
        self.one_of(&row.unit, "a unit of an amount", &["mg", "ug", "mg/d", "ug/d"]);
        self.plausible(row.unit.span(), [row.fixed, row.per_kg, row.per_m2, row.at_most]);
        let rule = match (row.fixed, row.per_kg, row.per_m2, &row.bands) {
            (Some(fixed), None, None, None) => AmountRule::Fixed(fixed.0),
            (None, Some(per_kg), None, None) => AmountRule::PerKg(per_kg.0),
            (None, None, Some(per_m2), None) => AmountRule::PerM2(per_m2.0),
            (None, per_kg, None, Some(bands)) => self.banded(row, per_kg, bands)?,
            _ => {
                let help = Some("accepted: fixed, per-kg, per-m2, or bands (with per-kg)".to_owned());
                self.error(row.unit.span(), "an amount is told in one way", help);
                return None;
            }
        };
        Some(Amount { weight, rule, at_most: row.at_most.map(|most| most.0), unit: unit.clone() })
    }

    fn banded(
        &mut self,
        row: &document::Amount,
        per_kg: Option<Number>,
        bands: &Spanned<String>,
    ) -> Option<AmountRule> {
        let read = self.read;
        let Some(table) = read.bands.iter().find(|table| table.id.get_ref() == bands.get_ref()) else {
            let known: Vec<&str> = read.bands.iter().map(|table| table.id.get_ref().as_str()).collect();
            self.error(bands.span(), format!("no such band table: `{}`", bands.get_ref()), accepted(&known));
            return None;
        };
        let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
        let Some(column) = &row.column else {
            self.error(bands.span(), "a band table needs a `column`", accepted(&columns));
            return None;
        };
        let Some(at) = columns.iter().position(|known| known == column.get_ref()) else {
            self.error(column.span(), format!("no such column: `{}`", column.get_ref()), accepted(&columns));
            return None;
        };
        if table.unit != *row.unit.get_ref() {
            let message = format!("the table is in `{}`", table.unit);
            self.error(row.unit.span(), message, accepted(&[&table.unit]));
        }
        let citations = self.cite(&table.cite);
        let bands = table
            .rows
            .iter()
            .filter_map(|row| {
                let row = row.get_ref();
                Some(Band { range: range(row.from, row.to, row.below), give: row.give.get(at)?.0 })
            })
            .collect();
        let unverified = is_unverified(&citations);
        Some(AmountRule::Banded { per_kg: per_kg.map(|per_kg| per_kg.0), bands, citations, unverified })
    }

    // ---- order of doses

    fn schedule(&mut self, row: &document::Regimen, planned: &[(usize, When, Span<usize>)]) -> Schedule {
        let mut schedule = match row.cycle_days {
            Some(length) => self.cycles_in_order(row, length, planned),
            None => self.days_in_order(row, planned),
        };
        schedule.first.sort_by_key(|slot| slot.offset);
        let mut days = schedule.first.iter().chain(&schedule.repeating).collect::<Vec<_>>();
        days.sort_by_key(|slot| slot.offset);
        if let Some(pair) = days.windows(2).find_map(|pair| match pair {
            [a, b] if a.offset == b.offset => Some(**b),
            _ => None,
        }) {
            let message = format!("two doses are planned on day {}", pair.offset + 1);
            self.error(row.id.span(), message, None);
        }
        if days.first().is_some_and(|slot| slot.offset != 0) {
            self.error(row.id.span(), "the first dose is not planned on day 1", None);
        }
        schedule
    }

    fn cycles_in_order(
        &mut self,
        row: &document::Regimen,
        length: u32,
        planned: &[(usize, When, Span<usize>)],
    ) -> Schedule {
        let most = row.cycle_limit.iter().map(|limit| limit.cycles).max();
        let mut ends = most.unwrap_or(0);
        let mut open = false;
        for (_, when, _) in planned {
            if let When::Cycles { first, last, .. } = when {
                ends = ends.max(last.unwrap_or(*first));
                open |= last.is_none();
            }
        }
        let in_cycle = |cycle: u32| {
            let mut slots: Vec<Slot> = planned
                .iter()
                .filter_map(|(phase, when, _)| match when {
                    When::Cycles { first, last, days } if *first <= cycle && last.is_none_or(|last| cycle <= last) => {
                        Some((*phase, days))
                    }
                    _ => None,
                })
                .flat_map(|(phase, days)| days.iter().map(move |day| (phase, *day)))
                .map(|(phase, day)| Slot {
                    phase,
                    cycle: Some(cycle),
                    day,
                    offset: i64::from(cycle - 1) * i64::from(length) + i64::from(day) - 1,
                })
                .collect();
            slots.sort_by_key(|slot| slot.day);
            slots
        };
        let mut schedule = Schedule { period: i64::from(length), ..Schedule::default() };
        for cycle in 1..=ends {
            let slots = in_cycle(cycle);
            if slots.is_empty() {
                self.error(row.id.span(), format!("no dose is planned in cycle {cycle}"), None);
            }
            schedule.first.extend(slots);
        }
        if open && most.is_none() {
            schedule.repeating = in_cycle(ends + 1);
        }
        schedule
    }

    fn days_in_order(&mut self, row: &document::Regimen, planned: &[(usize, When, Span<usize>)]) -> Schedule {
        let slot = |phase: usize, day: u32| Slot { phase, cycle: None, day, offset: i64::from(day) - 1 };
        let mut schedule = Schedule::default();
        for (phase, when, span) in planned {
            match when {
                When::Days(days) => schedule.first.extend(days.iter().map(|day| slot(*phase, *day))),
                When::Every { days, from, to: Some(to) } => {
                    let step = usize::try_from(*days).unwrap_or(1).max(1);
                    let all = (*from..=(*to).min(LONGEST)).step_by(step);
                    schedule.first.extend(all.map(|day| slot(*phase, day)));
                }
                When::Every { days, from, to: None } => {
                    if !schedule.repeating.is_empty() {
                        let help = Some("give the earlier one a to-day".to_owned());
                        self.error(span.clone(), "two phases repeat without end", help);
                    }
                    schedule.repeating = vec![slot(*phase, *from)];
                    schedule.period = i64::from(*days);
                }
                When::Cycles { .. } => {}
            }
        }
        let last = schedule.first.iter().map(|slot| slot.offset).max().unwrap_or(0);
        if schedule.repeating.iter().any(|slot| slot.offset <= last) {
            self.error(row.id.span(), "a dose is planned after the phase that repeats without end begins", None);
        }
        schedule
    }
}

fn kind(kind: document::PhaseKind) -> PhaseKind {
    match kind {
        document::PhaseKind::Pretreatment => PhaseKind::Pretreatment,
        document::PhaseKind::StepUp => PhaseKind::StepUp,
        document::PhaseKind::FirstFull => PhaseKind::FirstFull,
        document::PhaseKind::Maintenance => PhaseKind::Maintenance,
    }
}

fn range(from: Option<Number>, to: Option<Number>, below: Option<Number>) -> Range {
    let exact = |number: Option<Number>| number.map(|number| number.0.normalize());
    Range { from: exact(from), to: exact(to), below: exact(below) }
}

/// The dose in words, such as `0.06 mg/kg`.
fn words(amounts: &[Amount]) -> String {
    let one = |amount: &Amount| {
        let unit = &amount.unit;
        let dose = match &amount.rule {
            AmountRule::Fixed(fixed) => format!("{fixed} {unit}"),
            AmountRule::PerKg(per_kg) => format!("{per_kg} {unit}/kg"),
            AmountRule::PerM2(per_m2) => format!("{per_m2} {unit}/m2"),
            AmountRule::Banded { per_kg: Some(per_kg), .. } => format!("{per_kg} {unit}/kg by weight band"),
            AmountRule::Banded { per_kg: None, .. } => format!("by weight band, in {unit}"),
        };
        let most = amount.at_most.map(|most| format!(", at most {most} {unit}")).unwrap_or_default();
        match &amount.weight {
            Some(weight) => format!("{}: {dose}{most}", weight.words()),
            None => format!("{dose}{most}"),
        }
    };
    amounts.iter().map(one).collect::<Vec<_>>().join("; ")
}
