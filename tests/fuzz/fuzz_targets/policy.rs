//! A policy document beside a payer: whatever it is, it becomes policies or diagnostics that point into it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use paratope_policy_engine::Policies;
use paratope_sdk::configure::Document;

const PAYER: &str =
    "payer = \"acme\"\nname = \"Acme\"\noperator = \"policy-library\"\nlines-of-business = [\"commercial\"]\n";

fuzz_target!(|text: &str| {
    let lines = text.lines().count() + 1;
    let documents = [
        Document { path: "payer.toml".to_owned(), text: PAYER.to_owned() },
        Document { path: "policy/exemplimab/2026-01-01.toml".to_owned(), text: text.to_owned() },
    ];
    match Policies::compile(&documents) {
        Err(found) => {
            assert!(!found.is_empty(), "refused without a reason");
            let within = |line: u32| (1..=lines.max(5)).contains(&(line as usize));
            assert!(found.iter().all(|one| within(one.line)), "{found:?}");
        }
        Ok(policies) => {
            let _ = policies.profile("2026-06-01");
        }
    }
});
