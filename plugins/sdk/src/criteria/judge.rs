//! Judging rules in three-valued logic.

use std::borrow::Cow;

use super::test::{Body, Check, Comparison, Rule};
use super::{Day, Exact, FactValue, Facts, Finding, FindingStatus, Known, Need, facts, number};

/// What the request itself says, beside its facts.
#[derive(Debug, Default)]
pub struct Asked {
    values: Vec<(&'static str, FactValue)>,
}

impl Asked {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `name` is said to be `code`.
    #[must_use]
    pub fn code(self, name: &'static str, code: &str) -> Self {
        self.with(name, FactValue::Code(code.to_owned()))
    }

    /// `name` is said to be `code`, when it is said at all.
    #[must_use]
    pub fn maybe(self, name: &'static str, code: Option<&str>) -> Self {
        match code {
            Some(code) => self.code(name, code),
            None => self,
        }
    }

    /// `name` is said to be exactly these.
    #[must_use]
    pub fn codes<'a>(self, name: &'static str, codes: impl IntoIterator<Item = &'a str>) -> Self {
        self.with(name, FactValue::Codes(codes.into_iter().map(str::to_owned).collect()))
    }

    /// `name` is said to hold or not.
    #[must_use]
    pub fn flag(self, name: &'static str, value: bool) -> Self {
        self.with(name, FactValue::Flag(value))
    }

    /// `name` is said to be a day.
    #[must_use]
    pub fn day(self, name: &'static str, day: Day) -> Self {
        self.with(name, FactValue::Day(day.to_string()))
    }

    fn with(mut self, name: &'static str, value: FactValue) -> Self {
        self.values.push((name, value));
        self
    }

    fn get(&self, name: &str) -> Option<&FactValue> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// A judged test: where it stands, why, and what would decide it.
struct Judged {
    status: FindingStatus,
    reason: Cow<'static, str>,
    needs: Vec<Need>,
}

impl Rule {
    /// Judges the rule and its parts; the rule's own finding comes first.
    #[must_use]
    pub fn judge(&self, facts: &Facts<'_>, asked: &Asked) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.judge_into(facts, asked, None, &mut findings);
        findings
    }

    fn judge_into(
        &self,
        facts: &Facts<'_>,
        asked: &Asked,
        within: Option<&str>,
        findings: &mut Vec<Finding>,
    ) -> FindingStatus {
        let at = findings.len();
        findings.push(Finding {
            id: self.id.clone(),
            within: within.map(str::to_owned),
            kind: self.kind.clone(),
            status: FindingStatus::NotApplicable,
            statement: self.text.clone(),
            reason: String::new(),
            needs: Vec::new(),
            evidence: Vec::new(),
            citations: self.citations.clone(),
        });
        let applies = self.when.as_ref().map(|when| (when.judge(facts, asked), when));
        let (judged, evidence) = match applies {
            Some((Judged { status: FindingStatus::Unmet, .. }, when)) => {
                let reason = format!("does not apply: {}", when.describe()).into();
                (Judged { status: FindingStatus::NotApplicable, reason, needs: Vec::new() }, vec![when.fact.clone()])
            }
            Some((Judged { status: FindingStatus::Unknown, reason, needs }, when)) => {
                let reason = format!("whether it applies is not known: {reason}").into();
                (Judged { status: FindingStatus::Unknown, reason, needs }, vec![when.fact.clone()])
            }
            _ => self.body(facts, asked, findings),
        };
        let status = judged.status;
        if let Some(finding) = findings.get_mut(at) {
            finding.status = status;
            finding.reason = judged.reason.into_owned();
            finding.needs = judged.needs;
            finding.evidence = evidence;
        }
        status
    }

