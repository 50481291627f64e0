//! Who may do what over HTTP: every route, every role, their own site and another.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use paratope_server::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use support::{Answer, Data, Server, case, root, send, until};

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
    ("get", "/v1/sites/{id}/break-glass", "CAU/U"),
    ("post", "/v1/sites/{id}/break-glass", "C/"),
    ("post", "/v1/sites/{id}/break-glass/{override}/confirmation", "CA/"),
    ("post", "/v1/sites/{id}/break-glass/{override}/end", "CA/"),
    ("post", "/v1/sites/{id}/break-glass/{override}/review", "A/"),
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
                .replace("{override}", "00")
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
                _ if route.ends_with("/break-glass") => {
                    json!({ "determination": "00", "checkpoint": "units", "reason": "a test" })
                }
                _ if route.ends_with("/review") => json!({ "justified": true, "findings": "a test" }),
                _ if route.ends_with("/withdrawal") || route.ends_with("/end") => json!({ "reason": "a test" }),
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
    until("a token is asked for", || host.get("/v1/plugins").status != 200);
    let refused = host.get("/v1/plugins");
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    refused.problem(401, "unauthorized");
    let asked = |secret: &str| ask(&host, "get", "/v1/audit?limit=1000", Some(secret), &Value::Null);
    asked(secret).is(200);
    asked("paratope_00").problem(401, "unauthorized");
    data.run(&["token", "list"]).exits(0).says("r.okafor").says("auditor");
    data.run(&["token", "revoke", id]).exits(0);
    until("the token opens nothing", || asked(secret).status != 200);
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
    assert_eq!(&failures[..2], ["unknown-token", "revoked-token"]);
    assert!(failures[2..].iter().all(|failure| *failure == "revoked-token"));
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
    // The burst is used up sooner or later, for they ask faster than the rate.
    let is_refused = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..500 {
                    if is_refused.load(Ordering::Relaxed) {
                        break;
                    }
                    match ask(&host, "get", "/v1/rules", Some(&secret(&greedy)), &Value::Null).status {
                        200 => {}
                        429 => is_refused.store(true, Ordering::Relaxed),
                        other => panic!("{other}"),
                    }
                }
            });
        }
    });
    assert!(is_refused.into_inner(), "4000 requests of one person were all served");
    ask(&host, "get", "/v1/rules", Some(&secret(&modest)), &Value::Null).is(200);
    let refused = ask(&host, "get", "/v1/rules", Some(&secret(&greedy)), &Value::Null);
    if refused.status == 429 {
        assert_eq!(refused.header("retry-after"), "1");
    }
}

/// An OpenID provider.
struct Provider {
    process: Child,
    issuer: String,
}

