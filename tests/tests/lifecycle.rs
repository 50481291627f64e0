//! A plugin's life, from outside: signed, verified, approved per site, proposed and confirmed, rolled back, revoked.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use paratope_server::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use support::{Data, case, database, paratope, replace, run, until};

const POLICY: &str = "policy/teclistamab/2026-11-21.toml";

/// Strict rules, and two enrolled keys: `author.key` and `clinical.key`.
fn strict(data: &Data) {
    data.run(&["rules", "set", "--signatures", "2 of author, clinical", "--four-eyes", "on", "--evidence", "on"])
        .exits(0);
    for role in ["author", "clinical"] {
        enrol(data, role, role);
    }
}

/// Makes a key and enrols it.
fn enrol(data: &Data, name: &str, role: &str) -> String {
    let file = key(data, name);
    let key = data.run(&["plugin", "keygen", &file]).exits(0).out.trim().to_owned();
    data.run(&["publisher", "enrol", "paratope", "--key", &key, "--role", role]).exits(0);
    key
}

fn key(data: &Data, name: &str) -> String {
    data.path().join(format!("{name}.key")).display().to_string()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Signs a component with these keys and publishes it. Returns its digest.
fn publish(data: &Data, file: &Path, keys: &[&str]) -> String {
    for name in keys {
        data.run(&["plugin", "sign", text(file), "--key", &key(data, name)]).exits(0);
    }
    let kept = data.run(&["plugin", "publish", text(file), "--json"]).exits(0).json();
    kept[0]["digest"].as_str().unwrap().to_owned()
}

/// Proposes a release of aetna and lets another person confirm it.
fn activate(data: &Data, release: &str) {
    let proposal = data.run(&["plugin", "propose", "aetna", release, "--reason", "a test", "--json"]).exits(0).json();
    data.run(&["--as", "another", "plugin", "confirm", proposal["id"].as_str().unwrap()]).exits(0).says("done");
}

/// The version of aetna that answers.
fn answering(data: &Data) -> String {
    let list = data.run(&["plugin", "list", "--json"]).exits(0).json();
    let one = list["plugins"].as_array().unwrap().iter().find(|one| one["name"] == "aetna").cloned();
    one.map_or_else(|| "none".to_owned(), |one| one["version"].as_str().unwrap().split('+').next().unwrap().to_owned())
}

#[test]
fn what_is_not_signed_as_the_rules_ask_is_not_published() {
    let data = Data::prepared();
    strict(&data);
    let file = data.version("payers/aetna", "0.1.1", &|_| ());
    let refused = |why: &str| data.run(&["plugin", "publish", text(&file)]).exits(2).complains(why);
    let sign = |name: &str| data.run(&["plugin", "sign", text(&file), "--key", &key(&data, name)]).exits(0);
    refused("signed by nobody enrolled");
    sign("author");
    refused("signed by author; 1 envelopes");
    // Signing twice is one signature, and a key that nobody enrolled is none.
    sign("author");
    data.run(&["plugin", "keygen", &key(&data, "stranger")]).exits(0);
    sign("stranger");
    refused("signed by author; 2 envelopes");
    // A key of another publisher does not vouch for this one.
    let other = data.run(&["plugin", "keygen", &key(&data, "other")]).exits(0).out.trim().to_owned();
    data.run(&["publisher", "enrol", "another", "--key", &other, "--role", "clinical"]).exits(0);
    sign("other");
    refused("signed by author; 3 envelopes");
    // A signature over other bytes is none.
    let changed = data.version("payers/aetna", "0.1.2", &|_| ());
    data.run(&["plugin", "sign", text(&changed), "--key", &key(&data, "clinical")]).exits(0);
    let signature = fs::read_dir(data.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| text(path).starts_with(text(&changed)) && text(path).ends_with(".dsse.json"))
        .unwrap();
    let moved = text(&signature).replace(text(&changed), text(&file));
    fs::copy(&signature, &moved).unwrap();
    refused("signed by author; 4 envelopes");
    // And the second role makes it enough.
    fs::remove_file(moved).unwrap();
    sign("clinical");
    data.run(&["plugin", "publish", text(&file)]).exits(0).says("signed by author, clinical").says("37 pass");
    // One person loads nothing here.
    data.run(&["plugin", "load", text(&file)]).exits(2).complains("another confirms");
    assert_eq!(answering(&data), "0.1.0");
    data.run(&["rules", "set", "--signatures", "3 of author, clinical"]).exits(2).complains("such as");
}

#[test]
fn a_version_is_the_same_bytes_for_ever_and_says_how_much_changed() {
    let data = Data::prepared();
    strict(&data);
    let keys = ["author", "clinical"];
    publish(&data, &data.version("payers/aetna", "0.1.1", &|_| ()), &keys);
    // The same again is no offence; other bytes are.
    let comment = |folder: &Path| replace(&folder.join(POLICY), "id = \"CPB 1018\"", "# Changed.\nid = \"CPB 1018\"");
    let sign = |file: &Path| {
        for name in keys {
            data.run(&["plugin", "sign", text(file), "--key", &key(&data, name)]).exits(0);
        }
    };
    let other = data.version("payers/aetna", "0.1.1", &comment);
    sign(&other);
    data.run(&["plugin", "publish", text(&other)]).exits(2).complains("version 0.1.1 of `aetna` is sha256:");
    // A comment is a patch.
    publish(&data, &data.version("payers/aetna", "0.1.2", &comment), &keys);
    // An answer that changes in an edition is neither a patch nor a minor version.
    let reworded =
        |folder: &Path| replace(&folder.join(POLICY), "At least four prior therapies", "Four prior therapies");
    for version in ["0.1.3", "0.2.0"] {
        let understated = data.version("payers/aetna", version, &reworded);
        sign(&understated);
        data.run(&["plugin", "publish", text(&understated)]).exits(2).complains("that is a new first number");
    }
    // An edition that is added is a minor version, and no patch.
    let edition = |folder: &Path| {
        let text = fs::read_to_string(folder.join(POLICY)).unwrap();
        let text =
            text.replace("first = \"2026-11-21\", dated-by = \"read\"", "first = \"2027-01-01\", dated-by = \"read\"");
        fs::write(folder.join("policy/teclistamab/2027-01-01.toml"), text).unwrap();
        let closed = "first = \"2026-11-21\", last = \"2026-12-31\", dated-by = \"read\"";
        replace(&folder.join(POLICY), "first = \"2026-11-21\", dated-by = \"read\"", closed);
    };
    let understated = data.version("payers/aetna", "0.1.3", &edition);
    sign(&understated);
    data.run(&["plugin", "publish", text(&understated)]).exits(2).complains("that is a new second number");
    publish(&data, &data.version("payers/aetna", "0.2.0", &edition), &keys);
    publish(&data, &data.version("payers/aetna", "1.0.0", &reworded), &keys);
    // A plugin whose cases fail is not kept, whatever its number.
    let wrong = |folder: &Path| replace(&folder.join(POLICY), "at-least = 4", "at-least = 5");
    let failing = data.version("payers/aetna", "2.0.0", &wrong);
    sign(&failing);
    data.run(&["plugin", "publish", text(&failing)]).exits(2).complains("cases: ");
    let kept = data.run(&["plugin", "releases", "aetna", "--json"]).exits(0).json();
    let versions: Vec<&str> =
        kept.as_array().unwrap().iter().filter_map(|one| one["version"].as_str()).skip(1).collect();
    assert_eq!(versions, ["0.1.1", "0.1.2", "0.2.0", "1.0.0"]);
    let steps = kept[1]["verification"].as_array().unwrap();
    let steps: Vec<&str> = steps.iter().filter_map(|step| step["step"].as_str()).collect();
    assert_eq!(
        steps,
        [
            "imports",
            "exports",
            "trial-start",
            "kind",
            "sources",
            "cases",
            "determinism",
            "limits",
            "publisher",
            "signature",
            "version",
        ]
    );
}

#[test]
fn two_people_let_a_version_answer_and_one_takes_it_back() {
    let data = Data::prepared();
    strict(&data);
    let keys = ["author", "clinical"];
    for version in ["0.1.1", "0.1.2", "0.1.3"] {
        publish(&data, &data.version("payers/aetna", version, &|_| ()), &keys);
    }
    let proposal = data.run(&["plugin", "propose", "aetna", "0.1.1", "--reason", "tried", "--json"]).exits(0).json();
    assert_eq!((&proposal["state"], &proposal["differences"]["changed"]), (&json!("proposed"), &json!([])));
    let id = proposal["id"].as_str().unwrap();
    data.run(&["plugin", "confirm", id]).exits(2).complains("another person confirms");
    assert_eq!(answering(&data), "0.1.0");
    data.run(&["--as", "another", "plugin", "confirm", id]).exits(0);
    assert_eq!(answering(&data), "0.1.1");
    data.run(&["--as", "another", "plugin", "confirm", id]).exits(2).complains("the proposal is done");
    data.run(&["plugin", "propose", "aetna", "0.1.1", "--reason", "again"]).exits(2).complains("answers already");
    data.run(&["plugin", "propose", "aetna", "0.1.9", "--reason", "x"]).exits(2).complains("`0.1.9` is not known");
    data.run(&["plugin", "propose", "aetna", "0.1.2", "--reason", " "]).exits(2).complains("/reason");
    // Of two proposals made at the same time one comes to answer.
    let propose = |version: &str| {
        let ran = data.run(&["plugin", "propose", "aetna", version, "--reason", "a race", "--json"]).exits(0);
        ran.json()["id"].as_str().unwrap().to_owned()
    };
    let (two, three) = (propose("0.1.2"), propose("0.1.3"));
    data.run(&["--as", "another", "plugin", "confirm", &two]).exits(0);
    data.run(&["--as", "another", "plugin", "confirm", &three]).exits(2).complains("another version came to answer");
    assert_eq!(answering(&data), "0.1.2");
    // A rejected one answers never.
    let rejected = propose("0.1.3");
    data.run(&["--as", "another", "plugin", "reject", &rejected, "--reason", "not now"]).exits(0).says("rejected");
    data.run(&["--as", "another", "plugin", "confirm", &rejected]).exits(2).complains("is rejected");
    // Back, and back again; never below the floor; and forth only by a proposal.
    activate(&data, "0.1.3");
    data.run(&["plugin", "rollback", "aetna", "--reason", "it is wrong"]).exits(0).says("aetna 0.1.2 answers now");
    data.run(&["plugin", "floor", "aetna", "0.1.1", "--reason", "0.1.0 was unsafe"]).exits(0);
    data.run(&["plugin", "rollback", "aetna", "--reason", "so is this"]).exits(0).says("aetna 0.1.1 answers now");
    data.run(&["plugin", "rollback", "aetna", "--reason", "and this"]).exits(2).complains("is below 0.1.1");
    activate(&data, "0.1.3");
    data.run(&["plugin", "propose", "aetna", "0.1.2", "--reason", "down"]).exits(2).complains("plugin rollback aetna");
    data.run(&["plugin", "rollback", "nothing", "--reason", "x"]).exits(2);
    data.run(&["audit", "verify"]).exits(0).says("whole");
}

#[test]
fn a_version_published_under_looser_rules_answers_by_the_rules_of_now() {
    let data = Data::prepared();
    let unsigned = data.version("payers/aetna", "0.1.1", &|_| ());
    publish(&data, &unsigned, &[]);
    let bare = data.version("payers/aetna", "0.2.0", &|folder| fs::remove_dir_all(folder.join("cases")).unwrap());
    publish(&data, &bare, &[]);
    // One is confirmed before they are tightened, for later.
    let due = (SystemClock.now() + jiff::SignedDuration::from_secs(20)).to_string();
    let asked = ["plugin", "propose", "aetna", "0.1.1", "--at", &due, "--reason", "a test", "--json"];
    let early = data.run(&asked).exits(0).json()["id"].as_str().unwrap().to_owned();
    data.run(&["plugin", "confirm", &early]).exits(0).says("scheduled");
    strict(&data);
    let refused = |release: &str, why: &str| {
        data.run(&["plugin", "propose", "aetna", release, "--reason", "x"]).exits(2).complains(why);
    };
    refused("0.1.1", "it is signed by nobody enrolled, and the rules ask for 2 of author, clinical: publish it again");
    for name in ["author", "clinical"] {
        data.run(&["plugin", "sign", text(&bare), "--key", &key(&data, name)]).exits(0);
    }
    data.run(&["plugin", "publish", text(&bare)]).exits(2).complains("carries none");
    // What was confirmed before is held to the rules of when its time has come.
    let fails = |id: &str, why: &str| {
        let host = data.serve();
        let proposal = || host.get(&format!("/v1/proposals/{id}")).is(200).json();
        until("its time has come", || proposal()["state"] != "scheduled");
        let failed = proposal();
        assert_eq!(failed["state"], "failed", "{failed}");
        assert!(failed["because"].as_str().unwrap().contains(why), "{failed}");
    };
    fails(&early, "signed by nobody enrolled");
    assert_eq!(answering(&data), "0.1.0");
    // So is that one person decided alone, though it is signed.
    let signed = data.version("payers/aetna", "0.1.2", &|_| ());
    publish(&data, &signed, &["author", "clinical"]);
    let agree = |rule: &str, which: &str| {
        for who in ["one", "another"] {
            data.run(&["--as", who, "rules", "set", rule, which]).exits(0);
        }
    };
    agree("--four-eyes", "off");
    let due = (SystemClock.now() + jiff::SignedDuration::from_secs(5)).to_string();
    let asked = ["plugin", "propose", "aetna", "0.1.2", "--at", &due, "--reason", "a test", "--json"];
    let alone = data.run(&asked).exits(0).json()["id"].as_str().unwrap().to_owned();
    data.run(&["plugin", "confirm", &alone]).exits(0).says("scheduled");
    agree("--four-eyes", "on");
    fails(&alone, "one person proposed and confirmed it");
    // Signed, and published again, it answers.
    publish(&data, &unsigned, &["author", "clinical"]);
    activate(&data, "0.1.1");
    assert_eq!(answering(&data), "0.1.1");
    // Signed enough for rules that ask for no cases, a version without any falls short when they do.
    agree("--evidence", "off");
    publish(&data, &bare, &[]);
    agree("--evidence", "on");
    refused("0.2.0", "the rules ask for `cases` since it was published without: publish a version that holds them");
    data.run(&["audit", "verify"]).exits(0).says("whole");
}

#[test]
fn a_scheduled_version_answers_when_its_time_has_come() {
    let data = Data::prepared();
    strict(&data);
    let digest = publish(&data, &data.version("payers/aetna", "0.1.1", &|_| ()), &["author", "clinical"]);
    let host = data.serve();
    let past = json!({ "name": "aetna", "release": digest, "reason": "x", "due-at": "2020-01-01T00:00:00Z" });
    assert_eq!(host.post("/v1/proposals", &past.to_string()).problem(422, "bad-request")["pointer"], "/due-at");
    let due = SystemClock.now() + jiff::SignedDuration::from_secs(4);
    let asked = json!({ "name": "aetna", "release": digest, "reason": "a new year", "due-at": due.to_string() });
    let proposal = host.post("/v1/proposals", &asked.to_string()).is(201).json();
    let id = proposal["id"].as_str().unwrap();
    data.run(&["--as", "another", "plugin", "confirm", id]).exits(0).says("scheduled, due");
    assert_eq!(
        host.get("/v1/plugins/aetna").json()["plugin"]["version"].as_str().unwrap().split('+').next(),
        Some("0.1.0")
    );
    let since = Instant::now();
    while host.get("/v1/plugins/aetna").json()["plugin"]["version"] != "0.1.1" {
        assert!(since.elapsed() < Duration::from_secs(60), "it never came");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(SystemClock.now() >= due, "it came too early");
    assert_eq!(host.get(&format!("/v1/proposals/{id}")).is(200).json()["state"], "done");
}

#[test]
fn a_site_is_answered_by_what_it_approved_and_by_nothing_else() {
    let data = Data::prepared();
    let host = data.serve();
    let request = case("01");
    let site = request["site"].as_str().unwrap().to_owned();
    let clear = || host.post("/v1/clearances", &request.to_string());
    clear().is(201);
    let approvals = host.get(&format!("/v1/sites/{site}/approvals")).is(200).json();
    assert_eq!(approvals["waiting"], json!([]));
    let id = approvals["approvals"][0]["id"].as_str().unwrap().to_owned();
    let withdraw = |id: &str| {
        let path = format!("/v1/sites/{site}/approvals/{id}/withdrawal");
        host.post(&path, &json!({ "reason": "we look again" }).to_string())
    };
    withdraw(&id).is(204);
    withdraw(&id).problem(409, "already");
    let problem = clear().problem(403, "plugin-not-approved");
    assert!(problem["detail"].as_str().unwrap().contains("an administrator of the site can"), "{problem}");
    let waiting = host.get(&format!("/v1/sites/{site}/approvals")).is(200).json()["waiting"].clone();
    assert!(waiting.as_array().unwrap().len() > 30, "{waiting}");
    // One digest of the product, and a range of the payer's versions.
    let digest = |name: &str| {
        let one = waiting.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
        one["digest"].as_str().unwrap().to_owned()
    };
    let (product, payer) =
        (request["order"]["product"].as_str().unwrap(), request["coverage"]["payer"].as_str().unwrap());
    let approve = |approved: Value| {
        let asked = json!({ "approved": approved, "reason": "read and found right" });
        host.post(&format!("/v1/sites/{site}/approvals"), &asked.to_string())
    };
    approve(json!({ "digest": digest(product) })).is(201);
    assert_eq!(clear().problem(403, "plugin-not-approved")["plugin"], payer);
    let range = |range: &str| json!({ "versions": { "publisher": "paratope", "plugin": payer, "range": range } });
    approve(range("^1")).is(201);
    clear().problem(403, "plugin-not-approved");
    approve(range("~0.1")).is(201);
    clear().is(201);
    approve(json!({ "digest": "sha256:00" })).problem(404, "unknown-release");
    approve(range("one")).problem(422, "bad-request");
    // A version out of the range waits, and is not run for the site.
    if payer == "aetna" {
        host.load(&fs::read(data.version("payers/aetna", "0.2.0", &|_| ())).unwrap()).is(201);
        clear().problem(403, "plugin-not-approved");
    }
}

#[test]
fn a_site_sees_what_a_version_would_change_and_what_a_revocation_reopened() {
    let data = Data::prepared();
    let mut request = case("04");
    for dose in request["order"]["doses"].as_array_mut().unwrap() {
        dose["day"] = json!(dose["day"].as_str().unwrap().replace("2026", "2099"));
    }
    let site = request["site"].as_str().unwrap().to_owned();
    let name = request["case"].as_str().unwrap().to_owned();
    assert_eq!(request["coverage"]["payer"], "aetna");
    let cleared = data.run(&["clear", &data.file("request.json", &request.to_string()), "--json"]).json();
    let digest = |cleared: &Value| {
        let one = cleared["plugins"].as_array().unwrap().iter().find(|one| one["name"] == "aetna").cloned();
        one.unwrap()["digest"].as_str().unwrap().to_owned()
    };
    let listed = data.run(&["site", "cases", &site, "--json"]).exits(0).json();
    let own =
        |listed: &Value| listed.as_array().unwrap().iter().find(|one| one["case"] == name.as_str()).cloned().unwrap();
    assert_eq!((&own(&listed)["determination"], &own(&listed)["reopened-because"]), (&cleared["id"], &Value::Null));
    // A policy that asks for more lines would change the case; one with a comment would not.
    let publish = |version: &str, edit: &dyn Fn(&Path)| {
        let kept = data.run(&["plugin", "publish", text(&data.version("payers/aetna", version, edit)), "--json"]);
        kept.exits(0).json()[0]["digest"].as_str().unwrap().to_owned()
    };
    let harder = publish("1.0.0", &|folder| {
        replace(&folder.join(POLICY), "at-least = 4", "at-least = 400");
        fs::remove_dir_all(folder.join("cases")).unwrap();
    });
    let changed = data.run(&["site", "preview", &site, &harder, "--json"]).exits(0).json();
    let changed = changed.as_array().unwrap().iter().find(|one| one["case"] == name.as_str()).cloned();
    let changed = changed.unwrap_or_else(|| panic!("the preview does not tell of the case"));
    assert!(!changed["checkpoints"].as_array().unwrap().is_empty(), "{changed}");
    let same = publish("0.1.1", &|_| ());
    data.run(&["site", "preview", &site, &same]).exits(0).says("0 open cases");
    // Nothing of that was recorded, and the case stands as it was.
    assert_eq!(data.run(&["site", "cases", &site, "--json"]).exits(0).json(), listed);

    // Revoked: no new call, on a host that runs beside, and the case is to be cleared again.
    let host = data.serve();
    let active = digest(&cleared);
    let revoked =
        data.run(&["plugin", "revoke", &active, "--reason", "a threshold was misread", "--json"]).exits(0).json();
    assert!(revoked["reopened"].as_array().unwrap().contains(&json!({ "site": site, "case": name })), "{revoked}");
    let since = Instant::now();
    while host.post("/v1/clearances", &request.to_string()).status == 201 {
        assert!(since.elapsed() < Duration::from_secs(30), "it was never withheld");
        std::thread::sleep(Duration::from_millis(50));
    }
    let problem = host.post("/v1/clearances", &request.to_string()).problem(503, "unavailable");
    assert_eq!(problem["code"], "withheld");
    let listed = data.run(&["site", "cases", &site, "--json"]).exits(0).json();
    assert!(own(&listed)["reopened-because"].as_str().unwrap().contains("a threshold was misread"));
    data.run(&["plugin", "revoke", &active, "--reason", "again"]).exits(2).complains("revoked before");
    // What was determined with it is still run again, byte for byte.
    data.run(&["replay", cleared["id"].as_str().unwrap()]).exits(0).says("the same, byte for byte");
    // Another version answers, and the case is settled by clearing it again.
    data.run(&["plugin", "load", text(&data.version("payers/aetna", "0.1.1", &|_| ()))]).exits(0);
    data.run(&["clear", &data.file("request.json", &request.to_string())]);
    assert_eq!(own(&data.run(&["site", "cases", &site, "--json"]).exits(0).json())["reopened-because"], Value::Null);
}

#[test]
fn a_retired_key_signs_nothing_new_and_a_revoked_key_takes_its_plugins_with_it() {
    let data = Data::prepared();
    strict(&data);
    data.run(&["rules", "set", "--signatures", "1 of author"]).exits(0);
    data.run(&["--as", "another", "rules", "set", "--signatures", "1 of author"]).exits(0);
    let old = enrol(&data, "old", "author");
    let kept = data.version("payers/aetna", "0.1.1", &|_| ());
    publish(&data, &kept, &["old"]);
    activate(&data, "0.1.1");
    data.run(&["publisher", "retire", &old, "--reason", "rotated"]).exits(0);
    // What it signed stands, and is published again as it is.
    data.run(&["plugin", "publish", text(&kept)]).exits(0);
    let next = data.version("payers/aetna", "0.1.2", &|_| ());
    data.run(&["plugin", "sign", text(&next), "--key", &key(&data, "old")]).exits(0);
    data.run(&["plugin", "publish", text(&next)]).exits(2).complains("signed by nobody enrolled");
    publish(&data, &next, &["author"]);
    assert_eq!(answering(&data), "0.1.1");
    data.run(&["publisher", "revoke", &old, "--reason", "it was stolen"]).exits(0).says("aetna sha256:");
    assert_eq!(answering(&data), "none");
    data.run(&["plugin", "releases", "aetna"]).exits(0).says("revoked: a key that signed it was revoked");
    data.run(&["plugin", "publish", text(&kept)]).exits(2);
    data.run(&["plugin", "rollback", "aetna", "--reason", "it was signed by a thief"]).exits(0).says("aetna 0.1.0");
    data.run(&["publisher", "revoke", &old, "--reason", "again"]).exits(2);
}

#[test]
fn releases_travel_as_an_oci_image_layout() {
    let (data, other) = (Data::prepared(), Data::prepared());
    strict(&data);
    let file = data.version("payers/aetna", "0.1.1", &|_| ());
    let digest = publish(&data, &file, &["author", "clinical"]);
    let archive = data.path().join("aetna.tar");
    data.run(&["plugin", "export", &digest, "-o", text(&archive)]).exits(0);
    let folder = data.path().join("layout");
    data.run(&["plugin", "export", "aetna", "-o", text(&folder)]).exits(0).says("2 releases");
    data.run(&["plugin", "export", "aetna", "-o", text(&folder)]).exits(2).complains("is there already");
    // A public tool reads both, and moves them without a change.
    let skopeo = |arguments: &[&str]| run(Command::new("skopeo").args(arguments), "").exits(0);
    let from = format!("oci:{}:aetna-0.1.1", folder.display());
    let moved = data.path().join("moved");
    let manifest: Value = skopeo(&["inspect", "--raw", &from]).json();
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    assert_eq!(manifest["layers"][0]["digest"], digest);
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 3);
    skopeo(&["copy", &from, &format!("oci:{}:aetna-0.1.1", moved.display())]);
    // Elsewhere the same signatures are asked for, so the keys are enrolled there.
    other.run(&["rules", "set", "--signatures", "2 of author, clinical"]).exits(0);
    other.run(&["plugin", "import", text(&moved)]).exits(2).complains("has 0 keys that sign");
    let keys = data.run(&["publisher", "keys", "--json"]).exits(0).json();
    for one in keys.as_array().unwrap() {
        let text = |field: &str| one[field].as_str().unwrap();
        other.run(&["publisher", "enrol", text("publisher"), "--key", text("key"), "--role", text("role")]).exits(0);
    }
    other.run(&["plugin", "import", text(&moved)]).exits(0).says(&digest);
    other.run(&["plugin", "import", text(&archive)]).exits(0).says(&digest);
    // From a running host, too.
    let third = Data::prepared();
    let host = data.serve();
    third.run(&["plugin", "pull", &digest, "--url", &host.url]).exits(0).says(&digest);
    third.run(&["plugin", "pull", "sha256:00", "--url", &host.url]).exits(2).complains("is not known");
    let next = data.version("payers/aetna", "0.1.2", &|_| ());
    data.run(&["plugin", "publish", text(&next), "--url", &host.url]).exits(2).complains("signed by nobody");
    for name in ["author", "clinical"] {
        data.run(&["plugin", "sign", text(&next), "--key", &key(&data, name)]).exits(0);
    }
    data.run(&["plugin", "publish", text(&next), "--url", &host.url]).exits(0).says("0.1.2");
    // What was changed on the way is refused.
    let blob = moved.join("blobs/sha256").join(digest.trim_start_matches("sha256:"));
    let mut bytes = fs::read(&blob).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&blob, bytes).unwrap();
    other.run(&["plugin", "import", text(&moved)]).exits(2).complains("is something else");
    host.send("POST", "/v1/releases", &[("content-type", "application/x-tar")], b"no archive")
        .problem(422, "bad-archive");
}