    fn body(&self, facts: &Facts<'_>, asked: &Asked, findings: &mut Vec<Finding>) -> (Judged, Vec<String>) {
        let (parts, word) = match &self.body {
            Body::Check(check) => return (check.judge(facts, asked), vec![check.fact.clone()]),
            Body::All(parts) => (parts, "all"),
            Body::Any(parts) => (parts, "any"),
            Body::None(parts) => (parts, "none"),
            Body::AtLeast(_, parts) => (parts, "at-least"),
        };
        let first = findings.len();
        let statuses: Vec<FindingStatus> =
            parts.iter().map(|part| part.judge_into(facts, asked, Some(&self.id), findings)).collect();
        let status = match &self.body {
            Body::AtLeast(count, _) => combine_at_least(*count, &statuses),
            _ => combine(word, &statuses),
        };
        let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
        let reason = format!(
            "{} met, {} not met, {} unknown of {} parts",
            count(FindingStatus::Met),
            count(FindingStatus::Unmet),
            count(FindingStatus::Unknown),
            statuses.len()
        );
        let mut needs: Vec<Need> = Vec::new();
        if status == FindingStatus::Unknown {
            for need in findings.iter().skip(first).flat_map(|finding| &finding.needs) {
                if !needs.contains(need) {
                    needs.push(need.clone());
                }
            }
        }
        (Judged { status, reason: reason.into(), needs }, Vec::new())
    }
}

/// The status of a group of `all`, `any` or `none`. Parts that do not apply do not count; a group of nothing else
/// does not apply.
#[must_use]
pub fn combine(group: &str, statuses: &[FindingStatus]) -> FindingStatus {
    use FindingStatus::{Met, NotApplicable, Unknown, Unmet};
    if statuses.iter().all(|status| *status == NotApplicable) {
        return NotApplicable;
    }
    let has = |wanted| statuses.contains(&wanted);
    match group {
        "any" if has(Met) => Met,
        "any" if has(Unknown) => Unknown,
        "any" => Unmet,
        "none" if has(Met) => Unmet,
        "none" if has(Unknown) => Unknown,
        "none" => Met,
        _ if has(Unmet) => Unmet,
        _ if has(Unknown) => Unknown,
        _ => Met,
    }
}

/// The status of "at least `count` of these".
#[must_use]
pub fn combine_at_least(count: usize, statuses: &[FindingStatus]) -> FindingStatus {
    let of = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    if of(FindingStatus::NotApplicable) == statuses.len() {
        FindingStatus::NotApplicable
    } else if of(FindingStatus::Met) >= count {
        FindingStatus::Met
    } else if of(FindingStatus::Met) + of(FindingStatus::Unknown) < count {
        FindingStatus::Unmet
    } else {
        FindingStatus::Unknown
    }
}

impl Check {
    /// Where the test stands, and what would decide it.
    #[must_use]
    pub fn status(&self, facts: &Facts<'_>, asked: &Asked) -> (FindingStatus, Vec<Need>) {
        let judged = self.judge(facts, asked);
        (judged.status, judged.needs)
    }

    fn judge(&self, facts: &Facts<'_>, asked: &Asked) -> Judged {
        let value = if self.fact.starts_with("request.") {
            match asked.get(&self.fact) {
                Some(value) => Known::Value(value),
                None => Known::Missing(Need { fact: self.fact.clone(), reason: "the request does not say".to_owned() }),
            }
        } else {
            facts.get(&self.fact, self.fresh)
        };
        let value = match value {
            Known::Value(value) => value,
            Known::Missing(need) => {
                let reason = format!("{}: {}", need.fact, need.reason).into();
                return Judged { status: FindingStatus::Unknown, reason, needs: vec![need] };
            }
        };
        match self.holds(value, facts.as_of()) {
            Some(true) => self.judged(FindingStatus::Met, value),
            Some(false) => self.judged(FindingStatus::Unmet, value),
            None => {
                let (fact, reason) = match &self.comparison {
                    Comparison::Attests(_) => (self.fact.as_str(), "nobody has attested it"),
                    _ => {
                        ("ask-payer", "exactly at the boundary, and the source does not say whether the boundary is in")
                    }
                };
                let need = Need { fact: fact.to_owned(), reason: format!("{}: {reason}", self.describe()) };
                Judged {
                    status: FindingStatus::Unknown,
                    reason: format!("{} is {}: {reason}", self.fact, show(value)).into(),
                    needs: vec![need],
                }
            }
        }
    }

    fn judged(&self, status: FindingStatus, value: &FactValue) -> Judged {
        let verb = if status == FindingStatus::Met { "as asked" } else { "asked" };
        let reason = format!("{} is {}; {verb}: {}", self.fact, show(value), self.describe()).into();
        Judged { status, reason, needs: Vec::new() }
    }

