//! Each own rule on both sides of its thresholds.

use paratope_sdk::payer::{Coverage, ExpectedOutcome, RequestLine, Stage};
use paratope_sdk::words::{Decimal, Fact, FactValue, FindingStatus, PhaseKind, Quantity};

use super::*;

fn fact(code: &str, value: FactValue) -> Fact {
    Fact { code: code.to_owned(), value, observed_on: Some("2024-02-01".to_owned()), source: None }
}

fn quantity(code: &str, units: i64, scale: u8, unit: &str) -> Fact {
    fact(code, FactValue::Quantity(Quantity { value: Decimal { units, scale }, unit: unit.to_owned() }))
}

fn request(product: &str, facts: Vec<Fact>, lines: Vec<RequestLine>) -> AssessRequest {
    AssessRequest {
        coverage: Coverage {
            line_of_business: "commercial".to_owned(),
            group: None,
            state: None,
            delegate: None,
            funding: None,
        },
        service_day: "2024-02-05".to_owned(),
        product: product.to_owned(),
        indication: None,
        regimen: None,
        stage: Stage::Initial,
        diagnosis: Vec::new(),
        lines,
        given: None,
        facts,
    }
}

fn measured(mut facts: Vec<Fact>) -> FindingStatus {
    for code in ["progressed-within-60-days", "free-light-chain-ratio-abnormal"] {
        if !facts.iter().any(|known| known.code == code) {
            facts.push(fact(code, FactValue::Flag(false)));
        }
    }
    for (code, unit) in
        [("serum-m-protein", "g/dL"), ("urine-m-protein", "mg/(24.h)"), ("serum-free-light-chain", "mg/L")]
    {
        if !facts.iter().any(|known| known.code == code) {
            facts.push(quantity(code, 0, 0, unit));
        }
    }
    let answer = QualChoice::assess(request("elranatamab", facts, Vec::new())).unwrap();
    answer.findings.into_iter().find(|finding| finding.id == "measurable-or-progressive").unwrap().status
}

#[test]
fn serum_m_protein_is_open_from_the_likely_to_the_printed_number() {
    let of = |units, scale| measured(vec![quantity("serum-m-protein", units, scale, "g/dL")]);
    assert_eq!(of(49, 2), FindingStatus::Unmet);
    assert_eq!(of(5, 1), FindingStatus::Unknown);
    assert_eq!(of(5, 0), FindingStatus::Unknown);
    assert_eq!(of(51, 1), FindingStatus::Met);
}

#[test]
fn urine_m_protein_is_open_between_a_day_and_the_printed_23_hours() {
    let of = |units, scale| measured(vec![quantity("urine-m-protein", units, scale, "mg/(24.h)")]);
    assert_eq!(of(1999, 1), FindingStatus::Unmet);
    assert_eq!(of(200, 0), FindingStatus::Unknown);
    assert_eq!(of(2086, 1), FindingStatus::Unknown);
    assert_eq!(of(2087, 1), FindingStatus::Met);
}

#[test]
fn a_free_light_chain_counts_with_an_abnormal_ratio_only() {
    let of = |units, abnormal| {
        measured(vec![
            quantity("serum-free-light-chain", units, 0, "mg/L"),
            fact("free-light-chain-ratio-abnormal", FactValue::Flag(abnormal)),
        ])
    };
    assert_eq!(of(99, true), FindingStatus::Unmet);
    assert_eq!(of(100, true), FindingStatus::Unknown);
    assert_eq!(of(101, true), FindingStatus::Met);
    assert_eq!(of(101, false), FindingStatus::Unmet);
}

#[test]
fn progression_alone_is_enough() {
    assert_eq!(measured(vec![fact("progressed-within-60-days", FactValue::Flag(true))]), FindingStatus::Met);
}

#[test]
fn without_measures_the_answer_is_to_ask() {
    let answer = QualChoice::assess(request("elranatamab", Vec::new(), Vec::new())).unwrap();
    let needs: Vec<&str> = answer.needs.iter().map(|need| need.fact.as_str()).collect();
    assert_eq!(answer.outcome, ExpectedOutcome::Undetermined);
    assert!(needs.contains(&"serum-m-protein") && needs.contains(&"progressed-within-60-days"), "{needs:?}");
}

fn cap(amount: i64, attached: Option<&[&str]>) -> FindingStatus {
    let line = RequestLine {
        phase: "step-up-1".to_owned(),
        kind: Some(PhaseKind::StepUp),
        day: "2024-02-05".to_owned(),
        cycle: Some(1),
        cycle_day: Some(1),
        amount: Some(Quantity { value: Decimal { units: amount, scale: 0 }, unit: "mg".to_owned() }),
        code: None,
        units: None,
        discarded_units: None,
        vials: Vec::new(),
        hours: None,
        setting: Some("hospital-outpatient".to_owned()),
    };
    let attached = attached.map(|codes| {
        fact("documents-attached", FactValue::Codes(codes.iter().map(|code| (*code).to_owned()).collect()))
    });
    let answer = QualChoice::assess(request("mosunetuzumab", attached.into_iter().collect(), vec![line])).unwrap();
    answer.terms.limits.into_iter().find(|limit| limit.finding.id == "mg-cycle-1-day-1").unwrap().finding.status
}

#[test]
fn literature_opens_a_cap_and_never_meets_it() {
    assert_eq!(cap(1, Some(&[])), FindingStatus::Met);
    assert_eq!(cap(2, Some(&[])), FindingStatus::Unmet);
    assert_eq!(cap(2, Some(&["peer-reviewed-literature"])), FindingStatus::Unknown);
    assert_eq!(cap(2, None), FindingStatus::Unknown);
}

#[test]
fn after_april_2024_there_is_no_policy() {
    let on = |day: &str| {
        let mut request = request("talquetamab", Vec::new(), Vec::new());
        request.service_day = day.to_owned();
        QualChoice::assess(request).map(|answer| answer.policy.edition.id)
    };
    assert_eq!(on("2024-04-30").unwrap(), "2024-01-01");
    assert!(matches!(on("2024-05-01"), Err(Error::NoPolicy(_))));
    assert!(matches!(on("2023-12-31"), Err(Error::NoPolicy(_))));
}
