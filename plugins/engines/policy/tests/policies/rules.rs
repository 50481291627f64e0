//! What documents can say and no bundled policy says yet.

use paratope_policy_engine::Policies;
use paratope_sdk::payer::{
    AssessRequest, Assessment, Coverage, ExpectedOutcome, PreferRequest, Preference, RequestLine, Stage,
};
use paratope_sdk::words::{Decimal, Fact, FactValue, FindingStatus, PhaseKind, Quantity};

use super::diagnostics::{CITE, POLICY, compile};

fn policies(rows: &str) -> Policies {
    let text = format!("{POLICY}{}", rows.replace("CITE", CITE));
    compile(&[("policy/exemplimab/2026-01-01.toml", &text)]).unwrap()
}

fn assess(rows: &str, change: impl FnOnce(&mut AssessRequest)) -> Assessment {
    let mut request = AssessRequest {
        coverage: Coverage {
            line_of_business: "commercial".to_owned(),
            group: None,
            state: None,
            delegate: None,
            funding: None,
        },
        service_day: "2026-03-02".to_owned(),
        product: "exemplimab".to_owned(),
        indication: "use".to_owned(),
        regimen: "regimen".to_owned(),
        stage: Stage::Initial,
        diagnosis: vec!["C90.02".to_owned()],
        lines: Vec::new(),
        facts: Vec::new(),
    };
    change(&mut request);
    policies(rows).assess(&request).unwrap()
}

fn fact(code: &str, value: FactValue) -> Fact {
    Fact { code: code.to_owned(), value, observed_on: None, source: None }
}

fn line(day: &str, milligrams: i64) -> RequestLine {
    RequestLine {
        phase: "full".to_owned(),
        kind: PhaseKind::Maintenance,
        day: day.to_owned(),
        cycle: None,
        cycle_day: 1,
        amount: Some(Quantity { value: Decimal { units: milligrams, scale: 0 }, unit: "mg".to_owned() }),
        code: None,
        units: None,
        discarded_units: None,
        vials: Vec::new(),
        setting: "office".to_owned(),
    }
}

const DELEGATED: &str = r#"
[contact]
code = "delegate"
text = "Ask the delegate."
CITE
[[applicability]]
id = "not-delegated"
kind = "applicability"
text = "The group is not delegated"
requires = { fact = "request.delegate", not-one-of = ["evolent"] }
CITE
[[criterion]]
id = "adult"
kind = "age"
text = "18 years or older"
requires = { fact = "age", at-least = 18 }
CITE
"#;

#[test]
fn a_delegated_member_is_sent_to_the_delegate() {
    let answer = assess(DELEGATED, |request| request.coverage.delegate = Some("Evolent".to_owned()));
    assert_eq!(answer.outcome, ExpectedOutcome::ContactPayer);
    assert_eq!(answer.redirects[0].code, "delegate");
    assert_eq!(answer.findings.len(), 1, "what does not apply is not judged");
}

#[test]
fn where_the_delegate_is_not_known_nothing_is_denied() {
    let young = |request: &mut AssessRequest| request.facts.push(fact("age", FactValue::Count(12)));
    assert_eq!(assess(DELEGATED, young).outcome, ExpectedOutcome::Undetermined);
    let known = |request: &mut AssessRequest| {
        young(request);
        request.coverage.delegate = Some("none".to_owned());
    };
    assert_eq!(assess(DELEGATED, known).outcome, ExpectedOutcome::DoesNotMeet);
}

#[test]
fn a_document_the_payer_waits_for_pends_and_does_not_deny() {
    let rows = "[[document]]\nid = \"consent\"\ntext = \"t\"\nmissing = \"pend\"\nCITE\n";
    let with = |codes: &[&str]| {
        let codes = codes.iter().map(|code| (*code).to_owned()).collect();
        assess(rows, |request| request.facts.push(fact("documents-attached", FactValue::Codes(codes))))
    };
    let missing = with(&[]);
    assert_eq!(missing.outcome, ExpectedOutcome::Undetermined);
    assert_eq!(missing.terms.documents[0].status.status, FindingStatus::Unmet);
    assert_eq!(missing.needs[0].fact, "documents-attached");
    assert_eq!(with(&["consent"]).outcome, ExpectedOutcome::Meets);
}

#[test]
fn diagnosis_codes_are_matched_by_prefix_and_a_missing_code_is_asked_for() {
    let rows = "[[criterion]]\nid = \"icd\"\nkind = \"diagnosis\"\ntext = \"t\"\nrequires = { fact = \"request.diagnosis\", includes-any = [\"C90.0-\"] }\nCITE\n";
    let with = |codes: &[&str]| {
        assess(rows, |request| request.diagnosis = codes.iter().map(|code| (*code).to_owned()).collect()).outcome
    };
    assert_eq!(with(&["C90.02"]), ExpectedOutcome::Meets);
    assert_eq!(with(&["C83.30"]), ExpectedOutcome::DoesNotMeet);
    assert_eq!(with(&[]), ExpectedOutcome::Undetermined);
}

fn limit(measure: &str, amount: &str, window: &str) -> String {
    format!(
        "[[limit]]\nid = \"x\"\ntext = \"t\"\nmeasure = \"{measure}\"\namount = {amount}\nwindow = {window}\nincludes-waste = false\nCITE\n"
    )
}

fn status(rows: &str, lines: Vec<RequestLine>, facts: Vec<Fact>) -> FindingStatus {
    let answer = assess(rows, |request| (request.lines, request.facts) = (lines, facts));
    answer.terms.limits[0].finding.status
}

