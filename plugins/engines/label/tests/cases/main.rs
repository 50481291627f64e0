//! Runs the cases of the product plugins in the tree against their compiled label documents.
//!
//! A case is a request and the part of the answer that must be given. `LABEL_CASES=teclistamab/restart` runs only the
//! cases whose path contains it, and prints the whole answers.

use std::fs;
use std::path::{Path, PathBuf};

use paratope_label_engine::Labels;
use paratope_sdk::configure::{Document, Severity};
use toml::{Table, Value};

mod ask;
mod tell;

/// The products folder of the tree.
const PRODUCTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../products");

#[test]
fn every_case_gets_the_answer_it_must() {
    let only = std::env::var("LABEL_CASES").ok();
    let mut failures = Vec::new();
    let mut run = 0;
    for product in folders(Path::new(PRODUCTS)) {
        let Some(labels) = compiled(&product) else { continue };
        for path in files(&product.join("cases")) {
            let name = path.strip_prefix(PRODUCTS).unwrap_or(&path).display().to_string();
            if only.as_ref().is_some_and(|only| !name.contains(only)) {
                continue;
            }
            run += 1;
            let case: Table = fs::read_to_string(&path).unwrap().parse().unwrap_or_else(|why| panic!("{name}: {why}"));
            let (answer, problems) = judge(&labels, &case);
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

/// The answer, as text, and what is wrong with it.
fn judge(labels: &Labels, case: &Table) -> (String, Vec<String>) {
    let request = ask::Request(&case["request"]);
    let answer = match case["function"].as_str().unwrap() {
        "monograph" => labels.monograph(&request.text("as-of")).map(|answer| tell::value(&answer)),
        "plan" => labels.plan(&request.plan()).map(|answer| tell::value(&answer)),
        "next-dose" => labels.next_dose(&request.next_dose()).map(|answer| tell::value(&answer)),
        "manage" => labels.manage(&request.manage()).map(|answer| tell::value(&answer)),
        "requirements" => labels.requirements(&request.requirements()).map(|answer| tell::value(&answer)),
        other => panic!("no such function: {other}"),
    };
    let mut problems = Vec::new();
    let text = match (&answer, case.get("expect"), case.get("expect-error")) {
        (Ok(answer), Some(expected), None) => {
            compare(expected, answer, "", &mut problems);
            toml::to_string(answer).unwrap()
        }
        (Err(error), None, Some(expected)) => {
            let error = tell::value(error);
            for (kind, part) in expected.as_table().unwrap() {
                let told = error.get(kind).and_then(Value::as_str).unwrap_or_default();
                if !told.contains(part.as_str().unwrap()) || told.is_empty() {
                    problems.push(format!("expected {kind} with {part}"));
                }
            }
            error.to_string()
        }
        (Ok(answer), ..) => {
            problems.push("an answer, where an error was expected".to_owned());
            toml::to_string(answer).unwrap()
        }
        (Err(error), ..) => {
            problems.push("an error, where an answer was expected".to_owned());
            format!("{error:?}")
        }
    };
    (text, problems)
}

/// Tables match by their keys; a list matches when each expected element matches some element, in order.
fn compare(expected: &Value, actual: &Value, at: &str, problems: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Table(wanted), Value::Table(had)) => {
            for (key, value) in wanted {
                let at = format!("{at}.{key}");
                match had.get(key) {
                    Some(had) => compare(value, had, &at, problems),
                    None => problems.push(format!("{at}: nothing, expected {value}")),
                }
            }
        }
        (Value::Array(wanted), Value::Array(had)) => {
            let mut left = had.iter();
            for (number, value) in wanted.iter().enumerate() {
                let found = left.any(|had| {
                    let mut ignored = Vec::new();
                    compare(value, had, "", &mut ignored);
                    ignored.is_empty()
                });
                if !found {
                    problems.push(format!("{at}[{number}]: no element in order matches {value}"));
                }
            }
            if wanted.is_empty() && !had.is_empty() {
                problems.push(format!("{at}: {} elements, expected none", had.len()));
            }
        }
        (wanted, had) if wanted == had => {}
        (wanted, had) => problems.push(format!("{at}: {had}, expected {wanted}")),
    }
}

fn folders(of: &Path) -> Vec<PathBuf> {
    listed(of).into_iter().filter(|path| path.is_dir()).collect()
}

fn files(of: &Path) -> Vec<PathBuf> {
    listed(of).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect()
}

fn listed(of: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(of).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
