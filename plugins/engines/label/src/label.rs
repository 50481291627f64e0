//! The checked label: what answers are made from.
//!
//! Everything here was checked by `compile`: references are indexes, rows know the doses they hold for, and nothing
//! is parsed at call time.

use paratope_sdk::criteria::{Check, Rule};
use paratope_sdk::number::{Day, Exact};
use paratope_sdk::product::{self, Anchor, CodeRole, Error, ManageAction, RemsStatus};
use paratope_sdk::words::{Ask, Citation, PhaseKind, Statement};

use crate::document::{Action, Function, GapEffect, Occurrence, Rejoin};
use crate::schedule::Schedule;

/// One edition of a product's label.
#[derive(Debug, Clone)]
pub struct Label {
    pub(crate) product: String,
    pub(crate) brand: String,
    pub(crate) generic_name: String,
    pub(crate) manufacturer: String,
    pub(crate) targets: Vec<String>,
    pub(crate) class: String,
    pub(crate) route: String,
    pub(crate) indications: Vec<Indication>,
    pub(crate) presentations: Vec<Presentation>,
    pub(crate) regimens: Vec<Regimen>,
    pub(crate) medications: Vec<Medication>,
    pub(crate) monitoring: Vec<Monitoring>,
    pub(crate) infusions: Vec<Infusion>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) requirements: Vec<Requirement>,
    pub(crate) toxicities: Vec<Toxicity>,
    pub(crate) kinds: Vec<String>,
    pub(crate) rems: Vec<Rems>,
    pub(crate) codes: Vec<Code>,
    pub(crate) boxed_warnings: Vec<Statement>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) rates: Vec<product::ToxicityRate>,
    pub(crate) gaps: Vec<Gap>,
    /// Rows, for the summary.
    pub(crate) rules: u32,
}

/// A use, with the rules of who may be treated.
#[derive(Debug, Clone)]
pub(crate) struct Indication {
    pub(crate) shown: product::Indication,
    pub(crate) regimens: Vec<usize>,
    pub(crate) criteria: Vec<Rule>,
}

/// A vial.
#[derive(Debug, Clone)]
pub(crate) struct Presentation {
    pub(crate) shown: product::Presentation,
    pub(crate) content: Exact,
}

/// A schedule of doses.
#[derive(Debug, Clone)]
pub(crate) struct Regimen {
    pub(crate) shown: product::Regimen,
    pub(crate) by_calendar: bool,
    pub(crate) baseline_weight: bool,
    pub(crate) phases: Vec<Phase>,
    pub(crate) schedule: Schedule,
    pub(crate) limits: Vec<CycleLimit>,
}

/// How many cycles may be given.
#[derive(Debug, Clone)]
pub(crate) struct CycleLimit {
    pub(crate) cycles: u32,
    pub(crate) when: Option<Condition>,
}

/// A named part of a schedule, with the rows that hold for its doses.
#[derive(Debug, Clone)]
pub(crate) struct Phase {
    pub(crate) shown: product::Phase,
    pub(crate) drug: Option<String>,
    pub(crate) amounts: Vec<Amount>,
    pub(crate) window: Window,
    pub(crate) instead: Option<Instead>,
    /// Days between its planned doses, and the last day of the plan they are planned on.
    pub(crate) every: Option<(i64, Option<i64>)>,
    pub(crate) restart: Vec<Restart>,
    /// Indexes into the label's lists.
    pub(crate) presentations: Vec<usize>,
    pub(crate) medications: Vec<usize>,
    pub(crate) monitoring: Vec<usize>,
    pub(crate) infusions: Vec<usize>,
    pub(crate) tasks: Vec<usize>,
    pub(crate) requirements: Vec<usize>,
    pub(crate) toxicities: Vec<usize>,
    pub(crate) gaps: Vec<usize>,
}

impl Phase {
    pub(crate) fn id(&self) -> &str {
        &self.shown.id
    }

    /// Whether its dose is given once, on the way to full strength.
    pub(crate) fn is_early(&self) -> bool {
        !matches!(self.shown.kind, PhaseKind::Maintenance)
    }
}

/// How much is given, for some weights.
#[derive(Debug, Clone)]
pub(crate) struct Amount {
    pub(crate) weight: Option<Range>,
    pub(crate) rule: AmountRule,
    pub(crate) at_most: Option<Exact>,
    pub(crate) unit: String,
}

/// How an amount is found.
#[derive(Debug, Clone)]
pub(crate) enum AmountRule {
    Fixed(Exact),
    PerKg(Exact),
    PerM2(Exact),
    Banded { per_kg: Option<Exact>, bands: Vec<Band>, citations: Vec<Citation>, unverified: bool },
}

/// One weight band of one column.
#[derive(Debug, Clone)]
pub(crate) struct Band {
    pub(crate) range: Range,
    pub(crate) give: Exact,
}

