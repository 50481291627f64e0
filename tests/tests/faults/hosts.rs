//! The store, the keys and the program around a host are not what they were.

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use crate::support::{Data, Server, case, paratope, run, until};

const AS_OF: &str = "{\"as-of\": \"2026-11-23\"}";

/// Runs SQL on the store of a data folder, as someone who can write its file.
fn sqlite(data: &Data, sql: &str) -> String {
    let script = "import sqlite3, sys; store = sqlite3.connect(sys.argv[1], timeout=30); \
                  print(store.executescript(sys.argv[2]) and ''); store.commit()";
    run(Command::new("python3").args(["-c", script]).arg(data.path().join("paratope.db")).arg(sql), "").exits(0).out
}

/// Changes the bytes of the version of aetna that is to be found by `which`, beside everything that forbids it.
fn change_bytes(data: &Data, which: &str) {
    sqlite(
        data,
        &format!(
            "update plugins set bytes = cast(substr(bytes, 1, length(bytes) - 1) || x'7f' as blob) where {which};"
        ),
    );
}

#[test]
fn bytes_in_the_store_are_not_what_was_published() {
    let data = Data::prepared();
    change_bytes(&data, "name = 'aetna'");
    let host = data.serve();
    let refused = host.post("/v1/plugins/aetna/profile", AS_OF).problem(503, "unavailable");
    assert!(refused["detail"].as_str().unwrap().contains("changed"), "{refused}");
    // Nobody else minds.
    host.post("/v1/plugins/cigna/profile", AS_OF).is(201);
    let ready = host.get("/health/ready").is(200).json();
    assert_eq!(ready["troubles"][0]["name"], "aetna");
}

#[test]
fn bytes_change_between_verification_and_activation() {
    let data = Data::prepared();
    let file = data.version("payers/aetna", "0.1.1", &|_| ());
    data.run(&["plugin", "publish", file.to_str().unwrap()]).exits(0);
    let asked = ["plugin", "propose", "aetna", "0.1.1", "--reason", "a test", "--json"];
    let proposal = data.run(&asked).exits(0).json()["id"].as_str().unwrap().to_owned();
    change_bytes(&data, "version = '0.1.1'");
    data.run(&["--as", "another", "plugin", "confirm", &proposal]).exits(2).complains("changed");
    // The version before it answers.
    let host = data.serve();
    host.post("/v1/plugins/aetna/profile", AS_OF).is(201);
    assert_ne!(host.get("/v1/plugins/aetna").is(200).json()["plugin"]["version"], "0.1.1");
}

#[test]
fn bytes_are_lost() {
    let data = Data::prepared();
    let host = data.serve();
    let file = data.version("payers/aetna", "0.1.1", &|_| ());
    data.run(&["plugin", "publish", file.to_str().unwrap()]).exits(0);
    let asked = json!({ "name": "aetna", "release": "0.1.1", "reason": "a test" }).to_string();
    let id = host.post("/v1/proposals", &asked).is(201).json()["id"].as_str().unwrap().to_owned();
    sqlite(&data, "pragma foreign_keys = off; update plugins set bytes = x'' where version = '0.1.1';");
    let refused = host.post(&format!("/v1/proposals/{id}/confirmation"), "");
    assert!(refused.status == 422, "{}", refused.text());
    host.post("/v1/plugins/aetna/profile", AS_OF).is(201);
}

#[test]
fn the_store_is_no_store() {
    let data = Data::prepared();
    let file = data.path().join("paratope.db");
    let bytes = fs::read(&file).unwrap();
    for damaged in [b"not a database, but long enough to be looked at".to_vec(), bytes[..bytes.len() / 2].to_vec()] {
        fs::write(&file, damaged).unwrap();
        let _ = fs::remove_file(data.path().join("paratope.db-wal"));
        let ran = data.run(&["audit", "verify"]);
        assert!(ran.code == 1 && ran.err.starts_with("error: "), "{} {} {}", ran.code, ran.out, ran.err);
    }
    // Of a newer program.
    fs::write(&file, bytes).unwrap();
    sqlite(
        &data,
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         values (9999, 'of later', 1, x'', 0);",
    );
    data.run(&["site", "list"]).exits(1).complains("the store cannot be brought up to date");
}

