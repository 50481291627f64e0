//! BI730, Elrexfio: measurable disease, or progression within 60 days of the last regimen.
//!
//! The page prints "> 5g/dL" of serum M-protein and "> 200 mg/23h" of urine M-protein. Trials of the drug count
//! 0.5 g/dL and 24 hours, and take the boundary in. Which reading the payer applies is not known, so a value counts
//! where it passes both, fails where it fails both, and is to be asked about in between.

use paratope_policy_engine::Draft;
use paratope_sdk::criteria::combine;
use paratope_sdk::facts::{Facts, Known};
use paratope_sdk::number::{self, Exact};
use paratope_sdk::payer::Stage;
use paratope_sdk::words::{Citation, FactValue, Finding, FindingStatus, Need};

const GROUP: &str = "measurable-or-progressive";

/// Adds the criterion to a first request.
pub fn judge(draft: &mut Draft<'_>) {
    if draft.request.stage != Stage::Initial {
        return;
    }
    let facts = &draft.facts;
    let light_chain = {
        let level = Reading::new("serum-free-light-chain", 100, 100).judge(facts);
        let ratio = flag(facts, "free-light-chain-ratio-abnormal");
        level.and(ratio)
    };
    let parts = [
        ("serum-m-protein", "Serum M-protein", Reading::tenths("serum-m-protein", 5, 50).judge(facts)),
        // 200 mg in 23 hours are 208.7 mg in 24.
        ("urine-m-protein", "Urine M-protein", Reading::per_day("urine-m-protein", 200, 23).judge(facts)),
        ("free-light-chain", "Involved free light chain, with an abnormal ratio", light_chain),
        ("progressed", "Progression within 60 days of the last regimen", flag(facts, "progressed-within-60-days")),
    ];
    let statuses: Vec<FindingStatus> = parts.iter().map(|(_, _, part)| part.status).collect();
    let status = combine("any", &statuses);
    let citations = draft.policy.citations.clone();
    let finding = |id: &str, within: Option<&str>, text: &str, part: Part, citations: &[Citation]| Finding {
        id: id.to_owned(),
        within: within.map(str::to_owned),
        kind: "disease-measure".to_owned(),
        status: part.status,
        statement: text.to_owned(),
        reason: part.reason,
        needs: part.needs,
        evidence: part.evidence,
        citations: citations.to_vec(),
    };
    let met = parts.iter().filter(|(_, _, part)| part.status == FindingStatus::Met).count();
    let whole = Part {
        status,
        reason: format!("{met} of {} ways hold", parts.len()),
        needs: match status {
            FindingStatus::Unknown => parts.iter().flat_map(|(_, _, part)| part.needs.clone()).collect(),
            _ => Vec::new(),
        },
        evidence: Vec::new(),
    };
    let text = "Measurable disease, or progression within 60 days of the last regimen";
    draft.findings.push(finding(GROUP, None, text, whole, &citations));
    for (id, text, part) in parts {
        draft.findings.push(finding(id, Some(GROUP), text, part, &citations));
    }
}

/// A threshold with two readings: below `low` it fails, above `high` it passes, and from one to the other it is open.
struct Reading {
    fact: &'static str,
    low: Exact,
    high: Exact,
}

impl Reading {
    fn new(fact: &'static str, low: i64, high: i64) -> Self {
        Self { fact, low: Exact::from(low), high: Exact::from(high) }
    }

    fn tenths(fact: &'static str, low: i64, high: i64) -> Self {
        Self { fact, low: Exact::new(low, 1), high: Exact::new(high, 1) }
    }

    /// So much in a day of 24 hours, or in one of `hours`.
    fn per_day(fact: &'static str, amount: i64, hours: i64) -> Self {
        let amount = Exact::from(amount);
        let stretched = (amount * Exact::from(24)).checked_div(Exact::from(hours));
        Self { fact, low: amount, high: stretched.unwrap_or(amount) }
    }

    fn judge(&self, facts: &Facts<'_>) -> Part {
        let Self { fact, low, high } = self;
        let evidence = vec![(*fact).to_owned()];
        let value = match facts.get(fact, None) {
            Known::Value(FactValue::Quantity(quantity)) => number::exact(quantity.value),
            Known::Value(_) => Err("it is not told as a quantity".to_owned()),
            Known::Missing(need) => return Part::unknown(format!("{fact}: {}", need.reason), need, evidence),
        };
        let value = match value {
            Ok(value) => value,
            Err(reason) => {
                let need = Need { fact: (*fact).to_owned(), reason: reason.clone() };
                return Part::unknown(format!("{fact}: {reason}"), need, evidence);
            }
        };
        if value > *high {
            Part {
                status: FindingStatus::Met,
                reason: format!("{fact} is {value}, above every reading"),
                needs: Vec::new(),
                evidence,
            }
        } else if value < *low {
            Part {
                status: FindingStatus::Unmet,
                reason: format!("{fact} is {value}, below every reading"),
                needs: Vec::new(),
                evidence,
            }
        } else {
            let reason = format!(
                "{fact} is {value}; as printed it must exceed {}, as likely meant reach {low}",
                high.round_dp(1).normalize()
            );
            let need = Need { fact: "ask-payer".to_owned(), reason: reason.clone() };
            Part::unknown(reason, need, evidence)
        }
    }
}

fn flag(facts: &Facts<'_>, fact: &'static str) -> Part {
    let evidence = vec![fact.to_owned()];
    match facts.get(fact, None) {
        Known::Value(FactValue::Flag(true)) => {
            Part { status: FindingStatus::Met, reason: format!("{fact} is yes"), needs: Vec::new(), evidence }
        }
        Known::Value(_) => {
            Part { status: FindingStatus::Unmet, reason: format!("{fact} is no"), needs: Vec::new(), evidence }
        }
        Known::Missing(need) => Part::unknown(format!("{fact}: {}", need.reason), need, evidence),
    }
}

/// One way to show it.
struct Part {
    status: FindingStatus,
    reason: String,
    needs: Vec<Need>,
    evidence: Vec<String>,
}

impl Part {
    fn unknown(reason: String, need: Need, evidence: Vec<String>) -> Self {
        Self { status: FindingStatus::Unknown, reason, needs: vec![need], evidence }
    }

    /// Both must hold.
    fn and(self, other: Self) -> Self {
        let status = combine("all", &[self.status, other.status]);
        let needs = match status {
            FindingStatus::Unknown => [self.needs, other.needs].concat(),
            _ => Vec::new(),
        };
        Self {
            status,
            reason: format!("{}; {}", self.reason, other.reason),
            needs,
            evidence: [self.evidence, other.evidence].concat(),
        }
    }
}
