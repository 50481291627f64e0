//! The engines against models that are slow and obvious: they count day by day, unit by unit, and try every way a
//! missing fact may turn out. Documents and requests are made at random.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed, its helpers too"
)]

use paratope_sdk::number;
use paratope_sdk::words::{Fact, FactValue};

mod logic;
mod quantities;
mod schedules;
mod vials;

/// The day that many days after the first one.
fn day(offset: u32) -> String {
    number::plus(number::day("2026-01-05").unwrap(), i64::from(offset)).to_string()
}

fn fact(code: &str, value: FactValue) -> Fact {
    Fact { code: code.to_owned(), value, observed_on: None, source: None }
}

/// A policy of commercial members for `exemplimab`, with these rows.
fn policies(rows: &str) -> paratope_policy_engine::Policies {
    use paratope_sdk::configure::Document;
    let payer =
        "payer = \"acme\"\nname = \"Acme\"\noperator = \"policy-library\"\nlines-of-business = [\"commercial\"]\n";
    let head = "id = \"A-1\"\ntitle = \"Acme policy\"\nsubject = \"exemplimab\"\nlines-of-business = [\"commercial\"]\n\
                effective = { first = \"2026-01-01\", dated-by = \"effective\" }\nCITE\n\
                [sources.page]\ntitle = \"Acme policy\"\nbasis = \"policy\"\n";
    let policy = format!("{head}{rows}").replace("CITE", "cite = { source = [\"page\"], confidence = \"sourced\" }");
    let documents = [
        Document { path: "payer.toml".to_owned(), text: payer.to_owned() },
        Document { path: "policy/exemplimab/2026-01-01.toml".to_owned(), text: policy.clone() },
    ];
    paratope_policy_engine::Policies::compile(&documents).unwrap_or_else(|found| panic!("{found:?}\n{policy}"))
}

/// A request for it.
fn request() -> paratope_sdk::payer::AssessRequest {
    use paratope_sdk::payer::{AssessRequest, Coverage, Stage};
    AssessRequest {
        coverage: Coverage {
            line_of_business: "commercial".to_owned(),
            group: None,
            state: None,
            delegate: None,
            funding: None,
        },
        service_day: day(0),
        product: "exemplimab".to_owned(),
        indication: Some("use".to_owned()),
        regimen: Some("it".to_owned()),
        stage: Stage::Initial,
        diagnosis: Vec::new(),
        lines: Vec::new(),
        given: None,
        facts: Vec::new(),
    }
}

/// A label with these rows, for the use `use` and the regimen `it`.
fn labels(rows: &str) -> paratope_label_engine::Labels {
    use paratope_sdk::configure::Document;
    let head = r#"product = "exemplimab"
edition = "2026-01-01"
title = "EXEMPLA"
identity = { brand = "EXEMPLA", generic-name = "exemplimab-abcd", manufacturer = "Example", targets = ["CD3"], class = "example", route = "intravenous", CITE }
[sources.pi]
title = "EXEMPLA prescribing information"
basis = "label"
[[indication]]
id = "use"
text = "An example"
regimens = ["it"]
approval = "regular"
CITE
"#;
    let text = format!("{head}{rows}").replace("CITE", "cite = { source = [\"pi\"], confidence = \"sourced\" }");
    let document = Document { path: "label/2026-01-01.toml".to_owned(), text: text.clone() };
    paratope_label_engine::Labels::compile(&[document]).unwrap_or_else(|found| panic!("{found:?}\n{text}"))
}
