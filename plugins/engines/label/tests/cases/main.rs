//! Runs the cases of the product plugins in the tree against their compiled label documents.
//!
//! A case is a request and the part of the answer that must be given. `LABEL_CASES=teclistamab/restart` runs only the
//! cases whose path contains it, and prints the whole answers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by saying what went wrong")]

use std::fs;
use std::path::{Path, PathBuf};

use paratope_label_engine::Labels;
use paratope_sdk::configure::{Document, Severity};
use run::{Request, judge, value};
use toml::{Table, Value};

#[path = "run.rs"]
mod run;

/// The products folder of the tree.
const PRODUCTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../products");

#[test]
fn every_case_gets_the_answer_it_must() {
    let only = std::env::var("LABEL_CASES").ok();
    let mut failures = Vec::new();
    let mut run = 0;
    for product in folders(Path::new(PRODUCTS)) {
        let Some(labels) = compiled(&product) else { continue };
        // A code plugin answers its own cases.
        if product.join("Cargo.toml").exists() {
            continue;
        }
        for path in files(&product.join("cases")) {
            let name = path.strip_prefix(PRODUCTS).unwrap_or(&path).display().to_string();
            if only.as_ref().is_some_and(|only| !name.contains(only)) {
                continue;
            }
            run += 1;
            let case: Table = fs::read_to_string(&path).unwrap().parse().unwrap_or_else(|why| panic!("{name}: {why}"));
            let (answer, problems) = judge(&case, |function, request| answered(&labels, function, request));
            if only.is_some() {
                println!("== {name}\n{answer}");
            }
            if !problems.is_empty() {
                failures.push(format!("{name}: {}\n  {}\n{answer}", case["description"], problems.join("\n  ")));
            }
        }
    }
    println!("{run} cases");
    assert!(failures.is_empty(), "{} of {run} cases fail:\n{}", failures.len(), failures.join("\n\n"));
    assert!(run > 0, "no case was found");
}

#[test]
fn every_label_in_the_tree_compiles_without_errors() {
    for product in folders(Path::new(PRODUCTS)) {
        if let Some(labels) = compiled(&product) {
            for warning in &labels.summary().warnings {
                assert_eq!(warning.severity, Severity::Warning, "{warning:?}");
                println!("{}: {}:{} {}", product.display(), warning.path, warning.line, warning.message);
            }
        }
    }
}

fn answered(labels: &Labels, function: &str, request: &Request<'_>) -> Result<Value, Value> {
    match function {
        "monograph" => labels.monograph(&request.text("as-of")).map(|answer| value(&answer)),
        "plan" => labels.plan(&request.plan()).map(|answer| value(&answer)),
        "next-dose" => labels.next_dose(&request.next_dose()).map(|answer| value(&answer)),
        "manage" => labels.manage(&request.manage()).map(|answer| value(&answer)),
        "requirements" => labels.requirements(&request.requirements()).map(|answer| value(&answer)),
        other => panic!("no such function: {other}"),
    }
    .map_err(|error| value(&error))
}

/// The labels of a product, when it has documents.
fn compiled(product: &Path) -> Option<Labels> {
    let documents: Vec<Document> = files(&product.join("label"))
        .into_iter()
        .map(|path| Document {
            path: format!("label/{}", path.file_name().unwrap().to_string_lossy()),
            text: fs::read_to_string(&path).unwrap(),
        })
        .collect();
    if documents.is_empty() {
        return None;
    }
    Some(Labels::compile(&documents).unwrap_or_else(|found| panic!("{}: {found:#?}", product.display())))
}

fn folders(of: &Path) -> Vec<PathBuf> {
    listed(of).into_iter().filter(|path| path.is_dir()).collect()
}

fn files(of: &Path) -> Vec<PathBuf> {
    listed(of).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect()
}

fn listed(of: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(of).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