#[test]
fn another_process_holds_the_store() {
    let data = Data::prepared();
    let host = data.serve();
    let held = |seconds: u32| {
        let script = "import sqlite3, sys, time; store = sqlite3.connect(sys.argv[1], isolation_level=None); \
                      store.execute('begin immediate'); print('held', flush=True); time.sleep(float(sys.argv[2]))";
        let mut holding = Command::new("python3")
            .args(["-c", script])
            .arg(data.path().join("paratope.db"))
            .arg(seconds.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0; 5];
        std::io::Read::read_exact(&mut holding.stdout.take().unwrap(), &mut line).unwrap();
        holding
    };
    // Whoever comes waits; and when it takes too long is told so.
    let mut holding = held(2);
    host.post("/v1/clearances", &case("04").to_string()).is(201);
    holding.wait().unwrap();
    let mut holding = held(20);
    host.post("/v1/clearances", &case("04").to_string()).problem(503, "unavailable");
    holding.kill().unwrap();
    holding.wait().unwrap();
    host.post("/v1/clearances", &case("04").to_string()).is(201);
    data.run(&["audit", "verify"]).exits(0).says("whole");
}

#[test]
fn the_key_of_receipts_is_damaged() {
    let data = Data::prepared();
    let cleared = data.run(&["clear", &data.file("request.json", &case("04").to_string()), "--json"]).json();
    let id = cleared["id"].as_str().unwrap();
    data.run(&["receipt", id]).exits(0);
    fs::write(data.path().join("receipt.key"), "no key").unwrap();
    data.run(&["receipt", id]).exits(1).complains("receipt.key");
    // Nothing is signed with a key that nobody knows, and everything else goes on.
    assert_eq!(fs::read_to_string(data.path().join("receipt.key")).unwrap(), "no key");
    data.run(&["replay", id]).exits(0);
}

#[test]
fn a_key_was_rotated_and_then_stolen() {
    let data = Data::prepared();
    data.run(&["rules", "set", "--signatures", "1 of author"]).exits(0);
    let keys: Vec<(String, String)> = ["old", "new"]
        .iter()
        .map(|name| {
            let file = data.path().join(format!("{name}.key")).display().to_string();
            let key = data.run(&["plugin", "keygen", &file]).exits(0).out.trim().to_owned();
            data.run(&["publisher", "enrol", "paratope", "--key", &key, "--role", "author"]).exits(0);
            (file, key)
        })
        .collect();
    let signed = |version: &str, key: &str| {
        let file = data.version("payers/aetna", version, &|_| ()).display().to_string();
        data.run(&["plugin", "sign", &file, "--key", key]).exits(0);
        file
    };
    let first = signed("0.1.1", &keys[0].0);
    data.run(&["plugin", "publish", &first]).exits(0);
    data.run(&["publisher", "retire", &keys[0].1, "--reason", "a newer one is used"]).exits(0);
    // What it signed stands; what it signs now does not. The signature is as good as it was, the key is not.
    let late = signed("0.1.2", &keys[0].0);
    data.run(&["plugin", "publish", &late]).exits(2).complains("signed by nobody enrolled");
    data.run(&["plugin", "publish", &first]).exits(0);
    data.run(&["plugin", "sign", &late, "--key", &keys[1].0]).exits(0);
    data.run(&["plugin", "publish", &late]).exits(0);
    let answering = |version: &str| {
        let asked = ["plugin", "propose", "aetna", version, "--reason", "a test", "--json"];
        let id = data.run(&asked).exits(0).json()["id"].as_str().unwrap().to_owned();
        data.run(&["--as", "another", "plugin", "confirm", &id]).exits(0);
    };
    answering("0.1.2");
    let host = data.serve();
    host.post("/v1/plugins/aetna/profile", AS_OF).is(201);
    // Stolen: nothing counts that it ever signed.
    data.run(&["publisher", "revoke", &keys[1].1, "--reason", "stolen"]).exits(0).says("aetna");
    until("it is withheld", || host.post("/v1/plugins/aetna/profile", AS_OF).status == 503);
    data.run(&["plugin", "publish", &late]).exits(2);
}