#[test]
fn what_two_people_decide_one_does_not_decide_by_the_way() {
    let data = Data::prepared();
    strict(&data);
    let rules = || data.run(&["rules", "show"]).exits(0).json();
    let before = rules();
    // Nobody takes the second person away alone, nor twice under another spelling.
    let off = ["rules", "set", "--four-eyes", "off", "--signatures", "none"];
    let with = |who: &str| data.run(&[&["--as", who], &off[..]].concat()).exits(0);
    with("ana").complains("wait for another person");
    with("Ana").complains("wait for another person");
    assert_eq!(rules(), before);
    // Another who sets something else starts anew.
    data.run(&["--as", "bob", "rules", "set", "--four-eyes", "off"]).exits(0).complains("wait");
    with("carol").complains("wait");
    assert_eq!(rules(), before);
    let agreed = with("dave").json();
    assert_eq!((&agreed["four-eyes"], &agreed["signatures"]), (&json!(false), &json!("none")));
    data.run(&["rules", "set", "--four-eyes", "on"]).exits(0);
    // A token that the proposer issued speaks for the proposer.
    let issue = |by: &str, person: &str| {
        let issued = data.run(&["--as", by, "token", "issue", person, "--role", "platform", "--json"]).exits(0).json();
        format!("Bearer {}", issued["secret"].as_str().unwrap())
    };
    let (ana, puppet, bob) = (issue("root", "ana"), issue("ana", "nobody-else"), issue("root", "bob"));
    let host = data.serve();
    let post = |who: &str, path: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("authorization", who)];
        host.send("POST", path, &headers, body.to_string().as_bytes())
    };
    let file = data.version("payers/aetna", "0.1.1", &|_| ());
    data.run(&["plugin", "publish", text(&file)]).exits(0);
    let asked = json!({ "name": "aetna", "release": "0.1.1", "reason": "a test" });
    let id = post(&ana, "/v1/proposals", &asked).is(201).json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/proposals/{id}/confirmation");
    post(&ana, &path, &Value::Null).problem(403, "same-person");
    post(&puppet, &path, &Value::Null).problem(403, "same-person");
    // Nor does who proposed behind a token that they issued.
    let theirs = post(&puppet, "/v1/proposals", &asked).is(201).json()["id"].as_str().unwrap().to_owned();
    post(&ana, &format!("/v1/proposals/{theirs}/confirmation"), &Value::Null).problem(403, "same-person");
    // A roll back takes back what was still to come, too.
    let due = SystemClock.now() + jiff::SignedDuration::from_hours(1);
    let mut later = asked.clone();
    later["due-at"] = json!(due.to_string());
    let second = post(&bob, "/v1/proposals", &later).is(201).json()["id"].as_str().unwrap().to_owned();
    post(&ana, &format!("/v1/proposals/{second}/confirmation"), &Value::Null).is(200);
    post(&bob, &path, &Value::Null).is(200);
    post(&bob, "/v1/plugins/aetna/rollback", &json!({ "reason": "it is wrong" })).is(200);
    let headers = [("authorization", &*bob)];
    let waiting = host.send("GET", &format!("/v1/proposals/{second}"), &headers, b"").is(200).json();
    assert_eq!(waiting["state"], "failed", "{waiting}");
    // A floor above what answers would be none.
    data.run(&["plugin", "floor", "aetna", "0.1.1", "--reason", "x"]).exits(2).complains("is below it");
    // What follows a `+` is no other version.
    let again = data.version("payers/aetna", "0.1.1+other", &|_| ());
    data.run(&["plugin", "publish", text(&again)]).exits(2).complains("is the same version, of other bytes");
    // The demo does not relax a store that people use.
    data.run(&["demo"]).exits(2).complains("this store is in use");
}

