//! Hosts and their helpers are killed without a word.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::load::while_clearing;
use crate::support::{Data, paratope, run, until};

const AS_OF: &str = "{\"as-of\": \"2026-11-23\"}";

#[test]
fn a_host_is_killed_while_it_clears() {
    const KILLS: u64 = 12;
    let data = Data::prepared();
    let (mut acknowledged, mut last) = (Vec::new(), 0);
    for round in 0..KILLS {
        let host = data.serve();
        let url = host.url.clone();
        let answered = while_clearing(&url, || {
            sleep(Duration::from_millis(150 + 97 * round));
            drop(host);
        });
        last = answered.acknowledged.len();
        acknowledged.extend(answered.acknowledged);
    }
    let host = data.serve();
    for id in &acknowledged {
        let kept = host.get(&format!("/v1/determinations/{id}")).is(200).json();
        assert_eq!(kept["intact"], true, "{id}");
    }
    println!("{KILLS} kills, {} clearances acknowledged ({last} in the last round), none lost", acknowledged.len());
    assert!(acknowledged.len() > 50);
    drop(host);
    data.run(&["audit", "verify"]).exits(0).says("whole");
    let copy = data.path().join("copy.db");
    data.run(&["db", "backup", copy.to_str().unwrap()]).exits(0);
    Data::empty().run(&["db", "restore", copy.to_str().unwrap()]).exits(0).says("whole");
}

#[test]
fn a_host_is_killed_while_it_publishes() {
    const KILLS: u32 = 30;
    let data = Data::prepared();
    let first = data.version("payers/aetna", "0.1.0-rc.1", &|_| ());
    let since = Instant::now();
    data.run(&["plugin", "publish", first.to_str().unwrap()]).exits(0);
    let usual = since.elapsed();
    let mut seen = [0, 0];
    for number in 0..KILLS {
        let version = format!("0.1.{}", number + 1);
        let file = data.version("payers/aetna", &version, &|_| ());
        let mut publish = Command::new(paratope());
        publish.arg("--data").arg(data.path()).args(["plugin", "publish", file.to_str().unwrap()]);
        let mut publish = publish.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(usual.mul_f64(f64::from(number % 15) / 11.0));
        let _ = publish.kill();
        publish.wait().unwrap();
        // It is kept with all that was verified, or not at all; and it is published the next time.
        let releases = data.run(&["plugin", "releases", "aetna", "--json"]).exits(0).json();
        let kept = releases.as_array().unwrap().iter().find(|one| one["version"] == *version).cloned();
        if let Some(kept) = &kept {
            assert!(kept["verification"].as_array().is_some_and(|steps| steps.len() > 5), "{kept}");
        }
        seen[usize::from(kept.is_some())] += 1;
        if number % 10 == 0 {
            data.run(&["plugin", "publish", file.to_str().unwrap()]).exits(0);
        }
    }
    println!("{KILLS} kills: {} not published, {} published, none in between", seen[0], seen[1]);
    assert!(seen[0] > 0 && seen[1] > 0, "the kills were not spread: {seen:?}");
    data.run(&["audit", "verify"]).exits(0).says("whole");
}

