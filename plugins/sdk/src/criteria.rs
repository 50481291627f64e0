//! Declared criteria: rules as data, judged in three-valued logic.
//!
//! A [`Criterion`] is what a document says; [`compile`] checks it and makes a [`Rule`]; [`Rule::judge`] turns facts
//! into findings. A fact that is missing, stale or contradictory makes a rule unknown. Unknown never becomes met and
//! never unmet.

use serde::Deserialize;

use crate::document::{Cite, Date, Examined, Number, Sources, Spanned};
use crate::facts::{self, Facts, Known};
use crate::number::{self, Day, Exact};
use crate::words::{Citation, FactValue, Finding, FindingStatus, Need};

mod judge;
mod test;

pub use judge::{Asked, combine, combine_at_least};
pub use test::{Check, Rule, condition};

/// The kinds a criterion may have; the published list of `finding.kind`.
pub const KINDS: &[&str] = &[
    "all",
    "any",
    "none",
    "at-least",
    "diagnosis",
    "age",
    "prior-lines",
    "class-exposure",
    "prior-treatment-exclusion",
    "disease-measure",
    "performance-status",
    "organ-function",
    "safety-exclusion",
    "required-companion",
    "combination",
    "prescriber",
    "setting",
    "phase-scope",
    "rems",
    "dose-conformity",
    "quantity",
    "duration",
    "reauthorization",
    "evidence-basis",
    "preferred-product",
    "documents",
    "attestation",
    "benefit-channel",
    "applicability",
    "validity",
    "submission",
    "linked-drug",
    "network",
    "billing-edit",
    "laboratory",
    "premedication",
    "prophylaxis",
    "counselling",
    "monitoring",
    "capability",
    "hydration",
    "infection",
    "adverse-reaction",
];

/// One criterion, as a document writes it: either `requires`, or one of `all`, `any`, `none`, `at-least`.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Criterion {
    /// Stable across editions, unique in the document.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub id: Spanned<String>,
    /// A kind of the published list.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub kind: Spanned<String>,
    /// What the rule asks, in words.
    pub text: String,
    /// Where it was read. A part of a group may leave it out and takes the group's.
    pub cite: Option<Cite>,
    /// The criterion applies only where this holds.
    pub when: Option<Test>,
    /// The test on one fact.
    pub requires: Option<Test>,
    /// Every part must hold.
    pub all: Option<Vec<Criterion>>,
    /// One part must hold.
    pub any: Option<Vec<Criterion>>,
    /// No part may hold.
    pub none: Option<Vec<Criterion>>,
    /// So many parts must hold.
    pub at_least: Option<AtLeast>,
}

/// So many of these.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AtLeast {
    /// How many must hold.
    #[cfg_attr(feature = "schema", schemars(with = "u32"))]
    pub count: Spanned<u32>,
    /// Of which.
    pub of: Vec<Criterion>,
}

/// A test on one fact, or on one thing the request says (`request.…`). Exactly one comparison.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Test {
    /// A code of the fact vocabulary, or `request.…`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub fact: Spanned<String>,
    /// Flags: yes or no.
    pub is: Option<bool>,
    /// Numbers: this or more.
    pub at_least: Option<Number>,
    /// Numbers: this or less.
    pub at_most: Option<Number>,
    /// Numbers: more than this.
    pub more_than: Option<Number>,
    /// Numbers: less than this.
    pub less_than: Option<Number>,
    /// Codes: one of these. `C90.0-` stands for every code that begins so.
    pub one_of: Option<Vec<String>>,
    /// Codes: none of these.
    pub not_one_of: Option<Vec<String>>,
    /// Lists: every one of these.
    pub includes_all: Option<Vec<String>>,
    /// Lists: one of these or more.
    pub includes_any: Option<Vec<String>>,
    /// Lists: none of these.
    pub includes_none: Option<Vec<String>>,
    /// Lists: nothing but these.
    pub only: Option<Vec<String>>,
    /// Lists of attestations: this one is made. While nobody has made it, the test is unknown and never unmet.
    pub attests: Option<String>,
    /// Any fact: it is known, whatever it says. Only `true` is accepted.
    pub known: Option<bool>,
    /// Days: this day or later.
    pub on_or_after: Option<Date>,
    /// Days: this day or earlier.
    pub on_or_before: Option<Date>,
    /// Days: at most so many days before the day of service, and not after it.
    pub within_days: Option<u32>,
    /// The fact may be at most so many days old.
    pub fresh_days: Option<u32>,
    /// The source's text does not say whether the boundary itself is in: exactly there, the test is unknown.
    #[serde(default)]
    pub ambiguous_boundary: bool,
}

/// Checks `criteria` and makes rules of them. What is wrong becomes diagnostics.
pub fn compile(criteria: &[Criterion], sources: &Sources, edition: &str, examined: &mut Examined<'_>) -> Vec<Rule> {
    compile_beside(criteria, sources, edition, &mut std::collections::BTreeSet::new(), examined)
}

/// As [`compile`], where the ids in `seen` are taken already; the new ones are added to it.
pub fn compile_beside(
    criteria: &[Criterion],
    sources: &Sources,
    edition: &str,
    seen: &mut std::collections::BTreeSet<String>,
    examined: &mut Examined<'_>,
) -> Vec<Rule> {
    criteria.iter().filter_map(|criterion| test::compile(criterion, &[], sources, edition, seen, examined)).collect()
}
