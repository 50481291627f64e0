//! Clearance from the outside: one order that clears, and what becomes of it when one thing changes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use paratope_domain::clearance::{
    Answer, Answers, CheckpointId as Id, Clearance, DoseAnswer, State, Verdict, assess_request, clear, touched,
};
use paratope_domain::payer::{Assessment, Bill, Preferred};
use paratope_domain::product::{DoseRequirements, NextStep, ProductMonograph};
use paratope_domain::request::ClearanceRequest;
use paratope_domain::{PayerError, ProductError, Site};
use proptest::prelude::*;
use serde_json::{Value, json};

fn cite() -> Value {
    json!([{ "document": "Label", "edition": "2026-03-05", "section": "2.1", "basis": "label", "confidence": "sourced" }])
}

fn edition() -> Value {
    json!({ "id": "2026-03-05", "document": "label", "effective": { "first": "2026-03-05" } })
}

fn finding(id: &str, status: &str) -> Value {
    json!({ "id": id, "kind": "age", "status": status, "statement": "Adults", "reason": "age is told", "citations": cite() })
}

fn policy() -> Value {
    json!({
        "id": "p-1", "title": "Policy", "subject-kind": "product", "subject": "exemplimab",
        "lines-of-business": ["commercial"],
        "edition": { "id": "2026-06-01", "document": "policy", "effective": { "first": "2026-06-01" } }
    })
}

fn request() -> Value {
    json!({
        "case": "case-1",
        "as-of": "2026-11-20",
        "site": "riverbend",
        "order": {
            "product": "exemplimab", "ordered-name": "exemplimab-abcd", "stock-ndcs": ["00000000101"],
            "indication": "disease", "regimen": "weekly",
            "doses": [{ "phase": "step-up-1", "day": "2026-11-23", "amount": { "value": "4.2", "unit": "mg" }, "setting": "inpatient" }],
            "diagnosis": ["C90.00"], "channel": "buy-and-bill", "prescriber": "1234567893"
        },
        "coverage": {
            "payer": "somebody", "plan": { "line-of-business": "commercial" }, "stage": "initial",
            "active": { "first": "2026-01-01", "last": "2026-12-31" }, "checked-on": "2026-11-19", "other-payer-first": false
        },
        "facts": [
            { "code": "body-weight", "value": { "quantity": { "value": "70", "unit": "kg" } }, "observed-on": "2026-11-18" },
            { "code": "provider-network", "value": { "code": "participating" } },
            { "code": "rems-prescriber-certified", "value": { "flag": true } },
            { "code": "rems-patient-card", "value": { "flag": true } }
        ],
        "authorizations": [
            {
                "subject": "drug", "number": "A-1", "answered": "certified", "product": "exemplimab", "code": "J0000",
                "units": 60, "units-include-waste": true, "phases": ["step-up-1"],
                "dates": { "first": "2026-11-01", "last": "2027-04-30" }, "site": "riverbend", "settings": ["inpatient"],
                "diagnosis": ["C90.0-"], "provider": "1234567893", "channel": "buy-and-bill"
            },
            { "subject": "rescue", "answered": "certified", "number": "A-2", "product": "tyenne", "dates": { "first": "2026-11-01", "last": "2027-04-30" } }
        ],
        "rescue": { "product": "tyenne", "presentation": "iv-vial" },
        "supportive": [{ "drug": "aciclovir", "settled": true }],
        "admission": { "hospital": "General", "accepted": true, "after-hours-contact": "on-call team", "notification-assigned": true },
        "finance": { "share-estimated": true, "copay-card": false, "expected-payment": "1200", "acquisition-cost": "1100" },
        "sign-off": { "by": "R. Okafor", "role": "pharmacist", "on": "2026-11-20" }
    })
}

fn site() -> Value {
    json!({
        "id": "riverbend", "name": "Riverbend", "settings": ["inpatient", "office"], "step-up": true, "maintenance": true,
        "observation-hours": 8, "overnight": true, "contact-24h": true,
        "trained": [{ "product": "exemplimab", "valid": {} }],
        "rems": [{ "program": "Exemplimab REMS", "valid": {} }],
        "rescue-stock": [{ "product": "tyenne", "doses": 2, "counted-on": "2026-11-19", "recall-checked-on": "2026-11-19" }]
    })
}

