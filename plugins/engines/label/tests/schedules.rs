//! Schedules that the products in the tree do not have: the document must be able to say them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by saying what went wrong")]

use paratope_label_engine::Labels;
use paratope_sdk::configure::Document;
use paratope_sdk::product::{Amount, GivenDose, NextAction, NextDoseRequest, NextStep, PlanRequest, TreatmentPlan};
use paratope_sdk::words::{Decimal, Fact, FactValue, Quantity};

const HEAD: &str = r#"product = "exemplimab"
edition = "2026-01-01"
title = "EXEMPLA"
identity = { brand = "EXEMPLA", generic-name = "exemplimab-abcd", manufacturer = "Example", targets = ["CD3"], class = "example", route = "intravenous", cite = { source = ["pi"], confidence = "sourced" } }

[sources.pi]
title = "EXEMPLA prescribing information"
basis = "label"

[[indication]]
id = "example"
text = "An example"
regimens = ["it"]
approval = "regular"
cite = { source = ["pi"], confidence = "sourced" }
"#;

fn labels(rest: &str) -> Labels {
    let rest = rest.replace("CITE", "cite = { source = [\"pi\"], confidence = \"sourced\" }");
    let text = format!("{HEAD}{rest}");
    Labels::compile(&[Document { path: "label/2026-01-01.toml".to_owned(), text }]).unwrap()
}

fn plan(labels: &Labels, doses: u32, facts: Vec<Fact>) -> TreatmentPlan {
    let request = PlanRequest {
        indication: "example".to_owned(),
        regimen: "it".to_owned(),
        start: "2026-01-05".to_owned(),
        doses,
        facts,
    };
    labels.plan(&request).unwrap()
}

fn next(labels: &Labels, history: &[(&str, &str)], as_of: &str, facts: Vec<Fact>) -> NextStep {
    let history = history
        .iter()
        .map(|(phase, day)| GivenDose {
            phase: (*phase).to_owned(),
            day: (*day).to_owned(),
            amount: None,
            cycle: None,
            cycle_day: None,
        })
        .collect();
    let request = NextDoseRequest {
        indication: "example".to_owned(),
        regimen: "it".to_owned(),
        as_of: as_of.to_owned(),
        history,
        facts,
    };
    labels.next_dose(&request).unwrap()
}

fn kg(kilograms: i64, on: &str) -> Fact {
    let value = Quantity { value: Decimal { units: kilograms, scale: 0 }, unit: "kg".to_owned() };
    Fact {
        code: "body-weight".to_owned(),
        value: FactValue::Quantity(value),
        observed_on: Some(on.to_owned()),
        source: None,
    }
}

fn said(plan: &TreatmentPlan) -> Vec<(u32, &str, String)> {
    plan.doses.iter().map(|dose| (dose.cycle_day, dose.phase.as_str(), told(&dose.amount))).collect()
}

fn told(amount: &Amount) -> String {
    match amount {
        Amount::Exact(exact) => {
            let scale = usize::from(exact.value.scale);
            format!("{:.scale$} {}", exact.value.units as f64 / 10_f64.powi(i32::from(exact.value.scale)), exact.unit)
        }
        Amount::Unknown(needs) => format!("unknown: {}", needs[0].fact),
    }
}

/// A first dose split over two days, then weeks, by bands of the weight at the start.
const SPLIT: &str = r#"
[[bands]]
id = "weight"
unit = "mg"
columns = ["day-1", "day-2", "later"]
rows = [{ below = 80, give = [350, 700, 1050] }, { from = 80, give = [350, 1050, 1400] }]
CITE

[[regimen]]
id = "it"
text = "Split first dose"
until = "progression"
weight = "baseline"
phase = [
  { id = "first-day-1", kind = "step-up", text = "Week 1 day 1", at = { days = [1] }, amount = { unit = "mg", bands = "weight", column = "day-1" } },
  { id = "first-day-2", kind = "first-full", text = "Week 1 day 2", at = { days = [2] }, amount = { unit = "mg", bands = "weight", column = "day-2" } },
  { id = "weekly", kind = "maintenance", text = "Weeks 2 to 4", at = { every = 7, from-day = 8, to-day = 28 }, amount = { unit = "mg", bands = "weight", column = "later" } },
  { id = "biweekly", kind = "maintenance", text = "From week 5", at = { every = 14, from-day = 29 }, amount = { unit = "mg", bands = "weight", column = "later" } },
]
CITE
"#;

