//! Replay: runs a recorded determination again and compares byte for byte.
//!
//! Two questions are asked. Do the plugins, with the very bytes of then, answer each call as they did? And does the
//! host, from the answers of then, come to the same answer?

use paratope_runtime::Plugin;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ServiceError, call, clearances, plan};
use crate::clock::DeterminationId;
use crate::function::Answer;
use crate::host::Host;
use crate::session::Session;
use crate::store::{Call, Determination, DeterminationKind};

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Replay {
    /// The determination.
    #[schemars(with = "String")]
    pub id: DeterminationId,
    /// What it is.
    pub kind: DeterminationKind,
    /// Nothing differs.
    pub same: bool,
    /// Calls run again.
    pub calls: usize,
    /// What differs. It names places, not contents.
    pub differences: Vec<Difference>,
}

/// Something that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Difference {
    /// Where: `record`, `calls/3` or `answer`, and the first place in it that differs.
    pub place: String,
    /// What.
    pub what: String,
}

impl Host {
    /// Runs one determination again.
    pub async fn replay(&self, id: DeterminationId) -> Result<Replay, ServiceError> {
        let recorded = self.readable(id).await?;
        let mut again = Vec::with_capacity(recorded.calls.len());
        for call in &recorded.calls {
            again.push(match call.answer {
                Answer::Skipped(_) => None,
                _ => Some(self.call_again(call).await.map_err(|error| error.to_string())),
            });
        }
        Ok(compared(&recorded, again))
    }

    /// The determination with this id.
    pub async fn recorded(&self, id: DeterminationId) -> Result<Determination, ServiceError> {
        let found = self.store().determination(id).await?;
        found.ok_or_else(|| ServiceError::Unknown {
            what: "determination",
            name: id.to_string(),
            known: "only those this store recorded".to_owned(),
            pointer: "",
        })
    }

    /// The determination with this id, if the caller may read it: a clearance of their sites, or what they asked for.
    pub async fn readable(&self, id: DeterminationId) -> Result<Determination, ServiceError> {
        let found = self.recorded(id).await?;
        let is_own = found.kind != DeterminationKind::Clearance && found.by.as_deref() == Some(self.actor());
        if self.caller().sites().is_none() || is_own {
            return Ok(found);
        }
        let asked: Value =
            serde_json::from_str(found.request.get()).map_err(|error| ServiceError::Internal(error.into()))?;
        match asked.pointer("/site/id").and_then(Value::as_str) {
            Some(site) if self.caller().is_at(site) => Ok(found),
            _ => Err(ServiceError::Forbidden("your role is for other sites")),
        }
    }

    /// Calls the very bytes of then.
    async fn call_again(&self, call: &Call) -> Result<Answer, ServiceError> {
        let plugin = self.of_digest(&call.digest).await?.ok_or_else(|| ServiceError::Unknown {
            what: "plugin",
            name: call.digest.clone(),
            known: "others in the store".to_owned(),
            pointer: "",
        })?;
        let call = call.clone();
        self.again(move || answer_again(&plugin, &call)).await.map_err(ServiceError::Internal)?
    }
}

/// Asks a plugin what it was asked then.
pub(super) fn answer_again(plugin: &Plugin, call: &Call) -> Result<Answer, ServiceError> {
    let value: Value =
        serde_json::from_str(call.request.get()).map_err(|error| ServiceError::Internal(error.into()))?;
    let request = call.function.read(value)?;
    Ok(match request.call(plugin) {
        Some(Ok(answer)) => answer,
        Some(Err(error)) => Answer::Failed(error.to_string()),
        None => Answer::Failed("the plugin has no such function".to_owned()),
    })
}

