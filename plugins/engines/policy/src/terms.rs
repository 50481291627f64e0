//! Terms: what an approval would look like and how to ask for it.

use paratope_sdk::facts::Known;
use paratope_sdk::number;
use paratope_sdk::payer::{Channel, Clock, Document, Duration, Span, Terms};
use paratope_sdk::words::{Ask, FactValue, Finding, FindingStatus, Need, Statement};

use crate::document::Missing;
use crate::policy::{ClockRule, Conditional, DocumentRule, Policies, Policy, applies};
use crate::request::{Case, Doses};

impl Policies {
    /// The terms of a policy for one request, and what is open about them.
    pub(crate) fn terms(
        &self,
        policy: &Policy,
        line_of_business: &str,
        case: &Case<'_>,
        doses: &Doses<'_>,
    ) -> (Terms, Vec<Ask>) {
        let mut asks = Vec::new();
        let terms = Terms {
            limits: policy.limits.iter().map(|limit| limit.judge(case, doses)).collect(),
            durations: durations(policy, case, &mut asks),
            documents: policy.documents.iter().filter_map(|document| document.judge(case)).collect(),
            channels: self.channels(policy, case, &mut asks),
            submission: statements(policy.submission.iter().chain(&self.submission), case, &mut asks, "submission"),
            clocks: self.clocks(policy, line_of_business, case, &mut asks),
            linked: holding(&policy.linked, case, &mut asks, "linked-drug", |linked| linked.text.clone()),
        };
        (terms, asks)
    }

    /// The channels of a policy and of its payer.
    pub(crate) fn channels(&self, policy: &Policy, case: &Case<'_>, asks: &mut Vec<Ask>) -> Vec<Channel> {
        let tell = |channel: &Channel| format!("the channel {}, {}", channel.id, channel.rule);
        let mut channels = holding(&policy.channels, case, asks, "channel", tell);
        channels.extend(holding(&self.channels, case, asks, "channel", tell));
        channels
    }

    fn clocks(&self, policy: &Policy, line_of_business: &str, case: &Case<'_>, asks: &mut Vec<Ask>) -> Vec<Clock> {
        let runs = |rule: &&ClockRule| {
            let lines = &rule.lines_of_business;
            rule.first.is_none_or(|first| first <= case.day)
                && (lines.is_empty() || lines.iter().any(|line| line == line_of_business))
        };
        let clocks: Vec<Conditional<Clock>> = policy
            .clocks
            .iter()
            .chain(&self.clocks)
            .filter(runs)
            .map(|rule| Conditional { when: rule.when.clone(), item: rule.clock.clone() })
            .collect();
        holding(&clocks, case, asks, "clock", |clock| format!("the clock `{}`", clock.id))
    }
}

/// How long approvals last. One that has ended by itself is asked about.
fn durations(policy: &Policy, case: &Case<'_>, asks: &mut Vec<Ask>) -> Vec<Duration> {
    let mut rows =
        holding(&policy.durations, case, asks, "duration", |duration| format!("an approval {}", told(&duration.span)));
    rows.retain(|row| {
        let Span::Until(last) = &row.span else { return true };
        let passed = number::day(last).is_ok_and(|last| last < case.day);
        if passed {
            let reason = format!("approvals lasted until {last}, which has passed; what holds now was not read");
            asks.push(Ask { topic: "duration".to_owned(), reason, needs: Vec::new() });
        }
        !passed
    });
    rows
}

fn told(span: &Span) -> String {
    match span {
        Span::Days(count) => format!("of {count} days"),
        Span::Months(count) => format!("of {count} months"),
        Span::Cycles(count) => format!("of {count} cycles"),
        Span::Doses(count) => format!("of {count} doses"),
        Span::PlanYear => "to the end of the plan year".to_owned(),
        Span::Until(day) => format!("until {day}"),
    }
}

impl DocumentRule {
    /// The document and whether it is attached. `None` where it is not asked for.
    fn judge(&self, case: &Case<'_>) -> Option<Document> {
        let (status, reason, needs) = match applies(self.when.as_ref(), &case.facts, &case.asked) {
            (FindingStatus::Unmet, _) => return None,
            (FindingStatus::Unknown, needs) => {
                (FindingStatus::Unknown, "whether it is asked for is not known".to_owned(), needs)
            }
            _ => match case.facts.get("documents-attached", None) {
                Known::Value(FactValue::Codes(codes)) if codes.contains(&self.id) => {
                    (FindingStatus::Met, "attached".to_owned(), Vec::new())
                }
                Known::Value(_) => (FindingStatus::Unmet, self.consequence(), Vec::new()),
                Known::Missing(need) => {
                    (FindingStatus::Unknown, format!("what is attached: {}", need.reason), vec![need])
                }
            },
        };
        Some(Document {
            id: self.id.clone(),
            text: self.text.clone(),
            missing: self.missing.into(),
            status: Finding {
                id: self.id.clone(),
                within: None,
                kind: "documents".to_owned(),
                status,
                statement: self.text.clone(),
                reason,
                needs,
                evidence: vec!["documents-attached".to_owned()],
                citations: self.citations.clone(),
            },
        })
    }

    fn consequence(&self) -> String {
        match self.missing {
            Missing::Pend => "not attached; the payer waits for it",
            Missing::Deny => "not attached; the payer may deny for that",
            Missing::Unknown => "not attached; what the payer does then is not said",
        }
        .to_owned()
    }
}

/// The rows that hold; a row whose condition is not known becomes a question.
pub(crate) fn holding<T: Clone>(
    rows: &[Conditional<T>],
    case: &Case<'_>,
    asks: &mut Vec<Ask>,
    topic: &str,
    tell: impl Fn(&T) -> String,
) -> Vec<T> {
    let mut held = Vec::new();
    for row in rows {
        match row.applies(&case.facts, &case.asked) {
            (FindingStatus::Met, _) => held.push(row.item.clone()),
            (FindingStatus::Unknown, needs) => asks.push(undecided(topic, &tell(&row.item), needs)),
            _ => {}
        }
    }
    held
}

pub(crate) fn statements<'a>(
    rows: impl IntoIterator<Item = &'a Conditional<Statement>>,
    case: &Case<'_>,
    asks: &mut Vec<Ask>,
    topic: &str,
) -> Vec<Statement> {
    let rows: Vec<Conditional<Statement>> = rows.into_iter().cloned().collect();
    holding(&rows, case, asks, topic, |statement| statement.text.clone())
}

fn undecided(topic: &str, what: &str, needs: Vec<Need>) -> Ask {
    Ask { topic: topic.to_owned(), reason: format!("whether this holds is not known: {what}"), needs }
}
