//! What allows a product that is not preferred: failure of the preferred ones, treatment that goes on, and approvals
//! that carry over.

use paratope_sdk::criteria::combine_at_least;
use paratope_sdk::facts::Known;
use paratope_sdk::number;
use paratope_sdk::payer::{ExposureResult, TierProduct};
use paratope_sdk::words::{Citation, FactValue, Finding, FindingStatus, Need, Statement};

use crate::document::Failure;
use crate::policy::{Continuing, Step, Transition, applies};
use crate::request::{Case, Treated};

impl Step {
    /// Whether enough of the preferred products have failed: the rule first, then one part for each product.
    pub(super) fn judge(&self, case: &Case<'_>, preferred: &[&TierProduct], history: &[Treated<'_>]) -> Vec<Finding> {
        let mut whole = finding(&self.id, &self.text, &self.citations);
        whole.evidence = vec!["request.history".to_owned()];
        match applies(self.when.as_ref(), &case.facts, &case.asked) {
            (FindingStatus::Unmet, _) => {
                whole.status = FindingStatus::NotApplicable;
                whole.reason = "the step does not apply".to_owned();
                return vec![whole];
            }
            (FindingStatus::Unknown, needs) => {
                whole.reason = "whether the step applies is not known".to_owned();
                whole.needs = needs;
                return vec![whole];
            }
            _ => {}
        }
        if preferred.is_empty() {
            whole.reason = "the preferred products are not known".to_owned();
            whole.needs =
                vec![Need { fact: "ask-payer".to_owned(), reason: "which products are preferred".to_owned() }];
            return vec![whole];
        }
        let parts: Vec<Finding> = preferred.iter().map(|product| self.failed(case, product, history)).collect();
        let statuses: Vec<FindingStatus> = parts.iter().map(|part| part.status).collect();
        whole.status = combine_at_least(self.count.unwrap_or(preferred.len()), &statuses);
        let failed = statuses.iter().filter(|status| **status == FindingStatus::Met).count();
        whole.reason = format!("{failed} of {} preferred products failed", preferred.len());
        if self.count_not_stated && whole.status == FindingStatus::Unmet && failed > 0 {
            whole.status = FindingStatus::Unknown;
            whole.reason.push_str("; how many must fail is not said");
            whole.needs = vec![Need { fact: "ask-payer".to_owned(), reason: whole.reason.clone() }];
        } else if whole.status == FindingStatus::Unknown {
            whole.needs = parts.iter().flat_map(|part| part.needs.clone()).collect();
        }
        std::iter::once(whole).chain(parts).collect()
    }

    fn failed(&self, case: &Case<'_>, product: &TierProduct, history: &[Treated<'_>]) -> Finding {
        let id = format!("{}-{}", self.id, product.product);
        let mut part = finding(&id, &format!("{} has failed", product.brand), &self.citations);
        part.within = Some(self.id.clone());
        let mut open: Vec<Need> = Vec::new();
        for treated in history.iter().filter(|treated| treated.of.product == product.product) {
            let result = match treated.of.result {
                ExposureResult::Ineffective => Failure::Ineffective,
                ExposureResult::Intolerant => Failure::Intolerant,
                ExposureResult::Contraindicated => Failure::Contraindicated,
                ExposureResult::Ongoing | ExposureResult::Completed => continue,
            };
            if !self.accepts.contains(&result) {
                continue;
            }
            match (self.lookback_days, treated.last) {
                (Some(days), Some(last)) if number::days_between(last, case.day) > i64::from(days) => {}
                (Some(_), None) => open.push(Need {
                    fact: "request.history".to_owned(),
                    reason: format!("the last day of {} is missing", product.brand),
                }),
                _ => {
                    part.status = FindingStatus::Met;
                    part.reason = format!("the history says so: {}", outcome(result));
                    return part;
                }
            }
        }
        for (fact, results) in [
            ("preferred-failed", &[Failure::Ineffective][..]),
            ("preferred-not-tolerated", &[Failure::Intolerant, Failure::Contraindicated][..]),
        ] {
            if !results.iter().any(|result| self.accepts.contains(result)) {
                continue;
            }
            part.evidence.push(fact.to_owned());
            // The fact tells neither the day nor which of its meanings holds.
            let enough = self.lookback_days.is_none() && results.iter().all(|result| self.accepts.contains(result));
            match case.facts.get(fact, None) {
                Known::Value(FactValue::Codes(codes)) if codes.contains(&product.product) && !enough => {
                    open.push(Need {
                        fact: "request.history".to_owned(),
                        reason: format!("how and when {} failed: {fact} does not tell", product.brand),
                    });
                }
                Known::Value(FactValue::Codes(codes)) if codes.contains(&product.product) => {
                    part.status = FindingStatus::Met;
                    part.reason = format!("{fact} names it");
                    return part;
                }
                Known::Value(_) => {}
                Known::Missing(need) => open.push(need),
            }
        }
        if open.is_empty() {
            part.status = FindingStatus::Unmet;
            part.reason = "nothing shows that it failed".to_owned();
        } else {
            part.reason = "whether it failed is not known".to_owned();
            part.needs = open;
        }
        part
    }
}

