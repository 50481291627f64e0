//! PostgreSQL is stopped, cut off, slow, read-only, full, or of another age.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use super::load::{Answered, while_clearing};
use crate::postgres::Postgres;
use crate::support::{Data, Ran, Server, case, paratope, run, until};

/// A prepared host on a database of its own, with the demo's rules, sites and approvals.
fn host() -> (Postgres, Data, Server) {
    let data = Data::prepared();
    let postgres = Postgres::prepared(&data);
    let host = data.serve_on(&postgres.url());
    (postgres, data, host)
}

/// Runs a command on the database.
fn on(postgres: &Postgres, data: &Data, arguments: &[&str]) -> Ran {
    let mut command = Command::new(paratope());
    run(command.env("PARATOPE_DATABASE", postgres.url()).arg("--data").arg(data.path()).args(arguments), "")
}

/// That all which was acknowledged is there, and both chains are whole.
fn nothing_is_lost(postgres: &Postgres, data: &Data, host: &Server, answered: &Answered) {
    for id in &answered.acknowledged {
        host.get(&format!("/v1/clearances/{id}")).is(200);
    }
    on(postgres, data, &["audit", "verify"]).exits(0).says("whole");
}

fn clears(host: &Server) -> bool {
    host.post("/v1/clearances", &case("04").to_string()).status == 201
}

#[test]
fn the_database_is_stopped_and_started_under_load() {
    let (postgres, data, host) = host();
    let answered = while_clearing(&host.url, || {
        sleep(Duration::from_secs(2));
        postgres.stop();
        sleep(Duration::from_secs(3));
        let refused = host.get("/health/ready");
        refused.problem(503, "unavailable");
        // What needs no store goes on.
        host.get("/health/live").is(200);
        host.get("/v1/plugins").is(200);
        postgres.go_on();
        until("it clears again", || clears(&host));
        sleep(Duration::from_secs(1));
    });
    answered.only(&[201, 503]);
    assert!(answered.statuses.contains_key(&503), "{:?}", answered.statuses);
    nothing_is_lost(&postgres, &data, &host, &answered);
    let log = host.kill();
    assert!(log.contains("the store answers again") && !log.contains("zz-password"), "{log}");
}

#[test]
fn every_connection_is_cut_under_load() {
    let (postgres, data, host) = host();
    let answered = while_clearing(&host.url, || {
        for _ in 0..5 {
            sleep(Duration::from_millis(500));
            postgres.sql("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()");
        }
        until("it clears again", || clears(&host));
    });
    answered.only(&[201, 503]);
    nothing_is_lost(&postgres, &data, &host, &answered);
}

#[test]
fn the_database_is_slow() {
    let (postgres, data, host) = host();
    let answered = while_clearing(&host.url, || {
        sleep(Duration::from_millis(500));
        // Nobody writes an event for three seconds: whoever comes waits, and is answered.
        postgres.sql("begin; lock table audit_events in access exclusive mode; select pg_sleep(3); commit");
        until("it clears again", || clears(&host));
    });
    answered.only(&[201]);
    nothing_is_lost(&postgres, &data, &host, &answered);
}

#[test]
fn the_database_may_only_be_read_for_a_while() {
    let (postgres, data, host) = host();
    let answered = while_clearing(&host.url, || {
        sleep(Duration::from_millis(500));
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()";
        postgres.sql(&format!("alter database postgres set default_transaction_read_only = on; {cut}"));
        until("nothing is recorded", || !clears(&host));
        host.post("/v1/clearances", &case("04").to_string()).problem(503, "unavailable");
        host.get("/health/ready").is(200);
        host.get("/v1/sites").is(200);
        postgres.sql(&format!("alter database postgres set default_transaction_read_only = off; {cut}"));
        until("it clears again", || clears(&host));
    });
    answered.only(&[201, 503]);
    nothing_is_lost(&postgres, &data, &host, &answered);
}

