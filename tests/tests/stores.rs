//! Stores of earlier hosts: this one brings them up to date, nothing in them is lost, and what they recorded is determined again.
//!
//! `fixtures/README.md` says what is in them and how they were made.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use support::{Data, Ran, case, database, paratope, root, run};

/// A store of an earlier host, unpacked.
fn unpacked(name: &str) -> Vec<u8> {
    zstd::decode_all(&*fs::read(root().join("tests/fixtures").join(name)).unwrap()).unwrap()
}

/// That everything is in the store which `run` is on, and goes on.
fn nothing_is_lost(run: &dyn Fn(&[&str]) -> Ran, clear: &dyn Fn() -> Ran) {
    let json = |arguments: &[&str]| run(&[arguments, &["--json"]].concat()).exits(0).json();
    // The chains are whole, and each clearance is determined again by the bytes of then.
    run(&["audit", "verify"]).exits(0).says("whole");
    run(&["replay", "--all"]).exits(0).says("16 the same, 0 different");
    // What answers: what two people let answer then, and otherwise what came with this binary.
    let plugins = json(&["plugin", "list"]);
    let aetna = plugins["plugins"].as_array().unwrap().iter().find(|one| one["name"] == "aetna").unwrap();
    assert_eq!((&aetna["version"], &aetna["active"]["source"]), (&json!("0.1.1"), &json!("proposed")));
    assert_eq!((plugins["plugins"].as_array().unwrap().len(), &plugins["troubles"]), (41, &json!([])));
    // Who signed what, who decided on what, who may ask.
    let kept = json(&["plugin", "releases", "aetna"]);
    let signed = kept.as_array().unwrap().iter().find(|one| one["version"] == "0.1.1").unwrap();
    assert_eq!(signed["signed-by"].as_array().unwrap().len(), 1, "{signed}");
    let proposals = json(&["plugin", "proposals"]);
    assert_eq!((&proposals[0]["state"], &proposals[0]["decided-by"]), (&json!("done"), &json!("another (local)")));
    let tokens = json(&["token", "list"]);
    assert_eq!((&tokens[0]["person"], &tokens[0]["issued-by"]), (&json!("r.okafor"), &Value::Null));
    run(&["plugin", "shadows"]).exits(0).says("aetna");
    // Rules that said nothing of break-glass ask as many people for it as for a version.
    let rules = run(&["rules", "show"]).exits(0).json();
    assert_eq!((&rules["signatures"], &rules["break-glass"]), (&json!("1 of author"), &json!(false)));
    // A site and its approvals: it is cleared as then, and the new clearance stands beside those of then.
    let cleared = clear().exits(0).json();
    assert_eq!(cleared["answer"]["verdict"], "cleared-with-conditions", "{cleared}");
    run(&["replay", "--all"]).exits(0).says("17 the same, 0 different");
    run(&["plugin", "rollback", "aetna", "--reason", "a test"]).exits(0).says("aetna 0.1.0");
    run(&["audit", "verify"]).exits(0).says("whole");
}

#[test]
fn a_store_in_sqlite_of_the_eighth_schema_goes_on() {
    let data = Data::empty();
    fs::write(data.path().join("paratope.db"), unpacked("store-8.db.zst")).unwrap();
    let request = data.file("request.json", &case("01").to_string());
    nothing_is_lost(&|arguments| data.run(arguments), &|| data.run(&["clear", &request, "--json"]));
}

#[test]
fn a_store_in_postgresql_of_the_eighth_schema_goes_on() {
    let (data, database) = (Data::empty(), database());
    let dump = data.path().join("dump.sql");
    fs::write(&dump, unpacked("store-8.sql.zst")).unwrap();
    run(Command::new("psql").args(["--quiet", "--set", "ON_ERROR_STOP=1", "--file"]).arg(&dump).arg(&database), "")
        .exits(0);
    let request = data.file("request.json", &case("01").to_string());
    let on_it = |arguments: &[&str]| {
        let mut command = Command::new(paratope());
        run(command.env("PARATOPE_DATABASE", &database).arg("--data").arg(data.path()).args(arguments), "")
    };
    nothing_is_lost(&on_it, &|| on_it(&["clear", &request, "--json"]));
}

#[test]
fn a_store_of_a_newer_host_is_left_as_it_is() {
    let data = Data::prepared();
    let file = data.path().join("paratope.db");
    let rows = "select count(*) from audit_events";
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                 values (9999, 'of later', 1, x'00', 0)";
    let sql = |statement: &str| {
        let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
                      print(c.execute(sys.argv[2]).fetchall()); c.commit()";
        run(Command::new("python3").args(["-c", script]).arg(&file).arg(statement), "").exits(0).out
    };
    let before = sql(rows);
    sql(newer);
    let request = data.file("request.json", &case("01").to_string());
    data.run(&["clear", &request]).exits(1).complains("cannot be brought up to date").complains("9999");
    assert_eq!(sql(rows), before, "nothing was written");
}
