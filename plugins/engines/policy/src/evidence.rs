//! The evidence a use rests on: label, NCCN category, other compendia, and the "not indicated" veto.

use paratope_sdk::criteria::combine;
use paratope_sdk::facts::{Facts, Known};
use paratope_sdk::words::{FactValue, Finding, FindingStatus, Need};

use crate::policy::Evidence;

/// Categories that may support a use.
const CATEGORIES: &[&str] = &["1", "2A", "2B", "3"];

impl Evidence {
    /// Judges the use: the whole first, then its parts.
    pub fn judge(&self, facts: &Facts<'_>) -> Vec<Finding> {
        use FindingStatus::{Met, Unmet};
        let mut support: Vec<Part> = Vec::new();
        if self.labelled {
            support.push(flag(facts, "labelled-use", Met, Unmet));
        }
        support.push(self.category(facts));
        if self.other_compendia {
            support.push(flag(facts, "compendium-supported", Met, Unmet));
        }
        let support_status = combine("any", &support.iter().map(|part| part.status).collect::<Vec<_>>());
        // Nothing but neutral silence is no support.
        let support_status = if support_status == FindingStatus::NotApplicable { Unmet } else { support_status };
        let mut findings = vec![self.finding(
            "evidence-support",
            support_status,
            "a label or a compendium supports the use",
            &support,
        )];
        if self.veto {
            let veto = flag(facts, "compendium-not-indicated", Unmet, Met);
            let status = veto.status;
            findings.push(self.finding(
                "evidence-not-indicated",
                status,
                "no compendium lists the use as not indicated",
                &[veto],
            ));
        }
        let statuses: Vec<FindingStatus> = findings.iter().map(|finding| finding.status).collect();
        let status = combine("all", &statuses);
        let reason = findings.iter().map(|finding| finding.reason.as_str()).collect::<Vec<_>>().join("; ");
        let needs = if status == FindingStatus::Unknown {
            findings.iter().flat_map(|finding| finding.needs.clone()).collect()
        } else {
            Vec::new()
        };
        let whole = Finding {
            id: "evidence-basis".to_owned(),
            within: None,
            kind: "evidence-basis".to_owned(),
            status,
            statement: self.text.clone(),
            reason,
            needs,
            evidence: Vec::new(),
            citations: self.citations.clone(),
        };
        std::iter::once(whole).chain(findings).collect()
    }

    /// The NCCN category. No category is neutral: it neither supports nor defeats.
    fn category(&self, facts: &Facts<'_>) -> Part {
        let fact = "evidence-category";
        if CATEGORIES.iter().all(|category| self.refused.iter().any(|refused| refused == category)) {
            let reason = "no NCCN category is accepted".to_owned();
            return Part { fact, status: FindingStatus::NotApplicable, reason, needs: Vec::new() };
        }
        let (status, reason, needs) = match facts.get(fact, None) {
            Known::Value(FactValue::Code(code)) if self.accepted.contains(code) => {
                (FindingStatus::Met, format!("NCCN category {code} is accepted"), Vec::new())
            }
            Known::Value(FactValue::Code(code)) if self.disputed.contains(code) => {
                let reason = format!("sources disagree whether NCCN category {code} is accepted");
                let need = Need { fact: "ask-payer".to_owned(), reason: reason.clone() };
                (FindingStatus::Unknown, reason, vec![need])
            }
            Known::Value(FactValue::Code(code)) if self.refused.contains(code) => {
                (FindingStatus::Unmet, format!("NCCN category {code} is not accepted"), Vec::new())
            }
            Known::Value(FactValue::Code(code)) if code == "none" => (
                FindingStatus::NotApplicable,
                "NCCN has no category for the use, which is neutral".to_owned(),
                Vec::new(),
            ),
            Known::Value(_) => {
                let reason = "the policy does not say whether this NCCN category is accepted".to_owned();
                let need = Need { fact: "ask-payer".to_owned(), reason: reason.clone() };
                (FindingStatus::Unknown, reason, vec![need])
            }
            Known::Missing(need) => (FindingStatus::Unknown, format!("{fact}: {}", need.reason), vec![need]),
        };
        Part { fact, status, reason, needs }
    }

    fn finding(&self, id: &str, status: FindingStatus, statement: &str, parts: &[Part]) -> Finding {
        let unknown = status == FindingStatus::Unknown;
        Finding {
            id: id.to_owned(),
            within: Some("evidence-basis".to_owned()),
            kind: "evidence-basis".to_owned(),
            status,
            statement: statement.to_owned(),
            reason: parts.iter().map(|part| part.reason.as_str()).collect::<Vec<_>>().join("; "),
            needs: if unknown { parts.iter().flat_map(|part| part.needs.clone()).collect() } else { Vec::new() },
            evidence: parts.iter().map(|part| part.fact.to_owned()).collect(),
            citations: self.citations.clone(),
        }
    }
}

/// One piece of evidence.
struct Part {
    fact: &'static str,
    status: FindingStatus,
    reason: String,
    needs: Vec<Need>,
}

fn flag(facts: &Facts<'_>, fact: &'static str, yes: FindingStatus, no: FindingStatus) -> Part {
    match facts.get(fact, None) {
        Known::Value(FactValue::Flag(true)) => {
            Part { fact, status: yes, reason: format!("{fact} is yes"), needs: Vec::new() }
        }
        Known::Value(_) => Part { fact, status: no, reason: format!("{fact} is no"), needs: Vec::new() },
        Known::Missing(need) => {
            Part { fact, status: FindingStatus::Unknown, reason: format!("{fact}: {}", need.reason), needs: vec![need] }
        }
    }
}
