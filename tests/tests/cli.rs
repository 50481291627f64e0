//! The command line, from outside: what it prints, how it exits, what it refuses.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../guests/mod.rs"]
mod guests;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use support::{Data, case, database, paratope, root, run, with_manifest};

const PLAN: &str = "product = \"teclistamab\"\nindication = \"rrmm-monotherapy\"\nregimen = \"monotherapy\"\n\
    start = 2026-11-23\ndoses = 4\n";

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

#[test]
fn the_demo_clears_a_dozen_patients_and_all_of_it_replays() {
    let data = Data::prepared();
    let demo = data.run(&["demo", "--json"]).exits(0).json();
    assert_eq!(demo.as_array().unwrap().len(), 12);
    let table = data.run(&["demo"]).exits(0).says("demo-12").says("paratope --data").says("replay --all");
    for verdict in ["CLEARED", "WAITING", "BLOCKED"] {
        assert!(table.out.contains(verdict), "{}", table.out);
    }
    let id = demo[0]["id"].as_str().unwrap();
    data.run(&["replay", id]).exits(0).says("the same, byte for byte");
    data.run(&["replay", "--all"]).exits(0).says(", 0 different");
    let lines = data.run(&["replay", "--all", "--json"]).exits(0).out;
    assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["same"] == true));
    assert!(lines.lines().count() >= 36);
}

#[test]
fn a_clearance_exits_by_its_verdict() {
    let data = Data::prepared();
    let cleared = data.file("cleared.json", &pretty(&case("07")));
    let blocked = data.file("blocked.json", &pretty(&case("04")));
    let waiting = data.file("waiting.json", &pretty(&case("11")));
    data.run(&["clear", &cleared]).exits(0).says("CLEARED").says("recorded as");
    data.run(&["clear", &blocked]).exits(3).says("BLOCKED").says("source: ").says("owner: pharmacist");
    data.run(&["clear", &waiting]).exits(3).says("WAITING").says("needs ");
    let answer = data.run(&["clear", &blocked, "--json"]).exits(3).json();
    assert_eq!(answer["answer"]["verdict"], "blocked");
    assert_eq!(answer["kind"], "clearance");
    assert!(answer["plugins"][0]["digest"].as_str().unwrap().starts_with("sha256:"));
}

#[test]
fn a_request_may_be_toml() {
    let data = Data::prepared();
    let plan = data.file("plan.toml", PLAN);
    data.run(&["plan", &plan]).exits(0).says("step-up-1").says("2026-11-26").says("units + waste");
    let answer = data.run(&["plan", &plan, "--json"]).exits(0).json();
    assert_eq!(answer["answer"]["doses"].as_array().unwrap().len(), 4);
}

