//! A course under way: what was given, and what the schedule has next.
//!
//! A course is walked dose by dose. Where a delay led back to an earlier phase, the course follows that row's phases
//! and then goes on as the row says. What does not follow the label is kept as an open question.

use paratope_sdk::number::{self, Day};
use paratope_sdk::words::{Ask, Need};

use crate::document::{Action, GapEffect, Rejoin};
use crate::label::{Label, Phase, Regimen, Restart, Then};

/// A dose that was given, checked against the regimen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given {
    pub(crate) phase: usize,
    pub(crate) day: Day,
    pub(crate) cycle: Option<u32>,
    pub(crate) cycle_day: Option<u32>,
}

/// What comes after the last dose.
#[derive(Debug, Clone)]
pub(crate) enum Ahead {
    Dose(Next),
    Finished,
    Unknown(Ask),
}

/// The next dose of the schedule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Next {
    pub(crate) phase: usize,
    /// Its place in the schedule; none for a phase that stands in for another.
    pub(crate) at: Option<usize>,
    /// Planned days after the dose before it.
    pub(crate) gap: i64,
    /// It belongs to the phases of a restart, with its own days.
    pub(crate) own_gap: bool,
}

/// Where the last dose stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    Planned(usize),
    Instead(usize),
}

/// The phases of a restart that are being given.
#[derive(Debug, Clone)]
struct Path {
    /// Phase of the dose before the delay.
    after: usize,
    /// Phase the delay led back to.
    first: usize,
    then: Vec<Then>,
    given: usize,
    rejoin: Rejoin,
    /// A restart within the phases of another, where the label does not say what follows `then`.
    unsettled: bool,
    note: Option<String>,
}

impl Path {
    /// What this path has after a phase of it.
    fn after(&self, phase: usize) -> Option<&[Then]> {
        if self.first == phase {
            return Some(&self.then);
        }
        let at = self.then.iter().position(|then| then.phase == phase)?;
        self.then.get(at + 1..)
    }

    /// Leaves what this path and the one it is within agree on. A row is for the planned course, so that within
    /// another restart it settles the dose that is given again, and no more than that.
    fn within(self, outer: &Self) -> Self {
        let rest = outer.after(self.first).unwrap_or_default();
        if outer.rejoin == self.rejoin && rest == self.then && !outer.unsettled {
            return self;
        }
        let agreed = self.then.iter().zip(rest).take_while(|(own, outer)| own == outer).count();
        Self { then: self.then.into_iter().take(agreed).collect(), unsettled: true, ..self }
    }
}

/// A course under way.
#[derive(Debug)]
pub(crate) struct Course<'a> {
    label: &'a Label,
    regimen: &'a Regimen,
    given: &'a [Given],
    last: Given,
    place: Place,
    path: Option<Path>,
    /// The planned dose last reached before a restart.
    left: Option<usize>,
    /// The place follows from the history, so that counting on from it is right.
    sure: bool,
    /// Day 1 of the plan.
    start: Day,
    /// What a person should look at.
    pub(crate) asks: Vec<Ask>,
}

impl<'a> Course<'a> {
    /// Walks what was given, oldest first. `None` when nothing was.
    pub(crate) fn walk(label: &'a Label, regimen: &'a Regimen, given: &'a [Given]) -> Option<Self> {
        let (first, later) = given.split_first()?;
        let mut course = Self::begin(label, regimen, given, *first);
        for dose in later {
            course.take(*dose);
        }
        Some(course)
    }

    fn begin(label: &'a Label, regimen: &'a Regimen, given: &'a [Given], first: Given) -> Self {
        let planned = regimen.schedule.first_of(first.phase);
        let mut course = Self {
            label,
            regimen,
            given,
            last: first,
            place: planned.map_or(Place::Instead(first.phase), Place::Planned),
            path: None,
            left: None,
            sure: planned == Some(0),
            start: first.day,
            asks: Vec::new(),
        };
        if !course.sure {
            course.note(
                "history",
                format!("the history begins with `{}`, which is not the first dose of the regimen", course.name(first)),
            );
        }
        course.told(first);
        course
    }

