//! The checked model: what `compile` makes of the documents and every answer reads.

use paratope_sdk::criteria::{Asked, Check, Rule};
use paratope_sdk::document::Dated;
use paratope_sdk::facts::Facts;
use paratope_sdk::number::{Day, Exact};
use paratope_sdk::payer::{self, Error, MissingEffect, Operator, SubjectKind};
use paratope_sdk::words::{Ask, Citation, FindingStatus, Need, Statement};

use crate::document::{Excess, Failure, Missing, OpenEffect, Stage};

/// One payer and all its policies: a payer plugin as a library.
#[derive(Debug, Clone)]
pub struct Policies {
    /// The payer's id.
    pub payer: String,
    /// The payer's name.
    pub name: String,
    /// Who runs the plugin.
    pub operator: Operator,
    /// Lines of business with a policy.
    pub lines_of_business: Vec<String>,
    /// What is not known about the payer as a whole.
    pub gaps: Vec<Ask>,
    /// Every edition of every policy.
    pub editions: Vec<Dated<Policy>>,
    pub(crate) clocks: Vec<ClockRule>,
    pub(crate) channels: Vec<Conditional<payer::Channel>>,
    pub(crate) submission: Vec<Conditional<Statement>>,
}

/// One edition of one policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How answers name it.
    pub record: payer::Policy,
    pub(crate) required: bool,
    pub(crate) dated: Option<Ask>,
    pub(crate) members: Vec<payer::TierProduct>,
    pub(crate) applicability: Vec<Rule>,
    pub(crate) contact: Option<Statement>,
    pub(crate) evidence: Option<Evidence>,
    pub(crate) criteria: Vec<Rule>,
    pub(crate) initial: Vec<Rule>,
    pub(crate) renewal: Vec<Rule>,
    pub(crate) redirects: Vec<(String, Statement)>,
    pub(crate) limits: Vec<LimitRule>,
    pub(crate) durations: Vec<Conditional<payer::Duration>>,
    pub(crate) documents: Vec<DocumentRule>,
    pub(crate) channels: Vec<Conditional<payer::Channel>>,
    pub(crate) submission: Vec<Conditional<Statement>>,
    pub(crate) clocks: Vec<ClockRule>,
    pub(crate) linked: Vec<Conditional<payer::LinkedDrug>>,
    pub(crate) open: Vec<OpenPoint>,
    pub(crate) preference: Option<Preference>,
    pub(crate) billing: Option<Billing>,
}

/// Something that holds only where a test does.
#[derive(Debug, Clone)]
pub(crate) struct Conditional<T> {
    pub when: Option<Check>,
    pub item: T,
}

impl<T> Conditional<T> {
    /// Whether it holds, and what would decide that. Met where there is no condition.
    pub fn applies(&self, facts: &Facts<'_>, asked: &Asked) -> (FindingStatus, Vec<Need>) {
        applies(self.when.as_ref(), facts, asked)
    }
}

/// Whether a condition holds, and what would decide that. Met where there is none.
pub(crate) fn applies(when: Option<&Check>, facts: &Facts<'_>, asked: &Asked) -> (FindingStatus, Vec<Need>) {
    when.map_or((FindingStatus::Met, Vec::new()), |check| check.status(facts, asked))
}

/// Which evidence supports a use.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub text: String,
    pub labelled: bool,
    pub accepted: Vec<String>,
    pub disputed: Vec<String>,
    pub refused: Vec<String>,
    pub other_compendia: bool,
    pub veto: bool,
    pub citations: Vec<Citation>,
}

/// A quantity limit.
#[derive(Debug, Clone)]
pub(crate) struct LimitRule {
    pub id: String,
    pub text: String,
    pub measure: payer::Measure,
    pub counts: Option<String>,
    pub amount: Exact,
    pub window: payer::Window,
    pub includes_waste: Option<bool>,
    pub phases: Vec<String>,
    pub from_cycle: Option<u32>,
    pub to_cycle: Option<u32>,
    pub excess: Excess,
    pub when: Option<Check>,
    pub citations: Vec<Citation>,
}

