//! Versions come and go under load: no answer fails, none is a mixture, and none is of a version that was replaced before it was
//! asked for.
//!
//! `PARATOPE_SWAPS` says how many; the default is a thousand.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Data, Server, case, meanwhile, replace, until};

/// People who ask at once.
const PEOPLE: usize = 4;

const POLICY: &str = "policy/teclistamab/2026-11-21.toml";

/// What the two versions answer, by digest. They differ in one sentence.
struct Versions {
    answers: BTreeMap<String, Value>,
    old: String,
    new: String,
}

/// One answer under load.
struct Seen {
    began: Instant,
    took: Duration,
    digest: String,
}

/// The digest of aetna's bytes in an answer.
fn digest(answer: &Value) -> String {
    let plugins = answer["plugins"].as_array().unwrap();
    plugins.iter().find(|one| one["name"] == "aetna").unwrap()["digest"].as_str().unwrap().to_owned()
}

fn clear(host: &Server) -> Value {
    host.post("/v1/clearances", &case("04").to_string()).is(201).json()
}

fn post(host: &Server, path: &str, body: &Value) -> Value {
    let answer = host.post(path, &body.to_string());
    assert!(matches!(answer.status, 200 | 201), "{path}: {} {}", answer.status, answer.text());
    answer.json()
}

fn activate(host: &Server, version: &str) {
    let proposal = post(host, "/v1/proposals", &json!({ "name": "aetna", "release": version, "reason": "a swap" }));
    post(host, &format!("/v1/proposals/{}/confirmation", proposal["id"].as_str().unwrap()), &Value::Null);
}

fn roll_back(host: &Server) {
    post(host, "/v1/plugins/aetna/rollback", &json!({ "reason": "a swap" }));
}

/// The host with two versions of aetna that both have answered.
fn two_versions(data: &Data, host: &Server) -> Versions {
    let before = clear(host);
    let reworded = |folder: &std::path::Path| {
        replace(&folder.join(POLICY), "At least four prior therapies", "Four prior therapies or more");
        std::fs::remove_dir_all(folder.join("cases")).unwrap();
    };
    let file = data.version("payers/aetna", "1.0.0", &reworded);
    data.run(&["plugin", "publish", file.to_str().unwrap()]).exits(0);
    activate(host, "1.0.0");
    let after = clear(host);
    assert_ne!(before["answer"], after["answer"], "the versions cannot be told apart");
    roll_back(host);
    let (old, new) = (digest(&before), digest(&after));
    let answers = [(old.clone(), before["answer"].clone()), (new.clone(), after["answer"].clone())].into();
    Versions { answers, old, new }
}

/// Clears orders while `work` is done. Every answer is that of the version it names.
fn under_load(host: &Server, versions: &Versions, work: impl FnOnce()) -> Vec<Seen> {
    let seen = Mutex::new(Vec::new());
    let ask = || {
        let began = Instant::now();
        let answer = clear(host);
        let took = began.elapsed();
        let digest = digest(&answer);
        assert_eq!(Some(&answer["answer"]), versions.answers.get(&digest), "a mixture");
        seen.lock().unwrap().push(Seen { began, took, digest });
    };
    meanwhile(PEOPLE, ask, work);
    seen.into_inner().unwrap()
}

fn percentile(seen: &[Seen], percent: usize) -> Duration {
    let mut all: Vec<Duration> = seen.iter().map(|one| one.took).collect();
    all.sort();
    all[(all.len() * percent / 100).min(all.len() - 1)]
}

