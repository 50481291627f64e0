//! Requests as JSON: what is read is written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use paratope_domain::payer::{AssessRequest, BillingRequest, PreferRequest};
use paratope_domain::product::{ManageRequest, NextDoseRequest, PlanRequest, RequirementsRequest};
use paratope_domain::request::ClearanceRequest;
use serde_json::{from_slice, from_str, to_string};

fuzz_target!(|bytes: &[u8]| {
    macro_rules! there_and_back {
        ($($request:ty),*) => {$(
            if let Ok(read) = from_slice::<$request>(bytes) {
                let text = to_string(&read).unwrap_or_default();
                assert_eq!(from_str::<$request>(&text).ok(), Some(read), "{text}");
            }
        )*};
    }
    there_and_back!(
        AssessRequest,
        BillingRequest,
        PreferRequest,
        ManageRequest,
        NextDoseRequest,
        PlanRequest,
        RequirementsRequest,
        ClearanceRequest
    );
});