#[test]
fn input_that_cannot_be_used_exits_2_and_says_where() {
    let data = Data::prepared();
    let changed = |path: &[&str], value: Value| {
        let mut request = case("01");
        let mut place = &mut request;
        for part in path {
            place = match part.parse::<usize>() {
                Ok(at) => &mut place[at],
                Err(_) => &mut place[*part],
            };
        }
        *place = value;
        pretty(&request)
    };
    let clear = |text: &str| data.run(&["clear", &data.file("request.json", text)]).exits(2);
    clear("{\n  \"case\": ,\n}").complains("line 2, column 11: expected value");
    clear("").complains("EOF");
    clear(&changed(&["as-of"], json!("2026-02-30"))).complains("`/as-of`: `2026-02-30` is not a day of the calendar");
    clear(&changed(&["order", "weight"], json!(70))).complains("unknown field `weight`");
    clear(&changed(&["order", "doses", "0", "amount", "value"], json!("-4"))).complains("/order/doses/0/amount");
    clear(&changed(&["order", "doses", "1", "day"], json!("2026-11-01"))).complains("/order/doses/1/day");
    clear(&changed(&["coverage", "active"], json!({ "first": "2026-12-31", "last": "2026-01-01" })))
        .complains("/coverage/active")
        .complains("ends before it begins");
    clear(&changed(&["site"], json!("nowhere"))).complains("site `nowhere` is not known; there are `hillcrest`");
    clear(&changed(&["order", "product"], json!("nothing"))).complains("product `nothing` is not known");
    clear(&changed(&["order", "product"], json!("aetna"))).complains("product `aetna` is not known");
    clear(&changed(&["coverage", "payer"], json!("nobody"))).complains("payer `nobody` is not known");
    clear(&changed(&["case"], json!(["Jane Doe"]))).complains("found sequence, expected a string");
    data.run(&["clear", "/nowhere/at-all.json"]).exits(2).complains("failed to read `/nowhere/at-all.json`");

    let plan = |text: &str| data.run(&["plan", &data.file("plan.toml", text)]).exits(2);
    plan("product = = 1").complains("line 1, column 11");
    plan(&PLAN.replace("doses = 4", "doses = 0")).complains("1 to 200 doses");
    plan(&PLAN.replace("doses = 4", "doses = -4")).complains("line 5, column 1");
    plan(&PLAN.replace("doses = 4", "doses = 99999999999")).complains("`/doses`");
    plan(&PLAN.replace("regimen", "regime")).complains("unknown field `regime`");
    plan(&PLAN.replace("2026-11-23", "2026-11-31")).complains("line 4");
    plan(&format!("{PLAN}{}", "a.".repeat(100_000) + "b = 1\n"));

    // Nothing of it was recorded.
    let lines = data.run(&["replay", "--all", "--json"]).exits(0).out;
    let ids: Vec<_> = lines.lines().collect();
    assert!(ids.len() % 12 == 0, "{}", ids.len());
}

#[test]
fn nothing_written_about_a_patient_is_repeated() {
    let data = Data::prepared();
    let mut request = case("01");
    request["facts"][0]["value"] = json!({ "quantity": { "value": "Jane Doe", "unit": "kg" } });
    let ran = data.run(&["clear", &data.file("request.json", &pretty(&request))]).exits(2);
    assert!(ran.err.contains("/facts/0/value/quantity/value"), "{}", ran.err);
    assert!(!ran.err.contains("Jane"), "{}", ran.err);
}

#[test]
fn any_function_of_any_plugin_can_be_called() {
    let data = Data::prepared();
    let asked = "{\"as-of\": \"2026-11-23\"}";
    let monograph = data.run_with(&["call", "teclistamab", "monograph", "--json", "-"], asked).exits(0).json();
    assert_eq!(monograph["brand"], "TECVAYLI");
    let profile = data.run_with(&["call", "aetna", "profile", "--json", "-"], asked).exits(0).json();
    assert_eq!(profile["operator"], "policy-library");
    data.run_with(&["call", "nothing", "monograph", "--json", "-"], asked)
        .exits(2)
        .complains("no plugin is called `nothing`; there are `aetna`");
    data.run_with(&["call", "aetna", "monograph", "--json", "-"], asked)
        .exits(2)
        .complains("`aetna` is a payer plugin, which has no function `monograph`");
    data.run_with(&["call", "aetna", "approve", "--json", "-"], asked)
        .exits(2)
        .complains("`profile`, `assess`, `prefer`, `billing`");
    let assess = json!({
        "coverage": { "line-of-business": "commercial" }, "service-day": "2026-11-23", "product": "nothing",
        "indication": "x", "regimen": "x", "stage": "initial",
    });
    data.run_with(&["call", "aetna", "assess", "--json", "-"], &assess.to_string())
        .exits(1)
        .complains("plugin `aetna` has no answer");
}

#[test]
fn a_replay_of_what_was_not_recorded_is_refused() {
    let data = Data::prepared();
    data.run(&["replay", "01M80G38B8SS3QBZND75AVTJ1W"]).exits(2).complains("is not known");
    data.run(&["replay", "yesterday"]).exits(2).complains("26 letters and digits");
    data.run(&["replay"]).exits(2);
}

