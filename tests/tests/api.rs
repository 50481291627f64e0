//! The HTTP API, from outside: what it answers, what it refuses, and that a bad plugin hurts only its own calls.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../guests/mod.rs"]
mod guests;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Data, Server, case, database, meanwhile, paratope, run, send, try_send, with_manifest};

const JSON: (&str, &str) = ("content-type", "application/json");
const AS_OF: &str = "{\"as-of\": \"2026-11-23\"}";

#[test]
fn a_clearance_is_recorded_and_replayed() {
    let data = Data::prepared();
    let host = data.serve();
    let created = host.post("/v1/clearances", &case("04").to_string()).is(201);
    let clearance = created.json();
    assert_eq!(clearance["answer"]["verdict"], "blocked");
    let id = clearance["id"].as_str().unwrap();
    assert_eq!(created.header("location"), format!("/v1/clearances/{id}"));
    assert_eq!(host.get(&format!("/v1/clearances/{id}")).is(200).json(), clearance);
    let recorded = host.get(&format!("/v1/determinations/{id}")).is(200).json();
    assert_eq!(recorded["intact"], true);
    assert_eq!(recorded["answer"], clearance["answer"]);
    assert_eq!(recorded["request"]["request"]["order"]["product"], "teclistamab");
    assert_eq!(recorded["request"]["site"]["id"], "northgate");
    let calls = recorded["calls"].as_array().unwrap();
    assert!(calls.iter().any(|call| call["function"] == "monograph" && call["answer"]["ok"]["brand"] == "TECVAYLI"));
    assert!(calls.iter().all(|call| call["digest"].as_str().unwrap().starts_with("sha256:")));
    let replay = host.post(&format!("/v1/determinations/{id}/replay"), "").is(200).json();
    assert_eq!((&replay["same"], &replay["calls"]), (&json!(true), &json!(calls.len())));
}

#[test]
fn a_plan_and_a_call_are_recorded() {
    let data = Data::prepared();
    let host = data.serve();
    let plan = json!({ "product": "teclistamab", "indication": "rrmm-monotherapy", "regimen": "monotherapy",
        "start": "2026-11-23", "doses": 3 });
    let planned = host.post("/v1/plans", &plan.to_string()).is(201).json();
    assert_eq!(planned["answer"]["doses"][0]["phase"], "step-up-1");
    let called = host.post("/v1/plugins/aetna/profile", AS_OF).is(201).json();
    assert_eq!(called["answer"]["payer"], "aetna");
    for id in [&planned["id"], &called["id"]] {
        let path = format!("/v1/determinations/{}/replay", id.as_str().unwrap());
        assert_eq!(host.post(&path, "").is(200).json()["same"], true);
        host.get(&format!("/v1/clearances/{}", id.as_str().unwrap())).problem(404, "unknown-clearance");
    }
}

#[test]
fn what_is_installed_can_be_looked_up() {
    let data = Data::prepared();
    let host = data.serve();
    let plugins = host.get("/v1/plugins").is(200).json();
    assert!(plugins["plugins"].as_array().unwrap().len() >= 8);
    assert_eq!(plugins["troubles"], json!([]));
    let plugin = host.get("/v1/plugins/teclistamab").is(200).json();
    assert_eq!(plugin["manifest"]["kind"], "product");
    assert!(!plugin["manifest"]["source"].as_array().unwrap().is_empty());
    assert_eq!(plugin["history"][0]["source"], "bundled");
    let products = host.get("/v1/products").is(200).json();
    assert!(products["products"].as_array().unwrap().iter().all(|one| one["kind"] == "product"));
    let payers = host.get("/v1/payers").is(200).json();
    assert!(payers["payers"].as_array().unwrap().iter().all(|one| one["kind"] == "payer"));
    let then = host.get("/v1/products/teclistamab?as-of=2023-01-01").is(200).json();
    let now = host.get("/v1/products/teclistamab?as-of=2026-11-23").is(200).json();
    assert_ne!(then["edition"], now["edition"]);
    assert_eq!(host.get("/v1/payers/aetna?as-of=2026-11-23").is(200).json()["name"], "Aetna");
    host.get("/v1/products/teclistamab").is(200);
    assert_eq!(host.get("/health/live").is(200).json()["status"], "live");
    assert_eq!(host.get("/health/ready").is(200).json()["status"], "ready");
}

