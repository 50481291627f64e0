//! What documents can say and no bundled policy says yet.

use paratope_policy_engine::Policies;
use paratope_sdk::payer::{
    AssessRequest, Assessment, BillingRequest, Coverage, Error, ExpectedOutcome, PreferRequest, Preference,
    RequestLine, Span, Stage,
};
use paratope_sdk::words::{Decimal, Fact, FactValue, FindingStatus, PhaseKind, Quantity, VialUse};

use super::diagnostics::{CITE, POLICY, compile};

fn policies(rows: &str) -> Policies {
    let text = format!("{POLICY}{}", rows.replace("CITE", CITE));
    compile(&[("policy/exemplimab/2026-01-01.toml", &text)]).unwrap()
}

fn coverage() -> Coverage {
    Coverage { line_of_business: "commercial".to_owned(), group: None, state: None, delegate: None, funding: None }
}

fn assess_request() -> AssessRequest {
    AssessRequest {
        coverage: coverage(),
        service_day: "2026-03-02".to_owned(),
        product: "exemplimab".to_owned(),
        indication: Some("use".to_owned()),
        regimen: Some("regimen".to_owned()),
        stage: Stage::Initial,
        diagnosis: vec!["C90.02".to_owned()],
        lines: Vec::new(),
        given: None,
        facts: Vec::new(),
    }
}

fn assess(rows: &str, change: impl FnOnce(&mut AssessRequest)) -> Assessment {
    let mut request = assess_request();
    change(&mut request);
    policies(rows).assess(&request).unwrap()
}

fn fact(code: &str, value: FactValue) -> Fact {
    Fact { code: code.to_owned(), value, observed_on: None, source: None }
}

