//! A clearance for people: the verdict first, then each line of work with reason, owner, deadline and source.

use std::fmt::Write as _;

use paratope_domain::clearance::{Checkpoint, Clearance, Lane, State, Verdict};
use paratope_domain::{Citation, Confidence};

use crate::terminal::safe;

/// The lanes in the order of work.
const LANES: &[(Lane, &str)] = &[
    (Lane::PatientSelection, "Patient, drug and dose"),
    (Lane::Authorization, "Authorization and money"),
    (Lane::Monitoring, "Monitoring and rescue"),
    (Lane::Billing, "Billing"),
    (Lane::SignOff, "Sign-off"),
];

/// Renders `clearance` as plain text.
pub fn clearance(clearance: &Clearance) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}  {}", headline(clearance.verdict), safe(&clearance.summary));
    let _ = writeln!(text, "case {}, judged for {}", safe(&clearance.case), clearance.as_of);
    for condition in &clearance.conditions {
        let _ = writeln!(text, "  mind: {}", safe(condition));
    }
    for (lane, title) in LANES {
        let mut checkpoints: Vec<&Checkpoint> =
            clearance.checkpoints.iter().filter(|checkpoint| checkpoint.lane == *lane).collect();
        checkpoints.sort_by_key(|checkpoint| urgency(&checkpoint.state));
        let _ = writeln!(text, "\n{title}");
        for one in checkpoints {
            checkpoint(&mut text, one);
        }
    }
    doses(&mut text, clearance);
    let _ = writeln!(text, "\nfingerprint {}", safe(&clearance.fingerprint));
    let _ = writeln!(text, "{}", safe(&clearance.notice));
    text
}

/// The verdict in capitals.
pub fn headline(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Cleared => "CLEARED",
        Verdict::ClearedWithConditions => "CLEARED WITH CONDITIONS",
        Verdict::Waiting => "WAITING",
        Verdict::Blocked => "BLOCKED",
    }
}

fn urgency(state: &State) -> u8 {
    match state {
        State::Failed => 0,
        State::Unknown => 1,
        State::Overridden { .. } => 2,
        State::Passed => 3,
        State::NotApplicable => 4,
    }
}

fn checkpoint(text: &mut String, checkpoint: &Checkpoint) {
    let mark = match &checkpoint.state {
        State::Failed => "FAILED ",
        State::Unknown => "UNKNOWN",
        State::Overridden { .. } => "OVERRID",
        State::Passed => "passed ",
        State::NotApplicable => "n/a    ",
    };
    let unverified = if checkpoint.unverified { "  [unverified]" } else { "" };
    let _ = writeln!(text, "  {mark}  {}{unverified}", checkpoint.title);
    for part in wrap(&safe(&checkpoint.reason), 96) {
        let _ = writeln!(text, "           {part}");
    }
    if let State::Overridden { by, because } = &checkpoint.state {
        let _ = writeln!(text, "           overridden by {}: {}", safe(by), safe(because));
    }
    if matches!(checkpoint.state, State::Failed | State::Unknown) {
        let by = checkpoint.deadline.as_ref().map(|deadline| format!(", by {} ({})", deadline.at, deadline.rule));
        let _ = writeln!(text, "           owner: {}{}", safe(&checkpoint.owner), safe(&by.unwrap_or_default()));
        for need in &checkpoint.needs {
            let _ = writeln!(text, "           needs {}: {}", safe(&need.fact), safe(&need.reason));
        }
        for source in sources(&checkpoint.citations) {
            let _ = writeln!(text, "           source: {}", safe(&source));
        }
    }
}

/// Each source once, with how well it is known.
fn sources(citations: &[Citation]) -> Vec<String> {
    let mut sources: Vec<String> = citations.iter().map(source).collect();
    sources.sort();
    sources.dedup();
    sources
}

fn source(citation: &Citation) -> String {
    let confidence = match citation.confidence {
        Confidence::Sourced => "",
        Confidence::Derived => " (derived)",
        Confidence::Inferred => " (inferred: unverified)",
        Confidence::Recalled => " (recalled: unverified)",
        Confidence::Unknown => " (unknown)",
    };
    let section = if citation.section.is_empty() { String::new() } else { format!(", {}", citation.section) };
    format!("{}{section}, edition {}{confidence}", citation.document, citation.edition)
}

fn doses(text: &mut String, clearance: &Clearance) {
    use paratope_domain::product::Amount;
    if clearance.doses.is_empty() {
        return;
    }
    let _ = writeln!(text, "\nDoses as the label plans them");
    for dose in &clearance.doses {
        let amount = match &dose.amount {
            Amount::Exact(amount) => amount.to_string(),
            Amount::Unknown(_) => "ask a pharmacist".to_owned(),
        };
        let units = dose.billing.as_ref().map_or_else(String::new, |billing| {
            format!("  {} x {} + {} discarded", billing.code, billing.units, billing.discarded_units)
        });
        let _ = writeln!(text, "  {}  {:<16} {amount}{}", dose.day, safe(&dose.phase), safe(&units));
    }
}

/// Breaks text at blanks so that lines stay readable.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let full = lines
            .last()
            .is_some_and(|line| !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
