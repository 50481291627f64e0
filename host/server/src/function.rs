//! The functions of the contracts by name, with JSON in and JSON out. Cases, `paratope call` and replay speak this
//! way; services that know what they ask use [`crate::session`].

use std::fmt;
use std::str::FromStr;

use paratope_domain::Day;
use paratope_domain::payer::{AssessRequest, BillingRequest, PreferRequest};
use paratope_domain::product::{ManageRequest, NextDoseRequest, PlanRequest, RequirementsRequest};
use paratope_runtime::{CallError, Kind, Plugin, Reply};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::input::{self, BadInput};

/// A function of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// What a label says that does not depend on a patient.
    Monograph,
    /// A course, dose by dose.
    Plan,
    /// The next dose.
    NextDose,
    /// What to do about a toxicity.
    Manage,
    /// What must be true before a dose.
    Requirements,
    /// Who the payer is.
    Profile,
    /// A request, judged.
    Assess,
    /// The order of preference in a class.
    Prefer,
    /// How a dose is billed.
    Billing,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 9] = [
        Self::Monograph,
        Self::Plan,
        Self::NextDose,
        Self::Manage,
        Self::Requirements,
        Self::Profile,
        Self::Assess,
        Self::Prefer,
        Self::Billing,
    ];

    /// Its name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Monograph => "monograph",
            Self::Plan => "plan",
            Self::NextDose => "next-dose",
            Self::Manage => "manage",
            Self::Requirements => "requirements",
            Self::Profile => "profile",
            Self::Assess => "assess",
            Self::Prefer => "prefer",
            Self::Billing => "billing",
        }
    }

    /// Which plugins have it.
    pub fn kind(self) -> Kind {
        match self {
            Self::Monograph | Self::Plan | Self::NextDose | Self::Manage | Self::Requirements => Kind::Product,
            Self::Profile | Self::Assess | Self::Prefer | Self::Billing => Kind::Payer,
        }
    }

    /// The names of the functions that plugins of `kind` have.
    pub fn names(kind: Kind) -> String {
        let names: Vec<_> = Self::ALL.into_iter().filter(|one| one.kind() == kind).map(Self::name).collect();
        names.join(", ")
    }

    /// Reads a request for this function.
    pub fn read(self, request: Value) -> Result<Request, BadInput> {
        Ok(match self {
            Self::Monograph => Request::Monograph(input::from_value(request)?),
            Self::Plan => Request::Plan(input::from_value(request)?),
            Self::NextDose => Request::NextDose(input::from_value(request)?),
            Self::Manage => Request::Manage(input::from_value(request)?),
            Self::Requirements => Request::Requirements(input::from_value(request)?),
            Self::Profile => Request::Profile(input::from_value(request)?),
            Self::Assess => Request::Assess(input::from_value(request)?),
            Self::Prefer => Request::Prefer(input::from_value(request)?),
            Self::Billing => Request::Billing(input::from_value(request)?),
        })
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No function has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no contract has this function; a product has {}, a payer {}",
    Function::names(Kind::Product),
    Function::names(Kind::Payer)
)]
pub struct UnknownFunction;

impl FromStr for Function {
    type Err = UnknownFunction;

    fn from_str(name: &str) -> Result<Self, UnknownFunction> {
        Self::ALL.into_iter().find(|function| function.name() == name).ok_or(UnknownFunction)
    }
}

/// The request of a function that only asks for a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AsOf {
    /// The day rules are read for.
    pub as_of: Day,
}

/// A function with its request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Request {
    /// Of `monograph`.
    Monograph(AsOf),
    /// Of `plan`.
    Plan(PlanRequest),
    /// Of `next-dose`.
    NextDose(NextDoseRequest),
    /// Of `manage`.
    Manage(ManageRequest),
    /// Of `requirements`.
    Requirements(RequirementsRequest),
    /// Of `profile`.
    Profile(AsOf),
    /// Of `assess`.
    Assess(AssessRequest),
    /// Of `prefer`.
    Prefer(PreferRequest),
    /// Of `billing`.
    Billing(BillingRequest),
}

