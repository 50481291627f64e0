//! Who may do what over HTTP: every route, every role, their own site and another.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::{Answer, Data, Server, case, send};

/// The site that site roles are for, and one that they are not for.
const OWN: &str = "northgate";
const OTHER: &str = "riverbend";

const ROLES: [&str; 5] = ["platform", "policy-manager", "site-clinician", "site-administrator", "auditor"];

/// Who may use each route: P platform, M policy manager, C clinician, A site administrator, U auditor; `*` whoever has a
/// token, `-` whoever comes. Behind a slash, who may for a site that is not theirs.
const TABLE: &[(&str, &str, &str)] = &[
    ("get", "/health/live", "-"),
    ("get", "/health/ready", "-"),
    ("get", "/openapi.json", "-"),
    ("get", "/metrics", "PU"),
    ("post", "/v1/clearances", "C/"),
    ("get", "/v1/clearances/{id}", "CAU/U"),
    ("post", "/v1/plans", "MC"),
    ("get", "/v1/determinations/{id}", "CAU/U"),
    ("post", "/v1/determinations/{id}/replay", "CAU/U"),
    ("get", "/v1/plugins", "*"),
    ("post", "/v1/plugins", "PM"),
    ("get", "/v1/plugins/{name}", "*"),
    ("post", "/v1/plugins/{name}/rollback", "P"),
    ("put", "/v1/plugins/{name}/floor", "P"),
    ("post", "/v1/plugins/{name}/{function}", "PMC"),
    ("get", "/v1/products", "*"),
    ("get", "/v1/products/{id}", "*"),
    ("get", "/v1/payers", "*"),
    ("get", "/v1/payers/{id}", "*"),
    ("get", "/v1/sites", "*"),
    ("get", "/v1/sites/{id}", "*"),
    ("put", "/v1/sites/{id}", "PA/P"),
    ("get", "/v1/sites/{id}/cases", "CAU/U"),
    ("get", "/v1/sites/{id}/approvals", "PMCAU/PMU"),
    ("post", "/v1/sites/{id}/approvals", "A/"),
    ("post", "/v1/sites/{id}/approvals/{approval}/withdrawal", "A/"),
    ("get", "/v1/sites/{id}/preview", "CAU/U"),
    ("get", "/v1/releases", "*"),
    ("post", "/v1/releases", "PM"),
    ("get", "/v1/releases/{digest}", "*"),
    ("get", "/v1/releases/{digest}/archive", "*"),
    ("post", "/v1/releases/{digest}/revocation", "P"),
    ("get", "/v1/proposals", "*"),
    ("post", "/v1/proposals", "PM"),
    ("get", "/v1/proposals/{id}", "*"),
    ("post", "/v1/proposals/{id}/confirmation", "PM"),
    ("post", "/v1/proposals/{id}/rejection", "PM"),
    ("get", "/v1/shadows", "*"),
    ("post", "/v1/shadows", "PM"),
    ("get", "/v1/shadows/{id}", "*"),
    ("post", "/v1/shadows/{id}/end", "PM"),
    ("get", "/v1/publishers/keys", "*"),
    ("post", "/v1/publishers/keys", "P"),
    ("post", "/v1/publishers/keys/{key}/retirement", "P"),
    ("post", "/v1/publishers/keys/{key}/revocation", "P"),
    ("get", "/v1/rules", "*"),
    ("put", "/v1/rules", "P"),
    ("get", "/v1/tokens", "PU"),
    ("post", "/v1/tokens", "P"),
    ("post", "/v1/tokens/{id}/revocation", "P"),
    ("get", "/v1/audit", "PU"),
];

/// Issues a token on the command line.
fn issue(data: &Data, person: &str, role: &str) -> Value {
    let mut arguments = vec!["token", "issue", person, "--role", role, "--json"];
    if role.starts_with("site-") {
        arguments.extend(["--site", OWN]);
    }
    data.run(&arguments).exits(0).json()
}

