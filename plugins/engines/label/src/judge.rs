//! Conditions on facts, in three-valued logic.

use paratope_sdk::criteria::{Asked, combine};
use paratope_sdk::facts::Facts;
use paratope_sdk::words::{FindingStatus, Need};

use crate::label::Condition;

impl Condition {
    /// Whether the condition holds, and what would decide it.
    pub(crate) fn judge(&self, facts: &Facts<'_>) -> (FindingStatus, Vec<Need>) {
        let asked = Asked::new();
        let mut needs = Vec::new();
        let mut status = |checks: &[paratope_sdk::criteria::Check], group| {
            let statuses: Vec<FindingStatus> = checks
                .iter()
                .map(|check| {
                    let (status, of_check) = check.status(facts, &asked);
                    needs.extend(of_check);
                    status
                })
                .collect();
            // A group without parts does not limit.
            if statuses.is_empty() { FindingStatus::Met } else { combine(group, &statuses) }
        };
        let parts = [status(&self.all, "all"), status(&self.any, "any")];
        let whole = combine("all", &parts);
        if whole == FindingStatus::Unknown { (whole, needs) } else { (whole, Vec::new()) }
    }
}
