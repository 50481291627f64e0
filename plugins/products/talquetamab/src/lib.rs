//! Talquetamab: the label engine as a library, and one rule that a document cannot say.
//!
//! The label gives two schedules, weekly and every two weeks, as a choice at the start. A label document knows each
//! of them; it does not know that a course begun on one was continued on the other. That change is in no US text that
//! was read (the EU text lets weekly responders change), so [`Talquetamab`] notices it and asks a pharmacist, where
//! the engine alone would refuse the history or count it wrongly.
//!
//! The documents are embedded and compiled at the first call of an instance. The host starts a fresh instance for
//! each call, so every call pays for that: some milliseconds, which a document plugin, compiled before its snapshot
//! is taken, does not.

use std::sync::OnceLock;

use paratope_label_engine::Labels;
use paratope_sdk::configure::{Diagnostic, Document};
use paratope_sdk::product::{
    DoseRequirements, Error, GivenDose, ManageRequest, Management, NextAction, NextDoseRequest, NextStep, PlanRequest,
    Product, ProductMonograph, RequirementsRequest, TreatmentPlan,
};
use paratope_sdk::words::{Ask, Need};

/// The editions, embedded: path and text.
const EDITIONS: &[(&str, &str)] = &[("label/2023-08-09.toml", include_str!("../label/2023-08-09.toml"))];

/// The plugin.
#[derive(Debug)]
pub struct Talquetamab;

impl Product for Talquetamab {
    fn monograph(as_of: String) -> Result<ProductMonograph, Error> {
        labels()?.monograph(&as_of)
    }

    fn plan(request: PlanRequest) -> Result<TreatmentPlan, Error> {
        labels()?.plan(&request)
    }

    fn next_dose(request: NextDoseRequest) -> Result<NextStep, Error> {
        let Some(change) = Change::of(&request) else { return labels()?.next_dose(&request) };
        let translated = NextDoseRequest { history: change.translated(&request.history), ..request };
        let step = labels()?.next_dose(&translated)?;
        Ok(change.asked(step))
    }

    fn manage(request: ManageRequest) -> Result<Management, Error> {
        labels()?.manage(&request)
    }

    fn requirements(request: RequirementsRequest) -> Result<DoseRequirements, Error> {
        labels()?.requirements(&request)
    }
}

#[cfg(target_family = "wasm")]
paratope_sdk::register_product!(Talquetamab);

// ---------------------------------------------------------------- the schedules

/// One of the two schedules of the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Schedule {
    /// 0.4 mg/kg every week, after two step-up doses.
    Weekly,
    /// 0.8 mg/kg every two weeks, after three.
    EveryTwoWeeks,
}

impl Schedule {
    fn named(regimen: &str) -> Option<Self> {
        match regimen {
            "weekly" => Some(Self::Weekly),
            "every-2-weeks" => Some(Self::EveryTwoWeeks),
            _ => None,
        }
    }

    /// The schedule that a dose can only belong to, when there is one.
    fn of(dose: &GivenDose) -> Option<Self> {
        match dose.phase.as_str() {
            "weekly" => Some(Self::Weekly),
            "step-up-3" | "biweekly" => Some(Self::EveryTwoWeeks),
            _ => None,
        }
    }

    fn maintenance(self) -> &'static str {
        match self {
            Self::Weekly => "weekly",
            Self::EveryTwoWeeks => "biweekly",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Weekly => "0.4 mg/kg every week",
            Self::EveryTwoWeeks => "0.8 mg/kg every two weeks",
        }
    }
}

// ---------------------------------------------------------------- the rule

/// A course that was begun on one schedule and is asked about on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    from: Schedule,
    to: Schedule,
    /// The dose that shows it, from 0.
    at: usize,
}

impl Change {
    /// The change in a request, when there is one: a dose that belongs to the other schedule only, or, every two
    /// weeks, a first treatment dose without the third step-up dose before it, which is the weekly one of 0.4 mg/kg.
    fn of(request: &NextDoseRequest) -> Option<Self> {
        let to = Schedule::named(&request.regimen)?;
        let mut third_step = false;
        for (at, dose) in request.history.iter().enumerate() {
            match Schedule::of(dose) {
                Some(from) if from != to => return Some(Self { from, to, at }),
                _ => {}
            }
            match dose.phase.as_str() {
                "step-up-1" | "step-up-2" => third_step = false,
                "step-up-3" => third_step = true,
                "first-full" if to == Schedule::EveryTwoWeeks && !third_step && follows_step_up_2(request, at) => {
                    return Some(Self { from: Schedule::Weekly, to, at });
                }
                _ => {}
            }
        }
        None
    }

    /// The history in the words of the schedule asked about, so that the engine checks its days and amounts.
    fn translated(&self, history: &[GivenDose]) -> Vec<GivenDose> {
        history
            .iter()
            .map(|dose| {
                let phase = match Schedule::of(dose) {
                    Some(from) if from != self.to && dose.phase == "step-up-3" => "first-full",
                    Some(from) if from != self.to => self.to.maintenance(),
                    _ => dose.phase.as_str(),
                };
                GivenDose { phase: phase.to_owned(), ..dose.clone() }
            })
            .collect()
    }

