//! The machine's clock jumps, and the hour of the day changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use paratope_server::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::support::{Data, Server, case, paratope, run, send, until};

const AS_OF: &str = "{\"as-of\": \"2026-11-23\"}";

/// A clock that a test sets. Only the time of day is false; how long something takes is not.
struct FalseClock(PathBuf);

impl FalseClock {
    fn new(data: &Data, offset: &str) -> Self {
        let clock = Self(data.path().join("clock"));
        clock.set(offset);
        clock
    }

    /// Sets it so far off, such as `-1d`, or to a moment, such as `@2026-11-01 05:59:58`.
    fn set(&self, offset: &str) {
        fs::write(&self.0, offset).unwrap();
    }

    /// A command that reads this clock.
    fn read_by(&self, data: &Path, zone: &str, arguments: &[&str]) -> Command {
        let libraries = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
        let library = libraries.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|file| file.exists());
        let mut command = Command::new(paratope());
        command
            .env("LD_PRELOAD", library.unwrap())
            .env("FAKETIME_TIMESTAMP_FILE", &self.0)
            .env("FAKETIME_NO_CACHE", "1")
            .env("DONT_FAKE_MONOTONIC", "1")
            .env("TZ", zone)
            .arg("--data")
            .arg(data)
            .args(arguments);
        command
    }

    fn serve(&self, data: &Data, zone: &str) -> Server {
        Server::start(self.read_by(data.path(), zone, &["serve", "--listen", "127.0.0.1:0"]))
    }
}

fn events(host: &Server) -> Vec<Value> {
    host.get("/v1/audit?limit=10000").is(200).json()["events"].as_array().unwrap().clone()
}