#[test]
fn sites_are_listed_shown_and_kept() {
    let data = Data::prepared();
    data.run(&["site", "list"]).exits(0).says("northgate").says("riverbend").says("hillcrest");
    let mut site = data.run(&["site", "show", "riverbend"]).exits(0).json();
    data.run(&["site", "show", "nowhere"]).exits(2).complains("site `nowhere` is not known");
    site["id"] = json!("new-site");
    let file = data.file("site.json", &site.to_string());
    data.run(&["site", "add", &file]).exits(0).says("new-site added");
    data.run(&["site", "add", &file]).exits(0).says("new-site replaced");
    site["id"] = json!("New Site");
    data.run(&["site", "add", &data.file("site.json", &site.to_string())]).exits(2).complains("`/id`");
    site["id"] = json!("other");
    site["settings"] = json!(["garage"]);
    data.run(&["site", "add", &data.file("site.json", &site.to_string())]).exits(2).complains("`/settings/0`");
    data.run(&["site", "show", "other"]).exits(2);
}

#[test]
fn a_new_plugin_builds_and_passes_at_once() {
    let data = Data::prepared();
    for kind in ["product", "payer"] {
        let name = format!("my-{kind}");
        let folder = data.path().join(&name).display().to_string();
        data.run(&["plugin", "new", kind, &name, "--dir", &folder]).exits(0).says("plugin.toml");
        data.run(&["plugin", "check", &folder]).exits(0).says("0 errors, 0 warnings");
        data.run(&["plugin", "test", &folder]).exits(0).says(", 0 failed");
        data.run(&["plugin", "new", kind, &name, "--dir", &folder]).exits(2).complains("is there already");
        let built = data.run(&["plugin", "build", &folder, "--json"]).exits(0).json();
        let file = built["file"].as_str().unwrap();
        data.run(&["plugin", "inspect", file]).exits(0).says("your-team").says("imports    paratope:types/types");
        data.run(&["plugin", "load", file]).exits(0).says(&format!("{name} 0.1.0 answers now"));
        data.run(&["plugin", "inspect", &name]).exits(0).says(built["inspection"]["digest"].as_str().unwrap());
    }
    data.run(&["plugin", "list"]).exits(0).says("my-payer").says("my-product").says("teclistamab");
    data.run(&["plugin", "new", "product", "My Product"]).exits(2).complains("is not a name");
}

#[test]
fn the_same_folder_makes_the_same_bytes_wherever_it_is() {
    let data = Data::prepared();
    let digest = |folder: &str| {
        let file = data.path().join("out.wasm").display().to_string();
        let built = data.run(&["plugin", "build", folder, "-o", &file, "--json"]).exits(0).json();
        built["inspection"]["digest"].as_str().unwrap().to_owned()
    };
    let (one, two) = (data.path().join("a/one"), data.path().join("b/two"));
    for folder in [&one, &two] {
        data.run(&["plugin", "new", "payer", "somebody", "--dir", folder.to_str().unwrap()]).exits(0);
    }
    let first = digest(one.to_str().unwrap());
    assert_eq!(first, digest(two.to_str().unwrap()));
    assert_eq!(first, digest(one.to_str().unwrap()));
    let manifest = two.join("plugin.toml");
    let windows = fs::read_to_string(&manifest).unwrap().replace('\n', "\r\n");
    fs::write(&manifest, &windows).unwrap();
    assert_eq!(first, digest(two.to_str().unwrap()));
    fs::write(&manifest, windows.replace("0.1.0", "0.1.1")).unwrap();
    assert_ne!(first, digest(two.to_str().unwrap()));
}