    /// The engine's answer, with the schedule left to a person.
    fn asked(&self, step: NextStep) -> NextStep {
        let reason = format!(
            "the course was given as {} (dose {}) and is asked about as {}: the US label offers the two as a choice at \
             the start and says nothing of changing between them",
            self.from.words(),
            self.at + 1,
            self.to.words()
        );
        let need = Need { fact: "pharmacist".to_owned(), reason: "which schedule the course is on".to_owned() };
        let mut asks = vec![Ask { topic: "schedule".to_owned(), reason: reason.clone(), needs: vec![need] }];
        if step.action == NextAction::AskPharmacist {
            asks.extend(step.asks);
        }
        NextStep {
            action: NextAction::AskPharmacist,
            dose: None,
            due: None,
            then: Vec::new(),
            benefit_risk: false,
            reason,
            asks,
            ..step
        }
    }
}

/// Whether the dose at `at` comes straight after a step-up dose 2.
fn follows_step_up_2(request: &NextDoseRequest, at: usize) -> bool {
    at.checked_sub(1).and_then(|before| request.history.get(before)).is_some_and(|dose| dose.phase == "step-up-2")
}

// ---------------------------------------------------------------- the label

/// The compiled label of this instance.
fn labels() -> Result<&'static Labels, Error> {
    static LABELS: OnceLock<Result<Labels, Vec<Diagnostic>>> = OnceLock::new();
    let compiled = LABELS.get_or_init(|| {
        let documents: Vec<Document> = EDITIONS
            .iter()
            .map(|(path, text)| Document { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        Labels::compile(&documents)
    });
    compiled.as_ref().map_err(|found| {
        let first = found.first().map(|one| format!("{}:{}: {}", one.path, one.line, one.message));
        Error::Other(format!("the label does not compile: {}", first.unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(phase: &str, day: &str) -> GivenDose {
        GivenDose { phase: phase.to_owned(), day: day.to_owned(), amount: None, cycle: None, cycle_day: None }
    }

    fn request(regimen: &str, history: &[(&str, &str)], as_of: &str) -> NextDoseRequest {
        NextDoseRequest {
            indication: "rrmm-monotherapy".to_owned(),
            regimen: regimen.to_owned(),
            as_of: as_of.to_owned(),
            history: history.iter().map(|(phase, day)| given(phase, day)).collect(),
            facts: Vec::new(),
        }
    }

    const STEPS: [(&str, &str); 3] =
        [("step-up-1", "2026-06-01"), ("step-up-2", "2026-06-04"), ("first-full", "2026-06-07")];

    #[test]
    fn a_course_on_one_schedule_is_the_engines() {
        let step = Talquetamab::next_dose(request("weekly", &STEPS, "2026-06-14")).unwrap();
        assert_eq!(step.action, NextAction::Proceed);
        assert_eq!(step.dose.unwrap().phase, "weekly");
    }

    #[test]
    fn weekly_doses_are_not_continued_every_two_weeks() {
        let history = [STEPS.as_slice(), &[("weekly", "2026-06-14")]].concat();
        let step = Talquetamab::next_dose(request("every-2-weeks", &history, "2026-06-28")).unwrap();
        assert_eq!(step.action, NextAction::AskPharmacist);
        assert_eq!(step.days_since_last, Some(14));
        assert!(step.reason.contains("0.4 mg/kg every week (dose 3)"), "{}", step.reason);
    }

    #[test]
    fn a_first_dose_of_0_4_mg_per_kg_belongs_to_the_weekly_schedule() {
        let step = Talquetamab::next_dose(request("every-2-weeks", &STEPS, "2026-06-21")).unwrap();
        assert_eq!(step.action, NextAction::AskPharmacist);
    }

    #[test]
    fn doses_every_two_weeks_are_not_continued_weekly() {
        let history = [
            ("step-up-1", "2026-06-01"),
            ("step-up-2", "2026-06-04"),
            ("step-up-3", "2026-06-07"),
            ("first-full", "2026-06-10"),
        ];
        let step = Talquetamab::next_dose(request("weekly", &history, "2026-06-17")).unwrap();
        assert_eq!(step.action, NextAction::AskPharmacist);
        let step = Talquetamab::next_dose(request("every-2-weeks", &history, "2026-06-24")).unwrap();
        assert_eq!(step.action, NextAction::Proceed);
    }

    #[test]
    fn days_are_checked_before_anything_else() {
        let history = [("weekly", "2026-06-14"), ("biweekly", "2026-06-07")];
        let error = Talquetamab::next_dose(request("weekly", &history, "2026-06-28")).unwrap_err();
        assert!(matches!(error, Error::BadRequest(why) if why.starts_with("history[1].day")));
    }
}
