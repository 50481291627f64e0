//! What is wrong with a label document is said with line, column and what would be accepted.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by saying what went wrong")]

use paratope_label_engine::Labels;
use paratope_sdk::configure::{Diagnostic, Document, Severity};

/// A small label that is right.
const RIGHT: &str = r#"product = "exemplimab"
edition = "2026-01-01"
title = "EXEMPLA"

[identity]
brand = "EXEMPLA"
generic-name = "exemplimab-abcd"
manufacturer = "Example"
targets = ["CD3"]
class = "example"
route = "subcutaneous"
cite = { source = ["pi"], confidence = "sourced" }

[sources.pi]
title = "EXEMPLA prescribing information"
basis = "label"

[[indication]]
id = "example"
text = "An example"
regimens = ["alone"]
approval = "regular"
cite = { source = ["pi"], confidence = "sourced" }

[[presentation]]
id = "vial-10-mg"
strength = "10 mg"
content = 10
unit = "mg"
container = "single-dose"
cite = { source = ["pi"], confidence = "sourced" }

[[bands]]
id = "weight"
unit = "mg"
columns = ["full"]
rows = [
  { from = 40, to = 59, give = [20] },
  { from = 60, to = 79, give = [30] },
]
cite = { source = ["pi"], confidence = "sourced" }

[[regimen]]
id = "alone"
text = "A step, then every week"
until = "progression"
cite = { source = ["pi"], confidence = "sourced" }

[[regimen.phase]]
id = "step-up-1"
kind = "step-up"
text = "The step"
at = { days = [1] }
amount = { fixed = 1, unit = "mg" }

[[regimen.phase]]
id = "weekly"
kind = "maintenance"
text = "Every week"
at = { every = 7, from-day = 8 }
amount = { per-kg = "0.4", unit = "mg", bands = "weight", column = "full" }

[[restart]]
after = ["step-up-1"]
days = { from = 0, to = 7 }
action = "proceed"
cite = { source = ["pi"], confidence = "sourced" }

[[restart]]
after = ["step-up-1"]
days = { from = 8 }
action = "restart"
phase = "step-up-1"
cite = { source = ["pi"], confidence = "sourced" }

[[restart]]
after = ["weekly"]
days = { from = 0 }
action = "proceed"
cite = { source = ["pi"], confidence = "sourced" }

[[monitoring]]
applies = { phases = ["step-up-1"] }
setting = "hospital"
hours-min = 24
anchor = "end-of-administration"
text = "In hospital"
cite = { source = ["pi"], confidence = "sourced" }
"#;

fn document(text: &str) -> Document {
    Document { path: "label/2026-01-01.toml".to_owned(), text: text.to_owned() }
}

/// What is found when `old` is written as `new`.
fn found(old: &str, new: &str) -> Vec<Diagnostic> {
    assert!(RIGHT.contains(old), "the document does not say {old}");
    let text = RIGHT.replacen(old, new, 1);
    match Labels::compile(&[document(&text)]) {
        Ok(labels) => labels.summary().warnings,
        Err(found) => found,
    }
}

/// The first finding: where, how bad, and in words.
fn first(old: &str, new: &str) -> (u32, u32, Severity, String) {
    let found = found(old, new);
    let one = found.first().unwrap_or_else(|| panic!("nothing is wrong with {new}"));
    let help = one.help.clone().unwrap_or_default();
    (one.line, one.column, one.severity, format!("{} [{help}]", one.message))
}

fn line_of(text: &str) -> u32 {
    let at = RIGHT.find(text).unwrap();
    u32::try_from(RIGHT[..at].matches('\n').count() + 1).unwrap()
}

#[test]
fn a_right_document_has_nothing_to_say() {
    let labels = Labels::compile(&[document(RIGHT)]).unwrap();
    let summary = labels.summary();
    assert_eq!(summary.subject, "exemplimab");
    assert_eq!(summary.editions, ["2026-01-01"]);
    assert_eq!(summary.warnings, []);
    assert!(summary.rules > 10);
}

#[test]
fn a_misspelt_key_is_pointed_at() {
    let (line, column, severity, words) = first("setting = \"hospital\"", "seting = \"hospital\"");
    assert_eq!((line, column, severity), (line_of("setting ="), 1, Severity::Error));
    assert!(words.contains("seting") && words.contains("setting"), "{words}");
}

#[test]
fn a_phase_that_does_not_exist_is_pointed_at() {
    let (line, column, _, words) =
        first("applies = { phases = [\"step-up-1\"] }", "applies = { phases = [\"step-1\"] }");
    assert_eq!((line, column), (line_of("applies ="), 23));
    assert_eq!(words, "no such phase: `step-1` [accepted: step-up-1, weekly]");
}

#[test]
fn references_are_checked() {
    for (old, new, words) in [
        ("regimens = [\"alone\"]", "regimens = [\"together\"]", "no such regimen: `together` [accepted: alone]"),
        ("column = \"full\"", "column = \"half\"", "no such column: `half` [accepted: full]"),
        ("bands = \"weight\"", "bands = \"height\"", "no such band table: `height` [accepted: weight]"),
        (
            "source = [\"pi\"], confidence = \"sourced\" }\n\n[sources",
            "source = [\"ip\"], confidence = \"sourced\" }\n\n[sources",
            "`ip` is not a source of this document [accepted: pi]",
        ),
        (
            "after = [\"step-up-1\"]\ndays = { from = 8 }",
            "after = [\"step-up-9\"]\ndays = { from = 8 }",
            "no such phase: `step-up-9` [accepted: step-up-1, weekly]",
        ),
        ("phase = \"step-up-1\"", "phase = \"step-up-2\"", "no such phase: `step-up-2` [accepted: step-up-1, weekly]"),
        ("unit = \"mg\"\ncontainer", "unit = \"kg\"\ncontainer", "`kg` is not a unit of content [accepted: mg, ug]"),
    ] {
        assert_eq!(first(old, new).3, words);
    }
}