fn monograph() -> Value {
    json!({
        "product": "exemplimab", "brand": "Exemplar", "generic-name": "exemplimab-abcd", "manufacturer": "M", "class": "c",
        "route": "subcutaneous", "edition": edition(),
        "indications": [{ "id": "disease", "text": "Disease", "approval": "regular", "diagnosis-codes": ["C90.0-"], "citations": cite() }],
        "presentations": [{
            "id": "v30", "strength": "30 mg", "content": { "value": "30", "unit": "mg" }, "container": "single-dose",
            "ndc": "00000000101", "citations": cite()
        }],
        "codes": [{
            "role": "drug", "system": "hcpcs", "code": "J0000", "unit": { "value": "0.5", "unit": "mg" },
            "payable": { "first": "2023-07-01" }, "text": "0.5 mg", "citations": cite()
        }],
        "rems": [{
            "name": "Exemplimab REMS", "status": "in-force", "effective": {}, "parties": ["prescriber", "site", "patient"], "citations": cite()
        }],
        "boxed-warnings": [{ "code": "crs", "text": "CRS" }]
    })
}

fn next() -> Value {
    json!({
        "edition": edition(), "action": "proceed", "benefit-risk": false, "reason": "first dose",
        "dose": {
            "number": 1, "drug": "exemplimab", "phase": "step-up-1", "kind": "step-up", "cycle-day": 1, "day": "2026-11-23",
            "window": { "earliest": "2026-11-23", "latest": "2026-11-23" },
            "amount": { "exact": { "value": "4.2", "unit": "mg" } }, "amount-basis": "0.06 mg/kg", "route": "subcutaneous",
            "monitoring": [{ "setting": "hospital", "hours-min": "48", "anchor": "end-of-administration", "text": "48 h in hospital", "citations": cite() }],
            "vials": [{ "presentation": "v30", "ndc": "00000000101", "count": 1 }],
            "billing": { "code": "J0000", "unit": { "value": "0.5", "unit": "mg" }, "units": 9, "discarded-units": 51, "citations": cite() }
        }
    })
}

fn assessment() -> Value {
    json!({
        "policy": policy(), "operator": "payer", "outcome": "meets", "findings": [finding("adult", "met")],
        "terms": {
            "channels": [{ "id": "buy-and-bill", "rule": "allowed" }],
            "clocks": [
                { "id": "standard-7d", "text": "7 days", "act": "decision", "subject": "any", "anchor": "receipt", "priority": "standard", "calendar-days": 7 },
                { "id": "expedited-72h", "text": "72 hours", "act": "decision", "subject": "drug", "anchor": "receipt", "priority": "expedited", "hours": 72 }
            ]
        }
    })
}

/// A case that clears, as JSON to change.
struct Case {
    request: Value,
    site: Value,
    monograph: Value,
    next: Value,
    assessment: Value,
    requirements: Value,
    preferred: Value,
    bill: Value,
}

impl Case {
    fn new() -> Self {
        Self {
            request: request(),
            site: site(),
            monograph: monograph(),
            next: next(),
            assessment: assessment(),
            requirements: json!({ "edition": edition(), "requirements": [{ "finding": finding("adult", "met"), "owner": "prescriber" }] }),
            preferred: json!({ "policy": policy(), "operator": "payer", "requested": "preferred", "reason": "tier 1" }),
            bill: json!({ "policy": policy(), "lines": [{ "code": "J0000", "units": 9, "text": "drug" }] }),
        }
    }

    fn request(&self) -> ClearanceRequest {
        serde_json::from_value(self.request.clone()).unwrap()
    }

