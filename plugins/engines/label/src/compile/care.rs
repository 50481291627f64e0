//! Rows about care: drugs, watching, tasks, requirements and toxicity.

use std::collections::BTreeSet;

use paratope_sdk::criteria;
use paratope_sdk::facts;
use paratope_sdk::number;
use paratope_sdk::product::{self, ManageAction};
use paratope_sdk::words::{PhaseKind, Statement};

use super::{Compiler, is_guideline, phases_of};
use crate::document::{self, GapEffect};
use crate::label::{Gap, Infusion, Medication, Monitoring, Phase, Regimen, Requirement, Task, Toxicity};

/// Kinds of toxicity every label may be asked about.
const KINDS: &[&str] = &[
    "crs",
    "icans",
    "neurologic",
    "infection",
    "neutropenia",
    "febrile-neutropenia",
    "anemia",
    "thrombocytopenia",
    "hepatotoxicity",
    "infusion-reaction",
    "ild",
    "injection-reaction",
    "skin",
    "thromboembolism",
    "cardiac",
    "seizure",
    "interruption",
    "other",
];

/// Kinds of toxicity whose every grade from 1 to 4 a label speaks of.
const GRADED: &[&str] = &["crs", "icans"];

impl Compiler<'_, '_> {
    pub(super) fn medications(&mut self, regimens: &mut [Regimen]) -> Vec<Medication> {
        let read = self.read;
        let mut rows = Vec::new();
        for (at, row) in read.medication.iter().enumerate() {
            self.one_of(&row.need, "a need", &["required", "as-needed", "consider"]);
            let backwards = row.minutes_before_min.zip(row.minutes_before_max).is_some_and(|(min, max)| max < min);
            if backwards {
                self.error(row.need.span(), format!("`{}`: at most is less than at least", row.drug), None);
            }
            if row.days_after == Some(0) {
                self.error(
                    row.need.span(),
                    format!("`{}`: without a day after the dose, leave `days-after` out", row.drug),
                    None,
                );
            }
            let cycles = self.place(&row.applies, regimens, |phase| phase.medications.push(at));
            rows.push(Medication {
                cycles,
                when: row.when.as_ref().map(|when| self.condition(when)),
                shown: product::Medication {
                    drug: row.drug.clone(),
                    text: row.text.clone(),
                    need: row.need.get_ref().clone(),
                    minutes_before_min: row.minutes_before_min,
                    minutes_before_max: row.minutes_before_max,
                    days_after: row.days_after,
                    citations: self.cite(&row.cite),
                },
            });
        }
        rows
    }

    pub(super) fn monitoring(&mut self, regimens: &mut [Regimen]) -> Vec<Monitoring> {
        let read = self.read;
        let settings =
            ["hospital", "healthcare-setting", "proximity", "observation", "ambulatory", "clinician-judgement"];
        let mut rows = Vec::new();
        for (at, row) in read.monitoring.iter().enumerate() {
            self.one_of(&row.setting, "a setting", &settings);
            if row.hours_min.zip(row.hours_max).is_some_and(|(min, max)| max < min) {
                self.error(row.setting.span(), "at most is less than at least", None);
            }
            let cycles = self.place(&row.applies, regimens, |phase| phase.monitoring.push(at));
            rows.push(Monitoring {
                cycles,
                when: row.when.as_ref().map(|when| self.condition(when)),
                shown: product::Monitoring {
                    setting: row.setting.get_ref().clone(),
                    hours_min: row.hours_min.and_then(|hours| number::decimal(hours.0)),
                    hours_max: row.hours_max.and_then(|hours| number::decimal(hours.0)),
                    anchor: row.anchor.into(),
                    text: row.text.clone(),
                    citations: self.cite(&row.cite),
                },
            });
        }
        rows
    }