#[test]
fn a_first_dose_may_be_split_over_two_days() {
    let plan = plan(&labels(SPLIT), 7, vec![kg(80, "2026-01-05")]);
    let expected = [
        (1, "first-day-1", "350 mg"),
        (2, "first-day-2", "1050 mg"),
        (8, "weekly", "1400 mg"),
        (15, "weekly", "1400 mg"),
        (22, "weekly", "1400 mg"),
        (29, "biweekly", "1400 mg"),
        (43, "biweekly", "1400 mg"),
    ];
    let expected: Vec<_> = expected.map(|(day, phase, amount)| (day, phase, amount.to_owned())).into();
    assert_eq!(said(&plan), expected);
}

#[test]
fn the_weight_at_the_start_decides_where_the_label_says_so() {
    let history = [("first-day-1", "2026-01-05"), ("first-day-2", "2026-01-06"), ("weekly", "2026-01-12")];
    let facts = vec![kg(79, "2026-01-05"), kg(85, "2026-01-19")];
    let step = next(&labels(SPLIT), &history, "2026-01-19", facts);
    assert_eq!(told(&step.dose.unwrap().amount), "1050 mg");
}

/// Another drug first, a fixed end, and a delay that gives the other drug again.
const PRETREATED: &str = r#"
[[regimen]]
id = "it"
text = "After pretreatment, in 21-day cycles"
cycle-days = 21
until = "12 cycles"
cycle-limit = [{ cycles = 12 }]
phase = [
  { id = "pretreatment", kind = "pretreatment", drug = "obinutuzumab", text = "Cycle 1 day 1", at = { cycles = "1", days = [1] }, amount = { fixed = 1000, unit = "mg" } },
  { id = "step-up-1", kind = "step-up", text = "Cycle 1 day 8", at = { cycles = "1", days = [8] }, amount = { fixed = "2.5", unit = "mg" } },
  { id = "step-up-2", kind = "step-up", text = "Cycle 1 day 15", at = { cycles = "1", days = [15] }, amount = { fixed = 10, unit = "mg" } },
  { id = "first-full", kind = "first-full", text = "Cycle 2", at = { cycles = "2", days = [1] }, amount = { fixed = 30, unit = "mg" } },
  { id = "full", kind = "maintenance", text = "Cycles 3 to 12", at = { cycles = "3-12", days = [1] }, amount = { fixed = 30, unit = "mg" } },
]
CITE

[[restart]]
after = ["full"]
days = { from = 0, to = 42 }
action = "proceed"
CITE

[[restart]]
after = ["full"]
days = { from = 43 }
action = "restart"
phase = "pretreatment"
rejoin = "next-cycle"
CITE
"#;

#[test]
fn another_drug_may_come_first_and_come_again() {
    let labels = labels(PRETREATED);
    let plan = plan(&labels, 200, Vec::new());
    assert_eq!(plan.doses.len(), 14);
    assert_eq!(plan.doses[0].drug, "obinutuzumab");
    assert_eq!(plan.doses[13].cycle, Some(12));
    let given = [
        ("pretreatment", "2026-01-05"),
        ("step-up-1", "2026-01-12"),
        ("step-up-2", "2026-01-19"),
        ("first-full", "2026-01-26"),
        ("full", "2026-02-16"),
    ];
    let step = next(&labels, &given, "2026-03-31", Vec::new());
    assert_eq!((step.action, step.dose.unwrap().drug.as_str()), (NextAction::Restart, "obinutuzumab"));
    assert_eq!(step.then, ["step-up-1", "step-up-2", "first-full", "full"]);
}

