//! {{name}}: a payer plugin in Rust. It imports nothing: no clock, no files, no network. The same request gets the
//! same answer, for ever.
//!
//! Most payers need no code: `paratope plugin new payer NAME` writes a folder of documents instead.

use paratope_sdk::payer::{
    AssessRequest, Assessment, Bill, BillingRequest, Error, Operator, Payer, PayerProfile, PreferRequest, Preferred,
};

struct Plugin;

// The one line that makes it a component.
paratope_sdk::register_payer!(Plugin);

impl Payer for Plugin {
    /// Who the payer is, and the policies in force on `as_of`.
    fn profile(_as_of: String) -> Result<PayerProfile, Error> {
        Ok(PayerProfile {
            payer: "{{name}}".to_owned(),
            name: "{{name}} (invented)".to_owned(),
            operator: Operator::PolicyLibrary,
            lines_of_business: vec!["commercial".to_owned()],
            policies: Vec::new(),
            gaps: Vec::new(),
        })
    }

    /// Judges a request against the policy in force on its service day.
    fn assess(request: AssessRequest) -> Result<Assessment, Error> {
        Err(Error::NoPolicy(format!("no policy covers `{}`", request.product)))
    }

    /// Tells the order of preference in a class.
    fn prefer(request: PreferRequest) -> Result<Preferred, Error> {
        Err(Error::NoPolicy(format!("no policy covers `{}`", request.class)))
    }

    /// Tells how a dose is billed.
    fn billing(request: BillingRequest) -> Result<Bill, Error> {
        Err(Error::NoPolicy(format!("no policy covers `{}`", request.product)))
    }
}
