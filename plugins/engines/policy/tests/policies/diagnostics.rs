//! What is wrong with a document is told with its place and what would be accepted.

use paratope_policy_engine::Policies;
use paratope_sdk::configure::{Diagnostic, Document};

const PAYER: &str = r#"
payer = "acme"
name = "Acme"
operator = "policy-library"
lines-of-business = ["commercial"]
"#;

pub const POLICY: &str = r#"id = "A-1"
title = "Acme policy"
subject = "exemplimab"
lines-of-business = ["commercial"]
effective = { first = "2026-01-01", dated-by = "effective" }
cite = { source = ["page"], confidence = "sourced" }
[sources.page]
title = "Acme policy"
basis = "policy"
"#;

fn diagnostics(policy: &str) -> Vec<Diagnostic> {
    compile(&[("policy/exemplimab/2026-01-01.toml", policy)]).err().unwrap_or_default()
}

pub fn compile(policies: &[(&str, &str)]) -> Result<Policies, Vec<Diagnostic>> {
    let mut documents = vec![Document { path: "payer.toml".to_owned(), text: PAYER.to_owned() }];
    documents
        .extend(policies.iter().map(|(path, text)| Document { path: (*path).to_owned(), text: (*text).to_owned() }));
    Policies::compile(&documents)
}

/// The one diagnostic of the policy with `row` added: line, message, help.
#[track_caller]
fn one(row: &str) -> (u32, String, String) {
    let found = diagnostics(&format!("{POLICY}{row}"));
    assert_eq!(found.len(), 1, "{found:#?}");
    (found[0].line, found[0].message.clone(), found[0].help.clone().unwrap_or_default())
}

pub const CITE: &str = r#"cite = { source = ["page"], confidence = "sourced" }"#;

#[test]
fn a_good_policy_compiles() {
    assert!(compile(&[("policy/exemplimab/2026-01-01.toml", POLICY)]).is_ok());
}

#[test]
fn a_misspelt_key_is_refused_where_it_stands() {
    let (line, message, help) = one("[[limits]]\nid = \"x\"\n");
    assert_eq!(line, 10);
    assert!(message.contains("limits"), "{message}");
    assert!(help.contains("limit"), "{help}");
}

#[test]
fn a_misspelt_fact_names_the_one_that_was_meant() {
    let row = format!(
        "[[criterion]]\nid = \"lines\"\nkind = \"prior-lines\"\ntext = \"t\"\nrequires = {{ fact = \"prior-line\", at-least = 4 }}\n{CITE}\n"
    );
    let (line, message, help) = one(&row);
    assert_eq!((line, message.as_str()), (14, "no such fact: `prior-line`"));
    assert!(help.contains("prior-lines"), "{help}");
}

#[test]
fn a_source_that_is_not_there_is_refused() {
    let (line, message, help) =
        one("[[submission]]\ncode = \"x\"\ntext = \"t\"\ncite = { source = [\"paeg\"], confidence = \"sourced\" }\n");
    assert_eq!(
        (line, message.as_str(), help.as_str()),
        (13, "`paeg` is not a source of this document", "accepted: page")
    );
}

#[test]
fn a_rule_cannot_rest_on_what_is_unknown() {
    let (_, message, help) =
        one("[[submission]]\ncode = \"x\"\ntext = \"t\"\ncite = { source = [\"page\"], confidence = \"unknown\" }\n");
    assert_eq!(message, "a rule cannot rest on what is unknown");
    assert_eq!(help, "write it under [[not-stated]]");
}

#[test]
fn every_row_names_a_source() {
    let (_, message, _) =
        one("[[submission]]\ncode = \"x\"\ntext = \"t\"\ncite = { source = [], confidence = \"recalled\" }\n");
    assert_eq!(message, "the row names no source");
}

#[test]
fn an_id_is_used_once_in_a_document() {
    let criterion = |list: &str| {
        format!(
            "[[{list}]]\nid = \"age\"\nkind = \"age\"\ntext = \"t\"\nrequires = {{ fact = \"age\", at-least = 18 }}\n{CITE}\n"
        )
    };
    let (line, message, _) = one(&format!("{}{}", criterion("criterion"), criterion("renewal")));
    assert_eq!((line, message.as_str()), (17, "the id `age` is used twice"));
}

#[test]
fn ids_of_the_engine_are_kept() {
    let row = format!(
        "[billing]\n[[billing.edit]]\nid = \"ndc-format\"\nkind = \"billing-edit\"\ntext = \"t\"\nrequires = {{ fact = \"request.code\", one-of = [\"J9999\"] }}\n{CITE}\n"
    );
    assert_eq!(one(&row).1, "the id `ndc-format` is used twice");
}

#[test]
fn limits_are_checked() {
    let limit = |amount: &str, measure: &str, window: &str| {
        one(&format!(
            "[[limit]]\nid = \"x\"\ntext = \"t\"\nmeasure = \"{measure}\"\namount = {amount}\nwindow = {window}\n{CITE}\n"
        ))
        .1
    };
    assert_eq!(limit("0", "doses", "\"per-dose\""), "a limit is more than nothing");
    assert_eq!(limit("-1", "doses", "\"per-dose\""), "a limit is more than nothing");
    assert_eq!(limit("1", "doses", "{ rolling-days = 0 }"), "a window is one day or more");
    assert_eq!(
        limit("1", "doses", "{ cycle-day = { cycle = 0, day = 1 } }"),
        "cycles and their days are counted from 1"
    );
    assert_eq!(limit("1", "cycles", "\"per-dose\""), "cycles are counted over an authorization or a lifetime");
    assert!(limit("1", "doses", "\"per-month\"").contains("per-month"));
}

