//! What the sandbox costs, as ratios inside one run: one payer `assess` and one product `plan` in a fresh sandbox, beside a bare
//! wasmtime call of an empty function with the same payload and the same rules in native Rust; building a plugin from
//! documents; loading it cold and from the compiled cache; checking a signature, which is done when a plugin is published, and an
//! approval, which is done for every call.
//!
//! `cargo bench -p paratope-tests --bench sandbox --profile dev`: the profile everything else is built with.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "a benchmark that cannot go on stops")]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use paratope_domain::payer::AssessRequest;
use paratope_domain::product::PlanRequest;
use paratope_runtime::{Origin, Sandbox, SandboxSettings};
use paratope_server::authoring::{Folder, Workshop, section};
use paratope_server::keys::SigningKey;
use paratope_server::lifecycle::{Approved, Statement};
use serde_json::json;

#[path = "../guests/mod.rs"]
mod guests;

mod bare {
    wasmtime::component::bindgen!({
        path: ["../wit/types", "../wit/payer"],
        world: "paratope:payer/payer-plugin@0.1.0",
    });
}

/// A bundled plugin's folder.
fn folder(path: &str) -> Folder {
    Folder::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins").join(path)).unwrap()
}

fn build(sandbox: &Sandbox, path: &str) -> Vec<u8> {
    Workshop::new(sandbox.clone()).build(&folder(path)).unwrap().component
}

/// The full request that clearance sends for a first start: thirty facts, three doses.
fn assess_request() -> AssessRequest {
    let facts = demo_facts();
    let line = |phase: &str, kind: &str, day: &str, at: u32, units: u32, discarded: u32| json!({ "phase": phase, "kind": kind, "day": day, "cycle-day": at, "code": "J9380", "units": units, "discarded-units": discarded, "setting": "inpatient" });
    serde_json::from_value(json!({
        "coverage": { "line-of-business": "commercial" },
        "service-day": "2026-11-23",
        "product": "teclistamab",
        "indication": "rrmm-monotherapy",
        "regimen": "monotherapy",
        "stage": "initial",
        "diagnosis": ["C90.02"],
        "lines": [
            line("step-up-1", "step-up", "2026-11-23", 1, 9, 51),
            line("step-up-2", "step-up", "2026-11-26", 4, 44, 16),
            line("first-full", "first-full", "2026-11-29", 7, 216, 90)
        ],
        "facts": facts
    }))
    .unwrap()
}

fn demo_facts() -> serde_json::Value {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/server/demo/cases/01-inpatient-start.json");
    let case: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(case).unwrap()).unwrap();
    case["facts"].clone()
}

fn plan_request() -> PlanRequest {
    serde_json::from_value(json!({
        "indication": "rrmm-monotherapy", "regimen": "monotherapy", "start": "2026-11-23", "doses": 12, "facts": demo_facts()
    }))
    .unwrap()
}

/// A payer whose every function answers `no-policy` at once: what remains is the sandbox and the payload.
fn empty_payer() -> Vec<u8> {
    let answer = guests::answers::Layout::new(16).u8(0, 1).build();
    guests::payer().answers("assess", answer).build()
}

fn calls(criterion: &mut Criterion) {
    let sandbox = Sandbox::new(SandboxSettings::default()).unwrap();
    let payer = build(&sandbox, "payers/aetna");
    let largest = build(&sandbox, "payers/bcbs-alabama");
    let product = build(&sandbox, "products/teclistamab");
    println!(
        "components: aetna {} kB, bcbs-alabama {} kB, teclistamab {} kB",
        payer.len() / 1000,
        largest.len() / 1000,
        product.len() / 1000
    );
    let load = |name: &str, component: &[u8]| sandbox.load(name, component, Origin::Snapshot).unwrap();
    let (aetna, alabama, teclistamab) =
        (load("aetna", &payer), load("alabama", &largest), load("teclistamab", &product));
    // It is ours, and tiny: compiled in process like a snapshot.
    let guest = empty_payer();
    let empty = load("empty", &guest);
    let request = assess_request();
    println!("aetna: {:?}", aetna.payer().unwrap().assess(&request).unwrap().answer.unwrap().outcome);
    println!("alabama: {:?}", alabama.payer().unwrap().assess(&request).unwrap().answer.unwrap().outcome);

    let mut group = criterion.benchmark_group("assess");
    group.bench_function("bare wasmtime, empty function", bare_call(&request));
    group.bench_function("sandbox, empty function", |bencher| {
        bencher.iter(|| empty.payer().unwrap().assess(black_box(&request)).unwrap())
    });
    group.bench_function("sandbox, aetna", |bencher| {
        bencher.iter(|| aetna.payer().unwrap().assess(black_box(&request)).unwrap())
    });
    group.bench_function("sandbox, bcbs-alabama", |bencher| {
        bencher.iter(|| alabama.payer().unwrap().assess(black_box(&request)).unwrap())
    });
    let native = paratope_policy_engine::Policies::compile(&native_documents("payers/aetna")).unwrap();
    let native_request = native_assess(&request);
    group.bench_function("native, aetna", |bencher| bencher.iter(|| native.assess(black_box(&native_request))));
    group.finish();

    let plan = plan_request();
    assert!(teclistamab.product().unwrap().plan(&plan).unwrap().answer.is_ok(), "the plan must be planned");
    let mut group = criterion.benchmark_group("plan");
    group.bench_function("sandbox, teclistamab, 12 doses", |bencher| {
        bencher.iter(|| teclistamab.product().unwrap().plan(black_box(&plan)).unwrap())
    });
    group.finish();
}

