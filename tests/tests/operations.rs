//! Running a host: metrics, copies of the store, what is taken to another machine, what never leaves, and what a kill does.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use paratope_server::store::{Store, Verifier};
use serde_json::{Value, json};
use support::{Data, case, paratope, run};

const AS_OF: &str = "{\"as-of\": \"2026-11-23\"}";

#[test]
fn what_a_host_did_is_counted() {
    let data = Data::prepared();
    let host = data.serve();
    for _ in 0..3 {
        host.post("/v1/plugins/aetna/profile", AS_OF).is(201);
    }
    host.post("/v1/clearances", &case("04").to_string()).is(201);
    let mut refused = case("04");
    refused["site"] = json!("nowhere");
    host.post("/v1/clearances", &refused.to_string()).is(422);
    let metrics = host.get("/metrics").is(200);
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    let text = metrics.text();
    let value = |start: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start} in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let calls = text.lines().find(|line| line.contains("plugin=\"aetna\"") && line.contains("function=\"profile\""));
    assert!(calls.unwrap().ends_with(" 3"), "{text}");
    let fuel =
        text.lines().find(|line| line.starts_with("paratope_plugin_fuel") && line.contains("\"aetna\"")).unwrap();
    assert!(fuel.rsplit(' ').next().unwrap().parse::<u64>().unwrap() > 1000, "{fuel}");
    assert!(value("paratope_plugins ") > 30.0);
    assert!(value("paratope_plugin_troubles ") < 1.0);
    assert!(text.contains("route=\"/v1/clearances\",status=\"422\""), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn a_write_that_is_sent_again_is_done_once() {
    let data = Data::prepared();
    let host = data.serve();
    let send = |key: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        host.send("POST", "/v1/clearances", &headers, body.to_string().as_bytes())
    };
    let first = send("a", &case("04")).is(201);
    let again = send("a", &case("04")).is(201);
    assert_eq!(first.body, again.body);
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    send("a", &case("01")).problem(422, "key-taken");
    assert_ne!(send("b", &case("04")).is(201).body, first.body);
    send(&"k".repeat(300), &case("04")).problem(400, "bad-parameter");
    // A secret is kept nowhere; and where nothing is, nothing is kept.
    let headers = [("content-type", "application/json"), ("idempotency-key", "secret")];
    host.send("POST", "/v1/tokens", &headers, b"{}").problem(400, "bad-parameter");
    host.send("POST", "/v1/nothing", &headers, b"{}").problem(404, "no-route");
    // What goes on though nobody waits is not done again while it is under way.
    let mut hasty = std::net::TcpStream::connect(host.url.trim_start_matches("http://")).unwrap();
    let body = case("04").to_string();
    let request = format!(
        "POST /v1/clearances HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nidempotency-key: hasty\r\n\
         content-length: {}\r\n\r\n{body}",
        host.url.trim_start_matches("http://"),
        body.len()
    );
    hasty.write_all(request.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(5));
    drop(hasty);
    let mut told = send("hasty", &case("04"));
    for _ in 0..100 {
        if told.status != 409 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
        told = send("hasty", &case("04"));
    }
    told.is(201);
    let events = host.get("/v1/audit?limit=1000").is(200).json();
    let recorded =
        |id: &str| events["events"].as_array().unwrap().iter().filter(|event| event["subject"] == *id).count();
    assert_eq!(recorded(send("hasty", &case("04")).is(201).json()["id"].as_str().unwrap()), 1);
    // Many at once: one is done, the others are told of it, or that it is under way.
    let answers: Vec<_> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..8).map(|_| scope.spawn(|| send("c", &case("07")))).collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)));
    let ids: std::collections::BTreeSet<String> = answers
        .iter()
        .filter(|one| one.status == 201)
        .map(|one| one.json()["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 1);
    // A key is the answer's, over a restart too.
    drop(host);
    let host = data.serve();
    let headers = [("content-type", "application/json"), ("idempotency-key", "a")];
    let again = host.send("POST", "/v1/clearances", &headers, case("04").to_string().as_bytes());
    assert_eq!(again.body, first.body);
}

#[test]
fn a_store_is_copied_while_it_serves_and_restored_whole() {
    let data = Data::prepared();
    let host = data.serve();
    let cleared = host.post("/v1/clearances", &case("04").to_string()).is(201).json();
    let copy = data.path().join("copy.db");
    let file = copy.to_str().unwrap();
    std::thread::scope(|scope| {
        let clearing = scope.spawn(|| {
            for _ in 0..20 {
                host.post("/v1/clearances", &case("01").to_string()).is(201);
            }
        });
        data.run(&["db", "backup", file]).exits(0);
        clearing.join().unwrap();
    });
    data.run(&["db", "backup", file]).exits(2).complains("is there already");
    let elsewhere = Data::empty();
    elsewhere.run(&["db", "restore", file]).exits(0).says("whole");
    elsewhere.run(&["db", "restore", file]).exits(2).complains("is there already");
    elsewhere.run(&["replay", cleared["id"].as_str().unwrap()]).exits(0).says("the same, byte for byte");
    elsewhere.run(&["audit", "verify"]).exits(0).says("whole");
    let none = Data::empty();
    none.run(&["db", "backup", none.path().join("x").to_str().unwrap()]).exits(2).complains("holds no store");
    let no_copy = none.file("no-copy", "nothing");
    none.run(&["db", "restore", &no_copy]).exits(2);
    assert!(!none.path().join("paratope.db").exists());
    none.run(&["db", "restore", "/nowhere/at-all"]).exits(2);
}

#[test]
fn a_pack_reproduces_a_determination_on_another_machine() {
    let data = Data::prepared();
    let cleared = data.run(&["clear", &data.file("request.json", &case("04").to_string()), "--json"]).json();
    let id = cleared["id"].as_str().unwrap();
    let pack = data.path().join("one.tar");
    let file = pack.to_str().unwrap();
    data.run(&["replay", id, "--pack", file]).exits(0).says("replay --from");
    let elsewhere = Data::empty();
    elsewhere.run(&["replay", "--from", file]).exits(0).says("the same, byte for byte");
    assert!(!elsewhere.path().join("paratope.db").exists(), "a pack needs no store");
    // An answer that was changed shows; so does a pack that is cut short, or is none.
    let bytes = fs::read(&pack).unwrap();
    let text = b"\"verdict\":\"blocked\"";
    let at = bytes.windows(text.len()).position(|window| window == text).unwrap();
    let mut changed = bytes.clone();
    changed[at..at + text.len()].copy_from_slice(b"\"verdict\":\"waiting\"");
    fs::write(&pack, changed).unwrap();
    elsewhere.run(&["replay", "--from", file]).exits(1).says("answer/verdict: it is not what was recorded");
    fs::write(&pack, &bytes[..bytes.len() / 3]).unwrap();
    elsewhere.run(&["replay", "--from", file]).exits(2);
    elsewhere.run(&["replay", "--from", &elsewhere.file("none", "nothing")]).exits(2);
}

#[test]
fn a_receipt_is_checked_without_the_host() {
    let data = Data::prepared();
    let cleared = data.run(&["clear", &data.file("request.json", &case("04").to_string()), "--json"]).json();
    let id = cleared["id"].as_str().unwrap();
    let receipt = data.run(&["receipt", id]).exits(0).out;
    let key = data.run(&["receipt", "--public-key"]).exits(0).out.trim().to_owned();
    let elsewhere = Data::empty();
    let verify = |text: &str, key: &str| {
        let file = elsewhere.file("receipt.json", text);
        elsewhere.run(&["receipt", "--verify", &file, "--key", key])
    };
    let stated = verify(&receipt, &key).exits(0).json();
    assert_eq!((&stated["id"], &stated["outcome"]), (&cleared["id"], &json!("blocked")));
    assert_eq!(stated["plugins"], cleared["plugins"]);
    let other = Data::prepared().run(&["receipt", "--public-key"]).exits(0).out.trim().to_owned();
    verify(&receipt, &other).exits(1).complains("is not to be trusted");
    verify("{}", &key).exits(1);
    let mut envelope: Value = serde_json::from_str(&receipt).unwrap();
    envelope["payload"] = json!("e30=");
    verify(&envelope.to_string(), &key).exits(1);
    // The record of the receipt is in the chain of events, and the receipt says nothing of the patient.
    let events = data.run(&["audit", "list", "--limit", "1000", "--json"]).exits(0).json();
    let recorded = events.as_array().unwrap().iter().find(|event| event["subject"] == id).unwrap();
    assert_eq!(recorded["detail"]["hash"], stated["record"]);
    assert!(!stated.to_string().contains("demo-04"));
    assert!(!elsewhere.path().join("paratope.db").exists());
}

#[test]
fn nothing_about_a_patient_is_in_logs_metrics_events_receipts_or_problems() {
    const PATIENT: &str = "zz-patient-7731";
    let data = Data::prepared();
    let collector = Collector::start();
    let host = data.serve_with(&["--listen", "127.0.0.1:0"], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)]);
    let mut request = case("04");
    request["case"] = json!(PATIENT);
    for dose in request["order"]["doses"].as_array_mut().unwrap() {
        dose["day"] = json!(dose["day"].as_str().unwrap().replace("2026", "2099"));
    }
    let cleared = host.post("/v1/clearances", &request.to_string()).is(201).json();
    let id = cleared["id"].as_str().unwrap().to_owned();
    assert!(host.get(&format!("/v1/clearances/{id}")).is(200).text().contains(PATIENT), "answers are about patients");
    host.post(&format!("/v1/determinations/{id}/replay"), "").is(200);
    let mut told = String::new();
    let mut bad = request.clone();
    bad["order"]["doses"][0]["amount"]["value"] = json!("-1");
    told += &host.post("/v1/clearances", &bad.to_string()).is(422).text();
    bad["order"]["product"] = json!(PATIENT);
    told += &host.post("/v1/clearances", &bad.to_string()).is(422).text();
    bad[PATIENT] = json!(PATIENT);
    told += &host.post("/v1/clearances", &bad.to_string()).is(422).text();
    told += &host.get(&format!("/v1/{PATIENT}")).is(404).text();
    told += &host.get(&format!("/v1/clearances/{PATIENT}")).is(400).text();
    told += &host.get(&format!("/v1/plugins/{PATIENT}!")).is(404).text();
    told += &host.send(PATIENT, "/v1/plugins", &[], b"").text();
    let digest = cleared["plugins"][0]["digest"].as_str().unwrap();
    let because = json!({ "reason": "a test" }).to_string();
    host.post(&format!("/v1/releases/{digest}/revocation"), &because).is(200);
    told += &host.post("/v1/clearances", &request.to_string()).is(503).text();
    told += &host.get("/metrics").is(200).text();
    told += &host.get("/v1/audit?limit=1000").is(200).text();
    told += &data.run(&["receipt", &id]).exits(0).out;
    told += &host.terminate();
    let traces = collector.received();
    assert!(traces.contains("POST /v1/clearances") && traces.contains("plugin"), "nothing was traced");
    told += &traces;
    assert!(told.contains("/v1/clearances"), "{told}");
    for line in told.lines() {
        assert!(!line.contains(PATIENT), "{line}");
    }
}