impl Provider {
    fn start() -> Self {
        let script = root().join("tests/oidc/provider.js");
        let mut process =
            Command::new("node").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut issuer = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut issuer).unwrap();
        assert!(issuer.starts_with("http://localhost:"), "run .ci/test, which installs the provider: `{issuer}`");
        Self { process, issuer: issuer.trim().to_owned() }
    }

    /// A token that the provider signs, with these claims.
    fn token(&self, claims: &Value) -> String {
        let encoded: String = claims.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect();
        let body = format!("grant_type=client_credentials&claims={encoded}");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = send(&self.issuer, "POST", "/token", &headers, body.as_bytes()).is(200).json();
        answer["access_token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn people_come_with_what_an_openid_provider_signed() {
    let data = Data::prepared();
    data.run(&["serve", "--oidc-issuer", "http://login.example", "--oidc-audience", "x"])
        .exits(2)
        .complains("is not https");
    data.run(&["serve", "--oidc-issuer", "https://login.example"]).exits(2).complains("--oidc-audience");
    let (provider, stranger) = (Provider::start(), Provider::start());
    let issuer = provider.issuer.clone();
    let options = ["--listen", "127.0.0.1:0", "--oidc-issuer", &issuer, "--oidc-audience", "paratope"];
    let host = data.serve_with(&options, &[]);
    let asked = |path: &str, token: &str| ask(&host, "get", path, Some(token), &Value::Null);
    // Nobody is let in without, although no token of the host's own was issued.
    ask(&host, "get", "/v1/plugins", None, &Value::Null).problem(401, "unauthorized");
    let clinician = json!({
        "sub": "r.okafor", "aud": "paratope", "paratope_role": "site-clinician", "paratope_sites": [OWN],
    });
    let with = |name: &str, value: Value| {
        let mut claims = clinician.clone();
        claims[name] = value;
        provider.token(&claims)
    };
    let token = provider.token(&clinician);
    asked(&format!("/v1/sites/{OWN}/cases"), &token).is(200);
    asked(&format!("/v1/sites/{OTHER}/cases"), &token).problem(403, "forbidden");
    asked("/v1/audit", &token).problem(403, "forbidden");
    let mut request = case("04");
    request["site"] = json!(OWN);
    ask(&host, "post", "/v1/clearances", Some(&token), &request).is(201);
    // What is not for this host, is not signed by its provider, or does not say who comes, opens nothing.
    let now = SystemClock.now().as_second();
    let refused = [
        ("jwt-for-others", with("aud", json!("another"))),
        ("jwt-of-another-issuer", with("iss", json!("http://localhost:1"))),
        ("expired-jwt", with("exp", json!(now - 60))),
        ("jwt-of-later", with("nbf", json!(now + 3600))),
        ("jwt-without-role", with("paratope_role", json!("staff"))),
        ("jwt-with-several-roles", with("paratope_role", json!(["platform", "auditor"]))),
        ("jwt-without-site", with("paratope_sites", json!([]))),
        ("jwt-without-person", with("sub", json!(7))),
        ("jwt-of-unknown-key", stranger.token(&clinician)),
        ("malformed-jwt", "no.jwt.at-all".to_owned()),
        ("jwt-signature", {
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let (header, _) = signed.split_once('.').unwrap();
            let other = with("paratope_role", json!("platform"));
            let payload = other.split('.').nth(1).unwrap().to_owned();
            format!("{header}.{payload}.{signature}")
        }),
        // `none` and keys that both sides know are no signatures of a provider's.
        ("malformed-jwt", format!("eyJhbGciOiJub25lIn0.{}.", token.split('.').nth(1).unwrap())),
        ("jwt-algorithm", format!("eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.{}.AAAA", token.split('.').nth(1).unwrap())),
    ];
    let auditor = provider.token(&json!({ "sub": "a.auditor", "aud": "paratope", "paratope_role": "auditor" }));
    for (why, token) in &refused {
        asked("/v1/plugins", token).problem(401, "unauthorized");
        let events = asked("/v1/audit?limit=1000", &auditor).is(200).json();
        let last = events["events"].as_array().unwrap().iter().rfind(|event| event["action"] == "login.failed");
        assert_eq!(last.unwrap()["subject"], *why);
        // So many are noted in a second.
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    // The provider takes another key: what it signs with that counts without a restart.
    send(&provider.issuer, "POST", "/rotate", &[("content-length", "0")], b"").is(204);
    until("the provider is back", || {
        support::try_send(&provider.issuer, "GET", "/jwks", &[], b"").is_ok_and(|keys| keys.text().contains("\"EC\""))
    });
    let rotated = provider.token(&clinician);
    until("the new key counts", || asked("/v1/plugins", &rotated).status == 200);
    // Tokens of the host's own open it, too, with the provider gone.
    let own = issue(&data, "p", "auditor");
    drop(provider);
    asked("/v1/plugins", own["secret"].as_str().unwrap()).is(200);
    asked("/v1/plugins", &rotated).is(200);
    asked("/v1/plugins", &stranger.token(&clinician)).problem(401, "unauthorized");
    // A host that never reached it says so.
    let gone = data.serve_with(&options, &[]);
    ask(&gone, "get", "/v1/plugins", Some(&rotated), &Value::Null).problem(503, "unavailable");
    ask(&gone, "get", "/v1/plugins", own["secret"].as_str(), &Value::Null).is(200);
    assert!(!host.kill().contains("r.okafor"));
}

#[test]
fn two_people_set_a_checkpoint_aside_for_a_time_and_a_third_reviews_it() {
    const CHECKPOINT: &str = "rescue-on-hand";
    let data = Data::prepared();
    data.run(&["rules", "set", "--break-glass", "on"]).exits(0);
    let secret = |person: &str, role: &str| issue(&data, person, role)["secret"].as_str().unwrap().to_owned();
    let (okafor, lindqvist) = (secret("r.okafor", "site-clinician"), secret("a.lindqvist", "site-clinician"));
    let (osei, platform) = (secret("k.osei", "site-administrator"), secret("p", "platform"));
    let host = data.serve();
    let post = |who: &str, path: &str, body: &Value| ask(&host, "post", path, Some(who), body);
    let mut request = case("04");
    request["site"] = json!(OWN);
    let clear = || post(&okafor, "/v1/clearances", &request).is(201).json();
    let state = |cleared: &Value, id: &str| {
        let points = cleared["answer"]["checkpoints"].as_array().unwrap().clone();
        points.into_iter().find(|point| point["id"] == id).unwrap()["state"].clone()
    };
    let first = clear();
    let points = first["answer"]["checkpoints"].as_array().unwrap();
    let open = points.iter().find(|point| matches!(point["state"].as_str(), Some("failed" | "unknown"))).unwrap();
    let (checkpoint, was) = (open["id"].as_str().unwrap().to_owned(), open["state"].clone());
    let passed = points.iter().find(|point| point["state"] == "passed").unwrap()["id"].as_str().unwrap();
    let path = format!("/v1/sites/{OWN}/break-glass");
    let new = |checkpoint: &str, hours: i64| json!({ "determination": first["id"], "checkpoint": checkpoint, "hours": hours, "reason": "it cannot wait" });
    // What cannot be set aside.
    for (body, pointer) in [
        (new(passed, 24), "/checkpoint"),
        (new("sign-off", 24), "/checkpoint"),
        (new("plugin-not-approved", 24), "/checkpoint"),
        (new(&checkpoint, 0), "/hours"),
        (new(&checkpoint, 73), "/hours"),
    ] {
        assert_eq!(post(&okafor, &path, &body).problem(422, "bad-request")["pointer"], pointer);
    }
    let mut silent = new(&checkpoint, 24);
    silent["reason"] = json!(" ");
    assert_eq!(post(&okafor, &path, &silent).problem(422, "bad-request")["pointer"], "/reason");
    // An order alone sets nothing aside.
    let mut claims = request.clone();
    claims["overrides"] =
        json!([{ "checkpoint": CHECKPOINT, "by": "somebody", "role": "physician", "because": "so they say" }]);
    assert_eq!(post(&okafor, "/v1/clearances", &claims).problem(422, "bad-request")["pointer"], "/overrides");
    // Asked for, it holds nothing yet; whoever asked does not confirm it.
    let asked = post(&okafor, &path, &new(&checkpoint, 24)).is(201).json();
    let one = format!("{path}/{}", asked["id"].as_str().unwrap());
    assert_eq!(state(&clear(), &checkpoint), was);
    post(&okafor, &format!("{one}/confirmation"), &Value::Null).problem(403, "same-person");
    post(&platform, &format!("{one}/confirmation"), &Value::Null).problem(403, "forbidden");
    let held = post(&lindqvist, &format!("{one}/confirmation"), &Value::Null).is(200).json();
    post(&osei, &format!("{one}/confirmation"), &Value::Null).problem(409, "already");
    let span = |from: &str, to: &str| {
        let at = |name: &str| held["confirmed"][name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        (at(to) - at(from)).total(jiff::Unit::Hour).unwrap().round()
    };
    assert!((span("at", "until") - 24.0).abs() < 0.1 && (span("at", "review-due") - 72.0).abs() < 0.1, "{held}");
    // Now it holds, for this order of this case, and the clearance says who and why.
    let cleared = clear();
    let overridden = state(&cleared, &checkpoint);
    assert_eq!(overridden["overridden"]["by"], "r.okafor and a.lindqvist");
    assert!(overridden["overridden"]["because"].as_str().unwrap().starts_with("it cannot wait (break-glass until "));
    assert_ne!(cleared["answer"]["verdict"], "cleared");
    let mut another = request.clone();
    another["case"] = json!("another");
    let elsewhere = post(&okafor, "/v1/clearances", &another).is(201).json();
    assert_eq!(state(&elsewhere, &checkpoint), was);
    let mut changed = request.clone();
    changed["order"]["doses"][0]["amount"]["value"] = json!("0.5");
    let changed = post(&okafor, "/v1/clearances", &changed).is(201).json();
    assert!(state(&changed, &checkpoint).get("overridden").is_none(), "another order, another override");
    let id = cleared["id"].as_str().unwrap();
    let replayed = post(&okafor, &format!("/v1/determinations/{id}/replay"), &Value::Null).is(200).json();
    assert_eq!(replayed["same"], true);
    // It is reviewed by someone who had no hand in it.
    let found = json!({ "justified": true, "findings": "The drug came within the hour" });
    post(&lindqvist, &format!("{one}/review"), &found).problem(403, "forbidden");
    let reviewed = post(&osei, &format!("{one}/review"), &found).is(200).json();
    assert_eq!((&reviewed["review"]["by"], &reviewed["review"]["justified"]), (&json!("k.osei"), &json!(true)));
    post(&osei, &format!("{one}/review"), &found).problem(409, "already");
    assert!(reviewed["told-to"].as_array().unwrap().contains(&cleared["id"]), "{reviewed}");
    // Ended, it holds no more, and what was cleared with it is to be cleared again.
    let clearing = clear();
    let because = json!({ "reason": "the drug is here" });
    post(&lindqvist, &format!("{one}/end"), &because).is(200);
    post(&lindqvist, &format!("{one}/end"), &because).problem(409, "already");
    let cases = ask(&host, "get", &format!("/v1/sites/{OWN}/cases"), Some(&okafor), &Value::Null).is(200).json();
    let mine = cases["cases"].as_array().unwrap().iter().find(|one| one["determination"] == clearing["id"]);
    if let Some(mine) = mine {
        assert!(mine["reopened-because"].as_str().unwrap().contains(&checkpoint), "{mine}");
    }
    assert_eq!(state(&clear(), &checkpoint), was);
    // It never decides which plugins may run.
    let again = post(&okafor, &path, &new(&checkpoint, 1)).is(201).json();
    post(&osei, &format!("{path}/{}/confirmation", again["id"].as_str().unwrap()), &Value::Null).is(200);
    let digest = cleared["plugins"][0]["digest"].as_str().unwrap();
    post(&platform, &format!("/v1/releases/{digest}/revocation"), &because).is(200);
    post(&okafor, "/v1/clearances", &request).problem(503, "unavailable");
    // The events tell every step, and neither the case nor the reason.
    let events = data.run(&["audit", "list", "--limit", "1000", "--json"]).exits(0).out;
    for step in ["override.asked", "override.confirmed", "override.reviewed", "override.ended"] {
        assert!(events.contains(step), "{step}");
    }
    assert!(!events.contains("it cannot wait") && !events.contains(request["case"].as_str().unwrap()));
    data.run(&["break-glass", "list", OWN]).exits(0).says("it cannot wait");
}