fn native_documents(path: &str) -> Vec<paratope_sdk::configure::Document> {
    folder(path)
        .documents()
        .into_iter()
        .map(|one| paratope_sdk::configure::Document { path: one.path, text: one.text })
        .collect()
}

/// The same request in the plugin's own words.
fn native_assess(request: &AssessRequest) -> paratope_sdk::payer::AssessRequest {
    use paratope_domain::FactValue as Value;
    use paratope_sdk::payer::{AssessRequest, Coverage, RequestLine, Stage};
    use paratope_sdk::words::{Decimal, Fact, FactValue, PhaseKind, Quantity};
    let value = |value: &Value| match value {
        Value::Flag(yes) => FactValue::Flag(*yes),
        Value::Count(count) => FactValue::Count(*count),
        Value::Quantity(quantity) => FactValue::Quantity(Quantity {
            value: Decimal { units: quantity.value.units(), scale: quantity.value.scale() },
            unit: quantity.unit.clone(),
        }),
        Value::Code(code) => FactValue::Code(code.clone()),
        Value::Codes(codes) => FactValue::Codes(codes.clone()),
        Value::Day(day) => FactValue::Day(day.to_string()),
        Value::Text(text) => FactValue::Text(text.clone()),
    };
    let kinds = [PhaseKind::StepUp, PhaseKind::StepUp, PhaseKind::FirstFull];
    AssessRequest {
        coverage: Coverage {
            line_of_business: "commercial".to_owned(),
            group: None,
            state: None,
            delegate: None,
            funding: None,
        },
        service_day: request.service_day.to_string(),
        product: request.product.clone(),
        indication: request.indication.clone(),
        regimen: request.regimen.clone(),
        stage: Stage::Initial,
        diagnosis: request.diagnosis.clone(),
        lines: request
            .lines
            .iter()
            .zip(kinds)
            .map(|(line, kind)| RequestLine {
                phase: line.phase.clone(),
                kind: Some(kind),
                day: line.day.to_string(),
                cycle: None,
                cycle_day: line.cycle_day,
                amount: None,
                code: line.code.clone(),
                units: line.units,
                discarded_units: line.discarded_units,
                vials: Vec::new(),
                setting: line.setting.clone(),
                hours: line.hours,
            })
            .collect(),
        given: None,
        facts: request
            .facts
            .iter()
            .map(|fact| Fact {
                code: fact.code.clone(),
                value: value(&fact.value),
                observed_on: fact.observed_on.map(|day| day.to_string()),
                source: fact.source.clone(),
            })
            .collect(),
    }
}