/// Keeps what hosts send to an OpenTelemetry collector.
struct Collector {
    url: String,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received: Arc<Mutex<Vec<u8>>> = Arc::default();
        let keep = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (mut text, mut buffer) = (Vec::new(), [0; 65536]);
                loop {
                    let read = stream.read(&mut buffer).unwrap();
                    text.extend_from_slice(&buffer[..read]);
                    let whole = String::from_utf8_lossy(&text).to_lowercase();
                    let head = text.windows(4).position(|four| four == b"\r\n\r\n");
                    let length = whole.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
                    let is_whole = head
                        .zip(length)
                        .is_some_and(|(head, length)| text.len() >= head + 4 + length.trim().parse::<usize>().unwrap());
                    if is_whole || read == 0 {
                        break;
                    }
                }
                keep.lock().unwrap().extend(text);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            }
        });
        Self { url, received }
    }

    /// What was received, with the names and values in it as text.
    fn received(&self) -> String {
        String::from_utf8_lossy(&self.received.lock().unwrap()).into_owned()
    }
}

#[test]
fn a_request_is_traced_in_the_trace_of_whoever_sent_it() {
    const TRACE: [u8; 16] =
        [0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36];
    let data = Data::prepared();
    let collector = Collector::start();
    let host = data.serve_with(&["--listen", "127.0.0.1:0"], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)]);
    let trace: String = TRACE.iter().map(|byte| format!("{byte:02x}")).collect();
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [("content-type", "application/json"), ("traceparent", &*parent), ("tracestate", "a=secret")];
    host.send("POST", "/v1/clearances", &headers, case("04").to_string().as_bytes()).is(201);
    host.terminate();
    let received = collector.received.lock().unwrap().clone();
    let count = received.windows(16).filter(|bytes| *bytes == TRACE).count();
    // The request, the writing of its record, and each call of a plugin.
    assert!(count > 4, "{count} spans in the caller's trace");
    let text = collector.received();
    for told in ["POST /v1/clearances", "assess", "record", "http.route", "sha256:", "paratope"] {
        assert!(text.contains(told), "{told}");
    }
    assert!(!text.contains("secret"));
    // A collector that is gone costs traces, and nothing else.
    let host = data.serve_with(&["--listen", "127.0.0.1:0"], &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]);
    host.post("/v1/clearances", &case("04").to_string()).is(201);
    host.terminate();
}