#[test]
fn the_address_is_taken_and_nobody_reads_the_log() {
    let data = Data::prepared();
    let host = data.serve();
    let address = host.url.trim_start_matches("http://").to_owned();
    data.run(&["serve", "--listen", &address]).exits(1).complains("failed to listen");
    // A host whose log and greeting nobody reads serves all the same.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut deaf = Command::new(paratope());
    deaf.arg("--data").arg(data.path()).args(["serve", "--listen", &free]).stdin(Stdio::null());
    let mut deaf = deaf.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((deaf.stdout.take(), deaf.stderr.take()));
    let url = format!("http://{free}");
    until("it serves", || {
        crate::support::try_send(&url, "GET", "/health/ready", &[], b"").is_ok_and(|ready| ready.status == 200)
    });
    for _ in 0..20 {
        crate::support::send(
            &url,
            "POST",
            "/v1/plugins/aetna/profile",
            &[("content-type", "application/json")],
            AS_OF.as_bytes(),
        )
        .is(201);
    }
    deaf.kill().unwrap();
    deaf.wait().unwrap();
}

#[test]
fn an_archive_is_cut_short() {
    let data = Data::prepared();
    let digest =
        data.run(&["plugin", "list", "--json"]).exits(0).json()["plugins"][0]["digest"].as_str().unwrap().to_owned();
    let file = data.path().join("all.tar");
    data.run(&["plugin", "export", &digest, "-o", file.to_str().unwrap()]).exits(0);
    let bytes = fs::read(&file).unwrap();
    let other = Data::prepared();
    for length in [0, 1, 511, 512, 4096, bytes.len() / 2, bytes.len() - 2048] {
        fs::write(&file, &bytes[..length]).unwrap();
        let ran = other.run(&["plugin", "import", file.to_str().unwrap()]);
        assert!(ran.code == 2 && ran.err.starts_with("error: "), "{length} bytes: {} {}", ran.code, ran.err);
    }
    fs::write(&file, bytes).unwrap();
    other.run(&["plugin", "import", file.to_str().unwrap()]).exits(0);
}

#[test]
fn a_host_that_is_told_to_stop_finishes_what_is_under_way() {
    let data = Data::prepared();
    let host = data.serve();
    let url = host.url.clone();
    let body = case("04").to_string();
    let (answers, log) = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut statuses = Vec::new();
                    loop {
                        let headers = [("content-type", "application/json")];
                        match crate::support::try_send(&url, "POST", "/v1/clearances", &headers, body.as_bytes()) {
                            Ok(answer) => statuses.push(answer.status),
                            Err(error) => return (statuses, error.to_string()),
                        }
                    }
                })
            })
            .collect();
        sleep(Duration::from_millis(700));
        let log = Server::terminate(host);
        (asking.into_iter().map(|asking| asking.join().unwrap()).collect::<Vec<_>>(), log)
    });
    for (statuses, ended) in &answers {
        assert!(!statuses.is_empty() && statuses.iter().all(|status| *status == 201), "{statuses:?}");
        // Turned away at the door, never cut off in the middle of an answer.
        assert!(ended.contains("refused") || ended.contains("reset") || ended.contains("closed"), "{ended}");
    }
    assert!(!log.contains("error"), "{log}");
    let cleared: usize = answers.iter().map(|(statuses, _)| statuses.len()).sum();
    let recorded = data.run(&["audit", "list", "--limit", "100000", "--json"]).exits(0).json();
    let recorded = recorded.as_array().unwrap().iter().filter(|event| event["action"] == "determination.recorded");
    assert!(recorded.count() >= cleared);
}