#[test]
fn a_host_is_killed_while_a_version_comes_to_answer() {
    const KILLS: u64 = 12;
    let data = Data::prepared();
    for version in ["0.1.1", "0.1.2"] {
        let file = data.version("payers/aetna", version, &|_| ());
        data.run(&["plugin", "publish", file.to_str().unwrap()]).exits(0);
    }
    let answering = |host: &crate::support::Server| {
        let called = host.post("/v1/plugins/aetna/profile", AS_OF).is(201).json();
        let shown = host.get("/v1/plugins/aetna").is(200).json();
        assert_eq!(called["plugins"][0]["digest"], shown["plugin"]["digest"], "what answers is what is shown");
        shown["plugin"]["version"].as_str().unwrap().to_owned()
    };
    let mut known = answering(&data.serve());
    let (mut acknowledged, mut changed) = (0, 0);
    for round in 0..KILLS {
        let host = data.serve();
        let url = host.url.clone();
        let told = std::thread::scope(|scope| {
            // One change after another until the host is gone. Told is the last that was acknowledged.
            let changing = scope.spawn(move || {
                let headers = [("content-type", "application/json")];
                let post = |path: &str, body: &Value| {
                    crate::support::try_send(&url, "POST", path, &headers, body.to_string().as_bytes())
                };
                let mut told: Option<String> = None;
                loop {
                    let asked = json!({ "name": "aetna", "release": "0.1.2", "reason": "a test" });
                    let Ok(proposed) = post("/v1/proposals", &asked) else { return told };
                    if proposed.status == 201 {
                        let id = proposed.json()["id"].as_str().unwrap().to_owned();
                        if post(&format!("/v1/proposals/{id}/confirmation"), &Value::Null).is_err() {
                            return None;
                        }
                    }
                    let because = json!({ "reason": "a test" });
                    let Ok(rolled) = post("/v1/plugins/aetna/rollback", &because) else { return None };
                    told = (rolled.status == 200).then(|| rolled.json()["version"].as_str().unwrap().to_owned());
                }
            });
            sleep(Duration::from_millis(120 + 61 * round));
            drop(host);
            changing.join().unwrap()
        });
        let host = data.serve();
        let after = answering(&host);
        // Killed between two steps, what was acknowledged holds; within one, it is the version before or after.
        if let Some(told) = told {
            acknowledged += 1;
            assert!(after == told || after == "0.1.2" || after == known, "{told} was told, and {after} answers");
        }
        changed += usize::from(after != known);
        known = after;
    }
    println!("{KILLS} kills, {acknowledged} right after an acknowledged change, {changed} left another version");
    data.run(&["audit", "verify"]).exits(0).says("whole");
}

#[test]
fn the_process_that_compiles_is_killed() {
    let data = Data::prepared();
    let host = data.serve();
    let (mut killed, mut refused) = (0, 0);
    for number in 0..6 {
        let file = data.version("payers/aetna", &format!("0.1.{}", number + 1), &|_| ());
        let bytes = std::fs::read(file).unwrap();
        let loaded = std::thread::scope(|scope| {
            let loading = scope.spawn(|| host.load(&bytes));
            let parent = host.pid().to_string();
            while !loading.is_finished() {
                killed += usize::from(run(Command::new("pkill").args(["-9", "-P", &parent]), "").code == 0);
                sleep(Duration::from_millis(5));
            }
            loading.join().unwrap()
        });
        if loaded.status == 422 {
            refused += 1;
            assert!(loaded.problem(422, "plugin-refused")["detail"].as_str().unwrap().contains("worker"));
        } else {
            loaded.is(201);
        }
        // Nobody else minds, and what answered goes on answering.
        host.post("/v1/plugins/aetna/profile", AS_OF).is(201);
        host.load(&bytes).is(201);
    }
    println!("{killed} compile workers killed, {refused} loads refused; each went the next time");
    assert!(killed > 0 && refused > 0);
}

#[test]
fn a_host_is_killed_when_it_first_starts() {
    // The bundled plugins are being built and kept.
    let data = Data::empty();
    for milliseconds in [50, 400, 1500, 4000] {
        let mut first = Command::new(paratope());
        first.arg("--data").arg(data.path()).args(["site", "list"]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut first = first.spawn().unwrap();
        sleep(Duration::from_millis(milliseconds));
        let _ = first.kill();
        first.wait().unwrap();
    }
    data.run(&["demo"]).exits(0);
    let host = data.serve();
    let ready = host.get("/health/ready").is(200).json();
    assert_eq!((&ready["plugins"], &ready["troubles"]), (&json!(41), &json!([])));
    until("it clears", || host.post("/v1/plugins/aetna/profile", AS_OF).status == 201);
    drop(host);
    data.run(&["audit", "verify"]).exits(0).says("whole");
}
