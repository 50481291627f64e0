//! Restart rows: every phase's own, in order of days, without overlaps.

use paratope_sdk::criteria;

use super::{Compiler, accepted};
use crate::course::following;
use crate::document::{self, Action, GapEffect, Rejoin};
use crate::label::{Gap, Phase, Regimen, Restart, Then};

impl Compiler<'_, '_> {
    pub(super) fn restarts(&mut self, regimens: &mut [Regimen], gaps: &[Gap]) {
        let read = self.read;
        self.count(read.restart.len());
        for row in &read.restart {
            let citations = self.cite(&row.cite);
            let when = row
                .benefit_risk_when
                .as_ref()
                .and_then(|when| Some((i64::from(when.after_days), criteria::condition(&when.when, self.examined)?)));
            self.range(row);
            let chosen: Vec<usize> = match &row.regimens {
                Some(names) => names.iter().filter_map(|name| self.regimen(name, regimens)).collect(),
                None => (0..regimens.len()).collect(),
            };
            for name in row.after.get_ref() {
                let mut known = Vec::new();
                let mut found = false;
                for at in &chosen {
                    let Some(regimen) = regimens.get(*at) else { continue };
                    known.extend(regimen.phases.iter().map(|phase| phase.id().to_owned()));
                    let Some(after) = regimen.phase(name) else { continue };
                    found = true;
                    let Some((phase, then)) = self.targets(row, regimen, after) else { continue };
                    let rejoin = row.rejoin.unwrap_or(Rejoin::Schedule);
                    self.rejoins(row, rejoin, regimen, after, gaps);
                    let compiled = Restart {
                        from: i64::from(row.days.get_ref().from),
                        to: row.days.get_ref().to.map(i64::from),
                        action: *row.action.get_ref(),
                        phase,
                        then,
                        rejoin,
                        benefit_risk: row.benefit_risk,
                        benefit_risk_when: when.clone(),
                        note: row.note.clone(),
                        citations: citations.clone(),
                    };
                    self.add(row, regimens, *at, after, compiled);
                }
                if !found {
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    self.error(row.after.span(), format!("no such phase: `{name}`"), accepted(&known));
                }
            }
        }
        self.holes(regimens, gaps);
    }

    fn range(&mut self, row: &document::Restart) {
        let days = row.days.get_ref();
        if days.to.is_some_and(|to| to < days.from) {
            self.error(row.days.span(), "the days end before they begin", None);
        }
    }

    /// The phase to give and those that follow.
    fn targets(
        &mut self,
        row: &document::Restart,
        regimen: &Regimen,
        after: usize,
    ) -> Option<(Option<usize>, Vec<Then>)> {
        let known: Vec<&str> = regimen.phases.iter().map(Phase::id).collect();
        let phase = match (row.action.get_ref(), &row.phase) {
            (Action::Proceed, None) => None,
            (Action::Repeat, None) => Some(after),
            (Action::Restart, Some(name)) => {
                let Some(found) = regimen.phase(name.get_ref()) else {
                    self.error(name.span(), format!("no such phase: `{}`", name.get_ref()), accepted(&known));
                    return None;
                };
                Some(found)
            }
            (Action::Restart, None) => {
                self.error(row.action.span(), "a restart names the `phase` to go back to", accepted(&known));
                return None;
            }
            (Action::Proceed | Action::Repeat, Some(name)) => {
                let help = Some("leave it out: the schedule tells the phase".to_owned());
                self.error(name.span(), "only a restart names a phase", help);
                return None;
            }
        };
        if let (Some(phase), true) = (phase, row.then.is_empty()) {
            return Some((Some(phase), following(regimen, phase)));
        }
        let then = row
            .then
            .iter()
            .filter_map(|then| {
                let found = regimen.phase(then.phase.get_ref());
                if found.is_none() {
                    let message = format!("no such phase: `{}`", then.phase.get_ref());
                    self.error(then.phase.span(), message, accepted(&known));
                }
                Some(Then { phase: found?, days: then.days.map(i64::from) })
            })
            .collect();
        Some((phase, then))
    }

    fn rejoins(&mut self, row: &document::Restart, rejoin: Rejoin, regimen: &Regimen, after: usize, gaps: &[Gap]) {
        if *row.action.get_ref() == Action::Proceed && row.rejoin.is_some() {
            self.error(row.action.span(), "a row that proceeds has nothing to rejoin", None);
        }
        if rejoin == Rejoin::NextCycle && regimen.shown.cycle_days.is_none() {
            self.error(row.action.span(), format!("`{}` has no cycles to rejoin", regimen.id()), None);
        }
        let has_gap = regimen
            .phases
            .get(after)
            .is_some_and(|phase| phase.gaps.iter().any(|at| gaps.get(*at).is_some_and(is_rejoin)));
        if rejoin == Rejoin::Unknown && !has_gap {
            let help = Some("add a [[gap]] with effect = \"rejoin\" for it".to_owned());
            self.error(row.action.span(), "nothing says why it is unknown how treatment goes on", help);
        }
    }

    fn add(&mut self, row: &document::Restart, regimens: &mut [Regimen], at: usize, after: usize, new: Restart) {
        let Some(regimen) = regimens.get_mut(at) else { return };
        let name = format!("`{}` of `{}`", regimen.phases.get(after).map_or("", Phase::id), regimen.id());
        let Some(phase) = regimen.phases.get_mut(after) else { return };
        let overlaps = phase
            .restart
            .iter()
            .find(|known| known.to.is_none_or(|to| new.from <= to) && new.to.is_none_or(|to| known.from <= to));
        if let Some(known) = overlaps {
            let message = format!("after {name}: {} overlaps {}", new.words(), known.words());
            self.error(row.days.span(), message, Some("each number of days has one row".to_owned()));
        }
        let place = phase.restart.partition_point(|known| known.from < new.from);
        phase.restart.insert(place, new);
    }

    /// Warns where a delay would meet no row.
    fn holes(&mut self, regimens: &[Regimen], gaps: &[Gap]) {
        for (regimen, row) in regimens.iter().zip(&self.read.regimen) {
            for (phase, written) in regimen.phases.iter().zip(&row.phase) {
                let known_gap =
                    phase.gaps.iter().any(|at| gaps.get(*at).is_some_and(|gap| gap.effect == Some(GapEffect::Restart)));
                if known_gap {
                    continue;
                }
                let after = format!("after `{}` of `{}`", phase.id(), regimen.id());
                let hole = phase.restart.windows(2).find_map(|pair| match pair {
                    [a, b] => a.to.filter(|to| to + 1 < b.from).map(|to| (to + 1, b.from - 1)),
                    _ => None,
                });
                let message = match (hole, phase.restart.last()) {
                    (Some((from, to)), _) => format!("no row covers {from} to {to} days {after}"),
                    (None, Some(last)) => match last.to {
                        Some(to) => format!("no row covers more than {to} days {after}"),
                        None => continue,
                    },
                    (None, None) => format!("no restart row {after}"),
                };
                let help = "such a delay goes to a pharmacist; add a row, or a [[gap]] with effect = \"restart\"";
                self.examined.warn(written.id.span(), message, Some(help.to_owned()));
            }
        }
    }
}

fn is_rejoin(gap: &Gap) -> bool {
    gap.effect == Some(GapEffect::Rejoin)
}
