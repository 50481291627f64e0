//! One payer's criteria for one product: diagnosis, status, age, prior lines, three classes of drugs. The same rules in
//! public engines in process, JSON in and JSON out, beside the sandboxed plugin and the same engine in native Rust.
//!
//! Every contender is warm and compiled beforehand. Cedar answers yes or no only; the others name each finding.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use paratope_domain::payer::AssessRequest;
use paratope_policy_engine::Policies;
use paratope_runtime::{Origin, Sandbox, SandboxSettings};
use serde_json::{Value, json};

const REGO: &str = r#"
package payer

classes := {"proteasome-inhibitor", "immunomodulatory-agent", "anti-cd38"}

finding[{"id": "diagnosis", "status": s}] { s := status(has("diagnosis"), input.diagnosis == "multiple-myeloma") }
finding[{"id": "status", "status": s}] { s := status(has("disease_status"), count({x | x := input.disease_status[_]; {"relapsed", "refractory"}[x]}) > 0) }
finding[{"id": "age", "status": s}] { s := status(has("age"), input.age >= 18) }
finding[{"id": "prior-lines", "status": s}] { s := status(has("prior_lines"), input.prior_lines >= 4) }
finding[{"id": "classes", "status": s}] { s := status(has("prior_classes"), count(classes - {x | x := input.prior_classes[_]}) == 0) }

has(name) { input[name] != null }
status(known, holds) = "met" { known; holds }
status(known, holds) = "unmet" { known; not holds }

outcome = "meets" { count({f | finding[f]; f.status == "met"}) == 5 }
outcome = "does-not-meet" { finding[f]; f.status == "unmet" }
answer := {"outcome": outcome, "findings": finding}
"#;

const CEDAR: &str = r#"
permit(principal, action, resource) when {
    context has diagnosis && context.diagnosis == "multiple-myeloma" &&
    context has disease_status && context.disease_status.containsAny(["relapsed", "refractory"]) &&
    context has age && context.age >= 18 &&
    context has prior_lines && context.prior_lines >= 4 &&
    context has prior_classes && context.prior_classes.containsAll(["proteasome-inhibitor", "immunomodulatory-agent", "anti-cd38"])
};
"#;

fn facts() -> String {
    json!({
        "diagnosis": "multiple-myeloma",
        "disease_status": ["relapsed", "refractory"],
        "age": 68,
        "prior_lines": 4,
        "prior_classes": ["proteasome-inhibitor", "immunomodulatory-agent", "anti-cd38"]
    })
    .to_string()
}

/// The same five rules as a decision graph of expressions.
fn zen_graph() -> Value {
    let expression = |id: &str, key: &str, value: &str| json!({ "id": id, "key": key, "value": value });
    json!({
        "nodes": [
            { "id": "in", "type": "inputNode", "name": "in", "position": { "x": 0, "y": 0 } },
            { "id": "ex", "type": "expressionNode", "name": "rules", "position": { "x": 0, "y": 0 }, "content": { "expressions": [
                expression("1", "diagnosis", "diagnosis == null ? 'unknown' : diagnosis == 'multiple-myeloma' ? 'met' : 'unmet'"),
                expression("2", "status", "disease_status == null ? 'unknown' : some(disease_status, # == 'relapsed' or # == 'refractory') ? 'met' : 'unmet'"),
                expression("3", "age", "age == null ? 'unknown' : age >= 18 ? 'met' : 'unmet'"),
                expression("4", "priorLines", "prior_lines == null ? 'unknown' : prior_lines >= 4 ? 'met' : 'unmet'"),
                expression("5", "classes", "prior_classes == null ? 'unknown' : all(['proteasome-inhibitor', 'immunomodulatory-agent', 'anti-cd38'], # in $root.prior_classes) ? 'met' : 'unmet'"),
                expression("6", "outcome", "all([$.diagnosis, $.status, $.age, $.priorLines, $.classes], # == 'met') ? 'meets' : some([$.diagnosis, $.status, $.age, $.priorLines, $.classes], # == 'unmet') ? 'does-not-meet' : 'undetermined'")
            ] } },
            { "id": "out", "type": "outputNode", "name": "out", "position": { "x": 0, "y": 0 } }
        ],
        "edges": [
            { "id": "a", "type": "edge", "sourceId": "in", "targetId": "ex" },
            { "id": "b", "type": "edge", "sourceId": "ex", "targetId": "out" }
        ]
    })
}

fn assess_json() -> String {
    json!({
        "coverage": { "line-of-business": "commercial" },
        "service-day": "2026-11-23",
        "product": "teclistamab",
        "indication": "monotherapy",
        "regimen": "monotherapy",
        "stage": "initial",
        "facts": [
            { "code": "diagnosis", "value": { "code": "multiple-myeloma" } },
            { "code": "disease-status", "value": { "codes": ["relapsed", "refractory"] } },
            { "code": "age", "value": { "count": 68 } },
            { "code": "prior-lines", "value": { "count": 4 } },
            { "code": "prior-classes", "value": { "codes": ["proteasome-inhibitor", "immunomodulatory-agent", "anti-cd38"] } }
        ]
    })
    .to_string()
}