#[test]
fn words_of_closed_lists_are_checked() {
    let (_, message, help) =
        one(&format!("[[document]]\nid = \"chart-note\"\ntext = \"t\"\nmissing = \"deny\"\n{CITE}\n"));
    assert!(message.contains("did you mean `chart-notes`?"), "{message}");
    assert!(help.starts_with("accepted: chart-notes"), "{help}");
    let (_, message, _) = one(&format!("[[channel]]\nid = \"brown-bag\"\nrule = \"forbidden\"\n{CITE}\n"));
    assert!(message.contains("`brown-bag` is not a channel"), "{message}");
    let (_, message, _) = one(&format!("[evidence]\ntext = \"t\"\nlabelled = true\naccepted = [\"2C\"]\n{CITE}\n"));
    assert!(message.contains("`2C` is not an NCCN category"), "{message}");
    let (_, message, _) = one("[[not-stated]]\ntopic = \"x\"\ntext = \"t\"\nkind = \"priorlines\"\n");
    assert!(message.contains("did you mean `prior-lines`?"), "{message}");
}

#[test]
fn a_redirect_names_a_criterion() {
    let (_, message, _) = one(&format!("[[redirect]]\ncriterion = \"x\"\ncode = \"channel\"\ntext = \"t\"\n{CITE}\n"));
    assert_eq!(message, "`x` is not a criterion of this document");
}

#[test]
fn a_clock_counts_something() {
    let (_, message, help) = one(&format!("[[clock]]\nid = \"x\"\ntext = \"t\"\npriority = \"standard\"\n{CITE}\n"));
    assert_eq!((message.as_str(), help.as_str()), ("the clock `x` counts nothing", "add hours or calendar-days"));
}

#[test]
fn only_a_class_has_members_and_an_order() {
    let found = diagnostics(&format!("{POLICY}[[member]]\nproduct = \"a\"\nbrand = \"A\"\n"));
    assert_eq!(found[0].message, "only a class has members");
}

#[test]
fn a_product_on_a_tier_is_a_member() {
    let class = POLICY.replace("subject = \"exemplimab\"", "subject = \"exemplimab\"\nsubject-kind = \"class\"");
    let row = format!(
        "[[member]]\nproduct = \"a\"\nbrand = \"A\"\n[preference]\ntext = \"t\"\n{CITE}\n[[preference.tier]]\nrank = 2\nproduct = [{{ id = \"b\" }}]\n[preference.emergency]\nnotify = \"t\"\n{CITE}\n"
    );
    let messages: Vec<String> = diagnostics(&format!("{class}{row}")).into_iter().map(|found| found.message).collect();
    assert_eq!(messages, ["tier 2 stands in place 1", "`b` is not a member of the class"]);
}

#[test]
fn a_document_stands_in_the_folder_of_its_subject() {
    let found = compile(&[("policy/otherimab/2026-01-01.toml", POLICY)]).unwrap_err();
    assert_eq!(found[0].message, "a policy about `exemplimab` stands in the folder `otherimab`");
    assert_eq!((found[0].line, found[0].help.as_deref()), (3, Some("move it to policy/exemplimab/")));
}

#[test]
fn two_editions_do_not_begin_on_one_day() {
    let found = compile(&[("policy/exemplimab/a.toml", POLICY), ("policy/exemplimab/b.toml", POLICY)]).unwrap_err();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].path.as_str(), found[0].line), ("policy/exemplimab/b.toml", 5));
    assert_eq!(found[0].message, "another edition about `exemplimab` begins on 2026-01-01");
}

#[test]
fn a_line_of_business_belongs_to_the_payer() {
    let (_, message, help) = {
        let found = diagnostics(&POLICY.replace("[\"commercial\"]", "[\"medicaid\"]"));
        (found[0].line, found[0].message.clone(), found[0].help.clone().unwrap())
    };
    assert_eq!(
        (message.as_str(), help.as_str()),
        ("`medicaid` is not a line of business of payer.toml", "accepted: commercial")
    );
}

#[test]
fn a_day_that_does_not_exist_is_refused() {
    let found = diagnostics(&POLICY.replace("2026-01-01", "2026-02-30"));
    assert_eq!(found[0].line, 5, "{found:#?}");
}

#[test]
fn without_payer_or_policy_there_is_nothing_to_make() {
    let policy = Document { path: "policy/x/y.toml".to_owned(), text: POLICY.to_owned() };
    assert_eq!(Policies::compile(&[policy]).unwrap_err()[0].path, "payer.toml");
    let found = compile(&[]).unwrap_err();
    assert_eq!(found[0].message, "there is no policy");
}

#[test]
fn the_next_edition_ends_the_one_before() {
    let later = POLICY.replace("2026-01-01", "2026-07-01");
    let policies =
        compile(&[("policy/exemplimab/2026-01-01.toml", POLICY), ("policy/exemplimab/2026-07-01.toml", &later)])
            .unwrap();
    let of = |day: &str| {
        let day = paratope_sdk::number::day(day).unwrap();
        policies.about("exemplimab", "commercial", day).map(|policy| policy.record.edition.id.clone()).ok()
    };
    assert_eq!(of("2025-12-31"), None);
    assert_eq!(of("2026-06-30").as_deref(), Some("2026-01-01"));
    assert_eq!(of("2026-07-01").as_deref(), Some("2026-07-01"));
}