/// A document to send.
#[derive(Debug, Clone)]
pub(crate) struct DocumentRule {
    pub id: String,
    pub text: String,
    pub missing: Missing,
    pub when: Option<Check>,
    pub citations: Vec<Citation>,
}

impl From<Missing> for MissingEffect {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Pend => Self::Pend,
            Missing::Deny => Self::Deny,
            Missing::Unknown => Self::Unknown,
        }
    }
}

impl From<Stage> for payer::Stage {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Initial => Self::Initial,
            Stage::Renewal => Self::Renewal,
        }
    }
}

/// A decision clock.
#[derive(Debug, Clone)]
pub(crate) struct ClockRule {
    pub clock: payer::Clock,
    pub first: Option<Day>,
    pub lines_of_business: Vec<String>,
    pub when: Option<Check>,
}

/// Something the text that was read does not say.
#[derive(Debug, Clone)]
pub(crate) struct OpenPoint {
    pub topic: String,
    pub text: String,
    pub effect: OpenEffect,
    pub kind: String,
    pub stage: Option<payer::Stage>,
    pub when: Option<Check>,
    pub settled_by: Option<Check>,
}

impl OpenPoint {
    /// The point as a question.
    pub fn ask(&self) -> Ask {
        Ask { topic: self.topic.clone(), reason: self.text.clone(), needs: Vec::new() }
    }
}

/// Which product comes first.
#[derive(Debug, Clone)]
pub(crate) struct Preference {
    pub text: String,
    pub applies: Vec<Rule>,
    pub tiers: Vec<payer::Tier>,
    pub exceptions: Vec<Rule>,
    pub steps: Vec<Step>,
    pub continuing: Option<Continuing>,
    pub transitions: Vec<Transition>,
    pub open: Vec<Conditional<Ask>>,
    pub notify: Statement,
    pub duties: Vec<Conditional<Statement>>,
    pub citations: Vec<Citation>,
}

/// Failure of preferred products.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub id: String,
    pub text: String,
    pub count: Option<usize>,
    pub count_not_stated: bool,
    pub accepts: Vec<Failure>,
    pub lookback_days: Option<u32>,
    pub when: Option<Check>,
    pub citations: Vec<Citation>,
}

/// Treatment that may go on.
#[derive(Debug, Clone)]
pub(crate) struct Continuing {
    pub id: String,
    pub text: String,
    pub lookback_days: u32,
    pub proofs: Vec<String>,
    pub citations: Vec<Citation>,
}

/// A running approval that carries other products.
#[derive(Debug, Clone)]
pub(crate) struct Transition {
    pub id: String,
    pub text: String,
    pub approval: String,
    pub carries: Vec<String>,
    pub citations: Vec<Citation>,
}

/// How a dose is billed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Billing {
    pub codes: Vec<Code>,
    pub discarded: Option<Discarded>,
    pub administration: Vec<Administration>,
    pub modifiers: Vec<Modifier>,
    pub revenue: Vec<Revenue>,
    pub edits: Vec<Rule>,
    pub ndc: Option<Vec<Citation>>,
    pub ndc_unit: Option<String>,
    pub white_bag: Option<Vec<Citation>>,
    pub payment: Vec<Conditional<Statement>>,
    pub open: Vec<Conditional<Ask>>,
}

/// The code of a product.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub product: String,
    pub code: String,
    pub settings: Vec<String>,
    pub first: Option<Day>,
    pub last: Option<Day>,
    pub seen: Option<Day>,
    pub narrative: Option<String>,
    pub ask: Option<String>,
    pub citations: Vec<Citation>,
}