/// A top dose given twice, then a smaller one; a delay climbs again inside a later cycle.
const FALLING: &str = r#"
[[regimen]]
id = "it"
text = "Falling"
cycle-days = 21
until = "8 cycles, or 17 in partial response or stable disease"
cycle-limit = [
  { cycles = 8 },
  { cycles = 17, when = { text = "the response is partial or stable", all = [{ fact = "response", one-of = ["partial", "stable"] }] } },
]
phase = [
  { id = "step-up-1", kind = "step-up", text = "1", at = { cycles = "1", days = [1] }, amount = { fixed = 1, unit = "mg" } },
  { id = "step-up-2", kind = "step-up", text = "2", at = { cycles = "1", days = [8] }, amount = { fixed = 2, unit = "mg" } },
  { id = "loading-1", kind = "first-full", text = "60", at = { cycles = "1", days = [15] }, amount = { fixed = 60, unit = "mg" } },
  { id = "loading-2", kind = "maintenance", text = "60", at = { cycles = "2", days = [1] }, amount = { fixed = 60, unit = "mg" } },
  { id = "full", kind = "maintenance", text = "30", at = { cycles = "3-17", days = [1] }, amount = { fixed = 30, unit = "mg" } },
]
CITE

[[restart]]
after = ["loading-1"]
days = { from = 42 }
action = "restart"
phase = "step-up-1"
then = [{ phase = "step-up-2", days = 7 }, { phase = "loading-2", days = 7 }]
CITE
"#;

#[test]
fn a_delay_may_climb_again_inside_a_later_cycle() {
    let given = [("step-up-1", "2026-01-05"), ("step-up-2", "2026-01-12"), ("loading-1", "2026-01-19")];
    let labels = labels(FALLING);
    let step = next(&labels, &given, "2026-03-02", Vec::new());
    assert_eq!(step.days_since_last, Some(42));
    assert_eq!(step.then, ["step-up-2", "loading-2", "full"]);
    let step = next(&labels, &given, "2026-03-01", Vec::new());
    assert_eq!(step.action, NextAction::AskPharmacist, "41 days have no row here");
}

#[test]
fn a_limit_of_cycles_may_depend_on_the_response() {
    let labels = labels(FALLING);
    assert_eq!(plan(&labels, 200, Vec::new()).doses.len(), 10);
    let mut given = vec![("step-up-1", "2026-01-05".to_owned()), ("step-up-2", "2026-01-12".to_owned())];
    given.push(("loading-1", "2026-01-19".to_owned()));
    given.push(("loading-2", "2026-01-26".to_owned()));
    for day in ["2026-02-16", "2026-03-09", "2026-03-30", "2026-04-20", "2026-05-11", "2026-06-01"] {
        given.push(("full", day.to_owned()));
    }
    let given: Vec<(&str, &str)> = given.iter().map(|(phase, day)| (*phase, day.as_str())).collect();
    let response = |code: &str| Fact {
        code: "response".to_owned(),
        value: FactValue::Code(code.to_owned()),
        observed_on: None,
        source: None,
    };
    let on = |facts| next(&labels, &given, "2026-06-22", facts).action;
    assert_eq!(on(vec![response("complete")]), NextAction::Finished);
    assert_eq!(on(vec![response("partial")]), NextAction::Proceed);
    assert_eq!(on(Vec::new()), NextAction::AskPharmacist);
}

/// A change of interval that the response decides, and that the label asks for.
const RESPONDING: &str = r#"
[[regimen]]
id = "it"
text = "Every week, every two weeks in response"
until = "progression"
phase = [
  { id = "first", kind = "first-full", text = "First", at = { days = [1] }, amount = { fixed = 76, unit = "mg" } },
  { id = "weekly", kind = "maintenance", text = "Every week", at = { every = 7, from-day = 8 }, amount = { fixed = 76, unit = "mg" } },
  { id = "biweekly", kind = "maintenance", text = "Every two weeks", instead = { of = "weekly", every = 14, from-day = 22, when = { text = "the response is partial or better", all = [{ fact = "response", one-of = ["partial", "complete"] }] } }, amount = { fixed = 76, unit = "mg" } },
  { id = "every-4-weeks", kind = "maintenance", text = "Every four weeks", instead = { of = "biweekly", every = 28, after = { phases = ["biweekly"], doses = 2 }, when = { text = "the response is complete", all = [{ fact = "response", one-of = ["complete"] }] } }, amount = { fixed = 76, unit = "mg" } },
]
CITE
"#;

