//! What a plugin can try when it is called.

use std::{sync::Arc, thread, time::Duration};

use paratope_domain::payer::Operator;
use paratope_runtime::Limits;

use super::*;
use crate::guests::answers::PROFILE_LINES;

const LOOP: &str = "(loop $again (br $again)) unreachable";
const HOARD: &str = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))";
const RECURSION: &str = "(func $deeper (param i32) (result i32) (local i64 i64)
    (i32.add (call $deeper (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))";

fn error_of(guest: Guest) -> CallError {
    profile(&load(guest)).unwrap_err()
}

#[test]
fn a_good_plugin_answers_and_the_same_call_costs_the_same() {
    let plugin = load(good());
    let reply = profile(&plugin).unwrap();
    let answer = reply.answer.clone().unwrap();
    assert_eq!((answer.payer.as_str(), answer.name.as_str()), ("payer-1", "A good neighbour"));
    assert_eq!(answer.operator, Operator::Payer);
    assert!(reply.stats.fuel_used > 0);
    assert_eq!(profile(&plugin).unwrap(), reply);
}

#[test]
fn an_error_of_the_plugin_is_an_answer() {
    let plugin = load(guests::payer().answers("profile", answers::error("ask Ann".as_bytes()).build()));
    assert_eq!(profile(&plugin).unwrap().answer, Err(PayerError::Other("ask Ann".into())));
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    let limit = Limits::CALL.fuel;
    assert_eq!(error_of(guests::payer().body("profile", LOOP)), CallError::Fuel { limit });
}

#[test]
fn a_call_past_its_deadline_ends() {
    let limit = Duration::from_millis(50);
    let calls = Limits { fuel: u64::MAX, deadline: limit, ..Limits::CALL };
    let sandbox = Sandbox::new(SandboxSettings { calls, ..settings() }).unwrap();
    let component = guests::payer().body("profile", LOOP).build();
    let plugin = sandbox.load("loop", &component, Origin::Foreign).unwrap();
    assert_eq!(profile(&plugin).unwrap_err(), CallError::Deadline { limit });
}

#[test]
fn hoarding_memory_is_refused_and_named() {
    let limit = Limits::CALL.memory_bytes;
    assert_eq!(error_of(guests::payer().body("profile", format!("{HOARD} unreachable"))), CallError::Memory { limit });
}

#[test]
fn a_plugin_that_survives_a_refusal_may_still_answer() {
    let answer = answers::profile(b"modest").build();
    let guest = good().data(guests::ANSWER, answer).body("profile", format!("{HOARD} i32.const {}", guests::ANSWER));
    assert_eq!(profile(&load(guest)).unwrap().answer.unwrap().name, "modest");
}

#[test]
fn growing_a_table_is_refused_and_named() {
    let guest = guests::payer().fields("(table $t 1 funcref)").body(
        "profile",
        "(if (i32.eq (table.grow $t (ref.null func) (i32.const 1000000)) (i32.const -1)) (then unreachable))
         i32.const 1024",
    );
    assert_eq!(error_of(guest), CallError::Table { limit: Limits::CALL.table_elements });
}

#[test]
fn deep_recursion_runs_out_of_stack() {
    let guest = guests::payer().fields(RECURSION).body("profile", "(call $deeper (i32.const 0))");
    assert!(matches!(error_of(guest), CallError::Stack { .. }));
}

#[test]
fn a_trap_is_named_and_says_nothing_else() {
    let error = error_of(guests::payer());
    assert!(matches!(&error, CallError::Trapped { .. }));
    assert_eq!(error.to_string(), "the plugin failed: wasm trap: wasm `unreachable` instruction executed");
}

#[test]
fn a_list_that_claims_gigabytes_is_malformed() {
    let answer = answers::profile(b"liar").u32(PROFILE_LINES, 4096).u32(PROFILE_LINES + 4, 0x1fff_ffff).build();
    assert!(matches!(error_of(good().answers("profile", answer)), CallError::Malformed { .. }));
}

#[test]
fn an_address_outside_memory_is_malformed() {
    let guest = guests::payer().body("profile", "i32.const 0x7ffffff0");
    assert!(matches!(error_of(guest), CallError::Malformed { .. }));
    let guest = guests::payer().body("profile", "i32.const 1025");
    assert!(matches!(error_of(guest), CallError::Malformed { .. }));
}

#[test]
fn a_really_large_answer_is_refused_before_it_is_copied() {
    let limit = Limits::CALL.output_bytes;
    let fifteen_million = answers::profile(b"").u32(12, 131_072).u32(16, 15_000_000).build();
    let guest = guests::payer().pages(300).answers("profile", fifteen_million);
    assert_eq!(error_of(guest), CallError::Output { limit });

    let a_million_strings = answers::profile(b"").u32(PROFILE_LINES, 131_072).u32(PROFILE_LINES + 4, 1_000_000).build();
    let guest = guests::payer().pages(300).answers("profile", a_million_strings);
    assert_eq!(error_of(guest), CallError::Output { limit });
}

#[test]
fn text_that_is_not_utf8_is_malformed() {
    let guest = guests::payer().answers("profile", answers::profile(b"\xff\xfe").build());
    let error = error_of(guest);
    assert!(matches!(&error, CallError::Malformed { .. }), "{error}");
}

#[test]
fn a_case_outside_its_enum_is_malformed() {
    let answer = answers::profile(b"odd").u8(answers::PROFILE_OPERATOR, 9).build();
    assert!(matches!(error_of(guests::payer().answers("profile", answer)), CallError::Malformed { .. }));
}

#[test]
fn an_impossible_day_is_malformed_and_said_where() {
    let guest = guests::payer().answers("profile", answers::profile_with_policy("2026-02-30").build());
    let CallError::Malformed { path, reason } = error_of(guest) else { panic!("it was taken for a day") };
    assert_eq!(path, "policies[0].edition.effective.first");
    assert!(!reason.contains("02-30"), "an error repeats nothing of an answer");

    let guest = guests::payer().answers("profile", answers::profile_with_policy("2026-02-28").build());
    let policies = profile(&load(guest)).unwrap().answer.unwrap().policies;
    assert_eq!(policies[0].edition.effective.first, "2026-02-28".parse().ok());
}

#[test]
fn a_decimal_too_fine_is_malformed_and_said_where() {
    let plugin = |scale| load(guests::product().answers("monograph", answers::monograph_with_rate(scale).build()));
    let answer = plugin(2).product().unwrap().monograph(day()).unwrap().answer.unwrap();
    assert_eq!(answer.rates[0].percent.to_string(), "0.16");
    let error = plugin(200).product().unwrap().monograph(day()).unwrap_err();
    assert!(matches!(&error, CallError::Malformed { path, .. } if path == "rates[0].percent"), "{error}");
}

#[test]
fn markup_and_terminal_escapes_are_data() {
    let text = "<script>alert(1)</script> \u{1b}[31m\u{1b}]0;owned\u{7} =HYPERLINK(\"x\") \u{202e}\0";
    let plugin = load(guests::payer().answers("profile", answers::error(text.as_bytes()).build()));
    assert_eq!(profile(&plugin).unwrap().answer, Err(PayerError::Other(text.into())));
}

#[test]
fn a_request_too_large_never_reaches_the_plugin() {
    let plugin = load(good());
    let mut request: paratope_domain::payer::BillingRequest = serde_json::from_value(serde_json::json!({
        "coverage": { "line-of-business": "commercial" }, "service-day": "2026-03-05", "product": "exemplimab",
        "setting": "office", "container-single-dose": true, "channel": "buy-and-bill",
    }))
    .unwrap();
    let payer = plugin.payer().unwrap();
    assert!(matches!(payer.billing(&request), Err(CallError::Trapped { .. })), "a request of usual size is passed on");
    request.diagnosis = vec!["C90.00".repeat(1000); 1000];
    let error = payer.billing(&request).unwrap_err();
    assert!(matches!(error, CallError::Input { size, limit } if size > 6_000_000 && limit == Limits::CALL.input_bytes));
}

#[test]
fn a_memory_image_is_fresh_for_every_call() {
    let guest = good().fields("(global $calls (mut i32) (i32.const 0))").body(
        "profile",
        "(if (i32.load8_u (i32.const 60000)) (then unreachable))
         (i32.store8 (i32.const 60000) (i32.const 1))
         (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         (if (i32.ne (global.get $calls) (i32.const 1)) (then unreachable))
         i32.const 1024",
    );
    let plugin = load(guest);
    for _ in 0..300 {
        profile(&plugin).unwrap().answer.unwrap();
    }
}

#[test]
fn more_calls_than_there_is_room_for_are_refused_as_busy() {
    let calls = Limits { fuel: u64::MAX, deadline: Duration::from_millis(600), ..Limits::CALL };
    let sandbox = Sandbox::new(SandboxSettings { calls, concurrent_calls: 1, ..settings() }).unwrap();
    let slow = sandbox.load("slow", &guests::payer().body("profile", LOOP).build(), Origin::Foreign).unwrap();
    let slow = Arc::new(slow);
    let first = thread::spawn({
        let slow = Arc::clone(&slow);
        move || profile(&slow).unwrap_err()
    });
    thread::sleep(Duration::from_millis(200));
    assert_eq!(profile(&slow).unwrap_err(), CallError::Busy { limit: 1 });
    assert!(matches!(first.join().unwrap(), CallError::Deadline { .. }));
}

#[test]
fn neighbours_answer_while_hostile_plugins_are_called() {
    let neighbour = load(good());
    let hostile = [
        guests::payer().body("profile", LOOP),
        guests::payer().body("profile", format!("{HOARD} unreachable")),
        guests::payer().fields(RECURSION).body("profile", "(call $deeper (i32.const 0))"),
        guests::payer().answers("profile", answers::profile(b"\xff").build()),
        guests::payer(),
    ]
    .map(load);
    thread::scope(|scope| {
        let attackers: Vec<_> =
            hostile.iter().map(|plugin| scope.spawn(move || (0..5).all(|_| profile(plugin).is_err()))).collect();
        let mut calls = 0;
        while calls < 500 || attackers.iter().any(|attacker| !attacker.is_finished()) {
            assert_eq!(profile(&neighbour).unwrap().answer.unwrap().name, "A good neighbour");
            calls += 1;
        }
        for attacker in attackers {
            assert!(attacker.join().unwrap());
        }
    });
}