    fn clear(&self) -> Clearance {
        fn given<T: serde::de::DeserializeOwned, E>(value: &Value) -> Answer<T, E> {
            Answer::Given(serde_json::from_value(value.clone()).unwrap())
        }
        let request = self.request();
        request.check().unwrap();
        let dose = DoseAnswer {
            next: given::<NextStep, ProductError>(&self.next),
            bill: given::<Bill, PayerError>(&self.bill),
        };
        let answers = Answers {
            monograph: given::<ProductMonograph, _>(&self.monograph),
            doses: request.order.doses.iter().map(|_| dose.clone()).collect(),
            requirements: given::<DoseRequirements, _>(&self.requirements),
            assessment: given::<Assessment, _>(&self.assessment),
            preferred: given::<Preferred, _>(&self.preferred),
        };
        let site: Site = serde_json::from_value(self.site.clone()).unwrap();
        clear(&request, &site, &answers)
    }

    fn with(mut self, pointer: &str, value: Value) -> Self {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match self.request.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
            Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
            other => other[key] = value,
        }
        self
    }
}

fn state(clearance: &Clearance, id: Id) -> State {
    clearance.checkpoints.iter().find(|checkpoint| checkpoint.id == id).unwrap().state.clone()
}

#[test]
fn an_order_with_everything_in_place_clears() {
    let clearance = Case::new().clear();
    let open: Vec<_> =
        clearance.checkpoints.iter().filter(|c| !matches!(c.state, State::Passed | State::NotApplicable)).collect();
    assert_eq!(clearance.verdict, Verdict::Cleared, "{open:#?}");
    assert_eq!(clearance.checkpoints.len(), Id::ALL.len());
}

#[test]
fn every_difference_from_what_is_certified_fails_its_own_checkpoint() {
    let authorization = |field: &str, value: Value| Case::new().with(&format!("/authorizations/0/{field}"), value);
    for (case, id) in [
        (authorization("product", json!("other")), Id::AuthorizedTreatment),
        (authorization("code", json!("J9999")), Id::AuthorizedTreatment),
        (authorization("phases", json!(["weekly"])), Id::AuthorizedTreatment),
        (authorization("units", json!(59)), Id::Units),
        (authorization("dates", json!({ "first": "2026-11-24", "last": "2027-04-30" })), Id::Dates),
        (authorization("dates", json!({ "first": "2026-11-01", "last": "2026-11-22" })), Id::Dates),
        (authorization("site", json!("elsewhere")), Id::AuthorizedSite),
        (authorization("settings", json!(["office"])), Id::AuthorizedSite),
        (authorization("diagnosis", json!(["C91.0-"])), Id::AuthorizedSite),
        (authorization("provider", json!("1000000004")), Id::Providers),
        (authorization("channel", json!("white-bag")), Id::BenefitChannel),
        (authorization("answered", json!("not-certified")), Id::Authorization),
        (authorization("answered", json!("cancelled")), Id::Authorization),
        (Case::new().with("/authorizations/1/product", json!("actemra")), Id::RescueAuthorized),
        (Case::new().with("/coverage/active/last", json!("2026-11-22")), Id::Coverage),
        (Case::new().with("/order/doses/0/amount/value", json!("4.5")), Id::DoseSchedule),
        (Case::new().with("/order/doses/0/setting", json!("office")), Id::SiteCapability),
        (Case::new().with("/order/ordered-name", json!("otherimab-wxyz")), Id::Product),
        (Case::new().with("/order/diagnosis", json!(["C91.00"])), Id::Diagnosis),
        (Case::new().with("/finance/acquisition-cost", json!("1200.01")), Id::ExpectedPayment),
        (Case::new().with("/sign-off/fingerprint", json!("fp1-0")), Id::SignOff),
    ] {
        let clearance = case.clear();
        assert_eq!(state(&clearance, id), State::Failed, "{id:?}");
        assert_eq!(clearance.verdict, Verdict::Blocked, "{id:?}");
    }
}

#[test]
fn both_ends_of_the_certified_dates_are_in() {
    for (first, last) in [("2026-11-23", "2027-04-30"), ("2026-11-01", "2026-11-23"), ("2026-11-23", "2026-11-23")] {
        let clearance = Case::new().with("/authorizations/0/dates", json!({ "first": first, "last": last })).clear();
        assert_eq!(state(&clearance, Id::Dates), State::Passed, "{first} to {last}");
    }
}