/// What a kill leaves is what was before or what comes after, and the chain of events is whole.
#[tokio::test]
async fn a_kill_at_any_moment_leaves_what_was_before_or_what_comes_after() {
    const KILLS: usize = 300;
    let data = Data::prepared();
    let files: Vec<String> = ["0.1.1", "0.1.2"]
        .map(|version| data.version("payers/aetna", version, &|_| ()).to_str().unwrap().to_owned())
        .to_vec();
    let mut usual = Duration::ZERO;
    for file in &files {
        let since = Instant::now();
        data.run(&["plugin", "load", file]).exits(0);
        usual = since.elapsed().min(Duration::from_secs(1));
    }
    let store = Store::open(data.path()).await.unwrap();
    let digests: Vec<String> = store.history("aetna").await.unwrap().into_iter().map(|one| one.digest).collect();
    let active = async || store.active().await.unwrap().remove("aetna").unwrap().digest;
    let (mut killed, mut changed) = (0, 0);
    let mut before = active().await;
    for number in 0..KILLS {
        let reason = format!("kill {number}");
        let arguments: Vec<&str> = match number % 3 {
            0 => vec!["plugin", "rollback", "aetna", "--reason", &reason],
            1 => vec!["plugin", "load", &files[1]],
            _ => vec!["plugin", "load", &files[0]],
        };
        let mut command = Command::new(paratope());
        command.arg("--data").arg(data.path()).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // Spread over the time a command takes, and a little more.
        let share = f64::from(u32::try_from(number * 37 % 100).unwrap()) / 100.0;
        std::thread::sleep(usual.mul_f64(1.2 * share));
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        let after = active().await;
        assert!(digests.contains(&after), "kill {number}: {after} never answered");
        changed += usize::from(after != before);
        before = after;
    }
    // Every activation has its event, in an unbroken chain.
    let (mut verifier, mut activations, mut place) = (Verifier::default(), Vec::new(), 0);
    loop {
        let page = store.events(place, 1000).await.unwrap();
        let Some(last) = page.last() else { break };
        place = last.seq;
        for event in &page {
            verifier.check(event).unwrap();
            if event.action == "plugin.activated" && event.subject == "aetna" {
                let detail: Value = serde_json::from_str(event.detail.get()).unwrap();
                activations.push(detail["digest"].as_str().unwrap().to_owned());
            }
        }
    }
    let history: Vec<String> = store.history("aetna").await.unwrap().into_iter().map(|one| one.digest).collect();
    activations.reverse();
    activations.truncate(history.len());
    assert_eq!(activations, history);
    store.close().await;
    println!("{KILLS} commands, {killed} killed under way, {changed} changed what answers; nothing was lost");
    assert!(killed >= 50 && changed >= 20, "the kills were not spread: {killed} under way, {changed} changes");
    run(Command::new(paratope()).arg("--data").arg(data.path()).args(["plugin", "list"]), "").exits(0).says("aetna");
}