#[test]
fn what_one_host_revokes_the_others_withhold_within_two_seconds() {
    let (data, elsewhere) = (Data::prepared(), Data::prepared());
    let database = database();
    let (one, other) = (data.serve_on(&database), elsewhere.serve_on(&database));
    let as_of = json!({ "as-of": "2026-11-23" }).to_string();
    let called = other.post("/v1/plugins/aetna/profile", &as_of).is(201).json();
    let digest = called["plugins"][0]["digest"].as_str().unwrap();
    let because = json!({ "reason": "a threshold was misread" }).to_string();
    one.post(&format!("/v1/releases/{digest}/revocation"), &because).is(200);
    one.post("/v1/plugins/aetna/profile", &as_of).problem(503, "unavailable");
    let since = Instant::now();
    while other.post("/v1/plugins/aetna/profile", &as_of).status == 201 {
        assert!(since.elapsed() < Duration::from_secs(30), "it was never withheld");
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("withheld on the other host after {:?}", since.elapsed());
    let mut verify = Command::new(paratope());
    verify.env("PARATOPE_DATABASE", &database).arg("--data").arg(data.path());
    run(verify.args(["audit", "verify"]), "").exits(0).says("whole");
}

#[test]
fn a_shadow_tells_what_a_candidate_would_change_and_changes_nothing() {
    let data = Data::prepared();
    let request = case("04");
    let publish = |version: &str, edit: &dyn Fn(&Path)| {
        let kept = data.run(&["plugin", "publish", text(&data.version("payers/aetna", version, edit)), "--json"]);
        kept.exits(0).json()[0]["digest"].as_str().unwrap().to_owned()
    };
    let harder = publish("1.0.0", &|folder| {
        replace(&folder.join(POLICY), "at-least = 4", "at-least = 400");
        fs::remove_dir_all(folder.join("cases")).unwrap();
    });
    let host = data.serve();
    let before = host.post("/v1/clearances", &request.to_string()).is(201).json()["answer"].clone();
    let start = |asked: Value| host.post("/v1/shadows", &asked.to_string());
    let shadow =
        |share: i64, budget: i64| json!({ "name": "aetna", "release": harder, "share": share, "budget": budget });
    assert_eq!(start(shadow(0, 5)).problem(422, "bad-request")["pointer"], "/share");
    assert_eq!(start(shadow(100, 0)).problem(422, "bad-request")["pointer"], "/budget");
    let id = start(shadow(100, 5)).is(201).json()["id"].as_str().unwrap().to_owned();
    let report = || host.get(&format!("/v1/shadows/{id}")).is(200).json();
    let ran =
        |report: &Value| report["shadow"]["compared"].as_i64().unwrap() + report["shadow"]["skipped"].as_i64().unwrap();
    // More orders than its budget: it ends with it, and no answer changes.
    let since = Instant::now();
    let mut cleared = 0;
    while report()["shadow"]["compared"] != 5 {
        assert_eq!(host.post("/v1/clearances", &request.to_string()).is(201).json()["answer"], before);
        cleared += 1;
        assert!(since.elapsed() < Duration::from_secs(60), "{}", report());
    }
    for _ in 0..5 {
        host.post("/v1/clearances", &request.to_string()).is(201);
    }
    let found = report();
    assert_eq!((&found["shadow"]["compared"], &found["shadow"]["budget"]), (&json!(5), &json!(0)));
    assert!(ran(&found) <= cleared + 5);
    let first = &found["differences"][0];
    assert_eq!(first["count"], 5, "{found}");
    let example = first["examples"][0].as_str().unwrap();
    assert!(!found.to_string().contains(request["case"].as_str().unwrap()));
    host.get(&format!("/v1/clearances/{example}")).is(200);
    // Where no site approved the candidate it runs for nobody.
    let site = request["site"].as_str().unwrap();
    let approvals = host.get(&format!("/v1/sites/{site}/approvals")).is(200).json();
    let standing = approvals["approvals"][0]["id"].as_str().unwrap();
    let because = json!({ "reason": "only what was read" }).to_string();
    host.post(&format!("/v1/sites/{site}/approvals/{standing}/withdrawal"), &because).is(204);
    let only = json!({ "approved": { "versions": { "publisher": "paratope", "range": "^0.1" } }, "reason": "read" });
    host.post(&format!("/v1/sites/{site}/approvals"), &only.to_string()).is(201);
    let id = start(shadow(100, 5)).is(201).json()["id"].as_str().unwrap().to_owned();
    for _ in 0..5 {
        host.post("/v1/clearances", &request.to_string()).is(201);
    }
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(host.get(&format!("/v1/shadows/{id}")).is(200).json()["shadow"]["compared"], 0);
    host.post(&format!("/v1/shadows/{id}/end"), "").is(204);
    host.post(&format!("/v1/shadows/{id}/end"), "").problem(404, "unknown-shadow");
}
