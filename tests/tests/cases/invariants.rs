//! What holds for every request to a payer, whatever its documents say: tried on the requests of the cases.

use std::collections::BTreeSet;

use paratope_domain::FindingStatus;
use paratope_domain::payer::{Assessment, ExpectedOutcome, PayerError, Preference};
use paratope_runtime::{CallError, Payer, Reply};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{BUNDLED, Bundled};

/// The requests of one function in the cases of every payer, with the payer and where each stands.
fn asked(function: &str) -> Vec<(&'static dyn Payer, String, Value)> {
    let mut found = Vec::new();
    for Bundled { folder, built, plugin } in BUNDLED.iter() {
        let Some(payer) = plugin.payer() else { continue };
        for (path, text) in folder.cases() {
            let case: Value = toml::from_str(text).unwrap();
            if case["function"] == function {
                found.push((payer, format!("{} {path}", built.manifest.name), case["request"].clone()));
            }
        }
    }
    assert!(found.len() > 30, "only {} cases of {function}", found.len());
    found
}

/// The answer to a request, when it can be read and has one.
fn answer<Q: DeserializeOwned, A>(
    request: &Value,
    call: impl FnOnce(&Q) -> Result<Reply<A, PayerError>, CallError>,
) -> Option<A> {
    call(&serde_json::from_value(request.clone()).ok()?).unwrap().answer.ok()
}

fn assess(payer: &dyn Payer, request: &Value) -> Option<Assessment> {
    answer(request, |request| payer.assess(request))
}

#[test]
fn what_is_not_known_never_approves_and_never_denies() {
    let mut tried = 0;
    for (payer, path, request) in asked("assess") {
        let Some(full) = assess(payer, &request).map(|answer| answer.outcome) else { continue };
        for at in 0..request["facts"].as_array().map_or(0, Vec::len) {
            let mut less = request.clone();
            less["facts"].as_array_mut().unwrap().remove(at);
            let less = assess(payer, &less).unwrap().outcome;
            tried += 1;
            let allowed = match full {
                // A second value for a fact makes it unknown; without it anything may come out.
                ExpectedOutcome::Undetermined => continue,
                // What fails plainly may be what is no longer known; what sends elsewhere stays.
                ExpectedOutcome::DoesNotMeet if less == ExpectedOutcome::Redirect => true,
                other => less == other || less == ExpectedOutcome::Undetermined,
            };
            assert!(allowed, "{path}: without fact {at} {full:?} becomes {less:?}");
        }
    }
    assert!(tried > 300, "only {tried} requests were tried");
}

#[test]
fn ids_are_unique_in_every_assessment_and_every_finding_says_why_and_where() {
    for (payer, path, request) in asked("assess") {
        let Some(answer) = assess(payer, &request) else { continue };
        let mut findings = answer.findings.clone();
        findings.extend(answer.terms.limits.into_iter().map(|limit| limit.finding));
        findings.extend(answer.terms.documents.into_iter().map(|document| document.status));
        let mut seen = BTreeSet::new();
        for finding in findings {
            assert!(seen.insert(finding.id.clone()), "{path}: `{}` twice", finding.id);
            assert!(!finding.reason.is_empty(), "{path}: `{}` does not say why", finding.id);
            assert!(!finding.citations.is_empty(), "{path}: `{}` cites nothing", finding.id);
            let unknown = finding.status == FindingStatus::Unknown;
            assert_eq!(unknown, !finding.needs.is_empty(), "{path}: `{}`: {:?}", finding.id, finding.needs);
        }
        let undetermined = answer.outcome == ExpectedOutcome::Undetermined;
        assert_eq!(undetermined, !answer.needs.is_empty(), "{path}");
    }
}

#[test]
fn no_bill_has_jw_and_jz_and_none_doubts_its_units() {
    for (payer, path, request) in asked("billing") {
        let Some(bill) = answer(&request, |request| payer.billing(request)) else { continue };
        let has = |modifier: &str| bill.lines.iter().any(|line| line.modifiers.iter().any(|own| own == modifier));
        assert!(!(has("JW") && has("JZ")), "{path}");
        assert!(bill.lines.iter().all(|line| line.units > 0), "{path}");
        let supplied = ["white-bag", "pharmacy-benefit"].contains(&request["channel"].as_str().unwrap());
        let drug_lines = bill.lines.iter().filter(|line| request["code"] == line.code.as_str()).count();
        assert!(!(supplied && drug_lines > 0), "{path}: a supplied drug has a line");
    }
}

#[test]
fn an_emergency_is_never_a_block() {
    for (payer, path, mut request) in asked("prefer") {
        request["emergency"] = true.into();
        let Some(answer) = answer(&request, |request| payer.prefer(request)) else { continue };
        let blocked = matches!(answer.requested, Some(Preference::StepRequired | Preference::Unknown));
        assert!(!blocked, "{path}: {:?}", answer.requested);
        assert!(answer.duties.iter().any(|duty| duty.code == "notify-payer"), "{path}: nobody is told");
    }
}