fn line(day: &str, milligrams: i64) -> RequestLine {
    RequestLine {
        phase: "full".to_owned(),
        kind: Some(PhaseKind::Maintenance),
        day: day.to_owned(),
        cycle: None,
        cycle_day: Some(1),
        amount: Some(Quantity { value: Decimal { units: milligrams, scale: 0 }, unit: "mg".to_owned() }),
        code: None,
        units: None,
        discarded_units: None,
        vials: Vec::new(),
        setting: Some("office".to_owned()),
        hours: None,
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
fn hours_of_care_are_counted_for_the_phases_and_cycles_named() {
    let rows = limit("hours", "24", "\"per-dose\"")
        .replace("includes-waste", "phases = [\"full\"]\nto-cycle = 1\nincludes-waste");
    let of = |hours: Option<u32>, cycle: u32| {
        let dose = RequestLine { hours, cycle: Some(cycle), ..line("2026-03-02", 1) };
        status(&rows, vec![dose], Vec::new())
    };
    assert_eq!(of(Some(24), 1), FindingStatus::Met);
    assert_eq!(of(Some(25), 1), FindingStatus::Unmet);
    assert_eq!(of(None, 1), FindingStatus::Unknown);
    assert_eq!(of(Some(25), 2), FindingStatus::NotApplicable);
    let answer = assess(&rows, |request| request.lines = vec![line("2026-03-02", 1)]);
    let limit = &answer.terms.limits[0];
    assert_eq!(
        (limit.phases.as_slice(), limit.first_cycle, limit.last_cycle),
        (&["full".to_owned()][..], None, Some(1))
    );
}

#[test]
fn more_than_a_limit_that_is_looked_at_is_asked() {
    let rows =
        limit("doses", "1", "\"per-authorization\"").replace("includes-waste", "excess = \"ask\"\nincludes-waste");
    let doses = |count: usize| vec![line("2026-03-02", 1); count];
    assert_eq!(status(&rows, doses(1), Vec::new()), FindingStatus::Met);
    let answer = assess(&rows, |request| request.lines = doses(2));
    assert_eq!(answer.outcome, ExpectedOutcome::Undetermined);
    assert_eq!(answer.needs[0].fact, "ask-payer");
}

#[test]
fn an_approval_lasts_a_count_a_plan_year_or_to_a_day() {
    let rows = ["{ days = 90 }", "{ doses = 4 }", "\"plan-year\"", "{ until = \"2026-12-31\" }"]
        .map(|span| format!("[[duration]]\nstage = \"initial\"\nspan = {span}\nanchor = \"decision\"\nCITE\n"));
    let spans: Vec<Span> = assess(&rows.concat(), |_| {}).terms.durations.into_iter().map(|row| row.span).collect();
    let last = Span::Until("2026-12-31".to_owned());
    assert_eq!(format!("{spans:?}"), format!("{:?}", [Span::Days(90), Span::Doses(4), Span::PlanYear, last]));
}

#[test]
fn a_linked_drug_has_doses_and_a_cap() {
    let rows = "[[linked]]\ndrug = \"tocilizumab\"\ntext = \"t\"\ndoses = 4\nmilligrams-per-dose = 800\nwhen = { fact = \"age\", at-least = 18 }\nCITE\n";
    let aged = |age| assess(rows, |request| request.facts.push(fact("age", FactValue::Count(age)))).terms.linked;
    let linked = aged(18);
    assert_eq!((linked[0].drug.as_str(), linked[0].doses), ("tocilizumab", Some(4)));
    let most = linked[0].per_dose.as_ref().unwrap();
    assert_eq!((most.value.units, most.value.scale, most.unit.as_str()), (800, 0, "mg"));
    assert!(aged(17).is_empty());
}

const BILLED: &str = r#"
[billing]
ndc = { source = ["page"], confidence = "sourced" }
[[billing.code]]
product = "exemplimab"
code = "J3590"
first = "2026-01-01"
last = "2026-03-31"
narrative = "name, dose and route of the drug"
CITE
[[billing.code]]
product = "exemplimab"
code = "J9999"
first = "2026-04-01"
CITE
[[billing.revenue]]
code = "0636"
settings = ["hospital-outpatient"]
CITE
"#;

#[test]
fn a_bill_tells_ndc_revenue_code_and_what_to_write_beside_a_code_without_a_name() {
    let policies = policies(BILLED);
    let bill = |day: &str, setting: &str, code: &str| {
        let request = BillingRequest {
            coverage: coverage(),
            service_day: day.to_owned(),
            product: "exemplimab".to_owned(),
            setting: setting.to_owned(),
            diagnosis: Vec::new(),
            code: Some(code.to_owned()),
            amount: None,
            units: Some(1),
            discarded_units: None,
            vials: Vec::new(),
            container_single_dose: Some(true),
            ndc: Some("12345678901".to_owned()),
            channel: Some("buy-and-bill".to_owned()),
            facts: Vec::new(),
        };
        policies.billing(&request).unwrap().lines.remove(0)
    };
    let line = bill("2026-03-31", "hospital-outpatient", "J3590");
    assert_eq!(line.narrative.as_deref(), Some("name, dose and route of the drug"));
    assert_eq!((line.ndc.as_deref(), line.revenue_code.as_deref()), (Some("12345678901"), Some("0636")));
    let line = bill("2026-04-01", "office", "J9999");
    assert_eq!((line.narrative, line.revenue_code), (None, None));
}

#[test]
fn what_a_request_cannot_tell_stays_unknown() {
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
            coverage: coverage(),
            service_day: "2026-06-01".to_owned(),
            stage: None,
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

const ROLLING: &str = r#"
[[limit]]
id = "month"
text = "At most 10 mg in 28 days."
measure = "milligrams"
amount = "10"
window = { rolling-days = 28 }
CITE
"#;

/// The limit of 10 mg in 28 days for a dose of 6 mg on 30 March, after these.
fn after(stage: Stage, given: Option<Vec<RequestLine>>, facts: Vec<Fact>) -> (FindingStatus, String) {
    let answer = assess(ROLLING, |request| {
        request.stage = stage;
        request.lines = vec![line("2026-03-30", 6)];
        request.given = given;
        request.facts = facts;
    });
    let limit = answer.terms.limits.into_iter().next().unwrap();
    (limit.finding.status, limit.finding.needs.into_iter().next().map(|need| need.fact).unwrap_or_default())
}

#[test]
fn a_rolling_limit_looks_back_at_what_was_given() {
    let met = (FindingStatus::Met, String::new());
    let unmet = (FindingStatus::Unmet, String::new());
    assert_eq!(after(Stage::Initial, None, Vec::new()), met);
    assert_eq!(after(Stage::Renewal, Some(Vec::new()), Vec::new()), met);
    // 28 days before, the window of the earlier dose ends the day before; 27 days before, it reaches in.
    assert_eq!(after(Stage::Renewal, Some(vec![line("2026-03-02", 6)]), Vec::new()), met);
    assert_eq!(after(Stage::Renewal, Some(vec![line("2026-03-03", 6)]), Vec::new()), unmet);
    assert_eq!(after(Stage::Renewal, Some(vec![line("2026-03-03", 4)]), Vec::new()), met);
    // What is not known is asked, unless a count says that there was none.
    assert_eq!(after(Stage::Renewal, None, Vec::new()), (FindingStatus::Unknown, "request.given".to_owned()));
    assert_eq!(after(Stage::Renewal, None, vec![fact("doses-received", FactValue::Count(0))]), met);
    let silent = RequestLine { amount: None, ..line("2026-03-20", 1) };
    let unknown = (FindingStatus::Unknown, "request.given".to_owned());
    assert_eq!(after(Stage::Renewal, Some(vec![silent.clone()]), Vec::new()), unknown);
    let early = RequestLine { day: "2026-03-02".to_owned(), ..silent };
    assert_eq!(after(Stage::Renewal, Some(vec![early]), Vec::new()), met);
}

#[test]
fn doses_given_before_are_not_after_the_request() {
    let mut request = assess_request();
    request.given = Some(vec![line("2026-03-31", 1)]);
    request.lines = vec![line("2026-03-30", 1)];
    let Err(Error::BadRequest(why)) = policies(ROLLING).assess(&request) else { panic!("it was taken") };
    assert!(why.starts_with("given[0].day"), "{why}");
}

#[test]
fn what_a_bill_depends_on_is_asked_not_assumed() {
    let policies = policies(BILLED);
    let mut request = BillingRequest {
        coverage: coverage(),
        service_day: "2026-03-31".to_owned(),
        product: "exemplimab".to_owned(),
        setting: "office".to_owned(),
        diagnosis: Vec::new(),
        code: Some("J3590".to_owned()),
        amount: None,
        units: Some(1),
        discarded_units: Some(0),
        vials: Vec::new(),
        container_single_dose: Some(true),
        ndc: None,
        channel: None,
        facts: Vec::new(),
    };
    let asked = |request: &BillingRequest| {
        let bill = policies.billing(request).unwrap();
        (bill.lines.len(), bill.asks.into_iter().map(|ask| ask.topic).collect::<Vec<_>>())
    };
    let (lines, topics) = asked(&request);
    assert!(lines == 0 && topics.iter().any(|topic| topic == "channel"), "{topics:?}");

    request.channel = Some("buy-and-bill".to_owned());
    let vial = |ndc: &str| VialUse { presentation: "v".to_owned(), ndc: Some(ndc.to_owned()), count: 1, content: None };
    request.vials = vec![vial("12345678901"), vial("12345678902")];
    let (_, topics) = asked(&request);
    assert!(topics.iter().any(|topic| topic == "ndc"), "{topics:?}");
}
