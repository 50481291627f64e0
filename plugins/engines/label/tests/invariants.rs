//! What holds whatever was given: histories made at random, right and wrong, for every regimen of the tree.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by saying what went wrong")]

use std::fs;
use std::path::Path;

use paratope_label_engine::Labels;
use paratope_sdk::configure::Document;
use paratope_sdk::number;
use paratope_sdk::product::{Error, GivenDose, NextAction, NextDoseRequest, PlanRequest, ProductMonograph, Regimen};
use paratope_sdk::words::Ask;

const PRODUCTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../products");

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Days between doses: usual ones, and both sides of delays.
const GAPS: [i64; 13] = [1, 2, 3, 4, 7, 7, 7, 8, 14, 28, 43, 70, 120];

fn every_label() -> Vec<Labels> {
    let mut all = Vec::new();
    for product in fs::read_dir(PRODUCTS).unwrap() {
        let folder = product.unwrap().path().join("label");
        let documents: Vec<Document> = texts(&folder);
        if !documents.is_empty() {
            all.push(Labels::compile(&documents).unwrap());
        }
    }
    all
}

fn texts(folder: &Path) -> Vec<Document> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .map(|file| Document {
            path: format!("label/{}", file.file_name().to_string_lossy()),
            text: fs::read_to_string(file.path()).unwrap(),
        })
        .collect()
}

fn monograph(labels: &Labels) -> ProductMonograph {
    labels.monograph("2026-12-01").unwrap()
}

fn history(regimen: &Regimen, numbers: &mut Numbers) -> Vec<GivenDose> {
    let mut day = number::day("2026-12-01").unwrap();
    let mut phase = numbers.below(2);
    (0..numbers.below(12))
        .map(|_| {
            day = number::plus(day, GAPS[numbers.below(GAPS.len())]);
            phase = match numbers.below(6) {
                0 => numbers.below(regimen.phases.len()),
                1 => phase,
                _ => (phase + 1).min(regimen.phases.len() - 1),
            };
            let cycle = regimen
                .cycle_days
                .filter(|_| numbers.below(4) == 0)
                .map(|_| 1 + u32::try_from(numbers.below(14)).unwrap());
            GivenDose {
                phase: regimen.phases[phase].id.clone(),
                day: day.to_string(),
                amount: None,
                cycle,
                cycle_day: cycle
                    .filter(|_| numbers.below(2) == 0)
                    .map(|_| 1 + u32::try_from(numbers.below(28)).unwrap()),
            }
        })
        .collect()
}

#[test]
fn a_dose_is_never_early_and_comes_only_with_an_action_that_gives_one() {
    let mut numbers = Numbers(7);
    let mut proceeded = 0;
    for labels in every_label() {
        for indication in monograph(&labels).indications {
            for regimen in monograph(&labels).regimens.iter().filter(|one| indication.regimens.contains(&one.id)) {
                for _ in 0..800 {
                    let history = history(regimen, &mut numbers);
                    let last = history.last().map_or("2026-12-01", |dose| dose.day.as_str());
                    let as_of = number::plus(number::day(last).unwrap(), i64::try_from(numbers.below(130)).unwrap());
                    let request = NextDoseRequest {
                        indication: indication.id.clone(),
                        regimen: regimen.id.clone(),
                        as_of: as_of.to_string(),
                        history,
                        facts: Vec::new(),
                    };
                    let step = match labels.next_dose(&request) {
                        Ok(step) => step,
                        Err(Error::BadRequest(why)) => {
                            assert!(why.starts_with("history["), "{why}");
                            continue;
                        }
                        Err(error) => unreachable!("{error:?} for {request:?}"),
                    };
                    let gives = matches!(step.action, NextAction::Proceed | NextAction::Repeat | NextAction::Restart);
                    assert_eq!(step.dose.is_some(), gives, "{request:?}");
                    assert!(
                        gives
                            || matches!(step.action, NextAction::Wait | NextAction::Finished)
                            || !step.asks.is_empty()
                    );
                    assert!(!step.reason.is_empty());
                    if let Some(dose) = step.dose {
                        assert_eq!(dose.day, request.as_of);
                        assert!(dose.window.earliest <= dose.day, "{request:?}");
                        assert!(dose.window.earliest <= dose.window.latest, "{request:?}");
                        assert!(!dose.citations.is_empty() && !step.citations.is_empty());
                    }
                    if step.action == NextAction::Wait {
                        assert!(step.due.unwrap() > request.as_of, "{request:?}");
                    }
                    if step.action == NextAction::Proceed {
                        proceeded += 1;
                    }
                }
            }
        }
    }
    assert!(proceeded > 500, "the histories are worth asking about: {proceeded}");
}

#[test]
fn a_course_given_as_planned_is_what_the_next_dose_asks_for() {
    let (mut compared, mut asked) = (0, 0);
    for labels in every_label() {
        for indication in monograph(&labels).indications {
            for regimen in &indication.regimens {
                let request = PlanRequest {
                    indication: indication.id.clone(),
                    regimen: regimen.clone(),
                    start: "2026-12-01".to_owned(),
                    doses: 40,
                    facts: Vec::new(),
                };
                let plan = labels.plan(&request).unwrap();
                let mut history: Vec<GivenDose> = Vec::new();
                for dose in &plan.doses {
                    let step = labels
                        .next_dose(&NextDoseRequest {
                            indication: indication.id.clone(),
                            regimen: regimen.clone(),
                            as_of: dose.day.clone(),
                            history: history.clone(),
                            facts: Vec::new(),
                        })
                        .unwrap();
                    // A plan goes on as if nothing were known; from here on what is known of the patient decides.
                    let decides = |ask: &Ask| matches!(ask.topic.as_str(), "schedule" | "cycles");
                    if step.action == NextAction::AskPharmacist && step.asks.iter().any(decides) {
                        asked += 1;
                        break;
                    }
                    assert_eq!(step.action, NextAction::Proceed, "{regimen} dose {}: {}", dose.number, step.reason);
                    compared += 1;
                    let told = step.dose.unwrap();
                    assert_eq!(
                        (told.number, &told.phase, told.cycle, told.cycle_day),
                        (dose.number, &dose.phase, dose.cycle, dose.cycle_day),
                        "{regimen}"
                    );
                    history.push(GivenDose {
                        phase: dose.phase.clone(),
                        day: dose.day.clone(),
                        amount: None,
                        cycle: None,
                        cycle_day: None,
                    });
                }
            }
        }
    }
    assert!(compared > 500 && asked < 10, "{compared} doses were compared, {asked} courses ended in a question");
}
