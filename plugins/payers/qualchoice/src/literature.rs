//! BI716, Lunsumio: a dose stays within the caps of its cycle, or literature supports it.
//!
//! Whether literature supports a dose is the payer's to say. So a dose above its cap fails only where no literature is
//! attached; with it the dose is open, and never met.

use paratope_policy_engine::Draft;
use paratope_sdk::facts::Known;
use paratope_sdk::words::{FactValue, FindingStatus, Need};

/// Softens the caps where literature is attached or may be.
pub fn judge(draft: &mut Draft<'_>) {
    let attached = draft.facts.get("documents-attached", None);
    let (reason, need) = match attached {
        Known::Value(FactValue::Codes(codes)) if codes.iter().any(|code| code == "peer-reviewed-literature") => {
            let reason = "the attached literature may support the dose: the payer weighs it";
            (reason, Need { fact: "ask-payer".to_owned(), reason: reason.to_owned() })
        }
        Known::Value(_) => return,
        Known::Missing(need) => ("literature may support the dose; whether it is attached is not known", need),
    };
    let caps = draft.terms.limits.iter_mut().map(|limit| &mut limit.finding);
    for cap in caps.filter(|cap| cap.id.starts_with("mg-") && cap.status == FindingStatus::Unmet) {
        cap.status = FindingStatus::Unknown;
        cap.reason = format!("{}; {reason}", cap.reason);
        cap.needs = vec![need.clone()];
        cap.evidence.push("documents-attached".to_owned());
    }
}