#[test]
fn sites_are_kept() {
    let data = Data::prepared();
    let host = data.serve();
    let sites = host.get("/v1/sites").is(200).json();
    assert_eq!(sites["sites"].as_array().unwrap().len(), 3);
    let mut site = host.get("/v1/sites/riverbend").is(200).json();
    site["id"] = json!("elsewhere");
    host.put("/v1/sites/elsewhere", &site.to_string()).is(201);
    site["step-up"] = json!(false);
    assert_eq!(host.put("/v1/sites/elsewhere", &site.to_string()).is(200).json()["step-up"], false);
    let problem = host.put("/v1/sites/other", &site.to_string()).problem(422, "bad-request");
    assert_eq!(problem["pointer"], "/id");
    site["settings"] = json!(["garage"]);
    let problem = host.put("/v1/sites/elsewhere", &site.to_string()).problem(422, "bad-request");
    assert_eq!(problem["pointer"], "/settings/0");
    assert_eq!(host.get("/v1/sites/elsewhere").json()["settings"], json!(["office", "infusion-center"]));
    host.get("/v1/sites/nowhere").problem(404, "unknown-site");
}

#[test]
fn bad_input_is_told_by_place_and_never_repeated() {
    let data = Data::prepared();
    let host = data.serve();
    let refused = |change: &dyn Fn(&mut Value), pointer: &str| {
        let mut request = case("01");
        change(&mut request);
        let problem = host.post("/v1/clearances", &request.to_string()).problem(422, "bad-request");
        assert_eq!(problem["pointer"], pointer, "{problem}");
        assert!(!problem.to_string().contains("Jane"), "{problem}");
    };
    refused(&|request| request["case"] = json!({ "name": "Jane Doe" }), "/case");
    refused(&|request| request["as-of"] = json!("2026-02-30"), "/as-of");
    refused(&|request| request["as-of"] = json!("Jane Doe"), "/as-of");
    refused(&|request| request["patient-name"] = json!("Jane Doe"), "/patient-name");
    refused(&|request| request["Jane Doe"] = json!(1), "/?");
    refused(&|request| request["order"]["doses"] = json!([]), "/order/doses");
    refused(&|request| request["order"]["doses"][0]["setting"] = json!("Jane Doe"), "/order/doses/0/setting");
    refused(&|request| request["order"]["doses"][0]["amount"]["value"] = json!("-1"), "/order/doses/0/amount");
    refused(&|request| request["facts"][0]["value"] = json!({ "Jane Doe": 1 }), "/facts/0/value");
    refused(&|request| request["facts"][0]["value"] = json!({ "day": "Jane Doe" }), "/facts/0/value/day");
    refused(
        &|request| {
            request.as_object_mut().unwrap().remove("order");
        },
        "",
    );

    let mut unknown = case("01");
    unknown["site"] = json!("Jane Doe");
    let problem = host.post("/v1/clearances", &unknown.to_string()).problem(422, "unknown-site");
    assert!(problem["pointer"] == "/site" && !problem.to_string().contains("Jane"), "{problem}");

    let problem = host.post("/v1/clearances", "{\"case\": Jane}").problem(400, "not-json");
    assert_eq!((&problem["line"], &problem["column"]), (&json!(1), &json!(10)));
    host.post("/v1/clearances", "").problem(400, "not-json");
    host.post("/v1/clearances", &"[".repeat(100_000)).problem(422, "bad-request");
    let deep = format!("{{\"facts\": [{{\"value\": {}", "{\"codes\":".repeat(100_000));
    host.post("/v1/clearances", &deep).problem(422, "bad-request");
    host.post("/v1/plugins/aetna/assess", &"[".repeat(100_000)).problem(400, "not-json");
    host.send("POST", "/v1/clearances", &[], b"{}").problem(415, "media-type");
    host.post("/v1/clearances", &format!("\"{}\"", "x".repeat(3_000_000))).problem(413, "too-large");
    host.get("/v1/products/teclistamab?as-of=2026-02-30").problem(400, "bad-parameter");
    host.get("/v1/products/teclistamab?on=2026-02-20").problem(400, "bad-parameter");
    host.get("/v1/products/aetna").problem(404, "unknown-product");
    host.get("/v1/payers/teclistamab").problem(404, "unknown-payer");
    host.get("/v1/determinations/yesterday").problem(400, "bad-parameter");
    host.get("/v1/determinations/01M80G38B8SS3QBZND75AVTJ1W").problem(404, "unknown-determination");
    host.post("/v1/plugins/nothing/plan", "{}").problem(404, "unknown-plugin");
    host.post("/v1/plugins/aetna/plan", "{}").problem(404, "unknown-function");
    host.post("/v1/plugins/aetna/approve", "{}").problem(404, "unknown-function");
    host.get("/v1/nothing").problem(404, "no-route");
    host.send("DELETE", "/v1/plugins", &[], b"").problem(405, "no-method");
    let problem = host.post(
        "/v1/plans",
        &json!({ "product": "teclistamab", "indication": "rrmm-monotherapy", "regimen": "monthly",
            "start": "2026-11-23", "doses": 1 })
        .to_string(),
    );
    let problem = problem.problem(422, "no-answer");
    assert_eq!((&problem["code"], &problem["plugin"]), (&json!("outside-label"), &json!("teclistamab")));
    // That answer is on record.
    let id = problem["determination"].as_str().unwrap();
    assert_eq!(host.post(&format!("/v1/determinations/{id}/replay"), "").is(200).json()["same"], true);

    let log = host.kill();
    assert!(log.contains("/v1/clearances") && !log.contains("Jane") && !log.contains("demo-01"), "{log}");
}

