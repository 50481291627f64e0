//! The engine against the real documents of `plugins/payers`.

use std::fs;
use std::path::{Path, PathBuf};

use paratope_policy_engine::Policies;
use paratope_sdk::configure::Document;

mod case;

/// Every payer of the tree that is made of documents.
const PAYERS: &[&str] = &["aetna", "bcbs-alabama", "blue-cross-nc", "medicare-ffs"];

#[test]
fn every_payer_compiles_without_warnings() {
    for payer in PAYERS {
        let (_, warnings) = Policies::compile_noting(&documents(payer)).unwrap_or_else(|found| panic!("{payer}: {found:#?}"));
        assert_eq!(warnings, [], "{payer}");
    }
}

#[test]
fn every_case_gets_the_answer_it_states() {
    let mut failures = Vec::new();
    let mut count = 0;
    for payer in PAYERS {
        let policies = policies(payer);
        for path in toml_files(&folder(payer).join("cases")) {
            count += 1;
            let case = fs::read_to_string(&path).unwrap().parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            if let Err(difference) = case::run(&policies, &case) {
                failures.push(format!("{}\n{difference}", path.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases fail:\n\n{}", failures.len(), failures.join("\n\n"));
}

/// The policies of one payer.
pub fn policies(payer: &str) -> Policies {
    Policies::compile(&documents(payer)).unwrap_or_else(|found| panic!("{payer}: {found:#?}"))
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
