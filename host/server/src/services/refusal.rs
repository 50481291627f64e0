//! What the rules of a plugin's life forbid.

use crate::lifecycle::Step;

/// Why a step in a plugin's life was not taken. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A check failed.
    #[error("`{name}` {version} was not published: {}: {}", step.step, step.seen)]
    Verification {
        /// The plugin.
        name: String,
        /// The version.
        version: String,
        /// The check.
        step: Step,
    },
    /// The version is other bytes already.
    #[error("version {version} of `{name}` is {taken}, for ever; other bytes are another version")]
    Taken {
        /// The plugin.
        name: String,
        /// The version.
        version: String,
        /// The digest of its bytes.
        taken: String,
    },
    /// One person may not let a plugin answer.
    #[error(
        "here one person publishes and proposes, and another confirms: `paratope plugin publish`, then \
         `paratope plugin propose`, then `paratope plugin confirm` by someone else"
    )]
    FourEyes,
    /// Whoever proposes does not confirm.
    #[error("{by} proposed it, so another person confirms it")]
    SamePerson {
        /// Who proposed it.
        by: String,
    },
    /// Whoever had a hand in it does not decide on it as well.
    #[error("{by} {did} it, so another person does this")]
    NotAnother {
        /// Who.
        by: String,
        /// What they did.
        did: &'static str,
    },
    /// It does not wait for a decision.
    #[error("the proposal is {state}: it does not wait for a decision")]
    Decided {
        /// Where it stands.
        state: String,
    },
    /// It may not answer.
    #[error("this version of `{name}` may not answer: {why}")]
    Forbidden {
        /// The plugin.
        name: String,
        /// Why.
        why: String,
    },
    /// It is older than what answers.
    #[error("{version} is before {active}, which answers: `paratope plugin rollback {name}` goes back, and says so")]
    Older {
        /// The plugin.
        name: String,
        /// What is proposed.
        version: String,
        /// What answers.
        active: String,
    },
    /// There is nothing to go back to.
    #[error("`{name}` was not rolled back: {why}")]
    NothingBefore {
        /// The plugin.
        name: String,
        /// Why.
        why: String,
    },
    /// It is so already.
    #[error("{0}")]
    Already(String),
}

impl Refusal {
    /// Its name in problems.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Verification { .. } => "verification",
            Self::Taken { .. } => "version-taken",
            Self::FourEyes => "four-eyes",
            Self::SamePerson { .. } | Self::NotAnother { .. } => "same-person",
            Self::Decided { .. } => "decided",
            Self::Forbidden { .. } => "forbidden-version",
            Self::Older { .. } => "older",
            Self::NothingBefore { .. } => "nothing-before",
            Self::Already(_) => "already",
        }
    }
}
