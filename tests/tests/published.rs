//! The promise: a published package never changes, and what comes after it in its track can stand in its place.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use wit_component::semver_check;
use wit_parser::Resolve;

/// The packages of the promise, with the world of each; the words both use come first.
const PACKAGES: [(&str, Option<&str>); 3] =
    [("types", None), ("product", Some("product-plugin")), ("payer", Some("payer-plugin"))];

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

/// Every published version, oldest first. Before the first there is nothing to hold to.
fn published() -> Vec<String> {
    let entries = fs::read_dir(wit().join("published")).into_iter().flatten();
    let mut versions: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    versions.sort();
    versions
}

/// The packages that were published with a version: those that changed.
fn packages_of(version: &str) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let folder = wit().join("published").join(version);
    PACKAGES.into_iter().filter(move |(package, _)| folder.join(package).is_dir())
}

/// The text of a package below `folder`.
fn text(folder: &Path, package: &str) -> String {
    fs::read_to_string(folder.join(package).join(format!("{package}.wit"))).unwrap()
}

/// The version a package says it has.
fn version(text: &str) -> &str {
    let line = text.lines().find(|line| line.starts_with("package ")).unwrap();
    line.rsplit_once('@').unwrap().1.trim_end_matches(';')
}

/// `0.1` of `0.1.4`, `2` of `2.3.0`.
fn track(version: &str) -> &str {
    let parts = if version.starts_with("0.") { 2 } else { 1 };
    let end = version.match_indices('.').nth(parts - 1).map_or(version.len(), |(at, _)| at);
    version.get(..end).unwrap()
}

/// Whether plugins of `before` are plugins of `after`, for one package of each.
fn stands_in(before: &[String; 2], after: &[String; 2], world: &str) -> anyhow::Result<()> {
    let mut resolve = Resolve::default();
    let mut push = |texts: &[String; 2], version: &str| {
        let mut last = None;
        for text in texts {
            // Both live in one resolve, so each needs a version of its own.
            let versions = texts.iter().map(|text| format!("@{}", self::version(text)));
            let text = versions.fold(text.clone(), |text, own| text.replace(&own, version));
            last = Some(resolve.push_str("package.wit", &text)?);
        }
        anyhow::Ok(last.unwrap())
    };
    let (before, after) = (push(before, "@0.0.1")?, push(after, "@0.0.2")?);
    let (before, after) = (resolve.select_world(&[before], Some(world))?, resolve.select_world(&[after], Some(world))?);
    semver_check(resolve, before, after)
}

#[test]
fn what_is_published_is_what_is_in_use() {
    for version in published() {
        for (package, _) in packages_of(&version) {
            let (kept, used) = (text(&wit().join("published").join(&version), package), text(&wit(), package));
            assert_eq!(self::version(&kept), version, "{package}");
            if self::version(&used) == version {
                assert!(kept == used, "{package}@{version} is published and was changed");
            }
        }
    }
}

#[test]
fn a_later_version_of_a_track_stands_in_for_an_earlier_one() {
    for version in published() {
        let kept = wit().join("published").join(&version);
        for (package, world) in packages_of(&version) {
            let Some(world) = world else { continue };
            // The words both use come with the first version that has them.
            let words = if kept.join("types").is_dir() { kept.clone() } else { wit() };
            let before = [text(&words, "types"), text(&kept, package)];
            let after = ["types", package].map(|package| text(&wit(), package));
            if track(&version) == track(self::version(&after[1])) {
                stands_in(&before, &after, world).unwrap();
            }
        }
    }
}

#[test]
fn a_changed_field_case_or_function_is_found() {
    let of = |package: &str| ["types", package].map(|package| text(&wit(), package));
    let changed = |package: &str, world: &str, from: &str, to: &str| {
        let (before, mut after) = (of(package), of(package));
        assert!(after.iter().any(|text| text.contains(from)), "{from}");
        for text in &mut after {
            *text = text.replace(from, to);
        }
        stands_in(&before, &after, world)
    };
    changed("payer", "payer-plugin", "/// What the payer is asked.", "/// What a payer is asked.").unwrap();
    changed("payer", "payer-plugin", "    renewable: option<bool>,\n", "").unwrap_err();
    changed("payer", "payer-plugin", "redirects: list<statement>", "redirects: list<string>").unwrap_err();
    changed("payer", "payer-plugin", "    lifetime,\n", "    lifetime,\n    plan-year,\n").unwrap_err();
    changed("product", "product-plugin", "  manage: func", "  handle: func").unwrap_err();
    changed("product", "product-plugin", "    guideline,\n", "    consensus,\n").unwrap_err();
}
