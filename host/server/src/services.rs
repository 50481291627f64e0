//! What the host does for people, one story a file: look things up, ask plugins, record, answer.

pub mod activation;
pub mod approvals;
pub mod break_glass;
pub mod call;
pub mod clear;
pub mod clearances;
pub mod lookups;
pub mod pack;
pub mod plan;
pub mod plugins;
pub mod publish;
pub mod record;
mod refusal;
pub mod replay;
pub mod shadow;
pub mod sites;
pub mod tokens;

use serde::Serialize;

pub use self::refusal::Refusal;

use crate::clock::DeterminationId;
use crate::host::InstallError;
use crate::input::BadInput;
use crate::session::AskError;
use crate::store::StoreError;

/// Why the host did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The request cannot be used: where, and what is expected.
    #[error("{0}")]
    BadRequest(BadInput),
    /// Something named in the request does not exist.
    #[error("{what} `{name}` is not known; there are {known}")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// Its name, unless what was given is no name.
        name: String,
        /// What there is.
        known: String,
        /// Where in the request it is named. Empty when the address names it.
        pointer: &'static str,
    },
    /// A plugin did not answer.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// A plugin answered that it has no answer. That is recorded like any answer.
    #[error("plugin `{plugin}` has no answer: {message}")]
    NoAnswer {
        /// The plugin.
        plugin: String,
        /// The variant of the contract's error.
        code: String,
        /// The plugin's words.
        message: String,
        /// Where it is recorded.
        id: DeterminationId,
    },
    /// A plugin has nothing on what was looked up.
    #[error("plugin `{plugin}`: {message}")]
    Nothing {
        /// The plugin.
        plugin: String,
        /// Its words.
        message: String,
    },
    /// A plugin was not loaded.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The rules of a plugin's life forbid it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Whoever asks may not have it.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The host itself failed.
    #[error("the host failed")]
    Internal(#[source] anyhow::Error),
}

impl From<BadInput> for ServiceError {
    fn from(bad: BadInput) -> Self {
        Self::BadRequest(bad)
    }
}

impl ServiceError {
    /// The request cannot be used.
    pub fn bad(pointer: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::BadRequest(BadInput { pointer: pointer.into(), place: None, reason: reason.into() })
    }

    /// Something of this kind and name does not exist.
    pub fn unknown(what: &'static str, name: &str, known: &[String], pointer: &'static str) -> Self {
        let name = if crate::authoring::manifest::is_name(name) { name } else { "?" }.to_owned();
        let known: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Self::Unknown { what, name, known, pointer }
    }
}

/// A plugin that took part in a determination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PluginRef {
    /// Its name.
    pub name: String,
    /// The digest of its bytes.
    pub digest: String,
}