#[test]
fn the_response_may_change_the_interval() {
    let labels = labels(RESPONDING);
    let response = |code: &str| {
        vec![Fact {
            code: "response".to_owned(),
            value: FactValue::Code(code.to_owned()),
            observed_on: None,
            source: None,
        }]
    };
    let weekly = [("first", "2026-01-05"), ("weekly", "2026-01-12"), ("weekly", "2026-01-19")];
    let phase = |step: NextStep| step.dose.map(|dose| dose.phase).unwrap_or_default();
    assert_eq!(phase(next(&labels, &weekly[..2], "2026-01-19", response("partial"))), "weekly", "too soon");
    assert_eq!(phase(next(&labels, &weekly, "2026-01-26", response("partial"))), "biweekly");
    assert_eq!(phase(next(&labels, &weekly, "2026-01-26", response("stable"))), "weekly");
    assert_eq!(next(&labels, &weekly, "2026-01-26", Vec::new()).action, NextAction::AskPharmacist);
    let biweekly = [weekly.as_slice(), &[("biweekly", "2026-01-26"), ("biweekly", "2026-02-09")]].concat();
    assert_eq!(phase(next(&labels, &biweekly, "2026-02-23", response("complete"))), "every-4-weeks");
    assert_eq!(phase(next(&labels, &biweekly, "2026-02-23", response("partial"))), "biweekly");
    let step = next(&labels, &biweekly, "2026-02-16", response("partial"));
    assert_eq!((step.action, step.due.as_deref()), (NextAction::Wait, Some("2026-02-23")));
}

/// A rate over days, by weight or by body surface, with a ceiling; a dose in micrograms with its code.
const RATES: &str = r#"
[[presentation]]
id = "vial-100-ug"
strength = "100 mcg/0.5 mL"
content = 100
unit = "ug"
container = "single-dose"
phases = ["single"]
CITE

[[code]]
role = "drug"
system = "hcpcs"
code = "J0000"
per-unit = 1
unit = "ug"
text = "1 microgram"
CITE

[[regimen]]
id = "it"
text = "Rates"
cycle-days = 42
until = "9 cycles"
phase = [
  { id = "low", kind = "step-up", text = "Days 1 to 7", at = { cycles = "1", days = [1] }, by-weight = [{ weight = { from = 45 }, amount = { fixed = 9, unit = "ug/d" } }, { weight = { below = 45 }, amount = { per-m2 = 5, at-most = 9, unit = "ug/d" } }] },
  { id = "single", kind = "maintenance", text = "A single dose", at = { cycles = "2+", days = [1] }, amount = { fixed = 68, unit = "ug" } },
]
CITE
"#;

#[test]
fn a_dose_may_be_a_rate_and_depend_on_body_surface() {
    let labels = labels(RATES);
    let surface = |units, scale| Fact {
        code: "body-surface-area".to_owned(),
        value: FactValue::Quantity(Quantity { value: Decimal { units, scale }, unit: "m2".to_owned() }),
        observed_on: Some("2026-01-05".to_owned()),
        source: None,
    };
    let amount = |facts| told(&plan(&labels, 1, facts).doses[0].amount);
    assert_eq!(amount(vec![kg(45, "2026-01-05")]), "9 ug/d");
    assert_eq!(amount(vec![kg(30, "2026-01-05"), surface(11, 1)]), "5.5 ug/d");
    assert_eq!(amount(vec![kg(44, "2026-01-05"), surface(19, 1)]), "9 ug/d", "never more than 9");
    assert_eq!(amount(vec![kg(30, "2026-01-05")]), "unknown: body-surface-area");
    assert_eq!(amount(Vec::new()), "unknown: body-weight");
}

#[test]
fn micrograms_are_billed_by_the_microgram() {
    let plan = plan(&labels(RATES), 2, vec![kg(70, "2026-01-05")]);
    assert!(plan.doses[0].billing.is_none(), "a rate is billed by what each bag holds");
    let billing = plan.doses[1].billing.clone().unwrap();
    assert_eq!((billing.units, billing.discarded_units), (68, 32));
}
