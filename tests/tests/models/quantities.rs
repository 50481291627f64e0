//! Quantity windows. The model lays every dose on a calendar and adds up each window, day by day.

use paratope_sdk::payer::RequestLine;
use paratope_sdk::words::{Decimal, FindingStatus, PhaseKind, Quantity};
use proptest::prelude::*;

use crate::{day, policies, request};

/// A dose: days after the first, milligrams, cycle, and whether it is a step-up dose.
type Dose = (u32, u32, u32, bool);

fn line((offset, milligrams, cycle, early): Dose) -> RequestLine {
    RequestLine {
        phase: if early { "step-up" } else { "full" }.to_owned(),
        kind: Some(if early { PhaseKind::StepUp } else { PhaseKind::Maintenance }),
        day: day(offset),
        cycle: Some(cycle),
        cycle_day: Some(1),
        amount: Some(Quantity { value: Decimal { units: i64::from(milligrams), scale: 0 }, unit: "mg".to_owned() }),
        code: None,
        units: None,
        discarded_units: None,
        vials: Vec::new(),
        setting: Some("office".to_owned()),
        hours: None,
    }
}

/// The status of a limit, and the count it tells.
fn judged(window: &str, amount: u32, extra: &str, doses: &[Dose]) -> (FindingStatus, Option<i64>) {
    let rows = format!(
        "[[limit]]\nid = \"x\"\ntext = \"t\"\nmeasure = \"milligrams\"\namount = {amount}\nwindow = {window}\n{extra}CITE\n"
    );
    let mut request = request();
    request.lines = doses.iter().copied().map(line).collect();
    let limit = policies(&rows).assess(&request).unwrap().terms.limits.remove(0);
    let whole = |decimal: Decimal| decimal.units / 10_i64.pow(u32::from(decimal.scale));
    (limit.finding.status, limit.requested.map(whole))
}

fn doses() -> impl Strategy<Value = Vec<Dose>> {
    prop::collection::vec((0_u32..60, 1_u32..100, 1_u32..6, any::<bool>()), 1..14).prop_map(|mut doses| {
        doses.sort_unstable();
        doses
    })
}

fn against(most: u32, allowed: u32) -> FindingStatus {
    if most <= allowed { FindingStatus::Met } else { FindingStatus::Unmet }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rolling_window_holds_the_most_of_any_days_in_a_row(doses in doses(), span in 1_u32..40, allowed in 1_u32..400) {
        let mut calendar = [0_u32; 120];
        for (offset, milligrams, ..) in &doses {
            calendar[usize::try_from(*offset).unwrap()] += milligrams;
        }
        let span_days = usize::try_from(span).unwrap();
        let most = (0..=120 - span_days).map(|from| calendar[from..from + span_days].iter().sum()).max().unwrap();
        let (status, counted) = judged(&format!("{{ rolling-days = {span} }}"), allowed, "", &doses);
        prop_assert_eq!(status, against(most, allowed));
        prop_assert_eq!(counted, Some(i64::from(most)));
    }

    #[test]
    fn a_limit_counts_the_phases_and_cycles_it_names_and_no_other(
        doses in doses(), from in 1_u32..5, more in 0_u32..4, allowed in 1_u32..400, step_up in any::<bool>(),
    ) {
        let to = from + more;
        let phase = if step_up { "step-up" } else { "full" };
        let extra = format!("phases = [\"{phase}\"]\nfrom-cycle = {from}\nto-cycle = {to}\n");
        let counted: Vec<u32> = doses
            .iter()
            .filter(|(_, _, cycle, early)| *early == step_up && from <= *cycle && *cycle <= to)
            .map(|(_, milligrams, ..)| *milligrams)
            .collect();
        let (status, told) = judged("\"per-authorization\"", allowed, &extra, &doses);
        if counted.is_empty() {
            prop_assert_eq!(status, FindingStatus::NotApplicable);
        } else {
            let sum: u32 = counted.iter().sum();
            prop_assert_eq!(status, against(sum, allowed));
            prop_assert_eq!(told, Some(i64::from(sum)));
        }
        let (status, _) = judged("\"per-dose\"", allowed, &extra, &doses);
        match counted.iter().max() {
            None => prop_assert_eq!(status, FindingStatus::NotApplicable),
            Some(largest) => prop_assert_eq!(status, against(*largest, allowed)),
        }
    }
}