#[test]
fn the_database_is_gone_full_or_of_a_newer_program_when_a_host_starts() {
    let (postgres, data) = (Postgres::start(), Data::empty());
    let refused = |why: &str| {
        let ran = on(&postgres, &data, &["site", "list"]).exits(1).complains(why);
        assert!(!format!("{}{}", ran.out, ran.err).contains("zz-password"), "{}", ran.err);
    };
    postgres.sql("alter role paratope nosuperuser connection limit 0");
    refused("the store failed to open");
    let postgres = Postgres::start();
    let on = |arguments: &[&str]| on(&postgres, &data, arguments);
    postgres.stop();
    let ran = on(&["site", "list"]).exits(1).complains("the store failed to open");
    assert!(!ran.err.contains("zz-password"));
    postgres.go_on();
    on(&["site", "list"]).exits(0);
    postgres.sql(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         values (9999, 'of later', true, '', 0)",
    );
    on(&["site", "list"]).exits(1).complains("the store cannot be brought up to date");
    let nobody = Command::new(paratope())
        .env("PARATOPE_DATABASE", "postgres://paratope:zz-password@127.0.0.1:1/none")
        .arg("--data")
        .arg(data.path())
        .args(["site", "list"])
        .output()
        .unwrap();
    let complaint = String::from_utf8(nobody.stderr).unwrap();
    assert!(!nobody.status.success() && !complaint.contains("zz-password"), "{complaint}");
}

#[test]
fn many_hosts_start_at_once_on_an_empty_database() {
    let postgres = Postgres::start();
    let folders: Vec<Data> = (0..3).map(|_| Data::prepared()).collect();
    let commands: Vec<Child> = folders
        .iter()
        .map(|data| {
            Command::new(paratope())
                .env("PARATOPE_DATABASE", postgres.url())
                .arg("--data")
                .arg(data.path())
                .args(["token", "list"])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for command in commands {
        let output = command.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    on(&postgres, &folders[0], &["audit", "verify"]).exits(0).says("whole");
    // What is bundled was kept once.
    let twice = "select count(*) from (select name from activations group by name having count(*) > 1) as twice";
    assert_eq!(postgres.sql(twice).trim(), "0");
}

#[test]
fn what_one_host_does_another_follows_with_and_without_word_from_the_database() {
    let (postgres, data, one) = host();
    let elsewhere = Data::prepared();
    let other = elsewhere.serve_on(&postgres.url());
    let site = case("04")["site"].as_str().unwrap().to_owned();
    let approve = |host: &Server| {
        let body = json!({ "approved": { "versions": { "publisher": "paratope", "range": "*" } }, "reason": "a test" });
        host.post(&format!("/v1/sites/{site}/approvals"), &body.to_string()).is(201).json()["id"].clone()
    };
    let withdraw = |host: &Server, id: &str| {
        let because = json!({ "reason": "a test" }).to_string();
        host.post(&format!("/v1/sites/{site}/approvals/{id}/withdrawal"), &because).is(204);
    };
    let standing = one.get(&format!("/v1/sites/{site}/approvals")).is(200).json();
    withdraw(&one, standing["approvals"][0]["id"].as_str().unwrap());
    let told = until("the other host follows", || !clears(&other));
    // Nobody is told any more; the hosts look by themselves.
    let id = approve(&one);
    until("it clears again", || clears(&other));
    postgres.sql("select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%'");
    withdraw(&one, id.as_str().unwrap());
    let looked = until("the other host follows", || !clears(&other));
    println!("followed after {told:?} when told, after {looked:?} when not");
    on(&postgres, &data, &["audit", "verify"]).exits(0).says("whole");
}

#[test]
fn two_hosts_let_different_versions_answer_at_once() {
    let (postgres, data, one) = host();
    let elsewhere = Data::prepared();
    let other = elsewhere.serve_on(&postgres.url());
    let hosts = [&one, &other];
    let versions: Vec<String> = ["0.1.1", "0.1.2"]
        .iter()
        .map(|version| {
            let file = data.version("payers/aetna", version, &|_| ());
            on(&postgres, &data, &["plugin", "publish", file.to_str().unwrap()]).exits(0);
            (*version).to_owned()
        })
        .collect();
    let proposals: Vec<String> = hosts
        .iter()
        .zip(&versions)
        .map(|(host, version)| {
            let asked = json!({ "name": "aetna", "release": version, "reason": "a race" });
            host.post("/v1/proposals", &asked.to_string()).is(201).json()["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let confirming: Vec<_> = hosts
            .iter()
            .zip(&proposals)
            .map(|(host, id)| scope.spawn(move || host.post(&format!("/v1/proposals/{id}/confirmation"), "").status))
            .collect();
        confirming.into_iter().map(|confirming| confirming.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "one wins: {answers:?}");
    assert!(answers.contains(&409), "{answers:?}");
    let version = |host: &Server| host.get("/v1/plugins/aetna").is(200).json()["plugin"]["version"].clone();
    until("both agree", || version(&one) == version(&other) && version(&one) != "0.1.0");
    let winner = answers.iter().position(|status| *status == 200).unwrap();
    assert_eq!(version(&one), versions[winner]);
    on(&postgres, &data, &["audit", "verify"]).exits(0).says("whole");
}