    pub(super) fn infusions(&mut self, regimens: &mut [Regimen]) -> Vec<Infusion> {
        let read = self.read;
        let mut rows = Vec::new();
        for (at, row) in read.infusion.iter().enumerate() {
            let span = row.cite.source.span();
            let (min, max) = (row.hours.or(row.hours_min), row.hours.or(row.hours_max));
            if min.is_none() && max.is_none() {
                self.error(span, "an infusion has a length", Some("add hours, hours-min or hours-max".to_owned()));
            } else if row.hours.is_some() && (row.hours_min.is_some() || row.hours_max.is_some()) {
                self.error(span, "hours is one length, hours-min and hours-max are a range", None);
            } else if min.zip(max).is_some_and(|(min, max)| max < min) {
                self.error(span, "at most is less than at least", None);
            }
            let cycles = self.place(&row.applies, regimens, |phase| phase.infusions.push(at));
            rows.push(Infusion {
                cycles,
                when: row.when.as_ref().map(|when| self.condition(when)),
                min: min.map(|hours| hours.0),
                max: max.map(|hours| hours.0),
                citations: self.cite(&row.cite),
            });
        }
        rows
    }

    pub(super) fn tasks(&mut self, regimens: &mut [Regimen]) -> Vec<Task> {
        let read = self.read;
        let mut rows = Vec::new();
        for (at, row) in read.task.iter().enumerate() {
            let cycles = self.place(&row.applies, regimens, |phase| phase.tasks.push(at));
            let citations = self.cite(&row.cite);
            rows.push(Task { cycles, shown: Statement { code: row.code.clone(), text: row.text.clone(), citations } });
        }
        rows
    }

    /// The requirements, and the ids they use.
    pub(super) fn requirements(&mut self, regimens: &mut [Regimen]) -> (Vec<Requirement>, BTreeSet<String>) {
        let read = self.read;
        let owners = ["pharmacist", "prescriber", "nurse", "access", "site"];
        let mut seen = BTreeSet::new();
        let mut rows = Vec::new();
        for row in &read.requirement {
            self.one_of(&row.owner, "a role", &owners);
            let rems = row.rems.as_ref().and_then(|name| {
                let found = read.rems.iter().position(|rems| rems.name.get_ref() == name.get_ref());
                if found.is_none() {
                    let known: Vec<&str> = read.rems.iter().map(|rems| rems.name.get_ref().as_str()).collect();
                    self.error(name.span(), format!("no such REMS: `{}`", name.get_ref()), super::accepted(&known));
                }
                found
            });
            if row.applies.cycles.is_some() {
                let message = format!("`{}`: a requirement is asked of a phase", row.criterion.id.get_ref());
                self.error(row.criterion.id.span(), message, Some("leave out `cycles`".to_owned()));
            }
            let one = std::slice::from_ref(&row.criterion);
            let rule = criteria::compile_beside(one, &read.sources, &self.edition, &mut seen, self.examined).pop();
            let at = rows.len();
            self.place(&row.applies, regimens, |phase| phase.requirements.push(at));
            if let Some(rule) = rule {
                rows.push(Requirement { owner: row.owner.get_ref().clone(), rems, withholds: row.withholds, rule });
            }
        }
        (rows, seen)
    }

    pub(super) fn toxicities(&mut self, regimens: &mut [Regimen]) -> Vec<Toxicity> {
        let read = self.read;
        let mut rows = Vec::new();
        for (at, row) in read.toxicity.iter().enumerate() {
            self.slug(&row.kind, "kind of toxicity");
            if let Some(grades) = &row.grades
                && (grades.get_ref().is_empty() || grades.get_ref().iter().any(|grade| !(1..=5).contains(grade)))
            {
                self.error(grades.span(), "grades run from 1 to 5", None);
            }
            if row.applies.cycles.is_some() {
                self.error(row.kind.span(), "a toxicity row does not depend on cycles", None);
            }
            self.place(&row.applies, regimens, |phase| phase.toxicities.push(at));
            let citations = self.cite(&row.cite);
            let hours = row.hours.map(|hours| {
                let from = hours.from.or_else(|| hours.above.map(|above| above.saturating_add(1))).unwrap_or(0);
                let to = hours.to.or_else(|| hours.below.map(|below| below.saturating_sub(1)));
                (from, to)
            });
            let codes = ["premedicate", "hospital", "monitor", "reduce", "rate", "schedule"];
            let mut next_dose = Vec::new();
            for change in &row.next_dose {
                self.one_of(&change.code, "a change of the next dose", &codes);
                next_dose.push(product::NextDoseChange {
                    code: change.code.get_ref().clone(),
                    hours_min: change.hours_min.and_then(|hours| number::decimal(hours.0)),
                    anchor: change.anchor.map(Into::into),
                    text: change.text.clone(),
                    citations: change.cite.as_ref().map_or_else(|| citations.clone(), |cite| self.cite(cite)),
                });
            }
            rows.push(Toxicity {
                kind: row.kind.get_ref().clone(),
                grades: row.grades.as_ref().map(|grades| grades.get_ref().clone()),
                occurrence: row.occurrence,
                hours,
                by_phase: row.applies.phases.is_some(),
                when: row.when.as_ref().map(|when| self.condition(when)),
                action: action(row.action),
                text: row.text.clone(),
                resume: self.lines(&row.resume, Some(&citations)),
                treatment: self.lines(&row.treatment, Some(&citations)),
                next_dose,
                guideline: is_guideline(&citations),
                citations,
            });
        }
        rows
    }