/// A range of body weight in kilograms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) from: Option<Exact>,
    pub(crate) to: Option<Exact>,
    pub(crate) below: Option<Exact>,
}

impl Range {
    pub(crate) fn contains(&self, kg: Exact) -> bool {
        self.from.is_none_or(|from| from <= kg)
            && self.to.is_none_or(|to| kg <= to)
            && self.below.is_none_or(|below| kg < below)
    }

    pub(crate) fn words(&self) -> String {
        match (self.from, self.to, self.below) {
            (Some(from), Some(to), _) => format!("{from} to {to} kg"),
            (Some(from), None, Some(below)) => format!("{from} to less than {below} kg"),
            (Some(from), None, None) => format!("{from} kg or more"),
            (None, Some(to), _) => format!("{to} kg or less"),
            (None, None, Some(below)) => format!("less than {below} kg"),
            (None, None, None) => "any weight".to_owned(),
        }
    }
}

/// Whole days since the dose before.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window {
    pub(crate) min: Option<i64>,
    pub(crate) usual_max: Option<i64>,
    pub(crate) max: Option<i64>,
    pub(crate) reason: Option<String>,
}

/// A phase that takes the place of another.
#[derive(Debug, Clone)]
pub(crate) struct Instead {
    pub(crate) of: usize,
    pub(crate) every: i64,
    pub(crate) optional: bool,
    pub(crate) when: Condition,
    pub(crate) from_day: Option<i64>,
    pub(crate) after: Option<After>,
}

/// Time spent in phases.
#[derive(Debug, Clone)]
pub(crate) struct After {
    pub(crate) phases: Vec<usize>,
    pub(crate) days: Option<i64>,
    pub(crate) doses: Option<usize>,
}

/// What to do by days since the last dose of one phase.
#[derive(Debug, Clone)]
pub(crate) struct Restart {
    pub(crate) from: i64,
    pub(crate) to: Option<i64>,
    pub(crate) action: Action,
    /// The phase to give, unless the action is to proceed.
    pub(crate) phase: Option<usize>,
    pub(crate) then: Vec<Then>,
    pub(crate) rejoin: Rejoin,
    pub(crate) benefit_risk: bool,
    pub(crate) benefit_risk_when: Option<(i64, Check)>,
    pub(crate) note: Option<String>,
    pub(crate) citations: Vec<Citation>,
}

impl Restart {
    pub(crate) fn covers(&self, days: i64) -> bool {
        self.from <= days && self.to.is_none_or(|to| days <= to)
    }

    pub(crate) fn words(&self) -> String {
        match self.to {
            Some(to) => format!("{} to {to} days", self.from),
            None => format!("{} days or more", self.from),
        }
    }
}

/// A phase after a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Then {
    pub(crate) phase: usize,
    pub(crate) days: Option<i64>,
}

/// A condition on facts.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) text: String,
    pub(crate) all: Vec<Check>,
    pub(crate) any: Vec<Check>,
}

/// The cycles a row holds for. A row without cycles holds for every dose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cycles {
    pub(crate) first: u32,
    pub(crate) last: Option<u32>,
}

impl Cycles {
    pub(crate) fn contains(&self, cycle: u32) -> bool {
        self.first <= cycle && self.last.is_none_or(|last| cycle <= last)
    }
}

/// A drug given around a dose.
#[derive(Debug, Clone)]
pub(crate) struct Medication {
    pub(crate) cycles: Option<Cycles>,
    pub(crate) when: Option<Condition>,
    pub(crate) shown: product::Medication,
}

/// Watching after a dose.
#[derive(Debug, Clone)]
pub(crate) struct Monitoring {
    pub(crate) cycles: Option<Cycles>,
    pub(crate) when: Option<Condition>,
    pub(crate) shown: product::Monitoring,
}

/// Length of an infusion.
#[derive(Debug, Clone)]
pub(crate) struct Infusion {
    pub(crate) cycles: Option<Cycles>,
    pub(crate) when: Option<Condition>,
    /// Hours.
    pub(crate) min: Option<Exact>,
    pub(crate) max: Option<Exact>,
    pub(crate) citations: Vec<Citation>,
}

impl Infusion {
    /// Its length in words.
    pub(crate) fn words(&self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) if min == max => format!("{min} hours"),
            (Some(min), Some(max)) => format!("{min} to {max} hours"),
            (Some(min), None) => format!("at least {min} hours"),
            (None, Some(max)) => format!("at most {max} hours"),
            (None, None) => "a length that is not known".to_owned(),
        }
    }
}

/// An item of the order set.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) cycles: Option<Cycles>,
    pub(crate) shown: Statement,
}

/// What must be true before a dose.
#[derive(Debug, Clone)]
pub(crate) struct Requirement {
    pub(crate) owner: String,
    pub(crate) rems: Option<usize>,
    pub(crate) withholds: bool,
    pub(crate) rule: Rule,
}