/// The discarded-amount modifiers.
#[derive(Debug, Clone)]
pub(crate) struct Discarded {
    pub jw_from: Day,
    pub jz_from: Day,
    pub not_in: Vec<String>,
    pub citations: Vec<Citation>,
}

/// The code for giving a dose.
#[derive(Debug, Clone)]
pub(crate) struct Administration {
    pub route: String,
    pub products: Vec<String>,
    pub code: String,
    pub further_hour: Option<String>,
    pub text: String,
    pub ask: Option<String>,
    pub citations: Vec<Citation>,
}

/// A modifier of the drug lines.
#[derive(Debug, Clone)]
pub(crate) struct Modifier {
    pub modifier: Option<String>,
    pub when: Check,
    pub settings: Vec<String>,
    pub first: Option<Day>,
    pub last: Option<Day>,
    pub ask: Option<String>,
    pub citations: Vec<Citation>,
}

/// The revenue code of the drug lines.
#[derive(Debug, Clone)]
pub(crate) struct Revenue {
    pub code: String,
    pub settings: Vec<String>,
    pub citations: Vec<Citation>,
}

impl Policies {
    /// The policy about `product` in force for `line_of_business` on `day`: its own, else its class's, else that of
    /// every product.
    ///
    /// # Errors
    /// `no-policy`, which is not a denial.
    pub fn about(&self, product: &str, line_of_business: &str, day: Day) -> Result<&Policy, Error> {
        self.select(product, line_of_business, day, |policy| match policy.record.subject_kind {
            SubjectKind::Product if policy.record.subject == product => Some(0),
            SubjectKind::Class if policy.members.iter().any(|member| member.product == product) => Some(1),
            SubjectKind::Product if policy.record.subject == "*" => Some(2),
            _ => None,
        })
    }

    /// The policy about a class of products in force for `line_of_business` on `day`.
    ///
    /// # Errors
    /// `no-policy`, which is not a denial.
    pub fn about_class(&self, class: &str, line_of_business: &str, day: Day) -> Result<&Policy, Error> {
        self.select(class, line_of_business, day, |policy| match policy.record.subject_kind {
            SubjectKind::Class if policy.record.subject == class => Some(0),
            SubjectKind::Class if policy.record.subject == "*" => Some(1),
            _ => None,
        })
    }

    fn select(
        &self,
        subject: &str,
        line_of_business: &str,
        day: Day,
        rank: impl Fn(&Policy) -> Option<u8>,
    ) -> Result<&Policy, Error> {
        let of_line = |policy: &Policy| policy.record.lines_of_business.iter().any(|line| line == line_of_business);
        let about = |edition: &&Dated<Policy>| rank(&edition.content).is_some();
        let found = self
            .editions
            .iter()
            .filter(|edition| edition.governs(day) && of_line(&edition.content))
            .filter_map(|edition| Some((rank(&edition.content)?, &edition.content)))
            .min_by_key(|(rank, _)| *rank);
        if let Some((_, policy)) = found {
            return Ok(policy);
        }
        let mut why = format!("{} has no policy for `{subject}` in `{line_of_business}` on {day}", self.name);
        let lines: Vec<&str> = self
            .editions
            .iter()
            .filter(about)
            .flat_map(|edition| edition.content.record.lines_of_business.iter().map(String::as_str))
            .collect();
        if lines.is_empty() {
            why.push_str("; none is written down here");
        } else if !lines.contains(&line_of_business) {
            why.push_str(&format!("; one is written down for {}", distinct(&lines).join(", ")));
        } else if let Some(first) = self
            .editions
            .iter()
            .filter(about)
            .filter(|edition| of_line(&edition.content))
            .map(|edition| edition.first)
            .min()
            .filter(|first| day < *first)
        {
            why.push_str(&format!("; the first edition written down here begins on {first}"));
        }
        Err(Error::NoPolicy(why))
    }
}

fn distinct<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let set: std::collections::BTreeSet<&str> = words.iter().copied().collect();
    set.into_iter().collect()
}
