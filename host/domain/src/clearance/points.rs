//! Points: the single observations a checkpoint is made of.

use serde::{Deserialize, Serialize};

use super::{Deadline, State};
use crate::{Citation, Finding, FindingStatus, Need};

/// What one observation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PointState {
    /// It holds.
    Passed,
    /// It holds, and something must be minded.
    Condition,
    /// It does not hold.
    Failed,
    /// It cannot be told.
    Unknown,
    /// It does not concern this order.
    NotApplicable,
}

/// One observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Point {
    /// What it says.
    pub state: PointState,
    /// In a sentence.
    pub text: String,
    /// What would decide it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
}

/// Observations being gathered.
#[derive(Debug, Default)]
pub(super) struct Points {
    pub(super) list: Vec<Point>,
    pub(super) citations: Vec<Citation>,
    pub(super) deadline: Option<Deadline>,
    pub(super) owner: Option<String>,
}

impl Points {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A checkpoint that does not concern this order.
    pub(super) fn not_applicable(text: impl Into<String>) -> Self {
        let mut points = Self::new();
        points.push(PointState::NotApplicable, text);
        points
    }

    pub(super) fn passed(&mut self, text: impl Into<String>) {
        self.push(PointState::Passed, text);
    }

    pub(super) fn condition(&mut self, text: impl Into<String>) {
        self.push(PointState::Condition, text);
    }

    pub(super) fn failed(&mut self, text: impl Into<String>) {
        self.push(PointState::Failed, text);
    }

    pub(super) fn push(&mut self, state: PointState, text: impl Into<String>) {
        self.list.push(Point { state, text: text.into(), needs: Vec::new() });
    }

    /// Something is missing: `fact` would decide it.
    pub(super) fn unknown(&mut self, fact: &str, text: impl Into<String>) {
        let text = text.into();
        let need = Need { fact: fact.to_owned(), reason: text.clone() };
        self.list.push(Point { state: PointState::Unknown, text, needs: vec![need] });
    }

    /// Something is missing: `needs` would decide it.
    pub(super) fn unknown_for(&mut self, text: impl Into<String>, needs: Vec<Need>) {
        self.list.push(Point { state: PointState::Unknown, text: text.into(), needs });
    }

    /// Something a person must tell: yes passes, no fails, nothing waits.
    pub(super) fn answer(&mut self, known: Option<bool>, need: &str, yes: &str, no: &str, missing: &str) {
        match known {
            Some(true) => self.passed(yes),
            Some(false) => self.failed(no),
            None => self.unknown(need, missing),
        }
    }

    /// A plugin's finding, as it judged it.
    pub(super) fn finding(&mut self, finding: &Finding) {
        let text = format!("{}: {}", finding.statement, finding.reason);
        match finding.status {
            FindingStatus::Met => self.passed(text),
            FindingStatus::Unmet => self.failed(text),
            FindingStatus::NotApplicable => self.push(PointState::NotApplicable, text),
            // INVARIANT: unknown stays unknown even where the plugin names no need.
            FindingStatus::Unknown => self.unknown_for(text, finding.needs.clone()),
        }
        self.cite(&finding.citations);
    }

    /// The rules it rests on, each once.
    pub(super) fn cite(&mut self, citations: &[Citation]) {
        for citation in citations {
            if !self.citations.contains(citation) {
                self.citations.push(citation.clone());
            }
        }
    }

    /// A plugin gave no answer: a person must look.
    pub(super) fn no_answer(&mut self, why: &str) {
        self.unknown("ask-person", why);
    }

    pub(super) fn state(&self) -> State {
        let has = |wanted| self.list.iter().any(|point| point.state == wanted);
        if has(PointState::Failed) {
            State::Failed
        } else if has(PointState::Unknown) || self.list.is_empty() {
            State::Unknown
        } else if has(PointState::Passed) || has(PointState::Condition) {
            State::Passed
        } else {
            State::NotApplicable
        }
    }

    /// The decisive points in a sentence.
    pub(super) fn reason(&self) -> String {
        let decisive = match self.state() {
            State::Failed => PointState::Failed,
            State::Unknown => PointState::Unknown,
            State::NotApplicable => PointState::NotApplicable,
            State::Passed | State::Overridden { .. } => PointState::Passed,
        };
        let texts: Vec<&str> =
            self.list.iter().filter(|point| point.state == decisive).map(|point| point.text.as_str()).collect();
        match texts.as_slice() {
            [] => self.list.first().map_or_else(|| "nothing is known".to_owned(), |point| point.text.clone()),
            [one] => (*one).to_owned(),
            [first, rest @ ..] if decisive == PointState::Passed => format!("{first}; and {} more", rest.len()),
            many => many.join("; "),
        }
    }

    pub(super) fn needs(&self) -> Vec<Need> {
        let mut needs = Vec::new();
        for need in self.list.iter().flat_map(|point| &point.needs) {
            if !needs.contains(need) {
                needs.push(need.clone());
            }
        }
        needs
    }
}