/// The bundled payer of which the rules above are a copy.
fn payer_documents() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/payers/aetna");
    let read = |path: &str| std::fs::read_to_string(format!("{folder}/{path}")).unwrap();
    let mut documents = vec![("payer.toml".to_owned(), read("payer.toml"))];
    for subject in std::fs::read_dir(format!("{folder}/policy")).unwrap() {
        let subject = subject.unwrap().file_name().into_string().unwrap();
        for edition in std::fs::read_dir(format!("{folder}/policy/{subject}")).unwrap() {
            let path = format!("policy/{subject}/{}", edition.unwrap().file_name().into_string().unwrap());
            let text = read(&path);
            documents.push((path, text));
        }
    }
    documents.sort();
    documents
}

fn peers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("payer-criteria");
    let facts = facts();

    let built = std::env::var("PARATOPE_AETNA").expect("PARATOPE_AETNA: what `paratope plugin build plugins/payers/aetna` wrote");
    let sandbox = Sandbox::new(SandboxSettings::default()).unwrap();
    let plugin = sandbox.load("aetna", &std::fs::read(built).unwrap(), Origin::Snapshot).unwrap();
    let payer = plugin.payer().unwrap();
    let text = assess_json();
    let typed: AssessRequest = serde_json::from_str(&text).unwrap();
    println!("sandboxed answer: {:?}", payer.assess(&typed).unwrap().answer.unwrap().outcome);
    group.bench_function("paratope sandbox, typed", |bencher| bencher.iter(|| payer.assess(black_box(&typed)).unwrap()));
    group.bench_function("paratope sandbox, JSON in and out", |bencher| {
        bencher.iter(|| {
            let request: AssessRequest = serde_json::from_str(black_box(&text)).unwrap();
            let answer = payer.assess(&request).unwrap().answer.unwrap();
            serde_json::to_string(&answer).unwrap()
        });
    });

    let native: Vec<paratope_sdk::configure::Document> =
        payer_documents().into_iter().map(|(path, text)| paratope_sdk::configure::Document { path, text }).collect();
    let policies = Policies::compile(&native).unwrap();
    let request = native_request();
    group.bench_function("the same engine, native", |bencher| {
        bencher.iter(|| policies.assess(black_box(&request)).is_ok());
    });

    let mut rego = regorus::Engine::new();
    rego.set_rego_v0(true);
    rego.add_policy("payer.rego".to_owned(), REGO.to_owned()).unwrap();
    rego.set_input_json(&facts).unwrap();
    println!("regorus answer: {}", rego.eval_rule("data.payer.answer".to_owned()).unwrap());
    group.bench_function("regorus", |bencher| {
        bencher.iter(|| {
            rego.set_input_json(black_box(&facts)).unwrap();
            rego.eval_rule("data.payer.answer".to_owned()).unwrap().to_json_str().unwrap()
        });
    });

    let policies: cedar_policy::PolicySet = CEDAR.parse().unwrap();
    let entities = cedar_policy::Entities::empty();
    let authorizer = cedar_policy::Authorizer::new();
    let uid = |text: &str| text.parse::<cedar_policy::EntityUid>().unwrap();
    let (principal, action, resource) = (uid("P::\"p\""), uid("Action::\"cover\""), uid("R::\"r\""));
    let decide = || {
        let context = cedar_policy::Context::from_json_str(black_box(&facts), None).unwrap();
        let request = cedar_policy::Request::new(principal.clone(), action.clone(), resource.clone(), context, None).unwrap();
        authorizer.is_authorized(&request, &policies, &entities).decision()
    };
    println!("cedar answer: {:?}", decide());
    group.bench_function("cedar (yes or no only)", |bencher| bencher.iter(decide));

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let content: zen_engine::model::DecisionContent = serde_json::from_value(zen_graph()).unwrap();
    let mut decision = zen_engine::DecisionEngine::default().create_decision(content.into()).unwrap();
    decision.compile();
    let zen = || {
        let input: Value = serde_json::from_str(black_box(&facts)).unwrap();
        let answer = runtime.block_on(decision.evaluate(input.into())).unwrap();
        answer.result.to_string()
    };
    println!("zen answer: {}", zen());
    group.bench_function("zen-engine", |bencher| bencher.iter(zen));
    group.finish();
}

fn native_request() -> paratope_sdk::payer::AssessRequest {
    use paratope_sdk::payer::{AssessRequest, Coverage, Stage};
    use paratope_sdk::words::{Fact, FactValue};
    let fact = |code: &str, value| Fact { code: code.to_owned(), value, observed_on: None, source: None };
    let codes = |codes: &[&str]| FactValue::Codes(codes.iter().map(|code| (*code).to_owned()).collect());
    AssessRequest {
        coverage: Coverage { line_of_business: "commercial".to_owned(), group: None, state: None, delegate: None, funding: None },
        service_day: "2026-11-23".to_owned(),
        product: "teclistamab".to_owned(),
        indication: Some("monotherapy".to_owned()),
        regimen: Some("monotherapy".to_owned()),
        stage: Stage::Initial,
        diagnosis: Vec::new(),
        lines: Vec::new(),
        given: None,
        facts: vec![
            fact("diagnosis", FactValue::Code("multiple-myeloma".to_owned())),
            fact("disease-status", codes(&["relapsed", "refractory"])),
            fact("age", FactValue::Count(68)),
            fact("prior-lines", FactValue::Count(4)),
            fact("prior-classes", codes(&["proteasome-inhibitor", "immunomodulatory-agent", "anti-cd38"])),
        ],
    }
}

criterion_group!(benches, peers);
criterion_main!(benches);
