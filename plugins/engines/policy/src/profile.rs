//! Who the payer is, which policies are in force, and what is not known about them.

use paratope_sdk::number;
use paratope_sdk::payer::{Error, PayerProfile};

use crate::policy::Policies;

impl Policies {
    /// The payer and the policies in force on `as_of`.
    ///
    /// # Errors
    /// `bad-request` where the day does not exist.
    pub fn profile(&self, as_of: &str) -> Result<PayerProfile, Error> {
        let day = number::day(as_of).map_err(|why| Error::BadRequest(format!("as-of: {why}")))?;
        let in_force = || self.editions.iter().filter(|edition| edition.governs(day)).map(|edition| &edition.content);
        let mut gaps = self.gaps.clone();
        for policy in in_force() {
            let id = &policy.record.id;
            gaps.extend(policy.dated.clone());
            gaps.extend(policy.open.iter().map(|open| {
                let mut ask = open.ask();
                ask.reason = format!("{id}: {}", ask.reason);
                ask
            }));
        }
        Ok(PayerProfile {
            payer: self.payer.clone(),
            name: self.name.clone(),
            operator: self.operator,
            lines_of_business: self.lines_of_business.clone(),
            policies: in_force().map(|policy| policy.record.clone()).collect(),
            gaps,
        })
    }
}