#[test]
fn units_without_waste_are_enough_only_when_the_payer_says_waste_does_not_count() {
    let units = |units: u32, waste: Value| {
        let case = Case::new()
            .with("/authorizations/0/units", json!(units))
            .with("/authorizations/0/units-include-waste", waste);
        state(&case.clear(), Id::Units)
    };
    assert_eq!(units(60, json!(true)), State::Passed);
    assert_eq!(units(59, json!(true)), State::Failed);
    assert_eq!(units(9, json!(false)), State::Passed);
    assert_eq!(units(8, json!(false)), State::Failed);
    assert_eq!(units(59, Value::Null), State::Unknown);
    assert_eq!(units(60, Value::Null), State::Passed);
}

#[test]
fn a_pended_answer_waits_until_its_own_clock() {
    let pended = |priority: &str, received: &str| {
        let mut case = Case::new().with("/authorizations/0/answered", json!("pended"));
        case.request["authorizations"][0]["priority"] = json!(priority);
        case.request["authorizations"][0]["received"] = json!(received);
        let clearance = case.clear();
        assert_eq!(clearance.verdict, Verdict::Waiting);
        let checkpoint = clearance.checkpoints.into_iter().find(|c| c.id == Id::Authorization).unwrap();
        checkpoint.deadline.unwrap()
    };
    // 72 hours to the minute, through a change to another offset; 7 calendar days at the offset of receipt.
    assert_eq!(pended("expedited", "2026-11-19T22:30:00-06:00").at, "2026-11-22T22:30:00-06:00");
    assert_eq!(pended("standard", "2026-11-19T22:30:00-06:00").at, "2026-11-26");
    assert_eq!(pended("standard", "2026-11-19T22:30:00-06:00").rule, "standard-7d");
}

#[test]
fn a_plugin_that_fails_is_asked_about_not_believed() {
    let case = Case::new();
    let request = case.request();
    fn failed<T, E>() -> Answer<T, E> {
        Answer::Failed("out of fuel".to_owned())
    }
    let answers = Answers {
        monograph: failed(),
        doses: vec![DoseAnswer { next: failed(), bill: failed() }],
        requirements: failed(),
        assessment: failed(),
        preferred: Answer::Refused(PayerError::NoPolicy("none".to_owned())),
    };
    let site: Site = serde_json::from_value(case.site).unwrap();
    let clearance = clear(&request, &site, &answers);
    assert_eq!(clearance.verdict, Verdict::Waiting);
    assert_eq!(state(&clearance, Id::DoseSchedule), State::Unknown);
}

#[test]
fn units_that_amount_and_vials_do_not_make_are_a_lie() {
    let mut case = Case::new();
    case.next["dose"]["billing"]["units"] = json!(8);
    case.next["dose"]["billing"]["discarded-units"] = json!(52);
    let clearance = case.clear();
    assert_eq!(state(&clearance, Id::DoseSchedule), State::Failed);
}

#[test]
fn an_override_names_its_person_and_holds_for_that_order_only() {
    let mut case = Case::new().with("/finance/acquisition-cost", json!("1300"));
    case.request["overrides"] =
        json!([{ "checkpoint": "expected-payment", "by": "A. Lindqvist", "role": "physician", "because": "urgent" }]);
    let clearance = case.clear();
    assert_eq!(clearance.verdict, Verdict::ClearedWithConditions);
    assert!(matches!(state(&clearance, Id::ExpectedPayment), State::Overridden { .. }));
    case.request["overrides"][0]["fingerprint"] = json!(clearance.fingerprint);
    assert_eq!(case.clear().verdict, Verdict::ClearedWithConditions);
    let moved = Case { request: case.request.clone(), ..Case::new() }.with("/order/doses/0/day", json!("2026-11-24"));
    assert_eq!(state(&moved.clear(), Id::ExpectedPayment), State::Failed);
}

#[test]
fn unverified_rules_clear_with_conditions_only() {
    let mut case = Case::new();
    case.requirements["requirements"][0]["finding"]["citations"][0]["confidence"] = json!("recalled");
    let clearance = case.clear();
    assert_eq!(clearance.verdict, Verdict::ClearedWithConditions);
    assert!(clearance.conditions.iter().any(|condition| condition.contains("not verified")));
}