    /// What was given.
    pub(crate) fn given(&self) -> &'a [Given] {
        self.given
    }

    /// The last dose.
    pub(crate) fn last(&self) -> Given {
        self.last
    }

    /// The row for a delay of so many days after the last dose.
    pub(crate) fn row(&self, days: i64) -> Option<&'a Restart> {
        self.regimen.phases.get(self.last.phase)?.restart.iter().find(|row| row.covers(days))
    }

    /// Day of the plan, 1 for the first; `None` where the start is not known.
    pub(crate) fn day_of_plan(&self, on: Day) -> Option<u32> {
        u32::try_from(number::days_between(self.start, on) + 1).ok()
    }

    /// Doses of these phases so far: how many, and the day of the first.
    pub(crate) fn spent(&self, phases: &[usize]) -> (usize, Option<Day>) {
        let mut of = self.given.iter().filter(|dose| phases.contains(&dose.phase));
        let first = of.next().map(|dose| dose.day);
        (usize::from(first.is_some()) + of.count(), first)
    }

    /// The phases of the restart under way that are still to come, and whether the label says what follows them.
    pub(crate) fn restarting(&self) -> (&[Then], bool) {
        let path = self.path.as_ref();
        let coming = path.and_then(|path| path.then.get(path.given..)).unwrap_or_default();
        (coming, path.is_none_or(|path| !path.unsettled))
    }

    /// What a person must know where the next dose rejoins the schedule after a restart.
    pub(crate) fn rejoining(&self) -> Option<Ask> {
        let path = self.path.as_ref().filter(|path| path.given >= path.then.len() && self.left.is_some())?;
        path.note.as_ref().map(|note| self.ask("unverified", note))
    }

    // ---- one dose

    fn take(&mut self, dose: Given) {
        let days = number::days_between(self.last.day, dose.day);
        let row = self.row(days);
        let ahead = self.ahead(dose.day);
        if let Some(row) = row
            && row.action != Action::Proceed
            && row.phase != Some(dose.phase)
        {
            let back = row.phase.and_then(|at| self.regimen.phases.get(at)).map_or("", Phase::id);
            let reason = format!(
                "`{}` was given {days} days after `{}`, where the label goes back to `{back}`",
                self.name(dose),
                self.name(self.last)
            );
            self.note("history", reason);
        }
        match ahead {
            Ahead::Dose(next) if next.phase == dose.phase => self.advance(next),
            _ => self.leave(dose, row),
        }
        self.last = dose;
        self.told(dose);
    }

    /// The dose is the next of the schedule.
    fn advance(&mut self, next: Next) {
        self.place = next.at.map_or(Place::Instead(next.phase), Place::Planned);
        if let Some(path) = &mut self.path {
            if path.given < path.then.len() {
                path.given += 1;
            } else {
                self.path = None;
                self.left = None;
            }
        }
    }

    /// The dose is not the next of the schedule.
    fn leave(&mut self, dose: Given, row: Option<&'a Restart>) {
        let Some(first) = self.regimen.schedule.first_of(dose.phase) else {
            self.place = Place::Instead(dose.phase);
            self.path = None;
            return;
        };
        let here = self.here();
        let single = self.regimen.schedule.count(dose.phase) == Some(1);
        let back = first < here || (dose.phase == self.last.phase && single);
        if back {
            if self.left.is_none() && !self.is_early(self.last.phase) {
                self.left = Some(here);
            }
            if first == 0 && self.left.is_none() {
                self.start = dose.day;
            }
            let asked = row.filter(|row| row.action != Action::Proceed);
            let follows = asked.filter(|row| row.phase == Some(dose.phase));
            let path = Path {
                after: self.last.phase,
                first: dose.phase,
                then: follows.map_or_else(|| following(self.regimen, dose.phase), |row| row.then.clone()),
                given: 0,
                rejoin: asked.map_or(Rejoin::Schedule, |row| row.rejoin),
                unsettled: false,
                note: asked.and_then(|row| row.note.clone()),
            };
            self.path = Some(match self.path.take() {
                Some(outer) => path.within(&outer),
                None => path,
            });
            self.place = Place::Planned(first);
            return;
        }
        let reason = if dose.phase == self.last.phase {
            format!("`{}` was given again where the schedule has moved on", self.name(dose))
        } else {
            format!("`{}` was given after `{}`, which the schedule does not do", self.name(dose), self.name(self.last))
        };
        if matches!(self.place, Place::Planned(_)) {
            self.note("history", reason);
        }
        self.place = Place::Planned(first.max(if dose.phase == self.last.phase { here } else { first }));
        self.sure = self.sure && !self.is_counted(dose.phase);
        self.path = None;
        self.left = None;
    }

    /// What the history says of the cycle wins over counting.
    fn told(&mut self, dose: Given) {
        if self.regimen.schedule.count(dose.phase) == Some(1) {
            return;
        }
        let Some(cycle) = dose.cycle else { return };
        if let Some(at) = self.regimen.schedule.in_cycle(dose.phase, cycle, dose.cycle_day) {
            self.place = Place::Planned(at);
            self.sure = dose.cycle_day.is_some() || self.sure;
        }
    }

    // ---- what comes next

    /// The next dose of the schedule, for a dose meant for `on`.
    pub(crate) fn ahead(&self, on: Day) -> Ahead {
        if let Some(path) = &self.path {
            if let Some(then) = path.then.get(path.given) {
                let at = self.regimen.schedule.first_of(then.phase);
                let gap = then.days.or_else(|| self.planned_gap(self.last.phase, then.phase));
                return match gap {
                    Some(gap) => Ahead::Dose(Next { phase: then.phase, at, gap, own_gap: then.days.is_some() }),
                    None => Ahead::Unknown(self.ask("schedule", "days between these phases are not given")),
                };
            }
            if path.unsettled {
                return Ahead::Unknown(self.unknown_after(path));
            }
            if let Some(left) = self.left
                && let Some(ahead) = self.rejoin(path, left)
            {
                return ahead;
            }
        }
        match self.place {
            Place::Instead(phase) => match self.regimen.phases.get(phase).and_then(|phase| phase.instead.as_ref()) {
                Some(instead) => Ahead::Dose(Next { phase, at: None, gap: instead.every, own_gap: false }),
                None => Ahead::Finished,
            },
            Place::Planned(at) => self.after(at, on),
        }
    }

    /// How treatment goes on after a restart; `None` as the schedule has it.
    fn rejoin(&self, path: &Path, left: usize) -> Option<Ahead> {
        let schedule = &self.regimen.schedule;
        match path.rejoin {
            Rejoin::Schedule => None,
            Rejoin::Unknown => Some(Ahead::Unknown(self.unknown_after(path))),
            Rejoin::SamePlace if !self.sure => Some(Ahead::Unknown(self.uncounted())),
            Rejoin::SamePlace => {
                let before = schedule.slot(left)?;
                let Some(next) = schedule.slot(left + 1) else { return Some(Ahead::Finished) };
                let gap = next.offset - before.offset;
                Some(Ahead::Dose(Next { phase: next.phase, at: Some(left + 1), gap, own_gap: false }))
            }
            Rejoin::NextCycle if !self.sure => Some(Ahead::Unknown(self.uncounted())),
            Rejoin::NextCycle => {
                let cycle = schedule.slot(left)?.cycle?;
                let Some(at) = schedule.after_cycle(cycle) else { return Some(Ahead::Finished) };
                let next = schedule.slot(at)?;
                let length = self.regimen.shown.cycle_days?;
                let here = schedule.slot(self.here())?;
                let gap = i64::from(length) - i64::from(here.day) + i64::from(next.day);
                Some(Ahead::Dose(Next { phase: next.phase, at: Some(at), gap, own_gap: false }))
            }
        }
    }

    /// What follows a restart is not known.
    fn unknown_after(&self, path: &Path) -> Ask {
        let phase = self.regimen.phases.get(path.after);
        match phase.and_then(|phase| self.label.gap(phase, GapEffect::Rejoin)) {
            Some(gap) => gap.ask.clone(),
            None if path.unsettled => self.ask(
                "restart",
                "this is a delay within a restart, and which doses follow it was not seen in the label",
            ),
            None => self.ask("restart", "which phase to rejoin is not known"),
        }
    }

    /// The planned dose after the one at `at`.
    fn after(&self, at: usize, on: Day) -> Ahead {
        let schedule = &self.regimen.schedule;
        let Some(here) = schedule.slot(at) else { return Ahead::Finished };
        if !self.sure && self.is_counted(here.phase) {
            return Ahead::Unknown(self.uncounted());
        }
        if self.regimen.by_calendar && !self.is_early(here.phase) {
            return self.by_calendar(here.phase, on);
        }
        match schedule.slot(at + 1) {
            Some(next) => Ahead::Dose(Next {
                phase: next.phase,
                at: Some(at + 1),
                gap: next.offset - here.offset,
                own_gap: false,
            }),
            None => Ahead::Finished,
        }
    }

    /// The phase that the day of the plan falls in.
    fn by_calendar(&self, phase: usize, on: Day) -> Ahead {
        let Some((every, _)) = self.regimen.phases.get(phase).and_then(|phase| phase.every) else {
            return Ahead::Finished;
        };
        let day = on.max(number::plus(self.last.day, every));
        let number = number::days_between(self.start, day) + 1;
        let found = self.regimen.phases.iter().enumerate().find(|(_, phase)| match phase.every {
            Some((_, last)) => last.is_none_or(|last| number <= last),
            None => false,
        });
        match found {
            Some((phase, _)) => {
                Ahead::Dose(Next { phase, at: self.regimen.schedule.first_of(phase), gap: every, own_gap: false })
            }
            None => Ahead::Finished,
        }
    }

    // ---- helpers

    fn here(&self) -> usize {
        match self.place {
            Place::Planned(at) => at,
            Place::Instead(phase) => self
                .regimen
                .phases
                .get(phase)
                .and_then(|phase| phase.instead.as_ref())
                .and_then(|instead| self.regimen.schedule.first_of(instead.of))
                .unwrap_or(usize::MAX),
        }
    }

    fn planned_gap(&self, from: usize, to: usize) -> Option<i64> {
        let offset = |phase| Some(self.regimen.schedule.slot(self.regimen.schedule.first_of(phase)?)?.offset);
        Some(offset(to)? - offset(from)?).filter(|gap| *gap > 0)
    }

    fn is_early(&self, phase: usize) -> bool {
        self.regimen.phases.get(phase).is_some_and(Phase::is_early)
    }

    /// Whether what follows a dose of the phase depends on how many were given.
    fn is_counted(&self, phase: usize) -> bool {
        match self.regimen.schedule.count(phase) {
            Some(count) => count > 1,
            None => self.regimen.shown.cycle_days.is_some(),
        }
    }

    fn uncounted(&self) -> Ask {
        let need = Need {
            fact: "history".to_owned(),
            reason: "every dose since the first, or the cycle and its day of the last dose".to_owned(),
        };
        Ask { needs: vec![need], ..self.ask("history", "where the course stands in its schedule is not known") }
    }

    fn ask(&self, topic: &str, reason: &str) -> Ask {
        Ask { topic: topic.to_owned(), reason: reason.to_owned(), needs: Vec::new() }
    }

    fn note(&mut self, topic: &str, reason: String) {
        self.asks.push(Ask { topic: topic.to_owned(), reason, needs: Vec::new() });
    }

    fn name(&self, dose: Given) -> &'a str {
        self.regimen.phases.get(dose.phase).map_or("", Phase::id)
    }
}

/// The early phases that the schedule has after `phase`.
pub(crate) fn following(regimen: &Regimen, phase: usize) -> Vec<Then> {
    let Some(first) = regimen.schedule.first_of(phase) else { return Vec::new() };
    (first + 1..)
        .map_while(|at| regimen.schedule.slot(at))
        .take_while(|slot| regimen.phases.get(slot.phase).is_some_and(Phase::is_early))
        .map(|slot| Then { phase: slot.phase, days: None })
        .collect()
}