/// Compares a record with the answers of today, one for each call that was made, and with the story told again from it.
pub(super) fn compared(recorded: &Determination, again: Vec<Option<Result<Answer, String>>>) -> Replay {
    let mut differences = Vec::new();
    if !recorded.intact {
        differences.push(difference("record", "its hash is not the hash of what it says: it was changed"));
    }
    for (at, (call, answer)) in recorded.calls.iter().zip(again).enumerate() {
        let place = format!("calls/{at}");
        match answer {
            None => {}
            Some(Ok(answer)) => {
                differences.extend(compare(&place, call.answer.text(), answer.text(), call.answer == answer))
            }
            Some(Err(error)) => differences.push(difference(&place, &error)),
        }
    }
    let mut session = Session::of_record(recorded.calls.clone());
    match retold(recorded, &mut session) {
        Ok(answer) => {
            differences.extend(compare("answer", recorded.answer.get(), &answer, recorded.answer.get() == answer));
            if session.left_over() > 0 {
                differences.push(difference("answer", "it rests on fewer calls than were recorded"));
            }
        }
        Err(error) => differences.push(difference("answer", &error.to_string())),
    }
    let (id, kind, calls) = (recorded.id, recorded.kind, recorded.calls.len());
    Replay { id, kind, same: differences.is_empty(), calls, differences }
}

/// Tells the determination again from its record.
fn retold(recorded: &Determination, session: &mut Session) -> Result<String, ServiceError> {
    fn tell<'a, Q: Deserialize<'a>, A: Serialize>(
        request: &'a str,
        session: &mut Session,
        story: impl FnOnce(&mut Session, &Q) -> Result<A, ServiceError>,
    ) -> Result<String, ServiceError> {
        let asked = serde_json::from_str(request).map_err(|error| ServiceError::Internal(error.into()))?;
        let answer = story(session, &asked)?;
        serde_json::to_string(&answer).map_err(|error| ServiceError::Internal(error.into()))
    }
    match recorded.kind {
        DeterminationKind::Clearance => tell(recorded.request.get(), session, clearances::ask),
        DeterminationKind::Plan => tell(recorded.request.get(), session, plan::ask),
        DeterminationKind::Call => tell(recorded.request.get(), session, call::ask),
    }
}

fn compare(place: &str, then: &str, now: &str, same: bool) -> Option<Difference> {
    if same {
        return None;
    }
    let parsed = (serde_json::from_str::<Value>(then), serde_json::from_str::<Value>(now));
    let within = match parsed {
        (Ok(then), Ok(now)) => first_difference(&then, &now).unwrap_or_default(),
        _ => String::new(),
    };
    Some(difference(&format!("{place}{within}"), "it is not what was recorded"))
}

/// The first place where two values differ, as a JSON pointer.
fn first_difference(then: &Value, now: &Value) -> Option<String> {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            let keys = then.keys().chain(now.keys().filter(|key| !then.contains_key(*key)));
            keys.into_iter().find_map(|key| match (then.get(key), now.get(key)) {
                (Some(then), Some(now)) => first_difference(then, now).map(|inner| format!("/{key}{inner}")),
                _ => Some(format!("/{key}")),
            })
        }
        (Value::Array(then), Value::Array(now)) => {
            let pairs = then.iter().zip(now).enumerate();
            let within = pairs
                .into_iter()
                .find_map(|(at, (then, now))| first_difference(then, now).map(|inner| format!("/{at}{inner}")));
            within.or_else(|| (then.len() != now.len()).then(|| format!("/{}", then.len().min(now.len()))))
        }
        _ => (then != now).then(String::new),
    }
}

fn difference(place: &str, what: &str) -> Difference {
    Difference { place: place.to_owned(), what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_is_told_by_its_place() {
        let then = json!({ "a": [1, { "b": 2 }], "c": 3 });
        assert_eq!(first_difference(&then, &then), None);
        assert_eq!(first_difference(&then, &json!({ "a": [1, { "b": 4 }], "c": 3 })).unwrap(), "/a/1/b");
        assert_eq!(first_difference(&then, &json!({ "a": [1], "c": 3 })).unwrap(), "/a/1");
        assert_eq!(first_difference(&then, &json!({ "a": [1, { "b": 2 }] })).unwrap(), "/c");
    }
}
