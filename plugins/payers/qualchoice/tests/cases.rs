//! The cases beside this crate, answered natively. The host runs them against the built component as well.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed, its helpers too")]

use std::fs;
use std::path::Path;

use paratope_qualchoice::QualChoice;
use paratope_sdk::payer::{
    AssessRequest, Assessment, Bill, BillingRequest, Error, Payer, PayerProfile, PreferRequest, Preferred,
};

#[path = "../../../engines/policy/tests/policies/case.rs"]
mod case;

impl case::Answers for QualChoice {
    fn profile(&self, as_of: &str) -> Result<PayerProfile, Error> {
        <Self as Payer>::profile(as_of.to_owned())
    }

    fn assess(&self, request: &AssessRequest) -> Result<Assessment, Error> {
        <Self as Payer>::assess(request.clone())
    }

    fn prefer(&self, request: &PreferRequest) -> Result<Preferred, Error> {
        <Self as Payer>::prefer(request.clone())
    }

    fn billing(&self, request: &BillingRequest) -> Result<Bill, Error> {
        <Self as Payer>::billing(request.clone())
    }
}

#[test]
fn every_case_gets_the_answer_it_states() {
    let mut failures = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")).unwrap() {
        let path = entry.unwrap().path();
        let case =
            fs::read_to_string(&path).unwrap().parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Err(difference) = case::run(&QualChoice, &case) {
            failures.push(format!("{}\n{difference}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{} cases fail:\n\n{}", failures.len(), failures.join("\n\n"));
}