/// wasmtime as its book shows it, with the pooling allocator: fresh store, fresh instance, generated bindings, no limits.
fn bare_call(request: &AssessRequest) -> impl FnMut(&mut criterion::Bencher<'_>) {
    use bare::exports::paratope::payer::payer as wit;
    use bare::paratope::types::types as words;
    let mut config = wasmtime::Config::new();
    config.allocation_strategy(wasmtime::InstanceAllocationStrategy::pooling());
    let engine = wasmtime::Engine::new(&config).unwrap();
    let component = wasmtime::component::Component::new(&engine, empty_payer()).unwrap();
    let mut linker = wasmtime::component::Linker::new(&engine);
    linker.instance("paratope:types/types@0.1.0").unwrap();
    let pre = bare::PayerPluginPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
    let native = native_assess(request);
    let request = wit::AssessRequest {
        coverage: wit::Coverage {
            line_of_business: native.coverage.line_of_business,
            group: None,
            state: None,
            delegate: None,
            funding: None,
        },
        service_day: native.service_day,
        product: native.product,
        indication: native.indication,
        regimen: native.regimen,
        stage: wit::Stage::Initial,
        diagnosis: native.diagnosis,
        lines: native
            .lines
            .into_iter()
            .map(|line| wit::RequestLine {
                phase: line.phase,
                kind: Some(words::PhaseKind::StepUp),
                day: line.day,
                cycle: None,
                cycle_day: line.cycle_day,
                amount: None,
                code: line.code,
                units: line.units,
                discarded_units: line.discarded_units,
                vials: Vec::new(),
                setting: line.setting,
                hours: line.hours,
            })
            .collect(),
        given: None,
        facts: native
            .facts
            .into_iter()
            .map(|fact| words::Fact {
                code: fact.code,
                observed_on: fact.observed_on,
                source: fact.source,
                value: match fact.value {
                    paratope_sdk::words::FactValue::Flag(yes) => words::FactValue::Flag(yes),
                    paratope_sdk::words::FactValue::Count(count) => words::FactValue::Count(count),
                    paratope_sdk::words::FactValue::Quantity(q) => words::FactValue::Quantity(words::Quantity {
                        value: words::Decimal { units: q.value.units, scale: q.value.scale },
                        unit: q.unit,
                    }),
                    paratope_sdk::words::FactValue::Code(code) => words::FactValue::Code(code),
                    paratope_sdk::words::FactValue::Codes(codes) => words::FactValue::Codes(codes),
                    paratope_sdk::words::FactValue::Day(day) => words::FactValue::Day(day),
                    paratope_sdk::words::FactValue::Text(text) => words::FactValue::Text(text),
                },
            })
            .collect(),
    };
    move |bencher| {
        bencher.iter(|| {
            let mut store = wasmtime::Store::new(&engine, ());
            let plugin = pre.instantiate(&mut store).unwrap();
            plugin.paratope_payer_payer().call_assess(&mut store, black_box(&request)).unwrap()
        });
    }
}

fn publishing(criterion: &mut Criterion) {
    let sandbox = Sandbox::new(SandboxSettings::default()).unwrap();
    let workshop = Workshop::new(sandbox.clone());
    let documents = folder("products/teclistamab");
    let mut group = criterion.benchmark_group("publish");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.bench_function("documents to component", |bencher| {
        bencher.iter(|| workshop.build(black_box(&documents)).unwrap())
    });
    let component = workshop.build(&documents).unwrap().component;
    let alone = || Sandbox::new(SandboxSettings::default()).unwrap();
    group.bench_function("load, compiled anew", |bencher| {
        bencher.iter_batched(
            alone,
            |sandbox| sandbox.load("cold", &component, Origin::Snapshot).unwrap(),
            BatchSize::PerIteration,
        )
    });
    let sibling = workshop.build(&folder("products/tarlatamab")).unwrap().component;
    let beside = || {
        let sandbox = alone();
        sandbox.load("sibling", &sibling, Origin::Snapshot).unwrap();
        sandbox
    };
    group.bench_function("load, compiled after another of its engine", |bencher| {
        bencher.iter_batched(
            beside,
            |sandbox| sandbox.load("cold", &component, Origin::Snapshot).unwrap(),
            BatchSize::PerIteration,
        )
    });
    let cache = tempfile::tempdir().unwrap();
    let cached =
        Sandbox::new(SandboxSettings { cache: Some(cache.path().to_owned()), ..SandboxSettings::default() }).unwrap();
    cached.load("warm", &component, Origin::Snapshot).unwrap();
    group.bench_function("load, from the compiled cache", |bencher| {
        bencher.iter(|| cached.load("warm", &component, Origin::Snapshot).unwrap())
    });
    group.finish();
}

/// What stands between a plugin and a site. Beside `assess/sandbox, aetna` of the same run.
fn trust(criterion: &mut Criterion) {
    let keys = tempfile::tempdir().unwrap();
    let key = SigningKey::make(&keys.path().join("author.key")).unwrap();
    let manifest = section::manifest(&build(&Sandbox::new(SandboxSettings::default()).unwrap(), "payers/aetna"));
    let manifest = manifest.unwrap().unwrap();
    let digest = paratope_runtime::digest(b"aetna");
    let statement =
        Statement { name: manifest.name.clone(), version: manifest.version.clone(), digest: digest.clone() };
    let (envelope, public) = (statement.signed(&key).unwrap(), key.public());
    let approved =
        Approved::Versions { publisher: manifest.publisher.clone(), plugin: None, range: "^0.1".parse().unwrap() };
    assert!(statement.is_signed(&envelope, &public) && approved.covers(&digest, &manifest));
    let mut group = criterion.benchmark_group("trust");
    group.bench_function("signature of a release", |bencher| {
        bencher.iter(|| statement.is_signed(black_box(&envelope), &public))
    });
    group.bench_function("approval by a range", |bencher| {
        bencher.iter(|| approved.covers(black_box(&digest), black_box(&manifest)))
    });
    group.finish();
}

criterion_group!(benches, calls, publishing, trust);
criterion_main!(benches);