#[test]
fn a_change_reopens_what_it_touches() {
    let before = Case::new().request();
    let after = |pointer: &str, value: Value| Case::new().with(pointer, value).request();
    assert!(touched(&before, &before).is_empty());
    let product = touched(&before, &after("/order/product", json!("other")));
    assert_eq!(product.len(), Id::ALL.len());
    let site = touched(&before, &after("/site", json!("elsewhere")));
    assert!(site.contains(&Id::SiteCapability) && site.contains(&Id::AuthorizedSite) && site.contains(&Id::SignOff));
    assert!(!site.contains(&Id::Diagnosis));
    let payer = touched(&before, &after("/coverage/payer", json!("other")));
    assert!(payer.contains(&Id::RescuePreferred) && payer.contains(&Id::Units));
    let day = touched(&before, &after("/order/doses/0/day", json!("2026-11-24")));
    assert!(day.contains(&Id::Dates) && day.contains(&Id::CodeActive) && !day.contains(&Id::Product));
    let phase = touched(&before, &after("/order/doses/0/phase", json!("step-up-2")));
    assert!(phase.contains(&Id::AuthorizedTreatment) && phase.contains(&Id::Units));
    let weight = touched(&before, &after("/facts/0/value/quantity/value", json!("80")));
    assert!(weight.contains(&Id::DoseSchedule) && weight.contains(&Id::Units));
}

/// What the payer is told of a count, if anything.
fn told(case: &Case, code: &str) -> Option<u64> {
    let monograph: ProductMonograph = serde_json::from_value(case.monograph.clone()).unwrap();
    let asked = assess_request(&case.request(), &[], Some(&monograph)).unwrap();
    let fact = asked.facts.iter().find(|fact| fact.code == code)?;
    serde_json::to_value(&fact.value).unwrap()["count"].as_u64()
}

/// When the payer must have decided about the drug, with these clocks: what each is for, about and from, and its days.
fn decided_by(clocks: &[(&str, &str, &str, u32)]) -> Option<String> {
    let mut case = Case::new().with("/authorizations/0/answered", json!("pended"));
    case = case.with("/authorizations/0/received", json!("2026-11-20T09:00:00-06:00"));
    let clock = |(act, subject, anchor, days): &(&str, &str, &str, u32)| {
        json!({
            "id": format!("{act}-{subject}-{anchor}"), "text": "t", "act": act, "subject": subject, "anchor": anchor,
            "priority": "standard", "calendar-days": days
        })
    };
    case.assessment["terms"]["clocks"] = clocks.iter().map(clock).collect();
    let clearance = case.clear();
    let checkpoint = clearance.checkpoints.iter().find(|checkpoint| checkpoint.id == Id::Authorization).unwrap();
    checkpoint.deadline.as_ref().map(|deadline| format!("{} {}", deadline.at, deadline.rule))
}

#[test]
fn a_clock_holds_for_what_it_is_about() {
    let any = ("decision", "any", "receipt", 15);
    let drug = ("decision", "drug", "receipt", 3);
    let service = ("decision", "service", "receipt", 7);
    assert_eq!(decided_by(&[any, drug]).as_deref(), Some("2026-11-23 decision-drug-receipt"));
    assert_eq!(decided_by(&[service, any]).as_deref(), Some("2026-12-05 decision-any-receipt"));
    let others = [service, ("notify", "any", "admission", 1), ("decision", "drug", "information", 2)];
    assert_eq!(decided_by(&others).as_deref(), Some("2026-11-23 before the first dose ordered"));
}