#[test]
fn restart_rows_may_not_overlap() {
    let (line, _, severity, words) = first("days = { from = 8 }", "days = { from = 7 }");
    assert_eq!((line, severity), (line_of("days = { from = 8 }"), Severity::Error));
    assert!(words.starts_with("after `step-up-1` of `alone`: 7 days or more overlaps 0 to 7 days"), "{words}");
}

#[test]
fn a_hole_between_restart_rows_is_a_warning() {
    let (line, _, severity, words) = first("days = { from = 8 }", "days = { from = 10 }");
    assert_eq!((line, severity), (line_of("id = \"step-up-1\""), Severity::Warning));
    assert!(words.starts_with("no row covers 8 to 9 days after `step-up-1`"), "{words}");
}

#[test]
fn restart_rows_that_end_are_a_warning() {
    let (_, _, severity, words) = first("days = { from = 8 }", "days = { from = 8, to = 20 }");
    assert_eq!(severity, Severity::Warning);
    assert!(words.starts_with("no row covers more than 20 days after `step-up-1`"), "{words}");
}

#[test]
fn bands_may_not_overlap() {
    let (line, _, severity, words) = first("{ from = 60, to = 79", "{ from = 59, to = 79");
    assert_eq!((line, severity), (line_of("{ from = 60"), Severity::Error));
    assert!(words.starts_with("the band overlaps the one before it"), "{words}");
}

#[test]
fn each_band_has_one_amount_for_each_column() {
    let (_, _, _, words) = first("to = 79, give = [30]", "to = 79, give = [30, 40]");
    assert_eq!(words, "2 amounts for 1 columns [columns: full]");
}

#[test]
fn planned_days_are_checked() {
    for (old, new, words) in [
        ("at = { days = [1] }", "at = { days = [2] }", "the first dose is not planned on day 1"),
        ("from-day = 8", "from-day = 1", "two doses are planned on day 1"),
        ("at = { every = 7, from-day = 8 }", "at = { every = 7 }", "`every` needs `from-day`"),
        ("at = { days = [1] }", "at = { cycles = \"1\", days = [1] }", "the planned days cannot be read"),
        ("at = { days = [1] }\n", "", "`step-up-1` needs either `at` or `instead`"),
    ] {
        assert!(found(old, new).iter().any(|one| one.message == words), "{new}: {:?}", found(old, new));
    }
}

#[test]
fn an_amount_is_told_in_one_way() {
    let (_, _, _, words) = first("fixed = 1, unit", "fixed = 1, per-kg = 2, unit");
    assert!(words.starts_with("an amount is told in one way"), "{words}");
}

#[test]
fn amounts_are_plausible() {
    for (old, new) in [
        ("content = 10", "content = 0"),
        ("content = 10", "content = 10000000"),
        ("fixed = 1,", "fixed = -1,"),
        ("give = [30]", "give = [\"0.0000001\"]"),
    ] {
        let (_, _, severity, words) = first(old, new);
        assert_eq!(severity, Severity::Error);
        assert!(words.contains("is not an amount of a drug"), "{words}");
    }
}

#[test]
fn a_sourced_row_names_its_source() {
    let (_, _, _, words) = first(
        "cite = { source = [\"pi\"], confidence = \"sourced\" }\n\n[sources",
        "cite = { source = [], confidence = \"recalled\" }\n\n[sources",
    );
    assert!(words.starts_with("the row names no source"), "{words}");
}

#[test]
fn an_unknown_rejoin_needs_its_reason() {
    let (_, _, _, words) = first("phase = \"step-up-1\"\ncite", "phase = \"step-up-1\"\nrejoin = \"unknown\"\ncite");
    assert!(words.contains("effect = \"rejoin\""), "{words}");
}

#[test]
fn the_file_is_named_after_the_edition() {
    let wrong = Document { path: "label/2026-02-01.toml".to_owned(), text: RIGHT.to_owned() };
    let found = Labels::compile(&[wrong]).unwrap_err();
    assert_eq!((found[0].line, found[0].column), (2, 11));
    assert_eq!(found[0].help.as_deref(), Some("accepted: label/2026-01-01.toml"));
}

#[test]
fn at_least_one_label_is_needed() {
    let manifest = Document { path: "plugin.toml".to_owned(), text: "name = \"exemplimab\"".to_owned() };
    let found = Labels::compile(&[manifest]).unwrap_err();
    assert_eq!(found[0].message, "there is no label document");
}

#[test]
fn all_editions_are_of_one_product() {
    let text = RIGHT.replacen("exemplimab\"", "otherimab\"", 1).replacen(
        "edition = \"2026-01-01\"",
        "edition = \"2026-02-01\"",
        1,
    );
    let other = Document { path: "label/2026-02-01.toml".to_owned(), text };
    let found = Labels::compile(&[document(RIGHT), other]).unwrap_err();
    assert!(found[0].message.contains("`otherimab`"), "{found:?}");
}

#[test]
fn text_that_is_no_toml_is_pointed_at() {
    let (line, _, severity, _) = first("title = \"EXEMPLA\"", "title = EXEMPLA");
    assert_eq!((line, severity), (3, Severity::Error));
}