/// What to do about a toxicity.
#[derive(Debug, Clone)]
pub(crate) struct Toxicity {
    pub(crate) kind: String,
    pub(crate) grades: Option<Vec<u8>>,
    pub(crate) occurrence: Option<Occurrence>,
    pub(crate) hours: Option<(u32, Option<u32>)>,
    /// It names phases, so the phase of the last dose decides.
    pub(crate) by_phase: bool,
    pub(crate) when: Option<Condition>,
    pub(crate) action: ManageAction,
    pub(crate) text: String,
    pub(crate) resume: Vec<Statement>,
    pub(crate) treatment: Vec<Statement>,
    pub(crate) next_dose: Vec<product::NextDoseChange>,
    pub(crate) guideline: bool,
    pub(crate) citations: Vec<Citation>,
}

/// A risk programme.
#[derive(Debug, Clone)]
pub(crate) struct Rems {
    pub(crate) shown: product::RemsProgram,
    pub(crate) none: bool,
    pub(crate) first: Option<Day>,
    pub(crate) last: Option<Day>,
    pub(crate) confirmed_until: Option<Day>,
}

impl Rems {
    pub(crate) fn status(&self, on: Day) -> RemsStatus {
        if self.none {
            RemsStatus::None
        } else if self.last.is_some_and(|last| last < on) {
            RemsStatus::Ended
        } else if self.first.is_some_and(|first| on < first) {
            RemsStatus::None
        } else if self.confirmed_until.is_some_and(|until| until < on) {
            RemsStatus::Unknown
        } else {
            RemsStatus::InForce
        }
    }
}

/// A billing code.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) shown: product::BillingCode,
    pub(crate) per_unit: Option<Exact>,
    pub(crate) first: Option<Day>,
    pub(crate) last: Option<Day>,
}

impl Code {
    pub(crate) fn is_payable(&self, on: Day) -> bool {
        self.is_dated() && self.first.is_none_or(|first| first <= on) && self.last.is_none_or(|last| on <= last)
    }

    /// Whether the days it is payable on are known.
    pub(crate) fn is_dated(&self) -> bool {
        self.shown.payable.is_some()
    }

    pub(crate) fn is_drug(&self) -> bool {
        matches!(self.shown.role, CodeRole::Drug)
    }
}

/// Something the sources leave open.
#[derive(Debug, Clone)]
pub(crate) struct Gap {
    pub(crate) effect: Option<GapEffect>,
    pub(crate) functions: Vec<Function>,
    pub(crate) cycles: Option<Cycles>,
    pub(crate) toxicity: Vec<String>,
    pub(crate) grades: Vec<u8>,
    pub(crate) ask: Ask,
}

impl Label {
    /// The indication and the regimen of that name.
    pub(crate) fn find(&self, indication: &str, regimen: &str) -> Result<(&Indication, usize, &Regimen), Error> {
        let found = self.indications.iter().find(|known| known.shown.id == indication).ok_or_else(|| {
            let accepted = join(self.indications.iter().map(|known| known.shown.id.as_str()));
            Error::OutsideLabel(format!("indication: the label does not name `{indication}`; accepted: {accepted}"))
        })?;
        let of_it = || join(found.shown.regimens.iter().map(String::as_str));
        let at = self.regimens.iter().position(|known| known.shown.id == regimen).ok_or_else(|| {
            Error::OutsideLabel(format!("regimen: the label does not name `{regimen}`; accepted: {}", of_it()))
        })?;
        match self.regimens.get(at) {
            Some(regimen) if found.regimens.contains(&at) => Ok((found, at, regimen)),
            _ => Err(Error::OutsideLabel(format!(
                "regimen: the label does not give `{regimen}` for `{indication}`; accepted: {}",
                of_it()
            ))),
        }
    }

    /// Gaps with `effect` that concern a phase.
    pub(crate) fn gap(&self, phase: &Phase, effect: GapEffect) -> Option<&Gap> {
        phase.gaps.iter().filter_map(|at| self.gaps.get(*at)).find(|gap| gap.effect == Some(effect))
    }
}

impl Regimen {
    pub(crate) fn id(&self) -> &str {
        &self.shown.id
    }

    pub(crate) fn phase(&self, id: &str) -> Option<usize> {
        self.phases.iter().position(|phase| phase.id() == id)
    }

    pub(crate) fn accepted_phases(&self) -> String {
        join(self.phases.iter().map(Phase::id))
    }
}

/// Names, separated by commas.
pub(crate) fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// The contract's anchor.
impl From<crate::document::Anchor> for Anchor {
    fn from(anchor: crate::document::Anchor) -> Self {
        match anchor {
            crate::document::Anchor::StartOfAdministration => Self::StartOfAdministration,
            crate::document::Anchor::EndOfAdministration => Self::EndOfAdministration,
            crate::document::Anchor::Event => Self::Event,
        }
    }
}
