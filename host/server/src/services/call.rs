//! One call of one plugin, recorded.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::ServiceError;
use super::record::Determined;
use crate::clock::DeterminationId;
use crate::function::{Answer, Function};
use crate::host::Host;
use crate::session::{AskError, Session};
use crate::store::DeterminationKind;

/// What is recorded as the question of a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Input {
    /// The plugin's name.
    pub plugin: String,
    /// The function.
    pub function: Function,
    /// The request: JSON of the contract.
    pub request: Box<RawValue>,
}

/// Asks. Live and from the record alike.
pub fn ask(session: &mut Session, input: &Input) -> Result<Answer, ServiceError> {
    let value: Value =
        serde_json::from_str(input.request.get()).map_err(|error| ServiceError::Internal(error.into()))?;
    let request = input.function.read(value)?;
    Ok(session.call(&input.plugin, &request)?)
}

impl Host {
    /// Calls `function` of `plugin` and records what it answered.
    pub async fn call(
        &self,
        plugin: &str,
        function: &str,
        request: Value,
    ) -> Result<(Determined, Answer), ServiceError> {
        let installed = self.installed(plugin).ok_or_else(|| self.unknown(plugin))?;
        let function: Function = function.parse().map_err(|_| {
            let names = Function::ALL.into_iter().filter(|one| one.kind() == installed.plugin.kind());
            ServiceError::unknown("function", function, &names.map(|one| one.name().to_owned()).collect::<Vec<_>>(), "")
        })?;
        if function.kind() != installed.plugin.kind() {
            let kind = installed.plugin.kind();
            return Err(AskError::WrongKind { name: plugin.to_owned(), kind, function }.into());
        }
        let request = function.read(request)?;
        let request = crate::function::raw(&request)
            .map_err(|error| ServiceError::Ask(AskError::Failed { name: plugin.to_owned(), error }))?;
        let input = Input { plugin: plugin.to_owned(), function, request };
        self.determine(DeterminationKind::Call, &[plugin], None, input, ask).await
    }
}

/// The answer of a plugin, or its reason for having none as an error.
pub fn answered(plugin: &str, id: DeterminationId, answer: &Answer) -> Result<Box<RawValue>, ServiceError> {
    match answer {
        Answer::Ok(json) => Ok(json.clone()),
        Answer::Error(json) => {
            let error: Value = serde_json::from_str(json.get()).unwrap_or_default();
            let (code, message) = error
                .as_object()
                .and_then(|variants| variants.iter().next())
                .map_or(("other", ""), |(code, message)| (code.as_str(), message.as_str().unwrap_or_default()));
            Err(ServiceError::NoAnswer {
                plugin: plugin.to_owned(),
                code: code.to_owned(),
                message: message.to_owned(),
                id,
            })
        }
        Answer::Failed(reason) | Answer::Skipped(reason) => Err(ServiceError::Internal(anyhow::anyhow!("{reason}"))),
    }
}
