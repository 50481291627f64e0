//! The order of planned doses: a list that ends, or a list followed by one that repeats for ever.

/// One planned dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Index of the phase in its regimen.
    pub(crate) phase: usize,
    /// Absent where the schedule counts days from its start.
    pub(crate) cycle: Option<u32>,
    /// Day of the cycle, or of the plan; 1 for the first.
    pub(crate) day: u32,
    /// Days after the first day of the plan.
    pub(crate) offset: i64,
}

/// Doses in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schedule {
    /// Doses given once.
    pub(crate) first: Vec<Slot>,
    /// Doses that repeat after them.
    pub(crate) repeating: Vec<Slot>,
    /// Days from one round of repeating doses to the next.
    pub(crate) period: i64,
}

impl Schedule {
    /// The planned dose number `at`, from 0.
    pub(crate) fn slot(&self, at: usize) -> Option<Slot> {
        if let Some(slot) = self.first.get(at) {
            return Some(*slot);
        }
        let beyond = at - self.first.len();
        let round = beyond.checked_div(self.repeating.len())?;
        let slot = self.repeating.get(beyond % self.repeating.len())?;
        let round = u32::try_from(round).ok()?;
        let shift = i64::from(round) * self.period;
        Some(match slot.cycle {
            Some(cycle) => Slot { cycle: Some(cycle.saturating_add(round)), offset: slot.offset + shift, ..*slot },
            None => {
                let days = u32::try_from(shift).unwrap_or(u32::MAX);
                Slot { day: slot.day.saturating_add(days), offset: slot.offset + shift, ..*slot }
            }
        })
    }

    /// The first planned dose of a phase.
    pub(crate) fn first_of(&self, phase: usize) -> Option<usize> {
        self.first.iter().chain(&self.repeating).position(|slot| slot.phase == phase)
    }

    /// How many planned doses a phase has; `None` without end.
    pub(crate) fn count(&self, phase: usize) -> Option<usize> {
        if self.repeating.iter().any(|slot| slot.phase == phase) {
            return None;
        }
        Some(self.first.iter().filter(|slot| slot.phase == phase).count())
    }

    /// The planned dose of `phase` in `cycle`, on `day` or the last one before it.
    pub(crate) fn in_cycle(&self, phase: usize, cycle: u32, day: Option<u32>) -> Option<usize> {
        let mut found = None;
        for at in 0.. {
            let Some(slot) = self.slot(at) else { break };
            let of = slot.cycle?;
            if of > cycle {
                break;
            }
            let early = found.is_none() || day.is_some_and(|day| slot.day <= day);
            if of == cycle && slot.phase == phase && early {
                found = Some(at);
            }
        }
        found
    }

    /// The first planned dose of a cycle after `cycle`.
    pub(crate) fn after_cycle(&self, cycle: u32) -> Option<usize> {
        (0..).map_while(|at| self.slot(at).map(|slot| (at, slot))).find_map(|(at, slot)| match slot.cycle {
            Some(of) if of > cycle => Some(Some(at)),
            Some(_) => None,
            None => Some(None),
        })?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(phase: usize, cycle: u32, day: u32) -> Slot {
        Slot { phase, cycle: Some(cycle), day, offset: i64::from((cycle - 1) * 28 + day - 1) }
    }

    #[test]
    fn a_repeating_schedule_never_ends_and_counts_its_cycles() {
        let schedule = Schedule {
            first: vec![slot(0, 1, 1), slot(1, 1, 8)],
            repeating: vec![slot(2, 2, 1), slot(2, 2, 15)],
            period: 28,
        };
        assert_eq!(schedule.slot(1), Some(slot(1, 1, 8)));
        assert_eq!(schedule.slot(7), Some(slot(2, 4, 15)));
        assert_eq!(schedule.in_cycle(2, 4, Some(17)), Some(7));
        assert_eq!(schedule.in_cycle(2, 4, None), Some(6));
        assert_eq!(schedule.after_cycle(3), Some(6));
        assert_eq!(schedule.count(2), None);
        assert_eq!(schedule.count(1), Some(1));
    }

    #[test]
    fn a_schedule_that_ends_has_no_dose_after_its_last() {
        let schedule = Schedule { first: vec![slot(0, 1, 1)], ..Schedule::default() };
        assert_eq!(schedule.slot(1), None);
        assert_eq!(schedule.after_cycle(1), None);
    }
}