    /// Warns of a kind that looks misspelt, and of grades that no row covers.
    pub(super) fn silent_grades(&mut self, regimens: &[Regimen], toxicities: &[Toxicity], gaps: &[Gap]) {
        for row in &self.read.toxicity {
            let kind = row.kind.get_ref();
            let near = KINDS.iter().min_by_key(|known| facts::distance(known, kind)).copied().unwrap_or_default();
            if (1..=2).contains(&facts::distance(near, kind)) {
                let message = format!("`{kind}` is a kind of toxicity of its own; did you mean `{near}`?");
                self.examined.warn(row.kind.span(), message, None);
            }
        }
        for kind in GRADED {
            let Some(first) = self.read.toxicity.iter().find(|row| row.kind.get_ref() == kind) else { continue };
            let silent = regimens.iter().find_map(|regimen| {
                regimen.phases.iter().filter(|phase| phase.shown.kind != PhaseKind::Pretreatment).find_map(|phase| {
                    let grade = (1..=4).find(|grade| !is_covered(phase, kind, *grade, toxicities, gaps))?;
                    Some(format!("no row covers {kind} of grade {grade} after `{}` of `{}`", phase.id(), regimen.id()))
                })
            });
            if let Some(message) = silent {
                let help = "such an event goes to a pharmacist; add a row, or a [[gap]] with effect = \"manage\"";
                self.examined.warn(first.kind.span(), message, Some(help.to_owned()));
            }
        }
    }

    /// Kinds of toxicity that may be asked about.
    pub(super) fn kinds(&mut self) -> Vec<String> {
        let mut kinds: Vec<String> = KINDS.iter().map(|kind| (*kind).to_owned()).collect();
        for row in &self.read.toxicity {
            if !kinds.contains(row.kind.get_ref()) {
                kinds.push(row.kind.get_ref().clone());
            }
        }
        kinds
    }

    /// Puts a row where its doses are; its cycles.
    fn place(
        &mut self,
        applies: &document::Applies,
        regimens: &mut [Regimen],
        put: impl FnMut(&mut Phase),
    ) -> Option<crate::label::Cycles> {
        self.count(1);
        let doses = self.doses(applies, regimens);
        phases_of(regimens, &doses.pairs).for_each(put);
        doses.cycles
    }
}

/// Whether a row of the label, or a gap, speaks of an event after a phase.
fn is_covered(phase: &Phase, kind: &str, grade: u8, toxicities: &[Toxicity], gaps: &[Gap]) -> bool {
    let mut rows = phase.toxicities.iter().filter_map(|at| toxicities.get(*at));
    let mut open = phase.gaps.iter().filter_map(|at| gaps.get(*at));
    rows.any(|row| {
        row.kind == kind && !row.guideline && row.grades.as_ref().is_none_or(|grades| grades.contains(&grade))
    }) || open.any(|gap| {
        (gap.effect == Some(GapEffect::Manage) || gap.functions.contains(&document::Function::Manage))
            && (gap.toxicity.is_empty() || gap.toxicity.iter().any(|of| of == kind))
            && (gap.grades.is_empty() || gap.grades.contains(&grade))
    })
}

fn action(action: document::ManageAction) -> ManageAction {
    match action {
        document::ManageAction::ContinueTreatment => ManageAction::ContinueTreatment,
        document::ManageAction::Hold => ManageAction::Hold,
        document::ManageAction::ConsiderDiscontinuation => ManageAction::ConsiderDiscontinuation,
        document::ManageAction::Discontinue => ManageAction::Discontinue,
    }
}
