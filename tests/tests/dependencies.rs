//! What the tree may depend on: known licences, the one registry, no banned crate, one copy of the wasm tools. It reads
//! `cargo metadata` and needs no network.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// Licences that fit Apache-2.0.
const ALLOWED: &[&str] = &[
    "Apache-2.0",
    "MIT",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unicode-3.0",
    "Zlib",
    "CDLA-Permissive-2.0",
    "0BSD",
    "BSL-1.0",
    "MIT-0",
    "CC0-1.0",
    "Unlicense",
    "NCSA",
];

/// Crates that must not come in, and why.
const BANNED: &[(&str, &str)] = &[
    ("openssl-sys", "TLS is rustls"),
    ("wasmtime-wasi", "a plugin imports nothing"),
    ("wasmtime-internal-winch", "one compiler, the tested one"),
];

/// Crates of which two copies would mean two readings of the same bytes.
const SINGLE: &[&str] = &[
    "wasmtime",
    "wasmparser",
    "wit-parser",
    "wit-component",
    "serde",
    "serde_json",
    "rust_decimal",
    "jiff",
    "tokio",
    "sqlx",
];

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

#[test]
fn every_licence_is_one_we_accept() {
    let refused: Vec<String> = packages()
        .iter()
        .filter_map(|package| {
            let expression = package["license"].as_str().unwrap_or("none").replace('/', " OR ");
            let fits = spdx::Expression::parse_mode(&expression, spdx::ParseMode::LAX).is_ok_and(|parsed| {
                parsed.evaluate(|requirement| {
                    let exception = requirement.addition.as_ref().map(ToString::to_string);
                    exception.is_none_or(|name| name == "LLVM-exception")
                        && requirement.license.id().is_some_and(|id| ALLOWED.contains(&id.name))
                })
            });
            (!fits).then(|| format!("{} {}: {expression}", package["name"], package["version"]))
        })
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn every_dependency_comes_from_the_registry_or_this_tree() {
    let strangers: Vec<String> = packages()
        .iter()
        .filter(|package| !package["source"].as_str().is_none_or(|source| source.starts_with("registry+")))
        .map(|package| package["name"].to_string())
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn nothing_banned_comes_in() {
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        if let Some((_, why)) = BANNED.iter().find(|(banned, _)| *banned == name) {
            panic!("{name}: {why}");
        }
    }
}

#[test]
fn the_tools_that_read_components_are_there_once() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap().to_owned();
        if SINGLE.contains(&name.as_str()) {
            versions.entry(name).or_default().push(package["version"].as_str().unwrap().to_owned());
        }
    }
    // The bindings' macro and the text format bring wasm tools of their own; neither reads a plugin's bytes in the host.
    let twice: Vec<_> =
        versions.iter().filter(|(name, versions)| versions.len() > 1 && !is_tool_of_the_build(name)).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

fn is_tool_of_the_build(name: &str) -> bool {
    matches!(name, "wasmparser" | "wit-parser" | "wit-component")
}
