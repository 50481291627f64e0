//! A label document: whatever it is, it becomes a label or diagnostics that point into it; a label answers.

#![no_main]

use libfuzzer_sys::fuzz_target;
use paratope_label_engine::Labels;
use paratope_sdk::configure::Document;
use paratope_sdk::product::PlanRequest;

fuzz_target!(|text: &str| {
    let lines = text.lines().count() + 1;
    let document = Document { path: "label/2026-01-01.toml".to_owned(), text: text.to_owned() };
    match Labels::compile(&[document]) {
        Err(found) => {
            assert!(!found.is_empty(), "refused without a reason");
            assert!(found.iter().all(|one| (1..=lines).contains(&(one.line as usize))), "{found:?}");
        }
        Ok(labels) => {
            let Ok(monograph) = labels.monograph("2026-06-01") else { return };
            for indication in &monograph.indications {
                for regimen in &indication.regimens {
                    let request = PlanRequest {
                        indication: indication.id.clone(),
                        regimen: regimen.clone(),
                        start: "2026-06-01".to_owned(),
                        doses: 20,
                        facts: Vec::new(),
                    };
                    let _ = labels.plan(&request);
                }
            }
        }
    }
});