#[test]
fn the_clock_jumps_back_and_forth() {
    let data = Data::prepared();
    let clock = FalseClock::new(&data, "+0");
    let host = clock.serve(&data, "UTC");
    let mut ids: Vec<String> = Vec::new();
    for offset in ["+0", "-1d", "-1000d", "+2d", "+0"] {
        clock.set(offset);
        for _ in 0..5 {
            let cleared = host.post("/v1/clearances", &case("04").to_string()).is(201).json();
            ids.push(cleared["id"].as_str().unwrap().to_owned());
        }
    }
    // No id is given twice, each is found, and the events are one chain in the order in which they were made.
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len());
    let recorded: Vec<Value> =
        events(&host).iter().filter(|event| ids.iter().any(|id| event["subject"] == **id)).cloned().collect();
    assert_eq!(recorded.iter().map(|event| event["subject"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    for id in &ids {
        host.post(&format!("/v1/determinations/{id}/replay"), "").is(200);
    }
    data.run(&["audit", "verify"]).exits(0).says("whole");
}

#[test]
fn what_is_scheduled_comes_once_however_the_clock_jumps() {
    let data = Data::prepared();
    let clock = FalseClock::new(&data, "+0");
    let file = data.version("payers/aetna", "0.1.1", &|_| ());
    data.run(&["plugin", "publish", file.to_str().unwrap()]).exits(0);
    let due = SystemClock.now() + jiff::SignedDuration::from_hours(24);
    let asked = ["plugin", "propose", "aetna", "0.1.1", "--reason", "a test", "--at", &due.to_string(), "--json"];
    let id = data.run(&asked).exits(0).json()["id"].as_str().unwrap().to_owned();
    data.run(&["--as", "another", "plugin", "confirm", &id]).exits(0);
    let host = clock.serve(&data, "UTC");
    let version = || host.get("/v1/plugins/aetna").is(200).json()["plugin"]["version"].clone();
    for offset in ["-2d", "+0", "+23h"] {
        clock.set(offset);
        std::thread::sleep(std::time::Duration::from_millis(1200));
        assert_ne!(version(), "0.1.1", "{offset}");
    }
    clock.set("+25h");
    until("it comes", || version() == "0.1.1");
    clock.set("-2d");
    std::thread::sleep(std::time::Duration::from_millis(1200));
    assert_eq!(version(), "0.1.1", "what has come does not go");
    let came = events(&host)
        .iter()
        .filter(|event| event["action"] == "plugin.activated" && event["subject"] == "aetna")
        .count();
    assert_eq!(came, 2, "the first and this one");
}

#[test]
fn a_token_and_an_override_end_with_their_time() {
    let data = Data::prepared();
    let clock = FalseClock::new(&data, "+0");
    let request = case("04");
    let site = request["site"].as_str().unwrap();
    let issued =
        data.run(&["token", "issue", "r.okafor", "--role", "site-clinician", "--site", site, "--days", "2", "--json"]);
    let bearer = format!("Bearer {}", issued.exits(0).json()["secret"].as_str().unwrap());
    let host = clock.serve(&data, "UTC");
    let headers = [("content-type", "application/json"), ("authorization", &*bearer)];
    let post = |path: &str, body: &Value| send(&host.url, "POST", path, &headers, body.to_string().as_bytes());
    let first = post("/v1/clearances", &request).is(201).json();
    let points = first["answer"]["checkpoints"].as_array().unwrap();
    let open = points.iter().find(|point| matches!(point["state"].as_str(), Some("failed" | "unknown"))).unwrap();
    let asked = json!({
        "determination": first["id"], "checkpoint": open["id"], "hours": 3, "reason": "it cannot wait",
    });
    let path = format!("/v1/sites/{site}/break-glass");
    let id = post(&path, &asked).is(201).json()["id"].as_str().unwrap().to_owned();
    data.run(&["--as", "another", "break-glass", "confirm", site, &id]).exits(0);
    let is_overridden = || {
        let cleared = post("/v1/clearances", &request).is(201).json();
        let points = cleared["answer"]["checkpoints"].as_array().unwrap().clone();
        points.iter().any(|point| point["id"] == open["id"] && point["state"].get("overridden").is_some())
    };
    until("it holds", is_overridden);
    clock.set("+2h");
    assert!(is_overridden());
    clock.set("+3h");
    assert!(!is_overridden(), "the hours are over");
    until("its end is an event", || {
        let listed = data.run(&["break-glass", "list", site]).exits(0).json();
        listed[0]["ended"]["by"] == "paratope"
    });
    // Back in the time when it held: what has ended has ended.
    clock.set("+0");
    assert!(!is_overridden());
    clock.set("+47h");
    post("/v1/plugins/aetna/profile", &serde_json::from_str(AS_OF).unwrap()).is(201);
    clock.set("+49h");
    post("/v1/plugins/aetna/profile", &serde_json::from_str(AS_OF).unwrap()).problem(401, "unauthorized");
}

#[test]
fn the_hour_changes_in_spring_and_autumn() {
    let zone = "America/Chicago";
    // Two seconds before the hour is left out, and before it comes twice.
    for moment in ["@2027-03-14 01:59:58", "@2026-11-01 01:59:58"] {
        let data = Data::prepared();
        let clock = FalseClock::new(&data, moment);
        let host = clock.serve(&data, zone);
        let since = std::time::Instant::now();
        let mut ids = Vec::new();
        while since.elapsed() < std::time::Duration::from_secs(4) {
            let cleared = host.post("/v1/clearances", &case("04").to_string()).is(201).json();
            let at = cleared["recorded-at"].as_str().unwrap();
            assert!(at.ends_with('Z'), "{at}");
            ids.push((cleared["id"].as_str().unwrap().to_owned(), at.parse::<jiff::Timestamp>().unwrap()));
        }
        // Moments are told in one time for all zones: none comes twice, none goes back.
        let wrong = ids.windows(2).find(|two| two[0].0 >= two[1].0 || two[0].1 > two[1].1);
        assert!(wrong.is_none() && ids.len() > 10, "{wrong:?}");
        data.run(&["audit", "verify"]).exits(0).says("whole");
    }
    // A day of service is a day of the calendar, whatever the hour and the zone of the host.
    let asked = |zone: &str, moment: &str| {
        let data = Data::prepared();
        let clock = FalseClock::new(&data, moment);
        let file = data.file("request.json", &case("04").to_string());
        run(&mut clock.read_by(data.path(), zone, &["clear", &file, "--json"]), "").json()["answer"].clone()
    };
    let usual = asked("UTC", "@2026-11-23 12:00:00");
    for (zone, moment) in
        [("Pacific/Kiritimati", "@2026-11-01 01:30:00"), ("Pacific/Pago_Pago", "@2027-03-14 02:30:00")]
    {
        assert_eq!(asked(zone, moment), usual, "{zone}");
    }
}