#[test]
fn versions_are_swapped_under_load() {
    let swaps: usize = std::env::var("PARATOPE_SWAPS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let data = Data::prepared();
    let host = data.serve();
    let versions = two_versions(&data, &host);
    let steady = under_load(&host, &versions, || std::thread::sleep(Duration::from_secs(10)));
    // When each swap was acknowledged, and to what. What is asked for after that is answered by it.
    let mut acknowledged: Vec<(Instant, Instant, String)> = Vec::new();
    let swapped = under_load(&host, &versions, || {
        for number in 0..swaps {
            let began = Instant::now();
            let now = if number % 2 == 0 {
                activate(&host, "1.0.0");
                &versions.new
            } else {
                roll_back(&host);
                &versions.old
            };
            acknowledged.push((began, Instant::now(), now.clone()));
        }
    });
    let mut wrong = 0;
    for one in &swapped {
        let last = acknowledged.partition_point(|(_, at, _)| *at <= one.began);
        let before = last.checked_sub(1).map_or(&versions.old, |at| &acknowledged[at].2);
        // A swap under way may be seen or not.
        let next = acknowledged.get(last).filter(|(began, ..)| *began <= one.began + one.took).map(|(.., to)| to);
        // Several may have come while it was answered.
        let within: BTreeSet<&String> = acknowledged[last..]
            .iter()
            .take_while(|(began, ..)| *began <= one.began + one.took)
            .map(|(.., to)| to)
            .chain(next)
            .chain([before])
            .collect();
        wrong += usize::from(!within.contains(&one.digest));
    }
    let took: Duration = acknowledged.iter().map(|(began, at, _)| *at - *began).sum();
    println!(
        "{swaps} swaps, {:.1} ms each; {} answers under them, 0 failed, 0 mixed, {wrong} of a version that was replaced; p50 \
         {:.1} ms against {:.1} steady, p99 {:.1} against {:.1}",
        took.as_secs_f64() * 1000.0 / swaps as f64,
        swapped.len(),
        percentile(&swapped, 50).as_secs_f64() * 1000.0,
        percentile(&steady, 50).as_secs_f64() * 1000.0,
        percentile(&swapped, 99).as_secs_f64() * 1000.0,
        percentile(&steady, 99).as_secs_f64() * 1000.0,
    );
    assert_eq!(wrong, 0);
    let used: BTreeSet<&String> = swapped.iter().map(|one| &one.digest).collect();
    assert_eq!(used.len(), 2, "both versions answered under load");
    data.run(&["audit", "verify"]).exits(0).says("whole");
}

#[test]
fn a_version_is_revoked_under_load() {
    let data = Data::prepared();
    let host = data.serve();
    let versions = two_versions(&data, &host);
    activate(&host, "1.0.0");
    let revoked_at = Mutex::new(None::<Instant>);
    let (cleared, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    let ask = || {
        let is_revoked = revoked_at.lock().unwrap().is_some();
        let answer = host.post("/v1/clearances", &case("04").to_string());
        match answer.status {
            201 => {
                let answer = answer.json();
                assert!(!is_revoked, "asked for after it was revoked, and answered");
                assert_eq!(answer["answer"], versions.answers[&versions.new]);
                cleared.fetch_add(1, Ordering::Relaxed);
            }
            503 => drop(refused.fetch_add(1, Ordering::Relaxed)),
            other => panic!("{other}: {}", answer.text()),
        }
    };
    meanwhile(PEOPLE, ask, || {
        std::thread::sleep(Duration::from_secs(1));
        let since = Instant::now();
        let because = json!({ "reason": "a threshold was misread" });
        post(&host, &format!("/v1/releases/{}/revocation", versions.new), &because);
        *revoked_at.lock().unwrap() = Some(Instant::now());
        println!("revoked after {:?}", since.elapsed());
        std::thread::sleep(Duration::from_secs(1));
    });
    println!("{} cleared before, {} refused after", cleared.load(Ordering::Relaxed), refused.load(Ordering::Relaxed));
    assert!(cleared.load(Ordering::Relaxed) > 0 && refused.load(Ordering::Relaxed) > 0);
    // The one before it answers after one command.
    let since = Instant::now();
    roll_back(&host);
    until("it clears again", || host.post("/v1/clearances", &case("04").to_string()).status == 201);
    println!("rolled back and cleared after {:?}", since.elapsed());
}