    /// `None` at a boundary the source leaves open, and where nobody has attested.
    fn holds(&self, value: &FactValue, as_of: Day) -> Option<bool> {
        let has = |codes: &[String], wanted: &String| codes.iter().any(|code| matches(code, wanted));
        Some(match (&self.comparison, value) {
            (Comparison::Is(wanted), FactValue::Flag(value)) => wanted == value,
            (Comparison::AtLeast(bound), _) => self.compare(value, *bound)?.is_ge(),
            (Comparison::AtMost(bound), _) => self.compare(value, *bound)?.is_le(),
            (Comparison::MoreThan(bound), _) => self.compare(value, *bound)?.is_gt(),
            (Comparison::LessThan(bound), _) => self.compare(value, *bound)?.is_lt(),
            (Comparison::OneOf(wanted), FactValue::Code(code)) => wanted.iter().any(|wanted| matches(code, wanted)),
            (Comparison::NotOneOf(wanted), FactValue::Code(code)) => !wanted.iter().any(|wanted| matches(code, wanted)),
            (Comparison::IncludesAll(wanted), FactValue::Codes(codes)) => {
                wanted.iter().all(|wanted| has(codes, wanted))
            }
            (Comparison::IncludesAny(wanted), FactValue::Codes(codes)) => {
                wanted.iter().any(|wanted| has(codes, wanted))
            }
            (Comparison::IncludesNone(wanted), FactValue::Codes(codes)) => {
                !wanted.iter().any(|wanted| has(codes, wanted))
            }
            (Comparison::Only(wanted), FactValue::Codes(codes)) => {
                codes.iter().all(|code| wanted.iter().any(|wanted| matches(code, wanted)))
            }
            (Comparison::Attests(wanted), FactValue::Codes(codes)) => return codes.contains(wanted).then_some(true),
            (Comparison::Known, _) => true,
            (Comparison::OnOrAfter(bound), FactValue::Day(text)) => number::day(text).is_ok_and(|day| day >= *bound),
            (Comparison::OnOrBefore(bound), FactValue::Day(text)) => number::day(text).is_ok_and(|day| day <= *bound),
            (Comparison::WithinDays(days), FactValue::Day(text)) => {
                number::day(text).is_ok_and(|day| (0..=i64::from(*days)).contains(&number::days_between(day, as_of)))
            }
            // INVARIANT: `compile` fits comparisons to types and `Facts::check` fits values to types.
            _ => return None,
        })
    }

    fn compare(&self, value: &FactValue, bound: Exact) -> Option<std::cmp::Ordering> {
        let value = match value {
            FactValue::Count(count) => Exact::from(*count),
            FactValue::Quantity(quantity) => number::exact(quantity.value).ok()?,
            _ => return None,
        };
        let ordering = value.cmp(&bound);
        if ordering.is_eq() && self.ambiguous_boundary { None } else { Some(ordering) }
    }

    /// The test in words.
    pub(super) fn describe(&self) -> String {
        let unit = facts::definition(&self.fact)
            .and_then(|entry| entry.unit)
            .map(|unit| format!(" {unit}"))
            .unwrap_or_default();
        let fact = &self.fact;
        match &self.comparison {
            Comparison::Is(true) => format!("{fact} yes"),
            Comparison::Is(false) => format!("{fact} no"),
            Comparison::AtLeast(bound) => format!("{fact} at least {bound}{unit}"),
            Comparison::AtMost(bound) => format!("{fact} at most {bound}{unit}"),
            Comparison::MoreThan(bound) => format!("{fact} more than {bound}{unit}"),
            Comparison::LessThan(bound) => format!("{fact} less than {bound}{unit}"),
            Comparison::OneOf(codes) => format!("{fact} one of {}", codes.join(", ")),
            Comparison::NotOneOf(codes) => format!("{fact} none of {}", codes.join(", ")),
            Comparison::IncludesAll(codes) => format!("{fact} with all of {}", codes.join(", ")),
            Comparison::IncludesAny(codes) => format!("{fact} with any of {}", codes.join(", ")),
            Comparison::IncludesNone(codes) => format!("{fact} with none of {}", codes.join(", ")),
            Comparison::Only(codes) => format!("{fact} with nothing but {}", codes.join(", ")),
            Comparison::Attests(wanted) => format!("{fact} with {wanted}"),
            Comparison::Known => format!("{fact} known"),
            Comparison::OnOrAfter(day) => format!("{fact} on or after {day}"),
            Comparison::OnOrBefore(day) => format!("{fact} on or before {day}"),
            Comparison::WithinDays(days) => format!("{fact} within {days} days before the service"),
        }
    }
}

/// Whether `code` is `wanted`, or begins with it when it ends in `-`.
fn matches(code: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('-') {
        Some(prefix) => code.starts_with(prefix),
        None => code == wanted,
    }
}

fn show(value: &FactValue) -> String {
    match value {
        FactValue::Flag(true) => "yes".to_owned(),
        FactValue::Flag(false) => "no".to_owned(),
        FactValue::Count(count) => count.to_string(),
        FactValue::Quantity(quantity) => match number::exact(quantity.value) {
            Ok(number) => format!("{} {}", number.normalize(), quantity.unit),
            Err(why) => why,
        },
        FactValue::Code(code) => code.clone(),
        FactValue::Codes(codes) if codes.is_empty() => "empty".to_owned(),
        FactValue::Codes(codes) => codes.join(", "),
        FactValue::Day(day) => day.clone(),
        FactValue::Text(_) => "given".to_owned(),
    }
}