#[test]
fn web_pages_are_kept_out_and_answers_stay_data() {
    let data = Data::prepared();
    let host = data.serve();
    host.send("GET", "/v1/plugins", &[("host", "rebound.example")], b"").problem(421, "not-this-machine");
    host.send("GET", "/v1/plugins", &[("origin", "https://evil.example")], b"").problem(421, "not-this-machine");
    host.send("POST", "/v1/clearances", &[("content-type", "text/plain")], b"{}").problem(415, "media-type");
    let answer = host.get("/v1/plugins").is(200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
}

#[test]
fn the_openapi_document_is_whole() {
    let data = Data::prepared();
    let document = data.serve().get("/openapi.json").is(200).json();
    assert_eq!(document["openapi"], "3.1.0");
    let text = document.to_string();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let named: BTreeSet<&str> =
        text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    for name in &named {
        assert!(schemas.contains_key(*name), "{name} is named and not there");
    }
    for name in ["ClearanceRequest", "Clearance", "TreatmentPlan", "Problem", "Assessment", "Site"] {
        assert!(schemas.contains_key(name), "{name}");
    }
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    for path in [
        "/v1/clearances",
        "/v1/clearances/{id}",
        "/v1/plans",
        "/v1/plugins",
        "/v1/plugins/{name}",
        "/v1/plugins/{name}/{function}",
        "/v1/products",
        "/v1/products/{id}",
        "/v1/payers",
        "/v1/payers/{id}",
        "/v1/sites",
        "/v1/sites/{id}",
        "/v1/determinations/{id}",
        "/v1/determinations/{id}/replay",
        "/health/live",
        "/health/ready",
    ] {
        assert!(paths.iter().any(|known| *known == path), "{path}");
    }
}

/// The bundled plugin in this folder, as another version.
fn other_version(data: &Data, folder: &str, version: &str) -> Vec<u8> {
    fs::read(data.version(folder, version, &|_| ())).unwrap()
}

#[test]
fn a_plugin_is_replaced_while_calls_are_in_flight() {
    let data = Data::prepared();
    let (one, two) = (other_version(&data, "payers/aetna", "0.2.0"), other_version(&data, "payers/aetna", "0.3.0"));
    let host = data.serve();
    let before = host.post("/v1/clearances", &case("01").to_string()).is(201).json();
    let asked = AtomicU32::new(0);
    let clear = || {
        let cleared = send(&host.url, "POST", "/v1/clearances", &[JSON], case("01").to_string().as_bytes());
        assert_eq!(cleared.is(201).json()["answer"], before["answer"]);
        asked.fetch_add(1, Ordering::Relaxed);
    };
    meanwhile(4, clear, || {
        for component in [&one, &two, &one] {
            let loaded = host.load(component).is(201).json();
            assert_eq!(loaded["name"], "aetna");
            let called = host.post("/v1/plugins/aetna/profile", AS_OF).is(201).json();
            assert_eq!(called["plugins"][0]["digest"], loaded["digest"]);
        }
    });
    assert!(asked.into_inner() > 0);
    assert_eq!(host.get("/v1/plugins/aetna").json()["plugin"]["version"], "0.2.0");
    // What was determined on the version before is run again on the version before.
    let id = before["id"].as_str().unwrap();
    assert_eq!(host.post(&format!("/v1/determinations/{id}/replay"), "").is(200).json()["same"], true);
    // And the choice outlives the host.
    drop(host);
    assert_eq!(data.serve().get("/v1/plugins/aetna").json()["plugin"]["version"], "0.2.0");
}

#[test]
fn what_one_host_activates_answers_on_the_others_within_two_seconds() {
    let (data, elsewhere) = (Data::prepared(), Data::prepared());
    let database = database();
    let (one, other) = (data.serve_on(&database), elsewhere.serve_on(&database));
    let site = one.get("/v1/sites").is(200).json();
    assert_eq!(site["sites"], json!([]), "the database is new");
    let rules = json!({ "signatures": "none", "four-eyes": false, "evidence": false });
    one.put("/v1/rules", &rules.to_string()).is(200);
    for (host, version) in [(&one, "0.2.0"), (&other, "0.3.0"), (&one, "0.4.0")] {
        let loaded = host.load(&other_version(&data, "payers/aetna", version)).is(201).json();
        let since = Instant::now();
        let follows = |host: &Server| {
            let called = host.post("/v1/plugins/aetna/profile", AS_OF).is(201).json();
            called["plugins"][0]["digest"] == loaded["digest"]
        };
        while !(follows(&one) && follows(&other)) {
            assert!(since.elapsed() < Duration::from_secs(30), "{version} never came");
            std::thread::sleep(Duration::from_millis(50));
        }
        println!("{version} answered on both after {:?}", since.elapsed());
    }
    // One chain of events, whoever wrote.
    let events = other.get("/v1/audit?limit=1000").is(200).json();
    let activated = events["events"].as_array().unwrap().iter();
    assert_eq!(
        activated.filter(|event| event["action"] == "plugin.activated" && event["subject"] == "aetna").count(),
        4
    );
    let mut verify = Command::new(paratope());
    verify.env("PARATOPE_DATABASE", &database).arg("--data").arg(data.path());
    run(verify.args(["audit", "verify"]), "").exits(0).says("whole");
}

#[test]
fn a_host_follows_what_a_command_activates_beside_it() {
    let data = Data::prepared();
    let host = data.serve();
    let file = data.version("payers/aetna", "0.2.0", &|_| ());
    data.run(&["plugin", "load", file.to_str().unwrap()]).exits(0);
    let since = Instant::now();
    while host.get("/v1/plugins/aetna").json()["plugin"]["version"] != "0.2.0" {
        assert!(since.elapsed() < Duration::from_secs(30), "it never came");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_bad_plugin_hurts_only_its_own_calls() {
    let data = Data::prepared();
    let host = data.serve();
    let load = |name: &str, guest: guests::Guest| {
        host.load(&with_manifest(guest.build(), name, "payer")).is(201);
    };
    load("loops", guests::payer().body("profile", "(loop (br 0)) unreachable"));
    load("traps", guests::payer());
    load("hoards", guests::payer().body("profile", "(drop (memory.grow (i32.const 60000))) unreachable"));
    load("scripts", guests::payer().answers("profile", guests::answers::profile(b"<script>alert(1)</script>").build()));

    let problem = host.post("/v1/plugins/loops/profile", AS_OF).problem(504, "plugin-failed");
    assert_eq!((&problem["code"], &problem["plugin"]), (&json!("fuel"), &json!("loops")));
    let problem = host.post("/v1/plugins/traps/profile", AS_OF).problem(502, "plugin-failed");
    assert_eq!(problem["code"], "trapped");
    host.post("/v1/plugins/hoards/profile", AS_OF).problem(502, "plugin-failed");
    let answer = host.post("/v1/plugins/scripts/profile", AS_OF).is(201);
    assert_eq!(answer.json()["answer"]["name"], "<script>alert(1)</script>");
    assert_eq!(
        (answer.header("content-type"), answer.header("x-content-type-options")),
        ("application/json", "nosniff")
    );

    // No site is answered by what it did not approve.
    let spin = "(loop (br 0)) unreachable";
    let mut unapproved = case("01");
    unapproved["coverage"]["payer"] = json!("loops");
    let problem = host.post("/v1/clearances", &unapproved.to_string()).problem(403, "plugin-not-approved");
    assert!(problem["detail"].as_str().unwrap().contains("paratope site approve"), "{problem}");
    let site = unapproved["site"].as_str().unwrap();
    let approval = json!({ "approved": { "versions": { "publisher": "tests", "range": "*" } }, "reason": "a test" });
    host.post(&format!("/v1/sites/{site}/approvals"), &approval.to_string()).is(201);

    // A payer that loops is asked once, however many questions a clearance has for it.
    load("spins", guests::payer().body("assess", spin).body("prefer", spin).body("billing", spin));
    let mut request = case("01");
    request["coverage"]["payer"] = json!("spins");
    let cleared = host.post("/v1/clearances", &request.to_string()).is(201).json();
    let id = cleared["id"].as_str().unwrap();
    let calls = host.get(&format!("/v1/determinations/{id}")).is(200).json()["calls"].clone();
    let ended = |how: &str| calls.as_array().unwrap().iter().filter(|call| call["answer"][how].is_string()).count();
    assert!(ended("failed") == 1 && ended("skipped") >= 2, "{calls}");
    assert_eq!(host.post(&format!("/v1/determinations/{id}/replay"), "").is(200).json()["same"], true);

    // A clearance over a payer that fails still says what the label says, and clears nothing.
    let mut request = case("01");
    request["coverage"]["payer"] = json!("loops");
    let cleared = host.post("/v1/clearances", &request.to_string()).is(201).json();
    assert_ne!(cleared["answer"]["verdict"], "cleared");
    let id = cleared["id"].as_str().unwrap();
    assert_eq!(host.post(&format!("/v1/determinations/{id}/replay"), "").is(200).json()["same"], true);

    // Others are served while it loops on every place it can get.
    let ask = || {
        let answer = send(&host.url, "POST", "/v1/plugins/loops/profile", &[JSON], AS_OF.as_bytes());
        assert!(matches!(answer.status, 503 | 504), "{}", answer.status);
    };
    meanwhile(8, ask, || {
        std::thread::sleep(Duration::from_millis(500));
        for _ in 0..20 {
            host.post("/v1/clearances", &case("01").to_string()).is(201);
        }
    });
}

#[test]
fn what_is_no_plugin_is_refused_and_changes_nothing() {
    let data = Data::prepared();
    let host = data.serve();
    let before = host.get("/v1/plugins").json();
    let whole = with_manifest(guests::payer().build(), "aetna", "payer");
    host.load(b"").problem(422, "plugin-refused");
    host.load(&vec![0; 10_000_000]).problem(422, "plugin-refused");
    let large = vec![0; 30_000_000];
    let sent = try_send(&host.url, "POST", "/v1/plugins", &[("content-type", "application/wasm")], &large);
    assert!(sent.is_err() || sent.unwrap().status == 413);
    host.load(&with_manifest(b"\0asm\x01\0\0\0".to_vec(), "aetna", "payer")).problem(422, "plugin-refused");
    host.load(&with_manifest(guests::payer().build(), "aetna", "product")).problem(422, "plugin-refused");
    host.load(&guests::payer().build()).problem(422, "plugin-refused");
    host.load(whole.get(..whole.len() / 2).unwrap()).problem(422, "plugin-refused");
    host.load(&with_manifest(whole.clone(), "aetna", "payer")).problem(422, "plugin-refused");
    host.send("POST", "/v1/plugins", &[JSON], &whole).problem(415, "media-type");
    assert_eq!(host.get("/v1/plugins").json(), before);
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let data = Data::prepared();
    let host = data.serve();
    let answered = Arc::new(AtomicU32::new(0));
    let clearing: Vec<_> = (0..4)
        .map(|_| {
            let (url, answered) = (host.url.clone(), Arc::clone(&answered));
            std::thread::spawn(move || {
                let body = case("01").to_string();
                let mut acknowledged = Vec::new();
                loop {
                    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
                    let sent = agent.post(format!("{url}/v1/clearances")).header(JSON.0, JSON.1).send(&body);
                    let Ok(mut answer) = sent else { return acknowledged };
                    let Ok(answer) = answer.body_mut().read_json::<Value>() else { return acknowledged };
                    acknowledged.push(answer["id"].as_str().unwrap().to_owned());
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    while answered.load(Ordering::Relaxed) < 40 {
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(host.kill());
    let acknowledged: Vec<String> = clearing.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert!(acknowledged.len() >= 40, "{}", acknowledged.len());
    let host = data.serve();
    for id in &acknowledged {
        assert_eq!(host.get(&format!("/v1/determinations/{id}")).is(200).json()["intact"], true);
    }
    drop(host);
    data.run(&["replay", "--all"]).exits(0).says(", 0 different");
}

#[test]
fn what_was_done_is_told_over_http() {
    let data = Data::prepared();
    let server = data.serve();
    let recorded = server.post("/v1/clearances", &case("07").to_string()).is(201).json();
    let events = server.get("/v1/audit?limit=1000").is(200).json();
    let last = events["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["action"], &last["subject"]), (&json!("determination.recorded"), &recorded["id"]));
    let place = last["seq"].as_i64().unwrap() - 1;
    let after = server.get(&format!("/v1/audit?after={place}")).is(200).json();
    assert_eq!(after["events"].as_array().unwrap().len(), 1);
    server.get("/v1/audit?after=first").problem(400, "bad-parameter");
    server.get("/v1/audit?before=3").problem(400, "bad-parameter");
}