#[test]
fn a_history_that_is_not_known_to_be_whole_counts_no_doses() {
    let phase = |id| json!({ "id": id, "kind": "step-up", "text": id, "amount": "0.06 mg/kg", "citations": cite() });
    let mut new = Case::new();
    new.monograph["regimens"] = json!([{
        "id": "weekly", "text": "Weekly", "until": "progression", "citations": cite(),
        "phases": [phase("step-up-1"), phase("step-up-2")]
    }]);
    assert_eq!((told(&new, "doses-received"), told(&new, "cycles-received")), (Some(0), Some(0)));

    let renewal = new.with("/coverage/stage", json!("renewal"));
    assert_eq!((told(&renewal, "doses-received"), told(&renewal, "cycles-received")), (None, None));

    let whole = renewal.with("/history", json!([{ "phase": "step-up-1", "day": "2026-11-16" }]));
    assert_eq!((told(&whole, "doses-received"), told(&whole, "cycles-received")), (Some(1), None));

    let begins_late = whole.with("/history", json!([{ "phase": "step-up-2", "day": "2026-11-16" }]));
    assert_eq!((told(&begins_late, "doses-received"), told(&begins_late, "cycles-received")), (None, None));

    let counted = json!([{ "code": "doses-received", "value": { "count": 7 } }]);
    assert_eq!(told(&begins_late.with("/facts", counted), "doses-received"), Some(7));
}

#[test]
fn impossible_requests_say_where() {
    for (pointer, value) in [
        ("/order/doses", json!([])),
        ("/order/doses/0/setting", json!("kitchen")),
        ("/order/doses/0/amount", json!({ "value": "-1", "unit": "mg" })),
        ("/authorizations/0/dates", json!({ "first": "2026-12-01", "last": "2026-11-01" })),
        ("/coverage/active", json!({ "first": "2026-12-01", "last": "2026-11-01" })),
    ] {
        let error = Case::new().with(pointer, value).request().check().unwrap_err();
        assert!(error.pointer.starts_with(pointer), "{pointer}: {error}");
    }
}

/// What a person may leave out of a request, and so leave unknown.
const OPTIONAL: &[&str] = &[
    "/order/ordered-name",
    "/order/stock-ndcs",
    "/order/channel",
    "/order/prescriber",
    "/order/diagnosis",
    "/order/doses/0/amount",
    "/coverage/active",
    "/coverage/checked-on",
    "/coverage/other-payer-first",
    "/facts",
    "/authorizations",
    "/rescue",
    "/supportive",
    "/admission",
    "/admission/accepted",
    "/admission/after-hours-contact",
    "/admission/notification-assigned",
    "/finance",
    "/finance/share-estimated",
    "/finance/copay-card",
    "/finance/expected-payment",
    "/finance/acquisition-cost",
    "/sign-off",
    "/authorizations/0/number",
    "/authorizations/0/product",
    "/authorizations/0/code",
    "/authorizations/0/units",
    "/authorizations/0/phases",
    "/authorizations/0/dates",
    "/authorizations/0/site",
    "/authorizations/0/settings",
    "/authorizations/0/diagnosis",
    "/authorizations/0/provider",
    "/authorizations/1/product",
    "/authorizations/1/dates",
];

fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    if let Some(Value::Object(fields)) = value.pointer_mut(parent) {
        fields.remove(key);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    /// Law 2: what is left out never clears and never blocks.
    #[test]
    fn the_unknown_never_clears_and_never_denies(left_out in proptest::sample::subsequence(OPTIONAL.to_vec(), 1..OPTIONAL.len())) {
        let mut case = Case::new();
        for pointer in left_out.iter().rev() {
            remove(&mut case.request, pointer);
        }
        prop_assert_eq!(case.clear().verdict, Verdict::Waiting, "left out: {:?}", left_out);
    }

    /// An unmet finding blocks and an unknown one waits, wherever the plugin reports it.
    #[test]
    fn findings_are_taken_as_they_are(requirement in 0..4_usize, criterion in 0..4_usize) {
        let statuses = ["met", "not-applicable", "unknown", "unmet"];
        let mut case = Case::new();
        case.requirements["requirements"] = json!([
            { "finding": finding("adult", "met"), "owner": "nurse" }, { "finding": finding("other", statuses[requirement]), "owner": "nurse" }
        ]);
        case.assessment["findings"] = json!([finding("adult", statuses[criterion])]);
        let expected = match requirement.max(criterion) { 3 => Verdict::Blocked, 2 => Verdict::Waiting, _ => Verdict::Cleared };
        prop_assert_eq!(case.clear().verdict, expected);
    }
}
