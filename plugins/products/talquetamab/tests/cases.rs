//! Runs the plugin's cases against its code.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by saying what went wrong")]

use std::fs;
use std::path::PathBuf;

use paratope_sdk::product::Product;
use paratope_talquetamab::Talquetamab;
use run::{Request, judge, value};
use toml::{Table, Value};

#[path = "../../../engines/label/tests/cases/run.rs"]
mod run;

#[test]
fn every_case_gets_the_answer_it_must() {
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/cases");
    let mut paths: Vec<PathBuf> = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut failures = Vec::new();
    for path in &paths {
        let name = path.file_name().unwrap().to_string_lossy();
        let case: Table = fs::read_to_string(path).unwrap().parse().unwrap_or_else(|why| panic!("{name}: {why}"));
        let (answer, problems) = judge(&case, answered);
        if !problems.is_empty() {
            failures.push(format!("{name}: {}\n  {}\n{answer}", case["description"], problems.join("\n  ")));
        }
    }
    println!("{} cases", paths.len());
    assert!(failures.is_empty(), "{} of {} cases fail:\n{}", failures.len(), paths.len(), failures.join("\n\n"));
    assert!(!paths.is_empty(), "no case was found");
}

fn answered(function: &str, request: &Request<'_>) -> Result<Value, Value> {
    match function {
        "monograph" => Talquetamab::monograph(request.text("as-of")).map(|answer| value(&answer)),
        "plan" => Talquetamab::plan(request.plan()).map(|answer| value(&answer)),
        "next-dose" => Talquetamab::next_dose(request.next_dose()).map(|answer| value(&answer)),
        "manage" => Talquetamab::manage(request.manage()).map(|answer| value(&answer)),
        "requirements" => Talquetamab::requirements(request.requirements()).map(|answer| value(&answer)),
        other => panic!("no such function: {other}"),
    }
    .map_err(|error| value(&error))
}
