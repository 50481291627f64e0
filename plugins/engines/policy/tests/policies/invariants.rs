//! What holds for every request, whatever the documents say.

use paratope_policy_engine::Policies;
use paratope_sdk::payer::{Assessment, Bill, ExpectedOutcome, Preferred};
use toml::{Table, Value};

use super::{PAYERS, case, cases, policies};

#[test]
fn what_is_not_known_never_approves_and_never_denies() {
    let mut tried = 0;
    for payer in PAYERS {
        let policies = policies(payer);
        for (path, case) in cases(payer) {
            let Some(full) = outcome(&policies, &case) else { continue };
            let facts = case["request"].get("facts").and_then(Value::as_array).map_or(0, Vec::len);
            for at in 0..facts {
                let mut less = case.clone();
                less["request"]["facts"].as_array_mut().unwrap().remove(at);
                let less = outcome(&policies, &less).unwrap();
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
    }
    assert!(tried > 300, "only {tried} requests were tried");
}

#[test]
fn ids_are_unique_in_every_answer_and_every_finding_says_why_and_where() {
    for payer in PAYERS {
        let policies = policies(payer);
        for (path, case) in cases(payer) {
            let Some(answer) = assess(&policies, &case) else { continue };
            let mut findings = answer.findings.clone();
            findings.extend(answer.terms.limits.into_iter().map(|limit| limit.finding));
            findings.extend(answer.terms.documents.into_iter().map(|document| document.status));
            let mut seen = std::collections::BTreeSet::new();
            for finding in findings {
                assert!(seen.insert(finding.id.clone()), "{path}: `{}` twice", finding.id);
                assert!(!finding.reason.is_empty(), "{path}: `{}` does not say why", finding.id);
                assert!(!finding.citations.is_empty(), "{path}: `{}` cites nothing", finding.id);
                let unknown = finding.status == paratope_sdk::words::FindingStatus::Unknown;
                assert_eq!(unknown, !finding.needs.is_empty(), "{path}: `{}`: {:?}", finding.id, finding.needs);
            }
            let undetermined = answer.outcome == ExpectedOutcome::Undetermined;
            assert_eq!(undetermined, !answer.needs.is_empty(), "{path}");
        }
    }
}

#[test]
fn no_bill_has_jw_and_jz_and_none_doubts_its_units() {
    for payer in PAYERS {
        let policies = policies(payer);
        for (path, case) in cases(payer) {
            let Some(bill) = bill(&policies, &case) else { continue };
            let has = |modifier: &str| bill.lines.iter().any(|line| line.modifiers.iter().any(|own| own == modifier));
            assert!(!(has("JW") && has("JZ")), "{path}");
            assert!(bill.lines.iter().all(|line| line.units > 0), "{path}");
            let request = case["request"].as_table().unwrap();
            let supplied = ["white-bag", "pharmacy-benefit"].contains(&request["channel"].as_str().unwrap());
            let drug = request.get("code").and_then(Value::as_str);
            let drug_lines = bill.lines.iter().filter(|line| Some(line.code.as_str()) == drug).count();
            assert!(!(supplied && drug_lines > 0), "{path}: a supplied drug has a line");
        }
    }
}

#[test]
fn an_emergency_is_never_a_block() {
    use paratope_sdk::payer::Preference;
    for payer in PAYERS {
        let policies = policies(payer);
        for (path, mut case) in cases(payer) {
            if case["function"].as_str() != Some("prefer") {
                continue;
            }
            case["request"].as_table_mut().unwrap().insert("emergency".to_owned(), Value::Boolean(true));
            let Some(answer) = prefer(&policies, &case) else { continue };
            let blocked = matches!(answer.requested, Some(Preference::StepRequired | Preference::Unknown));
            assert!(!blocked, "{path}: {:?}", answer.requested);
            assert!(answer.duties.iter().any(|duty| duty.code == "notify-payer"), "{path}: nobody is told");
        }
    }
}

fn outcome(policies: &Policies, case: &Table) -> Option<ExpectedOutcome> {
    assess(policies, case).map(|answer| answer.outcome)
}

/// The answer of an assess case that has one.
fn assess(policies: &Policies, case: &Table) -> Option<Assessment> {
    let request = asks(case, "assess")?;
    policies.assess(&case::read::assess(request).ok()?).ok()
}

/// The answer of a prefer case that has one.
fn prefer(policies: &Policies, case: &Table) -> Option<Preferred> {
    let request = asks(case, "prefer")?;
    policies.prefer(&case::read::prefer(request).ok()?).ok()
}

/// The answer of a billing case that has one.
fn bill(policies: &Policies, case: &Table) -> Option<Bill> {
    let request = asks(case, "billing")?;
    policies.billing(&case::read::billing(request).ok()?).ok()
}

fn asks<'a>(case: &'a Table, function: &str) -> Option<&'a Table> {
    case.get("request")
        .and_then(Value::as_table)
        .filter(|_| case.get("function").and_then(Value::as_str) == Some(function))
}