#[test]
fn a_window_of_days_holds_its_first_day_and_not_the_day_after_its_last() {
    let rows = limit("milligrams", "100", "{ rolling-days = 7 }");
    let of = |second: &str| status(&rows, vec![line("2026-03-02", 60), line(second, 60)], Vec::new());
    assert_eq!(of("2026-03-02"), FindingStatus::Unmet);
    assert_eq!(of("2026-03-08"), FindingStatus::Unmet);
    assert_eq!(of("2026-03-09"), FindingStatus::Met);
}

#[test]
fn windows_reach_over_leap_days_and_years() {
    let rows = limit("milligrams", "100", "{ rolling-days = 2 }");
    let of = |first: &str, second: &str| {
        let lines = vec![line(first, 60), line(second, 60)];
        let answer = assess(&rows, |request| {
            request.service_day = first.to_owned();
            request.lines = lines;
        });
        answer.terms.limits[0].finding.status
    };
    assert_eq!(of("2028-02-28", "2028-02-29"), FindingStatus::Unmet);
    assert_eq!(of("2028-02-28", "2028-03-01"), FindingStatus::Met);
    assert_eq!(of("2026-12-31", "2027-01-01"), FindingStatus::Unmet);
}

#[test]
fn an_authorization_counts_every_dose_of_the_request() {
    let rows = limit("doses", "2", "\"per-authorization\"");
    let doses = |count: usize| vec![line("2026-03-02", 1); count];
    assert_eq!(status(&rows, doses(2), Vec::new()), FindingStatus::Met);
    assert_eq!(status(&rows, doses(3), Vec::new()), FindingStatus::Unmet);
}

#[test]
fn a_lifetime_counts_what_came_before() {
    let rows = limit("doses", "4", "\"lifetime\"");
    let of = |before: Option<u32>, now: usize| {
        let facts = before.map(|count| fact("doses-received", FactValue::Count(count))).into_iter().collect();
        status(&rows, vec![line("2026-03-02", 1); now], facts)
    };
    assert_eq!(of(Some(3), 1), FindingStatus::Met);
    assert_eq!(of(Some(4), 1), FindingStatus::Unmet);
    assert_eq!(of(None, 1), FindingStatus::Unknown);
    assert_eq!(of(None, 5), FindingStatus::Unmet, "the request alone is too much");
}

#[test]
fn what_a_request_cannot_tell_stays_unknown() {
    assert_eq!(
        status(&limit("hours", "48", "\"per-dose\""), vec![line("2026-03-02", 1)], Vec::new()),
        FindingStatus::Unknown
    );
    let mut other_unit = line("2026-03-02", 1);
    other_unit.amount = Some(Quantity { value: Decimal { units: 1, scale: 0 }, unit: "mL".to_owned() });
    assert_eq!(
        status(&limit("milligrams", "48", "\"per-dose\""), vec![other_unit], Vec::new()),
        FindingStatus::Unknown
    );
}

#[test]
fn micrograms_are_exact_milligrams() {
    let mut dose = line("2026-03-02", 1);
    dose.amount = Some(Quantity { value: Decimal { units: 161, scale: 0 }, unit: "ug".to_owned() });
    let rows = limit("milligrams", "\"0.16\"", "\"per-dose\"");
    assert_eq!(status(&rows, vec![dose.clone()], Vec::new()), FindingStatus::Unmet);
    dose.amount = Some(Quantity { value: Decimal { units: 160, scale: 0 }, unit: "ug".to_owned() });
    assert_eq!(status(&rows, vec![dose], Vec::new()), FindingStatus::Met);
}

const CLASS: &str = r#"
[[member]]
product = "first"
brand = "First"
[[member]]
product = "second"
brand = "Second"
[[member]]
product = "third"
brand = "Third"
[preference]
text = "t"
CITE
[[preference.tier]]
rank = 1
product = [{ id = "first" }, { id = "second" }]
[[preference.tier]]
rank = 2
product = [{ id = "third" }]
[[preference.step]]
id = "one-failed"
text = "One preferred product failed in the last 90 days"
count = 1
accepts = ["ineffective", "intolerant"]
lookback-days = 90
CITE
[preference.emergency]
notify = "t"
CITE
"#;

#[test]
fn one_of_several_preferred_products_may_be_enough_within_a_lookback() {
    use paratope_sdk::payer::{Exposure, ExposureResult};
    let text = format!("{POLICY}{}", CLASS.replace("CITE", CITE))
        .replace("subject = \"exemplimab\"", "subject = \"exemplimab\"\nsubject-kind = \"class\"");
    let policies = compile(&[("policy/exemplimab/2026-01-01.toml", &text)]).unwrap();
    let prefer = |last_day: Option<&str>, known: bool| {
        let none = |code: &str| fact(code, FactValue::Codes(Vec::new()));
        let request = PreferRequest {
            coverage: Coverage {
                line_of_business: "commercial".to_owned(),
                group: None,
                state: None,
                delegate: None,
                funding: None,
            },
            service_day: "2026-06-01".to_owned(),
            class: "exemplimab".to_owned(),
            requested: Some("third".to_owned()),
            presentation: None,
            use_for: "use".to_owned(),
            emergency: false,
            history: last_day
                .map(|day| Exposure {
                    product: "second".to_owned(),
                    result: ExposureResult::Intolerant,
                    last_day: Some(day.to_owned()),
                    proof: None,
                })
                .into_iter()
                .collect(),
            facts: if known { vec![none("preferred-failed"), none("preferred-not-tolerated")] } else { Vec::new() },
        };
        policies.prefer(&request).unwrap().requested.unwrap()
    };
    assert_eq!(prefer(Some("2026-03-03"), true), Preference::Exception);
    assert_eq!(prefer(Some("2026-03-02"), true), Preference::StepRequired);
    assert_eq!(prefer(None, true), Preference::StepRequired);
    assert_eq!(prefer(None, false), Preference::Unknown);
}
