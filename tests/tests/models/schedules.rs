//! Windows and restart bands. The model counts the days since the last dose one by one.

use paratope_sdk::product::{GivenDose, NextAction, NextDoseRequest, NextStep};
use proptest::prelude::*;

use crate::{day, labels};

/// Step-up on days 1 and 4, full strength on day 8, then every week.
fn course(window: &str, rows: &str) -> String {
    format!(
        r#"[[regimen]]
id = "it"
text = "Step-up, then weekly"
until = "progression"
phase = [
  {{ id = "step-up-1", kind = "step-up", text = "t", at = {{ days = [1] }}, amount = {{ unit = "mg", fixed = 1 }} }},
  {{ id = "step-up-2", kind = "step-up", text = "t", at = {{ days = [4] }}, amount = {{ unit = "mg", fixed = 2 }} }},
  {{ id = "full", kind = "first-full", text = "t", at = {{ days = [8] }}, amount = {{ unit = "mg", fixed = 3 }} }},
  {{ id = "weekly", kind = "maintenance", text = "t", at = {{ every = 7, from-day = 15 }}, amount = {{ unit = "mg", fixed = 3 }}, window = {window} }},
]
CITE
{rows}"#
    )
}

/// What comes `days` days after the first weekly dose.
fn after_weekly(labels: &paratope_label_engine::Labels, days: u32) -> NextStep {
    let given = [("step-up-1", 0), ("step-up-2", 3), ("full", 7), ("weekly", 14)];
    let history = given.map(|(phase, offset)| GivenDose {
        phase: phase.to_owned(),
        day: day(offset),
        amount: None,
        cycle: None,
        cycle_day: None,
    });
    let request = NextDoseRequest {
        indication: "use".to_owned(),
        regimen: "it".to_owned(),
        as_of: day(14 + days),
        history: history.to_vec(),
        facts: Vec::new(),
    };
    labels.next_dose(&request).unwrap()
}

#[derive(Debug, Clone, Copy)]
enum Band {
    Proceed,
    Repeat,
    Restart(&'static str),
    /// The source has no row.
    Hole,
}

fn band() -> impl Strategy<Value = Band> {
    prop_oneof![
        Just(Band::Proceed),
        Just(Band::Repeat),
        Just(Band::Restart("step-up-1")),
        Just(Band::Restart("step-up-2")),
        Just(Band::Hole),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_dose_may_be_given_from_the_first_to_the_last_day_of_its_window(
        min in 1_u32..=7, usual in 7_u32..12, more in 0_u32..6,
    ) {
        let max = usual + more;
        let window = format!("{{ min = {min}, usual-max = {usual}, max = {max}, reason = \"to recover\" }}");
        let labels = labels(&course(&window, ""));
        for days in 0..=max + 3 {
            let step = after_weekly(&labels, days);
            let expected = if days < min {
                NextAction::Wait
            } else if days <= max {
                NextAction::Proceed
            } else {
                NextAction::AskPharmacist
            };
            prop_assert_eq!(step.action, expected, "day {}: {}", days, step.reason);
            // Past the usual days the reason for the delay is asked for.
            let asked = step.asks.iter().any(|ask| ask.topic == "interval");
            prop_assert_eq!(asked, usual < days && days <= max, "day {}", days);
        }
    }

    #[test]
    fn every_day_of_a_delay_falls_in_its_band(
        lengths in prop::collection::vec((1_u32..30, band()), 1..6), open_end in any::<bool>(),
    ) {
        // Bands side by side from day 9 on, the last perhaps without an end.
        let mut calendar: Vec<Band> = Vec::new();
        let mut rows = String::new();
        let count = lengths.len();
        for (at, (length, band)) in lengths.into_iter().enumerate() {
            let from = 9 + u32::try_from(calendar.len()).unwrap();
            let last = at + 1 == count && open_end;
            calendar.extend((0..if last { 60 } else { length }).map(|_| band));
            let to = if last { String::new() } else { format!(", to = {}", from + length - 1) };
            let action = match band {
                Band::Hole => continue,
                Band::Proceed => "action = \"proceed\"".to_owned(),
                Band::Repeat => "action = \"repeat\"\nrejoin = \"schedule\"".to_owned(),
                Band::Restart(phase) => format!("action = \"restart\"\nphase = \"{phase}\"\nrejoin = \"schedule\""),
            };
            rows.push_str(&format!("[[restart]]\nafter = [\"weekly\"]\ndays = {{ from = {from}{to} }}\n{action}\nCITE\n"));
        }
        let labels = labels(&course("{ min = 5, max = 8 }", &rows));
        for days in 0..9 + u32::try_from(calendar.len()).unwrap() {
            let step = after_weekly(&labels, days);
            let expected = match days.checked_sub(9).map(|at| calendar[usize::try_from(at).unwrap()]) {
                None if days < 5 => (NextAction::Wait, None),
                None | Some(Band::Proceed) => (NextAction::Proceed, Some("weekly")),
                Some(Band::Repeat) => (NextAction::Repeat, Some("weekly")),
                Some(Band::Restart(phase)) => (NextAction::Restart, Some(phase)),
                Some(Band::Hole) => (NextAction::AskPharmacist, None),
            };
            let phase = step.dose.as_ref().map(|dose| dose.phase.as_str());
            prop_assert_eq!((step.action, phase), expected, "day {}: {}", days, &step.reason);
            prop_assert_eq!(step.days_since_last, Some(days));
        }
    }
}