impl Request {
    /// The function it is for.
    pub fn function(&self) -> Function {
        match self {
            Self::Monograph(_) => Function::Monograph,
            Self::Plan(_) => Function::Plan,
            Self::NextDose(_) => Function::NextDose,
            Self::Manage(_) => Function::Manage,
            Self::Requirements(_) => Function::Requirements,
            Self::Profile(_) => Function::Profile,
            Self::Assess(_) => Function::Assess,
            Self::Prefer(_) => Function::Prefer,
            Self::Billing(_) => Function::Billing,
        }
    }

    /// Calls the function. `None` when the plugin is of the other kind.
    pub fn call(&self, plugin: &Plugin) -> Option<Result<Answer, CallError>> {
        let product = || plugin.product();
        let payer = || plugin.payer();
        Some(match self {
            Self::Monograph(asked) => Answer::of(product()?.monograph(asked.as_of)),
            Self::Plan(request) => Answer::of(product()?.plan(request)),
            Self::NextDose(request) => Answer::of(product()?.next_dose(request)),
            Self::Manage(request) => Answer::of(product()?.manage(request)),
            Self::Requirements(request) => Answer::of(product()?.requirements(request)),
            Self::Profile(asked) => Answer::of(payer()?.profile(asked.as_of)),
            Self::Assess(request) => Answer::of(payer()?.assess(request)),
            Self::Prefer(request) => Answer::of(payer()?.prefer(request)),
            Self::Billing(request) => Answer::of(payer()?.billing(request)),
        })
    }
}

/// What a plugin answered, as JSON. The same answer is always the same text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It answered.
    Ok(Box<RawValue>),
    /// It said why it has no answer.
    Error(Box<RawValue>),
    /// It did not come to an answer, in the sandbox's words.
    Failed(String),
    /// It was not called again after it had used up a limit.
    Skipped(String),
}

impl Answer {
    /// The answer of a reply.
    pub fn of<T: Serialize, E: Serialize>(reply: Result<Reply<T, E>, CallError>) -> Result<Self, CallError> {
        let reply = reply?;
        Ok(match &reply.answer {
            Ok(answer) => Self::Ok(raw(answer)?),
            Err(error) => Self::Error(raw(error)?),
        })
    }

    /// The answer to a request that cannot be read. The host gives it in the plugin's place.
    pub fn refused(reason: &str) -> Result<Self, CallError> {
        Ok(Self::Error(raw(&paratope_domain::ProductError::BadRequest(reason.to_owned()))?))
    }

    /// The JSON of the answer or of the error.
    pub fn text(&self) -> &str {
        match self {
            Self::Ok(json) | Self::Error(json) => json.get(),
            Self::Failed(reason) | Self::Skipped(reason) => reason,
        }
    }
}

impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.text() == other.text()
    }
}

impl Eq for Answer {}

/// The edition that an answer, as JSON, says it rests on.
pub fn edition_of(answer: &Value) -> Option<&Value> {
    answer.pointer("/policy/edition").or_else(|| answer.get("edition"))
}

/// The JSON text of a value of the contract.
pub fn raw<T: Serialize>(value: &T) -> Result<Box<RawValue>, CallError> {
    serde_json::value::to_raw_value(value)
        .map_err(|_| CallError::Sandbox { reason: "the answer cannot be written as JSON".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_found_by_its_name() {
        for function in Function::ALL {
            assert_eq!(function.name().parse(), Ok(function));
            assert_eq!(serde_json::to_string(&function).unwrap(), format!("\"{function}\""));
        }
        assert!("Plan".parse::<Function>().is_err());
    }

    #[test]
    fn a_request_mirrors_the_contract() {
        let request = serde_json::json!({ "as-of": "2026-11-23" });
        let read = Function::Monograph.read(request.clone()).unwrap();
        assert_eq!(read.function(), Function::Monograph);
        assert_eq!(serde_json::to_value(&read).unwrap(), request);
        assert_eq!(Function::Profile.read(serde_json::json!({ "asof": 1 })).unwrap_err().pointer, "/asof");
    }
}