fn ask(host: &Server, method: &str, path: &str, secret: Option<&str>, body: &Value) -> Answer {
    let bearer = secret.map(|secret| format!("Bearer {secret}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    let body = if method == "get" { Vec::new() } else { body.to_string().into_bytes() };
    send(&host.url, &method.to_uppercase(), path, &headers, &body)
}

#[test]
fn every_route_has_a_rule_for_every_role_and_site() {
    let data = Data::prepared();
    // One clearance at each site, made before anyone had to show a token.
    let cleared: BTreeMap<&str, String> = [(OWN, "04"), (OTHER, "01")]
        .map(|(site, number)| {
            let mut request = case(number);
            request["site"] = json!(site);
            let file = data.file("request.json", &request.to_string());
            let ran = data.run(&["clear", &file, "--json"]);
            (site, ran.json()["id"].as_str().unwrap().to_owned())
        })
        .into();
    let secrets: BTreeMap<&str, String> =
        ROLES.map(|role| (role, issue(&data, role, role)["secret"].as_str().unwrap().to_owned())).into();
    let host = data.serve();
    let document = host.get("/openapi.json").is(200).json();
    let mut known = vec![("get".to_owned(), "/openapi.json".to_owned())];
    for (path, methods) in document["paths"].as_object().unwrap() {
        known.extend(methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())));
    }
    let mut looked = 0;
    for (method, route) in &known {
        let rule = TABLE.iter().find(|(known, path, _)| known == method && path == route);
        let (.., may) = rule.unwrap_or_else(|| panic!("{method} {route} has no rule"));
        let (own, other) = may.split_once('/').unwrap_or((may, may));
        for (site, may) in [(OWN, own), (OTHER, other)] {
            let path = route
                .replace("{id}", if route.starts_with("/v1/sites") { site } else { &cleared[site] })
                .replace("{name}", "nothing")
                .replace("{function}", "nothing")
                .replace("{digest}", "sha256:00")
                .replace("{key}", "00")
                .replace("{approval}", "00")
                .replace("/preview", "/preview?digest=sha256:00");
            let body = match route.as_str() {
                "/v1/clearances" => {
                    let mut request = case("04");
                    request["site"] = json!(site);
                    request
                }
                "/v1/sites/{id}" => ask(&host, "get", &path, Some(&secrets["auditor"]), &Value::Null).is(200).json(),
                _ if route.ends_with("/approvals") => {
                    json!({ "approved": { "digest": "sha256:00" }, "reason": "a test" })
                }
                _ if route.ends_with("/withdrawal") => json!({ "reason": "a test" }),
                // Whoever is let in is told that this cannot be used.
                _ => json!({ "nothing": 1 }),
            };
            let open = ask(&host, method, &path, None, &body).status;
            assert_eq!(open != 401, may == "-", "{method} {path} without a token: {open}");
            for (role, letter) in ROLES.iter().zip(["P", "M", "C", "A", "U"]) {
                let status = ask(&host, method, &path, Some(&secrets[role]), &body).status;
                let may = may == "*" || may == "-" || may.contains(letter);
                let expected = if may { "let in" } else { "turned away" };
                assert_eq!(!matches!(status, 401 | 403), may, "{method} {path} as {role} must be {expected}: {status}");
                looked += 1;
            }
        }
    }
    assert_eq!(known.len(), TABLE.len(), "a rule is for no route");
    println!("{} routes x {} roles x 2 sites: {looked} requests", known.len(), ROLES.len());
}

#[test]
fn a_token_is_shown_once_opens_until_it_is_revoked_and_failures_are_noted() {
    let data = Data::prepared();
    let host = data.serve();
    // Until the first token, this machine only, and nobody is asked.
    host.get("/v1/plugins").is(200);
    let issued = issue(&data, "r.okafor", "auditor");
    let (secret, id) = (issued["secret"].as_str().unwrap(), issued["token"]["id"].as_str().unwrap());
    let refused = host.get("/v1/plugins");
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    refused.problem(401, "unauthorized");
    let asked = |secret: &str| ask(&host, "get", "/v1/audit?limit=1000", Some(secret), &Value::Null);
    asked(secret).is(200);
    asked("paratope_00").problem(401, "unauthorized");
    data.run(&["token", "list"]).exits(0).says("r.okafor").says("auditor");
    data.run(&["token", "revoke", id]).exits(0);
    asked(secret).problem(401, "unauthorized");
    data.run(&["token", "revoke", id]).exits(2);
    data.run(&["token", "issue", "x", "--role", "site-clinician"]).exits(2).complains("at least one");
    data.run(&["token", "issue", "x", "--role", "auditor", "--days", "400"]).exits(2).complains("366");
    data.run(&["token", "issue", "x", "--role", "site-clinician", "--site", "nowhere"]).exits(2).complains("`nowhere`");
    data.run(&["token", "issue", "x", "--role", "king"]).exits(2).complains("policy-manager");
    let other = issue(&data, "a.auditor", "auditor");
    let events = asked(other["secret"].as_str().unwrap()).is(200).json();
    let text = events.to_string();
    let failures: Vec<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["action"] == "login.failed")
        .filter_map(|event| event["subject"].as_str())
        .collect();
    assert_eq!(failures, ["unknown-token", "revoked-token"]);
    assert!(text.contains("token.issued") && text.contains("token.revoked") && !text.contains(secret));
    // A stolen store opens nothing.
    let kept = std::fs::read(data.path().join("paratope.db")).unwrap();
    assert!(!kept.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()));
    assert!(!host.kill().contains(secret));
}

#[test]
fn other_machines_are_served_only_once_a_token_was_issued() {
    let data = Data::prepared();
    data.run(&["serve", "--listen", "0.0.0.0:0"]).exits(2).complains("no token was issued yet");
    let issued = issue(&data, "p", "platform");
    let host = data.serve_at("0.0.0.0:0");
    let url = host.url.replace("0.0.0.0", "127.0.0.1");
    let bearer = format!("Bearer {}", issued["secret"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str()), ("host", "paratope.example")];
    send(&url, "GET", "/v1/plugins", &headers, b"").is(200);
    send(&url, "GET", "/v1/plugins", &headers[1..], b"").problem(401, "unauthorized");
}

#[test]
fn one_person_cannot_take_all_there_is() {
    let data = Data::prepared();
    let greedy = issue(&data, "greedy", "auditor");
    let modest = issue(&data, "modest", "auditor");
    let host = data.serve();
    let secret = |token: &Value| token["secret"].as_str().unwrap().to_owned();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    (0..100)
                        .map(|_| ask(&host, "get", "/v1/rules", Some(&secret(&greedy)), &Value::Null).status)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        asking.into_iter().flat_map(|asking| asking.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| matches!(status, 200 | 429)));
    assert!(statuses.contains(&429), "800 requests at once were all served");
    ask(&host, "get", "/v1/rules", Some(&secret(&modest)), &Value::Null).is(200);
    let refused = ask(&host, "get", "/v1/rules", Some(&secret(&greedy)), &Value::Null);
    if refused.status == 429 {
        assert_eq!(refused.header("retry-after"), "1");
    }
}