#[test]
fn what_is_wrong_with_a_document_is_told_by_line_and_column() {
    let data = Data::prepared();
    let folder = data.path().join("broken");
    let shown = folder.display().to_string();
    data.run(&["plugin", "new", "product", "broken", "--dir", &shown]).exits(0);
    let label = folder.join("label/2026-01-01.toml");
    let good = fs::read_to_string(&label).unwrap();
    fs::write(&label, good.replace("fact = \"prior-lines\"", "fact = \"prior-line\"")).unwrap();
    let line = good.lines().position(|line| line.contains("fact = \"prior-lines\"")).unwrap() + 1;
    let found = data.run(&["plugin", "check", &shown]).exits(2).says(&format!("label/2026-01-01.toml:{line}:"));
    assert!(
        found.out.contains("prior-line") && found.out.contains("^") && found.out.contains("help: "),
        "{}",
        found.out
    );
    data.run(&["plugin", "build", &shown]).exits(2).complains("no plugin was built");
    fs::write(&label, &good).unwrap();

    let manifest = folder.join("plugin.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("publisher =", "publishr =")).unwrap();
    data.run(&["plugin", "check", &shown]).exits(2).says("plugin.toml:6:1").says("`publishr`");
    fs::write(&manifest, &text).unwrap();

    let case = folder.join("cases/plan.toml");
    let wrong = fs::read_to_string(&case).unwrap().replace("value = 3,", "value = 4,");
    fs::write(&case, wrong).unwrap();
    data.run(&["plugin", "test", &shown]).exits(1).says("doses[0].amount.exact.value").says("2 passed, 1 failed");
    fs::remove_dir_all(folder.join("cases")).unwrap();
    data.run(&["plugin", "test", &shown]).exits(0).complains("warning: there are no cases");
    data.run(&["plugin", "test", "/nowhere"]).exits(2).complains("is not a folder");
}

#[test]
fn a_new_code_plugin_builds_and_passes_at_once() {
    let data = Data::prepared();
    let folder = data.path().join("coded").display().to_string();
    let sdk = root().join("plugins/sdk").display().to_string();
    data.run(&["plugin", "new", "payer", "coded", "--code", "--dir", &folder, "--sdk", &sdk])
        .exits(0)
        .says("src/lib.rs");
    // The versions this tree was tested with, so that nothing new is fetched.
    fs::copy(root().join("Cargo.lock"), data.path().join("coded/Cargo.lock")).unwrap();
    data.run(&["plugin", "test", &folder]).exits(0).says("2 passed, 0 failed");
    let bare = run(Command::new(paratope()).args(["plugin", "build", &folder]).env("PATH", "/nowhere"), "");
    assert_eq!(bare.code, 1);
    assert!(bare.err.contains("needs the Rust toolchain"), "{}", bare.err);
}

#[test]
fn what_is_no_plugin_is_not_loaded() {
    let data = Data::prepared();
    let load = |bytes: &[u8]| {
        let file = data.path().join("some.wasm");
        fs::write(&file, bytes).unwrap();
        data.run(&["plugin", "load", file.to_str().unwrap()]).exits(2)
    };
    load(b"").complains("carries no manifest");
    load(&with_manifest(b"\0asm\x01\0\0\0".to_vec(), "core", "payer")).complains("core module");
    load(&guests::payer().build()).complains("carries no manifest");
    load(&with_manifest(guests::payer().build(), "liar", "product")).complains("says it is a product plugin");
    let name = data.run(&["plugin", "list", "--json"]).exits(0).json();
    assert!(name["plugins"].as_array().unwrap().iter().all(|one| one["name"] != "liar"));
}

#[test]
fn terminal_escapes_of_a_plugin_are_shown_and_not_obeyed() {
    let data = Data::prepared();
    let hostile = guests::answers::error(b"\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>").build();
    let component = with_manifest(guests::payer().answers("profile", hostile).build(), "hostile", "payer");
    let file = data.path().join("hostile.wasm");
    fs::write(&file, component).unwrap();
    data.run(&["plugin", "load", file.to_str().unwrap()]).exits(0);
    let ran = data.run_with(&["call", "hostile", "profile", "--json", "-"], "{\"as-of\": \"2026-11-23\"}").exits(1);
    assert!(!ran.err.contains('\x1b') && !ran.out.contains('\x1b'), "{:?}", ran.err);
    assert!(ran.err.contains("\\u{1b}[2J"), "{}", ran.err);
}

#[test]
fn it_serves_this_machine_only_while_nobody_has_a_token() {
    let data = Data::prepared();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        data.run(&["serve", "--listen", address]).exits(2).complains("no token was issued yet");
    }
    data.run(&["serve", "--listen", "8080"]).exits(2).complains("is no address");
}

