//! The engine against the real documents of `plugins/payers`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed, its helpers too"
)]

use std::fs;
use std::path::{Path, PathBuf};

use paratope_policy_engine::Policies;
use paratope_sdk::configure::Document;
use paratope_sdk::payer::{
    AssessRequest, Assessment, Bill, BillingRequest, Error, PayerProfile, PreferRequest, Preferred,
};

mod case;
mod diagnostics;
mod invariants;
mod rules;

/// Every payer of the tree that is made of documents.
const PAYERS: &[&str] = &["aetna", "bcbs-alabama", "blue-cross-nc", "medicare-ffs"];

#[test]
fn every_payer_compiles_without_warnings() {
    for payer in PAYERS {
        let (_, warnings) =
            Policies::compile_noting(&documents(payer)).unwrap_or_else(|found| panic!("{payer}: {found:#?}"));
        assert_eq!(warnings, [], "{payer}");
    }
}

#[test]
fn every_case_gets_the_answer_it_states() {
    let mut failures = Vec::new();
    let mut count = 0;
    for payer in PAYERS {
        let policies = policies(payer);
        for (path, case) in cases(payer) {
            count += 1;
            if let Err(difference) = case::run(&policies, &case) {
                failures.push(format!("{path}\n{difference}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases fail:\n\n{}", failures.len(), failures.join("\n\n"));
}

impl case::Answers for Policies {
    fn profile(&self, as_of: &str) -> Result<PayerProfile, Error> {
        Policies::profile(self, as_of)
    }

    fn assess(&self, request: &AssessRequest) -> Result<Assessment, Error> {
        Policies::assess(self, request)
    }

    fn prefer(&self, request: &PreferRequest) -> Result<Preferred, Error> {
        Policies::prefer(self, request)
    }

    fn billing(&self, request: &BillingRequest) -> Result<Bill, Error> {
        Policies::billing(self, request)
    }
}

/// The policies of one payer.
pub fn policies(payer: &str) -> Policies {
    Policies::compile(&documents(payer)).unwrap_or_else(|found| panic!("{payer}: {found:#?}"))
}

/// The cases of one payer, with their paths.
pub fn cases(payer: &str) -> Vec<(String, toml::Table)> {
    toml_files(&folder(payer).join("cases"))
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path.display().to_string(), text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        })
        .collect()
}

fn documents(payer: &str) -> Vec<Document> {
    let root = folder(payer);
    let mut paths = vec![root.join("payer.toml")];
    paths.extend(toml_files(&root.join("policy")));
    paths
        .into_iter()
        .map(|path| Document {
            path: path.strip_prefix(&root).unwrap().to_string_lossy().into_owned(),
            text: fs::read_to_string(&path).unwrap(),
        })
        .collect()
}

fn folder(payer: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../payers").join(payer)
}

/// Every TOML file below `folder`, in order.
fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .into_iter()
        .flat_map(|path| if path.is_dir() { toml_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect()
}

#[test]
fn a_case_whose_answer_differs_fails() {
    let case = |outcome: &str| -> toml::Table {
        format!(
            r#"
            function = "assess"
            [request]
            coverage = {{ line-of-business = "commercial" }}
            service-day = "2026-11-23"
            product = "teclistamab"
            indication = "rrmm-monotherapy"
            regimen = "monotherapy"
            stage = "initial"
            facts = [{{ code = "prior-lines", value = {{ count = 3 }} }}]
            [expect]
            outcome = "{outcome}"
            "#
        )
        .parse()
        .unwrap()
    };
    let policies = policies("aetna");
    assert_eq!(case::run(&policies, &case("does-not-meet")), Ok(()));
    assert!(case::run(&policies, &case("meets")).is_err());
}
