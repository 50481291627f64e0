//! What is checked of a plugin before it is kept, step by step. The record of it is kept with the plugin.

use std::collections::BTreeMap;

use paratope_domain::Day;
use paratope_runtime::{CallError, Kind, Plugin};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::authoring::Manifest;
use crate::authoring::cases::Case;
use crate::function::{Answer, AsOf, Request};

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not hold, and the rules of this store do not ask for it.
    NotAsked,
    /// It does not hold.
    Failed,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// What was checked.
    pub step: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen.
    pub seen: String,
}

/// Everything that was checked, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Verification {
    /// The steps.
    pub steps: Vec<Step>,
}

impl Verification {
    /// Notes a step.
    pub fn note(&mut self, step: &str, outcome: Outcome, seen: impl Into<String>) {
        self.steps.push(Step { step: step.to_owned(), outcome, seen: seen.into() });
    }

    /// The first step that failed.
    pub fn failed(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.outcome == Outcome::Failed)
    }

    /// The first of these steps that does not hold, and that the rules did not ask for then.
    pub fn lacking(&self, steps: &[&str]) -> Option<&Step> {
        self.steps.iter().find(|one| one.outcome == Outcome::NotAsked && steps.contains(&one.step.as_str()))
    }
}

/// Checks a plugin that has loaded: that says what it imports and exports, answers its cases as they ask, and answers the
/// same every time within its limits. `evidence`: the rules ask for sources and cases.
pub fn verify(
    manifest: &Manifest,
    files: &BTreeMap<String, String>,
    plugin: &Plugin,
    today: Day,
    evidence: bool,
) -> Verification {
    let mut verification = Verification::default();
    let inspection = plugin.inspection();
    let none = |list: &[String]| if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
    verification.note("imports", Outcome::Passed, format!("types only: {}", none(&inspection.imports)));
    verification.note("exports", Outcome::Passed, format!("{} as {}", none(&inspection.exports), plugin.track()));
    verification.note("trial-start", Outcome::Passed, format!("{} bytes, compiled and started", plugin.size()));
    let is_kind = plugin.kind() == manifest.kind;
    let outcome = if is_kind { Outcome::Passed } else { Outcome::Failed };
    verification.note("kind", outcome, format!("a {} plugin; its manifest says {}", plugin.kind(), manifest.kind));
    let missing = if evidence { Outcome::Failed } else { Outcome::NotAsked };
    match manifest.sources.len() {
        0 => verification.note("sources", missing, "its manifest names no source"),
        count => verification.note("sources", Outcome::Passed, format!("{count} named")),
    }
    if is_kind {
        cases(&mut verification, files, plugin, today, missing);
    }
    verification
}

fn cases(
    verification: &mut Verification,
    files: &BTreeMap<String, String>,
    plugin: &Plugin,
    today: Day,
    missing: Outcome,
) {
    let (mut asked, mut wrong, mut limit, mut unlike) = (0_usize, Vec::new(), None, None);
    let mut twice = |name: &str, request: &Request| {
        let [first, second] = [(), ()].map(|()| request.call(plugin));
        if let Some(Err(error)) = &first {
            limit.get_or_insert_with(|| format!("{name}: {error}"));
        }
        if !alike(first.as_ref(), second.as_ref()) {
            unlike.get_or_insert_with(|| name.to_owned());
        }
    };
    for (path, text) in files.iter().filter(|(path, _)| path.starts_with("cases/")) {
        asked += 1;
        match Case::parse(path, text) {
            Ok(case) => {
                if let Err(difference) = case.run(plugin) {
                    wrong.push(format!(
                        "{path}: `{}`: expected {}, found {}",
                        difference.path, difference.expected, difference.found
                    ));
                }
                if let Some(request) = case.request() {
                    twice(path, request);
                }
            }
            Err(diagnostic) => wrong.push(format!("{path}: {}", diagnostic.message)),
        }
    }
    let general = match plugin.kind() {
        Kind::Product => Request::Monograph(AsOf { as_of: today }),
        Kind::Payer => Request::Profile(AsOf { as_of: today }),
    };
    if asked == 0 {
        twice(general.function().name(), &general);
        verification.note("cases", missing, "it carries none: nothing shows that it answers as its sources say");
    } else if let Some(first) = wrong.first() {
        verification.note("cases", Outcome::Failed, format!("{} of {asked} fail; {first}", wrong.len()));
    } else {
        verification.note("cases", Outcome::Passed, format!("{asked} pass"));
    }
    match unlike {
        Some(name) => verification.note("determinism", Outcome::Failed, format!("{name}: two runs differ")),
        None => verification.note("determinism", Outcome::Passed, "two runs of each agree, byte for byte"),
    }
    match limit {
        Some(seen) => verification.note("limits", missing, seen),
        None => verification.note("limits", Outcome::Passed, "every call ended within its limits"),
    }
}

/// Whether two runs came to the same end.
fn alike(first: Option<&Result<Answer, CallError>>, second: Option<&Result<Answer, CallError>>) -> bool {
    match (first, second) {
        (Some(Ok(first)), Some(Ok(second))) => first == second,
        (Some(Err(first)), Some(Err(second))) => first.to_string() == second.to_string(),
        (None, None) => true,
        _ => false,
    }
}