impl Continuing {
    /// Whether the requested product was used so lately that it may go on. Samples never count.
    pub(super) fn judge(&self, case: &Case<'_>, requested: &str, history: &[Treated<'_>]) -> Finding {
        let mut judged = finding(&self.id, &self.text, &self.citations);
        judged.evidence = vec!["request.history".to_owned()];
        let mut shown = false;
        let mut open: Vec<Need> = Vec::new();
        for treated in history.iter().filter(|treated| treated.of.product == requested) {
            let last = treated.last.or((treated.of.result == ExposureResult::Ongoing).then_some(case.day));
            let lately = last.map(|last| number::days_between(last, case.day) <= i64::from(self.lookback_days));
            match (lately, treated.of.proof.as_deref()) {
                (Some(false), _) | (_, Some("sample")) => {}
                (Some(true), Some(proof)) if self.proofs.iter().any(|known| known == proof) => shown = true,
                _ => open.push(Need {
                    fact: "request.history".to_owned(),
                    reason: "the last day or an accepted proof of the former treatment is missing".to_owned(),
                }),
            }
        }
        let told = (self.lookback_days == 365).then(|| case.facts.get("used-in-past-365-days", None));
        // The fact does not tell which proof there is: it is enough only where both are.
        let any_proof = ["paid-claim", "chart"].iter().all(|proof| self.proofs.iter().any(|known| known == proof));
        if told.is_some() {
            judged.evidence.push("used-in-past-365-days".to_owned());
        }
        match (shown, told) {
            (true, Some(Known::Value(FactValue::Flag(false)))) => {
                judged.reason = "the history and the fact `used-in-past-365-days` contradict each other".to_owned();
                judged.needs = vec![Need {
                    fact: "used-in-past-365-days".to_owned(),
                    reason: "told twice, with different values".to_owned(),
                }];
            }
            (true, _) | (false, Some(Known::Value(FactValue::Flag(true)))) if shown || any_proof => {
                judged.status = FindingStatus::Met;
                judged.reason = format!("used in the last {} days", self.lookback_days);
            }
            (false, Some(Known::Value(FactValue::Flag(false)))) if open.is_empty() => {
                judged.status = FindingStatus::Unmet;
                judged.reason = format!("not used in the last {} days", self.lookback_days);
            }
            (_, told) => {
                if let Some(Known::Value(FactValue::Flag(true))) = told {
                    let reason =
                        format!("it was used; what shows it is not told, and only {} counts", self.proofs.join(" or "));
                    open.push(Need { fact: "request.history".to_owned(), reason });
                } else if let Some(Known::Missing(need)) = told {
                    open.push(need);
                }
                if open.is_empty() {
                    open.push(Need {
                        fact: "request.history".to_owned(),
                        reason: "whether the product was used lately is not told".to_owned(),
                    });
                }
                judged.reason = "whether it was used lately is not known".to_owned();
                judged.needs = open;
            }
        }
        judged
    }
}

impl Transition {
    /// Whether an approval that carries other products is still running.
    pub(super) fn judge(&self, case: &Case<'_>) -> Finding {
        let mut judged = finding(&self.id, &self.text, &self.citations);
        judged.kind = "validity".to_owned();
        judged.evidence = vec!["active-approval-product".to_owned(), "active-approval-ends".to_owned()];
        match case.facts.get("active-approval-product", None) {
            Known::Value(FactValue::Code(product)) if *product == self.approval => {}
            Known::Value(_) => {
                judged.status = FindingStatus::Unmet;
                judged.reason = format!("the running approval is not for {}", self.approval);
                return judged;
            }
            Known::Missing(need) => {
                judged.reason = format!("{}: {}", need.fact, need.reason);
                judged.needs = vec![need];
                return judged;
            }
        }
        match self.ends(case) {
            Ok(last) if case.day <= last => {
                judged.status = FindingStatus::Met;
                judged.reason = format!("the approval runs to {last}");
            }
            Ok(last) => {
                judged.status = FindingStatus::Unmet;
                judged.reason = format!("the approval ended on {last}");
            }
            Err(need) => {
                judged.reason = format!("{}: {}", need.fact, need.reason);
                judged.needs = vec![need];
            }
        }
        judged
    }

    fn ends(&self, case: &Case<'_>) -> Result<number::Day, Need> {
        let fact = "active-approval-ends";
        let unread = |reason: String| Need { fact: fact.to_owned(), reason };
        match case.facts.get(fact, None) {
            Known::Value(FactValue::Day(day)) => number::day(day).map_err(unread),
            Known::Value(_) => Err(unread("it is not told as a day".to_owned())),
            Known::Missing(need) => Err(need),
        }
    }

    /// What a running approval means for the site.
    pub(super) fn duty(&self, case: &Case<'_>) -> Statement {
        let until = self.ends(case).map(|last| format!(" It runs to {last}.")).unwrap_or_default();
        Statement {
            code: "no-new-request".to_owned(),
            text: format!(
                "No new request for {}: {}.{until}",
                self.carries.join(", "),
                self.text.trim_end_matches('.')
            ),
            citations: self.citations.clone(),
        }
    }
}

fn finding(id: &str, text: &str, citations: &[Citation]) -> Finding {
    Finding {
        id: id.to_owned(),
        within: None,
        kind: "preferred-product".to_owned(),
        status: FindingStatus::Unknown,
        statement: text.to_owned(),
        reason: String::new(),
        needs: Vec::new(),
        evidence: Vec::new(),
        citations: citations.to_vec(),
    }
}

fn outcome(result: Failure) -> &'static str {
    match result {
        Failure::Ineffective => "ineffective",
        Failure::Intolerant => "not tolerated",
        Failure::Contraindicated => "contraindicated",
    }
}