#[test]
fn the_command_line_explains_itself() {
    let help = run(Command::new(paratope()).arg("--help"), "").exits(0);
    assert!(help.out.contains("Exit codes:"), "{}", help.out);
    for shell in ["bash", "zsh", "fish"] {
        run(Command::new(paratope()).args(["completions", shell]), "").exits(0).says("paratope");
    }
    run(&mut Command::new(paratope()), "").exits(2);
    run(Command::new(paratope()).arg("clearr"), "").exits(2).complains("clear");
    for kind in ["label", "policy", "payer", "plugin"] {
        let schema = run(Command::new(paratope()).args(["plugin", "schema", kind]), "").exits(0).json();
        assert!(schema["properties"].is_object());
    }
}

#[test]
fn what_was_done_is_listed_exported_and_checked_without_the_host() {
    let data = Data::prepared();
    let listed = data.run(&["audit", "list", "--limit", "1000", "--json"]).exits(0).json();
    let actions: Vec<&str> = listed.as_array().unwrap().iter().filter_map(|event| event["action"].as_str()).collect();
    for action in ["plugin.kept", "plugin.activated", "site.kept", "determination.recorded"] {
        assert!(actions.contains(&action), "{action}: {actions:?}");
    }
    data.run(&["audit", "verify"]).exits(0).says("whole");
    let export = data.path().join("events.jsonl");
    let file = export.to_str().unwrap();
    data.run(&["audit", "export", file]).exits(0);
    let events = fs::read_to_string(&export).unwrap();
    let lines: Vec<String> = events.lines().map(str::to_owned).collect();
    let last: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    let head = last["hash"].as_str().unwrap();
    // Elsewhere, where there is no store.
    let elsewhere = Data::empty();
    elsewhere.run(&["audit", "verify", file, "--head", head]).exits(0).says("whole");
    let broken = |lines: &[String], why: &str| {
        fs::write(&export, lines.join("\n") + "\n").unwrap();
        elsewhere.run(&["audit", "verify", file, "--head", head]).exits(1).says(why);
    };
    let mut changed = lines.clone();
    changed[5] = changed[5].replace("\"action\":\"", "\"action\":\"un");
    broken(&changed, "was changed");
    let mut dropped = lines.clone();
    dropped.remove(5);
    broken(&dropped, "does not follow");
    let mut moved = lines.clone();
    moved.swap(5, 6);
    broken(&moved, "does not follow");
    broken(lines.split_last().unwrap().1, "taken off the end");
    fs::write(&export, "{}\n").unwrap();
    elsewhere.run(&["audit", "verify", file]).exits(2).complains("line 1");
    assert!(!elsewhere.path().join("paratope.db").exists(), "an export is checked without a store");
}

#[test]
fn a_postgresql_database_holds_the_store_as_a_file_does() {
    let data = Data::prepared();
    let database = database();
    let on_database = |arguments: &[&str]| {
        run(
            Command::new(paratope()).arg("--data").arg(data.path()).env("PARATOPE_DATABASE", &database).args(arguments),
            "",
        )
    };
    let verdicts = |determined: &Value| -> Vec<Value> {
        determined.as_array().unwrap().iter().map(|one| one["answer"]["verdict"].clone()).collect()
    };
    let here = on_database(&["demo", "--json"]).exits(0).json();
    assert_eq!(verdicts(&here), verdicts(&data.run(&["demo", "--json"]).exits(0).json()));
    on_database(&["replay", "--all"]).exits(0).says("12 the same, 0 different");
    on_database(&["audit", "verify"]).exits(0).says("whole");
    on_database(&["site", "list"]).exits(0).says("riverbend");
    let wrong = ["--database", "mysql://somebody:secret@localhost/x", "site", "list"];
    let refused = data.run(&wrong).exits(1).complains("postgres://");
    assert!(!refused.err.contains("secret"), "{}", refused.err);
}
