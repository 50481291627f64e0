//! QualChoice: its policy documents, and two rules that a document cannot say.
//!
//! The documents beside this crate are compiled by the policy engine, which this plugin uses as a library. Code adds
//! `measurable`, a criterion whose printed numbers have two readings, and `literature`, which lets literature
//! stand in for a dose cap.

use std::sync::OnceLock;

use paratope_policy_engine::{Draft, Policies};
use paratope_sdk::configure::Document;
use paratope_sdk::payer::{
    AssessRequest, Assessment, Bill, BillingRequest, Error, Payer, PayerProfile, PreferRequest, Preferred,
};
use paratope_sdk::words::IsoDay;

mod literature;
mod measurable;

/// The documents, read at build.
const DOCUMENTS: &[(&str, &str)] = &[
    ("payer.toml", include_str!("../payer.toml")),
    (
        "policy/brexucabtagene-autoleucel/2021-01-01.toml",
        include_str!("../policy/brexucabtagene-autoleucel/2021-01-01.toml"),
    ),
    ("policy/elranatamab/2024-01-01.toml", include_str!("../policy/elranatamab/2024-01-01.toml")),
    ("policy/glofitamab/2024-01-01.toml", include_str!("../policy/glofitamab/2024-01-01.toml")),
    ("policy/mosunetuzumab/2023-06-01.toml", include_str!("../policy/mosunetuzumab/2023-06-01.toml")),
    ("policy/talquetamab/2024-01-01.toml", include_str!("../policy/talquetamab/2024-01-01.toml")),
];

/// The plugin.
#[derive(Debug)]
pub struct QualChoice;

paratope_sdk::register_payer!(QualChoice);

impl Payer for QualChoice {
    fn profile(as_of: IsoDay) -> Result<PayerProfile, Error> {
        policies()?.profile(&as_of)
    }

    fn assess(request: AssessRequest) -> Result<Assessment, Error> {
        policies()?.assess_with(&request, own_rules)
    }

    fn prefer(request: PreferRequest) -> Result<Preferred, Error> {
        policies()?.prefer(&request)
    }

    fn billing(request: BillingRequest) -> Result<Bill, Error> {
        policies()?.billing(&request)
    }
}

/// What the documents cannot say, policy by policy.
fn own_rules(draft: &mut Draft<'_>) {
    match draft.policy.id.as_str() {
        "BI730" => measurable::judge(draft),
        "BI716" => literature::judge(draft),
        _ => {}
    }
}

fn policies() -> Result<&'static Policies, Error> {
    static POLICIES: OnceLock<Result<Policies, String>> = OnceLock::new();
    let compiled = POLICIES.get_or_init(|| {
        let documents: Vec<Document> = DOCUMENTS
            .iter()
            .map(|(path, text)| Document { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        Policies::compile(&documents).map_err(|found| {
            let first = found.first().map(|one| format!("{}:{}: {}", one.path, one.line, one.message));
            format!("the documents do not compile: {}", first.unwrap_or_default())
        })
    });
    compiled.as_ref().map_err(|why| Error::Other(why.clone()))
}

#[cfg(test)]
mod tests;
